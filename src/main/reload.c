/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reload: saving before, the question, and the restart.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "cli_gen.h"
#include "main/router.h"

static void
reload_confirm(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	struct router *r = router_of(ctx);
	bool yes = exec_confirmed(answer);

	if (yes)
		log_emit(LOG_SYS_RELOAD, "console");
	cli_done(ctx, CLI_DONE);
	if (yes)
		router_reload(r);
}

static void
reload_save(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	static const char again[] =
	    "% Please answer 'yes' or 'no'.\n"
	    "System configuration has been modified. Save? [yes/no]: ";
	size_t n = strlen(answer);

	if (n != 0 && strncasecmp(answer, "yes", n) == 0) {
		if (startup_save(ctx) != CLI_DONE) {
			cli_done(ctx, CLI_FAILED);
			return;
		}
	} else if (n == 0 || strncasecmp(answer, "no", n) != 0) {
		if (n == 0) { /* nobody to answer */
			cli_done(ctx, CLI_FAILED);
			return;
		}
		cli_ask(ctx, CLI_ASK_LINE, again, reload_save, NULL);
		return;
	}
	cli_ask(ctx, CLI_ASK_CONFIRM, "Proceed with reload? [confirm]",
	    reload_confirm, NULL);
}

int
exec_reload(struct cli_ctx *ctx, const struct exec_reload_args *a UNUSED)
{
	if (!file_config_saved(router_of(ctx)))
		cli_ask(ctx, CLI_ASK_LINE,
		    "\nSystem configuration has been modified. Save? "
		    "[yes/no]: ",
		    reload_save, NULL);
	else
		cli_ask(ctx, CLI_ASK_CONFIRM, "Proceed with reload? [confirm]",
		    reload_confirm, NULL);
	return CLI_PENDING;
}

