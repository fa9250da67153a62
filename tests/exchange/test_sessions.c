/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto session of SAs between routers: states, and peers that are told
 * apart.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli_gen.h"
#include "ike/engines.h"
#include "net.h"
#include "vpn.h"

#define SEC 1000ull

static struct vpn *v;
static struct vrouter *a, *b, *c;

static void
begin(uint64_t seed)
{
	v = vpn_pair(seed, &a, &b);
}

static void
end(void)
{
	vpn_free(v);
}

static void
up(void)
{
	vpn_apply(b);
	(void)vpn_packet(a, VPN_GROUP, 1);
	assert_true(vpn_until(v, 5 * SEC, vpn_both_ways));
}

struct cli_ctx {
	struct ike_engines engines;
	struct strbuf out;
};

void
cli_printf(struct cli_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&ctx->out, fmt, ap);
	va_end(ap);
}

bool
cli_wants_json(struct cli_ctx *ctx UNUSED)
{
	return false;
}

void *
cli_engine(struct cli_ctx *ctx)
{
	return &ctx->engines;
}

void
cli_done(struct cli_ctx *ctx UNUSED, enum cli_status s UNUSED)
{
}

void
cli_ask(struct cli_ctx *ctx UNUSED, enum cli_ask_kind kind UNUSED,
    const char *prompt UNUSED, void (*fn)(struct cli_ctx *, void *,
    const char *) UNUSED, void *arg UNUSED)
{
}

static void
assert_session(struct vrouter *r, const char *const *want)
{
	static const struct show_crypto_session_args args = { .detail = true };
	struct cli_ctx ctx = { .engines.ike[ENGINE_IPSEC] = ipsec_ike(r->s) };
	const char *at;

	assert_int_equal(show_crypto_session(&ctx, &args), CLI_DONE);
	at = ctx.out.s;
	for (; *want != NULL; want++) {
		at = strstr(at, *want);
		if (at == NULL)
			fail_msg("no \"%s\" in:\n%s", *want, ctx.out.s);
		at += strlen(*want);
	}
	sb_free(&ctx.out);
}
#define ASSERT_SESSION(r, ...)                                                \
	assert_session((r), (const char *const[]){ __VA_ARGS__, NULL })

static void
test_sessions(void **state UNUSED)
{
	begin(130);
	vpn_site(a, b);
	vpn_apply(a);
	ASSERT_SESSION(a, "Interface: FastEthernet0/0\n",
	    "Session status: DOWN ", "Peer: 192.0.2.2 port 500",
	    "IPSEC FLOW: permit ip 10.1.0.0/255.255.0.0 10.2.0.0/255.255.0.0",
	    "Active SAs: 0, origin: crypto map\n        Inbound:  #pkts"
	    " dec'ed 0 drop 0 life (KB/Sec) 0/0\n        Outbound: #pkts"
	    " enc'ed 0 drop 0 life (KB/Sec) 0/0\n");
	(void)vpn_packet(a, VPN_GROUP, 1);
	ASSERT_SESSION(a, "Session status: DOWN-NEGOTIATING ");
	up();
	ASSERT_SESSION(a, "Session status: UP-ACTIVE ",
	    "IKEv1 SA: local 192.0.2.1/500 remote 192.0.2.2/500 Active",
	    "Active SAs: 2, origin: crypto map\n");
	ipsec_sa_event(a->s, &(struct sa_event){ .type = SA_EVENT_USE,
		.group = VPN_GROUP, .sa_index = 1,
		.spi = vpn_out(a, VPN_GROUP, 1)->t.spi,
		.use = { { 3, 4 }, { 5, 6 }, { 10 * 1024, 4096 } } });
	vpn_run(v, 100 * SEC);
	ASSERT_SESSION(a, "        Active SAs: 2, origin: crypto map\n"
	    "        Inbound:  #pkts dec'ed 3 drop 5 life (KB/Sec)"
	    " 4607990/34", "\n        Outbound: #pkts enc'ed 4 drop 6 life"
	    " (KB/Sec) 4607996/34");
	/* the next SA has used nothing of its volume */
	vpn_event(a, SA_EVENT_KILOBYTES, VPN_GROUP,
	    vpn_out(a, VPN_GROUP, 1)->t.spi);
	vpn_run(v, SEC);
	ASSERT_SESSION(a, "#pkts dec'ed 3 drop 5 life (KB/Sec) 4608000/359",
	    "#pkts enc'ed 4 drop 6 life (KB/Sec) 4608000/359");
	ike_clear(ipsec_ike(a->s));
	ike_reap(ipsec_ike(a->s));
	ASSERT_SESSION(a, "Session status: UP-NO-IKE ");
	end();
}

/* b serves whoever comes: two routers behind one address, who are told apart
 * by who they are. */
static void
test_neighbours(void **state UNUSED)
{
	struct crypto_map *m, *d;
	struct vrouter *r;
	unsigned i;

	begin(131);
	c = vpn_add(v);
	m = vpn_map(b->conf, 20, 0);
	d = tc_add(&b->conf->dynamic_maps, sizeof(*d));
	m->acl[0] = '\0';
	str_copy(m->dynamic, "DYN", sizeof(m->dynamic));
	str_copy(d->name, "DYN", sizeof(d->name));
	(void)vpn_set(b->conf, &d->sets, "T", ESP_AES_CBC, 128, ESP_AUTH_SHA1);
	vpn_apply(b);
	for (i = 0; i < 2; i++) {
		r = i == 0 ? a : c;
		r->nat = VPN_ADDR(77);
		r->nat_shift = (uint16_t)(20000 + i);
		m = vpn_map(r->conf, 10, b->addr);
		(void)vpn_set(r->conf, &m->sets, "T", ESP_AES_CBC, 128,
		    ESP_AUTH_SHA1);
		(void)vpn_permit(r->conf, 10, VPN_NET(r->number), 0xffff,
		    VPN_NET(1), 0xffff);
		vpn_apply(r);
		(void)vpn_packet(r, VPN_GROUP, 1);
		vpn_run(v, 2 * SEC);
	}
	ASSERT_SESSION(b, "UP-ACTIVE", "Peer: 192.0.2.78 port 24500",
	    "remote 192.0.2.78/24500 Active", "10.1.0.0/255.255.0.0",
	    "UP-ACTIVE", "Peer: 192.0.2.78 port 24501",
	    "remote 192.0.2.78/24501 Active", "10.3.0.0/255.255.0.0");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
