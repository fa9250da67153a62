/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GROUPKEY-PUSH (RFC 6407 section 4) and its acknowledgement (RFC 8263) as
 * octets: built by the key server, opened by the member. Process ike.
 *
 *	KS -> GM  HDR* SEQ [D] [SA KD] SIG	encrypted with the KEK
 *	GM -> KS  HDR[*] HASH SEQ ID		exchange 35
 *
 * The cookies are the SPI of the KEK, the IV is the KEK's and the same each
 * time. SIG covers "rekey" | HDR | payloads before SIG, where HDR has the
 * length without padding. The acknowledgement of RFC 8263 is clear text; in the
 * form of `rekey acknowledgement cisco` it is encrypted like a push, and not
 * asked for in the SA KEK payload.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define SIG_PREFIX "rekey"
#define SIG_PREFIX_LEN 5
#define LENGTH_AT 24

static enum ike_cipher
cbc_of(const struct gdoi_kek *k)
{
	return k->cipher == ESP_AES_CBC ? IKE_AES :
	    k->cipher == ESP_3DES ? IKE_3DES : IKE_DES;
}

static enum ike_hash
hash_of(enum esp_auth a)
{
	switch (a) {
	case ESP_AUTH_MD5:
		return IKE_MD5;
	case ESP_AUTH_SHA256:
		return IKE_SHA256;
	case ESP_AUTH_SHA384:
		return IKE_SHA384;
	case ESP_AUTH_SHA512:
		return IKE_SHA512;
	default:
		return IKE_SHA1;
	}
}

static bool
crypt_body(const struct gdoi_kek *k, uint8_t *data, size_t len, bool encrypt)
{
	uint8_t iv[IKE_BLOCK_MAX];

	memcpy(iv, k->iv.data, k->iv.len);
	return ike_cbc(cbc_of(k), &k->key, iv, data + ISAKMP_HDR_LEN,
	    len - ISAKMP_HDR_LEN, encrypt);
}

/* The digest that is signed, with some length in the header. */
static void
signed_digest(const struct gdoi_kek *k, const uint8_t *data, size_t sig_at,
    uint32_t length, uint8_t *digest)
{
	uint8_t be[4] = { (uint8_t)(length >> 24), (uint8_t)(length >> 16),
		(uint8_t)(length >> 8), (uint8_t)length };

	IKE_HASH(hash_of(k->sig_hash), digest,
	    CHUNK(SIG_PREFIX, SIG_PREFIX_LEN), CHUNK(data, LENGTH_AT),
	    CHUNK(be, 4),
	    CHUNK(data + ISAKMP_HDR_LEN, sig_at - ISAKMP_HDR_LEN));
}

/* Rekeys in clear. A push is built for all members: the peer is nobody. */
static void
debug_push(enum debug_feature f, struct udp_addr peer, const uint8_t *data,
    size_t len, bool sent)
{
	struct isakmp_hdr h;
	char who[13];

	if (!debug_set.levels[f] || !isakmp_get_hdr(&h, data, len))
		return;
	snprintf(who, sizeof(who), "KEK %02X%02X%02X%02X", h.icookie[0],
	    h.icookie[1], h.icookie[2], h.icookie[3]);
	ike_debug_message(f, who, peer, data, len, sent);
}

/* SIG is in the clear text already, zero; its place in the chain is part of
 * what is signed. */
size_t
push_build(struct gdoi *g, const struct gdoi_kek *k, uint32_t seq,
    const struct rsa_key *key, bool (*put)(struct isakmp_out *, void *),
    void *arg)
{
	struct isakmp_hdr h = { .exchange = GDOI_X_PUSH,
		.flags = ISAKMP_F_ENC };
	size_t block = gdoi_kek_iv_len(k->cipher), sig_len = key->bits / 8;
	uint8_t digest[IKE_HASH_MAX], zero[RSA_SIG_MAX] = { 0 };
	struct isakmp_out o;
	size_t sig_at, len;

	sig_len += key->bits % 8 != 0;
	memcpy(h.icookie, k->spi, sizeof(h.icookie));
	memcpy(h.rcookie, k->spi + sizeof(h.icookie), sizeof(h.rcookie));
	isakmp_out_begin(&o, g->buf, sizeof(g->buf), &h);
	gdoi_put_seq(&o, seq);
	if (!put(&o, arg))
		goto fail;
	sig_at = wr_len(&o.w);
	isakmp_out_add(&o, ISAKMP_SIG, zero, sig_len);
	isakmp_out_length(&o);
	len = wr_len(&o.w);
	wr_zero(&o.w, (block - (len - ISAKMP_HDR_LEN) % block) % block);
	if (!wr_ok(&o.w))
		goto fail;
	signed_digest(k, g->buf, sig_at, (uint32_t)len, digest);
	if (rsa_sign(key, k->sig_hash, digest,
	    g->buf + sig_at + ISAKMP_GEN_LEN) != sig_len)
		goto fail;
	debug(DBG_ENGINE, DBG_EVENT, 0, "RSA key %s of %u bits signs a rekey",
	    key->label, key->bits);
	isakmp_out_length(&o);
	len = wr_len(&o.w);
	debug_push(DBG_KS_REKEY, (struct udp_addr){ 0, 0 }, g->buf, len,
	    true);
	if (crypt_body(k, g->buf, len, true))
		return len;
fail:	/* keys stand in it */
	explicit_bzero(g->buf, sizeof(g->buf));
	return 0;
}

const char *
push_open(const struct gdoi_kek *k, uint8_t *data, size_t len,
    struct isakmp_msg *m)
{
	static const uint32_t may = PL(ISAKMP_SEQ) | PL(ISAKMP_SA) |
	    PL(ISAKMP_KD) | PL(ISAKMP_D) | PL(ISAKMP_SIG);
	static const uint32_t must = PL(ISAKMP_SEQ) | PL(ISAKMP_SIG);
	unsigned i, once = 0;

	if (!crypt_body(k, data, len, false))
		return "not a whole number of cipher blocks";
	if (!isakmp_parse(m, data, len) || m->n < 2)
		return "malformed payloads";
	for (i = 0; i < m->n; i++)
		once += m->pl[i].type != ISAKMP_D;
	if ((m->set & must) != must || (m->set & ~may) != 0 ||
	    m->pl[0].type != ISAKMP_SEQ ||
	    m->pl[m->n - 1].type != ISAKMP_SIG ||
	    once != 2 + (m->set >> ISAKMP_SA & 1) + (m->set >> ISAKMP_KD & 1))
		return "payloads missing or unexpected";
	return NULL;
}

bool
push_verify(const struct gdoi_kek *k, const uint8_t *data, size_t len,
    const struct isakmp_msg *m)
{
	const struct isakmp_pl *sig = &m->pl[m->n - 1];
	size_t sig_at = (size_t)(sig->raw - data);
	/* unpadded length as the reference code signs, else that on the wire */
	uint32_t lengths[2] = { (uint32_t)(m->end - data), (uint32_t)len };
	uint8_t digest[IKE_HASH_MAX];
	bool good = false;
	unsigned i;

	for (i = 0; i < NELEM(lengths) && !good; i++) {
		signed_digest(k, data, sig_at, lengths[i], digest);
		good = rsa_verify(k->pub, k->pub_len, k->sig_hash, digest,
		    sig->body, sig->len, true);
	}
	debug(DBG_ENGINE, DBG_EVENT, k->src.addr,
	    "RSA signature of a rekey, %zu octets, is %s", sig->len,
	    good ? "right" : "wrong");
	return good;
}

/* ---- acknowledgement ---- */

/* ack_key = prf(KEK key, "GROUPKEY-PUSH ACK" 0x00 | SPI | L),
 * HASH = prf(ack_key, SEQ | ID) with both generic headers. */
size_t
push_ack_hash(const struct gdoi_kek *k, unsigned l_bits, const uint8_t *rest,
    size_t rest_len, uint8_t *out)
{
	static const char label[] = "GROUPKEY-PUSH ACK"; /* with its NUL */
	enum ike_hash h = k->ack == KEK_ACK_SHA512 ? IKE_SHA512 : IKE_SHA256;
	uint8_t l[2] = { (uint8_t)(l_bits >> 8), (uint8_t)l_bits };
	uint8_t key[IKE_HASH_MAX];

	if (k->ack != KEK_ACK_SHA256 && k->ack != KEK_ACK_SHA512 &&
	    k->ack != KEK_ACK_OWN)
		return 0;
	IKE_PRF(h, CHUNK_KEY(&k->key), key, CHUNK(label, sizeof(label)),
	    CHUNK(k->spi, KEK_SPI_LEN), CHUNK(l, 2));
	IKE_PRF(h, CHUNK(key, ike_hash_len(h)), out, CHUNK(rest, rest_len));
	explicit_bzero(key, sizeof(key));
	return ike_hash_len(h);
}

size_t
push_ack_build(struct gdoi *g, const struct gdoi_kek *k, uint32_t seq,
    uint32_t own, const char *group, struct udp_addr to)
{
	struct isakmp_hdr h = { .exchange = GDOI_X_PUSH_ACK,
		.flags = k->ack == KEK_ACK_OWN ? ISAKMP_F_ENC : 0 };
	unsigned l_bits = k->ack == KEK_ACK_SHA512 ? 1024 : 512;
	uint8_t zero[IKE_HASH_MAX] = { 0 };
	size_t at = ISAKMP_HDR_LEN + ISAKMP_GEN_LEN, hlen, end;
	size_t block = gdoi_kek_iv_len(k->cipher);
	bool enc = k->ack == KEK_ACK_OWN;
	struct isakmp_out o;

	hlen = push_ack_hash(k, l_bits, zero, 0, zero);
	if (hlen == 0)
		return 0;
	memcpy(h.icookie, k->spi, sizeof(h.icookie));
	memcpy(h.rcookie, k->spi + sizeof(h.icookie), sizeof(h.rcookie));
	isakmp_out_begin(&o, g->buf, sizeof(g->buf), &h);
	isakmp_out_add(&o, ISAKMP_HASH, zero, hlen);
	gdoi_put_seq(&o, seq);
	isakmp_out_open(&o, ISAKMP_ID);
	isakmp_put_id(&o.w, ID_IPV4_ADDR, own);
	isakmp_out_close(&o);
	end = wr_len(&o.w);
	if (enc)
		wr_zero(&o.w, (block - (end - ISAKMP_HDR_LEN) % block) %
		    block);
	isakmp_out_length(&o);
	if (!wr_ok(&o.w))
		return 0;
	push_ack_hash(k, l_bits, g->buf + at + hlen, end - at - hlen,
	    g->buf + at);
	ike_debug_message(DBG_GM_REKEY, group, to, g->buf, wr_len(&o.w),
	    true);
	if (enc && !crypt_body(k, g->buf, wr_len(&o.w), true))
		return 0;
	return wr_len(&o.w);
}

bool
push_ack_decrypt(const struct gdoi_kek *k, uint8_t *data, size_t len)
{
	return len > ISAKMP_HDR_LEN && crypt_body(k, data, len, false);
}
