/* unit/check_turns.c - whose load is next among those that wait for a site. */
#include "schedule/turns.h"
#include "tests/unit/run.h"

enum { LOADS = 24 };

static struct turns turns;
static struct plan_load loads[LOADS];

static void
set_up(void)
{
	turns_init(&turns);
	for (size_t i = 0; i < LOADS; i++)
		loads[i] = (struct plan_load){ .cost = 1 };
}

static void
tear_down(void)
{
	struct plan_load *load;

	while ((load = turns_first(&turns)) != NULL)
		turns_remove(&turns, load);
	ck_assert_uint_eq(turns.ready, 0);
	ck_assert_ptr_null(turns.flows);
}

static void
add(size_t i, const char *sender)
{
	turns_add(&turns, &loads[i], slice_of(sender));
}

/* The index of the next, which leaves. */
static size_t
next(void)
{
	struct plan_load *load = turns_next(&turns);

	turns_remove(&turns, load);
	ck_assert_ptr_null(load->flow);
	return (size_t)(load - loads);
}

START_TEST(senders_come_in_turns_each_in_order)
{
	add(0, "a");
	add(1, "a");
	add(2, "a");
	add(3, "b");
	add(4, "b");
	ck_assert_uint_eq(next(), 0);
	ck_assert_uint_eq(next(), 3);
	ck_assert_uint_eq(next(), 1);
	ck_assert_uint_eq(next(), 4);
	ck_assert_uint_eq(next(), 2);
}
END_TEST

START_TEST(what_costs_three_waits_three_rounds)
{
	loads[0].cost = 3;
	add(0, "a");
	add(1, "a");
	for (size_t i = 2; i < 8; i++)
		add(i, "b");
	ck_assert_uint_eq(next(), 0);
	ck_assert_uint_eq(next(), 2);
	ck_assert_uint_eq(next(), 3);
	ck_assert_uint_eq(next(), 4);
	ck_assert_uint_eq(next(), 1);
}
END_TEST

START_TEST(one_in_eight_is_a_retry)
{
	size_t retries = 0;

	for (size_t i = 0; i < 8; i++)
		add(i, "a");
	for (size_t i = 8; i < 16; i++) {
		loads[i].retry = true;
		add(i, "a");
	}
	for (size_t i = 0; i < 8; i++)
		retries += next() >= 8;
	ck_assert_uint_eq(retries, 1);
}
END_TEST

static uint64_t seen;

static void
on_sender(struct slice key, uint64_t ready, void *arg)
{
	(void)arg;
	seen += ready * (slice_is(key, "a") ? 100 : 1);
}

START_TEST(who_has_left_is_no_sender_any_more)
{
	seen = 0;
	add(0, "a");
	add(1, "b");
	add(2, "b");
	turns_remove(&turns, &loads[0]);
	turns_each(&turns, on_sender, NULL);
	ck_assert_uint_eq(seen, 2);
	ck_assert_uint_eq(turns.ready, 2);
	ck_assert_uint_eq(next(), 1);
	ck_assert_uint_eq(next(), 2);
	ck_assert_ptr_null(turns_first(&turns));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("turns");
	TCase *tc = tcase_create("turns");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, senders_come_in_turns_each_in_order);
	tcase_add_test(tc, what_costs_three_waits_three_rounds);
	tcase_add_test(tc, one_in_eight_is_a_retry);
	tcase_add_test(tc, who_has_left_is_no_sender_any_more);
	return run_suite(suite);
}
