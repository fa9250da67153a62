/* SPDX-License-Identifier: BSD-2-Clause
 *
 * `show crypto ipsec sa` of process fwd, to the letter: of a group, of entries
 * between two routers with and without SAs, of a tunnel with protection.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli_gen.h"
#include "console.h"

static uint8_t buf[2000];

static void
test_show_ipsec_sa(void **state)
{
	struct ace aces[2] = { mk_ace(ACE_DENY, PROTO_TCP, 0, ~0u, 0, ~0u),
		mk_ace(ACE_PERMIT, 0, IP4(10, 0, 0, 0), 0xffffff,
		IP4(10, 0, 0, 0), 0xffffff) };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	size_t len;

	(void)state;
	rig_policy(r, SA_DIR_BOTH, aces, 2);
	rig_tek(r, 0x1000, 0, rig_aes_sha1, 1815000);
	len = mk_packet(buf, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_UDP });
	rig_input(r, buf, len, LAN);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ 0 });
	assert_string_equal(ctx.out.s,
	    "\ninterface: FastEthernet0/1\n"
	    "    Crypto map tag: CM, local addr 192.0.2.1\n"
	    "\n   protected vrf: (none)\n"
	    "   local  ident (addr/mask/prot/port): "
	    "(10.0.0.0/255.0.0.0/0/0)\n"
	    "   remote ident (addr/mask/prot/port): "
	    "(10.0.0.0/255.0.0.0/0/0)\n"
	    "   Group: GETVPN\n"
	    "   current_peer 0.0.0.0 port 848\n"
	    "     PERMIT, flags={origin_is_acl,}\n"
	    "    #pkts encaps: 1, #pkts encrypt: 1, #pkts digest: 1\n"
	    "    #pkts decaps: 0, #pkts decrypt: 0, #pkts verify: 0\n"
	    "    #pkts compressed: 0, #pkts decompressed: 0\n"
	    "    #pkts not compressed: 0, #pkts compr. failed: 0\n"
	    "    #pkts not decompressed: 0, #pkts decompress failed: 0\n"
	    "    #send errors 0, #recv errors 0\n"
	    "\n     local crypto endpt.: 192.0.2.1, "
	    "remote crypto endpt.: 0.0.0.0\n"
	    "     plaintext mtu 1438, path mtu 1500, ip mtu 1500, "
	    "ip mtu idb FastEthernet0/1\n"
	    "     current outbound spi: 0x1000(4096)\n"
	    "     PFS (Y/N): N, DH group: none\n"
	    "\n     inbound esp sas:\n"
	    "      spi: 0x1000(4096)\n"
	    "        transform: esp-aes esp-sha-hmac ,\n"
	    "        in use settings ={Tunnel, }\n"
	    "        conn id: 1, flow_id: SW:1, sibling_flags 80000040, "
	    "crypto map: CM\n"
	    "        sa timing: remaining key lifetime (sec): (1815)\n"
	    "        Kilobyte Volume Rekey has been disabled\n"
	    "        IV size: 16 bytes\n"
	    "        replay detection support: Y\n"
	    "        Status: ACTIVE(ACTIVE)\n"
	    "\n     inbound ah sas:\n\n     inbound pcp sas:\n"
	    "\n     outbound esp sas:\n"
	    "      spi: 0x1000(4096)\n"
	    "        transform: esp-aes esp-sha-hmac ,\n"
	    "        in use settings ={Tunnel, }\n"
	    "        conn id: 2, flow_id: SW:2, sibling_flags 80000040, "
	    "crypto map: CM\n"
	    "        sa timing: remaining key lifetime (sec): (1815)\n"
	    "        Kilobyte Volume Rekey has been disabled\n"
	    "        IV size: 16 bytes\n"
	    "        replay detection support: Y\n"
	    "        Status: ACTIVE(ACTIVE)\n"
	    "\n     outbound ah sas:\n\n     outbound pcp sas:\n");
	sb_free(&ctx.out);
	(void)clear_crypto_sa_counters(&ctx,
	    &(struct clear_crypto_sa_counters_args){ 0 });
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .map = "CM",
	    .detail = true });
	assert_non_null(strstr(ctx.out.s, "#pkts encaps: 0,"));
	assert_non_null(strstr(ctx.out.s,
	    "    #pkts no sa (send) 0, #pkts invalid sa (rcv) 0\n"));
	assert_non_null(strstr(ctx.out.s, "replay detection support: Y  "
	    "replay window size: 64\n"));
	assert_null(strstr(ctx.out.s, "Group:"));
	sb_free(&ctx.out);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .map = "OTHER" });
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .ifname = "Other0" });
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .by_peer = true, .peer = 1 });
	assert_string_equal(ctx.out.s, "\nNo SAs found\n\nNo SAs found\n"
	    "\nNo SAs found\n");
	console_end(r, &ctx);
}

#define PEER IP4(192, 0, 2, 2)
#define COUNTERS(encaps, decaps, errors)                                     \
	"    #pkts encaps: " encaps ", #pkts encrypt: " encaps ", "            \
	"#pkts digest: " encaps "\n"                                          \
	"    #pkts decaps: " decaps ", #pkts decrypt: " decaps ", "            \
	"#pkts verify: " decaps "\n"                                          \
	"    #pkts compressed: 0, #pkts decompressed: 0\n"                     \
	"    #pkts not compressed: 0, #pkts compr. failed: 0\n"                \
	"    #pkts not decompressed: 0, #pkts decompress failed: 0\n"          \
	"    #send errors " errors ", #recv errors 0\n"
#define OTHERS(way)                                                          \
	"\n     " way " ah sas:\n\n     " way " pcp sas:\n"

static void
add_sa(struct rig *r, const char *group, uint8_t way, uint8_t mode,
    bool udp)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(way == SA_WAY_IN ? 0x2000 : 0x3000, 1,
	    rig_aes_sha1, 1815000);
	str_copy(c.tek.group, group, sizeof(c.tek.group));
	c.tek.mode = mode;
	c.tek.way = way;
	c.tek.pfs = 19; /* not what is configured */
	c.tek.life_kb = 4608000;
	c.tek.local = WAN_ADDR;
	c.tek.remote = PEER;
	c.tek.encap_local = udp ? 4500 : 0;
	c.tek.encap_remote = udp ? 4501 : 0;
	fwd_sa(r->f, &c);
}

static void
pair_rig(struct rig *r, struct map_peer *peer)
{
	struct ace aces[2] = { mk_ace(ACE_PERMIT, PROTO_UDP,
	    IP4(10, 1, 1, 0), 255, IP4(10, 2, 2, 0), 255),
		mk_ace(ACE_DENY, 0, 0, ~0u, 0, ~0u) };

	aces[0].dport = (struct ace_ports){ ACE_OP_EQ, 9, 0 };
	rig_acl(r, "VPN", aces, 2);
	r->map.kind = MAP_ISAKMP;
	str_copy(r->map.acl, "VPN", CONF_NAME);
	*peer = (struct map_peer){ .addr = PEER };
	r->map.peers = (struct cf_list){ &peer->obj, &peer->obj, 1 };
	r->map.terms.pfs = 14;
	rig_config(r);
}

static const char before[] =
    "\ninterface: FastEthernet0/1\n"
    "    Crypto map tag: CM, local addr 192.0.2.1\n"
    "\n   protected vrf: (none)\n"
    "   local  ident (addr/mask/prot/port): "
    "(10.1.1.0/255.255.255.0/17/0)\n"
    "   remote ident (addr/mask/prot/port): "
    "(10.2.2.0/255.255.255.0/17/9)\n"
    "   current_peer 192.0.2.2 port 500\n"
    "     PERMIT, flags={origin_is_acl,}\n"
    COUNTERS("0", "0", "1")
    "\n     local crypto endpt.: 192.0.2.1, "
    "remote crypto endpt.: 192.0.2.2\n"
    "     plaintext mtu 1500, path mtu 1500, ip mtu 1500, "
    "ip mtu idb FastEthernet0/1\n"
    "     current outbound spi: 0x0(0)\n"
    "     PFS (Y/N): Y, DH group: group14\n"
    "\n     inbound esp sas:\n" OTHERS("inbound")
    "\n     outbound esp sas:\n" OTHERS("outbound");

static const char with_sas[] =
    "   current_peer 192.0.2.2 port 4501\n"
    "     PERMIT, flags={origin_is_acl,}\n"
    COUNTERS("1", "0", "1")
    "\n     local crypto endpt.: 192.0.2.1, "
    "remote crypto endpt.: 192.0.2.2\n"
    "     plaintext mtu 1422, path mtu 1500, ip mtu 1500, "
    "ip mtu idb FastEthernet0/1\n"
    "     current outbound spi: 0x3000(12288)\n"
    "     PFS (Y/N): Y, DH group: group19\n"
    "\n     inbound esp sas:\n"
    "      spi: 0x2000(8192)\n"
    "        transform: esp-aes esp-sha-hmac ,\n"
    "        in use settings ={Tunnel UDP-Encaps, }\n"
    "        conn id: 1, flow_id: SW:1, sibling_flags 80000040, "
    "crypto map: CM\n"
    "        sa timing: remaining key lifetime (k/sec): (4608000/1815)\n"
    "        IV size: 16 bytes\n"
    "        replay detection support: Y\n"
    "        Status: ACTIVE(ACTIVE)\n"
    OTHERS("inbound")
    "\n     outbound esp sas:\n"
    "      spi: 0x3000(12288)\n"
    "        transform: esp-aes esp-sha-hmac ,\n"
    "        in use settings ={Tunnel UDP-Encaps, }\n"
    "        conn id: 2, flow_id: SW:2, sibling_flags 80000040, "
    "crypto map: CM\n"
    "        sa timing: remaining key lifetime (k/sec): (4607999/1815)\n"
    "        IV size: 16 bytes\n"
    "        replay detection support: Y\n"
    "        Status: ACTIVE(ACTIVE)\n"
    OTHERS("outbound");

static void
test_show_pair(void **state)
{
	struct map_peer peer;
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);
	size_t len = mk_packet(buf, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_UDP, .dport = 9 });

	(void)state;
	pair_rig(r, &peer);
	rig_input(r, buf, len, LAN);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .by_peer = true,
	    .peer = PEER });
	assert_string_equal(ctx.out.s, before);
	sb_free(&ctx.out);
	add_sa(r, "map CM 10", SA_WAY_IN, SA_TUNNEL, true);
	add_sa(r, "map CM 10", SA_WAY_OUT, SA_TUNNEL, true);
	rig_input(r, buf, len, LAN);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ 0 });
	assert_non_null(strstr(ctx.out.s, with_sas));
	sb_free(&ctx.out);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .by_peer = true,
	    .peer = IP4(192, 0, 2, 3) });
	assert_string_equal(ctx.out.s, "\nNo SAs found\n");
	sb_free(&ctx.out);
	ctx.json = true;
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ 0 });
	assert_non_null(strstr(ctx.out.s, "\"remote_endpoint\""));
	assert_non_null(strstr(ctx.out.s, "\"udp_encapsulation\": true"));
	assert_null(strstr(ctx.out.s, "\"group\""));
	console_end(r, &ctx);
}

static void
test_show_tunnel(void **state)
{
	struct interface ti = { .tunnel = { .dest = PEER } };
	struct port t = { .index = 3, .name = "Tunnel0", .up = true,
		.mtu = 1476 };
	struct cli_ctx ctx;
	struct rig *r = console_rig(&ctx);

	(void)state;
	str_copy(ti.name, t.name, sizeof(ti.name));
	str_copy(ti.tunnel.source_if, r->ifs[1].name, IFNAME_MAX);
	str_copy(ti.tunnel.profile, "PROF", CONF_NAME);
	r->ifs[1].obj.next = &ti.obj;
	r->conf.interfaces.last = &ti.obj;
	rig_config(r);
	fwd_port(r->f, &t);
	add_sa(r, "tunnel Tunnel0", SA_WAY_IN, SA_TRANSPORT, false);
	add_sa(r, "tunnel Tunnel0", SA_WAY_OUT, SA_TRANSPORT, false);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .ifname = "Tunnel0" });
	assert_ptr_equal(strstr(ctx.out.s, "\ninterface: Tunnel0\n"
	    "    Crypto map tag: Tunnel0-head-0, local addr 192.0.2.1\n"
	    "\n   protected vrf: (none)\n"
	    "   local  ident (addr/mask/prot/port): "
	    "(192.0.2.1/255.255.255.255/47/0)\n"
	    "   remote ident (addr/mask/prot/port): "
	    "(192.0.2.2/255.255.255.255/47/0)\n"
	    "   current_peer 192.0.2.2 port 500\n"), ctx.out.s);
	assert_non_null(strstr(ctx.out.s, "     plaintext mtu 1458, "
	    "path mtu 1500, ip mtu 1500, ip mtu idb FastEthernet0/1\n"));
	assert_non_null(strstr(ctx.out.s, "in use settings ={Transport, }\n"
	    "        conn id: 1, flow_id: SW:1, sibling_flags 80000000, "
	    "crypto map: Tunnel0-head-0\n"));
	/* the same with its source as an address */
	ti.tunnel.source_if[0] = '\0';
	ti.tunnel.source = IP4(192, 0, 2, 1);
	sb_free(&ctx.out);
	(void)show_crypto_ipsec_sa(&ctx,
	    &(struct show_crypto_ipsec_sa_args){ .ifname = "Tunnel0" });
	assert_non_null(strstr(ctx.out.s, "local addr 192.0.2.1\n"));
	assert_non_null(strstr(ctx.out.s, "     plaintext mtu 1458, "
	    "path mtu 1500, ip mtu 1500, ip mtu idb FastEthernet0/1\n"));
	console_end(r, &ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show_ipsec_sa),
		cmocka_unit_test(test_show_pair),
		cmocka_unit_test(test_show_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
