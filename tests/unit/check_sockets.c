/* unit/check_sockets.c - which sockets a configuration gets, and keeps. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/run.h"

#include "base/log.h"
#include "mtad/sockets.h"

static const struct sockets none = { NULL, 0 };
static const struct inherited nothing = { NULL, 0 };
static char runtime[] = "/tmp/check_sockets.XXXXXX";
static char loopback[] = "127.0.0.1";
static char second[] = "127.0.0.2";
static char *both[] = { loopback, second };

static void
quiet(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static void
setup(void)
{
	log_open("check", LEVEL_ERROR, LOG_FORM_TEXT, quiet, NULL);
	memcpy(runtime + sizeof(runtime) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(runtime));
}

static void
teardown(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/control.sock", runtime);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(runtime), 0);
}

static struct conf
conf_with(struct listener_conf *listeners, size_t n)
{
	static char group[] = "no-such-group", http[] = "";

	return (struct conf){ .runtime = runtime,
		.listeners = listeners,
		.listener_count = n,
		.http_listen = http,
		.control_group = group };
}

static struct listener_conf
listener(char *name, uint16_t port)
{
	return (struct listener_conf){ .name = name,
		.addresses = { both, 2 },
		.port = port };
}

static uint16_t
port_of(const struct bound *b)
{
	uint32_t port;
	struct slice text = slice_of(b->text);

	ck_assert(slice_to_u32(slice_skip(text, slice_find_last(text, ':') + 1),
	    65535, &port));
	return (uint16_t)port;
}

START_TEST(all_addresses_of_a_listener_share_the_free_port)
{
	static char name[] = "relay";
	struct listener_conf l = listener(name, 0);
	struct conf conf = conf_with(&l, 1);
	struct sockets set;
	struct why why;

	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &set, &why), 0);
	ck_assert_uint_eq(set.n, 3); /* control.sock and both */
	ck_assert_uint_ne(port_of(&set.v[1]), 0);
	ck_assert_uint_eq(port_of(&set.v[1]), port_of(&set.v[2]));
	ck_assert(set.v[0].is_schedulers);
	ck_assert_str_eq(set.v[0].name, "control");
	sockets_done(&set);
}
END_TEST

START_TEST(a_reload_keeps_what_stays_and_names_what_changes)
{
	static char relay[] = "relay", other[] = "other", third[] = "third";
	struct listener_conf l[2] = { listener(relay, 0), listener(other, 0) };
	struct conf conf = conf_with(l, 2);
	struct sockets old, new;
	struct why why;

	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &old, &why), 0);
	l[1].name = third;
	ck_assert_int_eq(sockets_open(&conf, &nothing, &old, &new, &why), 0);
	ck_assert(sockets_are_same(&old, &new, relay));
	ck_assert(sockets_are_same(&old, &new, "control"));
	ck_assert(!sockets_are_same(&old, &new, other));
	ck_assert(!sockets_are_same(&old, &new, third));
	ck_assert(!sockets_have(&new, other));
	ck_assert_uint_eq(port_of(&old.v[1]), port_of(&new.v[1]));
	sockets_done(&old);
	sockets_done(&new);
}
END_TEST

START_TEST(a_listener_with_a_new_name_takes_over_its_port)
{
	static char one[] = "one", two[] = "two";
	struct listener_conf l = listener(one, 0);
	struct conf conf = conf_with(&l, 1);
	struct sockets first, old, new;
	struct why why;

	/* A port that is free, as a port of the configuration. */
	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &first, &why), 0);
	l.port = port_of(&first.v[1]);
	sockets_done(&first);
	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &old, &why), 0);
	l.name = two;
	ck_assert_int_eq(sockets_open(&conf, &nothing, &old, &new, &why), 0);
	ck_assert_uint_eq(port_of(&new.v[1]), l.port);
	ck_assert_str_eq(new.v[1].name, "two");
	sockets_done(&old);
	sockets_done(&new);
}
END_TEST

START_TEST(a_port_that_is_taken_changes_nothing_and_is_named)
{
	static char one[] = "one", two[] = "two";
	struct listener_conf l[2] = { listener(one, 0), listener(two, 0) };
	struct conf conf = conf_with(l, 1);
	struct sockets old, new = none;
	struct why why;
	char want[16];

	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &old, &why), 0);
	conf = conf_with(l + 1, 1);
	l[1].port = port_of(&old.v[1]);
	(void)snprintf(want, sizeof(want), "%u", l[1].port);
	/* Another process has it, as far as this set knows. */
	ck_assert_int_eq(unlink(old.v[0].text), 0);
	ck_assert_int_lt(sockets_open(&conf, &nothing, &none, &new, &why), 0);
	ck_assert_uint_eq(new.n, 0);
	ck_assert_ptr_nonnull(strstr(why.text, "two"));
	ck_assert_ptr_nonnull(strstr(why.text, want));
	sockets_done(&old);
}
END_TEST

START_TEST(a_second_master_does_not_take_control_sock)
{
	struct conf conf = conf_with(NULL, 0);
	struct sockets first, new;
	struct why why;

	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &first, &why), 0);
	ck_assert_int_lt(sockets_open(&conf, &nothing, &none, &new, &why), 0);
	ck_assert_ptr_nonnull(strstr(why.text, "control.sock"));
	/* The socket of one that died is replaced. */
	sockets_done(&first);
	ck_assert_int_eq(sockets_open(&conf, &nothing, &none, &new, &why), 0);
	sockets_done(&new);
}
END_TEST

START_TEST(sockets_of_systemd_are_taken_by_name)
{
	static char relay[] = "relay", other[] = "submission";
	struct listener_conf l = listener(relay, 25);
	struct conf conf = conf_with(&l, 1);
	int fds[2] = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct inherited_fd v[2] = { { other, fds[0] }, { relay, fds[1] } };
	const struct inherited given = { v, 2 };
	struct sockets set;
	struct why why;
	size_t at = 0;

	ck_assert_int_eq(inherited_next(&given, relay, &at), fds[1]);
	ck_assert_int_eq(inherited_next(&given, relay, &at), -1);
	at = 0;
	ck_assert_int_eq(inherited_next(&given, "none", &at), -1);
	ck_assert_int_eq(sockets_open(&conf, &given, &none, &set, &why), 0);
	ck_assert_uint_eq(set.n, 2); /* control.sock and it; no port 25 */
	ck_assert(set.v[1].is_inherited);
	ck_assert_str_eq(set.v[1].name, relay);
	sockets_done(&set);
	/* They stay open for the next reload. */
	ck_assert_int_ne(fcntl(fds[1], F_GETFD), -1);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sockets");
	TCase *tc = tcase_create("sockets");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_addresses_of_a_listener_share_the_free_port);
	tcase_add_test(tc, a_reload_keeps_what_stays_and_names_what_changes);
	tcase_add_test(tc, a_listener_with_a_new_name_takes_over_its_port);
	tcase_add_test(tc, a_port_that_is_taken_changes_nothing_and_is_named);
	tcase_add_test(tc, a_second_master_does_not_take_control_sock);
	tcase_add_test(tc, sockets_of_systemd_are_taken_by_name);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
