/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The terminal of a shell: a tty, or any pair of descriptors, or a connection
 * of telnet. Keys come out of a ring, so that what is typed while a command
 * runs is kept and never echoed by anybody but the editor.
 */
#ifndef COHORT_TERM_H
#define COHORT_TERM_H

#include "base/base.h"

struct term;

struct term_io {
	int in, out; /* of the user */
	int other;   /* served beside the keys: the router */
	bool telnet; /* in and out are one socket that speaks it */
	bool post;   /* the tty goes on making CR LF of a newline */
};

struct term_ops {
	void (*event)(void *arg);  /* `other` is readable */
	void (*active)(void *arg); /* keys were pressed; may be NULL */
};

/* A tty is raw from here to term_free(). */
struct term *term_new(const struct term_io *, const struct term_ops *,
    void *arg) MUST_USE;
/* Writes what is left, gives the tty back; closes nothing that was given. */
void term_free(struct term *);

/* The next key; CR, LF, CR LF and CR NUL come as one '\r'. -1: no more will
 * come. serve: `other` is served while waiting; else it is only seen when the
 * router has ended the session: -1 too, and what it said last can be read. */
int term_key(struct term *, bool serve);
/* While a command runs: waits for keys or `other` once. 1: the user asked to
 * stop it (Ctrl-Shift-6, Ctrl-C: no key), 0, or -1: the user is gone. */
int term_wait(struct term *) MUST_USE;
/* More keys have come already: what was typed came as a whole (a paste, a
 * script), or its end has come. */
bool term_more(struct term *) MUST_USE;
/* No more keys; what is said last is still written. */
void term_hangup(struct term *);

/* Text: a newline becomes CR LF. Buffered until the next wait for a key or
 * term_flush(). While the user does not read, keys are still taken; when the
 * router has ended the session meanwhile, the text is dropped. */
void term_put(struct term *, const char *text, size_t len);
void term_flush(struct term *);
/* The last thing written was a newline. */
bool term_at_start(const struct term *) MUST_USE;

#endif
