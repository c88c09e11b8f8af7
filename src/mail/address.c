/*
 * mail/address.c - taking addresses apart. Looks nothing up and knows nothing
 * of who is local.
 */
#include "mail/address.h"

#include "base/ascii.h"
#include "base/ip.h"
#include "mail/utf8.h"

enum { LABEL_MAX = 63 };

/*
 * One character of a class of ASCII, or of UTF-8 over U+007F. The parse goes
 * on over UTF-8 that is not allowed, and is refused for it by the one place
 * that knows: so an address that would be good with SMTPUTF8 is told from one
 * that never is.
 */
static bool
take_class(struct slice *s, bool (*is_class)(char))
{
	size_t n;

	if (s->n == 0)
		return false;
	if ((unsigned char)s->p[0] < 128)
		n = is_class(s->p[0]) ? 1 : 0;
	else
		n = utf8_length(*s);
	*s = slice_skip(*s, n);
	return n > 0;
}

/* atext (RFC 5322, 3.2.3) */
static bool
is_atext(char c)
{
	return ascii_is_alnum(c) ||
	    (c != '\0' && slice_has(slice_of("!#$%&'*+-/=?^_`{|}~"), c));
}

static bool
is_ldh(char c)
{
	return ascii_is_alnum(c) || c == '-';
}

/* qtextSMTP = %d32-33 / %d35-91 / %d93-126 */
static bool
is_qtext(char c)
{
	return c >= 32 && c <= 126 && c != '"' && c != '\\';
}

/* Quoted-string = DQUOTE *( qtextSMTP / "\" %d32-126 ) DQUOTE */
static bool
take_quoted_string(struct slice *s)
{
	if (!slice_take_char(s, '"'))
		return false;
	while (!slice_take_char(s, '"')) {
		if (slice_take_char(s, '\\')) {
			if (s->n == 0 || ascii_is_control(s->p[0]) ||
			    (unsigned char)s->p[0] > 127)
				return false;
			*s = slice_skip(*s, 1);
		} else if (!take_class(s, is_qtext)) {
			return false;
		}
	}
	return true;
}

/* Atom *( "." Atom ) */
static bool
take_dot_string(struct slice *s)
{
	do {
		if (!take_class(s, is_atext))
			return false;
		while (take_class(s, is_atext))
			continue;
	} while (slice_take_char(s, '.'));
	return true;
}

/* Let-dig [ *( Let-dig / "-" ) Let-dig ], or the same with UTF-8. */
static bool
take_label(struct slice *s, bool *too_long)
{
	struct slice at = *s;
	struct slice label;

	while (take_class(&at, is_ldh))
		continue;
	label = slice_head(*s, s->n - at.n);
	if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	/* A U-label's length counts as its A-label, which is not ours to make.
	 */
	if (label.n > LABEL_MAX && utf8_is_ascii(label))
		*too_long = true;
	*s = at;
	return true;
}

static bool
take_domain(struct slice *s, bool *too_long)
{
	do {
		if (!take_label(s, too_long))
			return false;
	} while (slice_take_char(s, '.'));
	return true;
}

/* "[" IPv4 "]" / "[IPv6:" IPv6 "]"; other tags have never been registered. */
static bool
take_literal(struct slice *s)
{
	struct slice inside = *s;
	size_t length = slice_find(inside, ']');
	struct ip ip;
	bool tagged;

	if (length == inside.n || !slice_take_char(&inside, '['))
		return false;
	inside = slice_head(inside, length - 1);
	tagged = slice_take_prefix_nocase(&inside, "IPv6:");
	if (tagged != slice_has(inside, ':') || !ip_parse(inside, &ip))
		return false;
	*s = slice_skip(*s, length + 1);
	return true;
}

/* What has been taken from `from`, now that `rest` is left of it. */
static struct slice
taken(struct slice from, struct slice rest)
{
	return slice_head(from, from.n - rest.n);
}

/* Local-part [ "@" ( Domain / address-literal ) ] */
static bool
take_mailbox(struct slice *s, struct address *out, bool *too_long)
{
	struct slice whole = *s;
	struct slice from;
	bool good;

	good = s->n > 0 && s->p[0] == '"' ? take_quoted_string(s)
					  : take_dot_string(s);
	if (!good)
		return false;
	out->local = taken(whole, *s);
	out->domain = SLICE_NONE;
	if (slice_take_char(s, '@')) {
		from = *s;
		good = s->n > 0 && s->p[0] == '[' ? take_literal(s)
						  : take_domain(s, too_long);
		if (!good)
			return false;
		out->domain = taken(from, *s);
	}
	if (taken(whole, *s).n > ADDRESS_MAX)
		*too_long = true;
	return true;
}

/* A-d-l ":" with A-d-l = "@" Domain *( "," "@" Domain ) */
static bool
take_source_route(struct slice *s, bool *too_long)
{
	do {
		if (!slice_take_char(s, '@') || !take_domain(s, too_long))
			return false;
	} while (slice_take_char(s, ','));
	return slice_take_char(s, ':');
}

/*
 * The verdict on bytes that had the form (`good`), or stopped having it with
 * `rest` left. Malformed UTF-8 is what stops a parse at a byte over 127.
 */
static enum parse
judge(bool good, struct slice all, struct slice rest, bool utf8, bool too_long)
{
	if (!good)
		return rest.n > 0 && (unsigned char)rest.p[0] > 127
		    ? PARSE_UTF8
		    : PARSE_SYNTAX;
	if (!utf8 && !utf8_is_ascii(taken(all, rest)))
		return PARSE_UTF8;
	return too_long ? PARSE_TOO_LONG : PARSE_OK;
}

enum parse
path_take(struct slice *in, bool utf8, struct address *out, bool *routed)
{
	struct slice s = *in;
	struct address address = { SLICE_NONE, SLICE_NONE };
	bool too_long = false;
	bool has_route = false;
	bool good = slice_take_char(&s, '<');
	enum parse verdict;

	if (good && !slice_take_char(&s, '>')) { /* else "<>": null */
		has_route = s.n > 0 && s.p[0] == '@';
		good = (!has_route || take_source_route(&s, &too_long)) &&
		    take_mailbox(&s, &address, &too_long) &&
		    slice_take_char(&s, '>');
	}
	verdict = judge(good, *in, s, utf8, too_long);
	if (verdict != PARSE_OK)
		return verdict;
	*in = s;
	*out = address;
	*routed = has_route;
	return PARSE_OK;
}

enum parse
address_parse(struct slice in, bool utf8, struct address *out)
{
	struct slice s = in;
	struct address address = { SLICE_NONE, SLICE_NONE };
	bool too_long = false;
	bool good = s.n == 0 || /* null */
	    (take_mailbox(&s, &address, &too_long) && s.n == 0);
	enum parse verdict = judge(good, in, s, utf8, too_long);

	if (verdict == PARSE_OK)
		*out = address;
	return verdict;
}

bool
address_is_null(const struct address *a)
{
	return a->local.n == 0 && a->domain.n == 0;
}

bool
address_is_literal(const struct address *a)
{
	return a->domain.n > 0 && a->domain.p[0] == '[';
}

bool
address_is_ascii(const struct address *a)
{
	return utf8_is_ascii(a->local) && utf8_is_ascii(a->domain);
}

/*
 * The next byte of a local part's meaning, or -1. `s` goes over the inside of
 * the quotes when it was quoted.
 */
static int
next_meant(struct slice *s, bool quoted)
{
	char c;

	if (quoted && s->n > 1)
		(void)slice_take_char(s, '\\');
	if (s->n == 0)
		return -1;
	c = s->p[0];
	*s = slice_skip(*s, 1);
	return (unsigned char)c;
}

static struct slice
without_quotes(struct slice local, bool *quoted)
{
	*quoted =
	    local.n >= 2 && local.p[0] == '"' && local.p[local.n - 1] == '"';
	return *quoted ? slice_from(local.p + 1, local.n - 2) : local;
}

static bool
local_eq(struct slice a, struct slice b)
{
	bool a_quoted, b_quoted;
	int x, y;

	a = without_quotes(a, &a_quoted);
	b = without_quotes(b, &b_quoted);
	do {
		x = next_meant(&a, a_quoted);
		y = next_meant(&b, b_quoted);
		if ((x < 0) != (y < 0) ||
		    ascii_lower((char)x) != ascii_lower((char)y))
			return false;
	} while (x >= 0);
	return true;
}

bool
address_eq(const struct address *a, const struct address *b)
{
	return slice_eq_nocase(a->domain, b->domain) &&
	    address_is_null(a) == address_is_null(b) &&
	    local_eq(a->local, b->local);
}

void
address_write(const struct address *a, struct buf *out)
{
	buf_add(out, a->local);
	if (a->domain.n == 0)
		return;
	buf_add_char(out, '@');
	buf_add(out, a->domain);
}

void
address_local_unquote(const struct address *a, struct buf *out)
{
	bool quoted;
	struct slice s = without_quotes(a->local, &quoted);
	int c;

	if (!quoted) {
		buf_add(out, s);
		return;
	}
	while ((c = next_meant(&s, true)) >= 0)
		buf_add_char(out, (char)c);
}

bool
domain_is_valid(struct slice domain, bool utf8)
{
	struct slice s = domain;
	bool too_long = false;

	return take_domain(&s, &too_long) && s.n == 0 && !too_long &&
	    domain.n <= DOMAIN_MAX && (utf8 || utf8_is_ascii(domain));
}
