/* SPDX-License-Identifier: BSD-2-Clause
 *
 * reload: at once, in a while or at a time; saving before, the questions, the
 * warnings to every session, and the restart.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli_gen.h"
#include "main/router.h"

#define DAYS_MAX 24

struct reload {
	struct router *r;
	struct timer timer;
	uint64_t at_ms;	   /* monotonic */
	char when[64];	   /* "11:20:00 UTC Sat Nov 21 2026" */
	char reason[208], who[WHO_MAX];
	bool scheduled;
};

/* ---- times ---- */

static bool
take_number(const char **s, unsigned max, unsigned *n)
{
	const char *p = *s;

	for (*n = 0; isdigit((unsigned char)*p); p++) {
		*n = *n * 10 + (unsigned)(*p - '0');
		if (*n > max)
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	return true;
}

/* "MMM" or "HHH:MM": minutes from now. */
static bool
reload_in(const char *s, unsigned *minutes)
{
	unsigned a, b;

	if (!take_number(&s, DAYS_MAX * 24 * 60, &a))
		return false;
	if (*s == '\0') {
		*minutes = a;
		return a > 0;
	}
	if (*s++ != ':' || !take_number(&s, 59, &b) || *s != '\0')
		return false;
	*minutes = a * 60 + b;
	return *minutes > 0 && *minutes <= DAYS_MAX * 24 * 60;
}

/* "HH:MM" of today or tomorrow: seconds from now. */
static bool
reload_at(const char *s, uint64_t wall_us, unsigned *seconds)
{
	unsigned h, m, now = (unsigned)(wall_us / 1000000 % 86400), at;

	if (!take_number(&s, 23, &h) || *s++ != ':' ||
	    !take_number(&s, 59, &m) || *s != '\0')
		return false;
	at = h * 3600 + m * 60;
	*seconds = at > now ? at - now : at + 86400 - now;
	return true;
}

static uint64_t
seconds_left(const struct reload *p)
{
	uint64_t now = time_mono_ms();

	return p->at_ms > now ? (p->at_ms - now + 999) / 1000 : 0;
}

static void
left_text(uint64_t secs, char *buf, size_t size)
{
	unsigned long long h = secs / 3600, m = secs / 60 % 60, s = secs % 60;

	if (h != 0)
		snprintf(buf, size, "%llu hour%s and %llu minute%s", h,
		    h == 1 ? "" : "s", m, m == 1 ? "" : "s");
	else if (s != 0 && m != 0)
		snprintf(buf, size, "%llu minute%s and %llu second%s", m,
		    m == 1 ? "" : "s", s, s == 1 ? "" : "s");
	else if (m != 0)
		snprintf(buf, size, "%llu minute%s", m, m == 1 ? "" : "s");
	else
		snprintf(buf, size, "%llu second%s", s, s == 1 ? "" : "s");
}

/* ---- warnings ---- */

static void
wall(struct router *r, const char *text)
{
	char *lines = xasprintf("\n\n***\n*** --- %s ---\n***\n\n", text);

	console_warn(r, lines);
	free(lines);
}

static void on_timer(void *arg);

/* Next warning an hour, half an hour, five minutes, a minute before. */
static void
arm(struct reload *p)
{
	static const unsigned before[] = {3600, 1800, 300, 60, 0};
	uint64_t now = time_mono_ms();

	for (size_t i = 0; i < NELEM(before); i++) {
		uint64_t at = p->at_ms - before[i] * 1000ULL;

		if (p->at_ms < before[i] * 1000ULL || at <= now)
			continue;
		loop_timer(p->r->loop, &p->timer, at);
		return;
	}
	loop_timer(p->r->loop, &p->timer, now + 1);
}

static void
warn(struct reload *p)
{
	uint64_t left = seconds_left(p);
	char text[64];

	snprintf(text, sizeof(text), "SHUTDOWN in %llu:%02llu:%02llu",
	    (unsigned long long)left / 3600,
	    (unsigned long long)left / 60 % 60,
	    (unsigned long long)left % 60);
	wall(p->r, text);
}

static const char *
reason_of(const struct reload *p)
{
	return p->reason[0] != '\0' ? p->reason : "Reload Command";
}

static void
log_reload(const struct reload *p)
{
	log_emit(LOG_SYS_RELOAD, p->who, reason_of(p));
}

static void
on_timer(void *arg)
{
	struct reload *p = arg;

	if (time_mono_ms() < p->at_ms) {
		warn(p);
		arm(p);
		return;
	}
	wall(p->r, "SHUTDOWN NOW");
	log_reload(p);
	router_reload(p->r);
}

void
reload_close(struct router *r)
{
	if (r->reload == NULL)
		return;
	loop_timer(r->loop, &r->reload->timer, 0);
	free(r->reload);
	r->reload = NULL;
}

/* ---- commands ---- */

static struct reload *
reload_new(struct router *r, unsigned seconds, const char *reason)
{
	struct reload *p = xcalloc(1, sizeof(*p));
	struct strbuf when = {0};

	p->r = r;
	p->timer.fn = on_timer;
	p->timer.arg = p;
	p->scheduled = seconds != 0;
	p->at_ms = time_mono_ms() + seconds * 1000ULL;
	date_text(&when, time_wall_us() + seconds * 1000000ULL);
	str_copy(p->when, when.s, sizeof(p->when));
	sb_free(&when);
	str_copy(p->reason, reason, sizeof(p->reason));
	return p;
}

static void
schedule(struct reload *p)
{
	struct strbuf now = {0};

	reload_close(p->r);
	p->r->reload = p;
	date_text(&now, time_wall_us());
	log_emit(LOG_SYS_SCHEDULED_RELOAD, p->when, now.s, p->who,
	    reason_of(p));
	sb_free(&now);
	warn(p);
	arm(p);
}

static void
reload_confirm(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct reload *p = arg;
	struct router *r = p->r;
	bool yes = exec_confirmed(answer), now = yes && !p->scheduled;
	enum cli_status st = CLI_DONE;

	if (now)
		log_reload(p);
	if (yes && p->scheduled && seconds_left(p) != 0) {
		schedule(p);
	} else {
		if (yes && p->scheduled) {
			cli_printf(ctx, "%% The time to reload is over, "
					"nothing is scheduled\n");
			st = CLI_FAILED;
		}
		free(p);
	}
	cli_done(ctx, st);
	if (now)
		router_reload(r);
}

static void
say_scheduled(struct cli_ctx *ctx, const struct reload *p)
{
	char left[64];

	left_text(seconds_left(p), left, sizeof(left));
	cli_printf(ctx, "Reload scheduled for %s (in %s) by %s\n", p->when,
	    left, p->who);
	if (p->reason[0] != '\0')
		cli_printf(ctx, "Reload reason: %s\n", p->reason);
}

static void
ask_proceed(struct cli_ctx *ctx, struct reload *p)
{
	if (p->scheduled)
		say_scheduled(ctx, p);
	cli_ask(ctx, CLI_ASK_CONFIRM, "Proceed with reload? [confirm]",
	    reload_confirm, p);
}

static void
reload_save(struct cli_ctx *ctx, void *arg, const char *answer)
{
	static const char again[] =
	    "% Please answer 'yes' or 'no'.\n"
	    "System configuration has been modified. Save? [yes/no]: ";
	size_t n = strlen(answer);

	if (n != 0 && strncasecmp(answer, "yes", n) == 0) {
		if (startup_save(ctx) == CLI_DONE) {
			ask_proceed(ctx, arg);
			return;
		}
		n = 0;
	} else if (n != 0 && strncasecmp(answer, "no", n) == 0) {
		ask_proceed(ctx, arg);
		return;
	}
	if (n == 0) { /* nobody to answer, or not saved */
		free(arg);
		cli_done(ctx, CLI_FAILED);
		return;
	}
	cli_ask(ctx, CLI_ASK_LINE, again, reload_save, arg);
}

int
exec_reload(struct cli_ctx *ctx, const struct exec_reload_args *a)
{
	struct router *r = router_of(ctx);
	unsigned n = 0;
	struct reload *p;

	if (a->in[0] != '\0') {
		if (!reload_in(a->in, &n)) {
			cli_printf(ctx, "%% Time must be MMM or HHH:MM, at "
					"most %d days\n", DAYS_MAX);
			return CLI_FAILED;
		}
		n *= 60;
	} else if (a->at[0] != '\0' && !reload_at(a->at, time_wall_us(), &n)) {
		cli_printf(ctx, "%% Time must be HH:MM\n");
		return CLI_FAILED;
	}
	p = reload_new(r, n, a->reason);
	(void)who_of(ctx, p->who);
	if (file_config_saved(r))
		ask_proceed(ctx, p);
	else
		cli_ask(ctx, CLI_ASK_LINE,
		    "\nSystem configuration has been modified. Save? "
		    "[yes/no]: ",
		    reload_save, p);
	return CLI_PENDING;
}

int
exec_reload_cancel(struct cli_ctx *ctx,
    const struct exec_reload_cancel_args *a UNUSED)
{
	struct router *r = router_of(ctx);

	if (r->reload == NULL) {
		cli_printf(ctx, "%%No reload is scheduled.\n");
		return CLI_FAILED;
	}
	reload_close(r);
	wall(r, "SHUTDOWN ABORTED");
	return CLI_DONE;
}

int
show_reload(struct cli_ctx *ctx, const struct show_reload_args *a UNUSED)
{
	const struct reload *p = router_of(ctx)->reload;

	if (p == NULL)
		cli_printf(ctx, "No reload is scheduled.\n");
	else
		say_scheduled(ctx, p);
	return CLI_DONE;
}
