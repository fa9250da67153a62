/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an SA is negotiated with, as the configuration has it: the entry of a
 * crypto map or a profile, and global defaults. Runs in process ike.
 */
#include "config.h"

#include <string.h>

#include "ipsec/ipsec_priv.h"

#define SECONDS 3600
#define KILOBYTES 4608000
#define WINDOW 64

static void
add_set(const struct transform_set *set, struct terms *t)
{
	struct set *s = &t->sets[t->nsets++];

	/* member by member: terms are compared with their padding */
	s->esp.cipher = set->esp.cipher;
	s->esp.auth = set->esp.auth;
	s->esp.key_bits = (uint16_t)(8 * esp_key_len(&set->esp));
	s->transport = set->mode == MODE_TRANSPORT;
}

/* AH alone or with ESP is none of ours. */
static void
add_sets(const struct conf *c, const struct set_names *names, struct terms *t,
    const char **unusable)
{
	const struct transform_set *sets[SET_NAMES];
	unsigned n = conf_transform_sets(c, names, sets), i, k = 0;
	const struct transform_set *set;
	const char *name;

	for (i = 0; (name = conf_set_name(names, i)) != NULL; i++) {
		set = k < n && strcmp(sets[k]->name, name) == 0 ? sets[k++] :
		    NULL;
		if (set != NULL && esp_transform_ok(&set->esp))
			add_set(set, t);
		else
			*unusable = name;
	}
}

static void
set_limits(const struct conf *c, const struct sa_terms *from,
    uint32_t seconds, struct terms *t)
{
	t->seconds = seconds != 0 ? seconds : c->ipsec_lifetime != 0 ?
	    c->ipsec_lifetime : SECONDS;
	t->kilobytes = from->kilobytes != 0 ? from->kilobytes :
	    c->ipsec_kilobytes != 0 ? c->ipsec_kilobytes : KILOBYTES;
	if (from->no_kilobytes ||
	    (from->kilobytes == 0 && c->ipsec_no_kilobytes))
		t->kilobytes = 0;
	t->idle = from->idle != 0 ? from->idle : c->ipsec_idle;
	t->window = from->window != 0 ? from->window : c->ipsec_window != 0 ?
	    c->ipsec_window : WINDOW;
	if (from->no_replay || (from->window == 0 && c->ipsec_no_replay))
		t->window = 0;
	t->pfs = from->pfs;
	str_copy(t->profile, from->profile, sizeof(t->profile));
}

void
terms_of_map(const struct conf *c, const struct crypto_map *m,
    struct terms *t, const char **unusable)
{
	memset(t, 0, sizeof(*t));
	*unusable = NULL;
	add_sets(c, &m->sets, t, unusable);
	set_limits(c, &m->terms, m->terms.lifetime, t);
	t->reverse_route = m->reverse_route;
}

void
terms_of_profile(const struct conf *c, const struct ipsec_profile *p,
    struct terms *t, const char **unusable)
{
	memset(t, 0, sizeof(*t));
	*unusable = NULL;
	add_sets(c, &p->sets, t, unusable);
	t->responder_only = p->responder_only;
	set_limits(c, &p->terms, p->lifetime, t);
}
