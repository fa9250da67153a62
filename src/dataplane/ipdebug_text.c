/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lines of `debug ip packet` and `debug ip icmp`, on the control thread of
 * process fwd. All that is known of a packet are its first octets
 * (ipdebug.h), which anybody may have sent.
 */
#include "config.h"

#include <string.h>

#include "base/debug.h"
#include "dataplane/ip.h"
#include "dataplane/ipdebug.h"

static unsigned
header_len(const struct sighting *s)
{
	return (s->data[0] & 15u) * 4;
}

/* ---- debug ip packet ---- */

/* " (FastEthernet0/0)" */
static void
add_port(struct strbuf *sb, const struct fwd *f, unsigned port)
{
	if (port != PORT_LOCAL && port <= PORT_MAX && f->port_known[port])
		sb_printf(sb, " (%s)", f->ports[port].name);
}

/* The interface that has this address. */
static unsigned
port_with(const struct fwd *f, uint32_t addr)
{
	unsigned i;

	for (i = 1; i <= PORT_MAX; i++)
		if (f->port_known[i] && f->ports[i].addr == addr)
			return i;
	return PORT_LOCAL;
}

static void
add_addresses(struct strbuf *sb, const struct fwd *f,
    const struct sighting *s, const struct flow *fl, unsigned out)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	sb_printf(sb, "s=%s", ip4_str(fl->src, a));
	if (s->in == PORT_LOCAL)
		sb_printf(sb, " (local)");
	else
		add_port(sb, f, s->in);
	sb_printf(sb, ", d=%s", ip4_str(fl->dst, b));
	add_port(sb, f, out);
}

static bool
is_broadcast(const struct fwd *f, unsigned port, uint32_t addr)
{
	const struct port *p = &f->ports[port <= PORT_MAX ? port : 0];

	return addr == UINT32_MAX || (p->addr != 0 && p->mask < ~1u &&
	    addr == (p->addr | ~p->mask));
}

/* What `rcvd` says of who it is for: everybody here, this interface, or this
 * router by another address. */
static unsigned
reached(const struct fwd *f, const struct sighting *s, const struct flow *fl)
{
	if (is_multicast(fl->dst))
		return 0;
	if (is_broadcast(f, s->in, fl->dst))
		return 2;
	return s->in <= PORT_MAX && f->ports[s->in].addr == fl->dst ? 3 : 4;
}

static const char *
drop_word(unsigned why)
{
	switch (why) {
	case DROP_ACL_IN:
	case DROP_ACL_OUT:
		return "access denied";
	case DROP_NO_ROUTE:
		return "unroutable";
	case DROP_TTL:
		return "dispose ip.hopcount";
	case DROP_PORT_DOWN:
	case DROP_NO_SA:
	case DROP_NO_SID:
	case DROP_ENCRYPT:
		return "encapsulation failed";
	default:
		return NULL;
	}
}

static void
add_gateway(struct strbuf *sb, const struct fwd *f, uint32_t dst)
{
	const struct route *r = f->routes == NULL ? NULL :
	    route_lookup(f->routes->table, dst);
	char a[IP4_STRLEN];

	sb_printf(sb, ", g=%s", ip4_str(r != NULL && r->nexthop != 0 ?
	    r->nexthop : dst, a));
}

/* The line but for its detail. */
static void
add_line(struct strbuf *sb, const struct fwd *f, const struct sighting *s,
    const struct flow *fl)
{
	bool last = (get16(s->data + IPH_FRAG) & IPH_MF) == 0;
	unsigned to = reached(f, s, fl);
	const char *word;

	sb_printf(sb, "IP: ");
	switch (s->what) {
	case SEEN_RCVD:
		if (s->in == PORT_LOCAL) { /* to itself */
			add_addresses(sb, f, s, fl, port_with(f, fl->dst));
			sb_printf(sb, ", len %u, sending", s->len);
			break;
		}
		add_addresses(sb, f, s, fl, to == 3 ? s->in : PORT_LOCAL);
		sb_printf(sb, ", len %u, rcvd %u", s->len, to);
		break;
	case SEEN_DROPPED:
		word = drop_word(s->why);
		add_addresses(sb, f, s, fl, s->out);
		sb_printf(sb, ", len %u, %s%s", s->len,
		    word == NULL ? "dropped: " : "",
		    word == NULL ? fwd_drop_text(s->why) : word);
		break;
	case SEEN_FRAGMENT:
		add_addresses(sb, f, s, fl, s->out);
		sb_printf(sb, ", len %u, sending %sfragment", s->len,
		    last ? "last " : "");
		break;
	default:
		add_addresses(sb, f, s, fl, s->out);
		if (s->in == PORT_LOCAL) {
			sb_printf(sb, ", len %u, sending%s", s->len,
			    is_multicast(fl->dst) ? " broad/multicast" : "");
			break;
		}
		if (!is_multicast(fl->dst))
			add_gateway(sb, f, fl->dst);
		sb_printf(sb, ", len %u, forward", s->len);
		break;
	}
}

static void
add_tcp(struct strbuf *sb, const uint8_t *tcp, const struct flow *fl)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} flags[] = { { 32, "URG" }, { TCP_ACK, "ACK" }, { TCP_PSH, "PSH" },
		{ TCP_RST, "RST" }, { TCP_SYN, "SYN" }, { TCP_FIN, "FIN" } };
	size_t i;

	sb_printf(sb, "\n    TCP src=%u, dst=%u, seq=%u, ack=%u, win=%u",
	    fl->sport, fl->dport, get32(tcp + 4), get32(tcp + 8),
	    get16(tcp + 14));
	for (i = 0; i < NELEM(flags); i++)
		if ((tcp[13] & flags[i].bit) != 0)
			sb_printf(sb, " %s", flags[i].name);
}

/* What is behind the IP header: at the end of the line, or below it. */
static void
add_detail(struct strbuf *sb, const struct sighting *s, const struct flow *fl)
{
	const uint8_t *up = s->data + header_len(s);
	unsigned n = s->n - header_len(s);
	unsigned at = (get16(s->data + IPH_FRAG) & IPH_OFFMASK) * 8u;

	if (ip_is_fragment(s->data)) {
		sb_printf(sb, "\n    IP Fragment, Ident = %u, fragment offset ="
		    " %u, proto=%u", get16(s->data + IPH_ID), at, fl->proto);
		return;
	}
	if (fl->proto == PROTO_ICMP && n >= 2)
		sb_printf(sb, "\n    ICMP type=%u, code=%u", up[0], up[1]);
	else if (fl->proto == PROTO_UDP && n >= 4)
		sb_printf(sb, "\n    UDP src=%u, dst=%u", fl->sport,
		    fl->dport);
	else if (fl->proto == PROTO_TCP && n >= 16)
		add_tcp(sb, up, fl);
	else
		sb_printf(sb, ", proto=%u", fl->proto);
}

void
ipdebug_say_packet(const struct fwd *f, const struct sighting *s,
    const struct flow *fl)
{
	struct strbuf sb = {0};
	char a[IP4_STRLEN];

	/* what this router cannot send is just not heard of again, as in
	 * IOS: there are no ICMP errors about it either */
	if (s->what == SEEN_DROPPED && s->why == DROP_MTU &&
	    s->in == PORT_LOCAL)
		return;
	if (s->what == SEEN_ROUTED) {
		if (is_broadcast(f, s->in, fl->dst))
			return;
		sb_printf(&sb, "IP: tableid=0, ");
		add_addresses(&sb, f, s, fl, s->out != PORT_LOCAL ? s->out :
		    port_with(f, fl->dst));
		sb_printf(&sb, ", routed via %s",
		    s->out != PORT_LOCAL ? "FIB" : "RIB");
	} else {
		add_line(&sb, f, s, fl);
		if (debug_on(DBG_IP_PACKET, DBG_DETAIL))
			add_detail(&sb, s, fl);
		if (s->what == SEEN_RCVD && ip_is_fragment(s->data))
			sb_printf(&sb, "\nIP: recv fragment from %s offset %u "
			    "bytes", ip4_str(fl->src, a),
			    (get16(s->data + IPH_FRAG) & IPH_OFFMASK) * 8u);
	}
	debug_lines(DBG_IP_PACKET, DBG_EVENT, 0, sb.s);
	sb_free(&sb);
}

/* ---- debug ip icmp ---- */

static const char *const unreachables[] = {
	[ICMP_UNREACH_NET] = "net",
	[ICMP_UNREACH_HOST] = "host",
	[ICMP_UNREACH_PROTO] = "protocol",
	[ICMP_UNREACH_PORT] = "port",
	[ICMP_UNREACH_FRAG] = "frag. needed and DF set",
	[5] = "source route",
	[6] = "net unknown",
	[7] = "host unknown",
	[ICMP_UNREACH_ADMIN] = "administratively prohibited",
};

/* About the packet that an error quotes, which went to `about`; false: not
 * one of these errors. */
static bool
add_error(struct strbuf *sb, const uint8_t *icmp, const char *peer,
    const char *about, bool sent)
{
	char gw[IP4_STRLEN];

	switch (icmp[0]) {
	case ICMP_UNREACH:
		if (icmp[1] >= NELEM(unreachables) ||
		    unreachables[icmp[1]] == NULL)
			return false;
		sb_printf(sb, "dst (%s) %s unreachable %s %s", about,
		    unreachables[icmp[1]], sent ? "sent to" : "rcv from",
		    peer);
		if (icmp[1] == ICMP_UNREACH_FRAG)
			sb_printf(sb, " mtu:%u", get16(icmp + 6));
		return true;
	case ICMP_TIME_EXCEEDED:
		if (sent)
			sb_printf(sb, "time exceeded (%s) sent to %s (dest was"
			    " %s)", icmp[1] == 0 ? "time to live" :
			    "reassembly", peer, about);
		else
			sb_printf(sb, "time exceeded rcvd from %s", peer);
		return true;
	case ICMP_REDIRECT:
		sb_printf(sb, sent ? "redirect sent to %s for dest %s, use gw "
		    "%s" : "redirect rcvd from %s- for %s use gw %s", peer,
		    about, ip4_str(get32(icmp + 4), gw));
		return true;
	case ICMP_QUENCH:
		sb_printf(sb, "source quench %s %s", sent ? "sent to" :
		    "rcvd from", peer);
		return true;
	default:
		return false;
	}
}

void
ipdebug_say_icmp(const struct sighting *s, const struct flow *fl)
{
	const uint8_t *icmp = s->data + header_len(s);
	unsigned n = s->n - header_len(s);
	bool sent = s->what == SEEN_SENT && s->in == PORT_LOCAL;
	char src[IP4_STRLEN], dst[IP4_STRLEN], about[IP4_STRLEN];
	const char *peer;
	struct strbuf sb = {0};

	(void)ip4_str(fl->src, src);
	(void)ip4_str(fl->dst, dst);
	if ((!sent && s->what != SEEN_RCVD) || n < 8)
		return;
	if (icmp[0] == ICMP_ECHO) {
		if (s->what != SEEN_RCVD || s->in != PORT_LOCAL)
			return;
		/* to itself: probe.c is both ends */
		debug(DBG_IP_ICMP, DBG_EVENT, 0,
		    "echo reply sent, src %s, dst %s", dst, src);
		debug(DBG_IP_ICMP, DBG_EVENT, 0,
		    "echo reply rcvd, src %s, dst %s", dst, src);
		return;
	}
	peer = sent ? dst : src;
	if (icmp[0] == ICMP_ECHO_REPLY)
		sb_printf(&sb, "echo reply %s, src %s, dst %s",
		    sent ? "sent" : "rcvd", src, dst);
	else if (n < 8 + IPH_HDR || !add_error(&sb, icmp, peer,
	    ip4_str(get32(icmp + 8 + IPH_DST), about), sent))
		sb_printf(&sb, "%s type %u, code %u, %s %s", sent ? "sent" :
		    "rcvd", icmp[0], icmp[1], sent ? "to" : "from", peer);
	debug_lines(DBG_IP_ICMP, DBG_EVENT, 0, sb.s);
	sb_free(&sb);
}
