/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File systems as IOS names them. flash: is the directory `flash` of the
 * state directory, nvram: is the state directory with startup-config as its
 * only file; system:running-config is nobody's file (copy.c makes its text).
 * A name has no directories in it, so nothing outside can be reached, and no
 * link is followed. All that fail give -1 with errno.
 */
#ifndef COHORT_FS_H
#define COHORT_FS_H

#include <sys/types.h>
#include <time.h>

#include "base/base.h"

enum fs_kind { FS_FLASH, FS_NVRAM, FS_SYSTEM, FS_NULL };

#define FS_NAME_MAX 120
/* Octets of a file that is read or written: main does nothing else
 * meanwhile. */
#define FS_FILE_MAX ((size_t)16 << 20)

struct fs_url {
	enum fs_kind kind;
	char prefix[16];	    /* as it was typed: "flash0:", "flash:/" */
	char name[FS_NAME_MAX + 1]; /* "" for the file system itself */
};

struct fs_file {
	char name[FS_NAME_MAX + 1];
	off_t size;
	time_t mtime;
};

/* "flash:/x", "startup-config"; without a file system it is flash:. ENODEV:
 * no such file system; EPROTONOSUPPORT: that of another host (tftp:); EINVAL:
 * not a name. */
int fs_parse(struct fs_url *, const char *text) MUST_USE;
/* Writes the slash: "flash:" becomes "flash:/". */
void fs_as_directory(struct fs_url *);
/* A name typed alone, as the answer to a question. */
bool fs_name_ok(const char *name) MUST_USE;
/* "flash:x", as it was typed; of FS_NAME_MAX + 20. */
const char *fs_text(const struct fs_url *, char *buf);
#define FS_TEXT_MAX (FS_NAME_MAX + 20)
/* What IOS calls errno. */
const char *fs_error(int err);

/* Of flash: and nvram:. */
int fs_read(const char *statedir, const struct fs_url *, struct strbuf *)
    MUST_USE;
/* To read; EFBIG: more than max octets. */
int fs_open(const char *statedir, const struct fs_url *, size_t max) MUST_USE;
int fs_write(const char *statedir, const struct fs_url *, const char *data,
    size_t len) MUST_USE;
int fs_remove(const char *statedir, const struct fs_url *) MUST_USE;
/* Both in flash:; does not replace (EEXIST). */
int fs_rename(const char *statedir, const struct fs_url *from,
    const struct fs_url *to) MUST_USE;
int fs_stat(const char *statedir, const struct fs_url *, struct fs_file *)
    MUST_USE;
/* All files, sorted; free *v. A directory that is not there is empty. */
int fs_list(const char *statedir, enum fs_kind, struct fs_file **v, size_t *n)
    MUST_USE;
int fs_space(const char *statedir, uint64_t *total, uint64_t *available)
    MUST_USE;

/* copy.c: of every kind, also the running configuration. */
struct router;
struct cli_ctx;
int fs_get(struct router *, const struct fs_url *, struct strbuf *) MUST_USE;
int fs_put(struct router *, const struct fs_url *, const char *data,
    size_t len) MUST_USE;
/* An answer to a question for a name: a name, or a whole URL; empty: what was
 * in brackets. -1: refused, that was said. */
int fs_take_answer(struct cli_ctx *, struct fs_url *, const char *answer)
    MUST_USE;
#define FS_OVERWRITE                                                          \
	"%Warning:There is a file already existing with this name\n"          \
	"Do you want to over write? [confirm]"
/* "%Error opening URL (...)"; CLI_FAILED. */
int fs_refuse(struct cli_ctx *, const char *url, int err);
/* Removes what a killed router was writing. */
void fs_clean(const char *statedir);

#endif
