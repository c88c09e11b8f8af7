/* unit/check_head.c - where the header section ends, cut anywhere. */
#include "tests/unit/run.h"

#include "receive/head.h"

/* clang-format off */
static const struct {
	const char *in;
	const char *held;	/* the section, with what had to be put in */
	const char *rest;	/* not eaten */
	unsigned received;
	bool date;
	const char *message_id;
} cases[] = {
	{ "A: b\r\n\r\nbody\r\n", "A: b\r\n\r\n", "body\r\n", 0, false, "" },
	{ "\r\nbody", "\r\n", "body", 0, false, "" },
	{ "A: b\r\n c\r\n\td\r\n\r\n", "A: b\r\n c\r\n\td\r\n\r\n", "", 0, false, "" },
	{ "Received: x\r\nreceived:y\r\nReceived-SPF: z\r\n\r\n", "Received: x\r\nreceived:y\r\nReceived-SPF: z\r\n\r\n", "", 2, false, "" },
	{ "DATE: x\r\nMessage-Id:  <a@b> \r\nMessage-ID: <c@d>\r\n\r\n", "DATE: x\r\nMessage-Id:  <a@b> \r\nMessage-ID: <c@d>\r\n\r\n", "", 0, true, "<a@b>" },
	{ "hello\r\nworld\r\n", "\r\nhello\r\n", "world\r\n", 0, false, "" },
	{ "A: b\r\nno field\r\nx", "A: b\r\n\r\nno field\r\n", "x", 0, false, "" },
	{ "A: b\r\n: x\r\n", "A: b\r\n\r\n: x\r\n", "", 0, false, "" },
	{ "From a@b Mon\r\nA: b\r\n\r\n", "\r\nFrom a@b Mon\r\n", "A: b\r\n\r\n", 0, false, "" },
	{ " A: b\r\n\r\n", "\r\n A: b\r\n", "\r\n", 0, false, "" },
	{ "A: b\nDate: c\r\n\r\n", "A: b\nDate: c\r\n\r\n", "", 0, false, "" },
};
/* clang-format on */

START_TEST(the_section_ends_where_it_should)
{
	struct slice in = slice_of(cases[_i].in);

	for (size_t cut = 0; cut <= in.n; cut++) {
		struct head h;
		size_t n;

		head_init(&h, 1000);
		n = head_feed(&h, slice_head(in, cut));
		if (!h.whole)
			n += head_feed(&h, slice_skip(in, n));
		ck_assert(h.whole && !h.too_long);
		ck_assert(slice_is(buf_slice(&h.bytes), cases[_i].held));
		ck_assert(slice_is(slice_skip(in, n), cases[_i].rest));
		ck_assert_uint_eq(h.received, cases[_i].received);
		ck_assert(h.has_date == cases[_i].date);
		ck_assert(slice_is(head_message_id(&h), cases[_i].message_id));
		head_done(&h);
	}
}
END_TEST

START_TEST(a_section_over_its_limit_is_not_kept)
{
	struct head h;
	size_t n = 0;

	head_init(&h, 1000);
	for (int i = 0; i < 10000 && !h.too_long; i++)
		n += head_feed(&h, slice_of("A: bbbbbbbbbbbbbbbb\r\n"));
	ck_assert(h.too_long);
	ck_assert_uint_le(n, 1000);
	head_done(&h);
}
END_TEST

START_TEST(the_end_of_the_content_ends_the_section)
{
	struct head h;

	head_init(&h, 1000);
	ck_assert_uint_eq(head_feed(&h, slice_of("A: b\r\nDate: x")), 13);
	head_end(&h);
	ck_assert(h.whole && h.has_date);
	head_reset(&h);
	ck_assert_uint_eq(head_feed(&h, slice_of("A: b\r\nxyz")), 9);
	head_end(&h);
	ck_assert(slice_is(buf_slice(&h.bytes), "A: b\r\n\r\nxyz"));
	head_done(&h);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("head");
	TCase *tc = tcase_create("head");

	tcase_add_loop_test(tc, the_section_ends_where_it_should, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, a_section_over_its_limit_is_not_kept);
	tcase_add_test(tc, the_end_of_the_content_ends_the_section);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
