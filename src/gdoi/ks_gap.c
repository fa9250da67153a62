/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: Group Associated Policy (RFC 6407 5.4), the times at which
 * members change from a TEK to its successor. Runs in process ike.
 *
 * Our own members know when without being told: they send with the old TEK
 * until its last 30 seconds. Other software may send with a new TEK as soon
 * as it has it, when others have not. So a group with such a member is told:
 * activate when the distribution is over, deactivate when the old TEK ends.
 */
#include "config.h"

#include <string.h>

#include "gdoi/gdoi_priv.h"

/* peer: whom a registration is of; NULL for a rekey, which is to all. */
void
ks_gap(const struct ks_group *grp, const char *peer, struct gdoi_gap *gap)
{
	uint64_t now = gdoi_now(grp->g), ready = 0;
	bool wanted = peer != NULL && gdoi_is_foreign(peer);
	uint32_t dist, left = 0, atd;
	const struct ks_member *m;
	const struct ks_tek *t, *o;

	memset(gap, 0, sizeof(*gap));
	TAILQ_FOREACH(m, &grp->members, link)
		wanted |= peer == NULL && gdoi_is_foreign(m->version);
	TAILQ_FOREACH(t, &grp->teks, link) {
		TAILQ_FOREACH(o, &grp->teks, link)
			if (o->newest && o->sa.number == t->sa.number)
				break;
		if (t->newest || o == NULL || t->expires <= now)
			continue;
		if (secs_until(grp->g, t->expires) > left)
			left = secs_until(grp->g, t->expires);
		dist = ks_distribution(grp, o->sa.life);
		if (o->born + (uint64_t)dist * 1000 > ready)
			ready = o->born + (uint64_t)dist * 1000;
	}
	if (!wanted || left == 0)
		return;
	atd = secs_until(grp->g, ready);
	if (atd > left / 2)
		atd = left / 2; /* it goes before that */
	gap->present = true;
	gap->activation = (uint16_t)(atd > UINT16_MAX ? UINT16_MAX : atd);
	/* what does not fit is not said: its lifetime ends it as well, and
	 * members that were told nothing send with it until then */
	gap->deactivation = (uint16_t)(left > UINT16_MAX ? 0 : left);
}
