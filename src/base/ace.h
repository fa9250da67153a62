/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One access control entry as packets are matched with it: what the
 * configuration, the group policy of GDOI and the classifier have in common.
 * Addresses in host byte order; a wildcard bit 1 means "do not care".
 */
#ifndef COHORT_ACE_H
#define COHORT_ACE_H

#include "base/buf.h"

enum ace_action { ACE_DENY, ACE_PERMIT };

enum ace_op { ACE_OP_ANY, ACE_OP_EQ, ACE_OP_NEQ, ACE_OP_LT, ACE_OP_GT,
	ACE_OP_RANGE };

struct ace_ports {
	uint8_t op;	  /* enum ace_op */
	uint16_t lo, hi;  /* hi only for RANGE */
};

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17,
	PROTO_GRE = 47 };
#define ACE_PROTO_IP 0	     /* any protocol */
#define ACE_ICMP_ANY 0xffff  /* icmp: (type << 8 | code), or any */
#define ACE_ICMP_CODE_ANY 0xff /* as the code octet: any code of the type */
#define ACE_DSCP_ANY 0xff

struct ace {
	uint8_t action;	      /* enum ace_action */
	uint8_t proto;	      /* IP protocol number, 0 = all */
	uint32_t src, src_wild;
	uint32_t dst, dst_wild;
	struct ace_ports sport, dport; /* TCP and UDP */
	uint16_t icmp;	      /* ACE_ICMP_ANY, or type << 8 | code */
	uint8_t dscp;	      /* ACE_DSCP_ANY, or 0..63 */
	bool established;     /* TCP with ACK or RST */
	bool fragments;	      /* only non-initial fragments */
};

/* Everything, with the given action. */
struct ace ace_any(enum ace_action action);

/* What a packet offers to be matched. Ports are 0 and frag_tail is true for
 * fragments behind the first. */
struct flow {
	uint32_t src, dst;
	uint16_t sport, dport; /* or icmp type << 8 | code in sport */
	uint8_t proto, dscp, tcp_flags;
	bool frag_tail;
};

bool ace_match(const struct ace *a, const struct flow *f) MUST_USE;
bool ace_has_ports(const struct ace *a); /* TCP or UDP */

/* Text behind "access-list N ": as `show access-lists` and the configuration
 * print it ("permit tcp any eq bgp any"), or as `show crypto gdoi` does
 * ("permit tcp any port = 179 any"). */
enum ace_style { ACE_STYLE_CONFIG, ACE_STYLE_GDOI };
void ace_format(struct strbuf *sb, const struct ace *a, enum ace_style style);

/* Names of IOS with their help, as the command language offers them. A table
 * ends with a NULL name; where a number has two names the first is printed.
 * ICMP: type << 8 | code, DSCP: the code point. */
struct ace_name {
	uint16_t value;
	const char *name, *help;
};
extern const struct ace_name ace_protos[], ace_tcp_ports[], ace_udp_ports[];
extern const struct ace_name ace_icmp_types[], ace_dscps[];

/* Names of IOS; NULL when the number has none in that table. */
const char *ace_proto_name(uint8_t proto);
const char *ace_port_name(uint8_t proto, uint16_t port);

/* Between processes. */
void ace_put(struct wr *w, const struct ace *a);
void ace_get(struct rd *r, struct ace *a);

#endif
