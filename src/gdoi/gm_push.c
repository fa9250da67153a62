/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: a GROUPKEY-PUSH arrives. Runs in process ike.
 *
 * In this order: KEK by its SPI, decrypt, structure, sequence number,
 * signature, contents; then it is applied and acknowledged. Only what the
 * signature covers ever changes anything.
 */
#include "config.h"

#include <string.h>

#include "gdoi/gdoi_priv.h"

#define ACK_AGAIN_MS 1000

static struct gm_group *
group_of(struct gdoi *g, const struct isakmp_hdr *h)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->has_kek && memcmp(gm->kek.spi, h->icookie, 8) == 0 &&
		    memcmp(gm->kek.spi + 8, h->rcookie, 8) == 0)
			return gm;
	return NULL;
}

static void
send_ack(struct gm_group *gm, struct udp_addr from)
{
	struct udp_addr local = { gm->addr, ISAKMP_PORT };
	struct gdoi *g = gm->g;

	if (gm->ack.len == 0)
		return;
	gdoi_trace(g, TRACE_REKEY, "(%s):rekey acknowledged", gm->name);
	g->io.send(g->arg, local, from, gm->ack.data, gm->ack.len);
	gm->ack.to = from.addr;
	gm->ack.sent = gdoi_now(g);
	gm->acks_sent++;
}

/* The same octets once more: the key server missed our answer, or repeats
 * what it sends by multicast. That may be a push under a KEK that it
 * replaced. It is answered again at the pace of a key server, to where the
 * first answer went: anybody can replay it from anywhere. */
static bool
answer_again(struct gdoi *g, struct udp_addr from, const uint8_t *digest)
{
	struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!gm->ack.valid ||
		    memcmp(gm->ack.digest, digest, 32) != 0)
			continue;
		if (gm->ack.to == from.addr &&
		    gdoi_now(g) >= gm->ack.sent + ACK_AGAIN_MS)
			send_ack(gm, from);
		return true;
	}
	return false;
}

static void
failed(struct gm_group *gm, struct udp_addr from, enum log_id id,
    const char *why)
{
	char a[IP4_STRLEN];

	gm->g->ike->stats.bad++;
	gdoi_event(gm->g, TRACE_EXIT, DBG_GM_REKEY, DBG_ERROR, from.addr,
	    "(%s):rekey from %s dropped: %s", gm->name,
	    ip4_str(from.addr, a), why);
	ip4_str(from.addr, a);
	if (id == LOG_GM_REJECTING_SA)
		ike_log_limited(gm->g->ike, from.addr, id, a, gm->name, why);
	else
		ike_log_limited(gm->g->ike, from.addr, id, gm->name, a, why);
}

/* All payloads decoded, or why they cannot be. sa and kd must be freed if
 * it is NULL. */
static const char *
decode(struct gm_group *gm, const struct isakmp_msg *m,
    struct gdoi_sa_msg *sa, struct gdoi_kd_msg *kd)
{
	const struct isakmp_pl *psa = isakmp_find(m, ISAKMP_SA, 0);
	const struct isakmp_pl *pkd = isakmp_find(m, ISAKMP_KD, 0);
	const struct isakmp_pl *p;
	struct gdoi_delete d;
	const char *bad;
	unsigned i;

	memset(sa, 0, sizeof(*sa));
	memset(kd, 0, sizeof(*kd));
	for (i = 0; (p = isakmp_find(m, ISAKMP_D, i)) != NULL; i++)
		if ((bad = gdoi_get_delete(isakmp_rd(p), &d)) != NULL)
			return bad;
	if ((psa == NULL) != (pkd == NULL))
		return "SA and KD do not go together";
	if (psa == NULL)
		return NULL;
	if ((bad = gdoi_get_sa(isakmp_rd(psa), sa)) != NULL)
		return bad;
	bad = gdoi_get_kd(isakmp_rd(pkd), kd);
	if (bad == NULL && kd->nsids > 0) {
		bad = "sender identifiers in a rekey";
		gdoi_kd_msg_free(kd);
	} else if (bad == NULL && ((bad = gm_check(gm, sa, kd)) != NULL ||
	    (bad = gm_clock_too_old(gm, sa)) != NULL)) {
		gdoi_kd_msg_free(kd);
	}
	if (bad != NULL)
		gdoi_sa_msg_free(sa);
	return bad;
}

static void
remember_ack(struct gm_group *gm, uint32_t seq, const uint8_t *digest,
    struct udp_addr from)
{
	size_t len = push_ack_build(gm->g, &gm->kek, seq, gm->addr, gm->name,
	    from);

	memcpy(gm->ack.digest, digest, sizeof(gm->ack.digest));
	gm->ack.len = len <= sizeof(gm->ack.data) ? len : 0;
	gm->ack.valid = true;
	memcpy(gm->ack.data, gm->g->buf, gm->ack.len);
}

static void
apply(struct gm_group *gm, struct udp_addr from,
    const struct isakmp_msg *m, uint32_t seq, const struct gdoi_sa_msg *sa,
    const struct gdoi_kd_msg *kd)
{
	char ks[IP4_STRLEN], own[IP4_STRLEN], to[IP4_STRLEN];
	char spi[2 * KEK_SPI_LEN + 1];
	uint8_t before[KEK_SPI_LEN];
	struct gdoi *g = gm->g;
	bool installed = sa->n > 0 || sa->has_kek;

	ip4_str(from.addr, ks);
	ip4_str(gm->addr, own);
	ip4_str(gm_rekey_dst(gm), to);
	gm->rekeys_total++;
	gm->rekeys_since++;
	gm->last_rekey = gdoi_now(g);
	gm->last_rekey_from = from.addr;
	gm->prev_seq = gm->last_seq;
	gm->last_seq = seq;
	ike_log(g->ike, LOG_GM_RECV_REKEY, gm->name, ks, to, seq,
	    gdoi_spi_str(gm->kek.spi, spi));
	if (installed) {
		gm_clock_pushed(gm, sa);
		memcpy(before, gm->kek.spi, sizeof(before));
		gm_install(gm, sa, kd, false);
		if (memcmp(before, gm->kek.spi, sizeof(before)) != 0)
			memcpy(gm->kek_before, before, sizeof(before));
	}
	send_ack(gm, from);
	if (installed)
		ike_log(g->ike, LOG_GM_INSTALL_OK, ks, gm->name, own);
	if (!gm_apply_deletes(gm, m, sa, from)) {
		gm_schedule(gm);
		gm_clock_again(gm, 30000);
	}
}

static void
opened(struct gm_group *gm, struct udp_addr from,
    uint8_t *data, size_t len, const struct isakmp_msg *m,
    const uint8_t *digest)
{
	struct gdoi_sa_msg sa;
	struct gdoi_kd_msg kd;
	const char *bad;
	uint32_t seq;

	if (!gdoi_get_seq(isakmp_rd(&m->pl[0]), &seq)) {
		failed(gm, from, LOG_GM_REKEY_FAILURE, "SEQ payload malformed");
		return;
	}
	if (seq == gm->last_seq && is_multicast(gm->kek.dst.addr))
		return; /* repeated for others, or we have just registered */
	if (seq <= gm->last_seq) {
		gm->g->ike->stats.bad++;
		ike_log_limited(gm->g->ike, from.addr, LOG_GM_REKEY_SEQ, seq,
		    gm->name, gm->last_seq);
		return;
	}
	if (!push_verify(&gm->kek, data, len, m)) {
		failed(gm, from, LOG_GM_REKEY_FAILURE, "wrong signature");
		return;
	}
	if ((bad = decode(gm, m, &sa, &kd)) != NULL) {
		failed(gm, from, (m->set & PL(ISAKMP_SA)) != 0 ?
		    LOG_GM_REJECTING_SA : LOG_GM_REKEY_FAILURE, bad);
		return;
	}
	remember_ack(gm, seq, digest, from);
	apply(gm, from, m, seq, &sa, &kd);
	gdoi_sa_msg_free(&sa);
	gdoi_kd_msg_free(&kd);
}

void
gm_push_input(struct gdoi *g, struct udp_addr from, const uint8_t *data,
    size_t len)
{
	struct isakmp_hdr h;
	struct isakmp_msg m;
	struct gm_group *gm;
	uint8_t digest[32];
	const char *bad;

	if (!isakmp_get_hdr(&h, data, len) || h.flags != ISAKMP_F_ENC ||
	    h.mid != 0) {
		g->ike->stats.bad++;
		return;
	}
	IKE_HASH(IKE_SHA256, digest, CHUNK(data, len));
	if (answer_again(g, from, digest))
		return;
	if ((gm = group_of(g, &h)) == NULL) {
		g->ike->stats.no_sa++; /* a KEK of other times: no word */
		return;
	}
	memcpy(g->ike->in, data, len);
	bad = push_open(&gm->kek, g->ike->in, len, &m);
	if (bad != NULL) {
		failed(gm, from, LOG_GM_REKEY_FAILURE, bad);
	} else {
		ike_debug_message(DBG_GM_REKEY, gm->name, from, g->ike->in,
		    len, false);
		opened(gm, from, g->ike->in, len, &m, digest);
	}
	explicit_bzero(g->ike->in, len);
}
