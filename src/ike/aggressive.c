/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IKEv1 aggressive mode with pre-shared keys (RFC 2409 5.4), both roles. Runs
 * in process ike.
 *
 *	 initiator			responder
 *	1 HDR SA KE Ni IDii [VID] ->
 *				  <-	2 HDR SA KE Nr IDir HASH_R [VID]
 *	3 HDR* HASH_I [N]	  ->
 *
 * It shows both identities to everybody, and a hash of the key to everybody
 * who asks, so a guess can be tried offline: for groups it is refused unless
 * the configuration allows it, for IPsec it is there, as IOS has it.
 *
 * The responder has to keep an SA before the peer has proved its address, so
 * these have a small quota of their own, and it has to send a public value:
 * one is shared by all that ask within a minute. A message 3, in clear or
 * encrypted, proves the address; only then g^xy is computed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

#define SHARE_MS 60000
#define GROUP_MAX 24

struct ag_share {
	unsigned refs;	/* SAs, and the table */
	uint64_t until;
	struct dh *dh;
	uint8_t pub[DH_PUB_MAX];
};

struct ag {
	struct ag_share *shares[GROUP_MAX + 1]; /* by group */
};

/* ---- who may, who has to ---- */

bool
ag_is_allowed(const struct ike *ike)
{
	return ike->conf->isakmp_aggressive == AGGRESSIVE_ALL ||
	    (ike->conf->isakmp_aggressive == AGGRESSIVE_IPSEC &&
	    ike->doi->aggressive);
}

bool
ag_is_wanted(const struct conf *c, uint32_t remote, const char *profile)
{
	const struct isakmp_profile *p = profile[0] != '\0' ?
	    conf_find_isakmp_profile(c, profile) : NULL;
	const struct isakmp_peer *peer = ike_peer(c, remote);

	return (p != NULL && p->aggressive) ||
	    (peer != NULL && (peer->password[0] != '\0' ||
	    peer->endpoint != SELF_DEFAULT));
}

/* ---- the public value of a minute ---- */

void
ag_release(struct ag_share *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	dh_free(s->dh);
	free(s);
}

static struct ag_share *
share_of(struct ike *ike, unsigned group)
{
	uint8_t random[DH_PRIV_MAX];
	size_t len = dh_priv_len(group);
	struct ag_share *s;

	if (ike->ag == NULL)
		ike->ag = xcalloc(1, sizeof(*ike->ag));
	s = ike->ag->shares[group];
	if (s == NULL || ike_now(ike) >= s->until) {
		ag_release(s);
		s = xcalloc(1, sizeof(*s));
		ike->ag->shares[group] = s;
		s->refs = 1;
		s->until = ike_now(ike) + SHARE_MS;
		ike_random(ike, random, len);
		s->dh = dh_new(group, random, len);
		explicit_bzero(random, sizeof(random));
		dh_public(s->dh, s->pub);
		ike->stats.dh++;
	}
	s->refs++;
	return s;
}

void
ag_free(struct ike *ike)
{
	unsigned i;

	if (ike->ag == NULL)
		return;
	for (i = 0; i <= GROUP_MAX; i++)
		ag_release(ike->ag->shares[i]);
	free(ike->ag);
	ike->ag = NULL;
}

/* ---- both ---- */

static void
put_own_id(struct ike_sa *sa, struct isakmp_out *o, struct chunk *id)
{
	struct ike_id own = ike_own_id(sa);
	size_t at;

	isakmp_out_open(o, ISAKMP_ID);
	at = wr_len(&o->w);
	ike_id_put(&o->w, &own);
	isakmp_out_close(o);
	*id = CHUNK(o->w.base + at, wr_len(&o->w) - at);
}

static bool
check_hash(const struct ike_sa *sa, const struct isakmp_msg *m,
    struct chunk id)
{
	const struct isakmp_pl *hash = isakmp_find(m, ISAKMP_HASH, 0);
	size_t len = ike_hash_len(sa->suite.hash);
	uint8_t want[IKE_HASH_MAX];

	if (hash->len != len)
		return false;
	phase1_auth_hash(sa, !sa->initiator, id, want);
	return bytes_equal(want, hash->body, len);
}

/* ---- initiator ---- */

static bool
send_offer(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;
	struct chunk id;

	/* a public value has one group: that of the first policy */
	if (!phase1_put_offer(x, o, true))
		return false;
	phase1_make_dh(sa);
	isakmp_out_add(o, ISAKMP_KE, sa->ke_i, dh_pub_len(sa->suite.group));
	exch_put_nonce(x, o);
	put_own_id(sa, o, &id);
	phase1_put_vids(x->ike, o, true, true);
	natt_put_vids(x->ike, o, NATT_ALL);
	sa->state = AG_NO_STATE;
	return true;
}

static enum exch_verdict
got_answer(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	const struct isakmp_pl *nr = isakmp_find(m, ISAKMP_NONCE, 0);
	const struct isakmp_pl *id = isakmp_find(m, ISAKMP_ID, 0);
	struct ike_sa *sa = x->sa;
	struct ike_suite suite = sa->suite;
	const char *psk = ike_psk(sa);
	struct ike_id peer;

	if (psk == NULL || !ike_id_get(isakmp_rd(id), &peer) ||
	    !phase1_accept(x, m, &suite) || suite.group != sa->suite.group ||
	    ke->len != dh_pub_len(suite.group) ||
	    memcmp(ke->body, sa->ke_i, ke->len) == 0 ||
	    !dh_shared(sa->dh, ke->body, ke->len, sa->gxy))
		return EX_BAD;
	sa->suite = suite;
	memcpy(sa->rcookie, m->hdr.rcookie, sizeof(sa->rcookie));
	phase1_save(&sa->ke_r, ke->body, ke->len);
	memcpy(x->nr, nr->body, nr->len);
	x->nr_len = nr->len;
	phase1_make_skeyid(x, psk);
	phase1_derive(x);
	natt_agree(sa, natt_get_vid(x->ike, m));
	if (!check_hash(sa, m, CHUNK(id->body, id->len)) ||
	    !natt_get(sa, m)) {
		/* as if it had never come */
		memset(sa->rcookie, 0, sizeof(sa->rcookie));
		x->why = "its authentication is false, are the pre-shared"
		    " keys the same?";
		return EX_BAD;
	}
	if (!ike_take_identity(sa, &peer)) {
		x->why = "its identity does not match the profile";
		return EX_REFUSE;
	}
	phase1_get_vids(m, &sa->peer_dpd, sa->peer_version);
	x->why = NULL;
	return EX_OK;
}

static bool
send_auth(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;
	struct ike_id own = ike_own_id(sa);
	uint8_t hash[IKE_HASH_MAX], body[IKE_ID_STRLEN + 8];
	struct wr w = wr_of(body, sizeof(body));

	natt_float(sa);
	ike_id_put(&w, &own);
	phase1_auth_hash(sa, true, CHUNK(body, wr_len(&w)), hash);
	isakmp_out_add(o, ISAKMP_HASH, hash, ike_hash_len(sa->suite.hash));
	natt_put(sa, o);
	phase1_put_initial_contact(sa, o);
	sa->state = AG_AUTH;
	return true;
}

/* ---- responder ---- */

static enum exch_verdict
fail(struct exch *x, const struct isakmp_msg *m, uint16_t notify,
    const char *why)
{
	struct ike_sa *sa = x->sa;
	char peer[IP4_STRLEN];

	ip4_str(sa->remote.addr, peer);
	if (notify == N_NONE)
		ike_log_limited(x->ike, sa->remote.addr, LOG_IKMP_NO_KEY,
		    peer);
	else
		ike_log_limited(x->ike, sa->remote.addr, LOG_IKMP_MODE_FAILURE,
		    "Aggressive", peer, why);
	info_send_clear_notify(x->ike, sa->local, sa->remote, &m->hdr,
	    notify != N_NONE ? notify : N_NO_PROPOSAL);
	x->why = why;
	return EX_REFUSE;
}

static enum exch_verdict
got_offer(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *p = isakmp_find(m, ISAKMP_SA, 0);
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	const struct isakmp_profile *profile;
	struct ike_sa *sa = x->sa;
	uint8_t answer[512];
	struct wr w = wr_of(answer, sizeof(answer));
	struct ike_suite suite;
	struct ike_id id;
	uint16_t bad;

	if (!ike_id_get(isakmp_rd(isakmp_find(m, ISAKMP_ID, 0)), &id))
		return EX_BAD;
	bad = phase1_choose(x->ike, isakmp_rd(p), &suite, &w);
	if (bad == N_MALFORMED)
		return EX_BAD;
	if (bad != N_NONE)
		return fail(x, m, bad, "no offered policy fits");
	if (ke->len != dh_pub_len(suite.group))
		return fail(x, m, N_INVALID_KEY, "its public value is of"
		    " another group");
	profile = ike_find_profile(x->ike, sa->local.addr, &id);
	str_copy(sa->profile, profile != NULL ? profile->name : "",
	    sizeof(sa->profile));
	sa->peer_id = id;
	if (ike_psk(sa) == NULL)
		return fail(x, m, N_NONE, "no pre-shared key");
	sa->suite = suite;
	sa->sai_len = p->len;
	phase1_save(&sa->sai_b, p->body, p->len);
	phase1_save(&sa->ke_i, ke->body, ke->len);
	p = isakmp_find(m, ISAKMP_ID, 0);
	phase1_save(&sa->idi_b, p->body, p->len);
	sa->idi_len = p->len;
	phase1_get_vids(m, &sa->peer_dpd, sa->peer_version);
	natt_agree(sa, natt_get_vid(x->ike, m));
	/* the answer, until send_answer() wants it */
	phase1_save(&sa->ke_r, answer, wr_len(&w));
	x->data = (void *)(uintptr_t)wr_len(&w);
	return EX_OK;
}

static bool
send_answer(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;
	size_t pub = dh_pub_len(sa->suite.group);
	const char *psk = ike_psk(sa);
	uint8_t hash[IKE_HASH_MAX];
	struct chunk id;

	if (psk == NULL)
		return false;
	isakmp_out_add(o, ISAKMP_SA, sa->ke_r, (uintptr_t)x->data);
	sa->share = share_of(x->ike, sa->suite.group);
	phase1_save(&sa->ke_r, sa->share->pub, pub);
	isakmp_out_add(o, ISAKMP_KE, sa->ke_r, pub);
	exch_put_nonce(x, o);
	phase1_make_skeyid(x, psk);
	put_own_id(sa, o, &id);
	if (!wr_ok(&o->w))
		return false;
	phase1_auth_hash(sa, false, id, hash);
	isakmp_out_add(o, ISAKMP_HASH, hash, ike_hash_len(sa->suite.hash));
	phase1_put_vids(x->ike, o, sa->peer_dpd, sa->peer_version[0] != '\0');
	natt_put_vids(x->ike, o, sa->natt_vid);
	natt_put(sa, o);
	sa->state = AG_INIT_EXCH;
	return true;
}

/* The peer has our cookie: the keys that open its message 3, once. */
static bool
prepare(struct exch *x)
{
	struct ike_sa *sa = x->sa;

	if (sa->derived)
		return true;
	x->ike->stats.dh++;
	if (!dh_shared(sa->share->dh, sa->ke_i, dh_pub_len(sa->suite.group),
	    sa->gxy)) {
		exch_fail(x, "bad Diffie-Hellman public value");
		return false;
	}
	phase1_derive(x);
	return true;
}

static enum exch_verdict
got_auth(struct exch *x, const struct isakmp_msg *m)
{
	struct ike_sa *sa = x->sa;

	if (!check_hash(sa, m, CHUNK(sa->idi_b, sa->idi_len)) ||
	    !natt_get(sa, m))
		return EX_BAD;
	if (m->hdr.flags & ISAKMP_F_ENC) /* else anybody can have put them in */
		phase1_notifies(sa, m);
	return EX_OK;
}

static const struct exch_step initiator[] = {
	{ .send = send_offer },
	{ .in = PL(ISAKMP_SA) | PL(ISAKMP_KE) | PL(ISAKMP_NONCE) |
	    PL(ISAKMP_ID) | PL(ISAKMP_HASH), .opt = PHASE1_EXTRAS,
	    .handle = got_answer, .send = send_auth,
	    .flags = SEND_ENC | STEP_LAST },
};

static const struct exch_step responder[] = {
	{ .in = PL(ISAKMP_SA) | PL(ISAKMP_KE) | PL(ISAKMP_NONCE) |
	    PL(ISAKMP_ID), .opt = PHASE1_EXTRAS, .handle = got_offer,
	    .send = send_answer },
	{ .in = PL(ISAKMP_HASH), .opt = PL(ISAKMP_N) | PHASE1_EXTRAS,
	    .prepare = prepare, .handle = got_auth,
	    .flags = STEP_ENC | STEP_CLEAR_TOO | STEP_LAST },
};

const struct exch_type aggressive_mode = {
	.name = "Aggressive mode",
	.number = ISAKMP_X_AGGRESSIVE,
	.phase1 = true,
	.init = initiator,
	.resp = responder,
	.done = phase1_done,
	.failed = phase1_failed,
};
