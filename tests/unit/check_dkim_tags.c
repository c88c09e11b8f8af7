/*
 * unit/check_dkim_tags.c - tag lists by the letter of RFC 6376, 3.2.
 */
#include <check.h>

#include "run.h"
#include "verify/dkim_tags.h"

/* clang-format off */
static const struct {
	const char *text;
	size_t count; /* 0: no such list */
	const char *name, *value;
} lists[] = {
	{ "a=b",			1, "a",	"b" },
	{ "a=b;",			1, "a",	"b" },
	{ " a = b ; c=d",		2, "a",	"b" },
	{ "a=;c=d;",			2, "a",	"" },
	{ "a=b\r\n\tc; d=e",		2, "a",	"b\r\n\tc" },
	{ "a=b=c==",			1, "a",	"b=c==" },
	{ "a_1=x; A_1=y",		2, "A_1", "y" },
	{ "a=b;\r\n ",			1, "a",	"b" },
	{ "",				0, NULL, NULL },
	{ "  ",				0, NULL, NULL },
	{ "a",				0, NULL, NULL },
	{ "a=b;;c=d",			0, NULL, NULL },
	{ "a=b;c",			0, NULL, NULL },
	{ "=b",				0, NULL, NULL },
	{ "1a=b",			0, NULL, NULL },
	{ "a b=c",			0, NULL, NULL },
	{ "a=b;a=c",			0, NULL, NULL },
	{ "a=\x01",			0, NULL, NULL },
	{ "a=\xc3\xa4",			0, NULL, NULL },
	{ "a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1;n=1;o=1;p=1;"
	  "A=1;B=1;C=1;D=1;E=1;F=1;G=1;H=1;I=1;J=1;K=1;L=1;M=1;N=1;O=1;P=1",
					32, "P", "1" },
	{ "a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1;n=1;o=1;p=1;"
	  "A=1;B=1;C=1;D=1;E=1;F=1;G=1;H=1;I=1;J=1;K=1;L=1;M=1;N=1;O=1;P=1;Q=1",
					0, NULL, NULL },
};
/* clang-format on */

START_TEST(lists_are_taken_or_not)
{
	struct dkim_tags tags;
	struct slice value;

	ck_assert_int_eq(dkim_tags_parse(slice_of(lists[_i].text), &tags),
	    lists[_i].count > 0);
	if (lists[_i].count == 0)
		return;
	ck_assert_uint_eq(tags.count, lists[_i].count);
	ck_assert(dkim_tags_get(&tags, lists[_i].name, &value));
	ck_assert(slice_is(value, lists[_i].value));
	ck_assert(!dkim_tags_get(&tags, "zz", &value));
}
END_TEST

START_TEST(a_nul_is_no_text)
{
	struct dkim_tags tags;

	ck_assert(!dkim_tags_parse(SLICE("a=b\0c"), &tags));
	ck_assert(!dkim_tags_parse(SLICE("a=b;\0"), &tags));
}
END_TEST

START_TEST(values_are_compacted)
{
	char out[5];

	ck_assert(dkim_value_compact(SLICE(" a b\r\n\tcd "), out, sizeof(out)));
	ck_assert_str_eq(out, "abcd");
	ck_assert(!dkim_value_compact(SLICE("abcde"), out, sizeof(out)));
}
END_TEST

START_TEST(items_are_found)
{
	struct slice list = SLICE("from : To::\tx"), item;

	ck_assert(dkim_value_has(list, "FROM"));
	ck_assert(dkim_value_has(list, "x"));
	ck_assert(dkim_value_has(list, ""));
	ck_assert(!dkim_value_has(list, "fro"));
	for (size_t n = 4; n > 0; n--)
		ck_assert(dkim_value_next(&list, &item));
	ck_assert(slice_is(item, "x"));
	ck_assert(!dkim_value_next(&list, &item));
}
END_TEST

START_TEST(base64_is_known)
{
	ck_assert(dkim_value_is_base64(SLICE("AAAA")));
	ck_assert(dkim_value_is_base64(SLICE("A A\r\n\tA=")));
	ck_assert(dkim_value_is_base64(SLICE("+/==")));
	ck_assert(!dkim_value_is_base64(SLICE("")));
	ck_assert(!dkim_value_is_base64(SLICE("AAA")));
	ck_assert(!dkim_value_is_base64(SLICE("A===")));
	ck_assert(!dkim_value_is_base64(SLICE("A=A=")));
	ck_assert(!dkim_value_is_base64(SLICE("AA-_")));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_tags");
	TCase *t = tcase_create("dkim_tags");

	tcase_add_loop_test(t, lists_are_taken_or_not, 0,
	    sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(t, a_nul_is_no_text);
	tcase_add_test(t, values_are_compacted);
	tcase_add_test(t, items_are_found);
	tcase_add_test(t, base64_is_known);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}
