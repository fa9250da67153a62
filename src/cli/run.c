/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls the handler of a matched command: the only place that needs the
 * generated handler table, and so every handler, linked.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/run.h"

int
cli_run(struct cli_ctx *c, const struct cli_cmd *cmd)
{
	return cli_handlers[cmd->handler].call(c, cmd->args);
}
