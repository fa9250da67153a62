/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of src/ike share among themselves only.
 */
#ifndef COHORT_IKE_PRIV_H
#define COHORT_IKE_PRIV_H

#include "ike/ike.h"

/* ike.c */
struct ike_sa *ike_sa_new(struct ike *, bool initiator, struct udp_addr local,
    struct udp_addr remote);
void ike_sa_set_expiry(struct ike_sa *, uint64_t at);
void ike_sa_rehash(struct ike_sa *);
void ike_bad(struct ike *, uint32_t from, const char *why);
void ike_established(struct ike_sa *);
const struct isakmp_key *ike_find_psk(const struct conf *, uint32_t addr);

/* exch.c */
struct exch *exch_new(struct ike_sa *, const struct exch_type *,
    bool initiator, uint32_t mid, void *data);
void exch_begin(struct exch *); /* sends the first message */
void exch_begin_later(struct exch *); /* with the timers that are due now */
void exch_receive(struct exch *, const uint8_t *data, size_t len);
void exch_fail(struct exch *, const char *why);
void exch_free(struct exch *);
void exch_send_raw(struct exch *, const uint8_t *data, size_t len);

/* main_mode.c */
extern const struct exch_type main_mode;
void main_mode_forget(struct ike_sa *); /* wipes what only phase 1 needs */

/* info.c */
void info_receive(struct ike_sa *, const uint8_t *data, size_t len);
void info_receive_clear(struct ike_sa *, const uint8_t *data, size_t len);
void info_send_delete(struct ike_sa *);
void info_send_clear_notify(struct ike *, struct udp_addr local,
    struct udp_addr remote, const struct isakmp_hdr *, uint16_t type);
void dpd_heard(struct ike_sa *);
void dpd_start(struct ike_sa *);
void dpd_schedule(struct ike_sa *);

#endif
