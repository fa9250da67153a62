/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Kernel settings and nftables rules around the packet path (DESIGN.md 5).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/plumbing.h"
#include "main/router.h"

#define SYSCTL_ROOT "/proc/sys/net/ipv4/"

extern char **environ;

/* Why each: packets come back in from a TUN with own source addresses and
 * with sockets that match them; the mark decides before the local table. */
static const struct {
	const char *name, *value;
} settings[] = {
    {"ip_forward", "1"},
    {"ip_early_demux", "0"},
    {"conf/all/rp_filter", "0"},
};

struct plumbing {
	char before[NELEM(settings)][16];
	char *path; /* of the copy in the state directory */
};

static int
sysctl_get(const char *name, char *value, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSCTL_ROOT "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, value, size - 1);
	close(fd);
	if (n <= 0)
		return -1;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int
sysctl_set(const char *name, const char *value)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SYSCTL_ROOT "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == -1 ? -1 : 0;
}

/* Which namespace of which boot the values are of. */
static void
namespace_name(struct strbuf *sb)
{
	char boot[64] = "", net[64] = "";

	(void)sysctl_get("../../kernel/random/boot_id", boot, sizeof(boot));
	(void)!readlink("/proc/self/ns/net", net, sizeof(net) - 1);
	sb_printf(sb, "%s %s\n", boot, net);
}

static void
undo_save(const struct plumbing *p)
{
	struct strbuf sb = {0};
	size_t i;

	namespace_name(&sb);
	for (i = 0; i < NELEM(settings); i++)
		sb_printf(&sb, "%s\n", p->before[i]);
	/* on a bad disk a killed router leaves its settings, no more */
	(void)!file_write(p->path, sb.s, sb.len, 0600);
	sb_free(&sb);
}

/* Takes the values of a killed router, if they are of this namespace. */
static bool
undo_load(struct plumbing *p)
{
	struct strbuf file = {0}, name = {0};
	char *rest, *line;
	size_t i = 0;

	namespace_name(&name);
	if (file_read(p->path, &file) == 0 && file.len > name.len &&
	    memcmp(file.s, name.s, name.len) == 0) {
		rest = file.s + name.len;
		while (i < NELEM(settings) &&
		    (line = strsep(&rest, "\n")) != NULL && *line != '\0')
			str_copy(p->before[i++], line, sizeof(p->before[0]));
	}
	sb_free(&file);
	sb_free(&name);
	return i == NELEM(settings);
}

struct plumbing *
plumbing_open(const char *statedir)
{
	struct plumbing *p = xcalloc(1, sizeof(*p));
	char now[16];
	size_t i;

	p->path = xasprintf("%s/sysctl", statedir);
	if (!undo_load(p)) {
		for (i = 0; i < NELEM(settings); i++)
			(void)sysctl_get(settings[i].name, p->before[i],
			    sizeof(p->before[i]));
		undo_save(p);
	}
	for (i = 0; i < NELEM(settings); i++) {
		if (sysctl_get(settings[i].name, now, sizeof(now)) == 0 &&
		    (strcmp(now, settings[i].value) == 0 ||
			sysctl_set(settings[i].name, settings[i].value) == 0))
			continue;
		fprintf(stderr, "cohort: " SYSCTL_ROOT "%s: %s\n",
		    settings[i].name, strerror(errno));
		p->before[i][0] = '\0';
		plumbing_close(p);
		return NULL;
	}
	return p;
}

void
plumbing_tun_sysctls(const char *tun)
{
	char name[64];

	snprintf(name, sizeof(name), "conf/%s/rp_filter", tun);
	(void)sysctl_set(name, "0");
	snprintf(name, sizeof(name), "conf/%s/accept_local", tun);
	(void)sysctl_set(name, "1");
	snprintf(name, sizeof(name), "../ipv6/conf/%s/disable_ipv6", tun);
	(void)sysctl_set(name, "1"); /* no solicitations into the path */
}

/* Runs nft with the rules on its standard input. */
static int
nft_run(const char *rules, size_t len)
{
	static char *argv[] = {(char *)(uintptr_t)"nft",
	    (char *)(uintptr_t)"-f", (char *)(uintptr_t)"-", NULL};
	posix_spawn_file_actions_t fa;
	int p[2], status = -1, r;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) == -1)
		return -1;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[0], 0);
	r = posix_spawnp(&pid, "nft", &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(p[0]);
	if (r != 0) {
		close(p[1]);
		fprintf(stderr, "cohort: nft: %s (package nftables)\n",
		    strerror(r));
		return -1;
	}
	while (len > 0) {
		ssize_t n = write(p[1], rules, len);

		if (n <= 0)
			break;
		rules += n;
		len -= (size_t)n;
	}
	close(p[1]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
plumbing_set_marks(struct plumbing *p UNUSED, const struct plumbing_mark *marks,
    unsigned n, uint32_t local_mark)
{
	struct strbuf sb = {0};
	unsigned i;
	int r;

	/* Creating and deleting makes the replacement one transaction. */
	sb_printf(&sb, "table ip cohort\ndelete table ip cohort\n"
	    "table ip cohort {\nchain in {\n"
	    "type filter hook prerouting priority mangle\n");
	/* The kernel forwards into the TUN: a packet for this router itself
	 * that comes with TTL 1 must survive that. */
	for (i = 0; i < n; i++) {
		if (marks[i].only_out)
			continue;
		sb_printf(&sb, "iifname \"%s\" ip ttl 1 fib daddr type local "
		    "ip ttl set 2\niifname \"%s\" fib daddr type "
		    "{ unicast, local } meta mark set 0x%x\n",
		    marks[i].dev, marks[i].dev, marks[i].mark);
	}
	sb_printf(&sb, "}\nchain out {\n"
	    "type route hook output priority mangle\n"
	    "meta mark 0x%x return\n", MARK_EXEMPT);
	for (i = 0; i < n; i++)
		sb_printf(&sb, "oifname \"%s\" fib daddr type unicast "
		    "meta mark set 0x%x\n", marks[i].dev, local_mark);
	sb_printf(&sb, "}\n}\n");
	r = nft_run(sb.s, sb.len);
	sb_free(&sb);
	return r;
}

int
plumbing_guard(void)
{
	struct strbuf sb = {0};
	int r;

	sb_printf(&sb, "table ip cohort\ndelete table ip cohort\n"
	    "table ip cohort {\nchain through {\n"
	    "type filter hook forward priority filter; policy drop\n}\n"
	    "chain out {\ntype filter hook output priority filter; "
	    "policy drop\nmeta mark 0x%x accept\noifname \"lo\" accept\n"
	    "}\n}\n", MARK_EXEMPT);
	r = nft_run(sb.s, sb.len);
	sb_free(&sb);
	return r;
}

void
plumbing_close(struct plumbing *p)
{
	static const char gone[] = "table ip cohort\ndelete table ip cohort\n";
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < NELEM(settings); i++)
		if (p->before[i][0] != '\0')
			(void)sysctl_set(settings[i].name, p->before[i]);
	(void)nft_run(gone, sizeof(gone) - 1);
	(void)unlink(p->path);
	free(p->path);
	free(p);
}
