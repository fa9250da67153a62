/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What informational exchanges hand to a DOI: Delete and notifications of its
 * SAs, the first contact of a peer, and that it is dead (RFC 3706).
 */
#include "config.h"

#include <string.h>

#include "bare.h"

static void
told(void **state)
{
	uint32_t spis[3] = { 0x1001, 0x1002, 0xfedcba98 };

	(void)state;
	bare_call(&west, EAST);
	assert_string_equal(ike_state_name(bare_sa(&west)), "QM_IDLE");
	ike_delete_spis(bare_sa(&west), PROTO_IPSEC_ESP, spis, 3);
	bare_run(SEC);
	assert_int_equal(east.ndeleted, 3);
	assert_memory_equal(east.spis, spis, sizeof(spis));
	ike_notify_spi(bare_sa(&west), PROTO_IPSEC_ESP, 0x1234,
	    N_INVALID_SPI, NULL, 0);
	bare_run(SEC);
	assert_int_equal(east.nnotified, 1);
	assert_int_equal(east.notice.type, N_INVALID_SPI);
	assert_int_equal(east.notice.proto, PROTO_IPSEC_ESP);
	assert_int_equal(east.notice.spi, 0x1234);
	ike_notify_spi(bare_sa(&east), PROTO_IPSEC_ESP, 7,
	    N_RESPONDER_LIFETIME, "\x80\x01\x00\x01", 4);
	bare_run(SEC);
	assert_int_equal(west.nnotified, 1);
	assert_int_equal(west.notice.type, N_RESPONDER_LIFETIME);
	assert_memory_equal(west.data, "\x80\x01\x00\x01", 4);
	assert_int_equal(west.ndeleted, 0);
}

/* INVALID-SPI is about an SA, not about what waits for an answer. */
static void
invalid_spi_fails_nothing(void **state)
{
	(void)state;
	bare_call(&west, EAST);
	(void)ike_start(west.ike, (struct udp_addr){ WEST, 500 },
	    (struct udp_addr){ EAST, 500 }, "", &hello, NULL);
	ike_notify_spi(bare_sa(&east), PROTO_IPSEC_ESP, 9, N_INVALID_SPI,
	    NULL, 0);
	bare_run(SEC);
	assert_int_equal(west.nnotified, 1);
	assert_int_equal(west.failed, 0);
	assert_int_equal(west.done, 2);
}

static bool
nothing(struct wire *w)
{
	(void)w;
	return false;
}

static void
dead_peer(void **state)
{
	(void)state;
	west.conf->keepalive_secs = 10;
	west.conf->keepalive_retry = 2;
	west.conf->keepalive_periodic = true;
	bare_call(&west, EAST);
	bare_run(60 * SEC);
	assert_int_equal(west.ndead, 0);
	bare_tap = nothing;
	bare_run(30 * SEC);
	assert_int_equal(west.ndead, 1);
	assert_true(TAILQ_EMPTY(&west.ike->sas));
}

/* On demand: only when somebody asks. */
static void
dead_on_demand(void **state)
{
	(void)state;
	west.conf->keepalive_secs = 10;
	west.conf->keepalive_retry = 2;
	bare_call(&west, EAST);
	bare_tap = nothing;
	bare_run(60 * SEC);
	assert_int_equal(west.ndead, 0);
	ike_dpd(bare_sa(&west));
	bare_run(30 * SEC);
	assert_int_equal(west.ndead, 1);
	assert_int_equal(east.ndead, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bare_begin, bare_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(told), T(invalid_spi_fails_nothing), T(dead_peer),
		T(dead_on_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
