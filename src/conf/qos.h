/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Class maps and policy maps as they are configured (grammar/qos.cli), and
 * the names of what they match. Rates are bits or kilobits a second as IOS
 * has them, bursts of shapers are bits, those of policers octets.
 * Included by conf/conf.h.
 */
#ifndef COHORT_CONF_QOS_H
#define COHORT_CONF_QOS_H

#define QOS_UNSET 0xff	  /* no DSCP, precedence, group */
#define QOS_CLASSES_MAX 64 /* of a policy, class-default included */
#define QOS_DEFAULT "class-default"
#define QOS_NESTED_MAX 64 /* class maps that one asks for, at any depth */

enum qos_match_kind { QOS_ANY, QOS_ACL, QOS_DSCP, QOS_PRECEDENCE,
	QOS_PROTOCOL, QOS_GROUP, QOS_INPUT, QOS_LENGTH, QOS_RTP, QOS_CLASS,
	QOS_NO_PROTOCOL, /* one that is not known here */
	QOS_NEVER };	 /* by what no packet has here */

struct qos_match {
	struct cf_obj obj;
	uint8_t kind;	  /* enum qos_match_kind */
	bool negate;	  /* match not */
	bool ip;	  /* match ip dscp, ip precedence */
	bool named;	  /* access-group name */
	char name[CONF_NAME]; /* list, class map, interface */
	uint8_t v0, v1, v2, v3, v4, v5, v6, v7; /* or QOS_UNSET */
	uint16_t protocol; /* index in qos_protocols */
	uint8_t group;
	uint16_t lo, hi;  /* length, 0: no limit; rtp: first port, how many */
	uint16_t never;	  /* index in qos_nevers */
	const char *text; /* of QOS_NEVER, QOS_NO_PROTOCOL */
};

/* class-map [match-all | match-any] NAME */
struct qos_class_map {
	struct cf_obj obj;
	char name[CONF_NAME];
	bool any, all; /* one of them, once it is in the configuration */
	const char *description;
	struct cf_list matches; /* struct qos_match; none: matches nothing */
};

enum qos_unit { QOS_NONE, QOS_KBPS, QOS_PERCENT, QOS_REMAINING, QOS_RATIO,
	QOS_UNLIMITED }; /* priority without a rate */

enum qos_act { QOS_ACT_UNSET, QOS_TRANSMIT, QOS_DROP, QOS_SET_DSCP,
	QOS_SET_PRECEDENCE, QOS_SET_GROUP };
struct qos_action {
	uint8_t act;   /* enum qos_act */
	uint8_t value;
};
struct qos_actions {
	struct qos_action conform, exceed, violate;
};

/* police ...; the actions behind it, or in lines below, which win */
enum qos_police_form { QOS_POLICE_PLAIN, QOS_POLICE_CIR, QOS_POLICE_RATE };
struct qos_police {
	struct cf_obj obj;
	uint8_t form;	   /* enum qos_police_form */
	bool percent;	   /* rates are, and bursts milliseconds */
	uint32_t cir, bc;  /* bc 0: the default */
	uint32_t pir, be;  /* pir 0: single rate */
	struct qos_actions head, below;
};

/* random-detect {dscp D | precedence P} MIN MAX [DENOMINATOR] */
struct qos_red {
	struct cf_obj obj;
	bool dscp;
	uint8_t value;
	uint16_t min, max; /* packets */
	uint16_t mark;	   /* 10: drops one of so many at max */
};
enum qos_red_kind { QOS_RED_OFF, QOS_RED_PRECEDENCE, QOS_RED_DSCP };

/* class NAME of a policy map */
struct qos_class {
	struct cf_obj obj;
	char name[CONF_NAME];
	uint8_t bw_unit;   /* enum qos_unit */
	uint32_t bw;
	uint8_t prio_unit; /* enum qos_unit: NONE, KBPS, PERCENT, UNLIMITED */
	uint8_t prio_level; /* 1, 2 */
	uint32_t prio, prio_burst; /* octets, 0: the default */
	bool shape, shape_percent, shape_peak;
	uint32_t shape_rate, shape_bc, shape_be; /* bc 0: the default */
	bool shape_has_be;    /* not the default */
	uint32_t queue_limit; /* 0: 64 packets */
	bool queue_bytes, queue_ms;
	bool fair;
	uint16_t fair_flows;  /* 0: 32 */
	uint8_t red;	      /* enum qos_red_kind */
	uint8_t red_weight;   /* 9 */
	struct cf_list reds;  /* struct qos_red */
	uint8_t set_dscp, set_precedence, set_group; /* QOS_UNSET */
	bool set_ip_dscp, set_ip_precedence; /* typed with `ip` */
	bool drop;
	char child[CONF_NAME]; /* service-policy */
	struct cf_list police; /* struct qos_police, at most one */
};

/* policy-map NAME */
struct qos_policy_map {
	struct cf_obj obj;
	char name[CONF_NAME];
	const char *description;
	struct cf_list classes; /* struct qos_class, as entered */
};

/* `match protocol`: what the headers of a packet show. 0: any; a port without
 * a protocol is of TCP or UDP. */
struct qos_protocol {
	uint8_t proto;
	uint16_t port; /* of either side */
};
extern const struct ace_name qos_protocols[], qos_precedences[], qos_nevers[];
extern const struct qos_protocol qos_protocol_ports[]; /* by value */

/* Whether a class map asks for it, whether it is the child of a policy. */
bool conf_class_map_nested(const struct conf *, const char *name);
bool conf_policy_map_nested(const struct conf *, const char *name);
const struct qos_class_map *conf_find_class_map(const struct conf *,
    const char *name);
const struct qos_policy_map *conf_find_policy_map(const struct conf *,
    const char *name);
/* Is there something that only a queue can do? */
bool qos_class_queues(const struct qos_class *);
const struct qos_police *qos_class_police(const struct qos_class *);
/* What holds: the line below, the word behind police, the default. */
struct qos_actions qos_police_actions(const struct qos_police *);
/* Octets: as given, milliseconds of the rate (bits per second), or the default
 * of a quarter second. */
uint64_t qos_police_burst(const struct qos_police *, uint32_t given,
    uint64_t rate);

/* "dscp ef (46)", "access-group name A": as show has a match, behind
 * "Match: " or "Match ". */
void qos_match_text(struct strbuf *, const struct qos_match *);
void qos_action_text(struct strbuf *, const struct qos_action *);
/* Name of a code point, "7" when it has none. */
void qos_dscp_text(struct strbuf *, unsigned dscp);

/* What IOS takes an interface for, by its name. */
struct if_kind {
	const char *prefix;
	unsigned kbit, usec; /* bandwidth, delay */
};
const struct if_kind *conf_if_kind(const char *name);
/* `bandwidth` of the interface or the one of its kind. */
unsigned conf_if_kbit(const struct interface *);

#endif
