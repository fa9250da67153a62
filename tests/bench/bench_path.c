/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nanoseconds a packet through the path without I/O: bare forwarding, with
 * an access list of 1000 entries, with ESP out, with service policies. Ratios
 * to bare are what can be compared between machines; nothing is asserted.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define BURST 32
#define ROUNDS 4000

static struct rig rig;
static uint8_t *bufs[BURST], clear[2000];

static void
clear_path(const struct esp_transform *t)
{
	(void)t;
	rig.ifs[1].crypto_map[0] = '\0';
	rig_config(&rig);
}

static void
with_acl(const struct esp_transform *t)
{
	static struct acl_entry entries[1000];
	struct acl *a = &rig.acls[0];
	size_t i;

	clear_path(t);
	memset(entries, 0, sizeof(entries));
	for (i = 0; i < NELEM(entries); i++) {
		entries[i].seq = (uint32_t)i + 1;
		entries[i].ace = mk_ace(ACE_DENY, PROTO_UDP,
		    IP4(172, 16, 0, 0) + (uint32_t)i, 0, 0, ~0u);
		if (i > 0)
			entries[i - 1].obj.next = &entries[i].obj;
	}
	entries[NELEM(entries) - 1].ace = ace_any(ACE_PERMIT);
	str_copy(a->name, "100", sizeof(a->name));
	a->entries.first = &entries[0].obj;
	a->entries.n = NELEM(entries);
	rig.conf.acls.first = &a->obj;
	str_copy(rig.ifs[0].acl_in, "100", CONF_NAME);
	rig_config(&rig);
}

static void
with_esp(const struct esp_transform *t)
{
	struct ace any = ace_any(ACE_PERMIT);

	rig_policy(&rig, SA_DIR_BOTH, &any, 1);
	rig_tek(&rig, 0x1000, 0, *t, 3600000);
}

static void
with_time(const struct esp_transform *t)
{
	struct ace any = ace_any(ACE_PERMIT);
	struct sa_change c = { .type = SA_ADD };

	rig_policy(&rig, SA_DIR_BOTH, &any, 1);
	c.tek = rig_tek_of(0x1000, 0, *t, 3600000);
	c.tek.replay = REPLAY_TIME;
	fwd_sa(rig.f, &c);
}

/* Between two routers. */
static void
with_pair(const struct esp_transform *t, bool udp)
{
	struct ace net = mk_ace(ACE_PERMIT, 0, IP4(10, 1, 1, 0), 255,
	    IP4(10, 2, 0, 0), 0xffff);
	struct sa_change c = { .type = SA_ADD };

	rig_acl(&rig, "VPN", &net, 1);
	rig.map.kind = MAP_ISAKMP;
	str_copy(rig.map.acl, "VPN", CONF_NAME);
	rig_config(&rig);
	c.tek = rig_tek_of(0x1000, 1, *t, 3600000);
	(void)sa_map_group(c.tek.group, "CM", 10);
	c.tek.mode = SA_TUNNEL;
	c.tek.way = SA_WAY_OUT;
	c.tek.local = WAN_ADDR;
	c.tek.remote = IP4(192, 0, 2, 2);
	c.tek.encap_local = c.tek.encap_remote = udp ? 4500 : 0;
	c.tek.life_kb = UINT32_MAX;
	fwd_sa(rig.f, &c);
}

static void
with_tunnel(const struct esp_transform *t)
{
	with_pair(t, false);
}

static void
with_udp(const struct esp_transform *t)
{
	with_pair(t, true);
}

/* ---- service policies: eight classes by DSCP, of which none matches ---- */

static struct {
	struct qos_policy_map policy;
	struct qos_class_map maps[8];
	struct qos_match matches[8];
	struct qos_class classes[9];
} qos;

static void
with_classes(const struct esp_transform *t)
{
	size_t i;

	clear_path(t);
	memset(&qos, 0, sizeof(qos));
	str_copy(qos.policy.name, "P", CONF_NAME);
	rig_add(&rig.conf.policy_maps, &qos.policy.obj);
	for (i = 0; i < NELEM(qos.classes); i++) {
		struct qos_class *c = &qos.classes[i];

		c->set_dscp = c->set_precedence = c->set_group = QOS_UNSET;
		snprintf(c->name, sizeof(c->name), "C%zu", i);
		rig_add(&qos.policy.classes, &c->obj);
		if (i == NELEM(qos.maps)) {
			str_copy(c->name, QOS_DEFAULT, sizeof(c->name));
			break;
		}
		str_copy(qos.maps[i].name, c->name, sizeof(c->name));
		qos.matches[i].kind = QOS_DSCP;
		qos.matches[i].v0 = (uint8_t)(i + 1);
		qos.matches[i].v1 = QOS_UNSET;
		rig_add(&qos.maps[i].matches, &qos.matches[i].obj);
		rig_add(&rig.conf.class_maps, &qos.maps[i].obj);
	}
	str_copy(rig.ifs[1].policy_out, "P", CONF_NAME);
	rig_config(&rig);
}

/* The bucket is refilled between bursts: nothing has to wait. */
static void
with_shaper(const struct esp_transform *t)
{
	struct qos_class *c = &qos.classes[NELEM(qos.maps)];

	with_classes(t);
	c->shape = true;
	c->shape_rate = 4000000000u;
	c->shape_bc = c->shape_be = 100000000;
	rig_config(&rig);
}

/* It is empty behind the first packet: the others wait for the next. */
static void
with_queue(const struct esp_transform *t)
{
	with_shaper(t);
	qos.classes[NELEM(qos.maps)].shape_bc = 256;
	qos.classes[NELEM(qos.maps)].shape_be = 1;
	rig_config(&rig);
}

static double
run(size_t len)
{
	struct pkt pkts[BURST], *pp[BURST];
	uint64_t start = time_mono_us(), due;
	unsigned r, i;

	for (r = 0; r < ROUNDS; r++) {
		for (i = 0; i < BURST; i++) {
			pkts[i] = rig_pkt(bufs[i], clear, len, LAN);
			pp[i] = &pkts[i];
		}
		fwd_input(rig.f, pp, BURST);
		rig.us += 1000;
		while ((due = fwd_worker_due(rig.f)) != UINT64_MAX) {
			rig.us = due > rig.us ? due : rig.us;
			fwd_worker_run(rig.f);
		}
	}
	return (double)(time_mono_us() - start) * 1000 / (ROUNDS * BURST);
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*prepare)(const struct esp_transform *);
		struct esp_transform t;
	} rows[] = {
		{ "bare", clear_path, { 0, 0, 0 } },
		{ "access list of 1000", with_acl, { 0, 0, 0 } },
		{ "policy of 8 classes", with_classes, { 0, 0, 0 } },
		{ "  and a shaper", with_shaper, { 0, 0, 0 } },
		{ "  that makes wait", with_queue, { 0, 0, 0 } },
		{ "esp null, sha1", with_esp, { ESP_NULL, ESP_AUTH_SHA1, 0 } },
		{ "esp aes128 sha1", with_esp,
		    { ESP_AES_CBC, ESP_AUTH_SHA1, 128 } },
		{ "esp aes256 sha256", with_esp,
		    { ESP_AES_CBC, ESP_AUTH_SHA256, 256 } },
		{ "  with pseudotime", with_time,
		    { ESP_AES_CBC, ESP_AUTH_SHA256, 256 } },
		{ "esp gcm128", with_esp, { ESP_AES_GCM, ESP_AUTH_NONE, 128 } },
		{ "  with pseudotime", with_time,
		    { ESP_AES_GCM, ESP_AUTH_NONE, 128 } },
		{ "tunnel aes256 sha256", with_tunnel,
		    { ESP_AES_CBC, ESP_AUTH_SHA256, 256 } },
		{ "  in udp", with_udp,
		    { ESP_AES_CBC, ESP_AUTH_SHA256, 256 } },
		{ "tunnel gcm128", with_tunnel,
		    { ESP_AES_GCM, ESP_AUTH_NONE, 128 } },
		{ "esp 3des md5", with_esp,
		    { ESP_3DES, ESP_AUTH_MD5, 192 } },
	};
	static const unsigned sizes[] = { 64, 1400 };
	double ns, bare[2] = { 1, 1 };
	size_t i, j, len;

	for (i = 0; i < BURST; i++)
		bufs[i] = xcalloc(1, PKT_BUF_SIZE);
	printf("%-22s %14s %7s %14s %7s\n", "path", "64 B ns/pkt", "ratio",
	    "1400 B ns/pkt", "ratio");
	for (i = 0; i < NELEM(rows); i++) {
		printf("%-22s", rows[i].name);
		for (j = 0; j < NELEM(sizes); j++) {
			rig_start(&rig);
			rig.sink = true;
			rows[i].prepare(&rows[i].t);
			len = mk_packet(clear, &(struct mk){ .src = LAN_HOST,
			    .dst = FAR_HOST, .proto = PROTO_UDP,
			    .payload = sizes[j] - 28 });
			ns = run(len);
			if (rig.n_sunk != ROUNDS * BURST)
				printf(" lost");
			bare[j] = i == 0 ? ns : bare[j];
			printf(" %14.0f %6.2fx", ns, ns / bare[j]);
			rig_end(&rig);
		}
		printf("\n");
	}
	for (i = 0; i < BURST; i++)
		free(bufs[i]);
	return 0;
}
