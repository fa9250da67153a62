/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The log of the router: time stamps, the buffer of `show logging`, and the
 * consoles. The clock is never synchronised by Cohort, hence the asterisk.
 */
#include "config.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "main/router.h"

#define BUFFER_DEFAULT 8192

struct syslog_entry {
	struct syslog_entry *next;
	size_t len;
	char text[];
};

struct syslog {
	struct syslog_entry *first, **last;
	size_t size;
	unsigned console, monitor, buffered; /* lines that were told */
};

void
syslog_stamp(uint64_t wall_us, struct strbuf *sb)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(wall_us / 1000000);
	struct tm tm;

	gmtime_r(&t, &tm);
	sb_printf(sb, "*%s %2d %02d:%02d:%02d.%03u", months[tm.tm_mon],
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (unsigned)(wall_us / 1000 % 1000));
}

static void
drop_oldest(struct syslog *s)
{
	struct syslog_entry *e = s->first;

	s->first = e->next;
	if (s->first == NULL)
		s->last = &s->first;
	s->size -= e->len;
	free(e);
}

/* Nobody may read what stderr is: a full pipe must not stop the router. */
static void
put_stderr(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (len <= PIPE_BUF && poll(&p, 1, 0) == 1 &&
	    (p.revents & POLLOUT) != 0)
		(void)!write(STDERR_FILENO, line, len);
}

static void
put_buffer(struct syslog *s, const char *line, size_t len, size_t limit)
{
	struct syslog_entry *e = xcalloc(1, sizeof(*e) + len + 1);

	e->len = len;
	memcpy(e->text, line, len + 1);
	*s->last = e;
	s->last = &e->next;
	s->size += e->len;
	s->buffered++;
	while (s->size > limit && s->first != e)
		drop_oldest(s);
}

void
syslog_line(struct router *r, enum log_id id, const char *text)
{
	static const struct conf early = {
		.logging = {.size = BUFFER_DEFAULT, .console_on = true,
		    .buffered = 7, .console = 7}};
	const struct conf *c = r->running != NULL ? r->running : &early;
	int severity = id == LOG_COUNT ? 7 : log_def_of(id)->severity;
	struct syslog *s = r->syslog;
	struct strbuf sb = {0};

	syslog_stamp(time_wall_us(), &sb);
	sb_printf(&sb, ": %s\n", text);
	if (severity <= c->logging.buffered)
		put_buffer(s, sb.s, sb.len, c->logging.size);
	if (c->logging.console_on && severity <= c->logging.console) {
		s->console++;
		console_log(r, sb.s);
		if (r->daemon)
			put_stderr(sb.s, sb.len);
	}
	if (c->logging.monitor_on && severity <= c->logging.monitor &&
	    console_monitor(r, sb.s))
		s->monitor++;
	sb_free(&sb);
}

static void
sink(void *arg, enum log_id id, const char *text)
{
	syslog_line(arg, id, text);
}

void
syslog_open(struct router *r)
{
	r->syslog = xcalloc(1, sizeof(*r->syslog));
	r->syslog->last = &r->syslog->first;
	log_set_sink(sink, r);
}

void
syslog_clear(struct router *r)
{
	while (r->syslog->first != NULL)
		drop_oldest(r->syslog);
}

void
syslog_close(struct router *r)
{
	syslog_clear(r);
	free(r->syslog);
	r->syslog = NULL;
}

static void
show_level(struct strbuf *sb, const char *what, bool on, unsigned level,
    unsigned n)
{
	sb_printf(sb, "    %s%s%s, %u messages logged, xml disabled,\n", what,
	    on ? "level " : "disabled", on ? log_level_name(level) : "", n);
}

void
syslog_show(struct router *r, struct strbuf *sb)
{
	const struct syslog *s = r->syslog;
	const struct conf *c = r->running;
	const struct syslog_entry *e;

	sb_printf(sb,
	    "Syslog logging: enabled (0 messages dropped, 0 messages "
	    "rate-limited, 0 flushes, 0 overruns, xml disabled, filtering "
	    "disabled)\n\nNo Active Message Discriminator.\n\n\n\n"
	    "No Inactive Message Discriminator.\n\n\n");
	show_level(sb, "Console logging: ", c->logging.console_on,
	    c->logging.console, s->console);
	sb_printf(sb, "                     filtering disabled\n");
	show_level(sb, "Monitor logging: ", c->logging.monitor_on,
	    c->logging.monitor, s->monitor);
	sb_printf(sb, "                     filtering disabled\n");
	show_level(sb, "Buffer logging:  ", true, c->logging.buffered,
	    s->buffered);
	sb_printf(sb, "                    filtering disabled\n"
	    "    Exception Logging: size (4096 bytes)\n"
	    "    Count and timestamp logging messages: disabled\n"
	    "    Persistent logging: disabled\n\n"
	    "No active filter modules.\n\n"
	    "    Trap logging: disabled\n\nLog Buffer (%u bytes):\n\n",
	    c->logging.size);
	for (e = s->first; e != NULL; e = e->next)
		sb_add(sb, e->text, e->len);
}
