/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Timers of an engine whose clock is turned from outside: a binary heap of
 * due times in monotonic milliseconds. A timer lives in its owner, who clears
 * it before he goes.
 */
#ifndef COHORT_TIMER_H
#define COHORT_TIMER_H

#include "base/base.h"

struct timer {
	uint64_t at;
	size_t pos; /* in the heap from 1; 0: not set */
	void (*fn)(void *);
	void *arg;
};

struct timers {
	struct timer **heap;
	size_t n, cap;
};

void timer_set(struct timers *, struct timer *, uint64_t at,
    void (*fn)(void *), void *arg);
void timer_clear(struct timers *, struct timer *);
/* Runs what is due at now; a timer set while it runs waits for the next call
 * only if it lies in the future. Returns the next due time, UINT64_MAX. */
uint64_t timers_run(struct timers *, uint64_t now);
void timers_free(struct timers *);

#endif
