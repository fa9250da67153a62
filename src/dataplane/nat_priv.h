/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Private to src/dataplane/nat*.c.
 *
 *  nat.c        the stages: entry, then static, then rules in their order
 *  nat_table.c  entries, found both ways, their timers, who goes when full
 *  nat_alloc.c  free addresses of pools, free ports of an address
 *  nat_rule.c   rules from the configuration, static entries
 *  nat_packet.c addresses and ports in packets, checksums, ICMP errors
 *  nat_frag.c   fragments behind the first
 *  nat_limit.c  entries that hosts may have
 *  nat_own.c    connections of this router itself
 *  nat_again.c  packets that waited while lines changed
 *  nat_view.c   nat.h: what show, clear and debug want
 *
 * Everything below struct nat is under its lock. The worker takes it once a
 * burst while NAT is on; the control thread for a piece of work at a time,
 * and never while it waits for the worker (snap_publish()).
 */
#ifndef COHORT_NAT_PRIV_H
#define COHORT_NAT_PRIV_H

#include <pthread.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"
#include "dataplane/nat.h"

#define NAT_SLOTS 4096	/* seconds that the timer wheel looks ahead */
#define NAT_RULES_MAX 65536
#define NAT_WORK 1000	/* entries that the control thread looks at at once */

/* Behind enum nat_kind: the pool address that a host has by a rule which
 * makes extended entries only. Finds nothing, is not shown. */
#define NAT_ANCHOR 5

enum {
	NE_STATIC = 1,	/* by a line of the configuration, never ends */
	NE_OUT = 2, NE_IN = 4, /* packets that were seen */
	NE_POOL = 8,	/* holds an address of its rule's pool */
	NE_OWN = 16,	/* this router's own, as it is: not shown */
	NE_COUNTED = 32, /* in nat.hosts */
};
#define NE_FREE 0xff	/* as kind */

/* 64 octets; links are indices, 0 is none. What an entry does not have
 * (ports of a simple one, ...) is 0. */
struct nat_entry {
	uint32_t il, ig, ol, og;
	uint16_t ilp, igp, olp, ogp;
	uint32_t next_out, next_in; /* of the same hash */
	uint32_t next, prev;	    /* in the slot of the wheel; or free */
	uint32_t created, used;	    /* seconds of the clock of packets */
	uint32_t parent;	    /* simple entry of the inside */
	union {
		uint32_t children;  /* of a simple one: who names it */
		uint32_t far;	    /* of an extended one: simple entry of
				     * the outside */
	};
	uint16_t rule;		    /* 0: none */
	uint8_t proto;
	uint8_t kind;		    /* enum nat_kind, NAT_ANCHOR */
	uint8_t tcp : 2, flags : 6; /* enum nat_tcp; NE_ */
	uint8_t limit;		    /* list that it counts for; 0: none */
	uint16_t slot;		    /* of the wheel + 1; 0: in none */
};

/* A line of the configuration, for as long as it says the same: with the
 * same pool and, by an interface, the same address. */
struct nat_rule {
	struct ref ref;
	uint16_t id;
	bool gone;		/* its entries are dead */
	bool made;		/* its static entry */
	bool is_static;
	union {			/* names and numbers of it; obj is unused */
		struct nat_dynamic dynamic;
		struct nat_static fixed;
	};
	uint32_t addr;		/* of the interface, 0: none */
	struct nat_pool_obj *pool; /* NULL: none of that name */
	uint32_t refs;		/* entries */
	uint64_t misses, misses_cleared;
};

/* A pool, as long as its addresses stay the same. */
struct nat_pool_obj {
	struct ref ref;
	char name[CONF_NAME];
	uint8_t type;
	uint32_t mask, total;
	unsigned n;
	struct { uint32_t start, end, first; } *ranges; /* first: index */
	uint32_t *refs;		/* by index: entries with the address */
	uint32_t allocated;	/* of them not 0 */
	uint32_t next;		/* index that is tried first */
	uint64_t misses, misses_cleared;
};

/* Which packets: a list or a route-map, compiled. */
struct nat_match {
	struct nat_match *next;	/* entries of the route-map, by number */
	bool deny;
	bool never;		/* matches nothing */
	unsigned n;		/* 0: matches everything */
	const struct acl_obj **acls;
};

struct nat_choice { /* a rule as the worker reads it */
	struct nat_rule *rule;
	const struct nat_match *match; /* NULL: always */
	bool by_dst;		/* it is asked about destinations */
};

/* In the snapshot. */
struct nat_rules {
	struct ref ref;
	struct arena *mem;
	unsigned n, n_static;
	struct nat_choice *dynamics, *statics; /* in order */
	bool on;		/* something can be translated at all */
	bool by_way[3];		/* enum nat_way: there are dynamic ones */
	bool networks, route_maps; /* among the static ones */
	bool add_route;		/* something has it */
	const struct nat_rule **routes; /* static ones that have */
	unsigned n_routes;
	bool limits;		/* of hosts or lists */
	struct { uint8_t id; const struct nat_match *match; } *lists;
	unsigned n_lists;	/* with a limit, in order */
	const struct acl_obj *debug;
	unsigned n_held;
	struct ref **held;	/* lists, rules */
};

struct nat_frag {
	uint32_t src, dst, new_src, new_dst;
	uint32_t until;		/* second; 0: free */
	uint16_t id;
	uint8_t proto;
	bool out;
};

#define NAT_FRAGS 4096
#define NAT_FRAG_WAYS 4
#define NAT_FRAG_SECS 15

/* A fragment that came before the first of its packet. */
struct nat_held {
	struct pkt pkt;
	struct nat_frag key; /* what the first one will be noted as */
	uint64_t until;	     /* milliseconds */
	unsigned at;	     /* stage that it goes on from */
	enum { NAT_HELD_FREE, NAT_HELD_WAITS, NAT_HELD_READY, NAT_HELD_RUNS }
	    state;
};

#define NAT_HELD_LEN 9216 /* octets of the largest one */
#define NAT_HELD_MS 1000

/* No free port was found just now. */
struct nat_full {
	uint32_t ig, og, until;
	uint16_t ogp;
	uint8_t proto, group;
};
#define NAT_FULLS 1024

struct nat_host { /* a slot of a hash */
	uint32_t addr; /* 0: free */
	uint32_t count;
};

struct nat_host_limit {
	uint32_t addr, max;
	uint64_t missed;
};

struct nat_list_limit {
	char acl[CONF_NAME];
	uint32_t max, count;
	uint64_t missed;
	bool used; /* a line names it */
};

struct nat_counters {
	uint64_t hits, misses, out, in, expired, evicted;
	uint64_t no_address, no_port, no_entry, limited, fragments;
	uint64_t icmp_strange;
};

struct nat {
	pthread_mutex_t lock;
	bool entered;		/* the worker has it; only the worker asks */
	bool waits;		/* the worker, for the lock; atomic */
	uint64_t seed[2];
	uint32_t now;		/* seconds */

	/* allocated when NAT is first switched on */
	struct nat_entry *e;	/* 1 .. top - 1 */
	uint32_t *out, *in;	/* heads by hash */
	uint32_t top, free, count, max;
	uint32_t n_kind[NAT_ANCHOR + 1], n_static, n_own;
	uint32_t peak, peak_at;
	uint32_t hand;		/* where the next one to go is looked for */

	uint32_t *wheel;	/* [NAT_SLOTS] */
	uint32_t wheel_at, n_wheel; /* second it has come to; entries in it */
	uint32_t sweep;		/* index from where on all are looked at
				 * again; 0: done */
	struct nat_timeouts timeouts;
	struct { uint8_t proto; uint16_t port; uint32_t secs; } *port_timeouts;
	unsigned n_port_timeouts;

	struct nat_rule *rules[NAT_RULES_MAX]; /* by id */
	uint32_t top_rule, n_gone, rule_hint;
	uint32_t n_left, id_hint; /* while lines are read: live ones that were
				   * not met yet; where a free one may be */
	struct nat_pool_obj **pools;
	unsigned n_pools;
	struct nat_counters c, cleared;
	struct nat_frag *frags;
	struct nat_held *held;	/* the worker's alone */
	unsigned n_held, next_held; /* in use; the one that is tried first */
	bool woken;		/* some are ready */
	struct nat_full fulls[NAT_FULLS];
	uint16_t next_port;
	uint32_t probes, probes_at; /* ports that were tried in that second */
	struct nat_host *hosts; /* NULL: never was a limit of theirs */
	struct nat_host_limit *host_limits; /* by address */
	unsigned n_host_limits;
	uint32_t all_host;	/* 0: no limit */
	uint64_t all_host_missed;
	struct nat_list_limit lists[256]; /* from 1 on */
	enum nat_debug debug;
	char debug_acl[CONF_NAME];
};

/* One direction of one packet, or what is asked about it. */
struct nat_ask {
	struct fwd *f;
	struct nat *n;
	const struct nat_rules *r;
	struct pkt *p;
	uint8_t proto;
	bool ports;		/* sport and dport mean something */
	uint32_t src, dst;
	uint16_t sport, dport;
	unsigned at;		/* number of the stage */
};

/* ---- nat_table.c ---- */

/* What entries are found by: local addresses by packets that go out, global
 * ones by packets that come in. Only NAT_EXTENDED has a far end; the others
 * are about a host of one side. For NAT_ANCHOR by its local address the port
 * is the rule. Ports of ICMP queries are the identifier on both sides. */
struct nat_key {
	uint32_t addr, far;
	uint16_t port, far_port;
	uint8_t kind, proto;
};

/* Of the extended entry of a packet. */
static inline struct nat_key
nat_key(const struct nat_ask *a, bool out)
{
	return (struct nat_key){ .kind = NAT_EXTENDED, .proto = a->proto,
		.addr = out ? a->src : a->dst, .far = out ? a->dst : a->src,
		.port = out ? a->sport : a->dport,
		.far_port = out ? a->dport : a->sport };
}

/* Two threads have a clock: it never goes back. */
static inline void
nat_clock(struct nat *n, uint64_t now_ms)
{
	uint32_t now = (uint32_t)(now_ms / 1000);

	if ((int32_t)(now - n->now) > 0)
		n->now = now;
}

static inline struct nat_entry *
nat_at(const struct nat *n, uint32_t i)
{
	return &n->e[i];
}

/* Entries of the configuration and of hosts. */
static inline uint32_t
nat_active(const struct nat *n)
{
	return n->count - n->n_kind[NAT_ANCHOR] - n->n_own;
}

void nat_table_alloc(struct nat *);
void nat_table_free(struct nat *);
/* The head of the chain that such a packet is looked for in; its memory has
 * been asked for. */
const uint32_t *nat_head(const struct nat *, const struct nat_ask *,
    bool out);
/* Asks for the memory of the second one of that chain, if the packet's is not
 * the first. */
void nat_look_ahead(const struct nat *, const struct nat_ask *, uint32_t head,
    bool out);
/* The live entry of that key behind `at` (0: the first) among those that
 * packets going out or coming in are looked for in, or 0. */
uint32_t nat_find(struct nat *, bool out, uint32_t at, const struct nat_key *);
/* A new entry like this one (links, times and counts are set here); another
 * one goes for it if need be, but for `parent` and `far` of it. 0: there is
 * no room. f: the worker asks. */
uint32_t nat_entry_add(struct fwd *f, struct nat *, const struct nat_entry *);
void nat_entry_del(struct nat *, uint32_t i);
/* Seconds that it lives without packets. */
uint32_t nat_timeout_of(const struct nat *, const struct nat_entry *);
bool nat_entry_dead(const struct nat *, const struct nat_entry *);
/* A packet used it. */
void nat_entry_use(struct nat *, uint32_t i, uint8_t tcp_flags, bool out);
/* Timers up to now, that many entries at most. f: the worker asks. */
void nat_tick(struct fwd *f, struct nat *, unsigned budget);
bool nat_is_behind(const struct nat *);
/* Have all entries looked at again: timeouts or rules have changed. */
void nat_sweep_start(struct nat *);
uint64_t nat_hash(const struct nat *, uint64_t a, uint64_t b);

/* ---- nat.c ---- */

/* Between an inside and an outside interface, or the router's own. */
bool nat_crosses(const struct fwd *, const struct pkt *, bool out);
/* Some line is about what goes out, whether or not it can be translated. */
bool nat_wants(const struct nat_ask *);

/* ---- nat_alloc.c ---- */

/* The rule's next address for a host, 0: none is left. */
uint32_t nat_alloc_addr(struct nat *, struct nat_rule *, uint32_t host);
/* ... of a rotary pool. */
uint32_t nat_alloc_rotary(struct nat_rule *);
/* Global address and port of e (protocol, inside local and outside global
 * are set) by a rule with overload. */
bool nat_alloc_port(struct nat *, const struct snap *, struct nat_rule *,
    struct nat_entry *e);
/* The port for a connection of this router's own. */
bool nat_alloc_own_port(struct nat *, struct nat_entry *);
/* e holds its address of the pool, or no longer. */
void nat_pool_hold(struct nat *, const struct nat_entry *, bool);
bool nat_pool_has(const struct nat_pool_obj *, uint32_t addr, uint32_t *at);

/* ---- nat_rule.c ---- */

bool nat_match(const struct nat_match *, const struct flow *);
struct nat_match *nat_match_list(struct fwd *, struct nat_rules *,
    const char *acl);

/* ---- nat_limit.c ---- */

void nat_limit_config(struct fwd *, struct nat_rules *);
void nat_limit_clear(struct nat *); /* statistics */
/* An entry comes or goes. */
void nat_limit_count(struct nat *, struct nat_entry *, bool add);
/* Whether e, about its inside local address, may be; fl: the packet as one
 * that goes out. Sets e->limit. */
bool nat_limit_allows(const struct nat_ask *, struct nat_entry *e,
    const struct flow *fl);

/* ---- nat_packet.c ---- */

/* Protocol, addresses and ports of a packet; false: cut short. */
bool nat_packet_read(struct pkt *, struct nat_ask *);
/* An ICMP error (RFC 792) that holds the beginning of a packet. */
bool nat_is_icmp_error(const struct pkt *);
/* Writes what is not as in the ask into packet and flow. */
void nat_packet_write(struct pkt *, const struct nat_ask *, uint32_t src,
    uint16_t sport, uint32_t dst, uint16_t dport);
/* The packet inside an ICMP error as the ask of one that goes the other way:
 * its source is what the error's destination was sent. False: none that can
 * be read. */
bool nat_inner_read(const struct pkt *, struct nat_ask *);
/* Writes into the packet inside and the checksum of the error; in terms of
 * that ask. */
void nat_inner_write(struct pkt *, const struct nat_ask *, uint32_t src,
    uint16_t sport, uint32_t dst, uint16_t dport);

/* ---- nat_frag.c ---- */

/* What became of the addresses of a first fragment; other packets are not
 * noted. */
void nat_frag_note(struct nat *, const struct nat_ask *was, bool out);
/* The same for one behind it; NULL: the first was not seen. */
const struct nat_frag *nat_frag_find(const struct nat *,
    const struct nat_ask *, bool out);
/* A copy of it waits for its first fragment; false: it cannot. */
bool nat_frag_hold(struct fwd *, const struct nat_ask *, bool out,
    unsigned at);
void nat_held_expire(struct fwd *);

/* ---- nat_own.c ---- */

/* The entry of a packet of this router's own, made if it begins something, or
 * 0: it goes as it is. */
uint32_t nat_own_entry(const struct nat_ask *);
/* A packet of this router's own is translated like that of a host inside. */
bool nat_own_begins_inside(const struct nat_ask *);

/* ---- nat_view.c ---- */

void nat_tell(struct fwd *, const struct nat_ask *was, enum nat_told);
void nat_tell_entry(struct fwd *, const struct nat_entry *, enum nat_told);

#endif
