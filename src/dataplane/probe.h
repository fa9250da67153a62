/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ping and traceroute have in common: packets that this router makes,
 * one outstanding at a time, whose answers the worker catches. probe.c is
 * the machinery, probe_ask.c their dialogues, ipopt.c the options in the
 * IP header; ping.c and traceroute.c are the commands.
 */
#ifndef COHORT_PROBE_H
#define COHORT_PROBE_H

#include "cli/cli.h"
#include "dataplane/engine.h"

#define PROBE_HOPS 9	     /* addresses that fit into a header */
#define PROBE_SIZE_MIN 36
#define PROBE_SIZE_MAX 18024

/* What was asked for, on one line or in the dialogue. Words of 32 bits, so
 * that the questions are a table. */
struct probe_opts {
	uint32_t target, source; /* source 0: by the route */
	uint32_t sourced;
	char name[81];		 /* by which the target was named, or "" */
	uint32_t timeout, tos, verbose;
	/* options of the IP header */
	uint32_t n_route, strict, route[PROBE_HOPS];
	uint32_t record, stamps;
	/* ping */
	uint32_t repeat, size, extended, df, validate, pattern;
	uint32_t sweep, sweep_min, sweep_max, sweep_step;
	/* traceroute */
	uint32_t numeric, probes, ttl_min, ttl_max, port;
};

struct probe;

struct probe_ops {
	void (*answer)(struct probe *, const struct event *);
	void (*timeout)(struct probe *);
	void (*end)(struct probe *); /* the user or the process ends it */
};

/* First member of a running command. */
struct probe {
	struct fwd *f;
	struct cli_ctx *ctx;
	const struct probe_ops *ops;
	struct probe_opts o;
	unsigned slot;
	uint16_t id;	/* of the echo, or source port */
	uint64_t sent_us, deadline;
	struct pkt pkt;
};

/* Takes over p, which begins with struct probe of ctx, ops and o. False: too
 * many are running, said, and p is freed. */
bool probe_start(struct fwd *, struct probe *p, uint8_t proto) MUST_USE;
/* The header of the next packet, with the options; its length. */
unsigned probe_header(struct probe *, uint8_t proto, uint16_t id);
/* The packet leaves, len octets with the header. */
void probe_send(struct probe *, uint16_t seq, unsigned len);
/* Milliseconds since then; IOS shows no zero. */
unsigned probe_ms(const struct probe *, uint64_t us);
void probe_end(struct probe *); /* frees it and ends its command */

/* The target: a name by `ip host`, or "" and the address. False: there is no
 * such name, said. */
bool probe_target(struct cli_ctx *, const struct fwd *, struct probe_opts *,
    const char *name, uint32_t addr) MUST_USE;
/* The source that the options name; false: none of this router, said. */
bool probe_source(struct cli_ctx *, const struct fwd *, struct probe_opts *,
    const char *ifname, uint32_t addr) MUST_USE;
uint32_t probe_own_addr(const struct fwd *, const char *ifname, uint32_t addr);
bool probe_is_addr(const char *text, uint32_t *addr) MUST_USE;

/* ping.c, traceroute.c: what the dialogues (probe_ask.c) end with */
extern const struct probe_opts ping_defaults, trace_defaults;
int ping_run(struct fwd *, struct cli_ctx *, const struct probe_opts *);
int trace_run(struct fwd *, struct cli_ctx *, const struct probe_opts *);

/* ipopt.c */
#define IPOPT_MAX 40
/* The options without padding; 0: none. More than IPOPT_MAX: no room. */
unsigned ipopt_len(const struct probe_opts *);
/* Writes them, padded; how many octets. The header's destination is the
 * first of a source route, if there is one. */
unsigned ipopt_put(const struct probe_opts *, uint8_t to[IPOPT_MAX]);
void ipopt_print(struct cli_ctx *, const uint8_t *opts, unsigned len,
    bool received);
/* The kernel writes into a recorded route and timestamps each time that it has
 * a packet: what it wrote the first time is taken back. */
void ipopt_one_hop(const struct snap *, const struct pkt *);
/* Of what ends here: its last hop has the address that it was sent to, the
 * kernel does not know that yet. */
void ipopt_arrived(const struct snap *, uint8_t *opts, unsigned len,
    uint32_t addr);

#endif
