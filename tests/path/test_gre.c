/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GRE tunnels: the header to the octet (RFC 2784, RFC 2890), TOS and DF, keys,
 * sizes, path MTU discovery, fragments, loops, and what is malformed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/debug.h"
#include "rig.h"

#define TUN 3
#define TUN_ADDR IP4(172, 16, 0, 1)
#define PEER IP4(198, 51, 100, 2)
#define INSIDE IP4(10, 9, 9, 9) /* behind the tunnel */

static uint8_t buf[70000];

struct tun {
	struct rig r;
	struct interface ifc;
};

static struct tun *
start(void)
{
	struct tun *t = calloc(1, sizeof(*t));
	struct rig *r = &t->r;
	struct port port = { .index = TUN, .name = "Tunnel0",
		.dev = "Tunnel0", .addr = TUN_ADDR, .mask = 0xfffffffc,
		.mtu = 1476, .up = true, .tunnel = true };
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(10, 9, 0, 0), 16, 0, TUN },
		{ IP4(0, 0, 0, 0), 0, IP4(192, 0, 2, 254), WAN },
	};

	rig_start(r);
	r->ifs[1].crypto_map[0] = '\0';
	str_copy(t->ifc.name, port.name, sizeof(t->ifc.name));
	str_copy(t->ifc.tunnel.source_if, r->ifs[1].name, IFNAME_MAX);
	t->ifc.tunnel.dest = PEER;
	t->ifc.tunnel.ttl = 255;
	t->ifc.tunnel.pmtud_age = 10;
	t->ifc.tunnel.pmtud_min = 92;
	rig_add(&r->conf.interfaces, &t->ifc.obj);
	fwd_port(r->f, &port);
	fwd_routes(r->f, routes, NELEM(routes));
	rig_config(r);
	return t;
}

static void
stop(struct tun *t)
{
	rig_end(&t->r);
	free(t);
}

static size_t
send_in(struct tun *t, struct mk mk)
{
	size_t len;

	mk.src = LAN_HOST;
	mk.dst = INSIDE;
	if (mk.proto == 0)
		mk.proto = PROTO_UDP;
	if (mk.ttl == 0)
		mk.ttl = 64;
	len = mk_packet(buf, &mk);
	rig_input(&t->r, buf, len, LAN);
	return len;
}

/* An inner packet in a GRE packet of the peer, with those flags. */
static size_t
gre_of(uint8_t *out, unsigned flags, uint32_t key, unsigned payload)
{
	struct mk mk = { .src = INSIDE, .dst = LAN_HOST, .proto = PROTO_UDP,
		.ttl = 64, .sport = 7, .dport = 8, .payload = payload };
	size_t len, at = IPH_HDR + 4;

	memset(out, 0, 40);
	out[0] = 0x45;
	out[IPH_TTL] = 255;
	out[IPH_PROTO] = PROTO_GRE;
	put32(out + IPH_SRC, PEER);
	put32(out + IPH_DST, WAN_ADDR);
	put16(out + IPH_HDR, flags);
	put16(out + IPH_HDR + 2, 0x0800);
	if ((flags & 0x8000) != 0)
		at += 4;
	if ((flags & 0x2000) != 0) {
		put32(out + at, key);
		at += 4;
	}
	if ((flags & 0x1000) != 0)
		at += 4;
	len = at + mk_packet(out + at, &mk);
	if ((flags & 0x8000) != 0)
		put16(out + IPH_HDR + 4, sum_end(sum_add(0, out + IPH_HDR,
		    len - IPH_HDR)));
	ip_finish(out, IPH_HDR, (unsigned)len);
	return len;
}

static void
receive(struct tun *t, unsigned flags, uint32_t key)
{
	size_t len = gre_of(buf, flags, key, 100);

	rig_input(&t->r, buf, len, WAN);
}

static void
test_header(void **state)
{
	struct tun *t = start();
	const uint8_t *o;
	uint8_t inner[2000];
	size_t len;

	(void)state;
	len = send_in(t, (struct mk){ .payload = 100, .tos = 0xb8 });
	memcpy(inner, buf, len);
	assert_int_equal(t->r.n_out, 1);
	o = rig_ip(&t->r, 0);
	assert_int_equal(t->r.out[0].len, len + 24);
	assert_int_equal(t->r.out[0].out_port, WAN);
	assert_true(ip_ok(o));
	assert_int_equal(o[IPH_TOS], 0xb8);
	assert_int_equal(o[IPH_TTL], 255);
	assert_int_equal(o[IPH_PROTO], 47);
	assert_int_equal(get16(o + IPH_FRAG), 0);
	assert_int_equal(get32(o + IPH_SRC), WAN_ADDR);
	assert_int_equal(get32(o + IPH_DST), PEER);
	assert_int_equal(get32(o + IPH_HDR), 0x00000800);
	ip_set_ttl(inner, 63);
	assert_memory_equal(o + 24, inner, len);
	stop(t);
}

static void
test_key_tos_ttl(void **state)
{
	struct tun *t = start();
	const uint8_t *o;

	(void)state;
	t->ifc.tunnel.has_key = t->ifc.tunnel.has_tos = true;
	t->ifc.tunnel.key = 0xdeadbeef;
	t->ifc.tunnel.tos = 0x20;
	t->ifc.tunnel.ttl = 9;
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 10, .tos = 0xb8 });
	o = rig_ip(&t->r, 0);
	assert_int_equal(get32(o + IPH_HDR), 0x20000800);
	assert_int_equal(get32(o + IPH_HDR + 4), 0xdeadbeef);
	assert_int_equal(o[IPH_TOS], 0x20);
	assert_int_equal(o[IPH_TTL], 9);
	/* only that key comes in */
	receive(t, 0x2000, 0xdeadbeef);
	assert_int_equal(t->r.n_out, 1);
	receive(t, 0x2000, 0xdeadbeee);
	assert_int_equal(t->r.n_out, 0);
	receive(t, 0, 0);
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_GRE), 2);
	stop(t);
}

/* With `tunnel checksum` what leaves has one that holds, over data of odd
 * length as well, and main hears how much went through. */
static void
test_checksum(void **state)
{
	struct tun *t = start();
	const uint8_t *o;
	size_t len;

	(void)state;
	t->ifc.tunnel.has_key = t->ifc.tunnel.checksum = true;
	t->ifc.tunnel.key = 7;
	rig_config(&t->r);
	len = send_in(t, (struct mk){ .payload = 101 });
	o = rig_ip(&t->r, 0);
	assert_int_equal(t->r.out[0].len, len + 32);
	assert_int_equal(get32(o + IPH_HDR), 0xa0000800);
	assert_int_equal(get16(o + IPH_HDR + 6), 0);
	assert_int_equal(get32(o + IPH_HDR + 8), 7);
	assert_int_equal(sum_end(sum_add(0, o + IPH_HDR, len + 12)), 0);
	assert_int_not_equal(get16(o + IPH_HDR + 4), 0);
	receive(t, 0x2000, 7);
	receive(t, 0xa000, 7);
	t->r.now += 500;
	rig_timeout(&t->r);
	assert_int_equal(t->r.through.out_packets, 1);
	assert_int_equal(t->r.through.out_bytes, len + 32);
	assert_int_equal(t->r.through.in_packets, 2);
	assert_int_equal(t->r.through.in_bytes, 128 + 28 + 128 + 32);
	stop(t);
}

static void
test_in(void **state)
{
	static const unsigned flags[] = { 0, 0x1000, 0x8000, 0x9000 };
	struct tun *t = start();
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(flags); i++) {
		receive(t, flags[i], 0);
		assert_int_equal(t->r.n_out, 1);
		assert_int_equal(t->r.out[0].in_port, TUN);
		assert_int_equal(t->r.out[0].out_port, LAN);
		assert_int_equal(t->r.out[0].len, 128);
		assert_true(ip_ok(rig_ip(&t->r, 0)));
		assert_true(l4_ok(rig_ip(&t->r, 0)));
		assert_int_equal(rig_ip(&t->r, 0)[IPH_TTL], 63);
	}
	stop(t);
}

/* Each malformed one is dropped and counted; GRE of others goes on. */
static void
test_malformed(void **state)
{
	struct tun *t = start();
	size_t len, i;

	(void)state;
	len = gre_of(buf, 0x8000, 0, 100);
	buf[60] ^= 1; /* checksum */
	rig_input(&t->r, buf, len, WAN);
	for (i = 0; i < 3; i++) { /* routing, version 1, PPP */
		len = gre_of(buf, 0, 0, 100);
		put16(buf + IPH_HDR, i == 0 ? 0x4000 : i == 1 ? 1 : 0);
		if (i == 2)
			put16(buf + IPH_HDR + 2, 0x880b);
		rig_input(&t->r, buf, len, WAN);
	}
	for (i = 0; i < 12; i += 4) { /* too short for what its flags say */
		(void)gre_of(buf, 0xb000, 0, 100);
		ip_finish(buf, IPH_HDR, (unsigned)(IPH_HDR + i));
		rig_input(&t->r, buf, IPH_HDR + i, WAN);
	}
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_GRE), 7);
	len = gre_of(buf, 0, 0, 100); /* inner header */
	buf[24] = 0x60;
	rig_input(&t->r, buf, len, WAN);
	assert_int_equal(rig_drops(&t->r, DROP_BAD_IP), 1);
	len = gre_of(buf, 0, 0, 100); /* another peer: for the kernel */
	put32(buf + IPH_SRC, PEER + 1);
	ip_finish(buf, IPH_HDR, (unsigned)len);
	rig_input(&t->r, buf, len, WAN);
	assert_int_equal(t->r.n_out, 1);
	assert_int_equal(t->r.out[0].out_port, PORT_LOCAL);
	stop(t);
}

/* The tunnel's MTU: what is larger is cut before it goes in, or an ICMP says
 * so. */
static void
test_mtu(void **state)
{
	struct tun *t = start();
	const uint8_t *o;

	(void)state;
	(void)send_in(t, (struct mk){ .payload = 1476 - 28 });
	assert_int_equal(t->r.n_out, 1);
	assert_int_equal(t->r.out[0].len, 1500);
	(void)send_in(t, (struct mk){ .payload = 1476 - 27 });
	assert_int_equal(t->r.n_out, 2);
	assert_int_equal(get16(rig_ip(&t->r, 0) + 24 + IPH_FRAG), IPH_MF);
	(void)send_in(t, (struct mk){ .payload = 1476 - 27, .frag = IPH_DF });
	assert_int_equal(t->r.n_out, 1);
	o = rig_ip(&t->r, 0);
	assert_int_equal(o[IPH_PROTO], PROTO_ICMP);
	assert_int_equal(get32(o + IPH_DST), LAN_HOST);
	assert_int_equal(get16(o + IPH_HDR), 0x0304);
	assert_int_equal(get16(o + IPH_HDR + 6), 1476);
	/* a larger `ip mtu`: the GRE packet is cut on its way out */
	t->ifc.ip_mtu = 1600;
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 1500 });
	assert_int_equal(t->r.n_out, 2);
	assert_int_equal(get16(rig_ip(&t->r, 0) + IPH_FRAG), IPH_MF);
	assert_int_equal(rig_ip(&t->r, 1)[IPH_PROTO], 47);
	stop(t);
}

/* Pieces of what was cut for the tunnel are cut again outside, at once. */
static void
test_cut_twice(void **state)
{
	struct tun *t = start();
	unsigned i, firsts = 0;

	(void)state;
	t->ifc.ip_mtu = 1600;
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 20000 });
	assert_int_equal(t->r.n_out, 13 * 2 - 1); /* the last one is short */
	for (i = 0; i < t->r.n_out; i++) {
		const uint8_t *o = rig_ip(&t->r, i);

		assert_true(ip_ok(o) && t->r.out[i].len <= 1500);
		if ((get16(o + IPH_FRAG) & IPH_OFFMASK) != 0)
			continue;
		/* inner fragments count on, so no buffer was used twice */
		assert_int_equal((get16(o + 24 + IPH_FRAG) & IPH_OFFMASK) * 8,
		    firsts++ * 1576);
	}
	assert_int_equal(firsts, 13);
	stop(t);
}

static void
icmp_too_big(struct tun *t, unsigned mtu)
{
	uint8_t *icmp = buf + IPH_HDR, *q = icmp + 8;

	memset(buf, 0, 80);
	buf[0] = 0x45;
	buf[IPH_TTL] = 60;
	buf[IPH_PROTO] = PROTO_ICMP;
	put32(buf + IPH_SRC, IP4(203, 0, 113, 1));
	put32(buf + IPH_DST, WAN_ADDR);
	put16(icmp, 0x0304);
	put16(icmp + 6, mtu);
	q[0] = 0x45;
	q[IPH_PROTO] = PROTO_GRE;
	put32(q + IPH_SRC, WAN_ADDR);
	put32(q + IPH_DST, PEER);
	put16(icmp + 2, sum_end(sum_add(0, icmp, 36)));
	ip_finish(buf, IPH_HDR, IPH_HDR + 36);
	rig_input(&t->r, buf, IPH_HDR + 36, WAN);
}

static unsigned
said_mtu(struct tun *t)
{
	(void)send_in(t, (struct mk){ .payload = 1440, .frag = IPH_DF });
	assert_int_equal(t->r.n_out, 1);
	return rig_ip(&t->r, 0)[IPH_PROTO] == PROTO_ICMP ?
	    get16(rig_ip(&t->r, 0) + IPH_HDR + 6) : 0;
}

static void
test_pmtud(void **state)
{
	struct tun *t = start();

	(void)state;
	icmp_too_big(t, 1400); /* nobody asked for it */
	assert_int_equal(said_mtu(t), 0);
	t->ifc.tunnel.pmtud = true;
	rig_config(&t->r);
	assert_int_equal(said_mtu(t), 0);
	assert_int_equal(get16(rig_ip(&t->r, 0) + IPH_FRAG), IPH_DF);
	icmp_too_big(t, 1400);
	assert_int_equal(said_mtu(t), 1376);
	icmp_too_big(t, 20); /* a lie: not below the minimum */
	assert_int_equal(said_mtu(t), 92 - 24);
	rig_timeout(&t->r); /* main hears of it */
	assert_int_equal(t->r.through.mtu, 92 - 24);
	assert_true(t->r.through.until == t->r.now + 10 * 60 * 1000);
	t->r.now += 10 * 60 * 1000;
	assert_int_equal(said_mtu(t), 0);
	rig_timeout(&t->r);
	assert_int_equal(t->r.through.mtu, 0);
	/* on another way it says nothing */
	t->ifc.tunnel.pmtud_age = 0;
	rig_config(&t->r);
	icmp_too_big(t, 1400);
	t->r.now += 24 * 3600 * 1000;
	assert_int_equal(said_mtu(t), 1376);
	t->ifc.tunnel.dest = PEER + 1;
	rig_config(&t->r);
	assert_int_equal(said_mtu(t), 0);
	stop(t);
}

/* What this router itself does not send, because of the encryption behind the
 * tunnel, it learns from as well. */
static void
test_pmtud_crypto(void **state)
{
	struct tun *t = start();

	(void)state;
	t->ifc.tunnel.pmtud = true;
	str_copy(t->r.ifs[1].crypto_map, t->r.map.name, CONF_NAME);
	rig_config(&t->r);
	rig_group(&t->r);
	(void)send_in(t, (struct mk){ .payload = 1440, .frag = IPH_DF });
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_MTU), 1);
	assert_int_equal(said_mtu(t),
	    esp_plaintext_mtu(&rig_aes_sha1, 1500, 0) - 24);
	stop(t);
}

static void
test_fragments(void **state)
{
	struct tun *t = start();
	uint8_t whole[3000], piece[3000];
	size_t len = gre_of(whole, 0, 0, 2000), at;

	(void)state;
	for (at = IPH_HDR; at < len; at += 1400) {
		size_t n = len - at < 1400 ? len - at : 1400;

		memcpy(piece, whole, IPH_HDR);
		memcpy(piece + IPH_HDR, whole + at, n);
		put16(piece + IPH_FRAG, (unsigned)(at - IPH_HDR) / 8 |
		    (at + n < len ? IPH_MF : 0));
		ip_finish(piece, IPH_HDR, (unsigned)(IPH_HDR + n));
		rig_input(&t->r, piece, IPH_HDR + n, WAN);
	}
	assert_int_equal(t->r.n_out, 2); /* the LAN takes 1500 */
	assert_int_equal(t->r.out[0].in_port, TUN);
	stop(t);
}

/* The way to the other end leads into the tunnel: it ends after a few. */
static void
test_recursive(void **state)
{
	struct tun *t = start();
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(0, 0, 0, 0), 0, 0, TUN },
	};

	(void)state;
	fwd_routes(t->r.f, routes, NELEM(routes));
	(void)send_in(t, (struct mk){ .payload = 100 });
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_TUNNEL_LOOP), 1);
	stop(t);
}

/* A crypto map on the tunnel: encrypted inside of it, and read there. */
static void
test_map_inside(void **state)
{
	struct tun *t = start();
	struct group *g;
	const uint8_t *o;
	size_t len;

	(void)state;
	str_copy(t->ifc.crypto_map, t->r.map.name, CONF_NAME);
	rig_config(&t->r);
	rig_group(&t->r);
	g = group_find(t->r.f, "GETVPN");
	(void)send_in(t, (struct mk){ .payload = 100 });
	assert_int_equal(t->r.n_out, 1);
	o = rig_ip(&t->r, 0);
	assert_int_equal(o[IPH_PROTO], PROTO_GRE);
	assert_int_equal(get32(o + IPH_DST), PEER);
	assert_int_equal(o[24 + IPH_PROTO], PROTO_ESP);
	assert_int_equal(get32(o + 24 + IPH_SRC), LAN_HOST);
	assert_int_equal(get32(o + 24 + IPH_HDR), 0x1000);
	assert_int_equal(g->c[STAT_ENCRYPT], 1);
	/* the same from the peer; what is inside goes there again */
	len = t->r.out[0].len;
	memcpy(buf, o, len);
	put32(buf + IPH_SRC, PEER);
	put32(buf + IPH_DST, WAN_ADDR);
	ip_finish(buf, IPH_HDR, (unsigned)len);
	rig_input(&t->r, buf, len, WAN);
	assert_int_equal(g->c[STAT_DECRYPT], 1);
	assert_int_equal(t->r.n_out, 1);
	/* not in clear */
	receive(t, 0, 0);
	assert_int_equal(rig_drops(&t->r, DROP_NOT_IPSEC), 1);
	/* what is too big is told so that all of it fits */
	(void)send_in(t, (struct mk){ .payload = 1420, .frag = IPH_DF });
	assert_int_equal(rig_drops(&t->r, DROP_MTU), 1);
	assert_int_equal(get16(rig_ip(&t->r, 0) + IPH_HDR + 6),
	    esp_plaintext_mtu(&rig_aes_sha1, 1476, 0));
	/* and nothing without a key */
	t->r.now += 3600001;
	rig_timeout(&t->r);
	(void)send_in(t, (struct mk){ .payload = 100 });
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_NO_SA), 1);
	stop(t);
}

static void
test_unusable(void **state)
{
	struct tun *t = start();

	(void)state;
	t->ifc.tunnel.dest = 0;
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 100 });
	t->ifc.tunnel.dest = WAN_ADDR; /* to itself */
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 100 });
	assert_int_equal(t->r.n_out, 0);
	assert_int_equal(rig_drops(&t->r, DROP_TUNNEL), 2);
	stop(t);
}

/* TCP of up to 64 KiB with its checksum to do becomes packets. */
static void
test_offload(void **state)
{
	struct tun *t = start();
	struct mk mk = { .src = LAN_HOST, .dst = INSIDE, .proto = PROTO_TCP,
		.ttl = 64, .tcp_flags = TCP_ACK, .payload = 9000 };
	struct pkt_gso gso = { .flags = GSO_F_NEEDS_CSUM,
		.gso_type = GSO_TCPV4, .hdr_len = 40, .gso_size = 1400,
		.csum_start = 20, .csum_offset = 16 };
	size_t len = mk_packet(buf, &mk);
	unsigned i;

	(void)state;
	rig_input_gso(&t->r, buf, len, LAN, &gso);
	assert_int_equal(t->r.n_out, 7);
	for (i = 0; i < 7; i++) {
		assert_true(ip_ok(rig_ip(&t->r, i) + 24));
		assert_true(l4_ok(rig_ip(&t->r, i) + 24));
		assert_int_equal(t->r.out[i].gso.flags, 0);
	}
	stop(t);
}

/* The first packet's fields are kept for queues, whatever is around. */
static void
test_preclassify(void **state)
{
	struct tun *t = start();

	(void)state;
	(void)send_in(t, (struct mk){ .payload = 9, .dport = 5060,
	    .tos = 0xb8 });
	assert_false(t->r.out[0].preclassified);
	t->ifc.qos_preclassify = true;
	rig_config(&t->r);
	(void)send_in(t, (struct mk){ .payload = 9, .dport = 5060,
	    .tos = 0xb8 });
	assert_true(t->r.out[0].preclassified);
	assert_int_equal(t->r.out[0].qos_flow.dport, 5060);
	assert_int_equal(t->r.out[0].qos_dscp, 46);
	assert_int_equal(t->r.out[0].flow.proto, PROTO_GRE);
	stop(t);
}

/* Time for the next keepalive: what is sent, and its answer. */
static void
tick(struct tun *t, bool answer)
{
	uint8_t back[100];
	const uint8_t *o;

	t->r.now += 10000;
	rig_clear_out(&t->r);
	rig_timeout(&t->r);
	assert_int_equal(t->r.n_out, 1);
	o = rig_ip(&t->r, 0);
	assert_int_equal(t->r.out[0].len, 56);
	assert_int_equal(t->r.out[0].out_port, WAN);
	assert_true(ip_ok(o) && ip_ok(o + 28));
	assert_int_equal(get32(o + IPH_DST), PEER);
	assert_int_equal(get32(o + 20), 0x20000800);
	assert_int_equal(get32(o + 28 + IPH_SRC), PEER);
	assert_int_equal(get32(o + 28 + IPH_DST), WAN_ADDR);
	assert_int_equal(get32(o + 28 + IPH_HDR), 0x20000000);
	assert_int_equal(get32(o + 28 + IPH_HDR + 4), 5);
	if (!answer)
		return;
	memcpy(back, o + 28, 28);
	ip_set_ttl(back, 254);
	rig_input(&t->r, back, 28, WAN);
	assert_int_equal(t->r.n_out, 0);
}

static void
test_keepalive(void **state)
{
	struct tun *t = start();
	unsigned i;

	(void)state;
	t->ifc.tunnel.has_key = true;
	t->ifc.tunnel.key = 5;
	t->ifc.tunnel.keepalive_secs = 10;
	t->ifc.tunnel.keepalive_retry = 3;
	rig_config(&t->r);
	for (i = 0; i < 5; i++)
		tick(t, true);
	assert_int_equal(t->r.n_tunnels, 0);
	for (i = 0; i < 3; i++) /* the third one waits yet */
		tick(t, false);
	assert_int_equal(t->r.n_tunnels, 0);
	tick(t, false);
	assert_int_equal(t->r.n_tunnels, 1);
	assert_false(t->r.answered);
	tick(t, false);
	tick(t, true);
	tick(t, true);
	assert_int_equal(t->r.n_tunnels, 2);
	assert_true(t->r.answered);
	for (i = 0; i < 4; i++)
		tick(t, false);
	assert_false(t->r.answered);
	/* who takes it away has nothing more to fear */
	t->ifc.tunnel.keepalive_secs = 0;
	rig_config(&t->r);
	rig_timeout(&t->r);
	assert_true(t->r.answered);
	assert_int_equal(rig_all_drops(&t->r), 0);
	stop(t);
}

/* ---- debug ip packet ---- */

/* The packet inside and the one around it, both ways. */
static void
test_debug(void **state)
{
	struct tun *t = start();

	(void)state;
	rig_hear();
	debug_set.levels[DBG_IP_PACKET] = DBG_EVENT | DBG_DETAIL;
	ipdebug_changed(t->r.f);
	send_in(t, (struct mk){ .sport = 7, .dport = 8 });
	rig_timeout(&t->r);
	assert_string_equal(rig_said, "IP: tableid=0, s=10.1.1.10 "
	    "(FastEthernet0/0), d=10.9.9.9 (Tunnel0), routed via FIB\n"
	    "IP: s=10.1.1.10 (FastEthernet0/0), d=10.9.9.9 (Tunnel0), "
	    "g=10.9.9.9, len 28, forward\n"
	    "    UDP src=7, dst=8\n"
	    "IP: tableid=0, s=192.0.2.1 (local), d=198.51.100.2 "
	    "(FastEthernet0/1), routed via FIB\n"
	    "IP: s=192.0.2.1 (local), d=198.51.100.2 (FastEthernet0/1), "
	    "len 52, sending, proto=47\n");
	rig_forget_said();
	receive(t, 0, 0);
	rig_timeout(&t->r);
	assert_string_equal(rig_said, "IP: s=198.51.100.2 (FastEthernet0/1), "
	    "d=192.0.2.1 (FastEthernet0/1), len 152, rcvd 3, proto=47\n"
	    "IP: tableid=0, s=10.9.9.9 (Tunnel0), d=10.1.1.10 "
	    "(FastEthernet0/0), routed via FIB\n"
	    "IP: s=10.9.9.9 (Tunnel0), d=10.1.1.10 (FastEthernet0/0), "
	    "g=10.1.1.10, len 128, forward\n"
	    "    UDP src=7, dst=8\n");
	memset(&debug_set, 0, sizeof(debug_set));
	stop(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_key_tos_ttl),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_cut_twice),
		cmocka_unit_test(test_pmtud),
		cmocka_unit_test(test_pmtud_crypto),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_recursive),
		cmocka_unit_test(test_map_inside),
		cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_preclassify),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_debug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
