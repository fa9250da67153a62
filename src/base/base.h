/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every process and every module may use: attributes, memory that
 * cannot fail (fatal() instead), an arena, small helpers.
 */
#ifndef COHORT_BASE_H
#define COHORT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* A fault of the program itself: text to stderr, then abort(). The process
 * that supervises restarts the child. Never for bad input. */
NORETURN PRINTF_LIKE(1, 2) void fatal(const char *fmt, ...);

/* Zeroed memory; fatal() when there is none. Free with free(). */
void *xcalloc(size_t n, size_t size) MUST_USE;
void *xrealloc(void *p, size_t size) MUST_USE;
char *xstrdup(const char *s) MUST_USE;
PRINTF_LIKE(1, 2) char *xasprintf(const char *fmt, ...) MUST_USE;

/* Makes blanks of control characters but \t and ^C (which ends banners): what
 * no key gives must not get into a configuration, it could not be read back,
 * or drives the terminals of those who read it. */
void str_clean(char *s);
/* Copies with truncation, always terminated. Returns strlen(src). */
size_t str_copy(char *dst, const char *src, size_t size);

/* An arena: many small zeroed allocations, freed (and wiped) all at once. */
struct arena;
struct arena *arena_new(void) MUST_USE;
void *arena_alloc(struct arena *a, size_t size) MUST_USE; /* 16-aligned */
char *arena_strdup(struct arena *a, const char *s) MUST_USE;
char *arena_strndup(struct arena *a, const char *s, size_t n) MUST_USE;
void arena_free(struct arena *a); /* explicit_bzero over all of it */

/* Growing text: what a show command writes into. */
struct strbuf {
	char *s; /* always terminated once anything was added; may be NULL */
	size_t len, cap;
};
PRINTF_LIKE(2, 3) void sb_printf(struct strbuf *sb, const char *fmt, ...);
PRINTF_LIKE(2, 0)
void sb_vprintf(struct strbuf *sb, const char *fmt, va_list ap);
void sb_add(struct strbuf *sb, const char *data, size_t len);
void sb_free(struct strbuf *sb); /* back to empty */

/* IPv4 addresses are host byte order uint32_t everywhere inside Cohort; the
 * wire and the kernel get network order at the last moment. */
#define IP4_STRLEN 16
const char *ip4_str(uint32_t addr, char buf[IP4_STRLEN]);
bool ip4_parse(const char *s, uint32_t *addr) MUST_USE; /* dotted quad only */
uint32_t ip4_mask_of(unsigned prefix_len);		/* 0..32 */
int ip4_prefix_of(uint32_t mask); /* prefix length, -1: not contiguous */
static inline bool
is_multicast(uint32_t addr)
{
	return addr >> 28 == 0xe;
}
/* 224.0.0.0/24, of protocols: never forwarded */
static inline bool
is_link_multicast(uint32_t addr)
{
	return addr >> 8 == 0xe00000;
}

/* Never steps, whatever is done to the wall clock; goes on while the machine
 * sleeps. The same in all processes of a router. */
uint64_t time_mono_ms(void);
uint64_t time_mono_us(void);
uint64_t time_wall_us(void); /* the real-time clock, since 1970 */

#endif
