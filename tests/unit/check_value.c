/* unit/check_value.c - durations, sizes and rates of main.conf. */
#include "tests/unit/run.h"

#include "base/time.h"
#include "conf/value.h"

/* clang-format off */
static const struct {
	const char *text;
	int64_t ms;		/* -1: refused */
	const char *again;	/* as it is written; NULL: as it was */
} durations[] = {
	{ "0",		0,			"0s" },
	{ "0s",		0,			NULL },
	{ "30s",	30 * SECOND,		NULL },
	{ "90s",	90 * SECOND,		"1m30s" },
	{ "5m",		5 * MINUTE,		NULL },
	{ "1h30m",	90 * MINUTE,		NULL },
	{ "2w",		14 * DAY,		NULL },
	{ "250ms",	250,			NULL },
	{ "1d12h",	36 * (int64_t)HOUR,	NULL },
	{ "",		-1,			NULL },
	{ "5",		-1,			NULL },
	{ "s",		-1,			NULL },
	{ "5 m",	-1,			NULL },
	{ "30m1h",	-1,			NULL },
	{ "1m1m",	-1,			NULL },
	{ "-1s",	-1,			NULL },
	{ "1.5h",	-1,			NULL },
	{ "99999999w",	-1,			NULL },
	{ "9999999999999999999s", -1,		NULL },
};

static const struct {
	const char *text;
	int64_t bytes;
	const char *again;
} sizes[] = {
	{ "0",		0,		NULL },
	{ "4096",	4096,		"4KB" },
	{ "1000",	1000,		NULL },
	{ "256KB",	256 << 10,	NULL },
	{ "50mb",	50 << 20,	"50MB" },
	{ "2GB",	(int64_t)2 << 30, NULL },
	{ "",		-1,		NULL },
	{ "MB",		-1,		NULL },
	{ "5M",		-1,		NULL },
	{ "99999999999GB", -1,		NULL },
	{ "18446744073709551615KB", -1,	NULL },
};

static const struct {
	const char *text;
	double per_second; /* <0: refused */
} rates[] = {
	{ "",		0 },
	{ "10/s",	10 },
	{ "600/m",	10 },
	{ "3600/h",	1 },
	{ "86400/d",	1 },
	{ "10",		-1 },
	{ "0/s",	-1 },
	{ "10/ms",	-1 },
	{ "10/s ",	-1 },
	{ "/s",		-1 },
};
/* clang-format on */

START_TEST(a_duration_is_read_and_written)
{
	struct buf again;
	int64_t ms = -1;

	(void)!value_duration(slice_of(durations[_i].text), &ms);
	ck_assert_int_eq(ms, durations[_i].ms);
	if (ms < 0)
		return;
	buf_init(&again, 100);
	value_write_duration(ms, &again);
	ck_assert_str_eq(buf_cstr(&again),
	    durations[_i].again == NULL ? durations[_i].text
					: durations[_i].again);
	buf_done(&again);
}
END_TEST

START_TEST(a_size_is_read_and_written)
{
	struct buf again;
	uint64_t bytes = UINT64_MAX;

	(void)!value_size(slice_of(sizes[_i].text), &bytes);
	ck_assert_int_eq((int64_t)bytes, sizes[_i].bytes);
	if (sizes[_i].bytes < 0)
		return;
	buf_init(&again, 100);
	value_write_size(bytes, &again);
	ck_assert_str_eq(buf_cstr(&again),
	    sizes[_i].again == NULL ? sizes[_i].text : sizes[_i].again);
	buf_done(&again);
}
END_TEST

START_TEST(a_rate_is_per_second)
{
	double rate = -1;

	(void)!value_rate(slice_of(rates[_i].text), &rate);
	ck_assert(rate > rates[_i].per_second - 1e-9 &&
	    rate < rates[_i].per_second + 1e-9);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	int64_t days; /* since 1970; -1: no date */
} dates[] = {
	{ "1970-01-01", 0 }, { "1970-12-31", 364 }, { "1972-03-01", 790 },
	{ "2000-02-29", 11016 }, { "2000-03-01", 11017 },
	{ "2026-11-01", 20758 }, { "2100-02-28", 47540 },
	{ "2100-03-01", 47541 }, { "9999-12-31", 2932896 },
	{ "2100-02-29", -1 }, { "2026-11-31", -1 }, { "2026-13-01", -1 },
	{ "2026-00-01", -1 }, { "2026-01-00", -1 }, { "1969-12-31", -1 },
	{ "2026-1-01", -1 }, { "2026-11-1", -1 }, { "2026/11/01", -1 },
	{ "2026-11-01 ", -1 }, { "today", -1 }, { "", -1 },
};

static const struct {
	const char *text;
	int64_t count; /* -1: none */
} dailies[] = {
	{ "50/d", 50 }, { "1/d", 1 }, { "1000000/d", 1000000 },
	{ "0/d", -1 }, { "50", -1 }, { "50/h", -1 }, { "50/day", -1 },
	{ "/d", -1 }, { "-5/d", -1 }, { "", -1 },
};
/* clang-format on */

START_TEST(a_date_is_a_day_in_utc)
{
	int64_t wall = -DAY;

	(void)!value_date(slice_of(dates[_i].text), &wall);
	ck_assert_int_eq(wall, dates[_i].days * DAY);
}
END_TEST

START_TEST(a_daily_number_is_a_number)
{
	uint64_t count = UINT64_MAX;

	if (!value_daily(slice_of(dailies[_i].text), &count))
		count = UINT64_MAX;
	ck_assert_int_eq((int64_t)count, dailies[_i].count);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("value");
	TCase *tc = tcase_create("value");

	tcase_add_loop_test(tc, a_duration_is_read_and_written, 0,
	    sizeof(durations) / sizeof(durations[0]));
	tcase_add_loop_test(tc, a_size_is_read_and_written, 0,
	    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(tc, a_rate_is_per_second, 0,
	    sizeof(rates) / sizeof(rates[0]));
	tcase_add_loop_test(tc, a_date_is_a_day_in_utc, 0,
	    sizeof(dates) / sizeof(dates[0]));
	tcase_add_loop_test(tc, a_daily_number_is_a_number, 0,
	    sizeof(dailies) / sizeof(dailies[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
