/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Debugging and the event trace over a key server and members: each message
 * of an exchange is told with its payloads, at level packet with all that is
 * in them; conditions keep others out; no octet of a key or secret is told;
 * the trace records without being asked to, in bounded memory.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli_gen.h"
#include "ike/cmd.h"
#include "net.h"

/* ---- a terminal, and who reads the lines ---- */

struct cli_ctx {
	struct gdoi *g;
	struct strbuf out;
};

void
cli_printf(struct cli_ctx *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&c->out, fmt, ap);
	va_end(ap);
}

bool
cli_wants_json(struct cli_ctx *c)
{
	(void)c;
	return false;
}

void *
cli_engine(struct cli_ctx *c)
{
	static struct ike_engines e;

	e = (struct ike_engines){ .gdoi = c->g, .ike = { c->g->ike } };
	return &e;
}

static struct strbuf said;

static void
keep(void *arg, enum log_id id, const char *text)
{
	(void)arg;
	assert_int_equal(id, LOG_COUNT); /* the others go to net.c */
	sb_printf(&said, "%s\n", text);
}

static struct net *n;
static struct node *ks, *gm;

static void
begin(void)
{
	n = net_new(7);
	ks = net_add_ks(n, KS_ADDR);
	gm = net_add_gm(n, 0);
	(void)net_add_gm(n, 1);
	memset(&debug_set, 0, sizeof(debug_set));
	log_set_sink(keep, NULL);
	net_apply_all(n);
}

static void
end(void)
{
	memset(&debug_set, 0, sizeof(debug_set));
	sb_free(&said);
	net_free(n);
}

static bool
told(const char *text)
{
	return said.s != NULL && strstr(said.s, text) != NULL;
}

static bool
not_told(const char *what, const uint8_t *p, size_t len)
{
	char hex[17], low[17];
	size_t i;

	if (len < 8)
		return true;
	for (i = 0; i < 8; i++) {
		snprintf(hex + 2 * i, 3, "%02X", p[i]);
		snprintf(low + 2 * i, 3, "%02x", p[i]);
	}
	if (told(hex) || told(low))
		print_error("%s is told\n", what);
	return !told(hex) && !told(low);
}

/* ---- tests ---- */

static void
off(void **state)
{
	(void)state;
	begin();
	assert_true(net_until(n, 1000, net_registered));
	assert_null(said.s);
	end();
}

/* A learner sees each message of a registration and of a rekey. */
static void
everything(void **state)
{
	const struct gm_group *g;
	const struct gm_tek *t;

	(void)state;
	begin();
	memset(debug_set.levels, DBG_ALL, sizeof(debug_set.levels));
	assert_true(net_until(n, 1000, net_registered));
	assert_true(told("ISAKMP:(1001):sending to 10.9.0.1 port 848 MAIN MODE"
	    ": HDR SA VID VID\n"));
	assert_true(told("MAIN MODE: HDR* ID HASH"));
	assert_true(told("GDOI:GM_REGISTRATION:EVENT:(1001):sending to 10.9.0.1"
	    " port 848 GROUPKEY-PULL: HDR* HASH NONCE ID\n"));
	assert_true(told("GDOI:KS_REGISTRATION:EVENT:"));
	assert_true(told("GROUPKEY-PULL: HDR* HASH NONCE SA\n"));
	assert_true(told("GROUPKEY-PULL: HDR* HASH SEQ KD\n"));
	assert_true(told("GDOI:GM_REGISTRATION:PACKET:"
	    "  KD payload (key download): "));
	assert_true(told("PACKET:    TEK key packet, SPI 0x"));
	assert_true(told("PACKET:      TEK_ALGORITHM_KEY: 16 octets\n"));
	assert_true(told("GDOI:KS_INFRA:EVENT:(G1):new TEK 0x"));
	assert_true(told("CRYPTO_ENGINE: (1001):Diffie-Hellman key pair of"
	    " group 2 made\n"));
	assert_true(told("IKE keys derived from it\n"));

	sb_free(&said);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 2000);
	assert_true(told("):built GROUPKEY-PUSH: HDR* SEQ SA KD SIG\n"));
	assert_null(strstr(said.s, "to 0.0.0.0"));
	assert_true(told("CRYPTO_ENGINE: RSA key KEY of 1024 bits signs"));
	assert_true(told("CRYPTO_ENGINE: RSA signature of a rekey, 128 octets,"
	    " is right\n"));
	assert_true(told("GDOI:KS_REKEY:EVENT:(G1):rekey seq # 1, "));
	assert_true(told("GDOI:GM_REKEY:EVENT:(G1):received from 10.9.0.1 port"
	    " 848 GROUPKEY-PUSH: HDR* SEQ SA KD SIG\n"));
	assert_true(told("GDOI:GM_REKEY:PACKET:    sequence number 1\n"));
	assert_true(told("GDOI:GM_REKEY:EVENT:(G1):sending to 10.9.0.1 port 848"
	    " GROUPKEY-PUSH-ACK: HDR* HASH SEQ ID\n"));
	assert_true(told("GDOI:KS_REKEY:TERSE:(G1):rekey acknowledged by "
	    "10.9.1.1, seq # 1\n"));

	/* the state has every secret that was at work */
	g = net_gm(gm);
	assert_true(not_told("KEK", g->kek.key.data, g->kek.key.len));
	assert_true(not_told("IV", g->kek.iv.data, g->kek.iv.len));
	TAILQ_FOREACH(t, &g->teks, link) {
		assert_true(not_told("TEK", t->t.key.data, t->t.key.len));
		assert_true(not_told("integrity key", t->t.auth_key.data,
		    t->t.auth_key.len));
	}
	assert_false(told("SUPERSECRET"));
	assert_true(not_told("SKEYID_d",
	    TAILQ_FIRST(&ks->g->ike->sas)->keys.skeyid_d.data, 16));
	end();
}

static void
conditions(void **state)
{
	(void)state;
	begin();
	debug_set.levels[DBG_KS_REG] = DBG_EVENT;
	debug_set.gdoi.n = 1;
	debug_set.gdoi.peers[0] = GM_ADDR(1);
	assert_true(net_until(n, 1000, net_registered));
	assert_true(told("10.9.1.2 "));
	assert_false(told("10.9.1.1 "));
	end();
}

/* The key server is silent: the member says that a rekey did not come, and
 * nobody says so in a network that works. */
static void
no_rekey(void **state)
{
	(void)state;
	begin();
	assert_true(net_until(n, 1000, net_registered));
	net_run(n, UINT64_C(2) * 3600 * 1000);
	assert_int_equal(gm->logs[LOG_GM_REKEY_NOT_RECD], 0);
	ks->deaf = true;
	net_run(n, UINT64_C(3600) * 1000);
	assert_int_equal(gm->logs[LOG_GM_REKEY_NOT_RECD], 1);
	assert_string_equal(gm->last[LOG_GM_REKEY_NOT_RECD],
	    "%GDOI-4-GM_REKEY_NOT_RECD: GM did not receive rekey from KS"
	    " 10.9.0.1 in group G1");
	end();
}

/* ---- the event trace ---- */

#define SHOW(c, ...)                                                          \
	(sb_free(&(c)->out), assert_int_equal(show_event_trace((c),           \
	    &(struct show_event_trace_args){ __VA_ARGS__ }), CLI_DONE),       \
	    (c)->out.s != NULL ? (c)->out.s : "")

static unsigned
count(const char *text, const char *what)
{
	unsigned k = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		k++;
	return k;
}

static void
trace_of_a_life(void **state)
{
	struct cli_ctx c = { 0 };
	const char *t;

	(void)state;
	begin();
	assert_true(net_until(n, 1000, net_registered));
	net_run(n, 120000);
	c.g = gm->g;
	t = SHOW(&c, .part = 0);
	assert_non_null(strstr(t, "GDOI registration: %CRYPTO-5-GM_REGSTER:"
	    " Start registration to KS 10.9.0.1 for group G1"));
	assert_non_null(strstr(t, "%GDOI-5-GM_REGS_COMPL"));
	assert_null(strstr(SHOW(&c, .part = 1 + TRACE_REKEY), "REGS_COMPL"));
	/* nothing of the last minute, and all since it was shown */
	t = SHOW(&c, .part = 1 + TRACE_REG, .back = "1");
	assert_null(strstr(t, "REGS_COMPL"));
	assert_non_null(strstr(SHOW(&c, .part = 1 + TRACE_REG, .back = "3:00"),
	    "REGS_COMPL"));
	assert_null(strstr(SHOW(&c, .latest = 1), "REGS_COMPL"));
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, 2000);
	t = SHOW(&c, .latest = 1, .merged = 1);
	assert_non_null(strstr(t, "GM_RECV_REKEY"));
	assert_true(strstr(t, "GM_RECV_REKEY") <
	    strstr(t, "rekey acknowledged"));
	sb_free(&c.out);
	c.g = ks->g;
	assert_int_equal(count(SHOW(&c, .part = 1 + TRACE_REKEY),
	    "rekey acknowledged by"), 2);
	assert_int_equal(show_event_trace(&c,
	    &(struct show_event_trace_args){ .back = "x" }), CLI_FAILED);
	sb_free(&c.out);
	end();
}

static void
trace_is_bounded(void **state)
{
	struct cli_ctx c = { 0 };
	const char *t;
	unsigned i;

	(void)state;
	begin();
	c.g = gm->g;
	for (i = 0; i < 2000; i++)
		gdoi_trace(gm->g, TRACE_EXIT, "event %u", i);
	t = SHOW(&c, .part = 1 + TRACE_EXIT);
	assert_int_equal(count(t, ": event "), TRACE_DEFAULT);
	assert_null(strstr(t, ": event 0\n"));
	assert_non_null(strstr(t, ": event 1999\n"));
	gm->conf->trace.exit = 10;
	net_apply(gm);
	t = SHOW(&c, .part = 1 + TRACE_EXIT);
	assert_int_equal(count(t, ": event "), 10);
	assert_non_null(strstr(t, ": event 1990\n"));
	/* once full, and no more */
	assert_int_equal(exec_event_trace(&c, &(struct exec_event_trace_args){
	    .part = 1 + TRACE_EXIT, .one_shot = 1 }), CLI_DONE);
	for (i = 0; i < 20; i++)
		gdoi_trace(gm->g, TRACE_EXIT, "event %u", i);
	t = SHOW(&c, .part = 1 + TRACE_EXIT);
	assert_int_equal(count(t, ": event "), 10);
	assert_non_null(strstr(t, ": event 0\n"));
	assert_null(strstr(t, ": event 10\n"));
	gm->conf->trace.exit_off = true;
	net_apply(gm);
	(void)exec_event_trace(&c, &(struct exec_event_trace_args){
	    .part = 1 + TRACE_EXIT, .clear = 1 });
	gdoi_trace(gm->g, TRACE_EXIT, "event x");
	assert_null(strstr(SHOW(&c, .part = 1 + TRACE_EXIT), "event x"));
	sb_free(&c.out);
	end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(off),
		cmocka_unit_test(everything),
		cmocka_unit_test(conditions),
		cmocka_unit_test(no_rekey),
		cmocka_unit_test(trace_of_a_life),
		cmocka_unit_test(trace_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
