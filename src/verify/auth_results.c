/*
 * verify/auth_results.c - writing one field, and reading just enough of
 * others' to know whose they are and what a method came to.
 */
#include "verify/auth_results.h"

#include "base/ascii.h"
#include "mail/header_writer.h"

enum { VALUE_MAX = 1024, REASON_MAX = 200 };

/* --- writing --- */

/* token of RFC 2045, 5.1, and "@", which stands between two such (8601, 2.2).
 */
static bool
is_bare(char c)
{
	return ascii_is_graphic(c) && !slice_has(SLICE("()<>,;:\\\"/[]?="), c);
}

static bool
needs_quotes(struct slice s)
{
	size_t at = slice_find(s, '@');

	for (size_t i = 0; i < s.n; i++)
		if (!is_bare(s.p[i]) || (s.p[i] == '@' && i != at))
			return true;
	return s.n == 0 || at + 1 == s.n;
}

static void
add_quoted(struct buf *out, struct slice s)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, s.p[i]);
	}
	buf_add_char(out, '"');
}

/* name=value as one word; nothing when there is no value. */
static void
property(struct header_writer *w, const char *name, struct slice value)
{
	struct buf word;

	if (value.n == 0)
		return;
	buf_init(&word, VALUE_MAX);
	buf_addf(&word, "%s=", name);
	value = slice_head(value, VERDICTS_TEXT_MAX);
	if (needs_quotes(value))
		add_quoted(&word, value);
	else
		buf_add(&word, value);
	header_word(w, buf_slice(&word));
	buf_done(&word);
}

static void
reason(struct header_writer *w, struct slice text)
{
	struct buf word;

	if (text.n == 0)
		return;
	buf_init(&word, VALUE_MAX);
	buf_add_cstr(&word, "reason=");
	add_quoted(&word, slice_head(text, REASON_MAX));
	header_word(w, buf_slice(&word));
	buf_done(&word);
}

/* Ends the line before with ";" and begins the next. */
static void
method(struct header_writer *w, const char *name, enum verdict result)
{
	buf_add_char(w->out, ';');
	header_fold(w);
	header_wordf(w, "%s=%s", name, verdict_name(result));
}

static void
write_spf(struct header_writer *w, const struct verdict_spf *spf,
    const char *name)
{
	if (spf->result == VERDICT_ABSENT)
		return;
	method(w, "spf", spf->result);
	reason(w, spf->reason);
	property(w, name, spf->identity);
}

static void
write_dkim(struct header_writer *w, const struct verdict_dkim *dkim)
{
	method(w, "dkim", dkim->result);
	reason(w, dkim->reason);
	property(w, "header.d", dkim->domain);
	property(w, "header.i", dkim->identity);
	property(w, "header.s", dkim->selector);
	property(w, "header.a", dkim->algorithm);
	property(w, "header.b", dkim->signature);
}

static void
write_dmarc(struct header_writer *w, const struct verdicts *v)
{
	const struct verdict_dmarc *d = &v->dmarc;
	struct buf why;

	if (d->result == VERDICT_ABSENT)
		return;
	buf_init(&why, VALUE_MAX);
	if (d->result == VERDICT_PASS)
		buf_addf(&why, "aligned: %s%s%s", d->spf_aligned ? "spf" : "",
		    d->spf_aligned && d->dkim_aligned ? ", " : "",
		    d->dkim_aligned ? "dkim" : "");
	else
		buf_add(&why, slice_head(d->reason, REASON_MAX));
	if (v->arc.vouched_by.n > 0) {
		buf_add_cstr(&why, why.n > 0 ? "; " : "");
		buf_add_cstr(&why, "overridden by arc of ");
		buf_add(&why, slice_head(v->arc.vouched_by, REASON_MAX));
	}
	method(w, "dmarc", d->result);
	reason(w, buf_slice(&why));
	property(w, "header.from", d->from);
	property(w, "policy.dmarc", d->policy);
	buf_done(&why);
}

static void
write_arc(struct header_writer *w, const struct verdict_arc *arc)
{
	if (arc->result == VERDICT_ABSENT)
		return;
	method(w, "arc", arc->result);
	reason(w, arc->reason);
	if (arc->oldest_pass > 0)
		header_wordf(w, "header.oldest-pass=%u",
		    arc->oldest_pass > 1 ? arc->oldest_pass : 0);
}

void
auth_results_write(const struct verdicts *v, struct slice authserv_id,
    bool utf8, struct buf *out)
{
	struct header_writer w;
	size_t before;

	header_begin(&w, out, "Authentication-Results", utf8);
	header_word(&w, authserv_id);
	before = out->n;
	write_spf(&w, &v->spf, "smtp.mailfrom");
	write_spf(&w, &v->helo, "smtp.helo");
	for (size_t i = 0; i < v->dkim_count; i++)
		write_dkim(&w, &v->dkim[i]);
	write_dmarc(&w, v);
	write_arc(&w, &v->arc);
	if (v->login.n > 0) {
		method(&w, "auth", VERDICT_PASS);
		property(&w, "smtp.auth", v->login);
	}
	if (v->iprev.result != VERDICT_ABSENT) {
		method(&w, "iprev", v->iprev.result);
		property(&w, "policy.iprev", v->iprev.ip);
	}
	if (out->n == before)
		buf_add_cstr(out, "; none");
	header_end(&w);
}

/* --- reading --- */

/* The whole comment or quoted string at the front; 0: it has no end. */
static size_t
enclosed_length(struct slice s)
{
	char close = s.p[0] == '(' ? ')' : '"';
	size_t depth = 1;

	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close && --depth == 0)
			return i + 1;
		else if (s.p[i] == '(' && close == ')')
			depth++;
	}
	return 0;
}

static bool
skip_cfws(struct slice *s)
{
	while (s->n > 0 && (ascii_is_space(s->p[0]) || s->p[0] == '(')) {
		size_t n = s->p[0] == '(' ? enclosed_length(*s) : 1;

		if (n == 0)
			return false;
		*s = slice_skip(*s, n);
	}
	return true;
}

/* A bare word or the inside of a quoted string, unquoted into `out`. */
static bool
take_value(struct slice *s, struct buf *out)
{
	size_t n = 0;

	if (!skip_cfws(s) || s->n == 0)
		return false;
	if (s->p[0] == '"') {
		if ((n = enclosed_length(*s)) == 0)
			return false;
		for (size_t i = 1; i + 1 < n; i++) {
			if (s->p[i] == '\\')
				i++;
			buf_add_char(out, s->p[i]);
		}
	} else {
		while (n < s->n && !ascii_is_space(s->p[n]) &&
		    !slice_has(SLICE("();=\""), s->p[n]))
			n++;
		buf_add(out, slice_head(*s, n));
	}
	*s = slice_skip(*s, n);
	return out->n > 0 && !buf_failed(out) && skip_cfws(s);
}

/* Past the next ";" that stands in no comment or string; false: none. */
static bool
skip_past_semicolon(struct slice *s)
{
	while (s->n > 0) {
		size_t n = 1;

		if (slice_take_char(s, ';'))
			return true;
		if ((s->p[0] == '(' || s->p[0] == '"') &&
		    (n = enclosed_length(*s)) == 0)
			return false;
		*s = slice_skip(*s, n);
	}
	return false;
}

static bool
contains_nocase(struct slice s, struct slice what)
{
	for (; s.n >= what.n; s = slice_skip(s, 1)) {
		if (slice_eq_nocase(slice_head(s, what.n), what))
			return true;
		if (s.n == 0)
			break;
	}
	return false;
}

/* authserv-id [CFWS authres-version], then the end or ";" */
bool
auth_results_claims(const struct header_field *field, struct slice authserv_id)
{
	struct slice s = field->body;
	struct buf id;
	bool claims;

	if (!slice_is_nocase(field->name, "Authentication-Results"))
		return false;
	buf_init(&id, VALUE_MAX);
	if (take_value(&s, &id)) {
		struct slice got = buf_slice(&id);

		if (got.n > 1 && got.p[got.n - 1] == '.')
			got.n--;
		while (s.n > 0 && ascii_is_digit(s.p[0]))
			s = slice_skip(s, 1);
		claims = slice_eq_nocase(got, authserv_id);
		if (!skip_cfws(&s) || (s.n > 0 && s.p[0] != ';'))
			claims |= contains_nocase(field->body, authserv_id);
	} else {
		claims = contains_nocase(field->body, authserv_id);
	}
	buf_done(&id);
	return claims;
}

bool
auth_results_take_instance(struct slice *body, struct slice *number)
{
	struct slice s = *body;
	size_t n = 0;

	if (!skip_cfws(&s) || !slice_take_char(&s, 'i') || !skip_cfws(&s) ||
	    !slice_take_char(&s, '=') || !skip_cfws(&s))
		return false;
	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	*number = slice_head(s, n);
	s = slice_skip(s, n);
	if (n == 0 || !skip_cfws(&s) || !slice_take_char(&s, ';'))
		return false;
	*body = s;
	return true;
}

/* What is left of "/ version", and the white space behind it. */
static bool
skip_past_version(struct slice *s)
{
	if (slice_take_char(s, '/') && !skip_cfws(s))
		return false;
	while (s->n > 0 && ascii_is_digit(s->p[0]))
		*s = slice_skip(*s, 1);
	return skip_cfws(s);
}

/* method ["/" version] "=" result, where *s stands. */
static bool
is_result(struct slice s, const char *name, const char *result)
{
	struct buf word;
	bool is = false;

	buf_init(&word, VALUE_MAX);
	if (take_value(&s, &word)) {
		struct slice got = buf_slice(&word);

		got = slice_trim(slice_head(got, slice_find(got, '/')));
		is = slice_is_nocase(got, name) && skip_past_version(&s) &&
		    slice_take_char(&s, '=');
		buf_reset(&word);
		is = is && take_value(&s, &word) &&
		    slice_is_nocase(buf_slice(&word), result);
	}
	buf_done(&word);
	return is;
}

bool
auth_results_has(struct slice body, const char *name, const char *result)
{
	while (skip_past_semicolon(&body))
		if (is_result(body, name, result))
			return true;
	return false;
}
