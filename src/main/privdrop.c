/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Privileges of the children (DESIGN.md 3). The filter is a list of what a
 * packet process has no business to do, not of what libraries may need.
 */
#include "config.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/privdrop.h"

#define NOBODY 65534

void
privdrop_early(void)
{
	struct rlimit none = {0, 0};

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* A directory that is gone by the time it is the root. */
static void
empty_root(void)
{
	char dir[] = "/tmp/cohort-root-XXXXXX";

	if (mkdtemp(dir) == NULL)
		fatal("mkdtemp: %s", strerror(errno));
	if (chdir(dir) == -1 || rmdir(dir) == -1 || chroot(".") == -1)
		fatal("chroot: %s", strerror(errno));
}

static void
become_nobody(void)
{
	/* In a user namespace of one user there is nobody else to become. */
	if (setgroups(0, NULL) == -1 && errno != EPERM)
		fatal("setgroups: %s", strerror(errno));
	if (setresgid(NOBODY, NOBODY, NOBODY) == -1 && errno != EINVAL)
		fatal("setresgid: %s", strerror(errno));
	if (setresuid(NOBODY, NOBODY, NOBODY) == -1 && errno != EINVAL)
		fatal("setresuid: %s", strerror(errno));
}

static void
filter_calls(void)
{
	static const int denied[] = {SCMP_SYS(execve), SCMP_SYS(execveat),
	    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	    SCMP_SYS(process_vm_writev), SCMP_SYS(mount), SCMP_SYS(umount2),
	    SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
	    SCMP_SYS(setns), SCMP_SYS(socket), SCMP_SYS(connect),
	    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(bpf),
	    SCMP_SYS(perf_event_open), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	    SCMP_SYS(init_module), SCMP_SYS(finit_module),
	    SCMP_SYS(kexec_load), SCMP_SYS(userfaultfd),
	    SCMP_SYS(io_uring_setup), SCMP_SYS(creat), SCMP_SYS(mknod),
	    SCMP_SYS(mknodat), SCMP_SYS(symlinkat), SCMP_SYS(linkat)};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	if (ctx == NULL)
		fatal("seccomp_init");
	for (i = 0; i < NELEM(denied); i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i],
			0) < 0)
			fatal("seccomp rule %zu", i);
	if (seccomp_load(ctx) < 0)
		fatal("seccomp_load");
	seccomp_release(ctx);
}

void
privdrop(void)
{
	empty_root();
	become_nobody();
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		fatal("capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("no_new_privs: %s", strerror(errno));
	(void)prctl(PR_SET_DUMPABLE, 0); /* changing users may reset it */
	filter_calls();
}
