/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Anti-replay by sequence number (RFC 4303, 3.4.3), for an SA with many
 * senders: one window per source address. A group SA has one SPI and each
 * member counts from 1, so a single window would take the members for each
 * other's replays; the source address, which the ESP packet keeps and which
 * authentication ties to the inner one, tells them apart. A site behind two
 * members that share its hosts needs `no replay`.
 *
 * Check first, authenticate, compare the sources, then update: only authentic
 * packets move it, and only the window of their inner source.
 */
#ifndef COHORT_REPLAY_H
#define COHORT_REPLAY_H

#include "base/base.h"

#define REPLAY_WINDOW_MAX 1024

/* One window; bits holds REPLAY_WORDS(size) words. */
struct replay_window {
	uint32_t top;	/* highest sequence number seen, 0: none */
	uint16_t size;	/* packets */
};
#define REPLAY_WORDS(size) (((size) + 63u) / 64u + 1u)

bool replay_window_check(const struct replay_window *, const uint64_t *bits,
    uint32_t seq) MUST_USE;
void replay_window_update(struct replay_window *, uint64_t *bits,
    uint32_t seq);

/* Windows of 4096 sources; of a new one takes the place of the one that was
 * silent longest among four. Which four, only who knows the key can tell:
 * else a host behind any member could push out the window of a live sender
 * with a handful of packets under well chosen sources, and then replay what
 * that sender has sent. key: random. With packets under sources that it makes
 * up it still can: 200 new ones between two packets of a sender push it out
 * once in 20,000 times, 1000 once in 50, 16,000 always; its next packet closes
 * the window again. Sites that do not check the sources of their hosts are
 * better off with time-based anti-replay. */
struct replay;
struct replay *replay_new(unsigned window, uint64_t key) MUST_USE;
void replay_free(struct replay *);
bool replay_check(const struct replay *, uint32_t src, uint32_t seq) MUST_USE;
void replay_update(struct replay *, uint32_t src, uint32_t seq);

#endif
