/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Groups that live long: short and long lifetimes over simulated days, all
 * algorithms of rekeys, many members, and seeded bad networks by unicast and
 * by multicast. In a healthy network no member ever registers twice.
 *
 * REKEY_RUNS=N takes N seeds instead of a hundred, a thousand members instead
 * of a hundred, and weeks instead of days.
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

#include "talk.h"

#define HOUR 3600u
#define DAY (24 * HOUR)

static unsigned runs;	/* 0: the usual few */
static struct net *n;
static struct ks_group *grp;

static void
make(uint64_t seed, unsigned members)
{
	unsigned i;

	n = net_new(seed);
	net_add_ks(n, KS_ADDR);
	for (i = 0; i < members; i++)
		net_add_gm(n, i);
}

static struct gdoi_local *
local(void)
{
	return tc_local(n->nodes[0]->conf);
}

static void
multicast(void)
{
	struct ace *a = tc_ace(tc_acl(n->nodes[0]->conf, "M"), ACE_PERMIT,
	    KS_ADDR, 0, IP(239, 1, 1, 1), 0);

	a->proto = 17;
	local()->unicast = false;
	str_copy(local()->rekey_acl, "M", sizeof(local()->rekey_acl));
}

static void
run(void)
{
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_run(n, SEC);
	grp = net_ks(n->nodes[0]);
}

static void
assert_alive(const char *when)
{
	unsigned i;

	for (i = 1; i < n->n; i++)
		if (talk_live(n->nodes[i]) == 0)
			fail_msg("%s: member %u has no TEK", when, i);
}

static void
assert_registered_once(const char *what, uint32_t a, uint32_t b)
{
	unsigned i;

	for (i = 1; i < n->n; i++)
		if (n->nodes[i]->logs[LOG_GM_REGSTER] != 1)
			fail_msg("%s %u %u: member %u registered %u times",
			    what, a, b, i, n->nodes[i]->logs[LOG_GM_REGSTER]);
}

/* ---- lifetimes ---- */

static void
one_pair(uint32_t tek, uint32_t kek, bool multi, uint16_t secs,
    uint16_t count, bool periodic)
{
	/* as long as both roll three times; in a usual run no more than some
	 * hundred times */
	uint64_t longest = tek > kek ? tek : kek, most = tek + kek - longest;
	uint64_t span = 3 * longest, t;

	most *= runs > 0 ? 3000 : 60;
	if (span > most)
		span = most;
	make(tek + kek, 2);
	tc_profile(n->nodes[0]->conf)->lifetime = tek;
	local()->rekey_lifetime = kek;
	local()->retransmit_secs = secs;
	local()->retransmit_count = count;
	local()->retransmit_periodic = periodic;
	if (multi)
		multicast();
	run();
	for (t = 0; t < span; t += span / 100) {
		net_run(n, span * SEC / 100);
		assert_alive("a healthy network");
	}
	assert_registered_once("lifetimes", tek, kek);
	assert_true(n->nodes[1]->logs[LOG_GM_RECV_REKEY] >= 2);
	assert_int_equal(n->nodes[1]->logs[LOG_GM_REKEY_SEQ], 0);
	assert_int_equal(grp->nmembers, 2);
	net_free(n);
}

static void
lifetimes(void **state)
{
	static const uint32_t teks[] = { 120, 300, 600, HOUR, 2 * HOUR, DAY,
		30 * DAY };
	static const uint32_t keks[] = { 300, 600, HOUR, DAY, 7 * DAY,
		30 * DAY };
	unsigned i, j;

	(void)state;
	for (i = 0; i < NELEM(teks); i++)
		for (j = 0; j < NELEM(keks); j++) {
			one_pair(teks[i], keks[j], false, 10, 2, false);
			one_pair(teks[i], keks[j], true, 10, 2, false);
			if ((i + j) % 3 == 0)
				one_pair(teks[i], keks[j], false, 60, 10,
				    false);
			if ((i + j) % 3 == 1)
				one_pair(teks[i], keks[j], false, 30, 2,
				    true);
		}
}

/* ---- algorithms ---- */

static void
algorithms(void **state)
{
	static const struct { uint8_t cipher; uint16_t bits; } ciphers[] = {
		{ ESP_DES, 0 }, { ESP_3DES, 0 }, { ESP_AES_CBC, 128 },
		{ ESP_AES_CBC, 192 }, { ESP_AES_CBC, 256 },
	};
	static const uint8_t hashes[] = { ESP_AUTH_MD5, ESP_AUTH_SHA1,
		ESP_AUTH_SHA256, ESP_AUTH_SHA384, ESP_AUTH_SHA512 };
	unsigned i, j, k;

	(void)state;
	for (i = 0; i < NELEM(ciphers); i++)
		for (j = 0; j < NELEM(hashes); j++) {
			make(i * 10 + j, 2);
			local()->rekey_cipher = ciphers[i].cipher;
			local()->rekey_key_bits = ciphers[i].bits;
			local()->rekey_sig_hash = hashes[j];
			local()->rekey_ack = (i + j) % 3;
			run();
			/* under the KEK of then, that of now, with a change */
			for (k = 1; k <= 3; k++) {
				if (k == 2) {
					(void)net_edit(n->nodes[0]);
					local()->rekey_cipher =
					    ciphers[(i + 1) % 5].cipher;
					local()->rekey_key_bits =
					    ciphers[(i + 1) % 5].bits;
					local()->rekey_sig_hash =
					    hashes[(j + 1) % 5];
					net_left(n->nodes[0]);
				}
				assert_null(ks_rekey(grp, REKEY_TEK));
				net_run(n, SEC);
				assert_int_equal(
				    TAILQ_FIRST(&grp->members)->acks, k);
				assert_int_equal(
				    net_gm(n->nodes[1])->rekeys_total, k);
			}
			assert_registered_once("algorithms", i, j);
			net_free(n);
		}
}

/* ---- many members ---- */

static unsigned burst, most;
static uint64_t second;

static bool
count_burst(struct net *net, struct datagram *d)
{
	if (d->data[18] != GDOI_X_PUSH)
		return true;
	if (net->now >= second + 100) {
		second = net->now;
		burst = 0;
	}
	if (++burst > most)
		most = burst;
	return true;
}

static void
many(void **state)
{
	unsigned members = runs > 0 ? 1000 : 100, i;
	uint64_t t0;

	(void)state;
	make(77, members);
	tc_profile(n->nodes[0]->conf)->lifetime = 3600;
	run();
	assert_int_equal(grp->nmembers, members);
	n->tap = count_burst;
	most = 0;
	t0 = n->now;
	assert_null(ks_rekey(grp, REKEY_ALL));
	while (grp->rekey.active && n->now < t0 + 60 * SEC)
		net_run(n, 10);
	assert_true(n->now - t0 <= members / 500 * SEC + SEC);
	assert_int_equal(most, 50);
	assert_int_equal(grp->rekey.retransmits, 0);
	n->loss = 10;
	for (i = 0; i < 4; i++)
		net_run(n, HOUR * SEC);
	assert_int_equal(grp->nmembers, members);
	assert_int_equal(most, 50);
	assert_alive("many members");
	net_free(n);
}

/* ---- bad networks ---- */

static void
operator_does(void)
{
	switch (net_random(n) % 12) {
	case 0:
		(void)ks_rekey(grp, REKEY_ALL);
		break;
	case 1:
		(void)ks_rekey(grp, REKEY_TEK);
		break;
	case 2:
		(void)ks_rekey(grp, REKEY_KEK);
		break;
	}
}

static void
one_bad_network(unsigned seed)
{
	static const uint8_t acks[] = { REKEY_ACK_CISCO, REKEY_ACK_ANY,
		REKEY_ACK_INTEROPERABLE };
	bool multi = seed % 2 != 0;
	uint32_t seq = 0;
	uint8_t spi[KEK_SPI_LEN];
	unsigned i;
	char when[32];

	snprintf(when, sizeof(when), "seed %u", seed);
	make(5000 + seed, 3);
	tc_profile(n->nodes[0]->conf)->lifetime = 400;
	local()->rekey_lifetime = 600 + seed % 7 * 100;
	local()->rekey_ack = acks[seed % 3];
	local()->retransmit_periodic = seed % 5 == 0;
	if (multi)
		multicast();
	run();
	n->loss = seed % 19;
	n->dup = seed % 23;
	n->reorder = seed % 47;
	memset(spi, 0, sizeof(spi));
	for (i = 0; i < 60; i++) {
		operator_does();
		net_run(n, 20 * SEC);
		assert_alive(when);
		/* numbers only go up under a KEK */
		if (memcmp(spi, grp->kek->k.spi, KEK_SPI_LEN) == 0)
			assert_true(grp->kek->seq >= seq);
		memcpy(spi, grp->kek->k.spi, KEK_SPI_LEN);
		seq = grp->kek->seq;
	}
	n->loss = 0;
	net_run(n, 400 * SEC);
	for (i = 1; i < n->n; i++)
		if (talk_tek(n->nodes[i], newest_spi(n)) == NULL)
			fail_msg("%s: member %u is not up to date", when, i);
	assert_int_equal(grp->nmembers, 3);
	net_free(n);
}

static void
bad_networks(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 0; seed < (runs > 0 ? runs : 100); seed++)
		one_bad_network(seed);
}

/* ---- a key server that is gone ---- */

static uint64_t
newest_end(const struct node *gm)
{
	uint64_t end = 0;
	unsigned i;

	for (i = 0; i < gm->nteks; i++)
		if (gm->tek_end[i] > end)
			end = gm->tek_end[i];
	return end;
}

/* All members begin to register again before any of them leaves the last TEK,
 * whatever ends meanwhile: with TEKs of 120 s older ones do, just then. */
static void
key_server_gone(void **state)
{
	unsigned seed, i, waiting;
	uint64_t end;

	(void)state;
	for (seed = 0; seed < (runs > 0 ? runs : 40); seed++) {
		make(900 + seed, 10);
		tc_profile(n->nodes[0]->conf)->lifetime = 120;
		run();
		net_run(n, 60 * SEC + net_random(n) % (120 * SEC));
		n->nodes[0]->deaf = true;
		net_run(n, SEC);
		end = newest_end(n->nodes[1]);
		assert_true(end > n->now + 60 * SEC);
		net_run(n, end - 55 * SEC - n->now);
		waiting = 0;
		for (i = 1; i < n->n; i++)
			waiting += n->nodes[i]->logs[LOG_GM_RE_REGISTER] == 0;
		if (waiting != 0)
			fail_msg("seed %u: %u members wait", seed, waiting);
		net_free(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(many),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(key_server_gone),
	};
	const char *s = getenv("REKEY_RUNS");

	runs = s != NULL ? (unsigned)strtoul(s, NULL, 10) : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
