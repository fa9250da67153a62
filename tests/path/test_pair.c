/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers: both of them in this process, back to back. What
 * each end makes is opened by the other, in every mode, with every transform,
 * in UDP or not, at every size around the limits, and as long as queues in
 * front of encryption take it for; key management passes.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/debug.h"
#include "dataplane/qos.h"
#include "pairs.h"

static void
check_outer(const struct pair *p, const uint8_t *ip, unsigned len)
{
	const uint8_t *up = ip + IPH_HDR;

	assert_true(ip_ok(ip));
	assert_int_equal(get16(ip + IPH_LEN), len);
	assert_int_equal(get32(ip + IPH_SRC), A_WAN);
	assert_int_equal(get32(ip + IPH_DST), B_WAN);
	assert_int_equal(ip[IPH_TOS], 0xb8);
	assert_int_equal(ip[IPH_TTL], p->mode == SA_TUNNEL ? 255 : 64);
	assert_int_equal(ip[IPH_PROTO], p->udp ? PROTO_UDP : PROTO_ESP);
	assert_int_equal(get16(ip + IPH_FRAG), IPH_DF);
	if (p->udp) {
		assert_int_equal(get16(up), 4500);
		assert_int_equal(get16(up + 2), 4500);
		assert_int_equal(get16(up + 4), len - IPH_HDR);
		assert_int_equal(get16(up + 6), 0);
		up += UDP_HDR;
	}
	assert_int_equal(get32(up), 0x5001);
	assert_int_equal(get32(up + 4), 1);
}

/* A policy that counts what leaves. */
static void
attach_counter(struct rig *r)
{
	static struct qos_policy_map policy;

	policy = (struct qos_policy_map){ .name = "COUNT" };
	r->conf.policy_maps = (struct cf_list){ 0 };
	rig_add(&r->conf.policy_maps, &policy.obj);
	str_copy(r->ifs[1].policy_out, "COUNT", CONF_NAME);
	rig_config(r);
}

static void
cross(const struct pair *p, unsigned payload)
{
	size_t len = mk_out(p, payload, IPH_DF);

	send_a(p, len);
	/* Ethernet has 14 octets more */
	assert_int_equal(p->a->f->qos_out[WAN].run->nodes[0].c[QC_BYTES],
	    p->a->out[0].len + 14);
	assert_int_equal(p->a->n_out, 1);
	assert_true(p->a->out[0].encrypted);
	assert_int_equal(p->a->out[0].out_port, WAN);
	check_outer(p, rig_ip(p->a, 0), p->a->out[0].len);
	carry(p, 0);
	assert_int_equal(p->b->n_out, 1);
	assert_int_equal(p->b->out[0].len, len);
	assert_true(ip_ok(rig_ip(p->b, 0)));
	if (p->mode == SA_TUNNEL) {
		/* each router takes one off, the way between none */
		assert_int_equal(p->b->out[0].out_port, LAN);
		assert_int_equal(rig_ip(p->b, 0)[IPH_TTL], 62);
		ip_set_ttl(buf, 62);
	} else {
		assert_int_equal(p->b->out[0].out_port, PORT_LOCAL);
	}
	assert_memory_equal(rig_ip(p->b, 0), buf, len);
}

static void
test_modes(void **state)
{
	static const unsigned sizes[] = { 0, 1, 2, 3, 5, 9, 13, 17, 100, 1300 };
	static const uint8_t modes[] = { SA_TUNNEL, SA_TRANSPORT };
	size_t i, j, k;

	(void)state;
	for (i = 0; i < PAIR_TRANSFORMS * 4; i++) {
		for (j = 0; j < NELEM(sizes); j++) {
			struct pair p = pair_of(modes[i & 1], (i & 2) != 0);

			k = i / 4;
			attach_counter(p.a);
			pair_sas(&p, 0x5000, 1, pair_transforms[k]);
			cross(&p, sizes[j]);
			pair_drop(&p);
		}
	}
}

/* ---- UDP ---- */

/* A datagram to b's port 4500. */
static size_t
mk_nat(const void *data, unsigned len)
{
	size_t total = mk_packet(buf, &(struct mk){ .src = A_WAN, .dst = B_WAN,
	    .proto = PROTO_UDP, .sport = 4500, .dport = 4500,
	    .payload = len });

	memcpy(buf + IPH_HDR + UDP_HDR, data, len);
	put16(buf + IPH_HDR + 6, 0);
	return total;
}

static void
test_port_4500(void **state)
{
	static const struct { const char *data; unsigned len; bool passes; }
	    rows[] = {
		{ "\xff", 1, false },			/* keepalive */
		{ "\0\0\0\0isakmp", 10, true },
		{ "\0\0\0\0", 4, true },
		{ "\xfe", 1, true }, { "", 0, true }, { "\x01\x02\x03", 3, true },
		{ "\x01\x02\x03\x04", 4, false },	/* ESP, no number */
		{ "\x01\x02\x03\x04\0\0\0\x01", 8, false }, /* no such SPI */
	};
	struct pair p = pair_of(SA_TUNNEL, true);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		rig_input(p.b, buf, mk_nat(rows[i].data, rows[i].len), WAN);
		assert_int_equal(p.b->n_out, rows[i].passes);
	}
	assert_int_equal(rig_drops(p.b, DROP_NAT_KEEPALIVE), 1);
	assert_int_equal(rig_drops(p.b, DROP_ESP_LENGTH), 1);
	assert_int_equal(rig_drops(p.b, DROP_INVALID_SPI), 1);
	/* to another host it is any UDP */
	(void)mk_nat("\xff", 1);
	put32(buf + IPH_DST, B_HOST);
	ip_finish(buf, IPH_HDR, IPH_HDR + UDP_HDR + 1);
	rig_input(p.b, buf, IPH_HDR + UDP_HDR + 1, WAN);
	assert_int_equal(p.b->n_out, 1);
	pair_drop(&p);
}

/* ESP where UDP was agreed, and the other way round. */
static void
test_encap_mismatch(void **state)
{
	struct pair p;
	int udp;

	(void)state;
	for (udp = 0; udp < 2; udp++) {
		p = pair_of(SA_TUNNEL, udp != 0);
		pair_sas(&p, 0x5000, 1, rig_aes_sha1);
		pair_del(p.b, 0x5001, SA_WAY_IN);
		p.udp = !p.udp;
		pair_add(&p, p.b, SA_WAY_IN, 0x5001, 1, rig_aes_sha1);
		send_a(&p, mk_out(&p, 10, 0));
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 0);
		assert_int_equal(rig_drops(p.b, DROP_ESP_ENCAP), 1);
		pair_drop(&p);
	}
}

/* b answers to where a's packets come from now, once they are authentic. */
static void
test_nat_moves(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, true);
	uint8_t back[200], old[300];
	struct sa_tek moved;
	size_t n, n_old;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	n_old = p.a->out[0].len;
	memcpy(old, rig_ip(p.a, 0), n_old);
	send_a(&p, mk_out(&p, 10, 0));
	put32(p.a->bytes[0] + IPH_SRC, IP4(198, 51, 100, 9));
	put16(p.a->bytes[0] + IPH_HDR, 61234);
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	n = mk_packet(back, &(struct mk){ .src = B_HOST, .dst = A_HOST,
	    .proto = PROTO_UDP, .payload = 9 });
	rig_input(p.b, back, n, LAN);
	assert_int_equal(p.b->n_out, 1);
	assert_int_equal(get32(rig_ip(p.b, 0) + IPH_DST),
	    IP4(198, 51, 100, 9));
	assert_int_equal(get16(rig_ip(p.b, 0) + IPH_HDR), 4500);
	assert_int_equal(get16(rig_ip(p.b, 0) + IPH_HDR + 2), 61234);
	/* what ike said before is nothing new, another address is */
	pair_add(&p, p.b, SA_WAY_OUT, 0x5000, 1, rig_aes_sha1);
	rig_input(p.b, back, n, LAN);
	assert_int_equal(get16(rig_ip(p.b, 0) + IPH_HDR + 2), 61234);
	moved = tek_of(&p, p.b, SA_WAY_OUT, 0x5000, 1, rig_aes_sha1);
	moved.encap_remote = 61999;
	tek_add(p.b, &moved);
	rig_input(p.b, back, n, LAN);
	assert_int_equal(get16(rig_ip(p.b, 0) + IPH_HDR + 2), 61999);
	send_a(&p, mk_out(&p, 10, 0));
	put32(p.a->bytes[0] + IPH_SRC, IP4(198, 51, 100, 9));
	put16(p.a->bytes[0] + IPH_HDR, 61234);
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	/* an old packet, or a forged one, moves nothing */
	rig_input(p.b, old, n_old, WAN);
	assert_int_equal(p.b->n_out, 1);
	old[n_old - 1] ^= 1;
	put32(old + IPH_HDR + UDP_HDR + 4, 50);
	rig_input(p.b, old, n_old, WAN);
	assert_int_equal(rig_drops(p.b, DROP_VERIFY), 1);
	rig_input(p.b, back, n, LAN);
	assert_int_equal(get16(rig_ip(p.b, 0) + IPH_HDR + 2), 61234);
	pair_drop(&p);
}

/* Transport mode behind a NAT: the checksum was of other addresses. */
static void
test_nat_checksum(void **state)
{
	struct pair p = pair_of(SA_TRANSPORT, true);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	/* its list knows the peer by the address that the NAT gives it */
	p.b->entries[0].ace = mk_ace(ACE_PERMIT, 0, B_WAN, 0,
	    IP4(198, 51, 100, 9), 0);
	rig_config(p.b);
	send_a(&p, mk_out(&p, 33, 0));
	put32(p.a->bytes[0] + IPH_SRC, IP4(198, 51, 100, 9));
	ip_finish(p.a->bytes[0], IPH_HDR, p.a->out[0].len);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	assert_int_equal(get32(rig_ip(p.b, 0) + IPH_SRC),
	    IP4(198, 51, 100, 9));
	assert_true(l4_ok(rig_ip(p.b, 0)));
	pair_drop(&p);
}

/* ---- sizes ---- */

/* ios-getvpn.md 2.11, with UDP and for transport mode. */
static unsigned
plain_of(const struct pair *p, const struct esp_transform *t, unsigned mtu)
{
	unsigned block = (unsigned)esp_block_len(t);
	unsigned room = mtu - 20 - (p->udp ? 8 : 0) - 8 -
	    (unsigned)esp_iv_len(t) - (unsigned)esp_icv_len(t);

	return room / block * block - 2 + (p->mode == SA_TUNNEL ? 0 : 20);
}

static void
with_df(const struct pair *p, unsigned size, unsigned plain)
{
	const uint8_t *ip;

	send_a(p, mk_out(p, size - 28, IPH_DF));
	assert_int_equal(p->a->n_out, 1);
	ip = rig_ip(p->a, 0);
	if (size <= plain) {
		assert_true(p->a->out[0].encrypted);
		assert_true(p->a->out[0].len <= 1500);
		return;
	}
	assert_int_equal(ip[IPH_PROTO], PROTO_ICMP);
	assert_int_equal(ip[IPH_HDR], ICMP_UNREACH);
	assert_int_equal(ip[IPH_HDR + 1], ICMP_UNREACH_FRAG);
	assert_int_equal(get16(ip + IPH_HDR + 6), plain);
}

/* Tunnel mode: each piece is a packet of its own to b. Transport mode: b puts
 * them together. */
static void
without_df(const struct pair *p, unsigned size, unsigned plain)
{
	unsigned i, got = 0, out = 0, n;

	send_a(p, mk_out(p, size - 28, 0));
	n = p->a->n_out;
	assert_int_equal(n, size <= plain ? 1 : 2);
	for (i = 0; i < n; i++) {
		assert_true(p->a->out[i].len <= 1500);
		assert_true(p->a->out[i].encrypted);
		if (p->mode == SA_TUNNEL)
			assert_false(ip_is_fragment(rig_ip(p->a, i)));
		carry(p, i);
		out += p->b->n_out;
		if (p->b->n_out > 0)
			got += p->b->out[0].len - IPH_HDR;
	}
	assert_int_equal(out, p->mode == SA_TUNNEL ? n : 1);
	assert_int_equal(got, size - IPH_HDR);
}

static void
test_sizes(void **state)
{
	unsigned size, plain;
	size_t i;

	(void)state;
	for (i = 0; i < PAIR_TRANSFORMS * 4; i++) {
		const struct esp_transform *t = &pair_transforms[i / 4];
		struct pair p = pair_of(i & 1 ? SA_TRANSPORT : SA_TUNNEL,
		    (i & 2) != 0);

		pair_sas(&p, 0x5000, 1, *t);
		plain = plain_of(&p, t, 1500);
		for (size = 1300; size <= 1500; size++) {
			with_df(&p, size, plain);
			without_df(&p, size, plain);
			p.a->now += 100; /* ICMP is limited */
			p.b->now += 100;
		}
		pair_drop(&p);
	}
}

static void
test_known_sizes(void **state)
{
	static const struct {
		struct esp_transform t;
		unsigned plain;
	} rows[] = {
		{ { ESP_AES_CBC, ESP_AUTH_SHA1, 128 }, 1438 },
		{ { ESP_AES_CBC, ESP_AUTH_SHA256, 256 }, 1438 },
		{ { ESP_AES_CBC, ESP_AUTH_SHA512, 256 }, 1422 },
		{ { ESP_3DES, ESP_AUTH_SHA1, 0 }, 1446 },
		{ { ESP_AES_GCM, ESP_AUTH_NONE, 128 }, 1446 },
	};
	struct pair p = pair_of(SA_TUNNEL, false);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		pair_sas(&p, 0x5000 + (uint32_t)i * 2, 1, rows[i].t);
		with_df(&p, rows[i].plain, rows[i].plain);
		with_df(&p, rows[i].plain + 1, rows[i].plain);
	}
	pair_drop(&p);
}

/* A router in the core cannot pass on what a has sent last. */
static void
too_big(const struct pair *p, unsigned mtu, bool forged)
{
	uint8_t icmp[100];
	size_t len = mk_packet(icmp, &(struct mk){ .src = IP4(203, 0, 113, 1),
	    .dst = A_WAN, .proto = PROTO_ICMP, .sport = ICMP_UNREACH << 8 |
	    ICMP_UNREACH_FRAG, .payload = 36 });

	put16(icmp + IPH_HDR + 6, mtu);
	memcpy(icmp + IPH_HDR + 8, rig_ip(p->a, 0), 36);
	if (forged)
		icmp[IPH_HDR + 8 + IPH_HDR + (p->udp ? UDP_HDR : 0)] ^= 1;
	p->a->now += 100;
	rig_input(p->a, icmp, len, WAN);
	assert_int_equal(p->a->n_out, 1); /* others may want to hear it */
}

static void
test_path_mtu(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		struct pair p = pair_of(kind & 1 ? SA_TRANSPORT : SA_TUNNEL,
		    (kind & 2) != 0);
		const struct esp_transform *t = &rig_aes_sha1;
		unsigned plain = plain_of(&p, t, 1500);
		unsigned less = plain_of(&p, t, 1400);

		pair_sas(&p, 0x5000, 1, *t);
		with_df(&p, plain, plain);
		too_big(&p, 1400, true);
		with_df(&p, plain, plain);
		too_big(&p, 100, false);
		with_df(&p, plain, plain);
		too_big(&p, 1400, false);
		with_df(&p, less, less);
		with_df(&p, less + 1, less);
		p.a->now += 600000;
		with_df(&p, plain, plain);
		pair_drop(&p);
	}
}

/* Whose DF bit it is: of the outer header in tunnel mode only. */
static void
test_df_bit(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false), q;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	p.a->ifs[1].df_bit = DF_CLEAR;
	rig_config(p.a);
	send_a(&p, mk_out(&p, 1472, IPH_DF));
	assert_int_equal(p.a->n_out, 2);
	assert_int_equal(get16(rig_ip(p.a, 0) + IPH_FRAG), 0);
	p.a->ifs[1].df_bit = DF_SET;
	rig_config(p.a);
	send_a(&p, mk_out(&p, 20, 0));
	assert_int_equal(get16(rig_ip(p.a, 0) + IPH_FRAG), IPH_DF);
	pair_drop(&p);
	q = pair_of(SA_TRANSPORT, false);
	pair_sas(&q, 0x5000, 1, rig_aes_sha1);
	q.a->ifs[1].df_bit = DF_CLEAR;
	rig_config(q.a);
	with_df(&q, 1500, plain_of(&q, &rig_aes_sha1, 1500));
	pair_drop(&q);
}

/* A segment of the kernel's leaves in packets that fit. */
static void
test_segments(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		struct pair p = pair_of(kind & 1 ? SA_TRANSPORT : SA_TUNNEL,
		    (kind & 2) != 0);
		bool sites = p.mode == SA_TUNNEL;
		struct pkt_gso gso = { .gso_type = GSO_TCPV4,
			.gso_size = 1460, .flags = GSO_F_NEEDS_CSUM,
			.csum_start = 20, .csum_offset = 16, .hdr_len = 40 };
		unsigned i, n, got = 0;
		size_t len;

		pair_sas(&p, 0x5000, 1, rig_aes_sha1);
		/* no DF: it is cut to what the SA takes */
		len = mk_packet(buf, &(struct mk){
		    .src = sites ? A_HOST : A_WAN,
		    .dst = sites ? B_HOST : B_WAN, .proto = PROTO_TCP,
		    .tcp_flags = TCP_ACK, .payload = 20000 });
		rig_input_gso(p.a, buf, len, sites ? LAN : PORT_LOCAL, &gso);
		n = p.a->n_out;
		assert_int_equal(n, 15);
		for (i = 0; i < n; i++) {
			assert_true(p.a->out[i].len <= 1500);
			carry(&p, i);
			assert_int_equal(p.b->n_out, 1);
			assert_true(l4_ok(rig_ip(p.b, 0)));
			got += p.b->out[0].len - 40;
		}
		assert_int_equal(got, 20000);
		pair_drop(&p);
	}
}

/* Options stay outside in transport mode, and count. */
static void
test_options(void **state)
{
	struct pair p = pair_of(SA_TRANSPORT, false);
	unsigned plain = plain_of(&p, &rig_aes_sha1, 1500), size;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	for (size = plain - 20; size <= plain + 4; size++) {
		(void)mk_out(&p, size - 28, IPH_DF);
		memmove(buf + 24, buf + 20, size - 20);
		memset(buf + 20, 1, 4); /* no operation */
		buf[0] = 0x46;
		ip_finish(buf, 24, size + 4);
		send_a(&p, size + 4);
		/* the room behind the header is in whole blocks */
		if (get16(rig_ip(p.a, 0) + IPH_LEN) > 1500)
			fail_msg("%u octets do not fit", size + 4);
		if (!p.a->out[0].encrypted) {
			assert_true(size + 4 > plain - 12);
			continue;
		}
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		assert_int_equal(p.b->out[0].len, size + 4);
		assert_memory_equal(rig_ip(p.b, 0), buf, size + 4);
	}
	pair_drop(&p);
}

/* The core cuts what the routers let whole. */
static void
test_core_fragments(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		struct pair p = pair_of(kind & 1 ? SA_TRANSPORT : SA_TUNNEL,
		    (kind & 2) != 0);
		uint8_t piece[1500];
		unsigned at, n, len, out = 0;
		const uint8_t *ip;

		pair_sas(&p, 0x5000, 1, rig_aes_sha1);
		send_a(&p, mk_out(&p, 1300, 0));
		ip = rig_ip(p.a, 0);
		len = p.a->out[0].len - IPH_HDR;
		for (at = 0; at < len; at += n) {
			n = len - at < 576 ? len - at : 576;
			memcpy(piece, ip, IPH_HDR);
			memcpy(piece + IPH_HDR, ip + IPH_HDR + at, n);
			put16(piece + IPH_FRAG, at / 8 |
			    (at + n < len ? IPH_MF : 0));
			ip_finish(piece, IPH_HDR, IPH_HDR + n);
			rig_input(p.b, piece, IPH_HDR + n, WAN);
			out += p.b->n_out;
		}
		assert_int_equal(out, 1);
		assert_int_equal(p.b->out[0].len, 1328);
		assert_true(p.b->out[0].decrypted);
		pair_drop(&p);
	}
}

/* What is cut of key management arrives, too. */
static void
test_isakmp_fragments(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, true);
	uint8_t piece[1500], whole[1600];
	size_t len = mk_packet(whole, &(struct mk){ .src = A_WAN,
	    .dst = B_WAN, .proto = PROTO_UDP, .sport = 500, .dport = 500,
	    .payload = 1500 });
	unsigned at, n, got = 0;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	for (at = IPH_HDR; at < len; at += n) {
		n = len - at < 800 ? (unsigned)len - at : 800;
		memcpy(piece, whole, IPH_HDR);
		memcpy(piece + IPH_HDR, whole + at, n);
		put16(piece + IPH_FRAG, (at - IPH_HDR) / 8 |
		    (at + n < len ? IPH_MF : 0));
		ip_finish(piece, IPH_HDR, IPH_HDR + n);
		rig_input(p.b, piece, IPH_HDR + n, WAN);
		if (p.b->n_out > 0)
			got += p.b->out[0].len - IPH_HDR;
	}
	assert_int_equal(got, len - IPH_HDR);
	assert_true(l4_ok(rig_ip(p.b, 0)));
	pair_drop(&p);
}

static void
test_transport_refuses(void **state)
{
	struct pair p = pair_of(SA_TRANSPORT, false);
	struct ace any = ace_any(ACE_PERMIT);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 24, IPH_MF));
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_TRANSPORT), 1);
	/* a wider list: packets of others have no way back */
	p.a->entries[0].ace = any;
	rig_config(p.a);
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_UDP }), LAN);
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_TRANSPORT), 2);
	pair_drop(&p);
}

static uint64_t
matches(const struct rig *r, unsigned entry)
{
	return count_read(&acl_find(r->f, "VPN")->hits[entry]->packets);
}

/* What leaves is counted in the list of the map, with SAs and without, and
 * what is denied there; what arrives is not. */
static void
test_matches(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct ace aces[2] = { mk_ace(ACE_DENY, PROTO_TCP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_PERMIT, 0, A_NET, 255, B_NET, 255) };

	(void)state;
	send_a(&p, mk_out(&p, 10, 0)); /* no SA yet */
	assert_int_equal(matches(p.a, 0), 1);
	pair_sas(&p, 0x5000, 1, pair_transforms[0]);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_int_equal(matches(p.a, 0), 2);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	assert_int_equal(matches(p.b, 0), 0);
	/* another configuration keeps them */
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(matches(p.a, 0), 3);
	/* to somewhere else */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = IP4(203, 0, 113, 1), .proto = PROTO_UDP, .ttl = 9 }), LAN);
	assert_int_equal(p.a->n_out, 1);
	assert_int_equal(matches(p.a, 0), 3);
	/* another list; its counts are its own */
	p.a->n_acls = p.a->n_entries = 0;
	p.a->conf.acls = (struct cf_list){0};
	rig_acl(p.a, "VPN", aces, 2);
	rig_config(p.a);
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_TCP, .ttl = 9 }), LAN);
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	assert_int_equal(matches(p.a, 0), 1);
	assert_int_equal(matches(p.a, 1), 0);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(matches(p.a, 1), 1);
	pair_drop(&p);
}

/* debug ip packet: the packet of a host, and ESP that the router makes of it
 * and that the other one gets. */
static void
test_debug(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	char want[1000];
	unsigned esp;

	(void)state;
	pair_sas(&p, 0x5000, 1, pair_transforms[0]);
	rig_hear();
	debug_set.levels[DBG_IP_PACKET] = DBG_EVENT | DBG_DETAIL;
	ipdebug_changed(p.a->f);
	ipdebug_changed(p.b->f);
	send_a(&p, mk_out(&p, 10, 0));
	rig_timeout(p.a);
	esp = p.a->out[0].len;
	snprintf(want, sizeof(want), "IP: tableid=0, s=10.1.1.10 "
	    "(FastEthernet0/0), d=10.2.2.20 (FastEthernet0/1), routed via "
	    "FIB\n"
	    "IP: s=10.1.1.10 (FastEthernet0/0), d=10.2.2.20 "
	    "(FastEthernet0/1), g=192.0.2.0, len 38, forward\n"
	    "    UDP src=%u, dst=%u\n"
	    "IP: s=192.0.2.1 (local), d=192.0.2.2 (FastEthernet0/1), len %u, "
	    "sending, proto=50\n", get16(buf + 20), get16(buf + 22), esp);
	assert_string_equal(rig_said, want);
	rig_forget_said();
	carry(&p, 0);
	rig_timeout(p.b);
	snprintf(want, sizeof(want), "IP: s=192.0.2.1 (FastEthernet0/1), "
	    "d=192.0.2.2 (FastEthernet0/1), len %u, rcvd 3, proto=50\n"
	    "IP: tableid=0, s=10.1.1.10 (FastEthernet0/1), d=10.2.2.20 "
	    "(FastEthernet0/0), routed via FIB\n", esp);
	assert_memory_equal(rig_said, want, strlen(want));
	/* without an SA */
	pair_del(p.a, 0x5001, SA_WAY_OUT);
	rig_forget_said();
	send_a(&p, mk_out(&p, 10, 0));
	rig_timeout(p.a);
	assert_non_null(strstr(rig_said, "IP: s=10.1.1.10 (FastEthernet0/0), "
	    "d=10.2.2.20 (FastEthernet0/1), len 38, encapsulation failed"));
	memset(&debug_set, 0, sizeof(debug_set));
	pair_drop(&p);
}

/* Key management to the router's own ports stays in clear, nobody else's. */
static void
test_isakmp(void **state)
{
	static const uint16_t ports[] = { 500, 4500 };
	struct pair p = pair_of(SA_TRANSPORT, false);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ports); i++) {
		rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = A_WAN,
		    .dst = B_WAN, .proto = PROTO_UDP, .sport = ports[i],
		    .dport = ports[i] }), WAN);
		assert_int_equal(p.b->n_out, 1);
		assert_true(p.b->out[0].own_ike);
	}
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = A_WAN,
	    .dst = B_WAN, .proto = PROTO_UDP, .sport = 500, .dport = 501 }),
	    WAN);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_NOT_IPSEC), 1);
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_port_4500),
		cmocka_unit_test(test_encap_mismatch),
		cmocka_unit_test(test_nat_moves),
		cmocka_unit_test(test_nat_checksum),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_known_sizes),
		cmocka_unit_test(test_path_mtu),
		cmocka_unit_test(test_df_bit),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_core_fragments),
		cmocka_unit_test(test_isakmp_fragments),
		cmocka_unit_test(test_transport_refuses),
		cmocka_unit_test(test_isakmp),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_debug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
