/* SPDX-License-Identifier: BSD-2-Clause
 *
 * configure replace: a file becomes the running configuration, whole or not
 * at all. And the way back: a change that is not confirmed in time is undone.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli_gen.h"
#include "main/archive.h"

/* What is running is on trial. */
struct rollback {
	struct router *r;
	struct conf *before;
	struct timer timer;
	struct config_note set; /* when and by whom the timer was */
	unsigned minutes;
	char who[WHO_MAX];
};

/* ---- the way back ---- */

static void
rollback_end(struct router *r)
{
	struct rollback *b = r->rollback;

	if (b == NULL)
		return;
	loop_timer(r->loop, &b->timer, 0);
	conf_free(b->before);
	free(b);
	r->rollback = NULL;
}

void
rollback_close(struct router *r)
{
	rollback_end(r);
}

static void
roll_back(struct router *r)
{
	struct conf *before = r->rollback->before;

	r->rollback->before = NULL;
	config_note_set(&r->configured, r->rollback->set.user);
	rollback_end(r);
	router_set_running(r, before);
	router_commit(r);
	log_emit(LOG_ROLLBACK_START);
}

static void
on_timer(void *arg)
{
	struct rollback *b = arg;

	roll_back(b->r);
}

static void
set_timer(struct cli_ctx *ctx, struct rollback *b, unsigned minutes)
{
	b->minutes = minutes;
	session_note(session_of(ctx), &b->set);
	loop_timer(b->r->loop, &b->timer, time_mono_ms() + minutes * 60000ULL);
	log_emit(LOG_ROLLBACK_TIMER, who_of(ctx, b->who), minutes);
}

/* An earlier trial goes on being the one to go back to. */
static void
begin_trial(struct cli_ctx *ctx, struct conf *before, unsigned minutes)
{
	struct router *r = router_of(ctx);
	struct rollback *b = r->rollback;

	if (b != NULL) {
		conf_free(before);
	} else {
		b = r->rollback = xcalloc(1, sizeof(*b));
		b->r = r;
		b->before = before;
		b->timer.fn = on_timer;
		b->timer.arg = b;
	}
	set_timer(ctx, b, minutes);
}

/* Says where the way back leads to; with an archive it is a file as well. */
static void
trial_now(struct cli_ctx *ctx, unsigned minutes)
{
	struct router *r = router_of(ctx);

	if (archive_of(r->running) != NULL) {
		cli_printf(ctx, "Rollback Confirmed Change: Backing up current "
				"running config to the archive\n");
		if (archive_save(r) == -1)
			(void)fs_refuse(ctx, archive_of(r->running)->path,
			    errno);
	}
	begin_trial(ctx, conf_clone(r->running), minutes);
}

static int
none_pending(struct cli_ctx *ctx)
{
	cli_printf(ctx, "%%No Rollback Confirmed Change pending\n");
	return CLI_FAILED;
}

int
exec_configure_confirm(struct cli_ctx *ctx,
    const struct exec_configure_confirm_args *a UNUSED)
{
	struct router *r = router_of(ctx);
	char who[WHO_MAX];

	if (r->rollback == NULL)
		return none_pending(ctx);
	rollback_end(r);
	log_emit(LOG_ROLLBACK_CONFIRM, who_of(ctx, who));
	return CLI_DONE;
}

int
exec_configure_revert(struct cli_ctx *ctx,
    const struct exec_configure_revert_args *a)
{
	struct router *r = router_of(ctx);

	if (r->rollback == NULL)
		return none_pending(ctx);
	if (a->minutes != 0) {
		set_timer(ctx, r->rollback, a->minutes);
		return CLI_DONE;
	}
	roll_back(r);
	session_note(session_of(ctx), &r->configured);
	cli_printf(ctx, "Total number of passes: 1\nRollback Done\n\n");
	return CLI_DONE;
}

int
exec_configure_trial(struct cli_ctx *ctx,
    const struct exec_configure_trial_args *a)
{
	trial_now(ctx, a->minutes);
	cli_printf(ctx, "Enter configuration commands, one per line.  "
			"End with CNTL/Z.\n");
	session_configure(session_of(ctx));
	return CLI_DONE;
}

int
show_rollback_timer(struct cli_ctx *ctx,
    const struct show_rollback_timer_args *a UNUSED)
{
	const struct rollback *b = router_of(ctx)->rollback;
	struct strbuf when = {0};

	if (b == NULL) {
		(void)none_pending(ctx);
		return CLI_DONE;
	}
	date_text(&when, b->set.wall_us);
	cli_printf(ctx, "Time configured(or reconfigured): %s\n"
			"Timer type: absolute timer\n"
			"Timer value: %u min\n"
			"User: %s\n",
	    when.s, b->minutes, b->who);
	sb_free(&when);
	return CLI_DONE;
}

/* ---- replace ---- */

struct replace {
	struct fs_url url;
	bool list;
	unsigned minutes;
};

static bool
is_empty(const struct conf *c)
{
	return c->obj.ents == NULL;
}

static void
print_list(struct cli_ctx *ctx, const struct conf *new)
{
	struct strbuf sb = {0};

	cli_printf(ctx, "\n!Pass 1\n\n!List of Rollback Commands:\n");
	if (conf_commands(&sb, router_of(ctx)->running, new) == -1)
		cli_printf(ctx, "! these alone do not do it, the file is "
				"taken as it is\n");
	cli_printf(ctx, "%send\n\n", sb.s);
	explicit_bzero(sb.s, sb.cap);
	sb_free(&sb);
}

static int
replace_now(struct cli_ctx *ctx, const struct replace *p)
{
	struct router *r = router_of(ctx);
	struct conf *new = config_load_file(ctx, &p->url);
	char name[FS_TEXT_MAX], who[WHO_MAX];
	bool same;

	if (new != NULL && is_empty(new)) {
		cli_printf(ctx, "%%The input file is not a valid config file."
				"\n");
		conf_free(new);
		new = NULL;
	}
	if (new == NULL) {
		cli_printf(ctx, "Aborting Rollback: the running configuration "
				"is as it was.\n");
		return CLI_FAILED;
	}
	same = conf_equal(new, r->running);
	if (p->list && !same)
		print_list(ctx, new);
	if (p->minutes != 0)
		trial_now(ctx, p->minutes);
	if (same) {
		conf_free(new);
	} else {
		router_set_running(r, new);
		router_commit(r);
		session_note(session_of(ctx), &r->configured);
		log_emit(LOG_SYS_CONFIG_FILE, fs_text(&p->url, name),
		    who_of(ctx, who));
	}
	cli_printf(ctx, "\nTotal number of passes: %d\nRollback Done\n\n",
	    same ? 0 : 1);
	return CLI_DONE;
}

static void
replace_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct replace p = *(struct replace *)arg;

	free(arg);
	cli_done(ctx, *answer == 'y' || *answer == 'Y'
		? (enum cli_status)replace_now(ctx, &p)
		: CLI_DONE);
}

int
exec_configure_replace(struct cli_ctx *ctx,
    const struct exec_configure_replace_args *a)
{
	struct replace p = {.list = a->list, .minutes = a->minutes}, *copy;

	if (fs_parse(&p.url, a->url) == -1)
		return fs_refuse(ctx, a->url, errno);
	if (a->force)
		return replace_now(ctx, &p);
	copy = xcalloc(1, sizeof(*copy));
	*copy = p;
	cli_ask(ctx, CLI_ASK_LINE,
	    "This will apply all necessary additions and deletions\n"
	    "to replace the current running configuration with the\n"
	    "contents of the specified configuration file, which is\n"
	    "assumed to be a complete configuration, not a partial\n"
	    "configuration. Enter Y if you are sure you want to proceed. ? "
	    "[no]: ",
	    replace_answer, copy);
	return CLI_PENDING;
}
