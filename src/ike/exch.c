/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The interpreter of exchange tables. Runs in process ike.
 *
 * A message for an exchange goes through, in this order:
 *   1. the same octets again: the last answer is sent again, nothing else;
 *   2. encrypted as the step says? decrypted with a copy of the IV;
 *   3. well-formed, the payloads that the step wants and no others;
 *   4. the HASH, over the message as it was sent;
 *   5. the handler of the step;
 *   6. only now the exchange moves: IV, step, digest of the message, answer.
 * What fails in 2 to 5 (EX_BAD) leaves no trace but a counter and a limited
 * log line, so that nobody can disturb an exchange by throwing mud at it.
 *
 * Only initiators repeat messages by a timer. A responder answers duplicates,
 * so that it never sends more than it was sent (no amplifier). In quick mode,
 * which runs between peers that have authenticated, the last word is the
 * initiator's: there the responder repeats message 2 until it hears it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/ike_priv.h"

struct exch *
exch_new(struct ike_sa *sa, const struct exch_type *type, bool initiator,
    uint32_t mid, void *data)
{
	struct exch *x = xcalloc(1, sizeof(*x));

	x->ike = sa->ike;
	x->sa = sa;
	x->type = type;
	x->initiator = initiator;
	x->mid = mid;
	x->step = initiator ? type->init : type->resp;
	x->data = data;
	x->retry_max = RETRY_MS;
	x->tries_max = RETRY_MAX;
	if (!type->phase1)
		TAILQ_INSERT_TAIL(&sa->exchs, x, link);
	return x;
}

void
exch_free(struct exch *x)
{
	timer_clear(&x->ike->timers, &x->timer);
	if (x->type->release != NULL)
		x->type->release(x);
	if (!x->type->phase1)
		TAILQ_REMOVE(&x->sa->exchs, x, link);
	if (!x->type->phase1 && x->dead)
		LIST_REMOVE(x, grave);
	free(x->last_out);
	explicit_bzero(x, sizeof(*x));
	free(x);
}

/* Freed with its SA, or by ike_reap(). */
static void
bury(struct exch *x)
{
	struct ike_sa *sa = x->sa;

	timer_clear(&x->ike->timers, &x->timer);
	if (!x->dead && !x->type->phase1) {
		LIST_INSERT_HEAD(&x->ike->dead, x, grave);
		if (x->initiator && x->started)
			sa->own_mid[sa->own_at++ % NELEM(sa->own_mid)] =
			    x->mid;
	}
	x->dead = true;
}

void
exch_cancel(struct exch *x)
{
	x->done = true; /* neither done() nor failed() any more */
	bury(x);
}

void
exch_fail(struct exch *x, const char *why)
{
	bool tell = !x->done && !x->dead;

	bury(x);
	if (tell) {
		x->done = true;
		if (x->type->failed != NULL)
			x->type->failed(x, why);
	}
}

void
exch_send_raw(struct exch *x, const uint8_t *data, size_t len)
{
	bool answer = !x->initiator && !x->type->phase1;

	x->ike->env.send(x->ike->env.arg, answer ? x->here : x->sa->local,
	    answer ? x->there : x->sa->remote, data, len);
}

/* ---- timers ---- */

/* The initiator of aggressive mode has the last word, which nobody answers:
 * it may be lost as long as nothing was heard under its SA. */
static void
last_of_phase1(const struct exch *x)
{
	struct exch *p1 = x->sa->main;

	if (!x->type->phase1 && x->nmsg == 1 && p1 != NULL && p1->done &&
	    p1->initiator && p1->type == &aggressive_mode)
		exch_send_raw(p1, p1->last_out, p1->last_out_len);
}

static unsigned
max_tries(const struct exch *x)
{
	return x->old_sa && x->nmsg == 1 && x->type->old_tries != 0 ?
	    x->type->old_tries : x->tries_max;
}

/* Most often a single datagram is lost, so the first repetition comes soon;
 * who is away is not asked often. */
static uint64_t
next_try(const struct exch *x)
{
	unsigned ms = RETRY_FIRST_MS << (x->tries < 8 ? x->tries : 8);

	return ike_now(x->ike) + (ms < x->retry_max ? ms : x->retry_max);
}

static void
retransmit(void *arg)
{
	struct exch *x = arg;

	if (x->tries >= max_tries(x)) {
		exch_fail(x, x->why != NULL ? x->why : "no answer");
		return;
	}
	x->tries++;
	debug(DBG_ISAKMP, DBG_EVENT, x->sa->remote.addr,
	    "(%u):retransmitting %s, attempt %u of %u", x->sa->conn_id,
	    x->type->name, x->tries, max_tries(x));
	last_of_phase1(x);
	exch_send_raw(x, x->last_out, x->last_out_len);
	timer_set(&x->ike->timers, &x->timer, next_try(x), retransmit, x);
	if (!x->type->phase1)
		ike_dpd(x->sa);
}

static void
forget(void *arg)
{
	bury(arg);
}

static void
set_timer(struct exch *x)
{
	uint64_t now = ike_now(x->ike);

	if (!x->done && (x->initiator || x->type->quick))
		timer_set(&x->ike->timers, &x->timer, next_try(x), retransmit,
		    x);
	else if (!x->type->phase1)
		timer_set(&x->ike->timers, &x->timer, now +
		    (x->type->linger != 0 ? x->type->linger : LINGER_MS),
		    forget, x);
	else
		timer_clear(&x->ike->timers, &x->timer);
}

/* ---- hashes ---- */

/* HASH(n) = prf(SKEYID_a, M-ID | Ni_b (n > 1) | Nr_b (n > 2) | rest), where
 * rest is everything behind the HASH payload (RFC 6407 3.2). In quick mode
 * (RFC 2409 5.5) a zero octet stands in front of M-ID in HASH(3). */
static void
message_hash(const struct exch *x, unsigned n, const uint8_t *rest,
    size_t rest_len, uint8_t *out)
{
	uint8_t mid[4] = { (uint8_t)(x->mid >> 24), (uint8_t)(x->mid >> 16),
		(uint8_t)(x->mid >> 8), (uint8_t)x->mid };

	IKE_PRF(x->sa->suite.hash, CHUNK_KEY(&x->sa->keys.skeyid_a), out,
	    CHUNK("", x->type->quick && n == 3 ? 1 : 0), CHUNK(mid, 4), CHUNK(x->ni, n > 1 ? x->ni_len : 0),
	    CHUNK(x->nr, n > 2 ? x->nr_len : 0), CHUNK(rest, rest_len));
}

static bool
hash_ok(const struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *h = &m->pl[0];
	uint8_t want[IKE_HASH_MAX];
	size_t len = ike_hash_len(x->sa->suite.hash);

	if (m->n == 0 || h->type != ISAKMP_HASH || h->len != len)
		return false;
	message_hash(x, x->nmsg + 1, h->body + len,
	    (size_t)(m->end - (h->body + len)), want);
	return bytes_equal(want, h->body, len);
}

/* ---- sending ---- */

void
exch_put_nonce(struct exch *x, struct isakmp_out *o)
{
	uint8_t *n = x->initiator ? x->ni : x->nr;

	ike_random(x->ike, n, NONCE_LEN);
	*(x->initiator ? &x->ni_len : &x->nr_len) = NONCE_LEN;
	isakmp_out_add(o, ISAKMP_NONCE, n, NONCE_LEN);
}

/* The IV of the first message of an exchange of phase 2. */
static void
first_iv(struct exch *x)
{
	uint8_t mid[4] = { (uint8_t)(x->mid >> 24), (uint8_t)(x->mid >> 16),
		(uint8_t)(x->mid >> 8), (uint8_t)x->mid };
	uint8_t digest[IKE_HASH_MAX];
	size_t block = ike_block_len(x->sa->suite.cipher);

	IKE_HASH(x->sa->suite.hash, digest,
	    CHUNK(x->sa->last_block, block), CHUNK(mid, 4));
	memcpy(x->iv, digest, block);
}

/* Builds the message of a step into ike->out; 0: the step gave up. */
static size_t
build(struct exch *x, const struct exch_step *step)
{
	struct isakmp_hdr h = { .exchange = x->type->number, .mid = x->mid,
		.flags = step->flags & SEND_ENC ? ISAKMP_F_ENC : 0 };
	size_t hlen = ike_hash_len(x->sa->suite.hash), at, len;
	size_t block = ike_block_len(x->sa->suite.cipher);
	uint8_t zero[IKE_HASH_MAX] = { 0 };
	struct isakmp_out o;

	memcpy(h.icookie, x->sa->icookie, sizeof(h.icookie));
	memcpy(h.rcookie, x->sa->rcookie, sizeof(h.rcookie));
	isakmp_out_begin(&o, x->ike->out, sizeof(x->ike->out), &h);
	if (step->flags & SEND_HASH)
		isakmp_out_add(&o, ISAKMP_HASH, zero, hlen);
	if (!step->send(x, &o) || !wr_ok(&o.w))
		return 0;
	if (step->flags & SEND_HASH) {
		at = ISAKMP_HDR_LEN + ISAKMP_GEN_LEN;
		message_hash(x, x->nmsg + 1, x->ike->out + at + hlen,
		    wr_len(&o.w) - at - hlen, x->ike->out + at);
	}
	isakmp_out_length(&o);
	exch_debug(x, x->ike->out, wr_len(&o.w), true);
	if (!(step->flags & SEND_ENC))
		return wr_len(&o.w);
	len = wr_len(&o.w) - ISAKMP_HDR_LEN;
	wr_zero(&o.w, (block - len % block) % block);
	isakmp_out_length(&o);
	if (!wr_ok(&o.w) || !ike_cbc(x->sa->suite.cipher,
	    &x->sa->keys.cipher_key, x->iv, x->ike->out + ISAKMP_HDR_LEN,
	    wr_len(&o.w) - ISAKMP_HDR_LEN, true))
		return 0;
	return wr_len(&o.w);
}

/* Sends what the step has to say, moves on, and finishes if it was the last.
 */
static void
advance(struct exch *x)
{
	const struct exch_step *step = x->step;
	size_t len;

	if (step->send != NULL) {
		if ((len = build(x, step)) == 0) {
			exch_fail(x, x->why != NULL ? x->why :
			    "message could not be built");
			return;
		}
		x->nmsg++;
		free(x->last_out);
		x->last_out = xcalloc(1, len);
		memcpy(x->last_out, x->ike->out, len);
		x->last_out_len = len;
		x->sent = ike_now(x->ike);
		explicit_bzero(x->ike->out, len);
		exch_send_raw(x, x->last_out, len);
	}
	x->step++;
	x->tries = 0;
	if (step->flags & STEP_LAST)
		x->done = true;
	set_timer(x);
	if (x->done && x->type->done != NULL)
		x->type->done(x);
}

void
exch_begin(struct exch *x)
{
	if (x->started || x->dead)
		return;
	x->started = true;
	if (!x->type->phase1) {
		do
			ike_random(x->ike, &x->mid, sizeof(x->mid));
		while (x->mid == 0);
		first_iv(x);
	}
	advance(x);
}

static void
begin_now(void *arg)
{
	exch_begin(arg);
}

void
exch_begin_later(struct exch *x, unsigned ms)
{
	timer_set(&x->ike->timers, &x->timer, ike_now(x->ike) + ms, begin_now,
	    x);
}

/* ---- receiving ---- */

static bool
payloads_ok(const struct exch_step *step, const struct isakmp_msg *m)
{
	uint32_t seen = 0;
	unsigned i;

	if ((m->set & step->in) != step->in || (m->set & ~(step->in |
	    step->opt)) != 0)
		return false;
	for (i = 0; i < m->n; i++) {
		uint32_t bit = isakmp_bit(m->pl[i].type);

		if (bit & step->in & seen)
			return false;
		seen |= bit;
		if (m->pl[i].type == ISAKMP_NONCE &&
		    (m->pl[i].len < NONCE_MIN || m->pl[i].len > NONCE_MAX))
			return false;
	}
	return true;
}

/* Remembers the nonce of the peer for the hashes that follow. */
static void
note_nonce(struct exch *x, const struct isakmp_msg *m)
{
	const struct isakmp_pl *n = isakmp_find(m, ISAKMP_NONCE, 0);

	if (n == NULL)
		return;
	memcpy(x->initiator ? x->nr : x->ni, n->body, n->len);
	*(x->initiator ? &x->nr_len : &x->ni_len) = n->len;
}

/* Steps 2 to 4 of the drawing on top: a clear message in ike->in, and the IV
 * that would follow. NULL or what is wrong. */
static const char *
open_message(struct exch *x, const uint8_t *data, size_t len,
    struct isakmp_msg *m, uint8_t *iv)
{
	const struct exch_step *step = x->step;
	bool enc = data[19] & ISAKMP_F_ENC;

	if (enc != ((step->flags & STEP_ENC) != 0) &&
	    (enc || !(step->flags & STEP_CLEAR_TOO))) {
		char from[IP4_STRLEN];

		if (!enc)
			ike_log_limited(x->ike, x->sa->remote.addr,
			    LOG_IKMP_NOT_ENCRYPTED,
			    ip4_str(x->sa->remote.addr, from));
		return enc ? "encrypted too early" : "not encrypted";
	}
	memcpy(x->ike->in, data, len);
	memcpy(iv, x->iv, IKE_BLOCK_MAX);
	if (enc && !ike_cbc(x->sa->suite.cipher, &x->sa->keys.cipher_key, iv,
	    x->ike->in + ISAKMP_HDR_LEN, len - ISAKMP_HDR_LEN, false))
		return "not a whole number of cipher blocks";
	if (!isakmp_parse(m, x->ike->in, len))
		return "malformed payloads";
	if (!payloads_ok(step, m))
		return "payloads missing or unexpected";
	if ((step->flags & STEP_HASH) && !hash_ok(x, m))
		return "wrong hash";
	return NULL;
}

static void
refuse(struct exch *x)
{
	const char *why = x->why != NULL ? x->why : "refused";

	if (x->sa->state == IKE_IDLE)
		ike_notify(x->sa, x->notify, x->mid);
	exch_fail(x, why);
}

/* The first message of an exchange may be an old one of the peer, whatever its
 * hash: one that has our nonce or cookie in its own is not. */
static bool
is_fresh(const struct exch *x)
{
	return x->type->phase1 || x->nmsg > 0 || x->fresh;
}

static void
receive_new(struct exch *x, const uint8_t *data, size_t len,
    const uint8_t *digest)
{
	uint8_t iv[IKE_BLOCK_MAX];
	struct isakmp_msg m;
	const char *bad;

	if (x->step->prepare != NULL && !x->step->prepare(x))
		return;
	bad = open_message(x, data, len, &m, iv);
	if (bad == NULL) {
		exch_debug(x, x->ike->in, len, false);
		switch (x->step->handle != NULL ? x->step->handle(x, &m) :
		    EX_OK) {
		case EX_OK:
			break;
		case EX_BAD:
			bad = x->why != NULL ? x->why : "false contents";
			break;
		case EX_LATER:
			explicit_bzero(x->ike->in, len);
			return;
		case EX_REFUSE:
			explicit_bzero(x->ike->in, len);
			refuse(x);
			return;
		}
	}
	if (bad != NULL) {
		explicit_bzero(x->ike->in, len);
		ike_bad(x->ike, x->ike->from.addr, bad);
		return;
	}
	if (x->step->flags & STEP_ENC) {
		memcpy(x->iv, iv, sizeof(x->iv));
		if (is_fresh(x))
			natt_follow(x->sa);
	}
	x->there = x->ike->from;
	x->here = x->ike->to;
	note_nonce(x, &m);
	explicit_bzero(x->ike->in, len);
	memcpy(x->last_in, digest, sizeof(x->last_in));
	x->nmsg++;
	x->sa->last_heard = ike_now(x->ike);
	x->sa->doubtful = false;
	dpd_heard(x->sa);
	advance(x);
}

/* Only one side may, or they never end: who had the last word. */
static bool
answers_duplicates(const struct exch *x)
{
	if (x->last_out == NULL || x->dead)
		return false;
	if (x->type->quick)
		return x->initiator == x->done;
	return !x->initiator;
}

void
exch_receive(struct exch *x, const uint8_t *data, size_t len)
{
	uint8_t digest[32];

	IKE_HASH(IKE_SHA256, digest, CHUNK(data, len));
	if (x->nmsg > 0 && memcmp(digest, x->last_in, sizeof(digest)) == 0) {
		debug(DBG_ISAKMP, DBG_DETAIL, x->sa->remote.addr,
		    "(%u):duplicate of a %s message", x->sa->conn_id,
		    x->type->name);
		if (answers_duplicates(x))
			exch_send_raw(x, x->last_out, x->last_out_len);
		return;
	}
	if (x->done || x->dead)
		return;
	/* a responder that is created by this message has no IV yet */
	if (!x->started) {
		x->started = true;
		if (!x->type->phase1)
			first_iv(x);
	}
	receive_new(x, data, len, digest);
}
