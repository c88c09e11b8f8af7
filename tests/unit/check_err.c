/* unit/check_err.c - machine trouble has words. */
#include "tests/unit/run.h"

#include <errno.h>

#include "base/err.h"

START_TEST(every_number_has_a_text)
{
	ck_assert_str_eq(err_text(0), "success");
	ck_assert_str_eq(err_text(ERR_CORRUPT), "corrupt data");
	ck_assert_str_eq(err_text(-ENOENT), "No such file or directory");
	for (int rc = -1100; rc < 300; rc++)
		ck_assert_ptr_nonnull(err_text(rc));
	for (int rc = ERR_LIMIT; rc <= ERR_CORRUPT; rc++)
		ck_assert_str_ne(err_text(rc), "unknown error");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("err");
	TCase *tc = tcase_create("err");

	tcase_add_test(tc, every_number_has_a_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
