/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the child processes have in common: the channel to main, their part
 * of the configuration, exec commands for their handlers, logging.
 */
#ifndef COHORT_PROC_H
#define COHORT_PROC_H

#include "base/log.h"
#include "base/loop.h"
#include "cli/cli.h"
#include "conf/cf.h"
#include "base/ipc.h"

struct proc;

struct proc_ops {
	/* A committed configuration. Both stay valid until the next call. */
	void (*conf)(struct proc *, const struct conf *old,
	    const struct conf *new);
	/* Every other message; descriptors are the callee's. */
	void (*message)(struct proc *, struct ipc_msg *);
	/* IPC_START: drop privileges and go. */
	void (*start)(struct proc *);
	/* debug_set says something new; NULL: the engine looks at it. */
	void (*debugging)(struct proc *);
	/* After events: run what is due, tell when to come again. */
	uint64_t (*timeout)(struct proc *);
};

struct exec;

struct proc {
	int sock; /* to main */
	struct loop *loop;
	const struct proc_ops *ops;
	void *engine; /* of the handlers */
	void *priv;
	struct conf *conf, *before;
	struct strbuf text; /* of a configuration that is arriving */
	struct exec *execs;
	struct timer timer;
};

/* Runs until main closes the channel; the exit code. */
int proc_run(struct proc *) MUST_USE;
/* What it holds, but not *p. After the engine, whose last words still need
 * the configuration. */
void proc_free(struct proc *);
/* log of an engine: struct gdoi_io and struct fwd_io. */
void proc_log(void *, enum log_id, va_list);

#endif
