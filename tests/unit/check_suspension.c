/* unit/check_suspension.c - suspended sites, and what a restart finds. */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "schedule/suspension.h"

#define NOON ((int64_t)1789992000000)

static char folder[64];
static struct suspensions s;

/* As a scheduler that starts at that time. */
static void
begin(int64_t wall_ms)
{
	struct why why = { "" };

	s = (struct suspensions){ .plan = plan_new(10),
		.events = events_new(),
		.wall_ms = wall_ms,
		.mono_ms = 5000 };
	ck_assert_int_eq(state_open(folder, &s.state, &why), 0);
	suspensions_restore(&s);
}

static void
stop(void)
{
	state_close(&s.state);
	events_free(&s.events);
	plan_free(&s.plan);
}

static void
set_up(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_suspension.%d",
	    (int)getpid());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	begin(NOON);
}

static void
tear_down(void)
{
	char command[96];

	stop();
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* 0: not suspended, INT64_MAX: for ever, else how many ms are left. */
static int64_t
left(const char *name)
{
	struct plan_site *site = plan_site_find(s.plan, slice_of(name));
	struct plan_facts facts;

	if (site == NULL)
		return 0;
	plan_site_facts(site, &facts);
	if (facts.state != SITE_SUSPENDED)
		return 0;
	return facts.until_ms == INT64_MAX ? INT64_MAX
					   : facts.until_ms - s.mono_ms;
}

START_TEST(a_suspension_lasts_over_a_restart)
{
	suspension_begin(&s, SLICE("mx:a.test"), 0);
	suspension_begin(&s, SLICE("mx:b.test"), HOUR);
	stop();
	begin(NOON + 10 * MINUTE);
	ck_assert_int_eq(left("mx:a.test"), INT64_MAX);
	ck_assert_int_eq(left("mx:b.test"), 50 * MINUTE);
}
END_TEST

START_TEST(one_that_is_over_is_forgotten)
{
	suspension_begin(&s, SLICE("mx:b.test"), HOUR);
	suspension_begin(&s, SLICE("mx:c.test"), HOUR);
	stop();
	begin(NOON + HOUR);
	ck_assert_int_eq(left("mx:b.test"), 0);
	ck_assert_int_eq(left("mx:c.test"), 0);
	stop();
	begin(NOON); /* a clock that went back finds no rows either */
	ck_assert_int_eq(left("mx:b.test"), 0);
	ck_assert_int_eq(left("mx:c.test"), 0);
}
END_TEST

START_TEST(a_resumed_site_stays_resumed)
{
	suspension_begin(&s, SLICE("mx:a.test"), 0);
	ck_assert(suspension_end(&s, SLICE("mx:a.test")));
	ck_assert(!suspension_end(&s, SLICE("mx:other.test")));
	stop();
	begin(NOON);
	ck_assert_int_eq(left("mx:a.test"), 0);
}
END_TEST

START_TEST(time_ends_it)
{
	suspension_begin(&s, SLICE("mx:a.test"), HOUR);
	s.mono_ms += HOUR - 1;
	s.wall_ms += HOUR - 1;
	suspensions_end_due(&s);
	ck_assert_int_eq(left("mx:a.test"), 1);
	s.mono_ms += 1;
	suspensions_end_due(&s);
	ck_assert_int_eq(left("mx:a.test"), 0);
	stop();
	begin(NOON);
	ck_assert_int_eq(left("mx:a.test"), 0);
}
END_TEST

START_TEST(a_new_word_replaces_the_old)
{
	suspension_begin(&s, SLICE("mx:a.test"), 0);
	suspension_begin(&s, SLICE("mx:a.test"), MINUTE);
	stop();
	begin(NOON);
	ck_assert_int_eq(left("mx:a.test"), MINUTE);
}
END_TEST

START_TEST(without_a_database_it_lasts_as_long_as_the_process)
{
	state_close(&s.state);
	suspensions_restore(&s);
	suspension_begin(&s, SLICE("mx:a.test"), 0);
	ck_assert_int_eq(left("mx:a.test"), INT64_MAX);
	ck_assert(suspension_end(&s, SLICE("mx:a.test")));
	ck_assert_int_eq(left("mx:a.test"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("suspension");
	TCase *tc = tcase_create("suspension");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_suspension_lasts_over_a_restart);
	tcase_add_test(tc, one_that_is_over_is_forgotten);
	tcase_add_test(tc, a_resumed_site_stays_resumed);
	tcase_add_test(tc, time_ends_it);
	tcase_add_test(tc, a_new_word_replaces_the_old);
	tcase_add_test(tc, without_a_database_it_lasts_as_long_as_the_process);
	return run_suite(suite);
}
