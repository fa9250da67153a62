/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Passwords for handlers of main.
 */
#ifndef COHORT_LOGIN_H
#define COHORT_LOGIN_H

#include "main/router.h"

/* `enable`: CLI_PENDING when a password is asked for. */
int login_enable(struct session *, unsigned level);
bool login_check(struct router *, const char *user, const char *password);

#endif
