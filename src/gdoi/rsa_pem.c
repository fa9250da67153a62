/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RSA keys as PEM text: what `crypto key export` writes (SubjectPublicKeyInfo,
 * and PKCS#1 under a passphrase: RFC 7468, RFC 1421 4.6), and what `import`
 * takes of it, of OpenSSL's older and newer forms, and of terminals that add
 * blanks and carriage returns. Runs in process ike.
 */
#include "config.h"

#include <ctype.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "gdoi/rsa.h"

static void
take(BIO *bio, struct strbuf *out)
{
	char *pem;
	long len = BIO_get_mem_data(bio, &pem);

	if (len > 0)
		sb_add(out, pem, (size_t)len);
}

void
rsa_pem_public(const struct rsa_key *k, struct strbuf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL || PEM_write_bio_PUBKEY(bio, k->pkey) != 1)
		fatal("OpenSSL: key %s cannot be written", k->label);
	take(bio, out);
	BIO_free(bio);
}

bool
rsa_pem_private(const struct rsa_key *k, enum rsa_wrap wrap, const char *pass,
    struct strbuf *out)
{
	const EVP_CIPHER *c = wrap == RSA_WRAP_3DES ? EVP_des_ede3_cbc() :
	    EVP_aes_256_cbc();
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok;

	ok = bio != NULL && PEM_write_bio_PrivateKey_traditional(bio, k->pkey,
	    c, (const unsigned char *)pass, (int)strlen(pass), NULL, NULL) ==
	    1;
	if (ok)
		take(bio, out);
	BIO_free(bio);
	return ok;
}

/* ---- reading ---- */

/* Lines without what a terminal or an editor added. A blank line stands
 * behind headers (DEK-Info) only: there it is needed. */
void
rsa_pem_clean(const char *text, struct strbuf *out)
{
	bool inside = false, headers = false;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n"), len = n;
		const char *p = text;

		text += n + (text[n] == '\n');
		while (len > 0 && isspace((unsigned char)p[len - 1]))
			len--;
		while (len > 0 && isspace((unsigned char)*p))
			p++, len--;
		if (len >= 11 && strncmp(p, "-----BEGIN ", 11) == 0) {
			inside = true;
			headers = false;
		}
		if (len == 0 || !inside)
			continue;
		if (memchr(p, ':', len) != NULL)
			headers = true;
		else if (headers) {
			sb_add(out, "\n", 1);
			headers = false;
		}
		sb_add(out, p, len);
		sb_add(out, "\n", 1);
		if (len >= 9 && strncmp(p, "-----END ", 9) == 0)
			inside = false;
	}
}

/* Also a certificate, or PKCS#1. */
static EVP_PKEY *
read_public(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *pk = NULL;
	X509 *cert;

	if (bio == NULL)
		return NULL;
	if (strstr(pem, "BEGIN CERTIFICATE") != NULL) {
		cert = PEM_read_bio_X509(bio, NULL, rsa_no_pass, NULL);
		pk = cert != NULL ? X509_get_pubkey(cert) : NULL;
		X509_free(cert);
	} else {
		pk = PEM_read_bio_PUBKEY(bio, NULL, rsa_no_pass, NULL);
	}
	BIO_free(bio);
	return pk;
}

struct pass {
	const char *text;
	bool asked;
};

static int
give_pass(char *buf, int size, int rwflag UNUSED, void *arg)
{
	struct pass *p = arg;
	size_t len = strlen(p->text);

	p->asked = true;
	if (len > (size_t)size)
		return -1;
	memcpy(buf, p->text, len);
	return (int)len;
}

static EVP_PKEY *
read_private(const char *pem, const char *text, const char **why)
{
	struct pass pass = { text, false };
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *pk = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, give_pass, &pass);

	BIO_free(bio);
	if (pk != NULL)
		return pk;
	if (strstr(pem, "PRIVATE KEY-----") == NULL)
		*why = "there is no private key in PEM form";
	else if (strstr(pem, "DEK-Info: DES-CBC") != NULL)
		*why = "it is encrypted with DES, which is not supported";
	else if (pass.asked)
		*why = "the passphrase is wrong, or the key is damaged";
	else
		*why = "the private key is damaged";
	return NULL;
}

/* NULL, or what is wrong with it. */
static const char *
judge(EVP_PKEY *pk)
{
	EVP_PKEY_CTX *ctx;
	int bits, good;

	if (!EVP_PKEY_is_a(pk, "RSA"))
		return "it is not an RSA key";
	bits = EVP_PKEY_get_bits(pk);
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return "its modulus does not have 512 to 4096 bits";
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pk, NULL);
	good = ctx != NULL && EVP_PKEY_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good ? NULL : "its numbers do not fit together";
}

void *
rsa_pem_read(const char *pub, const char *priv, const char *pass,
    const char **why)
{
	struct strbuf a = { 0 }, b = { 0 };
	EVP_PKEY *public = NULL, *pk = NULL;

	*why = NULL;
	rsa_pem_clean(pub, &a);
	rsa_pem_clean(priv, &b);
	if (a.len != 0 && (public = read_public(a.s)) == NULL)
		*why = "the public key is damaged";
	else if ((pk = read_private(b.len != 0 ? b.s : "", pass, why)) != NULL)
		*why = judge(pk);
	if (*why == NULL && public != NULL && EVP_PKEY_eq(public, pk) != 1)
		*why = "the public key is not that of the private key";
	if (*why != NULL) {
		EVP_PKEY_free(pk);
		pk = NULL;
	}
	EVP_PKEY_free(public);
	ERR_clear_error();
	if (b.s != NULL)
		explicit_bzero(b.s, b.cap);
	sb_free(&a);
	sb_free(&b);
	return pk;
}
