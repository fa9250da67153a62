/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two routers of tests/path/rig.h with SAs between them, for tests:
 *
 *	10.1.1.0/24 --- a 192.0.2.1 --- 192.0.2.2 b --- 10.2.2.0/24
 */
#ifndef COHORT_PAIRS_H
#define COHORT_PAIRS_H

#include "rig.h"

#define A_WAN WAN_ADDR
#define B_WAN IP4(192, 0, 2, 2)
#define B_LAN IP4(10, 2, 2, 1)
#define A_NET IP4(10, 1, 1, 0)
#define B_NET IP4(10, 2, 2, 0)
#define A_HOST LAN_HOST
#define B_HOST FAR_HOST
#define GROUP "map CM 10"

extern const struct esp_transform pair_transforms[];
#define PAIR_TRANSFORMS 10
extern uint8_t buf[70000]; /* of the test: what is sent next */

/* What two routers have between them. */
struct pair {
	struct rig *a, *b;
	uint8_t mode;
	bool udp;
	uint64_t kilobytes;
	uint32_t idle_ms;
	uint8_t replay;
};

/* Entry 10 of the map: everything between the sites, or in transport mode
 * between the routers. No SAs yet. */
struct pair pair_of(uint8_t mode, bool udp);
void pair_drop(struct pair *);

/* spi: of what a receives and b sends; the other way has the next one. */
void pair_sas(const struct pair *, uint32_t spi, uint16_t sa_index,
    struct esp_transform);
/* One end of one way. */
struct sa_tek tek_of(const struct pair *, struct rig *, uint8_t way,
    uint32_t spi, uint16_t sa_index, struct esp_transform);
void tek_add(struct rig *, const struct sa_tek *);
void pair_add(const struct pair *, struct rig *, uint8_t way, uint32_t spi,
    uint16_t sa_index, struct esp_transform);
void pair_del(struct rig *, uint32_t spi, uint8_t way);

/* A UDP packet that a is to protect, into buf. */
size_t mk_out(const struct pair *, unsigned payload, uint16_t frag);
/* a sends what is in buf; from its LAN, or of its own. */
void send_a(const struct pair *, size_t len);
/* It sends nothing for want of an SA, so many times now. */
void must_wait(const struct pair *, uint64_t drops);
/* What a has sent arrives at b. */
void carry(const struct pair *, unsigned i);

/* Events of that type, with that SPI, that ike has heard. */
unsigned heard(struct rig *, enum sa_event_type, uint32_t spi);

#endif
