/* unit/check_id.c - ids grow, never repeat, and are read as they are written.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "base/id.h"

START_TEST(ids_grow_even_when_the_clock_steps_back)
{
	struct id_maker m = { .number = 5 };
	uint64_t last = 0;
	int64_t now = 1795489200000;

	for (int i = 0; i < 100000; i++) {
		uint64_t id = id_next(&m, now);

		ck_assert_uint_gt(id, last);
		last = id;
		if (i == 50000)
			now -= 3600 * 1000;
	}
	/* 16,384 a millisecond: it ran ahead by six of them. */
	ck_assert_int_eq(id_wall_ms(last), 1795489200000 + 6);
}
END_TEST

START_TEST(makers_do_not_meet)
{
	struct id_maker a = { .number = 0 }, b = { .number = 255 };

	for (int i = 0; i < 1000; i++)
		ck_assert_uint_ne(id_next(&a, 1795489200000),
		    id_next(&b, 1795489200000));
}
END_TEST

static const uint64_t values[] = { 0, 1, 31, 32, (uint64_t)1 << 63, UINT64_MAX,
	0x0123456789abcdef };

START_TEST(an_id_is_read_as_written)
{
	char text[ID_TEXT_SIZE];
	uint64_t id = 99;

	id_text(values[_i], text);
	ck_assert_uint_eq(strlen(text), ID_TEXT_LEN);
	ck_assert(id_parse(slice_of(text), &id));
	ck_assert_uint_eq(id, values[_i]);
}
END_TEST

START_TEST(text_sorts_as_ids_do)
{
	char a[ID_TEXT_SIZE], b[ID_TEXT_SIZE];

	id_text(0x1fff, a);
	id_text(0x2000, b);
	ck_assert_int_lt(strcmp(a, b), 0);
}
END_TEST

/* clang-format off */
static const struct {
	const char *in;
	bool good;
	uint64_t id;
} texts[] = {
	{ "000000000000Z", true,  31 },
	{ "000000000000z", true,  31 },
	{ "00000000000IL", true,  33 },
	{ "ooooooooooo1O", true,  32 },
	{ "FZZZZZZZZZZZZ", true,  UINT64_MAX },
	{ "G000000000000", false, 0 }, /* 65 bits */
	{ "U000000000000", false, 0 },
	{ "00000000000",   false, 0 },
	{ "00000000000000", false, 0 },
	{ "000000000000 ", false, 0 },
	{ "000000-000000", false, 0 },
	{ "",		   false, 0 },
};
/* clang-format on */

START_TEST(people_may_write_it_as_they_read_it)
{
	uint64_t id = 99;

	ck_assert_int_eq(id_parse(slice_of(texts[_i].in), &id), texts[_i].good);
	ck_assert_uint_eq(id, texts[_i].good ? texts[_i].id : 99);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("id");
	TCase *tc = tcase_create("id");

	tcase_add_test(tc, ids_grow_even_when_the_clock_steps_back);
	tcase_add_test(tc, makers_do_not_meet);
	tcase_add_loop_test(tc, an_id_is_read_as_written, 0,
	    sizeof(values) / sizeof(values[0]));
	tcase_add_test(tc, text_sorts_as_ids_do);
	tcase_add_loop_test(tc, people_may_write_it_as_they_read_it, 0,
	    sizeof(texts) / sizeof(texts[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
