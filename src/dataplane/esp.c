/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP in process fwd (RFC 4303): of a group, tunnel mode whose outer addresses
 * are the inner ones (RFC 6407, 5.3: address preservation); between two
 * routers, tunnel mode or transport mode (pair.c), in UDP or not (udpencap.c).
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
	} else if (sa->seq == UINT32_MAX && (sa->mode != SA_GROUP ||
	    sa->replay_method == REPLAY_COUNTER)) {
		/* Who is not checked by its numbers may begin anew (RFC
		 * 4303, 3.3.3). */
		return false;
	} else if (esp_is_aead(&sa->transform)) {
		put32(esp + ESP_FIXED, 0);
		put32(esp + ESP_FIXED + 4, sa->seq + 1);
	} else if (sa->iv_len > 0) {
		random_iv(f, esp + ESP_FIXED, sa->iv_len);
	}
	__atomic_store_n(&sa->seq, sa->seq + 1, __ATOMIC_RELAXED);
	put32(esp, sa->spi);
	put32(esp + 4, sa->seq);
	return true;
}

/* The outer header: that of the inner packet without its options and
 * fragment fields, a number of its own, DF as configured; the ends of the SA
 * where it has some. In transport mode the whole of it. */
static void
outer_header(struct fwd *f, const struct pkt *p, uint8_t *outer)
{
	const struct sa *sa = p->sa;
	const uint8_t *inner = pkt_ip(p);
	uint8_t df_bit = port_of(f, p->out_port)->df_bit;
	unsigned frag = get16(inner + IPH_FRAG) & IPH_DF;

	if (sa->mode == SA_TRANSPORT) {
		memmove(outer, inner, p->ihl);
		outer[IPH_PROTO] = sa->encap_local != 0 ? PROTO_UDP : PROTO_ESP;
		return;
	}
	if (df_bit != DF_COPY)
		frag = df_bit == DF_SET ? IPH_DF : 0;
	outer[0] = 0x45;
	outer[IPH_TOS] = inner[IPH_TOS];
	put16(outer + IPH_ID, f->w.ip_id++);
	put16(outer + IPH_FRAG, frag);
	outer[IPH_TTL] = inner[IPH_TTL];
	outer[IPH_PROTO] = sa->encap_local != 0 ? PROTO_UDP : PROTO_ESP;
	memcpy(outer + IPH_SRC, inner + IPH_SRC, 8);
	if (sa->mode != SA_TUNNEL)
		return;
	outer[IPH_TTL] = 255;
	put32(outer + IPH_SRC, sa->local);
	put32(outer + IPH_DST, sa_remote(sa));
}

/* An SA that cannot send one more, whatever comes. */
static void
exhausted(struct fwd *f, const struct pkt *p)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	fwd_event_log(f, LOG_SA_EXHAUSTED, sa->conn_id,
	    &(struct event){ .a = sa_conn(sa, true), .spi = sa->spi,
	    .group = sg->group });
}

/* Room for so many octets in front of the text, and behind it. */
static bool
has_room(const struct pkt *p, unsigned keep, unsigned front, unsigned tail)
{
	return p->off + keep >= front &&
	    p->off + p->len + tail <= PKT_BUF_SIZE &&
	    front + p->len - keep + tail <= 65535;
}

/* [header][UDP] SPI, number, IV [pseudotime] | text | padding, ICV. The text
 * is the packet, in transport mode what is behind its header (keep). */
static bool
esp_wrap(struct fwd *f, struct pkt *p, struct crypto_job *job,
    enum drop_id *why)
{
	struct sa *sa = p->sa;
	unsigned keep = sa->mode == SA_TRANSPORT ? p->ihl : 0;
	unsigned hdr = keep != 0 ? keep : IPH_HDR;
	unsigned udp = sa->encap_local != 0 ? UDP_HDR : 0;
	unsigned front = hdr + udp + ESP_FIXED + sa->iv_len + sa->extra;
	unsigned len = p->len - keep, pad, i;
	uint8_t *text = pkt_ip(p) + keep, *outer = text - front, next;

	pad = (sa->block - (len + sa->extra + 2) % sa->block) % sa->block;
	*why = DROP_ENCRYPT;
	if (!has_room(p, keep, front, pad + 2 + sa->icv_len) ||
	    (sa->mode != SA_GROUP &&
	    !pair_may_send(f, p, len + pad + 2, why)))
		return false;
	next = keep != 0 ? pkt_ip(p)[IPH_PROTO] :
	    sa->extra != 0 ? TBAR_PROTO : NEXT_IPV4;
	outer_header(f, p, outer); /* in transport mode it moves */
	if (!esp_number(f, sa, outer + hdr + udp, why))
		return false;
	if (sa->extra != 0)
		tbar_put(f, sa, text - TBAR_LEN);
	for (i = 0; i < pad; i++)
		text[len + i] = (uint8_t)(i + 1);
	text[len + pad] = (uint8_t)pad;
	text[len + pad + 1] = next;
	*job = (struct crypto_job){ .sa = sa->crypto, .esp = outer + hdr + udp,
		.len = sa->extra + len + pad + 2 };
	p->off = (uint32_t)(outer - p->buf);
	p->len = front + len + pad + 2 + sa->icv_len;
	if (udp != 0)
		udp_header(sa, outer + hdr, p->len - hdr);
	ip_finish(outer, hdr, p->len);
	p->ihl = (uint8_t)hdr;
	return true;
}

unsigned
esp_outer(const struct pkt *p, struct flow *outer)
{
	const struct sa *sa = p->sa;
	unsigned keep = sa->mode == SA_TRANSPORT ? p->ihl : 0;
	unsigned text = sa->extra + p->len - keep + 2;

	*outer = (struct flow){ .src = p->flow.src, .dst = p->flow.dst,
		.proto = PROTO_ESP, .dscp = pkt_ip(p)[IPH_TOS] >> 2 };
	if (sa->mode == SA_TUNNEL) {
		outer->src = sa->local;
		outer->dst = __atomic_load_n(&sa->remote, __ATOMIC_RELAXED);
	}
	if (sa->encap_local != 0) {
		outer->proto = PROTO_UDP;
		outer->sport = sa->encap_local;
		outer->dport = sa->encap_remote;
	}
	text += (sa->block - text % sa->block) % sa->block;
	return (keep != 0 ? keep : IPH_HDR) +
	    (sa->encap_local != 0 ? UDP_HDR : 0) + ESP_FIXED + sa->iv_len +
	    text + sa->icv_len;
}

static void
tbar_count_out(const struct pkt *p, bool ok)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	if (sa->extra != 0)
		count(&sg->group->c[ok ? STAT_TBAR_OUT : STAT_TBAR_OUT_ERR]);
}

static void
wrap_failed(struct fwd *f, const struct pkt *p, enum drop_id why)
{
	policy_count(p->group, p->ace, why == DROP_SEQUENCE ? STAT_ROLLOVER :
	    STAT_ENCAPS_FAIL);
	if (why == DROP_SEQUENCE)
		exhausted(f, p);
	tbar_count_out(p, false);
	(void)fwd_drop(f, why);
	ipdebug(f, SEEN_DROPPED, p);
}

unsigned
esp_encrypt(struct fwd *f, struct pkt **pkts, unsigned n)
{
	struct crypto_job jobs[BURST_MAX];
	struct pkt *owner[BURST_MAX];
	unsigned i, left = 0, n_jobs = 0, kept = 0;
	enum drop_id why;

	for (i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		if (p->sa != NULL && p->out_port != PORT_LOCAL) {
			if (!esp_wrap(f, p, &jobs[n_jobs], &why)) {
				wrap_failed(f, p, why);
				continue;
			}
			owner[n_jobs++] = p;
		}
		pkts[left++] = p;
	}
	crypto_burst(jobs, n_jobs);
	for (i = 0; i < n_jobs; i++) {
		struct sa *sa = owner[i]->sa;

		owner[i]->encrypted = jobs[i].status == CRYPTO_OK;
		policy_count(owner[i]->group, owner[i]->ace,
		    owner[i]->encrypted ? STAT_ENCRYPT : STAT_ENCAPS_FAIL);
		if (owner[i]->encrypted)
			count(&sa->sent);
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

unsigned
stage_esp_out(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at)
{
	return split_again(f, pkts, esp_encrypt(f, pkts, n), at);
}

/* ---- inbound ---- */

static bool
is_in_map(const struct snap_port *sp, const struct snap_group *sg)
{
	unsigned i;

	for (i = 0; i < sp->n_maps; i++) {
		if (sp->maps[i] == sg)
			return true;
	}
	return false;
}

/* An SA with this SPI of a group that the port belongs to; between routers
 * one that ends where the packet goes, whoever sent it. A tunnel belongs to
 * no port. */
static const struct snap_spi *
spi_find(const struct snap *s, const struct snap_port *sp, uint32_t dst,
    uint32_t spi)
{
	uint32_t mask = (1u << s->spi_bits) - 1, at;
	const struct snap_spi *x;

	at = spi * 2654435761u >> (32 - s->spi_bits);
	for (x = &s->spis[at]; x->sa != NULL; x = &s->spis[at]) {
		at = (at + 1) & mask;
		if (x->sa->spi != spi ||
		    (x->sa->mode != SA_GROUP && x->sa->local != dst))
			continue;
		if (x->group->group->kind == GROUP_TUNNEL ||
		    is_in_map(sp, x->group))
			return x;
	}
	return NULL;
}

/* The GDOI group that an ESP packet may be of. It may be somebody else's that
 * only passes through: then no group has a policy here, or an entry says that
 * it stays as it is. Otherwise it is a packet of the group that we cannot
 * read: an old key, or one that did not come yet. */
static struct snap_group *
group_of_unknown(const struct snap_port *sp, const struct pkt *p)
{
	struct snap_group *sg = NULL;
	uint32_t ace;
	unsigned i;

	for (i = 0; i < sp->n_maps; i++) {
		if (sp->maps[i]->policy == NULL ||
		    sp->maps[i]->group->kind != GROUP_GDOI)
			continue;
		ace = policy_match(sp->maps[i]->policy, &p->flow, true);
		if (ace != CLASSIFY_NONE &&
		    sp->maps[i]->policy->aces[ace].action == ACE_DENY)
			return NULL;
		if (sg == NULL)
			sg = sp->maps[i];
	}
	return sg;
}

/* ESP with an SPI that is none of ours: of a group, or of a router that has
 * an SA with this one which is gone here. */
static enum verdict
unknown_spi(struct fwd *f, struct pkt *p, const struct snap_port *sp,
    uint32_t spi)
{
	struct snap_group *sg = group_of_unknown(sp, p);
	bool pair = (sp->pairs || f->w.snap->protects) &&
	    fwd_is_own(f->w.snap, p->flow.dst);

	if (sg == NULL && !pair)
		return NEXT;
	if (sg != NULL)
		policy_count(sg, UINT32_MAX, STAT_INVALID_SA);
	fwd_event_log(f, LOG_RECVD_INV_SPI, p->flow.src,
	    &(struct event){ .a = p->flow.dst, .b = p->flow.src, .c = spi,
	    .spi = spi, .src = p->flow.src, .pair = pair,
	    .group = sg != NULL ? sg->group : NULL });
	return fwd_drop(f, DROP_INVALID_SPI);
}

static void
in_error(const struct pkt *p, enum tally s)
{
	policy_count(p->group, p->ace, s);
}

static bool
replay_ok(const struct sa *sa, uint32_t sender, uint32_t seq)
{
	if (sa->win_bits != NULL)
		return replay_window_check(&sa->win, sa->win_bits, seq);
	return sa->replay == NULL || replay_check(sa->replay, sender, seq);
}

static void
replay_note(struct sa *sa, uint32_t sender, uint32_t seq)
{
	if (sa->win_bits != NULL)
		replay_window_update(&sa->win, sa->win_bits, seq);
	else if (sa->replay != NULL)
		replay_update(sa->replay, sender, seq);
}

static enum verdict
replay_drop(struct fwd *f, const struct pkt *p, uint32_t seq)
{
	const struct sa *sa = p->sa;
	const struct snap_group *sg = p->group;

	in_error(p, STAT_REPLAY);
	fwd_event_log(f, LOG_PKT_REPLAY_ERR, sa->conn_id,
	    &(struct event){ .a = sa_conn(sa, false), .b = seq, .spi = sa->spi,
	    .src = p->flow.src, .group = sg->group });
	return fwd_drop(f, DROP_REPLAY);
}

/* NEXT with job->sa NULL: not for us, goes on as it is. */
static enum verdict
esp_open(struct fwd *f, struct pkt *p, struct crypto_job *job)
{
	const struct snap_port *sp = port_of(f, p->in_port);
	bool udp = p->flow.proto == PROTO_UDP;
	unsigned hdr = p->ihl + (udp ? UDP_HDR : 0), len = p->len - hdr, fixed;
	uint8_t *esp = pkt_ip(p) + hdr;
	const struct snap_spi *x;
	struct sa *sa;

	job->sa = NULL;
	if (len < ESP_FIXED)
		return fwd_drop(f, DROP_ESP_LENGTH);
	x = spi_find(f->w.snap, sp, p->flow.dst, get32(esp));
	if (x == NULL)
		return unknown_spi(f, p, sp, get32(esp));
	p->sa = sa = x->sa;
	p->group = x->group;
	p->ace = x->ace;
	if (udp != (sa->encap_local != 0)) {
		in_error(p, STAT_DECAPS_FAIL);
		return fwd_drop(f, DROP_ESP_ENCAP);
	}
	fixed = ESP_FIXED + sa->iv_len + sa->icv_len;
	if (len < fixed + sa->block || (len - fixed) % sa->block != 0) {
		in_error(p, STAT_LENGTH);
		return fwd_drop(f, DROP_ESP_LENGTH);
	}
	if (!replay_ok(sa, sid_sender(sa, p->flow.src, esp), get32(esp + 4)))
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
	if (sa->mode != SA_GROUP)
		return pair_unwrap(f, p, text, text[job->len - 1]);
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
	struct sa *sa = p->sa;
	uint32_t i = CLASSIFY_NONE;

	if (sa->mode != SA_GROUP)
		return pair_identity(f, p);
	if (pol != NULL)
		i = classify(pol->downloaded, &p->flow);
	if (i != CLASSIFY_NONE) {
		i = pol->index[i];
		if (pol->aces[i].action == ACE_PERMIT &&
		    pol->sa_of[i] == sa->sa_index) {
			policy_count(sg, i, STAT_DECRYPT);
			count(&sa->received);
			return NEXT;
		}
	}
	in_error(p, STAT_IDENTITY);
	fwd_event_log(f, LOG_RECVD_BAD_IDENT, p->flow.src,
	    &(struct event){ .a = p->flow.src, .b = p->flow.dst });
	return fwd_drop(f, DROP_ESP_IDENTITY);
}

/* Of an authentic packet, while its outer header is in p: volume, and where
 * the peer is now. An old packet says nothing about that. */
static bool
pair_arrived(struct fwd *f, struct pkt *p, const struct crypto_job *job)
{
	const struct snap_group *sg = p->group;
	struct sa *sa = p->sa;
	uint32_t out = sg->policy != NULL ? p->ace : 0;

	if (!pair_volume(f, sa, job->len)) {
		in_error(p, STAT_DECAPS_FAIL);
		(void)fwd_drop(f, DROP_LIFETIME);
		return false;
	}
	if (sa->win_bits != NULL && get32(job->esp + 4) > sa->win.top &&
	    out != CLASSIFY_NONE)
		udp_follow(p, sa, sg->out[out]);
	return true;
}

static enum verdict
esp_finish(struct fwd *f, struct pkt *p, const struct crypto_job *job)
{
	const struct snap_group *sg = p->group;
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
	if (!replay_ok(sa, sender, seq))
		return replay_drop(f, p, seq);
	if (sa->mode != SA_GROUP && !pair_arrived(f, p, job))
		return DROP;
	v = esp_unwrap(f, p, job);
	if (v == NEXT) {
		/* Not before: ESP does not cover the outer source, and a
		 * packet under a false one must not move the window of
		 * another member, nor take its place. */
		replay_note(sa, sender, seq);
		v = esp_identity(f, p);
	}
	p->sa = NULL;
	/* what a tunnel with protection asks (esp_tunnel_came) */
	p->group = sg->group->kind == GROUP_TUNNEL ? p->group : NULL;
	return v;
}

/* ESP, or a fragment of it, that this router may be the end of. */
static bool
is_for_esp(struct fwd *f, const struct pkt *p)
{
	const struct snap_port *sp = port_of(f, p->in_port);

	if (p->in_port == PORT_LOCAL ||
	    (sp->n_maps == 0 && !f->w.snap->protects))
		return false;
	if (p->flow.proto == PROTO_ESP)
		return true;
	return (sp->pairs || f->w.snap->protects) && (udp_fragment(f, p) ||
	    udp_kind(f, p) != UDP_OTHER);
}

/* The packet to open; NULL: none, or not yet. */
static struct pkt *
esp_take(struct fwd *f, struct pkt *p)
{
	if (ip_is_fragment(pkt_ip(p)))
		p = reass_add(f, p);
	if (p != NULL && udp_kind(f, p) == UDP_KEEPALIVE) {
		(void)fwd_drop(f, DROP_NAT_KEEPALIVE);
		return NULL;
	}
	return p;
}

unsigned
stage_esp_in(struct fwd *f, struct pkt **pkts, unsigned n, unsigned at UNUSED)
{
	struct crypto_job jobs[BURST_MAX];
	unsigned place[BURST_MAX], i, n_jobs = 0, left = 0;

	for (i = 0; i < n; i++) {
		if (!is_for_esp(f, pkts[i]))
			continue;
		pkts[i] = esp_take(f, pkts[i]);
		/* a fragment may have been of other UDP */
		if (pkts[i] == NULL || (pkts[i]->flow.proto == PROTO_UDP &&
		    udp_kind(f, pkts[i]) != UDP_ESP))
			continue;
		if (esp_open(f, pkts[i], &jobs[n_jobs]) != NEXT)
			pkts[i] = NULL;
		else if (jobs[n_jobs].sa != NULL) {
			if (((struct sa *)pkts[i]->sa)->mode != SA_GROUP)
				ipdebug(f, SEEN_RCVD, pkts[i]);
			place[n_jobs++] = i;
		}
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
