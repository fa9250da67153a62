/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What control-thread code asks of ipdebug.c; and between that, which carries
 * packets from the worker to the control thread, and ipdebug_text.c, which says
 * what they are.
 */
#ifndef COHORT_IPDEBUG_H
#define COHORT_IPDEBUG_H

#include "dataplane/engine.h"

/* An IP header with options, ICMP, and an IP header that it quotes. */
#define SIGHT_OCTETS 88

struct sighting {
	uint8_t what;	 /* enum sight */
	uint8_t why;	 /* SEEN_DROPPED: enum drop_id */
	uint8_t in, out; /* ports; out PORT_LOCAL: to this router, or nowhere */
	uint8_t n;	 /* octets of the packet that are here */
	uint32_t len;	 /* that it has */
	uint8_t data[SIGHT_OCTETS];
};

/* The control thread: looks at what the worker has seen; says in a snapshot
 * whether somebody watches; as fwd_timeout(); the end. */
void ipdebug_run(struct fwd *);
void ipdebug_build(const struct fwd *, struct snap *);
uint64_t ipdebug_timeout(const struct fwd *, uint64_t now);
void ipdebug_free(struct fwd *);

/* Lines for the debugs that are on; the flow is that of the packet. */
void ipdebug_say_packet(const struct fwd *, const struct sighting *,
    const struct flow *);
void ipdebug_say_icmp(const struct sighting *, const struct flow *);

#endif
