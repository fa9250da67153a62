/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort lab up: namespaces, links, hosts, then all routers at once, and wait
 * until every one of them says that it is ready and all lines are up.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/lab.h"
#include "main/netlink.h"

#define LINES_MS 3000  /* for all lines that are coming up */
#define LOG_TAIL 2000 /* octets of a log shown when a router did not start */

static void
pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static int
make_dirs(const struct lab *lab)
{
	static const char *const sub[] = { "ns", "state", "log", "pid",
		"verify" };
	char *path;
	FILE *fp;
	int rc = 0;

	for (size_t i = 0; i < NELEM(sub) && rc == 0; i++) {
		path = xasprintf("%s/%s", lab->run, sub[i]);
		rc = lab_mkdirs(path);
		free(path);
	}
	path = xasprintf("%s/dir", lab->run);
	if (rc == 0 && ((fp = fopen(path, "we")) == NULL ||
	    fprintf(fp, "%s\n", lab->dir) < 0 || fclose(fp) == EOF)) {
		fprintf(stderr, "cohort lab: %s: %s\n", path, strerror(errno));
		rc = -1;
	}
	free(path);
	return rc;
}

static int
ip_command(const struct lab *lab, const struct lab_node *n, char *argv[])
{
	int rc = lab_run(lab, n, argv, 0);

	if (rc != 0) {
		fprintf(stderr, "cohort lab: %s:", n->name);
		for (; *argv != NULL; argv++)
			fprintf(stderr, " %s", *argv);
		fprintf(stderr, " failed (%d)\n", rc);
	}
	return rc == 0 ? 0 : -1;
}

/* The pair is made inside the first node with its peer in the second: no
 * name ever exists outside of the two. */
static int
make_link(const struct lab *lab, const struct lab_link *l)
{
	const struct lab_node *a = &lab->nodes[l->end[0].node];
	const struct lab_node *b = &lab->nodes[l->end[1].node];
	char mtu[16];
	char *peer = xasprintf("%s/ns/%s", lab->run, b->name);
	char *ifa = xstrdup(l->end[0].ifname), *ifb = xstrdup(l->end[1].ifname);
	int rc;

	snprintf(mtu, sizeof(mtu), "%u", l->mtu ? l->mtu : 1500);
	rc = ip_command(lab, a, (char *[]){ "ip", "link", "add", "name", ifa,
	    "mtu", mtu, "type", "veth", "peer", "name", ifb, "mtu", mtu,
	    "netns", peer, NULL });
	if (rc == 0)
		rc = ip_command(lab, a, (char *[]){ "ip", "link", "set", "dev",
		    ifa, "up", NULL });
	if (rc == 0)
		rc = ip_command(lab, b, (char *[]){ "ip", "link", "set", "dev",
		    ifb, "up", NULL });
	free(ifa);
	free(ifb);
	free(peer);
	return rc;
}

static int
make_network(const struct lab *lab)
{
	for (unsigned i = 0; i < lab->nnodes; i++) {
		if (ns_create(lab, lab->nodes[i].name) == -1 ||
		    ip_command(lab, &lab->nodes[i], (char *[]){ "ip", "link",
		    "set", "dev", "lo", "up", NULL }) == -1)
			return -1;
	}
	for (unsigned i = 0; i < lab->nlinks; i++)
		if (make_link(lab, &lab->links[i]) == -1)
			return -1;
	return 0;
}

/* exec lines, sysctls before them. Returns how many failed. */
static unsigned
configure_node(const struct lab *lab, const struct lab_node *n)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < n->sysctls.n; i++)
		failed += ip_command(lab, n, (char *[]){ "sysctl", "-q", "-w",
		    n->sysctls.v[i], NULL }) == -1;
	for (unsigned i = 0; i < n->exec.n; i++) {
		int rc = lab_run(lab, n, (char *[]){ "sh", "-c", n->exec.v[i],
		    NULL }, RUN_TO_LOG);

		if (rc == 0)
			continue;
		fprintf(stderr, "cohort lab: %s: `%s` failed (%d), see "
		    "%s/log/%s\n", n->name, n->exec.v[i], rc, lab->run,
		    n->name);
		failed++;
	}
	return failed;
}

static int
start_plain(const struct lab *lab, const struct lab_node *n)
{
	pid_t pid;

	if (n->cmd == NULL)
		return 0;
	pid = lab_spawn(lab, n, (char *[]){ "sh", "-c", n->cmd, NULL },
	    RUN_TO_LOG | RUN_SESSION);
	return pid == -1 ? -1 : pid_save(lab, n->name, pid);
}

/* What the router wrote with `write memory` wins over the lab's file. */
static int
start_router(const struct lab *lab, const struct lab_node *n)
{
	char *state = xasprintf("%s/state/%s", lab->run, n->name);
	char *saved = xasprintf("%s/startup-config", state);
	char *ready = xasprintf("%s/ready", state);
	char *binary = lab_binary(), *name = xstrdup(n->name);
	char *config = access(saved, R_OK) == 0 ? saved : n->config;
	int rc = lab_mkdirs(state);
	pid_t pid;

	if (config == saved)
		printf("%s: starting from its saved configuration\n", n->name);
	unlink(ready); /* of a run that ended without cleaning up */
	if (rc == 0) {
		pid = lab_spawn(lab, n, (char *[]){ binary, "run", "-c",
		    config, "-n", name, "-s", state, "-d", NULL },
		    RUN_TO_LOG | RUN_SESSION);
		rc = pid == -1 ? -1 : pid_save(lab, n->name, pid);
	}
	free(state);
	free(saved);
	free(ready);
	free(binary);
	free(name);
	return rc;
}

static bool
router_ready(const struct lab *lab, const struct lab_node *n)
{
	char *ready = xasprintf("%s/state/%s/ready", lab->run, n->name);
	bool is = access(ready, F_OK) == 0;

	free(ready);
	return is;
}

static void
show_log_tail(const struct lab *lab, const struct lab_node *n)
{
	char *path = xasprintf("%s/log/%s", lab->run, n->name);
	char buf[LOG_TAIL + 1];
	FILE *fp = fopen(path, "re");
	size_t len;

	if (fp != NULL) {
		if (fseek(fp, -LOG_TAIL, SEEK_END) == -1)
			rewind(fp);
		len = fread(buf, 1, LOG_TAIL, fp);
		buf[len] = '\0';
		fprintf(stderr, "--- end of %s\n%s---\n", path, buf);
		fclose(fp);
	}
	free(path);
}

/* All routers ready: 0. One that ended, or the time is over: -1. Reports
 * what it waits for every few seconds. */
static int
wait_ready(const struct lab *lab, unsigned wait_secs)
{
	uint64_t start = time_mono_ms(), said = start, now;

	for (;;) {
		unsigned waiting = 0;
		const struct lab_node *first = NULL;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		for (unsigned i = 0; i < lab->nnodes; i++) {
			const struct lab_node *n = &lab->nodes[i];

			if (!n->router || router_ready(lab, n))
				continue;
			if (pid_load(lab, n->name) == 0) {
				fprintf(stderr, "cohort lab: router %s did not "
				    "start\n", n->name);
				show_log_tail(lab, n);
				return -1;
			}
			if (first == NULL)
				first = n;
			waiting++;
		}
		if (waiting == 0)
			return 0;
		now = time_mono_ms();
		if (now - start > wait_secs * 1000ull) {
			fprintf(stderr, "cohort lab: router %s is not ready "
			    "after %u seconds\n", first->name, wait_secs);
			show_log_tail(lab, first);
			return -1;
		}
		if (now - said >= 2000) {
			printf("waiting for %u router%s (%s ...), %u s\n",
			    waiting, waiting == 1 ? "" : "s", first->name,
			    (unsigned)((now - start) / 1000));
			fflush(stdout);
			said = now;
		}
		pause_ms(20);
	}
}

static void
link_seen(void *arg, const struct nl_link *l)
{
	*(bool *)arg |= nl_link_rises(l);
}

/* A device of the node has its carrier, but is not used by the kernel yet. */
static bool
node_rises(const struct lab *lab, const struct lab_node *n)
{
	struct netlink *nl;
	bool rises = false;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (ns_enter(lab, n->name) == -1 || (nl = nl_open()) == NULL ||
		    nl_links(nl, link_seen, &rises) != 0)
			_exit(1);
		_exit(rises ? 2 : 0);
	}
	return pid != -1 && lab_wait(pid) == 2;
}

/* The lines of routers are up when they are ready; here are those of hosts,
 * which would lose what is sent first. */
static void
wait_lines(const struct lab *lab)
{
	uint64_t start = time_mono_ms();

	for (unsigned i = 0; i < lab->nnodes; i++)
		while (!lab->nodes[i].router &&
		    node_rises(lab, &lab->nodes[i]) &&
		    time_mono_ms() - start < LINES_MS)
			pause_ms(20);
}

bool
lab_running(const struct lab *lab)
{
	for (unsigned i = 0; i < lab->nnodes; i++) {
		char *path = xasprintf("%s/ns/%s", lab->run,
		    lab->nodes[i].name);
		bool there = access(path, F_OK) == 0;

		free(path);
		if (!there || (lab->nodes[i].router &&
		    (pid_load(lab, lab->nodes[i].name) == 0 ||
		    !router_ready(lab, &lab->nodes[i]))))
			return false;
	}
	return space_exists(lab);
}

void
lab_table(const struct lab *lab)
{
	printf("\n%-16s %-8s %-6s %s\n", "node", "kind", "state", "links");
	for (unsigned i = 0; i < lab->nnodes; i++) {
		const struct lab_node *n = &lab->nodes[i];
		const char *sep = "";

		printf("%-16s %-8s %-6s ", n->name,
		    n->router ? "router" : "host", !n->router ? "up" :
		    pid_load(lab, n->name) == 0 ? "ended" :
		    router_ready(lab, n) ? "ready" : "starts");
		for (unsigned j = 0; j < 2 * lab->nlinks; j++) {
			const struct lab_link *l = &lab->links[j / 2];
			const struct lab_end *a = &l->end[j % 2];
			const struct lab_end *b = &l->end[1 - j % 2];

			if (a->node != i)
				continue;
			printf("%s%s-%s:%s", sep, a->ifname,
			    lab->nodes[b->node].name, b->ifname);
			sep = " ";
		}
		putchar('\n');
	}
}

static int
build(struct lab *lab, unsigned wait_secs)
{
	unsigned failed = 0, routers = 0;

	printf("lab %s: %u nodes, %u links\n", lab->name, lab->nnodes,
	    lab->nlinks);
	fflush(stdout);
	if (make_network(lab) == -1)
		return -1;
	for (unsigned i = 0; i < lab->nnodes; i++) {
		if (lab->nodes[i].router)
			continue;
		failed += configure_node(lab, &lab->nodes[i]);
		if (start_plain(lab, &lab->nodes[i]) == -1)
			return -1;
	}
	for (unsigned i = 0; i < lab->nnodes; i++) {
		if (!lab->nodes[i].router)
			continue;
		if (start_router(lab, &lab->nodes[i]) == -1)
			return -1;
		routers++;
	}
	printf("%u routers started\n", routers);
	fflush(stdout);
	if (wait_ready(lab, wait_secs) == -1)
		return -1;
	wait_lines(lab);
	for (unsigned i = 0; i < lab->nnodes; i++)
		if (lab->nodes[i].router)
			failed += configure_node(lab, &lab->nodes[i]);
	if (failed > 0)
		fprintf(stderr, "cohort lab: %u exec lines failed\n", failed);
	return failed > 0 ? 1 : 0;
}

/* Two directories may hold labs of one name: not at the same time. */
static bool
is_of_other_dir(const struct lab *lab)
{
	char *path = xasprintf("%s/dir", lab->run);
	FILE *fp = fopen(path, "re");
	char line[PATH_MAX] = "";
	bool other;

	if (fp != NULL) {
		if (fgets(line, sizeof(line), fp) != NULL)
			line[strcspn(line, "\n")] = '\0';
		fclose(fp);
	}
	other = line[0] != '\0' && strcmp(line, lab->dir) != 0;
	if (other)
		fprintf(stderr, "cohort lab: a lab %s is up from %s\n",
		    lab->name, line);
	free(path);
	return other;
}

int
lab_up(struct lab *lab, bool fresh, unsigned wait_secs)
{
	int rc;

	if (lab_lock(lab) == -1 || is_of_other_dir(lab))
		return 1;
	if (lab_running(lab) && !fresh) {
		printf("lab %s is already up\n", lab->name);
		lab_table(lab);
		return 0;
	}
	/* What is left of an unfinished or killed lab goes first. */
	if (lab_down(lab, !fresh) != 0 || make_dirs(lab) == -1 ||
	    space_create(lab) == -1)
		return 1;
	rc = build(lab, wait_secs);
	if (rc == -1) {
		fprintf(stderr, "cohort lab: %s is not up; `cohort lab down` "
		    "removes the rest, logs are in %s/log\n", lab->name,
		    lab->run);
		return 1;
	}
	lab_table(lab);
	return rc;
}
