/* unit/check_log.c - lines are one line, bounded, and hold what strangers say
 * in quotes. */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static char last[LOG_LINE_MAX + 1];
static enum log_level last_level;
static unsigned lines;

static void
keep(enum log_level level, const char *line, void *arg)
{
	ck_assert_ptr_eq(arg, last);
	ck_assert_uint_lt(strlen(line), sizeof(last));
	(void)snprintf(last, sizeof(last), "%s", line);
	last_level = level;
	lines++;
}

START_TEST(a_line_has_program_and_level)
{
	log_open("test", LEVEL_INFO, LOG_FORM_TEXT, keep, last);
	log_warning("queue full free=%d", 7);
	ck_assert_str_eq(last, "test: warning: queue full free=7");
	ck_assert_int_eq(last_level, LEVEL_WARNING);
}
END_TEST

START_TEST(what_is_below_the_level_is_not_written)
{
	log_open("test", LEVEL_WARNING, LOG_FORM_TEXT, keep, last);
	log_info("a");
	log_debug("a");
	ck_assert_uint_eq(lines, 0);
	log_error("a");
	ck_assert_uint_eq(lines, 1);
	log_set_level(LEVEL_DEBUG);
	ck_assert_int_eq(log_get_level(), LEVEL_DEBUG);
	log_debug("a");
	ck_assert_uint_eq(lines, 2);
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	static char words[2 * LOG_LINE_MAX];

	memset(words, 'x', sizeof(words) - 1);
	log_open("test", LEVEL_INFO, LOG_FORM_TEXT, keep, last);
	log_info("%s", words);
	ck_assert_uint_lt(strlen(last), LOG_LINE_MAX);
	ck_assert_uint_gt(strlen(last), LOG_LINE_MAX - 200);
	log_open("test", LEVEL_INFO, LOG_FORM_JSON, keep, last);
	log_info("a b=%s", words);
	ck_assert_uint_lt(strlen(last), LOG_LINE_MAX);
	ck_assert_int_eq(last[strlen(last) - 1], '}');
	memset(words, '"', sizeof(words) - 1);
	log_info("%s", words);
	ck_assert_uint_lt(strlen(last), LOG_LINE_MAX);
	ck_assert_int_eq(last[strlen(last) - 1], '}');
}
END_TEST

START_TEST(json_has_a_member_a_pair)
{
	struct log_text quoted;
	const char *behind;

	log_open("test", LEVEL_INFO, LOG_FORM_JSON, keep, last);
	log_info("receive accepted queue=8A from=%s size=%d",
	    log_text(SLICE("a \"b\""), &quoted), 5);
	ck_assert(slice_starts(slice_of(last), "{\"time\":\"20"));
	behind = strstr(last, ",\"level\"");
	ck_assert_ptr_nonnull(behind);
	ck_assert_str_eq(behind,
	    ",\"level\":\"info\",\"program\":\"test\","
	    "\"event\":\"receive accepted\",\"queue\":\"8A\","
	    "\"from\":\"a \\\\\\\"b\\\\\\\"\",\"size\":\"5\"}");
}
END_TEST

/* clang-format off */
static const struct {
	const char *in, *out;
} texts[] = {
	{ "",		 "\"\"" },
	{ "plain",	 "\"plain\"" },
	{ "a b=c",	 "\"a b=c\"" },
	{ "a\"b\\c",	 "\"a\\\"b\\\\c\"" },
	{ "a\r\nb\x1b",	 "\"a\\x0d\\x0ab\\x1b\"" },
	{ "\xc3\xbc\x7f", "\"\\xc3\\xbc\\x7f\"" },
};
/* clang-format on */

START_TEST(strangers_words_are_quoted_and_escaped)
{
	struct log_text out;

	ck_assert_str_eq(log_text(slice_of(texts[_i].in), &out), texts[_i].out);
}
END_TEST

START_TEST(strangers_words_are_bounded)
{
	static char bytes[10000];
	struct log_text out;

	memset(bytes, 1, sizeof(bytes));
	(void)log_text(slice_from(bytes, sizeof(bytes)), &out);
	ck_assert_uint_lt(strlen(out.text), LOG_TEXT_SIZE);
	ck_assert(slice_ends_nocase(slice_of(out.text), "...\""));
}
END_TEST

START_TEST(levels_have_names)
{
	for (int i = LEVEL_ERROR; i <= LEVEL_DEBUG; i++) {
		enum log_level level;

		ck_assert(
		    log_level_parse(slice_of(log_level_name((enum log_level)i)),
			&level));
		ck_assert_int_eq(level, i);
	}
	ck_assert(!log_level_parse(SLICE("loud"), &(enum log_level){ 0 }));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_test(tc, a_line_has_program_and_level);
	tcase_add_test(tc, what_is_below_the_level_is_not_written);
	tcase_add_test(tc, a_long_line_is_cut);
	tcase_add_test(tc, json_has_a_member_a_pair);
	tcase_add_loop_test(tc, strangers_words_are_quoted_and_escaped, 0,
	    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tc, strangers_words_are_bounded);
	tcase_add_test(tc, levels_have_names);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
