/* unit/check_timing.c - dates, spans and priorities of MAIL, to the letter. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/time.h"
#include "smtp/timing.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define UNTOUCHED 77

/* clang-format off */
static const struct {
	const char *in;
	int64_t seconds; /* since 1970; -1: refused */
} dates[] = {
	{ "1970-01-01T00:00:00Z",	0 },
	{ "2026-11-25T15:04:05Z",	1795619045 },
	{ "2026-11-25t15:04:05z",	1795619045 },
	{ "2026-11-25T15:04:05.123456Z", 1795619045 },
	{ "2026-11-25T16:04:05+01:00",	1795619045 },
	{ "2026-11-25T05:34:05-09:30",	1795619045 },
	{ "2028-02-29T00:00:00Z",	1835395200 },
	{ "9999-12-31T23:59:59Z",	253402300799 },
	{ "2027-02-29T00:00:00Z",	-1 },
	{ "2026-13-01T00:00:00Z",	-1 },
	{ "2026-00-01T00:00:00Z",	-1 },
	{ "2026-11-31T00:00:00Z",	-1 },
	{ "2026-11-00T00:00:00Z",	-1 },
	{ "1969-12-31T23:59:59Z",	-1 },
	{ "2026-11-25T24:00:00Z",	-1 },
	{ "2026-11-25T15:60:00Z",	-1 },
	{ "2026-11-25T15:04:61Z",	-1 },
	{ "2026-11-25T15:04:05",	-1 },
	{ "2026-11-25T15:04:05.Z",	-1 },
	{ "2026-11-25T15:04:05+1:00",	-1 },
	{ "2026-11-25T15:04:05+24:00",	-1 },
	{ "2026-11-25T15:04:05Z ",	-1 },
	{ "2026-11-25 15:04:05Z",	-1 },
	{ "2026-11-25",			-1 },
	{ "+026-11-25T15:04:05Z",	-1 },
	{ "",				-1 },
};

static const struct {
	const char *in;
	int32_t seconds;
	enum envelope_by mode; /* BY_NONE: refused */
	bool trace;
} bys[] = {
	{ "120;R",	 120,		BY_RETURN, false },
	{ "120;r",	 120,		BY_RETURN, false },
	{ "+120;RT",	 120,		BY_RETURN, true },
	{ "999999999;N", 999999999,	BY_NOTIFY, false },
	{ "-999999999;N", -999999999,	BY_NOTIFY, false },
	{ "0;NT",	 0,		BY_NOTIFY, true },
	{ "0;R",	 0,		BY_NONE,   false },
	{ "-1;R",	 0,		BY_NONE,   false },
	{ "1234567890;N", 0,		BY_NONE,   false },
	{ "120",	 0,		BY_NONE,   false },
	{ "120;",	 0,		BY_NONE,   false },
	{ "120;T",	 0,		BY_NONE,   false },
	{ "120;NR",	 0,		BY_NONE,   false },
	{ "120;NTx",	 0,		BY_NONE,   false },
	{ ";N",		 0,		BY_NONE,   false },
	{ "-;N",	 0,		BY_NONE,   false },
	{ "+-1;N",	 0,		BY_NONE,   false },
	{ " 1;N",	 0,		BY_NONE,   false },
	{ "1 ;N",	 0,		BY_NONE,   false },
	{ "",		 0,		BY_NONE,   false },
};

static const struct {
	const char *in;
	int want; /* UNTOUCHED: refused */
} priorities[] = {
	{ "0", 0 }, { "9", 9 }, { "-9", -9 }, { "-1", -1 },
	{ "10", UNTOUCHED }, { "-10", UNTOUCHED }, { "+1", UNTOUCHED },
	{ "-0", UNTOUCHED }, { "01", UNTOUCHED }, { "", UNTOUCHED },
	{ "-", UNTOUCHED }, { "1 ", UNTOUCHED }, { "a", UNTOUCHED },
};
/* clang-format on */

START_TEST(dates_are_read_as_rfc_3339_has_them)
{
	int64_t got = UNTOUCHED;
	bool taken = timing_date(slice_of(dates[_i].in), &got);

	ck_assert_int_eq(taken, dates[_i].seconds >= 0);
	ck_assert_int_eq(got, taken ? dates[_i].seconds * SECOND : UNTOUCHED);
}
END_TEST

START_TEST(a_date_is_written_as_it_is_read)
{
	char text[TIMING_DATE_SIZE];
	int64_t got;

	timing_write_date(1795619045 * (int64_t)SECOND + 999, text);
	ck_assert_str_eq(text, "2026-11-25T15:04:05Z");
	ck_assert(timing_date(slice_of(text), &got));
	ck_assert_int_eq(got, 1795619045 * (int64_t)SECOND);
}
END_TEST

START_TEST(by_is_a_span_a_mode_and_a_trace)
{
	struct timing_by got = { .seconds = UNTOUCHED };
	bool taken = timing_by(slice_of(bys[_i].in), &got);

	ck_assert_int_eq(taken, bys[_i].mode != BY_NONE);
	ck_assert_int_eq(got.seconds, taken ? bys[_i].seconds : UNTOUCHED);
	ck_assert_int_eq(got.mode, bys[_i].mode);
	ck_assert_int_eq(got.trace, bys[_i].trace);
}
END_TEST

START_TEST(what_is_left_of_the_time_goes_on)
{
	struct envelope e = { .by = BY_RETURN, .by_ms = 100 * SECOND };
	struct buf out;

	buf_init(&out, 100);
	timing_write_by(&e, 40 * SECOND, &out);
	ck_assert(slice_is(buf_slice(&out), "BY=60;R"));
	buf_reset(&out);
	e.by = BY_NOTIFY;
	e.by_trace = true;
	timing_write_by(&e, 130 * SECOND, &out);
	ck_assert(slice_is(buf_slice(&out), "BY=-30;NT"));
	buf_reset(&out);
	e.by = BY_NONE;
	timing_write_by(&e, 0, &out);
	ck_assert_uint_eq(out.n, 0);
	buf_done(&out);
}
END_TEST

START_TEST(a_priority_has_one_digit)
{
	int8_t got = UNTOUCHED;
	bool taken = timing_priority(slice_of(priorities[_i].in), &got);

	ck_assert_int_eq(taken, priorities[_i].want != UNTOUCHED);
	ck_assert_int_eq(got, priorities[_i].want);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timing");
	TCase *tc = tcase_create("timing");

	tcase_add_loop_test(tc, dates_are_read_as_rfc_3339_has_them, 0,
	    COUNT(dates));
	tcase_add_test(tc, a_date_is_written_as_it_is_read);
	tcase_add_loop_test(tc, by_is_a_span_a_mode_and_a_trace, 0, COUNT(bys));
	tcase_add_test(tc, what_is_left_of_the_time_goes_on);
	tcase_add_loop_test(tc, a_priority_has_one_digit, 0, COUNT(priorities));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
