/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The message between cooperative key servers (COOP): the body of the one
 * payload of exchange 240, doc/coop-protocol.md. Encoder and decoder stand
 * together in coop_msg.c. Times in a message are relative, in milliseconds,
 * since no two key servers have the same clock.
 *
 * A message has a head, then parts, each of which may be missing. What is
 * said of a group is kept by all its key servers:
 *
 *	servers	who is there, as the sender knows it (also of third ones)
 *	vector	how much the sender has of the members each server told
 *	keys	policy, KEKs, TEKs, pseudotime, use of sender identifiers:
 *		always whole
 *	members	changes of the member database, as many as fit
 *
 * What a decoder has let through: addresses are those of hosts, boots but
 * to.boot are not 0, the first server is the sender, names are printable,
 * keys are as long as their algorithms want, nothing is there twice.
 */
#ifndef COHORT_COOP_MSG_H
#define COHORT_COOP_MSG_H

#include "conf/conf.h"
#include "gdoi/gdoi_msg.h"

#define COOP_SERVERS_MAX 16  /* rows of one message: living and gone ones */
#define COOP_MEMBERS_MAX 2000 /* rows of one message ... */
#define COOP_MEMBER_MIN 40 /* ... and octets of one, without its version */
#define COOP_KEKS_MAX 96 /* with those that were dropped */
#define COOP_NAME CONF_NAME
#define COOP_STAMP_MAX INT32_MAX
#define COOP_TERM_MAX UINT32_MAX

/* Compared as major.minor.mini: another major is another protocol. */
#define COOP_VERSION "1.0.1"

enum coop_role { COOP_UNKNOWN, COOP_PRIMARY, COOP_SECONDARY };

enum coop_flag {
	COOP_F_REPLY = 1,	/* an answer is wanted (message 1) */
	COOP_F_OPTIMIZE = 2,	/* `protocol version optimize` */
	COOP_F_ANSWER = 4,	/* message 2 of the exchange */
	COOP_F_SYNCED = 8,	/* has keys and may be elected before others */
	COOP_F_MORE = 16,	/* members that did not fit follow */
	COOP_F_LEAN = 32,	/* hears the primary through the receiver
				 * only: wants its beats from there */
};

/* A life of a key server: another boot is another process, which knows
 * nothing of the one before. */
struct coop_id {
	uint32_t addr;
	uint64_t boot; /* random, not 0; 0: not known */
};

/* What the sender knows of a key server; of itself in the first row. */
struct coop_server {
	struct coop_id id;
	uint8_t role;	   /* enum coop_role */
	uint8_t priority;  /* 0: it is leaving, as good as dead */
	bool synced;
	uint32_t beat;	   /* the server's own counter of messages */
	uint32_t age;	   /* ms since that beat was heard; 0: itself */
	uint32_t primary;  /* address whom it follows; 0: none */
	uint32_t term;	   /* of that primary */
};

/* The sender has all changes of members that this server told, up to seq. */
struct coop_seen {
	struct coop_id id;
	uint32_t seq;
};

/* One `sa ipsec N` with what its references say. */
struct ks_sa {
	uint16_t number;
	char acl[CONF_NAME], profile[CONF_NAME];
	struct esp_transform transform;
	uint32_t life;	 /* seconds */
	uint8_t replay;	 /* enum replay_method */
	uint16_t window;
};

/* An entry of its list; in a message: action, protocol, addresses, eq ports */
struct ks_ace {
	struct ace ace;
	uint16_t sa; /* number of its sa ipsec */
};

struct coop_kek {
	struct gdoi_kek k;	/* pub: not on the wire; life: unused */
	uint8_t pub_digest[32];	/* SHA-256 of the public key */
	char label[COOP_NAME];	/* at its creator; for people */
	struct coop_id creator;
	bool current;
	bool dropped;		/* must not be used any more, as of a TEK:
				 * only spi, creator and left are said */
	uint8_t ack;		/* enum rekey_ack */
	uint32_t life;		/* seconds, configured */
	uint32_t seq;		/* the highest that is known to be used */
	uint32_t age, left;	/* ms since birth, until its end */
	uint32_t rekey_in;	/* ms; UINT32_MAX: not */
};

struct coop_tek {
	struct gdoi_tek_key k;
	struct ks_sa sa;	/* as it was made from */
	bool newest;		/* of its sa ipsec */
	bool dropped;		/* must not be used any more: a tombstone
				 * until its end; keys are empty */
	uint32_t override;	/* seconds, 0: not shortened */
	uint32_t age, left, rekey_in; /* as above */
};

/* A KSSID that a server has given sender identifiers of. */
struct coop_claim {
	uint16_t kssid;
	struct coop_id id;
};

/* The group's keys and the policy they were made for. */
struct coop_keys {
	struct coop_id owner;	/* the primary that said it last */
	uint32_t term, version;	/* of that primary */
	uint8_t digest[8];	/* of what the set holds, no times */
	/* policy */
	uint8_t kek_cipher, sig_hash, ack;
	uint16_t kek_bits;
	uint32_t kek_life;
	bool unicast, receive_only;
	struct udp_addr mcast;
	char rekey_acl[COOP_NAME], rsa_label[COOP_NAME];
	unsigned nsas, naces, nkeks, nteks;
	struct ks_sa *sas;	/* all four owned */
	struct ks_ace *aces;
	struct coop_kek *keks;
	struct coop_tek *teks;
	/* pseudotime; clock_id 0: not started */
	uint32_t clock_id;
	uint64_t pseudotime;	/* hundredths of a second, now */
	uint32_t clock_sync;	/* ms since members were told */
	/* sender identifiers; epoch 0: none was ever given out */
	uint64_t sid_epoch;
	uint8_t sid_bits;
	unsigned nclaims;
	struct coop_claim claims[KSSID_MAX];
	uint32_t last_rekey;	/* ms ago; UINT32_MAX: never */
	uint32_t rekeys;	/* sent, cumulative */
};

/* A change of the member database. The latest stamp of an address wins; of
 * two with the same stamp that of the higher teller. */
struct coop_member {
	uint32_t addr;
	uint16_t port;
	uint32_t owner;		/* the key server that it registered with */
	bool removed, has_kek;
	char version[16];	/* of its GDOI software */
	uint32_t stamp;		/* Lamport's, one above all that were seen */
	struct coop_id teller;	/* who made this change ... */
	uint32_t seq;		/* ... which was its that many-th */
	uint32_t term, keys;	/* term, version of the keys it was given */
	uint8_t kek_spi[KEK_SPI_LEN]; /* that it registered with */
	/* protocol version base only: counters for show */
	uint32_t sent, retries, acks, acks_missed;
};

/* Digests of what the sender has configured, to name what differs. */
struct coop_config {
	uint8_t acl[8], transform[8], lifetime[8], replay[8], rekey[8],
	    rsa[8]; /* rsa: of the public key that its label names */
};

struct coop_msg {
	char coop_version[16], gdoi_version[16];
	unsigned flags;		/* enum coop_flag */
	uint8_t id_type;	/* enum gdoi_id_type, of the group */
	uint32_t group_id;
	struct coop_id from, to; /* to.boot 0: not known yet */
	uint32_t seq;		/* counts messages from -> to; never again */
	uint8_t keys_digest[8];	/* of the keys that the sender has; 0: none */
	uint32_t stamp;		/* Lamport clock of the member database */
	/* Each sender counts the changes of its own copy of the members, told
	 * or heard: its log. The sender has that much of the receiver's; and
	 * the members below are all that is in its own behind log_from up to
	 * log_to and that the receiver's vector does not cover. */
	uint32_t log_have, log_from, log_to;
	/* The sender may want the receiver's log from its beginning: it counts
	 * how often it has (log_round), and says which of the receiver's
	 * counts the members below answer (log_of). */
	uint32_t log_round, log_of;
	uint64_t members_digest; /* of who is a member, for the sender */
	unsigned nservers, nseen, nmembers;
	struct coop_server servers[COOP_SERVERS_MAX];
	struct coop_seen seen[COOP_SERVERS_MAX];
	struct coop_config config;
	uint64_t kssids[KSSID_WORDS]; /* that the sender is configured */
	uint8_t sid_bits;		 /* ... of identifiers of this size */
	struct coop_keys *keys;	/* NULL: none; owned */
	struct coop_member *members; /* owned */
};

/* Octets, or 0: does not fit in max, or a field is beyond what the message
 * can say. Keys come last but one, members last. */
size_t coop_msg_put(const struct coop_msg *, uint8_t *out, size_t max)
    MUST_USE;
/* How many of the members fit behind the rest in max octets; sets nothing. */
unsigned coop_msg_fit(const struct coop_msg *, size_t max);
/* NULL or what is wrong; then there is nothing to free. A message of another
 * major version is decoded up to its version only: NULL, *other is true and
 * the rest of the message empty. */
const char *coop_msg_get(const uint8_t *data, size_t len, struct coop_msg *,
    bool *other) MUST_USE;
/* Wipes keys. */
void coop_msg_free(struct coop_msg *);
void coop_keys_free(struct coop_keys *);
bool coop_id_equal(const struct coop_id *, const struct coop_id *);

#endif
