/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The frame of a child process (see proc.h).
 */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/privdrop.h"
#include "main/proc.h"

#define OUT_CHUNK 16384

struct exec { /* one command that runs for a session of main */
	struct exec *next;
	struct proc *p;
	uint32_t session;
	struct cli_ctx *ctx;
	struct strbuf out; /* small writes become one message */
	bool pending;	   /* it goes on: what it says is shown as it comes */
};

static int log_sock = -1;

static void
log_sink(void *arg UNUSED, enum log_id id, const char *text)
{
	size_t len = strlen(text) + 4;
	uint8_t *buf = xcalloc(1, len);
	struct wr w = wr_of(buf, len);

	wr_u16(&w, (uint16_t)id);
	wr_str(&w, text);
	(void)ipc_send(log_sock, IPC_LOG, 0, buf, wr_len(&w), NULL, 0);
	free(buf);
}

void
proc_log(void *arg UNUSED, enum log_id id, va_list ap)
{
	log_vemit(id, ap);
}

/* ---- exec commands ---- */

static void
exec_flush(struct exec *e)
{
	size_t at;

	for (at = 0; at < e->out.len; at += OUT_CHUNK)
		(void)ipc_send(e->p->sock, IPC_OUT, e->session, e->out.s + at,
		    e->out.len - at < OUT_CHUNK ? e->out.len - at : OUT_CHUNK,
		    NULL, 0);
	sb_free(&e->out);
}

static void
exec_end(struct exec *e, enum cli_status st)
{
	struct exec **x;
	uint8_t status = st != CLI_DONE;

	exec_flush(e);
	(void)ipc_send(e->p->sock, IPC_DONE, e->session, &status, 1, NULL, 0);
	for (x = &e->p->execs; *x != e; x = &(*x)->next)
		;
	*x = e->next;
	free(e);
}

static void
ops_out(void *user, const char *text, size_t len)
{
	struct exec *e = user;

	sb_add(&e->out, text, len);
	if (e->pending || e->out.len >= OUT_CHUNK)
		exec_flush(e);
}

static void
ops_ask(void *user, enum cli_ask_kind kind, const char *prompt)
{
	struct exec *e = user;
	uint8_t buf[IPC_CHUNK];
	struct wr w = wr_of(buf, sizeof(buf));

	exec_flush(e);
	wr_u8(&w, (uint8_t)kind);
	wr_str(&w, prompt);
	if (!wr_ok(&w))
		fatal("a question is too long");
	(void)ipc_send(e->p->sock, IPC_ASK, e->session, buf, wr_len(&w), NULL,
	    0);
}

static void
ops_done(void *user, enum cli_status st)
{
	exec_end(user, st);
}

static const struct cli_ctx_ops ctx_ops = {ops_out, ops_ask, ops_done};

/* The passphrase of the line takes the place of its *. */
static bool
take_secret(struct ipc_msg *m, struct cli_cmd *cmd)
{
	if (cmd->secret_len == 0)
		return true;
	if (m->nfds == 0)
		return false;
	m->nfds--;
	return ipc_secret_read(m->fds[m->nfds],
	    (char *)cmd->args + cmd->secret_off, cmd->secret_size);
}

static void
on_exec(struct proc *p, struct ipc_msg *m)
{
	struct exec *e = xcalloc(1, sizeof(*e));
	struct cli_cmd cmd;
	char line[1024];
	uint16_t mode;
	uint8_t flags;
	bool json;
	int st;

	e->p = p;
	e->session = m->session;
	e->next = p->execs;
	p->execs = e;
	rd_str(&m->body, line, sizeof(line));
	mode = rd_u16(&m->body);
	flags = rd_u8(&m->body);
	json = (flags & IPC_EXEC_JSON) != 0;
	if (!rd_end(&m->body)) {
		exec_end(e, CLI_FAILED);
		return;
	}
	cli_match_run(line, mode, true, &cmd);
	if (cmd.verdict != CLI_MATCH || (json && !cmd.json) ||
	    !take_secret(m, &cmd)) {
		exec_end(e, CLI_FAILED);
		return;
	}
	e->ctx = cli_ctx_new(&ctx_ops, e, p->engine);
	if (json)
		cli_ctx_set_json(e->ctx);
	if (flags & IPC_EXEC_UNATTENDED)
		cli_ctx_set_unattended(e->ctx);
	st = cli_run(e->ctx, &cmd);
	explicit_bzero(&cmd, sizeof(cmd));
	if (st != CLI_PENDING) {
		cli_ctx_free(e->ctx);
		exec_end(e, (enum cli_status)st);
	} else {
		e->pending = true;
		exec_flush(e);
	}
}

static struct exec *
find_exec(struct proc *p, uint32_t session)
{
	struct exec *e;

	for (e = p->execs; e != NULL && e->session != session; e = e->next)
		;
	return e;
}

static void
on_session(struct proc *p, struct ipc_msg *m)
{
	struct exec *e = find_exec(p, m->session);
	char answer[IPC_CHUNK];

	if (e == NULL)
		return;
	if (m->type == IPC_ABORT) {
		cli_ctx_abort(e->ctx);
		return;
	}
	rd_str(&m->body, answer, sizeof(answer));
	if (m->nfds > 0) {
		m->nfds--;
		if (!ipc_secret_read(m->fds[m->nfds], answer,
			sizeof(answer)))
			answer[0] = '\0';
	}
	cli_ctx_answer(e->ctx, answer);
	explicit_bzero(answer, sizeof(answer));
}

/* ---- configuration ---- */

static void
ignore_report(void *arg UNUSED, unsigned lineno UNUSED, bool error UNUSED,
    const char *text UNUSED)
{
}

static void
on_commit(struct proc *p)
{
	struct conf *new = conf_new(), *old = p->conf;

	/* main printed it from what it parsed with the same tables. */
	if (p->text.len != 0 && conf_load(new, p->text.s, p->text.len,
	    ignore_report, NULL) != 0)
		fatal("a configuration from main does not load");
	if (p->text.s != NULL)
		explicit_bzero(p->text.s, p->text.len);
	sb_free(&p->text);
	p->conf = new;
	p->ops->conf(p, old, new);
	conf_free(p->before);
	p->before = old;
}

/* ---- the channel ---- */

static void
on_message(struct proc *p, struct ipc_msg *m)
{
	if (m->type == IPC_EXEC || m->type == IPC_ANSWER) {
		m->type == IPC_EXEC ? on_exec(p, m) : on_session(p, m);
		while (m->nfds > 0)
			close(m->fds[--m->nfds]);
		return;
	}
	switch (m->type) {
	case IPC_CONF_BEGIN:
		sb_free(&p->text);
		break;
	case IPC_CONF_TEXT:
		sb_add(&p->text, (const char *)m->body.p, rd_left(&m->body));
		break;
	case IPC_CONF_COMMIT:
		on_commit(p);
		break;
	case IPC_DEBUG:
		debug_set_get(&m->body, &debug_set);
		debug_say_missing();
		if (p->ops->debugging != NULL)
			p->ops->debugging(p);
		break;
	case IPC_ABORT:
		on_session(p, m);
		break;
	case IPC_START:
		p->ops->start(p);
		(void)ipc_send(p->sock, IPC_READY, 0, NULL, 0, NULL, 0);
		break;
	default:
		p->ops->message(p, m);
	}
}

static void
on_main(void *arg, int fd)
{
	static uint8_t buf[IPC_MAX];
	struct proc *p = arg;
	struct ipc_msg m;
	int got;

	while ((got = ipc_recv(fd, buf, &m)) == 1) {
		on_message(p, &m);
		explicit_bzero(buf, (size_t)(m.body.end - buf));
	}
	if (got == -1)
		loop_stop(p->loop, 0);
}

static void
run_due(void *arg)
{
	struct proc *p = arg;

	loop_timer(p->loop, &p->timer, p->ops->timeout(p));
}

static void
nothing(void *arg UNUSED)
{
}

int
proc_run(struct proc *p)
{
	privdrop_early();
	(void)signal(SIGPIPE, SIG_IGN);
	log_sock = p->sock;
	log_set_sink(log_sink, NULL);
	p->timer.fn = nothing; /* the loop runs what is due before it sleeps */
	loop_idle(p->loop, run_due, p);
	loop_add(p->loop, p->sock, on_main, p);
	return loop_run(p->loop);
}

void
proc_free(struct proc *p)
{
	conf_free(p->before);
	conf_free(p->conf);
	loop_free(p->loop);
}
