/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What decides about packets in clear, as far as key server and member agree
 * on it: directions in registrations and rekeys and who overrides whom, the
 * list that the packet process gets, limits of lists, the way back to
 * fail-close.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"

#define SEC 1000ull

static struct net *n;
static struct node *ks, *gm;

static struct gdoi_local *
local_of(struct node *node)
{
	struct gdoi_group *g = (void *)node->conf->gdoi_groups.first;

	return (void *)g->local.first;
}

static struct gdoi_group *
group_of(struct node *node)
{
	return (void *)node->conf->gdoi_groups.first;
}

/* Changes come as another configuration, as main sends them. */
static void
change(struct node *node)
{
	struct conf *old = node->conf;

	node->conf = tc_copy(old);
	net_apply(node);
	tc_free(old);
}

static void
begin(uint64_t seed, unsigned members)
{
	unsigned i;

	n = net_new(seed);
	ks = net_add_ks(n, KS_ADDR);
	for (i = 0; i < members; i++)
		net_add_gm(n, i);
	gm = n->nodes[1];
}

static void
registered(void)
{
	net_apply_all(n);
	assert_true(net_until(n, 900 * SEC, net_registered));
	net_run(n, SEC);
}

static void
rekey(void)
{
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 40 * SEC);
}

/* ---- directions ---- */

static void
receive_only(void **state)
{
	(void)state;
	begin(1, 2);
	group_of(n->nodes[2])->passive = true;
	local_of(ks)->receive_only = true;
	registered();
	assert_int_equal(gm->direction, SA_DIR_INBOUND_ONLY);
	assert_int_equal(gm->logs[LOG_GM_SA_INGRESS], 1);
	/* passive wins for this member */
	assert_int_equal(n->nodes[2]->direction, SA_DIR_INBOUND_OPTIONAL);
	/* no receive-only: nothing changes before the rekey */
	change(ks);
	local_of(ks)->receive_only = false;
	change(ks);
	assert_int_equal(ks->logs[LOG_KS_CONV_SAS_DUPLEX], 1);
	assert_int_equal(ks->logs[LOG_KS_CONV_SAS_INGRESS], 0);
	net_run(n, SEC);
	assert_int_equal(gm->direction, SA_DIR_INBOUND_ONLY);
	rekey();
	assert_int_equal(gm->direction, SA_DIR_BOTH);
	assert_int_equal(n->nodes[2]->direction, SA_DIR_INBOUND_OPTIONAL);
	/* and back */
	local_of(ks)->receive_only = true;
	change(ks);
	assert_int_equal(ks->logs[LOG_KS_CONV_SAS_INGRESS], 1);
	rekey();
	assert_int_equal(gm->direction, SA_DIR_INBOUND_ONLY);
	assert_int_equal(gm->logs[LOG_GM_SA_INGRESS], 2);
	/* without passive the word of the key server counts again, at once */
	group_of(n->nodes[2])->passive = false;
	change(n->nodes[2]);
	assert_int_equal(n->nodes[2]->direction, SA_DIR_INBOUND_ONLY);
	net_free(n);
}

/* The command wins over everything, and stays over rekeys, registrations and
 * configuration; a new process forgets it. */
static void
override(void **state)
{
	static const uint8_t ways[] = { SA_DIR_BOTH, SA_DIR_INBOUND_ONLY,
		SA_DIR_INBOUND_OPTIONAL };
	unsigned i;

	(void)state;
	begin(2, 1);
	local_of(ks)->receive_only = true;
	group_of(gm)->passive = true;
	registered();
	for (i = 0; i < NELEM(ways); i++) {
		net_gm(gm)->override = ways[i] + 1;
		gm_set_direction(net_gm(gm));
		assert_int_equal(gm->direction, ways[i]);
		rekey();
		assert_int_equal(gm->direction, ways[i]);
		change(gm);
		assert_int_equal(gm->direction, ways[i]);
		gm_clear(net_gm(gm));
		assert_false(gm->policy);
		net_run(n, 20 * SEC);
		assert_true(net_registered(n));
		assert_int_equal(gm->direction, ways[i]);
	}
	net_gm(gm)->override = SA_DIR_BOTH + 1;
	gm_set_direction(net_gm(gm));
	net_restart(gm);
	net_run(n, 60 * SEC);
	assert_int_equal(gm->direction, SA_DIR_INBOUND_OPTIONAL);
	net_free(n);
}

/* In bad networks all members end up with the same direction. */
static void
bad_networks(void **state)
{
	unsigned seed, i;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		begin(seed, 3);
		n->loss = 15;
		n->dup = 15;
		n->reorder = 30;
		registered();
		local_of(ks)->receive_only = true;
		change(ks);
		rekey();
		/* whoever missed all of it registers in time */
		net_run(n, 3500 * SEC);
		for (i = 1; i <= 3; i++)
			assert_int_equal(n->nodes[i]->direction,
			    SA_DIR_INBOUND_ONLY);
		net_free(n);
	}
}

/* ---- the list ---- */

static struct acl *
local_list(struct node *node)
{
	struct crypto_map *m = (void *)node->conf->crypto_maps.first;
	struct acl *a = tc_acl(node->conf, "L");

	str_copy(m->acl, "L", sizeof(m->acl));
	return a;
}

static void
merge(void **state)
{
	struct gdoi_local *l;
	struct gdoi_sa *sa;
	struct acl *a;

	(void)state;
	begin(3, 1);
	l = local_of(ks);
	sa = tc_add(&l->sas, sizeof(*sa));
	sa->number = 2;
	str_copy(sa->profile, "P", sizeof(sa->profile));
	str_copy(sa->acl, "B", sizeof(sa->acl));
	sa->replay = REPLAY_COUNTER;
	sa->window = 64;
	a = tc_acl(ks->conf, "B");
	tc_ace(a, ACE_DENY, IP(172, 16, 1, 0), 255, 0, ~0u);
	tc_ace(a, ACE_PERMIT, IP(172, 16, 0, 0), 0xffff, 0, ~0u);
	a = local_list(gm);
	tc_ace(a, ACE_DENY, IP(10, 1, 0, 0), 255, 0, ~0u);
	tc_ace(a, ACE_PERMIT, 0, ~0u, 0, ~0u);
	tc_ace(a, ACE_DENY, IP(10, 2, 0, 0), 255, 0, ~0u);
	registered();
	/* bypass, local deny entries, SA 1, SA 2: the permit is not there */
	assert_int_equal(gm->naces, 7);
	assert_int_equal(gm->aces[0].proto, 17);
	assert_int_equal(gm->aces[0].src, gm->addr);
	assert_int_equal(gm->aces[1].dst, gm->addr);
	assert_int_equal(gm->aces[2].src, IP(10, 1, 0, 0));
	assert_int_equal(gm->aces[3].src, IP(10, 2, 0, 0));
	assert_int_equal(gm->aces[4].src, IP(10, 0, 0, 0));
	assert_int_equal(gm->aces[5].src, IP(172, 16, 1, 0));
	assert_int_equal(gm->aces[6].src, IP(172, 16, 0, 0));
	assert_int_equal(gm->local[3], 1);
	assert_int_equal(gm->local[4], 0);
	assert_int_equal(gm->sa_of[4], 1);
	assert_int_equal(gm->sa_of[5], 2);
	assert_int_equal(gm->sa_of[6], 2);
	assert_int_equal(gm->logs[LOG_GM_ACL_PERMIT], 1);
	assert_int_equal(gm->logs[LOG_GM_ACL_MERGE], 1);
	/* the same list again is no news, another one is */
	rekey();
	change(gm);
	assert_int_equal(gm->logs[LOG_GM_ACL_MERGE], 1);
	assert_int_equal(gm->logs[LOG_GM_ACL_PERMIT], 1);
	tc_ace((void *)gm->conf->acls.first, ACE_DENY, IP(10, 3, 0, 0), 255,
	    0, ~0u);
	change(gm);
	assert_int_equal(gm->naces, 8);
	assert_int_equal(gm->aces[4].src, IP(10, 3, 0, 0));
	assert_int_equal(gm->logs[LOG_GM_ACL_MERGE], 2);
	/* no client bypass-policy, and back */
	group_of(gm)->bypass_policy = false;
	change(gm);
	assert_int_equal(gm->naces, 6);
	assert_int_equal(gm->aces[0].src, IP(10, 1, 0, 0));
	group_of(gm)->bypass_policy = true;
	change(gm);
	assert_int_equal(gm->naces, 8);
	/* the list goes: the downloaded part stays */
	((struct crypto_map *)(void *)gm->conf->crypto_maps.first)->acl[0] =
	    '\0';
	change(gm);
	assert_int_equal(gm->naces, 5);
	assert_int_equal(gm->nlocal, 2);
	net_free(n);
}

/* A local list of any length costs nothing that the key server wants
 * encrypted. */
static void
long_local(void **state)
{
	struct acl *a;
	unsigned i;

	(void)state;
	begin(4, 1);
	a = local_list(gm);
	for (i = 0; i < 2 * SA_POLICY_MAX; i++)
		tc_ace(a, ACE_DENY, IP(10, 1, 0, 0) + i, 0, 0, ~0u);
	registered();
	assert_int_equal(gm->naces, SA_POLICY_MAX);
	assert_int_equal(gm->npermit, 1);
	assert_int_equal(gm->aces[SA_POLICY_MAX - 1].action, ACE_PERMIT);
	assert_int_equal(gm->logs[LOG_GM_ACL_NUM], 1);
	net_free(n);
}

static void
limits(void **state)
{
	struct ace *e;
	struct acl *a;
	unsigned i;

	(void)state;
	begin(5, 1);
	a = (void *)ks->conf->acls.first;
	e = tc_ace(a, ACE_PERMIT, IP(10, 0, 0, 0), 0xff, 0, ~0u);
	e->proto = 6;
	e->dport = (struct ace_ports){ ACE_OP_RANGE, 10, 20 };
	e = tc_ace(a, ACE_DENY, IP(10, 0, 0, 0), 0xff, 0, ~0u);
	e->proto = 6;
	e->sport = (struct ace_ports){ ACE_OP_GT, 1023, 0 };
	for (i = 0; i < 150; i++)
		tc_ace(a, ACE_PERMIT, IP(172, 16, i, 0), 0xff, 0, ~0u);
	tc_ace(a, ACE_DENY, IP(192, 168, 0, 0), 0xff, 0, ~0u);
	registered();
	/* the first 100 permits; the deny behind them stays */
	assert_int_equal(gm->npermit, 100);
	assert_int_equal(gm->ndeny, 1);
	assert_true(ks->logs[LOG_GDOI_ACL_NUM] >= 1);
	assert_true(ks->logs[LOG_GDOI_ACL_RANGE] >= 1);
	net_free(n);
}

/* A member counts itself, over all SAs. */
static void
limits_judged(void **state)
{
	struct gdoi_sat sats[120];
	struct gdoi_sa_msg msg = { .n = 120, .sats = sats };
	const char *bad;
	unsigned i;

	(void)state;
	begin(6, 1);
	registered();
	memset(sats, 0, sizeof(sats));
	for (i = 0; i < 120; i++) {
		sats[i].ace = ace_any(ACE_PERMIT);
		sats[i].ace.src = IP(10, 0, i, 0);
		sats[i].ace.src_wild = 0xff;
		sats[i].spi = 0x1000 + i / 60; /* two SAs of 60 */
		sats[i].sa_index = (uint16_t)(1 + i / 60);
		sats[i].transform = (struct esp_transform){ ESP_AES_CBC,
			ESP_AUTH_SHA1, 128 };
		sats[i].life = 3600;
		sats[i].replay = REPLAY_COUNTER;
		sats[i].window = 64;
	}
	bad = gm_check(net_gm(gm), &msg, NULL);
	assert_non_null(bad);
	assert_non_null(strstr(bad, "100 permit"));
	msg.n = 100;
	assert_null(gm_check(net_gm(gm), &msg, NULL));
	/* the entries again with the TEK before: they count once */
	for (i = 0; i < 60; i++) {
		sats[60 + i] = sats[i];
		sats[60 + i].spi = 0x2000;
	}
	msg.n = 120;
	assert_null(gm_check(net_gm(gm), &msg, NULL));
	/* half of it for receivers only */
	sats[70].receive_only = true;
	bad = gm_check(net_gm(gm), &msg, NULL);
	assert_non_null(bad);
	assert_non_null(strstr(bad, "direction"));
	net_free(n);
}

/* ---- client fail-close revert ---- */

static void
revert(void **state)
{
	(void)state;
	begin(7, 1);
	group_of(gm)->fail_close_revert = true;
	((struct ipsec_profile *)(void *)ks->conf->ipsec_profiles.first)
	    ->lifetime = 600;
	registered();
	assert_false(gm->reverted);
	/* servers are gone: the TEK goes on to its end */
	ks->deaf = true;
	net_run(n, 550 * SEC);
	assert_false(gm->reverted);
	assert_true(gm->policy);
	net_run(n, 60 * SEC);
	assert_true(gm->reverted);
	assert_true(gm->policy); /* whoever has no fail-close drops */
	assert_int_equal(gm->flushes, 0);
	/* a new packet process hears it, too */
	gm->reverted = false;
	gdoi_resync(gm->g);
	assert_true(gm->reverted);
	/* not configured any more, and again */
	group_of(gm)->fail_close_revert = false;
	change(gm);
	assert_false(gm->reverted);
	group_of(gm)->fail_close_revert = true;
	change(gm);
	assert_true(gm->reverted);
	/* the server is back */
	ks->deaf = false;
	net_run(n, 200 * SEC);
	assert_true(net_registered(n));
	assert_false(gm->reverted);
	net_free(n);
}

/* The default: it stays as it is. */
static void
no_revert(void **state)
{
	(void)state;
	begin(8, 1);
	((struct ipsec_profile *)(void *)ks->conf->ipsec_profiles.first)
	    ->lifetime = 600;
	registered();
	ks->deaf = true;
	net_run(n, 3600 * SEC);
	assert_true(gm->policy);
	assert_false(gm->reverted);
	assert_int_equal(gm->flushes, 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receive_only),
		cmocka_unit_test(override),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(merge),
		cmocka_unit_test(long_local),
		cmocka_unit_test(limits),
		cmocka_unit_test(limits_judged),
		cmocka_unit_test(revert),
		cmocka_unit_test(no_revert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
