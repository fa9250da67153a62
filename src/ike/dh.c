/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Diffie-Hellman with the big numbers and points of OpenSSL: uniform over all
 * groups, exponents short where that is safe (RFC 3526 section 8), and no
 * generator of randomness of its own. Runs in process ike.
 */
#include "config.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

#include "ike/dh.h"

static struct dh_group {
	unsigned number;
	size_t len;	 /* octets of the prime */
	size_t priv_len; /* octets of a private value */
	BIGNUM *(*prime)(BIGNUM *);
	int nid;	 /* of the curve */
	BIGNUM *p, *g, *q; /* filled at first use */
	BN_MONT_CTX *mont;
	EC_GROUP *curve;
} groups[] = {
	{ .number = 1, .len = 96, .priv_len = 24,
	    .prime = BN_get_rfc2409_prime_768 },
	{ .number = 2, .len = 128, .priv_len = 24,
	    .prime = BN_get_rfc2409_prime_1024 },
	{ .number = 5, .len = 192, .priv_len = 28,
	    .prime = BN_get_rfc3526_prime_1536 },
	{ .number = 14, .len = 256, .priv_len = 32,
	    .prime = BN_get_rfc3526_prime_2048 },
	{ .number = 15, .len = 384, .priv_len = 40,
	    .prime = BN_get_rfc3526_prime_3072 },
	{ .number = 16, .len = 512, .priv_len = 48,
	    .prime = BN_get_rfc3526_prime_4096 },
	{ .number = 24, .len = 256, .priv_len = 32 },
	{ .number = 19, .len = 32, .priv_len = 32,
	    .nid = NID_X9_62_prime256v1 },
	{ .number = 20, .len = 48, .priv_len = 48,
	    .nid = NID_secp384r1 },
	{ .number = 21, .len = 66, .priv_len = 66,
	    .nid = NID_secp521r1 },
};

struct dh {
	struct dh_group *g;
	BIGNUM *x;
};

static BN_CTX *bn;

static struct dh_group *
find_group(unsigned number)
{
	size_t i;

	for (i = 0; i < NELEM(groups); i++)
		if (groups[i].number == number)
			return &groups[i];
	return NULL;
}

/* Group 24 with its subgroup (RFC 5114 2.3), which OpenSSL knows by name. */
static void
load_group24(struct dh_group *g)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DHX", NULL);
	EVP_PKEY *pk = NULL;
	OSSL_PARAM params[2];
	char name[] = "dh_2048_256";

	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (ctx == NULL || EVP_PKEY_paramgen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_params(ctx, params) != 1 ||
	    EVP_PKEY_paramgen(ctx, &pk) != 1 ||
	    EVP_PKEY_get_bn_param(pk, OSSL_PKEY_PARAM_FFC_P, &g->p) != 1 ||
	    EVP_PKEY_get_bn_param(pk, OSSL_PKEY_PARAM_FFC_G, &g->g) != 1 ||
	    EVP_PKEY_get_bn_param(pk, OSSL_PKEY_PARAM_FFC_Q, &g->q) != 1)
		fatal("OpenSSL: group 24");
	EVP_PKEY_free(pk);
	EVP_PKEY_CTX_free(ctx);
}

static void
load_group(struct dh_group *g)
{
	if (bn == NULL && (bn = BN_CTX_secure_new()) == NULL)
		fatal("OpenSSL: no big numbers");
	if (g->nid != 0) {
		if (g->curve == NULL && (g->curve =
		    EC_GROUP_new_by_curve_name(g->nid)) == NULL)
			fatal("OpenSSL: group %u", g->number);
		return;
	}
	if (g->p != NULL)
		return;
	if (g->prime == NULL) {
		load_group24(g);
	} else {
		g->p = g->prime(NULL);
		g->g = BN_new();
		if (g->p == NULL || g->g == NULL || !BN_set_word(g->g, 2))
			fatal("OpenSSL: group %u", g->number);
	}
	g->mont = BN_MONT_CTX_new();
	if (g->mont == NULL || !BN_MONT_CTX_set(g->mont, g->p, bn))
		fatal("OpenSSL: group %u", g->number);
}

size_t
dh_pub_len(unsigned group)
{
	const struct dh_group *g = find_group(group);

	return g == NULL ? 0 : g->nid != 0 ? 2 * g->len : g->len;
}

size_t
dh_shared_len(unsigned group)
{
	const struct dh_group *g = find_group(group);

	return g == NULL ? 0 : g->len;
}

size_t
dh_priv_len(unsigned group)
{
	const struct dh_group *g = find_group(group);

	return g == NULL ? 0 : g->priv_len;
}

struct dh *
dh_new(unsigned group, const uint8_t *random, size_t len)
{
	struct dh_group *g = find_group(group);
	struct dh *dh = xcalloc(1, sizeof(*dh));

	if (g == NULL || len != g->priv_len)
		fatal("dh_new: group %u, %zu octets", group, len);
	load_group(g);
	dh->g = g;
	dh->x = BN_secure_new();
	if (dh->x == NULL || BN_bin2bn(random, (int)len, dh->x) == NULL)
		fatal("OpenSSL: dh_new");
	/* 1..order-1; the bias of the reduction of 521 bits is in the top
	 * bits that are cut off here */
	if (g->nid != 0) {
		const BIGNUM *n = EC_GROUP_get0_order(g->curve);

		(void)BN_mask_bits(dh->x, BN_num_bits(n));
		if (BN_cmp(dh->x, n) >= 0 && !BN_sub(dh->x, dh->x, n))
			fatal("OpenSSL: dh_new");
	}
	if (BN_is_zero(dh->x) || BN_is_one(dh->x))
		BN_set_word(dh->x, 2);
	BN_set_flags(dh->x, BN_FLG_CONSTTIME);
	return dh;
}

void
dh_free(struct dh *dh)
{
	if (dh == NULL)
		return;
	BN_clear_free(dh->x);
	free(dh);
}

/* r = base ^ x mod p, in constant time in x. */
static void
modp_power(const struct dh *dh, const BIGNUM *base, uint8_t *out)
{
	struct dh_group *g = dh->g;
	BIGNUM *r = BN_secure_new();

	if (r == NULL || !BN_mod_exp_mont_consttime(r, base, dh->x, g->p, bn,
	    g->mont) || BN_bn2binpad(r, out, (int)g->len) < 0)
		fatal("OpenSSL: group %u", g->number);
	BN_clear_free(r);
}

/* x * point, or x * generator; writes x and, if y is true, y. */
static bool
curve_multiply(const struct dh *dh, const EC_POINT *point, uint8_t *out,
    bool y)
{
	struct dh_group *g = dh->g;
	EC_POINT *r = EC_POINT_new(g->curve);
	BIGNUM *rx = BN_secure_new(), *ry = BN_secure_new();
	bool ok;

	if (r == NULL || rx == NULL || ry == NULL)
		fatal("OpenSSL: group %u", g->number);
	if (point == NULL)
		ok = EC_POINT_mul(g->curve, r, dh->x, NULL, NULL, bn) == 1;
	else
		ok = EC_POINT_mul(g->curve, r, NULL, point, dh->x, bn) == 1;
	ok = ok && !EC_POINT_is_at_infinity(g->curve, r) &&
	    EC_POINT_get_affine_coordinates(g->curve, r, rx, ry, bn) == 1 &&
	    BN_bn2binpad(rx, out, (int)g->len) > 0 &&
	    (!y || BN_bn2binpad(ry, out + g->len, (int)g->len) > 0);
	EC_POINT_clear_free(r);
	BN_clear_free(rx);
	BN_clear_free(ry);
	return ok;
}

void
dh_public(const struct dh *dh, uint8_t *out)
{
	if (dh->g->nid == 0)
		modp_power(dh, dh->g->g, out);
	else if (!curve_multiply(dh, NULL, out, true))
		fatal("OpenSSL: group %u", dh->g->number);
}

/* 2 <= y <= p-2, and y^q = 1 where the subgroup is known. */
static bool
modp_valid(const struct dh_group *g, const BIGNUM *y)
{
	BIGNUM *t = BN_new();
	bool ok;

	if (t == NULL || BN_copy(t, g->p) == NULL || !BN_sub_word(t, 1))
		fatal("OpenSSL: group %u", g->number);
	ok = !BN_is_zero(y) && !BN_is_one(y) && BN_cmp(y, t) < 0;
	if (ok && g->q != NULL)
		ok = BN_mod_exp_mont(t, y, g->q, g->p, bn, g->mont) == 1 &&
		    BN_is_one(t);
	BN_free(t);
	return ok;
}

static bool
modp_shared(const struct dh *dh, const uint8_t *peer, uint8_t *out)
{
	BIGNUM *y = BN_bin2bn(peer, (int)dh->g->len, NULL);
	bool ok;

	if (y == NULL)
		fatal("OpenSSL: group %u", dh->g->number);
	ok = modp_valid(dh->g, y);
	if (ok)
		modp_power(dh, y, out);
	BN_free(y);
	return ok;
}

static bool
curve_shared(const struct dh *dh, const uint8_t *peer, uint8_t *out)
{
	struct dh_group *g = dh->g;
	BIGNUM *x = BN_bin2bn(peer, (int)g->len, NULL);
	BIGNUM *y = BN_bin2bn(peer + g->len, (int)g->len, NULL);
	EC_POINT *point = EC_POINT_new(g->curve);
	bool ok;

	if (x == NULL || y == NULL || point == NULL)
		fatal("OpenSSL: group %u", g->number);
	/* this also checks that the point is on the curve */
	ok = EC_POINT_set_affine_coordinates(g->curve, point, x, y, bn) == 1 &&
	    curve_multiply(dh, point, out, false);
	EC_POINT_free(point);
	BN_free(x);
	BN_free(y);
	return ok;
}

bool
dh_shared(const struct dh *dh, const uint8_t *peer, size_t len, uint8_t *out)
{
	if (len != dh_pub_len(dh->g->number))
		return false;
	return dh->g->nid == 0 ? modp_shared(dh, peer, out) :
	    curve_shared(dh, peer, out);
}
