/* unit/check_words.c - a site's state in sentences; why it is suspended. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/time.h"
#include "schedule/words.h"

#define NOON (20758 * DAY + 12 * HOUR)
#define MONO 5000

static struct plan_facts facts;
static struct site site;
static struct buf out;

static void
set_up(void)
{
	facts = (struct plan_facts){ .window = 20, .limits = { 20, 0 } };
	site = (struct site){ 0 };
	buf_init(&out, 4096);
}

static void
tear_down(void)
{
	buf_done(&out);
}

static void
must_say(const struct reason *reason, const char *want)
{
	const struct site_words w = { &facts, &site, reason, NOON, MONO };

	buf_reset(&out);
	words_of_site(&w, &out);
	ck_assert_str_eq(buf_cstr(&out), want);
}

START_TEST(a_time_has_a_date_unless_it_is_today)
{
	char text[WORDS_WHEN_SIZE];

	words_when(NOON + 2 * MINUTE, NOON, text);
	ck_assert_str_eq(text, "12:02 UTC");
	words_when(NOON - DAY, NOON, text);
	ck_assert_str_eq(text, "2026-10-31 12:00 UTC");
}
END_TEST

START_TEST(a_healthy_site_has_nothing_to_tell)
{
	must_say(NULL, "Nothing holds its mail up.\n");
}
END_TEST

START_TEST(a_cut_window_says_when_and_why)
{
	facts.window = 3;
	facts.under_way = 3;
	facts.ready = 41;
	facts.job_seconds = 1.25;
	facts.ceiling = 4;
	site.cut_ms = NOON - HOUR;
	site.cut_reply = (char *)(uintptr_t) "421 4.7.28 slow down";
	must_say(NULL,
	    "All of the 3 connections that it may have now are busy; a job "
	    "takes 1.2 s.\n"
	    "Its window is at 3 of 20 connections, cut at 11:00 UTC when it "
	    "said: 421 4.7.28 slow down\n"
	    "It did not take more than 4 at once.\n"
	    "41 messages wait for their turn.\n");
}
END_TEST

START_TEST(a_rate_is_told_per_minute)
{
	facts.ready = 7;
	facts.limits.rate_per_second = 10;
	must_say(NULL,
	    "The rate limit of 600 a minute (shaping) is reached.\n"
	    "7 messages wait for their turn.\n");
}
END_TEST

START_TEST(a_rest_ends_at_a_time)
{
	facts.state = SITE_BACKING_OFF;
	facts.failures = 2;
	facts.until_ms = MONO + 5 * MINUTE;
	site.deferred = 12;
	(void)slice_to_cstr(SLICE("451 4.4.1 no answer"), site.last_error,
	    sizeof(site.last_error));
	must_say(NULL,
	    "It rests until 12:05 UTC after 2 failures in a row; one message "
	    "probes it then.\n"
	    "12 recipients were put off for later.\n"
	    "Its last error was: 451 4.4.1 no answer\n");
}
END_TEST

START_TEST(a_suspension_names_who_did_it)
{
	const struct reason reason = { SLICE("blocked"),
		SLICE("550 5.7.1 banned"), NOON - MINUTE };

	facts.state = SITE_SUSPENDED;
	facts.until_ms = INT64_MAX;
	must_say(NULL,
	    "It is suspended by the postmaster until it is "
	    "resumed.\n");
	facts.until_ms = MONO + HOUR;
	(void)slice_to_cstr(SLICE("blocked"), site.last_rule,
	    sizeof(site.last_rule));
	must_say(&reason,
	    "It is suspended until 13:00 UTC by rule blocked of "
	    "replies.conf, since at 11:59 UTC it said: 550 5.7.1 banned\n"
	    "The last rule of replies.conf that fitted was blocked.\n");
}
END_TEST

START_TEST(reasons_are_kept_by_site)
{
	struct reasons *r = reasons_new();
	const struct reason one = { SLICE("one"), SLICE("a b"), 1 };
	const struct reason two = { SLICE("two"), SLICE(""), 2 };

	ck_assert_ptr_null(reasons_of(NULL, SLICE("a.test")));
	ck_assert_ptr_null(reasons_of(r, SLICE("a.test")));
	reasons_put(r, SLICE("a.test"), &one);
	reasons_put(r, SLICE("b.test"), &one);
	reasons_put(r, SLICE("a.test"), &two);
	ck_assert(slice_is(reasons_of(r, SLICE("a.test"))->rule, "two"));
	ck_assert(slice_is(reasons_of(r, SLICE("b.test"))->words, "a b"));
	reasons_drop(r, SLICE("b.test"));
	reasons_drop(r, SLICE("b.test"));
	ck_assert_ptr_null(reasons_of(r, SLICE("b.test")));
	reasons_free(&r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("words");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_time_has_a_date_unless_it_is_today);
	tcase_add_test(tc, a_healthy_site_has_nothing_to_tell);
	tcase_add_test(tc, a_cut_window_says_when_and_why);
	tcase_add_test(tc, a_rate_is_told_per_minute);
	tcase_add_test(tc, a_rest_ends_at_a_time);
	tcase_add_test(tc, a_suspension_names_who_did_it);
	tcase_add_test(tc, reasons_are_kept_by_site);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
