/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Subcommands of the program that live in files of their own: argv[0] is the
 * word itself; the result is the exit code.
 */
#ifndef COHORT_CMD_H
#define COHORT_CMD_H

int cmd_check(int argc, char **argv);
int cmd_print(int argc, char **argv);
int cmd_lab(int argc, char **argv);

#endif
