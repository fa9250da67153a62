/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Encoding and decoding of the SA payload of GDOI and what is nested in it:
 * SAK, GAP, SAT (RFC 6407 5.2 to 5.5, ACK attribute of RFC 8263). Decoders
 * believe nothing: every length is checked, every number looked up, unknown
 * attributes refuse the whole payload as the RFC wants (5.3.2, 5.4). Runs in
 * process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_msg.h"
#include "ike/esp_ids.h"

#define IP_UDP 17

/* ---- numbers of the wire and ours ---- */

struct map {
	uint8_t wire, own;
};

static const struct map kek_ciphers[] = {
	{ 1, ESP_DES }, { 2, ESP_3DES }, { 3, ESP_AES_CBC },
};
static const struct map sig_hashes[] = {
	{ 1, ESP_AUTH_MD5 }, { 2, ESP_AUTH_SHA1 }, { 3, ESP_AUTH_SHA256 },
	{ 4, ESP_AUTH_SHA384 }, { 5, ESP_AUTH_SHA512 },
};

/* By wire number; 255 when there is none. */
static uint8_t
to_own(const struct map *m, size_t n, uint64_t wire)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (m[i].wire == wire)
			return m[i].own;
	return 255;
}
#define TO_OWN(map, wire) to_own((map), NELEM(map), (wire))

static uint8_t
to_wire(const struct map *m, size_t n, uint8_t own)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (m[i].own == own)
			return m[i].wire;
	fatal("no wire number for algorithm %u", own);
}
#define TO_WIRE(map, own) to_wire((map), NELEM(map), (own))

size_t
gdoi_kek_key_len(uint8_t cipher, unsigned key_bits)
{
	switch (cipher) {
	case ESP_DES:
		return 8;
	case ESP_3DES:
		return 24;
	case ESP_AES_CBC:
		return key_bits == 128 || key_bits == 192 || key_bits == 256 ?
		    key_bits / 8 : 0;
	default:
		return 0;
	}
}

size_t
gdoi_kek_iv_len(uint8_t cipher)
{
	return cipher == ESP_AES_CBC ? 16 : 8;
}

/* ---- one end of an SAK or SAT: type, port, length, data ---- */

static void
put_end(struct wr *w, uint32_t addr, uint32_t wild, uint16_t port)
{
	wr_u8(w, wild == 0 ? ID_IPV4_ADDR : ID_IPV4_SUBNET);
	wr_u16(w, port);
	wr_u8(w, wild == 0 ? 4 : 8);
	wr_u32(w, addr);
	if (wild != 0)
		wr_u32(w, ~wild);
}

/* len_size: the RFC has one octet of length, some peers send two. */
static bool
get_end(struct rd *r, unsigned len_size, uint32_t *addr, uint32_t *wild,
    uint16_t *port)
{
	uint8_t type = rd_u8(r);
	struct rd data;
	size_t len;

	*port = rd_u16(r);
	len = len_size == 1 ? rd_u8(r) : rd_u16(r);
	data = rd_sub(r, len);
	*addr = rd_u32(&data);
	*wild = 0;
	if (type == ID_IPV4_SUBNET)
		*wild = ~rd_u32(&data);
	else if (type != ID_IPV4_ADDR)
		return false;
	*addr &= ~*wild;
	return rd_end(&data) && rd_ok(r);
}

/* ---- SAK: the KEK (5.3) ---- */

enum {
	SAK_MANAGEMENT = 1,
	SAK_ALGORITHM = 2,
	SAK_KEY_LENGTH = 3,
	SAK_LIFETIME = 4,
	SAK_SIG_HASH = 5,
	SAK_SIG_ALGORITHM = 6,
	SAK_SIG_LENGTH = 7,
	SAK_ACK = 9,
};
#define SIG_RSA 1

static void
put_sak(struct wr *w, const struct gdoi_kek *k)
{
	wr_u8(w, IP_UDP);
	put_end(w, k->src.addr, 0, k->src.port);
	put_end(w, k->dst.addr, 0, k->dst.port);
	wr_bytes(w, k->spi, KEK_SPI_LEN);
	wr_u32(w, 0);
	isakmp_put_tv(w, SAK_ALGORITHM, TO_WIRE(kek_ciphers, k->cipher));
	isakmp_put_tv(w, SAK_KEY_LENGTH, k->key_bits);
	isakmp_put_num(w, SAK_LIFETIME, k->life);
	isakmp_put_tv(w, SAK_SIG_HASH, TO_WIRE(sig_hashes, k->sig_hash));
	isakmp_put_tv(w, SAK_SIG_ALGORITHM, SIG_RSA);
	if (k->sig_bits != 0)
		isakmp_put_tv(w, SAK_SIG_LENGTH, k->sig_bits);
	if (k->ack != KEK_ACK_NONE && k->ack != KEK_ACK_OWN)
		isakmp_put_tv(w, SAK_ACK, k->ack);
}

static const char *
sak_attribute(struct gdoi_kek *k, const struct isakmp_attr *a)
{
	if (a->len > 8)
		return "KEK attribute too long";
	switch (a->type) {
	case SAK_MANAGEMENT: /* LKH: not in a PULL, ignored there */
		break;
	case SAK_ALGORITHM:
		if ((k->cipher = TO_OWN(kek_ciphers, a->num)) == 255)
			return "unknown KEK algorithm";
		break;
	case SAK_KEY_LENGTH:
		k->key_bits = a->num > 1024 ? 0 : (uint16_t)a->num;
		break;
	case SAK_LIFETIME:
		k->life = a->num > UINT32_MAX ? UINT32_MAX : (uint32_t)a->num;
		break;
	case SAK_SIG_HASH:
		if ((k->sig_hash = TO_OWN(sig_hashes, a->num)) == 255)
			return "unknown signature hash";
		break;
	case SAK_SIG_ALGORITHM:
		if (a->num != SIG_RSA)
			return "unknown signature algorithm";
		k->sig_bits = 1;
		break;
	case SAK_SIG_LENGTH:
		if (a->num < 512 || a->num > 8192)
			return "signature key length";
		break;
	case SAK_ACK:
		k->ack = a->num == KEK_ACK_SHA256 || a->num == KEK_ACK_SHA512 ?
		    (uint8_t)a->num : KEK_ACK_NONE;
		break;
	default:
		return "unknown KEK attribute";
	}
	return NULL;
}

static const char *
get_sak(struct rd r, struct gdoi_kek *k)
{
	static const uint8_t zero[KEK_SPI_LEN];
	const uint8_t *spi;
	struct isakmp_attr a;
	uint16_t sig_bits = 0;
	const char *bad;
	uint32_t wild;

	memset(k, 0, sizeof(*k));
	k->cipher = 255;
	k->sig_hash = ESP_AUTH_SHA1;
	if (rd_u8(&r) != IP_UDP)
		return "KEK protocol is not UDP";
	if (!get_end(&r, 1, &k->src.addr, &wild, &k->src.port) ||
	    !get_end(&r, 1, &k->dst.addr, &wild, &k->dst.port))
		return "KEK addresses";
	spi = rd_bytes(&r, KEK_SPI_LEN);
	(void)rd_u32(&r);
	if (spi == NULL || !rd_ok(&r))
		return "KEK payload too short";
	if (memcmp(spi, zero, sizeof(zero)) == 0)
		return "KEK SPI is zero";
	memcpy(k->spi, spi, KEK_SPI_LEN);
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return "KEK attributes malformed";
		if ((bad = sak_attribute(k, &a)) != NULL)
			return bad;
		if (a.type == SAK_SIG_LENGTH)
			sig_bits = (uint16_t)a.num;
	}
	if (!rd_end(&r))
		return "KEK attributes malformed";
	if (k->cipher == 255 || k->sig_bits == 0)
		return "KEK or signature algorithm missing";
	k->sig_bits = sig_bits;
	if (k->cipher != ESP_AES_CBC)
		k->key_bits = k->cipher == ESP_DES ? 64 : 192;
	if (gdoi_kek_key_len(k->cipher, k->key_bits) == 0)
		return "KEK key length";
	return k->life == 0 ? "KEK without lifetime" : NULL;
}

/* ---- GAP (5.4) ---- */

enum { GAP_ACTIVATION = 1, GAP_DEACTIVATION = 2, GAP_SID_REQUEST = 3 };

static void
put_gap(struct wr *w, const struct gdoi_gap *g)
{
	if (g->activation != 0)
		isakmp_put_tv(w, GAP_ACTIVATION, g->activation);
	if (g->deactivation != 0)
		isakmp_put_tv(w, GAP_DEACTIVATION, g->deactivation);
	if (g->sids_asked)
		isakmp_put_tv(w, GAP_SID_REQUEST, g->sids);
}

const char *
gdoi_get_gap(struct rd r, struct gdoi_gap *g)
{
	struct isakmp_attr a;

	memset(g, 0, sizeof(*g));
	g->present = true;
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a) || a.len > 8 ||
		    a.num > UINT16_MAX)
			return "GAP malformed";
		switch (a.type) {
		case GAP_ACTIVATION:
			g->activation = (uint16_t)a.num;
			break;
		case GAP_DEACTIVATION:
			g->deactivation = (uint16_t)a.num;
			break;
		case GAP_SID_REQUEST:
			g->sids_asked = true;
			g->sids = (uint16_t)a.num;
			break;
		default:
			return "unknown GAP attribute";
		}
	}
	return rd_end(&r) ? NULL : "GAP malformed";
}

void
gdoi_put_gap_request(struct isakmp_out *o, uint16_t sids)
{
	struct gdoi_gap g = { .sids = sids, .sids_asked = true };

	isakmp_out_open(o, ISAKMP_GAP);
	put_gap(&o->w, &g);
	isakmp_out_close(o);
}

/* ---- SAT: a TEK and one entry of the policy (5.5) ---- */

enum { /* RFC 2407 4.5, and our own behind 32000 */
	SAT_LIFE_TYPE = 1,
	SAT_LIFE = 2,
	SAT_ENCAPS = 4,
	SAT_AUTH = 5,
	SAT_KEY_LENGTH = 6,
	SAT_PRESERVE = 14,
	SAT_DIRECTION = 15,
	SAT_REPLAY = 32001,
	SAT_WINDOW = 32002,
	SAT_DENY = 32003,
	SAT_INDEX = 32004,
	SAT_CLOCK = 32040,
	SAT_CLOCK_ID = 32041,
	SAT_CLOCK_LATE = 32042,
};
#define ENCAPS_TUNNEL 1
#define PRESERVE_BOTH 4
#define DIRECTION_RECEIVER 2
#define DIRECTION_SYMMETRIC 3
#define DEFAULT_WINDOW 64

static void
put_clock(struct wr *w, const struct gdoi_clock *c)
{
	if (c->id == 0)
		return;
	wr_u16(w, SAT_CLOCK);
	wr_u16(w, 8);
	wr_u32(w, (uint32_t)(c->pseudotime >> 32));
	wr_u32(w, (uint32_t)c->pseudotime);
	isakmp_put_num(w, SAT_CLOCK_ID, c->id);
	if (c->late != 0)
		isakmp_put_num(w, SAT_CLOCK_LATE, c->late);
}

/* True: it was one of the clock's. */
static bool
clock_attribute(struct gdoi_clock *c, const struct isakmp_attr *a,
    const char **bad)
{
	*bad = NULL;
	switch (a->type) {
	case SAT_CLOCK:
		if (a->num > GDOI_CLOCK_MAX)
			*bad = "pseudotime out of range";
		c->pseudotime = a->num;
		return true;
	case SAT_CLOCK_ID:
	case SAT_CLOCK_LATE:
		if (a->num > UINT32_MAX)
			*bad = "TEK attribute out of range";
		else if (a->type == SAT_CLOCK_ID)
			c->id = (uint32_t)a->num;
		else
			c->late = (uint32_t)a->num;
		return true;
	}
	return false;
}

static void
put_sat(struct wr *w, const struct gdoi_sat *s)
{
	const struct ace *a = &s->ace;
	const struct esp_transform *t = &s->transform;

	wr_u8(w, PROTO_ESP);
	wr_u8(w, a->proto);
	put_end(w, a->src, a->src_wild, a->sport.op ? a->sport.lo : 0);
	put_end(w, a->dst, a->dst_wild, a->dport.op ? a->dport.lo : 0);
	wr_u8(w, esp_cipher_id(t->cipher));
	wr_u32(w, s->spi);
	isakmp_put_tv(w, SAT_ENCAPS, ENCAPS_TUNNEL);
	if (t->auth != ESP_AUTH_NONE)
		isakmp_put_tv(w, SAT_AUTH, esp_auth_id(t->auth));
	isakmp_put_tv(w, SAT_LIFE_TYPE, 1);
	isakmp_put_num(w, SAT_LIFE, s->life);
	if (t->cipher == ESP_AES_CBC || esp_is_aead(t))
		isakmp_put_tv(w, SAT_KEY_LENGTH, t->key_bits);
	if (s->replay != REPLAY_COUNTER)
		isakmp_put_tv(w, SAT_REPLAY, s->replay);
	if (s->window != DEFAULT_WINDOW && s->replay != REPLAY_NONE)
		isakmp_put_tv(w, SAT_WINDOW, s->window);
	if (s->receive_only)
		isakmp_put_tv(w, SAT_DIRECTION, DIRECTION_RECEIVER);
	if (a->action == ACE_DENY)
		isakmp_put_tv(w, SAT_DENY, 1);
	if (s->sa_index != 0)
		isakmp_put_tv(w, SAT_INDEX, s->sa_index);
	put_clock(w, &s->clock);
}

static const char *
sat_attribute(struct gdoi_sat *s, const struct isakmp_attr *a,
    uint64_t *life_type)
{
	const char *bad;

	if (a->len > 8)
		return "TEK attribute too long";
	if (clock_attribute(&s->clock, a, &bad))
		return bad;
	if (a->type != SAT_LIFE && a->num > UINT16_MAX)
		return "TEK attribute out of range";
	switch (a->type) {
	case SAT_LIFE_TYPE:
		*life_type = a->num;
		break;
	case SAT_LIFE: /* kilobytes mean nothing to a group */
		if (*life_type == 1)
			s->life = a->num > UINT32_MAX / 1000 ?
			    UINT32_MAX / 1000 : (uint32_t)a->num;
		break;
	case SAT_ENCAPS:
		if (a->num != ENCAPS_TUNNEL)
			return "TEK is not for tunnel mode";
		break;
	case SAT_AUTH:
		if ((s->transform.auth = esp_auth_of(a->num)) ==
		    ESP_ID_NONE)
			return "unknown TEK authentication algorithm";
		break;
	case SAT_KEY_LENGTH:
		s->transform.key_bits = (uint16_t)a->num;
		break;
	case SAT_PRESERVE:
		if (a->num != PRESERVE_BOTH)
			return "TEK does not preserve both addresses";
		break;
	case SAT_DIRECTION:
		if (a->num != DIRECTION_SYMMETRIC &&
		    a->num != DIRECTION_RECEIVER)
			return "TEK of senders only";
		s->receive_only = a->num == DIRECTION_RECEIVER;
		break;
	case SAT_REPLAY:
		if (a->num > REPLAY_TIME)
			return "unknown replay method";
		s->replay = (uint8_t)a->num;
		break;
	case SAT_WINDOW:
		s->window = (uint16_t)a->num;
		break;
	case SAT_DENY:
		s->ace.action = a->num != 0 ? ACE_DENY : ACE_PERMIT;
		break;
	case SAT_INDEX:
		s->sa_index = (uint16_t)a->num;
		break;
	default:
		return "unknown TEK attribute";
	}
	return NULL;
}

static void
set_port(struct ace_ports *p, uint16_t port)
{
	p->op = port != 0 ? ACE_OP_EQ : ACE_OP_ANY;
	p->lo = port;
}

static const char *
get_sat_as(struct rd r, unsigned len_size, struct gdoi_sat *s)
{
	uint64_t life_type = 0;
	uint16_t sport, dport;
	struct isakmp_attr a;
	const char *bad;

	memset(s, 0, sizeof(*s));
	s->ace = ace_any(ACE_PERMIT);
	s->replay = REPLAY_COUNTER;
	s->window = DEFAULT_WINDOW;
	if (rd_u8(&r) != PROTO_ESP)
		return "TEK protocol is not ESP";
	s->ace.proto = rd_u8(&r);
	if (!get_end(&r, len_size, &s->ace.src, &s->ace.src_wild, &sport) ||
	    !get_end(&r, len_size, &s->ace.dst, &s->ace.dst_wild, &dport))
		return "TEK addresses";
	set_port(&s->ace.sport, sport);
	set_port(&s->ace.dport, dport);
	s->transform.cipher = esp_cipher_of(rd_u8(&r));
	s->spi = rd_u32(&r);
	if (s->transform.cipher == ESP_ID_NONE)
		return "unknown TEK transform";
	while (rd_left(&r) > 0) {
		if (!isakmp_get_attr(&r, &a))
			return "TEK attributes malformed";
		if ((bad = sat_attribute(s, &a, &life_type)) != NULL)
			return bad;
	}
	if (!rd_end(&r))
		return "TEK payload malformed";
	if (s->transform.cipher == ESP_DES || s->transform.cipher == ESP_3DES)
		s->transform.key_bits =
		    s->transform.cipher == ESP_DES ? 64 : 192;
	if (s->transform.cipher == ESP_NULL)
		s->transform.key_bits = 0;
	if (!esp_transform_ok(&s->transform))
		return "TEK algorithms do not fit together";
	if (s->spi < 256)
		return "TEK SPI below 256";
	return s->life == 0 ? "TEK without lifetime" : NULL;
}

static const char *
get_sat(struct rd r, struct gdoi_sat *s)
{
	const char *bad = get_sat_as(r, 1, s);
	struct gdoi_sat two;

	if (bad != NULL && get_sat_as(r, 2, &two) == NULL) {
		*s = two;
		return NULL;
	}
	return bad;
}

/* ---- SA (5.2): DOI, situation, first nested type, reserved, nested ---- */

void
gdoi_put_sa(struct isakmp_out *o, const struct gdoi_kek *kek,
    const struct gdoi_gap *gap, const struct gdoi_sat *sats, unsigned n)
{
	struct isakmp_out in; /* the nested chain, in the same memory */
	bool has_gap = gap != NULL && gap->present;
	unsigned i;

	isakmp_out_open(o, ISAKMP_SA);
	wr_u32(&o->w, DOI_GDOI);
	wr_u32(&o->w, 0);
	wr_u16(&o->w, 0); /* the low octet becomes the first nested type */
	wr_u16(&o->w, 0);
	in.w = o->w;
	in.next_at = wr_len(&o->w) - 3;
	if (kek != NULL) {
		isakmp_out_open(&in, ISAKMP_SAK);
		put_sak(&in.w, kek);
		isakmp_out_close(&in);
	}
	if (has_gap) {
		isakmp_out_open(&in, ISAKMP_GAP);
		put_gap(&in.w, gap);
		isakmp_out_close(&in);
	}
	for (i = 0; i < n; i++) {
		isakmp_out_open(&in, ISAKMP_SAT);
		put_sat(&in.w, &sats[i]);
		isakmp_out_close(&in);
	}
	o->w = in.w;
	isakmp_out_close(o);
}

void
gdoi_sa_msg_free(struct gdoi_sa_msg *m)
{
	free(m->sats);
	explicit_bzero(m, sizeof(*m));
}

static const char *
get_nested(struct rd r, uint8_t next, struct gdoi_sa_msg *m)
{
	const char *bad = NULL;
	unsigned cap = 0;
	struct isakmp_pl p;

	while (next != ISAKMP_NONE && bad == NULL) {
		if (!isakmp_get_pl(&r, &next, &p))
			return "nested payloads malformed";
		if (p.type == ISAKMP_SAK && !m->has_kek && m->n == 0) {
			m->has_kek = true;
			bad = get_sak(isakmp_rd(&p), &m->kek);
		} else if (p.type == ISAKMP_GAP && !m->gap.present &&
		    m->n == 0) {
			bad = gdoi_get_gap(isakmp_rd(&p), &m->gap);
		} else if (p.type == ISAKMP_SAT && m->n < GDOI_SATS_MAX) {
			if (m->n == cap) {
				cap = cap ? cap * 2 : 16;
				m->sats = xrealloc(m->sats,
				    cap * sizeof(*m->sats));
			}
			bad = get_sat(isakmp_rd(&p), &m->sats[m->n++]);
		} else {
			return "nested payload unexpected";
		}
	}
	if (bad == NULL && !rd_end(&r))
		bad = "octets behind the nested payloads";
	return bad;
}

const char *
gdoi_get_sa(struct rd r, struct gdoi_sa_msg *m)
{
	uint32_t doi = rd_u32(&r), situation = rd_u32(&r);
	uint16_t first = rd_u16(&r);
	const char *bad;

	memset(m, 0, sizeof(*m));
	(void)rd_u16(&r);
	if (!rd_ok(&r) || doi != DOI_GDOI || situation != 0 ||
	    first > UINT8_MAX)
		return "SA payload is not one of GDOI";
	bad = get_nested(r, (uint8_t)first, m);
	if (bad == NULL && !m->has_kek && m->n == 0)
		bad = "SA payload without policy";
	if (bad != NULL)
		gdoi_sa_msg_free(m);
	return bad;
}
