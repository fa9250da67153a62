/* SPDX-License-Identifier: BSD-2-Clause
 *
 * copy and write: between the running configuration, startup-config and
 * files, with the dialogues of IOS. A copy into the running configuration
 * merges: refused lines are named, the others act, in one commit.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/archive.h"
#include "main/router.h"

struct copy {
	struct fs_url src, dst;
	uint64_t start_ms;
};

static void
copy_end(struct cli_ctx *ctx, struct copy *c, enum cli_status st)
{
	explicit_bzero(c, sizeof(*c));
	free(c);
	cli_done(ctx, st);
}

/* Who leaves at a question takes nothing that was offered. */
static void
copy_abort(struct cli_ctx *ctx, void *arg)
{
	copy_end(ctx, arg, CLI_FAILED);
}

/* What to do instead is part of the message. */
int
fs_refuse(struct cli_ctx *ctx, const char *url, int err)
{
	cli_printf(ctx, "%%Error opening %.200s (%s)\n", url, fs_error(err));
	if (err == EPROTONOSUPPORT)
		cli_printf(ctx,
		    "Files do not travel by this router. On its host, flash: "
		    "is the directory\n%s/flash: copy the file there.\n",
		    router_of(ctx)->statedir);
	return CLI_FAILED;
}

static int
fs_refuse_url(struct cli_ctx *ctx, const struct fs_url *u)
{
	char text[FS_TEXT_MAX];

	return fs_refuse(ctx, fs_text(u, text), errno);
}

/* ---- reading and writing of every kind ---- */

int
fs_get(struct router *r, const struct fs_url *u, struct strbuf *sb)
{
	if (u->kind == FS_NULL) {
		sb_add(sb, "", 0);
		return 0;
	}
	if (u->kind != FS_SYSTEM)
		return fs_read(r->statedir, u, sb);
	if (strcmp(u->name, "running-config") != 0) {
		errno = u->name[0] == '\0' ? EISDIR : ENOENT;
		return -1;
	}
	conf_print(sb, r->running, CF_MAIN);
	sb_add(sb, "end\n", 4);
	return 0;
}

int
fs_put(struct router *r, const struct fs_url *u, const char *data, size_t len)
{
	if (u->kind == FS_NULL)
		return 0;
	return fs_write(r->statedir, u, data, len);
}

/* ---- the copy ---- */

static void
say_bytes(struct cli_ctx *ctx, const struct copy *c, size_t len)
{
	uint64_t ms = time_mono_ms() - c->start_ms;

	if (ms == 0)
		ms = 1;
	cli_printf(ctx, "%zu bytes copied in %llu.%03llu secs "
			"(%llu bytes/sec)\n",
	    len, (unsigned long long)ms / 1000, (unsigned long long)ms % 1000,
	    (unsigned long long)len * 1000 / ms);
}

static int
copy_text(struct cli_ctx *ctx, const struct copy *c, const struct strbuf *sb)
{
	if (c->dst.kind == FS_SYSTEM) {
		config_merge(ctx, &c->src, sb);
	} else if (fs_put(router_of(ctx), &c->dst, sb->s, sb->len) == -1) {
		return fs_refuse_url(ctx, &c->dst);
	} else if (c->dst.kind == FS_NVRAM) {
		session_note(session_of(ctx), &router_of(ctx)->nvram);
		cli_printf(ctx, "[OK]\n");
	}
	say_bytes(ctx, c, sb->len);
	return CLI_DONE;
}

static void
copy_do(struct cli_ctx *ctx, struct copy *c)
{
	struct strbuf sb = {0};
	int st;

	c->start_ms = time_mono_ms();
	if (c->src.kind == FS_SYSTEM && c->dst.kind == FS_NVRAM)
		st = startup_save(ctx);
	else if (fs_get(router_of(ctx), &c->src, &sb) == -1)
		st = fs_refuse_url(ctx, &c->src);
	else
		st = copy_text(ctx, c, &sb);
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	copy_end(ctx, c, (enum cli_status)st);
}

static void
copy_over(struct cli_ctx *ctx, void *arg, const char *answer)
{
	if (exec_confirmed(answer))
		copy_do(ctx, arg);
	else
		copy_end(ctx, arg, CLI_DONE);
}

static bool
same_file(const struct copy *c)
{
	return c->src.kind == c->dst.kind && c->src.kind != FS_NULL &&
	    strcmp(c->src.name, c->dst.name) == 0;
}

static bool
is_quiet(struct cli_ctx *ctx)
{
	return router_of(ctx)->running->file_prompt == FILE_QUIET;
}

static void
copy_ready(struct cli_ctx *ctx, struct copy *c)
{
	struct fs_file f;

	if (same_file(c)) {
		cli_printf(ctx, "%%Error copying: source and destination are "
				"the same file\n");
		copy_end(ctx, c, CLI_FAILED);
	} else if (c->dst.kind == FS_FLASH && !is_quiet(ctx) &&
	    fs_stat(router_of(ctx)->statedir, &c->dst, &f) == 0) {
		cli_ask(ctx, CLI_ASK_CONFIRM, FS_OVERWRITE, copy_over, c);
	} else {
		copy_do(ctx, c);
	}
}

int
fs_take_answer(struct cli_ctx *ctx, struct fs_url *u, const char *answer)
{
	answer += strspn(answer, " ");
	if (*answer == '\0' && u->name[0] != '\0')
		return 0;
	if (strchr(answer, ':') != NULL) {
		if (fs_parse(u, answer) == 0) {
			if (u->name[0] != '\0' || u->kind == FS_NULL)
				return 0;
			errno = EISDIR;
		}
	} else if (fs_name_ok(answer)) {
		str_copy(u->name, answer, sizeof(u->name));
		return 0;
	} else
		errno = EINVAL;
	(void)fs_refuse(ctx, answer, errno);
	return -1;
}

static void
copy_to(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct copy *c = arg;
	char text[FS_TEXT_MAX];

	if (fs_take_answer(ctx, &c->dst, answer) == -1) {
		copy_end(ctx, c, CLI_FAILED);
		return;
	}
	if ((c->dst.kind == FS_SYSTEM &&
		strcmp(c->dst.name, "running-config") != 0) ||
	    (c->dst.kind == FS_NVRAM &&
		strcmp(c->dst.name, "startup-config") != 0)) {
		copy_end(ctx, c,
		    (enum cli_status)fs_refuse(ctx, fs_text(&c->dst, text),
			EACCES));
		return;
	}
	copy_ready(ctx, c);
}

static void
ask_to(struct cli_ctx *ctx, struct copy *c)
{
	char *prompt;

	if (c->dst.kind == FS_NULL) {
		copy_ready(ctx, c);
		return;
	}
	if (c->dst.name[0] == '\0')
		str_copy(c->dst.name,
		    c->dst.kind == FS_SYSTEM	  ? "running-config"
			: c->dst.kind == FS_NVRAM ? "startup-config"
						  : c->src.name,
		    sizeof(c->dst.name));
	if (is_quiet(ctx)) {
		copy_to(ctx, c, "");
		return;
	}
	prompt = xasprintf("Destination filename [%s]? ", c->dst.name);
	cli_ask(ctx, CLI_ASK_LINE, prompt, copy_to, c);
	free(prompt);
}

static void
copy_from(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct copy *c = arg;

	if (fs_take_answer(ctx, &c->src, answer) == -1)
		copy_end(ctx, c, CLI_FAILED);
	else
		ask_to(ctx, c);
}

static int
parse_arg(struct cli_ctx *ctx, struct fs_url *u, unsigned known,
    const char *text)
{
	if (known != 0)
		text = known == 1 ? "running-config" : "startup-config";
	if (fs_parse(u, text) == 0)
		return 0;
	return fs_refuse(ctx, text, errno);
}

int
exec_copy(struct cli_ctx *ctx, const struct exec_copy_args *a)
{
	struct copy *c = xcalloc(1, sizeof(*c));

	if (parse_arg(ctx, &c->src, (unsigned)a->from, a->src) != 0 ||
	    parse_arg(ctx, &c->dst, (unsigned)a->to, a->dst) != 0) {
		free(c);
		return CLI_FAILED;
	}
	cli_on_abort(ctx, copy_abort, c);
	if (c->src.name[0] != '\0' || c->src.kind == FS_NULL)
		ask_to(ctx, c);
	else
		cli_ask(ctx, CLI_ASK_LINE, "Source filename []? ", copy_from,
		    c);
	return CLI_PENDING;
}

/* ---- write ---- */

int
startup_save(struct cli_ctx *ctx)
{
	const struct archive *a;

	cli_printf(ctx, "Building configuration...\n");
	if (file_write_config(router_of(ctx)) == -1) {
		cli_printf(ctx,
		    "%%Error opening nvram:startup-config (%s)\n"
		    "The configuration that was saved before is untouched.\n",
		    strerror(errno));
		return CLI_FAILED;
	}
	cli_printf(ctx, "[OK]\n");
	session_note(session_of(ctx), &router_of(ctx)->nvram);
	a = archive_of(router_of(ctx)->running);
	if (a != NULL && a->write_memory && archive_save(router_of(ctx)) == -1)
		(void)fs_refuse(ctx, a->path, errno);
	return CLI_DONE;
}

int
exec_write_memory(struct cli_ctx *ctx,
    const struct exec_write_memory_args *a UNUSED)
{
	return startup_save(ctx);
}

int
exec_write_network(struct cli_ctx *ctx,
    const struct exec_write_network_args *a UNUSED)
{
	return fs_refuse(ctx, "tftp:", EPROTONOSUPPORT);
}
