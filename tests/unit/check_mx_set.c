/* unit/check_mx_set.c - hosts as one value, whatever their order. */
#include "deliver/mx_set.h"

#include <string.h>

#include "ipc/messages.h"
#include "tests/unit/run.h"

static struct hosts hosts;
static struct buf text;

static void
set_up(void)
{
	memset(&hosts, 0, sizeof(hosts));
	buf_init(&text, MX_SET_TEXT_MAX);
}

static void
tear_down(void)
{
	buf_done(&text);
}

static void
add(unsigned preference, const char *name)
{
	struct host *h = &hosts.host[hosts.host_count++];

	h->preference = (uint16_t)preference;
	ck_assert(slice_to_cstr(slice_of(name), h->name, sizeof(h->name)));
}

static uint64_t
digest(void)
{
	buf_reset(&text);
	return mx_set_write(&hosts, &text);
}

START_TEST(order_preference_and_case_do_not_count)
{
	uint64_t first;

	add(10, "mx1.p.test");
	add(20, "mx2.p.test");
	first = digest();
	ck_assert(slice_is(buf_slice(&text), "mx1.p.test mx2.p.test"));
	hosts.host_count = 0;
	add(0, "MX2.P.test");
	add(5, "mx1.p.test");
	add(7, "Mx2.p.test"); /* twice is once */
	ck_assert_uint_eq(digest(), first);
	add(9, "mx3.p.test");
	ck_assert_uint_ne(digest(), first);
}
END_TEST

START_TEST(the_best_is_the_same_each_time)
{
	add(10, "b.p.test");
	add(5, "z.p.test");
	add(5, "y.p.test");
	ck_assert_str_eq(mx_set_best(&hosts), "y.p.test");
}
END_TEST

START_TEST(the_largest_set_fits)
{
	char name[DNS_NAME_SIZE];

	memset(name, 'a', sizeof(name));
	name[DNS_NAME_MAX] = '\0';
	for (size_t i = 0; i < HOSTS_MAX; i++) {
		name[0] = (char)('a' + i);
		add(10, name);
	}
	ck_assert_uint_gt(digest(), MX_UNKNOWN);
	ck_assert(!buf_failed(&text));
	ck_assert_uint_eq(text.n, HOSTS_MAX * (DNS_NAME_MAX + 1) - 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mx_set");
	TCase *tc = tcase_create("mx_set");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, order_preference_and_case_do_not_count);
	tcase_add_test(tc, the_best_is_the_same_each_time);
	tcase_add_test(tc, the_largest_set_fits);
	return run_suite(suite);
}
