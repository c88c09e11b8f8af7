/* unit/check_time.c - dates as mail and logs write them. */
#include "tests/unit/run.h"

#include <stdlib.h>

#include "base/time.h"

/* clang-format off */
static const struct {
	const char *zone;
	int64_t ms;
	const char *rfc5322, *rfc3339;
} dates[] = {
	{ "UTC", 0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z" },
	{ "UTC", 1795489200123, "Tue, 24 Nov 2026 03:00:00 +0000", "2026-11-24T03:00:00.123Z" },
	{ "XXX-5:30", 1795489200123, "Tue, 24 Nov 2026 08:30:00 +0530", "2026-11-24T03:00:00.123Z" },
	{ "XXX3:30", 1795489200999, "Mon, 23 Nov 2026 23:30:00 -0330", "2026-11-24T03:00:00.999Z" },
	{ "UTC", 951782400000, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00.000Z" },
	{ "UTC", 4102444799000, "Thu, 31 Dec 2099 23:59:59 +0000", "2099-12-31T23:59:59.000Z" },
};
/* clang-format on */

START_TEST(a_date_is_written_in_its_zone)
{
	char date[TIME_RFC5322_SIZE], stamp[TIME_RFC3339_SIZE];

	(void)setenv("TZ", dates[_i].zone, 1);
	time_warm();
	time_rfc5322(dates[_i].ms, date);
	ck_assert_str_eq(date, dates[_i].rfc5322);
	time_rfc3339(dates[_i].ms, stamp);
	ck_assert_str_eq(stamp, dates[_i].rfc3339);
}
END_TEST

START_TEST(the_clocks_run)
{
	int64_t mono = time_mono_ms();
	int64_t us = time_mono_us();

	ck_assert_int_gt(time_wall_ms(), 1600000000000);
	ck_assert_int_ge(us, mono * 1000);
	ck_assert_int_lt(us - mono * 1000, 60 * 1000000);
	while (time_mono_us() == us)
		continue;
	ck_assert_int_gt(time_mono_us(), us);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("time");
	TCase *tc = tcase_create("time");

	tcase_add_loop_test(tc, a_date_is_written_in_its_zone, 0,
	    sizeof(dates) / sizeof(dates[0]));
	tcase_add_test(tc, the_clocks_run);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
