/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What grammar/ cannot say about single lines: check and format hooks.
 * Prototypes are generated from the grammar.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "cli_gen.h"
#include "conf/cf_int.h"

/* ---- access lists ---- */

/* The numbers of IOS say what kind of list it is. */
static bool
number_is_standard(uint32_t n)
{
	return (n >= 1 && n <= 99) || (n >= 1300 && n <= 1999);
}

static bool
number_is_extended(uint32_t n)
{
	return (n >= 100 && n <= 199) || (n >= 2000 && n <= 2699);
}

int
acl_name_check(struct cf_check *k, const struct acl *a)
{
	const struct acl *old = conf_find_acl(k->conf, a->name);
	char *end;
	unsigned long n;

	if (k->negated)
		return 0;
	if (old != NULL && old->standard != a->standard)
		return cf_reject(k,
		    "%% A named %s IP access list with this name already "
		    "exists",
		    old->standard ? "Standard" : "Extended");
	if (!isdigit((unsigned char)a->name[0]))
		return 0;
	n = strtoul(a->name, &end, 10);
	if (*end == '\0' && (n > 2699 || !(a->standard
					     ? number_is_standard((uint32_t)n)
					     : number_is_extended(
						   (uint32_t)n))))
		return cf_reject(k, "%% Invalid access list name.");
	return 0;
}

/* IOS takes a mask for what it says as wildcard bits, and so do we. */
static void
note_mask(struct cf_check *k, uint32_t wild)
{
	char s[IP4_STRLEN];

	if (wild == 0 || wild == UINT32_MAX || ip4_prefix_of(wild) < 0)
		return;
	ip4_str(wild, s);
	cf_note(k, "%% NOTE: %s is taken as wildcard bits: every address that "
		   "ends alike matches", s);
}

int
acl_entry_check(struct cf_check *k, const struct acl_entry *e)
{
	const struct ace_ports *p[2] = {&e->ace.sport, &e->ace.dport};

	for (unsigned i = 0; i < 2; i++)
		if (p[i]->op == ACE_OP_RANGE && p[i]->lo > p[i]->hi)
			return cf_reject(k, "%% Invalid port range");
	if (e->ace.fragments &&
	    (p[0]->op != ACE_OP_ANY || p[1]->op != ACE_OP_ANY ||
		e->ace.established))
		return cf_reject(k,
		    "%% Fragments have no ports to be matched with");
	note_mask(k, e->ace.src_wild);
	note_mask(k, e->ace.dst_wild);
	return 0;
}

static void
entry_clean(struct acl_entry *e)
{
	struct ace *a = &e->ace;

	if (e->icmp_typed)
		a->icmp = (uint16_t)(a->icmp << 8 | e->icmp_code);
	e->icmp_typed = false;
	a->src &= ~a->src_wild;
	a->dst &= ~a->dst_wild;
}

static void
add_log(struct strbuf *text, const struct acl_entry *e)
{
	if (e->log)
		sb_printf(text, e->log_input ? " log-input" : " log");
}

void
acl_entry_format(struct strbuf *text, struct strbuf *key, struct acl_entry *e)
{
	(void)key;
	entry_clean(e);
	ace_format(text, &e->ace, ACE_STYLE_CONFIG);
	add_log(text, e);
}

void
acl_entry_format_std(struct strbuf *text, struct strbuf *key,
    struct acl_entry *e)
{
	char a[IP4_STRLEN], w[IP4_STRLEN];
	const struct ace *x = &e->ace;

	(void)key;
	entry_clean(e);
	e->ace.icmp = ACE_ICMP_ANY;
	e->ace.dscp = ACE_DSCP_ANY;
	sb_printf(text, "%s ", x->action == ACE_PERMIT ? "permit" : "deny  ");
	if (x->src_wild == UINT32_MAX)
		sb_printf(text, "any");
	else if (x->src_wild == 0)
		sb_printf(text, "%s", ip4_str(x->src, a));
	else
		sb_printf(text, "%s %s", ip4_str(x->src, a),
		    ip4_str(x->src_wild, w));
	add_log(text, e);
}

/* ---- addresses and routes ---- */

int
interface_address_check(struct cf_check *k, const struct interface *i)
{
	const struct interface *o;
	char a[IP4_STRLEN];

	if (k->negated || i->mask == UINT32_MAX || i->mask == 0xfffffffe)
		return 0;
	if (i->mask == 0 || (i->addr & ~i->mask) == 0 ||
	    (i->addr | i->mask) == UINT32_MAX)
		return cf_reject(k, "Bad mask /%d for address %s",
		    ip4_prefix_of(i->mask), ip4_str(i->addr, a));
	CF_FOREACH(o, &k->conf->interfaces)
		if (o->addr != 0 && o->addr == i->addr &&
		    strcmp(o->name, i->name) != 0)
			return cf_reject(k, "%% %s overlaps with %s",
			    ip4_str(i->addr & i->mask, a), o->name);
	return 0;
}

int
igmp_group_check(struct cf_check *k, const struct igmp_group *g)
{
	if (k->negated)
		return 0;
	if (!is_multicast(g->addr))
		return cf_reject(k, "%%Illegal multicast group address");
	if (is_link_multicast(g->addr))
		return cf_reject(k, "%%Group is reserved for protocols of "
		    "one link");
	return 0;
}

int
tunnel_check(struct cf_check *k, const struct interface *i)
{
	const struct tunnel *t = &i->tunnel;
	bool plain = t->source == 0 && t->source_if[0] == '\0' &&
	    t->dest == 0 && t->mode == TUNNEL_GRE && !t->has_key &&
	    !t->checksum && !t->pmtud && t->ttl == 255 && !t->has_tos &&
	    t->profile[0] == '\0' && !i->qos_preclassify;

	/* a default says nothing */
	if (k->negated || plain || strncmp(i->name, "Tunnel", 6) == 0)
		return 0;
	return cf_reject(k, "%% %s is not a tunnel", i->name);
}

/* Of the router itself there is no way to the other end. An address may come
 * or go later: it is kept, and the tunnel stays down for as long. */
int
tunnel_dest_check(struct cf_check *k, const struct interface *i)
{
	const struct interface *o;
	char a[IP4_STRLEN];

	if (tunnel_check(k, i) != 0)
		return -1;
	CF_FOREACH(o, &k->conf->interfaces)
		if (!k->negated && o->addr != 0 && o->addr == i->tunnel.dest) {
			cf_note(k, "%% NOTE: %s is an address of this router "
			    "(%s), the tunnel stays down",
			    ip4_str(o->addr, a), o->name);
			break;
		}
	return 0;
}

int
keepalive_check(struct cf_check *k, const struct interface *i)
{
	if (!k->negated && i->tunnel.keepalive_secs != 0 &&
	    i->tunnel.profile[0] != '\0')
		cf_note(k, "%% NOTE: a tunnel with protection sends no "
		    "keepalives, their answers would come in clear");
	return 0;
}

int
tunnel_protection_check(struct cf_check *k, const struct interface *i)
{
	return tunnel_check(k, i) != 0 ? -1 : keepalive_check(k, i);
}

int
ip_route_check(struct cf_check *k, const struct ip_route *r)
{
	if (!k->negated && (r->prefix & ~r->mask) != 0)
		return cf_reject(k, "%%Inconsistent address and mask");
	return 0;
}

/* ---- crypto ---- */

int
isakmp_key_check(struct cf_check *k, const struct isakmp_key *key)
{
	if (!k->negated && key->hostname[0] == '\0' && key->key[0] == '\0')
		return cf_reject(k, "%% Incomplete command.");
	return 0;
}

/* Address and mask in the one form that IOS prints: no mask for a host, and
 * 0.0.0.0 alone means every peer. */
void
isakmp_key_format(struct strbuf *text, struct strbuf *key,
    struct isakmp_key *k)
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	sb_printf(text, "crypto isakmp key %s ", k->key);
	if (k->hostname[0] != '\0') {
		sb_printf(text, "hostname %s", k->hostname);
		sb_printf(key, "%s", k->hostname);
	} else {
		if (k->mask == 0 && k->addr != 0)
			k->mask = UINT32_MAX;
		k->addr &= k->mask;
		sb_printf(text, "address %s", ip4_str(k->addr, a));
		if (k->mask != UINT32_MAX && k->mask != 0)
			sb_printf(text, " %s", ip4_str(k->mask, m));
		sb_printf(key, "%s %s", ip4_str(k->addr, a),
		    ip4_str(k->mask, m));
	}
	if (k->no_xauth)
		sb_printf(text, " no-xauth");
}

/* As it stands in a keyring. */
void
keyring_key_format(struct strbuf *text, struct strbuf *key,
    struct isakmp_key *k)
{
	char a[IP4_STRLEN], m[IP4_STRLEN];

	sb_printf(text, "pre-shared-key ");
	if (k->hostname[0] != '\0') {
		sb_printf(text, "hostname %s", k->hostname);
		sb_printf(key, "%s", k->hostname);
	} else {
		if (k->mask == 0 && k->addr != 0)
			k->mask = UINT32_MAX;
		k->addr &= k->mask;
		sb_printf(text, "address %s", ip4_str(k->addr, a));
		ip4_str(k->mask, m);
		if (k->mask != UINT32_MAX)
			sb_printf(text, " %s", m);
		sb_printf(key, "%s %s", a, m);
	}
	sb_printf(text, " key %s", k->key);
}

/* Always with its mask, as IOS prints it. */
void
profile_match_format(struct strbuf *text, struct strbuf *key,
    struct profile_match *x)
{
	static const char *const words[] = {[MATCH_HOST] = "host ",
	    [MATCH_HOST_DOMAIN] = "host domain ",
	    [MATCH_USER_FQDN] = "user-fqdn ",
	    [MATCH_USER_DOMAIN] = "user-fqdn domain ",
	    [MATCH_GROUP] = "group "};
	char a[IP4_STRLEN], m[IP4_STRLEN];

	sb_printf(text, "match identity ");
	if (x->kind != MATCH_ADDRESS) {
		sb_printf(text, "%s%s", words[x->kind], x->name);
	} else {
		if (x->mask == 0 && x->addr != 0)
			x->mask = UINT32_MAX;
		x->addr &= x->mask;
		sb_printf(text, "address %s %s", ip4_str(x->addr, a),
		    ip4_str(x->mask, m));
	}
	sb_printf(key, "%s", text->s);
}

int
isakmp_profile_check(struct cf_check *k, const struct isakmp_profile *p)
{
	if (!k->negated && conf_find_isakmp_profile(k->conf, p->name) == NULL)
		cf_note(k, "%% A profile is deemed incomplete until it has "
			   "match identity statements");
	return 0;
}

int
isakmp_identity_check(struct cf_check *k, const struct conf *c)
{
	if (!k->negated && c->isakmp_identity == ISAKMP_ID_DN)
		cf_note(k, "%% NOTE: a dn is the name in a certificate, which "
			   "this version does not have:\n"
			   "         the address is sent");
	return 0;
}

int
aggressive_check(struct cf_check *k, const struct conf *c)
{
	(void)c;
	if (!k->negated)
		cf_note(k, "%% NOTE: aggressive mode sends the identity in "
			   "clear and a hash of the pre-shared key,\n"
			   "         which can be guessed offline");
	return 0;
}

int
transform_set_check(struct cf_check *k, const struct transform_set *t)
{
	if (k->negated)
		return 0;
	if (t->unknown)
		return cf_reject(k, "%% esp-seal, comp-lzs and esn are not "
				    "supported");
	if (esp_is_aead(&t->esp) && t->esp.auth != ESP_AUTH_NONE)
		return cf_reject(k, "%% esp-gcm and esp-gmac authenticate by "
				    "themselves, no other transform goes with "
				    "them");
	return 0;
}
