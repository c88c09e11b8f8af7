/* unit/check_tlsrpt.c - a day's results, and the one report made of them. */
#include "tests/unit/run.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "schedule/tlsrpt.h"

#define MONDAY ((int64_t)1789992000000) /* 2026-09-21, 12:00 UTC */
#define TUESDAY (MONDAY + DAY)

static char folder[64];
static struct state *state;

static void
set_up(void)
{
	struct why why = { "" };

	(void)snprintf(folder, sizeof(folder), "/tmp/check_tlsrpt.%d",
	    (int)getpid());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	state = NULL;
	ck_assert_int_eq(state_open(folder, &state, &why), 0);
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
count(const char *domain, const char *type, const char *result, int64_t when)
{
	const struct msg_tls_result m = { .domain = slice_of(domain),
		.type = slice_of(type),
		.policy = SLICE("version: STSv1\nmx: *.a.test\n"),
		.result = slice_of(result),
		.host = SLICE("mx.a.test"),
		.address = SLICE("192.0.2.1") };

	tlsrpt_count(state, &m, when);
}

static json_t *
report(const char *domain, int64_t when)
{
	const struct report_sender sender = { SLICE("us.test"),
		SLICE("tls@us.test") };
	json_t *value = NULL;
	struct buf json;

	buf_init(&json, 1 << 20);
	if (tlsrpt_json(state, &sender, slice_of(domain), when, &json) == 0)
		value = json_loads(buf_cstr(&json), 0, NULL);
	buf_done(&json);
	return value;
}

static json_int_t
sum(const json_t *policy, const char *name)
{
	return json_integer_value(
	    json_object_get(json_object_get(policy, "summary"), name));
}

START_TEST(the_sums_are_the_results_of_one_day_and_domain)
{
	json_t *r, *policies, *one;

	set_up();
	count("a.test", "sts", "", MONDAY);
	count("a.test", "sts", "", MONDAY + 1);
	count("a.test", "sts", "certificate-expired", MONDAY);
	count("a.test", "tlsa", "", MONDAY);
	count("a.test", "sts", "", TUESDAY);
	count("aa.test", "sts", "", MONDAY);
	r = report("a.test", TUESDAY);
	ck_assert_ptr_nonnull(r);
	policies = json_object_get(r, "policies");
	ck_assert_uint_eq(json_array_size(policies), 2);
	one = json_array_get(policies, 0);
	ck_assert_int_eq(sum(one, "total-successful-session-count"), 2);
	ck_assert_int_eq(sum(one, "total-failure-session-count"), 1);
	one = json_array_get(policies, 1);
	ck_assert_int_eq(sum(one, "total-successful-session-count"), 1);
	ck_assert_int_eq(sum(one, "total-failure-session-count"), 0);
	json_decref(r);
	ck_assert_ptr_null(report("b.test", TUESDAY));
	tear_down();
}
END_TEST

static void
next_is(const char *domain, int64_t when)
{
	struct buf found;

	buf_init(&found, 256);
	ck_assert(tlsrpt_next(state, SLICE("us.test"), when, &found) ==
	    (domain != NULL));
	if (domain != NULL)
		ck_assert_str_eq(buf_cstr(&found), domain);
	buf_done(&found);
}

START_TEST(each_domain_has_its_turn_once_a_day)
{
	set_up();
	count("a.test", "sts", "", MONDAY);
	count("b.test", "tlsa", "", MONDAY);
	count("a.test", "tlsa", "", MONDAY);
	next_is(NULL, MONDAY);
	next_is("a.test", TUESDAY);
	next_is("b.test", TUESDAY);
	next_is(NULL, TUESDAY);
	count("a.test", "sts", "", TUESDAY);
	next_is("a.test", TUESDAY + DAY);
	next_is(NULL, TUESDAY + DAY);
	/* What is old is gone. */
	tlsrpt_purge(state, TUESDAY + DAY);
	ck_assert_ptr_null(report("b.test", TUESDAY));
	tear_down();
}
END_TEST

START_TEST(without_a_database_there_is_nothing)
{
	count("a.test", "sts", "", MONDAY);
	next_is(NULL, TUESDAY);
}
END_TEST

START_TEST(the_message_has_short_lines_and_its_fields)
{
	const struct report_sender sender = { SLICE("us.test"),
		SLICE("tls@us.test") };
	char bytes[3000];
	struct slice rest, line;
	struct buf m;

	memset(bytes, 7, sizeof(bytes));
	buf_init(&m, 1 << 16);
	tlsrpt_mail(&sender, SLICE("a.test"), SLICE("r@a.test"),
	    slice_from(bytes, sizeof(bytes)), TUESDAY, &m);
	ck_assert(!buf_failed(&m));
	rest = buf_slice(&m);
	while (slice_take_line(&rest, &line))
		ck_assert_uint_le(line.n, 200);
	ck_assert_ptr_nonnull(
	    strstr(buf_cstr(&m), "\r\nTLS-Report-Domain: a.test\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(buf_cstr(&m), "us.test!a.test!2026-09-21.json.gz"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&m), "\r\n--=_tlsrpt--\r\n"));
	buf_done(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schedule/tlsrpt");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, the_sums_are_the_results_of_one_day_and_domain);
	tcase_add_test(tc, each_domain_has_its_turn_once_a_day);
	tcase_add_test(tc, without_a_database_there_is_nothing);
	tcase_add_test(tc, the_message_has_short_lines_and_its_fields);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
