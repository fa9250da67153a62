/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the line editor (edit.c) shows of a prompt and a line behind it, on
 * any terminal that knows BS.
 */
#ifndef COHORT_SCREEN_H
#define COHORT_SCREEN_H

#include "cli/line.h"
#include "cli/term.h"

#define SCREEN_CELLS (2 * LINE_CAP)

/* Text in cells: `at` is where each begins in s, at[n] its end. */
struct cells {
	char s[SCREEN_CELLS];
	uint16_t at[SCREEN_CELLS + 1];
	unsigned n;
	unsigned cur;
};

struct screen {
	struct term *term;
	const char *prompt;
	unsigned width;	 /* columns; 0, and 511 up: lines never scroll */
	unsigned window; /* first cell that is shown; 0 for a new line */
	struct cells shown; /* behind the prompt */
	struct cells want, all; /* scratch: what is to be, the whole line */
};

/* Prompt and line, where the cursor is (in the first column). NULL: a secret,
 * of which nothing is shown. */
void screen_retype(struct screen *, const struct line *);
/* The line as it is now, in place of what is shown. */
void screen_refresh(struct screen *, const struct line *);
/* The cursor goes behind what is shown. */
void screen_leave(struct screen *);

#endif
