/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A running exec command: what its handler may do, and how its process hears
 * of it. Every process runs it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

struct cli_ctx {
	const struct cli_ctx_ops *ops;
	void *user, *engine;
	void (*abort_fn)(struct cli_ctx *, void *);
	void *abort_arg;
	void (*answer_fn)(struct cli_ctx *, void *, const char *);
	void *answer_arg;
	enum cli_ask_kind asked;
	bool json, unattended;
};

struct cli_ctx *
cli_ctx_new(const struct cli_ctx_ops *ops, void *user, void *engine)
{
	struct cli_ctx *c = xcalloc(1, sizeof(*c));

	c->ops = ops;
	c->user = user;
	c->engine = engine;
	return c;
}

void
cli_ctx_set_json(struct cli_ctx *c)
{
	c->json = true;
}

bool
cli_wants_json(struct cli_ctx *c)
{
	return c->json;
}

void
cli_ctx_set_unattended(struct cli_ctx *c)
{
	c->unattended = true;
}

bool
cli_unattended(struct cli_ctx *c)
{
	return c->unattended;
}

void
cli_ctx_free(struct cli_ctx *c)
{
	free(c);
}

void
cli_printf(struct cli_ctx *c, const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	if (sb.len != 0)
		c->ops->out(c->user, sb.s, sb.len);
	sb_free(&sb);
}

void *
cli_engine(struct cli_ctx *c)
{
	return c->engine;
}

void
cli_done(struct cli_ctx *c, enum cli_status status)
{
	c->ops->done(c->user, status);
	cli_ctx_free(c);
}

void
cli_on_abort(struct cli_ctx *c, void (*fn)(struct cli_ctx *, void *),
    void *arg)
{
	c->abort_fn = fn;
	c->abort_arg = arg;
}

void
cli_ask(struct cli_ctx *c, enum cli_ask_kind kind, const char *prompt,
    void (*fn)(struct cli_ctx *, void *, const char *), void *arg)
{
	c->answer_fn = fn;
	c->answer_arg = arg;
	c->asked = kind;
	c->ops->ask(c->user, kind, prompt);
}

/* A handler may ask again, or end the command, from inside these two. */
void
cli_ctx_answer(struct cli_ctx *c, const char *answer)
{
	void (*fn)(struct cli_ctx *, void *, const char *) = c->answer_fn;

	c->answer_fn = NULL;
	if (fn != NULL)
		fn(c, c->answer_arg, answer);
}

void
cli_ctx_abort(struct cli_ctx *c)
{
	void (*fn)(struct cli_ctx *, void *) = c->abort_fn;

	c->abort_fn = NULL;
	if (fn != NULL)
		fn(c, c->abort_arg);
	else if (c->answer_fn != NULL) /* who went away confirms nothing */
		cli_ctx_answer(c, c->asked == CLI_ASK_CONFIRM ? "n" : "");
}
