/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Routers with nothing but phase 1 (see bare.h).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bare.h"

#define FLIGHT_MS 20

/* ---- routers ---- */

static uint64_t now;
struct router west, west2, east;
unsigned nat_ports;
bool nat_east;
bool (*bare_tap)(struct wire *);

static struct router *routers[3];
static unsigned nrouters;
static struct wire wires[64];
static unsigned nwires;
static uint64_t rng;

static void
env_random(void *arg, void *data, size_t len)
{
	uint8_t *p = data;

	(void)arg;
	while (len-- > 0) {
		rng = rng * 6364136223846793005u + 1442695040888963407u;
		*p++ = (uint8_t)(rng >> 56);
	}
}

static uint64_t
env_now(void *arg)
{
	(void)arg;
	return now;
}

static void
env_log(void *arg, enum log_id id, va_list ap)
{
	(void)arg;
	(void)id;
	(void)ap;
}

static uint32_t
env_if_addr(void *arg, const char *ifname)
{
	(void)arg;
	(void)ifname;
	return 0;
}

static unsigned
shift_of(uint32_t inner)
{
	return nat_ports + (inner == WEST2 ? 1000 : 0);
}

static bool
translate(struct wire *w)
{
	if (nat_ports != 0 && (w->from.addr == WEST ||
	    w->from.addr == WEST2)) {
		w->from.port = (uint16_t)(w->from.port +
		    shift_of(w->from.addr));
		w->from.addr = PUBLIC;
	} else if (w->to.addr == PUBLIC) {
		unsigned off = w->to.port - nat_ports;

		w->to.addr = off >= 1000 && off != 4500 ? WEST2 : WEST;
		w->to.port = (uint16_t)(w->to.port - shift_of(w->to.addr));
		if (w->to.port != 500 && w->to.port != 4500)
			return false; /* an entry that is gone */
	}
	if (nat_east && w->to.addr == EAST)
		w->to.addr = EAST_INSIDE;
	else if (nat_east && w->from.addr == EAST_INSIDE)
		w->from.addr = EAST;
	return true;
}

static void
env_send(void *arg, struct udp_addr from, struct udp_addr to,
    const uint8_t *data, size_t len)
{
	struct router *r = arg;
	struct wire *w = &wires[nwires];

	assert_true(nwires < NELEM(wires) && len <= sizeof(w->data));
	if (len == 1 && data[0] == 0xff) {
		assert_int_equal(from.port, 4500);
		r->keepalives++;
		return;
	}
	*w = (struct wire){ .at = now + FLIGHT_MS, .from = from, .to = to,
		.len = len };
	memcpy(w->data, data, len);
	if ((bare_tap == NULL || bare_tap(w)) && translate(w))
		nwires++;
}

/* ---- a DOI ---- */

static bool
put_nonce(struct exch *x, struct isakmp_out *o)
{
	exch_put_nonce(x, o);
	return true;
}

static const struct exch_step hello_init[] = {
	{ .send = put_nonce, .flags = SEND_ENC | SEND_HASH },
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_NONCE),
	    .flags = STEP_ENC | STEP_HASH | STEP_LAST },
};
static const struct exch_step hello_resp[] = {
	{ .in = PL(ISAKMP_HASH) | PL(ISAKMP_NONCE), .send = put_nonce,
	    .flags = STEP_ENC | STEP_HASH | SEND_ENC | SEND_HASH |
	    STEP_LAST },
};

static struct router *
of(const struct ike_sa *sa)
{
	return sa->ike->env.arg;
}

static void
hello_done(struct exch *x)
{
	of(x->sa)->done++;
}

static void
hello_failed(struct exch *x, const char *why)
{
	(void)why;
	of(x->sa)->failed++;
}

const struct exch_type hello = {
	.name = "Hello",
	.number = 200,
	.init = hello_init,
	.resp = hello_resp,
	.done = hello_done,
	.failed = hello_failed,
};
static const struct exch_type *const types[] = { &hello, NULL };

static void
deleted(struct ike_sa *sa, uint8_t proto, const uint32_t *spis, unsigned n)
{
	assert_int_equal(proto, PROTO_IPSEC_ESP);
	assert_true(n <= NELEM(of(sa)->spis));
	memcpy(of(sa)->spis, spis, n * sizeof(*spis));
	of(sa)->ndeleted = n;
}

static void
notified(struct ike_sa *sa, const struct ike_notice *n)
{
	struct rd r = n->data;
	size_t len = rd_left(&r);

	of(sa)->nnotified++;
	of(sa)->notice = *n;
	memcpy(of(sa)->data, rd_bytes(&r, len), len < 16 ? len : 16);
}

static void
contact(struct ike_sa *sa)
{
	of(sa)->ncontact++;
}

static void
dead(struct ike_sa *sa)
{
	assert_false(sa->dead);
	of(sa)->ndead++;
}

static void
moved(struct ike_sa *sa, struct udp_addr was)
{
	of(sa)->nmoved++;
	of(sa)->was = was;
}

struct ike_doi bare_doi;

/* ---- a day in the network ---- */

static void
conf_of(struct router *r)
{
	r->conf = tc_new();
	(void)tc_policy(r->conf, IKE_AES, 128, IKE_SHA256, 14);
	(void)tc_key(r->conf, "SECRET", 0, 0);
	r->conf->isakmp_enable = true;
}

void
bare_add(struct router *r, uint32_t addr)
{
	struct ike_env env = { r, env_send, env_now, env_random, env_log,
		env_if_addr };

	*r = (struct router){ .addr = addr };
	conf_of(r);
	r->ike = ike_new(&env, &bare_doi, "1.0.5", NULL);
	ike_config(r->ike, r->conf);
	routers[nrouters++] = r;
}

int
bare_begin(void **state)
{
	(void)state;
	bare_doi = (struct ike_doi){ .number = DOI_IPSEC, .name = "IPsec",
		.idle = "QM_IDLE", .types = types, .port = 500,
		.nat_port = 4500, .deleted = deleted, .notified = notified,
		.initial_contact = contact, .peer_dead = dead,
		.moved = moved };
	now = 1000;
	rng = 7;
	nrouters = nwires = nat_ports = 0;
	nat_east = false;
	bare_tap = NULL;
	bare_add(&west, WEST);
	bare_add(&east, EAST);
	return 0;
}

int
bare_end(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < nrouters; i++) {
		ike_free(routers[i]->ike);
		tc_free(routers[i]->conf);
	}
	return 0;
}

static void
deliver(unsigned at)
{
	struct wire w = wires[at];
	unsigned i;

	memmove(&wires[at], &wires[at + 1], (--nwires - at) * sizeof(w));
	for (i = 0; i < nrouters; i++)
		if (routers[i]->addr == w.to.addr) {
			ike_input(routers[i]->ike, w.to, w.from, w.data,
			    w.len);
			ike_reap(routers[i]->ike);
		}
}

void
bare_run(uint64_t ms)
{
	uint64_t until = now + ms;
	unsigned i;

	for (; now <= until; now++) {
		for (i = 0; i < nrouters; i++) {
			(void)timers_run(&routers[i]->ike->timers, now);
			ike_reap(routers[i]->ike);
		}
		for (i = 0; i < nwires;)
			if (wires[i].at <= now)
				deliver(i);
			else
				i++;
	}
}

void
bare_lose(void)
{
	nwires = 0;
}

void
bare_call(struct router *from, uint32_t to)
{
	(void)ike_start(from->ike, (struct udp_addr){ from->addr, 500 },
	    (struct udp_addr){ to, 500 }, "", &hello, NULL);
	bare_run(2 * SEC);
	assert_int_equal(from->failed, 0);
}

struct ike_sa *
bare_sa(struct router *r)
{
	struct ike_sa *sa = TAILQ_FIRST(&r->ike->sas);

	assert_non_null(sa);
	assert_null(TAILQ_NEXT(sa, link));
	assert_int_equal(sa->state, IKE_IDLE);
	return sa;
}
