/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shape of the tables that grammar/gramc writes into cli_gen.c. A mode is
 * a graph of nodes; words and values take a token, the other kinds take none.
 * A command ends in a form: what is done with the line.
 */
#ifndef COHORT_CLI_TABLE_H
#define COHORT_CLI_TABLE_H

#include "base/ace.h"

enum cli_kind {
	N_WORD,	 /* keyword */
	N_VALUE, /* typed value, stored in a field */
	N_SET,	 /* stores a constant */
	N_ANY,	 /* some of its N_ALT, once each; and the way out */
	N_ALT,	 /* alternative number `alt` of an N_ANY */
	N_JUMP,	 /* the line goes on in another mode (`prefix`) */
	N_END,	 /* a form is complete */
	N_NOEND, /* ... enough of it for `no` */
};

enum cli_type {
	T_UINT,	  /* decimal lo..hi */
	T_DIGITS, /* the same, kept as text */
	T_WORD,	  /* at most hi characters */
	T_LINE,	  /* the rest of the line, a trailing comment is none of it */
	T_TEXT,	  /* the rest of the line, all of it */
	T_BANNER, /* delimiter, text, delimiter; may hold newlines */
	T_CERT,	  /* serial number, hexadecimal lines, `quit` */
	T_IP4,
	T_MASK,
	T_WILD,
	T_IFNAME,
	T_HEX,
	T_NAMES, /* a name of a table, or a number lo..hi if hi is not 0 */
};

enum cli_node_flag {
	NF_KEY = 1,    /* part of what tells two lines of a slot apart */
	NF_SECRET = 2,
	NF_NUMBER = 4, /* sequence number: not part of the canonical text */
	NF_HIDDEN = 8,
	NF_SOME = 16,  /* N_ANY: no way out before one was taken */
};

struct cli_node {
	uint8_t kind, type, flags, level, alt;
	uint16_t field; /* of cli_fields: VALUE, SET */
	uint16_t form;	/* of cli_forms: END, NOEND, JUMP */
	uint32_t next;	/* of cli_edges: node numbers up to a 0 */
	uint32_t lo, hi; /* SET: lo is the constant */
	const char *text;  /* WORD */
	const char *print; /* WORD: canonical spelling; "" is not printed */
	const char *help;
	const struct ace_name *names; /* T_NAMES */
};

enum cli_field_kind { F_INT, F_STR, F_PTR, F_LIST };

struct cli_field {
	uint8_t kind;
	uint16_t off, size;
	uint32_t def;
	const char *def_str; /* F_STR */
};

enum cli_action { FA_LINE, FA_ENTER, FA_ADD, FA_RUN, FA_PREFIX, FA_REFUSE };

enum cli_form_flag {
	FF_ON = 1,	 /* on when absent, printed as `no ...` */
	FF_BOTH = 2,	 /* `no LINE` is kept as well */
	FF_EXISTING = 4, /* enters only what is there already */
	FF_DUP = 8,	 /* the same text may stand twice */
	FF_DEFAULT = 16, /* not stored when equal to the defaults */
	FF_HIDDEN = 32,
	FF_LITERAL = 64, /* begins with the word "no" */
	FF_NUMBERED = 128,
	FF_JSON = 256,	 /* `| json` has an answer */
	FF_WHOLE = 512,	 /* `no` that stops early removes all alike */
	FF_EACH = 1024,	 /* each word of the end is a record of its own */
};

#define CLI_NO_LIST 0xffff

struct cli_ctx;
struct cf_check;
typedef int cli_check_fn(struct cf_check *, const void *rec);
typedef void cli_format_fn(struct strbuf *text, struct strbuf *key, void *rec);
typedef void cli_alike_fn(const void *rec, unsigned which, struct strbuf *key);

struct cli_form {
	uint8_t action, deliver, level;
	uint16_t flags;
	uint8_t proc;
	uint16_t mode;	   /* in which it is typed */
	uint16_t slot;	   /* of cli_slots: what it replaces */
	uint16_t class;	   /* of the record entered or added */
	uint16_t list;	   /* offset of the cf_list, or CLI_NO_LIST */
	uint16_t handler;
	uint16_t number;   /* of cli_fields: sequence number, or 0xffff */
	uint16_t nfields;
	const uint16_t *fields; /* all that it may write: LINE, ENTER */
	cli_check_fn *check;
	cli_format_fn *format;
	cli_alike_fn *alike;
	const char *note; /* noeffect; refuse: the reason */
};

struct cli_slot {
	bool sorted;	    /* by key; else as entered */
	const char *always; /* printed when the slot is empty */
	const char *last;   /* key that stays behind all others, or NULL */
};

struct cli_class {
	uint16_t mode;	/* whose lines it holds; 0: a record of one line */
	uint32_t size;
	uint16_t field0, nfields; /* all of the struct */
};

struct cli_mode {
	const char *name, *prompt, *prompt_dotted, *prompt_older, *header;
	const char *note; /* of a block of kept lines that has no other */
	uint32_t root; /* edges */
	bool keep;     /* unknown lines are kept */
	uint8_t deliver;
	uint16_t slot0, nslots; /* in the order of printing */
};

struct cli_handler {
	const char *name;
	int (*call)(struct cli_ctx *, const void *args);
};

#define MODE_EXEC 0
#define MODE_CONFIG 1

extern const struct cli_node cli_nodes[];
extern const uint16_t cli_edges[];
extern const struct cli_field cli_fields[];
extern const struct cli_form cli_forms[];
extern const struct cli_slot cli_slots[];
extern const struct cli_class cli_classes[];
extern const struct cli_mode cli_modes[];
extern const unsigned cli_mode_count, cli_class_count, cli_form_count;

#endif
