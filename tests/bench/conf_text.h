/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A configuration of any size for benches and the test of linearity: blocks
 * as real ones have them (interfaces, access lists, policies, keys, routes).
 */
#ifndef COHORT_BENCH_CONF_TEXT_H
#define COHORT_BENCH_CONF_TEXT_H

#include "conf/cf.h"

/* About n lines, more when n is not a multiple of a block. variant: 1 differs
 * from 0 in one line of each block. */
void conf_text(struct strbuf *, unsigned n, unsigned variant);

/* Microseconds of each on a text of n lines, the best of some rounds. */
enum conf_op { OP_COPY, OP_LOAD, OP_PRINT, OP_CLONE, OP_DIFF, OP_REPLACE,
	OP_COUNT };
extern const char *const conf_op_names[OP_COUNT];
struct conf_times {
	unsigned lines;
	uint64_t us[OP_COUNT];
};
void conf_measure(struct conf_times *, unsigned n, unsigned rounds);

#endif
