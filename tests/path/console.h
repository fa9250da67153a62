/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A console for tests of exec commands of process fwd: the cli_* functions
 * write into a string.
 */
#ifndef COHORT_CONSOLE_H
#define COHORT_CONSOLE_H

#include "cli/cli.h"
#include "rig.h"

struct cli_ctx {
	struct strbuf out;
	void *engine;
	bool done, json, slow; /* slow: what was printed is not yet taken */
	void (*abort)(struct cli_ctx *, void *);
	void *arg;
	/* a question that is open: it is in out, too */
	void (*answer)(struct cli_ctx *, void *, const char *);
	void *answer_arg;
};

/* The user types that line; a newline follows it in out. */
void console_type(struct cli_ctx *ctx, const char *line);

/* A router whose commands ctx runs; the end of both. */
struct rig *console_rig(struct cli_ctx *ctx);
void console_end(struct rig *r, struct cli_ctx *ctx);

#endif
