/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading devices: the scan that finds them, their counters and rates, the
 * kernel's routes for `show ip route`.
 */
#include "config.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

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
	sc->ps = ps;
	return nl_links(ps->nl, link_seen, sc) == 0;
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
	out->rx_packets -= rec->base.rx_packets;
	out->rx_bytes -= rec->base.rx_bytes;
	out->rx_errors -= rec->base.rx_errors;
	out->rx_dropped -= rec->base.rx_dropped;
	out->multicast -= rec->base.multicast;
	out->tx_packets -= rec->base.tx_packets;
	out->tx_bytes -= rec->base.tx_bytes;
	out->tx_errors -= rec->base.tx_errors;
	out->tx_dropped -= rec->base.tx_dropped;
	return true;
}

void
ports_clear_stats(struct router *r)
{
	struct scan *sc = xcalloc(1, sizeof(*sc));
	unsigned i;

	if (ports_scan(r->ports, sc))
		for (i = 1; i <= r->ports->n; i++) {
			r->ports->rec[i].base = sc->found[i].stats;
			r->ports->rec[i].rates.cleared = time_mono_ms();
		}
	free(sc);
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
