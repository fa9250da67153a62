/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The supervising process of one router ("main"): configuration, devices,
 * child processes, consoles. Everything of it hangs on struct router; each
 * part stands in its own file and keeps its own struct.
 */
#ifndef COHORT_ROUTER_H
#define COHORT_ROUTER_H

#include <sys/types.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/port.h"
#include "cli/cli.h"
#include "conf/cf.h"
#include "main/files.h"
#include "base/ipc.h"

enum child_kind { CHILD_IKE, CHILD_FWD, CHILD_COUNT };

struct console; /* console.c: sessions */
struct ports;	/* ports.c: interfaces and devices */
struct syslog;	/* syslog.c: log buffer */
struct loads;	/* load.c: what the processes use */
struct child;	/* child.c: a supervised process */

struct portmap { /* -p IFNAME=NETDEV */
	char ifname[IFNAME_MAX];
	char dev[16];
};

/* When the configuration was changed, or saved, and who did it. */
struct config_note {
	uint64_t wall_us; /* 0: not since the start */
	char user[64];	  /* or "console", "vty0" */
};

struct router {
	struct loop *loop;
	char name[64];
	char statedir[256];
	int lock; /* held while the router runs; -1 */
	char *startup_file; /* -c FILE: read at start when none was saved */
	bool daemon;
	struct portmap map[PORT_MAX];
	unsigned nmap;

	struct conf *running;	/* what show prints; changes line by line */
	struct conf *committed; /* what devices and children have */
	uint64_t change; /* counts what changed running */
	struct timer commit_timer;
	uint64_t commit_cost_ms; /* of the last one */
	struct strbuf pending_exec; /* `crypto key generate` of a loaded file */

	struct child *children[CHILD_COUNT];
	struct ports *ports;
	struct console *console;
	struct syslog *syslog;
	struct loads *loads;
	struct config_note configured, nvram;
	struct rollback *rollback; /* replace.c: a change on trial, NULL */
	struct reload *reload;	   /* reload.c: a scheduled one, NULL */
	struct timer archive_timer;
	uint32_t archive_period; /* minutes that the timer is set to */
	struct sockets *sockets;   /* of process ike */
	struct debug_set debug; /* what is set in every process */
	uint32_t weak_named; /* weak.c */
	uint64_t start_wall_us, start_mono_ms;
	bool ready;
	struct timer ready_timer; /* at the latest, while lines come up */
};

/* ---- router.c ---- */
int router_run(struct router *) MUST_USE;
/* This is the running configuration from now on (it may be the same object,
 * edited); it is committed soon, or now. */
void router_set_running(struct router *, struct conf *);
void router_commit(struct router *);
/* Somebody is done with configuring: a changed group policy is named now. */
void router_settled(struct router *);
/* `run` commands of a file (crypto key generate), as console_run_quiet();
 * when the children run. */
void router_run_lines(struct router *, const char *lines);
void router_set_debug(struct router *, const struct debug_set *);
/* Both children run and are configured, and no line is about to come up: say
 * so to those who wait. */
void router_child_ready(struct router *);
/* Ends router_run() with code 0, or ROUTER_RELOAD: start again from the
 * saved configuration. */
#define ROUTER_RELOAD 100
void router_stop(struct router *);
void router_reload(struct router *);

/* ---- child.c ---- */
void child_start(struct router *, enum child_kind);
void child_stop_all(struct router *);
int child_send(struct router *, enum child_kind, uint16_t type,
    uint32_t session, const void *body, size_t len, const int *fds, int nfds);
void child_send_conf(struct router *, enum child_kind, const struct conf *);
bool child_is_ready(const struct router *, enum child_kind);
pid_t child_pid(const struct router *, enum child_kind);

/* ---- sockets.c: of process ike ---- */
void sockets_start(struct router *); /* it is new: all that are wanted */
/* The configuration has changed: before ike knows it, and behind that. */
void sockets_open(struct router *);
void sockets_close(struct router *);
void sockets_free(struct router *);

/* ---- ports.c ---- */
int ports_open(struct router *) MUST_USE; /* -1: said why on stderr */
void ports_close(struct router *);	  /* leaves nothing behind */
void ports_commit(struct router *, const struct conf *old,
    const struct conf *new);
/* Tells a child (again) all it must know of devices and routes. */
void ports_tell(struct router *, enum child_kind);
const struct port *ports_find(const struct router *, const char *ifname);
/* IPC_TUNNEL and IPC_DROPS of process fwd. */
void tunnel_heard(struct router *, struct rd *body);
void drops_heard(struct router *, struct rd *body);
/* What path MTU discovery lets into a tunnel, 0: it knows nothing; until when
 * (monotonic ms, 0: for ever). */
uint32_t ports_path_mtu(const struct router *, const struct port *,
    uint64_t *until);
struct port_stats {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, multicast;
	uint64_t rx_crc, rx_frame, rx_overrun, rx_length;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	uint64_t collisions, tx_underruns, lost_carrier;
	uint64_t policy_drops; /* by service policies on the way out */
	uint8_t mac[6];
};
struct port_rates {
	uint64_t in_bps, in_pps, out_bps, out_pps; /* over five minutes */
	/* monotonic ms, to a few seconds; 0: never */
	uint64_t last_in, last_out, cleared;
};
/* A line has its carrier and will be up within a second or so. */
bool ports_rise(const struct router *);
/* Counters since the last ports_clear_stats(); false: there is no device. */
bool ports_stats(struct router *, const struct port *, struct port_stats *,
    struct port_rates *) MUST_USE;

void ports_clear_stats(struct router *, const struct port *); /* NULL: all */
/* `reverse-route`: what process ike asks for (IPC_REVERSE); a new one. */
void ports_reverse_said(struct router *, struct rd *body);
void ports_reverse_forget(struct router *);
/* What the driver tells of a link now; what it does not tell is 0. */
enum link_pause { LINK_PAUSE_UNSUPPORTED, LINK_PAUSE_OFF, LINK_PAUSE_ON };
struct link_mode {
	uint32_t mbps;
	bool half, full; /* neither: unknown */
	bool twisted_pair, fibre;
	enum link_pause in, out;
	uint32_t queue_len; /* of transmission, packets */
	uint32_t arp_timeout; /* seconds */
};
void ports_link_mode(const struct port *, struct link_mode *);
/* IPv4 neighbours of the devices of ports. */
struct neighbour {
	uint32_t addr;
	const struct port *port;
	uint8_t mac[6];
	bool resolved;
	bool permanent;
	uint32_t age_s; /* since it was confirmed last */
};
void ports_neighbours(struct router *,
    void (*fn)(void *arg, const struct neighbour *), void *arg);
/* Routes of the main table as the kernel has them; port NULL: other device. */
typedef void ports_route_fn(void *arg, uint32_t prefix, unsigned len,
    uint32_t nexthop, const struct port *port, unsigned proto, unsigned prio);
void ports_routes(struct router *, ports_route_fn *fn, void *arg);

/* ---- show_config.c ---- */
void config_note_set(struct config_note *, const char *user);
/* "08:18:21 UTC Fri Nov 20 2026" */
void date_text(struct strbuf *, uint64_t wall_us);

/* ---- console.c, session.c ---- */
int console_open(struct router *) MUST_USE;
void console_close(struct router *);
void console_commit(struct router *); /* lines may have changed */
/* From a child: output and end of an exec command. */
void console_child_msg(struct router *, enum child_kind, struct ipc_msg *);
void console_child_gone(struct router *, enum child_kind);
/* A line of log for con 0, and for the vtys with `terminal monitor`: whether
 * there is one. */
void console_log(struct router *, const char *line);
bool console_monitor(struct router *, const char *line);
/* In the same way, also to those who want no log. */
void console_warn(struct router *, const char *text);
/* Somebody is in a configuration mode. */
bool console_configuring(const struct router *) MUST_USE;
/* Runs a `run` command of configuration mode for nobody: what it prints is
 * dropped, its questions get an empty answer. */
void console_run_quiet(struct router *, const char *line);

/* The session of a handler that runs in main (session_api.c). */
struct session;
struct session *session_of(struct cli_ctx *);
struct router *router_of(struct cli_ctx *);
/* By its user, or its line if it has none. */
void session_note(const struct session *, struct config_note *);
void session_set_term(struct session *, int length, int width, int monitor);
void session_set_level(struct session *, unsigned level);
unsigned session_level(const struct session *);
void session_configure(struct session *);
void session_close(struct session *);
void session_history(struct session *, struct strbuf *);
void session_set_history(struct session *, int size, int on);
void session_set_editing(struct session *, bool on);
void session_aliases(struct router *, struct strbuf *);

/* ---- syslog.c ---- */
void syslog_open(struct router *);
void syslog_close(struct router *);
void syslog_line(struct router *, enum log_id id, const char *text);
void syslog_show(struct router *, struct strbuf *);
void syslog_clear(struct router *);
/* "*Nov 21 07:25:38.123" of a wall-clock time in us. */
void syslog_stamp(uint64_t wall_us, struct strbuf *);

/* ---- load.c ---- */
enum load_proc { LOAD_MAIN, LOAD_IKE, LOAD_FWD, LOAD_COUNT };
struct load {
	pid_t pid; /* 0: not running */
	uint64_t runtime_ms, invoked; /* of a processor; times scheduled */
	uint64_t resident, peak; /* octets */
	/* Of one processor, in hundredths of a percent, over 5 seconds,
	 * a minute, 5 minutes. */
	uint32_t cpu[3];
};
struct memory { /* octets */
	uint64_t used; /* by the processes of this router */
	uint64_t available, lowest; /* to it; the least since the start */
	uint64_t total; /* both */
};
void load_start(struct router *);
void load_stop(struct router *);
void load_of(struct router *, enum load_proc, struct load *);
void load_memory(struct router *, struct memory *);

/* ---- weak.c ---- */
/* Names the weak algorithms that have come into what is committed, unless
 * somebody is still typing. */
void weak_log(struct router *);

/* ---- startup.c ---- */
int file_write_config(struct router *) MUST_USE; /* running -> startup */
/* startup-config holds what runs. */
bool file_config_saved(const struct router *) MUST_USE;
void file_startup_path(const struct router *, char *buf, size_t size);
/* The same as a command, with what IOS says. */
int startup_save(struct cli_ctx *) MUST_USE;

/* Who typed the command: "console", "admin on vty0 (10.1.1.50)". */
#define WHO_MAX 200
const char *who_of(struct cli_ctx *, char buf[WHO_MAX]);

/* ---- archive.c, replace.c, reload.c ---- */
/* Adds the running configuration to the archive, if there is one: -1 errno. */
int archive_save(struct router *) MUST_USE;
void archive_commit(struct router *); /* the configuration changed */
void rollback_close(struct router *);
void reload_close(struct router *);

/* ---- exec.c ---- */
bool exec_confirmed(const char *answer) MUST_USE;

/* ---- process entries ---- */
int proc_ike(int sock);
int proc_fwd(int sock);

#endif
