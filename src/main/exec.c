/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands of process main that do something: clearing.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli_gen.h"
#include "main/router.h"

/* [confirm]: Enter or y is yes, everything else is no. */
bool
exec_confirmed(const char *answer)
{
	return *answer == '\0' || *answer == 'y' || *answer == 'Y';
}

/* ---- clearing ---- */

static void
clear_logging_answer(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	if (exec_confirmed(answer))
		syslog_clear(router_of(ctx));
	cli_done(ctx, CLI_DONE);
}

int
clear_logging(struct cli_ctx *ctx, const struct clear_logging_args *a UNUSED)
{
	cli_ask(ctx, CLI_ASK_CONFIRM, "Clear logging buffer [confirm]",
	    clear_logging_answer, NULL);
	return CLI_PENDING;
}

static void
clear_counters_answer(struct cli_ctx *ctx, void *arg UNUSED,
    const char *answer)
{
	struct router *r = router_of(ctx);

	if (exec_confirmed(answer)) {
		ports_clear_stats(r);
		(void)child_send(r, CHILD_FWD, IPC_CLEAR, 0, NULL, 0, NULL,
		    0);
	}
	cli_done(ctx, CLI_DONE);
}

int
clear_counters(struct cli_ctx *ctx, const struct clear_counters_args *a UNUSED)
{
	cli_ask(ctx, CLI_ASK_CONFIRM,
	    "Clear \"show interface\" counters on all interfaces [confirm]",
	    clear_counters_answer, NULL);
	return CLI_PENDING;
}
