/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers on the control thread of process fwd. The policy of
 * an entry of a crypto map is its access list, compiled from the
 * configuration: it holds before key management has spoken, while it
 * negotiates and after it has died, so nothing of it leaves in clear. Only of
 * an entry that stands for a dynamic map key management says what it is; what
 * the lists of that map permit waits for it all the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/engine.h"

#define LOOK_MS 5000 /* at pairs that are silent */

/* ---- policies ---- */

/* Every entry is read as a local one: written for what goes out, backwards
 * for what comes in. */
static struct policy *
policy_of(const struct ace *aces, const uint16_t *sa_of, uint32_t n,
    const struct policy *old)
{
	struct sa_policy p = { .direction = SA_DIR_BOTH, .n = n,
		.aces = aces, .sa_of = sa_of };
	uint8_t *local = xcalloc(1, n + 1);
	struct policy *new;

	memset(local, 1, n);
	p.local = local;
	new = policy_new(&p, old);
	free(local);
	return new;
}

static void
policy_use(struct group *g, struct policy *p)
{
	ref_get(p);
	ref_put(g->policy);
	g->policy = p;
}

/* SAs of an ike that has died live for that entry. */
static bool
is_left(const struct group *g, uint16_t sa_index)
{
	const struct sa *sa;

	for (sa = g->sas; sa != NULL; sa = sa->next)
		if (sa->sa_index == sa_index &&
		    __atomic_load_n(&sa->doubted, __ATOMIC_RELAXED))
			return true;
	return false;
}

static bool
has_index(const uint16_t *sa_of, uint32_t n, uint16_t sa_index)
{
	uint32_t i;

	for (i = 0; i < n && sa_of[i] != sa_index; i++)
		;
	return i < n;
}

/* What ike says of an entry for a dynamic map. A new process ike knows only of
 * the peers that have come again: what the others have goes on behind that,
 * as long as their SAs live, and leaves neither in clear nor to others. */
static struct policy *
said_of(struct group *g, const struct ace *aces, const uint16_t *sa_of,
    uint32_t n)
{
	const struct policy *old = g->said;
	uint32_t most = n + (old != NULL ? old->n : 0), i, k = n;
	struct ace *all = xcalloc(most + 1, sizeof(*all));
	uint16_t *of = xcalloc(most + 1, sizeof(*of));
	struct policy *new;

	for (i = 0; i < n; i++) {
		all[i] = aces[i];
		of[i] = sa_of[i];
	}
	for (i = 0; i < most - n; i++) {
		if (has_index(of, k, old->sa_of[i]) ||
		    !is_left(g, old->sa_of[i]))
			continue;
		all[k] = old->aces[i];
		of[k++] = old->sa_of[i];
	}
	g->n_left = k - n;
	new = policy_of(all, of, k, old);
	free(all);
	free(of);
	return new;
}

static void
said_use(struct group *g, struct policy *p)
{
	ref_put(g->said);
	g->said = p;
	if (!g->fixed)
		policy_use(g, g->said);
}

void
pair_policy(struct group *g, const struct sa_policy *src)
{
	if (g->kind != GROUP_MAP)
		return;
	if (src == NULL)
		g->n_left = 0;
	said_use(g, src == NULL ? NULL :
	    said_of(g, src->aces, src->sa_of, src->n));
}

/* The list of an entry; NULL: there is none, or it is empty, and nothing is
 * encrypted. The number of an entry of the list is that of its SAs; without
 * (0) it has none. */
static struct policy *
policy_of_acl(const struct fwd *f, const char *name, bool numbers,
    const struct policy *old)
{
	struct acl_obj *a = acl_find(f, name);
	struct policy *p;
	uint16_t *sa_of;
	uint32_t i;

	if (a == NULL || a->n == 0)
		return NULL;
	sa_of = xcalloc(a->n, sizeof(*sa_of));
	for (i = 0; numbers && i < a->n && i < UINT16_MAX; i++)
		sa_of[i] = (uint16_t)(i + 1);
	p = policy_of(a->aces, sa_of, a->n, old);
	p->list = ref_get(a);
	free(sa_of);
	return p;
}

static void
guards_drop(struct group *g)
{
	while (g->n_guards > 0)
		ref_put(g->guards[--g->n_guards]);
	free(g->guards);
	g->guards = NULL;
}

static void
guards_set(struct fwd *f, struct group *g, const struct conf *c,
    const char *name)
{
	struct policy **new = xcalloc(c->dynamic_maps.n + 1, sizeof(*new));
	const struct crypto_map *d;
	unsigned n = 0;

	CF_FOREACH(d, &c->dynamic_maps) {
		if (strcmp(d->name, name) != 0)
			continue;
		new[n] = policy_of_acl(f, d->acl, false,
		    n < g->n_guards ? g->guards[n] : NULL);
		n += new[n] != NULL;
	}
	guards_drop(g);
	g->guards = new;
	g->n_guards = n;
}

static void
entry_config(struct fwd *f, const struct conf *c, const struct crypto_map *m)
{
	char name[SA_NAME_MAX];
	struct group *g = group_get(f, sa_map_group(name, m->name, m->seq));
	struct policy *p;

	g->fixed = m->dynamic[0] == '\0';
	if (!g->fixed) {
		policy_use(g, g->said);
		guards_set(f, g, c, m->dynamic);
		return;
	}
	p = policy_of_acl(f, m->acl, true, g->policy);
	policy_use(g, p);
	ref_put(p);
	guards_drop(g);
}

static bool
has_entry(const struct conf *c, const char *group)
{
	const struct crypto_map *m;
	char name[SA_NAME_MAX];

	CF_FOREACH(m, &c->crypto_maps) {
		if (m->kind == MAP_ISAKMP && strcmp(sa_map_group(name,
		    m->name, m->seq), group) == 0)
			return true;
	}
	return false;
}

void
pairs_config(struct fwd *f, const struct conf *c)
{
	const struct crypto_map *m;
	const struct interface *i;
	char name[SA_NAME_MAX];
	struct group *g;

	for (g = f->groups; g != NULL; g = g->next) {
		if (g->kind != GROUP_MAP || (c != NULL &&
		    has_entry(c, g->name)))
			continue;
		policy_use(g, NULL);
		guards_drop(g);
	}
	if (c == NULL)
		return;
	CF_FOREACH(m, &c->crypto_maps) {
		if (m->kind == MAP_ISAKMP)
			entry_config(f, c, m);
	}
	CF_FOREACH(i, &c->interfaces) {
		if (i->tunnel.profile[0] != '\0')
			(void)group_get(f, sa_tunnel_group(name, i->name));
	}
}

void
pair_end(struct group *g)
{
	ref_put(g->said);
	guards_drop(g);
}

/* ---- SAs ---- */

/* One sender, one window; the other end looks at what we send. */
void
pair_sa_new(struct fwd *f, struct sa *sa, const struct sa_tek *t)
{
	unsigned size = t->window;

	sa->local = t->local;
	sa->remote = sa->said_remote = t->remote;
	sa->encap_local = t->encap_local;
	sa->encap_remote = sa->said_port = t->encap_remote;
	sa->other_spi = t->other_spi;
	sa->pfs = t->pfs;
	sa->life = t->life_kb < UINT64_MAX / 1024 ? t->life_kb * 1024 : 0;
	sa->idle = t->idle_ms;
	sa->used = sa->rate_at = f->io.now(f->arg);
	f->io.random(f->arg, &sa->spread, sizeof(sa->spread));
	if (t->replay != REPLAY_COUNTER || t->way != SA_WAY_IN)
		return;
	if (size < 64)
		size = 64;
	if (size > REPLAY_WINDOW_MAX)
		size = REPLAY_WINDOW_MAX;
	sa->win.size = (uint16_t)size;
	sa->win_bits = xcalloc(REPLAY_WORDS(size), sizeof(*sa->win_bits));
}

/* What ike has said before is nothing new: the worker may know better where
 * the peer is (udp_follow). */
void
pair_sa_again(struct sa *sa, const struct sa_tek *t)
{
	sa->idle = t->idle_ms;
	if (t->remote == 0 || (t->encap_remote == 0) != (sa->said_port == 0) ||
	    (t->remote == sa->said_remote && t->encap_remote == sa->said_port))
		return;
	sa->said_remote = t->remote;
	sa->said_port = t->encap_remote;
	__atomic_store_n(&sa->remote, t->remote, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->encap_remote, t->encap_remote,
	    __ATOMIC_RELAXED);
}

void
pair_sa_added(struct sa *sa)
{
	struct sa *o;

	for (o = sa->group->sas; o != NULL; o = o->next) {
		if (o->way != sa->way && o->spi == sa->other_spi &&
		    o->other_spi == sa->spi)
			break;
	}
	if (o == NULL)
		return;
	sa->twin = o;
	o->twin = sa;
}

void
pair_sa_removed(struct sa *sa)
{
	struct group *g = sa->group;
	const struct policy *p = g->said;

	if (sa->twin != NULL)
		sa->twin->twin = NULL;
	sa->twin = NULL;
	if (g->n_left != 0)
		said_use(g, said_of(g, p->aces, p->sa_of, p->n - g->n_left));
}

static uint64_t
last_use(const struct sa *sa)
{
	uint64_t used = __atomic_load_n(&sa->used, __ATOMIC_RELAXED), other;

	if (sa->idle_told > used)
		used = sa->idle_told;
	if (sa->twin == NULL)
		return used;
	other = __atomic_load_n(&sa->twin->used, __ATOMIC_RELAXED);
	return other > used ? other : used;
}

static void
tell_use(struct fwd *f, const struct sa *sa, enum sa_event_type type)
{
	struct sa_event e = { .type = (uint8_t)type, .spi = sa->spi,
		.src = sa->local, .dst = type == SA_EVENT_MOVED ?
		sa_remote(sa) : sa->said_remote, .sa_index = sa->sa_index,
		.port = sa_remote_port(sa) };

	str_copy(e.group, sa->group->name, sizeof(e.group));
	if (f->io.event != NULL)
		f->io.event(f->arg, &e);
}

uint64_t
pair_idle_run(struct fwd *f, uint64_t now, uint64_t next)
{
	uint64_t at;
	struct group *g;
	struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next) {
		if (g->kind == GROUP_GDOI)
			continue;
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			if (sa->way != SA_WAY_OUT || sa->idle == 0)
				continue;
			if (last_use(sa) + sa->idle <= now) {
				sa->idle_told = now;
				tell_use(f, sa, SA_EVENT_IDLE);
			}
			at = last_use(sa) + sa->idle;
			next = at < next ? at : next;
		}
	}
	return next;
}

/* The worker has followed the peer, ike has not. */
static bool
has_moved(const struct sa *sa)
{
	return sa->way == SA_WAY_OUT && sa->said_port != 0 &&
	    (sa_remote(sa) != sa->said_remote ||
	    sa_remote_port(sa) != sa->said_port);
}

/* Sent with lately, and nothing has come by the other way for as long. */
static bool
is_silent(const struct sa *sa, uint64_t now)
{
	uint64_t out, in;

	if (sa->way != SA_WAY_OUT || sa->twin == NULL)
		return false;
	out = __atomic_load_n(&sa->used, __ATOMIC_RELAXED);
	in = __atomic_load_n(&sa->twin->used, __ATOMIC_RELAXED);
	return out + LOOK_MS >= now && in + LOOK_MS <= out;
}

uint64_t
pair_look_run(struct fwd *f, uint64_t now, uint64_t next)
{
	bool due = now >= f->next_look, any = false;
	const struct group *g;
	const struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next) {
		if (g->kind == GROUP_GDOI)
			continue;
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			any = true;
			if (due && is_silent(sa, now))
				tell_use(f, sa, SA_EVENT_SILENT);
			if (due && has_moved(sa))
				tell_use(f, sa, SA_EVENT_MOVED);
		}
	}
	if (due)
		f->next_look = now + LOOK_MS;
	return any && f->next_look < next ? f->next_look : next;
}

/* ---- the snapshot ---- */

static bool
may_send(const struct sa *sa, uint64_t now)
{
	return sa->way == SA_WAY_OUT && sa->expires > now &&
	    __atomic_load_n(&sa->ended, __ATOMIC_RELAXED) == 0 &&
	    __atomic_load_n(&sa->seq, __ATOMIC_RELAXED) != UINT32_MAX;
}

/* Of one that is sent with and a newer one: that one, for the one before may
 * go at any time; but not before its time, if there is one that ike knows. */
static struct sa *
newer(struct sa *old, struct sa *new, uint64_t now, uint64_t *change)
{
	if (new->send_at <= now || old == NULL || old->doubted)
		return new;
	if (new->send_at < *change)
		*change = new->send_at;
	return old;
}

static void
build_first(struct snap *s, struct snap_group *sg)
{
	const struct policy *p = sg->policy;
	uint32_t i, max = 0;

	for (i = 0; i < p->n; i++)
		max = p->sa_of[i] > max ? p->sa_of[i] : max;
	sg->n_first = max + 1;
	sg->first = arena_alloc(s->mem, sg->n_first * sizeof(*sg->first));
	for (i = p->n; i-- > 0;)
		if (p->aces[i].action == ACE_PERMIT && p->sa_of[i] != 0)
			sg->first[p->sa_of[i]] = i + 1;
}

uint32_t
pair_entry(const struct snap_group *sg, uint16_t sa_index)
{
	if (sa_index >= sg->n_first || sg->first[sa_index] == 0)
		return CLASSIFY_NONE;
	return sg->first[sa_index] - 1;
}

static void
build_guards(struct snap *s, struct snap_group *sg)
{
	const struct group *g = sg->group;
	unsigned i;

	sg->guards = arena_alloc(s->mem,
	    (g->n_guards + 1) * sizeof(*sg->guards));
	for (i = 0; i < g->n_guards; i++) {
		sg->guards[i].group = sg->group;
		sg->guards[i].policy = g->guards[i];
		sg->guards[i].out = arena_alloc(s->mem,
		    (g->guards[i]->n + 1) * sizeof(*sg->guards[i].out));
	}
	sg->n_guards = g->n_guards;
}

/* A peer that comes again to a new process ike has an entry before it has SAs
 * for that: what it had goes on until then. */
static void
lend_left(struct snap_group *sg)
{
	const struct policy *p = sg->policy;
	uint32_t i, left, known;

	if (p == NULL || p != sg->group->said)
		return;
	known = p->n - sg->group->n_left;
	for (i = 0; i < known; i++)
		for (left = known; left < p->n && sg->out[i] == NULL; left++)
			if (ace_equal(&p->aces[i], &p->aces[left]))
				sg->out[i] = sg->out[left];
}

/* One walk through SAs and entries: a hub has thousands of both. Of two
 * entries with one number (a dynamic map) the second is as the first. */
void
pair_build(struct snap *s, struct snap_group *sg, uint64_t now,
    uint64_t *change)
{
	const struct policy *p = sg->policy;
	struct sa *sa;
	uint32_t i;

	sg->out = arena_alloc(s->mem,
	    ((p != NULL ? p->n : 0) + 1) * sizeof(*sg->out));
	build_guards(s, sg);
	if (p != NULL)
		build_first(s, sg);
	for (sa = sg->group->sas; sa != NULL; sa = sa->next) {
		i = sg->group->kind == GROUP_TUNNEL ? 0 :
		    pair_entry(sg, sa->sa_index);
		if (i != CLASSIFY_NONE && may_send(sa, now))
			sg->out[i] = newer(sg->out[i], sa, now, change);
	}
	for (i = 0; p != NULL && i < p->n; i++) {
		if (p->aces[i].action == ACE_PERMIT && p->sa_of[i] != 0)
			sg->out[i] = sg->out[pair_entry(sg, p->sa_of[i])];
	}
	lend_left(sg);
}

/* ---- what the worker says ---- */

static void
tell(struct fwd *f, enum sa_event_type type, const struct event *e,
    uint32_t spi)
{
	struct sa_event s = { .type = (uint8_t)type, .spi = spi,
		.src = e->src, .dst = e->b, .sa_index = (uint16_t)e->a };

	str_copy(s.group, e->group->name, sizeof(s.group));
	if (f->io.event != NULL)
		f->io.event(f->arg, &s);
}

/* The volume of an SA ends, or is used up: then it goes, and what was left to
 * send waits for the next one. */
static void
volume_event(struct fwd *f, const struct event *e)
{
	const struct sa *sa;
	uint8_t way = (uint8_t)e->c;
	uint32_t spi; /* of the way out: that one ike replaces */

	for (sa = e->group->sas; sa != NULL; sa = sa->next)
		if (sa->spi == e->spi && sa->way == way)
			break;
	if (sa == NULL)
		return;
	spi = way == SA_WAY_OUT ? sa->spi : sa->other_spi;
	if (__atomic_load_n(&sa->ended, __ATOMIC_RELAXED) != 0) {
		tell(f, SA_EVENT_EXHAUSTED, e, spi);
		sa_end(f, e->group, sa->spi, way);
	} else {
		tell(f, SA_EVENT_KILOBYTES, e, spi);
	}
}

void
pair_event(struct fwd *f, const struct event *e)
{
	if (e->type == EVENT_ACQUIRE)
		tell(f, SA_EVENT_ACQUIRE, e, 0);
	else
		volume_event(f, e);
}
