/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Private to src/dataplane, a part of engine.h: what SAs between two routers
 * have that those of a group have not, and ESP in UDP.
 */
#ifndef COHORT_DATAPLANE_PAIR_H
#define COHORT_DATAPLANE_PAIR_H

#include "dataplane/engine.h"

/* pair.c: SAs between two routers, the worker */
/* p, its group and its entry (CLASSIFY_NONE: a tunnel) get their SA; without
 * one p is dropped, and ike hears of it. */
enum verdict pair_take_sa(struct fwd *, struct pkt *, struct snap_group *,
    uint32_t entry);
/* May this packet go into its SA; if so it is counted, as so many octets that
 * are encrypted. */
bool pair_may_send(struct fwd *, struct pkt *, unsigned text,
    enum drop_id *why);
/* From decrypted text of p->len octets to the packet: tunnel mode, or behind
 * the header that it came with. */
enum verdict pair_unwrap(struct fwd *, struct pkt *, uint8_t *text,
    uint8_t proto);
/* Is the decrypted packet one of its SA; counted if so. */
enum verdict pair_identity(struct fwd *, struct pkt *);
/* ICMP to an own address: a router in the core could not pass on what one of
 * our SAs has made (RFC 4301, 8.2). */
void pair_too_big(struct fwd *, const struct pkt *);
/* An SA takes len more octets. False: its volume is used up. */
bool pair_volume(struct fwd *, struct sa *, unsigned len);
/*
 * Hand-over of tunnels with protection; `tunnel` is the port of the tunnel.
 * Out: p holds the GRE packet, with its outer header and its flow, and gets
 * the SA that it is to leave with; its path begins anew at `route` then.
 * False: dropped and counted. Without protection: true, nothing changes.
 * In: may p, which is GRE for this tunnel, be taken from where it came?
 */
bool esp_tunnel_sa(struct fwd *, struct pkt *, const struct snap_port *tunnel)
    MUST_USE;
bool esp_tunnel_came(const struct pkt *, const struct snap_port *tunnel)
    MUST_USE;

/* pairset.c: the same, the control thread */
void pairs_config(struct fwd *, const struct conf *);
/* What ike says of an entry that is dynamic; NULL: nothing any more. */
void pair_policy(struct group *, const struct sa_policy *);
void pair_end(struct group *); /* before it is freed */
void pair_sa_new(struct fwd *, struct sa *, const struct sa_tek *);
/* The same SA said again: the peer may be elsewhere. */
void pair_sa_again(struct sa *, const struct sa_tek *);
/* An SA is in the list of its group now, or leaves it. */
void pair_sa_added(struct sa *);
void pair_sa_removed(struct sa *);
/* Tells ike of pairs that nobody uses; when to look again, at next at the
 * latest. */
uint64_t pair_idle_run(struct fwd *, uint64_t now, uint64_t next);
/* The same of those that only this side uses. */
uint64_t pair_look_run(struct fwd *, uint64_t now, uint64_t next);
void pair_event(struct fwd *, const struct event *);
/* Of the snapshot: what is sent with of each entry, the entry of an SA, the
 * guards. */
void pair_build(struct snap *, struct snap_group *, uint64_t now,
    uint64_t *change);
uint32_t pair_entry(const struct snap_group *, uint16_t sa_index);

/* udpencap.c: ESP in UDP (RFC 3948) */
enum udp_kind { UDP_OTHER, UDP_ESP, UDP_KEEPALIVE };
/* Is it for port 4500 of this router, and what. */
enum udp_kind udp_kind(const struct fwd *, const struct pkt *);
/* A fragment that may be part of such a packet: those behind the first have no
 * ports, so all to this router are put together. */
bool udp_fragment(const struct fwd *, const struct pkt *);
void udp_header(const struct sa *, uint8_t *udp, unsigned len);
/* An authentic packet came from elsewhere: the NAT in front of the peer has
 * another address or port for it (RFC 3947, 5). */
void udp_follow(const struct pkt *, const struct sa *in, struct sa *out);

#endif
