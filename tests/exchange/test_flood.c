/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Floods against a key server: first messages from addresses that are not the
 * sender's, the same and with offers made up; third messages with guessed
 * cookies; peers that stop half way. No Diffie-Hellman, no memory that grows,
 * and members still get in.
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
#define PER_MS 100 /* 100,000 a second */

static struct node *ks, *gm;
static uint8_t first[512], third[1024];
static size_t first_len, third_len;

/* What a member sends to a key server in main mode. */
static bool
keep(struct net *n, struct datagram *d)
{
	static const uint8_t zero[8];

	(void)n;
	if (d->to.addr != KS_ADDR || d->data[18] != ISAKMP_X_MAIN)
		return true;
	if (memcmp(d->data + 8, zero, 8) == 0) {
		memcpy(first, d->data, d->len);
		first_len = d->len;
	} else if (!(d->data[19] & ISAKMP_F_ENC)) {
		memcpy(third, d->data, d->len);
		third_len = d->len;
	}
	return true;
}

static struct net *
registered(uint64_t seed)
{
	struct net *n = net_new(seed);

	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	n->tap = keep;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, SEC);
	n->tap = NULL;
	ks->g->ike->stats.dh = 0;
	return n;
}

static void
raw(uint32_t from, uint16_t port, const uint8_t *data, size_t len)
{
	struct udp_addr f = { from, port }, l = { KS_ADDR, 848 };

	gdoi_input(ks->g, l, f, data, len);
}

/* An offer that nobody has sent yet: the version in our vendor identifier
 * (the last payload) and octets of the SA that are not looked at. */
static void
new_offer(uint64_t r)
{
	uint8_t *v = first + first_len - 9;
	unsigned i;

	for (i = 0; i < 9; i++, r /= 10)
		v[i] = (uint8_t)('0' + r % 10);
	first[28 + 4 + 8 + 1] = (uint8_t)r; /* reserved, of the proposal */
}

static void
flood_ms(struct net *n, bool vary)
{
	unsigned i;
	uint64_t r;

	for (i = 0; i < PER_MS; i++) {
		r = net_random(n);
		memcpy(first, &r, 8);
		if (vary)
			new_offer(net_random(n));
		r = net_random(n);
		raw((uint32_t)r | 0xc0000000, (uint16_t)(r >> 32), first,
		    first_len);
	}
}

static void
run(struct net *n, unsigned ms, bool vary)
{
	while (ms-- > 0) {
		flood_ms(n, vary);
		net_run(n, 1);
	}
}

/* One offer from everywhere: nothing is kept of it at all. */
static void
same_offer(void **state)
{
	struct net *n = registered(1);
	struct ike_stats *s = &ks->g->ike->stats;
	uint32_t before = s->offer_bytes, answered = s->first;
	unsigned sent = n->sent, bytes = n->bytes;

	(void)state;
	run(n, 1000, false);
	assert_int_equal(s->first - answered, 1000 * PER_MS);
	assert_int_equal(s->dh, 0);
	assert_int_equal(s->half_open, 0);
	assert_int_equal(ks->g->ike->nsas, 1);
	assert_int_equal(s->offer_bytes, before);
	assert_int_equal(n->sent - sent, 1000 * PER_MS);
	assert_true(n->bytes - bytes <= 1000 * PER_MS * first_len);
	net_free(n);
}

/* Offers made up: bounded. A member that was here before and one that was
 * not register while it goes on, with one Diffie-Hellman each. */
static void
new_offers(void **state)
{
	struct net *n = registered(2);
	struct ike_stats *s = &ks->g->ike->stats;
	unsigned logs = ks->logs[LOG_IKMP_BAD_MESSAGE] +
	    ks->logs[LOG_IKMP_NO_SA] + ks->logs[LOG_IKMP_MODE_FAILURE];
	struct node *other;

	(void)state;
	run(n, 1500, true);
	assert_true(s->offer_bytes > 1 << 20);
	assert_true(s->offer_bytes <= 9 << 20);
	assert_int_equal(s->dh, 0);
	assert_int_equal(s->half_open, 0);

	ike_clear(gm->g->ike); /* phase 1 too */
	gm_clear(net_gm(gm));
	other = net_add_gm(n, 1);
	((struct isakmp_policy *)(void *)other->conf->isakmp_policies.first)
	    ->lifetime = 7777;
	net_apply(other);
	run(n, 150, true);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERED);
	assert_int_equal(net_gm(other)->state, GM_REGISTERED);
	assert_int_equal(s->dh, 2);
	assert_true(s->offer_bytes <= 9 << 20);
	assert_int_equal(ks->logs[LOG_IKMP_BAD_MESSAGE] +
	    ks->logs[LOG_IKMP_NO_SA] + ks->logs[LOG_IKMP_MODE_FAILURE], logs);
	net_free(n);
}

/* Message 3 with cookies of others, guessed or from another address. */
static void
guessed_cookies(void **state)
{
	struct net *n = registered(3);
	struct ike_stats *s = &ks->g->ike->stats;
	uint32_t no_sa = s->no_sa;
	unsigned i;
	uint64_t r;

	(void)state;
	assert_int_not_equal(third_len, 0);
	for (i = 0; i < 20000; i++) {
		r = net_random(n);
		if (i % 2)
			memcpy(third, &r, 8);
		else /* keep the part that names the offer */
			memcpy(third + 11, &r, 5);
		raw(IP(77, 0, i >> 8, i & 255), 848, third, third_len);
	}
	assert_int_equal(s->no_sa - no_sa, 20000);
	assert_int_equal(s->dh, 0);
	assert_int_equal(ks->g->ike->nsas, 1);
	/* 20 a second at most */
	assert_true(ks->logs[LOG_IKMP_NO_SA] <= 21);
	net_free(n);
}

/* The cookie of a message 2 opens one SA for the address that it went to,
 * for some time, and none for another port or address. */
static uint8_t cookie[8];

static bool
keep_cookie(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->from.addr == KS_ADDR)
		memcpy(cookie, d->data + 8, 8);
	return true;
}

static void
cookie_of_address(void **state)
{
	struct net *n = registered(4);
	struct ike *ike = ks->g->ike;

	(void)state;
	n->tap = keep_cookie;
	first[0] ^= 0x55;
	raw(IP(77, 0, 0, 1), 848, first, first_len);
	memcpy(third, first, 8);
	memcpy(third + 8, cookie, 8);
	raw(IP(77, 0, 0, 2), 848, third, third_len);
	raw(IP(77, 0, 0, 1), 849, third, third_len);
	assert_int_equal(ike->nsas, 1);
	assert_int_equal(ike->stats.dh, 0);
	raw(IP(77, 0, 0, 1), 848, third, third_len);
	assert_int_equal(ike->nsas, 2);
	assert_int_equal(ike->stats.dh, 1);
	raw(IP(77, 0, 0, 1), 848, third, third_len); /* a duplicate */
	assert_int_equal(ike->nsas, 2);
	assert_int_equal(ike->stats.dh, 1);
	net_run(n, 200 * SEC);
	assert_int_equal(ike->nsas, 1);
	raw(IP(77, 0, 0, 1), 848, third, third_len); /* too old */
	assert_int_equal(ike->nsas, 1);
	net_free(n);
}

/* Peers that answer and then stop: bounded, one source cannot take it all,
 * and a member finds room once the first have had their time. */
static void
stop_half_way(void **state)
{
	struct net *n = registered(5);
	struct ike *ike = ks->g->ike;
	unsigned i;

	(void)state;
	n->tap = keep_cookie;
	for (i = 0; i < 50; i++) {
		first[0] = (uint8_t)i;
		raw(IP(78, 0, 0, 1), 848, first, first_len);
		memcpy(third, first, 8);
		memcpy(third + 8, cookie, 8);
		raw(IP(78, 0, 0, 1), 848, third, third_len);
	}
	assert_int_equal(ike->stats.half_open, HALF_OPEN_PER_SOURCE);
	for (i = 0; i < 1200; i++) {
		raw(IP(77, 0, i >> 8, i & 255), 848, first, first_len);
		memcpy(third, first, 8);
		memcpy(third + 8, cookie, 8);
		raw(IP(77, 0, i >> 8, i & 255), 848, third, third_len);
	}
	assert_int_equal(ike->stats.half_open, HALF_OPEN_MAX);
	ike_clear(gm->g->ike);
	gm_clear(net_gm(gm));
	assert_true(net_until(n, 30 * SEC, net_registered));
	assert_true(ike->stats.half_open <= HALF_OPEN_MAX);
	net_run(n, 61 * SEC);
	assert_int_equal(ike->stats.half_open, 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_offer),
		cmocka_unit_test(new_offers),
		cmocka_unit_test(guessed_cookies),
		cmocka_unit_test(cookie_of_address),
		cmocka_unit_test(stop_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
