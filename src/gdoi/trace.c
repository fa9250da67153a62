/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The event trace of GDOI (see trace.h) and its commands: rings of text that
 * grow up to their size and then forget the oldest. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli_gen.h"
#include "gdoi/cmd.h"
#include "gdoi/gdoi_priv.h"
#include "gdoi/trace.h"

#define TEXT_MAX 200

struct entry {
	uint64_t at, number; /* of all parts, in the order they came */
	char *text;
};

struct ring {
	struct entry *e;
	size_t cap, size;	/* allocated; allowed */
	size_t first, n;
	bool off, one_shot, off_by_command, off_by_config;
	uint64_t shown;		/* number behind the last one shown */
};

struct gdoi_trace {
	struct ring rings[TRACE_PARTS];
	uint64_t number;
};

static const char *const part_names[TRACE_PARTS] = { "coop", "exit",
	"infrastructure", "registration", "rekey" };

/* ---- rings ---- */

static struct entry *
nth(const struct ring *r, size_t i)
{
	return &r->e[(r->first + i) % r->cap];
}

static void
drop_oldest(struct ring *r)
{
	free(nth(r, 0)->text);
	r->first = (r->first + 1) % r->cap;
	r->n--;
}

static void
clear(struct ring *r)
{
	while (r->n > 0)
		drop_oldest(r);
	free(r->e);
	r->e = NULL;
	r->cap = r->first = 0;
}

/* Room for one more, within the size. */
static void
make_room(struct ring *r)
{
	size_t cap = r->cap == 0 ? 16 : 2 * r->cap, i;
	struct entry *e;

	while (r->n >= r->size)
		drop_oldest(r);
	if (r->n < r->cap)
		return;
	if (cap > r->size)
		cap = r->size;
	e = xcalloc(cap, sizeof(*e));
	for (i = 0; i < r->n; i++)
		e[i] = *nth(r, i);
	free(r->e);
	r->e = e;
	r->cap = cap;
	r->first = 0;
}

static void
add(struct gdoi *g, enum trace_part part, const char *text)
{
	struct ring *r = &g->trace->rings[part];
	struct entry *e;

	if (r->off_by_command || r->off_by_config || r->off)
		return;
	if (r->one_shot && r->n == r->size) {
		r->off = true; /* full once is enough */
		return;
	}
	make_room(r);
	e = nth(r, r->n++);
	e->at = gdoi_now(g);
	e->number = ++g->trace->number;
	e->text = xstrdup(text);
	str_clean(e->text);
}

void
gdoi_trace(struct gdoi *g, enum trace_part part, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(g, part, text);
}

static enum trace_part
part_of(const struct log_def *d)
{
	const char *m = d->mnemonic;

	if (strstr(m, "COOP") != NULL)
		return TRACE_COOP;
	if (strstr(m, "REKEY") != NULL || strstr(m, "KEK") != NULL ||
	    strstr(m, "TEK") != NULL || strstr(m, "DELETE") != NULL)
		return TRACE_REKEY;
	if (strstr(m, "REG") != NULL || strstr(m, "CONN_NEXT") != NULL ||
	    strstr(m, "GM") != NULL)
		return TRACE_REG;
	return TRACE_INFRA;
}

void
gdoi_trace_log(struct gdoi *g, enum log_id id, va_list ap)
{
	const struct log_def *d = log_def_of(id);
	struct strbuf sb = { 0 };

	log_vformat(&sb, id, ap);
	add(g, part_of(d), sb.s);
	if (d->severity <= 4)
		add(g, TRACE_EXIT, sb.s);
	sb_free(&sb);
}

struct gdoi_trace *
gdoi_trace_new(void)
{
	struct gdoi_trace *t = xcalloc(1, sizeof(*t));
	unsigned i;

	for (i = 0; i < TRACE_PARTS; i++)
		t->rings[i].size = TRACE_DEFAULT;
	return t;
}

void
gdoi_trace_free(struct gdoi_trace *t)
{
	unsigned i;

	for (i = 0; i < TRACE_PARTS; i++)
		clear(&t->rings[i]);
	free(t);
}

/* ---- configuration ---- */

static void
resize(struct ring *r, size_t size, bool off)
{
	struct entry *e;
	size_t i;

	if (size == 0) /* a configuration made by hand */
		size = TRACE_DEFAULT;
	r->off_by_config = off;
	if (r->size == size)
		return;
	while (r->n > size)
		drop_oldest(r);
	if (r->cap > size) {
		e = xcalloc(size, sizeof(*e));
		for (i = 0; i < r->n; i++)
			e[i] = *nth(r, i);
		free(r->e);
		r->e = e;
		r->cap = size;
		r->first = 0;
	}
	r->size = size;
}

void
gdoi_trace_config(struct gdoi *g)
{
	const struct conf *c = g->conf;
	struct ring *r = g->trace->rings;

	resize(&r[TRACE_COOP], c->trace.coop, c->trace.coop_off);
	resize(&r[TRACE_EXIT], c->trace.exit, c->trace.exit_off);
	resize(&r[TRACE_INFRA], c->trace.infra, c->trace.infra_off);
	resize(&r[TRACE_REG], c->trace.reg, c->trace.reg_off);
	resize(&r[TRACE_REKEY], c->trace.rekey, c->trace.rekey_off);
}

/* ---- monitor event-trace gdoi ... ---- */

int
exec_event_trace(struct cli_ctx *ctx, const struct exec_event_trace_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct ring *r = &g->trace->rings[a->part - 1];

	if (a->clear) {
		clear(r);
		r->off = false;
	} else if (a->one_shot) {
		clear(r);
		r->one_shot = true;
		r->off = r->off_by_command = false;
	} else {
		r->one_shot = false;
		r->off = false;
		r->off_by_command = a->disable != 0;
	}
	return CLI_DONE;
}

/* ---- show monitor event-trace gdoi ---- */

static void
print_time(struct cli_ctx *ctx, uint64_t wall_us)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
		"May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	cli_printf(ctx, "*%s %2d %02d:%02d:%02d.%03u", months[tm.tm_mon],
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (unsigned)(wall_us / 1000 % 1000));
}

struct span { /* what is asked for */
	uint64_t now, wall, since;
	bool latest;
};

static void
print_entry(struct cli_ctx *ctx, const struct span *s, unsigned part,
    const struct entry *e)
{
	uint64_t ago = (s->now - e->at) * 1000;

	print_time(ctx, s->wall > ago ? s->wall - ago : 0);
	cli_printf(ctx, ": GDOI %s: %s\n", part_names[part], e->text);
}

static bool
wanted(const struct span *s, const struct ring *r, const struct entry *e)
{
	return e->at >= s->since && (!s->latest || e->number > r->shown);
}

static void
show_ring(struct cli_ctx *ctx, const struct span *s, struct gdoi_trace *t,
    unsigned part)
{
	struct ring *r = &t->rings[part];
	size_t i;

	cli_printf(ctx, "Tracing %s from bootup for GDOI %s:\n",
	    r->off_by_command || r->off_by_config ? "is disabled" :
	    r->off ? "one-shot is complete" : "enabled", part_names[part]);
	for (i = 0; i < r->n; i++)
		if (wanted(s, r, nth(r, i)))
			print_entry(ctx, s, part, nth(r, i));
	r->shown = t->number;
}

/* All parts as one, in the order that things happened. */
static void
show_merged(struct cli_ctx *ctx, const struct span *s, struct gdoi_trace *t)
{
	size_t at[TRACE_PARTS] = { 0 };
	unsigned p, best;

	for (;;) {
		best = TRACE_PARTS;
		for (p = 0; p < TRACE_PARTS; p++)
			if (at[p] < t->rings[p].n && (best == TRACE_PARTS ||
			    nth(&t->rings[p], at[p])->number <
			    nth(&t->rings[best], at[best])->number))
				best = p;
		if (best == TRACE_PARTS)
			break;
		if (wanted(s, &t->rings[best], nth(&t->rings[best], at[best])))
			print_entry(ctx, s, best,
			    nth(&t->rings[best], at[best]));
		at[best]++;
	}
	for (p = 0; p < TRACE_PARTS; p++)
		t->rings[p].shown = t->number;
}

/* "90" or "1:30", the first number in units of so many seconds: minutes and
 * seconds in `back`; hours, minutes and seconds of today in `clock`. Gives
 * seconds, -1: not a time. */
static int64_t
read_time(const char *s, uint32_t first, unsigned max_parts)
{
	uint64_t v = 0;
	unsigned parts = 0, digits = 0;
	uint32_t unit = first;
	uint64_t total = 0;

	for (;; s++) {
		if (*s >= '0' && *s <= '9' && digits < 5) {
			v = v * 10 + (uint64_t)(*s - '0');
			digits++;
		} else if ((*s == ':' || *s == '\0') && digits > 0 &&
		    ++parts <= max_parts) {
			total += v * unit;
			unit /= 60;
			v = digits = 0;
			if (*s == '\0')
				return (int64_t)total;
		} else {
			return -1;
		}
	}
}

static bool
set_span(struct cli_ctx *ctx, struct span *s,
    const struct show_event_trace_args *a)
{
	int64_t secs = 0;
	uint64_t day;

	if (a->back[0] != '\0') {
		secs = read_time(a->back, 60, 2);
		s->since = secs < 0 || (uint64_t)secs * 1000 > s->now ? 0 :
		    s->now - (uint64_t)secs * 1000;
	} else if (a->clock[0] != '\0') {
		secs = read_time(a->clock, 3600, 3);
		day = s->wall / 1000000 % 86400; /* seconds of today so far */
		s->since = secs < 0 || (uint64_t)secs > day ||
		    (day - (uint64_t)secs) * 1000 > s->now ? 0 :
		    s->now - (day - (uint64_t)secs) * 1000;
		if (secs > (int64_t)day)
			s->since = UINT64_MAX; /* that is still to come */
	}
	s->latest = a->latest;
	if (secs < 0)
		cli_printf(ctx, "%% Invalid time\n");
	return secs >= 0;
}

int
show_event_trace(struct cli_ctx *ctx, const struct show_event_trace_args *a)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct span s = { .now = gdoi_now(g), .wall = time_wall_us() };
	unsigned p;

	if (!set_span(ctx, &s, a))
		return CLI_FAILED;
	if (a->parameters) {
		for (p = 0; p < TRACE_PARTS; p++)
			if (a->part == 0 || a->part == p + 1)
				cli_printf(ctx, "GDOI %s: trace has %zu of at"
				    " most %zu entries\n", part_names[p],
				    g->trace->rings[p].n,
				    g->trace->rings[p].size);
		return CLI_DONE;
	}
	if (a->merged) {
		show_merged(ctx, &s, g->trace);
		return CLI_DONE;
	}
	for (p = 0; p < TRACE_PARTS; p++)
		if (a->part == 0 || a->part == p + 1)
			show_ring(ctx, &s, g->trace, p);
	return CLI_DONE;
}
