/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `monitor event-trace gdoi`: what happened, always recorded, in a ring per
 * part. A registration, a rekey, an error is an entry, never a packet of
 * data; every log message of the engine is one too. Nothing secret.
 */
#ifndef COHORT_GDOI_TRACE_H
#define COHORT_GDOI_TRACE_H

#include "base/base.h"
#include "base/log.h"

struct gdoi;

enum trace_part {
	TRACE_COOP,
	TRACE_EXIT,	/* what ended with an error */
	TRACE_INFRA,
	TRACE_REG,
	TRACE_REKEY,
	TRACE_PARTS,
};

#define TRACE_DEFAULT 512 /* entries of a ring */

struct gdoi_trace;

struct gdoi_trace *gdoi_trace_new(void) MUST_USE;
void gdoi_trace_free(struct gdoi_trace *);
void gdoi_trace_config(struct gdoi *);

PRINTF_LIKE(3, 4)
void gdoi_trace(struct gdoi *, enum trace_part, const char *fmt, ...);
/* A log message: the part follows from its name, errors go to the exit trace
 * as well. */
void gdoi_trace_log(struct gdoi *, enum log_id, va_list);

/* The same for debug and for the trace. */
#define gdoi_event(g, part, feature, level, peer, ...)                        \
	do {                                                                  \
		debug((feature), (level), (peer), __VA_ARGS__);               \
		gdoi_trace((g), (part), __VA_ARGS__);                         \
	} while (0)

#endif
