/* unit/check_replies.c - replies.conf: what is a rule, and which one fits. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/buf.h"
#include "base/time.h"
#include "conf/replies.h"

static const char *const bad[] = {
	"name",
	"name slow",
	"name mx=*",
	"name=x mx=* slow",
	"na_me mx=* slow",
	"mx=* slow",
	"a23456789012345678901234567890123456789012 mx=* slow",
	"name mx= slow",
	"name mx=a mx=b slow",
	"name mx=a to=b slow",
	"name code=250 slow",
	"name code=x21 slow",
	"name code=42 slow",
	"name code=4210 slow",
	"name status=4.7 slow",
	"name status=4.7.28.1 slow",
	"name status=4.7.28. slow",
	"name status=4.7.1000 slow",
	"name status=4.7.9-3 slow",
	"name status=4.7.a slow",
	"name text=\"open slow",
	"name text=\"a\"b slow",
	"name code=4xx slow=1m",
	"name code=4xx pause",
	"name code=4xx pause=",
	"name code=4xx pause=0",
	"name code=4xx pause=31d",
	"name code=4xx rest-source=soon",
	"name code=4xx slow pause=1m",
	"name code=4xx permanent temporary",
	"name code=4xx next-mx next-mx",
	"name code=4xx Slow",
	"one code=4xx slow\none code=5xx slow",
};

static void
count_error(unsigned line, const char *what, void *arg)
{
	unsigned *count = arg;

	ck_assert_uint_gt(line, 0);
	ck_assert_uint_gt(strlen(what), 0);
	(*count)++;
}

START_TEST(what_is_no_rule_is_an_error)
{
	unsigned errors = 0;

	ck_assert_ptr_null(
	    replies_parse(slice_of(bad[_i]), count_error, &errors));
	ck_assert_uint_eq(errors, 1);
}
END_TEST

static void
keep_lines(unsigned line, const char *what, void *arg)
{
	(void)what;
	buf_addf(arg, "%u ", line);
}

START_TEST(every_wrong_line_is_reported)
{
	struct buf lines;

	buf_init(&lines, 100);
	ck_assert_ptr_null(replies_parse(
	    SLICE("# fine\n\na code=4xx slow\nb\nc code=4xx slow\nd\r\n"),
	    keep_lines, &lines));
	ck_assert_str_eq(buf_cstr(&lines), "4 6 ");
	buf_done(&lines);
}
END_TEST

START_TEST(a_rule_has_all_its_parts)
{
	struct replies *r =
	    replies_parse(SLICE("# comment\n"
				"\tall mx=*.a.test code=45x status=4.7.500-699 "
				"text=\"*too many*\" temporary pause=1h30m\r\n"
				"few status=5.*.* permanent"),
		NULL, NULL);
	const struct reply_rule *rule;

	ck_assert_uint_eq(replies_count(r), 2);
	rule = replies_rule(r, 0);
	ck_assert(slice_is(rule->name, "all"));
	ck_assert(slice_is(rule->mx, "*.a.test"));
	ck_assert(slice_is(rule->text, "*too many*"));
	ck_assert_str_eq(rule->code, "45x");
	ck_assert_uint_eq(rule->status[2].from, 500);
	ck_assert_uint_eq(rule->status[2].to, 699);
	ck_assert_int_eq(rule->verdict, REPLY_TEMPORARY);
	ck_assert_int_eq(rule->pace, PACE_PAUSE);
	ck_assert_int_eq(rule->pace_ms, 90 * MINUTE);
	ck_assert_uint_eq(rule->line, 2);
	rule = replies_rule(r, 1);
	ck_assert_int_eq(rule->verdict, REPLY_PERMANENT);
	ck_assert_int_eq(rule->pace, PACE_AS_IT_IS);
	ck_assert(rule->mx.n == 0 && rule->text.n == 0);
	replies_free(&r);
	r = replies_parse(SLICE(""), NULL, NULL);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(replies_count(r), 0);
	replies_free(&r);
}
END_TEST

static const char table[] =
    "rate    mx=*.google.com code=421 status=4.7.28 slow\n"
    "banned  mx=*.outlook.com code=550 status=5.7.606-649 temporary pause=1h\n"
    "ts      mx=*.yahoodns.net text=\"*[TSS0?]*\" rest-source=10m\n"
    "many    code=4xx text=\"*too many connections*\" slow\n"
    "first   code=45x next-mx\n"
    "second  code=451 permanent\n";

/* clang-format off */
static const struct {
	const char *host;
	int code;
	const char *reply;
	const char *rule; /* NULL: none */
} fits[] = {
	{ "alt1.gmail-smtp-in.l.google.com", 421, "421 4.7.28 rate", "rate" },
	{ "ALT1.GOOGLE.COM", 421, "421 4.7.28 rate", "rate" },
	{ "mx.other.test", 421, "421 4.7.28 rate", NULL },
	{ "x.google.com", 421, "421 4.7.0 rate", NULL },
	{ "a.outlook.com", 550, "550 5.7.606 banned", "banned" },
	{ "a.outlook.com", 550, "550 5.7.649 banned", "banned" },
	{ "a.outlook.com", 550, "550 5.7.650 banned", NULL },
	{ "a.outlook.com", 550, "550 banned", NULL },
	{ "mta5.am0.yahoodns.net", 421, "421 4.7.0 [tss04] wait", "ts" },
	{ "mta5.am0.yahoodns.net", 553, "553 5.7.1 [BL21]", NULL },
	{ "anyone.test", 452, "452 4.3.1 Too many connections", "many" },
	{ "anyone.test", 452, "452 4.2.2 mailbox full", "first" },
	{ "anyone.test", 451, "451 4.3.0 try again", "first" },
	{ "anyone.test", 552, "552 Too many connections", NULL },
	{ "", 450, "450 4.2.0 greylisted", "first" },
};
/* clang-format on */

START_TEST(the_first_rule_that_fits_counts)
{
	struct replies *r = replies_parse(slice_of(table), NULL, NULL);
	struct fate fate =
	    fate_from_reply(fits[_i].code, slice_of(fits[_i].reply));
	const struct reply_rule *rule;

	ck_assert_ptr_nonnull(r);
	rule = replies_match(r, slice_of(fits[_i].host), &fate);
	if (fits[_i].rule == NULL)
		ck_assert_ptr_null(rule);
	else
		ck_assert(rule != NULL && slice_is(rule->name, fits[_i].rule));
	replies_free(&r);
}
END_TEST

START_TEST(only_what_a_peer_refused_is_looked_up)
{
	struct replies *r =
	    replies_parse(SLICE("any mx=* permanent"), NULL, NULL);
	struct fate fate = fate_from_reply(450, SLICE("450 later"));

	ck_assert_ptr_nonnull(replies_match(r, SLICE("a.test"), &fate));
	ck_assert_ptr_null(replies_match(NULL, SLICE("a.test"), &fate));
	fate.ours = true;
	ck_assert_ptr_null(replies_match(r, SLICE("a.test"), &fate));
	fate = fate_from_reply(250, SLICE("250 ok"));
	ck_assert_ptr_null(replies_match(r, SLICE("a.test"), &fate));
	fate = (struct fate){ 0 };
	ck_assert_ptr_null(replies_match(r, SLICE("a.test"), &fate));
	replies_free(&r);
}
END_TEST

START_TEST(there_are_not_too_many_rules)
{
	struct buf text;
	struct replies *r;
	unsigned errors = 0;

	buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < REPLIES_MAX; i++)
		buf_addf(&text, "rule-%u code=4xx slow\n", i);
	r = replies_parse(buf_slice(&text), NULL, NULL);
	ck_assert_uint_eq(replies_count(r), REPLIES_MAX);
	replies_free(&r);
	buf_add_cstr(&text, "last code=4xx slow\n");
	ck_assert_ptr_null(
	    replies_parse(buf_slice(&text), count_error, &errors));
	ck_assert_uint_eq(errors, 1);
	buf_done(&text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("replies");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, what_is_no_rule_is_an_error, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, every_wrong_line_is_reported);
	tcase_add_test(tc, a_rule_has_all_its_parts);
	tcase_add_loop_test(tc, the_first_rule_that_fits_counts, 0,
	    sizeof(fits) / sizeof(fits[0]));
	tcase_add_test(tc, only_what_a_peer_refused_is_looked_up);
	tcase_add_test(tc, there_are_not_too_many_rules);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
