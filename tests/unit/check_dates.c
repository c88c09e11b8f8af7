/* unit/check_dates.c - releases and deadlines against the retry list. */
#include "tests/unit/run.h"

#include "base/time.h"
#include "schedule/dates.h"

#define NOW ((int64_t)1000 * DAY)

static int64_t retries[] = { MINUTE, HOUR };
static const struct delivery_conf conf = {
	.retry_ms = retries,
	.retry_count = 2,
	.expire_ms = 5 * DAY,
	.bounce_expire_ms = DAY,
	.warn_after_ms = 4 * HOUR,
};

static struct envelope
arrived(int64_t ago)
{
	return (
	    struct envelope){ .arrived_ms = NOW - ago, .sender = SLICE("a@b") };
}

START_TEST(mail_waits_for_its_release_unless_it_was_let_go)
{
	struct queue_entry entry = { 0 };
	struct envelope e = arrived(0);

	ck_assert(!dates_waits(&entry, &e, NOW));
	e.release_ms = NOW + 1;
	ck_assert(dates_waits(&entry, &e, NOW));
	ck_assert(!dates_waits(&entry, &e, NOW + 1));
	entry.flags |= ENTRY_RELEASED;
	ck_assert(!dates_waits(&entry, &e, NOW));
}
END_TEST

START_TEST(age_counts_from_the_release)
{
	struct envelope e = arrived(30 * DAY);

	ck_assert_int_eq(dates_end(&conf, &e), NOW - 25 * DAY);
	ck_assert(dates_is_late(&conf, &e, NOW));
	e.release_ms = NOW;
	ck_assert_int_eq(dates_end(&conf, &e), NOW + 5 * DAY);
	ck_assert(!dates_is_late(&conf, &e, NOW));
	ck_assert(dates_is_late(&conf, &e, NOW + 4 * HOUR));
	e.sender = SLICE_NONE;
	ck_assert_int_eq(dates_end(&conf, &e), NOW + DAY);
}
END_TEST

START_TEST(returned_mail_comes_back_when_its_time_is_over)
{
	struct envelope e = arrived(0);

	e.by = BY_RETURN;
	e.by_ms = NOW + 10 * SECOND;
	ck_assert_int_eq(dates_end(&conf, &e), e.by_ms);
	ck_assert(!dates_is_over(&e, e.by_ms - 1));
	ck_assert(dates_is_over(&e, e.by_ms));
	ck_assert_int_eq(dates_next(&conf, &e, 1, NOW, 0), e.by_ms);
	ck_assert_int_eq(dates_no_later(&conf, &e, NOW + DAY, NOW), e.by_ms);
	ck_assert_int_eq(dates_no_later(&conf, &e, NOW + 1, NOW), NOW + 1);
	e.by_ms = NOW + 100 * DAY; /* no longer than others */
	ck_assert_int_eq(dates_end(&conf, &e), NOW + 5 * DAY);
	ck_assert_int_lt(dates_next(&conf, &e, 1, NOW, 0), NOW + 2 * MINUTE);
}
END_TEST

START_TEST(notified_mail_is_told_of_once_and_goes_on)
{
	struct envelope e = arrived(0);

	e.by = BY_NOTIFY;
	e.by_ms = NOW + 10 * SECOND;
	ck_assert(!dates_is_late(&conf, &e, e.by_ms - 1));
	ck_assert(dates_is_late(&conf, &e, e.by_ms));
	ck_assert(!dates_is_over(&e, e.by_ms + DAY));
	ck_assert_int_eq(dates_end(&conf, &e), NOW + 5 * DAY);
	ck_assert_int_eq(dates_next(&conf, &e, 1, NOW, 0), e.by_ms);
	ck_assert_int_gt(dates_next(&conf, &e, 1, e.by_ms, 0),
	    e.by_ms + 50 * SECOND);
	/* By its own time, not by that of warn_after. */
	e.by_ms = NOW + 10 * HOUR;
	ck_assert(!dates_is_late(&conf, &e, NOW + 5 * HOUR));
	e.by_ms = NOW - SECOND;
	e.by_told = true;
	ck_assert(!dates_is_late(&conf, &e, NOW + 5 * HOUR));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dates");
	TCase *tc = tcase_create("dates");

	tcase_add_test(tc, mail_waits_for_its_release_unless_it_was_let_go);
	tcase_add_test(tc, age_counts_from_the_release);
	tcase_add_test(tc, returned_mail_comes_back_when_its_time_is_over);
	tcase_add_test(tc, notified_mail_is_told_of_once_and_goes_on);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
