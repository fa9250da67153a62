/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which fields of the clear packet the output policy of a port sees, through
 * encryption and tunnels, with and without `qos pre-classify`. With the
 * argument `table` it writes doc/preclassify.md from what it saw.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "qos_rig.h"

#define TUN 3
#define PEER IP4(198, 51, 100, 2)
#define EF 46
#define PORT 5000

enum way { CLEAR, GETVPN, ESP_TUNNEL, GRE, GRE_ESP, WAYS };
enum field { ADDRESSES, PROTOCOL, PORTS, DSCP, FIELDS };

static const char *const way_names[WAYS] = { "clear", "GETVPN",
	"ESP, tunnel mode (`ipsec-isakmp`)", "GRE", "GRE over IPsec" };

static struct qos_rig q;
static struct interface tunnel;

/* ---- the router ---- */

static void
add_tunnel(bool preclassify)
{
	struct port port = { .index = TUN, .name = "Tunnel0",
		.dev = "Tunnel0", .addr = IP4(172, 16, 0, 1),
		.mask = 0xfffffffc, .mtu = 1400, .up = true, .tunnel = true };
	const struct route routes[] = {
		{ IP4(10, 1, 1, 0), 24, 0, LAN },
		{ FAR_HOST & 0xffffff00, 24, 0, TUN },
		{ 0, 0, IP4(192, 0, 2, 254), WAN },
	};

	memset(&tunnel, 0, sizeof(tunnel));
	str_copy(tunnel.name, port.name, sizeof(tunnel.name));
	str_copy(tunnel.tunnel.source_if, q.r.ifs[1].name, IFNAME_MAX);
	tunnel.tunnel.dest = PEER;
	tunnel.tunnel.ttl = 255;
	tunnel.qos_preclassify = preclassify;
	rig_add(&q.r.conf.interfaces, &tunnel.obj);
	fwd_port(q.r.f, &port);
	fwd_routes(q.r.f, routes, NELEM(routes));
}

/* An SA with another router for what the entry of the map permits. */
static void
add_pair(const struct ace *permit)
{
	struct sa_change c = { .type = SA_ADD };

	rig_acl(&q.r, "VPN", permit, 1);
	q.r.map.kind = MAP_ISAKMP;
	q.r.map.group[0] = '\0';
	str_copy(q.r.map.acl, "VPN", CONF_NAME);
	rig_config(&q.r);
	c.tek = rig_tek_of(0x1000, 1, rig_aes_sha1, 3600000);
	sa_map_group(c.tek.group, "CM", 10);
	c.tek.sid_bits = 0;
	c.tek.mode = SA_TUNNEL;
	c.tek.way = SA_WAY_OUT;
	c.tek.local = WAN_ADDR;
	c.tek.remote = PEER;
	fwd_sa(q.r.f, &c);
}

static void
start(enum way way, bool preclassify)
{
	struct ace gre = mk_ace(ACE_PERMIT, 47, WAN_ADDR, 0, PEER, 0);
	struct ace any = ace_any(ACE_PERMIT);

	qr_start_encrypted(&q);
	q.r.map.qos_preclassify = preclassify;
	if (way == GRE || way == GRE_ESP)
		add_tunnel(preclassify);
	if (way == CLEAR || way == GRE)
		q.r.ifs[1].crypto_map[0] = '\0';
	else if (way == GETVPN)
		rig_group(&q.r);
	else
		add_pair(way == ESP_TUNNEL ? &any : &gre);
}

/* A class that wants that field to be as it is in the clear packet. */
static void
add_class(enum field field)
{
	struct ace hosts = mk_ace(ACE_PERMIT, 0, LAN_HOST, 0, FAR_HOST, 0);
	struct qos_class_map *m = qr_map(&q, "C", false);
	struct qos_match *x;

	switch (field) {
	case ADDRESSES:
		rig_acl(&q.r, "HOSTS", &hosts, 1);
		x = qr_match(&q, m, QOS_ACL);
		str_copy(x->name, "HOSTS", CONF_NAME);
		break;
	case PROTOCOL:
		x = qr_match(&q, m, QOS_PROTOCOL);
		while (strcmp(qos_protocols[x->protocol].name, "udp") != 0)
			x->protocol++;
		break;
	case PORTS:
		x = qr_match(&q, m, QOS_RTP);
		x->lo = PORT;
		break;
	default:
		qr_match(&q, m, QOS_DSCP)->v0 = EF;
	}
	qr_class(&q, qr_policy(&q, "P"), "C");
	qr_attach(&q, "", "P");
}

static bool
sees(enum way way, bool preclassify, enum field field)
{
	bool seen;

	start(way, preclassify);
	add_class(field);
	qr_send_flow(&q, EF, 100, PORT);
	if (q.sent[EF].packets != 1) {
		fprintf(stderr, "%s: nothing left\n", way_names[way]);
		abort();
	}
	seen = qr_node(&q, "C")->c[QC_PACKETS] == 1;
	qr_end(&q);
	return seen;
}

/* ---- as a document ---- */

static void
print_doc(void)
{
	unsigned way, pre, field;

	printf("# What an output policy sees\n\n"
	    "Written by `scripts/doc-tables` from what "
	    "`tests/path/test_preclassify` sees: do not edit.\n"
	    "Does `match` in a `service-policy output` of the port find the "
	    "field as it is in the clear packet? `qos pre-classify` stands\n"
	    "in the entry of the crypto map, or on the tunnel interface. "
	    "GETVPN keeps the addresses; the DSCP is copied to every outer\n"
	    "header. What it costs voice that is told by its ports: "
	    "`scripts/bench qos`, and [this picture](preclassify.svg).\n\n"
	    "| packet | pre-classify | addresses | protocol | ports | DSCP |\n"
	    "|---|---|---|---|---|---|\n");
	for (way = 0; way < WAYS; way++) {
		for (pre = 0; pre < 2; pre++) {
			if (way == CLEAR && pre == 1)
				continue;
			printf("| %s | %s |", way_names[way],
			    way == CLEAR ? "-" : pre ? "with" : "without");
			for (field = 0; field < FIELDS; field++)
				printf(" %s |", sees(way, pre == 1, field) ?
				    "yes" : "no");
			printf("\n");
		}
	}
}

/* ---- as a test ---- */

static void
test_without(void **state)
{
	static const bool want[WAYS][FIELDS] = {
		[CLEAR] = { true, true, true, true },
		[GETVPN] = { true, false, false, true },
		[ESP_TUNNEL] = { false, false, false, true },
		[GRE] = { false, false, false, true },
		[GRE_ESP] = { false, false, false, true },
	};
	unsigned way, field;

	(void)state;
	for (way = 0; way < WAYS; way++) {
		for (field = 0; field < FIELDS; field++) {
			if (sees(way, false, field) != want[way][field])
				fail_msg("%s, field %u", way_names[way],
				    field);
		}
	}
}

static void
test_with(void **state)
{
	unsigned way, field;

	(void)state;
	for (way = 0; way < WAYS; way++) {
		for (field = 0; field < FIELDS; field++) {
			if (!sees(way, true, field))
				fail_msg("%s, field %u", way_names[way],
				    field);
		}
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_with),
	};

	if (argc > 1 && strcmp(argv[1], "table") == 0) {
		print_doc();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
