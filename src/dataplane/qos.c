/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quality of service among the stages of process fwd. On the way in a packet
 * is classified as it is behind decryption; on the way out as it leaves, or,
 * with pre-classify, as it was before a tunnel or encryption.
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

static enum verdict
out_one(struct fwd *f, const struct qos_side *side, struct pkt *p,
    uint64_t now)
{
	unsigned len = p->len + side->run->overhead;
	uint16_t node[2];
	struct flow flow;

	if (p->preclassified) {
		flow = p->qos_flow;
		flow.dscp = p->qos_dscp;
	} else {
		flow = ip_flow(pkt_ip(p), p->len);
	}
	qos_classify(side, p, &flow, p->len, node);
	if (qos_act(f, side->run, p, node, len, now) != NEXT)
		return DROP;
	return side->run->shapes ? qos_enqueue(f, side->run, p, node, &flow,
	    len, now) : NEXT;
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
stage_qos_out(struct fwd *f, struct pkt **pkts, unsigned n,
    unsigned at UNUSED)
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
			/* those that wait longer go first */
			if (side->run->due <= now)
				qos_drain(f, side->run, now);
			if (out_one(f, side, pkts[i], now) != NEXT)
				continue;
		}
		pkts[left++] = pkts[i];
	}
	return left;
}

/* ---- the worker between bursts ---- */

uint64_t
fwd_worker_due(const struct fwd *f)
{
	const struct snap *s = rcu_dereference(f->snap);
	uint64_t due = UINT64_MAX;
	unsigned i;

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

	f->w.snap = rcu_dereference(f->snap);
	f->w.now = f->io.now(f->arg);
	for (i = 0; i < f->w.snap->n_shapers; i++) {
		if (f->w.snap->shapers[i]->due <= now)
			qos_drain(f, f->w.snap->shapers[i], now);
	}
	f->w.snap = NULL;
}
