/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Windows of received sequence numbers in process fwd. The bitmap is a ring
 * of words one word longer than the window (RFC 6479): moving the window
 * forward clears whole words and never shifts.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/replay.h"

bool
replay_window_check(const struct replay_window *w, const uint64_t *bits,
    uint32_t seq)
{
	uint32_t words = REPLAY_WORDS(w->size);

	if (seq == 0)
		return false;
	if (seq > w->top)
		return true;
	if (w->top - seq >= w->size)
		return false;
	return (bits[seq / 64 % words] >> (seq % 64) & 1) == 0;
}

void
replay_window_update(struct replay_window *w, uint64_t *bits, uint32_t seq)
{
	uint32_t words = REPLAY_WORDS(w->size), steps, word, i;

	if (seq > w->top) {
		word = w->top / 64;
		steps = seq / 64 - word;
		if (steps > words)
			steps = words;
		for (i = 1; i <= steps; i++)
			bits[(seq / 64 - steps + i) % words] = 0;
		w->top = seq;
	}
	bits[seq / 64 % words] |= UINT64_C(1) << (seq % 64);
}

/* Sources are found in a set of four, as in a cache; an authentic packet of
 * a new source takes the place of the one that was silent longest. */
#define SETS 1024
#define WAYS 4

struct source {
	uint32_t addr;
	uint32_t used; /* stamp of the last update; 0: free */
	struct replay_window w;
};

struct replay {
	uint64_t key;
	uint16_t window;
	uint32_t stamp;
	struct source *src;
	uint64_t *bits;
};

struct replay *
replay_new(unsigned window, uint64_t key)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	if (window < 64)
		window = 64;
	if (window > REPLAY_WINDOW_MAX)
		window = REPLAY_WINDOW_MAX;
	r->key = key | 1;
	r->window = (uint16_t)window;
	r->stamp = UINT32_MAX - 5000; /* so that its end is met by tests */
	r->src = xcalloc(SETS * WAYS, sizeof(*r->src));
	r->bits = xcalloc((size_t)SETS * WAYS * REPLAY_WORDS(window),
	    sizeof(*r->bits));
	return r;
}

void
replay_free(struct replay *r)
{
	if (r == NULL)
		return;
	free(r->src);
	free(r->bits);
	free(r);
}

static uint32_t
set_of(const struct replay *r, uint32_t addr)
{
	uint64_t h = addr * r->key;

	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 54) * WAYS; /* 10 bits: SETS */
}

static uint32_t
find(const struct replay *r, uint32_t addr)
{
	uint32_t i, first = set_of(r, addr);

	for (i = first; i < first + WAYS; i++) {
		if (r->src[i].used != 0 && r->src[i].addr == addr)
			return i;
	}
	return UINT32_MAX;
}

/* Stamps begin anew after 2^32 packets. */
static uint32_t
silent_for(const struct replay *r, uint32_t i)
{
	return r->src[i].used == 0 ? UINT32_MAX : r->stamp - r->src[i].used;
}

static uint64_t *
bits_of(const struct replay *r, uint32_t i)
{
	return r->bits + (size_t)i * REPLAY_WORDS(r->window);
}

bool
replay_check(const struct replay *r, uint32_t src, uint32_t seq)
{
	uint32_t i = find(r, src);

	if (i == UINT32_MAX)
		return seq != 0;
	return replay_window_check(&r->src[i].w, bits_of(r, i), seq);
}

void
replay_update(struct replay *r, uint32_t src, uint32_t seq)
{
	uint32_t i = find(r, src), j, first = set_of(r, src);

	if (i == UINT32_MAX) {
		i = first;
		for (j = first + 1; j < first + WAYS; j++) {
			if (silent_for(r, j) > silent_for(r, i))
				i = j;
		}
		r->src[i].addr = src;
		r->src[i].w = (struct replay_window){ 0, r->window };
		memset(bits_of(r, i), 0, REPLAY_WORDS(r->window) * 8);
	}
	if (++r->stamp == 0)
		r->stamp = 1;
	r->src[i].used = r->stamp;
	replay_window_update(&r->src[i].w, bits_of(r, i), seq);
}
