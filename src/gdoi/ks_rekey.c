/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key server: rekeys. One push is built, signed and encrypted per rekey and
 * sent to each member by unicast, at a limited pace; members that do not
 * acknowledge get the same octets again; who misses three rekeys in a row is
 * deleted. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

#define PACE_MEMBERS 50
#define PACE_MS 100
#define MISSED_MAX 3

static void distribute(void *);

/* ---- distribution ---- */

static void
send_to(struct ks_group *grp, struct ks_member *m)
{
	struct ks_rekey *r = &grp->rekey;
	struct udp_addr from = { grp->addr, ISAKMP_PORT };
	struct udp_addr to = { m->addr, m->port };
	char name[IP4_STRLEN];
	unsigned i;

	debug(DBG_KS_REKEY, DBG_EVENT, m->addr,
	    "(%s):rekey seq # %u, %zu octets, %s %s", grp->name, r->seq,
	    r->len, m->state == MEMBER_SENT ? "again to" : "to",
	    ip4_str(m->addr, name));
	grp->g->io.send(grp->g->arg, from, to, r->data, r->len);
	if (m->state == MEMBER_SENT) {
		m->retries++;
		r->retransmits++;
		grp->retransmitted++;
		return;
	}
	m->state = MEMBER_SENT;
	m->sent++;
	for (i = NELEM(m->sent_seq) - 1; i > 0; i--)
		m->sent_seq[i] = m->sent_seq[i - 1];
	m->sent_seq[0] = r->seq;
}

/* All have answered, or had their time. */
static void
finish(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;
	struct ks_member *m, *next;

	if (!r->active)
		return;
	r->active = false;
	r->duration = gdoi_now(grp->g) - r->started;
	timer_clear(&grp->g->ike->timers, &r->timer);
	for (m = TAILQ_FIRST(&grp->members); m != NULL; m = next) {
		next = TAILQ_NEXT(m, link);
		if (m->state != MEMBER_SENT && m->state != MEMBER_PENDING)
			continue;
		m->state = MEMBER_IDLE;
		if (r->kek.ack == KEK_ACK_NONE)
			continue;
		m->acks_missed++;
		/* other software may know no ACK: it must have sent one
		 * before its silence means anything (RFC 8263) */
		if (++m->missed >= MISSED_MAX && (m->acked_ever ||
		    strcmp(m->version, "0.0.0") != 0))
			ks_remove_member(grp, m, true);
	}
}

void
ks_rekey_stop(struct ks_group *grp)
{
	struct ks_rekey *r = &grp->rekey;

	finish(grp);
	free(r->data);
	r->data = NULL;
	r->len = 0;
	explicit_bzero(&r->kek, sizeof(r->kek));
}

/* The member goes, or starts over. */
void
ks_rekey_forget(struct ks_group *grp, const struct ks_member *m)
{
	if (grp->rekey.next == m)
		grp->rekey.next = TAILQ_NEXT(m, link);
}

/* One member that registered with keys older than the running push. */
void
ks_rekey_to(struct ks_group *grp, struct ks_member *m)
{
	if (grp->rekey.data == NULL || !m->has_kek)
		return;
	send_to(grp, m);
	if (grp->rekey.active)
		grp->rekey.waiting++;
}

static bool
wanted(const struct ks_member *m, bool again)
{
	return m->state == (again ? MEMBER_SENT : MEMBER_PENDING);
}

static void
distribute(void *arg)
{
	struct ks_group *grp = arg;
	struct ks_rekey *r = &grp->rekey;
	uint64_t now = gdoi_now(grp->g);
	bool again = r->tries > 0;
	unsigned n = 0;

	for (; r->next != NULL && n < PACE_MEMBERS;
	    r->next = TAILQ_NEXT(r->next, link))
		if (wanted(r->next, again)) {
			send_to(grp, r->next);
			n++;
		}
	if (r->next != NULL) {
		timer_set(&grp->g->ike->timers, &r->timer, now + PACE_MS,
		    distribute, grp);
		return;
	}
	if (r->waiting == 0 || (r->tries > grp->retransmit_count &&
	    now >= r->remind_until)) {
		finish(grp);
		return;
	}
	/* once more round for those who have not answered by then; after
	 * the last round only the wait is left. While the others still use
	 * TEKs that end sooner, who missed that is told on. */
	if (++r->tries <= grp->retransmit_count || now < r->remind_until)
		r->next = TAILQ_FIRST(&grp->members);
	timer_set(&grp->g->ike->timers, &r->timer,
	    now + (uint64_t)grp->retransmit_secs * 1000, distribute, grp);
}

static void
start(struct ks_group *grp, const struct gdoi_kek *kek, uint32_t seq,
    size_t len, bool replace)
{
	struct ks_rekey *r = &grp->rekey;
	char addr[IP4_STRLEN], spi[2 * KEK_SPI_LEN + 1];
	struct ks_member *m;

	free(r->data);
	r->data = xcalloc(1, len);
	memcpy(r->data, grp->g->buf, len);
	r->len = len;
	r->kek = *kek;
	r->seq = seq;
	r->tries = r->retransmits = r->waiting = 0;
	r->started = gdoi_now(grp->g);
	r->remind_until = ks_shortened_until(grp);
	r->active = true;
	r->next = TAILQ_FIRST(&grp->members);
	TAILQ_FOREACH(m, &grp->members, link) {
		m->state = m->has_kek ? MEMBER_PENDING : MEMBER_IDLE;
		r->waiting += m->has_kek;
	}
	grp->rekeys_sent++;
	ike_log(grp->g->ike, LOG_KS_SEND_UNICAST_REKEY,
	    replace ? " with policy-replace" : "", grp->name,
	    ip4_str(grp->addr, addr), seq, gdoi_spi_str(kek->spi, spi));
	distribute(grp);
}

/* ---- building ---- */

struct payload_args {
	struct ks_group *grp;
	const struct gdoi_kek *new_kek; /* NULL: it stays */
	const uint32_t *drop;		/* TEKs that end now */
	unsigned ndrop;
};

static bool
put_payloads(struct isakmp_out *o, void *arg)
{
	const struct payload_args *a = arg;
	struct gdoi_tek_key *keys;
	struct gdoi_gap gap;
	struct gdoi_sat *sats;
	unsigned n, nkeys;

	sats = ks_sats(a->grp, &n);
	keys = ks_tek_keys(a->grp, &nkeys);
	if (a->ndrop > 0)
		gdoi_put_delete_teks(o, a->drop, a->ndrop);
	ks_gap(a->grp, NULL, &gap);
	gdoi_put_sa(o, a->new_kek, &gap, sats, n);
	gdoi_put_kd(o, a->new_kek, keys, nkeys, 0, NULL, 0);
	explicit_bzero(keys, nkeys * sizeof(*keys));
	free(keys);
	free(sats);
	return true;
}

/* The key pair whose public half the members have; NULL: it was removed or
 * replaced. */
const struct rsa_key *
ks_signing_key(const struct ks_group *grp, const struct ks_kek *k)
{
	const struct rsa_key *rsa = rsa_find(grp->g->rsa, k->label);

	return rsa != NULL && rsa->pub_len == k->k.pub_len &&
	    memcmp(rsa->pub, k->k.pub, rsa->pub_len) == 0 ? rsa : NULL;
}

/* Nothing can be said to the members under this KEK any more: they keep it
 * to its end and register again. */
static void
abandon_kek(struct ks_group *grp)
{
	struct ks_member *m;

	ike_log(grp->g->ike, LOG_KS_NO_RSA_KEYS, grp->kek->label, grp->name);
	ks_kek_free(grp->kek);
	grp->kek = NULL;
	grp->no_rsa_logged = true;
	TAILQ_FOREACH(m, &grp->members, link)
		m->has_kek = false;
}

/* Sends what the group has now to all members, under the KEK they know. */
static void
push(struct ks_group *grp, struct ks_kek *under, bool new_kek,
    const uint32_t *drop, unsigned ndrop)
{
	struct payload_args args = { grp, NULL, drop, ndrop };
	struct gdoi_kek announced;
	const struct rsa_key *rsa = ks_signing_key(grp, under);
	size_t len;

	if (new_kek) {
		announced = grp->kek->k;
		announced.life = secs_until(grp->g, grp->kek->expires);
		announced.src = (struct udp_addr){ grp->addr, ISAKMP_PORT };
		announced.dst = (struct udp_addr){ 0, ISAKMP_PORT };
		args.new_kek = &announced;
	}
	under->seq++;
	len = push_build(grp->g, &under->k, under->seq, rsa, put_payloads,
	    &args);
	if (len == 0)
		ike_log(grp->g->ike, LOG_KS_NO_POLICY, grp->name,
		    "a rekey could not be built");
	else
		start(grp, &under->k, under->seq, len, ndrop > 0);
	explicit_bzero(&announced, sizeof(announced));
}

const char *
ks_rekey(struct ks_group *grp, enum rekey_kind kind)
{
	bool operator = kind == REKEY_ALL || kind == REKEY_REPLACE;
	uint64_t now = gdoi_now(grp->g);
	uint32_t drop[GDOI_TEKS_MAX];
	bool fresh_kek = false;
	struct ks_kek *old;
	const char *bad;
	unsigned ndrop;

	if (grp->active == NULL)
		return "no member has registered yet, there are no keys";
	if (operator && (bad = ks_rekey_refused(grp)) != NULL)
		return bad;
	finish(grp);
	/* IVs with sender identifiers of another length could be the same */
	if (grp->policy->problem[0] == '\0' && grp->sids.any &&
	    grp->policy->sid_bits != grp->sids.bits) {
		ks_reinit(grp);
		return NULL;
	}
	grp->last_rekey = now;
	ndrop = ks_renew(grp, kind, drop);
	if (grp->kek != NULL && ks_signing_key(grp, grp->kek) == NULL)
		abandon_kek(grp);
	old = grp->kek;
	if (old == NULL || kind != REKEY_TEK || old->rekey_at <= now ||
	    ks_kek_changed(grp)) {
		fresh_kek = ks_make_kek(grp);
		if (!fresh_kek && old != NULL) {
			/* unicast was switched off: no KEK either */
			grp->kek = NULL;
			ks_kek_free(old);
			old = NULL;
		}
	}
	grp->generation++;
	if (old != NULL)
		push(grp, old, fresh_kek, drop, ndrop);
	if (old != NULL && fresh_kek)
		ks_kek_free(old);
	ks_set_timer(grp);
	return NULL;
}

/* ---- acknowledgements ---- */

static void
acknowledged(struct ks_group *grp, struct ks_member *m, uint32_t seq)
{
	struct ks_rekey *r = &grp->rekey;
	unsigned i;

	if (m->state != MEMBER_SENT)
		return; /* a duplicate */
	m->state = MEMBER_ACKED;
	m->acked_ever = true;
	m->missed = 0;
	m->acks++;
	for (i = NELEM(m->rcvd_seq) - 1; i > 0; i--)
		m->rcvd_seq[i] = m->rcvd_seq[i - 1];
	m->rcvd_seq[0] = seq;
	/* waiting counts those too that were not sent to yet */
	if (r->waiting > 0 && --r->waiting == 0)
		finish(grp);
}

static bool
ack_hash_ok(const struct gdoi_kek *k, const struct isakmp_pl *h,
    const struct isakmp_msg *m)
{
	static const unsigned bits[] = { 512, 256, 1024 };
	const uint8_t *rest = h->body + h->len;
	uint8_t want[IKE_HASH_MAX];
	unsigned i;
	size_t n;

	for (i = 0; i < NELEM(bits); i++) {
		n = push_ack_hash(k, bits[i], rest, (size_t)(m->end - rest),
		    want);
		if (n != 0 && n == h->len && bytes_equal(want, h->body, n))
			return true;
	}
	return false;
}

static struct ks_group *
group_of_push(struct gdoi *g, const struct isakmp_hdr *h)
{
	struct ks_group *grp;

	TAILQ_FOREACH(grp, &g->ks, link)
		if (grp->rekey.data != NULL &&
		    memcmp(grp->rekey.kek.spi, h->icookie, 8) == 0 &&
		    memcmp(grp->rekey.kek.spi + 8, h->rcookie, 8) == 0)
			return grp;
	return NULL;
}

void
ks_ack_input(struct gdoi *g, struct udp_addr from, const uint8_t *data,
    size_t len)
{
	const struct isakmp_pl *h, *s, *id;
	const struct gdoi_kek *kek;
	struct ks_group *grp;
	struct isakmp_msg m;
	struct ks_member *gm;
	char a[IP4_STRLEN];
	uint32_t seq, addr;
	struct rd r;

	if (!isakmp_parse(&m, data, len) || m.hdr.flags != 0 ||
	    m.hdr.mid != 0 || m.n != 3 ||
	    (h = isakmp_find(&m, ISAKMP_HASH, 0)) != &m.pl[0] ||
	    (s = isakmp_find(&m, ISAKMP_SEQ, 0)) == NULL ||
	    (id = isakmp_find(&m, ISAKMP_ID, 0)) == NULL ||
	    !gdoi_get_seq(isakmp_rd(s), &seq) || id->len != 8) {
		g->ike->stats.bad++;
		ike_log_limited(g->ike, from.addr, LOG_IKMP_BAD_MESSAGE,
		    ip4_str(from.addr, a));
		return;
	}
	grp = group_of_push(g, &m.hdr);
	kek = grp != NULL ? &grp->rekey.kek : ks_farewell_kek(g, &m.hdr);
	if (kek == NULL) {
		g->ike->stats.no_sa++; /* late: that push is history */
		return;
	}
	if (!ack_hash_ok(kek, h, &m)) {
		g->ike->stats.bad++;
		ike_log_limited(g->ike, from.addr, LOG_KS_HASH_FAIL,
		    ip4_str(from.addr, a));
		return;
	}
	r = isakmp_rd(id);
	rd_skip(&r, 4);
	addr = rd_u32(&r);
	if (grp == NULL) {
		if (addr == from.addr)
			ks_farewell_ack(g, &m.hdr, addr, seq);
		return;
	}
	TAILQ_FOREACH(gm, &grp->members, link)
		if (gm->addr == addr)
			break;
	ike_debug_message(DBG_KS_REKEY, grp->name, from, data, len, false);
	gdoi_event(g, TRACE_REKEY, DBG_KS_REKEY, DBG_TERSE, from.addr,
	    "(%s):rekey acknowledged by %s, seq # %u", grp->name,
	    ip4_str(addr, a), seq);
	/* The hash is made with the group's key: any member can make it, so
	 * at least it has to come from where the member is. */
	if (gm != NULL && addr == from.addr && seq == grp->rekey.seq)
		acknowledged(grp, gm, seq);
}
