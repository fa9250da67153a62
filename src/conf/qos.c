/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of QoS, looking up class maps and policy maps, and how their parts
 * read. Needs nothing of the configuration engine, so that the data plane
 * and its tests link it alone.
 */
#include "config.h"

#include <string.h>

#include "conf/conf.h"

const struct ace_name qos_precedences[] = {
	{0, "routine", "Match packets with routine precedence (0)"},
	{1, "priority", "Match packets with priority precedence (1)"},
	{2, "immediate", "Match packets with immediate precedence (2)"},
	{3, "flash", "Match packets with flash precedence (3)"},
	{4, "flash-override",
	    "Match packets with flash override precedence (4)"},
	{5, "critical", "Match packets with critical precedence (5)"},
	{6, "internet",
	    "Match packets with internetwork control precedence (6)"},
	{7, "network", "Match packets with network control precedence (7)"},
	{0, NULL, NULL},
};

/* One list for names, help and what the headers of a packet show: protocol and
 * port, 0 any; a port without a protocol is of TCP or UDP. */
#define PROTOCOLS(X)                                                          \
	X(bgp, "bgp", "Border Gateway Protocol", 6, 179)                      \
	X(dhcp, "dhcp", "Dynamic Host Configuration", 17, 67)                 \
	X(dns, "dns", "Domain Name Server lookup", 0, 53)                     \
	X(egp, "egp", "Exterior Gateway Protocol", 8, 0)                      \
	X(eigrp, "eigrp", "Enhanced Interior Gateway Routing Protocol", 88, 0) \
	X(ftp, "ftp", "File Transfer Protocol", 6, 21)                        \
	X(gre, "gre", "Generic Routing Encapsulation", 47, 0)                 \
	X(http, "http", "World Wide Web traffic", 6, 80)                      \
	X(icmp, "icmp", "Internet Control Message", 1, 0)                     \
	X(imap, "imap", "Internet Message Access Protocol", 6, 143)           \
	X(ip, "ip", "IP", 0, 0)                                               \
	X(ipinip, "ipinip", "IP in IP (encapsulation)", 4, 0)                 \
	X(ipsec, "ipsec", "IP Security Protocol (ESP)", 50, 0)                \
	X(ldap, "ldap", "Lightweight Directory Access Protocol", 6, 389)      \
	X(nfs, "nfs", "Network File System", 17, 2049)                        \
	X(ntp, "ntp", "Network Time Protocol", 17, 123)                       \
	X(ospf, "ospf", "Open Shortest Path First", 89, 0)                    \
	X(pop3, "pop3", "Post Office Protocol", 6, 110)                       \
	X(pptp, "pptp", "Point-to-Point Tunneling Protocol", 6, 1723)         \
	X(rip, "rip", "Routing Information Protocol", 17, 520)                \
	X(rsvp, "rsvp", "Resource Reservation Protocol", 46, 0)               \
	X(https, "secure-http", "Secured HTTP", 6, 443)                       \
	X(sip, "sip", "Session Initiation Protocol", 0, 5060)                 \
	X(smtp, "smtp", "Simple Mail Transfer Protocol", 6, 25)               \
	X(snmp, "snmp", "Simple Network Management Protocol", 17, 161)        \
	X(ssh, "ssh", "Secured Shell", 6, 22)                                 \
	X(syslog, "syslog", "System Logging Utility", 17, 514)                \
	X(tcp, "tcp", "Transmission Control Protocol", 6, 0)                  \
	X(telnet, "telnet", "Telnet", 6, 23)                                  \
	X(tftp, "tftp", "Trivial File Transfer Protocol", 17, 69)             \
	X(udp, "udp", "User Datagram Protocol", 17, 0)

enum {
#define X(id, name, help, proto, port) PROTOCOL_##id,
	PROTOCOLS(X)
#undef X
};

const struct ace_name qos_protocols[] = {
#define X(id, name, help, proto, port) {PROTOCOL_##id, name, help},
	PROTOCOLS(X)
#undef X
	{0, NULL, NULL},
};

/* What no packet has here, or nobody looks at. */
const struct ace_name qos_nevers[] = {
	{0, "application", "Application"},
	{1, "atm", "ATM"},
	{2, "cos", "IEEE 802.1Q/ISL class of service/user priority values"},
	{3, "destination-address", "Destination address"},
	{4, "discard-class", "Discard behavior identifier"},
	{5, "fr", "Frame relay"},
	{6, "fr-de", "Frame-relay DE bit"},
	{7, "fr-dlci", "Frame-relay DLCI"},
	{8, "mpls", "Multi Protocol Label Switching specific values"},
	{9, "source-address", "Source address"},
	{10, "traffic-class", "Traffic class"},
	{11, "vlan", "VLANs to match"},
	{0, NULL, NULL},
};

const struct qos_protocol qos_protocol_ports[] = {
#define X(id, name, help, proto, port) {proto, port},
	PROTOCOLS(X)
#undef X
};

/* ---- looking up ---- */

bool
qos_class_queues(const struct qos_class *c)
{
	return c->bw_unit != QOS_NONE || c->prio_unit != QOS_NONE ||
	    c->shape || c->queue_limit != 0 || c->fair ||
	    c->red != QOS_RED_OFF;
}

const struct qos_police *
qos_class_police(const struct qos_class *c)
{
	return (const void *)c->police.first;
}

static struct qos_action
action_of(const struct qos_action *below, const struct qos_action *head,
    struct qos_action otherwise)
{
	return below->act != QOS_ACT_UNSET ? *below :
	    head->act != QOS_ACT_UNSET ? *head : otherwise;
}

struct qos_actions
qos_police_actions(const struct qos_police *p)
{
	struct qos_actions a;

	a.conform = action_of(&p->below.conform, &p->head.conform,
	    (struct qos_action){ .act = QOS_TRANSMIT });
	a.exceed = action_of(&p->below.exceed, &p->head.exceed,
	    (struct qos_action){ .act = QOS_DROP });
	a.violate = action_of(&p->below.violate, &p->head.violate, a.exceed);
	return a;
}

uint64_t
qos_police_burst(const struct qos_police *p, uint32_t given, uint64_t rate)
{
	uint64_t n = given;

	if (given == 0)
		n = rate / 32;
	else if (p->percent)
		n = rate / 8 * given / 1000;
	return n < 1500 ? 1500 : n;
}

/* ---- texts ---- */

void
qos_dscp_text(struct strbuf *sb, unsigned dscp)
{
	const struct ace_name *n;

	for (n = ace_dscps; n->name != NULL && n->value != dscp; n++)
		;
	if (n->name != NULL)
		sb_printf(sb, "%s", n->name);
	else
		sb_printf(sb, "%u", dscp);
}

static void
values_text(struct strbuf *sb, const struct qos_match *m)
{
	const uint8_t v[] = { m->v0, m->v1, m->v2, m->v3, m->v4, m->v5, m->v6,
		m->v7 };
	size_t i;

	for (i = 0; i < NELEM(v) && v[i] != QOS_UNSET; i++) {
		sb_printf(sb, i == 0 ? " " : "  ");
		if (m->kind == QOS_PRECEDENCE) {
			sb_printf(sb, "%u", v[i]);
			continue;
		}
		qos_dscp_text(sb, v[i]);
		sb_printf(sb, " (%u)", v[i]);
	}
}

static void
length_text(struct strbuf *sb, const struct qos_match *m)
{
	sb_printf(sb, "packet length");
	if (m->lo != 0)
		sb_printf(sb, " min %u", m->lo);
	if (m->hi != 0)
		sb_printf(sb, " max %u", m->hi);
}

void
qos_match_text(struct strbuf *sb, const struct qos_match *m)
{
	if (m->negate)
		sb_printf(sb, "not ");
	switch (m->kind) {
	case QOS_ANY:
		sb_printf(sb, "any ");
		break;
	case QOS_ACL:
		sb_printf(sb, "access-group %s%s", m->named ? "name " : "",
		    m->name);
		break;
	case QOS_DSCP:
	case QOS_PRECEDENCE:
		/* two blanks without `ip`, as IOS has it */
		sb_printf(sb, "%s %s", m->ip ? "ip" : "",
		    m->kind == QOS_DSCP ? "dscp" : "precedence");
		values_text(sb, m);
		break;
	case QOS_PROTOCOL:
		sb_printf(sb, "protocol %s", qos_protocols[m->protocol].name);
		break;
	case QOS_GROUP:
		sb_printf(sb, "qos-group %u", m->group);
		break;
	case QOS_INPUT:
		sb_printf(sb, "input-interface %s", m->name);
		break;
	case QOS_LENGTH:
		length_text(sb, m);
		break;
	case QOS_RTP:
		sb_printf(sb, "ip rtp %u %u", m->lo, m->hi);
		break;
	case QOS_CLASS:
		sb_printf(sb, "class-map %s", m->name);
		break;
	case QOS_NO_PROTOCOL:
		sb_printf(sb, "protocol %s", m->text);
		break;
	default:
		sb_printf(sb, "%s %s", qos_nevers[m->never].name, m->text);
	}
}

void
qos_action_text(struct strbuf *sb, const struct qos_action *a)
{
	static const char *const words[] = { [QOS_ACT_UNSET] = "",
		[QOS_TRANSMIT] = "transmit", [QOS_DROP] = "drop",
		[QOS_SET_DSCP] = "set-dscp-transmit",
		[QOS_SET_PRECEDENCE] = "set-prec-transmit",
		[QOS_SET_GROUP] = "set-qos-transmit" };

	sb_printf(sb, "%s", words[a->act]);
	if (a->act <= QOS_DROP)
		return;
	sb_printf(sb, " ");
	if (a->act == QOS_SET_DSCP)
		qos_dscp_text(sb, a->value);
	else
		sb_printf(sb, "%u", a->value);
}

/* ---- interfaces ---- */

const struct if_kind *
conf_if_kind(const char *name)
{
	static const struct if_kind kinds[] = {
		{"FastEthernet", 100000, 100}, {"Ethernet", 10000, 1000},
		{"GigabitEthernet", 1000000, 10},
		{"TenGigabitEthernet", 10000000, 10}, {"Serial", 1544, 20000},
		{"Loopback", 8000000, 5000}, {"Tunnel", 100, 50000},
		{"", 1000000, 10}};
	const struct if_kind *k = kinds;

	while (strncmp(name, k->prefix, strlen(k->prefix)) != 0)
		k++;
	return k;
}

unsigned
conf_if_kbit(const struct interface *i)
{
	return i->bandwidth != 0 ? i->bandwidth : conf_if_kind(i->name)->kbit;
}
