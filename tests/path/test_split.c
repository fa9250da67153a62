/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that do not fit: fragments before encryption, ICMP with the
 * plaintext MTU, segments of the kernel cut to packets, checksums completed,
 * ESP fragments of the core put together, segments merged again.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/merge.h"
#include "rig.h"

static uint8_t buf[70000], whole[70000];

#define TO_FAR .src = LAN_HOST, .dst = FAR_HOST
#define TO_LAN .src = FAR_HOST, .dst = LAN_HOST

static struct rig *
rig_of(const struct esp_transform *t)
{
	struct rig *r = malloc(sizeof(*r));
	struct ace any = ace_any(ACE_PERMIT);

	rig_start(r);
	if (t != NULL) {
		rig_policy(r, SA_DIR_BOTH, &any, 1);
		rig_tek(r, 0x1000, 0, *t, 3600000);
	}
	return r;
}

static void
drop_rig(struct rig *r)
{
	rig_end(r);
	free(r);
}

/* The payload of what left, in order; every packet within mtu. */
static size_t
collect(const struct rig *r, unsigned mtu, uint8_t *out)
{
	size_t len = 0, at;
	unsigned i;

	for (i = 0; i < r->n_out; i++) {
		const uint8_t *ip = rig_ip(r, i);

		assert_true(r->out[i].len <= mtu);
		assert_true(ip_ok(ip));
		at = (get16(ip + IPH_FRAG) & IPH_OFFMASK) * 8u;
		memcpy(out + at, ip + IPH_HDR, r->out[i].len - IPH_HDR);
		if (at + r->out[i].len - IPH_HDR > len)
			len = at + r->out[i].len - IPH_HDR;
	}
	return len;
}

/* The plaintext MTU is the oracle of ios-getvpn 2.11: a packet of that size
 * passes whole, one more octet gets ICMP with it, or two fragments. */
static void
test_plaintext_mtu(void **state)
{
	static const struct { struct esp_transform t; unsigned mtu; } rows[] = {
		{ { ESP_AES_CBC, ESP_AUTH_SHA1, 128 }, 1438 },
		{ { ESP_AES_CBC, ESP_AUTH_SHA256, 256 }, 1438 },
		{ { ESP_AES_CBC, ESP_AUTH_SHA512, 256 }, 1422 },
		{ { ESP_3DES, ESP_AUTH_SHA1, 192 }, 1446 },
		{ { ESP_AES_GCM, ESP_AUTH_NONE, 128 }, 1446 },
	};
	struct mk mk = { TO_FAR, PROTO_UDP, .frag = IPH_DF };
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = rig_of(&rows[i].t);

		mk.frag = IPH_DF;
		mk.payload = rows[i].mtu - 28;
		len = mk_packet(buf, &mk);
		rig_input(r, buf, len, LAN);
		assert_int_equal(r->n_out, 1);
		assert_true(r->out[0].encrypted);
		assert_true(r->out[0].len <= 1500);
		mk.payload++;
		len = mk_packet(buf, &mk);
		rig_input(r, buf, len, LAN);
		assert_int_equal(rig_drops(r, DROP_MTU), 1);
		assert_int_equal(r->n_out, 1);
		assert_int_equal(r->out[0].out_port, LAN);
		assert_int_equal(get16(rig_ip(r, 0) + 20), 0x304);
		assert_int_equal(get16(rig_ip(r, 0) + 26), rows[i].mtu);
		mk.frag = 0;
		len = mk_packet(buf, &mk);
		rig_input(r, buf, len, LAN);
		assert_int_equal(r->n_out, 2);
		assert_true(r->out[0].encrypted && r->out[1].encrypted);
		assert_true(r->out[0].len <= 1500);
		drop_rig(r);
	}
}

static void
test_fragments_clear(void **state)
{
	struct rig *r = rig_of(NULL);
	size_t len, n;

	(void)state;
	r->ifs[1].ip_mtu = 576;
	rig_config(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP, .id = 321,
	    .payload = 3000 });
	rig_input(r, buf, len, LAN);
	assert_int_equal(r->n_out, 6);
	n = collect(r, 576, whole);
	assert_int_equal(n, len - IPH_HDR);
	assert_memory_equal(whole, buf + IPH_HDR, n);
	assert_int_equal(get16(rig_ip(r, 0) + IPH_ID), 321);
	assert_int_equal(get16(rig_ip(r, 4) + IPH_FRAG) & IPH_MF, IPH_MF);
	assert_int_equal(get16(rig_ip(r, 5) + IPH_FRAG) & IPH_MF, 0);
	/* a fragment that is cut again keeps its place */
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
	    .frag = IPH_MF | 50, .payload = 992 });
	rig_input(r, buf, len, LAN);
	assert_int_equal(r->n_out, 2);
	assert_int_equal(get16(rig_ip(r, 0) + IPH_FRAG), IPH_MF | 50);
	assert_int_equal(get16(rig_ip(r, 1) + IPH_FRAG), IPH_MF | (50 + 69));
	drop_rig(r);
}

/* df-bit clear: fragments although DF is set, with a number of their own. */
static void
test_df_clear(void **state)
{
	struct rig *r = rig_of(&rig_aes_sha1), *b = rig_of(&rig_aes_sha1);
	size_t len, n = 0;
	unsigned i;

	(void)state;
	r->ifs[1].df_bit = DF_CLEAR;
	rig_config(r);
	fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	len = mk_packet(buf, &(struct mk){ TO_LAN, PROTO_UDP, .frag = IPH_DF,
	    .payload = 4000 });
	rig_input(r, buf, len, LAN);
	assert_int_equal(r->n_out, 3);
	/* the far end forwards fragments of one packet */
	for (i = 0; i < 3; i++) {
		const uint8_t *ip;
		size_t at;

		rig_input(b, rig_ip(r, i), r->out[i].len, WAN);
		assert_int_equal(b->n_out, 1);
		ip = rig_ip(b, 0);
		at = (get16(ip + IPH_FRAG) & IPH_OFFMASK) * 8u;
		memcpy(whole + at, ip + IPH_HDR, b->out[0].len - IPH_HDR);
		n += b->out[0].len - IPH_HDR;
		assert_int_equal(get16(ip + IPH_FRAG) & IPH_DF, 0);
		assert_int_not_equal(get16(ip + IPH_ID), 0);
	}
	assert_int_equal(n, len - IPH_HDR);
	assert_memory_equal(whole, buf + IPH_HDR, n);
	drop_rig(r);
	drop_rig(b);
}

static struct pkt_gso
tcp_gso(uint16_t size)
{
	return (struct pkt_gso){ .flags = GSO_F_NEEDS_CSUM,
		.gso_type = GSO_TCPV4, .hdr_len = 40, .gso_size = size,
		.csum_start = 20, .csum_offset = 16 };
}

/* What Linux leaves in the field: the sum of the pseudo header. */
static void
partial(uint8_t *ip, unsigned at)
{
	put16(ip + at, ~sum_end(sum_pseudo(ip, get16(ip + IPH_LEN) - 20u)) &
	    0xffff);
}

static void
check_segments(struct rig *r, struct rig *b, unsigned first, size_t total)
{
	size_t n = 0;
	unsigned i;

	for (i = first; i < r->n_out; i++) {
		const uint8_t *ip;
		unsigned flags;

		rig_input(b, rig_ip(r, i), r->out[i].len, WAN);
		assert_int_equal(b->n_out, 1);
		ip = rig_ip(b, 0);
		assert_true(l4_ok(ip));
		assert_int_equal(get32(ip + 24), 1000 + n);
		flags = ip[33];
		assert_int_equal(flags, i + 1 == r->n_out ?
		    TCP_ACK | TCP_PSH | TCP_FIN : TCP_ACK);
		assert_memory_equal(ip + 40, buf + 40 + n,
		    b->out[0].len - 40);
		n += b->out[0].len - 40;
	}
	assert_int_equal(n, total);
}

static void
test_segments(void **state)
{
	static const struct { unsigned total; uint16_t size; unsigned want; }
	rows[] = {
		{ 64000, 1398, 46 }, { 64000, 1000, 64 }, { 65495, 536, 123 },
		{ 1399, 1398, 2 }, { 2796, 1398, 2 },
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = rig_of(&rig_aes_sha1);
		struct rig *b = rig_of(&rig_aes_sha1);
		struct pkt_gso gso = tcp_gso(rows[i].size);

		fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
		len = mk_packet(buf, &(struct mk){ TO_LAN, PROTO_TCP,
		    .frag = IPH_DF, .tcp_flags = TCP_ACK | TCP_PSH | TCP_FIN,
		    .payload = rows[i].total });
		partial(buf, 36);
		rig_input_gso(r, buf, len, LAN, &gso);
		assert_int_equal(r->n_out, rows[i].want);
		check_segments(r, b, 0, rows[i].total);
		drop_rig(r);
		drop_rig(b);
	}
}

/* A segment size that does not fit: with DF the source is told. */
static void
test_segment_too_big(void **state)
{
	struct rig *r = rig_of(&rig_aes_sha1);
	struct pkt_gso gso = tcp_gso(1460);
	size_t len;

	(void)state;
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_TCP, .frag = IPH_DF,
	    .tcp_flags = TCP_ACK, .payload = 20000 });
	partial(buf, 36);
	rig_input_gso(r, buf, len, LAN, &gso);
	assert_int_equal(r->n_out, 1);
	assert_int_equal(get16(rig_ip(r, 0) + 20), 0x304);
	assert_int_equal(get16(rig_ip(r, 0) + 26), 1438);
	/* df-bit clear: smaller segments */
	r->ifs[1].df_bit = DF_CLEAR;
	rig_config(r);
	rig_input_gso(r, buf, len, LAN, &gso);
	assert_int_equal(r->n_out, (20000 + 1397) / 1398);
	drop_rig(r);
}

/* Clear packets keep what the kernel left to the device. */
static void
test_gso_clear(void **state)
{
	struct rig *r = rig_of(NULL);
	struct pkt_gso gso = tcp_gso(1460), bad;
	size_t len;

	(void)state;
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_TCP, .frag = IPH_DF,
	    .tcp_flags = TCP_ACK, .payload = 20000 });
	partial(buf, 36);
	rig_input_gso(r, buf, len, LAN, &gso);
	assert_int_equal(r->n_out, 1);
	assert_memory_equal(&r->out[0].gso, &gso, sizeof(gso));
	assert_int_equal(r->out[0].len, len);
	/* requests that make no sense */
	bad = gso;
	bad.gso_type = 77;
	rig_input_gso(r, buf, len, LAN, &bad);
	bad = gso;
	bad.gso_size = 0;
	rig_input_gso(r, buf, len, LAN, &bad);
	bad = gso;
	bad.csum_start = 19;
	rig_input_gso(r, buf, len, LAN, &bad);
	bad = gso;
	bad.csum_offset = 65535;
	rig_input_gso(r, buf, len, LAN, &bad);
	bad = gso;
	bad.csum_start = 65535;
	rig_input_gso(r, buf, len, LAN, &bad);
	assert_int_equal(rig_drops(r, DROP_BAD_OFFLOAD), 5);
	drop_rig(r);
}

static void
test_checksum_completed(void **state)
{
	struct rig *r = rig_of(&rig_aes_sha1), *b = rig_of(&rig_aes_sha1);
	struct pkt_gso gso = { .flags = GSO_F_NEEDS_CSUM, .csum_start = 20,
		.csum_offset = 6 };
	size_t len;

	(void)state;
	fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	len = mk_packet(buf, &(struct mk){ TO_LAN, PROTO_UDP,
	    .payload = 333 });
	partial(buf, 26);
	rig_input_gso(r, buf, len, LAN, &gso);
	assert_int_equal(r->out[0].gso.flags, 0);
	rig_input(b, rig_ip(r, 0), r->out[0].len, WAN);
	assert_int_equal(b->n_out, 1);
	assert_true(l4_ok(rig_ip(b, 0)));
	drop_rig(r);
	drop_rig(b);
}

/* A burst keeps its order around a packet that is cut. */
static void
test_order(void **state)
{
	struct rig *r = rig_of(&rig_aes_sha1);
	struct pkt p[3], *pp[3] = { &p[0], &p[1], &p[2] };
	uint8_t *bufs[3];
	unsigned i;
	size_t len;

	(void)state;
	for (i = 0; i < 3; i++) {
		bufs[i] = calloc(1, PKT_BUF_SIZE);
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
		    .payload = i == 1 ? 3000 : 10 });
		p[i] = rig_pkt(bufs[i], buf, len, LAN);
	}
	fwd_input(r->f, pp, 3);
	assert_int_equal(r->n_out, 5);
	for (i = 0; i < 5; i++)
		assert_int_equal(get32(rig_ip(r, i) + 24), i + 1);
	for (i = 0; i < 3; i++)
		free(bufs[i]);
	drop_rig(r);
}

/* ---- ESP fragments of the core ---- */

static size_t
esp_fragment(const uint8_t *esp, size_t total, unsigned at, unsigned n,
    uint8_t *out)
{
	memcpy(out, esp, IPH_HDR);
	memcpy(out + IPH_HDR, esp + IPH_HDR + at, n);
	put16(out + IPH_FRAG, at / 8 |
	    (IPH_HDR + at + n < total ? IPH_MF : 0));
	ip_finish(out, IPH_HDR, IPH_HDR + n);
	return IPH_HDR + n;
}

static void
test_reassembly(void **state)
{
	static const unsigned orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 },
		{ 2, 0, 3, 1 } };
	struct rig *r = rig_of(&rig_aes_sha1), *b;
	uint8_t esp[2000], f[600];
	size_t len, total, n;
	unsigned i, j, at;

	(void)state;
	fwd_routes(r->f, &(struct route){ 0, 0, 0, WAN }, 1);
	len = mk_packet(buf, &(struct mk){ TO_LAN, PROTO_UDP,
	    .payload = 1300 });
	rig_input(r, buf, len, LAN);
	total = r->out[0].len;
	memcpy(esp, rig_ip(r, 0), total);
	for (i = 0; i < NELEM(orders); i++) {
		b = rig_of(&rig_aes_sha1);
		for (j = 0; j < 4; j++) {
			at = orders[i][j] * 400;
			n = total - IPH_HDR - at < 400 ?
			    total - IPH_HDR - at : 400;
			n = esp_fragment(esp, total, at, (unsigned)n, f);
			rig_input(b, f, n, WAN);
			assert_int_equal(b->n_out, j == 3);
		}
		assert_int_equal(b->out[0].len, len);
		assert_memory_equal(rig_ip(b, 0) + IPH_HDR, buf + IPH_HDR,
		    len - IPH_HDR);
		drop_rig(b);
	}
	/* overlap; too late; too long */
	b = rig_of(&rig_aes_sha1);
	n = esp_fragment(esp, total, 0, 400, f);
	rig_input(b, f, n, WAN);
	n = esp_fragment(esp, total, 392, 400, f);
	rig_input(b, f, n, WAN);
	assert_int_equal(rig_drops(b, DROP_REASSEMBLY), 1);
	n = esp_fragment(esp, total, 0, 400, f);
	rig_input(b, f, n, WAN);
	b->now += 6000;
	n = esp_fragment(esp, total, 400, 400, f);
	rig_input(b, f, n, WAN);
	assert_int_equal(rig_drops(b, DROP_REASSEMBLY), 2);
	put16(f + IPH_FRAG, 0x1fff);
	ip_finish(f, IPH_HDR, (unsigned)n);
	rig_input(b, f, n, WAN);
	assert_int_equal(rig_drops(b, DROP_REASSEMBLY), 3);
	/* more packets at once than there are buffers: oldest goes */
	for (i = 0; i < 20; i++) {
		n = esp_fragment(esp, total, 0, 400, f);
		put16(f + IPH_ID, 1000 + i);
		ip_finish(f, IPH_HDR, (unsigned)n);
		rig_input(b, f, n, WAN);
		assert_int_equal(b->n_out, 0);
	}
	drop_rig(b);
	drop_rig(r);
}

/* ---- merging ---- */

static struct { unsigned n; uint32_t len[64]; struct pkt_gso gso[64];
	uint8_t last[70000]; } merged;

static void
merged_out(void *arg, const struct pkt *p)
{
	(void)arg;
	merged.len[merged.n] = p->len;
	merged.gso[merged.n++] = p->gso;
	memcpy(merged.last, p->buf + p->off, p->len);
}

static void
add_segment(struct merge *m, uint16_t port, uint32_t seq, unsigned n,
    uint8_t flags, bool spoil)
{
	uint8_t *b = calloc(1, PKT_BUF_SIZE);
	size_t len = mk_packet(whole, &(struct mk){ TO_LAN, PROTO_TCP,
	    .sport = port, .tcp_flags = flags, .payload = n });
	struct pkt p;

	put32(whole + 24, seq);
	put16(whole + 36, 0);
	put16(whole + 36, sum_end(sum_add(sum_pseudo(whole,
	    (unsigned)len - 20), whole + 20, len - 20)));
	if (spoil)
		whole[len - 1] ^= 1;
	p = rig_pkt(b, whole, len, WAN);
	merge_add(m, &p);
	free(b);
}

static void
test_merge(void **state)
{
	struct merge *m = merge_new(merged_out, NULL);
	unsigned i;

	(void)state;
	merged.n = 0;
	for (i = 0; i < 10; i++) {
		add_segment(m, 1, i * 100, 100, TCP_ACK, false);
		add_segment(m, 2, i * 100, 100, TCP_ACK, false);
	}
	merge_flush(m);
	assert_int_equal(merged.n, 2);
	assert_int_equal(merged.len[0], 1040);
	assert_int_equal(merged.gso[0].gso_size, 100);
	assert_int_equal(merged.gso[0].gso_type, GSO_TCPV4);
	assert_true(ip_ok(merged.last));
	/* the partial sum, completed, is right */
	put16(merged.last + 36, sum_end(sum_add(0, merged.last + 20, 1020)));
	assert_true(l4_ok(merged.last));
	/* a gap, a wrong checksum, a flag: not merged, in order */
	merged.n = 0;
	add_segment(m, 1, 0, 100, TCP_ACK, false);
	add_segment(m, 1, 200, 100, TCP_ACK, false);
	add_segment(m, 1, 300, 100, TCP_ACK, true);
	add_segment(m, 1, 300, 100, TCP_ACK | TCP_FIN, false);
	add_segment(m, 1, 400, 100, TCP_ACK, false);
	add_segment(m, 1, 500, 50, TCP_ACK, false); /* short one ends it */
	add_segment(m, 1, 550, 50, TCP_ACK, false);
	merge_flush(m);
	assert_int_equal(merged.n, 6);
	assert_int_equal(merged.len[4], 40 + 150);
	/* never beyond 64 KiB */
	merged.n = 0;
	for (i = 0; i < 60; i++)
		add_segment(m, 1, i * 1400, 1400, TCP_ACK, false);
	merge_flush(m);
	assert_int_equal(merged.n, 2);
	assert_int_equal(merged.len[0], 40 + 46 * 1400);
	merge_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plaintext_mtu),
		cmocka_unit_test(test_fragments_clear),
		cmocka_unit_test(test_df_clear),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_segment_too_big),
		cmocka_unit_test(test_gso_clear),
		cmocka_unit_test(test_checksum_completed),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_reassembly),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
