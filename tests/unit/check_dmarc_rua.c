/*
 * unit/check_dmarc_rua.c - who may have a domain's reports: invented trees, and
 * the text that goes between processes.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "tests/unit/dns_table.h"
#include "verify/dmarc_rua.h"

#define TXT DNS_TXT, /* the rows of the table */

/* clang-format off */
static const struct dns_row tree[] = {
	{ "_dmarc.own.com",	TXT "v=DMARC1; p=none; rua=mailto:a@own.com!10k, mailto:b@mail.own.com", 0 },
	{ "_dmarc.sub.own.com",	TXT "v=DMARC1; p=none; rua=mailto:a@own.com", 0 },
	{ "_dmarc.silent.com",	TXT "v=DMARC1; p=none", 0 },
	{ "_dmarc.odd.com",	TXT "v=DMARC1; p=none; rua=https://odd.com/, mailto:a@odd.com,mailto:A@odd.com", 0 },
	/* outside, with and without consent */
	{ "_dmarc.out.com",	TXT "v=DMARC1; p=none; rua=mailto:r@yes.net", 0 },
	{ "out.com._report._dmarc.yes.net", TXT "v=DMARC1", 0 },
	{ "_dmarc.thief.com",	TXT "v=DMARC1; p=none; rua=mailto:r@yes.net", 0 },
	{ "_dmarc.half.com",	TXT "v=DMARC1; p=none; rua=mailto:r@no.net,mailto:a@half.com", 0 },
	{ "_dmarc.any.com",	TXT "v=DMARC1; p=none; rua=mailto:r@all.net", 0 },
	{ "any.com._report._dmarc.all.net", TXT "noise", 0 },
	{ "any.com._report._dmarc.all.net", TXT "v=DMARC1;", 0 },
	{ "_dmarc.noise.com",	TXT "v=DMARC1; p=none; rua=mailto:r@all.net", 0 },
	{ "noise.com._report._dmarc.all.net", TXT "noise", 0 },
	/* consent that names another address */
	{ "_dmarc.moved.com",	TXT "v=DMARC1; p=none; rua=mailto:r@to.net", 0 },
	{ "moved.com._report._dmarc.to.net", TXT "v=DMARC1; rua=mailto:new@to.net!5m", 0 },
	{ "_dmarc.abused.com",	TXT "v=DMARC1; p=none; rua=mailto:r@to.net", 0 },
	{ "abused.com._report._dmarc.to.net", TXT "v=DMARC1; rua=mailto:x@victim.org", 0 },
	/* trouble */
	{ "_dmarc.down.com",	TXT NULL, DNS_TEMPORARY },
	{ "_dmarc.shaky.com",	TXT "v=DMARC1; p=none; rua=mailto:r@shaky.net,mailto:r@shaky.com", 0 },
	{ "shaky.com._report._dmarc.shaky.net", TXT NULL, DNS_TEMPORARY },
	{ "_dmarc.many.com",	TXT "v=DMARC1; p=none; rua=mailto:1@many.com,mailto:2@many.com,mailto:3@many.com,mailto:4@many.com,mailto:5@many.com,mailto:6@many.com", 0 },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *domain;
	const char *want; /* dmarc_rua_write()'s text; NULL: no report */
	bool unsure;
} cases[] = {
	{ "own.com",	"10240 a@own.com\n0 b@mail.own.com\n", false },
	{ "sub.own.com", "0 a@own.com\n", false },
	{ "silent.com",	NULL, false },
	{ "nothing.com", NULL, false },
	{ "odd.com",	"0 a@odd.com\n", false },
	{ "out.com",	"0 r@yes.net\n", false },
	{ "thief.com",	NULL, false },
	{ "half.com",	"0 a@half.com\n", false },
	{ "any.com",	"0 r@all.net\n", false },
	{ "noise.com",	NULL, false },
	{ "moved.com",	"5242880 new@to.net\n", false },
	{ "abused.com",	NULL, false },
	{ "down.com",	NULL, true },
	{ "shaky.com",	"0 r@shaky.com\n", true },
	{ "many.com",	"0 1@many.com\n0 2@many.com\n0 3@many.com\n0 4@many.com\n0 5@many.com\n", false },
};
/* clang-format on */

START_TEST(reports_go_where_they_are_wanted)
{
	struct answers *answers = answers_new(200, 1 << 20);
	enum dmarc_found found;
	struct dmarc_rua rua, back;
	struct buf text;
	int rounds = 0;

	while ((found = dmarc_rua_find(answers, slice_of(cases[_i].domain),
		    &rua)) == DMARC_FOUND_LATER) {
		ck_assert(dns_table_fill(tree, answers));
		ck_assert_int_lt(++rounds, 5);
	}
	ck_assert_int_eq(rua.is_unsure, cases[_i].unsure);
	ck_assert_msg((found == DMARC_FOUND) == (cases[_i].want != NULL), "%s",
	    cases[_i].domain);
	if (found == DMARC_FOUND) {
		buf_init(&text, DMARC_RUA_TEXT_MAX);
		dmarc_rua_write(&rua, &text);
		ck_assert_str_eq(buf_cstr(&text), cases[_i].want);
		ck_assert(dmarc_rua_read(buf_slice(&text), &back));
		ck_assert_uint_eq(back.count, rua.count);
		ck_assert_str_eq(back.uri[0].address, rua.uri[0].address);
		ck_assert_uint_eq(back.uri[0].size_max, rua.uri[0].size_max);
		buf_done(&text);
	}
	answers_free(&answers);
}
END_TEST

static const char *const malformed[] = { "a@b.test\n", "1 \n", "1 a\n",
	"1 a b@c.test\n", "x a@b.test\n",
	"0 1@b.c\n0 2@b.c\n0 3@b.c\n0 4@b.c\n0 5@b.c\n0 6@b.c\n" };

START_TEST(what_is_malformed_is_no_list)
{
	struct dmarc_rua rua;

	ck_assert_msg(!dmarc_rua_read(slice_of(malformed[_i]), &rua), "%s",
	    malformed[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify/dmarc_rua");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, reports_go_where_they_are_wanted, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(tc, what_is_malformed_is_no_list, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
