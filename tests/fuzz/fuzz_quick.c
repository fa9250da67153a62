/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: the payloads of quick mode. The first octet chooses: a decoder by
 * itself, whose result is encoded again; or whole messages, which a peer that
 * has authenticated sends to a router: any payloads, behind a right HASH.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "vpn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[ISAKMP_MSG_MAX];

/* ---- decoders ---- */

static bool
any(const void *arg UNUSED, const struct qm_transform *t)
{
	return t->seconds != 7;
}

static void
proposals(struct rd r)
{
	struct qm_choice c, again;
	struct wr w = wr_of(buf, sizeof(buf));

	if (qm_choose(r, any, NULL, &c) != N_NONE)
		return;
	qm_put_choice(&w, &c, 0x12345678);
	if (qm_accept(rd_of(buf, wr_len(&w)), any, NULL, &again) != N_NONE ||
	    again.spi != 0x12345678 || again.t.seconds != c.t.seconds ||
	    esp_key_len(&again.t.esp) != esp_key_len(&c.t.esp))
		abort();
}

static void
identity(struct rd r)
{
	struct wr w = wr_of(buf, sizeof(buf));
	struct qm_proxy p, again;

	if (!qm_get_id(r, &p))
		return;
	qm_put_id(&w, &p);
	if (!qm_get_id(rd_of(buf, wr_len(&w)), &again) ||
	    !qm_same_proxy(&p, &again))
		abort();
}

static void
lifetime(struct rd r)
{
	uint32_t a, b, c, d, addr;
	struct wr w = wr_of(buf, sizeof(buf));

	if (qm_get_lifetime(r, &a, &b)) {
		qm_put_lifetime(&w, a, b);
		if (!qm_get_lifetime(rd_of(buf, wr_len(&w)), &c, &d) ||
		    a != c || b != d)
			abort();
	}
	(void)!qm_get_oa(r, &addr);
}

/* ---- messages ---- */

static struct vpn *v;
static struct vrouter *from, *to;
static struct rd payloads;

/* u8 type, u8 length, octets; as often as there are some. 255: the rest. */
static bool
put_payloads(struct exch *x, struct isakmp_out *o)
{
	uint8_t type;
	size_t len;

	if (x->nmsg == 0)
		exch_put_nonce(x, o); /* for HASH(3); the router wants one */
	while (rd_left(&payloads) >= 2) {
		type = rd_u8(&payloads);
		len = rd_u8(&payloads);
		if (len == 255 || len > rd_left(&payloads))
			len = rd_left(&payloads);
		isakmp_out_add(o, type, rd_bytes(&payloads, len), len);
	}
	return true;
}

static const struct exch_step steps[] = {
	{ .send = put_payloads, .flags = SEND_ENC | SEND_HASH },
	{ .opt = UINT32_MAX, .send = put_payloads, .flags = STEP_ENC |
	    STEP_HASH | SEND_ENC | SEND_HASH | STEP_LAST },
};

static const struct exch_type raw = { .name = "Raw", .init = steps,
	.number = ISAKMP_X_QUICK, .quick = true };

static bool
is_up(struct vpn *n UNUSED)
{
	return vpn_reads(from, VPN_GROUP, 1, to);
}

static void
begin(void)
{
	struct crypto_map *m;

	v = vpn_new(1);
	from = vpn_add(v);
	to = vpn_add(v);
	vpn_site(from, to);
	m = (void *)to->conf->crypto_maps.first;
	(void)vpn_set(to->conf, &m->sets, "G", ESP_AES_GCM, 256,
	    ESP_AUTH_NONE);
	vpn_apply(from);
	vpn_apply(to);
	(void)vpn_packet(from, VPN_GROUP, 1);
	if (!vpn_until(v, 10000, is_up))
		abort();
}

/* From time to time the two begin anew: SAs and exchanges of what was right
 * stay for a while. */
static void
message(struct rd r)
{
	static unsigned n;
	struct udp_addr local, remote;

	if (v == NULL)
		begin();
	local = (struct udp_addr){ from->addr, IPSEC_PORT };
	remote = (struct udp_addr){ to->addr, IPSEC_PORT };
	payloads = r;
	(void)ike_start(ipsec_ike(from->s), local, remote, "", &raw, NULL);
	vpn_run(v, 50);
	if (++n % 256 == 0) {
		vpn_free(v);
		v = NULL;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r;

	if (size < 1)
		return 0;
	r = rd_of(data + 1, size - 1);
	switch (data[0]) {
	case 0:
		proposals(r);
		break;
	case 1:
		identity(r);
		break;
	case 2:
		lifetime(r);
		break;
	default:
		message(r);
	}
	return 0;
}
