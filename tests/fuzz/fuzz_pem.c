/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: PEM text that people paste or keep in files, and the text of the
 * stored keys. The first octet chooses: a pair of texts for `crypto key
 * import` with an empty line of hyphens between them, or a store. What is
 * taken is saved and must be taken again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/rsa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BETWEEN "\n----\n"

static void
load_again(const struct rsa_store *s)
{
	struct rsa_store *again = rsa_store_new();
	struct strbuf one = { 0 }, two = { 0 };

	rsa_store_save(s, &one);
	if (one.len != 0) {
		if (rsa_store_load(again, one.s, one.len) != 0)
			abort();
		rsa_store_save(again, &two);
		if (two.s == NULL || strcmp(one.s, two.s) != 0)
			abort();
	}
	sb_free(&one);
	sb_free(&two);
	rsa_store_free(again);
}

static void
store(const char *text, size_t len)
{
	struct rsa_store *s = rsa_store_new();

	if (rsa_store_load(s, text, len) == 0)
		load_again(s);
	else if (rsa_first(s) != NULL)
		abort();
	rsa_store_free(s);
}

static void
pair(char *text)
{
	struct rsa_store *s = rsa_store_new();
	char *priv = strstr(text, BETWEEN);
	const char *why = NULL;
	struct strbuf sb = { 0 };
	void *pk;

	if (priv != NULL) {
		*priv = '\0';
		priv += strlen(BETWEEN);
	}
	pk = rsa_pem_read(text, priv != NULL ? priv : "", "passphrase", &why);
	if ((pk == NULL) != (why != NULL))
		abort();
	if (pk != NULL) {
		if (rsa_add(s, "KEY", pk, 0, 1) == NULL)
			abort();
		rsa_pem_public(rsa_first(s), &sb);
		load_again(s);
	}
	sb_free(&sb);
	rsa_store_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = xcalloc(1, size);
	memcpy(text, data + 1, size - 1);
	if (data[0] == 's')
		store(text, size - 1);
	else
		pair(text);
	free(text);
	return 0;
}
