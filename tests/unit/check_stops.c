/* unit/check_stops.c - which address comes when, and after a race. */
#include "tests/unit/run.h"

#include <string.h>

#include "deliver/stops.h"

enum { MANY = 8 };

static struct stop stops[MANY];
static const char *names[MANY] = { "a", "b", "c", "d", "e", "f", "g", "h" };

/* "6a 4a 4b": a family and a host each. Their names: a, b, c ... */
static size_t
make(const char *text)
{
	size_t n = 0;

	memset(stops, 0, sizeof(stops));
	for (; *text != '\0'; text += text[2] == ' ' ? 3 : 2) {
		stops[n].address.ip.version = (uint8_t)(text[0] - '0');
		stops[n].host_index = (size_t)(text[1] - 'a');
		stops[n].host = names[n];
		n++;
	}
	return n;
}

static void
expect(size_t n, const char *order)
{
	char got[MANY + 1] = "";

	for (size_t i = 0; i < n; i++)
		got[i] = stops[i].host[0];
	ck_assert_str_eq(got, order);
}

START_TEST(the_families_of_each_host_take_turns)
{
	size_t n = make("6a 6a 4a 4b 4b 6b");

	stops_by_family(stops, n);
	expect(n, "acbdfe");
	stops_by_family(stops, 0);
}
END_TEST

static bool
is_v6(const struct stop *s, void *arg)
{
	(void)arg;
	return s->address.ip.version == 6;
}

START_TEST(the_dead_come_last_in_their_order)
{
	size_t n = make("6a 4a 6b 4b");

	stops_put_last(stops, n, is_v6, NULL);
	expect(n, "bdac");
}
END_TEST

START_TEST(one_host_races_and_no_other_policy_with_it)
{
	size_t n = make("6a 4a 4b 6b");

	ck_assert_uint_eq(stops_field(stops, n), 2);
	ck_assert_uint_eq(stops_field(stops + 1, n - 1), 1);
	ck_assert_uint_eq(stops_field(stops + 2, n - 2), 2);
	ck_assert_uint_eq(stops_field(stops + 3, 1), 1);
	stops[2].address.path = "/socket";
	ck_assert_uint_eq(stops_field(stops + 2, 2), 1);
}
END_TEST

START_TEST(after_a_race_what_failed_is_passed_and_the_rest_is_left)
{
	(void)make("6a 4a 6a 4a");
	ck_assert_uint_eq(stops_settle(stops, 4, 1, 0), 0);
	expect(4, "bacd");
	(void)make("6a 4a 6a 4a");
	ck_assert_uint_eq(stops_settle(stops, 4, 2, 1), 1);
	expect(4, "acbd");
	(void)make("6a 4a");
	ck_assert_uint_eq(stops_settle(stops, 2, 2, 3), 1);
	expect(2, "ab");
	(void)make("6a");
	ck_assert_uint_eq(stops_settle(stops, 1, 0, 0), 0);
	ck_assert_uint_eq(stops_settle(stops, 1, 1, 1), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/stops");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, the_families_of_each_host_take_turns);
	tcase_add_test(tc, the_dead_come_last_in_their_order);
	tcase_add_test(tc, one_host_races_and_no_other_policy_with_it);
	tcase_add_test(tc,
	    after_a_race_what_failed_is_passed_and_the_rest_is_left);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
