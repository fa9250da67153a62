/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ISAKMP engine: table of phase-1 SAs, dispatch of datagrams to their
 * exchanges. Runs in process ike.
 *
 * Nothing is freed while a datagram or a timer is handled: what ends is
 * marked dead and taken out of the tables; ike_reap() frees it afterwards.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

uint64_t
ike_now(struct ike *ike)
{
	return ike->env.now(ike->env.arg);
}

void
ike_random(struct ike *ike, void *p, size_t len)
{
	ike->env.random(ike->env.arg, p, len);
}

/* ---- log ---- */

void
ike_log(struct ike *ike, enum log_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	ike->env.log(ike->env.arg, id, ap);
	va_end(ap);
}

#define LIMIT_MS 60000
#define LIMIT_PER_SECOND 20

void
ike_log_limited(struct ike *ike, uint32_t key, enum log_id id, ...)
{
	size_t slot = (key * 2654435761u ^ (unsigned)id * 40503u) %
	    NELEM(ike->limits);
	uint64_t now = ike_now(ike);
	va_list ap;

	if (ike->limits[slot].until > now && ike->limits[slot].key == key &&
	    ike->limits[slot].id == id)
		return;
	if (ike->limit_second != now / 1000) {
		ike->limit_second = now / 1000;
		ike->limit_count = 0;
	}
	if (++ike->limit_count > LIMIT_PER_SECOND)
		return;
	ike->limits[slot].until = now + LIMIT_MS;
	ike->limits[slot].key = key;
	ike->limits[slot].id = id;
	va_start(ap, id);
	ike->env.log(ike->env.arg, id, ap);
	va_end(ap);
}

void
ike_bad(struct ike *ike, uint32_t from, const char *why)
{
	char a[IP4_STRLEN];

	ike->stats.bad++;
	debug(DBG_ISAKMP, DBG_ERROR, from, "(0):message from %s dropped: %s",
	    ip4_str(from, a), why);
	ike_log_limited(ike, from, LOG_IKMP_BAD_MESSAGE, ip4_str(from, a));
}

const char *
ike_state_name(const struct ike_sa *sa)
{
	static const char *const names[] = { "MM_NO_STATE", "MM_SA_SETUP",
		"MM_KEY_EXCH", "MM_KEY_AUTH", "AG_NO_STATE", "AG_INIT_EXCH",
		"AG_AUTH" };

	return sa->state == IKE_IDLE ? sa->ike->doi->idle : names[sa->state];
}

/* ---- the table of SAs ---- */

static unsigned
bucket_of(const uint8_t *icookie)
{
	return (icookie[0] | icookie[1] << 8) % IKE_BUCKETS;
}

static struct ike_sa *
find_sa(struct ike *ike, const struct isakmp_hdr *h)
{
	struct ike_sa *sa;

	LIST_FOREACH(sa, &ike->buckets[bucket_of(h->icookie)], bucket)
		if (memcmp(sa->icookie, h->icookie, sizeof(h->icookie)) == 0 &&
		    memcmp(sa->rcookie, h->rcookie, sizeof(h->rcookie)) == 0)
			return sa;
	return NULL;
}

/* A first message that we have answered before; the responder's cookie is
 * not in it. */
static struct ike_sa *
find_responder(struct ike *ike, const struct isakmp_hdr *h,
    struct udp_addr from)
{
	struct ike_sa *sa;

	LIST_FOREACH(sa, &ike->buckets[bucket_of(h->icookie)], bucket)
		if (!sa->initiator && sa->remote.addr == from.addr &&
		    (sa->remote.port == from.port ||
		    sa->remote_port == from.port) &&
		    memcmp(sa->icookie, h->icookie, sizeof(h->icookie)) == 0)
			return sa;
	return NULL;
}

/* Our own messages, thrown back at us. */
static bool
is_own_cookie(struct ike *ike, const struct isakmp_hdr *h)
{
	const struct ike_sa *sa;

	LIST_FOREACH(sa, &ike->buckets[bucket_of(h->icookie)], bucket)
		if (sa->initiator && memcmp(sa->icookie, h->icookie,
		    sizeof(h->icookie)) == 0)
			return true;
	return false;
}

/* The answer to our first message: we do not know the other cookie yet. */
static struct ike_sa *
find_waiting(struct ike *ike, const struct isakmp_hdr *h)
{
	static const uint8_t zero[ISAKMP_COOKIE_LEN];
	struct ike_sa *sa;

	LIST_FOREACH(sa, &ike->buckets[bucket_of(h->icookie)], bucket)
		if (sa->initiator &&
		    memcmp(sa->icookie, h->icookie, sizeof(h->icookie)) == 0 &&
		    memcmp(sa->rcookie, zero, sizeof(zero)) == 0)
			return sa;
	return NULL;
}

static void
sa_expired(void *arg)
{
	struct ike_sa *sa = arg;

	ike_sa_delete(sa, sa->state == IKE_IDLE, "lifetime is over");
}

void
ike_sa_set_expiry(struct ike_sa *sa, uint64_t at)
{
	/* not while the Delete of who began it is on its way */
	unsigned wait = sa->established != 0 && !sa->initiator ?
	    DELETE_TRAVELS_MS : 0;

	sa->expires = at;
	timer_set(&sa->ike->timers, &sa->expire, at + wait, sa_expired, sa);
}

struct ike_sa *
ike_sa_new(struct ike *ike, bool initiator, struct udp_addr local,
    struct udp_addr remote)
{
	struct ike_sa *sa = xcalloc(1, sizeof(*sa));

	sa->ike = ike;
	sa->initiator = initiator;
	sa->local = local;
	sa->remote = remote;
	sa->remote_port = remote.port;
	sa->conn_id = (*ike->conn_ids)++;
	sa->created = sa->last_heard = ike_now(ike);
	TAILQ_INIT(&sa->exchs);
	ike_random(ike, initiator ? sa->icookie : sa->rcookie,
	    ISAKMP_COOKIE_LEN);
	(initiator ? sa->icookie : sa->rcookie)[0] |= 1; /* never all zero */
	TAILQ_INSERT_TAIL(&ike->sas, sa, link);
	ike->nsas++;
	if (!initiator) {
		TAILQ_INSERT_TAIL(&ike->half, sa, half);
		ike->stats.half_open++;
	}
	return sa;
}

/* Into the bucket of its initiator's cookie. */
void
ike_sa_rehash(struct ike_sa *sa)
{
	LIST_INSERT_HEAD(&sa->ike->buckets[bucket_of(sa->icookie)], sa,
	    bucket);
}

static void
no_longer_half_open(struct ike_sa *sa)
{
	if (sa->initiator || sa->state == IKE_IDLE)
		return;
	TAILQ_REMOVE(&sa->ike->half, sa, half);
	sa->ike->stats.half_open--;
	if (ike_unproven(sa))
		sa->ike->stats.unproven--;
}

static void
sa_free(struct ike_sa *sa)
{
	struct exch *x;

	if (sa->main != NULL)
		exch_free(sa->main);
	while ((x = TAILQ_FIRST(&sa->exchs)) != NULL)
		exch_free(x);
	main_mode_forget(sa);
	free(sa->seen_mid);
	explicit_bzero(sa, sizeof(*sa));
	free(sa);
}

void
ike_sa_delete(struct ike_sa *sa, bool tell_peer, const char *why)
{
	struct ike *ike = sa->ike;
	struct exch *x;

	if (sa->dead)
		return;
	debug(DBG_ISAKMP, DBG_TERSE, sa->remote.addr, "(%u):deleting SA, %s",
	    sa->conn_id, why);
	if (tell_peer && sa->state == IKE_IDLE)
		info_send_delete(sa);
	ike->stats.failed += sa->state != IKE_IDLE;
	sa->dead = true;
	LIST_REMOVE(sa, bucket);
	TAILQ_REMOVE(&ike->sas, sa, link);
	TAILQ_INSERT_TAIL(&ike->graves, sa, link);
	ike->nsas--;
	no_longer_half_open(sa);
	timer_clear(&ike->timers, &sa->expire);
	timer_clear(&ike->timers, &sa->dpd);
	timer_clear(&ike->timers, &sa->nat_timer);
	if (sa->state == IKE_IDLE && ike->doi->sa_changed != NULL)
		ike->doi->sa_changed(sa);
	if (sa->main != NULL && !sa->main->dead)
		exch_cancel(sa->main);
	TAILQ_FOREACH(x, &sa->exchs, link)
		exch_fail(x, why);
}

void
ike_reap(struct ike *ike)
{
	struct ike_sa *sa;
	struct exch *x;

	while ((sa = TAILQ_FIRST(&ike->graves)) != NULL) {
		TAILQ_REMOVE(&ike->graves, sa, link);
		sa_free(sa);
	}
	while ((x = LIST_FIRST(&ike->dead)) != NULL)
		exch_free(x);
}

/* ---- datagrams ---- */

static void
no_sa(struct ike *ike, struct udp_addr from)
{
	char a[IP4_STRLEN];

	ike->stats.no_sa++;
	ike_log_limited(ike, from.addr, LOG_IKMP_NO_SA, ip4_str(from.addr, a));
}

static void
refuse_aggressive(struct ike *ike, uint32_t peer)
{
	char a[IP4_STRLEN];

	ike_log_limited(ike, peer, LOG_IKMP_AG_DISABLED, ip4_str(peer, a));
}

static void
first_aggressive(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const struct isakmp_hdr *h, const uint8_t *data, size_t len)
{
	struct ike_sa *sa = find_responder(ike, h, from);

	if (!ag_is_allowed(ike)) {
		refuse_aggressive(ike, from.addr);
		return;
	}
	if (sa != NULL) { /* again: the interpreter answers */
		if (ike_unproven(sa))
			exch_receive(sa->main, data, len);
		return;
	}
	if (!ike_make_room_unproven(ike, local, from))
		return;
	sa = ike_sa_new(ike, false, local, from);
	memcpy(sa->icookie, h->icookie, sizeof(sa->icookie));
	ike_sa_rehash(sa);
	ike_sa_set_expiry(sa, sa->created + HALF_OPEN_MS);
	sa->state = AG_NO_STATE;
	sa->main = exch_new(sa, &aggressive_mode, false, 0, NULL);
	ike->stats.unproven++;
	exch_receive(sa->main, data, len);
	if (sa->main->nmsg == 0) /* nothing came of it */
		ike_sa_delete(sa, false, "first message not accepted");
}

static void
first_message(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const struct isakmp_hdr *h, const uint8_t *data, size_t len)
{
	if (is_own_cookie(ike, h)) {
		ike_bad(ike, from.addr, "our own cookie");
		return;
	}
	if (h->mid != 0 || (h->flags & ISAKMP_F_ENC) ||
	    (h->exchange != ISAKMP_X_MAIN &&
	    h->exchange != ISAKMP_X_AGGRESSIVE)) {
		no_sa(ike, from);
		return;
	}
	if (h->exchange == ISAKMP_X_AGGRESSIVE) {
		first_aggressive(ike, local, from, h, data, len);
		return;
	}
	/* again, late: what it was for has gone on */
	if (find_responder(ike, h, from) == NULL)
		admit_first(ike, local, from, data, len);
}

/* Message 3 makes the SA, if it holds a cookie of ours. */
static void
third_message(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const struct isakmp_hdr *h, const uint8_t *data, size_t len)
{
	struct ike_sa *sa = NULL;

	if (h->exchange == ISAKMP_X_MAIN && h->mid == 0 &&
	    !(h->flags & ISAKMP_F_ENC) &&
	    find_responder(ike, h, from) == NULL)
		sa = admit_second(ike, local, from, h);
	if (sa == NULL && h->exchange == ISAKMP_X_INFO &&
	    !(h->flags & ISAKMP_F_ENC)) { /* late, of an SA that is gone */
		ike->stats.no_sa++;
		return;
	}
	if (sa == NULL) {
		no_sa(ike, from);
		info_send_unknown_sa(ike, local, from, h, len);
		return;
	}
	exch_receive(sa->main, data, len);
	/* What cost a Diffie-Hellman stays and counts as half open: else
	 * false public values would cost one each, without a limit. */
	if (sa->main->nmsg == 0 && sa->dh == NULL)
		ike_sa_delete(sa, false, "its message was not accepted");
}

static const struct exch_type *
find_type(const struct ike *ike, uint8_t number)
{
	const struct exch_type *const *t;

	for (t = ike->doi->types; *t != NULL; t++)
		if ((*t)->number == number && (*t)->resp != NULL)
			return *t;
	return NULL;
}

/* A late answer to an exchange of ours that is over. */
static bool
is_late(const struct ike_sa *sa, uint32_t mid)
{
	size_t i;

	for (i = 0; i < NELEM(sa->own_mid); i++)
		if (sa->own_mid[i] == mid)
			return true;
	return false;
}

/* A message of an exchange of the DOI. */
static void
phase2_message(struct ike_sa *sa, const struct isakmp_hdr *h,
    const uint8_t *data, size_t len)
{
	const struct exch_type *type;
	char a[IP4_STRLEN];
	struct exch *x;

	if (sa->state != IKE_IDLE && sa->initiator && h->mid != 0) {
		/* it overtook the last message of phase 1, and comes again */
		sa->ike->stats.bad++;
		return;
	}
	if (sa->state != IKE_IDLE || h->mid == 0) {
		ike_bad(sa->ike, sa->remote.addr, "phase 2 before phase 1");
		return;
	}
	TAILQ_FOREACH(x, &sa->exchs, link)
		if (x->started && x->mid == h->mid && !x->dead &&
		    x->type->number == h->exchange)
			break;
	if (x != NULL) {
		exch_receive(x, data, len);
		return;
	}
	if (is_late(sa, h->mid)) {
		sa->ike->stats.bad++;
		return;
	}
	if ((type = find_type(sa->ike, h->exchange)) == NULL) {
		sa->ike->stats.bad++;
		ike_log_limited(sa->ike, sa->remote.addr,
		    LOG_IKMP_UNK_EXCHANGE, ip4_str(sa->remote.addr, a),
		    h->exchange);
		return;
	}
	if (ike_seen_mid(sa, h->mid)) {
		ike_bad(sa->ike, sa->remote.addr, "replay of an exchange");
		return;
	}
	x = exch_new(sa, type, false, h->mid, NULL);
	exch_receive(x, data, len);
	if (x->nmsg == 0) { /* false, or refused */
		exch_cancel(x);
		return;
	}
	/* only what has the right hash pushes anything out */
	ike_note_mid(sa, h->mid);
	ike_limit_exchanges(sa, type);
}

static void
sa_message(struct ike_sa *sa, const struct isakmp_hdr *h, const uint8_t *data,
    size_t len)
{
	switch (h->exchange) {
	case ISAKMP_X_MAIN:
	case ISAKMP_X_AGGRESSIVE:
		if (sa->main != NULL && h->mid == 0 &&
		    sa->main->type->number == h->exchange)
			exch_receive(sa->main, data, len);
		else
			ike_bad(sa->ike, sa->remote.addr, "phase 1 is over");
		break;
	case ISAKMP_X_INFO:
		if (sa->state == IKE_IDLE)
			info_receive(sa, data, len);
		else
			info_receive_clear(sa, data, len);
		break;
	default:
		phase2_message(sa, h, data, len);
	}
}

void
ike_input(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len)
{
	static const uint8_t zero[ISAKMP_COOKIE_LEN];
	struct isakmp_hdr h;
	struct ike_sa *sa;

	if (ike->conf == NULL || !ike->conf->isakmp_enable)
		return;
	ike->from = from;
	ike->to = local;
	if (!isakmp_get_hdr(&h, data, len) ||
	    memcmp(h.icookie, zero, sizeof(zero)) == 0) {
		ike_bad(ike, from.addr, "bad header");
		return;
	}
	sa = find_sa(ike, &h);
	if (sa == NULL && memcmp(h.rcookie, zero, sizeof(zero)) == 0) {
		/* a notification about our first message has no cookie of
		 * the responder */
		if (h.exchange == ISAKMP_X_INFO)
			sa = find_waiting(ike, &h);
		if (sa == NULL) {
			first_message(ike, local, from, &h, data, len);
			return;
		}
	}
	if (sa == NULL)
		sa = find_waiting(ike, &h);
	if (sa == NULL && is_own_cookie(ike, &h)) {
		ike_bad(ike, from.addr, "our own cookie");
		return;
	}
	if (sa == NULL) {
		third_message(ike, local, from, &h, data, len);
		return;
	}
	if (!natt_may_come(sa, from)) {
		ike_bad(ike, from.addr, "cookies of another peer");
		return;
	}
	sa_message(sa, &h, data, len);
}

/* ---- starting ---- */

static bool
same_peer(const struct ike_sa *sa, struct udp_addr local,
    struct udp_addr remote)
{
	return sa->local.addr == local.addr &&
	    sa->remote.addr == remote.addr &&
	    (sa->remote.port == remote.port ||
	    sa->remote_port == remote.port);
}

/* The peer has another SA now than those that it may have lost. */
static void
replace_doubtful(const struct ike_sa *by)
{
	struct ike_sa *sa;

	do {
		TAILQ_FOREACH(sa, &by->ike->sas, link)
			if (sa != by && sa->doubtful &&
			    same_peer(sa, by->local, by->remote))
				break;
		if (sa != NULL)
			ike_sa_delete(sa, true, "the peer has a new one");
	} while (sa != NULL);
}

/* Main mode is complete: what waited for it begins. */
void
ike_established(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct exch *x;

	no_longer_half_open(sa);
	sa->state = IKE_IDLE;
	sa->established = ike_now(ike);
	ike_sa_set_expiry(sa, ike_now(ike) + (uint64_t)1000 *
	    (sa->suite.lifetime != 0 ? sa->suite.lifetime : 86400));
	dpd_schedule(sa);
	natt_schedule(sa);
	ike_limit_peer(sa);
	if (ike->nsas > SA_MAX)
		ike_sa_delete(TAILQ_FIRST(&ike->sas), true, "too many SAs");
	if (sa->dead)
		return;
	/* what follows the last message of aggressive mode must not overtake
	 * it: it would be lost, and is repeated only after 10 s */
	TAILQ_FOREACH(x, &sa->exchs, link)
		if (!x->started && !x->dead)
			exch_begin_later(x, sa->main->type ==
			    &aggressive_mode ? OVERTAKE_MS : 0);
	if (ike->doi->sa_changed != NULL)
		ike->doi->sa_changed(sa);
	replace_doubtful(sa);
}

/* It lives long enough for an exchange, or for most of one if its whole life
 * is short. */
uint64_t
ike_usable_until(const struct ike_sa *sa)
{
	uint64_t need = EXCH_MS, life = sa->expires - sa->established;

	return sa->expires - (need > life / 4 ? life / 4 : need);
}

static bool
has_time(const struct ike_sa *sa)
{
	return ike_usable_until(sa) > ike_now(sa->ike);
}

/* The newest SA that can carry an exchange, or one on its way to that. */
static struct ike_sa *
usable_sa(struct ike *ike, struct udp_addr local, struct udp_addr remote,
    const char *profile)
{
	struct ike_sa *sa;

	TAILQ_FOREACH_REVERSE(sa, &ike->sas, ike_sa_list, link)
		if (same_peer(sa, local, remote) && !sa->doubtful &&
		    (!sa->initiator ||
		    strcmp(sa->profile, profile) == 0) &&
		    (sa->state == IKE_IDLE ? has_time(sa) : sa->initiator))
			return sa;
	return NULL;
}

struct ike_sa *
ike_find_sa(struct ike *ike, uint32_t local, struct udp_addr remote)
{
	struct ike_sa *sa;

	TAILQ_FOREACH_REVERSE(sa, &ike->sas, ike_sa_list, link)
		if (sa->state == IKE_IDLE && sa->local.addr == local &&
		    sa->remote.addr == remote.addr && (remote.port == 0 ||
		    sa->remote.port == remote.port ||
		    sa->remote_port == remote.port))
			return sa;
	return NULL;
}

bool
ike_has_time(struct ike *ike, uint32_t local, struct udp_addr remote)
{
	const struct ike_sa *sa = ike_find_sa(ike, local, remote);

	return sa != NULL && has_time(sa);
}

bool
ike_has_sa(struct ike *ike, struct udp_addr local, struct udp_addr remote)
{
	return ike_find_sa(ike, local.addr, remote) != NULL;
}

/* SAs with a peer that has been silent for long: it may have lost them. */
void
ike_drop_stale(struct ike *ike, struct udp_addr local, struct udp_addr remote)
{
	uint64_t now = ike_now(ike);
	struct ike_sa *sa, *next;

	for (sa = TAILQ_FIRST(&ike->sas); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (sa->state == IKE_IDLE && same_peer(sa, local, remote) &&
		    now - sa->last_heard > STALE_MS)
			ike_sa_delete(sa, true, "not heard of for long");
	}
}

void
ike_drop_peer(struct ike *ike, uint32_t local, uint32_t remote)
{
	struct ike_sa *sa, *next;

	for (sa = TAILQ_FIRST(&ike->sas); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (sa->state == IKE_IDLE && sa->local.addr == local &&
		    sa->remote.addr == remote)
			ike_sa_delete(sa, true, "it has to prove itself anew");
	}
}

static void
refused_later(void *arg)
{
	struct exch *x = arg;

	exch_fail(x, x->why);
}

static void
start_phase1(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	bool aggressive = ag_is_wanted(ike->conf, sa->remote.addr,
	    sa->profile);

	ike_sa_rehash(sa);
	sa->main = exch_new(sa, aggressive ? &aggressive_mode : &main_mode,
	    true, 0, NULL);
	if (!ike->conf->isakmp_enable)
		sa->main->why = "ISAKMP is off";
	else if (aggressive && !ag_is_allowed(ike))
		sa->main->why = "aggressive mode is wanted and disabled";
	if (sa->main->why != NULL) {
		if (ike->conf->isakmp_enable)
			refuse_aggressive(ike, sa->remote.addr);
		timer_set(&ike->timers, &sa->main->timer, ike_now(ike),
		    refused_later, sa->main);
		return;
	}
	exch_begin_later(sa->main, 0);
}

struct exch *
ike_start(struct ike *ike, struct udp_addr local, struct udp_addr remote,
    const char *profile, const struct exch_type *type, void *data)
{
	struct ike_sa *sa = usable_sa(ike, local, remote, profile);
	struct exch *x;

	if (sa == NULL) {
		sa = ike_sa_new(ike, true, local, remote);
		str_copy(sa->profile, profile, sizeof(sa->profile));
		start_phase1(sa);
	}
	x = exch_new(sa, type, true, 0, data);
	x->old_sa = sa->state == IKE_IDLE;
	if (x->old_sa)
		exch_begin_later(x, 0);
	return x;
}

/* ---- life ---- */

void
ike_config(struct ike *ike, const struct conf *c)
{
	bool was = ike->conf == NULL || ike->conf->isakmp_enable;
	bool is_first = ike->conf == NULL;
	bool other_nat = !is_first &&
	    ike->conf->nat_keepalive != c->nat_keepalive;
	struct ike_sa *sa;

	ike->conf = c;
	TAILQ_FOREACH(sa, &ike->sas, link) {
		if (other_nat)
			natt_schedule(sa);
		if (sa->state == IKE_IDLE && sa->dpd_tries == 0)
			dpd_schedule(sa);
	}
	if (was == c->isakmp_enable || is_first)
		return;
	if (was)
		ike_clear(ike);
	ike_log(ike, LOG_ISAKMP_ON_OFF, was ? "OFF" : "ON");
}

struct ike *
ike_new(const struct ike_env *env, const struct ike_doi *doi,
    const char *version, unsigned *conn_ids)
{
	struct ike *ike = xcalloc(1, sizeof(*ike));
	size_t i;

	ike->env = *env;
	ike->doi = doi;
	ike->version = version;
	ike->own_conn_ids = 1001;
	ike->conn_ids = conn_ids != NULL ? conn_ids : &ike->own_conn_ids;
	for (i = 0; i < IKE_BUCKETS; i++)
		LIST_INIT(&ike->buckets[i]);
	TAILQ_INIT(&ike->sas);
	TAILQ_INIT(&ike->half);
	TAILQ_INIT(&ike->graves);
	LIST_INIT(&ike->dead);
	return ike;
}

void
ike_free(struct ike *ike)
{
	struct ike_sa *sa;
	struct exch *x;

	if (ike == NULL)
		return;
	while ((sa = TAILQ_FIRST(&ike->sas)) != NULL) {
		TAILQ_FOREACH(x, &sa->exchs, link)
			exch_cancel(x);
		ike_sa_delete(sa, true, "shutting down");
	}
	ike_reap(ike);
	admit_free(ike);
	ag_free(ike);
	timers_free(&ike->timers);
	explicit_bzero(ike, sizeof(*ike));
	free(ike);
}
