/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: obeys the Group Associated Policy (RFC 6407 5.4). What has
 * just come is sent with after the activation delay, what it replaces is
 * dropped after the deactivation delay. Runs in process ike.
 */
#include "config.h"

#include "gdoi/gdoi_priv.h"

/* A TEK of the same sa ipsec that was here before. */
static bool
has_older(const struct gm_group *gm, const struct gm_tek *t)
{
	const struct gm_tek *o;

	TAILQ_FOREACH(o, &gm->teks, link)
		if (!o->fresh && o->t.sa_index == t->t.sa_index &&
		    o->expires > gdoi_now(gm->g))
			return true;
	return false;
}

void
gm_obey_gap(struct gm_group *gm, const struct gdoi_gap *gap)
{
	/* never neither: the old one is there until the new one is used */
	uint64_t atd = gap->activation, dtd = gap->deactivation > atd ?
	    gap->deactivation : atd, now = gdoi_now(gm->g);
	struct gm_tek *t, *o;

	TAILQ_FOREACH(t, &gm->teks, link) {
		if (!gap->present || !t->fresh || !has_older(gm, t))
			continue;
		if (gap->activation != 0)
			t->activate = now + atd * 1000;
		TAILQ_FOREACH(o, &gm->teks, link)
			if (gap->deactivation != 0 && !o->fresh &&
			    o->t.sa_index == t->t.sa_index &&
			    o->expires > now + dtd * 1000)
				o->expires = now + dtd * 1000;
	}
	TAILQ_FOREACH(t, &gm->teks, link)
		t->fresh = false;
}
