/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor: the keys of IOS, on any terminal. It writes printable
 * octets, BS, SP, CR, LF (and BEL when a line is full), so that a program on
 * the other side sees exactly what was typed.
 *
 * After each key the screen (screen.c) shows the line as it is then.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/line.h"
#include "cli/screen.h"
#include "cli/term.h"

#define CTRL(c) ((c) & 0x1f)
#define DEL 0x7f
#define ESC 0x1b

enum { KEY_PLAIN, KEY_ESC, KEY_CSI, KEY_SS3 };

struct edit {
	struct term *term;
	const struct edit_ops *ops;
	void *arg;
	struct edit_settings set;
	struct line line;
	struct kills kills;
	struct history history[2]; /* EDIT_EXEC, EDIT_CONFIG */
	enum edit_kind kind;
	bool editing; /* a line is being read */
	bool begun;   /* a key was pressed in this session */
	bool done, full;
	enum edit_end end;
	/* of the key that is coming */
	int state;
	char seq[8];	/* parameters of ESC [ */
	size_t nseq;
	char utf8[4];	/* a character that is not whole */
	size_t nutf8, want_utf8;
	bool literal;	/* Ctrl-V */
	bool same;	/* the key changed nothing that is shown */
	/* what Ctrl-Y put there, for Esc Y */
	bool yanked, yank_next;
	size_t yank_from, yank_to;
	struct screen screen;
};

static void
write_str(struct edit *e, const char *s)
{
	term_put(e->term, s, strlen(s));
}

/* NULL: nothing is shown of it. */
static const struct line *
shown_line(const struct edit *e)
{
	return e->kind == EDIT_SECRET ? NULL : &e->line;
}

static void
retype(struct edit *e)
{
	screen_retype(&e->screen, shown_line(e));
}

static void
retype_below(struct edit *e)
{
	write_str(e, "\n");
	retype(e);
}

/* ---- what keys do ---- */

static void
finish(struct edit *e, enum edit_end end)
{
	e->done = true;
	e->end = end;
}

static void
on_enter(struct edit *e)
{
	finish(e, e->full ? EDIT_LONG : EDIT_LINE);
}

static void
on_ctrl_z(struct edit *e)
{
	if (e->kind != EDIT_SECRET)
		write_str(e, "^Z");
	finish(e, EDIT_CTRL_Z);
}

static void
on_ctrl_c(struct edit *e)
{
	finish(e, EDIT_CTRL_C);
}

/* Ctrl-Shift-6: of a command that asks. Behind a prompt nothing runs. */
static void
on_escape(struct edit *e)
{
	if (e->kind == EDIT_ANSWER || e->kind == EDIT_SECRET)
		finish(e, EDIT_CTRL_C);
}

static void
on_leave(struct edit *e)
{
	finish(e, EDIT_LEAVE);
}

static void
on_start(struct edit *e)
{
	e->line.cur = 0;
}

static void
on_end(struct edit *e)
{
	e->line.cur = e->line.len;
}

static void
on_left(struct edit *e)
{
	e->line.cur = line_left(&e->line);
}

static void
on_right(struct edit *e)
{
	e->line.cur = line_right(&e->line);
}

static void
on_word_left(struct edit *e)
{
	e->line.cur = line_word_left(&e->line);
}

static void
on_word_right(struct edit *e)
{
	e->line.cur = line_word_right(&e->line);
}

static void
on_backspace(struct edit *e)
{
	line_cut(&e->line, line_left(&e->line), e->line.cur);
	e->full = false;
}

static void
on_delete(struct edit *e)
{
	line_cut(&e->line, e->line.cur, line_right(&e->line));
	e->full = false;
}

/* A deletion that can be recalled; not of a secret. */
static void
kill_range(struct edit *e, size_t from, size_t to)
{
	if (e->kind != EDIT_SECRET)
		kills_add(&e->kills, e->line.s + from, to - from);
	line_cut(&e->line, from, to);
	e->full = false;
}

static void
on_kill_end(struct edit *e)
{
	kill_range(e, e->line.cur, e->line.len);
}

static void
on_kill_start(struct edit *e)
{
	kill_range(e, 0, e->line.cur);
}

static void
on_kill_word_left(struct edit *e)
{
	kill_range(e, line_word_left(&e->line), e->line.cur);
}

static void
on_kill_word_right(struct edit *e)
{
	kill_range(e, e->line.cur, line_word_right(&e->line));
}

static void
insert(struct edit *e, const char *text, size_t n)
{
	if (line_insert(&e->line, text, n))
		return;
	if (!e->full)
		write_str(e, "\a");
	e->full = true; /* the whole line is refused, not cut */
	e->same = true;
}

static void
recall(struct edit *e)
{
	const char *text = e->kills.v[e->kills.at];

	e->yank_from = e->line.cur;
	insert(e, text, strlen(text));
	e->yank_to = e->line.cur;
	e->yank_next = true;
}

static void
on_yank(struct edit *e)
{
	e->kills.at = 0;
	if (e->kills.n > 0)
		recall(e);
}

/* Only behind a recall, in place of what it put there. */
static void
on_yank_next(struct edit *e)
{
	if (!e->yanked)
		return;
	line_cut(&e->line, e->yank_from, e->yank_to);
	e->kills.at = (e->kills.at + 1) % e->kills.n;
	recall(e);
}

static void
on_transpose(struct edit *e)
{
	line_transpose(&e->line);
}

static void
on_capitalize(struct edit *e)
{
	line_case(&e->line, LINE_CAPITALIZE);
}

static void
on_lower(struct edit *e)
{
	line_case(&e->line, LINE_LOWER);
}

static void
on_upper(struct edit *e)
{
	line_case(&e->line, LINE_UPPER);
}

static void
on_literal(struct edit *e)
{
	e->literal = true;
}

static bool
takes_commands(const struct edit *e)
{
	return e->kind == EDIT_EXEC || e->kind == EDIT_CONFIG;
}

/* Another line takes the place of this one, however much was typed. */
static void
recall_line(struct edit *e, bool (*fn)(struct history *, struct line *))
{
	if (fn(&e->history[e->kind], &e->line))
		e->full = false;
}

static void
on_older(struct edit *e)
{
	if (takes_commands(e))
		recall_line(e, history_older);
}

static void
on_newer(struct edit *e)
{
	if (takes_commands(e))
		recall_line(e, history_newer);
}

static char *
before_cursor(const struct edit *e)
{
	return xasprintf("%.*s", (int)e->line.cur, e->line.s);
}

static void
on_help(struct edit *e)
{
	char *text = before_cursor(e);

	screen_leave(&e->screen);
	write_str(e, "?\n");
	e->ops->help(e->arg, text);
	free(text);
	retype(e);
}

static void
on_tab(struct edit *e)
{
	char add[256] = "", *text = before_cursor(e);

	e->ops->complete(e->arg, text, add);
	free(text);
	insert(e, add, strlen(add));
	retype_below(e);
}

/* ---- keys ---- */

struct binding {
	int key;
	void (*fn)(struct edit *);
	bool basic; /* also without editing */
};

static const struct binding plain_keys[] = {
    {'\r', on_enter, true}, {CTRL('Z'), on_ctrl_z, true},
    {CTRL('C'), on_ctrl_c, true}, {0x1d, on_leave, true},
    {0x1e, on_escape, true},
    {DEL, on_backspace, true}, {'\b', on_backspace, true},
    {CTRL('U'), on_kill_start, true}, {CTRL('X'), on_kill_start, false},
    {CTRL('W'), on_kill_word_left, true}, {CTRL('A'), on_start, false},
    {CTRL('E'), on_end, false}, {CTRL('B'), on_left, false},
    {CTRL('F'), on_right, false}, {CTRL('P'), on_older, false},
    {CTRL('N'), on_newer, false}, {CTRL('D'), on_delete, false},
    {CTRL('K'), on_kill_end, false}, {CTRL('Y'), on_yank, false},
    {CTRL('T'), on_transpose, false}, {CTRL('L'), retype_below, false},
    {CTRL('R'), retype_below, false}, {CTRL('V'), on_literal, false},
};

static const struct binding esc_keys[] = {
    {'b', on_word_left, false}, {'f', on_word_right, false},
    {'d', on_kill_word_right, false}, {'y', on_yank_next, false},
    {'c', on_capitalize, false}, {'l', on_lower, false},
    {'u', on_upper, false}, {'q', on_literal, false},
    {DEL, on_kill_word_left, false}, {'\b', on_kill_word_left, false},
};

/* ESC [ A and ESC O A; with a ~ by their number */
static const struct binding cursor_keys[] = {
    {'A', on_older, false}, {'B', on_newer, false}, {'C', on_right, false},
    {'D', on_left, false}, {'H', on_start, false}, {'F', on_end, false},
};
static const struct binding number_keys[] = {
    {'1', on_start, false}, {'7', on_start, false}, {'4', on_end, false},
    {'8', on_end, false}, {'3', on_delete, false},
};

/* A key without a function is none. */
static void
call(struct edit *e, const struct binding *b, size_t n, int key)
{
	for (; n > 0; n--, b++)
		if (b->key == key && (b->basic || e->set.editing)) {
			b->fn(e);
			return;
		}
}

/* Octets above ASCII are inserted when a character of UTF-8 is whole, else
 * dropped: half a one would spoil what the terminal shows. */
static void
on_utf8(struct edit *e, unsigned char c)
{
	if ((c & 0xc0) != 0x80) {
		e->nutf8 = 0;
		e->want_utf8 = c >= 0xf0 && c < 0xf5 ? 4
		    : c >= 0xe0 && c < 0xf0	     ? 3
		    : c >= 0xc2 && c < 0xe0	     ? 2
						     : 0;
	}
	if (e->nutf8 >= e->want_utf8)
		return;
	e->utf8[e->nutf8++] = (char)c;
	if (e->nutf8 < e->want_utf8)
		return;
	/* C1 controls drive terminals: U+0080..U+009F. */
	if ((unsigned char)e->utf8[0] != 0xc2 ||
	    (unsigned char)e->utf8[1] >= 0xa0)
		insert(e, e->utf8, e->nutf8);
	e->want_utf8 = 0;
}

static void
on_plain_key(struct edit *e, int c)
{
	char ch = (char)c;

	if (c >= 0x80)
		on_utf8(e, (unsigned char)c);
	else if (c == '?' && takes_commands(e))
		on_help(e);
	else if (c == '\t' && takes_commands(e) && e->set.editing)
		on_tab(e);
	else if ((c >= ' ' && c != DEL) ||
	    (e->kind == EDIT_TEXT && (c == '\t' || c == CTRL('C'))))
		insert(e, &ch, 1);
	else if (c == ESC)
		e->state = e->set.editing ? KEY_ESC : KEY_PLAIN;
	else
		call(e, plain_keys, NELEM(plain_keys), c);
}

static void
on_esc_key(struct edit *e, int c)
{
	e->state = KEY_PLAIN;
	e->nseq = 0;
	if (c == '[')
		e->state = KEY_CSI;
	else if (c == 'O')
		e->state = KEY_SS3;
	else
		call(e, esc_keys, NELEM(esc_keys),
		    c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The rest of ESC [ and ESC O: parameters, then one letter. */
static void
on_sequence(struct edit *e, int c)
{
	if (c < '@') {
		if (e->nseq < sizeof(e->seq))
			e->seq[e->nseq++] = (char)c;
		return;
	}
	e->state = KEY_PLAIN;
	if (c == '~' && e->nseq == 1)
		call(e, number_keys, NELEM(number_keys), e->seq[0]);
	else if (c != '~')
		call(e, cursor_keys, NELEM(cursor_keys), c);
}

static void
on_literal_key(struct edit *e, int c)
{
	char ch = (char)c;

	e->literal = false;
	if (c >= 0x80)
		on_utf8(e, (unsigned char)c);
	else if (c == '\r')
		on_enter(e);
	else if (c != 0)
		insert(e, &ch, 1);
}

static void
on_key(struct edit *e, int c)
{
	e->same = false;
	e->yanked = e->yank_next;
	if (c != ESC)
		e->yank_next = false;
	if (e->literal)
		on_literal_key(e, c);
	else if (e->state == KEY_PLAIN || (c < ' ' && c != '\b')) {
		e->state = KEY_PLAIN; /* a sequence that was cut off */
		on_plain_key(e, c);
	} else if (e->state == KEY_ESC)
		on_esc_key(e, c);
	else
		on_sequence(e, c);
	if (!e->done && !e->same)
		screen_refresh(&e->screen, shown_line(e));
}

/* ---- the functions of edit.h ---- */

static void
begin(struct edit *e, const char *prompt, enum edit_kind kind)
{
	line_clear(&e->line);
	e->screen.prompt = prompt;
	e->kind = kind;
	e->done = e->full = e->literal = e->yank_next = false;
	e->state = KEY_PLAIN;
	e->nutf8 = e->want_utf8 = 0;
	e->screen.window = 0;
	e->editing = true;
	retype(e);
}

enum edit_end
edit_readline(struct edit *e, const char *prompt, enum edit_kind kind,
    const char **line)
{
	int c;

	begin(e, prompt, kind);
	while (!e->done) {
		c = term_key(e->term, true);
		if (c == -1) {
			line_clear(&e->line);
			finish(e, EDIT_EOF);
			break;
		}
		e->begun = true;
		on_key(e, c);
	}
	e->editing = false;
	if (e->end != EDIT_EOF)
		write_str(e, "\n");
	if (takes_commands(e))
		history_add(&e->history[kind], e->end == EDIT_LINE ||
		    e->end == EDIT_CTRL_Z ? e->line.s : "");
	if (e->end == EDIT_LONG)
		line_clear(&e->line);
	*line = e->line.s;
	return e->end;
}

void
edit_forget(struct edit *e)
{
	history_forget(&e->history[e->kind == EDIT_CONFIG]);
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

/* As IOS: without `logging synchronous` the text breaks into the line and the
 * next key goes on where it was. Only before the first key of a session the
 * prompt is given again, or a new user would see none. */
void
edit_print_async(struct edit *e, const char *text)
{
	if (!term_at_start(e->term))
		write_str(e, "\n");
	write_str(e, text);
	if (e->editing && (e->set.sync || !e->begun))
		retype(e);
}

void
edit_write(struct edit *e, const char *text, size_t len)
{
	term_put(e->term, text, len);
	term_flush(e->term);
}

void
edit_set(struct edit *e, const struct edit_settings *set)
{
	e->set = *set;
	e->screen.width = set->width;
	history_resize(&e->history[EDIT_EXEC], set->history);
	history_resize(&e->history[EDIT_CONFIG], set->history);
}

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

struct edit *
edit_new(const struct edit_io *io, const struct edit_ops *ops, void *arg)
{
	static const struct term_ops term_ops = {on_event, on_active};
	static const struct edit_settings set = {80, 10, true, false};
	struct term_io tio = {io->in, io->out, io->other, io->telnet, false};
	struct edit *e = xcalloc(1, sizeof(*e));

	*e = (struct edit){.ops = ops, .arg = arg};
	e->screen.term = e->term = term_new(&tio, &term_ops, e);
	e->screen.prompt = "";
	edit_set(e, &set);
	return e;
}

void
edit_free(struct edit *e)
{
	if (e == NULL)
		return;
	term_free(e->term);
	edit_set(e, &(struct edit_settings){0}); /* no history */
	kills_free(&e->kills);
	explicit_bzero(e, sizeof(*e));
	free(e);
}
