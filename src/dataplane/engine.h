/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Private to src/dataplane: the parts of struct fwd and who owns them.
 *
 * There is one worker thread: the sequence numbers of an SA must leave in
 * the order in which they were given, or the far end's replay window drops
 * what is late. What is written by the worker stands in struct worker and in
 * counters (one writer each, relaxed atomics); everything else that it reads
 * hangs off the snapshot, is immutable and lives until the grace period
 * after its replacement (liburcu QSBR: the worker is quiescent between
 * bursts).
 */
#ifndef COHORT_ENGINE_H
#define COHORT_ENGINE_H

#include "dataplane/classify.h"
#include "dataplane/crypto.h"
#include "dataplane/fwd.h"
#include "dataplane/replay.h"
#include "dataplane/route.h"

enum verdict { NEXT, STOLEN, DROP };

enum drop_id {
#define DROP_DEF(id, text) DROP_##id,
#include "dataplane/drop.def"
#undef DROP_DEF
	DROP_COUNT
};

/* Per entry of a policy and per group (names of show ... counters). */
enum tally { STAT_ENCRYPT, STAT_DECRYPT, STAT_NO_SA, STAT_INVALID_SA,
	STAT_ENCAPS_FAIL, STAT_DECAPS_FAIL, STAT_INVALID_PROT,
	STAT_VERIFY_FAIL, STAT_IDENTITY, STAT_LENGTH, STAT_REPLAY,
	STAT_ROLLOVER, STAT_NOT_IPSEC, STAT_INTERNAL,
	/* time-based anti-replay, of the group only */
	STAT_TBAR_IN, STAT_TBAR_OUT, STAT_TBAR_IN_ERR, STAT_TBAR_OUT_ERR,
	STAT_COUNT };

/* One writer, any reader. */
static inline void
count(uint64_t *c)
{
	__atomic_store_n(c, *c + 1, __ATOMIC_RELAXED);
}

static inline void
count_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
}

static inline uint64_t
count_read(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

/* ---- what snapshots share; refs belong to the control thread ---- */

struct ref {
	unsigned n;
	void (*free)(struct ref *);
};

/* A counter that survives its entry's list. `cleared` is what it was at the
 * last `clear`: clearing never writes what the worker writes. */
struct hits {
	struct ref ref;
	uint64_t packets, cleared;
};

/* What ike has heard of an entry. */
struct use_told {
	uint64_t at; /* monotonic ms, 0: nothing */
	uint32_t spi;
	struct sa_use use;
};

struct stats {
	struct ref ref;
	uint64_t c[STAT_COUNT], cleared[STAT_COUNT];
	uint64_t acquired; /* when ike was asked for an SA; the worker's */
	struct use_told told; /* the control thread's */
};

struct acl_obj {
	struct ref ref;
	char name[CONF_NAME];
	bool standard;
	uint32_t n;
	struct ace *aces;
	uint32_t *seqs;
	bool *logs;
	struct hits **hits;
	struct classifier *classifier;
};

struct policy {
	struct ref ref;
	uint32_t gm_addr, ks_addr, n;
	uint32_t sync_errors;
	uint8_t direction;
	bool reverted;
	struct ace *aces;
	uint16_t *sa_of;
	uint8_t *local;
	struct stats **stats;
	struct acl_obj *list; /* that it was made from, whose matches its
			       * packets are; NULL: of none */
	struct classifier *all;	       /* all entries */
	struct classifier *downloaded; /* without the local deny list */
	struct classifier *locals;     /* only that */
	uint32_t *index;	       /* of downloaded ones in the whole */
};

/* A service policy of a port; both NULL: none (qos.h). Packets of those that
 * were there before go over to it, the oldest first. */
#define QOS_BEFORE 4
struct qos_side {
	struct qos_rules *rules;
	struct qos_run *run, *before[QOS_BEFORE];
};

struct routes {
	struct ref ref;
	struct route_table *table;
};

/* A TEK. The worker owns what is below the line. */
struct sa {
	struct ref ref;
	struct sa *next;	/* of its group, oldest first */
	struct group *group;
	uint32_t spi, conn_id;
	uint16_t sa_index;
	struct esp_transform transform;
	uint8_t replay_method;
	uint16_t window;
	uint64_t expires;	/* monotonic ms */
	uint64_t send_at;	/* 0: when the one before nears its end */
	bool doubted;		/* SA_DOUBT; atomic */
	/* A sender identifier to go on with, from the control thread: taken
	 * by the worker, which clears its length. Atomic. */
	uint32_t spare_sid;
	uint8_t spare_bits;
	uint8_t iv_len, icv_len, block;
	uint8_t extra;		/* octets in front of the inner packet */
	int64_t pseudotime;	/* as in struct sa_tek; atomic: set anew */
	/* between two routers, as in struct sa_tek */
	uint8_t mode, way;
	uint32_t local, other_spi;
	uint8_t pfs;
	uint16_t encap_local;	/* 0: plain ESP, no UDP */
	uint64_t life;		/* octets, 0: no limit */
	uint8_t spread;		/* random: when the next one is asked for */
	uint32_t said_remote;	/* of the peer, as ike knows it */
	uint16_t said_port;
	uint32_t idle;		/* ms, 0: never */
	uint64_t idle_told;
	struct sa *twin;	/* the other way, as long as both are there */

	struct crypto_sa *crypto;
	struct replay *replay;	/* NULL: no check */
	struct replay_window win; /* the same of a single sender */
	uint64_t *win_bits;
	uint32_t remote;	/* both atomic: a NAT may change them */
	uint16_t encap_remote;
	uint32_t path_mtu;	/* both atomic: what the core has said, and */
	uint64_t path_until;	/* until when that holds */
	uint64_t octets;	/* encrypted or decrypted so far */
	uint64_t rate, rate_at, rate_octets; /* of a life by volume */
	uint64_t used;		/* last; atomic */
	uint64_t sent, received; /* packets */
	uint64_t ended;		/* when the control thread was told that life
				 * is used up; 0: it is not */
	uint32_t seq;		/* last one sent */
	uint32_t sid;
	uint8_t sid_bits;	/* 0: none or used up, nothing is sent */
	uint64_t iv_next, told;	/* when ike was told that it ends */
};

/* The number of one way of it, as show and log print it. */
static inline uint32_t
sa_conn(const struct sa *sa, bool out)
{
	return sa->conn_id + (sa->way == SA_WAY_BOTH && out);
}

/* A packet outside the window: hundredths of a second, monotonic ms. */
struct tbar_error {
	uint64_t at, mine, theirs;
	uint32_t src;
	uint16_t window;
};

#define TBAR_HISTORY 10 /* the newest errors that are kept */
#define TBAR_SAMPLES 10 /* taken in a minute */

/* Who keeps a group: key servers, an entry of a crypto map that stands for
 * SAs with another router, a tunnel with protection. */
enum group_kind { GROUP_GDOI, GROUP_MAP, GROUP_TUNNEL };

/* Never freed before the engine: its counters outlive its policy. */
struct group {
	struct group *next;
	char name[SA_NAME_MAX];
	uint8_t kind;		/* enum group_kind */
	struct policy *policy;
	struct sa *sas;
	/* GROUP_MAP: the policy is that of the configuration (fixed), or what
	 * ike says; guards are the access lists of a dynamic map: what they
	 * permit does not leave without an SA */
	bool fixed;
	struct policy *said;
	struct policy **guards;
	unsigned n_guards, n_left; /* last ones of said: of a dead ike */
	uint64_t acquired;	/* of a tunnel, as in struct stats */
	struct use_told told;	/* the same */
	uint64_t c[STAT_COUNT], cleared[STAT_COUNT];
	/* time-based anti-replay: the worker's, but for delta, which clear
	 * sets back; the errors are the control thread's, a ring */
	uint64_t sample_minute, delta;
	unsigned n_samples;
	struct tbar_error errors[TBAR_HISTORY];
	uint32_t n_errors;
};

/* Of a crypto map; also never freed before the engine. */
struct failclose {
	struct failclose *next;
	char map[CONF_NAME];
	uint64_t dropped_in, dropped_out, passed;
};

/* What `tunnel path-mtu-discovery` has found out on the way of a port; the
 * worker's, but another way is the control thread's to see. */
struct tunnel_path {
	uint32_t mtu;	/* of the GRE packet; 0: nothing; atomic, as until */
	uint64_t until;	/* monotonic ms */
	uint32_t local, remote; /* of the control thread: whose way it is */
	uint32_t age;	/* ms, 0: for ever; from the control thread, atomic */
	uint32_t min;	/* the same */
	uint64_t returned; /* keepalives that came back */
	struct tunnel_count count;
};

/* Of the control thread: `keepalive` of a tunnel, and what main knows. */
struct keepalive {
	struct tunnel_count told;
	uint64_t next_count; /* monotonic ms */
	uint64_t next;	/* monotonic ms */
	uint64_t returned; /* seen then */
	unsigned waiting;  /* sent since one came back */
	bool down;
};

/* ---- the snapshot ---- */

/* `client bypass-policy` of the groups of a map. */
enum bypass { BYPASS_ALL, BYPASS_SOME, BYPASS_NONE };

struct snap_group {
	struct group *group;
	const struct policy *policy; /* NULL: not registered */
	struct sa **out;	     /* per entry of the policy, or NULL; of
				      * a tunnel, which has none: one */
	/* between two routers */
	uint32_t *first, n_first;    /* entry + 1 of each sa_index */
	unsigned n_guards;
	struct snap_group *guards;   /* that follow it in a map */
};

struct snap_spi { /* what arrives under it; sa NULL: free */
	struct sa *sa;
	struct snap_group *group;
	uint32_t ace;	/* the first entry of the policy for this SA */
};

struct mcast_group {
	uint32_t addr, source; /* 0: any */
};

/* A GRE tunnel that is configured; addresses 0: it cannot be used. */
struct snap_tunnel {
	uint32_t local, remote;
	bool has_key, checksum;
	uint32_t key;
	uint8_t ttl;
	bool has_tos;
	uint8_t tos;
	bool pmtud, preclassify;
	struct tunnel_path *path;
};

struct snap_port {
	struct snap_tunnel *tunnel; /* NULL: no tunnel */
	bool used, up;
	bool device;		/* no loopback */
	unsigned n_mcast;
	struct mcast_group *mcast; /* that go out there */
	uint32_t addr;
	uint32_t mtu;
	uint32_t link_mtu;	/* of the device: what can arrive */
	uint32_t adjust_mss;
	uint8_t df_bit;		/* never INHERIT */
	uint8_t nat;		/* enum nat_side */
	const struct acl_obj *acl_in, *acl_out;
	struct qos_side qos_in, qos_out;
	bool pieces;		  /* no segment is left to the device, */
	bool pieces_in;		  /* or taken whole from it */
	unsigned n_maps;
	struct snap_group **maps; /* groups of its crypto map, by seq */
	bool *preclassify;	  /* per group: `qos pre-classify` */
	bool pairs;		  /* entries between two routers are there */
	struct snap_group *protect; /* of a tunnel with protection */
	uint8_t bypass;		  /* enum bypass */
	struct failclose *closed; /* fail-close is in force: its counters */
	const struct acl_obj *closed_acl; /* what passes all the same */
};

struct snap {
	uint64_t generation;	/* no two have the same */
	struct snap_port port[PORT_MAX + 1];
	const struct routes *routes;
	bool mroute;		/* multicast is forwarded */
	const struct nat_rules *nat; /* NULL: nothing is translated */
	uint64_t nat_lines;	/* which ones: fwd.nat_lines; 0: none */
	bool tunnels;		/* there are some */
	unsigned n_shapers;
	struct qos_run **shapers; /* whose packets can have to wait */
	bool adopts;		/* packets may wait in older policies */
	uint32_t *own;		/* addresses of this router */
	unsigned n_own;
	struct snap_group *groups;
	unsigned n_groups;
	struct snap_spi *spis;	/* open addressing, 1 << spi_bits */
	unsigned spi_bits;
	bool protects;		/* there is a tunnel with protection */
	bool encap;		/* there is an SA in UDP */
	uint8_t watch;		/* WATCH_PACKETS, WATCH_ICMP (ipdebug.c) */
	struct ref **held;
	size_t n_held, held_cap;
	struct arena *mem;
};

/* ---- from the worker to the control thread ---- */

enum event_type { EVENT_LOG, EVENT_SID, EVENT_PING, EVENT_TBAR,
	EVENT_ACQUIRE, EVENT_VOLUME, EVENT_NAT };

struct event {
	uint8_t type;
	uint16_t what;	/* enum log_id; or slot of the ping << 8 | mark */
	/* EVENT_PING: the sequence number (all ones: not known), who answered,
	 * type << 24 | code << 16 | MTU of an error */
	uint32_t a, b, c;
	uint32_t spi, src;	/* of the packet, where ike hears of it */
	uint64_t us;
	uint64_t mine, theirs;	/* pseudotimes */
	struct group *group;	/* NULL: of none */
	bool pair;		/* INV_SPI: also of SAs between two routers */
};

#define SIDS_KEPT 4096
#define SEQS_KEPT 256
#define EVENTS 256 /* a power of two */
#define LIMITS 256
#define ICMP_QUEUE 16
#define REASS_MAX 8
#define POOL_MAX (2 * BURST_MAX)
#define PING_MAX 16
#define TUNNELS_MAX 4 /* inside each other */
#define QOS_NEST 4

struct limit {
	uint32_t key;
	uint16_t id;
	uint64_t until;
};

/* Fragments of one ESP packet. */
struct reass {
	struct pkt pkt;
	uint64_t deadline; /* 0: free */
	uint32_t src, dst;
	uint16_t id, in_port;
	uint8_t proto;
	uint32_t have, total; /* octets behind the header; total 0: unknown */
	unsigned n_seen;
	struct { uint32_t from, to; } seen[64];
	bool done;	   /* in the burst that is being worked on */
};

struct worker {
	const struct snap *snap;
	uint64_t generation;	/* of the last one that it saw */
	uint64_t now;
	uint64_t drops[DROP_COUNT];
	uint8_t dropped; /* why the last one was, enum drop_id */
	uint16_t ip_id;
	uint8_t iv_pool[1024]; /* random octets, fetched many at a time */
	unsigned iv_left;
	struct pkt pool[POOL_MAX]; /* pieces of what is split */
	unsigned pool_top;	   /* those below are in use */
	struct pkt copy;	    /* of a multicast packet */
	/* those that leave queues: of a tunnel, of a port below it, ... */
	struct pkt waited[QOS_NEST];
	unsigned n_waited;
	struct qos_buf *qos_free;   /* buffers of packets that waited */
	struct pkt icmp[ICMP_QUEUE];
	unsigned icmp_n;
	uint64_t icmp_at;	    /* token bucket */
	uint32_t icmp_tokens;
	struct reass reass[REASS_MAX];
	struct limit limits[LIMITS];
	uint64_t path_looked;	    /* pair_too_big(): since then so many */
	unsigned path_looks;
	uint64_t log_second;
	unsigned log_n;
	/* fragments of the answer to a ping, one at a time */
	struct { uint32_t src, have, total; uint16_t id, slot, seq, bad;
		bool first; } echo; /* bad: a bit for each slot */
	struct event events[EVENTS];
	uint32_t ev_head, ev_tail;
};

/* What the worker must know of the pings and traceroutes that run. */
struct ping_slot {
	uint32_t id;	 /* protocol << 16 | ICMP identifier, port; 0: free */
	uint32_t target, source;
	uint32_t seq;	 /* the one that is awaited */
	uint16_t pattern;
	bool validate;	 /* replies have the pattern */
	bool any;	 /* answers may be from, errors about, anybody */
	/* the worker's while n_opts is 0 */
	uint32_t n_opts;
	uint8_t opts[40]; /* in the header of the first answer */
};

struct probe;

/* A sender identifier that a TEK had. */
struct used_sid {
	uint32_t spi, sid;
	uint8_t bits;
};

struct fwd {
	struct fwd_io io;
	void *arg;
	struct fwd_engine engine;
	void *engine_arg;
	struct snap *snap;	    /* rcu_dereference() */
	struct worker w;
	struct ping_slot slots[PING_MAX];

	/* control thread */
	const struct conf *conf;
	struct port ports[PORT_MAX + 1];
	bool port_known[PORT_MAX + 1];
	struct tunnel_path paths[PORT_MAX + 1];
	struct keepalive keepalives[PORT_MAX + 1];
	struct pkt own; /* that the control thread makes */
	struct route *route_src;
	size_t n_route_src;
	struct routes *routes;
	struct acl_obj **acls;
	size_t n_acls;
	struct qos_side qos_in[PORT_MAX + 1], qos_out[PORT_MAX + 1];
	uint64_t snaps;		/* how many there were */
	uint64_t qos_sample;	/* when rates are taken again, 0: now */
	/* drops of the policies of a port on the way out: of those that are
	 * gone, and in all, as main knows; when it hears of them again */
	uint64_t qos_gone[PORT_MAX + 1], qos_told[PORT_MAX + 1], qos_tell;
	uint32_t qos_buffers, qos_bytes; /* of what waits; atomic */
	struct group *groups;
	struct failclose *failcloses;
	struct nat *nat;	    /* nat_priv.h; the worker's too */
	struct nat_rules *nat_rules; /* for the next snapshot */
	uint64_t nat_lines;	    /* how often they were read */
	uint32_t next_conn;
	struct used_sid sids[SIDS_KEPT];
	unsigned n_sids, next_sid;
	/* how far SAs were that went before their end, a ring; sa: until the
	 * next snapshot */
	struct kept_seq { uint32_t spi, seq; struct sa *sa; } seqs[SEQS_KEPT];
	unsigned n_seqs;
	uint64_t iv_limit;	/* 0: none */
	struct probe *probes[PING_MAX];
	uint16_t next_ping_id;
	uint64_t next_change; /* of the choice of TEKs, UINT64_MAX: none */
	uint64_t next_look;   /* for pairs that are silent */
	uint64_t next_use;    /* when ike hears what SAs have carried */
	bool use_anew;	      /* it has forgotten */
	unsigned use_left;    /* so many it may hear at once */
	struct sightings *sightings; /* NULL: nobody has ever wanted any */
};

/* engine.c: stages, drops, events */
enum verdict fwd_drop(struct fwd *, enum drop_id);
void fwd_event(struct fwd *, const struct event *);
/* A log message from the worker: limited to one a minute for key. */
void fwd_event_log(struct fwd *, enum log_id, uint32_t key,
    const struct event *);
void fwd_log(struct fwd *, enum log_id, ...);
void fwd_events_run(struct fwd *); /* control thread: all that waits */
/* The worker's frame around all that it takes through stages. */
void fwd_enter(struct fwd *);
void fwd_leave(struct fwd *);
/* Takes a burst through the stages from `stage` on. */
void path_run(struct fwd *, unsigned stage, struct pkt **, unsigned n);
/* What the stages have found out is forgotten: it takes the path from its
 * beginning, as a packet that arrived or was made here. */
void pkt_anew(struct pkt *);
/* Control thread: takes the path as one of this router's, p->ping set. */
void fwd_send_own(struct fwd *, struct pkt *);
void pkt_reset(struct pkt *); /* off, len and metadata; keeps buf */
bool fwd_is_own(const struct snap *, uint32_t addr);

static inline const struct snap_port *
port_of(const struct fwd *f, uint16_t index)
{
	return &f->w.snap->port[index <= PORT_MAX ? index : 0];
}

/* stages; one burst stage gets its own number to continue from there */
enum verdict stage_sanity(struct fwd *, struct pkt *);
enum verdict stage_acl_in(struct fwd *, struct pkt *);
unsigned stage_esp_in(struct fwd *, struct pkt **, unsigned n, unsigned at);
enum verdict stage_clear_in(struct fwd *, struct pkt *);
enum verdict stage_acl_in_again(struct fwd *, struct pkt *);
enum verdict stage_ping(struct fwd *, struct pkt *);
enum verdict stage_route(struct fwd *, struct pkt *);
unsigned stage_mroute(struct fwd *, struct pkt **, unsigned n, unsigned at);
enum verdict stage_ttl(struct fwd *, struct pkt *);
enum verdict stage_mss(struct fwd *, struct pkt *);
enum verdict stage_classify(struct fwd *, struct pkt *);
enum verdict stage_acl_out(struct fwd *, struct pkt *);
enum verdict acl_out_again(struct fwd *, struct pkt *); /* it has waited */
unsigned stage_split(struct fwd *, struct pkt **, unsigned n, unsigned at);
unsigned stage_esp_out(struct fwd *, struct pkt **, unsigned n, unsigned at);
/* nat*.c */
enum { NAT_DID_OUT = 1, NAT_DID_IN };
unsigned stage_nat_in(struct fwd *, struct pkt **, unsigned n, unsigned at);
unsigned stage_nat_out(struct fwd *, struct pkt **, unsigned n, unsigned at);
/* Around a burst, when the snapshot translates. */
void nat_enter(struct fwd *);
void nat_leave(struct fwd *);
/* The address that a packet is routed by: its destination, but for lines with
 * `add-route`. */
uint32_t nat_route_by(struct fwd *, const struct pkt *);
/* Fragments whose first one has come meanwhile, and the stage that they go on
 * from; how many, NAT_HELD at most. Behind path_run() they are done. */
#define NAT_HELD 32
unsigned nat_held_ready(struct fwd *, struct pkt **, unsigned *at);
void nat_held_done(struct fwd *);
/* Of one that waited behind nat-out while lines changed: translated if it is
 * to be now. False: it is not what it would be now; dropped and counted. */
bool nat_again(struct fwd *, struct pkt *) MUST_USE;
/* e, an ICMP error of this router about a packet that NAT has changed. */
void nat_own_error(struct fwd *, const struct pkt *about, struct pkt *e);
void nat_new(struct fwd *);
void nat_free(struct fwd *); /* behind snap_end() */
/* Rules anew: configuration, lists, pools or addresses have changed. */
void nat_config(struct fwd *);
bool nat_rules_on(const struct nat_rules *);
uint64_t nat_timeout(struct fwd *, uint64_t now); /* as fwd_timeout() */
void nat_event(struct fwd *, const struct event *);
void nat_log_event(struct fwd *, const struct event *);
/* gre.c */
void gre_build(struct fwd *, struct snap *, unsigned index,
    const struct interface *);
/* The largest packet that goes into the tunnel, by its path; mtu: without. */
unsigned gre_mtu(const struct fwd *, const struct snap_tunnel *,
    unsigned mtu);
/* What path MTU discovery knows of that, 0: nothing; until may be NULL. */
uint32_t gre_path_mtu(const struct snap_tunnel *, uint64_t now,
    uint64_t *until);
/* A packet of a tunnel is too big for the way out of here: more than p->mtu.
 * False: it is none. */
bool gre_too_big(struct fwd *, const struct pkt *);
enum { GRE_IPV4 = 0x0800, GRE_KEEPALIVE = 0 }; /* protocols inside */
unsigned gre_header_len(const struct snap_tunnel *); /* with that of IP */
/* len: of the GRE packet, which stands there but for its header. */
void gre_header_put(uint8_t *gre, const struct snap_tunnel *,
    unsigned protocol, unsigned len);
/* gre_keepalive.c; as fwd_timeout() */
uint64_t gre_timeout(struct fwd *, uint64_t now);
unsigned stage_gre_in(struct fwd *, struct pkt **, unsigned n, unsigned at);
unsigned stage_gre_out(struct fwd *, struct pkt **, unsigned n, unsigned at);
/* qos.c; what is queued is copied, and encrypted when it leaves: sequence
 * numbers are in the order of departure */
unsigned stage_pieces(struct fwd *, struct pkt **, unsigned n, unsigned at);
enum verdict stage_qos_in(struct fwd *, struct pkt *);
void qos_compile(struct fwd *); /* of conf, ports and access lists */
void qos_free(struct fwd *);
/* Worker, in a new snapshot: what waits in policies that are gone. */
void qos_adopt(struct fwd *);
uint64_t qos_timeout(struct fwd *, uint64_t now); /* takes rates */
unsigned stage_qos_out(struct fwd *, struct pkt **, unsigned n, unsigned at);
enum verdict stage_qos_mark(struct fwd *, struct pkt *);
unsigned stage_transmit(struct fwd *, struct pkt **, unsigned n, unsigned at);

/* split.c: what transport mode made too big for its link, as fragments; a
 * burst stage calls it last with its own arguments. */
unsigned split_again(struct fwd *, struct pkt **, unsigned n, unsigned at);

/* esp.c: what has an SA is encrypted, or dropped; how many are left. */
unsigned esp_encrypt(struct fwd *, struct pkt **, unsigned n);
/* The header that encryption will give the packet, and its length. */
unsigned esp_outer(const struct pkt *, struct flow *outer);

/* sid.c: sender identifiers of counter modes. */
bool sid_is_used(const struct sa *);
/* Control: may this TEK be sent with under its SID? Only the first time. */
bool sid_first(struct fwd *, const struct sa_tek *);
void sid_offer(struct fwd *, struct sa *, const struct sa_tek *);
bool sid_ready(const struct sa *); /* something can be sent with it */
/* Worker: IV and sequence number of the next packet, or the reason. */
bool sid_next(struct fwd *, struct sa *, uint8_t *iv, enum drop_id *why);
/* Worker: whose number it is that the replay window looks at. */
uint32_t sid_sender(const struct sa *, uint32_t src, const uint8_t *esp);
void sid_event(struct fwd *, const struct event *);

#define UDP_HDR 8

static inline uint32_t
sa_remote(const struct sa *sa)
{
	return __atomic_load_n(&sa->remote, __ATOMIC_RELAXED);
}

static inline uint16_t
sa_remote_port(const struct sa *sa)
{
	return __atomic_load_n(&sa->encap_remote, __ATOMIC_RELAXED);
}

/* The largest packet that an SA may make on a link of mtu. */
static inline unsigned
sa_path_mtu(const struct sa *sa, unsigned mtu, uint64_t now)
{
	unsigned path = __atomic_load_n(&sa->path_mtu, __ATOMIC_RELAXED);

	return path != 0 && path < mtu && now <
	    __atomic_load_n(&sa->path_until, __ATOMIC_RELAXED) ? path : mtu;
}

/* Largest clear packet with a header of ihl octets that an SA takes through a
 * link of mtu. In transport mode its header stays outside. */
static inline unsigned
sa_plain_mtu(const struct sa *sa, unsigned mtu, unsigned ihl)
{
	unsigned extra = sa->extra + (sa->encap_local != 0 ? UDP_HDR : 0);

	if (sa->mode != SA_TRANSPORT)
		return esp_plaintext_mtu(&sa->transform, mtu, extra);
	mtu = esp_plaintext_mtu(&sa->transform, mtu, extra + ihl - 20);
	return mtu != 0 ? mtu + ihl : 0;
}

/* tbar.c: time-based anti-replay. */
uint64_t tbar_now(const struct sa *, uint64_t now); /* hundredths */
/* The header in front of the inner packet: TBAR_LEN octets. */
void tbar_put(const struct fwd *, const struct sa *, uint8_t *to);
/* False: malformed, not IPv4 inside. */
bool tbar_get(const uint8_t *from, uint64_t *stamp) MUST_USE;
/* p is decrypted and its source authentic. */
enum verdict tbar_check(struct fwd *, const struct pkt *, uint64_t stamp);
void tbar_event(struct fwd *, const struct event *);

/* policy.c */
void policy_count(const struct snap_group *, uint32_t ace, enum tally);
/* The entry that decides about a clear packet, CLASSIFY_NONE. Local entries
 * are those of a crypto map: written for what goes out, what comes in is read
 * backwards with them. */
uint32_t policy_match(const struct policy *, const struct flow *, bool in);
struct flow flow_reverse(const struct flow *);
/* First entry of that `sa ipsec`: where an error of its SA is counted. */
uint32_t policy_first_of(const struct policy *, uint16_t sa_index);

/* failclose.c */
void failclose_build(struct fwd *, struct snap_port *, const char *map);
enum verdict failclose_judge(struct fwd *, const struct snap_port *,
    const struct pkt *, bool in);
void failclose_free(struct fwd *);
/* The first gdoi entry of the map that is not registered; none: NULL, and
 * *n is how many entries there are. */
const struct crypto_map *failclose_reason(const struct fwd *,
    const char *map, unsigned *n);

/* ipdebug.c: packets for `debug ip packet` and `debug ip icmp`. The worker
 * copies the beginning of each into a ring of its own; which of them a list
 * permits, and what is printed, is the control thread's. */
enum { WATCH_PACKETS = 1, WATCH_ICMP = 2 };
enum sight { SEEN_ROUTED, SEEN_SENT, SEEN_FRAGMENT, SEEN_RCVD,
	SEEN_DROPPED };
void ipdebug_see(struct fwd *, enum sight, const struct pkt *);
const char *fwd_drop_text(unsigned id);

static inline void
ipdebug(struct fwd *f, enum sight what, const struct pkt *p)
{
	if (__builtin_expect(f->w.snap->watch != 0, 0))
		ipdebug_see(f, what, p);
}

/* icmp.c */
void icmp_error(struct fwd *, const struct pkt *, uint8_t type, uint8_t code,
    unsigned mtu);

/* reass.c: the whole packet, or NULL when fragments are missing. */
struct pkt *reass_add(struct fwd *, const struct pkt *) MUST_USE;
void reass_release(struct fwd *); /* after a burst */

/* snap.c */
void *ref_get(void *obj); /* obj begins with struct ref; returns it */
void ref_put(void *obj);
void snap_publish(struct fwd *);
void snap_end(struct fwd *); /* before fwd_free() */
struct stats *stats_new(void) MUST_USE;
struct hits *hits_new(void) MUST_USE;

/* acl.c */
void acls_compile(struct fwd *, const struct conf *);
struct acl_obj *acl_find(const struct fwd *, const char *name);
bool ace_equal(const struct ace *, const struct ace *);

/* sadb.c */
/* No snapshot has SAs any more that were taken out before. */
void seqs_settle(struct fwd *);
struct group *group_find(const struct fwd *, const char *name);
struct group *group_get(struct fwd *, const char *name); /* made if need be */
struct policy *policy_new(const struct sa_policy *, const struct policy *old);
/* Takes SAs with that SPI and way (BOTH: either) out. */
void sa_end(struct fwd *, struct group *, uint32_t spi, uint8_t way);
/* use.c: what entries have carried, for ike to show; as pair_idle_run(). */
uint64_t use_run(struct fwd *, uint64_t now, uint64_t next);
/* show_ipsec.c: packets and drops of an entry since they were cleared. */
void use_of(const uint64_t *c, const uint64_t *cleared, struct sa_use *);
/* show_ipsec.c: "none", "counter", "time" */
const char *sa_replay_name(const struct sa *);
/* show.c: the name is given and no group has it: said, but for JSON, which
 * has an empty list then (doc/json.md). */
struct cli_ctx;
bool fwd_no_group(struct cli_ctx *, const struct fwd *, const char *only);
struct sa *sa_outbound(const struct group *, uint16_t sa_index, uint64_t now,
    uint64_t *change);
void sadb_free(struct fwd *);

/* probe.c: ping and traceroute */
enum ping_mark { PING_REPLY = '!', PING_UNREACHABLE = 'U', PING_QUENCH = 'Q',
	PING_FRAG = 'M', PING_TTL = '&', PING_UNKNOWN = '?',
	PING_CONGESTED = 'C' };
void ping_event(struct fwd *, const struct event *);
uint64_t ping_timeout(struct fwd *, uint64_t now);
void ping_free_all(struct fwd *);
/* In the worker: a ping to an own address answers itself. */
void ping_to_self(struct fwd *, const struct pkt *);

#include "dataplane/pair.h"

#endif
