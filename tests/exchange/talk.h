/* SPDX-License-Identifier: BSD-2-Clause
 *
 * On top of net.h: members send to each other with the TEKs that the packet
 * process would take, and each has to be able to read all others, all the
 * time; configurations that change while the group lives.
 */
#ifndef COHORT_TEST_TALK_H
#define COHORT_TEST_TALK_H

#include "net.h"

#define SEC 1000ull

/* Of a router with one group. */
struct gdoi_local *tc_local(struct conf *);
struct ipsec_profile *tc_profile(struct conf *);
struct gdoi_sa *tc_sa(struct conf *, uint16_t number, const char *acl);

/* A copy of the node's configuration, to be changed; then net_typed() brings
 * it to the engine, net_left() does and ends configuration. */
struct conf *net_edit(struct node *);
void net_typed(struct node *);
void net_left(struct node *);

const struct sa_tek *talk_tek(const struct node *, uint32_t spi);
unsigned talk_live(const struct node *); /* TEKs that live */
int talk_entry(const struct node *, const struct ace *); /* -1: none */
/* All pairs of members that have keys can talk now, and for some time. */
void check_talk(struct net *, const char *when);
void talk_for(struct net *, unsigned secs, const char *when);
uint32_t newest_spi(struct net *);
/* All members have the policy and the newest TEK of the key server. */
bool converged(struct net *);

#endif
