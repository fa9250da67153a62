/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: roles, see coop.h. Runs in process ike.
 *
 *	UNKNOWN		asks all peers every `retransmit` seconds. A primary
 *			lives: SECONDARY. All peers are there, or `timeout`
 *			is over: election
 *	election	the best of the living ones that have the keys becomes
 *			PRIMARY, the others wait for it to say so; who does
 *			not within `retransmit` is passed over
 *	SECONDARY	asks all when it has not heard of the primary for
 *			`timeout`, `retries` times; then, or when it hears
 *			that the primary is none any more: election
 *	PRIMARY		tells all every `periodic` seconds and after changes.
 *			Hears of a better one: SECONDARY
 *
 * What is heard decides, not from whom: a primary that only some peer hears
 * lives too. Who hears its primary through one peer only says so to that one
 * (COOP_F_LEAN) and is told of each beat at once, so that news run down a
 * chain of servers as fast as in a full mesh.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define BATCH_MS 100	/* changes that come together are told together */
#define CHANGES_MS 1000	/* from one announcement of changes to the next */
#define RELAY_MS 1000	/* members that others have told */
#define HOLD_MS 1000	/* of an election, to hear who else is there */

static void tick(void *);

/* ---- when ---- */

static uint64_t
secs(unsigned s)
{
	return (uint64_t)s * 1000;
}

static void
sooner(uint64_t *at, uint64_t then)
{
	if (*at == 0 || then < *at)
		*at = then;
}

static void
set_timer(struct coop *c)
{
	uint64_t at = c->timer_at;

	if (c->all_at != 0)
		sooner(&at, c->all_at);
	if (c->some_at != 0)
		sooner(&at, c->some_at);
	if (c->electing)
		sooner(&at, c->candidate != 0 ? c->candidate_at : c->hold_at);
	else if (c->role == COOP_UNKNOWN)
		sooner(&at, c->start_at);
	timer_set(&c->grp->g->ike->timers, &c->timer, at, tick, c->grp);
}

/* Never from here: a message may be in hand. */
static void
tell_all(struct coop *c, unsigned in, bool asking)
{
	sooner(&c->all_at, gdoi_now(c->grp->g) + in);
	c->asking |= asking;
	set_timer(c);
}

static void
tell_some(struct coop *c, unsigned in)
{
	sooner(&c->some_at, gdoi_now(c->grp->g) + in);
	set_timer(c);
}

/* ---- to whom ---- */

/* The server speaks to us itself. */
static bool
is_direct(const struct coop *c, uint32_t addr)
{
	const struct coop_peer *p = coop_peer_find(c, addr);

	return p != NULL && p->heard != 0 &&
	    gdoi_now(c->grp->g) - p->heard <= secs(c->timeout);
}

/* What we have to say to the primary goes by this peer. */
static bool
is_uplink(const struct coop_peer *p)
{
	const struct coop *c = p->coop;
	int i;

	if (c->role != COOP_SECONDARY)
		return false;
	if (is_direct(c, c->primary))
		return p->addr == c->primary;
	i = coop_view_find(c, c->primary);
	return i >= 0 && c->seats[i].via == p->addr;
}

static bool
leans_on(const struct coop_peer *p)
{
	return p->addr != p->coop->primary && is_uplink(p);
}

/* It is told what it lacks without asking. */
static bool
is_fed(const struct coop_peer *p)
{
	return p->coop->role == COOP_PRIMARY || p->leans || is_uplink(p);
}

/* It need not be told that we have a primary now. */
static bool
has_same_primary(const struct coop_peer *p)
{
	const struct coop *c = p->coop;
	int i = coop_view_find(c, p->addr);

	return c->role == COOP_SECONDARY && i >= 0 &&
	    coop_view_alive(c, i) && c->servers[i].primary == c->primary;
}

static bool
lacks(const struct coop_peer *p)
{
	return is_fed(p) && coop_members_pending(p);
}

static void
announce_all(struct coop *c)
{
	struct coop_peer *p;

	c->all_at = c->some_at = 0;
	c->told = gdoi_now(c->grp->g);
	TAILQ_FOREACH(p, &c->peers, link) {
		if (!c->asking && !p->owed && has_same_primary(p) &&
		    !lacks(p))
			continue;
		p->owed = false;
		coop_send(p, c->asking);
	}
	if (c->role == COOP_PRIMARY)
		c->timer_at = gdoi_now(c->grp->g) + secs(c->periodic);
	c->asking = false;
}

static void
announce_some(struct coop *c)
{
	struct coop_peer *p;

	c->some_at = 0;
	c->told = gdoi_now(c->grp->g);
	TAILQ_FOREACH(p, &c->peers, link) {
		if (!p->owed && !lacks(p))
			continue;
		p->owed = false;
		coop_send(p, false);
	}
}

void
coop_changed(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);
	struct coop_peer *p;
	unsigned in = BATCH_MS;

	if (c == NULL)
		return;
	if (c->told + CHANGES_MS > now + in)
		in = (unsigned)(c->told + CHANGES_MS - now);
	if (c->role == COOP_PRIMARY) {
		tell_all(c, in, false);
		return;
	}
	TAILQ_FOREACH(p, &c->peers, link)
		p->owed |= is_uplink(p);
	tell_some(c, in);
}

/* ---- roles ---- */

static const char *
server_str(uint32_t addr, char *buf)
{
	return addr == 0 ? "NONE" : ip4_str(addr, buf);
}

static void
log_primary(struct coop *c)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	ike_log(c->grp->g->ike, LOG_COOP_KS_TRANS_TO_PRI,
	    ip4_str(c->primary, a), c->grp->name,
	    server_str(c->previous, b));
}

static void
set_primary(struct coop *c, uint8_t role, uint32_t addr)
{
	bool was = c->role == COOP_PRIMARY;

	if (c->primary != 0)
		c->previous = c->primary;
	c->primary = addr;
	c->role = role;
	c->electing = false;
	c->candidate = 0;
	c->retries = 0;
	if (was && role != COOP_PRIMARY)
		coop_keys_demoted(c->grp);
	/* who makes the next keys is another one now */
	ks_set_timer(c->grp);
}

static void
enter_election(struct coop *c)
{
	uint64_t now = gdoi_now(c->grp->g);
	char a[IP4_STRLEN];
	unsigned i;

	set_primary(c, COOP_UNKNOWN, 0);
	ike_log(c->grp->g->ike, LOG_COOP_KS_ELECTION, c->grp->name,
	    server_str(c->previous, a));
	for (i = 0; i < c->nservers; i++)
		c->seats[i].passed = false;
	c->electing = true;
	c->hold_at = now + HOLD_MS;
	c->timer_at = now + secs(c->retransmit);
	tell_all(c, 0, true);
}

/* There is no first member to wait for: the others want to have them. */
static void
make_keys(struct coop *c)
{
	struct ks_group *grp = c->grp;

	if (grp->active == NULL || grp->kek == NULL)
		(void)ks_ready(grp);
	c->synced = grp->active != NULL;
}

/* One more than all that were heard of; who said the highest number lied. */
static uint32_t
next_term(struct coop *c)
{
	if (c->top_term < COOP_TERM_MAX)
		c->top_term++;
	return c->top_term;
}

static void
promote(struct coop *c)
{
	set_primary(c, COOP_PRIMARY, c->self.addr);
	c->term = next_term(c);
	log_primary(c);
	coop_keys_promoted(c->grp);
	make_keys(c);
	tell_all(c, 0, false);
}

/* servers[i] is the primary, as it was or newly. */
static void
follow(struct coop *c, int i)
{
	const struct coop_server *s = &c->servers[i];
	uint64_t now = gdoi_now(c->grp->g);
	uint64_t ask = c->server_heard[i] + secs(c->timeout);

	c->term = s->term;
	if (c->role == COOP_SECONDARY && c->primary == s->id.addr)
		return;
	set_primary(c, COOP_SECONDARY, s->id.addr);
	coop_keys_followed(c->grp);
	c->timer_at = ask > now ? ask : now + secs(c->retransmit);
	log_primary(c);
	tell_all(c, BATCH_MS, false);
}

/* A server that could make no keys lets others go first. */
static bool
is_able(const struct coop *c)
{
	return c->grp->active != NULL || c->grp->policy->problem[0] == '\0';
}

static bool
is_best(const struct coop *c, int other)
{
	const struct coop_server *s;

	if (other < 0)
		return true;
	s = &c->servers[other];
	return s->synced != c->synced ? c->synced :
	    coop_view_before(c->priority, c->self.addr, s->priority,
	    s->id.addr);
}

static void
elect(struct coop *c)
{
	uint64_t now = gdoi_now(c->grp->g);
	uint32_t addr;
	int best;

	if (now < c->hold_at)
		return;
	if ((best = coop_view_primary(c)) >= 0) {
		follow(c, best);
		return;
	}
	while ((best = coop_view_candidate(c)) >= 0 || is_able(c)) {
		if (is_able(c) && is_best(c, best)) {
			promote(c);
			return;
		}
		addr = c->servers[best].id.addr;
		if (c->candidate != addr) {
			c->candidate = addr;
			c->candidate_at = now + secs(c->retransmit);
			return;
		}
		if (now < c->candidate_at)
			return;
		c->seats[best].passed = true;
	}
	/* nobody can or will: once more from the start */
	for (best = 0; best < (int)c->nservers; best++)
		c->seats[best].passed = false;
	c->candidate = 0;
	c->hold_at = now + secs(c->retransmit);
}

/* Another primary that we are better than: it will step back. What it did
 * has to count as older than what we do now. */
static void
raise_term(struct coop *c)
{
	const struct coop_server *s = c->servers;
	bool raise = c->top_term > c->term;
	unsigned i;

	for (i = 0; i < c->nservers; i++)
		raise |= s[i].primary != c->self.addr && s[i].primary != 0 &&
		    s[i].term == c->term;
	if (!raise || c->term == COOP_TERM_MAX)
		return;
	c->term = next_term(c);
	coop_keys_changed(c->grp);
}

static bool
yields_to(const struct coop *c, int other)
{
	return other >= 0 && coop_view_before(c->servers[other].priority,
	    c->servers[other].id.addr, c->priority, c->self.addr);
}

/* The role that follows from what is known now. */
static void
judge(struct coop *c)
{
	int best = coop_view_primary(c);

	if (c->electing) {
		elect(c);
	} else if (c->role == COOP_PRIMARY) {
		if (yields_to(c, best)) {
			follow(c, best);
			return;
		}
		raise_term(c);
		/* it may have led a half of the group, whose members have
		 * not heard our rekeys */
		if (coop_view_regained(c, c->grp->last_rekey))
			coop_keys_merge(c->grp);
	} else if (best >= 0) {
		follow(c, best);
	} else if (c->role == COOP_SECONDARY ||
	    (!TAILQ_EMPTY(&c->peers) && coop_all_there(c->grp)) ||
	    gdoi_now(c->grp->g) >= c->start_at) {
		enter_election(c);
	}
}

static void
log_unblocked(struct coop *c)
{
	char a[IP4_STRLEN];

	if (c->blocked == NULL || !coop_ready(c->grp))
		return;
	c->blocked = NULL;
	ike_log(c->grp->g->ike, LOG_COOP_KS_UNBLOCK_REG,
	    ip4_str(c->self.addr, a), c->grp->name);
}

static void
tick(void *arg)
{
	struct ks_group *grp = arg;
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);

	judge(c);
	if (now >= c->timer_at) {
		if (c->role == COOP_PRIMARY) {
			make_keys(c);
			c->timer_at = now + secs(c->periodic);
		} else {
			c->retries += c->role == COOP_SECONDARY;
			c->timer_at = now + secs(c->retransmit);
			c->asking = true;
		}
		c->all_at = now;
	}
	if (c->all_at != 0 && now >= c->all_at)
		announce_all(c);
	if (c->some_at != 0 && now >= c->some_at)
		announce_some(c);
	log_unblocked(c);
	set_timer(c);
}

void
coop_clear_role(struct ks_group *grp)
{
	if (grp->coop != NULL)
		enter_election(grp->coop);
}

/* ---- messages ---- */

void
coop_fill(struct coop_peer *p, struct coop_msg *m)
{
	struct coop *c = p->coop;

	if (c->optimize)
		m->flags |= COOP_F_OPTIMIZE;
	if (c->synced)
		m->flags |= COOP_F_SYNCED;
	if (leans_on(p))
		m->flags |= COOP_F_LEAN;
	m->nservers = coop_view_fill(c, m->servers);
	coop_sid_fill(p, m);
	coop_keys_fill(p, m);
	coop_members_fill(p, m, c->pdu);
}

/* The primary's beat: questions wait, and who leans on us is told, or has
 * asked when we knew no more than it did. */
static void
heard_primary(struct coop *c, uint64_t before)
{
	int i = coop_view_find(c, c->primary);
	uint64_t now = gdoi_now(c->grp->g);
	struct coop_peer *p;

	if (c->role != COOP_SECONDARY || i < 0 ||
	    c->server_heard[i] <= before)
		return;
	c->retries = 0;
	c->timer_at = c->server_heard[i] + secs(c->timeout);
	if (c->timer_at <= now)
		c->timer_at = now + secs(c->retransmit);
	TAILQ_FOREACH(p, &c->peers, link)
		if (p->asked || (p->leans && !leans_on(p))) {
			p->asked = false;
			p->owed = true;
			tell_some(c, BATCH_MS);
		}
}

static uint64_t
primary_heard(const struct coop *c)
{
	int i = coop_view_find(c, c->primary);

	return i >= 0 ? c->server_heard[i] : 0;
}

/* Who is asked for the members that did not fit: all others have the same. */
static bool
is_source(const struct coop_peer *p)
{
	return p->coop->role != COOP_SECONDARY || is_uplink(p);
}

/* Members that did not fit, here or there; those that came for others. */
static void
go_on(struct coop_peer *from, const struct coop_msg *m, bool progress)
{
	struct coop *c = from->coop;
	struct coop_peer *p;

	if (m->nmembers > 0 && (m->flags & COOP_F_MORE) &&
	    (m->flags & COOP_F_ANSWER) && is_source(from)) {
		from->owed = true;
		tell_some(c, 0);
	}
	TAILQ_FOREACH(p, &c->peers, link) {
		if (!lacks(p))
			continue;
		if (p != from) {
			tell_some(c, RELAY_MS);
		} else if (progress && (m->flags & COOP_F_ANSWER)) {
			p->owed = true;
			tell_some(c, 0);
		}
	}
}

void
coop_receive(struct coop_peer *p, const struct coop_msg *m)
{
	struct coop *c = p->coop;
	uint64_t heard = primary_heard(c);
	struct coop_seen seen[COOP_SERVERS_MAX];
	unsigned nseen = p->nseen, i;
	uint32_t acked = p->log_acked;

	if (m->nservers == 0 || m->servers[0].id.addr != p->addr)
		return;
	memcpy(seen, p->seen, sizeof(seen));
	p->heard = gdoi_now(c->grp->g);
	p->optimize = m->flags & COOP_F_OPTIMIZE;
	p->leans = m->flags & COOP_F_LEAN;
	p->asked |= (m->flags & COOP_F_REPLY) && !(m->flags & COOP_F_ANSWER);
	str_copy(p->coop_version, m->coop_version, sizeof(p->coop_version));
	str_copy(p->gdoi_version, m->gdoi_version, sizeof(p->gdoi_version));
	for (i = 0; i < m->nservers; i++)
		coop_view_hear(c, &m->servers[i], p->addr);
	judge(c);
	coop_sid_receive(p, m);
	coop_keys_receive(p, m);
	coop_members_receive(p, m);
	heard_primary(c, heard);
	go_on(p, m, acked != p->log_acked || nseen != p->nseen ||
	    memcmp(seen, p->seen, nseen * sizeof(seen[0])) != 0);
	log_unblocked(c);
	set_timer(c);
}

void
coop_unanswered(struct coop_peer *p, const char *why)
{
	struct coop *c = p->coop;
	char a[IP4_STRLEN];

	p->reachable = false;
	p->leans = false;
	/* Once, and when something else is in its way now, which is news
	 * to the operator who works at it; two reasons in turn are not. */
	if (p->unreach[0] == '\0')
		ike_log(c->grp->g->ike, LOG_COOP_KS_UNREACH,
		    ip4_str(p->addr, a), c->grp->name, why);
	else if (strncmp(p->unreach, why, sizeof(p->unreach) - 1) != 0)
		ike_log_limited(c->grp->g->ike, p->addr, LOG_COOP_KS_UNREACH,
		    ip4_str(p->addr, a), c->grp->name, why);
	str_copy(p->unreach, why, sizeof(p->unreach));
	if (lacks(p))
		tell_some(c, c->retransmit * 1000);
}

void
coop_answered(struct coop_peer *p)
{
	char a[IP4_STRLEN];

	p->reachable = true;
	if (p->unreach[0] != '\0')
		ike_log(p->coop->grp->g->ike, LOG_COOP_KS_REACH,
		    ip4_str(p->addr, a), p->coop->grp->name);
	p->unreach[0] = '\0';
}

/* ---- what others ask ---- */

bool
coop_ready(const struct ks_group *grp)
{
	const struct coop *c = grp->coop;

	return c == NULL || c->role == COOP_PRIMARY ||
	    (c->synced && grp->active != NULL);
}

void
coop_log_blocked(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	const char *why = "there is no primary yet";
	char a[IP4_STRLEN];

	if (c != NULL && c->role == COOP_SECONDARY)
		why = grp->active == NULL || c->synced ?
		    "it has no keys from the primary yet" :
		    "it does not have the RSA key of the primary";
	if (c == NULL || c->blocked == why)
		return;
	c->blocked = why;
	ike_log(grp->g->ike, LOG_COOP_KS_BLOCK_REG, ip4_str(c->self.addr, a),
	    grp->name, why);
}

unsigned
coop_rank(const struct coop *c)
{
	const struct coop_peer *p;
	unsigned rank = 0;

	TAILQ_FOREACH(p, &c->peers, link)
		rank += p->addr < c->self.addr;
	return rank;
}

bool
coop_alive(const struct coop *c, uint32_t addr)
{
	return addr == c->self.addr ||
	    coop_view_alive(c, coop_view_find(c, addr));
}

/* ---- configuration ---- */

static void
coop_new(struct ks_group *grp, uint32_t addr)
{
	struct coop *c = xcalloc(1, sizeof(*c));
	const struct ks_member *m;

	c->grp = grp;
	c->self.addr = addr;
	while (c->self.boot == 0)
		ike_random(grp->g->ike, &c->self.boot, sizeof(c->self.boot));
	c->synced = grp->active != NULL; /* alone until now, with members */
	TAILQ_INIT(&c->peers);
	grp->coop = c;
	TAILQ_FOREACH(m, &grp->members, link)
		coop_member_changed(grp, m);
}

void
coop_free(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	struct coop_peer *p;

	if (c == NULL)
		return;
	c->leaving = true;
	c->role = COOP_UNKNOWN;
	while ((p = TAILQ_FIRST(&c->peers)) != NULL) {
		if (p->ike == COOP_IKE_ESTABLISHED)
			coop_send(p, false); /* the last word */
		coop_peer_remove(p);
	}
	timer_clear(&grp->g->ike->timers, &c->timer);
	coop_members_free(c);
	coop_sid_free(c);
	coop_keys_stop(c);
	grp->coop = NULL;
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static bool
others_live(const struct coop *c)
{
	unsigned i;

	for (i = 0; i < c->nservers; i++)
		if (coop_view_alive(c, (int)i))
			return true;
	return false;
}

/* `no redundancy`. Keys and members belong to those who go on together; two
 * that rekey under one KEK would be a danger. The last one keeps them. */
static void
leave(struct ks_group *grp)
{
	bool others = grp->coop != NULL && others_live(grp->coop);

	coop_free(grp);
	if (others)
		ks_clear(grp);
	else
		ks_own_members(grp, 0, grp->addr);
	ks_set_timer(grp);
}

static bool
is_configured(const struct gdoi_coop *cc, uint32_t addr)
{
	const struct gdoi_coop_peer *cp;

	CF_FOREACH (cp, &cc->peers)
		if (cp->addr == addr)
			return true;
	return false;
}

/* Whether there are peers now that were not before. */
static bool
set_peers(struct coop *c, const struct gdoi_coop *cc)
{
	const struct gdoi_coop_peer *cp;
	struct coop_peer *p, *next;
	bool added = false;

	for (p = TAILQ_FIRST(&c->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (is_configured(cc, p->addr))
			continue;
		coop_view_forget(c, p->addr);
		coop_peer_remove(p);
		tell_some(c, 0); /* it may have been the primary */
	}
	CF_FOREACH (cp, &cc->peers)
		if (cp->addr != c->self.addr &&
		    coop_peer_find(c, cp->addr) == NULL)
			added |= coop_peer_add(c, cp->addr) != NULL;
	return added;
}

static unsigned
or_default(unsigned value, unsigned otherwise)
{
	return value != 0 ? value : otherwise;
}

void
coop_config(struct ks_group *grp, const struct gdoi_local *l)
{
	const struct gdoi_coop *cc = (const void *)l->coop.first;
	uint64_t now = gdoi_now(grp->g);
	struct coop *c = grp->coop;

	if (cc == NULL) {
		if (c != NULL)
			leave(grp);
		return;
	}
	if (l->addr == 0)
		return;
	if (c == NULL)
		coop_new(grp, l->addr);
	c = grp->coop;
	c->priority = cc->priority;
	c->optimize = cc->optimize;
	c->pdu = (uint16_t)or_default(cc->pdu, COOP_PDU);
	c->periodic = or_default(cc->periodic, COOP_PERIODIC);
	c->timeout = or_default(cc->timeout, COOP_TIMEOUT);
	c->retransmit = or_default(cc->retransmit, COOP_RETRANSMIT);
	c->retries_max = or_default(cc->retries, COOP_RETRIES);
	if (c->timer_at == 0 || c->timer_at > now + secs(c->periodic))
		c->timer_at = now + secs(c->role == COOP_PRIMARY ?
		    c->periodic : c->retransmit);
	if (set_peers(c, cc) || c->start_at == 0) {
		c->start_at = now + secs(c->timeout);
		tell_all(c, BATCH_MS, c->role != COOP_PRIMARY);
	}
	ks_set_timer(grp);
	set_timer(c);
}
