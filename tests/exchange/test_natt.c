/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT traversal of phase 1 (RFC 3947): who finds which NAT, where messages go
 * then, who lies about it, what happens when a NAT forgets, keepalives.
 */
#include "config.h"

#include <string.h>

#include "bare.h"

/* Where it thinks that messages come from and go to. */
static void
assert_ends(struct router *r, uint16_t local, uint32_t remote, uint16_t port)
{
	const struct ike_sa *sa = bare_sa(r);

	assert_int_equal(sa->local.port, local);
	assert_int_equal(sa->remote.addr, remote);
	assert_int_equal(sa->remote.port, port);
}

static void
assert_nat(struct router *r, enum ike_natt natt, bool local, bool remote)
{
	const struct ike_sa *sa = bare_sa(r);

	assert_int_equal(sa->natt, natt);
	assert_int_equal(sa->nat_local, local);
	assert_int_equal(sa->nat_remote, remote);
}

/* ---- who is behind a NAT ---- */

static void
no_nat(void **state)
{
	(void)state;
	bare_call(&west, EAST);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_RFC, false, false);
	assert_nat(&east, NATT_RFC, false, false);
	assert_ends(&west, 500, EAST, 500);
	assert_ends(&east, 500, WEST, 500);
	assert_int_equal(east.ncontact, 1);
}

static void
initiator_behind(void **state)
{
	(void)state;
	nat_ports = 20000;
	bare_call(&west, EAST);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_RFC, true, false);
	assert_nat(&east, NATT_RFC, false, true);
	assert_ends(&west, 4500, EAST, 4500);
	assert_ends(&east, 4500, PUBLIC, 24500);
	assert_int_equal(east.nmoved, 0); /* it was there from the start */
	/* an exchange of the other one, by the port that the NAT knows */
	(void)ike_start(east.ike, (struct udp_addr){ EAST, 500 },
	    bare_sa(&east)->remote, "", &hello, NULL);
	bare_run(SEC);
	assert_int_equal(east.done, 1 + 1);
	assert_ends(&west, 4500, EAST, 4500);
	/* the same SA is meant by the port that was asked for */
	bare_call(&west, EAST);
	assert_int_equal(west.done, 3);
	(void)bare_sa(&west);
}

static void
responder_behind(void **state)
{
	(void)state;
	east.addr = EAST_INSIDE;
	nat_east = true;
	bare_call(&west, EAST);
	assert_nat(&west, NATT_RFC, false, true);
	assert_nat(&east, NATT_RFC, true, false);
	assert_ends(&west, 4500, EAST, 4500);
	assert_ends(&east, 4500, WEST, 4500);
	assert_int_equal(bare_sa(&east)->local.addr, EAST_INSIDE);
}

static void
both_behind(void **state)
{
	(void)state;
	east.addr = EAST_INSIDE;
	nat_east = true;
	nat_ports = 100;
	bare_call(&west, EAST);
	assert_nat(&west, NATT_RFC, true, true);
	assert_nat(&east, NATT_RFC, true, true);
	assert_ends(&east, 4500, PUBLIC, 4600);
}

static void
aggressive(void **state)
{
	struct isakmp_peer *p = tc_add(&west.conf->isakmp_peers, sizeof(*p));

	(void)state;
	p->addr = EAST;
	str_copy(p->password, "SECRET", sizeof(p->password));
	bare_doi.aggressive = true;
	nat_ports = 300;
	bare_call(&west, EAST);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_RFC, true, false);
	assert_nat(&east, NATT_RFC, false, true);
	assert_ends(&west, 4500, EAST, 4500);
	assert_ends(&east, 4500, PUBLIC, 4800);
}

/* A new SA begins where the one before had floated to. */
static void
begun_there(void **state)
{
	(void)state;
	nat_ports = 20000;
	(void)ike_start(west.ike, (struct udp_addr){ WEST, 4500 },
	    (struct udp_addr){ EAST, 4500 }, "", &hello, NULL);
	bare_run(SEC);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_RFC, true, false);
	assert_ends(&west, 4500, EAST, 4500);
	assert_ends(&east, 4500, PUBLIC, 24500);
}

/* ---- who does not have it, or another one ---- */

static void
off(void **state)
{
	(void)state;
	nat_ports = 20000;
	east.conf->no_nat_transparency = true;
	bare_call(&west, EAST);
	assert_nat(&west, NATT_NONE, false, false);
	assert_nat(&east, NATT_NONE, false, false);
	assert_ends(&west, 500, EAST, 500);
	assert_ends(&east, 500, PUBLIC, 20500);
}

static bool
no_vids(struct wire *w)
{
	struct isakmp_msg m;
	unsigned i;

	if (w->data[18] != ISAKMP_X_MAIN || (w->data[19] & ISAKMP_F_ENC))
		return true;
	assert_true(isakmp_get_hdr(&m.hdr, w->data, w->len));
	assert_true(isakmp_parse(&m, w->data, w->len));
	for (i = 0; i < m.n; i++) {
		assert_int_not_equal(m.pl[i].type, ISAKMP_NATD);
		if (m.pl[i].type == ISAKMP_VID && m.pl[i].len == 16)
			assert_true(m.pl[i].body[0] == 0xaf ||
			    m.pl[i].body[0] == 'C');
	}
	return true;
}

/* A DOI without: nothing of it is said, what is heard means nothing. */
static void
not_of_this_doi(void **state)
{
	(void)state;
	nat_ports = 20000;
	bare_doi.nat_port = 0;
	bare_tap = no_vids;
	bare_call(&west, EAST);
	assert_nat(&west, NATT_NONE, false, false);
	assert_ends(&east, 500, PUBLIC, 20500);
}

/* The vendor id of the RFC gets lost: that of the draft is left. */
static bool
old_peer(struct wire *w)
{
	size_t i;

	for (i = 0; w->data[18] == ISAKMP_X_MAIN && i + 16 <= w->len; i++)
		if (memcmp(w->data + i, "\x4a\x13\x1c\x81\x07\x03", 6) == 0)
			w->data[i] ^= 1;
	return true;
}

static unsigned draft_payloads;

static bool
old_payloads(struct wire *w)
{
	struct isakmp_msg m;

	if (w->data[18] == ISAKMP_X_MAIN && !(w->data[19] & ISAKMP_F_ENC) &&
	    isakmp_get_hdr(&m.hdr, w->data, w->len) &&
	    isakmp_parse(&m, w->data, w->len) &&
	    isakmp_find(&m, ISAKMP_NATD_DRAFT, 1) != NULL)
		draft_payloads++;
	return old_peer(w);
}

static void
draft(void **state)
{
	(void)state;
	nat_ports = 20000;
	bare_tap = old_payloads;
	draft_payloads = 0;
	bare_call(&west, EAST);
	assert_nat(&west, NATT_DRAFT, true, false);
	assert_nat(&east, NATT_DRAFT, false, true);
	assert_ends(&east, 4500, PUBLIC, 24500);
	assert_int_equal(draft_payloads, 2); /* messages 3 and 4 */
}

/* ---- false hashes ---- */

static enum { FLIP, SHORT, ONE } lie;
static unsigned lies, lies_max;

/* The chain of payloads behind the header: the first NAT-D is changed. */
static bool
liar(struct wire *w)
{
	size_t at = ISAKMP_HDR_LEN, len;
	uint8_t type = w->data[16];

	if (w->data[18] != ISAKMP_X_MAIN || (w->data[19] & ISAKMP_F_ENC) ||
	    w->from.addr != EAST)
		return true;
	while (type != ISAKMP_NONE && type != ISAKMP_NATD) {
		type = w->data[at];
		at += (size_t)w->data[at + 2] << 8 | w->data[at + 3];
	}
	if (type == ISAKMP_NONE || lies == lies_max)
		return true;
	lies++;
	len = (size_t)w->data[at + 2] << 8 | w->data[at + 3];
	if (lie == FLIP) {
		w->data[at + 4] ^= 1;
	} else if (lie == ONE) { /* the second is no longer one */
		w->data[at] = ISAKMP_NONE;
		w->len = at + len;
	} else { /* an octet moves out of it */
		w->data[at + 3]--;
		memmove(w->data + at + len - 1, w->data + at + len,
		    w->len - at - len);
		w->len--;
	}
	w->data[26] = (uint8_t)(w->len >> 8);
	w->data[27] = (uint8_t)w->len;
	return true;
}

/* Malformed: as if it had never come. The true one that follows is taken. */
static void
short_hash(void **state)
{
	(void)state;
	bare_tap = liar;
	lie = SHORT;
	lies = 0;
	lies_max = 1;
	bare_call(&west, EAST);
	bare_run(5 * SEC);
	assert_int_equal(lies, 1);
	assert_int_equal(west.ike->stats.bad, 1);
	assert_nat(&west, NATT_RFC, false, false);
	assert_int_equal(west.done, 1);
	/* for ever: nothing comes up, and nothing stays */
	ike_clear(west.ike);
	ike_reap(west.ike);
	lies_max = 1000;
	(void)ike_start(west.ike, (struct udp_addr){ WEST, 500 },
	    (struct udp_addr){ EAST, 500 }, "", &hello, NULL);
	bare_run(120 * SEC);
	assert_int_equal(west.failed, 1);
	assert_true(TAILQ_EMPTY(&west.ike->sas));
	assert_true(TAILQ_EMPTY(&east.ike->sas));
}

/* Somebody between them makes the initiator believe in a NAT: they go by 4500,
 * and all works. */
static void
invented(void **state)
{
	(void)state;
	bare_tap = liar;
	lie = FLIP;
	lies = 0;
	lies_max = 1;
	bare_call(&west, EAST);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_RFC, true, false);
	assert_nat(&east, NATT_RFC, false, false);
	assert_ends(&east, 4500, WEST, 4500);
}

/* A peer that sends one hash only does not do it. */
static void
half(void **state)
{
	(void)state;
	bare_tap = liar;
	lie = ONE;
	lies = 0;
	lies_max = 1;
	bare_call(&west, EAST);
	assert_int_equal(west.done, 1);
	assert_nat(&west, NATT_NONE, false, false);
	assert_ends(&west, 500, EAST, 500);
}

/* ---- the NAT forgets ---- */

static struct wire kept;

static bool
keep(struct wire *w)
{
	if (w->from.addr == WEST)
		kept = *w;
	return true;
}

static void
another_port(void **state)
{
	struct wire old;

	(void)state;
	west.conf->keepalive_secs = 10;
	nat_ports = 20000;
	bare_call(&west, EAST);
	nat_ports = 30000; /* the NAT was switched off and on */
	/* answered where it came from; it might be an old message, though */
	bare_call(&west, EAST);
	assert_int_equal(west.done, 2);
	assert_ends(&east, 4500, PUBLIC, 24500);
	bare_tap = keep;
	bare_run(10 * SEC);
	ike_dpd(bare_sa(&west));
	bare_run(SEC); /* it is answered at once */
	assert_int_equal(bare_sa(&west)->dpd_tries, 0);
	assert_ends(&east, 4500, PUBLIC, 34500);
	assert_int_equal(east.nmoved, 1);
	assert_int_equal(east.was.port, 24500);
	/* the same octets from elsewhere, and false ones, move nothing */
	old = kept;
	ike_input(east.ike, (struct udp_addr){ EAST, 4500 },
	    (struct udp_addr){ IP(9, 9, 9, 9), 4500 }, old.data, old.len);
	old.data[old.len - 1] ^= 1;
	old.data[23] ^= 1; /* another message id */
	ike_input(east.ike, (struct udp_addr){ EAST, 4500 },
	    (struct udp_addr){ IP(9, 9, 9, 9), 4500 }, old.data, old.len);
	ike_reap(east.ike);
	assert_ends(&east, 4500, PUBLIC, 34500);
	assert_int_equal(east.nmoved, 1);
	/* who is behind the NAT does not follow anybody */
	assert_false(natt_may_come(bare_sa(&west),
	    (struct udp_addr){ IP(203, 0, 113, 10), 4500 }));
}

/* A message that is so old that its number is forgotten moves nobody. */
static void
old_message(void **state)
{
	struct wire old;
	unsigned i;

	(void)state;
	nat_ports = 20000;
	bare_call(&west, EAST);
	bare_tap = keep;
	ike_notify_spi(bare_sa(&west), PROTO_IPSEC_ESP, 5, N_INVALID_SPI,
	    NULL, 0);
	old = kept;
	bare_run(SEC);
	assert_int_equal(east.nnotified, 1);
	for (i = 0; i < SEEN_MAX; i++)
		ike_note_mid(bare_sa(&east), i + 1);
	assert_int_equal(bare_sa(&east)->seen_size, SEEN_MAX);
	ike_input(east.ike, (struct udp_addr){ EAST, 4500 },
	    (struct udp_addr){ IP(9, 9, 9, 9), 4500 }, old.data, old.len);
	assert_int_equal(east.nnotified, 2);
	assert_ends(&east, 4500, PUBLIC, 24500);
	assert_int_equal(east.nmoved, 0);
}

/* Without a NAT a peer is where it was. */
static void
not_without_nat(void **state)
{
	struct udp_addr else_where = { IP(9, 9, 9, 9), 500 };
	unsigned bad;

	(void)state;
	bare_call(&west, EAST);
	bare_tap = keep;
	ike_notify_spi(bare_sa(&west), PROTO_IPSEC_ESP, 5, N_INVALID_SPI,
	    NULL, 0);
	bare_lose();
	bad = east.ike->stats.bad;
	ike_input(east.ike, (struct udp_addr){ EAST, 500 }, else_where,
	    kept.data, kept.len);
	assert_int_equal(east.ike->stats.bad, bad + 1);
	assert_int_equal(east.nnotified, 0);
	assert_ends(&east, 500, WEST, 500);
}

/* ---- several behind one address ---- */

static void
two_behind_one(void **state)
{
	struct ike_sa *sa;
	unsigned n = 0;

	(void)state;
	bare_add(&west2, WEST2);
	nat_ports = 20000;
	bare_call(&west, EAST);
	bare_call(&west2, EAST); /* INITIAL-CONTACT: of this one only */
	assert_int_equal(west2.done, 1);
	assert_int_equal(east.ncontact, 2);
	TAILQ_FOREACH(sa, &east.ike->sas, link) {
		assert_int_equal(sa->remote.addr, PUBLIC);
		n++;
	}
	assert_int_equal(n, 2);
	bare_call(&west, EAST);
	assert_int_equal(west.done, 2);
	(void)bare_sa(&west);
}

/* ---- keepalives ---- */

/* `crypto isakmp nat keepalive` is another one. */
static void
keep_each(struct router *r, uint16_t secs)
{
	struct conf *was = r->conf;

	r->conf = tc_copy(was);
	r->conf->nat_keepalive = secs;
	ike_config(r->ike, r->conf);
	tc_free(was);
}

static void
keepalives(void **state)
{
	(void)state;
	west.conf->nat_keepalive = east.conf->nat_keepalive = 20;
	nat_ports = 20000;
	bare_call(&west, EAST);
	assert_int_equal(west.keepalives, 0);
	bare_run(61 * SEC);
	assert_int_equal(west.keepalives, 3);
	assert_int_equal(east.keepalives, 0); /* it is not behind one */
	keep_each(&west, 5);
	bare_run(11 * SEC);
	assert_int_equal(west.keepalives, 5);
	keep_each(&west, 0);
	bare_run(60 * SEC);
	assert_int_equal(west.keepalives, 5);
	keep_each(&west, 5);
	ike_clear(west.ike);
	ike_reap(west.ike);
	bare_run(60 * SEC);
	assert_int_equal(west.keepalives, 5);
}

static void
no_keepalives(void **state)
{
	(void)state;
	west.conf->nat_keepalive = 20;
	bare_call(&west, EAST);
	bare_run(60 * SEC);
	assert_int_equal(west.keepalives, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bare_begin, bare_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_nat), T(initiator_behind), T(responder_behind),
		T(both_behind), T(aggressive), T(begun_there), T(off),
		T(not_of_this_doi),
		T(draft), T(short_hash), T(invented), T(half),
		T(another_port), T(old_message), T(not_without_nat),
		T(two_behind_one),
		T(keepalives), T(no_keepalives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
