/* unit/check_expand.c - paths of mailboxes, and senders who would leave them.
 */
#include "tests/unit/run.h"

#include "mail/expand.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *path, *address, *out; /* NULL: refused */
} cases[] = {
	{ "/v/%{domain}/%{local}", "Bob@Example.ORG", "/v/example.org/bob" },
	{ "/v/%{user}",		   "bob+tag@x",	     "/v/bob" },
	{ "/v/%{local}",	   "bob+tag@x",	     "/v/bob" },
	{ "/v/%{user}",		   "bob+a+b@x",	     "/v/bob" },
	{ "/v/%{address}/m",	   "a.b@x",	     "/v/a.b@x/m" },
	{ "%{home}/Maildir",	   "a@x",	     "/home/a/Maildir" },
	{ "/v/%{local}",	   "\"a b\"@x",	     "/v/a b" },
	{ "/v/%{local}",	   "\"\\a\"@x",	     "/v/a" },
	{ "/v/%%{local}",	   "a@x",	     "/v/%{local}" },
	{ "/v",			   "a@x",	     "/v" },
	{ "",			   "a@x",	     "" },
	{ "/v/%{local}",	   "gr\xc3\xbc\xc3\x9f@x", "/v/gr\xc3\xbc\xc3\x9f" },
	{ "/v/x%{local}",	   "a%{home}@x",     "/v/xa%{home}" },

	{ "/v/%{local}",	   "\"../etc\"@x",   NULL },
	{ "/v/%{local}",	   "\"..\"@x",	     NULL },
	{ "/v/%{local}",	   "\".\"@x",	     NULL },
	{ "/v/%{local}",	   "\".hidden\"@x",  NULL },
	{ "/v/%{local}",	   "a/b@x",	     NULL },
	{ "/v/%{local}",	   "\"a\\/b\"@x",    NULL },
	{ "/v/%{address}",	   "a/b@x",	     NULL },
	{ "/v/%{local}",	   "\"\"@x",	     NULL },
	{ "/v/%{user}",		   "+tag@x",	     NULL },
	{ "/v/%{user}",		   "\".+tag\"@x",    NULL },
	{ "/v/%{domain}",	   "postmaster",     NULL },
	{ "/v/%{nobody}",	   "a@x",	     NULL },
	{ "/v/%{local",		   "a@x",	     NULL },
	{ "/v/%local",		   "a@x",	     NULL },
	{ "/v/%",		   "a@x",	     NULL },
	{ "/v/%{Local}",	   "a@x",	     NULL },
	{ "/v/%{}",		   "a@x",	     NULL },
};
/* clang-format on */

START_TEST(a_path_is_expanded_or_refused)
{
	struct expand_values values = {
		.subaddress = SLICE("+"),
		.home = SLICE("/home/a"),
	};
	struct why why = { "" };
	struct buf out;

	ck_assert_int_eq(address_parse(slice_of(cases[_i].address), true,
			     &values.address),
	    PARSE_OK);
	buf_init(&out, 1000);
	buf_add_cstr(&out, ">");
	ck_assert_int_eq(expand_path(slice_of(cases[_i].path), &values, &out,
			     &why),
	    cases[_i].out != NULL);
	if (cases[_i].out != NULL) {
		ck_assert_str_eq(buf_cstr(&out) + 1, cases[_i].out);
	} else {
		ck_assert_uint_eq(out.n, 1);
		ck_assert_str_ne(why.text, "");
	}
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	const char *home;
	bool good;
} homes[] = {
	{ "/home/a", true }, { "", false }, { "home", false }, { "/a\nb", false },
};
/* clang-format on */

START_TEST(a_home_is_an_absolute_path)
{
	struct expand_values values = {
		.address = { SLICE("a"), SLICE("x") },
		.subaddress = SLICE_NONE,
		.home = slice_of(homes[_i].home),
	};
	struct buf out;

	buf_init(&out, 1000);
	ck_assert_int_eq(expand_path(SLICE("%{home}"), &values, &out, NULL),
	    homes[_i].good);
	buf_done(&out);
}
END_TEST

START_TEST(a_control_character_is_refused)
{
	struct expand_values values = {
		.address = { slice_from("a\0b", 3), SLICE("x") },
		.subaddress = SLICE_NONE,
		.home = SLICE_NONE,
	};
	struct buf out;

	buf_init(&out, 1000);
	ck_assert(!expand_path(SLICE("%{local}"), &values, &out, NULL));
	values.address.local = SLICE("a\nb");
	ck_assert(!expand_path(SLICE("%{local}"), &values, &out, NULL));
	values.address.local = SLICE("a\xff");
	ck_assert(!expand_path(SLICE("%{local}"), &values, &out, NULL));
	buf_done(&out);
}
END_TEST

START_TEST(a_path_past_the_limit_is_refused)
{
	struct expand_values values = {
		.address = { SLICE("abcdefgh"), SLICE("x") },
		.subaddress = SLICE_NONE,
		.home = SLICE_NONE,
	};
	struct why why = { "" };
	struct buf out;

	buf_init(&out, 10);
	ck_assert(!expand_path(SLICE("/v/%{local}"), &values, &out, &why));
	ck_assert_str_ne(why.text, "");
	buf_done(&out);
}
END_TEST

START_TEST(a_configuration_is_checked_without_values)
{
	struct why why = { "" };

	ck_assert(expand_is_valid(SLICE("/v/%{domain}/%{user}%%"), &why));
	ck_assert_str_eq(why.text, "");
	ck_assert(!expand_is_valid(SLICE("/v/%{domian}"), &why));
	ck_assert_str_ne(why.text, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("expand");
	TCase *tc = tcase_create("expand");

	tcase_add_loop_test(tc, a_path_is_expanded_or_refused, 0, COUNT(cases));
	tcase_add_loop_test(tc, a_home_is_an_absolute_path, 0, COUNT(homes));
	tcase_add_test(tc, a_control_character_is_refused);
	tcase_add_test(tc, a_path_past_the_limit_is_refused);
	tcase_add_test(tc, a_configuration_is_checked_without_values);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
