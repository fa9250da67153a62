/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor on libedit: terminal type dumb (no escape sequences near a
 * prompt), own key reader (type-ahead, the console socket beside it).
 */
#include "config.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/edit.h"

#define KEYS 65536 /* type-ahead: a pasted configuration */
#define HISTORY_LINES 50
#define CTRL_C 0x03
#define CTRL_SHIFT_6 0x1e

struct edit {
	EditLine *el;
	History *hist;
	int other;
	const struct edit_ops *ops;
	void *arg;
	struct termios before;
	unsigned char keys[KEYS]; /* ring */
	size_t head, count;
	bool after_cr, gone, editing, secret;
	bool watch, stop; /* a command runs; it shall end */
	enum edit_end end;
	const char *prompt;
	char *line;
};

/* ---- keys ---- */

static void
key_put(struct edit *e, unsigned char c)
{
	if (c == '\n' && e->after_cr) {
		e->after_cr = false; /* CR LF is one end of line */
		return;
	}
	e->after_cr = c == '\r';
	if (e->watch && (c == CTRL_C || c == CTRL_SHIFT_6)) {
		e->stop = true;
		return;
	}
	if (e->count < KEYS)
		e->keys[(e->head + e->count++) % KEYS] = c;
}

static int
key_take(struct edit *e)
{
	int c = e->keys[e->head];

	e->head = (e->head + 1) % KEYS;
	e->count--;
	return c;
}

static void
read_keys(struct edit *e)
{
	unsigned char buf[4096];
	size_t room = KEYS - e->count, i;
	ssize_t n;

	if (room == 0)
		return;
	n = read(STDIN_FILENO, buf, room < sizeof(buf) ? room : sizeof(buf));
	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
		e->gone = true;
	for (i = 0; n > 0 && i < (size_t)n; i++)
		key_put(e, buf[i]);
}

/* Waits for a key (unless the ring is full) or the other descriptor. */
static void
wait_input(struct edit *e, bool serve)
{
	struct pollfd p[2] = {{.fd = serve ? e->other : -1, .events = POLLIN},
	    {.fd = e->count < KEYS ? STDIN_FILENO : -1, .events = POLLIN}};

	if (poll(p, 2, -1) == -1)
		return;
	if (p[1].revents != 0)
		read_keys(e);
	if (p[0].revents != 0)
		e->ops->event(e->arg);
}

static int
next_key(struct edit *e, bool serve)
{
	while (e->count == 0 && !e->gone)
		wait_input(e, serve);
	return e->count != 0 ? key_take(e) : -1;
}

int
edit_getkey(struct edit *e)
{
	return next_key(e, false);
}

void
edit_hangup(struct edit *e)
{
	e->gone = true;
	e->count = 0;
}

int
edit_wait(struct edit *e)
{
	int r;

	e->watch = true;
	e->stop = false;
	wait_input(e, true);
	e->watch = false;
	r = e->stop ? 1 : 0;
	return e->gone ? -1 : r;
}

static int
on_getc(EditLine *el, wchar_t *out)
{
	struct edit *e;
	int c;

	el_get(el, EL_CLIENTDATA, &e);
	c = next_key(e, true);
	if (c == -1)
		return 0;
	*out = (wchar_t)c;
	return 1;
}

/* ---- output ---- */

/* The terminal still turns \n into CR LF. */
void
edit_write(struct edit *e UNUSED, const char *text, size_t len)
{
	(void)fwrite(text, 1, len, stdout);
	fflush(stdout);
}

/* Prompt and line once more, with the cursor where it was. */
static void
retype(struct edit *e)
{
	const LineInfo *li = el_line(e->el);
	size_t len = (size_t)(li->lastchar - li->buffer);
	size_t back = (size_t)(li->lastchar - li->cursor);

	fputs(e->prompt, stdout);
	if (!e->secret)
		(void)fwrite(li->buffer, 1, len, stdout);
	while (!e->secret && back-- > 0)
		fputc('\b', stdout);
	fflush(stdout);
}

void
edit_print_async(struct edit *e, const char *text)
{
	if (e->editing)
		fputs("\n", stdout);
	edit_write(e, text, strlen(text));
	if (e->editing)
		retype(e);
}

/* ---- keys that are ours ---- */

static char *
before_cursor(EditLine *el)
{
	const LineInfo *li = el_line(el);
	size_t n = (size_t)(li->cursor - li->buffer);
	char *s = xcalloc(1, n + 1);

	memcpy(s, li->buffer, n);
	return s;
}

static unsigned char
on_help(EditLine *el, int ch UNUSED)
{
	struct edit *e;
	char *text;

	el_get(el, EL_CLIENTDATA, &e);
	if (e->secret)
		return CC_ERROR;
	text = before_cursor(el);
	fputs("?\n", stdout);
	e->editing = false;
	e->ops->help(e->arg, text);
	e->editing = true;
	free(text);
	retype(e);
	return CC_NORM;
}

static unsigned char
on_tab(EditLine *el, int ch UNUSED)
{
	char add[256] = "";
	struct edit *e;
	char *text;

	el_get(el, EL_CLIENTDATA, &e);
	text = before_cursor(el);
	e->ops->complete(e->arg, text, add);
	free(text);
	if (add[0] == '\0' || el_insertstr(el, add) == -1)
		return CC_NORM;
	return CC_REFRESH;
}

static unsigned char
finish(EditLine *el, enum edit_end end)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	e->end = end;
	return CC_NEWLINE;
}

static unsigned char
on_ctrl_z(EditLine *el, int ch UNUSED)
{
	fputs("^Z", stdout);
	return finish(el, EDIT_CTRL_Z);
}

static unsigned char
on_ctrl_c(EditLine *el, int ch UNUSED)
{
	return finish(el, EDIT_CTRL_C);
}

static unsigned char
on_leave(EditLine *el, int ch UNUSED)
{
	return finish(el, EDIT_LEAVE);
}

static char *
on_prompt(EditLine *el)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	return (char *)(uintptr_t)e->prompt;
}

static void
bind_keys(EditLine *el)
{
	static const struct {
		const char *name, *help, *key;
		unsigned char (*fn)(EditLine *, int);
	} own[] = {
	    {"cohort-help", "help", "?", on_help},
	    {"cohort-complete", "complete", "^I", on_tab},
	    {"cohort-end", "leave configuration", "^Z", on_ctrl_z},
	    {"cohort-drop", "drop the line", "^C", on_ctrl_c},
	    {"cohort-leave", "detach", "^]", on_leave},
	};
	static const char *const more[][2] = {{"^W", "ed-delete-prev-word"},
	    {"^U", "vi-kill-line-prev"}, {"^X", "vi-kill-line-prev"},
	    {"^D", "ed-delete-next-char"}, {"^V", "ed-quoted-insert"},
	    {"^R", "ed-redisplay"}, {"^L", "ed-redisplay"}};
	size_t i;

	for (i = 0; i < NELEM(own); i++) {
		el_set(el, EL_ADDFN, own[i].name, own[i].help, own[i].fn);
		el_set(el, EL_BIND, own[i].key, own[i].name, NULL);
	}
	for (i = 0; i < NELEM(more); i++)
		el_set(el, EL_BIND, more[i][0], more[i][1], NULL);
}

/* ---- start and end ---- */

struct edit *
edit_new(int other_fd, const struct edit_ops *ops, void *arg)
{
	struct edit *e = xcalloc(1, sizeof(*e));
	struct termios raw;
	HistEvent ev;

	e->other = other_fd;
	e->ops = ops;
	e->arg = arg;
	(void)tcgetattr(STDIN_FILENO, &e->before);
	e->el = el_init("cohort", stdin, stdout, stderr);
	if (e->el == NULL)
		fatal("el_init");
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_TERMINAL, "dumb");
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_SIGNAL, 0);
	el_set(e->el, EL_PROMPT, on_prompt);
	el_set(e->el, EL_GETCFN, on_getc);
	el_set(e->el, EL_SETTY, "-x", "-echo", "-icanon", "-isig", "-ixon",
	    "-icrnl", NULL);
	el_set(e->el, EL_SETTY, "-d", "-isig", "-ixon", "-icrnl", NULL);
	e->hist = history_init();
	history(e->hist, &ev, H_SETSIZE, HISTORY_LINES);
	history(e->hist, &ev, H_SETUNIQUE, 1);
	el_set(e->el, EL_HIST, history, e->hist);
	bind_keys(e->el);
	/* Raw between lines too: libedit goes back to -x then. */
	(void)tcgetattr(STDIN_FILENO, &raw);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	return e;
}

void
edit_free(struct edit *e)
{
	el_end(e->el);
	history_end(e->hist);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &e->before);
	free(e->line);
	free(e);
}

static enum edit_end
read_secret(struct edit *e, const char *prompt, const char **line)
{
	struct strbuf sb = {0};
	int c;

	fputs(prompt, stdout);
	fflush(stdout);
	while ((c = edit_getkey(e)) != -1 && c != '\r' && c != '\n') {
		char ch = (char)c;

		if ((c == 0x7f || c == '\b') && sb.len > 0)
			sb.s[--sb.len] = '\0';
		else if (c >= ' ')
			sb_add(&sb, &ch, 1);
	}
	fputs("\n", stdout);
	fflush(stdout);
	e->line = sb.s != NULL ? sb.s : xstrdup("");
	*line = e->line;
	return c == -1 ? EDIT_EOF : EDIT_LINE;
}

enum edit_end
edit_readline(struct edit *e, const char *prompt, bool secret,
    const char **line)
{
	const char *got;
	HistEvent ev;
	int n;

	if (e->line != NULL)
		explicit_bzero(e->line, strlen(e->line));
	free(e->line);
	e->line = NULL;
	*line = "";
	e->prompt = prompt;
	if (secret)
		return read_secret(e, prompt, line);
	e->end = EDIT_LINE;
	e->editing = true;
	got = el_gets(e->el, &n);
	e->editing = false;
	if (e->end != EDIT_LINE)
		fputs("\n", stdout);
	fflush(stdout);
	if (got == NULL || n <= 0) {
		e->line = xstrdup("");
		*line = e->line;
		return e->end == EDIT_LINE ? EDIT_EOF : e->end;
	}
	e->line = xstrdup(got);
	e->line[strcspn(e->line, "\r\n")] = '\0';
	*line = e->line;
	if (e->line[strspn(e->line, " \t")] != '\0')
		history(e->hist, &ev, H_ENTER, e->line);
	return e->end;
}
