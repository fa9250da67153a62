/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A few key servers and members in a thousand storms: see sim.h for what is
 * looked at.
 *
 * SIM_RUNS=N takes N seeds instead of the usual ones, SIM_SEED the first.
 * NET_VERBOSE=1 tells what happens.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim.h"

/* Fewer with sanitizers: they take eight times as long. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUNS 150
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RUNS 150
#endif
#ifndef RUNS
#define RUNS 1000
#endif
#define STEPS 12
#define STEP_MS (50 * SEC) /* at most, between two events */

static unsigned
number_in(const char *name, unsigned otherwise)
{
	const char *s = getenv(name);

	return s == NULL ? otherwise : (unsigned)strtoul(s, NULL, 10);
}

static uint64_t checks, pairs, seconds;

static void
one_run(unsigned seed, unsigned nks)
{
	struct sim *s = sim_new(seed, seed % SIM_KINDS,
	    seed / SIM_KINDS % SIM_WEATHERS, nks, 4 + seed % 5);
	unsigned step;
	bool good = sim_run(s, 60 * SEC);

	for (step = 0; step < STEPS && good; step++) {
		sim_event(s);
		good = sim_run(s, sim_below(s, STEP_MS));
	}
	if (good)
		sim_calm(s);
	if (good && sim_run(s, (sim_reunion(s) + 10) * SEC))
		check_end(s);
	checks += s->checks;
	pairs += s->pairs;
	seconds += (s->n->now - 1000000) / SEC;
	if (s->wrong[0] != '\0')
		fail_msg("seed %u: %s", seed, s->wrong);
	sim_free(s);
}

static void
storms(void **state)
{
	unsigned i, n = number_in("SIM_RUNS", RUNS);
	unsigned first = number_in("SIM_SEED", 0);

	(void)state;
	for (i = first; i < first + n; i++)
		one_run(i, number_in("SIM_KS", 2 + i / 12 % 4));
	print_message("%llu s, looked %llu times, at %llu pairs\n",
	    (unsigned long long)seconds, (unsigned long long)checks,
	    (unsigned long long)pairs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
