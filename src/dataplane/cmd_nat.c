/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What clears NAT, and the questions before a line of the configuration takes
 * its entries along. Runs in process fwd.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli_gen.h"
#include "conf/cf.h"
#include "dataplane/engine.h"
#include "dataplane/nat.h"

int
clear_ip_nat_translation(struct cli_ctx *ctx,
    const struct clear_ip_nat_translation_args *a)
{
	struct nat_filter w = { .all = a->all, .t = {
		.proto = a->proto,
		.inside_global = a->inside_global,
		.inside_local = a->inside_local,
		.outside_local = a->outside_local,
		.outside_global = a->outside_global,
		.inside_global_port = a->inside_global_port,
		.inside_local_port = a->inside_local_port,
		.outside_local_port = a->outside_local_port,
		.outside_global_port = a->outside_global_port } };

	if (nat_clear(cli_engine(ctx), &w) == 0 && !a->all) {
		cli_printf(ctx, "%%Translation not found\n");
		return CLI_FAILED;
	}
	return CLI_DONE;
}

int
clear_ip_nat_statistics(struct cli_ctx *ctx,
    const struct clear_ip_nat_statistics_args *a UNUSED)
{
	nat_stats_clear(cli_engine(ctx));
	return CLI_DONE;
}

/* ---- a line that is about to go ---- */

#define DYNAMIC                                                               \
	"%Dynamic mapping in use, do you want to delete all entries? [no]: "
#define STATIC "Static entry in use, do you want to delete child entries? [no]: "

static bool
dynamic_used(struct fwd *f, const char *line)
{
	size_t max = f->conf->nat_dynamics.n, i, n;
	struct nat_rule_view *r = xcalloc(max + 1, sizeof(*r));
	const struct nat_dynamic *d;
	bool used = false;

	n = nat_rules_get(f, r, max);
	i = 0;
	CF_FOREACH(d, &f->conf->nat_dynamics) {
		if (i == n)
			break;
		if (strcmp(conf_header(&d->obj), line) == 0)
			used = r[i].refs != 0;
		i++;
	}
	free(r);
	return used;
}

static bool
is_of(const struct nat_view *e, const struct nat_static *s)
{
	bool outside = s->way == NAT_OUTSIDE_SOURCE;
	uint32_t local = outside ? e->t.outside_local : e->t.inside_local;
	uint16_t port = outside ? e->t.outside_local_port :
	    e->t.inside_local_port;

	return e->is_static && e->t.proto == s->proto && local == s->local &&
	    port == s->local_port;
}

static bool
static_used(struct fwd *f, const struct nat_static *s)
{
	struct nat_view e[256];
	uint32_t cursor = 0;
	size_t i, n;

	while ((n = nat_walk(f, &cursor, e, NELEM(e))) != 0)
		for (i = 0; i < n; i++)
			if (is_of(&e[i], s) && e[i].children != 0)
				return true;
	return false;
}

static void
answered(struct cli_ctx *ctx, void *arg UNUSED, const char *answer)
{
	size_t n = strlen(answer);

	cli_done(ctx, n > 0 && strncasecmp(answer, "yes", n) == 0 ? CLI_DONE :
	    CLI_FAILED);
}

/* Done: it may go. */
int
nat_line_goes(struct cli_ctx *ctx, const struct nat_line_goes_args *a)
{
	struct fwd *f = cli_engine(ctx);
	const struct nat_static *s;
	const char *question = NULL;

	if (f->conf == NULL)
		return CLI_DONE;
	if (dynamic_used(f, a->line))
		question = DYNAMIC;
	CF_FOREACH(s, &f->conf->nat_statics) {
		if (strcmp(conf_header(&s->obj), a->line) == 0 &&
		    static_used(f, s))
			question = STATIC;
	}
	if (question == NULL)
		return CLI_DONE;
	cli_ask(ctx, CLI_ASK_LINE, question, answered, NULL);
	return CLI_PENDING;
}
