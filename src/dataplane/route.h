/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Longest-prefix match over the kernel's routes: an immutable table that is
 * built whole by the control thread and read by workers.
 */
#ifndef COHORT_ROUTE_H
#define COHORT_ROUTE_H

#include "base/port.h"

struct route_table;

/* The first of several routes to one prefix counts. */
struct route_table *route_table_new(const struct route *, size_t n) MUST_USE;
void route_table_free(struct route_table *);
/* NULL: no route. */
const struct route *route_lookup(const struct route_table *, uint32_t addr);

#endif
