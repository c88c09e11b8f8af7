/* unit/check_http.c - requests come whole, answers may come late. */
#include "tests/unit/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/conn.h"
#include "io/http.h"

static struct loop *loop;
static struct http_server *server;
static char path[64];

/* The client blocks, so it has a thread of its own. */
static struct call {
	const char *method, *target;
	struct slice body;
	int rc, code;
	struct buf answer;
	struct why why;
	pthread_t thread;
} call;
static int wake[2];

static void *
client_main(void *arg)
{
	struct call *c = arg;

	c->rc = http_call(path, c->method, c->target, c->body, &c->code,
	    &c->answer, &c->why);
	ck_assert_int_eq((int)write(wake[1], "x", 1), 1);
	return NULL;
}

static void
on_wake(int fd, bool readable, bool writable, void *arg)
{
	char byte;

	(void)readable;
	(void)writable;
	(void)arg;
	ck_assert_int_eq((int)read(fd, &byte, 1), 1);
	loop_stop(loop);
}

static void
on_hang(void *arg)
{
	(void)arg;
	ck_abort_msg("the test hangs");
}

static void
run_call(const char *method, const char *target, struct slice body)
{
	struct timer *t = timer_new(loop, on_hang, NULL);
	struct watch *w;

	timer_set(t, 10000);
	ck_assert_int_eq(pipe(wake), 0);
	w = watch_new(loop, wake[0], on_wake, NULL);
	watch_set(w, true, false);
	memset(&call, 0, sizeof(call));
	call.method = method;
	call.target = target;
	call.body = body;
	buf_init(&call.answer, 8 << 20);
	ck_assert_int_eq(pthread_create(&call.thread, NULL, client_main, &call),
	    0);
	loop_run(loop);
	ck_assert_int_eq(pthread_join(call.thread, NULL), 0);
	watch_free(&w);
	timer_free(&t);
	(void)close(wake[0]);
	(void)close(wake[1]);
}

static void
set_up(http_fn *fn)
{
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/check_http.%d", (int)getpid());
	loop = loop_new();
	fd = listener_bind_unix(path, 0600);
	ck_assert_int_ge(fd, 0);
	server = http_server_new(loop, fd, fn, NULL);
}

static void
tear_down(void)
{
	http_server_free(&server);
	loop_free(&loop);
	(void)unlink(path);
	buf_done(&call.answer);
}

/* "METHOD path a=first b=second-of-b body" */
static void
answer_with_all(struct http_request *r, void *arg)
{
	const char *b = http_query_at(r, "b", 1);
	struct buf out;

	(void)arg;
	buf_init(&out, 8 << 20);
	buf_addf(&out, "%s %s a=%s b=%s ", http_method(r), http_path(r),
	    http_query(r, "a"), b == NULL ? "none" : b);
	buf_add(&out, http_body(r));
	http_answer(r, http_body(r).n > 0 ? 202 : 200, "text/plain",
	    buf_slice(&out));
	buf_done(&out);
}

START_TEST(method_path_query_and_body_arrive)
{
	set_up(answer_with_all);
	run_call("GET", "/v1/queue?a=x%20y&b=1&b=2", SLICE_NONE);
	ck_assert_int_eq(call.rc, 0);
	ck_assert_int_eq(call.code, 200);
	ck_assert_str_eq(buf_cstr(&call.answer), "GET /v1/queue a=x y b=2 ");
	buf_done(&call.answer);
	run_call("POST", "/v1/hold?a=", slice_of("{\"ids\":[1]}"));
	ck_assert_int_eq(call.code, 202);
	ck_assert_str_eq(buf_cstr(&call.answer),
	    "POST /v1/hold a= b=none {\"ids\":[1]}");
	tear_down();
}
END_TEST

START_TEST(a_large_answer_arrives_whole)
{
	char *much = mem_new(3 << 20);

	memset(much, 'm', 3 << 20);
	set_up(answer_with_all);
	run_call("PUT", "/?a=b", slice_from(much, 3 << 20));
	ck_assert_int_eq(call.rc, 0);
	ck_assert_uint_gt(call.answer.n, 3 << 20);
	tear_down();
	mem_free(much);
}
END_TEST

START_TEST(a_body_over_the_bound_is_refused)
{
	char *much = mem_zero(HTTP_BODY_MAX + 1);

	set_up(answer_with_all);
	run_call("PUT", "/", slice_from(much, HTTP_BODY_MAX + 1));
	ck_assert(call.rc != 0 || call.code == 413);
	tear_down();
	mem_free(much);
}
END_TEST

static struct timer *later;
static struct http_request *waiting;

static void
on_later(void *arg)
{
	(void)arg;
	http_answer(waiting, 200, "text/plain", slice_of("late"));
	timer_free(&later);
}

static void
answer_late(struct http_request *r, void *arg)
{
	(void)arg;
	waiting = r;
	later = timer_new(loop, on_later, NULL);
	timer_set(later, 100);
}

START_TEST(an_answer_may_come_later)
{
	set_up(answer_late);
	run_call("GET", "/", SLICE_NONE);
	ck_assert_int_eq(call.rc, 0);
	ck_assert_str_eq(buf_cstr(&call.answer), "late");
	tear_down();
}
END_TEST

static void
on_stop_serving(void *arg)
{
	(void)arg;
	http_server_free(&server);
	http_answer(waiting, 200, "text/plain", slice_of("to nobody"));
	timer_free(&later);
}

static void
answer_after_the_end(struct http_request *r, void *arg)
{
	(void)arg;
	waiting = r;
	later = timer_new(loop, on_stop_serving, NULL);
	timer_set(later, 50);
}

START_TEST(the_server_may_go_before_the_answer)
{
	set_up(answer_after_the_end);
	run_call("GET", "/", SLICE_NONE);
	ck_assert_int_ne(call.rc, 0);
	tear_down();
}
END_TEST

START_TEST(nobody_there_is_told_apart)
{
	struct buf answer;
	struct why why;
	int fd, code = 0;

	buf_init(&answer, 100);
	(void)snprintf(path, sizeof(path), "/tmp/check_http.%d", (int)getpid());
	ck_assert_int_eq(http_call(path, "GET", "/", SLICE_NONE, &code, &answer,
			     &why),
	    -ENOENT);
	fd = listener_bind_unix(path, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(http_call(path, "GET", "/", SLICE_NONE, &code, &answer,
			     &why),
	    -ECONNREFUSED);
	ck_assert(strstr(why.text, path) != NULL);
	ck_assert_int_eq(unlink(path), 0);
	buf_done(&answer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, method_path_query_and_body_arrive);
	tcase_add_test(tc, a_large_answer_arrives_whole);
	tcase_add_test(tc, a_body_over_the_bound_is_refused);
	tcase_add_test(tc, an_answer_may_come_later);
	tcase_add_test(tc, the_server_may_go_before_the_answer);
	tcase_add_test(tc, nobody_there_is_told_apart);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
