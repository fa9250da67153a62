/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a service policy does to a packet before any queue, in process fwd:
 * its class, the first that matches; counting; marking; policers (RFC 2697,
 * RFC 2698, colour-blind).
 */
#include "config.h"

#include "dataplane/ip.h"
#include "dataplane/qos.h"

/* ---- which class ---- */

struct look {
	const struct qos_rules *rules;
	const struct pkt *pkt;
	const struct flow *flow;
	unsigned len; /* of the IP packet */
};

static bool map_matches(const struct look *, uint16_t map);

static bool
protocol_matches(const struct qos_test *t, const struct flow *f)
{
	if (t->proto != 0 && f->proto != t->proto)
		return false;
	if (t->port == 0)
		return true;
	return (f->proto == PROTO_TCP || f->proto == PROTO_UDP) &&
	    !f->frag_tail && (f->sport == t->port || f->dport == t->port);
}

static bool
list_permits(const struct acl_obj *a, const struct flow *f)
{
	uint32_t i;

	if (a == NULL || a->n == 0)
		return false;
	i = classify(a->classifier, f);
	if (i == CLASSIFY_NONE)
		return false;
	count(&a->hits[i]->packets);
	return a->aces[i].action == ACE_PERMIT;
}

static bool
test_holds(const struct look *l, const struct qos_test *t)
{
	const struct flow *f = l->flow;

	switch (t->kind) {
	case QOS_ANY:
		return true;
	case QOS_ACL:
		return list_permits(t->acl, f);
	case QOS_DSCP:
		return (t->values >> f->dscp & 1) != 0;
	case QOS_PRECEDENCE:
		return (t->values >> (f->dscp >> 3) & 1) != 0;
	case QOS_PROTOCOL:
		return protocol_matches(t, f);
	case QOS_GROUP:
		return l->pkt->qos_group == t->group;
	case QOS_INPUT:
		return l->pkt->in_port == t->port;
	case QOS_LENGTH:
		return l->len >= t->lo && (t->hi == 0 || l->len <= t->hi);
	case QOS_RTP: /* data has the even ports */
		return f->proto == PROTO_UDP && !f->frag_tail &&
		    f->dport >= t->lo && f->dport - t->lo <= t->hi &&
		    f->dport % 2 == 0;
	case QOS_CLASS:
		return t->map != QOS_NO_NODE && map_matches(l, t->map);
	default:
		return false;
	}
}

static bool
map_matches(const struct look *l, uint16_t map)
{
	const struct qos_map *m = &l->rules->maps[map];
	const struct qos_test *t = l->rules->tests + m->first;
	unsigned i;

	for (i = 0; i < m->n; i++) {
		if ((test_holds(l, &t[i]) != t[i].negate) == m->any)
			return m->any;
	}
	return !m->any && m->n > 0;
}

static uint16_t
first_class(const struct look *l, unsigned at, unsigned n)
{
	unsigned i;

	for (i = at; i + 1 < at + n; i++) {
		if (map_matches(l, l->rules->map_of[i]))
			break;
	}
	return (uint16_t)i; /* the last one is class-default */
}

void
qos_classify(const struct qos_side *side, const struct pkt *p,
    const struct flow *flow, unsigned len, uint16_t node[2])
{
	struct look l = { side->rules, p, flow, len };
	const struct qos_node_cfg *c;

	node[0] = first_class(&l, 0, side->run->n_top);
	node[1] = QOS_NO_NODE;
	c = &side->run->nodes[node[0]].cfg;
	if (c->n > 0)
		node[1] = first_class(&l, c->first, c->n);
}

/* ---- buckets ---- */

void
qos_fill(struct qos_bucket *b, uint64_t rate, int64_t cap, uint64_t now)
{
	uint64_t past = now > b->at ? now - b->at : 0;

	b->at = now;
	if (rate == 0)
		return;
	/* what does not fit into the bucket need not be multiplied */
	if (past > (uint64_t)(cap - b->tokens) / rate + 1)
		b->tokens = cap;
	else
		b->tokens += (int64_t)(past * rate);
	if (b->tokens > cap)
		b->tokens = cap;
}

static bool
take(struct qos_bucket *b, int64_t cost)
{
	if (b->tokens < cost)
		return false;
	b->tokens -= cost;
	return true;
}

/* ---- policers ---- */

enum colour { GREEN, YELLOW, RED };

static int64_t
octets(uint64_t n)
{
	return (int64_t)n * 8 * 1000000;
}

/* RFC 2697: what does not fit into the first bucket fills the second one. */
static enum colour
meter_single(struct qos_node *n, int64_t cost, uint64_t now)
{
	const struct qos_meter_cfg *m = &n->cfg.police;
	int64_t over, was = n->meter[0].tokens;
	uint64_t past = now > n->meter[0].at ? now - n->meter[0].at : 0;

	qos_fill(&n->meter[0], m->cir, octets(m->bc), now);
	if (m->three_colours) {
		if (past > (uint64_t)octets(m->bc + m->be) / m->cir)
			past = (uint64_t)octets(m->bc + m->be) / m->cir + 1;
		over = (int64_t)(past * m->cir) - (n->meter[0].tokens - was);
		n->meter[1].tokens += over;
		if (n->meter[1].tokens > octets(m->be))
			n->meter[1].tokens = octets(m->be);
	}
	if (take(&n->meter[0], cost))
		return GREEN;
	if (!m->three_colours || take(&n->meter[1], cost))
		return YELLOW;
	return RED;
}

static enum colour
meter_two(struct qos_node *n, int64_t cost, uint64_t now)
{
	const struct qos_meter_cfg *m = &n->cfg.police;

	qos_fill(&n->meter[0], m->cir, octets(m->bc), now);
	qos_fill(&n->meter[1], m->pir, octets(m->be), now);
	if (!take(&n->meter[1], cost))
		return RED;
	return take(&n->meter[0], cost) ? GREEN : YELLOW;
}

/* ---- marking ---- */

uint8_t
qos_tos(const struct pkt *p)
{
	return p->outer_marked ? p->outer_tos : pkt_ip(p)[IPH_TOS];
}

/* What will be encrypted keeps its own: the header in front of it is to be
 * marked (stage_qos_mark()). */
static void
mark_dscp(struct pkt *p, uint8_t dscp)
{
	uint8_t tos = (uint8_t)(dscp << 2 | (qos_tos(p) & 3));

	if (p->sa != NULL) {
		p->outer_marked = true;
		p->outer_tos = tos;
		return;
	}
	ip_set_tos(pkt_ip(p), tos);
	p->flow.dscp = dscp;
}

/* The other bits of the octet stay. */
static void
mark_precedence(struct pkt *p, uint8_t precedence)
{
	mark_dscp(p, (uint8_t)(precedence << 3 | (qos_tos(p) >> 2 & 7)));
}

static bool
mark_class(struct pkt *p, const struct qos_node_cfg *c)
{
	if (c->set_dscp != QOS_UNSET)
		mark_dscp(p, c->set_dscp);
	if (c->set_precedence != QOS_UNSET)
		mark_precedence(p, c->set_precedence);
	if (c->set_group != QOS_UNSET)
		p->qos_group = c->set_group;
	return c->set_dscp != QOS_UNSET || c->set_precedence != QOS_UNSET ||
	    c->set_group != QOS_UNSET;
}

static bool
act_on(struct pkt *p, const struct qos_action *a)
{
	switch (a->act) {
	case QOS_DROP:
		return false;
	case QOS_SET_DSCP:
		mark_dscp(p, a->value);
		return true;
	case QOS_SET_PRECEDENCE:
		mark_precedence(p, a->value);
		return true;
	case QOS_SET_GROUP:
		p->qos_group = a->value;
		return true;
	default:
		return true;
	}
}

static bool
police(struct qos_node *n, struct pkt *p, unsigned len, uint64_t now)
{
	const struct qos_meter_cfg *m = &n->cfg.police;
	const struct qos_action *acts[] = { &m->act.conform, &m->act.exceed,
		&m->act.violate };
	static const enum qos_count counts[] = { QC_CONFORM, QC_EXCEED,
		QC_VIOLATE };
	enum colour c = m->two_rates ? meter_two(n, qos_cost(len), now) :
	    meter_single(n, qos_cost(len), now);

	count(&n->c[counts[c]]);
	count_add(&n->c[counts[c] + 1], len);
	return act_on(p, acts[c]);
}

/* ---- all of it ---- */

static void
count_drop(struct qos_run *r, const uint16_t node[2], unsigned len)
{
	unsigned i;

	for (i = 0; i < 2 && node[i] != QOS_NO_NODE; i++) {
		count(&r->nodes[node[i]].c[QC_DROPS]);
		count_add(&r->nodes[node[i]].c[QC_DROP_BYTES], len);
	}
}

enum verdict
qos_drop(struct fwd *f, struct qos_run *r, const uint16_t node[2],
    unsigned len, enum drop_id why)
{
	count_drop(r, node, len);
	return fwd_drop(f, why);
}

/* Each is one of a class of the policy, and maybe one of the child's, too. */
uint64_t
qos_drops(const struct qos_run *r)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < r->n_top; i++)
		n += count_read(&r->nodes[i].c[QC_DROPS]);
	return n;
}

void
qos_offer(struct qos_run *r, const uint16_t node[2], unsigned len)
{
	unsigned i;

	for (i = 0; i < 2 && node[i] != QOS_NO_NODE; i++) {
		count(&r->nodes[node[i]].c[QC_PACKETS]);
		count_add(&r->nodes[node[i]].c[QC_BYTES], len);
	}
}

enum verdict
qos_act(struct fwd *f, struct qos_run *r, struct pkt *p,
    const uint16_t node[2], unsigned len, uint64_t now)
{
	unsigned i;

	qos_offer(r, node, len);
	for (i = 0; i < 2 && node[i] != QOS_NO_NODE; i++) {
		struct qos_node *n = &r->nodes[node[i]];

		if (n->cfg.drop)
			return qos_drop(f, r, node, len, DROP_QOS_CLASS);
		if (n->cfg.police.on && !police(n, p, len, now))
			return qos_drop(f, r, node, len, DROP_QOS_POLICE);
		if (mark_class(p, &n->cfg))
			count(&n->c[QC_MARKED]);
	}
	return NEXT;
}
