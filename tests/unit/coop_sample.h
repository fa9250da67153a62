/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages of cooperative key servers for tests: the example of
 * doc/coop-protocol.md, and random ones.
 */
#ifndef COHORT_TEST_COOP_SAMPLE_H
#define COHORT_TEST_COOP_SAMPLE_H

#include "gdoi/coop_msg.h"

/* Both are freed by coop_msg_free(). */
void coop_example(struct coop_msg *);
/* The larger size, the more rows; 0: as few as can be. */
void coop_random(struct coop_msg *, uint64_t *rng, unsigned size);
uint32_t coop_rand(uint64_t *rng);

#endif
