/* unit/check_buf.c - growing bytes keep to their limit and say so once. */
#include "tests/unit/run.h"

#include <signal.h>
#include <string.h>

#include "base/buf.h"

START_TEST(writes_join)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert_uint_eq(buf_slice(&b).n, 0);
	ck_assert_str_eq(buf_cstr(&b), "");
	buf_add_cstr(&b, "one ");
	buf_add(&b, slice_from("two\0", 4));
	buf_add_char(&b, '!');
	buf_addf(&b, "%d-%s", 3, "x");
	ck_assert(slice_eq(buf_slice(&b), slice_from("one two\0!3-x", 12)));
	ck_assert_mem_eq(buf_cstr(&b), "one two\0!3-x", 13);
	ck_assert(!buf_failed(&b));
	buf_done(&b);
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(it_holds_exactly_its_limit)
{
	struct buf b;

	buf_init(&b, 10);
	buf_add_cstr(&b, "1234567890");
	ck_assert(!buf_failed(&b));
	ck_assert_str_eq(buf_cstr(&b), "1234567890");
	buf_add_char(&b, 'x');
	ck_assert(buf_failed(&b));
	ck_assert_str_eq(buf_cstr(&b), "1234567890");
	buf_done(&b);
}
END_TEST

START_TEST(a_write_that_does_not_fit_is_left_out_whole_and_all_behind_it)
{
	struct buf b;

	buf_init(&b, 10);
	buf_add_cstr(&b, "12345");
	buf_addf(&b, "%s", "678901");
	ck_assert(buf_failed(&b));
	buf_add_cstr(&b, "x");
	ck_assert_ptr_null(buf_reserve(&b, 0));
	ck_assert_str_eq(buf_cstr(&b), "12345");
	buf_reset(&b);
	ck_assert(!buf_failed(&b));
	buf_add_cstr(&b, "x");
	ck_assert_str_eq(buf_cstr(&b), "x");
	buf_done(&b);
}
END_TEST

START_TEST(it_grows_over_many_small_writes)
{
	struct buf b;

	buf_init(&b, 100000);
	for (unsigned i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	ck_assert(!buf_failed(&b));
	for (unsigned i = 0; i < 100000; i++)
		ck_assert_int_eq(b.p[i], (char)('a' + i % 26));
	buf_done(&b);
}
END_TEST

START_TEST(reserved_room_is_ours_to_write)
{
	struct buf b;
	char *room;

	buf_init(&b, 1000);
	room = buf_reserve(&b, 600);
	ck_assert_ptr_nonnull(room);
	memset(room, 'x', 600);
	buf_added(&b, 599);
	ck_assert_uint_eq(b.n, 599);
	ck_assert_int_eq(buf_cstr(&b)[598], 'x');
	ck_assert_int_eq(buf_cstr(&b)[599], '\0');
	buf_done(&b);
}
END_TEST

START_TEST(dropping_takes_from_the_front)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add_cstr(&b, "abcdef");
	buf_drop(&b, 2);
	ck_assert_str_eq(buf_cstr(&b), "cdef");
	buf_drop(&b, 4);
	ck_assert_uint_eq(b.n, 0);
	buf_add_cstr(&b, "x");
	ck_assert_str_eq(buf_cstr(&b), "x");
	buf_done(&b);
}
END_TEST

START_TEST(dropping_more_than_there_is_aborts)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add_char(&b, 'x');
	buf_drop(&b, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, writes_join);
	tcase_add_test(tc, it_holds_exactly_its_limit);
	tcase_add_test(tc,
	    a_write_that_does_not_fit_is_left_out_whole_and_all_behind_it);
	tcase_add_test(tc, it_grows_over_many_small_writes);
	tcase_add_test(tc, reserved_room_is_ours_to_write);
	tcase_add_test(tc, dropping_takes_from_the_front);
	tcase_add_test_raise_signal(tc, dropping_more_than_there_is_aborts,
	    SIGABRT);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
