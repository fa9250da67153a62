/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show running-config: IOS's header, the lines, `end`; as JSON the lines as a
 * tree. It has the passwords that the configuration has, so what is collected
 * here is wiped.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

/* ---- as text ---- */

struct lines {
	struct strbuf sb;
	unsigned number; /* of the next line, 0: lines have none */
	size_t octets;	 /* without the numbers */
};

static void
add_line(struct lines *l, unsigned depth, const char *text)
{
	size_t len = strlen(text);

	if (l->number != 0)
		sb_printf(&l->sb, "%6u : ", l->number++);
	l->octets += depth + len + 1;
	while (depth-- > 0)
		sb_add(&l->sb, " ", 1);
	sb_add(&l->sb, text, len);
	sb_add(&l->sb, "\n", 1);
}

static void
text_line(void *arg, unsigned depth, const char *text)
{
	add_line(arg, depth, text);
}

static void
add_comment(struct lines *l, const char *what, const struct config_note *n)
{
	struct strbuf sb = {0};

	if (n->wall_us == 0)
		return;
	sb_printf(&sb, "! %s at ", what);
	date_text(&sb, n->wall_us);
	sb_printf(&sb, " by %s", n->user);
	add_line(l, 0, sb.s);
	sb_free(&sb);
}

static void
print_text(struct show *v, const struct router *r,
    const struct conf_view *view, bool numbers)
{
	struct lines l = {.number = numbers};

	add_line(&l, 0, "!");
	if (view->only == NULL && view->begins == NULL &&
	    (r->configured.wall_us != 0 || r->nvram.wall_us != 0)) {
		add_comment(&l, "Last configuration change", &r->configured);
		add_comment(&l, "NVRAM config last updated", &r->nvram);
		add_line(&l, 0, "!");
	}
	conf_view(r->running, view, text_line, &l);
	add_line(&l, 0, "end");
	show_text(v, "Building configuration...\n\n"
	    "Current configuration : %zu bytes\n%s\n", l.octets, l.sb.s);
	explicit_bzero(l.sb.s, l.sb.len);
	sb_free(&l.sb);
}

/* ---- as JSON ---- */

struct tree {
	struct show *v;
	unsigned depth; /* of the object that is open, from 1; 0: none */
};

static void
close_to(struct tree *t, unsigned depth)
{
	while (t->depth > depth) {
		show_close(t->v); /* the line */
		if (--t->depth > 0)
			show_close(t->v); /* the lines that it was one of */
	}
}

static void
json_line(void *arg, unsigned depth, const char *text)
{
	struct tree *t = arg;

	if (strcmp(text, "!") == 0)
		return;
	if (t->depth > depth) {
		close_to(t, depth + 1);
		show_close(t->v);
		t->depth--;
	} else if (depth > 0)
		show_array(t->v, "lines");
	show_object(t->v, NULL);
	show_str(t->v, "text", text);
	t->depth = depth + 1;
}

static void
print_json(struct show *v, const struct router *r,
    const struct conf_view *view)
{
	struct tree t = {v, 0};

	show_str(v, "hostname", r->running->hostname);
	show_array(v, "lines");
	conf_view(r->running, view, json_line, &t);
	close_to(&t, 0);
	show_close(v);
}

/* ---- the command ---- */

#define PART_MAX 6

/* In the order of the grammar, from 1. */
static const char *const parts[][PART_MAX] = {
    {NULL},
    {"access-list ", "ip access-list ", NULL},
    {"class-map ", NULL},
    {"crypto ", NULL},
    {"interface ", NULL},
    {"ip route ", NULL},
    {"line ", NULL},
    {"policy-map ", NULL},
    {"route-map ", NULL},
    {"router ", NULL},
    {"snmp-server ", "snmp ", NULL},
};

int
show_running_config(struct cli_ctx *ctx,
    const struct show_running_config_args *a)
{
	const struct router *r = router_of(ctx);
	struct conf_view view = {.all = a->all != 0, .brief = a->brief != 0};
	const struct interface *ifc;
	struct show v;

	if (a->name[0] != '\0') {
		ifc = conf_find_interface(r->running, a->name);
		if (ifc == NULL) {
			cli_printf(ctx, "%% Interface %s is not configured\n",
			    a->name);
			return CLI_FAILED;
		}
		view.only = &ifc->obj;
	}
	if (a->part != 0)
		view.begins = parts[a->part];
	show_begin(&v, ctx);
	if (show_is_json(&v))
		print_json(&v, r, &view);
	else
		print_text(&v, r, &view, a->linenum != 0);
	return show_end(&v);
}

/* ---- who changed it, and when ---- */

void
config_note_set(struct config_note *n, const char *user)
{
	n->wall_us = time_wall_us();
	str_copy(n->user, user, sizeof(n->user));
}

/* "08:18:21 UTC Fri Nov 20 2026" */
void
date_text(struct strbuf *sb, uint64_t wall_us)
{
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;
	char buf[64];

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%H:%M:%S UTC %a %b", &tm);
	sb_printf(sb, "%s %d %d", buf, tm.tm_mday, tm.tm_year + 1900);
}
