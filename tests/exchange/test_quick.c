/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quick mode between two routers: transforms, PFS, proxy identities, and what
 * the network does to its messages.
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
#include "vpn.h"

#define SEC 1000ull

static struct vpn *v;
static struct vrouter *a, *b;

static void
begin(uint64_t seed)
{
	v = vpn_pair(seed, &a, &b);
}

static void
end(void)
{
	vpn_free(v);
}

static void
apply(void)
{
	vpn_apply(a);
	vpn_apply(b);
}

static void
test_up(void **state UNUSED)
{
	begin(1);
	vpn_site(a, b);
	apply();
	vpn_run(v, 5 * SEC);
	assert_int_equal(v->sent, 0); /* nobody has anything to say */
	assert_false(vpn_packet(a, VPN_GROUP, 1));
	assert_true(vpn_until(v, SEC, vpn_both_ways));
	assert_true(vpn_packet(a, VPN_GROUP, 1));
	assert_int_equal(v->sent, 9); /* main mode and quick mode */
	assert_int_equal(vpn_count(a, SA_WAY_IN), 1);
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 1);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.mode, SA_TUNNEL);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.window, 64);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.life_kb, 4608000);
	end();
}

/* ---- what is negotiated ---- */

static struct transform_set *
set_of(struct vrouter *r)
{
	return (void *)r->conf->transform_sets.first;
}

static void
test_transforms(void **state UNUSED)
{
	static const struct esp_transform t[] = {
		{ ESP_DES, ESP_AUTH_MD5, 64 },
		{ ESP_DES, ESP_AUTH_NONE, 64 },
		{ ESP_3DES, ESP_AUTH_SHA1, 192 },
		{ ESP_3DES, ESP_AUTH_SHA512, 192 },
		{ ESP_AES_CBC, ESP_AUTH_NONE, 128 },
		{ ESP_AES_CBC, ESP_AUTH_SHA256, 192 },
		{ ESP_AES_CBC, ESP_AUTH_SHA384, 256 },
		{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
		{ ESP_AES_GCM, ESP_AUTH_NONE, 192 },
		{ ESP_AES_GCM, ESP_AUTH_NONE, 256 },
		{ ESP_GMAC, ESP_AUTH_NONE, 128 },
		{ ESP_NULL, ESP_AUTH_SHA1, 0 },
	};
	static const uint8_t groups[] = { 0, 2, 5, 14, 19, 20, 21, 24 };
	const struct vpn_sa *out;
	unsigned i;

	for (i = 0; i < NELEM(t); i++) {
		begin(10 + i);
		vpn_site(a, b);
		set_of(a)->esp = set_of(b)->esp = t[i];
		vpn_map_of(a)->terms.pfs = vpn_map_of(b)->terms.pfs =
		    groups[i % NELEM(groups)];
		apply();
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
		out = vpn_out(a, VPN_GROUP, 1);
		assert_int_equal(out->t.transform.cipher, t[i].cipher);
		assert_int_equal(out->t.key.len, esp_key_len(&t[i]));
		assert_int_equal(out->t.auth_key.len,
		    esp_auth_key_len(&t[i]));
		assert_int_equal(out->t.salt != 0, esp_is_aead(&t[i]));
		end();
	}
}

/* The first of the initiator's that the responder has too. */
static void
test_proposals(void **state UNUSED)
{
	begin(30);
	vpn_site(a, b);
	set_of(a)->esp.key_bits = 256; /* the other one has no such */
	(void)vpn_set(a->conf, &vpn_map_of(a)->sets, "T2", ESP_AES_GCM, 192,
	    ESP_AUTH_NONE);
	(void)vpn_set(a->conf, &vpn_map_of(a)->sets, "T3", ESP_AES_CBC, 192,
	    ESP_AUTH_SHA256);
	(void)vpn_set(a->conf, &vpn_map_of(a)->sets, "T4", ESP_3DES, 192,
	    ESP_AUTH_MD5);
	(void)vpn_set(b->conf, &vpn_map_of(b)->sets, "T4", ESP_3DES, 192,
	    ESP_AUTH_MD5);
	(void)vpn_set(b->conf, &vpn_map_of(b)->sets, "T3", ESP_AES_CBC, 192,
	    ESP_AUTH_SHA256);
	apply();
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.transform.auth,
	    ESP_AUTH_SHA256);
	end();
}

static void
test_lifetimes(void **state UNUSED)
{
	begin(31);
	vpn_site(a, b);
	vpn_map_of(a)->terms.lifetime = 7200;
	vpn_map_of(a)->terms.no_kilobytes = true;
	vpn_map_of(b)->terms.lifetime = 600;
	vpn_map_of(b)->terms.kilobytes = 5000;
	vpn_map_of(b)->terms.no_replay = true;
	apply();
	(void)vpn_packet(a, VPN_GROUP, 1); /* RESPONDER-LIFETIME tells it */
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_in_range(vpn_out(a, VPN_GROUP, 1)->t.life_ms, 599900, 600000);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.life_kb, 5000);
	assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.replay, REPLAY_NONE);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.replay, REPLAY_COUNTER);
	end();
	begin(32);
	vpn_site(a, b);
	vpn_map_of(a)->terms.lifetime = 600;
	vpn_map_of(b)->terms.lifetime = 7200;
	apply();
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_in_range(vpn_out(b, VPN_GROUP, 1)->t.life_ms, 599900, 600000);
	end();
	/* what an entry does not say is as for all; what it says goes first */
	begin(33);
	vpn_site(a, b);
	a->conf->ipsec_lifetime = b->conf->ipsec_lifetime = 900;
	a->conf->ipsec_kilobytes = b->conf->ipsec_kilobytes = 7000;
	a->conf->ipsec_window = b->conf->ipsec_window = 128;
	vpn_map_of(b)->terms.window = 256;
	apply();
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	assert_in_range(vpn_out(a, VPN_GROUP, 1)->t.life_ms, 899900, 900000);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.life_kb, 7000);
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.window, 128);
	assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.window, 256);
	end();
}

/* Transport mode is for what the routers themselves say; the rest of the
 * list of such a set goes in tunnel mode. */
static void
test_transport(void **state UNUSED)
{
	begin(33);
	vpn_site(a, b);
	set_of(a)->mode = set_of(b)->mode = MODE_TRANSPORT;
	vpn_permit(a->conf, 10, a->addr, 0, b->addr, 0)->proto = 47;
	vpn_permit(b->conf, 10, b->addr, 0, a->addr, 0)->proto = 47;
	apply();
	(void)vpn_packet(a, VPN_GROUP, 1);
	(void)vpn_packet(a, VPN_GROUP, 2);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	vpn_run(v, SEC);
	assert_true(vpn_reads(a, VPN_GROUP, 2, b));
	assert_true(vpn_reads(b, VPN_GROUP, 2, a));
	assert_int_equal(vpn_out(a, VPN_GROUP, 1)->t.mode, SA_TUNNEL);
	assert_int_equal(vpn_out(a, VPN_GROUP, 2)->t.mode, SA_TRANSPORT);
	end();
}

/* What one has and the other has not: PFS of the initiator only is taken. */
static void
test_pfs(void **state UNUSED)
{
	static const struct {
		uint8_t i, r;
		bool up;
	} t[] = { { 14, 0, true }, { 0, 14, false }, { 14, 5, false },
		{ 19, 19, true } };
	unsigned i;

	for (i = 0; i < NELEM(t); i++) {
		begin(40 + i);
		vpn_site(a, b);
		vpn_map_of(a)->terms.pfs = t[i].i;
		vpn_map_of(b)->terms.pfs = t[i].r;
		apply();
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_int_equal(vpn_until(v, 5 * SEC, vpn_both_ways), t[i].up);
		if (t[i].up) {
			assert_int_equal(vpn_out(b, VPN_GROUP, 1)->t.pfs,
			    t[i].i);
		} else {
			assert_int_equal(vpn_count(a, SA_WAY_IN), 0);
			assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
			assert_int_equal(b->logs[LOG_IKMP_MODE_FAILURE], 1);
			assert_int_equal(a->logs[LOG_IKMP_MODE_FAILURE], 1);
		}
		end();
	}
}

/* ---- refusals ---- */

/* They cost the two a negotiation now and then, not one for each packet. */
static void
refused_for_good(const char *why)
{
	unsigned i, sent;

	apply();
	for (i = 0; i < 120; i++) {
		(void)vpn_packet(a, VPN_GROUP, 1);
		vpn_run(v, SEC);
	}
	assert_int_equal(vpn_count(a, SA_WAY_OUT), 0);
	assert_int_equal(vpn_count(b, SA_WAY_OUT), 0);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	assert_non_null(strstr(b->last[LOG_IKMP_MODE_FAILURE], why));
	assert_in_range(v->sent, 10, 40);
	sent = v->sent;
	for (i = 0; i < 600; i++) {
		(void)vpn_packet(a, VPN_GROUP, 1);
		vpn_run(v, SEC);
	}
	assert_in_range(v->sent - sent, 4, 60);
	end();
}

static void
test_refused(void **state UNUSED)
{
	struct isakmp_profile *p;
	struct acl *acl;
	struct acl_entry *e;

	begin(50);
	vpn_site(a, b);
	acl = (void *)b->conf->acls.first;
	e = (void *)acl->entries.first;
	e->ace.dst = VPN_NET(7);
	refused_for_good("proxy identities not supported");

	begin(51);
	vpn_site(a, b);
	set_of(b)->esp.auth = ESP_AUTH_SHA256;
	refused_for_good("no offered proposal fits");

	begin(52);
	vpn_site(a, b);
	((struct map_peer *)vpn_map_of(b)->peers.first)->addr = VPN_ADDR(9);
	refused_for_good("no crypto map entry has this peer");

	begin(53);
	vpn_site(a, b);
	vpn_map_of(a)->terms.lifetime = 20; /* no command gives that */
	refused_for_good("no offered proposal fits");

	/* phase 1 did not come by the isakmp-profile of the entry */
	begin(55);
	vpn_site(a, b);
	p = tc_add(&b->conf->isakmp_profiles, sizeof(*p));
	str_copy(p->name, "OTHERS", sizeof(p->name));
	str_copy(vpn_map_of(b)->terms.profile, "OTHERS", CONF_NAME);
	refused_for_good("no crypto map entry has this peer");
}

static void
test_ah(void **state UNUSED)
{
	begin(54);
	vpn_site(a, b);
	set_of(a)->ah = ESP_AUTH_SHA1;
	apply();
	assert_int_equal(a->logs[LOG_IPSEC_BAD_SET], 1);
	assert_non_null(strstr(a->last[LOG_IPSEC_BAD_SET], "AH"));
	(void)vpn_packet(a, VPN_GROUP, 1);
	vpn_run(v, 10 * SEC);
	assert_int_equal(v->sent, 0);
	end();
}

/* ---- the network ---- */

/* Whoever sends with a new SA: the other one has it. */
static void
readable(struct vpn *net UNUSED)
{
	if (vpn_out(a, VPN_GROUP, 1) != NULL)
		assert_true(vpn_reads(a, VPN_GROUP, 1, b));
	if (vpn_out(b, VPN_GROUP, 1) != NULL)
		assert_true(vpn_reads(b, VPN_GROUP, 1, a));
}

static void
test_network(void **state UNUSED)
{
	unsigned i, sent;

	for (i = 0; i < 60; i++) {
		begin(100 + i);
		vpn_site(a, b);
		apply();
		v->loss = i % 4 * 10;
		v->dup = i % 3 * 20;
		v->reorder = i % 5 * 15;
		v->each = readable;
		while (!vpn_packet(a, VPN_GROUP, 1) ||
		    vpn_out(b, VPN_GROUP, 1) == NULL) {
			vpn_run(v, SEC);
			assert_true(v->now < 1000 * SEC * 10);
		}
		v->loss = v->dup = 0;
		vpn_run(v, 120 * SEC);
		sent = v->sent;
		vpn_run(v, 300 * SEC); /* nobody repeats anything for ever */
		assert_int_equal(v->sent, sent);
		end();
	}
}

/* Each message lost once, by number: all the same it comes to an end within
 * seconds. */
static unsigned lose;

static bool
lose_one(struct vpn *net, struct udp_addr from UNUSED,
    struct udp_addr to UNUSED, uint8_t *data UNUSED, size_t len UNUSED)
{
	return net->sent != lose;
}

static void
test_lost(void **state UNUSED)
{
	for (lose = 7; lose <= 9; lose++) {
		begin(200);
		vpn_site(a, b);
		apply();
		v->tap = lose_one;
		v->each = readable;
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_true(vpn_until(v, 3 * SEC, vpn_both_ways));
		assert_in_range(v->sent, 10, 13);
		end();
	}
}

/* A false word in any message changes nothing but time. */
static bool
spoil_one(struct vpn *net, struct udp_addr from UNUSED,
    struct udp_addr to UNUSED, uint8_t *data, size_t len)
{
	if (net->sent == lose)
		data[len - 1 - lose % 16] ^= 4;
	return true;
}

static void
test_spoiled(void **state UNUSED)
{
	for (lose = 7; lose <= 9; lose++) {
		begin(210);
		vpn_site(a, b);
		apply();
		v->tap = spoil_one;
		v->each = readable;
		(void)vpn_packet(a, VPN_GROUP, 1);
		assert_true(vpn_until(v, 3 * SEC, vpn_both_ways));
		end();
	}
}

/* The peer goes away in the middle: what was half done goes too. */
static void
test_half_done(void **state UNUSED)
{
	begin(220);
	vpn_site(a, b);
	apply();
	v->tap = lose_one;
	lose = 8; /* message 2, and then everything */
	(void)vpn_packet(a, VPN_GROUP, 1);
	while (v->sent < 8)
		vpn_run(v, 1);
	a->deaf = true;
	assert_int_equal(vpn_count(b, SA_WAY_IN), 1);
	vpn_run(v, 130 * SEC);
	assert_int_equal(vpn_count(b, SA_WAY_IN), 0);
	assert_true(LIST_EMPTY(&b->s->quicks));
	end();
}

/* ---- replays ---- */

static struct vpn_kept first;

static bool
keep_first(struct vpn *net UNUSED, struct udp_addr from, struct udp_addr to,
    uint8_t *data, size_t len)
{
	if (data[18] != ISAKMP_X_QUICK || first.len != 0)
		return true;
	vpn_keep(&first, from, to, data, len);
	return true;
}

/* After hundreds of others under the same phase 1 the first one is still known
 * for a replay. */
static void
test_replayed(void **state UNUSED)
{
	unsigned i, adds;
	uint64_t dh;

	begin(90);
	vpn_site(a, b);
	vpn_map_of(a)->terms.pfs = vpn_map_of(b)->terms.pfs = 19;
	apply();
	first.len = 0;
	v->tap = keep_first;
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
	for (i = 0; i < 600; i++) {
		vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
		    vpn_out(a, VPN_GROUP, 1)->t.spi);
		vpn_run(v, 10 * SEC);
		assert_true(vpn_both_ways(v));
	}
	assert_int_equal(ipsec_ike(b->s)->nsas, 1);
	assert_true(TAILQ_FIRST(&ipsec_ike(b->s)->sas)->seen_at > 600);
	adds = b->adds;
	dh = ipsec_ike(b->s)->stats.dh;
	vpn_deliver(b, &first);
	assert_int_equal(b->adds, adds);
	assert_int_equal(ipsec_ike(b->s)->stats.dh, dh);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up),
		cmocka_unit_test(test_transforms),
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_lifetimes),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_pfs),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ah),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_spoiled),
		cmocka_unit_test(test_half_done),
		cmocka_unit_test(test_replayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
