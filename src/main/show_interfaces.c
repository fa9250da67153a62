/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show interfaces, show ip interface, show protocols and their short forms:
 * what the configuration says and what the devices of Linux count and tell.
 * Counters of IOS that no driver has are 0.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

static const char *
status_text(const struct interface *ifc, const struct port *p)
{
	if (ifc->shutdown)
		return "administratively down";
	return p != NULL && (p->up || p->tunnel) ? "up" : "down";
}

static const char *
protocol_text(const struct interface *ifc, const struct port *p)
{
	return !ifc->shutdown && p != NULL && p->up ? "up" : "down";
}

/* Calls fn for the interface of that name, or for all when it is "". */
static int
for_interfaces(struct cli_ctx *ctx, const char *name,
    void (*fn)(struct cli_ctx *, const struct interface *,
	const struct port *))
{
	const struct router *r = router_of(ctx);
	const struct interface *ifc;

	if (name[0] != '\0') {
		ifc = conf_find_interface(r->running, name);
		if (ifc == NULL) {
			cli_printf(ctx, "%% Interface %s is not configured\n",
			    name);
			return CLI_FAILED;
		}
		fn(ctx, ifc, ports_find(r, ifc->name));
		return CLI_DONE;
	}
	CF_FOREACH(ifc, &r->running->interfaces)
		fn(ctx, ifc, ports_find(r, ifc->name));
	return CLI_DONE;
}

/* ---- one line each ---- */

static void
brief_row(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	char addr[IP4_STRLEN];

	cli_printf(ctx, "%-26s %-15s YES %-6s %-21s %-8s\n", ifc->name,
	    ifc->addr != 0 ? ip4_str(ifc->addr, addr) : "unassigned",
	    ifc->addr != 0 ? "manual" : "unset", status_text(ifc, p),
	    protocol_text(ifc, p));
}

static int
brief_json(struct cli_ctx *ctx, const char *name)
{
	const struct router *r = router_of(ctx);
	const struct interface *ifc;
	const struct port *p;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "interfaces");
	CF_FOREACH(ifc, &r->running->interfaces) {
		if (name[0] != '\0' && strcmp(name, ifc->name) != 0)
			continue;
		p = ports_find(r, ifc->name);
		show_object(&v, NULL);
		show_str(&v, "name", ifc->name);
		if (ifc->addr != 0)
			show_ip4(&v, "address", ifc->addr);
		show_str(&v, "status", status_text(ifc, p));
		show_str(&v, "protocol", protocol_text(ifc, p));
		show_close(&v);
	}
	return show_end(&v);
}

int
show_ip_interface_brief(struct cli_ctx *ctx,
    const struct show_ip_interface_brief_args *a)
{
	if (cli_wants_json(ctx))
		return brief_json(ctx, a->name);
	cli_printf(ctx, "Interface                  IP-Address      OK? Method "
			"Status                Protocol\n");
	return for_interfaces(ctx, a->name, brief_row);
}

static void
description_row(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	char name[IFNAME_MAX];

	port_short_name(ifc->name, name, sizeof(name));
	cli_printf(ctx, "%-30s %-14s %-8s %s\n", name,
	    ifc->shutdown ? "admin down" : status_text(ifc, p),
	    protocol_text(ifc, p),
	    ifc->description != NULL ? ifc->description : "");
}

int
show_interfaces_description(struct cli_ctx *ctx,
    const struct show_interfaces_description_args *a)
{
	cli_printf(ctx, "Interface                      Status         "
			"Protocol Description\n");
	return for_interfaces(ctx, a->name, description_row);
}

/* ---- show interfaces ---- */

static void
interface_head(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p, const struct port_stats *s)
{
	bool loopback = p != NULL && p->loopback;
	bool tunnel = p != NULL && p->tunnel;
	const struct if_kind *k = conf_if_kind(ifc->name);
	const uint8_t *m = s->mac;
	char addr[IP4_STRLEN], hw[64] = "";

	if (!loopback && !tunnel)
		snprintf(hw, sizeof(hw),
		    ", address is %02x%02x.%02x%02x.%02x%02x "
		    "(bia %02x%02x.%02x%02x.%02x%02x)",
		    m[0], m[1], m[2], m[3], m[4], m[5], m[0], m[1], m[2], m[3],
		    m[4], m[5]);
	cli_printf(ctx, "%s is %s, line protocol is %s \n", ifc->name,
	    status_text(ifc, p), protocol_text(ifc, p));
	cli_printf(ctx, "  Hardware is %s%s\n",
	    loopback ? "Loopback" : tunnel ? "Tunnel" : "Ethernet", hw);
	if (ifc->description != NULL)
		cli_printf(ctx, "  Description: %s\n", ifc->description);
	if (ifc->addr != 0)
		cli_printf(ctx, "  Internet address is %s/%d\n",
		    ip4_str(ifc->addr, addr), ip4_prefix_of(ifc->mask));
	cli_printf(ctx, "  MTU %u bytes, BW %u Kbit/sec, DLY %u usec, \n",
	    tunnel ? 17916 : p != NULL && p->mtu != 0 ? p->mtu :
	    loopback ? 1514 : 1500, conf_if_kbit(ifc),
	    ifc->delay != 0 ? ifc->delay * 10 : k->usec);
}

/* Of 255, as IOS counts load; never 0. */
static unsigned
load_255(uint64_t bps, unsigned kbit)
{
	uint64_t n = bps * 255 / ((uint64_t)kbit * 1000);

	return n < 1 ? 1 : n > 255 ? 255 : (unsigned)n;
}

static void
interface_load(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p, const struct port_rates *rates)
{
	bool loopback = p != NULL && p->loopback;
	unsigned kbit = conf_if_kbit(ifc);

	cli_printf(ctx, "     reliability 255/255, txload %u/255, rxload "
			"%u/255\n", load_255(rates->out_bps, kbit),
	    load_255(rates->in_bps, kbit));
	if (ifc->vlan != 0)
		cli_printf(ctx, "  Encapsulation 802.1Q Virtual LAN, Vlan ID  "
				"%u.\n", ifc->vlan);
	else
		cli_printf(ctx, "  Encapsulation %s, loopback not set\n",
		    loopback ? "LOOPBACK" :
		    p != NULL && p->tunnel ? "TUNNEL" : "ARPA");
	if (ifc->tunnel.keepalive_secs != 0 &&
	    ifc->tunnel.profile[0] == '\0' && p != NULL && p->tunnel)
		cli_printf(ctx, "  Keepalive set (%u sec), retries %u\n",
		    ifc->tunnel.keepalive_secs,
		    ifc->tunnel.keepalive_retry);
	else
		cli_printf(ctx, "  Keepalive not set\n");
}

static void
tunnel_source_text(const struct router *r, const struct tunnel *t, char *buf,
    size_t size)
{
	const struct port *p = ports_find(r, t->source_if);
	char addr[IP4_STRLEN];

	if (t->source_if[0] == '\0')
		snprintf(buf, size, "%s", t->source == 0 ? "UNKNOWN" :
		    ip4_str(t->source, addr));
	else
		snprintf(buf, size, "%s (%s)", p == NULL || p->addr == 0 ?
		    "UNKNOWN" : ip4_str(p->addr, addr), t->source_if);
}

static void
interface_pmtud(struct cli_ctx *ctx, const struct tunnel *t,
    const struct port *p)
{
	uint64_t until, now = time_mono_ms();
	unsigned mtu = ports_path_mtu(router_of(ctx), p, &until), s = 0;
	char age[24] = "infinite", end[24] = "never";

	if (t->pmtud_age != 0)
		snprintf(age, sizeof(age), "%u mins", t->pmtud_age);
	if (mtu != 0 && until != 0) {
		s = until > now ? (unsigned)((until - now) / 1000) : 0;
		snprintf(end, sizeof(end), "%02u:%02u:%02u", s / 3600,
		    s / 60 % 60, s % 60);
	}
	cli_printf(ctx, "  Path MTU Discovery, ager %s, min MTU %u, MTU %u, "
			"expires %s\n", age, t->pmtud_min, mtu, end);
}

static void
interface_tunnel(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	const struct tunnel *t = &ifc->tunnel;
	char source[IP4_STRLEN + IFNAME_MAX + 4], dest[IP4_STRLEN];

	tunnel_source_text(router_of(ctx), t, source, sizeof(source));
	cli_printf(ctx, "  Tunnel linestate evaluation %s\n",
	    p->up ? "up" : "down");
	cli_printf(ctx, "  Tunnel source %s, destination %s\n", source,
	    t->dest == 0 ? "UNKNOWN" : ip4_str(t->dest, dest));
	if (t->mode == TUNNEL_GRE)
		cli_printf(ctx, "  Tunnel protocol/transport GRE/IP\n");
	else
		cli_printf(ctx, "  Tunnel protocol/transport not supported\n");
	if (t->has_key)
		cli_printf(ctx, "    Key 0x%X, sequencing disabled\n", t->key);
	else
		cli_printf(ctx, "    Key disabled, sequencing disabled\n");
	cli_printf(ctx, "    Checksumming of packets %s\n"
			"  Tunnel TTL %u, Fast tunneling enabled\n",
	    t->checksum ? "enabled" : "disabled", t->ttl);
	if (t->pmtud)
		interface_pmtud(ctx, t, p);
	cli_printf(ctx, "  Tunnel transport MTU %u bytes\n",
	    p->mtu != 0 ? p->mtu : 1476);
	if (t->profile[0] != '\0')
		cli_printf(ctx, "  Tunnel protection via IPSec (profile "
				"\"%s\")\n", t->profile);
}

static const char *
speed_text(const struct link_mode *m, char *buf, size_t size)
{
	if (m->mbps == 0)
		return "Unknown Speed";
	if (m->mbps % 1000 == 0)
		snprintf(buf, size, "%uGbps", m->mbps / 1000);
	else
		snprintf(buf, size, "%uMbps", m->mbps);
	return buf;
}

static const char *
pause_text(enum link_pause p)
{
	return p == LINK_PAUSE_ON ? "on"
	    : p == LINK_PAUSE_OFF ? "off" : "unsupported";
}

static void
interface_link(struct cli_ctx *ctx, const struct link_mode *m)
{
	char speed[24];

	cli_printf(ctx,
	    "  %s Duplex, %s, media type is %s\n"
	    "  output flow-control is %s, input flow-control is %s\n"
	    "  ARP type: ARPA, ARP Timeout %02u:%02u:%02u\n",
	    m->full ? "Full" : m->half ? "Half" : "Unknown",
	    speed_text(m, speed, sizeof(speed)),
	    m->twisted_pair ? "RJ45" : m->fibre ? "Fiber" : "unknown",
	    pause_text(m->out), pause_text(m->in), m->arp_timeout / 3600,
	    m->arp_timeout / 60 % 60, m->arp_timeout % 60);
}

/* A tunnel and a loopback have no wire to tell of. */
static void
interface_counters(struct cli_ctx *ctx, const struct port_stats *s,
    const struct port_rates *r, bool wire)
{
	cli_printf(ctx,
	    "  5 minute input rate %llu bits/sec, %llu packets/sec\n"
	    "  5 minute output rate %llu bits/sec, %llu packets/sec\n",
	    (unsigned long long)r->in_bps, (unsigned long long)r->in_pps,
	    (unsigned long long)r->out_bps, (unsigned long long)r->out_pps);
	cli_printf(ctx,
	    "     %llu packets input, %llu bytes, %llu no buffer\n"
	    "     Received %llu broadcasts (%llu IP multicasts)\n"
	    "     0 runts, %llu giants, 0 throttles \n"
	    "     %llu input errors, %llu CRC, %llu frame, %llu overrun, "
	    "%llu ignored%s\n",
	    (unsigned long long)s->rx_packets, (unsigned long long)s->rx_bytes,
	    (unsigned long long)s->rx_dropped,
	    (unsigned long long)s->multicast, (unsigned long long)s->multicast,
	    (unsigned long long)s->rx_length, (unsigned long long)s->rx_errors,
	    (unsigned long long)s->rx_crc, (unsigned long long)s->rx_frame,
	    (unsigned long long)s->rx_overrun,
	    (unsigned long long)s->rx_dropped, wire ? "" : ", 0 abort");
	if (wire)
		cli_printf(ctx, "     0 watchdog, %llu multicast, "
				"0 pause input\n",
		    (unsigned long long)s->multicast);
	cli_printf(ctx,
	    "     %llu packets output, %llu bytes, %llu underruns\n"
	    "     %llu output errors, %llu collisions, 0 interface resets\n"
	    "     0 unknown protocol drops\n",
	    (unsigned long long)s->tx_packets, (unsigned long long)s->tx_bytes,
	    (unsigned long long)s->tx_underruns,
	    (unsigned long long)s->tx_errors,
	    (unsigned long long)s->collisions);
	if (wire)
		cli_printf(ctx, "     0 babbles, 0 late collision, 0 deferred\n"
				"     %llu lost carrier, 0 no carrier, "
				"0 pause output\n",
		    (unsigned long long)s->lost_carrier);
	cli_printf(ctx, "     %llu output buffer failures, "
			"0 output buffers swapped out\n",
	    (unsigned long long)s->tx_dropped);
}

/* "never" or how long ago. */
static const char *
ago(uint64_t then_ms, char *buf, size_t size)
{
	uint64_t s = (time_mono_ms() - then_ms) / 1000;

	if (then_ms == 0)
		return "never";
	snprintf(buf, size, "%02llu:%02u:%02u", (unsigned long long)(s / 3600),
	    (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	return buf;
}

/* Only a class that shapes has queues. */
static bool
has_queues(const struct conf *c, const struct interface *ifc)
{
	const struct qos_policy_map *m =
	    conf_find_policy_map(c, ifc->policy_out);
	const struct qos_class *qc;

	if (m != NULL)
		CF_FOREACH(qc, &m->classes)
			if (qc->shape)
				return true;
	return false;
}

static void
show_one(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	struct port_stats s = {0};
	struct port_rates rates = {0};
	struct link_mode link = {0};
	char in[32], out[32], clear[32];

	if (p != NULL && !ports_stats(router_of(ctx), p, &s, &rates))
		memset(&s, 0, sizeof(s));
	interface_head(ctx, ifc, p, &s);
	interface_load(ctx, ifc, p, &rates);
	if (p != NULL && p->tunnel)
		interface_tunnel(ctx, ifc, p);
	else if (p != NULL && !p->loopback && p->ifindex != 0) {
		ports_link_mode(p, &link);
		interface_link(ctx, &link);
	}
	cli_printf(ctx, "  Last input %s, output %s, output hang never\n"
			"  Last clearing of \"show interface\" counters "
			"%s\n"
			"  Input queue: 0/0/%llu/0 (size/max/drops/flushes); "
			"Total output drops: %llu\n"
			"  Queueing strategy: %s%s\n"
			"  Output queue: 0/%u (size/max)\n",
	    ago(rates.last_in, in, sizeof(in)),
	    ago(rates.last_out, out, sizeof(out)),
	    ago(rates.cleared, clear, sizeof(clear)),
	    (unsigned long long)s.rx_dropped,
	    (unsigned long long)(s.tx_dropped + s.policy_drops),
	    has_queues(router_of(ctx)->running, ifc) ?
	    "Class-based queueing" : "fifo",
	    ifc->qos_preclassify ? " (QOS pre-classification)" : "",
	    link.queue_len);
	interface_counters(ctx, &s, &rates,
	    p == NULL || (!p->loopback && !p->tunnel));
}

int
show_interfaces(struct cli_ctx *ctx, const struct show_interfaces_args *a)
{
	return for_interfaces(ctx, a->name, show_one);
}

/* ---- show ip interface, show protocols ---- */

static void
access_list_line(struct cli_ctx *ctx, const char *direction, const char *acl)
{
	if (acl[0] != '\0')
		cli_printf(ctx, "  %s access list is %s\n", direction, acl);
	else
		cli_printf(ctx, "  %s access list is not set\n", direction);
}

static void
ip_one(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	const struct ip_secondary *sec;
	unsigned mtu = p != NULL && p->mtu != 0 ? p->mtu : 1500;
	char addr[IP4_STRLEN];

	cli_printf(ctx, "%s is %s, line protocol is %s\n", ifc->name,
	    status_text(ifc, p), protocol_text(ifc, p));
	if (ifc->addr == 0) {
		cli_printf(ctx, "  Internet protocol processing disabled\n");
		return;
	}
	cli_printf(ctx, "  Internet address is %s/%d\n"
			"  Broadcast address is 255.255.255.255\n"
			"  Address determined by setup command\n",
	    ip4_str(ifc->addr, addr), ip4_prefix_of(ifc->mask));
	cli_printf(ctx, "  MTU is %u bytes\n"
			"  Helper address is not set\n"
			"  Directed broadcast forwarding is disabled\n",
	    ifc->ip_mtu != 0 && ifc->ip_mtu < mtu ? ifc->ip_mtu : mtu);
	CF_FOREACH(sec, &ifc->secondaries)
		cli_printf(ctx, "  Secondary address %s/%d\n",
		    ip4_str(sec->addr, addr), ip4_prefix_of(sec->mask));
	access_list_line(ctx, "Outgoing", ifc->acl_out);
	access_list_line(ctx, "Inbound ", ifc->acl_in);
	cli_printf(ctx, "  Policy routing is disabled\n");
	if (ifc->nat == NAT_NONE)
		cli_printf(ctx, "  Network address translation is "
				"disabled\n");
	else
		cli_printf(ctx, "  Network address translation is enabled, "
				"interface in domain %s\n",
		    ifc->nat == NAT_INSIDE ? "inside" : "outside");
}

int
show_ip_interface(struct cli_ctx *ctx, const struct show_ip_interface_args *a)
{
	return for_interfaces(ctx, a->name, ip_one);
}

static void
no_ipv6(struct cli_ctx *ctx UNUSED, const struct interface *ifc UNUSED,
    const struct port *p UNUSED)
{
}

/* Clients ask it of every router. IPv6 is enabled on none of the interfaces:
 * IOS prints nothing then. */
int
show_ipv6_interface(struct cli_ctx *ctx,
    const struct show_ipv6_interface_args *a)
{
	return for_interfaces(ctx, a->name, no_ipv6);
}

static void
protocols_one(struct cli_ctx *ctx, const struct interface *ifc,
    const struct port *p)
{
	char addr[IP4_STRLEN];

	cli_printf(ctx, "%s is %s, line protocol is %s\n", ifc->name,
	    status_text(ifc, p), protocol_text(ifc, p));
	if (ifc->addr != 0)
		cli_printf(ctx, "  Internet address is %s/%d\n",
		    ip4_str(ifc->addr, addr), ip4_prefix_of(ifc->mask));
}

int
show_protocols(struct cli_ctx *ctx, const struct show_protocols_args *a)
{
	if (a->name[0] == '\0')
		cli_printf(ctx, "Global values:\n"
				"  Internet Protocol routing is enabled\n");
	return for_interfaces(ctx, a->name, protocols_one);
}
