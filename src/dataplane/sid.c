/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IVs of AES-GCM and GMAC in process fwd: a sender identifier (SID) above, a
 * counter below (RFC 6054). One that comes twice under a key gives the key
 * away, so this is where it is made sure, whatever ike says:
 *
 * - a SID is taken for a TEK once. The worker counts up under it and never
 *   goes back; when its numbers end it takes the spare one, or sends nothing;
 * - which SIDs a TEK had is remembered while it lives, and long after it is
 *   gone, so that one which comes again does not begin anew;
 * - ike hears of the end before it is there, and again until it helps.
 *
 * The sequence number begins anew with the SID. Receivers keep a window for
 * each SID, not for each source, so these are not replays to them.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define TELL_MS 5000

/* A key of two routers has one sender for each way: no SID, the IV is the
 * sequence number. */
bool
sid_is_used(const struct sa *sa)
{
	return esp_is_aead(&sa->transform) && sa->mode == SA_GROUP;
}

/* ---- control thread ---- */

static bool
is_live(const struct fwd *f, uint32_t spi)
{
	const struct group *g;
	const struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next)
		for (sa = g->sas; sa != NULL; sa = sa->next)
			if (sa->spi == spi)
				return true;
	return false;
}

/* Room to remember one more: what a TEK had that is gone, the oldest first.
 * NULL: all live. */
static struct used_sid *
room(struct fwd *f)
{
	struct used_sid *u;
	unsigned i;

	if (f->n_sids < SIDS_KEPT)
		return &f->sids[f->n_sids++];
	for (i = 0; i < SIDS_KEPT; i++) {
		u = &f->sids[f->next_sid++ % SIDS_KEPT];
		if (!is_live(f, u->spi))
			return u;
	}
	return NULL;
}

/* One that is the beginning of the other has IVs in common with it. */
static bool
overlap(const struct used_sid *u, const struct sa_tek *t)
{
	unsigned bits = u->bits < t->sid_bits ? u->bits : t->sid_bits;

	return u->spi == t->spi &&
	    u->sid >> (u->bits - bits) == t->sid >> (t->sid_bits - bits);
}

bool
sid_first(struct fwd *f, const struct sa_tek *t)
{
	struct used_sid *u;
	unsigned i;

	if (t->sid_bits == 0 || t->sid_bits > 32 ||
	    (uint64_t)t->sid >> t->sid_bits != 0)
		return false;
	for (i = 0; i < f->n_sids; i++)
		if (overlap(&f->sids[i], t))
			return false;
	if ((u = room(f)) == NULL)
		return false;
	*u = (struct used_sid){ t->spi, t->sid, t->sid_bits };
	return true;
}

/* One that waits already is good enough: the new one is not used then. */
void
sid_offer(struct fwd *f, struct sa *sa, const struct sa_tek *t)
{
	if (!sid_is_used(sa) || !sid_first(f, t) ||
	    __atomic_load_n(&sa->spare_bits, __ATOMIC_ACQUIRE) != 0)
		return;
	sa->spare_sid = t->sid;
	__atomic_store_n(&sa->spare_bits, t->sid_bits, __ATOMIC_RELEASE);
}

/* Without one, or with one whose numbers are used up, an SA is passed over
 * as long as there is another one to send with. */
bool
sid_ready(const struct sa *sa)
{
	return !sid_is_used(sa) ||
	    __atomic_load_n(&sa->spare_bits, __ATOMIC_ACQUIRE) != 0 ||
	    __atomic_load_n(&sa->sid_bits, __ATOMIC_ACQUIRE) != 0;
}

void
sid_event(struct fwd *f, const struct event *e)
{
	struct sa_event ev = { .type = SA_EVENT_SID, .spi = e->a };
	const struct sa *sa;

	for (sa = e->group->sas; sa != NULL; sa = sa->next)
		if (sa->spi == e->a && !sid_ready(sa))
			break;
	if (sa != NULL)
		snap_publish(f);
	str_copy(ev.group, e->group->name, sizeof(ev.group));
	if (f->io.event != NULL)
		f->io.event(f->arg, &ev);
}

void
fwd_set_iv_limit(struct fwd *f, uint64_t limit)
{
	f->iv_limit = limit;
}

/* ---- worker ---- */

/* How many packets a SID is good for. The sequence number has 32 bits. */
static uint64_t
space_of(const struct fwd *f, const struct sa *sa)
{
	uint64_t space = UINT64_C(1) << (64 - sa->sid_bits);

	if (space > UINT32_MAX)
		space = UINT32_MAX;
	return f->iv_limit != 0 && f->iv_limit < space ? f->iv_limit : space;
}

static bool
take_spare(struct sa *sa)
{
	uint8_t bits = __atomic_load_n(&sa->spare_bits, __ATOMIC_ACQUIRE);

	if (bits == 0)
		return false;
	sa->iv_next = 0;
	__atomic_store_n(&sa->seq, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->sid, sa->spare_sid, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->sid_bits, bits, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->spare_bits, 0, __ATOMIC_RELEASE);
	sa->told = 0;
	return true;
}

static void
tell(struct fwd *f, struct sa *sa)
{
	if ((sa->told != 0 && f->w.now - sa->told < TELL_MS) ||
	    __atomic_load_n(&sa->spare_bits, __ATOMIC_RELAXED) != 0)
		return;
	sa->told = f->w.now;
	fwd_event(f, &(struct event){ .type = EVENT_SID, .a = sa->spi,
	    .group = sa->group });
}

static bool
has_number(const struct fwd *f, const struct sa *sa)
{
	return sa->sid_bits != 0 && sa->iv_next < space_of(f, sa) &&
	    sa->seq < UINT32_MAX;
}

bool
sid_next(struct fwd *f, struct sa *sa, uint8_t *iv, enum drop_id *why)
{
	uint64_t value, space;

	if (!has_number(f, sa) && !take_spare(sa)) {
		*why = DROP_NO_SID;
		if (sa->sid_bits != 0) { /* the numbers of this one end now */
			*why = DROP_SEQUENCE;
			__atomic_store_n(&sa->sid_bits, 0, __ATOMIC_RELEASE);
			sa->told = 0;
		}
		tell(f, sa);
		return false;
	}
	space = space_of(f, sa);
	value = sa->iv_next++;
	if (space - sa->iv_next <= space / 8 ||
	    UINT32_MAX - sa->seq <= UINT32_MAX / 8)
		tell(f, sa);
	value |= (uint64_t)sa->sid << (64 - sa->sid_bits);
	put32(iv, (uint32_t)(value >> 32));
	put32(iv + 4, (uint32_t)value);
	return true;
}

/* The upper half of the IV is the SID and zeros: numbers below it end at 32
 * bits. */
uint32_t
sid_sender(const struct sa *sa, uint32_t src, const uint8_t *esp)
{
	return sid_is_used(sa) ? get32(esp + 8) : src;
}
