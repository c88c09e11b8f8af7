/* unit/check_user_file.c - one login changes, all else stays as it is. */
#include "tests/unit/run.h"

#include "mtactl/user_file.h"

static const char text[] = "# the logins\n"
			   "bob: $6$old\n"
			   "  SCRAM-SHA-256$x\n"
			   "\n"
			   "alice@x.example:$6$a\n"
			   "bobby:$6$b";

/* clang-format off */
static const struct {
	const char *login;
	const char *value; /* NULL: removed */
	bool found;
	const char *want;
} cases[] = {
	{ "bob", "new", true,
	  "# the logins\nbob:new\n\nalice@x.example:$6$a\nbobby:$6$b\n" },
	{ "BOB", NULL, true,
	  "# the logins\n\nalice@x.example:$6$a\nbobby:$6$b\n" },
	{ "bobby", "new", true,
	  "# the logins\nbob: $6$old\n  SCRAM-SHA-256$x\n\nalice@x.example:$6$a\nbobby:new\n" },
	{ "carol", "new", false,
	  "# the logins\nbob: $6$old\n  SCRAM-SHA-256$x\n\nalice@x.example:$6$a\nbobby:$6$b\ncarol:new\n" },
	{ "carol", NULL, false,
	  "# the logins\nbob: $6$old\n  SCRAM-SHA-256$x\n\nalice@x.example:$6$a\nbobby:$6$b\n" },
};

static const struct {
	const char *login;
	bool good;
} logins[] = {
	{ "bob", true }, { "bob@x.example", true }, { "b+c-d_e", true },
	{ "", false }, { "a b", false }, { "a:b", false }, { "#a", false },
	{ "\"a\"", false }, { "a\nb", false }, { "\ta", false },
};
/* clang-format on */

START_TEST(one_login_changes_and_all_else_stays)
{
	struct slice value = slice_of(cases[_i].value);
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_eq(user_file_edit(slice_of(text),
			     slice_of(cases[_i].login),
			     cases[_i].value == NULL ? NULL : &value, &out),
	    cases[_i].found);
	ck_assert_str_eq(buf_cstr(&out), cases[_i].want);
	buf_done(&out);
}
END_TEST

START_TEST(a_login_fits_into_its_line)
{
	ck_assert_int_eq(user_file_login_is_good(slice_of(logins[_i].login)),
	    logins[_i].good);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_file");
	TCase *tc = tcase_create("user_file");

	tcase_add_loop_test(tc, one_login_changes_and_all_else_stays, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, a_login_fits_into_its_line, 0,
	    sizeof(logins) / sizeof(logins[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
