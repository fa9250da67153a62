/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sender identifiers of cooperative key servers: each of them has its own to
 * give away, soon, also when one of the others is off; and for want of them
 * nobody starts a group over that others can serve.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim.h"

#define SERVERS 4

/* The last one is the first. */
static void
set_priority(struct sim *s, unsigned ks)
{
	struct gdoi_coop *r;

	(void)net_edit(s->ks[ks]);
	r = (void *)tc_local(s->ks[ks]->conf)->coop.first;
	r->priority = (uint8_t)(10 + ks);
	net_left(s->ks[ks]);
}

/* Member i knows server i only, all others know them all. */
static struct sim *
start(unsigned members)
{
	struct sim *s = sim_plan(11, SIM_GCM, SIM_DEATHS, SERVERS, members);
	struct gdoi_server *one;
	struct gdoi_group *g;
	unsigned i;

	s->late = members;
	sim_build(s);
	for (i = 0; i < SERVERS; i++) {
		g = (void *)s->gm[i].node->conf->gdoi_groups.first;
		CF_FOREACH(one, &g->servers)
			one->addr = s->ks[i]->addr;
		set_priority(s, i);
	}
	assert_true(sim_run(s, 10 * SEC));
	return s;
}

static unsigned
reinits(const struct sim *s)
{
	unsigned i, n = 0;

	for (i = 0; i < SERVERS; i++)
		n += s->ks[i]->logs[LOG_KS_REINIT];
	return n;
}

static bool
is_in(const struct sim *s, unsigned gm)
{
	return net_gm(s->gm[gm].node)->state == GM_REGISTERED;
}

/* It hears and says nothing, then it is there again. */
static void
power(struct sim *s, unsigned ks, bool on)
{
	s->ks[ks]->deaf = !on;
	s->off[ks] = on ? 0 : s->n->now;
	s->disturbed = s->n->now;
}

static void
each_has_some(void **state)
{
	struct sim *s = start(SERVERS);
	unsigned i;

	(void)state;
	for (i = 0; i < SERVERS; i++)
		sim_join(s, i);
	assert_true(sim_run(s, SEC));
	for (i = 0; i < SERVERS; i++) {
		assert_true(is_in(s, i));
		assert_int_equal(s->ks[i]->logs[LOG_KS_NO_SID], 0);
	}
	sim_free(s);
}

/* One is off. Another is killed: what it gave away it does not know, and the
 * first cannot be asked, so it gives nothing away; members go on to the next,
 * also when the one that was killed becomes the primary. */
static void
killed_while_one_is_off(void **state)
{
	struct sim *s = start(SERVERS + 1);

	(void)state;
	assert_true(coop_is_primary(sim_group(s, 3)));
	sim_join(s, 1);
	assert_true(sim_run(s, 5 * SEC));
	power(s, 0, false);
	assert_true(sim_run(s, 100 * SEC));
	net_restart(s->ks[2]);
	s->lives[2]++;
	assert_true(sim_run(s, 20 * SEC));
	power(s, 3, false);
	assert_true(sim_run(s, 100 * SEC));
	assert_true(coop_is_primary(sim_group(s, 2)));
	sim_join(s, 2);
	sim_join(s, SERVERS);
	assert_true(sim_run(s, 200 * SEC));
	assert_false(is_in(s, 2));
	assert_true(is_in(s, SERVERS));
	assert_int_equal(reinits(s), 0);
	power(s, 0, true);
	power(s, 3, true);
	assert_true(sim_run(s, 150 * SEC));
	assert_true(is_in(s, 2));
	assert_true(is_in(s, 1));
	assert_int_equal(reinits(s), 0);
	sim_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_some),
		cmocka_unit_test(killed_while_one_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
