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
	bool done, json;
	void (*abort)(struct cli_ctx *, void *);
	void *arg;
};

/* A router whose commands ctx runs; the end of both. */
struct rig *console_rig(struct cli_ctx *ctx);
void console_end(struct rig *r, struct cli_ctx *ctx);

#endif
