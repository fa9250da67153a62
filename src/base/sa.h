/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What key management (process ike) tells the packet process (fwd), and what
 * it hears back. Sent as messages of fields over a socket pair between the
 * two (sa_put, sa_get); in unit tests handed over as structs. The only keys
 * in here are TEKs: KEKs and pre-shared keys have no field to travel in.
 */
#ifndef COHORT_SA_H
#define COHORT_SA_H

#include "base/ace.h"
#include "base/key.h"

#define SA_NAME_MAX 96 /* of a group of SAs, with its NUL: 80, and a number */

/* SAs between two routers are groups too, whose names hold a blank, as no
 * name of a GDOI group does: an entry `crypto map NAME SEQ ipsec-isakmp`,
 * an interface with `tunnel protection`. buf of SA_NAME_MAX; returned. */
const char *sa_map_group(char *buf, const char *map, unsigned seq);
const char *sa_tunnel_group(char *buf, const char *ifname);

enum esp_cipher { ESP_NULL, ESP_DES, ESP_3DES, ESP_AES_CBC, ESP_AES_GCM,
	ESP_GMAC };
enum esp_auth { ESP_AUTH_NONE, ESP_AUTH_MD5, ESP_AUTH_SHA1, ESP_AUTH_SHA256,
	ESP_AUTH_SHA384, ESP_AUTH_SHA512 };

struct esp_transform {
	uint8_t cipher;	   /* enum esp_cipher */
	uint8_t auth;	   /* enum esp_auth; NONE with AES-GCM */
	uint16_t key_bits; /* of the cipher; 0 for NULL */
};

/* AES-GCM and GMAC: authenticates by itself; its IVs must never repeat, so
 * they are made of a sender identifier and a counter, and a salt. */
bool esp_is_aead(const struct esp_transform *t);
/* Octets. The key without its salt, and with it. */
#define ESP_SALT_LEN 4
size_t esp_key_len(const struct esp_transform *t);
size_t esp_salted_key_len(const struct esp_transform *t);
size_t esp_auth_key_len(const struct esp_transform *t);
size_t esp_iv_len(const struct esp_transform *t);
size_t esp_icv_len(const struct esp_transform *t);
size_t esp_block_len(const struct esp_transform *t);
/* "esp-256-aes esp-sha256-hmac" as show prints it; buf of 64. */
const char *esp_transform_str(const struct esp_transform *t, char *buf);
/* Largest clear packet whose ESP packet fits in mtu (ios-getvpn.md 2.11). */
unsigned esp_plaintext_mtu(const struct esp_transform *t, unsigned mtu,
    unsigned extra);

enum replay_method { REPLAY_NONE, REPLAY_COUNTER, REPLAY_TIME };
enum sa_direction { SA_DIR_BOTH, SA_DIR_INBOUND_ONLY, SA_DIR_INBOUND_OPTIONAL };

/* A TEK is sent with until so much before its end, unless the next one says
 * from when on it is; who has not got the next one by then cannot read it. */
#define SA_STOP_SENDING_MS 30000

/* What is around the packets of an SA. */
enum sa_mode {
	SA_GROUP,     /* tunnel mode with the addresses of the packet */
	SA_TUNNEL,    /* tunnel mode from local to remote */
	SA_TRANSPORT, /* ESP behind the IP header that the packet has */
};
/* An SA is named by its group, its SPI and its way: SPIs of what arrives are
 * ours and unique in the router, those of what leaves the peer's. */
enum sa_way { SA_WAY_BOTH, SA_WAY_IN, SA_WAY_OUT };

enum sa_change_type {
	SA_POLICY, /* replaces the policy of a group; then its SAs follow */
	SA_ADD,	   /* a TEK; a known spi only gets a new end of life, the
		    * number of the `sa ipsec` that it is sent for, and the
		    * end point of a peer that has moved */
	SA_DEL,	   /* one spi, of that way */
	SA_FLUSH,  /* group gone: policy and all its SAs */
	SA_DOUBT,  /* of a group: what is here, and is not added again, is of a
		    * process before this one. The group may have left it: it
		    * is read, and sent with only if there is nothing else.
		    * Group "": of all SAs between two routers; then such a
		    * one that is sent with is asked for anew (ACQUIRE) */
};

/* Time-based anti-replay: a header of ours in front of the inner packet,
 * next header 253 (RFC 3692): u8 next header, u8 version 0, u16 zero, u64
 * pseudotime of the sender in hundredths of a second. */
#define TBAR_PROTO 253
#define TBAR_LEN 12

struct sa_policy {
	char group[SA_NAME_MAX];
	uint32_t gm_addr;	/* own identity; for show */
	uint32_t ks_addr;
	uint8_t direction;	/* enum sa_direction */
	bool reverted;		/* no key is left and none can be got: where
				 * fail-close is configured, back to it */
	uint32_t sync_errors;	/* of the pseudotime; for show */
	uint32_t n;
	const struct ace *aces; /* in order; permit = encrypt */
	const uint16_t *sa_of;	/* per entry: which `sa ipsec` */
	const uint8_t *local;	/* per entry: 1 = from the local deny list */
};

struct sa_tek {
	char group[SA_NAME_MAX];
	uint32_t spi;
	/* as in sa_policy.sa_of; of an entry of a crypto map: which entry of
	 * its access list, from 1 on, without remarks; of a tunnel: 1 */
	uint16_t sa_index;
	struct esp_transform transform;
	uint8_t replay;		/* enum replay_method */
	uint16_t window;	/* packets, or seconds */
	int64_t pseudotime;	/* REPLAY_TIME: that of the group minus the
				 * monotonic clock of this router, ms */
	uint32_t life_ms;	/* what remains now */
	uint32_t send_after_ms;	/* sent with from then on; 0: when the one
				 * before nears its end. Between two routers:
				 * at once if there is no other one */
	uint32_t salt;		/* AES-GCM, GMAC */
	uint32_t sid;		/* sender identifier: top sid_bits of IV */
	uint8_t sid_bits;	/* 0: none given, no sending with GCM */
	uint32_t seq_base;	/* a new SA sends above it: 0, or what a
				 * process that lost its counter had sent */
	/* SAs between two routers */
	uint8_t mode;		/* enum sa_mode */
	uint8_t way;		/* enum sa_way; BOTH: of a GDOI group */
	uint32_t local, remote;	/* end points */
	uint16_t encap_local, encap_remote; /* UDP (RFC 3948); 0: none */
	uint32_t other_spi;	/* of the other way, for show */
	uint8_t pfs;		/* its group, 0: without; for show */
	uint64_t life_kb;	/* 1024 octets; 0: no limit */
	uint32_t idle_ms;	/* SA_EVENT_IDLE when the pair has been unused
				 * for so long; 0: never */
	struct key key, auth_key;
};

struct sa_change {
	uint8_t type; /* enum sa_change_type */
	union {
		struct sa_policy policy;
		struct sa_tek tek;
		struct { /* DEL and FLUSH */
			char group[SA_NAME_MAX];
			uint32_t spi;
			uint8_t way; /* enum sa_way; DEL only */
		} del;
	};
};

/* What fwd tells ike: of a TEK, and of packets that came with a group's key
 * or to its door. These at most one a minute for a source or an SA, ten a
 * second in all. Only of REPLAY_TIME the source is authentic; in INVALID_SPI
 * and REPLAY_COUNTER it is what anybody wrote into a packet. */
enum sa_event_type {
	SA_EVENT_SID,	/* spi needs another sender identifier, or will soon:
			 * said again until it has one */
	SA_EVENT_REPLAY_TIME,	 /* outside the window of a time-based SA */
	SA_EVENT_REPLAY_COUNTER, /* sequence number seen, or too old */
	SA_EVENT_INVALID_SPI,	 /* ESP with an SPI that no group here has */
	SA_EVENT_EXHAUSTED,	 /* spi sends no more: numbers used up */
	SA_EVENT_NO_SA,		 /* a packet was dropped for want of one */
	SA_EVENT_ACQUIRE,	 /* the same, of an SA between two routers:
				  * sa_index says which; once a second for
				  * each at most */
	SA_EVENT_KILOBYTES,	 /* spi (that leaves) nears its life_kb */
	SA_EVENT_IDLE,		 /* spi (that leaves) and the one of its other
				  * way were not used for idle_ms */
	SA_EVENT_SILENT,	 /* spi (that leaves) was used in the last 5 s,
				  * the one of its other way not: each 5 s */
	SA_EVENT_MOVED,	/* what comes by the other way of spi (that leaves) is
			 * from dst and port now: each 5 s until ike says so */
	SA_EVENT_USE,		 /* what an entry has carried; for show */
	SA_EVENT_COUNT
};

/* Of an entry, in [0] and out [1]: packets, those that were dropped, and what
 * the SA that is sent with and the one of its other way have used of their
 * volume. */
struct sa_use {
	uint64_t packets[2], drops[2], octets[2];
};

struct sa_event {
	uint8_t type;		/* enum sa_event_type */
	char group[SA_NAME_MAX];
	uint32_t spi, src, dst;	/* of the packet; 0: not known */
	uint16_t sa_index;	/* ACQUIRE, USE; of a GDOI group: which of the
				 * entries of the key server, from 1 on */
	uint16_t port;		/* MOVED */
	struct sa_use use;	/* USE; spi leaves, 0: there is none */
};

bool sa_event_put(struct wr *w, const struct sa_event *e) MUST_USE;
bool sa_event_get(struct rd *r, struct sa_event *e) MUST_USE;

/* A policy of at most SA_POLICY_MAX entries fits into one message. */
#define SA_POLICY_MAX 1000
#define SA_MSG_MAX 65536
bool sa_put(struct wr *w, const struct sa_change *c) MUST_USE;
/* Entries of a policy are put into mem, which the caller frees with it. */
bool sa_get(struct rd *r, struct sa_change *c, struct arena *mem) MUST_USE;

#endif
