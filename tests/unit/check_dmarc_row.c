/* unit/check_dmarc_row.c - rows as text, there and back, and never too long. */
#include "tests/unit/run.h"

#include <string.h>

#include "verify/dmarc_row.h"

#define ROW "192.0.2.1 r-+-mp a.test b.test"

static void
goes_there_and_back(const char *text)
{
	struct dmarc_row row;
	struct buf out;

	buf_init(&out, DMARC_ROW_TEXT_MAX);
	ck_assert_msg(dmarc_row_read(slice_of(text), &row), "%s", text);
	dmarc_row_write(&row, &out);
	ck_assert_str_eq(buf_cstr(&out), text);
	buf_done(&out);
}

START_TEST(a_row_survives_the_text)
{
	struct dmarc_row row;

	goes_there_and_back(ROW);
	goes_there_and_back("2001:db8::1 na--h- - -");
	goes_there_and_back(ROW " p a.test s1 f - - t c.test s2");
	ck_assert(dmarc_row_read(SLICE(ROW " p a.test s1 f c.test s2"), &row));
	ck_assert_int_eq(row.disposition, DMARC_DID_REJECT);
	ck_assert_int_eq(row.override, DMARC_OVERRIDE_NONE);
	ck_assert(row.dkim_aligned && !row.spf_aligned && !row.is_null_sender);
	ck_assert(slice_is(row.header_from, "a.test"));
	ck_assert(slice_is(row.spf_domain, "b.test"));
	ck_assert_int_eq(row.spf, VERDICT_PASS);
	ck_assert_uint_eq(row.dkim_count, 2);
	ck_assert_int_eq(row.dkim[1].result, VERDICT_FAIL);
	ck_assert(slice_is(row.dkim[1].domain, "c.test"));
	ck_assert(slice_is(row.dkim[1].selector, "s2"));
}
END_TEST

static const char *const malformed[] = {
	"",
	"192.0.2.1",
	"192.0.2.256 r-+-mp a.test b.test",
	"192.0.2.1 x-+-mp a.test b.test",
	"192.0.2.1 r-+-mpp a.test b.test",
	"192.0.2.1 r-+-mp a.test",
	"192.0.2.1 r-+-mp  b.test",
	"192.0.2.1 r-+-mp a\tb b.test",
	ROW " ",
	ROW " p a.test",
	ROW " pp a.test s",
	ROW " p a.test s x",
	ROW
	" p a s p a s p a s p a s p a s p a s p a s p a s p a s p a s p a s",
};

START_TEST(what_is_malformed_is_no_row)
{
	struct dmarc_row row;

	ck_assert_msg(!dmarc_row_read(slice_of(malformed[_i]), &row), "%s",
	    malformed[_i]);
}
END_TEST

START_TEST(long_texts_are_cut_and_odd_ones_made_harmless)
{
	char name[400] = "";
	struct dmarc_row row = { .header_from = slice_from(name, 300),
		.spf_domain = slice_from(name, 300),
		.spf = VERDICT_NONE,
		.dkim_count = VERDICTS_DKIM_MAX };
	struct dmarc_row back;
	struct buf out;

	memset(name, 'x', sizeof(name));
	name[0] = '\n';
	name[1] = ' ';
	for (size_t i = 0; i < VERDICTS_DKIM_MAX; i++)
		row.dkim[i] = (struct dmarc_row_dkim){ VERDICT_PASS,
			slice_from(name, 50), SLICE("a\tb") };
	ck_assert(ip_parse(SLICE("2001:db8:1:2:3:4:5:6"), &row.source));
	buf_init(&out, DMARC_ROW_TEXT_MAX);
	dmarc_row_write(&row, &out);
	ck_assert(!buf_failed(&out));
	ck_assert(dmarc_row_read(buf_slice(&out), &back));
	ck_assert_uint_eq(back.header_from.n, 253);
	ck_assert(slice_starts(back.header_from, "??x"));
	ck_assert_uint_eq(back.dkim_count, 3);
	ck_assert(slice_is(back.dkim[2].selector, "a?b"));
	buf_done(&out);
}
END_TEST

START_TEST(a_policy_survives_the_text)
{
	const struct dmarc_published in = { .p = DMARC_POLICY_REJECT,
		.np = DMARC_POLICY_QUARANTINE,
		.testing = true,
		.aspf_strict = true };
	struct dmarc_published p;
	struct buf out;

	buf_init(&out, DMARC_PUBLISHED_TEXT_MAX);
	dmarc_published_write(&in, &out);
	ck_assert_str_eq(buf_cstr(&out), "r-qrsy");
	ck_assert(dmarc_published_read(buf_slice(&out), &p));
	ck_assert(p.p == in.p && p.sp == in.sp && p.np == in.np);
	ck_assert(p.testing && p.aspf_strict && !p.adkim_strict);
	ck_assert(!dmarc_published_read(SLICE("r-qrs"), &p));
	ck_assert(!dmarc_published_read(SLICE("r-qrsx"), &p));
	ck_assert(!dmarc_published_read(SLICE("r-qrsyy"), &p));
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify/dmarc_row");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_row_survives_the_text);
	tcase_add_loop_test(tc, what_is_malformed_is_no_row, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_test(tc, long_texts_are_cut_and_odd_ones_made_harmless);
	tcase_add_test(tc, a_policy_survives_the_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
