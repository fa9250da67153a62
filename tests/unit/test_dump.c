/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dumper of messages against the sessions of tests/vectors: the text of
 * each is tests/vectors/NAME.dump (`test_dump -u` writes it: read it before it
 * is committed), and no octet of a key is in it.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ike/dump.h"
#include "unit.h"
#include "vectors.h"

static bool update;

static void
dump_hex(struct strbuf *sb, const char *text)
{
	struct hex h = hex_of(text);

	isakmp_dump(sb, h.p, h.len);
	sb_add(sb, "\n", 1);
}

static void
dump_session(struct strbuf *sb, const json_t *j)
{
	const json_t *p1 = json_object_get(j, "phase1"), *list, *v;
	size_t i;

	list = json_object_get(p1, "wire");
	for (i = 0; i < 4; i++)
		dump_hex(sb, json_string_value(json_array_get(list, i)));
	dump_hex(sb, text_at(p1, "plain_m5"));
	dump_hex(sb, text_at(p1, "plain_m6"));
	list = json_object_get(json_object_get(j, "pull"), "plain");
	json_array_foreach(list, i, v)
		dump_hex(sb, json_string_value(v));
	list = json_object_get(json_object_get(j, "push"), "msgs");
	json_array_foreach(list, i, v)
		dump_hex(sb, text_at(v, "plain"));
}

static bool
is_secret(const char *name)
{
	static const char *const names[] = { "g_xy", "skeyid", "skeyid_d",
		"skeyid_a", "skeyid_e", "enc_key", "iv", "key", "kek_iv",
		"kek_key", "hash_i", "hash_r", "pub", "sig_pubkey_spki",
		"ke_i", "ke_r", "ni_b", "nr_b", "enc", "auth", "salt" };
	size_t i;

	for (i = 0; i < NELEM(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Every secret of the session, wherever it stands: neither it nor its first
 * eight octets may be printed. */
static unsigned
search_secrets(const char *text, const char *name, json_t *v)
{
	char head[17];
	const char *key, *s;
	unsigned n = 0;
	json_t *e;
	size_t i;

	if (json_is_object(v)) {
		json_object_foreach(v, key, e)
			n += search_secrets(text, key, e);
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, e)
			n += search_secrets(text, name, e);
	} else if (json_is_string(v) && is_secret(name) &&
	    strlen(s = json_string_value(v)) >= 16) {
		for (i = 0; i < 16; i++)
			head[i] = (char)toupper((unsigned char)s[i]);
		head[16] = '\0';
		if (strstr(text, head) != NULL)
			fail_msg("%s is printed", name);
		n++;
	}
	return n;
}

static void
compare(const char *name, const struct strbuf *sb)
{
	const char *dir = getenv("srcdir");
	struct strbuf want = {0};
	char path[512], buf[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/vectors/%s.dump",
	    dir != NULL ? dir : ".", name);
	f = fopen(path, update ? "w" : "r");
	if (f == NULL)
		fail_msg("%s cannot be opened", path);
	if (update) {
		assert_int_equal(fwrite(sb->s, 1, sb->len, f), sb->len);
	} else {
		while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
			sb_add(&want, buf, n);
		assert_string_equal(sb->s, want.s);
		sb_free(&want);
	}
	assert_int_equal(fclose(f), 0);
}

static void
session(const char *name)
{
	struct strbuf sb = {0};
	char file[64];
	json_t *j;

	snprintf(file, sizeof(file), "%s.json", name);
	j = vectors_load(file);
	dump_session(&sb, j);
	compare(name, &sb);
	assert_true(search_secrets(sb.s, "", j) > 20);
	sb_free(&sb);
	json_decref(j);
}

static void
cbc(void **state)
{
	(void)state;
	session("gdoi-cbc");
}

static void
gcm(void **state)
{
	(void)state;
	session("gdoi-gcm");
}

/* Cut off anywhere: said to be malformed, and nothing read behind it. */
static void
cut(void **state)
{
	json_t *j = vectors_load("gdoi-gcm.json"), *v;
	size_t i, len;

	(void)state;
	json_array_foreach(json_object_get(json_object_get(j, "pull"),
	    "plain"), i, v) {
		struct hex h = hex_of(json_string_value(v));

		for (len = 0; len < h.len; len++) {
			uint8_t *copy = xcalloc(1, len);
			struct strbuf sb = {0};

			memcpy(copy, h.p, len);
			if (len >= 28) {
				copy[26] = (uint8_t)(len >> 8);
				copy[27] = (uint8_t)len;
			}
			isakmp_dump(&sb, copy, len);
			if (len < 28)
				assert_non_null(strstr(sb.s, "no ISAKMP"));
			assert_true(sb.len > 0);
			sb_free(&sb);
			free(copy);
		}
	}
	json_decref(j);
}

/* Ten thousand payloads: so many lines and no more. */
static void
many(void **state)
{
	static uint8_t data[28 + 40000];
	struct strbuf sb = {0};
	size_t i, lines = 0;

	(void)state;
	memset(data, 0, sizeof(data));
	data[0] = 1;
	data[16] = 10;
	data[17] = 0x10;
	data[18] = 2;
	for (i = 0; i < 10000; i++) {
		data[28 + 4 * i] = i == 9999 ? 0 : 10;
		data[28 + 4 * i + 3] = 4;
	}
	data[26] = (uint8_t)(sizeof(data) >> 8);
	data[27] = (uint8_t)sizeof(data);
	isakmp_dump(&sb, data, sizeof(data));
	for (i = 0; i < sb.len; i++)
		lines += sb.s[i] == '\n';
	assert_int_equal(lines, DUMP_LINES_MAX + 1);
	assert_non_null(strstr(sb.s, "9401 more lines"));
	sb_free(&sb);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cbc),
		cmocka_unit_test(gcm),
		cmocka_unit_test(cut),
		cmocka_unit_test(many),
	};

	update = argc > 1 && strcmp(argv[1], "-u") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
