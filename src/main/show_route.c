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

static char
code_of(unsigned proto, unsigned *distance)
{
	static const struct {
		unsigned proto;
		char code;
		unsigned distance;
	} known[] = {{RTPROT_BGP, 'B', 20}, {RTPROT_OSPF, 'O', 110},
	    {RTPROT_RIP, 'R', 120}, {RTPROT_EIGRP, 'D', 90},
	    {RTPROT_ISIS, 'i', 115}};
	size_t i;

	for (i = 0; i < NELEM(known); i++)
		if (known[i].proto == proto) {
			*distance = known[i].distance;
			return known[i].code;
		}
	return 'S'; /* of ours, or typed with the ip program */
}

static void
kernel_route(void *arg, uint32_t prefix, unsigned len, uint32_t nexthop,
    const struct port *port, unsigned proto, unsigned prio)
{
	struct table *t = arg;
	struct shown *s;
	unsigned distance = prio != 0 ? prio : 1;

	if (proto == RTPROT_KERNEL)
		return; /* connected: from the interfaces below */
	s = add_shown(t, prefix, len, code_of(proto, &distance));
	s->nexthop = nexthop;
	s->distance = distance;
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
	return (int)x->len - (int)y->len;
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
	size_t i;

	for (i = 0; i < n; i++) {
		masks |= (uint64_t)1 << v[i].len;
		subnets |= v[i].len > class_len(v[i].prefix);
	}
	if (!subnets)
		return PARENT_NONE;
	nmasks = (unsigned)__builtin_popcountll(masks);
	if (nmasks == 1) {
		cli_printf(ctx, "      %s/%d is subnetted, %zu subnets\n",
		    ip4_str(class_net(v), net), __builtin_ctzll(masks), n);
		return PARENT_BARE;
	}
	cli_printf(ctx,
	    "      %s/%u is variably subnetted, %zu subnets, %u masks\n",
	    ip4_str(class_net(v), net), class_len(v->prefix), n, nmasks);
	return PARENT_MASKS;
}

static void
print_one(struct cli_ctx *ctx, const struct shown *s, enum parent parent)
{
	char net[IP4_STRLEN], hop[IP4_STRLEN], head[32];
	int w;

	w = snprintf(head, sizeof(head), "%c%s", s->code,
	    s->len == 0 ? "*" : "");
	cli_printf(ctx, "%s%*s%s", head, (parent != PARENT_NONE ? 9 : 6) - w, "",
	    ip4_str(s->prefix, net));
	if (parent != PARENT_BARE)
		cli_printf(ctx, "/%u", s->len);
	if (s->code == 'C' || s->code == 'L' || s->nexthop == 0)
		cli_printf(ctx, " is directly connected, %s\n", s->ifname);
	else
		cli_printf(ctx, " [%u/0] via %s\n", s->distance,
		    ip4_str(s->nexthop, hop));
}

int
show_ip_route(struct cli_ctx *ctx, const struct show_ip_route_args *a UNUSED)
{
	struct table t = {.r = router_of(ctx)};
	const struct shown *def = NULL;
	char hop[IP4_STRLEN];
	size_t i, j;
	enum parent parent = PARENT_NONE;

	collect(&t);
	qsort(t.v, t.n, sizeof(*t.v), by_net);
	for (i = 0; i < t.n && def == NULL; i++)
		if (t.v[i].len == 0)
			def = &t.v[i];
	cli_printf(ctx,
	    "Codes: L - local, C - connected, S - static, R - RIP, B - BGP\n"
	    "       D - EIGRP, O - OSPF, i - IS-IS, * - candidate default\n\n");
	if (def != NULL && def->nexthop != 0)
		cli_printf(ctx, "Gateway of last resort is %s to network "
				"0.0.0.0\n\n", ip4_str(def->nexthop, hop));
	else
		cli_printf(ctx, "Gateway of last resort is not set\n\n");
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
