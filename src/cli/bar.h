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
	int column;	 /* ... the octet that its caret is for, -1: none */
};

/* exec: the line is one of exec mode, where a bar is never text (aliases may
 * stand for anything); elsewhere only behind do, show and more. */
void bar_split(const char *line, bool exec, struct bar *);

/* Whether the text before the cursor is behind a bar: then what follows it. */
const char *bar_behind(const char *text, bool exec);
/* `| ?`, `| inc?`, `| include ?` for what bar_behind() gave. */
void bar_help(struct strbuf *, const char *behind);
/* Tab: what to append, "" if nothing; buf of 256. */
void bar_complete(char *buf, const char *behind);

#endif
