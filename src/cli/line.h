/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A line that is edited, what was deleted from it, and the lines before it:
 * values only, no keys and no screen. A character is an octet of ASCII or a
 * whole sequence of UTF-8; positions are octets and stand between characters.
 */
#ifndef COHORT_LINE_H
#define COHORT_LINE_H

#include "base/base.h"

#define LINE_CAP 4096 /* with its end */
#define LINE_KILLS 10
#define LINE_HISTORY_MAX 256

struct line {
	char s[LINE_CAP]; /* always terminated */
	size_t len, cur;
};

void line_clear(struct line *); /* wipes it */
void line_set(struct line *, const char *text); /* cut to what fits */
/* False: no room, nothing was inserted. */
bool line_insert(struct line *, const char *text, size_t n) MUST_USE;
/* Removes from..to; the cursor goes to from. */
void line_cut(struct line *, size_t from, size_t to);
/* The neighbours of the cursor; words are what blanks separate. */
size_t line_left(const struct line *) MUST_USE;
size_t line_right(const struct line *) MUST_USE;
size_t line_word_left(const struct line *) MUST_USE;
size_t line_word_right(const struct line *) MUST_USE;
/* From the cursor to the end of the word, the cursor goes there. */
enum line_case { LINE_CAPITALIZE, LINE_LOWER, LINE_UPPER };
void line_case(struct line *, enum line_case);
/* The characters left of and at the cursor; at the end the last two. */
void line_transpose(struct line *);

/* The last deletions, the newest first. */
struct kills {
	char *v[LINE_KILLS];
	unsigned n;
	unsigned at; /* the one that was recalled last */
};

void kills_add(struct kills *, const char *text, size_t n);
void kills_free(struct kills *);

struct history {
	char **v; /* oldest first */
	unsigned n, size;
	unsigned at; /* the one that is shown; n: none, the line itself */
	char *typed; /* the line itself, while another one is shown */
};

void history_resize(struct history *, unsigned size);
/* Not an empty line, nor the same one twice; goes back to the newest. */
void history_add(struct history *, const char *text);
/* The newest one. */
void history_forget(struct history *);
/* One older or newer one into the line; false: there is none. */
bool history_older(struct history *, struct line *);
bool history_newer(struct history *, struct line *);
void history_rewind(struct history *);

#endif
