/* unit/check_user_keys.c - the values of auth.users that are understood. */
#include "tests/unit/run.h"

#include "auth/user_keys.h"

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define STORED "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SCRAM "SCRAM-SHA-256$4096:" SALT "$" STORED ":" SERVER

/* clang-format off */
static const struct {
	const char *in;
	bool good;
	const char *hash;
	uint32_t iterations;
} cases[] = {
	{ "$6$salt$hash",		true,	"$6$salt$hash", 0 },
	{ SCRAM,			true,	"", 4096 },
	{ "$6$salt$hash " SCRAM,	true,	"$6$salt$hash", 4096 },
	{ SCRAM "\t$6$salt$hash",	true,	"$6$salt$hash", 4096 },
	{ "  !  ",			true,	"!", 0 },
	{ "",				false,	NULL, 0 },
	{ "   ",			false,	NULL, 0 },
	{ "$6$a$b $6$a$b",		false,	NULL, 0 },
	{ SCRAM " " SCRAM,		false,	NULL, 0 },
	{ "SCRAM-SHA-256$4095:" SALT "$" STORED ":" SERVER, false, NULL, 0 },
	{ "SCRAM-SHA-256$4096:" SALT "$" STORED, false,	NULL, 0 },
	{ "SCRAM-SHA-256$4096:$" STORED ":" SERVER, false, NULL, 0 },
	{ "SCRAM-SHA-256$4096:" SALT "$" SALT ":" SERVER, false, NULL, 0 },
	{ "SCRAM-SHA-1$4096:" SALT "$" STORED ":" SERVER, false, NULL, 0 },
	{ "$6$a$b\001",			false,	NULL, 0 },
};
/* clang-format on */

START_TEST(a_value_is_a_hash_or_scram_keys_or_both)
{
	struct user_keys keys;

	ck_assert_int_eq(user_keys_parse(slice_of(cases[_i].in), &keys),
	    cases[_i].good);
	if (!cases[_i].good)
		return;
	ck_assert(slice_is(keys.hash, cases[_i].hash));
	ck_assert_uint_eq(keys.scram.iterations, cases[_i].iterations);
	if (keys.scram.iterations != 0) {
		ck_assert(slice_is(keys.scram.salt, SALT));
		ck_assert(slice_is(keys.scram.stored_key, STORED));
		ck_assert(slice_is(keys.scram.server_key, SERVER));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("user_keys");
	TCase *tc = tcase_create("user_keys");

	tcase_add_loop_test(tc, a_value_is_a_hash_or_scram_keys_or_both, 0,
	    sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
