/* unit/check_glob.c - the patterns of replies.conf. */
#include "tests/unit/run.h"

#include <string.h>

#include "conf/glob.h"

/* clang-format off */
static const struct {
	const char *pattern, *text;
	bool fits;
} cases[] = {
	{ "",			"",				true },
	{ "",			"a",				false },
	{ "a",			"",				false },
	{ "*",			"",				true },
	{ "**",			"anything",			true },
	{ "abc",		"ABC",				true },
	{ "ABC",		"abc",				true },
	{ "abc",		"abcd",				false },
	{ "a?c",		"abc",				true },
	{ "a?c",		"ac",				false },
	{ "*.google.com",	"gmail-smtp-in.l.google.com",	true },
	{ "*.google.com",	"google.com",			false },
	{ "*.google.com",	"x.google.com.evil.example",	false },
	{ "*too many*conn*",	"421 Too many open Connections", true },
	{ "*a*b",		"xaxbxb",			true },
	{ "*a*b",		"xaxbxc",			false },
	{ "*[TSS04]*",		"421 4.7.0 [TSS04] wait",	true },
	{ "*aab",		"aaaab",			true },
};
/* clang-format on */

START_TEST(a_pattern_fits_the_whole_text)
{
	ck_assert_int_eq(glob_fits(slice_of(cases[_i].pattern),
			     slice_of(cases[_i].text)),
	    cases[_i].fits);
}
END_TEST

/* With each star tried for each place, the universe would be too young. */
START_TEST(no_pattern_takes_long)
{
	static char text[4000];
	char pattern[201];

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[199] = 'b';
	ck_assert(!glob_fits(slice_from(pattern, 200),
	    slice_from(text, sizeof(text))));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_pattern_fits_the_whole_text, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, no_pattern_takes_long);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
