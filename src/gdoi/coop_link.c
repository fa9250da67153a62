/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: exchange 240 and the sessions with configured
 * peers, see coop.h and doc/coop-protocol.md. Runs in process ike.
 *
 *	one key server			another
 *	1 HDR* HASH(1) COOP	  ->
 *				  <-	2 HDR* HASH(2) COOP
 *
 * To each peer one message 1 at most is on its way. What is to be said
 * meanwhile goes with the next one, which is made from the state of then.
 * Times in a message are relative, so its octets are repeated for some seconds
 * only; then what is to be said begins again in another exchange.
 *
 * A message is for a life of a key server (struct coop_id): what is addressed
 * to another one, or to nobody in particular, as the first ones are, is
 * answered, so that its sender learns who is there and says it again, but
 * nothing of it is taken. So what was recorded in a former life is of no use.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

/* Key servers are few and want to know soon; over a network that loses a third
 * it still takes a minute until one gives up. */
#define REPEAT_MS 4000	/* at most, and `protocol retransmit` */
#define REPEATS 2	/* of the octets of one message */
#define PHASE1_REPEATS 13
#define OLD_ROUNDS 2	/* exchanges in vain, then a new SA, ... */
#define NEW_ROUNDS 8	/* then the peer is not reachable */
#define RESTARTS_MAX 3	/* of one announcement, whose SA goes */
#define LINGER_FOR_MS 10000 /* octets are repeated for less */
#define KEEP 64		/* groups share an SA, and all talk */

/* Of an exchange. */
struct talk {
	struct coop_peer *peer; /* NULL: it is gone */
	struct coop_try try;
	bool unfit;		/* too large; the peer has no part in it */
	uint64_t to;		/* boot that the message is for */
};

static struct gdoi *
engine_of(const struct exch *x)
{
	return x->ike->env.arg;
}

static struct gdoi *
engine(const struct coop_peer *p)
{
	return p->coop->grp->g;
}

/* ---- sending ---- */

/* What a message that does not fit would have, as far as it can be counted. */
static size_t
size_of(const struct coop_msg *m)
{
	size_t n, size = (size_t)4 * ISAKMP_MSG_MAX;
	uint8_t *buf = xcalloc(1, size);

	n = coop_msg_put(m, buf, size);
	explicit_bzero(buf, size);
	free(buf);
	return n != 0 ? n : ISAKMP_MSG_MAX;
}

static void
log_unfit(struct coop_peer *p, const struct coop_msg *m)
{
	char a[IP4_STRLEN];

	p->n.sent_drops++;
	ike_log_limited(engine(p)->ike, p->addr, LOG_COOP_PACKET_DROPPED,
	    ip4_str(p->addr, a), p->coop->grp->name, (unsigned)size_of(m));
}

/* Who says it to whom. */
static void
put_ends(struct coop_peer *p, const struct talk *t, unsigned answer,
    struct coop_msg *m)
{
	const struct ks_group *grp = p->coop->grp;

	m->flags = answer | (t->try.reply ? COOP_F_REPLY : 0);
	m->id_type = grp->id_type;
	m->group_id = grp->id;
	m->from = (struct coop_id){ grp->addr, p->coop->self.boot };
	m->to = (struct coop_id){ p->addr, t->to };
	m->seq = ++p->seq_out;
	str_copy(m->coop_version, COOP_VERSION, sizeof(m->coop_version));
	str_copy(m->gdoi_version, GDOI_VERSION, sizeof(m->gdoi_version));
}

static void
trace_message(struct coop_peer *p, const struct coop_msg *m, size_t len,
    const char *way)
{
	char a[IP4_STRLEN];

	gdoi_event(engine(p), TRACE_COOP, DBG_KS_COOP, DBG_EVENT, p->addr,
	    "(%s):announcement seq # %u %s %s, %zu octets%s%s",
	    p->coop->grp->name, m->seq, way, ip4_str(p->addr, a), len,
	    m->flags & COOP_F_ANSWER ? ", an answer" : "",
	    m->flags & COOP_F_REPLY ? ", reply requested" : "");
}

static void
count_sent(struct coop_peer *p, const struct coop_msg *m, size_t len)
{
	p->n.sent++;
	p->n.sent_reply += (m->flags & COOP_F_REPLY) != 0;
	p->n.bytes_sent += len;
	trace_message(p, m, len, "to");
}

static bool
put_message(struct exch *x, unsigned answer, struct isakmp_out *o)
{
	struct talk *t = x->data;
	struct coop_peer *p = t->peer;
	struct coop_msg m = { 0 };
	uint8_t *buf = engine_of(x)->buf;
	size_t room, n;

	put_ends(p, t, answer, &m);
	coop_fill(p, &m);
	isakmp_out_open(o, ISAKMP_COOP);
	room = (size_t)(o->w.end - o->w.p);
	room = room > IKE_BLOCK_MAX ? room - IKE_BLOCK_MAX : 0;
	n = coop_msg_put(&m, buf, room);
	if (n == 0) {
		log_unfit(p, &m);
		x->why = "announcement too large for a datagram";
		t->unfit = true;
	} else {
		wr_bytes(&o->w, buf, n);
		isakmp_out_close(o);
		count_sent(p, &m, n);
	}
	explicit_bzero(buf, n);
	coop_msg_free(&m);
	return n != 0;
}

static bool
send_announcement(struct exch *x, struct isakmp_out *o)
{
	struct talk *t = x->data;

	t->peer->ike = COOP_IKE_ESTABLISHED;
	t->to = t->peer->boot;
	return put_message(x, 0, o);
}

static bool
send_answer(struct exch *x, struct isakmp_out *o)
{
	return put_message(x, COOP_F_ANSWER, o);
}

/* ---- receiving ---- */

static enum exch_verdict
refuse(struct exch *x, uint16_t notify, const char *why)
{
	char a[IP4_STRLEN];

	x->notify = notify;
	x->why = why;
	gdoi_event(engine_of(x), TRACE_COOP, DBG_KS_COOP, DBG_ERROR,
	    x->sa->remote.addr, "(%u):announcement of %s refused: %s",
	    x->sa->conn_id, ip4_str(x->sa->remote.addr, a), why);
	return EX_REFUSE;
}

static enum exch_verdict
drop(struct exch *x, struct coop_peer *p, const char *why)
{
	char a[IP4_STRLEN];

	x->why = why;
	if (p != NULL)
		p->n.recv_drops++;
	gdoi_event(engine_of(x), TRACE_COOP, DBG_KS_COOP, DBG_ERROR,
	    x->sa->remote.addr, "(%u):announcement of %s dropped: %s",
	    x->sa->conn_id, ip4_str(x->sa->remote.addr, a), why);
	return EX_BAD;
}

struct coop_peer *
coop_peer_find(const struct coop *c, uint32_t addr)
{
	struct coop_peer *p;

	TAILQ_FOREACH(p, &c->peers, link)
		if (p->addr == addr)
			return p;
	return NULL;
}

static struct coop_peer *
peer_of(const struct ks_group *grp, uint32_t addr)
{
	return grp->coop == NULL ? NULL : coop_peer_find(grp->coop, addr);
}

static enum exch_verdict
unauthorized(struct exch *x, const struct ks_group *grp)
{
	char a[IP4_STRLEN], local[IP4_STRLEN];

	ike_log_limited(x->ike, x->sa->remote.addr, LOG_COOP_KS_UNAUTH,
	    ip4_str(x->sa->remote.addr, a), grp->name,
	    ip4_str(x->sa->local.addr, local));
	return refuse(x, N_AUTH_FAILED, "it is no peer of this key server");
}

/* Members can send this as well as key servers: what is not from a peer of
 * any group is not looked into. */
static enum exch_verdict
check_sender(struct exch *x)
{
	const struct ks_group *grp, *any = NULL;
	struct gdoi *g = engine_of(x);

	TAILQ_FOREACH(grp, &g->ks, link) {
		if (peer_of(grp, x->sa->remote.addr) != NULL)
			return EX_OK;
		if (grp->coop != NULL && (any == NULL ||
		    grp->addr == x->sa->local.addr))
			any = grp;
	}
	return any != NULL ? unauthorized(x, any) :
	    refuse(x, N_INVALID_ID, "no cooperative key server here");
}

/* Groups of the same number are told apart by their local addresses. Other
 * addresses than those: somebody has mistyped one. */
static struct ks_group *
find_group(struct gdoi *g, const struct coop_msg *m, uint32_t local)
{
	struct ks_group *grp = ks_find_id(g, m->id_type, m->group_id, local);

	if (grp != NULL)
		return grp;
	TAILQ_FOREACH(grp, &g->ks, link)
		if (grp->id_type == m->id_type && grp->id == m->group_id)
			break;
	return grp;
}

/* The session that a message 1 is of, or NULL and the verdict. */
static struct coop_peer *
find_session(struct exch *x, const struct coop_msg *m, enum exch_verdict *v)
{
	struct gdoi *g = engine_of(x);
	struct ks_group *grp = find_group(g, m, x->sa->local.addr);
	struct coop_peer *p;

	if (grp == NULL) {
		g->ike->stats.bad++;
		*v = refuse(x, N_INVALID_ID, "unknown group");
		return NULL;
	}
	p = peer_of(grp, x->sa->remote.addr);
	if (p == NULL || grp->addr != x->sa->local.addr) {
		*v = unauthorized(x, grp);
		return NULL;
	}
	*v = EX_OK;
	return p;
}

/* Once for each version that a peer comes with. */
static enum exch_verdict
other_version(struct exch *x, const char *version)
{
	struct gdoi *g = engine_of(x);
	const struct ks_group *grp;
	struct coop_peer *p;
	char a[IP4_STRLEN];

	TAILQ_FOREACH(grp, &g->ks, link) {
		p = peer_of(grp, x->sa->remote.addr);
		if (p == NULL)
			continue;
		p->n.recv_drops++;
		if (p->version_logged &&
		    strcmp(p->coop_version, version) == 0)
			continue;
		p->version_logged = true;
		str_copy(p->coop_version, version, sizeof(p->coop_version));
		ike_log(g->ike, LOG_COOP_KS_VER_MISMATCH, ip4_str(p->addr, a),
		    grp->name, version, COOP_VERSION);
	}
	return refuse(x, N_UNSUPPORTED_X, "other version of COOP");
}

/* Whether a number of that life was not there before and is not too far
 * behind. */
static bool
is_new(const struct coop_peer *p, const struct coop_msg *m)
{
	size_t i;

	if (m->from.boot != p->boot) {
		for (i = 0; i < NELEM(p->past); i++)
			if (p->past[i] == m->from.boot)
				return false;
		return true;
	}
	if (m->seq > p->seq_in)
		return true;
	return p->seq_in - m->seq < COOP_WINDOW &&
	    !(p->window[m->seq / 64 % NELEM(p->window)] >> m->seq % 64 & 1);
}

static void
note_seq(struct coop_peer *p, const struct coop_msg *m)
{
	uint32_t s;

	if (m->from.boot != p->boot) {
		p->past[p->npast++ % NELEM(p->past)] = p->boot;
		p->boot = m->from.boot;
		p->seq_in = 0;
		memset(p->window, 0, sizeof(p->window));
	}
	if (m->seq > p->seq_in && m->seq - p->seq_in >= COOP_WINDOW)
		memset(p->window, 0, sizeof(p->window));
	else
		for (s = p->seq_in; s < m->seq; s++)
			p->window[(s + 1) / 64 % NELEM(p->window)] &=
			    ~(UINT64_C(1) << (s + 1) % 64);
	p->window[m->seq / 64 % NELEM(p->window)] |=
	    UINT64_C(1) << m->seq % 64;
	if (m->seq > p->seq_in)
		p->seq_in = m->seq;
}

/* NULL, or why an authentic message of the right group is not taken. */
static const char *
misfit(const struct exch *x, const struct coop_peer *p,
    const struct coop_msg *m)
{
	if (!(m->flags & COOP_F_ANSWER) == x->initiator)
		return "an announcement instead of an answer, or reverse";
	if (m->from.addr != x->sa->remote.addr ||
	    m->to.addr != x->sa->local.addr)
		return "its addresses are not those of the SA";
	if (m->from.boot == 0 || m->from.boot == p->coop->self.boot)
		return "it is from nobody, or from ourselves";
	return NULL;
}

static void
count_received(struct coop_peer *p, const struct coop_msg *m, size_t len)
{
	p->n.recv++;
	p->n.recv_reply += (m->flags & COOP_F_REPLY) != 0;
	p->n.bytes_recv += len;
	trace_message(p, m, len, "from");
}

static enum exch_verdict
seq_failure(struct exch *x, struct coop_peer *p, const struct coop_msg *m)
{
	char a[IP4_STRLEN];

	ike_log_limited(x->ike, p->addr, LOG_COOP_ANN_SEQ_FAILURE,
	    p->coop->grp->name, ip4_str(p->addr, a), m->seq, p->seq_in);
	return drop(x, p, "its sequence number was there before");
}

/* Of a peer's session. What is not for this life of ours is answered only. */
static enum exch_verdict
take(struct exch *x, struct coop_peer *p, const struct coop_msg *m,
    size_t len)
{
	bool ours = m->to.boot == p->coop->self.boot;
	const char *bad = misfit(x, p, m);
	struct talk *t = x->data;

	if (bad == NULL && !ours && x->initiator)
		bad = "it answers somebody else";
	if (bad != NULL)
		return drop(x, p, bad);
	if (ours && !is_new(p, m))
		return seq_failure(x, p, m);
	count_received(p, m, len);
	if (!x->initiator) {
		t = x->data = xcalloc(1, sizeof(*t));
		t->peer = p;
		t->to = m->from.boot;
	} else if (t->to != m->from.boot) { /* it took nothing of ours */
		p->again = true;
		p->again_reply |= t->try.reply;
	}
	if (!ours)
		return EX_OK;
	note_seq(p, m);
	p->ike = COOP_IKE_ESTABLISHED;
	coop_answered(p);
	coop_receive(p, m);
	return EX_OK;
}

static enum exch_verdict
got_message(struct exch *x, const struct isakmp_msg *im)
{
	const struct isakmp_pl *pl = isakmp_find(im, ISAKMP_COOP, 0);
	struct talk *t = x->data;
	struct coop_peer *p = x->initiator ? t->peer : NULL;
	enum exch_verdict v = x->initiator ? EX_OK : check_sender(x);
	const struct ks_group *grp;
	struct coop_msg m;
	bool other = false;
	const char *bad;

	if (v != EX_OK)
		return v;
	bad = coop_msg_get(pl->body, pl->len, &m, &other);
	if (bad == NULL && !other && !x->initiator)
		p = find_session(x, &m, &v);
	if (bad != NULL && !other)
		return drop(x, p, bad);
	if (other) {
		v = other_version(x, m.coop_version);
	} else if (v == EX_OK) {
		grp = p->coop->grp;
		v = m.id_type != grp->id_type || m.group_id != grp->id ?
		    drop(x, p, "it is of another group") :
		    take(x, p, &m, pl->len);
	}
	coop_msg_free(&m);
	return v;
}

/* ---- sessions ---- */

static void
set_repeats(const struct coop_peer *p, struct exch *x, unsigned repeats)
{
	unsigned ms = p->coop->retransmit * 1000;

	x->retry_max = ms < REPEAT_MS ? ms : REPEAT_MS;
	x->tries_max = repeats;
}

static void
begin(struct coop_peer *p, struct coop_try try)
{
	struct ks_group *grp = p->coop->grp;
	struct udp_addr local = { grp->addr, ISAKMP_PORT };
	struct udp_addr remote = { p->addr, ISAKMP_PORT };
	struct talk *t = xcalloc(1, sizeof(*t));
	char profile[CONF_NAME];

	timer_clear(&grp->g->ike->timers, &p->timer);
	p->again = p->again_reply = false;
	t->peer = p;
	t->try = try;
	ike_profile_of(grp->g->ike, local.addr, remote.addr, profile);
	p->exch = ike_start(grp->g->ike, local, remote, profile,
	    &coop_exchange, t);
	set_repeats(p, p->exch, REPEATS);
	if (p->exch->old_sa)
		return;
	t->try.new_sa = true;
	p->ike = COOP_IKE_IN_PROGRESS;
	set_repeats(p, p->exch->sa->main, PHASE1_REPEATS);
}

static void
begin_next(void *arg)
{
	struct coop_peer *p = arg;

	if (p->exch == NULL)
		begin(p, p->next);
}

/* In another exchange, maybe another SA; not before the last message of its
 * phase 1 has come there. */
static void
begin_later(struct coop_peer *p, struct coop_try try)
{
	struct gdoi *g = engine(p);

	p->next = try;
	p->next.reply |= p->again_reply;
	timer_set(&g->ike->timers, &p->timer, gdoi_now(g) + OVERTAKE_MS,
	    begin_next, p);
}

static void
cancel(struct coop_peer *p)
{
	if (p->exch == NULL)
		return;
	((struct talk *)p->exch->data)->peer = NULL;
	exch_cancel(p->exch);
	p->exch = NULL;
}

void
coop_send(struct coop_peer *p, bool want_reply)
{
	struct talk *t;

	if (p->exch != NULL &&
	    p->exch->sa->local.addr != p->coop->grp->addr)
		cancel(p); /* we have moved */
	if (p->exch == NULL && p->timer.pos != 0 && !p->coop->leaving) {
		p->next.reply |= want_reply;
	} else if (p->exch == NULL) {
		begin(p, (struct coop_try){ .reply = want_reply });
	} else if (p->exch->started) {
		p->again = true;
		p->again_reply |= want_reply;
	} else {
		t = p->exch->data;
		t->try.reply |= want_reply;
	}
}

static void
answered(struct exch *x)
{
	struct talk *t = x->data;
	struct coop_peer *p = t->peer;

	t->peer = NULL;
	if (!x->initiator || p == NULL)
		return;
	p->exch = NULL;
	if (p->again)
		begin(p, (struct coop_try){ .reply = p->again_reply });
}

/* Silence: not a word about the peer before a new SA was tried. True: there
 * is another exchange; the SA may have to go for it. Not one that somebody
 * says is lost, who may lie: it is passed over until something comes under it.
 * Nor one under which the peer speaks: others need it, and what does not
 * please the peer there will not in a new one. */
static bool
try_again(const struct exch *x, struct coop_try *try, bool *drop_sa)
{
	const struct ike_sa *sa = x->sa;
	bool usable = !sa->dead && !sa->doubtful;
	bool last = try->new_sa || sa->last_heard >= x->sent;

	*drop_sa = false;
	if (sa->state != IKE_IDLE || x->notify != 0)
		return false;
	if (usable && ++try->rounds < (last ? NEW_ROUNDS : OLD_ROUNDS))
		return true;
	if (usable && last)
		return false;
	*drop_sa = usable;
	try->new_sa = false;
	try->rounds = 0;
	return ++try->restarts <= RESTARTS_MAX;
}

/* It was heard of once, and by nobody any more. */
static bool
is_dead(const struct coop_peer *p)
{
	int i = coop_view_find(p->coop, p->addr);

	return i >= 0 && !coop_view_alive(p->coop, i);
}

static void
unanswered(struct exch *x, const char *why)
{
	struct talk *t = x->data;
	struct coop_peer *p = x->initiator ? t->peer : NULL;
	char a[IP4_STRLEN], status[160];
	struct coop_try try;
	bool drop_sa;

	if (p == NULL)
		return;
	p->exch = NULL;
	t->peer = NULL;
	gdoi_event(engine(p), TRACE_COOP, DBG_KS_COOP, DBG_ERROR, p->addr,
	    "(%s):announcement to %s failed: %s", p->coop->grp->name,
	    ip4_str(p->addr, a), why);
	if (t->unfit)
		return;
	try = t->try;
	if (try_again(x, &try, &drop_sa)) {
		/* one that lives no more is named before the last attempt */
		if (is_dead(p))
			coop_unanswered(p, x->sa->state == IKE_IDLE ?
			    "Established, no answer" : "In Progress");
		begin_later(p, try);
		if (drop_sa)
			ike_sa_delete(x->sa, false, "no answer under it");
		return;
	}
	p->n.sent_drops++;
	p->again = p->again_reply = false; /* the next one says it */
	if (x->sa->state != IKE_IDLE)
		p->ike = COOP_IKE_FAILED;
	if (x->notify == N_AUTH_FAILED && x->sa->state == IKE_IDLE)
		why = "there this key server is no peer of the group";
	snprintf(status, sizeof(status), "%s, %s",
	    p->ike == COOP_IKE_FAILED ? "Failed" : "Established", why);
	coop_unanswered(p, status);
}

static void
release(struct exch *x)
{
	free(x->data);
}

struct coop_peer *
coop_peer_add(struct coop *c, uint32_t addr)
{
	struct gdoi *g = c->grp->g;
	struct coop_peer *p;
	char a[IP4_STRLEN];
	unsigned n = 0;

	TAILQ_FOREACH(p, &c->peers, link)
		n++;
	ip4_str(addr, a);
	if (n >= COOP_PEERS_MAX) {
		ike_log_limited(g->ike, addr, LOG_COOP_LIMIT_REACHED,
		    COOP_PEERS_MAX, c->grp->name, a);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->coop = c;
	p->addr = addr;
	p->handle = ++g->handles;
	p->seq_out = c->seq_base;
	TAILQ_INSERT_TAIL(&c->peers, p, link);
	ike_log(g->ike, LOG_COOP_KS_ADD, a, c->grp->name);
	return p;
}

/* The group goes: its last word is said now, once, or not at all. */
static void
say_farewell(struct coop_peer *p)
{
	if (!p->coop->leaving || p->exch == NULL)
		return;
	if (p->exch->started && p->again) {
		cancel(p);
		begin(p, (struct coop_try){ 0 });
	}
	if (p->exch->old_sa && !p->exch->started)
		exch_begin(p->exch);
}

void
coop_peer_remove(struct coop_peer *p)
{
	struct coop *c = p->coop;
	struct gdoi *g = c->grp->g;
	char a[IP4_STRLEN];

	say_farewell(p);
	cancel(p);
	timer_clear(&g->ike->timers, &p->timer);
	/* it may come back, in the same life of ours */
	if (c->seq_base < p->seq_out)
		c->seq_base = p->seq_out;
	TAILQ_REMOVE(&c->peers, p, link);
	ike_log(g->ike, LOG_COOP_KS_REMOVE, ip4_str(p->addr, a),
	    c->grp->name);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

/* ---- SAs that come and go ---- */

static void
session_sa_changed(struct coop_peer *p, const struct ike_sa *sa)
{
	const struct talk *t;
	struct exch *x = p->exch;

	if (!sa->dead) {
		p->ike = COOP_IKE_ESTABLISHED;
		/* the peer was faster with phase 1 than we are */
		if (x != NULL && !x->started && x->sa != sa &&
		    x->sa->state != IKE_IDLE) {
			t = x->data;
			begin_later(p, t->try);
			cancel(p);
		}
	} else if (!ike_has_sa(sa->ike, sa->local, sa->remote)) {
		p->ike = COOP_IKE_UNINITIALISED;
		/* a peer that has started anew is told at once what it does
		 * not know any more, and one that is away is found out */
		if (x == NULL && p->timer.pos == 0)
			begin_later(p, (struct coop_try){ 0 });
	}
}

void
coop_sa_changed(struct ike_sa *sa)
{
	struct gdoi *g = sa->ike->env.arg;
	struct ks_group *grp;
	struct coop_peer *p;

	TAILQ_FOREACH(grp, &g->ks, link)
		if (grp->addr == sa->local.addr &&
		    (p = peer_of(grp, sa->remote.addr)) != NULL)
			session_sa_changed(p, sa);
}

/* ---- the exchange ---- */

static const struct exch_step coop_init[] = {
	{ .send = send_announcement, .flags = SEND_ENC | SEND_HASH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_COOP), .handle = got_message,
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};

static const struct exch_step coop_resp[] = {
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_COOP), .handle = got_message,
	    .send = send_answer, .flags = STEP_ENC | STEP_HASH | SEND_ENC |
	    SEND_HASH | STEP_LAST },
};

const struct exch_type coop_exchange = {
	.name = "COOP",
	.number = GDOI_X_COOP,
	.init = coop_init,
	.resp = coop_resp,
	.done = answered,
	.failed = unanswered,
	.release = release,
	.debug_init = DBG_KS_COOP,
	.debug_resp = DBG_KS_COOP,
	.linger = LINGER_FOR_MS,
	.keep = KEEP,
};
