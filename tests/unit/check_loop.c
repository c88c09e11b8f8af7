/* unit/check_loop.c - what runs when in a turn, timers, helpers, signals. */
#include "tests/unit/run.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "io/helper.h"
#include "io/loop.h"

static struct loop *loop;
static struct buf said;

static void
set_up(void)
{
	loop = loop_new();
	buf_init(&said, 1000);
}

static void
tear_down(void)
{
	loop_free(&loop);
	buf_done(&said);
}

static void
on_hang(void *arg)
{
	(void)arg;
	ck_abort_msg("the test hangs");
}

static void
run(void)
{
	struct timer *t = timer_new(loop, on_hang, NULL);

	timer_set(t, 10000);
	loop_run(loop);
	timer_free(&t);
}

static void
say(void *arg)
{
	buf_add_cstr(&said, arg);
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void
say_b_and_post_c(void *arg)
{
	say(arg);
	loop_post(loop, say, c);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

START_TEST(posts_run_in_order_then_turn_ends_then_the_last)
{
	set_up();
	loop_at_turn_end(loop, say, d);
	loop_post_last(loop, say, a);
	loop_post(loop, say, a);
	loop_post(loop, say_b_and_post_c, b);
	loop_post(loop, stop, NULL);
	ck_assert_uint_eq(said.n, 0);
	run();
	ck_assert_str_eq(buf_cstr(&said), "abcda");
	loop_post(loop, stop, NULL);
	run();
	ck_assert_str_eq(buf_cstr(&said), "abcdad");
	tear_down();
}
END_TEST

START_TEST(a_dropped_post_does_not_run)
{
	set_up();
	loop_post(loop, say, a);
	loop_at_turn_end(loop, say, a);
	loop_post_last(loop, say, a);
	loop_post(loop, say, b);
	loop_unpost(loop, a);
	loop_post(loop, stop, NULL);
	run();
	ck_assert_str_eq(buf_cstr(&said), "b");
	tear_down();
}
END_TEST

static int rounds;

static void
post_for_ever(void *arg)
{
	if (++rounds > 1000000)
		ck_abort_msg("posts keep the timer from running");
	loop_post(loop, post_for_ever, arg);
}

START_TEST(posts_that_post_do_not_starve_the_timers)
{
	struct timer *t;

	set_up();
	t = timer_new(loop, stop, NULL);
	timer_set(t, 20);
	loop_post(loop, post_for_ever, a);
	run();
	ck_assert_int_gt(rounds, 10);
	timer_free(&t);
	tear_down();
}
END_TEST

START_TEST(a_timer_set_anew_runs_once_at_the_new_end)
{
	int64_t start = time_mono_ms();
	struct timer *t;

	set_up();
	t = timer_new(loop, stop, NULL);
	timer_set(t, 30);
	timer_set(t, 90);
	run();
	ck_assert_int_ge(time_mono_ms() - start, 89);
	ck_assert(!timer_is_set(t));
	/* and nearer again */
	start = time_mono_ms();
	timer_set(t, 5000);
	timer_set(t, 20);
	run();
	ck_assert_int_lt(time_mono_ms() - start, 1000);
	timer_free(&t);
	tear_down();
}
END_TEST

START_TEST(a_cancelled_timer_does_not_run_but_may_be_set_again)
{
	struct timer *t, *end;

	set_up();
	t = timer_new(loop, say, a);
	end = timer_new(loop, stop, NULL);
	timer_set(t, 10);
	timer_cancel(t);
	timer_set(end, 40);
	run();
	ck_assert_uint_eq(said.n, 0);
	timer_set(t, 10);
	timer_set(end, 60);
	run();
	ck_assert_str_eq(buf_cstr(&said), "a");
	timer_free(&t);
	timer_free(&end);
	tear_down();
}
END_TEST

START_TEST(the_longest_turn_is_measured)
{
	set_up();
	loop_post(loop, stop, NULL);
	run();
	ck_assert_int_lt(loop_longest_turn(loop, true).wall_us, 1000000);
	ck_assert_int_eq(loop_longest_turn(loop, false).wall_us, 0);
	ck_assert_int_eq(loop_longest_turn(loop, false).cpu_us, 0);
	tear_down();
}
END_TEST

static void
keep_busy(void)
{
	int64_t end = time_thread_us() + 5000;

	while (time_thread_us() < end)
		;
}

static void
work_and_stop(void *arg)
{
	keep_busy();
	loop_stop(arg);
}

static void
sleep_and_stop(void *arg)
{
	(void)usleep(20000);
	loop_stop(arg);
}

START_TEST(a_turn_counts_its_own_work_apart_from_what_passed_meanwhile)
{
	struct turn longest;

	set_up();
	keep_busy(); /* of no turn */
	loop_post(loop, sleep_and_stop, loop);
	run();
	longest = loop_longest_turn(loop, true);
	ck_assert_int_ge(longest.wall_us, 20000);
	ck_assert_int_lt(longest.cpu_us, 5000);
	loop_post(loop, work_and_stop, loop);
	run();
	longest = loop_longest_turn(loop, true);
	ck_assert_int_ge(longest.cpu_us, 5000);
	ck_assert_int_ge(longest.wall_us, 5000);
	tear_down();
}
END_TEST

static void
on_signal(void *arg)
{
	say(arg);
	loop_stop(loop);
}

static void
raise_term(void *arg)
{
	(void)arg;
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_uint_eq(said.n, 0);
}

START_TEST(a_signal_is_handled_in_the_loop)
{
	set_up();
	loop_on_signal(loop, SIGTERM, on_signal, a);
	loop_post(loop, raise_term, NULL);
	run();
	ck_assert_str_eq(buf_cstr(&said), "a");
	tear_down();
}
END_TEST

static struct job {
	int number;
	bool worked;
} jobs[1000];
static int done;

static void
work(void *arg)
{
	struct job *j = arg;

	if (j->number % 100 == 0)
		(void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	j->worked = true;
}

static void
on_done(void *arg)
{
	struct job *j = arg;

	ck_assert(j->worked);
	ck_assert_int_eq(j->number, done);
	if (++done == 1000)
		loop_stop(loop);
}

START_TEST(jobs_of_one_thread_come_back_in_order)
{
	struct helper *h;

	set_up();
	h = helper_new(loop, 1);
	for (int i = 0; i < 1000; i++) {
		jobs[i].number = i;
		helper_run(h, work, on_done, &jobs[i]);
	}
	ck_assert_uint_eq(helper_pending(h), 1000);
	run();
	ck_assert_uint_eq(helper_pending(h), 0);
	helper_free(&h);
	tear_down();
}
END_TEST

static void
sleep_long(void *arg)
{
	struct job *j = arg;

	(void)nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	j->worked = true;
}

static void
on_never(void *arg)
{
	(void)arg;
	ck_abort_msg("a job came back after helper_free()");
}

START_TEST(freeing_waits_for_the_job_under_way_alone)
{
	struct helper *h;

	set_up();
	h = helper_new(loop, 1);
	memset(jobs, 0, sizeof(jobs));
	helper_run(h, sleep_long, on_never, &jobs[0]);
	helper_run(h, sleep_long, on_never, &jobs[1]);
	(void)nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	helper_free(&h);
	ck_assert(jobs[0].worked && !jobs[1].worked);
	loop_post(loop, stop, NULL);
	run();
	tear_down();
}
END_TEST

static int at_work, most_at_work;

static void
count_threads(void *arg)
{
	int now = __atomic_add_fetch(&at_work, 1, __ATOMIC_SEQ_CST);

	(void)arg;
	if (now > __atomic_load_n(&most_at_work, __ATOMIC_SEQ_CST))
		__atomic_store_n(&most_at_work, now, __ATOMIC_SEQ_CST);
	(void)nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	(void)__atomic_sub_fetch(&at_work, 1, __ATOMIC_SEQ_CST);
}

static void
on_counted(void *arg)
{
	(void)arg;
	if (++done == 4)
		loop_stop(loop);
}

START_TEST(several_threads_work_at_once)
{
	struct helper *h;

	set_up();
	done = 0;
	h = helper_new(loop, 4);
	for (int i = 0; i < 4; i++)
		helper_run(h, count_threads, on_counted, NULL);
	run();
	ck_assert_int_gt(most_at_work, 1);
	helper_free(&h);
	tear_down();
}
END_TEST

static int watched[2];

static void
on_watched(int fd, bool readable, bool writable, void *arg)
{
	char byte;

	(void)arg;
	ck_assert_int_eq(fd, watched[0]);
	ck_assert(readable && !writable);
	ck_assert_int_eq((int)read(fd, &byte, 1), 1);
	buf_add_char(&said, byte);
	if (byte == 'y')
		loop_stop(loop);
}

START_TEST(a_watch_tells_only_what_it_was_asked)
{
	struct watch *w;
	struct timer *t;

	set_up();
	ck_assert_int_eq(pipe(watched), 0);
	w = watch_new(loop, watched[0], on_watched, NULL);
	ck_assert_int_eq((int)write(watched[1], "xy", 2), 2);
	t = timer_new(loop, stop, NULL);
	timer_set(t, 30);
	run();
	ck_assert_uint_eq(said.n, 0);
	watch_set(w, true, false);
	run();
	ck_assert_str_eq(buf_cstr(&said), "xy");
	watch_free(&w);
	timer_free(&t);
	(void)close(watched[0]);
	(void)close(watched[1]);
	tear_down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tc = tcase_create("loop");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, posts_run_in_order_then_turn_ends_then_the_last);
	tcase_add_test(tc, a_dropped_post_does_not_run);
	tcase_add_test(tc, posts_that_post_do_not_starve_the_timers);
	tcase_add_test(tc, a_timer_set_anew_runs_once_at_the_new_end);
	tcase_add_test(tc, a_cancelled_timer_does_not_run_but_may_be_set_again);
	tcase_add_test(tc, the_longest_turn_is_measured);
	tcase_add_test(tc,
	    a_turn_counts_its_own_work_apart_from_what_passed_meanwhile);
	tcase_add_test(tc, a_signal_is_handled_in_the_loop);
	tcase_add_test(tc, jobs_of_one_thread_come_back_in_order);
	tcase_add_test(tc, freeing_waits_for_the_job_under_way_alone);
	tcase_add_test(tc, several_threads_work_at_once);
	tcase_add_test(tc, a_watch_tells_only_what_it_was_asked);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
