/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort lab: the sub-commands and their arguments.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "main/cmd.h"
#include "cli/shell.h"

#define WAIT_SECS 60 /* for routers to become ready */

static const char usage_text[] =
    "usage: cohort lab up [--fresh] [--wait SECONDS] DIR\n"
    "       cohort lab verify [--quick] DIR\n"
    "       cohort lab down [--keep] DIR\n"
    "       cohort lab list\n"
    "       cohort lab console DIR NODE\n"
    "       cohort lab exec DIR NODE 'COMMAND'...\n"
    "       cohort lab shell DIR NODE ['COMMAND'...]\n"
    "       cohort lab pcap DIR NODE:INTERFACE\n";

struct lab_args {
	bool fresh, keep, quick;
	unsigned wait_secs;
	int n;	     /* positional */
	char **v;
};

static int
usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

/* Enters a running lab. NULL after a message. */
static struct lab *
open_running(const char *path)
{
	struct lab *lab = lab_load(path);
	char *ns;

	if (lab == NULL)
		return NULL;
	ns = xasprintf("%s/ns", lab->run);
	if (access(ns, F_OK) == -1) {
		fprintf(stderr, "cohort lab: %s is not up\n", lab->name);
		lab_free(lab);
		lab = NULL;
	} else if (space_enter(lab) == -1) {
		lab_free(lab);
		lab = NULL;
	}
	free(ns);
	return lab;
}

static int
do_up(const struct lab_args *a)
{
	struct lab *lab = lab_load(a->v[0]);
	int rc;

	if (lab == NULL)
		return 1;
	/* A reader that goes away must not leave half a lab. */
	signal(SIGPIPE, SIG_IGN);
	rc = lab_up(lab, a->fresh, a->wait_secs);
	lab_unlock();
	if (rc == 0)
		printf("\nconsole of a router:  cohort lab console %s NODE\n"
		    "proofs of this lab:   cohort lab verify %s\n"
		    "end it:               cohort lab down %s\n", a->v[0],
		    a->v[0], a->v[0]);
	lab_free(lab);
	return rc;
}

/* A lab whose topology file is gone is named by its name. */
static struct lab *
load_for_down(const char *arg)
{
	char *base, *run;
	struct lab *lab;

	if (access(arg, F_OK) == 0 || strchr(arg, '/') != NULL)
		return lab_load(arg);
	if ((base = lab_base()) == NULL)
		return NULL;
	run = xasprintf("%s/%s", base, arg);
	free(base);
	if (access(run, F_OK) == -1) {
		fprintf(stderr, "cohort lab: no lab %s\n", arg);
		free(run);
		return NULL;
	}
	lab = xcalloc(1, sizeof(*lab));
	str_copy(lab->name, arg, sizeof(lab->name));
	lab->dir = xstrdup("");
	lab->run = run;
	return lab;
}

static int
do_down(const struct lab_args *a)
{
	struct lab *lab = load_for_down(a->v[0]);
	int rc = 1;

	if (lab == NULL)
		return 1;
	if (lab_lock(lab) == 0 && (rc = lab_down(lab, a->keep)) == 0) {
		if (rmdir(lab->run) == -1 && errno != ENOTEMPTY)
			fprintf(stderr, "cohort lab: %s: %s\n", lab->run,
			    strerror(errno));
		printf("lab %s is down\n", lab->name);
	}
	lab_unlock();
	lab_free(lab);
	return rc;
}

static int
do_list(const struct lab_args *a)
{
	char *base = lab_base();
	DIR *d = base != NULL ? opendir(base) : NULL;
	struct dirent *de;

	(void)a;
	while (d != NULL && (de = readdir(d)) != NULL) {
		char *path = xasprintf("%s/%s/dir", base, de->d_name);
		char line[PATH_MAX];
		FILE *fp = de->d_name[0] != '.' ? fopen(path, "re") : NULL;

		if (fp != NULL && fgets(line, sizeof(line), fp) != NULL) {
			struct lab *lab;

			line[strcspn(line, "\n")] = '\0';
			lab = lab_load(line);
			printf("%-20s %-8s %s\n", de->d_name, lab == NULL ?
			    "unknown" : lab_running(lab) ? "up" : "broken",
			    line);
			lab_free(lab);
		}
		if (fp != NULL)
			fclose(fp);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(base);
	return base == NULL;
}

/* Replaces this process by the lab's own script; what it may rely on is in
 * examples/lib.sh. */
static int
do_verify(const struct lab_args *a)
{
	struct lab *lab = open_running(a->v[0]);
	char *script, *tmp, *binary;

	if (lab == NULL)
		return 1;
	script = xasprintf("%s/verify", lab->dir);
	tmp = xasprintf("%s/verify", lab->run);
	binary = lab_binary();
	setenv("LAB_NAME", lab->name, 1);
	setenv("LAB_DIR", lab->dir, 1);
	setenv("LAB_RUN", lab->run, 1);
	setenv("LAB_TMP", tmp, 1);
	setenv("LAB_COHORT", binary, 1);
	if (lab_mkdirs(tmp) == 0) {
		execl(script, script, a->quick ? "quick" : "full",
		    (char *)NULL);
		fprintf(stderr, "cohort lab: %s: %s\n", script,
		    strerror(errno));
	}
	free(script);
	free(tmp);
	free(binary);
	lab_free(lab);
	return 1;
}

static int
plain_shell(const struct lab *lab, const struct lab_node *n)
{
	char *prompt = xasprintf("PS1=%s# ", n->name);

	putenv(prompt); /* stays in use until we end */
	return lab_run(lab, n, (char *[]){ "sh", "-i", NULL }, 0);
}

static int
plain_exec(const struct lab *lab, const struct lab_node *n, char **cmds,
    int ncmds)
{
	int rc = 0;

	for (int i = 0; i < ncmds && rc == 0; i++)
		rc = lab_run(lab, n, (char *[]){ "sh", "-c", cmds[i], NULL },
		    0);
	return rc;
}

/* The node that DIR NODE names. */
struct place {
	struct lab *lab;
	const struct lab_node *n;
	char *state; /* directory of a router */
};

static bool
place_open(struct place *p, const struct lab_args *a)
{
	p->lab = open_running(a->v[0]);
	if (p->lab == NULL)
		return false;
	p->n = lab_find(p->lab, a->v[1]);
	if (p->n == NULL) {
		fprintf(stderr, "cohort lab: no node %s in %s\n", a->v[1],
		    p->lab->name);
		lab_free(p->lab);
		return false;
	}
	p->state = xasprintf("%s/state/%s", p->lab->run, p->n->name);
	return true;
}

static int
place_close(struct place *p, int rc)
{
	free(p->state);
	lab_free(p->lab);
	return rc;
}

/* Commands, or without them a shell, of the machine in the node's network. */
static int
plain(const struct place *p, const struct lab_args *a)
{
	return a->n > 2 ? plain_exec(p->lab, p->n, a->v + 2, a->n - 2)
			: plain_shell(p->lab, p->n);
}

static int
do_shell(const struct lab_args *a)
{
	struct place p;

	if (!place_open(&p, a))
		return 1;
	if (p.n->router)
		setenv("LAB_STATE", p.state, 1);
	return place_close(&p, plain(&p, a));
}

/* With commands: exec; without: an interactive console. */
static int
talk(const struct lab_args *a)
{
	struct place p;
	int rc;

	if (!place_open(&p, a))
		return 1;
	if (!p.n->router)
		rc = plain(&p, a);
	else if (a->n > 2)
		rc = console_exec(p.state, a->v + 2, a->n - 2);
	else
		rc = console_attach(p.state, &(struct shell_who){
			isatty(STDIN_FILENO) ? SESSION_CONSOLE
					     : SESSION_SCRIPT,
			"", "", NULL, NULL});
	return place_close(&p, rc);
}

static int
do_pcap(const struct lab_args *a)
{
	struct lab *lab = open_running(a->v[0]);
	int rc = lab == NULL ? 1 : lab_pcap(lab, a->v[1]);

	lab_free(lab);
	return rc;
}

static const struct {
	const char *name;
	int min, max; /* positional arguments */
	int (*run)(const struct lab_args *);
} commands[] = {
	{ "up", 1, 1, do_up },
	{ "down", 1, 1, do_down },
	{ "verify", 1, 1, do_verify },
	{ "list", 0, 1, do_list },
	{ "console", 2, 2, talk },
	{ "exec", 3, INT_MAX, talk },
	{ "shell", 2, INT_MAX, do_shell },
	{ "pcap", 2, 2, do_pcap },
};

int
cmd_lab(int argc, char **argv)
{
	struct lab_args a = { .wait_secs = WAIT_SECS };
	int i;

	for (i = 2; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--fresh") == 0)
			a.fresh = true;
		else if (strcmp(argv[i], "--keep") == 0)
			a.keep = true;
		else if (strcmp(argv[i], "--quick") == 0)
			a.quick = true;
		else if (strcmp(argv[i], "--wait") == 0 && i + 1 < argc)
			a.wait_secs = (unsigned)strtoul(argv[++i], NULL, 10);
		else
			return usage();
	}
	a.n = argc - i;
	a.v = argv + i;
	for (size_t c = 0; argc > 1 && c < NELEM(commands); c++)
		if (strcmp(argv[1], commands[c].name) == 0 &&
		    a.n >= commands[c].min && a.n <= commands[c].max)
			return commands[c].run(&a);
	return usage();
}
