/* unit/check_state.c - caches and counters outlive the process, not damage. */
#include "tests/unit/run.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "state/state.h"

#ifdef MTAD_ASAN
/* The library forgets some octets of an environment that it finds damaged. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libdb-5.3\n";
}
#endif

static char folder[64];

static void
make_folder(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct state *
open_state(void)
{
	struct state *s;
	struct why why = { "" };

	ck_assert_msg(state_open(folder, &s, &why) == 0, "%s", why.text);
	return s;
}

static void
put(struct state *s, const char *key, const char *value)
{
	ck_assert_int_eq(state_put(s, STATE_STS, slice_of(key),
			     slice_of(value)),
	    0);
}

/* "" when it is not there. */
static const char *
get(struct state *s, const char *key)
{
	static char text[64];
	struct buf value;
	int rc;

	buf_init(&value, 1024);
	rc = state_get(s, STATE_STS, slice_of(key), &value);
	ck_assert(rc == 0 || rc == -ENOENT);
	ck_assert(slice_to_cstr(buf_slice(&value), text, sizeof(text)));
	buf_done(&value);
	return text;
}

START_TEST(what_is_put_is_there_after_a_restart)
{
	struct state *s = open_state();

	put(s, "a.test", "one");
	put(s, "a.test", "two");
	put(s, "b.test", "gone");
	ck_assert_int_eq(state_delete(s, STATE_STS, SLICE("b.test")), 0);
	ck_assert_int_eq(state_delete(s, STATE_STS, SLICE("b.test")), 0);
	state_close(&s);
	s = open_state();
	ck_assert_str_eq(get(s, "a.test"), "two");
	ck_assert_str_eq(get(s, "b.test"), "");
	state_close(&s);
}
END_TEST

START_TEST(a_kill_loses_nothing_that_was_written)
{
	pid_t child = fork();
	int status;
	struct state *s;

	if (child == 0) {
		s = open_state();
		for (int i = 0; i < 1000; i++)
			if (state_count(s, STATE_TLSRPT, SLICE("n"), 1) != 0)
				_exit(1);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	s = open_state();
	for (int i = 0; i < 2; i++) {
		struct buf value;

		buf_init(&value, 64);
		ck_assert_int_eq(state_get(s, STATE_TLSRPT, SLICE("n"), &value),
		    0);
		ck_assert_uint_eq(state_count_value(buf_slice(&value)),
		    i == 0 ? 1000 : 1002);
		buf_done(&value);
		ck_assert_int_eq(state_count(s, STATE_TLSRPT, SLICE("n"), 2),
		    0);
	}
	state_close(&s);
}
END_TEST

static bool
gather(struct slice key, struct slice value, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%.*s=%.*s ", SLICE_ARGS(key), SLICE_ARGS(value));
	return !slice_is(key, "2026-11-02 b");
}

START_TEST(a_walk_keeps_to_its_prefix_and_order)
{
	struct state *s = open_state();
	struct buf out;

	buf_init(&out, 1024);
	put(s, "2026-11-02 b", "3");
	put(s, "2026-11-01 b", "2");
	put(s, "2026-11-01 a", "1");
	put(s, "2026-11-02 c", "4");
	ck_assert_int_eq(state_each(s, STATE_STS, SLICE("2026-11-01"), gather,
			     &out),
	    0);
	ck_assert_str_eq(buf_cstr(&out), "2026-11-01 a=1 2026-11-01 b=2 ");
	buf_reset(&out);
	ck_assert_int_eq(state_each(s, STATE_STS, SLICE_NONE, gather, &out), 0);
	ck_assert_str_eq(buf_cstr(&out),
	    "2026-11-01 a=1 2026-11-01 b=2 2026-11-02 b=3 ");
	ck_assert_int_eq(state_each(s, STATE_DMARC, SLICE_NONE, gather, &out),
	    0);
	buf_done(&out);
	state_close(&s);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	struct state *s = open_state();
	static char bytes[STATE_VALUE_MAX + 1];

	ck_assert_int_eq(state_put(s, STATE_STS, SLICE("k"),
			     slice_from(bytes, sizeof(bytes))),
	    ERR_LIMIT);
	ck_assert_int_eq(state_put(s, STATE_STS,
			     slice_from(bytes, STATE_KEY_MAX + 1), SLICE("v")),
	    ERR_LIMIT);
	state_checkpoint(s);
	state_close(&s);
}
END_TEST

START_TEST(damage_is_thrown_away)
{
	struct state *s = open_state();
	char path[128];
	int fd;

	put(s, "a.test", "one");
	state_close(&s);
	(void)snprintf(path, sizeof(path), "%s/db/sts.db", folder);
	fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "no database at all", 18), 18);
	ck_assert_int_eq(close(fd), 0);
	s = open_state();
	ck_assert_str_eq(get(s, "a.test"), "");
	put(s, "a.test", "new");
	ck_assert_str_eq(get(s, "a.test"), "new");
	state_close(&s);
}
END_TEST

START_TEST(a_folder_that_cannot_be_is_said)
{
	struct state *s = NULL;
	struct why why = { "" };

	ck_assert_int_eq(state_open("/nowhere/at/all", &s, &why), -ENOENT);
	ck_assert_ptr_null(s);
	ck_assert_str_ne(why.text, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("state");
	TCase *tcase = tcase_create("state");

	tcase_add_checked_fixture(tcase, make_folder, remove_folder);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_is_put_is_there_after_a_restart);
	tcase_add_test(tcase, a_kill_loses_nothing_that_was_written);
	tcase_add_test(tcase, a_walk_keeps_to_its_prefix_and_order);
	tcase_add_test(tcase, what_is_too_long_is_refused);
	tcase_add_test(tcase, damage_is_thrown_away);
	tcase_add_test(tcase, a_folder_that_cannot_be_is_said);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
