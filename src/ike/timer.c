/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A binary heap of timers. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>

#include "ike/timer.h"

static void
place(struct timers *ts, size_t pos, struct timer *t)
{
	ts->heap[pos - 1] = t;
	t->pos = pos;
}

static void
sift_up(struct timers *ts, struct timer *t)
{
	size_t pos = t->pos;

	while (pos > 1 && ts->heap[pos / 2 - 1]->at > t->at) {
		place(ts, pos, ts->heap[pos / 2 - 1]);
		pos /= 2;
	}
	place(ts, pos, t);
}

static void
sift_down(struct timers *ts, struct timer *t)
{
	size_t pos = t->pos, child;

	while ((child = 2 * pos) <= ts->n) {
		if (child < ts->n &&
		    ts->heap[child]->at < ts->heap[child - 1]->at)
			child++;
		if (ts->heap[child - 1]->at >= t->at)
			break;
		place(ts, pos, ts->heap[child - 1]);
		pos = child;
	}
	place(ts, pos, t);
}

void
timer_clear(struct timers *ts, struct timer *t)
{
	size_t pos = t->pos;
	struct timer *last;

	if (pos == 0)
		return;
	t->pos = 0;
	last = ts->heap[--ts->n];
	if (last == t)
		return;
	place(ts, pos, last);
	sift_up(ts, last);
	sift_down(ts, last);
}

void
timer_set(struct timers *ts, struct timer *t, uint64_t at, void (*fn)(void *),
    void *arg)
{
	timer_clear(ts, t);
	if (ts->n == ts->cap) {
		ts->cap = ts->cap ? ts->cap * 2 : 64;
		ts->heap = xrealloc(ts->heap, ts->cap * sizeof(*ts->heap));
	}
	t->at = at;
	t->fn = fn;
	t->arg = arg;
	place(ts, ++ts->n, t);
	sift_up(ts, t);
}

uint64_t
timers_run(struct timers *ts, uint64_t now)
{
	while (ts->n > 0 && ts->heap[0]->at <= now) {
		struct timer *t = ts->heap[0];

		timer_clear(ts, t);
		t->fn(t->arg); /* t may be gone now */
	}
	return ts->n > 0 ? ts->heap[0]->at : UINT64_MAX;
}

void
timers_free(struct timers *ts)
{
	free(ts->heap);
	ts->heap = NULL;
	ts->n = ts->cap = 0;
}
