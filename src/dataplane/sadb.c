/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group policies and TEKs in process fwd, as process ike tells them: install,
 * replace, expire, and which TEK of several is sent with.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/ipdebug.h"

/* Not sent with in its last 30 seconds, even by who comes then: the others
 * have left it. */
#define SAME_END_MS 1000

struct group *
group_find(const struct fwd *f, const char *name)
{
	struct group *g;

	for (g = f->groups; g != NULL; g = g->next) {
		if (strcmp(g->name, name) == 0)
			return g;
	}
	return NULL;
}

/* Names of GDOI groups hold no blank. */
static uint8_t
kind_of(const char *name)
{
	if (strchr(name, ' ') == NULL)
		return GROUP_GDOI;
	return strncmp(name, "map ", 4) == 0 ? GROUP_MAP : GROUP_TUNNEL;
}

struct group *
group_get(struct fwd *f, const char *name)
{
	struct group *g = group_find(f, name), **end = &f->groups;

	if (g != NULL)
		return g;
	g = xcalloc(1, sizeof(*g));
	str_copy(g->name, name, sizeof(g->name));
	g->kind = kind_of(name);
	while (*end != NULL)
		end = &(*end)->next;
	*end = g;
	return g;
}

/* ---- policy ---- */

static void
policy_free(struct ref *r)
{
	struct policy *p = (struct policy *)(void *)r;
	uint32_t i;

	for (i = 0; i < p->n; i++)
		ref_put(p->stats[i]);
	ref_put(p->list);
	classifier_free(p->all);
	classifier_free(p->downloaded);
	classifier_free(p->locals);
	free(p->aces);
	free(p->sa_of);
	free(p->local);
	free(p->stats);
	free(p->index);
	free(p);
}

static bool
entry_equal(const struct ace *a, const struct ace *b)
{
	struct wr wa, wb;
	uint8_t bufa[64], bufb[64];

	wa = wr_of(bufa, sizeof(bufa));
	wb = wr_of(bufb, sizeof(bufb));
	ace_put(&wa, a);
	ace_put(&wb, b);
	return wr_ok(&wa) && wr_len(&wa) == wr_len(&wb) &&
	    memcmp(bufa, bufb, wr_len(&wa)) == 0;
}

/* Counters stay with an entry that stands in the policy before at the same
 * place or, when lines were added or removed, a little further on. */
static struct stats *
stats_for(const struct policy *old, uint32_t *at, const struct ace *ace)
{
	uint32_t i;

	for (i = *at; old != NULL && i < old->n && i < *at + 16; i++) {
		if (entry_equal(&old->aces[i], ace)) {
			*at = i + 1;
			return ref_get(old->stats[i]);
		}
	}
	return stats_new();
}

static void *
copy_of(const void *data, size_t size)
{
	void *p = xcalloc(1, size + 1);

	if (size > 0)
		memcpy(p, data, size);
	return p;
}

struct policy *
policy_new(const struct sa_policy *src, const struct policy *old)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	struct ace *down, *locals;
	uint32_t i, n = 0, n_locals = 0, at = 0;

	p->ref = (struct ref){ 1, policy_free };
	p->gm_addr = src->gm_addr;
	p->ks_addr = src->ks_addr;
	p->direction = src->direction;
	p->reverted = src->reverted;
	p->sync_errors = src->sync_errors;
	p->n = src->n;
	p->aces = copy_of(src->aces, src->n * sizeof(*p->aces));
	p->sa_of = copy_of(src->sa_of, src->n * sizeof(*p->sa_of));
	p->local = copy_of(src->local, src->n);
	p->stats = xcalloc(src->n + 1, sizeof(*p->stats));
	p->index = xcalloc(src->n + 1, sizeof(*p->index));
	down = xcalloc(src->n + 1, sizeof(*down));
	locals = xcalloc(src->n + 1, sizeof(*locals));
	for (i = 0; i < src->n; i++) {
		p->stats[i] = stats_for(old, &at, &src->aces[i]);
		if (src->local[i]) {
			/* the list begins with them: the same index */
			locals[n_locals++] = src->aces[i];
			continue;
		}
		p->index[n] = i;
		down[n++] = src->aces[i];
	}
	p->all = classifier_new(p->aces, p->n);
	p->downloaded = classifier_new(down, n);
	p->locals = classifier_new(locals, n_locals);
	free(down);
	free(locals);
	return p;
}

static void
policy_set(struct fwd *f, const struct sa_policy *src)
{
	struct group *g = group_get(f, src->group);
	struct policy *new;

	if (g->kind != GROUP_GDOI) {
		pair_policy(g, src);
		return;
	}
	new = policy_new(src, g->policy);
	ref_put(g->policy);
	g->policy = new;
}

/* ---- TEKs ---- */

static void
sa_free(struct ref *r)
{
	struct sa *sa = (struct sa *)(void *)r;

	crypto_sa_free(sa->crypto);
	replay_free(sa->replay);
	free(sa->win_bits);
	free(sa);
}

static void
sa_life(struct fwd *f, struct sa *sa, uint32_t life_ms)
{
	uint64_t end = f->io.now(f->arg) + life_ms;

	/* Said again with the same end: in its last seconds that would have
	 * it sent with once more, when the others may not have it. */
	if (sa->expires != 0 && end + SAME_END_MS > sa->expires &&
	    end < sa->expires + SAME_END_MS)
		return;
	sa->expires = end;
}

/*
 * A TEK that is taken away and comes again (an interface goes down and up,
 * `clear crypto sa`) is the same TEK to all others: its numbers go on, or
 * they would be replays. Those of counter modes begin anew with their SID;
 * between two routers the number is the IV.
 */
static void
seq_keep(struct fwd *f, struct sa *sa)
{
	struct kept_seq *k = &f->seqs[f->n_seqs];

	if (sid_is_used(sa) || sa->way == SA_WAY_IN)
		return;
	ref_put(k->sa);
	k->spi = sa->spi;
	k->seq = UINT32_MAX; /* the worker may still send with it */
	k->sa = ref_get(sa);
	f->n_seqs = (f->n_seqs + 1) % SEQS_KEPT;
}

void
seqs_settle(struct fwd *f)
{
	struct kept_seq *k;

	for (k = f->seqs; k < f->seqs + SEQS_KEPT; k++) {
		if (k->sa == NULL)
			continue;
		k->seq = __atomic_load_n(&k->sa->seq, __ATOMIC_RELAXED);
		ref_put(k->sa);
		k->sa = NULL;
	}
}

static uint32_t
seq_first(const struct fwd *f, const struct sa_tek *t)
{
	uint32_t seq = t->seq_base;
	unsigned i;

	for (i = 0; i < SEQS_KEPT; i++)
		if (f->seqs[i].spi == t->spi && f->seqs[i].seq > seq)
			seq = f->seqs[i].seq;
	return seq;
}

static struct sa *
sa_new(struct fwd *f, const struct sa_tek *t)
{
	struct sa *sa = xcalloc(1, sizeof(*sa));
	uint64_t key;

	sa->ref = (struct ref){ 1, sa_free };
	sa->spi = t->spi;
	sa->mode = t->mode;
	sa->way = t->way;
	sa->conn_id = f->next_conn;
	/* both ways have one: inbound, outbound */
	f->next_conn += sa->way == SA_WAY_BOTH ? 2 : 1;
	sa->sa_index = t->sa_index;
	sa->transform = t->transform;
	sa->replay_method = t->replay;
	sa->window = t->window;
	if (sid_is_used(sa) && sid_first(f, t)) {
		sa->sid = t->sid;
		sa->sid_bits = t->sid_bits;
	}
	sa->seq = sid_is_used(sa) ? t->seq_base : seq_first(f, t);
	sa->iv_len = (uint8_t)esp_iv_len(&t->transform);
	sa->icv_len = (uint8_t)esp_icv_len(&t->transform);
	sa->block = (uint8_t)esp_block_len(&t->transform);
	sa->extra = t->replay == REPLAY_TIME ? TBAR_LEN : 0;
	sa->pseudotime = t->pseudotime;
	f->io.random(f->arg, &key, sizeof(key));
	if (sa->mode != SA_GROUP)
		pair_sa_new(f, sa, t);
	else if (t->replay == REPLAY_COUNTER)
		sa->replay = replay_new(t->window, key);
	sa->crypto = crypto_sa_new(t);
	if (sa->crypto == NULL) {
		sa_free(&sa->ref);
		return NULL;
	}
	sa_life(f, sa, t->life_ms);
	if (t->send_after_ms != 0)
		sa->send_at = f->io.now(f->arg) + t->send_after_ms;
	return sa;
}

/* As IOS tells of them. */
static void
debug_sa(const char *what, const struct group *g, const struct sa *sa)
{
	char text[64];

	debug(DBG_IPSEC, DBG_EVENT, 0, "(%s), group %s, sa_proto= 50,"
	    " sa_spi= 0x%08X(%u), sa_trans= %s, sa_conn_id= %u", what,
	    g->name, sa->spi, sa->spi, esp_transform_str(&sa->transform, text),
	    sa->conn_id);
}

/* Has the group such SAs. */
static bool
sa_fits(const struct group *g, const struct sa_tek *t)
{
	if (g->kind == GROUP_GDOI)
		return t->mode == SA_GROUP && t->way == SA_WAY_BOTH;
	return t->mode != SA_GROUP && t->way != SA_WAY_BOTH &&
	    t->replay != REPLAY_TIME && t->local != 0 && t->remote != 0 &&
	    (t->encap_local == 0) == (t->encap_remote == 0);
}

static void
set_doubted(struct sa *sa, bool doubted)
{
	__atomic_store_n(&sa->doubted, doubted, __ATOMIC_RELAXED);
}

static void
sa_add(struct fwd *f, const struct sa_tek *t)
{
	struct group *g = group_get(f, t->group);
	struct sa **end;

	if (!sa_fits(g, t)) {
		debug(DBG_IPSEC, DBG_ERROR, 0, "(create_sa): SA 0x%08X does"
		    " not fit group %s", t->spi, t->group);
		return;
	}
	for (end = &g->sas; *end != NULL; end = &(*end)->next) {
		if ((*end)->spi == t->spi && (*end)->way == t->way) {
			sa_life(f, *end, t->life_ms);
			set_doubted(*end, false);
			__atomic_store_n(&(*end)->sa_index, t->sa_index,
			    __ATOMIC_RELAXED);
			sid_offer(f, *end, t);
			__atomic_store_n(&(*end)->pseudotime, t->pseudotime,
			    __ATOMIC_RELAXED);
			if (t->mode != SA_GROUP)
				pair_sa_again(*end, t);
			return;
		}
	}
	if (t->spi == 0 || t->life_ms == 0)
		return;
	if ((*end = sa_new(f, t)) == NULL) {
		debug(DBG_IPSEC, DBG_ERROR, 0, "(create_sa): SA 0x%08X of"
		    " group %s cannot be made", t->spi, t->group);
		return;
	}
	(*end)->group = g;
	if (t->mode != SA_GROUP)
		pair_sa_added(*end);
	debug(DBG_ENGINE, DBG_EVENT, 0, "keys of SA 0x%08X set: cipher %u"
	    " octets, hash %u octets", t->spi,
	    (unsigned)esp_key_len(&t->transform),
	    (unsigned)esp_auth_key_len(&t->transform));
	debug_sa("create_sa): sa created, (sa", g, *end);
}

static bool
is_named(const struct sa *sa, uint32_t spi, uint8_t way)
{
	return spi != 0 && sa->spi == spi &&
	    (way == SA_WAY_BOTH || sa->way == way);
}

/* Takes SAs out; the snapshot still holds them until it is replaced. */
static bool
sa_remove(struct fwd *f, struct group *g, uint32_t spi, uint8_t way,
    uint64_t expired_at)
{
	uint64_t now = f->io.now(f->arg);
	struct sa **at = &g->sas, *sa;
	bool any = false;

	while ((sa = *at) != NULL) {
		if (is_named(sa, spi, way) || sa->expires <= expired_at) {
			*at = sa->next;
			debug_sa(spi == 0 && expired_at != UINT64_MAX ?
			    "lifetime_expiry): SA expired, (sa" :
			    "delete_sa): deleting SA, (sa", g, sa);
			if (sa->expires > now)
				seq_keep(f, sa);
			pair_sa_removed(sa);
			ref_put(sa);
			any = true;
		} else {
			at = &sa->next;
		}
	}
	return any;
}

void
sa_end(struct fwd *f, struct group *g, uint32_t spi, uint8_t way)
{
	if (sa_remove(f, g, spi, way, 0))
		snap_publish(f);
}

/* Until when an SA is sent with when next is there too: until that one is
 * to be used, else until its own end is near. */
static uint64_t
until(const struct sa *sa, const struct sa *next)
{
	if (next == NULL || next->send_at == 0)
		return sa->expires > SA_STOP_SENDING_MS ?
		    sa->expires - SA_STOP_SENDING_MS : 0;
	return next->send_at < sa->expires ? next->send_at : sa->expires;
}

/* Of which the TEK to send with is one. */
struct choice {
	uint16_t sa_index;
	uint64_t now;
	bool able; /* something can be sent with it */
	bool sure; /* the process ike that is there has named it */
};

static struct sa *
next_of(struct sa *sa, const struct choice *c)
{
	while (sa != NULL && (sa->sa_index != c->sa_index ||
	    sa->expires <= c->now || (c->able && !sid_ready(sa)) ||
	    (c->sure && sa->doubted)))
		sa = sa->next;
	return sa;
}

/* No number is left that a receiver would take. With sender identifiers
 * they begin anew with each. */
static bool
is_used_up(const struct sa *sa)
{
	return sa->replay_method == REPLAY_COUNTER && !sid_is_used(sa) &&
	    __atomic_load_n(&sa->seq, __ATOMIC_RELAXED) == UINT32_MAX;
}

static struct sa *
choose(const struct group *g, const struct choice *c, uint64_t *change)
{
	struct sa *sa = next_of(g->sas, c), *next;

	for (; sa != NULL; sa = next) {
		next = next_of(sa->next, c);
		if (c->now < until(sa, next) && !is_used_up(sa)) {
			if (until(sa, next) < *change)
				*change = until(sa, next);
			return sa;
		}
		if (next == NULL)
			return sa;
	}
	return NULL;
}

/* Of a GDOI group: the oldest TEK with enough life left, for the others need
 * time to get the new one before it is used. When none has, the newest. Those
 * that are doubted are a choice only when there are no others: then what was
 * sent with goes on, since all are doubted for the moment in which a new
 * process ike names them one by one. Those without a sender identifier where
 * one is needed are the last choice. change: the earliest time at which the
 * answer may be another one. */
struct sa *
sa_outbound(const struct group *g, uint16_t sa_index, uint64_t now,
    uint64_t *change)
{
	struct choice c = { .sa_index = sa_index, .now = now };
	struct sa *sa = NULL;

	for (unsigned i = 0; i < 4 && sa == NULL; i++) {
		c.able = i < 2;
		c.sure = i % 2 == 0;
		sa = choose(g, &c, change);
	}
	return sa;
}

static void
doubt(struct fwd *f, const char *name)
{
	const struct group *g;
	struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next) {
		if (g->kind == GROUP_GDOI ? strcmp(g->name, name) != 0 :
		    name[0] != '\0')
			continue;
		for (sa = g->sas; sa != NULL; sa = sa->next)
			set_doubted(sa, true);
	}
}

/* What the configuration says of an entry of a map stays. */
static void
policy_end(struct group *g)
{
	if (g->kind != GROUP_GDOI) {
		pair_policy(g, NULL);
		return;
	}
	ref_put(g->policy);
	g->policy = NULL;
}

void
fwd_sa(struct fwd *f, const struct sa_change *c)
{
	struct group *g;

	/* of a new process ike, or about other entries */
	f->use_anew |= c->type != SA_ADD && c->type != SA_DEL;
	switch (c->type) {
	case SA_POLICY:
		policy_set(f, &c->policy);
		break;
	case SA_ADD:
		sa_add(f, &c->tek);
		break;
	case SA_DEL:
		if ((g = group_find(f, c->del.group)) != NULL)
			(void)sa_remove(f, g, c->del.spi, c->del.way, 0);
		break;
	case SA_FLUSH:
		if ((g = group_find(f, c->del.group)) != NULL) {
			(void)sa_remove(f, g, 0, 0, UINT64_MAX);
			policy_end(g);
		}
		break;
	case SA_DOUBT:
		doubt(f, c->del.group);
		break;
	default:
		return;
	}
	snap_publish(f);
}

static uint64_t
next_expiry(const struct fwd *f)
{
	uint64_t next = f->next_change;
	const struct group *g;
	const struct sa *sa;

	for (g = f->groups; g != NULL; g = g->next) {
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			if (sa->expires < next)
				next = sa->expires;
		}
	}
	return next;
}

uint64_t
fwd_timeout(struct fwd *f)
{
	uint64_t now = f->io.now(f->arg), next, ping, nat, qos, gre,
	    debug;
	struct group *g;
	bool changed = now >= f->next_change;

	fwd_events_run(f);
	for (g = f->groups; g != NULL; g = g->next)
		changed |= sa_remove(f, g, 0, 0, now);
	if (changed)
		snap_publish(f);
	ping = ping_timeout(f, now);
	nat = nat_timeout(f, now);
	gre = gre_timeout(f, now);
	/* a ping that was answered inside has left its answer in the ring */
	if (f->w.ev_tail != __atomic_load_n(&f->w.ev_head, __ATOMIC_ACQUIRE))
		return now;
	next = pair_idle_run(f, now, next_expiry(f));
	next = pair_look_run(f, now, next);
	next = use_run(f, now, next);
	next = nat < next ? nat : next;
	debug = ipdebug_timeout(f, now);
	next = debug < next ? debug : next;
	qos = qos_timeout(f, now);
	next = qos < next ? qos : next;
	next = gre < next ? gre : next;
	return ping < next ? ping : next;
}

void
sadb_free(struct fwd *f)
{
	struct group *g;

	while ((g = f->groups) != NULL) {
		f->groups = g->next;
		(void)sa_remove(f, g, 0, 0, UINT64_MAX);
		ref_put(g->policy);
		pair_end(g);
		free(g);
	}
	seqs_settle(f);
}
