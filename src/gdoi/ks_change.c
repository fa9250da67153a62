/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: the policy changes while members live with it. Runs in process
 * ike.
 *
 * What a change of the configuration does (ios-getvpn.md 2.4):
 *
 *	ACL entries, sa ipsec added,	POLICY_CHANGE; the next rekey carries
 *	removed or renumbered, another	it. Entries act at once, a TEK whose
 *	transform set, lifetime, replay	sa ipsec changed is replaced, the old
 *	method				one ends sooner
 *	rekey lifetime, algorithm,	POLICY_CHANGE; the next rekey brings
 *	sig-hash, RSA label		a new KEK, signed with the old one
 *	name of profile, transform set	at once, when the policy is the same
 *	or ACL				under the new name; nobody is told
 *	retransmission			at once
 *	group identity			members stay and get rekeys; who
 *					registers must know the new one
 *	address				the same; rekeys come from the new one
 *	ACL that permits nothing,	logged; the group goes on with the
 *	profile that is gone, no	policy that it has, rekeys by hand
 *	sa ipsec			are refused
 *
 * A scheduled rekey carries a changed policy as one by hand does. Entries that
 * move from one sa ipsec to another which was there before come under that
 * one's TEK at once: who has not heard of it yet drops them until then.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define TEKS_PER_SA 8	     /* of rekeys by hand in a row */

/* ---- what the operator hears ---- */

void
ks_settle(struct ks_group *grp)
{
	const struct ks_policy *p = grp->policy;
	uint8_t digest[32];

	if (!coop_is_primary(grp))
		return; /* the primary's counts, see coop_keys.c */
	if (grp->active == NULL || (p->problem[0] == '\0' &&
	    ks_policy_equal(grp->active, p))) {
		memset(grp->announced, 0, sizeof(grp->announced));
		return;
	}
	IKE_HASH(IKE_SHA256, digest, CHUNK(p->text.s, p->text.len),
	    CHUNK(p->problem, strlen(p->problem)));
	if (memcmp(digest, grp->announced, sizeof(digest)) == 0)
		return;
	memcpy(grp->announced, digest, sizeof(digest));
	if (p->problem[0] != '\0')
		ks_log_problem(grp);
	else
		ike_log(grp->g->ike, LOG_KS_POLICY_CHANGE, grp->name);
}

void
ks_settled(struct gdoi *g)
{
	struct ks_group *grp;

	TAILQ_FOREACH(grp, &g->ks, link)
		ks_settle(grp);
}

const char *
ks_rekey_refused(struct ks_group *grp)
{
	const struct ks_tek *t;
	unsigned n = 0;

	if (grp->policy->problem[0] != '\0') {
		grp->policy->logged = false; /* each time it is asked for */
		ks_log_problem(grp);
		return grp->policy->problem;
	}
	if (grp->kek == NULL || ks_signing_key(grp, grp->kek) == NULL)
		return "there is no KEK that members know, they get new keys"
		    " when they register again";
	TAILQ_FOREACH(t, &grp->teks, link)
		n++;
	if (n >= TEKS_PER_SA * grp->active->nsas || n > GDOI_TEKS_MAX / 2)
		return "too many TEKs of earlier rekeys are alive, try again"
		    " when they have ended";
	return NULL;
}

/* ---- old TEKs ---- */

/* Not before one that is older: members send with the one that ends first,
 * and who was removed and is not back yet does not have the newer one. */
static void
shorten(struct ks_group *grp, struct ks_tek *t)
{
	const struct ks_tek *older = t;
	uint64_t end = gdoi_now(grp->g) + shortened_ms(t->sa.life);

	while ((older = TAILQ_NEXT(older, link)) != NULL)
		if (older->sa.number == t->sa.number && older->expires > end)
			end = older->expires + TEK_APART_MS;
	if (t->expires <= end)
		return;
	t->expires = end;
	t->override = secs_until(grp->g, end);
}

void
ks_shorten_all(struct ks_group *grp)
{
	struct ks_tek *t;

	TAILQ_FOREACH_REVERSE(t, &grp->teks, ks_tek_list, link)
		shorten(grp, t);
}

static void
shorten_sa(struct ks_group *grp, uint16_t number)
{
	struct ks_tek *t;

	TAILQ_FOREACH_REVERSE(t, &grp->teks, ks_tek_list, link)
		if (t->sa.number == number)
			shorten(grp, t);
}

uint64_t
ks_shortened_until(const struct ks_group *grp)
{
	uint64_t end = 0, now = gdoi_now(grp->g);
	const struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->override != 0 && !t->newest && t->expires > end)
			end = t->expires;
	return end > now + SA_STOP_SENDING_MS ? end - SA_STOP_SENDING_MS : 0;
}

static unsigned
drop_all(struct ks_group *grp, uint32_t *drop)
{
	struct ks_tek *t;
	unsigned n = 0;

	while ((t = TAILQ_FIRST(&grp->teks)) != NULL) {
		if (n < GDOI_TEKS_MAX)
			drop[n++] = t->k.spi;
		ks_drop_tek(grp, t);
	}
	return n;
}

/* ---- the running policy becomes the one in use ---- */

static bool
same_entry(const struct ks_ace *a, const struct ks_ace *b)
{
	struct strbuf ta = { 0 }, tb = { 0 };
	bool same;

	ace_format(&ta, &a->ace, ACE_STYLE_CONFIG);
	ace_format(&tb, &b->ace, ACE_STYLE_CONFIG);
	same = strcmp(ta.s, tb.s) == 0;
	sb_free(&ta);
	sb_free(&tb);
	return same;
}

/* The sa ipsec of the new policy that took over a permit entry of one that
 * is gone; 0: none did. One that was there before has its own TEK. */
static uint16_t
successor(const struct ks_policy *old, const struct ks_policy *new,
    uint16_t gone)
{
	unsigned i, j;

	for (i = 0; i < old->naces; i++) {
		if (old->aces[i].sa != gone ||
		    old->aces[i].ace.action != ACE_PERMIT)
			continue;
		for (j = 0; j < new->naces; j++)
			if (ks_policy_sa(old, new->aces[j].sa) == NULL &&
			    same_entry(&old->aces[i], &new->aces[j]))
				return new->aces[j].sa;
	}
	return 0;
}

/* A TEK of an sa ipsec that got another number goes with the entries, so
 * that members which have heard of it and those which have not can talk. */
static void
rehome(struct ks_group *grp, const struct ks_policy *old,
    const struct ks_policy *new)
{
	struct ks_tek *t;
	uint16_t number;

	TAILQ_FOREACH(t, &grp->teks, link) {
		if (ks_policy_sa(new, t->sa.number) != NULL)
			continue;
		number = successor(old, new, t->sa.number);
		if (number != 0) {
			t->sa.number = number;
		} else {
			shorten(grp, t);
			t->newest = false;
		}
	}
}

static void
adopt(struct ks_group *grp)
{
	const struct gdoi_group *c = conf_find_gdoi_group(grp->g->conf,
	    grp->name);
	struct ks_policy *new;

	if (c == NULL || c->local.first == NULL ||
	    grp->policy->problem[0] != '\0')
		return; /* goes on with what it has */
	new = ks_policy_make(grp->g, c);
	rehome(grp, grp->active, new);
	ks_policy_free(grp->active);
	grp->active = new;
}

static bool
sa_changed(const struct ks_sa *a, const struct ks_sa *b)
{
	return a->transform.cipher != b->transform.cipher ||
	    a->transform.auth != b->transform.auth ||
	    a->transform.key_bits != b->transform.key_bits ||
	    a->life != b->life || a->replay != b->replay ||
	    a->window != b->window;
}

bool
ks_kek_changed(const struct ks_group *grp)
{
	const struct ks_policy *p = grp->active;
	const struct ks_kek *k = grp->kek;

	return k != NULL && (k->k.cipher != p->kek_cipher ||
	    k->k.key_bits != p->kek_bits || k->k.sig_hash != p->sig_hash ||
	    k->life != p->kek_life || strcmp(k->label, p->rsa_label) != 0);
}

unsigned
ks_renew(struct ks_group *grp, enum rekey_kind kind, uint32_t *drop)
{
	bool all = kind == REKEY_ALL || kind == REKEY_REPLACE, changed;
	uint64_t now = gdoi_now(grp->g);
	unsigned i, n = 0;
	struct ks_tek *t;

	adopt(grp);
	if (kind == REKEY_REPLACE)
		n = drop_all(grp, drop);
	for (i = 0; i < grp->active->nsas; i++) {
		const struct ks_sa *sa = &grp->active->sas[i];

		TAILQ_FOREACH(t, &grp->teks, link)
			if (t->newest && t->sa.number == sa->number)
				break;
		changed = t != NULL && sa_changed(&t->sa, sa);
		if (all || changed)
			shorten_sa(grp, sa->number);
		if (t == NULL || all || changed || t->rekey_at <= now)
			ks_make_tek(grp, sa);
	}
	return n;
}
