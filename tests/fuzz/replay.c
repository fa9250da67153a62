/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A fuzz target without libFuzzer: runs the files named on the command line,
 * and each with a number of seeded mutations (flipped, cut, repeated octets),
 * so that every compiler's build exercises the parsers the same way.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define INPUT_MAX 65536
#define MUTATIONS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static uint64_t state;

static uint32_t
next_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u); /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

static size_t
mutate(uint8_t *data, size_t len)
{
	unsigned i, n = 1 + next_random() % 4;

	for (i = 0; i < n && len > 0; i++) {
		size_t at = next_random() % len;

		switch (next_random() % 5) {
		case 0:
			data[at] ^= (uint8_t)(1 << next_random() % 8);
			break;
		case 1:
			data[at] = (uint8_t)next_random();
			break;
		case 2:
			data[at] = next_random() & 1 ? 0xff : 0;
			break;
		case 3:
			len = at;
			break;
		default: /* the rest once more from another place */
			memmove(data + at / 2, data + at, len - at);
			len -= at - at / 2;
		}
	}
	return len;
}

/* A copy of the exact size, so that one octet too far is found. */
static void
run_one(const uint8_t *data, size_t len)
{
	uint8_t *copy = xcalloc(1, len);

	if (len != 0)
		memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

int
main(int argc, char **argv)
{
	static uint8_t data[INPUT_MAX], work[INPUT_MAX];
	int i, m;

	if (LLVMFuzzerInitialize != NULL)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		size_t len;

		if (f == NULL)
			fatal("%s cannot be read", argv[i]);
		len = fread(data, 1, sizeof(data), f);
		fclose(f);
		run_one(data, len);
		state = (uint64_t)i;
		for (m = 0; m < MUTATIONS; m++) {
			memcpy(work, data, len);
			run_one(work, mutate(work, len));
		}
		printf("ok    %s\n", argv[i]);
	}
	if (argc < 2)
		fatal("no input");
	return 0;
}
