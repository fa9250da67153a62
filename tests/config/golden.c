/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Golden files: NAME.in is loaded; the report and the printed configuration
 * must be what NAME.ok holds, and what was printed must load without errors
 * and print the same. golden [-u] NAME.in...; -u writes the .ok files.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf.h"

static char *
read_file(const char *name, size_t *len)
{
	struct strbuf sb = {0};
	char buf[8192];
	FILE *f = fopen(name, "r");
	size_t n;

	if (f == NULL)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		sb_add(&sb, buf, n);
	fclose(f);
	*len = sb.len;
	return sb.s != NULL ? sb.s : xstrdup("");
}

static void
report(void *arg, unsigned lineno, bool error, const char *text)
{
	sb_printf(arg, "%u: %s: %s\n", lineno, error ? "error" : "note", text);
}

static void
add_line(void *arg, unsigned depth, const char *text)
{
	sb_printf(arg, "%*s%s\n", (int)depth, "", text);
}

/* With the lines that stand for defaults it is the same configuration. */
static bool
whole(const struct conf *c, const char *name)
{
	struct strbuf all = {0}, r = {0};
	struct conf *d = conf_new();
	bool ok;

	conf_view(c, &(struct conf_view){.all = true}, add_line, &all);
	ok = conf_load(d, all.s, all.len, report, &r) == 0 && conf_equal(c, d);
	if (!ok)
		printf("%s: with all defaults it is another\n%s%s", name,
		    r.s != NULL ? r.s : "", all.s);
	sb_free(&all);
	sb_free(&r);
	conf_free(d);
	return ok;
}

static bool
stable(const struct conf *c, const char *name)
{
	struct strbuf a = {0}, b = {0}, r = {0};
	struct conf *d = conf_new();
	bool ok;

	conf_print(&a, c, CF_MAIN);
	ok = a.len == 0 || conf_load(d, a.s, a.len, report, &r) == 0;
	conf_print(&b, d, CF_MAIN);
	ok = ok && a.len == b.len && (a.len == 0 || strcmp(a.s, b.s) == 0) &&
	    conf_equal(c, d);
	if (!ok)
		printf("%s: what was printed loads differently\n%s%s", name,
		    r.s != NULL ? r.s : "", b.s != NULL ? b.s : "");
	sb_free(&a);
	sb_free(&b);
	sb_free(&r);
	conf_free(d);
	return ok;
}

static bool
one(const char *name, bool update)
{
	size_t len = 0, want_len = 0;
	char *in = read_file(name, &len), *want, *ok_name;
	struct strbuf out = {0};
	struct conf *c = conf_new();
	bool ok;

	if (in == NULL || strlen(name) < 3) {
		perror(name);
		exit(2);
	}
	ok_name = xasprintf("%.*sok", (int)strlen(name) - 2, name);
	(void)!conf_load(c, in, len, report, &out);
	sb_printf(&out, "----\n");
	conf_print(&out, c, CF_MAIN);
	ok = stable(c, name) && whole(c, name);
	if (update) {
		FILE *f = fopen(ok_name, "w");

		if (f == NULL || fwrite(out.s, 1, out.len, f) != out.len ||
		    fclose(f) != 0)
			perror(ok_name);
	}
	want = read_file(ok_name, &want_len);
	if (want == NULL || want_len != out.len ||
	    memcmp(want, out.s, out.len) != 0) {
		printf("%s: differs from %s:\n%s", name, ok_name, out.s);
		ok = false;
	}
	free(in);
	free(want);
	free(ok_name);
	sb_free(&out);
	conf_free(c);
	return ok;
}

int
main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "-u") == 0;
	unsigned passed = 0, failed = 0;

	for (int i = update ? 2 : 1; i < argc; i++)
		if (one(argv[i], update))
			passed++;
		else
			failed++;
	printf("golden: %u passed, %u failed\n", passed, failed);
	return failed != 0 || passed == 0;
}
