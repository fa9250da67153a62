/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What Cohort asks of rtnetlink: links, IPv4 addresses, routes and policy
 * rules of the namespace it runs in. Addresses in host byte order. Requests
 * wait for the kernel's answer and return 0 or -1 with errno. A dump during
 * which the tables change may miss some: the monitor tells of it.
 */
#ifndef COHORT_NETLINK_H
#define COHORT_NETLINK_H

#include "main/router.h"

struct nl_link {
	uint32_t ifindex;
	char name[16];
	uint32_t mtu;
	/* carrier without running: the kernel's link watch, which looks once
	 * a second, has not let packets out yet (RFC 2863: operStatus) */
	bool up, carrier, running;
	uint8_t mac[6];
	struct port_stats stats;
};

static inline bool
nl_link_rises(const struct nl_link *l)
{
	return l->up && l->carrier && !l->running;
}

struct nl_route {
	uint32_t prefix, nexthop, ifindex, table, priority;
	uint8_t len, type, proto, scope;
	bool replace; /* what has the same prefix and priority */
};

struct nl_neigh {
	uint32_t addr, ifindex;
	uint16_t state; /* NUD_* */
	bool has_mac;
	uint8_t mac[6];
	uint32_t confirmed; /* so many clock ticks (1/100 s) ago */
};

struct netlink;
struct netlink *nl_open(void) MUST_USE; /* NULL: errno */
void nl_close(struct netlink *);

int nl_links(struct netlink *, void (*fn)(void *, const struct nl_link *),
    void *arg) MUST_USE;
int nl_routes(struct netlink *, void (*fn)(void *, const struct nl_route *),
    void *arg) MUST_USE;
int nl_neighbours(struct netlink *,
    void (*fn)(void *, const struct nl_neigh *), void *arg) MUST_USE;
int nl_link_set(struct netlink *, uint32_t ifindex, int up, uint32_t mtu);
int nl_vlan_add(struct netlink *, uint32_t parent, const char *name,
    uint16_t vlan);
int nl_link_del(struct netlink *, uint32_t ifindex);
int nl_addr(struct netlink *, bool add, uint32_t ifindex, uint32_t addr,
    unsigned len, bool secondary);
int nl_route_set(struct netlink *, bool add, const struct nl_route *);
/* mark 0: the rule for all packets. */
int nl_rule(struct netlink *, bool add, uint32_t pref, uint32_t mark,
    uint32_t table);

/* A socket that becomes readable when links, addresses or routes change. */
int nl_monitor_fd(struct netlink *);
/* Reads it empty. */
void nl_monitor_drain(struct netlink *);

#endif
