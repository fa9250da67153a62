/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sequences of packets through NAT of every kind, both ways: any octets, or
 * answers to what has just left, or ICMP errors about it, with time passing
 * and entries being cleared. Nothing may leave by the outside with an address
 * of the inside that a rule translates.
 * Input: steps of u8 kind, u8 port, u8 seconds, u16 length and so many octets.
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "rig_nat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct natrig n;
static uint8_t *packet, last[2000];
static size_t last_len;

static void
rules(void)
{
	struct ace exempt = mk_ace(ACE_PERMIT, 0, 0, ~0u, IP4(10, 2, 2, 0),
	    255);
	struct ace far = mk_ace(ACE_PERMIT, 0, IP4(203, 0, 113, 128), 127, 0,
	    ~0u);
	struct ace low = mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 127, 0, ~0u);
	struct ace virt = mk_ace(ACE_PERMIT, 0, 0, ~0u, POOL_1 + 200, 0);

	natrig_lan_list(&n, "1");
	rig_acl(&n.r, "VPN", &exempt, 1);
	rig_acl(&n.r, "FAR", &far, 1);
	rig_acl(&n.r, "LOW", &low, 1);
	rig_acl(&n.r, "VIRT", &virt, 1);
	natrig_pool(&n, "A", POOL_1 + 10, POOL_1 + 12);
	natrig_pool(&n, "B", IP4(10, 8, 8, 1), IP4(10, 8, 8, 3));
	natrig_pool(&n, "R", HOST_A, HOST_A + 3);
	natrig_route_map(&n, "RM", true, "VPN");
	natrig_route_map(&n, "RM", false, "1");
	natrig_static(&n, HOST_A, POOL_1);
	natrig_static_port(&n, PROTO_TCP, HOST_B, 80, POOL_1 + 1, 8080);
	natrig_static(&n, IP4(10, 9, 9, 9), FAR_B)->way = NAT_OUTSIDE_SOURCE;
	natrig_static(&n, IP4(10, 1, 1, 240), POOL_1 + 239)->mask =
	    0xfffffff0;
	natrig_list(&n, "FAR", "B", false)->way = NAT_OUTSIDE_SOURCE;
	natrig_list(&n, "VIRT", "R", false)->way = NAT_INSIDE_DEST;
	natrig_list(&n, "LOW", "A", false);
	natrig_map(&n, "RM", NULL, true);
	n.r.conf.nat_max_entries = 24;
	natrig_commit(&n);
}

static void
keep_last(void)
{
	if (n.r.n_out == 0 || n.r.out[0].len > 1400)
		return;
	last_len = n.r.out[0].len;
	memcpy(last, n.r.bytes[0], last_len);
}

/* The first octets are the packet that left, its ends swapped. */
static size_t
answer(size_t len)
{
	uint8_t *p = packet + PKT_HEADROOM;
	unsigned ihl;

	if (last_len < 28)
		return len;
	memcpy(p, last, last_len);
	memcpy(p + 12, last + 16, 4);
	memcpy(p + 16, last + 12, 4);
	ihl = (p[0] & 15u) * 4;
	if (p[9] != 1 && ihl + 4 <= last_len) {
		memcpy(p + ihl, last + ihl + 2, 2);
		memcpy(p + ihl + 2, last + ihl, 2);
	}
	return last_len;
}

/* An ICMP error about it; the octets of the input are written over it. */
static size_t
error(const uint8_t *bytes, size_t len)
{
	uint8_t *p = packet + PKT_HEADROOM;
	size_t total = 28 + last_len;

	memset(p, 0, 28);
	p[0] = 0x45;
	p[8] = 9;
	p[9] = 1;
	memcpy(p + 12, last + 16, 4);
	memcpy(p + 16, last + 12, 4);
	p[20] = 3;
	memcpy(p + 28, last, last_len);
	if (len > 4 && bytes[0] + len - 4 <= last_len)
		memcpy(p + 28 + bytes[0], bytes + 4, len - 4);
	return total;
}

static void
check_leaks(void)
{
	unsigned i;
	uint32_t src;

	for (i = 0; i < n.r.n_out; i++) {
		if (n.r.out[i].out_port != WAN ||
		    n.r.out[i].in_port != LAN)
			continue;
		src = get32(n.r.bytes[i] + 12);
		if (src >> 8 == IP4(10, 1, 1, 0) >> 8 &&
		    get32(n.r.bytes[i] + 16) >> 8 != IP4(10, 2, 2, 0) >> 8)
			abort();
	}
}

static void
step(uint8_t kind, uint16_t port, const uint8_t *bytes, size_t len)
{
	struct pkt p, *pp = &p;
	uint8_t *ip = packet + PKT_HEADROOM;
	unsigned ihl;

	if (len > 0)
		memcpy(ip, bytes, len);
	if (kind % 4 == 1)
		len = answer(len);
	else if (kind % 4 == 2)
		len = error(bytes, len);
	ihl = (ip[0] & 15u) * 4;
	if (len >= IPH_HDR && ihl >= IPH_HDR && ihl <= len)
		ip_finish(ip, ihl, (unsigned)len);
	p = rig_pkt(packet, NULL, 0, port);
	p.len = (uint32_t)len;
	if (kind & 64)
		p.gso = (struct pkt_gso){ .flags = GSO_F_NEEDS_CSUM,
			.csum_start = (uint16_t)ihl,
			.csum_offset = kind & 128 ? 6 : 16 };
	rig_clear_out(&n.r);
	fwd_input(n.r.f, &pp, 1);
	check_leaks();
	keep_last();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	const uint8_t *bytes;
	uint8_t kind, port;
	size_t want;

	if (packet == NULL) {
		packet = malloc(PKT_BUF_SIZE);
		natrig_start(&n);
		rules();
	}
	/* each input begins with an empty table */
	(void)nat_clear(n.r.f, &(struct nat_filter){ .all = true });
	last_len = 0;
	while (rd_left(&r) > 5) {
		kind = rd_u8(&r);
		port = rd_u8(&r) % 3;
		n.r.now += rd_u8(&r) * 1000u;
		want = rd_u16(&r);
		want = want < rd_left(&r) ? want : rd_left(&r);
		bytes = rd_bytes(&r, want);
		if (bytes == NULL)
			break;
		step(kind, port, bytes, want);
		if (kind % 32 == 31)
			(void)!fwd_timeout(n.r.f);
		n.r.n_logs = 0;
	}
	return 0;
}
