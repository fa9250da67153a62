/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Commands that act on the SAs of group members. Runs in process ike.
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

/* With phase 1, that goes first: members register anew under another one. */
unsigned
gdoi_clear(struct ike *ike, const struct ike_which *w)
{
	struct gdoi *g = ike->env.arg;
	struct gm_group *gm;
	unsigned n = 0;

	if (w->phase1)
		ike_clear_peer(ike, w->local, w->peer);
	TAILQ_FOREACH(gm, &g->gm, link) {
		if (!gm->attached || (w->peer != 0 && gm->ks != w->peer) ||
		    (w->local != 0 && gm->addr != w->local) ||
		    (w->map[0] != '\0' && strcmp(gm->map, w->map) != 0))
			continue;
		n++;
		clear_sas(gm);
	}
	return n;
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
