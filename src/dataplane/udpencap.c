/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP in UDP (RFC 3948) in the worker of process fwd. Port 4500 is shared
 * with key management: what begins with four zero octets (no SPI is zero) is
 * for its socket and goes on as it is, so does what is neither.
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define NAT_PORT 4500

static bool
is_ours(const struct fwd *f, const struct pkt *p)
{
	return p->in_port != PORT_LOCAL && p->flow.proto == PROTO_UDP &&
	    fwd_is_own(f->w.snap, p->flow.dst);
}

enum udp_kind
udp_kind(const struct fwd *f, const struct pkt *p)
{
	const uint8_t *udp = pkt_ip(p) + p->ihl;
	unsigned len = p->len - p->ihl;

	if (p->flow.proto != PROTO_UDP || p->flow.dport != NAT_PORT ||
	    ip_is_fragment(pkt_ip(p)) || !is_ours(f, p) || len <= UDP_HDR ||
	    get16(udp + 4) != len)
		return UDP_OTHER;
	if (len == UDP_HDR + 1 && udp[UDP_HDR] == 0xff)
		return UDP_KEEPALIVE;
	return len >= UDP_HDR + 4 && get32(udp + UDP_HDR) != 0 ? UDP_ESP :
	    UDP_OTHER;
}

bool
udp_fragment(const struct fwd *f, const struct pkt *p)
{
	return f->w.snap->encap && ip_is_fragment(pkt_ip(p)) && is_ours(f, p);
}

/* No checksum (RFC 3948, 2.1): ESP has a better one. */
void
udp_header(const struct sa *sa, uint8_t *udp, unsigned len)
{
	put16(udp, sa->encap_local);
	put16(udp + 2, sa_remote_port(sa));
	put16(udp + 4, len);
	put16(udp + 6, 0);
}

void
udp_follow(const struct pkt *p, const struct sa *in, struct sa *out)
{
	if (in->encap_local == 0 || out == NULL || out->encap_local == 0 ||
	    out->local != in->local)
		return;
	if (sa_remote(out) == p->flow.src &&
	    sa_remote_port(out) == p->flow.sport)
		return;
	__atomic_store_n(&out->remote, p->flow.src, __ATOMIC_RELAXED);
	__atomic_store_n(&out->encap_remote, p->flow.sport, __ATOMIC_RELAXED);
}
