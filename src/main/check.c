/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort check and cohort print: read configurations, touch nothing. The
 * format FILE:LINE: text is part of the contract (DESIGN.md section 1).
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/cf.h"
#include "main/cmd.h"

#define FILE_MAX (64 * 1024 * 1024)

struct reader {
	const char *name;
	FILE *out;
	bool errors_only;
	/* of say_missing(): the line found last */
	const char *text, *at;
	unsigned line;
};

static void
say(void *arg, unsigned lineno, bool error, const char *text)
{
	const struct reader *r = arg;

	if (error || !r->errors_only)
		fprintf(r->out, "%s:%u: %s: %s\n", r->name, lineno,
		    error ? "error" : "note", text);
}

static int
read_all(const char *name, struct strbuf *sb)
{
	char buf[16384];
	FILE *f = fopen(name, "r");
	size_t n;
	int rv = 0;

	if (f == NULL) {
		fprintf(stderr, "cohort: %s: %s\n", name, strerror(errno));
		return -1;
	}
	while (rv == 0 && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
		sb_add(sb, buf, n);
		if (sb->len > FILE_MAX)
			rv = -1;
	}
	if (ferror(f) || rv != 0) {
		fprintf(stderr, "cohort: %s: %s\n", name,
		    rv != 0 ? "too long" : strerror(errno));
		rv = -1;
	}
	fclose(f);
	return rv;
}

/* ---- what is missing when all of it has been read ---- */

static bool
is_line(const char *text, const char *header, size_t len)
{
	const char *s = text + strspn(text, " \t");

	return strncasecmp(s, header, len) == 0 &&
	    s[len + strspn(s + len, " \t\r")] == '\n';
}

/* Number of the line that is this header, blanks around it or not; 1 if it
 * is written in another way. Most stand in the order in which they are asked
 * for: the search begins at the last one and goes round. */
static unsigned
line_of(struct reader *r, const char *header)
{
	size_t len = strlen(header);
	const char *from = r->at;

	do {
		if (is_line(r->at, header, len))
			return r->line;
		r->at += strcspn(r->at, "\n");
		r->at += *r->at == '\n';
		r->line++;
		if (*r->at == '\0') {
			r->at = r->text;
			r->line = 1;
		}
	} while (r->at != from);
	return 1;
}

static void
missing(struct reader *r, const struct cf_obj *o, const char *what,
    const char *name)
{
	const char *header = conf_header(o);
	char *note = xasprintf("%s: %s%s%s", header, what,
	    name[0] != '\0' ? " " : "", name);

	say(r, line_of(r, header), false, note);
	free(note);
}

static void
missing_sets(struct reader *r, const struct conf *c,
    const struct cf_obj *o, const struct set_names *names)
{
	const char *name;

	for (unsigned i = 0; (name = conf_set_name(names, i)) != NULL; i++)
		if (conf_find_transform_set(c, name) == NULL)
			missing(r, o, "there is no transform set", name);
}

/* Of an interface, what protects it: its packets would be in clear. */
static void
missing_of_interface(struct reader *r, const struct conf *c,
    const struct interface *i)
{
	if (i->crypto_map[0] != '\0' && !conf_has_map(c, i->crypto_map))
		missing(r, &i->obj, "there is no crypto map", i->crypto_map);
	if (i->tunnel.profile[0] != '\0' &&
	    conf_find_ipsec_profile(c, i->tunnel.profile) == NULL)
		missing(r, &i->obj, "there is no IPsec profile",
		    i->tunnel.profile);
	if (i->acl_in[0] != '\0' && conf_find_acl(c, i->acl_in) == NULL)
		missing(r, &i->obj, "there is no access list", i->acl_in);
	if (i->acl_out[0] != '\0' && conf_find_acl(c, i->acl_out) == NULL)
		missing(r, &i->obj, "there is no access list", i->acl_out);
}

/* Of a line of NAT: it translates nothing, or finds no address. */
static void
missing_of_nat(struct reader *r, const struct conf *c,
    const struct nat_dynamic *d)
{
	if (d->acl[0] != '\0' && conf_find_acl(c, d->acl) == NULL)
		missing(r, &d->obj, "there is no access list", d->acl);
	if (d->route_map[0] != '\0' &&
	    conf_find_route_map(c, d->route_map) == NULL)
		missing(r, &d->obj, "there is no route-map", d->route_map);
	if (d->pool[0] != '\0' && conf_find_nat_pool(c, d->pool) == NULL)
		missing(r, &d->obj, "there is no pool", d->pool);
}

/* Of policies and class maps, what does nothing or matches nothing. */
static void
missing_of_qos(struct reader *r, const struct conf *c)
{
	const struct qos_policy_map *p;
	const struct qos_class_map *m;
	const struct qos_class *q;
	const struct qos_match *x;

	CF_FOREACH (m, &c->class_maps)
		CF_FOREACH (x, &m->matches)
			if (x->kind == QOS_CLASS &&
			    conf_find_class_map(c, x->name) == NULL)
				missing(r, &m->obj, "there is no class-map",
				    x->name);
	CF_FOREACH (p, &c->policy_maps)
		CF_FOREACH (q, &p->classes)
			if (q->child[0] != '\0' &&
			    conf_find_policy_map(c, q->child) == NULL)
				missing(r, &p->obj, "there is no policy-map",
				    q->child);
}

/* References may dangle, as in IOS: no errors, but seldom meant. */
static void
say_missing(struct reader *r, const struct conf *c)
{
	const struct ipsec_profile *p;
	const struct crypto_map *m;
	const struct interface *i;
	const struct nat_dynamic *d;
	const char *lacks;

	CF_FOREACH (i, &c->interfaces)
		missing_of_interface(r, c, i);
	CF_FOREACH (d, &c->nat_dynamics)
		missing_of_nat(r, c, d);
	missing_of_qos(r, c);
	CF_FOREACH (p, &c->ipsec_profiles)
		missing_sets(r, c, &p->obj, &p->sets);
	CF_FOREACH (m, &c->dynamic_maps)
		missing_sets(r, c, &m->obj, &m->sets);
	CF_FOREACH (m, &c->crypto_maps) {
		if (m->kind != MAP_ISAKMP)
			continue;
		missing_sets(r, c, &m->obj, &m->sets);
		lacks = conf_map_lacks(c, m);
		if (lacks != NULL)
			missing(r, &m->obj, "incomplete, it has no",
			    lacks);
	}
}

/* The number of errors, -1 if the file cannot be read. */
static int
load(struct conf *c, struct reader *r)
{
	struct strbuf sb = {0};
	unsigned errors = 0;
	int rv = read_all(r->name, &sb);

	if (rv == 0 && sb.len != 0) {
		errors = conf_load(c, sb.s, sb.len, say, r);
		r->text = r->at = sb.s;
		r->line = 1;
		say_missing(r, c);
	}
	if (sb.s != NULL)
		explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
	return rv != 0 ? -1 : errors > 0;
}

int
cmd_check(int argc, char **argv)
{
	int rv = 0;

	if (argc < 2) {
		fputs("usage: cohort check FILE...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		struct conf *c = conf_new();
		struct reader r = {.name = argv[i], .out = stdout};

		if (load(c, &r) != 0)
			rv = 1;
		conf_free(c);
	}
	return rv;
}

int
cmd_print(int argc, char **argv)
{
	struct strbuf sb = {0};
	struct conf *c;
	struct reader r;
	int rv;

	if (argc != 2) {
		fputs("usage: cohort print FILE\n", stderr);
		return 2;
	}
	c = conf_new();
	r = (struct reader){.name = argv[1], .out = stderr,
	    .errors_only = true};
	rv = load(c, &r);
	if (rv >= 0) {
		conf_print(&sb, c, CF_MAIN);
		if (sb.len != 0)
			fwrite(sb.s, 1, sb.len, stdout);
		puts("!\nend");
	}
	sb_free(&sb);
	conf_free(c);
	return rv != 0;
}
