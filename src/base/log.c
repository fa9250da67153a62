/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Log messages by identity: text from log.def, one sink per process, a rate
 * limit for what peers can provoke.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define LIMIT_SLOTS 256

static const struct log_def defs[] = {
#define LOG(id, facility, severity, mnemonic, format)                         \
	[LOG_##id] = {facility, mnemonic, format, severity},
#include "base/log.def"
#undef LOG
};

const struct ace_name log_levels[] = {
	{7, "debugging", "Debugging messages"},
	{6, "informational", "Informational messages"},
	{5, "notifications", "Normal but significant conditions"},
	{4, "warnings", "Warning conditions"},
	{3, "errors", "Error conditions"},
	{2, "critical", "Critical conditions"},
	{1, "alerts", "Immediate action needed"},
	{0, "emergencies", "System is unusable"},
	{0, NULL, NULL},
};

const char *
log_level_name(unsigned severity)
{
	return log_levels[7 - (severity & 7)].name;
}

static void
sink_stderr(void *arg UNUSED, enum log_id id UNUSED, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static log_sink_fn *sink = sink_stderr;
static void *sink_arg;

const struct log_def *
log_def_of(enum log_id id)
{
	if ((unsigned)id >= LOG_COUNT)
		fatal("log id %d", (int)id);
	return &defs[id];
}

/* The formats of log.def know %s and %u; everything else is a fault. */
static void
format_args(struct strbuf *sb, const char *f, va_list ap)
{
	for (; *f != '\0'; f++) {
		const char *s;

		if (*f != '%') {
			sb_add(sb, f, 1);
			continue;
		}
		switch (*++f) {
		case 's':
			s = va_arg(ap, const char *);
			sb_add(sb, s, strlen(s));
			break;
		case 'u':
			sb_printf(sb, "%u", va_arg(ap, unsigned));
			break;
		default:
			fatal("log.def: %%%c is not %%s or %%u", *f);
		}
	}
}

void
log_vformat(struct strbuf *sb, enum log_id id, va_list ap)
{
	const struct log_def *d = log_def_of(id);

	sb_printf(sb, "%%%s-%d-%s: ", d->facility, d->severity, d->mnemonic);
	format_args(sb, d->format, ap);
}

void
log_set_sink(log_sink_fn *fn, void *arg)
{
	sink = fn;
	sink_arg = arg;
}

void
log_vemit(enum log_id id, va_list ap)
{
	struct strbuf sb = {0};

	log_vformat(&sb, id, ap);
	sink(sink_arg, id, sb.s);
	sb_free(&sb);
}

void
log_emit(enum log_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	log_vemit(id, ap);
	va_end(ap);
}

bool
log_limited(uint64_t now_ms, uint32_t interval_ms, uint32_t key,
    enum log_id id, ...)
{
	static uint64_t until[LIMIT_SLOTS];
	unsigned h = (key * 2654435761u ^ (unsigned)id * 40503u) % LIMIT_SLOTS;
	va_list ap;

	/* A collision of two keys costs a line of log, no memory. */
	if (until[h] > now_ms)
		return false;
	until[h] = now_ms + interval_ms;
	va_start(ap, id);
	log_vemit(id, ap);
	va_end(ap);
	return true;
}

void
log_text(const char *text)
{
	sink(sink_arg, LOG_COUNT, text);
}
