/*
 * unit/check_spf.c - what the conformance suite does not look at: rounds,
 * reasons, limits on what strangers publish.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "base/buf.h"
#include "tests/unit/dns_table.h"
#include "verify/spf.h"

static const struct dns_row zone[] = {
	{ "pass.test", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 -all", 0 },
	{ "chain.test", DNS_TXT, "v=spf1 include:a.test include:b.test mx -all",
	    0 },
	{ "a.test", DNS_TXT, "v=spf1 ip4:198.51.100.1 -all", 0 },
	{ "b.test", DNS_TXT, "v=spf1 a:host.test -all", 0 },
	{ "host.test", DNS_A, "192.0.2.7", 0 },
	{ "chain.test", DNS_MX, "host.test", 0 },
	{ "loop.test", DNS_TXT, "v=spf1 include:loop.test -all", 0 },
	{ "voids.test", DNS_TXT, "v=spf1 a:n1.test a:n2.test a:n3.test +all",
	    0 },
	{ "down.test", DNS_TXT, NULL, DNS_TEMPORARY },
	{ "forged.test", DNS_TXT, NULL, DNS_BOGUS },
	{ "two.test", DNS_TXT, "v=spf1 -all", 0 },
	{ "two.test", DNS_TXT, "v=spf1 +all", 0 },
	{ "no.test", DNS_TXT, "v=spf1 -all exp=why.test", 0 },
	{ "why.test", DNS_TXT, "%{i} may not send for %{d} (%{s}), says %{r}",
	    0 },
	{ "bell.test", DNS_TXT, "v=spf1 -all exp=ring.test", 0 },
	{ "ring.test", DNS_TXT, "ring\aring", 0 },
	{ "long.test", DNS_TXT,
	    "v=spf1 exists:%{s}%{s}%{s}%{s}%{s}%{s}.host.test -all", 0 },
	{ "typo.test", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 inclde:a.test -all",
	    0 },
	{ NULL, 0, NULL, 0 },
};

/* clang-format off */
static const struct {
	const char *domain;
	const char *client;
	enum spf_result result;
	const char *reason, *explanation;
} cases[] = {
	{ "pass.test",	 "192.0.2.7",	SPF_PASS,      "by term: ip4:192.0.2.0/24", "" },
	{ "pass.test",	 "2001:db8::1",	SPF_FAIL,      "by term: -all", "" },
	{ "chain.test",	 "192.0.2.7",	SPF_PASS,      "by term: include:b.test", "" },
	{ "chain.test",	 "192.0.2.8",	SPF_FAIL,      "by term: -all", "" },
	{ "loop.test",	 "192.0.2.7",	SPF_PERMERROR, "more than ten terms that ask the DNS: include:loop.test", "" },
	{ "voids.test",	 "192.0.2.7",	SPF_PERMERROR, "too many questions without an answer: n3.test", "" },
	{ "down.test",	 "192.0.2.7",	SPF_TEMPERROR, "no answer from the DNS: down.test", "" },
	{ "forged.test", "192.0.2.7",	SPF_TEMPERROR, "no answer from the DNS: forged.test", "" },
	{ "two.test",	 "192.0.2.7",	SPF_PERMERROR, "several SPF records: two.test", "" },
	{ "none.test",	 "192.0.2.7",	SPF_NONE,      "no SPF record: none.test", "" },
	{ "localhost",	 "192.0.2.7",	SPF_NONE,      "not a domain name: localhost", "" },
	{ "[192.0.2.7]", "192.0.2.7",	SPF_NONE,      "not a domain name: [192.0.2.7]", "" },
	{ "",		 "192.0.2.7",	SPF_NONE,      "not a domain name", "" },
	{ "no.test",	 "192.0.2.7",	SPF_FAIL,      "by term: -all", "192.0.2.7 may not send for no.test (me@no.test), says mx.here.test" },
	{ "bell.test",	 "192.0.2.7",	SPF_FAIL,      "by term: -all", "" },
	{ "long.test",	 "192.0.2.7",	SPF_FAIL,      "by term: -all", "" },
	{ "typo.test",	 "192.0.2.7",	SPF_PERMERROR, "malformed or repeated term: inclde:a.test", "" },
};
/* clang-format on */

/* Returns how many rounds it took. */
static int
check(const char *domain, const char *client, struct spf_outcome *out)
{
	struct answers *answers = answers_new(400, 1 << 20);
	struct spf_query q = { .local = SLICE("me"),
		.domain = slice_of(domain),
		.helo = SLICE("client.test"),
		.receiver = SLICE("mx.here.test") };
	int rounds = 0;

	ck_assert(ip_parse(slice_of(client), &q.client));
	do {
		spf_check(&q, answers, out);
		rounds++;
	} while (out->result == SPF_AGAIN && dns_table_fill(zone, answers));
	answers_free(&answers);
	return rounds;
}

START_TEST(a_domain_is_judged_with_its_reason)
{
	struct spf_outcome out;

	(void)check(cases[_i].domain, cases[_i].client, &out);
	ck_assert_str_eq(spf_result_name(out.result),
	    spf_result_name(cases[_i].result));
	ck_assert_str_eq(out.reason, cases[_i].reason);
	ck_assert_str_eq(out.explanation, cases[_i].explanation);
}
END_TEST

START_TEST(what_a_record_leads_to_is_asked_for_together)
{
	struct spf_outcome out;

	/* The record; its includes and MX; the hosts of these: three rounds
	 * of questions, then the verdict. */
	ck_assert_int_eq(check("chain.test", "192.0.2.8", &out), 4);
	ck_assert_int_eq(check("pass.test", "192.0.2.8", &out), 2);
}
END_TEST

static void
on_term(unsigned depth, struct slice domain, struct slice term,
    const char *outcome, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%u %.*s %.*s: %s\n", depth, SLICE_ARGS(domain),
	    SLICE_ARGS(term), outcome);
}

START_TEST(each_term_can_be_followed)
{
	struct answers *answers = answers_new(400, 1 << 20);
	struct buf trace;
	struct spf_query q = { .local = SLICE("me"),
		.domain = SLICE("chain.test"),
		.helo = SLICE("client.test"),
		.trace = on_term,
		.trace_arg = &trace };
	struct spf_outcome out;

	buf_init(&trace, 4096);
	ck_assert(ip_parse(SLICE("192.0.2.7"), &q.client));
	do {
		buf_reset(&trace);
		spf_check(&q, answers, &out);
	} while (out.result == SPF_AGAIN && dns_table_fill(zone, answers));
	ck_assert_str_eq(buf_cstr(&trace),
	    "2 a.test ip4:198.51.100.1: no match\n"
	    "2 a.test -all: match\n"
	    "1 chain.test include:a.test: no match\n"
	    "2 b.test a:host.test: match\n"
	    "1 chain.test include:b.test: match\n");
	buf_done(&trace);
	answers_free(&answers);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spf");
	TCase *tcase = tcase_create("spf");

	tcase_add_loop_test(tcase, a_domain_is_judged_with_its_reason, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tcase, what_a_record_leads_to_is_asked_for_together);
	tcase_add_test(tcase, each_term_can_be_followed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
