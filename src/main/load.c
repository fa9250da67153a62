/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the processes of this router use: time of a processor, sampled every
 * five seconds into means over five seconds, a minute and five minutes, and
 * memory. Read from /proc; a file that cannot be read leaves zeros. In main.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/router.h"

#define SAMPLE_MS 5000

struct loads {
	struct timer timer;
	uint64_t sampled_ms; /* monotonic */
	pid_t pid[LOAD_COUNT]; /* whom the sample is of */
	uint64_t runtime_ms[LOAD_COUNT];
	double mean[LOAD_COUNT][3]; /* share of a processor */
	uint64_t lowest;
};

static pid_t
pid_of(const struct router *r, enum load_proc which)
{
	switch (which) {
	case LOAD_IKE:
		return child_pid(r, CHILD_IKE);
	case LOAD_FWD:
		return child_pid(r, CHILD_FWD);
	default:
		return getpid();
	}
}

static bool
read_proc(struct strbuf *sb, pid_t pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (file_read(path, sb) == 0)
		return true;
	sb_free(sb);
	return false;
}

/* The number behind a word at the start of a line, 0 if there is none. */
static uint64_t
number_of(const char *text, const char *word)
{
	const char *at = text;

	while (strncmp(at, word, strlen(word)) != 0) {
		at = strchr(at, '\n');
		if (at == NULL)
			return 0;
		at++;
	}
	return strtoull(at + strlen(word), NULL, 10);
}

/* utime and stime are the fields 14 and 15 of stat; field 2 is a name in
 * parentheses, which may hold blanks. */
static uint64_t
runtime_of(pid_t pid)
{
	struct strbuf sb = {0};
	unsigned long long user = 0, sys = 0;
	const char *p;

	if (!read_proc(&sb, pid, "stat"))
		return 0;
	p = strrchr(sb.s, ')');
	if (p == NULL || sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s "
				       "%*s %*s %llu %llu", &user, &sys) != 2)
		user = sys = 0;
	sb_free(&sb);
	return (user + sys) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* How often its threads were given a processor. */
static uint64_t
invoked_of(pid_t pid)
{
	char path[64];
	DIR *dir;
	const struct dirent *e;
	uint64_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		struct strbuf sb = {0};
		char name[64];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "task/%.16s/status", e->d_name);
		if (!read_proc(&sb, pid, name))
			continue;
		n += number_of(sb.s, "voluntary_ctxt_switches:") +
		    number_of(sb.s, "nonvoluntary_ctxt_switches:");
		sb_free(&sb);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

static void
memory_of(pid_t pid, uint64_t *resident, uint64_t *peak)
{
	struct strbuf sb = {0};

	*resident = *peak = 0;
	if (!read_proc(&sb, pid, "status"))
		return;
	*resident = number_of(sb.s, "VmRSS:") * 1024;
	*peak = number_of(sb.s, "VmHWM:") * 1024;
	sb_free(&sb);
}

/* Exponential means, as IOS has them; before a period has passed since the
 * start, the mean of the time that there was. */
static void
add_sample(struct loads *ls, enum load_proc which, double share, double secs)
{
	static const double periods[3] = {5, 60, 300};
	unsigned i;

	for (i = 0; i < NELEM(periods); i++) {
		double weight = secs < periods[i] ? secs / periods[i] : 1;

		ls->mean[which][i] += (share - ls->mean[which][i]) * weight;
	}
}

static void
sample(struct router *r)
{
	struct loads *ls = r->loads;
	uint64_t now = time_mono_ms(), ms = now - ls->sampled_ms;
	struct memory m;
	unsigned i;

	if (ms == 0)
		return;
	for (i = 0; i < LOAD_COUNT; i++) {
		pid_t pid = pid_of(r, (enum load_proc)i);
		uint64_t used = pid != 0 ? runtime_of(pid) : 0;
		uint64_t since = pid == ls->pid[i] ? ls->runtime_ms[i] : 0;

		add_sample(ls, (enum load_proc)i,
		    used > since ? (double)(used - since) / (double)ms : 0,
		    (double)ms / 1000);
		ls->pid[i] = pid;
		ls->runtime_ms[i] = used;
	}
	ls->sampled_ms = now;
	load_memory(r, &m); /* keeps the lowest */
}

static void
on_timer(void *arg)
{
	struct router *r = arg;

	sample(r);
	loop_timer(r->loop, &r->loads->timer, time_mono_ms() + SAMPLE_MS);
}

void
load_start(struct router *r)
{
	struct loads *ls = r->loads = xcalloc(1, sizeof(*ls));

	ls->timer.fn = on_timer;
	ls->timer.arg = r;
	ls->sampled_ms = time_mono_ms();
	ls->pid[LOAD_MAIN] = getpid();
	ls->runtime_ms[LOAD_MAIN] = runtime_of(getpid());
	loop_timer(r->loop, &ls->timer, time_mono_ms() + SAMPLE_MS);
}

void
load_stop(struct router *r)
{
	if (r->loads == NULL)
		return;
	loop_timer(r->loop, &r->loads->timer, 0);
	free(r->loads);
	r->loads = NULL;
}

void
load_of(struct router *r, enum load_proc which, struct load *out)
{
	struct loads *ls = r->loads;
	unsigned i;

	memset(out, 0, sizeof(*out));
	out->pid = pid_of(r, which);
	if (out->pid == 0)
		return;
	out->runtime_ms = runtime_of(out->pid);
	out->invoked = invoked_of(out->pid);
	memory_of(out->pid, &out->resident, &out->peak);
	for (i = 0; i < 3; i++)
		out->cpu[i] = (uint32_t)(ls->mean[which][i] * 10000 + 0.5);
}

void
load_memory(struct router *r, struct memory *m)
{
	struct strbuf sb = {0};
	uint64_t resident, peak;
	unsigned i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < LOAD_COUNT; i++) {
		pid_t pid = pid_of(r, (enum load_proc)i);

		if (pid == 0)
			continue;
		memory_of(pid, &resident, &peak);
		m->used += resident;
	}
	if (file_read("/proc/meminfo", &sb) == 0)
		m->available = number_of(sb.s, "MemAvailable:") * 1024;
	sb_free(&sb);
	m->total = m->used + m->available;
	if (r->loads->lowest == 0 || m->available < r->loads->lowest)
		r->loads->lowest = m->available;
	m->lowest = r->loads->lowest;
}
