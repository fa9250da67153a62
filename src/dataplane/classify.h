/* SPDX-License-Identifier: BSD-2-Clause
 *
 * First match in a list of access control entries, in a time that depends on
 * the number of different shapes (wildcards, protocol, ports) in the list and
 * not on its length. Immutable once built.
 */
#ifndef COHORT_CLASSIFY_H
#define COHORT_CLASSIFY_H

#include "base/ace.h"

#define CLASSIFY_NONE UINT32_MAX

struct classifier;

/* The entries are copied. */
struct classifier *classifier_new(const struct ace *, uint32_t n) MUST_USE;
void classifier_free(struct classifier *);
/* Index of the first entry that matches, CLASSIFY_NONE. */
uint32_t classify(const struct classifier *, const struct flow *);

#endif
