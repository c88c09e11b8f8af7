/* unit/check_crc32c.c - CRC-32C against vectors that others publish. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/crc32c.h"

/* RFC 3720, B.4, and the check value of the catalogues. */
START_TEST(the_published_vectors_come_out)
{
	unsigned char bytes[32];

	ck_assert_uint_eq(crc32c(0, "", 0), 0);
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	ck_assert_uint_eq(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
}
END_TEST

START_TEST(it_goes_on_where_it_was_cut_and_both_ways_agree)
{
	unsigned char bytes[100];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t whole = crc32c(0, bytes, n);

		ck_assert_uint_eq(whole, crc32c_portable(0, bytes, n));
		for (size_t cut = 0; cut <= n; cut++)
			ck_assert_uint_eq(whole,
			    crc32c(crc32c(0, bytes, cut), bytes + cut,
				n - cut));
	}
}
END_TEST

/* Long ones go another way: around its borders, and from odd addresses. */
START_TEST(long_inputs_agree_with_the_portable_way)
{
	unsigned char bytes[8000];
	uint32_t random = 1;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		random = random * 1664525 + 1013904223;
		bytes[i] = (unsigned char)(random >> 24);
	}
	for (size_t n = 1500; n < 7900; n += n % 512 < 40 ? 1 : 37)
		for (size_t from = 0; from < 9; from += 4)
			ck_assert_uint_eq(crc32c(random, bytes + from, n),
			    crc32c_portable(random, bytes + from, n));
}
END_TEST

START_TEST(one_changed_bit_is_seen)
{
	unsigned char bytes[64] = { 0 };
	uint32_t before = crc32c(7, bytes, sizeof(bytes));

	for (unsigned bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ck_assert_uint_ne(crc32c(7, bytes, sizeof(bytes)), before);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tc = tcase_create("crc32c");

	tcase_add_test(tc, the_published_vectors_come_out);
	tcase_add_test(tc, it_goes_on_where_it_was_cut_and_both_ways_agree);
	tcase_add_test(tc, long_inputs_agree_with_the_portable_way);
	tcase_add_test(tc, one_changed_bit_is_seen);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
