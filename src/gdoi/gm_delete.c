/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: Delete payloads of a push, and what they mean together with
 * the rest of it (ios-getvpn.md 2.4, 2.6). Runs in process ike.
 *
 *	D(TEKs) SA KD		the policy is replaced now: those TEKs end
 *	D(KEK) SA KD		removal: the TEKs of the SA payload end soon,
 *				we register again some time before
 *	D(KEK), D(TEKs)		the same at once
 */
#include "config.h"

#include <string.h>

#include "gdoi/gdoi_priv.h"

#define PULL_TIME 40 /* of a registration, with messages that get lost */

static uint32_t
random_below(struct gdoi *g, uint32_t n)
{
	uint32_t r;

	ike_random(g->ike, &r, sizeof(r));
	return n == 0 ? 0 : r % n;
}

static bool
announced(const struct gdoi_sa_msg *sa, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < sa->n; i++)
		if (sa->sats[i].spi == spi)
			return true;
	return false;
}

/* All of them means those of before: not what the same push brings. */
static bool
delete_teks(struct gm_group *gm, const struct gdoi_delete *d,
    const struct gdoi_sa_msg *sa)
{
	struct gm_tek *t, *next;
	bool any = false;
	unsigned i;

	for (t = TAILQ_FIRST(&gm->teks); t != NULL; t = next) {
		struct rd r = d->spis;
		bool hit = d->all;

		next = TAILQ_NEXT(t, link);
		for (i = 0; i < d->n && !hit; i++)
			hit = rd_u32(&r) == t->t.spi;
		if (!hit || announced(sa, t->t.spi))
			continue;
		gm_delete_tek(gm, t, true);
		any = true;
	}
	return any;
}

/* Seconds in which a registration should be over: before the others stop
 * sending with the TEKs that we have. */
static uint32_t
time_left(struct gm_group *gm)
{
	const struct gm_tek *t;
	uint32_t left = 0, s, unused = SA_STOP_SENDING_MS / 1000;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (gm_in_policy(gm, t->t.sa_index) &&
		    (s = secs_until(gm->g, t->expires)) > left)
			left = s;
	left -= left > unused ? unused : 0;
	return left > 5 * PULL_TIME / 4 ? left - PULL_TIME : left / 4;
}

static void
removed(struct gm_group *gm, bool at_once)
{
	struct gdoi *g = gm->g;
	bool busy = gm->pull != NULL || gm->state != GM_REGISTERED;
	uint32_t delay;

	/* the key server forgot its end of phase 1 */
	pull_abort(gm);
	ike_drop_peer(g->ike, gm->addr, gm->ks);
	if (at_once) {
		delay = 1 + random_below(g, 5);
		ike_log(g->ike, LOG_GM_RECV_DELETE_NOW, gm->name, delay);
		gm_start_over(gm, (uint64_t)delay * 1000);
		return;
	}
	ike_log(g->ike, LOG_GM_RECV_DELETE, gm->name);
	delay = 1000 + random_below(g, time_left(gm) * 1000);
	if (busy) {
		/* that registration may bring keys of before */
		gm_start_over(gm, 1000 + random_below(g, 4000));
		return;
	}
	gm->reregister_by = gdoi_now(g) + delay;
	gm_schedule(gm);
}

bool
gm_apply_deletes(struct gm_group *gm, const struct isakmp_msg *m,
    const struct gdoi_sa_msg *sa, struct udp_addr from)
{
	bool kek = false, teks = false;
	const struct isakmp_pl *p;
	struct gdoi_delete d;
	char ks[IP4_STRLEN];
	unsigned i;

	for (i = 0; (p = isakmp_find(m, ISAKMP_D, i)) != NULL; i++) {
		if (gdoi_get_delete(isakmp_rd(p), &d) != NULL)
			continue; /* was looked at before */
		if (d.protocol == 0)
			kek = true;
		else
			teks |= delete_teks(gm, &d, sa);
	}
	if (kek && !sa->has_kek)
		gm_delete_kek(gm);
	if (teks && sa->n > 0)
		ike_log(gm->g->ike, LOG_GM_RECV_REPLACE_NOW, gm->name,
		    ip4_str(from.addr, ks));
	if ((kek && !sa->has_kek) || (teks && TAILQ_EMPTY(&gm->teks))) {
		removed(gm, TAILQ_EMPTY(&gm->teks));
		return true;
	}
	return false;
}
