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
	bool exportable, replace;
	unsigned bits;
};

#define REPLACE "% Do you really want to replace them? [yes/no]: "
#define HOW_MANY "How many bits in the modulus [1024]: "
#define BITS_DEFAULT 1024

static void ask_bits(struct cli_ctx *, struct keygen *);

static void
generate(struct cli_ctx *ctx, const struct keygen *k)
{
	struct gdoi *g = cli_engine(ctx);
	uint64_t start = time_mono_ms(), ms;

	cli_printf(ctx, "\n%% The key modulus size is %u bits\n%% Generating"
	    " %u bit RSA keys, keys will be %s...", k->bits, k->bits,
	    k->exportable ? "exportable" : "non-exportable");
	(void)rsa_generate(g->rsa, k->label, k->bits, k->exportable,
	    time_wall_us() / 1000000);
	ms = time_mono_ms() - start;
	cli_printf(ctx, "[OK] (elapsed time was %u seconds)\n\n",
	    (unsigned)((ms + 999) / 1000));
	ike_log(g->ike, k->replace ? LOG_KEY_REPLACE : LOG_KEY_ADDITION,
	    k->label);
	if (k->bits < RSA_BITS_WEAK)
		ike_log(g->ike, LOG_SYS_WEAK, "an RSA key of less than 2048 bits");
	keys_changed(g);
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
	generate(ctx, k);
	free(k);
	cli_done(ctx, CLI_DONE);
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
	generate(ctx, k);
	free(k);
	cli_done(ctx, CLI_DONE);
}

int
exec_key_generate_rsa(struct cli_ctx *ctx,
    const struct exec_key_generate_rsa_args *args)
{
	struct gdoi *g = cli_engine(ctx);
	struct keygen *k = xcalloc(1, sizeof(*k));

	k->bits = args->modulus;
	k->exportable = args->exportable;
	str_copy(k->label, args->label, sizeof(k->label));
	if ((k->bits != 0 && !bits_ok(ctx, k->bits)) ||
	    (k->label[0] == '\0' &&
	    !default_label(ctx, g->conf, k->label, sizeof(k->label)))) {
		free(k);
		return CLI_FAILED;
	}
	k->replace = rsa_find(g->rsa, k->label) != NULL;
	if (k->replace) {
		cli_printf(ctx, "%% You already have RSA keys defined named "
		    "%s.\n", k->label);
		cli_ask(ctx, CLI_ASK_LINE, REPLACE, replace_answer, k);
		return CLI_PENDING;
	}
	cli_printf(ctx, "The name for the keys will be: %s\n", k->label);
	if (k->bits == 0) {
		ask_bits(ctx, k);
		return CLI_PENDING;
	}
	generate(ctx, k);
	free(k);
	return CLI_DONE;
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
		zeroize(cli_engine(ctx), label);
		break;
	}
	free(label);
	cli_done(ctx, CLI_DONE);
}

int
exec_key_zeroize_rsa(struct cli_ctx *ctx,
    const struct exec_key_zeroize_rsa_args *args)
{
	struct gdoi *g = cli_engine(ctx);

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
	    "Key type: RSA KEYS        %u bits\n"
	    " Storage Device: private-config\n"
	    " Usage: General Purpose Key\n Key is %s.\n Key Data:", when,
	    k->label, k->bits, k->exportable ? "exportable" :
	    "not exportable");
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
	struct gdoi *g = cli_engine(ctx);
	const struct rsa_key *k;

	for (k = rsa_first(g->rsa); k != NULL; k = k->next)
		if (args->label[0] == '\0' ||
		    strcmp(args->label, k->label) == 0)
			print_key(ctx, k);
	return CLI_DONE;
}
