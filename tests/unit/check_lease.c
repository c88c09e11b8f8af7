/* unit/check_lease.c - who has its turn when. */
#include "tests/unit/run.h"

#include "base/buf.h"
#include "schedule/lease.h"

enum { PATIENCE_MS = 50 };

static struct loop *loop;
static struct leases *leases;
static struct buf turns; /* "a:x " for each that began */
static char a[] = "a", b[] = "b", c[] = "c";

static void
note(struct slice name, void *who, void *arg)
{
	ck_assert_ptr_eq(arg, &turns);
	buf_addf(&turns, "%s:%.*s ", (const char *)who, SLICE_ARGS(name));
}

static void
set_up(void)
{
	loop = loop_new();
	buf_init(&turns, 200);
	leases = leases_new(loop, PATIENCE_MS, note, &turns);
}

static void
tear_down(void)
{
	leases_free(&leases);
	buf_done(&turns);
	loop_free(&loop);
}

static void
had_their_turn(const char *expected)
{
	ck_assert_str_eq(buf_cstr(&turns), expected);
}

START_TEST(each_waits_for_those_before)
{
	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), b);
	lease_ask(leases, SLICE("x"), a);
	had_their_turn("a:x ");
	lease_done(leases, SLICE("x"), a);
	had_their_turn("a:x b:x ");
	lease_done(leases, SLICE("x"), b);
	had_their_turn("a:x b:x a:x ");
	lease_done(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), c);
	had_their_turn("a:x b:x a:x c:x ");
}
END_TEST

START_TEST(names_have_nothing_to_do_with_each_other)
{
	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("y"), b);
	lease_ask(leases, SLICE("y"), a);
	lease_done(leases, SLICE("x"), a);
	had_their_turn("a:x b:y ");
	lease_done(leases, SLICE("y"), b);
	had_their_turn("a:x b:y a:y ");
}
END_TEST

START_TEST(only_who_has_the_turn_ends_it)
{
	lease_done(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), b);
	lease_done(leases, SLICE("x"), b);
	lease_done(leases, SLICE("x"), c);
	lease_done(leases, SLICE("z"), a);
	had_their_turn("a:x ");
}
END_TEST

START_TEST(who_leaves_holds_nobody_up)
{
	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), b);
	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), c);
	lease_ask(leases, SLICE("y"), b);
	lease_ask(leases, SLICE("y"), a);
	lease_ask(leases, SLICE("z"), a);
	had_their_turn("a:x b:y a:z ");
	leases_leave(leases, a);
	had_their_turn("a:x b:y a:z b:x ");
	lease_done(leases, SLICE("y"), b);
	lease_done(leases, SLICE("x"), b);
	had_their_turn("a:x b:y a:z b:x c:x ");
	leases_leave(leases, b);
	leases_leave(leases, c);
	lease_ask(leases, SLICE("z"), c);
	had_their_turn("a:x b:y a:z b:x c:x c:z ");
}
END_TEST

static void
stop(void *arg)
{
	loop_stop(arg);
}

START_TEST(nobody_has_it_for_ever)
{
	struct timer *end = timer_new(loop, stop, loop);

	lease_ask(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), b);
	timer_set(end, 5 * PATIENCE_MS);
	loop_run(loop);
	timer_free(&end);
	had_their_turn("a:x b:x ");
	/* Too late; and it is free again. */
	lease_done(leases, SLICE("x"), a);
	lease_ask(leases, SLICE("x"), c);
	had_their_turn("a:x b:x c:x ");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lease");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_waits_for_those_before);
	tcase_add_test(tc, names_have_nothing_to_do_with_each_other);
	tcase_add_test(tc, only_who_has_the_turn_ends_it);
	tcase_add_test(tc, who_leaves_holds_nobody_up);
	tcase_add_test(tc, nobody_has_it_for_ever);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
