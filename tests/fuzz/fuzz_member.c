/* SPDX-License-Identifier: BSD-2-Clause
 *
 * libFuzzer: a key server and a member that hold all the keys and lie to each
 * other. The first octet chooses a rekey or one of the four messages of a
 * PULL, and what becomes of its payloads before they are hashed, signed and
 * encrypted: octets of real ones are changed (u16 where, u8 to what), or
 * others take their place (u8 type, u16 length, body). What a member does not
 * take must leave it as it was.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OTHERS 8 /* in the first octet, beside 0: a rekey, 1..4: of a PULL */

static struct net *net;
static struct node *ks, *gm;
static struct say say;
static struct rd input;
static unsigned runs, message;
static bool others;

static void
set_up(void)
{
	if (net != NULL)
		net_free(net);
	net = net_new(1);
	ks = net_add_ks(net, KS_ADDR);
	gm = net_add_gm(net, 0);
	net_apply_all(net);
	if (!net_until(net, 1000, net_registered))
		abort();
	net_run(net, 100);
}

static void
put_others(struct isakmp_out *o)
{
	struct rd r = input;

	while (rd_left(&r) >= 3) {
		uint8_t type = rd_u8(&r);
		size_t n = rd_u16(&r);

		if (n > rd_left(&r))
			n = rd_left(&r);
		isakmp_out_add(o, type, rd_bytes(&r, n), n);
	}
}

static void
lie(const struct isakmp_out *before, struct isakmp_out *o)
{
	size_t from = wr_len(&before->w), len = wr_len(&o->w) - from;
	struct rd r = input;

	if (others) {
		*o = *before;
		put_others(o);
		return;
	}
	while (rd_left(&r) >= 3 && len > 0) {
		size_t at = rd_u16(&r) % len;

		o->w.base[from + at] = rd_u8(&r);
	}
}

static bool
put_push(struct isakmp_out *o, void *arg)
{
	struct isakmp_out before = *o;

	say_sa(arg, o);
	say_kd(arg, o);
	if (wr_ok(&o->w))
		lie(&before, o);
	return wr_ok(&o->w);
}

static void
put_pull(struct exch *x, unsigned n, struct isakmp_out *before,
    struct isakmp_out *o)
{
	(void)x;
	if (n == message && wr_ok(&o->w))
		lie(before, o);
}

static void
rekey(void)
{
	struct gm_group *g = net_gm(gm);
	uint32_t total = g->rekeys_total;
	struct strbuf was = { 0 }, is = { 0 };

	say_now(net_ks(ks), &say);
	state_member(&was, gm, false);
	if (!hostile_push(ks, gm, g->last_seq + 1, put_push, &say)) {
		sb_free(&was);
		return;
	}
	state_member(&is, gm, false);
	if (g->rekeys_total == total && strcmp(was.s, is.s) != 0)
		abort();
	sb_free(&was);
	sb_free(&is);
}

static void
pull(void)
{
	hostile(ks, put_pull);
	gm_reregister(net_gm(gm), 0, false);
	(void)!gdoi_timeout(gm->g);
	hostile(gm, put_pull);
	net_run(net, 3000);
	hostile(ks, NULL);
	if (net_ks(ks)->nmembers > 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf was = { 0 }, is = { 0 };

	if (runs++ % 1000 == 0)
		set_up();
	if (size < 1 || (data[0] & ~OTHERS) > 4)
		return 0;
	others = (data[0] & OTHERS) != 0;
	message = data[0] & 7;
	input = rd_of(data + 1, size - 1);
	state_member(&was, gm, true);
	if (message == 0)
		rekey();
	else
		pull();
	if (member_sane(gm) != NULL)
		abort();
	state_member(&is, gm, true);
	if (strcmp(was.s, is.s) != 0 || !net_registered(net)) {
		gm_clear(net_gm(gm));
		gm->nteks = 0;
		if (!net_until(net, 100000, net_registered))
			abort();
	}
	sb_free(&was);
	sb_free(&is);
	return 0;
}
