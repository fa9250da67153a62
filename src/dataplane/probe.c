/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The packets of ping and traceroute. The control thread of process fwd makes
 * them, the worker takes them through the path as packets of this router and
 * catches what comes back; between them stand the slots (what is awaited) and
 * the ring of events (what came). One packet of a command is outstanding at a
 * time.
 */
#include "config.h"

#include <stdlib.h>
#include <strings.h>

#include <arpa/inet.h>

#include "dataplane/ip.h"
#include "dataplane/probe.h"

/* ---- worker ---- */

static void
slot_event(struct fwd *f, unsigned slot, uint32_t seq, enum ping_mark mark,
    const struct pkt *from, uint32_t why)
{
	fwd_event(f, &(struct event){ .type = EVENT_PING,
	    .what = (uint16_t)(slot << 8 | mark), .a = seq,
	    .b = from->flow.src, .c = why,
	    .us = f->io.now_us(f->arg) });
}

static int
slot_find(const struct fwd *f, uint8_t proto, uint32_t target,
    uint32_t source, uint16_t id)
{
	const struct ping_slot *s;
	int i;

	for (i = 0; i < PING_MAX; i++) {
		s = &f->slots[i];
		if (__atomic_load_n(&s->id, __ATOMIC_ACQUIRE) ==
		    ((uint32_t)proto << 16 | id) && s->source == source &&
		    (s->target == target || s->any))
			return i;
	}
	return -1;
}

/* Is this piece of an answer, which begins at `at` of it, what was sent? */
static bool
data_ok(const struct ping_slot *s, const uint8_t *data, unsigned at,
    unsigned len)
{
	unsigned i;

	if (!s->validate)
		return true;
	for (i = at < 8 ? 8 - at : 0; i < len; i++) {
		if (data[i] != (uint8_t)((at + i) % 2 == 0 ?
		    s->pattern >> 8 : s->pattern))
			return false;
	}
	return true;
}

/* The first answer to a packet leaves its options for the other thread. */
static void
keep_options(const struct fwd *f, struct ping_slot *s, const struct pkt *p)
{
	unsigned n = p->ihl - IPH_HDR;

	if (n == 0 || __atomic_load_n(&s->n_opts, __ATOMIC_ACQUIRE) != 0)
		return;
	memcpy(s->opts, pkt_ip(p) + IPH_HDR, n);
	ipopt_arrived(f->w.snap, s->opts, n, p->flow.dst);
	__atomic_store_n(&s->n_opts, n, __ATOMIC_RELEASE);
}

/* An answer in fragments counts when the last octet of it is here. The
 * kernel gets the fragments as well: they could be somebody else's. */
static void
echo_fragment(struct fwd *f, const struct pkt *p, int slot)
{
	const uint8_t *ip = pkt_ip(p);
	uint16_t id = get16(ip + IPH_ID), frag = get16(ip + IPH_FRAG);
	unsigned len = p->len - p->ihl, i, at = (frag & IPH_OFFMASK) * 8u;
	typeof(f->w.echo) *e = &f->w.echo;

	if (e->src != p->flow.src || e->id != id) {
		e->src = p->flow.src;
		e->id = id;
		e->have = e->total = 0;
		e->first = false;
		e->bad = 0;
	}
	e->have += len;
	if ((frag & IPH_MF) == 0)
		e->total = at + len;
	if (slot >= 0) {
		e->first = true;
		e->slot = (uint16_t)slot;
		e->seq = get16(ip + p->ihl + 6);
	}
	/* whose it is may be known only later */
	for (i = 0; i < PING_MAX; i++) {
		if (!data_ok(&f->slots[i], ip + p->ihl, at, len))
			e->bad |= (uint16_t)(1u << i);
	}
	if (e->first && e->total != 0 && e->have >= e->total) {
		slot_event(f, e->slot, e->seq,
		    (e->bad >> e->slot & 1) != 0 ? PING_UNKNOWN : PING_REPLY,
		    p, 0);
		e->src = 0;
	}
}

static enum ping_mark
mark_of(const uint8_t *icmp)
{
	switch (icmp[0]) {
	case ICMP_UNREACH:
		return icmp[1] == ICMP_UNREACH_FRAG ? PING_FRAG :
		    PING_UNREACHABLE;
	case ICMP_QUENCH:
		return PING_QUENCH;
	case ICMP_TIME_EXCEEDED:
		return PING_TTL;
	default:
		return PING_UNKNOWN;
	}
}

/* It goes no further, so debug sees here that it arrived, before the ping
 * hears of it. */
static void
see_mine(struct fwd *f, const struct pkt *p)
{
	ipdebug(f, SEEN_ROUTED, p);
	ipdebug(f, SEEN_RCVD, p);
}

/* What an ICMP error quotes: one of our packets? */
static enum verdict
probe_error(struct fwd *f, const struct pkt *p, const uint8_t *icmp,
    unsigned len)
{
	const uint8_t *in = icmp + 8, *up;
	unsigned ihl, seq;
	int slot = -1;

	if (len < 8 + IPH_HDR || in[0] >> 4 != 4)
		return NEXT;
	ihl = (in[0] & 15u) * 4;
	if (ihl < IPH_HDR || len < 8 + ihl + 8 ||
	    (get16(in + IPH_FRAG) & IPH_OFFMASK) != 0)
		return NEXT;
	up = in + ihl;
	seq = get16(up + (in[IPH_PROTO] == PROTO_UDP ? 2 : 6));
	if (in[IPH_PROTO] == PROTO_ICMP && up[0] == ICMP_ECHO)
		slot = slot_find(f, PROTO_ICMP, get32(in + IPH_DST),
		    get32(in + IPH_SRC), get16(up + 4));
	else if (in[IPH_PROTO] == PROTO_UDP)
		slot = slot_find(f, PROTO_UDP, get32(in + IPH_DST),
		    get32(in + IPH_SRC), get16(up));
	if (slot < 0)
		return NEXT;
	see_mine(f, p);
	slot_event(f, (unsigned)slot, seq, mark_of(icmp), p,
	    (uint32_t)icmp[0] << 24 | (uint32_t)icmp[1] << 16 |
	    get16(icmp + 6));
	return p->flow.frag_tail ? NEXT : STOLEN;
}

enum verdict
stage_ping(struct fwd *f, struct pkt *p)
{
	const uint8_t *icmp = pkt_ip(p) + p->ihl;
	unsigned len = p->len - p->ihl;
	enum ping_mark mark = PING_REPLY;
	int slot = -1;

	if (p->flow.proto != PROTO_ICMP ||
	    !fwd_is_own(f->w.snap, p->flow.dst))
		return NEXT;
	if (!p->flow.frag_tail) {
		if (len < 8)
			return NEXT;
		if (icmp[0] == ICMP_UNREACH || icmp[0] == ICMP_QUENCH ||
		    icmp[0] == ICMP_TIME_EXCEEDED || icmp[0] == ICMP_PARAM)
			return probe_error(f, p, icmp, len);
		if (icmp[0] != ICMP_ECHO_REPLY)
			return NEXT;
		slot = slot_find(f, PROTO_ICMP, p->flow.src, p->flow.dst,
		    get16(icmp + 4));
		if (slot < 0)
			return NEXT;
		keep_options(f, &f->slots[slot], p);
	}
	if (ip_is_fragment(pkt_ip(p))) {
		echo_fragment(f, p, slot);
		return NEXT;
	}
	if ((p->gso.flags & GSO_F_NEEDS_CSUM) == 0 &&
	    sum_end(sum_add(0, icmp, len)) != 0)
		return NEXT;
	if (!data_ok(&f->slots[slot], icmp, 0, len))
		mark = PING_UNKNOWN;
	else if ((pkt_ip(p)[IPH_TOS] & 3) == 3)
		mark = PING_CONGESTED;
	see_mine(f, p);
	slot_event(f, (unsigned)slot, get16(icmp + 6), mark, p, 0);
	return STOLEN;
}

/* Of a packet of this router to itself: the worker has its end. */
void
ping_to_self(struct fwd *f, const struct pkt *p)
{
	const uint8_t *up = pkt_ip(p) + p->ihl;
	struct pkt from = { .flow = { .src = p->flow.dst } };
	bool icmp = p->flow.proto == PROTO_ICMP;
	int slot = slot_find(f, p->flow.proto, p->flow.dst, p->flow.src,
	    get16(up + (icmp ? 4 : 0)));

	/* nobody answers to 255.255.255.255 */
	if (slot >= 0 && (fwd_is_own(f->w.snap, p->flow.dst) ||
	    p->flow.dst >> 24 == 127))
		slot_event(f, (unsigned)slot, get16(up + (icmp ? 6 : 2)),
		    icmp ? PING_REPLY : PING_UNREACHABLE, &from,
		    icmp ? 0 : ICMP_UNREACH << 24 | ICMP_UNREACH_PORT << 16);
}

/* ---- control thread ---- */

static void
probe_abort(struct cli_ctx *ctx UNUSED, void *arg)
{
	struct probe *p = arg;

	p->ops->end(p);
}

bool
probe_start(struct fwd *f, struct probe *p, uint8_t proto)
{
	struct ping_slot *s;
	unsigned slot;

	for (slot = 0; slot < PING_MAX && f->probes[slot] != NULL; slot++)
		;
	if (slot == PING_MAX) {
		cli_printf(p->ctx, "%% Too many pings are running\n");
		free(p);
		return false;
	}
	f->probes[slot] = p;
	p->f = f;
	p->slot = slot;
	p->id = f->next_ping_id++;
	if (proto == PROTO_UDP)
		p->id |= 0xc000; /* a port that nobody is known by */
	p->pkt.buf = xcalloc(1, PKT_BUF_SIZE);
	s = &f->slots[slot];
	s->target = p->o.target;
	/* a group answers by many, a source route changes the destination */
	s->any = is_multicast(p->o.target) || p->o.n_route > 0;
	s->source = p->o.source;
	s->pattern = (uint16_t)p->o.pattern;
	s->validate = p->o.validate != 0;
	__atomic_store_n(&s->id, (uint32_t)proto << 16 | p->id,
	    __ATOMIC_RELEASE);
	cli_on_abort(p->ctx, probe_abort, p);
	return true;
}

unsigned
probe_header(struct probe *p, uint8_t proto, uint16_t id)
{
	uint8_t *ip;
	unsigned ihl;

	pkt_reset(&p->pkt);
	p->pkt.in_port = PORT_LOCAL;
	p->pkt.ping = true;
	ip = pkt_ip(&p->pkt);
	memset(ip, 0, IPH_HDR);
	ihl = IPH_HDR + ipopt_put(&p->o, ip + IPH_HDR);
	ip[0] = (uint8_t)(0x40 | ihl / 4);
	ip[IPH_TOS] = (uint8_t)p->o.tos;
	put16(ip + IPH_ID, id);
	put16(ip + IPH_FRAG, p->o.df ? IPH_DF : 0);
	ip[IPH_TTL] = 255;
	ip[IPH_PROTO] = proto;
	put32(ip + IPH_SRC, p->o.source);
	put32(ip + IPH_DST, p->o.n_route > 0 ? p->o.route[0] : p->o.target);
	return ihl;
}

void
probe_send(struct probe *p, uint16_t seq, unsigned len)
{
	struct fwd *f = p->f;
	struct pkt *pkt = &p->pkt;

	pkt->len = len;
	__atomic_store_n(&f->slots[p->slot].seq, seq, __ATOMIC_RELAXED);
	__atomic_store_n(&f->slots[p->slot].n_opts, 0, __ATOMIC_RELEASE);
	p->sent_us = f->io.now_us(f->arg);
	/* `timeout 0` floods as fast as this thread likes to */
	p->deadline = f->io.now(f->arg) +
	    (p->o.timeout != 0 ? p->o.timeout * 1000ull : 10);
	fwd_send_own(f, pkt);
}

unsigned
probe_ms(const struct probe *p, uint64_t us)
{
	return us >= p->sent_us + 1000 ? (unsigned)((us - p->sent_us) / 1000) :
	    1;
}

void
probe_end(struct probe *p)
{
	struct cli_ctx *ctx = p->ctx;
	struct fwd *f = p->f;

	__atomic_store_n(&f->slots[p->slot].id, 0, __ATOMIC_RELEASE);
	f->probes[p->slot] = NULL;
	free(p->pkt.buf);
	free(p);
	cli_done(ctx, CLI_DONE);
}

void
ping_event(struct fwd *f, const struct event *e)
{
	unsigned slot = e->what >> 8;
	struct probe *p = slot < PING_MAX ? f->probes[slot] : NULL;

	/* an answer to a packet that was given up already comes too late */
	if (p != NULL && e->a == f->slots[slot].seq)
		p->ops->answer(p, e);
}

uint64_t
ping_timeout(struct fwd *f, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	unsigned i;

	for (i = 0; i < PING_MAX; i++) {
		if (f->probes[i] != NULL && f->probes[i]->deadline <= now)
			f->probes[i]->ops->timeout(f->probes[i]);
		if (f->probes[i] != NULL && f->probes[i]->deadline < next)
			next = f->probes[i]->deadline;
	}
	return next;
}

void
ping_free_all(struct fwd *f)
{
	unsigned i;

	for (i = 0; i < PING_MAX; i++) {
		if (f->probes[i] != NULL)
			f->probes[i]->ops->end(f->probes[i]);
	}
}

/* ---- addresses ---- */

bool
probe_is_addr(const char *text, uint32_t *addr)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*addr = ntohl(in.s_addr);
	return true;
}

bool
probe_target(struct cli_ctx *ctx, const struct fwd *f, struct probe_opts *o,
    const char *name, uint32_t addr)
{
	const struct ip_host *h;

	o->target = addr;
	if (name[0] == '\0')
		return true;
	CF_FOREACH (h, &f->conf->hosts)
		if (strcasecmp(h->name, name) == 0) {
			o->target = h->addr;
			str_copy(o->name, h->name, sizeof(o->name));
			return true;
		}
	cli_printf(ctx, "%% Unrecognized host or address, or protocol not "
	    "running.\n");
	return false;
}

/* The address of the interface that the route leads out of. */
static uint32_t
source_to(const struct fwd *f, uint32_t target)
{
	const struct route *r = NULL;
	unsigned i;

	if (f->routes != NULL)
		r = route_lookup(f->routes->table, target);
	if (r != NULL && r->port == PORT_LOCAL)
		return target;
	if (r != NULL && f->ports[r->port].addr != 0)
		return f->ports[r->port].addr;
	for (i = 1; i <= PORT_MAX; i++) {
		if (f->port_known[i] && f->ports[i].up &&
		    f->ports[i].addr != 0)
			return f->ports[i].addr;
	}
	return 0;
}

/* An address or an interface of this router; 0: it is neither. */
uint32_t
probe_own_addr(const struct fwd *f, const char *ifname, uint32_t addr)
{
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		if (!f->port_known[i] || !f->ports[i].up)
			continue;
		if (ifname[0] != '\0' &&
		    strcmp(f->ports[i].name, ifname) == 0)
			return f->ports[i].addr;
		if (addr != 0 && f->ports[i].addr == addr)
			return addr;
	}
	return addr != 0 && fwd_is_own(f->snap, addr) ? addr : 0;
}

bool
probe_source(struct cli_ctx *ctx, const struct fwd *f, struct probe_opts *o,
    const char *ifname, uint32_t addr)
{
	o->sourced = addr != 0 || ifname[0] != '\0';
	o->source = o->sourced ? probe_own_addr(f, ifname, addr) :
	    source_to(f, o->n_route > 0 ? o->route[0] : o->target);
	if (!o->sourced || o->source != 0)
		return true;
	cli_printf(ctx, "%% Invalid source address- IP address not on "
	    "any of our up interfaces\n");
	return false;
}
