/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What coop_msg.c and coop_msg_keys.c share: fields of the message between
 * key servers. Getters set r->bad for what is wrong.
 */
#ifndef COHORT_COOP_MSG_PRIV_H
#define COHORT_COOP_MSG_PRIV_H

#include "gdoi/coop_msg.h"

void coop_put_text(struct wr *, const char *); /* u8 length, octets */
void coop_get_name(struct rd *, char dst[COOP_NAME]);
void coop_put_id(struct wr *, const struct coop_id *);
/* False: of nobody (only the caller knows whether that is wrong). */
bool coop_get_id(struct rd *, struct coop_id *);
/* The address of a host. */
bool coop_host(uint32_t addr);
bool coop_kssid_ok(uint8_t sid_bits, unsigned kssid);

void coop_keys_put(struct wr *, const struct coop_keys *);
/* NULL or what is wrong; the caller frees it then too. */
const char *coop_keys_get(struct rd *, struct coop_keys *) MUST_USE;

#endif
