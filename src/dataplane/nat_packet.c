/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses and ports in packets that process fwd translates (RFC 3022, 4).
 * Checksums are corrected by the difference of the words that change (RFC
 * 1624), never computed anew: a packet that was damaged before stays so. One
 * whose checksum is left to the device holds the sum of the pseudo header in
 * that field, which is corrected instead. Packets inside of ICMP errors: RFC
 * 5508, 4.
 */
#include "config.h"

#include "dataplane/nat_priv.h"

/* A sum of words that were, and of those that are in their place. */
struct change {
	uint32_t was, is;
};

static void
change16(struct change *c, uint8_t *at, uint16_t is)
{
	c->was += get16(at);
	c->is += is;
	put16(at, is);
}

static void
change32(struct change *c, uint8_t *at, uint32_t is)
{
	change16(c, at, (uint16_t)(is >> 16));
	change16(c, at + 2, (uint16_t)is);
}

static uint16_t
fold(uint32_t sum)
{
	return (uint16_t)~sum_end(sum);
}

static void
change_sum(uint8_t *sum, const struct change *c)
{
	sum_update(sum, fold(c->was), fold(c->is));
}

/* The sum itself, not its complement. */
static void
change_partial(uint8_t *sum, const struct change *c)
{
	put16(sum, fold(get16(sum) + (uint16_t)~fold(c->was) + fold(c->is)));
}

/* Queries and their answers, which have an identifier. */
static bool
is_icmp_query(uint8_t type)
{
	return type == ICMP_ECHO || type == ICMP_ECHO_REPLY ||
	    (type >= 13 && type <= 18);
}

bool
nat_is_icmp_error(const struct pkt *p)
{
	uint8_t type = (uint8_t)(p->flow.sport >> 8);

	return p->flow.proto == PROTO_ICMP && !p->flow.frag_tail &&
	    (type == ICMP_UNREACH || type == ICMP_QUENCH ||
	    type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	    type == ICMP_PARAM);
}

/* Offset of the checksum in the header of the protocol; 0: none. */
static unsigned
sum_at(uint8_t proto)
{
	return proto == PROTO_TCP ? 16 : proto == PROTO_UDP ? 6 :
	    proto == PROTO_ICMP ? 2 : 0;
}

bool
nat_packet_read(struct pkt *p, struct nat_ask *a)
{
	const struct flow *fl = &p->flow;
	const uint8_t *up = pkt_ip(p) + p->ihl;
	unsigned len = p->len - p->ihl;

	a->p = p;
	a->proto = fl->proto;
	a->src = fl->src;
	a->dst = fl->dst;
	a->sport = a->dport = 0;
	a->ports = false;
	if (fl->frag_tail)
		return true;
	switch (fl->proto) {
	case PROTO_TCP:
	case PROTO_UDP:
		if (len < (fl->proto == PROTO_TCP ? 18 : 8))
			return false;
		a->ports = true;
		a->sport = fl->sport;
		a->dport = fl->dport;
		break;
	case PROTO_ICMP:
		if (len < 8)
			return false;
		if (!is_icmp_query(up[0]))
			break;
		a->ports = true;
		a->sport = a->dport = get16(up + 4);
		break;
	default:
		break;
	}
	return true;
}

static void
write_ports(struct pkt *p, const struct nat_ask *a, uint16_t sport,
    uint16_t dport, struct change *c)
{
	uint8_t *up = pkt_ip(p) + p->ihl;

	if (!a->ports)
		return;
	if (a->proto == PROTO_ICMP) {
		/* the identifier of the side that changes */
		change16(c, up + 4, sport != a->sport ? sport : dport);
		return;
	}
	change16(c, up, sport);
	change16(c, up + 2, dport);
	p->flow.sport = sport;
	p->flow.dport = dport;
}

/* The device adds from csum_start on: ports are in what it adds. */
static bool
write_partial(struct pkt *p, const struct nat_ask *a,
    const struct change *addrs)
{
	unsigned at = p->gso.csum_start + p->gso.csum_offset;

	if ((p->gso.flags & GSO_F_NEEDS_CSUM) == 0)
		return false;
	if (p->gso.csum_start != p->ihl || p->gso.csum_offset !=
	    sum_at(a->proto) || a->proto == PROTO_ICMP) {
		(void)!ip_complete_csum(p); /* stage_sanity() saw its bounds */
		return false;
	}
	change_partial(pkt_ip(p) + at, addrs);
	return true;
}

static void
write_sum(struct pkt *p, const struct nat_ask *a, const struct change *c)
{
	uint8_t *sum = pkt_ip(p) + p->ihl + sum_at(a->proto);

	if (a->proto == PROTO_UDP && get16(sum) == 0)
		return; /* the sender made none */
	change_sum(sum, c);
	if (a->proto == PROTO_UDP && get16(sum) == 0)
		put16(sum, 0xffff);
}

void
nat_packet_write(struct pkt *p, const struct nat_ask *a, uint32_t src,
    uint16_t sport, uint32_t dst, uint16_t dport)
{
	uint8_t *ip = pkt_ip(p);
	struct change addrs = { 0 }, all;

	if (src == a->src && dst == a->dst && sport == a->sport &&
	    dport == a->dport)
		return;
	change32(&addrs, ip + IPH_SRC, src);
	change32(&addrs, ip + IPH_DST, dst);
	change_sum(ip + IPH_SUM, &addrs);
	p->flow.src = src;
	p->flow.dst = dst;
	if (p->flow.frag_tail || sum_at(a->proto) == 0)
		return;
	if (write_partial(p, a, &addrs)) {
		write_ports(p, a, sport, dport, &(struct change){ 0 });
		return;
	}
	all = a->proto == PROTO_ICMP ? (struct change){ 0 } : addrs;
	write_ports(p, a, sport, dport, &all);
	write_sum(p, a, &all);
}

/* ---- inside of an ICMP error ---- */

/* Its header and 8 octets behind it are there (RFC 792). */
static uint8_t *
inner_of(const struct pkt *p, unsigned *ihl, unsigned *len)
{
	uint8_t *ip = pkt_ip(p) + p->ihl + 8;

	if (p->len < p->ihl + 8u + IPH_HDR)
		return NULL;
	*len = p->len - p->ihl - 8;
	*ihl = (ip[0] & 15u) * 4;
	if (ip[0] >> 4 != 4 || *ihl < IPH_HDR || *ihl + 8 > *len ||
	    (get16(ip + IPH_FRAG) & IPH_OFFMASK) != 0)
		return NULL;
	return ip;
}

bool
nat_inner_read(const struct pkt *p, struct nat_ask *a)
{
	unsigned ihl, len;
	const uint8_t *ip = inner_of(p, &ihl, &len);

	if (ip == NULL)
		return false;
	a->proto = ip[IPH_PROTO];
	a->src = get32(ip + IPH_DST);
	a->dst = get32(ip + IPH_SRC);
	a->sport = a->dport = 0;
	a->ports = false;
	if (a->proto == PROTO_TCP || a->proto == PROTO_UDP) {
		a->ports = true;
		a->sport = get16(ip + ihl + 2);
		a->dport = get16(ip + ihl);
	} else if (a->proto == PROTO_ICMP) {
		if (!is_icmp_query(ip[ihl]))
			return false; /* never an error about an error */
		a->ports = true;
		a->sport = a->dport = get16(ip + ihl + 4);
	}
	return true;
}

/* Whether the checksum of what is inside was quoted, and is one. */
static uint8_t *
inner_sum(uint8_t *ip, unsigned ihl, unsigned len, uint8_t proto)
{
	unsigned at = sum_at(proto);

	if (at == 0 || ihl + at + 2 > len ||
	    (proto == PROTO_UDP && get16(ip + ihl + at) == 0))
		return NULL;
	return ip + ihl + at;
}

void
nat_inner_write(struct pkt *p, const struct nat_ask *a, uint32_t src,
    uint16_t sport, uint32_t dst, uint16_t dport)
{
	unsigned ihl = 0, len = 0;
	uint8_t *ip = inner_of(p, &ihl, &len), *sum, *up;
	struct change addrs = { 0 }, all, whole;

	if (ip == NULL)
		return;
	/* what changes in the error as a whole: its quoted packet */
	whole.was = sum_add(0, ip, len);
	up = ip + ihl;
	change32(&addrs, ip + IPH_SRC, dst);
	change32(&addrs, ip + IPH_DST, src);
	change_sum(ip + IPH_SUM, &addrs);
	all = a->proto == PROTO_ICMP ? (struct change){ 0 } : addrs;
	if (a->proto == PROTO_ICMP) {
		change16(&all, up + 4, sport != a->sport ? sport : dport);
	} else if (a->ports) {
		change16(&all, up, dport);
		change16(&all, up + 2, sport);
	}
	sum = inner_sum(ip, ihl, len, a->proto);
	if (sum != NULL) {
		change_sum(sum, &all);
		if (a->proto == PROTO_UDP && get16(sum) == 0)
			put16(sum, 0xffff);
	}
	whole.is = sum_add(0, ip, len);
	change_sum(pkt_ip(p) + p->ihl + 2, &whole);
}
