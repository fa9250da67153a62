/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ISAKMP messages: headers and chains of payloads with wrong lengths,
 * attributes, the builder, phase-1 proposals; and the timers of the engine.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ike/isakmp.h"
#include "ike/proposal.h"
#include "ike/timer.h"

static size_t
build(uint8_t *buf, size_t size)
{
	struct isakmp_hdr h = { .icookie = { 1 }, .rcookie = { 2 },
		.exchange = ISAKMP_X_MAIN, .mid = 7 };
	struct isakmp_out o;

	isakmp_out_begin(&o, buf, size, &h);
	isakmp_out_add(&o, ISAKMP_KE, "12345678", 8);
	isakmp_out_add(&o, ISAKMP_NONCE, "abcdefghij", 10);
	isakmp_out_add(&o, ISAKMP_VID, "", 0);
	isakmp_out_length(&o);
	assert_true(wr_ok(&o.w));
	return wr_len(&o.w);
}

static void
parses(void **state)
{
	uint8_t buf[256];
	size_t len = build(buf, sizeof(buf));
	struct isakmp_msg m;
	char text[160];

	(void)state;
	assert_int_equal(len, 28 + 12 + 14 + 4);
	assert_true(isakmp_parse(&m, buf, len));
	assert_int_equal(m.n, 3);
	assert_int_equal(m.hdr.mid, 7);
	assert_int_equal(m.set, PL(ISAKMP_KE) | PL(ISAKMP_NONCE) |
	    PL(ISAKMP_VID));
	assert_ptr_equal(m.end, buf + len);
	assert_int_equal(isakmp_find(&m, ISAKMP_NONCE, 0)->len, 10);
	assert_null(isakmp_find(&m, ISAKMP_NONCE, 1));
	assert_string_equal(isakmp_describe(&m, text), "HDR KE NONCE VID");
	assert_string_equal(isakmp_exchange_name(99), "unknown (99)");
}

/* Every length field set to something else. */
static void
wrong_lengths(void **state)
{
	uint8_t buf[256];
	size_t len = build(buf, sizeof(buf)), i;
	struct isakmp_msg m;
	unsigned v;

	(void)state;
	for (i = 0; i < len; i++)
		assert_false(isakmp_parse(&m, buf, i));
	assert_false(isakmp_parse(&m, buf, len + 1));
	for (v = 0; v < 4; v++) { /* shorter than its own header: no loop */
		build(buf, sizeof(buf));
		buf[31] = (uint8_t)v;
		assert_false(isakmp_parse(&m, buf, len));
	}
	for (v = 13; v < 256; v++) {
		build(buf, sizeof(buf));
		buf[28 + 12 + 14 + 3] = (uint8_t)v;
		assert_false(isakmp_parse(&m, buf, len));
	}
	build(buf, sizeof(buf));
	buf[17] = 0x20; /* IKEv2 */
	assert_false(isakmp_parse(&m, buf, len));
}

static void
too_many_payloads(void **state)
{
	struct isakmp_hdr h = { .exchange = ISAKMP_X_MAIN };
	struct isakmp_msg m;
	struct isakmp_out o;
	uint8_t buf[512];
	unsigned i;

	(void)state;
	isakmp_out_begin(&o, buf, sizeof(buf), &h);
	for (i = 0; i <= ISAKMP_PL_MAX; i++)
		isakmp_out_add(&o, ISAKMP_VID, "", 0);
	isakmp_out_length(&o);
	assert_false(isakmp_parse(&m, buf, wr_len(&o.w)));
}

static void
attributes(void **state)
{
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct isakmp_attr a;
	struct rd r;

	(void)state;
	isakmp_put_tv(&w, 1, 7);
	isakmp_put_num(&w, 2, 65535);
	isakmp_put_num(&w, 3, 65536);
	isakmp_put_tlv(&w, 32001, "0123456789", 10);
	r = rd_of(buf, wr_len(&w));
	assert_true(isakmp_get_attr(&r, &a));
	assert_true(a.basic && a.type == 1 && a.num == 7);
	assert_true(isakmp_get_attr(&r, &a));
	assert_true(a.basic && a.type == 2 && a.num == 65535);
	assert_true(isakmp_get_attr(&r, &a));
	assert_true(!a.basic && a.type == 3 && a.num == 65536);
	assert_true(isakmp_get_attr(&r, &a));
	assert_true(a.type == 32001 && a.len == 10);
	assert_true(rd_end(&r));
	assert_false(isakmp_get_attr(&r, &a));
}

/* The responder takes the first transform that it likes, unchanged; the
 * shorter life counts; kilobytes do not. */
static void
proposals(void **state)
{
	static const struct ike_suite offer[] = {
		{ IKE_DES, IKE_MD5, IKE_PSK, 1, 0, 86400 },
		{ IKE_AES, IKE_SHA256, IKE_PSK, 14, 128, 1000000 },
		{ IKE_AES, IKE_SHA256, IKE_PSK, 14, 256, 3600 },
	};
	static const struct ike_suite ours[] = {
		{ IKE_AES, IKE_SHA256, IKE_PSK, 14, 256, 86400 },
		{ IKE_AES, IKE_SHA256, IKE_PSK, 14, 128, 86400 },
	};
	uint8_t buf[512], answer[512];
	struct ike_suite s;
	unsigned doi;
	size_t i;

	(void)state;
	for (doi = DOI_IPSEC; doi <= DOI_GDOI; doi++) {
		struct wr w = wr_of(buf, sizeof(buf));
		struct wr a = wr_of(answer, sizeof(answer));

		proposal_put(&w, doi, offer, 3);
		assert_int_equal(proposal_choose(rd_of(buf, wr_len(&w)), ours,
		    2, &s, &a), N_NONE);
		assert_int_equal(s.key_bits, 128);
		assert_int_equal(s.lifetime, 86400);
		assert_int_equal(proposal_accept(rd_of(answer, wr_len(&a)),
		    offer, 3, &s), N_NONE);
		assert_int_equal(s.key_bits, 128);
		/* not one of those that were offered */
		assert_int_equal(proposal_accept(rd_of(answer, wr_len(&a)),
		    offer, 1, &s), N_BAD_PROPOSAL);
		assert_int_equal(proposal_choose(rd_of(buf, wr_len(&w)), ours,
		    1, &s, &a), N_NONE);
		assert_int_equal(s.lifetime, 3600);
		assert_int_equal(proposal_choose(rd_of(buf, wr_len(&w)), ours,
		    0, &s, &a), N_NO_PROPOSAL);
		for (i = 0; i < 30; i++)
			assert_int_equal(proposal_choose(rd_of(buf, i), ours,
			    2, &s, &a), N_MALFORMED);
		buf[3] = 77; /* another DOI */
		assert_int_equal(proposal_choose(rd_of(buf, wr_len(&w)), ours,
		    2, &s, &a), N_MALFORMED);
	}
}

/* ---- timers ---- */

static struct timers ts;
static unsigned fired[100], order;

static void
fire(void *arg)
{
	unsigned *f = arg;

	*f = ++order;
}

static void
timers(void **state)
{
	static struct timer t[100];
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		timer_set(&ts, &t[i], 1000 + (i * 37) % 100, fire, &fired[i]);
	for (i = 0; i < 100; i += 3)
		timer_clear(&ts, &t[i]);
	timer_set(&ts, &t[1], 5000, fire, &fired[1]); /* moved */
	assert_int_equal(timers_run(&ts, 999), 1001);
	assert_int_equal(timers_run(&ts, 2000), 5000);
	for (i = 0; i < 100; i++) {
		assert_int_equal(fired[i] != 0, i % 3 != 0 && i != 1);
		n += fired[i] != 0;
	}
	assert_int_equal(n, 65);
	/* in order of time */
	for (i = 0; i < 100; i++)
		for (n = 0; n < i; n++)
			if (fired[i] && fired[n])
				assert_true((fired[i] < fired[n]) ==
				    (i * 37 % 100 < n * 37 % 100));
	assert_int_equal(timers_run(&ts, 5000), UINT64_MAX);
	timers_free(&ts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(wrong_lengths),
		cmocka_unit_test(too_many_payloads),
		cmocka_unit_test(attributes),
		cmocka_unit_test(proposals),
		cmocka_unit_test(timers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
