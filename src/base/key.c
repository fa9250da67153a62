/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Secrets: set, wipe, compare in constant time.
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
