/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What leaves and enters in clear, and what never does: the directions of a
 * group's SAs, the order of the lists of a crypto map, fail-close, and the
 * exemption of a member's own key management.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

#define ANY 0, ~0u
#define MCAST IP4(239, 1, 1, 1)

static uint8_t buf[2000];
static struct rig *r;
static struct crypto_map second;
static struct crypto_map_fail_close fc;
static struct gdoi_group groups[2];

/* A router whose map has fail-close with the list FC: SSH to this router and
 * OSPF may pass. */
static void
begin(bool activate)
{
	struct ace a[2] = { mk_ace(ACE_DENY, PROTO_TCP, ANY, ANY),
		mk_ace(ACE_DENY, 89, ANY, ANY) };

	r = calloc(1, sizeof(*r));
	rig_start(r);
	a[0].sport = (struct ace_ports){ ACE_OP_EQ, 22, 0 };
	rig_acl(r, "FC", a, 2);
	memset(&fc, 0, sizeof(fc));
	str_copy(fc.name, "CM", CONF_NAME);
	str_copy(fc.acl, "FC", CONF_NAME);
	fc.activate = activate;
	rig_add(&r->conf.fail_closes, &fc.obj);
	rig_config(r);
}

static void
end(void)
{
	rig_end(r);
	free(r);
}

/* Entry 20 of the map: group SECOND. */
static void
add_second(void)
{
	memset(&second, 0, sizeof(second));
	str_copy(second.name, "CM", CONF_NAME);
	str_copy(second.group, "SECOND", CONF_NAME);
	second.seq = 20;
	rig_add(&r->conf.crypto_maps, &second.obj);
	rig_config(r);
}

static void
no_bypass(unsigned i, const char *group)
{
	memset(&groups[i], 0, sizeof(groups[i]));
	str_copy(groups[i].name, group, CONF_NAME);
	rig_add(&r->conf.gdoi_groups, &groups[i].obj);
	rig_config(r);
}

struct entry {
	struct ace ace;
	uint16_t sa;
	uint8_t local;
};

static void
policy(const char *group, uint8_t direction, bool reverted,
    const struct entry *e, unsigned n)
{
	struct sa_change c = { .type = SA_POLICY };
	struct ace aces[8];
	uint16_t sa_of[8];
	uint8_t local[8];
	unsigned i;

	for (i = 0; i < n; i++) {
		aces[i] = e[i].ace;
		sa_of[i] = e[i].sa;
		local[i] = e[i].local;
	}
	str_copy(c.policy.group, group, SA_NAME_MAX);
	c.policy.direction = direction;
	c.policy.reverted = reverted;
	c.policy.gm_addr = WAN_ADDR;
	c.policy.n = n;
	c.policy.aces = aces;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	fwd_sa(r->f, &c);
}

static void
tek(const char *group, uint32_t spi, uint16_t sa)
{
	struct sa_change c = { .type = SA_ADD };

	c.tek = rig_tek_of(spi, sa, rig_aes_sha1, 3600000);
	str_copy(c.tek.group, group, SA_NAME_MAX);
	fwd_sa(r->f, &c);
}

static void
flush(const char *group)
{
	struct sa_change c = { .type = SA_FLUSH };

	str_copy(c.del.group, group, SA_NAME_MAX);
	fwd_sa(r->f, &c);
}

static void
permit_all(uint8_t direction, bool reverted)
{
	const struct entry e = { ace_any(ACE_PERMIT), 1, 0 };

	policy("GETVPN", direction, reverted, &e, 1);
}

#define CLEAR (-1)
#define ESP (-2)

/* What became of it: CLEAR, ESP, or the reason of the drop. */
static int
fate(uint16_t in, struct mk mk)
{
	uint64_t before[DROP_COUNT];
	size_t len = mk_packet(buf, &mk);
	unsigned i;

	for (i = 0; i < DROP_COUNT; i++)
		before[i] = rig_drops(r, (enum drop_id)i);
	rig_input(r, buf, len, in);
	for (i = 0; i < DROP_COUNT; i++) {
		if (rig_drops(r, (enum drop_id)i) != before[i]) {
			assert_int_equal(r->n_out, 0);
			return (int)i;
		}
	}
	assert_int_equal(r->n_out, 1);
	return rig_ip(r, 0)[IPH_PROTO] == PROTO_ESP ? ESP : CLEAR;
}

static int
out(struct mk mk)
{
	mk.src = LAN_HOST;
	mk.dst = FAR_HOST;
	return fate(LAN, mk);
}

static int
in(struct mk mk)
{
	mk.src = FAR_HOST;
	mk.dst = LAN_HOST;
	return fate(WAN, mk);
}

#define UDP_MK ((struct mk){ .proto = PROTO_UDP, .payload = 20 })

/* Of key management between this router and a key server. */
static int
key_in(uint32_t dst)
{
	return fate(WAN, (struct mk){ .src = FAR_HOST, .dst = dst,
	    .proto = PROTO_UDP, .sport = 848, .dport = 848 });
}

static int
key_out(void)
{
	return fate(PORT_LOCAL, (struct mk){ .src = WAN_ADDR, .dst = FAR_HOST,
	    .proto = PROTO_UDP, .sport = 848, .dport = 848 });
}

static void
test_directions(void **state)
{
	static const struct {
		uint8_t direction;
		bool has_tek;
		int out, in;
	} rows[] = {
		{ SA_DIR_BOTH, true, ESP, DROP_NOT_IPSEC },
		{ SA_DIR_BOTH, false, DROP_NO_SA, DROP_NOT_IPSEC },
		{ SA_DIR_INBOUND_ONLY, true, CLEAR, CLEAR },
		{ SA_DIR_INBOUND_ONLY, false, CLEAR, CLEAR },
		{ SA_DIR_INBOUND_OPTIONAL, true, ESP, CLEAR },
		{ SA_DIR_INBOUND_OPTIONAL, false, DROP_NO_SA, CLEAR },
	};
	uint8_t esp[200];
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		begin(false);
		permit_all(rows[i].direction, false);
		if (rows[i].has_tek)
			tek("GETVPN", 0x1000, 1);
		assert_int_equal(out(UDP_MK), rows[i].out);
		assert_int_equal(in(UDP_MK), rows[i].in);
		end();
	}
	/* ESP is read in every direction: what one of Both sent */
	begin(false);
	permit_all(SA_DIR_BOTH, false);
	tek("GETVPN", 0x1000, 1);
	assert_int_equal(fate(LAN, (struct mk){ .src = FAR_HOST,
	    .dst = IP4(203, 0, 113, 9), .proto = PROTO_UDP }), ESP);
	len = r->out[0].len;
	assert_true(len <= sizeof(esp));
	memcpy(esp, rig_ip(r, 0), len);
	end();
	for (i = 0; i < 3; i++) {
		begin(true);
		permit_all((uint8_t)i, false);
		tek("GETVPN", 0x1000, 1);
		rig_input(r, esp, len, WAN);
		/* back the way it came: encrypted again, or clear */
		assert_int_equal(rig_drops(r, DROP_NOT_IPSEC), 0);
		assert_int_equal(r->n_out, 1);
		assert_int_equal(rig_ip(r, 0)[IPH_PROTO],
		    i == SA_DIR_INBOUND_ONLY ? PROTO_UDP : PROTO_ESP);
		end();
	}
}

static void
test_closed(void **state)
{
	const struct mk ssh_back = { .proto = PROTO_TCP, .sport = 22,
		.dport = 5000, .tcp_flags = TCP_ACK };
	const struct mk ssh = { .proto = PROTO_TCP, .sport = 5000,
		.dport = 22, .tcp_flags = TCP_SYN };

	(void)state;
	begin(false); /* not activated: open */
	assert_int_equal(out(UDP_MK), CLEAR);
	assert_int_equal(in(UDP_MK), CLEAR);
	fc.activate = true;
	rig_config(r);
	/* from, to and through this router */
	assert_int_equal(out(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(in(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(fate(PORT_LOCAL, (struct mk){ .src = WAN_ADDR,
	    .dst = FAR_HOST, .proto = PROTO_ICMP, .sport = 0x800 }),
	    DROP_FAIL_CLOSE);
	assert_int_equal(fate(WAN, (struct mk){ .src = FAR_HOST,
	    .dst = WAN_ADDR, .proto = PROTO_ICMP, .sport = 0x800 }),
	    DROP_FAIL_CLOSE);
	/* the list is written for what goes out */
	assert_int_equal(out(ssh_back), CLEAR);
	assert_int_equal(out(ssh), DROP_FAIL_CLOSE);
	assert_int_equal(in(ssh), CLEAR);
	assert_int_equal(in(ssh_back), DROP_FAIL_CLOSE);
	assert_int_equal(in((struct mk){ .proto = 89 }), CLEAR);
	/* ESP that nobody can read is no exception */
	assert_int_equal(in((struct mk){ .proto = PROTO_ESP,
	    .payload = 60 }), DROP_FAIL_CLOSE);
	/* fragments behind the first have no port */
	assert_int_equal(out((struct mk){ .proto = PROTO_TCP, .frag = 100,
	    .payload = 40 }), DROP_FAIL_CLOSE);
	assert_int_equal(r->f->failcloses->dropped_in, 4);
	assert_int_equal(r->f->failcloses->dropped_out, 4);
	assert_int_equal(r->f->failcloses->passed, 3);
	/* a port without the map is none of its business */
	assert_int_equal(fate(LAN, (struct mk){ .src = LAN_HOST,
	    .dst = LAN_ADDR, .proto = PROTO_UDP }), CLEAR);
	/* a list that is not there passes nothing */
	str_copy(fc.acl, "NONE", CONF_NAME);
	rig_config(r);
	assert_int_equal(out(ssh_back), DROP_FAIL_CLOSE);
	assert_int_equal(key_in(WAN_ADDR), CLEAR);
	/* a map that protects nothing protects */
	str_copy(fc.acl, "FC", CONF_NAME);
	r->conf.crypto_maps = (struct cf_list){ 0 };
	rig_config(r);
	assert_int_equal(out(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(out(ssh_back), CLEAR);
	end();
}

static void
test_life(void **state)
{
	const struct mk ospf = { .proto = 89 };
	const struct entry e[] = {
		{ mk_ace(ACE_DENY, PROTO_ICMP, ANY, ANY), 1, 0 },
		{ mk_ace(ACE_PERMIT, 0, ANY, ANY), 1, 0 } };
	const struct mk icmp = { .proto = PROTO_ICMP, .sport = 0x800 };

	(void)state;
	begin(true);
	assert_int_equal(out(icmp), DROP_FAIL_CLOSE);
	policy("GETVPN", SA_DIR_BOTH, false, e, 2);
	tek("GETVPN", 0x1000, 1);
	assert_int_equal(out(UDP_MK), ESP);
	assert_int_equal(out(icmp), CLEAR); /* the downloaded list says so */
	assert_int_equal(out(ospf), ESP);   /* no exemption any more */
	assert_int_equal(in(UDP_MK), DROP_NOT_IPSEC);
	/* the key ends: the policy stays */
	r->now += 3600001;
	rig_timeout(r);
	assert_int_equal(out(UDP_MK), DROP_NO_SA);
	assert_int_equal(out(icmp), CLEAR);
	/* `client fail-close revert`: the list of fail-close rules again */
	policy("GETVPN", SA_DIR_BOTH, true, e, 2);
	assert_int_equal(out(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(out(icmp), DROP_FAIL_CLOSE);
	assert_int_equal(out(ospf), CLEAR);
	assert_int_equal(in(UDP_MK), DROP_FAIL_CLOSE);
	/* without fail-close it changes nothing */
	fc.activate = false;
	rig_config(r);
	assert_int_equal(out(UDP_MK), DROP_NO_SA);
	assert_int_equal(in(UDP_MK), DROP_NOT_IPSEC);
	assert_int_equal(out(icmp), CLEAR);
	fc.activate = true;
	rig_config(r);
	/* keys again; then everything is forgotten */
	policy("GETVPN", SA_DIR_BOTH, false, e, 2);
	tek("GETVPN", 0x1001, 1);
	assert_int_equal(out(UDP_MK), ESP);
	flush("GETVPN");
	assert_int_equal(out(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(out(icmp), DROP_FAIL_CLOSE);
	end();
}

/* All groups of the map must be registered; what one of them wants encrypted
 * is, all the same. */
static void
test_two_groups(void **state)
{
	const struct entry udp = { mk_ace(ACE_PERMIT, PROTO_UDP, ANY, ANY),
		1, 0 };
	const struct entry icmp = { mk_ace(ACE_PERMIT, PROTO_ICMP, ANY, ANY),
		1, 0 };
	const struct mk tcp = { .proto = PROTO_TCP, .tcp_flags = TCP_ACK };
	const struct mk echo = { .proto = PROTO_ICMP, .sport = 0x800 };

	(void)state;
	begin(true);
	add_second();
	policy("GETVPN", SA_DIR_BOTH, false, &udp, 1);
	tek("GETVPN", 0x1000, 1);
	assert_int_equal(out(UDP_MK), ESP);
	assert_int_equal(out(echo), DROP_FAIL_CLOSE);
	assert_int_equal(out(tcp), DROP_FAIL_CLOSE);
	assert_int_equal(in(tcp), DROP_FAIL_CLOSE);
	/* receive-only of one does not open what waits for the other */
	policy("GETVPN", SA_DIR_INBOUND_ONLY, false, &udp, 1);
	assert_int_equal(out(UDP_MK), DROP_FAIL_CLOSE);
	assert_int_equal(in(UDP_MK), DROP_FAIL_CLOSE);
	policy("GETVPN", SA_DIR_BOTH, false, &udp, 1);
	policy("SECOND", SA_DIR_BOTH, false, &icmp, 1);
	tek("SECOND", 0x2000, 1);
	assert_int_equal(out(UDP_MK), ESP);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_HDR), 0x1000);
	assert_int_equal(out(echo), ESP);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_HDR), 0x2000);
	assert_int_equal(out(tcp), CLEAR);
	assert_int_equal(in(tcp), CLEAR);
	flush("SECOND");
	assert_int_equal(out(tcp), DROP_FAIL_CLOSE);
	assert_int_equal(out(UDP_MK), ESP);
	end();
}

/* Bypass, local deny list, sa ipsec 1, sa ipsec 2; then the next entry of
 * the map; then clear. */
static void
test_order(void **state)
{
	struct entry e[5] = {
		{ mk_ace(ACE_DENY, PROTO_TCP, ANY, ANY), 0, 1 },
		{ mk_ace(ACE_DENY, PROTO_UDP, ANY, ANY), 1, 0 },
		{ mk_ace(ACE_PERMIT, PROTO_ICMP, ANY, ANY), 1, 0 },
		{ mk_ace(ACE_PERMIT, PROTO_UDP, ANY, ANY), 2, 0 },
		{ mk_ace(ACE_PERMIT, PROTO_TCP, ANY, ANY), 2, 0 } };
	const struct entry next = { mk_ace(ACE_PERMIT, PROTO_UDP, ANY, ANY),
		1, 0 };
	const struct mk from_80 = { .proto = PROTO_TCP, .sport = 80,
		.dport = 5000, .tcp_flags = TCP_ACK };
	const struct mk to_80 = { .proto = PROTO_TCP, .sport = 5000,
		.dport = 80, .tcp_flags = TCP_ACK };
	const struct mk echo = { .proto = PROTO_ICMP, .sport = 0x800 };

	(void)state;
	begin(false);
	e[0].ace.sport = (struct ace_ports){ ACE_OP_EQ, 80, 0 };
	policy("GETVPN", SA_DIR_BOTH, false, e, 5);
	tek("GETVPN", 0x1001, 1);
	tek("GETVPN", 0x1002, 2);
	assert_int_equal(out(from_80), CLEAR); /* local deny */
	assert_int_equal(in(to_80), CLEAR);    /* its other way */
	assert_int_equal(in(from_80), DROP_NOT_IPSEC);
	assert_int_equal(out(to_80), ESP);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_HDR), 0x1002);
	assert_int_equal(out(echo), ESP);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_HDR), 0x1001);
	assert_int_equal(out(UDP_MK), CLEAR); /* SA 1 denies before SA 2 */
	assert_int_equal(in(UDP_MK), CLEAR);
	/* deny means the next entry of the map */
	add_second();
	policy("SECOND", SA_DIR_BOTH, false, &next, 1);
	tek("SECOND", 0x2001, 1);
	assert_int_equal(out(UDP_MK), ESP);
	assert_int_equal(get32(rig_ip(r, 0) + IPH_HDR), 0x2001);
	assert_int_equal(in(UDP_MK), DROP_NOT_IPSEC);
	assert_int_equal(out(from_80), CLEAR);
	end();
}

static void
test_key_traffic(void **state)
{
	struct ace a = mk_ace(ACE_DENY, PROTO_UDP, ANY, ANY);

	(void)state;
	begin(true);
	assert_int_equal(key_in(WAN_ADDR), CLEAR);
	assert_int_equal(key_in(MCAST), CLEAR);
	assert_int_equal(key_out(), CLEAR);
	/* not that of others, nor what only looks like it */
	assert_int_equal(key_in(LAN_HOST), DROP_FAIL_CLOSE);
	assert_int_equal(fate(WAN, (struct mk){ .src = FAR_HOST,
	    .dst = WAN_ADDR, .proto = PROTO_UDP, .sport = 848,
	    .dport = 53 }), DROP_FAIL_CLOSE);
	assert_int_equal(fate(PORT_LOCAL, (struct mk){ .src = WAN_ADDR,
	    .dst = FAR_HOST, .proto = PROTO_UDP, .sport = 53,
	    .dport = 848 }), DROP_FAIL_CLOSE);
	assert_int_equal(out((struct mk){ .proto = PROTO_UDP, .sport = 848,
	    .dport = 848 }), DROP_FAIL_CLOSE);
	/* permit ip any any: still neither encrypted nor refused */
	permit_all(SA_DIR_BOTH, false);
	tek("GETVPN", 0x1000, 1);
	assert_int_equal(key_in(WAN_ADDR), CLEAR);
	assert_int_equal(key_in(MCAST), CLEAR);
	assert_int_equal(key_out(), CLEAR);
	assert_int_equal(key_in(LAN_HOST), DROP_NOT_IPSEC);
	/* no client bypass-policy: what comes is judged like the rest, what
	 * goes out is never encrypted */
	no_bypass(0, "GETVPN");
	assert_int_equal(key_in(WAN_ADDR), DROP_NOT_IPSEC);
	assert_int_equal(key_out(), CLEAR);
	flush("GETVPN");
	assert_int_equal(key_in(WAN_ADDR), DROP_FAIL_CLOSE);
	assert_int_equal(key_out(), CLEAR);
	/* unless the list denies it */
	a.sport = a.dport = (struct ace_ports){ ACE_OP_EQ, 848, 0 };
	rig_acl(r, "848", &a, 1);
	str_copy(fc.acl, "848", CONF_NAME);
	rig_config(r);
	assert_int_equal(key_in(WAN_ADDR), CLEAR);
	/* another group of the map that has the exemption */
	str_copy(fc.acl, "FC", CONF_NAME);
	add_second();
	assert_int_equal(key_in(WAN_ADDR), CLEAR);
	no_bypass(1, "SECOND");
	assert_int_equal(key_in(WAN_ADDR), DROP_FAIL_CLOSE);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_two_groups),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_key_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
