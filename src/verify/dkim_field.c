/*
 * verify/dkim_field.c - see dkim_field.h. Times (t=, x=) and the arithmetic are
 * left to libopendkim.
 */
#include "verify/dkim_field.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "verify/dkim_tags.h"

enum { SIGNED_OCTETS_MAX = 4000, NUMBER_MAX = 12, LENGTH_MAX = 18 };

const char *
dkim_result_name(enum dkim_result result)
{
	static const char *const names[] = {
		[DKIM_RESULT_NONE] = "none",
		[DKIM_RESULT_PASS] = "pass",
		[DKIM_RESULT_FAIL] = "fail",
		[DKIM_RESULT_POLICY] = "policy",
		[DKIM_RESULT_NEUTRAL] = "neutral",
		[DKIM_RESULT_TEMPERROR] = "temperror",
		[DKIM_RESULT_PERMERROR] = "permerror",
	};

	return names[result];
}

/* The value as text, for people and the DNS; "" if it is missing or too long.
 */
static void
copy(const struct dkim_tags *tags, const char *name, char *out, size_t size)
{
	struct slice value;

	if (!dkim_tags_get(tags, name, &value) ||
	    !dkim_value_compact(value, out, size))
		out[0] = '\0';
}

static void
copy_texts(const struct dkim_tags *tags, struct dkim_field *f)
{
	struct slice b;
	size_t n = 0;

	copy(tags, "d", f->domain, sizeof(f->domain));
	copy(tags, "s", f->selector, sizeof(f->selector));
	copy(tags, "a", f->algorithm, sizeof(f->algorithm));
	copy(tags, "i", f->identity, sizeof(f->identity));
	if (f->identity[0] == '\0')
		(void)snprintf(f->identity, sizeof(f->identity), "@%s",
		    f->domain);
	if (!dkim_tags_get(tags, "b", &b))
		return;
	for (size_t i = 0; i < b.n && n + 1 < sizeof(f->b); i++)
		if (!ascii_is_space(b.p[i]))
			f->b[n++] = b.p[i];
}

/* Absent, or a number of not too many digits. */
static bool
take_number(const struct dkim_tags *tags, const char *name, size_t digits,
    uint64_t *out)
{
	struct slice value;

	return !dkim_tags_get(tags, name, &value) ||
	    (value.n <= digits && slice_to_u64(value, UINT64_MAX, out));
}

/* The ABNF of each tag. */
static const char *
judge_form(const struct dkim_tags *tags, struct dkim_field *f)
{
	static const char *const needed[] = { "a", "b", "bh", "d", "h", "s" };
	struct slice value, q = SLICE("dns/txt");
	uint64_t time;

	if (!dkim_tags_get(tags, "v", &value) || !slice_is(value, "1"))
		return "the signature is of an unknown version";
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!dkim_tags_get(tags, needed[i], &value) || value.n == 0)
			return "the signature lacks a tag";
	(void)dkim_tags_get(tags, "b", &value);
	if (!dkim_value_is_base64(value))
		return "the signature is not base64";
	(void)dkim_tags_get(tags, "bh", &value);
	if (!dkim_value_is_base64(value))
		return "the body hash is not base64";
	if (!take_number(tags, "t", NUMBER_MAX, &time) ||
	    !take_number(tags, "x", NUMBER_MAX, &time) ||
	    !take_number(tags, "l", LENGTH_MAX, &f->length))
		return "the signature has a bad number";
	(void)dkim_tags_get(tags, "q", &q);
	if (!dkim_value_has(q, "dns/txt") && !dkim_value_has(q, "dns"))
		return "the key is not in the DNS";
	if (!dkim_record_name(slice_of(f->selector), slice_of(f->domain),
		f->key_name))
		return "the signature's domain or selector is malformed";
	return NULL;
}

static const char *
judge_canon(const struct dkim_tags *tags, struct dkim_field *f)
{
	struct slice c = SLICE("simple/simple"), body, header;

	(void)dkim_tags_get(tags, "c", &c);
	body = c;
	header = slice_take_until(&body, '/');
	if (!slice_is_nocase(header, "simple") &&
	    !slice_is_nocase(header, "relaxed"))
		return "the canonicalization is unknown";
	f->relaxed = slice_is_nocase(body, "relaxed");
	if (slice_has(c, '/') && !f->relaxed &&
	    !slice_is_nocase(body, "simple"))
		return "the canonicalization is unknown";
	return NULL;
}

static void
refuse(struct dkim_field *f, enum dkim_result result, const char *reason)
{
	if (f->result != DKIM_RESULT_PASS)
		return; /* the first reason is the one to tell */
	f->result = result;
	f->reason = reason;
}

/* rsa-sha1 is known and no longer good for anything (RFC 8301, 3.1). */
static void
judge_algorithm(struct dkim_field *f)
{
	struct slice a = slice_of(f->algorithm);

	f->type = slice_is_nocase(a, "ed25519-sha256") ? DKIM_KEY_ED25519
						       : DKIM_KEY_RSA;
	if (slice_is_nocase(a, "rsa-sha1"))
		refuse(f, DKIM_RESULT_POLICY, "rsa-sha1 is not secure");
	else if (f->type == DKIM_KEY_RSA && !slice_is_nocase(a, "rsa-sha256"))
		refuse(f, DKIM_RESULT_NEUTRAL, "the algorithm is unknown");
}

static void
judge_signed(const struct dkim_tags *tags, struct dkim_field *f)
{
	struct slice h = SLICE(""), rest, name;
	bool has_from = false;

	(void)dkim_tags_get(tags, "h", &h);
	rest = h;
	while (dkim_value_next(&rest, &name)) {
		f->signed_names++;
		has_from = has_from || slice_is_nocase(name, "From");
		if (name.n == 0)
			refuse(f, DKIM_RESULT_NEUTRAL,
			    "the list of signed fields is malformed");
	}
	if (!has_from)
		refuse(f, DKIM_RESULT_PERMERROR, "From is not signed");
	if (f->signed_names > DKIM_SIGNED_MAX || h.n > SIGNED_OCTETS_MAX)
		refuse(f, DKIM_RESULT_POLICY, "too many fields are signed");
}

/* The domain behind the last "@"; false without one. */
static bool
identity_domain(const struct dkim_field *f, struct slice *domain)
{
	struct slice i = slice_of(f->identity);
	size_t at = slice_find_last(i, '@');

	*domain = slice_skip(i, at + 1);
	return at < i.n;
}

bool
dkim_field_is_exact(const struct dkim_field *f)
{
	struct slice domain;

	return identity_domain(f, &domain) &&
	    slice_is_nocase(domain, f->domain);
}

static bool
identity_fits(const struct dkim_field *f)
{
	struct slice domain, d = slice_of(f->domain);

	if (!identity_domain(f, &domain))
		return false;
	if (domain.n <= d.n)
		return slice_eq_nocase(domain, d);
	return domain.p[domain.n - d.n - 1] == '.' &&
	    slice_ends_nocase(domain, f->domain);
}

void
dkim_field_parse(struct slice body, struct dkim_field *out)
{
	struct dkim_tags tags;
	const char *wrong;

	*out = (struct dkim_field){ .result = DKIM_RESULT_PASS,
		.length = UINT64_MAX };
	if (!dkim_tags_parse(body, &tags)) {
		refuse(out, DKIM_RESULT_NEUTRAL, "the signature is malformed");
		return;
	}
	copy_texts(&tags, out);
	if ((wrong = judge_form(&tags, out)) != NULL ||
	    (wrong = judge_canon(&tags, out)) != NULL)
		refuse(out, DKIM_RESULT_NEUTRAL, wrong);
	judge_algorithm(out);
	judge_signed(&tags, out);
	if (!identity_fits(out))
		refuse(out, DKIM_RESULT_PERMERROR,
		    "i= is not in the domain of d=");
}
