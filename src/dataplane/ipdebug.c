/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets on their way to `debug ip packet` and `debug ip icmp`. The worker
 * copies the beginning of what it sees into a ring with one writer and one
 * reader, and does so only while the snapshot says that somebody watches. The
 * control thread asks the access list and prints (ipdebug_text.c). A flood
 * fills the ring and no more: what does not fit is counted and said.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/debug.h"
#include "dataplane/ip.h"
#include "dataplane/ipdebug.h"

#define RING 2048 /* a power of two */
#define AT_ONCE 512 /* before the control thread looks at other things */
#define SAY_EVERY 1000 /* ms */

struct sightings {
	uint32_t head; /* the worker's */
	uint64_t lost;
	uint32_t tail; /* the control thread's */
	uint64_t told;
	uint64_t told_at; /* monotonic ms */
	struct sighting ring[RING];
};

_Static_assert(PORT_MAX <= UINT8_MAX && DROP_COUNT <= UINT8_MAX,
    "ports and reasons are octets");

/* ---- worker ---- */

/* ICMP that this router sends or gets, but for echoes of others. */
static bool
is_own_icmp(const struct pkt *p, enum sight what)
{
	bool own = p->in_port == PORT_LOCAL;

	if (p->flow.proto != PROTO_ICMP || p->flow.frag_tail)
		return false;
	if (what == SEEN_RCVD)
		return own || p->flow.sport >> 8 != ICMP_ECHO;
	return what == SEEN_SENT && own;
}

/* Made by this router around the packet of somebody else? */
static bool
is_wrapped(const struct pkt *p)
{
	const struct sa *sa = p->sa;

	return p->encrypted && sa != NULL && sa->mode != SA_GROUP;
}

void
ipdebug_see(struct fwd *f, enum sight what, const struct pkt *p)
{
	struct sightings *all = f->sightings;
	uint32_t head = all->head, tail;
	struct sighting *s;

	if ((f->w.snap->watch & WATCH_PACKETS) == 0 && !is_own_icmp(p, what))
		return;
	tail = __atomic_load_n(&all->tail, __ATOMIC_ACQUIRE);
	if (head - tail == RING) {
		count(&all->lost);
		return;
	}
	s = &all->ring[head % RING];
	s->what = (uint8_t)what;
	s->why = f->w.dropped;
	s->in = (uint8_t)(is_wrapped(p) ? PORT_LOCAL : p->in_port);
	s->out = (uint8_t)p->out_port;
	s->n = (uint8_t)(p->len < SIGHT_OCTETS ? p->len : SIGHT_OCTETS);
	s->len = p->len;
	memcpy(s->data, pkt_ip(p), s->n);
	__atomic_store_n(&all->head, head + 1, __ATOMIC_SEQ_CST);
	/* the reader sleeps only when it has seen that nothing is there */
	tail = __atomic_load_n(&all->tail, __ATOMIC_SEQ_CST);
	if (tail == head && f->engine.wake != NULL)
		f->engine.wake(f->engine_arg);
}

/* ---- control thread ---- */

static bool
wanted(const struct fwd *f, const struct flow *fl)
{
	char name[8];
	const struct acl_obj *acl;
	uint32_t i;

	if (debug_set.packet_acl == 0)
		return true;
	snprintf(name, sizeof(name), "%u", debug_set.packet_acl);
	acl = acl_find(f, name);
	i = acl != NULL ? classify(acl->classifier, fl) : CLASSIFY_NONE;
	return i != CLASSIFY_NONE && acl->aces[i].action == ACE_PERMIT;
}

static void
look_at(struct fwd *f, const struct sighting *s)
{
	struct flow fl;

	/* of a packet that failed in the middle of something */
	if (s->n < IPH_HDR || s->data[0] >> 4 != 4 ||
	    (s->data[0] & 15) * 4 < IPH_HDR || (s->data[0] & 15) * 4 > s->n)
		return;
	fl = ip_flow(s->data, s->n);
	if (debug_on(DBG_IP_PACKET, DBG_EVENT) && wanted(f, &fl))
		ipdebug_say_packet(f, s, &fl);
	if (debug_on(DBG_IP_ICMP, DBG_EVENT) && fl.proto == PROTO_ICMP &&
	    !fl.frag_tail)
		ipdebug_say_icmp(s, &fl);
}

static void
say_lost(struct sightings *all, uint64_t now)
{
	uint64_t lost = count_read(&all->lost);
	char text[80];

	if (lost == all->told)
		return;
	snprintf(text, sizeof(text), "DEBUG: %llu packets were not looked at,"
	    " too many in a second", (unsigned long long)(lost - all->told));
	log_text(text);
	all->told = lost;
	all->told_at = now;
}

void
ipdebug_run(struct fwd *f)
{
	struct sightings *all = f->sightings;
	unsigned budget = AT_ONCE;
	uint64_t now;

	if (all == NULL)
		return;
	while (budget-- > 0 && all->tail !=
	    __atomic_load_n(&all->head, __ATOMIC_SEQ_CST)) {
		look_at(f, &all->ring[all->tail % RING]);
		__atomic_store_n(&all->tail, all->tail + 1, __ATOMIC_SEQ_CST);
	}
	now = f->io.now(f->arg);
	if (now - all->told_at >= SAY_EVERY)
		say_lost(all, now);
}

uint64_t
ipdebug_timeout(const struct fwd *f, uint64_t now)
{
	const struct sightings *all = f->sightings;

	if (all == NULL)
		return UINT64_MAX;
	if (all->tail != __atomic_load_n(&all->head, __ATOMIC_SEQ_CST))
		return now;
	return count_read(&all->lost) != all->told ?
	    all->told_at + SAY_EVERY : UINT64_MAX;
}

void
ipdebug_changed(struct fwd *f)
{
	struct sightings *all;

	if (f->sightings == NULL && (debug_set.levels[DBG_IP_PACKET] != 0 ||
	    debug_set.levels[DBG_IP_ICMP] != 0))
		f->sightings = xcalloc(1, sizeof(*f->sightings));
	all = f->sightings;
	if (all == NULL)
		return;
	snap_publish(f);
	say_lost(all, f->io.now(f->arg));
}

void
ipdebug_build(const struct fwd *f, struct snap *s)
{
	if (f->sightings == NULL)
		return;
	if (debug_set.levels[DBG_IP_PACKET] != 0)
		s->watch |= WATCH_PACKETS;
	if (debug_set.levels[DBG_IP_ICMP] != 0)
		s->watch |= WATCH_ICMP;
}

void
ipdebug_free(struct fwd *f)
{
	free(f->sightings);
}
