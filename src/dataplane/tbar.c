/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Time-based anti-replay in process fwd: the sender's pseudotime in front of
 * the inner packet (layout: base/sa.h), compared with the receiver's. The
 * clock of the group is one number for each SA, what has to be added to the
 * monotonic clock of this router; process ike finds it (gdoi/gm_clock.c). So
 * nothing is kept for a packet, a packet that comes twice inside the window
 * passes twice, and a new fwd goes on where the old one ended.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define TBAR_IPV4 4

uint64_t
tbar_now(const struct sa *sa, uint64_t now)
{
	int64_t ms = (int64_t)now +
	    __atomic_load_n(&sa->pseudotime, __ATOMIC_RELAXED);

	return ms > 0 ? (uint64_t)ms / 10 : 0;
}

void
tbar_put(const struct fwd *f, const struct sa *sa, uint8_t *to)
{
	uint64_t stamp = tbar_now(sa, f->w.now);

	put32(to, (uint32_t)TBAR_IPV4 << 24);
	put32(to + 4, (uint32_t)(stamp >> 32));
	put32(to + 8, (uint32_t)stamp);
}

bool
tbar_get(const uint8_t *from, uint64_t *stamp)
{
	*stamp = (uint64_t)get32(from + 4) << 32 | get32(from + 8);
	return get32(from) == (uint32_t)TBAR_IPV4 << 24;
}

static void
sample(struct fwd *f, struct group *g, const struct event *e)
{
	struct event copy = *e;

	if (f->w.now - g->sample_minute >= 60000) {
		g->sample_minute = f->w.now;
		__atomic_store_n(&g->n_samples, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_load_n(&g->n_samples, __ATOMIC_RELAXED) >= TBAR_SAMPLES)
		return;
	__atomic_fetch_add(&g->n_samples, 1, __ATOMIC_RELAXED);
	copy.type = EVENT_TBAR;
	fwd_event(f, &copy);
}

enum verdict
tbar_check(struct fwd *f, const struct pkt *p, uint64_t stamp)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;
	uint64_t mine = tbar_now(sa, f->w.now);
	uint64_t delta = stamp > mine ? stamp - mine : mine - stamp;
	struct event e = { .a = sa->window, .spi = sa->spi,
		.src = p->flow.src, .mine = mine, .theirs = stamp,
		.group = sg->group };

	if (delta < sa->window * 100u) {
		count(&sg->group->c[STAT_TBAR_IN]);
		return NEXT;
	}
	count(&sg->group->c[STAT_TBAR_IN_ERR]);
	policy_count(sg, policy_first_of(sg->policy, sa->sa_index),
	    STAT_REPLAY);
	if (delta > __atomic_load_n(&sg->group->delta, __ATOMIC_RELAXED))
		__atomic_store_n(&sg->group->delta, delta, __ATOMIC_RELAXED);
	sample(f, sg->group, &e);
	fwd_event_log(f, LOG_TBAR_FAILED, p->flow.src, &e);
	return fwd_drop(f, DROP_REPLAY_TIME);
}

/* Control thread. */
void
tbar_event(struct fwd *f, const struct event *e)
{
	struct group *g = e->group;

	g->errors[g->n_errors++ % TBAR_HISTORY] = (struct tbar_error){
		f->io.now(f->arg), e->mine, e->theirs, e->src,
		(uint16_t)e->a };
}
