/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes inside the nodes of a lab: started with an argument vector in the
 * node's namespace, remembered by pid and start time, so that a number that
 * the kernel has given to somebody else is never taken for ours.
 */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"

/* Ourselves; COHORT_BINARY for tests of the lab without a router. */
char *
lab_binary(void)
{
	const char *env = getenv("COHORT_BINARY");
	char path[PATH_MAX];
	ssize_t n;

	if (env != NULL)
		return xstrdup(env);
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		fatal("/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	return xstrdup(path);
}

static int
open_log(const struct lab *lab, const char *node)
{
	char *path = xasprintf("%s/log/%s", lab->run, node);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	free(path);
	return fd;
}

NORETURN static void
child_main(const struct lab *lab, const struct lab_node *n,
    char *const argv[], int flags)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (flags & RUN_SESSION)
		setsid();
	if (flags & RUN_TO_LOG) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int log = open_log(lab, n->name);

		if (null == -1 || log == -1 || dup2(null, 0) == -1 ||
		    dup2(log, 1) == -1 || dup2(log, 2) == -1)
			_exit(126);
	}
	if (ns_enter(lab, n->name) == -1)
		_exit(126);
	for (unsigned i = 0; i < n->env.n; i++)
		putenv(n->env.v[i]);
	setenv("LAB_NODE", n->name, 1);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

pid_t
lab_spawn(const struct lab *lab, const struct lab_node *n, char *const argv[],
    int flags)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child_main(lab, n, argv, flags);
	if (pid == -1)
		fprintf(stderr, "cohort lab: fork: %s\n", strerror(errno));
	return pid;
}

int
lab_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}

int
lab_run(const struct lab *lab, const struct lab_node *n, char *const argv[],
    int flags)
{
	pid_t pid = lab_spawn(lab, n, argv, flags);

	return pid == -1 ? 126 : lab_wait(pid);
}

/* Field 22 of /proc/PID/stat, counted behind the last parenthesis: the name
 * in front of it may hold anything. */
uint64_t
pid_start_time(pid_t pid)
{
	char path[64], buf[1024], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if ((p = strrchr(buf, ')')) == NULL || p[1] == '\0' || p[2] == 'Z')
		return 0; /* a zombie does nothing any more */
	for (int field = 2; field < 22; field++)
		if ((p = strchr(p + 1, ' ')) == NULL)
			return 0;
	return strtoull(p + 1, NULL, 10);
}

static char *
pid_path(const struct lab *lab, const char *node)
{
	return xasprintf("%s/pid/%s", lab->run, node);
}

int
pid_save(const struct lab *lab, const char *node, pid_t pid)
{
	char *path = pid_path(lab, node);
	FILE *fp = fopen(path, "we");
	int rc = -1;

	if (fp != NULL) {
		rc = fprintf(fp, "%d %llu\n", (int)pid,
		    (unsigned long long)pid_start_time(pid)) < 0 ? -1 : 0;
		if (fclose(fp) == EOF)
			rc = -1;
	}
	if (rc == -1)
		fprintf(stderr, "cohort lab: %s: %s\n", path, strerror(errno));
	free(path);
	return rc;
}

pid_t
pid_load(const struct lab *lab, const char *node)
{
	char *path = pid_path(lab, node);
	FILE *fp = fopen(path, "re");
	unsigned long long start = 0;
	int pid = 0;

	free(path);
	if (fp == NULL)
		return 0;
	if (fscanf(fp, "%d %llu", &pid, &start) != 2 || pid <= 0 ||
	    start == 0 || pid_start_time(pid) != start)
		pid = 0;
	fclose(fp);
	return pid;
}
