/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of archived configurations: PATH-TIME-NUMBER, where $h and $t in the
 * path stand for the host and the time.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/archive.h"

const struct archive *
archive_of(const struct conf *c)
{
	const struct archive *a = (const void *)c->archives.first;

	return a != NULL && a->path[0] != '\0' ? a : NULL;
}

/* "Nov-21-11-20-05.123" */
#define TIME_SHAPE "Aaa-00-00-00-00.000"
#define ANY_TIME "\001" /* in place of a time: any */

static void
time_text(uint64_t wall_us, char *buf, size_t size)
{
	time_t t = (time_t)(wall_us / 1000000);
	char secs[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)!strftime(secs, sizeof(secs), "%b-%d-%H-%M-%S", &tm);
	snprintf(buf, size, "%s.%03u", secs,
	    (unsigned)(wall_us / 1000 % 1000));
}

/* All but the number. */
static void
put_name(struct strbuf *sb, const char *path, const char *host,
    const char *time)
{
	bool timed = false;

	for (; *path != '\0'; path++) {
		int c = *path == '$' ? tolower((unsigned char)path[1]) : 0;

		if (c != 'h' && c != 't') {
			sb_add(sb, path, 1);
			continue;
		}
		sb_printf(sb, "%s", c == 'h' ? host : time);
		timed |= c == 't';
		path++;
	}
	if (!timed)
		sb_printf(sb, "-%s", time);
	sb_add(sb, "-", 1);
}

int
archive_name(const struct archive *a, const char *host, uint64_t wall_us,
    unsigned number, struct fs_url *u)
{
	struct strbuf sb = {0};
	char time[48];
	int r;

	time_text(wall_us, time, sizeof(time));
	put_name(&sb, a->path, host, time);
	sb_printf(&sb, "%u", number);
	r = fs_parse(u, sb.s);
	if (r == 0 && u->kind != FS_FLASH) {
		errno = EACCES;
		r = -1;
	}
	sb_free(&sb);
	return r;
}

/* Octets of the time at s, 0: that is none. */
static size_t
time_len(const char *s)
{
	static const char shape[] = TIME_SHAPE;
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		unsigned char c = (unsigned char)s[i];

		if (shape[i] == '0' ? !isdigit(c)
			: isalpha((unsigned char)shape[i]) ? !isalpha(c)
							   : c != shape[i])
			return 0;
	}
	return i;
}

/* The octets of name that want stands for, -1: it does not. */
static ptrdiff_t
match(const char *name, const char *want)
{
	const char *s = name;

	for (; *want != '\0'; want++) {
		size_t n = *want == ANY_TIME[0] ? time_len(s) : *s == *want;

		if (n == 0)
			return -1;
		s += n;
	}
	return s - name;
}

/* The oldest of what is its own is deleted: nothing that only looks alike. */
bool
archive_is_mine(const struct archive *a, const char *host, const char *name,
    unsigned *number)
{
	struct strbuf sb = {0};
	const char *want;
	ptrdiff_t n;
	char *end;

	put_name(&sb, a->path, host, ANY_TIME);
	want = strchr(sb.s, ':');
	want = want != NULL ? want + 1 : sb.s;
	want += *want == '/';
	n = match(name, want);
	sb_free(&sb);
	if (n == -1 || !isdigit((unsigned char)name[n]))
		return false;
	*number = (unsigned)strtoul(name + n, &end, 10);
	return *end == '\0';
}
