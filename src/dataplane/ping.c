/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ping command. The control thread of process fwd makes the echoes, the
 * worker takes them through the path as packets of this router and catches
 * what comes back; between them stand the slots (what is awaited) and the
 * ring of events (what came). One echo of a ping is outstanding at a time.
 *
 * A multicast group may answer many times: each answer within the timeout is
 * a line of its own, and one echo is all that is sent unless told otherwise.
 */
#include "config.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli_gen.h"
#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define COLUMNS 70

struct ping {
	struct fwd *f;
	struct cli_ctx *ctx;
	unsigned slot;
	uint32_t target, source, repeat, size;
	uint64_t timeout_ms;
	bool df, aborted;
	uint32_t sent, good;
	uint32_t answers; /* of a group to this echo */
	bool dots;	  /* are the last of the line */
	uint64_t sent_us, deadline;
	uint64_t min, max, sum; /* milliseconds */
	uint16_t id, ip_id;
	struct pkt pkt;
};

/* ---- worker ---- */

static void
slot_event(struct fwd *f, unsigned slot, uint32_t seq, enum ping_mark mark,
    uint32_t from)
{
	fwd_event(f, &(struct event){ .type = EVENT_PING,
	    .what = (uint16_t)(slot << 8 | mark), .a = seq, .b = from,
	    .us = f->io.now_us(f->arg) });
}

static int
slot_find(const struct fwd *f, uint32_t target, uint32_t source, uint16_t id)
{
	const struct ping_slot *s;
	int i;

	for (i = 0; i < PING_MAX; i++) {
		s = &f->slots[i];
		if (__atomic_load_n(&s->id, __ATOMIC_ACQUIRE) ==
		    (1u << 16 | id) && s->source == source &&
		    (s->target == target || is_multicast(s->target)))
			return i;
	}
	return -1;
}

/* An answer in fragments counts when the last octet of it is here. The
 * kernel gets the fragments as well: they could be somebody else's. */
static void
echo_fragment(struct fwd *f, const struct pkt *p, int slot)
{
	const uint8_t *ip = pkt_ip(p);
	uint16_t id = get16(ip + IPH_ID), frag = get16(ip + IPH_FRAG);
	unsigned len = p->len - p->ihl;
	typeof(f->w.echo) *e = &f->w.echo;

	if (e->src != p->flow.src || e->id != id) {
		e->src = p->flow.src;
		e->id = id;
		e->have = e->total = 0;
		e->first = false;
	}
	e->have += len;
	if ((frag & IPH_MF) == 0)
		e->total = (frag & IPH_OFFMASK) * 8u + len;
	if (slot >= 0) {
		e->first = true;
		e->slot = (uint16_t)slot;
	}
	if (e->first && e->total != 0 && e->have >= e->total) {
		slot_event(f, e->slot, UINT32_MAX, PING_REPLY, p->flow.src);
		e->src = 0;
	}
}

/* What an ICMP error quotes: one of our echoes? */
static enum verdict
echo_error(struct fwd *f, const struct pkt *p, const uint8_t *icmp,
    unsigned len)
{
	const uint8_t *in = icmp + 8, *echo;
	enum ping_mark mark = PING_UNKNOWN;
	unsigned ihl;
	int slot;

	if (len < 8 + IPH_HDR || in[0] >> 4 != 4)
		return NEXT;
	ihl = (in[0] & 15u) * 4;
	if (ihl < IPH_HDR || len < 8 + ihl + 8 || in[IPH_PROTO] != PROTO_ICMP ||
	    (get16(in + IPH_FRAG) & IPH_OFFMASK) != 0)
		return NEXT;
	echo = in + ihl;
	slot = slot_find(f, get32(in + IPH_DST), get32(in + IPH_SRC),
	    get16(echo + 4));
	if (echo[0] != ICMP_ECHO || slot < 0)
		return NEXT;
	if (icmp[0] == ICMP_UNREACH)
		mark = icmp[1] == ICMP_UNREACH_FRAG ? PING_FRAG :
		    PING_UNREACHABLE;
	else if (icmp[0] == ICMP_QUENCH)
		mark = PING_QUENCH;
	else if (icmp[0] == ICMP_TIME_EXCEEDED)
		mark = PING_TTL;
	slot_event(f, (unsigned)slot, get16(echo + 6), mark, p->flow.src);
	return p->flow.frag_tail ? NEXT : STOLEN;
}

enum verdict
stage_ping(struct fwd *f, struct pkt *p)
{
	const uint8_t *icmp = pkt_ip(p) + p->ihl;
	unsigned len = p->len - p->ihl;
	int slot = -1;

	if (p->flow.proto != PROTO_ICMP ||
	    !fwd_is_own(f->w.snap, p->flow.dst))
		return NEXT;
	if (!p->flow.frag_tail) {
		if (len < 8)
			return NEXT;
		if (icmp[0] == ICMP_UNREACH || icmp[0] == ICMP_QUENCH ||
		    icmp[0] == ICMP_TIME_EXCEEDED || icmp[0] == ICMP_PARAM)
			return echo_error(f, p, icmp, len);
		if (icmp[0] != ICMP_ECHO_REPLY)
			return NEXT;
		slot = slot_find(f, p->flow.src, p->flow.dst,
		    get16(icmp + 4));
		if (slot < 0)
			return NEXT;
	}
	if (ip_is_fragment(pkt_ip(p))) {
		echo_fragment(f, p, slot);
		return NEXT;
	}
	if ((p->gso.flags & GSO_F_NEEDS_CSUM) == 0 &&
	    sum_end(sum_add(0, icmp, len)) != 0)
		return NEXT;
	slot_event(f, (unsigned)slot, get16(icmp + 6), PING_REPLY,
	    p->flow.src);
	return STOLEN;
}

void
ping_to_self(struct fwd *f, const struct pkt *p)
{
	const uint8_t *icmp = pkt_ip(p) + p->ihl;
	int slot = slot_find(f, p->flow.dst, p->flow.src, get16(icmp + 4));

	if (slot >= 0)
		slot_event(f, (unsigned)slot, get16(icmp + 6), PING_REPLY,
		    p->flow.dst);
}

/* ---- control thread ---- */

static void
ping_build(struct ping *p)
{
	uint8_t *ip, *icmp;
	uint32_t i;

	pkt_reset(&p->pkt);
	p->pkt.in_port = PORT_LOCAL;
	p->pkt.ping = true;
	p->pkt.len = p->size;
	ip = pkt_ip(&p->pkt);
	icmp = ip + IPH_HDR;
	memset(ip, 0, IPH_HDR + 8);
	ip[0] = 0x45;
	put16(ip + IPH_ID, p->ip_id++);
	put16(ip + IPH_FRAG, p->df ? IPH_DF : 0);
	ip[IPH_TTL] = 255;
	ip[IPH_PROTO] = PROTO_ICMP;
	put32(ip + IPH_SRC, p->source);
	put32(ip + IPH_DST, p->target);
	ip_finish(ip, IPH_HDR, p->size);
	icmp[0] = ICMP_ECHO;
	put16(icmp + 4, p->id);
	put16(icmp + 6, p->sent & 0xffff);
	for (i = 8; i < p->size - IPH_HDR; i++)
		icmp[i] = i % 2 == 0 ? 0xab : 0xcd;
	put16(icmp + 2, sum_end(sum_add(0, icmp, p->size - IPH_HDR)));
}

static void
ping_send(struct fwd *f, struct ping *p)
{
	struct pkt *pkt = &p->pkt;

	ping_build(p);
	__atomic_store_n(&f->slots[p->slot].seq, p->sent & 0xffff,
	    __ATOMIC_RELAXED);
	p->sent++;
	p->answers = 0;
	p->sent_us = f->io.now_us(f->arg);
	p->deadline = f->io.now(f->arg) + p->timeout_ms;
	if (f->engine.inject != NULL)
		f->engine.inject(f->engine_arg, pkt_ip(pkt), pkt->len);
	else
		fwd_input(f, &pkt, 1);
}

static void
ping_summary(const struct ping *p)
{
	struct cli_ctx *ctx = p->ctx;

	if (is_multicast(p->target)) {
		if (p->dots)
			cli_printf(ctx, "\n");
		return;
	}
	if (p->sent > 0)
		cli_printf(ctx, "\n");
	cli_printf(ctx, "Success rate is %u percent (%u/%u)",
	    (unsigned)(p->sent > 0 ? (uint64_t)p->good * 100 / p->sent : 0),
	    p->good, p->sent);
	if (p->good > 0)
		cli_printf(ctx, ", round-trip min/avg/max = %u/%u/%u ms",
		    (unsigned)p->min, (unsigned)(p->sum / p->good),
		    (unsigned)p->max);
	cli_printf(ctx, "\n");
}

static void
ping_end(struct fwd *f, struct ping *p)
{
	struct cli_ctx *ctx = p->ctx;

	ping_summary(p);
	__atomic_store_n(&f->slots[p->slot].id, 0, __ATOMIC_RELEASE);
	f->pings[p->slot] = NULL;
	free(p->pkt.buf);
	free(p);
	cli_done(ctx, CLI_DONE);
}

/* The echo has its fate: print it, go on to the next one. */
static void
ping_mark(struct fwd *f, struct ping *p, char mark)
{
	cli_printf(p->ctx, "%c", mark);
	if (p->sent >= p->repeat) {
		ping_end(f, p);
		return;
	}
	if (p->sent % COLUMNS == 0)
		cli_printf(p->ctx, "\n");
	ping_send(f, p);
}

void
ping_event(struct fwd *f, const struct event *e)
{
	unsigned slot = e->what >> 8;
	struct ping *p = slot < PING_MAX ? f->pings[slot] : NULL;
	uint64_t ms;
	char from[IP4_STRLEN];

	/* an answer to an echo that was given up already comes too late */
	if (p == NULL || (e->a != UINT32_MAX &&
	    e->a != ((p->sent - 1) & 0xffff)))
		return;
	if ((e->what & 0xff) == PING_REPLY) {
		ms = e->us > p->sent_us ? (e->us - p->sent_us) / 1000 : 0;
		/* IOS counts in milliseconds and shows no zero */
		if (ms == 0)
			ms = 1;
		if (is_multicast(p->target)) {
			cli_printf(p->ctx, "%sReply to request %u from %s, "
			    "%u ms\n", p->dots || p->good == 0 ? "\n" : "",
			    p->sent - 1, ip4_str(e->b, from), (unsigned)ms);
			p->dots = false;
			p->answers++;
			p->good++;
			return;
		}
		p->min = p->good == 0 || ms < p->min ? ms : p->min;
		p->max = ms > p->max ? ms : p->max;
		p->sum += ms;
		p->good++;
	}
	if (!is_multicast(p->target)) /* whom errors are not about */
		ping_mark(f, p, (char)(e->what & 0xff));
}

/* The time for answers of a group is over. */
static void
group_next(struct fwd *f, struct ping *p)
{
	if (p->answers == 0) {
		cli_printf(p->ctx, ".");
		p->dots = true;
	}
	if (p->sent >= p->repeat)
		ping_end(f, p);
	else
		ping_send(f, p);
}

uint64_t
ping_timeout(struct fwd *f, uint64_t now)
{
	uint64_t next = UINT64_MAX;
	unsigned i;

	for (i = 0; i < PING_MAX; i++) {
		if (f->pings[i] == NULL)
			continue;
		if (f->pings[i]->aborted)
			ping_end(f, f->pings[i]);
		else if (f->pings[i]->deadline <= now &&
		    is_multicast(f->pings[i]->target))
			group_next(f, f->pings[i]);
		else if (f->pings[i]->deadline <= now)
			ping_mark(f, f->pings[i], '.');
		if (f->pings[i] != NULL && f->pings[i]->deadline < next)
			next = f->pings[i]->deadline;
	}
	return next;
}

void
ping_free_all(struct fwd *f)
{
	unsigned i;

	for (i = 0; i < PING_MAX; i++) {
		if (f->pings[i] != NULL)
			ping_end(f, f->pings[i]);
	}
}

static void
ping_abort(struct cli_ctx *ctx UNUSED, void *arg)
{
	struct ping *p = arg;

	ping_end(p->f, p);
}

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

/* `source` as an address or an interface of this router; 0: it is neither. */
static uint32_t
source_given(const struct fwd *f, const struct exec_ping_args *a)
{
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++) {
		if (!f->port_known[i] || !f->ports[i].up)
			continue;
		if (a->source_if[0] != '\0' &&
		    strcmp(f->ports[i].name, a->source_if) == 0)
			return f->ports[i].addr;
		if (a->source != 0 && f->ports[i].addr == a->source)
			return a->source;
	}
	return a->source != 0 && fwd_is_own(f->snap, a->source) ? a->source :
	    0;
}

static void
ping_head(const struct ping *p, bool sourced)
{
	char addr[IP4_STRLEN];

	cli_printf(p->ctx, "Type escape sequence to abort.\n"
	    "Sending %u, %u-byte ICMP Echos to %s, timeout is %u seconds:\n",
	    p->repeat, p->size, ip4_str(p->target, addr),
	    (unsigned)(p->timeout_ms / 1000));
	if (sourced)
		cli_printf(p->ctx,
		    "Packet sent with a source address of %s \n",
		    ip4_str(p->source, addr));
	if (p->df)
		cli_printf(p->ctx, "Packet sent with the DF bit set\n");
}

int
exec_ping(struct cli_ctx *ctx, const struct exec_ping_args *a)
{
	struct fwd *f = cli_engine(ctx);
	bool sourced = a->source != 0 || a->source_if[0] != '\0';
	uint32_t source = sourced ? source_given(f, a) :
	    source_to(f, a->target);
	struct ping *p;
	unsigned slot;

	if (sourced && source == 0) {
		cli_printf(ctx, "%% Invalid source address- IP address not on "
		    "any of our up interfaces\n");
		return CLI_FAILED;
	}
	for (slot = 0; slot < PING_MAX && f->pings[slot] != NULL; slot++)
		;
	if (slot == PING_MAX) {
		cli_printf(ctx, "%% Too many pings are running\n");
		return CLI_FAILED;
	}
	p = f->pings[slot] = xcalloc(1, sizeof(*p));
	*p = (struct ping){ .f = f, .ctx = ctx, .slot = slot,
		.target = a->target, .source = source,
		.repeat = a->repeat != 0 ? a->repeat :
		    is_multicast(a->target) ? 1 : 5,
		.size = a->size != 0 ? a->size : 100,
		.timeout_ms = (a->timeout != 0 ? a->timeout : 2) * 1000ull,
		.df = a->df != 0, .id = f->next_ping_id++ };
	p->pkt.buf = xcalloc(1, PKT_BUF_SIZE);
	f->slots[slot].target = p->target;
	f->slots[slot].source = p->source;
	__atomic_store_n(&f->slots[slot].id, 1u << 16 | p->id,
	    __ATOMIC_RELEASE);
	cli_on_abort(ctx, ping_abort, p);
	ping_head(p, sourced);
	ping_send(f, p);
	return CLI_PENDING;
}
