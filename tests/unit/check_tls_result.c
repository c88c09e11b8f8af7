/* unit/check_tls_result.c - what is counted for which attempt. */
#include "tests/unit/run.h"

#include "deliver/tls_result.h"

/* clang-format off */
static const struct {
	enum dane_outcome dane;
	enum tls_need need;
	enum sts_mode sts;
	const char *sts_failure;
	const char *tls, *failure;
	bool broke, refused;
	const char *result; /* NULL: nothing is counted */
} cases[] = {
	{ DANE_USABLE, TLS_NEED_ALWAYS, STS_NONE, NULL, "TLSv1.3 X verified", "", false, false, "" },
	{ DANE_USABLE, TLS_NEED_ALWAYS, STS_NONE, NULL, "", "451 4.7.10 no TLS", false, false, "starttls-not-supported" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, NULL, "", "", false, false, "starttls-not-supported" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, NULL, "", "421 4.3.2 busy", false, false, NULL },
	{ DANE_ABSENT, TLS_NEED_NEVER, STS_NONE, NULL, "", "", false, false, NULL },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_TESTING, NULL, "TLSv1.3 X unverified", "", false, false, "validation-failure" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, NULL, "TLSv1.3 X unverified", "", false, false, "" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, "webpki-invalid", "TLSv1.3 X verified", "", false, false, "sts-webpki-invalid" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, "policy-invalid", "TLSv1.3 X verified", "", false, false, "sts-policy-invalid" },
	{ DANE_ABSENT, TLS_NEED_OFFERED, STS_NONE, "policy-fetch-error", "TLSv1.3 X verified", "", false, false, "sts-policy-fetch-error" },
	{ DANE_UNUSABLE, TLS_NEED_ALWAYS, STS_NONE, NULL, "TLSv1.3 X verified", "", false, false, "tlsa-invalid" },
	{ DANE_UNKNOWN, TLS_NEED_ALWAYS, STS_NONE, NULL, "", "", false, true, "dnssec-invalid" },
	{ DANE_ABSENT, TLS_NEED_ALWAYS, STS_ENFORCE, NULL, "", "", false, true, "validation-failure" },
	{ DANE_ABSENT, TLS_NEED_ALWAYS, STS_NONE, NULL, "", "", false, true, NULL },
	{ DANE_ABSENT, TLS_NEED_ALWAYS, STS_ENFORCE, NULL, "", "hostname mismatch", true, false, "certificate-host-mismatch" },
	{ DANE_ABSENT, TLS_NEED_ALWAYS, STS_ENFORCE, NULL, "", "certificate has expired", true, false, "certificate-expired" },
	{ DANE_ABSENT, TLS_NEED_ALWAYS, STS_ENFORCE, NULL, "", "self-signed certificate", true, false, "certificate-not-trusted" },
	{ DANE_USABLE, TLS_NEED_ALWAYS, STS_NONE, NULL, "", "no matching DANE TLSA records", true, false, "validation-failure" },
};
/* clang-format on */

START_TEST(each_attempt_has_its_result)
{
	const struct host_policy policy = {
		.policy = { .need = cases[_i].need,
		    .testing = cases[_i].sts == STS_TESTING },
		.dane = { .outcome = cases[_i].dane },
	};
	const struct sts_answer sts = { .mode = cases[_i].sts,
		.failure = cases[_i].sts_failure };
	const struct tls_attempt a = { .domain = "o.test",
		.policy = &policy,
		.sts = &sts,
		.tls = slice_of(cases[_i].tls),
		.failure = slice_of(cases[_i].failure),
		.broke_tls = cases[_i].broke,
		.refused = cases[_i].refused };
	const char *result = tls_result_of(&a);

	if (cases[_i].result == NULL)
		ck_assert_ptr_null(result);
	else
		ck_assert_str_eq(result, cases[_i].result);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/tls_result");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, each_attempt_has_its_result, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
