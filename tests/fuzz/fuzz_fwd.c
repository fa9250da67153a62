/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Any octets as packets from either port or as locally generated ones, with
 * any offload request, through the whole path of a group member: header,
 * access list, fragments, ICMP, MSS, splitting, encryption.
 * Input: packets of u16 length, u8 port, u8 with offloads, [10 of them].
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct rig rig;
static uint8_t *packet;

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
	rig_config(&rig);
	rig_group(&rig);
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
	}
	if (fwd_timeout(rig.f) == 0)
		abort();
	return 0;
}
