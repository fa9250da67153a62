/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the worker of process fwd tells the control thread: a ring with one
 * writer and one reader. Log messages are limited where they are provoked, so
 * that a flood costs the control thread nothing.
 */
#include "config.h"

#include <stdio.h>

#include "dataplane/engine.h"

void
fwd_event(struct fwd *f, const struct event *e)
{
	struct worker *w = &f->w;
	uint32_t head = w->ev_head, used;

	used = head - __atomic_load_n(&w->ev_tail, __ATOMIC_ACQUIRE);
	/* half of the ring is kept for pings: messages may be lost */
	if (used >= EVENTS || (e->type != EVENT_PING && used >= EVENTS / 2))
		return;
	w->events[head % EVENTS] = *e;
	__atomic_store_n(&w->ev_head, head + 1, __ATOMIC_RELEASE);
	if (f->engine.wake != NULL)
		f->engine.wake(f->engine_arg);
}

void
fwd_event_log(struct fwd *f, enum log_id id, uint32_t key,
    const struct event *e)
{
	struct worker *w = &f->w;
	struct limit *l;
	struct event copy = *e;

	/* What anybody can provoke: one a minute for a source (or SA), and
	 * ten a second for all of them. */
	l = &w->limits[(key * 2654435761u >> 24 ^ (unsigned)id) % LIMITS];
	if (l->until > w->now && l->key == key && l->id == id)
		return;
	if (w->now - w->log_second >= 1000) {
		w->log_second = w->now;
		w->log_n = 0;
	}
	if (w->log_n++ >= 10)
		return;
	*l = (struct limit){ key, (uint16_t)id, w->now + 60000 };
	copy.type = EVENT_LOG;
	copy.what = (uint16_t)id;
	fwd_event(f, &copy);
}

void
fwd_log(struct fwd *f, enum log_id id, ...)
{
	va_list ap;

	if (f->io.log == NULL)
		return;
	va_start(ap, id);
	f->io.log(f->arg, id, ap);
	va_end(ap);
}

/* ---- the control thread ---- */

typedef void log_event_fn(struct fwd *, const struct event *);

static void
log_not_ipsec(struct fwd *f, const struct event *e)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	fwd_log(f, LOG_RECVD_NOT_IPSEC, ip4_str(e->a, a), ip4_str(e->b, b),
	    e->c);
}

static void
log_inv_spi(struct fwd *f, const struct event *e)
{
	char a[IP4_STRLEN], b[IP4_STRLEN], spi[9];

	snprintf(spi, sizeof(spi), "%08X", e->c);
	fwd_log(f, LOG_RECVD_INV_SPI, ip4_str(e->a, a), spi,
	    ip4_str(e->b, b));
}

static void
log_mac_err(struct fwd *f, const struct event *e)
{
	fwd_log(f, LOG_RECVD_MAC_ERR, e->a);
}

static void
log_replay(struct fwd *f, const struct event *e)
{
	fwd_log(f, LOG_PKT_REPLAY_ERR, e->a, e->b);
}

static void
log_ident(struct fwd *f, const struct event *e)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	fwd_log(f, LOG_RECVD_BAD_IDENT, ip4_str(e->a, a), ip4_str(e->b, b));
}

static void
log_no_sa(struct fwd *f, const struct event *e)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	fwd_log(f, LOG_NO_SA_DROP, e->group->name, ip4_str(e->a, a),
	    ip4_str(e->b, b));
}

static const struct {
	enum log_id id;
	log_event_fn *emit;
} logs[] = {
	{ LOG_RECVD_NOT_IPSEC, log_not_ipsec },
	{ LOG_RECVD_INV_SPI, log_inv_spi },
	{ LOG_RECVD_MAC_ERR, log_mac_err },
	{ LOG_PKT_REPLAY_ERR, log_replay },
	{ LOG_RECVD_BAD_IDENT, log_ident },
	{ LOG_NO_SA_DROP, log_no_sa },
};

void
fwd_events_run(struct fwd *f)
{
	struct worker *w = &f->w;
	uint32_t tail = w->ev_tail, budget = EVENTS;
	struct event e;
	size_t i;

	while (budget-- > 0 &&
	    tail != __atomic_load_n(&w->ev_head, __ATOMIC_ACQUIRE)) {
		e = w->events[tail++ % EVENTS];
		__atomic_store_n(&w->ev_tail, tail, __ATOMIC_RELEASE);
		if (e.type == EVENT_SID)
			sid_event(f, &e);
		if (e.type == EVENT_PING)
			ping_event(f, &e);
		for (i = 0; e.type == EVENT_LOG && i < NELEM(logs); i++) {
			if (logs[i].id == e.what)
				logs[i].emit(f, &e);
		}
	}
}
