/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Values of the command language: which words a typed value accepts, what
 * they mean, and how they are written canonically.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/match.h"

/* The number may be a word of its own. */
static unsigned
value_ifname(const struct cli_line *l, unsigned i, char *buf)
{
	const struct cli_token *t = &l->tok[i], *number = t + 1;
	char text[64];
	size_t n = t->len;

	if (n == 0 || n >= sizeof(text))
		return 0;
	memcpy(text, t->s, n);
	text[n] = '\0';
	if (!isalpha((unsigned char)text[n - 1]) || i + 1 >= l->n)
		return cli_ifname(text, buf) ? 1 : 0;
	if (n + number->len >= sizeof(text))
		return 0;
	memcpy(text + n, number->s, number->len);
	text[n + number->len] = '\0';
	return cli_ifname(text, buf) ? 2 : 0;
}

static bool
parse_uint(const char *s, size_t len, uint32_t *num)
{
	uint64_t v = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*num = (uint32_t)v;
	return v <= UINT32_MAX;
}

static unsigned
value_names(const struct cli_node *n, const struct cli_token *t, char *buf,
    uint32_t *num)
{
	const struct ace_name *found = NULL;

	if (parse_uint(t->s, t->len, num)) {
		if (n->hi == 0 || *num < n->lo || *num > n->hi)
			return 0;
		for (found = n->names; found->name != NULL; found++)
			if (found->value == *num)
				break;
		if (found->name == NULL)
			snprintf(buf, CLI_VALUE_MAX, "%u", *num);
		else
			str_copy(buf, found->name, CLI_VALUE_MAX);
		return 1;
	}
	for (const struct ace_name *a = n->names; a->name != NULL; a++) {
		if (strncasecmp(a->name, t->s, t->len) != 0)
			continue;
		if (strlen(a->name) == t->len) {
			found = a;
			break;
		}
		if (found != NULL)
			return 0; /* ambiguous; an exact name may follow */
		found = a;
	}
	if (found == NULL)
		return 0;
	*num = found->value;
	str_copy(buf, found->name, CLI_VALUE_MAX);
	return 1;
}

static unsigned
value_ip(const struct cli_node *n, const struct cli_token *t, char *buf,
    uint32_t *num)
{
	char s[IP4_STRLEN];

	if (t->len >= sizeof(s))
		return 0;
	memcpy(s, t->s, t->len);
	s[t->len] = '\0';
	if (!ip4_parse(s, num))
		return 0;
	if (n->type == T_MASK && ip4_prefix_of(*num) < 0)
		return 0;
	ip4_str(*num, s);
	str_copy(buf, s, CLI_VALUE_MAX);
	return 1;
}

/* ---- texts of several lines ---- */

/* The delimiter is the first character, or the two characters ^C. */
static size_t
banner_delimiter(const char *s, char delim[3])
{
	delim[0] = s[0];
	delim[1] = s[0] == '^' && s[1] == 'C' ? 'C' : '\0';
	delim[2] = '\0';
	return strlen(delim);
}

/* Printed with ^C, unless the text holds that. */
static void
pick_delimiter(const char *s, size_t len, char delim[3])
{
	static const char others[] = "#%@$~|&";

	if (memmem(s, len, "^C", 2) == NULL &&
	    (len == 0 || (s[0] != 'C' && s[len - 1] != '^'))) {
		str_copy(delim, "^C", 3);
		return;
	}
	for (unsigned i = 0; delim[0] == '\003' && others[i] != '\0'; i++)
		if (memchr(s, others[i], len) == NULL)
			delim[0] = others[i];
}

/* What is behind the second delimiter is ignored, as in IOS. The octet ^C is
 * a delimiter only, never in a text. */
static unsigned
value_banner(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char *buf)
{
	const char *s = l->tok[i].s, *stop;
	char delim[3];
	size_t dlen = banner_delimiter(s, delim), len = 0;

	s += dlen;
	stop = strstr(s, delim);
	if (stop == NULL || (size_t)(stop - s) > n->hi ||
	    (size_t)(stop - s) + 8 >= CLI_VALUE_MAX)
		return 0;
	for (; s < stop; s++)
		if (*s != '\003')
			buf[2 + len++] = *s;
	pick_delimiter(buf + 2, len, delim);
	dlen = strlen(delim);
	memmove(buf + dlen, buf + 2, len);
	memcpy(buf, delim, dlen);
	memcpy(buf + dlen + len, delim, dlen + 1);
	return l->n - i;
}

static bool
all_hex(const struct cli_token *t)
{
	for (unsigned i = 0; i < t->len; i++)
		if (!isxdigit((unsigned char)t->s[i]))
			return false;
	return true;
}

#define CERT_LINE 64 /* digits, in groups of eight */

/* Octets between the serial number and `quit`, put in lines. False: they are
 * none, or too many. *ended: `quit` was there. */
static bool
cert_lines(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char *buf, bool *ended)
{
	const char *s = l->tok[i].s + l->tok[i].len;
	const char *e = l->text + l->end;
	size_t digits = 0, at;

	at = (size_t)snprintf(buf, CLI_VALUE_MAX, "%.*s", l->tok[i].len,
	    l->tok[i].s);
	for (; s < e && isspace((unsigned char)*s); s++)
		;
	for (; s < e && isxdigit((unsigned char)*s); digits++) {
		if (at + 16 > CLI_VALUE_MAX || at > n->hi)
			return false;
		if (digits % CERT_LINE == 0) {
			memcpy(buf + at, "\n  ", 3);
			at += 3;
		} else if (digits % 8 == 0)
			buf[at++] = ' ';
		buf[at++] = (char)toupper((unsigned char)*s++);
		while (s < e && isspace((unsigned char)*s))
			s++;
	}
	*ended = e - s == 4 && strncasecmp(s, "quit", 4) == 0;
	memcpy(buf + at, "\n  \tquit", sizeof("\n  \tquit"));
	return *ended ? digits != 0 && digits % 2 == 0 : s == e;
}

static unsigned
value_cert(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char *buf)
{
	bool ended;

	return l->tok[i].len <= 40 && all_hex(&l->tok[i]) &&
		cert_lines(n, l, i, buf, &ended) && ended
	    ? l->n - i
	    : 0;
}

bool
cli_value_open(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char until[8])
{
	const char *s = l->tok[i].s;
	char delim[3], buf[CLI_VALUE_MAX];
	size_t dlen;
	bool ended;

	if (n->type == T_BANNER) {
		dlen = banner_delimiter(s, delim);
		if (strstr(s + dlen, delim) != NULL || strlen(s) > n->hi)
			return false;
		str_copy(until, delim[0] == '\003' ? "^C" : delim, 8);
		return true;
	}
	if (n->type != T_CERT || l->tok[i].len > 40 ||
	    !all_hex(&l->tok[i]) || !cert_lines(n, l, i, buf, &ended) || ended)
		return false;
	str_copy(until, "quit", 8);
	return true;
}

static unsigned
value_line(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char *buf)
{
	size_t len = l->end - (size_t)(l->tok[i].s - l->text);

	if (len > n->hi || len >= CLI_VALUE_MAX)
		return 0;
	memcpy(buf, l->tok[i].s, len);
	buf[len] = '\0';
	return l->n - i;
}

unsigned
cli_value(const struct cli_node *n, const struct cli_line *l, unsigned i,
    char *buf, uint32_t *num)
{
	const struct cli_token *t = &l->tok[i];

	*num = 0;
	buf[0] = '\0';
	switch (n->type) {
	case T_UINT:
	case T_DIGITS:
		if (!parse_uint(t->s, t->len, num) || *num < n->lo ||
		    *num > n->hi)
			return 0;
		snprintf(buf, CLI_VALUE_MAX, "%u", *num);
		return 1;
	case T_HEX:
		if (!all_hex(t))
			return 0;
		/* FALLTHROUGH */
	case T_WORD:
		if (t->len > n->hi || t->len >= CLI_VALUE_MAX)
			return 0;
		memcpy(buf, t->s, t->len);
		buf[t->len] = '\0';
		return 1;
	case T_LINE:
	case T_TEXT:
		return value_line(n, l, i, buf);
	case T_BANNER:
		return value_banner(n, l, i, buf);
	case T_CERT:
		return value_cert(n, l, i, buf);
	case T_IP4:
	case T_MASK:
	case T_WILD:
		return value_ip(n, t, buf, num);
	case T_IFNAME:
		return value_ifname(l, i, buf);
	case T_NAMES:
		return value_names(n, t, buf, num);
	default:
		return 0;
	}
}

const char *
cli_value_label(const struct cli_node *n, char *buf, size_t size)
{
	switch (n->type) {
	case T_UINT:
	case T_DIGITS:
	case T_NAMES:
		snprintf(buf, size, "<%u-%u>", n->lo, n->hi);
		return buf;
	case T_WORD:
		return "WORD";
	case T_HEX:
	case T_CERT:
		return "Hex-data";
	case T_LINE:
	case T_TEXT:
	case T_BANNER:
		return "LINE";
	default:
		return "A.B.C.D";
	}
}
