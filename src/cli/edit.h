/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor of the shell, behind few functions so that it can be
 * another one (now libedit). The terminal is raw from edit_new() to
 * edit_free(): no key is lost between lines, none is echoed twice.
 */
#ifndef COHORT_EDIT_H
#define COHORT_EDIT_H

#include "base/base.h"

struct edit;

enum edit_end {
	EDIT_LINE,   /* Enter */
	EDIT_CTRL_Z, /* run the line, then leave configuration mode */
	EDIT_CTRL_C, /* drop the line */
	EDIT_LEAVE,  /* Ctrl-]: detach */
	EDIT_EOF,    /* the terminal is gone */
};

struct edit_ops {
	/* Prints help for the text before the cursor (`?` was typed). */
	void (*help)(void *arg, const char *text);
	/* Tab: what to append, into buf of 256. */
	void (*complete)(void *arg, const char *text, char *buf);
	/* The other descriptor is readable. */
	void (*event)(void *arg);
};

struct edit *edit_new(int other_fd, const struct edit_ops *, void *arg)
    MUST_USE;
void edit_free(struct edit *);
/* Reads one line; valid until the next call. secret: no echo, no history. */
enum edit_end edit_readline(struct edit *, const char *prompt, bool secret,
    const char **line) MUST_USE;
/* The next key, -1: the terminal is gone. Nothing else is served. */
int edit_getkey(struct edit *);
/* Ends a line that is being read, and all after it, as EDIT_EOF. */
void edit_hangup(struct edit *);
/* While a command runs: serves the other descriptor once, keeps keys for the
 * next line. 1: the user asked to stop it (Ctrl-Shift-6, Ctrl-C), 0, or -1:
 * the terminal is gone. */
int edit_wait(struct edit *) MUST_USE;
/* Text (lines) that comes while a line is edited: it is typed again. */
void edit_print_async(struct edit *, const char *text);
/* Text to the terminal. */
void edit_write(struct edit *, const char *text, size_t len);

#endif
