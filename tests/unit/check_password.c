/* unit/check_password.c - passwords against hashes, SCRAM keys and the cache.
 */
#include <crypt.h>

#include "tests/unit/run.h"

#include "auth/password.h"
#include "auth/verified.h"
#include "base/time.h"

/* RFC 7677, 3: user "user", password "pencil". */
#define RFC_7677                                        \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"  \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:" \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const char *const settings[] = { "$y$j75$", "$2b$05$", "$6$" };

START_TEST(a_hash_takes_its_password_alone)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data data = { 0 };
	struct user_keys keys = { .hash = SLICE_NONE };

	ck_assert_ptr_nonnull(crypt_gensalt_rn(settings[_i], 0, NULL, 0,
	    setting, sizeof(setting)));
	keys.hash = slice_of(crypt_rn("geheim", setting, &data, sizeof(data)));
	ck_assert(password_fits(&keys, "geheim"));
	ck_assert(!password_fits(&keys, "Geheim"));
	ck_assert(!password_fits(&keys, ""));
}
END_TEST

START_TEST(no_password_fits_a_locked_login)
{
	static const char *const locked[] = { "!", "*", "*0", "x", "!$6$a$b" };
	struct user_keys keys = { .hash = SLICE_NONE };

	for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
		keys.hash = slice_of(locked[i]);
		ck_assert(!password_fits(&keys, locked[i]));
		ck_assert(!password_fits(&keys, "*0"));
	}
	keys.hash = SLICE_NONE;
	ck_assert(!password_fits(&keys, ""));
}
END_TEST

START_TEST(scram_keys_take_the_password_too)
{
	struct user_keys keys;

	ck_assert(user_keys_parse(slice_of(RFC_7677), &keys));
	ck_assert(password_fits(&keys, "pencil"));
	ck_assert(!password_fits(&keys, "pencils"));
}
END_TEST

START_TEST(the_dummy_hash_is_a_real_one)
{
	char hash[384];

	ck_assert_int_eq(password_dummy_hash(hash, sizeof(hash)), 0);
	ck_assert(hash[0] == '$');
}
END_TEST

START_TEST(a_verified_password_is_known_for_seconds)
{
	struct verified *v = verified_new();
	struct slice alice = SLICE("alice"), value = SLICE("$6$a$b");

	ck_assert(!verified_has(v, alice, value, "geheim", 0));
	verified_add(v, alice, value, "geheim", 0);
	ck_assert(verified_has(v, alice, value, "geheim", 29 * SECOND));
	ck_assert(verified_has(v, slice_of("ALICE"), value, "geheim", 1));
	ck_assert(!verified_has(v, alice, value, "geheim", 30 * SECOND));
	ck_assert(!verified_has(v, alice, value, "Geheim", 1));
	ck_assert(!verified_has(v, slice_of("bob"), value, "geheim", 1));
	/* The table has changed. */
	ck_assert(!verified_has(v, alice, slice_of("$6$a$c"), "geheim", 1));
	verified_free(&v);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("password");
	TCase *tc = tcase_create("password");

	tcase_add_loop_test(tc, a_hash_takes_its_password_alone, 0,
	    sizeof(settings) / sizeof(settings[0]));
	tcase_add_test(tc, no_password_fits_a_locked_login);
	tcase_add_test(tc, scram_keys_take_the_password_too);
	tcase_add_test(tc, the_dummy_hash_is_a_real_one);
	tcase_add_test(tc, a_verified_password_is_known_for_seconds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
