/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show class-map and show policy-map as they are configured. What packets
 * meet is shown by process fwd (dataplane/show_qos.c).
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

/* ---- class maps ---- */

static void
show_match(struct show *v, const struct qos_match *m)
{
	struct strbuf sb = {0};

	qos_match_text(&sb, m);
	show_text(v, "   Match %s\n", sb.s);
	show_str(v, NULL, sb.s);
	sb_free(&sb);
}

static void
show_one_class_map(struct show *v, const struct qos_class_map *m, unsigned id)
{
	const struct qos_match *x;

	show_text(v, " Class Map match-%s %s (id %u)\n",
	    m->any ? "any" : "all", m->name, id);
	if (m->description != NULL)
		show_text(v, "  Description: %s\n", m->description);
	show_object(v, NULL);
	show_str(v, "name", m->name);
	show_str(v, "match", m->any ? "any" : "all");
	if (m->description != NULL)
		show_str(v, "description", m->description);
	show_array(v, "matches");
	CF_FOREACH(x, &m->matches)
		show_match(v, x);
	show_close(v);
	show_close(v);
	if (m->matches.n == 0)
		show_text(v, "   Match none \n");
	show_text(v, "\n");
}

int
show_class_map(struct cli_ctx *ctx, const struct show_class_map_args *a)
{
	const struct conf *c = router_of(ctx)->running;
	const struct qos_match any = {.kind = QOS_ANY};
	const struct qos_class_map *m;
	unsigned id = 0;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "class_maps");
	CF_FOREACH(m, &c->class_maps) {
		id++;
		if (a->name[0] == '\0' || strcmp(a->name, m->name) == 0)
			show_one_class_map(&v, m, id);
	}
	if (a->name[0] == '\0' || strcmp(a->name, QOS_DEFAULT) == 0) {
		show_text(&v, " Class Map match-any class-default (id 0)\n");
		show_object(&v, NULL);
		show_str(&v, "name", QOS_DEFAULT);
		show_str(&v, "match", "any");
		show_array(&v, "matches");
		show_match(&v, &any);
		show_close(&v);
		show_close(&v);
		show_text(&v, "\n");
	}
	return show_end(&v);
}

/* ---- policy maps ---- */

/* One action: a line of text, a string of JSON. */
PRINTF_LIKE(2, 3) static void
action(struct show *v, const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	show_text(v, "      %s\n", sb.s);
	show_str(v, NULL, sb.s);
	sb_free(&sb);
}

static void
show_bandwidth(struct show *v, const struct qos_class *c)
{
	char level[16] = "";

	switch (c->bw_unit) {
	case QOS_KBPS:
		action(v, "bandwidth %u (kbps)", c->bw);
		break;
	case QOS_PERCENT:
		action(v, "bandwidth %u (%%)", c->bw);
		break;
	case QOS_REMAINING:
		action(v, "bandwidth remaining %u (%%)", c->bw);
		break;
	case QOS_RATIO:
		action(v, "bandwidth remaining ratio %u ", c->bw);
		break;
	default:
		break;
	}
	if (c->prio_level != 0)
		snprintf(level, sizeof(level), " level %u", c->prio_level);
	if (c->prio_unit == QOS_UNLIMITED)
		action(v, "priority%s", level);
	else if (c->prio_unit != QOS_NONE)
		action(v, "priority%s %u (%s)", level, c->prio,
		    c->prio_unit == QOS_KBPS ? "kbps" : "%");
}

static void
show_shape(struct show *v, const struct qos_class *c)
{
	if (!c->shape)
		return;
	action(v, "%s Rate Traffic Shaping",
	    c->shape_peak ? "Peak" : "Average");
	action(v, "cir %u%s", c->shape_rate,
	    c->shape_percent ? "%" : " (bps)");
}

static void
show_police(struct show *v, const struct qos_police *p)
{
	const char *names[] = {"conform", "exceed", "violate"};
	struct qos_actions a;
	struct strbuf sb = {0};

	if (p == NULL)
		return;
	a = qos_police_actions(p);
	sb_printf(&sb, "police cir %s%u", p->percent ? "percent " : "",
	    p->cir);
	if (!p->percent)
		sb_printf(&sb, " bc %" PRIu64,
		    qos_police_burst(p, p->bc, p->cir));
	else if (p->bc != 0)
		sb_printf(&sb, " bc %u ms", p->bc);
	if (p->pir != 0)
		sb_printf(&sb, " pir %s%u", p->percent ? "percent " : "",
		    p->pir);
	if (p->be != 0)
		sb_printf(&sb, " be %u%s", p->be, p->percent ? " ms" : "");
	action(v, "%s", sb.s);
	for (unsigned i = 0; i < NELEM(names); i++) {
		const struct qos_action *x[] = {&a.conform, &a.exceed,
		    &a.violate};

		sb_free(&sb);
		qos_action_text(&sb, x[i]);
		if (i < 2 || p->pir != 0 || p->be != 0)
			action(v, "  %s-action %s ", names[i], sb.s);
	}
	sb_free(&sb);
}

static void
show_sets(struct show *v, const struct qos_class *c)
{
	struct strbuf sb = {0};

	if (c->set_dscp != QOS_UNSET) {
		qos_dscp_text(&sb, c->set_dscp);
		action(v, "set %sdscp %s", c->set_ip_dscp ? "ip " : "", sb.s);
	}
	if (c->set_precedence != QOS_UNSET)
		action(v, "set %sprecedence %u",
		    c->set_ip_precedence ? "ip " : "", c->set_precedence);
	if (c->set_group != QOS_UNSET)
		action(v, "set qos-group %u", c->set_group);
	sb_free(&sb);
}

static void
show_class(struct show *v, const struct qos_class *c)
{
	show_text(v, "    Class %s\n", c->name);
	show_object(v, NULL);
	show_str(v, "class", c->name);
	show_array(v, "actions");
	show_bandwidth(v, c);
	show_shape(v, c);
	show_police(v, qos_class_police(c));
	if (c->queue_limit != 0)
		action(v, "queue-limit %u %s", c->queue_limit,
		    c->queue_bytes ? "bytes" : c->queue_ms ? "ms" : "packets");
	if (c->fair)
		action(v, "fair-queue");
	if (c->red != QOS_RED_OFF)
		action(v, "%s wred, exponential weight %u",
		    c->red == QOS_RED_DSCP ? "dscp-based" : "packet-based",
		    c->red_weight);
	show_sets(v, c);
	if (c->drop)
		action(v, "drop");
	if (c->child[0] != '\0')
		action(v, "service-policy %s", c->child);
	show_close(v);
	show_close(v);
}

static void
show_policy(struct show *v, const struct qos_policy_map *p, const char *only)
{
	const struct qos_class *c;

	show_text(v, "  Policy Map %s\n", p->name);
	if (p->description != NULL)
		show_text(v, "   Description: %s\n", p->description);
	show_object(v, NULL);
	show_str(v, "name", p->name);
	if (p->description != NULL)
		show_str(v, "description", p->description);
	show_array(v, "classes");
	CF_FOREACH(c, &p->classes)
		if ((only[0] == '\0' || strcmp(only, c->name) == 0) &&
		    strcmp(c->name, QOS_DEFAULT) != 0)
			show_class(v, c);
	CF_FOREACH(c, &p->classes)
		if ((only[0] == '\0' || strcmp(only, c->name) == 0) &&
		    strcmp(c->name, QOS_DEFAULT) == 0)
			show_class(v, c);
	show_close(v);
	show_close(v);
	show_text(v, "\n");
}

int
show_policy_map(struct cli_ctx *ctx, const struct show_policy_map_args *a)
{
	const struct conf *c = router_of(ctx)->running;
	const struct qos_policy_map *p;
	struct show v;

	if (a->name[0] != '\0' && conf_find_policy_map(c, a->name) == NULL) {
		cli_printf(ctx, "%% policy map %s not configured\n", a->name);
		return CLI_FAILED;
	}
	show_begin(&v, ctx);
	show_array(&v, "policy_maps");
	CF_FOREACH(p, &c->policy_maps)
		if (a->name[0] == '\0' || strcmp(a->name, p->name) == 0)
			show_policy(&v, p, a->class);
	return show_end(&v);
}
