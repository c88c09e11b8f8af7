/* unit/check_command.c - arguments of MAIL and RCPT, strict by the RFCs. */
#include "tests/unit/run.h"

#include <string.h>

#include "smtp/command.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))
#define UMLAUT "\xc3\xbc"
#define TEN "1234567890"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

enum {
	EVERYTHING = PARAM_ALL,
	OK = COMMAND_OK,
	SYNTAX = COMMAND_SYNTAX,
	ADDRESS = COMMAND_BAD_ADDRESS,
	LONG = COMMAND_LONG_ADDRESS,
	UTF8 = COMMAND_NEEDS_UTF8,
	BAD = COMMAND_BAD_PARAMETER,
	UNKNOWN = COMMAND_UNKNOWN_PARAMETER,
};

/* clang-format off */
static const struct {
	const char *args;
	int want;
	unsigned given;
} mails[] = {
	{ "FROM:<a@b>",			OK,	0 },
	{ "from:<a@b>",			OK,	0 },
	{ "FROM:<>",			OK,	0 },
	{ "FROM: <a@b>",		OK,	0 },
	{ "FROM:  <a@b> ",		OK,	0 },
	{ "FROM:<a@b>  ",		OK,	0 },
	{ "FROM:<@r:a@b>",		OK,	0 },
	{ "FROM:<a@[192.0.2.1]>",	OK,	0 },
	{ "FROM:<a@b> SIZE=1",		OK,	PARAM_SIZE },
	{ "FROM:<a@b> size=1 body=8bitmime smtputf8", OK, PARAM_SIZE | PARAM_BODY | PARAM_SMTPUTF8 },
	{ "FROM:<a@b> BODY=7BIT",	OK,	PARAM_BODY },
	{ "FROM:<a@b> BODY=BINARYMIME",	OK,	PARAM_BODY },
	{ "FROM:<a@b> RET=FULL ENVID=QQ+2B1", OK, PARAM_RET | PARAM_ENVID },
	{ "FROM:<a@b> RET=hdrs",	OK,	PARAM_RET },
	{ "FROM:<a@b> AUTH=<>",		OK,	PARAM_AUTH },
	{ "FROM:<a@b> AUTH=e+3Dmc2@x",	OK,	PARAM_AUTH },
	{ "FROM:<a@b> REQUIRETLS",	OK,	PARAM_REQUIRETLS },
	{ "FROM:<" UMLAUT "@b> SMTPUTF8", OK,	PARAM_SMTPUTF8 },
	{ "FROM:<a@b> ENVID=" HUNDRED,	OK,	PARAM_ENVID },
	{ "FROM:<a@b> SIZE=99999999999999999999", OK, PARAM_SIZE },

	{ "",				SYNTAX,	0 },
	{ "FROM",			SYNTAX,	0 },
	{ "FROM:",			SYNTAX,	0 },
	{ "FROM:a@b",			SYNTAX,	0 },
	{ "FROM a@b",			SYNTAX,	0 },
	{ "FROM :<a@b>",		SYNTAX,	0 },
	{ " FROM:<a@b>",		SYNTAX,	0 },
	{ "TO:<a@b>",			SYNTAX,	0 },
	{ "FROM:\t<a@b>",		SYNTAX,	0 },
	{ "FROM:Alice <a@b>",		SYNTAX,	0 },
	{ "FROM:<a@b>SIZE=1",		SYNTAX,	0 },
	{ "FROM:<a@b>x",		SYNTAX,	0 },
	{ "FROM:<a@b>\tSIZE=1",		SYNTAX,	0 },
	{ "FROM:<a@b>  SIZE=1",		SYNTAX,	0 },
	{ "FROM:<a@b> SIZE=",		SYNTAX,	0 },
	{ "FROM:<a@b> SIZE==1",		SYNTAX,	0 },
	{ "FROM:<a@b> SIZE=1=2",	SYNTAX,	0 },
	{ "FROM:<a@b> =1",		SYNTAX,	0 },
	{ "FROM:<a@b> -X=1",		SYNTAX,	0 },
	{ "FROM:<a@b> SIZE =1",		BAD,	0 },
	{ "FROM:<a@b> <c@d>",		SYNTAX,	0 },
	{ "FROM:<a@b> ENVID=a\xff",	SYNTAX,	0 },
	{ "FROM:<a@b> ENVID=a\x01",	SYNTAX,	0 },

	{ "FROM:<a>",			ADDRESS, 0 },
	{ "FROM:<a@b",			ADDRESS, 0 },
	{ "FROM:<a b@c>",		ADDRESS, 0 },
	{ "FROM:<a@b_c>",		ADDRESS, 0 },
	{ "FROM:< >",			ADDRESS, 0 },
	{ "FROM:<\xff@b> SMTPUTF8",	ADDRESS, 0 },
	{ "FROM:<" HUNDRED HUNDRED TEN TEN TEN TEN TEN "123@b>", LONG, 0 },

	{ "FROM:<" UMLAUT "@b>",	UTF8,	0 },
	{ "FROM:<a@" UMLAUT ">",	UTF8,	0 },
	{ "FROM:<" UMLAUT "@b> SIZE=1",	UTF8,	0 },

	{ "FROM:<a@b> SIZE",		BAD,	0 },
	{ "FROM:<a@b> SIZE=-1",		BAD,	0 },
	{ "FROM:<a@b> SIZE=0x10",	BAD,	0 },
	{ "FROM:<a@b> SIZE=" TEN TEN "1", BAD,	0 },
	{ "FROM:<a@b> SIZE=1 SIZE=1",	BAD,	0 },
	{ "FROM:<a@b> SIZE=1 Size=2",	BAD,	0 },
	{ "FROM:<a@b> BODY=9BIT",	BAD,	0 },
	{ "FROM:<a@b> BODY",		BAD,	0 },
	{ "FROM:<a@b> SMTPUTF8=1",	BAD,	0 },
	{ "FROM:<a@b> REQUIRETLS=yes",	BAD,	0 },
	{ "FROM:<a@b> RET=HALF",	BAD,	0 },
	{ "FROM:<a@b> ENVID=" HUNDRED "1", BAD,	0 },
	{ "FROM:<a@b> ENVID=a+",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+4",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+4g",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+2b",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+0D+0A",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+00",	BAD,	0 },
	{ "FROM:<a@b> ENVID=a+FF",	BAD,	0 },
	{ "FROM:<a@b> ENVID=" UMLAUT,	BAD,	0 },
	{ "FROM:<a@b> AUTH=a+0A",	BAD,	0 },

	{ "FROM:<a@b> HOLDFOR=60",	OK,	PARAM_HOLDFOR },
	{ "FROM:<a@b> HOLDUNTIL=2026-12-24T18:00:00Z", OK, PARAM_HOLDUNTIL },
	{ "FROM:<a@b> HOLDUNTIL=2026-12-24T18:00:00+01:00", OK, PARAM_HOLDUNTIL },
	{ "FROM:<a@b> BY=120;R",	OK,	PARAM_BY },
	{ "FROM:<a@b> BY=-5;nt",	OK,	PARAM_BY },
	{ "FROM:<a@b> MT-PRIORITY=-9",	OK,	PARAM_PRIORITY },
	{ "FROM:<a@b> MT-PRIORITY=3 BY=+9;RT HOLDFOR=0", OK, PARAM_PRIORITY | PARAM_BY | PARAM_HOLDFOR },
	{ "FROM:<a@b> HOLDFOR",		BAD,	0 },
	{ "FROM:<a@b> HOLDFOR=1234567890", BAD,	0 },
	{ "FROM:<a@b> HOLDFOR=-1",	BAD,	0 },
	{ "FROM:<a@b> HOLDUNTIL=tomorrow", BAD,	0 },
	{ "FROM:<a@b> BY=120",		BAD,	0 },
	{ "FROM:<a@b> BY=0;R",		BAD,	0 },
	{ "FROM:<a@b> BY=-1;R",		BAD,	0 },
	{ "FROM:<a@b> BY=1;X",		BAD,	0 },
	{ "FROM:<a@b> BY=1;NTT",	BAD,	0 },
	{ "FROM:<a@b> MT-PRIORITY=10",	BAD,	0 },
	{ "FROM:<a@b> MT-PRIORITY=+1",	BAD,	0 },
	{ "FROM:<a@b> MT-PRIORITY",	BAD,	0 },

	{ "FROM:<a@b> X=1",		UNKNOWN, 0 },
	{ "FROM:<a@b> FROBNICATE",	UNKNOWN, 0 },
	{ "FROM:<a@b> NOTIFY=NEVER",	UNKNOWN, 0 },
};
/* clang-format on */

START_TEST(mail_is_taken_as_the_rfcs_say)
{
	struct mail_args got = { .given = 1u << 31 };
	struct why why = { "" };

	ck_assert_int_eq(mail_args_parse(slice_of(mails[_i].args), EVERYTHING,
			     &got, &why),
	    mails[_i].want);
	ck_assert((why.text[0] == '\0') == (mails[_i].want == OK));
	ck_assert_uint_eq(got.given,
	    mails[_i].want == OK ? mails[_i].given : 1u << 31);
}
END_TEST

START_TEST(mail_gives_its_values)
{
	struct mail_args got;

	ck_assert_int_eq(
	    mail_args_parse(SLICE("FROM: <@r:Al.Ice@b.example> SIZE=12345 "
				  "BODY=8BITMIME RET=HDRS ENVID=x+2By "
				  "AUTH=al@b SMTPUTF8"),
		EVERYTHING, &got, NULL),
	    COMMAND_OK);
	ck_assert(slice_is(got.sender.local, "Al.Ice"));
	ck_assert(slice_is(got.sender.domain, "b.example"));
	ck_assert(got.routed);
	ck_assert_uint_eq(got.size, 12345);
	ck_assert_int_eq(got.body, BODY_8BITMIME);
	ck_assert_int_eq(got.ret, RET_HDRS);
	ck_assert(slice_is(got.envid, "x+2By"));
	ck_assert(slice_is(got.auth, "al@b"));
	ck_assert_int_eq(
	    mail_args_parse(SLICE("FROM:<> SIZE=99999999999999999999"),
		EVERYTHING, &got, NULL),
	    COMMAND_OK);
	ck_assert(address_is_null(&got.sender) && !got.routed);
	ck_assert_uint_eq(got.size, UINT64_MAX);
	ck_assert_uint_eq(got.envid.n, 0);
}
END_TEST

START_TEST(what_is_not_offered_is_unknown)
{
	struct mail_args mail;
	struct rcpt_args rcpt;

	ck_assert_int_eq(mail_args_parse(SLICE("FROM:<a@b> SIZE=1"), 0, &mail,
			     NULL),
	    COMMAND_UNKNOWN_PARAMETER);
	ck_assert_int_eq(mail_args_parse(SLICE("FROM:<a@b> BODY=BINARYMIME"),
			     PARAM_BODY, &mail, NULL),
	    COMMAND_BAD_PARAMETER);
	ck_assert_int_eq(rcpt_args_parse(SLICE("TO:<a@b> NOTIFY=NEVER"), 0,
			     false, &rcpt, NULL),
	    COMMAND_UNKNOWN_PARAMETER);
}
END_TEST

/* clang-format off */
static const struct {
	const char *args;
	bool utf8;
	int want;
	uint8_t notify;
	const char *orcpt;
} rcpts[] = {
	{ "TO:<a@b>",			false, OK, 0, "" },
	{ "to: <a@b>",			false, OK, 0, "" },
	{ "TO:<postmaster>",		false, OK, 0, "" },
	{ "TO:<PostMaster>",		false, OK, 0, "" },
	{ "TO:<a@b> NOTIFY=NEVER",	false, OK, NOTIFY_NEVER, "" },
	{ "TO:<a@b> NOTIFY=success,FAILURE,Delay", false, OK,
	    NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, "" },
	{ "TO:<a@b> ORCPT=rfc822;a+2Bx@b", false, OK, 0, "rfc822;a+2Bx@b" },
	{ "TO:<a@b> NOTIFY=DELAY ORCPT=x-y;z", false, OK, NOTIFY_DELAY, "x-y;z" },
	{ "TO:<a@b> ORCPT=utf-8;\\x{FC}@b", false, OK, 0, "utf-8;\\x{FC}@b" },
	{ "TO:<a@b> ORCPT=utf-8;" UMLAUT "@b", true, OK, 0, "utf-8;" UMLAUT "@b" },
	{ "TO:<" UMLAUT "@b>",		true,  OK, 0, "" },

	{ "FROM:<a@b>",			false, SYNTAX,	0, "" },
	{ "TO:<a@b>,<c@d>",		false, SYNTAX,	0, "" },
	{ "TO:<>",			false, ADDRESS,	0, "" },
	{ "TO:<root>",			false, ADDRESS,	0, "" },
	{ "TO:<\xff@b>",		true,  ADDRESS,	0, "" },
	{ "TO:<" UMLAUT "@b>",		false, UTF8,	0, "" },
	{ "TO:<a@b> NOTIFY=NEVER,DELAY", false, BAD,	0, "" },
	{ "TO:<a@b> NOTIFY=DELAY,",	false, BAD,	0, "" },
	{ "TO:<a@b> NOTIFY=,DELAY",	false, BAD,	0, "" },
	{ "TO:<a@b> NOTIFY=SOMETIMES",	false, BAD,	0, "" },
	{ "TO:<a@b> NOTIFY",		false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=a@b",		false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=;a@b",	false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=rfc822;",	false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=rfc822;a+0Ab", false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=rf(822;a",	false, BAD,	0, "" },
	{ "TO:<a@b> ORCPT=rfc822;" UMLAUT "@b", true, BAD, 0, "" },
	{ "TO:<a@b> ORCPT=utf-8;" UMLAUT "@b", false, BAD, 0, "" },
	{ "TO:<a@b> ORCPT=rfc822;" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED, false, BAD, 0, "" },
	{ "TO:<a@b> ORCPT=rfc822;a ORCPT=rfc822;b", false, BAD, 0, "" },
	{ "TO:<a@b> SIZE=1",		false, UNKNOWN,	0, "" },
};
/* clang-format on */

START_TEST(rcpt_is_taken_as_the_rfcs_say)
{
	struct rcpt_args got = { .orcpt = SLICE_NONE };
	struct why why = { "" };

	ck_assert_int_eq(rcpt_args_parse(slice_of(rcpts[_i].args), EVERYTHING,
			     rcpts[_i].utf8, &got, &why),
	    rcpts[_i].want);
	ck_assert((why.text[0] == '\0') == (rcpts[_i].want == OK));
	ck_assert_uint_eq(got.notify, rcpts[_i].notify);
	ck_assert(slice_is(got.orcpt, rcpts[_i].orcpt));
}
END_TEST

/* clang-format off */
static const struct {
	const char *plain, *xtext;
} texts[] = {
	{ "",		"" },
	{ "abc@x",	"abc@x" },
	{ "a+b=c",	"a+2Bb+3Dc" },
	{ "a b\r\n",	"a+20b+0D+0A" },
	{ "\xff",	"+FF" },
};
/* clang-format on */

START_TEST(xtext_goes_both_ways)
{
	struct buf out;

	buf_init(&out, 100);
	xtext_encode(slice_of(texts[_i].plain), &out);
	ck_assert_str_eq(buf_cstr(&out), texts[_i].xtext);
	buf_reset(&out);
	ck_assert(xtext_decode(slice_of(texts[_i].xtext), &out));
	ck_assert_str_eq(buf_cstr(&out), texts[_i].plain);
	buf_done(&out);
}
END_TEST

START_TEST(malformed_xtext_decodes_to_nothing)
{
	static const char *const bad[] = { "+", "+2", "a+2b", "a=b", "a b",
		"a\x7f", "+2+2" };
	struct buf out;

	buf_init(&out, 100);
	for (int i = 0; i < COUNT(bad); i++) {
		ck_assert(!xtext_is_valid(slice_of(bad[i])));
		ck_assert(!xtext_decode(slice_of(bad[i]), &out));
		ck_assert_uint_eq(out.n, 0);
	}
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command");
	TCase *tc = tcase_create("command");

	tcase_add_loop_test(tc, mail_is_taken_as_the_rfcs_say, 0, COUNT(mails));
	tcase_add_test(tc, mail_gives_its_values);
	tcase_add_test(tc, what_is_not_offered_is_unknown);
	tcase_add_loop_test(tc, rcpt_is_taken_as_the_rfcs_say, 0, COUNT(rcpts));
	tcase_add_loop_test(tc, xtext_goes_both_ways, 0, COUNT(texts));
	tcase_add_test(tc, malformed_xtext_decodes_to_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
