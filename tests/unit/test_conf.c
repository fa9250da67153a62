/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The configuration engine on the real grammar: fields, modes, no, default,
 * refusals that change nothing, clones, and what each process is told.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/cf.h"

struct fix {
	struct conf *c;
	struct cf_cursor cur;
	struct cf_error err;
	struct strbuf notes;
};

static void
start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	f->c = conf_new();
	f->cur = (struct cf_cursor){.conf = f->c, .at = &f->c->obj};
}

static void
stop(struct fix *f)
{
	sb_free(&f->notes);
	conf_free(f->c);
}

static enum cf_result
line(struct fix *f, const char *s)
{
	return conf_line(&f->cur, s, &f->err, &f->notes);
}

static void
lines(struct fix *f, const char *const *s)
{
	for (; *s != NULL; s++)
		if (line(f, *s) != CF_OK)
			fail_msg("%s: %s", *s, f->err.text);
}

#define LINES(f, ...) lines((f), (const char *const[]){__VA_ARGS__, NULL})

static char *
print(const struct conf *c, unsigned procs)
{
	struct strbuf sb = {0};

	conf_print(&sb, c, procs);
	return sb.s != NULL ? sb.s : xstrdup("");
}

static void
prints(const struct fix *f, const char *want)
{
	char *s = print(f->c, CF_MAIN);

	assert_string_equal(s, want);
	free(s);
}

static void
test_defaults(void **state)
{
	struct fix f;
	const struct isakmp_policy *p;
	const struct gdoi_group *g;
	const struct gdoi_local *l;
	const struct gdoi_sa *s;

	(void)state;
	start(&f);
	assert_string_equal(f.c->hostname, "Router");
	assert_true(f.c->isakmp_enable);
	assert_true(f.c->domain_lookup);
	assert_true(f.c->logging.console_on);
	assert_int_equal(f.c->ipsec_lifetime, 3600);
	assert_int_equal(f.c->df_bit, DF_COPY);
	assert_int_equal(f.c->keepalive_secs, 0);
	assert_int_equal(f.c->keepalive_retry, 2);
	assert_int_equal(f.c->logging.size, 8192);
	LINES(&f, "crypto isakmp policy 7", "crypto gdoi group G",
	    "server local", "sa ipsec 1");
	p = (const void *)f.c->isakmp_policies.first;
	assert_int_equal(p->priority, 7);
	assert_int_equal(p->cipher, IKE_DES);
	assert_int_equal(p->hash, IKE_SHA1);
	assert_int_equal(p->auth, IKE_RSA_SIG);
	assert_int_equal(p->group, 1);
	assert_int_equal(p->lifetime, 86400);
	g = conf_find_gdoi_group(f.c, "G");
	assert_int_equal(g->id_type, GDOI_ID_NONE);
	l = (const void *)g->local.first;
	assert_int_equal(l->rekey_cipher, ESP_3DES);
	assert_int_equal(l->rekey_sig_hash, ESP_AUTH_SHA1);
	assert_int_equal(l->rekey_lifetime, 86400);
	assert_int_equal(l->retransmit_secs, 10);
	assert_int_equal(l->retransmit_count, 2);
	assert_false(l->unicast);
	s = (const void *)l->sas.first;
	assert_int_equal(s->replay, REPLAY_COUNTER);
	assert_int_equal(s->window, 64);
	stop(&f);
}

static void
test_fields(void **state)
{
	struct fix f;
	const struct transform_set *t;
	const struct isakmp_key *k;
	const struct gdoi_local *l;
	const struct gdoi_sa *s;
	const struct interface *i;
	const struct ip_secondary *sec;
	const struct ip_route *r;
	const struct crypto_map *m;

	(void)state;
	start(&f);
	LINES(&f, "cry ips trans T esp-aes 256 esp-sha256",
	    "crypto isakmp key 0 SECRET address 10.0.0.0 255.0.0.0",
	    "crypto isakmp key OTHER address 0.0.0.0",
	    "crypto isakmp key THIRD address 1.2.3.4",
	    "crypto gkm group G", "identity number 5", "serv loc",
	    "rekey algorithm aes 256", "rekey retransmit 15 number 4",
	    "rekey transport unicast", "rekey auth mypub rsa KEYS",
	    "sa ipsec 3",
	    "replay time window-size 7", "sa ipsec 1", "no replay",
	    "int gi0/0.7", "encapsulation dot1q 7",
	    "ip address 10.1.1.1 255.255.255.0",
	    "ip address 10.1.2.1 255.255.255.0 secondary", "crypto map M",
	    "ip route 10.9.0.0 255.255.0.0 s0/0/0 10.1.1.2 200 name X",
	    "crypto map M local-address lo0", "crypto map M 20 gdoi",
	    "set group B", "crypto map M 9 gdoi", "set group A",
	    "crypto map M 15 ipsec-isakmp");
	t = conf_find_transform_set(f.c, "T");
	assert_int_equal(t->esp.cipher, ESP_AES_CBC);
	assert_int_equal(t->esp.key_bits, 256);
	assert_int_equal(t->esp.auth, ESP_AUTH_SHA256);
	k = (const void *)f.c->isakmp_keys.first;
	assert_string_equal(k->key, "SECRET");
	assert_int_equal(k->addr, 0x0a000000);
	assert_int_equal(k->mask, 0xff000000);
	k = (const void *)k->obj.next;
	assert_int_equal(k->mask, 0);
	k = (const void *)k->obj.next;
	assert_int_equal(k->mask, 0xffffffff);
	l = (const void *)conf_find_gdoi_group(f.c, "G")->local.first;
	assert_int_equal(l->rekey_cipher, ESP_AES_CBC);
	assert_int_equal(l->rekey_key_bits, 256);
	assert_int_equal(l->retransmit_secs, 15);
	assert_int_equal(l->retransmit_count, 4);
	assert_true(l->unicast);
	assert_string_equal(l->rsa_label, "KEYS");
	s = (const void *)l->sas.first; /* by number */
	assert_int_equal(s->number, 1);
	assert_int_equal(s->replay, REPLAY_NONE);
	s = (const void *)s->obj.next;
	assert_int_equal(s->number, 3);
	assert_int_equal(s->replay, REPLAY_TIME);
	assert_int_equal(s->window, 7);
	i = conf_find_interface(f.c, "GigabitEthernet0/0.7");
	assert_int_equal(i->vlan, 7);
	assert_int_equal(i->addr, 0x0a010101);
	assert_string_equal(i->crypto_map, "M");
	sec = (const void *)i->secondaries.first;
	assert_int_equal(sec->addr, 0x0a010201);
	r = (const void *)f.c->routes.first;
	assert_string_equal(r->ifname, "Serial0/0/0");
	assert_int_equal(r->nexthop, 0x0a010102);
	assert_int_equal(r->distance, 200);
	assert_string_equal(conf_map_local(f.c, "M"), "Loopback0");
	assert_null(conf_map_local(f.c, "N"));
	m = conf_next_map(f.c, "M", NULL); /* 9, then 20; 15 is no gdoi */
	assert_string_equal(m->group, "A");
	m = conf_next_map(f.c, "M", m);
	assert_string_equal(m->group, "B");
	assert_null(conf_next_map(f.c, "M", m));
	stop(&f);
}

static void
test_modes(void **state)
{
	static const struct {
		const char *line, *prompt;
		enum cf_result rv;
		const char *older; /* NULL: the same */
	} t[] = {
	    {"interface FastEthernet0/0", "config-if", CF_OK, NULL},
	    {"ip address 10.0.0.1 255.255.255.0", "config-if", CF_OK, NULL},
	    {"crypto map M", "config-if", CF_OK, NULL},
	    {"crypto map M 10 gdoi", "config-crypto-map", CF_OK, NULL},
	    {"int fa0/0.3", "config-subif", CF_OK, NULL},
	    {"crypto isakmp policy 10", "config-isakmp", CF_OK, NULL},
	    {"crypto ipsec transform-set T esp-des", "cfg-crypto-trans",
		CF_OK, NULL},
	    {"crypto ipsec profile P", "ipsec-profile", CF_OK, NULL},
	    {"crypto gdoi group G", "config-gkm-group", CF_OK,
		"config-gdoi-group"},
	    {"server local", "gkm-local-server", CF_OK, "gdoi-local-server"},
	    {"sa ipsec 1", "gkm-sa-ipsec", CF_OK, "gdoi-sa-ipsec"},
	    {"address ipv4 10.0.0.1", "gkm-local-server", CF_OK,
		"gdoi-local-server"},
	    {"redundancy", "gdoi-coop-ks-config", CF_OK, NULL},
	    {"exit", "gkm-local-server", CF_OK, "gdoi-local-server"},
	    {"exit", "config-gkm-group", CF_OK, "config-gdoi-group"},
	    {"ip access-list extended 100", "config-ext-nacl", CF_OK, NULL},
	    {"permit ip any any", "config-ext-nacl", CF_OK, NULL},
	    {"ip access-list standard S", "config-std-nacl", CF_OK, NULL},
	    {"access-list 101 permit ip any any", "config", CF_OK, NULL},
	    {"router ospf 1", "config-router", CF_OK, NULL},
	    {"network 10.0.0.0 0.0.0.255 area 0", "config-router", CF_OK, NULL},
	    {"redundancy", "config-block", CF_OK, NULL},
	    {"line vty 0 4", "config-line", CF_OK, NULL},
	    {"do show version", "config-line", CF_DO, NULL},
	    {"cry key gen rsa label X mod 1024", "config-line", CF_EXEC, NULL},
	    {"ex", "config", CF_OK, NULL},
	    {"exit", "config", CF_END, NULL},
	    {"end", "config", CF_END, NULL},
	    {"! comment", "config", CF_OK, NULL},
	    {"", "config", CF_OK, NULL},
	};
	struct fix f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < NELEM(t); i++) {
		if (line(&f, t[i].line) != t[i].rv)
			fail_msg("%s: %s", t[i].line, f.err.text);
		assert_string_equal(conf_mode_prompt(&f.cur, false),
		    t[i].prompt);
		assert_string_equal(conf_mode_prompt(&f.cur, true),
		    t[i].older != NULL ? t[i].older : t[i].prompt);
	}
	stop(&f);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *line, *err;
		int column;
	} t[] = {
	    {"hash frotz", "% Invalid input detected at '^' marker.", 5},
	    {"hash", "% Incomplete command.", -1},
	    {"crypto isakmp k", "% Ambiguous command:  \"crypto isakmp k\"",
		-1},
	    {"group 3", "% Invalid input detected at '^' marker.", 6},
	    {"group 5 6", "% Invalid input detected at '^' marker.", 8},
	    {"lifetime 59", "% Invalid input detected at '^' marker.", 9},
	    {"no", "% Incomplete command.", -1},
	    {"access-list 100 permit tcp any range 9 5 any",
		"% Invalid port range", -1},
	    {"access-list 100 permit ip any any reflect X",
		"% An access list cannot match this here: the entry is "
		"refused, not shortened", -1},
	    {"access-list 150 permit tcp any range 9 5 any",
		"% Invalid port range", -1},
	    {"crypto ipsec transform-set T esp-gcm esp-sha-hmac",
		"% esp-gcm and esp-gmac authenticate by themselves, no other "
		"transform goes with them", -1},
	    {"ip access-list standard 150", "% Invalid access list name.", -1},
	    {"ip access-list standard NAMED",
		"% A named Extended IP access list with this name already "
		"exists", -1},
	    {"crypto map NEW 10", "% Incomplete command.", -1},
	    {"ip route 10.0.0.1 255.0.0.0 1.1.1.1",
		"%Inconsistent address and mask", -1},
	};
	struct fix f;
	struct conf *before;
	const struct cf_obj *at;

	(void)state;
	start(&f);
	LINES(&f, "hostname X", "ip access-list extended 100",
	    "permit ip any any", "ip access-list extended NAMED",
	    "crypto ipsec transform-set T esp-gcm", "crypto isakmp policy 10",
	    "group 5", "hash md5");
	at = f.cur.at;
	before = conf_clone(f.c);
	for (size_t i = 0; i < NELEM(t); i++) {
		assert_int_equal(line(&f, t[i].line), CF_REFUSED);
		assert_string_equal(f.err.text, t[i].err);
		assert_int_equal(f.err.column, t[i].column);
		assert_ptr_equal(f.cur.at, at);
		assert_true(conf_equal(before, f.c));
	}
	conf_free(before);
	stop(&f);
}

/* `default` of a choice whose form begins with `no`; `no` of another form
 * leaves it. */
static void
test_default(void **state)
{
	struct fix f;
	char *text;

	(void)state;
	start(&f);
	LINES(&f, "no crypto isakmp aggressive-mode disable",
	    "no crypto isakmp default policy");
	assert_int_equal(f.c->isakmp_aggressive, AGGRESSIVE_ALL);
	assert_true(f.c->isakmp_no_default);
	LINES(&f, "default crypto isakmp aggressive-mode disable",
	    "default crypto isakmp default policy");
	assert_int_equal(f.c->isakmp_aggressive, AGGRESSIVE_IPSEC);
	assert_false(f.c->isakmp_no_default);
	LINES(&f, "crypto gdoi group G", "server local", "sa ipsec 1",
	    "no replay", "no replay time window-size 5");
	text = print(f.c, CF_MAIN);
	assert_non_null(strstr(text, "   no replay\n"));
	free(text);
	LINES(&f, "default replay counter window-size 128");
	text = print(f.c, CF_MAIN);
	assert_non_null(strstr(text, "   replay counter window-size 64\n"));
	free(text);
	stop(&f);
}

static void
test_no(void **state)
{
	struct fix f;
	const struct gdoi_group *g;

	(void)state;
	start(&f);
	LINES(&f, "crypto isakmp keepalive 10 5 periodic",
	    "no crypto isakmp keepalive", "no ip domain lookup",
	    "default ip domain lookup", "no crypto isakmp enable",
	    "crypto isakmp key K address 1.1.1.1",
	    "no crypto isakmp key K address 1.1.1.1", "int lo0", "shutdown",
	    "default shutdown", "no int lo0", "ip http server",
	    "no ip http server", "crypto map M 10 gdoi", "no crypto map M 10",
	    "access-list 100 permit ip any any", "no access-list 100",
	    "service pad", "no service pad");
	assert_int_equal(f.c->keepalive_secs, 0);
	assert_int_equal(f.c->keepalive_retry, 2);
	assert_false(f.c->keepalive_periodic);
	assert_true(f.c->domain_lookup);
	assert_false(f.c->isakmp_enable);
	assert_int_equal(f.c->interfaces.n, 0);
	assert_int_equal(f.c->isakmp_keys.n, 0);
	assert_int_equal(f.c->crypto_maps.n, 0);
	assert_int_equal(f.c->acls.n, 0);
	prints(&f, "no crypto isakmp enable\n");
	/* a choice: `no` of the other one does nothing */
	LINES(&f, "crypto isakmp enable", "crypto gdoi group G",
	    "identity number 7", "no identity address ipv4 1.1.1.1");
	g = conf_find_gdoi_group(f.c, "G");
	assert_int_equal(g->id, 7);
	LINES(&f, "identity address ipv4 1.1.1.1");
	assert_int_equal(g->id_type, GDOI_ID_ADDRESS);
	assert_int_equal(g->id, 0x01010101);
	prints(&f, "crypto gdoi group G\n identity address ipv4 1.1.1.1\n");
	LINES(&f, "no identity address ipv4 1.1.1.1");
	assert_int_equal(g->id_type, GDOI_ID_NONE);
	LINES(&f, "no service password-encryption");
	prints(&f, "no service password-encryption\n!\ncrypto gdoi group G\n");
	stop(&f);
}

static void
test_acl(void **state)
{
	struct fix f;
	const struct acl *a;
	const struct acl_entry *e;

	(void)state;
	start(&f);
	LINES(&f, "ip access-list extended A", "permit tcp any any eq bgp",
	    "deny   ip 10.1.1.1 0.0.0.255 0.0.0.0 255.255.255.255 log",
	    "permit tcp any any eq 179", "15 permit icmp any any echo",
	    "remark a ! b", "permit udp any eq 848 any eq 848");
	a = conf_find_acl(f.c, "A");
	assert_int_equal(a->entries.n, 5);
	e = (const void *)a->entries.first;
	assert_int_equal(e->seq, 10);
	assert_int_equal(e->ace.dport.lo, 179);
	e = (const void *)e->obj.next;
	assert_int_equal(e->seq, 15);
	assert_int_equal(e->ace.icmp, 0x08ff);
	e = (const void *)e->obj.next;
	assert_int_equal(e->seq, 20);
	assert_int_equal(e->ace.src, 0x0a010100);
	assert_int_equal(e->ace.icmp, ACE_ICMP_ANY);
	assert_int_equal(e->ace.dscp, ACE_DSCP_ANY);
	assert_true(e->log);
	e = (const void *)e->obj.next;
	assert_true(e->remark);
	prints(&f, "ip access-list extended A\n 10 permit tcp any any eq bgp\n"
		   " 15 permit icmp any any echo\n"
		   " 20 deny   ip 10.1.1.0 0.0.0.255 any log\n"
		   " 30 remark a ! b\n 40 permit udp any eq 848 any eq 848\n");
	assert_int_equal(line(&f, "15 permit ip any any"), CF_REFUSED);
	LINES(&f, "no 15", "no permit udp any eq 848 any eq 848");
	prints(&f, "ip access-list extended A\n permit tcp any any eq bgp\n"
		   " deny   ip 10.1.1.0 0.0.0.255 any log\n remark a ! b\n");
	stop(&f);
}

static void
test_clone(void **state)
{
	struct fix f;
	struct conf *d;
	struct cf_cursor cur;
	struct cf_error err;

	(void)state;
	start(&f);
	LINES(&f, "int g0/0", "description hello",
	    "ip address 1.1.1.1 255.0.0.0", "ip access-list extended A",
	    "permit ip any any", "deny udp any any", "router rip",
	    "network 10.0.0.0");
	d = conf_clone(f.c);
	assert_true(conf_equal(f.c, d));
	assert_string_equal(conf_find_interface(d, "GigabitEthernet0/0")
				->description,
	    "hello");
	cur = (struct cf_cursor){.conf = d, .at = &d->obj};
	assert_int_equal(conf_line(&cur, "int g0/0", &err, NULL), CF_OK);
	assert_int_equal(conf_line(&cur, "no description", &err, NULL), CF_OK);
	assert_int_equal(conf_line(&cur, "no ip access-list extended A", &err,
			     NULL),
	    CF_OK);
	assert_false(conf_equal(f.c, d));
	assert_null(conf_find_acl(d, "A"));
	assert_int_equal(conf_find_acl(f.c, "A")->entries.n, 2);
	conf_free(f.c);
	f.c = conf_clone(d); /* and the copy lives without the original */
	assert_null(conf_find_interface(f.c, "GigabitEthernet0/0")
			->description);
	conf_free(d);
	stop(&f);
}

static void
test_deliver(void **state)
{
	struct fix f;
	char *ike, *fwd;

	(void)state;
	start(&f);
	LINES(&f, "hostname R1", "crypto isakmp policy 1", "hash md5",
	    "crypto isakmp key TOPSECRET address 1.1.1.1",
	    "crypto ipsec df-bit clear", "crypto gdoi group G",
	    "identity number 1", "no client bypass-policy",
	    "crypto map M 1 gdoi", "set group G",
	    "crypto map M gdoi fail-close", "match address 100", "activate",
	    "int g0/0", "description private", "ip address 1.1.1.2 255.0.0.0",
	    "crypto map M", "access-list 100 permit ip any any",
	    "username x secret y", "ip route 0.0.0.0 0.0.0.0 1.1.1.1");
	ike = print(f.c, CF_IKE);
	fwd = print(f.c, CF_FWD);
	assert_non_null(strstr(ike, "TOPSECRET"));
	assert_non_null(strstr(ike, "hash md5"));
	assert_non_null(strstr(ike, "hostname R1"));
	assert_null(strstr(ike, "private"));
	assert_null(strstr(ike, "username"));
	assert_null(strstr(ike, "fail-close"));
	assert_string_equal(fwd,
	    "hostname R1\ncrypto ipsec df-bit clear\n"
	    "crypto gdoi group G\n no client bypass-policy\n"
	    "crypto map M gdoi fail-close\n match address 100\n activate\n"
	    "crypto map M 1 gdoi\n set group G\ninterface GigabitEthernet0/0\n"
	    " ip address 1.1.1.2 255.0.0.0\n crypto map M\n"
	    "access-list 100 permit ip any any\n");
	free(ike);
	free(fwd);
	stop(&f);
}

static void
test_notes(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	LINES(&f, "crypto map M 10 gdoi");
	assert_string_equal(f.notes.s,
	    "% NOTE: This new crypto map will remain disabled until a valid\n"
	    "         group has been configured.\n");
	sb_free(&f.notes);
	LINES(&f, "crypto map M 10 gdoi", "crypto map M 10");
	assert_null(f.notes.s);
	LINES(&f, "router ospf 1");
	assert_string_equal(f.notes.s,
	    "accepted without effect: routing protocols\n");
	stop(&f);
}

static void
test_block(void **state)
{
	static const char text[] = "router bgp 1\n"
				   " neighbor 1.1.1.1 remote-as 2\n"
				   " address-family ipv4\n  version 2\n"
				   " exit-address-family\nversion 15.2\n";
	struct fix f;

	(void)state;
	start(&f);
	for (int i = 0; i < 2; i++) { /* the second time changes nothing */
		assert_int_equal(conf_load(f.c, text, sizeof(text) - 1, NULL,
				     NULL), 0);
		prints(&f, "version 15.2\n!\nrouter bgp 1\n"
			   " neighbor 1.1.1.1 remote-as 2\n"
			   " address-family ipv4\n  version 2\n"
			   " exit-address-family\n");
	}
	LINES(&f, "router bgp 1", "no neighbor 1.1.1.1");
	prints(&f, "version 15.2\n!\nrouter bgp 1\n address-family ipv4\n"
		   "  version 2\n exit-address-family\n");
	stop(&f);
}

/* A text is complete when its end came, whatever it holds. */
static void
test_more(void **state)
{
	static const struct {
		const char *mode, *line;
		enum cf_result want;
		const char *text; /* what is said, or printed */
	} t[] = {
	    {NULL, "banner motd #", CF_MORE,
		"Enter TEXT message.  End with the character '#'."},
	    {NULL, "banner motd ^Cone ! two", CF_MORE,
		"Enter TEXT message.  End with the character '^C'."},
	    {NULL, "banner login \003one\ntwo", CF_MORE,
		"Enter TEXT message.  End with the character '^C'."},
	    {NULL, "banner motd #\n  no shutdown\n! end\n#", CF_OK,
		"banner motd ^C\n  no shutdown\n! end\n^C\n"},
	    {NULL, "banner motd zoneztwo", CF_OK, "banner motd ^Cone^C\n"},
	    {NULL, "banner motd #a^Cb#", CF_OK, "banner motd #a^Cb#\n"},
	    {NULL, "banner motd \003one\ntwo\003", CF_OK,
		"banner motd ^Cone\ntwo^C\n"},
	    {NULL, "no banner motd #", CF_REFUSED,
		"% Invalid input detected at '^' marker."},
	    {"interface Loopback0", "banner motd #", CF_MORE,
		"Enter TEXT message.  End with the character '#'."},
	    {"crypto pki certificate chain C", "certificate ca 01", CF_MORE,
		"Enter the certificate in hexadecimal representation...."},
	    {"crypto pki certificate chain C", "certificate 1f\n 30 82", CF_MORE,
		"Enter the certificate in hexadecimal representation...."},
	    {"crypto pki certificate chain C",
		"certificate 1f\n 30 82\n01 0a\n quit", CF_OK,
		"crypto pki certificate chain C\n certificate 1f\n"
		"  3082010A\n  \tquit\n"},
	    {"crypto pki certificate chain C", "certificate 1f\n3\nquit",
		CF_REFUSED, "% The text is too long, or is not what can stand "
			    "here"},
	};

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		struct fix f;

		start(&f);
		if (t[i].mode != NULL)
			LINES(&f, t[i].mode);
		assert_int_equal(line(&f, t[i].line), t[i].want);
		if (t[i].want == CF_OK)
			prints(&f, t[i].text);
		else
			assert_string_equal(f.err.text, t[i].text);
		stop(&f);
	}
}

/* What never ends is refused as soon as it is too long. */
static void
test_more_bounded(void **state)
{
	struct strbuf sb = {0};
	struct fix f;
	unsigned n = 0;

	(void)state;
	start(&f);
	sb_printf(&sb, "banner motd #");
	while (line(&f, sb.s) == CF_MORE) {
		sb_printf(&sb, "\nsome more words of a text");
		assert_true(n++ < 1000);
	}
	assert_string_equal(f.err.text,
	    "% The text is too long, or is not what can stand here");
	prints(&f, "");
	sb_free(&sb);
	stop(&f);
}

/* ---- what a person asks for ---- */

static void
add_line(void *arg, unsigned depth, const char *text)
{
	sb_printf(arg, "%*s%s\n", (int)depth, "", text);
}

static void
views(const struct fix *f, const struct conf_view *v, const char *want)
{
	struct strbuf sb = {0};

	conf_view(f->c, v, add_line, &sb);
	assert_string_equal(sb.s, want);
	sb_free(&sb);
}

static void
test_views(void **state)
{
	static const char *const begins[] = {"interface ", NULL};
	struct fix f;

	(void)state;
	start(&f);
	LINES(&f, "crypto isakmp policy 10", "encr aes 256", "hash sha256",
	    "crypto pki certificate chain C", "interface lo0",
	    "ip address 10.1.1.1 255.255.255.255", "interface lo1");
	views(&f, &(struct conf_view){.begins = begins},
	    "interface Loopback0\n ip address 10.1.1.1 255.255.255.255\n!\n"
	    "interface Loopback1\n no ip address\n");
	views(&f, &(struct conf_view){
		.only = &conf_find_interface(f.c, "Loopback1")->obj},
	    "interface Loopback1\n no ip address\n");
	/* What was typed stands as it was, what was not with its default. */
	views(&f, &(struct conf_view){.all = true,
		.only = f.c->isakmp_policies.first},
	    "crypto isakmp policy 10\n encr aes 256\n hash sha256\n"
	    " authentication rsa-sig\n group 1\n lifetime 86400\n");
	stop(&f);
}

/* Commands of a file that do something: not what only looks like one. */
static void
test_run(void **state)
{
	static const char text[] = "banner motd ^C\n"
	    "crypto key zeroize rsa\n^C\n"
	    "interface Loopback0\n"
	    " description crypto key generate rsa\n"
	    "crypto key generate rsa modulus 2048 label A\n"
	    "R1(config)#crypto key gen rsa label B\n"
	    "end\n"
	    "crypto key generate rsa label C\n";
	struct strbuf run = {0};
	struct fix f;

	(void)state;
	start(&f);
	(void)!conf_load_run(f.c, text, strlen(text), NULL, NULL, &run);
	assert_string_equal(run.s,
	    "crypto key generate rsa modulus 2048 label A\n"
	    "crypto key gen rsa label B\n");
	sb_free(&run);
	stop(&f);
}

static void
test_brief(void **state)
{
	static const char text[] = "crypto pki certificate chain C\n"
	    " certificate self-signed 01\n"
	    "  30820330 30820218 A0030201 02020101 300D0609 2A864886\n"
	    "  F70D0101 05050030\n  \tquit\ninterface Loopback0\n";
	struct fix f;
	char *s;

	(void)state;
	start(&f);
	assert_int_equal(conf_load(f.c, text, strlen(text), NULL, NULL), 0);
	s = print(f.c, CF_MAIN);
	assert_non_null(strstr(s, "30820330"));
	free(s);
	views(&f, &(struct conf_view){.brief = true},
	    "crypto pki certificate chain C\n certificate self-signed 01\n"
	    "!\ninterface Loopback0\n no ip address\n");
	stop(&f);
}

/* One line for several interfaces: all of them or none. */
static void
test_range(void **state)
{
	static const struct {
		const char *list, *want; /* the names, or where the caret is */
	} t[] = {
	    {"g0/0 - 2", "GigabitEthernet0/0 GigabitEthernet0/1 "
			 "GigabitEthernet0/2 "},
	    {"g0/0-1 , lo7", "GigabitEthernet0/0 GigabitEthernet0/1 "
			     "Loopback7 "},
	    {"Gi 0/0 - Gi 0/1,lo1-2", "GigabitEthernet0/0 GigabitEthernet0/1 "
				      "Loopback1 Loopback2 "},
	    {"po1 - 2", "Port-channel1 Port-channel2 "},
	    {"g0/0.10 -11", "GigabitEthernet0/0.10 GigabitEthernet0/0.11 "},
	    {"g0/3 - 1", NULL}, {"g0/0 -", NULL}, {"g0/0,", NULL},
	    {"frotz1 - 2", NULL}, {"g0/0 - e0/1", NULL}, {"lo0 - 9999", NULL},
	    {"lo0 - 99999999999999999999", NULL}, {"g0/0 - 1x", NULL},
	};
	struct fix f;

	(void)state;
	for (size_t i = 0; i < NELEM(t); i++) {
		char *s = xasprintf("int range %s", t[i].list);
		struct strbuf got = {0};
		const struct interface *ifc;

		start(&f);
		assert_int_equal(line(&f, s),
		    t[i].want != NULL ? CF_OK : CF_REFUSED);
		CF_FOREACH(ifc, &f.c->interfaces)
			sb_printf(&got, "%s ", ifc->name);
		if (t[i].want != NULL)
			assert_string_equal(got.s, t[i].want);
		else
			assert_null(got.s);
		sb_free(&got);
		free(s);
		stop(&f);
	}
}

static void
test_range_lines(void **state)
{
	struct strbuf path = {0};
	struct cf_cursor other = {0};
	struct fix f;

	(void)state;
	start(&f);
	LINES(&f, "interface range lo0 - 1", "description both");
	assert_string_equal(conf_mode_prompt(&f.cur, false), "config-if-range");
	/* the second is refused, so the first does not change either */
	conf_path(&f.cur, &path);
	LINES(&f, "interface lo1", "ip address 10.0.0.1 255.255.255.0");
	other.conf = f.c;
	other.at = &f.c->obj;
	assert_true(conf_goto(&other, path.s));
	f.cur = other;
	assert_string_equal(conf_mode_prompt(&f.cur, false), "config-if-range");
	assert_int_equal(line(&f, "frotz"), CF_REFUSED);
	assert_int_equal(line(&f, "ip address 10.0.0.300 255.0.0.0"),
	    CF_REFUSED);
	LINES(&f, "ip mtu 1400");
	prints(&f, "interface Loopback0\n description both\n no ip address\n"
		   " ip mtu 1400\n!\ninterface Loopback1\n description both\n"
		   " ip address 10.0.0.1 255.255.255.0\n ip mtu 1400\n");
	LINES(&f, "no description", "hostname X");
	assert_string_equal(conf_mode_prompt(&f.cur, false), "config");
	LINES(&f, "interface lo0", "ip mtu 1300", "exit",
	    "default interface lo0", "no interface lo1");
	prints(&f, "hostname X\n!\ninterface Loopback0\n no ip address\n");
	sb_free(&path);
	stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_more),
	    cmocka_unit_test(test_range), cmocka_unit_test(test_range_lines),
	    cmocka_unit_test(test_more_bounded),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_fields), cmocka_unit_test(test_modes),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_default),
		cmocka_unit_test(test_no),
	    cmocka_unit_test(test_acl), cmocka_unit_test(test_clone),
	    cmocka_unit_test(test_deliver), cmocka_unit_test(test_notes),
	    cmocka_unit_test(test_block), cmocka_unit_test(test_views),
	    cmocka_unit_test(test_run),
	    cmocka_unit_test(test_brief)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
