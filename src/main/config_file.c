/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Configurations in files: into one that is the caller's, with a report of the
 * lines that were refused, and into the running one.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "main/archive.h"

#define REPORTS_MAX 100 /* refused lines that are named */

struct report {
	struct cli_ctx *ctx;
	const char *name;
	unsigned errors, without_effect;
};

static void
on_report(void *arg, unsigned lineno, bool error, const char *text)
{
	struct report *p = arg;

	if (!error) {
		p->without_effect++;
		return;
	}
	if (p->errors++ < REPORTS_MAX)
		cli_printf(p->ctx, "%s line %u: %s\n", p->name, lineno, text);
	else if (p->errors == REPORTS_MAX + 1)
		cli_printf(p->ctx, "...\n");
}

/* Names a command a line. */
static void
list_run(struct cli_ctx *ctx, const char *what, const struct strbuf *run)
{
	if (run->len != 0)
		cli_printf(ctx, "%s\n%s", what, run->s);
}

struct conf *
config_load_file(struct cli_ctx *ctx, const struct fs_url *u)
{
	char name[FS_TEXT_MAX];
	struct report p = {ctx, fs_text(u, name), 0, 0};
	struct strbuf sb = {0}, run = {0};
	struct conf *c = NULL;

	if (fs_get(router_of(ctx), u, &sb) == -1) {
		(void)fs_refuse(ctx, name, errno);
	} else {
		c = conf_new();
		(void)!conf_load_run(c, sb.s, sb.len, on_report, &p, &run);
		(void)conf_hide_passwords(c);
		list_run(ctx, "Not run, since these are no part of a "
			      "configuration:", &run);
		if (p.errors != 0) {
			conf_free(c);
			c = NULL;
		}
	}
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	sb_free(&run);
	return c;
}

void
config_merge(struct cli_ctx *ctx, const struct fs_url *from,
    const struct strbuf *text)
{
	struct router *r = router_of(ctx);
	struct conf *conf = conf_clone(r->running);
	char name[FS_TEXT_MAX], who[WHO_MAX];
	struct report p = {ctx, fs_text(from, name), 0, 0};
	struct strbuf run = {0};

	(void)!conf_load_run(conf, text->s, text->len, on_report, &p, &run);
	(void)conf_hide_passwords(conf);
	router_set_running(r, conf);
	router_commit(r);
	if (p.errors != 0)
		cli_printf(ctx, "%u line%s refused, the others act\n", p.errors,
		    p.errors == 1 ? " was" : "s were");
	if (p.without_effect != 0)
		cli_printf(ctx, "%u lines or blocks have no effect, 'show "
				"unsupported' lists them\n",
		    p.without_effect);
	list_run(ctx, "Run as they are at a start, without questions:", &run);
	if (run.len != 0)
		router_run_lines(r, run.s);
	sb_free(&run);
	session_note(session_of(ctx), &r->configured);
	log_emit(LOG_SYS_CONFIG_FILE, name, who_of(ctx, who));
}
