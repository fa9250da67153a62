/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: the member database, see coop.h and
 * doc/coop-protocol.md 7. Runs in process ike.
 *
 * A map of addresses; of two changes to one address that with the later stamp
 * wins, whoever hears of them in whatever order. A removed member leaves a
 * tombstone. Each server numbers what changes in its own copy (its log) and
 * tells each peer what is in it behind the number up to which the peer says
 * that it has it, so a lost message is said again and what came twice changes
 * nothing. When a peer has all of the log it has all that its teller has, and
 * may say so of third ones too: that is the vector. What a peer's vector
 * covers is not told again, by nobody.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "gdoi/coop.h"

#define ENTRIES_MAX 100000
#define TOMBS_MAX 20000	     /* the oldest go then */
#define TOMB_MS 3600000	     /* until one may be forgotten */
#define COMPACT_MS 60000
#define COMPACT_AT_ONCE 1000
#define AGAIN_MS 600000	     /* between two times that a peer tells all */
#define OVERHEAD 256	     /* octets around the message, no less */

struct entry {
	RB_ENTRY(entry) by_addr, by_log;
	TAILQ_ENTRY(entry) tomb;
	struct coop_member m;
	uint32_t log;		/* number in the log of this server */
	uint64_t since;		/* a tombstone, here */
	uint64_t from;		/* boot of the peer that told it; 0: none */
};

RB_HEAD(addr_tree, entry);
RB_HEAD(log_tree, entry);

struct coop_members {
	struct addr_tree by_addr;
	struct log_tree by_log;
	TAILQ_HEAD(, entry) tombs; /* the oldest first */
	unsigned n, ntombs;
	uint32_t last;		/* number in the log */
	uint64_t digest;	/* of who is a member */
	unsigned nseen;		/* of other servers; all that they told */
	struct coop_seen seen[COOP_SERVERS_MAX];
	uint64_t compacted;
};

static int
addr_cmp(const struct entry *a, const struct entry *b)
{
	return a->m.addr < b->m.addr ? -1 : a->m.addr > b->m.addr;
}

static int
log_cmp(const struct entry *a, const struct entry *b)
{
	return a->log < b->log ? -1 : a->log > b->log;
}

RB_GENERATE_INTERNAL(addr_tree, entry, by_addr, addr_cmp, UNUSED static)
RB_GENERATE_INTERNAL(log_tree, entry, by_log, log_cmp, UNUSED static)

static struct coop_members *
db_of(struct coop *c)
{
	if (c->db == NULL) {
		c->db = xcalloc(1, sizeof(*c->db));
		TAILQ_INIT(&c->db->tombs);
	}
	return c->db;
}

static struct entry *
find(struct coop_members *db, uint32_t addr)
{
	struct entry key;

	key.m.addr = addr;
	return RB_FIND(addr_tree, &db->by_addr, &key);
}

/* The first one behind that number; NULL: none. */
static struct entry *
behind(struct coop_members *db, uint32_t log)
{
	struct entry key;

	key.log = log + 1;
	return RB_NFIND(log_tree, &db->by_log, &key);
}

/* A tombstone has the stamp of what it removed: a registration that whoever
 * removed the member had not heard of stays. */
static bool
newer(const struct coop_member *a, const struct coop_member *b)
{
	if (a->stamp != b->stamp)
		return a->stamp > b->stamp;
	if (a->removed != b->removed)
		return a->removed;
	if (a->teller.addr != b->teller.addr)
		return a->teller.addr > b->teller.addr;
	if (a->teller.boot != b->teller.boot)
		return a->teller.boot > b->teller.boot;
	return a->seq > b->seq;
}

/* ---- vectors ---- */

static struct coop_seen *
seen_of(struct coop_seen *seen, unsigned n, const struct coop_id *id)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (coop_id_equal(&seen[i].id, id))
			return &seen[i];
	return NULL;
}

static bool
covers(struct coop_seen *seen, unsigned n, const struct coop_member *m)
{
	const struct coop_seen *s = seen_of(seen, n, &m->teller);

	return s != NULL && s->seq >= m->seq;
}

/* The boot is one of those that live, or did last. */
static bool
is_current(const struct coop *c, const struct coop_id *id)
{
	const struct coop_peer *p;
	unsigned i;

	TAILQ_FOREACH(p, &c->peers, link)
		if (p->addr == id->addr && p->boot == id->boot)
			return true;
	for (i = 0; i < c->nservers; i++)
		if (coop_id_equal(&c->servers[i].id, id))
			return true;
	return false;
}

/* A row of a boot that is gone may be forgotten: what it told is told once
 * more to who did not say that he has it. */
static struct coop_seen *
row_for(struct coop *c, const struct coop_id *id)
{
	struct coop_members *db = c->db;
	struct coop_seen *s = seen_of(db->seen, db->nseen, id);
	unsigned i;

	if (s != NULL)
		return s;
	if (db->nseen < COOP_SERVERS_MAX - 1) /* one is our own */
		return &db->seen[db->nseen++];
	for (i = 0; i < db->nseen; i++)
		if (!is_current(c, &db->seen[i].id))
			return &db->seen[i];
	return NULL;
}

static void
raise_vector(struct coop *c, const struct coop_msg *m)
{
	struct coop_seen *row;
	unsigned i;

	for (i = 0; i < m->nseen; i++) {
		if (coop_id_equal(&m->seen[i].id, &c->self))
			continue;
		row = row_for(c, &m->seen[i].id);
		if (row == NULL)
			continue;
		if (!coop_id_equal(&row->id, &m->seen[i].id))
			*row = m->seen[i];
		else if (row->seq < m->seen[i].seq)
			row->seq = m->seen[i].seq;
	}
}

/* This server has had that change, or one that came after it. */
static bool
had(const struct coop *c, const struct coop_member *m)
{
	return coop_id_equal(&m->teller, &c->self) ? m->seq <= c->change :
	    covers(c->db->seen, c->db->nseen, m);
}

/* ---- entries ---- */

/* In or out of the digest, in which order does not matter. */
static void
digest(struct coop_members *db, const struct coop_member *m)
{
	uint8_t in[24], out[SHA256_DIGEST_LENGTH];
	struct wr w = wr_of(in, sizeof(in));
	struct rd r = rd_of(out, sizeof(out));

	if (m->removed || m->stamp == 0)
		return;
	wr_u32(&w, m->addr);
	wr_u32(&w, m->stamp);
	wr_u32(&w, m->teller.addr);
	wr_u64(&w, m->teller.boot);
	wr_u32(&w, m->seq);
	SHA256(in, sizeof(in), out);
	db->digest ^= rd_u64(&r);
}

static void
entry_free(struct coop_members *db, struct entry *e)
{
	RB_REMOVE(addr_tree, &db->by_addr, e);
	RB_REMOVE(log_tree, &db->by_log, e);
	digest(db, &e->m);
	if (e->m.removed) {
		TAILQ_REMOVE(&db->tombs, e, tomb);
		db->ntombs--;
	}
	db->n--;
	free(e);
}

/* The entry of the address becomes that. NULL: too many. */
static struct entry *
put(struct coop *c, const struct coop_member *m, uint64_t from)
{
	struct coop_members *db = db_of(c);
	struct entry *e = find(db, m->addr);

	if (e == NULL) {
		if (db->n >= ENTRIES_MAX)
			return NULL;
		e = xcalloc(1, sizeof(*e));
		e->m.addr = m->addr;
		RB_INSERT(addr_tree, &db->by_addr, e);
		db->n++;
	} else {
		RB_REMOVE(log_tree, &db->by_log, e);
		digest(db, &e->m);
		if (e->m.removed) {
			TAILQ_REMOVE(&db->tombs, e, tomb);
			db->ntombs--;
		}
	}
	e->m = *m;
	digest(db, &e->m);
	e->from = from;
	e->log = ++db->last;
	RB_INSERT(log_tree, &db->by_log, e);
	if (m->removed) {
		e->since = gdoi_now(c->grp->g);
		TAILQ_INSERT_TAIL(&db->tombs, e, tomb);
		db->ntombs++;
	}
	while (db->ntombs > TOMBS_MAX)
		entry_free(db, TAILQ_FIRST(&db->tombs));
	return e;
}

/* The same with a mark of our own: what all others shall have. */
static void
tell(struct coop *c, struct coop_member *m)
{
	m->teller = c->self;
	m->seq = ++c->change;
	(void)put(c, m, 0);
	coop_changed(c->grp);
}

static void
tell_removed(struct coop *c, const struct coop_member *of)
{
	struct coop_member m = *of;

	m.removed = true;
	m.has_kek = false;
	memset(m.kek_spi, 0, sizeof(m.kek_spi));
	tell(c, &m);
}

/* ---- what happens here ---- */

void
coop_member_changed(struct ks_group *grp, const struct ks_member *km)
{
	struct coop_member m = { 0 };

	if (grp->coop == NULL)
		return;
	m.addr = km->addr;
	m.port = km->port;
	m.owner = km->owner != 0 ? km->owner : grp->coop->self.addr;
	m.has_kek = km->has_kek;
	if (m.has_kek)
		memcpy(m.kek_spi, km->kek_spi, KEK_SPI_LEN);
	str_copy(m.version, km->version, sizeof(m.version));
	m.term = km->keys_term;
	m.keys = km->keys_version;
	if (grp->coop->stamp < COOP_STAMP_MAX)
		grp->coop->stamp++;
	m.stamp = grp->coop->stamp;
	tell(grp->coop, &m);
}

void
coop_member_removed(struct ks_group *grp, uint32_t addr)
{
	const struct entry *e;

	if (grp->coop == NULL)
		return;
	e = find(db_of(grp->coop), addr);
	if (e != NULL && !e->m.removed)
		tell_removed(grp->coop, &e->m);
}

/* ---- what is heard ---- */

/* Its credential may have been revoked before it was removed: it has to prove
 * itself anew, here too. Not a key server, which is one for all members. */
static void
removed(struct coop *c, struct ks_member *km)
{
	if (coop_peer_find(c, km->addr) == NULL)
		ike_drop_peer(c->grp->g->ike, c->self.addr, km->addr);
	ks_remove_member(c->grp, km, false);
}

/* Two servers registered it, and perhaps out of each other's sight: then no
 * stamp tells which came last, and the member may have either KEK. */
static bool
is_doubtful(const struct coop_member *m, const struct coop_member *o)
{
	return !m->removed && !o->removed && m->owner != o->owner &&
	    m->has_kek && o->has_kek &&
	    memcmp(m->kek_spi, o->kek_spi, KEK_SPI_LEN) != 0;
}

static void
apply(struct coop *c, const struct coop_member *m, bool doubtful)
{
	struct ks_group *grp = c->grp;
	struct ks_member *km = ks_find_member(grp, m->addr);
	const struct ks_kek *k = ks_find_kek(grp, m->kek_spi);

	if (m->removed) {
		if (km != NULL)
			removed(c, km);
		return;
	}
	if (km == NULL)
		km = ks_get_member(grp, m->addr);
	ks_rekey_forget(grp, km);
	km->owner = m->owner;
	km->port = m->port;
	km->has_kek = m->has_kek;
	memcpy(km->kek_spi, m->kek_spi, KEK_SPI_LEN);
	str_copy(km->version, m->version, sizeof(km->version));
	km->missed = km->apart = 0;
	km->acked_ever = false;
	km->state = MEMBER_IDLE;
	km->keys_term = m->term;
	km->keys_version = m->keys;
	if (c->role != COOP_PRIMARY &&
	    (m->sent | m->retries | m->acks | m->acks_missed) != 0) {
		km->sent = m->sent;
		km->retries = m->retries;
		km->acks = m->acks;
		km->acks_missed = m->acks_missed;
	}
	if (ks_farewell_again(grp, km))
		return;
	ks_farewell_forget(grp, m->addr);
	km->kek_order = k != NULL && !doubtful ? k->order : 0;
	coop_keys_member(grp, km, m->term, m->keys);
	ks_farewell_late(grp, km);
}

/* One change. What was here and is forgotten, tombstone and all, must not
 * come back from a server that missed that: it is removed again. */
static void
hear(struct coop *c, const struct coop_member *m, uint64_t from)
{
	const struct entry *e = find(c->db, m->addr);
	bool doubtful = e != NULL && is_doubtful(m, &e->m);
	struct ks_member *km;

	if (e == NULL && had(c, m)) {
		if (!m->removed)
			tell_removed(c, m);
	} else if (e == NULL || newer(m, &e->m)) {
		if (put(c, m, from) != NULL)
			apply(c, m, doubtful);
	} else if (doubtful &&
	    (km = ks_find_member(c->grp, m->addr)) != NULL) {
		km->kek_order = 0; /* any */
	}
}

static void
forget_boot(struct coop_peer *p, uint64_t boot)
{
	p->log_boot = boot;
	p->log_had = p->log_acked = p->log_done = 0;
	p->log_round = p->log_of = 0;
	p->log_again = false;
	p->log_asked = 0;
	p->nseen = 0;
}

static void
ask_all(struct coop_peer *p)
{
	uint64_t now = gdoi_now(p->coop->grp->g);

	if (p->log_again ||
	    (p->log_asked != 0 && now < p->log_asked + AGAIN_MS))
		return;
	debug(DBG_KS_COOP, DBG_EVENT, p->addr, "(%s):the members of both are"
	    " not the same: all shall be told", p->coop->grp->name);
	p->log_asked = now;
	p->log_again = true;
	p->log_round++;
	p->log_had = 0;
}

/* How much of our log the peer has, and what of others it need not be told.
 * It may want all of it once more, in another round: then so do we. */
static void
hear_acked(struct coop_peer *p, const struct coop_msg *m, bool ours)
{
	if (ours && m->log_round > p->log_of) {
		p->log_of = m->log_round;
		p->log_acked = p->log_done = 0;
		ask_all(p);
	}
	if (m->log_round != p->log_of)
		return;
	p->nseen = m->nseen;
	memcpy(p->seen, m->seen, sizeof(p->seen));
	if (ours && p->log_acked < m->log_have &&
	    m->log_have <= p->coop->db->last)
		p->log_acked = m->log_have;
}

void
coop_members_receive(struct coop_peer *p, const struct coop_msg *m)
{
	struct coop *c = p->coop;
	unsigned i;
	bool ours;

	(void)db_of(c);
	if (p->log_boot != m->from.boot)
		forget_boot(p, m->from.boot);
	if (c->stamp < m->stamp)
		c->stamp = m->stamp;
	for (i = 0; i < m->nmembers; i++) {
		if (c->stamp < m->members[i].stamp)
			c->stamp = m->members[i].stamp;
		hear(c, &m->members[i], m->from.boot);
	}
	ours = m->to.boot == c->self.boot; /* the log that it speaks of */
	hear_acked(p, m, ours);
	if (!ours || m->log_to == 0 || m->log_of != p->log_round ||
	    m->log_from > p->log_had)
		return;
	if (p->log_had < m->log_to)
		p->log_had = m->log_to;
	if (m->flags & COOP_F_MORE)
		return;
	raise_vector(c, m);
	p->log_again = false;
	/* Each of the two has all that the other has. If that is not the same
	 * one of them has forgotten a removal that the other missed. */
	if (m->log_have == c->db->last && m->members_digest != c->db->digest)
		ask_all(p);
}

/* ---- what is told ---- */

/* It told so itself, or says so; but it may have forgotten. */
static bool
peer_has(struct coop_peer *p, const struct entry *e)
{
	return e->log <= p->log_acked ||
	    (e->from == p->boot && p->log_of == 0) ||
	    covers(p->seen, p->nseen, &e->m);
}

/* The first entry that the peer lacks. Those before it need not be looked at
 * again: a peer loses nothing in its life. */
static struct entry *
first_lacked(struct coop_peer *p)
{
	struct coop_members *db = p->coop->db;
	struct entry *e;

	if (db == NULL || p->boot == 0 || p->log_boot != p->boot)
		return NULL;
	if (p->log_done < p->log_acked)
		p->log_done = p->log_acked;
	while ((e = behind(db, p->log_done)) != NULL && peer_has(p, e))
		p->log_done = e->log;
	return e;
}

bool
coop_members_pending(const struct coop_peer *p)
{
	return first_lacked((struct coop_peer *)p) != NULL;
}

/* Our own row, those of servers that live, of others as many as there is
 * room for. */
static void
fill_vector(const struct coop *c, struct coop_msg *m)
{
	const struct coop_members *db = c->db;
	unsigned i;

	if (c->change != 0)
		m->seen[m->nseen++] = (struct coop_seen){ c->self, c->change };
	for (i = 0; i < db->nseen; i++)
		m->seen[m->nseen++] = db->seen[i];
}

/* Counters are the primary's, who sends the rekeys. */
static void
fill_counters(const struct coop *c, struct coop_member *m)
{
	const struct ks_member *km;

	if (c->optimize || c->role != COOP_PRIMARY || m->removed ||
	    (km = ks_find_member(c->grp, m->addr)) == NULL)
		return;
	m->sent = km->sent;
	m->retries = km->retries;
	m->acks = km->acks;
	m->acks_missed = km->acks_missed;
}

static void
clear_counters(struct coop_member *m)
{
	m->sent = m->retries = m->acks = m->acks_missed = 0;
}

/* The members that are to be told, room of them at most, with their numbers.
 * True: more follow. */
static bool
collect(struct coop_peer *p, struct coop_msg *m, uint32_t *logs,
    unsigned room)
{
	struct entry *e = first_lacked(p);

	for (; e != NULL; e = RB_NEXT(log_tree, NULL, e)) {
		if (peer_has(p, e))
			continue;
		if (m->nmembers == room)
			return true;
		logs[m->nmembers] = e->log;
		m->members[m->nmembers] = e->m;
		clear_counters(&m->members[m->nmembers]);
		fill_counters(p->coop, &m->members[m->nmembers++]);
	}
	return false;
}

/* However small a message shall be: one member goes. */
static unsigned
fitting(const struct coop_msg *m, size_t max)
{
	unsigned n = coop_msg_fit(m, max);

	if (n == 0 && m->nmembers > 0 &&
	    coop_msg_fit(m, ISAKMP_MSG_MAX - OVERHEAD) > 0)
		n = 1;
	return n;
}

static void compact(struct coop *);

void
coop_members_fill(struct coop_peer *p, struct coop_msg *m, size_t max)
{
	struct coop *c = p->coop;
	const struct coop_members *db = db_of(c);
	unsigned room = (unsigned)(max / COOP_MEMBER_MIN) + 1, n;
	uint32_t *logs;
	bool more;

	compact(c);
	m->stamp = c->stamp;
	m->members_digest = db->digest;
	if (!p->log_again) /* else it shall tell what we said we have too */
		fill_vector(c, m);
	if (p->boot == 0 || p->log_boot != p->boot || m->to.boot != p->boot)
		return; /* it may be another one than we knew */
	m->log_have = p->log_had;
	m->log_round = p->log_round;
	m->log_of = p->log_of;
	if (db->last == 0)
		return;
	if (room > COOP_MEMBERS_MAX)
		room = COOP_MEMBERS_MAX;
	m->log_from = p->log_acked;
	m->log_to = db->last;
	m->members = xcalloc(room, sizeof(*m->members));
	logs = xcalloc(room, sizeof(*logs));
	more = collect(p, m, logs, room);
	n = fitting(m, max);
	if (more || n < m->nmembers) {
		m->flags |= COOP_F_MORE;
		m->nmembers = n;
		m->log_to = n > 0 ? logs[n - 1] : m->log_from;
	}
	if (m->log_to == 0)
		m->log_to = m->log_from = 0;
	free(logs);
}

/* ---- what is forgotten ---- */

/* A peer that does not live is not waited for: when it comes back it has the
 * member still, and digests differ. */
static bool
all_have(struct coop *c, const struct entry *e)
{
	struct coop_peer *p;

	TAILQ_FOREACH(p, &c->peers, link)
		if (coop_alive(c, p->addr) && (p->log_boot != p->boot ||
		    !peer_has(p, e)))
			return false;
	return true;
}

static void
compact(struct coop *c)
{
	struct coop_members *db = c->db;
	uint64_t now = gdoi_now(c->grp->g);
	unsigned n = COMPACT_AT_ONCE;
	struct entry *e, *next;

	if (now < db->compacted + COMPACT_MS)
		return;
	db->compacted = now;
	for (e = TAILQ_FIRST(&db->tombs); e != NULL && n-- > 0; e = next) {
		next = TAILQ_NEXT(e, tomb);
		if (now < e->since + TOMB_MS)
			break;
		if (all_have(c, e))
			entry_free(db, e);
	}
}

void
coop_members_free(struct coop *c)
{
	struct entry *e;

	if (c->db == NULL)
		return;
	while ((e = RB_ROOT(&c->db->by_addr)) != NULL)
		entry_free(c->db, e);
	free(c->db);
	c->db = NULL;
}
