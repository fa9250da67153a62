/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A port: an IOS interface bound to a device of Linux. main knows both sides
 * and tells ike and fwd; indices are main's, 1..PORT_MAX, 0 = the router
 * itself (locally generated packets). Loopbacks are ports without a device,
 * the device of a tunnel only holds its addresses and routes.
 */
#ifndef COHORT_PORT_H
#define COHORT_PORT_H

#include "base/buf.h"

#define PORT_MAX 64
#define PORT_LOCAL 0

struct port {
	uint16_t index;
	char name[40];	/* of the configuration: "FastEthernet0/0" */
	char dev[16];	/* of Linux: "eth1"; "" for loopbacks */
	uint32_t ifindex;
	uint32_t tun_ifindex; /* of the device that its packets come out of */
	uint32_t addr, mask; /* primary; 0 none */
	uint32_t mtu;	/* IP MTU of the device */
	bool up;	/* line protocol */
	bool loopback;
	bool tunnel;	/* GRE: its device is a TUN of ours */
};

/* What went through a tunnel, in octets with the header that IP and GRE put
 * around it, and the largest packet that path MTU discovery lets in. */
struct tunnel_count {
	uint64_t in_packets, in_bytes, out_packets, out_bytes;
	uint32_t mtu;	/* 0: nothing was found */
	uint64_t until; /* monotonic ms, 0: for ever */
};

struct udp_addr { /* host byte order */
	uint32_t addr;
	uint16_t port;
};

void port_put(struct wr *w, const struct port *p);
/* "Gi0/0" of "GigabitEthernet0/0". */
void port_short_name(const char *name, char *buf, size_t size);
void port_get(struct rd *r, struct port *p);

/* A route of the kernel's tables, as fwd needs it. */
struct route {
	uint32_t prefix;
	uint8_t len;
	uint32_t nexthop; /* 0: directly connected */
	uint16_t port;	  /* out of which port; PORT_LOCAL: own address */
};

void route_put(struct wr *w, const struct route *r);
void route_get(struct rd *r, struct route *rt);

#endif
