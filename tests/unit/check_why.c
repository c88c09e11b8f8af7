/* unit/check_why.c - reasons are cut, and may be unwanted. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/why.h"

START_TEST(a_reason_is_kept)
{
	struct why why;

	why_set(&why, "no %s at %d", "bracket", 3);
	ck_assert_str_eq(why.text, "no bracket at 3");
	why_set(NULL, "nobody asks");
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
	static char words[2 * WHY_MAX];
	struct why why;

	memset(words, 'x', sizeof(words) - 1);
	why_set(&why, "%s", words);
	ck_assert_uint_eq(strlen(why.text), WHY_MAX - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("why");
	TCase *tc = tcase_create("why");

	tcase_add_test(tc, a_reason_is_kept);
	tcase_add_test(tc, a_long_reason_is_cut);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
