/* unit/check_memory.c - what is noted is known until its time, or its turn. */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

#include "deliver/memory.h"

START_TEST(a_note_holds_until_its_time)
{
	struct memory *m = memory_new(10);

	ck_assert(!memory_has(m, "a", 0));
	memory_note(m, "a", 100);
	ck_assert(memory_has(m, "a", 99));
	ck_assert(!memory_has(m, "b", 99));
	ck_assert(!memory_has(m, "a", 100));
	ck_assert(!memory_has(m, "a", 50)); /* and was forgotten with it */
	memory_note(m, "a", 100);
	memory_note(m, "a", 200);
	ck_assert(memory_has(m, "a", 150));
	memory_forget(m, "a");
	ck_assert(!memory_has(m, "a", 150));
	memory_free(&m);
}
END_TEST

START_TEST(the_oldest_note_makes_room)
{
	struct memory *m = memory_new(3);
	char key[16];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		memory_note(m, key, 1000);
	}
	ck_assert(!memory_has(m, "0", 1));
	ck_assert(!memory_has(m, "1", 1));
	ck_assert(memory_has(m, "2", 1));
	ck_assert(memory_has(m, "4", 1));
	memory_free(&m);
}
END_TEST

START_TEST(a_key_that_is_too_long_is_not_noted)
{
	struct memory *m = memory_new(3);
	char key[MEMORY_KEY_SIZE + 1];

	memset(key, 'x', MEMORY_KEY_SIZE);
	key[MEMORY_KEY_SIZE] = '\0';
	memory_note(m, key, 1000);
	ck_assert(!memory_has(m, key, 1));
	memory_free(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/memory");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_note_holds_until_its_time);
	tcase_add_test(tc, the_oldest_note_makes_room);
	tcase_add_test(tc, a_key_that_is_too_long_is_not_noted);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
