/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GROUPKEY-PULL (RFC 6407 section 3), both roles, as an exchange under a
 * phase-1 SA. Runs in process ike.
 *
 *	GM				KS
 *	1 HDR* HASH(1) Ni ID	  ->
 *				  <-	2 HDR* HASH(2) Nr SA
 *	3 HDR* HASH(3) [GAP]	  ->
 *				  <-	4 HDR* HASH(4) [SEQ] KD
 *
 * The key server remembers what it offered in message 2 and sends exactly
 * those keys in 4; the member is registered when 3 has proved that it is
 * there. SEQ is in 4 when a KEK was in 2.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdoi/coop.h"

/* Phase 1 of a member whose keys are about to end: 7 s, as under an old SA, so
 * that it hears the next server before the others send with the next keys. */
#define TRIES_IN_HASTE 2

/* Both ends of one exchange; the member's data starts with its group. */
struct gm_pull {
	struct gm_group *gm;
	uint64_t asked, heard; /* the policy */
	struct gdoi_sa_msg sa;
	struct gdoi_kd_msg kd;
	uint32_t seq;
};

struct ks_pull {
	struct gdoi *g;
	char group[CONF_NAME]; /* it may be gone when message 3 comes */
	struct ks_given given;
	unsigned sid_epoch;
	bool has_kek, counter; /* a TEK of message 2 needs a SID */
	struct gdoi_kek kek;
	uint32_t seq;
	struct gdoi_tek_key *teks;
	unsigned nteks, nsids;
	uint32_t sids[GDOI_SIDS_MAX];
};

/* ---- key server ---- */

static struct gdoi *
engine_of(const struct exch *x)
{
	return x->ike->env.arg;
}

static enum exch_verdict
refuse(struct exch *x, uint16_t notify, const char *why)
{
	char peer[IP4_STRLEN];

	x->notify = notify;
	x->why = why;
	gdoi_event(engine_of(x), TRACE_EXIT,
	    x->initiator ? DBG_GM_REG : DBG_KS_REG, DBG_ERROR,
	    x->sa->remote.addr, "(%u):%s with %s ends: %s", x->sa->conn_id,
	    x->type->name, ip4_str(x->sa->remote.addr, peer), why);
	return EX_REFUSE;
}

static enum exch_verdict
ks_got_request(struct exch *x, const struct isakmp_msg *m)
{
	struct rd r = isakmp_rd(isakmp_find(m, ISAKMP_ID, 0));
	struct gdoi *g = engine_of(x);
	uint8_t type = rd_u8(&r);
	struct ks_group *grp = NULL;
	struct ks_pull *p;
	char peer[IP4_STRLEN], id[24] = "";
	uint32_t value;

	rd_skip(&r, 3);
	value = rd_u32(&r);
	if (rd_end(&r)) {
		grp = ks_find_id(g, type == ID_KEY_ID ? GDOI_ID_NUMBER :
		    type == ID_IPV4_ADDR ? GDOI_ID_ADDRESS : GDOI_ID_NONE,
		    value, x->sa->local.addr);
		if (type == ID_IPV4_ADDR)
			ip4_str(value, id);
		else
			snprintf(id, sizeof(id), "%u", value);
	} else {
		str_copy(id, "of unknown form", sizeof(id));
	}
	if (grp == NULL) {
		g->ike->stats.bad++;
		ike_log_limited(g->ike, x->sa->remote.addr, LOG_KS_BAD_ID,
		    ip4_str(x->sa->remote.addr, peer), id);
		return refuse(x, N_INVALID_ID, "unknown group");
	}
	if (!ks_authorized(grp, x->sa))
		return refuse(x, N_AUTH_FAILED, "it may not register");
	if (!coop_ready(grp)) {
		coop_log_blocked(grp);
		return refuse(x, N_NO_PROPOSAL,
		    "the key servers have not agreed on keys yet");
	}
	if (!ks_ready(grp))
		return refuse(x, N_NO_PROPOSAL, "the group has no policy");
	if (ks_clock_refuses(grp, x->sa))
		return refuse(x, N_NO_PROPOSAL, "no time-based anti-replay");
	if (ks_counter_mode(grp) && ks_too_old_for_sids(grp, x->sa))
		return refuse(x, N_NO_PROPOSAL, "no sender identifiers");
	/* it may have started over to have some */
	if (ks_counter_mode(grp) &&
	    (!ks_sids_ready(grp, 1) || !ks_ready(grp)))
		return refuse(x, N_NO_PROPOSAL,
		    "all sender identifiers are in use");
	if (coop_keys_held(grp) || coop_keys_unsettled(grp))
		return EX_LATER;
	p = xcalloc(1, sizeof(*p));
	p->g = g;
	str_copy(p->group, grp->name, sizeof(p->group));
	x->data = p;
	return EX_OK;
}

static bool
ks_send_policy(struct exch *x, struct isakmp_out *o)
{
	struct ks_pull *p = x->data;
	struct ks_group *grp = ks_find(p->g, p->group);
	struct gdoi_gap gap;
	struct gdoi_sat *sats;
	unsigned n, i;

	exch_put_nonce(x, o);
	sats = ks_sats(grp, &n);
	p->counter = false;
	for (i = 0; i < n; i++)
		p->counter |= esp_is_aead(&sats[i].transform);
	p->given = ks_given_now(grp);
	p->sid_epoch = grp->sids.epoch;
	p->teks = ks_tek_keys(grp, &p->nteks);
	p->has_kek = grp->kek != NULL;
	if (p->has_kek) {
		p->kek = grp->kek->k;
		p->kek.life = secs_until(p->g, grp->kek->expires);
		p->kek.src = x->sa->local;
		if (!is_multicast(p->kek.dst.addr))
			p->kek.dst = x->sa->remote;
		p->seq = grp->kek->seq;
	}
	ks_gap(grp, x->sa->peer_version, &gap);
	gdoi_put_sa(o, p->has_kek ? &p->kek : NULL, &gap, sats, n);
	free(sats);
	return true;
}

/* Whether the group still has a key of those that message 2 announced. */
static bool
keys_live(const struct ks_group *grp, const struct ks_pull *p)
{
	const struct ks_tek *t;
	unsigned i;

	TAILQ_FOREACH(t, &grp->teks, link)
		for (i = 0; i < p->nteks; i++)
			if (p->teks[i].spi == t->k.spi)
				return true;
	return false;
}

static enum exch_verdict
ks_got_ack(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *pl = isakmp_find(m, ISAKMP_GAP, 0);
	struct ks_pull *p = x->data;
	struct ks_group *grp = ks_find(p->g, p->group);
	struct gdoi_gap gap = { .present = false };

	if (pl != NULL && gdoi_get_gap(isakmp_rd(pl), &gap) != NULL)
		return EX_BAD;
	if (grp == NULL)
		return refuse(x, N_INVALID_ID, "the group is gone");
	/* The operator may have cleared it: sender identifiers count from the
	 * start again and would come twice under the old keys. */
	if (p->given.generation < grp->epoch ||
	    p->sid_epoch != grp->sids.epoch || !keys_live(grp, p))
		return refuse(x, N_NO_PROPOSAL, "its keys were replaced");
	if (p->counter) { /* what the group has become is for a push */
		if (!gap.sids_asked) {
			ks_log_no_sid_asked(grp, x->sa);
			return refuse(x, N_NO_PROPOSAL,
			    "no sender identifier was asked for");
		}
		p->nsids = ks_sids_granted(grp, gap.sids);
		if (ks_sids_left(grp) < p->nsids)
			p->nsids = (unsigned)ks_sids_left(grp);
		if (p->nsids == 0) /* what it has offered may be gone now */
			return (void)ks_sids_ready(grp, 1),
			    refuse(x, N_NO_PROPOSAL,
			    "all sender identifiers are in use");
	}
	return EX_OK;
}

static bool
ks_send_keys(struct exch *x, struct isakmp_out *o)
{
	struct ks_pull *p = x->data;
	struct ks_group *grp = ks_find(p->g, p->group);
	unsigned i;

	for (i = 0; i < p->nsids; i++)
		p->sids[i] = ks_take_sid(grp);
	if (p->has_kek)
		gdoi_put_seq(o, p->seq);
	gdoi_put_kd(o, p->has_kek ? &p->kek : NULL, p->teks, p->nteks,
	    ks_sid_bits(grp), p->sids, p->nsids);
	return true;
}

static void
ks_done(struct exch *x)
{
	struct ks_pull *p = x->data;
	struct ks_group *grp = ks_find(p->g, p->group);

	if (grp != NULL)
		ks_add_member(grp, x->sa, p->has_kek ? &p->kek : NULL,
		    &p->given);
}

/* ---- group member ---- */

static bool
gm_send_request(struct exch *x, struct isakmp_out *o)
{
	struct gm_pull *p = x->data;

	p->asked = ike_now(x->ike);
	exch_put_nonce(x, o);
	isakmp_out_open(o, ISAKMP_ID);
	isakmp_put_id(&o->w, p->gm->id_type == GDOI_ID_NUMBER ? ID_KEY_ID :
	    ID_IPV4_ADDR, p->gm->id);
	isakmp_out_close(o);
	return true;
}

static enum exch_verdict
reject(struct exch *x, const char *why)
{
	struct gm_pull *p = x->data;
	char ks[IP4_STRLEN];

	x->ike->stats.bad++;
	ike_log_limited(x->ike, x->sa->remote.addr, LOG_GM_REJECTING_SA,
	    ip4_str(x->sa->remote.addr, ks), p->gm->name, why);
	return refuse(x, N_BAD_PROPOSAL, why);
}

static enum exch_verdict
gm_got_policy(struct exch *x, const struct isakmp_msg *m)
{
	struct gm_pull *p = x->data;
	const char *bad;

	p->heard = ike_now(x->ike);
	bad = gdoi_get_sa(isakmp_rd(isakmp_find(m, ISAKMP_SA, 0)), &p->sa);
	if (bad == NULL && p->sa.n == 0)
		bad = "no TEK";
	if (bad == NULL)
		bad = gm_check(p->gm, &p->sa, NULL);
	return bad != NULL ? reject(x, bad) : EX_OK;
}

static bool
gm_send_ack(struct exch *x, struct isakmp_out *o)
{
	const struct gm_pull *p = x->data;
	unsigned i;

	for (i = 0; i < p->sa.n; i++)
		if (esp_is_aead(&p->sa.sats[i].transform)) {
			p->gm->sids_asked = gm_sids_wanted(p->gm);
			gdoi_put_gap_request(o, p->gm->sids_asked);
			break;
		}
	return true;
}

static enum exch_verdict
gm_got_keys(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *seq = isakmp_find(m, ISAKMP_SEQ, 0);
	struct gm_pull *p = x->data;
	const char *bad;

	if (p->sa.has_kek != (seq != NULL))
		return reject(x, "SEQ payload does not go with the KEK");
	if (seq != NULL && !gdoi_get_seq(isakmp_rd(seq), &p->seq))
		return reject(x, "SEQ payload malformed");
	bad = gdoi_get_kd(isakmp_rd(isakmp_find(m, ISAKMP_KD, 0)), &p->kd);
	if (bad == NULL && gm_lacks_sids(&p->sa, &p->kd))
		bad = "counter mode without a sender identifier";
	if (bad == NULL)
		bad = gm_check(p->gm, &p->sa, &p->kd);
	return bad != NULL ? reject(x, bad) : EX_OK;
}

/* Message 2 said what remained when it was made: between our request and its
 * coming, which with repetitions may be a minute. Members leave a TEK 30 s
 * before its end, so being wrong by half of that harms nobody. */
static void
age_keys(struct gm_pull *p)
{
	uint64_t now = gdoi_now(p->gm->g);
	uint32_t age = p->asked != 0 ? (uint32_t)((now - p->heard +
	    (p->heard - p->asked + 1) / 2) / 1000) : 0;
	unsigned i;

	for (i = 0; i < p->sa.n; i++)
		p->sa.sats[i].life -= p->sa.sats[i].life > age ? age :
		    p->sa.sats[i].life;
	if (p->sa.has_kek && p->sa.kek.life > age)
		p->sa.kek.life -= age;
}

/* A rekey came since we asked, and what the key server says was true before
 * it: to take that would undo the rekey, which nobody repeats. */
static bool
is_overtaken(const struct gm_pull *p, bool same)
{
	const struct gm_group *gm = p->gm;

	if (gm->last_rekey == 0 || gm->last_rekey < p->asked)
		return false;
	return same ? p->seq < gm->last_seq : p->sa.has_kek &&
	    memcmp(gm->kek_before, p->sa.kek.spi, KEK_SPI_LEN) == 0;
}

static void
gm_done(struct exch *x)
{
	struct gm_pull *p = x->data;
	struct gm_group *gm = p->gm;
	/* a lower number under a KEK that we have already is stale */
	bool same = p->sa.has_kek && gm_has_kek(gm, &p->sa.kek);

	if (is_overtaken(p, same)) {
		gm->pull = NULL;
		p->gm = NULL;
		gm_pull_overtaken(gm);
		return;
	}
	gm->ks = x->sa->remote.addr;
	gm->ks_own = x->sa->peer_version[0] != '\0';
	age_keys(p);
	gm_clock_registered(gm, &p->sa, p->asked, p->heard);
	gm_install(gm, &p->sa, &p->kd, true);
	if (!same || p->seq > gm->last_seq)
		gm->last_seq = p->seq;
	if (!same) /* what that push said may have to be said again */
		gm->ack.valid = false;
	gm->pull = NULL;
	p->gm = NULL; /* it may go before this exchange is forgotten */
	gm_registered(gm);
}

/* The member may vanish while its exchange runs. */
void
pull_abort(struct gm_group *gm)
{
	struct gm_pull *p;

	if (gm->pull == NULL)
		return;
	p = gm->pull->data;
	p->gm = NULL;
	exch_cancel(gm->pull);
	gm->pull = NULL;
}

void
pull_start(struct gm_group *gm, uint32_t server)
{
	struct udp_addr local = { gm->addr, ISAKMP_PORT };
	struct udp_addr remote = { server, ISAKMP_PORT };
	struct gm_pull *p = xcalloc(1, sizeof(*p));

	p->gm = gm;
	ike_drop_stale(gm->g->ike, local, remote);
	gm->pull = ike_start(gm->g->ike, local, remote,
	    conf_map_profile(gm->g->conf, gm->map), &groupkey_pull, p);
	if (gm->nservers > 1 && !TAILQ_EMPTY(&gm->teks) && !gm->pull->old_sa)
		gm->pull->sa->main->tries_max = TRIES_IN_HASTE;
}

/* ---- the exchange ---- */

static void
pull_done(struct exch *x)
{
	if (x->initiator)
		gm_done(x);
	else
		ks_done(x);
}

/* The member does not want what message 2 or 4 said. */
static void
ks_refused(struct exch *x)
{
	const struct ks_pull *ks = x->data;
	char peer[IP4_STRLEN];

	if (ks != NULL && x->notify == N_BAD_PROPOSAL)
		ike_log_limited(x->ike, x->sa->remote.addr,
		    LOG_KS_GM_REJECTS_SA, ip4_str(x->sa->remote.addr, peer),
		    ks->group);
}

static void
pull_failed(struct exch *x, const char *why)
{
	struct gm_pull *p = x->data;
	struct gm_group *gm;

	if (x->initiator) {
		gm = p->gm;
		p->gm = NULL;
		gm_pull_failed(gm, x, why);
	} else {
		ks_refused(x);
	}
}

static void
pull_release(struct exch *x)
{
	struct gm_pull *gm = x->data;
	struct ks_pull *ks = x->data;

	if (x->data == NULL)
		return;
	if (x->initiator) {
		gdoi_sa_msg_free(&gm->sa);
		gdoi_kd_msg_free(&gm->kd);
		explicit_bzero(gm, sizeof(*gm));
	} else {
		if (ks->teks != NULL)
			explicit_bzero(ks->teks,
			    ks->nteks * sizeof(*ks->teks));
		free(ks->teks);
		explicit_bzero(ks, sizeof(*ks));
	}
	free(x->data);
}

#define BOTH (STEP_ENC | STEP_HASH | SEND_ENC | SEND_HASH)

static const struct exch_step pull_gm[] = {
	{ .send = gm_send_request, .flags = SEND_ENC | SEND_HASH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_NONCE) | PL(ISAKMP_SA),
	    .opt = PL(ISAKMP_VID), .handle = gm_got_policy,
	    .send = gm_send_ack, .flags = BOTH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_KD),
	    .opt = PL(ISAKMP_SEQ) | PL(ISAKMP_VID), .handle = gm_got_keys,
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};

static const struct exch_step pull_ks[] = {
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_NONCE) | PL(ISAKMP_ID),
	    .opt = PL(ISAKMP_VID), .handle = ks_got_request,
	    .send = ks_send_policy, .flags = BOTH },
	{ .in = PL(ISAKMP_HASH), .opt = PL(ISAKMP_GAP) | PL(ISAKMP_VID),
	    .handle = ks_got_ack, .send = ks_send_keys,
	    .flags = BOTH | STEP_LAST },
};

const struct exch_type groupkey_pull = {
	.name = "GROUPKEY-PULL",
	.number = GDOI_X_PULL,
	.init = pull_gm,
	.resp = pull_ks,
	.done = pull_done,
	.failed = pull_failed,
	.release = pull_release,
	.debug_init = DBG_GM_REG,
	.debug_resp = DBG_KS_REG,
	.refused = ks_refused,
	.old_tries = 2, /* gm_pull_failed() asks in a new phase 1 */
};

static const struct exch_type *const types[] = { &groupkey_pull,
	&coop_exchange, NULL };

const struct ike_doi gdoi_doi = {
	.number = DOI_GDOI,
	.name = "GDOI",
	.idle = "GDOI_IDLE",
	.types = types,
	.port = ISAKMP_PORT,
	.sa_changed = coop_sa_changed,
	.show_more = show_gdoi_keks,
	.sessions = gdoi_sessions,
	.count_sas = gdoi_count_sas,
	.clear = gdoi_clear,
};
