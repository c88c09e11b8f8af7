/* unit/check_failures.c - failures are counted by client, for an hour. */
#include <stdio.h>

#include "tests/unit/run.h"

#include "auth/failures.h"
#include "base/time.h"

START_TEST(a_client_is_counted_for_an_hour)
{
	struct failures *f = failures_new(1);
	struct slice a = SLICE("192.0.2.1"), b = SLICE("192.0.2.2");

	ck_assert_uint_eq(failures_count(f, a, 0), 0);
	for (int i = 0; i < 20; i++)
		failures_add(f, a, i * MINUTE);
	ck_assert_uint_eq(failures_count(f, a, 20 * MINUTE), 20);
	ck_assert_uint_eq(failures_count(f, b, 20 * MINUTE), 0);
	ck_assert_uint_eq(failures_count(f, a, HOUR - 1), 20);
	ck_assert_uint_eq(failures_count(f, a, HOUR), 0);
	failures_add(f, a, HOUR);
	ck_assert_uint_eq(failures_count(f, a, HOUR + 1), 1);
	failures_free(&f);
	ck_assert_ptr_null(f);
}
END_TEST

START_TEST(ipv6_clients_are_counted_by_network)
{
	struct failures *f = failures_new(2);

	failures_add(f, slice_of("2001:db8::1"), 0);
	ck_assert_uint_eq(failures_count(f, slice_of("2001:db8::2:3"), 1), 1);
	ck_assert_uint_eq(failures_count(f, slice_of("2001:db8:0:1::1"), 1), 0);
	/* A mapped address is the IPv4 address. */
	failures_add(f, slice_of("::ffff:192.0.2.9"), 0);
	ck_assert_uint_eq(failures_count(f, slice_of("192.0.2.9"), 1), 1);
	failures_free(&f);
}
END_TEST

START_TEST(many_clients_do_not_push_out_the_worst)
{
	struct failures *f = failures_new(3);
	struct slice worst = SLICE("198.51.100.77");
	char text[32];

	for (int i = 0; i < 50; i++)
		failures_add(f, worst, 0);
	for (int i = 0; i < 200000; i++) {
		(void)snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16,
		    i >> 8 & 255, i & 255);
		failures_add(f, slice_of(text), 1);
	}
	ck_assert_uint_eq(failures_count(f, worst, 2), 50);
	failures_free(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("failures");
	TCase *tc = tcase_create("failures");

	tcase_add_test(tc, a_client_is_counted_for_an_hour);
	tcase_add_test(tc, ipv6_clients_are_counted_by_network);
	tcase_add_test(tc, many_clients_do_not_push_out_the_worst);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
