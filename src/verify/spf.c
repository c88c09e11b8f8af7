/*
 * verify/spf.c - check_host() of RFC 7208, 4, over a set of answers.
 *
 * It begins anew in each round and goes the same way up to the first answer
 * that is missing. The names that a record's terms lead to are asked for
 * together when the record is read, so that a round seldom brings one answer
 * alone.
 */
#include "verify/spf.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "verify/spf_macro.h"
#include "verify/spf_match.h"
#include "verify/spf_record.h"

enum { EXPANSION_MAX = 16384, EXPLANATION_MAX = 4096 };

struct check {
	struct spf_matcher m;
	unsigned terms;
	unsigned depth;
};

/* One record under evaluation. */
struct frame {
	struct check *check;
	struct slice domain;
};

static enum spf_result check_domain(struct check *, struct slice domain,
    bool explains);

static bool
add_validated(void *arg, struct buf *out)
{
	const struct frame *f = arg;
	struct slice name = SLICE_NONE;
	enum spf_match m =
	    spf_match_name(&f->check->m, f->domain, false, &name);

	if (m == SPF_MATCH_AGAIN)
		return false;
	buf_add(out, m == SPF_MATCH_YES ? name : SLICE("unknown"));
	return true;
}

/* --- macros --- */

static enum spf_match
expand(struct frame *f, struct slice text, bool explains, struct buf *out)
{
	const struct spf_query *q = f->check->m.query;
	const struct spf_macro_values values = {
		.sender_local = q->local.n > 0 ? q->local : SLICE("postmaster"),
		.sender_domain = q->domain,
		.domain = f->domain,
		.helo = q->helo,
		.receiver = q->receiver,
		.client = q->client,
		.wall_ms = q->wall_ms,
		.validated = add_validated,
		.arg = f,
	};

	switch (spf_macro_expand(text, explains, &values, out)) {
	case SPF_EXPANDED:
		return SPF_MATCH_YES;
	case SPF_EXPANDS_LATER:
		return SPF_MATCH_AGAIN;
	case SPF_EXPANDS_NOT:
		break;
	}
	spf_match_reason(&f->check->m, "expands to too much", text);
	return SPF_MATCH_PERMERROR;
}

/* Labels are dropped from the left until it fits a name (7.3). */
static struct slice
shortened(struct slice name)
{
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	while (name.n > DNS_NAME_MAX)
		name = slice_skip(name, slice_find(name, '.') + 1);
	return name;
}

/* The target of a term: its domain-spec, or the domain under check. */
static enum spf_match
target_of(struct frame *f, struct slice spec, struct buf *storage,
    struct slice *target)
{
	enum spf_match m = SPF_MATCH_YES;

	*target = f->domain;
	if (spec.n == 0)
		return m;
	if (slice_has(spec, '%')) {
		m = expand(f, spec, false, storage);
		spec = buf_slice(storage);
	}
	*target = shortened(spec);
	return m;
}

/* --- mechanisms --- */

/* The table of 5.2. */
static enum spf_match
match_include(struct check *c, struct slice target)
{
	switch (check_domain(c, target, false)) {
	case SPF_AGAIN:
		return SPF_MATCH_AGAIN;
	case SPF_PASS:
		return SPF_MATCH_YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return SPF_MATCH_NO;
	case SPF_TEMPERROR:
		return SPF_MATCH_TEMPERROR;
	case SPF_NONE:
		spf_match_reason(&c->m, "an included domain has no SPF record",
		    target);
		return SPF_MATCH_PERMERROR;
	case SPF_PERMERROR:
		break;
	}
	return SPF_MATCH_PERMERROR;
}

static bool
asks(enum spf_kind kind)
{
	return kind == SPF_INCLUDE || kind == SPF_A || kind == SPF_MX ||
	    kind == SPF_PTR || kind == SPF_EXISTS || kind == SPF_REDIRECT;
}

/* False: one term too many. */
static bool
count_term(struct check *c, struct slice text)
{
	if (++c->terms <= SPF_TERMS_MAX)
		return true;
	spf_match_reason(&c->m, "more than ten terms that ask the DNS", text);
	return false;
}

static enum spf_match
match_mechanism(struct frame *f, const struct spf_term *term,
    struct slice target)
{
	struct check *c = f->check;

	switch (term->kind) {
	case SPF_ALL:
		return SPF_MATCH_YES;
	case SPF_IP4:
	case SPF_IP6:
		return ip_net_has(&term->net, &c->m.query->client)
		    ? SPF_MATCH_YES
		    : SPF_MATCH_NO;
	case SPF_INCLUDE:
		return match_include(c, target);
	case SPF_A:
		return spf_match_a(&c->m, term, target);
	case SPF_MX:
		return spf_match_mx(&c->m, term, target);
	case SPF_PTR:
		return spf_match_ptr(&c->m, target);
	case SPF_EXISTS:
		return spf_match_exists(&c->m, target);
	case SPF_REDIRECT:
	case SPF_EXP:
	case SPF_UNKNOWN_MODIFIER:
		break;
	}
	return SPF_MATCH_NO;
}

static void
trace(const struct frame *f, struct slice term, const char *outcome)
{
	const struct check *c = f->check;

	if (c->m.query->trace != NULL)
		c->m.query->trace(c->depth, f->domain, term, outcome,
		    c->m.query->trace_arg);
}

static enum spf_match
match_term(struct frame *f, const struct spf_term *term)
{
	static const char *const names[] = { [SPF_MATCH_NO] = "no match",
		[SPF_MATCH_YES] = "match",
		[SPF_MATCH_AGAIN] = "",
		[SPF_MATCH_TEMPERROR] = "temperror",
		[SPF_MATCH_PERMERROR] = "permerror" };
	struct buf storage;
	struct slice target;
	enum spf_match m;

	if (asks(term->kind) && !count_term(f->check, term->text))
		return SPF_MATCH_PERMERROR;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, term->domain, &storage, &target);
	if (m == SPF_MATCH_YES)
		m = match_mechanism(f, term, target);
	buf_done(&storage);
	if (m != SPF_MATCH_AGAIN)
		trace(f, term->text, names[m]);
	return m;
}

/* --- explanations (6.2) --- */

static bool
is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_graphic(s.p[i]) && s.p[i] != ' ')
			return false;
	return true;
}

/* AGAIN, or anything else: it is there now, or there is none. */
static enum spf_match
explain_by(struct frame *f, struct slice target)
{
	struct check *c = f->check;
	const struct dns_answer *answer =
	    answers_get(c->m.answers, target, DNS_TXT);
	struct buf text;
	enum spf_match m;

	if (answer == NULL)
		return SPF_MATCH_AGAIN;
	if (answer->outcome != DNS_FOUND || answer->count != 1 ||
	    !spf_macro_is_valid(answer->records[0].data, true))
		return SPF_MATCH_NO;
	buf_init(&text, EXPLANATION_MAX);
	m = expand(f, answer->records[0].data, true, &text);
	if (m == SPF_MATCH_YES && is_printable(buf_slice(&text)))
		(void)slice_to_cstr(slice_head(buf_slice(&text),
					SPF_EXPLANATION_SIZE - 1),
		    c->m.out->explanation, SPF_EXPLANATION_SIZE);
	buf_done(&text);
	return m;
}

static enum spf_match
explain(struct frame *f, struct slice spec)
{
	struct spf_outcome kept = *f->check->m.out;
	struct buf storage;
	struct slice target;
	enum spf_match m;

	if (spec.n == 0)
		return SPF_MATCH_NO;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, spec, &storage, &target);
	if (m == SPF_MATCH_YES && target.n > 0)
		m = explain_by(f, target);
	buf_done(&storage);
	/* Whatever goes wrong here changes neither result nor reason. */
	memcpy(f->check->m.out->reason, kept.reason, sizeof(kept.reason));
	return m;
}

/* --- a record --- */

/* Names without macros are known now: all are asked for together. */
static void
ask_ahead(const struct frame *f, struct slice terms)
{
	struct check *c = f->check;
	struct spf_term term;
	unsigned left = SPF_TERMS_MAX - c->terms;

	while (left > 0 && spf_record_take(&terms, &term)) {
		struct slice name =
		    term.domain.n > 0 ? shortened(term.domain) : f->domain;

		if (term.kind == SPF_ALL)
			break;
		if (!asks(term.kind))
			continue;
		left--;
		if (slice_has(term.domain, '%'))
			continue;
		if (term.kind == SPF_INCLUDE || term.kind == SPF_REDIRECT)
			(void)answers_get(c->m.answers, name, DNS_TXT);
		else if (term.kind == SPF_A)
			(void)answers_get(c->m.answers, name,
			    spf_match_address_type(&c->m));
		else if (term.kind == SPF_MX)
			(void)answers_get(c->m.answers, name, DNS_MX);
		else if (term.kind == SPF_EXISTS)
			(void)answers_get(c->m.answers, name, DNS_A);
	}
}

static enum spf_result
result_of_qualifier(char qualifier)
{
	switch (qualifier) {
	case '-':
		return SPF_FAIL;
	case '~':
		return SPF_SOFTFAIL;
	case '?':
		return SPF_NEUTRAL;
	default:
		return SPF_PASS;
	}
}

static enum spf_result
redirect(struct frame *f, struct slice spec, bool explains)
{
	struct check *c = f->check;
	enum spf_result result = SPF_PERMERROR;
	struct buf storage;
	struct slice target;
	enum spf_match m;

	if (!count_term(c, spec))
		return SPF_PERMERROR;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, spec, &storage, &target);
	if (m == SPF_MATCH_YES) {
		trace(f, target, "redirect");
		result = check_domain(c, target, explains);
	} else if (m == SPF_MATCH_AGAIN) {
		result = SPF_AGAIN;
	}
	if (result == SPF_NONE) {
		spf_match_reason(&c->m, "redirect leads to no SPF record",
		    target);
		result = SPF_PERMERROR;
	}
	buf_done(&storage);
	return result;
}

static enum spf_result
evaluate(struct frame *f, const struct spf_record *record, bool explains)
{
	struct slice terms = record->terms;
	struct spf_term term;

	ask_ahead(f, terms);
	while (spf_record_take(&terms, &term)) {
		enum spf_result result;

		if (term.kind > SPF_EXISTS)
			continue; /* a modifier */
		switch (match_term(f, &term)) {
		case SPF_MATCH_NO:
			continue;
		case SPF_MATCH_AGAIN:
			return SPF_AGAIN;
		case SPF_MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case SPF_MATCH_PERMERROR:
			return SPF_PERMERROR;
		case SPF_MATCH_YES:
			break;
		}
		spf_match_reason(&f->check->m, "by term", term.text);
		result = result_of_qualifier(term.qualifier);
		if (result == SPF_FAIL && explains &&
		    explain(f, record->exp) == SPF_MATCH_AGAIN)
			return SPF_AGAIN;
		return result;
	}
	if (record->redirect.n > 0 && !record->has_all)
		return redirect(f, record->redirect, explains);
	spf_match_reason(&f->check->m, "no term matches", SLICE_NONE);
	return SPF_NEUTRAL;
}

/* The one record among the texts (4.5). */
static enum spf_result
select_record(struct check *c, struct slice domain,
    const struct dns_answer *texts, struct spf_record *record)
{
	const struct dns_record *found = NULL;
	struct slice bad = SLICE_NONE;

	for (size_t i = 0; i < texts->count; i++) {
		if (!spf_record_is(texts->records[i].data))
			continue;
		if (found != NULL) {
			spf_match_reason(&c->m, "several SPF records", domain);
			return SPF_PERMERROR;
		}
		found = &texts->records[i];
	}
	if (found == NULL) {
		spf_match_reason(&c->m, "no SPF record", domain);
		return SPF_NONE;
	}
	if (spf_record_check(found->data, record, &bad))
		return SPF_PASS;
	spf_match_reason(&c->m, "malformed or repeated term", bad);
	return SPF_PERMERROR;
}

/* 4.3: labels of 1 to 63 octets, and at least two of them. */
static bool
is_domain(struct slice s)
{
	return dns_name_is_valid(s) && slice_has(s, '.') && s.p[0] != '[';
}

static enum spf_result
check_record(struct check *c, struct slice domain, bool explains)
{
	struct frame f = { c, domain };
	struct spf_record record;
	const struct dns_answer *texts =
	    answers_get(c->m.answers, domain, DNS_TXT);
	enum spf_result result;

	if (texts == NULL)
		return SPF_AGAIN;
	if (texts->outcome == DNS_TEMPORARY || texts->outcome == DNS_BOGUS) {
		spf_match_reason(&c->m, "no answer from the DNS", domain);
		return SPF_TEMPERROR;
	}
	result = select_record(c, domain, texts, &record);
	return result == SPF_PASS ? evaluate(&f, &record, explains) : result;
}

static enum spf_result
check_domain(struct check *c, struct slice domain, bool explains)
{
	enum spf_result result;

	if (domain.n > 0 && domain.p[domain.n - 1] == '.')
		domain.n--;
	if (!is_domain(domain)) {
		spf_match_reason(&c->m, "not a domain name", domain);
		return SPF_NONE;
	}
	c->depth++;
	result = check_record(c, domain, explains);
	c->depth--;
	return result;
}

void
spf_check(const struct spf_query *query, struct answers *answers,
    struct spf_outcome *out)
{
	struct check c = { .m = { query, answers, out, 0 } };

	*out = (struct spf_outcome){ .result = SPF_AGAIN };
	out->result = check_domain(&c, query->domain, true);
}

const char *
spf_result_name(enum spf_result result)
{
	static const char *const names[] = { [SPF_AGAIN] = "none",
		[SPF_NONE] = "none",
		[SPF_NEUTRAL] = "neutral",
		[SPF_PASS] = "pass",
		[SPF_FAIL] = "fail",
		[SPF_SOFTFAIL] = "softfail",
		[SPF_TEMPERROR] = "temperror",
		[SPF_PERMERROR] = "permerror" };

	return names[result];
}
