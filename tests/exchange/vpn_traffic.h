/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets between the routers of vpn.h: what packet processes do with SAs and
 * say of them to key management, as src/dataplane has it: volume, silence,
 * SPIs that nobody has, peers that a NAT has moved. Keys and numbers that are
 * used twice are found.
 */
#ifndef COHORT_TEST_VPN_TRAFFIC_H
#define COHORT_TEST_VPN_TRAFFIC_H

#include "vpn.h"

#define TRAFFIC_KEYS 65536
#define TRAFFIC_WAYS 32
#define HUB_GROUP "map MAP 20" /* of a hub, an entry for a dynamic map */

struct traffic_way { /* of one flow */
	struct vrouter *from, *to;
	char group[SA_NAME_MAX];
	uint32_t dst;		/* the network behind the other one */
	unsigned flow, index;	/* index: the entry of its group, 0: as the
				 * policy of a hub has it */
	bool arrived;		/* the last packet */
	unsigned size;
};

struct traffic_key {
	uint8_t id[16];
	uint32_t spi, seq;
	uint8_t way;
	unsigned router;
	bool known;
};

struct traffic {
	struct traffic_way ways[TRAFFIC_WAYS];
	unsigned nways;
	bool down[VPN_ROUTERS];	/* its port is */
	uint64_t spi_told[VPN_ROUTERS];
	struct traffic_key keys[TRAFFIC_KEYS];
	PRINTF_LIKE(1, 2) void (*wrong)(const char *fmt, ...);
};

void traffic_begin(struct traffic *, struct vpn *);
/* A packet of each; once a second. */
void traffic_send(struct traffic *);
/* What is sent and not answered; each 5 s. */
void traffic_silence(struct vrouter *);
struct vpn_sa *traffic_sa(struct vrouter *, uint32_t spi, enum sa_way);

#endif
