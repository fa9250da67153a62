/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses that NAT has given to hosts and that lie in the network of an
 * interface (process main): the neighbours there ask for them by ARP. A route
 * of type local makes the kernel answer, as IOS does with its aliases;
 * `no-alias` says that somebody else will.
 */
#include "config.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "main/ports_priv.h"

#define PROTO_ALIAS 99 /* who made the route: what is left of a killed router
			* is found by it */

struct aliases {
	struct nl_route *r;
	size_t n, cap;
};

static void
alias_add(struct aliases *a, uint32_t prefix, unsigned len, uint32_t ifindex)
{
	if (a->n == a->cap) {
		a->cap = a->cap * 2 + 16;
		a->r = xrealloc(a->r, a->cap * sizeof(*a->r));
	}
	a->r[a->n++] = (struct nl_route){ .prefix = prefix,
		.len = (uint8_t)len, .ifindex = ifindex,
		.table = RT_TABLE_LOCAL, .type = RTN_LOCAL,
		.scope = RT_SCOPE_HOST, .proto = PROTO_ALIAS };
}

/* The network that is looked at, and where its routes go. */
struct net {
	struct aliases *to;
	const struct conf *conf;
	uint32_t first, last, ifindex;
	enum nat_way way; /* whose addresses belong on that side */
};

/* at..last, as prefixes. */
static void
add_prefixes(const struct net *net, uint64_t at, uint64_t last)
{
	uint64_t size;
	unsigned len;

	while (at <= last) {
		for (len = 32, size = 1; len > 0 && at % (size * 2) == 0 &&
		    at + size * 2 - 1 <= last; len--)
			size *= 2;
		alias_add(net->to, (uint32_t)at, len, net->ifindex);
		at += size;
	}
}

/* The lowest next hop of a static route in at..last; behind it if none. */
static uint64_t
hop_in(const struct conf *conf, uint64_t at, uint64_t last)
{
	const struct ip_route *c;
	uint64_t hop = last + 1;

	CF_FOREACH(c, &conf->routes)
		if (c->nexthop >= at && c->nexthop < hop)
			hop = c->nexthop;
	return hop;
}

/* The part of a range that is in the network, but for next hops of routes:
 * were such an address ours, the kernel would ask on the wire for what is
 * behind it, and go on with that when the line of NAT has gone. */
static void
add_range(const struct net *net, uint32_t start, uint32_t end)
{
	uint64_t at = start > net->first ? start : net->first, hop;
	uint64_t last = end < net->last ? end : net->last;

	for (; at <= last; at = hop + 1) {
		hop = hop_in(net->conf, at, last);
		if (hop > at)
			add_prefixes(net, at, hop - 1);
	}
}

static void
add_statics(const struct net *net)
{
	const struct nat_static *s;
	uint32_t addr, host;

	CF_FOREACH(s, &net->conf->nat_statics) {
		addr = s->way == NAT_OUTSIDE_SOURCE ? s->local : s->global;
		host = s->mask != 0 ? ~s->mask : 0;
		if (s->way == net->way && !s->no_alias && addr != 0)
			add_range(net, addr & ~host, addr | host);
	}
}

static void
add_pool(const struct net *net, const char *name)
{
	const struct nat_pool *p;
	const struct nat_range *r;

	CF_FOREACH(p, &net->conf->nat_pools) {
		if (strcmp(p->name, name) != 0)
			continue;
		if (p->start != 0)
			add_range(net, p->start, p->end);
		CF_FOREACH(r, &p->ranges)
			add_range(net, r->start, r->end);
	}
}

static void
add_net(const struct net *net)
{
	const struct nat_dynamic *d;

	add_statics(net);
	CF_FOREACH(d, &net->conf->nat_dynamics)
		if (d->way == net->way && d->pool[0] != '\0')
			add_pool(net, d->pool);
}

static void
add_interface(struct aliases *to, const struct conf *conf,
    const struct interface *ifc, uint32_t ifindex)
{
	struct net net = { .to = to, .conf = conf, .ifindex = ifindex,
		.way = ifc->nat == NAT_OUTSIDE ? NAT_INSIDE_SOURCE :
		    NAT_OUTSIDE_SOURCE };
	const struct ip_secondary *s;

	if (ifc->nat == NAT_NONE || ifc->addr == 0 || ifindex == 0)
		return;
	/* without the addresses of the network itself and of broadcast */
	net.first = (ifc->addr & ifc->mask) + 1;
	net.last = (ifc->addr | ~ifc->mask) - 1;
	add_net(&net);
	CF_FOREACH(s, &ifc->secondaries) {
		net.first = (s->addr & s->mask) + 1;
		net.last = (s->addr | ~s->mask) - 1;
		add_net(&net);
	}
}

static bool
wanted(const struct aliases *a, const struct nl_route *r)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->r[i].prefix == r->prefix && a->r[i].len == r->len &&
		    a->r[i].ifindex == r->ifindex)
			return true;
	return false;
}

static void
alias_seen(void *arg, const struct nl_route *r)
{
	if (r->proto == PROTO_ALIAS && r->type == RTN_LOCAL)
		alias_add(arg, r->prefix, r->len, r->ifindex);
}

/* The kernel's table is what is there: a device that went down has taken its
 * routes along. */
void
ports_aliases(struct ports *ps, const struct conf *conf)
{
	struct aliases want = { .n = 0 }, there = { .n = 0 };
	const struct interface *ifc;
	unsigned i;
	size_t j;

	for (i = 1; conf != NULL && i <= ps->n; i++) {
		ifc = conf_find_interface(conf, ps->rec[i].p.name);
		if (ifc != NULL && ps->rec[i].wanted)
			add_interface(&want, conf, ifc,
			    ports_ifindex(&ps->rec[i]));
	}
	if (nl_routes(ps->nl, alias_seen, &there) == -1)
		there.n = 0;
	for (j = 0; j < there.n; j++)
		if (!wanted(&want, &there.r[j]))
			(void)nl_route_set(ps->nl, false, &there.r[j]);
	for (j = 0; j < want.n; j++)
		if (!wanted(&there, &want.r[j]))
			(void)nl_route_set(ps->nl, true, &want.r[j]);
	free(want.r);
	free(there.r);
}
