/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sender identifiers of cooperative key servers: under one TEK no two members
 * ever send with the same one, whatever is cut off, starts again, is promoted
 * or united. The engines are the real ones, time is simulated.
 *
 * COOP_RUNS=N takes N seeds of storms instead of a few.
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
#define MEMBERS 5
#define KSSIDS 40 /* of each server */
#define USES 20000

static unsigned runs; /* 0: the usual few */
static struct net *n;

/* Who sends with what. */
static struct use {
	uint32_t spi, sid;
	unsigned life;
	const struct node *node;
} uses[USES];
static unsigned nuses, life[SERVERS + MEMBERS];

static unsigned
index_of(const struct node *node)
{
	unsigned i;

	for (i = 0; n->nodes[i] != node; i++)
		;
	return i;
}

static void
note_use(struct node *node, const struct sa_change *c)
{
	unsigned i, l = life[index_of(node)];

	if (c->type != SA_ADD || c->tek.sid_bits == 0)
		return;
	for (i = 0; i < nuses; i++) {
		if (uses[i].spi != c->tek.spi || uses[i].sid != c->tek.sid)
			continue;
		if (uses[i].node != node || uses[i].life != l)
			fail_msg("at %llu ms: TEK %08x, SID %06x of %u is that"
			    " of %u", (unsigned long long)n->now, c->tek.spi,
			    c->tek.sid, index_of(node),
			    index_of(uses[i].node));
		return;
	}
	assert_true(nuses < USES);
	uses[nuses++] = (struct use){ c->tek.spi, c->tek.sid, l, node };
}

static void
own_kssids(struct node *ks, unsigned from, unsigned count)
{
	struct gdoi_identifier *id = tc_add(&tc_local(ks->conf)->identifiers,
	    sizeof(*id));
	struct gdoi_kssid *k = tc_add(&id->kssids, sizeof(*k));

	for (; count > 0; count--, from++)
		k->set[from / 64] |= UINT64_C(1) << from % 64;
}

static void
make(uint64_t seed, unsigned kssids)
{
	struct node *node;
	unsigned i;

	n = net_new(seed);
	nuses = 0;
	memset(life, 0, sizeof(life));
	n->sa = note_use;
	for (i = 0; i < SERVERS; i++) {
		node = cks_add(n, i, SERVERS, (uint8_t)(200 - 50 * i),
		    &cks_fast);
		((struct transform_set *)(void *)
		    node->conf->transform_sets.first)->esp =
		    (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE, 128 };
		tc_profile(node->conf)->lifetime = 600;
		if (kssids > 0)
			own_kssids(node, KSSIDS * i, kssids);
	}
	cks_add_members(n, MEMBERS, SERVERS);
}

static void
start(void)
{
	cks_run(n, SERVERS);
}

static struct coop_keys *
told(unsigned i)
{
	struct coop_keys *k = coop_set_export(net_ks(n->nodes[i]));

	assert_non_null(k);
	return k;
}

/* Each claims one of its own and gives out of that. */
static void
claims(void **state)
{
	struct coop_keys *k;
	unsigned i;

	(void)state;
	make(1, KSSIDS);
	start();
	assert_true(net_until(n, 60 * SEC, net_registered));
	for (i = 0; i < SERVERS; i++) {
		k = told(i);
		assert_int_equal(k->nclaims, SERVERS);
		assert_int_equal(k->claims[i].kssid, KSSIDS * i);
		assert_int_equal(k->claims[i].id.addr, CKS(i));
		coop_keys_free(k);
		assert_true(net_ks(n->nodes[i])->sids.next[KSSIDS * i] > 0);
	}
	/* one that starts again takes the next one */
	cks_kill(n->nodes[1]);
	net_run(n, 30 * SEC);
	cks_revive(n->nodes[1]);
	net_run(n, 30 * SEC);
	k = told(0);
	assert_int_equal(k->nclaims, SERVERS + 1);
	assert_int_equal(k->claims[2].kssid, KSSIDS + 1);
	coop_keys_free(k);
	life[SERVERS + 1]++;
	net_restart(n->nodes[SERVERS + 1]);
	assert_true(net_until(n, 60 * SEC, net_registered));
	assert_int_equal(net_ks(n->nodes[1])->sids.next[KSSIDS], 0);
	assert_true(net_ks(n->nodes[1])->sids.next[KSSIDS + 1] > 0);
	net_free(n);
}

/* What another one is configured to have is left to that, claimed or not. */
static void
disputed(void **state)
{
	const struct gdoi_identifier *id;
	struct gdoi_kssid *k;
	struct coop_keys *keys;

	(void)state;
	make(4, KSSIDS);
	id = (void *)tc_local(n->nodes[1]->conf)->identifiers.first;
	k = (void *)id->kssids.first;
	k->set[0] |= 2; /* the second one of server 0 */
	start();
	assert_true(net_until(n, 60 * SEC, net_registered));
	keys = told(0);
	assert_int_equal(keys->nclaims, SERVERS);
	assert_int_equal(keys->claims[1].kssid, KSSIDS);
	assert_int_equal(keys->claims[1].id.addr, CKS(1));
	coop_keys_free(keys);
	net_free(n);
}

static bool
is_claimed_by(unsigned kssid, unsigned server)
{
	struct coop_keys *k = told(0);
	bool is = false;
	unsigned i;

	for (i = 0; i < k->nclaims; i++)
		is |= k->claims[i].kssid == kssid &&
		    k->claims[i].id.addr == CKS(server);
	coop_keys_free(k);
	return is;
}

/* The next KSSID is claimed when there is a quarter left, not before, so that
 * all others know of it when it is needed. */
static void
next_in_time(void **state)
{
	const unsigned first[SERVERS] = { 0, 2, 6 }, each = 32;
	struct node *ks, *gm;
	unsigned i, given;

	(void)state;
	make(5, 0);
	for (i = 0; i < SERVERS; i++) {
		tc_local(n->nodes[i]->conf)->sid_bits = 8;
		own_kssids(n->nodes[i], first[i], i == 1 ? 4 : 2);
	}
	start();
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, 5 * SEC);
	ks = n->nodes[1];
	gm = n->nodes[SERVERS + 1];
	given = net_ks(ks)->sids.next[first[1]];
	assert_true(given > 0 && given < each * 3 / 4);
	for (; given < 2 * each; given++) {
		assert_int_equal(is_claimed_by(first[1] + 1, 1),
		    given >= each * 3 / 4);
		assert_int_equal(is_claimed_by(first[1] + 2, 1),
		    given >= each * 7 / 4);
		life[SERVERS + 1]++;
		net_restart(gm);
		assert_true(net_until(n, 10 * SEC, net_registered));
		net_run(n, 5 * SEC);
		assert_int_equal(net_ks(ks)->sids.next[first[1]] +
		    net_ks(ks)->sids.next[first[1] + 1], given + 1);
	}
	for (i = 0; i < SERVERS; i++)
		assert_int_equal(n->nodes[i]->logs[LOG_KS_NO_SID] +
		    n->nodes[i]->logs[LOG_KS_REINIT], 0);
	net_free(n);
}

/* It starts the group over, alone, and meets the others again with the keys of
 * before: what it gave out under those it has forgotten. */
static void
came_back(void **state)
{
	struct ks_group *grp;
	unsigned i;

	(void)state;
	make(6, KSSIDS);
	start();
	assert_true(net_until(n, 60 * SEC, net_registered));
	grp = net_ks(n->nodes[1]);
	assert_true(grp->sids.next[KSSIDS] > 0);
	for (i = 0; i < n->n; i++)
		if (i != 1)
			net_cut(n->nodes[1], n->nodes[i], true);
	net_run(n, 60 * SEC);
	assert_int_equal(grp->coop->role, COOP_PRIMARY);
	ks_reinit(grp);
	net_touched(n->nodes[1]);
	net_run(n, 10 * SEC);
	assert_int_not_equal(coop_sid_epoch(grp),
	    coop_sid_epoch(net_ks(n->nodes[0])));
	net_heal(n);
	net_run(n, 60 * SEC);
	assert_int_equal(grp->coop->role, COOP_SECONDARY);
	assert_int_equal(coop_sid_epoch(grp),
	    coop_sid_epoch(net_ks(n->nodes[0])));
	life[SERVERS + 1]++;
	net_restart(n->nodes[SERVERS + 1]);
	assert_true(net_until(n, 60 * SEC, net_registered));
	assert_int_equal(net_gm(n->nodes[SERVERS + 1])->ks, CKS(1));
	assert_int_equal(grp->sids.next[KSSIDS], 0);
	assert_true(grp->sids.next[KSSIDS + 1] > 0);
	net_free(n);
}

/* While one of the others cannot hear of it, a claim is not used. */
static void
silent_peer(void **state)
{
	(void)state;
	make(2, KSSIDS);
	start();
	assert_true(net_until(n, 60 * SEC, net_registered));
	cks_kill(n->nodes[2]);
	net_run(n, 60 * SEC);
	cks_kill(n->nodes[1]);
	net_run(n, 30 * SEC);
	cks_revive(n->nodes[1]);
	net_run(n, 60 * SEC);
	assert_true(cks(n->nodes[1])->synced);
	assert_int_equal(ks_sids_left(net_ks(n->nodes[1])), 0);
	assert_true(ks_sids_left(net_ks(n->nodes[0])) > 0);
	/* its members go to the next one */
	life[SERVERS + 1]++;
	net_restart(n->nodes[SERVERS + 1]);
	assert_true(net_until(n, 120 * SEC, net_registered));
	cks_revive(n->nodes[2]);
	net_run(n, 30 * SEC);
	assert_true(ks_sids_left(net_ks(n->nodes[1])) > 0);
	net_free(n);
}

/* Without `identifier` there is nothing to give out. */
static void
no_identifier(void **state)
{
	unsigned i;

	(void)state;
	make(3, 0);
	start();
	net_run(n, 60 * SEC);
	for (i = SERVERS; i < n->n; i++)
		assert_int_not_equal(net_gm(n->nodes[i])->state,
		    GM_REGISTERED);
	assert_true(n->nodes[0]->logs[LOG_KS_NO_SID] > 0);
	net_free(n);
}

static void
blow(void)
{
	unsigned i = (unsigned)(net_random(n) % n->n), j;

	switch (net_random(n) % 6) {
	case 0:
	case 1:
		for (j = 0; j < n->n; j++)
			if (j != i)
				net_cut(n->nodes[i], n->nodes[j],
				    net_random(n) % 2 == 0);
		break;
	case 2:
		life[i]++;
		net_restart(n->nodes[i]);
		break;
	case 3:
		if (i >= SERVERS)
			gm_clear(net_gm(n->nodes[i]));
		else if (cks(n->nodes[i])->role == COOP_PRIMARY)
			(void)ks_rekey(net_ks(n->nodes[i]), REKEY_ALL);
		break;
	case 4:
		net_heal(n);
		break;
	default:
		if (i < SERVERS && net_random(n) % 4 == 0 &&
		    cks(n->nodes[i])->role == COOP_PRIMARY)
			ks_reinit(net_ks(n->nodes[i]));
	}
}

static void
storm(uint64_t seed)
{
	unsigned i;

	make(seed, KSSIDS);
	n->loss = (unsigned)(seed % 3) * 10;
	start();
	for (i = 0; i < 60; i++) {
		blow();
		net_run(n, net_random(n) % 40 * SEC);
	}
	net_heal(n);
	n->loss = 0;
	net_run(n, 900 * SEC);
	(void)cks_settle(n, 60 * SEC, "storm");
	if (!net_until(n, 900 * SEC, net_registered))
		fail_msg("seed %llu: not all are registered",
		    (unsigned long long)seed);
	assert_true(nuses > 3 * MEMBERS);
	net_free(n);
}

static void
storms(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 0; seed < (runs > 0 ? runs : 12); seed++)
		storm(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims),
		cmocka_unit_test(disputed),
		cmocka_unit_test(next_in_time),
		cmocka_unit_test(came_back),
		cmocka_unit_test(silent_peer),
		cmocka_unit_test(no_identifier),
		cmocka_unit_test(storms),
	};

	if (getenv("COOP_RUNS") != NULL)
		runs = (unsigned)strtoul(getenv("COOP_RUNS"), NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
