/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands about the router itself: version, clock, logging,
 * configuration. What each client wants to read of `show version` is in
 * tests/interop.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "cli_gen.h"
#include "main/fs.h"
#include "main/router.h"

#define NVRAM_SIZE 262144

static void
uptime_text(uint64_t ms, struct strbuf *sb)
{
	static const struct {
		const char *name;
		uint64_t minutes;
	} units[] = {{"year", 525600}, {"week", 10080}, {"day", 1440},
	    {"hour", 60}, {"minute", 1}};
	uint64_t minutes = ms / 60000;
	size_t i;

	for (i = 0; i < NELEM(units); i++) {
		uint64_t n = minutes / units[i].minutes;

		minutes -= n * units[i].minutes;
		if (n == 0 && (units[i].minutes != 1 || sb->len != 0))
			continue;
		sb_printf(sb, "%s%llu %s%s", sb->len != 0 ? ", " : "",
		    (unsigned long long)n, units[i].name, n == 1 ? "" : "s");
	}
}

static void
clock_text(uint64_t wall_us, struct strbuf *sb)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	sb_printf(sb, "%02d:%02d:%02d.%03u UTC %s %s %d %d", tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (unsigned)(wall_us / 1000 % 1000),
	    days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
	    tm.tm_year + 1900);
}

static unsigned
count_ethernet(const struct router *r)
{
	const struct interface *ifc;
	unsigned n = 0;

	CF_FOREACH(ifc, &r->running->interfaces)
		n += strstr(ifc->name, "Ethernet") != NULL &&
		    strchr(ifc->name, '.') == NULL;
	return n;
}

int
show_version(struct cli_ctx *ctx, const struct show_version_args *a UNUSED)
{
	const struct router *r = router_of(ctx);
	struct strbuf up = {0}, at = {0};
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	unsigned long kb = (unsigned long)(pages / 1024 * page);

	uptime_text(time_mono_ms() - r->start_mono_ms, &up);
	clock_text(r->start_wall_us, &at);
	cli_printf(ctx,
	    "IOS (compatible) COHORT Software (COHORT-GETVPN-M), Version %s, "
	    "RELEASE SOFTWARE (fc1)\n"
	    "This is not Cisco IOS Software, it is an independent "
	    "implementation\n"
	    "Cohort is not affiliated with Cisco Systems\n"
	    "Copyright (c) 2026-2026 by the Cohort authors\n\n"
	    "ROM: Linux\n\n"
	    "%s uptime is %s\n"
	    "System returned to ROM by reload\n"
	    "System restarted at %.8s%s\n"
	    "System image file is \"flash:cohort\"\n\n"
	    "cohort LINUX (x86) processor (revision 1.0) with %luK/0K bytes "
	    "of memory.\n"
	    "Processor board ID %s\n"
	    "%u Ethernet interface%s\n"
	    "%uK bytes of non-volatile configuration memory.\n\n"
	    "Configuration register is 0x2102\n\n",
	    PACKAGE_VERSION, r->running->hostname, up.s, at.s, at.s + 12, kb,
	    r->name, count_ethernet(r), count_ethernet(r) == 1 ? "" : "s",
	    NVRAM_SIZE / 1024);
	sb_free(&up);
	sb_free(&at);
	return CLI_DONE;
}

/* The clock is the host's; it is exact when somebody disciplines it. */
int
show_clock(struct cli_ctx *ctx, const struct show_clock_args *a)
{
	struct strbuf sb = {0};
	struct timex tx = {0};
	bool exact = adjtimex(&tx) != TIME_ERROR;

	clock_text(time_wall_us(), &sb);
	cli_printf(ctx, "%s%s\n", exact ? "" : "*", sb.s);
	if (a->detail)
		cli_printf(ctx, exact ? "Time source is NTP\n"
				      : "Time source is hardware calendar\n");
	sb_free(&sb);
	return CLI_DONE;
}

int
show_privilege(struct cli_ctx *ctx, const struct show_privilege_args *a UNUSED)
{
	cli_printf(ctx, "Current privilege level is %u\n",
	    session_level(session_of(ctx)));
	return CLI_DONE;
}

static void
print_sb(struct cli_ctx *ctx, struct strbuf *sb)
{
	if (sb->len != 0)
		cli_printf(ctx, "%s", sb->s);
	sb_free(sb);
}

int
show_history(struct cli_ctx *ctx, const struct show_history_args *a UNUSED)
{
	struct strbuf sb = {0};

	session_history(session_of(ctx), &sb);
	print_sb(ctx, &sb);
	return CLI_DONE;
}

int
show_logging(struct cli_ctx *ctx, const struct show_logging_args *a UNUSED)
{
	struct strbuf sb = {0};

	syslog_show(router_of(ctx), &sb);
	print_sb(ctx, &sb);
	return CLI_DONE;
}

/* ---- configuration ---- */

struct note {
	const char *line; /* in the text, up to its newline */
	char *text;	  /* what is said of it */
	size_t at;
};

struct notes {
	struct note *v;
	size_t n, cap;
	const char *line; /* the line of that number: they come in order */
	unsigned lineno;
};

static void
note_line(void *arg, unsigned lineno, bool error UNUSED, const char *text)
{
	static const char prefix[] = "accepted without effect: ";
	struct notes *n = arg;

	for (; n->lineno < lineno && n->line != NULL; n->lineno++) {
		n->line = strchr(n->line, '\n');
		if (n->line != NULL)
			n->line++;
	}
	if (n->line == NULL)
		return;
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	if (n->n == n->cap) {
		n->cap = n->cap != 0 ? 2 * n->cap : 64;
		n->v = xrealloc(n->v, n->cap * sizeof(*n->v));
	}
	n->v[n->n] = (struct note){n->line, xstrdup(text), n->n};
	n->n++;
}

static int
by_text(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	int d = strcmp(x->text, y->text);

	return d != 0 ? d : (x->at > y->at) - (x->at < y->at);
}

/* One reason, and all lines that have it in their order. */
static void
print_notes(struct cli_ctx *ctx, struct notes *n)
{
	size_t i, j;

	if (n->n != 0)
		qsort(n->v, n->n, sizeof(*n->v), by_text);
	for (i = 0; i < n->n; i = j) {
		for (j = i + 1; j < n->n &&
		     strcmp(n->v[j].text, n->v[i].text) == 0; j++)
			;
		cli_printf(ctx, "%zu line%s or block%s: %s\n", j - i,
		    j - i == 1 ? "" : "s", j - i == 1 ? "" : "s",
		    n->v[i].text);
		for (size_t k = i; k < j; k++)
			cli_printf(ctx, "  %.*s\n",
			    (int)strcspn(n->v[k].line, "\n"), n->v[k].line);
	}
}

static void
free_notes(struct notes *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].text);
	free(n->v);
}

/* What a load of the running configuration would note. */
int
show_unsupported(struct cli_ctx *ctx,
    const struct show_unsupported_args *a UNUSED)
{
	struct strbuf sb = {0};
	struct conf *again = conf_new();
	struct notes n = {.lineno = 1};

	conf_print(&sb, router_of(ctx)->running, CF_MAIN);
	sb_add(&sb, "", 0);
	n.line = sb.s;
	if (conf_load(again, sb.s, sb.len, note_line, &n) != 0)
		cli_printf(ctx, "%% The running configuration does not load "
				"again: this is a fault of Cohort\n");
	print_notes(ctx, &n);
	free_notes(&n);
	conf_free(again);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return CLI_DONE;
}

int
show_startup_config(struct cli_ctx *ctx,
    const struct show_startup_config_args *a UNUSED)
{
	struct strbuf sb = {0};
	struct fs_url u;

	if (fs_parse(&u, "startup-config") == -1 ||
	    fs_get(router_of(ctx), &u, &sb) == -1) {
		int err = errno;

		sb_free(&sb);
		if (err != ENOENT)
			return fs_refuse(ctx, "nvram:startup-config", err);
		cli_printf(ctx, "startup-config is not present\n");
		return CLI_DONE;
	}
	cli_printf(ctx, "Using %zu out of %d bytes\n%s\n", sb.len, NVRAM_SIZE,
	    sb.s);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return CLI_DONE;
}
