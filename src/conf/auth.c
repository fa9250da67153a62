/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Password types of IOS configurations (auth.h), by OpenSSL and libcrypt.
 */
#include "config.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/auth.h"

#define SALT_LEN 14
#define HASH_LEN 32
#define PBKDF2_ROUNDS 20000
#define SCRYPT_N 16384

static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz";

/* Base64 in the order of bits of RFC 4648, with crypt's alphabet, unpadded. */
static void
encode64(const uint8_t *in, size_t len, char *out)
{
	size_t i;

	for (i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		if (i + 1 < len)
			*out++ = alphabet[v >> 6 & 63];
		if (i + 2 < len)
			*out++ = alphabet[v & 63];
	}
	*out = '\0';
}

/* The salt of "$9$SALT$HASH", or a new one. */
static int
salt_of(unsigned type, const char *like, char salt[SALT_LEN + 1])
{
	uint8_t rnd[SALT_LEN];
	int i;

	if (like == NULL) {
		if (RAND_bytes(rnd, sizeof(rnd)) != 1)
			fatal("no random numbers");
		for (i = 0; i < SALT_LEN; i++)
			salt[i] = alphabet[rnd[i] & 63];
	} else {
		if (like[0] != '$' || like[1] != (char)('0' + type) ||
		    like[2] != '$' || strlen(like) < 3 + SALT_LEN + 1 ||
		    memchr(like + 3, '$', SALT_LEN) != NULL ||
		    like[3 + SALT_LEN] != '$')
			return -1;
		memcpy(salt, like + 3, SALT_LEN);
	}
	salt[SALT_LEN] = '\0';
	return 0;
}

static int
hash_crypt(const char *plain, const char *like, char out[SECRET_MAX])
{
	struct crypt_data *data;
	const char *got;
	int ret = -1;

	if (like == NULL || strncmp(like, "$1$", 3) != 0)
		return -1;
	data = xcalloc(1, sizeof(*data));
	got = crypt_r(plain, like, data);
	if (got != NULL && got[0] == '$' && strlen(got) < SECRET_MAX) {
		str_copy(out, got, SECRET_MAX);
		ret = 0;
	}
	explicit_bzero(data, sizeof(*data));
	free(data);
	return ret;
}

int
secret_hash(unsigned type, const char *plain, const char *like,
    char out[SECRET_MAX])
{
	char salt[SALT_LEN + 1], text[HASH_LEN * 2];
	uint8_t hash[HASH_LEN];
	int ok;

	if (type == 5)
		return hash_crypt(plain, like, out);
	if ((type != 8 && type != 9) || salt_of(type, like, salt) == -1)
		return -1;
	if (type == 8)
		ok = PKCS5_PBKDF2_HMAC(plain, (int)strlen(plain),
		    (const unsigned char *)salt, SALT_LEN, PBKDF2_ROUNDS,
		    EVP_sha256(), HASH_LEN, hash);
	else
		ok = EVP_PBE_scrypt(plain, strlen(plain),
		    (const unsigned char *)salt, SALT_LEN, SCRYPT_N, 1, 1, 0,
		    hash, HASH_LEN);
	if (ok != 1)
		return -1;
	encode64(hash, HASH_LEN, text);
	snprintf(out, SECRET_MAX, "$%u$%s$%s", type, salt, text);
	explicit_bzero(hash, sizeof(hash));
	return 0;
}

/* ---- type 7: exclusive or with a text that everybody knows ---- */

static const char mask[] = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k"
			   ";fg87";
#define MASK_LEN (sizeof(mask) - 1)
#define SEEDS 16

int
secret_hide(const char *plain, char out[SECRET_MAX])
{
	size_t i, len = strlen(plain);
	uint8_t seed;

	if (2 + 2 * len >= SECRET_MAX)
		return -1;
	if (RAND_bytes(&seed, 1) != 1)
		fatal("no random numbers");
	seed %= SEEDS;
	snprintf(out, SECRET_MAX, "%02u", seed);
	for (i = 0; i < len; i++)
		snprintf(out + 2 + 2 * i, 3, "%02X", (unsigned)((uint8_t)
		    plain[i] ^ (uint8_t)mask[(seed + i) % MASK_LEN]));
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
secret_reveal(const char *hidden, char out[SECRET_MAX])
{
	size_t i, len = strlen(hidden);
	unsigned seed;

	if (len < 4 || len % 2 != 0 || len >= 2 * SECRET_MAX ||
	    hidden[0] < '0' || hidden[0] > '9' || hidden[1] < '0' ||
	    hidden[1] > '9')
		return -1;
	seed = (unsigned)(hidden[0] - '0') * 10 + (unsigned)(hidden[1] - '0');
	for (i = 0; 2 + 2 * i < len; i++) {
		int hi = hex_digit(hidden[2 + 2 * i]);
		int lo = hex_digit(hidden[3 + 2 * i]);

		if (hi < 0 || lo < 0)
			return -1;
		out[i] = (char)((hi << 4 | lo) ^
		    mask[(seed + i) % MASK_LEN]);
		if (out[i] == '\0')
			return -1;
	}
	out[i] = '\0';
	return 0;
}

/* ---- secrets ---- */

static bool
same_text(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	return CRYPTO_memcmp(a, b, la < lb ? la : lb) == 0 && la == lb;
}

bool
secret_check(const struct secret *s, const char *given)
{
	char text[SECRET_MAX];
	bool same = false;

	if (s->kind == SECRET_NOPASSWORD)
		return true;
	if (s->kind == SECRET_NONE || s->text[0] == '\0')
		return false;
	if (s->type == 0)
		return same_text(s->text, given);
	if (s->type == 7)
		same = secret_reveal(s->text, text) == 0 &&
		    same_text(text, given);
	else if (secret_hash(s->type, given, s->text, text) == 0)
		same = same_text(s->text, text);
	explicit_bzero(text, sizeof(text));
	return same;
}

void
secret_keep(struct secret *kept, const struct secret *typed, bool hide)
{
	struct secret new = *typed;
	bool clear = typed->type == 0 &&
	    (typed->kind == SECRET_SECRET || typed->kind == SECRET_PASSWORD);

	if (typed->kind == SECRET_NONE)
		return;
	/* a clear text that stays one must be seen to change to type 7 */
	if (clear && kept->kind == typed->kind &&
	    (kept->type != 0 || !hide) && secret_check(kept, typed->text))
		new = *kept;
	else if (clear && typed->kind == SECRET_SECRET) {
		new.type = 9;
		if (secret_hash(9, typed->text, NULL, new.text) == -1)
			fatal("scrypt");
	} else if (clear && hide && secret_hide(typed->text, new.text) == 0)
		new.type = 7;
	*kept = new;
	explicit_bzero(&new, sizeof(new));
}

void
secret_print(const struct secret *s, struct strbuf *sb)
{
	switch (s->kind) {
	case SECRET_NOPASSWORD:
		sb_printf(sb, "nopassword");
		break;
	case SECRET_SECRET:
		sb_printf(sb, "secret %u %s", s->type, s->text);
		break;
	case SECRET_PASSWORD:
		if (s->type == 0)
			sb_printf(sb, "password 0 %s", s->text);
		else
			sb_printf(sb, "password %u %s", s->type, s->text);
		break;
	default:
		break;
	}
}
