/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From class maps and policy maps to what the worker of process fwd runs.
 * A policy whose values are the same as before keeps its queues, buckets and
 * counters; its rules are made anew, because access lists are.
 *
 * Shares: `bandwidth` in kbit/s or percent is the weight of a class; what is
 * left behind all of them and `priority`, at least one percent, is shared by
 * class-default and other queues that ask for nothing. `remaining` gives
 * percents or ratios of what is left. Weights only matter among classes that
 * have packets, so what one does not use goes to the others in proportion.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/qos.h"

#define WEIGHTS (1u << 20)

/* ---- rules ---- */

struct build {
	struct fwd *f;
	struct qos_rules *r;
	const struct qos_policy_map *policy;
	struct qos_run *run;
	uint64_t kbit; /* of the interface */
};

static void
rules_free(struct ref *ref)
{
	struct qos_rules *r = (struct qos_rules *)(void *)ref;
	unsigned i;

	for (i = 0; i < r->n_tests; i++)
		ref_put((void *)(uintptr_t)r->tests[i].acl);
	free(r->maps);
	free(r->tests);
	free(r->map_of);
	free(r);
}

static uint16_t port_named(const struct fwd *, const char *name);
static uint16_t map_build(struct build *, const char *name, unsigned depth);

static uint64_t
value_bits(const struct qos_match *m)
{
	const uint8_t v[] = { m->v0, m->v1, m->v2, m->v3, m->v4, m->v5, m->v6,
		m->v7 };
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < NELEM(v); i++) {
		if (v[i] < 64)
			bits |= UINT64_C(1) << v[i];
	}
	return bits;
}

static struct qos_test
test_build(struct build *b, const struct qos_match *m, unsigned depth)
{
	const struct qos_protocol *p = &qos_protocol_ports[m->protocol];
	struct qos_test t = { .kind = m->kind, .negate = m->negate,
		.group = m->group, .lo = m->lo, .hi = m->hi,
		.map = QOS_NO_NODE };

	switch (m->kind) {
	case QOS_ACL:
		t.acl = ref_get(acl_find(b->f, m->name));
		break;
	case QOS_DSCP:
	case QOS_PRECEDENCE:
		t.values = value_bits(m);
		break;
	case QOS_PROTOCOL:
		t.proto = p->proto;
		t.port = p->port;
		break;
	case QOS_INPUT:
		t.port = port_named(b->f, m->name);
		break;
	case QOS_CLASS:
		if (depth > 0)
			t.map = map_build(b, m->name, depth - 1);
		break;
	default:
		break;
	}
	return t;
}

/* The tests of a map stand together, so those of maps that it asks for are
 * made first. */
static uint16_t
map_build(struct build *b, const char *name, unsigned depth)
{
	const struct qos_class_map *m = conf_find_class_map(b->f->conf, name);
	struct qos_rules *r = b->r;
	const struct qos_match *x;
	struct qos_test *tests;
	unsigned n = 0;

	if (m == NULL || r->n_maps >= QOS_NO_NODE - 1u)
		return QOS_NO_NODE;
	tests = xcalloc(m->matches.n + 1, sizeof(*tests));
	CF_FOREACH(x, &m->matches) {
		tests[n++] = test_build(b, x, depth);
	}
	r->tests = xrealloc(r->tests, (r->n_tests + n + 1) * sizeof(*tests));
	memcpy(r->tests + r->n_tests, tests, n * sizeof(*tests));
	free(tests);
	r->maps = xrealloc(r->maps, (r->n_maps + 1) * sizeof(*r->maps));
	r->maps[r->n_maps] = (struct qos_map){ m->any, r->n_tests, n };
	r->n_tests += n;
	return (uint16_t)r->n_maps++;
}

/* A class whose class map is gone matches nothing: a map without tests. */
static uint16_t
map_of_class(struct build *b, const char *name)
{
	uint16_t map = map_build(b, name, QOS_NESTED_MAX);

	if (map != QOS_NO_NODE)
		return map;
	b->r->maps = xrealloc(b->r->maps,
	    (b->r->n_maps + 1) * sizeof(*b->r->maps));
	b->r->maps[b->r->n_maps] = (struct qos_map){ true, 0, 0 };
	return (uint16_t)b->r->n_maps++;
}

/* ---- one class ---- */

static uint64_t
percent_of(uint64_t kbit, uint64_t percent)
{
	return kbit * 1000 * percent / 100;
}

static void
police_build(struct qos_meter_cfg *m, const struct qos_police *p,
    uint64_t kbit)
{
	if (p == NULL)
		return;
	m->on = true;
	m->act = qos_police_actions(p);
	m->cir = p->percent ? percent_of(kbit, p->cir) : p->cir;
	m->pir = p->percent ? percent_of(kbit, p->pir) : p->pir;
	m->two_rates = p->pir != 0;
	m->three_colours = p->be != 0 ||
	    p->head.violate.act != QOS_ACT_UNSET ||
	    p->below.violate.act != QOS_ACT_UNSET;
	m->bc = qos_police_burst(p, p->bc, m->cir);
	m->be = qos_police_burst(p, p->be,
	    m->two_rates ? m->pir : m->cir);
}

static void
shape_build(struct qos_node_cfg *n, const struct qos_class *c, uint64_t kbit)
{
	uint64_t cir;

	if (!c->shape)
		return;
	cir = c->shape_percent ? percent_of(kbit, c->shape_rate) :
	    c->shape_rate;
	if (cir < 8000)
		cir = 8000;
	n->shape = true;
	n->shape_peak = c->shape_peak;
	n->shape_percent = c->shape_percent;
	n->shape_cir = cir;
	/* four milliseconds */
	n->shape_bc = c->shape_bc != 0 ? c->shape_bc : (uint32_t)(cir / 250);
	n->shape_be = c->shape_has_be ? c->shape_be : n->shape_bc;
	n->shape_rate = cir;
	if (c->shape_peak)
		n->shape_rate += cir * n->shape_be / n->shape_bc;
}

/* Thresholds as IOS has them for a queue of 64 packets. */
static void
red_build(struct qos_node_cfg *n, const struct qos_class *c)
{
	uint32_t limit = n->limit_bytes ? QOS_LIMIT : n->limit;
	const struct qos_red *r;
	unsigned i, min, prec;

	if (c->red == QOS_RED_OFF)
		return;
	n->red = c->red;
	n->red_weight = c->red_weight != 0 ? c->red_weight : 9;
	for (i = 0; i < 64; i++) {
		prec = c->red == QOS_RED_DSCP ? i >> 3 : i;
		min = 20 + prec * 2;
		if (c->red == QOS_RED_DSCP) {
			if (i == 46)
				min = 36;
			else if (prec >= 1 && prec <= 4 && (i & 7) != 0 &&
			    (i & 1) == 0)
				min = 32 - ((i & 7) / 2 - 1) * 4;
			else if ((i & 7) != 0)
				min = 20;
		}
		n->ranges[i] = (struct qos_red_range){
		    (uint16_t)(min * limit / QOS_LIMIT),
		    (uint16_t)(40 * limit / QOS_LIMIT), 10, 0 };
	}
	CF_FOREACH(r, &c->reds) {
		if (r->dscp == (c->red == QOS_RED_DSCP) && r->value < 64)
			n->ranges[r->value] = (struct qos_red_range){ r->min,
				r->max, r->mark, 1 };
	}
}

/* Bits a second that a class can count on. */
static uint64_t
rate_of(const struct qos_node_cfg *n, uint64_t kbit)
{
	return n->shape ? n->shape_rate : n->bw_kbps != 0 ? n->bw_kbps * 1000 :
	    n->prio_rate != 0 ? n->prio_rate : kbit * 1000;
}

static void
queue_build(struct qos_node_cfg *n, const struct qos_class *c, uint64_t kbit)
{
	uint64_t bytes;

	n->limit = c->queue_limit != 0 ? c->queue_limit : QOS_LIMIT;
	n->limit_bytes = c->queue_bytes || c->queue_ms;
	if (c->queue_ms) {
		bytes = rate_of(n, kbit) / 8 * c->queue_limit / 1000;
		n->limit_ms = c->queue_limit;
		n->limit = bytes > QOS_MEMORY ? QOS_MEMORY : (uint32_t)bytes;
	}
	n->flows = !c->fair ? 0 : c->fair_flows != 0 ? c->fair_flows : 32;
	n->flow_limit = n->limit < 4 ? 1 : n->limit / 4;
	red_build(n, c);
}

static void
prio_build(struct qos_node_cfg *n, const struct qos_class *c, uint64_t kbit)
{
	n->prio_unit = c->prio_unit;
	n->prio_level = c->prio_level != 0 ? c->prio_level : 1;
	n->levels = c->prio_level != 0;
	n->prio = c->prio;
	if (c->prio_unit == QOS_KBPS)
		n->prio_rate = c->prio * UINT64_C(1000);
	else if (c->prio_unit == QOS_PERCENT)
		n->prio_rate = percent_of(kbit, c->prio);
	if (n->prio_rate == 0)
		return;
	/* a fifth of a second */
	n->prio_burst = c->prio_burst != 0 ? c->prio_burst :
	    n->prio_rate / 40;
	if (n->prio_burst < 1500)
		n->prio_burst = 1500;
}

/* c NULL: class-default that nobody configured. */
static void
node_build(struct build *b, uint16_t at, uint16_t parent,
    const struct qos_class *c, uint64_t kbit)
{
	static const struct qos_class none = { .name = QOS_DEFAULT,
		.set_dscp = QOS_UNSET, .set_precedence = QOS_UNSET,
		.set_group = QOS_UNSET };
	struct qos_node_cfg *n = &b->run->nodes[at].cfg;
	const struct qos_class_map *m;

	if (c == NULL)
		c = &none;
	str_copy(n->name, c->name, sizeof(n->name));
	str_copy(n->child, c->child, sizeof(n->child));
	n->parent = parent;
	n->is_default = strcmp(c->name, QOS_DEFAULT) == 0;
	m = conf_find_class_map(b->f->conf, c->name);
	n->any = n->is_default || (m != NULL && m->any);
	b->r->map_of[at] = n->is_default ? QOS_NO_NODE :
	    map_of_class(b, c->name);
	n->queues = qos_class_queues(c);
	n->drop = c->drop;
	n->bw_unit = c->bw_unit;
	n->bw = c->bw;
	n->bw_kbps = c->bw_unit == QOS_KBPS ? c->bw :
	    c->bw_unit == QOS_PERCENT ? c->bw * kbit / 100 : 0;
	n->set_dscp = c->set_dscp;
	n->set_precedence = c->set_precedence;
	n->set_group = c->set_group;
	prio_build(n, c, kbit);
	shape_build(n, c, kbit);
	queue_build(n, c, kbit);
	police_build(&n->police, qos_class_police(c), kbit);
}

/* ---- shares ---- */

/* What the classes of a policy ask for. */
struct demand {
	uint64_t left;	   /* kbit/s behind bandwidth and priority */
	uint64_t percents; /* bandwidth remaining percent */
	uint64_t ratios;   /* bandwidth remaining ratio */
	unsigned plain;	   /* queues that ask for nothing */
};

static bool
is_plain(const struct qos_node_cfg *n)
{
	return n->bw_unit == QOS_NONE && n->prio_unit == QOS_NONE &&
	    (n->queues || n->is_default);
}

static struct demand
demand_of(const struct qos_node *nodes, unsigned n, uint64_t kbit)
{
	struct demand d = { 0 };
	uint64_t taken = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct qos_node_cfg *c = &nodes[i].cfg;

		taken += c->bw_kbps + c->prio_rate / 1000;
		d.ratios += c->bw_unit == QOS_RATIO ? c->bw : 0;
		d.percents += c->bw_unit == QOS_REMAINING ? c->bw : 0;
		d.plain += is_plain(c);
	}
	d.left = taken < kbit ? kbit - taken : 0;
	if (d.left < kbit / 100 + 1)
		d.left = kbit / 100 + 1;
	return d;
}

static uint64_t
share_of(const struct qos_node_cfg *n, const struct demand *d)
{
	switch (n->bw_unit) {
	case QOS_KBPS:
	case QOS_PERCENT:
		return n->bw_kbps;
	case QOS_REMAINING:
		return d->left * n->bw / 100;
	case QOS_RATIO:
		return d->left * n->bw / (d->ratios + d->plain);
	default:
		break;
	}
	if (!is_plain(n))
		return 0;
	if (d->ratios > 0) /* a ratio of one */
		return d->left / (d->ratios + d->plain);
	if (d->percents > 0)
		return d->left * (d->percents < 99 ? 100 - d->percents : 1) /
		    100 / d->plain;
	return d->left / d->plain;
}

static void
weights_build(struct qos_node *nodes, unsigned n, uint64_t kbit)
{
	struct demand d = demand_of(nodes, n, kbit);
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		sum += share_of(&nodes[i].cfg, &d);
	for (i = 0; i < n && sum > 0; i++)
		nodes[i].cfg.weight = share_of(&nodes[i].cfg, &d) * WEIGHTS /
		    sum + 1;
}

/* ---- a policy ---- */

static const struct qos_class *
default_of(const struct qos_policy_map *p)
{
	const struct qos_class *c;

	CF_FOREACH(c, &p->classes) {
		if (strcmp(c->name, QOS_DEFAULT) == 0)
			return c;
	}
	return NULL;
}

/* Its classes from node `at` on, class-default last; how many. */
static uint16_t
classes_build(struct build *b, const struct qos_policy_map *p, uint16_t at,
    uint16_t parent, uint64_t kbit)
{
	const struct qos_class *c;
	uint16_t n = 0;

	CF_FOREACH(c, &p->classes) {
		if (strcmp(c->name, QOS_DEFAULT) != 0 &&
		    n < QOS_CLASSES_MAX - 1)
			node_build(b, (uint16_t)(at + n++), parent, c, kbit);
	}
	node_build(b, (uint16_t)(at + n++), parent, default_of(p), kbit);
	weights_build(b->run->nodes + at, n, kbit);
	return n;
}

static const struct qos_class *
class_of(const struct qos_policy_map *p, const char *name)
{
	const struct qos_class *c;

	CF_FOREACH(c, &p->classes) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static unsigned
nodes_of(const struct fwd *f, const struct qos_policy_map *p)
{
	const struct qos_policy_map *child;
	const struct qos_class *c;
	unsigned n = p->classes.n + 1;

	CF_FOREACH(c, &p->classes) {
		child = conf_find_policy_map(f->conf, c->child);
		if (c->child[0] != '\0' && child != NULL)
			n += child->classes.n + 1;
	}
	return n;
}

static uint64_t
kbit_below(const struct qos_node_cfg *n, uint64_t kbit)
{
	if (n->shape)
		return n->shape_rate / 1000;
	return n->bw_kbps != 0 ? n->bw_kbps : kbit;
}

/* Whose queue each class uses: its own; that of class-default when nothing
 * in its class asks for one. */
static void
queues_of(struct qos_run *r, uint16_t at, uint16_t n, uint16_t otherwise)
{
	uint16_t i, last = (uint16_t)(at + n - 1);
	bool some = false;

	for (i = at; i <= last; i++)
		some |= r->nodes[i].cfg.queues;
	for (i = at; i <= last; i++) {
		struct qos_node_cfg *c = &r->nodes[i].cfg;

		c->queue = !some ? otherwise :
		    c->queues || c->is_default ? i : last;
	}
}

static void
queues_build(struct qos_run *r)
{
	const struct qos_node_cfg *last;
	uint16_t i, j, top;

	for (i = 0; i < r->n_top; i++) {
		struct qos_node_cfg *c = &r->nodes[i].cfg;

		for (j = 0; j < c->n; j++) {
			c->queues |= r->nodes[c->first + j].cfg.queues;
			r->shapes |= r->nodes[c->first + j].cfg.shape;
		}
		r->shapes |= c->shape;
		r->queues |= c->queues;
	}
	queues_of(r, 0, r->n_top, QOS_NO_NODE);
	for (i = 0; i < r->n_top; i++) {
		struct qos_node_cfg *c = &r->nodes[i].cfg;

		if (c->n > 0)
			queues_of(r, c->first, c->n, c->queue);
	}
	/* a class has a queue of its own or queues of its child: who shares
	 * with class-default shares with that of the child */
	top = (uint16_t)(r->n_top - 1);
	last = &r->nodes[top].cfg;
	for (i = 0; i < r->n_nodes && last->n > 0; i++) {
		if (i != top && r->nodes[i].cfg.queue == top)
			r->nodes[i].cfg.queue = r->nodes[last->first +
			    last->n - 1].cfg.queue;
	}
}

/* Link headers count, as in IOS. */
static unsigned
overhead_of(const struct interface *i)
{
	if (strstr(i->name, "Ethernet") == NULL)
		return 0;
	return i->vlan != 0 ? 18 : 14;
}

static uint16_t
port_named(const struct fwd *f, const char *name)
{
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		if (f->port_known[i] && strcmp(f->ports[i].name, name) == 0)
			return (uint16_t)i;
	}
	return UINT16_MAX;
}

static struct qos_run *
run_build(struct build *b, const struct interface *i)
{
	const struct qos_policy_map *p = b->policy, *child;
	unsigned max = nodes_of(b->f, p);
	struct qos_run *r = xcalloc(1, sizeof(*r));
	uint16_t at, k;

	b->run = r;
	b->r->map_of = xcalloc(max, sizeof(*b->r->map_of));
	r->ref = (struct ref){ 1, qos_run_free };
	str_copy(r->policy, p->name, sizeof(r->policy));
	r->overhead = overhead_of(i);
	r->nodes = xcalloc(max, sizeof(*r->nodes));
	r->n_top = classes_build(b, p, 0, QOS_NO_NODE, b->kbit);
	at = r->n_top;
	for (k = 0; k < r->n_top; k++) {
		struct qos_node_cfg *n = &r->nodes[k].cfg;
		const struct qos_class *c = class_of(p, n->name);

		child = c != NULL && c->child[0] != '\0' ?
		    conf_find_policy_map(b->f->conf, c->child) : NULL;
		if (child == NULL)
			continue;
		n->first = at;
		n->n = classes_build(b, child, at, k,
		    kbit_below(n, b->kbit));
		at = (uint16_t)(at + n->n);
	}
	r->n_nodes = at;
	queues_build(r);
	r->due = UINT64_MAX;
	r->seed = 1;
	return r;
}

static bool
same_policy(const struct qos_run *a, const struct qos_run *b)
{
	unsigned i;

	if (a == NULL || strcmp(a->policy, b->policy) != 0 ||
	    a->n_nodes != b->n_nodes || a->overhead != b->overhead)
		return false;
	for (i = 0; i < a->n_nodes; i++) {
		if (memcmp(&a->nodes[i].cfg, &b->nodes[i].cfg,
		    sizeof(a->nodes[i].cfg)) != 0)
			return false;
	}
	return true;
}

/* Full buckets, empty queues. */
static void
run_start(struct fwd *f, struct qos_run *r)
{
	uint64_t now = f->io.now_us(f->arg);
	unsigned i, j, flows;

	f->io.random(f->arg, &r->seed, sizeof(r->seed));
	r->used_buffers = &f->qos_buffers;
	r->used_bytes = &f->qos_bytes;
	for (i = 0; i < r->n_nodes; i++) {
		struct qos_node *n = &r->nodes[i];

		n->shaper.at = n->prio.at = n->meter[0].at =
		    n->meter[1].at = now;
		n->prio.tokens = (int64_t)n->cfg.prio_burst * 8 * 1000000;
		n->meter[0].tokens = (int64_t)n->cfg.police.bc * 8 * 1000000;
		n->meter[1].tokens = (int64_t)n->cfg.police.be * 8 * 1000000;
		flows = n->cfg.flows != 0 ? n->cfg.flows : 1;
		n->flows = xcalloc(flows, sizeof(*n->flows));
		for (j = 0; j < flows; j++)
			n->flows[j].fifo.tail = &n->flows[j].fifo.head;
		n->active_tail = &n->active;
		if (n->cfg.red != QOS_RED_OFF)
			n->reds = xcalloc(NELEM(n->cfg.ranges),
			    sizeof(*n->reds));
	}
}

/* ---- ports ---- */

/* Nobody gives packets to an older policy: one that is empty stays so. */
static void
before_prune(struct qos_side *side)
{
	unsigned i, n = 0;

	for (i = 0; i < QOS_BEFORE; i++) {
		struct qos_run *r = side->before[i];

		side->before[i] = NULL;
		if (r != NULL && __atomic_load_n(&r->depth,
		    __ATOMIC_RELAXED) > 0)
			side->before[n++] = r;
		else
			ref_put(r);
	}
}

/* The worker empties them when it sees the snapshot, so there is more than
 * one only while it does, and never none of them free. */
static void
before_add(struct qos_side *side, struct qos_run *old)
{
	unsigned i;

	for (i = 0; i < QOS_BEFORE - 1 && side->before[i] != NULL; i++)
		;
	ref_put(side->before[i]);
	side->before[i] = old;
}

static void
side_build(struct fwd *f, struct qos_side *side, const struct interface *i,
    uint16_t port, bool out)
{
	const char *name = i == NULL ? "" : out ? i->policy_out :
	    i->policy_in;
	struct build b = { .f = f };
	struct qos_run *old = side->run, *new = NULL;

	before_prune(side);
	ref_put(side->rules);
	side->rules = NULL;
	if (name[0] != '\0')
		b.policy = conf_find_policy_map(f->conf, name);
	if (b.policy != NULL) {
		b.kbit = conf_if_kbit(i);
		b.r = xcalloc(1, sizeof(*b.r));
		b.r->ref = (struct ref){ 1, rules_free };
		new = run_build(&b, i);
		side->rules = b.r;
	}
	if (new != NULL && same_policy(old, new)) {
		ref_put(new);
		new = old;
	} else {
		if (old != NULL && old->shapes)
			before_add(side, old);
		else
			ref_put(old);
		if (new != NULL)
			run_start(f, new);
	}
	side->run = new;
	if (new != NULL) {
		new->port = port;
		new->out = out;
		new->gone = out ? &f->qos_gone[port] : NULL;
		new->interval = i->load_interval != 0 ? i->load_interval :
		    300;
	}
}

void
qos_compile(struct fwd *f)
{
	const struct interface *i;
	unsigned p;

	for (p = 1; p <= PORT_MAX; p++) {
		i = f->conf != NULL && f->port_known[p] ?
		    conf_find_interface(f->conf, f->ports[p].name) : NULL;
		side_build(f, &f->qos_in[p], i, (uint16_t)p, false);
		side_build(f, &f->qos_out[p], i, (uint16_t)p, true);
	}
}

static void
side_free(struct qos_side *side)
{
	unsigned i;

	ref_put(side->rules);
	ref_put(side->run);
	for (i = 0; i < QOS_BEFORE; i++)
		ref_put(side->before[i]);
}

void
qos_free(struct fwd *f)
{
	unsigned p;

	for (p = 1; p <= PORT_MAX; p++) {
		side_free(&f->qos_in[p]);
		side_free(&f->qos_out[p]);
	}
	qos_buffers_free(f);
}
