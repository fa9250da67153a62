/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The router of rig.h with NAT: LAN is inside, WAN outside, no crypto map,
 * the timeouts that IOS has. Lines of the configuration are functions; call
 * natrig_commit() behind them.
 */
#ifndef COHORT_RIG_NAT_H
#define COHORT_RIG_NAT_H

#include "dataplane/nat.h"
#include "rig.h"

#define FAR_A IP4(203, 0, 113, 9)
#define FAR_B IP4(203, 0, 113, 10)
#define HOST_A IP4(10, 1, 1, 10)
#define HOST_B IP4(10, 1, 1, 11)
#define POOL_1 IP4(198, 51, 100, 1)

struct natrig {
	struct rig r;
	struct nat_dynamic d[8];
	struct nat_static s[8];
	struct nat_pool p[4];
	struct route_map rm[8];
	struct route_map_acl rma[8];
	struct nat_port_timeout pt[2];
	unsigned n_d, n_s, n_p, n_rm, n_pt;
};

/* What a packet shows. Of ICMP queries both ports are the identifier. */
struct seen {
	uint8_t proto;
	uint32_t src, dst;
	uint16_t sport, dport;
};

static inline struct seen
mk_seen(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst,
    uint16_t dport)
{
	return (struct seen){ proto, src, dst, sport, dport };
}

void natrig_start(struct natrig *);
void natrig_end(struct natrig *);
void natrig_commit(struct natrig *);
/* Lines are forgotten, lists stay. */
void natrig_forget(struct natrig *);

/* access-list NAME permit ip 10.1.1.0 0.0.0.255 any */
void natrig_lan_list(struct natrig *, const char *name);
struct nat_pool *natrig_pool(struct natrig *, const char *name,
    uint32_t start, uint32_t end);
/* route-map NAME permit|deny SEQ, match ip address ACL ("": no match line) */
void natrig_route_map(struct natrig *, const char *name, bool deny,
    const char *acl);
struct nat_dynamic *natrig_list(struct natrig *, const char *acl,
    const char *pool, bool overload); /* pool NULL: interface WAN */
struct nat_dynamic *natrig_map(struct natrig *, const char *rm,
    const char *pool, bool overload);
struct nat_static *natrig_static(struct natrig *, uint32_t local,
    uint32_t global);
struct nat_static *natrig_static_port(struct natrig *, uint8_t proto,
    uint32_t local, uint16_t lport, uint32_t global, uint16_t gport);

/* A packet with payload into a port. TCP: flags; ICMP: an echo request, a
 * reply with flags 1. */
void natrig_send(struct natrig *, uint16_t port, struct seen,
    uint8_t flags);
/* The one packet that came out of that port, whose checksums are right
 * (tested word by word, not with the product's functions). */
struct seen natrig_got(struct natrig *, uint16_t port);
/* natrig_send(), and what comes out of the other port must be `to`. */
#define natrig_pass(n, port, what, flags, out, to)                            \
	natrig_pass_at(n, port, what, flags, out, to, __FILE__, __LINE__)
#define natrig_out(n, what, to) natrig_pass(n, LAN, what, 0, WAN, to)
#define natrig_in(n, what, to) natrig_pass(n, WAN, what, 0, LAN, to)
void natrig_pass_at(struct natrig *, uint16_t port, struct seen what,
    uint8_t flags, uint16_t out, struct seen to, const char *file, int line);
/* Nothing comes out and this reason counted one. */
void natrig_lost(struct natrig *, uint16_t port, struct seen, uint8_t flags,
    enum drop_id);
bool sums_ok(const uint8_t *ip, unsigned len);
struct seen seen_of(const uint8_t *ip);
struct seen seen_back(struct seen); /* the answer to it */
struct nat_stats natrig_stats(struct natrig *);

#endif
