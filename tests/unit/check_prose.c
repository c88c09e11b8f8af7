/* unit/check_prose.c - paragraphs keep to their columns. */
#include "tests/unit/run.h"

#include <string.h>

#include "bounce/prose.h"
#include "bounce/show.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *in;
	size_t indent;
	bool utf8;
	const char *out;
} texts[] = {
	{ "",			0, false, "" },
	{ "  \r\n ",		0, false, "" },
	{ "one two",		0, false, "one two\r\n" },
	{ " one\r\n\t two ",	4, false, "    one two\r\n" },
	{ "a\x1b[2J b\xff",	0, false, "a?[2J b?\r\n" },
	{ "gr\xc3\xbc\xc3\x9f",	0, true,  "gr\xc3\xbc\xc3\x9f\r\n" },
	{ "gr\xc3\xbc\xc3\x9f",	0, false, "gr??\r\n" },
	{ "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 123456 8",
	    0, false,
	  "1234567890 1234567890 1234567890 1234567890 1234567890 1234567890 123456\r\n8\r\n" },
};
/* clang-format on */

START_TEST(words_are_wrapped)
{
	struct buf out;

	buf_init(&out, 1000);
	prose_add(&out, texts[_i].indent, slice_of(texts[_i].in),
	    texts[_i].utf8);
	ck_assert_str_eq(buf_cstr(&out), texts[_i].out);
	buf_done(&out);
}
END_TEST

START_TEST(a_word_without_end_is_cut)
{
	static char word[10000];
	struct slice rest, line;
	struct buf out;
	size_t sum = 0;

	memset(word, 'x', sizeof(word));
	buf_init(&out, 20000);
	prose_add(&out, 6, slice_from(word, sizeof(word)), false);
	rest = buf_slice(&out);
	while (slice_take_line(&rest, &line)) {
		ck_assert_uint_lt(line.n, 990);
		sum += line.n - 6;
	}
	ck_assert_uint_eq(sum, sizeof(word));
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	int64_t ms;
	const char *text;
} durations[] = {
	{ 0,				"1 minute" },
	{ 61 * 1000,			"1 minute" },
	{ 119 * 60 * 1000,		"119 minutes" },
	{ 2 * 3600 * 1000,		"2 hours" },
	{ (int64_t)47 * 3600 * 1000,	"47 hours" },
	{ (int64_t)5 * 86400 * 1000,	"5 days" },
};
/* clang-format on */

START_TEST(durations_are_in_the_unit_people_would_use)
{
	struct buf out;

	buf_init(&out, 100);
	show_duration(&out, durations[_i].ms);
	ck_assert_str_eq(buf_cstr(&out), durations[_i].text);
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	const char *in;
	bool utf8;
	const char *out;
} addresses[] = {
	{ "a@b",		false, "a@b" },
	{ "b\xc3\xb6@c",	true,  "b\xc3\xb6@c" },
	{ "b\xc3\xb6@c",	false, "b\\x{F6}@c" },
	{ "\xe2\x82\xac@c",	false, "\\x{20AC}@c" },
	{ "\xf0\x9f\x98\x80@c",	false, "\\x{1F600}@c" },
	{ "\xff@c\r\n",		false, "?@c??" },
	{ "\xff@c\r\n",		true,  "?@c??" },
};
/* clang-format on */

START_TEST(addresses_are_shown_as_rfc_6533_says)
{
	struct buf out;

	buf_init(&out, 100);
	show_address(&out, slice_of(addresses[_i].in), addresses[_i].utf8);
	ck_assert_str_eq(buf_cstr(&out), addresses[_i].out);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("prose");
	TCase *tc = tcase_create("prose");

	tcase_add_loop_test(tc, words_are_wrapped, 0, COUNT(texts));
	tcase_add_test(tc, a_word_without_end_is_cut);
	tcase_add_loop_test(tc, durations_are_in_the_unit_people_would_use, 0,
	    COUNT(durations));
	tcase_add_loop_test(tc, addresses_are_shown_as_rfc_6533_says, 0,
	    COUNT(addresses));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
