/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading devices: the scan that finds them, their counters and rates, the
 * kernel's routes for `show ip route`.
 */
#include "config.h"

#include <linux/ethtool.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main/ports_priv.h"

unsigned
ports_of_ifindex(const struct ports *ps, uint32_t ifindex)
{
	unsigned i;

	for (i = 1; i <= ps->n; i++)
		if (ps->rec[i].p.ifindex == ifindex && !ps->rec[i].p.loopback)
			return i;
	return PORT_LOCAL;
}

/* ---- counters ---- */

#define RATE_SAMPLE_MS 5000
#define RATE_PERIOD_S 300

static void
link_seen(void *arg, const struct nl_link *l)
{
	struct scan *sc = arg;
	unsigned i;

	for (i = 1; i <= sc->ps->n; i++)
		if (!sc->ps->rec[i].p.loopback &&
		    strcmp(sc->ps->rec[i].p.dev, l->name) == 0)
			sc->found[i] = *l;
}

bool
ports_scan(struct ports *ps, struct scan *sc)
{
	unsigned i;

	sc->ps = ps;
	if (nl_links(ps->nl, link_seen, sc) != 0)
		return false;
	for (i = 1; i <= ps->n; i++) {
		if (ps->rec[i].p.tunnel)
			tunnel_stats(&ps->rec[i], &sc->found[i].stats);
		sc->found[i].stats.policy_drops = ps->rec[i].policy_drops;
	}
	return true;
}

void
drops_heard(struct router *r, struct rd *body)
{
	uint16_t index = rd_u16(body);
	uint64_t packets = rd_u64(body);

	if (rd_end(body) && index != PORT_LOCAL && index <= r->ports->n)
		r->ports->rec[index].policy_drops += packets;
}

bool
ports_rise(const struct router *r)
{
	struct scan *sc = xcalloc(1, sizeof(*sc));
	bool rise = false;
	unsigned i;

	if (ports_scan(r->ports, sc))
		for (i = 1; i <= r->ports->n && !rise; i++) {
			const struct portrec *rec = &r->ports->rec[i];

			/* or is up, which is not known here yet */
			rise = rec->wanted && !rec->p.loopback &&
			    !rec->p.tunnel && (nl_link_rises(&sc->found[i]) ||
			    (sc->found[i].running && !rec->p.up));
		}
	free(sc);
	return rise;
}

static void
rate_step(uint64_t *rate, uint64_t now, uint64_t before, uint64_t unit)
{
	uint64_t seen = now < before ? 0
	    : (now - before) * unit * 1000 / RATE_SAMPLE_MS;
	int64_t diff = (int64_t)seen - (int64_t)*rate;

	/* An exponential mean over RATE_PERIOD_S. */
	*rate = (uint64_t)((int64_t)*rate +
	    diff * RATE_SAMPLE_MS / (RATE_PERIOD_S * 1000));
}

/* Counters only say that packets came since they were read last. */
static void
note_use(struct portrec *rec, const struct port_stats *now)
{
	if (now->rx_packets != rec->last.rx_packets)
		rec->rates.last_in = time_mono_ms();
	if (now->tx_packets != rec->last.tx_packets)
		rec->rates.last_out = time_mono_ms();
}

static void
on_rate(void *arg)
{
	struct router *r = arg;
	struct ports *ps = r->ports;
	struct scan *sc = xcalloc(1, sizeof(*sc));
	unsigned i;

	if (ports_scan(ps, sc))
		for (i = 1; i <= ps->n; i++) {
			struct portrec *rec = &ps->rec[i];
			const struct port_stats *now = &sc->found[i].stats;

			rate_step(&rec->rates.in_bps, now->rx_bytes,
			    rec->last.rx_bytes, 8);
			rate_step(&rec->rates.in_pps, now->rx_packets,
			    rec->last.rx_packets, 1);
			rate_step(&rec->rates.out_bps, now->tx_bytes,
			    rec->last.tx_bytes, 8);
			rate_step(&rec->rates.out_pps, now->tx_packets,
			    rec->last.tx_packets, 1);
			note_use(rec, now);
			rec->last = *now;
		}
	free(sc);
	loop_timer(r->loop, &ps->rate_timer, time_mono_ms() + RATE_SAMPLE_MS);
}

void
ports_rates_start(struct router *r)
{
	r->ports->rate_timer.fn = on_rate;
	r->ports->rate_timer.arg = r;
	loop_timer(r->loop, &r->ports->rate_timer,
	    time_mono_ms() + RATE_SAMPLE_MS);
}

static void
stats_since(struct port_stats *now, const struct port_stats *base)
{
	static const size_t counters[] = {
#define COUNTER(f) offsetof(struct port_stats, f)
	    COUNTER(rx_packets), COUNTER(rx_bytes), COUNTER(rx_errors),
	    COUNTER(rx_dropped), COUNTER(multicast), COUNTER(rx_crc),
	    COUNTER(rx_frame), COUNTER(rx_overrun), COUNTER(rx_length),
	    COUNTER(tx_packets), COUNTER(tx_bytes), COUNTER(tx_errors),
	    COUNTER(tx_dropped), COUNTER(collisions), COUNTER(tx_underruns),
	    COUNTER(lost_carrier), COUNTER(policy_drops)
#undef COUNTER
	};
	size_t i;

	for (i = 0; i < NELEM(counters); i++)
		*(uint64_t *)(void *)((char *)now + counters[i]) -=
		    *(const uint64_t *)(const void *)((const char *)base +
			counters[i]);
}

bool
ports_stats(struct router *r, const struct port *p, struct port_stats *out,
    struct port_rates *rates)
{
	struct portrec *rec = &r->ports->rec[p->index];
	struct scan *sc = xcalloc(1, sizeof(*sc));
	bool ok = p->ifindex != 0 && ports_scan(r->ports, sc);

	*out = sc->found[p->index].stats;
	if (ok)
		note_use(rec, out);
	*rates = rec->rates;
	free(sc);
	if (!ok)
		return false;
	stats_since(out, &rec->base);
	return true;
}

void
ports_clear_stats(struct router *r, const struct port *only)
{
	struct scan *sc = xcalloc(1, sizeof(*sc));
	unsigned i;

	if (ports_scan(r->ports, sc))
		for (i = 1; i <= r->ports->n; i++) {
			if (only != NULL && only != &r->ports->rec[i].p)
				continue;
			r->ports->rec[i].base = sc->found[i].stats;
			r->ports->rec[i].rates.cleared = time_mono_ms();
		}
	free(sc);
}

/* ---- what a driver tells ---- */

static bool
driver_asks(int sock, const struct port *p, void *command)
{
	struct ifreq ifr = {.ifr_data = command};

	str_copy(ifr.ifr_name, p->dev, sizeof(ifr.ifr_name));
	return ioctl(sock, SIOCETHTOOL, &ifr) == 0;
}

static void
link_settings(int sock, const struct port *p, struct link_mode *m)
{
	/* behind the settings: the masks, up to 127 words three times */
	union {
		struct ethtool_link_settings s;
		uint8_t room[sizeof(struct ethtool_link_settings) +
		    3 * 127 * sizeof(uint32_t)];
	} ask;

	/* Asked without room for the masks, the kernel says how much it
	 * needs, as a negative number. */
	memset(&ask, 0, sizeof(ask));
	ask.s.cmd = ETHTOOL_GLINKSETTINGS;
	if (!driver_asks(sock, p, &ask) || ask.s.link_mode_masks_nwords >= 0)
		return;
	ask.s.link_mode_masks_nwords =
	    (int8_t)-ask.s.link_mode_masks_nwords;
	ask.s.cmd = ETHTOOL_GLINKSETTINGS;
	if (!driver_asks(sock, p, &ask))
		return;
	if (ask.s.speed != (uint32_t)SPEED_UNKNOWN)
		m->mbps = ask.s.speed;
	m->full = ask.s.duplex == DUPLEX_FULL;
	m->half = ask.s.duplex == DUPLEX_HALF;
	m->twisted_pair = ask.s.port == PORT_TP;
	m->fibre = ask.s.port == PORT_FIBRE;
}

static uint32_t
arp_timeout(const struct port *p)
{
	struct strbuf sb = {0};
	char path[80];
	uint32_t s = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/neigh/%s/gc_stale_time",
	    p->dev);
	if (file_read(path, &sb) == 0)
		s = (uint32_t)strtoul(sb.s, NULL, 10);
	sb_free(&sb);
	return s;
}

void
ports_link_mode(const struct port *p, struct link_mode *m)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_pauseparam pause = {.cmd = ETHTOOL_GPAUSEPARAM};
	struct ifreq ifr = {0};

	memset(m, 0, sizeof(*m));
	if (sock == -1)
		return;
	link_settings(sock, p, m);
	if (driver_asks(sock, p, &pause)) {
		m->in = pause.rx_pause ? LINK_PAUSE_ON : LINK_PAUSE_OFF;
		m->out = pause.tx_pause ? LINK_PAUSE_ON : LINK_PAUSE_OFF;
	}
	str_copy(ifr.ifr_name, p->dev, sizeof(ifr.ifr_name));
	if (ioctl(sock, SIOCGIFTXQLEN, &ifr) == 0)
		m->queue_len = (uint32_t)ifr.ifr_qlen;
	close(sock);
	m->arp_timeout = arp_timeout(p);
}

struct neigh_show {
	struct ports *ps;
	void (*fn)(void *, const struct neighbour *);
	void *arg;
};

static void
show_neigh(void *arg, const struct nl_neigh *k)
{
	const struct neigh_show *w = arg;
	unsigned port = ports_of_ifindex(w->ps, k->ifindex);
	struct neighbour n = {.addr = k->addr, .resolved = k->has_mac,
	    .permanent = (k->state & NUD_PERMANENT) != 0,
	    .age_s = k->confirmed / 100};

	if (port == PORT_LOCAL || (k->state & NUD_NOARP) != 0)
		return;
	n.port = &w->ps->rec[port].p;
	memcpy(n.mac, k->mac, sizeof(n.mac));
	w->fn(w->arg, &n);
}

void
ports_neighbours(struct router *r,
    void (*fn)(void *, const struct neighbour *), void *arg)
{
	struct neigh_show w = {r->ports, fn, arg};

	if (nl_neighbours(r->ports->nl, show_neigh, &w) == -1)
		log_emit(LOG_SYS_NETLINK,
		    "the kernel's neighbours cannot be read");
}

/* ---- routes for show ---- */

struct route_show {
	struct ports *ps;
	ports_route_fn *fn;
	void *arg;
};

static void
show_route(void *arg, const struct nl_route *k)
{
	const struct route_show *w = arg;
	unsigned port = ports_of_ifindex(w->ps, k->ifindex);

	if (k->table != RT_TABLE_MAIN ||
	    (k->type != RTN_UNICAST && k->type != RTN_BLACKHOLE))
		return;
	w->fn(w->arg, k->prefix, k->len, k->nexthop,
	    port != PORT_LOCAL ? &w->ps->rec[port].p : NULL, k->proto,
	    k->priority);
}

void
ports_routes(struct router *r, ports_route_fn *fn, void *arg)
{
	struct route_show w = {r->ports, fn, arg};

	if (nl_routes(r->ports->nl, show_route, &w) == -1)
		log_emit(LOG_SYS_NETLINK, "the kernel's routes cannot be read");
}
