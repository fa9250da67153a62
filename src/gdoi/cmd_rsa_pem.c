/* SPDX-License-Identifier: BSD-2-Clause
 *
 * crypto key export|import rsa: PEM on the terminal or in files that main
 * has, with the dialogues of IOS. The passphrase comes by a descriptor, what
 * is pasted or read too (CLI_ASK_PRIVATE, CLI_ASK_READ); a private key is
 * encrypted before it leaves this process. Runs in process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/cmd.h"

#define PASS_MIN 8u
#define PASS_MAX 128
#define URL_MAX 141
#define PEM_MAX 32768

struct pem_cmd {
	char label[SA_NAME_MAX], pass[PASS_MAX], url[URL_MAX];
	unsigned flags; /* enum rsa_flag, of an import */
	bool private;	/* which half it is about */
	bool ended, full;
	bool replace; /* it was asked for */
	struct strbuf pub, priv;
	/* of the background */
	void *pkey;
	const char *why;
	struct gdoi *g;
	struct cli_ctx *ctx; /* NULL: nobody waits for it any more */
};

static void
wipe(struct strbuf *sb)
{
	if (sb->s != NULL)
		explicit_bzero(sb->s, sb->cap);
	sb_free(sb);
}

static void
pem_free(struct pem_cmd *c)
{
	wipe(&c->pub);
	wipe(&c->priv);
	rsa_forget(c->pkey);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static void
pem_end(struct cli_ctx *ctx, struct pem_cmd *c, enum cli_status st)
{
	pem_free(c);
	cli_done(ctx, st);
}

/* ---- crypto key export rsa ---- */

static void
pem_aborted(struct cli_ctx *ctx, void *arg)
{
	pem_end(ctx, arg, CLI_FAILED);
}

/* NAME.pub and NAME.prv: main has the files, and asks for their names. */
static void
ask_file(struct cli_ctx *ctx, struct pem_cmd *c, const struct strbuf *text,
    void (*fn)(struct cli_ctx *, void *, const char *))
{
	char *what = xasprintf("%s %s %s%s%s", c->url, c->label,
	    c->private ? ".prv" : ".pub", text != NULL ? "\n" : "",
	    text != NULL ? text->s : "");

	cli_ask(ctx, text != NULL ? CLI_ASK_WRITE : CLI_ASK_READ, what, fn,
	    c);
	free(what);
}

static void
wrote(struct cli_ctx *ctx, void *arg, const char *answer UNUSED)
{
	struct pem_cmd *c = arg;

	if (!c->private) {
		c->private = true;
		cli_printf(ctx, "Exporting private key...\n");
		ask_file(ctx, c, &c->priv, wrote);
		return;
	}
	ike_log(c->g->ike, LOG_KEY_EXPORTED, c->label);
	pem_end(ctx, c, CLI_DONE);
}

static enum cli_status
export_url(struct cli_ctx *ctx, const struct rsa_key *k, const char *url,
    struct strbuf *pub, struct strbuf *priv)
{
	struct pem_cmd *c = xcalloc(1, sizeof(*c));

	c->g = cmd_gdoi(ctx);
	str_copy(c->label, k->label, sizeof(c->label));
	str_copy(c->url, url, sizeof(c->url));
	c->pub = *pub;
	c->priv = *priv;
	cli_on_abort(ctx, pem_aborted, c);
	cli_printf(ctx, "%% Key name: %s\n   Usage: %s\nExporting public key"
	    "...\n", k->label, cmd_key_usage(k));
	ask_file(ctx, c, &c->pub, wrote);
	return CLI_PENDING;
}

int
exec_key_export_rsa(struct cli_ctx *ctx,
    const struct exec_key_export_rsa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	const struct rsa_key *k = rsa_find(g->rsa, args->label);
	struct strbuf pub = { 0 }, priv = { 0 };

	if (k == NULL) {
		cli_printf(ctx, "%% Error: no RSA key pair is named '%s'.\n",
		    args->label);
		return CLI_FAILED;
	}
	if (!(k->flags & RSA_EXPORTABLE)) {
		cli_printf(ctx, "%% Error: key pair '%s' is not exportable.\n",
		    args->label);
		return CLI_FAILED;
	}
	if (strlen(args->pass) < PASS_MIN) {
		cli_printf(ctx, "%% Error: a passphrase has at least %u "
		    "characters.\n", PASS_MIN);
		return CLI_FAILED;
	}
	rsa_pem_public(k, &pub);
	if (!rsa_pem_private(k, args->des3 ? RSA_WRAP_3DES : RSA_WRAP_AES,
	    args->pass, &priv))
		fatal("OpenSSL: key %s cannot be encrypted", k->label);
	if (args->url[0] != '\0')
		return export_url(ctx, k, args->url, &pub, &priv);
	cli_printf(ctx, "%% Key name: %s\n   Usage: %s\n   Key data:\n%s%s",
	    k->label, cmd_key_usage(k), pub.s, priv.s);
	sb_free(&pub);
	sb_free(&priv);
	ike_log(g->ike, LOG_KEY_EXPORTED, k->label);
	return CLI_DONE;
}

/* ---- crypto key import rsa ---- */

static void
import_work(void *arg)
{
	struct pem_cmd *c = arg;

	c->pkey = rsa_pem_read(c->pub.s != NULL ? c->pub.s : "",
	    c->priv.s != NULL ? c->priv.s : "", c->pass, &c->why);
}

static void
keep(struct cli_ctx *ctx, struct pem_cmd *c)
{
	bool replaced = rsa_find(c->g->rsa, c->label) != NULL;
	const struct rsa_key *k;

	k = rsa_add(c->g->rsa, c->label, c->pkey, c->flags,
	    time_wall_us() / 1000000);
	if (k == NULL)
		fatal("an RSA key that was looked at");
	c->pkey = NULL;
	cli_printf(ctx, "%% Key pair import succeeded.\n");
	cmd_key_added(c->g, k, replaced);
	pem_end(ctx, c, CLI_DONE);
}

static void
import_done(void *arg)
{
	struct pem_cmd *c = arg;
	struct cli_ctx *ctx = c->ctx;

	if (ctx == NULL) {
		pem_free(c);
	} else if (c->pkey == NULL) {
		cli_printf(ctx, "%% Error: key pair import failed: %s.\n",
		    c->why);
		pem_end(ctx, c, CLI_FAILED);
	} else if (!cmd_key_room(ctx, c->label, c->replace)) {
		pem_end(ctx, c, CLI_FAILED);
	} else {
		keep(ctx, c);
	}
}

/* The thread ends in its own time; nothing of it is kept. */
static void
work_aborted(struct cli_ctx *ctx, void *arg)
{
	struct pem_cmd *c = arg;

	c->ctx = NULL;
	cli_done(ctx, CLI_FAILED);
}

/* Numbers are checked and passphrases stretched beside the exchanges: as
 * often as the file demands it. */
static void
import_all(struct cli_ctx *ctx, struct pem_cmd *c)
{
	if (c->full) {
		cli_printf(ctx, "%% Error: key pair import failed: too much"
		    " text.\n");
		pem_end(ctx, c, CLI_FAILED);
		return;
	}
	c->ctx = ctx;
	cli_on_abort(ctx, work_aborted, c);
	gdoi_background(c->g, import_work, import_done, c);
}

static void
take_file(struct cli_ctx *ctx, void *arg, const char *text)
{
	struct pem_cmd *c = arg;

	sb_add(c->private ? &c->priv : &c->pub, text, strlen(text));
	if (c->private) {
		import_all(ctx, c);
	} else if (strstr(text, "-----BEGIN ") == NULL) {
		cli_printf(ctx, "%% Error: key pair import failed: there is"
		    " no public key in PEM form.\n");
		pem_end(ctx, c, CLI_FAILED);
	} else {
		c->private = true;
		cli_printf(ctx, "%% Importing private key PEM file...\n");
		ask_file(ctx, c, NULL, take_file);
	}
}

static void take_line(struct cli_ctx *, void *, const char *);

static void
ask_text(struct cli_ctx *ctx, struct pem_cmd *c)
{
	if (c->url[0] != '\0') {
		cli_printf(ctx, "%% Importing public key or certificate PEM"
		    " file...\n");
		ask_file(ctx, c, NULL, take_file);
		return;
	}
	if (!c->private)
		cli_printf(ctx, "%% Enter PEM-formatted public General Purpose"
		    " key or certificate.\n%% End with a blank line or "
		    "\"quit\" on a line by itself.\n");
	else
		cli_printf(ctx, "%% Enter PEM-formatted encrypted private "
		    "General Purpose key.\n%% End with \"quit\" on a line by "
		    "itself.\n");
	cli_ask(ctx, CLI_ASK_PRIVATE, "", take_line, c);
}

static void
add_line(struct pem_cmd *c, const char *line)
{
	struct strbuf *sb = c->private ? &c->priv : &c->pub;

	if (sb->len + strlen(line) > PEM_MAX)
		c->full = true;
	else
		sb_printf(sb, "%s\n", line);
}

/*
 * The public half ends with quit, with a blank line behind its END, and with
 * the BEGIN of the private one; the private half with quit. A `quit` behind
 * the blank line that ended the public half is that of the public one.
 */
static void
take_line(struct cli_ctx *ctx, void *arg, const char *line)
{
	struct pem_cmd *c = arg;
	const char *p = line + strspn(line, " \t");
	bool quit = strncmp(p, "quit", 4) == 0 &&
	    p[4 + strspn(p + 4, " \t\r")] == '\0';
	bool blank = p[strspn(p, " \t\r")] == '\0';
	bool was = c->private;

	if (!c->private && (quit || (blank && c->ended) ||
	    (strncmp(p, "-----BEGIN", 10) == 0 &&
	    strstr(p, "PRIVATE KEY") != NULL))) {
		c->private = true;
		c->ended = blank;
		if (!quit && !blank)
			add_line(c, line);
		ask_text(ctx, c);
		return;
	}
	if (quit && !(was && c->ended && c->priv.len == 0)) {
		import_all(ctx, c);
		return;
	}
	if (quit)
		c->ended = false;
	else if (!blank)
		add_line(c, line);
	if (!was && strncmp(p, "-----END", 8) == 0)
		c->ended = true;
	cli_ask(ctx, CLI_ASK_PRIVATE, "", take_line, c);
}

#define REPLACE "% Do you really want to replace them? [yes/no]: "

static void
import_replaces(struct cli_ctx *ctx, void *arg, const char *answer)
{
	struct pem_cmd *c = arg;

	switch (cmd_yes(answer)) {
	case -1:
		cli_printf(ctx, "%% Please answer 'yes' or 'no'.\n");
		cli_ask(ctx, CLI_ASK_CONFIRM, REPLACE, import_replaces, c);
		return;
	case 0:
		pem_end(ctx, c, CLI_DONE);
		return;
	}
	c->replace = true;
	ask_text(ctx, c);
}

int
exec_key_import_rsa(struct cli_ctx *ctx,
    const struct exec_key_import_rsa_args *args)
{
	struct gdoi *g = cmd_gdoi(ctx);
	struct pem_cmd *c = xcalloc(1, sizeof(*c));

	c->g = g;
	str_copy(c->label, args->label, sizeof(c->label));
	str_copy(c->url, args->url, sizeof(c->url));
	str_copy(c->pass, args->pass, sizeof(c->pass));
	c->flags = args->exportable ? RSA_EXPORTABLE : 0;
	if (args->usage)
		cmd_usage_note(ctx);
	cli_on_abort(ctx, pem_aborted, c);
	if (rsa_find(g->rsa, c->label) == NULL) {
		if (!cmd_key_room(ctx, c->label, false)) {
			pem_free(c);
			return CLI_FAILED;
		}
		ask_text(ctx, c);
		return CLI_PENDING;
	}
	cli_printf(ctx, "%% You already have RSA keys defined named %s.\n",
	    c->label);
	cli_ask(ctx, CLI_ASK_CONFIRM, REPLACE, import_replaces, c);
	return CLI_PENDING;
}
