/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `help`: how to ask for help. Runs in main.
 */
#include "config.h"

#include "cli_gen.h"

int
exec_help(struct cli_ctx *ctx, const struct exec_help_args *a UNUSED)
{
	cli_printf(ctx,
	    "A question mark gives help at any place of a command. When nothing "
	    "fits there,\nnothing is listed: take back what was typed until "
	    "something is.\n\n"
	    "Two kinds of help are there:\n"
	    "1. Behind a blank ('show ?'): every argument that may follow, and "
	    "what it is.\n"
	    "2. Behind a part of a word ('show pr?'): the words that begin "
	    "like that.\n\n");
	return CLI_DONE;
}
