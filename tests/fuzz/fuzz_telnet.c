/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: bytes of a telnet client. What comes out does not depend on how
 * they were cut, no answer is longer than its room, nothing is invented.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cli/telnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In pieces of at most `piece`; an owner that empties reply when it must. */
static size_t
decode(const uint8_t *data, size_t size, size_t piece, uint8_t *out)
{
	struct telnet t;
	size_t at = 0, keys = 0;

	telnet_start(&t);
	while (at < size) {
		size_t n = telnet_room(&t);

		if (n == 0) {
			t.nreply = 0;
			continue;
		}
		if (n > piece)
			n = piece;
		if (n > size - at)
			n = size - at;
		keys += telnet_take(&t, data + at, n, out + keys);
		at += n;
		if (t.nreply > sizeof(t.reply) || keys > at)
			abort();
	}
	return keys;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *a = xcalloc(2, size + 1), *b = a + size + 1;
	size_t na = decode(data, size, 1, a), nb = decode(data, size, size, b);

	if (na != nb || memcmp(a, b, na) != 0)
		abort();
	free(a);
	return 0;
}
