/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Exec commands that switch debugging on and off and show what is on. Runs in
 * process main, which tells the others (base/debug.h).
 */
#include "config.h"

#include <string.h>

#include "cli_gen.h"
#include "main/router.h"

/* What a command without a level means. */
#define PLAIN (DBG_ERROR | DBG_TERSE | DBG_EVENT)

static const struct {
	uint32_t set;
	const char *text;
} names[] = {
	/* sets before what they are made of */
	{ DBG_SET_ISAKMP, "Crypto ISAKMP" },
	{ DBG_SET_IPSEC, "Crypto IPSEC" },
	{ DBG_SET_ENGINE, "Crypto Engine" },
	{ DBG_SET_GDOI, "Crypto GDOI" },
	{ DBG_SET_GM, "Crypto GDOI GM" },
	{ DBG_SET_KS, "Crypto GDOI KS" },
	{ DBG_SET_REPLAY, "Crypto GDOI Replay" },
	{ DBG_SET_GM_REG, "Crypto GDOI GM Registration" },
	{ DBG_SET_GM_REKEY, "Crypto GDOI GM Rekey" },
	{ DBG_SET_GM_REPLAY, "Crypto GDOI GM Replay" },
	{ DBG_SET_GM_INFRA, "Crypto GDOI GM Infrastructure" },
	{ DBG_SET_KS_REG, "Crypto GDOI KS Registration" },
	{ DBG_SET_KS_REKEY, "Crypto GDOI KS Rekey" },
	{ DBG_SET_KS_REPLAY, "Crypto GDOI KS Replay" },
	{ DBG_SET_KS_COOP, "Crypto GDOI KS Coop" },
	{ DBG_SET_KS_INFRA, "Crypto GDOI KS Infrastructure" },
	{ DBG_SET_INFRA, "Crypto GDOI Infrastructure" },
};

static const struct {
	uint8_t level;
	const char *text;
} level_names[] = {
	{ DBG_ERROR, "Error" },	  { DBG_TERSE, "Terse" },
	{ DBG_EVENT, "Event" },	  { DBG_DETAIL, "Detail" },
	{ DBG_PACKET, "Packet" },
};

/* "Crypto GDOI GM Rekey", and its levels if they are not the usual ones. */
static void
say(struct cli_ctx *ctx, const char *indent, const char *text, unsigned levels,
    bool on)
{
	const char *sep = " (";
	size_t i;

	cli_printf(ctx, "%s%s", indent, text);
	if (levels == DBG_ALL)
		cli_printf(ctx, " (All Levels)");
	else if (levels != PLAIN && levels != 0) {
		for (i = 0; i < NELEM(level_names); i++)
			if (levels & level_names[i].level) {
				cli_printf(ctx, "%s%s", sep,
				    level_names[i].text);
				sep = ", ";
			}
		cli_printf(ctx, " Level)");
	}
	cli_printf(ctx, " debugging is %s\n", on ? "on" : "off");
}

static void
switch_levels(struct debug_set *s, uint32_t features, unsigned levels, bool on)
{
	unsigned f;

	for (f = 0; f < DBG_FEATURES; f++) {
		if ((features >> f & 1) == 0)
			continue;
		if (on)
			s->levels[f] |= levels;
		else
			s->levels[f] &= (uint8_t)~levels;
	}
}

int
exec_debug(struct cli_ctx *ctx, const struct exec_debug_args *a)
{
	struct router *r = router_of(ctx);
	struct debug_set s = r->debug;
	uint32_t features = a->features != 0 ? a->features : DBG_SET_GDOI;
	unsigned levels = a->levels;
	size_t i;

	if (a->all) { /* conditions stay, as those of IOS do */
		memset(s.levels, 0, sizeof(s.levels));
		router_set_debug(r, &s);
		cli_printf(ctx,
		    "All possible debugging has been turned off\n");
		return CLI_DONE;
	}
	if (levels == 0)
		levels = a->on ? PLAIN : DBG_ALL;
	switch_levels(&s, features, levels, a->on);
	router_set_debug(r, &s);
	for (i = 0; i < NELEM(names); i++)
		if (names[i].set == features)
			say(ctx, "", names[i].text, a->levels, a->on);
	return CLI_DONE;
}

/* ---- debug ip nat ---- */

static void
say_nat(struct cli_ctx *ctx, const char *indent, const struct debug_set *s,
    bool on)
{
	bool detailed = (s->levels[DBG_NAT] & DBG_DETAIL) != 0;

	cli_printf(ctx, "%sIP NAT %sdebugging is %s", indent,
	    detailed ? "detailed " : "", on ? "on" : "off");
	if (on && s->nat_acl[0] != '\0')
		cli_printf(ctx, " for access list %s", s->nat_acl);
	cli_printf(ctx, "\n");
}

int
exec_debug_nat(struct cli_ctx *ctx, const struct exec_debug_nat_args *a)
{
	struct router *r = router_of(ctx);
	struct debug_set s = r->debug;

	s.levels[DBG_NAT] = !a->on ? 0 :
	    a->detailed ? DBG_EVENT | DBG_DETAIL : DBG_EVENT;
	str_copy(s.nat_acl, a->on ? a->acl : "", sizeof(s.nat_acl));
	router_set_debug(r, &s);
	say_nat(ctx, "", &s, a->on);
	return CLI_DONE;
}

/* ---- debug ip packet, debug ip icmp ---- */

static void
say_packet(struct cli_ctx *ctx, const char *indent, const struct debug_set *s,
    bool on)
{
	cli_printf(ctx, "%sIP packet debugging is %s%s", indent,
	    on ? "on" : "off",
	    on && (s->levels[DBG_IP_PACKET] & DBG_DETAIL) != 0 ?
	    " (detailed)" : "");
	if (on && s->packet_acl != 0)
		cli_printf(ctx, " for access list %u", s->packet_acl);
	cli_printf(ctx, "\n");
}

int
exec_debug_packet(struct cli_ctx *ctx, const struct exec_debug_packet_args *a)
{
	struct router *r = router_of(ctx);
	struct debug_set s = r->debug;

	s.levels[DBG_IP_PACKET] = !a->on ? 0 :
	    a->detail ? DBG_EVENT | DBG_DETAIL : DBG_EVENT;
	s.packet_acl = a->on ? (uint16_t)a->acl : 0;
	router_set_debug(r, &s);
	say_packet(ctx, "", &s, a->on);
	return CLI_DONE;
}

int
exec_debug_icmp(struct cli_ctx *ctx, const struct exec_debug_icmp_args *a)
{
	struct router *r = router_of(ctx);
	struct debug_set s = r->debug;

	s.levels[DBG_IP_ICMP] = a->on ? DBG_EVENT : 0;
	router_set_debug(r, &s);
	cli_printf(ctx, "ICMP packet debugging is %s\n", a->on ? "on" : "off");
	return CLI_DONE;
}

/* ---- conditions ---- */

static bool
cond_remove(struct debug_cond *c, uint32_t peer)
{
	unsigned i;

	for (i = 0; i < c->n; i++)
		if (c->peers[i] == peer) {
			memmove(&c->peers[i], &c->peers[i + 1],
			    (c->n - i - 1) * sizeof(c->peers[0]));
			c->n--;
			return true;
		}
	return false;
}

int
exec_debug_condition(struct cli_ctx *ctx,
    const struct exec_debug_condition_args *a)
{
	struct router *r = router_of(ctx);
	struct debug_set s = r->debug;
	struct debug_cond *c = a->crypto ? &s.crypto : &s.gdoi;
	bool there;

	if (a->reset) {
		memset(c, 0, sizeof(*c));
	} else if (a->unmatched) {
		c->unmatched = a->on;
	} else {
		there = cond_remove(c, a->peer);
		if (!a->on || a->remove) {
			if (!there) {
				cli_printf(ctx, "%% No such condition\n");
				return CLI_FAILED;
			}
		} else if (c->n == DBG_PEERS_MAX) {
			cli_printf(ctx, "%% No more than %u peers\n",
			    DBG_PEERS_MAX);
			return CLI_FAILED;
		} else
			c->peers[c->n++] = a->peer;
	}
	router_set_debug(r, &s);
	return CLI_DONE;
}

static void
show_cond(struct cli_ctx *ctx, const char *what, const struct debug_cond *c)
{
	char addr[IP4_STRLEN];
	unsigned i;

	cli_printf(ctx, "%s conditional debug currently is turned %s\n", what,
	    c->n != 0 ? "ON" : "OFF");
	cli_printf(ctx, "  unmatched flag: %s\n", c->unmatched ? "ON" : "OFF");
	if (c->n != 0)
		cli_printf(ctx, "  Peer IP address filters:\n");
	for (i = 0; i < c->n; i++)
		cli_printf(ctx, "    %s\n", ip4_str(c->peers[i], addr));
}

int
show_crypto_debug_condition(struct cli_ctx *ctx,
    const struct show_crypto_debug_condition_args *a UNUSED)
{
	const struct router *r = router_of(ctx);

	show_cond(ctx, "Crypto", &r->debug.crypto);
	show_cond(ctx, "Crypto GDOI", &r->debug.gdoi);
	return CLI_DONE;
}

/* ---- show debugging ---- */

/* The levels that all features of a set have alike; 0: they differ, or are
 * off. */
static unsigned
levels_of(const struct debug_set *s, uint32_t set)
{
	unsigned f, levels = 0;
	bool first = true;

	for (f = 0; f < DBG_FEATURES; f++) {
		if ((set >> f & 1) == 0)
			continue;
		if (!first && s->levels[f] != levels)
			return 0;
		levels = s->levels[f];
		first = false;
	}
	return levels;
}

static bool
is_on(const struct router *r, enum debug_feature f)
{
	return r->debug.levels[f] != 0;
}

int
show_debugging(struct cli_ctx *ctx, const struct show_debugging_args *a UNUSED)
{
	const struct router *r = router_of(ctx);
	uint32_t told = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < NELEM(names); i++) {
		unsigned levels = levels_of(&r->debug, names[i].set);

		if (levels == 0 || (told & names[i].set) != 0)
			continue;
		if (!any)
			cli_printf(ctx, "Cryptographic Subsystem:\n");
		any = true;
		told |= names[i].set;
		say(ctx, "  ", names[i].text, levels, true);
	}
	if (is_on(r, DBG_NAT) || is_on(r, DBG_IP_PACKET) ||
	    is_on(r, DBG_IP_ICMP)) {
		if (any)
			cli_printf(ctx, "\n");
		any = true;
		cli_printf(ctx, "Generic IP:\n");
		if (is_on(r, DBG_IP_PACKET))
			say_packet(ctx, "  ", &r->debug, true);
		if (is_on(r, DBG_IP_ICMP))
			cli_printf(ctx, "  ICMP packet debugging is on\n");
		if (is_on(r, DBG_NAT))
			say_nat(ctx, "  ", &r->debug, true);
	}
	if (r->debug.crypto.n != 0 || r->debug.gdoi.n != 0) {
		if (any)
			cli_printf(ctx, "\n");
		show_cond(ctx, "Crypto", &r->debug.crypto);
		show_cond(ctx, "Crypto GDOI", &r->debug.gdoi);
	}
	return CLI_DONE;
}
