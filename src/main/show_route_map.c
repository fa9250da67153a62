/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show route-map: what is configured. NAT asks route-maps; nothing else does,
 * so that no packet is routed by one.
 */
#include "config.h"

#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

/* Lines of an entry that begin with a word, without it. */
struct clauses {
	struct show *v;
	const char *word;
};

static void
clause_line(void *arg, unsigned depth, const char *text)
{
	const struct clauses *c = arg;
	size_t len = strlen(c->word);

	if (depth == 0 || strncmp(text, c->word, len) != 0)
		return;
	text += len;
	if (strncmp(text, "ip address ", 11) == 0 &&
	    strncmp(text + 11, "prefix-list ", 12) != 0)
		return; /* told from the record */
	show_text(c->v, "    %s \n", text);
	show_str(c->v, NULL, text);
}

static void
show_clauses(struct show *v, const struct conf *conf,
    const struct route_map *m, const char *word)
{
	struct conf_view view = { .only = &m->obj };
	struct clauses c = { v, word };

	conf_view(conf, &view, clause_line, &c);
}

static void
show_entry(struct show *v, const struct conf *conf,
    const struct route_map *m)
{
	const char *action = m->deny ? "deny" : "permit";
	const struct route_map_acl *a;

	show_text(v, "route-map %s, %s, sequence %u\n  Match clauses:\n",
	    m->name, action, m->seq);
	show_object(v, NULL);
	show_str(v, "name", m->name);
	show_str(v, "action", action);
	show_uint(v, "sequence", m->seq);
	if (m->acls.n != 0)
		show_text(v, "    ip address (access-lists): ");
	show_array(v, "acls");
	CF_FOREACH (a, &m->acls) {
		show_text(v, "%s ", a->name);
		show_str(v, NULL, a->name);
	}
	show_close(v);
	if (m->acls.n != 0)
		show_text(v, "\n");
	show_array(v, "other_matches");
	show_clauses(v, conf, m, "match ");
	show_close(v);
	show_text(v, "  Set clauses:\n");
	show_array(v, "sets");
	show_clauses(v, conf, m, "set ");
	show_close(v);
	show_text(v, "  Policy routing matches: 0 packets, 0 bytes\n");
	show_close(v);
}

int
show_route_map(struct cli_ctx *ctx, const struct show_route_map_args *a)
{
	const struct conf *conf = router_of(ctx)->running;
	const struct route_map *m;
	bool found = false;
	struct show v;

	CF_FOREACH (m, &conf->route_maps)
		found |= strcmp(m->name, a->name) == 0;
	if (a->name[0] != '\0' && !found) {
		cli_printf(ctx, "route-map %s not found\n", a->name);
		return CLI_FAILED;
	}
	show_begin(&v, ctx);
	show_array(&v, "route_maps");
	CF_FOREACH (m, &conf->route_maps)
		if (a->name[0] == '\0' || strcmp(m->name, a->name) == 0)
			show_entry(&v, conf, m);
	show_close(&v);
	return show_end(&v);
}
