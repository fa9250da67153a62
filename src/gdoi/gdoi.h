/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The engine of process ike: ISAKMP phase 1 (src/ike) with the GDOI DOI of
 * RFC 6407 on it (src/gdoi), key server and group member. Does no I/O: what
 * is impure is a struct of functions, so that a key server and a hundred
 * members run in one unit test with a clock turned by hand.
 */
#ifndef COHORT_GDOI_H
#define COHORT_GDOI_H

#include "base/log.h"
#include "base/port.h"
#include "base/sa.h"
#include "conf/conf.h"

struct gdoi;

struct gdoi_io {
	/* One datagram. from.addr 0: the kernel chooses. */
	void (*send)(void *, struct udp_addr from, struct udp_addr to,
	    const uint8_t *data, size_t len);
	uint64_t (*now)(void *); /* monotonic milliseconds, never 0 */
	void (*random)(void *, void *data, size_t len);
	/* To the packet process, in order. Keys are wiped by the caller. */
	void (*sa)(void *, const struct sa_change *);
	void (*log)(void *, enum log_id, va_list);
	/* The key store changed: write it (rsa_store_export()). May be NULL. */
	void (*keys_changed)(void *);
	/* One datagram to a multicast address out of the device with that
	 * index. May be NULL. */
	void (*send_group)(void *, uint32_t ifindex, struct udp_addr from,
	    struct udp_addr to, const uint8_t *data, size_t len);
	/* Receive what is sent to a multicast address on that device, or no
	 * longer. False: cannot. May be NULL. */
	bool (*member)(void *, uint32_t ifindex, uint32_t group, bool join);
	/* Runs work in another thread, then done in this one. NULL: work and
	 * done are called at once. */
	void (*background)(void *, void (*work)(void *), void (*done)(void *),
	    void *job);
};

struct gdoi *gdoi_new(const struct gdoi_io *, void *arg) MUST_USE;
void gdoi_free(struct gdoi *);
struct ike *gdoi_ike(struct gdoi *); /* its phase 1 */
unsigned *gdoi_conn_ids(struct gdoi *); /* the next number of an SA */
/* The committed configuration; old is the one before (NULL at first). Both
 * stay valid until the next call. */
void gdoi_config(struct gdoi *, const struct conf *old, const struct conf *new);
/* Whoever changed it is done: a policy that has to be sent to members is
 * named now, once. */
void gdoi_settled(struct gdoi *);
/* A port of the router appeared or changed. */
void gdoi_port(struct gdoi *, const struct port *);
/* The device that the datagram that follows came from, 0: unknown. */
void gdoi_arrival(struct gdoi *, uint32_t ifindex);
/* A datagram that arrived on local UDP port 848. */
void gdoi_input(struct gdoi *, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len);
/* Runs everything that is due; returns when to call again (monotonic ms,
 * UINT64_MAX: never). */
uint64_t gdoi_timeout(struct gdoi *) MUST_USE;

/* The packet process is new and knows nothing: say all policies and SAs
 * again through io->sa. */
void gdoi_resync(struct gdoi *);

/* Is it the number of a TEK that a group of this member has. */
bool gdoi_has_spi(const struct gdoi *, uint32_t spi);
/* What the packet process says. */
void gdoi_sa_event(struct gdoi *, const struct sa_event *);

/* The RSA key store as one opaque text (PEM blocks with labels and flags),
 * to be kept in a file of mode 0600. Malformed input: -1, store unchanged. */
int gdoi_keys_load(struct gdoi *, const char *text, size_t len) MUST_USE;
void gdoi_keys_save(struct gdoi *, struct strbuf *out);

/* Version of GDOI software announced to peers and shown. */
#define GDOI_VERSION "1.0.5"

#endif
