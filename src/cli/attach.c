/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How shells begin: on a terminal, for sshd, for a client of telnet, for a
 * script.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/shell_priv.h"

static int
dial(const char *statedir)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int dir = open(statedir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	/* Paths of unix sockets are short, state directories are not. */
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/console",
	    dir);
	if (dir == -1 || sock == -1 ||
	    connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		fprintf(stderr, "cohort: no router at %s: %s\n", statedir,
		    strerror(errno));
		if (sock != -1)
			close(sock);
		sock = -1;
	}
	if (dir != -1)
		close(dir);
	return sock;
}

/* Who stops reading ends the session by that, not the process. */
static void
ignore_pipe(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

/* The lines of a command: all of them, in one session. */
static bool
run_text(struct shell *s, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *line;
	bool bad = false;

	while (!s->gone && !s->closed &&
	    (line = strsep(&rest, "\r\n")) != NULL)
		if (line[0] != '\0') {
			shell_run_line(s, line);
			bad |= s->refused;
		}
	free(copy);
	return bad || s->gone;
}

int
console_attach(const char *statedir, const struct shell_who *who)
{
	static char from_stdin[] = "-";
	struct edit_io io = {STDIN_FILENO, STDOUT_FILENO, -1, false};
	char *cmds[] = {from_stdin};
	const char *tty = ttyname(STDIN_FILENO);
	struct shell s;
	int bad;

	io.other = dial(statedir);
	if (io.other == -1)
		return 1;
	ignore_pipe();
	shell_init(&s, io.other, who, tty != NULL ? tty : "");
	if (who->kind == SESSION_SCRIPT || who->command != NULL) {
		s.cmds = cmds; /* lines, answers */
		s.ncmds = 1;
	} else
		shell_open(&s, &io);
	if (who->confine != NULL)
		who->confine();
	if (who->command != NULL) {
		shell_wait_ready(&s);
		bad = run_text(&s, who->command);
		shell_free(&s);
		return bad;
	}
	shell_dialogue(&s);
	if (s.edit != NULL)
		edit_print_async(s.edit, ""); /* ends the row */
	shell_free(&s);
	return s.left ? CONSOLE_LEFT : s.closed || s.dropped ? 0 : 2;
}

int
console_exec(const char *statedir, char **cmds, int n)
{
	const struct shell_who who = {SESSION_SCRIPT, "", "", NULL, NULL};
	int sock = dial(statedir);
	struct shell s;
	const char *line;
	char *copy;
	bool bad = false;

	if (sock == -1)
		return 1;
	ignore_pipe();
	shell_init(&s, sock, &who, "");
	s.cmds = cmds;
	s.ncmds = n;
	shell_wait_ready(&s);
	while (!s.gone && !s.closed &&
	    (line = shell_next_command(&s)) != NULL) {
		copy = xstrdup(line); /* an answer may take the next one */
		shell_run_line(&s, copy);
		free(copy);
		bad |= s.refused;
	}
	shell_free(&s);
	return bad || s.gone;
}

/* ---- telnet ---- */

static void
peer_name(int conn, char *buf, size_t size)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	const void *addr = NULL;

	buf[0] = '\0';
	if (getpeername(conn, (struct sockaddr *)&ss, &len) == -1)
		return;
	if (ss.ss_family == AF_INET)
		addr = &((struct sockaddr_in *)&ss)->sin_addr;
	else if (ss.ss_family == AF_INET6)
		addr = &((struct sockaddr_in6 *)&ss)->sin6_addr;
	if (addr == NULL ||
	    inet_ntop(ss.ss_family, addr, buf, (socklen_t)size) == NULL)
		buf[0] = '\0';
}

int
vty_serve(int conn, int sock)
{
	struct edit_io io = {conn, conn, sock, true};
	struct shell_who who = {SESSION_TELNET, "", "", NULL, NULL};
	char peer[INET6_ADDRSTRLEN];
	struct shell s;

	ignore_pipe();
	peer_name(conn, peer, sizeof(peer));
	who.peer = peer;
	shell_init(&s, sock, &who, "");
	shell_open(&s, &io);
	shell_dialogue(&s);
	shell_free(&s);
	close(conn);
	return s.closed || s.left ? 0 : 2;
}
