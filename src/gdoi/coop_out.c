/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: what this one knows of the keys, as it is told to
 * others (coop_set.c takes it there), and the digest by which two see that
 * they know the same. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

/* ---- what is known ---- */

static uint32_t
ms_until(const struct ks_group *grp, uint64_t then)
{
	uint64_t now = gdoi_now(grp->g);

	if (then == UINT64_MAX)
		return COOP_NEVER;
	return then <= now ? 0 : then - now >= COOP_NEVER ? COOP_NEVER - 1 :
	    (uint32_t)(then - now);
}

/* Of a key of another machine the birth may be before our clock began. */
static uint32_t
ms_since(const struct ks_group *grp, uint64_t then)
{
	uint64_t age = gdoi_now(grp->g) - then;

	return age >= COOP_NEVER ? COOP_NEVER - 1 : (uint32_t)age;
}

static void
put_policy(const struct ks_policy *p, struct coop_keys *k)
{
	unsigned i;

	k->kek_cipher = p->kek_cipher;
	k->kek_bits = p->kek_bits;
	k->sig_hash = p->sig_hash;
	k->ack = p->ack;
	k->kek_life = p->kek_life;
	k->unicast = p->unicast;
	k->receive_only = p->receive_only;
	k->mcast = p->mcast;
	str_copy(k->rekey_acl, p->rekey_acl, sizeof(k->rekey_acl));
	str_copy(k->rsa_label, p->rsa_label, sizeof(k->rsa_label));
	k->nsas = p->nsas;
	k->naces = p->naces;
	k->sas = xcalloc(p->nsas, sizeof(*k->sas));
	k->aces = xcalloc(p->naces, sizeof(*k->aces));
	for (i = 0; i < p->nsas; i++)
		k->sas[i] = p->sas[i];
	for (i = 0; i < p->naces; i++)
		k->aces[i] = p->aces[i];
}

static void
put_kek(const struct ks_group *grp, struct coop_keys *k,
    const struct ks_kek *kek)
{
	struct coop_kek *o = &k->keks[k->nkeks];

	if (kek == NULL || kek->expires <= gdoi_now(grp->g) ||
	    k->nkeks == COOP_KEKS_MAX)
		return;
	k->nkeks++;
	o->k = kek->k;
	o->k.pub_len = 0;
	memcpy(o->pub_digest, kek->pub_digest, sizeof(o->pub_digest));
	str_copy(o->label, kek->label, sizeof(o->label));
	o->creator = kek->creator;
	o->current = kek == grp->kek;
	o->ack = kek->ack;
	o->life = kek->life;
	o->seq = kek->seq;
	o->age = ms_since(grp, kek->born);
	o->left = ms_until(grp, kek->expires);
	o->rekey_in = ms_until(grp, kek->rekey_at);
}

static void
put_tek(const struct ks_group *grp, struct coop_keys *k,
    const struct ks_tek *t)
{
	struct coop_tek *o = &k->teks[k->nteks++];

	o->k = t->k;
	o->sa = t->sa;
	o->newest = t->newest;
	o->override = t->override;
	o->age = ms_since(grp, t->born);
	o->left = ms_until(grp, t->expires);
	o->rekey_in = ms_until(grp, t->rekey_at);
}

static void
put_tomb(const struct ks_group *grp, struct coop_keys *k,
    const struct coop_tomb *d)
{
	if (d->kek && k->nkeks < COOP_KEKS_MAX) {
		struct coop_kek *o = &k->keks[k->nkeks++];

		memcpy(o->k.spi, d->kek_spi, KEK_SPI_LEN);
		o->creator = d->creator;
		o->dropped = true;
		o->left = ms_until(grp, d->expires);
	} else if (!d->kek && k->nteks < GDOI_TEKS_MAX) {
		struct coop_tek *o = &k->teks[k->nteks++];

		o->k.spi = d->spi;
		o->sa = d->sa;
		o->sa.acl[0] = o->sa.profile[0] = '\0';
		o->dropped = true;
		o->left = ms_until(grp, d->expires);
	}
}

static void
put_clock(const struct ks_group *grp, struct coop_keys *k)
{
	k->clock_id = grp->clock_id;
	k->pseudotime = ks_pseudotime(grp);
	k->clock_sync = ms_since(grp, grp->clock_sync);
	k->last_rekey = grp->last_rekey == 0 ? COOP_NEVER :
	    ms_since(grp, grp->last_rekey);
	k->rekeys = grp->rekeys_sent;
}

struct coop_keys *
coop_set_export(struct ks_group *grp)
{
	struct coop *c = grp->coop;
	uint64_t now = gdoi_now(grp->g);
	const struct coop_tomb *d;
	const struct ks_tek *t;
	struct coop_keys *k;
	unsigned i;

	if (grp->active == NULL)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->owner = c->keys_owner;
	k->term = c->keys_term;
	k->version = c->keys_version;
	put_policy(grp->active, k);
	k->keks = xcalloc(COOP_KEKS_MAX, sizeof(*k->keks));
	k->teks = xcalloc(GDOI_TEKS_MAX, sizeof(*k->teks));
	put_kek(grp, k, grp->kek);
	for (i = 0; i < KEKS_OLD; i++)
		put_kek(grp, k, grp->old_keks[i]);
	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->expires > now && k->nteks < GDOI_TEKS_MAX)
			put_tek(grp, k, t);
	for (d = c->tombs; d != NULL; d = d->next)
		if (d->expires > now)
			put_tomb(grp, k, d);
	put_clock(grp, k);
	coop_sid_export(grp, k);
	coop_set_digest(grp, k->digest);
	return k;
}

/* ---- digest ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of text, one for each member of the set, sorted. */
struct lines {
	char *v[COOP_KEKS_MAX + GDOI_TEKS_MAX + 2 * COOP_TOMBS_MAX + KSSID_MAX];
	unsigned n;
};

PRINTF_LIKE(2, 3)
static void
line(struct lines *l, const char *fmt, ...)
{
	struct strbuf sb = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	if (l->n < NELEM(l->v))
		l->v[l->n++] = sb.s;
	else
		sb_free(&sb);
}

static void
kek_line(const struct ks_group *grp, struct lines *l, const struct ks_kek *k)
{
	char spi[2 * KEK_SPI_LEN + 1];

	if (k != NULL && k->expires > gdoi_now(grp->g))
		line(l, "kek %s %u %u\n", gdoi_spi_str(k->k.spi, spi),
		    k == grp->kek, k->seq);
}

static void
key_lines(const struct ks_group *grp, struct lines *l)
{
	uint64_t now = gdoi_now(grp->g);
	char spi[2 * KEK_SPI_LEN + 1];
	const struct coop_tomb *d;
	const struct ks_tek *t;
	unsigned i;

	kek_line(grp, l, grp->kek);
	for (i = 0; i < KEKS_OLD; i++)
		kek_line(grp, l, grp->old_keks[i]);
	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->expires > now)
			line(l, "tek %08x %u %u %u\n", t->k.spi, t->sa.number,
			    t->newest, t->override != 0);
	for (d = grp->coop->tombs; d != NULL; d = d->next)
		if (d->expires > now && d->kek)
			line(l, "kek %s dropped\n",
			    gdoi_spi_str(d->kek_spi, spi));
		else if (d->expires > now)
			line(l, "tek %08x dropped\n", d->spi);
}

static void
claim_lines(const struct ks_group *grp, struct lines *l)
{
	struct coop_keys *k = xcalloc(1, sizeof(*k));
	unsigned i;

	coop_sid_export(grp, k);
	line(l, "sid %u %016llx\n", k->sid_bits,
	    (unsigned long long)k->sid_epoch);
	for (i = 0; i < k->nclaims; i++)
		line(l, "claim %u %08x %016llx\n", k->claims[i].kssid,
		    k->claims[i].id.addr,
		    (unsigned long long)k->claims[i].id.boot);
	free(k);
}

void
coop_set_digest(const struct ks_group *grp, uint8_t digest[8])
{
	struct strbuf all = { 0 };
	uint8_t hash[32];
	struct lines *l;
	unsigned i;

	memset(digest, 0, 8);
	if (grp->active == NULL)
		return;
	l = xcalloc(1, sizeof(*l));
	key_lines(grp, l);
	claim_lines(grp, l);
	line(l, "clock %08x\n", grp->clock_id);
	line(l, "rekeys %u\n", grp->rekeys_sent);
	qsort(l->v, l->n, sizeof(l->v[0]), by_text);
	for (i = 0; i < l->n; i++) {
		sb_printf(&all, "%s", l->v[i]);
		free(l->v[i]);
	}
	IKE_HASH(IKE_SHA256, hash, CHUNK(all.s, all.len),
	    CHUNK(grp->active->text.s, grp->active->text.len));
	memcpy(digest, hash, 8);
	sb_free(&all);
	free(l);
}
