/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What informational exchanges hand to a DOI: Delete and notifications of its
 * SAs, the first contact of a peer, which comes with phase 1, and that it is
 * dead (RFC 3706).
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

/* ---- INITIAL-CONTACT ---- */

static bool
has_none(struct ike_sa *sa)
{
	(void)sa;
	return false;
}

static bool
has_some(struct ike_sa *sa)
{
	(void)sa;
	return true;
}

static void
be_aggressive(void)
{
	struct isakmp_peer *p = tc_add(&west.conf->isakmp_peers, sizeof(*p));

	p->addr = EAST;
	str_copy(p->password, "SECRET", sizeof(p->password));
	bare_doi.aggressive = true;
}

static size_t last_of_east; /* its message 6, as long as it is */

static bool
keep_length(struct wire *w)
{
	if (w->from.addr == EAST && w->data[18] == ISAKMP_X_MAIN)
		last_of_east = w->len;
	return true;
}

/* Both say that they have nothing of the other, if that is so. */
static void
both_contacts(void **state)
{
	(void)state;
	bare_doi.has_sas = has_none;
	bare_tap = keep_length;
	bare_call(&west, EAST);
	assert_int_equal(east.ncontact, 1);
	assert_int_equal(west.ncontact, 1);
	assert_int_equal(last_of_east, 28 + 80);
	bare_call(&west, EAST);
	assert_int_equal(west.ncontact, 1);
}

static void
both_contacts_aggressive(void **state)
{
	(void)state;
	be_aggressive();
	bare_doi.has_sas = has_none;
	bare_call(&west, EAST);
	assert_int_equal(east.ncontact, 1);
	assert_int_equal(west.ncontact, 1);
}

static void
no_contact(void **state)
{
	(void)state;
	bare_doi.has_sas = has_some;
	bare_call(&west, EAST);
	assert_int_equal(east.ncontact, 0);
	assert_int_equal(west.ncontact, 0);
}

static void
no_contact_aggressive(void **state)
{
	be_aggressive();
	no_contact(state);
}

/* Members of a group and their key server: message 6 is as it always was. */
static void
not_to_a_member(void **state)
{
	(void)state;
	bare_tap = keep_length;
	bare_call(&west, EAST);
	assert_int_equal(east.ncontact, 1);
	assert_int_equal(west.ncontact, 0);
	assert_int_equal(last_of_east, 28 + 48);
}

static bool
lose_message_6(struct wire *w)
{
	return w->from.addr != EAST || w->data[18] != ISAKMP_X_MAIN ||
	    !(w->data[19] & ISAKMP_F_ENC);
}

/* The peer has an SA that is not up here: its message 6 is on the way. */
static void
contact_half_open(void **state)
{
	(void)state;
	bare_doi.has_sas = has_none;
	bare_tap = lose_message_6;
	(void)ike_start(west.ike, (struct udp_addr){ WEST, 500 },
	    (struct udp_addr){ EAST, 500 }, "", &hello, NULL);
	bare_run(SEC / 2);
	assert_int_equal(west.ncontact, 0);
	assert_int_equal(east.ncontact, 1);
	bare_tap = NULL;
	bare_sa(&east)->doubtful = true; /* else it is used */
	(void)ike_start(east.ike, (struct udp_addr){ EAST, 500 },
	    (struct udp_addr){ WEST, 500 }, "", &hello, NULL);
	bare_run(SEC / 4);
	assert_int_equal(east.done, 1);
	assert_int_equal(east.ncontact, 1);
}

/* What is behind the hash of a message that is not encrypted anybody can have
 * put there. */
static bool
in_clear(struct wire *w)
{
	struct ike_sa *sa = TAILQ_FIRST(&west.ike->sas);
	struct isakmp_hdr h = { .exchange = ISAKMP_X_AGGRESSIVE };
	struct ike_id own = { .type = ID_IPV4_ADDR, .addr = WEST };
	uint8_t hash[IKE_HASH_MAX], body[IKE_ID_STRLEN];
	struct wr id = wr_of(body, sizeof(body));
	struct isakmp_out o;

	if (w->data[18] != ISAKMP_X_AGGRESSIVE ||
	    !(w->data[19] & ISAKMP_F_ENC))
		return true;
	memcpy(h.icookie, sa->icookie, sizeof(h.icookie));
	memcpy(h.rcookie, sa->rcookie, sizeof(h.rcookie));
	ike_id_put(&id, &own);
	phase1_auth_hash(sa, true, CHUNK(body, wr_len(&id)), hash);
	isakmp_out_begin(&o, w->data, sizeof(w->data), &h);
	isakmp_out_add(&o, ISAKMP_HASH, hash, ike_hash_len(sa->suite.hash));
	isakmp_out_notify(&o, DOI_IPSEC, N_INITIAL_CONTACT, &h, NULL, 0);
	isakmp_out_length(&o);
	w->len = wr_len(&o.w);
	return true;
}

static void
contact_in_clear(void **state)
{
	(void)state;
	be_aggressive();
	bare_tap = in_clear;
	(void)ike_start(west.ike, (struct udp_addr){ WEST, 500 },
	    (struct udp_addr){ EAST, 500 }, "", &hello, NULL);
	bare_run(100);
	bare_tap = NULL; /* west goes first */
	assert_int_equal(bare_sa(&east)->state, IKE_IDLE);
	assert_int_equal(east.ncontact, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bare_begin, bare_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(told), T(invalid_spi_fails_nothing), T(dead_peer),
		T(dead_on_demand), T(both_contacts),
		T(both_contacts_aggressive), T(no_contact),
		T(no_contact_aggressive), T(not_to_a_member),
		T(contact_half_open), T(contact_in_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
