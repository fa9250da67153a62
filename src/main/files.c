/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of a router: read whole, replaced atomically, so that a full disk or
 * a power cut leaves the old one or the new one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/router.h"

int
file_read(const char *path, struct strbuf *sb)
{
	char buf[65536];
	ssize_t n;
	int saved, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sb_add(sb, buf, (size_t)n);
	if (sb->s == NULL)
		sb_add(sb, "", 0);
	saved = errno;
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	errno = saved;
	return n == -1 ? -1 : 0;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd);
}

static int
sync_dir_of(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = -1;

	free(copy);
	if (fd != -1) {
		r = fsync(fd);
		close(fd);
	}
	return r;
}

int
file_write(const char *path, const char *data, size_t len, int mode)
{
	char *tmp = xasprintf("%s.new", path);
	int fd, saved, r = -1;

	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd == -1)
		goto out;
	if (fchmod(fd, (mode_t)mode) == -1 || write_all(fd, data, len) == -1) {
		saved = errno;
		close(fd);
		unlink(tmp);
		errno = saved;
		goto out;
	}
	close(fd);
	if (rename(tmp, path) == 0)
		r = sync_dir_of(path);
	else {
		saved = errno;
		unlink(tmp);
		errno = saved;
	}
out:
	saved = errno;
	free(tmp);
	errno = saved;
	return r;
}

void
file_startup_path(const struct router *r, char *buf, size_t size)
{
	snprintf(buf, size, "%s/startup-config", r->statedir);
}

int
file_write_config(struct router *r)
{
	struct strbuf sb = {0};
	char path[320];
	int ret;

	conf_print(&sb, r->running, CF_MAIN);
	sb_add(&sb, "end\n", 4);
	file_startup_path(r, path, sizeof(path));
	ret = file_write(path, sb.s, sb.len, 0600);
	explicit_bzero(sb.s, sb.len);
	sb_free(&sb);
	return ret;
}

/* Written by us it is the same text; by hand it may say the same. */
bool
file_config_saved(const struct router *r)
{
	struct strbuf file = {0}, run = {0};
	struct conf *conf;
	char path[320];
	bool same;

	file_startup_path(r, path, sizeof(path));
	if (file_read(path, &file) == -1) {
		sb_free(&file);
		return false;
	}
	conf_print(&run, r->running, CF_MAIN);
	sb_add(&run, "end\n", 4);
	same = run.len == file.len && memcmp(run.s, file.s, run.len) == 0;
	if (!same) {
		conf = conf_new();
		same = conf_load(conf, file.s, file.len, NULL, NULL) == 0 &&
		    conf_equal(conf, r->running);
		conf_free(conf);
	}
	explicit_bzero(run.s, run.len);
	explicit_bzero(file.s, file.len);
	sb_free(&run);
	sb_free(&file);
	return same;
}
