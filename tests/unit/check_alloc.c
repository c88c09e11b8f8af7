/* unit/check_alloc.c - memory of our own size is there, or the process ends. */
#include "tests/unit/run.h"

#include <signal.h>
#include <string.h>

#include "base/alloc.h"

START_TEST(zeroed_memory_is_zero)
{
	char *p = mem_array(10, 10);

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(p[i], 0);
	mem_free(p);
	p = mem_zero(1);
	ck_assert_int_eq(*p, 0);
	mem_free(p);
}
END_TEST

START_TEST(nothing_asked_for_is_still_something_to_free)
{
	void *p = mem_new(0);

	ck_assert_ptr_nonnull(p);
	p = mem_resize(p, 0, 8);
	ck_assert_ptr_nonnull(p);
	mem_free(p);
	mem_free(NULL);
	mem_free_secret(NULL, 5);
}
END_TEST

START_TEST(resizing_keeps_the_contents)
{
	char *p = mem_resize(NULL, 4, 1);

	memcpy(p, "abc", 4);
	p = mem_resize(p, 1000, 100);
	ck_assert_str_eq(p, "abc");
	mem_free_secret(p, 4);
}
END_TEST

START_TEST(a_copy_has_its_nul)
{
	char *p = mem_cstr(slice_from("abcd", 3));

	ck_assert_str_eq(p, "abc");
	mem_free(p);
}
END_TEST

START_TEST(a_product_that_overflows_aborts)
{
	mem_free(mem_resize(NULL, SIZE_MAX / 2, 3));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alloc");
	TCase *tc = tcase_create("alloc");

	tcase_add_test(tc, zeroed_memory_is_zero);
	tcase_add_test(tc, nothing_asked_for_is_still_something_to_free);
	tcase_add_test(tc, resizing_keeps_the_contents);
	tcase_add_test(tc, a_copy_has_its_nul);
	tcase_add_test_raise_signal(tc, a_product_that_overflows_aborts,
	    SIGABRT);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
