/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: what a primary waits for and what it does not; old
 * and late messages of keys; members that come while keys change. The engines
 * are the real ones, time is simulated.
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
begin(uint64_t seed, const struct cks_timers *t)
{
	n = net_new(seed);
	a = cks_add(n, 0, 2, 200, t);
	b = cks_add(n, 1, 2, 100, t);
}

static void
run_keys(void)
{
	net_apply(a);
	net_apply(b);
	(void)cks_settle(n, SETTLE, "start");
	ga = net_ks(a);
	gb = net_ks(b);
	assert_int_equal(ga->coop->role, COOP_PRIMARY);
	net_run(n, 5 * SEC);
}

static void
run(void)
{
	run_keys();
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 5 * SEC);
}

/* ---- peers that never have the same ---- */

/* Whatever the other one hears, it says that it has something else. */
static void
never_same(struct net *net, const struct datagram *d)
{
	struct coop_peer *p = TAILQ_FIRST(&ga->coop->peers);

	(void)net;
	(void)d;
	memset(p->keys_digest, 0xa5, sizeof(p->keys_digest));
}

static void
hold_with(const struct cks_timers *t)
{
	uint64_t before, most = 0;
	unsigned i, rekeys;
	struct node *gm;

	begin(1, t);
	tc_profile(a->conf)->lifetime = 300;
	tc_profile(b->conf)->lifetime = 300;
	tc_local(a->conf)->rekey_lifetime = 900;
	tc_local(b->conf)->rekey_lifetime = 900;
	for (i = 0; i < 3; i++)
		gm = net_add_gm(n, i);
	run();
	n->after = never_same;
	rekeys = ga->rekeys_sent;
	/* a member that comes is not kept waiting for long */
	for (i = 0; i < 20; i++) {
		gm_clear(net_gm(gm));
		net_touched(gm);
		before = n->now;
		assert_true(net_until(n, 60 * SEC, net_registered));
		if (n->now - before > most)
			most = n->now - before;
		talk_for(n, 60 + 7 * i, "never the same");
	}
	assert_true(most <= 20 * SEC);
	/* a TEK each 195 s at the latest */
	assert_true(ga->rekeys_sent - rekeys >= 10);
	for (i = 2; i < n->n - 1; i++)
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGSTER], 1);
	net_free(n);
}

/* It may be another implementation: rekeys are late by a little, and come. */
static void
hold(void **state)
{
	static const struct cks_timers slow = { 20, 30, 3600, 3 };

	(void)state;
	hold_with(&cks_fast);
	hold_with(&cks_ios);
	hold_with(&slow);
}

/* ---- members that come meanwhile ---- */

static void
first_server(struct node *gm, uint32_t first, uint32_t second)
{
	struct gdoi_group *g = (void *)gm->conf->gdoi_groups.first;

	((struct gdoi_server *)(void *)g->servers.first)->addr = first;
	if (second != 0)
		tc_server(gm->conf, second);
}

/* Who has keys and is on the side of `of` can read `of`, which may be the new
 * one of its half. */
static void
readable(const char *when, unsigned half, unsigned halves)
{
	const struct sa_tek *t;
	unsigned i, j;

	for (i = 2; i < n->n; i++) {
		t = cks_outbound(n->nodes[i]);
		for (j = 2; t != NULL && j < n->n; j++)
			if (n->nodes[j]->nteks > 0 && (halves == 1 ||
			    i % 2 == j % 2) &&
			    talk_tek(n->nodes[j], t->spi) == NULL)
				fail_msg("%s, half %u, at %llu: %u cannot read"
				    " %u (TEK %08x)", when, half,
				    (unsigned long long)n->now, j, i, t->spi);
	}
}

/* Two halves have other TEKs, and meet. Members with an even number are those
 * of a, the others those of b; the last one is new just then. */
static void
meet(uint64_t seed, uint64_t apart, uint64_t offset, unsigned half)
{
	struct node *gm = NULL;
	char when[80];
	unsigned i, j;

	snprintf(when, sizeof(when), "seed %llu, %llu s apart, at %llu ms",
	    (unsigned long long)seed, (unsigned long long)apart / SEC,
	    (unsigned long long)offset);
	begin(seed, &cks_fast);
	tc_profile(a->conf)->lifetime = 300;
	tc_profile(b->conf)->lifetime = 300;
	for (i = 0; i < 4 + 1 + half; i++) {
		gm = net_add_gm(n, i);
		first_server(gm, CKS(i % 2), 0);
		gm->deaf = i >= 4;
	}
	net_apply(a);
	net_apply(b);
	(void)cks_settle(n, SETTLE, when);
	net_run(n, 5 * SEC);
	for (i = 2; i < 6; i++)
		net_apply(n->nodes[i]);
	net_run(n, 30 * SEC);
	for (i = 0; i < n->n; i++)
		for (j = 0; j < i; j++)
			if (i % 2 != j % 2)
				net_cut(n->nodes[i], n->nodes[j], true);
	net_run(n, apart);
	for (i = 0; i < n->n; i++)
		for (j = 0; j < i; j++)
			net_cut(n->nodes[i], n->nodes[j], false);
	if (half == 1)
		n->nodes[6]->deaf = true; /* only to have the number */
	gm->deaf = false;
	net_run(n, offset);
	net_apply(gm);
	for (i = 0; i < 150; i++) {
		net_run(n, 100);
		readable(when, half, 2);
	}
	net_run(n, 30 * SEC);
	for (i = 0; i < 20; i++) {
		net_run(n, SEC);
		readable(when, half, 1);
	}
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	assert_int_equal(talk_live(gm), talk_live(n->nodes[2]));
	net_free(n);
}

/* The k-th of the datagrams between the new member and its key server is lost,
 * once; 0: none. */
static struct {
	uint32_t gm, ks;
	unsigned k, seen;
} drop;

static bool
lose_one(struct net *net, struct datagram *d)
{
	(void)net;
	if ((d->from.addr != drop.gm || d->to.addr != drop.ks) &&
	    (d->from.addr != drop.ks || d->to.addr != drop.gm))
		return true;
	return ++drop.seen != drop.k;
}

/* A member registers with the secondary, and ms after it has begun the primary
 * rekeys (before, if it is negative); the key servers may not hear each other
 * for a while then. */
static void
meanwhile(enum rekey_kind kind, int ms, unsigned lose, unsigned cut)
{
	const struct ks_tek *t;
	struct node *gm;
	char when[80];
	unsigned i;

	snprintf(when, sizeof(when), "kind %u, at %d ms, %u lost, cut for"
	    " %u ms", kind, ms, lose, cut);
	begin((uint64_t)(1000 + ms) * 100 + lose, &cks_fast);
	for (i = 0; i < 3; i++)
		gm = net_add_gm(n, i);
	first_server(n->nodes[2], CKS(0), 0);
	first_server(n->nodes[3], CKS(1), 0);
	first_server(gm, CKS(1), 0);
	gm->deaf = true;
	net_apply(a);
	net_apply(b);
	(void)cks_settle(n, SETTLE, when);
	ga = net_ks(a);
	gb = net_ks(b);
	net_run(n, 5 * SEC);
	net_apply(n->nodes[2]);
	net_apply(n->nodes[3]);
	net_run(n, 100 * SEC);
	drop.gm = gm->addr;
	drop.ks = b->addr;
	drop.k = lose;
	drop.seen = 0;
	n->tap = lose_one;
	gm->deaf = false;
	if (ms < 0) {
		assert_null(ks_rekey(ga, kind));
		net_run(n, (uint64_t)-ms);
	}
	net_apply(gm);
	if (ms >= 0) {
		net_run(n, (uint64_t)ms);
		assert_null(ks_rekey(ga, kind));
	}
	net_cut(a, b, cut != 0);
	net_run(n, cut);
	net_cut(a, b, false);
	net_run(n, 90 * SEC);
	assert_ptr_equal(cks_primary(n), a);
	for (i = 2; i < n->n; i++) {
		const struct gm_group *g = net_gm(n->nodes[i]);

		if (g->state != GM_REGISTERED || !g->has_kek ||
		    memcmp(g->kek.spi, ga->kek->k.spi, KEK_SPI_LEN) != 0)
			fail_msg("%s: member %u has another KEK", when, i);
		TAILQ_FOREACH(t, &ga->teks, link)
			if (talk_tek(n->nodes[i], t->k.spi) == NULL)
				fail_msg("%s: member %u lacks a TEK", when, i);
		if (n->nodes[i]->logs[LOG_GM_REGS_COMPL] != 1)
			fail_msg("%s: member %u registers again", when, i);
	}
	readable(when, 0, 1);
	net_free(n);
}

static void
new_in_rekey(void **state)
{
	static const enum rekey_kind kinds[] = { REKEY_TEK, REKEY_KEK,
		REKEY_ALL };
	static const unsigned cuts[] = { 0, 700, 3000 };
	unsigned i = 0, lose;
	int ms;

	(void)state;
	for (ms = -600; ms < 1500; ms += ms < -50 || ms > 60 ? 50 : 4)
		for (lose = 0; lose <= 12; lose += 3, i++)
			meanwhile(kinds[i % 3], ms, lose, cuts[i / 3 % 3]);
}

static void
new_in_merge(void **state)
{
	uint64_t i, offset;

	(void)state;
	for (i = 0; i < 8; i++)
		for (offset = i * 70; offset < 6000; offset += 500)
			meet(i, (500 + i * 37) * SEC, offset, i % 2);
}

/* ---- old and late messages ---- */

/* What x would tell y now of its keys, which are behind in pseudotime. */
static void
tell_late(struct node *x, struct node *y, uint64_t behind, bool change)
{
	struct coop_peer *to = TAILQ_FIRST(&cks(x)->peers);
	struct coop_peer *from = TAILQ_FIRST(&cks(y)->peers);
	struct coop_msg *m = xcalloc(1, sizeof(*m));

	memset(to->keys_digest, 0, sizeof(to->keys_digest));
	coop_fill(to, m);
	assert_non_null(m->keys);
	assert_true(m->keys->pseudotime > behind);
	m->keys->pseudotime -= behind;
	if (change) {
		m->keys->term += 7;
		m->keys->teks[0].k.spi ^= 0x1000;
		m->keys->teks[0].override = 1;
		m->keys->keks[0].k.spi[3] ^= 1;
		m->keys->keks[0].seq += 1000;
		m->keys->rekeys += 3;
	}
	coop_keys_receive(from, m);
	coop_msg_free(m);
	free(m);
}

struct had {
	uint8_t digest[8];
	uint32_t term, version;
	uint64_t clock, ends;
};

static struct had
now_has(struct node *node)
{
	struct ks_group *grp = net_ks(node);
	struct had h;

	memset(&h, 0, sizeof(h));
	coop_set_digest(grp, h.digest);
	h.term = grp->coop->keys_term;
	h.version = grp->coop->keys_version;
	h.clock = grp->clock_start;
	h.ends = TAILQ_FIRST(&grp->teks)->expires;
	return h;
}

static void
refused(struct node *x, struct node *y, uint64_t behind, enum log_id id,
    const char *text)
{
	struct had before, after;
	uint32_t bad = cks(y)->bad_pseudotime;

	memset(y->logs, 0, sizeof(y->logs));
	before = now_has(y);
	tell_late(x, y, behind, true);
	after = now_has(y);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(y->logs[id], 1);
	assert_non_null(strstr(y->last[id], text));
	assert_int_equal(y->logs[LOG_COOP_ANN_INVALID_PST_PRIM] +
	    y->logs[LOG_COOP_ANN_INVALID_PST_SEC] +
	    y->logs[LOG_COOP_ANN_TOO_OLD], 1);
	assert_int_equal(cks(y)->bad_pseudotime, bad + 1);
}

/* A message of keys whose pseudotime is behind is not taken, nothing of it. */
static void
late(void **state)
{
	unsigned i;

	(void)state;
	begin(2, &cks_fast);
	for (i = 0; i < 2; i++) {
		struct gdoi_sa *sa = (void *)tc_local(
		    n->nodes[i]->conf)->sas.first;

		sa->replay = REPLAY_TIME;
		sa->window = 5;
	}
	run();
	net_run(n, 100 * SEC);
	/* as late as it may be: no harm */
	tell_late(a, b, 390, false);
	assert_int_equal(cks(b)->bad_pseudotime, 0);
	refused(a, b, 500, LOG_COOP_ANN_INVALID_PST_SEC,
	    "received by a Secondary KS in group G1 from KS 10.9.0.1");
	net_run(n, 100 * SEC);
	refused(b, a, 500, LOG_COOP_ANN_INVALID_PST_PRIM,
	    "received by the Primary KS in group G1 from KS 10.9.0.2");
	net_run(n, 100 * SEC);
	refused(a, b, 5000, LOG_COOP_ANN_TOO_OLD,
	    "in group G1 from KS 10.9.0.1 is too old and is ignored");
	net_run(n, 100 * SEC);
	refused(b, a, 5000, LOG_COOP_ANN_TOO_OLD,
	    "in group G1 from KS 10.9.0.2 is too old and is ignored");
	/* the same, in time, is taken */
	net_run(n, 10 * SEC);
	tell_late(a, b, 0, true);
	assert_int_equal(gb->coop->keys_term, ga->coop->keys_term + 7);
	net_free(n);
}

/* The machine of the primary stood still for minutes, and all others did not:
 * what it says is behind for good, if it does not learn from them. */
static void
stopped(void **state)
{
	unsigned i;

	(void)state;
	begin(3, &cks_fast);
	for (i = 0; i < 2; i++) {
		struct gdoi_sa *sa = (void *)tc_local(
		    n->nodes[i]->conf)->sas.first;

		sa->replay = REPLAY_TIME;
		sa->window = 5;
	}
	for (i = 0; i < 3; i++)
		(void)net_add_gm(n, i);
	run();
	net_run(n, 100 * SEC);
	for (i = 1; i < n->n; i++)
		n->nodes[i]->boot += 300 * SEC;
	net_run(n, 120 * SEC);
	assert_true(cks_settled(n));
	{
		const struct ks_tek *t = TAILQ_LAST(&ga->teks, ks_tek_list),
		    *o = TAILQ_LAST(&gb->teks, ks_tek_list);

		assert_int_equal(t->k.spi, o->k.spi);
		assert_true(net_time(a, t->expires) <
		    net_time(b, o->expires) + 31 * SEC);
	}
	assert_null(ks_rekey(net_ks(cks_primary(n)), REKEY_ALL));
	net_run(n, 60 * SEC);
	assert_int_equal(ga->clock_id, gb->clock_id);
	assert_in_range(ks_pseudotime(ga) + 400 - ks_pseudotime(gb), 0, 800);
	{
		uint8_t da[8], db[8];

		coop_set_digest(ga, da);
		coop_set_digest(gb, db);
		assert_memory_equal(da, db, 8);
	}
	for (i = 2; i < n->n; i++) {
		const struct ks_tek *t = TAILQ_FIRST(&ga->teks);

		assert_non_null(talk_tek(n->nodes[i], t->k.spi));
		assert_int_equal(n->nodes[i]->logs[LOG_PSEUDO_TIME_TOO_OLD],
		    0);
	}
	net_free(n);
}

/* ---- farewells of a primary that dies ---- */

/* Members hear of their removal in the end, whoever is the primary then, and
 * nobody has the keys that came after it without registering. */
static void
farewell_at(uint64_t ms, enum removal how)
{
	struct node *gone, *gm;
	uint32_t new;
	unsigned i;

	begin(ms, &cks_fast);
	for (i = 0; i < 4; i++)
		(void)net_add_gm(n, i);
	for (i = 0; i < 3; i++)
		first_server(n->nodes[2 + i], CKS(0), CKS(1));
	gone = n->nodes[5];
	first_server(gone, CKS(0), 0);
	run();
	assert_int_equal(gb->nmembers, 4);
	/* two do not hear it at first; one of them may not come back */
	n->nodes[4]->deaf = gone->deaf = true;
	ks_remove_members(ga, how);
	net_touched(a);
	new = TAILQ_FIRST(&ga->teks)->k.spi;
	net_run(n, ms);
	cks_kill(a);
	net_run(n, 12 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	n->nodes[4]->deaf = gone->deaf = false;
	/* first they ask the one that is dead */
	net_run(n, 164 * SEC);
	for (i = 2; i < 5; i++) {
		gm = n->nodes[i];
		assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
		assert_non_null(talk_tek(gm, new));
		assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
		assert_non_null(ks_find_member(gb, gm->addr));
	}
	/* its only key server is dead */
	assert_null(ks_find_member(gb, gone->addr));
	assert_null(talk_tek(gone, new));
	assert_int_not_equal(net_gm(gone)->state, GM_REGISTERED);
	assert_false(net_gm(gone)->has_kek);
	net_run(n, 200 * SEC);
	assert_true(TAILQ_EMPTY(&gb->farewells));
	assert_int_equal(gb->nmembers, 3);
	net_free(n);
}

static void
farewells(void **state)
{
	static const uint64_t at[] = { 1500, 2500, 5000, 9000 };
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(at); i++) {
		farewell_at(at[i], REMOVE_GRACEFUL);
		farewell_at(at[i] + 1, REMOVE_NOW);
	}
}

/* The secondary cannot hear of the removal of all; it will register one that
 * nobody knows yet, which is deaf so far. */
static struct node *
cut_and_removed(uint64_t seed, const struct cks_timers *t)
{
	struct node *gm;

	begin(seed, t);
	(void)net_add_gm(n, 0);
	gm = net_add_gm(n, 1);
	first_server(gm, CKS(1), 0);
	gm->deaf = true;
	run_keys();
	net_apply(n->nodes[2]);
	net_run(n, 20 * SEC);
	net_cut(a, b, true);
	ks_remove_members(ga, REMOVE_NOW);
	net_touched(a);
	return gm;
}

/* It registers with the keys of before. */
static void
removed_meanwhile(void **state)
{
	struct node *gm;

	(void)state;
	gm = cut_and_removed(7, &cks_ios);
	gm->deaf = false;
	net_apply(gm);
	net_run(n, 12 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	net_cut(a, b, false);
	net_run(n, 60 * SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE_NOW], 1);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_non_null(talk_tek(gm, TAILQ_FIRST(&ga->teks)->k.spi));
	readable("removed", 0, 1);
	net_run(n, 200 * SEC);
	assert_true(TAILQ_EMPTY(&ga->farewells));
	net_free(n);
}

/* The same, and they meet again when the farewell is over. Either the member
 * has the KEK of the half that it registered with, or it has missed the next
 * one and has one that nobody else has. */
static void
removed_long_ago(bool rekeyed)
{
	struct node *gm = cut_and_removed(8, &cks_fast);

	net_run(n, 20 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	gm->deaf = false;
	net_apply(gm);
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	gm->deaf = true;
	if (rekeyed)
		assert_null(ks_rekey(gb, REKEY_KEK));
	net_run(n, 130 * SEC);
	assert_true(TAILQ_EMPTY(&ga->farewells));
	assert_int_equal(gm_has_kek(net_gm(gm), &gb->kek->k), !rekeyed);
	gm->deaf = false;
	net_cut(a, b, false);
	net_run(n, 30 * SEC);
	assert_int_equal(gm->logs[LOG_GM_RECV_DELETE_NOW], 1);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_true(gm_has_kek(net_gm(gm), &ga->kek->k));
	readable("removed long ago", 0, 1);
	net_run(n, 200 * SEC);
	assert_true(TAILQ_EMPTY(&ga->farewells));
	net_free(n);
}

static void
late_farewell(void **state)
{
	(void)state;
	removed_long_ago(false);
	removed_long_ago(true);
}

/* A KEK that goes for another reason takes nobody's keys. */
static void
no_farewell(void **state)
{
	unsigned i;

	(void)state;
	begin(5, &cks_fast);
	for (i = 0; i < 3; i++)
		first_server(net_add_gm(n, i), CKS(0), CKS(1));
	run();
	assert_true(rsa_remove(a->g->rsa, "KEY"));
	assert_null(ks_rekey(ga, REKEY_TEK));
	net_run(n, 2 * SEC);
	assert_null(ga->kek);
	cks_kill(a);
	net_run(n, 100 * SEC);
	assert_int_equal(gb->coop->role, COOP_PRIMARY);
	assert_int_equal(gb->nmembers, 3);
	for (i = 2; i < n->n; i++) {
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGSTER], 1);
		assert_non_null(cks_outbound(n->nodes[i]));
	}
	net_free(n);
}

/* ---- what is kept ---- */

static void
assert_same(const char *when)
{
	uint8_t da[8], db[8];

	coop_set_digest(ga, da);
	coop_set_digest(gb, db);
	if (memcmp(da, db, 8) != 0)
		fail_msg("%s: %u and %u tombs", when, ga->coop->ntombs,
		    gb->coop->ntombs);
}

/* An operator who does it again and again: whatever must be forgotten, both
 * know the same, and then nothing is said any more. */
static void
many_tombs(void **state)
{
	char when[80];
	unsigned i;

	(void)state;
	begin(4, &cks_fast);
	(void)net_add_gm(n, 0);
	(void)net_add_gm(n, 1);
	run();
	for (i = 0; i < 300; i++) {
		if (i % 3 == 0)
			(void)ks_rekey(ga, REKEY_REPLACE);
		else
			ks_remove_members(ga, i % 3 == 1 ? REMOVE_NOW :
			    REMOVE_CLEAR);
		net_run(n, 5 * SEC);
		snprintf(when, sizeof(when), "%u times", i + 1);
		assert_same(when);
		if (i % 100 == 99) { /* who starts anew hears all of it */
			cks_revive(b);
			net_run(n, 20 * SEC);
			gb = net_ks(b);
			assert_same("anew");
		}
	}
	net_run(n, 60 * SEC);
	n->tap = cks_count_big;
	cks_big = 0;
	net_run(n, 60 * SEC);
	assert_int_equal(cks_big, 0);
	net_free(n);
}

/* A member that is silent may be on the other side; but that of a key server
 * that is gone for good is forgotten in the end. */
static void
dead_member(void **state)
{
	begin(6, &cks_fast);
	(void)state;
	tc_profile(a->conf)->lifetime = 300;
	tc_profile(b->conf)->lifetime = 300;
	(void)net_add_gm(n, 0);
	(void)net_add_gm(n, 1);
	run();
	cks_kill(b);
	n->nodes[3]->deaf = true;
	net_run(n, 20 * 200 * SEC);
	assert_int_equal(ga->nmembers, 2);
	net_run(n, 100 * 200 * SEC);
	assert_int_equal(ga->nmembers, 1);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hold),
		cmocka_unit_test(new_in_rekey),
		cmocka_unit_test(new_in_merge),
		cmocka_unit_test(late),
		cmocka_unit_test(stopped),
		cmocka_unit_test(farewells),
		cmocka_unit_test(removed_meanwhile),
		cmocka_unit_test(late_farewell),
		cmocka_unit_test(no_farewell),
		cmocka_unit_test(many_tombs),
		cmocka_unit_test(dead_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
