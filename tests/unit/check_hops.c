/* unit/check_hops.c - who shares, who stands in, and who is left alone. */
#include "tests/unit/run.h"

#include "schedule/hops.h"

enum { MESSAGES = 3000 };

static const struct hops_question any = { .share = true, .at_worst = HOP_DOWN };

static size_t
choose(const struct hop *hops, size_t n, uint64_t message)
{
	struct hops_question q = any;

	q.message = message;
	return hops_choose(hops, n, &q);
}

START_TEST(hops_of_one_kind_share_evenly)
{
	const struct hop hops[3] = { { HOP_OPEN, 1 }, { HOP_OPEN, 1 },
		{ HOP_OPEN, 1 } };
	unsigned got[3] = { 0 };

	for (uint64_t id = 0; id < MESSAGES; id++)
		got[choose(hops, 3, id << 20)]++;
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_gt(got[i], MESSAGES / 3 - 150);
		ck_assert_uint_lt(got[i], MESSAGES / 3 + 150);
	}
}
END_TEST

START_TEST(the_mail_of_a_hop_that_fails_spreads_and_no_other_moves)
{
	struct hop hops[3] = { { HOP_OPEN, 1 }, { HOP_OPEN, 1 },
		{ HOP_OPEN, 1 } };
	unsigned moved[3] = { 0 };

	for (uint64_t id = 0; id < MESSAGES; id++) {
		size_t before = choose(hops, 3, id);
		size_t after;

		hops[1].state = HOP_DOWN;
		after = choose(hops, 3, id);
		hops[1].state = HOP_OPEN;
		if (before != 1)
			ck_assert_uint_eq(after, before);
		else
			moved[after]++;
	}
	ck_assert_uint_eq(moved[1], 0);
	ck_assert_uint_gt(moved[0], MESSAGES / 6 - 150);
	ck_assert_uint_gt(moved[2], MESSAGES / 6 - 150);
}
END_TEST

START_TEST(in_order_the_first_that_works_has_it_all)
{
	struct hop hops[2] = { { HOP_OPEN, 1 }, { HOP_OPEN, 1 } };
	struct hops_question q = any;

	q.share = false;
	for (q.message = 0; q.message < 50; q.message++)
		ck_assert_uint_eq(hops_choose(hops, 2, &q), 0);
	hops[0].state = HOP_PROBED;
	for (q.message = 0; q.message < 50; q.message++)
		ck_assert_uint_eq(hops_choose(hops, 2, &q), 1);
}
END_TEST

START_TEST(another_kind_is_for_when_the_first_does_not_work)
{
	struct hop hops[3] = { { HOP_OPEN, 0 }, { HOP_OPEN, 1 },
		{ HOP_OPEN, 1 } };

	for (uint64_t id = 0; id < 50; id++)
		ck_assert_uint_eq(choose(hops, 3, id), 0);
	hops[0].state = HOP_DOWN;
	for (uint64_t id = 0; id < 50; id++)
		ck_assert_uint_gt(choose(hops, 3, id), 0);
}
END_TEST

START_TEST(each_attempt_begins_with_the_next_hop)
{
	const struct hop hops[3] = { { HOP_OPEN, 1 }, { HOP_OPEN, 1 },
		{ HOP_OPEN, 1 } };
	struct hops_question q = any;
	unsigned seen = 0;

	q.message = 7;
	for (q.turn = 0; q.turn < 3; q.turn++)
		seen |= 1u << hops_choose(hops, 3, &q);
	ck_assert_uint_eq(seen, 7);
	ck_assert_uint_eq(hops_choose(hops, 3, &q), choose(hops, 3, 7));
}
END_TEST

START_TEST(a_hop_without_a_probe_is_tried_by_its_own_messages)
{
	const struct hop hops[2] = { { HOP_PROBE, 1 }, { HOP_OPEN, 1 } };
	unsigned got[2] = { 0 };

	for (uint64_t id = 0; id < 100; id++)
		got[choose(hops, 2, id)]++;
	ck_assert_uint_gt(got[0], 20);
	ck_assert_uint_gt(got[1], 20);
}
END_TEST

START_TEST(a_probe_under_way_is_waited_for_only_without_others)
{
	struct hop hops[2] = { { HOP_PROBED, 1 }, { HOP_OPEN, 1 } };

	for (uint64_t id = 0; id < 50; id++)
		ck_assert_uint_eq(choose(hops, 2, id), 1);
	hops[1].state = HOP_DOWN;
	for (uint64_t id = 0; id < 50; id++)
		ck_assert_uint_eq(choose(hops, 2, id), 0);
}
END_TEST

START_TEST(what_was_tried_is_not_tried_again)
{
	struct hop hops[2] = { { HOP_TRIED, 1 }, { HOP_DOWN, 1 } };
	struct hops_question q = any;

	ck_assert_uint_eq(hops_choose(hops, 2, &q), 1);
	q.at_worst = HOP_PROBE;
	ck_assert_uint_eq(hops_choose(hops, 2, &q), 2);
	hops[1].state = HOP_PROBE;
	ck_assert_uint_eq(hops_choose(hops, 2, &q), 1);
	hops[1].state = HOP_TRIED;
	q.at_worst = HOP_DOWN;
	ck_assert_uint_eq(hops_choose(hops, 2, &q), 2);
	ck_assert_uint_eq(hops_choose(hops, 0, &q), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hops");
	TCase *tc = tcase_create("hops");

	tcase_add_test(tc, hops_of_one_kind_share_evenly);
	tcase_add_test(tc,
	    the_mail_of_a_hop_that_fails_spreads_and_no_other_moves);
	tcase_add_test(tc, in_order_the_first_that_works_has_it_all);
	tcase_add_test(tc, another_kind_is_for_when_the_first_does_not_work);
	tcase_add_test(tc, each_attempt_begins_with_the_next_hop);
	tcase_add_test(tc, a_hop_without_a_probe_is_tried_by_its_own_messages);
	tcase_add_test(tc, a_probe_under_way_is_waited_for_only_without_others);
	tcase_add_test(tc, what_was_tried_is_not_tried_again);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
