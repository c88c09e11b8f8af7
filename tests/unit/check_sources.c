/* unit/check_sources.c - which of our addresses may be used, over days. */
#include "tests/unit/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "schedule/sources.h"

#define NOON (20758 * DAY + 12 * HOUR)
#define A "192.0.2.1"
#define B "192.0.2.2"
#define C "2001:db8::1"

static char folder[64];
static struct state *state;
static struct sources *s;
static char *names[] = { (char *)(uintptr_t)A,
	(char *)(uintptr_t)(B "=mx2.here.test"), (char *)(uintptr_t)C };
static uint64_t steps[] = { 3, 5 };
static struct route_conf route;
static struct shaping_conf shaping;
static struct conf conf;
static struct site site;
static struct lane lane;

static void
open_it(int64_t wall_ms)
{
	struct why why = { "" };

	ck_assert_int_eq(state_open(folder, &state, &why), 0);
	s = sources_new();
	sources_set_state(s, state, wall_ms);
}

static void
close_it(void)
{
	sources_free(&s);
	state_close(&state);
}

static char *
text(const char *t)
{
	return (char *)(uintptr_t)t;
}

static void
set_up(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_sources.%d",
	    (int)getpid());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	route =
	    (struct route_conf){ .title = text("*"), .source = { names, 3 } };
	shaping = (struct shaping_conf){ .title = text("*") };
	conf = (struct conf){ .routes = &route,
		.route_count = 1,
		.shapings = &shaping,
		.shaping_count = 1 };
	site = (struct site){ .name = SLICE("a.test"),
		.destination = text("a.test") };
	lane = (struct lane){ .site = &site,
		.is_remote = true,
		.route = text("*"),
		.destination = text("a.test") };
	open_it(NOON);
}

static void
tear_down(void)
{
	char command[96];

	close_it();
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static bool
choose(int64_t wall_ms, struct source_choice *choice, struct source_wait *wait)
{
	return sources_choose(s, &conf, &lane, wall_ms, choice, wait);
}

/* A message of a host of that family is taken; false: it has to wait. */
static bool
send_one(int64_t wall_ms, const char *host)
{
	struct source_choice choice;
	struct source_wait wait;

	if (!choose(wall_ms, &choice, &wait))
		return false;
	sources_done(s, &choice, slice_of(host), true, wall_ms);
	return true;
}

static void
warm_up(void)
{
	shaping.warmup = steps;
	shaping.warmup_count = 2;
	shaping.since_ms = 20758 * DAY;
}

START_TEST(addresses_of_both_families_take_turns)
{
	struct source_choice choice;
	struct source_wait wait;
	unsigned first = 0;

	for (int i = 0; i < 10; i++) {
		ck_assert(choose(NOON, &choice, &wait));
		if (strcmp(choice.text, A " " C) == 0)
			first++;
		else
			ck_assert_str_eq(choice.text, B " " C);
		ck_assert_ptr_null(choice.uses[0]);
	}
	ck_assert_uint_eq(first, 5);
	lane.is_domain = true;
	ck_assert(choose(NOON, &choice, &wait));
	ck_assert_str_eq(choice.text, "");
}
END_TEST

static bool
rest(const char *host, int64_t until_ms)
{
	struct source_choice choice;
	struct source_wait wait;

	ck_assert(choose(NOON, &choice, &wait));
	return sources_rest(s, &lane, &choice, slice_of(host), until_ms,
	    SLICE("rule-x"), NOON);
}

START_TEST(an_address_rests_at_its_site_alone)
{
	struct source_choice choice;
	struct source_wait wait;
	char other[SOURCE_WORDS_MAX];

	route.source.n = 2;
	ck_assert(rest("198.51.100.1:25", NOON + HOUR));
	ck_assert(choose(NOON, &choice, &wait));
	(void)snprintf(other, sizeof(other), "%s", choice.text);
	for (int i = 0; i < 5; i++) {
		ck_assert(choose(NOON, &choice, &wait));
		ck_assert_str_eq(choice.text, other);
	}
	ck_assert(rest("198.51.100.1:25", NOON + 2 * HOUR));
	ck_assert(!choose(NOON, &choice, &wait));
	ck_assert_int_eq(wait.until_ms, NOON + HOUR);
	ck_assert(slice_find_str(slice_of(wait.words), SLICE("rule-x")) <
	    strlen(wait.words));
	site.name = SLICE("b.test");
	ck_assert(choose(NOON, &choice, &wait));
	site.name = SLICE("a.test");
	close_it();
	open_it(NOON + MINUTE);
	ck_assert(!choose(NOON + MINUTE, &choice, &wait));
	ck_assert(choose(NOON + HOUR, &choice, &wait));
	ck_assert_str_ne(choice.text, other);
	sources_wake(s, SLICE("a.test"));
	ck_assert(choose(NOON + MINUTE, &choice, &wait));
	close_it();
	open_it(NOON + MINUTE);
	ck_assert(choose(NOON + MINUTE, &choice, &wait));
}
END_TEST

START_TEST(without_an_address_of_ours_none_can_rest)
{
	route.source.n = 0;
	ck_assert(!rest("198.51.100.1:25", NOON + HOUR));
	route.source.n = 2;
	ck_assert(!rest("[2001:db8::9]:25", NOON + HOUR));
}
END_TEST

START_TEST(a_warmup_counts_what_was_taken)
{
	struct source_choice choice;
	struct source_wait wait;

	warm_up();
	route.source.n = 1;
	for (int i = 0; i < 10; i++) { /* refused: they count for nothing */
		ck_assert(choose(NOON, &choice, &wait));
		sources_done(s, &choice, SLICE("192.0.2.9:25"), false, NOON);
	}
	for (int i = 0; i < 3; i++)
		ck_assert(send_one(NOON, "192.0.2.9:25"));
	ck_assert(!choose(NOON, &choice, &wait));
	ck_assert_int_eq(wait.until_ms, 20759 * DAY);
	close_it();
	open_it(NOON + HOUR);
	ck_assert(!send_one(NOON + HOUR, "192.0.2.9:25"));
	for (int i = 0; i < 5; i++)
		ck_assert(send_one(NOON + DAY, "192.0.2.9:25"));
	ck_assert(!send_one(NOON + DAY, "192.0.2.9:25"));
	for (int i = 0; i < 50; i++)
		ck_assert(send_one(NOON + 2 * DAY, "192.0.2.9:25"));
}
END_TEST

START_TEST(what_is_under_way_holds_its_place)
{
	struct source_choice under_way[3], choice;
	struct source_wait wait;

	warm_up();
	route.source.n = 1;
	for (int i = 0; i < 3; i++)
		ck_assert(choose(NOON, &under_way[i], &wait));
	ck_assert(!choose(NOON, &choice, &wait));
	sources_done(s, &under_way[0], SLICE("192.0.2.9:25"), false, NOON);
	ck_assert(choose(NOON, &choice, &wait));
	sources_done(s, &choice, SLICE("192.0.2.9:25"), true, NOON);
	for (int i = 1; i < 3; i++)
		sources_done(s, &under_way[i], SLICE("192.0.2.9:25"), true,
		    NOON);
	ck_assert(!choose(NOON, &choice, &wait));
}
END_TEST

START_TEST(another_address_has_a_number_of_its_own)
{
	warm_up();
	for (int i = 0; i < 6; i++) /* A and B, over IPv4 */
		ck_assert(send_one(NOON, "192.0.2.9:25"));
	for (int i = 0; i < 3; i++) /* C is left */
		ck_assert(send_one(NOON, "[2001:db8::9]:25"));
	ck_assert(!send_one(NOON, "192.0.2.9:25"));
	site.name = SLICE("b.test"); /* another site of the same title */
	ck_assert(!send_one(NOON, "192.0.2.9:25"));
}
END_TEST

START_TEST(all_that_the_system_chooses_count_as_one)
{
	warm_up();
	route.source.n = 0;
	for (int i = 0; i < 3; i++)
		ck_assert(send_one(NOON, "[2001:db8::9]:25"));
	ck_assert(!send_one(NOON, "192.0.2.9:25"));
}
END_TEST

START_TEST(it_is_told_in_words)
{
	struct buf out;

	warm_up();
	route.source.n = 1;
	ck_assert(rest("198.51.100.1:25", NOON + HOUR));
	ck_assert(send_one(NOON + HOUR, "192.0.2.9:25"));
	buf_init(&out, 1000);
	sources_tell(s, &conf, &lane, NOON, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "The address " A " is not used here until 13:00 UTC, by rule "
	    "rule-x.\n"
	    "Warm-up: 1 of today's 3 messages are sent from " A ".\n");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sources");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, addresses_of_both_families_take_turns);
	tcase_add_test(tc, an_address_rests_at_its_site_alone);
	tcase_add_test(tc, without_an_address_of_ours_none_can_rest);
	tcase_add_test(tc, a_warmup_counts_what_was_taken);
	tcase_add_test(tc, what_is_under_way_holds_its_place);
	tcase_add_test(tc, another_address_has_a_number_of_its_own);
	tcase_add_test(tc, all_that_the_system_chooses_count_as_one);
	tcase_add_test(tc, it_is_told_in_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
