/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shell: a terminal on one side, the console socket of a router on the
 * other. Help, completion, filters and the pager are its own work; lines and
 * answers go to the router. Runs as the user, holds no secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/edit.h"
#include "cli/filter.h"
#include "cli/shell.h"
#include "base/ipc.h"

#define LENGTH_DEFAULT 24
#define WIDTH_DEFAULT 80
#define LINE_MAX_LEN 4096

struct shell {
	int sock;
	bool interactive;
	struct edit *edit; /* NULL: no terminal */
	char prompt[160];
	uint16_t mode;
	bool privileged;
	bool ready;   /* a prompt came: the router waits for a line */
	bool refused; /* the last command was */
	bool closed;  /* the router ended the session */
	bool gone;    /* the router or the terminal ended */
	bool left;    /* the user detached */
	/* of a script: the commands that come, which answer questions too */
	char **cmds;
	int ncmds;
	char *from_stdin;
	/* the question of a running command */
	bool asked;
	uint8_t ask_kind;
	char question[512];
	/* output */
	unsigned length, width;
	bool monitor;
	struct filter *filter;
	struct strbuf partial; /* a line without its end, for the filter */
	unsigned row;	       /* lines since the last pause */
	bool page;	       /* the pager is on for this command */
	bool quit;	       /* q at --More--: the rest is dropped */
};

static void
say(struct shell *s, uint16_t type, const char *text)
{
	uint8_t buf[LINE_MAX_LEN + 8];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_str(&w, text);
	if (!wr_ok(&w)) { /* too long an answer is none: something must come */
		w = wr_of(buf, sizeof(buf));
		wr_str(&w, "");
	}
	(void)ipc_send(s->sock, type, 0, buf, wr_len(&w), NULL, 0);
	explicit_bzero(buf, sizeof(buf));
}

/* ---- output: filter, pager, terminal ---- */

static void
put(struct shell *s, const char *text, size_t len)
{
	if (s->edit != NULL)
		edit_write(s->edit, text, len);
	else {
		(void)fwrite(text, 1, len, stdout);
		fflush(stdout);
	}
}

/* ` --More-- `: blank a page, Enter a line, anything else ends it. */
static void
more(struct shell *s)
{
	static const char text[] = " --More-- ";
	static const char wipe[] = "\b\b\b\b\b\b\b\b\b\b          "
				   "\b\b\b\b\b\b\b\b\b\b";
	int key;

	put(s, text, sizeof(text) - 1);
	key = edit_getkey(s->edit);
	put(s, wipe, sizeof(wipe) - 1);
	if (key == ' ')
		s->row = 0;
	else if (key == '\r' || key == '\n')
		s->row--;
	else {
		s->quit = true;
		(void)ipc_send(s->sock, IPC_ABORT, 0, NULL, 0, NULL, 0);
	}
}

static void
put_line(struct shell *s, const char *line, size_t len)
{
	unsigned rows = 1;

	if (s->quit)
		return;
	if (s->page && s->edit != NULL && s->length > 1 &&
	    s->row >= s->length - 1)
		more(s);
	if (s->quit)
		return;
	put(s, line, len);
	put(s, "\n", 1);
	if (s->width != 0 && len > s->width)
		rows = (unsigned)((len + s->width - 1) / s->width);
	s->row += rows;
}

static void
take_output(struct shell *s, const char *text, size_t len)
{
	const char *nl;

	while (len > 0 && (nl = memchr(text, '\n', len)) != NULL) {
		size_t n = (size_t)(nl - text);

		sb_add(&s->partial, text, n);
		if (s->filter == NULL ||
		    filter_line(s->filter, s->partial.s, s->partial.len))
			put_line(s, s->partial.s, s->partial.len);
		sb_free(&s->partial);
		text += n + 1;
		len -= n + 1;
	}
	if (len == 0)
		return;
	/* The marks of a ping must be seen while they come. */
	if (s->filter == NULL && !s->quit)
		put(s, text, len);
	else
		sb_add(&s->partial, text, len);
}

static void
end_output(struct shell *s)
{
	const char *last;

	if (s->partial.len != 0 && s->filter != NULL &&
	    filter_line(s->filter, s->partial.s, s->partial.len))
		put_line(s, s->partial.s, s->partial.len);
	sb_free(&s->partial);
	if (s->filter != NULL) {
		last = filter_end(s->filter);
		if (last != NULL)
			put(s, last, strlen(last));
		filter_free(s->filter);
		s->filter = NULL;
	}
	s->page = false;
	s->quit = false;
	s->row = 0;
}

/* ---- messages of the router ---- */

static void
take_prompt(struct shell *s, struct rd *b)
{
	rd_str(b, s->prompt, sizeof(s->prompt));
	s->mode = rd_u16(b);
	s->privileged = rd_u8(b) >= 15;
	s->refused = (rd_u8(b) & IPC_PROMPT_REFUSED) != 0;
	end_output(s);
	s->ready = true;
}

static void
take_log(struct shell *s, struct rd *b)
{
	char line[2048];

	rd_str(b, line, sizeof(line));
	if (!rd_ok(b) || !s->monitor || !s->interactive)
		return;
	if (s->edit != NULL)
		edit_print_async(s->edit, line);
	else
		put(s, line, strlen(line));
}

static void
take_term(struct shell *s, struct rd *b)
{
	s->length = rd_u16(b);
	s->width = rd_u16(b);
	(void)rd_u16(b); /* libedit's history has a size of its own */
	s->monitor = (rd_u8(b) & IPC_TERM_MONITOR) != 0;
}

static void
take_message(struct shell *s, struct ipc_msg *m)
{
	int i;

	for (i = 0; i < m->nfds; i++)
		close(m->fds[i]);
	switch (m->type) {
	case IPC_OUT:
		take_output(s, (const char *)m->body.p, rd_left(&m->body));
		break;
	case IPC_PROMPT:
		take_prompt(s, &m->body);
		break;
	case IPC_ASK:
		s->ask_kind = rd_u8(&m->body);
		rd_str(&m->body, s->question, sizeof(s->question));
		s->asked = true;
		break;
	case IPC_CONSOLE_LOG:
		take_log(s, &m->body);
		break;
	case IPC_TERM:
		take_term(s, &m->body);
		break;
	case IPC_CLOSE:
		s->closed = true;
		break;
	}
}

static void
on_socket(void *arg)
{
	static uint8_t buf[IPC_MAX];
	struct shell *s = arg;
	struct ipc_msg m;
	int got = ipc_recv(s->sock, buf, &m);

	if (got == 1)
		take_message(s, &m);
	else if (got == -1)
		s->gone = true;
	if ((s->gone || s->closed) && s->edit != NULL)
		edit_hangup(s->edit);
}

/* ---- help and completion ---- */

static void
on_help(void *arg, const char *text)
{
	struct shell *s = arg;
	struct strbuf sb = {0};
	const char *bar = strchr(text, '|');

	if (bar != NULL && bar[1 + strspn(bar + 1, " ")] == '\0')
		filter_help(&sb);
	else
		cli_help(&sb, s->mode, s->privileged, text,
		    s->width != 0 ? s->width : WIDTH_DEFAULT);
	s->page = true;
	take_output(s, sb.s != NULL ? sb.s : "", sb.len);
	end_output(s);
	sb_free(&sb);
}

static void
on_complete(void *arg, const char *text, char *buf)
{
	struct shell *s = arg;

	cli_complete(buf, s->mode, s->privileged, text);
}

static const struct edit_ops ops = {on_help, on_complete, on_socket};

/* ---- one command ---- */

/* The next line of a script, NULL at its end. "-" stands for the lines of
 * standard input. */
static const char *
next_command(struct shell *s)
{
	size_t cap = 0;

	while (s->ncmds > 0) {
		if (strcmp(s->cmds[0], "-") != 0) {
			s->ncmds--;
			return *s->cmds++;
		}
		free(s->from_stdin);
		s->from_stdin = NULL;
		if (getline(&s->from_stdin, &cap, stdin) != -1) {
			s->from_stdin[strcspn(s->from_stdin, "\r\n")] = '\0';
			return s->from_stdin;
		}
		s->ncmds--;
		s->cmds++;
	}
	return NULL;
}

static void
answer(struct shell *s)
{
	const char *line = "";
	char key[2] = "";
	int c;

	s->asked = false;
	if (s->edit == NULL || !s->interactive) {
		line = next_command(s);
		if (line == NULL)
			line = ""; /* nobody answers: as Enter */
		put(s, s->question, strlen(s->question));
		put(s, line, strlen(line));
		put(s, "\n", 1);
	} else if (s->ask_kind == CLI_ASK_CONFIRM) {
		put(s, s->question, strlen(s->question));
		c = edit_getkey(s->edit);
		if (c != '\r' && c != '\n')
			key[0] = c > 0 ? (char)c : 'n';
		line = key;
		put(s, "\n", 1);
	} else {
		const char *last = strrchr(s->question, '\n');

		if (last != NULL)
			put(s, s->question, (size_t)(last + 1 - s->question));
		if (edit_readline(s->edit,
			last != NULL ? last + 1 : s->question,
			s->ask_kind == CLI_ASK_SECRET, &line) == EDIT_CTRL_C)
			line = "";
	}
	say(s, IPC_ANSWER, line);
}

/* Until the router waits for the next line. */
static void
wait_ready(struct shell *s)
{
	while (!s->ready && !s->gone && !s->closed) {
		if (s->asked)
			answer(s);
		else if (s->edit != NULL) {
			int r = edit_wait(s->edit);

			if (r == 1)
				(void)ipc_send(s->sock, IPC_ABORT, 0, NULL, 0,
				    NULL, 0);
			else if (r == -1)
				s->gone = true;
		} else {
			struct pollfd p = {.fd = s->sock, .events = POLLIN};

			if (poll(&p, 1, -1) == 1)
				on_socket(s);
		}
	}
}

static void
run_line(struct shell *s, const char *line)
{
	char err[128], cmd[LINE_MAX_LEN];
	size_t len;

	s->refused = false;
	s->filter = filter_parse(line, &len, err);
	if (len == (size_t)-1) {
		put(s, err, strlen(err));
		put(s, "\n", 1);
		s->refused = true;
		return;
	}
	if (len >= sizeof(cmd)) {
		static const char text[] = "% Line is too long\n";

		put(s, text, sizeof(text) - 1);
		s->refused = true;
		return;
	}
	memcpy(cmd, line, len);
	cmd[len] = '\0';
	s->page = s->interactive;
	s->ready = false;
	say(s, IPC_LINE, cmd);
	wait_ready(s);
	explicit_bzero(cmd, sizeof(cmd));
}

/* ---- connection ---- */

static int
dial(const char *statedir)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int dir = open(statedir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

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

static int
hello(struct shell *s, const char *statedir, const struct shell_who *who)
{
	uint8_t buf[512];
	struct wr w = wr_of(buf, sizeof(buf));
	const char *tty = ttyname(STDIN_FILENO);

	memset(s, 0, sizeof(*s));
	s->sock = dial(statedir);
	if (s->sock == -1)
		return -1;
	s->interactive = who->kind != SESSION_SCRIPT;
	s->length = LENGTH_DEFAULT;
	s->width = WIDTH_DEFAULT;
	s->monitor = true;
	wr_u8(&w, (uint8_t)who->kind);
	wr_str(&w, tty != NULL && strlen(tty) < 32 ? tty : "");
	wr_str(&w, strlen(who->user) < 128 ? who->user : "");
	wr_str(&w, strlen(who->peer) < 128 ? who->peer : "");
	(void)ipc_send(s->sock, IPC_HELLO, 0, buf, wr_len(&w), NULL, 0);
	return 0;
}

static void
hang_up(struct shell *s)
{
	end_output(s);
	close(s->sock);
}

/* ---- interactive ---- */

static bool
config_mode(const struct shell *s)
{
	return s->mode != 0;
}

static void
one_line(struct shell *s)
{
	const char *line;
	enum edit_end end = edit_readline(s->edit, s->prompt, false, &line);

	switch (end) {
	case EDIT_LINE:
		run_line(s, line);
		break;
	case EDIT_CTRL_Z:
		if (line[strspn(line, " \t")] != '\0')
			run_line(s, line);
		/* FALLTHROUGH */
	case EDIT_CTRL_C:
		if (config_mode(s))
			run_line(s, "end");
		break;
	case EDIT_LEAVE:
		s->left = true;
		break;
	case EDIT_EOF:
		s->gone = !s->closed;
		break;
	}
}

static void
plain_lines(struct shell *s)
{
	char *line = NULL;
	size_t cap = 0;

	while (!s->gone && !s->closed) {
		put(s, s->prompt, strlen(s->prompt));
		if (getline(&line, &cap, stdin) == -1)
			break;
		line[strcspn(line, "\r\n")] = '\0';
		put(s, line, strlen(line));
		put(s, "\n", 1);
		run_line(s, line);
	}
	free(line);
}

int
console_attach(const char *statedir, const struct shell_who *who)
{
	struct shell s;

	if (hello(&s, statedir, who) == -1)
		return 1;
	if (isatty(STDIN_FILENO))
		s.edit = edit_new(s.sock, &ops, &s);
	if (who->confine != NULL)
		who->confine();
	wait_ready(&s);
	if (s.edit == NULL)
		plain_lines(&s);
	else {
		while (!s.gone && !s.closed && !s.left)
			one_line(&s);
		edit_free(s.edit);
		s.edit = NULL;
		fputs("\n", stdout);
	}
	hang_up(&s);
	return s.left ? CONSOLE_LEFT : s.closed ? 0 : 2;
}

/* ---- commands from a script ---- */

int
console_exec(const char *statedir, char **cmds, int n)
{
	struct shell s;
	const char *line;
	char *copy;
	bool bad = false;

	if (hello(&s, statedir,
		&(struct shell_who){SESSION_SCRIPT, "", "", NULL, NULL}) == -1)
		return 1;
	s.cmds = cmds;
	s.ncmds = n;
	wait_ready(&s);
	while (!s.gone && !s.closed && (line = next_command(&s)) != NULL) {
		copy = xstrdup(line); /* an answer may take the next one */
		run_line(&s, copy);
		free(copy);
		bad |= s.refused;
	}
	hang_up(&s);
	free(s.from_stdin);
	return bad || s.gone;
}
