/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show crypto session`: what a DOI says of its sessions, one after the other;
 * how they look, show_session.c knows. A session is a peer and the flows
 * that are protected with it.
 */
#ifndef COHORT_IKE_SESSION_H
#define COHORT_IKE_SESSION_H

#include "base/sa.h"
#include "ike/ike.h"

struct sessions; /* what was asked for */

/* What is protected with a peer. [0] in, [1] out, as in struct sa_use. */
struct ike_flow {
	const struct ace *ace;
	unsigned sas;
	const char *origin;
	struct sa_use use;
	bool volume; /* the lives of its SAs have a limit by it, */
	uint64_t kilobytes[2]; /* of which so much is left */
	uint32_t seconds[2];
};

struct ike_session {
	const char *ifname;
	uint32_t local, peer;
	uint16_t port;		 /* of the peer, while sa is not known */
	const struct ike_sa *sa; /* phase 1 with it, NULL: none */
	bool up;		 /* flows have SAs */
	bool negotiating;
	uint64_t up_since;	 /* monotonic ms, 0: not known */
};

/* True: its flows are wanted, too, and sessions_end(). */
bool sessions_begin(struct sessions *, const struct ike_session *) MUST_USE;
void sessions_flow(struct sessions *, const struct ike_flow *);
void sessions_end(struct sessions *);

#endif
