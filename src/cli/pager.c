/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The pager behind ` --More-- `.
 */
#include "config.h"

#include <string.h>

#include "cli/filter.h"
#include "cli/pager.h"

#define REGEX_MAX 256

static void
put_str(struct pager *p, const char *text)
{
	p->put(p->arg, text, strlen(text));
}

void
pager_begin(struct pager *p, bool on)
{
	pager_end(p);
	p->on = on;
}

void
pager_end(struct pager *p)
{
	filter_free(p->filter);
	p->filter = NULL;
	p->on = p->quit = false;
	p->row = 0;
}

/* An expression is typed behind its key. False: it was given up. */
static bool
read_regex(struct pager *p, char key, char *regex, size_t size)
{
	size_t n = 0;
	int c;

	p->put(p->arg, &key, 1);
	while ((c = p->key(p->arg)) != '\r') {
		char ch = (char)c;

		if (c == -1 || c == 0x03 || c == 0x1a)
			return false;
		if ((c == 0x7f || c == '\b') && n == 0)
			return false;
		if (c == 0x7f || c == '\b') {
			n--;
			put_str(p, "\b \b");
		} else if (c >= ' ' && c < 0x7f && n + 1 < size) {
			regex[n++] = ch;
			p->put(p->arg, &ch, 1);
		}
	}
	regex[n] = '\0';
	return true;
}

static void
search(struct pager *p, int key)
{
	enum bar_kind kind = key == '/' ? BAR_BEGIN
	    : key == '+'		   ? BAR_INCLUDE
					   : BAR_EXCLUDE;
	char regex[REGEX_MAX];
	struct filter *f;
	bool given = read_regex(p, (char)key, regex, sizeof(regex));

	put_str(p, "\n");
	p->row = 1;
	if (!given || regex[0] == '\0')
		return;
	f = filter_new(kind, regex);
	if (f == NULL) {
		put_str(p, "% Failed to compile regular expression.\n");
		p->row++;
		return;
	}
	put_str(p, "filtering...\n");
	p->row++;
	filter_free(p->filter);
	p->filter = f;
}

/* A pause before a line of so many rows. */
static void
more(struct pager *p, unsigned rows)
{
	static const char wipe[] = "\b\b\b\b\b\b\b\b\b        "
				   "\b\b\b\b\b\b\b\b\b";
	int key;

	put_str(p, " --More-- ");
	key = p->key(p->arg);
	put_str(p, wipe);
	switch (key) {
	case ' ':
		p->row = 0;
		break;
	case '\r':
		p->row = p->length - 1 > rows ? p->length - 1 - rows : 0;
		break;
	case '/':
	case '+':
	case '-':
		search(p, key);
		break;
	default:
		p->quit = true;
	}
}

bool
pager_line(struct pager *p, const char *line, size_t len)
{
	unsigned rows = 1;

	if (p->quit)
		return true;
	if (p->filter != NULL && !filter_line(p->filter, line, len))
		return true;
	if (p->width != 0 && len > p->width)
		rows = (unsigned)((len + p->width - 1) / p->width);
	if (p->on && p->length > 1 && p->row > 0 &&
	    p->row + rows > p->length - 1) {
		more(p, rows);
		if (p->quit)
			return false;
		if (p->filter != NULL && !filter_line(p->filter, line, len))
			return true;
	}
	p->put(p->arg, line, len);
	put_str(p, "\n");
	p->row += rows;
	return true;
}
