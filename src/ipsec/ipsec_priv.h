/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of src/ipsec share among themselves only.
 *
 *	entry	an entry of a crypto map on a port, or a tunnel with
 *		protection: a group of SAs to the packet process
 *	flow	what one pair of SAs is for: an entry of its access list, the
 *		tunnel, or what a peer of a dynamic map asked for
 *	pair	the SAs of one quick mode; a flow has several while it changes
 *		from one to the next
 */
#ifndef COHORT_IPSEC_PRIV_H
#define COHORT_IPSEC_PRIV_H

#include "ike/ike.h"
#include "ipsec/ipsec.h"
#include "ipsec/qm_msg.h"

#define PEERS_MAX 16	 /* of an entry */
#define FLOWS_MAX 20000	 /* in all; a peer's share of them is */
#define PEER_FLOWS_MAX 100 /* of a dynamic map */
#define FLOW_PAIRS_MAX 8 /* then its oldest goes */
#define PAIR_BUCKETS 1024

#define REKEY_MS 30000	   /* before its end an initiator makes a new one, */
#define REKEY_LATE_MS 15000 /* and a responder if the initiator did not */
#define RESYNC_SPREAD_MS 2000
#define SETTLE_MS 5000	     /* fwd has heard of a new SA by then */
#define PAUSE_MAX_MS 60000  /* between attempts that fail */

struct pair_end {
	uint32_t spi; /* 0: not known yet */
	uint32_t salt;
	struct key key, auth_key;
	uint64_t expires;
	bool told; /* fwd has it */
};

struct pair {
	TAILQ_ENTRY(pair) link; /* in flow->pairs, once it is complete */
	LIST_ENTRY(pair) bucket; /* by in.spi */
	struct ipsec *s;
	struct ipsec_flow *flow;
	struct pair_end in, out;
	struct udp_addr local, remote; /* of phase 1 */
	bool initiator, up;
	uint64_t stale; /* since then: it goes when there is a newer one */
	bool doubtful; /* a phase 1 of its time has ended: if it is silent the
			* peer may have taken that for its end, too */
	bool transport, udp;
	bool nat_local, nat_remote; /* who is behind one */
	struct esp_transform esp;
	uint8_t group; /* PFS; 0: none */
	uint32_t seconds, kilobytes; /* 0: no limit by volume */
	uint64_t began; /* the exchange; its life counts from here */
	struct timer timer;
};

/* Peers behind one NAT have one address. */
static inline bool
pair_is_with(const struct pair *p, struct udp_addr remote)
{
	return p->remote.addr == remote.addr &&
	    (!p->udp || p->remote.port == remote.port);
}

struct set {
	struct esp_transform esp;
	bool transport;
};

/* What an SA is negotiated with. Compared octet by octet: from zeroed
 * memory. */
struct terms {
	struct set sets[SET_NAMES];
	unsigned nsets;
	uint32_t seconds, kilobytes; /* 0: no limit by volume */
	uint32_t idle;		     /* seconds; 0: never */
	uint16_t window;	     /* 0: no anti-replay */
	uint8_t pfs;		     /* 0: none */
	bool reverse_route;
	bool responder_only;
	char profile[CONF_NAME];     /* of phase 1; "": any */
};

struct ipsec_flow {
	TAILQ_ENTRY(ipsec_flow) link;
	struct entry *e;
	uint16_t index; /* sa_index */
	bool gone;	/* while a configuration is taken */
	bool usable;	/* it can be said as two proxy identities */
	uint32_t route_peer; /* flow_route() said so; 0: no route */
	char route_if[IFNAME_MAX];
	struct ace ace; /* as seen from here */
	struct qm_proxy local, remote;
	struct terms terms;
	uint16_t dynamic_seq; /* the entry of a dynamic map it is of */
	uint32_t peer;	      /* of a dynamic map */
	char peer_id[IKE_ID_STRLEN];
	struct exch *quick; /* of ours */
	TAILQ_HEAD(pair_list, pair) pairs; /* the newest first */
	struct timer timer; /* the next attempt */
	uint64_t not_before;
	unsigned failures; /* in a row */
	unsigned tried;	   /* peers that did not answer, in a row */
	bool retried;	   /* in a new phase 1 */
	uint64_t up_since;
	struct sa_use use; /* fwd said so, */
	uint32_t use_spi;  /* when it sent with this */
};

enum entry_kind { ENTRY_MAP, ENTRY_DYNAMIC, ENTRY_TUNNEL };

struct entry {
	TAILQ_ENTRY(entry) link;
	struct ipsec *s;
	uint8_t kind; /* enum entry_kind */
	bool gone;    /* while a configuration is taken */
	char group[SA_NAME_MAX];
	char map[CONF_NAME]; /* "": a tunnel */
	unsigned seq;
	char dynamic[CONF_NAME];
	char ifname[IFNAME_MAX]; /* the first port, or the tunnel */
	uint32_t local;		 /* 0: no port is up */
	struct terms terms; /* of a dynamic map each flow has its own */
	uint32_t peers[PEERS_MAX];
	unsigned npeers, current;
	int first; /* the `default` one, -1: none */
	uint16_t last_index; /* given to flows of a dynamic map */
	TAILQ_HEAD(flow_list, ipsec_flow) flows;
};

/* Data of an exchange. */
struct quick {
	LIST_ENTRY(quick) link;
	struct ipsec *s;
	struct exch *x;
	struct ipsec_flow *flow; /* NULL: it has gone */
	struct pair *pair; /* until it is complete: then it is the flow's */
	struct qm_choice choice;
	uint8_t ids[2][12]; /* IDci, IDcr as they are sent */
	size_t id_len[2];
	bool has_ids;
	struct dh *dh;	 /* PFS */
	uint8_t gxy[DH_PUB_MAX];
	size_t gxy_len;
};

struct ipsec {
	struct ipsec_io io;
	void *arg;
	struct ike *ike;
	const struct conf *conf; /* NULL before the first */
	struct port ports[PORT_MAX + 1];
	TAILQ_HEAD(entry_list, entry) entries; /* in order of evaluation */
	LIST_HEAD(, pair) buckets[PAIR_BUCKETS];
	LIST_HEAD(, quick) quicks;
	LIST_HEAD(, alive) asked; /* of alive.c */
	struct timer look;
	unsigned nflows;
};

/* All pairs; `break` leaves those of one flow, who deletes one returns. */
#define PAIRS_FOREACH(s, e, f, p)                                             \
	TAILQ_FOREACH(e, &(s)->entries, link)                                 \
		TAILQ_FOREACH(f, &(e)->flows, link)                           \
			TAILQ_FOREACH(p, &(f)->pairs, link)

static inline uint64_t
ipsec_now(struct ipsec *s)
{
	return ike_now(s->ike);
}

/* ipsec.c */
uint32_t ipsec_random(struct ipsec *, uint32_t below);
const struct port *ipsec_find_port(const struct ipsec *, const char *name);
void ipsec_tell(struct ipsec *, const struct sa_change *);

/* terms.c: what the configuration says. *unusable: the name of a transform
 * set that was left out, or NULL. */
void terms_of_map(const struct conf *, const struct crypto_map *,
    struct terms *, const char **unusable);
void terms_of_profile(const struct conf *, const struct ipsec_profile *,
    struct terms *, const char **unusable);

/* entries.c */
void entries_config(struct ipsec *); /* that has changed */
void entries_ports(struct ipsec *);  /* those have */
void entries_free(struct ipsec *);
struct entry *entry_find(struct ipsec *, const char *group);

/* flows.c */
struct ipsec_flow *flow_new(struct entry *, const struct ace *, uint16_t index);
void flow_free(struct ipsec_flow *, bool tell_peer);
/* Reports the route to what is behind its peer, or that it goes. */
void flow_route(struct ipsec_flow *);
bool flow_is_up(const struct ipsec_flow *);
void flow_start_in(struct ipsec_flow *, uint64_t ms);
void flow_wanted(struct ipsec_flow *); /* there is a packet for it */
void flow_start(struct ipsec_flow *);	 /* quick mode, unless one runs */
void flow_rekey(struct ipsec_flow *);	 /* soon, if it cannot be now */
void flow_failed(struct ipsec_flow *, struct exch *, const char *why);
void flow_succeeded(struct ipsec_flow *);
void flow_forgive(struct ipsec_flow *); /* what it failed at */
const char *flow_profile(const struct ipsec_flow *); /* of phase 1 */
void flows_peer_dead(struct ipsec *, uint32_t local, struct udp_addr peer);
void flow_down(struct ipsec_flow *, bool tell_peer, const char *why);
uint32_t entry_peer(const struct entry *); /* the current one, 0: none */
bool entry_is_up(const struct entry *); /* one of its flows */
bool entry_has_peer(const struct entry *, uint32_t peer);
bool entry_serves(const struct entry *, uint32_t local);

/* alive.c */
/* Asks the peer whether it lives, if keepalives are configured. */
void alive_ask(const struct pair *);
void alive_silent(struct pair *); /* what is sent with it is not answered */
void alive_look_in(struct ipsec *, unsigned ms);
void alive_config(struct ipsec *);
void alive_sa_changed(struct ike_sa *);

/* pair.c */
struct pair *pair_new(struct ipsec_flow *, bool initiator) MUST_USE;
void pair_free(struct pair *);
void pair_tell_in(struct pair *);
/* Its other half: it is complete, and sent with from now on. */
void pair_up(struct pair *);
void pair_delete(struct pair *, bool tell_peer, const char *why);
void pair_say(struct pair *); /* once more: something of it changed */
void pair_resync(struct pair *); /* to a fwd that is new */
void pair_used_up(struct pair *); /* its volume, soon or already */
void pair_end_soon(struct pair *); /* the peer may not have it any more */
struct pair *pair_find_in(struct ipsec *, uint32_t spi);
struct pair *pair_find_out(struct ipsec *, uint32_t peer, uint32_t spi);
/* That number of the peer's names another SA of the entry already. */
bool pair_has_spi(const struct entry *, uint32_t spi, struct udp_addr peer);

/* respond.c: what a peer asks for, and whose it is */
struct qm_match {
	const struct ike_sa *sa;
	struct qm_proxy local, remote;
	struct rd offer;
	size_t ke_len; /* of the KE payload; 0: none */
	bool mapped; /* local and remote are what a NAT made of them */
	/* found: */
	struct entry *e;
	struct ipsec_flow *flow; /* NULL: of a dynamic map, with these terms */
	struct terms terms;
	uint16_t dynamic_seq;
	struct qm_choice choice;
	/* not found: */
	uint16_t notify;
	const char *why;
};
bool respond_find(struct ipsec *, struct qm_match *) MUST_USE;
/* Of what was found; NULL: there is no room for a new one. */
struct ipsec_flow *respond_flow(struct ipsec *, struct qm_match *) MUST_USE;
/* Goes if it is one of a dynamic map and nothing is left of it. */
void flow_unused(struct ipsec_flow *);
/* The policy of a dynamic map has changed, or fwd is new. */
void dynamic_policy(struct entry *);

/* show.c: of struct ike_doi */
void ipsec_sessions(struct ike *, struct sessions *);
unsigned ipsec_count_sas(struct ike *);
unsigned ipsec_clear(struct ike *, const struct ike_which *);
bool ipsec_clear_spi(struct ike *, uint32_t dest, uint32_t spi);

/* quick.c */
struct qm_fit { /* what an offered transform is judged by */
	const struct terms *terms;
	const struct ike_sa *sa;
	bool end_points; /* quick_end_points() */
	bool mapped;	 /* by a NAT: transport mode only */
	bool responder;	 /* takes PFS that it did not ask for */
	size_t ke_len;
};
bool quick_fits(const void *fit, const struct qm_transform *);
bool quick_end_points(const struct ike_sa *, const struct qm_proxy *local,
    const struct qm_proxy *remote);
void quick_free(struct quick *);
extern const struct exch_type quick_mode;
void quick_start(struct ipsec_flow *, struct udp_addr local,
    struct udp_addr remote, const char *profile);
/* Nothing comes of those for this flow any more. */
void quick_abort(struct ipsec_flow *);

#endif
