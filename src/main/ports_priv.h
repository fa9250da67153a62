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
	uint32_t tun_ifindex;
	bool wanted;	/* the configuration has it */
	bool vlan_made; /* we created the device */
	bool untold;	/* process ike does not know yet */
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
	struct timer scan_timer, rate_timer;
	bool rules;
	bool guarded; /* plumbing_guard(): the marks are not in place */
};

struct scan {
	struct ports *ps;
	struct nl_link found[PORT_MAX + 1]; /* ifindex 0: no such device */
};

/* Dumps all devices; false: netlink failed. */
bool ports_scan(struct ports *, struct scan *) MUST_USE;
/* Port on that device, PORT_LOCAL if none. */
unsigned ports_of_ifindex(const struct ports *, uint32_t ifindex);
void ports_rates_start(struct router *);

#endif
