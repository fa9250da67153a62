/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Commands that act on groups and SAs: clear crypto gdoi, isakmp, sa, and
 * crypto gdoi ks rekey. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gdoi/cmd.h"

int
cmd_yes(const char *answer)
{
	size_t n = strlen(answer);

	if (n > 0 && strncasecmp(answer, "yes", n) == 0)
		return 1;
	if (n == 0 || strncasecmp(answer, "no", n) == 0)
		return 0;
	return -1;
}

/* ---- clear crypto gdoi ---- */

#define PROCEED "Are you sure you want to proceed ? [yes/no]: "

static bool
named(const char *want, const char *name)
{
	return want[0] == '\0' || strcmp(want, name) == 0;
}

static void
clear_groups(struct gdoi *g, const char *name)
{
	struct ks_group *ks;
	struct gm_group *gm;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(name, ks->name))
			continue;
		ks_send_delete(ks);
		ks_clear(ks);
		ike_log(g->ike, LOG_KS_CLEAR_REGISTER, ks->name);
	}
	TAILQ_FOREACH(gm, &g->gm, link)
		if (named(name, gm->name))
			gm_clear(gm);
	ike_reap(g->ike);
}

static void
clear_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	char *name = arg;

	switch (cmd_yes(answer)) {
	case -1:
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_LINE, PROCEED, clear_answer, name);
		return;
	case 1:
		clear_groups(cli_engine(ctx), name);
		break;
	}
	free(name);
	cli_done(ctx, CLI_DONE);
}

int
clear_crypto_gdoi(struct cli_ctx *ctx,
    const struct clear_crypto_gdoi_args *args)
{
	struct gdoi *g = cli_engine(ctx);

	if (args->group[0] != '\0' && ks_find(g, args->group) == NULL &&
	    gm_find(g, args->group) == NULL) {
		cli_printf(ctx, "%% Group %s does not exist\n", args->group);
		return CLI_FAILED;
	}
	cli_printf(ctx, "%% The Key Server and Group Member will destroy "
	    "created and downloaded policies.\n"
	    "%% All Group Members are required to re-register.\n\n");
	cli_ask(ctx, CLI_ASK_LINE, PROCEED, clear_answer,
	    xstrdup(args->group));
	return CLI_PENDING;
}

/* ---- the others ---- */

int
clear_crypto_isakmp(struct cli_ctx *ctx,
    const struct clear_crypto_isakmp_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);

	ike_clear(g->ike);
	ike_reap(g->ike);
	return CLI_DONE;
}

/* On a member: its SAs go and it fetches new ones. A key server has none. */
int
clear_crypto_sa(struct cli_ctx *ctx,
    const struct clear_crypto_sa_args *args UNUSED)
{
	struct gdoi *g = cli_engine(ctx);
	struct gm_group *gm;
	struct gm_tek *t;

	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!gm->attached)
			continue;
		while ((t = TAILQ_FIRST(&gm->teks)) != NULL)
			gm_delete_tek(gm, t, true);
		gm_reregister(gm, 0, true);
	}
	ike_reap(g->ike);
	return CLI_DONE;
}

int
exec_gdoi_ks_rekey(struct cli_ctx *ctx,
    const struct exec_gdoi_ks_rekey_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	int status = CLI_DONE;
	struct ks_group *ks;
	const char *bad;
	unsigned n = 0;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(args->group, ks->name))
			continue;
		n++;
		bad = ks_rekey(ks, REKEY_ALL);
		if (bad == NULL)
			continue;
		cli_printf(ctx, "%% Group %s: %s\n", ks->name, bad);
		status = CLI_FAILED;
	}
	if (n == 0) {
		cli_printf(ctx, args->group[0] != '\0' ?
		    "%% This router is no key server of group %s\n" :
		    "%% This router is no key server%s\n", args->group);
		status = CLI_FAILED;
	}
	return status;
}

int
show_cohort_isakmp(struct cli_ctx *ctx,
    const struct show_cohort_isakmp_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	const struct ike_stats *s = &g->ike->stats;

	(void)args;
	cli_printf(ctx,
	    "%10u  messages malformed, false or unexpected\n"
	    "%10u  messages for an SA that does not exist\n"
	    "%10u  first messages answered\n"
	    "%10u  octets of offers remembered\n"
	    "%10u  exchanges half open now\n"
	    "%10u  half-open exchanges dropped to make room\n"
	    "%10u  Diffie-Hellman computations\n",
	    s->bad, s->no_sa, s->first, s->offer_bytes, s->half_open,
	    s->evicted, s->dh);
	return CLI_DONE;
}
