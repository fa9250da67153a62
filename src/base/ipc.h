/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages between the processes of one router, over SOCK_SEQPACKET pairs:
 * u16 type, u16 reserved, u32 session, then fields as listed here (base/buf.h
 * order; str = u16 length and octets). Descriptors travel with a message.
 */
#ifndef COHORT_IPC_H
#define COHORT_IPC_H

#include "base/buf.h"

#define IPC_MAX 65536 /* octets of one message */
#define IPC_CHUNK 32768 /* of text in one message */

enum ipc_type {
	/* main -> child: configuration, as canonical text for that process */
	IPC_CONF_BEGIN = 1,
	IPC_CONF_TEXT,	 /* octets to the end of the message */
	IPC_CONF_COMMIT, /* all of it was checked by main: take it */
	IPC_CONF_SETTLED, /* ike: who configured is done with it */

	/* main -> child: devices and routes */
	IPC_PORT,	 /* struct port; +fds: TUN queue, socket of multicast
			  * (fwd) */
	IPC_ROUTES_BEGIN,
	IPC_ROUTES,	 /* struct route ... */
	IPC_ROUTES_END,
	IPC_SOCKET,	 /* ike: u16 UDP port, +fd: its socket, none: close
			  * it. fwd: +fd local output TUN */
	IPC_PEER,	 /* +fd: the other end is fwd (to ike), ike (to fwd) */
	IPC_DEBUG,	 /* struct debug_set */
	IPC_CLEAR,	 /* fwd: counters of policies: u16 port, 0 all */
	IPC_START,	 /* everything was sent: drop privileges and go */

	/* exec commands, by session: main -> child */
	IPC_EXEC,	 /* str canonical line, u16 mode, u8 IPC_EXEC_* flags;
			  * +fd: a pipe with the passphrase of the line */
	IPC_ANSWER,	 /* str; +fd: a pipe with what was said instead, or
			  * the file that was asked for */
	IPC_ABORT,
	/* child -> main */
	IPC_OUT,	 /* octets of text */
	IPC_ASK,	 /* u8 kind, str prompt */
	IPC_DONE,	 /* u8 status */
	IPC_READY,	 /* the child is configured and running */
	IPC_LOG,	 /* u16 log_id, str text */
	IPC_REVERSE,	 /* ike: u8 there are SAs, u32 prefix, u32 mask, str
			  * interface, u32 peer */

	IPC_TUNNEL,	 /* fwd: u16 port, u8 its keepalives are answered, and
			  * struct tunnel_count */
	IPC_DROPS,	 /* fwd: u16 port, u64 packets that its policies have
			  * dropped since */

	/* key store of ike: main never sees a private key */
	IPC_KEYS_OPEN,	 /* ike -> main: a new file, please */
	IPC_KEYS_FD,	 /* main -> ike: +fd; session 0 = stored keys to read,
			  * 1 = empty file to write */
	IPC_KEYS_DONE,	 /* ike -> main: written and synced, rename it */

	/* ike -> fwd on the peer channel: struct sa_change (base/sa.h) */
	IPC_SA,
	IPC_RESYNC,	 /* ike -> fwd on a new channel: said all it knows */
	/* fwd -> ike on it: struct sa_event; lost when ike does not read */
	IPC_SA_EVENT,

	/* shell <-> main on the console socket, or on a pair that main made
	 * for a shell of its own (vty) */
	IPC_HELLO,	 /* shell: u8 enum session_kind, str tty name, str user
			  * ("" if nobody has authenticated one), str address
			  * of the peer ("" for a local one) */
	IPC_LINE,	 /* shell: str line as typed, u16 octets of it that are
			  * the command: `| redirect`, `| append`, `| tee` and
			  * `| json` are main's, other filters the shell's;
			  * u8 1: more lines have come already, nobody types;
			  * +fd: a pipe with the passphrase of the line, where
			  * the line itself has a * */
	IPC_PROMPT,	 /* main: str prompt, u16 mode, u8 privilege level,
			  * u8 IPC_PROMPT_* flags */
	IPC_CONSOLE_LOG, /* main: str line of log, or a warning */
	IPC_TERM,	 /* main: u16 length, u16 width, u16 history size,
			  * u8 IPC_TERM_* flags: all of it, each time */
	IPC_ACTIVE,	 /* shell: a key was pressed (now and then) */
	IPC_FILTER,	 /* main: str "| include x", which an alias stood for:
			  * what the command says goes through it; "": the line
			  * is refused, what follows goes through none */
	IPC_CLOSE,	 /* main: the session ends (exit, reload) */
};

/* Who is at the other end. */
enum session_kind {
	SESSION_SCRIPT,	 /* cohort exec: no dialogue, no pager, no echo */
	SESSION_CONSOLE, /* line con 0 */
	SESSION_SSH,	 /* line vty: a server has authenticated the user */
	SESSION_TELNET,	 /* line vty: main asks who it is */
};

#define IPC_EXEC_JSON 1
#define IPC_EXEC_UNATTENDED 2 /* a line of a file */

#define IPC_SECRET_MAX 1024 /* octets in such a pipe */
#define IPC_FILE_MAX (IPC_CHUNK - 256) /* of a file that is asked for */

#define IPC_PROMPT_REFUSED 1 /* the last line was */
#define IPC_PROMPT_TEXT 2 /* lines of text come (a banner, a certificate): no
			   * help, no completion, no history, `|` and `!` are
			   * text */

#define IPC_TERM_SYNC 2	   /* logging synchronous */
#define IPC_TERM_EDITING 4
#define IPC_TERM_HISTORY 8

struct ipc_msg {
	uint16_t type;
	uint32_t session;
	struct rd body;	/* inside the receiver's buffer */
	int fds[4];	/* received; the handler owns them */
	int nfds;
};

/* 0, or -1 with errno. Blocks until sent. That a peer is gone need not be
 * looked at here: ipc_recv() tells the one place that handles it. */
int ipc_send(int sock, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds);
/* The same without waiting: -1 and EAGAIN when the peer does not read. */
int ipc_try_send(int sock, uint16_t type, uint32_t session, const void *body,
    size_t len, const int *fds, int nfds);
/* 1: a message; 0: none now; -1: the peer is gone or broke the rules.
 * buf of IPC_MAX is the caller's and backs msg->body. */
int ipc_recv(int sock, uint8_t *buf, struct ipc_msg *msg) MUST_USE;

/* A pipe with a text in it, to pass on; -1 with errno. */
int ipc_secret(const char *text) MUST_USE;
/* Reads and closes it, or a file; false: it does not fit into buf. */
bool ipc_secret_read(int fd, char *buf, size_t size) MUST_USE;

#endif
