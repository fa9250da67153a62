/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sender identifiers in the packet engine: none is used twice for a TEK
 * whatever key management says and however much it said before, and a TEK
 * that cannot be sent with is in nobody's way.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

static const struct esp_transform gcm = { ESP_AES_GCM, ESP_AUTH_NONE, 128 };
static uint8_t buf[4000];

static struct rig *
new_rig(void)
{
	struct rig *r = malloc(sizeof(*r));
	struct ace any = ace_any(ACE_PERMIT);

	rig_start(r);
	rig_policy(r, SA_DIR_BOTH, &any, 1);
	fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	return r;
}

static void
drop_rig(struct rig *r)
{
	rig_end(r);
	free(r);
}

/* The SPI that a packet leaves with, 0: dropped. */
static uint32_t
sent_with(struct rig *r)
{
	size_t len = mk_packet(buf, &(struct mk){ .src = FAR_HOST,
	    .dst = LAN_HOST, PROTO_UDP, .payload = 8 });

	rig_input(r, buf, len, LAN);
	return r->n_out == 1 ? get32(rig_ip(r, 0) + 20) : 0;
}

static uint64_t
iv_of(const struct rig *r)
{
	return (uint64_t)get32(rig_ip(r, 0) + 28) << 32 |
	    get32(rig_ip(r, 0) + 32);
}

static void
tek(struct rig *r, uint32_t spi, uint32_t sid, uint8_t bits, uint32_t life)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(spi, 0, gcm, life);
	c.tek.sid = sid;
	c.tek.sid_bits = bits;
	fwd_sa(r->f, &c);
}

static void
del(struct rig *r, uint32_t spi)
{
	struct sa_change c = { .type = SA_DEL };

	str_copy(c.del.group, "GETVPN", SA_NAME_MAX);
	c.del.spi = spi;
	fwd_sa(r->f, &c);
}

/* A TEK of a month, beside it so many short ones that what is remembered
 * has to be forgotten: not of the one that lives. */
static void
test_memory(void **state)
{
	struct rig *r = new_rig();
	uint64_t seen[3];
	unsigned i;

	(void)state;
	fwd_set_iv_limit(r->f, 3);
	tek(r, 1, 77, 24, 2000000000);
	for (i = 0; i < 3; i++) {
		assert_int_equal(sent_with(r), 1);
		seen[i] = iv_of(r);
	}
	for (i = 0; i < 2 * SIDS_KEPT + 10; i++) {
		tek(r, 1000 + i, 5, 24, 60000);
		del(r, 1000 + i);
	}
	tek(r, 1, 77, 24, 2000000000);
	if (sent_with(r) != 0)
		for (i = 0; i < 3; i++)
			assert_int_not_equal(iv_of(r), seen[i]);
	assert_int_equal(r->n_out, 0);
	/* those that are gone were remembered too */
	tek(r, 1000 + 2 * SIDS_KEPT, 5, 24, 60000);
	assert_int_equal(sent_with(r), 0);
	/* and there is room for new ones */
	tek(r, 1, 78, 24, 2000000000);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(iv_of(r), UINT64_C(78) << 40);
	drop_rig(r);
}

/* One that is the beginning of another one has its IVs; one that does not
 * fit would lose its first bits. */
static void
test_lengths(void **state)
{
	static const struct { uint32_t sid; uint8_t bits; bool good; } rows[] =
	    {
		{ 0x20, 8, false }, { 0x2003, 16, false },
		{ 0x200305, 24, false }, { 0x20030501, 32, false },
		{ 0x30200305, 24, false }, { 0, 0, false }, { 1, 33, false },
		{ 0x21, 8, true }, { 0x2004, 16, true }, { 0x200306, 24, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = new_rig();

		fwd_set_iv_limit(r->f, 1);
		tek(r, 1, 0x200305, 24, 60000);
		assert_int_equal(sent_with(r), 1);
		assert_int_equal(sent_with(r), 0);
		tek(r, 1, rows[i].sid, rows[i].bits, 60000);
		if ((sent_with(r) == 1) != rows[i].good)
			fail_msg("row %zu", i);
		drop_rig(r);
	}
}

/* A TEK that nothing can be sent with: the next one is taken, or the one
 * before, and the choice of usual times comes back with an identifier. */
static void
test_choice(void **state)
{
	struct rig *r = new_rig();

	(void)state;
	fwd_set_iv_limit(r->f, 4);
	tek(r, 1, 0, 0, 3600000); /* its key server is not there any more */
	assert_int_equal(sent_with(r), 0);
	assert_int_equal(rig_drops(r, DROP_NO_SID), 1);
	tek(r, 2, 7, 24, 3600000);
	assert_int_equal(sent_with(r), 2);
	tek(r, 1, 9, 24, 3600000);
	assert_int_equal(sent_with(r), 1);
	/* its numbers end: that packet is lost, the rest is not */
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(sent_with(r), 0);
	assert_int_equal(rig_drops(r, DROP_SEQUENCE), 1);
	rig_timeout(r);
	assert_int_equal(sent_with(r), 2);
	tek(r, 1, 10, 24, 3600000);
	assert_int_equal(sent_with(r), 1);
	assert_int_equal(iv_of(r), UINT64_C(10) << 40);
	drop_rig(r);
}

/* The old TEK is good to its last second when the next one has no
 * identifier yet. */
static void
test_next_without(void **state)
{
	struct rig *r = new_rig();

	(void)state;
	rig_tek(r, 1, 0, rig_aes_sha1, 100000);
	tek(r, 2, 0, 0, 3600000);
	r->now += 95000;
	rig_timeout(r);
	assert_int_equal(sent_with(r), 1);
	tek(r, 2, 7, 24, 3600000 - 95000);
	assert_int_equal(sent_with(r), 2);
	drop_rig(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_next_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
