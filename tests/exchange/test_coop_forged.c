/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exchange 240 between key servers and those who mean harm: replays, forged
 * messages of members and of peers, floods, lies about SAs; messages of other
 * versions, and too large ones. As test_coop_link.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link.h"
#include "talk.h"

/* ---- what was recorded ---- */

/* Exchanges of both, in turn. */
#define ROUNDS 592

static struct datagram *kept[20000];
static unsigned nkept;

static bool
keep(struct net *n, struct datagram *d)
{
	struct datagram *c = xcalloc(1, sizeof(*c) + d->len);

	(void)n;
	assert_true(nkept < NELEM(kept));
	memcpy(c, d, sizeof(*c) + d->len);
	kept[nkept++] = c;
	return true;
}

/* All of it again, to where it went and, as a mirror does, to where it came
 * from. */
static void
play(struct net *n)
{
	bool (*tap)(struct net *, struct datagram *) = n->tap;
	const struct datagram *d;
	unsigned i, k;

	n->tap = NULL;
	for (k = 0; k < nkept; k++) {
		d = kept[k];
		for (i = 0; i < n->n; i++) {
			if (n->nodes[i]->addr == d->to.addr)
				gdoi_input(n->nodes[i]->g, d->to, d->from,
				    d->data, d->len);
			if (n->nodes[i]->addr == d->from.addr)
				gdoi_input(n->nodes[i]->g, d->from, d->to,
				    d->data, d->len);
		}
		if (k % 20 == 0)
			net_run(n, 100);
	}
	net_run(n, 1000);
	n->tap = tap;
}

static void
forget(void)
{
	while (nkept > 0)
		free(kept[--nkept]);
}

/* What phase 1 remembers of replays is not what keeps them out. */
static void
lose_memory(struct node *node)
{
	struct ike_sa *sa;
	unsigned i;

	TAILQ_FOREACH(sa, &node->g->ike->sas, link)
		for (i = 0; i < sa->seen_size; i++)
			sa->seen_mid[i] = 0;
}

static void
test_replays(void **state)
{
	struct net *n = link_pair(10);
	struct coop_peer *p;
	unsigned i, a, b;

	(void)state;
	n->tap = keep;
	for (i = 0; i < ROUNDS; i++) {
		link_say(n->nodes[i % 2]);
		net_run(n, 500);
	}
	assert_true(link_agreed(n));
	/* while exchanges are remembered, and long after */
	for (i = 0; i < 2; i++) {
		a = link_states[0].taken[1];
		b = link_states[1].taken[0];
		play(n);
		assert_int_equal(link_states[0].taken[1], a);
		assert_int_equal(link_states[1].taken[0], b);
		net_run(n, 100 * SEC);
		lose_memory(n->nodes[0]);
		lose_memory(n->nodes[1]);
	}
	assert_true(A(n)->logs[LOG_COOP_ANN_SEQ_FAILURE] > 0);
	assert_true(A(n)->logs[LOG_COOP_ANN_SEQ_FAILURE] < 5);
	assert_true(link_peer(A(n), KS_AT(1))->n.recv_drops > 50);
	/* another life of A, the same SAs: they outlive the group */
	tc_local(A(n)->conf)->coop.n = 0;
	{
		struct cf_list coop = tc_local(A(n)->conf)->coop;

		tc_local(A(n)->conf)->coop = (struct cf_list){ 0 };
		net_apply(A(n));
		assert_null(net_ks(A(n))->coop);
		tc_local(A(n)->conf)->coop = coop;
		net_apply(A(n));
	}
	a = link_states[0].taken[1];
	play(n);
	assert_int_equal(link_states[0].taken[1], a);
	/* its present one is found all the same */
	p = link_peer(A(n), KS_AT(1));
	link_say(B(n));
	link_say(A(n));
	assert_true(net_until(n, 1000, link_agreed));
	assert_int_equal(p->boot, net_ks(B(n))->coop->self.boot);
	/* and one without these SAs */
	net_run(n, 5000);
	link_restart(A(n));
	link_states[0].heard[1] = link_states[1].value;
	a = link_states[0].taken[1];
	play(n);
	assert_int_equal(link_states[0].taken[1], a);
	forget();
	net_free(n);
}

/* ---- forgeries, by one who has the pre-shared key ---- */

struct raw {
	size_t len;
	uint8_t data[3000];
};

static char forged_why[100];

static bool
forged_send(struct exch *x, struct isakmp_out *o)
{
	const struct raw *raw = x->data;

	isakmp_out_add(o, ISAKMP_COOP, raw->data, raw->len);
	return true;
}

static void
forged_failed(struct exch *x, const char *why)
{
	(void)x;
	str_copy(forged_why, why, sizeof(forged_why));
}

static void
forged_done(struct exch *x)
{
	(void)x;
	str_copy(forged_why, "answered", sizeof(forged_why));
}

static void
forged_release(struct exch *x)
{
	free(x->data);
}

static const struct exch_step forged_steps[] = {
	{ .send = forged_send, .flags = SEND_ENC | SEND_HASH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_COOP),
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};

static const struct exch_type forged_coop = {
	.name = "forged",
	.number = GDOI_X_COOP,
	.init = forged_steps,
	.failed = forged_failed,
	.done = forged_done,
	.release = forged_release,
	.old_tries = 1,
};

/* As the node would say it to A now. */
static struct coop_msg
honest(struct node *from)
{
	struct net *n = from->net;
	struct coop_msg m = { .coop_version = COOP_VERSION,
		.gdoi_version = GDOI_VERSION, .id_type = GDOI_ID_NUMBER,
		.group_id = 100, .stamp = 77777, .seq = 1000, .nservers = 1 };

	m.from = net_ks(from)->coop->self;
	m.to = net_ks(A(n))->coop->self;
	m.servers[0].id = m.from;
	m.servers[0].role = COOP_PRIMARY;
	return m;
}

static void
forge(struct node *from, uint32_t to, const void *body, size_t len)
{
	struct raw *raw = xcalloc(1, sizeof(*raw));
	struct udp_addr local = { from->addr, ISAKMP_PORT };
	struct udp_addr remote = { to, ISAKMP_PORT };

	raw->len = len;
	memcpy(raw->data, body, len);
	forged_why[0] = '\0';
	(void)ike_start(from->g->ike, local, remote, "", &forged_coop, raw);
	net_run(from->net, 5 * SEC);
}

static void
forge_msg(struct node *from, const struct coop_msg *m)
{
	uint8_t body[3000];
	size_t len = coop_msg_put(m, body, sizeof(body));

	assert_true(len > 0);
	forge(from, KS_AT(0), body, len);
}

static void
evil_mirror(struct coop_msg *m)
{
	m->from.boot = m->servers[0].id.boot = m->to.boot;
}

static void
evil_from(struct coop_msg *m)
{
	m->from.addr = m->servers[0].id.addr = KS_AT(0);
}

static void
evil_third(struct coop_msg *m)
{
	m->from.addr = m->servers[0].id.addr = KS_AT(2);
}

static void
evil_to(struct coop_msg *m)
{
	m->to.addr = KS_AT(2);
}

static void
evil_answer(struct coop_msg *m)
{
	m->flags = COOP_F_ANSWER;
}

static void
evil_old(struct coop_msg *m)
{
	m->seq = 0; /* B's first was 1, and it is far beyond that now */
}

static const struct {
	const char *name;
	void (*fn)(struct coop_msg *);
} evils[] = {
	{ "our own life", evil_mirror },
	{ "our own address", evil_from },
	{ "another peer's address", evil_third },
	{ "for somebody else", evil_to },
	{ "an answer to nothing", evil_answer },
	{ "an old number", evil_old },
};

static void
test_forged(void **state)
{
	struct net *n = net_new(11);
	struct coop_msg m;
	uint8_t junk[600];
	unsigned i, k, taken;

	(void)state;
	link_servers(n, 3);
	link_say(A(n));
	link_say(B(n));
	assert_true(net_until(n, 5000, link_agreed));
	for (i = 0; i < 1100; i++) {
		link_say(B(n));
		net_run(n, 30);
	}
	taken = link_states[0].taken[1];
	for (i = 0; i < NELEM(evils); i++) {
		m = honest(B(n));
		m.seq += 1000;
		evils[i].fn(&m);
		forge_msg(B(n), &m);
		if (link_states[0].taken[1] != taken ||
		    strcmp(forged_why, "answered") == 0)
			fail_msg("taken: %s", evils[i].name);
	}
	assert_int_equal(A(n)->logs[LOG_COOP_ANN_SEQ_FAILURE], 1);
	/* to nobody in particular: answered, not taken */
	m = honest(B(n));
	m.seq += 1000;
	m.to.boot = 0;
	forge_msg(B(n), &m);
	assert_string_equal(forged_why, "answered");
	assert_int_equal(link_states[0].taken[1], taken);
	/* another group, other contents than a message */
	m = honest(B(n));
	m.group_id = 101;
	forge_msg(B(n), &m);
	assert_string_equal(forged_why,
	    "the peer does not serve this group");
	for (i = 0; i < 100; i++) {
		for (k = 0; k < sizeof(junk); k++)
			junk[k] = (uint8_t)net_random(n);
		memcpy(junk, "1.0.1", 6);
		forge(B(n), KS_AT(0), junk, net_random(n) % sizeof(junk));
	}
	assert_int_equal(link_states[0].taken[1], taken);
	/* and the honest one */
	m = honest(B(n));
	m.seq = 5000;
	forge_msg(B(n), &m);
	assert_string_equal(forged_why, "answered");
	assert_int_equal(link_states[0].taken[1], taken + 1);
	assert_int_equal(link_states[0].heard[1], 77777);
	net_free(n);
}

static void
test_unauthorized(void **state)
{
	struct net *n = net_new(12);
	struct coop_msg m;
	unsigned i;

	(void)state;
	link_servers(n, 3);
	/* A does not know the third one as a peer */
	free(link_conf(A(n))->peers.first->next);
	link_conf(A(n))->peers.first->next = NULL;
	link_conf(A(n))->peers.last = link_conf(A(n))->peers.first;
	link_conf(A(n))->peers.n = 1;
	net_apply(A(n));
	for (i = 0; i < 5; i++) {
		link_say(n->nodes[2]);
		net_run(n, 5 * SEC);
	}
	assert_int_equal(A(n)->logs[LOG_COOP_KS_UNAUTH], 1);
	assert_string_equal(A(n)->last[LOG_COOP_KS_UNAUTH],
	    "%GDOI-4-COOP_KS_UNAUTH: Contact from unauthorized KS 10.9.0.3 in"
	    " group G1 at local address 10.9.0.1 (Possible MISCONFIG of"
	    " peer/local address)");
	assert_int_equal(link_states[0].heard[2], 0);
	assert_true(link_states[2].unanswered > 0);
	assert_string_equal(link_states[2].why,
	    "Established, there this key server is no peer of the group");
	/* B comes to another address of A than that of the group */
	A(n)->addr2 = IP(10, 9, 9, 9);
	net_run(n, 61 * SEC);
	m = honest(B(n));
	{
		uint8_t body[3000];
		size_t len;

		m.to.addr = A(n)->addr2;
		len = coop_msg_put(&m, body, sizeof(body));
		forge(B(n), A(n)->addr2, body, len);
	}
	assert_int_equal(A(n)->logs[LOG_COOP_KS_UNAUTH], 2);
	assert_int_equal(link_states[0].taken[1], 0);
	net_free(n);
}

static void
test_versions(void **state)
{
	struct net *n = link_pair(13);
	struct coop_msg m = honest(B(n));
	unsigned i, taken = link_states[0].taken[1];

	(void)state;
	str_copy(m.coop_version, "2.0.0", sizeof(m.coop_version));
	for (i = 0; i < 3; i++)
		forge_msg(B(n), &m);
	assert_int_equal(A(n)->logs[LOG_COOP_KS_VER_MISMATCH], 1);
	assert_non_null(strstr(A(n)->last[LOG_COOP_KS_VER_MISMATCH],
	    "10.9.0.2 in group G1"));
	str_copy(m.coop_version, "3.1.0", sizeof(m.coop_version));
	forge_msg(B(n), &m);
	assert_int_equal(A(n)->logs[LOG_COOP_KS_VER_MISMATCH], 2);
	assert_int_equal(link_states[0].taken[1], taken);
	/* of the same major one */
	str_copy(m.coop_version, "1.7.3", sizeof(m.coop_version));
	forge_msg(B(n), &m);
	assert_int_equal(link_states[0].taken[1], taken + 1);
	net_free(n);
}

/* ---- large messages, many peers, floods ---- */

static void
test_large(void **state)
{
	struct net *n = link_pair(14);
	struct coop_peer *p = link_peer(A(n), KS_AT(1));

	(void)state;
	link_states[0].fat = 40000;
	link_say(A(n));
	assert_true(net_until(n, 1000, link_agreed));
	assert_true(p->n.bytes_sent > 30000);
	link_states[0].fat = 100000;
	link_say(A(n));
	net_run(n, 5 * SEC);
	assert_false(link_agreed(n));
	assert_int_equal(A(n)->logs[LOG_COOP_PACKET_DROPPED], 1);
	assert_null(strstr(A(n)->last[LOG_COOP_PACKET_DROPPED],
	    "size 0 bytes"));
	assert_int_equal(link_states[0].unanswered, 0);
	assert_int_equal(p->n.sent_drops, 1);
	assert_int_equal(p->ike, COOP_IKE_ESTABLISHED);
	/* what is asked is not answered then, and not for ever */
	link_say(B(n));
	net_run(n, 90 * SEC);
	assert_int_equal(link_states[1].unanswered, 1);
	link_states[0].fat = 0;
	link_say(A(n));
	link_say(B(n));
	assert_true(net_until(n, 1000, link_agreed));
	net_free(n);
}

/* Junk of many kinds and from many addresses, a thousand a second; A answers
 * a part, and B and A hear each other. */
static void
flood(struct net *n, unsigned count)
{
	static const uint8_t types[] = { ISAKMP_X_MAIN, ISAKMP_X_INFO,
		GDOI_X_PULL, GDOI_X_COOP, ISAKMP_X_AGGRESSIVE };
	struct udp_addr to = { KS_AT(0), ISAKMP_PORT }, from = to;
	uint8_t d[200];
	unsigned i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < sizeof(d); k++)
			d[k] = (uint8_t)net_random(n);
		if (i % 3 == 0)
			memset(d + 8, 0, 8);
		d[16] = ISAKMP_HASH;
		d[17] = ISAKMP_VERSION;
		d[18] = types[net_random(n) % NELEM(types)];
		d[19] = i % 2;
		d[24] = d[25] = d[26] = 0;
		d[27] = sizeof(d);
		from.addr = i % 2 ? KS_AT(1) : (uint32_t)net_random(n) >> 3;
		gdoi_input(A(n)->g, to, from, d, sizeof(d));
	}
}

static void
test_flood(void **state)
{
	struct net *n = link_pair(15);
	unsigned s, ms;

	(void)state;
	for (s = 0; s < 20; s++) {
		link_say(n->nodes[s % 2]);
		for (ms = 0; ms < 1000; ms += 10) {
			flood(n, 10);
			net_run(n, 10);
		}
		assert_true(link_agreed(n));
	}
	/* 50 a second at most, beside the 20 exchanges and phase 1 */
	assert_true(n->sent < 20 * 50 + 200);
	assert_int_equal(link_states[0].unanswered, 0);
	link_check_quiet(n);
	/* nothing of it came as far as the decoder */
	assert_int_equal(link_decoded, link_peer(A(n), KS_AT(1))->n.recv +
	    link_peer(B(n), KS_AT(0))->n.recv);
	net_free(n);
}

static unsigned flipped;

/* Each bit of a message that is under an SA counts; but for padding, the
 * hash of a message says that it is whole. */
static bool
flip(struct net *n, struct datagram *d)
{
	if (net_random(n) % 4 == 0) {
		d->data[net_random(n) % d->len] ^=
		    (uint8_t)(1u << net_random(n) % 8);
		flipped++;
	}
	return true;
}

static void
test_flipped(void **state)
{
	struct net *n = link_pair(19);
	unsigned i, received = 0;

	(void)state;
	link_states[0].stubborn = link_states[1].stubborn = true;
	n->tap = flip;
	for (i = 0; i < 300; i++) {
		link_say(n->nodes[i % 2]);
		net_run(n, 2000);
	}
	n->tap = NULL;
	assert_true(net_until(n, 30 * SEC, link_agreed));
	assert_true(flipped > 200);
	link_check_quiet(n);
	for (i = 0; i < 2; i++)
		received += link_peer(n->nodes[i], KS_AT(1 - i))->n.recv;
	assert_int_equal(link_decoded, received);
	net_free(n);
}

/* Key servers find their SAs among those of members. */
static void
test_members(void **state)
{
	struct net *n = link_pair(16);
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++)
		net_apply(net_add_gm(n, i));
	for (i = 0; i < 10; i++) {
		link_say_to(A(n), KS_AT(1));
		link_say_to(B(n), KS_AT(0));
		net_run(n, 1000);
	}
	assert_int_equal(net_ks(A(n))->nmembers, 300);
	assert_int_equal(link_states[0].heard[1], link_states[1].value);
	assert_int_equal(link_states[1].heard[0], link_states[0].value);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	/* a member's word is no key server's */
	{
		struct coop_msg m = honest(B(n));

		m.from.addr = m.servers[0].id.addr = n->nodes[2]->addr;
		forge_msg(n->nodes[2], &m);
	}
	assert_int_equal(A(n)->logs[LOG_COOP_KS_UNAUTH], 1);
	net_free(n);
}

/* Somebody on the way says INVALID-COOKIE to all that A sends. A looks for
 * new SAs, hears B all the same, and does not drown in them. */
static void
lie(struct net *n, const struct datagram *d)
{
	uint8_t m[40] = { 0 };

	if (!(d->data[19] & ISAKMP_F_ENC) || d->from.addr != KS_AT(0))
		return;
	memcpy(m, d->data, 16);
	m[16] = ISAKMP_N;
	m[17] = ISAKMP_VERSION;
	m[18] = ISAKMP_X_INFO;
	m[27] = sizeof(m);
	m[31] = 12;
	m[35] = DOI_IPSEC;
	m[36] = 1;
	m[39] = N_INVALID_COOKIE;
	gdoi_input(A(n)->g, d->from, d->to, m, sizeof(m));
}

static void
test_lies(void **state)
{
	struct net *n = link_pair(17);
	unsigned i;

	(void)state;
	n->after = lie;
	for (i = 0; i < 100; i++) {
		link_say(n->nodes[i % 2]);
		assert_true(net_until(n, 2000, link_agreed));
		net_run(n, 1000);
		assert_true(A(n)->g->ike->nsas <= PEER_SA_MAX + 1);
	}
	assert_int_equal(link_states[0].unanswered, 0);
	assert_int_equal(link_states[1].unanswered, 0);
	link_check_quiet(n);
	net_free(n);
}

/* He lies, and new SAs do not come about: the one that both have is there
 * still, and what comes under it takes the doubt away. */
static bool
no_new_sa(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != ISAKMP_X_MAIN;
}

static void
test_lie_kills_nothing(void **state)
{
	struct net *n = link_pair(18);
	const struct ike_sa *sa = TAILQ_FIRST(&A(n)->g->ike->sas);
	uint32_t conn_id = sa->conn_id;

	(void)state;
	n->tap = no_new_sa;
	n->after = lie;
	link_say(A(n));
	net_run(n, 100);
	n->after = NULL;
	assert_true(sa->doubtful);
	link_say(B(n));
	assert_true(net_until(n, 500, link_agreed));
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	assert_int_equal(link_sas(B(n), KS_AT(0)), 1);
	assert_int_equal(TAILQ_FIRST(&A(n)->g->ike->sas)->conn_id, conn_id);
	assert_false(sa->doubtful);
	n->tap = NULL;
	/* in the end there is one, whoever made it */
	n->after = lie;
	link_say(A(n));
	net_run(n, 100);
	n->after = NULL;
	link_say(A(n));
	net_run(n, 20 * SEC);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	assert_int_equal(link_sas(B(n), KS_AT(0)), 1);
	assert_int_equal(link_states[0].unanswered, 0);
	assert_int_equal(link_states[1].unanswered, 0);
	net_free(n);
}

/* Another group's messages do not come through, for whatever reason: the SA
 * under which the peer talks about this one stays. */
static bool
only_small(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != GDOI_X_COOP || d->from.addr != KS_AT(0) ||
	    d->len < 2000;
}

static void
test_mute_group(void **state)
{
	struct net *n = link_pair(19);
	uint32_t conn_id = TAILQ_FIRST(&A(n)->g->ike->sas)->conn_id;
	unsigned i;

	(void)state;
	n->tap = only_small;
	link_states[0].fat = 3000; /* what A asks is lost, */
	link_say(A(n));
	for (i = 0; i < 10; i++) {
		net_run(n, 3 * SEC);
		link_states[0].fat = 0; /* ... what it answers is not */
		link_say(B(n));
		net_run(n, 100);
		link_states[0].fat = 3000;
	}
	assert_int_equal(TAILQ_FIRST(&A(n)->g->ike->sas)->conn_id, conn_id);
	assert_int_equal(link_sas(A(n), KS_AT(1)), 1);
	net_run(n, 60 * SEC); /* silence, at last: it is as good as dead */
	assert_int_not_equal(TAILQ_FIRST(&A(n)->g->ike->sas)->conn_id,
	    conn_id);
	net_free(n);
}

/* ---- numbers ---- */

/* Whether A takes a message with that number from B, of its present life or of
 * a later one. */
static bool
takes(struct net *n, unsigned life, uint32_t seq)
{
	struct coop_msg m = honest(B(n));
	unsigned taken = link_states[0].taken[1];

	m.from.boot += life;
	m.servers[0].id.boot = m.from.boot;
	m.seq = seq;
	forge_msg(B(n), &m);
	return link_states[0].taken[1] == taken + 1;
}

/* Each number once, and late by less than the window. */
static void
test_window(void **state)
{
	struct net *n = link_pair(30);

	(void)state;
	assert_true(takes(n, 0, 3000));
	assert_false(takes(n, 0, 3000));
	assert_true(takes(n, 0, 2999));
	assert_false(takes(n, 0, 2999));
	assert_true(takes(n, 0, 3000 - COOP_WINDOW + 1));
	assert_false(takes(n, 0, 3000 - COOP_WINDOW));
	assert_false(takes(n, 0, 2980 - COOP_WINDOW));
	/* a number takes the place of one that was there long before */
	assert_true(takes(n, 0, 2990));
	assert_true(takes(n, 0, 2995 + COOP_WINDOW));
	assert_true(takes(n, 0, 2990 + COOP_WINDOW));
	assert_true(takes(n, 0, 2994 + COOP_WINDOW));
	/* all of them */
	assert_true(takes(n, 0, 2994 + 3 * COOP_WINDOW + 10));
	assert_true(takes(n, 0, 2994 + 3 * COOP_WINDOW));
	net_free(n);
}

/* Whoever has had a later life is not the one before any more. */
static void
test_past_lives(void **state)
{
	struct net *n = link_pair(31);
	unsigned i, k;

	(void)state;
	for (i = 0; i <= NELEM(((struct coop_peer *)0)->past); i++) {
		assert_true(takes(n, i, 100));
		assert_true(takes(n, i, 101)); /* counted anew */
		assert_true(takes(n, i, 5000));
		for (k = 0; k < i; k++)
			assert_false(takes(n, k, 6000 + i));
	}
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replays),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_unauthorized),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lie_kills_nothing),
		cmocka_unit_test(test_mute_group),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_past_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
