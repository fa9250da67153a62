/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of `crypto key export|import rsa ... url`: ike, which has no files,
 * asks for one in the middle of its command (CLI_ASK_READ, CLI_ASK_WRITE).
 * Main asks the user for the name, as copy does. What is read goes to ike as
 * a descriptor; what is written came encrypted.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "main/fs.h"
#include "main/router.h"
#include "main/session.h"

struct keyfile {
	struct fs_url u;
	char *text; /* to write; NULL: a file is read */
	int fd;
};

static void
file_free(struct keyfile *f)
{
	if (f->fd != -1)
		close(f->fd);
	free(f->text);
	free(f);
}

void
keyfile_forget(struct session *s)
{
	if (s->file == NULL)
		return;
	cli_ctx_free(s->ctx);
	s->ctx = NULL;
	file_free(s->file);
	s->file = NULL;
}

/* ---- a dialogue of main within a command of ike ---- */

static void
on_out(void *user, const char *text, size_t len)
{
	session_command_out(user, text, len);
}

/* The command of ike goes on, or is told to end: why was said. */
static void
on_done(void *user, enum cli_status st)
{
	struct session *s = user;
	struct keyfile *f = s->file;
	uint8_t empty[2] = {0, 0}; /* a str */

	s->ctx = NULL;
	s->file = NULL;
	(void)child_send(s->r, (enum child_kind)s->child,
	    st == CLI_DONE ? IPC_ANSWER : IPC_ABORT, s->id, empty,
	    st == CLI_DONE ? sizeof(empty) : 0, &f->fd, f->fd != -1 ? 1 : 0);
	file_free(f);
}

static const struct cli_ctx_ops file_ops = {on_out, ops_ask, on_done};

static void
file_abort(struct cli_ctx *ctx, void *arg UNUSED)
{
	cli_done(ctx, CLI_FAILED);
}

static bool
is_quiet(struct cli_ctx *ctx)
{
	return router_of(ctx)->running->file_prompt == FILE_QUIET;
}

static void
file_do(struct cli_ctx *ctx, struct keyfile *f)
{
	struct router *r = router_of(ctx);
	char text[FS_TEXT_MAX];
	int ok;

	cli_printf(ctx, "%s %s\n", f->text != NULL ? "Writing file to" :
	    "Reading file from", fs_text(&f->u, text));
	if (f->text != NULL)
		ok = fs_put(r, &f->u, f->text, strlen(f->text));
	else
		ok = f->fd = fs_open(r->statedir, &f->u, IPC_FILE_MAX);
	cli_done(ctx, ok != -1 ? CLI_DONE :
	    (enum cli_status)fs_refuse(ctx, text, errno));
}

static void
file_over(struct cli_ctx *ctx, void *arg, const char *answer)
{
	if (exec_confirmed(answer))
		file_do(ctx, arg);
	else
		cli_done(ctx, CLI_FAILED);
}

static void
file_name(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct keyfile *f = arg;
	struct fs_file there;

	if (fs_take_answer(ctx, &f->u, answer) == -1)
		cli_done(ctx, CLI_FAILED);
	else if (f->text != NULL && f->u.kind == FS_FLASH && !is_quiet(ctx) &&
	    fs_stat(router_of(ctx)->statedir, &f->u, &there) == 0)
		cli_ask(ctx, CLI_ASK_CONFIRM, FS_OVERWRITE, file_over, f);
	else
		file_do(ctx, f);
}

/* The file that is meant: NAME.pub, or LABEL.pub in a directory. */
static int
file_of(struct fs_url *u, const char *url, const char *label,
    const char *ending)
{
	char name[sizeof(u->name)];

	if (fs_parse(u, url) == -1)
		return -1;
	if ((size_t)snprintf(name, sizeof(name), "%s%s", u->name[0] != '\0' ?
	    u->name : label, ending) >= sizeof(name)) {
		errno = EINVAL;
		return -1;
	}
	str_copy(u->name, name, sizeof(u->name));
	return 0;
}

void
keyfile_ask(struct session *s, bool put, char *what)
{
	struct keyfile *f = xcalloc(1, sizeof(*f));
	char *text = what + strcspn(what, "\n"), *rest;
	const char *url, *label, *ending;
	struct cli_ctx *ctx;

	f->fd = -1;
	if (*text != '\0')
		*text++ = '\0';
	if (put)
		f->text = xstrdup(text);
	url = strtok_r(what, " ", &rest);
	label = strtok_r(NULL, " ", &rest);
	ending = strtok_r(NULL, " ", &rest);
	s->file = f;
	s->ctx = ctx = cli_ctx_new(&file_ops, s, s->r);
	cli_on_abort(ctx, file_abort, NULL);
	if (!s->takes_files || ending == NULL) { /* not what it was told to */
		cli_done(ctx, CLI_FAILED);
	} else if (file_of(&f->u, url, label, ending) == -1) {
		cli_done(ctx, (enum cli_status)fs_refuse(ctx, url, errno));
	} else if (is_quiet(ctx)) {
		file_name(ctx, f, "");
	} else {
		char *prompt = xasprintf("%s filename [%s]? ", put ?
		    "Destination" : "Source", f->u.name);

		cli_ask(ctx, CLI_ASK_LINE, prompt, file_name, f);
		free(prompt);
	}
}
