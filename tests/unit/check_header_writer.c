/* unit/check_header_writer.c - one field is written, whatever the words hold.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "mail/header.h"
#include "mail/header_writer.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

START_TEST(words_are_folded_at_78_columns)
{
	struct header_writer w;
	struct slice rest, line;
	struct buf out;
	unsigned lines = 0;

	buf_init(&out, 10000);
	header_begin(&w, &out, "X-Test", false);
	for (int i = 0; i < 60; i++)
		header_wordf(&w, "word%d", i);
	header_end(&w);
	rest = buf_slice(&out);
	while (slice_take_line(&rest, &line)) {
		ck_assert_uint_le(line.n, HEADER_COLUMNS);
		ck_assert(lines == 0 ? slice_starts(line, "X-Test: word0 ")
				     : slice_starts(line, "\tword"));
		/* The next word would not have fitted. */
		if (rest.n > 0)
			ck_assert_uint_gt(line.n + 1 + strlen("word99"),
			    HEADER_COLUMNS);
		lines++;
	}
	ck_assert_uint_gt(lines, 4);
	buf_done(&out);
}
END_TEST

START_TEST(a_word_that_is_too_long_stands_whole_on_a_line)
{
	struct header_writer w;
	struct buf out;
	char word[200];

	memset(word, 'x', sizeof(word));
	buf_init(&out, 1000);
	header_begin(&w, &out, "A", false);
	header_word(&w, SLICE("b"));
	header_word(&w, slice_from(word, sizeof(word)));
	header_word(&w, SLICE("c"));
	header_end(&w);
	ck_assert(slice_starts(buf_slice(&out), "A: b\r\n\txxx"));
	ck_assert(slice_ends_nocase(buf_slice(&out), "xxx\r\n\tc\r\n"));
	buf_done(&out);
}
END_TEST

START_TEST(a_fold_is_made_once)
{
	struct header_writer w;
	struct buf out;

	buf_init(&out, 1000);
	header_begin(&w, &out, "A", false);
	header_word(&w, SLICE("b"));
	header_fold(&w);
	header_fold(&w);
	header_text(&w, SLICE("  c \t d\r\n e "));
	header_end(&w);
	ck_assert_str_eq(buf_cstr(&out), "A: b\r\n\tc d e\r\n");
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	const char *in;
	bool utf8;
	const char *out;
} texts[] = {
	{ "plain",		 false, "plain" },
	{ "a\r\nBcc: x",	 false, "a??Bcc: x" },
	{ "a\rb\nc\td\x7f\x1b",	 true,	"a?b?c?d??" },
	{ "gr\xc3\xbc\xc3\x9f",	 true,	"gr\xc3\xbc\xc3\x9f" },
	{ "gr\xc3\xbc\xc3\x9f",	 false, "gr??" },
	{ "gr\xfc\xdf",		 true,	"gr??" },
	{ "\xc3",		 true,	"?" },
};
/* clang-format on */

START_TEST(no_stranger_breaks_out_of_a_field)
{
	struct buf out;

	buf_init(&out, 100);
	header_add_safe(&out, slice_of(texts[_i].in), texts[_i].utf8);
	ck_assert_str_eq(buf_cstr(&out), texts[_i].out);
	buf_done(&out);
}
END_TEST

START_TEST(a_nul_becomes_a_question_mark)
{
	struct buf out;

	buf_init(&out, 100);
	header_add_safe(&out, slice_from("a\0b", 3), true);
	ck_assert_str_eq(buf_cstr(&out), "a?b");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("header_writer");
	TCase *tc = tcase_create("header_writer");

	tcase_add_test(tc, words_are_folded_at_78_columns);
	tcase_add_test(tc, a_word_that_is_too_long_stands_whole_on_a_line);
	tcase_add_test(tc, a_fold_is_made_once);
	tcase_add_loop_test(tc, no_stranger_breaks_out_of_a_field, 0,
	    COUNT(texts));
	tcase_add_test(tc, a_nul_becomes_a_question_mark);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
