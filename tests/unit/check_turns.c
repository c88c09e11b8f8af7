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
	ck_assert(TAILQ_EMPTY(&turns.ranks));
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

static void
add_urgent(size_t i, const char *sender, int priority)
{
	loads[i].priority = (int8_t)priority;
	add(i, sender);
}

START_TEST(the_more_urgent_goes_first)
{
	add(0, "a");
	add_urgent(1, "a", -9);
	add_urgent(2, "b", 4);
	add_urgent(3, "a", 9);
	add_urgent(4, "b", 9);
	add(5, "c");
	ck_assert_uint_eq(next(), 3);
	ck_assert_uint_eq(next(), 4);
	ck_assert_uint_eq(next(), 2);
	ck_assert_uint_eq(next(), 0);
	ck_assert_uint_eq(next(), 5);
	ck_assert_uint_eq(next(), 1);
}
END_TEST

START_TEST(one_in_eight_is_less_urgent)
{
	for (size_t i = 0; i < 20; i++)
		add_urgent(i, "a", 9);
	add(20, "b");
	add(21, "b");
	for (size_t i = 0; i < 7; i++)
		ck_assert_uint_eq(next(), i);
	ck_assert_uint_eq(next(), 20);
	for (size_t i = 7; i < 14; i++)
		ck_assert_uint_eq(next(), i);
	ck_assert_uint_eq(next(), 21);
	ck_assert_uint_eq(next(), 14);
}
END_TEST

START_TEST(eighteen_less_urgent_ranks_take_half_at_most)
{
	size_t urgent = 0;

	for (int i = 0; i < 18; i++)
		add_urgent((size_t)i, "low", i - 9);
	for (size_t i = 18; i < LOADS; i++)
		add_urgent(i, "high", 9);
	for (int i = 0; i < 14; i++)
		urgent += next() >= 18;
	ck_assert_uint_eq(urgent, LOADS - 18);
}
END_TEST

struct told {
	unsigned senders;
	uint64_t ready;
};

static void
on_told(struct slice key, uint64_t ready, void *arg)
{
	struct told *told = arg;

	told->senders++;
	if (slice_is(key, "a"))
		told->ready = ready;
}

START_TEST(a_sender_is_told_of_once_with_all_that_waits)
{
	struct told told = { 0 };

	add(0, "a");
	add(1, "b");
	add_urgent(2, "a", 9);
	add_urgent(3, "a", -9);
	add_urgent(4, "c", -9);
	turns_each(&turns, on_told, &told);
	ck_assert_uint_eq(told.senders, 3);
	ck_assert_uint_eq(told.ready, 3);
}
END_TEST

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
	tcase_add_test(tc, the_more_urgent_goes_first);
	tcase_add_test(tc, one_in_eight_is_less_urgent);
	tcase_add_test(tc, eighteen_less_urgent_ranks_take_half_at_most);
	tcase_add_test(tc, a_sender_is_told_of_once_with_all_that_waits);
	tcase_add_test(tc, who_has_left_is_no_sender_any_more);
	return run_suite(suite);
}
