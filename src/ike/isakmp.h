/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ISAKMP messages (RFC 2408 section 3): the header, chains of payloads as
 * views into the received octets, a builder, attributes and the names of all
 * numbers for debug output. Knows no state and no keys.
 */
#ifndef COHORT_ISAKMP_H
#define COHORT_ISAKMP_H

#include "base/buf.h"

#define ISAKMP_HDR_LEN 28
#define ISAKMP_COOKIE_LEN 8
#define ISAKMP_GEN_LEN 4
#define ISAKMP_VERSION 0x10
#define ISAKMP_MSG_MAX 65507 /* what one UDP datagram carries */
#define ISAKMP_PORT 848

enum isakmp_exchange {
	ISAKMP_X_MAIN = 2,
	ISAKMP_X_AGGRESSIVE = 4,
	ISAKMP_X_INFO = 5,
	ISAKMP_X_QUICK = 32,
	GDOI_X_PULL = 32, /* the same, under the DOI of GDOI */
	GDOI_X_PUSH = 33,
	GDOI_X_PUSH_ACK = 35,
	GDOI_X_COOP = 240, /* private: between key servers */
};

enum isakmp_flag { ISAKMP_F_ENC = 1, ISAKMP_F_COMMIT = 2, ISAKMP_F_AUTH = 4 };

enum isakmp_payload {
	ISAKMP_NONE = 0,
	ISAKMP_SA = 1,
	ISAKMP_P = 2,
	ISAKMP_T = 3,
	ISAKMP_KE = 4,
	ISAKMP_ID = 5,
	ISAKMP_CERT = 6,
	ISAKMP_CERTREQ = 7,
	ISAKMP_HASH = 8,
	ISAKMP_SIG = 9,
	ISAKMP_NONCE = 10,
	ISAKMP_N = 11,
	ISAKMP_D = 12,
	ISAKMP_VID = 13,
	ISAKMP_SAK = 15, /* RFC 6407 from here */
	ISAKMP_SAT = 16,
	ISAKMP_KD = 17,
	ISAKMP_SEQ = 18,
	ISAKMP_NATD = 20, /* RFC 3947 */
	ISAKMP_NATOA = 21,
	ISAKMP_GAP = 22,
	ISAKMP_NATD_DRAFT = 130,
	ISAKMP_NATOA_DRAFT = 131,
	ISAKMP_COOP = 240, /* private: of GDOI_X_COOP */
};
/* In sets of payload types: those below 31, and the private one. */
#define PL(type) (UINT32_C(1) << ((type) == ISAKMP_COOP ? 31 : (type)))
static inline uint32_t
isakmp_bit(uint8_t type)
{
	return type < 31 || type == ISAKMP_COOP ? PL(type) : 0;
}

enum isakmp_doi { DOI_ISAKMP = 0, DOI_IPSEC = 1, DOI_GDOI = 2 };

enum isakmp_proto { PROTO_ISAKMP = 1, PROTO_IPSEC_AH = 2, PROTO_IPSEC_ESP = 3 };

enum isakmp_notify {
	N_NONE = 0,
	N_INVALID_COOKIE = 4,
	N_INVALID_EXCHANGE = 7,
	N_INVALID_SPI = 11,
	N_NO_PROPOSAL = 14,
	N_BAD_PROPOSAL = 15,
	N_MALFORMED = 16,
	N_INVALID_KEY = 17,
	N_INVALID_ID = 18,
	N_INVALID_HASH = 23,
	N_AUTH_FAILED = 24,
	N_INVALID_SIG = 25,
	N_UNSUPPORTED_X = 29,
	N_RESPONDER_LIFETIME = 24576,
	N_INITIAL_CONTACT = 24578,
	N_R_U_THERE = 36136,
	N_R_U_THERE_ACK = 36137,
};

enum isakmp_id_type {
	ID_IPV4_ADDR = 1,
	ID_FQDN = 2,
	ID_USER_FQDN = 3,
	ID_IPV4_SUBNET = 4,
	ID_KEY_ID = 11,
};

struct isakmp_hdr {
	uint8_t icookie[ISAKMP_COOKIE_LEN], rcookie[ISAKMP_COOKIE_LEN];
	uint8_t next, version, exchange, flags;
	uint32_t mid, length;
};

/* A payload inside the received octets. body is behind the generic header,
 * raw with it. */
struct isakmp_pl {
	uint8_t type;
	const uint8_t *raw, *body;
	size_t raw_len, len;
};

#define ISAKMP_PL_MAX 40 /* payloads of one message, more is malformed */

struct isakmp_msg {
	struct isakmp_hdr hdr;
	const uint8_t *data;	 /* clear text, from the header on */
	struct isakmp_pl pl[ISAKMP_PL_MAX];
	unsigned n;
	uint32_t set;		 /* isakmp_bit() of all */
	const uint8_t *end;	 /* behind the last payload: padding */
};

/* The header; false if it is not one of ISAKMP 1.0 or its length is not
 * len. */
bool isakmp_get_hdr(struct isakmp_hdr *, const uint8_t *data,
    size_t len) MUST_USE;
/* One payload of a chain: *next is its type and becomes that of the next. */
bool isakmp_get_pl(struct rd *, uint8_t *next, struct isakmp_pl *) MUST_USE;
/* All payloads behind the header, which was read before. What follows the
 * last payload is padding and ignored. */
bool isakmp_parse(struct isakmp_msg *, const uint8_t *data, size_t len)
    MUST_USE;
/* The nth payload (from 0) of a type, NULL if there are fewer. */
const struct isakmp_pl *isakmp_find(const struct isakmp_msg *, uint8_t type,
    unsigned nth);
struct rd isakmp_rd(const struct isakmp_pl *); /* of the body */

/* Attributes (RFC 2408 3.3): values of one to eight octets as a number. */
struct isakmp_attr {
	uint16_t type;
	bool basic;		/* two octets in place */
	uint64_t num;		/* valid if len <= 8 */
	const uint8_t *value;
	size_t len;
};
bool isakmp_get_attr(struct rd *, struct isakmp_attr *) MUST_USE;
void isakmp_put_tv(struct wr *, uint16_t type, uint16_t value);
void isakmp_put_tlv(struct wr *, uint16_t type, const void *, size_t len);
/* Two octets if it fits, else four. */
void isakmp_put_num(struct wr *, uint16_t type, uint32_t value);

/* The identification payload body: type, protocol, port, data. */
void isakmp_put_id(struct wr *, uint8_t type, uint32_t value);

/* A message being written. Payloads follow each other; the next-payload
 * octets and lengths are filled in. */
struct isakmp_out {
	struct wr w;
	size_t next_at;	 /* offset of the octet that names the next one */
	size_t start;	 /* of the payload being written */
};
void isakmp_out_begin(struct isakmp_out *, uint8_t *buf, size_t size,
    const struct isakmp_hdr *);
void isakmp_out_open(struct isakmp_out *, uint8_t type);
void isakmp_out_close(struct isakmp_out *);
void isakmp_out_add(struct isakmp_out *, uint8_t type, const void *body,
    size_t len);
void isakmp_out_notify(struct isakmp_out *, uint32_t doi, uint16_t type,
    const struct isakmp_hdr *cookies, const void *data, size_t len);
/* The same about an SA of the DOI. */
void isakmp_out_notify_spi(struct isakmp_out *, uint32_t doi, uint8_t proto,
    uint32_t spi, uint16_t type, const void *data, size_t len);
/* Writes the length of what is there so far into the header. */
void isakmp_out_length(struct isakmp_out *);

/* Names for people. Numbers without one print as "unknown (N)". */
const char *isakmp_exchange_name(uint8_t);
const char *isakmp_payload_name(uint8_t);
const char *isakmp_notify_name(uint16_t);
/* "HDR* HASH NONCE ID" of a parsed message; buf of 160. */
const char *isakmp_describe(const struct isakmp_msg *, char *buf);

#endif
