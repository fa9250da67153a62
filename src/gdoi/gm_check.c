/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Group member: judges what a key server says in a PULL or a PUSH, before
 * anything of it is taken (gm_policy.c). A key server that was taken over, or
 * has a fault, must not get more than a log line out of us: the decoders have
 * looked at the form, here is the sense of the whole message. Runs in process
 * ike.
 */
#include "config.h"

#include <string.h>

#include "gdoi/gdoi_priv.h"


/* ---- what the configuration allows ---- */

static const struct gdoi_accept *
accept_of(const struct gm_group *gm)
{
	static const struct gdoi_accept any;
	const struct gdoi_group *c = gm->g->conf != NULL ?
	    conf_find_gdoi_group(gm->g->conf, gm->name) : NULL;

	return c != NULL ? &c->accept : &any;
}

static void
name(struct strbuf *sb, bool on, const char *text)
{
	if (on)
		sb_printf(sb, "%s%s", sb->len != 0 ? " " : "", text);
}

static void
append_names(struct strbuf *sb, struct strbuf *names, const char *none)
{
	sb_printf(sb, "%s", names->len != 0 ? names->s : none);
	sb_free(names);
}

void
gm_accept_ciphers(struct strbuf *sb, const struct gm_group *gm)
{
	const struct gdoi_accept *a = accept_of(gm);
	struct strbuf names = { 0 };

	name(&names, a->des3, "3des-cbc");
	name(&names, a->aes128, "aes 128");
	name(&names, a->aes192, "aes 192");
	name(&names, a->aes256, "aes 256");
	name(&names, a->des, "des-cbc");
	append_names(sb, &names, "any");
}

void
gm_accept_hashes(struct strbuf *sb, const struct gm_group *gm)
{
	const struct gdoi_accept *a = accept_of(gm);
	struct strbuf names = { 0 };

	name(&names, a->sha1, "sha");
	name(&names, a->sha256, "sha256");
	name(&names, a->sha384, "sha384");
	name(&names, a->sha512, "sha512");
	append_names(sb, &names, "any");
}

void
gm_accept_sets(struct strbuf *sb, const struct gm_group *gm)
{
	const struct gdoi_accept *a = accept_of(gm);
	struct strbuf names = { 0 };
	const char *set;

	for (unsigned i = 0; (set = conf_set_name(&a->sets, i)) != NULL; i++)
		name(&names, true, set);
	append_names(sb, &names, "any ESP");
}

static bool
cipher_allowed(const struct gdoi_accept *a, const struct gdoi_kek *k)
{
	if (!a->des && !a->des3 && !a->aes128 && !a->aes192 && !a->aes256)
		return true;
	switch (k->cipher) {
	case ESP_DES:
		return a->des;
	case ESP_3DES:
		return a->des3;
	case ESP_AES_CBC:
		return k->key_bits == 128 ? a->aes128 :
		    k->key_bits == 192 ? a->aes192 : a->aes256;
	default:
		return false;
	}
}

static bool
hash_allowed(const struct gdoi_accept *a, uint8_t hash)
{
	if (!a->sha1 && !a->sha256 && !a->sha384 && !a->sha512)
		return true;
	return (hash == ESP_AUTH_SHA1 && a->sha1) ||
	    (hash == ESP_AUTH_SHA256 && a->sha256) ||
	    (hash == ESP_AUTH_SHA384 && a->sha384) ||
	    (hash == ESP_AUTH_SHA512 && a->sha512);
}

static bool
same_transform(const struct esp_transform *a, const struct esp_transform *b)
{
	return a->cipher == b->cipher && a->auth == b->auth &&
	    a->key_bits == b->key_bits;
}

/* A set that does not exist allows nothing. */
static bool
transform_allowed(const struct gm_group *gm, const struct gdoi_accept *a,
    const struct esp_transform *t)
{
	const struct transform_set *s;
	const char *set;

	if (a->sets.set1[0] == '\0')
		return true;
	for (unsigned i = 0; (set = conf_set_name(&a->sets, i)) != NULL; i++) {
		s = conf_find_transform_set(gm->g->conf, set);
		if (s != NULL && s->ah == 0 && !s->unknown &&
		    same_transform(&s->esp, t))
			return true;
	}
	return false;
}

/* ---- entries of the policy ---- */

bool
gm_ace_equal(const struct ace *a, const struct ace *b)
{
	return a->action == b->action && a->proto == b->proto &&
	    a->src == b->src && a->src_wild == b->src_wild &&
	    a->dst == b->dst && a->dst_wild == b->dst_wild &&
	    a->sport.op == b->sport.op && a->sport.lo == b->sport.lo &&
	    a->dport.op == b->dport.op && a->dport.lo == b->dport.lo;
}

static bool
replay_ok(const struct gdoi_sat *s)
{
	switch (s->replay) {
	case REPLAY_NONE:
		return true;
	case REPLAY_COUNTER:
		return s->window == 64 || s->window == 128 ||
		    s->window == 256 || s->window == 512 || s->window == 1024;
	case REPLAY_TIME:
		return s->window >= 1 && s->window <= 100;
	default:
		return false;
	}
}

/* `permit udp ... eq 848`: the members could never talk to a key server. A
 * permit of everything is another matter, each member exempts its own. */
static bool
names_key_traffic(const struct ace *a)
{
	return a->action == ACE_PERMIT && a->proto == PROTO_UDP &&
	    ((a->sport.op == ACE_OP_EQ && a->sport.lo == ISAKMP_PORT) ||
	    (a->dport.op == ACE_OP_EQ && a->dport.lo == ISAKMP_PORT));
}

static const char *
check_entry(const struct gm_group *gm, const struct gdoi_accept *accept,
    const struct gdoi_sat *s)
{
	if (!replay_ok(s))
		return "replay window that does not exist";
	if (s->life > GDOI_LIFE_MAX)
		return "TEK lifetime of more than 30 days";
	if (names_key_traffic(&s->ace))
		return "an entry would encrypt the key traffic";
	if (!ace_has_ports(&s->ace) &&
	    (s->ace.sport.op != ACE_OP_ANY || s->ace.dport.op != ACE_OP_ANY))
		return "an entry has ports without TCP or UDP";
	if (!transform_allowed(gm, accept, &s->transform)) {
		ike_log_limited(gm->g->ike, gm->addr, LOG_GM_REKEY_TRANSFORM,
		    gm->name);
		return "TEK transform is not among client transform-sets";
	}
	return NULL;
}

/* One SPI is one SA: all entries with it say the same. Remaining lifetimes
 * may differ by the second that went by as they were written. */
static const char *
check_same(const struct gdoi_sat *a, const struct gdoi_sat *b)
{
	if (!same_transform(&a->transform, &b->transform))
		return "one TEK with different algorithms";
	if (a->replay != b->replay || a->window != b->window)
		return "one TEK with different replay methods";
	if (a->sa_index != b->sa_index)
		return "one TEK in different SAs";
	return NULL;
}

/* What the packet process gets must be all of it, or it would send in clear
 * what the rest of the list encrypts. (Local entries that find no room behind
 * it are left out: gm_list.c.) An entry that comes again with another TEK
 * counts once. */
static const char *
check_entries(const struct gdoi_sa_msg *sa)
{
	unsigned i, j, n = 0, permits = 0;

	for (i = 0; i < sa->n; i++) {
		const struct ace *a = &sa->sats[i].ace;

		if (sa->sats[i].receive_only != sa->sats[0].receive_only)
			return "entries of different directions";
		for (j = 0; j < i; j++)
			if (gm_ace_equal(a, &sa->sats[j].ace))
				break;
		n += j == i;
		permits += j == i && a->action == ACE_PERMIT;
	}
	if (permits > GDOI_PERMITS_MAX)
		return "more than 100 permit entries";
	return n > SA_POLICY_MAX - GM_BYPASS_MAX ? "too many entries" : NULL;
}

/* ---- TEKs ---- */

static bool
of_another_group(const struct gm_group *gm, uint32_t spi)
{
	const struct gm_group *o;

	TAILQ_FOREACH(o, &gm->g->gm, link)
		if (o != gm && gm_find_tek(o, spi) != NULL)
			return true;
	return false;
}

/* The packet process finds an SA by its SPI alone. */
static const char *
check_known(const struct gm_group *gm, const struct gdoi_sat *s)
{
	const struct gm_tek *known = gm_find_tek(gm, s->spi);

	if (known != NULL && !same_transform(&known->t.transform,
	    &s->transform))
		return "a known TEK changed its algorithms";
	if (known == NULL && of_another_group(gm, s->spi))
		return "the SPI of a TEK belongs to another group";
	return NULL;
}

/* The first entry of each TEK; what the others say is the same. */
struct firsts {
	const struct gdoi_sat *v[GDOI_TEKS_MAX];
	unsigned n, fresh;
};

static const char *
collect(const struct gm_group *gm, const struct gdoi_sa_msg *sa,
    struct firsts *f)
{
	const struct gm_tek *t;
	const char *bad;
	unsigned i, j, have = 0;

	for (i = 0; i < sa->n; i++) {
		const struct gdoi_sat *s = &sa->sats[i];

		for (j = 0; j < f->n && f->v[j]->spi != s->spi; j++)
			;
		if (j < f->n) {
			if ((bad = check_same(f->v[j], s)) != NULL)
				return bad;
			continue;
		}
		if (f->n == GDOI_TEKS_MAX)
			return "too many TEKs";
		if ((bad = check_known(gm, s)) != NULL)
			return bad;
		f->fresh += gm_find_tek(gm, s->spi) == NULL;
		f->v[f->n++] = s;
	}
	TAILQ_FOREACH(t, &gm->teks, link)
		have++;
	/* pushes could add up */
	return f->fresh > 0 && have + f->fresh > GDOI_TEKS_MAX ?
	    "too many TEKs" : NULL;
}

static bool
same_key(const struct gm_tek *t, const struct gdoi_tek_key *k)
{
	size_t len = t->t.key.len;

	return k->key.len >= len &&
	    bytes_equal(t->t.key.data, k->key.data, len) &&
	    t->t.auth_key.len == k->auth_key.len &&
	    bytes_equal(t->t.auth_key.data, k->auth_key.data,
	    k->auth_key.len);
}

static const char *
check_tek_key(const struct gm_group *gm, const struct gdoi_sat *s,
    const struct gdoi_tek_key *k)
{
	const struct gm_tek *known = gm_find_tek(gm, s->spi);

	if (k == NULL)
		return known != NULL ? NULL : "TEK without key";
	if (k->key.len != esp_salted_key_len(&s->transform) ||
	    k->auth_key.len != esp_auth_key_len(&s->transform))
		return "TEK key length";
	if (known != NULL && !same_key(known, k))
		return "a known TEK changed its key";
	return NULL;
}

static const char *
check_keys(const struct gm_group *gm, const struct firsts *f,
    const struct gdoi_kd_msg *kd)
{
	const struct gdoi_tek_key *of[GDOI_TEKS_MAX] = { NULL };
	const char *bad;
	unsigned i, j;

	for (i = 0; i < kd->n; i++) {
		for (j = 0; j < f->n && f->v[j]->spi != kd->teks[i].spi; j++)
			;
		if (j == f->n)
			return "key of a TEK that the policy does not have";
		if (of[j] != NULL)
			return "two keys for one TEK";
		of[j] = &kd->teks[i];
	}
	for (j = 0; j < f->n; j++)
		if ((bad = check_tek_key(gm, f->v[j], of[j])) != NULL)
			return bad;
	return NULL;
}

/* ---- the KEK ---- */

static const char *
check_sak(const struct gm_group *gm, const struct gdoi_accept *accept,
    const struct gdoi_kek *k)
{
	const struct gm_group *o;

	bool cipher = cipher_allowed(accept, k);

	if (!cipher || !hash_allowed(accept, k->sig_hash)) {
		ike_log_limited(gm->g->ike, gm->addr, LOG_GM_REKEY_CIPHER_HASH,
		    gm->name);
		return cipher ? "signature hash is not among client rekey hash"
		    : "KEK algorithm is not among client rekey encryption";
	}
	if (k->life > GDOI_LIFE_MAX)
		return "KEK lifetime of more than 30 days";
	TAILQ_FOREACH(o, &gm->g->gm, link)
		if (o != gm && o->has_kek &&
		    memcmp(o->kek.spi, k->spi, KEK_SPI_LEN) == 0)
			return "the SPI of the KEK belongs to another group";
	if (gm_has_kek(gm, k) &&
	    (gm->kek.cipher != k->cipher || gm->kek.key_bits != k->key_bits ||
	    gm->kek.sig_hash != k->sig_hash))
		return "a known KEK changed its algorithms";
	return NULL;
}

static bool
same_kek_key(const struct gm_group *gm, const struct gdoi_kd_msg *kd)
{
	size_t iv = gm->kek.iv.len;

	return kd->kek.len == iv + gm->kek.key.len &&
	    bytes_equal(gm->kek.iv.data, kd->kek.data, iv) &&
	    bytes_equal(gm->kek.key.data, kd->kek.data + iv,
	    gm->kek.key.len) &&
	    kd->pub_len == gm->kek.pub_len &&
	    memcmp(kd->pub, gm->kek.pub, kd->pub_len) == 0;
}

static const char *
check_kek_key(const struct gm_group *gm, const struct gdoi_kek *sak,
    const struct gdoi_kd_msg *kd)
{
	size_t want = gdoi_kek_iv_len(sak->cipher) +
	    gdoi_kek_key_len(sak->cipher, sak->key_bits);
	unsigned bits;

	if (!kd->has_kek || memcmp(kd->kek_spi, sak->spi, KEK_SPI_LEN) != 0)
		return "KEK without key";
	if (kd->kek.len != want)
		return "KEK key length";
	bits = kd->pub_len != 0 ? rsa_pub_bits(kd->pub, kd->pub_len) : 0;
	if (bits == 0)
		return "KEK without a good public key";
	if (sak->sig_bits != 0 && sak->sig_bits != bits)
		return "signature key length";
	if (gm_has_kek(gm, sak) && !same_kek_key(gm, kd))
		return "a known KEK changed its key";
	return NULL;
}

/* ---- the whole ---- */

const char *
gm_check(const struct gm_group *gm, const struct gdoi_sa_msg *sa,
    const struct gdoi_kd_msg *kd)
{
	const struct gdoi_accept *accept = accept_of(gm);
	struct firsts f = { .n = 0 };
	const char *bad;
	unsigned i;

	for (i = 0; i < sa->n; i++)
		if ((bad = check_entry(gm, accept, &sa->sats[i])) != NULL)
			return bad;
	if ((bad = collect(gm, sa, &f)) != NULL ||
	    (bad = gm_clock_check(gm, sa)) != NULL ||
	    (bad = check_entries(sa)) != NULL)
		return bad;
	if (sa->has_kek && (bad = check_sak(gm, accept, &sa->kek)) != NULL)
		return bad;
	if (kd == NULL)
		return NULL;
	if ((bad = check_keys(gm, &f, kd)) != NULL)
		return bad;
	if (!sa->has_kek)
		return kd->has_kek ? "key of a KEK that is not announced" :
		    NULL;
	return check_kek_key(gm, &sa->kek, kd);
}
