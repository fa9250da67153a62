/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Consoles: any number of shells on a unix socket. A client that does not
 * read is queued for; what all of them leave unread is bounded, and the one
 * with the most is cut off. What a client says goes to session.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "main/session.h"

#define QUEUED_MAX ((size_t)32 << 20) /* of all sessions */
#define RETRY_MIN_MS 5
#define RETRY_MAX_MS 200 /* a pager that waits for its reader */

struct queued {
	struct queued *next;
	uint16_t type;
	size_t len;
	uint8_t body[];
};

/* ---- to the client ---- */

static void
queue_put(struct session *s, uint16_t type, const void *body, size_t len)
{
	struct queued *q = xcalloc(1, sizeof(*q) + len);

	q->type = type;
	q->len = len;
	if (len != 0)
		memcpy(q->body, body, len);
	*s->queue_end = q;
	s->queue_end = &q->next;
	s->queue_size += sizeof(*q) + len;
	s->r->console->queued += sizeof(*q) + len;
}

static void
queue_drop_first(struct session *s)
{
	struct queued *q = s->queue;

	s->queue = q->next;
	if (s->queue == NULL)
		s->queue_end = &s->queue;
	s->queue_size -= sizeof(*q) + q->len;
	s->r->console->queued -= sizeof(*q) + q->len;
	free(q);
}

static void
cut_off(struct session *s)
{
	s->closing = true;
	while (s->queue != NULL)
		queue_drop_first(s);
	if (s->sock != -1)
		(void)shutdown(s->sock, SHUT_RDWR);
}

static void
cut_off_longest(struct router *r)
{
	struct session *s, *longest = r->console->sessions;
	char who[200];

	for (s = longest; s != NULL; s = s->next)
		if (s->queue_size > longest->queue_size)
			longest = s;
	cut_off(longest);
	log_emit(LOG_SYS_CONSOLE_CUT, session_who(longest, who, sizeof(who)));
}

/* A command in a child that has much to say goes on. */
static void
session_more(struct session *s)
{
	uint8_t empty[2] = {0, 0};

	if (!s->more || s->queue != NULL || s->child == -1)
		return;
	s->more = false;
	(void)child_send(s->r, (enum child_kind)s->child, IPC_ANSWER, s->id,
	    empty, sizeof(empty), NULL, 0);
}

void
session_flush(void *arg)
{
	struct session *s = arg;

	s->retry_ms = s->retry_ms * 2 < RETRY_MAX_MS ? s->retry_ms * 2
						     : RETRY_MAX_MS;
	while (s->queue != NULL) {
		struct queued *q = s->queue;

		if (s->sock != -1 &&
		    ipc_try_send(s->sock, q->type, 0, q->body, q->len, NULL,
			0) == -1 && errno == EAGAIN)
			break;
		s->retry_ms = RETRY_MIN_MS;
		queue_drop_first(s);
	}
	if (s->queue == NULL) {
		if (s->closing && s->sock != -1)
			(void)shutdown(s->sock, SHUT_RDWR);
		session_more(s);
	} else if (s->retry.at == 0)
		loop_timer(s->r->loop, &s->retry, time_mono_ms() + s->retry_ms);
}

void
session_send(struct session *s, uint16_t type, const void *body, size_t len)
{
	if (s->sock == -1 || s->closing)
		return;
	queue_put(s, type, body, len);
	if (s->retry.at == 0)
		session_flush(s);
	while (s->r->console->queued > QUEUED_MAX)
		cut_off_longest(s->r);
}

void
session_out(struct session *s, const char *text, size_t len)
{
	while (len > 0) {
		size_t n = len < IPC_CHUNK ? len : IPC_CHUNK;

		session_send(s, IPC_OUT, text, n);
		text += n;
		len -= n;
	}
}

/* ---- sessions ---- */

struct session *
session_new(struct router *r, int sock)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->r = r;
	s->sock = sock;
	s->id = ++r->console->next_id;
	s->child = s->secret = -1;
	s->level = 1;
	s->length = 24;
	s->width = 80;
	s->history_size = 10;
	s->monitor = s->editing = s->history_on = true;
	s->vty = -1;
	login_init(s);
	s->queue_end = &s->queue;
	s->retry.fn = session_flush;
	s->retry.arg = s;
	s->since_us = s->active_us = time_mono_us();
	s->next = r->console->sessions;
	r->console->sessions = s;
	r->console->n++;
	return s;
}

void
session_free(struct session *s)
{
	struct session **p;
	unsigned i;

	for (p = &s->r->console->sessions; *p != s; p = &(*p)->next)
		;
	*p = s->next;
	s->r->console->n--;
	loop_timer(s->r->loop, &s->retry, 0);
	login_forget(s);
	free(s->goes);
	while (s->queue != NULL)
		queue_drop_first(s);
	for (i = 0; i < s->nhistory; i++)
		free(s->history[i]);
	sink_free(s);
	cli_ctx_free(s->ctx); /* the router ends under a question */
	sb_free(&s->path);
	sb_free(&s->text);
	free(s);
}

struct session *
session_by_id(struct router *r, uint32_t id)
{
	struct session *s;

	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

/* The command of a client that is gone is told to end, also when it asks
 * once more. It may end, and the session with it, at every step. */
void
end_orphan(struct router *r, uint32_t id)
{
	struct session *s = session_by_id(r, id);

	if (s == NULL || s->sock != -1)
		return;
	do
		session_abort(s);
	while ((s = session_by_id(r, id)) != NULL && s->asked);
}

/* ---- from the client ---- */

static void
client_gone(struct session *s)
{
	struct router *r = s->r;

	loop_del(r->loop, s->sock);
	close(s->sock);
	s->sock = -1;
	session_leave_config(s);
	if (s->ctx == NULL && s->child == -1)
		session_free(s);
	else
		end_orphan(r, s->id);
}

static void
on_hello(struct session *s, struct rd *body)
{
	unsigned kind = rd_u8(body);

	if (s->greeted)
		return;
	s->greeted = true;
	rd_str(body, s->tty, sizeof(s->tty));
	str_clean(s->tty);
	if (!s->fixed) {
		s->kind = kind <= SESSION_TELNET ? (enum session_kind)kind
						 : SESSION_CONSOLE;
		rd_str(body, s->user, sizeof(s->user));
		rd_str(body, s->peer, sizeof(s->peer));
		str_clean(s->user);
		str_clean(s->peer);
	}
	s->interactive = s->kind != SESSION_SCRIPT;
	login_start(s);
}

/* The line may end the session. */
static void
line_with(struct session *s, char *line, size_t len, int secret)
{
	struct router *r = s->r;
	uint32_t id = s->id;

	s->secret = secret;
	session_line(s, line, len);
	s = session_by_id(r, id);
	if (s != NULL)
		s->secret = -1;
}

/* What cannot be read ends the session: a client of another version would
 * wait for its prompt for ever, and no answer must not pass for Enter. */
void
console_client(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	static char line[IPC_MAX];
	struct session *s = arg;
	struct ipc_msg m;
	size_t len;
	bool pasting;
	int got = ipc_recv(fd, buf, &m), i, secret;

	for (i = 1; i < m.nfds; i++)
		close(m.fds[i]);
	if (got == 0)
		return;
	if (got == -1) {
		if (m.nfds > 0)
			close(m.fds[0]);
		client_gone(s);
		return;
	}
	secret = m.nfds > 0 ? m.fds[0] : -1;
	switch (m.type) {
	case IPC_HELLO:
		on_hello(s, &m.body);
		break;
	case IPC_LINE:
		rd_str(&m.body, line, sizeof(line));
		len = rd_u16(&m.body);
		pasting = rd_u8(&m.body) != 0;
		if (rd_ok(&m.body)) {
			s->pasting = pasting;
			line_with(s, line, len, secret);
		} else
			client_gone(s);
		break;
	case IPC_ANSWER:
		rd_str(&m.body, line, sizeof(line));
		str_clean(line);
		if (rd_ok(&m.body))
			session_answer(s, line, secret);
		else
			client_gone(s);
		break;
	case IPC_ABORT:
		session_abort(s);
		break;
	case IPC_ACTIVE:
		if (s->open) /* keys do not hold a login up */
			login_active(s);
		break;
	}
	explicit_bzero(buf, (size_t)(m.body.end - buf));
	explicit_bzero(line, strlen(line));
	if (secret != -1)
		close(secret);
}

static void
on_accept(void *arg, int fd)
{
	struct router *r = arg;
	int s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (s == -1)
		return;
	if (r->console->n >= SESSIONS_MAX) {
		close(s);
		return;
	}
	loop_add(r->loop, s, console_client, session_new(r, s));
}

/* Paths of unix sockets are short, state directories are not: bind through
 * the descriptor of the directory. */
int
console_open(struct router *r)
{
	struct console *c = xcalloc(1, sizeof(*c));
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int dir = open(r->statedir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	r->console = c;
	c->telnet = -1;
	c->lsock = socket(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(c->path, sizeof(c->path), "%s/console", r->statedir);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/console",
	    dir);
	(void)unlink(c->path);
	if (dir == -1 || c->lsock == -1 ||
	    bind(c->lsock, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(c->path, 0600) == -1 || listen(c->lsock, 16) == -1) {
		fprintf(stderr, "cohort: %s: %s\n", c->path, strerror(errno));
		if (dir != -1)
			close(dir);
		return -1;
	}
	close(dir);
	loop_add(r->loop, c->lsock, on_accept, r);
	return 0;
}

void
console_close(struct router *r)
{
	struct console *c = r->console;

	if (c == NULL)
		return;
	while (c->sessions != NULL) {
		struct session *s = c->sessions;

		if (s->sock != -1) {
			(void)ipc_try_send(s->sock, IPC_CLOSE, 0, NULL, 0,
			    NULL, 0);
			loop_del(r->loop, s->sock);
			close(s->sock);
		}
		session_free(s);
	}
	telnet_end(r);
	loop_del(r->loop, c->lsock);
	close(c->lsock);
	(void)unlink(c->path);
	free(c);
	r->console = NULL;
}

void
console_commit(struct router *r)
{
	telnet_commit(r);
}

bool
console_configuring(const struct router *r)
{
	const struct session *s = r->console != NULL ? r->console->sessions
						     : NULL;

	while (s != NULL && !s->config)
		s = s->next;
	return s != NULL;
}

enum { TELL_CON = 1, TELL_VTY = 2, TELL_ALL = 4 };

/* How many were told. */
static unsigned
tell(struct router *r, const char *text, unsigned whom)
{
	struct session *s;
	unsigned n = 0;
	uint8_t *buf;
	struct wr w;

	if (r->console == NULL || r->console->sessions == NULL)
		return 0;
	buf = xcalloc(1, strlen(text) + 2);
	w = wr_of(buf, strlen(text) + 2);
	wr_str(&w, text);
	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->interactive && s->open && (whom == TELL_ALL ||
		    (s->monitor && (whom & (s->vty < 0 ? TELL_CON :
		    TELL_VTY)) != 0))) {
			session_send(s, IPC_CONSOLE_LOG, buf, wr_len(&w));
			n++;
		}
	free(buf);
	return n;
}

void
console_log(struct router *r, const char *line)
{
	(void)tell(r, line, TELL_CON);
}

bool
console_monitor(struct router *r, const char *line)
{
	return tell(r, line, TELL_VTY) != 0;
}

void
console_warn(struct router *r, const char *text)
{
	(void)tell(r, text, TELL_ALL);
}

void
console_child_msg(struct router *r, enum child_kind kind, struct ipc_msg *m)
{
	struct session *s = session_by_id(r, m->session);
	char prompt[IPC_CHUNK];
	unsigned what;

	if (s == NULL || s->child != (int)kind)
		return;
	switch (m->type) {
	case IPC_OUT:
		session_command_out(s, (const char *)m->body.p,
		    rd_left(&m->body));
		break;
	case IPC_ASK:
		what = rd_u8(&m->body);
		rd_str(&m->body, prompt, sizeof(prompt));
		if (what == CLI_ASK_READ || what == CLI_ASK_WRITE)
			keyfile_ask(s, what == CLI_ASK_WRITE, prompt);
		else if (what == CLI_ASK_MORE) {
			s->more = true;
			session_more(s);
		} else
			ops_ask(s, (enum cli_ask_kind)what, prompt);
		end_orphan(r, m->session);
		break;
	case IPC_DONE:
		what = rd_u8(&m->body);
		session_end(s, what == 0 ? CLI_DONE : CLI_FAILED);
		break;
	}
}

void
console_child_gone(struct router *r, enum child_kind kind)
{
	static const char gone[] = "% The process that did this ended\n";
	struct session *s, *next;

	if (r->console == NULL)
		return;
	for (s = r->console->sessions; s != NULL; s = next) {
		next = s->next;
		if (s->child != (int)kind)
			continue;
		session_out(s, gone, sizeof(gone) - 1);
		session_end(s, CLI_FAILED);
	}
}
