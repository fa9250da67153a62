/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key servers and members that hold all the keys and mean harm: messages of
 * PULL and PUSH whose contents are changed before they are hashed, signed and
 * encrypted; and the whole state of the victim as text, to see that nothing
 * of it moved.
 */
#ifndef COHORT_TEST_HOSTILE_H
#define COHORT_TEST_HOSTILE_H

#include "net.h"

#define SAY_SATS 1900
#define SAY_TEKS 260

/* What SA and KD of a message say. */
struct say {
	bool has_sak, has_kdk;
	struct gdoi_kek sak, kdk;
	struct gdoi_gap gap;
	unsigned n, nteks, nsids;
	uint32_t sids[4];
	uint32_t seq;
	struct gdoi_sat sats[SAY_SATS];
	struct gdoi_tek_key teks[SAY_TEKS];
};

/* As the key server would say it now. */
void say_now(struct ks_group *, struct say *);
void say_sa(const struct say *, struct isakmp_out *);
void say_kd(const struct say *, struct isakmp_out *);

/* The payloads of message n (1 to 4) of a PULL were written from `before`
 * on; may write others. */
typedef void hostile_fn(struct exch *, unsigned n, struct isakmp_out *before,
    struct isakmp_out *);
/* Exchanges that this node answers, and those it has begun and that wait for
 * phase 1. NULL: as it should be. */
void hostile(struct node *, hostile_fn *);

/* A push under the group's KEK with these payloads, to the member; false:
 * it could not be built. */
bool hostile_push(struct node *ks, struct node *gm, uint32_t seq,
    bool (*put)(struct isakmp_out *, void *), void *arg);

/* State as text. Downloaded: only what came from a key server. */
void state_member(struct strbuf *, struct node *, bool downloaded);
void state_server(struct strbuf *, struct node *);
/* What must hold whatever comes; NULL or what does not. */
const char *member_sane(struct node *);

#endif
