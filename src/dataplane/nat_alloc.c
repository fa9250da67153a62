/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Free global addresses and ports, in process fwd. Nothing is kept for a
 * port: it is free for a destination if no entry has it for that one, so an
 * address serves 64,512 connections to each far port. A port is looked for in
 * the group of the host's own (1-511, 512-1023, 1024-65535), so that what is
 * privileged stays so.
 */
#include "config.h"

#include "dataplane/nat_priv.h"

#define ADDRS_TRIED 1024 /* of a pool with overload, for one connection */
#define PROBES_SECOND (1u << 18) /* ports tried as long as it takes; then */
#define PROBES_LEAST 512	 /* so many for one connection */

/* ---- pools ---- */

bool
nat_pool_has(const struct nat_pool_obj *p, uint32_t addr, uint32_t *at)
{
	unsigned i;

	for (i = 0; i < p->n; i++) {
		if (addr >= p->ranges[i].start && addr <= p->ranges[i].end) {
			*at = p->ranges[i].first + addr - p->ranges[i].start;
			return *at < p->total;
		}
	}
	return false;
}

static uint32_t
pool_addr(const struct nat_pool_obj *p, uint32_t at)
{
	unsigned i;

	for (i = p->n - 1; at < p->ranges[i].first; i--)
		;
	return p->ranges[i].start + at - p->ranges[i].first;
}

/* Not that of the network nor its broadcast address. */
static bool
pool_usable(const struct nat_pool_obj *p, uint32_t addr)
{
	return p->mask >= 0xfffffffe ||
	    ((addr & ~p->mask) != 0 && (addr | p->mask) != UINT32_MAX);
}

void
nat_pool_hold(struct nat *n, const struct nat_entry *e, bool hold)
{
	struct nat_pool_obj *p = n->rules[e->rule]->pool;
	uint32_t at;

	if (!nat_pool_has(p, e->kind == NAT_OUTSIDE_SIMPLE ? e->ol : e->ig,
	    &at))
		return;
	if (hold && p->refs[at]++ == 0)
		p->allocated++;
	if (!hold && --p->refs[at] == 0)
		p->allocated--;
}

/* Nobody else's, as a whole. */
static bool
addr_free(struct nat *n, const struct nat_rule *r, uint32_t addr)
{
	struct nat_key outside = { .kind = NAT_OUTSIDE_SIMPLE, .addr = addr };
	struct nat_key simple = { .kind = NAT_SIMPLE, .addr = addr };
	struct nat_key anchor = { .kind = NAT_ANCHOR, .addr = addr };

	if (r->dynamic.way == NAT_OUTSIDE_SOURCE)
		return nat_find(n, true, 0, &outside) == 0;
	return nat_find(n, false, 0, &simple) == 0 &&
	    nat_find(n, false, 0, &anchor) == 0;
}

/* Host part as that of the host; with several ranges the first that has it. */
static uint32_t
match_host(struct nat *n, const struct nat_rule *r, uint32_t host)
{
	const struct nat_pool_obj *p = r->pool;
	uint32_t addr, at;
	unsigned i;

	for (i = 0; i < p->n; i++) {
		addr = (p->ranges[i].start & p->mask) | (host & ~p->mask);
		if (nat_pool_has(p, addr, &at) && pool_usable(p, addr) &&
		    p->refs[at] == 0 && addr_free(n, r, addr))
			return addr;
	}
	return 0;
}

uint32_t
nat_alloc_addr(struct nat *n, struct nat_rule *r, uint32_t host)
{
	struct nat_pool_obj *p = r->pool;
	uint32_t i, at, addr;

	if (p == NULL || p->total == 0)
		return 0;
	if (p->type == NAT_POOL_MATCH_HOST)
		return match_host(n, r, host);
	for (i = 0; i < p->total && p->allocated < p->total; i++) {
		at = (p->next + i) % p->total;
		addr = pool_addr(p, at);
		if (p->refs[at] != 0 || !pool_usable(p, addr) ||
		    !addr_free(n, r, addr))
			continue;
		p->next = (at + 1) % p->total;
		return addr;
	}
	return 0;
}

uint32_t
nat_alloc_rotary(struct nat_rule *r)
{
	struct nat_pool_obj *p = r->pool;
	uint32_t i, addr;

	for (i = 0; p != NULL && i < p->total; i++) {
		addr = pool_addr(p, p->next);
		p->next = (p->next + 1) % p->total;
		if (pool_usable(p, addr))
			return addr;
	}
	return 0;
}

/* ---- ports ---- */

static const struct {
	uint16_t lo, hi;
} groups[] = { { 1, 511 }, { 512, 1023 }, { 1024, 65535 } };

/* What this router listens to itself stays its own, unless a static entry
 * gives it away. */
static bool
is_own_service(uint8_t proto, uint16_t port)
{
	if (proto == PROTO_UDP)
		return port == 500 || port == 848 || port == 4500;
	return proto == PROTO_TCP && (port == 22 || port == 23);
}

static bool
port_free(struct nat *n, const struct nat_entry *e, bool own)
{
	struct nat_key fixed = { .kind = NAT_PORT, .proto = e->proto,
		.addr = e->ig, .port = e->igp };
	struct nat_key flow = { .kind = NAT_EXTENDED, .proto = e->proto,
		.addr = e->ig, .port = e->igp, .far = e->og,
		.far_port = e->proto == PROTO_ICMP ? e->igp : e->ogp };

	return !(own && is_own_service(e->proto, e->igp)) &&
	    nat_find(n, false, 0, &fixed) == 0 &&
	    nat_find(n, false, 0, &flow) == 0;
}

static struct nat_full *
full_slot(struct nat *n, const struct nat_entry *e, unsigned group)
{
	uint64_t h = nat_hash(n, (uint64_t)e->ig << 32 | e->og,
	    (uint64_t)e->proto << 32 | (uint64_t)group << 16 | e->ogp);

	return &n->fulls[h % NAT_FULLS];
}

/* A group without a free port is not searched again in the same second:
 * entries end by the second. */
static bool
known_full(const struct nat *n, const struct nat_full *s,
    const struct nat_entry *e, unsigned group)
{
	return s->until == n->now + 1 && s->ig == e->ig && s->og == e->og &&
	    s->ogp == e->ogp && s->proto == e->proto && s->group == group;
}

/* Somebody keeps a group all but full and has it searched again and again:
 * others must not wait for that. The next packet goes on where this one gave
 * up. */
static bool
has_searched_enough(struct nat *n, uint32_t tried)
{
	if (n->probes_at != n->now) {
		n->probes_at = n->now;
		n->probes = 0;
	}
	return n->probes++ >= PROBES_SECOND && tried >= PROBES_LEAST;
}

static bool
port_search(struct nat *n, struct nat_entry *e, unsigned group, bool own)
{
	uint32_t lo = groups[group].lo, size = groups[group].hi - lo + 1u, i;
	struct nat_full *s = full_slot(n, e, group);

	if (known_full(n, s, e, group))
		return false;
	for (i = 0; i < size; i++) {
		e->igp = (uint16_t)(lo + (n->next_port + i) % size);
		if (port_free(n, e, own)) {
			n->next_port = (uint16_t)(n->next_port + i + 1);
			return true;
		}
		if (has_searched_enough(n, i)) {
			n->next_port = (uint16_t)(n->next_port + i + 1);
			return false;
		}
	}
	*s = (struct nat_full){ .ig = e->ig, .og = e->og, .ogp = e->ogp,
		.until = n->now + 1, .proto = e->proto,
		.group = (uint8_t)group };
	return false;
}

static bool
has_ports(const struct nat_entry *e)
{
	return e->proto == PROTO_TCP || e->proto == PROTO_UDP ||
	    e->proto == PROTO_ICMP;
}

static bool
port_at(struct nat *n, struct nat_entry *e, bool own)
{
	unsigned group;

	e->igp = e->ilp;
	if (port_free(n, e, own))
		return true;
	if (!has_ports(e))
		return false; /* one host for a far host and protocol */
	for (group = 0; e->ilp > groups[group].hi; group++)
		;
	return port_search(n, e, group, own);
}

bool
nat_alloc_own_port(struct nat *n, struct nat_entry *e)
{
	return port_at(n, e, false);
}

bool
nat_alloc_port(struct nat *n, const struct snap *s, struct nat_rule *r,
    struct nat_entry *e)
{
	const struct nat_pool_obj *p = r->pool;
	uint32_t i;

	if (r->dynamic.pool[0] == '\0') {
		e->ig = r->addr;
		return e->ig != 0 && port_at(n, e, true);
	}
	for (i = 0; p != NULL && i < p->total && i < ADDRS_TRIED; i++) {
		e->ig = pool_addr(p, i);
		if (pool_usable(p, e->ig) && addr_free(n, r, e->ig) &&
		    port_at(n, e, fwd_is_own(s, e->ig)))
			return true;
	}
	return false;
}
