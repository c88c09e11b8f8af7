/* unit/check_utf8.c - what is UTF-8 and what only looks so. */
#include "tests/unit/run.h"

#include "mail/utf8.h"

/* clang-format off */
static const struct {
	const char *in;
	size_t length; /* of the first character; 0: malformed */
} firsts[] = {
	{ "",			0 },
	{ "a",			1 },
	{ "\x7f",		1 },
	{ "\xc2\x80",		2 },
	{ "\xdf\xbf",		2 },
	{ "\xe0\xa0\x80",	3 },
	{ "\xed\x9f\xbf",	3 },
	{ "\xef\xbf\xbd",	3 },
	{ "\xf0\x90\x80\x80",	4 },
	{ "\xf4\x8f\xbf\xbf",	4 },
	{ "\x80",		0 }, /* a tail alone */
	{ "\xc0\xaf",		0 }, /* "/" in two bytes */
	{ "\xc1\xbf",		0 },
	{ "\xe0\x9f\xbf",	0 },
	{ "\xf0\x8f\xbf\xbf",	0 },
	{ "\xed\xa0\x80",	0 }, /* a surrogate */
	{ "\xf4\x90\x80\x80",	0 }, /* over U+10FFFF */
	{ "\xf5\x80\x80\x80",	0 },
	{ "\xff",		0 },
	{ "\xc3",		0 }, /* cut off */
	{ "\xe2\x82",		0 },
	{ "\xf0\x9f\x98",	0 },
	{ "\xc3" "a",		0 },
	{ "\xe2\x82" "a",	0 },
	{ "\xf0\x9f\x98" "a",	0 },
};
/* clang-format on */

START_TEST(only_the_shortest_forms_are_characters)
{
	ck_assert_uint_eq(utf8_length(slice_of(firsts[_i].in)),
	    firsts[_i].length);
}
END_TEST

START_TEST(a_text_is_valid_to_its_last_byte)
{
	ck_assert(utf8_is_valid(SLICE("")));
	ck_assert(
	    utf8_is_valid(SLICE("gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80")));
	ck_assert(!utf8_is_valid(SLICE("gr\xfc\xdf")));
	ck_assert(!utf8_is_valid(SLICE("ok\xc3")));
}
END_TEST

START_TEST(one_high_byte_anywhere_is_not_ascii)
{
	char text[20];

	for (size_t n = 0; n < sizeof(text); n++) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = 'a';
		ck_assert(utf8_is_ascii(slice_from(text, n)));
		for (size_t i = 0; i < n; i++) {
			text[i] = (char)0x80;
			ck_assert(!utf8_is_ascii(slice_from(text, n)));
			text[i] = 'a';
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tc = tcase_create("utf8");

	tcase_add_loop_test(tc, only_the_shortest_forms_are_characters, 0,
	    sizeof(firsts) / sizeof(firsts[0]));
	tcase_add_test(tc, a_text_is_valid_to_its_last_byte);
	tcase_add_test(tc, one_high_byte_anywhere_is_not_ascii);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
