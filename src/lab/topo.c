/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reads a topology file in containerlab's format into a struct lab: nodes
 * (over topology.defaults and topology.kinds) and veth links. Keys that only
 * matter to containers are passed over; what would change the meaning of the
 * lab and is not known here is said.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "lab/lab.h"

#define TOPO_FILE_MAX (1024 * 1024)

struct topo {
	const char *file;
	yaml_document_t doc;
	struct lab *lab;
	bool failed;
};

void
strlist_add(struct strlist *l, const char *s)
{
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = xstrdup(s);
}

void
strlist_free(struct strlist *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strlist){ 0 };
}

PRINTF_LIKE(3, 4)
static void
topo_error(struct topo *t, const yaml_node_t *at, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%zu: ", t->file,
	    at != NULL ? at->start_mark.line + 1 : 0);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	t->failed = true;
}

/* Names become file names and parts of messages. */
static bool
name_ok(const char *s, size_t size)
{
	size_t n = strlen(s);

	return n > 0 && n < size && s[0] != '.' && s[0] != '-' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-") == n;
}

static const char *
scalar(struct topo *t, const yaml_node_t *n, const char *what)
{
	if (n == NULL || n->type != YAML_SCALAR_NODE ||
	    strlen((const char *)n->data.scalar.value) !=
	    n->data.scalar.length) {
		topo_error(t, n, "%s must be a plain value", what);
		return "";
	}
	return (const char *)n->data.scalar.value;
}

/* The value of a key of a map; NULL when it is absent. */
static yaml_node_t *
map_get(struct topo *t, const yaml_node_t *map, const char *key)
{
	if (map == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	    p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *k = yaml_document_get_node(&t->doc, p->key);

		if (k != NULL && k->type == YAML_SCALAR_NODE &&
		    strcmp((char *)k->data.scalar.value, key) == 0)
			return yaml_document_get_node(&t->doc, p->value);
	}
	return NULL;
}

static void
set_string(struct topo *t, const yaml_node_t *n, const char *what, char **out)
{
	if (n == NULL)
		return;
	free(*out);
	*out = xstrdup(scalar(t, n, what));
}

static void
add_sequence(struct topo *t, const yaml_node_t *n, const char *what,
    struct strlist *out)
{
	if (n == NULL)
		return;
	if (n->type != YAML_SEQUENCE_NODE) {
		topo_error(t, n, "%s must be a list", what);
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start;
	    i < n->data.sequence.items.top; i++)
		strlist_add(out, scalar(t, yaml_document_get_node(&t->doc, *i),
		    what));
}

static void
add_map(struct topo *t, const yaml_node_t *n, const char *what,
    struct strlist *out)
{
	if (n == NULL)
		return;
	if (n->type != YAML_MAPPING_NODE) {
		topo_error(t, n, "%s must be a map", what);
		return;
	}
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start;
	    p < n->data.mapping.pairs.top; p++) {
		const char *k, *v;
		char *s;

		k = scalar(t, yaml_document_get_node(&t->doc, p->key), what);
		v = scalar(t, yaml_document_get_node(&t->doc, p->value), what);
		s = xasprintf("%s=%s", k, v);
		strlist_add(out, s);
		free(s);
	}
}

/* Keys of a node that only concern containers, their names in a management
 * network and pictures: a lab in namespaces means the same without them. */
static const char *const ignored_keys[] = { "kind", "image", "cmd", "binds",
	"exec", "env", "sysctls", "mgmt-ipv4", "mgmt-ipv6", "labels", "group",
	"position", "memory", "cpu", "image-pull-policy", "restart-policy",
	"startup-delay", "enforce-startup-config", "auto-remove", "cap-add",
	"shm-size", "runtime", "user", "dns", "license", "type", "ports" };

static void
node_fill(struct topo *t, struct lab_node *n, const yaml_node_t *map)
{
	if (map == NULL || (map->type == YAML_SCALAR_NODE &&
	    map->data.scalar.length == 0))
		return;
	if (map->type != YAML_MAPPING_NODE) {
		topo_error(t, map, "%s must be a map", n->name);
		return;
	}
	set_string(t, map_get(t, map, "image"), "image", &n->image);
	set_string(t, map_get(t, map, "cmd"), "cmd", &n->cmd);
	add_sequence(t, map_get(t, map, "binds"), "binds", &n->binds);
	add_sequence(t, map_get(t, map, "exec"), "exec", &n->exec);
	add_map(t, map_get(t, map, "env"), "env", &n->env);
	add_map(t, map_get(t, map, "sysctls"), "sysctls", &n->sysctls);
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start;
	    p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *kn =
		    yaml_document_get_node(&t->doc, p->key);
		const char *k = scalar(t, kn, "key");
		size_t i;

		for (i = 0; i < NELEM(ignored_keys); i++)
			if (strcmp(k, ignored_keys[i]) == 0)
				break;
		if (i == NELEM(ignored_keys))
			fprintf(stderr, "%s:%zu: note: `%s` has no effect in "
			    "a lab of namespaces\n", t->file,
			    kn->start_mark.line + 1, k);
	}
}

/* The router's configuration is the file bound to LAB_CONFIG. */
static void
node_find_config(struct topo *t, struct lab_node *n, const yaml_node_t *at)
{
	n->router = n->image != NULL && strncmp(n->image, "cohort", 6) == 0 &&
	    (n->image[6] == '\0' || n->image[6] == ':');
	if (!n->router)
		return;
	for (unsigned i = 0; i < n->binds.n; i++) {
		char *host = xstrdup(n->binds.v[i]);
		char *inside = strchr(host, ':');

		if (inside != NULL) {
			*inside++ = '\0';
			inside[strcspn(inside, ":")] = '\0';
			if (strcmp(inside, LAB_CONFIG) == 0) {
				free(n->config);
				n->config = host[0] == '/' ? xstrdup(host) :
				    xasprintf("%s/%s", t->lab->dir, host);
			}
		}
		free(host);
	}
	if (n->config == NULL)
		topo_error(t, at, "router %s: no file is bound to %s",
		    n->name, LAB_CONFIG);
	else if (access(n->config, R_OK) == -1)
		topo_error(t, at, "router %s: %s: %s", n->name, n->config,
		    strerror(errno));
}

static void
read_node(struct topo *t, const yaml_node_t *topology, const char *name,
    const yaml_node_t *map)
{
	const yaml_node_t *defaults = map_get(t, topology, "defaults");
	const yaml_node_t *kind = map_get(t, map, "kind");
	struct lab *lab = t->lab;
	struct lab_node *n;

	if (!name_ok(name, LAB_NAME) || lab_find(lab, name) != NULL ||
	    lab->nnodes == LAB_NODES_MAX) {
		topo_error(t, map, "node name %s cannot be used", name);
		return;
	}
	lab->nodes = xrealloc(lab->nodes,
	    (lab->nnodes + 1) * sizeof(*lab->nodes));
	n = &lab->nodes[lab->nnodes++];
	*n = (struct lab_node){ 0 };
	str_copy(n->name, name, sizeof(n->name));
	if (kind == NULL)
		kind = map_get(t, defaults, "kind");
	str_copy(n->kind, kind != NULL ? scalar(t, kind, "kind") : "linux",
	    sizeof(n->kind));
	if (strcmp(n->kind, "linux") != 0) {
		topo_error(t, map, "node %s: kind %s is not known here, use "
		    "linux", name, n->kind);
		return;
	}
	node_fill(t, n, defaults);
	node_fill(t, n, map_get(t, map_get(t, topology, "kinds"), n->kind));
	node_fill(t, n, map);
	node_find_config(t, n, map);
}

static bool
read_endpoint(struct topo *t, const yaml_node_t *at, struct lab_end *end)
{
	const char *s = scalar(t, at, "endpoint"), *colon = strchr(s, ':');
	char node[LAB_NAME];

	if (colon == NULL || (size_t)(colon - s) >= sizeof(node)) {
		topo_error(t, at, "endpoint `%s` is not NODE:INTERFACE", s);
		return false;
	}
	str_copy(node, s, (size_t)(colon - s) + 1);
	if (!name_ok(colon + 1, sizeof(end->ifname))) {
		topo_error(t, at, "interface `%s` cannot be used", colon + 1);
		return false;
	}
	str_copy(end->ifname, colon + 1, sizeof(end->ifname));
	for (end->node = 0; end->node < t->lab->nnodes; end->node++)
		if (strcmp(t->lab->nodes[end->node].name, node) == 0)
			return true;
	topo_error(t, at, "endpoint `%s`: no node %s", s, node);
	return false;
}

static bool
end_used(const struct lab *lab, const struct lab_end *e)
{
	for (unsigned i = 0; i < lab->nlinks; i++)
		for (unsigned j = 0; j < 2; j++)
			if (lab->links[i].end[j].node == e->node &&
			    strcmp(lab->links[i].end[j].ifname, e->ifname) == 0)
				return true;
	return false;
}

static void
read_link(struct topo *t, const yaml_node_t *map)
{
	const yaml_node_t *ends = map_get(t, map, "endpoints");
	const yaml_node_t *mtu = map_get(t, map, "mtu");
	struct lab_link l = { 0 };
	struct lab *lab = t->lab;

	if (ends == NULL || ends->type != YAML_SEQUENCE_NODE ||
	    ends->data.sequence.items.top -
	    ends->data.sequence.items.start != 2) {
		topo_error(t, map, "a link has two endpoints");
		return;
	}
	if (mtu != NULL) {
		char *rest;
		unsigned long v = strtoul(scalar(t, mtu, "mtu"), &rest, 10);

		if (*rest != '\0' || v < 68 || v > 65535) {
			topo_error(t, mtu, "mtu is a number from 68 to 65535");
			return;
		}
		l.mtu = (unsigned)v;
	}
	for (unsigned i = 0; i < 2; i++) {
		const yaml_node_t *e = yaml_document_get_node(&t->doc,
		    ends->data.sequence.items.start[i]);

		if (!read_endpoint(t, e, &l.end[i]))
			return;
		if (end_used(lab, &l.end[i]) || (i == 1 &&
		    l.end[0].node == l.end[1].node &&
		    strcmp(l.end[0].ifname, l.end[1].ifname) == 0)) {
			topo_error(t, e, "interface %s of %s has two links",
			    l.end[i].ifname, lab->nodes[l.end[i].node].name);
			return;
		}
	}
	lab->links = xrealloc(lab->links,
	    (lab->nlinks + 1) * sizeof(*lab->links));
	lab->links[lab->nlinks++] = l;
}

static void
read_topology(struct topo *t)
{
	const yaml_node_t *root = yaml_document_get_root_node(&t->doc);
	const yaml_node_t *name = map_get(t, root, "name");
	const yaml_node_t *topology = map_get(t, root, "topology");
	const yaml_node_t *nodes = map_get(t, topology, "nodes");
	const yaml_node_t *links = map_get(t, topology, "links");

	str_copy(t->lab->name, name != NULL ? scalar(t, name, "name") : "",
	    sizeof(t->lab->name));
	if (!name_ok(t->lab->name, LAB_NAME))
		topo_error(t, name, "the lab needs a name");
	if (nodes == NULL || nodes->type != YAML_MAPPING_NODE) {
		topo_error(t, topology, "topology.nodes is missing");
		return;
	}
	for (yaml_node_pair_t *p = nodes->data.mapping.pairs.start;
	    p < nodes->data.mapping.pairs.top; p++)
		read_node(t, topology,
		    scalar(t, yaml_document_get_node(&t->doc, p->key), "node"),
		    yaml_document_get_node(&t->doc, p->value));
	if (links == NULL)
		return;
	if (links->type != YAML_SEQUENCE_NODE) {
		topo_error(t, links, "topology.links must be a list");
		return;
	}
	for (yaml_node_item_t *i = links->data.sequence.items.start;
	    i < links->data.sequence.items.top; i++)
		read_link(t, yaml_document_get_node(&t->doc, *i));
}

static bool
parse_file(struct topo *t, FILE *fp)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		fatal("libyaml");
	yaml_parser_set_input_file(&parser, fp);
	if (!yaml_parser_load(&parser, &t->doc)) {
		fprintf(stderr, "%s:%zu: %s\n", t->file,
		    parser.problem_mark.line + 1,
		    parser.problem != NULL ? parser.problem : "not YAML");
		t->failed = true;
		yaml_parser_delete(&parser);
		return false;
	}
	yaml_parser_delete(&parser);
	read_topology(t);
	yaml_document_delete(&t->doc);
	return !t->failed;
}

struct lab *
lab_load(const char *path)
{
	struct topo t = { 0 };
	char real[PATH_MAX], *file, *base;
	struct stat st;
	FILE *fp;

	if (realpath(path, real) == NULL || stat(real, &st) == -1) {
		fprintf(stderr, "cohort lab: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	file = S_ISDIR(st.st_mode) ? xasprintf("%s/%s", real, LAB_FILE) :
	    xstrdup(real);
	t.file = file;
	if ((fp = fopen(file, "re")) == NULL || fstat(fileno(fp), &st) == -1 ||
	    !S_ISREG(st.st_mode) || st.st_size > TOPO_FILE_MAX) {
		fprintf(stderr, "cohort lab: %s: %s\n", file, fp == NULL ?
		    strerror(errno) : "not a topology file");
		if (fp != NULL)
			fclose(fp);
		free(file);
		return NULL;
	}
	t.lab = xcalloc(1, sizeof(*t.lab));
	t.lab->dir = xstrdup(file);
	*strrchr(t.lab->dir, '/') = '\0';
	if (!parse_file(&t, fp) || (base = lab_base()) == NULL) {
		lab_free(t.lab);
		t.lab = NULL;
	} else {
		t.lab->run = xasprintf("%s/%s", base, t.lab->name);
		free(base);
	}
	fclose(fp);
	free(file);
	return t.lab;
}

void
lab_free(struct lab *lab)
{
	if (lab == NULL)
		return;
	for (unsigned i = 0; i < lab->nnodes; i++) {
		struct lab_node *n = &lab->nodes[i];

		free(n->image);
		free(n->cmd);
		free(n->config);
		strlist_free(&n->binds);
		strlist_free(&n->exec);
		strlist_free(&n->env);
		strlist_free(&n->sysctls);
	}
	free(lab->nodes);
	free(lab->links);
	free(lab->dir);
	free(lab->run);
	free(lab);
}

struct lab_node *
lab_find(const struct lab *lab, const char *name)
{
	for (unsigned i = 0; i < lab->nnodes; i++)
		if (strcmp(lab->nodes[i].name, name) == 0)
			return &lab->nodes[i];
	return NULL;
}
