/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gramc: lexer and recursive-descent parser of the .cli files.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gramc.h"

enum tok_kind { TK_WORD, TK_QUOTED, TK_STRING, TK_SIGN, TK_END };

struct tok {
	enum tok_kind kind;
	char *s;
	struct pos pos;
};

struct macro {
	char *name;
	struct elem_vec elems;
};

static VEC(struct tok) toks;
static VEC(struct macro) macros;
static unsigned at;
static int exec_level;

/* ---- lexer ---- */

static void
tok_add(enum tok_kind kind, const char *s, size_t n, const char *file, int line)
{
	struct tok t = {kind, text("%.*s", (int)n, s), {file, line}};

	PUSH(toks, t);
}

static bool
word_char(int c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '/';
}

static void
lex(const char *s, const char *file)
{
	int line = 1;

	toks.n = at = 0;
	while (*s != '\0') {
		const char *b = s;

		if (*s == '\n') {
			line++;
			s++;
		} else if (isspace((unsigned char)*s)) {
			s++;
		} else if (*s == '#') {
			s += strcspn(s, "\n");
		} else if (*s == '"' || *s == '\'') {
			s += 1 + strcspn(s + 1, *b == '"' ? "\"\n" : "'\n");
			if (*s != *b) {
				error_at((struct pos){file, line},
				    "string does not end");
				exit(1);
			}
			tok_add(*b == '"' ? TK_STRING : TK_QUOTED, b + 1,
			    (size_t)(s - b - 1), file, line);
			s++;
		} else if (word_char((unsigned char)*s)) {
			while (word_char((unsigned char)*s))
				s++;
			tok_add(TK_WORD, b, (size_t)(s - b), file, line);
		} else {
			tok_add(TK_SIGN, s++, 1, file, line);
		}
	}
	tok_add(TK_END, "end of file", 11, file, line);
}

static struct tok *
peek(void)
{
	return &toks.v[at];
}

static bool
is_sign(const char *s)
{
	return peek()->kind == TK_SIGN && strcmp(peek()->s, s) == 0;
}

static bool
is_word(const char *s)
{
	return peek()->kind == TK_WORD && strcmp(peek()->s, s) == 0;
}

static bool
take_sign(const char *s)
{
	if (!is_sign(s))
		return false;
	at++;
	return true;
}

static bool
take_word(const char *s)
{
	if (!is_word(s))
		return false;
	at++;
	return true;
}

static void
need_sign(const char *s)
{
	if (!take_sign(s)) {
		error_at(peek()->pos, "%s expected before \"%s\"", s,
		    peek()->s);
		exit(1);
	}
}

static char *
need(enum tok_kind kind, const char *what)
{
	if (peek()->kind != kind) {
		error_at(peek()->pos, "%s expected before \"%s\"", what,
		    peek()->s);
		exit(1);
	}
	return toks.v[at++].s;
}

static unsigned long
need_number(void)
{
	char *end, *s = need(TK_WORD, "number");
	unsigned long v = strtoul(s, &end, 10);

	if (*end != '\0') {
		error_at(toks.v[at - 1].pos, "%s is not a number", s);
		exit(1);
	}
	return v;
}

/* ---- elements ---- */

static const struct type_word {
	const char *word, *type, *ctype;
	enum { ARG_NONE, ARG_RANGE, ARG_LEN, ARG_NAMES } arg;
} types[] = {
	{"u8", "T_UINT", "uint8_t", ARG_RANGE},
	{"u16", "T_UINT", "uint16_t", ARG_RANGE},
	{"u32", "T_UINT", "uint32_t", ARG_RANGE},
	{"digits", "T_DIGITS", "char[", ARG_RANGE},
	{"word", "T_WORD", "char[", ARG_LEN},
	{"hex", "T_HEX", "char[", ARG_LEN},
	{"line", "T_LINE", "const char *", ARG_LEN},
	{"text", "T_TEXT", "const char *", ARG_LEN},
	{"banner", "T_BANNER", "const char *", ARG_LEN},
	{"certificate", "T_CERT", "const char *", ARG_LEN},
	{"ip4", "T_IP4", "uint32_t", ARG_NONE},
	{"net", "T_IP4", "uint32_t", ARG_NONE},
	{"mask", "T_MASK", "uint32_t", ARG_NONE},
	{"wild", "T_WILD", "uint32_t", ARG_NONE},
	{"ifname", "T_IFNAME", "char[40]", ARG_NONE},
	{"names", "T_NAMES", NULL, ARG_NAMES},
};

static void
parse_range(struct elem *e)
{
	e->lo = need_number();
	need_sign(".");
	need_sign(".");
	e->hi = need_number();
	if (e->lo > e->hi)
		error_at(e->pos, "empty range");
}

static void
parse_type(struct elem *e)
{
	char *s = need(TK_WORD, "type");
	const struct type_word *t = NULL;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(s, types[i].word) == 0)
			t = &types[i];
	if (t == NULL) {
		error_at(e->pos, "unknown type %s", s);
		exit(1);
	}
	e->type = t->type;
	e->ctype = t->ctype;
	e->network = strcmp(s, "net") == 0;
	switch (t->arg) {
	case ARG_RANGE:
		parse_range(e);
		if (strcmp(s, "digits") == 0)
			e->ctype = "char[11]";
		break;
	case ARG_LEN:
		e->hi = need_number();
		if (strcmp(t->ctype, "char[") == 0)
			e->ctype = text("char[%lu]", e->hi + 1);
		break;
	case ARG_NAMES:
		e->names = need(TK_WORD, "table");
		if (peek()->kind == TK_WORD &&
		    isdigit((unsigned char)*peek()->s))
			parse_range(e);
		break;
	default:
		break;
	}
}

static char *
parse_member(void)
{
	char *s = need(TK_WORD, "field");

	while (is_sign(".") && toks.v[at + 1].kind == TK_WORD) {
		at++;
		s = text("%s.%s", s, need(TK_WORD, "field"));
	}
	return s;
}

static struct elem *
elem_new(enum elem_kind kind)
{
	struct elem *e = grow(NULL, sizeof(*e));

	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->pos = peek()->pos;
	return e;
}

static void parse_elems(struct elem_vec *ev);

static void
parse_alts(struct elem *e, const char *close)
{
	do {
		struct elem_vec ev = {0};

		parse_elems(&ev);
		PUSH(e->alts, ev);
	} while (take_sign("|"));
	need_sign(close);
}

static void
parse_value(struct elem *e)
{
	if (!take_word("-")) /* else checked, and kept in the text only */
		e->member = parse_member();
	need_sign(":");
	parse_type(e);
	for (;;) {
		if (take_word("key"))
			e->key = true;
		else if (take_word("secret"))
			e->secret = true;
		else if (take_word("number"))
			e->number = true;
		else
			break;
	}
	need_sign(">");
	if (peek()->kind == TK_STRING)
		e->help = need(TK_STRING, "help");
}

static const char *const actions[] = {"enter", "prefix", "add", "run", "check",
	"choice", "default", "on", "both", "always", "deliver", "sort",
	"noeffect", "refuse", "hidden", "existing", "dup", "whole", "each", "format",
	"alike", "json"};

static bool
is_action(void)
{
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (is_word(actions[i]))
			return true;
	return false;
}

static void
parse_macro_use(struct elem_vec *ev)
{
	char *name = need(TK_WORD, "macro");

	for (unsigned i = 0; i < macros.n; i++)
		if (strcmp(macros.v[i].name, name) == 0) {
			for (unsigned k = 0; k < macros.v[i].elems.n; k++)
				PUSH(*ev, macros.v[i].elems.v[k]);
			return;
		}
	error_at(peek()->pos, "unknown macro %s", name);
}

static void
parse_elems(struct elem_vec *ev)
{
	for (;;) {
		struct elem *e;

		if (take_sign("$")) {
			parse_macro_use(ev);
			continue;
		} else if (take_sign("<")) {
			e = elem_new(E_VALUE);
			parse_value(e);
		} else if (take_sign("=")) {
			e = elem_new(E_SET);
			e->member = parse_member();
			e->expr = "1";
			if (take_sign(":"))
				e->expr = need(TK_WORD, "constant");
		} else if (take_sign("(")) {
			e = elem_new(E_GROUP);
			parse_alts(e, ")");
		} else if (take_sign("[")) {
			e = elem_new(E_OPT);
			parse_alts(e, "]");
		} else if ((is_word("any") || is_word("some")) &&
		    toks.v[at + 1].s[0] == '(' &&
		    toks.v[at + 1].kind == TK_SIGN) {
			e = elem_new(E_ANY);
			e->least = is_word("some") ? 1 : 0;
			at += 2;
			parse_alts(e, ")");
		} else if (peek()->kind == TK_QUOTED ||
		    (peek()->kind == TK_WORD && !is_action())) {
			e = elem_new(E_WORD);
			e->word = e->print = toks.v[at++].s;
			if (take_sign("~"))
				e->print = toks.v[at++].s;
			if (peek()->kind == TK_STRING)
				e->help = need(TK_STRING, "help");
		} else {
			return;
		}
		PUSH(*ev, e);
	}
}

/* ---- commands ---- */

static const char *
parse_procs(void)
{
	const char *s = "0";

	for (;;) {
		if (take_word("ike"))
			s = text("%s | CF_IKE", s);
		else if (take_word("fwd"))
			s = text("%s | CF_FWD", s);
		else if (!take_word("main"))
			return s;
	}
}

static char *
default_value(void)
{
	if (peek()->kind == TK_STRING)
		return text("\"%s\"", toks.v[at++].s);
	return parse_member(); /* a number, a constant, or a field */
}

static void
parse_default(struct command *c)
{
	do {
		char *v = default_value(), *field = NULL;

		if (take_sign("=")) {
			field = v;
			v = default_value();
		}
		PUSH(c->def_field, field);
		PUSH(c->def_value, v);
	} while (take_sign(","));
	c->has_default = true;
}

static void
parse_place(struct command *c, const char *action)
{
	c->action = action;
	if (strcmp(action, "FA_ADD") == 0) {
		c->list = need(TK_WORD, "list");
		need_sign(":");
		c->target = need(TK_WORD, "struct");
		return;
	}
	c->target = need(TK_WORD, "mode");
	if (take_word("in"))
		c->list = need(TK_WORD, "list");
}

static void
parse_run(struct command *c)
{
	c->action = "FA_RUN";
	c->run = need(TK_WORD, "function");
	c->proc = "CF_MAIN";
	if (take_word("in")) {
		char *p = need(TK_WORD, "process");

		c->proc = strcmp(p, "ike") == 0 ? "CF_IKE"
		    : strcmp(p, "fwd") == 0	? "CF_FWD"
						: "CF_MAIN";
	}
}

static bool
parse_action(struct command *c)
{
	if (take_word("enter"))
		parse_place(c, "FA_ENTER");
	else if (take_word("prefix"))
		parse_place(c, "FA_PREFIX");
	else if (take_word("add"))
		parse_place(c, "FA_ADD");
	else if (take_word("run"))
		parse_run(c);
	else if (take_word("check"))
		c->check = need(TK_WORD, "function");
	else if (take_word("format"))
		c->format = need(TK_WORD, "function");
	else if (take_word("alike"))
		c->alike = need(TK_WORD, "function");
	else if (take_word("choice"))
		c->choice = need(TK_WORD, "name");
	else if (take_word("default"))
		parse_default(c);
	else if (take_word("on"))
		c->on = c->has_default = true;
	else if (take_word("both"))
		c->both = true;
	else if (take_word("always"))
		c->always = need(TK_STRING, "text");
	else if (take_word("deliver"))
		c->deliver = parse_procs();
	else if (take_word("sort"))
		c->sorted = strcmp(need(TK_WORD, "key"), "key") == 0;
	else if (take_word("last"))
		c->last = need(TK_STRING, "key");
	else if (take_word("noeffect"))
		c->note = need(TK_STRING, "text");
	else if (take_word("refuse")) {
		c->action = "FA_REFUSE";
		c->note = need(TK_STRING, "text");
	} else if (take_word("hidden"))
		c->hidden = true;
	else if (take_word("existing"))
		c->existing = true;
	else if (take_word("dup"))
		c->dup = true;
	else if (take_word("whole"))
		c->whole = true;
	else if (take_word("each"))
		c->each = true;
	else if (take_word("json"))
		c->json = true;
	else
		return false;
	return true;
}

static void
parse_command(struct mode *m, const struct elem_vec *before)
{
	struct elem_vec ev = {0};
	struct command *c;
	struct pos pos = peek()->pos;

	for (unsigned i = 0; i < before->n; i++)
		PUSH(ev, before->v[i]);
	parse_elems(&ev);
	if (take_sign("{")) {
		while (!take_sign("}"))
			parse_command(m, &ev);
		return;
	}
	c = grow(NULL, sizeof(*c));
	memset(c, 0, sizeof(*c));
	c->pos = pos;
	c->mode = m;
	c->elems = ev;
	c->action = "FA_LINE";
	c->level = m == modes.v[0] ? exec_level : 15;
	c->literal = ev.n != 0 && ev.v[0]->kind == E_WORD &&
	    strcmp(ev.v[0]->word, "no") == 0;
	while (parse_action(c))
		;
	need_sign(";");
	if (ev.n == 0) {
		error_at(pos, "empty command");
		return;
	}
	c->id = commands.n;
	PUSH(commands, c);
	PUSH(m->commands, c);
}

/* ---- modes ---- */

static struct mode *
mode_get(const char *name, struct pos pos)
{
	struct mode *m = mode_find(name);

	if (m != NULL)
		return m;
	m = grow(NULL, sizeof(*m));
	memset(m, 0, sizeof(*m));
	m->name = name;
	m->pos = pos;
	m->prompt = text("config-%s", name);
	m->deliver = "0";
	m->id = modes.n;
	PUSH(modes, m);
	return m;
}

static bool
parse_property(struct mode *m)
{
	if (take_word("prompt")) {
		m->prompt = need(TK_STRING, "text");
		if (take_word("dotted"))
			m->dotted = need(TK_STRING, "text");
		if (take_word("older"))
			m->older = need(TK_STRING, "text");
	} else if (take_word("header")) {
		m->header = need(TK_STRING, "text");
	} else if (take_word("record")) {
		m->record = text("struct %s", need(TK_WORD, "struct"));
	} else if (is_word("deliver")) {
		at++;
		m->deliver = parse_procs();
	} else if (take_word("unknown")) {
		m->keep = strcmp(need(TK_WORD, "reject or keep"), "keep") == 0;
		if (m->keep && peek()->kind == TK_STRING)
			m->note = need(TK_STRING, "text");
	} else {
		return false;
	}
	need_sign(";");
	return true;
}

static void
parse_block(struct mode *m)
{
	static const struct elem_vec none;

	need_sign("{");
	while (!take_sign("}"))
		if (!parse_property(m))
			parse_command(m, &none);
}

static char *
read_file(const char *name)
{
	FILE *f = fopen(name, "r");
	char *s = NULL;
	size_t n = 0, got;

	if (f == NULL) {
		perror(name);
		exit(1);
	}
	do {
		s = grow(s, n + 4097);
		got = fread(s + n, 1, 4096, f);
		n += got;
	} while (got != 0);
	fclose(f);
	s[n] = '\0';
	return s;
}

void
parse_file(const char *name)
{
	struct pos pos = {name, 1};

	if (modes.n == 0) {
		mode_get("exec", pos);
		mode_get("config", pos);
	}
	lex(read_file(name), name);
	while (peek()->kind != TK_END) {
		if (take_word("exec")) {
			exec_level = take_word("level") ? (int)need_number()
							: 1;
			parse_block(modes.v[0]);
		} else if (take_word("mode")) {
			pos = peek()->pos;
			parse_block(mode_get(need(TK_WORD, "name"), pos));
		} else if (take_word("macro")) {
			struct macro m = {need(TK_WORD, "name"), {0}};

			need_sign("{");
			parse_elems(&m.elems);
			need_sign("}");
			PUSH(macros, m);
		} else {
			error_at(peek()->pos, "mode, exec or macro expected");
			exit(1);
		}
	}
}
