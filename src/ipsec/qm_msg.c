/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Payloads of quick mode, see qm_msg.h. Decoders believe nothing; a transform
 * with anything in it that is unknown is passed over. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ipsec/qm_msg.h"

#define SIT_IDENTITY_ONLY 1
#define ID_IPV4_RANGE 7

/* ---- attributes ---- */

static void
put_life(struct wr *w, uint32_t seconds, uint32_t kilobytes)
{
	if (seconds != 0) {
		isakmp_put_tv(w, ESP_A_LIFE_TYPE, ESP_LIFE_SECONDS);
		isakmp_put_num(w, ESP_A_LIFE, seconds);
	}
	if (kilobytes != 0) {
		isakmp_put_tv(w, ESP_A_LIFE_TYPE, ESP_LIFE_KILOBYTES);
		isakmp_put_num(w, ESP_A_LIFE, kilobytes);
	}
}

/* A duration is of the type that was said last. 0 would be an SA that ends
 * before it begins. */
static bool
get_life(const struct isakmp_attr *a, uint32_t *type, uint32_t *seconds,
    uint32_t *kilobytes)
{
	uint32_t value = a->num > UINT32_MAX ? UINT32_MAX : (uint32_t)a->num;

	if (a->type == ESP_A_LIFE_TYPE) {
		*type = value;
		return value == ESP_LIFE_SECONDS ||
		    value == ESP_LIFE_KILOBYTES;
	}
	if (*type == 0 || value == 0)
		return false;
	*(*type == ESP_LIFE_SECONDS ? seconds : kilobytes) = value;
	*type = 0;
	return true;
}

void
qm_put_lifetime(struct wr *w, uint32_t seconds, uint32_t kilobytes)
{
	put_life(w, seconds, kilobytes);
}

bool
qm_get_lifetime(struct rd r, uint32_t *seconds, uint32_t *kilobytes)
{
	struct isakmp_attr a;
	uint32_t type = 0;

	*seconds = *kilobytes = 0;
	while (rd_left(&r) > 0)
		if (!isakmp_get_attr(&r, &a) || a.len > 8 ||
		    (a.type != ESP_A_LIFE_TYPE && a.type != ESP_A_LIFE) ||
		    !get_life(&a, &type, seconds, kilobytes))
			return false;
	return rd_end(&r);
}

static bool
has_key_length(const struct esp_transform *t)
{
	return t->cipher == ESP_AES_CBC || esp_is_aead(t);
}

/* ---- one transform ---- */

static void
put_transform(struct wr *w, const struct qm_transform *t)
{
	size_t at = wr_len(w);

	wr_u8(w, ISAKMP_NONE);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, 1);
	wr_u8(w, esp_cipher_id(t->esp.cipher));
	wr_u16(w, 0);
	isakmp_put_tv(w, ESP_A_ENCAPS, t->encap);
	put_life(w, t->seconds, t->kilobytes);
	if (t->group != 0)
		isakmp_put_tv(w, ESP_A_GROUP, t->group);
	if (t->esp.auth != ESP_AUTH_NONE)
		isakmp_put_tv(w, ESP_A_AUTH, esp_auth_id(t->esp.auth));
	if (has_key_length(&t->esp))
		isakmp_put_tv(w, ESP_A_KEY_LENGTH, t->esp.key_bits);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

/* One attribute; false: the transform cannot be used. */
static bool
take(struct qm_transform *t, const struct isakmp_attr *a, uint32_t *life_type)
{
	if (a->len > 8 || (a->type != ESP_A_LIFE && a->num > UINT16_MAX))
		return false;
	switch (a->type) {
	case ESP_A_LIFE_TYPE:
	case ESP_A_LIFE:
		return get_life(a, life_type, &t->seconds, &t->kilobytes);
	case ESP_A_GROUP:
		t->group = (uint8_t)a->num;
		return a->num != 0 && a->num <= UINT8_MAX;
	case ESP_A_ENCAPS:
		t->encap = (uint16_t)a->num;
		return a->num != ENCAP_NONE;
	case ESP_A_AUTH:
		t->esp.auth = esp_auth_of(a->num);
		return t->esp.auth != ESP_ID_NONE;
	case ESP_A_KEY_LENGTH:
		t->esp.key_bits = (uint16_t)a->num;
		return true;
	default:
		return false;
	}
}

/* False: malformed. *usable: it is one of those that ESP here can run. AES
 * without a length is 128 bits, as old software means it. */
static bool
get_transform(struct rd r, struct qm_transform *t, bool *usable)
{
	struct isakmp_attr a;
	uint32_t life_type = 0;

	memset(t, 0, sizeof(*t));
	(void)rd_u8(&r); /* number */
	t->esp.cipher = esp_cipher_of(rd_u8(&r));
	(void)rd_u16(&r);
	*usable = t->esp.cipher != ESP_ID_NONE;
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return false;
		if (!take(t, &a, &life_type))
			*usable = false;
	}
	if (*usable && !has_key_length(&t->esp)) {
		*usable = t->esp.key_bits == 0;
		t->esp.key_bits = (uint16_t)(8 * esp_key_len(&t->esp));
	} else if (t->esp.cipher == ESP_AES_CBC && t->esp.key_bits == 0) {
		t->esp.key_bits = 128;
	}
	*usable = *usable && esp_transform_ok(&t->esp);
	return rd_end(&r);
}

/* ---- the SA payload ---- */

/* Header of a proposal for ESP; returns where its length goes. */
static size_t
put_proposal(struct wr *w, bool last, uint8_t number, uint32_t spi)
{
	size_t at = wr_len(w);

	wr_u8(w, last ? ISAKMP_NONE : ISAKMP_P);
	wr_u8(w, 0);
	wr_u16(w, 0);
	wr_u8(w, number);
	wr_u8(w, PROTO_IPSEC_ESP);
	wr_u8(w, sizeof(spi));
	wr_u8(w, 1);
	wr_u32(w, spi);
	return at;
}

void
qm_put_sa(struct wr *w, const struct qm_transform *t, unsigned n, uint32_t spi)
{
	unsigned i;
	size_t at;

	wr_u32(w, DOI_IPSEC);
	wr_u32(w, SIT_IDENTITY_ONLY);
	for (i = 0; i < n; i++) {
		at = put_proposal(w, i + 1 == n, (uint8_t)(i + 1), spi);
		put_transform(w, &t[i]);
		wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
	}
}

void
qm_put_choice(struct wr *w, const struct qm_choice *c, uint32_t spi)
{
	size_t at, start;

	wr_u32(w, DOI_IPSEC);
	wr_u32(w, SIT_IDENTITY_ONLY);
	at = put_proposal(w, true, c->proposal, spi);
	start = wr_len(w);
	wr_bytes(w, c->raw, c->len);
	wr_patch_u8(w, start, ISAKMP_NONE);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at));
}

struct proposal {
	uint8_t number, proto, ntransforms;
	uint32_t spi; /* 0: not one of ESP */
	struct rd transforms;
};

static bool
get_proposal(struct rd r, struct proposal *p)
{
	uint8_t spi_size;

	p->number = rd_u8(&r);
	p->proto = rd_u8(&r);
	spi_size = rd_u8(&r);
	p->ntransforms = rd_u8(&r);
	p->spi = 0;
	if (spi_size == sizeof(p->spi))
		p->spi = rd_u32(&r);
	else
		rd_skip(&r, spi_size);
	p->transforms = r;
	return rd_ok(&r);
}

static bool
choose_from(const struct proposal *p, qm_fits_fn *fits, const void *arg,
    struct qm_choice *c, bool *found)
{
	uint8_t next = ISAKMP_T;
	struct rd r = p->transforms;
	struct isakmp_pl pl;
	unsigned i;
	bool usable;

	for (i = 0; i < p->ntransforms; i++) {
		if (next != ISAKMP_T || !isakmp_get_pl(&r, &next, &pl) ||
		    !get_transform(isakmp_rd(&pl), &c->t, &usable))
			return false;
		c->looked_at++;
		if (!usable || pl.raw_len > sizeof(c->raw) ||
		    !fits(arg, &c->t))
			continue;
		memcpy(c->raw, pl.raw, pl.raw_len);
		c->len = pl.raw_len;
		c->spi = p->spi;
		c->proposal = p->number;
		*found = true;
		return true;
	}
	return true;
}

/* Proposals with one number belong together (ESP and AH, ESP and IPCOMP): none
 * of those are taken. SPIs up to 255 are reserved. */
static bool
can_stand_alone(const struct proposal *p, unsigned n, unsigned i)
{
	if (i > 0 && p[i - 1].number == p[i].number)
		return false;
	if (i + 1 < n && p[i + 1].number == p[i].number)
		return false;
	return p[i].proto == PROTO_IPSEC_ESP && p[i].spi > 255;
}

static bool
get_proposals(struct rd sa, struct proposal *p, unsigned *n)
{
	uint8_t next = ISAKMP_P;
	struct isakmp_pl pl;

	if (rd_u32(&sa) != DOI_IPSEC || rd_u32(&sa) != SIT_IDENTITY_ONLY ||
	    !rd_ok(&sa))
		return false;
	for (*n = 0; next == ISAKMP_P && *n < QM_PROPOSALS_MAX; (*n)++)
		if (!isakmp_get_pl(&sa, &next, &pl) ||
		    !get_proposal(isakmp_rd(&pl), &p[*n]))
			return false;
	return true;
}

uint16_t
qm_choose(struct rd sa, qm_fits_fn *fits, const void *arg,
    struct qm_choice *c)
{
	struct proposal p[QM_PROPOSALS_MAX];
	bool found = false;
	unsigned n, i;

	memset(c, 0, sizeof(*c));
	if (!get_proposals(sa, p, &n))
		return N_MALFORMED;
	for (i = 0; i < n && !found; i++)
		if (can_stand_alone(p, n, i) &&
		    !choose_from(&p[i], fits, arg, c, &found))
			return N_MALFORMED;
	return found ? N_NONE : N_NO_PROPOSAL;
}

uint16_t
qm_accept(struct rd sa, qm_fits_fn *fits, const void *arg,
    struct qm_choice *c)
{
	struct proposal p[QM_PROPOSALS_MAX];
	unsigned n;

	if (!get_proposals(sa, p, &n) || n != 1 || p[0].ntransforms != 1)
		return N_MALFORMED;
	return qm_choose(sa, fits, arg, c) == N_NONE ? N_NONE :
	    N_BAD_PROPOSAL;
}

/* ---- identities ---- */

void
qm_put_id(struct wr *w, const struct qm_proxy *p)
{
	bool host = p->mask == UINT32_MAX;

	wr_u8(w, host ? ID_IPV4_ADDR : ID_IPV4_SUBNET);
	wr_u8(w, p->proto);
	wr_u16(w, p->port);
	wr_u32(w, p->addr);
	if (!host)
		wr_u32(w, p->mask);
}

bool
qm_get_id(struct rd r, struct qm_proxy *p)
{
	uint8_t type = rd_u8(&r);
	uint32_t last;

	p->proto = rd_u8(&r);
	p->port = rd_u16(&r);
	p->addr = rd_u32(&r);
	p->mask = UINT32_MAX;
	if (type == ID_IPV4_SUBNET) {
		p->mask = rd_u32(&r);
	} else if (type == ID_IPV4_RANGE) {
		last = rd_u32(&r);
		p->mask = ~(p->addr ^ last);
		if ((p->addr & ~p->mask) != 0 || (~last & ~p->mask) != 0)
			return false; /* no subnet */
	} else if (type != ID_IPV4_ADDR) {
		return false;
	}
	p->addr &= p->mask;
	return rd_end(&r) && ip4_prefix_of(p->mask) >= 0;
}

const char *
qm_proxy_str(const struct qm_proxy *p, char *buf)
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	snprintf(buf, 64, "%s/%s/%u/%u", ip4_str(p->addr, a),
	    ip4_str(p->mask, m), p->proto, p->port);
	return buf;
}

void
qm_put_oa(struct wr *w, uint32_t addr)
{
	isakmp_put_id(w, ID_IPV4_ADDR, addr);
}

bool
qm_get_oa(struct rd r, uint32_t *addr)
{
	uint8_t type = rd_u8(&r);

	rd_skip(&r, 3);
	*addr = rd_u32(&r);
	return rd_end(&r) && type == ID_IPV4_ADDR;
}
