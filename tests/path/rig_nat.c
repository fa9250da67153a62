/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See rig_nat.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "rig_nat.h"

/* ---- configuration ---- */

void
natrig_start(struct natrig *n)
{
	memset(n, 0, sizeof(*n));
	rig_start(&n->r);
	n->r.ifs[1].crypto_map[0] = '\0';
	n->r.ifs[0].nat = NAT_INSIDE;
	n->r.ifs[1].nat = NAT_OUTSIDE;
	n->r.conf.nat_timeouts = (struct nat_timeouts){ .any = 86400,
		.udp = 300, .dns = 60, .tcp = 86400, .syn = 60, .finrst = 60,
		.icmp = 60, .pptp = 86400 };
	rig_config(&n->r);
}

void
natrig_end(struct natrig *n)
{
	rig_end(&n->r);
}

void
natrig_commit(struct natrig *n)
{
	rig_config(&n->r);
}

void
natrig_forget(struct natrig *n)
{
	struct conf *c = &n->r.conf;

	c->nat_dynamics = c->nat_statics = (struct cf_list){ 0 };
	c->nat_pools = c->route_maps = (struct cf_list){ 0 };
	c->nat_port_timeouts = (struct cf_list){ 0 };
	n->n_d = n->n_s = n->n_p = n->n_rm = n->n_pt = 0;
}

void
natrig_lan_list(struct natrig *n, const char *name)
{
	struct ace a = mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 255, 0, ~0u);

	rig_acl(&n->r, name, &a, 1);
}

struct nat_pool *
natrig_pool(struct natrig *n, const char *name, uint32_t start, uint32_t end)
{
	struct nat_pool *p = &n->p[n->n_p++];

	*p = (struct nat_pool){ .start = start, .end = end,
		.mask = 0xffffff00 };
	str_copy(p->name, name, sizeof(p->name));
	rig_add(&n->r.conf.nat_pools, &p->obj);
	return p;
}

void
natrig_route_map(struct natrig *n, const char *name, bool deny,
    const char *acl)
{
	struct route_map *rm = &n->rm[n->n_rm];
	struct route_map_acl *a = &n->rma[n->n_rm++];

	*rm = (struct route_map){ .deny = deny,
		.seq = (uint16_t)(n->n_rm * 10) };
	str_copy(rm->name, name, sizeof(rm->name));
	rig_add(&n->r.conf.route_maps, &rm->obj);
	if (acl[0] == '\0')
		return;
	str_copy(a->name, acl, sizeof(a->name));
	rig_add(&rm->acls, &a->obj);
}

static struct nat_dynamic *
dynamic(struct natrig *n, const char *pool, bool overload)
{
	struct nat_dynamic *d = &n->d[n->n_d++];

	*d = (struct nat_dynamic){ .overload = overload };
	if (pool != NULL)
		str_copy(d->pool, pool, sizeof(d->pool));
	else
		str_copy(d->ifname, n->r.ifs[1].name, sizeof(d->ifname));
	rig_add(&n->r.conf.nat_dynamics, &d->obj);
	return d;
}

struct nat_dynamic *
natrig_list(struct natrig *n, const char *acl, const char *pool,
    bool overload)
{
	struct nat_dynamic *d = dynamic(n, pool, overload);

	str_copy(d->acl, acl, sizeof(d->acl));
	return d;
}

struct nat_dynamic *
natrig_map(struct natrig *n, const char *rm, const char *pool, bool overload)
{
	struct nat_dynamic *d = dynamic(n, pool, overload);

	str_copy(d->route_map, rm, sizeof(d->route_map));
	return d;
}

struct nat_static *
natrig_static(struct natrig *n, uint32_t local, uint32_t global)
{
	struct nat_static *s = &n->s[n->n_s++];

	*s = (struct nat_static){ .local = local, .global = global };
	rig_add(&n->r.conf.nat_statics, &s->obj);
	return s;
}

struct nat_static *
natrig_static_port(struct natrig *n, uint8_t proto, uint32_t local,
    uint16_t lport, uint32_t global, uint16_t gport)
{
	struct nat_static *s = natrig_static(n, local, global);

	s->proto = proto;
	s->local_port = lport;
	s->global_port = gport;
	return s;
}

/* ---- packets ---- */

/* RFC 1071 as it is written there: words, one after the other. */
static uint32_t
words(const uint8_t *p, unsigned len)
{
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] * 256 + p[i + 1]);
	if (len % 2 != 0)
		sum += (uint32_t)p[len - 1] * 256;
	return sum;
}

static bool
is_zero(uint32_t sum)
{
	while (sum > 0xffff)
		sum = sum % 65536 + sum / 65536;
	return sum == 0xffff;
}

bool
sums_ok(const uint8_t *ip, unsigned len)
{
	unsigned ihl = (ip[0] & 15u) * 4, up = len - ihl;
	uint32_t sum;

	if (!is_zero(words(ip, ihl)))
		return false;
	if (ip_is_fragment(ip))
		return true;
	sum = words(ip + ihl, up);
	switch (ip[9]) {
	case 1:
		return is_zero(sum);
	case 17:
		if (ip[ihl + 6] == 0 && ip[ihl + 7] == 0)
			return true;
		/* FALLTHROUGH */
	case 6:
		return is_zero(sum + words(ip + 12, 8) + ip[9] + up);
	default:
		return true;
	}
}

struct seen
seen_of(const uint8_t *ip)
{
	const uint8_t *up = ip + (ip[0] & 15u) * 4;
	struct seen s = { .proto = ip[9], .src = get32(ip + 12),
		.dst = get32(ip + 16) };

	if (s.proto == PROTO_TCP || s.proto == PROTO_UDP) {
		s.sport = get16(up);
		s.dport = get16(up + 2);
	} else if (s.proto == PROTO_ICMP) {
		s.sport = s.dport = get16(up + 4);
	}
	return s;
}

struct seen
seen_back(struct seen s)
{
	return (struct seen){ s.proto, s.dst, s.src, s.dport, s.sport };
}

void
natrig_send(struct natrig *n, uint16_t port, struct seen s, uint8_t flags)
{
	uint8_t buf[200];
	struct mk mk = { .src = s.src, .dst = s.dst, .proto = s.proto,
		.sport = s.sport, .dport = s.dport, .tcp_flags = flags,
		.payload = 21 };

	if (s.proto == PROTO_ICMP)
		mk.sport = flags == 1 ? 0 : 8 << 8;
	rig_input(&n->r, buf, mk_packet(buf, &mk), port);
}

struct seen
natrig_got(struct natrig *n, uint16_t port)
{
	if (n->r.n_out != 1 || n->r.out[0].out_port != port ||
	    !sums_ok(n->r.bytes[0], n->r.out[0].len))
		return (struct seen){ 0 };
	return seen_of(n->r.bytes[0]);
}

static void
seen_print(const char *what, struct seen s)
{
	char a[IP4_STRLEN], b[IP4_STRLEN];

	printf("%s: proto %u %s:%u -> %s:%u\n", what, s.proto,
	    ip4_str(s.src, a), s.sport, ip4_str(s.dst, b), s.dport);
}

void
natrig_pass_at(struct natrig *n, uint16_t port, struct seen what,
    uint8_t flags, uint16_t out, struct seen to, const char *file, int line)
{
	struct seen got;

	natrig_send(n, port, what, flags);
	got = natrig_got(n, out);
	if (got.proto == to.proto && got.src == to.src && got.dst == to.dst &&
	    got.sport == to.sport && got.dport == to.dport)
		return;
	seen_print("sent", what);
	seen_print("want", to);
	seen_print("got", got);
	printf("%u came out, the first by port %u\n", n->r.n_out,
	    n->r.n_out > 0 ? n->r.out[0].out_port : 0);
	_assert_true(0, "what comes out", file, line);
}

void
natrig_lost(struct natrig *n, uint16_t port, struct seen s, uint8_t flags,
    enum drop_id id)
{
	uint64_t was = rig_drops(&n->r, id);

	natrig_send(n, port, s, flags);
	assert_int_equal(n->r.n_out, 0);
	assert_int_equal(rig_drops(&n->r, id), was + 1);
}

struct nat_stats
natrig_stats(struct natrig *n)
{
	struct nat_stats s;

	nat_stats_get(n->r.f, &s);
	return s;
}
