/*
 * unit/check_admin_api.c - the control API over a real socket, with a queue of
 * three messages that exists in this file only.
 */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/api.h"
#include "base/err.h"
#include "base/id.h"
#include "base/time.h"
#include "io/conn.h"
#include "io/http.h"
#include "io/loop.h"
#include "tests/unit/run.h"

enum { COUNT = 3, FIRST_ID = 1 << 20 };

static char socket_path[64];
static pid_t server;

/* --- the false scheduler: in the child process --- */

static struct admin *admin;
static bool removed[COUNT];
static const char *const senders[COUNT] = { "a@one.test", "b@two.test", "" };

static enum admin_step
do_next(void *owner, const struct filter *f, uint64_t *cursor, unsigned *left,
    uint64_t *id, bool *sure)
{
	(void)owner;
	(void)f;
	while (*left > 0 && *cursor < COUNT) {
		uint64_t i = COUNT - 1 - (*cursor)++; /* the youngest first */

		(*left)--;
		if (removed[i])
			continue;
		*id = FIRST_ID + i;
		*sure = filter_is_empty(f);
		return ADMIN_FOUND;
	}
	return *left == 0 ? ADMIN_MORE : ADMIN_END;
}

static bool
do_matches(void *owner, const struct filter *f, uint64_t id)
{
	(void)owner;
	return filter_has_sender(f, slice_of(senders[id - FIRST_ID])) &&
	    filter_has_state(f, QUEUE_DEFERRED);
}

static bool
do_message(void *owner, uint64_t id, struct arena *arena,
    struct admin_message *m)
{
	static struct recipient recipient;
	static struct admin_recipient state;

	(void)owner;
	(void)arena;
	if (id < FIRST_ID || id >= FIRST_ID + COUNT || removed[id - FIRST_ID])
		return false;
	recipient.address = SLICE("r@there.test");
	state = (struct admin_recipient){ .state = "deferred",
		.site = SLICE("mx:there.test"),
		.response = SLICE("450 4.2.0 gr\xFFylisted"),
		.attempts = 2,
		.next_ms = 1000 };
	*m = (struct admin_message){
		.state = QUEUE_DEFERRED,
		.envelope = { .id = id,
		    .arrived_ms = 123,
		    .size = 77,
		    .sender = slice_of(senders[id - FIRST_ID]),
		    .recipient_count = 1,
		    .recipients = &recipient },
		.recipients = &state,
	};
	return true;
}

static void
do_keys(void *owner, uint64_t id, enum admin_by by, admin_key_fn *key,
    void *arg)
{
	(void)owner;
	if (by == BY_SENDER)
		key(slice_of(senders[id - FIRST_ID]), arg);
	else
		key(SLICE("same"), arg);
}

static int
do_content(void *owner, uint64_t id, struct buf *out)
{
	(void)owner;
	if (id != FIRST_ID)
		return -ENOENT;
	buf_add_cstr(out, "Subject: hello\r\n\r\n.\r\n");
	return 0;
}

static json_t *
do_history(void *owner, uint64_t id)
{
	(void)owner;
	(void)id;
	return NULL;
}

static bool
do_act(void *owner, enum admin_act act, uint64_t id, struct slice by)
{
	(void)owner;
	if (id < FIRST_ID || id >= FIRST_ID + COUNT || removed[id - FIRST_ID])
		return false;
	if (act == ADMIN_REMOVE && slice_is(by, "tester"))
		removed[id - FIRST_ID] = true;
	return true;
}

static uint64_t
do_count(void *owner, enum queue_state state)
{
	(void)owner;
	return state == QUEUE_DEFERRED ? COUNT : 0;
}

static json_t *
do_status(void *owner)
{
	(void)owner;
	return json_pack("{s:s}", "version", "test");
}

static json_t *
do_sites(void *owner)
{
	(void)owner;
	return json_array();
}

static json_t *
do_site(void *owner, struct slice name)
{
	(void)owner;
	return slice_is(name, "lmtp:unix:/run/a b")
	    ? json_pack("{s:s}", "name", "found")
	    : NULL;
}

static json_t *
do_suspend(void *owner, struct slice name, uint64_t seconds)
{
	(void)owner;
	return json_pack("{s:s%, s:I}", "name", name.p, name.n, "seconds",
	    (json_int_t)seconds);
}

static void
do_control(void *owner, uint64_t cookie, const char *verb,
    struct slice argument)
{
	(void)owner;
	if (strcmp(verb, "reload") == 0)
		admin_answered(admin, cookie, false,
		    SLICE("main.conf:3: no such key"));
	else
		admin_answered(admin, cookie, slice_is(argument, "debug"),
		    SLICE_NONE);
}

static const struct admin_ops ops = { do_next, do_matches, do_message, do_keys,
	do_content, do_history, do_act, do_count, do_status, do_sites, do_site,
	do_suspend, do_site, do_control };

static void
setup(void)
{
	int fd;

	(void)snprintf(socket_path, sizeof(socket_path),
	    "/tmp/check_admin_XXXXXX");
	fd = mkstemp(socket_path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	(void)unlink(socket_path);
	fd = listener_bind_unix(socket_path, 0600);
	ck_assert_int_ge(fd, 0);
	server = fork();
	if (server == 0) {
		struct loop *loop = loop_new();

		admin = admin_new(loop, &ops, NULL);
		admin_listen(admin, fd);
		loop_run(loop);
		_exit(0);
	}
	(void)close(fd);
}

static void
teardown(void)
{
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	(void)unlink(socket_path);
}

/* --- the client --- */

static json_t *
call(const char *method, const char *target, const char *body, int want)
{
	struct why why = { "" };
	struct buf answer;
	json_t *value;
	int code = 0;

	buf_init(&answer, 1 << 20);
	ck_assert_msg(http_call(socket_path, method, target, slice_of(body),
			  &code, &answer, &why) == 0,
	    "%s", why.text);
	value = json_loadb(answer.p, answer.n, JSON_DECODE_ANY, NULL);
	ck_assert_msg(code == want, "%s %s: %d %.*s", method, target, code,
	    (int)answer.n, answer.p);
	ck_assert_ptr_nonnull(value);
	if (want != 200)
		ck_assert(
		    json_string_length(json_object_get(value, "error")) > 0);
	buf_done(&answer);
	return value;
}

static const char *
id_of(unsigned i)
{
	static char text[ID_TEXT_SIZE];

	id_text(FIRST_ID + i, text);
	return text;
}

/* clang-format off */
static const struct {
	const char *method, *target, *body;
	int code;
} cases[] = {
	{ "GET",  "/v1/status", "", 200 },
	{ "POST", "/v1/status", "{}", 405 },
	{ "GET",  "/v2/status", "", 404 },
	{ "GET",  "/v1/queue?state=lost", "", 400 },
	{ "GET",  "/v1/queue?limit=x", "", 400 },
	{ "GET",  "/v1/queue/count?by=colour", "", 400 },
	{ "GET",  "/v1/queue/XYZ", "", 404 },
	{ "GET",  "/v1/queue/0000000000000", "", 404 },
	{ "GET",  "/v1/queue/0000000000000/content", "", 404 },
	{ "POST", "/v1/queue/remove", "", 400 },
	{ "POST", "/v1/queue/remove", "{}", 400 },
	{ "POST", "/v1/queue/remove", "[]", 400 },
	{ "POST", "/v1/queue/remove", "{\"all\":false}", 400 },
	{ "POST", "/v1/queue/remove", "{\"filter\":{}}", 400 },
	{ "POST", "/v1/queue/remove", "{\"filter\":{\"age\":\"1\"}}", 400 },
	{ "POST", "/v1/queue/remove", "{\"filter\":{\"from\":1}}", 400 },
	{ "POST", "/v1/queue/remove", "{\"ids\":[\"a\"]}", 400 },
	{ "POST", "/v1/queue/remove", "{\"ids\":[],\"all\":true}", 400 },
	{ "POST", "/v1/queue/remove", "{\"ids\":[]}", 200 },
	{ "GET",  "/v1/sites/lmtp%3Aunix%3A%2Frun%2Fa%20b", "", 200 },
	{ "GET",  "/v1/sites/lmtp", "", 404 },
	{ "POST", "/v1/sites/suspend", "{\"name\":\"x\",\"seconds\":9}", 200 },
	{ "POST", "/v1/sites/suspend", "{\"name\":\"x\",\"seconds\":0}", 400 },
	{ "POST", "/v1/sites/suspend", "{\"seconds\":9}", 400 },
	{ "POST", "/v1/sites/resume", "{\"name\":\"x\"}", 404 },
	{ "POST", "/v1/reload", "", 409 },
	{ "POST", "/v1/log-level", "{\"level\":\"debug\"}", 200 },
	{ "POST", "/v1/log-level", "{\"level\":\"loud\"}", 400 },
};
/* clang-format on */

START_TEST(answers_each_request_with_its_code)
{
	json_decref(call(cases[_i].method, cases[_i].target, cases[_i].body,
	    cases[_i].code));
}
END_TEST

START_TEST(a_list_is_the_oldest_first_up_to_its_limit)
{
	json_t *list = call("GET", "/v1/queue", "", 200);
	json_t *first = json_array_get(list, 0);
	const json_t *rcpt =
	    json_array_get(json_object_get(first, "recipients"), 0);

	ck_assert_uint_eq(json_array_size(list), COUNT);
	ck_assert_str_eq(json_string_value(json_object_get(first, "id")),
	    id_of(0));
	ck_assert_str_eq(json_string_value(json_object_get(first, "sender")),
	    "a@one.test");
	ck_assert_str_eq(json_string_value(json_object_get(rcpt, "response")),
	    "450 4.2.0 gr\xEF\xBF\xBDylisted");
	ck_assert_str_eq(json_string_value(
			     json_object_get(rcpt, "next_attempt")),
	    "1970-01-01T00:00:01.000Z");
	json_decref(list);
	list = call("GET", "/v1/queue?limit=2", "", 200);
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(json_string_value(
			     json_object_get(json_array_get(list, 1), "id")),
	    id_of(1));
	json_decref(list);
	list = call("GET", "/v1/queue?from=%40two.test", "", 200);
	ck_assert_uint_eq(json_array_size(list), 1);
	json_decref(list);
}
END_TEST

static json_int_t
count_of(json_t *answer)
{
	json_int_t n = json_integer_value(json_object_get(answer, "count"));

	json_decref(answer);
	return n;
}

START_TEST(counts_whole_filtered_and_in_groups)
{
	json_t *answer = call("GET", "/v1/queue/count?by=sender", "", 200);
	json_t *groups = json_object_get(answer, "groups");

	ck_assert_uint_eq(json_array_size(groups), COUNT);
	ck_assert_str_eq(json_string_value(
			     json_object_get(json_array_get(groups, 0), "key")),
	    "");
	ck_assert_int_eq(count_of(answer), COUNT);
	ck_assert_int_eq(count_of(call("GET", "/v1/queue/count", "", 200)),
	    COUNT);
	ck_assert_int_eq(count_of(call("GET", "/v1/queue/count?from=%3C%3E", "",
			     200)),
	    1);
}
END_TEST

START_TEST(acts_on_ids_filters_and_all)
{
	char body[200];

	(void)snprintf(body, sizeof(body),
	    "{\"ids\":[\"%s\",\"0000000000001\"],\"by\":\"tester\"}", id_of(1));
	ck_assert_int_eq(count_of(call("POST", "/v1/queue/remove", body, 200)),
	    1);
	json_decref(call("GET", "/v1/queue/0000000000001", "", 404));
	ck_assert_int_eq(count_of(call("POST", "/v1/queue/hold",
			     "{\"filter\":{\"from\":\"@two.test\"}}", 200)),
	    0);
	ck_assert_int_eq(count_of(call("POST", "/v1/queue/flush",
			     "{\"all\":true}", 200)),
	    COUNT - 1);
}
END_TEST

START_TEST(content_comes_as_it_is)
{
	char target[64];
	struct buf answer;
	int code;

	(void)snprintf(target, sizeof(target), "/v1/queue/%s/content",
	    id_of(0));
	buf_init(&answer, 1 << 20);
	ck_assert_int_eq(http_call(socket_path, "GET", target, SLICE_NONE,
			     &code, &answer, NULL),
	    0);
	ck_assert_int_eq(code, 200);
	ck_assert(slice_is(buf_slice(&answer), "Subject: hello\r\n\r\n.\r\n"));
	buf_done(&answer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("admin api");
	TCase *tc = tcase_create("api");

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, answers_each_request_with_its_code, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, a_list_is_the_oldest_first_up_to_its_limit);
	tcase_add_test(tc, counts_whole_filtered_and_in_groups);
	tcase_add_test(tc, acts_on_ids_filters_and_all);
	tcase_add_test(tc, content_comes_as_it_is);
	return run_suite(suite);
}
