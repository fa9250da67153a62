/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A key server that was taken over: it holds all the keys, so its messages
 * pass every hash and signature. The member logs, counts, and stays as it was
 * (the class of CVE-2023-20109).
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

static struct gdoi_group *
member_conf(void)
{
	return (void *)gm->conf->gdoi_groups.first;
}

/* ---- nonsense in the policy: one thing is wrong in each ---- */

typedef void wound_fn(struct say *);

static void spi_zero(struct say *s) { s->sats[0].spi = s->teks[0].spi = 0; }
static void spi_low(struct say *s) { s->sats[0].spi = s->teks[0].spi = 255; }
static void tek_life_zero(struct say *s) { s->sats[0].life = 0; }
static void tek_life_long(struct say *s) { s->sats[0].life = 2592001; }
static void tek_life_max(struct say *s) { s->sats[0].life = UINT32_MAX; }
static void kek_life_zero(struct say *s) { s->sak.life = 0; }
static void kek_life_long(struct say *s) { s->sak.life = 2592001; }
static void window_odd(struct say *s) { s->sats[0].window = 65; }
static void window_huge(struct say *s) { s->sats[0].window = 65535; }
static void no_tek_key(struct say *s) { s->nteks = 0; }
static void no_kek_key(struct say *s) { s->has_kdk = false; }
static void no_sak(struct say *s) { s->has_sak = false; }
static void kek_pub_none(struct say *s) { s->kdk.pub_len = 0; }
static void kek_pub_cut(struct say *s) { s->kdk.pub_len -= 1; }
static void kek_pub_noise(struct say *s) { memset(s->kdk.pub, 7, 100); }
static void sig_length(struct say *s) { s->sak.sig_bits = 2048; }
static void kek_key_short(struct say *s) { s->kdk.key.len = 16; }
static void kek_iv_none(struct say *s) { s->kdk.iv.len = 0; }
static void kek_spi_zero(struct say *s) { memset(s->sak.spi, 0, 16); }
static void kek_spi_other(struct say *s) { s->kdk.spi[3] ^= 1; }
static void key_short(struct say *s) { s->teks[0].key.len = 15; }
static void key_long(struct say *s) { s->teks[0].key.len = 32; }
static void key_none(struct say *s) { s->teks[0].key.len = 0; }
static void auth_short(struct say *s) { s->teks[0].auth_key.len = 20; }
static void auth_none(struct say *s) { s->teks[0].auth_key.len = 0; }

static void
window_of_time(struct say *s)
{
	s->sats[0].replay = REPLAY_TIME;
	s->sats[0].window = 101;
}

static void
replay_unknown(struct say *s)
{
	s->sats[0].replay = 3;
}

/* Only the first entry of a TEK used to be looked at. */
static void
more_entries(struct say *s, unsigned n)
{
	unsigned i;

	for (i = s->n; i < n; i++) {
		s->sats[i] = s->sats[0];
		s->sats[i].ace.src = IP(11, i >> 8, i & 255, 0);
		s->sats[i].ace.src_wild = 0xff;
		s->sats[i].ace.dst_wild = UINT32_MAX;
		s->sats[i].ace.dst = 0;
	}
	s->n = n;
}

static void
same_spi_other_cipher(struct say *s)
{
	more_entries(s, 5);
	s->sats[4].transform.key_bits = 256;
}

static void
same_spi_other_replay(struct say *s)
{
	more_entries(s, 5);
	s->sats[4].replay = REPLAY_NONE;
}

static void
same_spi_other_sa(struct say *s)
{
	more_entries(s, 5);
	s->sats[4].sa_index = 7;
}

static void
two_keys(struct say *s)
{
	s->teks[s->nteks] = s->teks[0];
	s->teks[s->nteks++].key.data[0] ^= 1;
}

static void
key_without_entry(struct say *s)
{
	s->teks[s->nteks] = s->teks[0];
	s->teks[s->nteks++].spi ^= 0x01000000;
}

static void
entry_without_key(struct say *s)
{
	more_entries(s, s->n + 1);
	s->sats[s->n - 1].spi ^= 0x01000000;
}

static void
key_traffic(struct say *s)
{
	more_entries(s, 3);
	s->sats[2].ace.proto = 17;
	s->sats[2].ace.dport = (struct ace_ports){ ACE_OP_EQ, 848, 0 };
}

static void
key_traffic_back(struct say *s)
{
	more_entries(s, 2);
	s->sats[1].ace.proto = 17;
	s->sats[1].ace.sport = (struct ace_ports){ ACE_OP_EQ, 848, 0 };
}

static void
ports_of_esp(struct say *s)
{
	s->sats[0].ace.proto = 50;
	s->sats[0].ace.dport = (struct ace_ports){ ACE_OP_EQ, 80, 0 };
}

static void
permits(struct say *s)
{
	more_entries(s, 101);
}

static void
entries(struct say *s)
{
	unsigned i;

	more_entries(s, 1001);
	for (i = 1; i < s->n; i++)
		s->sats[i].ace.action = ACE_DENY;
}

/* As many as a datagram takes; the decoder lets more pass than a member. */
static void
ten_thousand(struct say *s)
{
	more_entries(s, 1050);
}

static void
many_teks(struct say *s)
{
	unsigned i;

	more_entries(s, 201);
	for (i = 0; i < s->n; i++) {
		s->teks[i] = s->teks[0];
		s->sats[i].spi = s->teks[i].spi = 0x1000 + i;
	}
	s->nteks = s->n;
}

static void
aead_no_salt(struct say *s)
{
	s->sats[0].transform = (struct esp_transform){ ESP_AES_GCM,
		ESP_AUTH_NONE, 128 };
	s->teks[0].auth_key.len = 0;
}

static void
null_alone(struct say *s)
{
	s->sats[0].transform = (struct esp_transform){ ESP_NULL,
		ESP_AUTH_NONE, 0 };
}

static const struct {
	const char *name;
	wound_fn *fn;
	const char *why; /* part of the reason */
	const char *pull; /* ... in a PULL, where it is another */
} wounds[] = {
	{ "SPI 0", spi_zero, "SPI below 256", NULL },
	{ "SPI 255", spi_low, "SPI below 256", NULL },
	{ "TEK lifetime 0", tek_life_zero, "without lifetime", NULL },
	{ "TEK lifetime of 30 days and 1 s", tek_life_long, "30 days", NULL },
	{ "TEK lifetime of 136 years", tek_life_max, "30 days", NULL },
	{ "KEK lifetime 0", kek_life_zero, "KEK without lifetime", NULL },
	{ "KEK lifetime of 30 days and 1 s", kek_life_long, "30 days", NULL },
	{ "window of 65", window_odd, "replay window", NULL },
	{ "window of 65535", window_huge, "replay window", NULL },
	{ "window of 101 s", window_of_time, "replay window", NULL },
	{ "replay method 3", replay_unknown, "unknown replay method", NULL },
	{ "TEK without key", no_tek_key, "TEK without key", NULL },
	{ "SAK without key", no_kek_key, "KEK without key", NULL },
	{ "KEK key without SAK", no_sak, "not announced", NULL },
	{ "no public key", kek_pub_none, "signature key length", NULL },
	{ "public key cut", kek_pub_cut, "public key", NULL },
	{ "public key of noise", kek_pub_noise, "public key", NULL },
	{ "length of signature", sig_length, "signature key length", NULL },
	{ "KEK key of 16", kek_key_short, "KEK key length", NULL },
	{ "KEK without IV", kek_iv_none, "KEK key length", NULL },
	{ "KEK SPI 0", kek_spi_zero, "KEK SPI is zero", NULL },
	{ "KEK key of another SPI", kek_spi_other, "KEK without key", NULL },
	{ "TEK key of 15", key_short, "TEK key length", NULL },
	{ "TEK key of 32", key_long, "TEK key length", NULL },
	{ "TEK key of 0", key_none, "TEK key length", NULL },
	{ "TEK integrity key of 20", auth_short, "TEK key length", NULL },
	{ "TEK without integrity key", auth_none, "TEK key length", NULL },
	{ "one SPI, two ciphers", same_spi_other_cipher,
	    "different algorithms", NULL },
	{ "one SPI, two replay methods", same_spi_other_replay,
	    "different replay", NULL },
	{ "one SPI, two SAs", same_spi_other_sa, "different SAs", NULL },
	{ "two keys for a TEK", two_keys, "two keys", NULL },
	{ "key without entry", key_without_entry, "does not have", NULL },
	{ "entry without key", entry_without_key, "TEK without key", NULL },
	{ "permit udp eq 848", key_traffic, "key traffic", NULL },
	{ "permit udp any eq 848 any", key_traffic_back, "key traffic", NULL },
	{ "ports of protocol 50", ports_of_esp, "ports without", NULL },
	{ "101 permits", permits, "100 permit", NULL },
	{ "1001 entries", entries, "too many entries", NULL },
	{ "as many entries as fit", ten_thousand, "100 permit", NULL },
	{ "201 TEKs", many_teks, "too many TEKs", NULL },
	{ "AES-GCM without salt", aead_no_salt, "TEK key length",
	    "without a sender identifier" },
	{ "neither cipher nor integrity", null_alone, "do not fit", NULL },
};

/* A new TEK and KEK: what a member knows would hide the rest. */
static void
say_new(struct say *s)
{
	say_now(net_ks(ks), s);
	s->sats[0].spi = s->teks[0].spi = 0x77777777;
	s->sak.spi[0] ^= 1;
	s->kdk.spi[0] ^= 1;
}

static wound_fn *wound;

static bool
put_say(struct isakmp_out *o, void *arg)
{
	const struct say *s = arg;

	say_sa(s, o);
	say_kd(s, o);
	return wr_ok(&o->w);
}

/* A key server whose messages 2 and 4 go together and are all wrong. */
static void
wounded(struct exch *x, unsigned n, struct isakmp_out *before,
    struct isakmp_out *o)
{
	if (n != 2 && n != 4)
		return;
	*o = *before;
	if (n == 2) {
		say_new(&say);
		wound(&say);
		exch_put_nonce(x, o);
		say_sa(&say, o);
		return;
	}
	if (say.has_sak)
		gdoi_put_seq(o, say.seq);
	say_kd(&say, o);
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

static void
refused(const char *name, const char *why)
{
	if (gm->logs[LOG_GM_REJECTING_SA] != 1 ||
	    strstr(gm->last[LOG_GM_REJECTING_SA], why) == NULL)
		fail_msg("%s: %u logs: %s", name,
		    gm->logs[LOG_GM_REJECTING_SA],
		    gm->last[LOG_GM_REJECTING_SA]);
	if (gm->g->ike->stats.bad == 0)
		fail_msg("%s is not counted", name);
}

/* In a rekey nothing at all may change. */
static void
wounds_in_push(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(wounds); i++) {
		struct net *n = pair(100 + i);
		struct strbuf was = { 0 };
		const char *why = wounds[i].why;

		net_apply_all(n);
		assert_true(net_until(n, SEC, net_registered));
		net_run(n, 10 * SEC);
		say_new(&say);
		wounds[i].fn(&say);
		state_member(&was, gm, false);
		gm->g->ike->stats.bad = 0;
		assert_true(hostile_push(ks, gm, say.seq + 1, put_say, &say));
		refused(wounds[i].name, why);
		same_state(wounds[i].name, &was, false);
		assert_null(member_sane(gm));
		sb_free(&was);
		/* and the next good one is taken */
		say_now(net_ks(ks), &say);
		assert_true(hostile_push(ks, gm, say.seq + 1, put_say, &say));
		assert_int_equal(net_gm(gm)->rekeys_total, 1);
		net_free(n);
	}
}

/* A registration fails; what the member has stays, the key server hears of
 * it, and when it is sane again the member is back. */
static void
wounds_in_pull(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(wounds); i++) {
		struct net *n = pair(300 + i);
		struct strbuf was = { 0 };
		struct gm_group *g;

		net_apply_all(n);
		assert_true(net_until(n, SEC, net_registered));
		g = net_gm(gm);
		state_member(&was, gm, true);
		wound = wounds[i].fn;
		hostile(ks, wounded);
		gm->g->ike->stats.bad = 0;
		gm_reregister(g, 0, false);
		net_run(n, SEC);
		refused(wounds[i].name, wounds[i].pull != NULL ?
		    wounds[i].pull : wounds[i].why);
		assert_int_equal(ks->logs[LOG_KS_GM_REJECTS_SA], 1);
		assert_int_equal(gm->logs[LOG_GM_CONN_NEXT_SER], 1);
		same_state(wounds[i].name, &was, true);
		hostile(ks, NULL);
		if (!net_until(n, 100 * SEC, net_registered))
			fail_msg("%s: not registered", wounds[i].name);
		assert_null(member_sane(gm));
		sb_free(&was);
		net_free(n);
	}
}

/* ---- what a member knows already does not become something else ---- */

static void known_key(struct say *s) { s->teks[0].key.data[0] ^= 1; }
static void known_auth(struct say *s) { s->teks[0].auth_key.data[0] ^= 1; }
static void known_kek(struct say *s) { s->kdk.key.data[0] ^= 1; }
static void known_kek_iv(struct say *s) { s->kdk.iv.data[0] ^= 1; }
static void known_kek_hash(struct say *s) { s->sak.sig_hash = 2; }

static void
known_bits(struct say *s)
{
	s->sats[0].transform.key_bits = 256;
	s->teks[0].key.len = 32;
}

static void
known_pub(struct say *s)
{
	struct rsa_store *store = rsa_store_new();
	const struct rsa_key *k = rsa_generate(store, "OTHER", 1024, true, 1);

	memcpy(s->kdk.pub, k->pub, k->pub_len);
	s->kdk.pub_len = (uint16_t)k->pub_len;
	rsa_store_free(store);
}

static void
known_keys_stay(void **state)
{
	static const struct {
		const char *name;
		wound_fn *fn;
	} t[] = {
		{ "key", known_key }, { "integrity key", known_auth },
		{ "algorithms", known_bits }, { "KEK", known_kek },
		{ "IV of the KEK", known_kek_iv },
		{ "hash of the KEK", known_kek_hash },
		{ "public key", known_pub },
	};
	struct net *n = pair(500);
	struct strbuf was = { 0 };
	unsigned i;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	state_member(&was, gm, false);
	for (i = 0; i < NELEM(t); i++) {
		say_now(net_ks(ks), &say);
		t[i].fn(&say);
		gm->g->ike->stats.bad = 0;
		assert_true(hostile_push(ks, gm, say.seq + 1, put_say, &say));
		if (gm->g->ike->stats.bad != 1)
			fail_msg("%s: taken", t[i].name);
		same_state(t[i].name, &was, false);
	}
	sb_free(&was);
	net_free(n);
}

static void
nobody(void *arg, const struct sa_change *c)
{
	(void)arg;
	(void)c;
}

/* TEKs that a key server goes on inventing. */
static void
teks_are_bounded(void **state)
{
	struct net *n = pair(501);
	unsigned i;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	gm->g->io.sa = nobody; /* the record of the test is small */
	for (i = 0; i < 300; i++) {
		say_now(net_ks(ks), &say);
		say.sats[0].spi = say.teks[0].spi = 0x5000 + i;
		assert_true(hostile_push(ks, gm, say.seq + 1 + i, put_say,
		    &say));
		assert_null(member_sane(gm));
	}
	assert_int_equal(gm->logs[LOG_GM_REJECTING_SA], 1);
	net_free(n);
}

/* ---- what the configuration of the member allows ---- */

static void
accept_case(void (*set)(struct gdoi_accept *), const char *why)
{
	struct net *n = pair(510);
	struct strbuf text = { 0 };
	struct transform_set *t = tc_add(&gm->conf->transform_sets,
	    sizeof(*t));

	str_copy(t->name, "STRONG", sizeof(t->name));
	t->esp = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA256, 256 };
	t = tc_add(&gm->conf->transform_sets, sizeof(*t));
	str_copy(t->name, "FITS", sizeof(t->name));
	t->esp = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA256, 128 };
	set(&member_conf()->accept);
	net_apply_all(n);
	net_run(n, 5 * SEC);
	if (why == NULL) {
		assert_true(net_registered(n));
		assert_int_equal(gm->logs[LOG_GM_REJECTING_SA], 0);
		assert_int_equal(gm->logs[LOG_GM_REKEY_CIPHER_HASH], 0);
		assert_int_equal(gm->logs[LOG_GM_REKEY_TRANSFORM], 0);
	} else {
		/* which of the three commands it was, by a name of its own */
		assert_int_equal(gm->logs[LOG_GM_REKEY_TRANSFORM],
		    strstr(why, "transform") != NULL);
		assert_int_equal(gm->logs[LOG_GM_REKEY_CIPHER_HASH],
		    strstr(why, "transform") == NULL);
		assert_int_equal(net_gm(gm)->succeeded, 0);
		assert_int_equal(gm->nteks, 0);
		refused("accept", why);
		assert_int_equal(ks->logs[LOG_KS_GM_REJECTS_SA], 1);
		assert_int_equal(net_ks(ks)->nmembers, 0);
	}
	sb_free(&text);
	net_free(n);
}

static void a_aes256(struct gdoi_accept *a) { a->aes256 = true; }
static void a_aes128(struct gdoi_accept *a) { a->aes128 = a->des3 = true; }
static void a_sha256(struct gdoi_accept *a) { a->sha1 = a->sha256 = true; }
static void a_sha512(struct gdoi_accept *a) { a->sha384 = a->sha512 = true; }

static void
a_strong(struct gdoi_accept *a)
{
	str_copy(a->sets.set1, "STRONG", sizeof(a->sets.set1));
}

static void
a_fits(struct gdoi_accept *a)
{
	a_strong(a);
	str_copy(a->sets.set2, "FITS", sizeof(a->sets.set2));
}

static void
a_missing(struct gdoi_accept *a)
{
	str_copy(a->sets.set1, "NOSUCH", sizeof(a->sets.set1));
}

static void
accepted_algorithms(void **state)
{
	(void)state;
	accept_case(a_aes256, NULL);
	accept_case(a_aes128, "client rekey encryption");
	accept_case(a_sha256, NULL);
	accept_case(a_sha512, "client rekey hash");
	accept_case(a_fits, NULL);
	accept_case(a_strong, "client transform-sets");
	accept_case(a_missing, "client transform-sets");
}

/* The same in a rekey: the group changes its mind. */
static void
accepted_in_push(void **state)
{
	struct net *n = pair(520);
	struct strbuf was = { 0 };

	(void)state;
	member_conf()->accept.aes256 = true;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	state_member(&was, gm, false);
	say_now(net_ks(ks), &say);
	say.sak.spi[0] ^= 1;
	say.kdk.spi[0] ^= 1;
	say.sak.key_bits = 128;
	say.kdk.key.len = 16;
	gm->g->ike->stats.bad = 0;
	assert_true(hostile_push(ks, gm, say.seq + 1, put_say, &say));
	refused("push", "client rekey encryption");
	same_state("push", &was, false);
	sb_free(&was);
	net_free(n);
}

static void
accepted_shown(void **state)
{
	struct net *n = pair(521);
	struct gdoi_accept *a = &member_conf()->accept;
	struct strbuf s = { 0 };

	(void)state;
	net_apply_all(n);
	gm_accept_ciphers(&s, net_gm(gm));
	gm_accept_hashes(&s, net_gm(gm));
	gm_accept_sets(&s, net_gm(gm));
	assert_string_equal(s.s, "anyanyany ESP");
	sb_free(&s);
	a->des3 = a->aes256 = a->sha512 = true;
	a_fits(a);
	gm_accept_ciphers(&s, net_gm(gm));
	sb_printf(&s, ",");
	gm_accept_hashes(&s, net_gm(gm));
	sb_printf(&s, ",");
	gm_accept_sets(&s, net_gm(gm));
	assert_string_equal(s.s, "3des-cbc aes 256,sha512,STRONG FITS");
	sb_free(&s);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wounds_in_push),
		cmocka_unit_test(wounds_in_pull),
		cmocka_unit_test(known_keys_stay),
		cmocka_unit_test(teks_are_bounded),
		cmocka_unit_test(accepted_algorithms),
		cmocka_unit_test(accepted_in_push),
		cmocka_unit_test(accepted_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
