/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What must never happen, whatever the network does: seen at every datagram
 * that leaves and at every word to a packet process. See sim.h.
 *
 *   - a sequence number under a KEK is of one rekey of one key server; the
 *     same octets may go again, and by multicast that server may say the same
 *     with a later pseudotime;
 *   - a TEK's SPI is of one key;
 *   - a sender identifier is one member's under a TEK.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ikecrypto.h"
#include "sim.h"

enum { FACT_PUSH = 1, FACT_TEK, FACT_SID };

static struct sim *watched; /* taps have no argument of their own */

/* ---- facts ---- */

static size_t
place(const struct sim_facts *f, const struct sim_fact *k)
{
	uint64_t h = 0xcbf29ce484222325u;
	const uint8_t *p = &k->kind;
	size_t i;

	for (i = 0; i < 24; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	for (i = (h ^ h >> 32) % f->cap; f->slot[i].kind != 0;
	    i = (i + 1) % f->cap)
		if (memcmp(&f->slot[i], k, 24) == 0)
			break;
	return i;
}

static void
grow(struct sim_facts *f)
{
	struct sim_facts old = *f;
	size_t i;

	f->cap = old.cap == 0 ? 1024 : old.cap * 4;
	f->slot = xcalloc(f->cap, sizeof(*f->slot));
	for (i = 0; i < old.cap; i++)
		if (old.slot[i].kind != 0)
			f->slot[place(f, &old.slot[i])] = old.slot[i];
	free(old.slot);
}

/* What was known of it before; NULL: nothing, now it is. */
static const struct sim_fact *
state_fact(struct sim_facts *f, const struct sim_fact *new)
{
	size_t i;

	if (f->n * 2 >= f->cap)
		grow(f);
	i = place(f, new);
	if (f->slot[i].kind != 0)
		return &f->slot[i];
	f->slot[i] = *new;
	f->n++;
	return NULL;
}

/* ---- sequence numbers ---- */

static const struct gdoi_kek *
known_kek(const struct sim *s, const uint8_t *spi)
{
	unsigned i;

	for (i = s->nkeks; i-- > 0;)
		if (memcmp(s->keks[i].spi, spi, KEK_SPI_LEN) == 0)
			return &s->keks[i];
	return NULL;
}

static const struct gdoi_kek *
kek_of_group(struct ks_group *grp, const uint8_t *spi)
{
	unsigned i;

	if (grp->kek != NULL &&
	    memcmp(grp->kek->k.spi, spi, KEK_SPI_LEN) == 0)
		return &grp->kek->k;
	for (i = 0; i < KEKS_OLD; i++)
		if (grp->old_keks[i] != NULL && memcmp(
		    grp->old_keks[i]->k.spi, spi, KEK_SPI_LEN) == 0)
			return &grp->old_keks[i]->k;
	for (i = 0; i < NELEM(grp->rekey.push); i++)
		if (grp->rekey.push[i].data != NULL && memcmp(
		    grp->rekey.push[i].kek.spi, spi, KEK_SPI_LEN) == 0)
			return &grp->rekey.push[i].kek;
	return NULL;
}

/* The key of a push, from whoever has it; kept for later ones. */
static const struct gdoi_kek *
find_kek(struct sim *s, const uint8_t *cookies)
{
	const struct gdoi_kek *k = known_kek(s, cookies);
	struct isakmp_hdr h;
	unsigned i;

	memset(&h, 0, sizeof(h));
	memcpy(h.icookie, cookies, sizeof(h.icookie));
	memcpy(h.rcookie, cookies + sizeof(h.icookie), sizeof(h.rcookie));
	for (i = 0; i < s->nks && k == NULL; i++) {
		if (sim_group(s, i) != NULL)
			k = kek_of_group(sim_group(s, i), cookies);
		if (k == NULL)
			k = ks_farewell_kek(s->ks[i]->g, &h);
	}
	if (k == NULL || known_kek(s, cookies) != NULL)
		return k;
	s->keks = xrealloc(s->keks, (s->nkeks + 1) * sizeof(*s->keks));
	s->keks[s->nkeks] = *k;
	return &s->keks[s->nkeks++];
}

static bool
number_of(const struct gdoi_kek *k, const struct datagram *d, uint32_t *seq)
{
	static uint8_t clear[ISAKMP_MSG_MAX];
	struct isakmp_msg m;

	memcpy(clear, d->data, d->len);
	return push_open(k, clear, d->len, &m) == NULL &&
	    gdoi_get_seq(isakmp_rd(&m.pl[0]), seq);
}

static uint64_t
life_of(const struct sim *s, uint32_t addr)
{
	unsigned i;

	for (i = 0; i < s->nks && s->ks[i]->addr != addr; i++)
		;
	return i == s->nks ? 0 : (uint64_t)(i + 1) << 32 | s->lives[i];
}

static void
watch_push(struct sim *s, const struct datagram *d)
{
	const struct gdoi_kek *k = find_kek(s, d->data);
	struct sim_fact f = { .kind = FACT_PUSH };
	const struct sim_fact *was;
	char spi[2 * KEK_SPI_LEN + 1];
	uint64_t life = life_of(s, d->from.addr);
	uint32_t seq;

	if (k == NULL || !number_of(k, d, &seq)) {
		sim_wrong(s, "a push that nobody could open leaves %08x",
		    d->from.addr);
		return;
	}
	memcpy(f.key, k->spi, KEK_SPI_LEN);
	memcpy(f.key + KEK_SPI_LEN, &seq, sizeof(seq));
	IKE_HASH(IKE_SHA1, f.value, CHUNK(d->data, d->len));
	memcpy(f.value + 20, &life, sizeof(life));
	was = state_fact(&s->facts, &f);
	if (was == NULL || memcmp(was->value, f.value, 28) == 0)
		return;
	if (is_multicast(k->dst.addr) &&
	    memcmp(was->value + 20, f.value + 20, 8) == 0)
		return;
	sim_wrong(s, "number %u under KEK %s is used by %08x for another"
	    " rekey%s", seq, gdoi_spi_str(k->spi, spi), d->from.addr,
	    memcmp(was->value + 20, f.value + 20, 8) == 0 ? "" :
	    ", it was somebody else's");
}

/* ---- keys of SPIs, sender identifiers ---- */

static void
watch_tek(struct sim *s, uint32_t spi, const struct key *key, size_t len,
    const struct key *auth, const char *who)
{
	struct sim_fact f = { .kind = FACT_TEK };
	const struct sim_fact *was;

	memcpy(f.key, &spi, sizeof(spi));
	IKE_HASH(IKE_SHA256, f.value, CHUNK(key->data, len),
	    CHUNK(auth->data, auth->len));
	was = state_fact(&s->facts, &f);
	if (was != NULL && memcmp(was->value, f.value, 32) != 0)
		sim_wrong(s, "TEK %08x has another key at %s", spi, who);
}

static void
watch_sid(struct sim *s, const struct node *node, const struct sa_tek *t)
{
	struct sim_fact f = { .kind = FACT_SID };
	const struct sim_fact *was;

	if (t->sid_bits == 0)
		return;
	memcpy(f.key, &t->spi, sizeof(t->spi));
	memcpy(f.key + 4, &t->sid, sizeof(t->sid));
	memcpy(f.value, &node->number, sizeof(node->number));
	was = state_fact(&s->facts, &f);
	if (was != NULL && memcmp(was->value, f.value, 4) != 0)
		sim_wrong(s, "sender identifier %u of TEK %08x is that of"
		    " two members, one is %08x", t->sid, t->spi, node->addr);
}

static void
hear(struct node *node, const struct sa_change *c)
{
	const struct sa_tek *t = &c->tek;

	if (c->type != SA_ADD)
		return;
	watch_tek(watched, t->spi, &t->key, esp_key_len(&t->transform),
	    &t->auth_key, "a member");
	watch_sid(watched, node, t);
}

void
sim_watch_teks(struct sim *s)
{
	const struct ks_group *grp;
	const struct ks_tek *t;
	unsigned i;

	for (i = 0; i < s->nks; i++) {
		if ((grp = sim_group(s, i)) == NULL)
			continue;
		TAILQ_FOREACH(t, &grp->teks, link)
			watch_tek(s, t->k.spi, &t->k.key,
			    esp_key_len(&t->sa.transform), &t->k.auth_key,
			    "a key server");
	}
}

/* ---- the taps ---- */

/* A cable that loses more than others. */
static bool
is_lost(struct sim *s, const struct datagram *d)
{
	unsigned i;

	for (i = 0; i < s->nks; i++)
		if (s->link_loss[i] > s->n->now && (s->ks[i]->addr ==
		    d->from.addr || s->ks[i]->addr == d->to.addr) &&
		    sim_below(s, 100) < 30)
			return true;
	return false;
}

static bool
see(struct net *n, struct datagram *d)
{
	if (n != watched->n)
		return true;
	if (d->len >= ISAKMP_HDR_LEN && d->data[18] == GDOI_X_PUSH)
		watch_push(watched, d);
	return !is_lost(watched, d);
}

void
sim_watch(struct sim *s)
{
	watched = s;
	s->n->tap = see;
	s->n->sa = hear;
}

void
sim_watch_free(struct sim *s)
{
	s->n->tap = NULL;
	s->n->sa = NULL;
	if (s->keks != NULL)
		explicit_bzero(s->keks, s->nkeks * sizeof(*s->keks));
	free(s->keks);
	free(s->facts.slot);
}
