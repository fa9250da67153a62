/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The port engine on TUN devices: a worker thread that reads bursts, takes
 * them through fwd_input() and writes what comes out.
 *
 *	f = fwd_new(&io, arg);	   io.tx is not used
 *	t = tun_new(f);
 *	tun_add(t, port, fd);	   for each port; PORT_LOCAL: own packets
 *	... drop privileges ...
 *	tun_start(t);
 *	when tun_event_fd(t) is readable: tun_event_ack(t), fwd_timeout(f)
 *	tun_free(t);
 *	fwd_free(f);
 *
 * The thread that calls these is the control thread of fwd and must not be
 * an RCU reader. io.now, io.now_us and io.random are called from the worker
 * too; io.log is not.
 *
 * Time to live: Linux takes one off when it forwards a packet from a device
 * into a TUN and one when it forwards what was written to a device. Both are
 * given back here, so that the router takes one off in all.
 *
 * Multicast does not follow the rules that lead into a TUN: it comes from and
 * goes to a packet socket of the device, which has nothing to give back.
 */
#ifndef COHORT_TUN_H
#define COHORT_TUN_H

#include "dataplane/fwd.h"

struct tun_engine;

struct tun_engine *tun_new(struct fwd *) MUST_USE;
/* Stops the worker and closes the descriptors. Before fwd_free(). */
void tun_free(struct tun_engine *);
/* Takes over a TUN queue (IFF_TUN | IFF_NO_PI | IFF_VNET_HDR); one that the
 * port had is closed. Before or after the start. -1: it is unusable, and
 * closed. */
int tun_add(struct tun_engine *, uint16_t port, int fd);
/* Takes over the packet socket (SOCK_DGRAM, PACKET_AUXDATA) of a port's
 * device; one that the port had is closed. -1: unusable, and closed. */
int tun_add_multicast(struct tun_engine *, uint16_t port, int fd,
    uint32_t ifindex);
/* Closes both. */
void tun_del(struct tun_engine *, uint16_t port);
void tun_start(struct tun_engine *);
/* What the worker does with a packet that leaves: not for other threads. */
void tun_write(struct tun_engine *, const struct pkt *);
int tun_event_fd(const struct tun_engine *);
void tun_event_ack(struct tun_engine *);

struct tun_stats {
	uint64_t rx, tx, rx_errors, tx_errors;
};
void tun_stats(const struct tun_engine *, struct tun_stats *);

#endif
