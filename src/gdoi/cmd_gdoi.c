/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Commands that act on SAs: clear crypto sa, session. Runs in process
 * ike.
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

/* A member: its SAs go and it fetches new ones. */
static void
clear_sas(struct gm_group *gm)
{
	struct gm_tek *t;

	while ((t = TAILQ_FIRST(&gm->teks)) != NULL)
		gm_delete_tek(gm, t, true);
	gm_reregister(gm, 0, true);
}

/* Of all groups, those of a crypto map, or those of a key server. A key
 * server has no SAs. */
int
clear_crypto_sa(struct cli_ctx *ctx,
    const struct clear_crypto_sa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct gm_group *gm;
	unsigned n = 0;

	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!gm->attached || (args->peer != 0 &&
		    gm->ks != args->peer) || (args->map[0] != '\0' &&
		    strcmp(gm->map, args->map) != 0))
			continue;
		n++;
		clear_sas(gm);
	}
	ike_reap(g->ike);
	if (n > 0 || (args->peer == 0 && args->map[0] == '\0'))
		return CLI_DONE;
	cli_printf(ctx, "%% No group has SAs of this %s\n", args->peer != 0 ?
	    "peer" : "crypto map");
	return CLI_FAILED;
}

/* Phase 1 with these peers, and the SAs that came by it. */
int
clear_crypto_session(struct cli_ctx *ctx,
    const struct clear_crypto_session_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct ike_sa *sa, *next;
	struct gm_group *gm;

	for (sa = TAILQ_FIRST(&g->ike->sas); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (args->peer == 0 || sa->remote.addr == args->peer)
			ike_sa_delete(sa, true, "cleared by the operator");
	}
	TAILQ_FOREACH(gm, &g->gm, link)
		if (gm->attached && (args->peer == 0 ||
		    gm->ks == args->peer))
			clear_sas(gm);
	ike_reap(g->ike);
	return CLI_DONE;
}

int
exec_gdoi_gm_direction(struct cli_ctx *ctx,
    const struct exec_gdoi_gm_direction_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct gm_group *gm;
	unsigned n = 0;

	TAILQ_FOREACH(gm, &g->gm, link) {
		if (args->group[0] != '\0' &&
		    strcmp(args->group, gm->name) != 0)
			continue;
		n++;
		gm->override = (uint8_t)(args->direction + 1);
		gm_set_direction(gm);
	}
	if (n > 0)
		return CLI_DONE;
	cli_printf(ctx, args->group[0] != '\0' ?
	    "%% This router is no member of group %s\n" :
	    "%% This router is no group member%s\n", args->group);
	return CLI_FAILED;
}
