/* unit/check_masquerade.c - senders' domains by the rules of a route. */
#include "tests/unit/run.h"

#include "conf/masquerade.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct { const char *rule; bool good; } rules[] = {
	{ "example.org", true },
	{ "old.example=example.org", true },
	{ ".old.example=example.org", true },
	{ "", false }, { "=", false }, { "a.example=", false },
	{ "=example.org", false }, { ".=example.org", false },
	{ ".example.org", false }, { "a=b=c", false }, { "a b.example", false },
	{ "[192.0.2.1]", false }, { "user@example.org", false },
	{ "a.example=user@example.org", false },
};

static const struct { const char *rule, *in, *out; } cases[] = {
	{ "example.org", "a@web.example.org",		"a@example.org" },
	{ "example.org", "a@www.WEB.Example.ORG",	"a@example.org" },
	{ "example.org", "a@example.org",		"a@example.org" },
	{ "example.org", "a@notexample.org",		"a@notexample.org" },
	{ "example.org", "a@.example.org",		"a@.example.org" },
	{ "example.org", "a@other.example",		"a@other.example" },
	{ "old.example=new.example", "a@old.example",	"a@new.example" },
	{ "old.example=new.example", "a@x.old.example",	"a@x.old.example" },
	{ ".old.example=new.example", "a@x.old.example", "a@new.example" },
	{ ".old.example=new.example", "a@old.example",	"a@old.example" },
	{ "example.org", "\"a@b\"@web.example.org",	"\"a@b\"@example.org" },
	{ "example.org", "",				"" },
	{ "example.org", "postmaster",			"postmaster" },
};
/* clang-format on */

START_TEST(a_rule_is_one_domain_or_two)
{
	ck_assert_int_eq(masquerade_is_rule(slice_of(rules[_i].rule)),
	    rules[_i].good);
}
END_TEST

START_TEST(a_domain_is_changed_by_the_rule_that_fits_it)
{
	char *list[] = { (char[]){ "nothing.test=x.test" },
		(char *)(uintptr_t)cases[_i].rule };
	const struct strings all = { list, 2 };
	struct buf out;

	buf_init(&out, 1024);
	ck_assert(slice_is(masquerade(&all, slice_of(cases[_i].in), &out),
	    cases[_i].out));
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("masquerade");
	TCase *tc = tcase_create("masquerade");

	tcase_add_loop_test(tc, a_rule_is_one_domain_or_two, 0, COUNT(rules));
	tcase_add_loop_test(tc, a_domain_is_changed_by_the_rule_that_fits_it, 0,
	    COUNT(cases));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
