/* unit/check_dovecot_line.c - what Dovecot's auth server may say. */
#include "tests/unit/run.h"

#include "auth/dovecot_line.h"

/* clang-format off */
static const struct {
	const char *in;
	enum dovecot_verb verb;
	uint32_t id;
	const char *user, *resp;
	bool temporary;
} cases[] = {
	{ "VERSION\t1\t2",		DOVECOT_VERSION, 1, "", "", false },
	{ "MECH\tPLAIN\tplaintext",	DOVECOT_OTHER,	 0, "", "", false },
	{ "CUID\t17",			DOVECOT_OTHER,	 0, "", "", false },
	{ "DONE",			DOVECOT_DONE,	 0, "", "", false },
	{ "OK\t7\tuser=alice",		DOVECOT_OK,	 7, "alice", "", false },
	{ "OK\t7\tuser=a\tresp=dj0=\tx=y", DOVECOT_OK,	 7, "a", "dj0=", false },
	{ "CONT\t8\tcj1h",		DOVECOT_CONT,	 8, "", "cj1h", false },
	{ "CONT\t8\t",			DOVECOT_CONT,	 8, "", "", false },
	{ "FAIL\t9\tuser=bob",		DOVECOT_FAIL,	 9, "bob", "", false },
	{ "FAIL\t9\tuser=bob\ttemp",	DOVECOT_FAIL,	 9, "bob", "", true },
	{ "FAIL\t9\tcode=temp_fail",	DOVECOT_FAIL,	 9, "", "", true },
	{ "OK\t\tuser=alice",		DOVECOT_MALFORMED, 0, "", "", false },
	{ "OK\tseven",			DOVECOT_MALFORMED, 0, "", "", false },
	{ "FAIL\t4294967296",		DOVECOT_MALFORMED, 0, "", "", false },
	{ "",				DOVECOT_OTHER,	 0, "", "", false },
};
/* clang-format on */

START_TEST(a_line_is_taken_apart)
{
	struct dovecot_line line;

	dovecot_line_parse(slice_of(cases[_i].in), &line);
	ck_assert_int_eq((int)line.verb, (int)cases[_i].verb);
	if (line.verb == DOVECOT_MALFORMED)
		return;
	ck_assert_uint_eq(line.id, cases[_i].id);
	ck_assert(slice_is(line.user, cases[_i].user));
	ck_assert(slice_is(line.resp, cases[_i].resp));
	ck_assert_int_eq(line.temporary, cases[_i].temporary);
}
END_TEST

START_TEST(what_is_escaped_comes_back)
{
	struct slice in = SLICE("a\tb\nc\rd\001e\0f");
	struct buf escaped, again;

	buf_init(&escaped, 64);
	buf_init(&again, 64);
	dovecot_escape(in, &escaped);
	ck_assert(!slice_has(buf_slice(&escaped), '\t'));
	ck_assert(!slice_has(buf_slice(&escaped), '\n'));
	dovecot_unescape(buf_slice(&escaped), &again);
	ck_assert(slice_eq(in, buf_slice(&again)));
	buf_done(&escaped);
	buf_done(&again);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dovecot_line");
	TCase *tc = tcase_create("dovecot_line");

	tcase_add_loop_test(tc, a_line_is_taken_apart, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, what_is_escaped_comes_back);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
