/* unit/check_race.c - who starts when, in virtual time. */
#include "tests/unit/run.h"

#include "deliver/race.h"

START_TEST(each_attempt_begins_a_quarter_second_after_the_last)
{
	struct race r;

	race_init(&r, 3);
	ck_assert_int_eq(race_wait(&r, 1000), 0);
	ck_assert_uint_eq(race_begin(&r, 1000), 0);
	ck_assert_uint_eq(race_begin(&r, 1249), 3);
	ck_assert_int_eq(race_wait(&r, 1100), 150);
	ck_assert_uint_eq(race_begin(&r, 1250), 1);
	ck_assert_uint_eq(race_begin(&r, 1499), 3);
	ck_assert_uint_eq(race_begin(&r, 1500), 2);
	ck_assert_uint_eq(race_begin(&r, 9000), 3);
	ck_assert_int_eq(race_wait(&r, 9000), -1);
}
END_TEST

START_TEST(a_failure_lets_the_next_begin_at_once)
{
	struct race r;

	race_init(&r, 2);
	ck_assert_uint_eq(race_begin(&r, 0), 0);
	ck_assert(!race_fail(&r, 10));
	ck_assert_int_eq(race_wait(&r, 10), 0);
	ck_assert_uint_eq(race_begin(&r, 10), 1);
	ck_assert_int_eq(race_wait(&r, 10), -1);
	ck_assert(race_fail(&r, 20));
}
END_TEST

START_TEST(one_address_runs_alone)
{
	struct race r;

	race_init(&r, 1);
	ck_assert_uint_eq(race_begin(&r, 5), 0);
	ck_assert_int_eq(race_wait(&r, 5), -1);
	ck_assert(race_fail(&r, 6));
}
END_TEST

/* clang-format off */
static const struct {
	const char *versions; /* a digit each */
	const char *order;
} orders[] = {
	{ "", "" },
	{ "4", "0" },
	{ "6644", "0213" },
	{ "4466", "0213" },
	{ "46", "01" },
	{ "6464", "0123" },
	{ "444", "012" },
	{ "66664", "04123" },
	{ "4666", "0123" },
};
/* clang-format on */

START_TEST(the_families_take_turns)
{
	uint8_t versions[8] = { 0 };
	size_t order[8] = { 0 };
	size_t n = 0;

	for (; orders[_i].versions[n] != '\0'; n++)
		versions[n] = (uint8_t)(orders[_i].versions[n] - '0');
	race_order(versions, n, order);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(order[i],
		    (size_t)(orders[_i].order[i] - '0'));
}
END_TEST

START_TEST(addresses_of_one_host_and_both_families_race)
{
	const uint8_t both[] = { 6, 4, 6, 4, 6 }, one[] = { 4, 4, 6 };
	const size_t same[] = { 7, 7, 7, 7, 7 }, other[] = { 7, 7, 8, 8, 8 };

	ck_assert_uint_eq(race_field(both, same, 5), RACE_MAX);
	ck_assert_uint_eq(race_field(both, same, 2), 2);
	ck_assert_uint_eq(race_field(both, other, 5), 2);
	ck_assert_uint_eq(race_field(one, same, 2), 1);
	ck_assert_uint_eq(race_field(one, other, 3), 1);
	ck_assert_uint_eq(race_field(one, same, 3), 3);
	ck_assert_uint_eq(race_field(one, same, 1), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/race");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, each_attempt_begins_a_quarter_second_after_the_last);
	tcase_add_test(tc, a_failure_lets_the_next_begin_at_once);
	tcase_add_test(tc, one_address_runs_alone);
	tcase_add_loop_test(tc, the_families_take_turns, 0,
	    (int)(sizeof(orders) / sizeof(orders[0])));
	tcase_add_test(tc, addresses_of_one_host_and_both_families_race);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
