/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ports.c and ports_stats.c share.
 */
#ifndef COHORT_PORTS_PRIV_H
#define COHORT_PORTS_PRIV_H

#include "main/netlink.h"
#include "main/plumbing.h"
#include "main/router.h"

struct portrec {
	struct port p;
	int tun; /* -1: not bound */
	int mcast; /* packet socket of the device, -1: none */
	uint32_t tun_ifindex;
	bool wanted;	/* the configuration has it */
	bool vlan_made; /* we created the device */
	bool untold;	/* process ike does not know yet */
	uint64_t recursive_until; /* a tunnel is down for that */
	bool unanswered; /* keepalives of a tunnel, says fwd */
	/* through a tunnel in all, and what this process fwd said last */
	struct tunnel_count through, heard;
	uint64_t policy_drops; /* in all, of all processes fwd */
	struct port_stats base, last; /* at the clear; at the last sample */
	struct port_rates rates;
};

struct ports {
	struct netlink *nl;
	struct plumbing *plumbing; /* sysctls and nftables, with undo */
	struct portrec rec[PORT_MAX + 1]; /* by index; 0 is the local TUN */
	unsigned n;
	unsigned next_eth;
	struct route *routes;
	size_t nroutes, cap;
	struct timer scan_timer, rate_timer, tunnel_timer;
	struct reverse *reverse; /* ports_reverse.c */
	bool rules;
	bool guarded; /* plumbing_guard(): the marks are not in place */
};

struct scan {
	struct ports *ps;
	struct nl_link found[PORT_MAX + 1]; /* ifindex 0: no such device */
};

struct portrec *ports_rec(const struct ports *, const char *name);
/* A TUN for that port; name: of the device, "coh%d" is any. -1: said why. */
int tun_create(struct ports *, unsigned index, const char *name) MUST_USE;
/* ports_tunnel.c */
void tunnels_start(struct router *);
void tunnel_make(struct ports *, struct portrec *);
void tunnel_stats(const struct portrec *, struct port_stats *);
/* Routes, ports or the configuration changed. */
void tunnels_check(struct router *);
/* Dumps all devices; false: netlink failed. */
bool ports_scan(struct ports *, struct scan *) MUST_USE;
/* Port on that device, PORT_LOCAL if none. */
unsigned ports_of_ifindex(const struct ports *, uint32_t ifindex);
/* The packet socket that multicast leaves and comes by (ports_mcast.c), or -1:
 * logged. It hears nothing before mcast_listen(). */
int mcast_open(uint32_t ifindex) MUST_USE;
void mcast_listen(const struct portrec *, bool on);
uint32_t ports_ifindex(const struct portrec *); /* of lo for loopbacks */
void ports_addrs(struct ports *, const struct portrec *, bool add,
    const struct interface *);
/* Answers to ARP for what NAT uses (ports_nat.c); conf NULL: none. */
void ports_aliases(struct ports *, const struct conf *);
bool ports_same_addrs(const struct interface *, const struct interface *);
bool ports_own_addr(const struct conf *, uint32_t addr);
void ports_rates_start(struct router *);

/* ports_reverse.c: routes of `reverse-route` and `add-route`, once more when
 * routes of the kernel or the configuration have changed. */
void ports_reverse(struct router *, const struct conf *);
void ports_reverse_commit(struct router *, const struct conf *);
void ports_reverse_free(struct ports *);

#endif
