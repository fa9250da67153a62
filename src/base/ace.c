/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Access control entries: matching, text, transport between processes.
 * Every process runs it.
 */
#include "config.h"

#include <string.h>

#include "base/ace.h"

#define TCP_RST 0x04
#define TCP_ACK 0x10

struct ace
ace_any(enum ace_action action)
{
	return (struct ace){.action = (uint8_t)action,
	    .src_wild = UINT32_MAX,
	    .dst_wild = UINT32_MAX,
	    .icmp = ACE_ICMP_ANY,
	    .dscp = ACE_DSCP_ANY};
}

/* ---- matching ---- */

static bool
port_match(const struct ace_ports *p, uint16_t port)
{
	switch (p->op) {
	case ACE_OP_EQ:
		return port == p->lo;
	case ACE_OP_NEQ:
		return port != p->lo;
	case ACE_OP_LT:
		return port < p->lo;
	case ACE_OP_GT:
		return port > p->lo;
	case ACE_OP_RANGE:
		return port >= p->lo && port <= p->hi;
	default:
		return true;
	}
}

static bool
icmp_match(uint16_t want, uint16_t have)
{
	if (want == ACE_ICMP_ANY)
		return true;
	if ((want & 0xff) == ACE_ICMP_CODE_ANY)
		return want >> 8 == have >> 8;
	return want == have;
}

static bool
has_layer4(const struct ace *a)
{
	return a->sport.op != ACE_OP_ANY || a->dport.op != ACE_OP_ANY ||
	    a->icmp != ACE_ICMP_ANY || a->established;
}

static bool
layer4_match(const struct ace *a, const struct flow *f)
{
	/* Nobody knows the ports of a fragment behind the first. As in IOS a
	 * permit lets it pass by its addresses, a deny does not catch it. */
	if (f->frag_tail)
		return a->action == ACE_PERMIT || !has_layer4(a);
	if (f->proto == PROTO_ICMP)
		return icmp_match(a->icmp, f->sport);
	if (f->proto != PROTO_TCP && f->proto != PROTO_UDP)
		return true;
	if (a->established && (f->tcp_flags & (TCP_ACK | TCP_RST)) == 0)
		return false;
	return port_match(&a->sport, f->sport) &&
	    port_match(&a->dport, f->dport);
}

bool
ace_has_ports(const struct ace *a)
{
	return a->proto == PROTO_TCP || a->proto == PROTO_UDP;
}

bool
ace_match(const struct ace *a, const struct flow *f)
{
	if (a->proto != ACE_PROTO_IP && a->proto != f->proto)
		return false;
	if (((a->src ^ f->src) & ~a->src_wild) != 0 ||
	    ((a->dst ^ f->dst) & ~a->dst_wild) != 0)
		return false;
	if (a->dscp != ACE_DSCP_ANY && a->dscp != f->dscp)
		return false;
	if (a->fragments)
		return f->frag_tail;
	return a->proto == ACE_PROTO_IP || layer4_match(a, f);
}

/* ---- text ---- */

static const char *
name_of(const struct ace_name *t, uint16_t value)
{
	for (; t->name != NULL; t++)
		if (t->value == value)
			return t->name;
	return NULL;
}

const char *
ace_proto_name(uint8_t proto)
{
	static const struct ace_name special[] = {{0, "ip", NULL},
	    {PROTO_ICMP, "icmp", NULL}, {PROTO_TCP, "tcp", NULL},
	    {PROTO_UDP, "udp", NULL}, {0, NULL, NULL}};
	const char *s = name_of(special, proto);

	return s != NULL ? s : name_of(ace_protos, proto);
}

const char *
ace_port_name(uint8_t proto, uint16_t port)
{
	if (proto == PROTO_TCP)
		return name_of(ace_tcp_ports, port);
	if (proto == PROTO_UDP)
		return name_of(ace_udp_ports, port);
	return NULL;
}

static void
format_addr(struct strbuf *sb, uint32_t addr, uint32_t wild)
{
	char a[IP4_STRLEN], w[IP4_STRLEN];

	if (wild == UINT32_MAX)
		sb_printf(sb, " any");
	else if (wild == 0)
		sb_printf(sb, " host %s", ip4_str(addr, a));
	else
		sb_printf(sb, " %s %s", ip4_str(addr & ~wild, a),
		    ip4_str(wild, w));
}

static void
format_port(struct strbuf *sb, uint8_t proto, uint16_t port,
    enum ace_style style)
{
	const char *name = ace_port_name(proto, port);

	if (name != NULL && style == ACE_STYLE_CONFIG)
		sb_printf(sb, " %s", name);
	else
		sb_printf(sb, " %u", (unsigned)port);
}

static void
format_ports(struct strbuf *sb, uint8_t proto, const struct ace_ports *p,
    enum ace_style style)
{
	static const char *const config[] = {NULL, " eq", " neq", " lt",
		" gt", " range"};
	static const char *const gdoi[] = {NULL, " port =", " port !=",
		" port <", " port >", " port range"};

	if (p->op == ACE_OP_ANY || p->op >= NELEM(config))
		return;
	sb_printf(sb, "%s", (style == ACE_STYLE_GDOI ? gdoi : config)[p->op]);
	format_port(sb, proto, p->lo, style);
	if (p->op == ACE_OP_RANGE)
		format_port(sb, proto, p->hi, style);
}

static void
format_icmp(struct strbuf *sb, uint16_t icmp)
{
	const char *name = name_of(ace_icmp_types, icmp);

	if (icmp == ACE_ICMP_ANY)
		return;
	if (name != NULL)
		sb_printf(sb, " %s", name);
	else if ((icmp & 0xff) == ACE_ICMP_CODE_ANY)
		sb_printf(sb, " %u", (unsigned)icmp >> 8);
	else
		sb_printf(sb, " %u %u", (unsigned)icmp >> 8, icmp & 0xffU);
}

void
ace_format(struct strbuf *sb, const struct ace *a, enum ace_style style)
{
	const char *proto = ace_proto_name(a->proto);

	/* Lists of a configuration are aligned, those of GDOI are not. */
	sb_printf(sb, "%s ", a->action == ACE_PERMIT ? "permit"
	    : style == ACE_STYLE_CONFIG ? "deny  " : "deny");
	if (proto != NULL)
		sb_printf(sb, "%s", proto);
	else
		sb_printf(sb, "%u", (unsigned)a->proto);
	format_addr(sb, a->src, a->src_wild);
	format_ports(sb, a->proto, &a->sport, style);
	format_addr(sb, a->dst, a->dst_wild);
	format_ports(sb, a->proto, &a->dport, style);
	format_icmp(sb, a->icmp);
	if (a->established)
		sb_printf(sb, " established");
	if (a->dscp != ACE_DSCP_ANY) {
		const char *name = name_of(ace_dscps, a->dscp);

		if (name != NULL)
			sb_printf(sb, " dscp %s", name);
		else
			sb_printf(sb, " dscp %u", (unsigned)a->dscp);
	}
	if (a->fragments)
		sb_printf(sb, " fragments");
}

/* ---- transport ---- */

static void
put_ports(struct wr *w, const struct ace_ports *p)
{
	wr_u8(w, p->op);
	wr_u16(w, p->lo);
	wr_u16(w, p->hi);
}

static void
get_ports(struct rd *r, struct ace_ports *p)
{
	p->op = rd_u8(r);
	p->lo = rd_u16(r);
	p->hi = rd_u16(r);
	if (p->op > ACE_OP_RANGE)
		r->bad = true;
}

void
ace_put(struct wr *w, const struct ace *a)
{
	wr_u8(w, a->action);
	wr_u8(w, a->proto);
	wr_u32(w, a->src);
	wr_u32(w, a->src_wild);
	wr_u32(w, a->dst);
	wr_u32(w, a->dst_wild);
	put_ports(w, &a->sport);
	put_ports(w, &a->dport);
	wr_u16(w, a->icmp);
	wr_u8(w, a->dscp);
	wr_u8(w, (uint8_t)(a->established | a->fragments << 1));
}

void
ace_get(struct rd *r, struct ace *a)
{
	uint8_t bits;

	memset(a, 0, sizeof(*a));
	a->action = rd_u8(r);
	a->proto = rd_u8(r);
	a->src = rd_u32(r);
	a->src_wild = rd_u32(r);
	a->dst = rd_u32(r);
	a->dst_wild = rd_u32(r);
	get_ports(r, &a->sport);
	get_ports(r, &a->dport);
	a->icmp = rd_u16(r);
	a->dscp = rd_u8(r);
	bits = rd_u8(r);
	a->established = (bits & 1) != 0;
	a->fragments = (bits & 2) != 0;
	if (a->action > ACE_PERMIT || bits > 3)
		r->bad = true;
}

/* ---- names ---- */

const struct ace_name ace_protos[] = {
	{51, "ahp", "Authentication Header Protocol"},
	{88, "eigrp", "Cisco's EIGRP routing protocol"},
	{50, "esp", "Encapsulation Security Payload"},
	{47, "gre", "Cisco's GRE tunneling"},
	{2, "igmp", "Internet Gateway Message Protocol"},
	{4, "ipinip", "IP in IP tunneling"},
	{94, "nos", "KA9Q NOS compatible IP over IP tunneling"},
	{89, "ospf", "OSPF routing protocol"},
	{108, "pcp", "Payload Compression Protocol"},
	{103, "pim", "Protocol Independent Multicast"},
	{132, "sctp", "Stream Control Transmission Protocol"},
	{112, "vrrp", "Virtual Router Redundancy Protocol"},
	{0, NULL, NULL},
};

const struct ace_name ace_tcp_ports[] = {
	{179, "bgp", "Border Gateway Protocol (179)"},
	{19, "chargen", "Character generator (19)"},
	{514, "cmd", "Remote commands (rcmd, 514)"},
	{13, "daytime", "Daytime (13)"},
	{9, "discard", "Discard (9)"},
	{53, "domain", "Domain Name Service (53)"},
	{3949, "drip", "Dynamic Routing Information Protocol (3949)"},
	{7, "echo", "Echo (7)"},
	{512, "exec", "Exec (rsh, 512)"},
	{79, "finger", "Finger (79)"},
	{21, "ftp", "File Transfer Protocol (21)"},
	{20, "ftp-data", "FTP data connections (20)"},
	{70, "gopher", "Gopher (70)"},
	{101, "hostname", "NIC hostname server (101)"},
	{113, "ident", "Ident Protocol (113)"},
	{194, "irc", "Internet Relay Chat (194)"},
	{543, "klogin", "Kerberos login (543)"},
	{544, "kshell", "Kerberos shell (544)"},
	{513, "login", "Login (rlogin, 513)"},
	{515, "lpd", "Printer service (515)"},
	{135, "msrpc", "MS Remote Procedure Call (135)"},
	{119, "nntp", "Network News Transport Protocol (119)"},
	{15001, "onep-plain", "ONEP Cleartext (15001)"},
	{15002, "onep-tls", "ONEP TLS (15002)"},
	{496, "pim-auto-rp", "PIM Auto-RP (496)"},
	{109, "pop2", "Post Office Protocol v2 (109)"},
	{110, "pop3", "Post Office Protocol v3 (110)"},
	{25, "smtp", "Simple Mail Transport Protocol (25)"},
	{111, "sunrpc", "Sun Remote Procedure Call (111)"},
	{514, "syslog", "Syslog (514)"},
	{49, "tacacs", "TAC Access Control System (49)"},
	{517, "talk", "Talk (517)"},
	{23, "telnet", "Telnet (23)"},
	{37, "time", "Time (37)"},
	{540, "uucp", "Unix-to-Unix Copy Program (540)"},
	{43, "whois", "Nicname (43)"},
	{80, "www", "World Wide Web (HTTP, 80)"},
	{0, NULL, NULL},
};

const struct ace_name ace_udp_ports[] = {
	{512, "biff", "Biff (mail notification, comsat, 512)"},
	{68, "bootpc", "Bootstrap Protocol (BOOTP) client (68)"},
	{67, "bootps", "Bootstrap Protocol (BOOTP) server (67)"},
	{9, "discard", "Discard (9)"},
	{195, "dnsix", "DNSIX security protocol auditing (195)"},
	{53, "domain", "Domain Name Service (DNS, 53)"},
	{7, "echo", "Echo (7)"},
	{500, "isakmp", "Internet Security Association and Key Management "
			"Protocol (500)"},
	{434, "mobile-ip", "Mobile IP registration (434)"},
	{42, "nameserver", "IEN116 name service (obsolete, 42)"},
	{138, "netbios-dgm", "NetBios datagram service (138)"},
	{137, "netbios-ns", "NetBios name service (137)"},
	{139, "netbios-ss", "NetBios session service (139)"},
	{4500, "non500-isakmp", "ISAKMP behind address translation (4500)"},
	{123, "ntp", "Network Time Protocol (123)"},
	{496, "pim-auto-rp", "PIM Auto-RP (496)"},
	{520, "rip", "Routing Information Protocol (520)"},
	{521, "ripv6", "Routing Information Protocol for IPv6 (521)"},
	{161, "snmp", "Simple Network Management Protocol (161)"},
	{162, "snmptrap", "SNMP Traps (162)"},
	{111, "sunrpc", "Sun Remote Procedure Call (111)"},
	{514, "syslog", "System Logger (514)"},
	{49, "tacacs", "TAC Access Control System (49)"},
	{517, "talk", "Talk (517)"},
	{69, "tftp", "Trivial File Transfer Protocol (69)"},
	{37, "time", "Time (37)"},
	{513, "who", "Who service (rwho, 513)"},
	{177, "xdmcp", "X Display Manager Control Protocol (177)"},
	{0, NULL, NULL},
};

#define ICMP(type, code) ((type) << 8 | (code))

const struct ace_name ace_icmp_types[] = {
	{ICMP(3, 13), "administratively-prohibited",
	    "Administratively prohibited"},
	{ICMP(6, 255), "alternate-address", "Alternate address"},
	{ICMP(31, 255), "conversion-error", "Datagram conversion"},
	{ICMP(3, 10), "dod-host-prohibited", "Host prohibited"},
	{ICMP(3, 9), "dod-net-prohibited", "Net prohibited"},
	{ICMP(8, 255), "echo", "Echo (ping)"},
	{ICMP(0, 255), "echo-reply", "Echo reply"},
	{ICMP(12, 0), "general-parameter-problem", "Parameter problem"},
	{ICMP(3, 8), "host-isolated", "Host isolated"},
	{ICMP(3, 14), "host-precedence-unreachable",
	    "Host unreachable for precedence"},
	{ICMP(5, 1), "host-redirect", "Host redirect"},
	{ICMP(5, 3), "host-tos-redirect", "Host redirect for TOS"},
	{ICMP(3, 12), "host-tos-unreachable", "Host unreachable for TOS"},
	{ICMP(3, 7), "host-unknown", "Host unknown"},
	{ICMP(3, 1), "host-unreachable", "Host unreachable"},
	{ICMP(16, 255), "information-reply", "Information replies"},
	{ICMP(15, 255), "information-request", "Information requests"},
	{ICMP(18, 255), "mask-reply", "Mask replies"},
	{ICMP(17, 255), "mask-request", "Mask requests"},
	{ICMP(32, 255), "mobile-redirect", "Mobile host redirect"},
	{ICMP(5, 0), "net-redirect", "Network redirect"},
	{ICMP(5, 2), "net-tos-redirect", "Net redirect for TOS"},
	{ICMP(3, 11), "net-tos-unreachable", "Network unreachable for TOS"},
	{ICMP(3, 0), "net-unreachable", "Net unreachable"},
	{ICMP(3, 6), "network-unknown", "Network unknown"},
	{ICMP(12, 2), "no-room-for-option",
	    "Parameter required but no room"},
	{ICMP(12, 1), "option-missing",
	    "Parameter required but not present"},
	{ICMP(3, 4), "packet-too-big", "Fragmentation needed and DF set"},
	{ICMP(12, 255), "parameter-problem", "All parameter problems"},
	{ICMP(3, 3), "port-unreachable", "Port unreachable"},
	{ICMP(3, 15), "precedence-unreachable", "Precedence cutoff"},
	{ICMP(3, 2), "protocol-unreachable", "Protocol unreachable"},
	{ICMP(11, 1), "reassembly-timeout", "Reassembly timeout"},
	{ICMP(5, 255), "redirect", "All redirects"},
	{ICMP(9, 255), "router-advertisement",
	    "Router discovery advertisements"},
	{ICMP(10, 255), "router-solicitation",
	    "Router discovery solicitations"},
	{ICMP(4, 255), "source-quench", "Source quenches"},
	{ICMP(3, 5), "source-route-failed", "Source route failed"},
	{ICMP(11, 255), "time-exceeded", "All time exceeded messages"},
	{ICMP(14, 255), "timestamp-reply", "Timestamp replies"},
	{ICMP(13, 255), "timestamp-request", "Timestamp requests"},
	{ICMP(30, 255), "traceroute", "Traceroute"},
	{ICMP(11, 0), "ttl-exceeded", "TTL exceeded"},
	{ICMP(3, 255), "unreachable", "All unreachables"},
	{0, NULL, NULL},
};

const struct ace_name ace_dscps[] = {
	{10, "af11", "Match packets with AF11 dscp (001010)"},
	{12, "af12", "Match packets with AF12 dscp (001100)"},
	{14, "af13", "Match packets with AF13 dscp (001110)"},
	{18, "af21", "Match packets with AF21 dscp (010010)"},
	{20, "af22", "Match packets with AF22 dscp (010100)"},
	{22, "af23", "Match packets with AF23 dscp (010110)"},
	{26, "af31", "Match packets with AF31 dscp (011010)"},
	{28, "af32", "Match packets with AF32 dscp (011100)"},
	{30, "af33", "Match packets with AF33 dscp (011110)"},
	{34, "af41", "Match packets with AF41 dscp (100010)"},
	{36, "af42", "Match packets with AF42 dscp (100100)"},
	{38, "af43", "Match packets with AF43 dscp (100110)"},
	{8, "cs1", "Match packets with CS1(precedence 1) dscp (001000)"},
	{16, "cs2", "Match packets with CS2(precedence 2) dscp (010000)"},
	{24, "cs3", "Match packets with CS3(precedence 3) dscp (011000)"},
	{32, "cs4", "Match packets with CS4(precedence 4) dscp (100000)"},
	{40, "cs5", "Match packets with CS5(precedence 5) dscp (101000)"},
	{48, "cs6", "Match packets with CS6(precedence 6) dscp (110000)"},
	{56, "cs7", "Match packets with CS7(precedence 7) dscp (111000)"},
	{0, "default", "Match packets with default dscp (000000)"},
	{46, "ef", "Match packets with EF dscp (101110)"},
	{0, NULL, NULL},
};
