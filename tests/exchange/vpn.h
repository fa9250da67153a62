/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A few routers with IPsec between them in memory, beside net.h, which is for
 * GDOI: configurations made by hand, a clock turned by hand, datagrams that
 * get lost, doubled and reordered, and what the packet processes know.
 */
#ifndef COHORT_TEST_VPN_H
#define COHORT_TEST_VPN_H

#include "ipsec/ipsec_priv.h"

#define VPN_ROUTERS 5
#define VPN_SAS 400
#define VPN_ROUTES 256

#define VIP(a, b, c, d)                                                       \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |     \
	    (uint32_t)(d))
#define VPN_ADDR(i) VIP(192, 0, 2, 1 + (i))
#define VPN_NET(i) VIP(10, 1 + (i), 0, 0) /* of /16, behind router i */

struct vpn_sa {
	struct sa_tek t;
	uint64_t end;	/* of its life */
	uint64_t known; /* when fwd has it */
	uint64_t from;	/* when it is sent with, if there is another one */
	uint64_t order; /* in which fwd heard of them */
	bool orphan;	/* of a process ike before this one */
	/* of vpn_traffic.c */
	uint32_t seq;
	bool ended;	/* its volume is used up: sent with no more */
	uint64_t octets, used, volume_told, silence_told;
};

struct vrouter {
	struct vpn *v;
	unsigned number;
	struct ipsec *s;
	struct conf *conf, *was;
	uint32_t addr;
	uint32_t nat; /* its address outside; ports moved by that much */
	uint16_t nat_shift;
	bool deaf;    /* receives nothing, sends nothing */
	bool fwd_dead; /* hears nothing */
	bool even_used; /* SPIs that are even are another one's */
	unsigned lag; /* ms that fwd needs for an SA that is new */
	unsigned logs[LOG_COUNT];
	char last[LOG_COUNT][256];
	struct vpn_sa sas[VPN_SAS];
	unsigned nsas, adds, dels, flushes;
	unsigned naces, policies;
	struct ace aces[SA_POLICY_MAX];
	uint16_t sa_of[SA_POLICY_MAX];
	unsigned routes;
	uint32_t route_prefix[VPN_ROUTES], route_peer[VPN_ROUTES];
};

struct vpn_datagram;

struct vpn {
	uint64_t now, rng, order;
	struct vrouter *r[VPN_ROUTERS];
	unsigned n;
	struct vpn_datagram *queue;
	unsigned loss, dup, reorder; /* percent */
	unsigned sent;
	/* Looks at each datagram and may change it; false: lost. */
	bool (*tap)(struct vpn *, struct udp_addr from, struct udp_addr to,
	    uint8_t *data, size_t len);
	void (*each)(struct vpn *); /* after each event, at each second */
	/* fwd hears of an SA that it does not have. */
	void (*added)(struct vrouter *, struct vpn_sa *);
	struct traffic *traffic; /* of vpn_traffic.h */
	bool verbose;
};

struct vpn *vpn_new(uint64_t seed);
void vpn_free(struct vpn *);
/* A new one with its first two routers. */
struct vpn *vpn_pair(uint64_t seed, struct vrouter **, struct vrouter **);
struct vrouter *vpn_add(struct vpn *); /* router n, with phase 1 for all */
void vpn_apply(struct vrouter *);
/* A configuration to change what the router has; then vpn_apply(). */
struct conf *vpn_conf_new(struct vrouter *);
void vpn_run(struct vpn *, uint64_t ms);
bool vpn_until(struct vpn *, uint64_t ms, bool (*)(struct vpn *));
void vpn_restart(struct vrouter *, bool silently); /* of process ike */
void vpn_kill_ike(struct vrouter *); /* it is started again, fwd goes on */
void vpn_kill_fwd(struct vrouter *);
void vpn_port(struct vrouter *, bool up);
/* What a tap saw, to be delivered later, or once more. */
struct vpn_kept {
	struct udp_addr from, to;
	size_t len; /* 0: nothing yet */
	uint8_t data[1024];
};
void vpn_keep(struct vpn_kept *, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len);
void vpn_deliver(struct vrouter *, struct vpn_kept *);
uint64_t vpn_random(struct vpn *);

/* ---- configurations ---- */

/* crypto map MAP SEQ ipsec-isakmp on its port: that peer, transform set T, an
 * empty access list "VPN" and the number. */
struct crypto_map *vpn_map(struct conf *, uint16_t seq, uint32_t peer);
struct map_peer *vpn_peer(struct crypto_map *, uint32_t addr);
struct transform_set *vpn_set(struct conf *, struct set_names *, const char *,
    unsigned cipher, unsigned bits, unsigned auth);
struct ace *vpn_permit(struct conf *, uint16_t seq, uint32_t src,
    uint32_t swild, uint32_t dst, uint32_t dwild);
/* Both of them protect what is between the networks behind them: entry 10 of
 * the list, AES with SHA-1. */
void vpn_site(struct vrouter *, struct vrouter *);
struct crypto_map *vpn_map_of(struct vrouter *); /* its first entry */
#define VPN_GROUP "map MAP 10"

/* ---- what fwd knows ---- */

/* The SA that it sends with now, NULL: none. */
const struct vpn_sa *vpn_out(struct vrouter *, const char *group,
    unsigned index);
const struct vpn_sa *vpn_in(struct vrouter *, uint32_t spi);
unsigned vpn_count(struct vrouter *, enum sa_way);
/* A packet: false and ACQUIRE when there is no SA to send it with. */
bool vpn_packet(struct vrouter *, const char *group, unsigned index);
void vpn_event(struct vrouter *, enum sa_event_type, const char *group,
    uint32_t spi);
/* What a sends of that flow b can read, the same keys and all. NATs are on
 * the way, if there are some. */
bool vpn_reads(struct vrouter *a, const char *group, unsigned index,
    struct vrouter *b);
/* The first two routers read each other, entry 1 of VPN_GROUP. */
bool vpn_both_ways(struct vpn *);

#endif
