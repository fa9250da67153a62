/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: the pseudotime of a group, for time-based anti-replay. Runs in
 * process ike.
 *
 * It starts at the first registration and never goes back, whatever is done
 * to wall clock, policy or keys, as long as the process lives; one that starts
 * again has another clock, which its number tells, and other TEKs. Members
 * hear it with every policy and let it run by their own clocks; one that hears
 * nothing for 7200 s is told again (no key changes by that).
 */
#include "config.h"

#include "gdoi/gdoi_priv.h"

#define SYNC_MS 7200000
#define REBUILT 6000 /* what ks_dist.c repeats is never older */
#define SOON_MS 150000 /* behind the last repetition of a rekey */
/* Members of versions before have no time-based anti-replay. */
#define FIRST_VERSION "1.0.5"

void
ks_clock_start(struct ks_group *grp)
{
	if (grp->clock_id != 0)
		return;
	while (grp->clock_id == 0)
		ike_random(grp->g->ike, &grp->clock_id,
		    sizeof(grp->clock_id));
	grp->clock_start = grp->clock_sync = gdoi_now(grp->g);
	debug(DBG_KS_REPLAY, DBG_EVENT, 0, "(%s):pseudotime starts at 0",
	    grp->name);
}

uint64_t
ks_pseudotime(const struct ks_group *grp)
{
	return grp->clock_id == 0 ? 0 :
	    (gdoi_now(grp->g) - grp->clock_start) / 10;
}

bool
ks_is_timed(const struct ks_group *grp)
{
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->sa.replay == REPLAY_TIME)
			return true;
	return false;
}

/* Without a KEK nobody can be told: members register again for each TEK. */
uint64_t
ks_clock_due(const struct ks_group *grp)
{
	return grp->kek == NULL || !ks_is_timed(grp) ? UINT64_MAX :
	    grp->clock_sync + SYNC_MS;
}

void
ks_clock_told(struct ks_group *grp, const struct ks_push *p)
{
	uint64_t now = gdoi_now(grp->g);

	if (p != NULL && ks_clock_renews(grp, &p->kek, p->new_kek)) {
		grp->clock_sync = now;
		debug(DBG_KS_REPLAY, DBG_EVENT, 0, "(%s):members are told the"
		    " pseudotime: %llu s", grp->name,
		    (unsigned long long)ks_pseudotime(grp) / 100);
	} else if (ks_clock_due(grp) < now + SOON_MS)
		grp->clock_sync = now + SOON_MS - SYNC_MS;
}

void
ks_clock_stamp(const struct ks_group *grp, struct gdoi_sat *sats, unsigned n,
    uint32_t late)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (sats[i].replay == REPLAY_TIME) {
			sats[i].clock = (struct gdoi_clock){ grp->clock_id,
				late, ks_pseudotime(grp) };
			return; /* once is enough for a message */
		}
}

/* Not one by unicast that brings a new KEK: who has taken it could not open
 * the other octets any more, and not acknowledge. A clock that is ahead stays
 * so by as much as such octets may be late; the next rekey sees to it. */
bool
ks_clock_renews(const struct ks_group *grp, const struct gdoi_kek *under,
    bool new_kek)
{
	return ks_is_timed(grp) && (is_multicast(under->dst.addr) || !new_kek);
}

/* The same octets go to one member after the other, and again; in no case
 * later than REBUILT. */
uint32_t
ks_clock_spread(const struct ks_group *grp, bool repeated)
{
	uint32_t cs = grp->nmembers / 50 * 10 + 10;
	uint32_t again = grp->retransmit_secs * grp->retransmit_count * 100u;
	uint32_t most = REBUILT + grp->retransmit_secs * 100u;

	if (repeated)
		cs += grp->periodic || again > most ? most : again;
	return cs;
}

/* Who does not know our attributes refuses the policy, or takes it and then
 * can talk to nobody: it is told here why it cannot join. */
bool
ks_clock_refuses(struct ks_group *grp, const struct ike_sa *sa)
{
	char a[IP4_STRLEN];

	if (!ks_is_timed(grp) ||
	    !gdoi_version_before(sa->peer_version, FIRST_VERSION))
		return false;
	ike_log_limited(grp->g->ike, sa->remote.addr, LOG_REJECT_GM_VERSION,
	    ip4_str(sa->remote.addr, a), sa->peer_version[0] != '\0' ?
	    sa->peer_version : "unknown", grp->name,
	    "time-based anti-replay");
	return true;
}
