/* unit/check_warmup.c - the arithmetic of warm-ups, over days. */
#include "tests/unit/run.h"

#include "base/time.h"
#include "schedule/warmup.h"

#define FIRST (20758 * DAY) /* 2026-11-01 */

static uint64_t steps[] = { 50, 100, 200 };
static const struct shaping_conf shaping = { .warmup = steps,
	.warmup_count = 3,
	.since_ms = FIRST };

/* clang-format off */
static const struct {
	int64_t wall_ms;
	uint64_t allowance;
} days[] = {
	{ 0,			50 },
	{ FIRST - 10 * DAY,	50 },
	{ FIRST - 1,		50 },
	{ FIRST,		50 },
	{ FIRST + DAY - 1,	50 },
	{ FIRST + DAY,		100 },
	{ FIRST + 3 * DAY - 1,	200 },
	{ FIRST + 3 * DAY,	UINT64_MAX },
	{ FIRST + 9999 * DAY,	UINT64_MAX },
};
/* clang-format on */

START_TEST(each_day_has_its_number)
{
	ck_assert_uint_eq(warmup_allowance(&shaping, days[_i].wall_ms),
	    days[_i].allowance);
}
END_TEST

START_TEST(without_steps_there_is_no_limit)
{
	const struct shaping_conf none = { 0 };

	ck_assert_uint_eq(warmup_allowance(&none, FIRST), UINT64_MAX);
}
END_TEST

START_TEST(a_day_ends_at_midnight)
{
	ck_assert_int_eq(warmup_day(FIRST), 20758);
	ck_assert_int_eq(warmup_day(FIRST + DAY - 1), 20758);
	ck_assert_int_eq(warmup_next_day_ms(FIRST), FIRST + DAY);
	ck_assert_int_eq(warmup_next_day_ms(FIRST + DAY - 1), FIRST + DAY);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("warmup");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, each_day_has_its_number, 0,
	    sizeof(days) / sizeof(days[0]));
	tcase_add_test(tc, without_steps_there_is_no_limit);
	tcase_add_test(tc, a_day_ends_at_midnight);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
