/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Replay windows against a model that remembers every number, at the edges
 * and in random order; sources kept apart and bounded.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/replay.h"

static void
test_table(void **state)
{
	static const struct { uint32_t seq; bool accept; } rows[] = {
		{ 0, false }, { 1, true }, { 1, false }, { 3, true },
		{ 2, true }, { 2, false }, { 64, true }, { 65, true },
		{ 1, false }, { 4, true }, { 66, true }, { 67, true },
		{ 3, false }, { 5, true }, { 200, true }, { 136, false },
		{ 137, true }, { 137, false }, { 100000, true },
		{ 199, false }, { 99937, true }, { 99936, false },
		{ UINT32_MAX, true }, { UINT32_MAX, false },
		{ UINT32_MAX - 63, true }, { UINT32_MAX - 64, false },
		{ 1, false },
	};
	struct replay_window w = { 0, 64 };
	uint64_t bits[REPLAY_WORDS(64)] = {0};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		if (replay_window_check(&w, bits, rows[i].seq) !=
		    rows[i].accept)
			fail_msg("row %zu, number %u", i, rows[i].seq);
		if (rows[i].accept)
			replay_window_update(&w, bits, rows[i].seq);
	}
}

#define RANGE 20000

static void
test_model(void **state)
{
	static const uint16_t sizes[] = { 64, 128, 256, 512, 1024, 100 };
	uint8_t *seen = malloc(RANGE + 3000);
	uint32_t top, seq, rnd = 1;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		struct replay_window w = { 0, sizes[i] };
		uint64_t bits[REPLAY_WORDS(1024)] = {0};

		memset(seen, 0, RANGE + 3000);
		top = 0;
		for (n = 0; n < 200000; n++) {
			bool want;

			rnd = rnd * 1103515245 + 12345;
			seq = top + (rnd >> 16) % 2200;
			seq = seq > 2000 ? seq - 2000 : seq;
			if (seq >= RANGE)
				break;
			want = seq != 0 && (seq > top ||
			    (top - seq < sizes[i] && !seen[seq]));
			if (replay_window_check(&w, bits, seq) != want)
				fail_msg("size %u, %u after %u", sizes[i],
				    seq, top);
			if (!want)
				continue;
			replay_window_update(&w, bits, seq);
			seen[seq] = 1;
			top = seq > top ? seq : top;
		}
		assert_true(n > 1000);
	}
	free(seen);
}

static void
test_sources(void **state)
{
	struct replay *r = replay_new(64, 0x1234567812345678);
	uint32_t a;

	(void)state;
	for (a = 1; a < 100; a++) {
		assert_true(replay_check(r, a, 1));
		replay_update(r, a, 1);
	}
	for (a = 1; a < 100; a++) {
		assert_false(replay_check(r, a, 1));
		assert_true(replay_check(r, a, 2));
		assert_false(replay_check(r, a, 0));
	}
	/* more than there is room for: still bounded, the latest is known */
	for (a = 0; a < 1000000; a++) {
		replay_update(r, a * 2654435761u, 7);
		assert_false(replay_check(r, a * 2654435761u, 7));
	}
	replay_free(r);
}

/* True if the window of `victim` is gone after each source sent once. */
static bool
evicts(uint64_t key, uint32_t victim, const uint32_t *src, unsigned n)
{
	struct replay *r = replay_new(64, key);
	bool gone;
	unsigned i;

	replay_update(r, victim, 100);
	for (i = 0; i < n; i++)
		replay_update(r, src[i], 1);
	gone = replay_check(r, victim, 100);
	replay_free(r);
	return gone;
}

#define VICTIM 0x0a020214u
#define KEY UINT64_C(0x9d8f3a6b5c7e1243)

/* Which sources push each other out is a matter of the key: four that do
 * under one (found by halves) do nothing to a live sender under another. */
static void
test_hostile_sources(void **state)
{
	static uint32_t src[20000];
	unsigned n = NELEM(src), i, part = n / 2;

	(void)state;
	for (i = 0; i < n; i++)
		src[i] = 0x0a030000u + i;
	assert_true(evicts(KEY, VICTIM, src, n));
	for (; part > 0; part /= 2) {
		for (i = 0; i + part <= n;) {
			uint32_t rest[20000];

			memcpy(rest, src, i * sizeof(*src));
			memcpy(rest + i, src + i + part,
			    (n - i - part) * sizeof(*src));
			if (evicts(KEY, VICTIM, rest, n - part)) {
				n -= part;
				memcpy(src, rest, n * sizeof(*src));
			} else {
				i += part;
			}
		}
	}
	assert_int_equal(n, 4);
	for (i = 1; i <= 64; i++)
		assert_false(evicts(KEY * (2 * i + 1), VICTIM, src, n));
}

/* Times that the window of a sender is gone when it sends the next packet,
 * and so many new sources have sent one in between. */
static unsigned
lost(unsigned new, unsigned rounds)
{
	struct replay *r = replay_new(64, KEY);
	uint32_t next = 0x0b000000u, seq;
	unsigned i, n = 0;

	replay_update(r, VICTIM, 1);
	for (seq = 2; seq < rounds; seq++) {
		for (i = 0; i < new; i++)
			replay_update(r, next++, 1);
		n += replay_check(r, VICTIM, seq - 1);
		replay_update(r, VICTIM, seq);
	}
	replay_free(r);
	return n;
}

/* Authentic packets under made-up sources do push out a live sender, but
 * only when thousands come between two packets of it. */
static void
test_crowded(void **state)
{
	(void)state;
	assert_in_range(lost(50, 20000), 0, 1);
	assert_in_range(lost(200, 20000), 0, 10);	/* 1 in 10,000 */
	assert_in_range(lost(1000, 5000), 20, 250);	/* 2 of 100 */
	assert_in_range(lost(16384, 500), 480, 500);	/* always */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_hostile_sources),
		cmocka_unit_test(test_crowded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
