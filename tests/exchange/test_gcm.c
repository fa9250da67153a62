/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Groups with AES-GCM that change under way: registrations that meet rekeys,
 * `sa ipsec` of both kinds, groups that begin with AES-CBC, several groups
 * and interfaces, members that ask for no sender identifier, and the times of
 * a Group Associated Policy.
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

#include "hostile.h"
#include "talk.h"

static const struct esp_transform gcm = { ESP_AES_GCM, ESP_AUTH_NONE, 128 };
static const struct esp_transform cbc = { ESP_AES_CBC, ESP_AUTH_SHA256, 128 };

static void
set_transform(struct conf *c, struct esp_transform t)
{
	((struct transform_set *)(void *)c->transform_sets.first)->esp = t;
}

static struct node *
add_ks(struct net *n, struct esp_transform t)
{
	struct node *ks = net_add_ks(n, KS_ADDR);

	set_transform(ks->conf, t);
	return ks;
}

static bool
is_gcm(const struct gm_tek *t)
{
	return t->t.transform.cipher == ESP_AES_GCM;
}

static struct gm_tek *
tek_of(struct gm_group *gm, uint32_t spi)
{
	struct gm_tek *t;

	TAILQ_FOREACH(t, &gm->teks, link)
		if (t->t.spi == spi)
			return t;
	return NULL;
}

/* All members can send with all TEKs, and no two have the same identifier. */
static bool
all_have_sids(struct net *n)
{
	const struct gm_tek *t, *o;
	unsigned i, j;

	if (!net_registered(n))
		return false;
	for (i = 1; i < n->n; i++)
		TAILQ_FOREACH(t, &net_gm(n->nodes[i])->teks, link) {
			if (!is_gcm(t))
				continue;
			if (t->t.sid_bits == 0)
				return false;
			for (j = 1; j < i; j++)
				if ((o = tek_of(net_gm(n->nodes[j]),
				    t->t.spi)) != NULL)
					assert_int_not_equal(t->t.sid,
					    o->t.sid);
		}
	return true;
}

/* ---- sa ipsec of both kinds ---- */

static struct gdoi_sa *
add_sa(struct conf *c, uint16_t number, const char *acl, const char *profile,
    const char *set, struct esp_transform t)
{
	struct transform_set *ts = tc_add(&c->transform_sets, sizeof(*ts));
	struct ipsec_profile *p = tc_add(&c->ipsec_profiles, sizeof(*p));
	struct gdoi_sa *sa = tc_sa(c, number, acl);

	str_copy(ts->name, set, sizeof(ts->name));
	ts->esp = t;
	str_copy(p->name, profile, sizeof(p->name));
	str_copy(p->sets.set1, set, sizeof(p->sets.set1));
	str_copy(sa->profile, profile, sizeof(sa->profile));
	tc_ace(tc_acl(c, acl), ACE_PERMIT, IP(172, 16, 0, 0), 0xfffff,
	    IP(172, 16, 0, 0), 0xfffff);
	return sa;
}

static void
drop_sa(struct conf *c)
{
	struct cf_list *l = &tc_local(c)->sas;
	struct cf_obj *gone = l->last;

	l->last = l->first;
	l->first->next = NULL;
	l->n = 1;
	free(gone);
}

/* AES-CBC and AES-GCM in one group. When the second goes, its TEK lives on
 * for a while and nobody is told of it any more: who comes then asks for no
 * identifier, and is welcome. */
static void
mixed(void **state)
{
	struct net *n = net_new(1);
	struct node *ks = add_ks(n, cbc), *late;
	const struct gm_tek *t;
	unsigned i, with = 0, without = 0;

	(void)state;
	(void)add_sa(ks->conf, 20, "B", "P2", "T2", gcm);
	for (i = 0; i < 3; i++)
		net_add_gm(n, i);
	late = net_add_gm(n, 3);
	net_apply_all(n);
	late->deaf = true;
	net_run(n, 5 * SEC);
	for (i = 1; i < 4; i++)
		TAILQ_FOREACH(t, &net_gm(n->nodes[i])->teks, link)
			if (is_gcm(t)) {
				with += t->t.sid_bits == 24;
				assert_int_equal(t->t.sa_index, 20);
			} else {
				without += t->t.sid_bits == 0;
			}
	assert_int_equal(with, 3);
	assert_int_equal(without, 3);
	talk_for(n, 10, "both kinds");
	drop_sa(net_edit(ks));
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	net_run(n, SEC);
	late->deaf = false;
	assert_true(net_until(n, 80 * SEC, net_registered));
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 0);
	talk_for(n, 200, "without the second");
	TAILQ_FOREACH(t, &net_gm(late)->teks, link)
		assert_false(is_gcm(t));
	net_free(n);
}

/* ---- AES-CBC becomes AES-GCM, and back ---- */

static void
rekey_to(struct net *n, struct esp_transform t)
{
	struct node *ks = n->nodes[0];

	set_transform(net_edit(ks), t);
	net_left(ks);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
}

static void
change_and_back(void **state)
{
	struct net *n = net_new(2);
	struct node *ks = add_ks(n, cbc);
	unsigned i, round;

	(void)state;
	for (i = 0; i < 5; i++)
		net_add_gm(n, i);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	for (round = 0; round < 3; round++) {
		rekey_to(n, gcm);
		net_run(n, SEC);
		/* long before the old TEK is not sent with any more */
		assert_true(net_until(n, 20 * SEC, all_have_sids));
		talk_for(n, 300, "AES-GCM");
		assert_true(all_have_sids(n));
		rekey_to(n, cbc);
		talk_for(n, 300, "AES-CBC");
		assert_int_equal(net_ks(ks)->nmembers, 5);
	}
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 0);
	assert_int_equal(ks->logs[LOG_KS_REINIT], 0);
	for (i = 1; i < n->n; i++) /* the second time they had one */
		assert_int_equal(n->nodes[i]->logs[LOG_GM_REGS_COMPL], 2);
	net_free(n);
}

/* `group size` means nothing to a group that is AES-CBC now, and nobody is
 * thrown out for it; when it becomes AES-GCM again it does. */
static void
size_of_cbc(void **state)
{
	struct net *n = net_new(3);
	struct node *ks = add_ks(n, gcm);

	(void)state;
	net_add_gm(n, 0);
	net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	rekey_to(n, cbc);
	net_run(n, 300 * SEC);
	tc_local(net_edit(ks))->sid_bits = 32;
	net_left(ks);
	assert_int_equal(ks->logs[LOG_KS_POLICY_CHANGE], 1);
	assert_null(ks_rekey(net_ks(ks), REKEY_ALL));
	assert_int_equal(ks->logs[LOG_KS_REINIT], 0);
	talk_for(n, 200, "AES-CBC");
	assert_int_equal(net_ks(ks)->nmembers, 2);
	rekey_to(n, gcm);
	assert_int_equal(ks->logs[LOG_KS_REINIT], 1);
	net_run(n, 30 * SEC);
	assert_true(all_have_sids(n));
	assert_int_equal(net_gm(n->nodes[1])->sid_bits, 32);
	net_free(n);
}

/* ---- a registration meets a rekey ---- */

static unsigned pulls;

/* Message 1 passes, then 2; 3 is lost. */
static bool
hold_third(struct net *n, struct datagram *d)
{
	(void)n;
	if (d->data[18] != GDOI_X_PULL || d->to.addr != KS_ADDR)
		return true;
	return pulls++ < 1;
}

static void
begin_pull(struct net *n, struct node *gm)
{
	pulls = 0;
	n->tap = hold_third;
	gm_reregister(net_gm(gm), 0, false);
	net_run(n, SEC);
	assert_non_null(net_gm(gm)->pull);
	assert_true(pulls > 1);
}

/* The group becomes AES-GCM behind message 2: message 3 cannot ask for an
 * identifier. */
static void
change_in_pull(void **state)
{
	struct net *n = net_new(4);
	struct node *ks = add_ks(n, cbc), *gm = net_add_gm(n, 0);

	(void)state;
	net_add_gm(n, 1);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	begin_pull(n, gm);
	rekey_to(n, gcm);
	net_run(n, SEC);
	n->tap = NULL;
	assert_true(net_until(n, 30 * SEC, all_have_sids));
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 0);
	talk_for(n, 200, "changed in a pull");
	net_free(n);
}

/* The same when it is the first registration, and no push reaches it. */
static void
change_in_first_pull(void **state)
{
	struct net *n = net_new(5);
	struct node *ks = add_ks(n, cbc);

	(void)state;
	net_add_gm(n, 0);
	net_apply_all(n);
	pulls = 0;
	n->tap = hold_third;
	net_run(n, SEC);
	assert_true(pulls > 1);
	rekey_to(n, gcm);
	n->tap = NULL;
	assert_true(net_until(n, 40 * SEC, all_have_sids));
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 0);
	net_free(n);
}

static void
wear_out(struct node *gm, uint32_t spi)
{
	struct sa_event e = { .type = SA_EVENT_SID, .spi = spi };

	str_copy(e.group, net_gm(gm)->name, sizeof(e.group));
	gdoi_sa_event(gm->g, &e);
}

/* A TEK came by a push while a registration was underway: it can have the
 * next identifiers as well as the others. */
static void
rekey_in_pull(void **state)
{
	struct net *n = net_new(6);
	struct node *ks = add_ks(n, gcm), *gm = net_add_gm(n, 0);
	uint32_t spi, sid;

	(void)state;
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	begin_pull(n, gm);
	/* the KEK stays */
	net_ks(ks)->kek->rekey_at = n->now + 86400 * SEC;
	TAILQ_FIRST(&net_ks(ks)->teks)->rekey_at = n->now;
	assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
	spi = newest_spi(n);
	net_run(n, SEC);
	assert_non_null(tek_of(net_gm(gm), spi));
	n->tap = NULL;
	assert_true(net_until(n, 30 * SEC, all_have_sids));
	sid = tek_of(net_gm(gm), spi)->t.sid;
	wear_out(gm, spi);
	assert_true(net_until(n, 30 * SEC, all_have_sids));
	assert_int_not_equal(tek_of(net_gm(gm), spi)->t.sid, sid);
	/* and again when the packet process has lost everything */
	gdoi_resync(gm->g);
	assert_true(net_until(n, 30 * SEC, all_have_sids));
	net_free(n);
}

/* ---- who asks for none ---- */

static void
no_gap(struct exch *x, unsigned n, struct isakmp_out *before,
    struct isakmp_out *o)
{
	(void)x;
	if (n != 3)
		return;
	*o = *before;
	wr_patch_u8(&o->w, o->next_at, ISAKMP_NONE);
}

static void
asks_for_none(void **state)
{
	struct net *n = net_new(7);
	struct node *ks = add_ks(n, gcm), *gm = net_add_gm(n, 0);
	uint64_t left;

	(void)state;
	net_apply(ks);
	left = ks_sids_left(net_ks(ks));
	net_apply(gm);
	net_run(n, 1); /* it begins */
	hostile(gm, no_gap);
	net_run(n, 5 * SEC);
	assert_int_equal(net_gm(gm)->state, GM_REGISTERING);
	assert_int_equal(net_ks(ks)->nmembers, 0);
	assert_int_equal(gm->nteks, 0);
	assert_true(ks_sids_left(net_ks(ks)) == left);
	assert_int_equal(ks->logs[LOG_REJECT_GM_VERSION], 1);
	assert_non_null(strstr(ks->last[LOG_REJECT_GM_VERSION],
	    "sender identifiers"));
	hostile(gm, NULL);
	assert_true(net_until(n, 100 * SEC, all_have_sids));
	net_free(n);
}

/* ---- a reserve ---- */

static void
more_interfaces(struct node *gm, unsigned k)
{
	struct interface *i;
	unsigned j;

	for (j = 0; j < k; j++) {
		i = tc_add(&gm->conf->interfaces, sizeof(*i));
		snprintf(i->name, sizeof(i->name), "FastEthernet1/%u", j);
		str_copy(i->crypto_map, "MAP", sizeof(i->crypto_map));
		i->shutdown = j + 1 == k;
	}
}

/* One for each interface with the map that is not shut down; the next one is
 * taken when one is used up, without the key server. */
static void
reserve(void **state)
{
	struct net *n = net_new(8);
	struct node *ks = add_ks(n, gcm), *gm = net_add_gm(n, 0);
	struct gm_group *g;
	uint32_t spi, sid[4];
	unsigned i, j;

	(void)state;
	more_interfaces(gm, 3);
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	g = net_gm(gm);
	assert_int_equal(g->sids_asked, 3);
	assert_int_equal(g->nsids, 3);
	spi = newest_spi(n);
	for (i = 0; i < 3; i++) {
		sid[i] = tek_of(g, spi)->t.sid;
		assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 1);
		wear_out(gm, spi);
	}
	assert_int_equal(tek_of(g, spi)->wants_sid, 1);
	assert_true(net_until(n, 30 * SEC, all_have_sids));
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	sid[3] = tek_of(g, spi)->t.sid;
	for (i = 0; i < 4; i++)
		for (j = 0; j < i; j++)
			assert_int_not_equal(sid[i], sid[j]);
	/* a packet process that lost count takes one of the reserve too */
	gdoi_resync(gm->g);
	assert_int_equal(tek_of(g, spi)->t.sid_bits, 24);
	assert_int_not_equal(tek_of(g, spi)->t.sid, sid[3]);
	net_run(n, 10 * SEC);
	assert_int_equal(gm->logs[LOG_GM_REGS_COMPL], 2);
	assert_int_equal(net_ks(ks)->nmembers, 1);
	net_free(n);
}

/* ---- two groups ---- */

static void
add_group(struct node *ks)
{
	struct gdoi_group *g = tc_add(&ks->conf->gdoi_groups, sizeof(*g));
	struct gdoi_local *l = tc_add(&g->local, sizeof(*l));
	struct gdoi_sa *sa = tc_add(&l->sas, sizeof(*sa));

	*l = *tc_local(ks->conf);
	l->obj.next = NULL;
	l->sas = (struct cf_list){ &sa->obj, &sa->obj, 1 };
	l->sid_bits = 8;
	str_copy(g->name, "G2", sizeof(g->name));
	g->id_type = GDOI_ID_NUMBER;
	g->id = 200;
	sa->number = 1;
	str_copy(sa->profile, "P", sizeof(sa->profile));
	str_copy(sa->acl, "C", sizeof(sa->acl));
	sa->replay = REPLAY_COUNTER;
	sa->window = 64;
	tc_ace(tc_acl(ks->conf, "C"), ACE_PERMIT, IP(172, 16, 0, 0), 0xfffff,
	    IP(172, 16, 0, 0), 0xfffff);
}

static void
join(struct node *gm)
{
	struct gdoi_group *g = tc_add(&gm->conf->gdoi_groups, sizeof(*g));
	struct crypto_map *m = tc_add(&gm->conf->crypto_maps, sizeof(*m));
	struct gdoi_server *s = tc_add(&g->servers, sizeof(*s));

	str_copy(g->name, "G2", sizeof(g->name));
	g->id_type = GDOI_ID_NUMBER;
	g->id = 200;
	s->addr = KS_ADDR;
	str_copy(m->name, "MAP", sizeof(m->name));
	m->seq = 20;
	m->kind = MAP_GDOI;
	str_copy(m->group, "G2", sizeof(m->group));
}

/* What wears out, or is started over, in one group is not the other's. */
static void
two_groups(void **state)
{
	struct net *n = net_new(9);
	struct node *ks = add_ks(n, gcm), *gm = net_add_gm(n, 0);
	struct gm_group *a, *b;
	struct ks_group *kb;
	uint32_t spi, sid;
	unsigned i;

	(void)state;
	add_group(ks);
	join(gm);
	net_apply_all(n);
	net_run(n, 5 * SEC);
	a = gm_find(gm->g, "G1");
	b = gm_find(gm->g, "G2");
	kb = ks_find(ks->g, "G2");
	assert_int_equal(a->state, GM_REGISTERED);
	assert_int_equal(b->state, GM_REGISTERED);
	assert_int_equal(a->sid_bits, 24);
	assert_int_equal(b->sid_bits, 8);
	spi = TAILQ_FIRST(&a->teks)->t.spi;
	sid = TAILQ_FIRST(&a->teks)->t.sid;
	for (i = 0; i < 300; i++) { /* all 256 of the second, and more */
		gm_clear(b);
		net_run(n, SEC);
	}
	net_run(n, 60 * SEC);
	assert_int_equal(b->state, GM_REGISTERED);
	assert_true(ks->logs[LOG_KS_REINIT] >= 1);
	assert_int_equal(kb->nmembers, 1);
	assert_int_equal(a->state, GM_REGISTERED);
	assert_int_equal(tek_of(a, spi)->t.sid, sid);
	assert_int_equal(net_ks(ks)->sids.next[0], 1);
	wear_out(gm, TAILQ_FIRST(&b->teks)->t.spi); /* told of group G1 */
	assert_int_equal(TAILQ_FIRST(&b->teks)->wants_sid, 0);
	gdoi_resync(gm->g);
	net_run(n, 10 * SEC);
	assert_int_not_equal(tek_of(a, spi)->t.sid, sid);
	assert_int_not_equal(TAILQ_FIRST(&b->teks)->t.sid_bits, 0);
	net_free(n);
}

/* ---- Group Associated Policy ---- */

static bool
put_say(struct isakmp_out *o, void *arg)
{
	say_sa(arg, o);
	say_kd(arg, o);
	return true;
}

static bool
no_push(struct net *n, struct datagram *d)
{
	(void)n;
	return d->data[18] != GDOI_X_PUSH;
}

static const struct {
	uint16_t atd, dtd;
	unsigned activate, gone; /* seconds from now; gone 0: at its own end */
} gaps[] = {
	{ 5, 20, 5, 20 }, { 0, 20, 0, 20 }, { 30, 20, 30, 30 },
	{ 5, 0, 5, 0 }, { 0, 65535, 0, 0 }, { 65535, 1, 65535, 0 },
};

/* A TEK and its successor under each kind of associated policy. */
static void
delays(void **state)
{
	static struct say s;
	unsigned i;

	(void)state;
	for (i = 0; i < NELEM(gaps); i++) {
		struct net *n = net_new(100 + i);
		struct node *ks = add_ks(n, cbc), *gm = net_add_gm(n, 0);
		struct gm_tek *old, *new;
		uint64_t end;

		net_apply_all(n);
		assert_true(net_until(n, 5 * SEC, net_registered));
		old = TAILQ_FIRST(&net_gm(gm)->teks);
		n->tap = no_push;
		TAILQ_FIRST(&net_ks(ks)->teks)->rekey_at = n->now;
		assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
		say_now(net_ks(ks), &s);
		s.has_sak = s.has_kdk = false;
		s.gap = (struct gdoi_gap){ .present = true,
			.activation = gaps[i].atd, .deactivation =
			gaps[i].dtd };
		end = old->expires;
		assert_true(hostile_push(ks, gm, s.seq + 1, put_say, &s));
		new = tek_of(net_gm(gm), newest_spi(n));
		assert_non_null(new);
		assert_true(new->activate == (gaps[i].activate == 0 ? 0 :
		    n->now + gaps[i].activate * SEC));
		if (gaps[i].gone != 0)
			end = n->now + gaps[i].gone * SEC;
		if (old->expires + SEC < end || old->expires > end)
			fail_msg("row %u: %llu ms", i, (unsigned long long)
			    (old->expires - n->now));
		/* and it goes then, here and in fwd */
		assert_int_equal(talk_live(gm), 2);
		net_run(n, old->expires - n->now - 10);
		assert_non_null(tek_of(net_gm(gm), s.teks[1].spi));
		net_run(n, 20);
		assert_null(tek_of(net_gm(gm), s.teks[1].spi));
		assert_int_equal(talk_live(gm), 1);
		net_free(n);
	}
}

/* A key server with a member of other software tells delays that can be
 * told: an end more than 18 hours away does not fit, and must not become a
 * sooner one; members that are reminded get the new TEK late. */
static void
delays_told(void **state)
{
	struct net *n = net_new(10);
	struct node *ks = add_ks(n, cbc), *gm = net_add_gm(n, 0);
	struct node *other = net_add_gm(n, 1);
	uint64_t before;
	uint32_t old;

	(void)state;
	tc_profile(ks->conf)->lifetime = 2592000;
	tc_local(ks->conf)->retransmit_secs = 30;
	tc_local(ks->conf)->retransmit_count = 0;
	tc_local(ks->conf)->retransmit_periodic = true;
	other->g->ike->version = "";
	net_apply_all(n);
	assert_true(net_until(n, 5 * SEC, net_registered));
	old = newest_spi(n);
	before = n->now;
	TAILQ_FIRST(&net_ks(ks)->teks)->rekey_at = n->now;
	assert_null(ks_rekey(net_ks(ks), REKEY_TEK));
	net_run(n, SEC);
	assert_in_range(tek_of(net_gm(gm), newest_spi(n))->activate,
	    before + 60 * SEC, before + 67 * SEC);
	net_run(n, 70000 * SEC);
	assert_non_null(tek_of(net_gm(gm), old));
	assert_non_null(talk_tek(gm, old));
	net_free(n);
}

/* ---- bytes ---- */

/* Two packets of identifiers with different lengths: which is whose? */
static void
two_lengths(void **state)
{
	static const uint8_t kd[2][42] = { {
		0, 2, 0, 0,
		4, 0, 0, 17, 0, 0x80, 1, 0, 16, 0, 2, 0, 4, 0, 0, 0, 9,
		4, 0, 0, 17, 0, 0x80, 1, 0, 24, 0, 2, 0, 4, 0, 0, 9, 0,
	}, {
		0, 2, 0, 0,
		4, 0, 0, 17, 0, 0x80, 1, 0, 16, 0, 2, 0, 4, 0, 0, 0, 9,
		4, 0, 0, 17, 0, 0x80, 1, 0, 16, 0, 2, 0, 4, 0, 0, 0, 10,
	} };
	struct gdoi_kd_msg m;

	(void)state;
	assert_non_null(gdoi_get_kd(rd_of(kd[0], 38), &m));
	assert_null(gdoi_get_kd(rd_of(kd[1], 38), &m));
	assert_int_equal(m.nsids, 2);
	gdoi_kd_msg_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixed),
		cmocka_unit_test(change_and_back),
		cmocka_unit_test(size_of_cbc),
		cmocka_unit_test(change_in_pull),
		cmocka_unit_test(change_in_first_pull),
		cmocka_unit_test(rekey_in_pull),
		cmocka_unit_test(asks_for_none),
		cmocka_unit_test(reserve),
		cmocka_unit_test(two_groups),
		cmocka_unit_test(delays),
		cmocka_unit_test(delays_told),
		cmocka_unit_test(two_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
