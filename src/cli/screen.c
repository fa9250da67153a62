/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the line editor shows. What stands behind the prompt is remembered
 * (`shown`). The line is compared with it and only the difference is written:
 * a character at the end of the line is echoed as itself. A line wider than
 * the terminal is shown through a window that moves by ten columns (fewer
 * where there is little room); `$` marks a cut end.
 */
#include "config.h"

#include <string.h>

#include "cli/screen.h"

#define DEL 0x7f
#define SCROLL 10
#define ROOM_MIN 4
#define WIDTH_ENDLESS 511

static void
cell_add(struct cells *c, const char *text, size_t n)
{
	size_t end = c->at[c->n];

	memcpy(c->s + end, text, n);
	c->at[++c->n] = (uint16_t)(end + n);
}

/* Control characters that were typed literally take two cells. */
static void
cells_of_line(struct cells *c, const struct line *l)
{
	size_t i, n;

	c->n = 0;
	for (i = 0; i < l->len; i += n) {
		unsigned char ch = (unsigned char)l->s[i];
		char hat[2] = {'^', (char)(ch ^ 0x40)};

		if (i == l->cur)
			c->cur = c->n;
		for (n = 1; i + n < l->len &&
		     ((unsigned char)l->s[i + n] & 0xc0) == 0x80; n++)
			;
		if (ch == '\t')
			cell_add(c, " ", 1);
		else if (ch < ' ' || ch == DEL) {
			cell_add(c, hat, 1);
			cell_add(c, hat + 1, 1);
		} else
			cell_add(c, l->s + i, n);
	}
	if (l->cur == l->len)
		c->cur = c->n;
}

/* Columns behind the prompt (behind its last row, if it takes several), 0 if
 * lines are never cut. The last one stays empty: terminals differ in what they
 * do there. */
static unsigned
room(const struct screen *s)
{
	unsigned width = s->width, used;

	if (width == 0 || width >= WIDTH_ENDLESS)
		return 0;
	used = (unsigned)(strlen(s->prompt) % width) + 1;
	return width >= used + ROOM_MIN ? width - used : 0;
}

/* Moves the window so that the cursor is in it and on no `$`. */
static void
scroll(struct screen *s, const struct cells *c, unsigned width)
{
	unsigned step = width / 2 < SCROLL ? width / 2 : SCROLL;

	if (c->n <= width) {
		s->window = 0;
		return;
	}
	while (c->cur > s->window + width -
		(c->n > s->window + width ? 2 : 0))
		s->window += step;
	while (s->window > 0 && c->cur <= s->window)
		s->window -= s->window > step ? step : s->window;
}

/* What is to stand behind the prompt. */
static void
compose(struct screen *s, const struct line *l)
{
	struct cells *all = &s->all, *w = &s->want;
	unsigned width = room(s), i, end;

	w->n = w->cur = 0;
	if (l == NULL)
		return;
	cells_of_line(all, l);
	if (width == 0)
		s->window = 0;
	else
		scroll(s, all, width);
	end = all->n;
	if (width != 0 && end > s->window + width)
		end = s->window + width;
	for (i = s->window; i < end; i++)
		if ((i == s->window && i > 0) || (i + 1 == end && end < all->n))
			cell_add(w, "$", 1);
		else
			cell_add(w, all->s + all->at[i],
			    (size_t)(all->at[i + 1] - all->at[i]));
	w->cur = all->cur - s->window;
}

static void
write_cells(struct screen *s, const struct cells *c, unsigned from, unsigned to)
{
	term_put(s->term, c->s + c->at[from],
	    (size_t)(c->at[to] - c->at[from]));
}

static void
write_times(struct screen *s, const char *what, unsigned n)
{
	while (n-- > 0)
		term_put(s->term, what, 1);
}

/* The cursor within what is shown. */
static void
move_to(struct screen *s, unsigned to)
{
	if (to < s->shown.cur)
		write_times(s, "\b", s->shown.cur - to);
	else
		write_cells(s, &s->shown, s->shown.cur, to);
	s->shown.cur = to;
}

static void
copy_cells(struct cells *to, const struct cells *from)
{
	memcpy(to->s, from->s, from->at[from->n]);
	memcpy(to->at, from->at, (from->n + 1) * sizeof(from->at[0]));
	to->n = from->n;
	to->cur = from->cur;
}

/* ---- the functions of screen.h ---- */

void
screen_refresh(struct screen *s, const struct line *l)
{
	struct cells *w = &s->want, *is = &s->shown;
	unsigned same = 0, more;

	compose(s, l);
	while (same < w->n && same < is->n &&
	    w->at[same + 1] == is->at[same + 1] &&
	    memcmp(w->s + w->at[same], is->s + is->at[same],
		(size_t)(w->at[same + 1] - w->at[same])) == 0)
		same++;
	if (same < w->n || same < is->n) {
		move_to(s, same);
		write_cells(s, w, same, w->n);
		more = is->n > w->n ? is->n - w->n : 0;
		write_times(s, " ", more);
		write_times(s, "\b", more);
		more = w->cur;
		w->cur = w->n;
		copy_cells(is, w);
		w->cur = more;
	}
	move_to(s, w->cur);
}

void
screen_retype(struct screen *s, const struct line *l)
{
	term_put(s->term, s->prompt, strlen(s->prompt));
	s->shown.n = s->shown.cur = 0;
	screen_refresh(s, l);
}

void
screen_leave(struct screen *s)
{
	move_to(s, s->shown.n);
}
