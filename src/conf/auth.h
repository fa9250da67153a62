/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Passwords as configurations hold them. The types are those of IOS: 0 clear
 * text, 5 MD5-crypt, 7 reversible (hides from a glance, protects nothing),
 * 8 PBKDF2-SHA256 (20,000 rounds), 9 scrypt (N 16384, r 1, p 1). A secret
 * that is entered in clear text becomes type 9 at once.
 */
#ifndef COHORT_AUTH_H
#define COHORT_AUTH_H

#include "base/base.h"

#define SECRET_MAX 128

enum secret_kind { SECRET_NONE, SECRET_SECRET, SECRET_PASSWORD,
	SECRET_NOPASSWORD };

struct secret {
	uint8_t kind; /* enum secret_kind */
	uint8_t type; /* 0, 5, 7, 8, 9 */
	char text[SECRET_MAX];
};

/* What is to be kept of what was typed. kept holds the secret of before: when
 * the same is typed again it stays, salt and all. hide: passwords in type 7. */
void secret_keep(struct secret *kept, const struct secret *typed, bool hide);
/* Whether the password is that. A text that its type cannot read is never. */
bool secret_check(const struct secret *, const char *given) MUST_USE;
/* "secret 9 $9$...", "password 7 ...", "nopassword", "". */
void secret_print(const struct secret *, struct strbuf *);

/* For type 5, 8, 9: the hash with the salt of `like`, or with a new one of
 * its own when that is NULL (8 and 9). -1: not a text of that type. */
int secret_hash(unsigned type, const char *plain, const char *like,
    char out[SECRET_MAX]) MUST_USE;
/* Type 7. -1: malformed, or too long. */
int secret_hide(const char *plain, char out[SECRET_MAX]) MUST_USE;
int secret_reveal(const char *hidden, char out[SECRET_MAX]) MUST_USE;

#endif
