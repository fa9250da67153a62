/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests with a struct cli_ctx of their own: what handlers ask of one that
 * nobody aborts.
 */
#include "config.h"

#include "cli/cli.h"

bool
cli_unattended(struct cli_ctx *ctx UNUSED)
{
	return false;
}

void
cli_on_abort(struct cli_ctx *ctx UNUSED,
    void (*fn)(struct cli_ctx *, void *) UNUSED, void *arg UNUSED)
{
}
