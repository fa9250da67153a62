/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clear crypto gdoi, of a key server and a group member, and crypto gdoi ks
 * rekey. What takes keys away from members asks first. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/cmd.h"
#include "gdoi/coop.h"

#define PROCEED "Are you sure you want to proceed ? [yes/no]: "

static bool
named(const char *want, const char *name)
{
	return want[0] == '\0' || strcmp(want, name) == 0;
}

/* ---- dialogue ---- */

/* What is done to the groups of that name behind "yes". */
struct act {
	int (*fn)(struct cli_ctx *, struct gdoi *, const struct act *);
	enum removal how;
	char group[CONF_NAME];
};

static void
act_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct act *a = arg;
	int status = CLI_DONE;

	switch (cmd_yes(answer)) {
	case -1:
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_LINE, PROCEED, act_answer, a);
		return;
	case 1:
		status = a->fn(ctx, g, a);
		ike_reap(g->ike);
		break;
	case 0:
		if (answer[0] != '\0')
			break;
		/* a script that goes on believing that it was done */
		cli_printf(ctx, "%% Not confirmed, nothing was done\n");
		status = CLI_FAILED;
		break;
	}
	free(a);
	cli_done(ctx, (enum cli_status)status);
}

static int
ask_first(struct cli_ctx *ctx, const struct act *what)
{
	struct act *a = xcalloc(1, sizeof(*a));

	*a = *what;
	cli_ask(ctx, CLI_ASK_LINE, PROCEED, act_answer, a);
	return CLI_PENDING;
}

/* Keys are made and members are told by the primary key server only. */
static bool
refused(struct cli_ctx *ctx, const struct ks_group *ks)
{
	if (coop_is_primary(ks))
		return false;
	cli_printf(ctx, "ERROR for group %s: can only execute this command "
	    "on Primary KS\n", ks->name);
	return true;
}

/* Before a question that would be in vain: this router is not the primary of
 * any of these groups, which was said. */
static bool
refused_all(struct cli_ctx *ctx, const char *group)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct ks_group *ks;

	TAILQ_FOREACH(ks, &g->ks, link)
		if (named(group, ks->name) && coop_is_primary(ks))
			return false;
	TAILQ_FOREACH(ks, &g->ks, link)
		if (named(group, ks->name))
			(void)refused(ctx, ks);
	return true;
}

/* ---- clear crypto gdoi ---- */

/* A primary key server tells all members, those of the others too, and goes
 * on with new keys, which the others wait for; one that is alone makes none
 * before somebody comes. */
static int
clear_groups(struct cli_ctx *ctx, struct gdoi *g, const struct act *a)
{
	int status = CLI_DONE;
	struct ks_group *ks;
	struct gm_group *gm;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(a->group, ks->name))
			continue;
		if (refused(ctx, ks)) {
			status = CLI_FAILED;
			continue;
		}
		ks_remove_members(ks, ks->coop != NULL ? REMOVE_NOW :
		    REMOVE_CLEAR);
		ike_log(g->ike, LOG_KS_CLEAR_REGISTER, ks->name);
	}
	TAILQ_FOREACH(gm, &g->gm, link)
		if (named(a->group, gm->name))
			gm_clear(gm);
	return status;
}

static bool
is_member(const struct gdoi *g, const char *group)
{
	const struct gm_group *gm;

	TAILQ_FOREACH(gm, &g->gm, link)
		if (named(group, gm->name))
			return true;
	return false;
}

int
clear_crypto_gdoi(struct cli_ctx *ctx,
    const struct clear_crypto_gdoi_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct act a = { .fn = clear_groups };

	str_copy(a.group, args->group, sizeof(a.group));
	if (args->group[0] != '\0' && ks_find(g, args->group) == NULL &&
	    gm_find(g, args->group) == NULL) {
		cli_printf(ctx, "%% Group %s does not exist\n", args->group);
		return CLI_FAILED;
	}
	if (!is_member(g, args->group) && !TAILQ_EMPTY(&g->ks) &&
	    refused_all(ctx, args->group))
		return CLI_FAILED;
	cli_printf(ctx, "%% The Key Server and Group Member will destroy "
	    "created and downloaded policies.\n"
	    "%% All Group Members are required to re-register.\n\n");
	return ask_first(ctx, &a);
}

/* ---- of a key server ---- */

/* Whether there is such a group; if not, it was said. */
static bool
is_ks(struct cli_ctx *ctx, const char *group)
{
	struct gdoi *g = cmd_gdoi(ctx);

	if (group[0] != '\0' ? ks_find(g, group) != NULL :
	    !TAILQ_EMPTY(&g->ks))
		return true;
	cli_printf(ctx, group[0] != '\0' ?
	    "%% This router is no key server of group %s\n" :
	    "%% This router is no key server%s\n", group);
	return false;
}

/* Members before 1.0.2, and other software, take these messages as RFC 6407
 * has them: they drop what they are told to drop. */
static bool
warn_old(struct cli_ctx *ctx, const char *group, const char *feature)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct ks_group *ks;
	bool any = false;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(group, ks->name) || ks_old_members(ks) == 0)
			continue;
		cli_printf(ctx, "WARNING for group %s: some devices cannot "
		    "support %s and can cause network disruption. Please "
		    "check 'show crypto gdoi feature'.\n", ks->name, feature);
		any = true;
	}
	return any;
}

static int
remove_members(struct cli_ctx *ctx, struct gdoi *g, const struct act *a)
{
	int status = CLI_DONE;
	struct ks_group *ks;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(a->group, ks->name))
			continue;
		if (refused(ctx, ks))
			status = CLI_FAILED;
		else
			ks_remove_members(ks, a->how);
	}
	return status;
}

int
clear_gdoi_ks_members(struct cli_ctx *ctx,
    const struct clear_gdoi_ks_members_args *args)
{
	struct act a = { .fn = remove_members,
		.how = args->now ? REMOVE_NOW : REMOVE_GRACEFUL };

	if (!is_ks(ctx, args->group) || refused_all(ctx, args->group))
		return CLI_FAILED;
	str_copy(a.group, args->group, sizeof(a.group));
	(void)warn_old(ctx, args->group, "GM-REMOVAL");
	cli_printf(ctx, args->now ?
	    "%% This GM-Removal message will cause all GMs to delete their "
	    "keys immediately and re-register.\n" :
	    "%% This GM-Removal message will shorten all GMs' key lifetimes "
	    "and cause them to re-register before keys expiry.\n");
	return ask_first(ctx, &a);
}

int
clear_gdoi_ks_counters(struct cli_ctx *ctx,
    const struct clear_gdoi_ks_counters_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct ks_group *ks;
	struct ks_member *m;

	if (!is_ks(ctx, args->group))
		return CLI_FAILED;
	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(args->group, ks->name))
			continue;
		if (!args->members)
			ks->rekeys_sent = ks->retransmitted = 0;
		TAILQ_FOREACH(m, &ks->members, link)
			m->sent = m->retries = m->acks = m->acks_missed = 0;
	}
	return CLI_DONE;
}

/* ---- rekeys by hand ---- */

static int
rekey_groups(struct cli_ctx *ctx, const char *group, enum rekey_kind kind)
{
	struct gdoi *g = cmd_gdoi(ctx);
	int status = CLI_DONE;
	struct ks_group *ks;
	const char *bad;

	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(group, ks->name))
			continue;
		if (refused(ctx, ks)) {
			status = CLI_FAILED;
			continue;
		}
		bad = ks_rekey(ks, kind);
		if (bad == NULL)
			continue;
		cli_printf(ctx, "%% Group %s: %s\n", ks->name, bad);
		status = CLI_FAILED;
	}
	return status;
}

static int
replace_now(struct cli_ctx *ctx, struct gdoi *g UNUSED, const struct act *a)
{
	return rekey_groups(ctx, a->group, REKEY_REPLACE);
}

int
exec_gdoi_ks_rekey(struct cli_ctx *ctx,
    const struct exec_gdoi_ks_rekey_args *args)
{
	struct act a = { .fn = replace_now };

	if (!is_ks(ctx, args->group) || refused_all(ctx, args->group))
		return CLI_FAILED;
	str_copy(a.group, args->group, sizeof(a.group));
	if (!args->replace)
		return rekey_groups(ctx, args->group, REKEY_ALL);
	if (warn_old(ctx, args->group, "POLICY-REPLACE-NOW"))
		return ask_first(ctx, &a);
	return rekey_groups(ctx, args->group, REKEY_REPLACE);
}

/* Keys and policy are made anew, as if the first member registered now; the
 * members get them by a rekey and keep the old TEKs for a while. */
static int
renew_policy(struct cli_ctx *ctx, struct gdoi *g UNUSED, const struct act *a)
{
	return rekey_groups(ctx, a->group, REKEY_ALL);
}

int
clear_gdoi_ks_policy(struct cli_ctx *ctx,
    const struct clear_gdoi_ks_policy_args *args)
{
	struct act a = { .fn = renew_policy };

	if (!is_ks(ctx, args->group) || refused_all(ctx, args->group))
		return CLI_FAILED;
	str_copy(a.group, args->group, sizeof(a.group));
	cli_printf(ctx, "%% The Key Server will destroy created policies and "
	    "keys, and create new ones.\n");
	return ask_first(ctx, &a);
}

/* ---- cooperative key servers ---- */

/* Is there such a group with redundancy? If not, it was said. */
static bool
is_coop(struct cli_ctx *ctx, const char *group)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct ks_group *ks;

	if (!is_ks(ctx, group))
		return false;
	TAILQ_FOREACH(ks, &g->ks, link)
		if (named(group, ks->name) && ks->coop != NULL)
			return true;
	cli_printf(ctx, group[0] != '\0' ?
	    "%% No redundancy configured for group %s\n" :
	    "%% No redundancy configured%s\n", group);
	return false;
}

int
clear_gdoi_ks_coop_counters(struct cli_ctx *ctx,
    const struct clear_gdoi_ks_coop_counters_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct ks_group *ks;
	struct coop_peer *p;

	if (!is_coop(ctx, args->group))
		return CLI_FAILED;
	TAILQ_FOREACH(ks, &g->ks, link) {
		if (!named(args->group, ks->name) || ks->coop == NULL)
			continue;
		ks->coop->bad_pseudotime = 0;
		TAILQ_FOREACH(p, &ks->coop->peers, link)
			p->n = (struct coop_counters){ 0 };
	}
	return CLI_DONE;
}

/* The primary gives up its role and all elect; it wins again if it is the
 * best. A secondary has nobody to give up: it looks who is there. */
int
clear_gdoi_ks_coop_role(struct cli_ctx *ctx,
    const struct clear_gdoi_ks_coop_role_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct ks_group *ks;

	if (!is_coop(ctx, args->group))
		return CLI_FAILED;
	TAILQ_FOREACH(ks, &g->ks, link)
		if (named(args->group, ks->name))
			coop_clear_role(ks);
	ike_reap(g->ike);
	return CLI_DONE;
}
