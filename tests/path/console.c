/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See console.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "console.h"

void
cli_printf(struct cli_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&ctx->out, fmt, ap);
	va_end(ap);
}

bool
cli_wants_json(struct cli_ctx *ctx)
{
	return ctx->json;
}

void *
cli_engine(struct cli_ctx *ctx)
{
	return ctx->engine;
}

void
cli_done(struct cli_ctx *ctx, enum cli_status status)
{
	assert_int_equal(status, CLI_DONE);
	ctx->done = true;
}

void
cli_on_abort(struct cli_ctx *ctx, void (*fn)(struct cli_ctx *, void *),
    void *arg)
{
	ctx->abort = fn;
	ctx->arg = arg;
}

void
cli_ask(struct cli_ctx *ctx, enum cli_ask_kind kind, const char *prompt,
    void (*fn)(struct cli_ctx *, void *, const char *), void *arg)
{
	assert_true(kind == CLI_ASK_LINE || kind == CLI_ASK_MORE);
	cli_printf(ctx, "%s", prompt);
	ctx->answer = fn;
	ctx->answer_arg = arg;
	if (kind == CLI_ASK_MORE && !ctx->slow)
		fn(ctx, arg, "");
}

void
console_type(struct cli_ctx *ctx, const char *line)
{
	void (*fn)(struct cli_ctx *, void *, const char *) = ctx->answer;

	assert_non_null(fn);
	ctx->answer = NULL;
	cli_printf(ctx, "%s\n", line);
	fn(ctx, ctx->answer_arg, line);
}

struct rig *
console_rig(struct cli_ctx *ctx)
{
	struct rig *r = malloc(sizeof(*r));

	rig_start(r);
	*ctx = (struct cli_ctx){ .engine = r->f };
	return r;
}

void
console_end(struct rig *r, struct cli_ctx *ctx)
{
	sb_free(&ctx->out);
	rig_end(r);
	free(r);
}
