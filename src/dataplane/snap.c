/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The snapshot that workers read: built by the control thread of process fwd
 * from ports, configuration, routes and SAs, published whole, the old one
 * freed after a grace period. Also the three control functions that change
 * nothing else: configuration, ports, routes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <urcu-qsbr.h>

#include "dataplane/ipdebug.h"
#include "dataplane/qos.h"

/* ---- references: counted by the control thread only ---- */

void *
ref_get(void *obj)
{
	struct ref *r = obj;

	if (r != NULL)
		r->n++;
	return obj;
}

void
ref_put(void *obj)
{
	struct ref *r = obj;

	if (r == NULL || --r->n > 0)
		return;
	if (r->free != NULL)
		r->free(r);
	else
		free(r);
}

struct stats *
stats_new(void)
{
	struct stats *s = xcalloc(1, sizeof(*s));

	s->ref.n = 1;
	return s;
}

struct hits *
hits_new(void)
{
	struct hits *h = xcalloc(1, sizeof(*h));

	h->ref.n = 1;
	return h;
}

static void
hold(struct snap *s, const void *obj)
{
	if (obj == NULL)
		return;
	if (s->n_held == s->held_cap) {
		s->held_cap = s->held_cap * 2 + 16;
		s->held = xrealloc(s->held,
		    s->held_cap * sizeof(*s->held));
	}
	s->held[s->n_held++] = ref_get((void *)(uintptr_t)obj);
}

/* ---- building ---- */

static void
build_groups(struct fwd *f, struct snap *s)
{
	uint64_t now = f->io.now(f->arg), change = UINT64_MAX;
	struct snap_group *sg;
	struct group *g;
	struct sa *sa;
	uint32_t i;

	for (g = f->groups; g != NULL; g = g->next)
		s->n_groups++;
	s->groups = arena_alloc(s->mem,
	    (s->n_groups + 1) * sizeof(*s->groups));
	sg = s->groups;
	for (g = f->groups; g != NULL; g = g->next, sg++) {
		sg->group = g;
		sg->policy = g->policy;
		for (sa = g->sas; sa != NULL; sa = sa->next)
			hold(s, sa);
		hold(s, g->policy);
		for (i = 0; i < g->n_guards; i++)
			hold(s, g->guards[i]);
		if (g->kind != GROUP_GDOI)
			pair_build(s, sg, now, &change);
		if (g->kind != GROUP_GDOI || g->policy == NULL)
			continue;
		sg->out = arena_alloc(s->mem,
		    (g->policy->n + 1) * sizeof(*sg->out));
		for (i = 0; i < g->policy->n; i++) {
			sg->out[i] = i > 0 && g->policy->sa_of[i] ==
			    g->policy->sa_of[i - 1] ? sg->out[i - 1] :
			    sa_outbound(g, g->policy->sa_of[i], now, &change);
		}
	}
	f->next_change = change;
}

static void
spi_put(struct snap *s, struct sa *sa, struct snap_group *sg)
{
	uint32_t mask = (1u << s->spi_bits) - 1, at;

	at = sa->spi * 2654435761u >> (32 - s->spi_bits);
	while (s->spis[at].sa != NULL)
		at = (at + 1) & mask;
	s->spis[at] = (struct snap_spi){ sa, sg,
		sg->group->kind == GROUP_GDOI ?
		policy_first_of(sg->policy, sa->sa_index) :
		pair_entry(sg, sa->sa_index) };
}

static void
build_spis(struct fwd *f, struct snap *s)
{
	uint32_t n = 0, i;
	struct group *g;
	struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next) {
		for (sa = g->sas; sa != NULL; sa = sa->next)
			n++;
	}
	for (s->spi_bits = 3; 1u << s->spi_bits < n * 2; s->spi_bits++)
		;
	s->spis = arena_alloc(s->mem, sizeof(*s->spis) << s->spi_bits);
	for (i = 0; i < s->n_groups; i++) {
		g = s->groups[i].group;
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			if (sa->way == SA_WAY_OUT)
				continue;
			s->encap |= sa->encap_local != 0;
			spi_put(s, sa, &s->groups[i]);
		}
	}
}

static struct snap_group *
snap_group_find(struct snap *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->n_groups; i++) {
		if (strcmp(s->groups[i].group->name, name) == 0)
			return &s->groups[i];
	}
	return NULL;
}

static void
map_add(struct snap_port *sp, struct snap_group *sg,
    const struct crypto_map *m)
{
	sp->preclassify[sp->n_maps] = m->qos_preclassify;
	sp->maps[sp->n_maps++] = sg;
}

/* NULL: nobody has spoken of it yet. */
static struct snap_group *
group_of_entry(struct snap *s, const struct crypto_map *m)
{
	char name[SA_NAME_MAX];

	return snap_group_find(s, m->kind == MAP_GDOI ? m->group :
	    sa_map_group(name, m->name, m->seq));
}

static void
build_maps(struct fwd *f, struct snap *s, struct snap_port *sp,
    const char *name)
{
	const struct crypto_map *m;
	struct snap_group *sg;
	unsigned n = 0, i;

	CF_FOREACH(m, &f->conf->crypto_maps) {
		if (strcmp(m->name, name) == 0 &&
		    (sg = group_of_entry(s, m)) != NULL)
			n += 1 + sg->n_guards;
	}
	sp->maps = arena_alloc(s->mem, (n + 1) * sizeof(*sp->maps));
	sp->preclassify = arena_alloc(s->mem, n + 1);
	CF_FOREACH(m, &f->conf->crypto_maps) {
		if (strcmp(m->name, name) != 0 ||
		    (sg = group_of_entry(s, m)) == NULL)
			continue;
		map_add(sp, sg, m);
		sp->pairs |= m->kind == MAP_ISAKMP;
		for (i = 0; i < sg->n_guards; i++)
			map_add(sp, &sg->guards[i], m);
	}
	failclose_build(f, sp, name);
	hold(s, sp->closed_acl);
}

static void
build_protect(struct snap *s, struct snap_port *sp, const char *ifname)
{
	char name[SA_NAME_MAX];

	sp->protect = snap_group_find(s, sa_tunnel_group(name, ifname));
	s->protects |= sp->protect != NULL;
}

static void
build_mcast(struct snap *s, struct snap_port *sp, const struct interface *i)
{
	const struct igmp_group *g;

	sp->mcast = arena_alloc(s->mem,
	    (i->igmp_static.n + 1) * sizeof(*sp->mcast));
	CF_FOREACH(g, &i->igmp_static)
		sp->mcast[sp->n_mcast++] = (struct mcast_group){ g->addr,
			g->source };
}

static uint32_t
mtu_of(const struct port *p, const struct interface *i)
{
	uint32_t mtu = p->mtu != 0 ? p->mtu : 1500;

	if (i == NULL)
		return mtu;
	if (p->tunnel && i->ip_mtu != 0)
		return i->ip_mtu;
	if (i->mtu != 0 && i->mtu < mtu)
		mtu = i->mtu;
	if (i->ip_mtu != 0 && i->ip_mtu < mtu)
		mtu = i->ip_mtu;
	return mtu;
}

/* Also of a port that is gone: packets may wait in its policy. */
static void
build_qos(struct fwd *f, struct snap *s, unsigned index)
{
	struct snap_port *sp = &s->port[index];
	const struct qos_run *out = f->qos_out[index].run;
	unsigned i;

	sp->qos_in = f->qos_in[index];
	sp->qos_out = f->qos_out[index];
	hold(s, sp->qos_in.rules);
	hold(s, sp->qos_in.run);
	hold(s, sp->qos_out.rules);
	hold(s, sp->qos_out.run);
	for (i = 0; i < QOS_BEFORE; i++) {
		hold(s, sp->qos_out.before[i]);
		s->adopts |= sp->qos_out.before[i] != NULL;
	}
	/* what is counted and metered are packets of the link */
	sp->pieces_in = sp->qos_in.run != NULL;
	sp->pieces = out != NULL;
	if (out != NULL && out->shapes)
		s->shapers[s->n_shapers++] = sp->qos_out.run;
}

static void
build_port(struct fwd *f, struct snap *s, unsigned index)
{
	const struct port *p = &f->ports[index];
	struct snap_port *sp = &s->port[index];
	const struct interface *i = NULL;
	const struct ip_secondary *sec;

	if (f->conf != NULL)
		i = conf_find_interface(f->conf, p->name);
	sp->used = true;
	sp->up = p->up && (i == NULL || !i->shutdown);
	sp->device = !p->loopback && !p->tunnel;
	sp->addr = p->addr;
	sp->mtu = mtu_of(p, i);
	sp->link_mtu = p->mtu != 0 ? p->mtu : 1500;
	sp->df_bit = DF_COPY;
	if (p->addr != 0)
		s->own[s->n_own++] = p->addr;
	if (i == NULL)
		return;
	CF_FOREACH(sec, &i->secondaries) {
		s->own[s->n_own++] = sec->addr;
	}
	build_mcast(s, sp, i);
	sp->nat = i->nat;
	if (p->tunnel)
		gre_build(f, s, index, i);
	sp->adjust_mss = i->adjust_mss;
	sp->df_bit = i->df_bit != DF_INHERIT ? i->df_bit : f->conf->df_bit;
	if (sp->df_bit == DF_INHERIT)
		sp->df_bit = DF_COPY;
	/* a list that does not exist filters nothing, as in IOS */
	hold(s, sp->acl_in = acl_find(f, i->acl_in));
	hold(s, sp->acl_out = acl_find(f, i->acl_out));
	if (i->crypto_map[0] != '\0')
		build_maps(f, s, sp, i->crypto_map);
	if (i->tunnel.profile[0] != '\0')
		build_protect(s, sp, i->name);
}

static size_t
own_max(const struct fwd *f)
{
	const struct interface *i;
	size_t n = PORT_MAX + 1;

	if (f->conf == NULL)
		return n;
	CF_FOREACH(i, &f->conf->interfaces) {
		n += i->secondaries.n;
	}
	return n;
}

/* Only if some interface takes part. */
static void
build_nat(struct fwd *f, struct snap *s)
{
	unsigned i;

	if (!nat_rules_on(f->nat_rules))
		return;
	for (i = 1; i <= PORT_MAX && s->port[i].nat == NAT_NONE; i++)
		;
	if (i > PORT_MAX)
		return;
	s->nat = f->nat_rules;
	s->nat_lines = f->nat_lines;
	hold(s, s->nat);
}

static struct snap *
snap_build(struct fwd *f)
{
	struct snap *s = xcalloc(1, sizeof(*s));
	unsigned i;

	s->mem = arena_new();
	s->generation = ++f->snaps;
	s->own = arena_alloc(s->mem, own_max(f) * sizeof(*s->own));
	s->shapers = arena_alloc(s->mem,
	    (PORT_MAX + 1) * sizeof(struct qos_run *));
	build_groups(f, s);
	build_spis(f, s);
	for (i = 1; i <= PORT_MAX; i++) {
		if (f->port_known[i])
			build_port(f, s, i);
		build_qos(f, s, i);
	}
	build_nat(f, s);
	ipdebug_build(f, s);
	s->mroute = f->conf != NULL && f->conf->multicast_routing;
	s->routes = f->routes;
	hold(s, f->routes);
	return s;
}

static void
snap_free(struct snap *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n_held; i++)
		ref_put(s->held[i]);
	free(s->held);
	arena_free(s->mem);
	free(s);
}

static void
snap_swap(struct fwd *f, struct snap *new)
{
	struct snap *old = rcu_xchg_pointer(&f->snap, new);

	synchronize_rcu();
	seqs_settle(f);
	snap_free(old);
}

void
snap_publish(struct fwd *f)
{
	snap_swap(f, snap_build(f));
}

void
snap_end(struct fwd *f)
{
	snap_swap(f, NULL);
}

/* ---- routes ---- */

static void
routes_free(struct ref *r)
{
	route_table_free(((struct routes *)(void *)r)->table);
	free(r);
}

static size_t
own_routes(const struct fwd *f, struct route *out)
{
	const struct port *p;
	size_t n = 0;
	unsigned i;

	out[n++] = (struct route){ UINT32_MAX, 32, 0, PORT_LOCAL };
	for (i = 1; i <= PORT_MAX; i++) {
		p = &f->ports[i];
		if (!f->port_known[i] || p->addr == 0 || !p->up)
			continue;
		out[n++] = (struct route){ p->addr, 32, 0, PORT_LOCAL };
		if (ip4_prefix_of(p->mask) <= 30 && p->mask != 0)
			out[n++] = (struct route){ p->addr | ~p->mask, 32, 0,
				PORT_LOCAL };
	}
	return n;
}

static void
routes_compile(struct fwd *f)
{
	struct route *all, own[2 * PORT_MAX + 3];
	struct routes *r = xcalloc(1, sizeof(*r));
	size_t n = own_routes(f, own);

	all = xcalloc(n + f->n_route_src, sizeof(*all));
	memcpy(all, own, n * sizeof(*all));
	if (f->n_route_src > 0)
		memcpy(all + n, f->route_src, f->n_route_src * sizeof(*all));
	r->ref = (struct ref){ 1, routes_free };
	r->table = route_table_new(all, n + f->n_route_src);
	free(all);
	ref_put(f->routes);
	f->routes = r;
}

void
fwd_routes(struct fwd *f, const struct route *routes, size_t n)
{
	free(f->route_src);
	f->route_src = xcalloc(n + 1, sizeof(*routes));
	if (n > 0)
		memcpy(f->route_src, routes, n * sizeof(*routes));
	f->n_route_src = n;
	routes_compile(f);
	snap_publish(f);
}

void
fwd_port(struct fwd *f, const struct port *p)
{
	if (p->index == PORT_LOCAL || p->index > PORT_MAX)
		return;
	f->ports[p->index] = *p;
	f->port_known[p->index] = p->name[0] != '\0';
	qos_compile(f);
	routes_compile(f);
	nat_config(f);
	snap_publish(f);
}

void
fwd_config(struct fwd *f, const struct conf *old UNUSED,
    const struct conf *new)
{
	f->conf = new;
	acls_compile(f, new);
	qos_compile(f);
	pairs_config(f, new);
	nat_config(f);
	snap_publish(f);
}
