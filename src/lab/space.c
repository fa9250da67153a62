/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The namespaces of a lab. Root: one network namespace a node, mounted at
 * run/ns/NODE. Everybody else: first a user, mount and network namespace of
 * the lab, kept by a holder process that does nothing, then the same inside.
 * Only setns(2), unshare(2), mount(2): no helper program.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"

static int
fail(const char *what)
{
	fprintf(stderr, "cohort lab: %s: %s\n", what, strerror(errno));
	return -1;
}

/* Where labs live: COHORT_RUN, or the usual place of this user. In /tmp
 * others could have been first: the directory must be ours. */
char *
lab_base(void)
{
	const char *env = getenv("COHORT_RUN"), *xdg;
	struct stat st;
	char *top, *base;

	if (env != NULL && env[0] == '/')
		return xstrdup(env);
	if (geteuid() == 0)
		return xstrdup("/run/cohort/lab");
	xdg = getenv("XDG_RUNTIME_DIR");
	if (xdg != NULL && xdg[0] == '/' && access(xdg, W_OK) == 0)
		return xasprintf("%s/cohort/lab", xdg);
	top = xasprintf("/tmp/cohort-%u", (unsigned)geteuid());
	if ((mkdir(top, 0700) == -1 && errno != EEXIST) ||
	    lstat(top, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		fprintf(stderr, "cohort lab: %s is not a directory of mine\n",
		    top);
		free(top);
		return NULL;
	}
	base = xasprintf("%s/lab", top);
	free(top);
	return base;
}

int
lab_mkdirs(const char *path)
{
	char *p = xstrdup(path), *slash = p;
	int rc = 0;

	do {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(p, 0700) == -1 && errno != EEXIST)
			rc = fail(p);
		if (slash != NULL)
			*slash = '/';
	} while (slash != NULL && rc == 0);
	free(p);
	return rc;
}

/* One up or down at a time. The descriptor stays open until we exit. */
static int lock_fd = -1;

int
lab_lock(const struct lab *lab)
{
	int fd;

	if (lab_mkdirs(lab->run) == -1)
		return -1;
	lock_fd = fd = open(lab->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return fail(lab->run);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		fprintf(stderr, "cohort lab: another command is working on "
		    "%s\n", lab->name);
		close(fd);
		lock_fd = -1;
		return -1;
	}
	return 0;
}

/* A process that was just started may have the descriptor a moment longer
 * than we: the lock goes for it, too. */
void
lab_unlock(void)
{
	if (lock_fd != -1)
		(void)flock(lock_fd, LOCK_UN);
}

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	bool ok;

	if (fd == -1)
		return -1;
	ok = write(fd, text, len) == (ssize_t)len;
	close(fd);
	return ok ? 0 : -1;
}

/* The process that keeps a lab's namespaces. It answers one octet when they
 * are there; then it sleeps until `lab down` ends it. */
NORETURN static void
holder_main(int ready, uid_t uid, gid_t gid)
{
	char *umap = xasprintf("0 %u 1\n", (unsigned)uid);
	char *gmap = xasprintf("0 %u 1\n", (unsigned)gid);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	signal(SIGHUP, SIG_IGN);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == -1 ||
	    write_file("/proc/self/setgroups", "deny") == -1 ||
	    write_file("/proc/self/uid_map", umap) == -1 ||
	    write_file("/proc/self/gid_map", gmap) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		_exit(1);
	prctl(PR_SET_NAME, "cohort-lab");
	for (int fd = 0; fd < 3; fd++)
		if (null == -1 || dup2(null, fd) == -1)
			_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	/* The lock of `up` among them: it must not outlive that command. */
	close_range(3, ~0u, 0);
	for (;;)
		pause();
}

static char *
holder_path(const struct lab *lab)
{
	return xasprintf("%s/holder", lab->run);
}

/* The holder's pid, 0 when there is none (any more). */
static pid_t
holder_load(const struct lab *lab)
{
	char *path = holder_path(lab);
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

static int
holder_save(const struct lab *lab, pid_t pid)
{
	char *path = holder_path(lab);
	FILE *fp = fopen(path, "we");
	int rc = 0;

	if (fp == NULL || fprintf(fp, "%d %llu\n", (int)pid,
	    (unsigned long long)pid_start_time(pid)) < 0)
		rc = fail(path);
	if (fp != NULL && fclose(fp) == EOF)
		rc = fail(path);
	free(path);
	return rc;
}

/* Root of the machine, or of a lab that was entered. */
static bool
is_root(void)
{
	return geteuid() == 0;
}

int
space_create(const struct lab *lab)
{
	int fds[2];
	pid_t pid;
	char c;

	if (is_root())
		return 0;
	if (access("/dev/net/tun", R_OK | W_OK) == -1) {
		fprintf(stderr, "cohort lab: /dev/net/tun is not open to this "
		    "user; routers need it.\nRun as root, or once, as root: "
		    "chmod 666 /dev/net/tun\n");
		return -1;
	}
	if (pipe2(fds, O_CLOEXEC) == -1)
		return fail("pipe");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		holder_main(fds[1], geteuid(), getegid());
	}
	close(fds[1]);
	if (pid == -1 || read(fds[0], &c, 1) != 1) {
		fprintf(stderr, "cohort lab: this user may not make user "
		    "namespaces here; run as root\n");
		if (pid != -1)
			waitpid(pid, NULL, 0);
		close(fds[0]);
		return -1;
	}
	close(fds[0]);
	if (holder_save(lab, pid) == -1) {
		kill(pid, SIGKILL);
		return -1;
	}
	return space_enter(lab);
}

bool
space_exists(const struct lab *lab)
{
	return is_root() || holder_load(lab) != 0;
}

int
space_enter(const struct lab *lab)
{
	static const char *const names[] = { "user", "mnt", "net" };
	int fds[NELEM(names)];
	char *base;
	pid_t pid;

	if (is_root())
		return 0;
	if ((pid = holder_load(lab)) == 0) {
		fprintf(stderr, "cohort lab: %s is not running\n", lab->name);
		return -1;
	}
	for (size_t i = 0; i < NELEM(names); i++) {
		char *path = xasprintf("/proc/%d/ns/%s", (int)pid, names[i]);

		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
		if (fds[i] == -1)
			return fail("namespaces of the lab");
	}
	for (size_t i = 0; i < NELEM(names); i++) {
		if (setns(fds[i], 0) == -1)
			return fail("setns");
		close(fds[i]);
	}
	/* We are root now, by name: lab commands that are run from in here
	 * shall find the lab where it was. */
	base = xstrdup(lab->run);
	*strrchr(base, '/') = '\0';
	setenv("COHORT_RUN", base, 1);
	free(base);
	return 0;
}

void
space_destroy(const struct lab *lab)
{
	char *path = holder_path(lab);
	pid_t pid = holder_load(lab);

	if (pid != 0)
		kill(pid, SIGKILL);
	unlink(path);
	free(path);
}

static char *
ns_path(const struct lab *lab, const char *node)
{
	return xasprintf("%s/ns/%s", lab->run, node);
}

/* A child makes the namespace and mounts it at its place, so that our own
 * stays what it was. */
int
ns_create(const struct lab *lab, const char *node)
{
	char *path = ns_path(lab, node);
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = -1;
	pid_t pid;

	if (fd == -1) {
		fail(path);
		goto out;
	}
	close(fd);
	if ((pid = fork()) == -1) {
		fail("fork");
		goto out;
	}
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == -1 || mount("/proc/self/ns/net",
		    path, "none", MS_BIND, NULL) == -1)
			_exit(errno & 0x7f ? errno & 0x7f : 1);
		_exit(0);
	}
	errno = lab_wait(pid);
	if (errno != 0)
		fail(path);
	else
		rc = 0;
out:
	free(path);
	return rc;
}

int
ns_enter(const struct lab *lab, const char *node)
{
	char *path = ns_path(lab, node);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd == -1 || setns(fd, CLONE_NEWNET) == -1)
		rc = fail(path);
	if (fd != -1)
		close(fd);
	free(path);
	return rc;
}

void
ns_destroy(const struct lab *lab, const char *node)
{
	char *path = ns_path(lab, node);

	/* After a reboot only the file is left: then there is no mount. */
	umount2(path, MNT_DETACH);
	if (unlink(path) == -1 && errno != ENOENT)
		fail(path);
	free(path);
}

unsigned
ns_processes(const struct lab *lab, const char *node, pid_t *pids,
    unsigned max)
{
	char *path = ns_path(lab, node);
	struct stat ns, st;
	struct dirent *de;
	unsigned n = 0;
	DIR *proc;

	if (stat(path, &ns) == -1 || (proc = opendir("/proc")) == NULL) {
		free(path);
		return 0;
	}
	free(path);
	while (n < max && (de = readdir(proc)) != NULL) {
		char *end, link[64];
		long pid = strtol(de->d_name, &end, 10);

		if (pid <= 0 || pid > INT_MAX || *end != '\0')
			continue;
		snprintf(link, sizeof(link), "/proc/%ld/ns/net", pid);
		if (pid != getpid() && stat(link, &st) == 0 &&
		    st.st_dev == ns.st_dev && st.st_ino == ns.st_ino)
			pids[n++] = (pid_t)pid;
	}
	closedir(proc);
	return n;
}
