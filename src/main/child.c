/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The supervised processes ike and fwd: started by re-executing the program,
 * told everything, restarted when they die (DESIGN.md 3). The channel between
 * the two is made here, so that TEKs never pass through main.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/plumbing.h"
#include "main/router.h"

#define RESTART_MIN_MS 100
#define RESTART_MAX_MS 10000
#define STABLE_MS 30000
#define STOP_WAIT_MS 1500
#define FLUSH_MS 2	   /* between looks at a child that does not read */
#define STUCK_MS 30000	   /* then it is killed and started again */
#define READ_BURST 64

struct waiting { /* a message that a child does not take yet */
	struct waiting *next;
	uint16_t type;
	uint32_t session;
	int fds[4], nfds;
	size_t len;
	uint8_t body[];
};

struct child {
	struct router *r;
	enum child_kind kind;
	pid_t pid; /* 0: does not run */
	int sock;
	bool ready;
	uint64_t started_ms;
	uint32_t restart_ms; /* pause before the next start */
	struct timer restart;
	struct waiting *queue, **queue_end;
	uint64_t took_ms; /* when it last took one */
	struct timer flush;
	char keys_new[320]; /* being written by ike */
};

static const struct {
	const char *name;
	unsigned procs; /* enum cf_proc of its part of the configuration */
} kinds[CHILD_COUNT] = {
    [CHILD_IKE] = {"ike", CF_IKE},
    [CHILD_FWD] = {"fwd", CF_FWD},
};

pid_t
child_pid(const struct router *r, enum child_kind kind)
{
	return r->children[kind] != NULL ? r->children[kind]->pid : 0;
}

bool
child_is_ready(const struct router *r, enum child_kind kind)
{
	const struct child *c = r->children[kind];

	return c != NULL && c->pid != 0 && c->ready;
}

/* ---- to a child: main never waits for one, a child may wait for main ---- */

static void
queue_drop(struct child *c)
{
	struct waiting *q = c->queue;

	c->queue = q->next;
	while (q->nfds > 0)
		close(q->fds[--q->nfds]);
	explicit_bzero(q->body, q->len);
	free(q);
	if (c->queue == NULL)
		c->queue_end = &c->queue;
}

static void
queue_flush(void *arg)
{
	struct child *c = arg;

	while (c->queue != NULL) {
		const struct waiting *q = c->queue;

		if (ipc_try_send(c->sock, q->type, q->session, q->body, q->len,
			q->fds, q->nfds) == -1 && errno == EAGAIN)
			break;
		/* other errors: it is gone, on_message() will see it */
		c->took_ms = time_mono_ms();
		queue_drop(c);
	}
	if (c->queue == NULL)
		return;
	if (time_mono_ms() - c->took_ms > STUCK_MS)
		(void)kill(c->pid, SIGKILL);
	loop_timer(c->r->loop, &c->flush, time_mono_ms() + FLUSH_MS);
}

static void
queue_put(struct child *c, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds)
{
	struct waiting *q = xcalloc(1, sizeof(*q) + len);
	int i;

	q->type = type;
	q->session = session;
	q->len = len;
	if (len != 0)
		memcpy(q->body, body, len);
	for (i = 0; i < nfds; i++) {
		q->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (q->fds[i] == -1)
			fatal("descriptor for a child: %s", strerror(errno));
		q->nfds++;
	}
	*c->queue_end = q;
	c->queue_end = &q->next;
}

int
child_send(struct router *r, enum child_kind kind, uint16_t type,
    uint32_t session, const void *body, size_t len, const int *fds, int nfds)
{
	struct child *c = r->children[kind];

	if (c == NULL || c->pid == 0)
		return -1;
	if (c->queue == NULL) {
		if (ipc_try_send(c->sock, type, session, body, len, fds,
			nfds) == 0)
			return 0;
		if (errno != EAGAIN)
			return -1;
		c->took_ms = time_mono_ms();
		loop_timer(r->loop, &c->flush, c->took_ms + FLUSH_MS);
	}
	queue_put(c, type, session, body, len, fds, nfds);
	return 0;
}

static bool
is_conf(const struct waiting *q)
{
	return q->type == IPC_CONF_BEGIN || q->type == IPC_CONF_TEXT ||
	    q->type == IPC_CONF_COMMIT;
}

/* A configuration that waits is overtaken by a newer one, unless a command
 * behind it counts on it. Half of one does not matter, CONF_BEGIN starts
 * anew. */
static void
forget_conf(struct child *c)
{
	struct waiting **p, **from = &c->queue;

	for (p = &c->queue; *p != NULL; p = &(*p)->next)
		if ((*p)->type == IPC_EXEC || (*p)->type == IPC_START)
			from = &(*p)->next;
	for (p = from; *p != NULL;) {
		struct waiting *q = *p;

		if (!is_conf(q)) {
			p = &q->next;
			continue;
		}
		*p = q->next;
		explicit_bzero(q->body, q->len);
		free(q);
	}
	c->queue_end = p;
}

void
child_send_conf(struct router *r, enum child_kind kind,
    const struct conf *conf)
{
	struct strbuf sb = {0};
	size_t at;

	if (r->children[kind] != NULL)
		forget_conf(r->children[kind]);
	conf_print(&sb, conf, kinds[kind].procs);
	(void)child_send(r, kind, IPC_CONF_BEGIN, 0, NULL, 0, NULL, 0);
	for (at = 0; at < sb.len; at += IPC_CHUNK)
		(void)child_send(r, kind, IPC_CONF_TEXT, 0, sb.s + at,
		    sb.len - at < IPC_CHUNK ? sb.len - at : IPC_CHUNK, NULL, 0);
	(void)child_send(r, kind, IPC_CONF_COMMIT, 0, NULL, 0, NULL, 0);
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
}

/* ---- key store of ike: main hands out files, never reads a key ---- */

static void
keys_path(const struct router *r, char *buf, size_t size, const char *suffix)
{
	snprintf(buf, size, "%s/rsa-keys%s", r->statedir, suffix);
}

static void
keys_open(struct child *c)
{
	int fd;

	keys_path(c->r, c->keys_new, sizeof(c->keys_new), ".new");
	fd = open(c->keys_new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1) {
		char *text = xasprintf("the RSA key file cannot be written: %s",
		    strerror(errno));

		log_emit(LOG_SYS_CONF_LINE, text);
		free(text);
	}
	/* without a file: ike asks again at the next change */
	(void)child_send(c->r, c->kind, IPC_KEYS_FD, 1, NULL, 0, &fd,
	    fd != -1 ? 1 : 0);
	if (fd != -1)
		close(fd);
}

static void
keys_done(struct child *c)
{
	char path[320];
	int dir;

	keys_path(c->r, path, sizeof(path), "");
	if (rename(c->keys_new, path) == -1)
		log_emit(LOG_SYS_CONF_LINE,
		    "the RSA key file cannot be renamed");
	dir = open(c->r->statedir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1) {
		(void)fsync(dir);
		close(dir);
	}
}

static void
send_keys(struct child *c)
{
	char path[320];
	int fd;

	keys_path(c->r, path, sizeof(path), "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	(void)child_send(c->r, c->kind, IPC_KEYS_FD, 0, NULL, 0, &fd, 1);
	close(fd);
}

/* ---- what a child says ---- */

static void
child_log(struct child *c, struct ipc_msg *m)
{
	char text[2048];
	unsigned id = rd_u16(&m->body);

	rd_str(&m->body, text, sizeof(text));
	if (rd_ok(&m->body) && id <= LOG_COUNT)
		syslog_line(c->r, (enum log_id)id, text);
}

static void child_gone(struct child *);

static void
on_message(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	struct child *c = arg;
	struct ipc_msg m;
	int got = 0, i, n;

	/* A child that never stops talking does not get all of the time. */
	for (n = 0; n < READ_BURST && (got = ipc_recv(fd, buf, &m)) == 1; n++) {
		for (i = 0; i < m.nfds; i++)
			close(m.fds[i]); /* children send none */
		switch (m.type) {
		case IPC_READY:
			c->ready = true;
			router_child_ready(c->r);
			break;
		case IPC_LOG:
			child_log(c, &m);
			break;
		case IPC_TUNNEL:
			tunnel_heard(c->r, &m.body);
			break;
		case IPC_DROPS:
			drops_heard(c->r, &m.body);
			break;
		case IPC_KEYS_OPEN:
			keys_open(c);
			break;
		case IPC_KEYS_DONE:
			keys_done(c);
			break;
		case IPC_REVERSE:
			if (c->kind == CHILD_IKE)
				ports_reverse_said(c->r, &m.body);
			break;
		case IPC_OUT:
		case IPC_ASK:
		case IPC_DONE:
			console_child_msg(c->r, c->kind, &m);
			break;
		}
	}
	if (got == -1)
		child_gone(c);
}

/* ---- start, loss, restart ---- */

/* A new channel whenever one of the two is new; fwd keeps its SAs. */
static void
send_peers(struct router *r)
{
	int p[2];

	if (child_pid(r, CHILD_IKE) == 0 || child_pid(r, CHILD_FWD) == 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) == -1) {
		log_emit(LOG_SYS_NETLINK, "no channel between ike and fwd");
		return;
	}
	(void)child_send(r, CHILD_FWD, IPC_PEER, 0, NULL, 0, &p[1], 1);
	(void)child_send(r, CHILD_IKE, IPC_PEER, 0, NULL, 0, &p[0], 1);
	close(p[0]);
	close(p[1]);
}

static void
tell_all(struct child *c)
{
	struct router *r = c->r;
	uint8_t debug_buf[DEBUG_SET_MAX];
	struct wr w = wr_of(debug_buf, sizeof(debug_buf));

	debug_set_put(&w, &r->debug);
	(void)child_send(r, c->kind, IPC_DEBUG, 0, debug_buf, wr_len(&w), NULL,
	    0);
	if (c->kind == CHILD_IKE) {
		ports_reverse_forget(r);
		sockets_start(r);
		send_keys(c);
	}
	ports_tell(r, c->kind);
	send_peers(r);
	child_send_conf(r, c->kind, r->committed);
	(void)child_send(r, c->kind, IPC_START, 0, NULL, 0, NULL, 0);
}

static void
on_restart(void *arg)
{
	struct child *c = arg;

	child_start(c->r, c->kind);
}

static void
describe(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "signal %d", WTERMSIG(status));
	else
		snprintf(buf, size, "exit %d", WEXITSTATUS(status));
}

static void
disconnect(struct child *c)
{
	loop_timer(c->r->loop, &c->flush, 0);
	while (c->queue != NULL)
		queue_drop(c);
	loop_del(c->r->loop, c->sock);
	close(c->sock);
	c->sock = -1;
}

static void
start_later(struct child *c)
{
	if (time_mono_ms() - c->started_ms > STABLE_MS || c->restart_ms == 0)
		c->restart_ms = RESTART_MIN_MS;
	else if (c->restart_ms < RESTART_MAX_MS)
		c->restart_ms *= 2;
	loop_timer(c->r->loop, &c->restart, time_mono_ms() + c->restart_ms);
}

static void
child_gone(struct child *c)
{
	char why[32];
	int status = 0;

	disconnect(c);
	(void)kill(c->pid, SIGKILL); /* it broke the protocol, or is gone */
	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		;
	c->pid = 0;
	c->ready = false;
	describe(status, why, sizeof(why));
	log_emit(LOG_SYS_CHILD, kinds[c->kind].name, why);
	console_child_gone(c->r, c->kind);
	start_later(c);
}

static void
exec_child(struct child *c, int sock)
{
	static char prog[] = "cohort", flag[] = "-P";
	char *argv[] = {prog, flag,
	    (char *)(uintptr_t)kinds[c->kind].name, c->r->name, NULL};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid(); /* keys typed at the terminal are not for it */
	if (sock != 3) {
		if (dup2(sock, 3) == -1)
			_exit(127);
		close(sock);
	} else
		(void)fcntl(3, F_SETFD, 0);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static bool
fork_child(struct child *c, const int p[2])
{
	pid_t pid = fork();
	int saved = errno;

	if (pid == 0)
		exec_child(c, p[1]);
	close(p[1]);
	if (pid == -1) {
		close(p[0]);
		errno = saved;
		return false;
	}
	c->pid = pid;
	c->sock = p[0];
	return true;
}

void
child_start(struct router *r, enum child_kind kind)
{
	struct child *c = r->children[kind];
	int p[2];

	if (c == NULL) {
		c = r->children[kind] = xcalloc(1, sizeof(*c));
		c->r = r;
		c->kind = kind;
		c->restart.fn = on_restart;
		c->restart.arg = c;
		c->flush.fn = queue_flush;
		c->flush.arg = c;
		c->queue_end = &c->queue;
	}
	c->started_ms = time_mono_ms();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) == -1 ||
	    !fork_child(c, p)) {
		log_emit(LOG_SYS_CHILD, kinds[kind].name, strerror(errno));
		start_later(c);
		return;
	}
	loop_add(r->loop, c->sock, on_message, c);
	tell_all(c);
}

/* The other end of the socket closes: children end by themselves. */
void
child_stop_all(struct router *r)
{
	uint64_t until = time_mono_ms() + STOP_WAIT_MS;
	int i, status;

	sockets_free(r);
	for (i = 0; i < CHILD_COUNT; i++) {
		struct child *c = r->children[i];

		if (c == NULL)
			continue;
		loop_timer(r->loop, &c->restart, 0);
		if (c->pid != 0)
			disconnect(c);
	}
	for (i = 0; i < CHILD_COUNT; i++) {
		struct child *c = r->children[i];
		pid_t got;

		if (c == NULL)
			continue;
		while (c->pid != 0 &&
		    (got = waitpid(c->pid, &status, WNOHANG)) != c->pid) {
			if (got == -1 && errno != EINTR)
				break;
			if (time_mono_ms() >= until)
				(void)kill(c->pid, SIGKILL);
			usleep(2000);
		}
		free(c);
		r->children[i] = NULL;
	}
}
