/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Key servers that work together, and their members, in a storm that a seed
 * makes: on top of net.h, with the real engines. What must never happen is
 * watched at every datagram and at every word to the packet process
 * (sim_watch.c); what has to be so when it is quiet is looked at twice a
 * second (sim_check.c).
 */
#ifndef COHORT_TEST_SIM_H
#define COHORT_TEST_SIM_H

#include "gdoi/coop.h"
#include "talk.h"

#define SIM_KS_MAX 8
#define SIM_LOG 64 /* events that are told with a failure */

enum sim_kind { SIM_CBC, SIM_GCM, SIM_TIME, SIM_KINDS };

/* What a seed's storm is made of. */
enum sim_weather {
	SIM_DEATHS,	/* only processes die, only key servers': nobody may
			 * notice */
	SIM_LOSS,	/* the same, and datagrams get lost */
	SIM_SPLITS,	/* cuts, of single cables and of halves, no loss */
	SIM_ALL,
	SIM_WEATHERS,
};

struct sim_member {
	struct node *node;
	bool joined;
	unsigned attempts;	/* LOG_GM_REGSTER, when it was quiet last */
	uint64_t reset;		/* began anew by order, or lost its keys */
	uint64_t alone;		/* until then, its key servers lost its keys */
	bool stale;		/* its primary could not reach it, since it */
	uint32_t heard;		/* had so many rekeys and registrations */
};

/* Facts that must stay as they were when they were seen first. */
struct sim_fact {
	uint8_t kind;
	uint8_t key[23], value[32];
};

struct sim_facts {
	struct sim_fact *slot;
	size_t n, cap;
};

struct sim {
	struct net *n;
	unsigned seed;
	enum sim_kind kind;
	enum sim_weather weather;
	bool multicast;
	unsigned nks, ngm;
	struct node *ks[SIM_KS_MAX];
	uint64_t off[SIM_KS_MAX]; /* since when it is off; 0: it runs */
	unsigned lives[SIM_KS_MAX];
	struct sim_member *gm;
	/* the coop timers, seconds */
	unsigned periodic, timeout, retransmit, retries;
	uint32_t tek_life, kek_life;
	unsigned late;		/* members that join later */
	uint64_t check_ms;	/* between two looks */
	/* since when ... */
	uint64_t disturbed;	/* the network and who is there are as now */
	uint64_t ordered;	/* no operator took keys from members */
	uint64_t changed;	/* nobody joined or left, of so many */
	unsigned comings;
	uint64_t link_loss[SIM_KS_MAX]; /* until when it hears badly */
	/* sim_watch.c */
	struct sim_facts facts;
	struct gdoi_kek *keks;
	unsigned nkeks;
	/* the first thing that was wrong */
	char wrong[400];
	char log[SIM_LOG][80];
	unsigned nlog;
	uint64_t checks, pairs;	/* how much was looked at */
};

/* ---- sim.c ---- */
/* As the seed has it; the caller may change what it is not content with. */
struct sim *sim_plan(unsigned seed, enum sim_kind, enum sim_weather,
    unsigned nks, unsigned ngm);
void sim_build(struct sim *);
/* Both; nothing has run yet. */
struct sim *sim_new(unsigned seed, enum sim_kind, enum sim_weather,
    unsigned nks, unsigned ngm);
void sim_free(struct sim *);
/* Says what is wrong and keeps the first; the run should end. */
PRINTF_LIKE(2, 3) void sim_wrong(struct sim *, const char *fmt, ...);
PRINTF_LIKE(2, 3) void sim_log(struct sim *, const char *fmt, ...);
uint32_t sim_below(struct sim *, uint32_t n);
struct ks_group *sim_group(const struct sim *, unsigned ks);
bool sim_runs(const struct sim *, unsigned ks);
void sim_join(struct sim *, unsigned gm);
/* Runs and checks twice a second; false: something is wrong. */
bool sim_run(struct sim *, uint64_t ms);
/* Seconds within which there is one primary again, from the timers. */
unsigned sim_takeover(const struct sim *);
/* The same for members that can read each other again. */
unsigned sim_reunion(const struct sim *);

/* ---- sim_events.c ---- */
void sim_event(struct sim *);	/* one, as the seed has it */
void sim_calm(struct sim *);	/* everybody is back, all cables are whole */

/* ---- sim_watch.c ---- */
void sim_watch(struct sim *);	/* begins */
void sim_watch_free(struct sim *);
/* One TEK SPI, one key: what the key servers hold. */
void sim_watch_teks(struct sim *);

/* ---- sim_check.c ---- */
void sim_check(struct sim *);	/* all of these, as far as it is quiet */
void check_one_primary(struct sim *);
void check_a_primary(struct sim *);
void check_reading(struct sim *);
void check_time(struct sim *);
void check_databases(struct sim *);
void check_registrations(struct sim *);
void check_memory(struct sim *);
/* When it has been calm for long: one KEK, all are registered. */
void check_end(struct sim *);

#endif
