/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is who in phase 1: keyrings, profiles, names, identities, aggressive
 * mode, limits, and who may join a group. A table of configurations and how
 * each ends, then what needs more words.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"

#define SEC 1000ull

static struct node *ks, *gm;

/* ---- configurations ---- */

static struct keyring *
ring(struct node *n, const char *name, const char *key, uint32_t addr,
    uint32_t mask)
{
	struct keyring *r = tc_add(&n->conf->keyrings, sizeof(*r));
	struct isakmp_key *k = tc_add(&r->keys, sizeof(*k));

	str_copy(r->name, name, sizeof(r->name));
	str_copy(k->key, key, sizeof(k->key));
	k->addr = addr;
	k->mask = mask;
	return r;
}

static struct isakmp_profile *
profile(struct node *n, const char *name, const char *keyring)
{
	struct isakmp_profile *p = tc_add(&n->conf->isakmp_profiles,
	    sizeof(*p));
	struct profile_keyring *r;

	str_copy(p->name, name, sizeof(p->name));
	if (keyring != NULL) {
		r = tc_add(&p->keyrings, sizeof(*r));
		str_copy(r->name, keyring, sizeof(r->name));
	}
	return p;
}

static void
match(struct isakmp_profile *p, enum match_kind kind, uint32_t addr,
    uint32_t mask, const char *name)
{
	struct profile_match *m = tc_add(&p->matches, sizeof(*m));

	m->kind = (uint8_t)kind;
	m->addr = addr;
	m->mask = mask;
	str_copy(m->name, name, sizeof(m->name));
}

static struct isakmp_profile *
map_profile(struct node *n, const char *keyring)
{
	struct crypto_map_profile *m = tc_add(&n->conf->map_profiles,
	    sizeof(*m));

	str_copy(m->name, "MAP", sizeof(m->name));
	str_copy(m->profile, "OUT", sizeof(m->profile));
	return profile(n, "OUT", keyring);
}

static struct isakmp_key *
global_key(struct node *n)
{
	return (void *)n->conf->isakmp_keys.first;
}

static void
set_key(struct node *n, const char *key)
{
	str_copy(global_key(n)->key, key, KEY_MAX);
}

static void
set_key_host(struct node *n, const char *host)
{
	str_copy(global_key(n)->hostname, host, CONF_NAME);
}

static void
host(struct node *n, const char *name, uint32_t addr)
{
	struct ip_host *h = tc_add(&n->conf->hosts, sizeof(*h));

	str_copy(h->name, name, sizeof(h->name));
	h->addr = addr;
}

static void
aggressive(bool k, bool g)
{
	ks->conf->isakmp_aggressive = k ? AGGRESSIVE_ALL : AGGRESSIVE_IPSEC;
	gm->conf->isakmp_aggressive = g ? AGGRESSIVE_ALL : AGGRESSIVE_IPSEC;
	map_profile(gm, NULL)->aggressive = true;
}

static struct isakmp_peer *
peer(struct node *n, uint32_t addr, const char *password)
{
	struct isakmp_peer *p = tc_add(&n->conf->isakmp_peers, sizeof(*p));

	p->addr = addr;
	str_copy(p->password, password, sizeof(p->password));
	return p;
}

static struct gdoi_local *
local(void)
{
	struct gdoi_group *g = (void *)ks->conf->gdoi_groups.first;

	return (void *)g->local.first;
}

/* ---- the table ---- */

static void
c_keyring(void)
{
	set_key(ks, "WRONG");
	ring(ks, "K", "SUPERSECRET", IP(10, 9, 1, 0), 0xffffff00);
}

static void
c_keyring_specific(void)
{
	ring(ks, "K1", "WRONG", IP(10, 9, 0, 0), 0xffff0000);
	ring(ks, "K2", "SUPERSECRET", GM_ADDR(0), UINT32_MAX);
	ring(ks, "K3", "WRONG", 0, 0);
}

static void
c_keyring_elsewhere(void)
{
	ring(ks, "K", "WRONG", GM_ADDR(0), UINT32_MAX)->local_addr =
	    IP(10, 9, 0, 77);
	str_copy(ring(ks, "K2", "WRONG", GM_ADDR(0), UINT32_MAX)->local_if,
	    "Loopback0", IFNAME_MAX);
}

static void
c_keyring_here(void)
{
	set_key(ks, "WRONG");
	str_copy(ring(ks, "K", "SUPERSECRET", GM_ADDR(0), UINT32_MAX)
	    ->local_if, "FastEthernet0/0", IFNAME_MAX);
}

static void
c_profile(void)
{
	set_key(ks, "WRONG");
	ring(ks, "K1", "WRONG", GM_ADDR(0), UINT32_MAX);
	ring(ks, "K2", "SUPERSECRET", 0, 0);
	match(profile(ks, "P", "K2"), MATCH_ADDRESS, IP(10, 9, 1, 0),
	    0xffffff00, "");
}

static void
c_profile_empty(void) /* the key is there or nowhere */
{
	ring(ks, "K2", "SUPERSECRET", IP(1, 2, 3, 4), UINT32_MAX);
	match(profile(ks, "P", "K2"), MATCH_ADDRESS, GM_ADDR(0), UINT32_MAX,
	    "");
}

static void
c_map_profile(void)
{
	set_key(gm, "WRONG");
	ring(gm, "K", "SUPERSECRET", KS_ADDR, UINT32_MAX);
	map_profile(gm, "K");
}

static void
c_map_profile_wrong(void)
{
	ring(gm, "K", "WRONG", KS_ADDR, UINT32_MAX);
	map_profile(gm, "K");
}

static void
c_hostname(void)
{
	gm->conf->isakmp_identity = ISAKMP_ID_HOSTNAME;
	str_copy(gm->conf->hostname, "gm7", sizeof(gm->conf->hostname));
	str_copy(gm->conf->domain, "example.net", sizeof(gm->conf->domain));
}

static void
c_dn(void)
{
	gm->conf->isakmp_identity = ISAKMP_ID_DN;
}

static void
c_self_user(void)
{
	struct isakmp_profile *p = map_profile(gm, NULL);

	p->self = SELF_USER_FQDN;
	str_copy(p->self_name, "gm7@example.net", sizeof(p->self_name));
	match(profile(ks, "P", NULL), MATCH_USER_DOMAIN, 0, 0, "example.net");
}

static void
c_self_fqdn(void)
{
	struct isakmp_profile *p = map_profile(gm, NULL);

	p->self = SELF_FQDN;
	str_copy(p->self_name, "a.example.net", sizeof(p->self_name));
	match(profile(ks, "P", NULL), MATCH_HOST_DOMAIN, 0, 0, "example.net");
}

/* The key of one profile, the identity of another. */
static void
c_stolen_identity(void)
{
	ring(ks, "OTHERS", "ANOTHER", 0, 0);
	ring(ks, "MINE", "SUPERSECRET", GM_ADDR(0), UINT32_MAX);
	match(profile(ks, "Q", "OTHERS"), MATCH_HOST, 0, 0, "a.example.net");
	c_self_fqdn();
}

static void
c_ip_host(void)
{
	set_key_host(ks, "gm7.example.net");
	host(ks, "GM7.example.net", GM_ADDR(0));
}

static void
c_no_host(void)
{
	set_key_host(ks, "gm7.example.net");
}

static void
c_ag(void)
{
	aggressive(true, true);
}

static void
c_ag_ks_off(void)
{
	aggressive(false, true);
}

static void
c_ag_gm_off(void)
{
	aggressive(true, false);
}

/* By name only: what main mode cannot do. */
static void
c_ag_name(void)
{
	aggressive(true, true);
	c_hostname();
	set_key_host(ks, "gm7.example.net");
}

static void
c_ag_other_name(void)
{
	aggressive(true, true);
	c_hostname();
	set_key_host(ks, "gm8.example.net");
}

static void
c_ag_wrong(void)
{
	aggressive(true, true);
	set_key(ks, "WRONG");
}

static void
c_ag_peer(void)
{
	struct isakmp_peer *p = peer(gm, KS_ADDR, "PEERKEY");
	struct isakmp_key *k = tc_add(&ks->conf->isakmp_keys, sizeof(*k));

	ks->conf->isakmp_aggressive = gm->conf->isakmp_aggressive =
	    AGGRESSIVE_ALL;
	p->endpoint = SELF_FQDN;
	str_copy(p->endpoint_name, "gm9.example.net",
	    sizeof(p->endpoint_name));
	str_copy(k->key, "PEERKEY", KEY_MAX);
	str_copy(k->hostname, "gm9.example.net", CONF_NAME);
}

static void
c_no_default(void)
{
	free(gm->conf->isakmp_policies.first);
	gm->conf->isakmp_policies = (struct cf_list){ 0 };
	gm->conf->isakmp_no_default = true;
}

static void
c_acl_permit(void)
{
	tc_ace(tc_acl(ks->conf, "10"), ACE_PERMIT, IP(10, 9, 1, 0), 255, 0,
	    UINT32_MAX);
	str_copy(local()->auth_acl, "10", CONF_NAME);
}

static void
c_acl_deny(void)
{
	struct acl *a = tc_acl(ks->conf, "10");

	tc_ace(a, ACE_DENY, GM_ADDR(0), 0, 0, UINT32_MAX);
	tc_ace(a, ACE_PERMIT, 0, UINT32_MAX, 0, UINT32_MAX);
	str_copy(local()->auth_acl, "10", CONF_NAME);
}

static void
c_acl_missing(void)
{
	str_copy(local()->auth_acl, "10", CONF_NAME);
}

static void
c_ident(void)
{
	struct crypto_identity *c = tc_add(&ks->conf->crypto_identities,
	    sizeof(*c));

	str_copy(c->name, "IDENT", sizeof(c->name));
	str_copy(c->fqdn, "gm7.example.net", sizeof(c->fqdn));
	str_copy(local()->auth_identity, "IDENT", CONF_NAME);
	c_hostname();
}

static void
c_ident_address(void)
{
	c_ident();
	gm->conf->isakmp_identity = ISAKMP_ID_ADDRESS;
}

static void
c_ident_missing(void)
{
	c_hostname();
	str_copy(local()->auth_identity, "NONE", CONF_NAME);
}

static void
set_port(uint32_t ifindex)
{
	struct port p = { .index = 1, .addr = KS_ADDR, .mask = 0xffffff00,
		.mtu = 1500, .up = true, .ifindex = 5, .tun_ifindex = 7 };

	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(ks->g, &p);
	gdoi_arrival(ks->g, ifindex);
	str_copy(local()->reg_if, "FastEthernet0/0", IFNAME_MAX);
}

static void
c_interface(void)
{
	set_port(7);
}

static void
c_other_interface(void)
{
	set_port(6);
}

static const struct {
	const char *name;
	void (*set)(void);
	bool registers;
	const char *id;		/* that the key server has of the member */
	const char *profile;	/* that it found */
	int ks_log;		/* 0: none; that was written */
	int gm_log;
	const char *ks_text, *gm_text; /* NULL: whatever */
} cases[] = {
	{ "keyring before global", c_keyring, true, "10.9.1.1", "", 0, 0,
	    NULL, NULL },
	{ "most specific of all keyrings", c_keyring_specific, true,
	    "10.9.1.1", "", 0, 0, NULL, NULL },
	{ "keyring of other local address", c_keyring_elsewhere, true,
	    "10.9.1.1", "", 0, 0, NULL, NULL },
	{ "keyring of this interface", c_keyring_here, true, "10.9.1.1", "",
	    0, 0, NULL, NULL },
	{ "profile before keyring", c_profile, true, "10.9.1.1", "P", 0, 0,
	    NULL, NULL },
	{ "profile without the key", c_profile_empty, false, NULL, NULL,
	    LOG_IKMP_NO_KEY, LOG_GM_CONN_NEXT_SER, NULL, "no policy in" },
	{ "profile of the map", c_map_profile, true, "10.9.1.1", "", 0, 0,
	    NULL, NULL },
	{ "wrong key in profile of the map", c_map_profile_wrong, false, NULL,
	    NULL, LOG_IKMP_BAD_MESSAGE, LOG_GM_CONN_NEXT_SER, NULL,
	    "keys the same?" },
	{ "identity hostname", c_hostname, true, "gm7.example.net", "", 0, 0,
	    NULL, NULL },
	{ "identity dn without certificates", c_dn, true, "10.9.1.1", "", 0,
	    0, NULL, NULL },
	{ "self-identity user-fqdn", c_self_user, true, "gm7@example.net",
	    "P", 0, 0, NULL, NULL },
	{ "self-identity fqdn", c_self_fqdn, true, "a.example.net", "P", 0, 0,
	    NULL, NULL },
	{ "identity of another key", c_stolen_identity, false, NULL, NULL,
	    LOG_IKMP_MODE_FAILURE, LOG_GM_CONN_NEXT_SER,
	    "identity a.example.net belongs to profile Q", NULL },
	{ "key by ip host", c_ip_host, true, "10.9.1.1", "", 0, 0, NULL,
	    NULL },
	{ "key by a name unknown", c_no_host, false, NULL, NULL,
	    LOG_IKMP_NO_KEY, LOG_GM_CONN_NEXT_SER, NULL, NULL },
	{ "aggressive mode", c_ag, true, "10.9.1.1", "", 0, 0, NULL, NULL },
	{ "aggressive mode, key server refuses", c_ag_ks_off, false, NULL,
	    NULL, LOG_IKMP_AG_DISABLED, LOG_GM_CONN_NEXT_SER,
	    "no crypto isakmp aggressive-mode disable", NULL },
	{ "aggressive mode, member refuses", c_ag_gm_off, false, NULL, NULL,
	    0, LOG_IKMP_AG_DISABLED, NULL,
	    "no crypto isakmp aggressive-mode disable" },
	{ "aggressive mode, key by name", c_ag_name, true, "gm7.example.net",
	    "", 0, 0, NULL, NULL },
	{ "aggressive mode, other name", c_ag_other_name, false, NULL, NULL,
	    LOG_IKMP_NO_KEY, LOG_GM_CONN_NEXT_SER, NULL, NULL },
	{ "aggressive mode, wrong key", c_ag_wrong, false, NULL, NULL, 0,
	    LOG_IKMP_BAD_MESSAGE, NULL, NULL },
	{ "crypto isakmp peer", c_ag_peer, true, "gm9.example.net", "", 0, 0,
	    NULL, NULL },
	{ "no built-in policies", c_no_default, false, NULL, NULL, 0,
	    LOG_IKMP_MODE_FAILURE, NULL, "no isakmp policy" },
	{ "authorized address", c_acl_permit, true, "10.9.1.1", "", 0, 0,
	    NULL, NULL },
	{ "address not authorized", c_acl_deny, false, NULL, NULL,
	    LOG_UNAUTHORIZED_IPADDR, LOG_GM_CONN_NEXT_SER,
	    "%GDOI-1-UNAUTHORIZED_IPADDR: Group G1 received registration from"
	    " unauthorized ip address: 10.9.1.1",
	    "does not authorize this member" },
	{ "list that does not exist", c_acl_missing, false, NULL, NULL,
	    LOG_UNAUTHORIZED_IPADDR, LOG_GM_CONN_NEXT_SER, NULL, NULL },
	{ "authorized identity", c_ident, true, "gm7.example.net", "", 0, 0,
	    NULL, NULL },
	{ "identity not authorized", c_ident_address, false, NULL, NULL,
	    LOG_UNAUTHORIZED_IDENTITY, LOG_GM_CONN_NEXT_SER,
	    "%GDOI-1-UNAUTHORIZED_IDENTITY: Group G1 received registration"
	    " from unauthorized identity: 10.9.1.1",
	    "does not authorize this member" },
	{ "identity that does not exist", c_ident_missing, false, NULL, NULL,
	    LOG_UNAUTHORIZED_IDENTITY, LOG_GM_CONN_NEXT_SER, NULL, NULL },
	{ "registration interface", c_interface, true, "10.9.1.1", "", 0, 0,
	    NULL, NULL },
	{ "another interface", c_other_interface, false, NULL, NULL,
	    LOG_UNREGISTERED_INTERFACE, LOG_GM_CONN_NEXT_SER, NULL,
	    "does not authorize this member" },
};

static const struct ike_sa *
sa_of_member(void)
{
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &ks->g->ike->sas, link)
		if (sa->remote.addr == gm->addr && sa->state == IKE_IDLE)
			return sa;
	return NULL;
}

static void
judge(unsigned i)
{
	const struct ike_sa *sa = sa_of_member();
	char text[IKE_ID_STRLEN];

	if (cases[i].registers && (sa == NULL || strcmp(ike_id_str(
	    &sa->peer_id, text), cases[i].id) != 0 ||
	    strcmp(sa->profile, cases[i].profile) != 0))
		fail_msg("%s: identity %s, profile %s", cases[i].name,
		    sa != NULL ? text : "?", sa != NULL ? sa->profile : "?");
	if (cases[i].ks_log != 0 && (ks->logs[cases[i].ks_log] == 0 ||
	    (cases[i].ks_text != NULL && strstr(ks->last[cases[i].ks_log],
	    cases[i].ks_text) == NULL)))
		fail_msg("%s: key server's log: %s", cases[i].name,
		    ks->last[cases[i].ks_log]);
	if (cases[i].gm_log != 0 && (gm->logs[cases[i].gm_log] == 0 ||
	    (cases[i].gm_text != NULL && strstr(gm->last[cases[i].gm_log],
	    cases[i].gm_text) == NULL)))
		fail_msg("%s: member's log: %s", cases[i].name,
		    gm->last[cases[i].gm_log]);
}

static void
table(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct net *n = net_new(i + 1);
		bool done;

		ks = net_add_ks(n, KS_ADDR);
		gm = net_add_gm(n, 0);
		cases[i].set();
		net_apply_all(n);
		done = net_until(n, cases[i].registers ? 5 * SEC : 70 * SEC,
		    net_registered);
		if (done != cases[i].registers)
			fail_msg("%s: registers %d", cases[i].name, done);
		judge(i);
		assert_true(ks->g->ike->stats.unproven <=
		    ks->g->ike->stats.half_open);
		net_free(n);
	}
}

/* ---- bad networks ---- */

static void
bad_networks(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed < 200; seed++) {
		struct net *n = net_new(seed);

		ks = net_add_ks(n, KS_ADDR);
		gm = net_add_gm(n, 0);
		c_ag_name();
		n->loss = seed % 40;
		n->dup = seed % 30;
		n->reorder = seed % 50;
		net_apply_all(n);
		if (!net_until(n, 1000000, net_registered))
			fail_msg("seed %u does not register", seed);
		net_run(n, 100 * SEC);
		assert_int_equal(ks->g->ike->stats.half_open, 0);
		assert_int_equal(ks->g->ike->stats.unproven, 0);
		net_free(n);
	}
}

/* ---- floods of aggressive mode ---- */

static uint8_t first[1024];
static size_t first_len;

static bool
keep_first(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->to.addr == KS_ADDR && d->data[18] == ISAKMP_X_AGGRESSIVE &&
	    d->data[8] == 0 && first_len == 0) {
		memcpy(first, d->data, d->len);
		first_len = d->len;
	}
	return true;
}

static void
aggressive_flood(void **state)
{
	struct net *n = net_new(77);
	struct udp_addr from = { 0, 848 }, to = { KS_ADDR, 848 };
	struct node *other;
	uint32_t dh;
	unsigned i;

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	c_ag();
	first_len = 0;
	n->tap = keep_first;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	n->tap = NULL;
	dh = ks->g->ike->stats.dh;
	for (i = 0; i < 20000; i++) {
		uint64_t r = net_random(n);

		memcpy(first, &r, 8);
		from.addr = (uint32_t)net_random(n) | 0xc0000000;
		gdoi_input(ks->g, to, from, first, first_len);
		if (i % 200 == 0)
			net_run(n, 1);
	}
	assert_int_equal(ks->g->ike->stats.unproven, UNPROVEN_MAX);
	assert_int_equal(ks->g->ike->nsas, UNPROVEN_MAX + 1);
	assert_true(ks->g->ike->stats.dh - dh <= 1);
	/* main mode does not mind */
	other = net_add_gm(n, 1);
	net_apply(other);
	assert_true(net_until(n, SEC, net_registered));
	assert_true(ks->g->ike->stats.dh - dh <= 2);
	net_run(n, 61 * SEC);
	assert_int_equal(ks->g->ike->stats.unproven, 0);
	assert_int_equal(ks->g->ike->stats.half_open, 0);
	net_free(n);
}

/* ---- limits ---- */

static void
limit_sa(void **state)
{
	struct net *n = net_new(5);

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	ks->conf->limit_ike_sa = 1;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	gm = net_add_gm(n, 1);
	net_apply(gm);
	assert_false(net_until(n, 30 * SEC, net_registered));
	assert_int_equal(ks->logs[LOG_IKE_DENY_SA], 1);
	assert_string_equal(ks->last[LOG_IKE_DENY_SA],
	    "%CRYPTO-4-IKE_DENY_SA_REQ: IKE denied an INCOMING SA request"
	    " from 10.9.1.2 to 10.9.0.1 due to IKE SA LIMIT REACHED");
	assert_int_equal(ks->g->ike->nsas, 1);
	ike_clear(ks->g->ike);
	ike_reap(ks->g->ike);
	assert_true(net_until(n, 60 * SEC, net_registered));
	net_free(n);
}

/* A profile has its own keepalive. */
static void
profile_keepalive(void **state)
{
	struct net *n = net_new(6);
	struct isakmp_profile *p;

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	p = profile(ks, "P", NULL);
	match(p, MATCH_ADDRESS, 0, 0, "");
	p->keepalive_secs = 20;
	p->keepalive_retry = 3;
	ks->conf->keepalive_periodic = true;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	gm->deaf = true;
	net_run(n, 30 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 0);
	net_run(n, 10 * SEC);
	assert_int_equal(ks->logs[LOG_IKMP_PEER_DEAD], 1);
	net_free(n);
}

/* `client registration interface`: the address that the key server sees. */
static void
client_interface(void **state)
{
	struct net *n = net_new(8);
	struct port p = { .index = 2, .addr = GM_ADDR(0), .mask = UINT32_MAX,
		.mtu = 1500, .up = true, .loopback = true };

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	str_copy(((struct gdoi_group *)(void *)gm->conf->gdoi_groups.first)
	    ->client_if, "Loopback0", IFNAME_MAX);
	net_apply_all(n);
	assert_false(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(gm->logs[LOG_GM_REGSTER], 0); /* no such interface */
	str_copy(p.name, "Loopback0", sizeof(p.name));
	gdoi_port(gm->g, &p);
	p = (struct port){ .index = 1, .addr = IP(10, 8, 8, 8),
		.mask = 0xffffff00, .mtu = 1500, .up = true };
	str_copy(p.name, "FastEthernet0/0", sizeof(p.name));
	gdoi_port(gm->g, &p);
	assert_true(net_until(n, 5 * SEC, net_registered));
	assert_int_equal(net_gm(gm)->addr, GM_ADDR(0));
	net_free(n);
}

/* ---- exchanges under an SA ---- */

static uint8_t pull[1024];
static size_t pull_len;

static bool
keep_pull(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->to.addr == KS_ADDR && d->data[18] == GDOI_X_PULL &&
	    pull_len == 0) {
		memcpy(pull, d->data, d->len);
		pull_len = d->len;
	}
	return true;
}

static unsigned
exchanges(void)
{
	const struct ike_sa *sa = sa_of_member();
	const struct exch *x;
	unsigned n = 0;

	TAILQ_FOREACH(x, &sa->exchs, link)
		n += !x->dead;
	return n;
}

/* The first message of an exchange that is over and forgotten, and what only
 * looks like one: neither begins an exchange nor ends another. */
static void
replayed_exchange(void **state)
{
	struct net *n = net_new(9);
	struct udp_addr from = { GM_ADDR(0), 848 }, to = { KS_ADDR, 848 };
	uint32_t bad;
	unsigned i;

	(void)state;
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	pull_len = 0;
	n->tap = keep_pull;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_int_equal(exchanges(), 1);
	for (i = 0; i < 100; i++) { /* another message id: a wrong hash */
		pull[23]++;
		gdoi_input(ks->g, to, from, pull, pull_len);
	}
	pull[23] -= 100;
	assert_int_equal(exchanges(), 1);
	net_run(n, 70 * SEC);
	assert_int_equal(exchanges(), 0);
	bad = ks->g->ike->stats.bad;
	gdoi_input(ks->g, to, from, pull, pull_len);
	assert_int_equal(exchanges(), 0);
	assert_int_equal(ks->g->ike->stats.bad, bad + 1);
	net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(bad_networks),
		cmocka_unit_test(aggressive_flood),
		cmocka_unit_test(limit_sa),
		cmocka_unit_test(profile_keepalive),
		cmocka_unit_test(client_interface),
		cmocka_unit_test(replayed_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
