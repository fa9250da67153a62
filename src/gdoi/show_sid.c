/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi ks|gm identifier [detail]: sender identifiers of groups
 * with AES-GCM or GMAC. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/show.h"

/* One line, in JSON one string. */
static void
row(struct show *v, int indent, int width, const char *label,
    const char *name, const char *value)
{
	show_text(v, "%*s%-*s: %s\n", indent, "", width, label, value);
	show_str(v, name, value);
}

static const char *
size_text(uint8_t bits, char buf[32])
{
	snprintf(buf, 32, "%u bits (%s)", bits, bits < 24 ? "SMALL" :
	    bits == 24 ? "MEDIUM" : "LARGE");
	return buf;
}

/* A group may have an sa ipsec with AES-GCM beside one with AES-CBC. */
static const char *
mode_text(bool counter, bool other)
{
	return !counter ? "Non-Counter (Non-Suite-B)" :
	    other ? "Counter (Mixed)" : "Counter (Suite-B)";
}

/* ---- key server ---- */

typedef bool kssid_fn(const struct ks_group *, unsigned);

static bool
is_assigned(const struct ks_group *k, unsigned i)
{
	return ks_kssid_own(k, i);
}

static bool
is_used(const struct ks_group *k, unsigned i)
{
	return k->sids.next[i] != 0;
}

static bool
is_old(const struct ks_group *k, unsigned i)
{
	return k->sids.old[i];
}

static bool
is_available(const struct ks_group *k, unsigned i)
{
	return ks_kssid_own(k, i) &&
	    k->sids.next[i] < ks_sids_of_kssid(k);
}

/* "0-3, 7", or "none". */
static void
set_row(struct show *v, int indent, int width, const char *label,
    const char *name, const uint64_t *set)
{
	struct strbuf sb = { 0 };
	unsigned i, end;

	for (i = 0; i < KSSID_MAX; i = end) {
		for (end = i; end < KSSID_MAX && kssid_in(set, end); end++)
			;
		if (end == i) {
			end++;
			continue;
		}
		sb_printf(&sb, "%s%u", sb.len > 0 ? ", " : "", i);
		if (end > i + 1)
			sb_printf(&sb, "-%u", end - 1);
	}
	row(v, indent, width, label, name, sb.len > 0 ? sb.s : "none");
	sb_free(&sb);
}

static void
set_of(const struct ks_group *k, kssid_fn *is, uint64_t set[KSSID_WORDS])
{
	unsigned i;

	memset(set, 0, KSSID_WORDS * sizeof(*set));
	for (i = 0; i < KSSID_MAX; i++)
		if (is(k, i))
			kssid_add(set, i);
}

static void
kssid_row(struct show *v, const struct ks_group *k, const char *label,
    const char *name, kssid_fn *is)
{
	uint64_t set[KSSID_WORDS];

	set_of(k, is, set);
	set_row(v, 4, 25, label, name, set);
}

/* Until all members of before have heard of it. */
static const char *
reinitializing(const struct ks_group *k)
{
	return k->sids.reinit != 0 && ks_farewells_pending(k) ? "Yes" :
	    "No";
}

static void
ks_sids(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct show_gdoi_ks_identifier_args *args = arg;
	const struct ks_policy *p = k->active != NULL ? k->active : k->policy;
	bool counter = false, other = false;
	char buf[32];
	unsigned i;

	for (i = 0; i < p->nsas; i++)
		if (esp_is_aead(&p->sas[i].transform))
			counter = true;
		else
			other = true;
	show_text(v, "KS Sender ID (KSSID) Information for Group %s:\n\n",
	    k->name);
	row(v, 4, 25, "Transform Mode", "transform_mode",
	    mode_text(counter, other));
	row(v, 4, 25, "Re-initializing", "reinitializing", reinitializing(k));
	row(v, 4, 25, "SID Length (Group Size)", "sid_length",
	    size_text(ks_sid_bits(k), buf));
	snprintf(buf, sizeof(buf), "%u", k->sids.kssid);
	row(v, 4, 25, "Current KSSID In-Use", "current_kssid",
	    k->sids.any ? buf : "none");
	snprintf(buf, sizeof(buf), "%u", k->sids.last);
	row(v, 4, 25, "Last GMSID Used", "last_gmsid",
	    k->sids.any ? buf : "none");
	if (args->detail) {
		show_text(v, "\n");
		kssid_row(v, k, "KSSID(s) Assigned", "kssids_assigned",
		    is_assigned);
		kssid_row(v, k, "KSSID(s) Used", "kssids_used", is_used);
		kssid_row(v, k, "KSSID(s) Used (Old)", "kssids_used_old",
		    is_old);
		kssid_row(v, k, "Available KSSID(s)", "kssids_available",
		    is_available);
		show_text(v, "\n    REMAINING SIDs: %llu\n",
		    (unsigned long long)ks_sids_left(k));
		show_uint(v, "remaining_sids", ks_sids_left(k));
	}
	show_text(v, "\n");
}

int
show_gdoi_ks_identifier(struct cli_ctx *ctx,
    const struct show_gdoi_ks_identifier_args *args)
{
	return show_each_ks(ctx, args->group, "", ks_sids, args);
}

/* ---- of all key servers ---- */

/* An identifier must not be given out twice: no two may own its KSSID. */
static bool
overlaps(const uint64_t *a, const uint64_t *b)
{
	unsigned i;

	for (i = 0; i < KSSID_WORDS; i++)
		if ((a[i] & b[i]) != 0)
			return true;
	return false;
}

/* Used: it alone gives out identifiers of them, until all keys are new. Old:
 * of its lives before this one; nobody does any more. */
static void
claimed_rows(struct show *v, const struct coop *c, const struct coop_id *id)
{
	uint64_t set[KSSID_WORDS];

	coop_sid_claimed(c, id, false, set);
	set_row(v, 8, 29, "KSSID(s) Used", "kssids_used", set);
	coop_sid_claimed(c, id, true, set);
	set_row(v, 8, 29, "Old KSSID(s) Used", "kssids_used_old", set);
}

static void
coop_sids_local(struct show *v, const struct coop *c)
{
	const struct ks_group *k = c->grp;
	const struct coop_peer *p;
	char a[IP4_STRLEN], buf[32];
	bool overlap = false;

	TAILQ_FOREACH(p, &c->peers, link)
		overlap |= overlaps(k->policy->kssids, p->kssids);
	show_text(v, "    Local KS Role: %-10s, Local KS Status: Alive\n",
	    show_coop_role(c));
	show_str(v, "role", show_coop_role(c));
	row(v, 8, 29, "Local Address", "local_address",
	    ip4_str(c->self.addr, a));
	/* what is in use goes with each announcement, once it is known */
	row(v, 8, 29, "Next SID Client Operation", "next_operation",
	    c->synced ? "NOTIFY" : "QUERY");
	row(v, 8, 29, "Re-initializing", "reinitializing", reinitializing(k));
	row(v, 8, 29, "KSSID Overlap", "kssid_overlap",
	    overlap ? "Yes" : "No");
	row(v, 8, 29, "SID Length (Group Size) Cfg", "sid_length_configured",
	    size_text(k->policy->sid_bits, buf));
	row(v, 8, 29, "SID Length (Group Size) Used", "sid_length",
	    size_text(ks_sid_bits(k), buf));
	snprintf(buf, sizeof(buf), "%u", k->sids.kssid);
	row(v, 8, 29, "Current KSSID In-Use", "current_kssid",
	    k->sids.any ? buf : "none");
	set_row(v, 8, 29, "KSSID(s) Assigned", "kssids_assigned",
	    k->policy->kssids);
	claimed_rows(v, c, &c->self);
}

/* What it told. */
static void
coop_sids_peer(struct show *v, const struct coop_peer *p)
{
	const struct ks_group *k = p->coop->grp;
	char a[IP4_STRLEN], buf[32];

	show_object(v, NULL);
	show_text(v, "\n    Peer KS Role: %-10s, Peer KS Status: %s\n",
	    show_coop_peer_role(p), show_coop_peer_status(p));
	show_str(v, "role", show_coop_peer_role(p));
	show_str(v, "status", show_coop_peer_status(p));
	row(v, 8, 29, "Peer Address", "address", ip4_str(p->addr, a));
	if (p->heard != 0) {
		row(v, 8, 29, "KSSID Overlap", "kssid_overlap",
		    overlaps(k->policy->kssids, p->kssids) ? "Yes" : "No");
		if (p->sid_bits != 0)
			row(v, 8, 29, "SID Length (Group Size) Cfg",
			    "sid_length_configured", size_text(p->sid_bits, buf));
		set_row(v, 8, 29, "KSSID(s) Assigned", "kssids_assigned",
		    p->kssids);
		claimed_rows(v, p->coop, &(struct coop_id){ p->addr, p->boot });
	}
	show_close(v);
}

static void
coop_sids(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct show_gdoi_ks_coop_identifier_args *args = arg;
	const struct coop_peer *p;

	show_text(v, "COOP-KS Sender ID (SID) Information for Group %s:\n\n",
	    k->name);
	if (k->coop == NULL) {
		show_text(v, "    *NO* redundancy configured for this group"
		    "\n\n");
		return;
	}
	coop_sids_local(v, k->coop);
	if (args->detail) {
		show_array(v, "peers");
		TAILQ_FOREACH(p, &k->coop->peers, link)
			coop_sids_peer(v, p);
		show_close(v);
	}
	show_text(v, "\n");
}

int
show_gdoi_ks_coop_identifier(struct cli_ctx *ctx,
    const struct show_gdoi_ks_coop_identifier_args *args)
{
	return show_each_ks(ctx, args->group, "", coop_sids, args);
}

/* ---- group member ---- */

static void
current_sids(struct show *v, const struct gm_group *gm, bool counter)
{
	unsigned i;

	show_array(v, "current_sids");
	if (!counter || gm->sid_bits == 0 || gm->nsids == 0) {
		show_text(v, "\n    CURRENT SIDs: None\n");
		show_close(v);
		return;
	}
	show_text(v, "\n    CURRENT SIDs:\n"
	    "      Shared Across Interfaces? : Yes\n");
	for (i = 0; i < gm->nsids; i++) {
		show_text(v, "      SID                       : 0x%X%s\n",
		    gm->sids[i], i + 1 == gm->sid_next ? " (in use)" :
		    i + 1 < gm->sid_next ? " (used up)" : " (reserve)");
		show_uint(v, NULL, gm->sids[i]);
	}
	show_close(v);
}

static void
gm_sids(struct show *v, const struct gm_group *gm, const void *arg)
{
	const struct show_gdoi_gm_identifier_args *args = arg;
	bool counter = false, other = false;
	char buf[32], a[IP4_STRLEN];
	const struct gm_tek *t;
	uint32_t life = 0;

	TAILQ_FOREACH(t, &gm->teks, link) {
		if (esp_is_aead(&t->t.transform))
			counter = true;
		else
			other = true;
		life = t->life > life ? t->life : life;
	}
	show_text(v, "GM Sender ID (SID) Information for Group %s:\n\n"
	    "  Group Member: %-15s vrf: None\n", gm->name,
	    ip4_str(gm->addr, a));
	show_ip4(v, "address", gm->addr);
	row(v, 4, 32, "Transform Mode", "transform_mode",
	    mode_text(counter, other));
	snprintf(buf, sizeof(buf), "%u", counter ? gm->sids_asked : 0);
	row(v, 4, 32, "# of SIDs Last Requested", "sids_requested", buf);
	current_sids(v, gm, counter);
	if (args->detail) {
		show_text(v, "\n    NEXT SID REQUEST:\n");
		snprintf(buf, sizeof(buf), "%u sec", life);
		row(v, 6, 30, "TEK Lifetime", "tek_lifetime", buf);
		row(v, 6, 30, "SID Length (Group Size)", "sid_length",
		    size_text(gm->sid_bits != 0 ? gm->sid_bits : 24, buf));
	}
	show_text(v, "\n");
}

int
show_gdoi_gm_identifier(struct cli_ctx *ctx,
    const struct show_gdoi_gm_identifier_args *args)
{
	return show_each_gm(ctx, args->group, "", gm_sids, args);
}
