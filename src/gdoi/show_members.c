/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi ks members: the database of members, also of those that
 * registered with other key servers of the group. Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "gdoi/show.h"

/* Oldest first, as they came; empty places at the end. */
static void
print_seq(struct show *v, const char *label, const char *name,
    const uint32_t *seq)
{
	uint32_t o[4] = { 0 };
	unsigned i, n = 0;

	for (i = 4; i-- > 0;)
		if (seq[i] != 0)
			o[n++] = seq[i];
	show_text(v, " %s : %-6u%-6u%-6u%-6u\n", label, o[0], o[1], o[2],
	    o[3]);
	show_array(v, name);
	for (i = 0; i < n; i++)
		show_uint(v, NULL, o[i]);
	show_close(v);
}

/* The object of a member, in text nothing. */
static void
member_object(struct show *v, const struct ks_member *m)
{
	show_object(v, NULL);
	show_ip4(v, "address", m->addr);
	show_ip4(v, "key_server", m->owner);
	show_str(v, "version", m->version);
	show_str(v, "state", "registered");
	show_uint(v, "rekeys_sent", m->sent);
	show_uint(v, "rekey_retries", m->retries);
	show_uint(v, "rekey_acks_received", m->acks);
	show_uint(v, "rekey_acks_missed", m->acks_missed);
}

static void
print_member(struct show *v, const struct ks_group *k,
    const struct ks_member *m)
{
	char a[IP4_STRLEN], ks[IP4_STRLEN];
	struct strbuf id = { 0 };

	show_identity(&id, k->id_type, k->id);
	show_text(v, "Group Member ID    : %s  GM Version: %s\n"
	    " Group ID          : %s\n Group Name        : %s\n"
	    " Group Type        : GDOI (ISAKMP)\n"
	    " GM State          : Registered\n"
	    " Key Server ID     : %s\n", ip4_str(m->addr, a), m->version,
	    id.s, k->name, ip4_str(m->owner, ks));
	show_text(v, " Rekeys sent       : %u\n Rekeys retries    : %u\n"
	    " Rekey Acks Rcvd   : %u\n Rekey Acks missed : %u\n\n", m->sent,
	    m->retries, m->acks, m->acks_missed);
	member_object(v, m);
	print_seq(v, "Sent seq num", "sent_sequences", m->sent_seq);
	print_seq(v, "Rcvd seq num", "received_sequences", m->rcvd_seq);
	show_close(v);
	show_text(v, "\n\n");
	sb_free(&id);
}

unsigned
show_members_of(const struct ks_group *k, uint32_t owner)
{
	const struct ks_member *m;
	unsigned n = 0;

	TAILQ_FOREACH(m, &k->members, link)
		n += m->owner == owner;
	return n;
}

/* A key server and those that registered with it. */
static void
print_owner(struct show *v, const struct ks_group *k, uint32_t owner)
{
	const struct ks_member *m;
	char a[IP4_STRLEN];

	show_text(v, "Key Server ID: %s, GMDB state: %s, Group Members: %u\n"
	    "  Member ID     Version      Rekey sent     Rekey Ack missed\n",
	    ip4_str(owner, a), owner != k->addr ? "REDUNDANT" : "LOCAL",
	    show_members_of(k, owner));
	TAILQ_FOREACH(m, &k->members, link) {
		if (m->owner != owner)
			continue;
		show_text(v, "  %-13s %-12s %-15u %u\n", ip4_str(m->addr, a),
		    m->version, m->sent, m->acks_missed);
		member_object(v, m);
		show_close(v);
	}
	show_text(v, "\n");
}

/* The next other key server by address, a peer or one that was; 0: none. */
static uint32_t
other_after(const struct ks_group *k, uint32_t last)
{
	const struct coop_peer *p;
	const struct ks_member *m;
	uint32_t next = UINT32_MAX;

	if (k->coop != NULL)
		TAILQ_FOREACH(p, &k->coop->peers, link)
			if (p->addr > last && p->addr < next)
				next = p->addr;
	TAILQ_FOREACH(m, &k->members, link)
		if (m->owner != k->addr && m->owner > last && m->owner < next)
			next = m->owner;
	return next != UINT32_MAX ? next : 0;
}

static void
print_summary(struct show *v, const struct ks_group *k)
{
	struct strbuf id = { 0 };
	uint32_t owner;

	show_identity(&id, k->id_type, k->id);
	show_text(v, "Group Name: %s, ID: %s, Group Members: %u\n", k->name,
	    id.s, k->nmembers);
	print_owner(v, k, k->addr);
	for (owner = 0; (owner = other_after(k, owner)) != 0;)
		print_owner(v, k, owner);
	show_text(v, "\n");
	sb_free(&id);
}

void
show_ks_members(struct show *v, const struct ks_group *k, uint32_t only)
{
	const struct ks_member *m;
	unsigned n = 0;

	show_array(v, "members");
	TAILQ_FOREACH(m, &k->members, link)
		if (only == 0 || m->addr == only) {
			print_member(v, k, m);
			n++;
		}
	show_close(v);
	if (only != 0 && n == 0)
		show_text(v, "Group Member not Found\n\n");
}

static void
print_head(struct show *v, const struct ks_group *k)
{
	const struct ks_rekey *r = &k->rekey;

	show_text(v, "Number of rekeys sent for group %s : %u\n"
	    "Number of retransmits during the last rekey for group %s : %u\n"
	    "Duration of the last rekey for group %s : %llu msec\n\n",
	    k->name, k->rekeys_sent, k->name, r->retransmits, k->name,
	    (unsigned long long)r->duration);
}

static void
one_members(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct show_gdoi_ks_members_args *args = arg;

	show_uint(v, "member_count", k->nmembers);
	show_uint(v, "rekeys_sent", k->rekeys_sent);
	show_uint(v, "last_rekey_retransmits", k->rekey.retransmits);
	show_uint(v, "last_rekey_milliseconds", k->rekey.duration);
	if (!args->summary) {
		print_head(v, k);
		show_ks_members(v, k, args->member);
		return;
	}
	show_array(v, "members");
	print_summary(v, k);
	show_close(v);
}

int
show_gdoi_ks_members(struct cli_ctx *ctx,
    const struct show_gdoi_ks_members_args *args)
{
	return show_each_ks(ctx, args->group,
	    "\nGroup Member Information : \n\n", one_members, args);
}
