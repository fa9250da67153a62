/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: messages between key servers, as they see what was decrypted.
 * What is accepted is encoded again, and decodes to the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop_msg.h"
#include "gdoi/gdoi_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t once[ISAKMP_MSG_MAX], twice[ISAKMP_MSG_MAX];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coop_msg m, again;
	size_t len;
	bool other;

	if (size > ISAKMP_MSG_MAX || coop_msg_get(data, size, &m, &other) !=
	    NULL || other)
		return 0;
	len = coop_msg_put(&m, once, sizeof(once));
	if (len == 0 || len > size ||
	    coop_msg_get(once, len, &again, &other) != NULL || other ||
	    coop_msg_put(&again, twice, sizeof(twice)) != len ||
	    memcmp(once, twice, len) != 0)
		abort();
	if (coop_msg_fit(&m, len) != m.nmembers ||
	    (m.nmembers > 0 && coop_msg_fit(&m, len - 1) >= m.nmembers))
		abort();
	coop_msg_free(&again);
	coop_msg_free(&m);
	return 0;
}
