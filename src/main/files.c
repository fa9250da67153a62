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

#include "main/files.h"

int
file_read_fd(int fd, size_t max, struct strbuf *sb)
{
	char buf[65536];
	size_t before = sb->len;
	ssize_t n;
	int saved;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		sb_add(sb, buf, (size_t)n);
		if (sb->len - before > max) {
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	if (sb->s == NULL)
		sb_add(sb, "", 0);
	saved = errno;
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	errno = saved;
	return n == -1 ? -1 : 0;
}

int
file_read(const char *path, struct strbuf *sb)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd == -1 ? -1 : file_read_fd(fd, SIZE_MAX, sb);
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

/* tmp and name are looked up at `at`; both are in dir. tmp is made anew: what
 * is there may be a FIFO, or another name of a file that is not ours. */
static int
replace(int at, int dir, const char *name, const char *tmp, const char *data,
    size_t len, int mode)
{
	int saved, fd;

	(void)unlinkat(at, tmp, 0);
	fd = openat(at, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd == -1)
		return -1;
	if (fchmod(fd, (mode_t)mode) == -1 || write_all(fd, data, len) == -1) {
		saved = errno;
		close(fd);
		goto bad;
	}
	close(fd);
	if (renameat(at, tmp, at, name) == 0)
		return fsync(dir);
	saved = errno;
bad:
	(void)unlinkat(at, tmp, 0);
	errno = saved;
	return -1;
}

int
file_write_at(int dir, const char *name, const char *tmp, const char *data,
    size_t len, int mode)
{
	return replace(dir, dir, name, tmp, data, len, mode);
}

int
file_write(const char *path, const char *data, size_t len, int mode)
{
	char *copy = xstrdup(path), *tmp = xasprintf("%s.new", path);
	int dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int saved, r = -1;

	if (dir != -1)
		r = replace(AT_FDCWD, dir, path, tmp, data, len, mode);
	saved = errno;
	if (dir != -1)
		close(dir);
	free(tmp);
	free(copy);
	errno = saved;
	return r;
}
