/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The archive of configurations: files of flash: that are made on command,
 * with every `write memory`, or by time; the oldest go. What is in it is
 * read from the directory, nothing is remembered. `show archive` and what
 * compares configurations.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/archive.h"

struct version {
	struct fs_file f;
	unsigned number;
};

static int
by_age(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	if (x->f.mtime != y->f.mtime)
		return x->f.mtime < y->f.mtime ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static struct version *
versions(const struct router *r, const struct archive *a, size_t *n)
{
	struct version *v;
	struct fs_file *f;
	size_t all;

	*n = 0;
	if (fs_list(r->statedir, FS_FLASH, &f, &all) == -1)
		all = 0;
	v = xcalloc(all + 1, sizeof(*v));
	for (size_t i = 0; i < all; i++) {
		v[*n].f = f[i];
		if (archive_is_mine(a, r->running->hostname, f[i].name,
			&v[*n].number))
			(*n)++;
	}
	free(f);
	qsort(v, *n, sizeof(*v), by_age);
	return v;
}

static unsigned
maximum(const struct archive *a)
{
	return a->maximum != 0 ? a->maximum : ARCHIVE_MAX_DEFAULT;
}

static int
next_name(const struct router *r, const struct archive *a,
    const struct version *v, size_t n, struct fs_url *u)
{
	unsigned number = n != 0 ? v[n - 1].number + 1 : 0;

	return archive_name(a, r->running->hostname, time_wall_us(), number, u);
}

int
archive_save(struct router *r)
{
	const struct archive *a = archive_of(r->running);
	struct fs_url u, old;
	struct version *v;
	struct strbuf sb = {0};
	size_t n, first = 0;
	int rv;

	if (a == NULL)
		return 0;
	v = versions(r, a, &n);
	conf_print(&sb, r->running, CF_MAIN);
	sb_add(&sb, "end\n", 4);
	rv = next_name(r, a, v, n, &u);
	if (rv == 0)
		rv = fs_write(r->statedir, &u, sb.s, sb.len);
	for (old = u; rv == 0 && n - first + 1 > maximum(a); first++) {
		str_copy(old.name, v[first].f.name, sizeof(old.name));
		rv = fs_remove(r->statedir, &old);
	}
	explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	free(v);
	return rv;
}

static void
on_time(void *arg)
{
	struct router *r = arg;

	r->archive_period = 0;
	if (archive_save(r) == -1)
		log_emit(LOG_ARCHIVE_FAILED, fs_error(errno));
	archive_commit(r);
}

void
archive_commit(struct router *r)
{
	const struct archive *a = archive_of(r->running);
	uint32_t period = a != NULL ? a->time_period : 0;

	if (period == r->archive_period)
		return;
	r->archive_period = period;
	r->archive_timer.fn = on_time;
	r->archive_timer.arg = r;
	loop_timer(r->loop, &r->archive_timer,
	    period != 0 ? time_mono_ms() + period * 60000ULL : 0);
}

/* ---- commands ---- */

static int
not_enabled(struct cli_ctx *ctx)
{
	cli_printf(ctx, "Archive feature not enabled\n");
	return CLI_FAILED;
}

int
exec_archive_config(struct cli_ctx *ctx,
    const struct exec_archive_config_args *a UNUSED)
{
	struct router *r = router_of(ctx);

	if (archive_of(r->running) == NULL)
		return not_enabled(ctx);
	if (archive_save(r) == 0)
		return CLI_DONE;
	return fs_refuse(ctx, archive_of(r->running)->path, errno);
}

int
show_archive(struct cli_ctx *ctx, const struct show_archive_args *args UNUSED)
{
	const struct router *r = router_of(ctx);
	const struct archive *a = archive_of(r->running);
	struct version *v;
	struct fs_url u;
	char text[FS_TEXT_MAX];
	size_t n;

	if (a == NULL) {
		(void)not_enabled(ctx);
		return CLI_DONE;
	}
	v = versions(r, a, &n);
	cli_printf(ctx, "The maximum archive configurations allowed is %u.\n"
			"There are currently %zu archive configurations "
			"saved.\n",
	    maximum(a), n);
	if (next_name(r, a, v, n, &u) == 0)
		cli_printf(ctx, "The next archive file will be named %s\n",
		    fs_text(&u, text));
	cli_printf(ctx, " Archive #  Name\n");
	for (size_t i = 0; i < n || i < maximum(a); i++)
		if (i < n)
			cli_printf(ctx, "   %-8zu flash:%s%s\n", i + 1,
			    v[i].f.name, i == n - 1 ? " <- Most Recent" : "");
		else
			cli_printf(ctx, "   %-8zu\n", i + 1);
	free(v);
	return CLI_DONE;
}

/* The running configuration itself, or one that is the caller's. */
static struct conf *
config_of(struct cli_ctx *ctx, const char *url)
{
	struct fs_url u;

	if (fs_parse(&u, url) == -1) {
		(void)fs_refuse(ctx, url, errno);
		return NULL;
	}
	if (u.kind == FS_SYSTEM && strcmp(u.name, "running-config") == 0)
		return conf_clone(router_of(ctx)->running);
	return config_load_file(ctx, &u);
}

int
show_archive_differences(struct cli_ctx *ctx,
    const struct show_archive_differences_args *a)
{
	struct strbuf sb = {0};
	struct conf *x, *y = NULL;
	int st = CLI_FAILED;

	x = config_of(ctx, a->from[0] != '\0' ? a->from : "startup-config");
	if (x != NULL)
		y = config_of(ctx, a->to[0] != '\0' ? a->to
						    : "running-config");
	if (y != NULL) {
		conf_diff(&sb, x, y);
		cli_printf(ctx, "!Contextual Config Diffs:\n%s",
		    sb.len != 0 ? sb.s : "!No changes were found\n");
		st = CLI_DONE;
	}
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	conf_free(x);
	conf_free(y);
	return st;
}

int
show_archive_incremental(struct cli_ctx *ctx,
    const struct show_archive_incremental_args *a)
{
	struct conf *c = config_of(ctx, a->from);
	struct strbuf sb = {0};

	if (c == NULL)
		return CLI_FAILED;
	conf_diff_added(&sb, router_of(ctx)->running, c, a->ignorecase);
	if (sb.len != 0)
		cli_printf(ctx, "!List of Commands:\n%send\n", sb.s);
	else
		cli_printf(ctx, "!List of Commands:\n!No changes were found\n");
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	conf_free(c);
	return CLI_DONE;
}
