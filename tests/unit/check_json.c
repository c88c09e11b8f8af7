/* unit/check_json.c - what base/json.c writes is JSON, whatever comes in. */
#include "tests/unit/run.h"

#include "base/json.h"

/* clang-format off */
static const struct {
	const char *in, *want;
} strings[] = {
	{ "",				"\"\"" },
	{ "plain",			"\"plain\"" },
	{ "a\"b\\c",			"\"a\\\"b\\\\c\"" },
	{ "tab\there\r\n",		"\"tab\\u0009here\\u000d\\u000a\"" },
	{ "\x7f",			"\"\\u007f\"" },
	{ "gr\xc3\xbc\xc3\x9f",		"\"gr\xc3\xbc\xc3\x9f\"" },
	{ "\xf0\x9f\x93\xac",		"\"\xf0\x9f\x93\xac\"" },
	{ "\xff",			"\"\\ufffd\"" },
	{ "\xc0\xaf",			"\"\\ufffd\\ufffd\"" },
	{ "\xed\xa0\x80",		"\"\\ufffd\\ufffd\\ufffd\"" },
	{ "cut \xe2\x82",		"\"cut \\ufffd\\ufffd\"" },
	{ "\xf4\x90\x80\x80",		"\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
};
/* clang-format on */

START_TEST(a_string_is_escaped_and_always_utf8)
{
	struct buf out;

	buf_init(&out, 1000);
	json_write_string(slice_of(strings[_i].in), &out);
	ck_assert_str_eq(buf_cstr(&out), strings[_i].want);
	buf_done(&out);
}
END_TEST

START_TEST(an_object_has_commas_between_its_members)
{
	struct json j;
	struct buf out;

	buf_init(&out, 1000);
	json_begin(&j, &out);
	json_cstr(&j, "event", "received");
	json_list(&j, "none");
	json_list_end(&j);
	json_list(&j, "two");
	json_item(&j, slice_of("a"));
	json_item(&j, slice_of("b"));
	json_list_end(&j);
	json_int(&j, "size", -5);
	json_bool(&j, "tls", true);
	json_seconds(&j, "seconds", 12034);
	json_end(&j);
	ck_assert_str_eq(buf_cstr(&out),
	    "{\"event\":\"received\",\"none\":[],\"two\":[\"a\",\"b\"],"
	    "\"size\":-5,\"tls\":true,\"seconds\":12.034}");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_loop_test(tc, a_string_is_escaped_and_always_utf8, 0,
	    sizeof(strings) / sizeof(strings[0]));
	tcase_add_test(tc, an_object_has_commas_between_its_members);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
