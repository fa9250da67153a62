/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See pairs.h.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pairs.h"

uint8_t buf[70000];

const struct esp_transform pair_transforms[PAIR_TRANSFORMS] = {
	{ ESP_NULL, ESP_AUTH_SHA1, 0 },
	{ ESP_DES, ESP_AUTH_MD5, 0 },
	{ ESP_3DES, ESP_AUTH_SHA1, 0 },
	{ ESP_AES_CBC, ESP_AUTH_SHA1, 128 },
	{ ESP_AES_CBC, ESP_AUTH_SHA256, 192 },
	{ ESP_AES_CBC, ESP_AUTH_SHA384, 256 },
	{ ESP_AES_CBC, ESP_AUTH_SHA512, 256 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 128 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 256 },
	{ ESP_GMAC, ESP_AUTH_NONE, 192 },
};

/* ---- two routers ---- */

static struct rig *
router(uint32_t lan, uint32_t wan, uint32_t far_net)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct port p = { .mask = 0xffffff00, .mtu = 1500, .up = true };
	const struct route routes[] = {
		{ lan & 0xffffff00, 24, 0, LAN },
		{ wan & 0xffffff00, 24, 0, WAN },
		{ far_net, 24, wan & 0xffffff00, WAN },
		{ 0, 0, IP4(192, 0, 2, 254), WAN },
	};

	rig_start(r);
	p.index = LAN;
	p.addr = lan;
	str_copy(p.name, r->ifs[0].name, sizeof(p.name));
	fwd_port(r->f, &p);
	p.index = WAN;
	p.addr = wan;
	str_copy(p.name, r->ifs[1].name, sizeof(p.name));
	fwd_port(r->f, &p);
	fwd_routes(r->f, routes, NELEM(routes));
	return r;
}

/* The entry 10 of the map: everything between the sites, or in transport
 * mode between the routers. */
static void
protect(struct rig *r, uint32_t near, uint32_t far, uint32_t wild)
{
	struct ace a = mk_ace(ACE_PERMIT, 0, near, wild, far, wild);

	rig_acl(r, "VPN", &a, 1);
	r->map.kind = MAP_ISAKMP;
	r->map.group[0] = '\0';
	str_copy(r->map.acl, "VPN", CONF_NAME);
	rig_config(r);
}

struct pair
pair_of(uint8_t mode, bool udp)
{
	struct pair p = { .mode = mode, .udp = udp,
		.replay = REPLAY_COUNTER };

	p.a = router(LAN_ADDR, A_WAN, B_NET);
	p.b = router(B_LAN, B_WAN, A_NET);
	if (mode == SA_TUNNEL) {
		protect(p.a, A_NET, B_NET, 255);
		protect(p.b, B_NET, A_NET, 255);
	} else {
		protect(p.a, A_WAN, B_WAN, 0);
		protect(p.b, B_WAN, A_WAN, 0);
	}
	return p;
}

void
pair_drop(struct pair *p)
{
	rig_end(p->a);
	rig_end(p->b);
	free(p->a);
	free(p->b);
}

struct sa_tek
tek_of(const struct pair *p, struct rig *r, uint8_t way, uint32_t spi,
    uint16_t sa_index, struct esp_transform t)
{
	struct sa_tek tek = rig_tek_of(spi, sa_index, t, 3600000);

	str_copy(tek.group, GROUP, sizeof(tek.group));
	tek.sid_bits = 0;
	tek.mode = p->mode;
	tek.way = way;
	tek.replay = p->replay;
	tek.life_kb = p->kilobytes;
	tek.idle_ms = p->idle_ms;
	tek.local = r == p->a ? A_WAN : B_WAN;
	tek.remote = r == p->a ? B_WAN : A_WAN;
	tek.encap_local = tek.encap_remote = p->udp ? 4500 : 0;
	return tek;
}

void
tek_add(struct rig *r, const struct sa_tek *tek)
{
	struct sa_change c = { .type = SA_ADD, .tek = *tek };

	fwd_sa(r->f, &c);
}

void
pair_add(const struct pair *p, struct rig *r, uint8_t way, uint32_t spi,
    uint16_t sa_index, struct esp_transform t)
{
	struct sa_tek tek = tek_of(p, r, way, spi, sa_index, t);

	tek_add(r, &tek);
}

void
pair_del(struct rig *r, uint32_t spi, uint8_t way)
{
	struct sa_change c = { .type = SA_DEL };

	str_copy(c.del.group, GROUP, sizeof(c.del.group));
	c.del.spi = spi;
	c.del.way = way;
	fwd_sa(r->f, &c);
}

void
pair_sas(const struct pair *p, uint32_t spi, uint16_t sa_index,
    struct esp_transform t)
{
	struct sa_tek tek[4] = {
		tek_of(p, p->a, SA_WAY_IN, spi, sa_index, t),
		tek_of(p, p->b, SA_WAY_OUT, spi, sa_index, t),
		tek_of(p, p->b, SA_WAY_IN, spi + 1, sa_index, t),
		tek_of(p, p->a, SA_WAY_OUT, spi + 1, sa_index, t),
	};
	unsigned i;

	for (i = 0; i < 4; i++) {
		tek[i].other_spi = tek[i ^ 3].spi;
		tek_add(i == 0 || i == 3 ? p->a : p->b, &tek[i]);
	}
}

size_t
mk_out(const struct pair *p, unsigned payload, uint16_t frag)
{
	bool sites = p->mode == SA_TUNNEL;

	return mk_packet(buf, &(struct mk){ .src = sites ? A_HOST : A_WAN,
	    .dst = sites ? B_HOST : B_WAN, .proto = PROTO_UDP, .tos = 0xb8,
	    .id = 77, .frag = frag, .sport = 5, .dport = 6,
	    .payload = payload });
}

void
send_a(const struct pair *p, size_t len)
{
	rig_input(p->a, buf, len, p->mode == SA_TUNNEL ? LAN : PORT_LOCAL);
}

void
carry(const struct pair *p, unsigned i)
{
	uint8_t *copy = malloc(p->a->out[i].len);

	memcpy(copy, rig_ip(p->a, i), p->a->out[i].len);
	rig_input(p->b, copy, p->a->out[i].len, WAN);
	free(copy);
}

unsigned
heard(struct rig *r, enum sa_event_type type, uint32_t spi)
{
	unsigned i, n = 0;

	rig_timeout(r);
	for (i = 0; i < r->n_events; i++)
		n += r->events[i].type == type && r->events[i].spi == spi;
	return n;
}

void
must_wait(const struct pair *p, uint64_t drops)
{
	send_a(p, mk_out(p, 10, 0));
	assert_int_equal(p->a->n_out, 0);
	assert_int_equal(rig_drops(p->a, DROP_NO_SA), drops);
}
