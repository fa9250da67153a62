/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers: everything that must be refused, from who has the
 * keys and who has not; tunnels with protection and what they must not take.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pairs.h"

/* ---- hostile ---- */

/* The peer has the keys and says what was not agreed. */
static void
test_inner_lies(void **state)
{
	static const struct mk lies[] = {
		{ .src = IP4(10, 9, 9, 9), .dst = B_HOST, .proto = PROTO_UDP },
		{ .src = A_HOST, .dst = IP4(10, 7, 7, 7), .proto = PROTO_UDP },
		{ .src = B_HOST, .dst = A_HOST, .proto = PROTO_UDP },
		{ .src = A_HOST, .dst = B_HOST, .proto = PROTO_TCP },
		{ .src = A_HOST, .dst = B_WAN, .proto = PROTO_UDP,
		    .dport = 500 },
	};
	struct pair p = pair_of(SA_TUNNEL, false);
	size_t i;

	(void)state;
	p.a->entries[0].ace = ace_any(ACE_PERMIT);
	rig_config(p.a);
	p.b->entries[0].ace.proto = PROTO_UDP;
	rig_config(p.b);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	fwd_routes(p.a->f, &(struct route){ 0, 0, 0, WAN }, 1);
	for (i = 0; i < NELEM(lies); i++) {
		rig_input(p.a, buf, mk_packet(buf, &lies[i]), LAN);
		assert_int_equal(p.a->n_out, 1);
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 0);
		assert_int_equal(rig_drops(p.b, DROP_ESP_IDENTITY), i + 1);
	}
	rig_timeout(p.b);
	assert_int_equal(p.b->logs[0], LOG_RECVD_BAD_IDENT);
	pair_drop(&p);
}

/* The packet of one entry under the SA of another. */
static void
test_wrong_sa(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct rig *b = p.b;

	(void)state;
	b->entries[1].ace = b->entries[0].ace;
	b->entries[0].ace.proto = PROTO_TCP;
	b->entries[0].obj.next = &b->entries[1].obj;
	b->acls[0].entries.n = 2;
	rig_config(b);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1); /* of TCP, to b */
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	assert_int_equal(b->n_out, 0);
	assert_int_equal(rig_drops(b, DROP_ESP_IDENTITY), 1);
	/* TCP may come under either: the sender's list says which is first */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_TCP }), LAN);
	carry(&p, 0);
	assert_int_equal(b->n_out, 1);
	/* an SA of no entry opens nothing */
	pair_add(&p, b, SA_WAY_IN, 0x6001, 3, rig_aes_sha1);
	pair_add(&p, p.a, SA_WAY_OUT, 0x6001, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	assert_int_equal(b->n_out, 0);
	assert_int_equal(rig_drops(b, DROP_ESP_IDENTITY), 2);
	pair_drop(&p);
}

static void
test_unknown_spi(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	pair_del(p.b, 0x5001, SA_WAY_IN);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_INVALID_SPI), 1);
	assert_int_equal(heard(p.b, SA_EVENT_INVALID_SPI, 0x5001), 1);
	assert_string_equal(p.b->events[0].group, "");
	assert_int_equal(p.b->events[0].src, A_WAN);
	assert_int_equal(p.b->events[0].dst, B_WAN);
	assert_int_equal(p.b->n_logs, 1);
	assert_non_null(strstr(p.b->text[0], "CRYPTO-4-RECVD_PKT_INV_SPI: "
	    "decaps: rec'd IPSEC packet has invalid spi for "
	    "destaddr=192.0.2.2, prot=50, spi=0x00005001, "
	    "srcaddr=192.0.2.1"));
	/* that which passes through is not ours */
	put32(p.a->bytes[0] + IPH_DST, IP4(203, 0, 113, 5));
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	pair_drop(&p);
}

/* A packet under an SA that goes elsewhere, or stands for the way out. */
static void
test_not_that_sa(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	put32(p.a->bytes[0] + IPH_DST, B_LAN); /* its own, not the SA's */
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_INVALID_SPI), 1);
	/* what b sends does not come back to it */
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP }), LAN);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	put32(buf + IPH_DST, B_WAN);
	ip_finish(buf, IPH_HDR, p.b->out[0].len);
	rig_input(p.b, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_INVALID_SPI), 2);
	pair_drop(&p);
}

static void
test_bit_flips(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		struct pair p = pair_of(kind & 1 ? SA_TRANSPORT : SA_TUNNEL,
		    (kind & 2) != 0);
		unsigned at, hdr = IPH_HDR + (p.udp ? UDP_HDR : 0), len;
		uint8_t bad[400];

		pair_sas(&p, 0x5000, 1, rig_aes_sha1);
		send_a(&p, mk_out(&p, 20, 0));
		len = p.a->out[0].len;
		for (at = hdr * 8; at < len * 8; at++) {
			memcpy(bad, rig_ip(p.a, 0), len);
			bad[at / 8] ^= (uint8_t)(1u << at % 8);
			rig_input(p.b, bad, len, WAN);
			assert_int_equal(p.b->n_out, 0);
		}
		assert_int_equal(rig_all_drops(p.b), (len - hdr) * 8);
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		pair_drop(&p);
	}
}

/* ---- for others ---- */

/* `qos pre-classify` of an entry keeps what the packet was. */
static void
test_preclassify(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_false(p.a->out[0].preclassified);
	p.a->map.qos_preclassify = true;
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_true(p.a->out[0].preclassified);
	assert_int_equal(p.a->out[0].qos_dscp, 0xb8 >> 2);
	assert_int_equal(p.a->out[0].qos_flow.src, A_HOST);
	assert_int_equal(p.a->out[0].qos_flow.dport, 6);
	pair_drop(&p);
}

#define TUNNEL 3

static void
tunnel_add(struct rig *r, struct interface *i, bool protect_it)
{
	struct port t = { .index = TUNNEL, .name = "Tunnel0", .up = true,
		.mtu = 1476 };

	*i = (struct interface){ 0 };
	str_copy(i->name, t.name, sizeof(i->name));
	if (protect_it)
		str_copy(i->tunnel.profile, "PROF", CONF_NAME);
	r->ifs[1].crypto_map[0] = '\0';
	r->ifs[1].obj.next = &i->obj;
	r->conf.interfaces.last = &i->obj;
	r->conf.interfaces.n = 3;
	rig_config(r);
	fwd_port(r->f, &t);
}

static unsigned
stage_of(const char *name)
{
	unsigned i;

	for (i = 0; fwd_stage_name(i) != NULL; i++)
		if (strcmp(fwd_stage_name(i), name) == 0)
			return i;
	fail_msg("no stage %s", name);
	return 0;
}

/* As gre-out does it: the GRE packet, its SA, the path from route on. */
static bool
give(struct rig *r, uint32_t src, uint32_t dst, uint8_t proto)
{
	static uint8_t room[PKT_BUF_SIZE], gre[200];
	size_t len = mk_packet(gre, &(struct mk){ .src = src, .dst = dst,
	    .proto = proto, .payload = 60 });
	struct pkt p = rig_pkt(room, gre, len, PORT_LOCAL), *pp = &p;
	bool ok;

	rig_clear_out(r);
	r->f->w.snap = r->f->snap;
	r->f->w.now = r->now;
	assert_int_equal(ip_parse(&p), IP_OK);
	ok = esp_tunnel_sa(r->f, &p, &r->f->snap->port[TUNNEL]);
	if (ok)
		path_run(r->f, stage_of("route"), &pp, 1);
	r->f->w.snap = NULL;
	return ok;
}

static void
test_tunnel(void **state)
{
	int mode;

	(void)state;
	for (mode = SA_TUNNEL; mode <= SA_TRANSPORT; mode++) {
		struct pair p = pair_of((uint8_t)mode, false);
		struct interface ti[2];
		struct sa_tek tek[2];

		tunnel_add(p.a, &ti[0], true);
		tunnel_add(p.b, &ti[1], true);
		tek[0] = tek_of(&p, p.a, SA_WAY_OUT, 0x5001, 1, rig_aes_sha1);
		tek[1] = tek_of(&p, p.b, SA_WAY_IN, 0x5001, 1, rig_aes_sha1);
		(void)sa_tunnel_group(tek[0].group, "Tunnel0");
		(void)sa_tunnel_group(tek[1].group, "Tunnel0");
		assert_false(give(p.a, A_WAN, B_WAN, PROTO_GRE));
		assert_int_equal(rig_drops(p.a, DROP_NO_SA), 1);
		assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
		assert_string_equal(p.a->events[0].group, "tunnel Tunnel0");
		tek_add(p.a, &tek[0]);
		tek_add(p.b, &tek[1]);
		assert_true(give(p.a, A_WAN, B_WAN, PROTO_GRE));
		assert_int_equal(p.a->n_out, 1);
		assert_true(p.a->out[0].encrypted);
		assert_int_equal(p.a->out[0].out_port, WAN);
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		assert_int_equal(rig_ip(p.b, 0)[IPH_PROTO], PROTO_GRE);
		assert_ptr_equal(p.b->out[0].group,
		    p.b->f->snap->port[TUNNEL].protect);
		assert_true(esp_tunnel_came(&p.b->out[0],
		    &p.b->f->snap->port[TUNNEL]));
		p.b->out[0].decrypted = false; /* in clear */
		assert_false(esp_tunnel_came(&p.b->out[0],
		    &p.b->f->snap->port[TUNNEL]));
		/* nothing but its GRE goes into it, nor comes out of it */
		assert_true(give(p.a, A_WAN, B_WAN, PROTO_UDP));
		assert_int_equal(p.a->n_out, 0);
		assert_int_equal(rig_drops(p.a, DROP_TRANSPORT), 1);
		pair_drop(&p);
	}
}

/* Without protection it is none of ours. */
static void
test_open_tunnel(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct interface ti;

	(void)state;
	tunnel_add(p.a, &ti, false);
	assert_true(give(p.a, A_WAN, B_WAN, PROTO_GRE));
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	assert_true(esp_tunnel_came(&p.a->out[0],
	    &p.a->f->snap->port[TUNNEL]));
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inner_lies),
		cmocka_unit_test(test_wrong_sa),
		cmocka_unit_test(test_unknown_spi),
		cmocka_unit_test(test_not_that_sa),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_preclassify),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_open_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
