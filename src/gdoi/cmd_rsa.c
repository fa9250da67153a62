/* SPDX-License-Identifier: BSD-2-Clause
 *
 * crypto key generate|zeroize rsa and show crypto key mypubkey rsa: the
 * dialogues of IOS. Runs in process ike; main keeps the store in a file.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gdoi/cmd.h"

static void
keys_changed(struct gdoi *g)
{
	if (g->io.keys_changed != NULL)
		g->io.keys_changed(g->arg);
}

/* HOST.DOMAIN, as IOS names keys without a label. */
static bool
default_label(struct cli_ctx *ctx, const struct conf *c, char *label,
    size_t size)
{
	if (strcmp(c->hostname, "Router") == 0) {
		cli_printf(ctx, "%% Please define a hostname other than "
		    "Router.\n");
		return false;
	}
	if (c->domain[0] == '\0') {
		cli_printf(ctx, "%% Please define a domain-name first.\n");
		return false;
	}
	if ((size_t)snprintf(label, size, "%s.%s", c->hostname, c->domain) <
	    size)
		return true;
	cli_printf(ctx, "%% HOSTNAME.DOMAIN is too long for a label.\n");
	return false;
}

/* ---- crypto key generate rsa ---- */

struct keygen {
	char label[SA_NAME_MAX];
	unsigned flags; /* enum rsa_flag */
	bool replace;	/* it was asked for */
	unsigned bits;
	uint64_t start;
	struct cli_ctx *ctx; /* NULL: nobody waits for it any more */
	struct gdoi *g;
	volatile bool stop;
	void *pkey;
};

#define REPLACE "% Do you really want to replace them? [yes/no]: "
#define HOW_MANY "How many bits in the modulus [1024]: "
#define BITS_DEFAULT 1024

static void ask_bits(struct cli_ctx *, struct keygen *);

void
cmd_key_added(struct gdoi *g, const struct rsa_key *k, bool replaced)
{
	ike_log(g->ike, replaced ? LOG_KEY_REPLACE : LOG_KEY_ADDITION,
	    k->label);
	if (k->bits < RSA_BITS_WEAK)
		ike_log(g->ike, LOG_SYS_WEAK,
		    "an RSA key of less than 2048 bits");
	keys_changed(g);
}

static void
generate_work(void *arg)
{
	struct keygen *k = arg;

	k->pkey = rsa_make(k->bits, &k->stop);
}

bool
cmd_key_room(struct cli_ctx *ctx, const char *label, bool replace)
{
	const struct gdoi *g = cmd_gdoi(ctx);
	const struct rsa_key *k;
	unsigned n = 0;

	if (rsa_find(g->rsa, label) != NULL) {
		if (!replace)
			cli_printf(ctx, "%% You already have RSA keys defined"
			    " named %s.\n", label);
		return replace;
	}
	for (k = rsa_first(g->rsa); k != NULL; k = k->next)
		n++;
	if (n < RSA_KEYS_MAX)
		return true;
	cli_printf(ctx, "%% There are %u RSA key pairs, no more are kept.\n",
	    n);
	return false;
}

/* Meanwhile another session may have made a key of this name. */
static enum cli_status
keep(struct keygen *k)
{
	uint64_t ms = time_mono_ms() - k->start;
	bool replaced = rsa_find(k->g->rsa, k->label) != NULL;
	const struct rsa_key *key;

	if (!cmd_key_room(k->ctx, k->label, k->replace)) {
		rsa_forget(k->pkey);
		free(k);
		return CLI_FAILED;
	}
	key = rsa_add(k->g->rsa, k->label, k->pkey, k->flags,
	    time_wall_us() / 1000000);
	if (key == NULL)
		fatal("RSA key of %u bits", k->bits);
	cli_printf(k->ctx, "[OK] (elapsed time was %u seconds)\n\n",
	    (unsigned)((ms + 999) / 1000));
	cmd_key_added(k->g, key, replaced);
	free(k);
	return CLI_DONE;
}

static void
generate_done(void *arg)
{
	struct keygen *k = arg;
	struct cli_ctx *ctx = k->ctx;

	if (ctx == NULL || k->pkey == NULL) {
		rsa_forget(k->pkey);
		free(k);
		return;
	}
	cli_done(ctx, keep(k));
}

/* The thread ends in its own time; nothing of it is kept. */
static void
generate_abort(struct cli_ctx *ctx, void *arg)
{
	struct keygen *k = arg;

	k->stop = true;
	k->ctx = NULL;
	cli_printf(ctx, "[stopped]\n\n");
	cli_done(ctx, CLI_FAILED);
}

/* One that only begins is repeated by its peer until it is answered. */
static bool
any_established(const struct gdoi *g)
{
	const struct ike_sa *sa;

	TAILQ_FOREACH(sa, &g->ike->sas, link)
		if (sa->state == IKE_IDLE)
			return true;
	return false;
}

/*
 * Beside the exchanges, which go on. A line of a file, before there is any
 * exchange, is waited for: what follows in the file may need the key, and
 * members that register before it is there get no rekeys.
 */
static enum cli_status
generate(struct cli_ctx *ctx, struct keygen *k)
{
	struct gdoi *g = cmd_gdoi(ctx);

	cli_printf(ctx, "\n%% The key modulus size is %u bits\n%% Generating"
	    " %u bit RSA keys, keys will be %s...", k->bits, k->bits,
	    k->flags & RSA_EXPORTABLE ? "exportable" : "non-exportable");
	k->start = time_mono_ms();
	k->ctx = ctx;
	k->g = g;
	if (g->io.background == NULL ||
	    (cli_unattended(ctx) && !any_established(g))) {
		generate_work(k);
		return keep(k);
	}
	cli_on_abort(ctx, generate_abort, k);
	gdoi_background(g, generate_work, generate_done, k);
	return CLI_PENDING;
}

/* Behind a question. */
static void
generate_now(struct cli_ctx *ctx, struct keygen *k)
{
	enum cli_status st = generate(ctx, k);

	if (st != CLI_PENDING)
		cli_done(ctx, st);
}

/* Who leaves at a question takes nothing that was offered. */
static void
question_abort(struct cli_ctx *ctx, void *arg)
{
	free(arg);
	cli_done(ctx, CLI_FAILED);
}

static bool
bits_ok(struct cli_ctx *ctx, unsigned bits)
{
	if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
		return true;
	cli_printf(ctx, "%% A modulus has %u to %u bits.\n", RSA_BITS_MIN,
	    RSA_BITS_MAX);
	return false;
}

static void
bits_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct keygen *k = arg;
	char *end;
	unsigned long n = strtoul(answer, &end, 10);

	if (answer[0] == '\0')
		n = BITS_DEFAULT;
	else if (*end != '\0' || n > RSA_BITS_MAX)
		n = 0;
	if (!bits_ok(ctx, (unsigned)n)) {
		ask_bits(ctx, k);
		return;
	}
	k->bits = (unsigned)n;
	generate_now(ctx, k);
}

static void
ask_bits(struct cli_ctx *ctx, struct keygen *k)
{
	cli_printf(ctx, "Choose the size of the key modulus in the range of "
	    "%u to %u for your\n  General Purpose Keys. Choosing a key modulus"
	    " greater than 512 may take\n  a few minutes.\n\n", RSA_BITS_MIN,
	    RSA_BITS_MAX);
	cli_ask(ctx, CLI_ASK_LINE, HOW_MANY, bits_answer, k);
}

static void
replace_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct keygen *k = arg;

	switch (cmd_yes(answer)) {
	case -1:
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_LINE, REPLACE, replace_answer, k);
		return;
	case 0:
		free(k);
		cli_done(ctx, CLI_DONE);
		return;
	}
	if (k->bits == 0) {
		ask_bits(ctx, k);
		return;
	}
	generate_now(ctx, k);
}

int
exec_key_generate_rsa(struct cli_ctx *ctx,
    const struct exec_key_generate_rsa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct keygen *k = xcalloc(1, sizeof(*k));

	k->bits = args->modulus;
	k->flags = (args->exportable ? RSA_EXPORTABLE : 0u) |
	    (args->redundancy ? RSA_REDUNDANCY : 0u) |
	    (args->signature ? RSA_SIGNATURE : 0u) |
	    (args->encryption ? RSA_ENCRYPTION : 0u);
	if (args->usage)
		cmd_usage_note(ctx);
	str_copy(k->label, args->label, sizeof(k->label));
	if ((k->bits != 0 && !bits_ok(ctx, k->bits)) ||
	    (k->label[0] == '\0' &&
	    !default_label(ctx, g->conf, k->label, sizeof(k->label)))) {
		free(k);
		return CLI_FAILED;
	}
	cli_on_abort(ctx, question_abort, k);
	if (rsa_find(g->rsa, k->label) != NULL) {
		k->replace = true;
		cli_printf(ctx, "%% You already have RSA keys defined named "
		    "%s.\n", k->label);
		cli_ask(ctx, CLI_ASK_LINE, REPLACE, replace_answer, k);
		return CLI_PENDING;
	}
	if (!cmd_key_room(ctx, k->label, false)) {
		free(k);
		return CLI_FAILED;
	}
	cli_printf(ctx, "The name for the keys will be: %s\n", k->label);
	if (k->bits == 0) {
		ask_bits(ctx, k);
		return CLI_PENDING;
	}
	return generate(ctx, k);
}

/* ---- crypto key zeroize rsa ---- */

#define REMOVE "Do you really want to remove these keys? [yes/no]: "

static void
zeroize(struct gdoi *g, const char *label)
{
	struct rsa_key *k, *next;
	char name[SA_NAME_MAX];

	for (k = rsa_first(g->rsa); k != NULL; k = next) {
		next = k->next;
		if (label[0] != '\0' && strcmp(label, k->label) != 0)
			continue;
		str_copy(name, k->label, sizeof(name));
		(void)rsa_remove(g->rsa, name);
		ike_log(g->ike, LOG_KEY_DELETED, name);
	}
	keys_changed(g);
}

static void
remove_answer(struct cli_ctx *ctx, void *arg, const char *answer)
{
	char *label = arg;

	switch (cmd_yes(answer)) {
	case -1:
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_LINE, REMOVE, remove_answer, label);
		return;
	case 1:
		zeroize(cmd_gdoi(ctx), label);
		break;
	}
	free(label);
	cli_done(ctx, CLI_DONE);
}

int
exec_key_zeroize_rsa(struct cli_ctx *ctx,
    const struct exec_key_zeroize_rsa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);

	if (rsa_first(g->rsa) == NULL || (args->label[0] != '\0' &&
	    rsa_find(g->rsa, args->label) == NULL)) {
		cli_printf(ctx, "%% No Signature RSA Keys found in "
		    "configuration.\n");
		return CLI_FAILED;
	}
	if (args->label[0] != '\0')
		cli_printf(ctx, "%% Keys to be removed are named '%s'.\n",
		    args->label);
	else
		cli_printf(ctx, "%% All keys will be removed.\n");
	cli_printf(ctx, "%% All router certs issued using these keys will also"
	    " be removed.\n");
	cli_ask(ctx, CLI_ASK_LINE, REMOVE, remove_answer,
	    xstrdup(args->label));
	return CLI_PENDING;
}

/* ---- show crypto key mypubkey rsa ---- */

const char *
cmd_key_usage(const struct rsa_key *k)
{
	return k->flags & RSA_SIGNATURE ? "Signature Key" :
	    k->flags & RSA_ENCRYPTION ? "Encryption Key" :
	    "General Purpose Key";
}

void
cmd_usage_note(struct cli_ctx *ctx)
{
	cli_printf(ctx, "%% One key pair is used for signing and for "
	    "encryption.\n");
}

static void
print_key(struct cli_ctx *ctx, const struct rsa_key *k)
{
	time_t made = (time_t)k->made;
	char when[64];
	struct tm tm;
	size_t i;

	gmtime_r(&made, &tm);
	strftime(when, sizeof(when), "%H:%M:%S UTC %b %e %Y", &tm);
	cli_printf(ctx, "%% Key pair was generated at: %s\nKey name: %s\n"
	    "Key type: RSA KEYS\n Storage Device: private-config\n"
	    " Usage: %s\n Key is %s.%s\n Key Data:", when, k->label,
	    cmd_key_usage(k), k->flags & RSA_EXPORTABLE ? "exportable" :
	    "not exportable", k->flags & RSA_REDUNDANCY ?
	    " Redundancy enabled." : "");
	for (i = 0; i < k->pub_len; i++) {
		if (i % 32 == 0)
			cli_printf(ctx, "\n  ");
		cli_printf(ctx, "%02X", k->pub[i]);
		if (i % 4 == 3 || i + 1 == k->pub_len)
			cli_printf(ctx, " ");
	}
	cli_printf(ctx, "\n");
}

int
show_crypto_key_rsa(struct cli_ctx *ctx,
    const struct show_crypto_key_rsa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct rsa_key *k;

	for (k = rsa_first(g->rsa); k != NULL; k = k->next)
		if (args->label[0] == '\0' ||
		    strcmp(args->label, k->label) == 0)
			print_key(ctx, k);
	return CLI_DONE;
}
