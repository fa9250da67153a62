/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SAs between two routers: nothing leaves in clear without one, how long they
 * live, which of them is used, which entry of a map decides.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pairs.h"

/* One number for both ways: they are two SAs. */
static void
test_same_spi(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_tek in = tek_of(&p, p.a, SA_WAY_IN, 0x77, 1, rig_aes_sha1);
	struct sa_tek out = tek_of(&p, p.a, SA_WAY_OUT, 0x77, 1, rig_aes_sha1);
	struct sa_tek far = tek_of(&p, p.b, SA_WAY_OUT, 0x77, 1, rig_aes_sha1);

	(void)state;
	tek_add(p.a, &in);
	tek_add(p.a, &out);
	tek_add(p.b, &far);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP, .payload = 10 }), LAN);
	assert_int_equal(p.b->n_out, 1);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.a->n_out, 1);
	pair_del(p.a, 0x77, SA_WAY_OUT);
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
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	assert_string_equal(e->group, GROUP);
	assert_int_equal(e->sa_index, 1);
	assert_int_equal(e->src, A_HOST);
	assert_int_equal(e->dst, B_HOST);
	must_wait(&p, 2);
	p.a->now += 999;
	must_wait(&p, 3);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	p.a->now += 1;
	must_wait(&p, 4);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 2);
	/* an SA that ended, one that was taken away, all of them */
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	p.a->now += 3600001;
	rig_timeout(p.a);
	must_wait(&p, 5);
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	pair_del(p.a, 0x5001, SA_WAY_OUT);
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

/* ---- lives ---- */

static void
test_replay(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	uint8_t first[300];
	unsigned i;
	size_t n;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	n = p.a->out[0].len;
	memcpy(first, rig_ip(p.a, 0), n);
	carry(&p, 0);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 0);
	assert_int_equal(rig_drops(p.b, DROP_REPLAY), 1);
	/* another source: the window is that of the SA */
	put32(first + IPH_SRC, IP4(198, 51, 100, 77));
	ip_finish(first, IPH_HDR, (unsigned)n);
	rig_input(p.b, first, n, WAN);
	assert_int_equal(rig_drops(p.b, DROP_REPLAY), 2);
	/* late by less than the window, then by more */
	send_a(&p, mk_out(&p, 10, 0));
	memcpy(first, rig_ip(p.a, 0), n);
	for (i = 0; i < 63; i++)
		send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	rig_input(p.b, first, n, WAN);
	assert_int_equal(p.b->n_out, 1);
	send_a(&p, mk_out(&p, 10, 0));
	memcpy(first, rig_ip(p.a, 0), n);
	for (i = 0; i < 64; i++)
		send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	rig_input(p.b, first, n, WAN);
	assert_int_equal(p.b->n_out, 0);
	rig_timeout(p.b);
	assert_true(p.b->n_logs > 0);
	assert_int_equal(p.b->logs[0], LOG_PKT_REPLAY_ERR);
	pair_drop(&p);
}

static void
test_no_replay(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	p.replay = REPLAY_NONE;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	pair_drop(&p);
}

/* New SAs come, the old ones go: no packet is lost on the way. */
static void
test_rekey(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	uint8_t late[300];
	uint32_t spi, i;
	size_t n;

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	for (i = 1; i < 20; i++) {
		spi = 0x5000 + i * 2;
		send_a(&p, mk_out(&p, 10, 0));
		n = p.a->out[0].len;
		memcpy(late, rig_ip(p.a, 0), n);
		/* b has the new one before a sends with it */
		pair_add(&p, p.b, SA_WAY_IN, spi + 1, 1,
		    pair_transforms[i % PAIR_TRANSFORMS]);
		send_a(&p, mk_out(&p, 10, 0));
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		pair_add(&p, p.a, SA_WAY_OUT, spi + 1, 1,
		    pair_transforms[i % PAIR_TRANSFORMS]);
		send_a(&p, mk_out(&p, 10, 0));
		assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), spi + 1);
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
		rig_input(p.b, late, n, WAN);
		assert_int_equal(p.b->n_out, 1);
		pair_del(p.a, spi - 1, SA_WAY_OUT);
		pair_del(p.b, spi - 1, SA_WAY_IN);
		send_a(&p, mk_out(&p, 10, 0));
		carry(&p, 0);
		assert_int_equal(p.b->n_out, 1);
	}
	assert_int_equal(rig_all_drops(p.a), 0);
	assert_int_equal(rig_all_drops(p.b), 0);
	pair_drop(&p);
}

/* ike has died: what it left is sent with until the next one has another, for
 * which it is asked. */
static void
test_dead_ike(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_change doubt = { .type = SA_DOUBT };

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 0);
	fwd_sa(p.a->f, &doubt);
	send_a(&p, mk_out(&p, 10, 0));
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	pair_sas(&p, 0x6000, 1, rig_aes_sha1);
	p.a->now += 5000;
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x6001);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	/* one that ike says again is its own */
	fwd_sa(p.a->f, &doubt);
	pair_sas(&p, 0x6000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	assert_int_equal(p.a->n_out, 1);
	pair_drop(&p);
}

/* The numbers of an SA end: it sends no more, the one before does. */
static void
test_numbers_end(void **state)
{
	struct esp_transform gcm = { ESP_AES_GCM, ESP_AUTH_NONE, 128 };
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	p.replay = REPLAY_NONE; /* the number is the IV: it never begins anew */
	pair_sas(&p, 0x5000, 1, gcm);
	group_find(p.a->f, GROUP)->sas->next->seq = UINT32_MAX - 1;
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_int_equal(get32(rig_ip(p.a, 0) + 24), UINT32_MAX);
	assert_int_equal(get32(rig_ip(p.a, 0) + 28), 0);
	assert_int_equal(get32(rig_ip(p.a, 0) + 32), UINT32_MAX);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_SEQUENCE), 1);
	rig_timeout(p.a);
	assert_int_equal(p.a->events[0].type, SA_EVENT_EXHAUSTED);
	assert_int_equal(p.a->events[0].spi, 0x5001);
	must_wait(&p, 1);
	pair_drop(&p);
}

/* The same SA comes again with its key: its IVs do not. */
static void
test_iv_once(void **state)
{
	struct esp_transform gcm = { ESP_AES_GCM, ESP_AUTH_NONE, 128 };
	struct pair p = pair_of(SA_TUNNEL, false);
	uint32_t last;

	(void)state;
	pair_sas(&p, 0x5000, 1, gcm);
	send_a(&p, mk_out(&p, 10, 0));
	send_a(&p, mk_out(&p, 10, 0));
	last = get32(rig_ip(p.a, 0) + 32);
	assert_int_equal(last, 2);
	pair_del(p.a, 0x5001, SA_WAY_OUT);
	pair_sas(&p, 0x5000, 1, gcm);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_true(get32(rig_ip(p.a, 0) + 32) > last);
	assert_int_equal(get32(rig_ip(p.a, 0) + 32),
	    get32(rig_ip(p.a, 0) + 24));
	pair_drop(&p);
}

/* Neither way is used: said each time that so long passes. */
static void
test_idle(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	uint64_t start = p.a->now;

	(void)state;
	p.idle_ms = 60000;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	assert_true(fwd_timeout(p.a->f) <= start + 60000);
	p.a->now += 59999;
	send_a(&p, mk_out(&p, 10, 0));
	p.a->now += 1;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 0);
	assert_true(fwd_timeout(p.a->f) <= start + 119999);
	/* what comes in counts as well */
	p.a->now += 59000;
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP }), LAN);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.a->n_out, 1);
	p.a->now += 59999;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 0);
	p.a->now += 1;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 1);
	assert_string_equal(p.a->events[0].group, GROUP);
	p.a->now += 59999;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 1);
	p.a->now += 1;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 2);
	/* only one way is left of it */
	pair_del(p.a, 0x5000, SA_WAY_IN);
	p.a->now += 60000;
	assert_int_equal(heard(p.a, SA_EVENT_IDLE, 0x5001), 3);
	pair_drop(&p);
}

/* ---- which entry ---- */

/* gdoi 5, ipsec-isakmp 10 with a deny, gdoi 20: in their order. */
static void
test_next_entry(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct crypto_map gdoi = { .seq = 20, .kind = MAP_GDOI };
	struct ace deny = mk_ace(ACE_DENY, PROTO_TCP, A_NET, 255, B_NET, 255);
	struct ace any = ace_any(ACE_PERMIT);

	(void)state;
	str_copy(gdoi.name, "CM", CONF_NAME);
	str_copy(gdoi.group, "GETVPN", CONF_NAME);
	p.a->map.obj.next = &gdoi.obj;
	p.a->entries[1].ace = p.a->entries[0].ace;
	p.a->entries[0].ace = deny;
	p.a->entries[0].obj.next = &p.a->entries[1].obj;
	p.a->acls[0].entries.n = 2;
	rig_config(p.a);
	rig_policy(p.a, SA_DIR_BOTH, &any, 1);
	rig_tek(p.a, 0x1000, 0, rig_aes_sha1, 3600000);
	pair_sas(&p, 0x5000, 2, rig_aes_sha1);
	/* UDP: between the routers */
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x5001);
	/* TCP of the same sites: of the group, with its own addresses */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_TCP }), LAN);
	assert_int_equal(p.a->n_out, 1);
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x1000);
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_DST), B_HOST);
	/* and nothing of it without its key, though the other has one */
	p.a->now += 3600001;
	rig_timeout(p.a);
	pair_sas(&p, 0x6000, 2, rig_aes_sha1);
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_TCP }), LAN);
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(rig_drops(p.a, DROP_NO_SA), 1);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 0);
	pair_drop(&p);
}

/* The list gets an entry in front: ike says the number of its SA anew. */
static void
test_renumbered(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);

	(void)state;
	pair_sas(&p, 0x5000, 1, rig_aes_sha1);
	p.a->entries[1].ace = p.a->entries[0].ace;
	p.a->entries[1].seq = 20;
	p.a->entries[0].ace.proto = PROTO_TCP;
	p.a->entries[0].obj.next = &p.a->entries[1].obj;
	p.a->acls[0].entries.n = 2;
	rig_config(p.a);
	pair_sas(&p, 0x5000, 2, rig_aes_sha1);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x5001);
	/* the new one has none */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = B_HOST, .proto = PROTO_TCP }), LAN);
	assert_int_equal(p.a->n_out, 0);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0), 1);
	assert_int_equal(p.a->events[0].sa_index, 1);
	/* the entry goes out of the map: clear, whatever SAs there are */
	p.a->map.kind = MAP_GDOI;
	str_copy(p.a->map.group, "OTHER", CONF_NAME);
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	pair_drop(&p);
}

/* An entry for a dynamic map: what ike says; the map's list waits. */
static void
test_dynamic(void **state)
{
	struct pair p = pair_of(SA_TUNNEL, false);
	struct crypto_map dyn = { .seq = 1, .kind = MAP_ISAKMP };
	struct ace net = mk_ace(ACE_PERMIT, 0, A_NET, 255, B_NET, 255);
	struct sa_change c = { .type = SA_POLICY };

	(void)state;
	str_copy(p.a->map.dynamic, "DM", CONF_NAME);
	p.a->map.acl[0] = '\0';
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	str_copy(dyn.name, "DM", CONF_NAME);
	str_copy(dyn.acl, "VPN", CONF_NAME);
	p.a->conf.dynamic_maps = (struct cf_list){ &dyn.obj, &dyn.obj, 1 };
	rig_config(p.a);
	must_wait(&p, 1);
	assert_int_equal(heard(p.a, SA_EVENT_ACQUIRE, 0),
	    0); /* the peer begins */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP }), WAN);
	assert_int_equal(rig_drops(p.a, DROP_NOT_IPSEC), 1);
	str_copy(c.policy.group, GROUP, sizeof(c.policy.group));
	c.policy.n = 1;
	c.policy.aces = &net;
	c.policy.sa_of = (const uint16_t[]){ 7 };
	c.policy.local = (const uint8_t[]){ 0 };
	fwd_sa(p.a->f, &c);
	pair_add(&p, p.a, SA_WAY_OUT, 0x5001, 7, rig_aes_sha1);
	pair_add(&p, p.b, SA_WAY_IN, 0x5001, 1, rig_aes_sha1);
	pair_add(&p, p.a, SA_WAY_IN, 0x5000, 7, rig_aes_sha1);
	pair_add(&p, p.b, SA_WAY_OUT, 0x5000, 1, rig_aes_sha1);
	send_a(&p, mk_out(&p, 50, 0));
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP }), LAN);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.a->n_out, 1);
	/* the peer is gone: back to waiting */
	c.type = SA_FLUSH;
	str_copy(c.del.group, GROUP, sizeof(c.del.group));
	fwd_sa(p.a->f, &c);
	must_wait(&p, 2);
	p.a->conf.dynamic_maps = (struct cf_list){ 0 };
	rig_config(p.a);
	send_a(&p, mk_out(&p, 10, 0));
	assert_false(p.a->out[0].encrypted);
	pair_drop(&p);
}

static void
say(const struct pair *p, const struct ace *ace, uint16_t sa_index)
{
	struct sa_change c = { .type = SA_POLICY };

	str_copy(c.policy.group, GROUP, sizeof(c.policy.group));
	c.policy.n = 1;
	c.policy.aces = ace;
	c.policy.sa_of = &sa_index;
	c.policy.local = (const uint8_t[]){ 0 };
	fwd_sa(p->a->f, &c);
}

/* An ike that was started anew hears of one peer, and says what that one has:
 * another one that has not come yet keeps its own until its SAs end. */
static void
test_dynamic_dead_ike(void **state)
{
	struct ace net = mk_ace(ACE_PERMIT, 0, A_NET, 255, B_NET, 255);
	struct ace other = mk_ace(ACE_PERMIT, 0, A_NET, 255,
	    IP4(10, 9, 9, 0), 255);
	struct pair p = pair_of(SA_TUNNEL, false);
	struct sa_change doubt = { .type = SA_DOUBT };

	(void)state;
	str_copy(p.a->map.dynamic, "DM", CONF_NAME);
	p.a->map.acl[0] = '\0';
	rig_config(p.a);
	say(&p, &net, 7);
	pair_add(&p, p.a, SA_WAY_OUT, 0x5001, 7, rig_aes_sha1);
	pair_add(&p, p.b, SA_WAY_IN, 0x5001, 1, rig_aes_sha1);
	pair_add(&p, p.a, SA_WAY_IN, 0x5000, 7, rig_aes_sha1);
	pair_add(&p, p.b, SA_WAY_OUT, 0x5000, 1, rig_aes_sha1);
	fwd_sa(p.a->f, &doubt);
	say(&p, &other, 9);
	send_a(&p, mk_out(&p, 50, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_true(p.a->out[0].encrypted);
	carry(&p, 0);
	assert_int_equal(p.b->n_out, 1);
	rig_input(p.b, buf, mk_packet(buf, &(struct mk){ .src = B_HOST,
	    .dst = A_HOST, .proto = PROTO_UDP }), LAN);
	memcpy(buf, rig_ip(p.b, 0), p.b->out[0].len);
	rig_input(p.a, buf, p.b->out[0].len, WAN);
	assert_int_equal(p.a->n_out, 1);
	/* it comes again, under another number, and has no SAs yet */
	say(&p, &net, 11);
	send_a(&p, mk_out(&p, 50, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_true(p.a->out[0].encrypted);
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x5001);
	pair_add(&p, p.a, SA_WAY_OUT, 0x5003, 11, rig_aes_sha1);
	send_a(&p, mk_out(&p, 50, 0));
	assert_int_equal(get32(rig_ip(p.a, 0) + IPH_HDR), 0x5003);
	pair_del(p.a, 0x5003, SA_WAY_OUT);
	say(&p, &other, 9);
	/* it has come: what it had before is its own again, once */
	pair_del(p.a, 0x5000, SA_WAY_IN);
	pair_del(p.a, 0x5001, SA_WAY_OUT);
	send_a(&p, mk_out(&p, 50, 0));
	assert_int_equal(p.a->n_out, 1);
	assert_false(p.a->out[0].encrypted);
	/* what the new one said is there all the time */
	rig_input(p.a, buf, mk_packet(buf, &(struct mk){ .src = A_HOST,
	    .dst = IP4(10, 9, 9, 9), .proto = PROTO_UDP }), LAN);
	assert_int_equal(p.a->n_out, 0);
	pair_drop(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_spi),
		cmocka_unit_test(test_no_sa),
		cmocka_unit_test(test_no_list),
		cmocka_unit_test(test_clear_in),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_no_replay),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_dead_ike),
		cmocka_unit_test(test_numbers_end),
		cmocka_unit_test(test_iv_once),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_next_entry),
		cmocka_unit_test(test_renumbered),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_dynamic_dead_ike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
