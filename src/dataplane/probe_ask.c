/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dialogues of ping and traceroute: a table of questions each, which fill
 * struct probe_opts. A wrong number, or neither yes nor no, is asked for
 * again; a target that is none ends the command.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cli_gen.h"
#include "dataplane/ip.h"
#include "dataplane/probe.h"

struct dialogue;

enum taken { TAKEN, AGAIN, OVER };

/* A number if there is a range, else yes or no, unless take says more. */
struct question {
	const char *text;     /* [: and what is there already */
	size_t field;
	uint32_t min, max;
	enum taken (*take)(struct dialogue *, const char *answer);
	bool (*wanted)(const struct dialogue *);
	bool back;	      /* the question about options follows again */
};

struct dialogue {
	struct fwd *f;
	struct cli_ctx *ctx;
	const struct question *q; /* text NULL: the end */
	unsigned at;
	struct probe_opts o;
	char option;	/* whose own question is due: L, S, R, T; or 0 */
	int (*run)(struct fwd *, struct cli_ctx *, const struct probe_opts *);
};

#define OPTIONS "Loose, Strict, Record, Timestamp, Verbose"

static uint32_t *
field_of(struct dialogue *d)
{
	return (uint32_t *)(void *)((char *)&d->o + d->q[d->at].field);
}

static void
dialogue_end(struct dialogue *d, enum cli_status st)
{
	struct cli_ctx *ctx = d->ctx;

	free(d);
	cli_done(ctx, st);
}

/* ---- answers ---- */

static enum taken
take_number(struct dialogue *d, const char *answer, uint32_t min, uint32_t max)
{
	unsigned long v;
	char *end;

	v = strtoul(answer, &end, 10);
	if (answer[0] < '0' || answer[0] > '9' || *end != '\0' || v < min ||
	    v > max) {
		cli_printf(d->ctx, "%% A decimal number between %u and %u.\n",
		    min, max);
		return AGAIN;
	}
	*field_of(d) = (uint32_t)v;
	return TAKEN;
}

static enum taken
take_yes(struct dialogue *d, const char *answer)
{
	size_t n = strlen(answer);

	if (strncasecmp(answer, "yes", n) != 0 &&
	    strncasecmp(answer, "no", n) != 0) {
		cli_printf(d->ctx, "%% Please answer 'yes' or 'no'.\n");
		return AGAIN;
	}
	*field_of(d) = answer[0] == 'y' || answer[0] == 'Y';
	return TAKEN;
}

static enum taken
take_protocol(struct dialogue *d, const char *answer)
{
	const char *name = d->run == ping_run ? "ping" : "traceroute";

	if (answer[0] == '\0' || strcasecmp(answer, "ip") == 0)
		return TAKEN;
	cli_printf(d->ctx, "%% Unknown protocol - \"%.40s\", type \"%s ?\" "
	    "for help\n", answer, name);
	return OVER;
}

static enum taken
take_target(struct dialogue *d, const char *answer)
{
	if (answer[0] == '\0') {
		cli_printf(d->ctx, "%% Bad IP address\n");
		return OVER;
	}
	if (probe_is_addr(answer, &d->o.target))
		return TAKEN;
	return probe_target(d->ctx, d->f, &d->o, answer, 0) ? TAKEN : OVER;
}

static enum taken
take_source(struct dialogue *d, const char *answer)
{
	char ifname[IFNAME_MAX] = "";
	uint32_t addr = 0;

	d->o.sourced = answer[0] != '\0';
	if (!d->o.sourced)
		return TAKEN;
	if (probe_is_addr(answer, &addr) || cli_ifname(answer, ifname))
		d->o.source = probe_own_addr(d->f, ifname, addr);
	if (d->o.source != 0)
		return TAKEN;
	cli_printf(d->ctx, "%% Invalid source. Must use IP address or full "
	    "interface name without spaces (e.g. Serial0/1)\n");
	return AGAIN;
}

static enum taken
take_pattern(struct dialogue *d, const char *answer)
{
	size_t n;

	if (strncasecmp(answer, "0x", 2) == 0)
		answer += 2;
	n = strspn(answer, "0123456789abcdefABCDEF");
	if (n == 0 || n > 4 || answer[n] != '\0') {
		cli_printf(d->ctx, "%% Invalid pattern\n");
		return AGAIN;
	}
	d->o.pattern = (uint32_t)strtoul(answer, NULL, 16);
	return TAKEN;
}

/* The largest size of a sweep is not below the smallest. */
static enum taken
take_sweep_max(struct dialogue *d, const char *answer)
{
	return take_number(d, answer, d->o.sweep_min, PROBE_SIZE_MAX);
}

static enum taken
take_ttl_max(struct dialogue *d, const char *answer)
{
	return take_number(d, answer, d->o.ttl_min, 255);
}

/* ---- options of the IP header ---- */

static unsigned
room(const struct dialogue *d)
{
	return IPOPT_MAX - ipopt_len(&d->o);
}

/* A letter, or more of the word; Enter goes on. */
static enum taken
take_option(struct dialogue *d, const char *answer)
{
	static const char *const words[] = { "Loose", "Strict", "Record",
		"Timestamp", "Verbose" };
	struct probe_opts *o = &d->o;
	size_t i, n = strlen(answer);

	for (i = 0; i < NELEM(words) &&
	    (n == 0 || strncasecmp(words[i], answer, n) != 0); i++)
		;
	if (i == NELEM(words)) {
		cli_printf(d->ctx, "%% No such option\n");
		return AGAIN;
	}
	if (i < 2 && o->n_route > 0) {
		cli_printf(d->ctx, "%% Only one source route option "
		    "allowed\n");
		return AGAIN;
	}
	if (i < 4 && (room(d) < (i == 3 ? 8 : 7) ||
	    (i == 2 && o->record > 0) || (i == 3 && o->stamps > 0))) {
		cli_printf(d->ctx, "%% No room for that option\n");
		return AGAIN;
	}
	o->verbose = i < 4 || !o->verbose;
	d->option = i < 4 ? words[i][0] : '\0';
	return i < 4 ? TAKEN : AGAIN;
}

/* As many as asked for, if there is room. 0: as many as there is. */
static enum taken
take_hops(struct dialogue *d, const char *answer, unsigned header,
    const char *what)
{
	unsigned long most = (room(d) - header) / 4, n = most;
	char *end = NULL;

	if (answer[0] != '\0')
		n = strtoul(answer, &end, 10);
	if (n == 0 || n > most || (end != NULL && *end != '\0')) {
		cli_printf(d->ctx, "%% Invalid number of %s\n", what);
		return AGAIN;
	}
	*field_of(d) = (uint32_t)n;
	return TAKEN;
}

static enum taken
take_record(struct dialogue *d, const char *answer)
{
	return take_hops(d, answer, 3, "hops");
}

static enum taken
take_stamps(struct dialogue *d, const char *answer)
{
	return take_hops(d, answer, 4, "timestamps");
}

static enum taken
take_route(struct dialogue *d, const char *answer)
{
	struct probe_opts *o = &d->o;
	char text[256], *save = NULL, *word;
	unsigned n = 0;

	str_copy(text, answer, sizeof(text));
	for (word = strtok_r(text, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save)) {
		if (n == PROBE_HOPS || 3 + 4 * (n + 1) > room(d) ||
		    !probe_is_addr(word, &o->route[n])) {
			n = 0;
			break;
		}
		n++;
	}
	if (n == 0) {
		cli_printf(d->ctx, "%% Invalid number of hops\n");
		return AGAIN;
	}
	o->n_route = n;
	o->strict = d->option == 'S';
	return TAKEN;
}

/* ---- what is asked ---- */

static bool
if_extended(const struct dialogue *d)
{
	return d->o.extended != 0;
}

static bool
if_sweep(const struct dialogue *d)
{
	return d->o.sweep != 0;
}

static bool
if_route(const struct dialogue *d)
{
	return d->option == 'L' || d->option == 'S';
}

static bool
if_record(const struct dialogue *d)
{
	return d->option == 'R';
}

static bool
if_stamps(const struct dialogue *d)
{
	return d->option == 'T';
}

#define O(f) offsetof(struct probe_opts, f)
#define YES_NO 0, 0
#define TARGET							\
	{ "Protocol [ip]: ", 0, YES_NO, take_protocol, NULL, false },	\
	{ "Target IP address: ", 0, YES_NO, take_target, NULL, false }
#define OPTION_QUESTIONS(when)						\
	{ OPTIONS, 0, YES_NO, take_option, when, false },		\
	{ "Source route: ", 0, YES_NO, take_route, if_route, true },	\
	{ "Number of hops [9]: ", O(record), YES_NO, take_record,	\
	    if_record, true },						\
	{ "Number of timestamps [9]: ", O(stamps), YES_NO, take_stamps,	\
	    if_stamps, true }

static const struct question ping_questions[] = {
	TARGET,
	{ "Repeat count [", O(repeat), 1, INT32_MAX, NULL, NULL, false },
	{ "Datagram size [", O(size), PROBE_SIZE_MIN, PROBE_SIZE_MAX,
	    NULL, NULL, false },
	{ "Timeout in seconds [", O(timeout), 0, 3600, NULL, NULL,
	    false },
	{ "Extended commands [n]: ", O(extended), YES_NO, NULL, NULL, false },
	{ "Source address or interface: ", 0, YES_NO, take_source,
	    if_extended, false },
	{ "Type of service [", O(tos), 0, 255, NULL, if_extended, false },
	{ "Set DF bit in IP header? [no]: ", O(df), YES_NO, NULL, if_extended,
	    false },
	{ "Validate reply data? [no]: ", O(validate), YES_NO, NULL,
	    if_extended, false },
	{ "Data pattern [0xABCD]: ", O(pattern), YES_NO, take_pattern,
	    if_extended, false },
	OPTION_QUESTIONS(if_extended),
	{ "Sweep range of sizes [n]: ", O(sweep), YES_NO, NULL, NULL, false },
	{ "Sweep min size [", O(sweep_min), PROBE_SIZE_MIN,
	    PROBE_SIZE_MAX, NULL, if_sweep, false },
	{ "Sweep max size [", O(sweep_max), YES_NO, take_sweep_max,
	    if_sweep, false },
	{ "Sweep interval [", O(sweep_step), 1, PROBE_SIZE_MAX, NULL,
	    if_sweep, false },
	{ .text = NULL },
};

static const struct question trace_questions[] = {
	TARGET,
	{ "Source address: ", 0, YES_NO, take_source, NULL, false },
	{ "Numeric display [n]: ", O(numeric), YES_NO, NULL, NULL, false },
	{ "Timeout in seconds [", O(timeout), 0, 3600, NULL, NULL,
	    false },
	{ "Probe count [", O(probes), 1, 65535, NULL, NULL, false },
	{ "Minimum Time to Live [", O(ttl_min), 1, 255, NULL, NULL,
	    false },
	{ "Maximum Time to Live [", O(ttl_max), YES_NO, take_ttl_max,
	    NULL, false },
	{ "Port Number [", O(port), 1, 65535, NULL, NULL, false },
	OPTION_QUESTIONS(NULL),
	{ .text = NULL },
};

/* An empty answer keeps what is there: only these have nothing to keep. */
static bool
needs_answer(const struct question *q)
{
	return q->take == take_target || q->take == take_protocol ||
	    q->take == take_source || q->take == take_record ||
	    q->take == take_stamps || q->take == take_route;
}

static void
prompt_of(struct dialogue *d, char *buf, size_t size)
{
	const struct question *q = &d->q[d->at];
	const struct probe_opts *o = &d->o;

	if (q->take != take_option) {
		str_copy(buf, q->text, size);
		if (buf[strlen(buf) - 1] == '[')
			snprintf(buf + strlen(buf), size - strlen(buf),
			    "%u]: ", *field_of(d));
		return;
	}
	snprintf(buf, size, "%s[%s%s%s%s%s]: ", OPTIONS,
	    o->n_route == 0 ? "" : o->strict ? "S" : "L",
	    o->record > 0 ? "R" : "", o->stamps > 0 ? "T" : "",
	    o->verbose ? "V" : "",
	    o->verbose || ipopt_len(o) > 0 ? "" : "none");
}

static void dialogue_ask(struct dialogue *);

static void
dialogue_run(struct dialogue *d)
{
	struct probe_opts o = d->o;
	struct fwd *f = d->f;
	struct cli_ctx *ctx = d->ctx;
	int st;

	if (!o.sourced && !probe_source(ctx, f, &o, "", 0))
		st = CLI_FAILED;
	else
		st = d->run(f, ctx, &o);
	free(d);
	if (st != CLI_PENDING)
		cli_done(ctx, (enum cli_status)st);
}

static void
dialogue_next(struct dialogue *d)
{
	const struct question *q = &d->q[d->at];

	if (q->back) {
		d->option = '\0';
		while (d->q[d->at].take != take_option)
			d->at--;
	} else {
		do {
			d->at++;
		} while (d->q[d->at].text != NULL &&
		    d->q[d->at].wanted != NULL &&
		    !d->q[d->at].wanted(d));
	}
	if (d->q[d->at].text == NULL)
		dialogue_run(d);
	else
		dialogue_ask(d);
}

static void
dialogue_answer(struct cli_ctx *ctx UNUSED, void *arg, const char *answer)
{
	struct dialogue *d = arg;
	const struct question *q = &d->q[d->at];
	char text[256];
	size_t n;
	enum taken t;

	answer += strspn(answer, " ");
	str_copy(text, answer, sizeof(text));
	for (n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
		text[n - 1] = '\0';
	if (text[0] == '\0' && !needs_answer(q))
		t = TAKEN;
	else if (q->take != NULL)
		t = q->take(d, text);
	else if (q->max != 0)
		t = take_number(d, text, q->min, q->max);
	else
		t = take_yes(d, text);
	if (t == OVER)
		dialogue_end(d, CLI_DONE);
	else if (t == AGAIN)
		dialogue_ask(d);
	else
		dialogue_next(d);
}

static void
dialogue_ask(struct dialogue *d)
{
	char prompt[128];

	prompt_of(d, prompt, sizeof(prompt));
	cli_ask(d->ctx, CLI_ASK_LINE, prompt, dialogue_answer, d);
}

static void
dialogue_abort(struct cli_ctx *ctx UNUSED, void *arg)
{
	dialogue_end(arg, CLI_FAILED);
}

static int
dialogue_begin(struct dialogue d)
{
	struct dialogue *new = xcalloc(1, sizeof(*new));

	*new = d;
	cli_on_abort(d.ctx, dialogue_abort, new);
	dialogue_ask(new);
	return CLI_PENDING;
}

int
exec_ping_ask(struct cli_ctx *ctx, const struct exec_ping_ask_args *a)
{
	return dialogue_begin((struct dialogue){ .f = cli_engine(ctx),
		.ctx = ctx, .q = ping_questions, .at = a->ip,
		.o = ping_defaults, .run = ping_run });
}

int
exec_trace_ask(struct cli_ctx *ctx, const struct exec_trace_ask_args *a)
{
	return dialogue_begin((struct dialogue){ .f = cli_engine(ctx),
		.ctx = ctx, .q = trace_questions, .at = a->ip,
		.o = trace_defaults, .run = trace_run });
}
