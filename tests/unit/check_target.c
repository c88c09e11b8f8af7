/* unit/check_target.c - the targets of main.conf. */
#include "tests/unit/run.h"

#include "conf/target.h"

/* clang-format off */
static const struct {
	const char *text;
	enum target_kind kind;
	const char *host;
	unsigned port;
	int version; /* of the address that host is */
	const char *path;
	const char *again; /* as it is written; NULL: as it was */
} good[] = {
	{ "mx",				TARGET_MX,	    "",		 0,   0, "", NULL },
	{ "mx:example.org",		TARGET_MX,	    "example.org", 0, 0, "", NULL },
	{ "mx:example.org:2525",	TARGET_MX,	    "example.org", 2525, 0, "", NULL },
	{ "smtp:host",			TARGET_SMTP,	    "host",	 25,  0, "", "smtp:host:25" },
	{ "smtp:192.0.2.1:2525",	TARGET_SMTP,	    "192.0.2.1", 2525, 4, "", NULL },
	{ "smtp:[2001:db8::1]:26",	TARGET_SMTP,	    "2001:db8::1", 26, 6, "", NULL },
	{ "smtp:[::1]",			TARGET_SMTP,	    "::1",	 25,  6, "", "smtp:[::1]:25" },
	{ "submission:smtp.example:587", TARGET_SUBMISSION, "smtp.example", 587, 0, "", NULL },
	{ "submission:a",		TARGET_SUBMISSION,  "a",	 587, 0, "", "submission:a:587" },
	{ "submissions:a",		TARGET_SUBMISSIONS, "a",	 465, 0, "", "submissions:a:465" },
	{ "lmtp:127.0.0.1:24",		TARGET_LMTP,	    "127.0.0.1", 24,  4, "", NULL },
	{ "lmtp:unix:/run/lmtp",	TARGET_LMTP_UNIX,   "",		 0,   0, "/run/lmtp", NULL },
	{ "maildir:/m/%{local}",	TARGET_MAILDIR,	    "",		 0,   0, "/m/%{local}", NULL },
	{ "mbox:/m",			TARGET_MBOX,	    "",		 0,   0, "/m", NULL },
	{ "pipe:/bin/cat -n",		TARGET_PIPE,	    "",		 0,   0, "/bin/cat -n", NULL },
	{ "discard:",			TARGET_DISCARD,	    "",		 0,   0, "", NULL },
	{ "error:550 5.7.1 no",		TARGET_ERROR,	    "",		 0,   0, "", NULL },
	{ "error:450 later",		TARGET_ERROR,	    "",		 0,   0, "", NULL },
};

static const char *const bad[] = {
	"", "MX", "mx:", "mx: ", "mx:192.0.2.1", "mx:[::1]", "mx:a:0",
	"smtp:", "smtp", "smtp:host:", "smtp:host:65536", "smtp:host:x",
	"smtp:::1", "smtp:[::1", "smtp:[host]", "smtp:[::1]25", "smtp:a b",
	"smtp:-a", "smtp:a..b", "smtp:.a", "smtp:1.2.3", "smtp:256.1.1.1",
	"lmtp:host", "lmtp:unix:", "lmtp:unix:run", "maildir:", "maildir:m",
	"maildir:/", "discard:x", "discard", "error:", "error:250 ok",
	"error:550", "error:550-x", "error:600 x", "error:550 a\nb", "http:x",
};
/* clang-format on */

START_TEST(a_target_means_what_it_says)
{
	struct slice want = slice_of(good[_i].host);
	struct why why = { "" };
	struct target t;
	struct buf again;

	ck_assert_msg(target_parse(slice_of(good[_i].text), &t, &why), "%s",
	    why.text);
	ck_assert_int_eq(t.kind, good[_i].kind);
	ck_assert(slice_eq(t.host, want));
	ck_assert_uint_eq(t.port, good[_i].port);
	ck_assert_int_eq(t.ip.version, good[_i].version);
	ck_assert(slice_is(t.path, good[_i].path));
	buf_init(&again, 300);
	target_write(&t, &again);
	ck_assert_str_eq(buf_cstr(&again),
	    good[_i].again == NULL ? good[_i].text : good[_i].again);
	buf_done(&again);
}
END_TEST

START_TEST(anything_else_is_refused_with_a_reason)
{
	struct target t = { .port = 4711 };
	struct why why = { "" };

	ck_assert_msg(!target_parse(slice_of(bad[_i]), &t, &why), "%s",
	    bad[_i]);
	ck_assert_uint_eq(t.port, 4711);
	ck_assert_str_ne(why.text, "");
}
END_TEST

START_TEST(an_error_has_its_code_and_its_text)
{
	struct target t;

	ck_assert(target_parse(SLICE("error:451 4.3.0 not now"), &t, NULL));
	ck_assert_int_eq(t.smtp_code, 451);
	ck_assert(slice_is(t.reply, "451 4.3.0 not now"));
	ck_assert(!target_is_remote(t.kind));
	ck_assert(target_is_remote(TARGET_LMTP_UNIX));
	ck_assert(!target_is_remote(TARGET_MAILDIR));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("target");
	TCase *tc = tcase_create("target");

	tcase_add_loop_test(tc, a_target_means_what_it_says, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, anything_else_is_refused_with_a_reason, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, an_error_has_its_code_and_its_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
