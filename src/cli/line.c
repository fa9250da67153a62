/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A line that is edited, its deletions and its history.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/line.h"

static bool
inside_char(char c) /* not the first octet of a character */
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void
line_clear(struct line *l)
{
	explicit_bzero(l->s, l->len);
	l->len = l->cur = 0;
}

void
line_set(struct line *l, const char *text)
{
	line_clear(l);
	str_copy(l->s, text, sizeof(l->s));
	l->len = l->cur = strlen(l->s);
}

bool
line_insert(struct line *l, const char *text, size_t n)
{
	if (n >= sizeof(l->s) - l->len)
		return false;
	memmove(l->s + l->cur + n, l->s + l->cur, l->len - l->cur + 1);
	memcpy(l->s + l->cur, text, n);
	l->len += n;
	l->cur += n;
	return true;
}

void
line_cut(struct line *l, size_t from, size_t to)
{
	memmove(l->s + from, l->s + to, l->len - to + 1);
	explicit_bzero(l->s + l->len - (to - from), to - from);
	l->len -= to - from;
	l->cur = from;
}

size_t
line_left(const struct line *l)
{
	size_t i = l->cur;

	if (i > 0)
		do
			i--;
		while (i > 0 && inside_char(l->s[i]));
	return i;
}

size_t
line_right(const struct line *l)
{
	size_t i = l->cur;

	if (i < l->len)
		do
			i++;
		while (i < l->len && inside_char(l->s[i]));
	return i;
}

size_t
line_word_left(const struct line *l)
{
	size_t i = l->cur;

	while (i > 0 && l->s[i - 1] == ' ')
		i--;
	while (i > 0 && l->s[i - 1] != ' ')
		i--;
	return i;
}

size_t
line_word_right(const struct line *l)
{
	size_t i = l->cur;

	while (i < l->len && l->s[i] == ' ')
		i++;
	while (i < l->len && l->s[i] != ' ')
		i++;
	return i;
}

void
line_case(struct line *l, enum line_case how)
{
	size_t end = line_word_right(l);
	bool first = true;

	for (; l->cur < end; l->cur++) {
		unsigned char c = (unsigned char)l->s[l->cur];

		if (c == ' ' || c >= 0x80)
			continue;
		l->s[l->cur] = (char)(how == LINE_UPPER ||
			(how == LINE_CAPITALIZE && first) ? toupper(c)
							  : tolower(c));
		first = false;
	}
}

void
line_transpose(struct line *l)
{
	char tmp[LINE_CAP];
	size_t left, mid, right;

	if (l->cur == l->len)
		l->cur = line_left(l);
	mid = l->cur;
	left = line_left(l);
	right = line_right(l);
	if (left == mid)
		return;
	memcpy(tmp, l->s + left, mid - left);
	memmove(l->s + left, l->s + mid, right - mid);
	memcpy(l->s + left + (right - mid), tmp, mid - left);
	l->cur = right;
}

/* ---- deletions ---- */

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
kills_add(struct kills *k, const char *text, size_t n)
{
	if (n == 0)
		return;
	if (k->n == LINE_KILLS)
		wipe(k->v[--k->n]);
	memmove(k->v + 1, k->v, k->n * sizeof(k->v[0]));
	k->v[0] = xasprintf("%.*s", (int)n, text);
	k->n++;
	k->at = 0;
}

void
kills_free(struct kills *k)
{
	while (k->n > 0)
		wipe(k->v[--k->n]);
}

/* ---- history ---- */

static void
forget_oldest(struct history *h)
{
	wipe(h->v[0]);
	memmove(h->v, h->v + 1, --h->n * sizeof(h->v[0]));
}

void
history_resize(struct history *h, unsigned size)
{
	if (size > LINE_HISTORY_MAX)
		size = LINE_HISTORY_MAX;
	history_rewind(h);
	while (h->n > size)
		forget_oldest(h);
	if (size == 0) {
		free(h->v);
		h->v = NULL;
	} else if (size != h->size)
		h->v = xrealloc(h->v, size * sizeof(h->v[0]));
	h->size = size;
	h->at = h->n;
}

void
history_add(struct history *h, const char *text)
{
	history_rewind(h);
	if (h->size == 0 || text[strspn(text, " \t")] == '\0' ||
	    (h->n > 0 && strcmp(h->v[h->n - 1], text) == 0))
		return;
	if (h->n == h->size)
		forget_oldest(h);
	h->v[h->n++] = xstrdup(text);
	h->at = h->n;
}

void
history_forget(struct history *h)
{
	history_rewind(h);
	if (h->n == 0)
		return;
	h->n--;
	explicit_bzero(h->v[h->n], strlen(h->v[h->n]));
	free(h->v[h->n]);
	h->at = h->n;
}

bool
history_older(struct history *h, struct line *l)
{
	if (h->at == 0)
		return false;
	if (h->at == h->n) {
		wipe(h->typed);
		h->typed = xstrdup(l->s);
	}
	line_set(l, h->v[--h->at]);
	return true;
}

bool
history_newer(struct history *h, struct line *l)
{
	if (h->at == h->n)
		return false;
	h->at++;
	line_set(l, h->at < h->n ? h->v[h->at]
		: h->typed != NULL ? h->typed : "");
	return true;
}

void
history_rewind(struct history *h)
{
	wipe(h->typed);
	h->typed = NULL;
	h->at = h->n;
}
