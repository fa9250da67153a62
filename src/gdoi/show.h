/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the show files of src/gdoi share.
 */
#ifndef COHORT_GDOI_SHOW_H
#define COHORT_GDOI_SHOW_H

#include <string.h>

#include "cli_gen.h"
#include "gdoi/coop.h"
#include "ike/cmd.h"

/* Whether a command for this group, "" for all, is about that one. */
static inline bool
show_wanted(const char *only, const char *name)
{
	return only[0] == '\0' || strcmp(only, name) == 0;
}

/* The name is given and no group has it: said, but for JSON, which has an
 * empty list then (doc/json.md). */
bool show_no_group(struct cli_ctx *, const char *only);

/* A command that shows groups, this one only or all (""): the heading, then
 * each in an open object. args are those of the command. */
typedef void show_ks_fn(struct show *, const struct ks_group *,
    const void *args);
typedef void show_gm_fn(struct show *, const struct gm_group *,
    const void *args);
int show_each_ks(struct cli_ctx *, const char *only, const char *head,
    show_ks_fn *, const void *args);
int show_each_gm(struct cli_ctx *, const char *only, const char *head,
    show_gm_fn *, const void *args);

void show_identity(struct strbuf *, uint8_t id_type, uint32_t id);
const char *show_kek_cipher(uint8_t cipher);
const char *show_sig_hash(uint8_t hash);
/* "Unicast" or "Multicast" */
const char *show_transport(const struct gdoi_kek *);

/* "Primary", "Secondary", "Unknown"; and "Alive", "Dead", "Unknown" */
const char *show_coop_role(const struct coop *);
const char *show_coop_peer_role(const struct coop_peer *);
const char *show_coop_peer_status(const struct coop_peer *);

/* ---- both ways, see cli/show.h ---- */

/* All of one group, behind the heading; in JSON an object of an array. */
void show_gm_group(struct show *, const struct gm_group *);
void show_ks_group(struct show *, const struct ks_group *);
/* Lines about cooperative key servers, if it has any; an object of a group. */
void show_redundancy(struct show *, const struct ks_group *);
/* "members" of the open object; only: address of one, 0: all. */
void show_ks_members(struct show *, const struct ks_group *, uint32_t only);
/* How many registered with that key server. */
unsigned show_members_of(const struct ks_group *, uint32_t owner);
/* Begins the object of a group: its name, identity and role. */
void show_open_ks(struct show *, const struct ks_group *);
void show_open_gm(struct show *, const struct gm_group *);
/* Members of the open object: identity, SPI as text. */
void show_group_id(struct show *, uint8_t id_type, uint32_t id);
void show_spi(struct show *, uint32_t spi);
void show_transform(struct show *, const struct esp_transform *);
/* A line of an access list, in JSON one string of the array. */
void show_ace(struct show *, const char *before, const struct ace *);

#endif
