/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IPv4, TCP, UDP and ICMP headers as octets: accessors, checksums and the
 * one place where a packet is judged and its flow read. All later stages
 * rely on ip_parse() having said yes.
 */
#ifndef COHORT_IP_H
#define COHORT_IP_H

#include <string.h>

#include "dataplane/fwd.h"

enum { PROTO_ESP = 50 }; /* others: base/ace.h */

/* offsets in the IP header */
enum { IPH_TOS = 1, IPH_LEN = 2, IPH_ID = 4, IPH_FRAG = 6, IPH_TTL = 8,
	IPH_PROTO = 9, IPH_SUM = 10, IPH_SRC = 12, IPH_DST = 16, IPH_HDR = 20 };
enum { IPH_DF = 0x4000, IPH_MF = 0x2000, IPH_OFFMASK = 0x1fff };

enum { ICMP_ECHO_REPLY = 0, ICMP_UNREACH = 3, ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5, ICMP_ECHO = 8, ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAM = 12 };
enum { ICMP_UNREACH_NET = 0, ICMP_UNREACH_HOST = 1, ICMP_UNREACH_PROTO = 2,
	ICMP_UNREACH_PORT = 3, ICMP_UNREACH_FRAG = 4,
	ICMP_UNREACH_ADMIN = 13 };

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16,
	TCP_CWR = 128 };

/* struct virtio_net_hdr */
enum { GSO_F_NEEDS_CSUM = 1, GSO_NONE = 0, GSO_TCPV4 = 1, GSO_ECN = 0x80 };

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static inline void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline uint8_t *
pkt_ip(const struct pkt *p)
{
	return p->buf + p->off;
}

/* Sum of 16-bit words, to be continued; then the folded complement. */
uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t len);
uint16_t sum_end(uint32_t sum);
/* Pseudo header of TCP and UDP over len octets behind the IP header. */
uint32_t sum_pseudo(const uint8_t *ip, unsigned len);
/* One 16-bit word under a checksum changes (RFC 1624, equation 3). */
void sum_update(uint8_t *sum, unsigned was, unsigned is);
/* Writes total length and header checksum. */
void ip_finish(uint8_t *ip, unsigned ihl, unsigned total);
void ip_set_ttl(uint8_t *ip, uint8_t ttl);

static inline bool
ip_is_fragment(const uint8_t *ip)
{
	return (get16(ip + IPH_FRAG) & (IPH_MF | IPH_OFFMASK)) != 0;
}

void ip_set_tos(uint8_t *ip, uint8_t tos);

/* What a packet of len octets with a sound header offers to be matched. */
struct flow ip_flow(const uint8_t *ip, unsigned len);

/* Checks header, lengths and checksum of the packet, cuts what is behind
 * its total length, fills ihl and flow. */
enum ip_verdict { IP_OK, IP_BAD, IP_BAD_SUM };
enum ip_verdict ip_parse(struct pkt *p) MUST_USE;
/* The checksum that was left to the device, if any. False: nonsense. */
bool ip_complete_csum(struct pkt *p) MUST_USE;

#endif
