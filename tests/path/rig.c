/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See rig.h. Also the few conf_find_* that the engine uses, over the lists
 * of struct conf.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf_find.h"
#include "rig.h"

const struct esp_transform rig_aes_sha1 =
    { ESP_AES_CBC, ESP_AUTH_SHA1, 128 };

/* ---- configuration ---- */

const struct crypto_map *
conf_next_map(const struct conf *c, const char *name,
    const struct crypto_map *from)
{
	const struct crypto_map *m;

	m = from != NULL ? (const void *)from->obj.next :
	    (const void *)c->crypto_maps.first;
	for (; m != NULL; m = (const void *)m->obj.next) {
		if (strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

void
rig_add(struct cf_list *l, struct cf_obj *o)
{
	o->next = NULL;
	if (l->last != NULL)
		l->last->next = o;
	else
		l->first = o;
	l->last = o;
	l->n++;
}

void
rig_config(struct rig *r)
{
	fwd_config(r->f, NULL, &r->conf);
}

void
rig_acl(struct rig *r, const char *name, const struct ace *aces, unsigned n)
{
	struct acl *a = &r->acls[r->n_acls++];
	struct acl_entry *e;
	unsigned i;

	str_copy(a->name, name, sizeof(a->name));
	for (i = 0; i < n; i++) {
		e = &r->entries[r->n_entries++];
		e->seq = (i + 1) * 10;
		e->ace = aces[i];
		rig_add(&a->entries, &e->obj);
	}
	rig_add(&r->conf.acls, &a->obj);
}

/* ---- io ---- */

static void
io_tx(void *arg, const struct pkt *p)
{
	struct rig *r = arg;

	if (r->sink) {
		r->n_sunk++;
		return;
	}
	if (r->n_out == RIG_OUT)
		abort();
	r->out[r->n_out] = *p;
	r->bytes[r->n_out] = xcalloc(1, p->len + 1);
	memcpy(r->bytes[r->n_out], p->buf + p->off, p->len);
	r->n_out++;
}

static uint64_t
io_now(void *arg)
{
	return ((struct rig *)arg)->now;
}

static uint64_t
io_now_us(void *arg)
{
	return ((struct rig *)arg)->us;
}

static void
io_random(void *arg, void *data, size_t len)
{
	struct rig *r = arg;
	uint8_t *p = data;

	while (len-- > 0) {
		r->rnd = r->rnd * 1103515245 + 12345;
		*p++ = (uint8_t)(r->rnd >> 16);
	}
}

static void
io_log(void *arg, enum log_id id, va_list ap)
{
	struct rig *r = arg;
	struct strbuf sb = {0};

	log_vformat(&sb, id, ap);
	if (r->n_logs < 64) {
		r->logs[r->n_logs] = id;
		str_copy(r->text[r->n_logs++], sb.s, sizeof(r->text[0]));
	}
	sb_free(&sb);
}

static void
io_event(void *arg, const struct sa_event *e)
{
	struct rig *r = arg;

	if (r->n_events < NELEM(r->events))
		r->events[r->n_events++] = *e;
}

static void
io_tunnel(void *arg, uint16_t port UNUSED, bool answered,
    const struct tunnel_count *c)
{
	struct rig *r = arg;

	r->n_tunnels += answered != r->answered;
	r->answered = answered;
	r->through = *c;
}

static void
io_drops(void *arg, uint16_t port, uint64_t packets)
{
	struct rig *r = arg;

	r->drops[port] += packets;
}

void
rig_start(struct rig *r)
{
	static const struct fwd_io io = { .tx = io_tx, .now = io_now,
		.now_us = io_now_us, .random = io_random, .log = io_log,
		.event = io_event, .tunnel = io_tunnel,
		.drops = io_drops };
	struct port lan = { .index = LAN, .name = "FastEthernet0/0",
		.dev = "eth1", .addr = LAN_ADDR, .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	struct port wan = { .index = WAN, .name = "FastEthernet0/1",
		.dev = "eth2", .addr = WAN_ADDR, .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(192, 0, 2, 0), 24, 0, WAN },
		{ IP4(10, 0, 0, 0), 8, IP4(192, 0, 2, 254), WAN },
		{ IP4(203, 0, 113, 0), 24, IP4(192, 0, 2, 254), WAN },
	};

	memset(r, 0, sizeof(*r));
	r->now = 1000;
	r->us = 1000000;
	r->rnd = 7;
	r->answered = true;
	r->f = fwd_new(&io, r);
	str_copy(r->ifs[0].name, lan.name, sizeof(lan.name));
	str_copy(r->ifs[1].name, wan.name, sizeof(wan.name));
	rig_add(&r->conf.interfaces, &r->ifs[0].obj);
	rig_add(&r->conf.interfaces, &r->ifs[1].obj);
	r->conf.df_bit = DF_COPY;
	str_copy(r->ifs[1].crypto_map, "CM", CONF_NAME);
	str_copy(r->map.name, "CM", CONF_NAME);
	str_copy(r->map.group, "GETVPN", CONF_NAME);
	r->map.seq = 10;
	rig_add(&r->conf.crypto_maps, &r->map.obj);
	rig_config(r);
	fwd_port(r->f, &lan);
	fwd_port(r->f, &wan);
	fwd_routes(r->f, routes, NELEM(routes));
}

void
rig_end(struct rig *r)
{
	rig_clear_out(r);
	fwd_free(r->f);
}

/* ---- key management ---- */

void
rig_policy(struct rig *r, uint8_t direction, const struct ace *aces,
    unsigned n)
{
	static const uint16_t sa_of[16];
	static const uint8_t local[16];
	struct sa_change c = { .type = SA_POLICY };

	str_copy(c.policy.group, "GETVPN", SA_NAME_MAX);
	c.policy.direction = direction;
	c.policy.gm_addr = WAN_ADDR;
	c.policy.n = n;
	c.policy.aces = aces;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	fwd_sa(r->f, &c);
}

struct sa_tek
rig_tek_of(uint32_t spi, uint16_t sa_index, struct esp_transform t,
    uint32_t life_ms)
{
	struct sa_tek tek = { .spi = spi, .sa_index = sa_index,
		.transform = t, .replay = REPLAY_COUNTER, .window = 64,
		.life_ms = life_ms, .salt = 0xcafe0001, .sid = 5,
		.sid_bits = 24 };
	uint8_t key[KEY_MAX];
	unsigned i;

	str_copy(tek.group, "GETVPN", SA_NAME_MAX);
	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(spi + i * 7);
	key_set(&tek.key, key, esp_key_len(&t));
	key_set(&tek.auth_key, key + 32, esp_auth_key_len(&t));
	return tek;
}

void
rig_tek(struct rig *r, uint32_t spi, uint16_t sa_index,
    struct esp_transform t, uint32_t life_ms)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(spi, sa_index, t, life_ms);
	fwd_sa(r->f, &c);
}

void
rig_group(struct rig *r)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(r, SA_DIR_BOTH, &any, 1);
	rig_tek(r, 0x1000, 0, rig_aes_sha1, 3600000);
}

/* ---- packets ---- */

struct pkt
rig_pkt(uint8_t *buf, const uint8_t *data, size_t len, uint16_t in_port)
{
	struct pkt p = { .buf = buf, .off = PKT_HEADROOM,
		.len = (uint32_t)len, .in_port = in_port };

	if (len > 0)
		memcpy(buf + PKT_HEADROOM, data, len);
	return p;
}

void
rig_input_gso(struct rig *r, const uint8_t *data, size_t len,
    uint16_t in_port, const struct pkt_gso *gso)
{
	uint8_t *buf = xcalloc(1, PKT_BUF_SIZE);
	struct pkt p = rig_pkt(buf, data, len, in_port), *pp = &p;

	rig_clear_out(r);
	p.gso = *gso;
	fwd_input(r->f, &pp, 1);
	free(buf);
}

void
rig_input(struct rig *r, const uint8_t *data, size_t len, uint16_t in_port)
{
	rig_input_gso(r, data, len, in_port, &(struct pkt_gso){0});
}

void
rig_clear_out(struct rig *r)
{
	while (r->n_out > 0)
		free(r->bytes[--r->n_out]);
}

void
rig_timeout(struct rig *r)
{
	uint64_t next = fwd_timeout(r->f);

	if (next < r->now)
		abort(); /* never in the past */
}

uint64_t
rig_drops(const struct rig *r, enum drop_id id)
{
	return r->f->w.drops[id];
}

uint64_t
rig_all_drops(const struct rig *r)
{
	struct fwd_drop d[DROP_COUNT];
	uint64_t sum = 0;
	size_t i, n = fwd_drops(r->f, d, DROP_COUNT);

	for (i = 0; i < n; i++)
		sum += d[i].packets;
	return sum;
}

const uint8_t *
rig_ip(const struct rig *r, unsigned i)
{
	return r->bytes[i];
}

struct ace
mk_ace(enum ace_action action, uint8_t proto, uint32_t src, uint32_t sw,
    uint32_t dst, uint32_t dw)
{
	struct ace a = ace_any(action);

	a.proto = proto;
	a.src = src;
	a.src_wild = sw;
	a.dst = dst;
	a.dst_wild = dw;
	return a;
}

size_t
mk_packet(uint8_t *b, const struct mk *m)
{
	unsigned hdr = m->proto == PROTO_TCP ? 20 : 8, i, at;
	unsigned total;
	uint8_t *up = b + IPH_HDR;

	if (m->proto != PROTO_TCP && m->proto != PROTO_UDP &&
	    m->proto != PROTO_ICMP)
		hdr = 0;
	total = IPH_HDR + hdr + m->payload;
	memset(b, 0, IPH_HDR + hdr);
	b[0] = 0x45;
	b[IPH_TOS] = m->tos;
	put16(b + IPH_ID, m->id);
	put16(b + IPH_FRAG, m->frag);
	b[IPH_TTL] = m->ttl != 0 ? m->ttl : 64;
	b[IPH_PROTO] = m->proto;
	put32(b + IPH_SRC, m->src);
	put32(b + IPH_DST, m->dst);
	ip_finish(b, IPH_HDR, total);
	for (i = 0; i < m->payload; i++)
		up[hdr + i] = (uint8_t)i;
	put16(up, m->sport);
	put16(up + 2, m->dport);
	switch (m->proto) {
	case PROTO_TCP:
		put32(up + 4, 1000);
		up[12] = 5 << 4;
		up[13] = m->tcp_flags;
		at = 16;
		break;
	case PROTO_UDP:
		put16(up + 4, hdr + m->payload);
		at = 6;
		break;
	case PROTO_ICMP: /* sport: type and code; id is dport */
		put16(up + 2, 0);
		put16(up + 4, m->dport);
		put16(up + 2, sum_end(sum_add(0, up, total - IPH_HDR)));
		return total;
	default:
		return total;
	}
	put16(up + at, sum_end(sum_add(sum_pseudo(b, total - IPH_HDR), up,
	    total - IPH_HDR)));
	return total;
}

bool
ip_ok(const uint8_t *ip)
{
	return sum_end(sum_add(0, ip, (ip[0] & 15u) * 4)) == 0;
}

bool
l4_ok(const uint8_t *ip)
{
	unsigned ihl = (ip[0] & 15u) * 4, len = get16(ip + IPH_LEN) - ihl;

	if (ip[IPH_PROTO] == PROTO_ICMP)
		return sum_end(sum_add(0, ip + ihl, len)) == 0;
	return sum_end(sum_add(sum_pseudo(ip, len), ip + ihl, len)) == 0;
}

char rig_said[65536];
unsigned rig_n_said;

static void
keep(void *arg, enum log_id id, const char *text)
{
	size_t n = strlen(rig_said);

	(void)arg;
	(void)id;
	rig_n_said++;
	snprintf(rig_said + n, sizeof(rig_said) - n, "%s\n", text);
}

void
rig_hear(void)
{
	rig_forget_said();
	log_set_sink(keep, NULL);
}

void
rig_forget_said(void)
{
	rig_said[0] = '\0';
	rig_n_said = 0;
}
