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
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#define PAUSE_MS 50 /* between two connections */

static void
refuse(int conn, const char *text)
{
	(void)send(conn, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(conn);
}

/* 0, 1 and 2 are of the router's terminal: not for who talks to strangers. */
static void
exec_vty(int conn, int sock)
{
	static char prog[] = "cohort", flag[] = "-P", kind[] = "vty";
	char *argv[] = {prog, flag, kind, NULL};
	int a = fcntl(conn, F_DUPFD, 10), b = fcntl(sock, F_DUPFD, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	for (i = 0; i <= 2; i++)
		if (null == -1 || dup2(null, i) == -1)
			_exit(127);
	if (a == -1 || b == -1 || dup2(a, 3) == -1 || dup2(b, 4) == -1)
		_exit(127);
	(void)close_range(5, UINT_MAX, 0); /* what main was started with */
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Servers that ended, and a place for one more: nobody waits for one, it may
 * still have last words for its client. */
static pid_t *
free_server(struct console *c)
{
	pid_t *place = NULL;
	size_t i;

	for (i = 0; i < NELEM(c->servers); i++) {
		if (c->servers[i] > 0 &&
		    waitpid(c->servers[i], NULL, WNOHANG) != 0)
			c->servers[i] = 0;
		if (c->servers[i] == 0)
			place = &c->servers[i];
	}
	return place;
}

static void
serve(struct router *r, int conn, const char *peer, int vty, pid_t *pid)
{
	struct session *s;
	int p[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) == -1) {
		close(conn);
		return;
	}
	*pid = fork();
	if (*pid == 0)
		exec_vty(conn, p[1]);
	close(p[1]);
	close(conn);
	if (*pid == -1) {
		*pid = 0;
		close(p[0]);
		return;
	}
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	s = session_new(r, p[0]);
	s->fixed = true;
	s->kind = SESSION_TELNET;
	s->vty = vty;
	str_copy(s->peer, peer, sizeof(s->peer));
	loop_add(r->loop, p[0], console_client, s);
}

/* A client that vanished is noticed within two minutes. */
static void
keep_alive(int conn)
{
	static const struct {
		int level, option, value;
	} options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
	    {IPPROTO_TCP, TCP_KEEPIDLE, 60}, {IPPROTO_TCP, TCP_KEEPINTVL, 15},
	    {IPPROTO_TCP, TCP_KEEPCNT, 4}};
	size_t i;

	for (i = 0; i < NELEM(options); i++)
		(void)setsockopt(conn, options[i].level, options[i].option,
		    &options[i].value, sizeof(options[i].value));
}

/* Connections come at a pace at which they cannot keep main from its work. */
static void
pause_listening(struct router *r)
{
	struct console *c = r->console;

	loop_del(r->loop, c->telnet);
	loop_timer(r->loop, &c->telnet_retry, time_mono_ms() + PAUSE_MS);
}

static void
on_telnet(void *arg, int fd)
{
	struct router *r = arg;
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof(sin);
	pid_t *pid = free_server(r->console);
	int vty;
	int conn = accept4(fd, (struct sockaddr *)&sin, &len, SOCK_CLOEXEC);
	char peer[INET_ADDRSTRLEN];

	if (conn == -1)
		return;
	keep_alive(conn);
	if (inet_ntop(AF_INET, &sin.sin_addr, peer, sizeof(peer)) == NULL)
		peer[0] = '\0';
	vty = login_find_vty(r, SESSION_TELNET, peer);
	if (vty < 0 || pid == NULL)
		refuse(conn, "% Connection refused: no line is free for you\r\n");
	else
		serve(r, conn, peer, vty, pid);
	pause_listening(r);
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
	struct router *r = arg;

	if (r->console->telnet != -1)
		loop_add(r->loop, r->console->telnet, on_telnet, r);
	telnet_commit(r);
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
	c->telnet_retry.fn = on_retry;
	c->telnet_retry.arg = r;
	c->telnet = telnet_listen(c);
	if (c->telnet != -1) {
		loop_add(r->loop, c->telnet, on_telnet, r);
		return;
	}
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

void
telnet_end(struct router *r)
{
	struct console *c = r->console;
	size_t i;

	telnet_close(r);
	for (i = 0; i < NELEM(c->servers); i++)
		if (c->servers[i] > 0) {
			(void)kill(c->servers[i], SIGKILL);
			(void)waitpid(c->servers[i], NULL, 0);
		}
}
