/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any octets as packets from either port or as locally generated ones, with
 * any offload request, through the whole path of a group member that has SAs
 * with another router, too: header, access list, fragments, ICMP, MSS,
 * splitting, encryption in all modes; and what debug says of it.
 * Input: packets of u16 length, u8 port, u8 with offloads, [10 of them].
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/debug.h"
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct rig rig;
static struct crypto_map pair;
static uint8_t *packet;

/* TCP to one network in tunnels in UDP, what the router itself sends to one
 * address in transport mode. */
static void
start_pairs(void)
{
	struct ace aces[2] = { mk_ace(ACE_PERMIT, PROTO_TCP, 0, ~0u,
	    IP4(10, 2, 0, 0), 0xffff),
		mk_ace(ACE_PERMIT, 0, WAN_ADDR, 0, IP4(192, 0, 2, 2), 0) };
	struct sa_change c = { .type = SA_ADD };
	unsigned i;

	rig_acl(&rig, "VPN", aces, 2);
	pair = rig.map;
	pair.kind = MAP_ISAKMP;
	pair.seq = 5;
	str_copy(pair.acl, "VPN", CONF_NAME);
	pair.obj.next = &rig.map.obj;
	rig.conf.crypto_maps.first = &pair.obj;
	rig_config(&rig);
	for (i = 0; i < 4; i++) {
		c.tek = rig_tek_of(0x2000 + i, (uint16_t)(1 + i / 2),
		    rig_aes_sha1, 3600000);
		str_copy(c.tek.group, "map CM 5", sizeof(c.tek.group));
		c.tek.mode = i < 2 ? SA_TUNNEL : SA_TRANSPORT;
		c.tek.way = i % 2 ? SA_WAY_OUT : SA_WAY_IN;
		c.tek.local = WAN_ADDR;
		c.tek.remote = IP4(192, 0, 2, 2);
		c.tek.encap_local = c.tek.encap_remote = i < 2 ? 4500 : 0;
		fwd_sa(rig.f, &c);
	}
}

/* A shaper with fair-queue and WRED in front of encryption. */
static void
add_policy(void)
{
	static struct qos_policy_map p = { .name = "P" };
	static struct qos_class c = { .name = QOS_DEFAULT, .shape = true,
		.shape_rate = 20000000, .fair = true, .red = QOS_RED_DSCP,
		.set_dscp = 10, .set_precedence = QOS_UNSET,
		.set_group = QOS_UNSET };

	rig_add(&p.classes, &c.obj);
	rig_add(&rig.conf.policy_maps, &p.obj);
	str_copy(rig.ifs[1].policy_out, "P", CONF_NAME);
}

static void
no_sink(void *arg UNUSED, enum log_id id UNUSED, const char *text UNUSED)
{
}

/* Each packet is told of, whether it may be printed or not. */
static void
start_debug(void)
{
	log_set_sink(no_sink, NULL);
	debug_set.levels[DBG_IP_PACKET] = DBG_EVENT | DBG_DETAIL;
	debug_set.levels[DBG_IP_ICMP] = DBG_EVENT;
	ipdebug_changed(rig.f);
}

static void
start(void)
{
	struct ace aces[3] = { mk_ace(ACE_DENY, PROTO_TCP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_DENY, PROTO_ICMP, 0, ~0u, 0, 0xffff),
		ace_any(ACE_PERMIT) };

	packet = malloc(PKT_BUF_SIZE);
	rig_start(&rig);
	rig.sink = true;
	aces[0].dport = (struct ace_ports){ ACE_OP_RANGE, 20, 80 };
	rig_acl(&rig, "100", aces, 3);
	str_copy(rig.ifs[0].acl_in, "100", CONF_NAME);
	rig.ifs[0].adjust_mss = 1360;
	add_policy();
	start_pairs();
	rig_group(&rig);
	start_debug();
}

static struct pkt_gso
offload(struct rd *r)
{
	struct pkt_gso g;

	g.flags = rd_u8(r);
	g.gso_type = rd_u8(r);
	g.hdr_len = rd_u16(r);
	g.gso_size = rd_u16(r);
	g.csum_start = rd_u16(r);
	g.csum_offset = rd_u16(r);
	return g;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	struct pkt p, *pp = &p;
	const uint8_t *bytes;
	size_t n;
	uint8_t port, gso;

	if (packet == NULL)
		start();
	while (rd_left(&r) > 4) {
		n = rd_u16(&r);
		port = rd_u8(&r) % 3;
		gso = rd_u8(&r);
		p = rig_pkt(packet, NULL, 0, port);
		if (gso & 1)
			p.gso = offload(&r);
		n = n < rd_left(&r) ? n : rd_left(&r);
		bytes = rd_bytes(&r, n);
		if (bytes == NULL)
			break;
		memcpy(packet + PKT_HEADROOM, bytes, n);
		p.len = (uint32_t)n;
		/* a right checksum, or nothing would get further */
		if ((gso & 2) == 0 && n >= IPH_HDR && bytes[0] >> 4 == 4 &&
		    (bytes[0] & 15u) * 4 <= n && (bytes[0] & 15) >= 5)
			ip_finish(packet + PKT_HEADROOM,
			    (bytes[0] & 15u) * 4, (unsigned)n);
		fwd_input(rig.f, &pp, 1);
		rig.now++;
		rig.us += 1000;
		if (fwd_worker_due(rig.f) <= rig.us)
			fwd_worker_run(rig.f);
	}
	if (fwd_timeout(rig.f) == 0)
		abort();
	return 0;
}
