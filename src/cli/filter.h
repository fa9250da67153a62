/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Output filters behind `|`: include, exclude, begin, section, count. Run in
 * the shell, so that a hostile expression costs only its own session.
 */
#ifndef COHORT_FILTER_H
#define COHORT_FILTER_H

#include "base/base.h"

struct filter;

/* Splits "show x | include y": returns the filter (NULL: none) and sets the
 * length of the command part. err (of 128) is set and -1 left in *cmd_len on
 * a bad filter. */
struct filter *filter_parse(const char *line, size_t *cmd_len, char *err)
    MUST_USE;
void filter_free(struct filter *);
/* Whether this line (without newline) is printed. */
bool filter_line(struct filter *, const char *line, size_t len) MUST_USE;
/* At the end: a last line of the filter itself (count), or NULL. */
const char *filter_end(struct filter *);
/* `| ?` */
void filter_help(struct strbuf *);

#endif
