/* SPDX-License-Identifier: BSD-2-Clause
 *
 * IPsec between two routers in process ike: phase 1 (src/ike) with the IPsec
 * DOI (RFC 2407) on it: quick mode (RFC 2409, 5.5) for the entries of crypto
 * maps and for tunnels with protection. Does no I/O: as gdoi.h.
 */
#ifndef COHORT_IPSEC_H
#define COHORT_IPSEC_H

#include "base/log.h"
#include "base/port.h"
#include "base/sa.h"
#include "conf/conf.h"

#define IPSEC_PORT 500
#define IPSEC_NAT_PORT 4500 /* RFC 3947 */

struct ipsec;

struct ipsec_io {
	/* One datagram of ISAKMP from UDP port from.port. What leaves port
	 * 4500 gets its non-ESP marker (RFC 3948) from whoever sends it; a
	 * NAT keepalive (one octet 0xff) does not. */
	void (*send)(void *, struct udp_addr from, struct udp_addr to,
	    const uint8_t *data, size_t len);
	uint64_t (*now)(void *); /* monotonic milliseconds, never 0 */
	void (*random)(void *, void *data, size_t len);
	/* To the packet process, in order. Keys are wiped by the caller. */
	void (*sa)(void *, const struct sa_change *);
	void (*log)(void *, enum log_id, va_list);
	/* reverse-route: what is behind a peer is reached by it out of that
	 * interface, or no longer. May be NULL. */
	void (*route)(void *, uint32_t prefix, uint32_t mask,
	    const char *ifname, uint32_t peer, bool add);
	/* A number that another user of ESP on this router has is not chosen.
	 * May be NULL. */
	bool (*spi_used)(void *, uint32_t spi);
};

/* conn_ids: the next number of an SA, which GDOI counts on, too. */
struct ipsec *ipsec_new(const struct ipsec_io *, void *arg,
    unsigned *conn_ids) MUST_USE;
void ipsec_free(struct ipsec *);
struct ike *ipsec_ike(struct ipsec *); /* its phase 1 */
/* As of gdoi.h. */
void ipsec_config(struct ipsec *, const struct conf *old,
    const struct conf *new);
void ipsec_port(struct ipsec *, const struct port *);
/* A datagram of ISAKMP, without its marker, that came to local.port. */
void ipsec_input(struct ipsec *, struct udp_addr local, struct udp_addr from,
    const uint8_t *data, size_t len);
uint64_t ipsec_timeout(struct ipsec *) MUST_USE;
void ipsec_resync(struct ipsec *);
/* That other user gets one which he did not choose: an SA of ours that has it
 * is replaced. */
void ipsec_spi_comes(struct ipsec *, uint32_t spi);
void ipsec_sa_event(struct ipsec *, const struct sa_event *);

#endif
