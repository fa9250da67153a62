/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters behind `|`: include, exclude, begin, section, count. Run in
 * the shell, so that a hostile expression costs only its own session.
 */
#ifndef COHORT_FILTER_H
#define COHORT_FILTER_H

#include "cli/bar.h"

struct filter;

/* Of an expression as IOS writes it; NULL: it is none. */
struct filter *filter_new(enum bar_kind, const char *regex) MUST_USE;
void filter_free(struct filter *);
/* Whether this line (without newline) is printed. */
bool filter_line(struct filter *, const char *line, size_t len) MUST_USE;
/* At the end: what the filter itself has to say (count, and a warning when
 * the expression was too expensive for a line), or NULL. */
const char *filter_end(struct filter *);

#endif
