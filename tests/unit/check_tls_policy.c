/* unit/check_tls_policy.c - each level with each thing that can be known. */
#include "tests/unit/run.h"

#include "policy/tls_policy.h"

enum { REFUSED = 100 }; /* as a need */

/* clang-format off */
static const struct {
	struct tls_question q;
	int need;
	enum tls_verify verify;
	const char *name;
} cases[] = {
	/* what the host says for itself, in order of precedence */
	{ { .dane = DANE_UNSIGNED }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "opportunistic" },
	{ { .dane = DANE_ABSENT }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "opportunistic" },
	{ { .dane = DANE_USABLE }, TLS_NEED_ALWAYS, TLS_VERIFY_DANE, "dane" },
	{ { .dane = DANE_UNUSABLE }, TLS_NEED_ALWAYS, TLS_VERIFY_NOTHING, "encrypt" },
	{ { .dane = DANE_UNKNOWN }, REFUSED, 0, "dane" },
	{ { .dane = DANE_ABSENT, .sts = STS_ENFORCE, .sts_lists_host = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "sts" },
	{ { .dane = DANE_ABSENT, .sts = STS_ENFORCE }, REFUSED, 0, "sts" },
	{ { .dane = DANE_ABSENT, .sts = STS_TESTING }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "sts-testing" },
	{ { .dane = DANE_ABSENT, .sts = STS_UNKNOWN }, REFUSED, 0, "sts" },
	{ { .dane = DANE_USABLE, .sts = STS_ENFORCE }, TLS_NEED_ALWAYS, TLS_VERIFY_DANE, "dane" },
	{ { .dane = DANE_USABLE, .sts = STS_UNKNOWN }, TLS_NEED_ALWAYS, TLS_VERIFY_DANE, "dane" },
	{ { .dane = DANE_UNKNOWN, .sts = STS_ENFORCE, .sts_lists_host = true }, REFUSED, 0, "dane" },
	{ { .dane = DANE_UNUSABLE, .sts = STS_ENFORCE, .sts_lists_host = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "sts" },
	{ { .dane = DANE_UNUSABLE, .sts = STS_ENFORCE }, REFUSED, 0, "sts" },
	{ { .dane = DANE_UNUSABLE, .sts = STS_TESTING, .sts_lists_host = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NOTHING, "encrypt" },
	{ { .lmtp = true }, TLS_NEED_NEVER, TLS_VERIFY_NOTHING, "none" },
	{ { .from_the_start = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NOTHING, "encrypt" },
	/* the operator's word */
	{ { TLS_NONE, .dane = DANE_USABLE }, TLS_NEED_NEVER, TLS_VERIFY_NOTHING, "none" },
	{ { TLS_OPPORTUNISTIC, .dane = DANE_USABLE }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "opportunistic" },
	{ { .level = TLS_ENCRYPT }, TLS_NEED_ALWAYS, TLS_VERIFY_NOTHING, "encrypt" },
	{ { .level = TLS_VERIFY }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "verify" },
	{ { TLS_DANE, .dane = DANE_USABLE }, TLS_NEED_ALWAYS, TLS_VERIFY_DANE, "dane" },
	{ { TLS_DANE, .dane = DANE_ABSENT, .sts = STS_ENFORCE, .sts_lists_host = true }, REFUSED, 0, "dane" },
	{ { TLS_DANE, .dane = DANE_UNSIGNED }, REFUSED, 0, "dane" },
	{ { TLS_DANE, .dane = DANE_UNUSABLE }, REFUSED, 0, "dane" },
	{ { TLS_DANE, .dane = DANE_UNKNOWN }, REFUSED, 0, "dane" },
	/* the sender's */
	{ { .dane = DANE_USABLE, .sender_waives = true }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "opportunistic" },
	{ { .sts = STS_ENFORCE, .sender_waives = true }, TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, "opportunistic" },
	{ { TLS_VERIFY, .sender_waives = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "verify" },
	{ { TLS_DANE, .dane = DANE_UNKNOWN, .sender_waives = true }, REFUSED, 0, "dane" },
	{ { .sender_requires = true }, REFUSED, 0, "requiretls" },
	{ { .sender_requires = true, .host_is_proved = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "requiretls" },
	{ { .sender_requires = true, .sender_waives = true, .host_is_proved = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "requiretls" },
	{ { .sender_requires = true, .host_is_proved = true, .dane = DANE_USABLE }, TLS_NEED_ALWAYS, TLS_VERIFY_DANE, "dane" },
	{ { .sender_requires = true, .host_is_proved = true, .dane = DANE_UNUSABLE }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "requiretls" },
	{ { .sender_requires = true, .sts = STS_TESTING, .sts_lists_host = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "requiretls" },
	{ { .sender_requires = true, .sts = STS_TESTING }, REFUSED, 0, "requiretls" },
	{ { TLS_NONE, .sender_requires = true, .host_is_proved = true }, TLS_NEED_ALWAYS, TLS_VERIFY_NAME, "requiretls" },
	{ { .sender_requires = true, .lmtp = true }, TLS_NEED_NEVER, TLS_VERIFY_NOTHING, "none" },
};
/* clang-format on */

START_TEST(the_strictest_word_counts)
{
	struct tls_policy p = tls_policy_decide(&cases[_i].q);

	ck_assert_str_eq(p.name, cases[_i].name);
	ck_assert((p.refusal != NULL) == (cases[_i].need == REFUSED));
	ck_assert_ptr_nonnull(p.why);
	if (p.refusal != NULL)
		return;
	ck_assert_int_eq((int)p.need, cases[_i].need);
	ck_assert_int_eq((int)p.verify, (int)cases[_i].verify);
}
END_TEST

/* All that can be known at all, in every combination. */
START_TEST(nothing_that_is_unknown_makes_a_policy_laxer)
{
	struct tls_question q = { 0 };

	for (unsigned bits = 0; bits < 4 * 5 * 64; bits++) {
		struct tls_policy p;
		unsigned b = bits;

		q.sts = (enum sts_mode)(b % 4);
		q.dane = (enum dane_outcome)((b /= 4) % 5);
		b /= 5;
		q.sts_lists_host = (b & 1) != 0;
		q.host_is_proved = (b & 2) != 0;
		q.from_the_start = (b & 4) != 0;
		q.sender_requires = (b & 8) != 0;
		for (int level = TLS_AUTO; level <= TLS_DANE; level++) {
			q.level = (enum tls_level)level;
			p = tls_policy_decide(&q);
			/* Proof without TLS there is none. */
			ck_assert(p.verify == TLS_VERIFY_NOTHING ||
			    p.need == TLS_NEED_ALWAYS);
			if (level == TLS_AUTO && q.dane == DANE_UNKNOWN)
				ck_assert_ptr_nonnull(p.refusal);
			if (level == TLS_AUTO && q.dane >= DANE_USABLE)
				ck_assert_int_eq(p.need, TLS_NEED_ALWAYS);
			if (level == TLS_AUTO && q.dane != DANE_USABLE &&
			    q.sts == STS_ENFORCE)
				ck_assert(p.refusal != NULL ||
				    p.verify == TLS_VERIFY_NAME);
			if (level >= TLS_VERIFY || q.sender_requires)
				ck_assert(p.refusal != NULL ||
				    p.verify != TLS_VERIFY_NOTHING);
			if (level == TLS_DANE && p.refusal == NULL)
				ck_assert_int_eq(p.verify, TLS_VERIFY_DANE);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy/tls_policy");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, the_strictest_word_counts, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, nothing_that_is_unknown_makes_a_policy_laxer);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
