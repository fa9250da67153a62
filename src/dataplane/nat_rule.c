/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT rules of process fwd from its configuration. A line that says the same
 * as before keeps its record and with it the entries that it made; one that
 * is gone, whose pool or whose interface's address is another, takes its
 * entries along: they are dead at once and taken out piece by piece.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/nat_priv.h"

/* ---- which packets ---- */

static bool
list_permits(const struct acl_obj *a, const struct flow *fl)
{
	uint32_t i = classify(a->classifier, fl);

	if (i == CLASSIFY_NONE)
		return false;
	count(&a->hits[i]->packets);
	return a->aces[i].action == ACE_PERMIT;
}

bool
nat_match(const struct nat_match *m, const struct flow *fl)
{
	unsigned i;

	if (m == NULL)
		return true;
	for (; m != NULL; m = m->next) {
		for (i = 0; i < m->n; i++) {
			if (list_permits(m->acls[i], fl))
				break;
		}
		if (!m->never && (m->n == 0 || i < m->n))
			return !m->deny;
	}
	return false;
}

/* ---- pools ---- */

static void
pool_free(struct ref *r)
{
	struct nat_pool_obj *p = (struct nat_pool_obj *)(void *)r;

	free(p->ranges);
	free(p->refs);
	free(p);
}

static void
pool_range(struct nat_pool_obj *p, uint32_t start, uint32_t end)
{
	uint32_t room = NAT_ENTRIES_MAX - p->total;

	if (start == 0 || end < start || room == 0)
		return;
	p->ranges[p->n].start = start;
	p->ranges[p->n].end = end;
	p->ranges[p->n++].first = p->total;
	p->total += end - start < room ? end - start + 1 : room;
}

static struct nat_pool_obj *
pool_compile(const struct nat_pool *c)
{
	struct nat_pool_obj *p = xcalloc(1, sizeof(*p));
	const struct nat_range *r;

	p->ref = (struct ref){ 1, pool_free };
	str_copy(p->name, c->name, sizeof(p->name));
	p->type = c->type;
	p->mask = c->mask;
	p->ranges = xcalloc(c->ranges.n + 1, sizeof(*p->ranges));
	pool_range(p, c->start, c->end);
	CF_FOREACH(r, &c->ranges) {
		pool_range(p, r->start, r->end);
	}
	p->refs = xcalloc(p->total + 1, sizeof(*p->refs));
	return p;
}

static bool
pool_equal(const struct nat_pool_obj *a, const struct nat_pool_obj *b)
{
	unsigned i;

	if (strcmp(a->name, b->name) != 0 || a->type != b->type ||
	    a->mask != b->mask || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++) {
		if (a->ranges[i].start != b->ranges[i].start ||
		    a->ranges[i].end != b->ranges[i].end)
			return false;
	}
	return true;
}

static struct nat_pool_obj *
pool_find(const struct nat *n, const char *name)
{
	unsigned i;

	for (i = 0; i < n->n_pools; i++) {
		if (strcmp(n->pools[i]->name, name) == 0)
			return n->pools[i];
	}
	return NULL;
}

static void
pools_free(struct nat *n)
{
	unsigned i;

	for (i = 0; i < n->n_pools; i++)
		ref_put(n->pools[i]);
	free(n->pools);
}

/* The worker knows pools by their rules only. */
static void
pools_compile(struct nat *n, const struct conf *conf)
{
	struct nat_pool_obj **new, *p, *old;
	const struct nat_pool *c;
	unsigned count = 0;

	new = xcalloc((conf != NULL ? conf->nat_pools.n : 0) + 1,
	    sizeof(*new));
	if (conf != NULL) {
		CF_FOREACH(c, &conf->nat_pools) {
			p = pool_compile(c);
			old = pool_find(n, c->name);
			if (old != NULL && pool_equal(p, old)) {
				ref_put(p);
				p = ref_get(old);
			}
			new[count++] = p;
		}
	}
	pools_free(n);
	n->pools = new;
	n->n_pools = count;
}

/* ---- rules ---- */

static void
rule_free(struct ref *r)
{
	struct nat_rule *rule = (struct nat_rule *)(void *)r;

	ref_put(rule->pool);
	free(rule);
}

static uint32_t
addr_of(const struct fwd *f, const char *ifname)
{
	unsigned i;

	for (i = 1; ifname[0] != '\0' && i <= PORT_MAX; i++) {
		if (f->port_known[i] && strcmp(f->ports[i].name, ifname) == 0)
			return f->ports[i].addr;
	}
	return 0;
}

static bool
dynamic_equal(const struct nat_dynamic *a, const struct nat_dynamic *b)
{
	return a->way == b->way && a->overload == b->overload &&
	    a->add_route == b->add_route && a->extended == b->extended &&
	    strcmp(a->acl, b->acl) == 0 &&
	    strcmp(a->route_map, b->route_map) == 0 &&
	    strcmp(a->pool, b->pool) == 0 &&
	    strcmp(a->ifname, b->ifname) == 0;
}

static bool
static_equal(const struct nat_static *a, const struct nat_static *b)
{
	return a->way == b->way && a->proto == b->proto &&
	    a->local == b->local && a->global == b->global &&
	    a->local_port == b->local_port &&
	    a->global_port == b->global_port && a->mask == b->mask &&
	    a->add_route == b->add_route &&
	    strcmp(a->ifname, b->ifname) == 0 &&
	    strcmp(a->route_map, b->route_map) == 0;
}

static bool
rule_equal(const struct nat_rule *a, const struct nat_rule *b)
{
	return a->is_static == b->is_static && a->addr == b->addr &&
	    a->pool == b->pool &&
	    (a->is_static ? static_equal(&a->fixed, &b->fixed) :
	    dynamic_equal(&a->dynamic, &b->dynamic));
}

/* The record of a line that was there before, taken once; else a new one. In
 * order, so that the search begins behind the last one found. */
static struct nat_rule *
rule_get(struct nat *n, const struct nat_rule *like, bool *taken)
{
	struct nat_rule *r;
	uint32_t i, id, at;

	for (i = 0; n->n_left > 0 && i < n->top_rule; i++) {
		at = (n->rule_hint + i) % n->top_rule;
		r = n->rules[at];
		if (r != NULL && !r->gone && !taken[at] &&
		    rule_equal(r, like)) {
			n->rule_hint = at + 1;
			taken[at] = true;
			n->n_left--;
			return r;
		}
	}
	for (id = n->id_hint; id < NAT_RULES_MAX && n->rules[id] != NULL; id++)
		;
	if (id == NAT_RULES_MAX)
		return NULL;
	n->id_hint = id;
	r = xcalloc(1, sizeof(*r));
	*r = *like;
	r->ref = (struct ref){ 1, rule_free };
	r->id = (uint16_t)id;
	(void)ref_get(r->pool);
	n->rules[id] = r;
	taken[id] = true;
	if (id >= n->top_rule)
		n->top_rule = id + 1;
	return r;
}

static struct nat_rule *
dynamic_get(struct fwd *f, const struct nat_dynamic *d, bool *taken)
{
	struct nat_rule like = { .dynamic = *d };

	if (d->pool[0] == '\0') {
		like.addr = addr_of(f, d->ifname);
		like.dynamic.overload = true;
	} else {
		like.pool = pool_find(f->nat, d->pool);
	}
	return rule_get(f->nat, &like, taken);
}

static struct nat_rule *
static_get(struct fwd *f, const struct nat_static *s, bool *taken)
{
	struct nat_rule like = { .is_static = true, .fixed = *s };

	if (s->ifname[0] != '\0')
		like.addr = like.fixed.global = addr_of(f, s->ifname);
	return rule_get(f->nat, &like, taken);
}

/* ---- what the worker reads ---- */

static void
rules_free(struct ref *ref)
{
	struct nat_rules *r = (struct nat_rules *)(void *)ref;
	unsigned i;

	for (i = 0; i < r->n_held; i++)
		ref_put(r->held[i]);
	free(r->held);
	arena_free(r->mem);
	free(r);
}

static void *
keep(struct nat_rules *r, void *obj)
{
	if (obj == NULL)
		return NULL;
	r->held = xrealloc(r->held, (r->n_held + 1) * sizeof(*r->held));
	r->held[r->n_held++] = ref_get(obj);
	return obj;
}

/* A list that does not exist matches nothing. */
static void
match_list(struct fwd *f, struct nat_rules *r, struct nat_match *m,
    const char *name)
{
	struct acl_obj *a = keep(r, acl_find(f, name));

	if (a != NULL)
		m->acls[m->n++] = a;
	else if (m->n == 0)
		m->never = true;
}

static struct nat_match *
match_entry(struct nat_rules *r, unsigned lists)
{
	struct nat_match *m = arena_alloc(r->mem, sizeof(*m));

	m->acls = arena_alloc(r->mem, (lists + 1) * sizeof(*m->acls));
	return m;
}

static struct nat_match *
match_route_map(struct fwd *f, struct nat_rules *r, const char *name)
{
	struct nat_match *first = NULL, **to = &first;
	const struct route_map_acl *a;
	const struct route_map *rm;

	CF_FOREACH(rm, &f->conf->route_maps) {
		if (strcmp(rm->name, name) != 0)
			continue;
		*to = match_entry(r, rm->acls.n);
		(*to)->deny = rm->deny;
		CF_FOREACH(a, &rm->acls) {
			match_list(f, r, *to, a->name);
		}
		(*to)->never = rm->others.n > 0 ||
		    (rm->acls.n > 0 && (*to)->n == 0);
		to = &(*to)->next;
	}
	if (first == NULL) {
		first = match_entry(r, 0);
		first->never = true;
	}
	return first;
}

struct nat_match *
nat_match_list(struct fwd *f, struct nat_rules *r, const char *name)
{
	struct nat_match *m = match_entry(r, 1);

	match_list(f, r, m, name);
	return m;
}

static bool
acl_is_standard(struct fwd *f, const char *name)
{
	const struct acl_obj *a = acl_find(f, name);

	return a != NULL && a->standard;
}

static void
compile_dynamics(struct fwd *f, struct nat_rules *r, bool *taken)
{
	const struct nat_dynamic *d;
	struct nat_choice *c;

	r->dynamics = arena_alloc(r->mem, (f->conf->nat_dynamics.n + 1) *
	    sizeof(*r->dynamics));
	CF_FOREACH(d, &f->conf->nat_dynamics) {
		c = &r->dynamics[r->n];
		c->rule = dynamic_get(f, d, taken);
		if (c->rule == NULL)
			return;
		(void)keep(r, c->rule);
		c->match = d->route_map[0] != '\0' ?
		    match_route_map(f, r, d->route_map) :
		    nat_match_list(f, r, d->acl);
		c->by_dst = d->way == NAT_INSIDE_DEST &&
		    acl_is_standard(f, d->acl);
		r->by_way[d->way] = true;
		r->add_route |= d->add_route;
		r->n++;
	}
}

static void
compile_statics(struct fwd *f, struct nat_rules *r, bool *taken)
{
	const struct nat_static *s;
	struct nat_choice *c;

	r->statics = arena_alloc(r->mem, (f->conf->nat_statics.n + 1) *
	    sizeof(*r->statics));
	r->routes = arena_alloc(r->mem, (f->conf->nat_statics.n + 1) *
	    sizeof(struct nat_rule *));
	CF_FOREACH(s, &f->conf->nat_statics) {
		c = &r->statics[r->n_static];
		c->rule = static_get(f, s, taken);
		if (c->rule == NULL)
			return;
		(void)keep(r, c->rule);
		if (s->route_map[0] != '\0') {
			c->match = match_route_map(f, r, s->route_map);
			r->route_maps = true;
		}
		r->networks |= s->mask != 0;
		if (s->add_route && s->way == NAT_OUTSIDE_SOURCE)
			r->routes[r->n_routes++] = c->rule;
		r->add_route |= s->add_route;
		r->n_static++;
	}
}

/* ---- into the table ---- */

static void
static_entry(struct nat *n, const struct nat_rule *r)
{
	const struct nat_static *s = &r->fixed;
	bool outside = s->way == NAT_OUTSIDE_SOURCE;
	struct nat_entry e = { .rule = r->id, .proto = s->proto,
		.flags = NE_STATIC };

	if (s->mask != 0 || s->global == 0)
		return;
	if (outside) {
		e.kind = s->proto != 0 ? NAT_OUTSIDE_PORT : NAT_OUTSIDE_SIMPLE;
		e.ol = s->local;
		e.og = s->global;
		e.olp = s->local_port;
		e.ogp = s->global_port;
	} else {
		e.kind = s->proto != 0 ? NAT_PORT : NAT_SIMPLE;
		e.il = s->local;
		e.ig = s->global;
		e.ilp = s->local_port;
		e.igp = s->global_port;
	}
	(void)nat_entry_add(NULL, n, &e);
}

/* What was there and was not taken again is gone; new static lines get their
 * entries. */
static void
reconcile(struct nat *n, const bool *taken)
{
	struct nat_rule *r;
	uint32_t i;

	n->n_gone = 0;
	for (i = 1; i < n->top_rule; i++) {
		r = n->rules[i];
		if (r == NULL)
			continue;
		r->gone = !taken[i];
		n->n_gone += r->gone;
		if (!r->gone && !r->made && r->is_static)
			static_entry(n, r);
		r->made = true;
	}
}

/* 0 would end an entry before its first answer: it is none at all. */
static uint32_t
seconds_of(uint32_t typed)
{
	return typed == 0 ? NAT_NEVER : typed;
}

static void
copy_settings(struct nat *n, const struct conf *conf)
{
	const struct nat_port_timeout *pt;

	free(n->port_timeouts);
	n->n_port_timeouts = 0;
	n->port_timeouts = xcalloc(conf->nat_port_timeouts.n + 1,
	    sizeof(*n->port_timeouts));
	CF_FOREACH(pt, &conf->nat_port_timeouts) {
		n->port_timeouts[n->n_port_timeouts].proto = pt->proto;
		n->port_timeouts[n->n_port_timeouts].port = pt->port;
		n->port_timeouts[n->n_port_timeouts++].secs =
		    seconds_of(pt->secs);
	}
	n->timeouts = (struct nat_timeouts){
		.any = seconds_of(conf->nat_timeouts.any),
		.udp = seconds_of(conf->nat_timeouts.udp),
		.dns = seconds_of(conf->nat_timeouts.dns),
		.tcp = seconds_of(conf->nat_timeouts.tcp),
		.syn = seconds_of(conf->nat_timeouts.syn),
		.finrst = seconds_of(conf->nat_timeouts.finrst),
		.icmp = seconds_of(conf->nat_timeouts.icmp),
		.pptp = seconds_of(conf->nat_timeouts.pptp) };
	n->max = conf->nat_max_entries;
	if (n->max == 0 || n->max > NAT_ENTRIES_MAX)
		n->max = NAT_ENTRIES_MAX;
}

static void
lines_begin(struct nat *n)
{
	uint32_t i;

	n->rule_hint = n->id_hint = 1;
	n->n_left = 0;
	for (i = 1; i < n->top_rule; i++)
		n->n_left += n->rules[i] != NULL && !n->rules[i]->gone;
}

void
nat_config(struct fwd *f)
{
	struct nat_rules *r = xcalloc(1, sizeof(*r));
	struct nat *n = f->nat;
	bool *taken = xcalloc(NAT_RULES_MAX, sizeof(*taken));

	r->ref = (struct ref){ 1, rules_free };
	r->mem = arena_new();
	pthread_mutex_lock(&n->lock);
	nat_clock(n, f->io.now(f->arg));
	lines_begin(n);
	pools_compile(n, f->conf);
	if (f->conf != NULL) {
		compile_dynamics(f, r, taken);
		compile_statics(f, r, taken);
		copy_settings(n, f->conf);
		nat_limit_config(f, r);
	}
	r->on = r->n > 0 || r->n_static > 0;
	r->debug = keep(r, acl_find(f, n->debug_acl));
	if (r->on && n->e == NULL) {
		f->io.random(f->arg, n->seed, sizeof(n->seed));
		nat_table_alloc(n);
	}
	if (n->e != NULL) {
		reconcile(n, taken);
		nat_sweep_start(n);
		nat_tick(NULL, n, NAT_WORK); /* a small table at once */
	}
	pthread_mutex_unlock(&n->lock);
	free(taken);
	ref_put(f->nat_rules);
	f->nat_rules = r;
	f->nat_lines++;
}

bool
nat_rules_on(const struct nat_rules *r)
{
	return r != NULL && r->on;
}

/* ---- life ---- */

void
nat_new(struct fwd *f)
{
	f->nat = xcalloc(1, sizeof(*f->nat));
	pthread_mutex_init(&f->nat->lock, NULL);
}

void
nat_free(struct fwd *f)
{
	struct nat *n = f->nat;
	uint32_t i;

	ref_put(f->nat_rules);
	for (i = 1; i < n->top_rule; i++)
		ref_put(n->rules[i]);
	pools_free(n);
	nat_table_free(n);
	free(n->hosts);
	free(n->host_limits);
	free(n->port_timeouts);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/* Records of rules whose last entry has gone. */
static void
release_gone(struct nat *n)
{
	uint32_t i;

	for (i = 1; i < n->top_rule && n->n_gone > 0; i++) {
		if (n->rules[i] == NULL || !n->rules[i]->gone ||
		    n->rules[i]->refs > 0)
			continue;
		ref_put(n->rules[i]);
		n->rules[i] = NULL;
		n->n_gone--;
	}
}

uint64_t
nat_timeout(struct fwd *f, uint64_t now)
{
	struct nat *n = f->nat;
	uint64_t next = UINT64_MAX;

	if (n->e == NULL)
		return next;
	pthread_mutex_lock(&n->lock);
	nat_clock(n, now);
	nat_tick(NULL, n, NAT_WORK);
	if (n->sweep != 0 || nat_is_behind(n))
		next = now + 10;
	else if (n->n_wheel > 0)
		next = now - now % 1000 + 1000;
	if (n->sweep == 0)
		release_gone(n);
	pthread_mutex_unlock(&n->lock);
	return next;
}
