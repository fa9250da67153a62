/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Registration over the network in memory: a key server and members, on good
 * and bad networks, with every suite of phase 1.
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

static void
one_member(void **state)
{
	struct net *n = net_new(1);
	struct node *ks = net_add_ks(n, KS_ADDR), *gm = net_add_gm(n, 0);
	struct ks_group *grp;
	struct gm_group *g;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, 1000, net_registered));
	net_run(n, 1000);
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 1);
	assert_string_equal(gm->last[LOG_GM_REGSTER],
	    "%CRYPTO-5-GM_REGSTER: Start registration to KS 10.9.0.1 for group"
	    " G1 using address 10.9.1.1 fvrf default ivrf default");
	assert_int_equal(gm->logs[LOG_SA_TEK_UPDATED], 1);
	assert_int_equal(gm->logs[LOG_SA_KEK_UPDATED], 1);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 1);
	assert_int_equal(gm->logs[LOG_GM_INSTALL_OK], 1);
	assert_int_equal(gm->logs[LOG_GM_CM_ATTACH], 1);
	assert_int_equal(gm->logs[LOG_GDOI_ON_OFF], 1);
	assert_int_equal(ks->logs[LOG_KS_REGS_COMPL], 1);
	assert_int_equal(ks->logs[LOG_KS_FIRST_GM], 1);
	grp = TAILQ_FIRST(&ks->g->ks);
	g = TAILQ_FIRST(&gm->g->gm);
	assert_int_equal(grp->nmembers, 1);
	assert_memory_equal(grp->kek->k.spi, g->kek.spi, 16);
	assert_int_equal(gm->nteks, 1);
	assert_int_equal(gm->teks[0].spi, TAILQ_FIRST(&grp->teks)->k.spi);
	gdoi_sa_event(gm->g, &(struct sa_event){ .type = SA_EVENT_USE,
		.group = "G1", .sa_index = 1, .use = { .packets = { 7, 8 } } });
	assert_int_equal(g->uses[0].packets[1], 8);
	gdoi_sa_event(gm->g, &(struct sa_event){ .type = SA_EVENT_USE,
		.group = "G1", .sa_index = (uint16_t)(g->naces + 1) });
	assert_true(gdoi_has_spi(gm->g, gm->teks[0].spi));
	assert_false(gdoi_has_spi(gm->g, gm->teks[0].spi + 1));
	assert_memory_equal(gm->teks[0].key.data,
	    TAILQ_FIRST(&grp->teks)->k.key.data, 16);
	assert_int_equal(gm->teks[0].auth_key.len, 32);
	assert_int_equal(gm->npermit, 1);
	assert_int_equal(gm->nlocal, 2); /* the bypass for UDP 848 */
	net_free(n);
}

static void
hundred_members(void **state)
{
	struct net *n = net_new(2);
	struct node *ks = net_add_ks(n, KS_ADDR);
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++)
		net_add_gm(n, i);
	n->loss = 10;
	n->dup = 10;
	n->reorder = 10;
	net_apply_all(n);
	assert_true(net_until(n, 200000, net_registered));
	net_run(n, 1000);
	assert_int_equal(TAILQ_FIRST(&ks->g->ks)->nmembers, 100);
	for (i = 1; i <= 100; i++)
		assert_int_equal(n->nodes[i]->teks[0].spi,
		    n->nodes[1]->teks[0].spi);
	assert_int_equal(ks->logs[LOG_KS_FIRST_GM], 1);
	net_free(n);
}

/* Seeded loss, duplication and reordering: it always ends well. */
static void
bad_networks(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 100; seed < 300; seed++) {
		struct net *n = net_new(seed);
		struct node *ks = net_add_ks(n, KS_ADDR);

		(void)ks;
		net_add_gm(n, 0);
		n->loss = seed % 40;
		n->dup = seed % 30;
		n->reorder = seed % 50;
		net_apply_all(n);
		if (!net_until(n, 1000000, net_registered))
			fail_msg("seed %u does not register", seed);
		net_free(n);
	}
}

static void
all_suites(void **state)
{
	static const struct { uint8_t cipher; uint16_t bits; } ciphers[] = {
		{ IKE_DES, 0 }, { IKE_3DES, 0 }, { IKE_AES, 128 },
		{ IKE_AES, 192 }, { IKE_AES, 256 },
	};
	static const uint8_t hashes[] = { IKE_MD5, IKE_SHA1, IKE_SHA256,
		IKE_SHA384, IKE_SHA512 };
	static const uint8_t groups[] = { 1, 2, 5, 14, 15, 16, 19, 20, 21,
		24 };
	unsigned c, h, g;

	(void)state;
	for (c = 0; c < NELEM(ciphers); c++)
		for (h = 0; h < NELEM(hashes); h++)
			for (g = 0; g < NELEM(groups); g++) {
				struct net *n = net_new(c * 1000 + h * 100 +
				    g);
				struct node *ks = net_add_ks(n, KS_ADDR), *gm;
				struct isakmp_policy *p;

				gm = net_add_gm(n, 0);
				p = (void *)ks->conf->isakmp_policies.first;
				p->cipher = ciphers[c].cipher;
				p->key_bits = ciphers[c].bits;
				p->hash = hashes[h];
				p->group = groups[g];
				*(struct isakmp_policy *)(void *)
				    gm->conf->isakmp_policies.first = *p;
				net_apply_all(n);
				if (!net_until(n, 1000, net_registered))
					fail_msg("cipher %u/%u hash %u group"
					    " %u", ciphers[c].cipher,
					    ciphers[c].bits, hashes[h],
					    groups[g]);
				net_free(n);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_member),
		cmocka_unit_test(hundred_members),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(all_suites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
