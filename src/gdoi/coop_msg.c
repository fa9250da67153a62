/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The message between cooperative key servers, doc/coop-protocol.md 5: its
 * head, and the parts that say who is there and who is a member. That of the
 * keys is in coop_msg_keys.c. Decoders believe nothing, though what they read
 * is authentic: a message is taken whole or not at all. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop_msg_priv.h"

/* Part numbers rise in a message. A decoder skips those that it does not
 * know, but not those with the highest bit. */
enum {
	PART_SERVERS = 1,
	PART_VECTOR = 2,
	PART_CONFIG = 3,
	PART_KSSIDS = 4,
	PART_KEYS = 16,
	PART_MEMBERS = 32,
	PART_CRITICAL = 0x8000,
};
#define KSSID_LEN(bits) (conf_kssids(bits) / 8)

enum { SERVER_SYNCED = 1 };
enum { MEMBER_REMOVED = 1, MEMBER_HAS_KEK = 2, MEMBER_COUNTERS = 4 };

/* ---- what all parts are made of ---- */

void
coop_put_text(struct wr *w, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT8_MAX)
		w->bad = true;
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, s, len);
}

/* size <= 256 */
static size_t
get_text(struct rd *r, char *dst, size_t size)
{
	size_t len = rd_u8(r);
	const uint8_t *p = rd_bytes(r, len);

	dst[0] = '\0';
	if (p == NULL || len >= size) {
		r->bad = true;
		return 0;
	}
	memcpy(dst, p, len);
	dst[len] = '\0';
	return len;
}

/* Octets behind the first of a character of UTF-8; -1: none begins so. */
static int
utf8_tail(uint8_t c)
{
	if (c < 0x80)
		return 0;
	return c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
}

/* A name of the configuration: a word, with nothing that drives a terminal
 * when it is shown. */
void
coop_get_name(struct rd *r, char dst[COOP_NAME])
{
	size_t len = get_text(r, dst, COOP_NAME), i;
	const uint8_t *s = (const uint8_t *)dst;
	int tail;

	for (i = 0; i < len; i++) {
		tail = utf8_tail(s[i]);
		if (s[i] <= ' ' || s[i] == 0x7f || tail < 0 ||
		    (s[i] == 0xc2 && s[i + 1] < 0xa0))
			r->bad = true;
		for (; tail > 0; tail--)
			if ((s[++i] & 0xc0) != 0x80)
				r->bad = true;
		if (r->bad)
			break;
	}
	if (r->bad)
		dst[0] = '\0';
}

/* Digits with dots between them. */
static void
get_version(struct rd *r, char dst[16])
{
	size_t len = get_text(r, dst, 16), i;

	for (i = 0; i < len; i++) {
		if ((dst[i] >= '0' && dst[i] <= '9') || (dst[i] == '.' &&
		    i > 0 && dst[i - 1] != '.' && i + 1 < len))
			continue;
		r->bad = true;
	}
	if (len == 0 || r->bad) {
		r->bad = true;
		dst[0] = '\0';
	}
}

/* Whatever a datagram can come from. */
bool
coop_host(uint32_t addr)
{
	return addr >> 24 != 0 && !is_multicast(addr) && addr != UINT32_MAX;
}

void
coop_put_id(struct wr *w, const struct coop_id *id)
{
	wr_u32(w, id->addr);
	wr_u64(w, id->boot);
}

bool
coop_get_id(struct rd *r, struct coop_id *id)
{
	id->addr = rd_u32(r);
	id->boot = rd_u64(r);
	return coop_host(id->addr) && id->boot != 0;
}

bool
coop_id_equal(const struct coop_id *a, const struct coop_id *b)
{
	return a->addr == b->addr && a->boot == b->boot;
}

static bool
sid_bits_ok(uint8_t bits)
{
	return bits == 8 || bits == 12 || bits == 16 || bits == 24 ||
	    bits == 32;
}

bool
coop_kssid_ok(uint8_t sid_bits, unsigned kssid)
{
	return sid_bits_ok(sid_bits) && kssid < conf_kssids(sid_bits);
}

/* Where the length of the part is to be written. */
static size_t
part_open(struct wr *w, uint16_t type)
{
	wr_u16(w, type);
	wr_u16(w, 0);
	return wr_len(w);
}

static void
part_close(struct wr *w, size_t at)
{
	size_t len = wr_len(w) - at;

	if (len > UINT16_MAX)
		w->bad = true;
	else if (wr_ok(w))
		wr_patch_u16(w, at - 2, (uint16_t)len);
}

/* ---- servers ---- */

static void
put_servers(struct wr *w, const struct coop_msg *m)
{
	const struct coop_server *s;
	size_t at;

	if (m->nservers == 0)
		return;
	at = part_open(w, PART_SERVERS);
	for (s = m->servers; s < m->servers + m->nservers; s++) {
		coop_put_id(w, &s->id);
		wr_u8(w, s->role);
		wr_u8(w, s->priority);
		wr_u8(w, s->synced ? SERVER_SYNCED : 0);
		wr_u32(w, s->beat);
		wr_u32(w, s->age);
		wr_u32(w, s->primary);
		wr_u32(w, s->term);
	}
	part_close(w, at);
}

static const char *
get_server(struct rd *r, struct coop_server *s)
{
	bool id = coop_get_id(r, &s->id);
	uint8_t flags;

	s->role = rd_u8(r);
	s->priority = rd_u8(r);
	flags = rd_u8(r);
	s->synced = (flags & SERVER_SYNCED) != 0;
	s->beat = rd_u32(r);
	s->age = rd_u32(r);
	s->primary = rd_u32(r);
	s->term = rd_u32(r);
	if (!rd_ok(r))
		return "server cut short";
	if (!id || (s->primary != 0 && !coop_host(s->primary)))
		return "address or boot of a server";
	if (s->role > COOP_SECONDARY || flags > SERVER_SYNCED)
		return "role or flags of a server";
	return NULL;
}

static const char *
get_servers(struct rd *r, struct coop_msg *m)
{
	const char *bad;
	unsigned i;

	while (rd_left(r) > 0) {
		if (m->nservers == COOP_SERVERS_MAX)
			return "too many servers";
		if ((bad = get_server(r, &m->servers[m->nservers])) != NULL)
			return bad;
		for (i = 0; i < m->nservers; i++)
			if (coop_id_equal(&m->servers[i].id,
			    &m->servers[m->nservers].id))
				return "a server twice";
		m->nservers++;
	}
	if (m->nservers == 0 ||
	    !coop_id_equal(&m->servers[0].id, &m->from) ||
	    m->servers[0].age != 0)
		return "the sender is not the first server";
	return NULL;
}

/* ---- vector ---- */

static void
put_vector(struct wr *w, const struct coop_msg *m)
{
	unsigned i;
	size_t at;

	if (m->nseen == 0 && m->log_have == 0 && m->log_round == 0 &&
	    m->members_digest == 0)
		return;
	at = part_open(w, PART_VECTOR);
	wr_u32(w, m->log_round);
	wr_u32(w, m->log_have);
	wr_u64(w, m->members_digest);
	for (i = 0; i < m->nseen; i++) {
		coop_put_id(w, &m->seen[i].id);
		wr_u32(w, m->seen[i].seq);
	}
	part_close(w, at);
}

static const char *
get_vector(struct rd *r, struct coop_msg *m)
{
	struct coop_seen *s;
	unsigned i;
	bool id;

	m->log_round = rd_u32(r);
	m->log_have = rd_u32(r);
	m->members_digest = rd_u64(r);
	while (rd_left(r) > 0) {
		if (m->nseen == COOP_SERVERS_MAX)
			return "too many rows in the vector";
		s = &m->seen[m->nseen];
		id = coop_get_id(r, &s->id);
		s->seq = rd_u32(r);
		if (rd_ok(r) && (!id || s->seq == 0))
			return "row of the vector";
		for (i = 0; i < m->nseen; i++)
			if (coop_id_equal(&m->seen[i].id, &s->id))
				return "a server twice in the vector";
		m->nseen++;
	}
	if (!rd_ok(r))
		return "vector cut short";
	return m->nseen == 0 && m->log_have == 0 && m->log_round == 0 &&
	    m->members_digest == 0 ? "empty vector" : NULL;
}

/* ---- what is configured ---- */

static const struct coop_config no_config;

static void
put_config(struct wr *w, const struct coop_msg *m)
{
	const struct coop_config *c = &m->config;
	size_t at;

	if (memcmp(c, &no_config, sizeof(*c)) == 0)
		return;
	at = part_open(w, PART_CONFIG);
	wr_bytes(w, c->acl, 8);
	wr_bytes(w, c->transform, 8);
	wr_bytes(w, c->lifetime, 8);
	wr_bytes(w, c->replay, 8);
	wr_bytes(w, c->rekey, 8);
	wr_bytes(w, c->rsa, 8);
	part_close(w, at);
}

static const char *
get_config(struct rd *r, struct coop_msg *m)
{
	struct coop_config *c = &m->config;
	uint8_t *const digests[] = { c->acl, c->transform, c->lifetime,
		c->replay, c->rekey, c->rsa };
	const uint8_t *p;
	unsigned i;

	for (i = 0; i < NELEM(digests); i++)
		if ((p = rd_bytes(r, 8)) != NULL)
			memcpy(digests[i], p, 8);
	if (!rd_end(r))
		return "length of the configuration's digests";
	return memcmp(c, &no_config, sizeof(*c)) == 0 ?
	    "empty digests of the configuration" : NULL;
}

static void
put_kssids(struct wr *w, const struct coop_msg *m)
{
	unsigned i;
	size_t at;

	if (m->sid_bits == 0)
		return;
	if (!sid_bits_ok(m->sid_bits)) {
		w->bad = true;
		return;
	}
	at = part_open(w, PART_KSSIDS);
	wr_u8(w, m->sid_bits);
	for (i = 0; i < KSSID_LEN(m->sid_bits); i++)
		wr_u8(w, (uint8_t)(m->kssids[i / 8] >> 8 * (i % 8)));
	part_close(w, at);
}

static const char *
get_kssids(struct rd *r, struct coop_msg *m)
{
	unsigned i;

	m->sid_bits = rd_u8(r);
	if (!sid_bits_ok(m->sid_bits) ||
	    rd_left(r) != KSSID_LEN(m->sid_bits))
		return "length of sender identifiers";
	for (i = 0; i < KSSID_LEN(m->sid_bits); i++)
		m->kssids[i / 8] |= (uint64_t)rd_u8(r) << 8 * (i % 8);
	return NULL;
}

/* ---- members ---- */

static bool
has_counters(const struct coop_member *m)
{
	return (m->sent | m->retries | m->acks | m->acks_missed) != 0;
}

static size_t
member_len(const struct coop_member *m)
{
	return COOP_MEMBER_MIN + strlen(m->version) +
	    (m->has_kek ? KEK_SPI_LEN : 0) + (has_counters(m) ? 16 : 0);
}

static void
put_member(struct wr *w, const struct coop_member *m)
{
	wr_u32(w, m->addr);
	wr_u16(w, m->port);
	wr_u32(w, m->owner);
	wr_u8(w, (uint8_t)((m->removed ? MEMBER_REMOVED : 0) |
	    (m->has_kek ? MEMBER_HAS_KEK : 0) |
	    (has_counters(m) ? MEMBER_COUNTERS : 0)));
	coop_put_text(w, m->version);
	wr_u32(w, m->stamp);
	coop_put_id(w, &m->teller);
	wr_u32(w, m->seq);
	wr_u32(w, m->term);
	wr_u32(w, m->keys);
	if (m->has_kek)
		wr_bytes(w, m->kek_spi, KEK_SPI_LEN);
	if (has_counters(m)) {
		wr_u32(w, m->sent);
		wr_u32(w, m->retries);
		wr_u32(w, m->acks);
		wr_u32(w, m->acks_missed);
	}
}

static const char *
get_member(struct rd *r, struct coop_member *m)
{
	const uint8_t *spi;
	uint8_t flags;
	bool teller;

	m->addr = rd_u32(r);
	m->port = rd_u16(r);
	m->owner = rd_u32(r);
	flags = rd_u8(r);
	m->removed = (flags & MEMBER_REMOVED) != 0;
	m->has_kek = (flags & MEMBER_HAS_KEK) != 0;
	get_version(r, m->version);
	m->stamp = rd_u32(r);
	teller = coop_get_id(r, &m->teller);
	m->seq = rd_u32(r);
	m->term = rd_u32(r);
	m->keys = rd_u32(r);
	if (m->has_kek && (spi = rd_bytes(r, KEK_SPI_LEN)) != NULL)
		memcpy(m->kek_spi, spi, KEK_SPI_LEN);
	if (flags & MEMBER_COUNTERS) {
		m->sent = rd_u32(r);
		m->retries = rd_u32(r);
		m->acks = rd_u32(r);
		m->acks_missed = rd_u32(r);
	}
	if (!rd_ok(r))
		return "member cut short, or its version";
	if (!coop_host(m->addr) || !coop_host(m->owner) || !teller)
		return "address of a member, or who told it";
	if (flags > 2 * MEMBER_COUNTERS - 1 || (m->removed && m->has_kek) ||
	    ((flags & MEMBER_COUNTERS) != 0) != has_counters(m))
		return "flags of a member";
	if (m->stamp == 0 || m->stamp > COOP_STAMP_MAX || m->seq == 0)
		return "stamp of a member";
	return NULL;
}

static void
put_members(struct wr *w, const struct coop_msg *m)
{
	unsigned i;
	size_t at;

	if (m->nmembers == 0 && m->log_to == 0)
		return;
	at = part_open(w, PART_MEMBERS);
	wr_u32(w, m->log_of);
	wr_u32(w, m->log_from);
	wr_u32(w, m->log_to);
	for (i = 0; i < m->nmembers; i++)
		put_member(w, &m->members[i]);
	part_close(w, at);
}

static const char *
get_members(struct rd *r, struct coop_msg *m)
{
	const char *bad;
	size_t room;

	m->log_of = rd_u32(r);
	m->log_from = rd_u32(r);
	m->log_to = rd_u32(r);
	if (!rd_ok(r) || m->log_to == 0 || m->log_from > m->log_to)
		return "range of members";
	room = rd_left(r) / COOP_MEMBER_MIN;
	if (room > COOP_MEMBERS_MAX)
		room = COOP_MEMBERS_MAX;
	if (rd_left(r) > 0)
		m->members = xcalloc(room + 1, sizeof(*m->members));
	while (rd_left(r) > 0) {
		if (m->nmembers == room ||
		    m->nmembers == m->log_to - m->log_from)
			return "too many members";
		bad = get_member(r, &m->members[m->nmembers]);
		if (bad != NULL)
			return bad;
		m->nmembers++;
	}
	return NULL;
}

/* ---- the message ---- */

static void
put_head(struct wr *w, const struct coop_msg *m)
{
	coop_put_text(w, m->coop_version);
	coop_put_text(w, m->gdoi_version);
	wr_u16(w, (uint16_t)m->flags);
	wr_u8(w, m->id_type);
	wr_u32(w, m->group_id);
	coop_put_id(w, &m->from);
	coop_put_id(w, &m->to);
	wr_u32(w, m->seq);
	wr_bytes(w, m->keys_digest, 8);
	wr_u32(w, m->stamp);
	if (m->nservers > COOP_SERVERS_MAX || m->nseen > COOP_SERVERS_MAX ||
	    m->nmembers > COOP_MEMBERS_MAX)
		w->bad = true;
}

size_t
coop_msg_put(const struct coop_msg *m, uint8_t *out, size_t max)
{
	struct wr w = wr_of(out, max);
	size_t at;

	put_head(&w, m);
	if (!wr_ok(&w))
		return 0;
	put_servers(&w, m);
	put_vector(&w, m);
	put_config(&w, m);
	put_kssids(&w, m);
	if (m->keys != NULL) {
		at = part_open(&w, PART_KEYS);
		coop_keys_put(&w, m->keys);
		part_close(&w, at);
	}
	put_members(&w, m);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

unsigned
coop_msg_fit(const struct coop_msg *m, size_t max)
{
	struct coop_msg rest = *m;
	uint8_t *out = xcalloc(1, max);
	size_t len;
	unsigned n = 0;

	rest.nmembers = 0;
	len = coop_msg_put(&rest, out, max);
	explicit_bzero(out, max);
	free(out);
	if (len == 0)
		return 0;
	if (m->log_to == 0)
		len += 4 + 12; /* the part begins with its first row */
	while (n < m->nmembers && n < COOP_MEMBERS_MAX) {
		len += member_len(&m->members[n]);
		if (len > max)
			break;
		n++;
	}
	return n;
}

static bool
same_major(const char *version)
{
	size_t n = strcspn(version, ".");

	return n == strcspn(COOP_VERSION, ".") &&
	    strncmp(version, COOP_VERSION, n) == 0;
}

static const char *
get_head(struct rd *r, struct coop_msg *m)
{
	const uint8_t *digest;
	bool from;

	get_version(r, m->gdoi_version);
	m->flags = rd_u16(r); /* who does not know one ignores it */
	m->id_type = rd_u8(r);
	m->group_id = rd_u32(r);
	from = coop_get_id(r, &m->from);
	(void)coop_get_id(r, &m->to);
	m->seq = rd_u32(r);
	if ((digest = rd_bytes(r, 8)) != NULL)
		memcpy(m->keys_digest, digest, 8);
	m->stamp = rd_u32(r);
	if (!rd_ok(r))
		return "head cut short, or a version";
	if (m->id_type != GDOI_ID_NUMBER && m->id_type != GDOI_ID_ADDRESS)
		return "identity of the group";
	if (!from || !coop_host(m->to.addr))
		return "sender or receiver";
	return m->stamp > COOP_STAMP_MAX ? "stamp" : NULL;
}

static const char *
get_part(uint16_t type, struct rd *r, struct coop_msg *m)
{
	switch (type) {
	case PART_SERVERS:
		return get_servers(r, m);
	case PART_VECTOR:
		return get_vector(r, m);
	case PART_CONFIG:
		return get_config(r, m);
	case PART_KSSIDS:
		return get_kssids(r, m);
	case PART_KEYS:
		m->keys = xcalloc(1, sizeof(*m->keys));
		return coop_keys_get(r, m->keys);
	case PART_MEMBERS:
		return get_members(r, m);
	default:
		return type & PART_CRITICAL ? "unknown critical part" : NULL;
	}
}

const char *
coop_msg_get(const uint8_t *data, size_t len, struct coop_msg *m, bool *other)
{
	struct rd r = rd_of(data, len), part;
	const char *bad;
	unsigned before = 0;
	uint16_t type;

	memset(m, 0, sizeof(*m));
	*other = false;
	get_version(&r, m->coop_version);
	if (!rd_ok(&r))
		return "version";
	if (!same_major(m->coop_version)) {
		*other = true;
		return NULL;
	}
	bad = get_head(&r, m);
	while (bad == NULL && rd_left(&r) > 0) {
		type = rd_u16(&r);
		part = rd_sub(&r, rd_u16(&r));
		if (!rd_ok(&r))
			bad = "part cut short";
		else if (type <= before)
			bad = "parts are not in order";
		else
			bad = get_part(type, &part, m);
		before = type;
	}
	if (bad != NULL)
		coop_msg_free(m);
	return bad;
}

void
coop_msg_free(struct coop_msg *m)
{
	free(m->members);
	coop_keys_free(m->keys);
	explicit_bzero(m, sizeof(*m));
}
