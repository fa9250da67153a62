/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Hostile peers and the state of their victims, see hostile.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"
#include "hostile.h"

/* ---- what a key server says ---- */

void
say_now(struct ks_group *grp, struct say *s)
{
	struct gdoi_sat *sats;
	struct gdoi_tek_key *teks;

	memset(s, 0, sizeof(*s));
	sats = ks_sats(grp, &s->n);
	teks = ks_tek_keys(grp, &s->nteks);
	if (s->n > SAY_SATS || s->nteks > SAY_TEKS)
		fatal("too much to say");
	memcpy(s->sats, sats, s->n * sizeof(*sats));
	memcpy(s->teks, teks, s->nteks * sizeof(*teks));
	free(sats);
	free(teks);
	s->has_sak = s->has_kdk = grp->kek != NULL;
	if (grp->kek == NULL)
		return;
	s->sak = grp->kek->k;
	s->sak.life = secs_until(grp->g, grp->kek->expires);
	s->sak.src = s->sak.dst = (struct udp_addr){ KS_ADDR, ISAKMP_PORT };
	s->kdk = s->sak;
	s->seq = grp->kek->seq;
}

void
say_sa(const struct say *s, struct isakmp_out *o)
{
	gdoi_put_sa(o, s->has_sak ? &s->sak : NULL, &s->gap, s->sats, s->n);
}

void
say_kd(const struct say *s, struct isakmp_out *o)
{
	gdoi_put_kd(o, s->has_kdk ? &s->kdk : NULL, s->teks, s->nteks, 24,
	    s->sids, s->nsids);
}

/* ---- hostile exchanges ---- */

static hostile_fn *evil;
static struct exch_step steps_gm[3], steps_ks[2];

static bool
send_as(struct exch *x, struct isakmp_out *o, const struct exch_step *real,
    unsigned n)
{
	struct isakmp_out before = *o;

	if (!real->send(x, o))
		return false;
	if (evil != NULL)
		evil(x, n, &before, o);
	return true;
}

#define SEND(fn, real, number)                                                \
	static bool fn(struct exch *x, struct isakmp_out *o)                  \
	{                                                                     \
		return send_as(x, o, real, number);                           \
	}
SEND(send_1, &groupkey_pull.init[0], 1)
SEND(send_2, &groupkey_pull.resp[0], 2)
SEND(send_3, &groupkey_pull.init[1], 3)
SEND(send_4, &groupkey_pull.resp[1], 4)

static struct exch_type evil_pull;
static const struct exch_type *const evil_types[] = { &evil_pull, NULL };
static const struct ike_doi evil_doi = {
	.number = DOI_GDOI,
	.name = "GDOI",
	.idle = "GDOI_IDLE",
	.types = evil_types,
	.port = ISAKMP_PORT,
	.sa_changed = coop_sa_changed,
};

void
hostile(struct node *node, hostile_fn *fn)
{
	struct gm_group *gm = net_gm(node);
	struct exch *x;

	memcpy(steps_gm, groupkey_pull.init, sizeof(steps_gm));
	memcpy(steps_ks, groupkey_pull.resp, sizeof(steps_ks));
	steps_gm[0].send = send_1;
	steps_gm[1].send = send_3;
	steps_ks[0].send = send_2;
	steps_ks[1].send = send_4;
	evil_pull = groupkey_pull;
	evil_pull.init = steps_gm;
	evil_pull.resp = steps_ks;
	evil = fn;
	node->g->ike->doi = fn != NULL ? &evil_doi : &gdoi_doi;
	if (fn == NULL || gm == NULL || (x = gm->pull) == NULL ||
	    x->type != &groupkey_pull)
		return;
	x->step = steps_gm + (x->step - groupkey_pull.init);
	x->type = &evil_pull;
}

bool
hostile_push(struct node *ks, struct node *gm, uint32_t seq,
    bool (*put)(struct isakmp_out *, void *), void *arg)
{
	struct udp_addr from = { ks->addr, ISAKMP_PORT };
	struct udp_addr to = { gm->addr, ISAKMP_PORT };
	struct ks_group *grp = net_ks(ks);
	static uint8_t copy[ISAKMP_MSG_MAX];
	size_t len = push_build(ks->g, &grp->kek->k, seq,
	    rsa_find(ks->g->rsa, grp->kek->label), put, arg);

	if (len == 0)
		return false;
	memcpy(copy, ks->g->buf, len);
	gdoi_input(gm->g, to, from, copy, len);
	return true;
}

/* ---- state as text ---- */

static void
hex(struct strbuf *sb, const char *name, const void *data, size_t len)
{
	const uint8_t *p = data;

	sb_printf(sb, "%s ", name);
	while (len-- > 0)
		sb_printf(sb, "%02x", *p++);
	sb_printf(sb, "\n");
}

static void
one_tek(struct strbuf *sb, const struct sa_tek *t)
{
	sb_printf(sb, "tek %08x of %u: %u/%u/%u replay %u %u salt %x sid %x/%u"
	    " base %u\n", t->spi, t->sa_index, t->transform.cipher,
	    t->transform.auth, t->transform.key_bits, t->replay, t->window,
	    t->salt, t->sid, t->sid_bits, t->seq_base);
	hex(sb, " key", t->key.data, t->key.len);
	hex(sb, " auth", t->auth_key.data, t->auth_key.len);
}

static void
one_ace(struct strbuf *sb, const struct ace *a)
{
	ace_format(sb, a, ACE_STYLE_CONFIG);
	sb_printf(sb, "\n");
}

static void
one_kek(struct strbuf *sb, const struct gdoi_kek *k)
{
	hex(sb, "kek", k->spi, KEK_SPI_LEN);
	sb_printf(sb, " %u/%u life %u hash %u sig %u ack %u\n", k->cipher,
	    k->key_bits, k->life, k->sig_hash, k->sig_bits, k->ack);
	hex(sb, " iv", k->iv.data, k->iv.len);
	hex(sb, " key", k->key.data, k->key.len);
	hex(sb, " pub", k->pub, k->pub_len);
}

static void
as_fwd_knows(struct strbuf *sb, const struct node *node)
{
	unsigned i;

	sb_printf(sb, "fwd policy %u naces %u nteks %u flushes %u\n",
	    node->policy, node->naces, node->nteks, node->flushes);
	for (i = 0; i < node->naces; i++)
		one_ace(sb, &node->aces[i]);
	for (i = 0; i < node->nteks; i++) {
		one_tek(sb, &node->teks[i]);
		sb_printf(sb, " until %llu\n",
		    (unsigned long long)node->tek_end[i]);
	}
}

void
state_member(struct strbuf *sb, struct node *node, bool downloaded)
{
	const struct gm_group *gm = net_gm(node);
	const struct gm_tek *t;
	unsigned i;

	TAILQ_FOREACH(t, &gm->teks, link) {
		one_tek(sb, &t->t);
		sb_printf(sb, " life %u until %llu\n", t->life,
		    (unsigned long long)t->expires);
	}
	sb_printf(sb, "kek %u until %llu seq %u ks %08x sid %x/%u\n",
	    gm->has_kek, (unsigned long long)gm->kek_expires, gm->last_seq,
	    gm->ks, gm->sid, gm->sid_bits);
	if (gm->has_kek)
		one_kek(sb, &gm->kek);
	for (i = 0; i < gm->naces; i++) {
		one_ace(sb, &gm->aces[i]);
		sb_printf(sb, " of %u\n", gm->sa_of[i]);
	}
	hex(sb, "past", gm->past, sizeof(gm->past));
	as_fwd_knows(sb, node);
	if (downloaded)
		return;
	sb_printf(sb, "state %u id %u/%u attached %u server %u pull %u\n",
	    gm->state, gm->id_type, gm->id, gm->attached, gm->server,
	    gm->pull != NULL);
	sb_printf(sb, "registered %u/%u rekeys %u/%u acks %u from %08x at"
	    " %llu again %llu timers %llu %llu\n", gm->succeeded,
	    gm->attempted, gm->rekeys_total, gm->rekeys_since, gm->acks_sent,
	    gm->last_rekey_from, (unsigned long long)gm->last_rekey,
	    (unsigned long long)gm->reregister_at,
	    (unsigned long long)gm->reg_timer.at,
	    (unsigned long long)gm->exp_timer.at);
	hex(sb, "ack", gm->ack.data, gm->ack.len);
	hex(sb, "ack of", gm->ack.digest, sizeof(gm->ack.digest));
}

void
state_server(struct strbuf *sb, struct node *node)
{
	const struct ks_group *grp = net_ks(node);
	const struct ks_member *m;
	const struct ks_tek *t;

	sb_printf(sb, "members %u sids left %llu generation %u rekeys %u/%u"
	    " active %u seq %u waiting %u tries %u\n", grp->nmembers,
	    (unsigned long long)ks_sids_left(grp), grp->generation,
	    grp->rekeys_sent, grp->retransmitted, grp->rekey.active,
	    grp->rekey.push[0].seq, grp->rekey.waiting, grp->rekey.tries);
	TAILQ_FOREACH(m, &grp->members, link)
		sb_printf(sb, "member %08x:%u kek %u state %u missed %u sent"
		    " %u retries %u acks %u/%u\n", m->addr, m->port,
		    m->has_kek, m->state, m->missed, m->sent, m->retries,
		    m->acks, m->acks_missed);
	TAILQ_FOREACH(t, &grp->teks, link) {
		sb_printf(sb, "tek %08x of %u until %llu\n", t->k.spi,
		    t->sa.number, (unsigned long long)t->expires);
		hex(sb, " key", t->k.key.data, t->k.key.len);
	}
	if (grp->kek != NULL) {
		one_kek(sb, &grp->kek->k);
		sb_printf(sb, " seq %u\n", grp->kek->seq);
	}
}

const char *
member_sane(struct node *node)
{
	const struct gm_group *gm = net_gm(node);
	const struct gm_tek *t, *o;
	unsigned n = 0;

	if (gm->naces > SA_POLICY_MAX)
		return "too many entries";
	TAILQ_FOREACH(t, &gm->teks, link) {
		if (++n > GDOI_TEKS_MAX)
			return "too many TEKs";
		if (t->t.spi < 256)
			return "reserved SPI";
		if (t->t.key.len != esp_key_len(&t->t.transform) ||
		    t->t.auth_key.len != esp_auth_key_len(&t->t.transform))
			return "key length";
		if (t->life == 0 || t->expires > node->net->now +
		    UINT64_C(2592000) * 1000)
			return "lifetime";
		for (o = TAILQ_NEXT(t, link); o != NULL;
		    o = TAILQ_NEXT(o, link))
			if (o->t.spi == t->t.spi)
				return "two TEKs with one SPI";
	}
	if (!gm->has_kek)
		return NULL;
	if (rsa_pub_bits(gm->kek.pub, gm->kek.pub_len) == 0)
		return "KEK without public key";
	return gm->kek.key.len != gdoi_kek_key_len(gm->kek.cipher,
	    gm->kek.key_bits) ? "KEK length" : NULL;
}
