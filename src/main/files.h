/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of the state directory: read whole, replaced atomically (temporary
 * file, fsync, rename, fsync of the directory), so that a full disk or a
 * power cut leaves the old one or the new one. All give -1 with errno.
 */
#ifndef COHORT_FILES_H
#define COHORT_FILES_H

#include "base/base.h"

/* Whole file into sb, which is never NULL then. */
int file_read(const char *path, struct strbuf *sb) MUST_USE;
/* The same of an open file, up to max octets (EFBIG); closes it. */
int file_read_fd(int fd, size_t max, struct strbuf *sb) MUST_USE;
int file_write(const char *path, const char *data, size_t len, int mode)
    MUST_USE;
/* In an open directory, by way of the name tmp; follows no link. */
int file_write_at(int dir, const char *name, const char *tmp,
    const char *data, size_t len, int mode) MUST_USE;

#endif
