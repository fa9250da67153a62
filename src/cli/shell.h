/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Clients of a running router: shells on a terminal, on a connection of
 * telnet, and scripts.
 */
#ifndef COHORT_SHELL_H
#define COHORT_SHELL_H

#include "base/ipc.h"

struct shell_who {
	enum session_kind kind;
	const char *user; /* whom a server has authenticated, "" */
	const char *peer; /* address that the user comes from, "" */
	/* Lines to run instead of a dialogue, as `ssh host COMMAND` gives
	 * them; NULL: a shell. */
	const char *command;
	/* Called when everything that needs privileges is open; may be NULL. */
	void (*confine)(void);
};

/* A shell on standard input and output, by the router's state directory.
 * 0: the router ended it (exit, a timeout, its own end); CONSOLE_LEFT: Ctrl-];
 * 1: no router there (said on stderr), or `command` was refused; 2: the
 * terminal is gone. */
#define CONSOLE_LEFT 3
int console_attach(const char *statedir, const struct shell_who *);
/* Runs commands one after the other in one session ("-": the lines of
 * standard input), prints what they print. A command that asks takes the next
 * one as its answer. 1 if one was refused or there is no router. */
int console_exec(const char *statedir, char **cmds, int n);
/* A shell for a client of telnet: conn is its connection, sock the console
 * socket of main (SOCK_SEQPACKET). Sends HELLO itself (SESSION_TELNET, the
 * peer's address). Needs no privilege, no file and no further descriptor, and
 * closes both. Returns 0 when the session was ended by the router, 2 when the
 * client went away. */
int vty_serve(int conn, int sock);

#endif
