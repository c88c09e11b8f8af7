/* unit/check_bearer.c - a token in an AUTH exchange, octet for octet. */
#include "tests/unit/run.h"

#include "deliver/bearer.h"

static const struct bearer bearer = { .user = "a=b,c@there.test",
	.token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
	.host = "smtp.there.test",
	.port = 587 };

static void
check(void (*write)(const struct bearer *, struct buf *), const char *want)
{
	struct buf out;

	buf_init(&out, 4096);
	write(&bearer, &out);
	ck_assert_str_eq(buf_cstr(&out), want);
	buf_done(&out);
}

START_TEST(both_mechanisms_are_as_their_documents_have_them)
{
	check(bearer_oauthbearer,
	    "n,a=a=3Db=2Cc@there.test,\1host=smtp.there.test\1port=587\1"
	    "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1");
	check(bearer_xoauth2,
	    "user=a=b,c@there.test\1"
	    "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1");
}
END_TEST

START_TEST(a_refusal_is_answered_with_nothing_of_meaning)
{
	ck_assert_uint_eq(bearer_farewell(false).n, 0);
	ck_assert(slice_is(bearer_farewell(true), "\1"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/bearer");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, both_mechanisms_are_as_their_documents_have_them);
	tcase_add_test(tc, a_refusal_is_answered_with_nothing_of_meaning);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
