/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto gdoi ks coop [detail|version], and the Redundancy lines of
 * other shows. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "gdoi/coop.h"
#include "gdoi/show.h"

/* ---- words ---- */

const char *
show_coop_role(const struct coop *c)
{
	return c->role == COOP_PRIMARY ? "Primary" :
	    c->role == COOP_SECONDARY ? "Secondary" : "Unknown";
}

static const struct coop_server *
row_of(const struct coop *c, uint32_t addr)
{
	int i = coop_view_find(c, addr);

	return i >= 0 ? &c->servers[i] : NULL;
}

/* A key server that nobody hears any more has no role. */
const char *
show_coop_peer_role(const struct coop_peer *p)
{
	const struct coop_server *s = row_of(p->coop, p->addr);

	if (s == NULL || !coop_alive(p->coop, p->addr) ||
	    s->role == COOP_UNKNOWN)
		return "Unknown";
	return s->role == COOP_PRIMARY ? "Primary" : "Secondary";
}

const char *
show_coop_peer_status(const struct coop_peer *p)
{
	if (coop_alive(p->coop, p->addr))
		return "Alive";
	return p->heard != 0 || row_of(p->coop, p->addr) != NULL ? "Dead" :
	    "Unknown";
}

static const char *
ike_status(const struct coop_peer *p)
{
	static const char *const names[] = {
		[COOP_IKE_UNINITIALISED] = "Uninitialized",
		[COOP_IKE_IN_PROGRESS] = "In Progress",
		[COOP_IKE_ESTABLISHED] = "Established",
		[COOP_IKE_FAILED] = "Failed",
	};

	return names[p->ike];
}

static const char *
protocol(bool optimize)
{
	return optimize ? "optimize" : "base";
}

/* The number of its last announcement, to whomever. */
static uint32_t
last_sequence(const struct coop *c)
{
	const struct coop_peer *p;
	uint32_t seq = 0;

	TAILQ_FOREACH(p, &c->peers, link)
		if (p->seq_out > seq)
			seq = p->seq_out;
	return seq;
}

/* ---- Redundancy of show crypto gdoi and show crypto gdoi ks ---- */

#define VALUE(name, fmt, ...)                                                 \
	static void name(struct strbuf *sb, const void *p)                    \
	{                                                                     \
		const struct coop *c = p;                                     \
		(void)c;                                                      \
		sb_printf(sb, fmt, __VA_ARGS__);                              \
	}

VALUE(v_configured, "%s", "Configured")
VALUE(v_priority, "%u", c->priority)
VALUE(v_alive, "%s", "Alive")
VALUE(v_role, "%s", show_coop_role(c))
VALUE(v_version, "%s", GDOI_VERSION)
VALUE(v_coop_version, "%s", COOP_VERSION)

static void
v_address(struct strbuf *sb, const void *p)
{
	char a[IP4_STRLEN];

	sb_printf(sb, "%s", ip4_str(((const struct coop *)p)->self.addr, a));
}

static const struct show_field redundancy_fields[] = {
	{ 4, 29, "Redundancy", v_configured, NULL, SHOW_NONE, NULL },
	{ 8, 29, "Local Address", v_address, NULL,
	    SHOW_STR, "local_address" },
	{ 8, 29, "Local Priority", v_priority, NULL, SHOW_UINT, "priority" },
	{ 8, 29, "Local KS Status", v_alive, NULL, SHOW_STR, "status" },
	{ 8, 29, "Local KS Role", v_role, NULL, SHOW_STR, "role" },
	{ 8, 29, "Local KS Version", v_version, NULL, SHOW_STR, "version" },
	{ 8, 29, "Local COOP Version", v_coop_version, NULL,
	    SHOW_STR, "coop_version" },
};

void
show_redundancy(struct show *v, const struct ks_group *k)
{
	if (k->coop == NULL)
		return;
	show_object(v, "redundancy");
	SHOW_FIELDS(v, redundancy_fields, k->coop);
	show_close(v);
}

/* ---- show crypto gdoi ks coop ---- */

static void
print_timers(struct show *v, const struct coop *c)
{
	uint32_t left = c->timer_at == 0 ? 0 :
	    secs_until(c->grp->g, c->timer_at);
	bool blocked = !coop_ready(c->grp);

	if (c->role == COOP_PRIMARY)
		show_text(v, "        Primary Timers: \n"
		    "                Primary Refresh Policy Time: %u\n"
		    "                Remaining Time: %u\n", c->periodic,
		    left);
	else
		show_text(v, "        Secondary Timers: \n"
		    "                Sec Primary Periodic Time: %u\n"
		    "                Remaining Time: %u, Retries: %u\n"
		    "                Invalid ANN PST recvd: %u\n"
		    "                New GM Temporary Blocking Enforced?: %s\n",
		    c->timeout, left, c->retries, c->bad_pseudotime,
		    blocked ? "Yes" : "No");
	show_text(v, "                Antireplay Sequence Number: %u\n",
	    last_sequence(c));
	show_uint(v, "announcement_period_seconds", c->periodic);
	show_uint(v, "primary_timeout_seconds", c->timeout);
	show_uint(v, "retransmit_seconds", c->retransmit);
	show_uint(v, "remaining_seconds", left);
	show_uint(v, "retries", c->retries);
	show_uint(v, "invalid_pseudotimes", c->bad_pseudotime);
	show_bool(v, "registrations_blocked", blocked);
	show_uint(v, "sequence", last_sequence(c));
}

static void
print_counters(struct show *v, const struct coop_counters *n)
{
	const struct {
		const char *label, *name;
		uint64_t value;
	} t[] = {
		{ "Ann msgs sent", "announcements_sent", n->sent },
		{ "Ann msgs sent with reply request",
		    "announcements_sent_reply_requested", n->sent_reply },
		{ "Ann msgs recv", "announcements_received", n->recv },
		{ "Ann msgs recv with reply request",
		    "announcements_received_reply_requested",
		    n->recv_reply },
		{ "Packet sent drops", "drops_sent", n->sent_drops },
		{ "Packet Recv drops", "drops_received", n->recv_drops },
		{ "Total bytes sent", "bytes_sent", n->bytes_sent },
		{ "Total bytes recv", "bytes_received", n->bytes_recv },
	};
	unsigned i;

	show_text(v, "                Counters:\n");
	for (i = 0; i < NELEM(t); i++) {
		show_text(v, "                    %s: %llu\n", t[i].label,
		    (unsigned long long)t[i].value);
		show_uint(v, t[i].name, t[i].value);
	}
}

/* What it said of itself, if it ever did. */
static void
print_heard(struct show *v, const struct coop_peer *p, bool detail)
{
	const struct coop_server *s = row_of(p->coop, p->addr);

	if (p->heard != 0 && detail)
		show_text(v, "                Peer Version: %s\n"
		    "                Peer COOP version: %s\n"
		    "                COOP Protocol: %s\n", p->gdoi_version,
		    p->coop_version, protocol(p->optimize));
	if (p->heard != 0) {
		show_str(v, "version", p->gdoi_version);
		show_str(v, "coop_version", p->coop_version);
		show_str(v, "protocol", protocol(p->optimize));
	}
	if (s == NULL || s->priority == 0) /* it has said goodbye */
		return;
	show_text(v, "                Peer Priority: %-15u\n", s->priority);
	show_uint(v, "priority", s->priority);
}

static void
print_peer(struct show *v, const struct coop_peer *p, unsigned number,
    bool detail)
{
	const char *role = show_coop_peer_role(p),
		   *status = show_coop_peer_status(p);
	char a[IP4_STRLEN];

	show_text(v, "        Session %u:\n                Server handle: %u\n"
	    "                Peer Address: %s\n", number, p->handle,
	    ip4_str(p->addr, a));
	show_object(v, NULL);
	show_uint(v, "handle", p->handle);
	show_ip4(v, "address", p->addr);
	print_heard(v, p, detail);
	show_text(v, "                Peer KS Role: %-10s, Peer KS Status: %s\n"
	    "                Antireplay Sequence Number: %u\n\n"
	    "                IKE status: %s\n", role, status, p->seq_in,
	    ike_status(p));
	show_str(v, "role", role);
	show_str(v, "status", status);
	show_uint(v, "sequence", p->seq_in);
	show_str(v, "ike_status", ike_status(p));
	print_counters(v, &p->n);
	show_close(v);
}

static void
print_coop(struct show *v, const struct coop *c, bool detail)
{
	const struct coop_peer *p;
	char a[IP4_STRLEN];
	unsigned n = 0;

	show_object(v, "redundancy");
	show_text(v, "\n        Local Address: %s\n"
	    "        Local Priority: %u\n"
	    "        Local KS Role: %-10s, Local KS Status: Alive\n",
	    ip4_str(c->self.addr, a), c->priority, show_coop_role(c));
	if (detail)
		show_text(v, "        Local KS version: %s\n"
		    "        Local COOP version: %s\n", GDOI_VERSION,
		    COOP_VERSION);
	show_str(v, "local_address", a);
	show_uint(v, "priority", c->priority);
	show_str(v, "status", "Alive");
	show_str(v, "role", show_coop_role(c));
	show_str(v, "version", GDOI_VERSION);
	show_str(v, "coop_version", COOP_VERSION);
	show_str(v, "protocol", protocol(c->optimize));
	if (c->primary != 0)
		show_ip4(v, "primary", c->primary);
	print_timers(v, c);
	show_text(v, "        Peer Sessions:\n");
	show_array(v, "peers");
	TAILQ_FOREACH(p, &c->peers, link)
		print_peer(v, p, ++n, detail);
	show_close(v);
	show_close(v);
	show_text(v, "\n");
}

static void
one_coop(struct show *v, const struct ks_group *k, const void *arg)
{
	const struct show_gdoi_ks_coop_args *args = arg;

	show_text(v, "Crypto Gdoi Group Name :%s\n        Group handle: %u, "
	    "Local Key Server handle: %u\n", k->name, k->handle, k->handle);
	show_uint(v, "handle", k->handle);
	if (k->coop != NULL)
		print_coop(v, k->coop, args->detail);
	else
		show_text(v, "        *NO* redundancy configured for this "
		    "group\n\n");
}

int
show_gdoi_ks_coop(struct cli_ctx *ctx,
    const struct show_gdoi_ks_coop_args *args)
{
	return show_each_ks(ctx, args->group, "", one_coop, args);
}

/* All parts of a message have one version here. */
int
show_gdoi_ks_coop_version(struct cli_ctx *ctx,
    const struct show_gdoi_ks_coop_version_args *args)
{
	static const char *const clients[] = { "KS_POLICY_CLIENT",
		"GROUP_MEMBER_CLIENT", "SID_CLIENT" };
	unsigned i;

	if (show_no_group(ctx, args->group))
		return CLI_FAILED;
	cli_printf(ctx, "Cooperative key server infra Version : %s\n",
	    COOP_VERSION);
	for (i = 0; i < NELEM(clients); i++)
		cli_printf(ctx, "Client : %-20s Version : %s\n",
		    clients[i], COOP_VERSION);
	return CLI_DONE;
}
