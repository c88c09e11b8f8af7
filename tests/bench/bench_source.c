/*
 * bench/bench_source.c - sends messages by SMTP and measures how long each
 * waits for its 250, which smtp-source does not tell.
 *
 * Usage: bench_source [-d] [-p] [-s SESSIONS] [-m MESSAGES] [-l OCTETS] PORT
 *   -d		do not disconnect after a message
 *   -p		pipeline MAIL, RCPT and DATA
 * To 127.0.0.1. Prints one line: messages, seconds, messages a second, and the
 * times from the end of data to the reply in milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "io/conn.h"

enum { SESSIONS_MAX = 20000, CONNECT_MS = 30000, REPLY_MS = 120000 };

enum state { GREETING, EHLO, MAIL, RCPT, DATA, CONTENT, QUIT };

struct session {
	struct conn *conn;
	enum state state;
	int64_t asked_us; /* when the end of data went out */
};

static struct {
	bool persistent, pipelined;
	uint32_t sessions, messages, octets;
	struct conn_address to;
} options = { .sessions = 50, .messages = 10000, .octets = 4096 };

static struct loop *loop;
static char *content; /* lines, and the dot at the end */
static size_t content_n;
static uint32_t begun, finished, alive;
static uint32_t *waits_us; /* of each finished message */

static void session_connect(struct session *);

static void
fail(const char *what, struct slice got)
{
	(void)fprintf(stderr, "bench_source: %s: %.*s\n", what,
	    SLICE_ARGS(got));
	exit(1);
}

static void
say(struct session *s, const char *text, enum state next)
{
	conn_write(s->conn, slice_of(text));
	s->state = next;
}

static void
send_content(struct session *s)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
	    "From: <from@bench.example>\r\nTo: <to@sink.example>\r\n"
	    "Date: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
	    "Message-ID: <%d.%lld.%p@bench.example>\r\n\r\n",
	    (int)getpid(), (long long)time_mono_us(), (void *)s);

	must(n > 0 && (size_t)n < sizeof(head));
	conn_write(s->conn, slice_from(head, (size_t)n));
	conn_write(s->conn, slice_from(content, content_n));
	s->asked_us = time_mono_us();
	s->state = CONTENT;
}

/* The next message, or goodbye. */
static void
next_message(struct session *s)
{
	if (begun == options.messages) {
		say(s, "QUIT\r\n", QUIT);
		return;
	}
	begun++;
	if (options.pipelined)
		say(s,
		    "MAIL FROM:<from@bench.example>\r\n"
		    "RCPT TO:<to@sink.example>\r\nDATA\r\n",
		    MAIL);
	else
		say(s, "MAIL FROM:<from@bench.example>\r\n", MAIL);
}

static void
on_taken(struct session *s)
{
	waits_us[finished++] = (uint32_t)(time_mono_us() - s->asked_us);
	if (options.persistent)
		next_message(s);
	else
		say(s, "QUIT\r\n", QUIT);
}

static void
leave(struct session *s)
{
	conn_close_later(s->conn);
	s->conn = NULL;
	if (begun < options.messages)
		session_connect(s);
	else if (--alive == 0)
		loop_stop(loop);
}

/* The last line of a reply. */
static void
on_reply(struct session *s, struct slice line)
{
	char first = s->state == DATA ? '3' : '2';

	if (line.p[0] != first)
		fail("refused", line);
	switch (s->state) {
	case GREETING:
		say(s, "EHLO bench.example\r\n", EHLO);
		return;
	case EHLO:
		next_message(s);
		return;
	case MAIL:
		if (options.pipelined)
			s->state = RCPT;
		else
			say(s, "RCPT TO:<to@sink.example>\r\n", RCPT);
		return;
	case RCPT:
		if (options.pipelined)
			s->state = DATA;
		else
			say(s, "DATA\r\n", DATA);
		return;
	case DATA:
		send_content(s);
		return;
	case CONTENT:
		on_taken(s);
		return;
	case QUIT:
		leave(s);
		return;
	}
}

static void
on_readable(struct conn *c, void *arg)
{
	struct session *s = arg;
	struct slice in, line;
	size_t n;

	while (s->conn == c) {
		in = conn_input(c, SIZE_MAX);
		n = slice_find(in, '\n');
		if (n == in.n)
			return;
		line = slice_head(in, n + 1);
		if (line.n < 5)
			fail("not a reply", line);
		if (line.p[3] != '-')
			on_reply(s, line);
		conn_set_timeout(c, REPLY_MS);
		conn_consume(c, n + 1);
	}
}

static void
on_connected(struct conn *c, void *arg)
{
	(void)arg;
	conn_set_timeout(c, REPLY_MS);
}

static void
on_ended(struct conn *c, int rc, void *arg)
{
	(void)c;
	(void)arg;
	fail("the connection ended", slice_of(err_text(rc)));
}

static const struct conn_events events = { .connected = on_connected,
	.readable = on_readable,
	.ended = on_ended };

static void
session_connect(struct session *s)
{
	s->state = GREETING;
	s->conn = conn_connect(loop, &options.to, NULL, CONNECT_MS, &events, s);
	conn_resume(s->conn);
}

static void
make_content(void)
{
	static const char line[] = "The same line over and over, as long as "
				   "it takes to fill the message.\r\n";
	struct buf b;

	buf_init(&b, (size_t)options.octets + sizeof(line) + 10);
	while (b.n < options.octets)
		buf_add(&b, SLICE(line));
	buf_add_cstr(&b, ".\r\n");
	must(!buf_failed(&b));
	content = b.p;
	content_n = b.n;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static double
wait_ms(double part)
{
	return waits_us[(size_t)((double)(finished - 1) * part)] / 1000.0;
}

static void
parse(int argc, char **argv)
{
	uint32_t port = 0;
	int option;

	while ((option = getopt(argc, argv, "dps:m:l:")) != -1) {
		uint32_t *number = option == 's' ? &options.sessions
		    : option == 'm'              ? &options.messages
						 : &options.octets;

		if (option == 'd')
			options.persistent = true;
		else if (option == 'p')
			options.pipelined = true;
		else if (option == '?' ||
		    !slice_to_u32(slice_of(optarg), 100000000, number))
			fail("see the top of its source", SLICE_NONE);
	}
	if (argc - optind != 1 ||
	    !slice_to_u32(slice_of(argv[optind]), UINT16_MAX, &port) ||
	    options.sessions == 0 || options.sessions > SESSIONS_MAX ||
	    options.messages == 0)
		fail("see the top of its source", SLICE_NONE);
	options.to.ip = (struct ip){ 4, { 127, 0, 0, 1 } };
	options.to.port = (uint16_t)port;
}

int
main(int argc, char **argv)
{
	struct session *sessions;
	double seconds;
	int64_t start;

	parse(argc, argv);
	if (options.sessions > options.messages)
		options.sessions = options.messages;
	make_content();
	waits_us = mem_array(options.messages, sizeof(*waits_us));
	sessions = mem_array(options.sessions, sizeof(*sessions));
	loop = loop_new();
	start = time_mono_us();
	alive = options.sessions;
	for (uint32_t i = 0; i < options.sessions; i++)
		session_connect(&sessions[i]);
	loop_run(loop);
	seconds = (double)(time_mono_us() - start) / 1e6;
	must(finished == options.messages);
	qsort(waits_us, finished, sizeof(*waits_us), by_size);
	(void)printf("messages %u seconds %.3f rate %.0f p50 %.2f p90 %.2f"
		     " p99 %.2f max %.2f\n",
	    finished, seconds, finished / seconds, wait_ms(0.5), wait_ms(0.9),
	    wait_ms(0.99), wait_ms(1));
	loop_free(&loop);
	mem_free(sessions);
	mem_free(waits_us);
	mem_free(content);
	return 0;
}
