/* unit/check_when.c - the API's times, for people. */
#include "tests/unit/run.h"

#include "base/time.h"
#include "mtactl/when.h"

/* clang-format off */
static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} times[] = {
	{ "1970-01-01T00:00:00Z",	0 },
	{ "1970-01-02T00:00:00.001Z",	DAY + 1 },
	{ "2000-02-29T12:00:00.000Z",	951825600000 },
	{ "2000-03-01T00:00:00Z",	951868800000 },
	{ "2026-11-24T03:00:00.123Z",	1795489200123 },
	{ "2100-03-01T00:00:00Z",	4107542400000 },
	{ "2026-11-24T03:00:00",	-1 },
	{ "2026-13-24T03:00:00Z",	-1 },
	{ "2026-11-24 03:00:00Z",	-1 },
	{ "2026-11-24T03:00:00.1Z",	-1 },
	{ "",				-1 },
};

static const struct {
	const char *time;
	const char *want; /* a thousand seconds after 1970 */
} spans[] = {
	{ "1970-01-01T00:16:40Z", "0s" },
	{ "1970-01-01T00:16:00Z", "40s" },
	{ "1970-01-01T00:00:00Z", "16m" },
	{ "1970-01-01T02:00:00Z", "in 1h" },
	{ "1970-01-04T02:00:00Z", "in 3d" },
	{ "",			  "-" },
};
/* clang-format on */

START_TEST(a_time_is_read)
{
	int64_t ms = -1;

	(void)!when_parse(slice_of(times[_i].text), &ms);
	ck_assert_int_eq(ms, times[_i].ms);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	char text[TIME_RFC3339_SIZE];
	int64_t ms = -1;

	for (int64_t t = 0; t < 40000 * DAY; t += 23 * DAY + 12345678) {
		time_rfc3339(t, text);
		ck_assert(when_parse(slice_of(text), &ms));
		ck_assert_int_eq(ms, t);
	}
}
END_TEST

START_TEST(a_span_has_one_unit)
{
	char text[WHEN_SIZE];

	when_text(slice_of(spans[_i].time), 1000 * SECOND, text);
	ck_assert_str_eq(text, spans[_i].want);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("when");
	TCase *tc = tcase_create("when");

	tcase_add_loop_test(tc, a_time_is_read, 0,
	    sizeof(times) / sizeof(times[0]));
	tcase_add_test(tc, what_is_written_is_read_again);
	tcase_add_loop_test(tc, a_span_has_one_unit, 0,
	    sizeof(spans) / sizeof(spans[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
