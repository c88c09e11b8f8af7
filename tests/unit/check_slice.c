/* unit/check_slice.c - slices take from their front or stay as they are. */
#include "tests/unit/run.h"

#include "base/slice.h"

START_TEST(a_taken_prefix_is_gone_and_a_missing_one_changes_nothing)
{
	struct slice s = slice_of("MAIL FROM:<a@b>");

	ck_assert(!slice_take_prefix(&s, "mail "));
	ck_assert_uint_eq(s.n, 15);
	ck_assert(slice_take_prefix_nocase(&s, "mail "));
	ck_assert(slice_take_prefix_nocase(&s, "from:"));
	ck_assert(slice_is(s, "<a@b>"));
}
END_TEST

/* clang-format off */
static const struct {
	const char *in;
	uint64_t max;
	bool good;
	uint64_t value;
} numbers[] = {
	{ "0",			    10,		true,	0 },
	{ "10",			    10,		true,	10 },
	{ "11",			    10,		false,	0 },
	{ "",			    10,		false,	0 },
	{ "-1",			    10,		false,	0 },
	{ "1 ",			    10,		false,	0 },
	{ "18446744073709551615",   UINT64_MAX,	true,	UINT64_MAX },
	{ "18446744073709551616",   UINT64_MAX,	false,	0 },
	{ "99999999999999999999999", UINT64_MAX, false,	0 },
};
/* clang-format on */

START_TEST(a_number_is_digits_alone_within_its_bound)
{
	uint64_t value = 0;

	ck_assert_int_eq(slice_to_u64(slice_of(numbers[_i].in), numbers[_i].max,
			     &value),
	    numbers[_i].good);
	ck_assert_uint_eq(value, numbers[_i].value);
}
END_TEST

START_TEST(lines_end_with_lf_or_crlf)
{
	struct slice s = slice_of("one\r\ntwo\n\nlast");
	struct slice line;

	ck_assert(slice_take_line(&s, &line) && slice_is(line, "one"));
	ck_assert(slice_take_line(&s, &line) && slice_is(line, "two"));
	ck_assert(slice_take_line(&s, &line) && slice_is(line, ""));
	ck_assert(slice_take_line(&s, &line) && slice_is(line, "last"));
	ck_assert(!slice_take_line(&s, &line));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("slice");
	TCase *tc = tcase_create("slice");

	tcase_add_test(tc,
	    a_taken_prefix_is_gone_and_a_missing_one_changes_nothing);
	tcase_add_loop_test(tc, a_number_is_digits_alone_within_its_bound, 0,
	    sizeof(numbers) / sizeof(numbers[0]));
	tcase_add_test(tc, lines_end_with_lf_or_crlf);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
