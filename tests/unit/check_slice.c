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

START_TEST(equal_is_by_bytes_and_length)
{
	ck_assert(slice_eq(slice_from("a\0b", 3), slice_from("a\0b", 3)));
	ck_assert(!slice_eq(slice_from("a\0b", 3), slice_from("a\0c", 3)));
	ck_assert(!slice_eq(SLICE("a"), SLICE("ab")));
	ck_assert(slice_eq(slice_of(NULL), SLICE_NONE));
	ck_assert(slice_eq_nocase(SLICE("aBc-1"), SLICE("AbC-1")));
	ck_assert(!slice_eq_nocase(SLICE("\xc3\xa4"), SLICE("\xc3\x84")));
	ck_assert(!slice_eq_nocase(SLICE("@"), SLICE("`")));
	ck_assert(slice_is_nocase(SLICE("EHLO"), "ehlo"));
}
END_TEST

/* clang-format off */
static const struct {
	const char *a, *b;
	int order;
} orders[] = {
	{ "", "", 0 }, { "a", "a", 0 }, { "a", "b", -1 }, { "a", "ab", -1 },
	{ "b", "ab", 1 }, { "", "a", -1 }, { "\xff", "a", 1 },
};
/* clang-format on */

START_TEST(order_is_by_bytes_and_the_shorter_is_first)
{
	int order = slice_cmp(slice_of(orders[_i].a), slice_of(orders[_i].b));
	int other = slice_cmp(slice_of(orders[_i].b), slice_of(orders[_i].a));

	ck_assert_int_eq((order > 0) - (order < 0), orders[_i].order);
	ck_assert_int_eq((other > 0) - (other < 0), -orders[_i].order);
}
END_TEST

START_TEST(beginnings_and_ends_are_told)
{
	ck_assert(slice_starts(SLICE("abc"), "ab"));
	ck_assert(slice_starts(SLICE("abc"), ""));
	ck_assert(!slice_starts(SLICE("abc"), "AB"));
	ck_assert(!slice_starts(SLICE("ab"), "abc"));
	ck_assert(slice_starts_nocase(SLICE("abc"), "AB"));
	ck_assert(slice_ends_nocase(SLICE("a.Example"), ".eXAMPLE"));
	ck_assert(!slice_ends_nocase(SLICE("ample"), "example"));
}
END_TEST

START_TEST(what_is_not_found_is_at_the_end)
{
	struct slice s = SLICE("a.b.c");

	ck_assert_uint_eq(slice_find(s, '.'), 1);
	ck_assert_uint_eq(slice_find_last(s, '.'), 3);
	ck_assert_uint_eq(slice_find(s, 'x'), 5);
	ck_assert_uint_eq(slice_find_last(s, 'x'), 5);
	ck_assert_uint_eq(slice_find(SLICE_NONE, 'x'), 0);
	ck_assert_uint_eq(slice_find_str(s, SLICE("b.")), 2);
	ck_assert_uint_eq(slice_find_str(s, SLICE("b.d")), 5);
	ck_assert_uint_eq(slice_find_str(s, SLICE("a.b.c.")), 5);
	ck_assert_uint_eq(slice_find_str(s, SLICE_NONE), 0);
	ck_assert(slice_has(s, 'c') && !slice_has(s, 'd'));
}
END_TEST

START_TEST(cuts_are_clipped)
{
	ck_assert(slice_is(slice_head(SLICE("abc"), 2), "ab"));
	ck_assert(slice_is(slice_head(SLICE("abc"), 9), "abc"));
	ck_assert(slice_is(slice_skip(SLICE("abc"), 2), "c"));
	ck_assert(slice_is(slice_skip(SLICE("abc"), 9), ""));
	ck_assert(slice_is(slice_trim(SLICE(" \ta b\r\n")), "a b"));
	ck_assert(slice_is(slice_trim(SLICE(" \t ")), ""));
}
END_TEST

START_TEST(words_and_parts_are_taken_one_by_one)
{
	struct slice s = slice_of("  one\ttwo ");

	ck_assert(slice_is(slice_take_word(&s), "one"));
	ck_assert(slice_is(slice_take_word(&s), "two"));
	ck_assert(slice_is(slice_take_word(&s), ""));
	s = slice_of("a::b");
	ck_assert(slice_is(slice_take_until(&s, ':'), "a"));
	ck_assert(slice_is(slice_take_until(&s, ':'), ""));
	ck_assert(slice_is(slice_take_until(&s, ':'), "b"));
	ck_assert_uint_eq(s.n, 0);
	ck_assert(!slice_take_char(&s, 'b'));
	s = slice_of("bc");
	ck_assert(!slice_take_char(&s, 'c') && s.n == 2);
	ck_assert(slice_take_char(&s, 'b') && slice_is(s, "c"));
}
END_TEST

START_TEST(a_cstring_fits_whole_or_is_empty)
{
	char text[4];

	ck_assert(slice_to_cstr(SLICE("abc"), text, sizeof(text)));
	ck_assert_str_eq(text, "abc");
	ck_assert(!slice_to_cstr(SLICE("abcd"), text, sizeof(text)));
	ck_assert_str_eq(text, "");
	ck_assert(!slice_to_cstr(slice_from("a\0", 2), text, sizeof(text)));
	ck_assert_str_eq(text, "");
	ck_assert(slice_to_cstr(SLICE_NONE, text, 1));
	ck_assert(!slice_to_cstr(SLICE_NONE, text, 0));
}
END_TEST

START_TEST(a_number_fits_its_type)
{
	uint32_t value = 7;

	ck_assert(slice_to_u32(SLICE("4294967295"), UINT32_MAX, &value));
	ck_assert_uint_eq(value, UINT32_MAX);
	ck_assert(!slice_to_u32(SLICE("4294967296"), UINT32_MAX, &value));
	ck_assert_uint_eq(value, UINT32_MAX);
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
	tcase_add_test(tc, equal_is_by_bytes_and_length);
	tcase_add_loop_test(tc, order_is_by_bytes_and_the_shorter_is_first, 0,
	    sizeof(orders) / sizeof(orders[0]));
	tcase_add_test(tc, beginnings_and_ends_are_told);
	tcase_add_test(tc, what_is_not_found_is_at_the_end);
	tcase_add_test(tc, cuts_are_clipped);
	tcase_add_test(tc, words_and_parts_are_taken_one_by_one);
	tcase_add_test(tc, a_cstring_fits_whole_or_is_empty);
	tcase_add_test(tc, a_number_fits_its_type);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
