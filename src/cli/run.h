/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The handlers of exec commands, in the order of cli_cmd.handler; written by
 * gramc. Only what runs commands links it, so that a test of an engine can
 * read configurations without every handler of the router.
 */
#ifndef COHORT_RUN_H
#define COHORT_RUN_H

#include "cli/table.h"

extern const struct cli_handler cli_handlers[]; /* ends with a NULL name */

#endif
