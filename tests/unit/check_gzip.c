/* unit/check_gzip.c - what is packed can be unpacked, or says that it can't. */
#include "tests/unit/run.h"

#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "io/gzip.h"

static void
check(struct slice in, size_t max)
{
	char back[8192];
	struct buf out;
	z_stream z;

	buf_init(&out, max);
	ck_assert_int_eq(gzip_pack(in, &out), 0);
	memset(&z, 0, sizeof(z));
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)out.p;
	z.avail_in = (uInt)out.n;
	z.next_out = (Bytef *)back;
	z.avail_out = sizeof(back);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert(slice_eq(slice_from(back, z.total_out), in));
	ck_assert_int_eq(inflateEnd(&z), Z_OK);
	buf_done(&out);
}

START_TEST(what_is_packed_comes_back)
{
	char text[8192];

	memset(text, 'x', sizeof(text));
	check(SLICE("hello, hello, hello"), 1024);
	check(slice_from(text, sizeof(text)), 200);
	check(SLICE_NONE, 64);
}
END_TEST

START_TEST(what_does_not_fit_is_an_error)
{
	unsigned char text[4096];
	struct buf out;
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)((x = x * 1664525 + 1013904223) >> 24);
	buf_init(&out, 1000);
	ck_assert_int_eq(gzip_pack(slice_from(text, sizeof(text)), &out),
	    ERR_LIMIT);
	ck_assert_uint_eq(out.n, 0);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("io/gzip");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, what_is_packed_comes_back);
	tcase_add_test(tc, what_does_not_fit_is_an_error);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
