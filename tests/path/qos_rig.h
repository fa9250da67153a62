/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A rig with service policies: class maps and policy maps as structs, packets
 * of flows told apart by their DSCP, what left counted by it, with the time
 * that each waited. The clock goes by hand, to the next packet or the next
 * departure.
 */
#ifndef COHORT_QOS_RIG_H
#define COHORT_QOS_RIG_H

#include "dataplane/qos.h"
#include "rig.h"

#define QR_MAPS 8
#define QR_POLICIES 4
#define QR_CLASSES 24

/* For tests, which have cmocka. */
/* |got - want| within so many thousandths of want. */
#define assert_near(got, want, thousandths) do {                              \
	double g_ = (double)(got), w_ = (double)(want);                       \
	if (g_ < w_ * (1 - (thousandths) / 1000.0) ||                         \
	    g_ > w_ * (1 + (thousandths) / 1000.0))                           \
		fail_msg("%s: %.0f, not %.0f", #got, g_, w_);                 \
} while (0)

struct sent {
	uint64_t packets, bytes; /* with the header of the link */
	uint64_t delay_max, delay_sum;
	uint32_t last_id, disorder;
};

struct qos_rig {
	struct rig r;
	struct qos_class_map maps[QR_MAPS];
	struct qos_match matches[32];
	struct qos_policy_map policies[QR_POLICIES];
	struct qos_class classes[QR_CLASSES];
	struct qos_police police[8];
	struct qos_red reds[4];
	unsigned n_maps, n_matches, n_policies, n_classes, n_police, n_reds;
	struct sent sent[64]; /* by DSCP */
	uint16_t id[64];      /* of the next packet */
	uint64_t at[64][1024]; /* when it came, by id */
	struct rig *to;	      /* gets what leaves, or NULL; what it makes
			       * of ESP is measured */
};

void qr_start(struct qos_rig *);
void qr_end(struct qos_rig *);
/* The crypto map stays, with one SA for all. */
void qr_start_encrypted(struct qos_rig *);
struct qos_class_map *qr_map(struct qos_rig *, const char *name, bool any);
struct qos_match *qr_match(struct qos_rig *, struct qos_class_map *,
    enum qos_match_kind);
void qr_dscp(struct qos_rig *, const char *name, uint8_t dscp);
struct qos_policy_map *qr_policy(struct qos_rig *, const char *name);
struct qos_class *qr_class(struct qos_rig *, struct qos_policy_map *,
    const char *name);
/* class-default of a new policy shapes and has the child; attached to the
 * WAN. */
struct qos_class *qr_shaper(struct qos_rig *, const char *child,
    uint32_t bps);
void qr_attach(struct qos_rig *, const char *in, const char *out);
struct qos_node *qr_node(struct qos_rig *, const char *name);

/* From the LAN to FAR_HOST, UDP. */
void qr_send(struct qos_rig *, uint8_t dscp, unsigned payload);
void qr_send_flow(struct qos_rig *, uint8_t dscp, unsigned payload,
    uint16_t port);
/* A segment of 10 packets of 1000 octets TCP, as the kernel gives it. */
void qr_send_segment(struct qos_rig *);
/* The clock to `us`; what is due on the way leaves at its time. */
void qr_until(struct qos_rig *, uint64_t us);
void qr_forget(struct qos_rig *); /* what was sent */

#endif
