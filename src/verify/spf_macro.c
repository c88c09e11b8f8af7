/*
 * verify/spf_macro.c - takes macro strings apart, and puts values in.
 *
 *   macro-expand = ( "%{" macro-letter transformers *delimiter "}" )
 *       / "%%" / "%_" / "%-"
 *   transformers = *DIGIT [ "r" ]			(RFC 7208, 7.1)
 */
#include "verify/spf_macro.h"

#include <string.h>

#include "base/ascii.h"
#include "base/time.h"

enum {
	PARTS_MAX = 128, /* as many labels as a name can have */
	VALUE_MAX = 1024,
};

struct macro {
	char letter;  /* in lower case; '%', '_' and '-' stand for themselves */
	bool escapes; /* an upper case letter */
	bool reverses;
	unsigned keeps; /* right-hand parts; 0: all */
	struct slice delimiters;
};

static bool
is_delimiter(char c)
{
	return slice_has(SLICE(".-+,/_="), c);
}

static bool
is_letter(char c, bool explains)
{
	return slice_has(SLICE("slodiphv"), c) ||
	    (explains && slice_has(SLICE("crt"), c));
}

/* The number of parts, where 0 is not one. */
static bool
take_count(struct slice *s, unsigned *count)
{
	bool given = false;

	*count = 0;
	while (s->n > 0 && ascii_is_digit(s->p[0])) {
		*count = *count * 10 + (unsigned)(s->p[0] - '0');
		if (*count > PARTS_MAX)
			*count = PARTS_MAX;
		given = true;
		*s = slice_skip(*s, 1);
	}
	return !given || *count > 0;
}

/* What stands behind the "%". */
static bool
take_macro(struct slice *in, bool explains, struct macro *out)
{
	struct slice s = *in;
	size_t n = 0;

	*out = (struct macro){ .letter = s.n > 0 ? s.p[0] : '\0' };
	if (s.n > 0 && slice_has(SLICE("%_-"), s.p[0])) {
		*in = slice_skip(s, 1);
		return true;
	}
	if (!slice_take_char(&s, '{') || s.n == 0)
		return false;
	out->letter = ascii_lower(s.p[0]);
	out->escapes = out->letter != s.p[0];
	s = slice_skip(s, 1);
	if (!is_letter(out->letter, explains) || !take_count(&s, &out->keeps))
		return false;
	if (s.n > 0 && ascii_lower(s.p[0]) == 'r') {
		out->reverses = true;
		s = slice_skip(s, 1);
	}
	while (n < s.n && is_delimiter(s.p[n]))
		n++;
	out->delimiters = slice_head(s, n);
	s = slice_skip(s, n);
	if (!slice_take_char(&s, '}'))
		return false;
	*in = s;
	return true;
}

/* macro-literal = %x21-24 / %x26-7E; explanations have spaces, too. */
static bool
is_literal(char c, bool explains)
{
	return (ascii_is_graphic(c) && c != '%') || (explains && c == ' ');
}

/* Where the last macro ended, or 0 without one; SIZE_MAX: malformed. */
static size_t
scan(struct slice all, bool explains)
{
	struct slice s = all;
	struct macro macro;
	size_t end = 0;

	while (s.n > 0) {
		if (slice_take_char(&s, '%')) {
			if (!take_macro(&s, explains, &macro))
				return SIZE_MAX;
			end = all.n - s.n;
		} else if (is_literal(s.p[0], explains)) {
			s = slice_skip(s, 1);
		} else {
			return SIZE_MAX;
		}
	}
	return end;
}

bool
spf_macro_is_valid(struct slice s, bool explains)
{
	return scan(s, explains) != SIZE_MAX;
}

/* Letters, digits and inner hyphens; not digits alone. */
static bool
is_top_label(struct slice s)
{
	bool only_digits = true;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
		only_digits = only_digits && ascii_is_digit(s.p[i]);
	}
	return !only_digits;
}

bool
spf_domain_spec_is_valid(struct slice s)
{
	size_t end = scan(s, false);
	size_t dot;

	if (end == SIZE_MAX || s.n == 0)
		return false;
	if (end == s.n)
		return true;
	s = slice_skip(s, end);
	if (s.p[s.n - 1] == '.')
		s.n--;
	dot = slice_find_last(s, '.');
	return dot < s.n && is_top_label(slice_skip(s, dot + 1));
}

/* --- values --- */

static void
add_dotted_nibbles(const struct ip *ip, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < 16; i++) {
		buf_add_cstr(out, i == 0 ? "" : ".");
		buf_add_char(out, digits[ip->bytes[i] >> 4]);
		buf_add_char(out, '.');
		buf_add_char(out, digits[ip->bytes[i] & 15]);
	}
}

/* False: later. */
static bool
add_value(char letter, const struct spf_macro_values *v, struct buf *out)
{
	char ip[IP_TEXT_SIZE];

	ip_text(&v->client, ip);
	switch (letter) {
	case 's':
		buf_add(out, v->sender_local);
		buf_add_char(out, '@');
		buf_add(out, v->sender_domain);
		break;
	case 'l':
		buf_add(out, v->sender_local);
		break;
	case 'o':
		buf_add(out, v->sender_domain);
		break;
	case 'd':
		buf_add(out, v->domain);
		break;
	case 'i':
		if (v->client.version == 6)
			add_dotted_nibbles(&v->client, out);
		else
			buf_add_cstr(out, ip);
		break;
	case 'p':
		return v->validated(v->arg, out);
	case 'v':
		buf_add_cstr(out, v->client.version == 6 ? "ip6" : "in-addr");
		break;
	case 'h':
		buf_add(out, v->helo);
		break;
	case 'c':
		buf_add_cstr(out, ip);
		break;
	case 'r':
		buf_add(out,
		    v->receiver.n > 0 ? v->receiver : SLICE("unknown"));
		break;
	case 't':
		buf_addf(out, "%lld", (long long)(v->wall_ms / SECOND));
		break;
	default:
		must(false); /* take_macro() lets no other pass */
	}
	return true;
}

/* unreserved characters of RFC 3986 stand as they are. */
static void
add_escaped(struct slice s, bool escapes, struct buf *out)
{
	if (!escapes) {
		buf_add(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_alnum(s.p[i]) || slice_has(SLICE("-._~"), s.p[i]))
			buf_add_char(out, s.p[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
}

/* Splits the value, turns it round, keeps the right-hand parts, joins them. */
static void
transform(const struct macro *m, struct slice value, struct buf *out)
{
	struct slice delimiters =
	    m->delimiters.n > 0 ? m->delimiters : SLICE(".");
	struct slice parts[PARTS_MAX];
	size_t count = 0, from = 0, start = 0;

	if (m->keeps == 0 && !m->reverses && m->delimiters.n == 0) {
		add_escaped(value, m->escapes, out);
		return;
	}
	for (size_t i = 0; i <= value.n; i++) {
		if (i < value.n && !slice_has(delimiters, value.p[i]))
			continue;
		if (count == PARTS_MAX) { /* the left-most one goes */
			memmove(parts, parts + 1,
			    (PARTS_MAX - 1) * sizeof(parts[0]));
			count--;
		}
		parts[count++] = slice_from(value.p + start, i - start);
		start = i + 1;
	}
	if (m->keeps > 0 && count > m->keeps)
		from = count - m->keeps;
	for (size_t i = from; i < count; i++) {
		/* Turned round, the right-hand parts are the first ones. */
		size_t at = m->reverses ? count - 1 - i : i;

		buf_add_cstr(out, i == from ? "" : ".");
		add_escaped(parts[at], m->escapes, out);
	}
}

static enum spf_expansion
add_macro(const struct macro *m, const struct spf_macro_values *v,
    struct buf *out)
{
	struct buf value;
	enum spf_expansion done = SPF_EXPANDED;

	switch (m->letter) {
	case '%':
		buf_add_char(out, '%');
		return SPF_EXPANDED;
	case '_':
		buf_add_char(out, ' ');
		return SPF_EXPANDED;
	case '-':
		buf_add_cstr(out, "%20");
		return SPF_EXPANDED;
	default:
		break;
	}
	buf_init(&value, VALUE_MAX);
	if (!add_value(m->letter, v, &value))
		done = SPF_EXPANDS_LATER;
	else if (buf_failed(&value))
		done = SPF_EXPANDS_NOT;
	else
		transform(m, buf_slice(&value), out);
	buf_done(&value);
	return done;
}

enum spf_expansion
spf_macro_expand(struct slice s, bool explains,
    const struct spf_macro_values *values, struct buf *out)
{
	while (s.n > 0) {
		enum spf_expansion done;
		struct macro macro;

		if (!slice_take_char(&s, '%')) {
			size_t n = slice_find(s, '%');

			buf_add(out, slice_head(s, n));
			s = slice_skip(s, n);
			continue;
		}
		if (!take_macro(&s, explains, &macro))
			return SPF_EXPANDS_NOT;
		done = add_macro(&macro, values, out);
		if (done != SPF_EXPANDED)
			return done;
	}
	return buf_failed(out) ? SPF_EXPANDS_NOT : SPF_EXPANDED;
}
