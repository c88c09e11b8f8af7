/* unit/check_dane.c - what an answer for TLSA comes to. */
#include "tests/unit/run.h"

#include <string.h>

#include "policy/dane.h"

enum { DIGEST = 32, RDATA = 3 + DIGEST };

static char rdata[8][RDATA];

/* A record of that usage, a digest of the key by SHA-256. */
static struct dns_record
record(size_t i, char usage)
{
	memset(rdata[i], 'x', RDATA);
	rdata[i][0] = usage;
	rdata[i][1] = 1;
	rdata[i][2] = 1;
	return (struct dns_record){ .data = slice_from(rdata[i], RDATA) };
}

static enum dane_outcome
judge(struct dns_answer answer, size_t *count)
{
	struct arena *arena = arena_new(1 << 16);
	enum dane_outcome outcome;
	struct dane dane;

	dane_judge(&answer, arena, &dane);
	outcome = dane.outcome;
	*count = dane.tlsa_count;
	arena_free(&arena);
	return outcome;
}

START_TEST(records_of_usage_2_and_3_bind)
{
	struct dns_record r[] = { record(0, 0), record(1, 1), record(2, 2),
		record(3, 3), record(4, 9) };
	size_t n;

	ck_assert_int_eq(judge((struct dns_answer){ .outcome = DNS_FOUND,
				   .secure = true,
				   .count = 5,
				   .records = r },
			     &n),
	    DANE_USABLE);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(judge((struct dns_answer){ .outcome = DNS_FOUND,
				   .secure = true,
				   .count = 2,
				   .records = r },
			     &n),
	    DANE_UNUSABLE);
	r[0].data.n = 2; /* no whole record */
	ck_assert_int_eq(judge((struct dns_answer){ .outcome = DNS_FOUND,
				   .secure = true,
				   .count = 1,
				   .records = r },
			     &n),
	    DANE_UNUSABLE);
	ck_assert_int_eq(judge((struct dns_answer){ .outcome = DNS_FOUND,
				   .secure = false,
				   .count = 5,
				   .records = r },
			     &n),
	    DANE_ABSENT);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(no_answer_is_not_the_answer_no)
{
	static const enum dane_outcome outcomes[] = {
		[DNS_NO_DATA] = DANE_ABSENT,
		[DNS_NO_NAME] = DANE_ABSENT,
		[DNS_BOGUS] = DANE_UNKNOWN,
		[DNS_TEMPORARY] = DANE_UNKNOWN,
	};
	size_t n;

	for (unsigned i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		struct dns_answer answer = { .outcome = (enum dns_outcome)i };

		if (i == DNS_FOUND)
			continue;
		ck_assert_int_eq(judge(answer, &n), outcomes[i]);
		answer.secure = true;
		ck_assert_int_eq(judge(answer, &n), outcomes[i]);
	}
}
END_TEST

START_TEST(what_does_not_fit_is_unknown)
{
	struct dns_record r = record(0, 3);
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.secure = true,
		.count = 1,
		.records = &r };
	struct arena *arena = arena_new(16);
	struct dane dane;

	dane_judge(&answer, arena, &dane);
	ck_assert_int_eq(dane.outcome, DANE_UNKNOWN);
	arena_free(&arena);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy/dane");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, records_of_usage_2_and_3_bind);
	tcase_add_test(tc, no_answer_is_not_the_answer_no);
	tcase_add_test(tc, what_does_not_fit_is_unknown);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
