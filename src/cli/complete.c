/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tab: the one word that the typed one begins.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/match.h"

void
cli_complete(char *buf, uint16_t mode, bool privileged, const char *text)
{
	struct cli_rows r;
	const struct cli_row *only = NULL;
	unsigned n = 0;

	buf[0] = '\0';
	cli_rows(&r, mode, privileged, text);
	for (size_t i = 0; i < r.n; i++)
		if (r.v[i].word) {
			only = &r.v[i];
			n++;
		}
	/* an exact word is finished even when a longer one begins with it */
	for (size_t i = 0; n > 1 && i < r.n; i++)
		if (r.v[i].word && strcmp(r.v[i].label, r.word) == 0) {
			only = &r.v[i];
			n = 1;
		}
	if (n == 1 && r.word[0] != '\0' &&
	    strlen(only->label) >= strlen(r.word))
		snprintf(buf, 256, "%s%s", only->label + strlen(r.word),
		    only->open ? "" : " ");
	free(r.v);
}
