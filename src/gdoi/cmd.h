/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the command files of src/gdoi share.
 */
#ifndef COHORT_GDOI_CMD_H
#define COHORT_GDOI_CMD_H

#include "cli_gen.h"
#include "gdoi/gdoi_priv.h"
#include "ike/cmd.h"

/* 1 yes, 0 no (nobody there: no), -1 neither. */
int cmd_yes(const char *answer);

/* A key is new: logs, and has the store written. */
void cmd_key_added(struct gdoi *, const struct rsa_key *, bool replaced);
/* Whether a key of that name may be kept; says why not. */
bool cmd_key_room(struct cli_ctx *, const char *label, bool replace);
const char *cmd_key_usage(const struct rsa_key *);
void cmd_usage_note(struct cli_ctx *);

#endif
