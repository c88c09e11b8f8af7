/*
 * unit/check_dmarcrpt.c - DMARC results of a day, whose turn it is, and the one
 * report; a restart between all of it.
 */
#include "tests/unit/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "schedule/dmarcrpt.h"
#include "schedule/report_day.h"
#include "verify/dmarc_row.h"

#define MONDAY ((int64_t)1789992000000) /* 2026-09-21, 12:00 UTC */
#define TUESDAY (MONDAY + DAY)
#define WEDNESDAY (TUESDAY + DAY)

#define ROW "192.0.2.1 r---mf a.test b.test"
#define OTHER_ROW "192.0.2.2 p-+-mp a.test b.test p a.test s1"

static char folder[64];
static struct state *state;

static void
open_state(void)
{
	struct why why = { "" };

	state = NULL;
	ck_assert_int_eq(state_open(folder, &state, &why), 0);
}

static void
set_up(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_dmarcrpt.%d",
	    (int)getpid());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	open_state();
}

static void
tear_down(void)
{
	char command[96];

	state_close(&state);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
restart(void)
{
	state_close(&state);
	open_state();
}

static void
count_as(const char *domain, const char *policy, const char *row,
    uint32_t is_report, int64_t when)
{
	const struct msg_dmarc_result m = { slice_of(domain), slice_of(policy),
		slice_of(row), is_report };

	dmarcrpt_count(state, &m, when);
}

static void
count(const char *domain, const char *row, int64_t when)
{
	count_as(domain, "r--rrn", row, 0, when);
}

static const struct report_sender sender = { { "us.test", 7 },
	{ "dmarc@us.test", 13 } };

/* The report asked for at that time; NULL: there is none. */
static const char *
report(const char *domain, int64_t asked_ms)
{
	static char text[1 << 16];
	struct buf xml;
	int rc;

	buf_init(&xml, DMARCRPT_XML_MAX);
	rc = dmarcrpt_xml(state, &sender, slice_of(domain), asked_ms, &xml);
	ck_assert(rc == 0 || rc == -ENOENT);
	if (rc == 0)
		(void)slice_to_cstr(slice_head(buf_slice(&xml),
					sizeof(text) - 1),
		    text, sizeof(text));
	buf_done(&xml);
	return rc == 0 ? text : NULL;
}

static void
next_is(const char *domain, int64_t when)
{
	struct buf found;

	buf_init(&found, 256);
	ck_assert(dmarcrpt_next(state, SLICE("us.test"), when, &found) ==
	    (domain != NULL));
	if (domain != NULL)
		ck_assert_str_eq(buf_cstr(&found), domain);
	buf_done(&found);
}

static size_t
times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

START_TEST(a_report_that_finds_no_dns_has_its_turn_again)
{
	uint64_t asked = (uint64_t)TUESDAY;

	set_up();
	count("a.test", ROW, MONDAY);
	next_is("a.test", TUESDAY);
	dmarcrpt_again(state, SLICE("a.test"), asked, TUESDAY);
	restart();
	next_is(NULL, TUESDAY + HOUR - 1);
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), asked, TUESDAY));
	next_is("a.test", TUESDAY + HOUR);
	ck_assert(
	    dmarcrpt_may_go(state, SLICE("a.test"), asked, TUESDAY + HOUR));
	dmarcrpt_again(state, SLICE("a.test"), asked, TUESDAY + HOUR);
	next_is(NULL, TUESDAY + 2 * HOUR);
	tear_down();
}
END_TEST

START_TEST(what_was_counted_before_reports_were_turned_off_goes)
{
	set_up();
	count("a.test", ROW, MONDAY);
	dmarcrpt_purge(state, TUESDAY);
	ck_assert_ptr_nonnull(report("a.test", TUESDAY));
	dmarcrpt_purge(state, WEDNESDAY);
	ck_assert_ptr_null(report("a.test", TUESDAY));
	next_is(NULL, TUESDAY);
	tear_down();
}
END_TEST

START_TEST(each_domain_has_its_moment_after_midnight)
{
	const int64_t midnight = TUESDAY - 12 * HOUR;
	unsigned due[5] = { 0 };
	char name[16];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "d%d.test", i);
		for (int64_t h = 0; h <= 4; h++)
			due[h] += report_day_is_due(SLICE("us.test"),
			    slice_of(name), midnight + h * HOUR);
	}
	ck_assert_uint_lt(due[0], 10);
	for (int h = 1; h < 4; h++) {
		ck_assert_uint_gt(due[h], due[h - 1] + 150);
		ck_assert_uint_lt(due[h], due[h - 1] + 350);
	}
	ck_assert_uint_eq(due[4], 1000);
}
END_TEST

START_TEST(equal_rows_are_one_record_of_their_day)
{
	const char *r;

	set_up();
	count("a.test", ROW, MONDAY);
	count("a.test", OTHER_ROW, MONDAY);
	restart();
	count("a.test", ROW, MONDAY + 1);
	count("a.test", ROW, TUESDAY);
	count("aa.test", ROW, MONDAY);
	r = report("a.test", TUESDAY);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(times(r, "<record>"), 2);
	ck_assert_uint_eq(times(r, "<count>2</count>"), 1);
	ck_assert_uint_eq(times(r, "<count>1</count>"), 1);
	/* 2026-09-21, from its first second to its last */
	ck_assert_ptr_nonnull(
	    strstr(r, "<begin>1789948800</begin><end>1790035199</end>"));
	ck_assert_ptr_nonnull(strstr(r, "<org_name>us.test</org_name>"));
	ck_assert_ptr_nonnull(strstr(r, "<p>reject</p>"));
	ck_assert_ptr_null(strstr(r, "<error>"));
	ck_assert_ptr_null(report("b.test", TUESDAY));
	tear_down();
}
END_TEST

START_TEST(the_policy_seen_last_is_told)
{
	const char *r;

	set_up();
	count_as("a.test", "r--rrn", ROW, 0, MONDAY);
	count_as("a.test", "n--ssn", ROW, 0, MONDAY);
	r = report("a.test", TUESDAY);
	ck_assert_ptr_nonnull(strstr(r, "<p>none</p>"));
	ck_assert_ptr_nonnull(strstr(r, "<aspf>s</aspf>"));
	tear_down();
}
END_TEST

START_TEST(each_domain_has_its_turn_once_a_day)
{
	set_up();
	count("a.test", ROW, MONDAY);
	count("b.test", ROW, MONDAY);
	count("a.test", OTHER_ROW, MONDAY);
	next_is(NULL, MONDAY);
	next_is("a.test", TUESDAY);
	restart();
	next_is("b.test", TUESDAY);
	next_is(NULL, TUESDAY);
	/* The clock was put back over midnight: no second report of the day. */
	count("a.test", ROW, MONDAY);
	restart();
	next_is(NULL, TUESDAY);
	count("a.test", ROW, TUESDAY);
	next_is("a.test", WEDNESDAY);
	next_is(NULL, WEDNESDAY);
	/* What is old is gone. */
	dmarcrpt_purge(state, WEDNESDAY);
	ck_assert_ptr_null(report("b.test", TUESDAY));
	tear_down();
}
END_TEST

START_TEST(a_report_goes_once_and_only_when_it_was_asked_for)
{
	const uint64_t asked = TUESDAY;

	set_up();
	count("a.test", ROW, MONDAY);
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), asked, TUESDAY));
	next_is("a.test", TUESDAY);
	restart();
	ck_assert(!dmarcrpt_may_go(state, SLICE("b.test"), asked, TUESDAY));
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), asked, MONDAY));
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), asked, WEDNESDAY));
	ck_assert(
	    !dmarcrpt_may_go(state, SLICE("a.test"), UINT64_MAX, TUESDAY));
	/* Asked before midnight, answered after it: that day's. */
	ck_assert(
	    dmarcrpt_may_go(state, SLICE("a.test"), asked, TUESDAY + DAY - 1));
	restart();
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), asked, TUESDAY));
	tear_down();
}
END_TEST

START_TEST(reports_of_others_alone_are_not_reported)
{
	set_up();
	count_as("a.test", "r--rrn", ROW, 1, MONDAY);
	next_is(NULL, TUESDAY);
	count_as("a.test", "r--rrn", ROW, 1, TUESDAY);
	count("a.test", OTHER_ROW, TUESDAY);
	next_is("a.test", WEDNESDAY);
	ck_assert_uint_eq(times(report("a.test", WEDNESDAY), "<record>"), 2);
	tear_down();
}
END_TEST

START_TEST(rows_have_a_bound_and_what_is_left_is_said)
{
	char row[64];
	const char *r;

	set_up();
	for (unsigned i = 0; i < DMARCRPT_ROWS_MAX + 5; i++) {
		(void)snprintf(row, sizeof(row),
		    "10.0.%u.%u r---mf a.test b.test", i / 256, i % 256);
		count("a.test", row, MONDAY);
	}
	/* One that has its row is counted on. */
	count("a.test", "10.0.0.0 r---mf a.test b.test", MONDAY);
	count("b.test", ROW, MONDAY);
	r = report("a.test", TUESDAY);
	ck_assert_ptr_nonnull(strstr(r, "<error>5 messages are not in"));
	ck_assert_uint_eq(times(r, "<count>2</count>"), 1);
	ck_assert_ptr_nonnull(report("b.test", TUESDAY));
	tear_down();
}
END_TEST

/* Every octet of every row is one that XML writes as five. */
START_TEST(the_largest_report_has_room)
{
	char row[DMARC_ROW_TEXT_MAX + 1], name[254];
	struct buf xml;

	set_up();
	memset(name, '&', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < DMARCRPT_ROWS_MAX; i++) {
		(void)snprintf(row, sizeof(row),
		    "10.0.%u.%u r---mf %s %s p %.150s s", i / 256, i % 256,
		    name, name, name);
		count("a.test", row, MONDAY);
	}
	buf_init(&xml, DMARCRPT_XML_MAX);
	ck_assert_int_eq(dmarcrpt_xml(state, &sender, SLICE("a.test"), TUESDAY,
			     &xml),
	    0);
	ck_assert_uint_ge(xml.n, DMARCRPT_ROWS_MAX * 650 * 5);
	buf_done(&xml);
	tear_down();
}
END_TEST

START_TEST(what_is_unsound_is_not_counted)
{
	set_up();
	count("a..test", ROW, MONDAY);
	count("a\ttest", ROW, MONDAY);
	count("a.test", "192.0.2.1", MONDAY);
	count_as("a.test", "r", ROW, 0, MONDAY);
	next_is(NULL, TUESDAY);
	ck_assert_ptr_null(report("a.test", TUESDAY));
	tear_down();
}
END_TEST

START_TEST(without_a_database_there_is_nothing)
{
	count("a.test", ROW, MONDAY);
	next_is(NULL, TUESDAY);
	ck_assert(!dmarcrpt_may_go(state, SLICE("a.test"), TUESDAY, TUESDAY));
}
END_TEST

START_TEST(the_message_has_short_lines_and_its_fields)
{
	char bytes[3000];
	struct slice rest, line;
	struct buf m;

	memset(bytes, 7, sizeof(bytes));
	buf_init(&m, 1 << 16);
	dmarcrpt_mail(&sender, SLICE("a.test"), SLICE("r@a.test"),
	    slice_from(bytes, sizeof(bytes)), TUESDAY, &m);
	ck_assert(!buf_failed(&m));
	rest = buf_slice(&m);
	while (slice_take_line(&rest, &line))
		ck_assert_uint_le(line.n, 200);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&m),
	    "\r\nSubject: Report Domain: a.test\r\n\tSubmitter: us.test\r\n"
	    "\tReport-ID: <2026-09-21.a.test@us.test>\r\n"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&m),
	    "\"us.test!a.test!1789948800!1790035199.xml.gz\""));
	ck_assert_ptr_nonnull(
	    strstr(buf_cstr(&m), "\r\nContent-Type: application/gzip\r\n"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&m), "\r\n--=_dmarc--\r\n"));
	buf_done(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schedule/dmarcrpt");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, equal_rows_are_one_record_of_their_day);
	tcase_add_test(tc, a_report_that_finds_no_dns_has_its_turn_again);
	tcase_add_test(tc,
	    what_was_counted_before_reports_were_turned_off_goes);
	tcase_add_test(tc, each_domain_has_its_moment_after_midnight);
	tcase_add_test(tc, the_policy_seen_last_is_told);
	tcase_add_test(tc, each_domain_has_its_turn_once_a_day);
	tcase_add_test(tc, a_report_goes_once_and_only_when_it_was_asked_for);
	tcase_add_test(tc, reports_of_others_alone_are_not_reported);
	tcase_add_test(tc, rows_have_a_bound_and_what_is_left_is_said);
	tcase_add_test(tc, the_largest_report_has_room);
	tcase_add_test(tc, what_is_unsound_is_not_counted);
	tcase_add_test(tc, without_a_database_there_is_nothing);
	tcase_add_test(tc, the_message_has_short_lines_and_its_fields);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
