/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP of a group: packets of an independent program opened and made again,
 * two routers back to back, what is preserved, and everything that must be
 * refused.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

static uint8_t buf[70000];

#define TO_FAR .src = LAN_HOST, .dst = FAR_HOST
#define TO_LAN .src = FAR_HOST, .dst = LAN_HOST

static const struct vector {
	struct esp_transform t;
	const char *hex;
} vectors[] = {
#include "esp_vectors.h"
};

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	while (sscanf(hex + 2 * n, "%2x", &v) == 1)
		out[n++] = (uint8_t)v;
	return n;
}

static struct rig *
rig_of(void)
{
	struct rig *r = malloc(sizeof(*r));

	rig_start(r);
	return r;
}

static void
drop_rig(struct rig *r)
{
	rig_end(r);
	free(r);
}

static void
permit_any(struct rig *r)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_BOTH, &any, 1);
}

/* What scapy encrypted comes out of the LAN port as it was. */
static void
test_vectors_open(void **state)
{
	uint8_t inner[200];
	size_t i, len, n;

	(void)state;
	n = mk_packet(inner, &(struct mk){ TO_LAN, PROTO_ICMP, .tos = 0xb8,
	    .id = 4660, .sport = 0x800, .dport = 7, .payload = 37 });
	put16(inner + 26, 1); /* ICMP sequence */
	put16(inner + 22, 0);
	put16(inner + 22, sum_end(sum_add(0, inner + 20, n - 20)));
	ip_set_ttl(inner, 63);
	for (i = 0; i < NELEM(vectors); i++) {
		struct rig *r = rig_of();

		permit_any(r);
		rig_tek(r, 0x1000, 0, vectors[i].t, 3600000);
		len = unhex(vectors[i].hex, buf);
		rig_input(r, buf, len, WAN);
		if (r->n_out != 1)
			fail_msg("vector %zu does not open", i);
		assert_int_equal(r->out[0].out_port, LAN);
		assert_int_equal(r->out[0].len, n);
		assert_memory_equal(rig_ip(r, 0), inner, n);
		drop_rig(r);
	}
}

/* The same text under the same IV gives the same octets. */
static void
test_vectors_make(void **state)
{
	uint8_t esp[300], want[300];
	size_t i, len, iv, icv;

	(void)state;
	for (i = 0; i < NELEM(vectors); i++) {
		struct sa_tek tek = rig_tek_of(0x1000, 0, vectors[i].t, 1);
		struct crypto_sa *sa = crypto_sa_new(&tek);
		struct crypto_job job = { .sa = sa, .esp = esp };

		assert_non_null(sa);
		len = unhex(vectors[i].hex, want) - IPH_HDR;
		memmove(want, want + IPH_HDR, len);
		memcpy(esp, want, len);
		iv = esp_iv_len(&vectors[i].t);
		icv = esp_icv_len(&vectors[i].t);
		job.len = (uint32_t)(len - 8 - iv - icv);
		job.decrypt = true;
		crypto_burst(&job, 1);
		assert_int_equal(job.status, CRYPTO_OK);
		memset(esp + len - icv, 0, icv);
		job.decrypt = false;
		crypto_burst(&job, 1);
		assert_int_equal(job.status, CRYPTO_OK);
		assert_memory_equal(esp, want, len);
		crypto_sa_free(sa);
	}
}

static void
test_bad_keys(void **state)
{
	struct esp_transform t = { ESP_AES_CBC, ESP_AUTH_SHA1, 128 };
	struct sa_tek tek = rig_tek_of(1, 0, t, 1);

	(void)state;
	tek.key.len = 15;
	assert_null(crypto_sa_new(&tek));
	tek.key.len = 16;
	tek.auth_key.len = 16;
	assert_null(crypto_sa_new(&tek));
	tek.auth_key.len = 20;
	tek.transform.key_bits = 129;
	assert_null(crypto_sa_new(&tek));
	tek.transform.cipher = 77;
	assert_null(crypto_sa_new(&tek));
}

/* Header preservation, for every transform and many sizes, router to router.
 * The second router stands the other way round: its LAN is the first one's
 * far side, so the packet crosses it from WAN to "LAN" by its own routes. */
static void
cross(struct esp_transform t, unsigned payload)
{
	struct rig *a = rig_of(), *b = rig_of();
	struct mk mk = { TO_LAN, PROTO_UDP, .tos = 0x28, .id = 77,
		.frag = IPH_DF, .sport = 5, .dport = 6, .payload = payload };
	size_t len = mk_packet(buf, &mk);
	const uint8_t *out;

	permit_any(a);
	permit_any(b);
	rig_tek(a, 0x2000, 0, t, 3600000);
	rig_tek(b, 0x2000, 0, t, 3600000);
	/* `a` sends to the LAN host through its own WAN */
	fwd_routes(a->f, &(struct route){ IP4(10, 1, 1, 10), 32, 0, WAN }, 1);
	rig_input(a, buf, len, LAN);
	assert_int_equal(a->n_out, 1);
	out = rig_ip(a, 0);
	assert_true(a->out[0].encrypted);
	assert_true(ip_ok(out));
	assert_int_equal(out[IPH_PROTO], PROTO_ESP);
	assert_int_equal(get32(out + IPH_SRC), FAR_HOST);
	assert_int_equal(get32(out + IPH_DST), LAN_HOST);
	assert_int_equal(out[IPH_TOS], 0x28);
	assert_int_equal(out[IPH_TTL], 63);
	assert_int_equal(get16(out + IPH_FRAG), IPH_DF);
	assert_int_equal(get32(out + 20), 0x2000);
	assert_int_equal(get32(out + 24), 1);
	assert_int_equal(get16(out + IPH_LEN), a->out[0].len);
	rig_input(b, out, a->out[0].len, WAN);
	assert_int_equal(b->n_out, 1);
	assert_int_equal(b->out[0].len, len);
	assert_int_equal(rig_ip(b, 0)[IPH_TTL], 62);
	assert_memory_equal(rig_ip(b, 0) + IPH_HDR, buf + IPH_HDR,
	    len - IPH_HDR);
	assert_true(ip_ok(rig_ip(b, 0)));
	drop_rig(a);
	drop_rig(b);
}

static void
test_cross(void **state)
{
	size_t i;
	unsigned n;

	(void)state;
	for (i = 0; i < NELEM(vectors); i++) {
		for (n = 0; n < 20; n++)
			cross(vectors[i].t, n);
		cross(vectors[i].t, 1300);
	}
}

static void
test_df_bit(void **state)
{
	static const struct { uint8_t mode; uint16_t in, out; } df[] = {
		{ DF_COPY, IPH_DF, IPH_DF }, { DF_COPY, 0, 0 },
		{ DF_CLEAR, IPH_DF, 0 }, { DF_SET, 0, IPH_DF },
		{ DF_COPY, IPH_MF, 0 }, { DF_COPY, 100, 0 },
	};
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(df); i++) {
		struct rig *r = rig_of();

		r->ifs[1].df_bit = df[i].mode;
		rig_config(r);
		rig_group(r);
		len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP,
		    .frag = df[i].in, .payload = 16 });
		rig_input(r, buf, len, LAN);
		assert_int_equal(r->n_out, 1);
		assert_int_equal(get16(rig_ip(r, 0) + IPH_FRAG), df[i].out);
		drop_rig(r);
	}
	/* the global setting counts where the interface has none */
	struct rig *r = rig_of();
	r->conf.df_bit = DF_CLEAR;
	rig_config(r);
	rig_group(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP, .frag = IPH_DF });
	rig_input(r, buf, len, LAN);
	assert_int_equal(get16(rig_ip(r, 0) + IPH_FRAG), 0);
	drop_rig(r);
}

/* ---- what must be refused ---- */

/* A good ESP packet to the LAN host made by a router with the same keys. */
static size_t
good_esp(uint8_t *out, struct esp_transform t, const struct mk *mk,
    unsigned nth)
{
	struct rig *a = rig_of();
	uint8_t *clear = malloc(70000);
	size_t len = mk_packet(clear, mk);
	unsigned i;

	permit_any(a);
	rig_tek(a, 0x1000, 0, t, 3600000);
	fwd_routes(a->f, &(struct route){ 0, 0, 0, WAN }, 1);
	for (i = 0; i < nth; i++)
		rig_input(a, clear, len, LAN);
	len = a->out[0].len;
	memcpy(out, rig_ip(a, 0), len);
	free(clear);
	drop_rig(a);
	return len;
}

static const struct mk to_lan = { TO_LAN, PROTO_UDP, .dport = 9,
	.payload = 20 };

static void
test_bit_flips(void **state)
{
	static const struct esp_transform ts[] = {
		{ ESP_AES_CBC, ESP_AUTH_SHA1, 128 },
		{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
		{ ESP_GMAC, ESP_AUTH_NONE, 128 },
		{ ESP_NULL, ESP_AUTH_SHA256, 0 },
	};
	uint8_t esp[300], bad[300];
	size_t i, at, len;

	(void)state;
	for (i = 0; i < NELEM(ts); i++) {
		struct rig *r = rig_of();

		permit_any(r);
		rig_tek(r, 0x1000, 0, ts[i], 3600000);
		len = good_esp(esp, ts[i], &to_lan, 1);
		for (at = IPH_HDR * 8; at < len * 8; at++) {
			memcpy(bad, esp, len);
			bad[at / 8] ^= (uint8_t)(1u << at % 8);
			rig_input(r, bad, len, WAN);
			assert_int_equal(r->n_out, 0);
		}
		assert_int_equal(rig_all_drops(r), (len - IPH_HDR) * 8);
		assert_int_equal(rig_drops(r, DROP_INVALID_SPI), 32);
		/* nothing of it moved the window: the good one still passes */
		rig_input(r, esp, len, WAN);
		assert_int_equal(r->n_out, 1);
		drop_rig(r);
	}
}

static void
test_lengths(void **state)
{
	struct rig *r = rig_of();
	uint8_t esp[300];
	size_t len, n;

	(void)state;
	rig_group(r);
	len = good_esp(esp, rig_aes_sha1, &to_lan, 1);
	for (n = 0; n < len - IPH_HDR; n++) {
		ip_finish(esp, IPH_HDR, (unsigned)(IPH_HDR + n));
		rig_input(r, esp, IPH_HDR + n, WAN);
		assert_int_equal(r->n_out, 0);
	}
	assert_int_equal(rig_all_drops(r), len - IPH_HDR);
	assert_true(rig_drops(r, DROP_ESP_LENGTH) > 30);
	assert_true(rig_drops(r, DROP_VERIFY) > 0);
	assert_int_equal(rig_drops(r, DROP_BAD_IP), 0);
	drop_rig(r);
}

/* Text of our own choice in an authentic ESP packet. */
static size_t
forge(uint8_t *out, uint32_t seq, const uint8_t *text, size_t len,
    uint32_t src, uint32_t dst)
{
	struct sa_tek tek = rig_tek_of(0x1000, 0, rig_aes_sha1, 1);
	struct crypto_sa *sa = crypto_sa_new(&tek);
	struct crypto_job job = { .sa = sa, .esp = out + IPH_HDR,
		.len = (uint32_t)len };

	mk_packet(out, &(struct mk){ src, dst, PROTO_ESP,
	    .payload = (unsigned)(8 + 16 + len + 12) });
	put32(out + IPH_HDR, 0x1000);
	put32(out + IPH_HDR + 4, seq);
	memcpy(out + IPH_HDR + 24, text, len);
	crypto_burst(&job, 1);
	crypto_sa_free(sa);
	return IPH_HDR + 24 + len + 12;
}

static void
test_inner(void **state)
{
	struct rig *r = rig_of();
	uint8_t text[64], out[300];
	size_t len, i;
	/* a change to 48 octets: 44 of packet, 2 of padding, trailer */
	static const struct {
		unsigned at;
		uint8_t value;
		enum drop_id why;
	} rows[] = {
		{ 44, 2, DROP_ESP_PAD }, { 45, 1, DROP_ESP_PAD },
		{ 46, 200, DROP_ESP_PAD }, { 46, 47, DROP_ESP_PAD },
		{ 47, 41, DROP_ESP_PROTO }, { 47, 59, DROP_ESP_DUMMY },
		{ 0, 0x65, DROP_ESP_INNER }, { 3, 45, DROP_ESP_INNER },
		{ 3, 10, DROP_ESP_INNER }, { 12, 11, DROP_ESP_ADDRESS },
		{ 16, 11, DROP_ESP_ADDRESS }, { 8, 64, DROP_COUNT },
	};

	(void)state;
	rig_group(r);
	for (i = 0; i < NELEM(rows); i++) {
		len = mk_packet(text, &(struct mk){ TO_LAN, PROTO_UDP,
		    .payload = 16 });
		assert_int_equal(len, 44);
		memcpy(text + 44, "\1\2\2\4", 4);
		text[rows[i].at] = rows[i].value;
		if (rows[i].at < IPH_HDR) {
			put16(text + IPH_SUM, 0);
			put16(text + IPH_SUM, sum_end(sum_add(0, text, 20)));
		}
		len = forge(out, (uint32_t)i + 1, text, 48, FAR_HOST,
		    LAN_HOST);
		rig_input(r, out, len, WAN);
		if (rows[i].why == DROP_COUNT) {
			assert_int_equal(r->n_out, 1);
			continue;
		}
		if (r->n_out != 0)
			fail_msg("row %zu passed", i);
		if (rig_drops(r, rows[i].why) == 0)
			fail_msg("row %zu: other reason", i);
	}
	assert_int_equal(rig_all_drops(r), NELEM(rows) - 1);
	drop_rig(r);
}

static void
test_replay(void **state)
{
	struct rig *r = rig_of();
	uint8_t esp[3][300], *buf2 = malloc(PKT_BUF_SIZE),
	    *buf3 = malloc(PKT_BUF_SIZE);
	struct pkt a, b, *pair[2] = { &a, &b };
	struct mk other = to_lan;
	size_t len = 0, i;

	(void)state;
	rig_group(r);
	other.src = IP4(10, 3, 3, 3);
	for (i = 0; i < 2; i++)
		len = good_esp(esp[i], rig_aes_sha1, &to_lan,
		    (unsigned)i + 1);
	(void)good_esp(esp[2], rig_aes_sha1, &other, 1);
	rig_input(r, esp[0], len, WAN);
	assert_int_equal(r->n_out, 1);
	rig_input(r, esp[0], len, WAN);
	assert_int_equal(r->n_out, 0);
	assert_int_equal(rig_drops(r, DROP_REPLAY), 1);
	/* number 1 again, but of another member: not a replay */
	rig_input(r, esp[2], len, WAN);
	assert_int_equal(r->n_out, 1);
	rig_input(r, esp[2], len, WAN);
	assert_int_equal(r->n_out, 0);
	/* both copies in one burst: one passes */
	a = rig_pkt(buf2, esp[1], len, WAN);
	b = rig_pkt(buf3, esp[1], len, WAN);
	rig_clear_out(r);
	fwd_input(r->f, pair, 2);
	assert_int_equal(r->n_out, 1);
	assert_int_equal(rig_drops(r, DROP_REPLAY), 3);
	free(buf2);
	free(buf3);
	drop_rig(r);
}

/* ESP does not cover the outer source: a packet of one member under the
 * address of another must not move that one's window. */
static void
test_false_source(void **state)
{
	struct rig *r = rig_of();
	struct mk other = to_lan;
	uint8_t esp[300];
	size_t len;

	(void)state;
	rig_group(r);
	other.src = IP4(10, 3, 3, 3);
	len = good_esp(esp, rig_aes_sha1, &other, 100);
	put32(esp + IPH_SRC, FAR_HOST);
	ip_finish(esp, IPH_HDR, (unsigned)len);
	rig_input(r, esp, len, WAN);
	assert_int_equal(r->n_out, 0);
	assert_int_equal(rig_drops(r, DROP_ESP_ADDRESS), 1);
	len = good_esp(esp, rig_aes_sha1, &to_lan, 1);
	rig_input(r, esp, len, WAN);
	assert_int_equal(r->n_out, 1);
	drop_rig(r);
}

/* One message a minute for a source, however many packets. */
static void
test_log_limits(void **state)
{
	struct rig *r = rig_of();
	size_t len;
	unsigned i;

	(void)state;
	rig_group(r);
	len = mk_packet(buf, &to_lan);
	for (i = 0; i < 100; i++)
		rig_input(r, buf, len, WAN);
	rig_timeout(r);
	assert_int_equal(r->n_logs, 1);
	assert_int_equal(r->logs[0], LOG_RECVD_NOT_IPSEC);
	assert_non_null(strstr(r->text[0],
	    "dest_addr= /10.1.1.10, src_addr= 10.2.2.20, prot= 17"));
	r->now += 61000;
	rig_input(r, buf, len, WAN);
	rig_timeout(r);
	assert_int_equal(r->n_logs, 2);
	/* a thousand sources: ten in that second */
	for (i = 0; i < 1000; i++) {
		put32(buf + IPH_SRC, FAR_HOST + i);
		ip_finish(buf, IPH_HDR, (unsigned)len);
		rig_input(r, buf, len, WAN);
	}
	rig_timeout(r);
	assert_int_equal(r->n_logs, 11);
	drop_rig(r);
}

/* Two `sa ipsec`: a packet must come under the key of its own entry. */
static void
test_identity(void **state)
{
	struct ace aces[3] = {
		mk_ace(ACE_DENY, PROTO_ICMP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_PERMIT, PROTO_UDP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_PERMIT, PROTO_TCP, 0, ~0u, 0, ~0u),
	};
	static const uint16_t sa_of[] = { 1, 1, 2 };
	static const uint8_t local[] = { 0, 0, 0 };
	static const struct { struct mk mk; int passes; } rows[] = {
		{ { TO_LAN, PROTO_UDP, .payload = 8 }, 1 },
		{ { TO_LAN, PROTO_TCP, .payload = 8 }, 0 },
		{ { TO_LAN, PROTO_ICMP, .payload = 8 }, 0 },
		{ { TO_LAN, 47, .payload = 8 }, 0 },
	};
	struct sa_change c = { .type = SA_POLICY };
	uint8_t esp[300];
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = rig_of();

		str_copy(c.policy.group, "GETVPN", SA_NAME_MAX);
		c.policy.n = 3;
		c.policy.aces = aces;
		c.policy.sa_of = sa_of;
		c.policy.local = local;
		fwd_sa(r->f, &c);
		rig_tek(r, 0x1000, 1, rig_aes_sha1, 3600000);
		len = good_esp(esp, rig_aes_sha1, &rows[i].mk, 1);
		rig_input(r, esp, len, WAN);
		assert_int_equal(r->n_out, rows[i].passes);
		assert_int_equal(rig_drops(r, DROP_ESP_IDENTITY),
		    !rows[i].passes);
		drop_rig(r);
	}
}

/* The local list keeps own packets clear; what others encrypt is still
 * taken, because they do not know it. */
static void
test_local_deny(void **state)
{
	struct rig *r = rig_of();
	struct ace aces[2] = {
		mk_ace(ACE_DENY, PROTO_UDP, 0, ~0u, 0, ~0u),
		ace_any(ACE_PERMIT),
	};
	static const uint16_t sa_of[] = { 0, 0 };
	static const uint8_t local[] = { 1, 0 };
	struct sa_change c = { .type = SA_POLICY };
	uint8_t esp[300];
	size_t len;

	(void)state;
	str_copy(c.policy.group, "GETVPN", SA_NAME_MAX);
	c.policy.n = 2;
	c.policy.aces = aces;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	fwd_sa(r->f, &c);
	rig_tek(r, 0x1000, 0, rig_aes_sha1, 3600000);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	rig_input(r, buf, len, LAN);
	assert_false(r->out[0].encrypted);
	len = good_esp(esp, rig_aes_sha1, &to_lan, 1);
	rig_input(r, esp, len, WAN);
	assert_int_equal(r->n_out, 1);
	drop_rig(r);
}

/* Sequence numbers end; GCM nonces end earlier and never come twice. */
static void
test_exhausted(void **state)
{
	struct rig *r = rig_of();
	struct sa *sa;
	size_t len;
	uint8_t iv[8];

	(void)state;
	rig_group(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	sa = group_find(r->f, "GETVPN")->sas;
	sa->seq = UINT32_MAX - 1;
	rig_input(r, buf, len, LAN);
	assert_int_equal(get32(rig_ip(r, 0) + 24), UINT32_MAX);
	rig_input(r, buf, len, LAN);
	assert_int_equal(r->n_out, 0);
	assert_int_equal(rig_drops(r, DROP_SEQUENCE), 1);
	drop_rig(r);

	r = rig_of();
	permit_any(r);
	rig_tek(r, 0x30, 0, (struct esp_transform){ ESP_AES_GCM, 0, 128 },
	    3600000);
	sa = group_find(r->f, "GETVPN")->sas;
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	rig_input(r, buf, len, LAN);
	memcpy(iv, rig_ip(r, 0) + 28, 8);
	assert_memory_equal(iv, "\0\0\5\0\0\0\0\0", 8); /* SID 5, 24 bits */
	rig_input(r, buf, len, LAN);
	assert_int_equal(rig_ip(r, 0)[35], 1);
	sa->iv_next = 1ull << 40;
	rig_input(r, buf, len, LAN);
	assert_int_equal(rig_drops(r, DROP_SEQUENCE), 1);
	drop_rig(r);
}

/* An IV must not be predictable from the one before; here: not equal. */
static void
test_ivs_differ(void **state)
{
	struct rig *r = rig_of();
	uint8_t iv[16];
	size_t len;

	(void)state;
	rig_group(r);
	len = mk_packet(buf, &(struct mk){ TO_FAR, PROTO_UDP });
	rig_input(r, buf, len, LAN);
	memcpy(iv, rig_ip(r, 0) + 28, 16);
	rig_input(r, buf, len, LAN);
	assert_memory_not_equal(iv, rig_ip(r, 0) + 28, 16);
	drop_rig(r);
}

/* The outer TTL has seen the core. */
static void
test_ttl_in(void **state)
{
	static const struct { uint8_t outer, want; } rows[] = {
		{ 60, 59 }, { 2, 1 }, { 200, 62 },
	};
	uint8_t esp[300];
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct rig *r = rig_of();

		rig_group(r);
		len = good_esp(esp, rig_aes_sha1, &to_lan, 1);
		ip_set_ttl(esp, rows[i].outer);
		rig_input(r, esp, len, WAN);
		assert_int_equal(rig_ip(r, 0)[IPH_TTL], rows[i].want);
		assert_true(ip_ok(rig_ip(r, 0)));
		drop_rig(r);
	}
}

/* The inbound list of the WAN sees ESP, then the packet inside. */
static void
test_acl_twice(void **state)
{
	struct ace only_esp = mk_ace(ACE_PERMIT, PROTO_ESP, 0, ~0u, 0, ~0u);
	struct ace both[2] = { only_esp,
		mk_ace(ACE_PERMIT, PROTO_UDP, 0, ~0u, 0, ~0u) };
	uint8_t esp[300];
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rig *r = rig_of();

		rig_acl(r, "100", both, i == 0 ? 1 : 2);
		str_copy(r->ifs[1].acl_in, "100", CONF_NAME);
		rig_config(r);
		rig_group(r);
		len = good_esp(esp, rig_aes_sha1, &to_lan, 1);
		rig_input(r, esp, len, WAN);
		assert_int_equal(rig_drops(r, DROP_ACL_IN), i == 0);
		drop_rig(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_open),
		cmocka_unit_test(test_vectors_make),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_cross),
		cmocka_unit_test(test_df_bit),
		cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_false_source),
		cmocka_unit_test(test_log_limits),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_local_deny),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_ivs_differ),
		cmocka_unit_test(test_ttl_in),
		cmocka_unit_test(test_acl_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
