/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands behind the `|` of an exec command. The filters are the shell's
 * work (cli/filter.h); json, redirect, append and tee are the router's, which
 * gets the line with them.
 */
#ifndef COHORT_BAR_H
#define COHORT_BAR_H

#include "base/base.h"

enum bar_kind {
	BAR_NONE, /* no bar: all is the command */
	BAR_BEGIN,
	BAR_COUNT,
	BAR_EXCLUDE,
	BAR_INCLUDE,
	BAR_SECTION,
	BAR_JSON,
	BAR_APPEND,
	BAR_REDIRECT,
	BAR_TEE,
	BAR_BAD,
};

struct bar {
	enum bar_kind kind;
	size_t cmd_len;	 /* of the command, without the blanks before the bar */
	char arg[512];	 /* expression or file name, without blanks around */
	const char *err; /* BAR_BAD: the IOS message */
};

/* Only show and more (behind do, too) take a bar; elsewhere a `|` is text. */
void bar_split(const char *line, struct bar *);
/* The words behind a bar in the order of `?`; NULL at the end. */
const char *bar_word(unsigned i, const char **help);

#endif
