/* unit/check_base64.c - base64, strict, both ways (RFC 4648, 10). */
#include "tests/unit/run.h"

#include "base/base64.h"

/* clang-format off */
static const struct {
	const char *plain, *text;
} vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" },
	{ "\xfb\xef", "++8=" },
};
static const char *const bad[] = {
	"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==",
	"Zm 9", "Zm9v\n", "Zm9-", "Zm9_", " Zm9v", "Z=9v", "Zm=v",
};
/* clang-format on */

START_TEST(the_vectors_go_both_ways)
{
	struct buf out;

	buf_init(&out, 100);
	base64_encode(slice_of(vectors[_i].plain), &out);
	ck_assert_str_eq(buf_cstr(&out), vectors[_i].text);
	buf_reset(&out);
	ck_assert(base64_decode(slice_of(vectors[_i].text), &out));
	ck_assert_str_eq(buf_cstr(&out), vectors[_i].plain);
	buf_done(&out);
}
END_TEST

START_TEST(anything_loose_is_refused_and_leaves_no_trace)
{
	struct buf out;

	buf_init(&out, 100);
	buf_add_cstr(&out, "kept");
	ck_assert(!base64_decode(slice_of(bad[_i]), &out));
	ck_assert_str_eq(buf_cstr(&out), "kept");
	buf_done(&out);
}
END_TEST

START_TEST(every_byte_survives)
{
	char bytes[256];
	struct buf text, back;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(unsigned char)i;
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		buf_reset(&text);
		buf_reset(&back);
		base64_encode(slice_from(bytes, n), &text);
		ck_assert_uint_eq(text.n, (n + 2) / 3 * 4);
		ck_assert(base64_decode(buf_slice(&text), &back));
		ck_assert(slice_eq(buf_slice(&back), slice_from(bytes, n)));
	}
	buf_done(&text);
	buf_done(&back);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tc = tcase_create("base64");

	tcase_add_loop_test(tc, the_vectors_go_both_ways, 0,
	    sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tc, anything_loose_is_refused_and_leaves_no_trace,
	    0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, every_byte_survives);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
