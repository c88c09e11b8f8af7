/* unit/check_conn.c - bytes go both ways, whole, bounded, and end in order. */
#include "tests/unit/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"

static size_t enough;

static void
stop_when_server_has_enough(struct side *s)
{
	if (s == &server && s->got.n >= enough)
		loop_stop(loop);
}

static void
stop_when_client_has_enough(struct side *s)
{
	if (s == &client && s->got.n >= enough)
		loop_stop(loop);
}

static void
stop_at_end(struct side *s)
{
	if (s->ended > 0)
		loop_stop(loop);
}

START_TEST(a_round_trip_carries_what_was_written)
{
	pair_open();
	pair_connect();
	ck_assert_int_eq(client.connected, 1);
	side_write(&client, "EHLO there\r\n");
	enough = 12;
	server.then = stop_when_server_has_enough;
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "EHLO there\r\n"));
	side_write(&server, "250 a\r\n");
	side_write(&server, "250 b\r\n");
	enough = 14;
	client.then = stop_when_client_has_enough;
	pair_run();
	ck_assert(slice_is(buf_slice(&client.got), "250 a\r\n250 b\r\n"));
	pair_close();
}
END_TEST

START_TEST(addresses_are_those_of_the_sockets)
{
	struct conn_address a, b;
	char text[ADDRESS_TEXT_SIZE];

	pair_open();
	pair_connect();
	conn_self(client.conn, &a);
	conn_peer(server.conn, &b);
	ck_assert(ip_eq(&a.ip, &b.ip) && a.port == b.port);
	conn_peer(client.conn, &a);
	conn_self(server.conn, &b);
	ck_assert(ip_eq(&a.ip, &b.ip) && a.port == b.port);
	address_text(&(struct conn_address){ .ip = { 6, { 0x20, 1, 13, 0xb8 } },
			 .port = 25 },
	    text);
	ck_assert_str_eq(text, "[2001:db8::]:25");
	pair_close();
}
END_TEST

enum { MUCH = 20 << 20 };

static void
stop_when_both_have_much(struct side *s)
{
	(void)s;
	if (server.got.n >= MUCH && client.got.n >= MUCH)
		loop_stop(loop);
}

START_TEST(much_goes_both_ways_at_once_within_the_limits)
{
	pair_open();
	pair_connect();
	conn_set_input_limit(server.conn, 10000);
	client.to_send = server.to_send = MUCH;
	client.then = server.then = stop_when_both_have_much;
	side_pump(&client);
	side_pump(&server);
	pair_run();
	ck_assert_uint_eq(server.got.n, MUCH);
	ck_assert_uint_eq(client.got.n, MUCH);
	ck_assert(is_pattern(buf_slice(&server.got)));
	ck_assert(is_pattern(buf_slice(&client.got)));
	ck_assert_uint_le(server.most_input, 10000);
	ck_assert_uint_le(client.most_input, CONN_INPUT_LIMIT);
	ck_assert_int_gt(client.drained, 0);
	pair_close();
}
END_TEST

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
run_for(int64_t ms)
{
	struct timer *t = timer_new(loop, stop, NULL);

	timer_set(t, ms);
	pair_run();
	timer_free(&t);
}

START_TEST(input_that_nobody_takes_stops_at_the_limit)
{
	pair_open();
	pair_connect();
	server.leaves_input = true;
	client.to_send = 8 << 20;
	side_pump(&client);
	run_for(300);
	ck_assert_uint_eq(conn_input_size(server.conn), CONN_INPUT_LIMIT);
	ck_assert(is_pattern(conn_input(server.conn, SIZE_MAX)));
	/* Half is taken: the rest stays in one piece, and more comes. */
	buf_add(&server.got, conn_input(server.conn, 40000));
	conn_consume(server.conn, 40000);
	server.leaves_input = false;
	server.then = stop_when_server_has_enough;
	enough = 8 << 20;
	pair_run();
	ck_assert_uint_eq(server.got.n, 8 << 20);
	ck_assert(is_pattern(buf_slice(&server.got)));
	pair_close();
}
END_TEST

START_TEST(a_paused_connection_is_not_told_until_it_is_resumed)
{
	pair_open();
	pair_connect();
	conn_pause(server.conn);
	side_write(&client, "one");
	run_for(50);
	side_write(&client, "two");
	run_for(50);
	ck_assert_uint_eq(server.got.n, 0);
	enough = 6;
	server.then = stop_when_server_has_enough;
	server.is_inside = true;
	conn_resume(server.conn);
	server.is_inside = false;
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "onetwo"));
	pair_close();
}
END_TEST

static void
pause_and_stop(struct side *s)
{
	conn_pause(s->conn);
	loop_stop(loop);
}

START_TEST(input_left_at_a_pause_is_told_again_at_the_resume)
{
	pair_open();
	pair_connect();
	server.leaves_input = true;
	server.then = pause_and_stop;
	side_write(&client, "MAIL\r\nRCPT\r\n");
	pair_run();
	ck_assert_uint_eq(conn_input_size(server.conn), 12);
	ck_assert(slice_is(conn_input(server.conn, 6), "MAIL\r\n"));
	conn_consume(server.conn, 6);
	server.leaves_input = false;
	server.then = stop_when_server_has_enough;
	enough = 6;
	conn_resume(server.conn);
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "RCPT\r\n"));
	pair_close();
}
END_TEST

START_TEST(closing_sends_all_that_was_written_first)
{
	pair_open();
	pair_connect();
	server.to_send = 3 << 20;
	server.closes_when_sent = true;
	client.then = stop_at_end;
	side_pump(&server);
	pair_run();
	ck_assert_int_eq(client.ended_rc, 0);
	ck_assert_uint_eq(client.got.n, 3 << 20);
	ck_assert(is_pattern(buf_slice(&client.got)));
	pair_close();
}
END_TEST

/* As with a 421 to a client that pipelined much more. */
START_TEST(last_words_arrive_though_input_was_left_unread)
{
	pair_open();
	pair_connect();
	client.to_send = 300000;
	server.leaves_input = true;
	side_pump(&client);
	run_for(100);
	side_write(&server, "421 too much\r\n");
	conn_close_later(server.conn);
	server.conn = NULL;
	client.then = stop_at_end;
	pair_run();
	ck_assert(slice_is(buf_slice(&client.got), "421 too much\r\n"));
	ck_assert_int_eq(client.ended_rc, 0);
	pair_close();
}
END_TEST

START_TEST(the_peers_end_comes_after_its_last_bytes)
{
	pair_open();
	pair_connect();
	side_write(&client, "QUIT\r\n");
	conn_close_later(client.conn);
	client.conn = NULL;
	server.then = stop_at_end;
	pair_run();
	ck_assert(slice_is(buf_slice(&server.got), "QUIT\r\n"));
	ck_assert_int_eq(server.ended, 1);
	ck_assert_int_eq(server.ended_rc, 0);
	pair_close();
}
END_TEST

START_TEST(silence_ends_in_a_time_out_unless_it_is_set_anew)
{
	int64_t start = time_mono_ms();

	pair_open();
	pair_connect();
	conn_set_timeout(server.conn, 100);
	run_for(60);
	conn_set_timeout(server.conn, 100);
	run_for(60);
	ck_assert_int_eq(server.ended, 0);
	server.then = stop_at_end;
	pair_run();
	ck_assert_int_eq(server.ended_rc, ERR_TIMEOUT);
	ck_assert_int_ge(time_mono_ms() - start, 158);
	ck_assert_int_eq(client.ended, 0);
	pair_close();
}
END_TEST

START_TEST(a_refused_connection_ends_with_the_reason)
{
	struct ip ip = { 4, { 127, 0, 0, 1 } };
	struct conn_address to = { .ip = ip };
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);
	int fd = listener_bind(&ip, 0, 1);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ss, &size), 0);
	address_from_socket(&ss, &to);
	ck_assert_int_eq(close(fd), 0);
	loop = loop_new();
	memset(&client, 0, sizeof(client));
	client.then = stop_at_end;
	client.is_inside = true;
	client.conn = conn_connect(loop, &to, &ip, 5000, &side_events, &client);
	client.is_inside = false;
	pair_run();
	ck_assert_int_eq(client.connected, 0);
	ck_assert_int_eq(client.ended, 1);
	ck_assert_int_eq(client.ended_rc, -ECONNREFUSED);
	conn_close_later(client.conn);
	loop_free(&loop);
}
END_TEST

static void
on_unix_client(int fd, const struct conn_address *peer, void *arg)
{
	(void)arg;
	ck_assert_int_eq(peer->ip.version, 0);
	server.conn = conn_accept(loop, fd, &side_events, &server);
	conn_write(server.conn, slice_of("220 hello\r\n"));
	conn_close_later(server.conn);
}

START_TEST(unix_sockets_work_the_same)
{
	char path[64];
	struct conn_address to = { .path = path };
	struct listener *l;
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/check_conn.%d", (int)getpid());
	loop = loop_new();
	memset(&client, 0, sizeof(client));
	buf_init(&client.got, 100);
	fd = listener_bind_unix(path, 0600);
	ck_assert_int_ge(fd, 0);
	l = listener_new(loop, fd, on_unix_client, NULL);
	client.then = stop_at_end;
	client.conn =
	    conn_connect(loop, &to, NULL, 5000, &side_events, &client);
	conn_resume(client.conn);
	pair_run();
	ck_assert_int_eq(client.connected, 1);
	ck_assert(slice_is(buf_slice(&client.got), "220 hello\r\n"));
	conn_close_later(client.conn);
	listener_free(&l);
	ck_assert_int_eq(unlink(path), 0);
	buf_done(&client.got);
	loop_free(&loop);
}
END_TEST

static void
close_and_write(struct side *s)
{
	/* After these no callback may come: the side counts them. */
	conn_close_later(s->conn);
	s->conn = NULL;
	s->then = NULL;
}

START_TEST(no_callback_comes_after_closing)
{
	pair_open();
	pair_connect();
	server.then = close_and_write;
	side_write(&client, "x");
	run_for(30);
	side_write(&client, "y");
	run_for(30);
	ck_assert_uint_eq(server.got.n, 1);
	ck_assert_int_eq(server.ended, 0);
	ck_assert_int_eq(client.ended, 1);
	pair_close();
}
END_TEST

static int
file_of(size_t n)
{
	char name[] = "/tmp/check_conn.XXXXXX";
	int fd = mkstemp(name);
	char line[1024];

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(unlink(name), 0);
	for (size_t at = 0; at < n; at += sizeof(line)) {
		memset(line, (int)('a' + at / sizeof(line) % 23), sizeof(line));
		ck_assert_int_eq(write(fd, line, sizeof(line)), sizeof(line));
	}
	return fd;
}

static int file;
static size_t from_file;

/* As much as the socket takes; the rest when it is drained. */
static void
send_the_file(struct side *s)
{
	int64_t n = 1;

	if (s != &client)
		return;
	while (from_file < MUCH && n > 0) {
		n = conn_send_file(s->conn, file, from_file, MUCH - from_file);
		ck_assert_int_ge(n, 0);
		from_file += (size_t)n;
	}
}

START_TEST(a_file_goes_behind_what_was_written_though_the_peer_is_slow)
{
	pair_open();
	pair_connect();
	file = file_of(MUCH);
	from_file = 0;
	server.leaves_input = true;
	client.then = send_the_file;
	side_write(&client, "BDAT 20971520 LAST\r\n");
	send_the_file(&client);
	ck_assert_uint_gt(from_file, 0);
	run_for(300);
	ck_assert_uint_lt(from_file, MUCH);
	server.leaves_input = false;
	server.then = stop_when_server_has_enough;
	enough = 20 + MUCH;
	conn_pause(server.conn);
	conn_resume(server.conn);
	pair_run();
	ck_assert_uint_eq(server.got.n, enough);
	ck_assert_int_gt(client.drained, 0);
	ck_assert(slice_is(slice_head(buf_slice(&server.got), 20),
	    "BDAT 20971520 LAST\r\n"));
	for (size_t i = 0; i < MUCH; i++)
		if (server.got.p[20 + i] != (char)('a' + i / 1024 % 23))
			ck_abort_msg("octet %zu is wrong", i);
	(void)close(file);
	pair_close();
}
END_TEST

START_TEST(a_file_that_is_too_short_is_told_at_once)
{
	pair_open();
	pair_connect();
	file = file_of(1024);
	ck_assert_int_eq(conn_send_file(client.conn, file, 0, 2048), 1024);
	ck_assert_int_eq(conn_send_file(client.conn, file, 1024, 1024),
	    -ENOTSUP);
	ck_assert_int_eq(conn_send_file(client.conn, -1, 0, 1), -ENOTSUP);
	(void)close(file);
	pair_close();
}
END_TEST

static void
stop_when_client_is_drained(struct side *s)
{
	if (s == &client && s->drained > 0)
		loop_stop(loop);
}

static void
count_turn(void *arg)
{
	++*(int *)arg;
}

/* Else the loop would be woken by a writable socket again and again. */
START_TEST(a_wait_of_a_file_that_is_given_up_ends)
{
	int64_t n = 1;
	int turns = 0;

	pair_open();
	pair_connect();
	file = file_of(MUCH);
	server.leaves_input = true;
	for (from_file = 0; n > 0; from_file += (size_t)n)
		n = conn_send_file(client.conn, file, from_file, 1 << 20);
	ck_assert_int_eq(n, 0);
	server.leaves_input = false;
	conn_pause(server.conn);
	conn_resume(server.conn);
	client.then = stop_when_client_is_drained;
	pair_run();
	run_for(50);
	loop_at_turn_end(loop, count_turn, &turns);
	run_for(100);
	ck_assert_int_lt(turns, 100);
	ck_assert_int_eq(client.drained, 1);
	(void)close(file);
	pair_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conn");
	TCase *tc = tcase_create("conn");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_round_trip_carries_what_was_written);
	tcase_add_test(tc, addresses_are_those_of_the_sockets);
	tcase_add_test(tc, much_goes_both_ways_at_once_within_the_limits);
	tcase_add_test(tc, input_that_nobody_takes_stops_at_the_limit);
	tcase_add_test(tc, a_paused_connection_is_not_told_until_it_is_resumed);
	tcase_add_test(tc, input_left_at_a_pause_is_told_again_at_the_resume);
	tcase_add_test(tc, closing_sends_all_that_was_written_first);
	tcase_add_test(tc, last_words_arrive_though_input_was_left_unread);
	tcase_add_test(tc, the_peers_end_comes_after_its_last_bytes);
	tcase_add_test(tc, silence_ends_in_a_time_out_unless_it_is_set_anew);
	tcase_add_test(tc, a_refused_connection_ends_with_the_reason);
	tcase_add_test(tc, unix_sockets_work_the_same);
	tcase_add_test(tc, no_callback_comes_after_closing);
	tcase_add_test(tc,
	    a_file_goes_behind_what_was_written_though_the_peer_is_slow);
	tcase_add_test(tc, a_file_that_is_too_short_is_told_at_once);
	tcase_add_test(tc, a_wait_of_a_file_that_is_given_up_ends);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
