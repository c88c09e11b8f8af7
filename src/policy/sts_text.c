/*
 * policy/sts_text.c - lines of "key: value", and fields between semicolons.
 */
#include "policy/sts_text.h"

#include <limits.h>

#include "base/ascii.h"
#include "base/time.h"

/* --- the TXT record --- */

bool
sts_txt_is_ours(struct slice txt)
{
	if (!slice_take_prefix(&txt, "v=STSv1"))
		return false;
	while (txt.n > 0 && (txt.p[0] == ' ' || txt.p[0] == '\t'))
		txt = slice_skip(txt, 1);
	return txt.n > 0 && txt.p[0] == ';';
}

static bool
is_id(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]))
			return false;
	return s.n > 0 && s.n <= STS_ID_MAX;
}

/* "v=STSv1" 1*(";" field) [";"]; fields that we do not know are passed over. */
bool
sts_txt_parse(struct slice txt, struct slice *id)
{
	struct slice rest = txt;

	if (!sts_txt_is_ours(txt))
		return false;
	(void)slice_take_until(&rest, ';');
	while (rest.n > 0) {
		struct slice field = slice_trim(slice_take_until(&rest, ';'));

		if (!slice_take_prefix(&field, "id="))
			continue;
		if (!is_id(field))
			return false;
		*id = field;
		return true;
	}
	return false;
}

/* --- the policy --- */

/* The next "key: value" of the text; false at its end. *good: it is such. */
static bool
take_field(struct slice *rest, struct slice *key, struct slice *value,
    bool *good)
{
	struct slice line;

	if (!slice_take_line(rest, &line))
		return false;
	*good = slice_has(line, ':');
	*key = slice_trim(slice_take_until(&line, ':'));
	*value = slice_trim(line);
	return true;
}

static bool
mode_parse(struct slice value, enum sts_mode *mode)
{
	if (slice_is(value, "enforce"))
		*mode = STS_ENFORCE;
	else if (slice_is(value, "testing"))
		*mode = STS_TESTING;
	else if (slice_is(value, "none"))
		*mode = STS_NONE;
	else
		return false;
	return true;
}

/* Which fields were there; of those given twice the first one counts. */
struct fields {
	bool version, mode, max_age, mx;
};

static bool
take_known(struct slice key, struct slice value, struct fields *had,
    struct sts_policy *p)
{
	if (slice_is(key, "version") && !had->version) {
		had->version = true;
		return slice_is(value, "STSv1");
	}
	if (slice_is(key, "mode") && !had->mode) {
		had->mode = true;
		return mode_parse(value, &p->mode);
	}
	if (slice_is(key, "max_age") && !had->max_age) {
		had->max_age = true;
		if (!slice_to_u32(value, UINT32_MAX, &p->max_age))
			return false;
		if (p->max_age > STS_AGE_MAX)
			p->max_age = STS_AGE_MAX;
	}
	if (slice_is(key, "mx"))
		had->mx = true;
	return true;
}

bool
sts_policy_parse(struct slice text, struct sts_policy *out, struct why *why)
{
	struct slice rest = text, key, value;
	struct sts_policy p = { .text = text };
	struct fields had = { 0 };
	bool good;

	if (text.n > STS_TEXT_MAX) {
		why_set(why, "the policy is too long");
		return false;
	}
	while (take_field(&rest, &key, &value, &good)) {
		if (!good && key.n == 0)
			continue;
		if (good && take_known(key, value, &had, &p))
			continue;
		why_set(why, "bad line for \"%.*s\"",
		    SLICE_ARGS(slice_head(key, 32)));
		return false;
	}
	if (!had.version || !had.mode || !had.max_age ||
	    (!had.mx && p.mode != STS_NONE)) {
		why_set(why, "%s is missing",
		    !had.version       ? "version"
			: !had.mode    ? "mode"
			: !had.max_age ? "max_age"
				       : "mx");
		return false;
	}
	*out = p;
	return true;
}

/* RFC 8461, 4.1: "*" stands for one whole label, the leftmost. */
static bool
pattern_matches(struct slice pattern, struct slice host)
{
	if (pattern.n > 0 && pattern.p[pattern.n - 1] == '.')
		pattern.n--;
	if (slice_take_prefix(&pattern, "*.")) {
		size_t dot = slice_find(host, '.');

		if (dot == 0 || dot == host.n)
			return false;
		host = slice_skip(host, dot + 1);
	}
	return pattern.n > 0 && slice_eq_nocase(pattern, host);
}

bool
sts_policy_lists(const struct sts_policy *p, struct slice host)
{
	struct slice rest = p->text, key, value;
	bool good;

	while (take_field(&rest, &key, &value, &good))
		if (good && slice_is(key, "mx") && pattern_matches(value, host))
			return true;
	return false;
}

const char *
sts_mode_name(enum sts_mode mode)
{
	static const char *const names[] = {
		[STS_NONE] = "none",
		[STS_TESTING] = "testing",
		[STS_ENFORCE] = "enforce",
		[STS_UNKNOWN] = "unknown",
	};

	must((unsigned)mode <= STS_UNKNOWN);
	return names[mode];
}

/* --- as it is kept: "ID MILLISECONDS", a line feed, the policy --- */

void
sts_record_write(const struct sts_record *r, struct buf *out)
{
	buf_addf(out, "%.*s %lld\n", SLICE_ARGS(r->id),
	    (long long)r->fetched_ms);
	buf_add(out, r->policy.text);
}

bool
sts_record_parse(struct slice text, struct sts_record *out)
{
	struct sts_record r;
	struct slice head;
	uint64_t ms;

	if (!slice_take_line(&text, &head))
		return false;
	r.id = slice_take_until(&head, ' ');
	if (!is_id(r.id) || !slice_to_u64(head, INT64_MAX / 2, &ms) ||
	    !sts_policy_parse(text, &r.policy, NULL))
		return false;
	r.fetched_ms = (int64_t)ms;
	*out = r;
	return true;
}

int64_t
sts_record_renewal(const struct sts_record *r)
{
	enum { RENEW_AFTER = 24 * HOUR };
	int64_t half = (int64_t)r->policy.max_age * (SECOND / 2);

	return r->fetched_ms + (half < RENEW_AFTER ? half : RENEW_AFTER);
}

int64_t
sts_record_end(const struct sts_record *r)
{
	return r->fetched_ms + (int64_t)r->policy.max_age * SECOND;
}
