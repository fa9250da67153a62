/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ISAKMP phase 1 and the interpreter of exchanges (RFC 2408, RFC 2409).
 *
 * An exchange is a table of steps per role: which payloads a message must and
 * may hold, who judges it, who writes the answer. Decrypting, hashes,
 * duplicates, retransmission, timeouts and initialization vectors are in
 * the one interpreter (exch.c). Main mode is such an exchange; a DOI brings
 * those that run under its phase-1 SA.
 */
#ifndef COHORT_IKE_H
#define COHORT_IKE_H

#include <sys/queue.h>

#include "base/log.h"
#include "base/port.h"
#include "conf/conf.h"
#include "ike/dh.h"
#include "ike/ikecrypto.h"
#include "ike/isakmp.h"
#include "ike/proposal.h"
#include "ike/timer.h"

#define NONCE_LEN 32	  /* that we send */
#define NONCE_MIN 8
#define NONCE_MAX 256

#define RETRY_FIRST_MS 1000 /* of an initiator; each time twice as long */
#define RETRY_MS 10000	  /* but not longer than that */
#define RETRY_MAX 7	  /* 55 s in all */
#define EXCH_MS 60000	  /* an exchange is over by then */
#define HALF_OPEN_MS 60000
#define HALF_OPEN_MAX 1000 /* of peers that have proved their address */
#define HALF_OPEN_PER_SOURCE 5
#define UNPROVEN_MAX 200 /* aggressive mode */
#define OVERTAKE_MS 20
#define DELETE_TRAVELS_MS 1000
#define HALF_OPEN_GRACE_MS 2000 /* that none is pushed out in */
#define SA_MAX 20000	  /* established ones; then the oldest goes */
#define PEER_SA_MAX 16	  /* of one peer; then its oldest goes */
#define STALE_MS 60000	  /* silence that makes an SA doubtful */
#define EXCH_MAX 16	  /* exchanges that a peer may run under one SA */
#define SEEN_MIN 64	  /* of its exchanges are remembered: a replay of an */
#define SEEN_MAX 8192	  /* older one costs what the exchange did */
#define UNKNOWN_SA_PER_SECOND 50 /* answers to peers whose SA is gone */
#define LINGER_MS 60000	  /* how long a responder answers duplicates */

/* What the engine may do to the world: as struct gdoi_io. */
struct ike_env {
	void *arg;
	void (*send)(void *, struct udp_addr from, struct udp_addr to,
	    const uint8_t *data, size_t len);
	uint64_t (*now)(void *);
	void (*random)(void *, void *data, size_t len);
	void (*log)(void *, enum log_id, va_list);
	/* The address of an interface, 0 if it has none or is down. */
	uint32_t (*if_addr)(void *, const char *ifname);
};

struct sessions;
struct show;
struct admit;
struct ag;
struct ag_share;
struct ike_sa;
struct exch;

/* ---- exchanges ---- */

enum exch_verdict {
	EX_OK,
	EX_BAD,	   /* malformed or false: as if it had never come */
	EX_LATER,  /* the same, without a word: it will be repeated */
	EX_REFUSE, /* understood and not wanted: x->notify, x->why say why */
};

enum exch_flag {
	STEP_ENC = 1,  /* the message that comes in is encrypted */
	STEP_HASH = 2, /* it starts with a HASH over all that follows */
	SEND_ENC = 4,
	SEND_HASH = 8,
	STEP_LAST = 16, /* the exchange is complete after this step */
	STEP_CLEAR_TOO = 32, /* with STEP_ENC: or in clear */
};

struct exch_step {
	uint32_t in;	/* payloads that must be there, once; 0: the message
			 * of the initiator that starts the exchange */
	uint32_t opt;	/* that may be there too */
	unsigned flags;
	/* Makes the keys that open the message. False: the exchange has
	 * failed. May be NULL. */
	bool (*prepare)(struct exch *);
	/* Must not change state unless it returns EX_OK. May be NULL. */
	enum exch_verdict (*handle)(struct exch *, const struct isakmp_msg *);
	/* Adds the payloads of the answer. False: give up the exchange. */
	bool (*send)(struct exch *, struct isakmp_out *);
};

struct exch_type {
	const char *name;  /* for people */
	uint8_t number;	   /* enum isakmp_exchange */
	bool phase1;
	const struct exch_step *init, *resp;
	/* All may be NULL. done and failed are called once, at most one of
	 * them; release always, when the exchange goes. */
	void (*done)(struct exch *);
	void (*failed)(struct exch *, const char *why);
	void (*release)(struct exch *);
	/* whose `debug crypto gdoi` shows its messages; 0: isakmp only */
	enum debug_feature debug_init, debug_resp;
	/* Responder: the peer refused our last message, x->notify says why.
	 * After done, at most once; may be NULL. */
	void (*refused)(struct exch *);
	/* Initiator: how often the first message is repeated under an SA that
	 * was there before; its user may then try a new one. 0: tries_max. */
	unsigned old_tries;
	/* Responder: how long an exchange that is over answers duplicates,
	 * and how many of an SA do so. 0: LINGER_MS, EXCH_MAX. */
	unsigned linger, keep;
	/* As in quick mode (RFC 2409 5.5): the initiator has the last word, so
	 * that both sides repeat theirs, and its HASH(3) begins with a zero
	 * octet. */
	bool quick;
};

struct exch {
	TAILQ_ENTRY(exch) link; /* in sa->exchs */
	LIST_ENTRY(exch) grave; /* dead, of phase 2: in ike->dead */
	struct ike *ike;
	struct ike_sa *sa;
	const struct exch_type *type;
	bool initiator, started, done, dead;
	bool old_sa; /* the SA was there before the exchange */
	bool fresh; /* what its handler saw cannot be a replay */
	/* Responder of phase 2: where its last message came from and to. */
	struct udp_addr there, here;
	uint32_t mid;
	const struct exch_step *step; /* the one the next message is for */
	unsigned nmsg;		/* messages so far, both directions */
	uint8_t iv[IKE_BLOCK_MAX];
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	size_t ni_len, nr_len;
	uint8_t last_in[32];	/* digest of the last good message */
	uint8_t *last_out;
	size_t last_out_len;
	unsigned tries;
	uint64_t sent;		/* the last message was made */
	unsigned retry_max;	/* ms between repetitions, at most */
	unsigned tries_max;	/* then it fails */
	struct timer timer;
	uint16_t notify;	/* with EX_REFUSE */
	const char *why;	/* the same for people, or why it may fail */
	void *data;		/* of the type */
};

/* A notification that came under an established SA, by an informational
 * exchange: who sent it is sure. */
struct ike_notice {
	uint16_t type;	/* enum isakmp_notify */
	uint8_t proto;	/* enum isakmp_proto */
	uint32_t spi;	/* of 4 octets; 0: none or of another length */
	struct rd data;
};

/* What a command is about. */
struct ike_which {
	uint32_t local, peer; /* 0: any */
	const char *map;      /* "": any */
	bool phase1;	      /* and that, too */
};

/* A DOI: the exchanges that run under a phase-1 SA. All functions may be
 * NULL, and must not start anything at once. */
struct ike_doi {
	uint32_t number;  /* in what we offer */
	const char *name;
	const char *idle; /* what `show` calls an established SA */
	const struct exch_type *const *types; /* NULL behind the last */
	uint16_t port, nat_port; /* UDP; nat_port 0: no NAT traversal */
	bool aggressive; /* allowed unless the configuration disables it */
	/* An SA is established, or one that was is gone. */
	void (*sa_changed)(struct ike_sa *);
	/* The peer has deleted SAs that it receives with. proto: AH, ESP. */
	void (*deleted)(struct ike_sa *, uint8_t proto, const uint32_t *spis,
	    unsigned n);
	/* RESPONDER-LIFETIME, INVALID-SPI and whatever else is no error about
	 * an exchange. */
	void (*notified)(struct ike_sa *, const struct ike_notice *);
	/* This SA is the first that the peer has with us: it has lost all
	 * others. Called before those of phase 1 go. */
	void (*initial_contact)(struct ike_sa *);
	/* It does not answer any more (RFC 3706). The SA goes right after. */
	void (*peer_dead)(struct ike_sa *);
	/* SAs with this peer live: it must not hear INITIAL-CONTACT. */
	bool (*has_sas)(struct ike_sa *);
	/* sa->remote is another one now; was: the one before. Behind a NAT
	 * that happens at any time. */
	void (*moved)(struct ike_sa *, struct udp_addr was);
	/* Rows of `show crypto isakmp sa` beside those of phase 1. */
	void (*show_more)(struct ike *, struct show *);
	/* `show crypto session`: sessions_begin() and so on of each. */
	void (*sessions)(struct ike *, struct sessions *);
	unsigned (*count_sas)(struct ike *); /* that packets use */
	/* Ends SAs, and phase 1 with those peers if wanted. How many flows or
	 * groups that were. */
	unsigned (*clear)(struct ike *, const struct ike_which *);
	/* Those of one SA, and its other half; false: there is none. */
	bool (*clear_spi)(struct ike *, uint32_t dest, uint32_t spi);
};

/* ---- phase-1 SA ---- */

struct ike_id { /* an identity, sent or received */
	uint8_t type;	/* enum isakmp_id_type, 0: none */
	uint32_t addr;	/* ID_IPV4_ADDR */
	char name[200];	/* FQDN, USER_FQDN, KEY_ID: printable */
};
#define IKE_ID_STRLEN 200
const char *ike_id_str(const struct ike_id *, char *buf);

struct ike_keepalive {
	unsigned secs, retry;
	bool periodic;
};

/* What of NAT traversal both sides have: payloads of RFC 3947, or of the
 * drafts 02 and 03, whose encapsulation modes are 61443 and 61444. */
enum ike_natt { NATT_NONE, NATT_RFC, NATT_DRAFT };

enum ike_state { /* as IOS names them */
	MM_NO_STATE,
	MM_SA_SETUP,
	MM_KEY_EXCH,
	MM_KEY_AUTH,
	AG_NO_STATE,
	AG_INIT_EXCH,
	AG_AUTH,
	IKE_IDLE, /* established */
};

struct ike_sa {
	LIST_ENTRY(ike_sa) bucket;
	TAILQ_ENTRY(ike_sa) link; /* in order of creation */
	TAILQ_ENTRY(ike_sa) half; /* responder, not yet established */
	struct ike *ike;
	uint8_t icookie[ISAKMP_COOKIE_LEN], rcookie[ISAKMP_COOKIE_LEN];
	bool initiator, dead;
	uint8_t state; /* enum ike_state */
	uint32_t conn_id;
	struct udp_addr local, remote; /* where messages go now */
	uint16_t remote_port;	/* where the first one went, or came from */
	uint8_t natt, natt_vid;	/* enum ike_natt; which vendor id says so */
	bool nat_local, nat_remote; /* who is behind a NAT; any: ESP in UDP */
	struct ike_suite suite;
	struct ike_keys keys;
	uint8_t last_block[IKE_BLOCK_MAX]; /* of phase 1 */
	struct exch *main;
	TAILQ_HEAD(, exch) exchs; /* of phase 2, waiting ones too */
	struct timer expire, nat_timer;
	uint64_t created, established, expires;
	uint64_t last_heard;
	bool doubtful;		/* somebody says that the peer lost it */
	bool peer_dpd;		/* sent the vendor id of RFC 3706 */
	char peer_version[16];	/* of our own software, "" if it is other */
	char profile[CONF_NAME]; /* "": none */
	struct ike_id peer_id;
	/* while main mode runs */
	struct dh *dh;
	uint8_t *ke_i, *ke_r;	/* public values, length of the group */
	uint8_t gxy[DH_PUB_MAX];
	uint8_t *sai_b;		/* body of the initiator's SA */
	size_t sai_len;
	struct ag_share *share; /* aggressive.c, responder */
	uint8_t *idi_b;
	size_t idi_len;
	bool derived;
	/* DPD */
	struct timer dpd;
	uint32_t dpd_seq, dpd_acked, dpd_peer_seq;
	unsigned dpd_tries;
	/* of exchanges that the peer began, a ring that grows */
	uint32_t *seen_mid;
	unsigned seen_at, seen_size;
	uint32_t own_mid[16];	/* of our own that are forgotten, a ring */
	unsigned own_at;
};

struct ike_stats {
	uint32_t bad;	    /* malformed, false, unexpected */
	uint32_t no_sa;	    /* for an SA that is not there */
	uint32_t first;	    /* first messages answered */
	uint32_t offer_bytes; /* what is remembered of them */
	uint32_t half_open; /* responders in progress now */
	uint32_t unproven;  /* of them, in aggressive mode, message 3 awaited */
	uint32_t evicted;   /* of them, to make room */
	uint32_t denied;    /* by the limits of the configuration */
	uint32_t failed;    /* SAs that went before they were up */
	uint32_t dh;	    /* Diffie-Hellman computations */
};

#define IKE_BUCKETS 1024

struct ike {
	struct ike_env env;
	const struct conf *conf; /* NULL before the first */
	const struct ike_doi *doi;
	const char *version;	 /* announced to peers */
	unsigned *conn_ids;	 /* the next one, of all instances */
	struct timers timers;
	struct admit *admit;	 /* of admit.c */
	struct ag *ag;		 /* of aggressive.c */
	LIST_HEAD(, ike_sa) buckets[IKE_BUCKETS];
	TAILQ_HEAD(ike_sa_list, ike_sa) sas;
	TAILQ_HEAD(ike_half_list, ike_sa) half;
	TAILQ_HEAD(, ike_sa) graves;
	LIST_HEAD(, exch) dead;
	unsigned nsas, own_conn_ids;
	struct ike_stats stats;
	struct {
		uint64_t until;
		uint32_t key;
		enum log_id id;
	} limits[256];		 /* of log messages */
	uint64_t limit_second, unknown_second;
	unsigned limit_count, unknown_count;
	struct udp_addr from, to; /* of the datagram that is handled */
	uint8_t in[ISAKMP_MSG_MAX], out[ISAKMP_MSG_MAX];
};

/* conn_ids: of the instance that counts for this one too, NULL: own ones. */
struct ike *ike_new(const struct ike_env *, const struct ike_doi *,
    const char *version, unsigned *conn_ids) MUST_USE;
void ike_free(struct ike *);
void ike_config(struct ike *, const struct conf *);
void ike_input(struct ike *, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len);
/* Frees what died; call when no SA or exchange is on the stack. */
void ike_reap(struct ike *);
uint64_t ike_now(struct ike *);
void ike_random(struct ike *, void *, size_t);
void ike_log(struct ike *, enum log_id, ...);
/* At most one a minute for this id and number, and few a second at all. */
void ike_log_limited(struct ike *, uint32_t key, enum log_id, ...);

/* Starts an exchange with a peer, under the SA that exists or a new one, in
 * the mode that its profile ("": none) or `crypto isakmp peer` wants. Fails
 * later, by type->failed, never at once. */
struct exch *ike_start(struct ike *, struct udp_addr local,
    struct udp_addr remote, const char *profile, const struct exch_type *,
    void *data);
/* The profile that holds for a peer of that address, "": none. */
void ike_profile_of(struct ike *, uint32_t local, uint32_t remote,
    char profile[CONF_NAME]);
/* An SA with it is established. */
bool ike_has_sa(struct ike *, struct udp_addr local, struct udp_addr remote);
/* The newest one with it begins exchanges, and until when one does. */
bool ike_has_time(struct ike *, uint32_t local, struct udp_addr remote);
uint64_t ike_usable_until(const struct ike_sa *);
struct ike_keepalive ike_keepalive(const struct ike_sa *);
/* The same for a peer of that profile ("": none). */
struct ike_keepalive ike_keepalive_of(const struct ike *, const char *profile);
/* There is a pre-shared key for it, whatever name it has. */
bool ike_has_key(struct ike *, uint32_t local, uint32_t remote);
void ike_drop_stale(struct ike *, struct udp_addr local,
    struct udp_addr remote);
/* The peer has to authenticate again before it can do anything. */
void ike_drop_peer(struct ike *, uint32_t local, uint32_t remote);
/* Sends the first message now; its SA must be established. */
void exch_begin(struct exch *);
/* Ends it without a word to anybody but type->release. */
void exch_cancel(struct exch *);
/* The same for all SAs, with Delete to the peers: `clear crypto isakmp`. */
void ike_clear(struct ike *);
void ike_clear_peer(struct ike *, uint32_t local, uint32_t peer); /* 0: all */
void ike_sa_delete(struct ike_sa *, bool tell_peer, const char *why);
void ike_notify(struct ike_sa *, uint16_t type, uint32_t mid);
/* The same about an SA of the DOI, named by its SPI. */
void ike_notify_spi(struct ike_sa *, uint8_t proto, uint32_t spi,
    uint16_t type, const void *data, size_t len);
/* Delete of SAs that we receive with, at most IKE_SPIS_MAX. */
#define IKE_SPIS_MAX 64
void ike_delete_spis(struct ike_sa *, uint8_t proto, const uint32_t *spis,
    unsigned n);
/* Asks the peer whether it lives, if it has RFC 3706 and `crypto isakmp
 * keepalive` wants that: on demand. */
void ike_dpd(struct ike_sa *);
/* Its NAT has given a peer another address or port, as authentic packets show
 * that came to local. */
void ike_peer_moved(struct ike *, uint32_t local, struct udp_addr was,
    struct udp_addr now);
/* The newest established SA with a peer; port 0: any. */
struct ike_sa *ike_find_sa(struct ike *, uint32_t local,
    struct udp_addr remote);
/* A clear message that comes or goes, for `debug`. who: group or conn-id. */
void ike_debug_message(enum debug_feature, const char *who,
    struct udp_addr peer, const uint8_t *data, size_t len, bool sent);
const char *ike_state_name(const struct ike_sa *);

/* Writes a fresh nonce of this side as a payload. */
void exch_put_nonce(struct exch *, struct isakmp_out *);

#endif
