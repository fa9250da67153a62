/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: who may give out which sender identifiers (SIDs),
 * see coop.h. Runs in process ike.
 *
 * All TEKs of a lineage have one epoch. A SID may be given out once in an
 * epoch, so a key server claims a KSSID before it gives out SIDs of it, and
 * it is its alone then, until the epoch ends with all its keys: also when that
 * server starts again, knowing nothing of what it gave out. So a life of a key
 * server claims, in its configured KSSIDs, the first that nobody has claimed.
 *
 * It may use it when each of the others knows of the claim: whoever has the
 * keys of the epoch, also one that gets them later from any of those, knows
 * then whose that KSSID is. (To leave out those that are silent now is not
 * enough: behind a partition they may have the keys, and this server, started
 * again, could meet them there.) The first claim is free: it is made together
 * with the epoch, and nobody can have the keys without it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define SPREAD_MS 1000 /* the primary has told the others by then */

struct claim {
	struct coop_claim c;
	bool first;	/* made with the epoch */
	bool lost;	/* made here, but in an earlier stay in this epoch:
			 * what was given out then is forgotten */
	unsigned n;	/* peers that know of it */
	uint32_t known[COOP_PEERS_MAX];
};

struct coop_sids {
	struct ks_group *grp;
	struct timer timer;	/* for those who may not know of a claim */
	uint64_t epoch;
	unsigned n;
	struct claim claims[KSSID_MAX]; /* by KSSID */
};

static bool
is_own(const struct coop *c, const struct claim *cl)
{
	return coop_id_equal(&cl->c.id, &c->self) && !cl->lost;
}

static struct coop_sids *
sids_of(struct coop *c)
{
	if (c->sids == NULL) {
		c->sids = xcalloc(1, sizeof(*c->sids));
		c->sids->grp = c->grp;
	}
	return c->sids;
}

static struct claim *
find(const struct coop_sids *s, unsigned kssid)
{
	unsigned i;

	for (i = 0; s != NULL && i < s->n; i++)
		if (s->claims[i].c.kssid == kssid)
			return (struct claim *)&s->claims[i];
	return NULL;
}

static struct claim *
insert(struct coop_sids *s, const struct coop_claim *c)
{
	unsigned i;

	for (i = s->n; i > 0 && s->claims[i - 1].c.kssid > c->kssid; i--)
		s->claims[i] = s->claims[i - 1];
	s->n++;
	memset(&s->claims[i], 0, sizeof(s->claims[i]));
	s->claims[i].c = *c;
	return &s->claims[i];
}

static bool
knows(const struct claim *cl, uint32_t peer)
{
	unsigned i;

	for (i = 0; i < cl->n; i++)
		if (cl->known[i] == peer)
			return true;
	return false;
}

static bool
all_know(const struct coop *c, const struct claim *cl)
{
	const struct coop_peer *p;

	if (cl->first)
		return true;
	TAILQ_FOREACH(p, &c->peers, link)
		if (!knows(cl, p->addr))
			return false;
	return true;
}

/* ---- use ---- */

bool
coop_sid_may_use(const struct ks_group *grp, unsigned kssid)
{
	const struct claim *cl = find(grp->coop->sids, kssid);

	return cl != NULL && is_own(grp->coop, cl) && all_know(grp->coop, cl);
}

/* Those that follow one primary have no reason to speak to each other: they
 * do for this. */
static void
spread(void *arg)
{
	struct coop_sids *s = arg;
	struct coop *c = s->grp->coop;
	struct coop_peer *p;
	bool missing = false;
	unsigned i;

	TAILQ_FOREACH(p, &c->peers, link) {
		for (i = 0; i < s->n; i++)
			if (is_own(c, &s->claims[i]) &&
			    !s->claims[i].first &&
			    !knows(&s->claims[i], p->addr))
				break;
		if (i == s->n)
			continue;
		missing = true;
		if (coop_alive(c, p->addr))
			coop_send(p, true);
	}
	if (missing)
		timer_set(&s->grp->g->ike->timers, &s->timer,
		    gdoi_now(s->grp->g) + (uint64_t)c->retransmit * 1000,
		    spread, s);
}

/* A server that lives has one, as it seems: members may go there. */
static bool
is_elsewhere(const struct coop *c)
{
	const struct coop_id *id;
	unsigned i;
	int at;

	for (i = 0; i < c->sids->n; i++) {
		id = &c->sids->claims[i].c.id;
		at = coop_view_find(c, id->addr);
		if (id->addr != c->self.addr && coop_view_alive(c, at) &&
		    c->servers[at].id.boot == id->boot)
			return true;
	}
	return false;
}

bool
coop_sid_waits(const struct ks_group *grp)
{
	const struct coop *c = grp->coop;
	const struct coop_peer *p;
	unsigned i;

	for (i = 0; c != NULL && c->sids != NULL && i < c->sids->n; i++) {
		const struct claim *cl = &c->sids->claims[i];

		if (!is_own(c, cl) || all_know(c, cl))
			continue;
		TAILQ_FOREACH(p, &c->peers, link)
			if (!knows(cl, p->addr) && !coop_alive(c, p->addr))
				break;
		if (p == NULL || is_elsewhere(c))
			return true;
	}
	return false;
}

static bool
of_a_peer(const struct coop *c, unsigned kssid)
{
	const struct coop_peer *p;

	TAILQ_FOREACH(p, &c->peers, link)
		if (kssid_in(p->kssids, kssid))
			return true;
	return false;
}

static struct claim *
claim(struct ks_group *grp, unsigned kssid)
{
	struct coop_claim cl = { (uint16_t)kssid, grp->coop->self };
	struct coop_sids *s = sids_of(grp->coop);

	debug(DBG_KS_COOP, DBG_EVENT, 0, "(%s):claims KSSID %u", grp->name,
	    kssid);
	timer_set(&grp->g->ike->timers, &s->timer, gdoi_now(grp->g) +
	    SPREAD_MS, spread, s);
	return insert(s, &cl);
}

static struct claim *
claim_next(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	unsigned i;

	for (i = 0; i < KSSID_MAX; i++)
		if (ks_kssid_own(grp, i) && find(c->sids, i) == NULL &&
		    !of_a_peer(c, i))
			break;
	if (i == KSSID_MAX)
		return NULL;
	coop_changed(grp);
	return claim(grp, i);
}

/* With a quarter of a KSSID left it is time for the next. */
void
coop_sid_claim(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	uint64_t left = 0;
	unsigned i;

	if (c == NULL || c->sids == NULL || c->sids->epoch == 0 ||
	    grp->active == NULL || !ks_policy_counter(grp->active))
		return;
	for (i = 0; i < c->sids->n; i++) {
		const struct claim *cl = &c->sids->claims[i];

		if (is_own(c, cl) && ks_kssid_own(grp, cl->c.kssid))
			left += ks_sids_of_kssid(grp) -
			    grp->sids.next[cl->c.kssid];
	}
	if (left <= ks_sids_of_kssid(grp) / 4)
		(void)claim_next(grp);
}

void
coop_sid_begin(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	struct coop_sids *s;
	struct claim *cl;
	unsigned i;

	if (c == NULL)
		return;
	s = sids_of(c);
	s->n = 0;
	s->epoch = 0;
	while (s->epoch == 0)
		ike_random(grp->g->ike, &s->epoch, sizeof(s->epoch));
	/* it was alone so far */
	for (i = 0; i < KSSID_MAX; i++)
		if (grp->sids.next[i] != 0)
			claim(grp, i)->first = true;
	if (s->n == 0 && ks_policy_counter(grp->active) &&
	    (cl = claim_next(grp)) != NULL)
		cl->first = true;
}

/* ---- the others ---- */

uint64_t
coop_sid_epoch(const struct ks_group *grp)
{
	return grp->coop == NULL || grp->coop->sids == NULL ? 0 :
	    grp->coop->sids->epoch;
}

void
coop_sid_export(const struct ks_group *grp, struct coop_keys *k)
{
	const struct coop_sids *s = grp->coop->sids;
	unsigned i;

	k->sid_bits = ks_sid_bits(grp);
	if (s == NULL)
		return;
	k->sid_epoch = s->epoch;
	for (i = 0; i < s->n; i++)
		k->claims[k->nclaims++] = s->claims[i].c;
}

/* Two that claim the same one are configured to: the same one is left to all,
 * the other may not go on. */
static bool
beats(const struct coop_claim *a, const struct coop_claim *b)
{
	return a->id.addr != b->id.addr ? a->id.addr > b->id.addr :
	    a->id.boot > b->id.boot;
}

bool
coop_sid_import(struct ks_group *grp, const struct coop_keys *k, bool adopt)
{
	struct coop_sids *s = sids_of(grp->coop);
	bool news = false;
	struct claim *cl;
	unsigned i;

	if (k->sid_epoch == 0)
		return false;
	if (s->epoch != k->sid_epoch) {
		if (!adopt)
			return false;
		ks_sids_reset(grp);
		s->n = 0;
		s->epoch = k->sid_epoch;
		news = true;
	}
	for (i = 0; i < k->nclaims; i++) {
		const struct coop_claim *c = &k->claims[i];

		if (c->kssid >= KSSID_MAX)
			continue;
		cl = find(s, c->kssid);
		if (cl == NULL) {
			cl = insert(s, c);
			cl->lost = is_own(grp->coop, cl);
			news = true;
		} else if (beats(c, &cl->c)) {
			cl->c = *c;
			cl->first = false;
			cl->n = 0;
			news = true;
		}
	}
	return news;
}

void
coop_sid_acked(struct coop_peer *p)
{
	struct coop *c = p->coop;
	unsigned i;

	for (i = 0; c->sids != NULL && i < c->sids->n; i++) {
		struct claim *cl = &c->sids->claims[i];

		if (is_own(c, cl) && !knows(cl, p->addr) &&
		    cl->n < COOP_PEERS_MAX)
			cl->known[cl->n++] = p->addr;
	}
}

void
coop_sid_fill(struct coop_peer *p, struct coop_msg *m)
{
	const struct ks_policy *policy = p->coop->grp->policy;

	memcpy(m->kssids, policy->kssids, sizeof(m->kssids));
	m->sid_bits = ks_sid_bits(p->coop->grp);
}

void
coop_sid_receive(struct coop_peer *p, const struct coop_msg *m)
{
	memcpy(p->kssids, m->kssids, sizeof(p->kssids));
	p->sid_bits = m->sid_bits;
}

void
coop_sid_claimed(const struct coop *c, const struct coop_id *id, bool former,
    uint64_t set[KSSID_WORDS])
{
	const struct claim *cl;
	unsigned i;

	memset(set, 0, KSSID_WORDS * sizeof(*set));
	for (i = 0; c->sids != NULL && i < c->sids->n; i++) {
		cl = &c->sids->claims[i];
		if (cl->c.id.addr == id->addr &&
		    (cl->c.id.boot != id->boot || cl->lost) == former)
			kssid_add(set, cl->c.kssid);
	}
}

void
coop_sid_free(struct coop *c)
{
	if (c->sids != NULL)
		timer_clear(&c->grp->g->ike->timers, &c->sids->timer);
	free(c->sids);
	c->sids = NULL;
}
