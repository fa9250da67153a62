/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The message of cooperative key servers: what is written is read, what is
 * cut or out of range is refused whole, and the octets are those that
 * doc/coop-protocol.md shows.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coop_sample.h"

#define MSG_MAX 65507

static uint8_t buf[MSG_MAX], again[MSG_MAX];

static bool
aces_equal(const struct ks_ace *a, const struct ks_ace *b)
{
	const struct ace *x = &a->ace, *y = &b->ace;

	return a->sa == b->sa && x->action == y->action &&
	    x->proto == y->proto && x->src == y->src &&
	    x->src_wild == y->src_wild && x->dst == y->dst &&
	    x->dst_wild == y->dst_wild && x->sport.op == y->sport.op &&
	    x->sport.lo == y->sport.lo && x->dport.op == y->dport.op &&
	    x->dport.lo == y->dport.lo && x->icmp == y->icmp &&
	    x->dscp == y->dscp && !y->established && !y->fragments;
}

static bool
sas_equal(const struct ks_sa *a, const struct ks_sa *b)
{
	return a->number == b->number && strcmp(a->acl, b->acl) == 0 &&
	    strcmp(a->profile, b->profile) == 0 &&
	    memcmp(&a->transform, &b->transform, sizeof(a->transform)) == 0 &&
	    a->life == b->life && a->replay == b->replay &&
	    a->window == b->window;
}

static bool
keys_equal(const struct key *a, const struct key *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
udp_equal(struct udp_addr a, struct udp_addr b)
{
	return a.addr == b.addr && a.port == b.port;
}

static bool
keks_equal(const struct coop_kek *a, const struct coop_kek *b)
{
	const struct gdoi_kek *x = &a->k, *y = &b->k;

	return memcmp(x->spi, y->spi, KEK_SPI_LEN) == 0 &&
	    udp_equal(x->src, y->src) && udp_equal(x->dst, y->dst) &&
	    x->cipher == y->cipher && x->key_bits == y->key_bits &&
	    x->sig_hash == y->sig_hash && x->sig_bits == y->sig_bits &&
	    x->ack == y->ack && keys_equal(&x->iv, &y->iv) &&
	    keys_equal(&x->key, &y->key) &&
	    memcmp(a->pub_digest, b->pub_digest, 32) == 0 &&
	    strcmp(a->label, b->label) == 0 &&
	    coop_id_equal(&a->creator, &b->creator) &&
	    a->current == b->current && a->dropped == b->dropped &&
	    a->ack == b->ack &&
	    a->life == b->life && a->seq == b->seq && a->age == b->age &&
	    a->left == b->left && a->rekey_in == b->rekey_in;
}

static bool
teks_equal(const struct coop_tek *a, const struct coop_tek *b)
{
	return a->k.spi == b->k.spi && keys_equal(&a->k.key, &b->k.key) &&
	    keys_equal(&a->k.auth_key, &b->k.auth_key) &&
	    sas_equal(&a->sa, &b->sa) &&
	    a->newest == b->newest && a->dropped == b->dropped &&
	    a->override == b->override &&
	    a->age == b->age && a->left == b->left &&
	    a->rekey_in == b->rekey_in;
}

static void
same_policy(const struct coop_keys *a, const struct coop_keys *b)
{
	assert_true(coop_id_equal(&a->owner, &b->owner));
	assert_int_equal(a->term, b->term);
	assert_int_equal(a->version, b->version);
	assert_memory_equal(a->digest, b->digest, 8);
	assert_int_equal(a->kek_cipher, b->kek_cipher);
	assert_int_equal(a->kek_bits, b->kek_bits);
	assert_int_equal(a->sig_hash, b->sig_hash);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->kek_life, b->kek_life);
	assert_int_equal(a->unicast, b->unicast);
	assert_int_equal(a->receive_only, b->receive_only);
	assert_true(udp_equal(a->mcast, b->mcast));
	assert_string_equal(a->rekey_acl, b->rekey_acl);
	assert_string_equal(a->rsa_label, b->rsa_label);
	assert_int_equal(a->clock_id, b->clock_id);
	assert_int_equal(a->pseudotime, b->pseudotime);
	assert_int_equal(a->clock_sync, b->clock_sync);
	assert_int_equal(a->sid_epoch, b->sid_epoch);
	assert_int_equal(a->sid_bits, b->sid_bits);
	assert_int_equal(a->last_rekey, b->last_rekey);
	assert_int_equal(a->rekeys, b->rekeys);
}

static void
same_keys(const struct coop_keys *a, const struct coop_keys *b)
{
	unsigned i;

	same_policy(a, b);
	assert_int_equal(a->nsas, b->nsas);
	for (i = 0; i < a->nsas; i++)
		assert_true(sas_equal(&a->sas[i], &b->sas[i]));
	assert_int_equal(a->naces, b->naces);
	for (i = 0; i < a->naces; i++)
		assert_true(aces_equal(&a->aces[i], &b->aces[i]));
	assert_int_equal(a->nkeks, b->nkeks);
	for (i = 0; i < a->nkeks; i++)
		assert_true(keks_equal(&a->keks[i], &b->keks[i]));
	assert_int_equal(a->nteks, b->nteks);
	for (i = 0; i < a->nteks; i++)
		assert_true(teks_equal(&a->teks[i], &b->teks[i]));
	assert_int_equal(a->nclaims, b->nclaims);
	for (i = 0; i < a->nclaims; i++) {
		assert_int_equal(a->claims[i].kssid, b->claims[i].kssid);
		assert_true(coop_id_equal(&a->claims[i].id,
		    &b->claims[i].id));
	}
}

static void
same_rows(const struct coop_msg *a, const struct coop_msg *b)
{
	unsigned i;

	for (i = 0; i < a->nservers; i++) {
		const struct coop_server *x = &a->servers[i];
		const struct coop_server *y = &b->servers[i];

		assert_true(coop_id_equal(&x->id, &y->id) &&
		    x->role == y->role && x->priority == y->priority &&
		    x->synced == y->synced && x->beat == y->beat &&
		    x->age == y->age && x->primary == y->primary &&
		    x->term == y->term);
	}
	for (i = 0; i < a->nseen; i++)
		assert_true(coop_id_equal(&a->seen[i].id, &b->seen[i].id) &&
		    a->seen[i].seq == b->seen[i].seq);
	for (i = 0; i < a->nmembers; i++) {
		const struct coop_member *x = &a->members[i];
		const struct coop_member *y = &b->members[i];

		assert_true(x->addr == y->addr && x->port == y->port &&
		    x->owner == y->owner && x->removed == y->removed &&
		    x->has_kek == y->has_kek && x->stamp == y->stamp &&
		    coop_id_equal(&x->teller, &y->teller) &&
		    x->seq == y->seq && x->term == y->term &&
		    x->keys == y->keys && x->sent == y->sent &&
		    x->retries == y->retries && x->acks == y->acks &&
		    x->acks_missed == y->acks_missed);
		assert_string_equal(x->version, y->version);
		assert_memory_equal(x->kek_spi, y->kek_spi, KEK_SPI_LEN);
	}
}

static void
same(const struct coop_msg *a, const struct coop_msg *b)
{
	assert_string_equal(a->coop_version, b->coop_version);
	assert_string_equal(a->gdoi_version, b->gdoi_version);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->id_type, b->id_type);
	assert_int_equal(a->group_id, b->group_id);
	assert_true(coop_id_equal(&a->from, &b->from));
	assert_true(coop_id_equal(&a->to, &b->to));
	assert_int_equal(a->seq, b->seq);
	assert_memory_equal(a->keys_digest, b->keys_digest, 8);
	assert_int_equal(a->stamp, b->stamp);
	assert_int_equal(a->log_have, b->log_have);
	assert_int_equal(a->log_from, b->log_from);
	assert_int_equal(a->log_to, b->log_to);
	assert_int_equal(a->log_round, b->log_round);
	assert_int_equal(a->log_of, b->log_of);
	assert_int_equal(a->members_digest, b->members_digest);
	assert_int_equal(a->nservers, b->nservers);
	assert_int_equal(a->nseen, b->nseen);
	assert_int_equal(a->nmembers, b->nmembers);
	assert_int_equal(a->sid_bits, b->sid_bits);
	assert_memory_equal(a->kssids, b->kssids, sizeof(a->kssids));
	assert_memory_equal(&a->config, &b->config, sizeof(a->config));
	same_rows(a, b);
	assert_int_equal(a->keys != NULL, b->keys != NULL);
	if (a->keys != NULL)
		same_keys(a->keys, b->keys);
}

static void
round_trip(const struct coop_msg *m)
{
	size_t len = coop_msg_put(m, buf, sizeof(buf));
	struct coop_msg got;
	const char *bad;
	bool other;

	assert_int_not_equal(len, 0);
	bad = coop_msg_get(buf, len, &got, &other);
	if (bad != NULL)
		fail_msg("%s", bad);
	assert_false(other);
	same(m, &got);
	assert_int_equal(coop_msg_put(&got, again, sizeof(again)), len);
	assert_memory_equal(buf, again, len);
	assert_int_equal(coop_msg_put(m, again, len), len);
	assert_int_equal(coop_msg_put(m, again, len - 1), 0);
	assert_int_equal(coop_msg_fit(m, len), m->nmembers);
	if (m->nmembers > 0)
		assert_int_equal(coop_msg_fit(m, len - 1), m->nmembers - 1);
	coop_msg_free(&got);
}

static void
round_trips(void **state)
{
	struct coop_msg m;
	uint64_t rng = 1;
	unsigned i;

	(void)state;
	coop_example(&m);
	round_trip(&m);
	coop_msg_free(&m);
	for (i = 0; i < 2000; i++) {
		coop_random(&m, &rng, i % 40);
		round_trip(&m);
		coop_msg_free(&m);
	}
}

/* Everything at its limit that one message can hold. */
static void
large(void **state)
{
	struct coop_msg m;
	uint64_t rng = 2;
	size_t len;
	unsigned n;

	(void)state;
	coop_random(&m, &rng, 100);
	m.nmembers = 0;
	free(m.members);
	m.members = xcalloc(COOP_MEMBERS_MAX, sizeof(*m.members));
	for (n = 0; n < COOP_MEMBERS_MAX; n++)
		m.members[n] = (struct coop_member){ .addr = 1 << 24 | n,
			.owner = m.from.addr, .teller = m.from, .seq = n + 1,
			.stamp = n + 1, .version = "1.0.27" };
	m.nmembers = n;
	m.log_from = 5;
	m.log_to = 5 + n;
	assert_int_equal(coop_msg_put(&m, buf, sizeof(buf)), 0);
	n = coop_msg_fit(&m, sizeof(buf));
	assert_in_range(n, 1, COOP_MEMBERS_MAX - 1);
	m.nmembers = n;
	round_trip(&m);
	m.nmembers = n + 1;
	assert_int_equal(coop_msg_put(&m, buf, sizeof(buf)), 0);
	coop_msg_free(&m);
	coop_random(&m, &rng, 0);
	len = coop_msg_put(&m, buf, sizeof(buf));
	assert_in_range(len, 1, 100);
	coop_msg_free(&m);
}

static void
cut_short(void **state)
{
	struct coop_msg m, got;
	uint64_t rng = 3;
	unsigned i, whole;
	size_t len, n;
	uint8_t *copy;
	bool other;

	(void)state;
	for (i = 0; i < 20; i++) {
		if (i == 0)
			coop_example(&m);
		else
			coop_random(&m, &rng, 6);
		len = coop_msg_put(&m, buf, sizeof(buf));
		for (n = 0, whole = 0; n < len; n++) {
			copy = xcalloc(1, n);
			memcpy(copy, buf, n);
			if (coop_msg_get(copy, n, &got, &other) == NULL) {
				assert_false(other);
				whole++; /* between two parts */
				coop_msg_free(&got);
			} else {
				assert_null(got.keys);
				assert_null(got.members);
			}
			free(copy);
		}
		/* the head alone, and behind each part but the last */
		assert_in_range(whole, i == 0 ? 6 : 1, 6);
		buf[len] = 0;
		assert_non_null(coop_msg_get(buf, len + 1, &got, &other));
		coop_msg_free(&m);
	}
}

/* Every octet of the example set to others: refused, or what was read is
 * what these octets say. */
static void
each_octet(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 3, 4, 5, 6, 8, 0x1f, 0x20,
		0x40, 0x7f, 0x80, 0xc8, 0xe0, 0xff };
	struct coop_msg m, got;
	unsigned accepted = 0, v;
	size_t len, at;
	uint8_t was;
	bool other;

	(void)state;
	coop_example(&m);
	len = coop_msg_put(&m, buf, sizeof(buf));
	for (at = 0; at < len; at++) {
		was = buf[at];
		for (v = 0; v < NELEM(values); v++) {
			buf[at] = values[v];
			if (coop_msg_get(buf, len, &got, &other) != NULL)
				continue;
			if (other || got.keys == NULL || got.nservers == 0 ||
			    got.nmembers == 0 || got.nseen == 0 ||
			    got.sid_bits == 0 || got.config.acl[0] == 0) {
				coop_msg_free(&got);
				continue; /* the part is unknown: skipped */
			}
			accepted++;
			assert_int_equal(coop_msg_put(&got, again,
			    sizeof(again)), len);
			assert_memory_equal(buf, again, len);
			coop_msg_free(&got);
		}
		buf[at] = was;
	}
	assert_in_range(accepted, len, 16 * len);
	coop_msg_free(&m);
}

/* ---- one thing wrong in a message that is else right ---- */

struct wrong {
	const char *name, *why;
	void (*change)(struct coop_msg *);
};
#define WRONG(name, why, what)                                                \
	static void wrong_##name(struct coop_msg *m)                          \
	{                                                                     \
		what;                                                         \
	}
#include "coop_wrong.h"
#undef WRONG
#define WRONG(name, why, what) { #name, why, wrong_##name },
static const struct wrong wrongs[] = {
#include "coop_wrong.h"
};

static void
out_of_range(void **state)
{
	const struct wrong *w;
	struct coop_msg m, got;
	const char *why;
	size_t len;
	bool other;

	(void)state;
	for (w = wrongs; w < wrongs + NELEM(wrongs); w++) {
		coop_example(&m);
		w->change(&m);
		len = coop_msg_put(&m, buf, sizeof(buf));
		if (w->why == NULL) { /* the encoder has no octets for it */
			if (len != 0)
				fail_msg("%s is encoded", w->name);
		} else {
			if (len == 0)
				fail_msg("%s is not encoded", w->name);
			why = coop_msg_get(buf, len, &got, &other);
			if (why == NULL || strcmp(why, w->why) != 0)
				fail_msg("%s: %s", w->name, why != NULL ?
				    why : "accepted");
			assert_null(got.keys);
			assert_null(got.members);
			assert_int_equal(got.nservers, 0);
		}
		coop_msg_free(&m);
	}
}

/* ---- versions ---- */

static void
versions(void **state)
{
	static const struct {
		const char *version;
		bool good, other;
	} v[] = {
		{ "1.0.1", true, false }, { "1.9.0", true, false },
		{ "1", true, false }, { "2.0.0", true, true },
		{ "10.0.1", true, true }, { "0.9", true, true },
		{ "", false, false }, { "1..0", false, false },
		{ ".1", false, false }, { "1.", false, false },
		{ "1.0a", false, false }, { "-1", false, false },
	};
	struct coop_msg m, got;
	size_t len;
	unsigned i;
	bool other;

	(void)state;
	for (i = 0; i < NELEM(v); i++) {
		coop_example(&m);
		str_copy(m.coop_version, v[i].version,
		    sizeof(m.coop_version));
		len = coop_msg_put(&m, buf, sizeof(buf));
		if (v[i].other) /* nobody knows what follows */
			len = 1 + strlen(v[i].version) + 1;
		assert_int_equal(coop_msg_get(buf, len, &got, &other) == NULL,
		    v[i].good);
		assert_int_equal(other, v[i].other);
		if (v[i].good)
			assert_string_equal(got.coop_version, v[i].version);
		if (v[i].other)
			assert_int_equal(got.from.addr, 0);
		coop_msg_free(&got);
		coop_msg_free(&m);
	}
}

/* Parts of a later minor version, before, between and behind ours. */
static void
unknown_parts(void **state)
{
	static const struct {
		uint8_t part[6];
		const char *why;
	} p[] = {
		{ { 0, 33, 0, 2, 1, 2 }, NULL },
		{ { 0x7f, 0xff, 0, 2, 1, 2 }, NULL },
		{ { 0x80, 33, 0, 2, 1, 2 }, "unknown critical part" },
		{ { 0, 32, 0, 2, 1, 2 }, "parts are not in order" },
		{ { 0, 20, 0, 2, 1, 2 }, "parts are not in order" },
		{ { 0, 33, 0, 3, 1, 2 }, "part cut short" },
	};
	struct coop_msg m, got;
	const char *why;
	size_t len;
	unsigned i;
	bool other;

	(void)state;
	coop_example(&m);
	for (i = 0; i < NELEM(p); i++) {
		len = coop_msg_put(&m, buf, sizeof(buf));
		memcpy(buf + len, p[i].part, sizeof(p[i].part));
		why = coop_msg_get(buf, len + sizeof(p[i].part), &got, &other);
		if (p[i].why == NULL) {
			assert_null(why);
			same(&m, &got);
			coop_msg_free(&got);
		} else {
			assert_string_equal(why, p[i].why);
		}
	}
	coop_msg_free(&m);
}

/* ---- the document ---- */

/* The octets of lines "0123  ab cd ..  what they are" of the example. */
static size_t
doc_octets(FILE *f, uint8_t *out, size_t max)
{
	char line[512], *s;
	bool in = false;
	size_t n = 0;
	unsigned v;
	int used;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "```", 3) == 0) {
			if (in)
				break;
			in = strstr(line, "example") != NULL;
			continue;
		}
		if (!in || sscanf(line, "%4x%n", &v, &used) != 1 ||
		    used != 4 || line[4] != ' ')
			continue;
		assert_int_equal(v, n); /* offsets are right */
		for (s = line + 5; s[0] == ' ' && s[1] != ' ' &&
		    sscanf(s, " %2x%n", &v, &used) == 1 && used == 3; s += 3) {
			assert_true(n < max);
			out[n++] = (uint8_t)v;
		}
	}
	return n;
}

static void
as_documented(void **state)
{
	const char *src = getenv("srcdir");
	char *path = xasprintf("%s/doc/coop-protocol.md",
	    src != NULL ? src : ".");
	FILE *f = fopen(path, "r");
	struct coop_msg m;
	size_t len, n;

	(void)state;
	if (f == NULL)
		fail_msg("%s cannot be read", path);
	coop_example(&m);
	len = coop_msg_put(&m, buf, sizeof(buf));
	n = doc_octets(f, again, sizeof(again));
	assert_int_equal(n, len);
	assert_memory_equal(buf, again, len);
	coop_msg_free(&m);
	fclose(f);
	free(path);
}

/* `-x [SEED]`: the example, or a random message, for the document and for the
 * corpus of fuzz_coop. */
static void
show(const char *seed)
{
	struct coop_msg m;
	uint64_t rng;

	if (seed == NULL) {
		coop_example(&m);
	} else {
		rng = strtoull(seed, NULL, 10);
		coop_random(&m, &rng, (unsigned)(rng % 6));
	}
	(void)!fwrite(buf, 1, coop_msg_put(&m, buf, sizeof(buf)), stdout);
	coop_msg_free(&m);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(large),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(each_octet),
		cmocka_unit_test(out_of_range),
		cmocka_unit_test(versions),
		cmocka_unit_test(unknown_parts),
		cmocka_unit_test(as_documented),
	};

	if (argc >= 2 && strcmp(argv[1], "-x") == 0) {
		show(argc > 2 ? argv[2] : NULL);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
