/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One router from start to end: reads its configuration, opens everything,
 * commits changes to devices and children, stops without leaving traces.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/fs.h"
#include "main/router.h"

#define COMMIT_DELAY_MS 20
#define COMMIT_SHARE 4 /* of the time that a commit took */
#define RUN_MAX 16     /* `run` commands of a file: each is a session */
#define LINES_MS 3000  /* that it waits for lines which are coming up */

/* ---- configuration ---- */

/* Lines of a paste become one commit; a command commits at once. Where a
 * commit takes long the next one waits longer, so that a paste of any length
 * spends most of its time on its lines. */
void
router_set_running(struct router *r, struct conf *conf)
{
	uint64_t delay = r->commit_cost_ms * COMMIT_SHARE;

	if (r->running != conf && r->running != r->committed)
		conf_free(r->running);
	r->running = conf;
	r->change++;
	if (delay < COMMIT_DELAY_MS)
		delay = COMMIT_DELAY_MS;
	if (r->commit_timer.at == 0)
		loop_timer(r->loop, &r->commit_timer, time_mono_ms() + delay);
}

void
router_settled(struct router *r)
{
	(void)child_send(r, CHILD_IKE, IPC_CONF_SETTLED, 0, NULL, 0, NULL, 0);
}

void
router_commit(struct router *r)
{
	struct conf *old = r->committed;
	uint64_t start = time_mono_ms();

	loop_timer(r->loop, &r->commit_timer, 0);
	if (old == r->running)
		return;
	r->committed = r->running;
	weak_log(r);
	/* fwd knows what a new port has to be careful with before it gets it */
	child_send_conf(r, CHILD_FWD, r->committed);
	ports_commit(r, old, r->committed);
	sockets_open(r);
	child_send_conf(r, CHILD_IKE, r->committed);
	sockets_close(r);
	if (!console_configuring(r))
		router_settled(r);
	archive_commit(r);
	console_commit(r);
	conf_free(old);
	r->commit_cost_ms = time_mono_ms() - start;
}

static void
on_commit(void *arg)
{
	router_commit(arg);
}

static void
load_report(void *arg, unsigned lineno, bool error, const char *text)
{
	unsigned *without_effect = arg;
	char *s;

	/* Errors are named here, the rest by `show unsupported`. */
	if (!error) {
		++*without_effect;
		return;
	}
	s = xasprintf("startup configuration line %u: %s", lineno, text);
	log_emit(LOG_SYS_CONF_LINE, s);
	free(s);
}

static int
load_startup(struct router *r)
{
	struct strbuf sb = {0};
	char path[320], *text;
	unsigned without_effect = 0;
	int saved;

	r->running = conf_new();
	file_startup_path(r, path, sizeof(path));
	saved = file_read(path, &sb);
	if (saved == -1 && errno != ENOENT) {
		/* going on with another one would end in overwriting it */
		fprintf(stderr, "cohort: %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (saved == -1 && r->startup_file != NULL &&
	    file_read(r->startup_file, &sb) == -1) {
		fprintf(stderr, "cohort: %s: %s\n", r->startup_file,
		    strerror(errno));
		return -1;
	}
	if (sb.len != 0) {
		if (conf_load_run(r->running, sb.s, sb.len, load_report,
			&without_effect, &r->pending_exec) != 0)
			log_emit(LOG_SYS_CONF_LINE,
			    "the lines above were refused, the others act");
		if (without_effect != 0) {
			text = xasprintf("%u lines or blocks of the startup "
			    "configuration have no effect, 'show unsupported' "
			    "lists them", without_effect);
			log_emit(LOG_SYS_CONF_LINE, text);
			free(text);
		}
		(void)conf_hide_passwords(r->running);
		explicit_bzero(sb.s, sb.len);
	}
	sb_free(&sb);
	r->committed = r->running;
	return 0;
}

/* ---- children ---- */

void
router_set_debug(struct router *r, const struct debug_set *set)
{
	uint8_t buf[DEBUG_SET_MAX];
	struct wr w = wr_of(buf, sizeof(buf));

	r->debug = debug_set = *set;
	debug_set_put(&w, set);
	(void)child_send(r, CHILD_IKE, IPC_DEBUG, 0, buf, wr_len(&w), NULL, 0);
	(void)child_send(r, CHILD_FWD, IPC_DEBUG, 0, buf, wr_len(&w), NULL, 0);
}

static void
run_pending(struct router *r)
{
	char *line, *rest = r->pending_exec.s;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		if (n++ < RUN_MAX)
			console_run_quiet(r, line);
	if (n > RUN_MAX)
		log_emit(LOG_SYS_CONF_LINE, "too many commands in a file, the "
					    "last ones were not run");
	sb_free(&r->pending_exec);
}

void
router_run_lines(struct router *r, const char *lines)
{
	sb_printf(&r->pending_exec, "%s", lines);
	if (r->ready)
		run_pending(r);
}

static void
say_ready(void *arg)
{
	struct router *r = arg;
	char path[320];

	loop_timer(r->loop, &r->ready_timer, 0);
	r->ready = true;
	snprintf(path, sizeof(path), "%s/ready", r->statedir);
	if (file_write(path, "", 0, 0644) == -1)
		log_emit(LOG_SYS_CONF_LINE, "STATEDIR/ready cannot be written");
	log_emit(LOG_SYS_RESTART, PACKAGE_VERSION);
}

void
router_child_ready(struct router *r)
{
	if (r->ready || !child_is_ready(r, CHILD_IKE))
		return;
	/* at once: ike answers already, and members without the KEK that an
	 * RSA key of the file makes possible would get no rekeys */
	run_pending(r);
	if (!child_is_ready(r, CHILD_FWD))
		return;
	if (!ports_rise(r))
		say_ready(r);
	else if (r->ready_timer.at == 0)
		loop_timer(r->loop, &r->ready_timer, time_mono_ms() +
		    LINES_MS);
}

void
router_stop(struct router *r)
{
	loop_stop(r->loop, 0);
}

void
router_reload(struct router *r)
{
	loop_stop(r->loop, ROUTER_RELOAD);
}

static void
on_signal(void *arg, int signo UNUSED)
{
	router_stop(arg);
}

/* Two routers with one state directory would overwrite each other's files. */
static int
lock_statedir(struct router *r)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/lock", r->statedir);
	r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock == -1 || flock(r->lock, LOCK_EX | LOCK_NB) == -1) {
		fprintf(stderr, "cohort: %s: %s\n", path,
		    errno == EWOULDBLOCK ? "a router runs there already"
					 : strerror(errno));
		return -1;
	}
	return 0;
}

static int
make_statedir(struct router *r)
{
	char *p;

	for (p = r->statedir + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			(void)mkdir(r->statedir, 0755);
			*p = '/';
		}
	if (mkdir(r->statedir, 0700) == -1 && errno != EEXIST) {
		fprintf(stderr, "cohort: %s: %s\n", r->statedir,
		    strerror(errno));
		return -1;
	}
	return lock_statedir(r);
}

static int
start(struct router *r)
{
	char path[320];

	if (make_statedir(r) == -1)
		return -1;
	snprintf(path, sizeof(path), "%s/ready", r->statedir);
	(void)unlink(path);
	fs_clean(r->statedir);
	syslog_open(r);
	if (load_startup(r) == -1 || console_open(r) == -1 ||
	    ports_open(r) == -1)
		return -1;
	load_start(r);
	archive_commit(r);
	console_commit(r);
	weak_log(r);
	ports_commit(r, NULL, r->committed);
	child_start(r, CHILD_FWD);
	child_start(r, CHILD_IKE);
	return 0;
}

int
router_run(struct router *r)
{
	char path[320];
	int code = 1;

	r->lock = -1;
	memset(&debug_set, 0, sizeof(debug_set));
	r->debug = debug_set;
	r->weak_named = 0;
	r->start_wall_us = time_wall_us();
	r->start_mono_ms = time_mono_ms();
	r->loop = loop_new();
	r->commit_timer.fn = on_commit;
	r->ready_timer.fn = say_ready;
	r->commit_timer.arg = r->ready_timer.arg = r;
	loop_signal(r->loop, SIGTERM, on_signal, r);
	loop_signal(r->loop, SIGINT, on_signal, r);
	loop_signal(r->loop, SIGHUP, on_signal, r);
	(void)signal(SIGPIPE, SIG_IGN);
	if (start(r) == 0)
		code = loop_run(r->loop);
	loop_timer(r->loop, &r->commit_timer, 0);
	loop_timer(r->loop, &r->ready_timer, 0);
	loop_timer(r->loop, &r->archive_timer, 0);
	r->archive_period = 0;
	rollback_close(r);
	reload_close(r);
	child_stop_all(r);
	console_close(r);
	load_stop(r);
	ports_close(r);
	if (r->ready) {
		snprintf(path, sizeof(path), "%s/ready", r->statedir);
		(void)unlink(path);
		r->ready = false;
	}
	if (r->running != r->committed)
		conf_free(r->running);
	conf_free(r->committed);
	r->running = r->committed = NULL;
	sb_free(&r->pending_exec);
	if (r->syslog != NULL)
		syslog_close(r);
	loop_free(r->loop);
	if (r->lock != -1)
		close(r->lock);
	r->lock = -1;
	return code;
}
