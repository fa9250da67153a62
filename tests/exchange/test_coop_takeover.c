/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Members of cooperative key servers: the primary dies at each moment of a
 * rekey, key servers are parted and meet again, and all the time each member
 * can read all others that are on its side. In a healthy network nobody
 * registers a second time.
 *
 * COOP_RUNS=N takes N seeds of partitions instead of a few, and all moments
 * of a rekey with each loss.
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

#define SERVERS 3
#define MEMBERS 6
#define TEK_LIFE 600

static unsigned runs; /* 0: the usual few */
static struct net *n;

static void
multicast(struct node *ks)
{
	struct ace *a = tc_ace(tc_acl(ks->conf, "M"), ACE_PERMIT, 0,
	    UINT32_MAX, IP(239, 1, 1, 1), 0);

	a->proto = 17;
	tc_local(ks->conf)->unicast = false;
	str_copy(tc_local(ks->conf)->rekey_acl, "M",
	    sizeof(tc_local(ks->conf)->rekey_acl));
}

/* Members register with one key server after the other first. */
static void
make(uint64_t seed, bool multi)
{
	struct node *node;
	unsigned i;

	n = net_new(seed);
	for (i = 0; i < SERVERS; i++) {
		node = cks_add(n, i, SERVERS, (uint8_t)(200 - 50 * i),
		    &cks_fast);
		tc_profile(node->conf)->lifetime = TEK_LIFE;
		if (multi)
			multicast(node);
	}
	cks_add_members(n, MEMBERS, SERVERS);
}

static void
start(void)
{
	cks_run(n, SERVERS);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 5 * SEC);
}

/* Those of one side. */
static void
check_side(const char *when, const unsigned *side, unsigned which)
{
	const struct sa_tek *t;
	unsigned i, j;

	for (i = SERVERS; i < n->n; i++) {
		if (side != NULL && side[i] != which)
			continue;
		t = cks_outbound(n->nodes[i]);
		if (t == NULL)
			fail_msg("%s, at %llu: %u has nothing to send with",
			    when, (unsigned long long)n->now, i);
		for (j = SERVERS; j < n->n; j++)
			if ((side == NULL || side[j] == which) &&
			    talk_tek(n->nodes[j], t->spi) == NULL)
				fail_msg("%s, at %llu: %u cannot read %u",
				    when, (unsigned long long)n->now, j, i);
	}
}

static void
talk(uint64_t ms, const char *when, const unsigned *side)
{
	uint64_t until = n->now + ms;

	while (n->now < until) {
		net_run(n, 200);
		check_side(when, side, 0);
		if (side != NULL)
			check_side(when, side, 1);
	}
}

static void
assert_registered_once(const char *when)
{
	unsigned i;

	for (i = SERVERS; i < n->n; i++)
		if (n->nodes[i]->logs[LOG_GM_REGSTER] != 1) {
			fail_msg("%s: member %u registered %u times: %s %s",
			    when, i, n->nodes[i]->logs[LOG_GM_REGSTER],
			    n->nodes[i]->last[LOG_GM_REKEY_NOT_RECD],
			    n->nodes[i]->last[LOG_GM_REKEY_FAILURE]);
		}
}

/* All have what is in use at the primary, under one KEK. */
static void
assert_one_group(const char *when)
{
	struct ks_group *grp = net_ks(cks_primary(n));
	const struct gm_group *gm;
	const struct ks_tek *t;
	unsigned i;

	for (i = SERVERS; i < n->n; i++) {
		gm = net_gm(n->nodes[i]);
		if (!gm->has_kek || memcmp(gm->kek.spi, grp->kek->k.spi,
		    KEK_SPI_LEN) != 0)
			fail_msg("%s: member %u has another KEK", when, i);
		TAILQ_FOREACH(t, &grp->teks, link)
			if (t->expires > n->now + 30 * SEC &&
			    talk_tek(n->nodes[i], t->k.spi) == NULL)
				fail_msg("%s, at %llu: member %u lacks TEK"
				    " %08x, sa %u, born %lld ms ago, %lld left",
				    when, (unsigned long long)n->now, i,
				    t->k.spi, t->sa.number,
				    (long long)(n->now - t->born),
				    (long long)(t->expires - n->now));
	}
}

static void
kill_at(uint64_t seed, bool multi, unsigned loss, uint64_t ms,
    enum rekey_kind kind)
{
	char when[80];

	snprintf(when, sizeof(when), "seed %llu%s, loss %u, kind %u, %llu ms",
	    (unsigned long long)seed, multi ? " multicast" : "", loss, kind,
	    (unsigned long long)ms);
	make(seed, multi);
	start();
	assert_int_equal(cks(n->nodes[0])->role, COOP_PRIMARY);
	talk(120 * SEC, when, NULL);
	n->loss = loss;
	assert_null(ks_rekey(net_ks(n->nodes[0]), kind));
	talk(ms, when, NULL);
	cks_kill(n->nodes[0]);
	talk(60 * SEC, when, NULL);
	n->loss = 0;
	talk(40 * SEC, when, NULL);
	assert_int_equal(cks(n->nodes[1])->role, COOP_PRIMARY);
	assert_int_equal(net_ks(n->nodes[1])->nmembers, MEMBERS);
	talk(TEK_LIFE * SEC, when, NULL);
	assert_one_group(when);
	assert_registered_once(when);
	/* it comes back and follows */
	cks_revive(n->nodes[0]);
	talk(60 * SEC, when, NULL);
	(void)cks_settle(n, 60 * SEC, when);
	assert_int_equal(cks(n->nodes[0])->role, COOP_SECONDARY);
	assert_true(cks(n->nodes[0])->synced);
	talk(TEK_LIFE * SEC, when, NULL);
	assert_one_group(when);
	assert_registered_once(when);
	net_free(n);
}

static void
takeover(void **state)
{
	static const uint64_t at[] = { 1, 3, 50, 105, 150, 300, 1000, 1500,
		5000, 11000, 15000, 25000 };
	static const enum rekey_kind kinds[] = { REKEY_TEK, REKEY_KEK,
		REKEY_ALL };
	unsigned i, k, loss;

	(void)state;
	for (loss = 0; loss <= 30; loss += 15)
		for (i = 0; i < NELEM(at); i++)
			for (k = 0; k < NELEM(kinds); k++) {
				if (runs == 0 && (i + k + loss / 15) % 3 != 0)
					continue;
				kill_at(i * 10 + loss, false, loss, at[i],
				    kinds[k]);
				if (loss <= 15 && (i + k) % 2 == 0)
					kill_at(i * 10 + loss, true, 0, at[i],
					    kinds[k]);
			}
}

/* ---- halves ---- */

static void
random_rekey(struct node *ks)
{
	if (cks(ks)->role == COOP_PRIMARY)
		(void)ks_rekey(net_ks(ks), (enum rekey_kind)(net_random(n) %
		    3));
}

/* Key servers and members of the one side and of the other. */
static void
part(unsigned *side, bool cut)
{
	unsigned i, j;

	for (i = 0; i < n->n; i++)
		for (j = 0; j < i; j++)
			if (side[i] != side[j])
				net_cut(n->nodes[i], n->nodes[j], cut);
}

static void
halves(uint64_t seed, bool multi)
{
	unsigned side[SERVERS + MEMBERS], i, k;
	char when[80];

	snprintf(when, sizeof(when), "halves, seed %llu%s",
	    (unsigned long long)seed, multi ? " multicast" : "");
	make(seed, multi);
	start();
	for (k = 0; k < 3; k++) {
		/* on each side a key server and members */
		for (i = 0; i < n->n; i++)
			side[i] = net_random(n) % 2;
		side[0] = 0;
		side[1 + net_random(n) % 2] = 1;
		talk(net_random(n) % 100 * SEC, when, NULL);
		part(side, true);
		talk((30 + net_random(n) % 100) * SEC, when, side);
		for (i = 0; i < SERVERS; i++)
			random_rekey(n->nodes[i]);
		talk((1 + net_random(n) % 300) * SEC, when, side);
		for (i = 0; i < SERVERS; i++)
			if (net_random(n) % 2 == 0)
				random_rekey(n->nodes[i]);
		talk(net_random(n) % 30 * SEC, when, side);
		part(side, false);
		/* what each side could, it still can */
		talk(60 * SEC, when, side);
		(void)cks_settle(n, 60 * SEC, when);
		assert_one_group(when);
		talk(60 * SEC, when, NULL);
	}
	net_free(n);
}

static void
partitions(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < (runs > 0 ? runs : 6); seed++) {
		halves(seed, false);
		halves(seed, true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takeover),
		cmocka_unit_test(partitions),
	};

	if (getenv("COOP_RUNS") != NULL)
		runs = (unsigned)strtoul(getenv("COOP_RUNS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
