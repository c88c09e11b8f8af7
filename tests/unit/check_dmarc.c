/*
 * unit/check_dmarc.c - verdicts over invented trees: policy discovery, the
 * organizational domain, alignment, DNS trouble, odd From fields.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "tests/unit/dns_table.h"
#include "verify/dmarc.h"

#define TXT DNS_TXT, /* the rows of the table */

/* clang-format off */
static const struct dns_row tree[] = {
	/* an ordinary organization below a silent suffix */
	{ "_dmarc.example.com",		TXT "v=DMARC1; p=reject; sp=quarantine; np=none", 0 },
	{ "sub.example.com",		TXT "v=spf1 -all", 0 },
	{ "other.example.com",		DNS_A, "192.0.2.1", 0 },
	{ "_dmarc.own.example.com",	TXT "v=DMARC1; p=none; np=reject", 0 },
	{ "_dmarc.strict.com",		TXT "v=DMARC1; p=reject; adkim=s; aspf=s", 0 },
	{ "_dmarc.test.com",		TXT "v=DMARC1; p=reject; t=y", 0 },
	/* a public suffix that says so, with tenants */
	{ "_dmarc.bank",		TXT "v=DMARC1; p=reject; sp=reject; np=quarantine; psd=y", 0 },
	{ "one.bank",			TXT "v=spf1 -all", 0 },
	{ "two.bank",			TXT "v=spf1 -all", 0 },
	{ "_dmarc.three.bank",		TXT "v=DMARC1; p=none", 0 },
	/* psd=n ends the walk: a subtree of its own */
	{ "_dmarc.uni.edu",		TXT "v=DMARC1; p=reject", 0 },
	{ "_dmarc.cs.uni.edu",		TXT "v=DMARC1; p=quarantine; psd=n", 0 },
	{ "a.cs.uni.edu",		TXT "x", 0 },
	/* records at two levels: the shortest is the organization */
	{ "_dmarc.b.deep.com",		TXT "v=DMARC1; p=none", 0 },
	{ "_dmarc.deep.com",		TXT "v=DMARC1; p=quarantine", 0 },
	{ "a.b.deep.com",		TXT "x", 0 },
	/* far down: eight queries at most, so h.i.. is not looked at */
	{ "_dmarc.b.c.d.e.f.g.h.long.com", TXT "v=DMARC1; p=reject", 0 },
	{ "a.b.c.d.e.f.g.h.long.com",	TXT "x", 0 },
	{ "_dmarc.long.com",		TXT "v=DMARC1; p=quarantine", 0 },
	/* broken ones */
	{ "_dmarc.twice.com",		TXT "v=DMARC1; p=reject", 0 },
	{ "_dmarc.twice.com",		TXT "v=DMARC1; p=none", 0 },
	{ "_dmarc.noise.com",		TXT "hello", 0 },
	{ "_dmarc.noise.com",		TXT "v=DMARC1; p=reject", 0 },
	{ "_dmarc.bad.com",		TXT "v=DMARC1; p=maybe", 0 },
	{ "_dmarc.badrua.com",		TXT "v=DMARC1; p=maybe; rua=mailto:a@badrua.com", 0 },
	/* trouble */
	{ "_dmarc.down.com",		TXT NULL, DNS_TEMPORARY },
	{ "_dmarc.bogus.com",		TXT NULL, DNS_BOGUS },
	{ "_dmarc.half.org",		TXT "v=DMARC1; p=reject", 0 },
	{ "_dmarc.org",			TXT NULL, DNS_TEMPORARY },
	{ "_dmarc.calm.org",		TXT "v=DMARC1; p=none", 0 },
	{ "_dmarc.np.net",		TXT "v=DMARC1; p=reject; np=none", 0 },
	{ "gone.np.net",		TXT NULL, DNS_TEMPORARY },
	{ "_dmarc.xn--mller-kva.de",	TXT "v=DMARC1; p=reject", 0 },
	{ NULL, 0, NULL, 0 },
};

#define NO	DMARC_POLICY_UNSET
#define N	DMARC_POLICY_NONE
#define Q	DMARC_POLICY_QUARANTINE
#define R	DMARC_POLICY_REJECT

static const struct {
	const char *from;
	const char *spf;	/* "+domain" pass, "?domain" temperror */
	const char *dkim;	/* the same, one; or NULL */
	enum dmarc_result result;
	enum dmarc_policy policy, applied;
	const char *at, *organization;
} cases[] = {
	/* pass, by either, relaxed */
	{ "a@example.com", "+example.com", NULL,	DMARC_PASS, R, N, "example.com", "example.com" },
	{ "a@example.com", "+EXAMPLE.com.", NULL,	DMARC_PASS, R, N, "example.com", "example.com" },
	{ "a@example.com", NULL, "+sub.example.com",	DMARC_PASS, R, N, "example.com", "example.com" },
	{ "a@sub.example.com", "+other.example.com", NULL, DMARC_PASS, Q, N, "example.com", "example.com" },
	{ "a@sub.example.com", "+evil.com", "+example.com", DMARC_PASS, Q, N, "example.com", "example.com" },
	/* fail, and what then */
	{ "a@example.com", "+evil.com", "+evil.com",	DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com", "example.com", "example.com", DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com", "+badexample.com", NULL,	DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com", "+com", NULL,		DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@sub.example.com", NULL, NULL,		DMARC_FAIL, Q, Q, "example.com", "example.com" },
	{ "a@gone.example.com", NULL, NULL,		DMARC_FAIL, N, N, "example.com", "example.com" },
	{ "a@own.example.com", NULL, NULL,		DMARC_FAIL, N, N, "own.example.com", "example.com" },
	{ "a@own.example.com", "+example.com", NULL,	DMARC_PASS, N, N, "own.example.com", "example.com" },
	{ "a@test.com", NULL, NULL,			DMARC_FAIL, R, N, "test.com", "test.com" },
	/* strict */
	{ "a@strict.com", "+strict.com", NULL,		DMARC_PASS, R, N, "strict.com", "strict.com" },
	{ "a@strict.com", "+x.strict.com", "+y.strict.com", DMARC_FAIL, R, R, "strict.com", "strict.com" },
	{ "a@x.strict.com", "+strict.com", NULL,	DMARC_FAIL, R, R, "strict.com", "strict.com" },
	/* public suffixes: tenants are not aligned with each other */
	{ "a@one.bank", "+two.bank", NULL,		DMARC_FAIL, R, R, "bank", "one.bank" },
	{ "a@x.one.bank", "+one.bank", NULL,		DMARC_PASS, Q, N, "bank", "one.bank" },
	{ "a@gone.bank", NULL, NULL,			DMARC_FAIL, Q, Q, "bank", "gone.bank" },
	{ "a@one.bank", "+bank", NULL,			DMARC_FAIL, R, R, "bank", "one.bank" },
	{ "a@x.three.bank", NULL, NULL,			DMARC_FAIL, N, N, "three.bank", "three.bank" },
	{ "a@bank", "+one.bank", NULL,			DMARC_FAIL, R, R, "bank", "bank" },
	{ "a@bank", "+bank", NULL,			DMARC_PASS, R, N, "bank", "bank" },
	/* psd=n */
	{ "a@a.cs.uni.edu", "+cs.uni.edu", NULL,	DMARC_PASS, Q, N, "cs.uni.edu", "cs.uni.edu" },
	{ "a@a.cs.uni.edu", "+uni.edu", NULL,		DMARC_FAIL, Q, Q, "cs.uni.edu", "cs.uni.edu" },
	{ "a@uni.edu", "+cs.uni.edu", NULL,		DMARC_FAIL, R, R, "uni.edu", "uni.edu" },
	/* levels */
	{ "a@a.b.deep.com", NULL, NULL,			DMARC_FAIL, Q, Q, "deep.com", "deep.com" },
	{ "a@a.b.c.d.e.f.g.h.long.com", NULL, NULL,	DMARC_FAIL, Q, Q, "long.com", "long.com" },
	/* nothing published, or nothing usable */
	{ "a@silent.com", "+silent.com", NULL,		DMARC_NONE, NO, N, "", "silent.com" },
	{ "a@x.silent.com", NULL, NULL,			DMARC_NONE, NO, N, "", "x.silent.com" },
	{ "a@twice.com", NULL, NULL,			DMARC_NONE, NO, N, "", "twice.com" },
	{ "a@noise.com", NULL, NULL,			DMARC_FAIL, R, R, "noise.com", "noise.com" },
	{ "a@bad.com", NULL, NULL,			DMARC_PERMERROR, NO, N, "bad.com", "bad.com" },
	{ "a@badrua.com", NULL, NULL,			DMARC_FAIL, N, N, "badrua.com", "badrua.com" },
	/* several authors: the strictest */
	{ "a@example.com, b@example.com", "+example.com", NULL, DMARC_PASS, R, N, "example.com", "example.com" },
	{ "a@silent.com, b@example.com", "+silent.com", NULL, DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com, b@silent.com", "+example.com", NULL, DMARC_NONE, NO, N, "", "silent.com" },
	{ "a@example.com, b@deep.com", NULL, NULL,	DMARC_FAIL, R, R, "example.com", "example.com" },
	/* odd From fields */
	{ "a@example.com <b@evil.com>", "+evil.com", NULL, DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com.", "+example.com", NULL,	DMARC_PERMERROR, R, N, "example.com", "example.com" },
	{ "group:;", "+example.com", NULL,		DMARC_PERMERROR, NO, N, "", "" },
	{ "a@[192.0.2.1]", NULL, NULL,			DMARC_PERMERROR, NO, N, "", "" },
	{ "a@m\xc3\xbcller.de", "+xn--mller-kva.de", NULL, DMARC_PASS, R, N, "xn--mller-kva.de", "xn--mller-kva.de" },
	{ "a@1.com,a@2.com,a@3.com,a@4.com,a@5.com", NULL, NULL, DMARC_PERMERROR, NO, N, "", "1.com" },
	/* trouble in the DNS */
	{ "a@down.com", "+down.com", NULL,		DMARC_TEMPERROR, NO, N, "", "" },
	{ "a@x.down.com", NULL, NULL,			DMARC_TEMPERROR, NO, N, "", "" },
	{ "a@bogus.com", NULL, NULL,			DMARC_TEMPERROR, NO, N, "", "" },
	{ "a@half.org", "+half.org", NULL,		DMARC_PASS, R, N, "half.org", "half.org" },
	{ "a@half.org", "+x.half.org", NULL,		DMARC_PASS, R, N, "half.org", "half.org" },
	{ "a@example.com", "?example.com", NULL,	DMARC_TEMPERROR, R, N, "example.com", "example.com" },
	{ "a@example.com", "?evil.com", NULL,		DMARC_FAIL, R, R, "example.com", "example.com" },
	{ "a@example.com", NULL, "?sub.example.com",	DMARC_TEMPERROR, R, N, "example.com", "example.com" },
	{ "a@example.com", "?example.com", "+example.com", DMARC_PASS, R, N, "example.com", "example.com" },
	{ "a@gone.np.net", NULL, NULL,			DMARC_TEMPERROR, R, N, "np.net", "np.net" },
};
/* clang-format on */

static struct dmarc_identifier
identifier_of(const char *text)
{
	struct dmarc_identifier id = { .auth = DMARC_AUTH_OTHER };

	if (text == NULL)
		return id;
	if (*text == '+')
		id.auth = DMARC_AUTH_PASS;
	if (*text == '?')
		id.auth = DMARC_AUTH_TEMPERROR;
	id.domain = slice_of(id.auth == DMARC_AUTH_OTHER ? text : text + 1);
	return id;
}

/* The rounds until all answers are there; at most a few. */
static struct dmarc_verdict
judge(const struct dmarc_input *in, struct answers *answers)
{
	struct dmarc_verdict v;

	for (int round = 0; round < 5; round++) {
		dmarc_evaluate(in, answers, &v);
		if (v.result != DMARC_AGAIN)
			return v;
		ck_assert(dns_table_fill(tree, answers));
	}
	ck_abort_msg("no end of rounds");
	return v;
}

START_TEST(the_tree_decides)
{
	struct answers *answers = answers_new(100, 1 << 20);
	struct dmarc_identifier dkim = identifier_of(cases[_i].dkim);
	struct from_header from;
	struct dmarc_input in = { .from = &from,
		.spf = identifier_of(cases[_i].spf),
		.dkim = &dkim,
		.dkim_count = cases[_i].dkim != NULL };
	struct dmarc_verdict v;

	from_header_parse(slice_of(cases[_i].from), &from);
	v = judge(&in, answers);
	ck_assert_str_eq(dmarc_result_name(v.result),
	    dmarc_result_name(cases[_i].result));
	ck_assert_int_eq(v.policy, cases[_i].policy);
	ck_assert_int_eq(v.applied, cases[_i].applied);
	ck_assert_str_eq(v.policy_at, cases[_i].at);
	ck_assert_str_eq(v.organization, cases[_i].organization);
	if (v.result == DMARC_PASS)
		ck_assert(v.spf_aligned || v.dkim_aligned);
	answers_free(&answers);
}
END_TEST

START_TEST(trouble_is_retried_only_where_mail_could_be_refused)
{
	/* clang-format off */
	static const struct { const char *from, *spf; bool retry; } rows[] = {
		{ "a@down.com", NULL, true },	/* who knows */
		{ "a@half.org", "?half.org", true },
		{ "a@calm.org", "?calm.org", false },
		{ "a@test.com", "?test.com", false },
		{ "a@half.org", "+half.org", false },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answers *answers = answers_new(100, 1 << 20);
		struct from_header from;
		struct dmarc_input in = { .from = &from,
			.spf = identifier_of(rows[i].spf) };

		from_header_parse(slice_of(rows[i].from), &from);
		ck_assert_int_eq(judge(&in, answers).retry, rows[i].retry);
		answers_free(&answers);
	}
}
END_TEST

START_TEST(a_walk_asks_eight_questions_at_most)
{
	struct answers *answers = answers_new(100, 1 << 20);
	struct from_header from;
	struct dmarc_input in = { .from = &from };
	struct dmarc_verdict v;
	struct slice name;
	enum dns_type type;
	const struct dns_answer *answer;

	from_header_parse(SLICE("a@a.b.c.d.e.f.g.h.i.j.k.l.long.com"), &from);
	dmarc_evaluate(&in, answers, &v);
	ck_assert_int_eq(v.result, DMARC_AGAIN);
	ck_assert(answers_nth(answers, 0, &name, &type, &answer));
	ck_assert(slice_is(name, "_dmarc.a.b.c.d.e.f.g.h.i.j.k.l.long.com"));
	ck_assert(answers_nth(answers, 1, &name, &type, &answer));
	ck_assert(slice_is(name, "_dmarc.h.i.j.k.l.long.com") ||
	    slice_is(name, "_dmarc.i.j.k.l.long.com"));
	ck_assert(answers_nth(answers, 7, &name, &type, &answer));
	ck_assert(slice_is(name, "_dmarc.com"));
	ck_assert(!answers_nth(answers, 8, &name, &type, &answer));
	answers_free(&answers);
}
END_TEST

START_TEST(several_signatures_name_the_one_that_counts)
{
	struct answers *answers = answers_new(100, 1 << 20);
	struct dmarc_identifier dkim[3] = { identifier_of("+evil.com"),
		identifier_of("example.com"), identifier_of("+example.com") };
	struct from_header from;
	struct dmarc_input in = { .from = &from,
		.dkim = dkim,
		.dkim_count = 3 };
	struct dmarc_verdict v;

	from_header_parse(SLICE("a@example.com"), &from);
	v = judge(&in, answers);
	ck_assert_int_eq(v.result, DMARC_PASS);
	ck_assert(v.dkim_aligned && !v.spf_aligned);
	ck_assert_uint_eq(v.dkim_index, 2);
	answers_free(&answers);
}
END_TEST

START_TEST(two_from_fields_never_pass_and_may_fail)
{
	struct answers *answers = answers_new(100, 1 << 20);
	struct from_header from;
	struct dmarc_input in = { .from = &from,
		.spf = identifier_of("+example.com") };
	struct dmarc_verdict v;

	from_header_read(SLICE(
			     "From: a@example.com\r\nFrom: b@example.com\r\n"),
	    &from);
	v = judge(&in, answers);
	ck_assert_int_eq(v.result, DMARC_PERMERROR);
	ck_assert_str_eq(v.reason, "more than one From field");
	from_header_read(SLICE("From: a@example.com\r\nFrom: b@noise.com\r\n"),
	    &from);
	v = judge(&in, answers);
	ck_assert_int_eq(v.result, DMARC_FAIL);
	ck_assert_int_eq(v.applied, DMARC_POLICY_REJECT);
	from_header_read(SLICE("Subject: x\r\n"), &from);
	v = judge(&in, answers);
	ck_assert_int_eq(v.result, DMARC_PERMERROR);
	answers_free(&answers);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dmarc");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, the_tree_decides, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, trouble_is_retried_only_where_mail_could_be_refused);
	tcase_add_test(tc, a_walk_asks_eight_questions_at_most);
	tcase_add_test(tc, several_signatures_name_the_one_that_counts);
	tcase_add_test(tc, two_from_fields_never_pass_and_may_fail);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
