/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi ks replay: the pseudotime of the groups. Runs in process
 * ike.
 */
#include "config.h"

#include "gdoi/show.h"

static void
print_clock(struct show *v, const struct ks_group *k)
{
	uint64_t cs = ks_pseudotime(k), due = ks_clock_due(k);

	show_text(v, "    Replay Value : %llu.%02u secs\n",
	    (unsigned long long)(cs / 100), (unsigned)(cs % 100));
	show_fmt(v, "pseudotime", "%llu.%02u",
	    (unsigned long long)(cs / 100), (unsigned)(cs % 100));
	if (due == UINT64_MAX)
		return; /* no rekeys: nobody is told before it registers */
	show_text(v, "    Remaining sync time : %u secs\n",
	    secs_until(k->g, due));
	show_uint(v, "sync_in_seconds", secs_until(k->g, due));
}

static void
one_replay(struct show *v, const struct ks_group *k, const void *arg)
{
	(void)arg;
	show_text(v, "Anti-replay Information For Group %s:\n"
	    "  Timebased Replay:\n", k->name);
	show_bool(v, "enabled", ks_is_timed(k));
	if (ks_is_timed(k))
		print_clock(v, k);
	else
		show_text(v, "    is not enabled\n");
	show_text(v, "\n");
}

int
show_gdoi_ks_replay(struct cli_ctx *ctx,
    const struct show_gdoi_ks_replay_args *args)
{
	return show_each_ks(ctx, args->group, "", one_replay, args);
}
