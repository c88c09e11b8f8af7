/* unit/check_retry.c - the retry list, its jitter and its end. */
#include "base/time.h"
#include "schedule/retry.h"
#include "tests/unit/run.h"

static int64_t steps[] = { MINUTE, 5 * MINUTE, HOUR };
static const struct delivery_conf conf = {
	.retry_ms = steps,
	.retry_count = 3,
	.expire_ms = 5 * DAY,
	.bounce_expire_ms = DAY,
};

START_TEST(each_attempt_waits_its_step_within_ten_percent)
{
	static const struct {
		uint32_t attempts;
		int64_t step;
	} want[] = { { 1, MINUTE }, { 2, 5 * MINUTE }, { 3, HOUR }, { 4, HOUR },
		{ 99, HOUR } };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		int64_t least = INT64_MAX;
		int64_t most = 0;

		for (uint32_t dice = 0; dice < 4000000; dice += 997) {
			int64_t wait = retry_next(&conf, want[i].attempts, 1000,
					   false, 5000, dice) -
			    5000;

			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
		}
		ck_assert_int_ge(least, want[i].step * 9 / 10);
		ck_assert_int_le(least, want[i].step * 91 / 100);
		ck_assert_int_le(most, want[i].step * 11 / 10);
		ck_assert_int_ge(most, want[i].step * 109 / 100);
	}
}
END_TEST

START_TEST(the_last_attempt_is_made_at_the_expiry)
{
	int64_t now = 5 * DAY - MINUTE;

	ck_assert_int_eq(retry_next(&conf, 3, 0, false, now, 7), 5 * DAY);
	ck_assert_int_eq(retry_expires(&conf, 0, false), 5 * DAY);
	ck_assert_int_eq(retry_expires(&conf, 0, true), DAY);
	ck_assert_int_eq(retry_next(&conf, 3, 0, true, DAY - 1, 7), DAY);
	/* Past it there is a next time still: nothing spins. */
	ck_assert_int_gt(retry_next(&conf, 3, 0, true, DAY, 7), DAY);
}
END_TEST

START_TEST(a_site_rests_less_than_its_mail_waits)
{
	int64_t rests[2];
	int64_t more[8];

	ck_assert_uint_eq(retry_rests(&conf, rests, 2), 2);
	ck_assert_int_eq(rests[0], MINUTE * 8 / 10);
	ck_assert_int_eq(rests[1], 4 * MINUTE);
	ck_assert_uint_eq(retry_rests(&conf, more, 8), 3);
	ck_assert_int_eq(more[2], 15 * MINUTE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retry");
	TCase *tc = tcase_create("retry");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, each_attempt_waits_its_step_within_ten_percent);
	tcase_add_test(tc, the_last_attempt_is_made_at_the_expiry);
	tcase_add_test(tc, a_site_rests_less_than_its_mail_waits);
	return run_suite(suite);
}
