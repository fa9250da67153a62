/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shell: a user on one side, the console socket of a router on the other.
 * Help, completion, filters and the pager are its own work; lines and answers
 * go to the router. Runs as the user, holds no secret.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/shell_priv.h"

#define LENGTH_DEFAULT 24
#define WIDTH_DEFAULT 80
#define LINE_MAX_LEN 4096
#define PARTIAL_MAX 65536 /* a line without end is cut here */
#define ACTIVE_MS 5000

static void
say(struct shell *s, uint16_t type, const char *text)
{
	uint8_t buf[LINE_MAX_LEN + 8];
	struct wr w = wr_of(buf, sizeof(buf));

	wr_str(&w, text);
	if (wr_ok(&w))
		(void)ipc_send(s->sock, type, 0, buf, wr_len(&w), NULL, 0);
	else /* too long an answer is none, nor Enter */
		(void)ipc_send(s->sock, IPC_ABORT, 0, NULL, 0, NULL, 0);
	explicit_bzero(buf, sizeof(buf));
}

static void
say_nothing(struct shell *s, uint16_t type)
{
	(void)ipc_send(s->sock, type, 0, NULL, 0, NULL, 0);
}

/* ---- output: filter, pager, terminal ---- */

void
shell_put(struct shell *s, const char *text, size_t len)
{
	if (s->edit != NULL)
		edit_write(s->edit, text, len);
	else {
		(void)fwrite(text, 1, len, stdout);
		if (fflush(stdout) != 0)
			s->gone = true;
	}
}

static void
put_str(struct shell *s, const char *text)
{
	shell_put(s, text, strlen(text));
}

static void
pager_put(void *arg, const char *text, size_t len)
{
	shell_put(arg, text, len);
}

static int
pager_key(void *arg)
{
	struct shell *s = arg;

	return edit_getkey(s->edit, false);
}

/* Who logs in is asked again: that is not a command. */
static void
abort_command(struct shell *s)
{
	say_nothing(s, IPC_ABORT);
	s->stopping = s->prompt[0] != '\0';
}

static void
put_line(struct shell *s, const char *line, size_t len)
{
	if (s->filter != NULL && !filter_line(s->filter, line, len))
		return;
	if (!pager_line(&s->pager, line, len) && !s->ready)
		abort_command(s);
}

static void
end_line(struct shell *s)
{
	put_line(s, s->partial.s != NULL ? s->partial.s : "", s->partial.len);
	s->partial.len = 0;
}

static void
take_output(struct shell *s, const char *text, size_t len)
{
	bool cut = len >= IPC_CHUNK; /* the rest of the line is coming */
	const char *nl;

	while (len > 0 && (nl = memchr(text, '\n', len)) != NULL) {
		size_t n = (size_t)(nl - text);

		if (s->partial.len == 0)
			put_line(s, text, n);
		else {
			sb_add(&s->partial, text, n);
			end_line(s);
		}
		text += n + 1;
		len -= n + 1;
	}
	if (len == 0 || s->pager.quit)
		return;
	/* The marks of a ping must be seen while they come. */
	if (s->filter == NULL && s->pager.filter == NULL && !cut &&
	    s->partial.len == 0)
		shell_put(s, text, len);
	else {
		sb_add(&s->partial, text, len);
		if (s->partial.len > PARTIAL_MAX)
			end_line(s);
	}
}

static void
end_output(struct shell *s)
{
	const char *last;

	if (s->partial.len != 0)
		end_line(s);
	sb_free(&s->partial);
	if (s->filter != NULL) {
		last = filter_end(s->filter);
		if (last != NULL && !s->pager.quit)
			put_str(s, last);
		filter_free(s->filter);
		s->filter = NULL;
	}
	pager_end(&s->pager);
	s->stoppable = false;
}

/* ---- messages of the router ---- */

static void
take_prompt(struct shell *s, struct rd *b)
{
	rd_str(b, s->prompt, sizeof(s->prompt));
	s->mode = rd_u16(b);
	s->privileged = rd_u8(b) >= 15;
	s->flags = rd_u8(b);
	s->refused = (s->flags & IPC_PROMPT_REFUSED) != 0;
	s->ready = true;
	s->asked = false;
	end_output(s);
}

static void
take_log(struct shell *s, struct rd *b)
{
	char line[2048];

	rd_str(b, line, sizeof(line));
	if (rd_ok(b) && s->edit != NULL)
		edit_print_async(s->edit, line);
}

static void
take_term(struct shell *s, struct rd *b)
{
	struct edit_settings set;
	uint16_t history;
	uint8_t flags;

	s->pager.length = rd_u16(b);
	s->pager.width = s->term_width = rd_u16(b);
	history = rd_u16(b);
	flags = rd_u8(b);
	set = (struct edit_settings){s->term_width,
	    (flags & IPC_TERM_HISTORY) != 0 ? history : 0,
	    (flags & IPC_TERM_EDITING) != 0,
	    (flags & IPC_TERM_SYNC) != 0};
	if (s->edit != NULL)
		edit_set(s->edit, &set);
}

static void
take_bar(struct shell *s, struct rd *b)
{
	char text[LINE_MAX_LEN];
	struct bar bar;

	rd_str(b, text, sizeof(text));
	if (!rd_ok(b))
		return;
	if (text[0] == '\0') {
		filter_free(s->filter);
		s->filter = NULL;
		return;
	}
	if (s->filter != NULL)
		return; /* what was typed behind the alias counts */
	bar_split(text, true, &bar);
	s->filter = filter_new(bar.kind, bar.arg);
	if (s->filter == NULL)
		put_str(s, "% Failed to compile regular expression.\n");
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
	case IPC_FILTER:
		take_bar(s, &m->body);
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
		s->gone = s->dropped = true;
	if ((s->gone || s->closed) && s->edit != NULL)
		edit_hangup(s->edit);
}

/* ---- the editor's questions ---- */

static void
on_help(void *arg, const char *text)
{
	struct shell *s = arg;
	struct strbuf sb = {0};
	const char *behind = bar_behind(text, s->mode == 0);

	if (behind != NULL)
		bar_help(&sb, behind);
	else
		cli_help(&sb, s->mode, s->privileged, text, s->term_width);
	pager_begin(&s->pager, true);
	take_output(s, sb.s != NULL ? sb.s : "", sb.len);
	end_output(s);
	sb_free(&sb);
}

static void
on_complete(void *arg, const char *text, char *buf)
{
	struct shell *s = arg;
	const char *behind = bar_behind(text, s->mode == 0);

	if (behind != NULL)
		bar_complete(buf, behind);
	else
		cli_complete(buf, s->mode, s->privileged, text);
}

static void
on_active(void *arg)
{
	struct shell *s = arg;
	uint64_t now = time_mono_ms();

	if (s->active_ms != 0 && now - s->active_ms < ACTIVE_MS)
		return;
	s->active_ms = now;
	say_nothing(s, IPC_ACTIVE);
}

static const struct edit_ops ops = {on_help, on_complete, on_socket,
    on_active};

/* ---- one command ---- */

/* The next line of a script. Of one without end no more is kept than makes
 * it too long. */
static char *
line_of(FILE *f)
{
	struct strbuf sb = {0};
	int c = getc(f);

	if (c == EOF)
		return NULL;
	for (; c != EOF && c != '\n'; c = getc(f)) {
		char ch = (char)c;

		if (sb.len <= LINE_MAX_LEN)
			sb_add(&sb, &ch, 1);
	}
	if (sb.s == NULL)
		return xstrdup("");
	sb.s[strcspn(sb.s, "\r")] = '\0';
	return sb.s;
}

const char *
shell_next_command(struct shell *s)
{
	while (s->ncmds > 0) {
		if (strcmp(s->cmds[0], "-") != 0) {
			s->ncmds--;
			return *s->cmds++;
		}
		free(s->from_stdin);
		s->from_stdin = NULL;
		s->from_stdin = line_of(stdin);
		if (s->from_stdin != NULL)
			return s->from_stdin;
		s->ncmds--;
		s->cmds++;
	}
	return NULL;
}

/* What only ike may see goes by a descriptor. */
static void
say_answer(struct shell *s, const char *line)
{
	uint8_t buf[2] = {0, 0}; /* an empty str */
	int fd;

	if (s->ask_kind != CLI_ASK_PRIVATE) {
		say(s, IPC_ANSWER, line);
		return;
	}
	fd = ipc_secret(line);
	if (fd == -1) {
		say_nothing(s, IPC_ABORT);
		return;
	}
	(void)ipc_send(s->sock, IPC_ANSWER, 0, buf, sizeof(buf), &fd, 1);
	close(fd);
}

static void
answer_of_script(struct shell *s)
{
	const char *line = shell_next_command(s);

	if (line == NULL)
		line = ""; /* nobody answers: as Enter */
	put_str(s, s->question);
	if (s->ask_kind == CLI_ASK_LINE || s->ask_kind == CLI_ASK_CONFIRM)
		put_str(s, line);
	if (s->ask_kind != CLI_ASK_PRIVATE)
		put_str(s, "\n");
	say_answer(s, line);
}

/* One key, without Enter. */
static void
answer_confirm(struct shell *s)
{
	char key[2] = "";
	int c;

	put_str(s, s->question);
	c = edit_getkey(s->edit, true);
	put_str(s, "\n");
	if (c != '\r')
		key[0] = c > ' ' && c < 0x7f ? (char)c : 'n';
	say(s, IPC_ANSWER, key);
}

static void
answer_line(struct shell *s)
{
	const char *last = strrchr(s->question, '\n'), *line;
	enum edit_kind kind = s->ask_kind == CLI_ASK_SECRET ? EDIT_SECRET
							    : EDIT_ANSWER;

	last = last != NULL ? last + 1 : s->question;
	shell_put(s, s->question, (size_t)(last - s->question));
	switch (edit_readline(s->edit, last, kind, &line)) {
	case EDIT_LINE:
		say_answer(s, line);
		break;
	case EDIT_CTRL_C: /* Enter would take what is offered: this not */
	case EDIT_CTRL_Z:
	case EDIT_LONG:
		say_nothing(s, IPC_ABORT);
		break;
	case EDIT_LEAVE:
		say_nothing(s, IPC_ABORT);
		s->left = true;
		break;
	case EDIT_EOF:
		s->gone = !s->closed;
		break;
	}
}

/* The user has not seen the question, and wanted the command to end before it
 * came: what is typed now is the next line. */
static void
answer_stopped(struct shell *s)
{
	s->stopping = false;
	put_str(s, s->question);
	put_str(s, "\n");
	say_nothing(s, IPC_ABORT);
}

static void
answer(struct shell *s)
{
	s->asked = false;
	if (s->edit == NULL)
		answer_of_script(s);
	else if (s->stopping)
		answer_stopped(s);
	else if (s->ask_kind == CLI_ASK_CONFIRM)
		answer_confirm(s);
	else
		answer_line(s);
	explicit_bzero(s->question, sizeof(s->question));
}

/* The user wants the command to end. What it has to say about that is still
 * printed, unless it only shows something. */
static void
stop_command(struct shell *s)
{
	abort_command(s);
	if (s->stoppable)
		s->pager.quit = true;
}

void
shell_wait_ready(struct shell *s)
{
	while (!s->ready && !s->gone && !s->closed && !s->left) {
		if (s->asked)
			answer(s);
		else if (s->edit != NULL) {
			int r = edit_wait(s->edit);

			if (r == 1)
				stop_command(s);
			else if (r == -1)
				s->gone = !s->closed;
		} else {
			struct pollfd p = {.fd = s->sock, .events = POLLIN};

			if (poll(&p, 1, -1) == 1)
				on_socket(s);
		}
	}
}

static void
refuse(struct shell *s, const char *err, int column)
{
	struct strbuf sb = {0};

	/* The caret line counts the prompt, as IOS does it. */
	if (column >= 0)
		sb_printf(&sb, "%*s^\n",
		    column + (s->edit != NULL ? (int)strlen(s->prompt) : 0),
		    "");
	sb_printf(&sb, "%s\n%s", err,
	    strncmp(err, "% Ambiguous", 11) == 0 ? "" : "\n");
	shell_put(s, sb.s, sb.len);
	sb_free(&sb);
	s->refused = true;
}

static bool
begins(const char *line, const char *word)
{
	line += strspn(line, " \t");
	return strncasecmp(line, word, strlen(word)) == 0;
}

static const char *
without_do(const char *cmd)
{
	return begins(cmd, "do ") ? strchr(cmd, ' ') : cmd;
}

static bool
only_shows(const char *cmd)
{
	cmd = without_do(cmd);
	return begins(cmd, "sh") || begins(cmd, "more");
}

/* ping (its alias is p) and traceroute print what happens while it does: no
 * pages, as in IOS. */
static bool
is_live(const char *cmd)
{
	cmd = without_do(cmd);
	cmd += strspn(cmd, " ");
	return begins(cmd, "pi") || begins(cmd, "tr") ||
	    begins(cmd, "p ") || strcmp(cmd, "p") == 0;
}

/* The filter of a line, if it is the shell's; *len is what the router gets.
 * False: said why not. */
static bool
take_filter(struct shell *s, const char *line, size_t *len)
{
	struct bar bar;

	*len = strlen(line);
	if ((s->flags & IPC_PROMPT_TEXT) != 0)
		return true;
	bar_split(line, s->mode == 0, &bar);
	switch (bar.kind) {
	case BAR_BAD:
		refuse(s, bar.err, bar.column);
		return false;
	case BAR_BEGIN:
	case BAR_COUNT:
	case BAR_EXCLUDE:
	case BAR_INCLUDE:
	case BAR_SECTION:
		*len = bar.cmd_len;
		s->filter = filter_new(bar.kind, bar.arg);
		if (s->filter != NULL)
			return true;
		refuse(s, "% Failed to compile regular expression.", -1);
		return false;
	default:
		return true;
	}
}

/* A passphrase on the line is taken out of it: main gets a descriptor to pass
 * on, and the history forgets the line. A pasted prompt may stand in front. */
static int
take_secret(struct shell *s, char *line)
{
	struct cli_cmd cmd;
	char *p = line, *end;
	int fd = -1;

	cli_match_run(p, s->mode, s->privileged, &cmd);
	if (cmd.verdict != CLI_MATCH && (end = strstr(p, ")#")) != NULL) {
		p = end + 2;
		cli_match_run(p, 1, /* MODE_CONFIG */ s->privileged, &cmd);
	}
	if (cmd.verdict == CLI_MATCH && cmd.secret_len != 0) {
		p += cmd.secret_at;
		end = p + cmd.secret_len;
		fd = ipc_secret(cmd.secret_len < cmd.secret_size ?
		    (const char *)cmd.args + cmd.secret_off : "");
		*p++ = '*';
		memmove(p, end, strlen(end) + 1);
		if (s->edit != NULL)
			edit_forget(s->edit);
	}
	explicit_bzero(&cmd, sizeof(cmd));
	return fd;
}

void
shell_run_line(struct shell *s, const char *line)
{
	uint8_t buf[LINE_MAX_LEN + 8];
	struct wr w = wr_of(buf, sizeof(buf));
	size_t len;
	char *copy;
	int fd;

	s->refused = false;
	if (strlen(line) >= LINE_MAX_LEN) {
		refuse(s, "% Line is too long", -1);
		return;
	}
	if (!take_filter(s, line, &len))
		return;
	s->stoppable = only_shows(line);
	pager_begin(&s->pager, s->edit != NULL && !is_live(line));
	s->ready = s->stopping = false;
	copy = xstrdup(line);
	fd = (s->flags & IPC_PROMPT_TEXT) == 0 ? take_secret(s, copy) : -1;
	if (fd != -1)
		len = strlen(copy); /* no filter goes with these */
	wr_str(&w, copy);
	wr_u16(&w, (uint16_t)len);
	wr_u8(&w, s->edit == NULL || edit_more(s->edit));
	(void)ipc_send(s->sock, IPC_LINE, 0, buf, wr_len(&w), &fd,
	    fd != -1 ? 1 : 0);
	if (fd != -1)
		close(fd);
	explicit_bzero(buf, sizeof(buf));
	explicit_bzero(copy, strlen(copy));
	free(copy);
	shell_wait_ready(s);
}

/* ---- the session ---- */

static enum edit_kind
line_kind(const struct shell *s)
{
	if ((s->flags & IPC_PROMPT_TEXT) != 0)
		return EDIT_TEXT;
	return s->mode != 0 ? EDIT_CONFIG : EDIT_EXEC;
}

/* Ctrl-Z in a banner that has no end: nothing of it is kept. */
static void
drop_text(struct shell *s)
{
	s->ready = false;
	(void)ipc_send(s->sock, IPC_ABORT, 0, NULL, 0, NULL, 0);
	shell_wait_ready(s);
}

static void
one_line(struct shell *s)
{
	const char *line;
	enum edit_end end = edit_readline(s->edit, s->prompt, line_kind(s),
	    &line);

	switch (end) {
	case EDIT_LINE:
		shell_run_line(s, line);
		break;
	case EDIT_LONG:
		refuse(s, "% Line is too long", -1);
		break;
	case EDIT_CTRL_Z:
		if ((s->flags & IPC_PROMPT_TEXT) != 0)
			drop_text(s);
		else if (line[strspn(line, " \t")] != '\0')
			shell_run_line(s, line);
		/* FALLTHROUGH */
	case EDIT_CTRL_C:
		if (s->mode != 0 && !s->gone && !s->closed)
			shell_run_line(s, "end");
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
lines_of_script(struct shell *s)
{
	const char *line;
	char *copy;

	while (!s->gone && !s->closed) {
		put_str(s, s->prompt);
		line = shell_next_command(s);
		if (line == NULL)
			break;
		put_str(s, line);
		put_str(s, "\n");
		copy = xstrdup(line); /* an answer may take the next one */
		shell_run_line(s, copy);
		free(copy);
	}
}

void
shell_dialogue(struct shell *s)
{
	shell_wait_ready(s);
	if (s->edit == NULL)
		lines_of_script(s);
	else
		while (!s->gone && !s->closed && !s->left)
			one_line(s);
}

void
shell_init(struct shell *s, int sock, const struct shell_who *who,
    const char *tty)
{
	uint8_t buf[1024];
	struct wr w = wr_of(buf, sizeof(buf));

	memset(s, 0, sizeof(*s));
	s->sock = sock;
	s->pager = (struct pager){.length = LENGTH_DEFAULT,
	    .width = WIDTH_DEFAULT, .put = pager_put, .key = pager_key,
	    .arg = s};
	s->term_width = WIDTH_DEFAULT;
	wr_u8(&w, (uint8_t)who->kind);
	wr_str(&w, strlen(tty) < 32 ? tty : "");
	wr_str(&w, strlen(who->user) < 128 ? who->user : "");
	wr_str(&w, strlen(who->peer) < 128 ? who->peer : "");
	(void)ipc_send(sock, IPC_HELLO, 0, buf, wr_len(&w), NULL, 0);
}

void
shell_open(struct shell *s, const struct edit_io *io)
{
	s->edit = edit_new(io, &ops, s);
}

void
shell_free(struct shell *s)
{
	end_output(s);
	edit_free(s->edit);
	s->edit = NULL;
	close(s->sock);
	free(s->from_stdin);
}
