/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sizes and names of ESP transforms (RFC 2403, 2404, 2451, 3602, 4106, 4543,
 * 4868), the plaintext MTU, and the messages in which ike tells fwd its SAs.
 */
#include "config.h"

#include <stdio.h>

#include "base/sa.h"

static const struct {
	const char *name;
	uint8_t key;   /* octets; 0: key_bits / 8 */
	uint8_t iv, block;
	bool aead;     /* brings its own ICV of 16 */
} ciphers[] = {
	[ESP_NULL] = { "esp-null", 0, 0, 4, false },
	[ESP_DES] = { "esp-des", 8, 8, 8, false },
	[ESP_3DES] = { "esp-3des", 24, 8, 8, false },
	[ESP_AES_CBC] = { "aes", 0, 16, 16, false },
	[ESP_AES_GCM] = { "gcm", 0, 8, 4, true },
	[ESP_GMAC] = { "gmac", 0, 8, 4, true },
};

static const struct {
	const char *name;
	uint8_t key, icv;
} auths[] = {
	[ESP_AUTH_NONE] = { "", 0, 0 },
	[ESP_AUTH_MD5] = { "esp-md5-hmac", 16, 12 },
	[ESP_AUTH_SHA1] = { "esp-sha-hmac", 20, 12 },
	[ESP_AUTH_SHA256] = { "esp-sha256-hmac", 32, 16 },
	[ESP_AUTH_SHA384] = { "esp-sha384-hmac", 48, 24 },
	[ESP_AUTH_SHA512] = { "esp-sha512-hmac", 64, 32 },
};

bool
esp_is_aead(const struct esp_transform *t)
{
	return t->cipher < NELEM(ciphers) && ciphers[t->cipher].aead;
}

size_t
esp_key_len(const struct esp_transform *t)
{
	if (t->cipher >= NELEM(ciphers) || t->cipher == ESP_NULL)
		return 0;
	return ciphers[t->cipher].key != 0 ? ciphers[t->cipher].key :
	    t->key_bits / 8u;
}

size_t
esp_salted_key_len(const struct esp_transform *t)
{
	return esp_key_len(t) + (esp_is_aead(t) ? ESP_SALT_LEN : 0);
}

size_t
esp_auth_key_len(const struct esp_transform *t)
{
	return t->auth < NELEM(auths) ? auths[t->auth].key : 0;
}

size_t
esp_iv_len(const struct esp_transform *t)
{
	return t->cipher < NELEM(ciphers) ? ciphers[t->cipher].iv : 0;
}

size_t
esp_icv_len(const struct esp_transform *t)
{
	if (esp_is_aead(t))
		return 16;
	return t->auth < NELEM(auths) ? auths[t->auth].icv : 0;
}

size_t
esp_block_len(const struct esp_transform *t)
{
	return t->cipher < NELEM(ciphers) ? ciphers[t->cipher].block : 4;
}

const char *
esp_transform_str(const struct esp_transform *t, char *buf)
{
	const char *cipher = "esp-?", *auth = "";
	char text[24];

	if (t->cipher < NELEM(ciphers))
		cipher = ciphers[t->cipher].name;
	if (t->auth < NELEM(auths))
		auth = auths[t->auth].name;
	if (t->cipher == ESP_AES_CBC) {
		/* show writes the size inside the word, but not 128 */
		if (t->key_bits == 128)
			snprintf(text, sizeof(text), "esp-aes");
		else
			snprintf(text, sizeof(text), "esp-%u-aes",
			    t->key_bits);
		cipher = text;
	} else if (esp_is_aead(t)) {
		if (t->key_bits == 128)
			snprintf(text, sizeof(text), "esp-%s", cipher);
		else
			snprintf(text, sizeof(text), "esp-%s %u", cipher,
			    t->key_bits);
		cipher = text;
	}
	snprintf(buf, 64, "%s%s%s", cipher, *auth != '\0' ? " " : "", auth);
	return buf;
}

unsigned
esp_plaintext_mtu(const struct esp_transform *t, unsigned mtu, unsigned extra)
{
	unsigned used, block;

	used = 20 + 8 + (unsigned)esp_iv_len(t) + (unsigned)esp_icv_len(t) +
	    extra;
	block = (unsigned)esp_block_len(t);
	if (mtu < used + block)
		return 0;
	return (mtu - used) / block * block - 2;
}

/* ---- messages ---- */

static void
policy_put(struct wr *w, const struct sa_policy *p)
{
	uint32_t i;

	wr_str(w, p->group);
	wr_u32(w, p->gm_addr);
	wr_u32(w, p->ks_addr);
	wr_u8(w, p->direction);
	wr_u8(w, p->reverted);
	wr_u32(w, p->sync_errors);
	wr_u32(w, p->n);
	for (i = 0; i < p->n; i++) {
		ace_put(w, &p->aces[i]);
		wr_u16(w, p->sa_of[i]);
		wr_u8(w, p->local[i]);
	}
}

static void
policy_get(struct rd *r, struct sa_policy *p, struct arena *mem)
{
	struct ace *aces;
	uint16_t *sa_of;
	uint8_t *local;
	uint32_t i;

	rd_str(r, p->group, sizeof(p->group));
	p->gm_addr = rd_u32(r);
	p->ks_addr = rd_u32(r);
	p->direction = rd_u8(r);
	p->reverted = rd_u8(r) != 0;
	p->sync_errors = rd_u32(r);
	p->n = rd_u32(r);
	if (p->n > SA_POLICY_MAX || p->direction > SA_DIR_INBOUND_OPTIONAL) {
		r->bad = true;
		p->n = 0;
	}
	aces = arena_alloc(mem, (p->n + 1) * sizeof(*aces));
	sa_of = arena_alloc(mem, (p->n + 1) * sizeof(*sa_of));
	local = arena_alloc(mem, p->n + 1);
	for (i = 0; i < p->n && rd_ok(r); i++) {
		ace_get(r, &aces[i]);
		sa_of[i] = rd_u16(r);
		local[i] = rd_u8(r) != 0;
	}
	p->aces = aces;
	p->sa_of = sa_of;
	p->local = local;
}

static void
tek_put(struct wr *w, const struct sa_tek *t)
{
	wr_str(w, t->group);
	wr_u32(w, t->spi);
	wr_u16(w, t->sa_index);
	wr_u8(w, t->transform.cipher);
	wr_u8(w, t->transform.auth);
	wr_u16(w, t->transform.key_bits);
	wr_u8(w, t->replay);
	wr_u16(w, t->window);
	wr_u32(w, (uint32_t)((uint64_t)t->pseudotime >> 32));
	wr_u32(w, (uint32_t)t->pseudotime);
	wr_u32(w, t->life_ms);
	wr_u32(w, t->send_after_ms);
	wr_u32(w, t->salt);
	wr_u32(w, t->sid);
	wr_u8(w, t->sid_bits);
	wr_u32(w, t->seq_base);
	wr_u8(w, t->mode);
	wr_u8(w, t->way);
	wr_u32(w, t->local);
	wr_u32(w, t->remote);
	wr_u16(w, t->encap_local);
	wr_u16(w, t->encap_remote);
	wr_u32(w, t->other_spi);
	wr_u8(w, t->pfs);
	wr_u32(w, (uint32_t)(t->life_kb >> 32));
	wr_u32(w, (uint32_t)t->life_kb);
	wr_u32(w, t->idle_ms);
	key_put(w, &t->key);
	key_put(w, &t->auth_key);
}

static void
tek_get(struct rd *r, struct sa_tek *t)
{
	uint64_t high;

	rd_str(r, t->group, sizeof(t->group));
	t->spi = rd_u32(r);
	t->sa_index = rd_u16(r);
	t->transform.cipher = rd_u8(r);
	t->transform.auth = rd_u8(r);
	t->transform.key_bits = rd_u16(r);
	t->replay = rd_u8(r);
	t->window = rd_u16(r);
	high = rd_u32(r);
	t->pseudotime = (int64_t)(high << 32 | rd_u32(r));
	t->life_ms = rd_u32(r);
	t->send_after_ms = rd_u32(r);
	t->salt = rd_u32(r);
	t->sid = rd_u32(r);
	t->sid_bits = rd_u8(r);
	t->seq_base = rd_u32(r);
	t->mode = rd_u8(r);
	t->way = rd_u8(r);
	t->local = rd_u32(r);
	t->remote = rd_u32(r);
	t->encap_local = rd_u16(r);
	t->encap_remote = rd_u16(r);
	t->other_spi = rd_u32(r);
	t->pfs = rd_u8(r);
	high = rd_u32(r);
	t->life_kb = high << 32 | rd_u32(r);
	t->idle_ms = rd_u32(r);
	key_get(r, &t->key);
	key_get(r, &t->auth_key);
	if (t->transform.cipher >= NELEM(ciphers) ||
	    t->transform.auth >= NELEM(auths) || t->replay > REPLAY_TIME ||
	    t->sid_bits > 32 || t->mode > SA_TRANSPORT || t->way > SA_WAY_OUT ||
	    (t->mode == SA_GROUP) != (t->way == SA_WAY_BOTH) ||
	    t->key.len != esp_key_len(&t->transform) ||
	    t->auth_key.len != esp_auth_key_len(&t->transform))
		r->bad = true;
}

bool
sa_put(struct wr *w, const struct sa_change *c)
{
	wr_u8(w, c->type);
	switch (c->type) {
	case SA_POLICY:
		policy_put(w, &c->policy);
		break;
	case SA_ADD:
		tek_put(w, &c->tek);
		break;
	default:
		wr_str(w, c->del.group);
		wr_u32(w, c->del.spi);
		wr_u8(w, c->del.way);
		break;
	}
	return wr_ok(w);
}

bool
sa_get(struct rd *r, struct sa_change *c, struct arena *mem)
{
	*c = (struct sa_change){0};
	c->type = rd_u8(r);
	switch (c->type) {
	case SA_POLICY:
		policy_get(r, &c->policy, mem);
		break;
	case SA_ADD:
		tek_get(r, &c->tek);
		break;
	case SA_DEL:
	case SA_FLUSH:
	case SA_DOUBT:
		rd_str(r, c->del.group, sizeof(c->del.group));
		c->del.spi = rd_u32(r);
		c->del.way = rd_u8(r);
		if (c->del.way > SA_WAY_OUT)
			r->bad = true;
		break;
	default:
		r->bad = true;
		break;
	}
	return rd_end(r);
}

static void
use_put(struct wr *w, const struct sa_use *u)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		wr_u64(w, u->packets[i]);
		wr_u64(w, u->drops[i]);
		wr_u64(w, u->octets[i]);
	}
}

static void
use_get(struct rd *r, struct sa_use *u)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		u->packets[i] = rd_u64(r);
		u->drops[i] = rd_u64(r);
		u->octets[i] = rd_u64(r);
	}
}

bool
sa_event_put(struct wr *w, const struct sa_event *e)
{
	wr_u8(w, e->type);
	wr_str(w, e->group);
	wr_u32(w, e->spi);
	wr_u32(w, e->src);
	wr_u32(w, e->dst);
	wr_u16(w, e->sa_index);
	wr_u16(w, e->port);
	if (e->type == SA_EVENT_USE)
		use_put(w, &e->use);
	return wr_ok(w);
}

bool
sa_event_get(struct rd *r, struct sa_event *e)
{
	*e = (struct sa_event){0};
	e->type = rd_u8(r);
	rd_str(r, e->group, sizeof(e->group));
	e->spi = rd_u32(r);
	e->src = rd_u32(r);
	e->dst = rd_u32(r);
	e->sa_index = rd_u16(r);
	e->port = rd_u16(r);
	if (e->type == SA_EVENT_USE)
		use_get(r, &e->use);
	return rd_end(r) && e->type < SA_EVENT_COUNT;
}

/* ---- names of groups ---- */

const char *
sa_map_group(char *buf, const char *map, unsigned seq)
{
	snprintf(buf, SA_NAME_MAX, "map %s %u", map, seq);
	return buf;
}

const char *
sa_tunnel_group(char *buf, const char *ifname)
{
	snprintf(buf, SA_NAME_MAX, "tunnel %s", ifname);
	return buf;
}
