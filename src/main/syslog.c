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
	unsigned console, buffered;
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

void
syslog_line(struct router *r, enum log_id id UNUSED, const char *text)
{
	struct syslog *s = r->syslog;
	struct strbuf sb = {0};
	struct syslog_entry *e;
	size_t limit = BUFFER_DEFAULT;

	syslog_stamp(time_wall_us(), &sb);
	sb_printf(&sb, ": %s\n", text);
	if (r->running != NULL && r->running->logging_buffered != 0)
		limit = r->running->logging_buffered;
	e = xcalloc(1, sizeof(*e) + sb.len + 1);
	e->len = sb.len;
	memcpy(e->text, sb.s, sb.len + 1);
	*s->last = e;
	s->last = &e->next;
	s->size += e->len;
	s->buffered++;
	while (s->size > limit && s->first != e)
		drop_oldest(s);
	if (r->running == NULL || r->running->logging_console) {
		s->console++;
		console_log(r, sb.s);
		if (r->daemon)
			put_stderr(sb.s, sb.len);
	}
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

void
syslog_show(struct router *r, struct strbuf *sb)
{
	const struct syslog *s = r->syslog;
	const struct syslog_entry *e;
	unsigned size = r->running->logging_buffered != 0
	    ? r->running->logging_buffered : BUFFER_DEFAULT;

	sb_printf(sb,
	    "Syslog logging: enabled (0 messages dropped, 0 messages "
	    "rate-limited, 0 flushes, 0 overruns, xml disabled, filtering "
	    "disabled)\n\nNo Active Message Discriminator.\n\n\n\n"
	    "No Inactive Message Discriminator.\n\n\n");
	sb_printf(sb,
	    "    Console logging: %s, %u messages logged, xml disabled,\n"
	    "                     filtering disabled\n",
	    r->running->logging_console ? "level debugging" : "disabled",
	    s->console);
	sb_printf(sb,
	    "    Monitor logging: level debugging, 0 messages logged, xml "
	    "disabled,\n                     filtering disabled\n");
	sb_printf(sb,
	    "    Buffer logging:  level debugging, %u messages logged, xml "
	    "disabled,\n                    filtering disabled\n",
	    s->buffered);
	sb_printf(sb, "    Exception Logging: size (4096 bytes)\n"
	    "    Count and timestamp logging messages: disabled\n"
	    "    Persistent logging: disabled\n\n"
	    "No active filter modules.\n\n"
	    "    Trap logging: disabled\n\nLog Buffer (%u bytes):\n\n", size);
	for (e = s->first; e != NULL; e = e->next)
		sb_add(sb, e->text, e->len);
}
