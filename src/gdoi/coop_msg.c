/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The message between cooperative key servers, see coop_msg.h. Runs in
 * process ike.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gdoi/coop_msg.h"

void
coop_msg_free(struct coop_msg *m)
{
	free(m->members);
	coop_keys_free(m->keys);
	explicit_bzero(m, sizeof(*m));
}

void
coop_keys_free(struct coop_keys *k)
{
	if (k == NULL)
		return;
	if (k->keks != NULL)
		explicit_bzero(k->keks, k->nkeks * sizeof(*k->keks));
	if (k->teks != NULL)
		explicit_bzero(k->teks, k->nteks * sizeof(*k->teks));
	free(k->sas);
	free(k->aces);
	free(k->keks);
	free(k->teks);
	explicit_bzero(k, sizeof(*k));
	free(k);
}
