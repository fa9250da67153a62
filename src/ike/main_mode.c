/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IKEv1 main mode with pre-shared keys (RFC 2409 5.4), both roles. Runs in
 * process ike.
 *
 *	 initiator			responder
 *	1 HDR SA [VID]		 ->
 *				 <-	2 HDR SA [VID]
 *	3 HDR KE Ni		 ->
 *				 <-	4 HDR KE Nr
 *	5 HDR* ID HASH_I [N]	 ->
 *				 <-	6 HDR* ID HASH_R [N]
 *
 * Spoofed first messages cost neither Diffie-Hellman nor memory: to the
 * responder the exchange begins with message 3, which holds a cookie that only
 * message 2 told. What comes before is in admit.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

static const uint8_t vid_dpd[16] = { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1,
	0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00 };
/* Ours: this text, then the version of GDOI as text, zero-filled. */
static const char vid_own[8] = "COHORT:";
#define VID_OWN_LEN 16

#define SUITES_MAX 20

void
main_mode_forget(struct ike_sa *sa)
{
	dh_free(sa->dh);
	ag_release(sa->share);
	free(sa->idi_b);
	free(sa->ke_i);
	free(sa->ke_r);
	free(sa->sai_b);
	sa->dh = NULL;
	sa->share = NULL;
	sa->ke_i = sa->ke_r = sa->sai_b = sa->idi_b = NULL;
	explicit_bzero(sa->gxy, sizeof(sa->gxy));
}

/* ---- vendor identifiers ---- */

void
phase1_put_vids(struct ike *ike, struct isakmp_out *o, bool dpd, bool own)
{
	char vid[VID_OWN_LEN] = { 0 };

	if (dpd)
		isakmp_out_add(o, ISAKMP_VID, vid_dpd, sizeof(vid_dpd));
	if (own) {
		snprintf(vid, sizeof(vid), "%s%s", vid_own, ike->version);
		isakmp_out_add(o, ISAKMP_VID, vid, sizeof(vid));
	}
}

/* Digits with dots between them, whatever is behind: it is printed, and key
 * servers tell each other. */
static void
version_of(const uint8_t *s, size_t len, char version[16])
{
	size_t i;

	memset(version, 0, 16);
	for (i = 0; i < len && ((s[i] >= '0' && s[i] <= '9') ||
	    (s[i] == '.' && i > 0 && s[i - 1] != '.')); i++)
		version[i] = (char)s[i];
	if (i > 0 && version[i - 1] == '.')
		version[i - 1] = '\0';
}

void
phase1_get_vids(const struct isakmp_msg *m, bool *dpd, char version[16])
{
	const struct isakmp_pl *p;
	size_t pre = strlen(vid_own);
	unsigned n;

	for (n = 0; (p = isakmp_find(m, ISAKMP_VID, n)) != NULL; n++) {
		if (p->len == sizeof(vid_dpd) &&
		    memcmp(p->body, vid_dpd, p->len) == 0)
			*dpd = true;
		if (p->len != VID_OWN_LEN || memcmp(p->body, vid_own, pre) != 0)
			continue;
		version_of(p->body + pre, p->len - pre, version);
	}
}

/* ---- keys ---- */

void
phase1_save(uint8_t **dst, const uint8_t *src, size_t len)
{
	free(*dst);
	*dst = xcalloc(1, len);
	memcpy(*dst, src, len);
}

void
phase1_make_dh(struct ike_sa *sa)
{
	uint8_t random[DH_PRIV_MAX], pub[DH_PUB_MAX];
	size_t len = dh_priv_len(sa->suite.group);

	ike_random(sa->ike, random, len);
	dh_free(sa->dh);
	sa->dh = dh_new(sa->suite.group, random, len);
	explicit_bzero(random, sizeof(random));
	dh_public(sa->dh, pub);
	sa->ike->stats.dh++;
	debug(DBG_ENGINE, DBG_EVENT, sa->remote.addr,
	    "(%u):Diffie-Hellman key pair of group %u made", sa->conn_id,
	    sa->suite.group);
	phase1_save(sa->initiator ? &sa->ke_i : &sa->ke_r, pub,
	    dh_pub_len(sa->suite.group));
}

static struct ike_kdf_in
kdf_in(const struct exch *x)
{
	const struct ike_sa *sa = x->sa;

	return (struct ike_kdf_in){
		.hash = sa->suite.hash,
		.cipher = sa->suite.cipher,
		.key_bits = sa->suite.key_bits,
		.ni = CHUNK(x->ni, x->ni_len),
		.nr = CHUNK(x->nr, x->nr_len),
		.gxy = CHUNK(sa->gxy, dh_shared_len(sa->suite.group)),
		.icookie = sa->icookie,
		.rcookie = sa->rcookie,
	};
}

/* From the nonces of the exchange and the pre-shared key. Signatures will
 * have ike_skeyid_sig() here. */
void
phase1_make_skeyid(struct exch *x, const char *psk)
{
	struct ike_kdf_in in = kdf_in(x);

	ike_skeyid_psk(&x->sa->keys, &in, CHUNK(psk, strlen(psk)));
}

/* The other keys, from g^xy, and the IV of the first encrypted message. */
void
phase1_derive(struct exch *x)
{
	struct ike_sa *sa = x->sa;
	size_t pub = dh_pub_len(sa->suite.group);
	struct ike_kdf_in in = kdf_in(x);
	uint8_t iv[IKE_HASH_MAX];

	ike_derive(&sa->keys, &in);
	debug(DBG_ENGINE, DBG_EVENT, sa->remote.addr, "(%u):Diffie-Hellman"
	    " secret of group %u computed, IKE keys derived from it",
	    sa->conn_id, sa->suite.group);
	explicit_bzero(sa->gxy, sizeof(sa->gxy));
	IKE_HASH(sa->suite.hash, iv, CHUNK(sa->ke_i, pub),
	    CHUNK(sa->ke_r, pub));
	memcpy(x->iv, iv, ike_block_len(sa->suite.cipher));
	sa->derived = true;
}

/* HASH_I (of the initiator) or HASH_R over an ID payload body. */
void
phase1_auth_hash(const struct ike_sa *sa, bool of_initiator, struct chunk id,
    uint8_t *out)
{
	size_t pub = dh_pub_len(sa->suite.group);
	struct chunk gi = CHUNK(sa->ke_i, pub), gr = CHUNK(sa->ke_r, pub);
	struct chunk ci = CHUNK(sa->icookie, ISAKMP_COOKIE_LEN);
	struct chunk cr = CHUNK(sa->rcookie, ISAKMP_COOKIE_LEN);

	IKE_PRF(sa->suite.hash, CHUNK_KEY(&sa->keys.skeyid), out,
	    of_initiator ? gi : gr, of_initiator ? gr : gi,
	    of_initiator ? ci : cr, of_initiator ? cr : ci,
	    CHUNK(sa->sai_b, sa->sai_len), id);
}

/* ---- messages 1 and 2 ---- */

/* The SA payload of the initiator; one_group: only the policies of the group
 * that the first one has, which is set. */
bool
phase1_put_offer(struct exch *x, struct isakmp_out *o, bool one_group)
{
	struct ike_suite suites[SUITES_MAX];
	struct ike_sa *sa = x->sa;
	unsigned n = proposal_suites(x->ike->conf, suites, SUITES_MAX), i, k;
	char peer[IP4_STRLEN];
	size_t at;

	if (ike_psk(sa) == NULL) {
		ike_log_limited(x->ike, sa->remote.addr, LOG_IKMP_NO_KEY,
		    ip4_str(sa->remote.addr, peer));
		x->why = "no pre-shared key for this peer";
		return false;
	}
	if (n == 0) {
		x->why = "no isakmp policy with pre-shared keys";
		ike_log_limited(x->ike, sa->remote.addr, LOG_IKMP_MODE_FAILURE,
		    one_group ? "Aggressive" : "Main",
		    ip4_str(sa->remote.addr, peer), x->why);
		return false;
	}
	for (i = k = 0; one_group && i < n; i++)
		if (suites[i].group == suites[0].group)
			suites[k++] = suites[i];
	if (one_group) {
		n = k;
		sa->suite = suites[0];
	}
	isakmp_out_open(o, ISAKMP_SA);
	at = wr_len(&o->w);
	proposal_put(&o->w, x->ike->doi->number, suites, n);
	isakmp_out_close(o);
	sa->sai_len = wr_len(&o->w) - at;
	phase1_save(&sa->sai_b, o->w.base + at, sa->sai_len);
	return true;
}

uint16_t
phase1_choose(struct ike *ike, struct rd offer, struct ike_suite *chosen,
    struct wr *answer)
{
	struct ike_suite suites[SUITES_MAX];
	unsigned n = proposal_suites(ike->conf, suites, SUITES_MAX);

	return proposal_choose(offer, suites, n, chosen, answer);
}

/* The suite of the responder's SA payload, if it is one of ours. */
bool
phase1_accept(struct exch *x, const struct isakmp_msg *m,
    struct ike_suite *chosen)
{
	struct ike_suite suites[SUITES_MAX];
	unsigned n = proposal_suites(x->ike->conf, suites, SUITES_MAX);
	static const uint8_t zero[ISAKMP_COOKIE_LEN];

	return memcmp(m->hdr.rcookie, zero, sizeof(zero)) != 0 &&
	    memcmp(m->hdr.rcookie, m->hdr.icookie, sizeof(zero)) != 0 &&
	    proposal_accept(isakmp_rd(isakmp_find(m, ISAKMP_SA, 0)), suites,
	    n, chosen) == N_NONE;
}

static bool
send_offer(struct exch *x, struct isakmp_out *o)
{
	if (!phase1_put_offer(x, o, false))
		return false;
	phase1_put_vids(x->ike, o, true, true);
	natt_put_vids(x->ike, o, NATT_ALL);
	x->sa->state = MM_NO_STATE;
	return true;
}

bool
main_mode_hello(struct ike *ike, const struct isakmp_msg *m,
    struct ike_hello *h)
{
	const struct isakmp_pl *p = isakmp_find(m, ISAKMP_SA, 0);

	memset(h, 0, sizeof(*h));
	if (p == NULL || (m->set & ~(PL(ISAKMP_SA) | PHASE1_EXTRAS)) != 0 ||
	    isakmp_find(m, ISAKMP_SA, 1) != NULL)
		return false;
	h->sa = p->body;
	h->sa_len = p->len;
	phase1_get_vids(m, &h->dpd, h->version);
	h->natt_vid = natt_get_vid(ike, m);
	return true;
}

bool
main_mode_choose(struct ike *ike, struct udp_addr local, struct udp_addr from,
    const struct isakmp_hdr *hdr, const struct ike_hello *h,
    struct ike_suite *chosen)
{
	char peer[IP4_STRLEN];
	uint16_t bad;

	bad = phase1_choose(ike, rd_of(h->sa, h->sa_len), chosen, NULL);
	if (bad == N_NONE && ike_psk_by_addr(ike, local.addr, from.addr,
	    NULL) != NULL)
		return true;
	if (hdr == NULL)
		return false;
	ip4_str(from.addr, peer);
	if (bad == N_MALFORMED) {
		ike_bad(ike, from.addr, "malformed offer");
		return false;
	}
	if (bad == N_NONE)
		ike_log_limited(ike, from.addr, LOG_IKMP_NO_KEY, peer);
	else
		ike_log_limited(ike, from.addr, LOG_IKMP_MODE_FAILURE, "Main",
		    peer, "no offered policy fits");
	info_send_clear_notify(ike, local, from, hdr, bad != N_NONE ? bad :
	    N_NO_PROPOSAL);
	return false;
}

/* Vendor identifiers only as the peer sent them too: never a longer answer. */
void
main_mode_put_choice(struct ike *ike, const struct ike_hello *h,
    struct isakmp_out *o)
{
	struct ike_suite chosen;

	isakmp_out_open(o, ISAKMP_SA);
	if (phase1_choose(ike, rd_of(h->sa, h->sa_len), &chosen, &o->w) !=
	    N_NONE)
		o->w.bad = true;
	isakmp_out_close(o);
	phase1_put_vids(ike, o, h->dpd, h->version[0] != '\0');
	natt_put_vids(ike, o, h->natt_vid);
}

struct ike_sa *
main_mode_respond(struct ike *ike, struct udp_addr local,
    struct udp_addr from, const struct isakmp_hdr *hdr,
    const struct ike_hello *h, const struct ike_suite *suite)
{
	struct ike_sa *sa;

	if (!ike_make_room(ike, local, from))
		return NULL;
	sa = ike_sa_new(ike, false, local, from);
	memcpy(sa->icookie, hdr->icookie, sizeof(sa->icookie));
	memcpy(sa->rcookie, hdr->rcookie, sizeof(sa->rcookie));
	ike_sa_rehash(sa);
	ike_sa_set_expiry(sa, sa->created + HALF_OPEN_MS);
	sa->suite = *suite;
	sa->sai_len = h->sa_len;
	phase1_save(&sa->sai_b, h->sa, h->sa_len);
	sa->peer_dpd = h->dpd;
	memcpy(sa->peer_version, h->version, sizeof(sa->peer_version));
	natt_agree(sa, h->natt_vid);
	sa->state = MM_SA_SETUP;
	(void)ike_psk_by_addr(ike, local.addr, from.addr, sa->profile);
	sa->main = exch_new(sa, &main_mode, false, 0, NULL);
	return sa;
}

static enum exch_verdict
got_choice(struct exch *x, const struct isakmp_msg *m)
{
	struct ike_sa *sa = x->sa;
	struct ike_suite chosen;

	if (!phase1_accept(x, m, &chosen))
		return EX_BAD;
	sa->suite = chosen;
	memcpy(sa->rcookie, m->hdr.rcookie, sizeof(sa->rcookie));
	phase1_get_vids(m, &sa->peer_dpd, sa->peer_version);
	natt_agree(sa, natt_get_vid(x->ike, m));
	return EX_OK;
}

/* ---- messages 3 and 4 ---- */

static void
put_ke(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;

	isakmp_out_add(o, ISAKMP_KE, sa->initiator ? sa->ke_i : sa->ke_r,
	    dh_pub_len(sa->suite.group));
}

static bool
send_ke(struct exch *x, struct isakmp_out *o)
{
	phase1_make_dh(x->sa);
	put_ke(x, o);
	exch_put_nonce(x, o);
	natt_put(x->sa, o);
	x->sa->state = MM_SA_SETUP;
	return true;
}

/* Message 3: nothing of it is kept unless its public value is a good one.
 * The keys wait for our nonce, which send_ke_answer() makes. */
static enum exch_verdict
got_ke(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	struct ike_sa *sa = x->sa;

	if (ke->len != dh_pub_len(sa->suite.group))
		return EX_BAD;
	if (sa->dh == NULL)
		phase1_make_dh(sa);
	if (!dh_shared(sa->dh, ke->body, ke->len, sa->gxy)) {
		x->why = "bad Diffie-Hellman public value";
		return EX_BAD;
	}
	if (!natt_get(sa, m))
		return EX_BAD;
	phase1_save(&sa->ke_i, ke->body, ke->len);
	return EX_OK;
}

static bool
send_ke_answer(struct exch *x, struct isakmp_out *o)
{
	const char *psk = ike_psk(x->sa);

	if (psk == NULL) {
		x->why = "no pre-shared key for this peer";
		return false;
	}
	put_ke(x, o);
	exch_put_nonce(x, o);
	natt_put(x->sa, o);
	phase1_make_skeyid(x, psk);
	phase1_derive(x);
	x->sa->state = MM_KEY_EXCH;
	return true;
}

static enum exch_verdict
got_ke_answer(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *ke = isakmp_find(m, ISAKMP_KE, 0);
	const struct isakmp_pl *nr = isakmp_find(m, ISAKMP_NONCE, 0);
	struct ike_sa *sa = x->sa;
	const char *psk = ike_psk(sa);

	/* our own value, thrown back: our hashes would be its hashes */
	if (psk == NULL || (ke->len == dh_pub_len(sa->suite.group) &&
	    memcmp(ke->body, sa->ke_i, ke->len) == 0) ||
	    !dh_shared(sa->dh, ke->body, ke->len, sa->gxy)) {
		x->why = "bad Diffie-Hellman public value";
		return EX_BAD;
	}
	x->why = NULL;
	if (!natt_get(sa, m))
		return EX_BAD;
	phase1_save(&sa->ke_r, ke->body, ke->len);
	memcpy(x->nr, nr->body, nr->len);
	x->nr_len = nr->len;
	phase1_make_skeyid(x, psk);
	phase1_derive(x);
	return EX_OK;
}

/* ---- messages 5 and 6 ---- */

static void
put_auth(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;
	struct ike_id own = ike_own_id(sa);
	uint8_t hash[IKE_HASH_MAX];
	size_t at;

	isakmp_out_open(o, ISAKMP_ID);
	at = wr_len(&o->w);
	ike_id_put(&o->w, &own);
	isakmp_out_close(o);
	if (!wr_ok(&o->w))
		return;
	phase1_auth_hash(sa, sa->initiator, CHUNK(o->w.base + at,
	    wr_len(&o->w) - at), hash);
	isakmp_out_add(o, ISAKMP_HASH, hash, ike_hash_len(sa->suite.hash));
}

/* One with the peer that lives, or that it takes for alive: it may have had the
 * last message of ours. */
static bool
is_other(const struct ike_sa *o, const struct ike_sa *sa)
{
	if (o == sa || o->local.addr != sa->local.addr ||
	    o->remote.addr != sa->remote.addr)
		return false;
	if (o->state != IKE_IDLE)
		return o->initiator && o->state == MM_KEY_EXCH;
	/* who answers an initiator is not known yet */
	return sa->initiator || natt_same_peer(o, sa);
}

/* Who answers says so only where both sides have something to lose by it, and
 * not to a member of a group. */
static bool
is_first_contact(struct ike_sa *sa)
{
	const struct ike_doi *doi = sa->ike->doi;
	const struct ike_sa *o;

	if (!sa->initiator && doi->has_sas == NULL)
		return false;
	TAILQ_FOREACH(o, &sa->ike->sas, link)
		if (is_other(o, sa))
			return false;
	return doi->has_sas == NULL || !doi->has_sas(sa);
}

void
phase1_put_initial_contact(struct ike_sa *sa, struct isakmp_out *o)
{
	struct isakmp_hdr cookies;

	memcpy(cookies.icookie, sa->icookie, sizeof(cookies.icookie));
	memcpy(cookies.rcookie, sa->rcookie, sizeof(cookies.rcookie));
	if (is_first_contact(sa))
		isakmp_out_notify(o, DOI_IPSEC, N_INITIAL_CONTACT, &cookies,
		    NULL, 0);
}

static bool
send_auth(struct exch *x, struct isakmp_out *o)
{
	struct ike_sa *sa = x->sa;

	natt_float(sa);
	put_auth(x, o);
	phase1_put_initial_contact(sa, o);
	sa->state = MM_KEY_EXCH;
	x->why = "its authentication was not answered, are the pre-shared"
	    " keys the same?";
	return true;
}

static enum exch_verdict
check_auth(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *pl = isakmp_find(m, ISAKMP_ID, 0);
	const struct isakmp_pl *hash = isakmp_find(m, ISAKMP_HASH, 0);
	size_t len = ike_hash_len(x->sa->suite.hash);
	uint8_t want[IKE_HASH_MAX];
	struct ike_id id;

	if (hash->len != len || !ike_id_get(isakmp_rd(pl), &id))
		return EX_BAD;
	phase1_auth_hash(x->sa, !x->sa->initiator, CHUNK(pl->body, pl->len),
	    want);
	if (!bytes_equal(want, hash->body, len))
		return EX_BAD;
	if (!ike_take_identity(x->sa, &id)) {
		x->notify = N_AUTH_FAILED;
		x->why = x->initiator ?
		    "its identity does not match the profile" :
		    "its identity belongs to another key";
		return EX_REFUSE;
	}
	return EX_OK;
}

/* INITIAL-CONTACT: when this SA came up the peer had no other with us, so those
 * of before it are dead. What came up since then lives: both sides may have
 * begun at once. */
void
phase1_initial_contact(struct ike_sa *sa)
{
	struct ike_sa *o, *next;

	if (sa->ike->doi->initial_contact != NULL)
		sa->ike->doi->initial_contact(sa);

	for (o = TAILQ_FIRST(&sa->ike->sas); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (o != sa && o->state == IKE_IDLE &&
		    o->established < sa->created && natt_same_peer(o, sa))
			ike_sa_delete(o, false, "initial contact");
	}
}

void
phase1_notifies(struct ike_sa *sa, const struct isakmp_msg *m)
{
	const struct isakmp_pl *n;
	unsigned i;

	for (i = 0; (n = isakmp_find(m, ISAKMP_N, i)) != NULL; i++) {
		struct rd r = isakmp_rd(n);

		rd_skip(&r, 6);
		if (rd_u16(&r) == N_INITIAL_CONTACT)
			phase1_initial_contact(sa);
	}
}

static enum exch_verdict
got_auth(struct exch *x, const struct isakmp_msg *m)
{
	enum exch_verdict v = check_auth(x, m);

	if (v == EX_OK && (!x->initiator || x->ike->doi->has_sas != NULL))
		phase1_notifies(x->sa, m);
	return v;
}

static bool
send_auth_answer(struct exch *x, struct isakmp_out *o)
{
	put_auth(x, o);
	phase1_put_initial_contact(x->sa, o);
	x->sa->state = MM_KEY_AUTH;
	return true;
}

void
phase1_done(struct exch *x)
{
	memcpy(x->sa->last_block, x->iv, sizeof(x->sa->last_block));
	admit_proven(x->sa);
	main_mode_forget(x->sa);
	debug(DBG_ISAKMP, DBG_TERSE, x->sa->remote.addr, "(%u):SA is up",
	    x->sa->conn_id);
	ike_established(x->sa);
	if (!x->initiator && x->type == &aggressive_mode && !x->sa->dead &&
	    is_first_contact(x->sa))
		info_send_initial_contact(x->sa);
}

void
phase1_failed(struct exch *x, const char *why)
{
	ike_sa_delete(x->sa, false, why);
}

static const struct exch_step initiator[] = {
	{ .send = send_offer },
	{ .in = PL(ISAKMP_SA), .opt = PHASE1_EXTRAS, .handle = got_choice,
	    .send = send_ke },
	{ .in = PL(ISAKMP_KE) | PL(ISAKMP_NONCE), .opt = PHASE1_EXTRAS,
	    .handle = got_ke_answer, .send = send_auth, .flags = SEND_ENC },
	{ .in = PL(ISAKMP_ID) | PL(ISAKMP_HASH),
	    .opt = PL(ISAKMP_N) | PHASE1_EXTRAS,
	    .handle = got_auth, .flags = STEP_ENC | STEP_LAST },
};

static const struct exch_step responder[] = {
	/* from message 3 on */
	{ .in = PL(ISAKMP_KE) | PL(ISAKMP_NONCE), .opt = PHASE1_EXTRAS,
	    .handle = got_ke, .send = send_ke_answer },
	{ .in = PL(ISAKMP_ID) | PL(ISAKMP_HASH),
	    .opt = PL(ISAKMP_N) | PHASE1_EXTRAS,
	    .handle = got_auth, .send = send_auth_answer,
	    .flags = STEP_ENC | SEND_ENC | STEP_LAST },
};

const struct exch_type main_mode = {
	.name = "Main mode",
	.number = ISAKMP_X_MAIN,
	.phase1 = true,
	.init = initiator,
	.resp = responder,
	.done = phase1_done,
	.failed = phase1_failed,
};
