/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Network address translation of process fwd (RFC 2663, RFC 3022) as show,
 * clear and debug see it. All functions are for the control thread; they hold
 * the lock of the table, which the worker takes once a burst, for 1000
 * entries at a time at most. Addresses in host byte order.
 *
 * Names of IOS: inside local is a host's own address, inside global the one
 * that the outside knows it by; outside global is a far host's own address,
 * outside local the one that the inside knows it by.
 */
#ifndef COHORT_NAT_H
#define COHORT_NAT_H

#include "conf/conf.h"

struct fwd;

/* ---- entries ---- */

enum nat_kind {
	NAT_SIMPLE,	/* inside local <-> inside global */
	NAT_PORT,	/* the same with protocol and port: static */
	NAT_OUTSIDE_SIMPLE, /* outside local <-> outside global */
	NAT_OUTSIDE_PORT,
	NAT_EXTENDED,	/* protocol, addresses and ports of both sides */
};

enum nat_tcp { NAT_TCP_SYN, NAT_TCP_ESTABLISHED, NAT_TCP_FINRST };

struct nat_tuple {
	uint8_t proto;	/* 0: all of the addresses */
	uint32_t inside_local, inside_global; /* 0: "---" */
	uint32_t outside_local, outside_global;
	uint16_t inside_local_port, inside_global_port;
	uint16_t outside_local_port, outside_global_port; /* or ICMP id */
};

struct nat_view {
	struct nat_tuple t;
	uint32_t id;	   /* while it lives */
	uint8_t kind;	   /* enum nat_kind */
	uint8_t tcp;	   /* enum nat_tcp, of extended TCP entries */
	bool is_static;	   /* by a line of the configuration */
	bool ports;	   /* of t mean something: TCP, UDP, ICMP queries */
	uint32_t created, used; /* seconds ago */
	uint32_t timeout, left; /* seconds, NAT_NEVER */
	uint32_t rule;	   /* struct nat_rule_view.id; 0: none */
	uint32_t children; /* extended entries that came from it */
};

/* The next entries from *cursor on (0: from the first one), max of them at
 * most; returns how many, 0 at the end. Entries that come or go meanwhile may
 * be missed, none is told twice. */
size_t nat_walk(struct fwd *, uint32_t *cursor, struct nat_view *,
    size_t max);

/* What to clear. Static entries stay, their children go. */
struct nat_filter {
	bool all;
	/* else where the field is not 0 it must be equal */
	struct nat_tuple t;
};
uint32_t nat_clear(struct fwd *, const struct nat_filter *);

/* ---- statistics ---- */

struct nat_stats {
	uint32_t statics, dynamics, extended; /* entries; active is the sum of
					       * the first two */
	uint32_t peak, peak_ago;	  /* of active; seconds */
	uint32_t max;			  /* entries that there may be */
	uint32_t max_host;		  /* ... of each host; 0: no limit */
	uint64_t max_host_missed;
	/* since the last nat_stats_clear() */
	uint64_t hits, misses;	  /* packets that had an entry; that did not,
				   * and got one or were dropped */
	uint64_t out, in;	  /* translated, by way */
	uint64_t expired;	  /* entries */
	uint64_t evicted;	  /* that went before their time, table full */
	uint64_t no_address;	  /* packets dropped: pool used up */
	uint64_t no_port;	  /* ... all ports of the group in use */
	uint64_t no_entry;	  /* ... table full of what may not go */
	uint64_t limited;	  /* ... limit of a host or list reached */
	uint64_t fragments;	  /* ... tail whose head was not seen */
	uint64_t icmp_strange;	  /* ICMP errors about no entry */
};
void nat_stats_get(struct fwd *, struct nat_stats *);
void nat_stats_clear(struct fwd *);

/* The lines that are in force, in order: static ones are not among them. */
struct nat_rule_view {
	uint32_t id;
	const struct nat_dynamic *conf;
	uint32_t refs;	  /* entries that it made and that live */
	uint64_t misses;  /* packets dropped: no address, no port */
};
size_t nat_rules_get(struct fwd *, struct nat_rule_view *, size_t max);

struct nat_pool_view {
	const struct nat_pool *conf;
	uint32_t total, allocated; /* addresses */
	uint64_t misses;
};
size_t nat_pools_get(struct fwd *, struct nat_pool_view *, size_t max);

struct nat_limit_view {
	const struct nat_limit *conf;
	uint32_t used;	  /* entries */
	uint64_t missed;  /* packets dropped */
};
size_t nat_limits_get(struct fwd *, struct nat_limit_view *, size_t max);

/* ---- debug ip nat ---- */

enum nat_debug { NAT_DEBUG_OFF, NAT_DEBUG_ON, NAT_DEBUG_DETAILED };
void nat_debug_set(struct fwd *, enum nat_debug, const char *acl);

enum nat_told {
	NAT_TOLD_OUT,	  /* translated on its way from inside to outside */
	NAT_TOLD_IN,	  /* ... from outside to inside */
	NAT_TOLD_FAILED,  /* dropped */
	NAT_TOLD_CREATED, /* entries, detailed only: src is inside local, */
	NAT_TOLD_GONE,	  /* new_src global, dst outside local, new_dst ... */
};
struct nat_packet {
	uint8_t what;	  /* enum nat_told */
	uint8_t proto;
	uint32_t src, new_src, dst, new_dst;
	uint16_t sport, new_sport, dport, new_dport;
	uint16_t id;	  /* of the IP header */
};
/* By show_nat.c: called for each packet while debug is on, as many as the
 * ring of events has room for. */
void nat_debug_print(struct fwd *, const struct nat_packet *);
/* debug_set says something new. */
void nat_debug_changed(struct fwd *);

#endif
