/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of src/ike share among themselves only.
 */
#ifndef COHORT_IKE_PRIV_H
#define COHORT_IKE_PRIV_H

#include <limits.h>

#include "ike/ike.h"

/* ike.c */
struct ike_sa *ike_sa_new(struct ike *, bool initiator, struct udp_addr local,
    struct udp_addr remote);
void ike_sa_set_expiry(struct ike_sa *, uint64_t at);
void ike_sa_rehash(struct ike_sa *);
void ike_bad(struct ike *, uint32_t from, const char *why);
void ike_established(struct ike_sa *);

/* limits.c */
bool ike_unproven(const struct ike_sa *);
/* Room for one more responder with that peer. */
bool ike_make_room(struct ike *, struct udp_addr local,
    struct udp_addr from) MUST_USE;
bool ike_make_room_unproven(struct ike *, struct udp_addr local,
    struct udp_addr from) MUST_USE;
void ike_limit_peer(const struct ike_sa *);
void ike_limit_exchanges(struct ike_sa *, const struct exch_type *);
bool ike_seen_mid(const struct ike_sa *, uint32_t mid);
void ike_note_mid(struct ike_sa *, uint32_t mid);

/* admit.c */
void admit_first(struct ike *, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len);
struct ike_sa *admit_second(struct ike *, struct udp_addr local,
    struct udp_addr from, const struct isakmp_hdr *);
void admit_proven(struct ike_sa *);
void admit_free(struct ike *);

/* exch.c */
struct exch *exch_new(struct ike_sa *, const struct exch_type *,
    bool initiator, uint32_t mid, void *data);
void exch_begin_later(struct exch *, unsigned ms); /* by its timer */
void exch_receive(struct exch *, const uint8_t *data, size_t len);
void exch_fail(struct exch *, const char *why);
void exch_free(struct exch *);
void exch_debug(const struct exch *, const uint8_t *, size_t, bool sent);
void exch_send_raw(struct exch *, const uint8_t *data, size_t len);

/* What the first message of a peer says, inside that message. */
struct ike_hello {
	const uint8_t *sa; /* body of the SA payload */
	size_t sa_len;
	bool dpd;
	uint8_t natt_vid;
	char version[16];
};

/* main_mode.c */
extern const struct exch_type main_mode;
bool main_mode_hello(struct ike *, const struct isakmp_msg *,
    struct ike_hello *) MUST_USE;
/* What we take of an offer; false: nothing. With the header of the message
 * that is logged and the peer told. */
bool main_mode_choose(struct ike *, struct udp_addr local,
    struct udp_addr from, const struct isakmp_hdr *, const struct ike_hello *,
    struct ike_suite *) MUST_USE;
void main_mode_put_choice(struct ike *, const struct ike_hello *,
    struct isakmp_out *);
/* The SA of a responder that waits for message 3. NULL: no room. */
struct ike_sa *main_mode_respond(struct ike *, struct udp_addr local,
    struct udp_addr from, const struct isakmp_hdr *, const struct ike_hello *,
    const struct ike_suite *);
void main_mode_forget(struct ike_sa *); /* wipes what only phase 1 needs */

/* natt.c: which vendor id, counted from 1; 0: none. */
#define NATT_ALL UINT_MAX
void natt_put_vids(struct ike *, struct isakmp_out *, unsigned which);
uint8_t natt_get_vid(struct ike *, const struct isakmp_msg *);
void natt_agree(struct ike_sa *, uint8_t vid);
/* The payloads that show a NAT; false: malformed, nothing has changed. */
void natt_put(const struct ike_sa *, struct isakmp_out *);
bool natt_get(struct ike_sa *, const struct isakmp_msg *) MUST_USE;
void natt_float(struct ike_sa *);
bool natt_may_come(const struct ike_sa *, struct udp_addr from);
void natt_follow(struct ike_sa *);
bool natt_same_peer(const struct ike_sa *, const struct ike_sa *);
void natt_schedule(struct ike_sa *);

/* main_mode.c, for both modes. Extras of phase 1 that nobody here knows are
 * passed over. */
#define PHASE1_EXTRAS                                                         \
	(PL(ISAKMP_VID) | PL(ISAKMP_CERTREQ) | PL(ISAKMP_NATD) |              \
	    PL(ISAKMP_NATOA))
void phase1_put_vids(struct ike *, struct isakmp_out *, bool dpd, bool own);
void phase1_get_vids(const struct isakmp_msg *, bool *dpd, char version[16]);
void phase1_save(uint8_t **dst, const uint8_t *src, size_t len);
void phase1_make_dh(struct ike_sa *);
void phase1_make_skeyid(struct exch *, const char *psk);
void phase1_derive(struct exch *);
void phase1_auth_hash(const struct ike_sa *, bool of_initiator,
    struct chunk id, uint8_t *out);
bool phase1_put_offer(struct exch *, struct isakmp_out *, bool one_group);
uint16_t phase1_choose(struct ike *, struct rd offer, struct ike_suite *,
    struct wr *answer) MUST_USE;
bool phase1_accept(struct exch *, const struct isakmp_msg *,
    struct ike_suite *) MUST_USE;
void phase1_put_initial_contact(struct ike_sa *, struct isakmp_out *);
void phase1_notifies(struct ike_sa *, const struct isakmp_msg *);
void phase1_initial_contact(struct ike_sa *);
void phase1_done(struct exch *);
void phase1_failed(struct exch *, const char *why);

/* aggressive.c */
extern const struct exch_type aggressive_mode;
bool ag_is_allowed(const struct ike *);
/* By the profile of a peer to begin with, or `crypto isakmp peer`. */
bool ag_is_wanted(const struct conf *, uint32_t remote, const char *profile);
void ag_release(struct ag_share *);
void ag_free(struct ike *);

/* peer.c */
bool ike_id_get(struct rd, struct ike_id *) MUST_USE;
void ike_id_put(struct wr *, const struct ike_id *);
struct ike_id ike_own_id(const struct ike_sa *);
const struct isakmp_profile *ike_find_profile(struct ike *, uint32_t local,
    const struct ike_id *);
const struct isakmp_peer *ike_peer(const struct conf *, uint32_t addr);
/* `ip host` has that name for the address. */
bool ike_host_is(const struct conf *, const char *name, uint32_t addr);
const struct isakmp_key *ike_find_key(struct ike *, const char *profile,
    uint32_t local, uint32_t addr, const struct ike_id *);
const char *ike_psk_by_addr(struct ike *, uint32_t local, uint32_t addr,
    char *profile);
const char *ike_psk(const struct ike_sa *); /* NULL: none */
bool ike_take_identity(struct ike_sa *, const struct ike_id *) MUST_USE;

/* info.c */
void info_receive(struct ike_sa *, const uint8_t *data, size_t len);
void info_receive_clear(struct ike_sa *, const uint8_t *data, size_t len);
void info_send_unknown_sa(struct ike *, struct udp_addr local,
    struct udp_addr remote, const struct isakmp_hdr *, size_t len);
void info_send_delete(struct ike_sa *);
void info_send_initial_contact(struct ike_sa *);
void info_send_clear_notify(struct ike *, struct udp_addr local,
    struct udp_addr remote, const struct isakmp_hdr *, uint16_t type);
void dpd_heard(struct ike_sa *);
void dpd_schedule(struct ike_sa *);

#endif
