/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show crypto session`: what a DOI says of its sessions, one after the other;
 * how they look, show_session.c knows. A session is a peer and the flows
 * that are protected with it.
 */
#ifndef COHORT_IKE_SESSION_H
#define COHORT_IKE_SESSION_H

#include "base/ace.h"
#include "ike/ike.h"

struct sessions; /* what was asked for */

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
void sessions_flow(struct sessions *, const struct ace *, unsigned sas,
    const char *origin);
void sessions_end(struct sessions *);

#endif
