/* unit/check_pack.c - what is packed is taken again, in its one form only. */
#include "tests/unit/run.h"

#include "mail/pack.h"

static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
	(uint64_t)1 << 62, (uint64_t)1 << 63, UINT64_MAX };

START_TEST(a_number_comes_back)
{
	struct buf out;
	struct slice in;
	uint64_t got = 0;

	buf_init(&out, 100);
	pack_u64(&out, numbers[_i]);
	buf_add_char(&out, 'x');
	in = buf_slice(&out);
	ck_assert(pack_take_u64(&in, UINT64_MAX, &got));
	ck_assert_uint_eq(got, numbers[_i]);
	ck_assert(slice_is(in, "x"));
	in = slice_head(buf_slice(&out), out.n - 2);
	ck_assert(!pack_take_u64(&in, UINT64_MAX, &got));
	in = buf_slice(&out);
	ck_assert(
	    numbers[_i] == 0 || !pack_take_u64(&in, numbers[_i] - 1, &got));
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	const char *bytes;
	size_t n;
} bad[] = {
	{ "", 0 },
	{ "\x80", 1 },
	{ "\x80\x00", 2 }, /* 0 in two bytes */
	{ "\xff\x00", 2 },
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 }, /* 65 bits */
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11 },
};
/* clang-format on */

START_TEST(other_forms_are_not_numbers)
{
	struct slice in = slice_from(bad[_i].bytes, bad[_i].n);
	uint64_t got;

	ck_assert(!pack_take_u64(&in, UINT64_MAX, &got));
	ck_assert_uint_eq(in.n, bad[_i].n);
}
END_TEST

START_TEST(bytes_come_back_whole_or_not_at_all)
{
	struct buf out;
	struct slice in, got;

	buf_init(&out, 100);
	pack_bytes(&out, slice_from("a\0b", 3));
	pack_bytes(&out, SLICE_NONE);
	in = buf_slice(&out);
	ck_assert(pack_take_bytes(&in, &got));
	ck_assert(slice_eq(got, slice_from("a\0b", 3)));
	ck_assert(pack_take_bytes(&in, &got));
	ck_assert(got.n == 0 && in.n == 0);
	in = slice_head(buf_slice(&out), 3);
	ck_assert(!pack_take_bytes(&in, &got));
	ck_assert_uint_eq(in.n, 3);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pack");
	TCase *tc = tcase_create("pack");

	tcase_add_loop_test(tc, a_number_comes_back, 0,
	    sizeof(numbers) / sizeof(numbers[0]));
	tcase_add_loop_test(tc, other_forms_are_not_numbers, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, bytes_come_back_whole_or_not_at_all);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
