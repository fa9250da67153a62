/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The dialogues about RSA keys when something comes between: who leaves at a
 * question or while work is done in the background, two sessions with one
 * label, a full store; and a key server whose key is too short or replaced.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "cli/cli.h"
#include "cli_gen.h"
#include "ike/engines.h"
#include "net.h"

#define SEC 1000ull

/* ---- a terminal, and a thread that takes its time ---- */

struct term {
	struct strbuf out;
	char prompt[256];
	int asked, status; /* status: -2 as long as it runs */
	struct cli_ctx *ctx;
};

struct job {
	void (*work)(void *);
	void (*done)(void *);
	void *arg;
};

static struct net *n;
static struct node *ks, *gm;
static struct term a, b;
static struct ike_engines engines; /* of the key server */
static struct job jobs[4];
static unsigned njobs;

static void
on_out(void *user, const char *text, size_t len)
{
	sb_add(&((struct term *)user)->out, text, len);
}

static void
on_ask(void *user, enum cli_ask_kind kind, const char *prompt)
{
	struct term *t = user;

	(void)kind;
	t->asked++;
	str_copy(t->prompt, prompt, sizeof(t->prompt));
}

static void
on_done(void *user, enum cli_status st)
{
	((struct term *)user)->status = st;
}

static const struct cli_ctx_ops ops = { on_out, on_ask, on_done };

static void
later(void *arg, void (*work)(void *), void (*done)(void *), void *job)
{
	(void)arg;
	assert_true(njobs < 4);
	jobs[njobs++] = (struct job){ work, done, job };
}

static void
finish(unsigned i)
{
	jobs[i].work(jobs[i].arg);
	jobs[i].done(jobs[i].arg);
}

static void
run(struct term *t, int (*fn)(struct cli_ctx *, const void *),
    const void *args)
{
	int st;

	sb_free(&t->out);
	t->asked = 0;
	t->status = -2;
	t->ctx = cli_ctx_new(&ops, t, &engines);
	st = fn(t->ctx, args);
	if (st == CLI_PENDING)
		return;
	cli_ctx_free(t->ctx);
	t->status = st;
}

static int
generate(struct cli_ctx *c, const void *args)
{
	return exec_key_generate_rsa(c, args);
}

static int
import(struct cli_ctx *c, const void *args)
{
	return exec_key_import_rsa(c, args);
}

static void
make(void)
{
	n = net_new(7);
	ks = net_add_ks(n, KS_ADDR);
	engines.gdoi = ks->g;
	gm = net_add_gm(n, 0);
	ks->g->io.background = later;
	njobs = 0;
	net_apply_all(n);
}

static void
begin(void)
{
	make();
	assert_true(net_until(n, SEC, net_registered));
}

static void
end(void)
{
	sb_free(&a.out);
	sb_free(&b.out);
	net_free(n);
}

static const struct exec_key_generate_rsa_args k512 = { .modulus = 512,
	.label = "K", .exportable = true };

/* ---- who leaves ---- */

static void
left_at_a_question(void **state)
{
	struct exec_key_generate_rsa_args args = { .label = "K" };

	(void)state;
	begin();
	run(&a, generate, &args);
	assert_string_equal(a.prompt, "How many bits in the modulus [1024]: ");
	cli_ctx_abort(a.ctx);
	assert_int_equal(a.status, CLI_FAILED);
	assert_int_equal(njobs, 0); /* what was offered is not taken */
	str_copy(args.label, "KEY", sizeof(args.label));
	run(&a, generate, &args);
	cli_ctx_answer(a.ctx, "yes");
	cli_ctx_abort(a.ctx);
	assert_int_equal(a.status, CLI_FAILED);
	run(&a, generate, &args);
	cli_ctx_abort(a.ctx);
	assert_int_equal(a.status, CLI_FAILED);
	assert_int_equal(njobs, 0);
	assert_int_equal(ks->keys_changed, 0);
	end();
}

static void
left_while_it_is_made(void **state)
{
	(void)state;
	begin();
	run(&a, generate, &k512);
	assert_int_equal(a.status, -2);
	cli_ctx_abort(a.ctx);
	assert_int_equal(a.status, CLI_FAILED);
	finish(0);
	assert_null(rsa_find(ks->g->rsa, "K"));
	end();
}

/* ---- a line of a file ---- */

static bool
half_open(struct net *net)
{
	(void)net;
	return !TAILQ_EMPTY(&ks->g->ike->sas);
}

static void
run_of_file(void)
{
	sb_free(&a.out);
	a.ctx = cli_ctx_new(&ops, &a, &engines);
	cli_ctx_set_unattended(a.ctx);
	a.status = generate(a.ctx, &k512);
	if (a.status != CLI_PENDING)
		cli_ctx_free(a.ctx);
}

static void
of_a_file(void **state)
{
	(void)state;
	make();
	/* a member knocks already: the key is there before it is let in */
	assert_true(net_until(n, SEC, half_open));
	assert_int_not_equal(TAILQ_FIRST(&ks->g->ike->sas)->state, IKE_IDLE);
	run_of_file();
	assert_int_equal(a.status, CLI_DONE);
	assert_int_equal(njobs, 0);
	assert_non_null(rsa_find(ks->g->rsa, "K"));
	end();
	begin(); /* members are served: they are not held up */
	run_of_file();
	assert_int_equal(a.status, CLI_PENDING);
	assert_int_equal(njobs, 1);
	finish(0);
	assert_int_equal(a.status, CLI_DONE);
	end();
}

/* Answers are lines of these texts, then quit. */
static void
paste(struct term *t, const char *pub, const char *priv)
{
	const char *const halves[] = { pub, priv };
	char line[256];
	size_t i, len;

	for (i = 0; i < 2; i++) {
		const char *p = halves[i];

		while (*p != '\0') {
			len = strcspn(p, "\n");
			assert_true(len < sizeof(line));
			memcpy(line, p, len);
			line[len] = '\0';
			p += len + (p[len] == '\n');
			cli_ctx_answer(t->ctx, line);
		}
		cli_ctx_answer(t->ctx, "quit");
	}
}

static void
import_key(struct term *t, const char *label)
{
	struct exec_key_import_rsa_args args = { .exportable = true };
	const struct rsa_key *k = rsa_find(ks->g->rsa, "KEY");
	struct strbuf pub = { 0 }, priv = { 0 };

	str_copy(args.label, label, sizeof(args.label));
	str_copy(args.pass, "long-secret", sizeof(args.pass));
	rsa_pem_public(k, &pub);
	assert_true(rsa_pem_private(k, RSA_WRAP_AES, args.pass, &priv));
	run(t, import, &args);
	if (rsa_find(ks->g->rsa, label) != NULL)
		cli_ctx_answer(t->ctx, "yes");
	paste(t, pub.s, priv.s);
	sb_free(&pub);
	sb_free(&priv);
}

static void
left_while_it_is_looked_at(void **state)
{
	(void)state;
	begin();
	import_key(&a, "K");
	assert_int_equal(njobs, 1);
	cli_ctx_abort(a.ctx);
	assert_int_equal(a.status, CLI_FAILED);
	finish(0);
	assert_null(rsa_find(ks->g->rsa, "K"));
	import_key(&a, "K");
	finish(1);
	assert_int_equal(a.status, CLI_DONE);
	assert_non_null(rsa_find(ks->g->rsa, "K"));
	end();
}

/* What is encrypted though it must not be: OpenSSL would ask for its
 * passphrase at the terminal that the router was started from. */
static void
encrypted(void **state)
{
	static const char head[] = "Proc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
	    "AAAAAAAAAAAAAAAAAAAAAA==\n";
	struct strbuf pub = { 0 }, store = { 0 };
	unsigned long err;
	const char *why;

	(void)state;
	begin();
	/* who would answer: the test, and then the key were only damaged */
	sb_printf(&pub, "-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY"
	    "-----\n", head);
	assert_null(rsa_pem_read(pub.s, "", "long-secret", &why));
	assert_string_equal(why, "the public key is damaged");
	sb_printf(&store, "Key: K\nFlags: -\nMade: 1\n-----BEGIN RSA PRIVATE"
	    " KEY-----\n%s-----END RSA PRIVATE KEY-----\n", head);
	assert_int_equal(gdoi_keys_load(ks->g, store.s, store.len), -1);
	while ((err = ERR_get_error()) != 0) /* nobody was asked */
		assert_int_not_equal(ERR_GET_REASON(err),
		    PEM_R_PROBLEMS_GETTING_PASSWORD);
	assert_non_null(rsa_find(ks->g->rsa, "KEY"));
	sb_free(&pub);
	sb_free(&store);
	end();
}

/* ---- two sessions ---- */

static void
one_label_twice(void **state)
{
	const struct rsa_key *k;

	(void)state;
	begin();
	run(&a, generate, &k512);
	run(&b, generate, &k512);
	finish(0);
	assert_int_equal(a.status, CLI_DONE);
	k = rsa_find(ks->g->rsa, "K");
	assert_non_null(k);
	finish(1); /* nobody was asked whether to replace it */
	assert_int_equal(b.status, CLI_FAILED);
	assert_non_null(strstr(b.out.s,
	    "% You already have RSA keys defined named K."));
	assert_ptr_equal(rsa_find(ks->g->rsa, "K"), k);
	assert_int_equal(ks->logs[LOG_KEY_ADDITION], 1);
	/* the one to replace is gone when the new one is there */
	run(&a, generate, &k512);
	cli_ctx_answer(a.ctx, "yes");
	assert_true(rsa_remove(ks->g->rsa, "K"));
	finish(2);
	assert_int_equal(a.status, CLI_DONE);
	assert_int_equal(ks->logs[LOG_KEY_ADDITION], 2);
	assert_int_equal(ks->logs[LOG_KEY_REPLACE], 0);
	end();
}

static void
full(void **state)
{
	struct strbuf one = { 0 }, all = { 0 };
	unsigned i;

	(void)state;
	begin();
	rsa_store_save(ks->g->rsa, &one);
	for (i = 0; i < RSA_KEYS_MAX; i++)
		sb_printf(&all, "Key: K%u\n%s", i, strchr(one.s, '\n') + 1);
	assert_int_equal(gdoi_keys_load(ks->g, all.s, all.len), 0);
	run(&a, generate, &k512);
	assert_int_equal(a.status, CLI_FAILED);
	assert_non_null(strstr(a.out.s, "% There are 100 RSA key pairs"));
	sb_free(&one);
	sb_free(&all);
	end();
}

/* ---- a key server ---- */

/* 512 bits hold no signature over SHA-512: there is no KEK, and it is said. */
static void
too_short(void **state)
{
	struct gdoi_local *l;

	(void)state;
	n = net_new(8);
	ks = net_add_ks(n, KS_ADDR);
	engines.gdoi = ks->g;
	gm = net_add_gm(n, 0);
	(void)rsa_generate(ks->g->rsa, "KEY", 512, false, 1);
	l = (void *)((struct gdoi_group *)ks->conf->gdoi_groups.first)
	    ->local.first;
	l->rekey_sig_hash = ESP_AUTH_SHA512;
	net_apply_all(n);
	assert_true(net_until(n, SEC, net_registered));
	assert_false(net_gm(gm)->has_kek);
	assert_int_equal(ks->logs[LOG_KS_NO_POLICY], 1);
	assert_non_null(strstr(ks->last[LOG_KS_NO_POLICY], "too short"));
	net_run(n, 7200 * SEC); /* they live by registering again */
	assert_true(net_registered(n));
	assert_int_equal(ks->logs[LOG_KS_NO_POLICY], 1);
	end();
}

/* A farewell that is repeated is signed with the key that the members know,
 * or not at all. */
static void
replaced(void **state)
{
	(void)state;
	begin();
	gm->deaf = true;
	ks_remove_members(net_ks(ks), REMOVE_GRACEFUL);
	net_run(n, SEC);
	(void)rsa_generate(ks->g->rsa, "KEY", 1024, false, 2);
	net_run(n, 25 * SEC); /* it is built again */
	gm->deaf = false;
	net_run(n, 100 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REKEY_FAILURE], 0);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_at_a_question),
		cmocka_unit_test(left_while_it_is_made),
		cmocka_unit_test(of_a_file),
		cmocka_unit_test(left_while_it_is_looked_at),
		cmocka_unit_test(encrypted),
		cmocka_unit_test(one_label_twice),
		cmocka_unit_test(full),
		cmocka_unit_test(too_short),
		cmocka_unit_test(replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
