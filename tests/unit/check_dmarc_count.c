/*
 * unit/check_dmarc_count.c - what verdicts come to in a DMARC report, and which
 * messages are in one.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "receive/dmarc_count.h"
#include "tests/unit/dns_table.h"

#define N DMARC_POLICY_NONE
#define Q DMARC_POLICY_QUARANTINE
#define R DMARC_POLICY_REJECT

/* clang-format off */
static const struct {
	enum dmarc_result result;
	enum dmarc_policy policy, applied;
	bool is_enforced, is_vouched;
	enum dmarc_disposition want;
	enum dmarc_override why;
} cases[] = {
	{ DMARC_PASS, N, N, true, false,  DMARC_DID_NONE, DMARC_OVERRIDE_NONE },
	{ DMARC_PASS, R, N, true, false,  DMARC_DID_PASS, DMARC_OVERRIDE_NONE },
	{ DMARC_PASS, R, N, false, false, DMARC_DID_PASS, DMARC_OVERRIDE_NONE },
	{ DMARC_FAIL, N, N, true, false,  DMARC_DID_NONE, DMARC_OVERRIDE_NONE },
	{ DMARC_FAIL, N, N, false, true,  DMARC_DID_NONE, DMARC_OVERRIDE_NONE },
	{ DMARC_FAIL, Q, Q, true, false,  DMARC_DID_QUARANTINE, DMARC_OVERRIDE_NONE },
	{ DMARC_FAIL, R, R, true, false,  DMARC_DID_REJECT, DMARC_OVERRIDE_NONE },
	{ DMARC_FAIL, R, R, false, false, DMARC_DID_NONE, DMARC_OVERRIDE_OBSERVED },
	{ DMARC_FAIL, R, R, true, true,   DMARC_DID_NONE, DMARC_OVERRIDE_ARC },
	{ DMARC_FAIL, R, N, true, false,  DMARC_DID_NONE, DMARC_OVERRIDE_TEST },
};
/* clang-format on */

START_TEST(what_was_done_and_why_not_more)
{
	struct ip ip;
	struct dmarc_verdict d = { .result = cases[_i].result,
		.policy = cases[_i].policy,
		.applied = cases[_i].applied };
	struct verdicts v = { .dkim_count = 0 };
	struct dmarc_seen seen = { .client = &ip,
		.dmarc = &d,
		.verdicts = &v,
		.is_enforced = cases[_i].is_enforced,
		.is_vouched = cases[_i].is_vouched };
	struct dmarc_row row;

	ck_assert(ip_parse(SLICE("192.0.2.1"), &ip));
	dmarc_count_row(&seen, &row);
	ck_assert_int_eq(row.disposition, cases[_i].want);
	ck_assert_int_eq(row.override, cases[_i].why);
}
END_TEST

static void
on_counted(const struct msg_dmarc_result *m, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%.*s|%.*s|%.*s|%u", SLICE_ARGS(m->domain),
	    SLICE_ARGS(m->policy), SLICE_ARGS(m->row), m->is_report);
}

START_TEST(the_best_signatures_come_first)
{
	struct ip ip;
	struct dmarc_verdict d = { .result = DMARC_PASS,
		.policy = R,
		.dkim_aligned = true,
		.dkim_index = 2,
		.author = "a.test",
		.policy_at = "test",
		.published = { .p = R } };
	struct verdicts v = { .spf = { .result = VERDICT_SOFTFAIL },
		.dkim_count = 4,
		.dkim = { { .result = VERDICT_FAIL,
			      .domain = SLICE("f.test"),
			      .selector = SLICE("s") },
		    { .result = VERDICT_PASS,
			.domain = SLICE("p.test"),
			.selector = SLICE("s") },
		    { .result = VERDICT_PASS,
			.domain = SLICE("a.test"),
			.selector = SLICE("s") },
		    { .result = VERDICT_NONE } } };
	struct dmarc_seen seen = { .client = &ip,
		.dmarc = &d,
		.verdicts = &v,
		.spf_domain = SLICE("helo.test"),
		.is_null_sender = true };
	struct buf out;

	ck_assert(ip_parse(SLICE("192.0.2.1"), &ip));
	buf_init(&out, 4096);
	dmarc_count_tell(&seen, true, on_counted, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "test|r--rrn|192.0.2.1 p-+-hs a.test helo.test p a.test s "
	    "p p.test s f f.test s|1");
	buf_done(&out);
}
END_TEST

static const struct dns_row tree[] = {
	{ "_dmarc.wants.test", DNS_TXT,
	    "v=DMARC1; p=none; rua=mailto:a@wants.test", 0 },
	{ "_dmarc.silent.test", DNS_TXT, "v=DMARC1; p=none", 0 },
	{ NULL, 0, NULL, 0 },
};

static bool
is_wanted(enum dmarc_result result, const char *policy_at)
{
	struct answers *answers = answers_new(10, 10000);
	struct dmarc_verdict d = { .result = result };
	bool wanted;

	(void)slice_to_cstr(slice_of(policy_at), d.policy_at,
	    sizeof(d.policy_at));
	wanted = dmarc_count_is_wanted(&d, answers);
	ck_assert(!wanted);
	(void)dns_table_fill(tree, answers);
	wanted = dmarc_count_is_wanted(&d, answers);
	answers_free(&answers);
	return wanted;
}

START_TEST(who_wants_no_reports_is_not_counted)
{
	ck_assert(is_wanted(DMARC_PASS, "wants.test"));
	ck_assert(is_wanted(DMARC_FAIL, "wants.test"));
	ck_assert(!is_wanted(DMARC_TEMPERROR, "wants.test"));
	ck_assert(!is_wanted(DMARC_NONE, ""));
	ck_assert(!is_wanted(DMARC_FAIL, "silent.test"));
	ck_assert(!is_wanted(DMARC_FAIL, "nothing.test"));
}
END_TEST

START_TEST(reports_are_known_by_their_subject)
{
	ck_assert(dmarc_count_is_report(SLICE(
	    "From: <a@b>\r\nSubject: Report Domain: a.test\r\n\tSubmitter: "
	    "b.test\r\n\tReport-ID: <1@b.test>\r\n\r\n")));
	ck_assert(dmarc_count_is_report(SLICE("subject:Report\r\n  Domain: "
					      "a Submitter: b\r\n\r\n")));
	ck_assert(!dmarc_count_is_report(
	    SLICE("Subject: Re: Report Domain: a Submitter: b\r\n\r\n")));
	ck_assert(
	    !dmarc_count_is_report(SLICE("Subject: Report Domain: a\r\n\r\n")));
	ck_assert(!dmarc_count_is_report(SLICE("From: <a@b>\r\n\r\n")));
	ck_assert(!dmarc_count_is_report(SLICE("")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("receive/dmarc_count");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, what_was_done_and_why_not_more, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, the_best_signatures_come_first);
	tcase_add_test(tc, who_wants_no_reports_is_not_counted);
	tcase_add_test(tc, reports_are_known_by_their_subject);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
