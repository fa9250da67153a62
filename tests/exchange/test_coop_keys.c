/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers share keys: copies, promotion, tombstones, merge,
 * numbers of pushes, pseudotime, sender identifiers. The engines are the real
 * ones, time is simulated.
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

#define SETTLE (200 * SEC)

static struct net *n;
static struct node *a, *b;
static struct ks_group *ga, *gb;

/* Two key servers, the first of which becomes the primary. */
static void
begin(uint64_t seed)
{
	n = net_new(seed);
	a = cks_add(n, 0, 2, 200, &cks_fast);
	b = cks_add(n, 1, 2, 100, &cks_fast);
}

static void
run(void)
{
	net_apply_all(n);
	(void)cks_settle(n, SETTLE, "start");
	ga = net_ks(a);
	gb = net_ks(b);
	assert_int_equal(ga->coop->role, COOP_PRIMARY);
	net_run(n, 5 * SEC);
}

static struct ks_tek *
tek_of(struct ks_group *grp, uint32_t spi)
{
	struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->k.spi == spi)
			return t;
	return NULL;
}

static unsigned
teks(struct ks_group *grp)
{
	struct ks_tek *t;
	unsigned k = 0;

	TAILQ_FOREACH(t, &grp->teks, link)
		k++;
	return k;
}

static void
assert_same(void)
{
	uint8_t da[8], db[8];
	struct ks_tek *t, *o;

	coop_set_digest(ga, da);
	coop_set_digest(gb, db);
	assert_memory_equal(da, db, 8);
	assert_int_equal(teks(ga), teks(gb));
	TAILQ_FOREACH(t, &ga->teks, link) {
		o = tek_of(gb, t->k.spi);
		assert_non_null(o);
		assert_int_equal(o->newest, t->newest);
		assert_int_equal(o->k.key.len, t->k.key.len);
		assert_memory_equal(o->k.key.data, t->k.key.data,
		    t->k.key.len);
		assert_memory_equal(o->k.auth_key.data, t->k.auth_key.data,
		    t->k.auth_key.len);
	}
	assert_non_null(gb->kek);
	assert_memory_equal(ga->kek->k.spi, gb->kek->k.spi, KEK_SPI_LEN);
	assert_memory_equal(ga->kek->k.key.data, gb->kek->k.key.data,
	    ga->kek->k.key.len);
	assert_true(ks_policy_equal(ga->active, gb->active));
}

static bool
near(uint64_t x, uint64_t y)
{
	return x < y + 100 && y < x + 100;
}

/* A secondary has all that it needs to register members with the lives that
 * remain, and the public key out of its own store. */
static void
copies(void **state)
{
	struct ks_tek *t, *o;

	(void)state;
	begin(1);
	run();
	assert_true(gb->coop->synced);
	assert_same();
	t = TAILQ_FIRST(&ga->teks);
	o = TAILQ_FIRST(&gb->teks);
	assert_true(near(t->expires, o->expires));
	assert_true(near(t->rekey_at, o->rekey_at));
	assert_true(near(ga->kek->expires, gb->kek->expires));
	assert_int_equal(gb->kek->k.pub_len, ga->kek->k.pub_len);
	assert_memory_equal(gb->kek->k.pub, ga->kek->k.pub,
	    ga->kek->k.pub_len);
	assert_int_equal(gb->kek->k.src.addr, b->addr);
	assert_int_equal(gb->clock_id, ga->clock_id);
	assert_true(near(ks_pseudotime(gb) * 10, ks_pseudotime(ga) * 10));
	/* the secondary makes none, and lets the old ones end */
	net_run(n, 3400 * SEC);
	assert_int_equal(teks(ga), 2);
	assert_same();
	assert_int_equal(b->logs[LOG_KS_SEND_UNICAST_REKEY], 0);
	net_run(n, 400 * SEC);
	assert_int_equal(teks(ga), 1);
	assert_same();
	net_free(n);
}

/* Nothing changes: no keys on the way. */
static void
quiet(void **state)
{
	(void)state;
	begin(2);
	run();
	net_run(n, 60 * SEC);
	n->tap = cks_count_big;
	cks_big = 0;
	net_run(n, 600 * SEC);
	assert_int_equal(cks_big, 0);
	assert_null(ks_rekey(ga, REKEY_ALL));
	net_run(n, 10 * SEC);
	assert_true(cks_big > 0);
	net_free(n);
}

/* Promoted: the same keys, the same schedule; the first rekey brings another
 * KEK; numbers that no other one uses. */
static void
promotion(void **state)
{
	uint8_t kek[KEK_SPI_LEN];
	uint64_t at;
	uint32_t spi;

	(void)state;
	begin(3);
	run();
	net_run(n, 300 * SEC);
	spi = TAILQ_FIRST(&ga->teks)->k.spi;
	at = TAILQ_FIRST(&ga->teks)->rekey_at;
	memcpy(kek, ga->kek->k.spi, KEK_SPI_LEN);
	assert_int_equal(coop_next_seq(ga, ga->kek), ga->kek->seq + 1);
	net_cut(a, b, true);
	net_run(n, 60 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	assert_true(gb->coop->term > 1);
	assert_int_equal(TAILQ_FIRST(&gb->teks)->k.spi, spi);
	assert_memory_equal(gb->kek->k.spi, kek, KEK_SPI_LEN);
	assert_true(coop_next_seq(gb, gb->kek) & 0x80000000u);
	assert_int_equal(b->logs[LOG_KS_POLICY_CHANGE], 0);
	net_run(n, at - n->now - SEC);
	assert_int_equal(teks(gb), 1);
	net_run(n, 3 * SEC);
	assert_int_equal(teks(gb), 2);
	assert_memory_not_equal(gb->kek->k.spi, kek, KEK_SPI_LEN);
	assert_memory_equal(gb->old_keks[0]->k.spi, kek, KEK_SPI_LEN);
	net_cut(a, b, false);
	net_run(n, 60 * SEC);
	assert_same();
	/* who created it does not count on where it was, once demoted */
	assert_int_equal(gb->coop->role, COOP_SECONDARY);
	assert_true(coop_next_seq(gb, ks_find_kek(gb,
	    gb->kek->k.spi)) & 0x80000000u);
	net_free(n);
}

/* The KEK of before goes, long before its end, when all key servers and members
 * have the new one; not as long as a key server is away. */
static void
tidy(void **state)
{
	(void)state;
	begin(31);
	run();
	(void)net_add_gm(n, 0);
	net_apply(n->nodes[2]);
	assert_true(net_until(n, 60 * SEC, net_registered));
	cks_kill(a);
	net_run(n, 60 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	assert_null(ks_rekey(gb, REKEY_ALL));
	net_run(n, 400 * SEC);
	assert_non_null(gb->old_keks[0]);
	assert_null(ks_rekey(gb, REKEY_ALL));
	net_run(n, 60 * SEC);
	assert_non_null(gb->old_keks[0]);
	cks_revive(a);
	net_run(n, 400 * SEC);
	assert_true(cks(a)->synced);
	assert_null(ks_rekey(gb, REKEY_TEK));
	net_run(n, 60 * SEC);
	assert_null(gb->old_keks[0]);
	assert_null(net_ks(a)->old_keks[0]);
	net_free(n);
}

/* Dropped is dropped, whoever still has it. */
static void
tombstones(void **state)
{
	uint8_t kek[KEK_SPI_LEN];
	uint32_t old;

	(void)state;
	begin(4);
	run();
	old = TAILQ_FIRST(&ga->teks)->k.spi;
	assert_null(ks_rekey(ga, REKEY_REPLACE));
	assert_null(tek_of(ga, old));
	net_run(n, 10 * SEC);
	assert_null(tek_of(ga, old));
	assert_null(tek_of(gb, old));
	assert_same();
	/* the KEK of removed members */
	memcpy(kek, ga->kek->k.spi, KEK_SPI_LEN);
	ks_remove_members(ga, REMOVE_NOW);
	net_run(n, 10 * SEC);
	assert_null(ks_find_kek(ga, kek));
	assert_null(ks_find_kek(gb, kek));
	assert_same();
	/* all of it */
	ks_remove_members(ga, REMOVE_CLEAR);
	net_run(n, 10 * SEC);
	assert_same();
	assert_int_equal(teks(ga), 1);
	net_free(n);
}

/* Both halves went on alone. */
static void
merge(void **state)
{
	uint8_t kb[KEK_SPI_LEN];
	uint32_t tb;

	(void)state;
	begin(5);
	run();
	net_cut(a, b, true);
	net_run(n, 60 * SEC);
	assert_null(ks_rekey(ga, REKEY_TEK));
	assert_null(ks_rekey(gb, REKEY_ALL));
	tb = TAILQ_FIRST(&gb->teks)->k.spi;
	memcpy(kb, gb->kek->k.spi, KEK_SPI_LEN);
	net_run(n, 30 * SEC);
	net_cut(a, b, false);
	net_run(n, 30 * SEC);
	assert_int_equal(ga->coop->role, COOP_PRIMARY);
	assert_int_equal(gb->coop->role, COOP_SECONDARY);
	assert_same();
	assert_non_null(tek_of(ga, tb));
	assert_false(tek_of(ga, tb)->newest);
	assert_non_null(ks_find_kek(ga, kb));
	assert_false(ga->coop->merge);
	net_free(n);
}

/* Of members 2 to 5 the latter two are in the half of b. */
static void
split_members(bool split)
{
	b->side = n->nodes[4]->side = n->nodes[5]->side = split;
	net_run(n, 60 * SEC);
}

/* The keys of a group are replaced in one half of it, or shortened until they
 * have ended. The other one's members hear it when the halves meet, though it
 * was another key server that told them the TEK last: else they would go on
 * sending with it. */
static void
rekeyed_apart(uint64_t seed, bool by_primary, enum rekey_kind kind)
{
	struct ks_group *by;
	uint32_t old;
	unsigned i;

	begin(seed);
	for (i = 0; i < 4; i++)
		(void)tc_server(net_add_gm(n, i)->conf, b->addr);
	run();
	assert_true(net_until(n, 60 * SEC, net_registered));
	old = TAILQ_FIRST(&ga->teks)->k.spi;
	split_members(true);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	by = by_primary ? ga : gb;
	assert_null(ks_rekey(by == ga ? gb : ga, REKEY_TEK));
	assert_null(ks_rekey(by, kind));
	net_run(n, 240 * SEC);
	for (i = 2; i < 6; i++)
		assert_true((talk_tek(n->nodes[i], old) == NULL) ==
		    ((i < 4) == by_primary));
	split_members(false);
	assert_int_equal(gb->coop->role, COOP_SECONDARY);
	assert_same();
	for (i = 2; i < 6; i++) {
		assert_null(talk_tek(n->nodes[i], old));
		assert_int_equal(n->nodes[i]->logs[LOG_GM_RECV_REPLACE_NOW],
		    kind == REKEY_REPLACE || (i < 4) != by_primary);
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGS_COMPL], 1);
	}
	check_talk(n, "halves that met");
	net_free(n);
}

static void
rekeyed_in_one_half(void **state)
{
	(void)state;
	rekeyed_apart(10, true, REKEY_REPLACE);
	rekeyed_apart(11, false, REKEY_REPLACE);
	rekeyed_apart(12, true, REKEY_ALL);
	rekeyed_apart(13, false, REKEY_ALL);
}

/* The other half had a primary of its own, but no keys of its own came of
 * that. Its members are told what they missed; if they missed nothing, nobody
 * is told anything. */
static void
regained(void **state)
{
	unsigned missed, sent, i;
	uint32_t spi;

	(void)state;
	for (missed = 0; missed < 2; missed++) {
		begin(20 + missed);
		for (i = 0; i < 4; i++)
			(void)tc_server(net_add_gm(n, i)->conf, b->addr);
		run();
		assert_true(net_until(n, 60 * SEC, net_registered));
		assert_null(ks_rekey(ga, REKEY_TEK));
		net_run(n, 300 * SEC);
		split_members(true);
		assert_int_equal(gb->coop->role, COOP_PRIMARY);
		if (missed) {
			ks_make_tek(ga, &ga->active->sas[0]);
			assert_null(ks_rekey(ga, REKEY_TEK));
		}
		net_run(n, 60 * SEC);
		spi = TAILQ_FIRST(&ga->teks)->k.spi;
		assert_int_equal(tek_of(gb, spi) == NULL, missed);
		sent = a->logs[LOG_KS_SEND_UNICAST_REKEY];
		split_members(false);
		assert_int_equal(gb->coop->role, COOP_SECONDARY);
		assert_int_equal(a->logs[LOG_KS_SEND_UNICAST_REKEY],
		    sent + missed);
		for (i = 2; i < 6; i++) {
			assert_non_null(talk_tek(n->nodes[i], spi));
			assert_int_equal(
			    n->nodes[i]->logs[LOG_GM_REGS_COMPL], 1);
		}
		net_free(n);
	}
}

/* A member registers in one half, then in the other one. The first one's row
 * has the higher stamp, and names a KEK that the member does not have any
 * more: it is told under the other one, too. */
static void
registered_in_both_halves(void **state)
{
	struct node *gm;
	unsigned i;

	(void)state;
	begin(14);
	for (i = 0; i < 4; i++)
		(void)tc_server(net_add_gm(n, i)->conf, b->addr);
	gm = n->nodes[2];
	run();
	assert_true(net_until(n, 60 * SEC, net_registered));
	gm->side = n->nodes[3]->side = 1;
	split_members(true);
	assert_null(ks_rekey(ga, REKEY_ALL));
	assert_null(ks_rekey(gb, REKEY_ALL));
	net_run(n, 10 * SEC);
	for (i = 2; i < 6; i++) {
		gm_clear(net_gm(n->nodes[i]));
		net_touched(n->nodes[i]);
	}
	net_run(n, 100 * SEC);
	assert_true(net_registered(n));
	gm->side = 0;
	gm_clear(net_gm(gm));
	net_touched(gm);
	net_run(n, 10 * SEC);
	assert_int_equal(net_gm(gm)->ks, a->addr);
	assert_true(gm_has_kek(net_gm(gm), &ga->kek->k));
	net_heal(n);
	net_run(n, 60 * SEC);
	assert_int_equal(gb->coop->role, COOP_SECONDARY);
	assert_int_equal(ks_find_member(ga, net_gm(gm)->addr)->owner, b->addr);
	for (i = 2; i < 6; i++)
		assert_true(gm_has_kek(net_gm(n->nodes[i]), &ga->kek->k));
	check_talk(n, "registered in both halves");
	net_free(n);
}

/* Numbers rise, and those of two servers never meet. */
static void
numbers(void **state)
{
	struct ks_kek ka, kb;
	unsigned i;

	(void)state;
	begin(6);
	run();
	ka = *ga->kek;
	kb = *gb->kek;
	ka.lent = true;
	assert_int_not_equal(coop_rank(ga->coop), coop_rank(gb->coop));
	for (i = 0; i < 1000; i++) {
		uint32_t sa = coop_next_seq(ga, &ka);
		uint32_t sb = coop_next_seq(gb, &kb);

		assert_true(sa > ka.seq && sb > kb.seq);
		assert_int_equal(sa >> 6 & 7, coop_rank(ga->coop));
		assert_int_equal(sb >> 6 & 7, coop_rank(gb->coop));
		ka.seq = sa;
		/* the others' numbers are heard sometimes */
		kb.seq = net_random(n) % 3 == 0 && sa > sb ? sa : sb;
		if (net_random(n) % 100 == 0)
			net_run(n, SEC);
	}
	net_free(n);
}

/* How far the numbers of a KEK can have come at that age of it, an hour more
 * for clocks that differ. */
static void
number_limits(void **state)
{
	const uint32_t age = 200, at = 0x80000000u + ((age + 3600) << 9);
	struct coop_kek o = { .age = age * SEC, .life = 86400 };
	struct ks_kek k;

	(void)state;
	begin(32);
	run();
	k = *ga->kek;
	k.born = gdoi_now(ga->g) - age * SEC;
	o.seq = at - 1;
	assert_true(coop_seq_ok(ga, &o, NULL));
	assert_true(coop_seq_ok(ga, &o, &k));
	o.seq = at;
	assert_false(coop_seq_ok(ga, &o, NULL));
	assert_false(coop_seq_ok(ga, &o, &k));
	/* how old it is said to be does not matter where that is known */
	o.age = UINT32_MAX;
	assert_true(coop_seq_ok(ga, &o, NULL));
	assert_false(coop_seq_ok(ga, &o, &k));
	/* nor is any older than its life */
	o.life = age;
	assert_false(coop_seq_ok(ga, &o, NULL));
	o.seq = at - 1;
	assert_true(coop_seq_ok(ga, &o, NULL));
	net_free(n);
}

/* A key server says that all numbers of the KEK are used up, or nearly: the
 * primary does not believe it, and its members hear its rekeys. */
static void
number_lie(void **state)
{
	struct node *gm;
	uint32_t before;

	(void)state;
	begin(33);
	gm = net_add_gm(n, 0);
	run();
	assert_true(net_until(n, 60 * SEC, net_registered));
	before = ga->kek->seq;
	gb->kek->seq = UINT32_MAX - 1;
	coop_keys_followed(gb);
	coop_changed(gb);
	net_touched(b);
	net_run(n, 5 * SEC);
	assert_int_equal(ga->kek->seq, before);
	assert_int_equal(a->logs[LOG_COOP_KEYS_REJECTED], 1);
	assert_non_null(strstr(a->last[LOG_COOP_KEYS_REJECTED],
	    "no such sequence number of a KEK can be used"));
	assert_null(ks_rekey(ga, REKEY_TEK));
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm)->last_seq, before + 1);
	net_free(n);
}

/* What is configured differently is named, once, by both; the primary's is
 * used, and the own one with the first rekey of its own. */
static void
mismatch(void **state)
{
	(void)state;
	begin(7);
	tc_profile(b->conf)->lifetime = 7200;
	tc_local(b->conf)->rekey_key_bits = 128;
	run();
	net_run(n, 60 * SEC);
	assert_int_equal(a->logs[LOG_COOP_CONFIG_MISMATCH], 2);
	assert_int_equal(b->logs[LOG_COOP_CONFIG_MISMATCH], 2);
	assert_non_null(strstr(a->last[LOG_COOP_CONFIG_MISMATCH], "rekey"));
	assert_int_equal(gb->active->sas[0].life, 3600);
	assert_int_equal(b->logs[LOG_KS_POLICY_CHANGE], 0);
	net_cut(a, b, true);
	net_run(n, 60 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	assert_int_equal(b->logs[LOG_KS_POLICY_CHANGE], 1);
	assert_int_equal(gb->active->sas[0].life, 3600);
	assert_null(ks_rekey(gb, REKEY_TEK));
	assert_int_equal(gb->active->sas[0].life, 7200);
	assert_int_equal(gb->kek->k.key_bits, 128);
	net_free(n);
}

/* Without the RSA key of the others it would tell members nothing that they
 * could believe. */
static void
no_rsa_key(void **state)
{
	(void)state;
	begin(8);
	assert_true(rsa_remove(b->g->rsa, "KEY"));
	assert_non_null(rsa_generate(b->g->rsa, "KEY", 1024, true, 1));
	run();
	assert_false(gb->coop->synced);
	assert_false(coop_ready(gb));
	assert_int_equal(b->logs[LOG_KS_NO_RSA_KEYS], 1);
	assert_int_equal(b->logs[LOG_COOP_CONFIG_MISMATCH], 1);
	assert_non_null(strstr(b->last[LOG_COOP_CONFIG_MISMATCH],
	    "rekey RSA key"));
	assert_non_null(strstr(b->last[LOG_KS_NO_RSA_KEYS],
	    "the one here is another than the primary's"));
	/* refused as before, for another reason: that is said */
	gb->coop->blocked = "there is no primary yet";
	coop_log_blocked(gb);
	coop_log_blocked(gb);
	assert_int_equal(b->logs[LOG_COOP_KS_BLOCK_REG], 1);
	assert_non_null(strstr(b->last[LOG_COOP_KS_BLOCK_REG],
	    "it does not have the RSA key of the primary"));
	/* it is imported, under whatever label */
	assert_int_equal(gdoi_keys_load(b->g, tc_rsa_text(),
	    strlen(tc_rsa_text())), 0);
	net_run(n, 10 * SEC);
	assert_true(gb->coop->synced);
	assert_true(coop_ready(gb));
	/* what it had, it may lose */
	assert_true(rsa_remove(b->g->rsa, gb->kek->label));
	net_run(n, 10 * SEC);
	assert_false(gb->coop->synced);
	assert_int_equal(b->logs[LOG_KS_NO_RSA_KEYS], 2);
	net_free(n);
}

/* One clock in the group, whose machines run apart, whoever is the primary;
 * members of both can check each other's packets. */
static void
clocks(void **state)
{
	const struct gm_group *x, *y;
	unsigned i;

	(void)state;
	begin(9);
	for (i = 0; i < 2; i++) {
		struct gdoi_sa *sa = (void *)tc_local(
		    n->nodes[i]->conf)->sas.first;

		sa->replay = REPLAY_TIME;
		sa->window = 5;
	}
	a->ppm = 150;
	b->ppm = -150;
	net_add_gm(n, 0);
	net_add_gm(n, 1);
	run();
	x = net_gm(n->nodes[2]);
	y = net_gm(n->nodes[3]);
	for (i = 0; i < 40; i++) {
		net_run(n, 1800 * SEC);
		if (i % 10 == 5)
			net_cut(a, b, i % 20 == 5);
		assert_true(llabs(x->clock.offset - y->clock.offset) < 2500);
		assert_int_equal(x->clock.id, y->clock.id);
	}
	assert_int_equal(n->nodes[2]->logs[LOG_PSEUDO_TIME_TOO_OLD], 0);
	assert_int_equal(ga->coop->bad_pseudotime, 0);
	assert_int_equal(gb->coop->bad_pseudotime, 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(quiet),
		cmocka_unit_test(promotion),
		cmocka_unit_test(tidy),
		cmocka_unit_test(tombstones),
		cmocka_unit_test(merge),
		cmocka_unit_test(rekeyed_in_one_half),
		cmocka_unit_test(regained),
		cmocka_unit_test(registered_in_both_halves),
		cmocka_unit_test(numbers),
		cmocka_unit_test(number_limits),
		cmocka_unit_test(number_lie),
		cmocka_unit_test(mismatch),
		cmocka_unit_test(no_rsa_key),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
