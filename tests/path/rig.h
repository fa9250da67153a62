/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A router in memory for tests of the packet engine:
 *
 *	10.1.1.0/24 --- LAN 1 [10.1.1.1  rig  192.0.2.1] WAN 2 --- default
 *
 * with a clock turned by hand, counted "random" octets and everything that
 * it sends and logs kept. Its configuration is written as structs, so that a
 * fault of the grammar is not one here.
 */
#ifndef COHORT_RIG_H
#define COHORT_RIG_H

#include "conf/conf.h"
#include "dataplane/engine.h"
#include "dataplane/ip.h"

#define LAN 1
#define WAN 2
#define RIG_OUT 256
#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 |         \
	(uint32_t)(c) << 8 | (uint32_t)(d))
#define LAN_HOST IP4(10, 1, 1, 10)
#define FAR_HOST IP4(10, 2, 2, 20)
#define LAN_ADDR IP4(10, 1, 1, 1)
#define WAN_ADDR IP4(192, 0, 2, 1)

struct rig {
	struct fwd *f;
	struct conf conf;
	struct interface ifs[2]; /* LAN, WAN */
	struct crypto_map map;
	struct acl acls[8];
	struct acl_entry entries[64];
	unsigned n_acls, n_entries;
	uint64_t now, us;
	uint32_t rnd;
	struct pkt out[RIG_OUT];
	uint8_t *bytes[RIG_OUT];
	unsigned n_out;
	bool sink;	/* keep nothing, only count (benches, fuzzing) */
	uint64_t n_sunk;
	enum log_id logs[64];
	char text[64][256];
	unsigned n_logs;
	/* what main heard of tunnels */
	unsigned n_tunnels;
	bool answered;
	struct tunnel_count through;
	uint64_t drops[PORT_MAX + 1]; /* of policies, by port */
	struct sa_event events[64]; /* what ike hears */
	unsigned n_events;
};

void rig_start(struct rig *);
void rig_end(struct rig *);
/* After a change of rig->conf and what hangs off it. */
void rig_config(struct rig *);
void rig_add(struct cf_list *, struct cf_obj *); /* the last of the list */
void rig_acl(struct rig *, const char *name, const struct ace *, unsigned n);
/* One `sa ipsec` with these entries. */
void rig_policy(struct rig *, uint8_t direction, const struct ace *,
    unsigned n);
void rig_tek(struct rig *, uint32_t spi, uint16_t sa_index,
    struct esp_transform, uint32_t life_ms);
struct sa_tek rig_tek_of(uint32_t spi, uint16_t sa_index,
    struct esp_transform, uint32_t life_ms);
/* rig_policy() permit ip any any and one AES-128-CBC + SHA-1 TEK 0x1000. */
void rig_group(struct rig *);
extern const struct esp_transform rig_aes_sha1;

/* A packet into the engine; the result is in rig->out. Forgets what was
 * there before. */
struct pkt rig_pkt(uint8_t *buf, const uint8_t *data, size_t len,
    uint16_t in_port);
void rig_input(struct rig *, const uint8_t *data, size_t len,
    uint16_t in_port);
void rig_input_gso(struct rig *, const uint8_t *data, size_t len,
    uint16_t in_port, const struct pkt_gso *);
void rig_clear_out(struct rig *);
/* fwd_timeout() whose answer is not needed. */
void rig_timeout(struct rig *);
uint64_t rig_drops(const struct rig *, enum drop_id);
uint64_t rig_all_drops(const struct rig *);
/* The log goes to rig_said from now on, a line each; forgotten so far. */
extern char rig_said[65536];
extern unsigned rig_n_said;
void rig_hear(void);
void rig_forget_said(void);
const uint8_t *rig_ip(const struct rig *, unsigned i); /* out[i] */

/* Makers: length of the packet, whose checksums are right. payload octets
 * count up. */
struct mk {
	uint32_t src, dst;
	uint8_t proto, tos, ttl, tcp_flags;
	uint16_t sport, dport, id, frag;
	unsigned payload;
};
size_t mk_packet(uint8_t *buf, const struct mk *);
struct ace mk_ace(enum ace_action, uint8_t proto, uint32_t src, uint32_t sw,
    uint32_t dst, uint32_t dw);
/* L4 checksum right? (ICMP, TCP, UDP of an unfragmented packet) */
bool l4_ok(const uint8_t *ip);
bool ip_ok(const uint8_t *ip);

#endif
