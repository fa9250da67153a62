/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What NAT writes into packets: checksums in all their forms, ICMP errors
 * inside out, also those that lie, errors of this router itself, fragments.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig_nat.h"

static struct natrig n;
static uint8_t buf[4000], quote[4000];

#define UDP(a, ap, b, bp) mk_seen(PROTO_UDP, a, ap, b, bp)
#define TCP(a, ap, b, bp) mk_seen(PROTO_TCP, a, ap, b, bp)
#define PING(a, b, id) mk_seen(PROTO_ICMP, a, id, b, id)
#define CORE IP4(203, 0, 113, 254)

static int
setup(void **state UNUSED)
{
	natrig_start(&n);
	natrig_lan_list(&n, "1");
	natrig_list(&n, "1", NULL, true);
	natrig_commit(&n);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	natrig_end(&n);
	return 0;
}

static size_t
udp_packet(uint32_t src, uint32_t dst, unsigned payload)
{
	return mk_packet(buf, &(struct mk){ .src = src, .dst = dst,
	    .proto = PROTO_UDP, .sport = 4000, .dport = 53,
	    .payload = payload });
}

/* ---- checksums ---- */

static void
test_udp_without_sum(void **state UNUSED)
{
	size_t len = udp_packet(HOST_A, FAR_A, 30);

	put16(buf + 26, 0);
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(natrig_got(&n, WAN).src, WAN_ADDR);
	assert_int_equal(get16(n.r.bytes[0] + 26), 0);
}

/* A sum that comes out as 0 is sent as all ones: 0 means none. Payloads are
 * tried until it happens. */
static void
test_udp_sum_zero(void **state UNUSED)
{
	unsigned i, ones = 0;
	size_t len;

	for (i = 0; i < 0x10000 && ones == 0; i++) {
		len = udp_packet(HOST_A, FAR_A, 2);
		put16(buf + 26, 0);
		put16(buf + 28, i);
		put16(buf + 26, sum_end(sum_add(sum_pseudo(buf, 10),
		    buf + 20, 10)));
		if (get16(buf + 26) == 0)
			continue;
		rig_input(&n.r, buf, len, LAN);
		assert_true(sums_ok(n.r.bytes[0], 30));
		assert_int_not_equal(get16(n.r.bytes[0] + 26), 0);
		ones += get16(n.r.bytes[0] + 26) == 0xffff;
	}
	assert_int_equal(ones, 1);
}

/* What was damaged on its way stays so. */
static void
test_damage_is_kept(void **state UNUSED)
{
	size_t len = udp_packet(HOST_A, FAR_A, 30);

	buf[40] ^= 0x10;
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(n.r.n_out, 1);
	assert_int_equal(seen_of(n.r.bytes[0]).src, WAN_ADDR);
	assert_false(sums_ok(n.r.bytes[0], n.r.out[0].len));
	n.r.bytes[0][40] ^= 0x10;
	assert_true(sums_ok(n.r.bytes[0], n.r.out[0].len));
}

/* The checksum is left to the device: it adds from the TCP header on, over
 * ports that have changed. */
static void
test_partial_sum(void **state UNUSED)
{
	struct pkt_gso gso = { .flags = GSO_F_NEEDS_CSUM, .csum_start = 20,
		.csum_offset = 16 };
	unsigned other;
	uint8_t *b;
	size_t len;

	/* so that the port changes too */
	natrig_send(&n, LAN, TCP(HOST_B, 4000, FAR_A, 80), TCP_SYN);
	for (other = 0; other < 2; other++) {
		len = mk_packet(buf, &(struct mk){ .src = HOST_A, .dst = FAR_A,
		    .proto = PROTO_TCP, .sport = 4000, .dport = 80,
		    .tcp_flags = TCP_SYN, .payload = 1201 });
		put16(buf + 36, (uint16_t)~sum_end(sum_pseudo(buf,
		    (unsigned)len - 20)));
		gso.gso_type = other == 0 ? GSO_NONE : GSO_TCPV4;
		gso.gso_size = other == 0 ? 0 : 500;
		rig_input_gso(&n.r, buf, len, LAN, &gso);
		assert_int_equal(n.r.n_out, 1);
		assert_int_equal(n.r.out[0].gso.flags, GSO_F_NEEDS_CSUM);
		b = n.r.bytes[0];
		put16(b + 36, sum_end(sum_add(0, b + 20,
		    (unsigned)len - 20)));
		assert_true(sums_ok(b, (unsigned)len));
		assert_int_equal(seen_of(b).src, WAN_ADDR);
		assert_int_not_equal(seen_of(b).sport, 4000);
	}
}

static void
test_ip_options(void **state UNUSED)
{
	uint8_t opt[200];
	size_t len = udp_packet(HOST_A, FAR_A, 31);

	memcpy(opt, buf, 20);
	memset(opt + 20, 1, 8); /* no operation */
	memcpy(opt + 28, buf + 20, len - 20);
	opt[0] = 0x47;
	ip_finish(opt, 28, (unsigned)len + 8);
	rig_input(&n.r, opt, len + 8, LAN);
	assert_int_equal(n.r.n_out, 1);
	assert_true(sums_ok(n.r.bytes[0], n.r.out[0].len));
	assert_int_equal(seen_of(n.r.bytes[0]).src, WAN_ADDR);
}

static void
test_cut_short(void **state UNUSED)
{
	static const struct { uint8_t proto; unsigned len; } rows[] = {
		{ PROTO_UDP, 0 }, { PROTO_UDP, 7 }, { PROTO_TCP, 17 },
		{ PROTO_ICMP, 7 },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++) {
		mk_packet(buf, &(struct mk){ .src = HOST_A, .dst = FAR_A,
		    .proto = rows[i].proto, .sport = 0x0800, .dport = 5 });
		ip_finish(buf, 20, 20 + rows[i].len);
		rig_input(&n.r, buf, 20 + rows[i].len, LAN);
		assert_int_equal(n.r.n_out, 0);
		assert_int_equal(rig_drops(&n.r, DROP_NAT_HEADER), i + 1);
	}
}

/* ---- ICMP errors ---- */

/* An error of `from` to `to` that quotes len octets of a packet. */
static size_t
mk_error(uint32_t from, uint32_t to, uint8_t type, const uint8_t *packet,
    size_t len)
{
	uint8_t *icmp = buf + 20;

	memset(buf, 0, 28);
	buf[0] = 0x45;
	buf[IPH_TTL] = 60;
	buf[IPH_PROTO] = PROTO_ICMP;
	put32(buf + IPH_SRC, from);
	put32(buf + IPH_DST, to);
	ip_finish(buf, 20, (unsigned)(28 + len));
	icmp[0] = type;
	icmp[1] = 1;
	memmove(icmp + 8, packet, len);
	put16(icmp + 2, sum_end(sum_add(0, icmp, 8 + len)));
	return 28 + len;
}

static void
assert_error(uint16_t port, uint32_t src, uint32_t dst, struct seen inner,
    bool whole)
{
	const uint8_t *b = n.r.bytes[0];
	struct seen in;

	assert_int_equal(n.r.n_out, 1);
	assert_int_equal(n.r.out[0].out_port, port);
	assert_true(sums_ok(b, n.r.out[0].len));
	assert_int_equal(get32(b + IPH_SRC), src);
	assert_int_equal(get32(b + IPH_DST), dst);
	in = seen_of(b + 28);
	assert_int_equal(in.src, inner.src);
	assert_int_equal(in.dst, inner.dst);
	assert_int_equal(in.sport, inner.sport);
	assert_int_equal(in.dport, inner.dport);
	assert_int_equal(sum_end(sum_add(0, b + 28, 20)), 0);
	if (whole)
		assert_true(sums_ok(b + 28, get16(b + 30)));
}

/* The packet that natrig_send() has just brought out, as somebody saw it. */
static size_t
quote_last(void)
{
	assert_int_equal(n.r.n_out, 1);
	memcpy(quote, n.r.bytes[0], n.r.out[0].len);
	return n.r.out[0].len;
}

/* By the far host and by a router on the way, whole and cut to 8 octets, of
 * each protocol, with a port that was changed. */
static void
test_error_from_outside(void **state UNUSED)
{
	static const uint8_t types[] = { ICMP_UNREACH, ICMP_QUENCH,
		ICMP_REDIRECT, ICMP_TIME_EXCEEDED, ICMP_PARAM };
	const struct seen rows[] = { UDP(HOST_A, 4000, FAR_A, 53),
		TCP(HOST_A, 4000, FAR_A, 53), PING(HOST_A, FAR_A, 4000) };
	struct seen taken;
	size_t i, j, cut, len;

	for (i = 0; i < NELEM(rows); i++) {
		taken = rows[i];
		taken.src = HOST_B;
		natrig_send(&n, LAN, taken, 0);
		for (j = 0; j < 2 * NELEM(types); j++) {
			natrig_send(&n, LAN, rows[i], 0);
			assert_int_not_equal(natrig_got(&n, WAN).sport, 4000);
			len = quote_last();
			cut = j % 2 == 0 ? len : 28;
			len = mk_error(j < 5 ? CORE : FAR_A, WAN_ADDR,
			    types[j / 2], quote, cut);
			rig_input(&n.r, buf, len, WAN);
			assert_error(LAN, j < 5 ? CORE : FAR_A, HOST_A,
			    rows[i], j % 2 == 0);
		}
	}
}

/* Of a host and of a router inside: nobody outside knows their addresses. */
static void
test_error_from_inside(void **state UNUSED)
{
	size_t len;

	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	natrig_send(&n, WAN, UDP(FAR_A, 9, POOL_1, 53), 0);
	len = quote_last();
	len = mk_error(HOST_B, FAR_A, ICMP_UNREACH, quote, len);
	rig_input(&n.r, buf, len, LAN);
	assert_error(WAN, POOL_1, FAR_A, UDP(FAR_A, 9, POOL_1, 53), true);
	natrig_send(&n, WAN, UDP(FAR_A, 9, POOL_1, 53), 0);
	len = quote_last();
	len = mk_error(IP4(10, 1, 1, 99), FAR_A, ICMP_TIME_EXCEEDED, quote,
	    28);
	rig_input(&n.r, buf, len, LAN);
	assert_error(WAN, POOL_1, FAR_A, UDP(FAR_A, 9, POOL_1, 53), false);
	/* nor the port that one of them has there */
	natrig_static_port(&n, PROTO_UDP, HOST_A, 53, WAN_ADDR, 5353);
	natrig_commit(&n);
	natrig_send(&n, WAN, UDP(FAR_A, 9, WAN_ADDR, 5353), 0);
	len = quote_last();
	assert_int_equal(get16(quote + 22), 53);
	len = mk_error(HOST_A, FAR_A, ICMP_UNREACH, quote, len);
	rig_input(&n.r, buf, len, LAN);
	assert_error(WAN, WAN_ADDR, FAR_A, UDP(FAR_A, 9, WAN_ADDR, 5353),
	    true);
}

static uint32_t
walk_left(uint8_t *tcp)
{
	struct nat_view v[8];
	uint32_t at = 0;

	assert_int_equal(nat_walk(n.r.f, &at, v, 8), 1);
	*tcp = v[0].tcp;
	return v[0].left;
}

/* Errors whose inside is none of ours, or is no packet: they change nothing,
 * and for this router they go on. */
static void
test_lies(void **state UNUSED)
{
	uint32_t left, was;
	uint8_t tcp;
	size_t len, i, before = 0;

	natrig_send(&n, LAN, TCP(HOST_A, 4000, FAR_A, 80), TCP_SYN);
	len = quote_last();
	n.r.now += 10000;
	was = walk_left(&tcp);
	assert_int_equal(was, 50);
	for (i = 0; i < 9; i++) {
		size_t cut = len;

		quote_last();
		mk_packet(quote, &(struct mk){ .src = WAN_ADDR, .dst = FAR_A,
		    .proto = PROTO_TCP, .sport = 4000, .dport = 80,
		    .tcp_flags = TCP_RST, .payload = 1 });
		switch (i) {
		case 0: put16(quote + 20, 4001); break;
		case 1: put32(quote + 16, FAR_B); break;
		case 2: quote[9] = PROTO_UDP; break;
		case 3: quote[0] = 0x4f; break;
		case 4: quote[0] = 0x65; break;
		case 5: put16(quote + 6, 100); break;
		case 6: cut = 27; break;
		case 7: cut = 0; break;
		case 8: put32(quote + 12, POOL_1); break;
		}
		len = mk_error(CORE, WAN_ADDR, ICMP_UNREACH, quote,
		    cut < 41 ? cut : 41);
		memcpy(quote, buf, len);
		rig_input(&n.r, buf, len, WAN);
		assert_int_equal(n.r.n_out, 1);
		assert_int_equal(n.r.out[0].out_port, PORT_LOCAL);
		assert_memory_equal(n.r.bytes[0], quote, len);
		assert_int_equal(natrig_stats(&n).icmp_strange, ++before);
		left = walk_left(&tcp);
		assert_int_equal(left, was);
		assert_int_equal(tcp, NAT_TCP_SYN);
		natrig_send(&n, WAN, TCP(FAR_A, 1, WAN_ADDR, 2), 0);
	}
	/* a true one, about an entry: not even that refreshes it, nor does
	 * the RST that it holds end it */
	mk_packet(quote, &(struct mk){ .src = WAN_ADDR, .dst = FAR_A,
	    .proto = PROTO_TCP, .sport = 4000, .dport = 80,
	    .tcp_flags = TCP_RST });
	len = mk_error(CORE, WAN_ADDR, ICMP_UNREACH, quote, 40);
	rig_input(&n.r, buf, len, WAN);
	assert_error(LAN, CORE, HOST_A, TCP(HOST_A, 4000, FAR_A, 80), true);
	assert_int_equal(walk_left(&tcp), was);
	assert_int_equal(tcp, NAT_TCP_SYN);
	/* sent to another address than the quoted packet came from */
	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	len = mk_error(CORE, POOL_1, ICMP_UNREACH, quote, 40);
	rig_input(&n.r, buf, len, WAN);
	assert_int_equal(natrig_stats(&n).icmp_strange, before + 1);
}

/* From inside about nothing: it would leave with a private address. */
static void
test_strange_from_inside(void **state UNUSED)
{
	size_t len;

	(void)udp_packet(FAR_A, HOST_A, 10);
	memcpy(quote, buf, 38);
	len = mk_error(HOST_A, FAR_A, ICMP_UNREACH, quote, 38);
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(n.r.n_out, 0);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_ICMP), 1);
	/* nobody has an error about an error to tell of (RFC 1122, 3.2.2) */
	natrig_static(&n, HOST_B, POOL_1);
	natrig_commit(&n);
	len = mk_error(FAR_A, HOST_B, ICMP_UNREACH, quote, 28);
	memcpy(quote, buf, len);
	len = mk_error(HOST_B, FAR_A, ICMP_UNREACH, quote, len);
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(n.r.n_out, 0);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_ICMP), 2);
}

/* This router refuses a packet behind NAT: its sender finds his own packet in
 * the error. Then one that came in, before routing. */
static void
test_own_errors(void **state UNUSED)
{
	struct ace no = mk_ace(ACE_DENY, 0, 0, ~0u, FAR_B, 0);
	size_t len;

	n.r.ifs[1].ip_mtu = 600;
	rig_acl(&n.r, "101", &no, 1);
	str_copy(n.r.ifs[1].acl_out, "101", CONF_NAME);
	natrig_commit(&n);
	natrig_send(&n, LAN, UDP(HOST_A, 4000, FAR_B, 53), 0);
	assert_int_equal(rig_drops(&n.r, DROP_ACL_OUT), 1);
	assert_error(LAN, LAN_ADDR, HOST_A, UDP(HOST_A, 4000, FAR_B, 53),
	    true);
	n.r.ifs[1].acl_out[0] = '\0';
	natrig_commit(&n);
	len = mk_packet(buf, &(struct mk){ .src = HOST_A, .dst = FAR_A,
	    .proto = PROTO_UDP, .sport = 4000, .dport = 53,
	    .frag = IPH_DF, .payload = 1000 });
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(rig_drops(&n.r, DROP_MTU), 1);
	assert_error(LAN, LAN_ADDR, HOST_A, UDP(HOST_A, 4000, FAR_A, 53),
	    false);
	/* a big one may be cut; its pieces are of the translated packet */
	put16(buf + IPH_FRAG, 0);
	ip_finish(buf, 20, (unsigned)len);
	rig_input(&n.r, buf, len, LAN);
	assert_int_equal(n.r.n_out, 2);
	assert_int_equal(get32(n.r.bytes[1] + IPH_SRC), WAN_ADDR);
	len = mk_packet(buf, &(struct mk){ .src = FAR_A, .dst = WAN_ADDR,
	    .proto = PROTO_UDP, .sport = 53, .dport = 4000, .ttl = 1,
	    .payload = 9 });
	rig_input(&n.r, buf, len, WAN);
	assert_int_equal(rig_drops(&n.r, DROP_TTL), 1);
	assert_error(WAN, WAN_ADDR, FAR_A, UDP(FAR_A, 53, WAN_ADDR, 4000),
	    true);
}

/* ---- fragments ---- */

static void
frag_in(uint16_t port, uint32_t src, uint32_t dst, uint16_t id,
    unsigned field)
{
	size_t len = mk_packet(buf, &(struct mk){ .src = src, .dst = dst,
	    .proto = PROTO_UDP, .sport = 4000, .dport = 53, .id = id,
	    .frag = (uint16_t)field, .payload = 24 });

	if ((field & IPH_OFFMASK) != 0)
		memset(buf + 20, 0xee, 12);
	rig_input(&n.r, buf, len, port);
}

static void
assert_frag(uint16_t port, uint32_t src, uint32_t dst)
{
	assert_int_equal(n.r.n_out, 1);
	assert_int_equal(n.r.out[0].out_port, port);
	assert_true(sums_ok(n.r.bytes[0], n.r.out[0].len));
	assert_int_equal(get32(n.r.bytes[0] + IPH_SRC), src);
	assert_int_equal(get32(n.r.bytes[0] + IPH_DST), dst);
}

static void
test_fragments(void **state UNUSED)
{
	uint16_t i;

	frag_in(LAN, HOST_A, FAR_A, 7, IPH_MF);
	assert_frag(WAN, WAN_ADDR, FAR_A);
	for (i = 1; i < 9; i++) {
		frag_in(LAN, HOST_A, FAR_A, 7, i * 4u | (i < 8 ? IPH_MF : 0));
		assert_frag(WAN, WAN_ADDR, FAR_A);
		/* octets where others have ports are data */
		assert_int_equal(n.r.bytes[0][20], 0xee);
	}
	mk_packet(buf, &(struct mk){ .src = FAR_A, .dst = WAN_ADDR,
	    .proto = PROTO_UDP, .sport = 53, .dport = 4000, .id = 8,
	    .frag = IPH_MF, .payload = 24 });
	rig_input(&n.r, buf, 52, WAN);
	assert_frag(LAN, FAR_A, HOST_A);
	frag_in(WAN, FAR_A, WAN_ADDR, 8, 4);
	assert_frag(LAN, FAR_A, HOST_A);
	/* of another packet, or too late */
	frag_in(LAN, HOST_A, FAR_A, 9, 4);
	assert_int_equal(n.r.n_out, 0);
	n.r.now += 15000;
	frag_in(LAN, HOST_A, FAR_A, 7, 4);
	assert_int_equal(n.r.n_out, 0);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 1);
	n.r.now += 1000;
	frag_in(LAN, HOST_A, FAR_A, 10, IPH_MF);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 2);
	assert_int_equal(natrig_stats(&n).fragments, 2);
}

/* What came out of that port, in the order of the octets in the packet. */
static void
assert_frags(uint16_t port, unsigned count, uint32_t src, uint32_t dst)
{
	unsigned i;

	assert_int_equal(n.r.n_out, count);
	for (i = 0; i < count; i++) {
		assert_int_equal(n.r.out[i].out_port, port);
		assert_true(sums_ok(n.r.bytes[i], n.r.out[i].len));
		assert_int_equal(get32(n.r.bytes[i] + IPH_SRC), src);
		assert_int_equal(get32(n.r.bytes[i] + IPH_DST), dst);
		assert_int_equal((get16(n.r.bytes[i] + IPH_FRAG) &
		    IPH_OFFMASK) != 0, i > 0);
		if (i > 0)
			assert_int_equal(n.r.bytes[i][20], 0xee);
	}
}

/* The first one comes last: the others have waited for it, out, in, and to
 * the router itself. */
static void
test_fragments_late(void **state UNUSED)
{
	unsigned i;

	for (i = 1; i < 4; i++) {
		frag_in(LAN, HOST_A, FAR_A, 7, i * 4u | (i < 3 ? IPH_MF : 0));
		assert_int_equal(n.r.n_out, 0);
	}
	frag_in(LAN, HOST_A, FAR_A, 7, IPH_MF);
	assert_frags(WAN, 4, WAN_ADDR, FAR_A);
	frag_in(WAN, FAR_A, WAN_ADDR, 8, 4);
	assert_int_equal(n.r.n_out, 0);
	mk_packet(buf, &(struct mk){ .src = FAR_A, .dst = WAN_ADDR,
	    .proto = PROTO_UDP, .sport = 53, .dport = 4000, .id = 8,
	    .frag = IPH_MF, .payload = 24 });
	rig_input(&n.r, buf, 52, WAN);
	assert_frags(LAN, 2, FAR_A, HOST_A);
	frag_in(WAN, FAR_B, WAN_ADDR, 9, 4);
	assert_int_equal(n.r.n_out, 0);
	frag_in(WAN, FAR_B, WAN_ADDR, 9, IPH_MF);
	assert_frags(PORT_LOCAL, 2, FAR_B, WAN_ADDR);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 0);
}

/* Of several packets each waits for its own first one, and no longer than its
 * time. */
static void
test_fragments_apart(void **state UNUSED)
{
	uint16_t id;

	for (id = 20; id < 23; id++)
		frag_in(LAN, HOST_A, FAR_A, id, 4);
	for (id = 22; id > 20; id--) {
		frag_in(LAN, HOST_A, FAR_A, id, IPH_MF);
		assert_frags(WAN, 2, WAN_ADDR, FAR_A);
		assert_int_equal(get16(n.r.bytes[1] + IPH_ID), id);
		assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 0);
	}
	/* it is in nobody's way */
	for (id = 100; id < 101 + NAT_HELD; id++) {
		frag_in(LAN, HOST_A, FAR_A, id, 4);
		frag_in(LAN, HOST_A, FAR_A, id, IPH_MF);
		assert_frags(WAN, 2, WAN_ADDR, FAR_A);
	}
	frag_in(LAN, HOST_A, FAR_A, 20, IPH_MF);
	assert_frags(WAN, 2, WAN_ADDR, FAR_A);
	frag_in(LAN, HOST_A, FAR_A, 23, 4);
	n.r.now += 1000;
	frag_in(LAN, HOST_A, FAR_A, 23, IPH_MF);
	assert_frags(WAN, 1, WAN_ADDR, FAR_A);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 1);
}

/* More than can wait: the oldest go, each counts once, and what comes then is
 * as it was. */
static void
test_fragments_late_flood(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 20000; i++) {
		frag_in(i % 2 == 0 ? LAN : WAN, i % 2 == 0 ? HOST_A : FAR_A,
		    i % 2 == 0 ? FAR_A : WAN_ADDR, (uint16_t)i, 4);
		assert_int_equal(n.r.n_out, 0);
	}
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 20000 - NAT_HELD);
	frag_in(LAN, HOST_A, FAR_A, 19998, IPH_MF);
	assert_frags(WAN, 2, WAN_ADDR, FAR_A);
	n.r.now += 1000;
	frag_in(LAN, HOST_A, FAR_A, 19996, IPH_MF);
	assert_frags(WAN, 1, WAN_ADDR, FAR_A);
	assert_int_equal(rig_drops(&n.r, DROP_NAT_FRAGMENT), 20000 - 1);
}

/* Where the whole address is translated, or nothing is, order is no matter. */
static void
test_fragments_simple(void **state UNUSED)
{
	natrig_static(&n, HOST_B, POOL_1);
	natrig_static_port(&n, PROTO_UDP, IP4(10, 5, 5, 5), 4000, POOL_1 + 1,
	    4000);
	natrig_commit(&n);
	frag_in(LAN, HOST_B, FAR_A, 7, 4);
	assert_frag(WAN, POOL_1, FAR_A);
	frag_in(WAN, FAR_A, POOL_1, 7, 4);
	assert_frag(LAN, FAR_A, HOST_B);
	frag_in(LAN, IP4(10, 3, 3, 3), FAR_A, 7, 4);
	assert_frag(WAN, IP4(10, 3, 3, 3), FAR_A);
	frag_in(LAN, IP4(10, 5, 5, 5), FAR_A, 7, 4);
	assert_int_equal(n.r.n_out, 0);
	frag_in(LAN, IP4(10, 5, 5, 5), FAR_A, 7, IPH_MF);
	assert_int_equal(n.r.n_out, 2);
}

/* A flood of first fragments takes no more room than there is; the newest
 * are known. */
static void
test_fragment_flood(void **state UNUSED)
{
	unsigned i;

	for (i = 0; i < 20000; i++)
		frag_in(LAN, HOST_A, FAR_A, (uint16_t)i, IPH_MF);
	frag_in(LAN, HOST_A, FAR_A, 19999, 4);
	assert_frag(WAN, WAN_ADDR, FAR_A);
}

int
main(void)
{
#define NAT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		NAT_TEST(test_udp_without_sum),
		NAT_TEST(test_udp_sum_zero),
		NAT_TEST(test_damage_is_kept),
		NAT_TEST(test_partial_sum),
		NAT_TEST(test_ip_options),
		NAT_TEST(test_cut_short),
		NAT_TEST(test_error_from_outside),
		NAT_TEST(test_error_from_inside),
		NAT_TEST(test_lies),
		NAT_TEST(test_strange_from_inside),
		NAT_TEST(test_own_errors),
		NAT_TEST(test_fragments),
		NAT_TEST(test_fragments_simple),
		NAT_TEST(test_fragments_late),
		NAT_TEST(test_fragments_apart),
		NAT_TEST(test_fragments_late_flood),
		NAT_TEST(test_fragment_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
