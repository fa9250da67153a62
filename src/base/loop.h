/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loop of a process: descriptors, timers and signals, one thread.
 */
#ifndef COHORT_LOOP_H
#define COHORT_LOOP_H

#include "base/base.h"

struct loop;

/* fd is readable (or broken: read tells). */
typedef void loop_fd_fn(void *arg, int fd);
typedef void loop_fn(void *arg);

struct timer {
	uint64_t at; /* monotonic ms; 0: not set */
	loop_fn *fn;
	void *arg;
	struct timer *next;
};

struct loop *loop_new(void) MUST_USE;
void loop_free(struct loop *);
void loop_add(struct loop *, int fd, loop_fd_fn *fn, void *arg);
void loop_del(struct loop *, int fd); /* before close() */
/* (Re)sets a timer of the caller to an absolute time; UINT64_MAX or 0: off. */
void loop_timer(struct loop *, struct timer *, uint64_t at_ms);
/* A signal as an event; blocked otherwise. */
void loop_signal(struct loop *, int signo, void (*fn)(void *, int), void *arg);
/* Called after every round of events, before the loop sleeps. */
void loop_idle(struct loop *, loop_fn *fn, void *arg);
int loop_run(struct loop *); /* until loop_stop(); its code */
void loop_stop(struct loop *, int code);

#endif
