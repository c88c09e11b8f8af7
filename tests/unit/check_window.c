/* unit/check_window.c - how a window grows, is cut, and finds its place. */
#include "schedule/window.h"
#include "tests/unit/run.h"

enum { MOST = 20 };

static struct window w;

static void
set_up(void)
{
	w = (struct window){ 0 };
	window_start(&w, MOST);
}

START_TEST(it_grows_by_one_a_success_while_it_is_full)
{
	ck_assert_uint_eq(window_jobs(&w), 2);
	window_grow(&w, 1, MOST);
	ck_assert_uint_eq(window_jobs(&w), 2);
	window_grow(&w, 2, MOST);
	ck_assert_uint_eq(window_jobs(&w), 3);
	for (unsigned i = 0; i < 100; i++)
		window_grow(&w, MOST, MOST);
	ck_assert_uint_eq(window_jobs(&w), MOST);
	window_limit(&w, 4);
	ck_assert_uint_eq(window_jobs(&w), 4);
}
END_TEST

START_TEST(a_refusal_halves_it_and_one_met_again_does_not)
{
	w.size = 12;
	window_cut(&w, 12, true);
	ck_assert_uint_eq(window_jobs(&w), 6);
	ck_assert_uint_eq(w.ceiling, 11);
	w.size = 12;
	window_cut(&w, 12, true);
	ck_assert_uint_eq(window_jobs(&w), 11);
	w.size = 12;
	window_cut(&w, 12, false);
	ck_assert_uint_eq(window_jobs(&w), 6);
}
END_TEST

START_TEST(at_its_ceiling_it_probes_slowly_and_then_forgets_it)
{
	unsigned steps = 0;

	w.size = 5;
	w.ceiling = 5;
	while (window_jobs(&w) == 5) {
		window_grow(&w, 5, MOST);
		steps++;
	}
	ck_assert_uint_gt(steps, 64);
	while (w.ceiling != 0)
		window_grow(&w, 6, MOST);
	ck_assert_uint_eq(window_jobs(&w), 7);
}
END_TEST

START_TEST(it_never_closes)
{
	for (unsigned i = 0; i < 10; i++)
		window_cut(&w, i, i % 2 == 0);
	ck_assert_uint_ge(window_jobs(&w), 1);
	window_start(&w, 1);
	ck_assert_uint_eq(window_jobs(&w), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = tcase_create("window");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, it_grows_by_one_a_success_while_it_is_full);
	tcase_add_test(tc, a_refusal_halves_it_and_one_met_again_does_not);
	tcase_add_test(tc, at_its_ceiling_it_probes_slowly_and_then_forgets_it);
	tcase_add_test(tc, it_never_closes);
	return run_suite(suite);
}
