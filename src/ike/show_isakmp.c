/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto isakmp sa [detail | nat | count] and peers, of all instances of
 * phase 1. Runs in process ike.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli_gen.h"
#include "ike/cmd.h"

void
show_hms(struct strbuf *sb, uint32_t s)
{
	sb_printf(sb, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
}

const char *
ike_capabilities(const struct ike_sa *sa, char *buf)
{
	snprintf(buf, 8, "%s%s", sa->peer_dpd && ike_keepalive(sa).secs != 0 ?
	    "D" : "", sa->nat_local || sa->nat_remote ? "N" : "");
	return buf;
}

/* ---- show crypto isakmp sa ---- */


static const char *
cipher_name(uint8_t c)
{
	return c == IKE_AES ? "aes" : c == IKE_3DES ? "3des" : "des";
}

static const char *
hash_name(uint8_t h)
{
	switch (h) {
	case IKE_MD5:
		return "md5";
	case IKE_SHA256:
		return "sha256";
	case IKE_SHA384:
		return "sha384";
	case IKE_SHA512:
		return "sha512";
	default:
		return "sha";
	}
}

static uint32_t
life_left(const struct ike_sa *sa)
{
	uint64_t now = ike_now(sa->ike);

	return sa->expires > now ? (uint32_t)((sa->expires - now) / 1000) : 0;
}

void
show_isakmp_row(struct show *v, uint32_t dst, uint32_t src, const char *state,
    uint32_t conn_id)
{
	char d[IP4_STRLEN], s[IP4_STRLEN];

	show_text(v, "%-16s%-16s%-15s%7u ACTIVE\n", ip4_str(dst, d),
	    ip4_str(src, s), state, conn_id);
	show_object(v, NULL);
	show_str(v, "destination", d);
	show_str(v, "source", s);
	show_str(v, "state", state);
	show_uint(v, "connection_id", conn_id);
}

static void
sa_row_detail(struct show *v, const struct ike_sa *sa)
{
	char l[IP4_STRLEN], r[IP4_STRLEN], cap[8];
	struct strbuf life = { 0 };

	show_hms(&life, life_left(sa));
	show_text(v, "%-5u %-15s %-15s %-6s %-6s %-4s %-6s %-4s %-2u "
	    "%-8s %s\n       Engine-id:Conn-id =  SW:%u\n\n", sa->conn_id,
	    ip4_str(sa->local.addr, l), ip4_str(sa->remote.addr, r), "",
	    "ACTIVE", cipher_name(sa->suite.cipher), hash_name(sa->suite.hash),
	    "psk", sa->suite.group, life.s,
	    ike_capabilities(sa, cap), sa->conn_id - 1000);
	sb_free(&life);
}

/* What detail and plain rows both have of a phase 1 SA in JSON. */
static void
sa_members(struct show *v, const struct ike_sa *sa)
{
	show_ip4(v, "local", sa->local.addr);
	show_ip4(v, "remote", sa->remote.addr);
	show_str(v, "role", sa->initiator ? "initiator" : "responder");
	if (sa->state != IKE_IDLE)
		return; /* nothing is agreed on yet */
	show_str(v, "encryption", cipher_name(sa->suite.cipher));
	show_str(v, "hash", hash_name(sa->suite.hash));
	show_str(v, "authentication", "psk");
	show_uint(v, "dh_group", sa->suite.group);
	show_uint(v, "lifetime_remaining_seconds",
	    life_left(sa));
	show_bool(v, "dead_peer_detection",
	    sa->peer_dpd && ike_keepalive(sa).secs != 0);
	show_bool(v, "nat_traversal", sa->nat_local || sa->nat_remote);
	show_bool(v, "local_behind_nat", sa->nat_local);
	show_bool(v, "remote_behind_nat", sa->nat_remote);
}

static void
sa_row_nat(struct show *v, const struct ike_sa *sa)
{
	char local[IP4_STRLEN], remote[IP4_STRLEN];

	show_text(v, "%-15s %-5u %-15s %-5u %7u %s\n",
	    ip4_str(sa->local.addr, local), sa->local.port,
	    ip4_str(sa->remote.addr, remote), sa->remote.port, sa->conn_id,
	    sa->nat_local && sa->nat_remote ? "both" : sa->nat_local ?
	    "local" : sa->nat_remote ? "remote" : "none");
}

static void
sas_of(struct show *v, struct ike *ike, bool detail, bool nat)
{
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &ike->sas, link) {
		if (nat && !show_is_json(v)) {
			if (sa->state == IKE_IDLE)
				sa_row_nat(v, sa);
			continue;
		}
		if (detail && !show_is_json(v)) {
			if (sa->state == IKE_IDLE)
				sa_row_detail(v, sa);
			continue;
		}
		show_isakmp_row(v,
		    sa->initiator ? sa->remote.addr : sa->local.addr,
		    sa->initiator ? sa->local.addr : sa->remote.addr,
		    ike_state_name(sa), sa->conn_id);
		sa_members(v, sa);
		show_close(v);
	}
	if (ike->doi->show_more != NULL && ((!detail && !nat) ||
	    show_is_json(v)))
		ike->doi->show_more(ike, v);
}

int
show_crypto_isakmp_sa(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_sa_args *args)
{
	const struct ike_engines *e = cli_engine(ctx);
	struct show v;
	unsigned i;

	show_begin(&v, ctx);
	show_text(&v, "IPv4 Crypto ISAKMP SA\n");
	if (args->detail)
		show_text(&v, "C-id  Local           Remote          I-VRF"
		    "  Status Encr Hash   Auth DH Lifetime Cap.\n\n");
	else if (args->nat)
		show_text(&v, "Local           Port  Remote          Port  "
		    "Conn-id NAT\n\n");
	else
		show_text(&v, "%-16s%-16s%-15s%s\n", "dst", "src", "state",
		    "conn-id status");
	show_array(&v, "ipv4_sas");
	for (i = 0; i < ENGINE_COUNT; i++)
		if (e->ike[i] != NULL)
			sas_of(&v, e->ike[i], args->detail, args->nat);
	show_close(&v);
	show_text(&v, "\nIPv6 Crypto ISAKMP SA\n\n");
	return show_end(&v);
}

/* ---- show crypto isakmp peers, show crypto isakmp sa count ---- */

static bool
shown_before(const struct ike *ike, const struct ike_sa *sa)
{
	const struct ike_sa *o;

	TAILQ_FOREACH(o, &ike->sas, link) {
		if (o == sa)
			return false;
		if (o->state == IKE_IDLE &&
		    o->remote.addr == sa->remote.addr &&
		    o->remote.port == sa->remote.port &&
		    o->local.addr == sa->local.addr)
			return true;
	}
	return false;
}

static void
peers_of(struct cli_ctx *ctx, const struct ike *ike)
{
	char local[IP4_STRLEN], remote[IP4_STRLEN], id[IKE_ID_STRLEN];
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &ike->sas, link) {
		if (sa->state != IKE_IDLE || shown_before(ike, sa))
			continue;
		cli_printf(ctx, "Peer: %s Port: %u Local: %s\n",
		    ip4_str(sa->remote.addr, remote), sa->remote.port,
		    ip4_str(sa->local.addr, local));
		cli_printf(ctx, " Phase1 id: %s\n",
		    ike_id_str(&sa->peer_id, id));
		if (sa->profile[0] != '\0')
			cli_printf(ctx, " Profile: %s\n", sa->profile);
	}
}

int
show_crypto_isakmp_peers(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_peers_args *args UNUSED)
{
	const struct ike_engines *e = cli_engine(ctx);
	unsigned i;

	for (i = 0; i < ENGINE_COUNT; i++)
		if (e->ike[i] != NULL)
			peers_of(ctx, e->ike[i]);
	return CLI_DONE;
}

int
show_crypto_isakmp_count(struct cli_ctx *ctx,
    const struct show_crypto_isakmp_count_args *args UNUSED)
{
	const struct ike_engines *e = cli_engine(ctx);
	unsigned active = 0, negotiated = 0, i;
	const struct ike_sa *sa;

	for (i = 0; i < ENGINE_COUNT; i++) {
		if (e->ike[i] == NULL)
			continue;
		TAILQ_FOREACH(sa, &e->ike[i]->sas, link)
			*(sa->state == IKE_IDLE ? &active : &negotiated) += 1;
	}
	cli_printf(ctx,
	    "Active ISAKMP SA's: %u\n\n"
	    "Standby ISAKMP SA's: 0\n\n"
	    "Currently being negotiated ISAKMP SA's: %u\n\n"
	    "Dead ISAKMP SA's: 0\n\n", active, negotiated);
	return CLI_DONE;
}
