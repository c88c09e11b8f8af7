/* unit/check_lane.c - domains that share hosts share a site. */
#include "schedule/lane.h"

#include <stdio.h>

#include "base/time.h"
#include "ipc/messages.h"
#include "tests/unit/run.h"

enum { MANY = 100 };

static char any[] = "*", big[] = "mx:*.big.test", own[] = "own.test";
static struct shaping_conf shapings[] = {
	{ .title = any,
	    .connections = 20,
	    .messages_per_connection = 100,
	    .recipients_per_message = 100 },
	{ .title = big,
	    .connections = 3,
	    .messages_per_connection = 10,
	    .recipients_per_message = 5,
	    .rate_per_second = 2 },
	{ .title = own,
	    .connections = 7,
	    .messages_per_connection = 100,
	    .recipients_per_message = 100 },
};
static struct conf conf = { .shapings = shapings, .shaping_count = 3 };
static struct plan *plan;
static struct lane_table *lanes;

static void
set_up(void)
{
	plan = plan_new(10);
	lanes = lane_table_new(plan);
}

static void
tear_down(void)
{
	lane_table_free(&lanes);
	plan_free(&plan);
}

static struct lane *
get_by(const char *target, const char *destination, const char *policy)
{
	const struct lane_want want = { .target = slice_of(target),
		.name = slice_of(target),
		.policy = slice_of(policy),
		.route = SLICE("*"),
		.destination = slice_of(destination),
		.is_remote = true };

	return lane_get(lanes, &conf, &want, 1);
}

static struct lane *
get(const char *domain)
{
	char target[64];

	(void)snprintf(target, sizeof(target), "mx:%s", domain);
	return get_by(target, domain, "");
}

static uint64_t
digest(const char *hosts)
{
	uint64_t sum = MX_UNKNOWN + 1;

	for (; *hosts != '\0'; hosts++)
		sum = sum * 31 + (unsigned char)*hosts;
	return sum;
}

/* DNS says that; the first is the best. */
static bool
learn(struct lane *lane, const char *hosts)
{
	struct slice rest = slice_of(hosts);
	const struct lane_mx mx = { digest(hosts), slice_of(hosts),
		slice_take_until(&rest, ' ') };

	return lane_move(lanes, lane, &conf, &mx, 2);
}

static struct plan_facts
facts(const struct lane *lane)
{
	struct plan_facts f;

	plan_site_facts(lane->site->plan, &f);
	return f;
}

static bool
is_called(const struct lane *lane, const char *name)
{
	return slice_is(lane->site->name, name);
}

START_TEST(a_lane_begins_at_a_site_of_its_own)
{
	struct lane *a = get("a.test"), *b = get("b.test");

	ck_assert_ptr_eq(get("a.test"), a);
	ck_assert_ptr_ne(a->site, b->site);
	ck_assert(is_called(a, "mx:a.test"));
	ck_assert_uint_eq(lane_mx_to_check(a, 1), MX_UNKNOWN);
	ck_assert_ptr_eq(lane_by_number(lanes, b->number), b);
}
END_TEST

START_TEST(the_same_hosts_are_one_site)
{
	struct lane *a = get("a.test"), *b = get("b.test"), *c = get("c.test");

	ck_assert(learn(a, "mx1.p.test mx2.p.test"));
	ck_assert(learn(b, "mx1.p.test mx2.p.test"));
	ck_assert(learn(c, "mx1.p.test"));
	ck_assert(!learn(b, "mx1.p.test mx2.p.test"));
	ck_assert_ptr_eq(a->site, b->site);
	ck_assert_ptr_ne(a->site, c->site);
	ck_assert(is_called(a, "mx1.p.test"));
	ck_assert(is_called(c, "mx1.p.test#*"));
	ck_assert_uint_eq(a->site->lane_count, 2);
	lane_table_sweep(lanes, 3);
	ck_assert_ptr_null(plan_site_find(plan, SLICE("mx:a.test")));
}
END_TEST

START_TEST(a_site_is_found_by_its_name_and_its_domains)
{
	struct lane *a = get("a.test");

	(void)learn(a, "mx1.p.test");
	lane_table_sweep(lanes, 3);
	ck_assert_ptr_eq(lane_table_find(lanes, SLICE("mx1.p.test")),
	    a->site->plan);
	ck_assert_ptr_eq(lane_table_find(lanes, SLICE("mx:a.test")),
	    a->site->plan);
	ck_assert_ptr_eq(lane_table_find(lanes, SLICE("a.test")),
	    a->site->plan);
	ck_assert_ptr_null(lane_table_find(lanes, SLICE("b.test")));
}
END_TEST

START_TEST(other_ways_to_the_same_hosts_are_other_sites)
{
	struct lane *a = get("a.test");
	struct lane *port = get_by("mx:b.test:2525", "b.test", "");
	struct lane *login = get_by("mx:c.test", "c.test", "user=u");

	(void)learn(a, "mx.p.test");
	(void)learn(port, "mx.p.test");
	(void)learn(login, "mx.p.test");
	ck_assert_ptr_ne(a->site, port->site);
	ck_assert_ptr_ne(a->site, login->site);
	ck_assert_ptr_ne(port->site, login->site);
}
END_TEST

START_TEST(a_pattern_holds_over_all_whose_hosts_fit)
{
	struct lane *a = get("a.test"), *b = get("b.test"), *c = get("c.test");

	ck_assert_uint_eq(facts(a).limits.connections, 20);
	(void)learn(a, "MX1.big.test");
	(void)learn(b, "mx2.big.test mx3.big.test");
	(void)learn(c, "mx1.big.test mx.small.test");
	ck_assert_ptr_eq(a->site, b->site);
	ck_assert(is_called(a, big));
	ck_assert_uint_eq(facts(a).limits.connections, 3);
	ck_assert_uint_eq(a->site->messages_per_connection, 10);
	ck_assert_uint_eq(a->site->recipients_per_message, 5);
	/* One host that does not fit: the limit holds, for them alone. */
	ck_assert_ptr_ne(a->site, c->site);
	ck_assert_uint_eq(facts(c).limits.connections, 3);
	ck_assert(learn(a, "mx.small.test"));
	ck_assert_uint_eq(facts(a).limits.connections, 20);
}
END_TEST

START_TEST(a_section_of_its_own_keeps_a_domain_apart)
{
	struct lane *a = get("a.test"), *o = get("own.test");

	(void)learn(a, "mx1.big.test");
	(void)learn(o, "mx1.big.test");
	ck_assert_ptr_ne(a->site, o->site);
	ck_assert_uint_eq(facts(o).limits.connections, 7);
}
END_TEST

START_TEST(a_reload_shapes_anew_and_asks_again)
{
	struct lane *a = get("a.test");

	(void)learn(a, "mx1.big.test");
	ck_assert_uint_eq(lane_mx_to_check(a, 2 + HOUR),
	    digest("mx1.big.test"));
	shapings[1].connections = 4;
	lane_table_shape(lanes, &conf, 3);
	shapings[1].connections = 3;
	ck_assert_uint_eq(facts(a).limits.connections, 4);
	ck_assert_uint_eq(lane_mx_to_check(a, 3), MX_UNKNOWN);
}
END_TEST

START_TEST(a_host_that_is_named_has_no_mx)
{
	struct lane *a = get_by("smtp:mx1.big.test", "mx1.big.test", "");

	ck_assert_uint_eq(lane_mx_to_check(a, 1), MX_ANY);
	ck_assert(!learn(a, "mx1.big.test"));
	ck_assert_uint_eq(facts(a).limits.connections, 20);
}
END_TEST

START_TEST(a_set_that_changes_is_followed_once_a_minute)
{
	struct lane *a = get("a.test"), *b = get("b.test");

	(void)learn(a, "mx1.p.test");
	(void)learn(b, "mx1.p.test");
	ck_assert_uint_eq(lane_mx_to_check(a, 3), MX_ANY);
	ck_assert_uint_eq(lane_mx_to_check(a, 2 + MINUTE),
	    digest("mx1.p.test"));
	ck_assert(learn(a, "mx1.q.test"));
	ck_assert(is_called(a, "mx1.q.test"));
	ck_assert(is_called(b, "mx1.p.test"));
}
END_TEST

START_TEST(who_has_no_hosts_any_more_leaves_the_others)
{
	struct lane *a = get("a.test"), *b = get("b.test");

	(void)learn(a, "mx1.p.test");
	(void)learn(b, "mx1.p.test");
	ck_assert(learn(a, ""));
	ck_assert(!a->site->is_shared);
	ck_assert_uint_eq(b->site->lane_count, 1);
	ck_assert_uint_eq(lane_mx_to_check(a, 3), MX_UNKNOWN);
	ck_assert(!learn(a, ""));
}
END_TEST

START_TEST(what_was_suspended_ahead_is_that_site)
{
	const struct plan_limits one = { 1, 0 };
	struct lane *a, *b;

	plan_suspend(plan, plan_site(plan, SLICE("mx1.p.test"), &one),
	    INT64_MAX);
	plan_suspend(plan, plan_site(plan, SLICE("b.test"), &one), INT64_MAX);
	a = get("a.test");
	b = get("b.test");
	ck_assert_int_eq(facts(a).state, SITE_OPEN);
	ck_assert(learn(a, "mx1.p.test"));
	ck_assert_int_eq(facts(a).state, SITE_SUSPENDED);
	ck_assert_int_eq(facts(b).state, SITE_SUSPENDED);
	/* What a job under way finds out does not undo it. */
	ck_assert(!learn(b, "mx1.q.test"));
	ck_assert_int_eq(facts(b).state, SITE_SUSPENDED);
}
END_TEST

START_TEST(counts_move_with_their_lane)
{
	struct lane *a = get("a.test"), *b = get("b.test");

	(void)learn(b, "mx1.p.test");
	lane_count_deferred(a, true);
	lane_count_deferred(a, true);
	lane_count_deferred(b, true);
	(void)learn(a, "mx1.p.test");
	ck_assert_uint_eq(a->site->deferred, 3);
	lane_count_deferred(a, false);
	ck_assert_uint_eq(a->site->deferred, 2);
	(void)learn(b, "mx1.q.test");
	ck_assert_uint_eq(a->site->deferred, 1);
	ck_assert_uint_eq(b->site->deferred, 1);
}
END_TEST

START_TEST(idle_connections_count_for_the_site)
{
	struct lane *a = get("a.test"), *b = get("b.test");

	(void)learn(a, "mx1.p.test");
	(void)learn(b, "mx1.p.test");
	lane_idle_add(a, 1, 100);
	lane_idle_add(b, 2, 100);
	lane_idle_add(b, 2, 100);
	ck_assert_uint_eq(a->site->idle_count, 3);
	ck_assert_ptr_eq(TAILQ_FIRST(&a->site->idle), a);
	ck_assert_int_eq(lane_idle_take(b, 50), 2);
	ck_assert_int_eq(lane_idle_take(a, 50), 1);
	ck_assert_int_eq(lane_idle_take(a, 50), -1);
	ck_assert_uint_eq(a->site->idle_count, 1);
	ck_assert_int_eq(lane_idle_take(b, 100), -1); /* their time is over */
	ck_assert_uint_eq(a->site->idle_count, 0);
	ck_assert(TAILQ_EMPTY(&a->site->idle));
}
END_TEST

START_TEST(what_is_not_used_is_forgotten)
{
	struct lane *all[MANY];
	char name[32];

	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "d%zu.test", i);
		all[i] = get(name);
		(void)learn(all[i], i % 2 == 0 ? "mx1.p.test" : "mx1.q.test");
	}
	lane_count_deferred(all[1], true);
	lane_table_sweep(lanes, 20 * MINUTE);
	for (size_t i = 0; i < LANE_NUMBER_MAX; i += 1000)
		lane_table_sweep(lanes, 20 * MINUTE);
	ck_assert_ptr_null(plan_site_find(plan, SLICE("mx1.p.test")));
	ck_assert_ptr_eq(get("d1.test"), all[1]);
	ck_assert_uint_eq(all[1]->site->lane_count, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lane");
	TCase *tc = tcase_create("lane");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_lane_begins_at_a_site_of_its_own);
	tcase_add_test(tc, the_same_hosts_are_one_site);
	tcase_add_test(tc, a_site_is_found_by_its_name_and_its_domains);
	tcase_add_test(tc, other_ways_to_the_same_hosts_are_other_sites);
	tcase_add_test(tc, a_pattern_holds_over_all_whose_hosts_fit);
	tcase_add_test(tc, a_section_of_its_own_keeps_a_domain_apart);
	tcase_add_test(tc, a_reload_shapes_anew_and_asks_again);
	tcase_add_test(tc, a_host_that_is_named_has_no_mx);
	tcase_add_test(tc, a_set_that_changes_is_followed_once_a_minute);
	tcase_add_test(tc, who_has_no_hosts_any_more_leaves_the_others);
	tcase_add_test(tc, what_was_suspended_ahead_is_that_site);
	tcase_add_test(tc, counts_move_with_their_lane);
	tcase_add_test(tc, idle_connections_count_for_the_site);
	tcase_add_test(tc, what_is_not_used_is_forgotten);
	return run_suite(suite);
}
