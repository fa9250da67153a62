/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: what a key server downloads is kept and handed to the packet
 * process. Runs in process ike.
 *
 * A message is taken as a whole or not at all: gm_check() (gm_check.c) has
 * looked at everything, gm_install() cannot fail.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

void
gm_use_event(struct gdoi *g, const struct sa_event *e)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (strcmp(gm->name, e->group) == 0)
			break;
	if (gm == NULL || e->sa_index == 0 || e->sa_index > gm->naces)
		return;
	if (gm->uses == NULL)
		gm->uses = xcalloc(gm->naces, sizeof(*gm->uses));
	gm->uses[e->sa_index - 1] = e->use;
}

struct gm_tek *
gm_find_tek(const struct gm_group *gm, uint32_t spi)
{
	struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (t->t.spi == spi)
			return t;
	return NULL;
}

static const struct gdoi_tek_key *
find_key(const struct gdoi_kd_msg *kd, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < kd->n; i++)
		if (kd->teks[i].spi == spi)
			return &kd->teks[i];
	return NULL;
}

/* ---- the packet process ---- */

static void
tell(struct gdoi *g, const struct sa_change *c)
{
	g->io.sa(g->arg, c);
}

static void
tell_tek(struct gm_group *gm, const struct gm_tek *t)
{
	struct sa_change c = { .type = SA_ADD };
	uint64_t now = gdoi_now(gm->g);

	c.tek = t->t;
	c.tek.life_ms = t->expires > now ? (uint32_t)(t->expires - now) : 0;
	if (t->activate != 0)
		c.tek.send_after_ms = t->activate > now ?
		    (uint32_t)(t->activate - now) : 1;
	if (c.tek.life_ms != 0)
		tell(gm->g, &c);
	explicit_bzero(&c, sizeof(c));
}

static void
tell_gone(struct gm_group *gm, enum sa_change_type type, uint32_t spi)
{
	struct sa_change c = { .type = (uint8_t)type };

	str_copy(c.del.group, gm->name, sizeof(c.del.group));
	c.del.spi = spi;
	tell(gm->g, &c);
}

/* Policy first, then all TEKs that live, the oldest first. */
void
gm_send_policy(struct gm_group *gm)
{
	struct sa_change c = { .type = SA_POLICY };
	const struct gm_tek *t;
	struct gm_list l;

	gm_list_make(gm, &l);
	str_copy(c.policy.group, gm->name, sizeof(c.policy.group));
	c.policy.gm_addr = gm->addr;
	c.policy.ks_addr = gm->ks;
	c.policy.direction = gm->direction;
	c.policy.reverted = gm->reverted;
	c.policy.sync_errors = gm->clock.errors;
	c.policy.n = l.n;
	c.policy.aces = l.aces;
	c.policy.sa_of = l.sa_of;
	c.policy.local = l.local;
	tell(gm->g, &c);
	TAILQ_FOREACH_REVERSE(t, &gm->teks, gm_tek_list, link)
		tell_tek(gm, t);
	gm_list_free(&l);
}

/* ---- keeping ---- */

/* In counter modes the SPI is remembered while we keep the same sender
 * identifier: a push that was held back, or another half of the group, can
 * bring the TEK once more, and its IVs would begin anew. */
static void
free_tek(struct gm_group *gm, struct gm_tek *t)
{
	if (esp_is_aead(&t->t.transform))
		gm->past[gm->npast++ % NELEM(gm->past)] = t->t.spi;
	gm_remember_spi(gm, t->t.spi);
	TAILQ_REMOVE(&gm->teks, t, link);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

void
gm_delete_tek(struct gm_group *gm, struct gm_tek *t, bool tell_fwd)
{
	gdoi_event(gm->g, TRACE_INFRA, DBG_GM_INFRA, DBG_EVENT, 0,
	    "(%s):TEK 0x%08X %s", gm->name, t->t.spi,
	    tell_fwd ? "deleted" : "expired");
	if (tell_fwd)
		tell_gone(gm, SA_DEL, t->t.spi);
	free_tek(gm, t);
}

void
gm_delete_kek(struct gm_group *gm)
{
	gm->has_kek = false;
	explicit_bzero(&gm->kek, sizeof(gm->kek));
}

void
gm_forget_all(struct gm_group *gm)
{
	struct gm_tek *t;

	if (gm->naces != 0 || !TAILQ_EMPTY(&gm->teks))
		tell_gone(gm, SA_FLUSH, 0);
	while ((t = TAILQ_FIRST(&gm->teks)) != NULL)
		free_tek(gm, t);
	gm_delete_kek(gm);
	explicit_bzero(&gm->ack, sizeof(gm->ack));
	free(gm->aces);
	free(gm->sa_of);
	free(gm->uses);
	gm->uses = NULL;
	gm->aces = NULL;
	gm->sa_of = NULL;
	gm->naces = 0;
	gm->reverted = false;
	gm->ks_direction = SA_DIR_BOTH;
	gm_set_direction(gm);
	memset(gm->merge_digest, 0, sizeof(gm->merge_digest));
	gm_clock_forget(gm);
	gm->sid_bits = 0; /* nothing is sent before there is a new one */
	memset(gm->past, 0, sizeof(gm->past));
	gm->ks = 0;
}

/*
 * The entries of the policy and which `sa ipsec` each TEK belongs to. Our key
 * server says it (SAT attribute), or there is only one. Of another key server
 * entries with the same TEK belong together, and TEKs with the same entry
 * are successors of each other.
 */
struct assembly {
	struct ace *aces;
	uint16_t *sa_of;
	uint32_t *first_spi; /* per entry: of the TEK that brought it */
	unsigned n;
};

static uint16_t
index_of(const struct assembly *as, const struct gdoi_sat *s, bool *known)
{
	uint16_t highest = 0;
	unsigned i;

	*known = false;
	for (i = 0; i < as->n; i++) {
		if (gm_ace_equal(&as->aces[i], &s->ace)) {
			*known = true;
			return as->sa_of[i];
		}
		if (as->sa_of[i] > highest)
			highest = as->sa_of[i];
	}
	for (i = 0; i < as->n; i++)
		if (as->first_spi[i] == s->spi)
			return as->sa_of[i];
	return s->sa_index != 0 ? s->sa_index : highest + 1;
}

static void
assemble(struct assembly *as, const struct gdoi_sa_msg *sa, uint16_t *index)
{
	unsigned i;

	as->aces = xcalloc(sa->n, sizeof(*as->aces));
	as->sa_of = xcalloc(sa->n, sizeof(*as->sa_of));
	as->first_spi = xcalloc(sa->n, sizeof(*as->first_spi));
	for (i = 0; i < sa->n; i++) {
		const struct gdoi_sat *s = &sa->sats[i];
		bool known;

		index[i] = index_of(as, s, &known);
		if (s->sa_index != 0)
			index[i] = s->sa_index;
		if (known || as->n == SA_POLICY_MAX)
			continue;
		as->aces[as->n] = s->ace;
		as->sa_of[as->n] = index[i];
		as->first_spi[as->n++] = s->spi;
	}
}

static void
set_tek(struct gm_group *gm, struct gm_tek *t, const struct gdoi_sat *s,
    const struct gdoi_tek_key *k)
{
	size_t len = esp_key_len(&s->transform);

	str_copy(t->t.group, gm->name, sizeof(t->t.group));
	t->t.spi = s->spi;
	t->t.transform = s->transform;
	key_set(&t->t.key, k->key.data, len);
	key_set(&t->t.auth_key, k->auth_key.data, k->auth_key.len);
	if (esp_is_aead(&s->transform)) {
		struct rd r = rd_of(k->key.data + len, ESP_SALT_LEN);

		t->t.salt = rd_u32(&r);
	}
}

static bool
is_past(const struct gm_group *gm, uint32_t spi)
{
	unsigned i;

	for (i = 0; i < NELEM(gm->past); i++)
		if (gm->past[i] == spi)
			return true;
	return false;
}

/* A TEK that we have only gets a new end, and never a later one: what was
 * underway for a while must not let it live longer here than at the others.
 * True if it is new. */
static bool
take_tek(struct gm_group *gm, const struct gdoi_sat *s, uint16_t index,
    const struct gdoi_kd_msg *kd, bool registration)
{
	struct gm_tek *t = gm_find_tek(gm, s->spi);
	uint64_t end = gdoi_now(gm->g) + (uint64_t)s->life * 1000;
	bool fresh = t == NULL, past = fresh && is_past(gm, s->spi);

	if (fresh) {
		t = xcalloc(1, sizeof(*t));
		set_tek(gm, t, s, find_key(kd, s->spi));
		t->life = s->life;
		t->fresh = true;
		/* windows of AES-GCM are of the identifier, which is new */
		if (registration && s->replay == REPLAY_COUNTER &&
		    !esp_is_aead(&s->transform))
			t->t.seq_base = gm_seq_base(gm->g, end);
		TAILQ_INSERT_HEAD(&gm->teks, t, link);
	}
	gm_confirm_tek(gm, t, fresh, registration);
	if (past) { /* only to read those who still send with it */
		t->t.sid_bits = 0;
		t->wants_sid = false;
	}
	t->told = gm->told;
	t->teller = gm->teller;
	t->t.sa_index = index;
	t->t.replay = s->replay;
	t->t.window = s->window;
	if (s->replay == REPLAY_TIME) {
		t->clock = gm->clock.id;
		t->t.pseudotime = gm->clock.offset;
	}
	if (fresh || end < t->expires)
		t->expires = end;
	return fresh;
}

/* Newest first: the TEK that ends last is at the head. */
static void
sort_teks(struct gm_group *gm)
{
	TAILQ_HEAD(, gm_tek) all = TAILQ_HEAD_INITIALIZER(all);
	struct gm_tek *t, *at;

	while ((t = TAILQ_FIRST(&gm->teks)) != NULL) {
		TAILQ_REMOVE(&gm->teks, t, link);
		TAILQ_FOREACH(at, &all, link)
			if (at->expires < t->expires)
				break;
		if (at != NULL)
			TAILQ_INSERT_BEFORE(at, t, link);
		else
			TAILQ_INSERT_TAIL(&all, t, link);
	}
	while ((t = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, t, link);
		TAILQ_INSERT_TAIL(&gm->teks, t, link);
	}
}

/* The one that we have, by its SPI. */
bool
gm_has_kek(const struct gm_group *gm, const struct gdoi_kek *k)
{
	return gm->has_kek && memcmp(gm->kek.spi, k->spi, KEK_SPI_LEN) == 0;
}

/* TEKs that no entry has any more are not told of in later rekeys. They end
 * when the key server's do, as it shortens them: else they would be sent with
 * again when their sa ipsec comes back, and new members do not have them. */
static void
age_orphans(struct gm_group *gm)
{
	struct gm_tek *t;
	uint64_t end;

	TAILQ_FOREACH(t, &gm->teks, link) {
		if (gm_in_policy(gm, t->t.sa_index))
			continue;
		end = gdoi_now(gm->g) + shortened_ms(t->life);
		if (end < t->expires)
			t->expires = end;
	}
}

/* A key server of ours names every TEK that it has in each rekey. One that it
 * named before and does not any more has ended for the others (of one that
 * another one named it may know nothing: they were parted). They were told
 * while we could not hear. It is still read for a while and, so near to its
 * end, not sent with. */
static void
age_dropped(struct gm_group *gm)
{
	uint64_t end = gdoi_now(gm->g) + SA_STOP_SENDING_MS;
	struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (gm->ks_own && t->reg == gm->reg && t->told != gm->told &&
		    t->teller == gm->teller && end < t->expires)
			t->expires = end;
}

static void
take_kek(struct gm_group *gm, const struct gdoi_kek *sak,
    const struct gdoi_kd_msg *kd)
{
	size_t iv = gdoi_kek_iv_len(sak->cipher);
	bool same = gm_has_kek(gm, sak);
	bool multi = is_multicast(sak->dst.addr);
	char spi[2 * KEK_SPI_LEN + 1];

	if (gm->has_kek && multi != is_multicast(gm->kek.dst.addr))
		ike_log(gm->g->ike, multi ? LOG_GM_REKEY_TRANS_2_MULTI :
		    LOG_GM_REKEY_TRANS_2_UNI, gm->name);
	gm->kek = *sak;
	if (!multi && sak->ack == KEK_ACK_NONE && gm->ks_own)
		gm->kek.ack = KEK_ACK_OWN; /* what it does not ask for */
	key_set(&gm->kek.iv, kd->kek.data, iv);
	key_set(&gm->kek.key, kd->kek.data + iv, kd->kek.len - iv);
	memcpy(gm->kek.pub, kd->pub, kd->pub_len);
	gm->kek.pub_len = kd->pub_len;
	gm->kek.sig_bits = (uint16_t)rsa_pub_bits(kd->pub, kd->pub_len);
	gm->kek_expires = gdoi_now(gm->g) + (uint64_t)sak->life * 1000;
	gm->g->keks += !gm->has_kek || !same;
	gm->has_kek = true;
	if (same)
		return;
	gm->last_seq = gm->prev_seq = 0;
	gm->kek_conn_id = (*gm->g->ike->conn_ids)++;
	ike_log(gm->g->ike, LOG_SA_KEK_UPDATED, gdoi_spi_str(sak->spi, spi));
}

static void
take_direction(struct gm_group *gm, bool receive_only)
{
	uint8_t was = gm->ks_direction;
	char ks[IP4_STRLEN];

	gm->ks_direction = receive_only ? SA_DIR_INBOUND_ONLY : SA_DIR_BOTH;
	if (receive_only && was != SA_DIR_INBOUND_ONLY)
		ike_log(gm->g->ike, LOG_GM_SA_INGRESS, ip4_str(gm->ks, ks),
		    gm->name);
	gm->direction = (uint8_t)gm_direction(gm);
}

void
gm_install(struct gm_group *gm, const struct gdoi_sa_msg *sa,
    const struct gdoi_kd_msg *kd, bool registration)
{
	struct assembly as = { .n = 0 };
	uint16_t *index = xcalloc(sa->n, sizeof(*index));
	bool fresh = false, first = gm->naces == 0;
	unsigned i;

	if (registration)
		gm_take_sids(gm, kd, sa->has_kek && gm_has_kek(gm, &sa->kek));
	gm->told++;
	gm->teller = registration ? gm->ks : gm->last_rekey_from;
	assemble(&as, sa, index);
	/* back to front, so that the first of the list ends up newest */
	for (i = sa->n; i-- > 0;)
		fresh |= take_tek(gm, &sa->sats[i], index[i], kd,
		    registration);
	gm_obey_gap(gm, &sa->gap);
	sort_teks(gm);
	if (fresh)
		ike_log(gm->g->ike, LOG_SA_TEK_UPDATED);
	if (sa->has_kek)
		take_kek(gm, &sa->kek, kd);
	else if (registration)
		gm_delete_kek(gm);
	if (sa->n > 0) {
		free(gm->aces);
		free(gm->sa_of);
		free(gm->uses);
		gm->uses = NULL;
		gm->aces = as.aces;
		gm->sa_of = as.sa_of;
		gm->naces = as.n;
		gm->reverted = false;
		take_direction(gm, sa->sats[0].receive_only);
		age_orphans(gm);
		if (!registration)
			age_dropped(gm);
		if (first) /* fwd may have TEKs of an ike before this one */
			tell_gone(gm, SA_DOUBT, 0);
		gm_send_policy(gm);
	} else {
		free(as.aces);
		free(as.sa_of);
	}
	free(as.first_spi);
	free(index);
	if (!registration && gm_needs_sid(gm)) {
		uint32_t r; /* it came by a rekey: all members need one now */

		/* one that is underway did not ask for any */
		ike_random(gm->g->ike, &r, sizeof(r));
		gm_start_over(gm, 1000 + r % 4000);
	}
}
