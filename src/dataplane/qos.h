/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Quality of service in process fwd: what a service policy of a port becomes.
 *
 *	qos_plan.c   control: from the configuration to the structs below
 *	qos_class.c  worker: which class, marking, policers
 *	qos_queue.c  worker: queues, shapers, the scheduler
 *	qos_again.c  worker: packets that waited while something changed
 *	qos.c	     worker: the stages
 *	show_qos.c   control: show policy-map interface, rates
 *
 * A policy is a tree of two levels: classes of the policy, and below each of
 * them those of its child policy. class-default is there in every policy and
 * is its last one. Rates are bits a second; a bucket counts bits times a
 * million, so that microseconds of any rate are whole numbers.
 */
#ifndef COHORT_QOS_H
#define COHORT_QOS_H

#include "dataplane/engine.h"

#define QOS_BUFFERS 16384	  /* packets that wait, of all ports */
#define QOS_MEMORY (48u << 20)	  /* octets of them */
#define QOS_RESERVE 16		  /* one part of it is for priority only */
#define QOS_LIMIT 64		  /* packets of a queue */
#define QOS_NO_NODE UINT16_MAX

/* ---- what does not change: rules ---- */

struct qos_test {
	uint8_t kind;	 /* enum qos_match_kind */
	bool negate;
	uint8_t proto, group;
	uint16_t port, lo, hi;
	uint16_t map;	 /* QOS_CLASS: index in maps */
	uint64_t values; /* DSCPs or precedences, a bit each */
	const struct acl_obj *acl; /* NULL: matches nothing */
};

struct qos_map {
	bool any;
	unsigned first, n; /* of tests */
};

/* How packets find their class; made anew with every configuration. */
struct qos_rules {
	struct ref ref;
	unsigned n_maps, n_tests;
	struct qos_map *maps;
	struct qos_test *tests;
	uint16_t *map_of; /* per node; QOS_NO_NODE: matches everything */
};

/* ---- a class of a policy ---- */

struct qos_meter_cfg {
	bool on, two_rates, three_colours;
	uint64_t cir, pir, bc, be; /* bits a second, octets */
	struct qos_actions act;
};

struct qos_red_range {
	uint16_t min, max, mark;
	uint16_t given; /* by a line */
};

/* What random early detection did to packets of one value. */
enum red_count { RC_SENT, RC_SENT_BYTES, RC_EARLY, RC_EARLY_BYTES, RC_FULL,
	RC_FULL_BYTES, RC_COUNT };
struct qos_red_counts {
	uint64_t c[RC_COUNT], cleared[RC_COUNT];
};

/* Values only: equal octets are the same policy, which then keeps its
 * queues and counters when the configuration changes elsewhere. */
struct qos_node_cfg {
	char name[CONF_NAME], child[CONF_NAME];
	uint16_t parent;	 /* QOS_NO_NODE: of the policy itself */
	uint16_t first, n;	 /* classes of its child */
	uint16_t queue;		 /* node whose queue it uses, or NO_NODE */
	bool is_default, any, queues, drop;
	uint8_t bw_unit, prio_unit, prio_level;
	bool levels;		 /* prio_level was given */
	uint32_t bw, prio;	 /* as configured */
	uint64_t bw_kbps;
	uint64_t weight;	 /* of its share, out of 1 << 20 */
	uint64_t prio_rate, prio_burst; /* bits a second, octets; 0: none */
	bool shape, shape_peak, shape_percent;
	uint64_t shape_rate;
	uint64_t shape_cir;	 /* as it is shown */
	uint32_t shape_bc, shape_be;
	uint32_t limit;
	bool limit_bytes;
	uint32_t limit_ms;	 /* that these are; 0: not configured so */
	uint16_t flows;		 /* fair-queue: how many; 0: one FIFO */
	uint32_t flow_limit;	 /* of each, as limit */
	uint8_t red, red_weight;
	struct qos_red_range ranges[64]; /* by DSCP or precedence */
	uint8_t set_dscp, set_precedence, set_group;
	struct qos_meter_cfg police;
};

struct qos_bucket {
	int64_t tokens;	   /* bits * 1e6 */
	uint64_t at;	   /* us */
};

/* A packet that waits. */
struct qos_buf {
	struct qos_buf *next;
	uint32_t len, size; /* octets used, room */
	struct pkt pkt;	    /* its metadata, without a buffer */
	unsigned stage;	    /* where its path goes on */
	/* of the snapshot that it was judged by, and in which its pointers
	 * hold */
	uint64_t generation, nat_lines;
	uint8_t data[];
};

struct qos_fifo {
	struct qos_buf *head, **tail;
	uint32_t packets, bytes;
};

struct qos_flow {
	struct qos_fifo fifo;
	int32_t deficit;
	struct qos_flow *next; /* of those that have packets */
};

/* Written by the worker, read by anybody. */
enum qos_count { QC_PACKETS, QC_BYTES, QC_DROPS, QC_DROP_BYTES,
	QC_OUT_PACKETS, QC_OUT_BYTES, QC_QUEUE_DROPS, QC_NO_BUFFER,
	QC_PRIO_DROPS, QC_RED_DROPS, QC_MARKED,
	QC_CONFORM, QC_CONFORM_BYTES, QC_EXCEED, QC_EXCEED_BYTES, QC_VIOLATE,
	QC_VIOLATE_BYTES, QC_COUNT };

enum qos_rated { QR_OFFERED, QR_DROP, QR_CONFORM, QR_EXCEED, QR_VIOLATE,
	QR_COUNT };

struct qos_node {
	struct qos_node_cfg cfg;
	uint64_t c[QC_COUNT];
	struct qos_red_counts *reds; /* by DSCP or precedence, or NULL */
	uint32_t depth;		   /* packets here and below; atomic */
	/* worker */
	struct qos_bucket shaper, prio, meter[2];
	struct qos_flow *flows;	   /* cfg.flows of them, or one */
	struct qos_flow *active, **active_tail;
	uint32_t bytes, spared;	   /* spared: packets of this router */
	uint64_t tag, vtime;	   /* start tag; of the classes below */
	uint32_t average;	   /* WRED: packets << 16 */
	uint64_t idle_since;
	/* control thread */
	uint64_t cleared[QC_COUNT], sampled[QR_COUNT];
	double rate[QR_COUNT];	   /* bits a second */
};

/* The policy of one port and direction. */
struct qos_run {
	struct ref ref;
	char policy[CONF_NAME];
	uint16_t port;
	bool out;
	bool queues, shapes; /* shapes: packets can have to wait */
	unsigned overhead; /* octets of the link's header */
	uint16_t n_top, n_nodes;
	struct qos_node *nodes;
	uint32_t *used_buffers, *used_bytes; /* the engine's, atomic */
	/* worker */
	uint64_t vtime, turn; /* turn: packets with priority */
	uint32_t depth;	  /* packets that wait; atomic */
	uint64_t due;	  /* us; when one of them may leave */
	uint32_t seed;
	/* control thread */
	uint16_t interval; /* load-interval, seconds */
	uint64_t *gone;	   /* gets its drops when it ends, or NULL */
};

/* qos_class.c. The nodes that a packet belongs to: its class and that of the
 * child policy, QOS_NO_NODE behind the last one. */
void qos_classify(const struct qos_side *, const struct pkt *,
    const struct flow *, unsigned len, uint16_t node[2]);
uint8_t qos_tos(const struct pkt *); /* that it leaves with */
void qos_offer(struct qos_run *, const uint16_t node[2], unsigned len);
/* Counts, marks, polices. DROP: it was dropped and counted. */
enum verdict qos_act(struct fwd *, struct qos_run *, struct pkt *,
    const uint16_t node[2], unsigned len, uint64_t now);
/* Counts a drop in the classes of the packet as well. */
enum verdict qos_drop(struct fwd *, struct qos_run *, const uint16_t node[2],
    unsigned len, enum drop_id);
uint64_t qos_drops(const struct qos_run *); /* all of them */
/* What has flowed in since; at most cap bits * 1e6. */
void qos_fill(struct qos_bucket *, uint64_t rate, int64_t cap, uint64_t now);
static inline int64_t
qos_cost(unsigned len) /* of a packet, in tokens */
{
	return (int64_t)len * 8 * 1000000;
}

/* A packet as it leaves. */
struct qos_leaving {
	struct flow flow; /* that it is classified by */
	unsigned len;	  /* with the header of the link */
	unsigned stage;	  /* behind the queue */
};

/* qos_queue.c. Takes a copy of a packet that has to wait, or says that it
 * may leave now. */
enum verdict qos_enqueue(struct fwd *, struct qos_run *, struct pkt *,
    const uint16_t node[2], const struct qos_leaving *, uint64_t now);
/* Sends what may leave. */
void qos_drain(struct fwd *, struct qos_run *, uint64_t now);
/* A packet that waits in a policy that holds no more, in any order of classes,
 * the one behind whose buffer it is in, and where its path goes on; *p NULL:
 * it is gone and counted. False: none is left. */
bool qos_take_over(struct fwd *, struct qos_run *, uint64_t now,
    struct pkt **p, unsigned *stage);
/* qos_again.c. p, out of b, as the snapshot of now wants it, whatever it was
 * when it began to wait. False: it may not leave; dropped and counted. */
bool qos_again(struct fwd *, const struct qos_buf *b, struct pkt *p) MUST_USE;
void qos_run_free(struct ref *);
void qos_buffers_free(struct fwd *); /* those kept for later */

#endif
