/* unit/check_reply.c - replies of good, odd and hostile servers. */
#include "tests/unit/run.h"

#include <string.h>

#include "smtp/reply.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *line;
	bool good;
	int code;
	bool last;
	const char *text;
} lines[] = {
	{ "250 ok",	    true,  250, true,  "ok" },
	{ "250",	    true,  250, true,  "" },
	{ "250 ",	    true,  250, true,  "" },
	{ "250-",	    true,  250, false, "" },
	{ "250-SIZE 10",    true,  250, false, "SIZE 10" },
	{ "571 policy",	    true,  571, true,  "policy" },
	{ "250  two",	    true,  250, true,  " two" },
	{ "",		    false, 0, false, NULL },
	{ "25",		    false, 0, false, NULL },
	{ "25x no",	    false, 0, false, NULL },
	{ "2500 no",	    false, 0, false, NULL },
	{ "250ok",	    false, 0, false, NULL },
	{ "250\tok",	    false, 0, false, NULL },
	{ " 250 ok",	    false, 0, false, NULL },
	{ "150 ok",	    false, 0, false, NULL },
	{ "650 ok",	    false, 0, false, NULL },
	{ "+50 ok",	    false, 0, false, NULL },
	{ "HTTP/1.1 400",   false, 0, false, NULL },
};
/* clang-format on */

START_TEST(a_reply_line_is_code_separator_text)
{
	struct reply_line got;

	ck_assert_int_eq(reply_line_parse(slice_of(lines[_i].line), &got),
	    lines[_i].good);
	if (!lines[_i].good)
		return;
	ck_assert_int_eq(got.code, lines[_i].code);
	ck_assert_int_eq(got.last, lines[_i].last);
	ck_assert(slice_is(got.text, lines[_i].text));
}
END_TEST

/* clang-format off */
static const struct {
	const char *lines[4]; /* up to the first NULL */
	enum reply_progress end;
	const char *text;
	struct status_code status;
} replies[] = {
	{ { "250 2.1.0 ok" },	REPLY_WHOLE, "250 2.1.0 ok", { 2, 1, 0 } },
	{ { "250" },		REPLY_WHOLE, "250", { 0, 0, 0 } },
	{ { "250-a", "250-", "250 b" }, REPLY_WHOLE, "250 a b", { 0, 0, 0 } },
	{ { "550-5.1.1 no", "550 5.1.1 user" }, REPLY_WHOLE,
	    "550 5.1.1 no user", { 5, 1, 1 } },
	{ { "550-5.1.1 no", "550 5.7.1 never" }, REPLY_WHOLE,
	    "550 5.1.1 no 5.7.1 never", { 5, 1, 1 } },
	{ { "550 4.1.1 odd" },	REPLY_WHOLE, "550 4.1.1 odd", { 0, 0, 0 } },
	{ { "550 a\tb\x1b[2Jc" }, REPLY_WHOLE, "550 a b [2Jc", { 0, 0, 0 } },
	{ { "250-a" },		REPLY_MORE, "250 a", { 0, 0, 0 } },
	{ { "250-a", "251 b" },	REPLY_MALFORMED, NULL, { 0, 0, 0 } },
	{ { "hello" },		REPLY_MALFORMED, NULL, { 0, 0, 0 } },
	{ { "250-a", "b" },	REPLY_MALFORMED, NULL, { 0, 0, 0 } },
};
/* clang-format on */

START_TEST(lines_join_to_one_reply)
{
	enum reply_progress end = REPLY_MORE;
	struct reply r;

	reply_init(&r);
	for (size_t i = 0; i < 4 && replies[_i].lines[i] != NULL; i++) {
		ck_assert_int_eq(end, REPLY_MORE);
		end = reply_add_line(&r, slice_of(replies[_i].lines[i]));
	}
	ck_assert_int_eq(end, replies[_i].end);
	if (end != REPLY_MALFORMED) {
		ck_assert_str_eq(buf_cstr(&r.text), replies[_i].text);
		ck_assert_uint_eq(r.status.class, replies[_i].status.class);
		ck_assert_uint_eq(r.status.subject, replies[_i].status.subject);
		ck_assert_uint_eq(r.status.detail, replies[_i].status.detail);
	}
	reply_done(&r);
}
END_TEST

START_TEST(a_reply_gives_its_fate_and_the_next_begins_anew)
{
	struct reply r;
	struct fate fate;

	reply_init(&r);
	ck_assert_int_eq(reply_add_line(&r, SLICE("452 4.2.2 full")),
	    REPLY_WHOLE);
	fate = reply_fate(&r);
	ck_assert_int_eq(fate.kind, FATE_DEFERRED);
	ck_assert_int_eq(fate.smtp_code, 452);
	ck_assert_uint_eq(fate.code.detail, 2);
	ck_assert(slice_is(fate.reply, "452 4.2.2 full"));
	reply_reset(&r);
	ck_assert_int_eq(reply_add_line(&r, SLICE("250 ok")), REPLY_WHOLE);
	ck_assert_int_eq(reply_fate(&r).kind, FATE_DELIVERED);
	ck_assert_uint_eq(r.status.class, 0);
	reply_done(&r);
}
END_TEST

START_TEST(endless_lines_end_as_an_error)
{
	struct reply r;

	reply_init(&r);
	for (int i = 0; i < REPLY_LINES_MAX; i++)
		ck_assert_int_eq(reply_add_line(&r, SLICE("250-more")),
		    REPLY_MORE);
	ck_assert_int_eq(reply_add_line(&r, SLICE("250-more")),
	    REPLY_MALFORMED);
	reply_done(&r);
}
END_TEST

START_TEST(long_text_is_cut_and_the_reply_is_still_good)
{
	static char line[12000];
	struct reply r;

	memset(line, 'x', sizeof(line));
	memcpy(line, "250-", 4);
	reply_init(&r);
	ck_assert_int_eq(reply_add_line(&r, slice_from(line, sizeof(line))),
	    REPLY_MORE);
	ck_assert_int_eq(reply_add_line(&r, slice_from(line, sizeof(line))),
	    REPLY_MORE);
	ck_assert_int_eq(reply_add_line(&r, SLICE("250 end")), REPLY_WHOLE);
	ck_assert_uint_eq(r.text.n, REPLY_TEXT_MAX);
	ck_assert(!buf_failed(&r.text));
	reply_done(&r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reply");
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, a_reply_line_is_code_separator_text, 0,
	    COUNT(lines));
	tcase_add_loop_test(tc, lines_join_to_one_reply, 0, COUNT(replies));
	tcase_add_test(tc, a_reply_gives_its_fate_and_the_next_begins_anew);
	tcase_add_test(tc, endless_lines_end_as_an_error);
	tcase_add_test(tc, long_text_is_cut_and_the_reply_is_still_good);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
