/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers that do not all hear each other: chains, rings,
 * stars; halves that go on alone and meet again; seeded storms of cuts,
 * restarts and loss. In each component there is one primary in the end, which
 * all others in it follow, and it stays that.
 *
 * COOP_RUNS=N takes N seeds instead of the usual few, COOP_SEED the first.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coop_net.h"

#define N(i) (n->nodes[i])
#define RUNS 40
#define STEPS 25

static struct net *n;

static void
begin(uint64_t seed)
{
	n = net_new(seed);
}

static void
end(void)
{
	net_free(n);
	n = NULL;
}

static unsigned
rnd(unsigned below)
{
	return (unsigned)(net_random(n) % below);
}

/* Nothing changes by itself. */
static void
assert_quiet(uint64_t ms, const char *when)
{
	cks_forget_logs(n);
	net_run(n, ms);
	if (!cks_settled(n) || cks_logs(n, LOG_COOP_KS_ELECTION) != 0 ||
	    cks_logs(n, LOG_COOP_KS_TRANS_TO_PRI) != 0) {
		cks_dump(n);
		fail_msg("%s: %u elections, %u new primaries", when,
		    cks_logs(n, LOG_COOP_KS_ELECTION),
		    cks_logs(n, LOG_COOP_KS_TRANS_TO_PRI));
	}
}

/* ---- topologies ---- */

static void
chain(void **state)
{
	unsigned count;
	uint64_t took;

	(void)state;
	for (count = 3; count <= 8; count++) {
		begin(count);
		cks_start(n, count, NULL, &cks_ios);
		cks_chain(n, false);
		cks_settle(n, 200 * SEC, "chain");
		assert_int_equal(cks(N(0))->primary, CKS(count - 1));
		assert_quiet(3600 * SEC, "chain");
		/* news run down it as fast as to a neighbour */
		coop_clear_role(net_ks(N(count - 1)));
		net_touched(N(count - 1));
		took = cks_settle(n, 100 * SEC, "cleared");
		assert_true(took < 10 * SEC);
		/* the primary at its end dies */
		net_run(n, 100 * SEC);
		cks_kill(N(count - 1));
		took = cks_settle(n, 200 * SEC, "end of the chain dead");
		if (took > 90 * SEC)
			fail_msg("%llu ms", (unsigned long long)took);
		assert_quiet(600 * SEC, "shorter chain");
		end();
	}
}

static void
chain_breaks(void **state)
{
	(void)state;
	begin(2);
	cks_start(n, 5, NULL, &cks_ios);
	cks_chain(n, false);
	cks_settle(n, 200 * SEC, "chain");
	/* 0 1 | 2 3 4 */
	net_cut(N(1), N(2), true);
	cks_settle(n, 200 * SEC, "broken");
	assert_int_equal(cks_primaries(n), 2);
	assert_int_equal(cks(N(0))->primary, CKS(1));
	assert_int_equal(cks(N(2))->primary, CKS(4));
	assert_quiet(600 * SEC, "broken");
	net_cut(N(1), N(2), false);
	cks_settle(n, 200 * SEC, "mended");
	assert_int_equal(cks(N(0))->primary, CKS(4));
	assert_quiet(600 * SEC, "mended");
	end();
}

static void
ring(void **state)
{
	unsigned i;

	(void)state;
	begin(3);
	cks_start(n, 8, NULL, &cks_ios);
	cks_chain(n, true);
	cks_settle(n, 200 * SEC, "ring");
	assert_int_equal(cks(N(0))->primary, CKS(7));
	/* any one link more or less, and it is the same primary */
	for (i = 0; i < 8; i++) {
		net_cut(N(i), N((i + 1) % 8), true);
		assert_quiet(300 * SEC, "ring less one");
		net_cut(N(i), N((i + 1) % 8), false);
		assert_quiet(100 * SEC, "ring again");
	}
	end();
}

/* All over the one in the middle, which is the last that may be elected. */
static void
star(void **state)
{
	unsigned i, j;

	(void)state;
	begin(4);
	cks_start(n, 6, NULL, &cks_ios);
	for (i = 1; i < 6; i++)
		for (j = i + 1; j < 6; j++)
			net_cut(N(i), N(j), true);
	cks_settle(n, 200 * SEC, "star");
	assert_int_equal(cks(N(0))->primary, CKS(5));
	assert_quiet(3600 * SEC, "star");
	cks_kill(N(0));
	cks_settle(n, 200 * SEC, "rays");
	assert_int_equal(cks_primaries(n), 5);
	cks_revive(N(0));
	cks_settle(n, 200 * SEC, "star again");
	assert_int_equal(cks(N(0))->primary, CKS(5));
	assert_quiet(600 * SEC, "star again");
	end();
}

/* ---- two halves ---- */

static void
halves(void **state)
{
	uint32_t term;
	unsigned i, back = 0;

	(void)state;
	begin(5);
	cks_start(n, 4, NULL, &cks_ios);
	cks_settle(n, 200 * SEC, "start");
	N(0)->side = N(1)->side = 1;
	cks_settle(n, 200 * SEC, "split");
	assert_int_equal(cks(N(0))->primary, CKS(1));
	assert_int_equal(cks(N(3))->term, 1);
	assert_int_equal(cks(N(1))->term, 2);
	assert_quiet(600 * SEC, "split");
	cks_forget_logs(n);
	net_heal(n);
	assert_true(cks_settle(n, 200 * SEC, "merge") < 40 * SEC);
	assert_int_equal(cks(N(1))->primary, CKS(3));
	assert_string_equal(N(1)->last[LOG_COOP_KS_TRANS_TO_PRI],
	    "%GDOI-5-COOP_KS_TRANS_TO_PRI: KS 10.9.0.4 in group G1"
	    " transitioned to Primary (Previous Primary = 10.9.0.2)");
	net_run(n, 30 * SEC);
	/* what the other did counts as older now */
	term = cks(N(3))->term;
	assert_int_equal(term, 3);
	for (i = 0; i < 4; i++) {
		assert_int_equal(cks(N(i))->term, term);
		back += N(i)->logs[LOG_COOP_KS_REACH];
	}
	assert_true(back >= 4);
	assert_int_equal(cks_logs(n, LOG_COOP_KS_ELECTION), 0);
	assert_quiet(600 * SEC, "merged");
	end();
}

/* ---- storms ---- */

static struct {
	uint64_t seed;
	uint32_t term[8];	/* the highest that was that one's own */
	uint8_t role[8];
	uint64_t boot[8];
} storm;

/* Who becomes primary has a term above that of all of its own before, in this
 * life. */
static void
check_terms(void)
{
	const struct coop *c;
	unsigned i;

	for (i = 0; i < n->n; i++) {
		c = cks(N(i));
		if (c->self.boot != storm.boot[i]) {
			storm.boot[i] = c->self.boot;
			storm.term[i] = 0;
			storm.role[i] = COOP_UNKNOWN;
		}
		if (c->role == COOP_PRIMARY) {
			if (storm.role[i] == COOP_PRIMARY ?
			    c->term < storm.term[i] :
			    c->term <= storm.term[i])
				fail_msg("seed %llu: term %u after %u",
				    (unsigned long long)storm.seed, c->term,
				    storm.term[i]);
			storm.term[i] = c->term;
		}
		storm.role[i] = c->role;
	}
}

static void
blow(void)
{
	unsigned i = rnd(n->n), j = rnd(n->n);

	switch (rnd(8)) {
	case 0:
	case 1:
		for (i = 0; i < n->n; i++)
			N(i)->side = rnd(2);
		break;
	case 2:
		net_heal(n);
		break;
	case 3:
	case 4:
		if (i != j)
			net_cut(N(i), N(j), rnd(2));
		break;
	case 5:
		cks_revive(N(i));
		break;
	case 6:
		if (N(i)->deaf)
			cks_revive(N(i));
		else
			cks_kill(N(i));
		break;
	case 7:
		coop_clear_role(net_ks(N(i)));
		net_touched(N(i));
		break;
	}
}

static void
one_storm(uint64_t seed)
{
	static const struct cks_timers some = { 4, 8, 3, 3 };
	uint8_t prio[8];
	unsigned i, step, t, count;
	char when[80];

	begin(seed);
	memset(&storm, 0, sizeof(storm));
	storm.seed = seed;
	snprintf(when, sizeof(when), "seed %llu", (unsigned long long)seed);
	count = 2 + rnd(7);
	for (i = 0; i < count; i++)
		prio[i] = (uint8_t)(1 + rnd(4));
	cks_start(n, count, prio, &some);
	for (step = 0; step < STEPS; step++) {
		n->loss = rnd(2) ? rnd(31) : 0;
		n->reorder = n->dup = rnd(2) ? rnd(10) : 0;
		blow();
		for (t = rnd(60); t > 0; t--) {
			net_run(n, SEC);
			check_terms();
		}
		if (rnd(4) != 0)
			continue;
		/* whatever is cut now: each part has its primary */
		n->loss = n->reorder = n->dup = 0;
		cks_settle(n, 200 * SEC, when);
		net_run(n, 60 * SEC); /* what has begun comes to its end */
		assert_quiet(100 * SEC, when);
		check_terms();
	}
	for (i = 0; i < count; i++)
		if (N(i)->deaf)
			cks_revive(N(i));
	net_heal(n);
	n->loss = n->reorder = n->dup = 0;
	cks_settle(n, 200 * SEC, when);
	net_run(n, 60 * SEC);
	assert_quiet(300 * SEC, when);
	assert_int_equal(cks_primaries(n), 1);
	end();
}

static void
storms(void **state)
{
	const char *runs = getenv("COOP_RUNS"), *first = getenv("COOP_SEED");
	uint64_t i, from = first != NULL ? strtoull(first, NULL, 10) : 1;
	uint64_t many = runs != NULL ? strtoull(runs, NULL, 10) : RUNS;

	(void)state;
	for (i = 0; i < many; i++)
		one_storm(from + i);
}

/* Loss alone, with the timers of IOS: nobody is taken for dead. */
static void
loss(void **state)
{
	(void)state;
	begin(6);
	n->loss = 30;
	cks_start(n, 8, NULL, &cks_ios);
	cks_settle(n, 300 * SEC, "loss");
	net_run(n, 300 * SEC);
	assert_quiet(86400 * SEC, "loss");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain),
		cmocka_unit_test(chain_breaks),
		cmocka_unit_test(ring),
		cmocka_unit_test(star),
		cmocka_unit_test(halves),
		cmocka_unit_test(loss),
		cmocka_unit_test(storms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
