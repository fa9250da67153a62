/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Readers and writers of octets with sticky failure.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"

size_t
rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

bool
rd_ok(const struct rd *r)
{
	return !r->bad;
}

bool
rd_end(const struct rd *r)
{
	return !r->bad && r->p == r->end;
}

const uint8_t *
rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

static uint64_t
rd_int(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	uint64_t v = 0;

	if (p == NULL)
		return 0;
	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)rd_int(r, 1);
}

uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)rd_int(r, 2);
}

uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)rd_int(r, 4);
}

uint64_t
rd_u64(struct rd *r)
{
	return rd_int(r, 8);
}

void
rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

struct rd
rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	if (p == NULL)
		return (struct rd){NULL, NULL, true};
	return rd_of(p, n);
}

void
rd_str(struct rd *r, char *dst, size_t size)
{
	size_t n = rd_u16(r);
	const uint8_t *p = rd_bytes(r, n);

	dst[0] = '\0';
	if (p == NULL || n >= size) {
		r->bad = true;
		return;
	}
	memcpy(dst, p, n);
	dst[n] = '\0';
}

size_t
wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->base);
}

bool
wr_ok(const struct wr *w)
{
	return !w->bad;
}

static uint8_t *
wr_space(struct wr *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return p;
}

static void
wr_int(struct wr *w, uint64_t v, size_t n)
{
	uint8_t *p = wr_space(w, n);

	if (p == NULL)
		return;
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

void
wr_u8(struct wr *w, uint8_t v)
{
	wr_int(w, v, 1);
}

void
wr_u16(struct wr *w, uint16_t v)
{
	wr_int(w, v, 2);
}

void
wr_u32(struct wr *w, uint32_t v)
{
	wr_int(w, v, 4);
}

void
wr_u64(struct wr *w, uint64_t v)
{
	wr_int(w, v, 8);
}

void
wr_bytes(struct wr *w, const void *data, size_t len)
{
	uint8_t *p = wr_space(w, len);

	if (p != NULL && len != 0)
		memcpy(p, data, len);
}

void
wr_zero(struct wr *w, size_t len)
{
	uint8_t *p = wr_space(w, len);

	if (p != NULL)
		memset(p, 0, len);
}

void
wr_str(struct wr *w, const char *s)
{
	size_t len = strlen(s);

	if (len > 0xffff) {
		w->bad = true;
		return;
	}
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, s, len);
}

void
wr_patch_u8(struct wr *w, size_t at, uint8_t v)
{
	if (at + 1 <= wr_len(w))
		w->base[at] = v;
	else
		w->bad = true;
}

void
wr_patch_u16(struct wr *w, size_t at, uint16_t v)
{
	wr_patch_u8(w, at, (uint8_t)(v >> 8));
	wr_patch_u8(w, at + 1, (uint8_t)v);
}

void
wr_patch_u32(struct wr *w, size_t at, uint32_t v)
{
	wr_patch_u16(w, at, (uint16_t)(v >> 16));
	wr_patch_u16(w, at + 2, (uint16_t)v);
}
