/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Saved versions of the configuration: the archive, and files that become
 * the running configuration or a part of it.
 */
#ifndef COHORT_ARCHIVE_H
#define COHORT_ARCHIVE_H

#include "main/fs.h"
#include "main/router.h"

#define ARCHIVE_MAX_DEFAULT 10

/* ---- archive.c ---- */
const struct archive *archive_of(const struct conf *); /* NULL: no path */
/* Name of the file that comes next; "$h" is the host, "$t" the time, which
 * goes to the end when the path has none. -1: no name of flash:. */
int archive_name(const struct archive *, const char *host, uint64_t wall_us,
    unsigned number, struct fs_url *) MUST_USE;
/* Whether a name is of this archive, and its number. */
bool archive_is_mine(const struct archive *, const char *host,
    const char *name, unsigned *number) MUST_USE;

/* ---- config_file.c ---- */
/* Loads a file into an empty configuration. NULL: said why. */
struct conf *config_load_file(struct cli_ctx *, const struct fs_url *)
    MUST_USE;
/* The lines of a text act on the running configuration, in one commit; the
 * refused ones are named. */
void config_merge(struct cli_ctx *, const struct fs_url *from,
    const struct strbuf *text);

#endif
