/*
 * unit/check_spf2.c - libspf2 in its child: verdicts, questions, crashes; and
 * whether it agrees with our engine over invented worlds.
 */
#include "tests/unit/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mtactl/spf2.h"
#include "tests/unit/dns_table.h"
#include "tests/unit/spf_duel.h"

enum { DUELS = 400, INPUT_SIZE = 64 };

static char crash[1200], silent[] = "v=spf1 -all exp=boom.test";

static struct dns_row zone[] = {
	{ "pass.test", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 -all", 0 },
	{ "six.test", DNS_TXT, "v=spf1 a -all", 0 },
	{ "six.test", DNS_AAAA, "2001:db8::7", 0 },
	{ "mx.test", DNS_TXT, "v=spf1 mx ~all", 0 },
	{ "mx.test", DNS_MX, "host.test", 0 },
	{ "host.test", DNS_A, "192.0.2.7", 0 },
	{ "ptr.test", DNS_TXT, "v=spf1 ptr ?all", 0 },
	{ "7.2.0.192.in-addr.arpa", DNS_PTR, "in.ptr.test", 0 },
	{ "in.ptr.test", DNS_A, "192.0.2.7", 0 },
	{ "no.test", DNS_TXT, "v=spf1 -all exp=why.test", 0 },
	{ "why.test", DNS_TXT, "not.%{d}", 0 },
	{ "down.test", DNS_TXT, "v=spf1 a:down2.test -all", 0 },
	{ "down2.test", DNS_A, NULL, DNS_TEMPORARY },
	{ "crash.test", DNS_TXT, silent, 0 },
	{ "boom.test", DNS_TXT, crash, 0 },
	{ NULL, 0, NULL, 0 },
};

/* clang-format off */
static const struct {
	const char *domain, *client;
	enum spf_result result;
	const char *explanation;
} cases[] = {
	{ "pass.test", "192.0.2.7",   SPF_PASS,	     "" },
	{ "pass.test", "198.51.100.7", SPF_FAIL,     NULL },
	{ "six.test",  "2001:db8::7", SPF_PASS,	     "" },
	{ "six.test",  "2001:db8::8", SPF_FAIL,	     NULL },
	{ "mx.test",   "192.0.2.7",   SPF_PASS,	     "" },
	{ "mx.test",   "192.0.2.8",   SPF_SOFTFAIL,  "" },
	{ "ptr.test",  "192.0.2.7",   SPF_PASS,	     "" },
	{ "ptr.test",  "192.0.2.8",   SPF_NEUTRAL,   "" },
	{ "none.test", "192.0.2.7",   SPF_NONE,	     "" },
	{ "down.test", "192.0.2.7",   SPF_TEMPERROR, "" },
	{ "no.test",   "192.0.2.7",   SPF_FAIL,	     "not.no.test" },
};
/* clang-format on */

static bool
check(const char *domain, const char *client, struct spf_outcome *out)
{
	struct answers *answers = answers_new(400, 1 << 20);
	struct spf_query q = { .local = SLICE("me"),
		.domain = slice_of(domain),
		.helo = SLICE("client.test"),
		.receiver = SLICE("mx.here.test") };
	bool done;

	ck_assert(ip_parse(slice_of(client), &q.client));
	while (
	    (done = spf2_check(&q, answers, out)) && out->result == SPF_AGAIN)
		ck_assert(dns_table_fill(zone, answers));
	answers_free(&answers);
	return done;
}

START_TEST(it_judges_by_our_answers)
{
	struct spf_outcome out;

	ck_assert(check(cases[_i].domain, cases[_i].client, &out));
	ck_assert_str_eq(spf_result_name(out.result),
	    spf_result_name(cases[_i].result));
	if (cases[_i].explanation != NULL)
		ck_assert_str_eq(out.explanation, cases[_i].explanation);
}
END_TEST

/* CVE-2023-42118: Debian's libspf2 dies of it, a cured one judges. */
START_TEST(its_crash_is_its_own)
{
	struct spf_outcome out;

	for (int i = 0; i < 127; i++)
		memcpy(crash + 4 * i, "%{d}", 4);
	memset(crash + 508, 'x', 600);
	if (check("crash.test", "192.0.2.7", &out))
		ck_assert_int_eq(out.result, SPF_FAIL);
	else
		ck_assert_str_eq(out.reason, "it crashed (signal 6)");
	ck_assert(check("pass.test", "192.0.2.7", &out));
}
END_TEST

START_TEST(both_agree_or_it_is_known_why_not)
{
	uint64_t random = 88172645463325252u;
	int agreed = 0, known = 0;

	for (int i = 0; i < DUELS; i++) {
		char input[INPUT_SIZE];
		struct spf_duel d;
		struct buf world;

		for (size_t n = 0; n < sizeof(input); n++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			input[n] = (char)(random >> 32);
		}
		buf_init(&world, 8192);
		spf_duel_fight(slice_from(input, sizeof(input)), &world, &d);
		agreed += d.agree;
		known += d.known != NULL;
		ck_assert_msg(d.agree || d.known != NULL,
		    "duel %d: we say %s (%s), they %s (%s)\n%s", i,
		    spf_result_name(d.ours.result), d.ours.reason,
		    spf_result_name(d.theirs.result), d.theirs.reason,
		    buf_cstr(&world));
		buf_done(&world);
	}
	/* Worlds in which nothing is decided would prove nothing. */
	ck_assert_int_gt(agreed, DUELS / 2);
	ck_assert_int_gt(known, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spf2");
	TCase *tcase = tcase_create("spf2");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, it_judges_by_our_answers, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tcase, its_crash_is_its_own);
	tcase_add_test(tcase, both_agree_or_it_is_known_why_not);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
