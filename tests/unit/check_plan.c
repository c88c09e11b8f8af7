/* unit/check_plan.c - who may start, and what the plan learns from the end. */
#include <stdio.h>

#include "base/time.h"
#include "schedule/plan.h"
#include "tests/unit/run.h"

static const struct plan_limits wide = { .connections = 20 };
static struct plan *plan;
static int64_t now;

static void
setup(void)
{
	int64_t rests[] = { 60 * SECOND, 300 * SECOND };

	now = 1000;
	plan = plan_new(1000);
	plan_set_rests(plan, rests, 2);
}

static struct plan_site *
site(const char *name)
{
	return plan_site(plan, slice_of(name), &wide);
}

static bool
add(struct plan_load *load, struct plan_site *s, const char *sender)
{
	load->cost = 1;
	return plan_add(plan, s, load, slice_of(sender), now);
}

static struct plan_facts
facts(const struct plan_site *s)
{
	struct plan_facts f;

	plan_site_facts(s, &f);
	return f;
}

static void
end(struct plan_load *load, enum job_trouble trouble)
{
	ck_assert_int_eq(plan_done(plan, load, trouble, now), PLAN_SAME);
}

/* Runs `count` loads of sender "a" one after the other, all well. */
static void
succeed(struct plan_site *s, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct plan_load load = { 0 };

		ck_assert(add(&load, s, "a"));
		ck_assert_ptr_eq(plan_next(plan, now), &load);
		ck_assert_int_eq(plan_done(plan, &load, TROUBLE_NONE, now),
		    PLAN_SAME);
	}
}

/* Starts all that may start. */
static unsigned
start(struct plan_load **started)
{
	unsigned n = 0;

	while ((started[n] = plan_next(plan, now)) != NULL)
		n++;
	return n;
}

START_TEST(no_more_start_than_the_window_lets)
{
	struct plan_load loads[5] = { 0 };
	struct plan_load *got[6];

	for (int i = 0; i < 5; i++)
		ck_assert(add(&loads[i], site("s"), "a"));
	ck_assert_uint_eq(start(got), 2);
	ck_assert_int_eq(plan_done(plan, got[0], TROUBLE_NONE, now), PLAN_SAME);
	ck_assert_uint_eq(facts(site("s")).window, 3);
	ck_assert_uint_eq(start(got), 2);
	ck_assert_uint_eq(facts(site("s")).ready, 1);
	ck_assert_uint_eq(plan_under_way(plan), 3);
}
END_TEST

START_TEST(a_window_grows_only_when_it_is_full)
{
	succeed(site("s"), 50); /* never two at once */
	ck_assert_uint_eq(facts(site("s")).window, 2);
}
END_TEST

START_TEST(a_window_never_passes_the_shaping)
{
	struct plan_limits narrow = { .connections = 3 };
	struct plan_site *s = plan_site(plan, slice_of("n"), &narrow);
	struct plan_load loads[40] = { 0 };
	struct plan_load *got[41];
	unsigned left = 40;

	for (int i = 0; i < 40; i++)
		ck_assert(add(&loads[i], s, "a"));
	while (left > 0) {
		unsigned n = start(got);

		ck_assert_uint_le(n, 3);
		left -= n;
		for (unsigned i = 0; i < n; i++)
			end(got[i], TROUBLE_NONE);
	}
	ck_assert_uint_eq(facts(s).window, 3);
	plan_site_limit(plan, s, &(struct plan_limits){ 1, 0 }, now);
	ck_assert_uint_eq(facts(s).window, 1);
}
END_TEST

/* A connection costs more than a message: so its site sends the next one too.
 */
START_TEST(a_site_that_was_served_goes_on_for_a_while)
{
	struct plan_site *busy = site("busy");
	struct plan_site *other = site("other");
	struct plan_load loads[40] = { 0 };
	struct plan_load others[40] = { 0 };
	unsigned run = 0;

	succeed(busy, 1);
	succeed(other, 1);
	plan_set_capacity(plan, 1);
	for (int i = 0; i < 40; i++) {
		ck_assert(add(&loads[i], busy, "a"));
		ck_assert(add(&others[i], other, "a"));
	}
	for (struct plan_load *l = plan_next(plan, now); l->site == busy;
	     l = plan_next(plan, now), run++)
		end(l, TROUBLE_NONE);
	ck_assert_uint_ge(run, 10);
	ck_assert_uint_le(run, 20);
}
END_TEST

START_TEST(a_site_that_fails_does_not_go_on)
{
	struct plan_site *busy = site("busy");
	struct plan_site *other = site("other");
	struct plan_load loads[3] = { 0 };
	struct plan_load one = { 0 };
	struct plan_load *l;

	succeed(busy, 1);
	succeed(other, 1);
	plan_set_capacity(plan, 1);
	for (int i = 0; i < 3; i++)
		ck_assert(add(&loads[i], busy, "a"));
	ck_assert(add(&one, other, "a"));
	l = plan_next(plan, now);
	ck_assert_ptr_eq(l, &loads[0]);
	end(l, TROUBLE_CONNECTION);
	ck_assert_ptr_eq(plan_next(plan, now), &one);
}
END_TEST

START_TEST(senders_take_turns)
{
	struct plan_load bulk[100] = { 0 };
	struct plan_load one = { 0 };
	struct plan_site *s = site("s");
	struct plan_load *next;

	for (int i = 0; i < 100; i++)
		ck_assert(add(&bulk[i], s, "bulk"));
	ck_assert(add(&one, s, "someone"));
	next = plan_next(plan, now);
	ck_assert_ptr_eq(next, &bulk[0]);
	next = plan_next(plan, now);
	ck_assert_ptr_eq(next, &one);
}
END_TEST

START_TEST(what_costs_more_skips_turns)
{
	struct plan_load dear[10] = { 0 };
	struct plan_load cheap[40] = { 0 };
	struct plan_site *s = site("s");
	unsigned dear_seen = 0;

	for (int i = 0; i < 10; i++) {
		ck_assert(add(&dear[i], s, "dear") && dear[i].cost == 1);
		dear[i].cost = 10;
	}
	for (int i = 0; i < 40; i++)
		ck_assert(add(&cheap[i], s, "cheap"));
	for (int i = 0; i < 22; i++) {
		struct plan_load *load = plan_next(plan, now);

		dear_seen += load->cost == 10 ? 1 : 0;
		end(load, TROUBLE_LOCAL);
	}
	ck_assert_uint_eq(dear_seen, 2);
}
END_TEST

START_TEST(fresh_mail_goes_first_but_retries_are_not_starved)
{
	struct plan_load retry[3] = { 0 };
	struct plan_load fresh[40] = { 0 };
	struct plan_site *s = site("s");
	unsigned retries = 0;

	for (int i = 0; i < 3; i++) {
		retry[i].retry = true;
		ck_assert(add(&retry[i], s, "a"));
	}
	for (int i = 0; i < 40; i++)
		ck_assert(add(&fresh[i], s, "a"));
	for (int i = 0; i < 16; i++) {
		struct plan_load *load = plan_next(plan, now);

		if (i < 7)
			ck_assert(!load->retry);
		retries += load->retry ? 1 : 0;
		end(load, TROUBLE_LOCAL);
	}
	ck_assert_uint_eq(retries, 2);
}
END_TEST

START_TEST(a_dead_site_gives_up_all_its_mail_and_is_probed_by_one)
{
	struct plan_load loads[10] = { 0 };
	struct plan_load *got[11];
	struct plan_load *load;
	struct plan_site *s = site("dead");
	unsigned drained = 0;

	for (int i = 0; i < 10; i++)
		ck_assert(add(&loads[i], s, "a"));
	ck_assert_uint_eq(start(got), 2);
	ck_assert_int_eq(plan_done(plan, got[0], TROUBLE_SITE, now), PLAN_DOWN);
	/* The second failure of the same moment is no second failure. */
	ck_assert_int_eq(plan_done(plan, got[1], TROUBLE_SITE, now), PLAN_SAME);
	while (plan_drain(plan, s) != NULL)
		drained++;
	ck_assert_uint_eq(drained, 8);
	ck_assert_uint_eq(facts(s).failures, 1);
	ck_assert_int_eq(facts(s).until_ms, now + 60 * SECOND);
	ck_assert(!add(&loads[0], s, "a"));

	now += 60 * SECOND;
	for (int i = 0; i < 10; i++)
		ck_assert(add(&loads[i], s, "a"));
	ck_assert_uint_eq(start(got), 1);
	ck_assert_int_eq(plan_done(plan, got[0], TROUBLE_SITE, now), PLAN_DOWN);
	ck_assert_int_eq(facts(s).until_ms, now + 300 * SECOND);
	while (plan_drain(plan, s) != NULL)
		;

	now += 300 * SECOND;
	for (int i = 0; i < 10; i++)
		ck_assert(add(&loads[i], s, "a"));
	ck_assert_uint_eq(start(got), 1);
	load = got[0];
	ck_assert_int_eq(plan_done(plan, load, TROUBLE_NONE, now), PLAN_UP);
	ck_assert_uint_eq(facts(s).failures, 0);
	ck_assert_uint_eq(start(got), 2);
}
END_TEST

START_TEST(one_failure_among_successes_is_no_death)
{
	struct plan_load loads[2] = { 0 };
	struct plan_site *s = site("s");
	struct plan_load *got[3];

	ck_assert(add(&loads[0], s, "a"));
	ck_assert(add(&loads[1], s, "a"));
	ck_assert_uint_eq(start(got), 2);
	now += SECOND;
	ck_assert_int_eq(plan_done(plan, got[0], TROUBLE_NONE, now), PLAN_SAME);
	ck_assert_int_eq(plan_done(plan, got[1], TROUBLE_SITE, now), PLAN_SAME);
	ck_assert_int_eq(facts(s).state, SITE_OPEN);
	ck_assert_uint_eq(facts(s).window, 1);
}
END_TEST

START_TEST(a_late_success_opens_a_resting_site)
{
	struct plan_load loads[2] = { 0 };
	struct plan_site *s = site("s");
	struct plan_load *got[3];

	ck_assert(add(&loads[0], s, "a"));
	ck_assert(add(&loads[1], s, "a"));
	ck_assert_uint_eq(start(got), 2);
	ck_assert_int_eq(plan_done(plan, got[0], TROUBLE_SITE, now), PLAN_DOWN);
	now += SECOND;
	ck_assert_int_eq(plan_done(plan, got[1], TROUBLE_NONE, now), PLAN_UP);
	ck_assert_int_eq(facts(s).state, SITE_OPEN);
}
END_TEST

START_TEST(connections_that_break_five_times_running_are_a_dead_site)
{
	struct plan_site *s = site("s");

	for (int i = 1; i <= 5; i++) {
		struct plan_load load = { 0 };

		ck_assert(add(&load, s, "a"));
		ck_assert_ptr_eq(plan_next(plan, now), &load);
		ck_assert_int_eq(plan_done(plan, &load, TROUBLE_CONNECTION,
				     now),
		    i < 5 ? PLAN_SAME : PLAN_DOWN);
	}
}
END_TEST

START_TEST(a_site_that_refuses_even_one_rests)
{
	struct plan_site *s = site("s");
	struct plan_load load = { 0 };

	ck_assert(add(&load, s, "a"));
	ck_assert_ptr_eq(plan_next(plan, now), &load);
	ck_assert_int_eq(plan_done(plan, &load, TROUBLE_BUSY, now), PLAN_SAME);
	ck_assert_uint_eq(facts(s).window, 1);
	now++;
	ck_assert(add(&load, s, "a"));
	ck_assert_ptr_eq(plan_next(plan, now), &load);
	ck_assert_int_eq(plan_done(plan, &load, TROUBLE_BUSY, now), PLAN_DOWN);
}
END_TEST

START_TEST(our_own_trouble_does_not_count_against_the_site)
{
	struct plan_site *s = site("s");

	for (int i = 0; i < 20; i++) {
		struct plan_load load = { 0 };

		ck_assert(add(&load, s, "a"));
		ck_assert_ptr_eq(plan_next(plan, now), &load);
		ck_assert_int_eq(plan_done(plan, &load, TROUBLE_LOCAL, now),
		    PLAN_SAME);
	}
	ck_assert_int_eq(facts(s).state, SITE_OPEN);
	ck_assert_uint_eq(facts(s).window, 2);
}
END_TEST

START_TEST(a_rate_is_kept_to_the_millisecond)
{
	struct plan_limits slow = { .connections = 20, .rate_per_second = 2 };
	struct plan_site *s = plan_site(plan, slice_of("r"), &slow);
	struct plan_load loads[100] = { 0 };
	unsigned begun = 0;
	int64_t start_at = now;

	for (int i = 0; i < 100; i++)
		ck_assert(add(&loads[i], s, "a"));
	while (now < start_at + 20 * SECOND) {
		struct plan_load *load;

		ck_assert_ptr_null(plan_tick(plan, now));
		while ((load = plan_next(plan, now)) != NULL) {
			begun++;
			end(load, TROUBLE_NONE);
		}
		ck_assert_int_gt(plan_wake_at(plan), now);
		now = plan_wake_at(plan);
	}
	ck_assert_uint_ge(begun, 40);
	ck_assert_uint_le(begun, 42);
}
END_TEST

START_TEST(a_suspended_site_takes_nothing_until_its_time)
{
	struct plan_load load = { 0 };
	struct plan_site *s = site("s");

	ck_assert(add(&load, s, "a"));
	plan_suspend(plan, s, now + HOUR);
	ck_assert_ptr_null(plan_next(plan, now));
	ck_assert_ptr_eq(plan_drain(plan, s), &load);
	ck_assert_ptr_null(plan_drain(plan, s));
	ck_assert(!add(&load, s, "a"));
	plan_nudge(plan, s, now);
	ck_assert_int_eq(facts(s).state, SITE_SUSPENDED);
	ck_assert_int_eq(plan_wake_at(plan), now + HOUR);
	ck_assert_ptr_null(plan_tick(plan, now + HOUR - 1));
	now += HOUR;
	ck_assert_ptr_eq(plan_tick(plan, now), s);
	ck_assert_ptr_null(plan_tick(plan, now));
	ck_assert(add(&load, s, "a"));
	ck_assert_ptr_eq(plan_next(plan, now), &load);

	plan_suspend(plan, s, INT64_MAX);
	ck_assert_int_eq(plan_wake_at(plan), INT64_MAX);
	plan_resume(plan, s, now);
	ck_assert_int_eq(plan_done(plan, &load, TROUBLE_NONE, now), PLAN_SAME);
	ck_assert(plan_forget(plan, s));
	ck_assert_ptr_null(plan_site_find(plan, SLICE("s")));
}
END_TEST

START_TEST(a_nudge_lets_the_next_load_probe)
{
	struct plan_load load = { 0 };
	struct plan_site *s = site("s");

	ck_assert(add(&load, s, "a"));
	ck_assert_ptr_eq(plan_next(plan, now), &load);
	ck_assert_int_eq(plan_done(plan, &load, TROUBLE_SITE, now), PLAN_DOWN);
	ck_assert(!add(&load, s, "a"));
	ck_assert(!plan_forget(plan, s));
	plan_nudge(plan, s, now);
	ck_assert(add(&load, s, "a"));
	ck_assert_ptr_eq(plan_next(plan, now), &load);
}
END_TEST

START_TEST(new_sites_leave_a_quarter_of_the_capacity)
{
	struct plan_load loads[20][2] = { 0 };
	struct plan_load good[2] = { 0 };
	struct plan_load *got[30];

	succeed(site("good"), 1);
	plan_set_capacity(plan, 12);
	for (int i = 0; i < 20; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "s%d", i);
		ck_assert(add(&loads[i][0], site(name), "a"));
		ck_assert(add(&loads[i][1], site(name), "a"));
	}
	ck_assert_uint_eq(start(got), 9);
	ck_assert(add(&good[0], site("good"), "a"));
	ck_assert(add(&good[1], site("good"), "a"));
	ck_assert_uint_eq(start(got), 2);
	ck_assert_ptr_eq(got[0], &good[0]);
	plan_abandon(plan, got[0], now);
	ck_assert_uint_eq(plan_under_way(plan), 10);
}
END_TEST

START_TEST(sick_sites_leave_three_quarters_of_the_capacity)
{
	struct plan_load loads[10] = { 0 };
	struct plan_load fresh[10] = { 0 };
	struct plan_load *got[30];
	char names[10][8];

	for (int i = 0; i < 10; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%d", i);
		ck_assert(add(&loads[i], site(names[i]), "a"));
		ck_assert_ptr_eq(plan_next(plan, now), &loads[i]);
		ck_assert_int_eq(plan_done(plan, &loads[i], TROUBLE_SITE, now),
		    PLAN_DOWN);
	}
	now += DAY;
	plan_set_capacity(plan, 12);
	for (int i = 0; i < 10; i++)
		ck_assert(add(&loads[i], site(names[i]), "a"));
	ck_assert_uint_eq(start(got), 3);
	for (int i = 0; i < 10; i++) {
		names[i][0] = 'n';
		ck_assert(add(&fresh[i], site(names[i]), "a"));
	}
	ck_assert_uint_eq(start(got), 6); /* new ones still find room */
	ck_assert_uint_eq(plan_under_way(plan), 9);
}
END_TEST

/* Six that wait; those that start end well, but for a sixth at once. */
static bool
full_window(struct plan_site *s)
{
	struct plan_load loads[6] = { 0 };
	struct plan_load *got[7];
	unsigned n;

	for (int i = 0; i < 6; i++)
		ck_assert(add(&loads[i], s, "a"));
	n = start(got);
	if (n == 6)
		ck_assert_int_eq(plan_done(plan, got[5], TROUBLE_BUSY, now),
		    PLAN_SAME);
	for (unsigned i = 0; i < n && i < 5; i++)
		ck_assert_int_eq(plan_done(plan, got[i], TROUBLE_NONE, now),
		    PLAN_SAME);
	for (int i = 0; i < 6; i++)
		if (loads[i].flow != NULL)
			plan_remove(plan, &loads[i], now);
	now += 100;
	return n == 6;
}

START_TEST(a_refusal_met_again_does_not_halve_the_window)
{
	struct plan_site *s = site("s");
	unsigned rounds = 0;

	while (!full_window(s))
		ck_assert_uint_lt(++rounds, 10);
	ck_assert_uint_eq(facts(s).ceiling, 5);
	ck_assert_uint_eq(facts(s).window, 3);
	for (rounds = 0; !full_window(s); rounds++)
		ck_assert_uint_lt(rounds, 1000);
	ck_assert_uint_gt(rounds, 50); /* it seldom tries for more */
	ck_assert_uint_eq(facts(s).ceiling, 5);
	ck_assert_uint_eq(facts(s).window, 5);
}
END_TEST

START_TEST(a_load_can_leave_before_its_turn)
{
	struct plan_load loads[2] = { 0 };
	struct plan_site *s = site("s");

	ck_assert(add(&loads[0], s, "a"));
	ck_assert(add(&loads[1], s, "b"));
	plan_remove(plan, &loads[0], now);
	ck_assert_ptr_eq(plan_next(plan, now), &loads[1]);
	ck_assert_ptr_null(plan_next(plan, now));
	ck_assert_uint_eq(plan_ready(plan), 0);
	ck_assert_int_eq(plan_done(plan, &loads[1], TROUBLE_NONE, now),
	    PLAN_SAME);
	plan_free(&plan);
	ck_assert_ptr_null(plan);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("plan");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, no_more_start_than_the_window_lets);
	tcase_add_test(tc, a_window_grows_only_when_it_is_full);
	tcase_add_test(tc, a_window_never_passes_the_shaping);
	tcase_add_test(tc, a_site_that_was_served_goes_on_for_a_while);
	tcase_add_test(tc, a_site_that_fails_does_not_go_on);
	tcase_add_test(tc, senders_take_turns);
	tcase_add_test(tc, what_costs_more_skips_turns);
	tcase_add_test(tc, fresh_mail_goes_first_but_retries_are_not_starved);
	tcase_add_test(tc,
	    a_dead_site_gives_up_all_its_mail_and_is_probed_by_one);
	tcase_add_test(tc, one_failure_among_successes_is_no_death);
	tcase_add_test(tc, a_late_success_opens_a_resting_site);
	tcase_add_test(tc,
	    connections_that_break_five_times_running_are_a_dead_site);
	tcase_add_test(tc, a_site_that_refuses_even_one_rests);
	tcase_add_test(tc, our_own_trouble_does_not_count_against_the_site);
	tcase_add_test(tc, a_rate_is_kept_to_the_millisecond);
	tcase_add_test(tc, a_suspended_site_takes_nothing_until_its_time);
	tcase_add_test(tc, a_nudge_lets_the_next_load_probe);
	tcase_add_test(tc, new_sites_leave_a_quarter_of_the_capacity);
	tcase_add_test(tc, a_refusal_met_again_does_not_halve_the_window);
	tcase_add_test(tc, sick_sites_leave_three_quarters_of_the_capacity);
	tcase_add_test(tc, a_load_can_leave_before_its_turn);
	return run_suite(suite);
}
