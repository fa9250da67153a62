/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ike tells fwd: messages there and back, cut at every octet and with
 * wrong values; sizes, names and the plaintext MTU of the transforms; ports
 * and routes as fields.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/port.h"
#include "base/sa.h"

static uint8_t buf[SA_MSG_MAX];

static void
test_transforms(void **state)
{
	static const struct {
		struct esp_transform t;
		size_t key, auth, iv, icv, block;
		unsigned mtu, tbar;
		const char *name;
	} rows[] = {
		{ { ESP_AES_CBC, ESP_AUTH_SHA1, 128 }, 16, 20, 16, 12, 16,
		    1438, 1422, "esp-aes esp-sha-hmac" },
		{ { ESP_AES_CBC, ESP_AUTH_SHA256, 256 }, 32, 32, 16, 16, 16,
		    1438, 1422, "esp-256-aes esp-sha256-hmac" },
		{ { ESP_AES_CBC, ESP_AUTH_SHA512, 192 }, 24, 64, 16, 32, 16,
		    1422, 1406, "esp-192-aes esp-sha512-hmac" },
		{ { ESP_3DES, ESP_AUTH_SHA1, 192 }, 24, 20, 8, 12, 8,
		    1446, 1438, "esp-3des esp-sha-hmac" },
		{ { ESP_DES, ESP_AUTH_MD5, 64 }, 8, 16, 8, 12, 8,
		    1446, 1438, "esp-des esp-md5-hmac" },
		{ { ESP_AES_GCM, ESP_AUTH_NONE, 128 }, 16, 0, 8, 16, 4,
		    1446, 1434, "esp-gcm" },
		{ { ESP_GMAC, ESP_AUTH_NONE, 256 }, 32, 0, 8, 16, 4,
		    1446, 1434, "esp-gmac 256" },
		{ { ESP_NULL, ESP_AUTH_SHA384, 0 }, 0, 48, 0, 24, 4,
		    1446, 1434, "esp-null esp-sha384-hmac" },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(esp_key_len(&rows[i].t), rows[i].key);
		assert_int_equal(esp_auth_key_len(&rows[i].t), rows[i].auth);
		assert_int_equal(esp_iv_len(&rows[i].t), rows[i].iv);
		assert_int_equal(esp_icv_len(&rows[i].t), rows[i].icv);
		assert_int_equal(esp_block_len(&rows[i].t), rows[i].block);
		assert_int_equal(esp_plaintext_mtu(&rows[i].t, 1500, 0),
		    rows[i].mtu);
		assert_int_equal(esp_plaintext_mtu(&rows[i].t, 1500, 12),
		    rows[i].tbar);
		assert_int_equal(esp_plaintext_mtu(&rows[i].t, 20, 0), 0);
		assert_string_equal(esp_transform_str(&rows[i].t, text),
		    rows[i].name);
	}
}

static struct sa_change
tek(void)
{
	struct sa_change c = { .type = SA_ADD };

	str_copy(c.tek.group, "GETVPN", SA_NAME_MAX);
	c.tek.spi = 0x12345678;
	c.tek.sa_index = 3;
	c.tek.transform = (struct esp_transform){ ESP_AES_CBC, ESP_AUTH_SHA1,
		128 };
	c.tek.replay = REPLAY_COUNTER;
	c.tek.window = 1024;
	c.tek.life_ms = 3600000;
	c.tek.salt = 0xdeadbeef;
	c.tek.sid = 77;
	c.tek.sid_bits = 24;
	c.tek.pseudotime = -INT64_C(0x123456789a);
	key_set(&c.tek.key, "0123456789abcdef", 16);
	key_set(&c.tek.auth_key, "0123456789abcdef0123", 20);
	return c;
}

static bool
get(size_t len, struct sa_change *c, struct arena *mem)
{
	struct rd r = rd_of(buf, len);

	return sa_get(&r, c, mem);
}

static void
test_tek(void **state)
{
	struct sa_change c = tek(), d;
	struct arena *mem = arena_new();
	struct wr w = wr_of(buf, sizeof(buf));
	size_t len, i;

	(void)state;
	assert_true(sa_put(&w, &c));
	len = wr_len(&w);
	assert_true(get(len, &d, mem));
	assert_string_equal(d.tek.group, "GETVPN");
	assert_int_equal(d.tek.spi, c.tek.spi);
	assert_int_equal(d.tek.sa_index, 3);
	assert_int_equal(d.tek.window, 1024);
	assert_int_equal(d.tek.life_ms, 3600000);
	assert_int_equal(d.tek.salt, 0xdeadbeef);
	assert_int_equal(d.tek.sid, 77);
	assert_int_equal(d.tek.sid_bits, 24);
	assert_true(d.tek.pseudotime == -INT64_C(0x123456789a));
	assert_int_equal(d.tek.key.len, 16);
	assert_memory_equal(d.tek.auth_key.data, c.tek.auth_key.data, 20);
	for (i = 0; i < len; i++)
		assert_false(get(i, &d, mem));
	assert_false(get(len + 1, &d, mem));
	/* a key that does not fit its transform */
	c.tek.key.len = 15;
	w = wr_of(buf, sizeof(buf));
	assert_true(sa_put(&w, &c));
	assert_false(get(wr_len(&w), &d, mem));
	arena_free(mem);
}

static void
test_event(void **state)
{
	struct sa_event e = { .type = SA_EVENT_ACQUIRE, .group = "GETVPN",
		.spi = 7, .src = 8, .dst = 9, .sa_index = 10,
		.use = { { 1, 2 }, { 3, 4 }, { 5, UINT64_MAX } } }, d;
	struct wr w = wr_of(buf, sizeof(buf));
	struct rd r;
	size_t len, i;

	(void)state;
	assert_true(sa_event_put(&w, &e));
	len = wr_len(&w);
	for (i = 0; i <= len + 1; i++) {
		r = rd_of(buf, i);
		assert_int_equal(sa_event_get(&r, &d), i == len);
	}
	assert_string_equal(d.group, "GETVPN");
	assert_int_equal(d.spi, 7);
	assert_int_equal(d.sa_index, 10);
	assert_int_equal(d.use.packets[0], 0); /* only USE has it */
	e.type = SA_EVENT_USE;
	w = wr_of(buf, sizeof(buf));
	assert_true(sa_event_put(&w, &e));
	len = wr_len(&w);
	for (i = 0; i <= len + 1; i++) {
		r = rd_of(buf, i);
		assert_int_equal(sa_event_get(&r, &d), i == len);
	}
	assert_memory_equal(&d.use, &e.use, sizeof(e.use));
	buf[0] = SA_EVENT_COUNT;
	r = rd_of(buf, len);
	assert_false(sa_event_get(&r, &d));
}

static void
test_bad_values(void **state)
{
	/* change of a good TEK message that must be refused */
	struct arena *mem = arena_new();
	struct sa_change d;
	unsigned i;

	(void)state;
	for (i = 0; i < 9; i++) {
		struct sa_change c = tek();
		struct wr w = wr_of(buf, sizeof(buf));

		switch (i) {
		case 0: c.tek.transform.cipher = 6; break;
		case 1: c.tek.transform.auth = 6; break;
		case 2: c.tek.replay = 3; break;
		case 3: c.tek.sid_bits = 33; break;
		case 4: c.tek.auth_key.len = 0; break;
		case 5: c.tek.transform.key_bits = 0; break;
		case 6: c.tek.mode = 3; break;
		case 7: c.tek.way = 3; break;
		case 8: c.tek.way = SA_WAY_IN; break; /* of a group */
		}
		assert_true(sa_put(&w, &c));
		assert_false(get(wr_len(&w), &d, mem));
	}
	memset(buf, 0xff, 100);
	assert_false(get(100, &d, mem));
	arena_free(mem);
}

static void
test_policy(void **state)
{
	static struct ace aces[SA_POLICY_MAX];
	static uint16_t sa_of[SA_POLICY_MAX];
	static uint8_t local[SA_POLICY_MAX];
	struct sa_change c = { .type = SA_POLICY }, d;
	struct arena *mem = arena_new();
	struct wr w = wr_of(buf, sizeof(buf));
	size_t len, i;

	(void)state;
	str_copy(c.policy.group, "G", SA_NAME_MAX);
	c.policy.direction = SA_DIR_INBOUND_OPTIONAL;
	c.policy.n = SA_POLICY_MAX;
	c.policy.aces = aces;
	c.policy.sa_of = sa_of;
	c.policy.local = local;
	for (i = 0; i < SA_POLICY_MAX; i++) {
		aces[i] = ace_any(i % 2 ? ACE_PERMIT : ACE_DENY);
		aces[i].src = (uint32_t)i;
		aces[i].src_wild = 0;
		sa_of[i] = (uint16_t)(i / 10);
		local[i] = i < 5;
	}
	assert_true(sa_put(&w, &c)); /* the largest one fits */
	len = wr_len(&w);
	assert_true(get(len, &d, mem));
	assert_int_equal(d.policy.n, SA_POLICY_MAX);
	assert_int_equal(d.policy.aces[999].src, 999);
	assert_int_equal(d.policy.sa_of[999], 99);
	assert_int_equal(d.policy.local[4], 1);
	assert_int_equal(d.policy.local[5], 0);
	assert_int_equal(d.policy.direction, SA_DIR_INBOUND_OPTIONAL);
	for (i = 0; i < len; i += 7)
		assert_false(get(i, &d, mem));
	c.policy.n = 0;
	w = wr_of(buf, sizeof(buf));
	assert_true(sa_put(&w, &c));
	assert_true(get(wr_len(&w), &d, mem));
	arena_free(mem);
}

static void
test_del(void **state)
{
	struct sa_change c = { .type = SA_DEL }, d;
	struct arena *mem = arena_new();
	struct wr w = wr_of(buf, sizeof(buf));

	(void)state;
	str_copy(c.del.group, "G", SA_NAME_MAX);
	c.del.spi = 9;
	c.del.way = SA_WAY_OUT;
	assert_true(sa_put(&w, &c));
	assert_true(get(wr_len(&w), &d, mem));
	assert_int_equal(d.type, SA_DEL);
	assert_int_equal(d.del.spi, 9);
	assert_int_equal(d.del.way, SA_WAY_OUT);
	w = wr_of(buf, sizeof(buf));
	c.type = SA_DOUBT;
	assert_true(sa_put(&w, &c));
	assert_true(get(wr_len(&w), &d, mem));
	assert_int_equal(d.type, SA_DOUBT);
	arena_free(mem);
}

static void
test_port(void **state)
{
	struct port p = { .index = 3, .name = "FastEthernet0/0",
		.dev = "eth1", .ifindex = 7, .addr = 1, .mask = 2,
		.mtu = 1500, .up = true }, q;
	struct route rt = { 0x0a000000, 8, 5, 3 }, rq;
	struct wr w = wr_of(buf, sizeof(buf));
	struct rd r;
	size_t len, i;

	(void)state;
	port_put(&w, &p);
	route_put(&w, &rt);
	assert_true(wr_ok(&w));
	len = wr_len(&w);
	r = rd_of(buf, len);
	port_get(&r, &q);
	route_get(&r, &rq);
	assert_true(rd_end(&r));
	assert_int_equal(q.index, p.index);
	assert_string_equal(q.name, p.name);
	assert_string_equal(q.dev, p.dev);
	assert_int_equal(q.ifindex, p.ifindex);
	assert_int_equal(q.addr, p.addr);
	assert_int_equal(q.mask, p.mask);
	assert_int_equal(q.mtu, p.mtu);
	assert_int_equal(q.up, p.up);
	assert_int_equal(q.loopback, p.loopback);
	assert_int_equal(rq.prefix, rt.prefix);
	assert_int_equal(rq.len, rt.len);
	assert_int_equal(rq.nexthop, rt.nexthop);
	assert_int_equal(rq.port, rt.port);
	for (i = 0; i < len; i++) {
		r = rd_of(buf, i);
		port_get(&r, &q);
		route_get(&r, &rq);
		assert_false(rd_ok(&r));
	}
	rt.len = 33;
	w = wr_of(buf, sizeof(buf));
	route_put(&w, &rt);
	r = rd_of(buf, wr_len(&w));
	route_get(&r, &rq);
	assert_false(rd_ok(&r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transforms),
		cmocka_unit_test(test_tek),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_del),
		cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
