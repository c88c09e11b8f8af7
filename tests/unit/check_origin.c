/* unit/check_origin.c - addresses to send from, with names and without. */
#include "tests/unit/run.h"

#include "conf/origin.h"

START_TEST(an_address_may_have_a_name)
{
	const char *name = "before";
	struct ip ip;

	ck_assert(origin_parse("192.0.2.10", &ip, &name));
	ck_assert_int_eq(ip.version, 4);
	ck_assert_str_eq(name, "before");
	ck_assert(origin_parse("2001:db8::1=mx1.example.org", &ip, &name));
	ck_assert_int_eq(ip.version, 6);
	ck_assert_str_eq(name, "mx1.example.org");
	ck_assert(origin_parse("192.0.2.10=a", &ip, NULL));
}
END_TEST

START_TEST(what_is_neither_changes_nothing)
{
	static const char *const bad[] = { "", "=", "=a",
		"192.0.2.10=", "192.0.2=a", "192.0.2.10=a b", "192.0.2.10=.a",
		"192.0.2.10=a.", "192.0.2.10=a..b", "192.0.2.10=-a",
		"192.0.2.10=a.-b", "192.0.2.10=a=b", "mx1.example.org" };
	const char *name = "before";
	struct ip ip = { .version = 9 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!origin_parse(bad[i], &ip, &name), "%s", bad[i]);
	ck_assert_str_eq(name, "before");
	ck_assert_int_eq(ip.version, 9);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("origin");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, an_address_may_have_a_name);
	tcase_add_test(tc, what_is_neither_changes_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
