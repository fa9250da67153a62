/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sender identifiers of groups with AES-GCM: who gets which, that none comes
 * twice under the same keys, and what happens when there are none left.
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

#define SEC 1000

static struct node *
gcm_ks(struct net *n, uint8_t bits)
{
	struct node *ks = net_add_ks(n, KS_ADDR);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;

	t->esp = (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE, 128 };
	l->sid_bits = bits;
	return ks;
}

static struct gdoi_local *
local_of(struct node *ks)
{
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;

	return (void *)g->local.first;
}

/* The KSSIDs low to high are ours. */
static void
own_kssids(struct node *ks, unsigned low, unsigned high)
{
	struct gdoi_local *l = local_of(ks);
	struct gdoi_identifier *id = (void *)l->identifiers.first;
	struct gdoi_kssid *k;
	unsigned i;

	if (id == NULL)
		id = tc_add(&l->identifiers, sizeof(*id));
	k = tc_add(&id->kssids, sizeof(*k));
	k->lo = (uint16_t)low;
	k->hi = (uint16_t)high;
	for (i = low; i <= high; i++)
		k->set[i / 64] |= UINT64_C(1) << i % 64;
}

static uint32_t
sid_of(struct node *gm)
{
	return TAILQ_FIRST(&net_gm(gm)->teks)->t.sid;
}

/* 3 bits of KSSID, 5 of number: values of two KSSIDs, in order. */
static void
kssids(void **state)
{
	struct net *n = net_new(1);
	struct node *ks = gcm_ks(n, 8), *gm = net_add_gm(n, 0);
	unsigned i;

	(void)state;
	own_kssids(ks, 3, 3);
	own_kssids(ks, 6, 6);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	for (i = 0; i < 64; i++) {
		assert_int_equal(net_gm(gm)->sid_bits, 8);
		assert_int_equal(sid_of(gm), i < 32 ? 3 * 32 + i :
		    6 * 32 + i - 32);
		if (i == 63)
			break;
		gm_clear(net_gm(gm));
		assert_true(net_until(n, 5 * SEC, net_registered));
	}
	assert_int_equal(ks_sids_left(net_ks(ks)), 0);
	assert_int_equal(ks->logs[LOG_KS_NO_SID], 0);
	assert_int_equal(net_ks(ks)->sids.kssid, 6);
	net_free(n);
}

static const struct { uint8_t bits; uint32_t first, each; } sizes[] = {
	{ 8, 1u << 5, 1u << 5 }, { 12, 1u << 8, 1u << 8 },
	{ 16, 1u << 11, 1u << 11 }, { 24, 1u << 17, 1u << 17 },
	{ 32, 1u << 23, 1u << 23 },
};

static void
group_sizes(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		struct net *n = net_new(2);
		struct node *ks = gcm_ks(n, sizes[i].bits);
		struct node *gm = net_add_gm(n, 0);

		own_kssids(ks, 1, 1);
		net_apply_all(n);
		assert_true(net_until(n, SEC, net_registered));
		assert_int_equal(gm->teks[0].sid_bits, sizes[i].bits);
		assert_int_equal(gm->teks[0].sid, sizes[i].first);
		assert_int_equal(ks_sids_left(net_ks(ks)), sizes[i].each - 1);
		net_free(n);
	}
}

/* All are given out: the group starts over, with other keys. */
static void
exhausted(void **state)
{
	struct net *n = net_new(3);
	struct node *ks = gcm_ks(n, 8), *a = net_add_gm(n, 0);
	struct node *b = net_add_gm(n, 1);
	uint32_t spi;
	unsigned i;

	(void)state;
	own_kssids(ks, 0, 0);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	spi = a->teks[0].spi;
	for (i = 2; i < 32; i++) {
		gm_clear(net_gm(a));
		assert_true(net_until(n, 5 * SEC, net_registered));
		assert_int_equal(a->teks[0].spi, spi);
		assert_int_equal(sid_of(a), i);
	}
	assert_int_equal(ks->logs[LOG_KS_REINIT], 0);
	gm_clear(net_gm(a));
	assert_true(net_until(n, 30 * SEC, net_registered));
	assert_int_equal(ks->logs[LOG_KS_NO_SID], 1);
	assert_int_equal(ks->logs[LOG_KS_REINIT], 1);
	assert_int_equal(b->logs[LOG_GM_RECV_DELETE_NOW], 1);
	net_run(n, 10 * SEC);
	assert_true(net_registered(n));
	assert_int_equal(net_ks(ks)->nmembers, 2);
	assert_int_not_equal(a->teks[0].spi, spi);
	assert_int_equal(a->teks[0].spi, b->teks[0].spi);
	assert_int_not_equal(sid_of(a), sid_of(b));
	assert_true(sid_of(a) < 2 && sid_of(b) < 2);
	net_free(n);
}

/* They are used up again at once: the next beginning has to wait, and who asks
 * until then is refused. Those that are in keep their keys. */
static void
exhausted_again(void **state)
{
	struct net *n = net_new(9);
	struct node *ks = gcm_ks(n, 8), *a = net_add_gm(n, 0);
	struct node *b = net_add_gm(n, 1);
	uint64_t first;
	uint32_t spi;

	(void)state;
	own_kssids(ks, 0, 0);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	while (ks->logs[LOG_KS_REINIT] == 0) {
		gm_clear(net_gm(a));
		assert_true(net_until(n, 30 * SEC, net_registered));
	}
	first = n->now;
	net_run(n, 10 * SEC);
	assert_true(net_registered(n));
	spi = b->teks[0].spi;
	while (ks_sids_left(net_ks(ks)) > 0) {
		gm_clear(net_gm(a));
		assert_true(net_until(n, 5 * SEC, net_registered));
	}
	assert_true(n->now < first + 50 * SEC);
	gm_clear(net_gm(a));
	net_run(n, first + 55 * SEC - n->now);
	assert_false(net_registered(n));
	assert_int_equal(ks->logs[LOG_KS_REINIT], 1);
	assert_int_equal(b->teks[0].spi, spi);
	assert_int_equal(b->logs[LOG_GM_RECV_DELETE_NOW], 1);
	net_run(n, 120 * SEC);
	assert_true(net_registered(n));
	assert_int_equal(ks->logs[LOG_KS_REINIT], 2);
	assert_int_not_equal(b->teks[0].spi, spi);
	net_free(n);
}

/* More members than identifiers: those that are in stay in. */
static void
too_many_members(void **state)
{
	struct net *n = net_new(4);
	struct node *ks = gcm_ks(n, 8);
	unsigned i, in = 0;

	(void)state;
	own_kssids(ks, 5, 5);
	for (i = 0; i < 34; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	net_run(n, 200 * SEC);
	for (i = 1; i < n->n; i++)
		in += net_gm(n->nodes[i])->state == GM_REGISTERED;
	assert_int_equal(in, 32);
	assert_int_equal(net_ks(ks)->nmembers, 32);
	assert_int_equal(ks->logs[LOG_KS_REINIT], 0);
	assert_true(ks->logs[LOG_KS_NO_SID] > 0 &&
	    ks->logs[LOG_KS_NO_SID] < 10);
	net_free(n);
}

/* `group size` changes: IVs with identifiers of two lengths could be equal,
 * so the rekey is a new beginning. */
static void
size_changes(void **state)
{
	struct net *n = net_new(5);
	struct node *ks = gcm_ks(n, 24), *gm = net_add_gm(n, 0);
	uint32_t spi;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	spi = gm->teks[0].spi;
	local_of(ks)->sid_bits = 32;
	net_apply(ks);
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 1);
	assert_int_equal(ks_sid_bits(net_ks(ks)), 24);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	assert_int_equal(ks->logs[LOG_KS_REINIT], 1);
	net_run(n, 10 * SEC);
	assert_true(net_registered(n));
	assert_int_not_equal(gm->teks[0].spi, spi);
	assert_int_equal(gm->teks[0].sid_bits, 32);
	net_free(n);
}

/* The KSSIDs change under way: that is no change of the policy, and what was
 * given out stays given out. */
static void
identifiers_change(void **state)
{
	struct net *n = net_new(6);
	struct node *ks = gcm_ks(n, 16), *gm = net_add_gm(n, 0);
	struct gdoi_identifier *id;
	unsigned i;
	static const struct { unsigned kssid, sid; } steps[] = {
		{ 4, 4 * 2048 + 1 }, { 7, 7 * 2048 }, { 4, 4 * 2048 + 2 },
		{ 7, 7 * 2048 + 1 },
	};

	(void)state;
	own_kssids(ks, 4, 4);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(sid_of(gm), 4 * 2048);
	for (i = 0; i < NELEM(steps); i++) {
		id = (void *)local_of(ks)->identifiers.first;
		memset(((struct gdoi_kssid *)id->kssids.first)->set, 0, 64);
		((struct gdoi_kssid *)id->kssids.first)->set[0] =
		    UINT64_C(1) << steps[i].kssid;
		net_apply(ks);
		gm_clear(net_gm(gm));
		assert_true(net_until(n, 5 * SEC, net_registered));
		assert_int_equal(sid_of(gm), steps[i].sid);
	}
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 0);
	/* none of those that the size has: refused, nothing breaks */
	id = (void *)local_of(ks)->identifiers.first;
	((struct gdoi_kssid *)id->kssids.first)->set[0] = UINT64_C(1) << 40;
	net_apply(ks);
	gm_clear(net_gm(gm));
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	assert_true(ks->logs[LOG_KS_NO_SID] > 0);
	assert_int_equal(ks->logs[LOG_KS_REINIT], 0);
	net_free(n);
}

/* A member that tells a version from before sender identifiers. */
static void
old_version(void **state)
{
	struct net *n = net_new(7);
	struct node *ks = gcm_ks(n, 24), *gm = net_add_gm(n, 0);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;

	(void)state;
	gm->g->ike->version = "1.0.3";
	net_apply_all(n);
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 1);
	assert_int_equal(net_ks(ks)->nmembers, 0);
	assert_int_equal(gm->nteks, 0);
	/* in a group that needs none it is welcome */
	t->esp = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA1, 128 };
	net_apply(ks);
	ks_clear(net_ks(ks));
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_free(n);
}

/* A member of other software in the group: rekeys say when to change, and
 * ours obeys. */
static void
associated_policy(void **state)
{
	struct net *n = net_new(8);
	struct node *ks = net_add_ks(n, KS_ADDR), *a = net_add_gm(n, 0);
	struct node *b = net_add_gm(n, 1);
	const struct gm_tek *t;
	uint64_t before;
	unsigned told = 0;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, SEC);
	TAILQ_FOREACH(t, &net_gm(a)->teks, link)
		assert_int_equal(t->activate, 0);
	/* b tells no version: it registers anew as such */
	b->g->ike->version = "";
	gm_clear(net_gm(b));
	ike_clear(b->g->ike);
	assert_true(net_until(n, 60 * SEC, net_registered));
	before = n->now;
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, SEC);
	TAILQ_FOREACH(t, &net_gm(a)->teks, link) {
		if (t->activate == 0)
			continue;
		told++;
		/* retransmissions: 2 of 10 seconds, and 5 */
		assert_true(t->activate >= before + 25 * SEC &&
		    t->activate < before + 27 * SEC);
	}
	assert_int_equal(told, 1);
	assert_int_equal(a->logs[LOG_GM_REKEY_FAILURE], 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kssids),
		cmocka_unit_test(group_sizes),
		cmocka_unit_test(exhausted),
		cmocka_unit_test(exhausted_again),
		cmocka_unit_test(too_many_members),
		cmocka_unit_test(size_changes),
		cmocka_unit_test(identifiers_change),
		cmocka_unit_test(old_version),
		cmocka_unit_test(associated_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
