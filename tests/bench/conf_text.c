/* SPDX-License-Identifier: BSD-2-Clause
 *
 * See conf_text.h. A replace is what `configure replace` does to the
 * configuration: load the new one, and find the commands between the two.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf_text.h"

const char *const conf_op_names[OP_COUNT] = {"copy lines", "load", "print",
    "clone", "diff", "replace"};

static unsigned
interface_block(struct strbuf *sb, unsigned i, unsigned variant)
{
	sb_printf(sb, "interface Loopback%u\n"
	    " description link %u of variant %u\n"
	    " ip address 10.%u.%u.%u 255.255.255.255\n",
	    i, i, variant, i >> 16 & 255, i >> 8 & 255, i & 255);
	return 3;
}

static unsigned
acl_block(struct strbuf *sb, unsigned i, unsigned variant)
{
	unsigned n;

	sb_printf(sb, "ip access-list extended LIST-%u\n", i);
	for (n = 0; n < 16; n++)
		sb_printf(sb, " permit tcp host 10.%u.%u.%u any eq %u\n",
		    i >> 16 & 255, i >> 8 & 255, i & 255,
		    1000 + n + (n == 7 ? variant * 100 : 0));
	return n + 1;
}

static unsigned
flat_lines(struct strbuf *sb, unsigned i, unsigned variant)
{
	sb_printf(sb, "crypto isakmp key KEY-%u address 10.%u.%u.%u\n"
	    "ip route 11.%u.%u.%u 255.255.255.255 192.0.2.1 name R%u\n",
	    variant, i >> 16 & 255, i >> 8 & 255, i & 255, i >> 16 & 255,
	    i >> 8 & 255, i & 255, variant);
	return 2;
}

void
conf_text(struct strbuf *sb, unsigned n, unsigned variant)
{
	static unsigned (*const blocks[])(struct strbuf *, unsigned,
	    unsigned) = {interface_block, acl_block, flat_lines};
	unsigned lines, i, k;

	/* Kind by kind, as a router prints it. */
	for (k = 0; k < NELEM(blocks); k++)
		for (i = 0, lines = 0; lines < n / NELEM(blocks); i++)
			lines += blocks[k](sb, i, variant);
}

static struct conf *
loaded(const struct strbuf *sb)
{
	struct conf *c = conf_new();

	if (conf_load(c, sb->s, sb->len, NULL, NULL) != 0)
		fatal("the text does not load");
	return c;
}

static void
copy_lines(const struct strbuf *sb, char *to)
{
	const char *at = sb->s, *end = sb->s + sb->len, *nl;

	for (; at < end; at = nl) {
		nl = memchr(at, '\n', (size_t)(end - at));
		nl = nl != NULL ? nl + 1 : end;
		memcpy(to, at, (size_t)(nl - at));
		to += nl - at;
	}
}

static void
once(enum conf_op op, const struct strbuf text[2], struct conf *const conf[2],
    char *room)
{
	struct strbuf out = {0};
	struct conf *c = NULL;

	switch (op) {
	case OP_COPY:
		copy_lines(&text[0], room);
		break;
	case OP_LOAD:
		c = loaded(&text[0]);
		break;
	case OP_PRINT:
		conf_print(&out, conf[0], CF_MAIN);
		break;
	case OP_CLONE:
		c = conf_clone(conf[0]);
		break;
	case OP_DIFF:
		conf_diff(&out, conf[0], conf[1]);
		break;
	case OP_REPLACE:
		c = loaded(&text[1]);
		if (conf_commands(&out, conf[0], c) == -1)
			fatal("no way from one to the other");
		break;
	case OP_COUNT:
		break;
	}
	conf_free(c);
	sb_free(&out);
}

/* Of the processor, not of the clock: others may want it, too. */
static uint64_t
cpu_us(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == -1)
		fatal("clock_gettime");
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void
conf_measure(struct conf_times *t, unsigned n, unsigned rounds)
{
	struct strbuf text[2] = {{0}, {0}};
	struct conf *conf[2];
	uint64_t start, us;
	char *room;
	const char *p;

	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < 2; i++) {
		conf_text(&text[i], n, i);
		conf[i] = loaded(&text[i]);
	}
	for (p = text[0].s; (p = strchr(p, '\n')) != NULL; p++)
		t->lines++;
	room = xcalloc(1, text[0].len + 1);
	for (unsigned op = 0; op < OP_COUNT; op++)
		for (unsigned r = 0; r < rounds; r++) {
			start = cpu_us();
			once((enum conf_op)op, text, conf, room);
			us = cpu_us() - start;
			if (us == 0)
				us = 1;
			if (r == 0 || us < t->us[op])
				t->us[op] = us;
		}
	for (unsigned i = 0; i < 2; i++) {
		conf_free(conf[i]);
		sb_free(&text[i]);
	}
	free(room);
}
