/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of src/gdoi share: the engine, the key server's and the
 * group member's state. Times are monotonic milliseconds unless a comment
 * says seconds.
 */
#ifndef COHORT_GDOI_PRIV_H
#define COHORT_GDOI_PRIV_H

#include <bsd/sys/tree.h>
#include <sys/queue.h>

#include "gdoi/coop_msg.h"
#include "gdoi/gdoi.h"
#include "gdoi/gdoi_msg.h"
#include "gdoi/rsa.h"
#include "gdoi/trace.h"
#include "ike/ike.h"

#define SERVERS_MAX 8
/* Old ones that a key server keeps for members behind. With others it keeps
 * all that live: who may have them is not known for sure. */
#define KEKS_OLD 31
#define KEKS_OLD_ALONE 4
#define KEKS_GONE 8

/* What is left of a TEK that is shortened, if that is less than it had: MAX(90
 * s, MIN(5% of its life, 3600 s)). */
static inline uint64_t
shortened_ms(uint32_t life)
{
	uint32_t s = life / 20;

	s = s > 3600 ? 3600 : s < 90 ? 90 : s;
	return (uint64_t)s * 1000;
}

/* Ends of two TEKs of a `sa ipsec`, so that which is first is clear to all. */
#define TEK_APART_MS 2000

/* ---- key server ---- */

/* The policy of a group as its configuration gives it. */
struct ks_policy {
	char problem[200]; /* why it cannot be used; "" if it can */
	enum log_id problem_log; /* KS_NO_POLICY or KS_NO_ACL */
	char problem_acl[CONF_NAME];
	uint16_t problem_sa;
	bool logged;
	struct strbuf text; /* what members get of it, to compare two */
	uint8_t kek_cipher, sig_hash;
	uint16_t kek_bits;
	uint32_t kek_life;	/* seconds */
	bool unicast;
	uint8_t ack;		/* enum rekey_ack */
	char rekey_acl[CONF_NAME];
	struct udp_addr mcast;	/* where rekeys go if not unicast */
	char mcast_problem[160]; /* why they cannot go there; "": can */
	char rsa_label[CONF_NAME];
	bool receive_only;
	unsigned nsas, naces;
	struct ks_sa *sas;
	struct ks_ace *aces;
	uint8_t sid_bits;
	uint64_t kssids[KSSID_WORDS]; /* ours; in policy, not in active */
};

/* Sender identifiers, see ks_sid.c. */
struct ks_sids {
	uint32_t next[KSSID_MAX]; /* of each KSSID, since the last reset */
	bool old[KSSID_MAX];	  /* was in use before the last reset */
	bool any;		  /* one was given out: */
	uint8_t bits;		  /* its length */
	uint16_t kssid;		  /* the newest was this one's ... */
	uint32_t last;		  /* ... number that */
	unsigned epoch;		  /* counts resets */
	uint64_t reinit;	  /* when members had to start over, 0 */
};

struct ks_tek {
	TAILQ_ENTRY(ks_tek) link;
	struct ks_sa sa;	/* as it was made from */
	struct gdoi_tek_key k;
	bool newest;		/* of its sa ipsec */
	uint64_t born, expires, rekey_at;
	uint32_t override;	/* seconds, when shortened */
	uint64_t came;		/* from another key server; 0: made here */
};

struct ks_kek {
	struct gdoi_kek k;
	char label[CONF_NAME];
	uint32_t life;		/* seconds */
	uint8_t ack;		/* enum rekey_ack: forms that are taken */
	uint64_t born, expires, rekey_at;
	uint32_t seq;		/* of its last push */
	unsigned order;		/* that many-th which came to be known here */
	/* with cooperative key servers */
	struct coop_id creator;
	bool lent;		/* another one may have sent under it */
	uint8_t pub_digest[32];	/* of k.pub, which may be missing here */
};

enum member_state {
	MEMBER_IDLE,
	MEMBER_PENDING,
	MEMBER_SENT,
	MEMBER_ACKED,
};

struct ks_member {
	TAILQ_ENTRY(ks_member) link; /* by address */
	RB_ENTRY(ks_member) node;
	uint32_t addr;
	uint32_t owner;		/* the key server that it registered with */
	uint16_t port;
	char version[16];
	bool has_kek, acked_ever;
	/* The newest that it surely had, when so many were known here: it may
	 * have any that came since. */
	uint8_t kek_spi[KEK_SPI_LEN];
	unsigned kek_order;
	uint8_t state;		/* enum member_state: in the last rekey */
	unsigned missed;	/* rekeys in a row ... */
	unsigned apart;		/* ... and while a key server was missing */
	unsigned surplus;	/* ACKs of the last rekey beyond the first */
	uint32_t sent, retries, acks, acks_missed;
	uint32_t sent_seq[4], rcvd_seq[4]; /* the newest first */
	uint32_t keys_term, keys_version; /* of the keys that it was given */
};

/* One push: the same octets for all members that have its KEK. */
struct ks_push {
	uint8_t *data;		/* NULL: there is none */
	size_t len;
	struct gdoi_kek kek;	/* that encrypts it */
	char label[CONF_NAME];	/* of the RSA key that signs it */
	uint8_t ack;		/* enum rekey_ack */
	bool new_kek;		/* it brings the KEK that follows */
	unsigned order;		/* of its KEK */
	uint64_t expires;	/* of its KEK */
	uint32_t first_seq, seq; /* the numbers that this rekey has used */
};

/* The rekey that is being distributed, or was last. */
struct ks_rekey {
	bool active, last_wait;
	bool held;		/* waits for coop_keys_held() */
	uint8_t under[KEK_SPI_LEN]; /* encrypts push[0] then */
	/* under the KEK of the group; under those before it, for members
	 * that have not acknowledged the change */
	struct ks_push push[1 + KEKS_OLD];
	uint8_t kek_spi[KEK_SPI_LEN]; /* that a member has by then ... */
	unsigned kek_order;	/* ... and none that came before */
	unsigned tries;		/* repetitions so far */
	unsigned retransmits, waiting;
	uint64_t started, built, duration;
	uint64_t remind_until;	/* who has not answered is asked on; or 0 */
	uint32_t *drop;		/* SPIs of TEKs that end at once, or have */
	unsigned ndrop;
	bool replaces;		/* with it */
	struct ks_member *next;	/* to be sent to */
	struct timer timer;
};

struct ks_farewell; /* ks_remove.c */
struct coop;	    /* coop.h */

struct ks_group {
	TAILQ_ENTRY(ks_group) link;
	struct gdoi *g;
	char name[CONF_NAME];
	uint8_t id_type;
	uint32_t id, addr;
	unsigned handle;
	uint16_t retransmit_secs, retransmit_count;
	bool unicast, periodic, gone, no_rsa_logged;
	struct ks_policy *policy; /* of the configuration */
	struct ks_policy *active; /* that the keys were made for, or NULL */
	uint8_t announced[32];	  /* of a changed policy that was logged */
	unsigned generation;	  /* counts rekeys */
	unsigned epoch;		  /* generation when members were removed */
	struct ks_kek *kek;
	unsigned kek_order;	/* counts KEKs */
	/* while a member may know no other; the newest first */
	struct ks_kek *old_keks[KEKS_OLD];
	TAILQ_HEAD(ks_tek_list, ks_tek) teks; /* newest first */
	TAILQ_HEAD(, ks_member) members;
	RB_HEAD(ks_member_tree, ks_member) member_tree; /* the same */
	unsigned nmembers;
	struct ks_sids sids;
	uint64_t last_rekey;
	uint32_t rekeys_sent, retransmitted;
	struct ks_rekey rekey;
	struct coop *coop;	 /* NULL: the only key server */
	TAILQ_HEAD(, ks_farewell) farewells;
	/* dropped when members were removed; the last first */
	struct ks_kek *gone_keks[KEKS_GONE];
	uint32_t clock_id;	 /* of the pseudotime; 0: not started */
	uint64_t clock_start, clock_sync; /* began; was told last */
	struct timer timer;
};

/* ---- group member ---- */

enum gm_state {
	GM_INCOMPLETE,	 /* no identity, no server, no map on an interface */
	GM_REGISTERING,
	GM_REGISTERED,
	GM_REREGISTERING,
};

struct gm_tek {
	TAILQ_ENTRY(gm_tek) link;
	struct sa_tek t;
	bool fresh;	/* came with the message that is being taken */
	uint64_t activate; /* sent with from then on; 0: not told */
	bool wants_sid;	/* its own is used up, or it has none */
	unsigned reg;	/* of which registrations it may have SIDs */
	unsigned told;	/* the last message that named it ... */
	uint32_t teller; /* ... was of this key server */
	uint32_t clock;	/* its pseudotime is that of this one */
	uint32_t life;	/* seconds, when it was installed */
	uint64_t expires;
};

/* The last push, which may come again, also under a KEK that is gone. */
struct gm_ack {
	bool valid;
	uint8_t digest[32]; /* of the push */
	uint32_t to;
	uint64_t sent;
	uint8_t data[256];
	size_t len; /* 0: it wants no acknowledgement */
};

struct gm_clock {
	uint32_t id;		/* 0: none */
	int64_t offset;		/* ms, as sa_tek.pseudotime */
	uint64_t synced;	/* when it was set last */
	uint64_t said;		/* by the key server then */
	int64_t back;		/* ms, that rekeys have set it back by */
	bool unsure;		/* a registration shall say it again */
	unsigned tries;
	uint32_t errors;	/* told and far from ours */
};

struct gm_group {
	TAILQ_ENTRY(gm_group) link;
	struct gdoi *g;
	char name[CONF_NAME];
	uint8_t id_type, state;	/* enum gm_state */
	uint8_t direction;	/* enum sa_direction: what packets meet */
	uint8_t ks_direction;	/* what the key server said */
	uint8_t override;	/* by command: 0 none, else direction + 1 */
	bool passive, bypass, revert; /* configured */
	bool reverted;		/* back to fail-close: no key, no server */
	uint32_t id;
	bool gone, attached;
	char map[CONF_NAME], acl[CONF_NAME], ifname[IFNAME_MAX];
	uint32_t addr;		/* of key management */
	uint32_t servers[SERVERS_MAX];
	unsigned nservers, server, pause;
	uint32_t ks;		/* registered with */
	bool ks_own;		/* it runs this software */
	struct exch *pull;
	uint64_t started;	/* of this registration */
	bool retried, incomplete_logged;
	bool ever;		/* was registered since it was attached */
	uint32_t succeeded, attempted, rekeys_total, rekeys_since, acks_sent;
	uint32_t last_rekey_from, last_seq;
	uint32_t prev_seq; /* of the rekey before that, under this KEK */
	uint64_t last_rekey;
	/* what was downloaded */
	bool has_kek;
	struct gdoi_kek kek;
	uint32_t kek_conn_id;
	uint64_t kek_expires;
	uint8_t kek_before[KEK_SPI_LEN]; /* that a rekey replaced */
	struct gm_ack ack;
	TAILQ_HEAD(gm_tek_list, gm_tek) teks; /* newest first */
	unsigned naces;
	struct ace *aces;
	uint16_t *sa_of;
	struct sa_use *uses;	/* of each, says fwd; NULL: nothing yet */
	uint8_t sid_bits;
	uint32_t sid;		/* for new TEKs */
	uint32_t sids[GDOI_SIDS_MAX]; /* of the last registration */
	unsigned nsids, sid_next, reg;
	unsigned told;		/* counts messages with keys */
	uint32_t teller;	/* of the last one */
	uint16_t sids_asked;
	uint32_t past[GDOI_TEKS_MAX]; /* a ring: TEKs that ended with it */
	unsigned npast;
	uint8_t local_digest[32]; /* of the local deny list */
	uint8_t merge_digest[32]; /* of what was told as merged */
	uint16_t spread; /* of registrations, 1/65536 of 2 % of a life */
	uint64_t reregister_at;
	uint64_t reregister_by;	/* the key server wants it, or 0 */
	struct gm_clock clock;
	uint32_t replay_failures, invalid_spis; /* that fwd told */
	/* gm_recover.c */
	uint16_t recovery;	/* seconds, 0: off */
	bool recovering, postponed;
	uint64_t recovered;	/* began last, 0: never */
	uint32_t recoveries, init_reg, init_reg_postponed;
	uint64_t init_reg_at;
	uint32_t ended[32];	/* SPIs that we had, a ring */
	unsigned nended;
	struct timer reg_timer, exp_timer;
};

/* ---- the engine ---- */

struct gdoi {
	struct gdoi_io io;
	void *arg;
	struct ike *ike;
	const struct conf *conf;
	struct port ports[PORT_MAX + 1];
	struct rsa_store *rsa;
	struct gdoi_trace *trace;
	TAILQ_HEAD(, ks_group) ks;
	TAILQ_HEAD(, gm_group) gm;
	unsigned handles;
	uint32_t keks; /* that members have taken, all in all */
	struct mcast *mcasts; /* multicast groups that we are in */
	unsigned nmcasts;
	bool on; /* a gdoi crypto map is on an interface */
	uint32_t arrival; /* of the datagram in hand: index of the device */
	uint8_t buf[ISAKMP_MSG_MAX];
};

static inline uint64_t
gdoi_now(struct gdoi *g)
{
	return ike_now(g->ike);
}

/* Seconds from now until then, rounded up; 0 when it is over. */
static inline uint32_t
secs_until(struct gdoi *g, uint64_t then)
{
	uint64_t now = gdoi_now(g);

	return then > now ? (uint32_t)((then - now + 999) / 1000) : 0;
}

void gdoi_background(struct gdoi *, void (*work)(void *),
    void (*done)(void *), void *job);
const struct port *gdoi_find_port(const struct gdoi *, const char *name);

/* "A3D6..." in capitals; buf of 33. */
const char *gdoi_spi_str(const uint8_t *spi, char *buf);

/* "1.0.1", "1.0.2"; what is no version is before all others. */
bool gdoi_version_before(const char *version, const char *than);
#define GDOI_VERSION_NONE "0.0.0" /* of who said none */
/* Other software. */
bool gdoi_is_foreign(const char *version);

/* The keys that a registration gave. */
struct ks_given {
	unsigned generation, kek_order;
	uint32_t term, version;	/* with cooperative key servers */
};
struct ks_given ks_given_now(const struct ks_group *);

/* ks_policy.c */
struct ks_policy *ks_policy_make(struct gdoi *, const struct gdoi_group *)
    MUST_USE;
void ks_policy_text(struct ks_policy *); /* fills in text */
void ks_policy_free(struct ks_policy *);
bool ks_policy_equal(const struct ks_policy *, const struct ks_policy *);
const struct ks_sa *ks_policy_sa(const struct ks_policy *, uint16_t number);

/* ks.c */
void ks_config(struct gdoi *, const struct conf *);
void ks_free(struct gdoi *);
void ks_log_problem(struct ks_group *);
struct ks_group *ks_find(struct gdoi *, const char *name);
struct ks_group *ks_find_id(struct gdoi *, uint8_t id_type, uint32_t id,
    uint32_t local);
/* Keys exist and are not about to end; false: the problem was logged. */
bool ks_ready(struct ks_group *);
struct gdoi_sat *ks_sats(struct ks_group *, unsigned *n) MUST_USE;
bool ks_tek_told(const struct ks_group *, const struct ks_tek *);
struct gdoi_tek_key *ks_tek_keys(struct ks_group *, unsigned *n) MUST_USE;
void ks_add_member(struct ks_group *, const struct ike_sa *,
    const struct gdoi_kek *, const struct ks_given *);
void ks_clear(struct ks_group *);
void ks_set_timer(struct ks_group *);
void ks_destroy_keys(struct ks_group *);

/* ks_members.c */
struct ks_member *ks_find_member(struct ks_group *, uint32_t addr);
/* The one of that address, new if there was none. */
struct ks_member *ks_get_member(struct ks_group *, uint32_t addr);
void ks_remove_member(struct ks_group *, struct ks_member *, bool log);
/* Members of that key server, 0: of all, have now registered with addr. */
void ks_own_members(struct ks_group *, uint32_t of, uint32_t addr);

/* ks_gap.c */
void ks_gap(const struct ks_group *, const char *peer, struct gdoi_gap *);

/* ks_sid.c */
bool ks_counter_mode(const struct ks_group *);
bool ks_policy_counter(const struct ks_policy *);
void ks_sid_policy(struct ks_policy *, const struct gdoi_local *);
uint8_t ks_sid_bits(const struct ks_group *);
bool ks_kssid_own(const struct ks_group *, unsigned kssid);
uint32_t ks_sids_of_kssid(const struct ks_group *);
uint64_t ks_sids_left(const struct ks_group *);
unsigned ks_sids_granted(const struct ks_group *, unsigned asked);
uint32_t ks_take_sid(struct ks_group *);
void ks_sids_reset(struct ks_group *); /* only with all keys */
void ks_reinit(struct ks_group *);
/* May start the group over: keys and members are gone then. */
bool ks_sids_ready(struct ks_group *, unsigned n);
bool ks_too_old_for_sids(struct ks_group *, const struct ike_sa *);
void ks_log_no_sid_asked(struct ks_group *, const struct ike_sa *);

/* ks_keys.c */
/* Seconds that a rekey may take until the last member has it. */
uint32_t ks_distribution(const struct ks_group *, uint32_t life);
uint32_t ks_tek_margin(const struct ks_group *, uint32_t life);
uint32_t ks_kek_margin(const struct ks_group *, uint32_t life);
void ks_make_tek(struct ks_group *, const struct ks_sa *);
void ks_log_no_rsa(struct ks_group *, const char *label);
bool ks_make_kek(struct ks_group *);
void ks_kek_free(struct ks_kek *);
/* Into old_keks, which are kept by age; the one that falls out, or NULL. */
void ks_add_old_kek(struct ks_group *, struct ks_kek *);
/* Out of old_keks; the caller's then. False: it is none of them. */
bool ks_take_old_kek(struct ks_group *, const struct ks_kek *);
struct ks_kek *ks_find_kek(struct ks_group *, const uint8_t *spi);
struct ks_tek *ks_find_tek(const struct ks_group *, uint32_t spi);
void ks_pub_digest(const struct gdoi_kek *, uint8_t *digest);
void ks_drop_tek(struct ks_group *, struct ks_tek *);

/* ks_change.c */
enum rekey_kind {
	REKEY_TEK,	/* the TEKs that are due */
	REKEY_KEK,	/* the KEK, and TEKs that are due */
	REKEY_ALL,	/* everything; the old TEKs end sooner */
	REKEY_REPLACE,	/* everything; the old TEKs end now */
	REKEY_MERGE,	/* what there is, to all, and a KEK */
};
/* Nobody types any more: a changed policy is named once. */
void ks_settled(struct gdoi *);
void ks_settle(struct ks_group *);
/* Why an operator's rekey is not possible, or NULL. */
const char *ks_rekey_refused(struct ks_group *);
/* Takes the running policy and makes the TEKs that kind asks for. The SPIs
 * that members must drop at once go to drop (GDOI_TEKS_MAX); their number. */
unsigned ks_renew(struct ks_group *, enum rekey_kind, uint32_t *drop);
/* The KEK is not as the policy has it. */
bool ks_kek_changed(const struct ks_group *);
void ks_shorten_all(struct ks_group *);
/* When the last of the TEKs ends that were shortened; 0: none. */
uint64_t ks_shortened_until(const struct ks_group *);

/* ks_clock.c */
void ks_clock_start(struct ks_group *); /* if it does not run */
uint64_t ks_pseudotime(const struct ks_group *); /* hundredths */
bool ks_is_timed(const struct ks_group *);
uint64_t ks_clock_due(const struct ks_group *); /* of the refresh */
/* By that: when it says no exact time, or could not be built (NULL), another
 * one follows soon, not at once. */
void ks_clock_told(struct ks_group *, const struct ks_push *);
/* late: as in struct gdoi_clock */
void ks_clock_stamp(const struct ks_group *, struct gdoi_sat *, unsigned n,
    uint32_t late);
/* That a rekey takes to all; repeated: its octets go out again. */
uint32_t ks_clock_spread(const struct ks_group *, bool repeated);
/* A rekey under that KEK that is repeated is made anew, so that its
 * pseudotime is right. */
bool ks_clock_renews(const struct ks_group *, const struct gdoi_kek *under,
    bool new_kek);
bool ks_clock_refuses(struct ks_group *, const struct ike_sa *);

/* ks_remove.c */
enum removal {
	REMOVE_GRACEFUL, /* TEKs end soon, members register again before */
	REMOVE_NOW,	 /* TEKs end now */
	REMOVE_CLEAR,	 /* the same, and no new keys before somebody comes */
};
void ks_remove_members(struct ks_group *, enum removal);
/* Members of keys that cannot be united with those of the others. They hear
 * that they shall register again, and the keys go. */
void ks_leave_keys(struct ks_group *);
void ks_members_again(struct ks_group *);
/* Members that would not understand it (no version of ours, or old). */
unsigned ks_old_members(const struct ks_group *);
/* The member is back: it need not be told any more. */
void ks_farewell_forget(struct ks_group *, uint32_t addr);
/* Another key server has registered it with keys of before the removal, which
 * it had not heard of: it is told, too. False: it has others. */
bool ks_farewell_again(struct ks_group *, const struct ks_member *);
/* The same when the farewell is over already: as long as that KEK would have
 * lived, since nobody else can tell the member anything under it. */
void ks_farewell_late(struct ks_group *, const struct ks_member *);
void ks_gone_keks_end(struct ks_group *); /* those that have */
bool ks_farewells_pending(const struct ks_group *);
void ks_farewells_free(struct ks_group *);
/* The primary drops this KEK, as the keys say that it has told. If that is
 * because it removes its members and it dies before it could say so, then who
 * is promoted goes on with that. */
void ks_farewell_keep(struct ks_group *, const struct ks_kek *,
    const struct coop_keys *);
void ks_farewells_resume(struct ks_group *);
/* The key of a farewell that has this SPI; NULL: none. */
const struct gdoi_kek *ks_farewell_kek(struct gdoi *,
    const struct isakmp_hdr *);
void ks_farewell_ack(struct gdoi *, const struct isakmp_hdr *, uint32_t addr,
    uint32_t seq);

/* ks_rekey.c */
/* NULL, or why not. */
const char *ks_rekey(struct ks_group *, enum rekey_kind);
/* Goes out now, if it was held. */
void ks_rekey_release(struct ks_group *);
/* Builds the push again: lifetimes and pseudotime in it are those of now.
 * Under its number: who took it need not take it again. False: it stays as it
 * was. */
bool ks_rekey_rebuild(struct ks_group *, struct ks_push *, bool renumber);
/* The pair whose public half the members have with this KEK; NULL: gone. */
const struct rsa_key *ks_pair_of(const struct ks_group *, const char *label,
    const struct gdoi_kek *);
const struct rsa_key *ks_signing_key(const struct ks_group *,
    const struct ks_kek *);
/* Nothing can be said to the members any more. */
void ks_drop_keks(struct ks_group *);
/* How many KEKs behind that of the group the one is that the member surely
 * has; KEKS_OLD: that one is gone. It may have any of those since. */
unsigned ks_kek_age(const struct ks_group *, const struct ks_member *);
bool ks_may_have(const struct ks_group *, const struct ks_member *,
    const struct ks_kek *);

/* ks_dist.c */
/* So many datagrams to members at once, then a pause. */
#define PUSH_PACE_MEMBERS 50
#define PUSH_PACE_MS 100
/* The member's silence about a push under that KEK means that it does not
 * have it. */
bool ks_must_ack(const struct gdoi_kek *, const struct ks_member *);
/* grp->rekey.push is filled in: out it goes. */
void ks_rekey_start(struct ks_group *);
void ks_rekey_finish(struct ks_group *); /* as if all had had their time */
void ks_rekey_stop(struct ks_group *);
/* Another key server goes on with it: nobody is judged by his silence. */
void ks_rekey_abandon(struct ks_group *);
bool ks_rekey_reaches(struct ks_group *, const struct ks_member *);
void ks_push_free(struct ks_push *);
/* The member goes, or starts over. */
void ks_rekey_forget(struct ks_group *, struct ks_member *);
/* One member that registered with keys older than the running rekey. */
void ks_rekey_to(struct ks_group *, struct ks_member *);
/* One datagram, to the multicast address of the KEK or to the member. */
void ks_push_out(struct ks_group *, const struct gdoi_kek *,
    const struct ks_member *, const uint8_t *data, size_t len);
bool ks_rekey_has_multicast(const struct ks_group *);
void ks_ack_input(struct gdoi *, struct udp_addr from, const uint8_t *data,
    size_t len);

/* ks_auth.c */
bool ks_authorized(struct ks_group *, const struct ike_sa *) MUST_USE;

/* mcast.c */
/* Fills in p->mcast and p->mcast_problem. */
void ks_mcast_policy(struct gdoi *, struct ks_policy *,
    const struct gdoi_local *);
void ks_mcast_send(struct ks_group *, struct udp_addr to, const uint8_t *,
    size_t len);
/* Joins what the KEKs of the members say, leaves the rest. */
void gm_mcast_sync(struct gdoi *);
/* Where rekeys of the KEK of now are sent to. */
uint32_t gm_rekey_dst(const struct gm_group *);
void gm_mcast_retry(struct gdoi *); /* ports changed: failures may be over */

/* gm.c */
void gm_config(struct gdoi *, const struct conf *);
void gm_ports(struct gdoi *);
void gm_resync(struct gdoi *);
uint32_t gm_seq_base(struct gdoi *, uint64_t expires);
void gm_free(struct gdoi *);
struct gm_group *gm_find(struct gdoi *, const char *name);
void gm_clear(struct gm_group *);
void gm_reregister(struct gm_group *, uint64_t delay, bool log);
/* With that server of the list first. */
void gm_reregister_with(struct gm_group *, unsigned server, uint64_t delay);
void gm_registered(struct gm_group *);
void gm_pull_failed(struct gm_group *, struct exch *, const char *why);
void gm_pull_overtaken(struct gm_group *); /* asks once more */
void gm_schedule(struct gm_group *);
bool gm_in_policy(const struct gm_group *, uint16_t sa_index);
/* Registers again after delay, whatever it is doing now. */
void gm_start_over(struct gm_group *, uint64_t delay);

/* gm_delete.c */
/* Delete payloads of a push, behind what it installed; true: it registers
 * again, gm_schedule() need not be asked. */
bool gm_apply_deletes(struct gm_group *, const struct isakmp_msg *,
    const struct gdoi_sa_msg *, struct udp_addr from);

/* gm_check.c */
/* NULL, or why the member does not want it. kd NULL: only the SA payload is
 * there yet. Changes nothing. */
const char *gm_check(const struct gm_group *, const struct gdoi_sa_msg *,
    const struct gdoi_kd_msg *) MUST_USE;
bool gm_ace_equal(const struct ace *, const struct ace *);
/* "any", or what `client ...` of the configuration allows. */
void gm_accept_ciphers(struct strbuf *, const struct gm_group *);
void gm_accept_hashes(struct strbuf *, const struct gm_group *);
void gm_accept_sets(struct strbuf *, const struct gm_group *);

/* gm_policy.c */
/* Only after gm_check(). */
void gm_install(struct gm_group *, const struct gdoi_sa_msg *,
    const struct gdoi_kd_msg *, bool registration);
/* What an entry of its policy has carried. */
void gm_use_event(struct gdoi *, const struct sa_event *);
struct gm_tek *gm_find_tek(const struct gm_group *, uint32_t spi);
void gm_forget_all(struct gm_group *); /* keys and policy, and tells fwd */
void gm_delete_tek(struct gm_group *, struct gm_tek *, bool tell);
void gm_delete_kek(struct gm_group *);
bool gm_has_kek(const struct gm_group *, const struct gdoi_kek *);
void gm_send_policy(struct gm_group *);

/* gm_list.c */
#define GM_BYPASS_MAX 3 /* entries in front of all others */
/* The list that packets are matched with. */
struct gm_list {
	struct ace *aces;
	uint16_t *sa_of;
	uint8_t *local;
	unsigned n;
};
void gm_list_make(struct gm_group *, struct gm_list *);
void gm_list_free(struct gm_list *);
/* Looks at the local list; true if it is another one than before. */
bool gm_digest_local(struct gm_group *);
/* After a change of what decides about the direction. */
enum sa_direction gm_direction(const struct gm_group *);
void gm_set_direction(struct gm_group *);
/* A registration failed with all servers, or a key ended. */
void gm_lost(struct gm_group *);
void gm_set_revert(struct gm_group *, bool revert);

/* gm_gap.c */
void gm_obey_gap(struct gm_group *, const struct gdoi_gap *);

/* gm_sid.c */
uint16_t gm_sids_wanted(const struct gm_group *);
void gm_take_sids(struct gm_group *, const struct gdoi_kd_msg *, bool same);
void gm_confirm_tek(struct gm_group *, struct gm_tek *, bool fresh,
    bool registration);
/* Keys of a registration that nothing could be sent with. */
bool gm_lacks_sids(const struct gdoi_sa_msg *, const struct gdoi_kd_msg *);
bool gm_needs_sid(const struct gm_group *);
void gm_sids_lost(struct gm_group *);
void gm_sid_event(struct gdoi *, const struct sa_event *);

/* gm_recover.c */
/* An SPI as a key server makes it, for a member to know it by. */
uint32_t gdoi_spi_of_group(uint8_t id_type, uint32_t id, uint32_t random);
void gm_remember_spi(struct gm_group *, uint32_t spi);
void gm_recovery_done(struct gm_group *);
void gm_packet_event(struct gdoi *, const struct sa_event *);

/* gm_clock.c */
const char *gm_clock_check(const struct gm_group *, const struct gdoi_sa_msg *)
    MUST_USE;
/* Of a rekey: why it is refused, logged; or NULL. */
const char *gm_clock_too_old(struct gm_group *, const struct gdoi_sa_msg *)
    MUST_USE;
void gm_clock_registered(struct gm_group *, const struct gdoi_sa_msg *,
    uint64_t asked, uint64_t heard);
/* Registers again within spread ms if the clock is not known well enough. */
void gm_clock_again(struct gm_group *, uint32_t spread);
void gm_clock_pushed(struct gm_group *, const struct gdoi_sa_msg *);
void gm_clock_forget(struct gm_group *);

/* gm_push.c */
void gm_push_input(struct gdoi *, struct udp_addr from, const uint8_t *data,
    size_t len);

/* show_gdoi.c: of struct ike_doi */
void show_gdoi_keks(struct ike *, struct show *);
void gdoi_sessions(struct ike *, struct sessions *);
unsigned gdoi_count_sas(struct ike *);
unsigned gdoi_clear(struct ike *, const struct ike_which *);

/* pull.c */
extern const struct ike_doi gdoi_doi;
extern const struct exch_type groupkey_pull;
void pull_start(struct gm_group *, uint32_t server);
void pull_abort(struct gm_group *);

/* push.c */
/* Builds, signs and encrypts a push into g->buf; its length, 0: cannot. */
size_t push_build(struct gdoi *, const struct gdoi_kek *, uint32_t seq,
    const struct rsa_key *, bool (*put)(struct isakmp_out *, void *),
    void *arg);
/* Clear text of a push in place; NULL or what is wrong. Fills all but m's
 * judgement of the signature. */
const char *push_open(const struct gdoi_kek *, uint8_t *data, size_t len,
    struct isakmp_msg *);
bool push_verify(const struct gdoi_kek *, const uint8_t *data, size_t len,
    const struct isakmp_msg *);
/* HASH of an ACK (RFC 8263) with length L in bits; octets, 0: no ACK type. */
size_t push_ack_hash(const struct gdoi_kek *, unsigned l_bits,
    const uint8_t *rest, size_t rest_len, uint8_t *out);
/* group and to are for debug only. */
size_t push_ack_build(struct gdoi *, const struct gdoi_kek *, uint32_t seq,
    uint32_t own, const char *group, struct udp_addr to);
/* Clear text of an encrypted ACK in place. */
bool push_ack_decrypt(const struct gdoi_kek *, uint8_t *data, size_t len)
    MUST_USE;

#endif
