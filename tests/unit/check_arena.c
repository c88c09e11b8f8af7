/* unit/check_arena.c - memory of a transaction is bounded, aligned and zero. */
#include "tests/unit/run.h"

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"

START_TEST(what_is_given_is_zero_and_aligned_and_apart)
{
	struct arena *a = arena_new(1 << 20);
	char *last = NULL;

	for (size_t n = 1; n < 500; n++) {
		char *p = arena_alloc(a, 1, n);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(p[i], 0);
		memset(p, 0xff, n);
		if (last != NULL)
			ck_assert_int_eq(last[n - 2], (char)0xff);
		last = p;
	}
	arena_free(&a);
	ck_assert_ptr_null(a);
	arena_free(&a);
}
END_TEST

START_TEST(the_maximum_holds_over_small_and_large)
{
	struct arena *a = arena_new(10000);
	size_t sum = 0;

	while (arena_alloc(a, 1, 64) != NULL)
		sum += 64;
	ck_assert_uint_le(sum, 10000);
	ck_assert_uint_gt(sum, 9000);
	ck_assert_uint_eq(arena_used(a), sum);
	ck_assert_ptr_null(arena_alloc(a, 1, 5000));
	arena_reset(a);
	ck_assert_uint_eq(arena_used(a), 0);
	ck_assert_ptr_nonnull(arena_alloc(a, 1, 9000));
	ck_assert_ptr_null(arena_alloc(a, 1, 9000));
	arena_free(&a);
}
END_TEST

START_TEST(a_product_that_overflows_is_refused)
{
	struct arena *a = arena_new(SIZE_MAX);

	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX / 2, 3));
	arena_free(&a);
	a = arena_new(100);
	ck_assert_ptr_null(arena_alloc(a, SIZE_MAX, 1));
	ck_assert_ptr_null(arena_copy(a, (struct slice){ "", SIZE_MAX }).p);
	ck_assert_uint_eq(arena_used(a), 0);
	arena_free(&a);
}
END_TEST

START_TEST(memory_used_again_is_zero_again)
{
	struct arena *a = arena_new(100000);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++) {
			char *p = arena_alloc(a, 10, 100);

			ck_assert_int_eq(p[0], 0);
			ck_assert_int_eq(p[999], 0);
			memset(p, 0xff, 1000);
		}
		arena_reset(a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(a_copy_ends_with_a_nul)
{
	struct arena *a = arena_new(1000);
	struct slice copy = arena_copy(a, slice_from("a\0b", 3));

	ck_assert(slice_eq(copy, slice_from("a\0b", 3)));
	ck_assert_int_eq(copy.p[3], '\0');
	copy = arena_copy(a, SLICE_NONE);
	ck_assert_ptr_nonnull(copy.p);
	ck_assert_uint_eq(copy.n, 0);
	arena_free(&a);
	a = arena_new(8);
	ck_assert_ptr_null(arena_copy(a, SLICE("longer than that")).p);
	arena_free(&a);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("arena");
	TCase *tc = tcase_create("arena");

	tcase_add_test(tc, what_is_given_is_zero_and_aligned_and_apart);
	tcase_add_test(tc, the_maximum_holds_over_small_and_large);
	tcase_add_test(tc, a_product_that_overflows_is_refused);
	tcase_add_test(tc, memory_used_again_is_zero_again);
	tcase_add_test(tc, a_copy_ends_with_a_nul);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
