/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For tests of the links between cooperative key servers alone: in place of
 * roles, keys and members (coop.c and others, by the linker's --wrap) every
 * key server has one number that it tells. What was heard of whom is kept.
 */
#ifndef COHORT_TEST_LINK_H
#define COHORT_TEST_LINK_H

#include "gdoi/coop.h"
#include "net.h"

#define KS_AT(i) IP(10, 9, 0, 1 + (i))
#define LINKS_MAX 10

/* Of a key server; it outlives its process. */
struct link_state {
	uint32_t value;			/* its number */
	uint32_t heard[LINKS_MAX];	/* the highest of each other */
	unsigned taken[LINKS_MAX];	/* messages */
	unsigned unanswered, answered;
	uint32_t oldest;		/* ms from made to taken, at most */
	char why[100];			/* of the last one */
	unsigned fat;			/* octets of keys that it tells */
	bool stubborn;			/* says unanswered things again */
};
extern struct link_state link_states[LINKS_MAX];
extern unsigned link_decoded; /* messages that the decoder saw */

/* Key servers 0 to count - 1 of one group, each with all others as peers. */
void link_servers(struct net *, unsigned count);
struct coop_peer *link_peer(struct node *, uint32_t addr); /* or NULL */
/* A higher number is told to all peers, or to this one. */
void link_say(struct node *);
void link_say_to(struct node *, uint32_t addr);
/* All have the number of all. */
bool link_agreed(struct net *);
/* The first two, which know each other. */
struct net *link_pair(uint64_t seed);
#define A(n) ((n)->nodes[0])
#define B(n) ((n)->nodes[1])
/* Its process dies, and it has forgotten what it heard. */
void link_restart(struct node *);
struct gdoi_coop *link_conf(struct node *);
/* Nobody was told off, nothing was dropped. */
void link_check_quiet(struct net *);
unsigned link_sas(const struct node *, uint32_t addr); /* established */

#endif
