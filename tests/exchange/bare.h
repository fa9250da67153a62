/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routers with nothing but phase 1 and a small exchange of their own, for
 * tests of src/ike without a DOI around it: NATs between them that rewrite
 * addresses and ports, a clock turned by hand.
 */
#ifndef COHORT_TEST_BARE_H
#define COHORT_TEST_BARE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ike/ike_priv.h"
#include "net.h"

#define SEC 1000ull
#define WEST IP(192, 168, 1, 2)
#define WEST2 IP(192, 168, 1, 3)
#define EAST IP(203, 0, 113, 9)
#define EAST_INSIDE IP(10, 0, 0, 5)
#define PUBLIC IP(198, 51, 100, 1)

struct router {
	uint32_t addr;
	struct ike *ike;
	struct conf *conf;
	unsigned done, failed, keepalives;
	/* what the DOI heard */
	unsigned ndeleted, nnotified, ncontact, ndead, nmoved;
	uint32_t spis[4];
	struct ike_notice notice;
	uint8_t data[16];
	struct udp_addr was;
};

struct wire { /* a datagram underway */
	uint64_t at;
	struct udp_addr from, to;
	size_t len;
	uint8_t data[2048];
};

extern struct router west, west2, east;
extern struct ike_doi bare_doi;
extern const struct exch_type hello; /* a nonce each */
/* A NAT in front of west: PUBLIC, its ports moved by that much; of WEST2
 * another thousand. 0: none. And in front of east: all of EAST goes to
 * EAST_INSIDE. */
extern unsigned nat_ports;
extern bool nat_east;
/* Sees what is sent, before the NATs; false: lost. */
extern bool (*bare_tap)(struct wire *);

/* Of each test: west and east are there, with one key for everybody. */
int bare_begin(void **state);
int bare_end(void **state);
void bare_add(struct router *, uint32_t addr);
void bare_run(uint64_t ms);
void bare_lose(void); /* all that is underway */
/* An exchange, which must not fail within 2 s. */
void bare_call(struct router *from, uint32_t to);
struct ike_sa *bare_sa(struct router *); /* its only one, established */

#endif
