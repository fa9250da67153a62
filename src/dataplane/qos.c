/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quality of service among the stages of process fwd. On the way in a packet
 * is classified as it is behind decryption; on the way out as it will leave,
 * or, with pre-classify, as it was before a tunnel or encryption. Queues are
 * in front of encryption, so that what overtakes in them has the lower
 * sequence number, and what they drop has none.
 */
#include "config.h"

#include <urcu-qsbr.h>

#include "dataplane/ip.h"
#include "dataplane/qos.h"

enum verdict
stage_qos_in(struct fwd *f, struct pkt *p)
{
	const struct qos_side *side = &port_of(f, p->in_port)->qos_in;
	uint16_t node[2];
	unsigned len;

	if (side->run == NULL)
		return NEXT;
	len = p->len + side->run->overhead;
	qos_classify(side, p, &p->flow, p->len, node);
	return qos_act(f, side->run, p, node, len, f->io.now_us(f->arg));
}

/* The outer header of what is to be encrypted, or what pre-classify kept. */
static void
leaving(const struct pkt *p, struct qos_leaving *l)
{
	if (p->sa != NULL) {
		l->len = esp_outer(p, &l->flow);
	} else {
		l->len = p->len;
		l->flow = ip_flow(pkt_ip(p), p->len);
	}
	if (p->preclassified) {
		l->flow = p->qos_flow;
		l->flow.dscp = p->qos_dscp;
	}
}

/* again: it waited in the policy that was there before, and has been marked
 * and measured. */
static enum verdict
out_one(struct fwd *f, const struct qos_side *side, struct pkt *p,
    unsigned stage, bool again, uint64_t now)
{
	struct qos_leaving l = { .stage = stage };
	uint16_t node[2];

	leaving(p, &l);
	qos_classify(side, p, &l.flow, l.len, node);
	l.len += side->run->overhead;
	if (again)
		qos_offer(side->run, node, l.len);
	else if (qos_act(f, side->run, p, node, l.len, now) != NEXT)
		return DROP;
	return side->run->queues ? qos_enqueue(f, side->run, p, node, &l,
	    now) : NEXT;
}

static bool
has_policy(struct fwd *f, struct pkt **pkts, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		if (port_of(f, pkts[i]->out_port)->qos_out.run != NULL)
			return true;
	}
	return false;
}

unsigned
stage_qos_out(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	const struct qos_side *side;
	unsigned i, left = 0;
	uint64_t now;

	if (!has_policy(f, pkts, n))
		return n;
	now = f->io.now_us(f->arg);
	for (i = 0; i < n; i++) {
		side = &port_of(f, pkts[i]->out_port)->qos_out;
		if (side->run != NULL) {
			/* those that wait longer go first, behind those of
			 * this burst that need not wait */
			if (side->run->due <= now) {
				path_run(f, at + 1, pkts, left);
				left = 0;
				qos_drain(f, side->run, now);
			}
			if (out_one(f, side, pkts[i], at + 1, false, now) !=
			    NEXT)
				continue;
		}
		pkts[left++] = pkts[i];
	}
	return left;
}

enum verdict
stage_qos_mark(struct fwd *f UNUSED, struct pkt *p)
{
	if (p->outer_marked)
		ip_set_tos(pkt_ip(p), p->outer_tos);
	return NEXT;
}

/* ---- a policy has changed ---- */

/* A packet that waited finds its class in the new policy; without one it
 * leaves. */
static void
adopt(struct fwd *f, struct pkt *p, unsigned stage, uint64_t now)
{
	const struct snap_port *sp = port_of(f, p->out_port);

	f->w.n_waited++;
	if (!sp->used)
		(void)fwd_drop(f, DROP_PORT_DOWN);
	else if (sp->qos_out.run == NULL ||
	    out_one(f, &sp->qos_out, p, stage, true, now) == NEXT)
		path_run(f, stage, &p, 1);
	f->w.n_waited--;
}

void
qos_adopt(struct fwd *f)
{
	uint64_t now = f->io.now_us(f->arg);
	struct pkt *p;
	unsigned i, k, stage;

	for (i = 1; i <= PORT_MAX; i++) {
		const struct qos_side *side = &f->w.snap->port[i].qos_out;

		for (k = 0; k < QOS_BEFORE; k++) {
			while (side->before[k] != NULL && qos_take_over(f,
			    side->before[k], now, &p, &stage)) {
				if (p != NULL)
					adopt(f, p, stage, now);
			}
		}
	}
}

/* ---- the worker between bursts ---- */

uint64_t
fwd_worker_due(const struct fwd *f)
{
	const struct snap *s = rcu_dereference(f->snap);
	uint64_t due = UINT64_MAX;
	unsigned i;

	if (s != NULL && s->adopts && s->generation != f->w.generation)
		return 0;
	for (i = 0; s != NULL && i < s->n_shapers; i++) {
		if (s->shapers[i]->due < due)
			due = s->shapers[i]->due;
	}
	return due;
}

void
fwd_worker_run(struct fwd *f)
{
	uint64_t now = f->io.now_us(f->arg);
	unsigned i;

	fwd_enter(f);
	for (i = 0; i < f->w.snap->n_shapers; i++) {
		if (f->w.snap->shapers[i]->due <= now)
			qos_drain(f, f->w.snap->shapers[i], now);
	}
	fwd_leave(f);
}
