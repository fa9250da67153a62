/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: members are removed (ios-getvpn.md 2.6). They are told by a
 * push that is signed with the keys they know, and register again, if they
 * still can; the group has new keys by then. Runs in process ike.
 *
 *	graceful	SEQ D(KEK) SA(old TEKs, ending soon) KD SIG
 *	now		SEQ D(all TEKs) D(KEK) SIG
 *
 * A farewell outlives the member list and the KEK: it goes on, more and more
 * slowly, until each member has acknowledged it, is back, or can have no TEK
 * of old times any more. The KEK is kept longer: another key server, cut off
 * from this one, may go on registering members with it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define ROUND_MAX_MS 300000
#define FRESH_MS 5000 /* then lifetimes in it are wrong by too much */
#define LATE_MS 120000 /* another key server may still register a member
			 * with these keys, and say so later */

struct leaver {
	struct udp_addr addr;
	bool answers; /* its silence means that it did not hear */
};

struct ks_farewell {
	TAILQ_ENTRY(ks_farewell) link;
	struct ks_group *grp;
	struct ks_kek kek; /* that encrypts it */
	uint32_t first_seq; /* of the numbers that it has used */
	/* the TEKs of then, that end soon; none if they end now */
	struct gdoi_sat *sats;
	struct gdoi_tek_key *keys;
	unsigned nsats, nkeys;
	uint64_t built;
	uint8_t *data;
	size_t len;
	struct leaver *to;
	unsigned n, next, rounds;
	uint64_t interval, until, linger;
	struct timer timer;
	bool standby; /* another key server's, which says it itself */
};

static void
farewell_free(struct ks_farewell *f)
{
	TAILQ_REMOVE(&f->grp->farewells, f, link);
	timer_clear(&f->grp->g->ike->timers, &f->timer);
	if (f->keys != NULL)
		explicit_bzero(f->keys, f->nkeys * sizeof(*f->keys));
	free(f->keys);
	free(f->sats);
	free(f->data);
	free(f->to);
	explicit_bzero(f, sizeof(*f));
	free(f);
}

void
ks_farewells_free(struct ks_group *grp)
{
	unsigned i;

	while (!TAILQ_EMPTY(&grp->farewells))
		farewell_free(TAILQ_FIRST(&grp->farewells));
	for (i = 0; i < KEKS_GONE; i++) {
		ks_kek_free(grp->gone_keks[i]);
		grp->gone_keks[i] = NULL;
	}
}

static void
remove_leaver(struct ks_farewell *f, unsigned i)
{
	f->n--;
	memmove(&f->to[i], &f->to[i + 1], (f->n - i) * sizeof(f->to[0]));
	if (i < f->next)
		f->next--;
}

/* Other software may know no ACK: it gets as many copies as a rekey has. */
static void
give_up_silent(struct ks_farewell *f)
{
	unsigned i;

	for (i = f->n; i-- > 0;)
		if (!f->to[i].answers)
			remove_leaver(f, i);
}

/* ---- building ---- */

static bool
put_payloads(struct isakmp_out *o, void *arg)
{
	const struct ks_farewell *f = arg;

	if (f->nsats == 0) {
		gdoi_put_delete_all(o, PROTO_ESP);
		gdoi_put_delete_all(o, 0); /* and the KEK */
		return true;
	}
	gdoi_put_delete_all(o, 0);
	gdoi_put_sa(o, NULL, NULL, f->sats, f->nsats);
	gdoi_put_kd(o, NULL, f->keys, f->nkeys, 0, NULL, 0);
	return true;
}

/* Members refuse a key without a TEK that it is of. */
static void
drop_ended_keys(struct ks_farewell *f)
{
	unsigned i, j, n = 0;

	if (f->keys == NULL)
		return;
	for (i = 0; i < f->nkeys; i++) {
		for (j = 0; j < f->nsats && f->sats[j].spi != f->keys[i].spi;
		    j++)
			;
		if (j < f->nsats)
			f->keys[n++] = f->keys[i];
	}
	explicit_bzero(f->keys + n, (f->nkeys - n) * sizeof(*f->keys));
	f->nkeys = n;
}

/* With the lifetimes of now and a number of its own. When a TEK has ended
 * meanwhile there is nothing to say of it; when all have, it is over. */
static bool
build(struct ks_farewell *f)
{
	struct gdoi *g = f->grp->g;
	uint32_t gone = (uint32_t)((gdoi_now(g) - f->built) / 1000);
	const struct rsa_key *rsa = ks_signing_key(f->grp, &f->kek);
	unsigned i, n = 0;
	uint32_t seq;
	size_t len;

	for (i = 0; i < f->nsats; i++) {
		if (f->sats[i].life <= gone)
			continue;
		f->sats[n] = f->sats[i];
		f->sats[n++].life -= gone;
	}
	if (rsa == NULL || (f->nsats > 0 && n == 0))
		return false;
	f->nsats = n;
	drop_ended_keys(f);
	f->built += (uint64_t)gone * 1000;
	seq = coop_next_seq(f->grp, &f->kek);
	len = push_build(g, &f->kek.k, seq, rsa, put_payloads, f);
	if (len == 0)
		return false;
	f->kek.seq = seq;
	if (f->first_seq == 0)
		f->first_seq = seq;
	free(f->data);
	f->data = xcalloc(1, len);
	memcpy(f->data, g->buf, len);
	f->len = len;
	return true;
}

/* ---- distributing ---- */

static void
distribute(void *arg)
{
	struct ks_farewell *f = arg;
	struct ks_group *grp = f->grp;
	struct gdoi *g = grp->g;
	struct udp_addr from = { grp->addr, ISAKMP_PORT };
	uint64_t now = gdoi_now(g);
	unsigned i;

	if (f->standby) { /* it had its time */
		farewell_free(f);
		return;
	}
	if (coop_keys_held(grp)) {
		timer_set(&g->ike->timers, &f->timer, now + PUSH_PACE_MS,
		    distribute, f);
		return;
	}
	if (f->next == 0 && f->nsats > 0 && now - f->built > FRESH_MS &&
	    !build(f)) {
		farewell_free(f);
		return;
	}
	if (f->n > 0 && is_multicast(f->kek.k.dst.addr)) {
		ks_mcast_send(grp, f->kek.k.dst, f->data, f->len);
		f->next = f->n;
	}
	for (i = 0; i < PUSH_PACE_MEMBERS && f->next < f->n; i++)
		g->io.send(g->arg, from, f->to[f->next++].addr, f->data,
		    f->len);
	if (f->next < f->n) {
		timer_set(&g->ike->timers, &f->timer, now + PUSH_PACE_MS,
		    distribute, f);
		return;
	}
	f->next = 0;
	if (++f->rounds > grp->retransmit_count) {
		give_up_silent(f);
		f->interval = f->interval * 3 / 2 > ROUND_MAX_MS ?
		    ROUND_MAX_MS : f->interval * 3 / 2;
	}
	if ((f->n == 0 && now >= f->linger) || now >= f->until)
		farewell_free(f);
	else
		timer_set(&g->ike->timers, &f->timer, f->n == 0 ? f->linger :
		    now + f->interval, distribute, f);
}

static uint64_t
last_end(const struct ks_group *grp)
{
	const struct ks_tek *t;
	uint64_t end = 0;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->expires > end)
			end = t->expires;
	return end;
}

static bool
anybody_needs(const struct ks_group *grp, const struct ks_kek *k)
{
	const struct ks_member *m;

	TAILQ_FOREACH(m, &grp->members, link)
		if (ks_may_have(grp, m, k))
			return true;
	return false;
}

static struct leaver
leaver_of(const struct ks_farewell *f, const struct ks_member *m)
{
	return (struct leaver){ { m->addr, m->port },
	    ks_must_ack(&f->kek.k, m) };
}

/* For all members of now that may have this KEK. */
static struct ks_farewell *
farewell_of(struct ks_group *grp, const struct ks_kek *kek, uint64_t until,
    bool graceful)
{
	const struct ks_member *m;
	struct ks_farewell *f;

	if (kek == NULL || ks_signing_key(grp, kek) == NULL ||
	    (!anybody_needs(grp, kek) && (grp->coop == NULL ||
	    kek != grp->kek)))
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->grp = grp;
	f->linger = grp->coop != NULL ? gdoi_now(grp->g) + LATE_MS : 0;
	TAILQ_INSERT_TAIL(&grp->farewells, f, link);
	f->kek = *kek;
	f->built = gdoi_now(grp->g);
	if (graceful) {
		f->sats = ks_sats(grp, &f->nsats);
		f->keys = ks_tek_keys(grp, &f->nkeys);
	}
	f->interval = (uint64_t)grp->retransmit_secs * 1000;
	f->until = until;
	f->to = xcalloc(grp->nmembers + 1, sizeof(*f->to));
	TAILQ_FOREACH(m, &grp->members, link) {
		if (ks_may_have(grp, m, kek))
			f->to[f->n++] = leaver_of(f, m);
	}
	return f;
}

/* The push itself. */
static struct ks_farewell *
farewell_new(struct ks_group *grp, struct ks_kek *kek, uint64_t until,
    bool graceful)
{
	struct ks_farewell *f = farewell_of(grp, kek, until, graceful);

	if (f == NULL || build(f))
		return f;
	farewell_free(f);
	return NULL;
}

/* One under each KEK that a member may have. */
static void
farewells_new(struct ks_group *grp, struct ks_farewell *f[1 + KEKS_OLD],
    uint64_t until, bool graceful)
{
	unsigned i;

	f[0] = farewell_new(grp, grp->kek, until, graceful);
	for (i = 0; i < KEKS_OLD; i++)
		f[1 + i] = farewell_new(grp, grp->old_keks[i], until,
		    graceful);
}

static void
distribute_all(struct ks_farewell *const f[1 + KEKS_OLD])
{
	unsigned i;

	for (i = 0; i < 1 + KEKS_OLD; i++)
		if (f[i] != NULL)
			distribute(f[i]);
}

/* ---- for another key server ---- */

static bool
is_told(const struct coop_keys *k, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < k->nteks && k->teks[i].k.spi != spi; i++)
		;
	return i < k->nteks;
}

/* The members must not be told of a TEK that the primary did not have when it
 * removed them. */
void
ks_farewell_keep(struct ks_group *grp, const struct ks_kek *kek,
    const struct coop_keys *k)
{
	struct ks_farewell *f = farewell_of(grp, kek, last_end(grp), true);
	unsigned i, n = 0;

	if (f == NULL)
		return;
	f->standby = true;
	for (i = 0; i < f->nsats; i++)
		if (is_told(k, f->sats[i].spi))
			f->sats[n++] = f->sats[i];
	f->nsats = n;
	drop_ended_keys(f);
	timer_set(&grp->g->ike->timers, &f->timer, f->until, distribute, f);
}

/* What has become of the TEKs: they were shortened, or have ended. False: they
 * go on as if nothing had happened, it was no farewell. */
static bool
revise(struct ks_farewell *f)
{
	struct gdoi *g = f->grp->g;
	const struct ks_tek *t;
	unsigned i, n = 0;
	uint64_t end = 0;

	if (f->nsats == 0)
		return false;
	for (i = 0; i < f->nsats; i++) {
		if ((t = ks_find_tek(f->grp, f->sats[i].spi)) == NULL)
			continue;
		if (t->override == 0)
			return false;
		f->sats[n] = f->sats[i];
		f->sats[n++].life = secs_until(g, t->expires);
		end = t->expires > end ? t->expires : end;
	}
	f->nsats = n;
	f->until = n > 0 ? end : f->until;
	f->built = gdoi_now(g);
	return true;
}

/* Who is a member again has been told; but for one that the primary's removal
 * has not come here of. */
static void
drop_returned(struct ks_farewell *f)
{
	struct ks_member *m;
	unsigned i;

	for (i = f->n; i-- > 0;) {
		m = ks_find_member(f->grp, f->to[i].addr.addr);
		if (m == NULL)
			continue;
		if (m->has_kek && memcmp(m->kek_spi, f->kek.k.spi,
		    KEK_SPI_LEN) == 0)
			ks_remove_member(f->grp, m, true);
		else
			remove_leaver(f, i);
	}
}

void
ks_farewells_resume(struct ks_group *grp)
{
	struct ks_farewell *f, *next;

	for (f = TAILQ_FIRST(&grp->farewells); f != NULL; f = next) {
		next = TAILQ_NEXT(f, link);
		if (!f->standby)
			continue;
		f->standby = false;
		if (revise(f))
			drop_returned(f);
		else
			f->n = 0;
		if (f->n == 0 || !build(f)) {
			farewell_free(f);
			continue;
		}
		timer_set(&grp->g->ike->timers, &f->timer, gdoi_now(grp->g),
		    distribute, f);
	}
}

/* ---- the KEKs of before ---- */

/* Others may send under it, until they hear that it is dropped. */
static void
keep_kek(struct ks_group *grp, const struct ks_kek *k)
{
	struct ks_kek **gone = grp->gone_keks;

	if (grp->coop == NULL || k == NULL)
		return;
	ks_kek_free(gone[KEKS_GONE - 1]);
	memmove(&gone[1], &gone[0], (KEKS_GONE - 1) * sizeof(gone[0]));
	gone[0] = xcalloc(1, sizeof(*gone[0]));
	*gone[0] = *k;
	gone[0]->lent = true;
}

static void
keep_keks(struct ks_group *grp)
{
	unsigned i;

	for (i = KEKS_OLD; i-- > 0;)
		keep_kek(grp, grp->old_keks[i]);
	keep_kek(grp, grp->kek);
}

void
ks_gone_keks_end(struct ks_group *grp)
{
	struct ks_kek *k;
	unsigned i, n = 0;

	for (i = 0; i < KEKS_GONE; i++) {
		k = grp->gone_keks[i];
		grp->gone_keks[i] = NULL;
		if (k != NULL && k->expires <= gdoi_now(grp->g))
			ks_kek_free(k);
		else
			grp->gone_keks[n++] = k;
	}
}

static struct ks_kek *
gone_kek(struct ks_group *grp, const struct ks_member *m)
{
	unsigned i;

	ks_gone_keks_end(grp);
	for (i = 0; i < KEKS_GONE && grp->gone_keks[i] != NULL; i++)
		if (memcmp(grp->gone_keks[i]->k.spi, m->kek_spi,
		    KEK_SPI_LEN) == 0)
			return grp->gone_keks[i];
	return NULL;
}

/* ---- removing ---- */

static void
forget_members(struct ks_group *grp)
{
	struct ks_member *m;

	while ((m = TAILQ_FIRST(&grp->members)) != NULL) {
		/* its key or certificate may have been revoked */
		ike_drop_peer(grp->g->ike, grp->addr, m->addr);
		ks_remove_member(grp, m, true);
	}
}

/* New keys that only those get who register from now on. The TEKs of before
 * stay for who has to read them until they end. */
static void
new_keys(struct ks_group *grp)
{
	uint32_t drop[GDOI_TEKS_MAX];

	(void)ks_renew(grp, REKEY_ALL, drop);
	ks_drop_keks(grp);
	(void)ks_make_kek(grp);
}

void
ks_remove_members(struct ks_group *grp, enum removal how)
{
	bool graceful = how == REMOVE_GRACEFUL;
	struct ks_farewell *f[1 + KEKS_OLD];
	struct ks_tek *t;

	if (grp->active == NULL) { /* no keys, so no members */
		ks_clear(grp);
		return;
	}
	grp->rekey.held = false;
	ks_rekey_stop(grp);
	if (graceful)
		ks_shorten_all(grp);
	farewells_new(grp, f, last_end(grp), graceful);
	keep_keks(grp);
	forget_members(grp);
	if (how == REMOVE_CLEAR) {
		ks_clear(grp);
	} else {
		while (how == REMOVE_NOW &&
		    (t = TAILQ_FIRST(&grp->teks)) != NULL)
			ks_drop_tek(grp, t);
		new_keys(grp);
		grp->generation++;
		grp->last_rekey = gdoi_now(grp->g);
	}
	if (grp->coop != NULL && coop_is_primary(grp))
		(void)ks_ready(grp); /* the others have members, too */
	grp->epoch = grp->generation;
	ks_set_timer(grp);
	coop_keys_changed(grp);
	distribute_all(f);
}

/* Another key server has removed the members, while this one could not hear
 * it: who has the KEK that it dropped is told here too. Who has registered
 * there since has another one, and stays; the others register again. */
void
ks_members_again(struct ks_group *grp)
{
	bool graceful = !TAILQ_EMPTY(&grp->teks);
	uint64_t until = gdoi_now(grp->g) + ROUND_MAX_MS;
	struct ks_kek *gone = grp->kek;
	uint32_t drop[GDOI_TEKS_MAX];
	struct ks_farewell *f;

	grp->rekey.held = false;
	ks_rekey_stop(grp);
	if (graceful) {
		ks_shorten_all(grp);
		until = last_end(grp);
	}
	f = farewell_new(grp, gone, until, graceful);
	grp->kek = NULL;
	(void)ks_renew(grp, REKEY_ALL, drop);
	(void)ks_make_kek(grp);
	ks_kek_free(gone);
	grp->last_rekey = gdoi_now(grp->g);
	grp->epoch = ++grp->generation;
	ks_set_timer(grp);
	coop_keys_changed(grp);
	if (f != NULL)
		distribute(f);
}

/* They are the keys of the one half of a group that never was one: no member
 * of the other half may have them, and the same sender identifiers may have
 * been given out in both. Until they end, this half goes on with them. */
void
ks_leave_keys(struct ks_group *grp)
{
	struct ks_farewell *f[1 + KEKS_OLD];
	struct ks_tek *t;

	ks_rekey_abandon(grp);
	ks_shorten_all(grp);
	farewells_new(grp, f, last_end(grp), true);
	while ((t = TAILQ_FIRST(&grp->teks)) != NULL)
		ks_drop_tek(grp, t);
	ks_drop_keks(grp);
	grp->epoch = ++grp->generation;
	distribute_all(f);
}

unsigned
ks_old_members(const struct ks_group *grp)
{
	const struct ks_member *m;
	unsigned n = 0;

	TAILQ_FOREACH(m, &grp->members, link)
		n += gdoi_version_before(m->version, "1.0.2");
	return n;
}

/* ---- who need not be told any more ---- */

void
ks_farewell_forget(struct ks_group *grp, uint32_t addr)
{
	struct ks_farewell *f;
	unsigned i;

	TAILQ_FOREACH(f, &grp->farewells, link)
		for (i = f->n; i-- > 0;)
			if (f->to[i].addr.addr == addr)
				remove_leaver(f, i);
}

static void
also_to(struct ks_farewell *f, const struct ks_member *m)
{
	struct ks_group *grp = f->grp;

	f->to = xrealloc(f->to, (f->n + 1) * sizeof(*f->to));
	f->to[f->n++] = leaver_of(f, m);
	f->rounds = 0;
	f->interval = (uint64_t)grp->retransmit_secs * 1000;
	timer_set(&grp->g->ike->timers, &f->timer, gdoi_now(grp->g),
	    distribute, f);
}

bool
ks_farewell_again(struct ks_group *grp, const struct ks_member *m)
{
	struct ks_farewell *f;

	TAILQ_FOREACH(f, &grp->farewells, link)
		if (!f->standby && m->has_kek &&
		    memcmp(f->kek.k.spi, m->kek_spi, KEK_SPI_LEN) == 0)
			break;
	if (f == NULL)
		return false;
	ks_farewell_forget(grp, m->addr);
	also_to(f, m);
	return true;
}

/* What its TEKs were is not known any more: they end now. It has one KEK, so
 * only who has this one, and can hear of nothing else, takes that. */
void
ks_farewell_late(struct ks_group *grp, const struct ks_member *m)
{
	struct ks_kek *k = m->has_kek ? gone_kek(grp, m) : NULL;
	uint64_t now = gdoi_now(grp->g), end = last_end(grp);
	struct ks_farewell *f;

	if (k == NULL || ks_find_kek(grp, k->k.spi) != NULL)
		return;
	f = xcalloc(1, sizeof(*f));
	f->grp = grp;
	f->kek = *k;
	f->built = now;
	f->linger = now + LATE_MS; /* more of them will come */
	f->until = end > f->linger ? end : f->linger;
	TAILQ_INSERT_TAIL(&grp->farewells, f, link);
	if (!build(f)) {
		farewell_free(f);
		return;
	}
	k->seq = f->kek.seq;
	also_to(f, m);
}

bool
ks_farewells_pending(const struct ks_group *grp)
{
	const struct ks_farewell *f;

	TAILQ_FOREACH(f, &grp->farewells, link)
		if (!f->standby && f->n > 0)
			return true;
	return false;
}

static struct ks_farewell *
find(struct gdoi *g, const struct isakmp_hdr *h)
{
	struct ks_farewell *f;
	struct ks_group *grp;

	TAILQ_FOREACH(grp, &g->ks, link)
		TAILQ_FOREACH(f, &grp->farewells, link)
			if (memcmp(f->kek.k.spi, h->icookie, 8) == 0 &&
			    memcmp(f->kek.k.spi + 8, h->rcookie, 8) == 0)
				return f;
	return NULL;
}

const struct gdoi_kek *
ks_farewell_kek(struct gdoi *g, const struct isakmp_hdr *h)
{
	const struct ks_farewell *f = find(g, h);

	return f != NULL ? &f->kek.k : NULL;
}

void
ks_farewell_ack(struct gdoi *g, const struct isakmp_hdr *h, uint32_t addr,
    uint32_t seq)
{
	struct ks_farewell *f = find(g, h);

	/* under other KEKs it need not be told any more either */
	if (f != NULL && seq >= f->first_seq && seq <= f->kek.seq)
		ks_farewell_forget(f->grp, addr);
}
