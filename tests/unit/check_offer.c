/* unit/check_offer.c - mechanisms that a backend can't do are not offered. */
#include "tests/unit/run.h"

#include "auth/offer.h"
#include "base/alloc.h"

/* clang-format off */
static const struct {
	enum auth_backend backend;
	const char *left[4];
	size_t n;
} cases[] = {
	{ AUTH_TABLE,	{ "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" }, 4 },
	{ AUTH_PAM,	{ "PLAIN", "LOGIN" }, 2 },
	{ AUTH_DOVECOT,	{ "PLAIN", "LOGIN", "SCRAM-SHA-256" }, 3 },
	{ AUTH_NONE,	{ NULL }, 0 },
};
/* clang-format on */

START_TEST(each_backend_keeps_what_it_can)
{
	struct auth_conf auth = { .backend = cases[_i].backend };

	auth.mechanisms.n = 4;
	auth.mechanisms.v = mem_array(4, sizeof(char *));
	for (size_t i = 0; i < 4; i++)
		auth.mechanisms.v[i] = mem_cstr(slice_of(cases[0].left[i]));
	offer_prune(&auth);
	ck_assert_uint_eq(auth.mechanisms.n, cases[_i].n);
	for (size_t i = 0; i < auth.mechanisms.n; i++) {
		ck_assert_str_eq(auth.mechanisms.v[i], cases[_i].left[i]);
		mem_free(auth.mechanisms.v[i]);
	}
	mem_free(auth.mechanisms.v);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("offer");
	TCase *tc = tcase_create("offer");

	tcase_add_loop_test(tc, each_backend_keeps_what_it_can, 0,
	    sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
