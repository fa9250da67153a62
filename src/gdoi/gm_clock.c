/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: the pseudotime of the group by the own clock. Runs in process
 * ike; fwd gets it with each TEK as the difference to the monotonic clock.
 *
 * What the key server says is a moment in the past, so each message gives an
 * interval in which its clock must be now:
 *
 *   registration  [said, said + time since we asked]
 *   rekey         [said, said + how late it may have been sent + SLACK]
 *
 * Our clock is moved into the interval if it is outside, and left alone
 * inside. So a delayed or repeated rekey does not set a good clock back, and
 * after a rekey that was sent fresh the error is no more than the delay of
 * the network on one side and SLACK on the other. A registration whose answer
 * took long leaves a wide interval: it is repeated a little later.
 *
 * A clock that a rekey wants to set back by more than ours can have run wrong
 * means that somebody held the rekey up: it is refused, since packets of that
 * time would be taken again. The same can be tried with less, and again and
 * again: what rekeys set a clock back by is limited to half a window in all,
 * besides what a good clock runs wrong by. For more the member asks by a
 * registration, whose answer nobody can hold up unnoticed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define SLACK_MS 500
#define EXPECTED_MS 1000 /* of difference; more is logged */
#define DRIFT_PERCENT 2
#define GOOD_PPM 200 /* two good clocks run apart */
#define TRIES 3

struct said {
	const struct gdoi_clock *c;
	uint16_t window; /* the smallest, seconds */
};

static struct said
said_in(const struct gdoi_sa_msg *sa)
{
	struct said s = { NULL, UINT16_MAX };
	unsigned i;

	for (i = 0; i < sa->n; i++) {
		if (sa->sats[i].replay != REPLAY_TIME)
			continue;
		if (s.c == NULL && sa->sats[i].clock.id != 0)
			s.c = &sa->sats[i].clock;
		if (sa->sats[i].window < s.window)
			s.window = sa->sats[i].window;
	}
	return s;
}

const char *
gm_clock_check(const struct gm_group *gm, const struct gdoi_sa_msg *sa)
{
	const struct gm_tek *t;
	bool timed = false;
	unsigned i;

	for (i = 0; i < sa->n; i++) {
		const struct gdoi_sat *s = &sa->sats[i];

		if (s->replay == REPLAY_TIME && (s->window < 1 ||
		    s->window > 100))
			return "replay window out of range";
		timed |= s->replay == REPLAY_TIME;
		TAILQ_FOREACH(t, &gm->teks, link)
			if (t->t.spi == s->spi && (t->t.replay ==
			    REPLAY_TIME) != (s->replay == REPLAY_TIME))
				return "a known TEK changed its replay method";
		if (i > 0 && s->spi == s[-1].spi && s->replay != s[-1].replay)
			return "one TEK with different replay methods";
	}
	if (timed && said_in(sa).c == NULL)
		return "time-based anti-replay without a pseudotime";
	return NULL;
}

static int64_t
own(const struct gm_group *gm, uint64_t at)
{
	return (int64_t)at + gm->clock.offset;
}

static const char *
secs(int64_t ms, char *buf)
{
	uint64_t cs = ms < 0 ? 0 : (uint64_t)ms / 10;

	snprintf(buf, 24, "%llu.%02u", (unsigned long long)(cs / 100),
	    (unsigned)(cs % 100));
	return buf;
}

/* The clock is in [lo, hi] at that time. */
static void
narrow(struct gm_group *gm, uint32_t id, uint64_t at, int64_t lo, int64_t hi)
{
	struct gm_clock *c = &gm->clock;
	int64_t was = own(gm, at), is = was < lo ? lo : was > hi ? hi : was;
	char theirs[24], mine[24];

	if (c->id != id) {
		c->id = id;
		is = lo + (hi - lo) / 2;
	} else if (llabs(is - was) > EXPECTED_MS) {
		c->errors++;
		ike_log(gm->g->ike, LOG_PSEUDO_TIME_LARGE, secs(lo, theirs),
		    secs(was, mine), gm->name);
	}
	debug(DBG_GM_REPLAY, DBG_EVENT, gm->ks,
	    "(%s):pseudotime %s, moved by %lld ms", gm->name,
	    secs(is, mine), (long long)(is - was));
	c->offset = is - (int64_t)at;
	c->synced = at;
}

/* All TEKs that run by this clock; those of a clock before keep theirs. */
static void
set_teks(struct gm_group *gm)
{
	struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (t->clock == gm->clock.id)
			t->t.pseudotime = gm->clock.offset;
}

void
gm_clock_registered(struct gm_group *gm, const struct gdoi_sa_msg *sa,
    uint64_t asked, uint64_t heard)
{
	struct said s = said_in(sa);
	uint64_t limit, took = heard - asked;
	int64_t lo;

	if (s.c == NULL)
		return;
	limit = s.window * 250u;
	lo = (int64_t)(s.c->pseudotime * 10);
	if (gm->clock.id != s.c->id)
		gm->clock.unsure = took > limit;
	else if (took <= limit)
		gm->clock.unsure = false;
	if (took <= limit)
		gm->clock.back = 0;
	narrow(gm, s.c->id, heard, lo, lo + (int64_t)took);
	gm->clock.said = s.c->pseudotime;
	set_teks(gm);
}

void
gm_clock_again(struct gm_group *gm, uint32_t spread)
{
	uint32_t r;

	if (!gm->clock.unsure || gm->clock.tries >= TRIES) {
		gm->clock.tries = 0;
		return;
	}
	gm->clock.tries++;
	ike_random(gm->g->ike, &r, sizeof(r));
	gm_reregister(gm, 1000 + r % spread, false);
}

const char *
gm_clock_too_old(struct gm_group *gm, const struct gdoi_sa_msg *sa)
{
	struct said s = said_in(sa);
	uint64_t now = gdoi_now(gm->g);
	char mine[24], theirs[24], skew[24];
	int64_t allowed, said;

	if (s.c == NULL || s.c->id != gm->clock.id ||
	    s.c->late == GDOI_CLOCK_ANY)
		return NULL;
	allowed = s.window * 1000 + (int64_t)s.c->late * 10 +
	    (int64_t)((now - gm->clock.synced) * DRIFT_PERCENT / 100);
	said = (int64_t)(s.c->pseudotime * 10);
	if (own(gm, now) - said <= allowed)
		return NULL;
	gm->clock.errors++;
	ike_log_limited(gm->g->ike, gm->ks, LOG_PSEUDO_TIME_TOO_OLD,
	    gm->name, secs(own(gm, now), mine), secs(said, theirs),
	    secs(allowed, skew));
	return "its pseudotime is too old";
}

/* by: of one rekey, negative: forward. */
static bool
may_go_back(struct gm_clock *c, uint64_t now, int64_t by, uint16_t window)
{
	int64_t back = c->back + by -
	    (int64_t)((now - c->synced) * GOOD_PPM / 1000000);

	if (by > 0 && back > window * 500)
		return false;
	c->back = back > 0 ? back : 0;
	return true;
}

static void
pushed(struct gm_group *gm, const struct said *s, uint64_t now, uint64_t wide)
{
	int64_t lo = (int64_t)(s->c->pseudotime * 10), was = own(gm, now);
	int64_t hi = lo + (int64_t)wide;
	int64_t by = was > hi ? was - hi : was < lo ? was - lo : 0;

	if (may_go_back(&gm->clock, now, by, s->window)) {
		narrow(gm, s->c->id, now, lo, hi);
		return;
	}
	debug(DBG_GM_REPLAY, DBG_EVENT, gm->ks, "(%s):pseudotime is %lld ms"
	    " ahead, the key server is asked", gm->name, (long long)by);
	gm->clock.unsure = true;
}

void
gm_clock_pushed(struct gm_group *gm, const struct gdoi_sa_msg *sa)
{
	struct said s = said_in(sa);
	uint64_t now = gdoi_now(gm->g), wide;
	int64_t lo;

	if (s.c == NULL || (s.c->id == gm->clock.id &&
	    s.c->pseudotime < gm->clock.said))
		return; /* held up behind a later one */
	lo = (int64_t)(s.c->pseudotime * 10);
	wide = s.c->late == GDOI_CLOCK_ANY ? INT32_MAX :
	    (uint64_t)s.c->late * 10 + SLACK_MS;
	if (s.c->id != gm->clock.id) {
		/* the first time that we hear of it: as if just said */
		gm->clock.unsure = wide - SLACK_MS > s.window * 250u;
		narrow(gm, s.c->id, now, lo, lo);
	} else {
		pushed(gm, &s, now, wide);
	}
	gm->clock.said = s.c->pseudotime;
	set_teks(gm);
}

void
gm_clock_forget(struct gm_group *gm)
{
	uint32_t errors = gm->clock.errors;

	gm->clock = (struct gm_clock){ .errors = errors };
}
