/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Passwords for handlers of main.
 */
#ifndef COHORT_LOGIN_H
#define COHORT_LOGIN_H

#include "main/router.h"

/* `enable`: CLI_PENDING when a password is asked for. */
int login_enable(struct session *, unsigned level);
/* Whether a password, which is asked for, is that of a user: CLI_PENDING, or
 * CLI_FAILED when too many ask. The session ends with the answer. */
int login_test(struct session *, const char *user, const char *peer);

#endif
