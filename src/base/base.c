/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory, strings, addresses and clocks that every process uses.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

#define ARENA_CHUNK (64 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct arena_chunk *chunks;
};

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("cohort: fatal: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		fatal("out of memory (%zu x %zu)", n, size);
	return p;
}

void *
xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (p == NULL)
		fatal("out of memory (%zu)", size);
	return p;
}

char *
xstrdup(const char *s)
{
	size_t len = strlen(s) + 1;
	char *p = xcalloc(1, len);

	memcpy(p, s, len);
	return p;
}

char *
xasprintf(const char *fmt, ...)
{
	struct strbuf sb = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(&sb, fmt, ap);
	va_end(ap);
	return sb.s != NULL ? sb.s : xstrdup("");
}

size_t
str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n = len < size ? len : size - 1;

	if (size != 0) {
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

void
str_clean(char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t' && *s != '\003') ||
		    *s == '\177')
			*s = ' ';
}

struct arena *
arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->chunks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (c == NULL || c->size - c->used < size) {
		size_t want = size > ARENA_CHUNK ? size : ARENA_CHUNK;

		c = xcalloc(1, sizeof(*c) + want);
		c->size = want;
		c->next = a->chunks;
		a->chunks = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

void
arena_free(struct arena *a)
{
	struct arena_chunk *c, *next;

	if (a == NULL)
		return;
	for (c = a->chunks; c != NULL; c = next) {
		next = c->next;
		explicit_bzero(c->data, c->used);
		free(c);
	}
	free(a);
}

static void
sb_reserve(struct strbuf *sb, size_t more)
{
	size_t cap = sb->cap ? sb->cap : 256;
	char *s;

	while (cap - sb->len < more + 1)
		cap *= 2;
	if (cap != sb->cap) { /* keys may stand in what it outgrows */
		s = xcalloc(1, cap);
		if (sb->s != NULL) {
			memcpy(s, sb->s, sb->len);
			explicit_bzero(sb->s, sb->cap);
			free(sb->s);
		}
		sb->s = s;
		sb->cap = cap;
	}
}

void
sb_add(struct strbuf *sb, const char *data, size_t len)
{
	sb_reserve(sb, len);
	memcpy(sb->s + sb->len, data, len);
	sb->len += len;
	sb->s[sb->len] = '\0';
}

void
sb_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int n;

	sb_reserve(sb, 0);
	room = sb->cap - sb->len;
	va_copy(again, ap);
	n = vsnprintf(sb->s + sb->len, room, fmt, ap);
	if (n < 0)
		fatal("bad format: %s", fmt);
	if ((size_t)n >= room) {
		sb_reserve(sb, (size_t)n);
		vsnprintf(sb->s + sb->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	sb->len += (size_t)n;
}

void
sb_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vprintf(sb, fmt, ap);
	va_end(ap);
}

void
sb_free(struct strbuf *sb)
{
	if (sb->s != NULL) /* lines with passphrases go through many hands */
		explicit_bzero(sb->s, sb->len);
	free(sb->s);
	memset(sb, 0, sizeof(*sb));
}

const char *
ip4_str(uint32_t addr, char buf[IP4_STRLEN])
{
	snprintf(buf, IP4_STRLEN, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255,
	    addr >> 8 & 255, addr & 255);
	return buf;
}

bool
ip4_parse(const char *s, uint32_t *addr)
{
	uint32_t a = 0;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned v = 0, digits = 0;

		while (*s >= '0' && *s <= '9' && digits < 3) {
			v = v * 10 + (unsigned)(*s++ - '0');
			digits++;
		}
		if (digits == 0 || v > 255 || *s != (i < 3 ? '.' : '\0'))
			return false;
		s++;
		a = a << 8 | v;
	}
	*addr = a;
	return true;
}

uint32_t
ip4_mask_of(unsigned prefix_len)
{
	return prefix_len == 0 ? 0 : ~(uint32_t)0 << (32 - prefix_len);
}

int
ip4_prefix_of(uint32_t mask)
{
	int n;

	for (n = 0; n <= 32; n++)
		if (ip4_mask_of((unsigned)n) == mask)
			return n;
	return -1;
}

static uint64_t
clock_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) == -1)
		fatal("clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
time_mono_us(void)
{
	return clock_us(CLOCK_BOOTTIME);
}

uint64_t
time_mono_ms(void)
{
	return clock_us(CLOCK_BOOTTIME) / 1000;
}

uint64_t
time_wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}
