/* unit/check_backoff.c - how long a process that died waits. */
#include "tests/unit/run.h"

#include "base/time.h"
#include "mtad/backoff.h"

START_TEST(delays_double_up_to_half_a_minute)
{
	static const int64_t want[] = { 100, 200, 400, 800, 1600, 3200, 6400,
		12800, 25600, 30000, 30000, 30000 };
	struct backoff b = { 0 };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert_int_eq(backoff_next(&b, 10), want[i]);
}
END_TEST

START_TEST(five_healthy_seconds_forgive)
{
	struct backoff b = { 0 };

	for (int i = 0; i < 8; i++)
		(void)backoff_next(&b, 0);
	ck_assert_int_eq(backoff_next(&b, 5 * SECOND - 1), 25600);
	ck_assert_int_eq(backoff_next(&b, 5 * SECOND), 100);
	ck_assert_int_eq(backoff_next(&b, 5 * SECOND - 1), 200);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tc = tcase_create("backoff");

	tcase_add_test(tc, delays_double_up_to_half_a_minute);
	tcase_add_test(tc, five_healthy_seconds_forgive);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
