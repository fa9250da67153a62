/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hooks of grammar/qos.cli: one form of each line, and what must not be:
 * classes that do not exist, loops, more bandwidth than there is, queues on
 * the way in. A policy is judged with the class as it would be behind the
 * line, on all interfaces that use it, also as a child.
 */
#include "config.h"

#include <string.h>

#include "cli_gen.h"
#include "conf/cf_int.h"

/* ---- class maps ---- */

/* `class-map X` alone is the one that is there, or a new match-all. */
void
qos_class_map_format(struct strbuf *text, struct strbuf *key,
    struct qos_class_map *m)
{
	const struct qos_class_map *old;

	old = conf_find_class_map(cf_root(&m->obj), m->name);
	if (!m->any && !m->all && old != NULL)
		m->any = old->any;
	m->all = !m->any;
	sb_printf(text, "class-map match-%s %s", m->any ? "any" : "all",
	    m->name);
	sb_printf(key, "%s", m->name);
}

/* What could not be named if it did not exist: a class of a policy. Others may
 * come and go in any order, in files: who types is told (main/name_use.c). */
static bool
class_map_used(const struct conf *c, const char *name)
{
	const struct qos_policy_map *p;
	const struct qos_class *pc;

	CF_FOREACH(p, &c->policy_maps)
		CF_FOREACH(pc, &p->classes)
			if (strcmp(pc->name, name) == 0)
				return true;
	return false;
}

int
qos_class_map_check(struct cf_check *k, const struct qos_class_map *m)
{
	if (k->negated && class_map_used(k->conf, m->name))
		return cf_reject(k, "%% Class-map %s is being used", m->name);
	if (!k->negated && strcmp(m->name, QOS_DEFAULT) == 0)
		return cf_reject(k, "%% class-default is a well-known class "
				    "and is not configurable");
	return 0;
}

/* Does class map `from` ask, at whatever depth, for `name`? */
static bool
class_reaches(const struct conf *c, const char *from, const char *name)
{
	const struct qos_class_map *m = conf_find_class_map(c, from);
	const struct qos_match *x;

	if (strcmp(from, name) == 0)
		return true;
	if (m == NULL)
		return false;
	CF_FOREACH(x, &m->matches)
		if (x->kind == QOS_CLASS && class_reaches(c, x->name, name))
			return true;
	return false;
}

/* A line by which `parent` asks for `child`. */
struct nest {
	const struct conf *conf;
	const char *parent, *child;
	unsigned asked;
};

/* A packet asks for a map as often as it is named: all are counted. */
static bool
nest_fits(struct nest *n, const char *at)
{
	const struct qos_class_map *m = conf_find_class_map(n->conf, at);
	const struct qos_match *x;

	if (n->asked++ > QOS_NESTED_MAX)
		return false;
	if (strcmp(at, n->parent) == 0 && !nest_fits(n, n->child))
		return false;
	if (m == NULL)
		return true;
	CF_FOREACH(x, &m->matches)
		if (x->kind == QOS_CLASS && !nest_fits(n, x->name))
			return false;
	return true;
}

bool
conf_class_map_nested(const struct conf *c, const char *name)
{
	const struct qos_class_map *m;
	const struct qos_match *x;

	CF_FOREACH(m, &c->class_maps)
		CF_FOREACH(x, &m->matches)
			if (x->kind == QOS_CLASS && strcmp(x->name, name) == 0)
				return true;
	return false;
}

/* In all class maps, since others may ask for the parent. */
static bool
all_fit(const struct conf *c, const char *parent, const char *child)
{
	struct nest n = {c, parent, child, 0};
	const struct qos_class_map *m;

	if (!nest_fits(&n, parent))
		return false;
	if (!conf_class_map_nested(c, parent))
		return true;
	CF_FOREACH(m, &c->class_maps) {
		n.asked = 0;
		if (!nest_fits(&n, m->name))
			return false;
	}
	return true;
}

int
qos_match_check(struct cf_check *k, const struct qos_match *m)
{
	const struct qos_class_map *parent = (const void *)k->parent;

	if (k->negated)
		return 0;
	if (m->kind == QOS_LENGTH && m->hi != 0 && m->lo > m->hi)
		return cf_reject(k, "%% Minimum packet length is above the "
				    "maximum");
	if (m->kind != QOS_CLASS)
		return 0;
	if (class_reaches(k->conf, m->name, parent->name))
		return cf_reject(k, "%% Class-map %s cannot match class-map "
				    "%s: that is a loop",
		    parent->name, m->name);
	if (!all_fit(k->conf, parent->name, m->name))
		return cf_reject(k, "%% More than %u class-maps would be "
				    "nested in one", QOS_NESTED_MAX);
	return 0;
}

static void
format_values(struct strbuf *text, const struct qos_match *m)
{
	const uint8_t v[] = {m->v0, m->v1, m->v2, m->v3, m->v4, m->v5, m->v6,
	    m->v7};

	for (size_t i = 0; i < NELEM(v) && v[i] != QOS_UNSET; i++) {
		sb_printf(text, " ");
		if (m->kind == QOS_DSCP)
			qos_dscp_text(text, v[i]);
		else
			sb_printf(text, "%u", v[i]);
	}
}

void
qos_match_format(struct strbuf *text, struct strbuf *key, struct qos_match *m)
{
	(void)key;
	sb_printf(text, "match %s", m->negate ? "not " : "");
	switch (m->kind) {
	case QOS_ANY:
		sb_printf(text, "any");
		break;
	case QOS_DSCP:
	case QOS_PRECEDENCE:
		sb_printf(text, "%s%s", m->ip ? "ip " : "",
		    m->kind == QOS_DSCP ? "dscp" : "precedence");
		format_values(text, m);
		break;
	default: { /* as show has it */
		struct qos_match plain = *m;

		plain.negate = false;
		qos_match_text(text, &plain);
	}
	}
}

/* ---- policers ---- */

static void
format_action(struct strbuf *text, const char *word,
    const struct qos_action *a)
{
	if (a->act == QOS_ACT_UNSET)
		return;
	sb_printf(text, " %s-action ", word);
	qos_action_text(text, a);
}

static void
format_burst(struct strbuf *text, const char *word, uint32_t n,
    const char *unit)
{
	if (n != 0)
		sb_printf(text, " %s%u%s", word, n, unit);
}

void
qos_police_format(struct strbuf *text, struct strbuf *key,
    struct qos_police *p)
{
	const char *percent = p->percent ? "percent " : "";
	const char *ms = p->percent ? " ms" : "";

	(void)key;
	switch (p->form) {
	case QOS_POLICE_PLAIN:
		sb_printf(text, "police %u", p->cir);
		format_burst(text, "", p->bc, "");
		format_burst(text, "", p->be, "");
		break;
	case QOS_POLICE_CIR:
		sb_printf(text, "police cir %s%u", percent, p->cir);
		format_burst(text, "bc ", p->bc, ms);
		if (p->pir != 0)
			sb_printf(text, " pir %s%u", percent, p->pir);
		format_burst(text, "be ", p->be, ms);
		break;
	default:
		sb_printf(text, "police rate %u", p->cir);
		format_burst(text, "burst ", p->bc, "");
		format_burst(text, "peak-rate ", p->pir, "");
		format_burst(text, "peak-burst ", p->be, "");
	}
	format_action(text, "conform", &p->head.conform);
	format_action(text, "exceed", &p->head.exceed);
	format_action(text, "violate", &p->head.violate);
}

int
qos_police_check(struct cf_check *k, const struct qos_police *p)
{
	if (!k->negated && p->pir != 0 && p->pir < p->cir)
		return cf_reject(k, "%% Peak rate is below the committed "
				    "rate");
	return 0;
}

int
qos_red_check(struct cf_check *k, const struct qos_red *r)
{
	if (!k->negated && r->min > r->max)
		return cf_reject(k, "%% Minimum threshold is above the "
				    "maximum threshold");
	return 0;
}

/* ---- policies: what one is judged by ---- */

struct trial {
	struct cf_check *k;
	const struct qos_policy_map *policy; /* the one with the change */
	const struct qos_class *old, *new;   /* the class, as it would be */
};

/* A class as it would be. */
static const struct qos_class *
tried(const struct trial *t, const struct qos_class *c)
{
	return c == t->old ? t->new : c;
}

static int
judge_class(const struct trial *t, const struct qos_class *c)
{
	if (c->bw_unit != QOS_NONE && c->prio_unit != QOS_NONE)
		return cf_reject(t->k, "bandwidth and priority command "
				       "cannot co-exist in the same class");
	if (c->prio_unit != QOS_NONE && c->red != QOS_RED_OFF)
		return cf_reject(t->k, "random-detect and priority command "
				       "cannot co-exist in the same class");
	if (c->prio_unit != QOS_NONE && c->fair)
		return cf_reject(t->k, "fair-queue and priority command "
				       "cannot co-exist in the same class");
	if (c->prio_unit != QOS_NONE && strcmp(c->name, QOS_DEFAULT) == 0)
		return cf_reject(t->k, "priority command is not allowed in "
				       "class-default");
	if (c->set_dscp != QOS_UNSET && c->set_precedence != QOS_UNSET)
		return cf_reject(t->k, "set dscp and set precedence command "
				       "cannot co-exist in the same class");
	if (c->fair && c->child[0] != '\0')
		return cf_reject(t->k, "fair-queue and service-policy command "
				       "cannot co-exist in the same class");
	return 0;
}

static int
judge_units(const struct trial *t, const struct qos_policy_map *p)
{
	const struct qos_class *c;
	uint8_t unit = QOS_NONE;
	uint64_t percent = 0, remaining = 0;

	CF_FOREACH(c, &p->classes) {
		const struct qos_class *n = tried(t, c);

		if (n->bw_unit != QOS_NONE && unit != QOS_NONE &&
		    n->bw_unit != unit)
			return cf_reject(t->k, "All classes with bandwidth "
					       "should have consistent units");
		if (n->bw_unit != QOS_NONE)
			unit = n->bw_unit;
		percent += (n->bw_unit == QOS_PERCENT ? n->bw : 0) +
		    (n->prio_unit == QOS_PERCENT ? n->prio : 0);
		remaining += n->bw_unit == QOS_REMAINING ? n->bw : 0;
	}
	if (percent > 100 || remaining > 100)
		return cf_reject(t->k, "Sum total of class bandwidths exceeds "
				       "100 percent");
	return 0;
}

static uint64_t
class_kbps(const struct qos_class *c, uint64_t kbit)
{
	return (c->bw_unit == QOS_KBPS ? c->bw : 0) +
	    (c->bw_unit == QOS_PERCENT ? c->bw * kbit / 100 : 0) +
	    (c->prio_unit == QOS_KBPS ? c->prio : 0) +
	    (c->prio_unit == QOS_PERCENT ? c->prio * kbit / 100 : 0);
}

/* What the children of a class have: its shaper, its bandwidth, or all. */
static uint64_t
child_kbit(const struct qos_class *c, uint64_t kbit)
{
	uint64_t n = class_kbps(c, kbit);

	if (c->shape)
		return c->shape_percent ? kbit * c->shape_rate / 100
					: c->shape_rate / 1000;
	return n != 0 ? n : kbit;
}

static int
judge_room(const struct trial *t, const struct qos_policy_map *p,
    uint64_t kbit, const char *where, unsigned depth)
{
	const struct qos_policy_map *child;
	const struct qos_class *c;
	uint64_t left = kbit, want;

	CF_FOREACH(c, &p->classes) {
		const struct qos_class *n = tried(t, c);

		want = class_kbps(n, kbit);
		if (want > left)
			return cf_reject(t->k, "I/f %s class %s requested "
			    "bandwidth %u (kbps), available only %u (kbps)",
			    where, n->name, (unsigned)want, (unsigned)left);
		left -= want;
		child = conf_find_policy_map(t->k->conf, n->child);
		if (n->child[0] != '\0' && child != NULL && depth > 0 &&
		    judge_room(t, child, child_kbit(n, kbit), where,
			depth - 1) != 0)
			return -1;
	}
	return 0;
}

static int
judge_input(const struct trial *t, const struct qos_policy_map *p,
    unsigned depth)
{
	const struct qos_policy_map *child;
	const struct qos_class *c;

	CF_FOREACH(c, &p->classes) {
		const struct qos_class *n = tried(t, c);

		if (n->shape)
			return cf_reject(t->k, "GTS : Can be enabled as an "
					       "output feature only");
		if (qos_class_queues(n))
			return cf_reject(t->k, "CBWFQ : Can be enabled as an "
					       "output feature only");
		child = conf_find_policy_map(t->k->conf, n->child);
		if (n->child[0] != '\0' && child != NULL && depth > 0 &&
		    judge_input(t, child, depth - 1) != 0)
			return -1;
	}
	return 0;
}

static int
judge_interface(const struct trial *t, const struct interface *i)
{
	const struct qos_policy_map *in, *out;

	in = conf_find_policy_map(t->k->conf, i->policy_in);
	out = conf_find_policy_map(t->k->conf, i->policy_out);
	if (in != NULL && judge_input(t, in, 1) != 0)
		return -1;
	return out == NULL
	    ? 0
	    : judge_room(t, out, conf_if_kbit(i), i->name, 1);
}

static int
judge_all(const struct trial *t)
{
	const struct interface *i;

	CF_FOREACH(i, &t->k->conf->interfaces)
		if (judge_interface(t, i) != 0)
			return -1;
	return 0;
}

/* ---- policies: the hooks ---- */

int
qos_class_line_check(struct cf_check *k, const struct qos_class *c)
{
	struct trial t = {.k = k, .policy = (const void *)c->obj.parent,
	    .old = (const void *)k->parent, .new = c};

	if (judge_class(&t, c) != 0 || judge_units(&t, t.policy) != 0)
		return -1;
	return judge_all(&t);
}

int
qos_class_check(struct cf_check *k, const struct qos_class *c)
{
	const struct qos_policy_map *p = (const void *)k->parent;
	const struct qos_class *o;
	unsigned n = 1; /* class-default */

	if (k->negated)
		return 0;
	if (strcmp(c->name, QOS_DEFAULT) == 0)
		return 0;
	if (conf_find_class_map(k->conf, c->name) == NULL)
		return cf_reject(k, "%% class map %s not configured",
		    c->name);
	CF_FOREACH(o, &p->classes)
		n += strcmp(o->name, QOS_DEFAULT) != 0;
	if (n >= QOS_CLASSES_MAX)
		return cf_reject(k, "%% A policy-map has at most %u classes",
		    QOS_CLASSES_MAX);
	return 0;
}

bool
conf_policy_map_nested(const struct conf *c, const char *name)
{
	const struct qos_policy_map *p;
	const struct qos_class *x;

	CF_FOREACH(p, &c->policy_maps)
		CF_FOREACH(x, &p->classes)
			if (strcmp(x->child, name) == 0)
				return true;
	return false;
}

static bool
has_child(const struct qos_policy_map *p)
{
	const struct qos_class *x;

	CF_FOREACH(x, &p->classes)
		if (x->child[0] != '\0')
			return true;
	return false;
}

/* A child that does not exist yet does nothing: policies are printed by name,
 * and that is the order of loading. */
int
qos_child_check(struct cf_check *k, const struct qos_class *c)
{
	const struct qos_policy_map *p = (const void *)c->obj.parent, *child;

	if (k->negated)
		return 0;
	child = conf_find_policy_map(k->conf, c->child);
	if (strcmp(c->child, p->name) == 0)
		return cf_reject(k, "%% Policy-map %s cannot be its own "
				    "service-policy: that is a loop",
		    p->name);
	if (conf_policy_map_nested(k->conf, p->name) ||
	    (child != NULL && has_child(child)))
		return cf_reject(k, "%% Service policies are nested in two "
				    "levels at most");
	return qos_class_line_check(k, c);
}

int
qos_policy_map_check(struct cf_check *k, const struct qos_policy_map *p)
{
	const struct interface *i;

	if (!k->negated)
		return 0;
	CF_FOREACH(i, &k->conf->interfaces)
		if (strcmp(i->policy_in, p->name) == 0 ||
		    strcmp(i->policy_out, p->name) == 0)
			return cf_reject(k, "%% Policy-map %s is being used",
			    p->name);
	return 0;
}

int
interface_policy_check(struct cf_check *k, const struct interface *i)
{
	struct trial t = {.k = k};
	const char *names[] = {i->policy_in, i->policy_out};

	if (k->negated)
		return 0;
	for (unsigned n = 0; n < NELEM(names); n++)
		if (names[n][0] != '\0' &&
		    conf_find_policy_map(k->conf, names[n]) == NULL)
			return cf_reject(k, "%% policy map %s not configured",
			    names[n]);
	return judge_interface(&t, i);
}

int
interface_bandwidth_check(struct cf_check *k, const struct interface *i)
{
	struct trial t = {.k = k};

	return judge_interface(&t, i);
}
