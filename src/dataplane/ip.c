/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IPv4 headers in process fwd: RFC 791, checksums by RFC 1071 and 1624.
 */
#include "config.h"

#include <arpa/inet.h>

#include "dataplane/ip.h"

uint32_t
sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	uint64_t wide = sum;
	uint32_t word;

	/* Words in host order, four octets at a time: the sum of swapped
	 * words is the swapped sum, so one swap at the end is enough. */
	uint64_t raw = 0;
	while (len >= 4) {
		memcpy(&word, data, 4);
		raw += word;
		data += 4;
		len -= 4;
	}
	while (raw >> 16 != 0)
		raw = (raw & 0xffff) + (raw >> 16);
	wide += ntohs((uint16_t)raw);
	if (len >= 2) {
		wide += get16(data);
		data += 2;
		len -= 2;
	}
	if (len > 0)
		wide += (uint32_t)data[0] << 8;
	while (wide >> 16 != 0)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint32_t)wide;
}

uint16_t
sum_end(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t
sum_pseudo(const uint8_t *ip, unsigned len)
{
	uint32_t sum = sum_add(0, ip + IPH_SRC, 8);

	return sum + ip[IPH_PROTO] + (len >> 16) + (len & 0xffff);
}

void
sum_update(uint8_t *at, unsigned was, unsigned is)
{
	uint32_t sum = (uint16_t)~get16(at);

	sum += (uint16_t)~was;
	sum += is & 0xffff;
	put16(at, sum_end(sum));
}

void
ip_finish(uint8_t *ip, unsigned ihl, unsigned total)
{
	put16(ip + IPH_LEN, total);
	put16(ip + IPH_SUM, 0);
	put16(ip + IPH_SUM, sum_end(sum_add(0, ip, ihl)));
}

void
ip_set_ttl(uint8_t *ip, uint8_t ttl)
{
	unsigned was = get16(ip + IPH_TTL);

	ip[IPH_TTL] = ttl;
	sum_update(ip + IPH_SUM, was, get16(ip + IPH_TTL));
}

void
ip_set_tos(uint8_t *ip, uint8_t tos)
{
	unsigned was = get16(ip);

	ip[IPH_TOS] = tos;
	sum_update(ip + IPH_SUM, was, get16(ip));
}

/* Ports, flags and ICMP type, as far as this packet holds them. A header
 * that is cut short leaves zeros: it then matches like "port 0". */
static void
flow_upper(struct flow *f, const uint8_t *up, unsigned len)
{
	switch (f->proto) {
	case PROTO_TCP:
		if (len >= 14)
			f->tcp_flags = up[13];
		/* FALLTHROUGH */
	case PROTO_UDP:
		if (len >= 4) {
			f->sport = get16(up);
			f->dport = get16(up + 2);
		}
		break;
	case PROTO_ICMP:
		if (len >= 2)
			f->sport = get16(up);
		break;
	default:
		break;
	}
}

struct flow
ip_flow(const uint8_t *ip, unsigned len)
{
	unsigned ihl = (ip[0] & 15u) * 4;
	struct flow f = {
		.src = get32(ip + IPH_SRC), .dst = get32(ip + IPH_DST),
		.proto = ip[IPH_PROTO], .dscp = ip[IPH_TOS] >> 2,
		.frag_tail = (get16(ip + IPH_FRAG) & IPH_OFFMASK) != 0,
	};

	if (!f.frag_tail && ihl <= len)
		flow_upper(&f, ip + ihl, len - ihl);
	return f;
}

enum ip_verdict
ip_parse(struct pkt *p)
{
	const uint8_t *ip = pkt_ip(p);
	unsigned ihl, total;

	if (p->len < IPH_HDR || ip[0] >> 4 != 4)
		return IP_BAD;
	ihl = (ip[0] & 15u) * 4;
	total = get16(ip + IPH_LEN);
	if (ihl < IPH_HDR || ihl > p->len || total < ihl || total > p->len)
		return IP_BAD;
	if (sum_end(sum_add(0, ip, ihl)) != 0)
		return IP_BAD_SUM;
	p->len = total;
	p->ihl = (uint8_t)ihl;
	p->flow = ip_flow(ip, total);
	/* A first fragment too short for its ports would let the second one
	 * write them (RFC 1858); offset 1 can only be such an attack. */
	if (p->flow.proto == PROTO_TCP &&
	    (get16(ip + IPH_FRAG) & IPH_OFFMASK) == 1)
		return IP_BAD;
	if ((get16(ip + IPH_FRAG) & IPH_MF) != 0 && !p->flow.frag_tail &&
	    p->flow.proto == PROTO_TCP && total - ihl < 16)
		return IP_BAD;
	return IP_OK;
}

bool
ip_complete_csum(struct pkt *p)
{
	unsigned start = p->gso.csum_start, at;
	uint16_t sum;

	if ((p->gso.flags & GSO_F_NEEDS_CSUM) == 0)
		return true;
	at = start + p->gso.csum_offset;
	if (start < p->ihl || start >= p->len || at + 2 > p->len)
		return false;
	/* The field holds the sum of the pseudo header already. */
	sum = sum_end(sum_add(0, pkt_ip(p) + start, p->len - start));
	if (sum == 0 && p->flow.proto == PROTO_UDP)
		sum = 0xffff;
	put16(pkt_ip(p) + at, sum);
	p->gso.flags &= (uint8_t)~GSO_F_NEEDS_CSUM;
	p->gso.csum_start = p->gso.csum_offset = 0;
	return true;
}
