/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines of `debug`: prefixes, conditions, and a bound on how many there are
 * (see debug.h). They go where log messages go, at severity 7.
 */
#include "config.h"

#include <string.h>

#include "base/debug.h"
#include "base/log.h"

#define BURST 2000 /* lines at once; a dump of a large policy has hundreds */
#define PER_SECOND 100
#define SAY_EVERY 1000 /* ms */
#define TOGETHER 4 /* lines that are worth nothing without each other */

struct debug_set debug_set;

static const char *const prefixes[DBG_FEATURES] = {
	[DBG_ISAKMP] = "ISAKMP:",
	[DBG_IPSEC] = "IPSEC",
	[DBG_ENGINE] = "CRYPTO_ENGINE: ",
	[DBG_GM_REG] = "GDOI:GM_REGISTRATION:",
	[DBG_GM_REKEY] = "GDOI:GM_REKEY:",
	[DBG_GM_REPLAY] = "GDOI:GM_REPLAY:",
	[DBG_GM_INFRA] = "GDOI:GM_INFRA:",
	[DBG_KS_REG] = "GDOI:KS_REGISTRATION:",
	[DBG_KS_REKEY] = "GDOI:KS_REKEY:",
	[DBG_KS_REPLAY] = "GDOI:KS_REPLAY:",
	[DBG_KS_COOP] = "GDOI:KS_COOP:",
	[DBG_KS_INFRA] = "GDOI:KS_INFRA:",
	[DBG_INFRA] = "GDOI:INFRA:",
	[DBG_NAT] = "",
	[DBG_IP_PACKET] = "",
	[DBG_IP_ICMP] = "ICMP: ",
};

static bool
of_gdoi(enum debug_feature f)
{
	return f >= DBG_GM_REG && f <= DBG_INFRA;
}

static const char *
level_name(enum debug_level l)
{
	switch (l) {
	case DBG_ERROR:
		return "ERR:";
	case DBG_TERSE:
		return "TERSE:";
	case DBG_EVENT:
		return "EVENT:";
	case DBG_DETAIL:
		return "DETAIL:";
	default:
		return "PACKET:";
	}
}

/* ---- how many ---- */

static unsigned missing; /* lines */
static uint64_t told;	  /* when that was said last */

void
debug_say_missing(void)
{
	struct strbuf sb = {0};

	if (missing == 0)
		return;
	sb_printf(&sb, "DEBUG: %u lines were left out, too many in a second",
	    missing);
	missing = 0;
	told = time_mono_ms();
	log_text(sb.s);
	sb_free(&sb);
}

/* A bucket of tokens in real time: this is about the load of those who
 * read, not about the clock of the engine. All of these lines or none. */
static bool
may_print(unsigned lines)
{
	static uint64_t last;
	static unsigned tokens = BURST;
	uint64_t now = time_mono_ms(), add;

	if (last == 0)
		last = now;
	add = (now - last) * PER_SECOND / 1000;
	if (add > 0) {
		tokens = add + tokens > BURST ? BURST : tokens + (unsigned)add;
		last = now;
	}
	if (tokens < lines) {
		missing += lines;
		return false;
	}
	tokens -= lines;
	/* said once there is room again, and once a second of a flood */
	if (tokens > PER_SECOND / 2 || now - told >= SAY_EVERY)
		debug_say_missing();
	return true;
}

/* ---- about whom ---- */

static bool
fits(const struct debug_cond *c, uint32_t peer)
{
	unsigned i;

	if (c->n == 0)
		return true;
	if (peer == 0)
		return c->unmatched;
	for (i = 0; i < c->n; i++)
		if (c->peers[i] == peer)
			return true;
	return false;
}

bool
debug_wants(enum debug_feature f, enum debug_level l, uint32_t peer)
{
	if (!debug_on(f, l))
		return false;
	if (of_gdoi(f))
		return fits(&debug_set.gdoi, peer);
	return f >= DBG_NAT || fits(&debug_set.crypto, peer);
}

/* ---- lines ---- */

static void
print_line(enum debug_feature f, enum debug_level l, const char *text,
    size_t len)
{
	struct strbuf sb = {0};

	sb_printf(&sb, "%s%s", prefixes[f], of_gdoi(f) ? level_name(l) : "");
	sb_add(&sb, text, len);
	str_clean(sb.s); /* names come from peers and files */
	log_text(sb.s);
	sb_free(&sb);
}

void
debug_emit(enum debug_feature f, enum debug_level l, uint32_t peer,
    const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	if (!debug_wants(f, l, peer))
		return;
	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	if (may_print(1))
		print_line(f, l, sb.s, sb.len);
	sb_free(&sb);
}

void
debug_lines(enum debug_feature f, enum debug_level l, uint32_t peer,
    const char *text)
{
	unsigned lines = 0;
	const char *s;
	bool few;
	size_t n;

	if (!debug_wants(f, l, peer))
		return;
	for (s = text; *s != '\0'; s += n + (s[n] == '\n'), lines++)
		n = strcspn(s, "\n");
	few = lines <= TOGETHER;
	if (few && !may_print(lines))
		return;
	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (few || may_print(1))
			print_line(f, l, text, n);
	}
}

/* ---- to other processes ---- */

static void
cond_put(struct wr *w, const struct debug_cond *c)
{
	unsigned i;

	wr_u8(w, c->n);
	wr_u8(w, c->unmatched);
	for (i = 0; i < c->n; i++)
		wr_u32(w, c->peers[i]);
}

static void
cond_get(struct rd *r, struct debug_cond *c)
{
	unsigned i;

	c->n = rd_u8(r);
	c->unmatched = rd_u8(r) != 0;
	if (c->n > DBG_PEERS_MAX)
		r->bad = true;
	for (i = 0; i < c->n && !r->bad; i++)
		c->peers[i] = rd_u32(r);
}

void
debug_set_put(struct wr *w, const struct debug_set *s)
{
	wr_bytes(w, s->levels, sizeof(s->levels));
	cond_put(w, &s->gdoi);
	cond_put(w, &s->crypto);
	wr_str(w, s->nat_acl);
	wr_u16(w, s->packet_acl);
}

void
debug_set_get(struct rd *r, struct debug_set *s)
{
	struct debug_set new = {0};
	const uint8_t *p = rd_bytes(r, sizeof(new.levels));

	if (p != NULL)
		memcpy(new.levels, p, sizeof(new.levels));
	cond_get(r, &new.gdoi);
	cond_get(r, &new.crypto);
	rd_str(r, new.nat_acl, sizeof(new.nat_acl));
	new.packet_acl = rd_u16(r);
	if (rd_end(r))
		*s = new;
}
