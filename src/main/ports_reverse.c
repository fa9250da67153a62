/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routes that lead where another address is (process main). `reverse-route` of
 * crypto maps: what is behind a peer is routed to it, while process ike has
 * SAs for it, or as long as it is configured (`static`). Ike only asks: a
 * route has to be one that an entry of a map on that interface is about.
 * `add-route` of `ip nat outside source static`: an outside local address is
 * where the outside global one is.
 */
#include "config.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "main/ports_priv.h"

#define REVERSE_MAX 4096 /* that ike may ask for */

struct reverse {
	struct reverse *next;
	uint32_t prefix, mask, peer;
	char ifname[IFNAME_MAX]; /* "": by a line of NAT */
	bool said;	 /* by ike: there are SAs */
	bool configured; /* static */
	bool put;	 /* in the kernel, as k */
	struct nl_route k;
};

/* ---- what may be routed ---- */

static bool
covers(const struct conf *c, const struct crypto_map *m, uint32_t prefix,
    uint32_t mask)
{
	const struct acl *a = conf_find_acl(c, m->acl);
	const struct acl_entry *e;

	if (m->acl[0] == '\0')
		return mask != 0; /* of a dynamic map: what the peer says */
	if (a == NULL)
		return false;
	CF_FOREACH (e, &a->entries)
		if (!e->remark && e->ace.action == ACE_PERMIT &&
		    (mask & ~e->ace.dst_wild) == ~e->ace.dst_wild &&
		    ((prefix ^ e->ace.dst) & ~e->ace.dst_wild) == 0)
			return true;
	return false;
}

static const struct crypto_map *
of_dynamic(const struct conf *c, const char *name, uint32_t prefix,
    uint32_t mask)
{
	const struct crypto_map *m;

	CF_FOREACH (m, &c->dynamic_maps)
		if (strcmp(m->name, name) == 0 && m->reverse_route &&
		    covers(c, m, prefix, mask))
			return m;
	return NULL;
}

/* The entry that wants that route, NULL: none. */
static const struct crypto_map *
wanted(const struct conf *c, const struct reverse *x)
{
	const struct interface *i = conf_find_interface(c, x->ifname);
	const struct crypto_map *m, *d;

	if (i == NULL || i->crypto_map[0] == '\0')
		return NULL;
	CF_FOREACH (m, &c->crypto_maps) {
		if (m->kind != MAP_ISAKMP ||
		    strcmp(m->name, i->crypto_map) != 0)
			continue;
		if (m->dynamic[0] == '\0') {
			if (m->reverse_route && m->acl[0] != '\0' &&
			    covers(c, m, x->prefix, x->mask))
				return m;
			continue;
		}
		d = of_dynamic(c, m->dynamic, x->prefix, x->mask);
		if (d != NULL)
			return d;
	}
	return NULL;
}

/* ---- the kernel's ---- */

/* A peer behind another router: that one is the next hop. */
static bool
resolve(const struct ports *ps, uint32_t addr, struct nl_route *k)
{
	const struct route *best = NULL, *rt;
	size_t i;

	for (i = 0; i < ps->nroutes; i++) {
		rt = &ps->routes[i];
		if (((addr ^ rt->prefix) & ip4_mask_of(rt->len)) == 0 &&
		    (best == NULL || rt->len > best->len))
			best = rt;
	}
	if (best == NULL || best->port == PORT_LOCAL || best->port > ps->n ||
	    (k->prefix == best->prefix && k->len == best->len))
		return false;
	k->nexthop = best->nexthop != 0 ? best->nexthop : addr;
	k->ifindex = ports_ifindex(&ps->rec[best->port]);
	return k->ifindex != 0;
}

static void
take_away(struct ports *ps, struct reverse *x)
{
	if (x->put)
		(void)nl_route_set(ps->nl, false, &x->k);
	x->put = false;
}

/* One that is there already, configured by hand, is left alone. */
static void
put(struct ports *ps, struct reverse *x, uint32_t via)
{
	struct nl_route k = { .prefix = x->prefix,
	    .len = (uint8_t)ip4_prefix_of(x->mask), .table = RT_TABLE_MAIN,
	    .proto = RTPROT_STATIC, .type = RTN_UNICAST, .priority = 1,
	    .scope = RT_SCOPE_UNIVERSE };

	if (!resolve(ps, via != 0 ? via : x->peer, &k))
		return; /* tried again when routes change */
	if (x->put && (x->k.nexthop != k.nexthop ||
	    x->k.ifindex != k.ifindex))
		take_away(ps, x);
	if (x->put)
		return;
	x->k = k;
	x->put = nl_route_set(ps->nl, true, &k) == 0;
}

void
ports_reverse(struct router *r, const struct conf *c)
{
	struct reverse **at = &r->ports->reverse, *x;
	const struct crypto_map *m;

	while ((x = *at) != NULL) {
		m = x->ifname[0] != '\0' ? wanted(c, x) : NULL;
		if ((m == NULL && x->ifname[0] != '\0') ||
		    (!x->said && !x->configured)) {
			take_away(r->ports, x);
			*at = x->next;
			free(x);
			continue;
		}
		put(r->ports, x, m != NULL ? m->reverse_via : 0);
		at = &x->next;
	}
}

/* ---- who asks ---- */

static struct reverse *
get(struct ports *ps, uint32_t prefix, uint32_t mask, const char *ifname)
{
	struct reverse *x;
	unsigned n = 0;

	for (x = ps->reverse; x != NULL; x = x->next, n++)
		if (x->prefix == prefix && x->mask == mask &&
		    strcmp(x->ifname, ifname) == 0)
			return x;
	if (n >= REVERSE_MAX || ip4_prefix_of(mask) < 0)
		return NULL;
	x = xcalloc(1, sizeof(*x));
	x->prefix = prefix & mask;
	x->mask = mask;
	str_copy(x->ifname, ifname, sizeof(x->ifname));
	x->next = ps->reverse;
	ps->reverse = x;
	return x;
}

/* u8 there are SAs, u32 prefix, u32 mask, str interface, u32 peer */
void
ports_reverse_said(struct router *r, struct rd *body)
{
	bool add = rd_u8(body) != 0;
	uint32_t prefix = rd_u32(body), mask = rd_u32(body), peer;
	char ifname[IFNAME_MAX];
	struct reverse *x;

	rd_str(body, ifname, sizeof(ifname));
	peer = rd_u32(body);
	if (!rd_ok(body) || r->ports == NULL || r->committed == NULL ||
	    (x = get(r->ports, prefix & mask, mask, ifname)) == NULL)
		return;
	x->said = add;
	if (add)
		x->peer = peer;
	ports_reverse(r, r->committed);
}

/* A new ike has no SAs yet. */
void
ports_reverse_forget(struct router *r)
{
	struct reverse *x;

	if (r->ports == NULL || r->committed == NULL)
		return;
	for (x = r->ports->reverse; x != NULL; x = x->next)
		x->said = false;
	ports_reverse(r, r->committed);
}

static void
static_entry(struct ports *ps, const struct conf *c,
    const struct crypto_map *m, const char *ifname)
{
	const struct map_peer *p, *first = (const void *)m->peers.first;
	const struct acl *a = conf_find_acl(c, m->acl);
	const struct acl_entry *e;
	struct reverse *x;

	CF_FOREACH (p, &m->peers)
		if (p->first)
			first = p;
	if (a == NULL || first == NULL || first->addr == 0)
		return;
	CF_FOREACH (e, &a->entries) {
		if (e->remark || e->ace.action != ACE_PERMIT ||
		    e->ace.dst_wild == UINT32_MAX)
			continue;
		x = get(ps, e->ace.dst & ~e->ace.dst_wild, ~e->ace.dst_wild,
		    ifname);
		if (x == NULL)
			continue;
		x->configured = true;
		if (!x->said)
			x->peer = first->addr;
	}
}

static void
nat_routes(struct ports *ps, const struct conf *c)
{
	const struct nat_static *s;
	struct reverse *x;

	CF_FOREACH (s, &c->nat_statics) {
		if (!s->add_route || s->way != NAT_OUTSIDE_SOURCE)
			continue;
		x = get(ps, s->local, s->mask != 0 ? s->mask : UINT32_MAX,
		    "");
		if (x == NULL)
			continue;
		x->configured = true;
		x->peer = s->global;
	}
}

void
ports_reverse_commit(struct router *r, const struct conf *c)
{
	const struct crypto_map *m;
	const struct interface *i;
	struct reverse *x;

	for (x = r->ports->reverse; x != NULL; x = x->next)
		x->configured = false;
	CF_FOREACH (i, &c->interfaces)
		CF_FOREACH (m, &c->crypto_maps)
			if (m->reverse_static && i->crypto_map[0] != '\0' &&
			    strcmp(m->name, i->crypto_map) == 0)
				static_entry(r->ports, c, m, i->name);
	nat_routes(r->ports, c);
	ports_reverse(r, c);
}

void
ports_reverse_free(struct ports *ps)
{
	struct reverse *x;

	while ((x = ps->reverse) != NULL) {
		take_away(ps, x);
		ps->reverse = x->next;
		free(x);
	}
}
