/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members of a group with three key servers: whichever they register with,
 * all key servers know them, the primary sends them rekeys, and who is
 * removed is removed everywhere. The engines are the real ones.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coop_net.h"

#define SERVERS 3
#define MEMBERS 9
#define SETTLE (200 * SEC)

static struct net *n;
static struct node *ks[SERVERS], *gm[MEMBERS];

/* Key server 0 is the primary. Member i registers with i % 3. */
static void
begin(uint64_t seed)
{
	struct gdoi_group *g;
	unsigned i;

	n = net_new(seed);
	for (i = 0; i < SERVERS; i++)
		ks[i] = cks_add(n, i, SERVERS, (uint8_t)(200 - i), &cks_fast);
	net_apply_all(n);
	(void)cks_settle(n, SETTLE, "start");
	assert_ptr_equal(cks_primary(n), ks[0]);
	for (i = 0; i < MEMBERS; i++) {
		gm[i] = net_add_gm(n, i);
		g = (void *)gm[i]->conf->gdoi_groups.first;
		((struct gdoi_server *)(void *)g->servers.first)->addr =
		    CKS(i % SERVERS);
	}
}

static void
join(unsigned i)
{
	net_apply(gm[i]);
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm[i])->state, GM_REGISTERED);
}

static void
join_all(void)
{
	unsigned i;

	for (i = 0; i < MEMBERS; i++)
		join(i);
	net_run(n, 5 * SEC);
}

static struct ks_member *
known(unsigned server, unsigned member)
{
	return ks_find_member(net_ks(ks[server]), GM_ADDR(member));
}

static void
all_know(void)
{
	unsigned s, i;

	for (s = 0; s < SERVERS; s++) {
		assert_int_equal(net_ks(ks[s])->nmembers, MEMBERS);
		for (i = 0; i < MEMBERS; i++) {
			assert_non_null(known(s, i));
			assert_int_equal(known(s, i)->owner,
			    CKS(i % SERVERS));
			assert_int_equal(known(s, i)->port, 848);
			assert_true(known(s, i)->has_kek);
		}
	}
}

/* All members have the newest TEK of the primary. */
static bool
all_have_newest(void)
{
	struct ks_group *grp = net_ks(cks_primary(n));
	struct gm_tek *t;
	unsigned i, have = 0;

	for (i = 0; i < MEMBERS; i++)
		TAILQ_FOREACH(t, &net_gm(gm[i])->teks, link)
			have += t->t.spi == TAILQ_FIRST(&grp->teks)->k.spi;
	return have == MEMBERS;
}

static unsigned
registrations(void)
{
	unsigned i, sum = 0;

	for (i = 0; i < MEMBERS; i++)
		sum += net_gm(gm[i])->succeeded;
	return sum;
}

static void
everywhere(void **state)
{
	(void)state;
	begin(1);
	join_all();
	all_know();
	assert_null(ks_rekey(net_ks(ks[0]), REKEY_ALL));
	net_run(n, 10 * SEC);
	assert_true(all_have_newest());
	assert_int_equal(registrations(), MEMBERS);
	assert_int_equal(known(0, 1)->acks, 1);
	/* the primary dies: another one goes on with them */
	cks_kill(ks[0]);
	(void)cks_settle(n, SETTLE, "takeover");
	assert_null(ks_rekey(net_ks(ks[1]), REKEY_ALL));
	net_run(n, 10 * SEC);
	assert_true(all_have_newest());
	/* and is told of them when it comes back */
	cks_revive(ks[0]);
	(void)cks_settle(n, SETTLE, "back");
	net_run(n, 30 * SEC);
	all_know();
	assert_int_equal(registrations(), MEMBERS);
	net_free(n);
}

static void
lossy(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 5; seed++) {
		begin(seed);
		n->loss = n->dup = n->reorder = 20;
		net_apply_all(n);
		net_run(n, 120 * SEC);
		n->loss = 0;
		net_run(n, 60 * SEC);
		all_know();
		net_free(n);
	}
}

/* They are removed by the primary and are gone everywhere, then they come
 * back. */
static void
removed(void **state)
{
	unsigned s;

	(void)state;
	begin(2);
	join_all();
	for (s = 0; s < MEMBERS; s++)
		gm[s]->deaf = s % 2 == 0;
	ks_remove_members(net_ks(ks[0]), REMOVE_NOW);
	net_run(n, 3600 * SEC / 10);
	for (s = 0; s < SERVERS; s++) {
		assert_int_equal(net_ks(ks[s])->nmembers, MEMBERS / 2);
		assert_null(known(s, 0));
		assert_non_null(known(s, 1));
	}
	net_free(n);
}

/* A key server that was cut off registers members with the keys that it has;
 * when the primary hears of them they get those that came since. */
static void
late(void **state)
{
	unsigned i;

	(void)state;
	begin(3);
	for (i = 0; i < MEMBERS; i++)
		if (i % SERVERS != 2)
			join(i);
	net_cut(ks[2], ks[0], true);
	net_cut(ks[2], ks[1], true);
	net_run(n, SEC);
	assert_null(ks_rekey(net_ks(ks[0]), REKEY_ALL));
	join(2);
	join(5);
	join(8);
	assert_false(all_have_newest());
	net_heal(n);
	net_run(n, 60 * SEC);
	(void)cks_settle(n, SETTLE, "healed");
	net_run(n, 30 * SEC);
	all_know();
	assert_true(all_have_newest());
	assert_int_equal(registrations(), MEMBERS);
	net_free(n);
}

/* Those of the primary, or zeros. */
static void
counts_of(unsigned server, bool told)
{
	const struct ks_member *m, *p;
	unsigned i;

	for (i = 0; i < MEMBERS; i++) {
		m = known(server, i);
		p = known(0, i);
		assert_non_null(m);
		assert_int_equal(p->sent, 1);
		assert_int_equal(p->retries, i == 0 ? 2 : 0);
		assert_int_equal(p->acks, i != 0);
		assert_int_equal(p->acks_missed, i == 0);
		assert_int_equal(m->sent, told ? p->sent : 0);
		assert_int_equal(m->retries, told ? p->retries : 0);
		assert_int_equal(m->acks, told ? p->acks : 0);
		assert_int_equal(m->acks_missed, told ? p->acks_missed : 0);
	}
}

/* With its members a secondary is told how often they were sent rekeys, if
 * announcements are not to be short. */
static void
counted(void **state)
{
	unsigned optimize, i;

	(void)state;
	for (optimize = 0; optimize < 2; optimize++) {
		begin(6);
		for (i = 0; i < SERVERS; i++) {
			(void)net_edit(ks[i]);
			cks_conf(ks[i])->optimize = optimize;
			net_left(ks[i]);
		}
		join_all();
		gm[0]->deaf = true;
		assert_null(ks_rekey(net_ks(ks[0]), REKEY_TEK));
		net_run(n, 60 * SEC);
		gm[0]->deaf = false;
		counts_of(2, false);
		cks_kill(ks[2]);
		net_run(n, 30 * SEC);
		cks_revive(ks[2]);
		(void)cks_settle(n, SETTLE, "back");
		net_run(n, 30 * SEC);
		counts_of(2, !optimize);
		net_free(n);
	}
}

/* Who registers with another one is his then, at once. */
static void
moves(void **state)
{
	struct gdoi_group *g;
	unsigned s;

	(void)state;
	begin(4);
	join_all();
	g = (void *)gm[1]->conf->gdoi_groups.first;
	((struct gdoi_server *)(void *)g->servers.first)->addr = CKS(2);
	net_apply(gm[1]);
	gm_clear(net_gm(gm[1]));
	net_run(n, 10 * SEC);
	for (s = 0; s < SERVERS; s++) {
		assert_int_equal(known(s, 1)->owner, CKS(2));
		assert_int_equal(net_ks(ks[s])->nmembers, MEMBERS);
	}
	net_free(n);
}

/* The last key server is alone and is no other's peer: all are its own. So
 * they are when it has another address. */
static void
alone(void **state)
{
	struct cf_list coop;
	unsigned i;

	(void)state;
	begin(5);
	join_all();
	cks_kill(ks[0]);
	cks_kill(ks[2]);
	net_run(n, SETTLE);
	(void)net_edit(ks[1]);
	coop = tc_local(ks[1]->conf)->coop;
	tc_local(ks[1]->conf)->coop = (struct cf_list){ 0 };
	net_typed(ks[1]);
	assert_null(net_ks(ks[1])->coop);
	for (i = 0; i < MEMBERS; i++)
		assert_int_equal(known(1, i)->owner, CKS(1));
	(void)net_edit(ks[1]);
	tc_local(ks[1]->conf)->addr = CKS(7);
	net_typed(ks[1]);
	for (i = 0; i < MEMBERS; i++)
		assert_int_equal(known(1, i)->owner, CKS(7));
	tc_local(ks[1]->conf)->coop = coop; /* to be freed */
	net_free(n);
}

/* What eight key servers say for 2000 members: a registration goes to the
 * primary and from there to each other one, with those of the same second;
 * who starts again hears all of them once, not from everybody. */
static unsigned
octets(unsigned members, void (*what)(unsigned), unsigned arg)
{
	unsigned before = n->bytes;

	what(arg);
	return (n->bytes - before) / members;
}

static void
register_with(unsigned server)
{
	struct ks_group *grp = net_ks(n->nodes[server]);
	struct ks_given given = ks_given_now(grp);
	struct ike_sa *sa = xcalloc(1, sizeof(*sa));
	unsigned i;

	for (i = 0; i < 2000; i++) {
		sa->remote.addr = IP(10, 20, 0, 0) + i;
		sa->remote.port = ISAKMP_PORT;
		ks_add_member(grp, sa, &grp->kek->k, &given);
		net_run(n, 10);
	}
	net_run(n, 10 * SEC);
	free(sa);
}

static void
start_again(unsigned server)
{
	cks_revive(n->nodes[server]);
	net_run(n, 30 * SEC);
}

static void
cost(void **state)
{
	unsigned i, per;

	(void)state;
	n = net_new(1);
	cks_start(n, 8, NULL, &cks_ios);
	(void)cks_settle(n, 400 * SEC, "start");
	net_run(n, 60 * SEC);
	per = octets(2000, register_with, 0);
	assert_in_range(per, 7 * 62, 7 * 200);
	cks_kill(n->nodes[3]);
	net_run(n, 60 * SEC);
	per = octets(2000, start_again, 3);
	assert_in_range(per, 62, 200);
	for (i = 0; i < 8; i++)
		assert_int_equal(net_ks(n->nodes[i])->nmembers, 2000);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everywhere),
		cmocka_unit_test(lossy),
		cmocka_unit_test(removed),
		cmocka_unit_test(late),
		cmocka_unit_test(counted),
		cmocka_unit_test(moves),
		cmocka_unit_test(alone),
		cmocka_unit_test(cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
