/* unit/check_header.c - fields are found, folded or odd, and none is made up.
 */
#include "tests/unit/run.h"

#include "mail/header.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *in;
	bool good;
	const char *name, *body, *rest;
} fields[] = {
	{ "A: b\r\nC: d\r\n",	true, "A", " b", "C: d\r\n" },
	{ "A:b\r\n",		true, "A", "b", "" },
	{ "A:\r\n",		true, "A", "", "" },
	{ "A : b\r\n",		true, "A", " b", "" },
	{ "A: b\r\n c\r\n\td\r\nE: f\r\n", true, "A", " b\r\n c\r\n\td", "E: f\r\n" },
	{ "A: b\r\n \r\n\r\n",	true, "A", " b\r\n ", "\r\n" },
	{ "A: b",		true, "A", " b", "" },
	{ "A: b\r\n c",		true, "A", " b\r\n c", "" },
	{ "A: b\nC: d\r\n",	true, "A", " b\nC: d", "" },
	{ "X-!#$: :::\r\n",	true, "X-!#$", " :::", "" },
	{ "",			false, NULL, NULL, NULL },
	{ "\r\n",		false, NULL, NULL, NULL },
	{ "\r\nA: b\r\n",	false, NULL, NULL, NULL },
	{ " A: b\r\n",		false, NULL, NULL, NULL },
	{ ": b\r\n",		false, NULL, NULL, NULL },
	{ "A b: c\r\n",		false, NULL, NULL, NULL },
	{ "hello\r\nA: b\r\n",	false, NULL, NULL, NULL },
	{ "From me Mon Jan  1\r\n", false, NULL, NULL, NULL },
	{ "\xc3\xbc: b\r\n",	false, NULL, NULL, NULL },
	{ "A\r\n: b\r\n",	false, NULL, NULL, NULL },
};
/* clang-format on */

START_TEST(a_field_is_taken_with_its_folds_or_nothing_is)
{
	struct slice in = slice_of(fields[_i].in);
	struct slice before = in;
	struct header_field field;

	ck_assert_int_eq(header_take(&in, &field), fields[_i].good);
	if (!fields[_i].good) {
		ck_assert_uint_eq(in.n, before.n);
		return;
	}
	ck_assert(slice_is(field.name, fields[_i].name));
	ck_assert(slice_is(field.body, fields[_i].body));
	ck_assert(slice_is(in, fields[_i].rest));
	ck_assert_ptr_eq(field.raw.p, before.p);
	ck_assert_uint_eq(field.raw.n + in.n, before.n);
}
END_TEST

START_TEST(a_field_is_found_by_name_and_only_in_the_header)
{
	const struct slice message = SLICE("Received: one\r\n"
					   "Subject: \r\n hi\r\n"
					   "RECEIVED: two\r\n"
					   "\r\n"
					   "Received: no field\r\n"
					   "To: nobody\r\n");
	struct header_field field;

	ck_assert(header_find(message, "received", &field));
	ck_assert(slice_is(field.body, " one"));
	ck_assert_uint_eq(header_count(message, "Received"), 2);
	ck_assert_uint_eq(header_count(message, "Receive"), 0);
	ck_assert(!header_find(message, "To", &field));
	ck_assert(header_find(message, "Subject", &field));
	ck_assert(slice_is(field.body, " \r\n hi"));
}
END_TEST

/* clang-format off */
static const struct {
	const char *content;
	size_t length;
} lengths[] = {
	{ "",			  0 },
	{ "\r\n",		  2 },
	{ "\r\nbody",		  2 },
	{ "A: b\r\n",		  0 },
	{ "A: b\r\n\r",		  0 },
	{ "A: b\r\n\r\n",	  8 },
	{ "A: b\r\n\r\nx\r\n\r\n", 8 },
	{ "A: b\n\nx\r\n",	  0 },
};
/* clang-format on */

START_TEST(the_header_ends_with_its_empty_line)
{
	ck_assert_uint_eq(header_length(slice_of(lengths[_i].content)),
	    lengths[_i].length);
}
END_TEST

/* clang-format off */
static const struct {
	const char *in, *out;
} folds[] = {
	{ "",			"" },
	{ " plain",		" plain" },
	{ " a\r\n b\r\n\tc",	" a b\tc" },
	{ "\r\n a",		" a" },
	{ " a\r\nb",		" a\r\nb" },
	{ " a\r\n",		" a\r\n" },
	{ " a\r\r\n b",		" a\r b" },
	{ " a\n b",		" a\n b" },
	{ "\r\n\r\n x",		"\r\n x" },
};
/* clang-format on */

START_TEST(unfolding_takes_line_ends_before_white_space)
{
	struct buf out;

	buf_init(&out, 100);
	header_unfold(slice_of(folds[_i].in), &out);
	ck_assert_str_eq(buf_cstr(&out), folds[_i].out);
	buf_done(&out);
}
END_TEST

START_TEST(one_byte_over_127_needs_utf8)
{
	ck_assert(!header_needs_utf8(SLICE("Subject: abcdefghijk\r\n")));
	ck_assert(header_needs_utf8(SLICE("Subject: abcdefghij\xc3\xbc\r\n")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("header");
	TCase *tc = tcase_create("header");

	tcase_add_loop_test(tc, a_field_is_taken_with_its_folds_or_nothing_is,
	    0, COUNT(fields));
	tcase_add_test(tc, a_field_is_found_by_name_and_only_in_the_header);
	tcase_add_loop_test(tc, the_header_ends_with_its_empty_line, 0,
	    COUNT(lengths));
	tcase_add_loop_test(tc, unfolding_takes_line_ends_before_white_space, 0,
	    COUNT(folds));
	tcase_add_test(tc, one_byte_over_127_needs_utf8);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
