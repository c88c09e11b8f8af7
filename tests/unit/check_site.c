/* unit/check_site.c - a site's pace, once its MX host is known. */
#include "tests/unit/run.h"

#include "schedule/site.h"

static char any[] = "*", big[] = "mx:*.big.test", own[] = "own.test";
static struct shaping_conf shapings[] = {
	{ any, 20, 100, 100, 0, NULL, 0, 0 },
	{ big, 3, 10, 5, 2, NULL, 0, 0 },
	{ own, 7, 100, 100, 0, NULL, 0, 0 },
};
static struct conf conf = { .shapings = shapings, .shaping_count = 3 };
static struct plan *plan;
static struct site_table *sites;

static void
set_up(void)
{
	plan = plan_new(10);
	sites = site_table_new(plan);
}

static void
tear_down(void)
{
	site_table_free(&sites);
	plan_free(&plan);
}

static struct site *
get(const char *target, const char *destination)
{
	const struct site_want want = { .target = slice_of(target),
		.name = slice_of(target),
		.route = SLICE("*"),
		.destination = slice_of(destination),
		.is_remote = true };

	return site_get(sites, &conf, &want, 1);
}

static uint32_t
connections(const struct site *s)
{
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	return facts.limits.connections;
}

START_TEST(the_mx_host_decides_once_it_is_known)
{
	struct site *s = get("mx:a.test", "a.test");

	ck_assert_uint_eq(connections(s), 20);
	site_learn_mx(sites, s, &conf, SLICE_NONE, 2);
	ck_assert_uint_eq(connections(s), 20);
	site_learn_mx(sites, s, &conf, SLICE("MX1.big.test"), 2);
	ck_assert_uint_eq(connections(s), 3);
	ck_assert_uint_eq(s->messages_per_connection, 10);
	ck_assert_uint_eq(s->recipients_per_message, 5);
	site_learn_mx(sites, s, &conf, SLICE("mx2.big.test"), 3);
	ck_assert_uint_eq(connections(s), 3);
	site_learn_mx(sites, s, &conf, SLICE("mx.small.test"), 4);
	ck_assert_uint_eq(connections(s), 20);
}
END_TEST

START_TEST(it_outlives_a_reload)
{
	struct site *s = get("mx:a.test", "a.test");

	site_learn_mx(sites, s, &conf, SLICE("mx1.big.test"), 2);
	shapings[1].connections = 4;
	site_table_shape(sites, &conf, 3);
	shapings[1].connections = 3;
	ck_assert_uint_eq(connections(s), 4);
}
END_TEST

START_TEST(a_host_that_is_named_has_no_mx)
{
	struct site *s = get("smtp:mx1.big.test", "mx1.big.test");

	site_learn_mx(sites, s, &conf, SLICE("mx1.big.test"), 2);
	ck_assert_uint_eq(connections(s), 20);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("site");
	TCase *tc = tcase_create("site");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_mx_host_decides_once_it_is_known);
	tcase_add_test(tc, it_outlives_a_reload);
	tcase_add_test(tc, a_host_that_is_named_has_no_mx);
	return run_suite(suite);
}
