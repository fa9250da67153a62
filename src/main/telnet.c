/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Telnet on the vtys: main listens and accepts; a process of its own without
 * any privilege speaks with the client (cohort -P vty, src/cli) and with main
 * over a pair of sockets like any shell. It listens only while a `line vty`
 * has `transport input telnet` or `all`.
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
#include <sys/wait.h>
#include <unistd.h>

#include "main/session.h"

#define TELNET_PORT 23
#define RETRY_MS 1000

static void
refuse(int conn, const char *text)
{
	(void)send(conn, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(conn);
}

/* Two forks, so that nobody has to wait for the server of the client. */
static void
exec_vty(int conn, int sock)
{
	static char prog[] = "cohort", flag[] = "-P", kind[] = "vty";
	char *argv[] = {prog, flag, kind, NULL};
	int a = fcntl(conn, F_DUPFD, 10), b = fcntl(sock, F_DUPFD, 10);
	sigset_t none;

	if (fork() != 0)
		_exit(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	if (a == -1 || b == -1 || dup2(a, 3) == -1 || dup2(b, 4) == -1)
		_exit(127);
	close(a);
	close(b);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static void
serve(struct router *r, int conn, const char *peer, int vty)
{
	struct session *s;
	int p[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) == -1) {
		close(conn);
		return;
	}
	pid = fork();
	if (pid == 0)
		exec_vty(conn, p[1]);
	close(p[1]);
	close(conn);
	if (pid == -1) {
		close(p[0]);
		return;
	}
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	s = session_new(r, p[0]);
	s->fixed = true;
	s->kind = SESSION_TELNET;
	s->vty = vty;
	str_copy(s->peer, peer, sizeof(s->peer));
	loop_add(r->loop, p[0], console_client, s);
}

static void
on_telnet(void *arg, int fd)
{
	struct router *r = arg;
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof(sin);
	int vty, one = 1;
	int conn = accept4(fd, (struct sockaddr *)&sin, &len, SOCK_CLOEXEC);
	char peer[INET_ADDRSTRLEN];

	if (conn == -1)
		return;
	(void)setsockopt(conn, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (inet_ntop(AF_INET, &sin.sin_addr, peer, sizeof(peer)) == NULL)
		peer[0] = '\0';
	vty = login_find_vty(r, SESSION_TELNET, peer);
	if (vty < 0 || r->console->n >= SESSIONS_MAX)
		refuse(conn, "% Connection refused: no line is free for you\r\n");
	else
		serve(r, conn, peer, vty);
}

static bool
wanted(const struct conf *c)
{
	unsigned n, count = conf_vty_count(c);
	struct line_settings l;

	for (n = 0; n < count; n++) {
		conf_line_settings(c, LINE_VTY, n, &l);
		if (l.telnet)
			return true;
	}
	return false;
}

static void
on_retry(void *arg)
{
	telnet_commit(arg);
}

static int
telnet_listen(struct console *c)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_port = htons(TELNET_PORT)};
	int one = 1;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s == -1)
		return -1;
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s, 16) == -1) {
		char *text = xasprintf("TCP port %u: %s", TELNET_PORT,
		    strerror(errno));

		if (!c->telnet_failed)
			log_emit(LOG_SYS_NETLINK, text);
		c->telnet_failed = true;
		free(text);
		close(s);
		return -1;
	}
	c->telnet_failed = false;
	return s;
}

void
telnet_commit(struct router *r)
{
	struct console *c = r->console;
	bool want = wanted(r->running);

	if (want == (c->telnet != -1))
		return;
	if (!want) {
		telnet_close(r);
		return;
	}
	c->telnet = telnet_listen(c);
	if (c->telnet != -1) {
		loop_add(r->loop, c->telnet, on_telnet, r);
		return;
	}
	c->telnet_retry.fn = on_retry;
	c->telnet_retry.arg = r;
	loop_timer(r->loop, &c->telnet_retry, time_mono_ms() + RETRY_MS);
}

void
telnet_close(struct router *r)
{
	struct console *c = r->console;

	loop_timer(r->loop, &c->telnet_retry, 0);
	if (c->telnet == -1)
		return;
	loop_del(r->loop, c->telnet);
	close(c->telnet);
	c->telnet = -1;
}
