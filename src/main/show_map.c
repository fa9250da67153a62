/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Show commands about the configuration of IPsec: transform sets, profiles,
 * crypto maps (what runs is shown by ike and fwd). Layout: reference
 * show-output.md section 3. Runs in process main.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "main/router.h"

static const struct conf *
conf_of(struct cli_ctx *ctx)
{
	return router_of(ctx)->running;
}

/* ---- transform sets ---- */

static const char *
ah_text(unsigned ah)
{
	static const char *const names[] = {[ESP_AUTH_MD5] = "ah-md5-hmac",
	    [ESP_AUTH_SHA1] = "ah-sha-hmac",
	    [ESP_AUTH_SHA256] = "ah-sha256-hmac",
	    [ESP_AUTH_SHA384] = "ah-sha384-hmac",
	    [ESP_AUTH_SHA512] = "ah-sha512-hmac"};

	return ah < NELEM(names) && names[ah] != NULL ? names[ah] : "";
}

static void
set_text(const struct transform_set *t, char *buf, size_t size)
{
	char esp[64];

	str_copy(buf, t->ah != 0 ? ah_text(t->ah) :
	    esp_transform_str(&t->esp, esp), size);
}

int
show_crypto_transform_set(struct cli_ctx *ctx,
    const struct show_crypto_transform_set_args *a)
{
	const struct transform_set *t;
	char text[96];
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "transform_sets");
	CF_FOREACH (t, &conf_of(ctx)->transform_sets) {
		if (a->name[0] != '\0' && strcmp(a->name, t->name) != 0)
			continue;
		set_text(t, text, sizeof(text));
		show_text(&v,
		    "Transform set %s: { %s  } \n"
		    "   will negotiate = { %s,  }, \n   \n",
		    t->name, text,
		    t->mode == MODE_TRANSPORT ? "Transport" : "Tunnel");
		show_object(&v, NULL);
		show_str(&v, "name", t->name);
		show_str(&v, "transform", text);
		show_str(&v, "mode",
		    t->mode == MODE_TRANSPORT ? "transport" : "tunnel");
		show_close(&v);
	}
	return show_end(&v);
}

/* ---- what a profile and an entry have in common ---- */

static void
show_lifetime(struct show *v, const char *indent, uint32_t kilobytes,
    bool no_kilobytes, uint32_t seconds)
{
	if (no_kilobytes)
		show_text(v, "%sSecurity association lifetime: kilobytes "
		    "disabled/%u seconds\n", indent, seconds);
	else
		show_text(v, "%sSecurity association lifetime: %u "
		    "kilobytes/%u seconds\n", indent, kilobytes, seconds);
	show_uint(v, "lifetime_seconds", seconds);
	if (!no_kilobytes)
		show_uint(v, "lifetime_kilobytes", kilobytes);
}

static void
show_sets(struct show *v, const struct conf *conf,
    const struct set_names *names)
{
	const struct transform_set *t;
	const char *name;
	char text[96];

	show_text(v, "\tTransform sets={ \n");
	show_array(v, "transform_sets");
	for (unsigned i = 0; (name = conf_set_name(names, i)) != NULL; i++) {
		t = conf_find_transform_set(conf, name);
		show_object(v, NULL);
		show_str(v, "name", name);
		if (t != NULL) {
			set_text(t, text, sizeof(text));
			show_text(v, "\t\t%s:  { %s  } , \n", name, text);
			show_str(v, "transform", text);
		} else {
			show_text(v, "\t\t%s:  undefined , \n", name);
		}
		show_close(v);
	}
	show_close(v);
	show_text(v, "\t}\n");
}

static void
show_terms(struct show *v, const struct conf *conf, uint32_t lifetime,
    const struct sa_terms *t, bool responder_only)
{
	show_lifetime(v, "\t", t->kilobytes != 0 ? t->kilobytes :
	    conf->ipsec_kilobytes, t->no_kilobytes || (t->kilobytes == 0 &&
	    conf->ipsec_no_kilobytes), lifetime != 0 ? lifetime :
	    conf->ipsec_lifetime);
	if (t->idle != 0) {
		show_text(v, "\tSecurity association idletime: %u seconds\n",
		    t->idle);
		show_uint(v, "idle_seconds", t->idle);
	}
	show_text(v, "\tResponder-Only (Y/N): %c\n\tPFS (Y/N): %c\n",
	    responder_only ? 'Y' : 'N', t->pfs != 0 ? 'Y' : 'N');
	show_bool(v, "responder_only", responder_only);
	if (t->pfs != 0) {
		show_text(v, "\tDH group:  group%u\n", t->pfs);
		show_uint(v, "pfs_group", t->pfs);
	}
	show_text(v, "\tMixed-mode : Disabled\n");
}

int
show_crypto_ipsec_profile(struct cli_ctx *ctx,
    const struct show_crypto_ipsec_profile_args *a)
{
	const struct conf *conf = conf_of(ctx);
	const struct ipsec_profile *p;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "profiles");
	CF_FOREACH (p, &conf->ipsec_profiles) {
		if (a->tag[0] != '\0' && strcmp(a->tag, p->name) != 0)
			continue;
		show_text(&v, "IPSEC profile %s\n", p->name);
		show_object(&v, NULL);
		show_str(&v, "name", p->name);
		if (p->terms.profile[0] != '\0') {
			show_text(&v, "\tISAKMP Profile: %s\n",
			    p->terms.profile);
			show_str(&v, "isakmp_profile", p->terms.profile);
		}
		show_terms(&v, conf, p->lifetime, &p->terms,
		    p->responder_only);
		show_sets(&v, conf, &p->sets);
		show_text(&v, "\n");
		show_close(&v);
	}
	return show_end(&v);
}

int
show_ipsec_association(struct cli_ctx *ctx,
    const struct show_ipsec_association_args *a)
{
	const struct conf *conf = conf_of(ctx);
	struct show v;

	show_begin(&v, ctx);
	if (!a->idle)
		show_lifetime(&v, "", conf->ipsec_kilobytes,
		    conf->ipsec_no_kilobytes, conf->ipsec_lifetime);
	if (conf->ipsec_idle != 0 && !a->life) {
		show_text(&v, "Security association idletime: %u seconds\n",
		    conf->ipsec_idle);
		show_uint(&v, "idle_seconds", conf->ipsec_idle);
	}
	return show_end(&v);
}

/* ---- entries of crypto maps ---- */

static void
map_group(struct show *v, const struct conf *conf, const struct crypto_map *m)
{
	const struct gdoi_group *g = conf_find_gdoi_group(conf, m->group);
	const struct gdoi_server *s;
	char buf[IP4_STRLEN];

	show_text(v, "\tGroup Name: %s\n",
	    m->group[0] != '\0' ? m->group : "not set");
	if (m->group[0] != '\0')
		show_str(v, "group", m->group);
	show_bool(v, "complete", g != NULL);
	if (g == NULL) {
		show_text(v,
		    "\tWARNING: This crypto map is in an incomplete state!\n"
		    "\t\t(missing group definition)\n");
		return;
	}
	if (g->id_type == GDOI_ID_NUMBER)
		show_text(v, "\tidentity number %u\n", g->id);
	else if (g->id_type == GDOI_ID_ADDRESS)
		show_text(v, "\tidentity address ipv4 %s\n",
		    ip4_str(g->id, buf));
	show_array(v, "servers");
	CF_FOREACH (s, &g->servers) {
		show_text(v, "\tserver address ipv4 %s\n",
		    ip4_str(s->addr, buf));
		show_str(v, NULL, buf);
	}
	show_close(v);
}

static const char *
peer_text(const struct map_peer *p, char buf[IP4_STRLEN])
{
	return p->hostname[0] != '\0' ? p->hostname : ip4_str(p->addr, buf);
}

static void
map_peers(struct show *v, const struct crypto_map *m)
{
	const struct map_peer *p;
	char buf[IP4_STRLEN];

	show_array(v, "peers");
	CF_FOREACH (p, &m->peers) {
		show_text(v, "\tPeer = %s%s\n", peer_text(p, buf),
		    p->first ? " Default" : "");
		show_object(v, NULL);
		show_str(v, p->hostname[0] != '\0' ? "hostname" : "address",
		    peer_text(p, buf));
		show_bool(v, "default", p->first);
		show_close(v);
	}
	show_close(v);
}

static void
map_acl(struct show *v, const struct conf *conf, const char *name)
{
	const struct acl *a = conf_find_acl(conf, name);
	struct strbuf sb = {0};
	const struct acl_entry *e;

	if (name[0] == '\0') {
		show_text(v, "\tNo matching address list set.\n");
		return;
	}
	show_text(v, "\t%s IP access list %s\n", a != NULL && a->standard ?
	    "Standard" : "Extended", name);
	show_str(v, "access_list", name);
	show_array(v, "access_list_entries");
	for (e = a != NULL ? (void *)a->entries.first : NULL; e != NULL;
	    e = (void *)e->obj.next) {
		if (e->remark)
			continue;
		sb.len = 0;
		ace_format(&sb, &e->ace, ACE_STYLE_CONFIG);
		show_text(v, "\t    access-list %s %s\n", name, sb.s);
		show_str(v, NULL, sb.s);
	}
	show_close(v);
	sb_free(&sb);
}

static void
map_reverse(struct show *v, const struct crypto_map *m)
{
	if (!m->reverse_route)
		return;
	show_text(v, "\tReverse Route Injection Enabled\n");
	show_str(v, "reverse_route", m->reverse_static ? "static" : "dynamic");
}

/* The peer that is begun with: who answers is known to `show crypto session'
 * only. */
static const struct map_peer *
first_peer(const struct crypto_map *m)
{
	const struct map_peer *p;

	CF_FOREACH (p, &m->peers)
		if (p->first)
			return p;
	return (const void *)m->peers.first;
}

static void
map_pair(struct show *v, const struct conf *conf, const struct crypto_map *m)
{
	const char *lacks = conf_map_lacks(conf, m);
	const struct map_peer *first = first_peer(m);
	char buf[IP4_STRLEN];

	show_bool(v, "complete", lacks == NULL);
	if (lacks != NULL)
		show_text(v,
		    "\tWARNING: This crypto map is in an incomplete state!\n"
		    "\t\t(missing %s definitions)\n", lacks);
	if (m->dynamic[0] != '\0') {
		show_text(v, "\tDynamic map template tag: %s\n", m->dynamic);
		show_str(v, "dynamic_map", m->dynamic);
		return;
	}
	map_peers(v, m);
	if (m->terms.profile[0] != '\0') {
		show_text(v, "\tISAKMP Profile: %s\n", m->terms.profile);
		show_str(v, "isakmp_profile", m->terms.profile);
	}
	show_text(v, "\tAccess-List SS dynamic: False\n");
	map_acl(v, conf, m->acl);
	if (first != NULL)
		show_text(v, "\tCurrent peer: %s\n", peer_text(first, buf));
	show_terms(v, conf, m->terms.lifetime, &m->terms, false);
	show_sets(v, conf, &m->sets);
	map_reverse(v, m);
}

static void
map_users(struct show *v, const struct conf *conf, const char *name)
{
	const struct interface *i;

	show_text(v, "\tInterfaces using crypto map %s:\n", name);
	CF_FOREACH (i, &conf->interfaces)
		if (strcmp(i->crypto_map, name) == 0)
			show_text(v, "\t\t%s\n", i->name);
}

static void
map_entry(struct show *v, const struct conf *conf, const struct crypto_map *m)
{
	const char *kind = m->kind == MAP_GDOI ? "gdoi" : "ipsec-isakmp";
	const char *local = conf_map_local(conf, m->name);
	const struct interface *i;

	show_text(v, "Crypto Map IPv4 \"%s\" %u %s\n", m->name, m->seq, kind);
	show_object(v, NULL);
	show_str(v, "name", m->name);
	show_uint(v, "sequence", m->seq);
	show_str(v, "kind", kind);
	if (local != NULL) {
		show_text(v, "\tLocal Address: %s\n", local);
		show_str(v, "local_interface", local);
	}
	if (m->kind == MAP_GDOI) {
		map_group(v, conf, m);
		if (m->acl[0] != '\0') {
			show_text(v, "\tExtended IP access list %s\n", m->acl);
			show_str(v, "access_list", m->acl);
		}
	} else {
		map_pair(v, conf, m);
	}
	if (m->qos_preclassify)
		show_text(v, "\tQOS pre-classification\n");
	show_bool(v, "qos_preclassify", m->qos_preclassify);
	show_array(v, "interfaces");
	CF_FOREACH (i, &conf->interfaces)
		if (strcmp(i->crypto_map, m->name) == 0)
			show_str(v, NULL, i->name);
	show_close(v);
	show_close(v);
}

/* The name that a command asks for: NULL all, "" none. */
static const char *
map_asked(const struct conf *conf, const struct show_crypto_map_args *a)
{
	const struct interface *i;

	if (a->ifname[0] == '\0')
		return a->name[0] != '\0' ? a->name : NULL;
	CF_FOREACH (i, &conf->interfaces)
		if (strcasecmp(i->name, a->ifname) == 0)
			return i->crypto_map;
	return "";
}

int
show_crypto_map(struct cli_ctx *ctx, const struct show_crypto_map_args *a)
{
	const struct conf *conf = conf_of(ctx);
	const char *only = map_asked(conf, a);
	const struct crypto_map *m, *next;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "crypto_maps");
	CF_FOREACH (m, &conf->crypto_maps) {
		if (only != NULL && strcmp(only, m->name) != 0)
			continue;
		map_entry(&v, conf, m);
		next = (const void *)m->obj.next;
		if (next == NULL || strcmp(next->name, m->name) != 0)
			map_users(&v, conf, m->name);
		show_text(&v, "\n");
	}
	return show_end(&v);
}

int
show_crypto_dynamic_map(struct cli_ctx *ctx,
    const struct show_crypto_dynamic_map_args *a)
{
	const struct conf *conf = conf_of(ctx);
	const struct crypto_map *m;
	struct show v;

	show_begin(&v, ctx);
	show_array(&v, "dynamic_maps");
	CF_FOREACH (m, &conf->dynamic_maps) {
		if (a->name[0] != '\0' && strcmp(a->name, m->name) != 0)
			continue;
		show_text(&v, "Crypto Map Template\"%s\" %u\n", m->name,
		    m->seq);
		show_object(&v, NULL);
		show_str(&v, "name", m->name);
		show_uint(&v, "sequence", m->seq);
		map_peers(&v, m);
		if (m->terms.profile[0] != '\0') {
			show_text(&v, "\tISAKMP Profile: %s\n",
			    m->terms.profile);
			show_str(&v, "isakmp_profile", m->terms.profile);
		}
		map_acl(&v, conf, m->acl);
		show_terms(&v, conf, m->terms.lifetime, &m->terms, false);
		show_sets(&v, conf, &m->sets);
		map_reverse(&v, m);
		show_text(&v, "\n");
		show_close(&v);
	}
	return show_end(&v);
}
