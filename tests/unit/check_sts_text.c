/* unit/check_sts_text.c - records and policies, good and bad. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/time.h"
#include "policy/sts_text.h"

/* clang-format off */
static const struct {
	const char *txt;
	bool ours;
	const char *id; /* NULL: malformed */
} records[] = {
	{ "v=STSv1; id=20160831085700Z;", true, "20160831085700Z" },
	{ "v=STSv1;id=1", true, "1" },
	{ "v=STSv1 ;\tx=y; id=A1 ; id=B2", true, "A1" },
	{ "v=STSv1; id=12345678901234567890123456789012", true, "12345678901234567890123456789012" },
	{ "v=STSv1; id=123456789012345678901234567890123", true, NULL },
	{ "v=STSv1; id=;", true, NULL },
	{ "v=STSv1; id=a-b;", true, NULL },
	{ "v=STSv1;", true, NULL },
	{ "v=STSv1", false, NULL },
	{ "v=STSv10; id=1", false, NULL },
	{ "V=STSv1; id=1", false, NULL },
	{ "id=1; v=STSv1", false, NULL },
	{ "", false, NULL },
};

static const struct {
	const char *text;
	bool good;
	enum sts_mode mode;
	uint32_t max_age;
} policies[] = {
	{ "version: STSv1\r\nmode: enforce\r\nmx: a.test\r\nmax_age: 86400\r\n", true, STS_ENFORCE, 86400 },
	{ "version:STSv1\nmode:testing\nmx:*.a.test\nmax_age:0", true, STS_TESTING, 0 },
	{ "max_age: 1\nmode: none\nversion: STSv1\n\n", true, STS_NONE, 1 },
	{ "version: STSv1\nmode: enforce\nmode: none\nmx: a\nmax_age: 4000000000\nx: y\n", true, STS_ENFORCE, STS_AGE_MAX },
	{ "version: STSv2\nmode: enforce\nmx: a\nmax_age: 1\n", false, 0, 0 },
	{ "version: STSv1\nmode: Enforce\nmx: a\nmax_age: 1\n", false, 0, 0 },
	{ "version: STSv1\nmode: enforce\nmx: a\nmax_age: -1\n", false, 0, 0 },
	{ "version: STSv1\nmode: enforce\nmx: a\nmax_age: 99999999999\n", false, 0, 0 },
	{ "version: STSv1\nmode: enforce\nmax_age: 1\n", false, 0, 0 },
	{ "version: STSv1\nmode: enforce\nmx: a\n", false, 0, 0 },
	{ "mode: enforce\nmx: a\nmax_age: 1\n", false, 0, 0 },
	{ "version: STSv1\nmx: a\nmax_age: 1\n", false, 0, 0 },
	{ "version: STSv1\nmode: enforce\nmx: a\nmax_age: 1\n<html>\n", false, 0, 0 },
	{ "", false, 0, 0 },
};

static const struct {
	const char *mx, *host;
	bool matches;
} hosts[] = {
	{ "mail.a.test", "mail.a.test", true },
	{ "Mail.A.test", "mAIL.a.test", true },
	{ "mail.a.test.", "mail.a.test", true },
	{ "mail.a.test", "xmail.a.test", false },
	{ "*.a.test", "mail.a.test", true },
	{ "*.a.test", "a.test", false },
	{ "*.a.test", "x.mail.a.test", false },
	{ "*.a.test", ".a.test", false },
	{ "*", "a", false },
	{ "*.", "a.", false },
	{ "", "", false },
};
/* clang-format on */

START_TEST(a_record_is_ours_and_has_an_id)
{
	struct slice txt = slice_of(records[_i].txt), id = SLICE_NONE;

	ck_assert(sts_txt_is_ours(txt) == records[_i].ours);
	ck_assert(sts_txt_parse(txt, &id) == (records[_i].id != NULL));
	if (records[_i].id != NULL)
		ck_assert(slice_is(id, records[_i].id));
}
END_TEST

START_TEST(a_policy_is_whole_or_none)
{
	struct sts_policy p = { .max_age = 7 };
	struct why why = { "" };

	ck_assert(sts_policy_parse(slice_of(policies[_i].text), &p, &why) ==
	    policies[_i].good);
	if (!policies[_i].good) {
		ck_assert_uint_eq(p.max_age, 7); /* untouched */
		ck_assert(why.text[0] != '\0');
		return;
	}
	ck_assert_int_eq((int)p.mode, (int)policies[_i].mode);
	ck_assert_uint_eq(p.max_age, policies[_i].max_age);
}
END_TEST

START_TEST(a_pattern_stands_for_one_label)
{
	struct sts_policy p;
	struct buf text;

	buf_init(&text, 1024);
	buf_addf(&text,
	    "version: STSv1\nmode: enforce\nmx: z.test\nmx: %s\n"
	    "max_age: 1\n",
	    hosts[_i].mx);
	ck_assert(sts_policy_parse(buf_slice(&text), &p, NULL));
	ck_assert(sts_policy_lists(&p, slice_of(hosts[_i].host)) ==
	    hosts[_i].matches);
	ck_assert(sts_policy_lists(&p, slice_of("z.test")));
	buf_done(&text);
}
END_TEST

START_TEST(a_policy_is_renewed_ahead_of_its_end)
{
	static const struct {
		uint32_t max_age;
		int64_t after;
	} cases[] = { { 0, 0 }, { 3600, HOUR / 2 }, { 86400, 12 * HOUR },
		{ 172800, 24 * HOUR }, { STS_AGE_MAX, 24 * HOUR } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sts_record r = { .fetched_ms = 1790000000123,
			.policy = { .max_age = cases[i].max_age } };

		ck_assert_int_eq(sts_record_renewal(&r),
		    r.fetched_ms + cases[i].after);
		ck_assert_int_le(sts_record_renewal(&r), sts_record_end(&r));
	}
}
END_TEST

START_TEST(what_is_kept_comes_back)
{
	struct sts_record in = { .id = slice_of("ab1"),
		.fetched_ms = 1790000000123,
		.policy = { .text = slice_of(policies[0].text) } };
	struct sts_record out;
	struct buf text;

	buf_init(&text, STS_RECORD_MAX);
	sts_record_write(&in, &text);
	ck_assert(sts_record_parse(buf_slice(&text), &out));
	ck_assert(slice_eq(out.id, in.id));
	ck_assert_int_eq(out.fetched_ms, in.fetched_ms);
	ck_assert(slice_eq(out.policy.text, in.policy.text));
	ck_assert_int_eq(sts_record_end(&out), in.fetched_ms + 86400000);
	for (size_t n = 0; n < 20; n++)
		ck_assert(
		    !sts_record_parse(slice_head(buf_slice(&text), n), &out));
	buf_done(&text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy/sts_text");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, a_record_is_ours_and_has_an_id, 0,
	    (int)(sizeof(records) / sizeof(records[0])));
	tcase_add_loop_test(tc, a_policy_is_whole_or_none, 0,
	    (int)(sizeof(policies) / sizeof(policies[0])));
	tcase_add_loop_test(tc, a_pattern_stands_for_one_label, 0,
	    (int)(sizeof(hosts) / sizeof(hosts[0])));
	tcase_add_test(tc, a_policy_is_renewed_ahead_of_its_end);
	tcase_add_test(tc, what_is_kept_comes_back);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
