/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Log messages by identity. Every message of Cohort stands once in log.def;
 * here its enum, its text and the sink of this process. Formats take only
 * %s and %u: numbers and text chosen by Cohort, never a format from a peer.
 */
#ifndef COHORT_LOG_H
#define COHORT_LOG_H

#include "base/ace.h"
#include "base/base.h"
#include "base/debug.h"

enum log_id {
#define LOG(id, facility, severity, mnemonic, format) LOG_##id,
#include "base/log.def"
#undef LOG
	LOG_COUNT
};

struct log_def {
	const char *facility, *mnemonic, *format;
	int severity; /* 0..7 */
};

const struct log_def *log_def_of(enum log_id id);

/* "debugging" and the others, by severity, with their help (base/ace.h). */
extern const struct ace_name log_levels[];
const char *log_level_name(unsigned severity);

/* "%GDOI-5-GM_REGS_COMPL: Registration to ..." without time and newline. */
void log_vformat(struct strbuf *sb, enum log_id id, va_list ap);

/* The process-wide sink: gets the whole text. Set once at start; the default
 * writes to stderr. id LOG_COUNT: a line of debug, severity 7. */
typedef void log_sink_fn(void *arg, enum log_id id, const char *text);
void log_set_sink(log_sink_fn *fn, void *arg);

/* Emit. The arguments are checked against nothing but log.def: keep to it. */
void log_emit(enum log_id id, ...);
void log_vemit(enum log_id id, va_list ap);
/* At most one in interval_ms for this id and this number (an address, a
 * SPI); returns true when it was emitted. For what a peer can provoke. */
bool log_limited(uint64_t now_ms, uint32_t interval_ms, uint32_t key,
    enum log_id id, ...);

/* A finished line that is no message of log.def: debug.c. */
void log_text(const char *);

#endif
