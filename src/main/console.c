/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Consoles: any number of shells on a unix socket, each with its own mode and
 * privilege. A shell sends lines and gets text and prompts; a client that
 * does not read is queued for, and cut off at QUEUE_MAX.
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

#include "main/router.h"

#define HISTORY 20
#define QUEUE_MAX ((size_t)64 << 20)
#define RETRY_MIN_MS 5
#define RETRY_MAX_MS 200 /* a pager that waits for its reader */
#define LINE_LENGTH_MAX 4096
#define SESSIONS_MAX 64

struct queued {
	struct queued *next;
	uint16_t type;
	size_t len;
	uint8_t body[];
};

struct session {
	struct session *next;
	struct router *r;
	int sock; /* -1: the client is gone, a command still runs */
	uint32_t id;
	char tty[32];
	bool interactive;
	unsigned level;
	uint16_t length, width; /* of the terminal, 0: no end */
	bool monitor;
	bool config;
	struct strbuf path; /* the way to the mode (conf_path) */
	char prompt[160];
	struct cli_ctx *ctx; /* a handler of main is PENDING */
	bool asked;	     /* ... and waits for an answer */
	int child;	     /* enum child_kind that runs a command, or -1 */
	uint64_t since_us, active_us;
	char *history[HISTORY];
	unsigned nhistory;
	struct queued *queue, **queue_end;
	size_t queue_size;
	struct timer retry;
	unsigned retry_ms;
	bool closing;
};

struct console {
	int lsock;
	char path[300];
	struct session *sessions;
	uint32_t next_id;
	unsigned n;
};

static void session_free(struct session *);

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
}

static void
queue_flush(void *arg)
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
		s->queue = q->next;
		s->queue_size -= sizeof(*q) + q->len;
		free(q);
	}
	if (s->queue == NULL) {
		s->queue_end = &s->queue;
		if (s->closing && s->sock != -1)
			(void)shutdown(s->sock, SHUT_RDWR);
	} else if (s->retry.at == 0)
		loop_timer(s->r->loop, &s->retry, time_mono_ms() + s->retry_ms);
}

static void
session_send(struct session *s, uint16_t type, const void *body, size_t len)
{
	if (s->sock == -1)
		return;
	if (s->queue_size > QUEUE_MAX) {
		(void)shutdown(s->sock, SHUT_RDWR);
		return;
	}
	queue_put(s, type, body, len);
	if (s->retry.at == 0)
		queue_flush(s);
}

static void
session_out(struct session *s, const char *text, size_t len)
{
	while (len > 0) {
		size_t n = len < IPC_CHUNK ? len : IPC_CHUNK;

		session_send(s, IPC_OUT, text, n);
		text += n;
		len -= n;
	}
}

static void
session_text(struct session *s, const char *text)
{
	session_out(s, text, strlen(text));
}

static struct cf_cursor
cursor_of(struct session *s, struct conf *conf)
{
	struct cf_cursor cur = {conf, &conf->obj};

	/* The record may be gone by another's hand: then global mode. */
	if (!conf_goto(&cur, s->path.s != NULL ? s->path.s : "")) {
		cur.at = &conf->obj;
		sb_free(&s->path);
	}
	return cur;
}

static void
send_prompt(struct session *s, bool refused)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	uint16_t mode = 0;
	const char *host = s->r->running->hostname;

	if (s->config) {
		struct cf_cursor cur = cursor_of(s, s->r->running);

		mode = conf_mode(&cur);
		snprintf(s->prompt, sizeof(s->prompt), "%s(%s)#", host,
		    conf_mode_prompt(&cur));
	} else
		snprintf(s->prompt, sizeof(s->prompt), "%s%c", host,
		    s->level > 1 ? '#' : '>');
	wr_str(&w, s->prompt);
	wr_u16(&w, mode);
	wr_u8(&w, (uint8_t)s->level);
	wr_u8(&w, refused ? IPC_PROMPT_REFUSED : 0);
	session_send(s, IPC_PROMPT, buf, wr_len(&w));
}

/* ---- commands ---- */

static void
command_end(struct session *s, enum cli_status st)
{
	s->ctx = NULL;
	s->child = -1;
	s->asked = false;
	s->active_us = time_mono_us();
	if (s->sock == -1) {
		session_free(s);
		return;
	}
	if (!s->closing)
		send_prompt(s, st == CLI_FAILED);
}

static void
ops_out(void *user, const char *text, size_t len)
{
	session_out(user, text, len);
}

static void
ops_ask(void *user, enum cli_ask_kind kind, const char *prompt)
{
	struct session *s = user;
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	s->asked = true;
	wr_u8(&w, (uint8_t)kind);
	wr_str(&w, prompt);
	session_send(s, IPC_ASK, buf, wr_len(&w));
}

static void
ops_done(void *user, enum cli_status st)
{
	command_end(user, st);
}

static const struct cli_ctx_ops ops = {ops_out, ops_ask, ops_done};

/* The caret line counts the prompt, as IOS does it. */
static void
print_error(struct session *s, const char *text, int column)
{
	struct strbuf sb = {0};

	if (column >= 0)
		sb_printf(&sb, "%*s^\n",
		    column + (s->interactive ? (int)strlen(s->prompt) : 0),
		    "");
	sb_printf(&sb, "%s\n%s", text,
	    strncmp(text, "% Ambiguous", 11) == 0 ? "" : "\n");
	session_out(s, sb.s, sb.len);
	sb_free(&sb);
	command_end(s, CLI_FAILED);
}

static void
run_in_child(struct session *s, const struct cli_cmd *cmd, uint16_t mode)
{
	enum child_kind kind = cmd->proc == CF_IKE ? CHILD_IKE : CHILD_FWD;
	uint8_t buf[2048];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_str(&w, cmd->canonical);
	wr_u16(&w, mode);
	/* A child that is starting reads this behind all it must know. */
	if (!wr_ok(&w) ||
	    child_send(s->r, kind, IPC_EXEC, s->id, buf, wr_len(&w), NULL,
		0) == -1) {
		print_error(s, "% The process that does this is starting, "
			       "try again in a moment", -1);
		return;
	}
	s->child = (int)kind;
}

static void
run_command(struct session *s, const struct cli_cmd *cmd, uint16_t mode)
{
	struct cli_ctx *ctx;
	int st;

	router_commit(s->r); /* a command sees what was configured before */
	if (cmd->proc != CF_MAIN) {
		run_in_child(s, cmd, mode);
		return;
	}
	ctx = s->ctx = cli_ctx_new(&ops, s, s->r);
	st = cli_run(ctx, cmd);
	if (st != CLI_PENDING) {
		cli_ctx_free(ctx);
		command_end(s, (enum cli_status)st);
	}
}

static bool
blank(const char *line)
{
	line += strspn(line, " \t");
	return *line == '\0' || *line == '!';
}

static void
exec_line(struct session *s, const char *line, uint16_t mode, int shift)
{
	struct cli_cmd cmd;

	if (blank(line)) {
		command_end(s, CLI_DONE);
		return;
	}
	cli_match_run(line, mode, s->level >= 15, &cmd);
	if (cmd.verdict != CLI_MATCH)
		print_error(s, cmd.err,
		    cmd.verdict == CLI_INVALID ? cmd.column + shift : -1);
	else
		run_command(s, &cmd, mode);
	explicit_bzero(&cmd, sizeof(cmd));
}

static void
leave_config(struct session *s)
{
	s->config = false;
	sb_free(&s->path);
	router_commit(s->r);
	log_emit(LOG_SYS_CONFIG, "console");
	command_end(s, CLI_DONE);
}

static void
config_done(struct session *s, struct cf_cursor *cur)
{
	struct router *r = s->r;

	sb_free(&s->path);
	conf_path(cur, &s->path);
	if (!conf_equal(r->running, cur->conf))
		r->saved = false;
	if (r->running != r->committed)
		conf_free(r->running);
	r->running = cur->conf;
	router_changed(r);
	command_end(s, CLI_DONE);
}

static void
config_line(struct session *s, const char *line)
{
	struct conf *candidate = conf_clone(s->r->running);
	struct cf_cursor cur = cursor_of(s, candidate);
	struct strbuf notes = {0};
	struct cf_error err = {.column = -1};
	uint16_t mode = conf_mode(&cur);
	const char *rest;
	enum cf_result res = conf_line(&cur, line, &err, &notes);

	if (notes.len != 0)
		session_out(s, notes.s, notes.len);
	sb_free(&notes);
	if (res == CF_OK) {
		config_done(s, &cur);
		return;
	}
	conf_free(candidate);
	switch (res) {
	case CF_EXEC:
		exec_line(s, line, mode, 0);
		break;
	case CF_DO:
		rest = line + strspn(line, " \t");
		rest += strcspn(rest, " \t");
		exec_line(s, rest, 0, (int)(rest - line));
		break;
	case CF_END:
		leave_config(s);
		break;
	default:
		print_error(s, err.text, err.column);
	}
}

static void
remember(struct session *s, const char *line)
{
	if (blank(line))
		return;
	if (s->nhistory == HISTORY) {
		free(s->history[0]);
		memmove(s->history, s->history + 1,
		    (HISTORY - 1) * sizeof(s->history[0]));
		s->nhistory--;
	}
	s->history[s->nhistory++] = xstrdup(line);
}

static void
on_line(struct session *s, char *line)
{
	s->active_us = time_mono_us();
	if (s->ctx != NULL || s->child != -1 || s->closing)
		return; /* a client that does not wait for its prompt */
	if (strlen(line) >= LINE_LENGTH_MAX) {
		print_error(s, "% Line is too long", -1);
		return;
	}
	str_clean(line);
	if (!s->config)
		remember(s, line); /* no keys of configuration lines */
	if (s->config)
		config_line(s, line);
	else
		exec_line(s, line, 0, 0);
}

static void
on_answer(struct session *s, const char *answer)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	if (!s->asked)
		return;
	s->asked = false;
	if (s->ctx != NULL)
		cli_ctx_answer(s->ctx, answer);
	else if (s->child != -1) {
		wr_str(&w, answer);
		(void)child_send(s->r, (enum child_kind)s->child, IPC_ANSWER,
		    s->id, buf, wr_len(&w), NULL, 0);
	}
	explicit_bzero(buf, sizeof(buf));
}

static void
on_abort(struct session *s)
{
	s->asked = false;
	if (s->ctx != NULL)
		cli_ctx_abort(s->ctx);
	else if (s->child != -1)
		(void)child_send(s->r, (enum child_kind)s->child, IPC_ABORT,
		    s->id, NULL, 0, NULL, 0);
}

/* ---- sessions ---- */

static struct session *
session_new(struct router *r, int sock)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->r = r;
	s->sock = sock;
	s->id = ++r->console->next_id;
	s->child = -1;
	s->level = 1;
	s->length = 24;
	s->width = 80;
	s->monitor = true;
	s->queue_end = &s->queue;
	s->retry.fn = queue_flush;
	s->retry.arg = s;
	s->since_us = s->active_us = time_mono_us();
	s->next = r->console->sessions;
	r->console->sessions = s;
	r->console->n++;
	return s;
}

static void
session_free(struct session *s)
{
	struct session **p;
	unsigned i;

	for (p = &s->r->console->sessions; *p != s; p = &(*p)->next)
		;
	*p = s->next;
	s->r->console->n--;
	loop_timer(s->r->loop, &s->retry, 0);
	while (s->queue != NULL) {
		struct queued *q = s->queue;

		s->queue = q->next;
		free(q);
	}
	for (i = 0; i < s->nhistory; i++)
		free(s->history[i]);
	cli_ctx_free(s->ctx); /* the router ends under a question */
	sb_free(&s->path);
	free(s);
}

static struct session *
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
static void
end_orphan(struct router *r, uint32_t id)
{
	struct session *s = session_by_id(r, id);

	if (s == NULL || s->sock != -1)
		return;
	do
		on_abort(s);
	while ((s = session_by_id(r, id)) != NULL && s->asked);
}

static void
client_gone(struct session *s)
{
	loop_del(s->r->loop, s->sock);
	close(s->sock);
	s->sock = -1;
	if (s->ctx == NULL && s->child == -1) {
		session_free(s);
		return;
	}
	end_orphan(s->r, s->id);
}

static void
on_hello(struct session *s, struct rd *body)
{
	s->interactive = rd_u8(body) != SESSION_SCRIPT;
	rd_str(body, s->tty, sizeof(s->tty));
	if (!s->interactive)
		s->level = 15; /* `cohort exec`: the owner of the router */
	send_prompt(s, false);
}

static void
on_client(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	static char line[IPC_MAX];
	struct session *s = arg;
	struct ipc_msg m;
	int got = ipc_recv(fd, buf, &m), i;

	for (i = 0; i < m.nfds; i++)
		close(m.fds[i]);
	if (got == 0)
		return;
	if (got == -1) {
		client_gone(s);
		return;
	}
	switch (m.type) {
	case IPC_HELLO:
		on_hello(s, &m.body);
		break;
	case IPC_LINE:
		rd_str(&m.body, line, sizeof(line));
		on_line(s, line);
		break;
	case IPC_ANSWER:
		rd_str(&m.body, line, sizeof(line));
		str_clean(line);
		on_answer(s, line);
		break;
	case IPC_ABORT:
		on_abort(s);
		break;
	}
	explicit_bzero(buf, (size_t)(m.body.end - buf));
	explicit_bzero(line, strlen(line));
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
	loop_add(r->loop, s, on_client, session_new(r, s));
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
	loop_del(r->loop, c->lsock);
	close(c->lsock);
	(void)unlink(c->path);
	free(c);
	r->console = NULL;
}

void
console_log(struct router *r, const char *line)
{
	struct session *s;
	uint8_t *buf;
	struct wr w;

	if (r->console == NULL || r->console->sessions == NULL)
		return;
	buf = xcalloc(1, strlen(line) + 2);
	w = wr_of(buf, strlen(line) + 2);
	wr_str(&w, line);
	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->interactive)
			session_send(s, IPC_CONSOLE_LOG, buf, wr_len(&w));
	free(buf);
}

void
console_child_msg(struct router *r, enum child_kind kind, struct ipc_msg *m)
{
	struct session *s = session_by_id(r, m->session);
	char prompt[512];
	unsigned what;

	if (s == NULL || s->child != (int)kind)
		return;
	switch (m->type) {
	case IPC_OUT:
		session_out(s, (const char *)m->body.p, rd_left(&m->body));
		break;
	case IPC_ASK:
		what = rd_u8(&m->body);
		rd_str(&m->body, prompt, sizeof(prompt));
		ops_ask(s, (enum cli_ask_kind)what, prompt);
		end_orphan(r, m->session);
		break;
	case IPC_DONE:
		what = rd_u8(&m->body);
		command_end(s, what == 0 ? CLI_DONE : CLI_FAILED);
		break;
	}
}

void
console_child_gone(struct router *r, enum child_kind kind)
{
	struct session *s, *next;

	if (r->console == NULL)
		return;
	for (s = r->console->sessions; s != NULL; s = next) {
		next = s->next;
		if (s->child != (int)kind)
			continue;
		session_text(s, "% The process that did this ended\n");
		command_end(s, CLI_FAILED);
	}
}

void
console_run_quiet(struct router *r, const char *line)
{
	struct cf_cursor cur = {r->running, &r->running->obj};
	struct session *s = session_new(r, -1);

	uint32_t id = s->id;

	s->level = 15;
	exec_line(s, line, conf_mode(&cur), 0);
	s = session_by_id(r, id);
	if (s != NULL && s->asked)
		end_orphan(r, id);
}

/* ---- what handlers of main do to their session ---- */

struct router *
router_of(struct cli_ctx *ctx)
{
	return cli_engine(ctx);
}

struct session *
session_of(struct cli_ctx *ctx)
{
	struct router *r = cli_engine(ctx);
	struct session *s;

	for (s = r->console->sessions; s != NULL; s = s->next)
		if (s->ctx == ctx)
			return s;
	fatal("a handler without its session");
}

void
session_set_term(struct session *s, int length, int width, int monitor)
{
	uint8_t buf[8];
	struct wr w = wr_of(buf, sizeof(buf));

	if (length >= 0)
		s->length = (uint16_t)length;
	if (width >= 0)
		s->width = (uint16_t)width;
	if (monitor >= 0)
		s->monitor = monitor != 0;
	wr_u16(&w, s->length);
	wr_u16(&w, s->width);
	wr_u16(&w, HISTORY);
	wr_u8(&w, (uint8_t)((s->monitor ? IPC_TERM_MONITOR : 0) |
	    IPC_TERM_EDITING | IPC_TERM_HISTORY));
	session_send(s, IPC_TERM, buf, wr_len(&w));
}

void
session_set_level(struct session *s, unsigned level)
{
	s->level = level;
}

unsigned
session_level(const struct session *s)
{
	return s->level;
}

void
session_configure(struct session *s)
{
	s->config = true;
	sb_free(&s->path);
}

void
session_close(struct session *s)
{
	session_send(s, IPC_CLOSE, NULL, 0);
	s->closing = true;
	queue_flush(s);
}

void
session_history(struct session *s, struct strbuf *sb)
{
	unsigned i;

	for (i = 0; i < s->nhistory; i++)
		sb_printf(sb, "  %s\n", s->history[i]);
}

void
session_users(struct router *r, struct session *self, struct strbuf *sb)
{
	const struct session *s;
	unsigned n = 0;

	sb_printf(sb, "    Line       User       Host(s)              Idle"
		      "       Location\n");
	for (s = r->console->sessions; s != NULL; s = s->next) {
		uint64_t idle = (time_mono_us() - s->active_us) / 1000000;

		sb_printf(sb, "%c%3u con %-3u               idle"
			      "                 %02u:%02u:%02u   %s\n",
		    s == self ? '*' : ' ', n, n, (unsigned)(idle / 3600),
		    (unsigned)(idle / 60 % 60), (unsigned)(idle % 60), s->tty);
		n++;
	}
	sb_printf(sb, "\n  Interface    User               Mode         Idle"
		      "     Peer Address\n");
}
