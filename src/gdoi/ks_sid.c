/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: sender identifiers (SIDs) of groups with AES-GCM or GMAC (RFC
 * 6407 3.5 and 5.6.4, RFC 6054). Runs in process ike.
 *
 * A SID is a KSSID of this key server above a number that it counts. Two
 * senders with the same one under one TEK would use the same IVs, so:
 *
 * - each PULL gets SIDs that nobody had, for as long as there is a TEK that
 *   was there when the first of them was given out;
 * - they begin anew only where all TEKs and the KEK go (ks_destroy_keys()):
 *   a member that holds on to the old keys gets no new one any more;
 * - when there are none left, that is what happens: the members are told to
 *   delete everything and register again.
 */
#include "config.h"


#include "gdoi/coop.h"

#define REINIT_GAP_MS 60000
#define SUITE_B "1.0.4" /* the first version that knows SIDs */

/* Who registers now is told of a TEK that needs a SID. */
bool
ks_counter_mode(const struct ks_group *grp)
{
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (esp_is_aead(&t->sa.transform) && ks_tek_told(grp, t))
			return true;
	return false;
}

bool
ks_policy_counter(const struct ks_policy *p)
{
	unsigned i;

	for (i = 0; i < p->nsas; i++)
		if (esp_is_aead(&p->sas[i].transform))
			return true;
	return false;
}

/* What the configuration says: the length, and the KSSIDs that are ours. A
 * key server without `identifier` is taken for the only one and has them all,
 * if it is not known to have others: then it has none. */
void
ks_sid_policy(struct ks_policy *p, const struct gdoi_local *l)
{
	const struct gdoi_identifier *id = (const void *)l->identifiers.first;
	const struct gdoi_kssid *k;
	unsigned i, max;

	p->sid_bits = conf_sid_bits(l);
	max = conf_kssids(p->sid_bits);
	for (i = 0; i < max; i++) {
		bool own = (id == NULL || id->kssids.n == 0) &&
		    l->coop.n == 0;

		if (id != NULL)
			CF_FOREACH (k, &id->kssids)
				own |= kssid_in(k->set, i);
		if (own)
			kssid_add(p->kssids, i);
	}
}

/* Their length does not change while one of them is in use. */
uint8_t
ks_sid_bits(const struct ks_group *grp)
{
	if (grp->sids.any)
		return grp->sids.bits;
	return (grp->active != NULL ? grp->active : grp->policy)->sid_bits;
}

bool
ks_kssid_own(const struct ks_group *grp, unsigned kssid)
{
	return kssid < conf_kssids(ks_sid_bits(grp)) &&
	    kssid_in(grp->policy->kssids, kssid);
}

/* SIDs of it may be given out now. */
static bool
may_give(const struct ks_group *grp, unsigned kssid)
{
	return ks_kssid_own(grp, kssid) &&
	    (grp->coop == NULL || coop_sid_may_use(grp, kssid));
}

/* SIDs that one KSSID is good for. */
uint32_t
ks_sids_of_kssid(const struct ks_group *grp)
{
	uint8_t bits = ks_sid_bits(grp);

	return (uint32_t)((UINT64_C(1) << bits) / conf_kssids(bits));
}

uint64_t
ks_sids_left(const struct ks_group *grp)
{
	uint32_t each = ks_sids_of_kssid(grp);
	uint64_t left = 0;
	unsigned i;

	for (i = 0; i < KSSID_MAX; i++)
		if (may_give(grp, i))
			left += each - grp->sids.next[i];
	return left;
}

static uint64_t
capacity(const struct ks_group *grp)
{
	uint64_t all = 0;
	unsigned i;

	for (i = 0; i < KSSID_MAX; i++)
		if (ks_kssid_own(grp, i))
			all += ks_sids_of_kssid(grp);
	return all;
}

/* How many of the asked ones a member gets: a small group is not for one. */
unsigned
ks_sids_granted(const struct ks_group *grp, unsigned asked)
{
	uint64_t most = capacity(grp) / 16;

	if (most > GDOI_SIDS_MAX)
		most = GDOI_SIDS_MAX;
	if (asked > most)
		asked = (unsigned)most;
	return asked != 0 ? asked : 1;
}

/* Only when ks_sids_left(). */
uint32_t
ks_take_sid(struct ks_group *grp)
{
	uint32_t each = ks_sids_of_kssid(grp);
	struct ks_sids *s = &grp->sids;
	unsigned i;

	for (i = 0; i < KSSID_MAX; i++)
		if (may_give(grp, i) && s->next[i] < each)
			break;
	if (i == KSSID_MAX)
		fatal("a sender identifier that is not there");
	s->bits = ks_sid_bits(grp);
	s->any = true;
	s->kssid = (uint16_t)i;
	s->last = s->next[i]++;
	debug(DBG_KS_REG, DBG_DETAIL, 0, "(%s):gives away sender identifier %u"
	    " of KSSID %u", grp->name, s->last, i);
	coop_sid_claim(grp);
	return (uint32_t)(i * (uint64_t)each + s->last);
}

/* All keys of the group are gone: nothing is in use any more. */
void
ks_sids_reset(struct ks_group *grp)
{
	struct ks_sids *s = &grp->sids;
	unsigned i;

	for (i = 0; i < KSSID_MAX; i++) {
		s->old[i] = s->next[i] != 0;
		s->next[i] = 0;
	}
	s->any = false;
	s->epoch++;
}

/* Everybody starts over, with new keys. */
void
ks_reinit(struct ks_group *grp)
{
	ike_log(grp->g->ike, LOG_KS_REINIT, grp->name);
	grp->sids.reinit = gdoi_now(grp->g);
	ks_remove_members(grp, REMOVE_CLEAR);
}

/* SIDs for one more registration; makes room if that is possible at all. */
bool
ks_sids_ready(struct ks_group *grp, unsigned n)
{
	struct ks_sids *s = &grp->sids;
	uint64_t now = gdoi_now(grp->g);

	if (ks_sids_left(grp) >= n)
		return true;
	ike_log_limited(grp->g->ike, grp->handle, LOG_KS_NO_SID, grp->name,
	    ks_sid_bits(grp));
	/* When the members that there are need all of them, new keys would
	 * only make the same trouble again. */
	if (!coop_is_primary(grp) || coop_sid_waits(grp) ||
	    capacity(grp) < grp->nmembers + (uint64_t)n ||
	    (s->reinit != 0 && now - s->reinit < REINIT_GAP_MS))
		return false;
	ks_reinit(grp);
	return true;
}

/* A member that tells its version and is too old for SIDs. Of other software
 * message 3 will show it. */
bool
ks_too_old_for_sids(struct ks_group *grp, const struct ike_sa *sa)
{
	char a[IP4_STRLEN];

	if (sa->peer_version[0] == '\0' ||
	    !gdoi_version_before(sa->peer_version, SUITE_B))
		return false;
	ike_log_limited(grp->g->ike, sa->remote.addr,
	    LOG_REJECT_GM_VERSION, ip4_str(sa->remote.addr, a),
	    sa->peer_version, grp->name, "Suite B");
	return true;
}

/* It did not ask for a SID: it does not know them, and would have to send
 * without. */
void
ks_log_no_sid_asked(struct ks_group *grp, const struct ike_sa *sa)
{
	char a[IP4_STRLEN];

	ike_log_limited(grp->g->ike, sa->remote.addr,
	    LOG_REJECT_GM_VERSION, ip4_str(sa->remote.addr, a),
	    sa->peer_version[0] != '\0' ? sa->peer_version : "unknown",
	    grp->name, "sender identifiers");
}
