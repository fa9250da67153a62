/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: rekeys. What is new is put into one push per KEK that members
 * have, signed and encrypted once; ks_dist.c brings it to them. Runs in
 * process ike.
 *
 * Which KEK encrypts: that of the group; a push that brings a new one comes
 * under the one before, and everything later under the new one. Members that
 * have not acknowledged the new KEK get what follows under the old ones too,
 * with the new one in it: either the KEK or the acknowledgement was lost, so
 * they are sent both. Numbers start at 1 under each KEK and only go up:
 * a KEK is made of random octets and kept in memory only, so that a key
 * server that starts again never has one that members know.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

/* ---- building ---- */

struct payload_args {
	struct ks_group *grp;
	const struct gdoi_kek *under;
	const struct gdoi_kek *new_kek; /* NULL: it stays */
	const uint32_t *drop;		/* TEKs that end now */
	unsigned ndrop;
};

static bool
put_payloads(struct isakmp_out *o, void *arg)
{
	const struct payload_args *a = arg;
	struct gdoi_tek_key *keys;
	struct gdoi_gap gap;
	struct gdoi_sat *sats;
	unsigned n, nkeys;

	sats = ks_sats(a->grp, &n);
	ks_clock_stamp(a->grp, sats, n, ks_clock_spread(a->grp,
	    !ks_clock_renews(a->grp, a->under, a->new_kek != NULL)));
	keys = ks_tek_keys(a->grp, &nkeys);
	if (a->ndrop > 0)
		gdoi_put_delete_teks(o, a->drop, a->ndrop);
	ks_gap(a->grp, NULL, &gap);
	gdoi_put_sa(o, a->new_kek, &gap, sats, n);
	gdoi_put_kd(o, a->new_kek, keys, nkeys, 0, NULL, 0);
	explicit_bzero(keys, nkeys * sizeof(*keys));
	free(keys);
	free(sats);
	return true;
}

/* The key pair whose public half the members have; NULL: it was removed or
 * replaced. */
const struct rsa_key *
ks_pair_of(const struct ks_group *grp, const char *label,
    const struct gdoi_kek *k)
{
	const struct rsa_key *rsa = rsa_find(grp->g->rsa, label);

	return rsa != NULL && rsa->pub_len == k->pub_len &&
	    memcmp(rsa->pub, k->pub, rsa->pub_len) == 0 ? rsa : NULL;
}

const struct rsa_key *
ks_signing_key(const struct ks_group *grp, const struct ks_kek *k)
{
	return ks_pair_of(grp, k->label, &k->k);
}

/* Nothing can be said to the members under our KEKs any more: they keep
 * theirs to its end and register again. */
void
ks_drop_keks(struct ks_group *grp)
{
	struct ks_member *m;
	unsigned i;

	coop_kek_dropped(grp, grp->kek);
	ks_kek_free(grp->kek);
	grp->kek = NULL;
	for (i = 0; i < KEKS_OLD; i++) {
		coop_kek_dropped(grp, grp->old_keks[i]);
		ks_kek_free(grp->old_keks[i]);
		grp->old_keks[i] = NULL;
	}
	TAILQ_FOREACH(m, &grp->members, link)
		m->has_kek = false;
}

static void
abandon_kek(struct ks_group *grp)
{
	ks_log_no_rsa(grp, grp->kek->label);
	grp->no_rsa_logged = true;
	ks_drop_keks(grp);
}

/* What the group has now, under the KEK of p, which is this one. */
static bool
build(struct ks_group *grp, struct ks_push *p, struct ks_kek *under,
    uint32_t seq)
{
	const struct rsa_key *rsa = ks_pair_of(grp, p->label, &p->kek);
	struct payload_args args = { grp, &p->kek, NULL, grp->rekey.drop,
		grp->rekey.ndrop };
	struct gdoi_kek announced;
	size_t len;

	if (rsa == NULL || (p->new_kek && grp->kek == NULL) ||
	    grp->active == NULL)
		return false;
	if (p->new_kek) {
		announced = grp->kek->k;
		announced.life = secs_until(grp->g, grp->kek->expires);
		args.new_kek = &announced;
	}
	len = push_build(grp->g, &p->kek, seq, rsa, put_payloads, &args);
	explicit_bzero(&announced, sizeof(announced));
	if (len == 0)
		return false;
	p->seq = under->seq = seq;
	free(p->data);
	p->data = xcalloc(1, len);
	memcpy(p->data, grp->g->buf, len);
	p->len = len;
	return true;
}

bool
ks_rekey_rebuild(struct ks_group *grp, struct ks_push *p, bool renumber)
{
	struct ks_kek *under = ks_find_kek(grp, p->kek.spi);

	return under != NULL && build(grp, p, under, renumber ?
	    coop_next_seq(grp, under) : p->seq);
}

static bool
make_push(struct ks_group *grp, struct ks_push *p, struct ks_kek *under,
    bool new_kek)
{
	p->kek = under->k;
	str_copy(p->label, under->label, sizeof(p->label));
	p->ack = under->ack;
	p->new_kek = new_kek;
	p->order = under->order;
	p->expires = under->expires;
	if (build(grp, p, under, coop_next_seq(grp, under))) {
		p->first_seq = p->seq;
		return true;
	}
	ks_push_free(p);
	return false;
}

unsigned
ks_kek_age(const struct ks_group *grp, const struct ks_member *m)
{
	unsigned i;

	if (grp->kek != NULL &&
	    memcmp(grp->kek->k.spi, m->kek_spi, KEK_SPI_LEN) == 0)
		return 0;
	for (i = 0; i < KEKS_OLD; i++)
		if (grp->old_keks[i] != NULL && memcmp(
		    grp->old_keks[i]->k.spi, m->kek_spi, KEK_SPI_LEN) == 0)
			return 1 + i;
	return KEKS_OLD;
}

bool
ks_may_have(const struct ks_group *grp, const struct ks_member *m,
    const struct ks_kek *k)
{
	return m->has_kek && (k->order > m->kek_order ||
	    memcmp(k->k.spi, m->kek_spi, KEK_SPI_LEN) == 0 ||
	    ks_kek_age(grp, m) == KEKS_OLD);
}

/* A KEK becomes one of the old ones; those go that no member can need. */
static void
retire_kek(struct ks_group *grp, struct ks_kek *old)
{
	const struct ks_member *m;
	unsigned age = 0, i;

	ks_add_old_kek(grp, old);
	if (grp->coop != NULL)
		return;
	TAILQ_FOREACH(m, &grp->members, link)
		if (m->has_kek && ks_kek_age(grp, m) > age)
			age = ks_kek_age(grp, m);
	age = age > KEKS_OLD_ALONE ? KEKS_OLD_ALONE : age;
	for (i = age; i < KEKS_OLD; i++) {
		ks_kek_free(grp->old_keks[i]);
		grp->old_keks[i] = NULL;
	}
}

static void
push_now(struct ks_group *grp, struct ks_kek *under)
{
	struct ks_rekey *r = &grp->rekey;
	struct ks_kek *older;
	unsigned i;

	if (grp->coop != NULL) {
		grp->coop->pushed_term = grp->coop->keys_term;
		grp->coop->pushed_version = grp->coop->keys_version;
	}
	if (!make_push(grp, &r->push[0], under, grp->kek != under)) {
		ike_log(grp->g->ike, LOG_KS_NO_POLICY, grp->name,
		    "a rekey could not be built");
		return;
	}
	for (i = 0; i < KEKS_OLD; i++) {
		older = grp->old_keks[i];
		if (older != NULL && older != under &&
		    older->expires > gdoi_now(grp->g))
			(void)make_push(grp, &r->push[1 + i], older, true);
	}
	memcpy(r->kek_spi, grp->kek->k.spi, KEK_SPI_LEN);
	r->kek_order = grp->kek_order;
	ks_clock_told(grp, &r->push[0]);
	ks_rekey_start(grp);
}

/* Sends what the group has now to all members, under the KEKs they know, when
 * the other key servers have it or had their time; grp->kek may be newer than
 * under. */
static void
push(struct ks_group *grp, struct ks_kek *under)
{
	memcpy(grp->rekey.under, under->k.spi, KEK_SPI_LEN);
	coop_keys_changed(grp);
	grp->rekey.held = coop_keys_held(grp);
	if (!grp->rekey.held)
		push_now(grp, under);
}

void
ks_rekey_release(struct ks_group *grp)
{
	struct ks_kek *under = ks_find_kek(grp, grp->rekey.under);

	if (!grp->rekey.held)
		return;
	grp->rekey.held = false;
	if (under == NULL || grp->active == NULL || grp->kek == NULL)
		return;
	push_now(grp, under);
	coop_keys_changed(grp); /* the numbers that it used */
}

/* The configuration wants other properties of the KEK than it was announced
 * with: where pushes go, how they are acknowledged. */
static bool
transport_changed(const struct ks_group *grp)
{
	const struct ks_policy *p = grp->active;
	const struct ks_kek *k = grp->kek;

	if (p->unicast)
		return is_multicast(k->k.dst.addr) || k->ack != p->ack;
	return p->mcast_problem[0] == '\0' &&
	    (k->k.dst.addr != p->mcast.addr || k->k.dst.port != p->mcast.port);
}

static void
log_transport(struct ks_group *grp, const struct ks_kek *old)
{
	bool multi = is_multicast(grp->kek->k.dst.addr);

	if (multi != is_multicast(old->k.dst.addr))
		ike_log(grp->g->ike, multi ? LOG_KS_REKEY_TRANS_2_MULTI :
		    LOG_KS_REKEY_TRANS_2_UNI, grp->name);
}

/* A new KEK, and the members hear of it under the one before. */
static void
roll_kek(struct ks_group *grp)
{
	struct ks_kek *old = grp->kek;

	if (ks_make_kek(grp)) {
		grp->generation++;
		if (old == NULL)
			return;
		log_transport(grp, old);
		push(grp, old);
		retire_kek(grp, old);
		return;
	}
	grp->generation++;
	if (old == NULL)
		return;
	if (grp->active->unicast || grp->active->mcast_problem[0] == '\0') {
		ks_drop_keks(grp); /* there is no key to sign with */
		return;
	}
	/* nowhere to send by multicast: the old way as long as that lives */
	old->rekey_at = old->expires;
	push(grp, old);
}

/* They are said again when the push is built again. */
static void
keep_drops(struct ks_group *grp, const uint32_t *drop, unsigned n)
{
	struct ks_rekey *r = &grp->rekey;

	free(r->drop);
	r->drop = NULL;
	r->ndrop = n;
	if (n == 0)
		return;
	r->drop = xcalloc(n, sizeof(*r->drop));
	memcpy(r->drop, drop, n * sizeof(*r->drop));
}

const char *
ks_rekey(struct ks_group *grp, enum rekey_kind kind)
{
	bool operator = kind == REKEY_ALL || kind == REKEY_REPLACE;
	/* under one that is in use there are pushes which who gets it now
	 * would take for new */
	bool roll = operator || kind == REKEY_KEK || kind == REKEY_MERGE;
	uint64_t now = gdoi_now(grp->g);
	uint32_t drop[GDOI_TEKS_MAX];
	const char *bad;
	unsigned ndrop;

	if (grp->active == NULL)
		return "no member has registered yet, there are no keys";
	if (operator && (bad = ks_rekey_refused(grp)) != NULL)
		return bad;
	ks_rekey_stop(grp);
	grp->rekey.held = false;
	/* IVs with sender identifiers of another length could be the same */
	if (grp->policy->problem[0] == '\0' && grp->sids.any &&
	    ks_policy_counter(grp->policy) &&
	    grp->policy->sid_bits != grp->sids.bits) {
		ks_reinit(grp);
		return NULL;
	}
	coop_keys_tidy(grp);
	grp->last_rekey = now;
	ks_clock_told(grp, NULL);
	roll |= grp->coop != NULL && grp->coop->roll;
	ndrop = ks_renew(grp, kind, drop);
	grp->rekey.replaces = ndrop > 0;
	keep_drops(grp, drop, coop_teks_gone(grp, drop, ndrop));
	if (grp->kek != NULL && (grp->kek->expires <= now))
		ks_drop_keks(grp);
	if (grp->kek != NULL &&
	    ks_pair_of(grp, grp->kek->label, &grp->kek->k) == NULL)
		abandon_kek(grp);
	if (grp->kek == NULL || roll || grp->kek->rekey_at <= now ||
	    ks_kek_changed(grp) || transport_changed(grp)) {
		roll_kek(grp);
	} else {
		grp->generation++;
		push(grp, grp->kek);
	}
	ks_set_timer(grp);
	coop_keys_changed(grp);
	return NULL;
}
