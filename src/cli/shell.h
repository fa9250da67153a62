/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients of a running router, by its state directory.
 */
#ifndef COHORT_SHELL_H
#define COHORT_SHELL_H

#include "base/base.h"

/* A shell on this terminal. 0: `exit`; CONSOLE_LEFT: Ctrl-]; 1: no router
 * there (said on stderr); 2: the router or the terminal is gone. */
#define CONSOLE_LEFT 3
int console_attach(const char *statedir, int interactive);
/* Runs commands one after the other in one session ("-": the lines of
 * standard input), prints what they print. A command that asks takes the next
 * one as its answer. 1 if one was refused or there is no router. */
int console_exec(const char *statedir, char **cmds, int n);

#endif
