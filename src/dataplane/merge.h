/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP segments of one burst put together again after decryption, so that the
 * kernel handles one packet of up to 64 KiB instead of forty (what Linux
 * calls GRO). Loses nothing: whoever needs packets cuts it where it was.
 */
#ifndef COHORT_MERGE_H
#define COHORT_MERGE_H

#include "dataplane/fwd.h"

typedef void merge_out_fn(void *arg, const struct pkt *);

struct merge;
struct merge *merge_new(merge_out_fn *, void *arg) MUST_USE;
void merge_free(struct merge *);
/* Sends p, now or with merge_flush(); packets of one flow stay in order. */
void merge_add(struct merge *, const struct pkt *p);
void merge_flush(struct merge *);

#endif
