/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: datagrams into a key server and a member that are registered
 * with each other. The first octet chooses: to whom, from whom, and whether
 * the cookies of their SA (or their KEK) are put in and the rest is encrypted
 * with its key, so that the payloads behind encryption are reached too; or the
 * cookies are those of a message 3 of main mode. Aggressive mode is allowed,
 * and NAT traversal, which GDOI does not have, is there. Log and debug text is
 * made as well.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net *net;
static struct node *ks, *gm;
static unsigned runs;

enum { TO_GM = 1, COOKIES = 2, SEAL = 4, KEK = 8, STRANGER = 16, THIRD = 32,
	NATTED = 64 };

static struct ike_doi natt_doi; /* GDOI with UDP 4500 */
static uint8_t first[1024], rcookie[8];
static size_t first_len;

/* The first message of the member, and cookies that the key server gives. */
static bool
listen(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->to.addr == KS_ADDR && first_len == 0) {
		memcpy(first, d->data, d->len);
		first_len = d->len;
	}
	if (d->from.addr == KS_ADDR && d->data[18] == ISAKMP_X_MAIN)
		memcpy(rcookie, d->data + 8, sizeof(rcookie));
	return true;
}

/* Aggressive mode by consent, keyrings and profiles: all of phase 1. */
static void
configure(struct conf *c)
{
	struct keyring *r = tc_add(&c->keyrings, sizeof(*r));
	struct isakmp_profile *p = tc_add(&c->isakmp_profiles, sizeof(*p));
	struct isakmp_key *k = tc_add(&r->keys, sizeof(*k));
	unsigned i;

	c->isakmp_aggressive = AGGRESSIVE_ALL;
	str_copy(r->name, "K", sizeof(r->name));
	str_copy(k->key, "NAMED", sizeof(k->key));
	str_copy(k->hostname, "gm1.example.net", sizeof(k->hostname));
	str_copy(p->name, "P", sizeof(p->name));
	for (i = MATCH_HOST; i <= MATCH_GROUP; i++) {
		struct profile_match *m = tc_add(&p->matches, sizeof(*m));

		m->kind = (uint8_t)i;
		str_copy(m->name, "example.net", sizeof(m->name));
	}
}

static void
set_up(void)
{
	if (net != NULL)
		net_free(net);
	net = net_new(1);
	ks = net_add_ks(net, KS_ADDR);
	gm = net_add_gm(net, 0);
	configure(ks->conf);
	natt_doi = gdoi_doi;
	natt_doi.nat_port = 4500;
	ks->g->ike->doi = gm->g->ike->doi = &natt_doi;
	net->tap = listen;
	first_len = 0;
	net_apply_all(net);
	if (!net_until(net, 1000, net_registered))
		abort();
	net_run(net, 100);
}

/* Encrypts as the peer would; the IV of a new exchange. */
static void
seal(struct node *to, uint8_t *d, size_t len)
{
	struct ike_sa *sa = TAILQ_FIRST(&to->g->ike->sas);
	struct gdoi_kek *kek = &net_gm(gm)->kek;
	uint8_t iv[IKE_HASH_MAX], hash[IKE_HASH_MAX];

	d[19] |= ISAKMP_F_ENC;
	if (d[18] == GDOI_X_PUSH && net_gm(gm)->has_kek) {
		memcpy(iv, kek->iv.data, kek->iv.len);
		(void)!ike_cbc(IKE_AES, &kek->key, iv, d + 28, len - 28, true);
		return;
	}
	if (sa == NULL || sa->state != IKE_IDLE)
		return;
	if (len >= 28 + 36 && d[16] == ISAKMP_HASH && d[31] == 36) {
		const uint8_t *rest = d + 28 + 36;
		size_t end = 28, n;
		uint8_t next = d[16];

		while (next != 0 && end + 4 <= len) {
			n = (size_t)d[end + 2] << 8 | d[end + 3];
			if (n < 4 || end + n > len)
				break;
			next = d[end];
			end += n;
		}
		if (end >= 64) {
			IKE_PRF(IKE_SHA256, CHUNK_KEY(&sa->keys.skeyid_a),
			    hash, CHUNK(d + 20, 4), CHUNK(rest, end - 64));
			memcpy(d + 32, hash, 32);
		}
	}
	IKE_HASH(IKE_SHA256, iv, CHUNK(sa->last_block, 16), CHUNK(d + 20, 4));
	(void)!ike_cbc(IKE_AES, &sa->keys.cipher_key, iv, d + 28, len - 28,
	    true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udp_addr from = { KS_ADDR, 848 }, local;
	struct ike_sa *sa;
	struct node *to;
	uint8_t d[4096];
	uint8_t how;
	size_t len;

	if (runs++ % 2000 == 0)
		set_up();
	if (size < 1 || size > sizeof(d) - 16)
		return 0;
	how = data[0];
	len = size - 1;
	memcpy(d, data + 1, len);
	to = how & TO_GM ? gm : ks;
	local = (struct udp_addr){ to->addr, 848 };
	if (how & NATTED)
		local.port = from.port = 4500;
	from.addr = how & STRANGER ? IP(9, 9, 9, 9) : to == gm ? KS_ADDR :
	    gm->addr;
	if (len >= ISAKMP_HDR_LEN) {
		if (how & SEAL)
			len -= (len - ISAKMP_HDR_LEN) % 16;
		sa = TAILQ_FIRST(&to->g->ike->sas);
		if ((how & COOKIES) && sa != NULL) {
			memcpy(d, sa->icookie, 8);
			memcpy(d + 8, sa->rcookie, 8);
		}
		if (how & THIRD) { /* to the key server, the cookie is good */
			to = ks;
			local.addr = KS_ADDR;
			from.addr = gm->addr;
			memcpy(first, d, 8);
			first[0] |= 1;
			gdoi_input(ks->g, local, from, first, first_len);
			memcpy(d, first, 8);
			memcpy(d + 8, rcookie, 8);
		}
		if ((how & KEK) && net_gm(gm)->has_kek) {
			memcpy(d, net_gm(gm)->kek.spi, 16);
			d[18] = to == gm ? GDOI_X_PUSH : GDOI_X_PUSH_ACK;
		}
		d[17] = ISAKMP_VERSION;
		d[24] = d[25] = 0;
		d[26] = (uint8_t)(len >> 8);
		d[27] = (uint8_t)len;
		if ((how & SEAL) && len > ISAKMP_HDR_LEN)
			seal(to, d, len);
	}
	gdoi_input(to->g, local, from, d, len);
	net_run(net, 10);
	return 0;
}
