/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Encoding and decoding of the payloads KD, SEQ and Delete of GDOI (RFC 6407
 * 5.6, 5.7, 5.9). Decoders believe nothing, see gdoi_msg.c. Runs in process
 * ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_msg.h"

/* ---- KD (5.6) ---- */

enum { KD_TEK = 1, KD_KEK = 2, KD_LKH = 3, KD_SID = 4 };
enum { TEK_KEY = 1, TEK_INTEGRITY = 2, TEK_SOURCE_AUTH = 3 };
enum { KEK_KEY = 1, KEK_SIG_KEY = 2 };
enum { SID_BITS = 1, SID_VALUE = 2 };

/* Type, reserved, length, SPI size, SPI; returns where the length goes. */
static size_t
open_packet(struct wr *w, uint8_t type, const void *spi, size_t spi_len)
{
	size_t at = wr_len(w);

	wr_u8(w, type);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, (uint8_t)spi_len);
	wr_bytes(w, spi, spi_len);
	return at;
}

static void
close_packet(struct wr *w, size_t at)
{
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

static void
put_kek_packet(struct wr *w, const struct gdoi_kek *k)
{
	size_t at = open_packet(w, KD_KEK, k->spi, KEK_SPI_LEN);

	wr_u16(w, KEK_KEY);
	wr_u16(w, k->iv.len + k->key.len);
	wr_bytes(w, k->iv.data, k->iv.len);
	wr_bytes(w, k->key.data, k->key.len);
	isakmp_put_tlv(w, KEK_SIG_KEY, k->pub, k->pub_len);
	close_packet(w, at);
}

static void
put_tek_packet(struct wr *w, const struct gdoi_tek_key *t)
{
	uint8_t spi[4] = { (uint8_t)(t->spi >> 24), (uint8_t)(t->spi >> 16),
		(uint8_t)(t->spi >> 8), (uint8_t)t->spi };
	size_t at = open_packet(w, KD_TEK, spi, sizeof(spi));

	isakmp_put_tlv(w, TEK_KEY, t->key.data, t->key.len);
	if (t->auth_key.len != 0)
		isakmp_put_tlv(w, TEK_INTEGRITY, t->auth_key.data,
		    t->auth_key.len);
	close_packet(w, at);
}

static void
put_sid_packet(struct wr *w, unsigned bits, const uint32_t *sids, unsigned n)
{
	size_t at = open_packet(w, KD_SID, NULL, 0);
	unsigned i;

	isakmp_put_tv(w, SID_BITS, (uint16_t)bits);
	for (i = 0; i < n; i++) {
		wr_u16(w, SID_VALUE);
		wr_u16(w, 4);
		wr_u32(w, sids[i]);
	}
	close_packet(w, at);
}

void
gdoi_put_kd(struct isakmp_out *o, const struct gdoi_kek *kek,
    const struct gdoi_tek_key *teks, unsigned n, unsigned sid_bits,
    const uint32_t *sids, unsigned nsids)
{
	unsigned i;

	isakmp_out_open(o, ISAKMP_KD);
	wr_u16(&o->w, (uint16_t)(n + (kek != NULL) + (nsids > 0)));
	wr_u16(&o->w, 0);
	if (kek != NULL)
		put_kek_packet(&o->w, kek);
	for (i = 0; i < n; i++)
		put_tek_packet(&o->w, &teks[i]);
	if (nsids > 0)
		put_sid_packet(&o->w, sid_bits, sids, nsids);
	isakmp_out_close(o);
}

static bool
set_key(struct key *k, const struct isakmp_attr *a)
{
	if (a->len == 0 || a->len > KEY_MAX || k->len != 0)
		return false;
	key_set(k, a->value, a->len);
	return true;
}

static const char *
tek_packet(struct gdoi_kd_msg *m, struct rd spi, struct rd r)
{
	struct gdoi_tek_key *t;
	struct isakmp_attr a;

	if (m->n == GDOI_TEKS_MAX)
		return "too many TEKs";
	t = &m->teks[m->n++];
	t->spi = rd_u32(&spi);
	if (!rd_end(&spi) || t->spi < 256)
		return "TEK SPI";
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return "TEK key packet malformed";
		if (a.type != TEK_KEY && a.type != TEK_INTEGRITY)
			return "unknown attribute of a TEK key packet";
		if (!set_key(a.type == TEK_KEY ? &t->key : &t->auth_key, &a))
			return "TEK key length";
	}
	return rd_end(&r) ? NULL : "TEK key packet malformed";
}

static const char *
kek_packet(struct gdoi_kd_msg *m, struct rd spi, struct rd r)
{
	const uint8_t *p = rd_bytes(&spi, KEK_SPI_LEN);
	struct isakmp_attr a;

	if (m->has_kek || p == NULL || !rd_end(&spi))
		return "KEK key packet unexpected";
	m->has_kek = true;
	memcpy(m->kek_spi, p, KEK_SPI_LEN);
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return "KEK key packet malformed";
		if (a.type == KEK_KEY) {
			if (!set_key(&m->kek, &a))
				return "KEK key length";
		} else if (a.type == KEK_SIG_KEY) {
			if (a.len == 0 || a.len > GDOI_PUB_MAX || m->pub_len)
				return "signature key length";
			memcpy(m->pub, a.value, a.len);
			m->pub_len = (uint16_t)a.len;
		} else {
			return "unknown attribute of a KEK key packet";
		}
	}
	return rd_end(&r) ? NULL : "KEK key packet malformed";
}

static const char *
sid_packet(struct gdoi_kd_msg *m, struct rd r)
{
	struct isakmp_attr a;
	unsigned i;

	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a) || a.len > 8)
			return "SID packet malformed";
		if (a.type == SID_BITS) {
			if (a.num == 0 || a.num > 32 ||
			    (m->sid_bits != 0 && m->sid_bits != a.num))
				return "SID length";
			m->sid_bits = (uint8_t)a.num;
		} else if (a.type == SID_VALUE) {
			if (a.num > UINT32_MAX || m->nsids == GDOI_SIDS_MAX)
				return "SID value";
			m->sids[m->nsids++] = (uint32_t)a.num;
		} else {
			return "unknown SID attribute";
		}
	}
	if (!rd_end(&r) || m->sid_bits == 0)
		return "SID packet malformed";
	/* cut off, two senders could have the same one */
	for (i = 0; i < m->nsids; i++)
		if ((uint64_t)m->sids[i] >> m->sid_bits != 0)
			return "SID value";
	return NULL;
}

void
gdoi_kd_msg_free(struct gdoi_kd_msg *m)
{
	if (m->teks != NULL)
		explicit_bzero(m->teks, GDOI_TEKS_MAX * sizeof(*m->teks));
	free(m->teks);
	explicit_bzero(m, sizeof(*m));
}

const char *
gdoi_get_kd(struct rd r, struct gdoi_kd_msg *m)
{
	unsigned count = rd_u16(&r);
	const char *bad = NULL;

	memset(m, 0, sizeof(*m));
	m->teks = xcalloc(GDOI_TEKS_MAX, sizeof(*m->teks));
	(void)rd_u16(&r);
	while (count-- > 0 && bad == NULL) {
		uint8_t type = rd_u8(&r);
		size_t len = ((void)rd_u8(&r), rd_u16(&r)), spi_len;
		struct rd packet, spi;

		packet = rd_sub(&r, len < 4 ? SIZE_MAX / 2 : len - 4);
		spi_len = rd_u8(&packet);
		spi = rd_sub(&packet, spi_len);
		if (!rd_ok(&r) || !rd_ok(&packet))
			bad = "key packets malformed";
		else if (type == KD_TEK)
			bad = tek_packet(m, spi, packet);
		else if (type == KD_KEK)
			bad = kek_packet(m, spi, packet);
		else if (type == KD_SID)
			bad = sid_packet(m, packet);
		else if (type != KD_LKH)
			bad = "unknown type of key packet";
	}
	if (bad == NULL && !rd_end(&r))
		bad = "octets behind the key packets";
	if (bad != NULL)
		gdoi_kd_msg_free(m);
	return bad;
}

/* ---- SEQ (5.7) ---- */

void
gdoi_put_seq(struct isakmp_out *o, uint32_t seq)
{
	isakmp_out_open(o, ISAKMP_SEQ);
	wr_u32(&o->w, seq);
	isakmp_out_close(o);
}

bool
gdoi_get_seq(struct rd r, uint32_t *seq)
{
	*seq = rd_u32(&r);
	return rd_end(&r);
}

/* ---- Delete (5.9) ---- */

/* SPI zero: all of that protocol; protocol 0 is the KEK. */
void
gdoi_put_delete_all(struct isakmp_out *o, uint8_t protocol)
{
	size_t size = protocol == PROTO_ESP ? 4 : KEK_SPI_LEN;

	isakmp_out_open(o, ISAKMP_D);
	wr_u32(&o->w, DOI_GDOI);
	wr_u8(&o->w, protocol);
	wr_u8(&o->w, (uint8_t)size);
	wr_u16(&o->w, 1);
	wr_zero(&o->w, size);
	isakmp_out_close(o);
}

void
gdoi_put_delete_teks(struct isakmp_out *o, const uint32_t *spis, unsigned n)
{
	unsigned i;

	isakmp_out_open(o, ISAKMP_D);
	wr_u32(&o->w, DOI_GDOI);
	wr_u8(&o->w, PROTO_ESP);
	wr_u8(&o->w, 4);
	wr_u16(&o->w, (uint16_t)n);
	for (i = 0; i < n; i++)
		wr_u32(&o->w, spis[i]);
	isakmp_out_close(o);
}

const char *
gdoi_get_delete(struct rd r, struct gdoi_delete *d)
{
	uint32_t doi = rd_u32(&r);
	uint8_t size;
	struct rd look;
	unsigned i;

	memset(d, 0, sizeof(*d));
	d->protocol = rd_u8(&r);
	size = rd_u8(&r);
	d->n = rd_u16(&r);
	if (!rd_ok(&r) || doi != DOI_GDOI || d->protocol > PROTO_ESP ||
	    size != (d->protocol == PROTO_ESP ? 4 : KEK_SPI_LEN) ||
	    rd_left(&r) != (size_t)d->n * size)
		return "Delete payload malformed";
	d->spis = look = r;
	for (i = 0; i < d->n; i++) {
		bool zero = true;
		unsigned octet;

		for (octet = 0; octet < size; octet++)
			if (rd_u8(&look) != 0)
				zero = false;
		d->all |= zero;
	}
	return NULL;
}
