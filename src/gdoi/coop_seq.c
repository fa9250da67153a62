/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cooperative key servers: the sequence numbers of pushes, see coop.h and
 * doc/coop-protocol.md 8.3. Runs in process ike.
 *
 * The creator of a KEK counts 1, 2, 3, while nobody else can have sent under
 * it. All others take 2^31 | age of the KEK in seconds << 9 | own rank << 6 |
 * count: two servers never the same, and by time they only rise.
 */
#include "config.h"

#include "gdoi/coop.h"

#define SHARED UINT32_C(0x80000000)
#define AGE_SHIFT 9
#define AGE_MASK UINT32_C(0x3fffff)
#define RANK_SHIFT 6
#define RANK_MASK UINT32_C(0x1c0)
#define COUNT_MASK UINT32_C(0x3f)
#define AHEAD 3600 /* seconds that another one's clock is ahead */

static uint64_t
age_of(const struct ks_group *grp, const struct ks_kek *k)
{
	return (gdoi_now(grp->g) - k->born) / 1000;
}

uint32_t
coop_next_seq(const struct ks_group *grp, const struct ks_kek *k)
{
	const struct coop *c = grp->coop;
	uint32_t rank, age, seq;

	if (c == NULL || (!k->lent && coop_id_equal(&k->creator, &c->self)))
		return k->seq + 1;
	rank = coop_rank(c) << RANK_SHIFT & RANK_MASK;
	age = (uint32_t)age_of(grp, k) & AGE_MASK;
	seq = SHARED | age << AGE_SHIFT | rank;
	if (k->seq < seq)
		return seq;
	/* used in this second, or by one whose clock is ahead */
	if ((k->seq & RANK_MASK) == rank &&
	    (k->seq & COUNT_MASK) != COUNT_MASK)
		return k->seq + 1;
	seq = (k->seq & ~(RANK_MASK | COUNT_MASK)) | rank;
	return seq > k->seq ? seq : seq + (1u << AGE_SHIFT);
}

bool
coop_seq_ok(const struct ks_group *grp, const struct coop_kek *o,
    const struct ks_kek *k)
{
	uint64_t age = o->age / 1000;

	if (k != NULL)
		age = age_of(grp, k);
	else if (age > o->life)
		age = o->life;
	return o->seq < SHARED + ((age + AHEAD) << AGE_SHIFT);
}
