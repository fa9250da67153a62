/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NAT on one core without I/O: how fast a million translations are made, what
 * one costs in memory, what a packet costs in a full table against one with
 * few entries and against no NAT at all, and what those that exist notice
 * when new ones push others out. Ratios are of this run; nothing is asserted
 * but that every packet got through.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "rig_nat.h"

#define BURST 32
#define FEW 256u
#define MANY NAT_ENTRIES_MAX
#define PACKETS (4u << 20)

static struct natrig n;
static uint8_t *bufs[BURST];
static uint8_t model[200];
static size_t model_len;

/* Resident octets of this process. */
static size_t
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return (size_t)pages * 4096;
}

/* Flow i: 4096 hosts, 256 ports of each. */
static void
put_flow(uint8_t *ip, uint32_t i)
{
	memcpy(ip, model, model_len);
	put32(ip + IPH_SRC, IP4(10, 1, 0, 0) + i / 256 % 4096);
	put16(ip + 20, 1024 + i % 256);
	put32(ip + IPH_DST, FAR_A + i / (1u << 20));
	put16(ip + 22, 1000 + i / 256 % 4096);
	ip_finish(ip, IPH_HDR, (unsigned)model_len);
}

static uint32_t
scatter(uint32_t i)
{
	return i * 2654435761u >> 4;
}

/* Nanoseconds a packet: `count` of them, in bursts, of flows
 * flow(i) % size, or new ones from `fresh` on every second time. */
static double
run(uint32_t count, uint32_t size, bool in_order, uint32_t fresh)
{
	struct pkt pkts[BURST], *pp[BURST];
	uint64_t start, spent = 0;
	uint32_t i, j, id;

	for (i = 0; i < count; i += BURST) {
		for (j = 0; j < BURST; j++) {
			id = (in_order ? i + j : scatter(i + j)) % size;
			if (fresh != 0 && j % 2 == 1)
				id = fresh++;
			pkts[j] = rig_pkt(bufs[j], NULL, 0, LAN);
			put_flow(bufs[j] + PKT_HEADROOM, id);
			pkts[j].len = (uint32_t)model_len;
			pp[j] = &pkts[j];
		}
		n.r.now += i % 4096 == 0;
		start = time_mono_us();
		fwd_input(n.r.f, pp, BURST);
		spent += time_mono_us() - start;
	}
	return (double)spent * 1000 / count;
}

static void
start(bool nat)
{
	struct ace any = ace_any(ACE_PERMIT);

	natrig_start(&n);
	n.r.sink = true;
	rig_acl(&n.r, "1", &any, 1);
	if (nat) {
		natrig_pool(&n, "P", POOL_1, POOL_1 + 15);
		natrig_list(&n, "1", "P", true);
	}
	natrig_commit(&n);
}

static void
row(const char *what, double ns, double of)
{
	printf("%-44s %8.0f %8.2f %6.2fx\n", what, ns, 1000 / ns, ns / of);
}

int
main(void)
{
	struct nat_stats s;
	double bare, few, make, many;
	size_t before;
	unsigned i;

	for (i = 0; i < BURST; i++)
		bufs[i] = xcalloc(1, PKT_BUF_SIZE);
	model_len = mk_packet(model, &(struct mk){ .src = HOST_A,
	    .dst = FAR_A, .proto = PROTO_UDP, .payload = 36 });
	printf("%-44s %8s %8s %7s\n", "64-octet packets", "ns/pkt", "Mpkt/s",
	    "ratio");
	start(false);
	bare = run(PACKETS / 4, FEW, false, 0);
	natrig_end(&n);
	row("no NAT", bare, bare);

	start(true);
	(void)run(FEW, FEW, true, 0);
	few = run(PACKETS, FEW, false, 0);
	row("NAT, 256 translations", few, bare);
	natrig_end(&n);

	start(true);
	before = resident();
	make = run(MANY, MANY, true, 0);
	row("NAT, making 1,048,576 translations", make, bare);
	s = natrig_stats(&n);
	printf("%u translations, %.1f octets each (resident)\n", s.extended,
	    (double)(resident() - before) / s.extended);
	many = run(PACKETS, MANY, false, 0);
	row("NAT, 1,048,576 translations", many, bare);
	printf("a full table costs %.2f times one of 256\n", many / few);
	make = run(PACKETS / 4, FEW, false, MANY);
	row("NAT, full, each second packet a new flow", make, bare);
	s = natrig_stats(&n);
	printf("%.0f translations made a second, %llu pushed out, "
	    "%llu packets lost\n", 1e9 / make / 2,
	    (unsigned long long)s.evicted,
	    (unsigned long long)rig_all_drops(&n.r));
	natrig_end(&n);
	for (i = 0; i < BURST; i++)
		free(bufs[i]);
	return 0;
}
