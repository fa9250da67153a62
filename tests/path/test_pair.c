/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers: both of them in this process, back to back.
 *
 *	10.1.1.0/24 --- a 192.0.2.1 --- 192.0.2.2 b --- 10.2.2.0/24
 *
 * What each end makes is opened by the other, in every mode, with every
 * transform; nothing leaves in clear, nothing false comes in.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rig.h"

#define A_WAN WAN_ADDR
#define B_WAN IP4(192, 0, 2, 2)
#define B_LAN IP4(10, 2, 2, 1)
#define A_NET IP4(10, 1, 1, 0)
#define B_NET IP4(10, 2, 2, 0)
#define A_HOST LAN_HOST
#define B_HOST FAR_HOST
#define GROUP "map CM 10"

static uint8_t buf[70000];

static const struct esp_transform transforms[] = {
	{ ESP_NULL, ESP_AUTH_SHA1, 0 },
	{ ESP_DES, ESP_AUTH_MD5, 0 },
	{ ESP_3DES, ESP_AUTH_SHA1, 0 },
	{ ESP_AES_CBC, ESP_AUTH_SHA1, 128 },
	{ ESP_AES_CBC, ESP_AUTH_SHA256, 192 },
	{ ESP_AES_CBC, ESP_AUTH_SHA384, 256 },
	{ ESP_AES_CBC, ESP_AUTH_SHA512, 256 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 256 },
	{ ESP_GMAC, ESP_AUTH_NONE, 192 },
};

/* What two routers have between them. */
struct pair {
	struct rig *a, *b;
	uint8_t mode;
	bool udp;
	uint64_t kilobytes;
	uint8_t replay;
};

/* ---- two routers ---- */

static struct rig *
router(uint32_t lan, uint32_t wan, uint32_t far_net)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct port p = { .mask = 0xffffff00, .mtu = 1500, .up = true };
	const struct route routes[] = {
		{ lan & 0xffffff00, 24, 0, LAN },
		{ wan & 0xffffff00, 24, 0, WAN },
		{ far_net, 24, wan & 0xffffff00, WAN },
		{ 0, 0, IP4(192, 0, 2, 254), WAN },
	};

	rig_start(r);
	p.index = LAN;
	p.addr = lan;
	str_copy(p.name, r->ifs[0].name, sizeof(p.name));
	fwd_port(r->f, &p);
	p.index = WAN;
	p.addr = wan;
	str_copy(p.name, r->ifs[1].name, sizeof(p.name));
	fwd_port(r->f, &p);
	fwd_routes(r->f, routes, NELEM(routes));
	return r;
}

/* The entry 10 of the map: everything between the sites, or in transport
 * mode between the routers. */
static void
protect(struct rig *r, uint32_t near, uint32_t far, uint32_t wild)
{
	struct ace a = mk_ace(ACE_PERMIT, 0, near, wild, far, wild);

	rig_acl(r, "VPN", &a, 1);
	r->map.kind = MAP_ISAKMP;
	r->map.group[0] = '\0';
	str_copy(r->map.acl, "VPN", CONF_NAME);
	rig_config(r);
}

static struct pair
pair_of(uint8_t mode, bool udp)
{
	struct pair p = { .mode = mode, .udp = udp,
		.replay = REPLAY_COUNTER };

	p.a = router(LAN_ADDR, A_WAN, B_NET);
	p.b = router(B_LAN, B_WAN, A_NET);
	if (mode == SA_TUNNEL) {
		protect(p.a, A_NET, B_NET, 255);
		protect(p.b, B_NET, A_NET, 255);
	} else {
		protect(p.a, A_WAN, B_WAN, 0);
		protect(p.b, B_WAN, A_WAN, 0);
	}
	return p;
}

static void
pair_drop(struct pair *p)
{
	rig_end(p->a);
	rig_end(p->b);
	free(p->a);
	free(p->b);
}

static struct sa_tek
tek_of(const struct pair *p, struct rig *r, uint8_t way, uint32_t spi,
    uint16_t sa_index, struct esp_transform t)
{
	struct sa_tek tek = rig_tek_of(spi, sa_index, t, 3600000);

	str_copy(tek.group, GROUP, sizeof(tek.group));
	tek.sid_bits = 0;
	tek.mode = p->mode;
	tek.way = way;
	tek.replay = p->replay;
	tek.life_kb = p->kilobytes;
	tek.local = r == p->a ? A_WAN : B_WAN;
	tek.remote = r == p->a ? B_WAN : A_WAN;
	tek.encap_local = tek.encap_remote = p->udp ? 4500 : 0;
	return tek;
}

static void
add(struct rig *r, const struct sa_tek *tek)
{
	struct sa_change c = { .type = SA_ADD, .tek = *tek };

	fwd_sa(r->f, &c);
}

static void
del(struct rig *r, uint32_t spi, uint8_t way)
{
	struct sa_change c = { .type = SA_DEL };

	str_copy(c.del.group, GROUP, sizeof(c.del.group));
	c.del.spi = spi;
	c.del.way = way;
	fwd_sa(r->f, &c);
}

/* spi: of what a receives and b sends; the other way has the next one. */
static void
pair_sas(const struct pair *p, uint32_t spi, uint16_t sa_index,
    struct esp_transform t)
{
	struct sa_tek tek[4] = {
		tek_of(p, p->a, SA_WAY_IN, spi, sa_index, t),
		tek_of(p, p->b, SA_WAY_OUT, spi, sa_index, t),
		tek_of(p, p->b, SA_WAY_IN, spi + 1, sa_index, t),
		tek_of(p, p->a, SA_WAY_OUT, spi + 1, sa_index, t),
	};
	unsigned i;

	for (i = 0; i < 4; i++) {
		tek[i].other_spi = tek[i ^ 3].spi;
		add(i == 0 || i == 3 ? p->a : p->b, &tek[i]);
	}
}

static size_t
mk_out(const struct pair *p, unsigned payload, uint16_t frag)
{
	bool sites = p->mode == SA_TUNNEL;

	return mk_packet(buf, &(struct mk){ .src = sites ? A_HOST : A_WAN,
	    .dst = sites ? B_HOST : B_WAN, .proto = PROTO_UDP, .tos = 0xb8,
	    .id = 77, .frag = frag, .sport = 5, .dport = 6,
	    .payload = payload });
}

/* a sends; from its LAN, or of its own. */
static void
send_a(const struct pair *p, size_t len)
{
	rig_input(p->a, buf, len, p->mode == SA_TUNNEL ? LAN : PORT_LOCAL);
}

/* What a has sent arrives at b. */
static void
carry(const struct pair *p, unsigned i)
{
	uint8_t *copy = malloc(p->a->out[i].len);

	memcpy(copy, rig_ip(p->a, i), p->a->out[i].len);
	rig_input(p->b, copy, p->a->out[i].len, WAN);
	free(copy);
}

/* ---- what crosses ---- */

static void
check_outer(const struct pair *p, const uint8_t *ip, unsigned len)
{
	const uint8_t *up = ip + IPH_HDR;

	assert_true(ip_ok(ip));
	assert_int_equal(get16(ip + IPH_LEN), len);
	assert_int_equal(get32(ip + IPH_SRC), A_WAN);
	assert_int_equal(get32(ip + IPH_DST), B_WAN);
	assert_int_equal(ip[IPH_TOS], 0xb8);
	assert_int_equal(ip[IPH_TTL], p->mode == SA_TUNNEL ? 255 : 64);
	assert_int_equal(ip[IPH_PROTO], p->udp ? PROTO_UDP : PROTO_ESP);
	assert_int_equal(get16(ip + IPH_FRAG), IPH_DF);
	if (p->udp) {
		assert_int_equal(get16(up), 4500);
		assert_int_equal(get16(up + 2), 4500);
		assert_int_equal(get16(up + 4), len - IPH_HDR);
		assert_int_equal(get16(up + 6), 0);
		up += UDP_HDR;
	}
	assert_int_equal(get32(up), 0x5001);
	assert_int_equal(get32(up + 4), 1);
}

static void
cross(const struct pair *p, unsigned payload)
{
	size_t len = mk_out(p, payload, IPH_DF);

	send_a(p, len);
	assert_int_equal(p->a->n_out, 1);
	assert_true(p->a->out[0].encrypted);
	assert_int_equal(p->a->out[0].out_port, WAN);
	check_outer(p, rig_ip(p->a, 0), p->a->out[0].len);
	carry(p, 0);
	assert_int_equal(p->b->n_out, 1);
	assert_int_equal(p->b->out[0].len, len);
	assert_true(ip_ok(rig_ip(p->b, 0)));
	if (p->mode == SA_TUNNEL) {
		/* each router takes one off, the way between none */
		assert_int_equal(p->b->out[0].out_port, LAN);
		assert_int_equal(rig_ip(p->b, 0)[IPH_TTL], 62);
		ip_set_ttl(buf, 62);
	} else {
		assert_int_equal(p->b->out[0].out_port, PORT_LOCAL);
	}
	assert_memory_equal(rig_ip(p->b, 0), buf, len);
}

static void
test_modes(void **state)
{
	static const unsigned sizes[] = { 0, 1, 2, 3, 5, 9, 13, 17, 100, 1300 };
	static const uint8_t modes[] = { SA_TUNNEL, SA_TRANSPORT };
	size_t i, j, k;

	(void)state;
	for (i = 0; i < NELEM(transforms) * 4; i++) {
		for (j = 0; j < NELEM(sizes); j++) {
			struct pair p = pair_of(modes[i & 1], (i & 2) != 0);

			k = i / 4;
			pair_sas(&p, 0x5000, 1, transforms[k]);
			cross(&p, sizes[j]);
			pair_drop(&p);
		}
	}
}

/* One number for both ways: they are two SAs. */
static void
test_same_spi(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_tek in = tek_of(&p, p.a, SA_WAY_IN, 0x77, 1, rig_aes_sha1);
	struct sa_tek out = tek_of(&p, p.a, SA_WAY_OUT, 0x77, 1, rig_aes_sha1);
	struct sa_tek far = tek_of(&p, p.b, SA_WAY_OUT, 0x77, 1, rig_aes_sha1);

	(void)state;
	add(p.a, &in);
	add(p.a, &out);
	add(p.b, &far);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP, .payload = 10 }), LAN);
	assert_int_equal(p.b->n_out, 1);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.a->n_out, 1);
	del(p.a, 0x77, SA_WAY_OUT);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_NO_SA), 1);
	/* the other way is still there: a replay, no unknown SPI */
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(rig_drops(p.a, DROP_REPLAY), 1);
	pair_drop(&p);
}

/* ---- never in clear ---- */

static unsigned
acquired(struct rig *r)
{
	unsigned i, n = 0;

	rig_timeout(r);
	for (i = 0; i < r->n_events; i++)
		n += r->events[i].type == SA_EVENT_ACQUIRE;
	return n;
}

static void
must_wait(const struct pair *p, uint64_t drops)
{
	send_a(p, mk_out(p, 10, 0));
	assert_int_equal(p->a->n_out, 0);
	assert_int_equal(rig_drops(p->a, DROP_NO_SA), drops);
}

static void
test_no_sa(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_change flush = { .type = SA_FLUSH };
	struct ace any = ace_any(ACE_DENY);
	struct sa_change lie = { .type = SA_POLICY };
	const struct sa_event *e = p.a->events;

	(void)state;
	/* before ike has said a word */
	must_wait(&p, 1);
	assert_int_equal(acquired(p.a), 1);
	assert_string_equal(e->group, GROUP);
	assert_int_equal(e->sa_index, 1);
	assert_int_equal(e->src, A_HOST);
	assert_int_equal(e->dst, B_HOST);
	must_wait(&p, 2);
	p.a->now += 999;
	must_wait(&p, 3);
	assert_int_equal(acquired(p.a), 1);
	p.a->now += 1;
	must_wait(&p, 4);
	assert_int_equal(acquired(p.a), 2);
	/* an SA that ended, one that was taken away, all of them */
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	p.a->now += 3600001;
	rig_timeout(p.a);
	must_wait(&p, 5);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	del(p.a, 0x5001, SA_WAY_OUT);
	must_wait(&p, 6);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	str_copy(flush.del.group, GROUP, sizeof(flush.del.group));
	fwd_sa(p.a->f, &flush);
	must_wait(&p, 7);
	/* ike has no say in what the configuration protects */
	str_copy(lie.policy.group, GROUP, sizeof(lie.policy.group));
	lie.policy.n = 1;
	lie.policy.aces = &any;
	lie.policy.sa_of = (const uint16_t[]){ 1 };
	lie.policy.local = (const uint8_t[]){ 0 };
	fwd_sa(p.a->f, &lie);
	must_wait(&p, 8);
	assert_int_equal(p.a->n_logs, 0);
	pair_drop(&p);
}

/* Without a list, or with an empty one, nothing is encrypted. */
static void
test_no_list(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	p.a->acls[0].entries.first = p.a->acls[0].entries.last = NULL;
	p.a->acls[0].entries.n = 0;
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	str_copy(p.b->map.acl, "MISSING", CONF_NAME);
	rig_config(p.b);
	rig_input(p.b, buf, mk_out(&p, 10, 0), WAN);
	assert_int_equal(p.b->n_out, 1);
	pair_drop(&p);
}

/* What should have come as ESP. */
static void
test_clear_in(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	rig_input(p.b, buf, mk_out(&p, 10, 0), WAN);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_NOT_IPSEC), 1);
	rig_timeout(p.b);
	assert_int_equal(p.b->n_logs, 1);
	assert_int_equal(p.b->logs[0], LOG_RECVD_NOT_IPSEC);
	/* from another site: not of the list */
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){
	    .src = IP4(10, 9, 9, 9), .dst = B_HOST, .proto = PROTO_UDP }), WAN);
	assert_int_equal(p.b->n_out, 1);
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_same_spi),
		cmocka_unit_test(test_no_sa),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_clear_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
