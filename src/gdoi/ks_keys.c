/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of a key server's group: how they are made and when they are due
 * to be replaced. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

#define REKEY_GAP_MS 30000 /* never sooner after the one before */

static uint32_t
max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* What the retransmissions of a rekey may take, and what sending to many
 * members does. Not more than a part of the life: else a key with many
 * retransmissions would be replaced all the time. */
uint32_t
ks_distribution(const struct ks_group *grp, uint32_t life)
{
	uint32_t again = (uint32_t)grp->retransmit_secs *
	    grp->retransmit_count;

	return (again < life / 4 ? again : life / 4) + 5 +
	    grp->nmembers / PUSH_PACE_MEMBERS * PUSH_PACE_MS / 1000;
}

/* Seconds before the end at which the successor is sent: long enough that a
 * member hears of it before it would register again by itself. */
uint32_t
ks_tek_margin(const struct ks_group *grp, uint32_t life)
{
	return max_u32(90, life / 10) + ks_distribution(grp, life);
}

uint32_t
ks_kek_margin(const struct ks_group *grp, uint32_t life)
{
	return max_u32(200, life / 10) + ks_distribution(grp, life);
}

static uint64_t
rekey_time(const struct ks_group *grp, uint64_t born, uint32_t life,
    uint32_t margin)
{
	uint64_t at = born;

	if (life > margin)
		at += (uint64_t)(life - margin) * 1000;
	if (at < born + REKEY_GAP_MS)
		at = born + REKEY_GAP_MS;
	if (grp->last_rekey != 0 && at < grp->last_rekey + REKEY_GAP_MS)
		at = grp->last_rekey + REKEY_GAP_MS;
	return at;
}

static void
random_key(struct ks_group *grp, struct key *k, size_t len)
{
	uint8_t data[KEY_MAX];

	ike_random(grp->g->ike, data, len);
	key_set(k, data, len);
	explicit_bzero(data, sizeof(data));
}

/* An SPI of this group that no TEK of any group here has. */
static uint32_t
new_spi(const struct ks_group *of)
{
	struct gdoi *g = of->g;
	const struct ks_group *grp;
	uint32_t spi;

again:
	ike_random(g->ike, &spi, sizeof(spi));
	spi = gdoi_spi_of_group(of->id_type, of->id, spi);
	if (spi < 256)
		goto again;
	TAILQ_FOREACH(grp, &g->ks, link)
		if (ks_find_tek(grp, spi) != NULL)
			goto again;
	return spi;
}

/* A new TEK for one sa ipsec; the one before stays until its end. */
void
ks_make_tek(struct ks_group *grp, const struct ks_sa *sa)
{
	struct ks_tek *t = xcalloc(1, sizeof(*t)), *old;
	size_t auth = esp_auth_key_len(&sa->transform);

	TAILQ_FOREACH(old, &grp->teks, link)
		if (old->sa.number == sa->number)
			old->newest = false;
	t->sa = *sa;
	t->newest = true;
	t->k.spi = new_spi(grp);
	random_key(grp, &t->k.key, esp_salted_key_len(&sa->transform));
	if (auth != 0)
		random_key(grp, &t->k.auth_key, auth);
	t->born = gdoi_now(grp->g);
	t->expires = t->born + (uint64_t)sa->life * 1000;
	t->rekey_at = rekey_time(grp, t->born, sa->life,
	    ks_tek_margin(grp, sa->life));
	TAILQ_INSERT_HEAD(&grp->teks, t, link);
	gdoi_event(grp->g, TRACE_INFRA, DBG_KS_INFRA, DBG_EVENT, 0,
	    "(%s):new TEK 0x%08X for sa ipsec %u, life %u s", grp->name,
	    t->k.spi, sa->number, sa->life);
}

struct ks_tek *
ks_find_tek(const struct ks_group *grp, uint32_t spi)
{
	struct ks_tek *t;

	TAILQ_FOREACH(t, &grp->teks, link)
		if (t->k.spi == spi)
			return t;
	return NULL;
}

void
ks_drop_tek(struct ks_group *grp, struct ks_tek *t)
{
	coop_tek_dropped(grp, t);
	TAILQ_REMOVE(&grp->teks, t, link);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

void
ks_kek_free(struct ks_kek *k)
{
	if (k == NULL)
		return;
	explicit_bzero(k, sizeof(*k));
	free(k);
}

struct ks_kek *
ks_find_kek(struct ks_group *grp, const uint8_t *spi)
{
	unsigned i;

	if (grp->kek != NULL &&
	    memcmp(grp->kek->k.spi, spi, KEK_SPI_LEN) == 0)
		return grp->kek;
	for (i = 0; i < KEKS_OLD; i++)
		if (grp->old_keks[i] != NULL && memcmp(
		    grp->old_keks[i]->k.spi, spi, KEK_SPI_LEN) == 0)
			return grp->old_keks[i];
	return NULL;
}

/* A member that surely has one may have any that was born later (ks_dist.c).
 * The oldest has to go when there are too many. */
void
ks_add_old_kek(struct ks_group *grp, struct ks_kek *k)
{
	unsigned i;

	for (i = 0; i < KEKS_OLD; i++)
		if (grp->old_keks[i] == NULL ||
		    grp->old_keks[i]->born <= k->born)
			break;
	if (i == KEKS_OLD) {
		ks_kek_free(k);
		return;
	}
	ks_kek_free(grp->old_keks[KEKS_OLD - 1]);
	memmove(&grp->old_keks[i + 1], &grp->old_keks[i],
	    (KEKS_OLD - 1 - i) * sizeof(grp->old_keks[0]));
	grp->old_keks[i] = k;
}

bool
ks_take_old_kek(struct ks_group *grp, const struct ks_kek *k)
{
	unsigned i;

	for (i = 0; i < KEKS_OLD && grp->old_keks[i] != k; i++)
		;
	if (i == KEKS_OLD)
		return false;
	memmove(&grp->old_keks[i], &grp->old_keks[i + 1],
	    (KEKS_OLD - 1 - i) * sizeof(grp->old_keks[0]));
	grp->old_keks[KEKS_OLD - 1] = NULL;
	return true;
}

void
ks_pub_digest(const struct gdoi_kek *k, uint8_t *digest)
{
	IKE_HASH(IKE_SHA256, digest, CHUNK(k->pub, k->pub_len));
}

void
ks_log_no_rsa(struct ks_group *grp, const char *label)
{
	ike_log(grp->g->ike, LOG_KS_NO_RSA_KEYS, label, grp->name,
	    "no rekeys are sent, members re-register");
}

/* A new KEK in grp->kek; the old one is the caller's then. False: it stays,
 * because the RSA key is missing or there is nowhere to send to. */
bool
ks_make_kek(struct ks_group *grp)
{
	const struct ks_policy *p = grp->active;
	const struct rsa_key *rsa = rsa_find(grp->g->rsa, p->rsa_label);
	struct ks_kek *k;

	if (rsa == NULL || rsa->pub_len > GDOI_PUB_MAX) {
		if (p->rsa_label[0] != '\0' && !grp->no_rsa_logged)
			ks_log_no_rsa(grp, p->rsa_label);
		grp->no_rsa_logged = true;
		return false;
	}
	if (!rsa_can_sign(rsa, p->sig_hash)) {
		if (!grp->no_rsa_logged)
			ike_log(grp->g->ike, LOG_KS_NO_POLICY, grp->name,
			    "the RSA key is too short for the signature hash");
		grp->no_rsa_logged = true;
		return false;
	}
	if (!p->unicast && p->mcast_problem[0] != '\0') {
		if (!grp->no_rsa_logged)
			ike_log(grp->g->ike, LOG_KS_NO_MCAST, grp->name,
			    p->mcast_problem);
		grp->no_rsa_logged = true;
		return false;
	}
	grp->no_rsa_logged = false;
	k = xcalloc(1, sizeof(*k));
	str_copy(k->label, rsa->label, sizeof(k->label));
	ike_random(grp->g->ike, k->k.spi, KEK_SPI_LEN);
	k->k.spi[0] |= 1;
	k->k.spi[8] |= 1; /* both cookies differ from zero */
	k->k.cipher = p->kek_cipher;
	k->k.key_bits = p->kek_bits;
	k->k.sig_hash = p->sig_hash;
	k->k.sig_bits = (uint16_t)rsa->bits;
	k->ack = p->ack;
	k->k.ack = !p->unicast ? KEK_ACK_NONE : p->ack == REKEY_ACK_CISCO ?
	    KEK_ACK_OWN : KEK_ACK_SHA256;
	k->k.src = (struct udp_addr){ grp->addr, ISAKMP_PORT };
	k->k.dst = p->unicast ? (struct udp_addr){ 0, ISAKMP_PORT } : p->mcast;
	random_key(grp, &k->k.iv, gdoi_kek_iv_len(p->kek_cipher));
	random_key(grp, &k->k.key, gdoi_kek_key_len(p->kek_cipher,
	    p->kek_bits));
	memcpy(k->k.pub, rsa->pub, rsa->pub_len);
	k->k.pub_len = (uint16_t)rsa->pub_len;
	ks_pub_digest(&k->k, k->pub_digest);
	if (grp->coop != NULL)
		k->creator = grp->coop->self;
	k->life = p->kek_life;
	k->born = gdoi_now(grp->g);
	k->expires = k->born + (uint64_t)k->life * 1000;
	k->rekey_at = rekey_time(grp, k->born, k->life,
	    ks_kek_margin(grp, k->life));
	k->order = ++grp->kek_order;
	grp->kek = k;
	if (grp->coop != NULL)
		grp->coop->roll = false;
	return true;
}
