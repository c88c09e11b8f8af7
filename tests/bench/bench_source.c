/*
 * bench/bench_source.c - sends messages by SMTP and measures how long each
 * waits for its 250, which smtp-source does not tell.
 *
 * Usage: bench_source [-d] [-p] [-s SESSIONS] [-m MESSAGES] [-l OCTETS]
 *	[-r RATE] [-b ADDRESS] [-f FILE] PORT
 *   -d		do not disconnect after a message
 *   -p		pipeline MAIL, RCPT and DATA
 *   -r RATE	begin no more than so many messages a second
 *   -b ADDRESS	come from there
 *   -f FILE	send these messages in turn: for each a line "SENDER OCTETS",
 *		then its content as it goes over the wire, with the last dot
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
	struct timer *due; /* the next message, with a rate */
	enum state state;
	const struct message *message;
	int64_t asked_us; /* when the end of data went out */
};

static struct {
	bool persistent, pipelined;
	uint32_t sessions, messages, octets, rate;
	const char *file;
	struct ip from; /* version 0: any */
	struct conn_address to;
} options = { .sessions = 50, .messages = 10000, .octets = 4096 };

static struct loop *loop;
static struct message {
	struct slice sender;
	struct slice content; /* lines, and the dot at the end */
} * messages;
static size_t message_count;
static struct buf kept; /* what they point into */
static int64_t start_us;
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
	int n = options.file != NULL
	    ? 0
	    : snprintf(head, sizeof(head),
		  "From: <from@bench.example>\r\nTo: <to@sink.example>\r\n"
		  "Date: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
		  "Message-ID: <%d.%lld.%p@bench.example>\r\n\r\n",
		  (int)getpid(), (long long)time_mono_us(), (void *)s);

	must(n >= 0 && (size_t)n < sizeof(head));
	conn_write(s->conn, slice_from(head, (size_t)n));
	conn_write(s->conn, s->message->content);
	s->asked_us = time_mono_us();
	s->state = CONTENT;
}

static void
on_due(void *arg)
{
	struct session *s = arg;

	conn_write(s->conn, SLICE("MAIL FROM:<"));
	conn_write(s->conn, s->message->sender);
	if (options.pipelined)
		say(s,
		    ">\r\n"
		    "RCPT TO:<to@sink.example>\r\nDATA\r\n",
		    MAIL);
	else
		say(s, ">\r\n", MAIL);
}

/* The next message, now or when its time comes, or goodbye. */
static void
next_message(struct session *s)
{
	int64_t wait_us = 0;

	if (begun == options.messages) {
		say(s, "QUIT\r\n", QUIT);
		return;
	}
	s->message = &messages[begun % message_count];
	if (options.rate > 0)
		wait_us = start_us + begun * INT64_C(1000000) / options.rate -
		    time_mono_us();
	begun++;
	if (wait_us > 0)
		timer_set(s->due, (wait_us + 999) / 1000);
	else
		on_due(s);
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
	s->conn = conn_connect(loop, &options.to,
	    options.from.version == 0 ? NULL : &options.from, CONNECT_MS,
	    &events, s);
	conn_resume(s->conn);
}

static void
add_message(struct slice sender, struct slice content)
{
	messages = mem_resize(messages, message_count + 1, sizeof(*messages));
	messages[message_count++] = (struct message){ sender, content };
}

static void
make_message(void)
{
	static const char line[] = "The same line over and over, as long as "
				   "it takes to fill the message.\r\n";

	buf_init(&kept, (size_t)options.octets + sizeof(line) + 10);
	while (kept.n < options.octets)
		buf_add(&kept, SLICE(line));
	buf_add_cstr(&kept, ".\r\n");
	must(!buf_failed(&kept));
	add_message(SLICE("from@bench.example"), buf_slice(&kept));
}

static void
read_messages(const char *name)
{
	FILE *f = fopen(name, "r");
	struct slice in, line, sender;
	char part[4096];
	uint32_t n;

	if (f == NULL)
		fail("no such file", slice_of(name));
	buf_init(&kept, 1 << 30);
	while ((n = (uint32_t)fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&kept, slice_from(part, n));
	(void)fclose(f);
	in = buf_slice(&kept);
	while (slice_take_line(&in, &line)) {
		sender = slice_take_until(&line, ' ');
		if (!slice_to_u32(line, UINT32_MAX, &n) || n > in.n)
			fail("not of messages", slice_of(name));
		add_message(sender, slice_head(in, n));
		in = slice_skip(in, n);
	}
	if (message_count == 0)
		fail("empty", slice_of(name));
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

	while ((option = getopt(argc, argv, "dps:m:l:r:b:f:")) != -1) {
		uint32_t *number = option == 's' ? &options.sessions
		    : option == 'm'              ? &options.messages
		    : option == 'r'              ? &options.rate
						 : &options.octets;

		if (option == 'd')
			options.persistent = true;
		else if (option == 'p')
			options.pipelined = true;
		else if (option == 'f')
			options.file = optarg;
		else if (option == '?' ||
		    (option == 'b' ? !ip_parse(slice_of(optarg), &options.from)
				   : !slice_to_u32(slice_of(optarg), 100000000,
					 number)))
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

	parse(argc, argv);
	if (options.sessions > options.messages)
		options.sessions = options.messages;
	if (options.file != NULL)
		read_messages(options.file);
	else
		make_message();
	waits_us = mem_array(options.messages, sizeof(*waits_us));
	sessions = mem_array(options.sessions, sizeof(*sessions));
	loop = loop_new();
	start_us = time_mono_us();
	alive = options.sessions;
	for (uint32_t i = 0; i < options.sessions; i++) {
		sessions[i].due = timer_new(loop, on_due, &sessions[i]);
		session_connect(&sessions[i]);
	}
	loop_run(loop);
	seconds = (double)(time_mono_us() - start_us) / 1e6;
	must(finished == options.messages);
	qsort(waits_us, finished, sizeof(*waits_us), by_size);
	(void)printf("messages %u seconds %.3f rate %.0f p50 %.2f p90 %.2f"
		     " p99 %.2f max %.2f\n",
	    finished, seconds, finished / seconds, wait_ms(0.5), wait_ms(0.9),
	    wait_ms(0.99), wait_ms(1));
	for (uint32_t i = 0; i < options.sessions; i++)
		timer_free(&sessions[i].due);
	loop_free(&loop);
	mem_free(sessions);
	mem_free(waits_us);
	mem_free(messages);
	buf_done(&kept);
	return 0;
}
