/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File systems: names to files, and back. Every access goes through the open
 * directory and a name without slashes.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "main/files.h"
#include "main/fs.h"

#define STARTUP "startup-config"
#define RUNNING "running-config"
#define FILES_MAX 100000 /* of a directory that is listed */

/* ---- names ---- */

static const struct {
	const char *prefix;
	enum fs_kind kind;
} systems[] = {
    {"flash:", FS_FLASH},
    {"flash0:", FS_FLASH},
    {"disk0:", FS_FLASH},
    {"bootflash:", FS_FLASH},
    {"nvram:", FS_NVRAM},
    {"system:", FS_SYSTEM},
    {"null:", FS_NULL},
};

static const char *const remote[] = {"tftp:", "ftp:", "scp:", "sftp:",
    "http:", "https:", "rcp:", "xmodem:", "ymodem:", "usb0:", "usbflash0:"};

/* Hidden names are ours: what is being written. */
bool
fs_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > FS_NAME_MAX || name[0] == '.')
		return false;
	for (; *name != '\0'; name++)
		if (!isgraph((unsigned char)*name) ||
		    strchr("/\\:|?*\"'", *name) != NULL)
			return false;
	return true;
}

static int
find_system(struct fs_url *u, const char *text, size_t len)
{
	for (size_t i = 0; i < NELEM(systems); i++)
		if (strlen(systems[i].prefix) == len &&
		    strncasecmp(systems[i].prefix, text, len) == 0) {
			u->kind = systems[i].kind;
			str_copy(u->prefix, systems[i].prefix,
			    sizeof(u->prefix));
			return 0;
		}
	errno = ENODEV;
	for (size_t i = 0; i < NELEM(remote); i++)
		if (strlen(remote[i]) == len &&
		    strncasecmp(remote[i], text, len) == 0)
			errno = EPROTONOSUPPORT;
	return -1;
}

void
fs_as_directory(struct fs_url *u)
{
	size_t n = strlen(u->prefix);

	if (n + 1 < sizeof(u->prefix) && strchr(u->prefix, '/') == NULL)
		str_copy(u->prefix + n, "/", sizeof(u->prefix) - n);
}

int
fs_parse(struct fs_url *u, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) + 1 : 0;

	memset(u, 0, sizeof(*u));
	str_copy(u->prefix, "flash:", sizeof(u->prefix));
	if (strcmp(text, STARTUP) == 0)
		return fs_parse(u, "nvram:" STARTUP);
	if (strcmp(text, RUNNING) == 0)
		return fs_parse(u, "system:" RUNNING);
	if (len != 0 && find_system(u, text, len) == -1)
		return -1;
	text += len;
	if (*text == '/') {
		fs_as_directory(u);
		text++;
	}
	if (*text != '\0' && !fs_name_ok(text)) {
		errno = EINVAL;
		return -1;
	}
	str_copy(u->name, text, sizeof(u->name));
	return 0;
}

const char *
fs_text(const struct fs_url *u, char *buf)
{
	snprintf(buf, FS_TEXT_MAX, "%s%s", u->prefix, u->name);
	return buf;
}

const char *
fs_error(int err)
{
	switch (err) {
	case ENODEV:
		return "No such device";
	case EINVAL:
		return "Bad file name";
	case ELOOP:
		return "Not a file";
	case EPROTONOSUPPORT:
		return "Protocol not supported";
	default:
		return strerror(err);
	}
}

/* ---- directories ---- */

/* Made when something is to be written. */
static int
open_dir(const char *statedir, enum fs_kind kind, bool make)
{
	int top = open(statedir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir, saved;

	if (top == -1 || kind == FS_NVRAM)
		return top;
	if (make && mkdirat(top, "flash", 0700) == 0)
		(void)fsync(top);
	dir = openat(top, "flash",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	saved = errno;
	close(top);
	errno = saved;
	return dir;
}

/* The directory of a file that may be opened, -1 for others. */
static int
open_dir_of(const char *statedir, const struct fs_url *u, bool make)
{
	if (u->kind == FS_NVRAM && strcmp(u->name, STARTUP) != 0) {
		errno = make ? EACCES : ENOENT;
		return -1;
	}
	if (u->kind != FS_FLASH && u->kind != FS_NVRAM) {
		errno = EACCES;
		return -1;
	}
	if (!fs_name_ok(u->name)) {
		errno = u->name[0] == '\0' ? EISDIR : EINVAL;
		return -1;
	}
	return open_dir(statedir, u->kind, make);
}

static void
close_keep(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* ---- files ---- */

int
fs_open(const char *statedir, const struct fs_url *u, size_t max)
{
	int dir = open_dir_of(statedir, u, false), fd;
	struct stat st = {0};

	if (dir == -1)
		return -1;
	fd = openat(dir, u->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close_keep(dir);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)max) {
		close(fd);
		errno = S_ISREG(st.st_mode) ? EFBIG : ELOOP;
		return -1;
	}
	return fd;
}

int
fs_read(const char *statedir, const struct fs_url *u, struct strbuf *sb)
{
	int fd = fs_open(statedir, u, FS_FILE_MAX);

	return fd == -1 ? -1 : file_read_fd(fd, FS_FILE_MAX, sb);
}

int
fs_write(const char *statedir, const struct fs_url *u, const char *data,
    size_t len)
{
	int dir, r;
	char tmp[FS_NAME_MAX + 8];

	if (len > FS_FILE_MAX) { /* it could not be read again */
		errno = EFBIG;
		return -1;
	}
	dir = open_dir_of(statedir, u, true);
	if (dir == -1)
		return -1;
	snprintf(tmp, sizeof(tmp), ".%s.new", u->name);
	r = file_write_at(dir, u->name, tmp, data, len, 0600);
	close_keep(dir);
	return r;
}

int
fs_remove(const char *statedir, const struct fs_url *u)
{
	int dir = open_dir_of(statedir, u, false), r;

	if (dir == -1)
		return -1;
	r = unlinkat(dir, u->name, 0);
	if (r == 0)
		r = fsync(dir);
	close_keep(dir);
	return r;
}

int
fs_rename(const char *statedir, const struct fs_url *from,
    const struct fs_url *to)
{
	int dir, r;

	if (from->kind != FS_FLASH || to->kind != FS_FLASH) {
		errno = EACCES;
		return -1;
	}
	if (!fs_name_ok(to->name)) {
		errno = EINVAL;
		return -1;
	}
	dir = open_dir_of(statedir, from, false);
	if (dir == -1)
		return -1;
	r = renameat2(dir, from->name, dir, to->name, RENAME_NOREPLACE);
	if (r == 0)
		r = fsync(dir);
	close_keep(dir);
	return r;
}

static int
stat_at(int dir, const char *name, struct fs_file *f)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	str_copy(f->name, name, sizeof(f->name));
	f->size = st.st_size;
	f->mtime = st.st_mtime;
	return 0;
}

int
fs_stat(const char *statedir, const struct fs_url *u, struct fs_file *f)
{
	int dir = open_dir_of(statedir, u, false), r;

	if (dir == -1)
		return -1;
	r = stat_at(dir, u->name, f);
	close_keep(dir);
	return r;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct fs_file *)a)->name,
	    ((const struct fs_file *)b)->name);
}

int
fs_list(const char *statedir, enum fs_kind kind, struct fs_file **v, size_t *n)
{
	int dir = open_dir(statedir, kind, false);
	struct fs_file f;
	struct dirent *e;
	size_t cap = 0;
	DIR *d;

	*v = NULL;
	*n = 0;
	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	d = fdopendir(dir);
	if (d == NULL) {
		close_keep(dir);
		return -1;
	}
	while (*n < FILES_MAX && (e = readdir(d)) != NULL) {
		if (!fs_name_ok(e->d_name) ||
		    (kind == FS_NVRAM && strcmp(e->d_name, STARTUP) != 0) ||
		    stat_at(dir, e->d_name, &f) == -1)
			continue;
		if (*n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			*v = xrealloc(*v, cap * sizeof(f));
		}
		(*v)[(*n)++] = f;
	}
	closedir(d);
	if (*n > 1)
		qsort(*v, *n, sizeof(f), by_name);
	return 0;
}

int
fs_space(const char *statedir, uint64_t *total, uint64_t *available)
{
	struct statvfs vfs;

	if (statvfs(statedir, &vfs) == -1)
		return -1;
	*total = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	*available = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	return 0;
}

void
fs_clean(const char *statedir)
{
	int nvram = open_dir(statedir, FS_NVRAM, false);
	int dir = open_dir(statedir, FS_FLASH, false);
	struct dirent *e;
	size_t len;
	DIR *d;

	if (nvram != -1) {
		(void)unlinkat(nvram, STARTUP ".new", 0);
		close(nvram);
	}
	if (dir == -1)
		return;
	d = fdopendir(dir);
	if (d == NULL) {
		close(dir);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' && len > 5 &&
		    strcmp(e->d_name + len - 4, ".new") == 0)
			(void)unlinkat(dir, e->d_name, 0);
	}
	closedir(d);
}
