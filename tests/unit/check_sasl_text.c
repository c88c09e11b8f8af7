/* unit/check_sasl_text.c - what clients may send as PLAIN and LOGIN. */
#include "tests/unit/run.h"

#include "auth/sasl_text.h"

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct {
	struct slice in;
	bool good;
	const char *login, *password;
	bool acts_as_self;
} cases[] = {
	{ BYTES("\0alice\0secret"),	 true,	"alice", "secret", true },
	{ BYTES("alice\0alice\0secret"), true,	"alice", "secret", true },
	{ BYTES("bob\0alice\0secret"),	 true,	"alice", "secret", false },
	{ BYTES("\0a@b\0 pass word "),	 true,	"a@b",	 " pass word ", true },
	{ BYTES("\0\303\244\0\303\266"), true,	"\303\244", "\303\266", true },
	{ BYTES(""),			 false,	NULL, NULL, false },
	{ BYTES("alice"),		 false,	NULL, NULL, false },
	{ BYTES("\0alice"),		 false,	NULL, NULL, false },
	{ BYTES("\0alice\0"),		 false,	NULL, NULL, false },
	{ BYTES("\0\0secret"),		 false,	NULL, NULL, false },
	{ BYTES("\0alice\0sec\0ret"),	 false,	NULL, NULL, false },
	{ BYTES("\0al\nice\0secret"),	 false,	NULL, NULL, false },
	{ BYTES("\0 alice\0secret"),	 false,	NULL, NULL, false },
	{ BYTES("\0alice \0secret"),	 false,	NULL, NULL, false },
};
/* clang-format on */

START_TEST(plain_is_taken_apart_or_refused)
{
	struct sasl_plain plain;

	ck_assert_int_eq(sasl_plain_parse(cases[_i].in, &plain),
	    cases[_i].good);
	if (!cases[_i].good)
		return;
	ck_assert(slice_is(plain.login, cases[_i].login));
	ck_assert(slice_is(plain.password, cases[_i].password));
	ck_assert_int_eq(plain.acts_as_self, cases[_i].acts_as_self);
}
END_TEST

START_TEST(login_and_password_are_bounded)
{
	static char long_text[PASSWORD_MAX + 1];

	for (size_t i = 0; i < sizeof(long_text); i++)
		long_text[i] = 'x';
	ck_assert(login_is_good(slice_from(long_text, LOGIN_MAX)));
	ck_assert(!login_is_good(slice_from(long_text, LOGIN_MAX + 1)));
	ck_assert(password_is_good(slice_from(long_text, PASSWORD_MAX)));
	ck_assert(!password_is_good(slice_from(long_text, PASSWORD_MAX + 1)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sasl_text");
	TCase *tc = tcase_create("sasl_text");

	tcase_add_loop_test(tc, plain_is_taken_apart_or_refused, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, login_and_password_are_bounded);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
