/* unit/check_text.c - the text form of tables: what it means, what it refuses.
 */
#include "tests/unit/run.h"

#include "base/buf.h"
#include "table/text.h"

static int
note(struct slice key, struct slice value, uint32_t line, struct why *why,
    void *arg)
{
	(void)why;
	buf_addf(arg, "%u[%.*s]=[%.*s]\n", line, SLICE_ARGS(key),
	    SLICE_ARGS(value));
	return 0;
}

/* clang-format off */
static const struct {
	const char *text;
	const char *want;
} good[] = {
	{ "",				"" },
	{ "a: b",			"1[a]=[b]\n" },
	{ "a:b\r\nc : d \r\n",		"1[a]=[b]\n2[c]=[d]\n" },
	{ "a@b.example\n",		"1[a@b.example]=[]\n" },
	{ "# no\n\n  # no\na: b\n",	"4[a]=[b]\n" },
	{ "\xef\xbb\xbf" "a: b\n",	"1[a]=[b]\n" },
	{ "a: b,\n  c,\n\td\ne: f\n",	"1[a]=[b, c, d]\n4[e]=[f]\n" },
	{ "a: b,\n# between\n\n c\n",	"1[a]=[b, c]\n" },
	{ "a:\n  b\n",			"1[a]=[b]\n" },
	{ "u@x:$y$j9T$a:b# c\n",	"1[u@x]=[$y$j9T$a:b# c]\n" },
	{ "\"a b\": c\n",		"1[a b]=[c]\n" },
	{ "\"a:\\\"b\\\\\" : c\n",	"1[a:\"b\\]=[c]\n" },
	{ "\"a b\"\n",			"1[a b]=[]\n" },
	{ "a: \"|/bin/x y\", b\n",	"1[a]=[\"|/bin/x y\", b]\n" },
};

static const struct {
	const char *text;
	uint32_t line;
	const char *why;
} bad[] = {
	{ "a: b\n: c\n",	2, "there is no key" },
	{ "a: b\nx y\n",	2, "\"x y\": a key has no white space" },
	{ "\n a: b\n",		2, "continues a line, but there is none" },
	{ "a: b\n\"c: d\n",	2, "a quote that does not end" },
	{ "\"a\" b: c\n",	1, "behind \"a\" comes a colon" },
	{ "\"\": c\n",		1, "there is no key" },
	{ "a: b\nc\n  d e\n  f\n", 2, "a key has no white space" },
};
/* clang-format on */

START_TEST(a_text_means_its_entries)
{
	struct buf got;
	struct why why;
	uint32_t line = 0;

	buf_init(&got, 4096);
	ck_assert_int_eq(text_parse(slice_of(good[_i].text), note, &got, &line,
			     &why),
	    0);
	ck_assert_str_eq(buf_cstr(&got), good[_i].want);
	buf_done(&got);
}
END_TEST

START_TEST(a_mistake_is_named_with_its_line)
{
	struct buf got;
	struct why why;
	uint32_t line = 0;

	buf_init(&got, 4096);
	ck_assert_int_ne(text_parse(slice_of(bad[_i].text), note, &got, &line,
			     &why),
	    0);
	ck_assert_uint_eq(line, bad[_i].line);
	ck_assert_msg(strstr(why.text, bad[_i].why) != NULL, "%s", why.text);
	buf_done(&got);
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
	struct buf got;
	struct why why;
	uint32_t line = 0;

	buf_init(&got, 4096);
	ck_assert_int_ne(text_parse(SLICE("a: b\nc: \0d\n"), note, &got, &line,
			     &why),
	    0);
	ck_assert_uint_eq(line, 2);
	buf_done(&got);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, a_text_means_its_entries, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, a_mistake_is_named_with_its_line, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_nul_byte_is_no_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
