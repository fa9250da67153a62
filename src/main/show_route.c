/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show ip route: what the kernel's main table holds, in the layout of IOS
 * (classful parents, codes, [distance/metric]).
 */
#include "config.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/router.h"

struct shown {
	uint32_t prefix, nexthop;
	uint8_t len;
	char code;
	bool again; /* one more next hop of the prefix before it */
	unsigned distance;
	char ifname[IFNAME_MAX];
};

struct table {
	struct router *r;
	struct shown *v;
	size_t n, cap;
};

static struct shown *
add_shown(struct table *t, uint32_t prefix, unsigned len, char code)
{
	struct shown *s;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	s = &t->v[t->n++];
	memset(s, 0, sizeof(*s));
	s->prefix = prefix;
	s->len = (uint8_t)len;
	s->code = code;
	return s;
}

/* Who says a route. The last one is ours, or typed with the ip program. */
static const struct source {
	unsigned proto;
	char code;
	unsigned distance;
	const char *name;
} sources[] = {{RTPROT_BGP, 'B', 20, "bgp"}, {RTPROT_OSPF, 'O', 110, "ospf"},
    {RTPROT_RIP, 'R', 120, "rip"}, {RTPROT_EIGRP, 'D', 90, "eigrp"},
    {RTPROT_ISIS, 'i', 115, "isis"}, {0, 'C', 0, "connected"},
    {0, 'L', 0, "connected"}, {RTPROT_STATIC, 'S', 1, "static"}};

static const struct source *
source_of_proto(unsigned proto)
{
	size_t i = 0;

	while (i < NELEM(sources) - 1 &&
	    (sources[i].proto != proto || proto == 0))
		i++;
	return &sources[i];
}

static const struct source *
source_of(const struct shown *s)
{
	size_t i = 0;

	while (i < NELEM(sources) - 1 && sources[i].code != s->code)
		i++;
	return &sources[i];
}

static void
kernel_route(void *arg, uint32_t prefix, unsigned len, uint32_t nexthop,
    const struct port *port, unsigned proto, unsigned prio)
{
	struct table *t = arg;
	struct shown *s;
	const struct source *src = source_of_proto(proto);

	if (proto == RTPROT_KERNEL)
		return; /* connected: from the interfaces below */
	s = add_shown(t, prefix, len, src->code);
	s->nexthop = nexthop;
	s->distance = src->code == 'S' && prio != 0 ? prio : src->distance;
	str_copy(s->ifname, port != NULL ? port->name : "Null0",
	    sizeof(s->ifname));
}

static void
connected(struct table *t, const char *ifname, uint32_t addr, uint32_t mask)
{
	int len = ip4_prefix_of(mask);
	struct shown *s;

	if (addr == 0 || len < 0)
		return;
	s = add_shown(t, addr & mask, (unsigned)len, 'C');
	str_copy(s->ifname, ifname, sizeof(s->ifname));
	if (len == 32)
		return;
	s = add_shown(t, addr, 32, 'L');
	str_copy(s->ifname, ifname, sizeof(s->ifname));
}

static void
collect(struct table *t)
{
	const struct interface *ifc;
	const struct ip_secondary *sec;

	ports_routes(t->r, kernel_route, t);
	CF_FOREACH(ifc, &t->r->running->interfaces) {
		const struct port *p = ports_find(t->r, ifc->name);

		if (p == NULL || !p->up)
			continue;
		connected(t, ifc->name, ifc->addr, ifc->mask);
		CF_FOREACH(sec, &ifc->secondaries)
			connected(t, ifc->name, sec->addr, sec->mask);
	}
}

static unsigned
class_len(uint32_t prefix)
{
	if (prefix == 0)
		return 0;
	return prefix >> 31 == 0 ? 8 : prefix >> 30 == 2 ? 16 : 24;
}

static uint32_t
class_net(const struct shown *s)
{
	return s->prefix & ip4_mask_of(class_len(s->prefix));
}

static int
by_net(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	uint32_t cx = class_net(x), cy = class_net(y);

	if (cx != cy)
		return cx < cy ? -1 : 1;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	if (x->len != y->len)
		return (int)x->len - (int)y->len;
	return x->distance != y->distance ? (int)x->distance - (int)y->distance
					  : (int)x->code - (int)y->code;
}

/* Of the routes to one prefix those with the least distance are in the
 * table. */
static void
keep_best(struct table *t)
{
	size_t i, n = 0;
	const struct shown *best = NULL;

	for (i = 0; i < t->n; i++) {
		struct shown *s = &t->v[i];

		if (best != NULL && s->prefix == best->prefix &&
		    s->len == best->len) {
			if (s->distance > best->distance || s->code == 'L')
				continue;
			s->again = true;
		}
		t->v[n] = *s;
		if (!s->again)
			best = &t->v[n];
		n++;
	}
	t->n = n;
}

/* Routes of one classful network, in order; supernets stand alone. */
static bool
same_net(const struct shown *a, const struct shown *b)
{
	unsigned c = class_len(a->prefix);

	return a->len >= c && b->len >= class_len(b->prefix) && a->len != 0 &&
	    b->len != 0 && class_net(a) == class_net(b);
}

/* "10.0.0.0/8 is variably subnetted, ..." over the n routes of a network.
 * Returns how its rows are printed: PARENT_NONE at the margin, PARENT_BARE
 * without their common mask. */
enum parent { PARENT_NONE, PARENT_MASKS, PARENT_BARE };

static enum parent
print_parent(struct cli_ctx *ctx, const struct shown *v, size_t n)
{
	char net[IP4_STRLEN];
	uint64_t masks = 0;
	unsigned nmasks;
	bool subnets = false;
	size_t i, count = 0;

	for (i = 0; i < n; i++) {
		count += !v[i].again;
		masks |= (uint64_t)1 << v[i].len;
		subnets |= v[i].len > class_len(v[i].prefix);
	}
	if (!subnets)
		return PARENT_NONE;
	nmasks = (unsigned)__builtin_popcountll(masks);
	if (nmasks == 1) {
		cli_printf(ctx, "      %s/%d is subnetted, %zu subnets\n",
		    ip4_str(class_net(v), net), __builtin_ctzll(masks), count);
		return PARENT_BARE;
	}
	cli_printf(ctx,
	    "      %s/%u is variably subnetted, %zu subnets, %u masks\n",
	    ip4_str(class_net(v), net), class_len(v->prefix), count, nmasks);
	return PARENT_MASKS;
}

static void
print_one(struct cli_ctx *ctx, const struct shown *s, enum parent parent)
{
	char net[IP4_STRLEN], hop[IP4_STRLEN], head[48];
	int w;

	w = snprintf(head, sizeof(head), "%c%s", s->code,
	    s->len == 0 ? "*" : "");
	w = snprintf(head + w, sizeof(head) - (size_t)w, "%*s%s",
	    (parent != PARENT_NONE ? 9 : 6) - w, "", ip4_str(s->prefix, net)) +
	    w;
	if (parent != PARENT_BARE)
		w += snprintf(head + w, sizeof(head) - (size_t)w, "/%u",
		    s->len);
	if (s->again)
		cli_printf(ctx, "%*s", w, "");
	else
		cli_printf(ctx, "%s", head);
	if (s->code == 'C' || s->code == 'L' || s->nexthop == 0)
		cli_printf(ctx, " is directly connected, %s\n", s->ifname);
	else
		cli_printf(ctx, " [%u/0] via %s\n", s->distance,
		    ip4_str(s->nexthop, hop));
}

static void
load_table(struct cli_ctx *ctx, struct table *t)
{
	t->r = router_of(ctx);
	collect(t);
	if (t->n != 0)
		qsort(t->v, t->n, sizeof(*t->v), by_net);
	keep_best(t);
}

/* Leaves the routes of these codes only; "": all. */
static void
keep_codes(struct table *t, const char *codes)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		if (codes[0] == '\0' || strchr(codes, t->v[i].code) != NULL)
			t->v[n++] = t->v[i];
	t->n = n;
}

static void
print_gateway(struct cli_ctx *ctx, const struct table *t)
{
	char hop[IP4_STRLEN];
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i].len == 0 && t->v[i].nexthop != 0) {
			cli_printf(ctx, "Gateway of last resort is %s to "
					"network 0.0.0.0\n\n",
			    ip4_str(t->v[i].nexthop, hop));
			return;
		}
	cli_printf(ctx, "Gateway of last resort is not set\n\n");
}

int
show_ip_route(struct cli_ctx *ctx, const struct show_ip_route_args *a)
{
	static const char *const codes[] = {"", "CL", "S", "B", "O", "D", "R",
	    "i"};
	struct table t = {0};
	size_t i, j;
	enum parent parent = PARENT_NONE;

	load_table(ctx, &t);
	cli_printf(ctx,
	    "Codes: L - local, C - connected, S - static, R - RIP, B - BGP\n"
	    "       D - EIGRP, O - OSPF, i - IS-IS, * - candidate default\n\n");
	print_gateway(ctx, &t);
	keep_codes(&t, codes[a->only]);
	for (i = 0; i < t.n; i++) {
		if (i == 0 || !same_net(&t.v[i - 1], &t.v[i])) {
			for (j = i + 1; j < t.n &&
			     same_net(&t.v[i], &t.v[j]); j++)
				;
			parent = print_parent(ctx, &t.v[i], j - i);
		}
		print_one(ctx, &t.v[i], parent);
	}
	free(t.v);
	return CLI_DONE;
}

/* ---- one address ---- */

/* The longest match; as in IOS the default route is none, unless asked for
 * by its name. */
static const struct shown *
lookup(const struct table *t, uint32_t addr)
{
	const struct shown *best = NULL;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct shown *s = &t->v[i];

		if (s->again || (addr & ip4_mask_of(s->len)) != s->prefix ||
		    (s->len == 0 && addr != 0))
			continue;
		if (best == NULL || s->len > best->len)
			best = s;
	}
	return best;
}

static bool
knows_class(const struct table *t, uint32_t addr)
{
	uint32_t net = addr & ip4_mask_of(class_len(addr));
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i].len != 0 && class_net(&t->v[i]) == net)
			return true;
	return false;
}

int
show_ip_route_to(struct cli_ctx *ctx, const struct show_ip_route_to_args *a)
{
	struct table t = {0};
	const struct shown *s, *hop;
	char text[IP4_STRLEN];

	load_table(ctx, &t);
	s = lookup(&t, a->addr);
	if (s == NULL) {
		cli_printf(ctx, "%% %s not in table\n",
		    knows_class(&t, a->addr) ? "Subnet" : "Network");
		free(t.v);
		return CLI_DONE;
	}
	cli_printf(ctx, "Routing entry for %s/%u\n"
			"  Known via \"%s\", distance %u, metric 0%s%s\n"
			"  Routing Descriptor Blocks:\n",
	    ip4_str(s->prefix, text), s->len, source_of(s)->name, s->distance,
	    s->nexthop == 0 ? " (connected, via interface)" : "",
	    s->len == 0 ? ", candidate default path" : "");
	for (hop = s; hop == s || (hop < t.v + t.n && hop->again); hop++) {
		if (hop->nexthop == 0)
			cli_printf(ctx, "  %c directly connected, via %s\n",
			    hop == s ? '*' : ' ', hop->ifname);
		else
			cli_printf(ctx, "  %c %s\n", hop == s ? '*' : ' ',
			    ip4_str(hop->nexthop, text));
		cli_printf(ctx, "      Route metric is 0, traffic share count "
				"is 1\n");
	}
	free(t.v);
	return CLI_DONE;
}

/* ---- summary ---- */

int
show_ip_route_summary(struct cli_ctx *ctx,
    const struct show_ip_route_summary_args *a UNUSED)
{
	struct table t = {0};
	unsigned nets[NELEM(sources)] = {0}, subnets[NELEM(sources)] = {0};
	unsigned all_nets = 0, all_subnets = 0;
	size_t i, k;

	load_table(ctx, &t);
	for (i = 0; i < t.n; i++) {
		k = (size_t)(source_of(&t.v[i]) - sources);
		if (t.v[i].code == 'L') /* counted as connected */
			k--;
		if (t.v[i].again)
			continue;
		if (t.v[i].len > class_len(t.v[i].prefix))
			subnets[k]++;
		else
			nets[k]++;
	}
	cli_printf(ctx, "IP routing table name is default (0x0)\n"
			"IP routing table maximum-paths is 1\n"
			"Route Source    Networks    Subnets     Replicates  "
			"Overhead    Memory (bytes)\n");
	for (i = 0; i < NELEM(sources); i++) {
		all_nets += nets[i];
		all_subnets += subnets[i];
		if (sources[i].code == 'L' ||
		    (nets[i] == 0 && subnets[i] == 0 &&
			sources[i].code != 'C' && sources[i].code != 'S'))
			continue;
		cli_printf(ctx, "%-15s %-11u %-11u 0           0           0\n",
		    sources[i].name, nets[i], subnets[i]);
	}
	cli_printf(ctx, "%-15s %-11u %-11u 0           0           0\n",
	    "Total", all_nets, all_subnets);
	free(t.v);
	return CLI_DONE;
}
