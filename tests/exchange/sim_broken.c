/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Each thing that the simulation looks at can be found to be wrong: a healthy
 * group is broken by hand in one way, and that is what is said of it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim.h"

static struct sim *
healthy(enum sim_kind kind, unsigned nks)
{
	struct sim *s = sim_new(7, kind, SIM_DEATHS, nks, 5);

	assert_true(sim_run(s, 250 * SEC));
	assert_true(s->pairs > 0);
	return s;
}

static void
found(struct sim *s, const char *what)
{
	if (strstr(s->wrong, what) == NULL)
		fail_msg("\"%s\" was not found, but \"%s\"", what, s->wrong);
	sim_free(s);
}

static void
two_primaries(void **state)
{
	struct sim *s = healthy(SIM_CBC, 2);

	(void)state;
	sim_group(s, 0)->coop->role = COOP_PRIMARY;
	sim_group(s, 1)->coop->role = COOP_PRIMARY;
	check_one_primary(s);
	found(s, "2 primaries");
}

static void
no_primary(void **state)
{
	struct sim *s = healthy(SIM_CBC, 2);

	(void)state;
	sim_group(s, 0)->coop->role = COOP_SECONDARY;
	sim_group(s, 1)->coop->role = COOP_SECONDARY;
	check_a_primary(s);
	found(s, "has no primary");
}

static void
another_database(void **state)
{
	struct sim *s = healthy(SIM_CBC, 2);
	struct ks_group *grp = sim_group(s, 1);

	(void)state;
	ks_remove_member(grp, TAILQ_FIRST(&grp->members), false);
	check_databases(s);
	found(s, ", its primary");
}

/* The same number for another rekey. */
static void
number_again(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);
	struct ks_group *grp = sim_group(s, 0);

	(void)state;
	assert_null(ks_rekey(grp, REKEY_TEK));
	assert_true(sim_run(s, SEC));
	grp->kek->seq--;
	assert_null(ks_rekey(grp, REKEY_TEK));
	found(s, "for another rekey");
}

/* It says nothing new: somebody else says it under the same number. */
static void
number_of_another(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);
	struct ks_group *grp = sim_group(s, 0);

	(void)state;
	assert_null(ks_rekey(grp, REKEY_TEK));
	s->lives[0]++;
	grp->kek->seq--;
	assert_null(ks_rekey(grp, REKEY_TEK));
	found(s, "it was somebody else's");
}

static void
another_key(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	TAILQ_FIRST(&sim_group(s, 0)->teks)->k.key.data[3] ^= 1;
	sim_watch_teks(s);
	found(s, "has another key at a key server");
}

static void
same_identifier(void **state)
{
	struct sim *s = healthy(SIM_GCM, 1);
	struct ks_sids *sids = &sim_group(s, 0)->sids;

	(void)state;
	memset(sids->next, 0, sizeof(sids->next));
	sim_join(s, 3);
	(void)sim_run(s, SEC);
	found(s, "is that of two members");
}

static void
cannot_read(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	s->gm[1].node->nteks = 0;
	check_reading(s);
	found(s, "has none such");
}

static void
nothing_to_send(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	s->gm[0].node->nteks = 0;
	check_reading(s);
	found(s, "has nothing to send with");
}

static void
wrong_time(void **state)
{
	struct sim *s = healthy(SIM_TIME, 1);
	unsigned i;

	(void)state;
	for (i = 0; i < s->gm[2].node->nteks; i++)
		s->gm[2].node->teks[i].pseudotime += 6000;
	check_time(s);
	found(s, "ms before that");
}

static void
member_missing(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);
	struct ks_group *grp = sim_group(s, 0);

	(void)state;
	ks_remove_member(grp, TAILQ_FIRST(&grp->members), false);
	check_databases(s);
	found(s, "is not in the database");
}

static void
registers_again(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	gm_reregister(net_gm(s->gm[1].node), 0, true);
	(void)sim_run(s, 5 * SEC);
	found(s, "member 1 registers again");
}

static void
too_many_timers(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	s->gm[1].node->g->ike->nsas += 1000;
	check_memory(s);
	s->gm[1].node->g->ike->nsas -= 1000;
	found(s, "SAs,");
}

static void
another_kek(void **state)
{
	struct sim *s = healthy(SIM_CBC, 1);

	(void)state;
	net_gm(s->gm[1].node)->kek.spi[5] ^= 1;
	check_end(s);
	found(s, "has another KEK");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_primaries),
		cmocka_unit_test(no_primary),
		cmocka_unit_test(another_database),
		cmocka_unit_test(number_again),
		cmocka_unit_test(number_of_another),
		cmocka_unit_test(another_key),
		cmocka_unit_test(same_identifier),
		cmocka_unit_test(cannot_read),
		cmocka_unit_test(nothing_to_send),
		cmocka_unit_test(wrong_time),
		cmocka_unit_test(member_missing),
		cmocka_unit_test(registers_again),
		cmocka_unit_test(too_many_timers),
		cmocka_unit_test(another_kek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
