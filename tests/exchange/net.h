/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A network in memory for tests of the key management engine: routers with
 * configurations made by hand, a clock turned by hand, datagrams that get
 * lost, doubled and reordered as a seed says, and a record of all log
 * messages and of what the packet process was told.
 *
 * Time jumps to the next event: nodes and datagrams wait in heaps by their
 * time, so that a step costs by what happens in it and ten thousand members
 * can wait in a test.
 */
#ifndef COHORT_TEST_NET_H
#define COHORT_TEST_NET_H

#include "gdoi/gdoi_priv.h"

#define NODES_MAX 10008
#define NODE_TEKS 32

struct node {
	struct net *net;
	unsigned number;	/* its place in net->nodes */
	struct timer due;	/* when its engine wants to be called */
	struct node *same_hash;
	struct gdoi *g;
	struct conf *conf;
	uint32_t addr, addr2;	/* addr2: of another interface, or 0 */
	bool deaf;		/* receives nothing, sends nothing */
	unsigned side;		/* hears only nodes on the same one */
	uint32_t cuts[16];	/* nor these; by net_cut() */
	unsigned ncuts;
	bool dead;		/* its process ike is */
	int ppm;		/* its clock runs that much too fast ... */
	uint64_t boot;		/* ... and showed this when time began, ms */
	unsigned logs[LOG_COUNT];
	char last[LOG_COUNT][256];
	/* as fwd would know it */
	bool policy;
	unsigned naces, npermit, ndeny, nlocal;
	uint8_t direction;
	bool reverted;
	unsigned policies;	/* times that one was told */
	struct ace aces[SA_POLICY_MAX];
	uint16_t sa_of[SA_POLICY_MAX];
	uint8_t local[SA_POLICY_MAX];
	struct sa_tek teks[NODE_TEKS];
	uint64_t tek_end[NODE_TEKS], tek_send[NODE_TEKS]; /* 0: untold */
	bool doubted[NODE_TEKS];
	unsigned nteks, flushes;
	unsigned keys_changed;
	/* multicast groups that it joined on its interface */
	uint32_t groups[8];
	unsigned ngroups, joins, leaves;
	bool no_join; /* the kernel refuses */
};

struct datagram {
	struct timer due;
	uint64_t at;
	struct udp_addr from, to;
	size_t len;
	uint8_t data[];
};

struct net {
	uint64_t now, rng;
	struct node *nodes[NODES_MAX];
	struct node *hash[4096]; /* by addr */
	unsigned n;
	struct timers due;	/* of nodes */
	struct timers queue;	/* of datagrams */
	uint64_t queued;	/* in all */
	unsigned loss, dup, reorder; /* percent */
	unsigned sent, bytes;
	/* Looks at each datagram and may change it; false: lost. */
	bool (*tap)(struct net *, struct datagram *);
	/* Sees each datagram after its delivery. */
	void (*after)(struct net *, const struct datagram *);
	/* Hears what a packet process would be told. */
	void (*sa)(struct node *, const struct sa_change *);
	/* trace of log messages to stderr */
	bool verbose;
	bool quiet; /* they are counted and not kept: many members */
};

struct net *net_new(uint64_t seed);
void net_free(struct net *);
struct node *net_add(struct net *, uint32_t addr); /* conf is the default */
void net_apply(struct node *); /* commits node->conf */
struct node *net_find(struct net *, uint32_t addr);
void net_run(struct net *, uint64_t ms);
/* Until the next event, at most until that time; false: it is reached. What
 * was done to an engine since the last one must have been said. */
bool net_step(struct net *, uint64_t until);
void net_touched(struct node *);
void net_lose(struct net *); /* all that is underway */
/* Until it holds, at most ms; whether it does. */
bool net_until(struct net *, uint64_t ms, bool (*)(struct net *));
/* No datagram passes between the two any more, nor those underway. */
void net_cut(struct node *, struct node *, bool cut);
void net_heal(struct net *); /* all on one side, no cuts */
bool net_connected(const struct node *, const struct node *);
void net_restart(struct node *); /* the process dies and starts again */
uint64_t net_random(struct net *);
struct gdoi_io net_io(void);
bool net_in_group(const struct node *, uint32_t addr);
bool net_io_member(void *, uint32_t ifindex, uint32_t group, bool join);

/* ---- configurations ---- */

struct conf *tc_new(void);
void tc_free(struct conf *);
struct conf *tc_copy(const struct conf *);
void *tc_add(struct cf_list *, size_t size);
struct isakmp_policy *tc_policy(struct conf *, uint8_t cipher, uint16_t bits,
    uint8_t hash, uint8_t group);
struct isakmp_key *tc_key(struct conf *, const char *key, uint32_t addr,
    uint32_t mask);
struct acl *tc_acl(struct conf *, const char *name);
struct ace *tc_ace(struct acl *, enum ace_action, uint32_t src,
    uint32_t swild, uint32_t dst, uint32_t dwild);
/* A whole key server's group "G1", number 100: profile P, transform set T,
 * ACL "A" (permit 10/8 10/8), RSA label "KEY". */
struct gdoi_local *tc_ks(struct conf *, uint32_t addr);
/* One more `sa ipsec` of a group, with profile P. */
struct gdoi_sa *tc_group_sa(struct gdoi_local *, uint16_t number,
    const char *acl);
/* A member of it: interface "FastEthernet0/0" with crypto map "MAP". */
struct gdoi_group *tc_gm(struct conf *);
struct gdoi_server *tc_server(struct conf *, uint32_t addr);
/* `redundancy` with that priority; a peer of it. */
struct gdoi_coop *tc_coop(struct conf *, uint8_t priority);
struct gdoi_coop_peer *tc_coop_peer(struct conf *, uint32_t addr);
void tc_no_coop(struct conf *);
void tc_no_groups(struct conf *);
const char *tc_rsa_text(void); /* a store with one key "KEY" */

/* A key server at KS_ADDR with the key, its policy and "SUPERSECRET" for
 * everybody; members number 0, 1, ... of it. Then net_apply_all(). */
#define KS_ADDR IP(10, 9, 0, 1)
#define GM_ADDR(i) IP(10, 9, 1 + (i) / 200, 1 + (i) % 200)
struct node *net_add_ks(struct net *, uint32_t addr);
struct node *net_add_gm(struct net *, unsigned i);
void net_apply_all(struct net *);
struct ks_group *net_ks(struct node *); /* its first group */
struct gm_group *net_gm(struct node *);
/* All nodes that are members are registered. */
bool net_registered(struct net *);

#define IP(a, b, c, d)                                                        \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |     \
	    (uint32_t)(d))

/* What its clock shows. */
static inline uint64_t
net_clock(const struct node *node)
{
	return node->boot + node->net->now *
	    (uint64_t)(1000000 + node->ppm) / 1000000;
}

/* When its clock will show that. */
static inline uint64_t
net_time(const struct node *node, uint64_t t)
{
	uint64_t rate = (uint64_t)(1000000 + node->ppm);

	if (t > UINT64_MAX / 2000000)
		return t;
	t = t > node->boot ? t - node->boot : 0;
	return node->ppm == 0 ? t : (t * 1000000 + rate - 1) / rate;
}

#endif
