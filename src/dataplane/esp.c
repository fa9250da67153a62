/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP of a group in process fwd: RFC 4303 tunnel mode whose outer addresses
 * are the inner ones (RFC 6407, 5.3: address preservation).
 *
 *  outbound: number, IV and trailer for each packet, then one crypto burst
 *  inbound: length, replay check, crypto burst (verifies before decrypting),
 *    replay update, trailer, inner packet, its addresses, its policy entry
 */
#include "config.h"

#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define ESP_FIXED 8	/* SPI, sequence number */
#define NEXT_IPV4 4
#define NEXT_DUMMY 59

/* ---- outbound ---- */

/* CBC: unpredictable (RFC 3602). Each octet of the pool is used once. */
static void
random_iv(struct fwd *f, uint8_t *iv, unsigned len)
{
	struct worker *w = &f->w;

	if (w->iv_left < len) {
		f->io.random(f->arg, w->iv_pool, sizeof(w->iv_pool));
		w->iv_left = sizeof(w->iv_pool);
	}
	w->iv_left -= len;
	memcpy(iv, w->iv_pool + w->iv_left, len);
}

/* Number and IV; false with the reason when the SA cannot send any more. */
static bool
esp_number(struct fwd *f, struct sa *sa, uint8_t *esp, enum drop_id *why)
{
	*why = DROP_SEQUENCE;
	if (sid_is_used(sa)) {
		if (!sid_next(f, sa, esp + ESP_FIXED, why))
			return false;
	} else if (sa->seq == UINT32_MAX &&
	    sa->replay_method == REPLAY_COUNTER) {
		/* Who is not checked by its numbers may begin anew (RFC
		 * 4303, 3.3.3). */
		return false;
	} else if (sa->iv_len > 0) {
		random_iv(f, esp + ESP_FIXED, sa->iv_len);
	}
	__atomic_store_n(&sa->seq, sa->seq + 1, __ATOMIC_RELAXED);
	put32(esp, sa->spi);
	put32(esp + 4, sa->seq);
	return true;
}

/* The outer header: that of the inner packet without its options and
 * fragment fields, a number of its own, DF as configured. */
static void
outer_header(struct fwd *f, const struct pkt *p, uint8_t *outer)
{
	const uint8_t *inner = pkt_ip(p);
	uint8_t df_bit = port_of(f, p->out_port)->df_bit;
	unsigned frag = get16(inner + IPH_FRAG) & IPH_DF;

	if (df_bit != DF_COPY)
		frag = df_bit == DF_SET ? IPH_DF : 0;
	outer[0] = 0x45;
	outer[IPH_TOS] = inner[IPH_TOS];
	put16(outer + IPH_ID, f->w.ip_id++);
	put16(outer + IPH_FRAG, frag);
	outer[IPH_TTL] = inner[IPH_TTL];
	outer[IPH_PROTO] = PROTO_ESP;
	memcpy(outer + IPH_SRC, inner + IPH_SRC, 8);
}

/* An SA that cannot send one more, whatever comes. */
static void
exhausted(struct fwd *f, const struct pkt *p)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	fwd_event_log(f, LOG_SA_EXHAUSTED, sa->conn_id,
	    &(struct event){ .a = sa->conn_id + 1, .spi = sa->spi,
	    .group = sg->group });
}

static bool
esp_wrap(struct fwd *f, struct pkt *p, struct crypto_job *job,
    enum drop_id *why)
{
	struct sa *sa = p->sa;
	unsigned front = IPH_HDR + ESP_FIXED + sa->iv_len + sa->extra, pad, i;
	uint8_t *outer, *trailer;

	pad = (sa->block - (p->len + sa->extra + 2) % sa->block) % sa->block;
	*why = DROP_ENCRYPT;
	if (p->off < front || p->off + p->len + pad + 2 + sa->icv_len >
	    PKT_BUF_SIZE ||
	    front + p->len + pad + 2 + sa->icv_len > 65535)
		return false;
	outer = pkt_ip(p) - front;
	if (!esp_number(f, sa, outer + IPH_HDR, why))
		return false;
	outer_header(f, p, outer);
	if (sa->extra != 0)
		tbar_put(f, sa, pkt_ip(p) - TBAR_LEN);
	trailer = pkt_ip(p) + p->len;
	for (i = 0; i < pad; i++)
		trailer[i] = (uint8_t)(i + 1);
	trailer[pad] = (uint8_t)pad;
	trailer[pad + 1] = sa->extra != 0 ? TBAR_PROTO : NEXT_IPV4;
	*job = (struct crypto_job){ .sa = sa->crypto, .esp = outer + IPH_HDR,
		.len = sa->extra + p->len + pad + 2 };
	p->off -= front;
	p->len += front + pad + 2 + sa->icv_len;
	ip_finish(outer, IPH_HDR, p->len);
	p->ihl = IPH_HDR;
	return true;
}

static void
tbar_count_out(const struct pkt *p, bool ok)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	if (sa->extra != 0)
		count(&sg->group->c[ok ? STAT_TBAR_OUT : STAT_TBAR_OUT_ERR]);
}

unsigned
stage_esp_out(struct fwd *f, struct pkt **pkts, unsigned n,
    unsigned at UNUSED)
{
	struct crypto_job jobs[BURST_MAX];
	struct pkt *owner[BURST_MAX];
	unsigned i, left = 0, n_jobs = 0, kept = 0;
	enum drop_id why;

	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		if (p->sa != NULL && p->out_port != PORT_LOCAL) {
			if (!esp_wrap(f, p, &jobs[n_jobs], &why)) {
				policy_count(p->group, p->ace,
				    why == DROP_SEQUENCE ? STAT_ROLLOVER :
				    STAT_ENCAPS_FAIL);
				if (why == DROP_SEQUENCE)
					exhausted(f, p);
				tbar_count_out(p, false);
				(void)fwd_drop(f, why);
				continue;
			}
			owner[n_jobs++] = p;
		}
		pkts[left++] = p;
	}
	crypto_burst(jobs, n_jobs);
	for (i = 0; i < n_jobs; i++) {
		owner[i]->encrypted = jobs[i].status == CRYPTO_OK;
		policy_count(owner[i]->group, owner[i]->ace,
		    owner[i]->encrypted ? STAT_ENCRYPT : STAT_ENCAPS_FAIL);
		tbar_count_out(owner[i], owner[i]->encrypted);
	}
	for (i = 0; i < left; i++) {
		if (pkts[i]->sa != NULL && !pkts[i]->encrypted &&
		    pkts[i]->out_port != PORT_LOCAL)
			(void)fwd_drop(f, DROP_ENCRYPT);
		else
			pkts[kept++] = pkts[i];
	}
	return kept;
}

/* ---- inbound ---- */

/* An SA with this SPI of a group that the port belongs to. */
static struct sa *
spi_find(const struct snap *s, const struct snap_port *sp, uint32_t spi,
    struct snap_group **group)
{
	uint32_t mask = (1u << s->spi_bits) - 1, at;
	unsigned i;

	at = spi * 2654435761u >> (32 - s->spi_bits);
	for (; s->spis[at] != NULL; at = (at + 1) & mask) {
		if (s->spis[at]->spi != spi)
			continue;
		for (i = 0; i < sp->n_maps; i++) {
			if (sp->maps[i]->group == s->spis[at]->group) {
				*group = sp->maps[i];
				return s->spis[at];
			}
		}
	}
	return NULL;
}

/* ESP with an SPI that is none of ours. It may be somebody else's that only
 * passes through: then no group has a policy here, or an entry says that it
 * stays as it is. Otherwise it is a packet of the group that we cannot read:
 * an old key, or one that did not come yet. */
static enum verdict
unknown_spi(struct fwd *f, struct pkt *p, const struct snap_port *sp,
    uint32_t spi)
{
	struct snap_group *sg = NULL;
	uint32_t ace;
	unsigned i;

	for (i = 0; i < sp->n_maps; i++) {
		if (sp->maps[i]->policy == NULL)
			continue;
		ace = policy_match(sp->maps[i]->policy, &p->flow, true);
		if (ace != CLASSIFY_NONE &&
		    sp->maps[i]->policy->aces[ace].action == ACE_DENY)
			return NEXT;
		if (sg == NULL)
			sg = sp->maps[i];
	}
	if (sg == NULL)
		return NEXT;
	policy_count(sg, UINT32_MAX, STAT_INVALID_SA);
	fwd_event_log(f, LOG_RECVD_INV_SPI, p->flow.src,
	    &(struct event){ .a = p->flow.dst, .b = p->flow.src, .c = spi,
	    .spi = spi, .src = p->flow.src, .group = sg->group });
	return fwd_drop(f, DROP_INVALID_SPI);
}

static void
in_error(const struct pkt *p, enum tally s)
{
	const struct snap_group *sg = p->group;
	const struct sa *sa = p->sa;

	policy_count(sg, policy_first_of(sg->policy, sa->sa_index), s);
}

static enum verdict
replay_drop(struct fwd *f, const struct pkt *p, uint32_t seq)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	in_error(p, STAT_REPLAY);
	fwd_event_log(f, LOG_PKT_REPLAY_ERR, sa->conn_id,
	    &(struct event){ .a = sa->conn_id, .b = seq, .spi = sa->spi,
	    .src = p->flow.src, .group = sg->group });
	return fwd_drop(f, DROP_REPLAY);
}

/* NEXT with job->sa NULL: not for us, goes on as it is. */
static enum verdict
esp_open(struct fwd *f, struct pkt *p, struct crypto_job *job)
{
	const struct snap_port *sp = port_of(f, p->in_port);
	uint8_t *esp = pkt_ip(p) + p->ihl;
	unsigned len = p->len - p->ihl, fixed;
	struct snap_group *sg = NULL;
	struct sa *sa;

	job->sa = NULL;
	if (len < ESP_FIXED)
		return fwd_drop(f, DROP_ESP_LENGTH);
	sa = spi_find(f->w.snap, sp, get32(esp), &sg);
	if (sa == NULL)
		return unknown_spi(f, p, sp, get32(esp));
	p->sa = sa;
	p->group = sg;
	fixed = ESP_FIXED + sa->iv_len + sa->icv_len;
	if (len < fixed + sa->block || (len - fixed) % sa->block != 0) {
		in_error(p, STAT_LENGTH);
		return fwd_drop(f, DROP_ESP_LENGTH);
	}
	if (sa->replay != NULL && !replay_check(sa->replay,
	    sid_sender(sa, p->flow.src, esp), get32(esp + 4)))
		return replay_drop(f, p, get32(esp + 4));
	*job = (struct crypto_job){ .sa = sa->crypto, .esp = esp,
		.len = len - fixed, .decrypt = true };
	return NEXT;
}

/* Padding counts from 1 (RFC 4303, 2.4). */
static bool
padding_ok(const uint8_t *text, unsigned len)
{
	unsigned pad = text[len - 2], i;

	if (pad + 2 > len)
		return false;
	for (i = 0; i < pad; i++) {
		if (text[len - 2 - pad + i] != i + 1)
			return false;
	}
	return true;
}

/* From the ESP packet to the one inside; its outer TTL has seen the core. */
static enum verdict
esp_unwrap(struct fwd *f, struct pkt *p, const struct crypto_job *job)
{
	const struct sa *sa = p->sa;
	struct flow outer = p->flow;
	uint8_t ttl = pkt_ip(p)[IPH_TTL], *text;
	uint64_t stamp = 0;

	text = job->esp + ESP_FIXED + sa->iv_len;
	if (!padding_ok(text, job->len)) {
		in_error(p, STAT_DECAPS_FAIL);
		return fwd_drop(f, DROP_ESP_PAD);
	}
	if (text[job->len - 1] == NEXT_DUMMY)
		return fwd_drop(f, DROP_ESP_DUMMY);
	p->len = job->len - 2 - text[job->len - 2];
	if (sa->extra != 0) {
		if (text[job->len - 1] != TBAR_PROTO || p->len < TBAR_LEN ||
		    !tbar_get(text, &stamp)) {
			in_error(p, STAT_INVALID_PROT);
			return fwd_drop(f, DROP_NO_PSEUDOTIME);
		}
	} else if (text[job->len - 1] != NEXT_IPV4) {
		in_error(p, STAT_INVALID_PROT);
		return fwd_drop(f, DROP_ESP_PROTO);
	}
	p->off = (uint32_t)(text - p->buf) + sa->extra;
	p->len -= sa->extra;
	p->gso = (struct pkt_gso){0};
	if (ip_parse(p) != IP_OK) {
		in_error(p, STAT_DECAPS_FAIL);
		return fwd_drop(f, DROP_ESP_INNER);
	}
	if (p->flow.src != outer.src || p->flow.dst != outer.dst) {
		in_error(p, STAT_IDENTITY);
		return fwd_drop(f, DROP_ESP_ADDRESS);
	}
	if (sa->extra != 0 && tbar_check(f, p, stamp) != NEXT)
		return DROP;
	if (ttl < pkt_ip(p)[IPH_TTL])
		ip_set_ttl(pkt_ip(p), ttl);
	p->decrypted = true;
	return NEXT;
}

/* The inner packet must be one that the sender had to encrypt, with a key
 * of that `sa ipsec`. Local entries are not the sender's and do not count. */
static enum verdict
esp_identity(struct fwd *f, struct pkt *p)
{
	const struct snap_group *sg = p->group;
	const struct policy *pol = sg->policy;
	const struct sa *sa = p->sa;
	uint32_t i = CLASSIFY_NONE;

	if (pol != NULL)
		i = classify(pol->downloaded, &p->flow);
	if (i != CLASSIFY_NONE) {
		i = pol->index[i];
		if (pol->aces[i].action == ACE_PERMIT &&
		    pol->sa_of[i] == sa->sa_index) {
			policy_count(sg, i, STAT_DECRYPT);
			return NEXT;
		}
	}
	in_error(p, STAT_IDENTITY);
	fwd_event_log(f, LOG_RECVD_BAD_IDENT, p->flow.src,
	    &(struct event){ .a = p->flow.src, .b = p->flow.dst });
	return fwd_drop(f, DROP_ESP_IDENTITY);
}

static enum verdict
esp_finish(struct fwd *f, struct pkt *p, const struct crypto_job *job)
{
	struct sa *sa = p->sa;
	uint32_t seq = get32(job->esp + 4);
	uint32_t sender = sid_sender(sa, p->flow.src, job->esp);
	enum verdict v;

	if (job->status != CRYPTO_OK) {
		in_error(p, STAT_VERIFY_FAIL);
		fwd_event_log(f, LOG_RECVD_MAC_ERR, sa->conn_id,
		    &(struct event){ .a = sa->conn_id });
		return fwd_drop(f, DROP_VERIFY);
	}
	/* again: its copy may stand in the same burst */
	if (sa->replay != NULL && !replay_check(sa->replay, sender, seq))
		return replay_drop(f, p, seq);
	v = esp_unwrap(f, p, job);
	if (v == NEXT) {
		/* Not before: ESP does not cover the outer source, and a
		 * packet under a false one must not move the window of
		 * another member, nor take its place. */
		if (sa->replay != NULL)
			replay_update(sa->replay, sender, seq);
		v = esp_identity(f, p);
	}
	p->sa = p->group = NULL;
	return v;
}

static bool
is_for_esp(const struct fwd *f, const struct pkt *p)
{
	return p->in_port != PORT_LOCAL && p->flow.proto == PROTO_ESP &&
	    port_of(f, p->in_port)->n_maps > 0;
}

unsigned
stage_esp_in(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at UNUSED)
{
	struct crypto_job jobs[BURST_MAX];
	unsigned place[BURST_MAX], i, n_jobs = 0, left = 0;

	for (i = 0; i < n; i++) {
		if (!is_for_esp(f, pkts[i]))
			continue;
		if (ip_is_fragment(pkt_ip(pkts[i])))
			pkts[i] = reass_add(f, pkts[i]);
		if (pkts[i] == NULL)
			continue;
		if (esp_open(f, pkts[i], &jobs[n_jobs]) != NEXT)
			pkts[i] = NULL;
		else if (jobs[n_jobs].sa != NULL)
			place[n_jobs++] = i;
	}
	crypto_burst(jobs, n_jobs);
	for (i = 0; i < n_jobs; i++) {
		if (esp_finish(f, pkts[place[i]], &jobs[i]) != NEXT)
			pkts[place[i]] = NULL;
	}
	for (i = 0; i < n; i++) {
		if (pkts[i] != NULL)
			pkts[left++] = pkts[i];
	}
	return left;
}
