/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager: output a page at a time. Knows lines, keys and two functions of
 * the shell; no terminal.
 *
 *	blank a page, Enter a line, / begins at a match, + only matches,
 *	- all but matches (an expression and Enter follow); any other key ends
 */
#ifndef COHORT_PAGER_H
#define COHORT_PAGER_H

#include "base/base.h"

struct filter;

struct pager {
	unsigned length; /* lines of the terminal; 0: no pause */
	unsigned width;	 /* its columns; 0: a line is a row */
	void (*put)(void *arg, const char *text, size_t len);
	int (*key)(void *arg); /* -1: there is nobody */
	void *arg;
	/* of one output */
	bool on;
	bool quit; /* the rest is dropped */
	unsigned row;
	struct filter *filter;
};

/* Output begins. on: with pauses. */
void pager_begin(struct pager *, bool on);
/* One line, without its newline. False: the user has had enough; the rest is
 * dropped, and pager_line() tells it once. */
bool pager_line(struct pager *, const char *line, size_t len) MUST_USE;
void pager_end(struct pager *);

#endif
