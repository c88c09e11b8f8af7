/*
 * mail/from_header.c - mailbox lists, read token by token. Display names are
 * skipped: what an encoded word hides in them is no address.
 */
#include "mail/from_header.h"

#include "base/ascii.h"
#include "mail/header.h"

/*
 * from = mailbox-list, and with RFC 6854 groups too:
 *   address  = addr-spec / [phrase] "<" [route ":"] addr-spec ">"
 *   group    = phrase ":" [address *("," address)] ";"
 *   addr-spec = word *("." word) "@" (atom *("." atom) / domain-literal)
 * Between all tokens may stand comments and folds; list elements may be empty.
 */
enum token {
	TOKEN_END,
	TOKEN_ATOM,
	TOKEN_QUOTED,
	TOKEN_LITERAL,
	TOKEN_SPECIAL, /* one character of "<>,:;@." */
	TOKEN_BAD,
};

struct lexer {
	struct slice rest; /* behind the token */
	enum token token;
	struct slice text; /* of the token */
};

static bool
is_atext(char c)
{
	return (unsigned char)c > 127 ||
	    (ascii_is_graphic(c) && !slice_has(SLICE("()<>[]:;@\\,.\""), c));
}

/* Up to and with the `close` that belongs to the first character; or 0. */
static size_t
enclosed_length(struct slice s, char open, char close)
{
	size_t depth = 1;

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\0')
			return 0;
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close && --depth == 0)
			return i + 1;
		else if (s.p[i] == open && open != close)
			depth++;
	}
	return 0;
}

/* Comments and white space; false: a comment without end. */
static bool
skip_cfws(struct slice *s)
{
	size_t n;

	while (s->n > 0 && (ascii_is_space(s->p[0]) || s->p[0] == '(')) {
		n = 1;
		if (s->p[0] == '(' && (n = enclosed_length(*s, '(', ')')) == 0)
			return false;
		*s = slice_skip(*s, n);
	}
	return true;
}

static void
next(struct lexer *l)
{
	struct slice s = l->rest;
	size_t n = 0;

	l->token = TOKEN_BAD;
	l->text = slice_head(s, 0);
	if (!skip_cfws(&s))
		return;
	if (s.n == 0) {
		l->token = TOKEN_END;
	} else if (s.p[0] == '"' || s.p[0] == '[') {
		bool quoted = s.p[0] == '"';

		n = quoted ? enclosed_length(s, '"', '"')
			   : slice_find(s, ']') + 1;
		if (n == 0 || n > s.n)
			return;
		l->token = quoted ? TOKEN_QUOTED : TOKEN_LITERAL;
	} else if (slice_has(SLICE("<>,:;@."), s.p[0])) {
		n = 1;
		l->token = TOKEN_SPECIAL;
	} else {
		while (n < s.n && is_atext(s.p[n]))
			n++;
		if (n == 0)
			return;
		l->token = TOKEN_ATOM;
	}
	l->text = slice_head(s, n);
	l->rest = slice_skip(s, n);
}

static bool
is_special(const struct lexer *l, char c)
{
	return l->token == TOKEN_SPECIAL && l->text.p[0] == c;
}

static bool
take_special(struct lexer *l, char c)
{
	if (!is_special(l, c))
		return false;
	next(l);
	return true;
}

static void
add_domain(struct from_header *out, struct slice domain)
{
	char text[DOMAIN_MAX + 1];

	if (!slice_to_cstr(domain, text, sizeof(text)))
		return;
	for (size_t i = 0; text[i] != '\0'; i++)
		text[i] = ascii_lower(text[i]);
	for (size_t i = 0; i < out->domain_count; i++)
		if (slice_is(slice_of(text), out->domain[i]))
			return;
	if (out->domain_count == FROM_DOMAINS_MAX) {
		out->has_more = true;
		return;
	}
	(void)slice_to_cstr(slice_of(text), out->domain[out->domain_count++],
	    sizeof(out->domain[0]));
}

/* Without what stands between its tokens: "example . org" is obs-domain. */
static bool
take_domain(struct lexer *l, char out[DOMAIN_MAX + 1])
{
	size_t n = 0;
	bool good = false;

	if (l->token == TOKEN_LITERAL) {
		good = slice_to_cstr(l->text, out, DOMAIN_MAX + 1);
		next(l);
		return good;
	}
	while (l->token == TOKEN_ATOM) {
		if (l->text.n > DOMAIN_MAX - n)
			return false;
		for (size_t i = 0; i < l->text.n; i++)
			out[n++] = l->text.p[i];
		next(l);
		if (!is_special(l, '.'))
			break;
		if (n == DOMAIN_MAX)
			return false;
		out[n++] = '.';
		next(l);
	}
	out[n] = '\0';
	return domain_is_valid(slice_from(out, n), true);
}

static bool
take_at_domain(struct lexer *l, struct from_header *out)
{
	char domain[DOMAIN_MAX + 1];

	if (!take_special(l, '@') || !take_domain(l, domain))
		return false;
	add_domain(out, slice_of(domain));
	out->address_count++;
	return true;
}

static bool
is_word(const struct lexer *l)
{
	return l->token == TOKEN_ATOM || l->token == TOKEN_QUOTED;
}

/*
 * Words and dots: a phrase, or a local part if `local` stays true. False when
 * a dot stands in front, which neither allows.
 */
static bool
take_words(struct lexer *l, size_t *count, bool *local)
{
	bool after_dot = true;

	*count = 0;
	*local = true;
	for (; is_word(l) || is_special(l, '.'); next(l)) {
		if (is_word(l)) {
			*local = *local && after_dot;
			after_dot = false;
			++*count;
		} else {
			*local = *local && !after_dot;
			after_dot = true;
			if (*count == 0)
				return false;
		}
	}
	*local = *local && !after_dot;
	return true;
}

/* "<" [ *("," / "@" domain) ":" ] addr-spec ">", the "<" already taken. */
static bool
take_angle(struct lexer *l, struct from_header *out)
{
	char domain[DOMAIN_MAX + 1];
	size_t words;
	bool local;

	if (is_special(l, '@') || is_special(l, ',')) { /* obs-route */
		while (is_special(l, '@') || is_special(l, ',')) {
			bool at = is_special(l, '@');

			next(l);
			if (at && !take_domain(l, domain))
				return false;
		}
		if (!take_special(l, ':'))
			return false;
	}
	return take_words(l, &words, &local) && local &&
	    take_at_domain(l, out) && take_special(l, '>');
}

static bool
take_list(struct lexer *l, struct from_header *out)
{
	bool in_group = false;
	size_t words;
	bool local;

	for (;;) {
		bool good = take_words(l, &words, &local);

		if (!good)
			return false;
		if (is_special(l, '@')) {
			if (!local || !take_at_domain(l, out))
				return false;
		} else if (take_special(l, '<')) {
			if (!take_angle(l, out))
				return false;
		} else if (is_special(l, ':') && words > 0 && !in_group) {
			in_group = true;
			next(l);
			continue;
		} else if (words > 0) {
			return false;
		}
		if (in_group && take_special(l, ';'))
			in_group = false;
		if (take_special(l, ','))
			continue;
		return l->token == TOKEN_END && !in_group;
	}
}

static bool
may_stand_in_domain(char c)
{
	return (unsigned char)c > 127 || ascii_is_alnum(c) || c == '.' ||
	    c == '-' || c == '_';
}

/* What stands behind any "@" and looks like a domain. */
static void
salvage(struct slice body, struct from_header *out)
{
	size_t at;
	size_t n;

	while ((at = slice_find(body, '@')) < body.n) {
		body = slice_skip(body, at + 1);
		for (n = 0; n < body.n && may_stand_in_domain(body.p[n]);)
			n++;
		while (n > 0 && body.p[n - 1] == '.')
			n--;
		if (domain_is_valid(slice_head(body, n), true))
			add_domain(out, slice_head(body, n));
	}
}

static void
read_field(struct slice body, struct from_header *out)
{
	struct lexer l = { .rest = body };
	size_t before = out->address_count;

	out->field_count++;
	next(&l);
	if (!take_list(&l, out)) {
		out->result = FROM_MALFORMED;
		salvage(body, out);
	} else if (out->result != FROM_MALFORMED) {
		out->result =
		    out->address_count > before ? FROM_GOOD : FROM_EMPTY;
	}
}

void
from_header_parse(struct slice body, struct from_header *out)
{
	*out = (struct from_header){ .result = FROM_MISSING };
	read_field(body, out);
}

void
from_header_read(struct slice header, struct from_header *out)
{
	struct header_field field;

	*out = (struct from_header){ .result = FROM_MISSING };
	while (header_take(&header, &field))
		if (slice_is_nocase(field.name, "from"))
			read_field(field.body, out);
	if (out->result == FROM_EMPTY && out->address_count > 0)
		out->result = FROM_GOOD;
}
