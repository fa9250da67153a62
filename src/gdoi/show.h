/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the show files of src/gdoi share: blocks of lines as tables.
 */
#ifndef COHORT_GDOI_SHOW_H
#define COHORT_GDOI_SHOW_H

#include "cli/cli.h"
#include "cli_gen.h"
#include "gdoi/gdoi_priv.h"

/* A line "label   : value". colon: its column, 0: right behind the label and
 * a blank. value NULL: a heading, or an empty line if the label is "". */
struct show_field {
	unsigned char indent, colon;
	const char *label;
	void (*value)(struct strbuf *, const void *);
	bool (*when)(const void *); /* NULL: always */
};

void show_fields(struct strbuf *, const struct show_field *, size_t n,
    const void *);
#define SHOW_FIELDS(sb, table, p) show_fields((sb), (table), NELEM(table), (p))

/* Prints what was collected, frees it; CLI_DONE. */
int show_done(struct cli_ctx *, struct strbuf *);
void show_identity(struct strbuf *, uint8_t id_type, uint32_t id);
void show_hms(struct strbuf *, uint32_t seconds);
const char *show_kek_cipher(uint8_t cipher);
const char *show_sig_hash(uint8_t hash);

/* All of one group, behind the heading. */
void show_gm_group(struct strbuf *, const struct gm_group *);
void show_ks_group(struct strbuf *, const struct ks_group *);

#endif
