/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Secrets: set, wipe, put into messages, compare in constant time.
 */
#include "config.h"

#include <string.h>

#include "base/key.h"

void
key_set(struct key *k, const void *data, size_t len)
{
	if (len > KEY_MAX)
		fatal("key of %zu octets", len);
	key_wipe(k);
	memcpy(k->data, data, len);
	k->len = (uint8_t)len;
}

void
key_wipe(struct key *k)
{
	explicit_bzero(k, sizeof(*k));
}

void
key_put(struct wr *w, const struct key *k)
{
	wr_u8(w, k->len);
	wr_bytes(w, k->data, k->len);
}

void
key_get(struct rd *r, struct key *k)
{
	size_t len = rd_u8(r);
	const uint8_t *data = rd_bytes(r, len);

	key_wipe(k);
	if (data == NULL || len > KEY_MAX)
		r->bad = true;
	else
		key_set(k, data, len);
}

bool
bytes_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;
	size_t i;

	for (i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
