/* unit/check_must.c - a check that fails ends the process, one that holds costs
 * nothing. */
#include "tests/unit/run.h"

#include <signal.h>

#include "base/must.h"

START_TEST(what_holds_goes_on)
{
	int evaluated = 0;

	must(++evaluated == 1);
	ck_assert_int_eq(evaluated, 1);
}
END_TEST

START_TEST(what_does_not_hold_aborts)
{
	must(1 + 1 == 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("must");
	TCase *tc = tcase_create("must");

	tcase_add_test(tc, what_holds_goes_on);
	tcase_add_test_raise_signal(tc, what_does_not_hold_aborts, SIGABRT);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
