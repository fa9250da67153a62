/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP from the core: as it comes, and with a right ICV over any text, which
 * is what a hostile member of the group, or the other router, can send. First
 * octet: transform, kind of SA, whether it is made authentic.
 */
#include "config.h"

#include <stdlib.h>

#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct esp_transform transforms[] = {
	{ ESP_AES_CBC, ESP_AUTH_SHA1, 128 },
	{ ESP_NULL, ESP_AUTH_MD5, 0 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
	{ ESP_3DES, ESP_AUTH_SHA256, 192 },
};

/* Of the group, then between two routers. */
static const struct kind {
	uint8_t mode;
	bool udp;
} kinds[] = {
	{ SA_GROUP, false }, { SA_TUNNEL, false }, { SA_TRANSPORT, false },
	{ SA_TUNNEL, true }, { SA_TRANSPORT, true },
};

static struct rig rig;
static struct crypto_map pair;
static struct crypto_sa *sas[NELEM(transforms)];
static uint8_t *packet;

static uint32_t
spi_of(unsigned kind, unsigned which)
{
	return 0x1000 + kind * 0x100 + which;
}

/* The other entry of the map: to one network, with SAs of each kind. */
static void
start_pairs(void)
{
	struct ace net = mk_ace(ACE_PERMIT, 0, 0, ~0u, IP4(10, 2, 0, 0),
	    0xffff);
	struct sa_change c = { .type = SA_ADD };
	unsigned i, k;

	rig_acl(&rig, "VPN", &net, 1);
	pair.kind = MAP_ISAKMP;
	pair.seq = 20;
	str_copy(pair.name, "CM", CONF_NAME);
	str_copy(pair.acl, "VPN", CONF_NAME);
	rig.map.obj.next = &pair.obj;
	rig_config(&rig);
	for (i = 0; i < NELEM(transforms) * NELEM(kinds); i++) {
		k = i / NELEM(transforms);
		if (kinds[k].mode == SA_GROUP)
			continue;
		c.tek = rig_tek_of(0x1000 + i % NELEM(transforms), 1,
		    transforms[i % NELEM(transforms)], 3600000);
		c.tek.spi = spi_of(k, i % NELEM(transforms));
		str_copy(c.tek.group, "map CM 20", sizeof(c.tek.group));
		c.tek.replay = REPLAY_NONE;
		c.tek.mode = kinds[k].mode;
		c.tek.way = SA_WAY_IN;
		c.tek.local = WAN_ADDR;
		c.tek.remote = FAR_HOST;
		c.tek.encap_local = c.tek.encap_remote =
		    kinds[k].udp ? 4500 : 0;
		fwd_sa(rig.f, &c);
	}
}

static void
start(void)
{
	struct ace any = ace_any(ACE_PERMIT);
	struct sa_change c = { .type = SA_ADD };
	size_t i;

	packet = malloc(PKT_BUF_SIZE);
	rig_start(&rig);
	rig.sink = true;
	rig_policy(&rig, SA_DIR_BOTH, &any, 1);
	start_pairs();
	for (i = 0; i < NELEM(transforms); i++) {
		c.tek = rig_tek_of(0x1000 + (uint32_t)i, 0, transforms[i],
		    3600000);
		/* every second one with a pseudotime inside */
		c.tek.replay = i % 2 ? REPLAY_TIME : REPLAY_NONE;
		c.tek.window = 100;
		fwd_sa(rig.f, &c);
		sas[i] = crypto_sa_new(&c.tek);
	}
}

/* Encrypts the text in place, cut to whole blocks. */
static size_t
make_authentic(unsigned kind, unsigned which, uint8_t *esp, size_t len)
{
	const struct esp_transform *t = &transforms[which];
	size_t fixed = 8 + esp_iv_len(t), block = esp_block_len(t);
	struct crypto_job job = { .sa = sas[which], .esp = esp };

	if (len < fixed + block)
		return len;
	job.len = (uint32_t)((len - fixed) / block * block);
	put32(esp, spi_of(kind, which));
	crypto_burst(&job, 1);
	return fixed + job.len + esp_icv_len(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pkt p, *pp = &p;
	unsigned which, kind, hdr;
	uint8_t *ip;

	if (packet == NULL)
		start();
	if (len < 2 || len > 60000)
		return 0;
	which = data[0] % NELEM(transforms);
	kind = data[0] / NELEM(transforms) % NELEM(kinds);
	p = rig_pkt(packet, NULL, 0, WAN);
	ip = packet + PKT_HEADROOM;
	hdr = (unsigned)mk_packet(ip, &(struct mk){ .src = FAR_HOST,
	    .dst = kinds[kind].mode == SA_GROUP ? LAN_HOST : WAN_ADDR,
	    .proto = kinds[kind].udp ? PROTO_UDP : PROTO_ESP, .dport = 4500 });
	len -= 1;
	memcpy(ip + hdr, data + 1, len);
	if (data[0] & 0x80)
		len = make_authentic(kind, which, ip + hdr, len);
	p.len = (uint32_t)(hdr + len);
	if (kinds[kind].udp)
		put16(ip + IPH_HDR + 4, p.len - IPH_HDR);
	ip_finish(ip, IPH_HDR, p.len);
	fwd_input(rig.f, &pp, 1);
	return 0;
}
