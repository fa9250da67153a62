/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bytes from and to the outside. Readers fail stickily: after the first read
 * beyond the end every read gives zero and rd_ok() is false, so that a parser
 * checks once at its end. Integers are big-endian (network order).
 */
#ifndef COHORT_BUF_H
#define COHORT_BUF_H

#include "base/base.h"

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct rd
rd_of(const void *data, size_t len)
{
	return (struct rd){data, (const uint8_t *)data + len, false};
}

size_t rd_left(const struct rd *r);
bool rd_ok(const struct rd *r) MUST_USE;  /* nothing failed so far */
bool rd_end(const struct rd *r) MUST_USE; /* ok and all was read */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
/* n octets inside the input, NULL (and failure) if there are fewer. */
const uint8_t *rd_bytes(struct rd *r, size_t n);
void rd_skip(struct rd *r, size_t n);
/* A reader of the next n octets; empty and failed if there are fewer. */
struct rd rd_sub(struct rd *r, size_t n);
/* u16 length and that many octets, copied and terminated; "" on failure. */
void rd_str(struct rd *r, char *dst, size_t size);

/* A writer into fixed memory; overflow is sticky, wr_ok() tells. */
struct wr {
	uint8_t *base, *p, *end;
	bool bad;
};

static inline struct wr
wr_of(void *data, size_t size)
{
	return (struct wr){data, data, (uint8_t *)data + size, false};
}

size_t wr_len(const struct wr *w);
bool wr_ok(const struct wr *w) MUST_USE;
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_bytes(struct wr *w, const void *data, size_t len);
void wr_zero(struct wr *w, size_t len);
void wr_str(struct wr *w, const char *s); /* u16 length, octets */
/* Overwrites what was written before, at an offset from the start. */
void wr_patch_u8(struct wr *w, size_t at, uint8_t v);
void wr_patch_u16(struct wr *w, size_t at, uint16_t v);
void wr_patch_u32(struct wr *w, size_t at, uint32_t v);

#endif
