/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: keys and policy, see coop.h; the set of keys is in
 * coop_set.c. Runs in process ike.
 *
 *	primary		makes keys and sends rekeys. New keys go to the other
 *			key servers first: a member never has a key that goes
 *			down with the primary (`held`)
 *	others		keep what they hear, and of their primary they take
 *			what is current
 *	promoted	goes on with the keys and the schedule. Its first rekey
 *			brings a KEK of its own, under all those that members
 *			may have; it comes at once when one may have been cut
 *			off by the end of the primary before
 *	merge		a server that follows again has keys that the primary
 *			lacks: they are told to all members, under all KEKs.
 *			Members go on with the TEK that they send with to its
 *			end, so each half can read itself all the time
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define MERGE_MS 1000	/* what else is underway comes along */
#define MERGED_MS 5000	/* the members of one half have the other's TEKs ... */
#define MEMBER_MS 2	/* ... and for each of them */
#define MERGED_MAX_MS 10000
#define UNFINISHED_MS 60000
#define HOLD_MS 10000	/* that members wait for the other key servers */
#define SPREAD_MS 300000 /* nobody registers or waits with the one before */
#define GOOD_PPM 1000	/* two clocks run apart */
#define SLACK_MS 50

static void on_timer(void *);

static void
set_timer(struct ks_group *grp, uint64_t ms)
{
	struct coop *c = grp->coop;
	uint64_t at = gdoi_now(grp->g) + ms;

	if (c->keys_timer.pos == 0 || c->keys_timer.at > at)
		timer_set(&grp->g->ike->timers, &c->keys_timer, at, on_timer,
		    grp);
}

void
coop_keys_merge(struct ks_group *grp)
{
	grp->coop->merge = true;
	set_timer(grp, MERGE_MS);
}

/* ---- what the others have ---- */

static bool
lacks(const struct coop_peer *p, const uint8_t digest[8])
{
	return memcmp(p->keys_digest, digest, 8) != 0;
}

bool
coop_keys_held(const struct ks_group *grp)
{
	const struct coop *c = grp->coop;
	const struct coop_peer *p;
	uint8_t digest[8];

	if (c == NULL || c->role != COOP_PRIMARY ||
	    gdoi_now(grp->g) >= c->hold_until)
		return false;
	coop_set_digest(grp, digest);
	TAILQ_FOREACH(p, &c->peers, link)
		if (!p->late && coop_alive(c, p->addr) && lacks(p, digest))
			return true;
	return false;
}

/* Of those that end late enough the first one is sent with. It should be here
 * for so long that members have it, if there is one. */
static bool
is_unsettled(const struct ks_group *grp, uint16_t sa, uint64_t since)
{
	uint64_t now = gdoi_now(grp->g), ours = UINT64_MAX, new = UINT64_MAX;
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link) {
		if (t->sa.number != sa ||
		    t->expires <= now + SA_STOP_SENDING_MS)
			continue;
		if (t->came <= since && t->expires < ours)
			ours = t->expires;
		else if (t->came > since && t->expires < new)
			new = t->expires;
	}
	return ours != UINT64_MAX && new != UINT64_MAX &&
	    new < ours + TEK_APART_MS;
}

bool
coop_keys_unsettled(const struct ks_group *grp)
{
	uint64_t now = gdoi_now(grp->g);
	uint64_t ms = MERGED_MS + (uint64_t)grp->nmembers * MEMBER_MS;
	unsigned i;

	ms = ms < MERGED_MAX_MS ? ms : MERGED_MAX_MS;
	for (i = 0; grp->coop != NULL && i < grp->active->nsas; i++)
		if (is_unsettled(grp, grp->active->sas[i].number,
		    now > ms ? now - ms : 0))
			return true;
	return false;
}

bool
coop_all_there(const struct ks_group *grp)
{
	const struct coop_peer *p;

	if (grp->coop == NULL)
		return true;
	TAILQ_FOREACH(p, &grp->coop->peers, link)
		if (!coop_alive(grp->coop, p->addr))
			return false;
	return true;
}

/* Who did not have it in all that time may never: another implementation, or
 * one that cannot take it. */
static void
give_up(struct ks_group *grp)
{
	struct coop_peer *p;
	uint8_t digest[8];

	coop_set_digest(grp, digest);
	TAILQ_FOREACH(p, &grp->coop->peers, link)
		p->late |= lacks(p, digest);
}

static void
release(struct ks_group *grp)
{
	struct coop *c = grp->coop;

	if (c->role != COOP_PRIMARY || coop_keys_held(grp))
		return;
	if (c->hold_until != 0 && gdoi_now(grp->g) >= c->hold_until)
		give_up(grp);
	c->hold_until = 0;
	ks_rekey_release(grp);
}

/* From the first change that somebody lacks: changes that do not end do not
 * make it longer. */
static void
hold(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g), ms = (uint64_t)c->retransmit * 1000;

	if (now < c->hold_until)
		return;
	ms = ms < HOLD_MS ? ms : HOLD_MS;
	c->hold_until = now + ms;
	set_timer(grp, ms);
}

void
coop_keys_changed(struct ks_group *grp)
{
	struct coop *c = grp->coop;

	if (c == NULL)
		return;
	if (coop_is_primary(grp)) {
		c->keys_owner = c->self;
		if (c->term > c->keys_term)
			c->keys_term = c->term;
		c->keys_version++;
		c->synced = true;
		hold(grp);
	}
	coop_sid_claim(grp);
	coop_changed(grp);
}

static bool
all_same(const struct ks_group *grp)
{
	const struct coop_peer *p;
	uint8_t digest[8];

	coop_set_digest(grp, digest);
	TAILQ_FOREACH(p, &grp->coop->peers, link)
		if (lacks(p, digest))
			return false;
	return true;
}

static bool
anybody_needs(const struct ks_group *grp, const struct ks_kek *k)
{
	const struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link)
		if (m->has_kek && (ks_kek_age(grp, m) != 0 ||
		    ks_may_have(grp, m, k)))
			return true;
	return false;
}

/* All key servers are there and have the same, and all members surely the KEK
 * of the group: those before it would only make each rekey larger until they
 * end. */
void
coop_keys_tidy(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	unsigned i, n = 0;

	if (c == NULL || c->role != COOP_PRIMARY || grp->kek == NULL ||
	    gdoi_now(grp->g) - grp->kek->born < SPREAD_MS ||
	    !coop_all_there(grp) || !all_same(grp))
		return;
	for (i = 0; i < KEKS_OLD && grp->old_keks[i] != NULL; i++) {
		struct ks_kek *k = grp->old_keks[i];

		grp->old_keks[i] = NULL;
		if (anybody_needs(grp, k)) {
			grp->old_keks[n++] = k;
			continue;
		}
		coop_kek_dropped(grp, k);
		ks_kek_free(k);
	}
}

/* ---- pseudotime ---- */

static const char *
secs(uint64_t cs, char *buf)
{
	snprintf(buf, 24, "%llu.%02u", (unsigned long long)(cs / 100),
	    (unsigned)(cs % 100));
	return buf;
}

/* The primary's clock was not behind what it said when that was sent, so ours
 * may be behind it never, and ahead by what the message took. One that took
 * long says nothing of our clock: that is corrected by what two clocks can run
 * apart. How old a message may be that is in order depends on how often it is
 * repeated. */
static void
set_clock(struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;
	uint64_t now = gdoi_now(grp->g), own = ks_pseudotime(grp);
	uint64_t told = k->pseudotime, ahead, bound;

	if (k->clock_id == 0)
		return;
	if (grp->clock_id != k->clock_id || told >= own) {
		grp->clock_id = k->clock_id;
		grp->clock_start = now - told * 10;
		c->clock_set = now;
	} else {
		ahead = (own - told) * 10;
		bound = SLACK_MS + (now - c->clock_set) * GOOD_PPM / 1000000;
		if (ahead <= bound) {
			grp->clock_start += ahead;
			c->clock_set = now;
		}
	}
	grp->clock_sync = now - k->clock_sync;
}

/* By how much two clocks may differ, and what was said in between may be late,
 * in hundredths: since they were the same, each has run by itself. */
static uint64_t
clock_slack(const struct coop_peer *p)
{
	const struct coop *c = p->coop;
	uint64_t since = p->same;

	if (c->role != COOP_PRIMARY && c->clock_set < since)
		since = c->clock_set;
	return 200 + (uint64_t)c->retransmit * 200 +
	    (gdoi_now(c->grp->g) - since) / 10 * GOOD_PPM / 1000000;
}

static void
log_clock(const struct coop_peer *p, uint64_t own, uint64_t told)
{
	const struct coop *c = p->coop;
	char mine[24], theirs[24], a[IP4_STRLEN];

	ike_log_limited(c->grp->g->ike, p->addr, c->role == COOP_PRIMARY ?
	    LOG_COOP_ANN_INVALID_PST_PRIM : LOG_COOP_ANN_INVALID_PST_SEC,
	    c->grp->name, ip4_str(p->addr, a), secs(own, mine),
	    secs(told, theirs));
}

/* A message that is older than its repetitions can make it. */
static bool
clock_bad(struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;
	uint64_t own = ks_pseudotime(grp), allowed = clock_slack(p);
	char mine[24], theirs[24], most[24], a[IP4_STRLEN];

	if (grp->clock_id == 0 || k->clock_id != grp->clock_id ||
	    own <= k->pseudotime + allowed)
		return false;
	c->bad_pseudotime++;
	if (own > k->pseudotime + allowed + (uint64_t)c->timeout * 100)
		ike_log_limited(grp->g->ike, p->addr, LOG_COOP_ANN_TOO_OLD,
		    grp->name, ip4_str(p->addr, a), secs(own, mine),
		    secs(k->pseudotime, theirs), secs(allowed, most));
	else
		log_clock(p, own, k->pseudotime);
	return true;
}

/* The primary's machine stood still for a while, or another one's did not
 * count right. No message comes before it was sent, and members refuse what is
 * behind the clock that they know: it goes forward, for all. */
static void
catch_up(struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;
	uint64_t own = ks_pseudotime(grp);

	if (c->role != COOP_PRIMARY || grp->clock_id == 0 ||
	    k->clock_id != grp->clock_id ||
	    k->pseudotime <= own + clock_slack(p))
		return;
	c->bad_pseudotime++;
	log_clock(p, own, k->pseudotime);
	grp->clock_start -= (k->pseudotime - own) * 10;
	p->same = gdoi_now(grp->g);
	if (ks_is_timed(grp))
		coop_keys_merge(grp);
}

/* ---- import ---- */

/* What this one says is current, is current here too. */
static bool
is_register(const struct coop *c, const struct coop_keys *k)
{
	if (c->role == COOP_PRIMARY || k->owner.addr == c->self.addr)
		return false;
	if (c->role == COOP_SECONDARY && k->owner.addr != c->primary)
		return false;
	if (c->role == COOP_SECONDARY &&
	    !coop_id_equal(&k->owner, &c->keys_owner))
		return true;
	return k->term != c->keys_term ? k->term > c->keys_term :
	    k->version > c->keys_version;
}

static void
judge_synced(struct ks_group *grp)
{
	struct coop *c = grp->coop;

	if (grp->active == NULL)
		return;
	coop_set_fill_pubs(grp);
	c->synced = coop_set_can_sign(grp);
	if (c->synced) {
		grp->no_rsa_logged = false;
		return;
	}
	if (!grp->no_rsa_logged)
		ike_log(grp->g->ike, LOG_KS_NO_RSA_KEYS, grp->kek->label,
		    grp->name, rsa_find(grp->g->rsa, grp->kek->label) == NULL ?
		    "import that of the primary, until then members are"
		    " refused" : "the one here is another than the primary's,"
		    " until that is imported members are refused");
	grp->no_rsa_logged = true;
}

static void
adopt(struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;

	if (coop_set_foreign(grp, k)) {
		debug(DBG_KS_COOP, DBG_EVENT, p->addr, "(%s):keys of %s cannot"
		    " be united with those here, members register again",
		    grp->name, "the primary");
		if (coop_id_equal(&c->keys_owner, &c->self))
			ks_leave_keys(grp);
		else
			ks_destroy_keys(grp);
	}
	(void)coop_set_unite(grp, k);
	coop_sid_import(grp, k, true);
	coop_set_adopt(grp, k);
	set_clock(p, k);
	judge_synced(grp);
	debug(DBG_KS_COOP, DBG_EVENT, p->addr, "(%s):keys of term %u, version"
	    " %u", grp->name, k->term, k->version);
}

/* The newest TEK may have been dropped by others, or be near its end now, with
 * nobody left who knows the one in its place. */
static void
complete(struct ks_group *grp)
{
	struct ks_tek *t;
	unsigned i;

	for (i = 0; i < grp->active->nsas; i++) {
		TAILQ_FOREACH(t, &grp->teks, link)
			if (t->newest &&
			    t->sa.number == grp->active->sas[i].number)
				break;
		if (t != NULL && t->override == 0)
			continue;
		if (t != NULL)
			t->rekey_at = gdoi_now(grp->g);
		coop_keys_merge(grp);
	}
}

/* Its members have no KEK any more that may be used; those of the other half
 * shall have the one of now. */
static void
members_start_over(struct ks_group *grp)
{
	ks_members_again(grp);
	coop_keys_merge(grp);
}

/* Keys that cannot be, beside those that are here, are not taken. */
static bool
is_lie(const struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	const char *why = coop_set_lie(grp, k);
	char a[IP4_STRLEN];

	if (why == NULL)
		return false;
	ike_log_limited(grp->g->ike, p->addr, LOG_COOP_KEYS_REJECTED,
	    ip4_str(p->addr, a), grp->name, why);
	return !is_register(p->coop, k) || p->addr != k->owner.addr ||
	    !coop_set_yield(grp, k);
}

static void
import(struct coop_peer *p, const struct coop_keys *k)
{
	struct ks_group *grp = p->coop->grp;
	struct coop *c = p->coop;
	unsigned news;

	if (clock_bad(p, k) || is_lie(p, k))
		return;
	if (is_register(c, k)) {
		adopt(p, k);
		coop_sid_claim(grp);
		coop_changed(grp);
		return;
	}
	if (grp->active == NULL || coop_set_foreign(grp, k))
		return;
	catch_up(p, k);
	news = coop_set_unite(grp, k);
	if (c->role == COOP_PRIMARY)
		complete(grp);
	if (coop_sid_import(grp, k, false))
		coop_changed(grp);
	if (news == 0)
		return;
	ks_set_timer(grp);
	if (c->role != COOP_PRIMARY) {
		coop_changed(grp);
	} else if (news & COOP_KEK_GONE) {
		members_start_over(grp);
	} else {
		if (news & (COOP_NEW_KEYS | COOP_TEK_GONE))
			coop_keys_merge(grp);
		coop_keys_changed(grp);
	}
}

void
coop_keys_receive(struct coop_peer *p, const struct coop_msg *m)
{
	struct ks_group *grp = p->coop->grp;
	uint8_t digest[8];

	memcpy(p->keys_digest, m->keys_digest, sizeof(p->keys_digest));
	coop_diff_take(p, &m->config);
	if (m->keys != NULL)
		import(p, m->keys);
	coop_set_digest(grp, digest);
	if (grp->active != NULL && !lacks(p, digest)) {
		p->late = false;
		p->same = gdoi_now(grp->g);
		coop_sid_acked(p);
	}
	release(grp);
}

void
coop_keys_fill(struct coop_peer *p, struct coop_msg *m)
{
	struct ks_group *grp = p->coop->grp;

	if (p->coop->role != COOP_PRIMARY)
		judge_synced(grp);
	coop_diff_make(grp, &m->config);
	coop_set_digest(grp, m->keys_digest);
	if (grp->active == NULL || (!p->offer && !lacks(p, m->keys_digest)))
		return;
	m->keys = coop_set_export(grp);
	p->offer = false;
}

/* ---- roles ---- */

/* A rekey of the one before may not have reached everybody: as long as the TEK
 * lives that it replaced, and while it was repeated. */
static bool
may_be_unfinished(const struct ks_group *grp)
{
	uint64_t again = (uint64_t)grp->retransmit_secs *
	    grp->retransmit_count * 1000 + UNFINISHED_MS;
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (!t->newest)
			return true;
	return grp->last_rekey != 0 &&
	    gdoi_now(grp->g) - grp->last_rekey < again;
}

/* The same key under another label here is no change of the policy. */
static void
own_label(struct ks_group *grp)
{
	struct ks_policy *p = grp->active;

	if (grp->kek == NULL || grp->kek->k.pub_len == 0 ||
	    strcmp(grp->kek->label, grp->policy->rsa_label) != 0)
		return;
	str_copy(p->rsa_label, grp->kek->label, sizeof(p->rsa_label));
	sb_free(&p->text);
	ks_policy_text(p);
}

static void
take_over(const struct coop *c, struct ks_kek *k)
{
	if (k != NULL && k->creator.addr == 0)
		k->creator = c->self;
}

void
coop_keys_promoted(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	bool had = grp->active != NULL;
	unsigned i;

	if (c->term <= c->keys_term)
		c->term = c->keys_term < COOP_TERM_MAX ?
		    c->keys_term + 1 : COOP_TERM_MAX;
	c->keys_owner = c->self;
	c->keys_term = c->pushed_term = c->term;
	c->keys_version = c->pushed_version = 0;
	c->synced = true;
	if (!had) {
		(void)ks_ready(grp); /* logs why not */
		coop_keys_changed(grp);
		return;
	}
	if (coop_sid_epoch(grp) == 0) { /* they are of a server alone */
		coop_sid_begin(grp);
		take_over(c, grp->kek);
		for (i = 0; i < KEKS_OLD; i++)
			take_over(c, grp->old_keks[i]);
	} else {
		c->roll = true;
	}
	coop_set_drop_kek(grp);
	coop_set_fill_pubs(grp);
	own_label(grp);
	complete(grp);
	if (may_be_unfinished(grp))
		coop_keys_merge(grp);
	ks_set_timer(grp);
	ks_settle(grp);
	coop_keys_changed(grp);
	ks_farewells_resume(grp);
}

void
coop_keys_followed(struct ks_group *grp)
{
	struct coop_peer *p;

	TAILQ_FOREACH(p, &grp->coop->peers, link)
		p->offer = true;
}

/* Another one sends under these KEKs now; our numbers would be its. */
void
coop_keys_demoted(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	unsigned i;

	ks_rekey_abandon(grp);
	if (grp->kek != NULL)
		grp->kek->lent = true;
	for (i = 0; i < KEKS_OLD; i++)
		if (grp->old_keks[i] != NULL)
			grp->old_keks[i]->lent = true;
	c->merge = c->roll = false;
	c->hold_until = 0;
	ks_set_timer(grp);
}

/* ---- members ---- */

/* One that is told by the merge that comes anyway need not be told twice. */
void
coop_keys_member(struct ks_group *grp, struct ks_member *m, uint32_t term,
    uint32_t version)
{
	struct coop *c = grp->coop;
	bool older = term != c->pushed_term ? term < c->pushed_term :
	    version < c->pushed_version;

	if (c->role != COOP_PRIMARY || c->merge || grp->rekey.held ||
	    grp->active == NULL)
		return;
	if (!older && (grp->kek == NULL || ks_kek_age(grp, m) == 0))
		return;
	if (!grp->rekey.active && ks_rekey_reaches(grp, m)) {
		ks_rekey_to(grp, m);
		return;
	}
	coop_keys_merge(grp);
}

/* ---- timer ---- */

static void
on_timer(void *arg)
{
	struct ks_group *grp = arg;
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);

	if (c->role != COOP_PRIMARY)
		return;
	if (c->merge && !grp->rekey.held) {
		c->merge = false;
		(void)ks_rekey(grp, REKEY_MERGE);
	}
	release(grp);
	if (c->hold_until > now)
		set_timer(grp, c->hold_until - now);
	else if (c->merge)
		set_timer(grp, MERGE_MS);
}

void
coop_keys_stop(struct coop *c)
{
	timer_clear(&c->grp->g->ike->timers, &c->keys_timer);
	coop_set_free(c);
}
