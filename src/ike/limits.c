/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Limits of phase 1: how many SAs may be half open, of a source and of all,
 * and how many SAs and exchanges a peer may have that has authenticated
 * itself, and how many of those are remembered. Who gives way is chosen so that
 * nobody can push out others. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

/* A responder in aggressive mode; it stays one until it is established. */
bool
ike_unproven(const struct ike_sa *sa)
{
	return !sa->initiator && sa->main != NULL &&
	    sa->main->type == &aggressive_mode;
}

/* ---- SAs that are half open ---- */

static void
log_denied(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const char *why)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	ike->stats.denied++;
	ike_log_limited(ike, from.addr, LOG_IKE_DENY_SA, "INCOMING",
	    ip4_str(from.addr, a), ip4_str(local.addr, b), why);
}

/* `crypto limit ike sa`. */
static bool
sa_limit_ok(struct ike *ike, struct udp_addr local, struct udp_addr from)
{
	uint32_t limit = ike->conf->limit_ike_sa;

	if (limit == 0 || ike->nsas - ike->stats.unproven < limit)
		return true;
	log_denied(ike, local, from, "IKE SA LIMIT REACHED");
	return false;
}

/* All that are half open have proved that they receive at their address; a
 * source with many gives way first, then the oldest, once it had the time to
 * go on. Those of aggressive mode have not and do not count here. */
bool
ike_make_room(struct ike *ike, struct udp_addr local, struct udp_addr from)
{
	uint32_t limit = ike->conf->limit_in_negotiation != 0 ?
	    ike->conf->limit_in_negotiation : HALF_OPEN_MAX;
	struct ike_sa *sa, *oldest = NULL, *own = NULL;
	unsigned n = 0;

	if (!sa_limit_ok(ike, local, from))
		return false;
	TAILQ_FOREACH(sa, &ike->half, half) {
		if (ike_unproven(sa))
			continue;
		if (oldest == NULL)
			oldest = sa;
		if (sa->remote.addr == from.addr && n++ == 0)
			own = sa;
	}
	if (n >= HALF_OPEN_PER_SOURCE)
		oldest = own;
	else if (ike->stats.half_open - ike->stats.unproven < limit)
		return true;
	if (ike_now(ike) - oldest->created < HALF_OPEN_GRACE_MS) {
		if (oldest != own)
			log_denied(ike, local, from,
			    "IKE IN-NEGOTIATION SA LIMIT REACHED");
		return false;
	}
	ike->stats.evicted++;
	ike_sa_delete(oldest, false, "half open, and no room");
	return true;
}

/* Any first message of aggressive mode can be from anywhere: one at random
 * makes room, so that a flood cannot know how long another one stays. */
bool
ike_make_room_unproven(struct ike *ike, struct udp_addr local,
    struct udp_addr from)
{
	struct ike_sa *sa;
	uint32_t r;

	if (!sa_limit_ok(ike, local, from))
		return false;
	if (ike->stats.unproven < UNPROVEN_MAX)
		return true;
	ike_random(ike, &r, sizeof(r));
	r %= ike->stats.unproven;
	TAILQ_FOREACH(sa, &ike->half, half)
		if (ike_unproven(sa) && r-- == 0)
			break;
	ike->stats.evicted++;
	ike_sa_delete(sa, false, "half open, and no room");
	return true;
}

/* ---- peers that have authenticated ---- */

/* A member that authenticates itself again and again pushes out its own SAs
 * and not those of others. */
void
ike_limit_peer(const struct ike_sa *sa)
{
	struct ike_sa *o, *oldest = NULL;
	unsigned n = 0;

	TAILQ_FOREACH(o, &sa->ike->sas, link)
		if (o->state == IKE_IDLE && natt_same_peer(o, sa) && n++ == 0)
			oldest = o;
	if (n > PEER_SA_MAX)
		ike_sa_delete(oldest, true, "too many SAs of this peer");
}

/* A peer has so many exchanges of a type with us that one of its own must go:
 * the oldest that only waits for duplicates, or else the oldest. */
void
ike_limit_exchanges(struct ike_sa *sa, const struct exch_type *type)
{
	unsigned n = 0, keep = type->keep != 0 ? type->keep : EXCH_MAX;
	struct exch *x, *oldest = NULL, *done = NULL;

	TAILQ_FOREACH(x, &sa->exchs, link) {
		if (x->initiator || x->dead || x->type != type)
			continue;
		if (oldest == NULL)
			oldest = x;
		if (done == NULL && x->done)
			done = x;
		n++;
	}
	if (n > keep)
		exch_cancel(done != NULL ? done : oldest);
}

/* ---- exchanges that were there before ---- */

/* Message ids that a peer has used under this SA; 0 is none. */
bool
ike_seen_mid(const struct ike_sa *sa, uint32_t mid)
{
	size_t i;

	for (i = 0; i < sa->seen_size; i++)
		if (sa->seen_mid[i] == mid)
			return true;
	return mid == 0;
}

void
ike_note_mid(struct ike_sa *sa, uint32_t mid)
{
	unsigned size = sa->seen_size == 0 ? SEEN_MIN : 2 * sa->seen_size;
	uint32_t *more;

	if (sa->seen_at == sa->seen_size && size <= SEEN_MAX) {
		more = xcalloc(size, sizeof(*more));
		if (sa->seen_at != 0)
			memcpy(more, sa->seen_mid, sa->seen_at *
			    sizeof(*more));
		free(sa->seen_mid);
		sa->seen_mid = more;
		sa->seen_size = size;
	}
	sa->seen_mid[sa->seen_at++ % sa->seen_size] = mid;
}
