/* SPDX-License-Identifier: BSD-2-Clause
 *
 * No IV is used twice under a key: a key server and members, each with the
 * packet engine behind it, sender identifiers that are good for a few packets
 * only, and everything that can be restarted, cleared, lost and delayed. The
 * (key, IV) of every ESP packet that leaves is kept, and all differ.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/engine.h"
#include "dataplane/ip.h"
#include "net.h"

#define SEC 1000
#define GMS 4
#define LAN 2
#define WAN 1
#define SENT_MAX 400000

struct pair {
	uint8_t spi[4], iv[8];
};

static struct pair *sent;
static unsigned n_sent, n_read;
static struct fwd *fwds[GMS];
static struct conf fwd_conf;
static struct interface wan_if, lan_if;
static struct crypto_map map;
static bool muted; /* the process that would speak is dead */
static uint64_t limit;
static uint8_t packet[PKT_BUF_SIZE];

static unsigned
index_of(const struct node *n)
{
	return n->addr - GM_ADDR(0);
}

static uint32_t
net_of(const struct node *n)
{
	return IP(10, 100 + index_of(n), 0, 0);
}

/* ---- the packet process of a member ---- */

static void
io_tx(void *arg, const struct pkt *p)
{
	struct node *n = arg;
	const uint8_t *ip = p->buf + p->off;
	struct pair *s = &sent[n_sent];
	unsigned i;

	if (!p->encrypted) {
		n_read += p->decrypted;
		return;
	}
	assert_true(n_sent < SENT_MAX);
	put32(s->spi, get32(ip + IPH_HDR)); /* that says which key */
	memcpy(s->iv, ip + IPH_HDR + 8, 8);
	n_sent++;
	i = (index_of(n) + 1) % GMS;
	if (fwds[i] != NULL) { /* who it is for opens it */
		struct pkt in = { .buf = packet, .off = PKT_HEADROOM,
			.len = p->len, .in_port = WAN }, *one = &in;

		memcpy(packet + PKT_HEADROOM, ip, p->len);
		fwd_input(fwds[i], &one, 1);
	}
}

static uint64_t
io_now(void *arg)
{
	return ((struct node *)arg)->net->now;
}

static uint64_t
io_now_us(void *arg)
{
	return io_now(arg) * 1000;
}

static void
io_random(void *arg, void *data, size_t len)
{
	struct node *n = arg;
	uint8_t *p = data;

	while (len-- > 0)
		*p++ = (uint8_t)net_random(n->net);
}

static void
io_log(void *arg, enum log_id id, va_list ap)
{
	(void)arg;
	(void)id;
	(void)ap;
}

static void
io_event(void *arg, const struct sa_event *e)
{
	gdoi_sa_event(((struct node *)arg)->g, e);
}

static void
start_fwd(struct node *n)
{
	static const struct fwd_io io = { .tx = io_tx, .now = io_now,
		.now_us = io_now_us, .random = io_random, .log = io_log,
		.event = io_event };
	struct port wan = { .index = WAN, .name = "FastEthernet0/0",
		.dev = "eth1", .addr = n->addr, .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	struct port lan = { .index = LAN, .name = "FastEthernet0/1",
		.dev = "eth2", .addr = net_of(n) + 1, .mask = 0xffffff00,
		.mtu = 1500, .up = true };
	const struct route routes[] = {
		{ net_of(n), 24, 0, LAN },
		{ IP(10, 0, 0, 0), 8, IP(10, 9, 1, 254), WAN },
		{ IP(10, 9, 1, 0), 24, 0, WAN },
	};
	struct fwd **f = &fwds[index_of(n)];

	fwd_free(*f);
	*f = fwd_new(&io, n);
	fwd_set_iv_limit(*f, limit);
	fwd_config(*f, NULL, &fwd_conf);
	fwd_port(*f, &wan);
	fwd_port(*f, &lan);
	fwd_routes(*f, routes, NELEM(routes));
}

static void
hear(struct node *n, const struct sa_change *c)
{
	if (!muted && n->addr >= GM_ADDR(0) && fwds[index_of(n)] != NULL)
		fwd_sa(fwds[index_of(n)], c);
}

/* k packets of a host behind the member; its events reach ike. */
static void
send_some(struct node *n, unsigned k)
{
	uint8_t *buf = malloc(PKT_BUF_SIZE), *ip = buf + PKT_HEADROOM;
	struct fwd *f = fwds[index_of(n)];
	uint32_t peer = IP(10, 100 + (index_of(n) + 1) % GMS, 0, 0);

	while (k-- > 0) {
		struct pkt p = { .buf = buf, .off = PKT_HEADROOM, .len = 60,
			.in_port = LAN }, *one = &p;

		memset(ip, 0, 60);
		ip[0] = 0x45;
		ip[IPH_TTL] = 64;
		ip[IPH_PROTO] = 17;
		put32(ip + IPH_SRC, net_of(n) + 10);
		put32(ip + IPH_DST, peer + 10);
		ip_finish(ip, IPH_HDR, 60);
		fwd_input(f, &one, 1);
	}
	(void)!fwd_timeout(f);
	free(buf);
}

/* ---- the network ---- */

static void
setup(struct net *n, uint8_t cipher, unsigned gms)
{
	struct node *ks = net_add_ks(n, KS_ADDR);
	struct transform_set *t = (void *)ks->conf->transform_sets.first;
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;
	struct gdoi_local *l = (void *)g->local.first;
	struct gdoi_identifier *id = tc_add(&l->identifiers, sizeof(*id));
	struct gdoi_kssid *k = tc_add(&id->kssids, sizeof(*k));
	unsigned i;

	t->esp = (struct esp_transform){ cipher, ESP_AUTH_NONE, 128 };
	l->sid_bits = 8;
	k->set[0] = 1; /* 32 of them */
	memset(&fwd_conf, 0, sizeof(fwd_conf));
	str_copy(wan_if.name, "FastEthernet0/0", sizeof(wan_if.name));
	str_copy(wan_if.crypto_map, "MAP", sizeof(wan_if.crypto_map));
	str_copy(lan_if.name, "FastEthernet0/1", sizeof(lan_if.name));
	wan_if.obj.next = &lan_if.obj;
	fwd_conf.interfaces = (struct cf_list){ &wan_if.obj, &lan_if.obj, 2 };
	str_copy(map.name, "MAP", sizeof(map.name));
	str_copy(map.group, "G1", sizeof(map.group));
	map.seq = 10;
	fwd_conf.crypto_maps = (struct cf_list){ &map.obj, &map.obj, 1 };
	if (sent == NULL)
		sent = xcalloc(SENT_MAX, sizeof(*sent));
	n_sent = n_read = 0;
	n->sa = hear;
	for (i = 0; i < gms; i++)
		start_fwd(net_add_gm(n, i));
	net_apply_all(n);
	assert_true(net_until(n, 60 * SEC, net_registered));
}

static void
finish(struct net *n)
{
	unsigned i;

	muted = true;
	for (i = 0; i < GMS; i++) {
		fwd_free(fwds[i]);
		fwds[i] = NULL;
	}
	net_free(n);
	muted = false;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct pair));
}

/* How many pairs left more than once. */
static unsigned
repeated(void)
{
	unsigned i, bad = 0;

	qsort(sent, n_sent, sizeof(*sent), compare);
	for (i = 1; i < n_sent; i++)
		bad += compare(&sent[i - 1], &sent[i]) == 0;
	return bad;
}

static void
restart_ike(struct node *n)
{
	muted = true;
	net_restart(n);
	muted = false;
}

static void
restart_fwd(struct node *n)
{
	start_fwd(n);
	gdoi_resync(n->g);
}

static void
restart_gm(struct node *n)
{
	restart_ike(n);
	start_fwd(n);
}

/* ---- tests ---- */

/* The check sees what it is for. */
static void
reuse_is_seen(void **state)
{
	struct net *n = net_new(1);
	struct sa_change c = { .type = SA_ADD };

	(void)state;
	limit = 0;
	setup(n, ESP_AES_GCM, 1);
	send_some(n->nodes[1], 10);
	assert_int_equal(n_sent, 10);
	assert_int_equal(repeated(), 0);
	/* a packet process that is told the identifier of the one before */
	start_fwd(n->nodes[1]);
	c.tek = n->nodes[1]->teks[0];
	gm_send_policy(net_gm(n->nodes[1]));
	fwd_sa(fwds[0], &c);
	send_some(n->nodes[1], 10);
	assert_int_equal(n_sent, 20);
	assert_int_equal(repeated(), 10);
	finish(n);
}

/* The numbers of one identifier end again and again. */
static void
wrap(void **state)
{
	struct net *n = net_new(2);
	struct node *gm;
	unsigned i;

	(void)state;
	limit = 16;
	setup(n, ESP_AES_GCM, 1);
	gm = n->nodes[1];
	for (i = 0; i < 100; i++) {
		send_some(gm, 2);
		net_run(n, 100);
	}
	assert_int_equal(n_sent, 200); /* in time: nothing was lost */
	assert_int_equal(repeated(), 0);
	assert_true(gm->logs[LOG_GM_SID_LOW] >= 200 / 16 - 1);
	assert_true(gm->logs[LOG_GM_REGS_COMPL] <= 200 / 14 + 1);
	/* the key server is away: the numbers end, and then nothing leaves */
	n->nodes[0]->deaf = true;
	for (i = 0; i < 100; i++) {
		send_some(gm, 2);
		net_run(n, 100);
	}
	assert_true(n_sent < 200 + 2 * 16);
	assert_int_equal(repeated(), 0);
	finish(n);
}

/* The packet process forgets a TEK and is told it once more, with the same
 * identifier. */
static void
tek_again(void **state)
{
	struct net *n = net_new(3);
	struct sa_change c = { .type = SA_DEL };
	struct sa_tek t;

	(void)state;
	limit = 0;
	setup(n, ESP_GMAC, 1);
	t = n->nodes[1]->teks[0];
	send_some(n->nodes[1], 5);
	str_copy(c.del.group, "G1", sizeof(c.del.group));
	c.del.spi = t.spi;
	fwd_sa(fwds[0], &c);
	c = (struct sa_change){ .type = SA_ADD, .tek = t };
	fwd_sa(fwds[0], &c);
	send_some(n->nodes[1], 5);
	assert_int_equal(n_sent, 5);
	/* it asked for another one */
	net_run(n, 10 * SEC);
	send_some(n->nodes[1], 5);
	assert_int_equal(n_sent, 10);
	assert_int_equal(repeated(), 0);
	finish(n);
}

/* The TEK of one key server never gets an identifier of another one: there
 * it may be somebody else's. */
static void
two_servers(void **state)
{
	struct net *n = net_new(4);
	struct node *ks2, *gm;
	uint32_t old;

	(void)state;
	limit = 0;
	setup(n, ESP_AES_GCM, 1);
	gm = n->nodes[1];
	ks2 = net_add_ks(n, IP(10, 9, 0, 2));
	((struct transform_set *)(void *)ks2->conf->transform_sets.first)->esp =
	    (struct esp_transform){ ESP_AES_GCM, ESP_AUTH_NONE, 128 };
	net_apply(ks2);
	tc_server(gm->conf, IP(10, 9, 0, 2));
	net_apply(gm);
	old = TAILQ_FIRST(&net_gm(gm)->teks)->t.spi;
	n->nodes[0]->deaf = true;
	restart_fwd(gm);
	assert_true(net_until(n, 300 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->ks, IP(10, 9, 0, 2));
	{
		const struct gm_tek *t;

		TAILQ_FOREACH(t, &net_gm(gm)->teks, link)
			assert_true((t->t.spi == old) ==
			    (t->t.sid_bits == 0));
	}
	/* the TEK of the other one would be sent with for most of an hour;
	 * nothing can be, so it stands in nobody's way */
	n_sent = 0;
	send_some(gm, 5);
	assert_int_equal(n_sent, 5);
	assert_int_not_equal(get32(sent[0].spi), old);
	finish(n);
}

static void
act(struct net *n)
{
	struct node *ks = n->nodes[0];
	struct node *gm = n->nodes[1 + net_random(n) % GMS];
	unsigned what = net_random(n) % 100, i;

	if (what < 60)
		send_some(gm, 1 + net_random(n) % 20);
	else if (what < 63)
		restart_gm(gm);
	else if (what < 66)
		restart_fwd(gm);
	else if (what < 69)
		restart_ike(gm);
	else if (what < 71)
		gm_clear(net_gm(gm));
	else if (what < 72)
		restart_ike(ks);
	else if (what < 74)
		(void)ks_rekey(net_ks(ks), REKEY_ALL);
	else if (what < 75)
		(void)ks_rekey(net_ks(ks), REKEY_REPLACE);
	else if (what < 76)
		ks_remove_members(net_ks(ks), net_random(n) % 3 == 0 ?
		    REMOVE_NOW : net_random(n) % 2 ? REMOVE_CLEAR :
		    REMOVE_GRACEFUL);
	else if (what < 78)
		net_run(n, net_random(n) % (1200 * SEC));
	else
		net_run(n, net_random(n) % (8 * SEC));
	for (i = 0; i < GMS; i++)
		(void)!fwd_timeout(fwds[i]);
}

static void
anything(void **state)
{
	unsigned seed, step, total = 0, opened = 0, reinits = 0;

	(void)state;
	for (seed = 0; seed < 60; seed++) {
		struct net *n = net_new(100 + seed);

		limit = 8 + net_random(n) % 60;
		setup(n, seed % 3 == 0 ? ESP_GMAC : ESP_AES_GCM, GMS);
		n->loss = seed % 4 * 4;
		n->dup = 5;
		n->reorder = 20;
		for (step = 0; step < 250; step++)
			act(n);
		if (repeated() != 0)
			fail_msg("seed %u: %u of %u IVs twice", seed,
			    repeated(), n_sent);
		total += n_sent;
		opened += n_read;
		reinits += n->nodes[0]->logs[LOG_KS_REINIT];
		finish(n);
	}
	print_message("%u packets left, %u were opened, %u new beginnings\n",
	    total, opened, reinits);
	assert_true(total > 20000);
	assert_true(opened > total / 4);
	assert_true(reinits > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reuse_is_seen),
		cmocka_unit_test(wrap),
		cmocka_unit_test(tek_again),
		cmocka_unit_test(two_servers),
		cmocka_unit_test(anything),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(sent);
	return failed;
}
