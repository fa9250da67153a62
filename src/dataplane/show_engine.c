/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show crypto engine connections active, show crypto ipsec sa count: the SAs
 * that process fwd uses, a line each. Those of phase 1 are in `show crypto
 * isakmp sa'.
 */
#include "config.h"

#include <stdio.h>

#include "cli/show.h"
#include "cli_gen.h"
#include "dataplane/engine.h"

/* "AES256+SHA256", "AES-GCM256" */
static const char *
algorithm(const struct esp_transform *t, char *buf, size_t size)
{
	static const char *const ciphers[] = { [ESP_NULL] = "NULL",
		[ESP_DES] = "DES", [ESP_3DES] = "3DES", [ESP_AES_CBC] = "AES",
		[ESP_AES_GCM] = "AES-GCM", [ESP_GMAC] = "AES-GMAC" };
	static const char *const auths[] = { [ESP_AUTH_NONE] = "",
		[ESP_AUTH_MD5] = "+MD5", [ESP_AUTH_SHA1] = "+SHA",
		[ESP_AUTH_SHA256] = "+SHA256", [ESP_AUTH_SHA384] = "+SHA384",
		[ESP_AUTH_SHA512] = "+SHA512" };
	char bits[8] = "";

	if (t->cipher >= ESP_AES_CBC && t->key_bits != 128)
		snprintf(bits, sizeof(bits), "%u", t->key_bits);
	snprintf(buf, size, "%s%s%s", t->cipher < NELEM(ciphers) ?
	    ciphers[t->cipher] : "?", bits, t->auth < NELEM(auths) ?
	    auths[t->auth] : "");
	return buf;
}

/* An SA of a group is used in both ways, and has a number for each. */
static void
connection(struct show *v, const struct sa *sa, bool out)
{
	uint64_t sent = out ? count_read(&sa->sent) : 0;
	uint64_t received = out ? 0 : count_read(&sa->received);
	uint32_t last = out ? sa->seq : sa->win.top;
	uint32_t local = sa->local == 0 && sa->group->policy != NULL ?
	    sa->group->policy->gm_addr : sa->local;
	char text[32], addr[IP4_STRLEN];

	show_text(v, "%5u  IPsec   %-17s %9llu %8llu %8u %s\n",
	    sa_conn(sa, out), algorithm(&sa->transform, text, sizeof(text)),
	    (unsigned long long)sent, (unsigned long long)received, last,
	    ip4_str(local, addr));
	show_object(v, NULL);
	show_uint(v, "connection_id", sa_conn(sa, out));
	show_str(v, "type", "ipsec");
	show_str(v, "algorithm", text);
	show_fmt(v, "spi", "0x%08X", sa->spi);
	show_uint(v, "packets_encrypted", sent);
	show_uint(v, "packets_decrypted", received);
	show_uint(v, "last_sequence", last);
	show_str(v, "address", addr);
	show_close(v);
}

int
show_crypto_engine(struct cli_ctx *ctx,
    const struct show_crypto_engine_args *a UNUSED)
{
	const struct fwd *f = cli_engine(ctx);
	const struct group *g;
	const struct sa *sa;
	struct show v;

	show_begin(&v, ctx);
	show_text(&v, "Crypto Engine Connections\n\n   ID  Type    "
	    "Algorithm           Encrypt  Decrypt LastSeqN IP-Address\n");
	show_array(&v, "connections");
	for (g = f->groups; g != NULL; g = g->next)
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			if (sa->way != SA_WAY_OUT)
				connection(&v, sa, false);
			if (sa->way != SA_WAY_IN)
				connection(&v, sa, true);
		}
	return show_end(&v);
}

int
show_crypto_ipsec_count(struct cli_ctx *ctx,
    const struct show_crypto_ipsec_count_args *a UNUSED)
{
	const struct fwd *f = cli_engine(ctx);
	uint64_t now = f->io.now(f->arg);
	unsigned total = 0, active = 0;
	const struct group *g;
	const struct sa *sa;
	unsigned n;

	for (g = f->groups; g != NULL; g = g->next)
		for (sa = g->sas; sa != NULL; sa = sa->next) {
			n = sa->way == SA_WAY_BOTH ? 2 : 1;
			total += n;
			active += sa->expires > now ? n : 0;
		}
	cli_printf(ctx, "IPsec SA total: %u, active: %u, rekeying: 0, "
	    "unused: 0, invalid: %u\n", total, active, total - active);
	return CLI_DONE;
}
