/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi gm replay and clear crypto gdoi replay counter: time-based
 * anti-replay as process fwd does it.
 */
#include "config.h"

#include <string.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"

/* The one whose clock is shown: the youngest that is checked by time. */
static const struct sa *
timed_sa(const struct group *g)
{
	const struct sa *sa, *last = NULL;

	for (sa = g->sas; sa != NULL; sa = sa->next) {
		if (sa->replay_method == REPLAY_TIME)
			last = sa;
	}
	return last;
}

#define SECS(v) (unsigned long long)((v) / 100), (unsigned)((v) % 100)

static unsigned long long
stat(struct show *v, const char *name, const struct group *g, enum tally t)
{
	unsigned long long n = count_read(&g->c[t]) - g->cleared[t];

	show_uint(v, name, n);
	return n;
}

static void
show_errors(struct show *v, const struct fwd *f, const struct group *g)
{
	uint64_t now = f->io.now(f->arg), ago;
	const struct tbar_error *e;
	char a[IP4_STRLEN];
	uint32_t i, n = g->n_errors;

	show_text(v, "    TBAR Error History (sampled at %upak/min):\n",
	    TBAR_SAMPLES);
	show_array(v, "errors");
	if (n == 0)
		show_text(v, "      No TBAR errors detected\n");
	for (i = 0; i < n && i < TBAR_HISTORY; i++) {
		e = &g->errors[(n - 1 - i) % TBAR_HISTORY];
		ago = (now - e->at) / 1000;
		show_text(v, "      %02u:%02u:%02u ago: src=%s; "
		    "my_pst=%llu.%02u secs; peer_pst=%llu.%02u secs; "
		    "win=%u\n", (unsigned)(ago / 3600),
		    (unsigned)(ago / 60 % 60), (unsigned)(ago % 60),
		    ip4_str(e->src, a), SECS(e->mine), SECS(e->theirs),
		    e->window);
		show_object(v, NULL);
		show_uint(v, "seconds_ago", ago);
		show_str(v, "source", a);
		show_fmt(v, "own_pseudotime", "%llu.%02u", SECS(e->mine));
		show_fmt(v, "peer_pseudotime", "%llu.%02u", SECS(e->theirs));
		show_uint(v, "window_seconds", e->window);
		show_close(v);
	}
	show_close(v);
}

static void
show_timed(struct show *v, const struct fwd *f, const struct group *g,
    const struct sa *sa)
{
	uint64_t value = tbar_now(sa, f->io.now(f->arg));
	uint64_t delta = __atomic_load_n(&g->delta, __ATOMIC_RELAXED);
	unsigned sync = g->policy != NULL ? g->policy->sync_errors : 0;

	show_text(v, "    Replay Value : %llu.%02u secs\n", SECS(value));
	show_fmt(v, "pseudotime", "%llu.%02u", SECS(value));
	show_uint(v, "window_seconds", sa->window);
	show_text(v, "    Input Packets : %llu ",
	    stat(v, "input_packets", g, STAT_TBAR_IN));
	show_text(v, "Output Packets : %llu\n",
	    stat(v, "output_packets", g, STAT_TBAR_OUT));
	show_text(v, "    Input Error Packets : %llu ",
	    stat(v, "input_error_packets", g, STAT_TBAR_IN_ERR));
	show_text(v, "Output Error Packets : %llu\n",
	    stat(v, "output_error_packets", g, STAT_TBAR_OUT_ERR));
	show_text(v, "    Time Sync Error : %u Max time delta : %llu.%02u"
	    " secs\n\n", sync, SECS(delta));
	show_uint(v, "time_sync_errors", sync);
	show_fmt(v, "max_time_delta", "%llu.%02u", SECS(delta));
	show_errors(v, f, g);
}

int
show_gdoi_gm_replay(struct cli_ctx *ctx,
    const struct show_gdoi_gm_replay_args *a)
{
	const struct fwd *f = cli_engine(ctx);
	const struct group *g;
	const struct sa *sa;
	struct show v;

	if (fwd_no_group(ctx, f, a->group))
		return CLI_FAILED;
	show_begin(&v, ctx);
	show_array(&v, "groups");
	for (g = f->groups; g != NULL; g = g->next) {
		if (a->group[0] != '\0' && strcmp(a->group, g->name) != 0)
			continue;
		sa = timed_sa(g);
		show_text(&v, "Anti-replay Information For Group %s:\n"
		    "  Timebased Replay:\n", g->name);
		show_object(&v, NULL);
		show_str(&v, "name", g->name);
		show_bool(&v, "enabled", sa != NULL);
		if (sa != NULL)
			show_timed(&v, f, g, sa);
		else
			show_text(&v, "    is not enabled\n");
		show_text(&v, "\n");
		show_close(&v);
	}
	return show_end(&v);
}

int
clear_gdoi_replay(struct cli_ctx *ctx, const struct clear_gdoi_replay_args *a)
{
	static const enum tally which[] = { STAT_TBAR_IN, STAT_TBAR_OUT,
		STAT_TBAR_IN_ERR, STAT_TBAR_OUT_ERR };
	struct fwd *f = cli_engine(ctx);
	struct group *g;
	size_t i;

	if (fwd_no_group(ctx, f, a->group))
		return CLI_FAILED;
	for (g = f->groups; g != NULL; g = g->next) {
		if (a->group[0] != '\0' && strcmp(a->group, g->name) != 0)
			continue;
		for (i = 0; i < NELEM(which); i++)
			g->cleared[which[i]] = count_read(&g->c[which[i]]);
		__atomic_store_n(&g->delta, 0, __ATOMIC_RELAXED);
		g->n_errors = 0;
		__atomic_store_n(&g->n_samples, 0, __ATOMIC_RELAXED);
	}
	return CLI_DONE;
}
