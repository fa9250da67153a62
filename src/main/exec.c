/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands of process main that do something: debugging, clearing.
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

/* ---- debugging, clearing ---- */

static const struct {
	uint32_t flag;
	const char *text;
} debugs[] = {
    {DEBUG_ISAKMP, "Crypto ISAKMP"},
    {DEBUG_GDOI, "Crypto GDOI"},
    {DEBUG_IPSEC, "Crypto IPSEC"},
};

int
exec_debug(struct cli_ctx *ctx, const struct exec_debug_args *a)
{
	struct router *r = router_of(ctx);
	size_t i;

	if (a->on)
		router_set_debug(r, r->debug | a->flag);
	else
		router_set_debug(r, r->debug & ~a->flag);
	if (a->flag == UINT32_MAX) {
		cli_printf(ctx,
		    "All possible debugging has been turned off\n");
		return CLI_DONE;
	}
	for (i = 0; i < NELEM(debugs); i++)
		if (debugs[i].flag == a->flag)
			cli_printf(ctx, "%s debugging is %s\n", debugs[i].text,
			    a->on ? "on" : "off");
	return CLI_DONE;
}

int
show_debugging(struct cli_ctx *ctx, const struct show_debugging_args *a UNUSED)
{
	size_t i;

	for (i = 0; i < NELEM(debugs); i++)
		if ((router_of(ctx)->debug & debugs[i].flag) != 0)
			cli_printf(ctx, "  %s debugging is on\n",
			    debugs[i].text);
	return CLI_DONE;
}

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
	if (exec_confirmed(answer))
		ports_clear_stats(router_of(ctx));
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
