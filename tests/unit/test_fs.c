/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File systems: which names are names, that nothing outside the directory is
 * reached, and reading, writing, listing of what is there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/archive.h"
#include "unit.h"

static void
test_names(void **state)
{
	static const struct {
		const char *text;
		int err; /* 0: good */
		enum fs_kind kind;
		const char *prefix, *name;
	} t[] = {
	    {"flash:x", 0, FS_FLASH, "flash:", "x"},
	    {"FLASH0:/x.cfg", 0, FS_FLASH, "flash0:/", "x.cfg"},
	    {"bootflash:", 0, FS_FLASH, "bootflash:", ""},
	    {"x", 0, FS_FLASH, "flash:", "x"},
	    {"nvram:startup-config", 0, FS_NVRAM, "nvram:", "startup-config"},
	    {"startup-config", 0, FS_NVRAM, "nvram:", "startup-config"},
	    {"running-config", 0, FS_SYSTEM, "system:", "running-config"},
	    {"null:", 0, FS_NULL, "null:", ""},
	    {"flash:../x", EINVAL, 0, NULL, NULL},
	    {"flash:/../x", EINVAL, 0, NULL, NULL},
	    {"flash://x", EINVAL, 0, NULL, NULL},
	    {"flash:a/b", EINVAL, 0, NULL, NULL},
	    {"flash:..", EINVAL, 0, NULL, NULL},
	    {"flash:.hidden", EINVAL, 0, NULL, NULL},
	    {"flash:a\tb", EINVAL, 0, NULL, NULL},
	    {"flash:a\x1b[2J", EINVAL, 0, NULL, NULL},
	    {"flash:\xc3\xa4", EINVAL, 0, NULL, NULL},
	    {"/etc/passwd", EINVAL, 0, NULL, NULL},
	    {"tftp://1.2.3.4/x", EPROTONOSUPPORT, 0, NULL, NULL},
	    {"scp:", EPROTONOSUPPORT, 0, NULL, NULL},
	    {"slot9:x", ENODEV, 0, NULL, NULL},
	    {":x", ENODEV, 0, NULL, NULL},
	};
	char *longname = xasprintf("flash:%0*d", FS_NAME_MAX + 1, 0);
	struct fs_url u;

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		int r = fs_parse(&u, t[i].text);

		if (r != (t[i].err == 0 ? 0 : -1) ||
		    (r == -1 && errno != t[i].err))
			fail_msg("%s: %d, errno %d", t[i].text, r, errno);
		if (r == -1)
			continue;
		assert_int_equal(u.kind, t[i].kind);
		assert_string_equal(u.prefix, t[i].prefix);
		assert_string_equal(u.name, t[i].name);
	}
	assert_int_equal(fs_parse(&u, longname), -1);
	free(longname);
}

static struct fs_url
url(const char *text)
{
	struct fs_url u;

	assert_int_equal(fs_parse(&u, text), 0);
	return u;
}

static void
holds(const char *dir, const char *name, const char *want)
{
	struct strbuf sb = {0};
	struct fs_url u = url(name);

	assert_int_equal(fs_read(dir, &u, &sb), 0);
	assert_string_equal(sb.s, want);
	sb_free(&sb);
}

static void
test_files(void **state)
{
	char dir[] = "/tmp/cohort-fs.XXXXXX", path[300];
	struct fs_url a = url("flash:a"), b = url("flash:b");
	struct fs_file *v, f;
	struct stat st;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fs_list(dir, FS_FLASH, &v, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(fs_stat(dir, &a, &f), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fs_write(dir, &a, "one", 3), 0);
	holds(dir, "flash:a", "one");
	assert_int_equal(fs_write(dir, &a, "twos", 4), 0);
	holds(dir, "flash0:/a", "twos");
	snprintf(path, sizeof(path), "%s/flash/a", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fs_write(dir, &b, "", 0), 0);
	assert_int_equal(fs_rename(dir, &a, &b), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(fs_remove(dir, &b), 0);
	assert_int_equal(fs_rename(dir, &a, &b), 0);
	assert_int_equal(fs_list(dir, FS_FLASH, &v, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].name, "b");
	assert_int_equal(v[0].size, 4);
	free(v);
	assert_int_equal(fs_remove(dir, &b), 0);
	snprintf(path, sizeof(path), "%s/flash", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* Links and what is no file; nothing but startup-config of the state
 * directory; what was being written when the router was killed. */
static void
test_outside(void **state)
{
	char dir[] = "/tmp/cohort-fs.XXXXXX", path[300], flash[280];
	struct fs_url link_url = url("flash:link"), d = url("flash:d");
	struct fs_url keys, startup = url("nvram:startup-config");
	struct strbuf sb = {0};
	struct fs_file *v, f;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(flash, sizeof(flash), "%s/flash", dir);
	assert_int_equal(mkdir(flash, 0700), 0);
	snprintf(path, sizeof(path), "%s/rsa-keys", dir);
	assert_int_equal(file_write(path, "secret", 6, 0600), 0);
	assert_int_equal(fs_parse(&keys, "nvram:rsa-keys"), 0);
	assert_int_equal(fs_read(dir, &keys, &sb), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fs_write(dir, &keys, "x", 1), -1);
	assert_int_equal(fs_remove(dir, &keys), -1);
	snprintf(path, sizeof(path), "%s/link", flash);
	assert_int_equal(symlink("../rsa-keys", path), 0);
	assert_int_equal(fs_read(dir, &link_url, &sb), -1);
	assert_int_equal(fs_stat(dir, &link_url, &f), -1);
	snprintf(path, sizeof(path), "%s/d", flash);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(fs_read(dir, &d, &sb), -1);
	assert_int_equal(fs_write(dir, &d, "x", 1), -1);
	assert_int_equal(rmdir(path), 0);
	/* a write replaces the link, not what it points at */
	assert_int_equal(fs_write(dir, &link_url, "y", 1), 0);
	holds(dir, "flash:link", "y");
	snprintf(path, sizeof(path), "%s/rsa-keys", dir);
	assert_int_equal(file_read(path, &sb), 0);
	assert_string_equal(sb.s, "secret");
	sb_free(&sb);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/.x.new", flash);
	assert_int_equal(file_write(path, "half", 4, 0600), 0);
	fs_clean(dir);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(fs_write(dir, &startup, "z", 1), 0);
	assert_int_equal(fs_list(dir, FS_NVRAM, &v, &n), 0);
	assert_int_equal(n, 1);
	free(v);
	assert_int_equal(fs_remove(dir, &startup), 0);
	assert_int_equal(fs_remove(dir, &link_url), 0);
	assert_int_equal(rmdir(flash), 0);
	assert_int_equal(rmdir(dir), 0);
	sb_free(&sb);
}

/* What would block or fill main, and names that lead elsewhere. */
static void
test_hostile(void **state)
{
	char dir[] = "/tmp/cohort-fs.XXXXXX", path[300], other[300];
	struct fs_url a = url("flash:a"), startup = url("nvram:startup-config");
	struct strbuf sb = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fs_write(dir, &a, "one", 3), 0);
	snprintf(path, sizeof(path), "%s/flash/.a.new", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fs_write(dir, &a, "two", 3), 0);
	holds(dir, "flash:a", "two");
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(file_write(other, "other", 5, 0600), 0);
	assert_int_equal(link(other, path), 0);
	assert_int_equal(fs_write(dir, &a, "three", 5), 0);
	holds(dir, "flash:a", "three");
	assert_int_equal(file_read(other, &sb), 0);
	assert_string_equal(sb.s, "other");
	sb_free(&sb);
	assert_int_equal(unlink(other), 0);
	snprintf(path, sizeof(path), "%s/flash/a", dir);
	assert_int_equal(truncate(path, (off_t)10 << 30), 0);
	assert_int_equal(fs_read(dir, &a, &sb), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(sb.cap, 0); /* nothing was read */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fs_read(dir, &a, &sb), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(fs_remove(dir, &a), 0);
	snprintf(path, sizeof(path), "%s/startup-config", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fs_read(dir, &startup, &sb), -1);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/startup-config.new", dir);
	assert_int_equal(file_write(path, "half", 4, 0600), 0);
	fs_clean(dir);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/flash", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* What `path` of the archive makes of the host, the time and the number, and
 * which files are its own. */
static void
test_archive(void **state)
{
	static const struct {
		const char *path, *name; /* NULL: not in flash: */
	} t[] = {
	    {"flash:old", "old-Nov-21-07-25-38.123-4"},
	    {"flash:$h", "R1-Nov-21-07-25-38.123-4"},
	    {"flash:$h-$t", "R1-Nov-21-07-25-38.123-4"},
	    {"bootflash:/$t.$H", "Nov-21-07-25-38.123.R1-4"},
	    {"old$", "old$-Nov-21-07-25-38.123-4"},
	    {"flash:", "-Nov-21-07-25-38.123-4"},
	    {"flash:dir/", NULL},
	    {"flash:../x", NULL},
	    {"nvram:startup-config", NULL},
	    {"tftp://1.1.1.1/x", NULL},
	};
	const uint64_t when = 1795245938123456ULL; /* Nov 21 2026 07:25:38 */
	struct archive *a = xcalloc(1, sizeof(*a));
	struct fs_url u;
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		int r;

		str_copy(a->path, t[i].path, sizeof(a->path));
		r = archive_name(a, "R1", when, 4, &u);
		assert_int_equal(r, t[i].name != NULL ? 0 : -1);
		if (r == -1)
			continue;
		assert_string_equal(u.name, t[i].name);
		assert_true(archive_is_mine(a, "R1", u.name, &n));
		assert_int_equal(n, 4);
	}
	str_copy(a->path, "flash:$h-x", sizeof(a->path));
	assert_false(archive_is_mine(a, "R1", "R2-x-Nov-21-1", &n));
	assert_false(archive_is_mine(a, "R1", "R1-x", &n));
	assert_false(archive_is_mine(a, "R1", "R1-xy-Nov-21-1", &n));
	assert_false(archive_is_mine(a, "R1", "R1-x-Nov-21-1.cfg", &n));
	/* a file that a user keeps beside them */
	assert_false(archive_is_mine(a, "R1", "R1-x-before-change-2", &n));
	assert_false(archive_is_mine(a, "R1",
	    "R1-x-Nov-21-07-25-38.123-old-4", &n));
	str_copy(a->path, "flash:$t-$h-$t", sizeof(a->path));
	assert_true(archive_is_mine(a, "R1",
	    "Nov-21-07-25-38.123-R1-Nov-21-07-25-38.123-7", &n));
	assert_int_equal(n, 7);
	assert_false(archive_is_mine(a, "R1", "Nov-21-07-25-38.123-R1-7", &n));
	free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_outside),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
