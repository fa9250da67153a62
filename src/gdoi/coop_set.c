/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: the keys as a set that all of them have, see
 * coop.h. What another one told (coop_out.c) is added here. That is a union:
 * in whatever order and however often messages come, those who heard the same
 * have the same. Runs in process ike.
 *
 *	TEK, KEK	by SPI; the earlier end counts, a key that was dropped
 *			stays so (a tombstone in its place, until its end)
 *	number of pushes the highest
 *	what is current	as the primary says (coop_set_adopt)
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define PACE_MS 30000	/* that clocks may disagree by about an end */

/* ---- in: keys ---- */

static bool
counts_sids(const struct coop_keys *k)
{
	unsigned i;

	for (i = 0; i < k->nsas; i++)
		if (esp_is_aead(&k->sas[i].transform))
			return true;
	return false;
}

bool
coop_set_foreign(const struct ks_group *grp, const struct coop_keys *k)
{
	uint64_t epoch = coop_sid_epoch(grp);

	if (grp->active == NULL || TAILQ_EMPTY(&grp->teks))
		return false;
	if ((counts_sids(k) || ks_policy_counter(grp->active)) &&
	    epoch != k->sid_epoch)
		return true;
	return ks_is_timed(grp) && k->clock_id != 0 && grp->clock_id != 0 &&
	    k->clock_id != grp->clock_id;
}

static struct coop_tomb *
find_tomb(const struct coop *c, const uint8_t *kek_spi, uint32_t spi)
{
	struct coop_tomb *d;

	for (d = c->tombs; d != NULL; d = d->next)
		if (kek_spi != NULL ? d->kek &&
		    memcmp(d->kek_spi, kek_spi, KEK_SPI_LEN) == 0 :
		    !d->kek && d->spi == spi)
			return d;
	return NULL;
}

static void
remove_tomb(struct coop *c, struct coop_tomb **at)
{
	struct coop_tomb *d = *at;

	*at = d->next;
	c->ntombs--;
	free(d);
}

/* All key servers have to come to the same. */
static bool
ends_before(const struct coop_tomb *d, const struct coop_tomb *o)
{
	if (d->expires != o->expires)
		return d->expires < o->expires;
	return d->kek ? memcmp(d->kek_spi, o->kek_spi, KEK_SPI_LEN) < 0 :
	    d->spi < o->spi;
}

static void
prune_kind(struct coop *c, bool kek)
{
	struct coop_tomb **at, **first = NULL;
	unsigned n = 0;

	for (at = &c->tombs; *at != NULL; at = &(*at)->next) {
		if ((*at)->kek != kek)
			continue;
		n++;
		if (first == NULL || ends_before(*at, *first))
			first = at;
	}
	if (n > COOP_TOMBS_MAX)
		remove_tomb(c, first);
}

/* Those that have ended go; of too many the one that ends first. */
static void
prune_tombs(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);
	struct coop_tomb **at;

	for (at = &c->tombs; *at != NULL;)
		if ((*at)->expires <= now)
			remove_tomb(c, at);
		else
			at = &(*at)->next;
	prune_kind(c, true);
	prune_kind(c, false);
}

static bool
add_tomb(struct ks_group *grp, const struct coop_tomb *new)
{
	struct coop *c = grp->coop;
	struct coop_tomb *d;

	if (new->expires <= gdoi_now(grp->g) || find_tomb(c, new->kek ?
	    new->kek_spi : NULL, new->spi) != NULL)
		return false;
	d = xcalloc(1, sizeof(*d));
	*d = *new;
	d->next = c->tombs;
	c->tombs = d;
	c->ntombs++;
	prune_tombs(grp);
	return true;
}

/* One that ended sooner than it was to is out of use, too: in another half of
 * the group it still has the end that it had at first. */
void
coop_tek_dropped(struct ks_group *grp, const struct ks_tek *t)
{
	struct coop_tomb d = { .spi = t->k.spi, .sa = t->sa,
		.expires = t->expires };
	uint64_t first = t->born + (uint64_t)t->sa.life * 1000;

	if (t->override != 0 && first > d.expires)
		d.expires = first;
	if (grp->coop != NULL && coop_is_primary(grp))
		(void)add_tomb(grp, &d);
}

void
coop_kek_dropped(struct ks_group *grp, const struct ks_kek *k)
{
	struct coop_tomb d = { .kek = true };

	if (k == NULL || grp->coop == NULL || !coop_is_primary(grp))
		return;
	memcpy(d.kek_spi, k->k.spi, KEK_SPI_LEN);
	d.creator = k->creator;
	d.expires = k->expires;
	(void)add_tomb(grp, &d);
}

/* Members that could not hear of it when they were dropped hear it with any
 * rekey until the end that these had: whoever says it, and whatever key server
 * had told them these TEKs. */
unsigned
coop_teks_gone(const struct ks_group *grp, uint32_t *spis, unsigned n)
{
	uint64_t now = gdoi_now(grp->g);
	const struct coop_tomb *d;
	unsigned i;

	for (d = grp->coop != NULL ? grp->coop->tombs : NULL; d != NULL;
	    d = d->next) {
		for (i = 0; i < n && spis[i] != d->spi; i++)
			;
		if (!d->kek && d->expires > now && i == n &&
		    n < GDOI_TEKS_MAX)
			spis[n++] = d->spi;
	}
	return n;
}

void
coop_set_free(struct coop *c)
{
	struct coop_tomb *d;

	while ((d = c->tombs) != NULL) {
		c->tombs = d->next;
		free(d);
	}
	c->ntombs = 0;
}

static bool
key_differs(const struct key *a, const struct key *b)
{
	return a->len != b->len || !bytes_equal(a->data, b->data, a->len);
}

static struct ks_tek *
other_tek(const struct ks_group *grp, const struct coop_tek *o)
{
	struct ks_tek *t = o->dropped || o->left == 0 ? NULL :
	    ks_find_tek(grp, o->k.spi);

	return t != NULL && (key_differs(&t->k.key, &o->k.key) ||
	    key_differs(&t->k.auth_key, &o->k.auth_key)) ? t : NULL;
}

/* What cannot be, or NULL. */
const char *
coop_set_lie(struct ks_group *grp, const struct coop_keys *k)
{
	const struct ks_kek *kek;
	unsigned i;

	for (i = 0; i < k->nkeks; i++) {
		const struct coop_kek *o = &k->keks[i];

		kek = ks_find_kek(grp, o->k.spi);
		if (o->dropped || o->left == 0)
			continue;
		if (!coop_seq_ok(grp, o, kek))
			return "no such sequence number of a KEK can be used";
		if (kek != NULL && (key_differs(&kek->k.key, &o->k.key) ||
		    key_differs(&kek->k.iv, &o->k.iv)))
			return "the SPI of a KEK has another key here";
	}
	for (i = 0; i < k->nteks; i++)
		if (other_tek(grp, &k->teks[i]) != NULL)
			return "the SPI of a TEK has another key here";
	return NULL;
}

/* The primary is right: its TEKs in the place of those here. */
bool
coop_set_yield(struct ks_group *grp, const struct coop_keys *k)
{
	struct ks_tek *t;
	unsigned i;

	for (i = 0; i < k->nteks; i++)
		if ((t = other_tek(grp, &k->teks[i])) != NULL)
			ks_drop_tek(grp, t);
	return coop_set_lie(grp, k) == NULL;
}

/* By age, as ks_change.c wants them. */
static void
insert_tek(struct ks_group *grp, struct ks_tek *t)
{
	struct ks_tek *at;

	TAILQ_FOREACH(at, &grp->teks, link)
		if ((int64_t)(at->born - t->born) <= 0)
			break;
	if (at != NULL)
		TAILQ_INSERT_BEFORE(at, t, link);
	else
		TAILQ_INSERT_TAIL(&grp->teks, t, link);
}

static struct ks_tek *
new_tek(struct ks_group *grp, const struct coop_tek *o)
{
	struct ks_tek *t = xcalloc(1, sizeof(*t));
	uint64_t now = gdoi_now(grp->g);

	t->sa = o->sa;
	t->k = o->k;
	t->born = now - o->age;
	t->expires = now + o->left;
	t->rekey_at = UINT64_MAX;
	t->override = o->override;
	t->came = now;
	insert_tek(grp, t);
	return t;
}

/* Of the primary the others only know what it told; by their clocks that may
 * be sooner. By so much it is not: the primary's machine stood still, and
 * members do not wait for it. */
static void
keep_pace(struct ks_group *grp, uint64_t *expires, uint64_t *rekey_at,
    uint32_t left)
{
	uint64_t end = gdoi_now(grp->g) + left, early;

	if (end + PACE_MS >= *expires)
		return;
	early = *expires - end;
	*expires = end;
	if (*rekey_at != UINT64_MAX)
		*rekey_at -= early < *rekey_at ? early : *rekey_at;
	ks_set_timer(grp);
}

/* What was said of one that is here: never a later end. */
static void
shorten_tek(struct ks_group *grp, struct ks_tek *t,
    const struct coop_tek *o)
{
	uint64_t now = gdoi_now(grp->g), end = now + o->left;

	if (coop_is_primary(grp) && (o->override == 0 || t->override != 0)) {
		if (o->override == t->override)
			keep_pace(grp, &t->expires, &t->rekey_at, o->left);
		return;
	}
	/* a rekey has to name it once more, for those that send with it */
	if (end < now + SA_STOP_SENDING_MS)
		end = now + SA_STOP_SENDING_MS;
	if (end < t->expires)
		t->expires = end;
	if (o->override != 0 && (t->override == 0 ||
	    o->override < t->override))
		t->override = o->override;
}

static unsigned
drop_tek(struct ks_group *grp, struct ks_tek *t, const struct coop_tek *o)
{
	struct coop_tomb d = { .spi = o->k.spi, .sa = o->sa,
		.expires = gdoi_now(grp->g) + o->left };

	if (!add_tomb(grp, &d))
		return 0;
	if (t == NULL)
		return COOP_NEW_TOMBS;
	ks_drop_tek(grp, t);
	return COOP_NEW_TOMBS | COOP_TEK_GONE;
}

static unsigned
unite_tek(struct ks_group *grp, const struct coop_tek *o)
{
	struct ks_tek *t = ks_find_tek(grp, o->k.spi);

	if (o->left == 0)
		return 0;
	if (o->dropped)
		return drop_tek(grp, t, o);
	if (t != NULL) {
		shorten_tek(grp, t, o);
		return 0;
	}
	if (find_tomb(grp->coop, NULL, o->k.spi) != NULL)
		return 0;
	(void)new_tek(grp, o);
	return COOP_NEW_KEYS;
}

static unsigned
drop_kek(struct ks_group *grp, const struct coop_kek *o)
{
	struct ks_kek *k = ks_find_kek(grp, o->k.spi);
	struct coop_tomb d = { .kek = true, .creator = o->creator,
		.expires = gdoi_now(grp->g) + o->left };

	memcpy(d.kek_spi, o->k.spi, KEK_SPI_LEN);
	if (!add_tomb(grp, &d))
		return 0;
	/* the current one goes when there is another one, or the primary has
	 * seen to its members */
	if (k != NULL && k == grp->kek)
		return COOP_NEW_TOMBS | COOP_KEK_GONE;
	if (k != NULL && ks_take_old_kek(grp, k))
		ks_kek_free(k);
	return COOP_NEW_TOMBS;
}

static struct ks_kek *
new_kek(struct ks_group *grp, const struct coop_kek *o)
{
	struct ks_kek *k = xcalloc(1, sizeof(*k));
	uint64_t now = gdoi_now(grp->g);

	k->k = o->k;
	k->k.pub_len = 0;
	k->k.src = (struct udp_addr){ grp->addr, ISAKMP_PORT };
	memcpy(k->pub_digest, o->pub_digest, sizeof(k->pub_digest));
	str_copy(k->label, o->label, sizeof(k->label));
	k->creator = o->creator;
	k->lent = true;
	k->order = ++grp->kek_order;
	k->ack = o->ack;
	k->life = o->life;
	k->seq = o->seq;
	k->born = now - o->age;
	k->expires = now + o->left;
	k->rekey_at = UINT64_MAX;
	return k;
}

static unsigned
unite_kek(struct ks_group *grp, const struct coop_kek *o)
{
	struct ks_kek *k = ks_find_kek(grp, o->k.spi);
	uint64_t now = gdoi_now(grp->g);

	if (o->left == 0)
		return 0;
	if (o->dropped)
		return drop_kek(grp, o);
	if (k != NULL) {
		if (o->seq > k->seq)
			k->seq = o->seq;
		if (coop_is_primary(grp))
			keep_pace(grp, &k->expires, &k->rekey_at, o->left);
		else if (now + o->left < k->expires)
			k->expires = now + o->left;
		if (k->lent && (int64_t)(now - o->age - k->born) < 0)
			k->born = now - o->age;
		return 0;
	}
	if (find_tomb(grp->coop, o->k.spi, 0) != NULL)
		return 0;
	ks_add_old_kek(grp, new_kek(grp, o));
	return COOP_NEW_KEYS;
}

/* The pair may have another label here; the configured one goes first. */
static const struct rsa_key *
pair_of(const struct ks_group *grp, const struct ks_kek *k)
{
	const struct rsa_key *rsa, *found = NULL;
	uint8_t digest[32];

	for (rsa = rsa_first(grp->g->rsa); rsa != NULL; rsa = rsa->next) {
		if (rsa->pub_len > GDOI_PUB_MAX)
			continue;
		IKE_HASH(IKE_SHA256, digest, CHUNK(rsa->pub, rsa->pub_len));
		if (memcmp(digest, k->pub_digest, sizeof(digest)) == 0 &&
		    (found == NULL ||
		    strcmp(rsa->label, grp->policy->rsa_label) == 0))
			found = rsa;
	}
	return found;
}

static void
fill_pub(struct ks_group *grp, struct ks_kek *k)
{
	const struct rsa_key *found;

	if (k == NULL || k->k.pub_len != 0)
		return;
	found = pair_of(grp, k);
	if (found == NULL)
		return;
	memcpy(k->k.pub, found->pub, found->pub_len);
	k->k.pub_len = (uint16_t)found->pub_len;
	str_copy(k->label, found->label, sizeof(k->label));
}

void
coop_set_fill_pubs(struct ks_group *grp)
{
	unsigned i;

	fill_pub(grp, grp->kek);
	for (i = 0; i < KEKS_OLD; i++)
		fill_pub(grp, grp->old_keks[i]);
}

bool
coop_set_can_sign(const struct ks_group *grp)
{
	return grp->kek == NULL || (grp->kek->k.pub_len != 0 &&
	    pair_of(grp, grp->kek) != NULL);
}

/* Only of the primary that we have followed so far it is clear which TEKs its
 * members have. */
static void
keep_farewells(struct ks_group *grp, const struct coop_keys *k)
{
	const struct coop *c = grp->coop;
	const struct ks_kek *kek;
	unsigned i;

	if (c->role != COOP_SECONDARY || k->term != c->keys_term ||
	    !coop_id_equal(&k->owner, &c->keys_owner))
		return;
	for (i = 0; i < k->nkeks; i++) {
		kek = ks_find_kek(grp, k->keks[i].k.spi);
		if (k->keks[i].dropped && kek != NULL)
			ks_farewell_keep(grp, kek, k);
	}
}

unsigned
coop_set_unite(struct ks_group *grp, const struct coop_keys *k)
{
	unsigned i, news = 0;

	prune_tombs(grp);
	keep_farewells(grp, k);
	/* The newest came first: a member that had one of them may have those
	 * that were made after it, and for us they come in that order. */
	for (i = k->nkeks; i-- > 0;)
		news |= unite_kek(grp, &k->keks[i]);
	for (i = 0; i < k->nteks; i++)
		news |= unite_tek(grp, &k->teks[i]);
	coop_set_fill_pubs(grp);
	return news;
}

/* ---- in: what is current ---- */

static struct ks_policy *
policy_of(const struct coop_keys *k)
{
	struct ks_policy *p = xcalloc(1, sizeof(*p));
	unsigned i;

	p->kek_cipher = k->kek_cipher;
	p->kek_bits = k->kek_bits;
	p->sig_hash = k->sig_hash;
	p->ack = k->ack;
	p->kek_life = k->kek_life;
	p->unicast = k->unicast;
	p->receive_only = k->receive_only;
	p->mcast = k->mcast;
	str_copy(p->rekey_acl, k->rekey_acl, sizeof(p->rekey_acl));
	str_copy(p->rsa_label, k->rsa_label, sizeof(p->rsa_label));
	if (!p->unicast && !is_multicast(p->mcast.addr))
		str_copy(p->mcast_problem, "the primary has no address for"
		    " them", sizeof(p->mcast_problem));
	p->sid_bits = k->sid_bits;
	p->nsas = k->nsas;
	p->naces = k->naces;
	p->sas = xcalloc(k->nsas, sizeof(*p->sas));
	p->aces = xcalloc(k->naces, sizeof(*p->aces));
	for (i = 0; i < k->nsas; i++)
		p->sas[i] = k->sas[i];
	for (i = 0; i < k->naces; i++)
		p->aces[i] = k->aces[i];
	ks_policy_text(p);
	return p;
}

static void
adopt_teks(struct ks_group *grp, const struct coop_keys *k)
{
	uint64_t now = gdoi_now(grp->g);
	struct ks_tek *t;
	unsigned i;

	TAILQ_FOREACH(t, &grp->teks, link)
		t->newest = false;
	for (i = 0; i < k->nteks; i++) {
		const struct coop_tek *o = &k->teks[i];

		if (o->dropped || (t = ks_find_tek(grp, o->k.spi)) == NULL)
			continue;
		t->newest = o->newest;
		t->sa.number = o->sa.number;
		t->rekey_at = o->rekey_in == COOP_NEVER ? UINT64_MAX :
		    now + o->rekey_in;
	}
}

/* One that is not current any more: an old one, if it may be kept. */
static void
set_aside(struct ks_group *grp)
{
	struct ks_kek *k = grp->kek;

	grp->kek = NULL;
	if (k == NULL)
		return;
	if (find_tomb(grp->coop, k->k.spi, 0) != NULL)
		ks_kek_free(k);
	else
		ks_add_old_kek(grp, k);
}

void
coop_set_drop_kek(struct ks_group *grp)
{
	if (grp->kek == NULL ||
	    find_tomb(grp->coop, grp->kek->k.spi, 0) == NULL)
		return;
	ks_kek_free(grp->kek);
	grp->kek = NULL;
}

static void
make_current(struct ks_group *grp, struct ks_kek *k)
{
	set_aside(grp);
	if (ks_take_old_kek(grp, k))
		grp->kek = k;
}

static void
adopt_kek(struct ks_group *grp, const struct coop_keys *k)
{
	uint64_t now = gdoi_now(grp->g);
	const struct coop_kek *o = NULL;
	struct ks_kek *kek;
	unsigned i;

	for (i = 0; i < k->nkeks; i++)
		if (k->keks[i].current && !k->keks[i].dropped)
			o = &k->keks[i];
	if (o == NULL) {
		set_aside(grp);
		return;
	}
	if ((kek = ks_find_kek(grp, o->k.spi)) == NULL)
		return;
	/* any member may have got it again, whatever it had since */
	if (kek != grp->kek ||
	    !coop_id_equal(&k->owner, &grp->coop->keys_owner))
		kek->order = ++grp->kek_order;
	if (kek != grp->kek)
		make_current(grp, kek);
	kek->rekey_at = o->rekey_in == COOP_NEVER ? UINT64_MAX :
	    now + o->rekey_in;
}

void
coop_set_adopt(struct ks_group *grp, const struct coop_keys *k)
{
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);

	ks_policy_free(grp->active);
	grp->active = policy_of(k);
	adopt_teks(grp, k);
	adopt_kek(grp, k);
	coop_set_fill_pubs(grp);
	grp->last_rekey = k->last_rekey == COOP_NEVER ? 0 :
	    now > k->last_rekey ? now - k->last_rekey : 1;
	grp->rekeys_sent = k->rekeys;
	grp->generation++;
	c->keys_owner = k->owner;
	c->keys_term = k->term;
	c->keys_version = k->version;
	ks_set_timer(grp);
}
