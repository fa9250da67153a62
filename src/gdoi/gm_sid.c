/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: sender identifiers (SIDs) for AES-GCM and GMAC (RFC 6407 3.5,
 * RFC 6054). Runs in process ike.
 *
 * A registration gives us SIDs: one for each interface that the crypto map is
 * on (the packet process needs one only, the others are a reserve). They are
 * good for the TEKs that this key server has: those of its registration and
 * of the rekeys behind it. A TEK of another key server never gets them, there
 * they may be somebody else's. Under a TEK no SID is used again once it was
 * left: when its numbers end, or the packet process lost count, the next of
 * the reserve is taken, and with none left we register again.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

/* How many to ask for. */
uint16_t
gm_sids_wanted(const struct gm_group *gm)
{
	const struct conf *c = gm->g->conf;
	const struct crypto_map *m;
	const struct interface *i;
	unsigned n = 0;

	CF_FOREACH (i, &c->interfaces) {
		if (i->crypto_map[0] == '\0' || i->shutdown)
			continue;
		for (m = NULL; (m = conf_next_map(c, i->crypto_map, m)) !=
		    NULL;)
			if (strcmp(m->group, gm->name) == 0)
				break;
		n += m != NULL;
	}
	return n == 0 ? 1 : n > GDOI_SIDS_MAX ? GDOI_SIDS_MAX : (uint16_t)n;
}

/* A registration: what is left of the SIDs before is not used any more. same:
 * under a KEK that we have. A key server has none longer than the SIDs that
 * it counts, so the TEKs that came by its pushes, one just now may be, are
 * good for the new ones too. */
void
gm_take_sids(struct gm_group *gm, const struct gdoi_kd_msg *kd, bool same)
{
	gm->reg += !same;
	if (kd->sid_bits == 0 || kd->nsids == 0) {
		gm->sid_bits = 0;
		gm->nsids = 0;
		return;
	}
	gm->sid_bits = kd->sid_bits;
	memcpy(gm->sids, kd->sids, kd->nsids * sizeof(*gm->sids));
	gm->nsids = kd->nsids;
	gm->sid = gm->sids[0];
	gm->sid_next = 1;
	memset(gm->past, 0, sizeof(gm->past));
	debug(DBG_GM_REG, DBG_EVENT, gm->ks, "(%s):%u sender identifiers of %u"
	    " bits, the first is %u", gm->name, gm->nsids, gm->sid_bits,
	    gm->sid);
}

static void
assign(struct gm_group *gm, struct gm_tek *t)
{
	t->t.sid = gm->sid;
	t->t.sid_bits = gm->sid_bits;
	t->wants_sid = gm->sid_bits == 0;
}

bool
gm_lacks_sids(const struct gdoi_sa_msg *sa, const struct gdoi_kd_msg *kd)
{
	unsigned i;

	for (i = 0; i < sa->n; i++)
		if (esp_is_aead(&sa->sats[i].transform))
			break;
	return i < sa->n && (kd->sid_bits == 0 || kd->nsids == 0);
}

/* A TEK that a message of the key server names. */
void
gm_confirm_tek(struct gm_group *gm, struct gm_tek *t, bool fresh,
    bool registration)
{
	t->reg = gm->reg;
	if (!esp_is_aead(&t->t.transform))
		return;
	if (fresh || (registration && t->wants_sid))
		assign(gm, t);
}

/* Those of an earlier registration get none of the identifiers of this one. */
static bool
lacks_sid(const struct gm_group *gm, const struct gm_tek *t)
{
	return esp_is_aead(&t->t.transform) && t->wants_sid &&
	    t->reg == gm->reg;
}

bool
gm_needs_sid(const struct gm_group *gm)
{
	const struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (lacks_sid(gm, t))
			return true;
	return false;
}

/* From the reserve, for all that want one and may have it. */
static void
use_reserve(struct gm_group *gm)
{
	struct gm_tek *t;
	bool any = false;

	TAILQ_FOREACH(t, &gm->teks, link)
		any |= lacks_sid(gm, t);
	if (!any || gm->sid_bits == 0 || gm->sid_next >= gm->nsids)
		return;
	gm->sid = gm->sids[gm->sid_next++];
	debug(DBG_GM_INFRA, DBG_EVENT, 0, "(%s):sender identifier %u of the"
	    " reserve is used now", gm->name, gm->sid);
	TAILQ_FOREACH(t, &gm->teks, link)
		if (lacks_sid(gm, t))
			assign(gm, t);
}

/* The packet process has started anew: what it used under these SIDs nobody
 * knows. */
void
gm_sids_lost(struct gm_group *gm)
{
	struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link) {
		if (!esp_is_aead(&t->t.transform))
			continue;
		t->t.sid_bits = 0;
		t->wants_sid = true;
	}
	use_reserve(gm);
}

/* The packet process: a SID is nearly used up under a TEK. */
void
gm_sid_event(struct gdoi *g, const struct sa_event *e)
{
	struct gm_group *gm = gm_find(g, e->group);
	struct gm_tek *t;
	char spi[11];

	if (gm == NULL || !gm->attached)
		return;
	t = gm_find_tek(gm, e->spi);
	if (t == NULL || !esp_is_aead(&t->t.transform))
		return;
	snprintf(spi, sizeof(spi), "0x%08X", t->t.spi);
	if (!t->wants_sid)
		ike_log(g->ike, LOG_GM_SID_LOW, gm->name, t->t.sid, spi);
	t->wants_sid = true;
	use_reserve(gm);
	if (!t->wants_sid)
		gm_send_policy(gm);
	else if (t->reg == gm->reg) /* else the key server has it no more */
		gm_reregister(gm, 0, true);
}
