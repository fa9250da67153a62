/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of cooperative key servers for tests.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coop_sample.h"

#define IP(a, b, c, d)                                                        \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |     \
	    (uint32_t)(d))

/* ---- the example ---- */

static const struct coop_id ks1 = { IP(10, 0, 0, 1), 0x1122334455667788 };
static const struct coop_id ks2 = { IP(10, 0, 0, 2), 0x99aabbccddeeff01 };

static void
example_policy(struct coop_keys *k)
{
	*k = (struct coop_keys){
		.owner = ks1, .term = 1, .version = 3,
		.digest = { 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1 },
		.kek_cipher = ESP_AES_CBC, .kek_bits = 256,
		.sig_hash = ESP_AUTH_SHA256, .ack = REKEY_ACK_CISCO,
		.kek_life = 86400, .unicast = true, .rsa_label = "REKEY",
		.clock_id = 0xc10cc10c, .pseudotime = 360000,
		.clock_sync = 20000, .sid_epoch = 0x5e5e5e5e5e5e5e5e,
		.sid_bits = 24, .last_rekey = 20000, .rekeys = 2,
		.nsas = 1, .naces = 2, .nkeks = 1, .nteks = 2, .nclaims = 1,
	};
	k->claims[0] = (struct coop_claim){ 1, ks1 };
	k->sas = xcalloc(1, sizeof(*k->sas));
	k->sas[0] = (struct ks_sa){ .number = 1, .acl = "LAN",
		.profile = "P", .transform = { ESP_AES_GCM, ESP_AUTH_NONE, 128
		}, .life = 3600, .replay = REPLAY_TIME, .window = 5 };
	k->aces = xcalloc(2, sizeof(*k->aces));
	k->aces[0].ace = ace_any(ACE_DENY);
	k->aces[0].ace.proto = 17;
	k->aces[0].ace.sport = (struct ace_ports){ ACE_OP_EQ, 848, 0 };
	k->aces[0].ace.dport = (struct ace_ports){ ACE_OP_EQ, 848, 0 };
	k->aces[0].sa = 1;
	k->aces[1].ace = ace_any(ACE_PERMIT);
	k->aces[1].ace.src = k->aces[1].ace.dst = IP(192, 168, 0, 0);
	k->aces[1].ace.src_wild = k->aces[1].ace.dst_wild = 0xffff;
	k->aces[1].sa = 1;
}

static void
example_keys(struct coop_keys *k)
{
	uint8_t some[36];
	struct coop_tek *t;

	example_policy(k);
	k->keks = xcalloc(1, sizeof(*k->keks));
	k->keks[0] = (struct coop_kek){ .k = { .cipher = ESP_AES_CBC,
		.key_bits = 256, .sig_hash = ESP_AUTH_SHA256,
		.sig_bits = 2048, .ack = KEK_ACK_OWN,
		.src = { IP(10, 0, 0, 1), 848 }, .dst = { 0, 848 } },
		.label = "REKEY", .creator = ks1, .current = true,
		.ack = REKEY_ACK_CISCO, .life = 86400, .seq = 2,
		.age = 3600000, .left = 82800000, .rekey_in = 82500000 };
	memset(k->keks[0].k.spi, 0xaa, KEK_SPI_LEN);
	memset(k->keks[0].pub_digest, 0xbb, 32);
	memset(some, 0xe1, sizeof(some));
	key_set(&k->keks[0].k.iv, some, 16);
	memset(some, 0xe2, sizeof(some));
	key_set(&k->keks[0].k.key, some, 32);
	t = k->teks = xcalloc(2, sizeof(*k->teks));
	t[0] = (struct coop_tek){ .k = { .spi = 0x12345678 },
		.sa = k->sas[0], .newest = true, .age = 20000,
		.left = 3580000, .rekey_in = 3310000 };
	memset(some, 0xe3, sizeof(some));
	key_set(&t[0].k.key, some, 20);
	t[1] = t[0];
	t[1].k.spi = 0x1234abcd;
	t[1].newest = false;
	t[1].dropped = true;
	key_wipe(&t[1].k.key);
	t[1].age = 3310000;
	t[1].left = 290000;
	t[1].rekey_in = UINT32_MAX;
}

void
coop_example(struct coop_msg *m)
{
	*m = (struct coop_msg){ .coop_version = COOP_VERSION,
		.gdoi_version = "1.0.4", .flags = COOP_F_REPLY | COOP_F_SYNCED,
		.id_type = GDOI_ID_NUMBER, .group_id = 100, .from = ks1,
		.to = ks2, .seq = 7, .stamp = 9, .log_have = 3, .log_from = 4,
		.members_digest = 0xd2d2d2d2d2d2d2d2,
		.log_to = 6, .nservers = 2, .nseen = 2, .nmembers = 2,
		.keys_digest = { 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1, 0xd1,
		0xd1 }, .sid_bits = 24, .kssids = { 6 } };
	m->servers[0] = (struct coop_server){ ks1, COOP_PRIMARY, 100, true,
		181, 0, ks1.addr, 1 };
	m->servers[1] = (struct coop_server){ ks2, COOP_SECONDARY, 50, true,
		5, 14000, ks1.addr, 1 };
	m->seen[0] = (struct coop_seen){ ks1, 5 };
	m->seen[1] = (struct coop_seen){ ks2, 1 };
	memset(m->config.acl, 1, 8);
	memset(m->config.transform, 2, 8);
	memset(m->config.lifetime, 3, 8);
	memset(m->config.replay, 4, 8);
	memset(m->config.rekey, 5, 8);
	memset(m->config.rsa, 6, 8);
	m->keys = xcalloc(1, sizeof(*m->keys));
	example_keys(m->keys);
	m->members = xcalloc(2, sizeof(*m->members));
	m->members[0] = (struct coop_member){ .addr = IP(10, 1, 0, 1),
		.port = 848, .owner = ks1.addr, .has_kek = true,
		.version = "1.0.4", .stamp = 8, .teller = ks1, .seq = 4,
		.term = 1, .keys = 3, .sent = 2, .acks = 2 };
	memset(m->members[0].kek_spi, 0xaa, KEK_SPI_LEN);
	m->members[1] = (struct coop_member){ .addr = IP(10, 1, 0, 2),
		.port = 848, .owner = ks1.addr, .removed = true,
		.version = "1.0.4", .stamp = 9, .teller = ks1, .seq = 5,
		.term = 1, .keys = 3 };
}

/* ---- random ones ---- */

uint32_t
coop_rand(uint64_t *rng)
{
	uint64_t z = (*rng += 0x9e3779b97f4a7c15u); /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

static unsigned
below(uint64_t *rng, unsigned n)
{
	return n == 0 ? 0 : coop_rand(rng) % n;
}

static void
octets(uint64_t *rng, void *p, size_t n)
{
	uint8_t *b = p;

	while (n-- > 0)
		*b++ = (uint8_t)coop_rand(rng);
}

static uint32_t
host(uint64_t *rng)
{
	return IP(1 + below(rng, 223), 0, 0, 0) | coop_rand(rng) >> 8;
}

static struct coop_id
id(uint64_t *rng)
{
	return (struct coop_id){ host(rng),
		(uint64_t)coop_rand(rng) << 32 | 1 | coop_rand(rng) };
}

static void
name(uint64_t *rng, char *s)
{
	static const char *const some[] = { "", "A", "GETVPN-ACL", "100",
		"caf\xc3\xa9", "\xe2\x82\xac\xf0\x9f\x94\x91" };
	unsigned i = below(rng, NELEM(some) + 1), n;

	if (i < NELEM(some)) {
		str_copy(s, some[i], COOP_NAME);
		return;
	}
	n = 1 + below(rng, COOP_NAME - 1);
	memset(s, 'x', n);
	s[n] = '\0';
}

static void
version(uint64_t *rng, char *s)
{
	snprintf(s, 16, "%u.%u.%u", below(rng, 1000), below(rng, 1000),
	    below(rng, 1000));
}

static void
key(uint64_t *rng, struct key *k, size_t n)
{
	uint8_t data[KEY_MAX];

	octets(rng, data, n);
	key_set(k, data, n);
}

static struct esp_transform
transform(uint64_t *rng)
{
	static const uint16_t bits[] = { 128, 192, 256 };
	struct esp_transform t = { 0 };

	t.cipher = (uint8_t)below(rng, ESP_GMAC + 1);
	if (t.cipher < ESP_AES_GCM)
		t.auth = (uint8_t)(1 + below(rng, ESP_AUTH_SHA512));
	t.key_bits = t.cipher == ESP_NULL ? 0 : t.cipher == ESP_DES ? 64 :
	    t.cipher == ESP_3DES ? 192 : bits[below(rng, 3)];
	return t;
}

static void
random_ace(uint64_t *rng, struct ks_ace *c, uint16_t sa)
{
	struct ace *a = &c->ace;

	*a = ace_any(below(rng, 2) ? ACE_PERMIT : ACE_DENY);
	a->proto = (uint8_t)coop_rand(rng);
	a->src = coop_rand(rng);
	a->src_wild = ~ip4_mask_of(below(rng, 33));
	a->dst = coop_rand(rng);
	a->dst_wild = ~ip4_mask_of(below(rng, 33));
	if (below(rng, 2) == 0) {
		a->proto = below(rng, 2) ? 6 : 17;
		if (below(rng, 2) == 0)
			a->sport = (struct ace_ports){ ACE_OP_EQ,
				(uint16_t)coop_rand(rng), 0 };
		else
			a->dport = (struct ace_ports){ ACE_OP_EQ,
				(uint16_t)coop_rand(rng), 0 };
	}
	c->sa = sa;
}

static void
random_kek(uint64_t *rng, struct coop_kek *c, bool current)
{
	static const uint16_t bits[] = { 128, 192, 256 };
	static const uint8_t acks[] = { KEK_ACK_NONE, KEK_ACK_SHA256,
		KEK_ACK_SHA512, KEK_ACK_OWN };

	octets(rng, c->k.spi, KEK_SPI_LEN);
	c->k.spi[0] |= 1;
	c->k.spi[8] |= 1;
	c->creator = id(rng);
	c->current = current;
	c->life = 1 + below(rng, GDOI_LIFE_MAX);
	c->left = below(rng, c->life * 1000);
	c->dropped = !current && below(rng, 3) == 0;
	if (c->dropped) {
		c->life = 0;
		return;
	}
	c->k.src.addr = host(rng);
	c->k.src.port = 848;
	c->k.dst.addr = coop_rand(rng);
	c->k.dst.port = (uint16_t)coop_rand(rng);
	c->k.cipher = (uint8_t)(ESP_DES + below(rng, 3));
	c->k.key_bits = c->k.cipher == ESP_AES_CBC ? bits[below(rng, 3)] : 64;
	c->k.sig_hash = (uint8_t)(1 + below(rng, ESP_AUTH_SHA512));
	c->k.sig_bits = (uint16_t)(1024 + below(rng, 7000));
	c->k.ack = acks[below(rng, NELEM(acks))];
	key(rng, &c->k.iv, gdoi_kek_iv_len(c->k.cipher));
	key(rng, &c->k.key, gdoi_kek_key_len(c->k.cipher, c->k.key_bits));
	octets(rng, c->pub_digest, sizeof(c->pub_digest));
	name(rng, c->label);
	c->ack = (uint8_t)below(rng, 3);
	c->seq = coop_rand(rng);
	c->age = coop_rand(rng);
	c->rekey_in = below(rng, 2) ? UINT32_MAX : coop_rand(rng);
}

static void
random_tek(uint64_t *rng, struct coop_tek *t, uint16_t sa, bool newest)
{
	t->k.spi = 256 | coop_rand(rng);
	t->sa.number = sa;
	name(rng, t->sa.acl);
	name(rng, t->sa.profile);
	t->sa.transform = transform(rng);
	t->sa.replay = (uint8_t)below(rng, 3);
	t->sa.window = (uint16_t)(1 + below(rng, 1024));
	t->newest = newest;
	t->dropped = !newest && below(rng, 3) == 0;
	t->sa.life = 1 + below(rng, GDOI_LIFE_MAX);
	t->override = below(rng, 2) ? 0 : below(rng, t->sa.life);
	t->age = coop_rand(rng);
	t->left = below(rng, t->sa.life * 1000);
	t->rekey_in = below(rng, 2) ? UINT32_MAX : coop_rand(rng);
	if (t->dropped)
		return;
	key(rng, &t->k.key, esp_salted_key_len(&t->sa.transform));
	key(rng, &t->k.auth_key, esp_auth_key_len(&t->sa.transform));
}

static void
random_policy(uint64_t *rng, struct coop_keys *k, unsigned size)
{
	unsigned i;

	k->owner = id(rng);
	k->term = coop_rand(rng);
	k->version = coop_rand(rng);
	octets(rng, k->digest, 8);
	k->kek_cipher = ESP_3DES;
	k->kek_bits = 192;
	k->sig_hash = ESP_AUTH_SHA1;
	k->ack = (uint8_t)below(rng, 3);
	k->kek_life = 1 + below(rng, GDOI_LIFE_MAX);
	k->unicast = below(rng, 2) == 0;
	k->receive_only = below(rng, 2) == 0;
	if (!k->unicast) {
		k->mcast.addr = IP(239, 1, 2, 0) + below(rng, 256);
		k->mcast.port = 848;
	}
	name(rng, k->rekey_acl);
	name(rng, k->rsa_label);
	k->nsas = below(rng, size + 1);
	k->sas = k->nsas ? xcalloc(k->nsas, sizeof(*k->sas)) : NULL;
	for (i = 0; i < k->nsas; i++) {
		k->sas[i].number = (uint16_t)(7 * i);
		name(rng, k->sas[i].acl);
		name(rng, k->sas[i].profile);
		k->sas[i].transform = transform(rng);
		k->sas[i].life = 1 + below(rng, GDOI_LIFE_MAX);
		k->sas[i].replay = (uint8_t)below(rng, 3);
		k->sas[i].window = (uint16_t)(1 + below(rng, 1024));
	}
	k->naces = k->nsas ? below(rng, 3 * size) : 0;
	k->aces = k->naces ? xcalloc(k->naces, sizeof(*k->aces)) : NULL;
	for (i = 0; i < k->naces; i++)
		random_ace(rng, &k->aces[i],
		    (uint16_t)(7 * below(rng, k->nsas)));
}

static void
random_keys(uint64_t *rng, struct coop_keys *k, unsigned size)
{
	static const uint8_t bits[] = { 8, 12, 16, 24, 32 };
	unsigned i;

	random_policy(rng, k, size);
	k->nkeks = below(rng, size < COOP_KEKS_MAX ? size : COOP_KEKS_MAX);
	k->keks = k->nkeks ? xcalloc(k->nkeks, sizeof(*k->keks)) : NULL;
	for (i = 0; i < k->nkeks; i++)
		random_kek(rng, &k->keks[i], i == 1);
	k->nteks = below(rng, 2 * size);
	k->teks = k->nteks ? xcalloc(k->nteks, sizeof(*k->teks)) : NULL;
	for (i = 0; i < k->nteks; i++)
		random_tek(rng, &k->teks[i], (uint16_t)(i / 2), i % 2 == 0);
	k->clock_id = coop_rand(rng);
	k->pseudotime = coop_rand(rng) * UINT64_C(10000);
	k->clock_sync = coop_rand(rng);
	k->last_rekey = coop_rand(rng);
	k->rekeys = coop_rand(rng);
	if (below(rng, 2) == 0)
		return;
	k->sid_epoch = 1 | coop_rand(rng);
	k->sid_bits = bits[below(rng, NELEM(bits))];
	for (i = 0; i < conf_kssids(k->sid_bits); i++) {
		if (below(rng, 4) != 0)
			continue;
		k->claims[k->nclaims].kssid = (uint16_t)i;
		k->claims[k->nclaims++].id = id(rng);
	}
}

static void
random_member(uint64_t *rng, struct coop_member *m)
{
	m->addr = host(rng);
	m->port = (uint16_t)coop_rand(rng);
	m->owner = host(rng);
	m->removed = below(rng, 4) == 0;
	m->has_kek = !m->removed && below(rng, 2) == 0;
	version(rng, m->version);
	m->stamp = 1 + below(rng, COOP_STAMP_MAX);
	m->teller = id(rng);
	m->seq = 1 | coop_rand(rng);
	m->term = coop_rand(rng);
	m->keys = coop_rand(rng);
	if (m->has_kek)
		octets(rng, m->kek_spi, KEK_SPI_LEN);
	if (below(rng, 2) == 0)
		m->retries = coop_rand(rng);
}

static void
random_servers(uint64_t *rng, struct coop_msg *m)
{
	struct coop_server *s;
	unsigned i;

	m->nservers = 1 + below(rng, COOP_SERVERS_MAX);
	for (i = 0; i < m->nservers; i++) {
		s = &m->servers[i];
		s->id = i == 0 ? m->from : id(rng);
		s->role = (uint8_t)below(rng, 3);
		s->priority = (uint8_t)coop_rand(rng);
		s->synced = below(rng, 2) == 0;
		s->beat = coop_rand(rng);
		s->age = i == 0 ? 0 : coop_rand(rng);
		s->primary = below(rng, 2) ? 0 : host(rng);
		s->term = coop_rand(rng);
	}
	m->nseen = below(rng, COOP_SERVERS_MAX + 1);
	for (i = 0; i < m->nseen; i++)
		m->seen[i] = (struct coop_seen){ id(rng), 1 | coop_rand(rng) };
	m->log_have = below(rng, 2);
	m->log_round = below(rng, 2);
	m->members_digest = below(rng, 2);
	octets(rng, &m->config, sizeof(m->config));
}

void
coop_random(struct coop_msg *m, uint64_t *rng, unsigned size)
{
	unsigned i;

	memset(m, 0, sizeof(*m));
	str_copy(m->coop_version, COOP_VERSION, sizeof(m->coop_version));
	version(rng, m->gdoi_version);
	m->flags = below(rng, 0x10000);
	m->id_type = (uint8_t)(1 + below(rng, 2));
	m->group_id = coop_rand(rng);
	m->from = id(rng);
	m->to = id(rng);
	m->seq = coop_rand(rng);
	octets(rng, m->keys_digest, 8);
	m->stamp = below(rng, COOP_STAMP_MAX);
	if (size == 0)
		return;
	random_servers(rng, m);
	if (below(rng, 2) == 0) {
		m->sid_bits = 24;
		m->kssids[0] = coop_rand(rng);
		m->kssids[1] = coop_rand(rng);
	}
	if (below(rng, 2) == 0) {
		m->keys = xcalloc(1, sizeof(*m->keys));
		random_keys(rng, m->keys, size);
	}
	m->nmembers = below(rng, 10 * size);
	m->members = m->nmembers ? xcalloc(m->nmembers, sizeof(*m->members)) :
	    NULL;
	for (i = 0; i < m->nmembers; i++)
		random_member(rng, &m->members[i]);
	m->log_of = coop_rand(rng);
	m->log_from = below(rng, 1000);
	m->log_to = m->log_from + m->nmembers + 1;
}
