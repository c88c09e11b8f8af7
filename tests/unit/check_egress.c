/* unit/check_egress.c - which address, which name, and when there is none. */
#include "tests/unit/run.h"

#include "deliver/egress.h"

static char host[] = "mx.here.test", helo[] = "out.here.test", none[] = "";
static char *sources[] = { (char[]){ "192.0.2.1=a.test" },
	(char[]){ "2001:db8::1" }, (char[]){ "192.0.2.2" } };
static const struct conf conf = { .hostname = host };

static struct slice usable;

static void
expect(const struct route_conf *route, uint8_t version, uint64_t number,
    const char *source, const char *name)
{
	struct egress got;
	char text[IP_TEXT_SIZE] = "";

	ck_assert(egress_choose(&conf, route, version, usable, number, &got));
	if (got.source.version != 0)
		ip_text(&got.source, text);
	ck_assert_str_eq(text, source);
	ck_assert_str_eq(got.helo, name);
}

START_TEST(without_sources_the_system_chooses)
{
	const struct route_conf plain = { .helo = none };
	const struct route_conf named = { .helo = helo };

	expect(NULL, 4, 7, "", host);
	expect(&plain, 6, 7, "", host);
	expect(&named, 4, 7, "", helo);
}
END_TEST

START_TEST(messages_take_the_sources_of_the_family_in_turn)
{
	const struct route_conf route = { .helo = helo,
		.source = { sources, 3 } };

	expect(&route, 4, 0, "192.0.2.1", "a.test");
	expect(&route, 4, 1, "192.0.2.2", helo);
	expect(&route, 4, 2, "192.0.2.1", "a.test");
	expect(&route, 6, 5, "2001:db8::1", helo);
	expect(&route, 0, 5, "", helo);
}
END_TEST

START_TEST(what_the_scheduler_leaves_out_is_not_used)
{
	const struct route_conf route = { .helo = none,
		.source = { sources, 3 } };
	struct egress got;

	usable = SLICE("192.0.2.2 2001:db8::1");
	expect(&route, 4, 0, "192.0.2.2", host);
	expect(&route, 4, 1, "192.0.2.2", host);
	usable = SLICE("192.0.2.1");
	expect(&route, 4, 1, "192.0.2.1", "a.test");
	ck_assert(!egress_choose(&conf, &route, 6, usable, 0, &got));
	usable = SLICE_NONE;
}
END_TEST

START_TEST(a_family_without_a_source_is_not_used)
{
	const struct route_conf route = { .helo = none,
		.source = { sources, 1 } };
	struct egress got;

	ck_assert(!egress_choose(&conf, &route, 6, SLICE_NONE, 0, &got));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/egress");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, without_sources_the_system_chooses);
	tcase_add_test(tc, messages_take_the_sources_of_the_family_in_turn);
	tcase_add_test(tc, what_the_scheduler_leaves_out_is_not_used);
	tcase_add_test(tc, a_family_without_a_source_is_not_used);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
