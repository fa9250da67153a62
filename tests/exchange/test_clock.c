/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pseudotime of a group through bad networks and bad clocks: how far the
 * members are from the key server, what a delayed rekey does, when it is
 * refreshed, who is let in.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"

#define SEC 1000ull

static struct gdoi_local *
server(struct node *ks)
{
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;

	return (void *)g->local.first;
}

static void
replay(struct node *ks, uint8_t method, uint16_t window)
{
	struct gdoi_sa *sa = (void *)server(ks)->sas.first;

	sa->replay = method;
	sa->window = window;
}

static struct net *
start(uint64_t seed, unsigned members, uint32_t tek, uint16_t window)
{
	struct net *n = net_new(seed);
	struct node *ks = net_add_ks(n, KS_ADDR);
	unsigned i;

	((struct ipsec_profile *)(void *)ks->conf->ipsec_profiles.first)
	    ->lifetime = tek;
	replay(ks, REPLAY_TIME, window);
	for (i = 0; i < members; i++)
		net_add_gm(n, i);
	return n;
}

static void
go(struct net *n)
{
	net_apply_all(n);
	assert_true(net_until(n, 300 * SEC, net_registered));
}

/* How far a member's pseudotime is from that of the key server, ms: as the
 * packet process has it for the youngest TEK. */
static int64_t
off(struct net *n, unsigned i)
{
	const struct node *gm = n->nodes[i];
	const struct sa_tek *t = &gm->teks[gm->nteks - 1];

	assert_int_equal(t->replay, REPLAY_TIME);
	return (int64_t)net_clock(gm) + t->pseudotime -
	    (int64_t)ks_pseudotime(net_ks(n->nodes[0])) * 10;
}

static void
assert_off(struct net *n, unsigned i, int64_t limit, const char *what)
{
	if (llabs(off(n, i)) > limit)
		fail_msg("%s: member %u is off by %lld ms", what, i,
		    (long long)off(n, i));
}

/* Clocks that began at other times; a good network. */
static void
registered(void **state)
{
	struct net *n = start(1, 5, 3600, 5);
	unsigned i;

	(void)state;
	go(n);
	net_run(n, SEC);
	for (i = 1; i <= 5; i++)
		assert_off(n, i, 20, "after registration");
	/* the clock starts with the first registration */
	assert_true(ks_pseudotime(net_ks(n->nodes[0])) <= 300);
	net_run(n, 5 * 3600 * SEC);
	for (i = 1; i <= 5; i++) {
		assert_off(n, i, 20, "hours later");
		assert_int_equal(n->nodes[i]->logs[LOG_PSEUDO_TIME_LARGE], 0);
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGSTER], 1);
	}
	net_free(n);
}

/* Loss, duplication, delay: a registration that had to be repeated leaves
 * doubt and is done again; in the end nobody is off by more than a second
 * (delays are up to 205 ms here), and rekeys that come late do not hurt. */
static void
bad_networks(void **state)
{
	unsigned seed, i, k;

	(void)state;
	for (seed = 0; seed < 300; seed++) {
		struct net *n = start(100 + seed, 3, 600, 5);

		n->loss = seed % 25;
		n->dup = seed % 20;
		n->reorder = seed % 40;
		net_apply_all(n);
		net_run(n, 400 * SEC);
		for (k = 0; k < 10; k++) {
			net_run(n, 300 * SEC);
			for (i = 1; i <= 3; i++)
				if (net_gm(n->nodes[i])->clock.id != 0 &&
				    !net_gm(n->nodes[i])->clock.unsure)
					assert_off(n, i, 1000, "bad network");
		}
		n->loss = n->reorder = 0;
		net_run(n, 1200 * SEC);
		for (i = 1; i <= 3; i++)
			assert_off(n, i, 1000, "good network again");
		net_free(n);
	}
}

/* Nothing else to say for longer than 7200 s: the clock is said. Clocks that
 * are 1 % wrong are right again after it. */
static void
refresh(void **state)
{
	struct net *n = start(3, 3, 86400, 20);
	struct node *ks = n->nodes[0];
	uint32_t spi;

	(void)state;
	n->nodes[1]->ppm = 10000;
	n->nodes[2]->ppm = -10000;
	n->nodes[3]->ppm = 50;
	go(n);
	spi = TAILQ_FIRST(&net_ks(ks)->teks)->k.spi;
	net_run(n, 1000 * SEC);
	assert_off(n, 1, 20000, "before the refresh"); /* 10 s ahead */
	net_run(n, 6190 * SEC);
	assert_true(off(n, 1) > 60000);
	assert_true(off(n, 2) < -60000);
	assert_int_equal(ks->logs[LOG_KS_SEND_UNICAST_REKEY], 0);
	/* the fast one does not believe it before it has asked */
	net_run(n, 50 * SEC);
	assert_int_equal(ks->logs[LOG_KS_SEND_UNICAST_REKEY], 1);
	assert_int_equal(TAILQ_FIRST(&net_ks(ks)->teks)->k.spi, spi);
	assert_off(n, 2, 600, "slow");
	assert_off(n, 3, 1000, "good");
	assert_off(n, 1, 600, "fast");
	assert_int_equal(n->nodes[1]->logs[LOG_GM_REGSTER], 2);
	assert_int_equal(n->nodes[3]->logs[LOG_GM_REGSTER], 1);
	assert_int_equal(n->nodes[1]->logs[LOG_PSEUDO_TIME_LARGE], 1);
	assert_int_equal(n->nodes[2]->logs[LOG_PSEUDO_TIME_LARGE], 1);
	assert_int_equal(n->nodes[3]->logs[LOG_PSEUDO_TIME_LARGE], 0);
	assert_int_equal(net_gm(n->nodes[1])->clock.errors, 1);
	net_run(n, 7200 * SEC);
	assert_int_equal(ks->logs[LOG_KS_SEND_UNICAST_REKEY], 2);
	net_free(n);
}

static struct datagram *held;
static bool holding;
static uint64_t held_for, held_until;

static bool
hold_push(struct net *n, struct datagram *d)
{
	(void)n;
	if (!holding || d->data[18] != GDOI_X_PUSH)
		return true;
	if (held == NULL) {
		held = malloc(sizeof(*d) + d->len);
		memcpy(held, d, sizeof(*d) + d->len);
	}
	return false;
}

/* A rekey that somebody held up: refused with its log and not acknowledged,
 * clock and keys stay. */
static void
held_up(void **state)
{
	struct net *n = start(4, 1, 3600, 5);
	struct node *gm = n->nodes[1];
	int64_t before;

	(void)state;
	go(n);
	net_run(n, SEC);
	n->tap = hold_push;
	holding = true;
	assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_TEK));
	net_run(n, 120 * SEC);
	holding = false;
	assert_non_null(held);
	before = off(n, 1);
	gdoi_input(gm->g, held->to, held->from, held->data, held->len);
	assert_int_equal(gm->logs[LOG_PSEUDO_TIME_TOO_OLD], 1);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 0);
	assert_int_equal(net_gm(gm)->acks_sent, 0);
	assert_true(off(n, 1) == before);
	assert_int_equal(net_gm(gm)->clock.errors, 1);
	free(held);
	held = NULL;
	/* the next one, on time, is taken */
	assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_TEK));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 1);
	assert_off(n, 1, 20, "after it");
	net_free(n);
}

static bool
later(struct net *n, struct datagram *d)
{
	struct datagram *copy;

	if (d->data[18] != GDOI_X_PUSH || held_for == 0)
		return true;
	if (held == NULL) {
		held = copy = malloc(sizeof(*d) + d->len);
		memcpy(copy, d, sizeof(*d) + d->len);
		held_until = n->now + held_for;
	}
	return false;
}

/* Each rekey is held up for less than what makes it too old: the keys are
 * taken, but the clock is not led back step by step. */
static void
held_up_a_little(void **state)
{
	struct net *n = start(14, 1, 86400, 5);
	struct node *gm = n->nodes[1];
	unsigned i, s;

	(void)state;
	go(n);
	n->tap = later;
	for (i = 0; i < 6; i++) {
		held_for = 4 * SEC;
		assert_null(ks_rekey(net_ks(n->nodes[0]), REKEY_TEK));
		for (s = 0; s < 1200; s++) {
			net_run(n, SEC);
			if (held != NULL && n->now >= held_until) {
				gdoi_input(gm->g, held->to, held->from,
				    held->data, held->len);
				free(held);
				held = NULL;
				held_for = 0;
			}
			assert_off(n, 1, 2600, "led back");
		}
		assert_off(n, 1, 20, "asked");
	}
	assert_int_equal(gm->logs[LOG_GM_RECV_REKEY], 6);
	assert_int_equal(gm->logs[LOG_PSEUDO_TIME_TOO_OLD], 0);
	assert_int_equal(net_gm(gm)->clock.errors, 0);
	net_free(n);
}

static struct net *
by_multicast(uint64_t seed, uint32_t tek)
{
	struct net *n = start(seed, 3, tek, 5);
	struct ace *a = tc_ace(tc_acl(n->nodes[0]->conf, "M"), ACE_PERMIT,
	    KS_ADDR, 0, IP(239, 1, 1, 1), 0);
	struct gdoi_local *l = server(n->nodes[0]);

	a->proto = 17;
	l->unicast = false;
	l->retransmit_secs = 60;
	l->retransmit_count = 10;
	str_copy(l->rekey_acl, "M", sizeof(l->rekey_acl));
	return n;
}

/* Rekeys that are repeated for ten minutes: each repetition says the time of
 * its own, so clocks of the usual quality stay within a second for days, and
 * who has taken the first hears no more of them. */
static void
repeated(void **state)
{
	struct net *n = by_multicast(15, 3600);
	unsigned day, i;

	(void)state;
	n->nodes[1]->ppm = 50;
	n->nodes[2]->ppm = -50;
	n->loss = 30;
	go(n);
	for (day = 0; day < 10; day++) {
		net_run(n, 86400 * SEC);
		for (i = 1; i <= 3; i++)
			assert_off(n, i, 1200, "by multicast");
	}
	for (i = 1; i <= 3; i++)
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REKEY_SEQ], 0);
	net_free(n);
}

/* Each rekey brings a KEK, and by unicast those octets are repeated as they
 * are: one more follows. */
static void
new_keks_only(void **state)
{
	struct net *n = start(16, 2, 86400, 2);
	unsigned i, hour;

	(void)state;
	server(n->nodes[0])->rekey_lifetime = 3600;
	server(n->nodes[0])->retransmit_secs = 60;
	server(n->nodes[0])->retransmit_count = 10;
	n->nodes[1]->ppm = 100;
	go(n);
	for (hour = 0; hour < 80; hour++) {
		net_run(n, 3600 * SEC);
		for (i = 1; i <= 2; i++)
			assert_off(n, i, 1500, "new KEKs");
	}
	assert_true(net_gm(n->nodes[1])->rekeys_total < 200);
	net_free(n);
}

/* The key server starts again: another clock for the new TEK; the old TEK
 * keeps the old one. */
static void
new_server(void **state)
{
	struct net *n = start(5, 2, 3600, 5);
	struct gm_group *gm;
	int64_t old;
	uint32_t spi;

	(void)state;
	go(n);
	net_run(n, 1000 * SEC);
	gm = net_gm(n->nodes[1]);
	spi = TAILQ_FIRST(&gm->teks)->t.spi;
	old = TAILQ_FIRST(&gm->teks)->t.pseudotime;
	net_restart(n->nodes[0]);
	net_apply(n->nodes[0]);
	gm_reregister(gm, 0, false);
	net_run(n, 60 * SEC);
	assert_int_equal(gm->state, GM_REGISTERED);
	assert_int_equal(n->nodes[1]->nteks, 2);
	assert_int_equal(n->nodes[1]->teks[0].spi, spi);
	assert_true(n->nodes[1]->teks[0].pseudotime == old);
	assert_off(n, 1, 20, "the new one");
	/* which starts at 0 */
	assert_true(ks_pseudotime(net_ks(n->nodes[0])) < 6100);
	net_free(n);
}

/* Counter to time by a policy change: the TEK that lives keeps its method. */
static void
changed(void **state)
{
	struct net *n = start(6, 2, 3600, 5);
	struct node *ks = n->nodes[0], *gm = n->nodes[1];
	struct conf *before;

	(void)state;
	replay(ks, REPLAY_COUNTER, 64);
	go(n);
	net_run(n, 100 * SEC);
	before = ks->conf;
	ks->conf = tc_copy(before);
	replay(ks, REPLAY_TIME, 10);
	gdoi_config(ks->g, before, ks->conf);
	tc_free(before);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 80 * SEC);
	assert_int_equal(gm->nteks, 2);
	assert_int_equal(gm->teks[0].replay, REPLAY_COUNTER);
	assert_int_equal(gm->teks[1].replay, REPLAY_TIME);
	assert_int_equal(gm->teks[1].window, 10);
	assert_off(n, 1, 20, "after the change");
	net_free(n);
}

/* A member that tells no version of ours, and a version that is too old. */
static void
strangers(void **state)
{
	static const char *const versions[] = { "", "1.0.1", "1.0.2", "x" };
	struct net *n = start(7, 1, 3600, 5);
	struct ike_sa sa;
	size_t i;

	(void)state;
	go(n);
	for (i = 0; i < NELEM(versions); i++) {
		memset(&sa, 0, sizeof(sa));
		sa.remote.addr = IP(10, 8, 8, (uint32_t)i);
		str_copy(sa.peer_version, versions[i],
		    sizeof(sa.peer_version));
		assert_true(ks_clock_refuses(net_ks(n->nodes[0]), &sa));
	}
	assert_int_equal(n->nodes[0]->logs[LOG_REJECT_GM_VERSION], i);
	str_copy(sa.peer_version, GDOI_VERSION, sizeof(sa.peer_version));
	assert_false(ks_clock_refuses(net_ks(n->nodes[0]), &sa));
	net_free(n);
}

/* What a key server says is looked at. */
static void
nonsense(void **state)
{
	struct net *n = start(8, 1, 3600, 5);
	struct gdoi_sat sats[2] = { { .spi = 0x5000, .replay = REPLAY_TIME,
		.window = 5 }, { .spi = 0x5000, .replay = REPLAY_TIME,
		.window = 5 } };
	struct gdoi_sa_msg m = { .n = 2, .sats = sats };
	struct gm_group *gm;

	(void)state;
	go(n);
	gm = net_gm(n->nodes[1]);
	assert_non_null(gm_clock_check(gm, &m)); /* no pseudotime */
	sats[0].clock = (struct gdoi_clock){ 7, 0, 100 };
	assert_null(gm_clock_check(gm, &m));
	sats[1].window = 0;
	assert_non_null(gm_clock_check(gm, &m));
	sats[1].window = 101;
	assert_non_null(gm_clock_check(gm, &m));
	sats[1].window = 5;
	sats[1].replay = REPLAY_COUNTER;
	assert_non_null(gm_clock_check(gm, &m));
	sats[1].replay = REPLAY_TIME;
	sats[0].spi = sats[1].spi = TAILQ_FIRST(&gm->teks)->t.spi;
	assert_null(gm_clock_check(gm, &m));
	sats[0].replay = sats[1].replay = REPLAY_COUNTER;
	assert_non_null(gm_clock_check(gm, &m));
	net_free(n);
}

/* fwd's events are counted for the group they name. */
static void
events(void **state)
{
	struct net *n = start(9, 1, 3600, 5);
	struct sa_event e = { .type = SA_EVENT_REPLAY_TIME, .group = "G1",
		.spi = 7, .src = 8 };
	struct gm_group *gm;

	(void)state;
	go(n);
	gm = net_gm(n->nodes[1]);
	gdoi_sa_event(n->nodes[1]->g, &e);
	e.type = SA_EVENT_INVALID_SPI;
	gdoi_sa_event(n->nodes[1]->g, &e);
	e.type = SA_EVENT_EXHAUSTED;
	gdoi_sa_event(n->nodes[1]->g, &e);
	str_copy(e.group, "OTHER", sizeof(e.group));
	gdoi_sa_event(n->nodes[1]->g, &e);
	assert_int_equal(gm->replay_failures, 1);
	assert_int_equal(gm->invalid_spis, 1);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registered),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(refresh),
		cmocka_unit_test(held_up),
		cmocka_unit_test(held_up_a_little),
		cmocka_unit_test(repeated),
		cmocka_unit_test(new_keks_only),
		cmocka_unit_test(new_server),
		cmocka_unit_test(changed),
		cmocka_unit_test(strangers),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
