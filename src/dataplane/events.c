/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the worker of process fwd tells the control thread: a ring with one
 * writer and one reader. Log messages are limited where they are provoked, so
 * that a flood costs the control thread nothing.
 */
#include "config.h"

#include <stdio.h>

#include "dataplane/ipdebug.h"

void
fwd_event(struct fwd *f, const struct event *e)
{
	struct worker *w = &f->w;
	uint32_t head = w->ev_head, used;

	used = head - __atomic_load_n(&w->ev_tail, __ATOMIC_ACQUIRE);
	/* half of the ring is kept for pings: messages may be lost */
	if (used >= EVENTS || (used >= EVENTS / 2 &&
	    (e->type == EVENT_LOG || e->type == EVENT_TBAR ||
	    e->type == EVENT_ACQUIRE || e->type == EVENT_NAT)))
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

static void
log_exhausted(struct fwd *f, const struct event *e)
{
	fwd_log(f, LOG_SA_EXHAUSTED, e->a, e->group->name);
	snap_publish(f); /* a younger TEK, if there is one */
}

static const char *
secs(uint64_t hundredths, char *buf)
{
	snprintf(buf, 32, "%llu.%02u",
	    (unsigned long long)(hundredths / 100),
	    (unsigned)(hundredths % 100));
	return buf;
}

static void
log_tbar(struct fwd *f, const struct event *e)
{
	char a[IP4_STRLEN], mine[32], theirs[32];

	fwd_log(f, LOG_TBAR_FAILED, e->group->name, ip4_str(e->src, a),
	    secs(e->mine, mine), secs(e->theirs, theirs), e->a);
}

/* What key management hears of too, at the pace of the log. */
static void
tell_ike(struct fwd *f, enum sa_event_type type, const struct event *e)
{
	struct sa_event s = { .type = (uint8_t)type, .spi = e->spi,
		.src = e->src, .dst = e->a };

	if (f->io.event == NULL)
		return;
	if (e->pair) /* of nobody's SA: for IKE between routers */
		f->io.event(f->arg, &s);
	if (e->group == NULL)
		return;
	str_copy(s.group, e->group->name, sizeof(s.group));
	if (type != SA_EVENT_INVALID_SPI)
		s.dst = 0;
	f->io.event(f->arg, &s);
}

static const struct {
	enum log_id id;
	log_event_fn *emit;
	enum sa_event_type tell; /* SA_EVENT_COUNT: nobody */
} logs[] = {
	{ LOG_RECVD_NOT_IPSEC, log_not_ipsec, SA_EVENT_COUNT },
	{ LOG_RECVD_INV_SPI, log_inv_spi, SA_EVENT_INVALID_SPI },
	{ LOG_RECVD_MAC_ERR, log_mac_err, SA_EVENT_COUNT },
	{ LOG_PKT_REPLAY_ERR, log_replay, SA_EVENT_REPLAY_COUNTER },
	{ LOG_RECVD_BAD_IDENT, log_ident, SA_EVENT_COUNT },
	{ LOG_NO_SA_DROP, log_no_sa, SA_EVENT_NO_SA },
	{ LOG_TBAR_FAILED, log_tbar, SA_EVENT_REPLAY_TIME },
	{ LOG_SA_EXHAUSTED, log_exhausted, SA_EVENT_EXHAUSTED },
	{ LOG_NAT_FULL, nat_log_event, SA_EVENT_COUNT },
	{ LOG_NAT_ADDR, nat_log_event, SA_EVENT_COUNT },
	{ LOG_NAT_PORT, nat_log_event, SA_EVENT_COUNT },
	{ LOG_NAT_LIMIT, nat_log_event, SA_EVENT_COUNT },
};

void
fwd_events_run(struct fwd *f)
{
	struct worker *w = &f->w;
	uint32_t tail = w->ev_tail, budget = EVENTS;
	struct event e;
	size_t i;

	ipdebug_run(f);
	while (budget-- > 0 &&
	    tail != __atomic_load_n(&w->ev_head, __ATOMIC_ACQUIRE)) {
		e = w->events[tail++ % EVENTS];
		__atomic_store_n(&w->ev_tail, tail, __ATOMIC_RELEASE);
		if (e.type == EVENT_SID)
			sid_event(f, &e);
		if (e.type == EVENT_PING) {
			/* what was seen of it comes before what it leads to */
			ipdebug_run(f);
			ping_event(f, &e);
		}
		if (e.type == EVENT_TBAR)
			tbar_event(f, &e);
		if (e.type == EVENT_ACQUIRE || e.type == EVENT_VOLUME)
			pair_event(f, &e);
		if (e.type == EVENT_NAT)
			nat_event(f, &e);
		for (i = 0; e.type == EVENT_LOG && i < NELEM(logs); i++) {
			if (logs[i].id != e.what)
				continue;
			logs[i].emit(f, &e);
			if (logs[i].tell != SA_EVENT_COUNT)
				tell_ike(f, logs[i].tell, &e);
		}
	}
}
