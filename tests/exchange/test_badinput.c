/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What goes wrong in real networks, and what attackers send: one clear log
 * line on the right side, no change of state, bounded memory.
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

static struct node *ks, *gm;

static struct net *
pair(uint64_t seed)
{
	struct net *n = net_new(seed);

	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	return n;
}

static void
wrong_psk(void **state)
{
	struct net *n = pair(1);

	(void)state;
	str_copy(((struct isakmp_key *)(void *)gm->conf->isakmp_keys.first)
	    ->key, "OTHER", KEY_MAX);
	net_apply_all(n);
	net_run(n, 55 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_BAD_MESSAGE], 1);
	assert_non_null(strstr(ks->last[LOG_IKMP_BAD_MESSAGE], "10.9.1.1"));
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 0);
	net_run(n, 10 * SEC);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "pre-shared keys the same?"));
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	assert_int_equal(net_gm(gm)->succeeded, 0);
	net_free(n);
}

static void
no_psk(void **state)
{
	struct net *n = pair(2);

	(void)state;
	((struct isakmp_key *)(void *)ks->conf->isakmp_keys.first)->mask =
	    UINT32_MAX;
	net_apply_all(n);
	net_run(n, 15 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_NO_KEY], 1);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	net_free(n);

	n = pair(3);
	((struct isakmp_key *)(void *)gm->conf->isakmp_keys.first)->mask =
	    UINT32_MAX;
	net_apply_all(n);
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_IKMP_NO_KEY], 1);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "no pre-shared key"));
	net_free(n);
}

/* The most specific key wins. */
static void
keys_by_mask(void **state)
{
	struct net *n = pair(4);
	struct isakmp_key *k = (void *)ks->conf->isakmp_keys.first;

	(void)state;
	str_copy(k->key, "WRONG", sizeof(k->key));
	tc_key(ks->conf, "SUPERSECRET", IP(10, 9, 1, 1), UINT32_MAX);
	tc_key(ks->conf, "WRONG", IP(10, 9, 1, 0), 0xffffff00);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_free(n);
}

static void
no_common_policy(void **state)
{
	struct net *n = pair(5);

	(void)state;
	((struct isakmp_policy *)(void *)gm->conf->isakmp_policies.first)
	    ->hash = IKE_MD5;
	net_apply_all(n);
	net_run(n, 15 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_MODE_FAILURE], 1);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "no policy in common"));
	assert_int_equal(ks->g->ike->stats.dh, 0);
	assert_int_equal(ks->g->ike->nsas, 0);
	net_free(n);
}

/* The second policy of one is the first of the other. */
static void
second_policy(void **state)
{
	struct net *n = pair(6);

	(void)state;
	((struct isakmp_policy *)(void *)gm->conf->isakmp_policies.first)
	    ->hash = IKE_MD5;
	tc_policy(gm->conf, IKE_3DES, 0, IKE_SHA1, 5);
	tc_policy(gm->conf, IKE_AES, 256, IKE_SHA256, 2);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_free(n);
}

static void
unknown_group(void **state)
{
	struct net *n = pair(7);

	(void)state;
	((struct gdoi_group *)(void *)gm->conf->gdoi_groups.first)->id = 999;
	net_apply_all(n);
	net_run(n, 5 * SEC);
	assert_int_equal(ks->logs[LOG_KS_BAD_ID], 1);
	assert_non_null(strstr(ks->last[LOG_KS_BAD_ID], "999"));
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "does not serve this group"));
	net_run(n, 600 * SEC); /* keeps trying, with pauses */
	assert_true(gm->logs[LOG_GM_REGSTER] > 8);
	assert_true(gm->logs[LOG_GM_REGSTER] < 20);
	assert_true(ks->logs[LOG_KS_BAD_ID] <= 11); /* once a minute */
	net_free(n);
}

static void
no_rsa_key(void **state)
{
	struct net *n = net_new(8);
	struct gdoi_group *g;

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	g = (void *)ks->conf->gdoi_groups.first;
	str_copy(((struct gdoi_local *)(void *)g->local.first)->rsa_label,
	    "MISSING", CONF_NAME);
	((struct ipsec_profile *)(void *)ks->conf->ipsec_profiles.first)
	    ->lifetime = 600;
	gm = net_add_gm(n, 0);
	net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(ks->logs[LOG_KS_NO_RSA_KEYS], 1);
	assert_null(net_ks(ks)->kek);
	assert_false(net_gm(gm)->has_kek);
	net_run(n, 2000 * SEC); /* lives by registering again */
	assert_true(gm->logs[LOG_GM_RE_REGISTER] >= 3);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 0);
	assert_true(gm->nteks >= 1);
	assert_int_equal(ks->logs[LOG_KS_NO_RSA_KEYS], 1);
	net_free(n);
}

static void
no_acl(void **state)
{
	struct net *n = pair(9);
	struct acl *a = (void *)ks->conf->acls.first;
	struct conf *old;

	(void)state;
	str_copy(a->name, "OTHER", sizeof(a->name));
	net_apply_all(n);
	net_run(n, 60 * SEC);
	assert_int_equal(ks->logs[LOG_KS_NO_ACL], 1);
	assert_non_null(strstr(ks->last[LOG_KS_NO_ACL], "ACL A of sa ipsec 1"));
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "no policy for this group"));
	assert_int_equal(net_ks(ks)->nmembers, 0);
	old = ks->conf;
	ks->conf = tc_copy(old);
	str_copy(((struct acl *)(void *)ks->conf->acls.first)->name, "A",
	    sizeof(a->name));
	net_apply(ks);
	tc_free(old);
	assert_true(net_until(n, 100 * SEC, net_registered));
	net_free(n);
}

static void
no_profile(void **state)
{
	struct net *n = pair(10);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;

	(void)state;
	str_copy(t->name, "OTHER", sizeof(t->name));
	net_apply_all(n);
	net_run(n, 30 * SEC);
	assert_int_equal(ks->logs[LOG_KS_NO_POLICY], 1);
	assert_non_null(strstr(ks->last[LOG_KS_NO_POLICY], "transform-set"));
	net_free(n);
}

static void
dead_first_server(void **state)
{
	struct net *n = net_new(11);

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	((struct gdoi_server *)(void *)((struct gdoi_group *)(void *)
	    gm->conf->gdoi_groups.first)->servers.first)->addr =
	    IP(10, 9, 0, 99);
	tc_server(gm->conf, KS_ADDR);
	net_apply_all(n);
	net_run(n, 54 * SEC);
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 0);
	assert_true(net_until(n, 10 * SEC, net_registered));
	assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER], KS_ADDR ==
	    IP(10, 9, 0, 1) ? "10.9.0.1" : ""));
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER], "no answer"));
	assert_int_equal(net_gm(gm)->attempted, 2);
	assert_int_equal(net_gm(gm)->succeeded, 1);
	net_free(n);
}

static void
incomplete_member(void **state)
{
	struct net *n = pair(12);

	(void)state;
	((struct gdoi_group *)(void *)gm->conf->gdoi_groups.first)->id_type =
	    GDOI_ID_NONE;
	net_apply_all(n);
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_INCOMPLETE_CFG], 1);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 0);
	net_free(n);
}

static void
interface_goes(void **state)
{
	struct net *n = pair(13);
	struct port p = { .index = 1, .addr = GM_ADDR(0), .up = false };

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(gm->g, &p);
	assert_int_equal(gm->flushes, 1);
	assert_int_equal(gm->logs[LOG_GM_CM_DETACH], 1);
	assert_int_equal(gm->logs[LOG_GM_UNREGISTER], 1);
	assert_int_equal(gm->logs[LOG_GDOI_ON_OFF], 2);
	p.up = true;
	gdoi_port(gm->g, &p);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, SEC);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	net_free(n);
}

static void
local_deny_list(void **state)
{
	struct net *n = pair(14);
	struct acl *a = tc_acl(gm->conf, "LOCAL");

	(void)state;
	tc_ace(a, ACE_DENY, IP(10, 1, 0, 0), 0xffff, 0, UINT32_MAX);
	tc_ace(a, ACE_PERMIT, IP(10, 2, 0, 0), 0xffff, 0, UINT32_MAX);
	str_copy(((struct crypto_map *)(void *)gm->conf->crypto_maps.first)
	    ->acl, "LOCAL", CONF_NAME);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(gm->logs[LOG_GM_ACL_PERMIT], 1);
	assert_int_equal(gm->nlocal, 3);
	assert_int_equal(gm->npermit, 1);
	assert_int_equal(gm->aces[2].src, IP(10, 1, 0, 0));
	assert_int_equal(gm->aces[3].action, ACE_PERMIT);
	net_free(n);
}

/* Entries that a group policy cannot carry, and too many of them. */
static void
unfit_entries(void **state)
{
	struct net *n = pair(15);
	struct acl *a = (void *)ks->conf->acls.first;
	struct ace *e;
	unsigned i;

	(void)state;
	e = tc_ace(a, ACE_PERMIT, 0, UINT32_MAX, 0, UINT32_MAX);
	e->proto = 6;
	e->dport = (struct ace_ports){ ACE_OP_GT, 1023, 0 };
	e = tc_ace(a, ACE_PERMIT, 0, UINT32_MAX, 0, UINT32_MAX);
	e->proto = 6;
	e->dport = (struct ace_ports){ ACE_OP_EQ, 80, 0 };
	for (i = 0; i < 150; i++)
		tc_ace(a, ACE_PERMIT, IP(172, 16, i, 0), 0xff, 0, UINT32_MAX);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(ks->logs[LOG_GDOI_ACL_RANGE], 1);
	assert_int_equal(ks->logs[LOG_GDOI_ACL_NUM], 1);
	assert_int_equal(gm->npermit, 100);
	assert_int_equal(gm->aces[3].dport.lo, 80);
	assert_int_equal(gm->aces[3].proto, 6);
	net_free(n);
}

/* ---- attackers ---- */

static void
raw(struct node *node, uint32_t from, const uint8_t *data, size_t len)
{
	struct udp_addr f = { from, 848 }, l = { node->addr, 848 };

	gdoi_input(node->g, l, f, data, len);
}

static void
aggressive_mode(void **state)
{
	struct net *n = pair(16);
	uint8_t m[60] = { 1, 2, 3 };

	(void)state;
	net_apply_all(n);
	m[16] = ISAKMP_SA;
	m[17] = ISAKMP_VERSION;
	m[18] = ISAKMP_X_AGGRESSIVE;
	m[27] = sizeof(m);
	raw(ks, IP(1, 2, 3, 4), m, sizeof(m));
	assert_int_equal(ks->logs[LOG_IKMP_AG_DISABLED], 1);
	assert_int_equal(ks->g->ike->nsas, 0);
	net_free(n);
}

/* Each datagram is followed by mutated and truncated copies of itself: all
 * goes well nevertheless, and they are counted. */
static void
mutate(struct net *n, const struct datagram *d)
{
	struct node *to = d->to.addr == KS_ADDR ? ks : gm;
	unsigned i, before;
	uint8_t *copy;

	for (i = 0; i < 6; i++) {
		size_t len = i < 4 ? d->len : net_random(n) % d->len;

		copy = malloc(len + 1);
		memcpy(copy, d->data, len);
		/* not the cookies of a first message: that is a new one */
		if (i < 4)
			copy[16 + net_random(n) % (len - 16)] ^=
			    (uint8_t)(1 << net_random(n) % 8);
		before = to->g->ike->stats.bad + to->g->ike->stats.no_sa;
		raw(to, d->from.addr, copy, len);
		if (i >= 4 && to->g->ike->stats.bad +
		    to->g->ike->stats.no_sa == before)
			fail_msg("a truncated message was not counted");
		free(copy);
	}
}

static void
mutated(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 50; seed++) {
		struct net *n = pair(2000 + seed);

		n->after = mutate;
		((struct ipsec_profile *)(void *)
		    ks->conf->ipsec_profiles.first)->lifetime = 300;
		net_apply_all(n);
		if (!net_until(n, 300 * SEC, net_registered))
			fail_msg("seed %u", seed);
		net_run(n, 600 * SEC);
		assert_true(gm->nteks >= 1);
		assert_true(ks->g->ike->stats.bad > 10);
		net_free(n);
	}
}

/* Datagrams of nothing but noise, and every exchange type. */
static void
noise(void **state)
{
	struct net *n = pair(18);
	uint8_t m[300];
	unsigned i, j;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	for (i = 0; i < 20000; i++) {
		size_t len = net_random(n) % sizeof(m);

		for (j = 0; j < len; j++)
			m[j] = (uint8_t)net_random(n);
		if (len > 28 && i % 2) {
			m[17] = ISAKMP_VERSION;
			m[18] = (uint8_t)i;
			m[24] = m[25] = 0;
			m[26] = (uint8_t)(len >> 8);
			m[27] = (uint8_t)len;
		}
		raw(i % 3 ? ks : gm, (uint32_t)net_random(n), m, len);
	}
	assert_true(net_registered(n));
	assert_true(ks->logs[LOG_IKMP_BAD_MESSAGE] <= 21);
	net_free(n);
}

static void
dead_peer(void **state)
{
	struct net *n = pair(19);

	(void)state;
	ks->conf->keepalive_secs = 10;
	ks->conf->keepalive_periodic = true;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, 300 * SEC); /* it answers */
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_int_equal(ks->g->ike->nsas, 1);
	gm->deaf = true;
	net_run(n, 30 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_int_equal(ks->g->ike->nsas, 0);
	net_free(n);
}

/* Lifetime of phase 1, and Delete of it. */
static void
phase1_ends(void **state)
{
	struct net *n = pair(20);

	(void)state;
	((struct isakmp_policy *)(void *)gm->conf->isakmp_policies.first)
	    ->lifetime = 300;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(ks->g->ike->nsas, 1);
	net_run(n, 301 * SEC);
	assert_int_equal(ks->g->ike->nsas, 0);
	assert_int_equal(gm->g->ike->nsas, 0);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	gm_clear(net_gm(gm));
	assert_true(net_until(n, 5 * SEC, net_registered));
	ike_clear(ks->g->ike);
	ike_reap(ks->g->ike);
	net_run(n, SEC);
	assert_int_equal(gm->g->ike->nsas, 0);
	net_free(n);
}

/* Every form of identity in a PULL, by a hostile but keyed member: the
 * interpreter hands over anything that is well-formed. */
static void
payload_decoders(void **state)
{
	uint8_t buf[64];
	struct gdoi_sa_msg sa;
	struct gdoi_kd_msg kd;
	struct gdoi_gap gap;
	struct gdoi_delete d;
	unsigned i, j;
	uint64_t rng = 1;

	(void)state;
	for (i = 0; i < 20000; i++) {
		size_t len;

		for (j = 0; j < sizeof(buf); j++) {
			rng = rng * 6364136223846793005u + 1442695040888963407u;
			buf[j] = (uint8_t)(rng >> 56) & (i & 1 ? 0xff : 0x17);
		}
		len = (rng >> 33) % sizeof(buf);
		if (gdoi_get_sa(rd_of(buf, len), &sa) == NULL)
			gdoi_sa_msg_free(&sa);
		if (gdoi_get_kd(rd_of(buf, len), &kd) == NULL)
			gdoi_kd_msg_free(&kd);
		if (gdoi_get_gap(rd_of(buf, len), &gap) == NULL)
			assert_true(gap.present);
		if (gdoi_get_delete(rd_of(buf, len), &d) == NULL)
			assert_true(d.protocol <= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_psk),
		cmocka_unit_test(no_psk),
		cmocka_unit_test(keys_by_mask),
		cmocka_unit_test(no_common_policy),
		cmocka_unit_test(second_policy),
		cmocka_unit_test(unknown_group),
		cmocka_unit_test(no_rsa_key),
		cmocka_unit_test(no_acl),
		cmocka_unit_test(no_profile),
		cmocka_unit_test(dead_first_server),
		cmocka_unit_test(incomplete_member),
		cmocka_unit_test(interface_goes),
		cmocka_unit_test(local_deny_list),
		cmocka_unit_test(unfit_entries),
		cmocka_unit_test(aggressive_mode),
		cmocka_unit_test(mutated),
		cmocka_unit_test(noise),
		cmocka_unit_test(dead_peer),
		cmocka_unit_test(phase1_ends),
		cmocka_unit_test(payload_decoders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
