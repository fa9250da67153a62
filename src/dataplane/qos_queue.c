/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Queues of a service policy in process fwd: packets that a shaper holds
 * back, and which of them leaves first.
 *
 * Only shapers hold anything: the device of a port takes all that it is
 * given, so a class without one above it, or of its own, never has to wait.
 * A shaper is a bucket of Bc + Be bits that a packet may overdraw; it pays
 * before the next one leaves, so that the rate is exact in the long run.
 *
 * Among the classes below a shaper those with `priority` go first. The others
 * share by start-time fair queueing (Goyal, Vin, Cheng 1996): each class has a
 * tag, the bytes it has sent by its weight, the least goes next, and one that
 * was idle begins at the tag of the one that was served last. A class of one
 * percent waits for no round of large quanta, as it would with deficit round
 * robin. That is what the flows of `fair-queue` have: they are equals. Of
 * classes with `priority` of one level each sends a packet in turn.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/ip.h"
#include "dataplane/qos.h"

#define SMALL 2048	/* octets of a buffer that is kept for the next one */
#define QUANTUM 1514	/* of a flow */
#define TAG_SHIFT 24
#define QOS_SPARED 64	/* packets of this router, of each queue */

/* ---- memory ---- */

static uint32_t
room(uint32_t all, bool first)
{
	return first ? all : all - all / QOS_RESERVE;
}

/* first: of a class with priority, or control traffic; bulk on whatever port
 * leaves room for it. */
static struct qos_buf *
buf_new(struct fwd *f, struct qos_run *r, unsigned len, bool first)
{
	struct qos_buf *b = f->w.qos_free;
	uint32_t size = len <= SMALL ? SMALL : len;

	if (__atomic_load_n(r->used_buffers, __ATOMIC_RELAXED) >=
	    room(QOS_BUFFERS, first) || __atomic_load_n(r->used_bytes,
	    __ATOMIC_RELAXED) + size > room(QOS_MEMORY, first))
		return NULL;
	if (size == SMALL && b != NULL) {
		f->w.qos_free = b->next;
	} else {
		b = xrealloc(NULL, sizeof(*b) + size);
		b->size = size;
	}
	__atomic_fetch_add(r->used_buffers, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(r->used_bytes, size, __ATOMIC_RELAXED);
	b->next = NULL;
	return b;
}

static void
buf_gone(struct qos_run *r, const struct qos_buf *b)
{
	__atomic_fetch_sub(r->used_buffers, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(r->used_bytes, b->size, __ATOMIC_RELAXED);
}

static void
buf_free(struct fwd *f, struct qos_run *r, struct qos_buf *b)
{
	buf_gone(r, b);
	if (b->size == SMALL) {
		b->next = f->w.qos_free;
		f->w.qos_free = b;
	} else {
		free(b);
	}
}

/* Nobody uses it any more; what still waits is lost with it. */
void
qos_run_free(struct ref *ref)
{
	struct qos_run *r = (struct qos_run *)(void *)ref;
	struct qos_buf *b, *next;
	unsigned i, j;

	for (i = 0; i < r->n_nodes; i++) {
		struct qos_node *n = &r->nodes[i];

		for (j = 0; n->flows != NULL &&
		    j < (n->cfg.flows != 0 ? n->cfg.flows : 1u); j++) {
			for (b = n->flows[j].fifo.head; b != NULL; b = next) {
				next = b->next;
				buf_gone(r, b);
				free(b);
			}
		}
		free(n->flows);
		free(n->reds);
	}
	if (r->gone != NULL)
		*r->gone += qos_drops(r);
	free(r->nodes);
	free(r);
}

void
qos_buffers_free(struct fwd *f)
{
	struct qos_buf *b;

	while ((b = f->w.qos_free) != NULL) {
		f->w.qos_free = b->next;
		free(b);
	}
}

/* ---- shapers ---- */

/* A packet larger than Bc + Be has to pass as well: the bucket may hold one
 * token more than nothing, and be overdrawn. */
static int64_t
shaper_cap(const struct qos_node_cfg *c)
{
	return ((int64_t)c->shape_bc + c->shape_be) * 1000000;
}

static bool
shaper_open(struct qos_node *n, uint64_t now)
{
	if (!n->cfg.shape)
		return true;
	qos_fill(&n->shaper, n->cfg.shape_rate, shaper_cap(&n->cfg), now);
	return n->shaper.tokens >= 0;
}

/* When it opens, microseconds. */
static uint64_t
shaper_due(const struct qos_node *n, uint64_t now)
{
	if (!n->cfg.shape || n->shaper.tokens >= 0)
		return now;
	return n->shaper.at + ((uint64_t)-n->shaper.tokens +
	    n->cfg.shape_rate - 1) / n->cfg.shape_rate;
}

/* ---- the queue of a class ---- */

static void
fifo_put(struct qos_fifo *q, struct qos_buf *b)
{
	*q->tail = b;
	q->tail = &b->next;
	q->packets++;
	q->bytes += b->len;
}

static struct qos_buf *
fifo_get(struct qos_fifo *q)
{
	struct qos_buf *b = q->head;

	q->head = b->next;
	if (q->head == NULL)
		q->tail = &q->head;
	b->next = NULL;
	q->packets--;
	q->bytes -= b->len;
	return b;
}

static uint32_t
hash_of(const struct flow *f, uint32_t seed)
{
	uint64_t h = ((uint64_t)f->src << 32 | f->dst) ^
	    (uint64_t)seed * 0x9e3779b97f4a7c15u;

	h *= 0xff51afd7ed558ccdu;
	h ^= (uint64_t)f->sport << 32 | (uint64_t)f->dport << 16 | f->proto;
	h *= 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h >> 32);
}

static struct qos_flow *
flow_of(struct qos_run *r, struct qos_node *n, const struct flow *f)
{
	return n->cfg.flows == 0 ? n->flows :
	    &n->flows[hash_of(f, r->seed) % n->cfg.flows];
}

static void
flow_put(struct qos_node *n, struct qos_flow *fl, struct qos_buf *b)
{
	if (fl->fifo.packets == 0) {
		fl->deficit = QUANTUM;
		fl->next = NULL;
		*n->active_tail = fl;
		n->active_tail = &fl->next;
	}
	fifo_put(&fl->fifo, b);
}

static struct qos_flow *
active_take(struct qos_node *n)
{
	struct qos_flow *fl = n->active;

	n->active = fl->next;
	if (n->active == NULL)
		n->active_tail = &n->active;
	fl->next = NULL;
	return fl;
}

/* Deficit round robin among the flows (Shreedhar, Varghese 1995); one alone
 * is a FIFO. */
static struct qos_buf *
flow_get(struct qos_node *n)
{
	struct qos_flow *fl = n->active;
	struct qos_buf *b;

	/* also one that is alone: it owes the next one nothing for that */
	while (fl->deficit < (int32_t)fl->fifo.head->len) {
		fl = active_take(n);
		fl->deficit += QUANTUM;
		*n->active_tail = fl;
		n->active_tail = &fl->next;
		fl = n->active;
	}
	b = fifo_get(&fl->fifo);
	fl->deficit -= (int32_t)b->len;
	if (fl->fifo.packets == 0)
		(void)active_take(n);
	return b;
}

/* ---- what is not let in ---- */

static uint32_t
random_next(struct qos_run *r)
{
	r->seed = r->seed * 1664525 + 1013904223;
	return r->seed >> 8;
}

static unsigned
red_value(const struct qos_node *n, const struct pkt *p)
{
	return qos_tos(p) >> (n->cfg.red == QOS_RED_DSCP ? 2 : 5);
}

static void
red_count(struct qos_node *n, const struct pkt *p, unsigned len,
    enum red_count c)
{
	struct qos_red_counts *r;

	if (n->reds == NULL)
		return;
	r = &n->reds[red_value(n, p)];
	count(&r->c[c]);
	count_add(&r->c[c + 1], len);
}

/* Random early detection: the mean queue moves by a 2^weight'th of the
 * difference with each packet, and sinks while the queue is idle. */
static bool
red_drops(struct qos_run *r, struct qos_node *n, unsigned value,
    uint64_t now)
{
	const struct qos_node_cfg *c = &n->cfg;
	const struct qos_red_range *w = &c->ranges[value];
	uint64_t idle = n->depth == 0 && n->idle_since != 0 ?
	    (now - n->idle_since) / 1000 : 0;
	int64_t avg = n->average;
	uint32_t mean;

	/* as if a packet had come every millisecond */
	for (; idle > 0 && avg > 0; idle--)
		avg -= (avg >> c->red_weight) + 1;
	avg = avg < 0 ? 0 : avg;
	avg += (((int64_t)n->depth << 16) - avg) >> c->red_weight;
	__atomic_store_n(&n->average, (uint32_t)avg, __ATOMIC_RELAXED);
	mean = n->average >> 16;
	if (mean < w->min)
		return false;
	if (mean >= w->max)
		return true;
	return (uint64_t)(random_next(r) & 0xffff) * w->mark *
	    (w->max - w->min) < (uint64_t)0x10000 * (mean - w->min);
}

static bool
queue_full(const struct qos_node *n, const struct qos_flow *fl, unsigned len)
{
	const struct qos_node_cfg *c = &n->cfg;

	if (c->limit_bytes)
		return n->bytes + len > c->limit || (c->flows != 0 &&
		    fl->fifo.bytes + len > c->flow_limit);
	return n->depth >= c->limit ||
	    (c->flows != 0 && fl->fifo.packets >= c->flow_limit);
}

/* Metered always, obeyed under congestion. */
static bool
priority_exceeds(struct qos_node *n, unsigned len, uint64_t now)
{
	int64_t cost = qos_cost(len);

	if (n->cfg.prio_rate == 0)
		return false;
	qos_fill(&n->prio, n->cfg.prio_rate, qos_cost((unsigned)
	    n->cfg.prio_burst), now);
	if (n->prio.tokens < cost)
		return true;
	n->prio.tokens -= cost;
	return false;
}

/* ---- in ---- */

static struct qos_node *
parent_of(struct qos_run *r, const struct qos_node *n)
{
	return n->cfg.parent == QOS_NO_NODE ? NULL : &r->nodes[n->cfg.parent];
}

/* Is a shaper of this queue closed, or does somebody wait below it who may
 * leave now? Who waits for another shaper stands in nobody's way. */
static bool
must_wait(struct qos_run *r, struct qos_node *q, uint64_t now)
{
	struct qos_node *n;

	for (n = q; n != NULL; n = parent_of(r, n)) {
		if (n->cfg.shape && ((n->depth > 0 && r->due <= now) ||
		    !shaper_open(n, now)))
			return true;
	}
	return q->depth > 0;
}

/* When all shapers above the queue are open. */
static uint64_t
path_due(struct qos_run *r, struct qos_node *q, uint64_t now)
{
	uint64_t due = now, own;
	struct qos_node *n;

	for (n = q; n != NULL; n = parent_of(r, n)) {
		own = shaper_due(n, now);
		due = own > due ? own : due;
	}
	return due;
}

static void
count_out(struct qos_run *r, struct qos_node *q, unsigned len)
{
	struct qos_node *n;

	for (n = q; n != NULL; n = parent_of(r, n)) {
		count(&n->c[QC_OUT_PACKETS]);
		count_add(&n->c[QC_OUT_BYTES], len);
		if (n->cfg.shape)
			n->shaper.tokens -= qos_cost(len);
	}
}

static void
depth_add(uint32_t *depth, int by)
{
	__atomic_store_n(depth, *depth + (unsigned)by, __ATOMIC_RELAXED);
}

/* Tags go round. */
static bool
is_less(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* One that was idle gets nothing for it. */
static void
join(struct qos_run *r, struct qos_node *q)
{
	struct qos_node *n, *up;
	uint64_t vtime;

	for (n = q; n != NULL; n = up) {
		up = parent_of(r, n);
		vtime = up != NULL ? up->vtime : r->vtime;
		if (n->depth == 0 && n->cfg.prio_unit == QOS_NONE &&
		    is_less(n->tag, vtime))
			n->tag = vtime;
		depth_add(&n->depth, 1);
	}
	depth_add(&r->depth, 1);
}

static enum verdict
queue_drop(struct fwd *f, struct qos_run *r, struct qos_node *q,
    const uint16_t node[2], unsigned len, enum drop_id why)
{
	struct qos_node *n;
	enum qos_count c = why == DROP_QOS_RED ? QC_RED_DROPS :
	    why == DROP_QOS_PRIORITY ? QC_PRIO_DROPS :
	    why == DROP_QOS_MEMORY ? QC_NO_BUFFER : QC_QUEUE_DROPS;

	for (n = q; n != NULL; n = parent_of(r, n))
		count(&n->c[c]);
	return qos_drop(f, r, node, len, why);
}

static void
buf_fill(const struct fwd *f, struct qos_buf *b, const struct pkt *p,
    const struct qos_leaving *l)
{
	memcpy(b->data, pkt_ip(p), p->len);
	b->pkt = *p;
	b->len = l->len;
	b->stage = l->stage;
	b->generation = f->w.snap->generation;
	b->nat_lines = f->w.snap->nat_lines;
}

/* Is there no place for it? What this router says to others about routes,
 * tunnels and keys finds one where nobody else does. */
static bool
refused(struct qos_run *r, struct qos_node *q, const struct pkt *p,
    const struct qos_flow *fl, unsigned len, uint64_t now, enum drop_id *why)
{
	*why = DROP_QOS_QUEUE;
	if (p->control)
		return q->spared >= QOS_SPARED;
	if (q->cfg.red != QOS_RED_OFF && red_drops(r, q, red_value(q, p),
	    now)) {
		*why = DROP_QOS_RED;
		return true;
	}
	return queue_full(q, fl, len);
}

enum verdict
qos_enqueue(struct fwd *f, struct qos_run *r, struct pkt *p,
    const uint16_t node[2], const struct qos_leaving *l, uint64_t now)
{
	unsigned len = l->len;
	uint16_t at = r->nodes[node[1] != QOS_NO_NODE ? node[1] :
	    node[0]].cfg.queue;
	struct qos_node *q;
	struct qos_flow *fl;
	struct qos_buf *b;
	bool waits, exceeds;
	uint64_t due;
	enum drop_id why;

	if (at == QOS_NO_NODE)
		return NEXT;
	q = &r->nodes[at];
	waits = must_wait(r, q, now);
	exceeds = q->cfg.prio_unit != QOS_NONE &&
	    priority_exceeds(q, len, now);
	if (!waits) {
		count_out(r, q, len);
		red_count(q, p, len, RC_SENT);
		return NEXT;
	}
	if (exceeds && !p->control)
		return queue_drop(f, r, q, node, len, DROP_QOS_PRIORITY);
	fl = flow_of(r, q, &l->flow);
	if (refused(r, q, p, fl, len, now, &why)) {
		red_count(q, p, len, why == DROP_QOS_RED ? RC_EARLY : RC_FULL);
		return queue_drop(f, r, q, node, len, why);
	}
	b = buf_new(f, r, p->len, p->control ||
	    q->cfg.prio_unit != QOS_NONE);
	if (b == NULL)
		return queue_drop(f, r, q, node, len, DROP_QOS_MEMORY);
	buf_fill(f, b, p, l);
	join(r, q);
	q->bytes += len;
	q->spared += p->control;
	red_count(q, p, len, RC_SENT);
	flow_put(q, fl, b);
	due = path_due(r, q, now);
	r->due = due < r->due ? due : r->due;
	return STOLEN;
}

/* ---- out ---- */

static bool
goes_before(const struct qos_node *a, const struct qos_node *b)
{
	bool pa = a->cfg.prio_unit != QOS_NONE;
	bool pb = b->cfg.prio_unit != QOS_NONE;

	if (pa != pb)
		return pa;
	if (pa && a->cfg.prio_level != b->cfg.prio_level)
		return a->cfg.prio_level < b->cfg.prio_level;
	return is_less(a->tag, b->tag);
}

/* The class that is next among those from `at` on and may send, NULL: none
 * may now. */
static struct qos_node *
pick(struct qos_run *r, unsigned at, unsigned n, uint64_t now)
{
	struct qos_node *best = NULL, *x, *leaf;
	unsigned i;

	for (i = at; i < at + n; i++) {
		x = &r->nodes[i];
		if (x->depth == 0 || (best != NULL && !goes_before(x, best)) ||
		    !shaper_open(x, now))
			continue;
		/* its own queue, or one of its child's that may send */
		leaf = x->active != NULL ? x :
		    pick(r, x->cfg.first, x->cfg.n, now);
		if (leaf != NULL)
			best = x;
	}
	if (best == NULL || best->active != NULL)
		return best;
	return pick(r, best->cfg.first, best->cfg.n, now);
}

/* The class was served: its tag moves on, the time of its level with it. */
static void
advance(struct qos_run *r, struct qos_node *q, unsigned len)
{
	struct qos_node *n, *up;
	uint64_t *vtime;

	for (n = q; n != NULL; n = up) {
		up = parent_of(r, n);
		vtime = up != NULL ? &up->vtime : &r->vtime;
		depth_add(&n->depth, -1);
		if (n->cfg.prio_unit != QOS_NONE) {
			/* of those with one level the one that waits longer */
			n->tag = ++r->turn;
			continue;
		}
		if (n->cfg.weight == 0)
			continue;
		if (is_less(*vtime, n->tag))
			*vtime = n->tag;
		n->tag += ((uint64_t)len << TAG_SHIFT) / n->cfg.weight;
	}
	depth_add(&r->depth, -1);
}

/* The next packet of a queue, in a buffer of the worker. NULL: it may not
 * leave any more; dropped and counted. */
static struct pkt *
take_out(struct fwd *f, struct qos_run *r, struct qos_node *q, uint64_t now,
    struct qos_leaving *l)
{
	struct qos_buf *b = flow_get(q);
	struct pkt *p = &f->w.waited[f->w.n_waited];
	uint8_t *buf = p->buf;
	bool leaves;

	q->bytes -= b->len;
	q->spared -= b->pkt.control;
	advance(r, q, b->len);
	if (q->depth == 0)
		q->idle_since = now;
	l->len = b->len;
	l->stage = b->stage;
	*p = b->pkt;
	p->buf = buf;
	p->off = PKT_HEADROOM;
	memcpy(pkt_ip(p), b->data, p->len);
	leaves = b->generation == f->w.snap->generation || qos_again(f, b, p);
	buf_free(f, r, b);
	return leaves ? p : NULL;
}

static void
send_one(struct fwd *f, struct qos_run *r, struct qos_node *q, uint64_t now)
{
	struct qos_leaving l;
	struct pkt *p = take_out(f, r, q, now, &l);

	count_out(r, q, l.len);
	if (p == NULL)
		return;
	f->w.n_waited++;
	path_run(f, l.stage, &p, 1);
	f->w.n_waited--;
}

bool
qos_take_over(struct fwd *f, struct qos_run *old, uint64_t now,
    struct pkt **p, unsigned *stage)
{
	struct qos_leaving l;
	unsigned i;

	for (i = 0; i < old->n_nodes && old->nodes[i].active == NULL; i++)
		;
	if (i == old->n_nodes)
		return false;
	*p = take_out(f, old, &old->nodes[i], now, &l);
	*stage = l.stage;
	return true;
}

/* When the first of those that wait from `at` on may leave. */
static uint64_t
next_due(struct qos_run *r, unsigned at, unsigned n, uint64_t now)
{
	uint64_t due, own, first = UINT64_MAX;
	const struct qos_node *x;
	unsigned i;

	for (i = at; i < at + n; i++) {
		x = &r->nodes[i];
		if (x->depth == 0)
			continue;
		due = shaper_due(x, now);
		own = x->active != NULL ? now :
		    next_due(r, x->cfg.first, x->cfg.n, now);
		due = own > due ? own : due;
		first = due < first ? due : first;
	}
	return first;
}

void
qos_drain(struct fwd *f, struct qos_run *r, uint64_t now)
{
	struct qos_node *q;

	/* the next call sends what would need one buffer more */
	while (f->w.n_waited < QOS_NEST && r->depth > 0 &&
	    (q = pick(r, 0, r->n_top, now)) != NULL)
		send_one(f, r, q, now);
	r->due = r->depth > 0 ? next_due(r, 0, r->n_top, now) : UINT64_MAX;
}
