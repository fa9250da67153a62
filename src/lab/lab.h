/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cohort lab: several routers and hosts on one machine, each in a network
 * namespace of its own, described by a file in containerlab's topology format.
 *
 * What a running lab leaves behind is one directory, lab->run:
 *	dir		the directory of its topology file
 *	holder		without root: pid and start time of the process that
 *			keeps the user and mount namespace
 *	ns/NODE		the network namespace, mounted here
 *	state/NODE/	STATEDIR of a router
 *	log/NODE	what the node's processes printed
 *	pid/NODE	pid of its first process
 *	verify/		files of the last `lab verify`
 */
#ifndef COHORT_LAB_H
#define COHORT_LAB_H

#include <sys/types.h>

#include "base/base.h"

#define LAB_NAME 64	/* names of labs and nodes, with NUL */
#define LAB_IFNAME 16	/* Linux's IFNAMSIZ */
#define LAB_NODES_MAX 512
#define LAB_FILE "lab.clab.yml"
#define LAB_CONFIG "/etc/cohort/startup-config" /* inside the container */

struct strlist {
	char **v;
	unsigned n;
};

void strlist_add(struct strlist *l, const char *s);
void strlist_free(struct strlist *l);

struct lab_node {
	char name[LAB_NAME];
	char kind[LAB_NAME];
	char *image;
	char *cmd;		/* plain nodes: started in the background */
	char *config;		/* routers: absolute path of startup-config */
	struct strlist binds, exec;
	struct strlist env, sysctls; /* NAME=VALUE */
	bool router;		/* the image is ours */
};

struct lab_end {
	unsigned node; /* index into lab->nodes */
	char ifname[LAB_IFNAME];
};

struct lab_link {
	struct lab_end end[2];
	unsigned mtu; /* 0: default of Linux */
};

struct lab {
	char name[LAB_NAME];
	char *dir; /* absolute: where the file lies */
	char *run; /* absolute: what this lab leaves behind */
	struct lab_node *nodes;
	unsigned nnodes;
	struct lab_link *links;
	unsigned nlinks;
};

/* topo.c: read DIR/lab.clab.yml or FILE. NULL after a message on stderr. */
struct lab *lab_load(const char *path) MUST_USE;
void lab_free(struct lab *lab);
struct lab_node *lab_find(const struct lab *lab, const char *name);

/* space.c: where labs live, and the namespaces of a lab. All return -1 after
 * a message on stderr. */
char *lab_base(void) MUST_USE;
int lab_mkdirs(const char *path) MUST_USE; /* like mkdir -p, mode 0700 */
int lab_lock(const struct lab *lab) MUST_USE;
void lab_unlock(void);
int space_create(const struct lab *lab) MUST_USE; /* and enter it */
bool space_exists(const struct lab *lab);
int space_enter(const struct lab *lab) MUST_USE; /* no-op for root */
void space_destroy(const struct lab *lab);
int ns_create(const struct lab *lab, const char *node) MUST_USE;
int ns_enter(const struct lab *lab, const char *node) MUST_USE;
void ns_destroy(const struct lab *lab, const char *node);
/* Pids of the processes whose network namespace is this node's. */
unsigned ns_processes(const struct lab *lab, const char *node, pid_t *pids,
    unsigned max);

/* run.c: processes inside nodes. */
enum { RUN_TO_LOG = 1, RUN_SESSION = 2 };
pid_t lab_spawn(const struct lab *lab, const struct lab_node *n,
    char *const argv[], int flags) MUST_USE;
int lab_wait(pid_t pid); /* exit status, 128 + signal */
int lab_run(const struct lab *lab, const struct lab_node *n,
    char *const argv[], int flags) MUST_USE;
char *lab_binary(void) MUST_USE; /* path of the router program */
int pid_save(const struct lab *lab, const char *node, pid_t pid) MUST_USE;
pid_t pid_load(const struct lab *lab, const char *node); /* 0: none alive */
uint64_t pid_start_time(pid_t pid); /* 0: no such process */

/* up.c, down.c, pcap.c: the commands. Exit status. */
int lab_up(struct lab *lab, bool fresh, unsigned wait_secs);
void lab_table(const struct lab *lab);
int lab_down(struct lab *lab, bool keep);
bool lab_running(const struct lab *lab);
int lab_pcap(const struct lab *lab, const char *endpoint);

#endif
