/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets that wait in a queue while something in front of it changes: who is
 * encrypted, who is translated, what the output list lets through. What leaves
 * is what a packet would be that came then, or it is dropped and counted; each
 * change once behind a shaper that stays and once behind one that changes with
 * it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "qos_rig.h"

#define SECOND UINT64_C(1000000)
#define SENT 20
#define TUNNEL 3
#define HUB IP4(192, 0, 2, 2)
#define GLOBAL IP4(192, 0, 2, 77)
#define OTHER IP4(192, 0, 2, 78)

static struct qos_rig q;
static struct qos_class *shaper;
static struct crypto_map_fail_close fc;
static struct acl_entry entry;
static struct interface tunnel;
static struct nat_static line, more;

/* What has left since the last packet waited. */
static struct {
	unsigned waited, from;
	uint64_t drops;
} was;

static unsigned
left(uint8_t proto, uint32_t src)
{
	unsigned i, n = 0;

	for (i = was.from; i < q.r.n_out; i++)
		n += rig_ip(&q.r, i)[IPH_PROTO] == proto && (src == 0 ||
		    get32(rig_ip(&q.r, i) + IPH_SRC) == src);
	return n;
}

/* The crypto map is there, not yet on the interface. */
static void
start(void)
{
	qr_start(&q);
	fwd_set_engine(q.r.f, NULL, NULL);
	shaper = qr_shaper(&q, "", 100000);
}

static void
map_on(void)
{
	str_copy(q.r.ifs[1].crypto_map, "CM", CONF_NAME);
	rig_config(&q.r);
}

static void
map_off(void)
{
	q.r.ifs[1].crypto_map[0] = '\0';
	rig_config(&q.r);
}

/* Packets of so many octets until most of them wait. */
static void
fill(unsigned payload)
{
	unsigned i;

	for (i = 0; i < SENT; i++)
		qr_send(&q, 0, payload);
	was.waited = q.r.f->qos_buffers;
	was.from = q.r.n_out;
	was.drops = rig_all_drops(&q.r);
	assert_true(was.waited > SENT / 2);
}

/* The packets that wait leave, the policy with them or not. */
static void
leave(bool policy_too)
{
	if (policy_too) {
		shaper->shape_rate *= 2;
		rig_config(&q.r);
	}
	qr_until(&q, q.r.us + 20 * SECOND);
	assert_int_equal(q.r.f->qos_buffers, 0);
	assert_int_equal(q.r.n_out - was.from + rig_all_drops(&q.r) -
	    was.drops, was.waited);
}

/* ---- who is encrypted ---- */

static void
group_known(void)
{
	rig_group(&q.r);
}

static void
group_denies(void)
{
	struct ace any = ace_any(ACE_DENY);

	rig_policy(&q.r, SA_DIR_BOTH, &any, 1);
	rig_tek(&q.r, 0x1000, 0, rig_aes_sha1, 3600000);
	map_on();
}

static void
group_permits(void)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(&q.r, SA_DIR_BOTH, &any, 1);
}

static void
group_keyless(void)
{
	struct ace any = ace_any(ACE_PERMIT);

	map_on();
	rig_policy(&q.r, SA_DIR_BOTH, &any, 1);
}

static void
fail_close(void)
{
	memset(&fc, 0, sizeof(fc));
	str_copy(fc.name, "CM", CONF_NAME);
	fc.activate = true;
	rig_add(&q.r.conf.fail_closes, &fc.obj);
	rig_config(&q.r);
}

/* An entry for another router, whose list permits nothing of this. */
static void
entry_without(void)
{
	struct ace a = mk_ace(ACE_PERMIT, PROTO_TCP, 0, ~0u, 0, ~0u);

	rig_acl(&q.r, "VPN", &a, 1);
	q.r.map.kind = MAP_ISAKMP;
	q.r.map.group[0] = '\0';
	str_copy(q.r.map.acl, "VPN", CONF_NAME);
	map_on();
}

static void
entry_with(void)
{
	entry = (struct acl_entry){ .seq = 20, .ace = ace_any(ACE_PERMIT) };
	rig_add(&q.r.acls[0].entries, &entry.obj);
	rig_config(&q.r);
}

static void
entry_with_sa(void)
{
	struct sa_change c = { .type = SA_ADD };

	entry_with();
	c.tek = rig_tek_of(0x2000, 2, rig_aes_sha1, 3600000);
	str_copy(c.tek.group, "map CM 10", sizeof(c.tek.group));
	c.tek.sid_bits = 0;
	c.tek.mode = SA_TUNNEL;
	c.tek.way = SA_WAY_OUT;
	c.tek.local = WAN_ADDR;
	c.tek.remote = HUB;
	fwd_sa(q.r.f, &c);
}

static void
group_and_map(void)
{
	rig_group(&q.r);
	map_on();
}

static void
group_gone(void)
{
	struct sa_change gone = { .type = SA_FLUSH };

	str_copy(gone.del.group, "GETVPN", SA_NAME_MAX);
	fwd_sa(q.r.f, &gone);
}

static void
nothing(void)
{
}

static const struct {
	const char *name;
	void (*before)(void), (*change)(void);
	int drop; /* -1: they leave as ESP; -2: as they are */
} changes[] = {
	{ "nothing changes", nothing, map_off, -2 },
	{ "a map is applied", group_known, map_on, -1 },
	{ "a map is applied, no key", nothing, group_keyless, DROP_NO_SA },
	{ "deny becomes permit", group_denies, group_permits, -1 },
	{ "a group registers", map_on, group_known, -1 },
	{ "fail-close is activated", map_on, fail_close, DROP_FAIL_CLOSE },
	{ "a line of an entry", entry_without, entry_with, DROP_NO_SA },
	{ "a line with its SA", entry_without, entry_with_sa, -1 },
	{ "a map is taken away", group_and_map, map_off, DROP_NO_SA },
	{ "permit becomes deny", group_and_map, group_denies, DROP_NO_SA },
	{ "the group is gone", group_and_map, group_gone, DROP_NO_SA },
};

static void
test_policy(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 2 * NELEM(changes); i++) {
		int drop = changes[i / 2].drop;

		start();
		changes[i / 2].before();
		fill(500);
		changes[i / 2].change();
		leave(i % 2 == 1);
		if ((drop == -2 && left(PROTO_UDP, LAN_HOST) != was.waited) ||
		    (drop == -1 && left(PROTO_ESP, 0) != was.waited) ||
		    (drop >= 0 && rig_drops(&q.r, (enum drop_id)drop) !=
		    was.waited))
			fail_msg("%s: of %u waiting %u left in clear, %u as "
			    "ESP", changes[i / 2].name, was.waited,
			    left(PROTO_UDP, 0), left(PROTO_ESP, 0));
		qr_end(&q);
	}
}

/* The largest packets of the link, which do not fit any more. */
static void
test_size(void **state)
{
	(void)state;
	start();
	group_known();
	fill(1500 - 28);
	map_on();
	qr_until(&q, q.r.us + 20 * SECOND);
	assert_int_equal(left(PROTO_UDP, 0), 0);
	assert_int_equal(left(PROTO_ESP, 0), 2 * was.waited);
	assert_int_equal(rig_all_drops(&q.r), was.drops);
	qr_end(&q);
}

/* ike hears what it has to negotiate. */
static void
test_acquired(void **state)
{
	(void)state;
	start();
	entry_without();
	fill(500);
	assert_int_equal(q.r.n_events, 0);
	entry_with();
	leave(false);
	rig_timeout(&q.r);
	assert_true(q.r.n_events > 0);
	assert_int_equal(q.r.events[0].type, SA_EVENT_ACQUIRE);
	assert_string_equal(q.r.events[0].group, "map CM 10");
	qr_end(&q);
}

/* From the LAN; its checksum is left to the device. */
static void
send_unsummed(unsigned payload)
{
	static uint8_t room[PKT_BUF_SIZE];
	uint8_t data[600];
	size_t len = mk_packet(data, &(struct mk){ .src = LAN_HOST,
	    .dst = FAR_HOST, .proto = PROTO_UDP, .payload = payload });
	struct pkt p, *pp = &p;

	put16(data + 26, (uint16_t)~sum_end(sum_pseudo(data,
	    (unsigned)len - IPH_HDR)));
	p = rig_pkt(room, data, len, LAN);
	p.gso = (struct pkt_gso){ .flags = GSO_F_NEEDS_CSUM,
		.csum_start = IPH_HDR, .csum_offset = 6 };
	fwd_input(q.r.f, &pp, 1);
}

/* What is encrypted has its checksum. */
static void
test_checksum(void **state)
{
	static struct rig far;
	unsigned i, found = 0;

	(void)state;
	start();
	rig_start(&far);
	rig_group(&far);
	fwd_routes(far.f, (struct route[]){ { 0, 0, 0, LAN } }, 1);
	group_known();
	fill(500);
	send_unsummed(99);
	map_on();
	qr_until(&q, q.r.us + 20 * SECOND);
	assert_int_equal(left(PROTO_ESP, 0), was.waited + 1);
	for (i = was.from; i < q.r.n_out; i++) {
		rig_input(&far, rig_ip(&q.r, i), q.r.out[i].len, WAN);
		assert_int_equal(far.n_out, 1);
		assert_true(l4_ok(rig_ip(&far, 0)));
		found += far.out[0].len == 28 + 99;
	}
	assert_int_equal(found, 1);
	rig_end(&far);
	qr_end(&q);
}

/* ---- a tunnel ---- */

static void
start_tunnel(void)
{
	const struct route routes[] = {
		{ IP4(10, 2, 2, 0), 24, 0, TUNNEL },
		{ IP4(192, 0, 2, 0), 24, 0, WAN },
	};
	struct port port = { .index = TUNNEL, .name = "Tunnel0",
		.dev = "Tunnel0", .addr = IP4(10, 9, 0, 1),
		.mask = 0xfffffffc, .mtu = 1476, .up = true, .tunnel = true };

	start();
	tunnel = (struct interface){ .name = "Tunnel0" };
	str_copy(tunnel.tunnel.source_if, q.r.ifs[1].name, IFNAME_MAX);
	tunnel.tunnel.dest = HUB;
	tunnel.tunnel.ttl = 255;
	rig_add(&q.r.conf.interfaces, &tunnel.obj);
	fwd_port(q.r.f, &port);
	fwd_routes(q.r.f, routes, NELEM(routes));
	rig_config(&q.r);
}

/* Its GRE waits on the interface below when it gets protection. */
static void
test_tunnel(void **state)
{
	struct sa_change c = { .type = SA_ADD };
	unsigned keyed;

	(void)state;
	for (keyed = 0; keyed < 4; keyed++) {
		start_tunnel();
		fill(500);
		str_copy(tunnel.tunnel.profile, "PROF", CONF_NAME);
		rig_config(&q.r);
		c.tek = rig_tek_of(0x2000, 1, rig_aes_sha1, 3600000);
		(void)sa_tunnel_group(c.tek.group, "Tunnel0");
		c.tek.sid_bits = 0;
		c.tek.mode = SA_TRANSPORT;
		c.tek.way = SA_WAY_OUT;
		c.tek.local = WAN_ADDR;
		c.tek.remote = HUB;
		if (keyed % 2 == 1)
			fwd_sa(q.r.f, &c);
		leave(keyed / 2 == 1);
		assert_int_equal(left(PROTO_GRE, 0), 0);
		assert_int_equal(left(PROTO_ESP, WAN_ADDR), keyed % 2 == 1 ?
		    was.waited : 0);
		assert_int_equal(rig_drops(&q.r, DROP_NO_SA), keyed % 2 == 1 ?
		    0 : was.waited);
		qr_end(&q);
	}
	/* ... or does not, while something else changes */
	start_tunnel();
	fill(500);
	leave(true);
	assert_int_equal(left(PROTO_GRE, WAN_ADDR), was.waited);
	/* ... or loses it */
	str_copy(tunnel.tunnel.profile, "PROF", CONF_NAME);
	rig_config(&q.r);
	fwd_sa(q.r.f, &c);
	fill(500);
	tunnel.tunnel.profile[0] = '\0';
	rig_config(&q.r);
	leave(false);
	assert_int_equal(left(PROTO_GRE, 0), 0);
	qr_end(&q);
}

/* ---- who is translated ---- */

static void
sides(void)
{
	q.r.ifs[0].nat = NAT_INSIDE;
	q.r.ifs[1].nat = NAT_OUTSIDE;
	q.r.conf.nat_timeouts = (struct nat_timeouts){ .any = 86400,
		.udp = 300, .icmp = 60 };
	rig_config(&q.r);
}

static void
line_of(struct nat_static *s, uint32_t local, uint32_t global)
{
	*s = (struct nat_static){ .local = local, .global = global };
	rig_add(&q.r.conf.nat_statics, &s->obj);
}

static void
line_on(void)
{
	sides();
	line_of(&line, LAN_HOST, GLOBAL);
	rig_config(&q.r);
}

static void
line_off(void)
{
	q.r.conf.nat_statics = (struct cf_list){ 0 };
	rig_config(&q.r);
}

static void
line_other(void)
{
	line_off();
	line_of(&line, LAN_HOST, OTHER);
	rig_config(&q.r);
}

/* A line about somebody else. */
static void
line_more(void)
{
	line_of(&more, IP4(10, 1, 1, 99), OTHER);
	rig_config(&q.r);
}

static void
stranger_on(void)
{
	sides();
	line_more();
}

static void
inside_off(void)
{
	q.r.ifs[0].nat = NAT_NONE;
	rig_config(&q.r);
}

static const struct {
	const char *name;
	void (*before)(void), (*change)(void);
	uint32_t src; /* of what leaves; 0: dropped, NAT_CHANGE */
} lines[] = {
	{ "no line", sides, sides, LAN_HOST },
	{ "a line comes", sides, line_on, GLOBAL },
	{ "a line comes with its interfaces", nothing, line_on, GLOBAL },
	{ "a line stays", line_on, sides, GLOBAL },
	{ "another line comes", line_on, line_more, GLOBAL },
	{ "a line comes that is not its own", sides, line_more, LAN_HOST },
	{ "one comes, another is there", stranger_on, line_on, GLOBAL },
	{ "a line goes", line_on, line_off, 0 },
	{ "a line says something else", line_on, line_other, 0 },
	{ "an interface is inside no more", line_on, inside_off, GLOBAL },
};

/* Whole packets, and those that are cut in front of the queue, whose tails
 * cannot be translated any more. */
static void
test_lines(void **state)
{
	unsigned i, size;
	uint32_t src;
	bool cut;

	(void)state;
	for (i = 0; i < 4 * NELEM(lines); i++) {
		src = lines[i / 4].src;
		cut = i % 4 > 1;
		size = cut ? 1500 : 500;
		start();
		q.r.ifs[1].mtu = 1000;
		lines[i / 4].before();
		fill(size);
		lines[i / 4].change();
		leave(i % 2 == 1);
		if (q.r.n_out - was.from + rig_drops(&q.r, DROP_NAT_CHANGE) !=
		    was.waited || (src != LAN_HOST && left(PROTO_UDP,
		    LAN_HOST) > 0) || (src == 0 && q.r.n_out > was.from) ||
		    (src != 0 && (!cut || lines[i / 4].before == line_on) &&
		    left(PROTO_UDP, src) != was.waited))
			fail_msg("%s, %u octets: of %u waiting %u left, %u "
			    "with a private address", lines[i / 4].name, size,
			    was.waited, q.r.n_out - was.from, left(PROTO_UDP,
			    LAN_HOST));
		qr_end(&q);
	}
}

/* What was let through NAT for a crypto map is not encrypted with a public
 * address, nor in clear with its own. */
static void
test_exempt(void **state)
{
	struct ace net = mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 255, 0, ~0u);
	unsigned way;

	(void)state;
	for (way = 0; way < 2; way++) {
		start();
		rig_policy(&q.r, SA_DIR_BOTH, &net, 1);
		rig_tek(&q.r, 0x1000, 0, rig_aes_sha1, 3600000);
		map_on();
		sides();
		if (way == 1)
			line_on();
		fill(500);
		if (way == 1)
			line_off();
		else
			line_on();
		leave(false);
		/* translated it is nothing for the map: it may not leave so
		 * when it was to be encrypted */
		assert_int_equal(q.r.n_out, was.from);
		assert_int_equal(rig_drops(&q.r, way == 1 ? DROP_NAT_CHANGE :
		    DROP_NO_SA), was.waited);
		qr_end(&q);
	}
}

/* ---- what may leave ---- */

static void
list_out(struct ace a)
{
	rig_acl(&q.r, "OUT", &a, 1);
	str_copy(q.r.ifs[1].acl_out, "OUT", CONF_NAME);
	rig_config(&q.r);
}

/* Who sent it hears of it, as of what never waited. */
static void
test_list(void **state)
{
	unsigned way;

	(void)state;
	for (way = 0; way < 2; way++) {
		start();
		fill(500);
		list_out(ace_any(ACE_DENY));
		if (way == 1) {
			shaper->shape_rate *= 2;
			rig_config(&q.r);
		}
		qr_until(&q, q.r.us + 20 * SECOND);
		assert_int_equal(q.r.f->qos_buffers, 0);
		assert_int_equal(left(PROTO_UDP, 0), 0);
		assert_true(left(PROTO_ICMP, LAN_ADDR) > 0);
		assert_int_equal(rig_drops(&q.r, DROP_ACL_OUT), was.waited);
		assert_int_equal(acl_find(q.r.f, "OUT")->hits[0]->packets,
		    was.waited);
		qr_end(&q);
	}
}

/* While something else changes: the list sees what it saw, not what the policy
 * made of it, and counts once. What this router sent is not asked. */
static void
test_list_stays(void **state)
{
	struct ace a = ace_any(ACE_PERMIT);
	unsigned way;

	(void)state;
	a.dscp = 0;
	for (way = 0; way < 2; way++) {
		start();
		shaper->set_dscp = 46;
		list_out(a);
		fill(500);
		map_on();
		map_off();
		leave(way == 1);
		assert_int_equal(left(PROTO_UDP, LAN_HOST), was.waited);
		assert_int_equal(acl_find(q.r.f, "OUT")->hits[0]->packets,
		    SENT);
		qr_end(&q);
	}
	start_tunnel();
	fill(500);
	list_out(ace_any(ACE_DENY));
	leave(false);
	assert_int_equal(left(PROTO_GRE, WAN_ADDR), was.waited);
	qr_end(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_acquired),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
