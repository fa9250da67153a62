/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `debug crypto ...`: what a process tells those who want to see it work.
 * A feature and levels switch it on, conditions narrow it to peers; main has
 * the settings and sends them to the others (IPC_DEBUG).
 *
 *	debug(DBG_GM_REKEY, DBG_EVENT, from.addr, "(%s):seq # %u", name, seq);
 *	GDOI:GM_REKEY:EVENT:(GETVPN):seq # 7
 *
 * The arguments are not evaluated while it is off. Never a key octet: of
 * key material the length only. A flood of peers cannot make a flood of
 * lines: they are bounded per second, and what was left out is counted. From
 * the thread that runs the loop only.
 */
#ifndef COHORT_DEBUG_H
#define COHORT_DEBUG_H

#include "base/buf.h"

enum debug_feature {
	DBG_ISAKMP,	/* phase 1, informational, DPD */
	DBG_IPSEC,	/* SAs that come and go */
	DBG_ENGINE,	/* keys of the engine */
	DBG_GM_REG,	/* from here on `debug crypto gdoi` */
	DBG_GM_REKEY,
	DBG_GM_REPLAY,
	DBG_GM_INFRA,	/* crypto maps, interfaces, timers */
	DBG_KS_REG,
	DBG_KS_REKEY,
	DBG_KS_REPLAY,
	DBG_KS_COOP,
	DBG_KS_INFRA,	/* configuration, policy, keys */
	DBG_INFRA,	/* what is neither of KS nor of GM */
	DBG_NAT,	/* packets (event), entries (detail) */
	DBG_IP_PACKET,	/* packets (event), what is inside (detail) */
	DBG_IP_ICMP,
	DBG_FEATURES,
};

enum debug_level {
	DBG_ERROR = 1,	/* error conditions */
	DBG_TERSE = 2,	/* what a user needs */
	DBG_EVENT = 4,	/* transitions, messages sent and received */
	DBG_DETAIL = 8,
	DBG_PACKET = 16, /* messages in full (ike/dump.h) */
	DBG_ALL = 31,
};

/* Sets of features, as commands name them. */
#define DBG_SET_ISAKMP (1u << DBG_ISAKMP)
#define DBG_SET_IPSEC (1u << DBG_IPSEC)
#define DBG_SET_ENGINE (1u << DBG_ENGINE)
#define DBG_SET_GM_REG (1u << DBG_GM_REG)
#define DBG_SET_GM_REKEY (1u << DBG_GM_REKEY)
#define DBG_SET_GM_REPLAY (1u << DBG_GM_REPLAY)
#define DBG_SET_GM_INFRA (1u << DBG_GM_INFRA)
#define DBG_SET_GM                                                            \
	(DBG_SET_GM_REG | DBG_SET_GM_REKEY | DBG_SET_GM_REPLAY |              \
	    DBG_SET_GM_INFRA)
#define DBG_SET_KS_REG (1u << DBG_KS_REG)
#define DBG_SET_KS_REKEY (1u << DBG_KS_REKEY)
#define DBG_SET_KS_REPLAY (1u << DBG_KS_REPLAY)
#define DBG_SET_KS_COOP (1u << DBG_KS_COOP)
#define DBG_SET_KS_INFRA (1u << DBG_KS_INFRA)
#define DBG_SET_KS                                                            \
	(DBG_SET_KS_REG | DBG_SET_KS_REKEY | DBG_SET_KS_REPLAY |              \
	    DBG_SET_KS_COOP | DBG_SET_KS_INFRA)
#define DBG_SET_INFRA (1u << DBG_INFRA)
#define DBG_SET_NAT (1u << DBG_NAT)
#define DBG_SET_REPLAY (DBG_SET_GM_REPLAY | DBG_SET_KS_REPLAY)
#define DBG_SET_GDOI (DBG_SET_GM | DBG_SET_KS | DBG_SET_INFRA)

#define DBG_PEERS_MAX 8

/* Peers that the lines are about; no peer at all is no condition. Lines
 * about others are left out, those about nobody too unless unmatched. */
struct debug_cond {
	uint8_t n;
	bool unmatched;
	uint32_t peers[DBG_PEERS_MAX];
};

struct debug_set {
	uint8_t levels[DBG_FEATURES]; /* sets of enum debug_level */
	struct debug_cond gdoi, crypto; /* crypto: the first three features */
	char nat_acl[81]; /* packets that it permits; "": all */
	uint16_t packet_acl; /* the same of `debug ip packet`, 0: all */
};

extern struct debug_set debug_set; /* of this process */

static inline bool
debug_on(enum debug_feature f, enum debug_level l)
{
	return __builtin_expect((debug_set.levels[f] & l) != 0, 0);
}

/* peer 0: about nobody in particular. */
#define debug(feature, level, peer, ...)                                      \
	do {                                                                  \
		if (debug_on((feature), (level)))                             \
			debug_emit((feature), (level), (peer), __VA_ARGS__);  \
	} while (0)

PRINTF_LIKE(4, 5)
void debug_emit(enum debug_feature, enum debug_level, uint32_t peer,
    const char *fmt, ...);
/* Whether a line about this peer would be printed now: before work that is
 * only done for it. */
bool debug_wants(enum debug_feature, enum debug_level, uint32_t peer);
/* Text of many lines, each printed as one; of a few all or none. */
void debug_lines(enum debug_feature, enum debug_level, uint32_t peer,
    const char *text);

/* Says how many lines were left out since it was said last: when all is off,
 * or there is room again, or every second of a flood. */
void debug_say_missing(void);

void debug_set_put(struct wr *, const struct debug_set *);
/* Unchanged if it is not one. */
void debug_set_get(struct rd *, struct debug_set *);
#define DEBUG_SET_MAX 256 /* octets of it */

#endif
