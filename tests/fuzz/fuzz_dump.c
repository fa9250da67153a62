/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: the dumper of messages, on octets that claim to be decrypted.
 * The length in the header is made true half of the time, so that mutations
 * get beyond it. What is printed is bounded and has no control characters.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ike/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_LEN 400

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = xcalloc(1, size + 1);
	struct strbuf sb = {0};
	size_t i;

	memcpy(copy, data, size);
	if (size >= 28 && (size & 1)) {
		copy[24] = (uint8_t)(size >> 24);
		copy[25] = (uint8_t)(size >> 16);
		copy[26] = (uint8_t)(size >> 8);
		copy[27] = (uint8_t)size;
	}
	isakmp_dump(&sb, copy, size);
	if (sb.len == 0 || sb.len > (size_t)(DUMP_LINES_MAX + 1) * LINE_LEN)
		abort();
	for (i = 0; i < sb.len; i++)
		if ((sb.s[i] < ' ' && sb.s[i] != '\n') || sb.s[i] == 127)
			abort();
	sb_free(&sb);
	free(copy);
	return 0;
}
