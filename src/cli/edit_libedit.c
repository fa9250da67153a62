/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor on libedit (configure --with-libedit): terminal type dumb
 * (no escape sequences near a prompt), keys by our terminal. What is not a
 * tty has lines without editing.
 */
#include "config.h"

#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/edit.h"
#include "cli/term.h"

struct edit {
	struct term *term;
	EditLine *el; /* NULL: not a tty */
	History *hist[2]; /* EDIT_EXEC, EDIT_CONFIG */
	FILE *in, *out;
	const struct edit_ops *ops;
	void *arg;
	bool editing, sync, begun;
	enum edit_kind kind;
	enum edit_end end;
	const char *prompt;
	char *line;
};

static int
on_getc(EditLine *el, wchar_t *out)
{
	struct edit *e;
	int c;

	el_get(el, EL_CLIENTDATA, &e);
	fflush(e->out);
	c = term_key(e->term, true);
	if (c == -1)
		return 0;
	e->begun = true;
	*out = (wchar_t)c;
	return 1;
}

int
edit_getkey(struct edit *e, bool serve)
{
	e->begun = true;
	return term_key(e->term, serve);
}

void
edit_hangup(struct edit *e)
{
	term_hangup(e->term);
}

int
edit_wait(struct edit *e)
{
	return term_wait(e->term);
}

bool
edit_more(struct edit *e)
{
	return term_more(e->term);
}

/* ---- output ---- */

static void
write_str(struct edit *e, const char *text)
{
	edit_write(e, text, strlen(text));
}

/* On a tty libedit writes too: nothing stays in a buffer. */
void
edit_write(struct edit *e, const char *text, size_t len)
{
	if (e->out != NULL)
		fflush(e->out);
	term_put(e->term, text, len);
	term_flush(e->term);
}

/* Prompt and line once more, with the cursor where it was. */
static void
retype(struct edit *e)
{
	const LineInfo *li = e->el != NULL ? el_line(e->el) : NULL;
	size_t back = 0;

	write_str(e, e->prompt);
	if (li == NULL || e->kind == EDIT_SECRET)
		return;
	edit_write(e, li->buffer, (size_t)(li->lastchar - li->buffer));
	for (back = (size_t)(li->lastchar - li->cursor); back > 0; back--)
		write_str(e, "\b");
}

void
edit_print_async(struct edit *e, const char *text)
{
	if (e->editing || !term_at_start(e->term))
		write_str(e, "\n");
	write_str(e, text);
	if (e->editing && (e->sync || !e->begun))
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
insert_one(EditLine *el, char c)
{
	char text[2] = {c, '\0'};

	return el_insertstr(el, text) == -1 ? CC_ERROR : CC_REFRESH;
}

static unsigned char
on_help(EditLine *el, int ch UNUSED)
{
	struct edit *e;
	char *text;

	el_get(el, EL_CLIENTDATA, &e);
	if (e->kind > EDIT_CONFIG)
		return insert_one(el, '?');
	text = before_cursor(el);
	write_str(e, "?\n");
	e->ops->help(e->arg, text);
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
	if (e->kind > EDIT_CONFIG)
		return insert_one(el, '\t');
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
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	write_str(e, "^Z");
	return finish(el, EDIT_CTRL_Z);
}

static unsigned char
on_ctrl_c(EditLine *el, int ch UNUSED)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	if (e->kind == EDIT_TEXT)
		return insert_one(el, 0x03);
	return finish(el, EDIT_CTRL_C);
}

/* Ctrl-Shift-6: of a command that asks. */
static unsigned char
on_escape(EditLine *el, int ch UNUSED)
{
	struct edit *e;

	el_get(el, EL_CLIENTDATA, &e);
	return e->kind == EDIT_ANSWER || e->kind == EDIT_SECRET ?
	    finish(el, EDIT_CTRL_C) : CC_NORM;
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
	    {"cohort-escape", "end a command", "^^", on_escape},
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

static void
on_event(void *arg)
{
	struct edit *e = arg;

	e->ops->event(e->arg);
}

static void
on_active(void *arg)
{
	struct edit *e = arg;

	if (e->ops->active != NULL)
		e->ops->active(e->arg);
}

static void
start_libedit(struct edit *e, const struct edit_io *io)
{
	e->in = fdopen(dup(io->in), "r");
	e->out = fdopen(dup(io->out), "w");
	if (e->in == NULL || e->out == NULL)
		fatal("fdopen");
	e->el = el_init("cohort", e->in, e->out, stderr);
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
	bind_keys(e->el);
}

struct edit *
edit_new(const struct edit_io *io, const struct edit_ops *ops, void *arg)
{
	static const struct term_ops term_ops = {on_event, on_active};
	bool tty = isatty(io->in) && isatty(io->out);
	struct term_io tio = {io->in, io->out, io->other, io->telnet, tty};
	struct edit *e = xcalloc(1, sizeof(*e));
	HistEvent ev;
	int i;

	e->ops = ops;
	e->arg = arg;
	e->prompt = "";
	for (i = 0; i < 2; i++) {
		e->hist[i] = history_init();
		history(e->hist[i], &ev, H_SETSIZE, 10);
		history(e->hist[i], &ev, H_SETUNIQUE, 1);
	}
	e->term = term_new(&tio, &term_ops, e);
	if (tty)
		start_libedit(e, io);
	return e;
}

/* libedit takes the width from the terminal, and always edits. */
void
edit_set(struct edit *e, const struct edit_settings *set)
{
	HistEvent ev;

	e->sync = set->sync;
	history(e->hist[0], &ev, H_SETSIZE, (int)set->history);
	history(e->hist[1], &ev, H_SETSIZE, (int)set->history);
}

static void
forget_line(struct edit *e)
{
	if (e->line != NULL)
		explicit_bzero(e->line, strlen(e->line));
	free(e->line);
	e->line = NULL;
}

void
edit_free(struct edit *e)
{
	if (e == NULL)
		return;
	if (e->el != NULL) {
		el_end(e->el);
		fclose(e->in);
		fclose(e->out);
		e->out = NULL;
	}
	history_end(e->hist[0]);
	history_end(e->hist[1]);
	term_free(e->term);
	forget_line(e);
	free(e);
}

/* A line without editing: a secret, or not on a tty. */
static enum edit_end
read_plain(struct edit *e, const char **line)
{
	struct strbuf sb = {0};
	int c;

	write_str(e, e->prompt);
	while ((c = term_key(e->term, true)) != -1 && c != '\r' && c != 0x03) {
		char ch = (char)c;

		if (c == '?' && e->kind <= EDIT_CONFIG) {
			write_str(e, "?\n");
			e->ops->help(e->arg, sb.s != NULL ? sb.s : "");
			write_str(e, e->prompt);
			write_str(e, sb.s != NULL ? sb.s : "");
		} else if ((c == 0x7f || c == '\b') && sb.len > 0) {
			sb.s[--sb.len] = '\0';
			if (e->kind != EDIT_SECRET)
				write_str(e, "\b \b");
		} else if (c >= ' ' && c != 0x7f && sb.len < 4095) {
			sb_add(&sb, &ch, 1);
			if (e->kind != EDIT_SECRET)
				edit_write(e, &ch, 1);
		}
	}
	write_str(e, "\n");
	e->line = sb.s != NULL ? sb.s : xstrdup("");
	*line = e->line;
	return c == -1 ? EDIT_EOF : c == 0x03 ? EDIT_CTRL_C : EDIT_LINE;
}

static enum edit_end
read_edited(struct edit *e, const char **line)
{
	const char *got;
	HistEvent ev;
	int n;

	if (e->kind <= EDIT_CONFIG)
		el_set(e->el, EL_HIST, history, e->hist[e->kind]);
	e->end = EDIT_LINE;
	got = el_gets(e->el, &n);
	if (e->end != EDIT_LINE)
		write_str(e, "\n");
	fflush(e->out);
	e->line = xstrdup(got == NULL || n <= 0 ? "" : got);
	if (got == NULL || n <= 0)
		return e->end == EDIT_LINE ? EDIT_EOF : e->end;
	e->line[strcspn(e->line, "\r\n")] = '\0';
	*line = e->line;
	if (e->kind <= EDIT_CONFIG && e->line[strspn(e->line, " \t")] != '\0')
		history(e->hist[e->kind], &ev, H_ENTER, e->line);
	return e->end;
}

void
edit_forget(struct edit *e)
{
	HistEvent ev;

	if (e->kind <= EDIT_CONFIG && history(e->hist[e->kind], &ev,
	    H_FIRST) != -1)
		history(e->hist[e->kind], &ev, H_DEL, ev.num);
}

enum edit_end
edit_readline(struct edit *e, const char *prompt, enum edit_kind kind,
    const char **line)
{
	enum edit_end end;

	forget_line(e);
	*line = "";
	e->prompt = prompt;
	e->kind = kind;
	e->editing = true;
	end = e->el == NULL || kind == EDIT_SECRET ? read_plain(e, line)
						   : read_edited(e, line);
	e->editing = false;
	return end;
}
