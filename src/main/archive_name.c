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
static void
put_time(struct strbuf *sb, uint64_t wall_us)
{
	time_t t = (time_t)(wall_us / 1000000);
	char buf[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)!strftime(buf, sizeof(buf), "%b-%d-%H-%M-%S", &tm);
	sb_printf(sb, "%s.%03u", buf, (unsigned)(wall_us / 1000 % 1000));
}

/* The path up to the time; whether there was one. */
static bool
expand(const char *path, const char *host, uint64_t wall_us,
    struct strbuf *sb, const char **rest)
{
	bool timed = false;

	for (; *path != '\0'; path++) {
		if (path[0] == '$' && (path[1] == 'h' || path[1] == 'H')) {
			sb_add(sb, host, strlen(host));
			path++;
		} else if (path[0] == '$' &&
		    (path[1] == 't' || path[1] == 'T')) {
			timed = true;
			if (rest != NULL) {
				*rest = path + 2;
				return true;
			}
			put_time(sb, wall_us);
			path++;
		} else {
			sb_add(sb, path, 1);
		}
	}
	if (rest != NULL)
		*rest = path;
	return timed;
}

int
archive_name(const struct archive *a, const char *host, uint64_t wall_us,
    unsigned number, struct fs_url *u)
{
	struct strbuf sb = {0};
	int r;

	sb_add(&sb, "", 0);
	if (!expand(a->path, host, wall_us, &sb, NULL)) {
		sb_add(&sb, "-", 1);
		put_time(&sb, wall_us);
	}
	sb_printf(&sb, "-%u", number);
	r = fs_parse(u, sb.s);
	if (r == 0 && u->kind != FS_FLASH) {
		errno = EACCES;
		r = -1;
	}
	sb_free(&sb);
	return r;
}

bool
archive_is_mine(const struct archive *a, const char *host, const char *name,
    unsigned *number)
{
	struct strbuf sb = {0};
	struct fs_url u;
	const char *rest, *dash = strrchr(name, '-');
	bool timed, mine = false;
	char *end;

	sb_add(&sb, "", 0);
	timed = expand(a->path, host, 0, &sb, &rest);
	if (!timed)
		sb_add(&sb, "-", 1);
	if (fs_parse(&u, sb.s) == 0 && dash != NULL &&
	    strncmp(name, u.name, strlen(u.name)) == 0 &&
	    (size_t)(dash - name) >= strlen(u.name) &&
	    isdigit((unsigned char)dash[1])) {
		*number = (unsigned)strtoul(dash + 1, &end, 10);
		mine = *end == '\0';
	}
	sb_free(&sb);
	return mine;
}
