/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers (COOP), ios-getvpn.md 2.7: what their files share.
 *
 *	coop_link.c	exchange 240 between two key servers: sessions,
 *			phase-1 SAs, repetition, sequence numbers, counters
 *	coop.c		roles: election, takeover, stepping back; when who
 *			is told; configuration
 *	coop_view.c	who is there and who lives
 *	coop_keys.c	keys and policy: to the others, from the others
 *	coop_out.c	the set of keys as it is told, ...
 *	coop_set.c	... and united with what others tell
 *	coop_seq.c	numbers of pushes under a KEK
 *	coop_diff.c	what they are configured differently
 *	coop_members.c	the member database
 *	coop_sid.c	who may give out which sender identifiers
 *
 * One primary makes keys and sends rekeys; all others hold copies and take
 * registrations. Everything that is told is idempotent and commutes, so that
 * order, loss and repetition of messages do not matter: keys are a set (union;
 * a key that ended or was dropped stays so), members a map (the latest stamp
 * wins), and only "what is current" is a register of the primary's.
 *
 * Primary: the living one with the highest priority, then address, of those
 * that say they are; who hears of a better one steps back. Nobody becomes
 * primary while one lives (no pre-emption). Lives: its beat was heard, by
 * oneself or by somebody one hears, not longer ago than the timers say.
 */
#ifndef COHORT_COOP_H
#define COHORT_COOP_H

#include "gdoi/coop_msg.h"
#include "gdoi/gdoi_priv.h"

/* IOS's defaults; all in seconds but the number. */
#define COOP_PERIODIC 20	/* announcements of the primary */
#define COOP_TIMEOUT 30		/* of a secondary without one */
#define COOP_RETRANSMIT 10
#define COOP_RETRIES 3
#define COOP_WINDOW 1024	/* numbers that messages may come late by */
#define COOP_PDU 1300		/* octets of a message, if it can be cut */

enum coop_ike { /* as show prints it */
	COOP_IKE_UNINITIALISED,
	COOP_IKE_IN_PROGRESS,
	COOP_IKE_ESTABLISHED,
	COOP_IKE_FAILED,
};

struct coop_counters {
	uint32_t sent, sent_reply, recv, recv_reply, sent_drops, recv_drops;
	uint64_t bytes_sent, bytes_recv;
};

/* What becomes of an announcement that is not answered. */
struct coop_try {
	bool reply;		/* it asks for an answer */
	bool new_sa;		/* phase 1 was made for it */
	uint8_t rounds;		/* exchanges in vain under this SA */
	uint8_t restarts;	/* SAs that went or that it gave up */
};

/* A session with a configured peer. */
struct coop_peer {
	TAILQ_ENTRY(coop_peer) link; /* in order of configuration */
	struct coop *coop;
	uint32_t addr;
	unsigned handle;
	/* coop_link.c */
	struct exch *exch;	/* message 1 is out, or NULL */
	uint8_t ike;		/* enum coop_ike */
	bool again, again_reply; /* asked to send while exch was out */
	uint32_t seq_out, seq_in; /* of the boots below */
	uint64_t window[COOP_WINDOW / 64]; /* numbers that were there */
	uint64_t boot;		/* it had when it was heard last; 0: never */
	uint64_t past[4];	/* boots before that one, a ring */
	unsigned npast;
	struct coop_try next;	/* exchange; when the timer runs */
	struct timer timer;
	struct coop_counters n;
	/* coop.c */
	bool reachable;		/* said so, or not, by a log message */
	uint64_t heard;		/* monotonic ms; 0: never */
	char coop_version[16], gdoi_version[16];
	bool optimize;
	bool mismatch_logged, version_logged;
	char unreach[64];	/* the last reason; empty: it answers */
	bool leans;		/* hears the primary through us only */
	bool asked;		/* for the primary, and had to wait */
	bool owed;		/* a message, soon */
	/* coop_members.c */
	uint64_t log_boot;	/* of the peer, that the following are of */
	uint32_t log_had;	/* of its log, here */
	uint32_t log_acked;	/* of our log, there; it lacks nothing */
	uint32_t log_done;	/* ... of that up to here */
	bool log_again;		/* it shall tell all that it has: */
	uint32_t log_round;	/* how often it should; how often we did */
	uint32_t log_of;
	uint64_t log_asked;	/* when, the last time; 0: never */
	/* coop_keys.c, coop_members.c */
	uint8_t keys_digest[8];	/* that it had, as it said last */
	uint64_t same;		/* it had the same as we, last */
	bool offer;		/* it gets ours, whatever it has */
	bool late;		/* was waited for in vain: not again, until
				 * it has the same once */
	unsigned nseen;
	struct coop_seen seen[COOP_SERVERS_MAX];
	struct coop_config config, own_config; /* as of that log */
	uint64_t kssids[KSSID_WORDS];
	uint8_t sid_bits;	/* of its identifiers; 0: not heard */
};

/* A key that must not come back, until its natural end. */
struct coop_tomb {
	struct coop_tomb *next;
	bool kek;
	struct coop_id creator;	/* of a KEK */
	uint8_t kek_spi[KEK_SPI_LEN];
	uint32_t spi;		/* of a TEK */
	struct ks_sa sa;
	uint64_t expires;
};

/* What is known of servers[i] besides. */
struct coop_seat {
	uint32_t via;		/* peer that told its newest beat */
	uint64_t old[4];	/* boots that are over, a ring */
	unsigned nold;
	bool passed;		/* did not become primary when it should */
	uint64_t lost;		/* boot that was given up, or 0 ... */
	uint64_t lost_at;	/* ... and heard of last then */
};

struct coop { /* of a group with `redundancy` */
	struct ks_group *grp;
	struct coop_id self;
	uint8_t priority;
	uint8_t role;		/* enum coop_role; UNKNOWN: no primary */
	uint32_t primary;	/* address, own one too; 0: none */
	uint32_t previous;	/* primary before that, for log messages */
	uint32_t term, beat;
	uint32_t top_term;	/* of all that were heard of */
	bool optimize;
	uint16_t pdu;
	unsigned periodic, timeout, retransmit, retries_max; /* seconds */
	unsigned retries;	/* unanswered questions to the primary */
	unsigned nservers;
	struct coop_server servers[COOP_SERVERS_MAX]; /* all but oneself; */
	uint64_t server_heard[COOP_SERVERS_MAX]; /* when, instead of age */
	struct coop_seat seats[COOP_SERVERS_MAX];
	TAILQ_HEAD(coop_peers, coop_peer) peers;
	uint32_t seq_base;	/* numbers that removed peers were told */
	struct timer timer;	/* of coop.c */
	uint64_t timer_at;	/* periodic announcement, or question */
	uint64_t all_at, some_at; /* to all; to those who lack something */
	uint64_t told;		/* the last time because of a change */
	bool electing;
	uint64_t hold_at;	/* nobody takes the role before */
	uint32_t candidate;	/* 0: none */
	uint64_t candidate_at;	/* until when it has time to */
	uint64_t start_at;	/* until then a primary is waited for */
	bool asking;		/* who is told at all_at shall answer */
	const char *blocked;	/* why members are refused; NULL: are not */
	bool leaving;
	/* keys */
	bool synced;
	struct coop_id keys_owner;
	uint32_t keys_term, keys_version;
	uint32_t pushed_term, pushed_version; /* of the last rekey */
	struct coop_tomb *tombs;
	unsigned ntombs;
	uint64_t clock_set;	/* our pseudotime was, last */
	uint64_t hold_until;	/* the others shall have new keys first */
	bool merge;		/* members shall be told what was united */
	bool roll;		/* the next rekey brings another KEK */
	struct timer keys_timer;
	uint32_t bad_pseudotime; /* "Invalid ANN PST recvd" */
	/* members */
	uint32_t stamp, change;	/* Lamport clock; number of own changes */
	struct coop_members *db;
	/* sender identifiers */
	struct coop_sids *sids;
};

/* ---- coop.c ---- */
/* From the configuration; NULL in the group without `redundancy`. */
void coop_config(struct ks_group *, const struct gdoi_local *);
void coop_free(struct ks_group *);
static inline bool
coop_is_primary(const struct ks_group *grp)
{
	return grp->coop == NULL || grp->coop->role == COOP_PRIMARY;
}
/* A new member may be taken: the keys are there, or (primary) can be made. */
bool coop_ready(const struct ks_group *);
/* Says why coop_ready() says no, once for each reason. */
void coop_log_blocked(struct ks_group *);
/* `clear crypto gdoi ks coop role` */
void coop_clear_role(struct ks_group *);
/* Something changed that the others should know soon. */
void coop_changed(struct ks_group *);
/* What goes to this peer now; called by coop_link.c for message 1 and 2, which
 * says from whom to whom it is. */
void coop_fill(struct coop_peer *, struct coop_msg *);
/* A message that is authentic, new and of this group. */
void coop_receive(struct coop_peer *, const struct coop_msg *);
/* The peer did not answer (status of the SA and reason for the log), or did. */
void coop_unanswered(struct coop_peer *, const char *why);
void coop_answered(struct coop_peer *);
/* Position of this server among all configured ones by address, 0..7. */
unsigned coop_rank(const struct coop *);
bool coop_alive(const struct coop *, uint32_t addr);

/* ---- coop_view.c ---- */
/* Milliseconds after its last beat that a server counts as living. */
uint64_t coop_view_lives(const struct coop *);
/* Takes a row of a message that came from that peer. */
void coop_view_hear(struct coop *, const struct coop_server *, uint32_t via);
/* Position in servers, -1: not there. */
int coop_view_find(const struct coop *, uint32_t addr);
bool coop_view_alive(const struct coop *, int i);
void coop_view_forget(struct coop *, uint32_t addr);
/* Said once: a server that was given up is there again, in the same life, and
 * was not at that time. */
bool coop_view_regained(struct coop *, uint64_t at);
/* Oneself and those of whom there is fresh news; the number of rows. */
unsigned coop_view_fill(struct coop *, struct coop_server *);
/* The best of the living others that say they are primary; -1: none. */
int coop_view_primary(const struct coop *);
/* Whether a is to be primary rather than b: by priority, then address. */
bool coop_view_before(uint8_t pa, uint32_t a, uint8_t pb, uint32_t b);
/* The best of the others that may be elected; -1: none. */
int coop_view_candidate(const struct coop *);

/* ---- coop_link.c ---- */
extern const struct exch_type coop_exchange; /* in gdoi_doi's types */
void coop_sa_changed(struct ike_sa *); /* the same's */
struct coop_peer *coop_peer_find(const struct coop *, uint32_t addr);
/* A new one; NULL: one too many, which was logged. */
struct coop_peer *coop_peer_add(struct coop *, uint32_t addr);
void coop_peer_remove(struct coop_peer *);
/* Message 1, now or when the one that is out was answered. */
void coop_send(struct coop_peer *, bool want_reply);

/* ---- coop_keys.c ---- */
/* Adds what the peer lacks of keys and policy: *msg's keys and digest. */
void coop_keys_fill(struct coop_peer *, struct coop_msg *);
void coop_keys_receive(struct coop_peer *, const struct coop_msg *);
/* The primary made or changed keys or policy: next version. */
void coop_keys_changed(struct ks_group *);
/* This server has become primary, or has stepped back. */
void coop_keys_promoted(struct ks_group *);
void coop_keys_demoted(struct ks_group *);
/* All members are told soon what there is, under all KEKs. */
void coop_keys_merge(struct ks_group *);
/* It has found its primary, or another one: the others hear what it has. The
 * times may be others, which no digest tells. */
void coop_keys_followed(struct ks_group *);
void coop_keys_stop(struct coop *); /* it goes: called by coop_free() */
/* The primary has learned of this member from another key server, which gave
 * it the keys of then: what it lacks is sent to it. */
void coop_keys_member(struct ks_group *, struct ks_member *, uint32_t term,
    uint32_t version);
/* A key is taken out of use before its end. */
void coop_tek_dropped(struct ks_group *, const struct ks_tek *);
void coop_kek_dropped(struct ks_group *, const struct ks_kek *);
/* TEKs that are out of use, behind those n that are in spis (GDOI_TEKS_MAX) and
 * without these; how many there are in all. */
unsigned coop_teks_gone(const struct ks_group *, uint32_t *spis, unsigned n);
/* What was made is not for members yet: another key server that lives does
 * not have it and could not go on with it. */
bool coop_keys_held(const struct ks_group *);
/* Two halves have met, and who registered now would send with a TEK of the
 * other one, before those here have heard of it. */
bool coop_keys_unsettled(const struct ks_group *);
/* Before a rekey: old KEKs that nobody can need go. */
void coop_keys_tidy(struct ks_group *);
/* No configured key server is missing: a member that is silent here is not
 * one of those that are on its side. */
bool coop_all_there(const struct ks_group *);
/* ---- coop_seq.c ---- */
/* The number of the next push under a KEK. Never one that another key server
 * may use or have used under it. */
uint32_t coop_next_seq(const struct ks_group *, const struct ks_kek *);
/* Whether anybody can have come to that number of this KEK, which is k here
 * (NULL: not known yet). */
bool coop_seq_ok(const struct ks_group *, const struct coop_kek *,
    const struct ks_kek *k);

/* ---- coop_diff.c ---- */
/* Of what is configured here, names left out. */
void coop_diff_make(const struct ks_group *, struct coop_config *);
/* What the peer has configured; logs what is different. */
void coop_diff_take(struct coop_peer *, const struct coop_config *);

/* ---- coop_out.c, coop_set.c ---- */
#define COOP_NEVER UINT32_MAX /* as a time in a message */
#define COOP_TOMBS_MAX 64 /* of each kind: they fit in a message */
/* What is known of the keys, for another one; NULL: there are none. */
struct coop_keys *coop_set_export(struct ks_group *) MUST_USE;
void coop_set_digest(const struct ks_group *, uint8_t digest[8]);
/* They are of another group, as it were: begun by a key server that knew
 * nothing of this one, and cannot be mixed with what is here. */
bool coop_set_foreign(const struct ks_group *, const struct coop_keys *);
const char *coop_set_lie(struct ks_group *, const struct coop_keys *);
bool coop_set_yield(struct ks_group *, const struct coop_keys *);
enum coop_news {
	COOP_NEW_KEYS = 1,	/* that can be used */
	COOP_NEW_TOMBS = 2,
	COOP_KEK_GONE = 4,	/* the current one */
	COOP_TEK_GONE = 8,	/* one that was here */
};
/* Adds what is not there yet; enum coop_news. */
unsigned coop_set_unite(struct ks_group *, const struct coop_keys *);
/* Behind that: takes what is current from the primary. */
void coop_set_adopt(struct ks_group *, const struct coop_keys *);
/* The current KEK, if it was dropped by somebody. */
void coop_set_drop_kek(struct ks_group *);
/* KEKs whose public key may have come into the store. */
void coop_set_fill_pubs(struct ks_group *);
/* The RSA key pair of the KEK is here, and still is. */
bool coop_set_can_sign(const struct ks_group *);
void coop_set_free(struct coop *);

/* ---- coop_members.c ---- */
void coop_members_fill(struct coop_peer *, struct coop_msg *, size_t max);
void coop_members_receive(struct coop_peer *, const struct coop_msg *);
/* A member of the group registered here, changed, or was removed here. */
void coop_member_changed(struct ks_group *, const struct ks_member *);
void coop_member_removed(struct ks_group *, uint32_t addr);
/* The peer lacks changes that are known here. */
bool coop_members_pending(const struct coop_peer *);
void coop_members_free(struct coop *);

/* ---- coop_sid.c ---- */
/* This KSSID may be given SIDs of: it is ours alone, and those who could
 * otherwise give them out know. */
bool coop_sid_may_use(const struct ks_group *, unsigned kssid);
/* Keys were made from nothing: sender identifiers count anew. */
void coop_sid_begin(struct ks_group *);
/* Another KSSID, when the one in use is used up soon, or there is none. */
void coop_sid_claim(struct ks_group *);
/* One was claimed that those who do not know it yet will know soon, or another
 * server that lives has one: no reason to start the group over. */
bool coop_sid_waits(const struct ks_group *);
/* Which KSSIDs that key server has claimed in the lineage of today: in this
 * life, or (former) in one before. */
void coop_sid_claimed(const struct coop *, const struct coop_id *, bool former,
    uint64_t set[KSSID_WORDS]);
uint64_t coop_sid_epoch(const struct ks_group *);
void coop_sid_export(const struct ks_group *, struct coop_keys *);
/* adopt: it may be of another epoch. True: something is new. */
bool coop_sid_import(struct ks_group *, const struct coop_keys *, bool adopt);
/* The peer has all that is known here of the keys, so the claims too. */
void coop_sid_acked(struct coop_peer *);
void coop_sid_fill(struct coop_peer *, struct coop_msg *);
void coop_sid_receive(struct coop_peer *, const struct coop_msg *);
void coop_sid_free(struct coop *);

#endif
