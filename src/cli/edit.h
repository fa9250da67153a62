/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The line editor of the shell, behind few functions so that it can be
 * another one: edit.c, or edit_libedit.c (configure --with-libedit). Its
 * terminal (term.h) is raw from edit_new() to edit_free(): no key is lost
 * between lines, none is echoed twice.
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
	EDIT_LONG,   /* Enter behind more than a line holds: drop it */
	EDIT_EOF,    /* the terminal is gone */
};

enum edit_kind {
	EDIT_EXEC,   /* a command: help, completion, history */
	EDIT_CONFIG, /* the same with a history of its own */
	EDIT_TEXT,   /* a line of text: `?`, Tab and Ctrl-C are part of it */
	EDIT_ANSWER, /* to a question: no help, no history */
	EDIT_SECRET, /* the same, and no echo */
};

struct edit_ops {
	/* Prints help for the text before the cursor (`?` was typed). */
	void (*help)(void *arg, const char *text);
	/* Tab: what to append, into buf of 256. */
	void (*complete)(void *arg, const char *text, char *buf);
	/* The other descriptor is readable. */
	void (*event)(void *arg);
	/* Keys were pressed; may be NULL. */
	void (*active)(void *arg);
};

struct edit_io {
	int in, out; /* a tty, or any descriptors */
	int other;   /* served while a line is read */
	bool telnet; /* in and out are a socket of a telnet client */
};

struct edit *edit_new(const struct edit_io *, const struct edit_ops *,
    void *arg) MUST_USE;
void edit_free(struct edit *);

struct edit_settings {
	unsigned width;	  /* columns; 0, and 511 up: lines never scroll */
	unsigned history; /* lines, 0: none */
	bool editing;	  /* else BS, Ctrl-U, Ctrl-W and Enter only */
	bool sync;	  /* text that comes lets the line be typed again */
};
void edit_set(struct edit *, const struct edit_settings *);

/* The line that was read last was not for the history. */
void edit_forget(struct edit *);
/* Reads one line; valid until the next call. */
enum edit_end edit_readline(struct edit *, const char *prompt, enum edit_kind,
    const char **line) MUST_USE;
/* The next key, -1: the terminal is gone. serve: the other descriptor is
 * served while waiting. */
int edit_getkey(struct edit *, bool serve);
/* Ends a line that is being read, and all after it, as EDIT_EOF. */
void edit_hangup(struct edit *);
/* While a command runs: serves the other descriptor once, keeps keys for the
 * next line. 1: the user asked to stop it (Ctrl-Shift-6, Ctrl-C), 0, or -1:
 * the terminal is gone. */
int edit_wait(struct edit *) MUST_USE;
/* term_more() */
bool edit_more(struct edit *) MUST_USE;
/* Text (lines) that nobody asked for, in the middle of whatever is there. */
void edit_print_async(struct edit *, const char *text);
/* Text to the terminal. */
void edit_write(struct edit *, const char *text, size_t len);

#endif
