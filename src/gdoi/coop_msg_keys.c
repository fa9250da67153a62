/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of a message between key servers that has the group's keys and
 * the policy they were made for, doc/coop-protocol.md 5.6. It is always
 * whole; what is refused in it refuses the message. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop_msg_priv.h"
#include "ike/esp_ids.h"

/* Numbers of these enums are the protocol's. */
_Static_assert(ESP_NULL == 0 && ESP_DES == 1 && ESP_3DES == 2 &&
    ESP_AES_CBC == 3 && ESP_AES_GCM == 4 && ESP_GMAC == 5, "ciphers");
_Static_assert(ESP_AUTH_NONE == 0 && ESP_AUTH_MD5 == 1 && ESP_AUTH_SHA1 == 2 &&
    ESP_AUTH_SHA256 == 3 && ESP_AUTH_SHA384 == 4 && ESP_AUTH_SHA512 == 5,
    "hashes");
_Static_assert(REPLAY_NONE == 0 && REPLAY_COUNTER == 1 && REPLAY_TIME == 2,
    "replay methods");
_Static_assert(REKEY_ACK_CISCO == 0 && REKEY_ACK_INTEROPERABLE == 1 &&
    REKEY_ACK_ANY == 2, "forms of acknowledgements");
_Static_assert(COOP_PRIMARY == 1 && COOP_SECONDARY == 2, "roles");
_Static_assert(GDOI_ID_NUMBER == 1 && GDOI_ID_ADDRESS == 2, "identities");

enum { POLICY_UNICAST = 1, POLICY_RECEIVE_ONLY = 2 };
enum { ACE_F_PERMIT = 1, ACE_F_SPORT = 2, ACE_F_DPORT = 4 };
enum { KEK_CURRENT = 1, KEK_DROPPED = 2 };
enum { TEK_NEWEST = 1, TEK_DROPPED = 2 };

/* Octets of a row with empty names and keys. */
#define SA_LEN 15
#define ACE_LEN 24
#define KEK_LEN 33 /* of one that was dropped */
#define TEK_LEN 38
#define CLAIM_LEN 14

static void
put_udp(struct wr *w, struct udp_addr a)
{
	wr_u32(w, a.addr);
	wr_u16(w, a.port);
}

static struct udp_addr
get_udp(struct rd *r)
{
	struct udp_addr a = { 0 };

	a.addr = rd_u32(r);
	a.port = rd_u16(r);
	return a;
}

static bool
life_ok(uint32_t life, uint32_t left)
{
	return life != 0 && life <= GDOI_LIFE_MAX && left <= life * 1000;
}

/* ---- what a TEK is for: sa ipsec, names, transform, anti-replay ---- */

static void
put_transform(struct wr *w, const struct esp_transform *t)
{
	wr_u8(w, t->cipher);
	wr_u8(w, t->auth);
	wr_u16(w, t->key_bits);
}

static bool
get_transform(struct rd *r, struct esp_transform *t)
{
	unsigned bits;

	t->cipher = rd_u8(r);
	t->auth = rd_u8(r);
	t->key_bits = rd_u16(r);
	bits = t->cipher == ESP_DES ? 64 : t->cipher == ESP_3DES ? 192 : 0;
	return t->cipher <= ESP_GMAC && t->auth <= ESP_AUTH_SHA512 &&
	    esp_transform_ok(t) &&
	    (t->cipher > ESP_3DES || t->key_bits == bits);
}

static bool
replay_ok(uint8_t method, uint16_t window)
{
	return method == REPLAY_NONE || (method <= REPLAY_TIME &&
	    window >= 1 && window <= 1024);
}

static void
put_sa(struct wr *w, const struct ks_sa *s)
{
	wr_u16(w, s->number);
	coop_put_text(w, s->acl);
	coop_put_text(w, s->profile);
	put_transform(w, &s->transform);
	wr_u32(w, s->life);
	wr_u8(w, s->replay);
	wr_u16(w, s->window);
}

static const char *
get_sa(struct rd *r, const struct coop_keys *k, unsigned n)
{
	struct ks_sa *s = &k->sas[n];
	bool transform;

	s->number = rd_u16(r);
	coop_get_name(r, s->acl);
	coop_get_name(r, s->profile);
	transform = get_transform(r, &s->transform);
	s->life = rd_u32(r);
	s->replay = rd_u8(r);
	s->window = rd_u16(r);
	if (!rd_ok(r))
		return "sa ipsec cut short, or its names";
	if (!transform || !replay_ok(s->replay, s->window) ||
	    !life_ok(s->life, 0))
		return "algorithms, replay method or life of an sa ipsec";
	while (n-- > 0)
		if (k->sas[n].number == s->number)
			return "an sa ipsec twice";
	return NULL;
}

/* ---- entries of the list ---- */

static bool
port_fits(const struct ace_ports *p)
{
	return p->op == ACE_OP_EQ || (p->op == ACE_OP_ANY && p->lo == 0);
}

static void
put_ace(struct wr *w, const struct ks_ace *c)
{
	const struct ace *a = &c->ace;

	if (!port_fits(&a->sport) || !port_fits(&a->dport) ||
	    a->icmp != ACE_ICMP_ANY || a->dscp != ACE_DSCP_ANY ||
	    a->established || a->fragments)
		w->bad = true; /* no key server has such a policy */
	wr_u8(w, (uint8_t)((a->action == ACE_PERMIT ? ACE_F_PERMIT : 0) |
	    (a->sport.op == ACE_OP_EQ ? ACE_F_SPORT : 0) |
	    (a->dport.op == ACE_OP_EQ ? ACE_F_DPORT : 0)));
	wr_u8(w, a->proto);
	wr_u32(w, a->src);
	wr_u32(w, a->src_wild);
	wr_u32(w, a->dst);
	wr_u32(w, a->dst_wild);
	wr_u16(w, a->sport.lo);
	wr_u16(w, a->dport.lo);
	wr_u16(w, c->sa);
}

static void
get_port(struct rd *r, struct ace_ports *p, bool eq)
{
	p->op = eq ? ACE_OP_EQ : ACE_OP_ANY;
	p->lo = rd_u16(r);
	p->hi = 0;
}

static const char *
get_ace(struct rd *r, const struct coop_keys *k, unsigned n)
{
	struct ks_ace *c = &k->aces[n];
	uint8_t flags = rd_u8(r);
	struct ace *a = &c->ace;
	unsigned i;

	*a = ace_any(flags & ACE_F_PERMIT ? ACE_PERMIT : ACE_DENY);
	a->proto = rd_u8(r);
	a->src = rd_u32(r);
	a->src_wild = rd_u32(r);
	a->dst = rd_u32(r);
	a->dst_wild = rd_u32(r);
	get_port(r, &a->sport, (flags & ACE_F_SPORT) != 0);
	get_port(r, &a->dport, (flags & ACE_F_DPORT) != 0);
	c->sa = rd_u16(r);
	if (!rd_ok(r))
		return "list cut short";
	if (flags > (ACE_F_PERMIT | ACE_F_SPORT | ACE_F_DPORT) ||
	    ip4_prefix_of(~a->src_wild) < 0 ||
	    ip4_prefix_of(~a->dst_wild) < 0)
		return "flags or wildcard of an entry";
	if (!port_fits(&a->sport) || !port_fits(&a->dport) ||
	    (flags & (ACE_F_SPORT | ACE_F_DPORT) && !ace_has_ports(a)))
		return "ports of an entry";
	for (i = 0; i < k->nsas && k->sas[i].number != c->sa; i++)
		;
	return i < k->nsas ? NULL : "entry of an unknown sa ipsec";
}

/* ---- KEKs ---- */

static void
put_kek(struct wr *w, const struct coop_kek *c)
{
	wr_bytes(w, c->k.spi, KEK_SPI_LEN);
	coop_put_id(w, &c->creator);
	wr_u8(w, (uint8_t)((c->current ? KEK_CURRENT : 0) |
	    (c->dropped ? KEK_DROPPED : 0)));
	wr_u32(w, c->left);
	if (c->dropped)
		return;
	put_udp(w, c->k.src);
	put_udp(w, c->k.dst);
	wr_u8(w, c->k.cipher);
	wr_u16(w, c->k.key_bits);
	wr_u8(w, c->k.sig_hash);
	wr_u16(w, c->k.sig_bits);
	wr_u8(w, c->k.ack);
	key_put(w, &c->k.iv);
	key_put(w, &c->k.key);
	wr_bytes(w, c->pub_digest, sizeof(c->pub_digest));
	coop_put_text(w, c->label);
	wr_u8(w, c->ack);
	wr_u32(w, c->life);
	wr_u32(w, c->seq);
	wr_u32(w, c->age);
	wr_u32(w, c->rekey_in);
}

/* What is said of a dropped one too. */
static const char *
kek_name_wrong(const struct coop_keys *k, unsigned n, uint8_t flags,
    bool creator)
{
	static const uint8_t none[KEK_SPI_LEN / 2];
	const struct coop_kek *c = &k->keks[n];

	if (memcmp(c->k.spi, none, sizeof(none)) == 0 ||
	    memcmp(c->k.spi + sizeof(none), none, sizeof(none)) == 0)
		return "SPI of a KEK";
	if (flags > KEK_DROPPED || !creator)
		return "flags or creator of a KEK";
	while (n-- > 0)
		if (memcmp(k->keks[n].k.spi, c->k.spi, KEK_SPI_LEN) == 0 ||
		    (k->keks[n].current && c->current))
			return "a KEK twice";
	return c->left <= GDOI_LIFE_MAX * 1000u ? NULL : "life of a KEK";
}

static const char *
kek_wrong(const struct coop_kek *c)
{
	size_t len = gdoi_kek_key_len(c->k.cipher, c->k.key_bits);

	if (len == 0 || c->k.key.len != len ||
	    c->k.iv.len != gdoi_kek_iv_len(c->k.cipher))
		return "key length of a KEK";
	if (c->k.sig_hash == ESP_AUTH_NONE ||
	    c->k.sig_hash > ESP_AUTH_SHA512 || c->k.sig_bits == 0 ||
	    (c->k.ack > LKH_ACK_SHA512 && c->k.ack != KEK_ACK_OWN) ||
	    c->ack > REKEY_ACK_ANY)
		return "signature or acknowledgement of a KEK";
	return life_ok(c->life, c->left) ? NULL : "life of a KEK";
}

static const char *
get_kek(struct rd *r, const struct coop_keys *k, unsigned n)
{
	struct coop_kek *c = &k->keks[n];
	const char *bad;
	const uint8_t *p;
	uint8_t flags;
	bool creator;

	if ((p = rd_bytes(r, KEK_SPI_LEN)) != NULL)
		memcpy(c->k.spi, p, KEK_SPI_LEN);
	creator = coop_get_id(r, &c->creator);
	flags = rd_u8(r);
	c->current = (flags & KEK_CURRENT) != 0;
	c->dropped = (flags & KEK_DROPPED) != 0;
	c->left = rd_u32(r);
	if (!rd_ok(r))
		return "KEK cut short";
	bad = kek_name_wrong(k, n, flags, creator);
	if (bad != NULL || c->dropped)
		return bad;
	c->k.src = get_udp(r);
	c->k.dst = get_udp(r);
	c->k.cipher = rd_u8(r);
	c->k.key_bits = rd_u16(r);
	c->k.sig_hash = rd_u8(r);
	c->k.sig_bits = rd_u16(r);
	c->k.ack = rd_u8(r);
	key_get(r, &c->k.iv);
	key_get(r, &c->k.key);
	if ((p = rd_bytes(r, sizeof(c->pub_digest))) != NULL)
		memcpy(c->pub_digest, p, sizeof(c->pub_digest));
	coop_get_name(r, c->label);
	c->ack = rd_u8(r);
	c->life = rd_u32(r);
	c->seq = rd_u32(r);
	c->age = rd_u32(r);
	c->rekey_in = rd_u32(r);
	return rd_ok(r) ? kek_wrong(c) : "KEK cut short, or its label";
}

/* ---- TEKs ---- */

static void
put_tek(struct wr *w, const struct coop_tek *t)
{
	wr_u32(w, t->k.spi);
	wr_u16(w, t->sa.number);
	coop_put_text(w, t->sa.acl);
	coop_put_text(w, t->sa.profile);
	put_transform(w, &t->sa.transform);
	wr_u8(w, t->sa.replay);
	wr_u16(w, t->sa.window);
	wr_u8(w, (uint8_t)((t->newest ? TEK_NEWEST : 0) |
	    (t->dropped ? TEK_DROPPED : 0)));
	wr_u32(w, t->sa.life);
	wr_u32(w, t->override);
	wr_u32(w, t->age);
	wr_u32(w, t->left);
	wr_u32(w, t->rekey_in);
	key_put(w, &t->k.key);
	key_put(w, &t->k.auth_key);
}

static bool
tek_keys_ok(const struct coop_tek *t)
{
	if (t->dropped)
		return t->k.key.len == 0 && t->k.auth_key.len == 0;
	return t->k.key.len == esp_salted_key_len(&t->sa.transform) &&
	    t->k.auth_key.len == esp_auth_key_len(&t->sa.transform);
}

static const char *
get_tek(struct rd *r, const struct coop_keys *k, unsigned n)
{
	struct coop_tek *t = &k->teks[n];
	bool transform;
	uint8_t flags;

	t->k.spi = rd_u32(r);
	t->sa.number = rd_u16(r);
	coop_get_name(r, t->sa.acl);
	coop_get_name(r, t->sa.profile);
	transform = get_transform(r, &t->sa.transform);
	t->sa.replay = rd_u8(r);
	t->sa.window = rd_u16(r);
	flags = rd_u8(r);
	t->newest = (flags & TEK_NEWEST) != 0;
	t->dropped = (flags & TEK_DROPPED) != 0;
	t->sa.life = rd_u32(r);
	t->override = rd_u32(r);
	t->age = rd_u32(r);
	t->left = rd_u32(r);
	t->rekey_in = rd_u32(r);
	key_get(r, &t->k.key);
	key_get(r, &t->k.auth_key);
	if (!rd_ok(r))
		return "TEK cut short, or its names";
	if (t->k.spi < 256 || !transform ||
	    !replay_ok(t->sa.replay, t->sa.window))
		return "SPI, algorithms or replay method of a TEK";
	if (!tek_keys_ok(t))
		return "key length of a TEK";
	if (flags > (TEK_NEWEST | TEK_DROPPED) || (t->newest && t->dropped))
		return "flags of a TEK";
	if (!life_ok(t->sa.life, t->left) || t->override > t->sa.life)
		return "life of a TEK";
	while (n-- > 0)
		if (k->teks[n].k.spi == t->k.spi || (t->newest &&
		    k->teks[n].newest && k->teks[n].sa.number == t->sa.number))
			return "a TEK twice";
	return NULL;
}

/* ---- sender identifiers ---- */

static const char *
get_claims(struct rd *r, struct coop_keys *k)
{
	struct coop_claim *c;
	unsigned i, n = rd_u16(r);

	if (n > KSSID_MAX || rd_left(r) != (size_t)n * CLAIM_LEN)
		return "number of sender identifiers in use";
	for (k->nclaims = 0; k->nclaims < n; k->nclaims++) {
		c = &k->claims[k->nclaims];
		c->kssid = rd_u16(r);
		if (!coop_get_id(r, &c->id) || k->sid_epoch == 0 ||
		    !coop_kssid_ok(k->sid_bits, c->kssid))
			return "sender identifier in use";
		for (i = 0; i < k->nclaims; i++)
			if (k->claims[i].kssid == c->kssid)
				return "sender identifier in use twice";
	}
	return NULL;
}

/* ---- the part ---- */

static void
put_policy(struct wr *w, const struct coop_keys *k)
{
	coop_put_id(w, &k->owner);
	wr_u32(w, k->term);
	wr_u32(w, k->version);
	wr_bytes(w, k->digest, sizeof(k->digest));
	wr_u8(w, k->kek_cipher);
	wr_u16(w, k->kek_bits);
	wr_u8(w, k->sig_hash);
	wr_u8(w, k->ack);
	wr_u32(w, k->kek_life);
	wr_u8(w, (uint8_t)((k->unicast ? POLICY_UNICAST : 0) |
	    (k->receive_only ? POLICY_RECEIVE_ONLY : 0)));
	put_udp(w, k->mcast);
	coop_put_text(w, k->rekey_acl);
	coop_put_text(w, k->rsa_label);
	wr_u32(w, k->clock_id);
	wr_u64(w, k->pseudotime);
	wr_u32(w, k->clock_sync);
	wr_u64(w, k->sid_epoch);
	wr_u8(w, k->sid_bits);
	wr_u32(w, k->last_rekey);
	wr_u32(w, k->rekeys);
}

void
coop_keys_put(struct wr *w, const struct coop_keys *k)
{
	unsigned i;

	if (k->nsas > SA_POLICY_MAX || k->naces > SA_POLICY_MAX ||
	    k->nkeks > COOP_KEKS_MAX || k->nteks > GDOI_TEKS_MAX ||
	    k->nclaims > KSSID_MAX) {
		w->bad = true;
		return;
	}
	put_policy(w, k);
	wr_u16(w, (uint16_t)k->nsas);
	for (i = 0; i < k->nsas; i++)
		put_sa(w, &k->sas[i]);
	wr_u16(w, (uint16_t)k->naces);
	for (i = 0; i < k->naces; i++)
		put_ace(w, &k->aces[i]);
	wr_u16(w, (uint16_t)k->nkeks);
	for (i = 0; i < k->nkeks; i++)
		put_kek(w, &k->keks[i]);
	wr_u16(w, (uint16_t)k->nteks);
	for (i = 0; i < k->nteks; i++)
		put_tek(w, &k->teks[i]);
	wr_u16(w, (uint16_t)k->nclaims);
	for (i = 0; i < k->nclaims; i++) {
		wr_u16(w, k->claims[i].kssid);
		coop_put_id(w, &k->claims[i].id);
	}
}

static const char *
get_policy(struct rd *r, struct coop_keys *k)
{
	bool owner = coop_get_id(r, &k->owner);
	const uint8_t *p;
	uint8_t flags;

	k->term = rd_u32(r);
	k->version = rd_u32(r);
	if ((p = rd_bytes(r, sizeof(k->digest))) != NULL)
		memcpy(k->digest, p, sizeof(k->digest));
	k->kek_cipher = rd_u8(r);
	k->kek_bits = rd_u16(r);
	k->sig_hash = rd_u8(r);
	k->ack = rd_u8(r);
	k->kek_life = rd_u32(r);
	flags = rd_u8(r);
	k->unicast = (flags & POLICY_UNICAST) != 0;
	k->receive_only = (flags & POLICY_RECEIVE_ONLY) != 0;
	k->mcast = get_udp(r);
	coop_get_name(r, k->rekey_acl);
	coop_get_name(r, k->rsa_label);
	k->clock_id = rd_u32(r);
	k->pseudotime = rd_u64(r);
	k->clock_sync = rd_u32(r);
	k->sid_epoch = rd_u64(r);
	k->sid_bits = rd_u8(r);
	k->last_rekey = rd_u32(r);
	k->rekeys = rd_u32(r);
	if (!rd_ok(r))
		return "policy cut short, or its names";
	if (!owner)
		return "owner of the keys";
	if (gdoi_kek_key_len(k->kek_cipher, k->kek_bits) == 0 ||
	    k->sig_hash == ESP_AUTH_NONE || k->sig_hash > ESP_AUTH_SHA512 ||
	    k->ack > REKEY_ACK_ANY || !life_ok(k->kek_life, 0))
		return "rekey algorithms";
	if (flags > (POLICY_UNICAST | POLICY_RECEIVE_ONLY) ||
	    (k->mcast.addr != 0 && !is_multicast(k->mcast.addr)))
		return "flags or address of rekeys";
	if (k->pseudotime > GDOI_CLOCK_MAX)
		return "pseudotime";
	return k->sid_bits == 0 || coop_kssid_ok(k->sid_bits, 0) ? NULL :
	    "size of sender identifiers";
}

/* A table: its count, checked against the limit and what is there; then
 * *rows, zeroed. */
static const char *
get_rows(struct rd *r, unsigned max, size_t min_len, size_t size,
    void *rows, unsigned *n)
{
	unsigned count = rd_u16(r);
	void *mem;

	if (count > max || count > rd_left(r) / min_len)
		return "number of rows";
	if (count != 0) {
		mem = xcalloc(count, size);
		memcpy(rows, &mem, sizeof(mem));
	}
	*n = count;
	return NULL;
}

const char *
coop_keys_get(struct rd *r, struct coop_keys *k)
{
	const struct table {
		unsigned max;
		size_t min_len, size;
		void *rows;
		unsigned *n;
		const char *(*get)(struct rd *, const struct coop_keys *,
		    unsigned);
	} tables[] = {
		{ SA_POLICY_MAX, SA_LEN, sizeof(*k->sas), &k->sas, &k->nsas,
		    get_sa },
		{ SA_POLICY_MAX, ACE_LEN, sizeof(*k->aces), &k->aces,
		    &k->naces, get_ace },
		{ COOP_KEKS_MAX, KEK_LEN, sizeof(*k->keks), &k->keks,
		    &k->nkeks, get_kek },
		{ GDOI_TEKS_MAX, TEK_LEN, sizeof(*k->teks), &k->teks,
		    &k->nteks, get_tek },
	};
	const char *bad = get_policy(r, k);
	const struct table *t;
	unsigned i;

	for (t = tables; bad == NULL && t < tables + NELEM(tables); t++) {
		bad = get_rows(r, t->max, t->min_len, t->size, t->rows, t->n);
		for (i = 0; bad == NULL && i < *t->n; i++)
			bad = t->get(r, k, i);
	}
	return bad != NULL ? bad : get_claims(r, k);
}

void
coop_keys_free(struct coop_keys *k)
{
	if (k == NULL)
		return;
	if (k->keks != NULL)
		explicit_bzero(k->keks, k->nkeks * sizeof(*k->keks));
	if (k->teks != NULL)
		explicit_bzero(k->teks, k->nteks * sizeof(*k->teks));
	free(k->sas);
	free(k->aces);
	free(k->keks);
	free(k->teks);
	explicit_bzero(k, sizeof(*k));
	free(k);
}
