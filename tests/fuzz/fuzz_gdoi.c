/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: the decoders of payloads, as they see what was decrypted. The
 * first octet chooses one. What is accepted is encoded again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/gdoi_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buf[ISAKMP_MSG_MAX];

static void
sa(struct rd r)
{
	static const struct isakmp_hdr h;
	struct gdoi_sa_msg m, again;
	struct isakmp_out o;
	struct rd body;

	if (gdoi_get_sa(r, &m) != NULL)
		return;
	isakmp_out_begin(&o, buf, sizeof(buf), &h);
	gdoi_put_sa(&o, m.has_kek ? &m.kek : NULL, &m.gap, m.sats, m.n);
	if (wr_ok(&o.w)) {
		body = rd_of(buf + 32, wr_len(&o.w) - 32);
		if (gdoi_get_sa(body, &again) != NULL || again.n != m.n)
			abort();
		gdoi_sa_msg_free(&again);
	}
	gdoi_sa_msg_free(&m);
}

static void
kd(struct rd r)
{
	struct gdoi_kd_msg m;

	if (gdoi_get_kd(r, &m) != NULL)
		return;
	if (m.pub_len != 0)
		(void)rsa_pub_bits(m.pub, m.pub_len);
	gdoi_kd_msg_free(&m);
}

static void
proposal(struct rd r)
{
	static const struct ike_suite ours = { IKE_AES, IKE_SHA1, IKE_PSK, 2,
		128, 600 };
	struct wr w = wr_of(buf, 512);
	struct ike_suite chosen;

	if (proposal_choose(r, &ours, 1, &chosen, &w) == N_NONE &&
	    proposal_accept(rd_of(buf, wr_len(&w)), &ours, 1, &chosen) !=
	    N_NONE)
		abort();
}

static void
verify(struct rd r)
{
	uint8_t digest[IKE_HASH_MAX] = { 0 };
	size_t n = rd_u16(&r);
	const uint8_t *pub = rd_bytes(&r, n);

	if (pub != NULL)
		(void)!rsa_verify(pub, n, ESP_AUTH_SHA256, digest, r.p,
		    rd_left(&r), true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct isakmp_msg m;
	struct gdoi_delete d;
	struct gdoi_gap gap;
	char text[160];
	struct rd r;

	if (size < 1)
		return 0;
	r = rd_of(data + 1, size - 1);
	switch (data[0]) {
	case 0:
		sa(r);
		break;
	case 1:
		kd(r);
		break;
	case 2:
		(void)!gdoi_get_gap(r, &gap);
		break;
	case 3:
		(void)!gdoi_get_delete(r, &d);
		break;
	case 4:
		proposal(r);
		break;
	case 5:
		if (isakmp_parse(&m, data + 1, size - 1))
			(void)isakmp_describe(&m, text);
		break;
	case 6:
		verify(r);
		break;
	}
	return 0;
}
