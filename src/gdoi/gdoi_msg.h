/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The payloads of GDOI (RFC 6407 section 5): SA with SAK, GAP and SAT, KD,
 * SEQ, Delete. Each one's encoder and decoder stand together, in
 * gdoi_msg.c (SA) and gdoi_kd.c.
 *
 * What RFC 6407 cannot say travels in private attributes of the SAT, and only
 * when the policy needs it: a member that knows none of them understands a
 * policy of permit entries with counter replay protection of 64 packets.
 */
#ifndef COHORT_GDOI_MSG_H
#define COHORT_GDOI_MSG_H

#include "base/port.h"
#include "base/sa.h"
#include "ike/isakmp.h"

#define KEK_SPI_LEN 16
#define PROTO_ESP 1
#define GDOI_PUB_MAX 1200	/* SubjectPublicKeyInfo of RSA-8192 */
#define GDOI_SATS_MAX (3 * SA_POLICY_MAX)
#define GDOI_TEKS_MAX 200
#define GDOI_LIFE_MAX 2592000 /* seconds: 30 days, as a key can be configured */
#define GDOI_PERMITS_MAX 100
#define GDOI_SIDS_MAX 64

struct gdoi_kek {
	uint8_t spi[KEK_SPI_LEN]; /* the cookies of its pushes */
	struct udp_addr src, dst;
	uint8_t cipher;	    /* enum esp_cipher: DES, 3DES, AES_CBC */
	uint16_t key_bits;
	uint32_t life;	    /* seconds that remain */
	uint8_t sig_hash;   /* enum esp_auth */
	uint16_t sig_bits;  /* of the modulus */
	uint8_t ack;	    /* enum kek_ack */
	/* of the KD payload */
	struct key iv, key;
	uint16_t pub_len;
	uint8_t pub[GDOI_PUB_MAX]; /* DER SubjectPublicKeyInfo */
};

enum kek_ack { /* KEK_ACK_REQUESTED, RFC 8263 */
	KEK_ACK_NONE,
	KEK_ACK_SHA256,
	LKH_ACK_SHA256,
	KEK_ACK_SHA512,
	LKH_ACK_SHA512,
	/* Not on the wire: encrypted, between key server and members of this
	 * software, which know each other by their vendor ID. */
	KEK_ACK_OWN = 200,
};

/* The pseudotime of time-based anti-replay, in one SAT of a message. */
struct gdoi_clock {
	uint32_t id;		/* 0: not told; another one is another clock */
	uint32_t late;		/* this message may be sent that much later */
	uint64_t pseudotime;	/* both in hundredths of a second */
};
#define GDOI_CLOCK_ANY UINT32_MAX /* late: nobody knows */
#define GDOI_CLOCK_MAX (UINT64_C(1) << 48)

struct gdoi_sat {
	struct ace ace;		/* action, protocol, addresses, eq ports */
	uint32_t spi;
	struct esp_transform transform;
	uint32_t life;		/* seconds that remain */
	uint8_t replay;		/* enum replay_method */
	uint16_t window;
	uint16_t sa_index;	/* number of the sa ipsec, 0: not told */
	bool receive_only;	/* direction 2: members send in clear */
	struct gdoi_clock clock;
};

struct gdoi_gap {
	bool present;
	uint16_t activation, deactivation; /* seconds */
	uint16_t sids;		/* sender identifiers asked for */
	bool sids_asked;
};

/* What one SA payload says. */
struct gdoi_sa_msg {
	bool has_kek;
	struct gdoi_kek kek;
	struct gdoi_gap gap;
	unsigned n;
	struct gdoi_sat *sats; /* owned */
};

struct gdoi_tek_key {
	uint32_t spi;
	struct key key, auth_key; /* AES-GCM: key with its salt behind */
};

/* What one KD payload says. */
struct gdoi_kd_msg {
	unsigned n;
	struct gdoi_tek_key *teks; /* owned */
	bool has_kek;
	uint8_t kek_spi[KEK_SPI_LEN];
	struct key kek;	       /* IV | key */
	uint16_t pub_len;
	uint8_t pub[GDOI_PUB_MAX];
	uint8_t sid_bits;
	unsigned nsids;
	uint32_t sids[GDOI_SIDS_MAX];
};

/* Decoders return NULL, or for the log what is wrong; then there is nothing
 * to free. They take the body of the payload. */
const char *gdoi_get_sa(struct rd, struct gdoi_sa_msg *) MUST_USE;
void gdoi_sa_msg_free(struct gdoi_sa_msg *);
void gdoi_put_sa(struct isakmp_out *, const struct gdoi_kek *,
    const struct gdoi_gap *, const struct gdoi_sat *, unsigned n);

const char *gdoi_get_kd(struct rd, struct gdoi_kd_msg *) MUST_USE;
void gdoi_kd_msg_free(struct gdoi_kd_msg *);
/* teks may repeat nothing; kek NULL: none; sids NULL: none. */
void gdoi_put_kd(struct isakmp_out *, const struct gdoi_kek *,
    const struct gdoi_tek_key *, unsigned n, unsigned sid_bits,
    const uint32_t *sids, unsigned nsids);

const char *gdoi_get_gap(struct rd, struct gdoi_gap *) MUST_USE;
void gdoi_put_gap_request(struct isakmp_out *, uint16_t sids);

bool gdoi_get_seq(struct rd, uint32_t *) MUST_USE;
void gdoi_put_seq(struct isakmp_out *, uint32_t);

/* Delete: protocol 1 (ESP, SPIs of 4 octets) or 0 (the KEK). all: an SPI
 * of zeros was among them. */
struct gdoi_delete {
	uint8_t protocol;
	bool all;
	unsigned n;
	struct rd spis; /* n of 4 octets */
};
const char *gdoi_get_delete(struct rd, struct gdoi_delete *) MUST_USE;
void gdoi_put_delete_all(struct isakmp_out *, uint8_t protocol);
void gdoi_put_delete_teks(struct isakmp_out *, const uint32_t *spis,
    unsigned n);

size_t gdoi_kek_key_len(uint8_t cipher, unsigned key_bits); /* 0: none */
size_t gdoi_kek_iv_len(uint8_t cipher);

#endif
