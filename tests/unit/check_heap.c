/* unit/check_heap.c - a heap gives its nodes in the order of their times. */
#include "schedule/heap.h"
#include "tests/unit/run.h"

enum { MANY = 1000 };

static uint32_t seed = 1;

static uint32_t
dice(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

START_TEST(gives_the_earliest_whatever_was_set_moved_and_removed)
{
	static uint32_t nodes[MANY];
	struct heap heap;
	uint32_t *first;
	int64_t last = INT64_MIN;
	size_t in = 0;

	heap_init(&heap);
	for (int i = 0; i < 20 * MANY; i++) {
		uint32_t *node = &nodes[dice() % MANY];

		if (dice() % 4 == 0)
			heap_remove(&heap, node);
		else
			heap_set(&heap, node, (int64_t)(dice() % 500));
	}
	for (size_t i = 0; i < MANY; i++)
		in += nodes[i] != 0 ? 1 : 0;
	ck_assert_uint_eq(heap.count, in);
	ck_assert_uint_gt(in, MANY / 2);
	while ((first = heap_first(&heap)) != NULL) {
		ck_assert_int_ge(heap_first_when(&heap), last);
		last = heap_first_when(&heap);
		heap_remove(&heap, first);
		ck_assert_uint_eq(*first, 0);
		in--;
	}
	ck_assert_uint_eq(in, 0);
	heap_done(&heap);
}
END_TEST

START_TEST(an_empty_heap_is_never_due)
{
	struct heap heap;
	uint32_t node = 0;

	heap_init(&heap);
	ck_assert_ptr_null(heap_first(&heap));
	ck_assert_int_eq(heap_first_when(&heap), INT64_MAX);
	heap_remove(&heap, &node);
	heap_set(&heap, &node, 9);
	heap_set(&heap, &node, 3);
	ck_assert_int_eq(heap_first_when(&heap), 3);
	heap_remove(&heap, &node);
	ck_assert_int_eq(heap_first_when(&heap), INT64_MAX);
	heap_done(&heap);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("heap");
	TCase *tc = tcase_create("heap");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc,
	    gives_the_earliest_whatever_was_set_moved_and_removed);
	tcase_add_test(tc, an_empty_heap_is_never_due);
	return run_suite(suite);
}
