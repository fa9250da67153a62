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

/* arg: the port, NULL: all. A port is never freed. */
static void
clear_counters_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct router *r = router_of(ctx);
	const struct port *p = arg;
	char who[WHO_MAX], what[60];
	uint8_t body[2];
	struct wr w = wr_of(body, sizeof(body));

	if (exec_confirmed(answer)) {
		ports_clear_stats(r, p);
		wr_u16(&w, p != NULL ? p->index : 0);
		(void)child_send(r, CHILD_FWD, IPC_CLEAR, 0, body,
		    wr_len(&w), NULL, 0);
		snprintf(what, sizeof(what), "%s%s", p != NULL ?
		    "interface " : "all interfaces", p != NULL ? p->name : "");
		log_emit(LOG_CLEAR_COUNTERS, what, who_of(ctx, who));
	}
	cli_done(ctx, CLI_DONE);
}

int
clear_counters(struct cli_ctx *ctx, const struct clear_counters_args *a)
{
	const struct port *p = NULL;

	if (a->name[0] != '\0' &&
	    (p = ports_find(router_of(ctx), a->name)) == NULL) {
		cli_printf(ctx, "%% Interface %s is not configured\n",
		    a->name);
		return CLI_FAILED;
	}
	cli_ask(ctx, CLI_ASK_CONFIRM, p == NULL ?
	    "Clear \"show interface\" counters on all interfaces [confirm]" :
	    "Clear \"show interface\" counters on this interface [confirm]",
	    clear_counters_answer, (void *)(uintptr_t)p);
	return CLI_PENDING;
}
