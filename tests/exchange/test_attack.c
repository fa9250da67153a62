/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Phase 1 among people who mean harm or do things at the wrong moment: public
 * values that are false, messages thrown back, names of others, a server that
 * is another one, members that authenticate without end, both sides at once,
 * replayed signs of life.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/ike_priv.h"
#include "net.h"

#define SEC 1000ull

static struct node *ks, *gm;
static uint8_t first[1024], second[1024], third[2048], info[1024];
static size_t first_len, second_len, third_len, info_len;

static void
keep_one(uint8_t *to, size_t *to_len, const struct datagram *d)
{
	if (*to_len != 0)
		return;
	memcpy(to, d->data, d->len);
	*to_len = d->len;
}

/* The first of each kind that passes by. */
static bool
keep(struct net *n, struct datagram *d)
{
	static const uint8_t zero[8];

	(void)n;
	if (d->data[18] == ISAKMP_X_INFO && d->from.addr != KS_ADDR)
		keep_one(info, &info_len, d);
	if (d->data[18] != ISAKMP_X_MAIN || (d->data[19] & ISAKMP_F_ENC))
		return true;
	if (memcmp(d->data + 8, zero, 8) == 0)
		keep_one(first, &first_len, d);
	else if (d->from.addr == KS_ADDR)
		memcpy(second, d->data, second_len = d->len);
	else
		keep_one(third, &third_len, d);
	return true;
}

static struct net *
start(uint64_t seed)
{
	struct net *n = net_new(seed);

	first_len = second_len = third_len = info_len = 0;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	n->tap = keep;
	return n;
}

static void
inject(struct node *to, uint32_t from, const uint8_t *data, size_t len)
{
	struct udp_addr f = { from, 848 }, l = { to->addr, 848 };

	gdoi_input(to->g, l, f, data, len);
}

static struct isakmp_profile *
map_profile(struct node *n)
{
	struct crypto_map_profile *m = tc_add(&n->conf->map_profiles,
	    sizeof(*m));
	struct isakmp_profile *p = tc_add(&n->conf->isakmp_profiles,
	    sizeof(*p));

	str_copy(m->name, "MAP", sizeof(m->name));
	str_copy(m->profile, "OUT", sizeof(m->profile));
	str_copy(p->name, "OUT", sizeof(p->name));
	return p;
}

/* ---- false public values ---- */

static void
false_values(void **state)
{
	struct net *n = start(1);
	uint32_t from = IP(192, 0, 2, 1), dh;
	unsigned i;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, SEC);
	dh = ks->g->ike->stats.dh;
	for (i = 0; i < 200; i++) {
		uint64_t r = net_random(n);

		memcpy(first, &r, 8);
		inject(ks, from, first, first_len);
		net_run(n, 10); /* the answer passes keep() */
		memcpy(third, &r, 8);
		memcpy(third + 8, second + 8, 8);
		/* a public value of zero */
		memset(third + 28 + 4, 0, third[30] * 256u + third[31] - 4);
		inject(ks, from, third, third_len);
	}
	assert_in_range(ks->g->ike->stats.dh - dh, 1, HALF_OPEN_PER_SOURCE);
	assert_in_range(ks->g->ike->stats.half_open, 1, HALF_OPEN_PER_SOURCE);
	net_run(n, 61 * SEC);
	assert_int_equal(ks->g->ike->stats.half_open, 0);
	net_free(n);
}

/* ---- messages thrown back ---- */

static uint8_t own_ke[DH_PUB_MAX];
static unsigned encrypted;

/* The server has the public value of the member. */
static bool
throw_back(struct net *n, struct datagram *d)
{
	size_t len = (size_t)d->data[30] << 8 | d->data[31];

	(void)n;
	encrypted += (d->data[19] & ISAKMP_F_ENC) != 0;
	if (d->data[16] != ISAKMP_KE || (d->data[19] & ISAKMP_F_ENC))
		return true;
	if (d->to.addr == KS_ADDR)
		memcpy(own_ke, d->data + 32, len - 4);
	else
		memcpy(d->data + 32, own_ke, len - 4);
	return true;
}

static void
thrown_back(void **state)
{
	struct net *n = start(2);
	struct ike_sa *sa;
	uint32_t bad;

	(void)state;
	net_apply_all(n);
	while (third_len == 0)
		net_run(n, 1);
	sa = TAILQ_FIRST(&gm->g->ike->sas);
	assert_int_equal(sa->state, MM_SA_SETUP);
	bad = gm->g->ike->stats.bad;
	inject(gm, KS_ADDR, first, first_len);
	inject(gm, IP(192, 0, 2, 1), first, first_len);
	assert_int_equal(gm->g->ike->stats.first, 0);
	assert_int_equal(gm->g->ike->stats.bad, bad + 2);
	assert_true(net_until(n, SEC, net_registered));
	net_free(n);

	n = start(3);
	encrypted = 0;
	n->tap = throw_back;
	net_apply_all(n);
	assert_false(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(encrypted, 0);
	assert_true(gm->g->ike->stats.bad > 0);
	net_free(n);
}

/* The server's cookie is that of the member. */
static bool
same_cookies(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->from.addr == KS_ADDR)
		memcpy(d->data + 8, d->data, 8);
	return true;
}

static void
thrown_back_cookie(void **state)
{
	struct net *n = start(4);

	(void)state;
	n->tap = same_cookies;
	net_apply_all(n);
	assert_false(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(gm->g->ike->stats.dh, 0);
	net_free(n);
}

/* ---- identities ---- */

/* The member has the key of all and says that it is one that has its own. */
static void
name_of_another(void **state)
{
	struct isakmp_key *k;
	struct net *n;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		n = start(5 + i);
		gm->conf->isakmp_identity = ISAKMP_ID_HOSTNAME;
		str_copy(gm->conf->hostname, "gm7",
		    sizeof(gm->conf->hostname));
		if (i < 2) {
			k = tc_key(ks->conf, i == 0 ? "ITSOWN" : "SUPERSECRET",
			    0, 0);
		} else {
			struct keyring *r = tc_add(&ks->conf->keyrings,
			    sizeof(*r));

			str_copy(r->name, "K", sizeof(r->name));
			k = tc_add(&r->keys, sizeof(*k));
			str_copy(k->key, "ITSOWN", sizeof(k->key));
		}
		str_copy(k->hostname, "GM7", sizeof(k->hostname));
		net_apply_all(n);
		assert_int_equal(net_until(n, 5 * SEC, net_registered),
		    i == 1);
		assert_int_equal(ks->logs[LOG_IKMP_MODE_FAILURE], i != 1);
		if (i != 1)
			assert_non_null(strstr(ks->last[LOG_IKMP_MODE_FAILURE],
			    "identity gm7 has another key"));
		net_free(n);
	}
}

/* The same in aggressive mode, where a keyring has a key for all: the name's
 * own key opens, and no other. */
static void
name_of_another_aggressive(void **state)
{
	struct isakmp_key *k;
	struct keyring *r;
	struct net *n;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		n = start(8 + i);
		gm->conf->isakmp_identity = ISAKMP_ID_HOSTNAME;
		str_copy(gm->conf->hostname, "gm7",
		    sizeof(gm->conf->hostname));
		map_profile(gm)->aggressive = true;
		gm->conf->isakmp_aggressive = AGGRESSIVE_ALL;
		ks->conf->isakmp_aggressive = AGGRESSIVE_ALL;
		r = tc_add(&ks->conf->keyrings, sizeof(*r));
		str_copy(r->name, "K", sizeof(r->name));
		k = tc_add(&r->keys, sizeof(*k));
		str_copy(k->key, "SUPERSECRET", sizeof(k->key));
		k = tc_key(ks->conf, "ITSOWN", 0, 0);
		str_copy(k->hostname, "gm7", sizeof(k->hostname));
		if (i == 1)
			str_copy(((struct isakmp_key *)(void *)gm->conf
			    ->isakmp_keys.first)->key, "ITSOWN", KEY_MAX);
		net_apply_all(n);
		assert_int_equal(net_until(n, 5 * SEC, net_registered),
		    i == 1);
		net_free(n);
	}
}

/* The profile of the crypto map says who may answer. */
static void
wrong_server(void **state)
{
	struct profile_match *m;
	struct isakmp_profile *p;
	struct net *n;
	unsigned i;

	(void)state;
	for (i = 0; i < 4; i++) {
		bool right = i & 1, aggressive = i & 2;

		n = start(10 + i);
		p = map_profile(gm);
		m = tc_add(&p->matches, sizeof(*m));
		m->kind = MATCH_ADDRESS;
		m->addr = right ? KS_ADDR : IP(10, 9, 0, 77);
		m->mask = UINT32_MAX;
		p->aggressive = aggressive;
		ks->conf->isakmp_aggressive = aggressive ? AGGRESSIVE_ALL :
		    AGGRESSIVE_IPSEC;
		gm->conf->isakmp_aggressive = ks->conf->isakmp_aggressive;
		net_apply_all(n);
		assert_int_equal(net_until(n, 5 * SEC, net_registered),
		    right);
		assert_int_equal(gm->logs[LOG_IKMP_MODE_FAILURE], !right);
		if (!right)
			assert_non_null(strstr(gm->last[LOG_IKMP_MODE_FAILURE],
			    "identity 10.9.0.1 does not match profile OUT"));
		net_free(n);
	}
}

/* ---- too many, too often, too early ---- */

static bool
say_nothing(struct exch *x, struct isakmp_out *o)
{
	(void)x;
	(void)o;
	return true;
}

static const struct exch_step silent[] = {
	{ .send = say_nothing, .flags = SEND_ENC | SEND_HASH | STEP_LAST },
};
static const struct exch_type something = {
	.name = "Something", .number = ISAKMP_X_INFO, .init = silent,
};

static void
begin(struct node *n, uint32_t peer, const char *profile)
{
	struct udp_addr l = { n->addr, 848 }, r = { peer, 848 };

	(void)ike_start(n->g->ike, l, r, profile, &something, NULL);
}

static unsigned
sas_with(struct node *n, uint32_t peer)
{
	const struct ike_sa *sa;
	unsigned k = 0;

	TAILQ_FOREACH(sa, &n->g->ike->sas, link)
		k += sa->remote.addr == peer && sa->state == IKE_IDLE;
	return k;
}

/* A member that authenticates itself without end has so many SAs and the
 * others keep theirs. */
static void
many_sas(void **state)
{
	struct net *n = start(20);
	struct node *other;
	char name[16];
	unsigned i;

	(void)state;
	other = net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	for (i = 0; i < 3 * PEER_SA_MAX; i++) {
		snprintf(name, sizeof(name), "P%u", i);
		begin(gm, KS_ADDR, name);
		net_run(n, 100);
	}
	assert_int_equal(sas_with(ks, gm->addr), PEER_SA_MAX);
	assert_int_equal(sas_with(gm, KS_ADDR), PEER_SA_MAX);
	assert_int_equal(sas_with(ks, other->addr), 1);
	net_free(n);
}

static bool
has_twin(const struct ike_sa *sa, struct node *peer)
{
	const struct ike_sa *o;

	TAILQ_FOREACH(o, &peer->g->ike->sas, link)
		if (o->state == IKE_IDLE && memcmp(o->icookie, sa->icookie,
		    8) == 0 && memcmp(o->rcookie, sa->rcookie, 8) == 0)
			return true;
	return false;
}

/* Both begin at once, with INITIAL-CONTACT: none of them ends what the other
 * goes on to use. */
static void
both_at_once(void **state)
{
	const struct ike_sa *sa;
	struct node *other;
	unsigned seed, i;

	(void)state;
	for (seed = 1; seed < 300; seed++) {
		struct net *n = net_new(seed);

		ks = net_add_ks(n, KS_ADDR);
		other = net_add_ks(n, IP(10, 9, 0, 2));
		net_apply_all(n);
		net_run(n, 10);
		begin(ks, other->addr, "");
		net_run(n, seed % 20);
		begin(other, KS_ADDR, "");
		net_run(n, 30 * SEC);
		assert_true(sas_with(ks, other->addr) > 0);
		for (i = 0; i < 2; i++)
			TAILQ_FOREACH(sa, &n->nodes[i]->g->ike->sas, link)
				if (!has_twin(sa, n->nodes[!i]))
					fail_msg("seed %u: only %s has it",
					    seed, i ? "2" : "1");
		net_free(n);
	}
}

/* A peer that has lost its SAs says so, and they go. */
static void
lost_all(void **state)
{
	struct net *n = start(30);

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, 10);
	net_restart(gm);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, 10);
	assert_int_equal(sas_with(ks, gm->addr), 1);
	net_free(n);
}

static void
isakmp_off(void **state)
{
	struct net *n = start(31);
	struct conf *old;

	(void)state;
	gm->conf->isakmp_enable = false;
	net_apply_all(n);
	net_run(n, 20 * SEC);
	assert_int_equal(first_len, 0);
	assert_non_null(strstr(gm->last[LOG_GM_CONN_NEXT_SER],
	    "ISAKMP is off"));
	old = gm->conf;
	gm->conf = tc_copy(old);
	gm->conf->isakmp_enable = true;
	net_apply(gm);
	tc_free(old);
	assert_int_equal(gm->logs[LOG_ISAKMP_ON_OFF], 1);
	assert_non_null(strstr(gm->last[LOG_ISAKMP_ON_OFF],
	    "ISAKMP is ON"));
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_free(n);
}

/* ---- signs of life ---- */

static void
replayed_life(void **state)
{
	struct net *n = start(40);
	unsigned i;

	(void)state;
	ks->conf->keepalive_secs = 10;
	ks->conf->keepalive_retry = 2;
	ks->conf->keepalive_periodic = true;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	net_run(n, 1000 * SEC); /* older than the memory of message ids */
	assert_true(info_len > 0);
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 0);
	assert_int_equal(ks->g->ike->stats.bad, 0);
	gm->deaf = true;
	for (i = 0; i < 30; i++) {
		inject(ks, gm->addr, info, info_len);
		net_run(n, SEC);
	}
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 1);
	assert_true(ks->g->ike->stats.bad > 0);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_values),
		cmocka_unit_test(thrown_back),
		cmocka_unit_test(thrown_back_cookie),
		cmocka_unit_test(name_of_another),
		cmocka_unit_test(name_of_another_aggressive),
		cmocka_unit_test(wrong_server),
		cmocka_unit_test(many_sas),
		cmocka_unit_test(both_at_once),
		cmocka_unit_test(lost_all),
		cmocka_unit_test(isakmp_off),
		cmocka_unit_test(replayed_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
