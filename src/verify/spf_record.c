/*
 * verify/spf_record.c - reads terms by the ABNF, and nothing but the ABNF.
 *
 *   record    = "v=spf1" *( 1*SP ( directive / modifier ) ) *SP
 *   directive = [ qualifier ] mechanism		(RFC 7208, 12)
 */
#include "verify/spf_record.h"

#include <string.h>

#include "base/ascii.h"
#include "verify/spf_macro.h"

/* What may stand behind the name of a mechanism. */
enum argument {
	NOTHING,
	DOMAIN,          /* ":" domain-spec */
	MAYBE_DOMAIN,    /* [ ":" domain-spec ] */
	DOMAIN_AND_CIDR, /* [ ":" domain-spec ] [ dual-cidr-length ] */
	NETWORK4,
	NETWORK6,
};

/* clang-format off */
static const struct {
	const char *name;
	enum spf_kind kind;
	enum argument argument;
} mechanisms[] = {
	{ "all",     SPF_ALL,	  NOTHING },
	{ "include", SPF_INCLUDE, DOMAIN },
	{ "a",	     SPF_A,	  DOMAIN_AND_CIDR },
	{ "mx",	     SPF_MX,	  DOMAIN_AND_CIDR },
	{ "ptr",     SPF_PTR,	  MAYBE_DOMAIN },
	{ "ip4",     SPF_IP4,	  NETWORK4 },
	{ "ip6",     SPF_IP6,	  NETWORK6 },
	{ "exists",  SPF_EXISTS,  DOMAIN },
};
/* clang-format on */

bool
spf_record_is(struct slice s)
{
	return slice_take_prefix_nocase(&s, "v=spf1") &&
	    (s.n == 0 || s.p[0] == ' ');
}

/* 0 to max, without leading zeros. */
static bool
to_bits(struct slice s, uint32_t max, uint8_t *out)
{
	uint32_t bits;

	if ((s.n > 1 && s.p[0] == '0') || !slice_to_u32(s, max, &bits))
		return false;
	*out = (uint8_t)bits;
	return true;
}

/*
 * Takes `slashes` and a number off the end; none there is no mistake, since a
 * "/" may stand in a domain-spec, too.
 */
static bool
take_bits(struct slice *s, const char *slashes, uint32_t max, uint8_t *bits)
{
	size_t n = s->n, width = strlen(slashes);

	*bits = (uint8_t)max;
	while (n > 0 && ascii_is_digit(s->p[n - 1]))
		n--;
	if (n == s->n || n < width ||
	    !slice_is(slice_from(s->p + n - width, width), slashes))
		return true;
	if (!to_bits(slice_skip(*s, n), max, bits))
		return false;
	*s = slice_head(*s, n - width);
	return true;
}

/* [ "/" bits4 ] [ "//" bits6 ] */
static bool
take_dual_cidr(struct slice *s, struct spf_term *out)
{
	return take_bits(s, "//", 128, &out->bits6) &&
	    take_bits(s, "/", 32, &out->bits4);
}

/* ":" domain-spec. */
static bool
take_domain(struct slice *s, struct spf_term *out)
{
	if (!slice_take_char(s, ':') || !spf_domain_spec_is_valid(*s))
		return false;
	out->domain = *s;
	*s = slice_skip(*s, s->n);
	return true;
}

/*
 * An IPv4-mapped address matches no client: those count as IPv4 (5), and IPv4
 * clients match no ip6.
 */
static bool
take_network(struct slice *s, bool is_ip6, struct spf_term *out)
{
	uint8_t most = is_ip6 ? 128 : 32;
	struct slice address;
	size_t slash;

	if (!slice_take_char(s, ':'))
		return false;
	slash = slice_find(*s, '/');
	address = slice_head(*s, slash);
	if (slice_has(address, ':') != is_ip6 ||
	    !ip_parse(address, &out->net.ip))
		return false;
	if (is_ip6 && out->net.ip.version == 4)
		out->net.ip.version = 0;
	out->net.bits = most;
	if (slash < s->n &&
	    !to_bits(slice_skip(*s, slash + 1), most, &out->net.bits))
		return false;
	*s = slice_skip(*s, s->n);
	return true;
}

static bool
take_argument(struct slice s, enum argument argument, struct spf_term *out)
{
	switch (argument) {
	case NOTHING:
		break;
	case DOMAIN:
		if (!take_domain(&s, out))
			return false;
		break;
	case DOMAIN_AND_CIDR:
		if (!take_dual_cidr(&s, out) ||
		    (s.n > 0 && !take_domain(&s, out)))
			return false;
		break;
	case MAYBE_DOMAIN:
		if (s.n > 0 && !take_domain(&s, out))
			return false;
		break;
	case NETWORK4:
	case NETWORK6:
		if (!take_network(&s, argument == NETWORK6, out))
			return false;
		break;
	}
	return s.n == 0;
}

static bool
parse_directive(struct slice s, struct spf_term *out)
{
	size_t n = 0;

	out->qualifier = '+';
	if (s.n > 0 && slice_has(SLICE("+-?~"), s.p[0])) {
		out->qualifier = s.p[0];
		s = slice_skip(s, 1);
	}
	while (n < s.n && s.p[n] != ':' && s.p[n] != '/')
		n++;
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (slice_is_nocase(slice_head(s, n), mechanisms[i].name)) {
			out->kind = mechanisms[i].kind;
			return take_argument(slice_skip(s, n),
			    mechanisms[i].argument, out);
		}
	return false;
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ), then "=" */
static size_t
modifier_name_length(struct slice s)
{
	size_t n = 0;

	if (s.n == 0 || !ascii_is_alpha(s.p[0]))
		return 0;
	while (n < s.n &&
	    (ascii_is_alnum(s.p[n]) || slice_has(SLICE("-_."), s.p[n])))
		n++;
	return n < s.n && s.p[n] == '=' ? n : 0;
}

static bool
parse_term(struct slice s, struct spf_term *out)
{
	size_t n = modifier_name_length(s);
	struct slice name = slice_head(s, n);

	*out = (struct spf_term){ .text = s, .domain = SLICE_NONE };
	if (n == 0)
		return parse_directive(s, out);
	out->kind = slice_is_nocase(name, "redirect") ? SPF_REDIRECT
	    : slice_is_nocase(name, "exp")            ? SPF_EXP
						      : SPF_UNKNOWN_MODIFIER;
	s = slice_skip(s, n + 1);
	if (out->kind == SPF_UNKNOWN_MODIFIER)
		return spf_macro_is_valid(s, false);
	out->domain = s;
	return spf_domain_spec_is_valid(s);
}

/* The next run without spaces; false at the end. */
static bool
take_word(struct slice *s, struct slice *word)
{
	while (slice_take_char(s, ' '))
		;
	*word = slice_head(*s, slice_find(*s, ' '));
	*s = slice_skip(*s, word->n);
	return word->n > 0;
}

bool
spf_record_check(struct slice text, struct spf_record *out,
    struct slice *bad_term)
{
	struct spf_record r = { .redirect = SLICE_NONE, .exp = SLICE_NONE };
	struct slice s = slice_skip(text, sizeof("v=spf1") - 1);
	struct spf_term term;

	r.terms = s;
	while (take_word(&s, bad_term)) {
		struct slice *modifier;

		if (!parse_term(*bad_term, &term))
			return false;
		r.has_all = r.has_all || term.kind == SPF_ALL;
		if (term.kind != SPF_REDIRECT && term.kind != SPF_EXP)
			continue;
		modifier = term.kind == SPF_EXP ? &r.exp : &r.redirect;
		if (modifier->n > 0)
			return false;
		*modifier = term.domain;
	}
	*out = r;
	return true;
}

bool
spf_record_take(struct slice *terms, struct spf_term *out)
{
	struct slice word;

	if (!take_word(terms, &word))
		return false;
	must(parse_term(word, out));
	return true;
}
