/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Numbers of ESP transforms on the wire and ours, see esp_ids.h. Runs in
 * process ike.
 */
#include "config.h"

#include "ike/esp_ids.h"

static const uint8_t ciphers[] = { [ESP_NULL] = 11, [ESP_DES] = 2,
	[ESP_3DES] = 3, [ESP_AES_CBC] = 12, [ESP_AES_GCM] = 20,
	[ESP_GMAC] = 23 };
static const uint8_t auths[] = { [ESP_AUTH_MD5] = 1, [ESP_AUTH_SHA1] = 2,
	[ESP_AUTH_SHA256] = 5, [ESP_AUTH_SHA384] = 6, [ESP_AUTH_SHA512] = 7 };

/* Where id stands in the table; 0 is no id. */
static uint8_t
find(const uint8_t *ids, size_t n, uint64_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (id != 0 && ids[i] == id)
			return (uint8_t)i;
	return ESP_ID_NONE;
}

uint8_t
esp_cipher_of(uint64_t id)
{
	return find(ciphers, NELEM(ciphers), id);
}

uint8_t
esp_auth_of(uint64_t id)
{
	return find(auths, NELEM(auths), id);
}

uint8_t
esp_cipher_id(uint8_t cipher)
{
	if (cipher >= NELEM(ciphers))
		fatal("no number for cipher %u", cipher);
	return ciphers[cipher];
}

uint8_t
esp_auth_id(uint8_t auth)
{
	if (auth >= NELEM(auths) || auths[auth] == 0)
		fatal("no number for authentication %u", auth);
	return auths[auth];
}

bool
esp_transform_ok(const struct esp_transform *t)
{
	bool aead = esp_is_aead(t);
	bool aes = aead || t->cipher == ESP_AES_CBC;

	if (aes && t->key_bits != 128 && t->key_bits != 192 &&
	    t->key_bits != 256)
		return false;
	if (aead)
		return t->auth == ESP_AUTH_NONE;
	return t->cipher != ESP_NULL || t->auth != ESP_AUTH_NONE;
}
