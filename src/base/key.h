/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A secret. Wiped when it is cleared or overwritten; no formatter takes one;
 * every process that holds one is not dumpable (no core file).
 */
#ifndef COHORT_KEY_H
#define COHORT_KEY_H

#include "base/buf.h"

#define KEY_MAX 128 /* octets; the longest is a pre-shared key */

struct key {
	uint8_t len;
	uint8_t data[KEY_MAX];
};

void key_set(struct key *k, const void *data, size_t len); /* fatal > max */
void key_wipe(struct key *k);
/* u8 length, octets */
void key_put(struct wr *w, const struct key *k);
void key_get(struct rd *r, struct key *k);
/* Constant time in the data; lengths are public. */
bool bytes_equal(const void *a, const void *b, size_t len) MUST_USE;

#endif
