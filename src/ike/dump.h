/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ISAKMP and GDOI messages as text for people who learn or look for a fault:
 * each payload and attribute by name, nested as it is on the wire (RFC 2408,
 * 2409, 6407, 8263). For messages whose body is clear. Of key material and
 * everything that proves something only the length is told.
 */
#ifndef COHORT_DUMP_H
#define COHORT_DUMP_H

#include "base/base.h"

/* Lines of one message; what is behind them is counted in octets. */
#define DUMP_LINES_MAX 600

/* Any octets: what is malformed is called so, and the rest left out. */
void isakmp_dump(struct strbuf *, const uint8_t *data, size_t len);

#endif
