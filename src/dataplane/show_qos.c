/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show policy-map interface, in the classic form of IOS, whose nesting by
 * blanks other programs read; the rates in it, and what main is told. Control
 * thread of process fwd.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/qos.h"

#define SAMPLE_MS 5000
#define TELL_MS 500

/* ---- rates: an exponential mean over the load interval ---- */

static const enum qos_count rated[QR_COUNT] = { [QR_OFFERED] = QC_BYTES,
	[QR_DROP] = QC_DROP_BYTES, [QR_CONFORM] = QC_CONFORM_BYTES,
	[QR_EXCEED] = QC_EXCEED_BYTES, [QR_VIOLATE] = QC_VIOLATE_BYTES };

static void
sample_run(struct qos_run *r)
{
	double x = SAMPLE_MS / 1000.0 / r->interval;
	double part = x - x * x / 2 + x * x * x / 6; /* 1 - e^-x */
	struct qos_node *n;
	unsigned i, q;
	uint64_t is;

	for (i = 0; i < r->n_nodes; i++) {
		n = &r->nodes[i];
		for (q = 0; q < QR_COUNT; q++) {
			is = count_read(&n->c[rated[q]]);
			n->rate[q] += ((double)(is - n->sampled[q]) * 8000 /
			    SAMPLE_MS - n->rate[q]) * part;
			n->sampled[q] = is;
		}
	}
}

/* ---- what main hears, for show interfaces ---- */

/* A policy that only the snapshot before holds is missing for a moment. */
static void
tell_drops(struct fwd *f, unsigned port)
{
	const struct qos_side *side = &f->qos_out[port];
	uint64_t n = f->qos_gone[port];
	unsigned i;

	if (side->run != NULL)
		n += qos_drops(side->run);
	for (i = 0; i < QOS_BEFORE && side->before[i] != NULL; i++)
		n += qos_drops(side->before[i]);
	if (n <= f->qos_told[port] || f->io.drops == NULL)
		return;
	f->io.drops(f->arg, (uint16_t)port, n - f->qos_told[port]);
	f->qos_told[port] = n;
}

static void
tell_all(struct fwd *f, uint64_t now)
{
	unsigned p;

	if (f->qos_tell > now)
		return;
	f->qos_tell = now + TELL_MS;
	for (p = 1; p <= PORT_MAX; p++)
		tell_drops(f, p);
}

uint64_t
qos_timeout(struct fwd *f, uint64_t now)
{
	bool some = false;
	unsigned p;

	for (p = 1; p <= PORT_MAX; p++)
		some |= f->qos_in[p].run != NULL || f->qos_out[p].run != NULL;
	if (!some) {
		f->qos_sample = f->qos_tell = 0;
		tell_all(f, now);
		return UINT64_MAX;
	}
	tell_all(f, now);
	if (f->qos_sample == 0)
		f->qos_sample = now + SAMPLE_MS;
	while (f->qos_sample <= now) {
		for (p = 1; p <= PORT_MAX; p++) {
			if (f->qos_in[p].run != NULL)
				sample_run(f->qos_in[p].run);
			if (f->qos_out[p].run != NULL)
				sample_run(f->qos_out[p].run);
		}
		f->qos_sample += SAMPLE_MS;
	}
	return f->qos_sample < f->qos_tell ? f->qos_sample : f->qos_tell;
}

static void
clear_run(struct qos_run *r)
{
	unsigned i, c;

	for (i = 0; r != NULL && i < r->n_nodes; i++) {
		struct qos_node *n = &r->nodes[i];

		for (c = 0; c < QC_COUNT; c++)
			n->cleared[c] = count_read(&n->c[c]);
		for (c = 0; n->reds != NULL && c < NELEM(n->cfg.ranges) *
		    RC_COUNT; c++)
			n->reds[c / RC_COUNT].cleared[c % RC_COUNT] =
			    count_read(&n->reds[c / RC_COUNT].c[c % RC_COUNT]);
	}
}

void
fwd_clear_counters(struct fwd *f, unsigned port)
{
	unsigned p;

	for (p = 1; p <= PORT_MAX; p++) {
		if (port != 0 && p != port)
			continue;
		clear_run(f->qos_in[p].run);
		clear_run(f->qos_out[p].run);
	}
}

/* ---- one class ---- */

struct view {
	struct show *v;
	const struct conf *conf;
	const struct qos_run *run;
	const char *only; /* class, "": all */
	unsigned indent;
};

PRINTF_LIKE(2, 3) static void
line(const struct view *w, const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	show_text(w->v, "%*s%s\n", (int)w->indent, "", sb.s);
	sb_free(&sb);
}

static unsigned long long
tally(const struct qos_node *n, enum qos_count c)
{
	return count_read(&n->c[c]) - n->cleared[c];
}

static unsigned long long
rate(const struct qos_node *n, enum qos_rated r)
{
	return (unsigned long long)n->rate[r];
}

static void
show_matches(const struct view *w, const struct qos_node *n)
{
	const struct qos_class_map *m;
	const struct qos_match *x;
	struct strbuf sb = {0};

	show_array(w->v, "matches");
	m = n->cfg.is_default ? NULL :
	    conf_find_class_map(w->conf, n->cfg.name);
	if (n->cfg.is_default) {
		line(w, "Match: any ");
		show_str(w->v, NULL, "any");
	}
	if (m != NULL) {
		CF_FOREACH(x, &m->matches) {
			qos_match_text(&sb, x);
			line(w, "Match: %s", sb.s);
			show_str(w->v, NULL, sb.s);
			sb_free(&sb);
		}
	}
	show_close(w->v);
}

static unsigned
depth_of(const struct qos_node *n)
{
	return __atomic_load_n(&n->depth, __ATOMIC_RELAXED);
}

static unsigned long long
drops_of(const struct qos_node *n)
{
	return tally(n, QC_QUEUE_DROPS) + tally(n, QC_RED_DROPS) +
	    tally(n, QC_NO_BUFFER) + tally(n, QC_PRIO_DROPS);
}

static void
show_limit(const struct view *w, const struct qos_node_cfg *c)
{
	if (c->limit_ms != 0)
		line(w, "queue limit %u ms/ %u bytes", c->limit_ms, c->limit);
	else
		line(w, "queue limit %u %s", c->limit,
		    c->limit_bytes ? "bytes" : "packets");
}

/* That of a class with priority is shown above all classes. */
static void
show_queue(const struct view *w, const struct qos_node *n)
{
	const struct qos_node_cfg *c = &n->cfg;
	unsigned depth = depth_of(n);
	unsigned long long drops = drops_of(n);

	if (c->prio_unit == QOS_NONE) {
		line(w, "Queueing");
		show_limit(w, c);
		line(w, "(queue depth/total drops/no-buffer drops) "
		    "%u/%llu/%llu", depth, drops, tally(n, QC_NO_BUFFER));
		line(w, "(pkts output/bytes output) %llu/%llu",
		    tally(n, QC_OUT_PACKETS), tally(n, QC_OUT_BYTES));
	}
	show_uint(w->v, "queue_limit", c->limit);
	show_uint(w->v, "queue_depth", depth);
	show_uint(w->v, "queue_drops", drops);
	show_uint(w->v, "no_buffer_drops", tally(n, QC_NO_BUFFER));
	show_uint(w->v, "packets_output", tally(n, QC_OUT_PACKETS));
	show_uint(w->v, "bytes_output", tally(n, QC_OUT_BYTES));
}

/* The queues of all classes with priority of that level, as one. */
static void
show_level(const struct view *w, const struct qos_node *nodes, unsigned n,
    unsigned level)
{
	const struct qos_node *first = NULL, *x;
	unsigned long long drops = 0, none = 0, packets = 0, bytes = 0;
	unsigned depth = 0;
	struct view in = *w;

	for (x = nodes; x < nodes + n; x++) {
		if (x->cfg.prio_unit == QOS_NONE || x->cfg.prio_level != level)
			continue;
		first = first != NULL ? first : x;
		depth += depth_of(x);
		drops += drops_of(x);
		none += tally(x, QC_NO_BUFFER);
		packets += tally(x, QC_OUT_PACKETS);
		bytes += tally(x, QC_OUT_BYTES);
	}
	if (first == NULL)
		return;
	line(w, "queue stats for all priority classes:");
	in.indent += 2;
	line(&in, "Queueing");
	if (first->cfg.levels)
		line(&in, "priority level %u", level);
	show_limit(&in, &first->cfg);
	line(&in, "(queue depth/total drops/no-buffer drops) %u/%llu/%llu",
	    depth, drops, none);
	line(&in, "(pkts output/bytes output) %llu/%llu", packets, bytes);
	show_text(w->v, "\n");
}

static void
show_priority(const struct view *w, const struct qos_node *n)
{
	const struct qos_node_cfg *c = &n->cfg;
	unsigned long long kbps = c->prio_rate / 1000;
	unsigned long long burst = c->prio_burst;

	switch (c->prio_unit) {
	case QOS_UNLIMITED:
		line(w, "Priority: Strict, b/w exceed drops: %llu",
		    tally(n, QC_PRIO_DROPS));
		break;
	case QOS_PERCENT:
		line(w, "Priority: %u%% (%llu kbps), burst bytes %llu, b/w "
		    "exceed drops: %llu", c->prio, kbps, burst,
		    tally(n, QC_PRIO_DROPS));
		break;
	case QOS_KBPS:
		line(w, "Priority: %llu kbps, burst bytes %llu, b/w exceed "
		    "drops: %llu", kbps, burst, tally(n, QC_PRIO_DROPS));
		break;
	default:
		return;
	}
	if (c->levels)
		line(w, "Priority Level: %u", c->prio_level);
	show_bool(w->v, "priority", true);
	if (c->prio_rate != 0)
		show_uint(w->v, "priority_bits_per_second", c->prio_rate);
	show_uint(w->v, "priority_exceed_drops", tally(n, QC_PRIO_DROPS));
}

static void
show_bandwidth(const struct view *w, const struct qos_node_cfg *c)
{
	switch (c->bw_unit) {
	case QOS_KBPS:
		line(w, "bandwidth %u kbps", c->bw);
		break;
	case QOS_PERCENT:
		line(w, "bandwidth %u%% (%llu kbps)", c->bw,
		    (unsigned long long)c->bw_kbps);
		break;
	case QOS_REMAINING:
		line(w, "bandwidth remaining %u%%", c->bw);
		break;
	case QOS_RATIO:
		line(w, "bandwidth remaining ratio %u ", c->bw);
		break;
	default:
		break;
	}
}

static void
show_shape(const struct view *w, const struct qos_node_cfg *c)
{
	if (!c->shape)
		return;
	line(w, "shape (%s) cir %llu, bc %u, be %u",
	    c->shape_peak ? "peak" : "average",
	    (unsigned long long)c->shape_cir, c->shape_bc, c->shape_be);
	line(w, "target shape rate %llu",
	    (unsigned long long)c->shape_rate);
	show_uint(w->v, "shape_bits_per_second", c->shape_rate);
}

static void
show_red_row(const struct view *w, const struct qos_node *n, unsigned i)
{
	const struct qos_red_range *range = &n->cfg.ranges[i];
	unsigned long long c[RC_COUNT];
	struct strbuf name = {0};
	char text[RC_COUNT / 2][48];
	unsigned k, some = range->given;

	for (k = 0; k < RC_COUNT; k++) {
		c[k] = count_read(&n->reds[i].c[k]) - n->reds[i].cleared[k];
		some |= c[k] != 0;
	}
	/* of 64 code points those that somebody uses */
	if (n->cfg.red == QOS_RED_DSCP && !some)
		return;
	for (k = 0; k < RC_COUNT; k += 2)
		(void)snprintf(text[k / 2], sizeof(text[0]), "%llu/%llu",
		    c[k], c[k + 1]);
	if (n->cfg.red == QOS_RED_DSCP)
		qos_dscp_text(&name, i);
	else
		sb_printf(&name, "%u", i);
	line(w, "  %-8s  %-15s  %-15s  %-15s     %3u    %3u  1/%u", name.s,
	    text[0], text[1], text[2], range->min, range->max, range->mark);
	show_object(w->v, NULL);
	show_uint(w->v, "value", i);
	show_uint(w->v, "transmitted", c[RC_SENT]);
	show_uint(w->v, "random_drops", c[RC_EARLY]);
	show_uint(w->v, "tail_drops", c[RC_FULL]);
	show_uint(w->v, "minimum", range->min);
	show_uint(w->v, "maximum", range->max);
	show_uint(w->v, "denominator", range->mark);
	show_close(w->v);
	sb_free(&name);
}

static void
show_red(const struct view *w, const struct qos_node *n)
{
	const struct qos_node_cfg *c = &n->cfg;
	unsigned i;

	if (c->red == QOS_RED_OFF)
		return;
	line(w, "  Exp-weight-constant: %u (1/%u)", c->red_weight,
	    1u << c->red_weight);
	line(w, "  Mean queue depth: %u packets", __atomic_load_n(&n->average,
	    __ATOMIC_RELAXED) >> 16);
	line(w, "  %-8s  Transmitted      Random drop      Tail drop"
	    "          Minimum Maximum Mark",
	    c->red == QOS_RED_DSCP ? "dscp" : "class");
	line(w, "  %-8s  pkts/bytes       pkts/bytes       pkts/bytes"
	    "          thresh  thresh  prob", "");
	show_uint(w->v, "random_drops", tally(n, QC_RED_DROPS));
	show_array(w->v, "wred");
	for (i = 0; i < (c->red == QOS_RED_DSCP ? 64 : 8); i++)
		show_red_row(w, n, i);
	show_close(w->v);
}

static void
show_colour(const struct view *w, const char *name,
    const struct qos_node *n, enum qos_count c, const struct qos_action *a)
{
	struct strbuf sb = {0};

	qos_action_text(&sb, a);
	line(w, "  %s %llu packets, %llu bytes; actions:", name, tally(n, c),
	    tally(n, c + 1));
	line(w, "    %s ", sb.s);
	show_object(w->v, name);
	show_uint(w->v, "packets", tally(n, c));
	show_uint(w->v, "bytes", tally(n, c + 1));
	show_str(w->v, "action", sb.s);
	show_close(w->v);
	sb_free(&sb);
}

static void
show_police(const struct view *w, const struct qos_node *n)
{
	const struct qos_meter_cfg *m = &n->cfg.police;

	if (!m->on)
		return;
	show_object(w->v, "police");
	show_uint(w->v, "cir_bits_per_second", m->cir);
	line(w, "police:");
	line(w, "    cir %llu bps, bc %llu bytes%s",
	    (unsigned long long)m->cir, (unsigned long long)m->bc,
	    m->two_rates ? "," : "");
	if (m->two_rates)
		line(w, "    pir %llu bps, be %llu bytes",
		    (unsigned long long)m->pir, (unsigned long long)m->be);
	else if (m->three_colours)
		line(w, "    be %llu bytes", (unsigned long long)m->be);
	show_colour(w, "conformed", n, QC_CONFORM, &m->act.conform);
	show_colour(w, "exceeded", n, QC_EXCEED, &m->act.exceed);
	if (m->two_rates || m->three_colours) {
		show_colour(w, "violated", n, QC_VIOLATE, &m->act.violate);
		line(w, "  conformed %llu bps, exceeded %llu bps, violated "
		    "%llu bps", rate(n, QR_CONFORM), rate(n, QR_EXCEED),
		    rate(n, QR_VIOLATE));
	} else {
		line(w, "  conformed %llu bps, exceeded %llu bps",
		    rate(n, QR_CONFORM), rate(n, QR_EXCEED));
	}
	show_close(w->v);
}

static void
show_sets(const struct view *w, const struct qos_node *n)
{
	const struct qos_node_cfg *c = &n->cfg;
	struct strbuf sb = {0};

	if (c->set_dscp == QOS_UNSET && c->set_precedence == QOS_UNSET &&
	    c->set_group == QOS_UNSET)
		return;
	line(w, "QoS Set");
	if (c->set_dscp != QOS_UNSET) {
		qos_dscp_text(&sb, c->set_dscp);
		line(w, "  dscp %s", sb.s);
	}
	if (c->set_precedence != QOS_UNSET)
		line(w, "  precedence %u", c->set_precedence);
	if (c->set_group != QOS_UNSET)
		line(w, "  qos-group %u", c->set_group);
	line(w, "    Packets marked %llu", tally(n, QC_MARKED));
	show_uint(w->v, "packets_marked", tally(n, QC_MARKED));
	sb_free(&sb);
}

static void
show_counts(const struct view *w, const struct qos_node *n)
{
	line(w, "%llu packets, %llu bytes", tally(n, QC_PACKETS),
	    tally(n, QC_BYTES));
	if (w->run->interval % 60 == 0)
		line(w, "%u minute offered rate %llu bps, drop rate %llu bps",
		    w->run->interval / 60, rate(n, QR_OFFERED),
		    rate(n, QR_DROP));
	else
		line(w, "%u second offered rate %llu bps, drop rate %llu bps",
		    w->run->interval, rate(n, QR_OFFERED), rate(n, QR_DROP));
	show_uint(w->v, "packets", tally(n, QC_PACKETS));
	show_uint(w->v, "bytes", tally(n, QC_BYTES));
	show_uint(w->v, "offered_bits_per_second", rate(n, QR_OFFERED));
	show_uint(w->v, "drop_bits_per_second", rate(n, QR_DROP));
	show_uint(w->v, "drops", tally(n, QC_DROPS));
}

static void show_classes(const struct view *, unsigned at, unsigned n);

static void
show_class(const struct view *w, unsigned at)
{
	const struct qos_node *n = &w->run->nodes[at];
	const struct qos_node_cfg *c = &n->cfg;
	struct view in = *w, below = *w;

	in.indent += 2;
	below.indent += 4;
	line(w, "Class-map: %s (match-%s)  ", c->name, c->any ? "any" : "all");
	show_object(w->v, NULL);
	show_str(w->v, "class", c->name);
	show_counts(&in, n);
	show_matches(&in, n);
	if (c->queues || c->queue == at)
		show_queue(&in, n);
	show_priority(&in, n);
	show_bandwidth(&in, c);
	show_shape(&in, c);
	if (c->flows != 0)
		line(&in, "Fair-queue: per-flow queue limit %u %s, flows %u",
		    c->flow_limit, c->limit_bytes ? "bytes" : "packets",
		    c->flows);
	show_red(&in, n);
	show_police(&in, n);
	show_sets(&in, n);
	if (c->drop)
		line(&in, "drop");
	if (c->n > 0) {
		show_text(w->v, "\n");
		line(&in, "Service-policy : %s", c->child);
		show_text(w->v, "\n");
		show_str(w->v, "service_policy", c->child);
		show_classes(&below, c->first, c->n);
	} else {
		show_text(w->v, "\n");
	}
	show_close(w->v);
}

static void
show_classes(const struct view *w, unsigned at, unsigned n)
{
	bool all = w->only[0] == '\0' || at > 0;
	unsigned i;

	for (i = 1; i <= 2 && all; i++)
		show_level(w, w->run->nodes + at, n, i);
	show_array(w->v, "classes");
	for (i = at; i < at + n; i++) {
		if (all || strcmp(w->only, w->run->nodes[i].cfg.name) == 0)
			show_class(w, i);
	}
	show_close(w->v);
}

/* ---- the command ---- */

static void
show_side(struct view *w, const struct fwd *f, const struct qos_run *r)
{
	const char *way = r->out ? "output" : "input";

	w->run = r;
	w->indent = 2;
	show_object(w->v, NULL);
	show_str(w->v, "interface", f->ports[r->port].name);
	show_str(w->v, "direction", way);
	show_str(w->v, "policy", r->policy);
	line(w, "Service-policy %s: %s", way, r->policy);
	show_text(w->v, "\n");
	w->indent = 4;
	if (r->queues && !r->shapes) {
		line(w, "No class shapes: nothing waits, the queues stay "
		    "empty");
		show_text(w->v, "\n");
	}
	show_classes(w, 0, r->n_top);
	show_close(w->v);
}

int
show_policy_map_interface(struct cli_ctx *ctx,
    const struct show_policy_map_interface_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	const struct qos_run *in, *out;
	struct show v;
	struct view w = { .v = &v, .conf = f->conf, .only = a->class };
	unsigned p;

	show_begin(&v, ctx);
	show_array(&v, "policies");
	for (p = 1; p <= PORT_MAX; p++) {
		if (!f->port_known[p] || (a->name[0] != '\0' &&
		    strcmp(a->name, f->ports[p].name) != 0))
			continue;
		in = a->way == 2 ? NULL : f->qos_in[p].run;
		out = a->way == 1 ? NULL : f->qos_out[p].run;
		if (in == NULL && out == NULL)
			continue;
		show_text(&v, " %s \n\n", f->ports[p].name);
		if (in != NULL)
			show_side(&w, f, in);
		if (out != NULL)
			show_side(&w, f, out);
	}
	return show_end(&v);
}
