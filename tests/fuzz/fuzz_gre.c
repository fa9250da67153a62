/* SPDX-License-Identifier: BSD-2-Clause
 *
 * GRE tunnels: what comes from their far ends, or from anybody, and ICMP errors
 * about what left, with any octets behind a right outer header. One tunnel is
 * plain with path MTU discovery, one has a key, a checksum and keepalives, one
 * goes through another, one is protected and has no SA: nothing may come out of
 * that one.
 * Input: steps of u8 kind, u16 length and so many octets.
 */
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TUNNELS 4
#define PROTECTED 3
#define TUN(i) (3 + (i))
#define PEER(i) IP4(198, 51, 100, 1 + (i))
#define KEY 7

static struct rig rig;
static struct interface ifs[TUNNELS];
static struct ipsec_profile profile;
static uint8_t *packet, last[2000];
static size_t last_len;

static void
tunnel(unsigned i)
{
	struct tunnel *t = &ifs[i].tunnel;
	struct port port = { .index = (uint16_t)TUN(i), .dev = "tun",
		.addr = IP4(172, 16, i, 1), .mask = 0xfffffffc,
		.mtu = 1400, .up = true, .tunnel = true };

	str_copy(port.name, "Tunnel0", sizeof(port.name));
	port.name[6] = (char)('0' + i);
	str_copy(ifs[i].name, port.name, sizeof(ifs[i].name));
	str_copy(t->source_if, rig.ifs[1].name, IFNAME_MAX);
	t->dest = i == 2 ? IP4(10, 9, 0, 2) : PEER(i); /* through Tunnel0 */
	t->ttl = 255;
	t->pmtud = i == 0;
	t->pmtud_age = 10;
	t->pmtud_min = 92;
	t->has_key = t->checksum = i == 1;
	t->key = KEY;
	t->keepalive_secs = i == 1 ? 10 : 0;
	t->keepalive_retry = 3;
	if (i == PROTECTED)
		str_copy(t->profile, profile.name, CONF_NAME);
	rig_add(&rig.conf.interfaces, &ifs[i].obj);
	fwd_port(rig.f, &port);
}

static void
start(void)
{
	const struct route routes[] = { { IP4(10, 1, 1, 0), 24, 0, LAN },
		{ IP4(10, 9, 0, 0), 24, 0, TUN(0) },
		{ IP4(10, 9, 1, 0), 24, 0, TUN(1) },
		{ IP4(10, 9, 2, 0), 24, 0, TUN(2) },
		{ IP4(10, 9, 3, 0), 24, 0, TUN(3) },
		{ 0, 0, IP4(192, 0, 2, 254), WAN } };
	unsigned i;

	packet = malloc(PKT_BUF_SIZE);
	rig_start(&rig);
	rig.ifs[1].crypto_map[0] = '\0';
	str_copy(profile.name, "P", sizeof(profile.name));
	rig_add(&rig.conf.ipsec_profiles, &profile.obj);
	for (i = 0; i < TUNNELS; i++)
		tunnel(i);
	fwd_routes(rig.f, routes, NELEM(routes));
	rig_config(&rig);
}

static void
header(uint8_t *ip, uint8_t proto, uint32_t src, unsigned len, unsigned frag)
{
	memset(ip, 0, IPH_HDR);
	ip[0] = 0x45;
	put16(ip + IPH_ID, 1);
	put16(ip + IPH_FRAG, frag);
	ip[IPH_TTL] = 64;
	ip[IPH_PROTO] = proto;
	put32(ip + IPH_SRC, src);
	put32(ip + IPH_DST, WAN_ADDR);
	ip_finish(ip, IPH_HDR, len);
}

/* A checksum that would be right, if the octets ask for one. */
static void
gre_sum(uint8_t *gre, size_t len)
{
	if (len < 8 || (gre[0] & 0x80) == 0)
		return;
	put16(gre + 4, 0);
	put16(gre + 4, sum_end(sum_add(0, gre, len)));
}

/* The octets are GRE and what is inside, or a fragment of that. */
static size_t
from_peer(uint8_t kind, const uint8_t *bytes, size_t len)
{
	uint8_t *p = packet + PKT_HEADROOM;
	unsigned frag = 0;

	if (len > 0)
		memcpy(p + IPH_HDR, bytes, len);
	if (kind & 32)
		frag = kind & 64 ? IPH_MF : 8;
	else
		gre_sum(p + IPH_HDR, len);
	header(p, PROTO_GRE, PEER((kind >> 2) & 3), (unsigned)(IPH_HDR + len),
	    frag);
	return IPH_HDR + len;
}

/* An ICMP error about what left; the octets are over what it quotes. */
static size_t
error(const uint8_t *bytes, size_t len)
{
	uint8_t *p = packet + PKT_HEADROOM, *icmp = p + IPH_HDR;
	size_t total = IPH_HDR + 8 + last_len;

	memset(p, 0, IPH_HDR + 8);
	icmp[0] = ICMP_UNREACH;
	icmp[1] = ICMP_UNREACH_FRAG;
	memcpy(icmp + 8, last, last_len);
	if (len > 2) {
		put16(icmp + 6, get16(bytes));
		if (bytes[2] + len - 2 <= last_len)
			memcpy(icmp + 8 + bytes[2], bytes + 2, len - 2);
	}
	put16(icmp + 2, sum_end(sum_add(0, icmp, total - IPH_HDR)));
	header(p, PROTO_ICMP, IP4(192, 0, 2, 254), (unsigned)total, 0);
	return total;
}

static void
step(uint8_t kind, const uint8_t *bytes, size_t len)
{
	uint8_t *ip = packet + PKT_HEADROOM;
	uint16_t from = WAN;
	struct pkt p, *pp = &p;
	unsigned i, ihl;

	if (kind % 4 == 0) {
		len = from_peer(kind, bytes, len);
	} else if (kind % 4 == 1) {
		len = error(bytes, len);
	} else {
		from = kind & 4 ? LAN : WAN;
		if (len > 0)
			memcpy(ip, bytes, len);
		ihl = len > 0 ? (ip[0] & 15u) * 4 : 0;
		if (len >= IPH_HDR && ihl >= IPH_HDR && ihl <= len)
			ip_finish(ip, ihl, (unsigned)len);
	}
	p = rig_pkt(packet, NULL, 0, from);
	p.len = (uint32_t)len;
	rig_clear_out(&rig);
	fwd_input(rig.f, &pp, 1);
	for (i = 0; i < rig.n_out; i++) {
		const uint8_t *o = rig.bytes[i];

		/* no SA: neither in nor out */
		if (rig.out[i].in_port == TUN(PROTECTED) ||
		    (o[IPH_PROTO] == PROTO_GRE &&
		    get32(o + IPH_SRC) == WAN_ADDR &&
		    get32(o + IPH_DST) == PEER(PROTECTED)))
			abort();
	}
	if (rig.n_out > 0 && rig.out[0].len <= sizeof(last)) {
		last_len = rig.out[0].len;
		memcpy(last, rig.bytes[0], last_len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_of(data, len);
	const uint8_t *bytes;
	uint8_t kind;
	size_t want;

	if (packet == NULL)
		start();
	last_len = 0;
	while (rd_left(&r) > 3) {
		kind = rd_u8(&r);
		want = rd_u16(&r);
		want = want < rd_left(&r) ? want : rd_left(&r);
		bytes = rd_bytes(&r, want);
		if (bytes == NULL)
			break;
		step(kind, bytes, want);
		rig.now += 700;
		rig.us += 700000;
		(void)!fwd_timeout(rig.f);
		rig.n_logs = rig.n_events = 0;
	}
	return 0;
}
