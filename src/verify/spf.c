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
#include "verify/reverse.h"
#include "verify/spf_macro.h"
#include "verify/spf_record.h"

enum { EXPANSION_MAX = 16384, EXPLANATION_MAX = 4096 };

/* What became of a term, or of a question to the DNS. */
enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_AGAIN,
	MATCH_TEMPERROR,
	MATCH_PERMERROR,
};

struct check {
	const struct spf_query *query;
	struct answers *answers;
	struct spf_outcome *out;
	unsigned terms;
	unsigned voids;
	unsigned depth;
};

/* One record under evaluation. */
struct frame {
	struct check *check;
	struct slice domain;
};

static enum spf_result check_domain(struct check *, struct slice domain,
    bool explains);

static void
set_reason(struct check *c, const char *what, struct slice about)
{
	char text[SPF_REASON_SIZE];

	about = slice_head(about, SPF_REASON_SIZE / 2);
	(void)snprintf(text, sizeof(text), "%s%s%.*s", what,
	    about.n > 0 ? ": " : "", SLICE_ARGS(about));
	for (char *p = text; *p != '\0'; p++)
		if (!ascii_is_graphic(*p) && *p != ' ')
			*p = '?';
	memcpy(c->out->reason, text, sizeof(text));
}

/* --- questions --- */

static enum dns_type
address_type(const struct check *c)
{
	return c->query->client.version == 6 ? DNS_AAAA : DNS_A;
}

/* YES: *answer has records. Counts the void ones. */
static enum match
look_up(struct check *c, struct slice name, enum dns_type type,
    const struct dns_answer **answer)
{
	*answer = answers_get(c->answers, name, type);
	if (*answer == NULL)
		return MATCH_AGAIN;
	switch ((*answer)->outcome) {
	case DNS_FOUND:
		return MATCH_YES;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		if (++c->voids <= SPF_VOIDS_MAX)
			return MATCH_NO;
		set_reason(c, "too many questions without an answer", name);
		return MATCH_PERMERROR;
	case DNS_BOGUS:
	case DNS_TEMPORARY:
		break;
	}
	set_reason(c, "no answer from the DNS", name);
	return MATCH_TEMPERROR;
}

static bool
has_client(const struct check *c, const struct dns_answer *answer, uint8_t bits)
{
	for (size_t i = 0; i < answer->count; i++) {
		const struct ip_net net = { answer->records[i].ip, bits };

		if (ip_net_has(&net, &c->query->client))
			return true;
	}
	return false;
}

static uint8_t
bits_of(const struct check *c, const struct spf_term *term)
{
	return c->query->client.version == 6 ? term->bits6 : term->bits4;
}

/* --- the client's names --- */

/* Is `name` that domain, or below it? */
static bool
is_under(struct slice name, struct slice domain)
{
	if (name.n <= domain.n)
		return slice_eq_nocase(name, domain);
	return name.p[name.n - domain.n - 1] == '.' &&
	    slice_eq_nocase(slice_skip(name, name.n - domain.n), domain);
}

/*
 * The names of the client that lead back to it (5.5), best first: `domain`
 * itself, one below it, any. NO: none; trouble with the DNS is no error here.
 */
static enum match
validated_name(struct check *c, struct slice domain, bool counts,
    struct slice *best)
{
	char reverse[DNS_NAME_SIZE];
	const struct dns_answer *names, *addresses;
	int rank = 0;
	bool again = false;

	reverse_arpa(&c->query->client, reverse);
	names = answers_get(c->answers, slice_of(reverse), DNS_PTR);
	if (names == NULL)
		return MATCH_AGAIN;
	if (counts &&
	    (names->outcome == DNS_NO_DATA || names->outcome == DNS_NO_NAME)) {
		enum match m =
		    look_up(c, slice_of(reverse), DNS_PTR, &addresses);

		if (m != MATCH_NO)
			return m;
	}
	for (size_t i = 0; i < names->count && i < SPF_HOSTS_MAX; i++) {
		struct slice name = names->records[i].data;
		int this_rank = slice_eq_nocase(name, domain) ? 3
		    : is_under(name, domain)                  ? 2
							      : 1;

		addresses = answers_get(c->answers, name, address_type(c));
		again = again || addresses == NULL;
		if (addresses == NULL || this_rank <= rank ||
		    addresses->outcome != DNS_FOUND ||
		    !has_client(c, addresses,
			c->query->client.version == 6 ? 128 : 32))
			continue;
		rank = this_rank;
		*best = name;
	}
	if (again)
		return MATCH_AGAIN;
	return rank > 0 ? MATCH_YES : MATCH_NO;
}

static bool
add_validated(void *arg, struct buf *out)
{
	const struct frame *f = arg;
	struct slice name = SLICE_NONE;
	enum match m = validated_name(f->check, f->domain, false, &name);

	if (m == MATCH_AGAIN)
		return false;
	buf_add(out, m == MATCH_YES ? name : SLICE("unknown"));
	return true;
}

/* --- macros --- */

static enum match
expand(struct frame *f, struct slice text, bool explains, struct buf *out)
{
	const struct spf_query *q = f->check->query;
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
		return MATCH_YES;
	case SPF_EXPANDS_LATER:
		return MATCH_AGAIN;
	case SPF_EXPANDS_NOT:
		break;
	}
	set_reason(f->check, "expands to too much", text);
	return MATCH_PERMERROR;
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
static enum match
target_of(struct frame *f, struct slice spec, struct buf *storage,
    struct slice *target)
{
	enum match m = MATCH_YES;

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

static enum match
match_a(struct check *c, const struct spf_term *term, struct slice target)
{
	const struct dns_answer *answer;
	enum match m = look_up(c, target, address_type(c), &answer);

	if (m != MATCH_YES)
		return m;
	return has_client(c, answer, bits_of(c, term)) ? MATCH_YES : MATCH_NO;
}

static enum match
match_mx(struct check *c, const struct spf_term *term, struct slice target)
{
	const struct dns_answer *hosts;
	enum match m = look_up(c, target, DNS_MX, &hosts);
	bool again = false;

	if (m != MATCH_YES)
		return m;
	if (hosts->count > SPF_HOSTS_MAX) {
		set_reason(c, "more than ten MX hosts", target);
		return MATCH_PERMERROR;
	}
	for (size_t i = 0; i < hosts->count; i++)
		again |= hosts->records[i].data.n > 0 &&
		    answers_get(c->answers, hosts->records[i].data,
			address_type(c)) == NULL;
	if (again)
		return MATCH_AGAIN;
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->records[i].data.n == 0)
			continue; /* a null MX */
		m = match_a(c, term, hosts->records[i].data);
		if (m != MATCH_NO)
			return m;
	}
	return MATCH_NO;
}

static enum match
match_ptr(struct check *c, struct slice target)
{
	struct slice name = SLICE_NONE;
	enum match m = validated_name(c, target, true, &name);

	if (m != MATCH_YES)
		return m;
	return is_under(name, target) ? MATCH_YES : MATCH_NO;
}

static enum match
match_exists(struct check *c, struct slice target)
{
	const struct dns_answer *answer;

	return look_up(c, target, DNS_A, &answer);
}

/* The table of 5.2. */
static enum match
match_include(struct check *c, struct slice target)
{
	switch (check_domain(c, target, false)) {
	case SPF_AGAIN:
		return MATCH_AGAIN;
	case SPF_PASS:
		return MATCH_YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return MATCH_NO;
	case SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case SPF_NONE:
		set_reason(c, "an included domain has no SPF record", target);
		return MATCH_PERMERROR;
	case SPF_PERMERROR:
		break;
	}
	return MATCH_PERMERROR;
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
	set_reason(c, "more than ten terms that ask the DNS", text);
	return false;
}

static enum match
match_mechanism(struct frame *f, const struct spf_term *term,
    struct slice target)
{
	struct check *c = f->check;

	switch (term->kind) {
	case SPF_ALL:
		return MATCH_YES;
	case SPF_IP4:
	case SPF_IP6:
		return ip_net_has(&term->net, &c->query->client) ? MATCH_YES
								 : MATCH_NO;
	case SPF_INCLUDE:
		return match_include(c, target);
	case SPF_A:
		return match_a(c, term, target);
	case SPF_MX:
		return match_mx(c, term, target);
	case SPF_PTR:
		return match_ptr(c, target);
	case SPF_EXISTS:
		return match_exists(c, target);
	case SPF_REDIRECT:
	case SPF_EXP:
	case SPF_UNKNOWN_MODIFIER:
		break;
	}
	return MATCH_NO;
}

static void
trace(const struct frame *f, struct slice term, const char *outcome)
{
	const struct check *c = f->check;

	if (c->query->trace != NULL)
		c->query->trace(c->depth, f->domain, term, outcome,
		    c->query->trace_arg);
}

static enum match
match_term(struct frame *f, const struct spf_term *term)
{
	static const char *const names[] = { [MATCH_NO] = "no match",
		[MATCH_YES] = "match",
		[MATCH_AGAIN] = "",
		[MATCH_TEMPERROR] = "temperror",
		[MATCH_PERMERROR] = "permerror" };
	struct buf storage;
	struct slice target;
	enum match m;

	if (asks(term->kind) && !count_term(f->check, term->text))
		return MATCH_PERMERROR;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, term->domain, &storage, &target);
	if (m == MATCH_YES)
		m = match_mechanism(f, term, target);
	buf_done(&storage);
	if (m != MATCH_AGAIN)
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
static enum match
explain_by(struct frame *f, struct slice target)
{
	struct check *c = f->check;
	const struct dns_answer *answer =
	    answers_get(c->answers, target, DNS_TXT);
	struct buf text;
	enum match m;

	if (answer == NULL)
		return MATCH_AGAIN;
	if (answer->outcome != DNS_FOUND || answer->count != 1 ||
	    !spf_macro_is_valid(answer->records[0].data, true))
		return MATCH_NO;
	buf_init(&text, EXPLANATION_MAX);
	m = expand(f, answer->records[0].data, true, &text);
	if (m == MATCH_YES && is_printable(buf_slice(&text)))
		(void)slice_to_cstr(slice_head(buf_slice(&text),
					SPF_EXPLANATION_SIZE - 1),
		    c->out->explanation, SPF_EXPLANATION_SIZE);
	buf_done(&text);
	return m;
}

static enum match
explain(struct frame *f, struct slice spec)
{
	struct spf_outcome kept = *f->check->out;
	struct buf storage;
	struct slice target;
	enum match m;

	if (spec.n == 0)
		return MATCH_NO;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, spec, &storage, &target);
	if (m == MATCH_YES && target.n > 0)
		m = explain_by(f, target);
	buf_done(&storage);
	/* Whatever goes wrong here changes neither result nor reason. */
	memcpy(f->check->out->reason, kept.reason, sizeof(kept.reason));
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
			(void)answers_get(c->answers, name, DNS_TXT);
		else if (term.kind == SPF_A)
			(void)answers_get(c->answers, name, address_type(c));
		else if (term.kind == SPF_MX)
			(void)answers_get(c->answers, name, DNS_MX);
		else if (term.kind == SPF_EXISTS)
			(void)answers_get(c->answers, name, DNS_A);
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
	enum match m;

	if (!count_term(c, spec))
		return SPF_PERMERROR;
	buf_init(&storage, EXPANSION_MAX);
	m = target_of(f, spec, &storage, &target);
	if (m == MATCH_YES) {
		trace(f, target, "redirect");
		result = check_domain(c, target, explains);
	} else if (m == MATCH_AGAIN) {
		result = SPF_AGAIN;
	}
	if (result == SPF_NONE) {
		set_reason(c, "redirect leads to no SPF record", target);
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
		case MATCH_NO:
			continue;
		case MATCH_AGAIN:
			return SPF_AGAIN;
		case MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_PERMERROR;
		case MATCH_YES:
			break;
		}
		set_reason(f->check, "by term", term.text);
		result = result_of_qualifier(term.qualifier);
		if (result == SPF_FAIL && explains &&
		    explain(f, record->exp) == MATCH_AGAIN)
			return SPF_AGAIN;
		return result;
	}
	if (record->redirect.n > 0 && !record->has_all)
		return redirect(f, record->redirect, explains);
	set_reason(f->check, "no term matches", SLICE_NONE);
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
			set_reason(c, "several SPF records", domain);
			return SPF_PERMERROR;
		}
		found = &texts->records[i];
	}
	if (found == NULL) {
		set_reason(c, "no SPF record", domain);
		return SPF_NONE;
	}
	if (spf_record_check(found->data, record, &bad))
		return SPF_PASS;
	set_reason(c, "malformed or repeated term", bad);
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
	    answers_get(c->answers, domain, DNS_TXT);
	enum spf_result result;

	if (texts == NULL)
		return SPF_AGAIN;
	if (texts->outcome == DNS_TEMPORARY || texts->outcome == DNS_BOGUS) {
		set_reason(c, "no answer from the DNS", domain);
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
		set_reason(c, "not a domain name", domain);
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
	struct check c = { .query = query, .answers = answers, .out = out };

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
