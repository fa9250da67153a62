/* SPDX-License-Identifier: BSD-2-Clause
 *
 * On top of net.h: cooperative key servers of one group, who of them is what,
 * and what has to hold of their roles.
 */
#ifndef COHORT_TEST_COOP_NET_H
#define COHORT_TEST_COOP_NET_H

#include "gdoi/coop.h"
#include "net.h"
#include "talk.h"

#define CKS(i) IP(10, 9, 0, 1 + (i))

/* periodic, timeout, retransmit in seconds, retries; 0: IOS's */
struct cks_timers {
	uint16_t periodic, timeout, retransmit;
	uint8_t retries;
};
extern const struct cks_timers cks_ios, cks_fast;

/* Key server i of count, each with all others as peers; not applied. */
struct node *cks_add(struct net *, unsigned i, unsigned count,
    uint8_t priority, const struct cks_timers *);
/* All of them, applied at once. priorities NULL: i + 1. */
void cks_start(struct net *, unsigned count, const uint8_t *priorities,
    const struct cks_timers *);

/* Members, each with all of count key servers in its list, which do not all
 * begin with the same; not applied. */
void cks_add_members(struct net *, unsigned members, unsigned count);
/* The first count nodes, the key servers, are applied and settle, then all
 * others. */
void cks_run(struct net *, unsigned count);

/* The TEK that a member sends with for half a minute to come, or NULL. */
const struct sa_tek *cks_outbound(const struct node *);
/* A tap that counts the messages with keys in them. */
extern unsigned cks_big;
bool cks_count_big(struct net *, struct datagram *);

struct coop *cks(struct node *);
struct gdoi_coop *cks_conf(struct node *);
unsigned cks_primaries(struct net *); /* of all that are not deaf */
struct node *cks_primary(struct net *); /* the first; NULL: none */
/* Each component has one primary, which all others in it follow. */
bool cks_settled(struct net *);
unsigned cks_logs(struct net *, enum log_id); /* of all, together */
void cks_forget_logs(struct net *);
/* What each server knows, to stderr. */
void cks_dump(struct net *);
/* Waits for cks_settled(), fails with a dump; the ms it took. */
uint64_t cks_settle(struct net *, uint64_t ms, const char *when);
/* Nobody on the way speaks to others than its neighbours. */
void cks_chain(struct net *, bool ring);
/* The process dies, or is there again with nothing but its configuration. */
void cks_kill(struct node *);
void cks_revive(struct node *);

#endif
