/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Test vectors: files of tests/vectors read with jansson, hex text.
 */
#ifndef COHORT_TEST_VECTORS_H
#define COHORT_TEST_VECTORS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct hex {
	uint8_t p[4096];
	size_t len;
};

static inline json_t *
vectors_load(const char *name)
{
	const char *dir = getenv("srcdir");
	char path[512];
	json_error_t err;
	json_t *j;

	snprintf(path, sizeof(path), "%s/tests/vectors/%s",
	    dir != NULL ? dir : ".", name);
	j = json_load_file(path, 0, &err);
	if (j == NULL)
		fatal("%s: %s", path, err.text);
	return j;
}

static inline struct hex
hex_of(const char *s)
{
	struct hex h = { .len = 0 };
	unsigned v;

	for (; s != NULL && s[0] != '\0' && s[1] != '\0'; s += 2) {
		if (sscanf(s, "%2x", &v) != 1 || h.len == sizeof(h.p))
			fatal("hex: %s", s);
		h.p[h.len++] = (uint8_t)v;
	}
	return h;
}

static inline struct hex
hex_at(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	if (v == NULL)
		fatal("no %s", key);
	return hex_of(json_string_value(v));
}

static inline const char *
text_at(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

#endif
