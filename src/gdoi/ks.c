/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: groups from the configuration, their keys' schedule, the
 * database of members. Runs in process ike.
 *
 * Keys are made when the first member registers, with `redundancy` when this
 * server becomes primary. From then on they roll for ever: a TEK or the KEK
 * is replaced some time before its end, and members get the new one by a push
 * (ks_rekey.c). A secondary has what the primary told, and rekeys nobody.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define BEFORE_REMINDERS 2 /* repetitions that all get, as the default */

struct ks_group *
ks_find(struct gdoi *g, const char *name)
{
	struct ks_group *grp;

	TAILQ_FOREACH(grp, &g->ks, link)
		if (strcmp(grp->name, name) == 0)
			return grp;
	return NULL;
}

struct ks_group *
ks_find_id(struct gdoi *g, uint8_t id_type, uint32_t id, uint32_t local)
{
	struct ks_group *grp;

	if (id_type == GDOI_ID_NONE)
		return NULL;
	TAILQ_FOREACH(grp, &g->ks, link)
		if (grp->id_type == id_type && grp->id == id &&
		    grp->addr == local)
			return grp;
	return NULL;
}

/* ---- keys ---- */

static struct ks_tek *
newest_tek(const struct ks_group *grp, uint16_t sa)
{
	struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->newest && t->sa.number == sa)
			return t;
	return NULL;
}

void
ks_destroy_keys(struct ks_group *grp)
{
	struct ks_tek *t;

	ks_rekey_stop(grp);
	while ((t = TAILQ_FIRST(&grp->teks)) != NULL)
		ks_drop_tek(grp, t);
	ks_drop_keks(grp);
	ks_policy_free(grp->active);
	grp->active = NULL;
	grp->generation++;
	ks_sids_reset(grp);
}

/* The policy of the configuration becomes the one in use. */
static void
adopt_policy(struct ks_group *grp)
{
	const struct gdoi_group *c = conf_find_gdoi_group(grp->g->conf,
	    grp->name);

	ks_policy_free(grp->active);
	grp->active = ks_policy_make(grp->g, c);
}

void
ks_log_problem(struct ks_group *grp)
{
	struct ks_policy *p = grp->policy;

	if (p->problem[0] == '\0' || p->logged)
		return;
	p->logged = true;
	if (p->problem_log == LOG_KS_NO_ACL)
		ike_log(grp->g->ike, LOG_KS_NO_ACL, p->problem_acl,
		    (unsigned)p->problem_sa, grp->name);
	else
		ike_log(grp->g->ike, LOG_KS_NO_POLICY, grp->name, p->problem);
}

bool
ks_ready(struct ks_group *grp)
{
	unsigned i;

	if (!coop_is_primary(grp)) /* it has what the primary has told */
		return grp->active != NULL;
	if (grp->active != NULL) {
		/* keys roll; a KEK can appear when its RSA key does */
		if (grp->kek == NULL && ks_make_kek(grp)) {
			grp->generation++;
			ks_set_timer(grp);
			coop_keys_changed(grp);
		}
		return true;
	}
	if (grp->policy->problem[0] != '\0') {
		ks_log_problem(grp);
		return false;
	}
	adopt_policy(grp);
	ks_clock_start(grp);
	for (i = 0; i < grp->active->nsas; i++)
		ks_make_tek(grp, &grp->active->sas[i]);
	(void)ks_make_kek(grp);
	coop_sid_begin(grp);
	ks_set_timer(grp);
	coop_keys_changed(grp);
	return true;
}

static void
add_sat(struct ks_group *grp, struct gdoi_sat *s, const struct ks_ace *a,
    const struct ks_tek *t)
{
	s->ace = a->ace;
	s->spi = t->k.spi;
	s->transform = t->sa.transform;
	s->life = secs_until(grp->g, t->expires);
	s->replay = t->sa.replay;
	s->window = t->sa.window;
	s->receive_only = grp->active->receive_only;
	s->sa_index = grp->active->nsas > 1 ? a->sa : 0;
}

/* Above so many entries of old TEKs a TEK is named once only: members of
 * ours need no more, and there is an end to what a datagram can carry. */
#define OLD_SATS_MAX 256

/* The whole policy with the newest TEKs; behind it the permit entries again
 * with the TEKs that are on their way out, so that a member that comes now
 * can read what others still send with them. */
struct gdoi_sat *
ks_sats(struct ks_group *grp, unsigned *n)
{
	const struct ks_policy *p = grp->active;
	struct gdoi_sat *sats;
	struct ks_tek *t;
	unsigned i, ntek = 0;
	bool brief;

	TAILQ_FOREACH(t, &grp->teks, link)
		ntek++;
	brief = ntek * p->naces > OLD_SATS_MAX;
	sats = xcalloc((size_t)p->naces * (ntek + 1), sizeof(*sats));
	*n = 0;
	for (i = 0; i < p->naces; i++)
		if ((t = newest_tek(grp, p->aces[i].sa)) != NULL)
			add_sat(grp, &sats[(*n)++], &p->aces[i], t);
	TAILQ_FOREACH(t, &grp->teks, link) {
		if (t->newest || secs_until(grp->g, t->expires) == 0)
			continue;
		for (i = 0; i < p->naces; i++) {
			if (p->aces[i].sa != t->sa.number ||
			    p->aces[i].ace.action != ACE_PERMIT ||
			    *n >= GDOI_SATS_MAX)
				continue;
			add_sat(grp, &sats[(*n)++], &p->aces[i], t);
			if (brief)
				break;
		}
	}
	ks_clock_stamp(grp, sats, *n, GDOI_CLOCK_ANY);
	return sats;
}

/* Members refuse a key that no entry goes with (gm_check.c): a TEK may have
 * outlived its sa ipsec. */
bool
ks_tek_told(const struct ks_group *grp, const struct ks_tek *t)
{
	const struct ks_policy *p = grp->active;
	unsigned i;

	for (i = 0; i < p->naces; i++)
		if (p->aces[i].sa == t->sa.number &&
		    (t->newest || p->aces[i].ace.action == ACE_PERMIT))
			return true;
	return false;
}

struct gdoi_tek_key *
ks_tek_keys(struct ks_group *grp, unsigned *n)
{
	struct gdoi_tek_key *keys;
	const struct ks_tek *t;

	*n = 0;
	TAILQ_FOREACH(t, &grp->teks, link)
		(*n)++;
	keys = xcalloc(*n, sizeof(*keys));
	*n = 0;
	TAILQ_FOREACH(t, &grp->teks, link)
		if (ks_tek_told(grp, t) &&
		    secs_until(grp->g, t->expires) != 0)
			keys[(*n)++] = t->k;
	return keys;
}

/* ---- schedule ---- */

/* Alone it forgets them with the members that could need them. */
static void
drop_ended_keks(struct ks_group *grp)
{
	uint64_t now = gdoi_now(grp->g);
	unsigned i, n = 0;

	for (i = 0; grp->coop != NULL && i < KEKS_OLD; i++) {
		struct ks_kek *k = grp->old_keks[i];

		grp->old_keks[i] = NULL;
		if (k != NULL && k->expires <= now)
			ks_kek_free(k);
		else if (k != NULL)
			grp->old_keks[n++] = k;
	}
	ks_gone_keks_end(grp);
}

static void
rekey_due(struct ks_group *grp, uint64_t now)
{
	bool tek_due = ks_clock_due(grp) <= now;
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		tek_due |= t->newest && t->rekey_at <= now;
	if (grp->kek != NULL && grp->kek->rekey_at <= now)
		(void)ks_rekey(grp, REKEY_KEK);
	else if (tek_due)
		(void)ks_rekey(grp, REKEY_TEK);
}

static void
schedule(void *arg)
{
	struct ks_group *grp = arg;
	struct gdoi *g = grp->g;
	struct ks_tek *t, *next;
	uint64_t now = gdoi_now(g);

	if (coop_is_primary(grp))
		rekey_due(grp, now);
	for (t = TAILQ_FIRST(&grp->teks); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		if (t->expires <= now)
			ks_drop_tek(grp, t);
	}
	drop_ended_keks(grp);
	ks_set_timer(grp);
}

/* When a rekey is due. */
static uint64_t
next_rekey(const struct ks_group *grp)
{
	uint64_t at = ks_clock_due(grp);
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->newest && t->rekey_at < at)
			at = t->rekey_at;
	if (grp->kek != NULL && grp->kek->rekey_at < at)
		at = grp->kek->rekey_at;
	return at;
}

/* The next thing to do; at least a second away, whatever is configured. The
 * primary alone rekeys. */
void
ks_set_timer(struct ks_group *grp)
{
	uint64_t at = coop_is_primary(grp) ? next_rekey(grp) : UINT64_MAX;
	uint64_t now = gdoi_now(grp->g);
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->expires < at)
			at = t->expires;
	if (at == UINT64_MAX) {
		timer_clear(&grp->g->ike->timers, &grp->timer);
		return;
	}
	if (at < now + 1000)
		at = now + 1000;
	timer_set(&grp->g->ike->timers, &grp->timer, at, schedule, grp);
}

/* ---- members ---- */

struct ks_given
ks_given_now(const struct ks_group *grp)
{
	struct ks_given g = { .generation = grp->generation,
		.kek_order = grp->kek_order };

	if (grp->coop != NULL) {
		g.term = grp->coop->keys_term;
		g.version = grp->coop->keys_version;
	}
	return g;
}

/* A pull is complete. given: the keys that it carried; if the group was
 * rekeyed meanwhile the member gets that push now, from the primary. */
void
ks_add_member(struct ks_group *grp, const struct ike_sa *sa,
    const struct gdoi_kek *kek, const struct ks_given *given)
{
	struct ks_member *m = ks_get_member(grp, sa->remote.addr);
	char a[IP4_STRLEN];

	ip4_str(m->addr, a);
	ks_rekey_forget(grp, m);
	ks_farewell_forget(grp, m->addr);
	m->owner = grp->addr;
	m->port = sa->remote.port;
	m->has_kek = kek != NULL;
	if (kek != NULL)
		memcpy(m->kek_spi, kek->spi, KEK_SPI_LEN);
	m->missed = m->apart = 0;
	m->acked_ever = false;
	m->state = MEMBER_IDLE;
	str_copy(m->version, sa->peer_version[0] != '\0' ? sa->peer_version :
	    GDOI_VERSION_NONE, sizeof(m->version));
	if (grp->nmembers == 1)
		ike_log(grp->g->ike, LOG_KS_FIRST_GM, a, grp->name);
	ike_log(grp->g->ike, LOG_KS_REGS_COMPL, grp->name, a);
	m->kek_order = given->kek_order;
	m->keys_term = given->term;
	m->keys_version = given->version;
	if (given->generation != grp->generation && coop_is_primary(grp))
		ks_rekey_to(grp, m);
	coop_member_changed(grp, m);
}

/* ---- configuration ---- */

void
ks_clear(struct ks_group *grp)
{
	struct ks_member *m;

	while ((m = TAILQ_FIRST(&grp->members)) != NULL)
		ks_remove_member(grp, m, false);
	ks_destroy_keys(grp);
	ks_set_timer(grp);
}

static void
group_free(struct ks_group *grp)
{
	struct gdoi *g = grp->g;

	coop_free(grp);
	ks_clear(grp);
	timer_clear(&g->ike->timers, &grp->timer);
	TAILQ_REMOVE(&g->ks, grp, link);
	ks_farewells_free(grp);
	ks_policy_free(grp->policy);
	explicit_bzero(grp, sizeof(*grp));
	free(grp);
}

static struct ks_group *
group_new(struct gdoi *g, const char *name)
{
	struct ks_group *grp = xcalloc(1, sizeof(*grp));

	grp->g = g;
	str_copy(grp->name, name, sizeof(grp->name));
	TAILQ_INIT(&grp->teks);
	TAILQ_INIT(&grp->members);
	TAILQ_INIT(&grp->farewells);
	grp->handle = ++g->handles;
	TAILQ_INSERT_TAIL(&g->ks, grp, link);
	return grp;
}

static void
set_address(struct ks_group *grp, uint32_t addr)
{
	char a[IP4_STRLEN];

	if (grp->addr == addr)
		return;
	coop_free(grp); /* it is another key server for the others */
	if (grp->addr != 0)
		ike_log(grp->g->ike, LOG_KS_GROUP_DELETE,
		    ip4_str(grp->addr, a), grp->name);
	ks_own_members(grp, grp->addr, addr);
	grp->addr = addr;
	if (addr != 0)
		ike_log(grp->g->ike, LOG_KS_GROUP_ADD, ip4_str(addr, a),
		    grp->name);
}

/* Key servers with another identity are another group's: the others go on with
 * the keys and the members. */
static void
set_identity(struct ks_group *grp, const struct gdoi_group *c)
{
	if (grp->coop != NULL &&
	    (grp->id_type != c->id_type || grp->id != c->id)) {
		coop_free(grp);
		ks_clear(grp);
	}
	grp->id_type = c->id_type;
	grp->id = c->id;
}

static void
group_config(struct gdoi *g, const struct gdoi_group *c)
{
	const struct gdoi_local *l = (const void *)c->local.first;
	struct ks_policy *p = ks_policy_make(g, c);
	struct ks_group *grp = ks_find(g, c->name);
	bool changed;

	if (grp == NULL)
		grp = group_new(g, c->name);
	grp->gone = false;
	set_identity(grp, c);
	grp->retransmit_secs = l->retransmit_secs != 0 ? l->retransmit_secs :
	    10;
	grp->retransmit_count = l->retransmit_periodic ?
	    BEFORE_REMINDERS : l->retransmit_count;
	grp->periodic = l->retransmit_periodic;
	grp->unicast = l->unicast;
	set_address(grp, l->addr);
	changed = grp->policy != NULL && !ks_policy_equal(grp->policy, p);
	if (changed && grp->policy->receive_only != p->receive_only)
		ike_log(g->ike, p->receive_only ? LOG_KS_CONV_SAS_INGRESS :
		    LOG_KS_CONV_SAS_DUPLEX, grp->name);
	if (changed)
		grp->no_rsa_logged = false;
	else if (grp->policy != NULL)
		p->logged = grp->policy->logged;
	ks_policy_free(grp->policy);
	grp->policy = p;
	/* the same under other names: nobody has to be told */
	if (grp->active != NULL && p->problem[0] == '\0' &&
	    coop_is_primary(grp) && ks_policy_equal(grp->active, p)) {
		ks_policy_free(grp->active);
		grp->active = ks_policy_make(g, c);
	}
	coop_config(grp, l);
}

void
ks_config(struct gdoi *g, const struct conf *c)
{
	const struct gdoi_group *cg;
	struct ks_group *grp, *next;

	TAILQ_FOREACH(grp, &g->ks, link)
		grp->gone = true;
	CF_FOREACH (cg, &c->gdoi_groups)
		if (cg->local.first != NULL)
			group_config(g, cg);
	for (grp = TAILQ_FIRST(&g->ks); grp != NULL; grp = next) {
		next = TAILQ_NEXT(grp, link);
		if (!grp->gone)
			continue;
		set_address(grp, 0);
		group_free(grp);
	}
}

void
ks_free(struct gdoi *g)
{
	struct ks_group *grp;

	while ((grp = TAILQ_FIRST(&g->ks)) != NULL)
		group_free(grp);
}
