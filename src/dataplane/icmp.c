/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ICMP errors of the router (RFC 792, RFC 1812 4.3.2): made in the worker of
 * process fwd, sent after the burst like every packet of its own, so that the
 * crypto map applies to them as well.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define ICMP_RATE 100 /* a second */
#define ICMP_BURST 50
#define ICMP_TOTAL 576 /* as much of the packet as fits (RFC 1812) */

static bool
may_send(struct worker *w)
{
	uint64_t gained = (w->now - w->icmp_at) * ICMP_RATE / 1000;

	if (w->icmp_at == 0 || gained >= ICMP_BURST) {
		w->icmp_tokens = ICMP_BURST;
		w->icmp_at = w->now;
	} else if (gained > 0) {
		w->icmp_tokens += (uint32_t)gained;
		if (w->icmp_tokens > ICMP_BURST)
			w->icmp_tokens = ICMP_BURST;
		w->icmp_at = w->now;
	}
	if (w->icmp_tokens == 0 || w->icmp_n == ICMP_QUEUE)
		return false;
	w->icmp_tokens--;
	return true;
}

/* Never about an error, a fragment behind the first, a multicast, nor to a
 * source that is no single host. */
static bool
deserves_one(const struct pkt *p)
{
	const struct flow *fl = &p->flow;

	if (p->ping || fl->frag_tail || fl->dst >> 28 >= 14 ||
	    fl->src == 0 || fl->src >> 28 >= 14 || fl->src >> 24 == 127)
		return false;
	if (fl->proto != PROTO_ICMP)
		return true;
	switch (fl->sport >> 8) {
	case ICMP_UNREACH:
	case ICMP_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAM:
		return false;
	default:
		return true;
	}
}

static uint32_t
source_for(const struct fwd *f, const struct pkt *p)
{
	uint16_t port = p->in_port != PORT_LOCAL ? p->in_port : p->out_port;
	uint32_t addr = port_of(f, port)->addr;

	if (addr == 0 && f->w.snap->n_own > 0)
		addr = f->w.snap->own[0];
	return addr;
}

void
icmp_error(struct fwd *f, const struct pkt *p, uint8_t type, uint8_t code,
    unsigned mtu)
{
	uint32_t src = source_for(f, p);
	unsigned quote;
	struct pkt *e;
	uint8_t *ip, *icmp;

	if (!deserves_one(p) || src == 0)
		return;
	if (!may_send(&f->w)) {
		(void)fwd_drop(f, DROP_ICMP_LIMIT);
		return;
	}
	e = &f->w.icmp[f->w.icmp_n++];
	pkt_reset(e);
	ip = pkt_ip(e);
	icmp = ip + IPH_HDR;
	quote = p->len < ICMP_TOTAL - IPH_HDR - 8 ? p->len :
	    ICMP_TOTAL - IPH_HDR - 8;
	e->len = IPH_HDR + 8 + quote;
	memset(ip, 0, IPH_HDR + 8);
	ip[0] = 0x45;
	ip[IPH_TOS] = 0xc0; /* internetwork control */
	put16(ip + IPH_ID, f->w.ip_id++);
	ip[IPH_TTL] = 255;
	ip[IPH_PROTO] = PROTO_ICMP;
	put32(ip + IPH_SRC, src);
	put32(ip + IPH_DST, p->flow.src);
	ip_finish(ip, IPH_HDR, e->len);
	icmp[0] = type;
	icmp[1] = code;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, pkt_ip(p), quote);
	put16(icmp + 2, sum_end(sum_add(0, icmp, 8 + quote)));
	nat_own_error(f, p, e);
}
