/* unit/check_counters.c - what receivers count together, and when it ends. */
#include <sys/mman.h>

#include <unistd.h>

#include "tests/unit/run.h"

#include "receive/counters.h"

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	ck_assert(ip_parse(slice_of(text), &ip));
	return ip;
}

START_TEST(two_receivers_see_each_others_connections)
{
	int fd = memfd_create("counters", MFD_CLOEXEC);
	struct ip ip = ip_of("192.0.2.1");
	uint64_t key = counters_client("relay", &ip);
	struct counters *a, *b;

	ck_assert_int_eq(counters_open(dup(fd), 0, 2, &a), 0);
	ck_assert_int_eq(counters_open(dup(fd), 1, 2, &b), 0);
	counters_up(a, key);
	counters_up(b, key);
	counters_up(b, key);
	ck_assert_uint_eq(counters_get(a, key), 3);
	ck_assert_uint_eq(counters_get(b, key), 3);
	counters_down(b, key);
	ck_assert_uint_eq(counters_get(a, key), 2);
	/* One that crashed and comes back has no connections. */
	counters_close(&b);
	ck_assert_int_eq(counters_open(dup(fd), 1, 2, &b), 0);
	ck_assert_uint_eq(counters_get(a, key), 1);
	counters_down(a, key);
	counters_down(a, key);
	ck_assert_uint_eq(counters_get(a, key), 0);
	counters_close(&a);
	counters_close(&b);
	(void)close(fd);
}
END_TEST

START_TEST(ipv6_clients_are_counted_by_their_network)
{
	struct ip a = ip_of("2001:db8::1");
	struct ip b = ip_of("2001:db8::ffff:1");
	struct ip c = ip_of("2001:db8:0:1::1");

	ck_assert_uint_eq(counters_client("x", &a), counters_client("x", &b));
	ck_assert_uint_ne(counters_client("x", &a), counters_client("x", &c));
	ck_assert_uint_ne(counters_client("x", &a), counters_client("y", &a));
}
END_TEST

START_TEST(a_rate_is_a_limit_within_its_window)
{
	uint64_t key = counters_name("rate", slice_of("alice"));
	int64_t t = 1795489200000;
	struct counters *c;

	ck_assert_int_eq(counters_open(-1, 0, 1, &c), 0);
	for (int i = 0; i < 5; i++)
		ck_assert(counters_take(c, key, t + i, 60000, 5));
	ck_assert(!counters_take(c, key, t + 59999, 60000, 5));
	ck_assert(counters_take(c, key, t + 60000, 60000, 5));
	counters_close(&c);
}
END_TEST

START_TEST(many_keys_do_not_push_out_one_that_counts)
{
	uint64_t key = counters_name("hour", slice_of("alice"));
	int64_t t = 1795489200000;
	struct counters *c;
	unsigned taken = 0;

	ck_assert_int_eq(counters_open(-1, 0, 1, &c), 0);
	ck_assert(counters_take(c, key, t, 3600000, 1));
	for (uint32_t i = 0; i < 1000000; i++)
		taken += counters_take(c,
		    counters_name("minute", slice_from(&i, sizeof(i))),
		    t + i / 1000, 60000, 100);
	ck_assert_uint_eq(taken, 1000000);
	ck_assert(!counters_take(c, key, t + 100000, 3600000, 1));
	counters_close(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("counters");
	TCase *tc = tcase_create("counters");

	tcase_add_test(tc, two_receivers_see_each_others_connections);
	tcase_add_test(tc, ipv6_clients_are_counted_by_their_network);
	tcase_add_test(tc, a_rate_is_a_limit_within_its_window);
	tcase_add_test(tc, many_keys_do_not_push_out_one_that_counts);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
