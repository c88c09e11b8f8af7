/* unit/check_from_header.c - whose domains From names, in all of its forms. */
#include "tests/unit/run.h"

#include <string.h>

#include "mail/from_header.h"

/* clang-format off */
static const struct {
	const char *body;
	enum from_result result;
	size_t addresses;
	const char *domains; /* each with a space behind */
} cases[] = {
	{ " a@b.example",			FROM_GOOD, 1, "b.example " },
	{ " A <a@B.Example>",			FROM_GOOD, 1, "b.example " },
	{ " \"x@y.example\" <a@b.example>",	FROM_GOOD, 1, "b.example " },
	{ " \"q\\\"<z@z.example>\" <a@b.example>", FROM_GOOD, 1, "b.example " },
	{ " (c@c.example (d@d.example)) a@b.example (e)", FROM_GOOD, 1, "b.example " },
	{ " =?utf-8?q?x=40y.example?= <a@b.example>", FROM_GOOD, 1, "b.example " },
	{ " J. R. Doe <a@b.example>",		FROM_GOOD, 1, "b.example " },
	{ " a\r\n\t@ (x)\r\n b . example",	FROM_GOOD, 1, "b.example " },
	{ " \"a b\".c@b.example",		FROM_GOOD, 1, "b.example " },
	{ " <@r.example,@s.example:a@b.example>", FROM_GOOD, 1, "b.example " },
	{ " a@b.example, c@d.example",		FROM_GOOD, 2, "b.example d.example " },
	{ " a@b.example, , c@B.example,",	FROM_GOOD, 2, "b.example " },
	{ " G: a@b.example, X <c@d.example>;",	FROM_GOOD, 2, "b.example d.example " },
	{ " G: a@b.example;, c@d.example",	FROM_GOOD, 2, "b.example d.example " },
	{ " undisclosed:;",			FROM_EMPTY, 0, "" },
	{ " ",					FROM_EMPTY, 0, "" },
	{ " a@[192.0.2.1]",			FROM_GOOD, 1, "[192.0.2.1] " },
	{ " j\xc3\xb6rg@m\xc3\xbcller.example",	FROM_GOOD, 1, "m\xc3\xbcller.example " },
	{ " J\xf6rg <a@b.example>",		FROM_GOOD, 1, "b.example " },
	{ " a@b.example <c@d.example>",		FROM_MALFORMED, 1, "b.example d.example " },
	{ " a@b.example c@d.example",		FROM_MALFORMED, 1, "b.example d.example " },
	{ " X <a@b.example",			FROM_MALFORMED, 1, "b.example " },
	{ " X a@b.example>",			FROM_MALFORMED, 0, "b.example " },
	{ " a@b.example.",			FROM_MALFORMED, 0, "b.example " },
	{ " a..b@b.example",			FROM_MALFORMED, 0, "b.example " },
	{ " .a@b.example",			FROM_MALFORMED, 0, "b.example " },
	{ " a@b..example",			FROM_MALFORMED, 0, "" },
	{ " a@m\xfcller.example",		FROM_MALFORMED, 0, "" },
	{ " Bob",				FROM_MALFORMED, 0, "" },
	{ " <>",				FROM_MALFORMED, 0, "" },
	{ " \"a@b.example",			FROM_MALFORMED, 0, "b.example " },
	{ " (a@b.example",			FROM_MALFORMED, 0, "b.example " },
	{ " G: a@b.example",			FROM_MALFORMED, 1, "b.example " },
	{ " G: H: a@b.example;;",		FROM_MALFORMED, 0, "b.example " },
	{ " a@[192.0.2.1",			FROM_MALFORMED, 0, "" },
};
/* clang-format on */

static void
list_domains(const struct from_header *f, struct buf *out)
{
	for (size_t i = 0; i < f->domain_count; i++)
		buf_addf(out, "%s ", f->domain[i]);
}

START_TEST(finds_the_domains_and_judges_the_form)
{
	struct from_header got;
	struct buf domains;

	buf_init(&domains, 4096);
	from_header_parse(slice_of(cases[_i].body), &got);
	list_domains(&got, &domains);
	ck_assert_str_eq(buf_cstr(&domains), cases[_i].domains);
	ck_assert_int_eq(got.result, cases[_i].result);
	ck_assert_uint_eq(got.address_count, cases[_i].addresses);
	buf_done(&domains);
}
END_TEST

START_TEST(several_fields_count_together)
{
	struct from_header got;

	from_header_read(SLICE(
			     "Subject: x\r\nFROM: a@b.example\r\n"
			     "from : c@d.example\r\n\r\nFrom: e@f.example\r\n"),
	    &got);
	ck_assert_uint_eq(got.field_count, 2);
	ck_assert_uint_eq(got.domain_count, 2);
	ck_assert_int_eq(got.result, FROM_GOOD);
	from_header_read(SLICE("From: a@b.example\r\nFrom: <\r\n"), &got);
	ck_assert_int_eq(got.result, FROM_MALFORMED);
	ck_assert_uint_eq(got.domain_count, 1);
	from_header_read(SLICE("Subject: x\r\n\r\n"), &got);
	ck_assert_int_eq(got.result, FROM_MISSING);
}
END_TEST

START_TEST(domains_past_the_maximum_are_said_to_be_there)
{
	struct from_header got;
	struct buf body;

	buf_init(&body, 4096);
	for (int i = 0; i < FROM_DOMAINS_MAX; i++)
		buf_addf(&body, "a@d%d.example,", i);
	from_header_parse(buf_slice(&body), &got);
	ck_assert_uint_eq(got.domain_count, FROM_DOMAINS_MAX);
	ck_assert(!got.has_more);
	buf_add_cstr(&body, "a@more.example");
	from_header_parse(buf_slice(&body), &got);
	ck_assert_uint_eq(got.domain_count, FROM_DOMAINS_MAX);
	ck_assert(got.has_more);
	buf_done(&body);
}
END_TEST

START_TEST(deep_comments_and_long_domains_are_bounded)
{
	struct from_header got;
	struct buf body;

	buf_init(&body, 1 << 20);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&body, '(');
	for (int i = 0; i < 100000; i++)
		buf_add_char(&body, ')');
	buf_add_cstr(&body, "a@b.example");
	from_header_parse(buf_slice(&body), &got);
	ck_assert_int_eq(got.result, FROM_GOOD);
	buf_reset(&body);
	buf_add_cstr(&body, "a@");
	for (int i = 0; i < 200; i++)
		buf_add_cstr(&body, "abc.");
	buf_add_cstr(&body, "example");
	from_header_parse(buf_slice(&body), &got);
	ck_assert_int_eq(got.result, FROM_MALFORMED);
	buf_done(&body);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("from_header");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, finds_the_domains_and_judges_the_form, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, several_fields_count_together);
	tcase_add_test(tc, domains_past_the_maximum_are_said_to_be_there);
	tcase_add_test(tc, deep_comments_and_long_domains_are_bounded);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
