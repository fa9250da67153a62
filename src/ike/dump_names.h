/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of the numbers in ISAKMP and GDOI messages, for the dumper only.
 */
#ifndef COHORT_DUMP_NAMES_H
#define COHORT_DUMP_NAMES_H

#include "base/base.h"

enum dump_kind { DUMP_NUMBER, DUMP_SECRET };

struct dump_name {
	unsigned number;
	const char *text;
};

struct dump_attr {
	unsigned type;
	const char *name;
	enum dump_kind kind; /* DUMP_SECRET: its length only */
	const char *unit;    /* behind a number */
	const struct dump_name *values; /* ends with text NULL */
};

struct dump_attrs {
	const struct dump_attr *attrs;
	size_t n;
};

extern const struct dump_attrs dump_phase1, dump_sak, dump_sat, dump_gap,
    dump_kd_tek, dump_kd_kek, dump_kd_lkh, dump_kd_sid;

/* The name of a value; NULL: it is a number. */
const char *dump_value(const struct dump_attr *, uint64_t value);
const char *dump_doi(uint32_t);
const char *dump_proto(unsigned);
const char *dump_esp(unsigned transform);
const char *dump_vid(const uint8_t *, size_t len); /* NULL: not known */

#endif
