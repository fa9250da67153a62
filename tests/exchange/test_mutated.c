/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Octets of real messages are changed behind hash and signature, by key
 * servers and by members; the envelopes of PUSH and ACK, octet by octet.
 * Whatever was not taken has changed nothing and is counted.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hostile.h"

#define SEC 1000ull

static struct node *ks, *gm;
static struct say say; /* too large for a stack */

static struct net *
pair(uint64_t seed)
{
	struct net *n = net_new(seed);

	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	return n;
}

static bool
put_say(struct isakmp_out *o, void *arg)
{
	const struct say *s = arg;

	say_sa(s, o);
	say_kd(s, o);
	return wr_ok(&o->w);
}

static void
same_state(const char *name, const struct strbuf *was, bool downloaded)
{
	struct strbuf is = { 0 };

	state_member(&is, gm, downloaded);
	if (strcmp(was->s, is.s) != 0)
		fail_msg("%s: the member changed from\n%sto\n%s", name,
		    was->s, is.s);
	sb_free(&is);
}

/* ---- octets of real messages, changed behind the hash ---- */

static unsigned mutations;

static void
mutate(struct net *n, uint8_t *p, size_t len)
{
	unsigned i, times = 1 + net_random(n) % 3;

	for (i = 0; i < times && len > 0; i++) {
		size_t at = net_random(n) % len;

		switch (net_random(n) % 4) {
		case 0:
			p[at] ^= (uint8_t)(1 << net_random(n) % 8);
			break;
		case 1:
			p[at] = (uint8_t)net_random(n);
			break;
		case 2:
			p[at] = net_random(n) % 2 ? 0xff : 0;
			break;
		case 3: /* a length, or what may be one */
			if (at + 1 < len) {
				p[at] = 0;
				p[at + 1] = (uint8_t)net_random(n);
			}
			break;
		}
	}
	mutations++;
}

static void
put_mutated_end(struct isakmp_out *o, size_t from)
{
	struct net *n = gm->net;

	/* truncated: the lengths say more */
	if (net_random(n) % 8 == 0 && wr_len(&o->w) > o->next_at + 4)
		o->w.p = o->w.base + o->next_at + 4 +
		    net_random(n) % (wr_len(&o->w) - o->next_at - 3);
	mutate(n, o->w.base + from, wr_len(&o->w) - from);
}

static bool
put_mutated(struct isakmp_out *o, void *arg)
{
	size_t from = wr_len(&o->w);

	if (!put_say(o, arg))
		return false;
	put_mutated_end(o, from);
	return true;
}

static void
mutated_pushes(void **state)
{
	struct net *n = pair(600);
	unsigned i, taken = 0;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	for (i = 0; i < 3000; i++) {
		struct gm_group *g = net_gm(gm);
		struct strbuf was = { 0 };
		uint32_t total = g->rekeys_total;
		uint32_t bad = gm->g->ike->stats.bad;

		say_now(net_ks(ks), &say);
		state_member(&was, gm, false);
		if (!hostile_push(ks, gm, g->last_seq + 1, put_mutated, &say))
			fail_msg("not built");
		if (member_sane(gm) != NULL)
			fail_msg("push %u: %s", i, member_sane(gm));
		if (g->rekeys_total == total) {
			same_state("a mutated push", &was, false);
			if (gm->g->ike->stats.bad == bad)
				fail_msg("push %u is not counted", i);
		} else {
			taken++;
			gm_clear(g);
			gm->nteks = 0;
			if (!net_until(n, 100 * SEC, net_registered))
				fail_msg("push %u: the member is lost", i);
		}
		sb_free(&was);
	}
	assert_true(taken < 1500); /* flags, addresses, reserved octets */
	assert_true(gm->logs[LOG_GM_REJECTING_SA] +
	    gm->logs[LOG_GM_REKEY_FAILURE] < 200); /* no flood of logs */
	net_free(n);
}

static void
mutate_any(struct exch *x, unsigned nr, struct isakmp_out *before,
    struct isakmp_out *o)
{
	size_t from = wr_len(&before->w);

	(void)x;
	if (net_random(gm->net) % 4 == nr - 1 && wr_len(&o->w) > from)
		put_mutated_end(o, from);
}

/* Both sides lie, in any message; both stay sane, and agree again. */
static void
mutated_pulls(void **state)
{
	unsigned seed, i;

	(void)state;
	mutations = 0;
	for (seed = 0; seed < 60; seed++) {
		struct net *n = pair(700 + seed);

		net_apply_all(n);
		assert_true(net_until(n, SEC, net_registered));
		for (i = 0; i < 20; i++) {
			hostile(ks, mutate_any);
			gm_reregister(net_gm(gm), 0, false);
			(void)!gdoi_timeout(gm->g);
			hostile(gm, mutate_any);
			net_run(n, 3 * SEC);
			if (member_sane(gm) != NULL)
				fail_msg("seed %u: %s", seed,
				    member_sane(gm));
			assert_true(net_ks(ks)->nmembers <= 1);
			hostile(ks, NULL);
			gm_clear(net_gm(gm));
			gm->nteks = 0;
			if (!net_until(n, 100 * SEC, net_registered))
				fail_msg("seed %u: not registered", seed);
		}
		net_free(n);
	}
	assert_true(mutations > 500);
}

/* ---- what members send ---- */

static void
put_id(struct isakmp_out *o, uint8_t type, const void *data, size_t len)
{
	isakmp_out_open(o, ISAKMP_ID);
	wr_u8(&o->w, type);
	wr_zero(&o->w, 3);
	wr_bytes(&o->w, data, len);
	isakmp_out_close(o);
}

static const uint8_t group_100[] = { 0, 0, 0, 100, 0 };
static const uint8_t group_101[] = { 0, 0, 0, 101 };

static void
ask(struct exch *x, struct isakmp_out *o, uint8_t type, const void *id,
    size_t len)
{
	exch_put_nonce(x, o);
	put_id(o, type, id, len);
}

static void ask_other(struct exch *x, struct isakmp_out *o)
{ ask(x, o, ID_KEY_ID, group_101, 4); }
static void ask_short(struct exch *x, struct isakmp_out *o)
{ ask(x, o, ID_KEY_ID, group_100, 3); }
static void ask_long(struct exch *x, struct isakmp_out *o)
{ ask(x, o, ID_KEY_ID, group_100, 5); }
static void ask_as_address(struct exch *x, struct isakmp_out *o)
{ ask(x, o, ID_IPV4_ADDR, group_100, 4); }
static void ask_as_name(struct exch *x, struct isakmp_out *o)
{ ask(x, o, 2, group_100, 4); }

static void
ask_twice(struct exch *x, struct isakmp_out *o)
{
	ask(x, o, ID_KEY_ID, group_100, 4);
	put_id(o, ID_KEY_ID, group_101, 4);
}

static void
ask_short_nonce(struct exch *x, struct isakmp_out *o)
{
	(void)x;
	isakmp_out_add(o, ISAKMP_NONCE, group_100, 5);
	put_id(o, ID_KEY_ID, group_100, 4);
}

static void
ask_nothing(struct exch *x, struct isakmp_out *o)
{
	exch_put_nonce(x, o);
}

static void
put_gap(struct isakmp_out *o, const uint8_t *data, size_t len)
{
	isakmp_out_add(o, ISAKMP_GAP, data, len);
}

static void
gap_unknown(struct exch *x, struct isakmp_out *o)
{
	static const uint8_t a[] = { 0x80, 99, 0, 1 };

	(void)x;
	put_gap(o, a, sizeof(a));
}

static void
gap_cut(struct exch *x, struct isakmp_out *o)
{
	static const uint8_t a[] = { 0, 3, 0, 9, 1 };

	(void)x;
	put_gap(o, a, sizeof(a));
}

static void
with_keys(struct exch *x, struct isakmp_out *o)
{
	(void)x;
	say_now(net_ks(ks), &say);
	say_kd(&say, o);
}

static const struct {
	const char *name;
	unsigned msg;
	void (*put)(struct exch *, struct isakmp_out *);
	enum log_id log;
} asks[] = {
	{ "another group", 1, ask_other, LOG_KS_BAD_ID },
	{ "group of 3 octets", 1, ask_short, LOG_KS_BAD_ID },
	{ "group of 5 octets", 1, ask_long, LOG_KS_BAD_ID },
	{ "number as address", 1, ask_as_address, LOG_KS_BAD_ID },
	{ "group by name", 1, ask_as_name, LOG_KS_BAD_ID },
	{ "two groups", 1, ask_twice, LOG_IKMP_BAD_MESSAGE },
	{ "nonce of 5", 1, ask_short_nonce, LOG_IKMP_BAD_MESSAGE },
	{ "no group", 1, ask_nothing, LOG_IKMP_BAD_MESSAGE },
	{ "unknown GAP attribute", 3, gap_unknown, LOG_IKMP_BAD_MESSAGE },
	{ "GAP attribute cut", 3, gap_cut, LOG_IKMP_BAD_MESSAGE },
	{ "KD from a member", 3, with_keys, LOG_IKMP_BAD_MESSAGE },
};

static unsigned asking;

static void
bad_ask(struct exch *x, unsigned n, struct isakmp_out *before,
    struct isakmp_out *o)
{
	if (n != asks[asking].msg)
		return;
	*o = *before;
	asks[asking].put(x, o);
}

static void
bad_members(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(asks); i++) {
		struct net *n = pair(800 + i);
		struct strbuf was = { 0 }, is = { 0 };
		struct node *good = net_add_gm(n, 1);

		net_apply(ks);
		net_apply(good);
		net_run(n, SEC);
		assert_int_equal(net_gm(good)->state, GM_REGISTERED);
		state_server(&was, ks);
		ks->g->ike->stats.bad = 0;
		net_apply(gm);
		(void)!gdoi_timeout(gm->g);
		asking = i;
		hostile(gm, bad_ask);
		net_run(n, SEC);
		state_server(&is, ks);
		if (strcmp(was.s, is.s) != 0)
			fail_msg("%s: the key server changed from\n%sto\n%s",
			    asks[i].name, was.s, is.s);
		if (ks->logs[asks[i].log] != 1)
			fail_msg("%s: %u logs", asks[i].name,
			    ks->logs[asks[i].log]);
		if (ks->g->ike->stats.bad == 0)
			fail_msg("%s is not counted", asks[i].name);
		sb_free(&was);
		sb_free(&is);
		net_free(n);
	}
}

/* ---- acknowledgements ---- */

static struct datagram *ack;

static bool
keep_ack(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->len < ISAKMP_HDR_LEN || d->data[18] != GDOI_X_PUSH_ACK)
		return true;
	free(ack);
	ack = malloc(sizeof(*d) + d->len);
	memcpy(ack, d, sizeof(*d) + d->len);
	return false;
}

static void
false_acks(void **state)
{
	struct net *n = pair(900);
	struct strbuf was = { 0 }, is = { 0 };
	struct ks_group *grp;
	size_t i;

	(void)state;
	ack = NULL;
	n->tap = keep_ack;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	grp = net_ks(ks);
	assert_null(ks_rekey(grp, REKEY_TEK));
	net_run(n, SEC);
	assert_non_null(ack);
	state_server(&was, ks);
	ks->g->ike->stats.bad = ks->g->ike->stats.no_sa = 0;
	for (i = 0; i < ack->len; i++) { /* each octet, and cut there */
		if (i == ISAKMP_HDR_LEN + 1)
			continue; /* reserved, and no hash covers it */
		ack->data[i] ^= 0x10;
		gdoi_input(ks->g, ack->to, ack->from, ack->data, ack->len);
		ack->data[i] ^= 0x10;
		gdoi_input(ks->g, ack->to, ack->from, ack->data, i);
	}
	ack->from.addr ^= 1; /* from elsewhere */
	gdoi_input(ks->g, ack->to, ack->from, ack->data, ack->len);
	ack->from.addr ^= 1;
	state_server(&is, ks);
	assert_string_equal(was.s, is.s);
	assert_true(ks->g->ike->stats.bad + ks->g->ike->stats.no_sa >=
	    2 * ack->len - 3);
	gdoi_input(ks->g, ack->to, ack->from, ack->data, ack->len);
	assert_int_equal(TAILQ_FIRST(&grp->members)->state, MEMBER_ACKED);
	sb_free(&was);
	sb_free(&is);
	free(ack);
	net_free(n);
}

/* ---- the envelope of a push ---- */

static void
false_pushes(void **state)
{
	struct net *n = pair(901);
	struct strbuf was = { 0 };
	struct udp_addr from = { KS_ADDR, 848 }, to;
	uint8_t copy[4096];
	struct gm_group *g;
	size_t len, i;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	g = net_gm(gm);
	to = (struct udp_addr){ gm->addr, 848 };
	say_now(net_ks(ks), &say);
	len = push_build(ks->g, &net_ks(ks)->kek->k, say.seq + 1,
	    rsa_find(ks->g->rsa, "KEY"), put_say, &say);
	assert_true(len != 0 && len < sizeof(copy));
	memcpy(copy, ks->g->buf, len);
	state_member(&was, gm, false);
	for (i = 0; i < len; i++) {
		struct ike_stats *s = &gm->g->ike->stats;

		s->bad = s->no_sa = 0;
		copy[i] ^= 0x04;
		gdoi_input(gm->g, to, from, copy, len);
		copy[i] ^= 0x04;
		gdoi_input(gm->g, to, from, copy, i);
		same_state("an octet", &was, false);
		if (s->bad + s->no_sa != 2)
			fail_msg("octet %zu: counted %u", i,
			    s->bad + s->no_sa);
	}
	/* no newer than the last, then as it is */
	g->last_seq = say.seq + 1;
	gdoi_input(gm->g, to, from, copy, len);
	assert_int_equal(gm->logs[LOG_GM_REKEY_SEQ], 1);
	g->last_seq = say.seq;
	same_state("an old number", &was, false);
	gdoi_input(gm->g, to, from, copy, len);
	assert_int_equal(g->rekeys_total, 1);
	sb_free(&was);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutated_pushes),
		cmocka_unit_test(mutated_pulls),
		cmocka_unit_test(bad_members),
		cmocka_unit_test(false_acks),
		cmocka_unit_test(false_pushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
