/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ESP from the core: as it comes, and with a right ICV over any text, which
 * is what a hostile member of the group can send. First octet: transform and
 * whether it is made authentic.
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

static struct rig rig;
static struct crypto_sa *sas[NELEM(transforms)];
static uint8_t *packet;

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
make_authentic(unsigned which, uint8_t *esp, size_t len)
{
	const struct esp_transform *t = &transforms[which];
	size_t fixed = 8 + esp_iv_len(t), block = esp_block_len(t);
	struct crypto_job job = { .sa = sas[which], .esp = esp };

	if (len < fixed + block)
		return len;
	job.len = (uint32_t)((len - fixed) / block * block);
	put32(esp, 0x1000 + which);
	crypto_burst(&job, 1);
	return fixed + job.len + esp_icv_len(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pkt p, *pp = &p;
	unsigned which;
	uint8_t *ip;

	if (packet == NULL)
		start();
	if (len < 2 || len > 60000)
		return 0;
	which = data[0] % NELEM(transforms);
	p = rig_pkt(packet, NULL, 0, WAN);
	ip = packet + PKT_HEADROOM;
	mk_packet(ip, &(struct mk){ .src = FAR_HOST, .dst = LAN_HOST,
	    .proto = PROTO_ESP });
	len -= 1;
	memcpy(ip + IPH_HDR, data + 1, len);
	if (data[0] & 0x80)
		len = make_authentic(which, ip + IPH_HDR, len);
	p.len = (uint32_t)(IPH_HDR + len);
	ip_finish(ip, IPH_HDR, p.len);
	fwd_input(rig.f, &pp, 1);
	return 0;
}
