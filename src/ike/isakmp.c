/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ISAKMP messages: parsing into views, building, names (RFC 2408 section 3,
 * numbers of RFC 2409 and RFC 6407). Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ike/isakmp.h"

bool
isakmp_get_hdr(struct isakmp_hdr *h, const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	const uint8_t *c;

	memset(h, 0, sizeof(*h));
	c = rd_bytes(&r, 2 * ISAKMP_COOKIE_LEN);
	h->next = rd_u8(&r);
	h->version = rd_u8(&r);
	h->exchange = rd_u8(&r);
	h->flags = rd_u8(&r);
	h->mid = rd_u32(&r);
	h->length = rd_u32(&r);
	if (c == NULL || !rd_ok(&r))
		return false;
	memcpy(h->icookie, c, ISAKMP_COOKIE_LEN);
	memcpy(h->rcookie, c + ISAKMP_COOKIE_LEN, ISAKMP_COOKIE_LEN);
	return h->version >> 4 == ISAKMP_VERSION >> 4 && h->length == len &&
	    len <= ISAKMP_MSG_MAX;
}

bool
isakmp_get_pl(struct rd *r, uint8_t *next, struct isakmp_pl *p)
{
	memset(p, 0, sizeof(*p));
	p->type = *next;
	p->raw = r->p;
	*next = rd_u8(r);
	(void)rd_u8(r);
	p->raw_len = rd_u16(r);
	if (!rd_ok(r) || p->raw_len < ISAKMP_GEN_LEN)
		return false;
	p->len = p->raw_len - ISAKMP_GEN_LEN;
	p->body = rd_bytes(r, p->len);
	return rd_ok(r);
}

bool
isakmp_parse(struct isakmp_msg *m, const uint8_t *data, size_t len)
{
	struct rd r;
	uint8_t next;

	memset(m, 0, sizeof(*m));
	if (!isakmp_get_hdr(&m->hdr, data, len))
		return false;
	m->data = data;
	r = rd_of(data + ISAKMP_HDR_LEN, len - ISAKMP_HDR_LEN);
	for (next = m->hdr.next; next != ISAKMP_NONE; m->n++) {
		if (m->n == ISAKMP_PL_MAX ||
		    !isakmp_get_pl(&r, &next, &m->pl[m->n]))
			return false;
		m->set |= isakmp_bit(m->pl[m->n].type);
	}
	m->end = r.p;
	return true;
}

const struct isakmp_pl *
isakmp_find(const struct isakmp_msg *m, uint8_t type, unsigned nth)
{
	unsigned i;

	for (i = 0; i < m->n; i++)
		if (m->pl[i].type == type && nth-- == 0)
			return &m->pl[i];
	return NULL;
}

struct rd
isakmp_rd(const struct isakmp_pl *p)
{
	return rd_of(p->body, p->len);
}

bool
isakmp_get_attr(struct rd *r, struct isakmp_attr *a)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	a->type = rd_u16(r);
	a->basic = a->type >> 15;
	a->type &= 0x7fff;
	a->len = a->basic ? 2 : rd_u16(r);
	a->value = rd_bytes(r, a->len);
	if (!rd_ok(r))
		return false;
	if (a->len <= 8)
		for (i = 0; i < a->len; i++)
			a->num = a->num << 8 | a->value[i];
	return true;
}

void
isakmp_put_tv(struct wr *w, uint16_t type, uint16_t value)
{
	wr_u16(w, type | 0x8000);
	wr_u16(w, value);
}

void
isakmp_put_tlv(struct wr *w, uint16_t type, const void *data, size_t len)
{
	if (len > UINT16_MAX)
		w->bad = true;
	wr_u16(w, type);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, data, len);
}

void
isakmp_put_num(struct wr *w, uint16_t type, uint32_t value)
{
	if (value <= UINT16_MAX) {
		isakmp_put_tv(w, type, (uint16_t)value);
		return;
	}
	wr_u16(w, type);
	wr_u16(w, 4);
	wr_u32(w, value);
}

void
isakmp_put_id(struct wr *w, uint8_t type, uint32_t value)
{
	wr_u8(w, type);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u32(w, value);
}

void
isakmp_out_begin(struct isakmp_out *o, uint8_t *buf, size_t size,
    const struct isakmp_hdr *h)
{
	o->w = wr_of(buf, size);
	wr_bytes(&o->w, h->icookie, ISAKMP_COOKIE_LEN);
	wr_bytes(&o->w, h->rcookie, ISAKMP_COOKIE_LEN);
	o->next_at = wr_len(&o->w);
	wr_u8(&o->w, ISAKMP_NONE);
	wr_u8(&o->w, ISAKMP_VERSION);
	wr_u8(&o->w, h->exchange);
	wr_u8(&o->w, h->flags);
	wr_u32(&o->w, h->mid);
	wr_u32(&o->w, 0);
}

void
isakmp_out_open(struct isakmp_out *o, uint8_t type)
{
	wr_patch_u8(&o->w, o->next_at, type);
	o->start = wr_len(&o->w);
	o->next_at = o->start;
	wr_u8(&o->w, ISAKMP_NONE);
	wr_u8(&o->w, 0);
	wr_u16(&o->w, 0);
}

void
isakmp_out_close(struct isakmp_out *o)
{
	size_t len = wr_len(&o->w) - o->start;

	if (len > UINT16_MAX)
		o->w.bad = true;
	wr_patch_u16(&o->w, o->start + 2, (uint16_t)len);
}

void
isakmp_out_add(struct isakmp_out *o, uint8_t type, const void *body,
    size_t len)
{
	isakmp_out_open(o, type);
	wr_bytes(&o->w, body, len);
	isakmp_out_close(o);
}

/* Notification with the cookies of the ISAKMP SA as its SPI, or none. */
void
isakmp_out_notify(struct isakmp_out *o, uint32_t doi, uint16_t type,
    const struct isakmp_hdr *cookies, const void *data, size_t len)
{
	isakmp_out_open(o, ISAKMP_N);
	wr_u32(&o->w, doi);
	wr_u8(&o->w, PROTO_ISAKMP);
	wr_u8(&o->w, cookies != NULL ? 2 * ISAKMP_COOKIE_LEN : 0);
	wr_u16(&o->w, type);
	if (cookies != NULL) {
		wr_bytes(&o->w, cookies->icookie, ISAKMP_COOKIE_LEN);
		wr_bytes(&o->w, cookies->rcookie, ISAKMP_COOKIE_LEN);
	}
	wr_bytes(&o->w, data, len);
	isakmp_out_close(o);
}

void
isakmp_out_notify_spi(struct isakmp_out *o, uint32_t doi, uint8_t proto,
    uint32_t spi, uint16_t type, const void *data, size_t len)
{
	isakmp_out_open(o, ISAKMP_N);
	wr_u32(&o->w, doi);
	wr_u8(&o->w, proto);
	wr_u8(&o->w, sizeof(spi));
	wr_u16(&o->w, type);
	wr_u32(&o->w, spi);
	wr_bytes(&o->w, data, len);
	isakmp_out_close(o);
}

void
isakmp_out_length(struct isakmp_out *o)
{
	wr_patch_u32(&o->w, 24, (uint32_t)wr_len(&o->w));
}

/* ---- names ---- */

struct name {
	uint16_t number;
	const char *text;
};

static const char *
name_of(const struct name *t, size_t n, uint16_t number)
{
	static char buf[4][24]; /* used at most four times in one line */
	static unsigned turn;
	size_t i;

	for (i = 0; i < n; i++)
		if (t[i].number == number)
			return t[i].text;
	turn = (turn + 1) % NELEM(buf);
	snprintf(buf[turn], sizeof(buf[turn]), "unknown (%u)", number);
	return buf[turn];
}

static const struct name exchanges[] = {
	{ ISAKMP_X_MAIN, "MAIN MODE" },
	{ ISAKMP_X_AGGRESSIVE, "AGGRESSIVE MODE" },
	{ ISAKMP_X_INFO, "INFORMATIONAL" },
	{ GDOI_X_PULL, "GROUPKEY-PULL" },
	{ GDOI_X_PUSH, "GROUPKEY-PUSH" },
	{ GDOI_X_PUSH_ACK, "GROUPKEY-PUSH-ACK" },
	{ GDOI_X_COOP, "COOP" },
};

static const struct name payloads[] = {
	{ ISAKMP_SA, "SA" },	   { ISAKMP_P, "P" },
	{ ISAKMP_T, "T" },	   { ISAKMP_KE, "KE" },
	{ ISAKMP_ID, "ID" },	   { ISAKMP_CERT, "CERT" },
	{ ISAKMP_CERTREQ, "CERTREQ" }, { ISAKMP_HASH, "HASH" },
	{ ISAKMP_SIG, "SIG" },	   { ISAKMP_NONCE, "NONCE" },
	{ ISAKMP_N, "N" },	   { ISAKMP_D, "D" },
	{ ISAKMP_VID, "VID" },	   { ISAKMP_SAK, "SAK" },
	{ ISAKMP_SAT, "SAT" },	   { ISAKMP_KD, "KD" },
	{ ISAKMP_SEQ, "SEQ" },	   { ISAKMP_GAP, "GAP" },
	{ ISAKMP_NATD, "NAT-D" },  { ISAKMP_NATOA, "NAT-OA" },
	{ ISAKMP_NATD_DRAFT, "NAT-D" }, { ISAKMP_NATOA_DRAFT, "NAT-OA" },
	{ ISAKMP_COOP, "COOP" },
};

static const struct name notifies[] = {
	{ N_INVALID_COOKIE, "INVALID-COOKIE" },
	{ N_INVALID_EXCHANGE, "INVALID-EXCHANGE-TYPE" },
	{ N_NO_PROPOSAL, "NO-PROPOSAL-CHOSEN" },
	{ N_BAD_PROPOSAL, "BAD-PROPOSAL-SYNTAX" },
	{ N_MALFORMED, "PAYLOAD-MALFORMED" },
	{ N_INVALID_KEY, "INVALID-KEY-INFORMATION" },
	{ N_INVALID_ID, "INVALID-ID-INFORMATION" },
	{ N_INVALID_HASH, "INVALID-HASH-INFORMATION" },
	{ N_AUTH_FAILED, "AUTHENTICATION-FAILED" },
	{ N_INVALID_SIG, "INVALID-SIGNATURE" },
	{ N_UNSUPPORTED_X, "UNSUPPORTED-EXCHANGE-TYPE" },
	{ N_INVALID_SPI, "INVALID-SPI" },
	{ N_RESPONDER_LIFETIME, "RESPONDER-LIFETIME" },
	{ N_INITIAL_CONTACT, "INITIAL-CONTACT" },
	{ N_R_U_THERE, "R-U-THERE" },
	{ N_R_U_THERE_ACK, "R-U-THERE-ACK" },
};

const char *
isakmp_exchange_name(uint8_t x)
{
	return name_of(exchanges, NELEM(exchanges), x);
}

const char *
isakmp_payload_name(uint8_t p)
{
	return name_of(payloads, NELEM(payloads), p);
}

const char *
isakmp_notify_name(uint16_t n)
{
	return name_of(notifies, NELEM(notifies), n);
}

const char *
isakmp_describe(const struct isakmp_msg *m, char *buf)
{
	size_t at;
	unsigned i;

	at = (size_t)snprintf(buf, 160, "HDR%s",
	    m->hdr.flags & ISAKMP_F_ENC ? "*" : "");
	for (i = 0; i < m->n && at < 140; i++)
		at += (size_t)snprintf(buf + at, 160 - at, " %s",
		    isakmp_payload_name(m->pl[i].type));
	return buf;
}
