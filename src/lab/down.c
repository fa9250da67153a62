/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort lab down: ends the first processes of the nodes and waits for them,
 * then whatever else still lives in the lab's own network namespaces, then
 * the namespaces. Works without the topology file, on a lab that came up only
 * in part and on what a reboot left.
 */
#include "config.h"

#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"

#define END_MS 10000	/* a router undoes what it did in the namespace */
#define STRAY_MS 2000
#define STRAY_MAX 256

static void
pause_ms(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void
list_dir(const struct lab *lab, const char *sub, struct strlist *out)
{
	char *path = xasprintf("%s/%s", lab->run, sub);
	DIR *d = opendir(path);
	struct dirent *de;

	while (d != NULL && (de = readdir(d)) != NULL)
		if (de->d_name[0] != '.')
			strlist_add(out, de->d_name);
	if (d != NULL)
		closedir(d);
	free(path);
}

/* SIGTERM to all, then wait for all: their time runs in parallel. */
static void
end_nodes(const struct lab *lab)
{
	struct strlist nodes = { 0 };
	uint64_t start = time_mono_ms();
	pid_t *pids;

	list_dir(lab, "pid", &nodes);
	pids = xcalloc(nodes.n, sizeof(*pids));
	for (unsigned i = 0; i < nodes.n; i++) {
		pids[i] = pid_load(lab, nodes.v[i]);
		if (pids[i] != 0)
			kill(pids[i], SIGTERM);
	}
	for (unsigned i = 0; i < nodes.n; i++) {
		if (pids[i] == 0)
			continue;
		while (pid_load(lab, nodes.v[i]) == pids[i] &&
		    time_mono_ms() - start < END_MS)
			pause_ms(10);
		if (pid_load(lab, nodes.v[i]) == pids[i]) {
			fprintf(stderr, "cohort lab: %s did not end in %u s, "
			    "killed\n", nodes.v[i], END_MS / 1000);
			kill(pids[i], SIGKILL);
		}
	}
	free(pids);
	strlist_free(&nodes);
}

/* Servers that exec lines left in the background, consoles, children of a
 * killed router: the namespace that they live in says that they are ours. */
static void
end_strays(const struct lab *lab, const char *node)
{
	pid_t pids[STRAY_MAX];
	uint64_t start = time_mono_ms();
	unsigned n;

	n = ns_processes(lab, node, pids, STRAY_MAX);
	for (unsigned i = 0; i < n; i++)
		kill(pids[i], SIGTERM);
	while (n > 0 && time_mono_ms() - start < STRAY_MS) {
		pause_ms(10);
		n = ns_processes(lab, node, pids, STRAY_MAX);
	}
	for (unsigned i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	if (remove(path) == -1 && errno != ENOENT)
		fprintf(stderr, "cohort lab: %s: %s\n", path, strerror(errno));
	return 0;
}

static void
remove_tree(const struct lab *lab, const char *sub)
{
	char *path = xasprintf("%s/%s", lab->run, sub);

	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(path);
}

static void
end_inside(const struct lab *lab)
{
	struct strlist nodes = { 0 };

	list_dir(lab, "ns", &nodes);
	for (unsigned i = 0; i < nodes.n; i++) {
		end_strays(lab, nodes.v[i]);
		ns_destroy(lab, nodes.v[i]);
	}
	strlist_free(&nodes);
}

/* First processes are ended from outside: that works without the holder, too.
 * The rest is done by a child that enters the lab, so that what comes after
 * is done by the user who called us. */
int
lab_down(struct lab *lab, bool keep)
{
	static const char *const sub[] = { "ns", "log", "pid", "verify",
		"dir" };
	pid_t pid;
	int rc = 0;

	fflush(NULL);
	end_nodes(lab);
	if (space_exists(lab)) {
		if ((pid = fork()) == 0) {
			if (space_enter(lab) == -1)
				_exit(1);
			end_inside(lab);
			_exit(0);
		}
		rc = pid == -1 ? 1 : lab_wait(pid);
	}
	space_destroy(lab);
	for (size_t i = 0; i < NELEM(sub); i++)
		remove_tree(lab, sub[i]);
	if (!keep)
		remove_tree(lab, "state");
	return rc;
}
