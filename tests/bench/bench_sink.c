/*
 * bench/bench_sink.c - an SMTP server that takes everything and keeps nothing,
 * as fast as can be, so that it is never what a benchmark measures.
 *
 * Usage: bench_sink [-d MS] [-r REPLY] [-x KEYWORD]... [-l LOG] [-s STATS]
 *	PORT...
 *   -d MS	wait that long before each message is answered
 *   -r REPLY	answer every RCPT with it ("450 4.2.0 later")
 *   -x KEYWORD	do not offer it (PIPELINING, 8BITMIME, CHUNKING, SMTPUTF8, DSN)
 *   -l LOG	a line for each message: port, size, recipients, Message-ID
 *   -s STATS	a file of five 64-bit counters: connections now and ever,
 *		messages, octets, monotonic microseconds of the last message
 * It listens on 127.0.0.1, prints "ready" and runs until SIGTERM.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/time.h"

enum {
	LINE_SIZE = 2048,
	READ_SIZE = 256 << 10,
	OUTPUT_MAX = 1 << 20,
	HEAD_MAX = 8192, /* where a Message-ID is looked for */
	EVENTS = 512,
	KEYWORDS_MAX = 5,
};

enum state { COMMAND, DATA, BDAT };

struct session {
	TAILQ_ENTRY(session) link; /* among those that wait (-d) */
	int fd;
	uint16_t port;
	enum state state;
	unsigned matched; /* how much of CRLF . CRLF, in DATA */
	uint64_t bdat_left;
	bool bdat_last;
	bool is_waiting;
	bool leaves;
	int64_t due_ms;
	uint64_t size; /* of the message under way */
	unsigned rcpts;
	size_t line_n;
	char line[LINE_SIZE];
	struct buf out;
	struct buf head; /* of the message, with -l */
};

struct stats {
	uint64_t open, connections, messages, octets, last_us;
};

static struct {
	int64_t delay_ms;
	const char *rcpt_reply;
	const char *without[KEYWORDS_MAX];
	unsigned without_n;
	FILE *log;
	struct stats *stats;
} options;

static struct stats own_stats;
static TAILQ_HEAD(, session) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static int epoll_fd;
static volatile sig_atomic_t stopped;

static void
on_term(int number)
{
	(void)number;
	stopped = 1;
}

static void
say(struct session *s, const char *reply)
{
	buf_add_cstr(&s->out, reply);
	buf_add_cstr(&s->out, "\r\n");
}

static void
say_hello(struct session *s)
{
	static const char *const keywords[KEYWORDS_MAX] = { "PIPELINING",
		"8BITMIME", "CHUNKING", "SMTPUTF8", "DSN" };

	buf_add_cstr(&s->out, "250-sink\r\n");
	for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
		bool wanted = true;

		for (unsigned j = 0; j < options.without_n; j++)
			if (strcmp(keywords[i], options.without[j]) == 0)
				wanted = false;
		if (wanted)
			buf_addf(&s->out, "250-%s\r\n", keywords[i]);
	}
	say(s, "250 ENHANCEDSTATUSCODES");
}

static void
log_message(struct session *s)
{
	struct slice head = buf_slice(&s->head), line;
	struct slice id = slice_of("-");

	while (slice_take_line(&head, &line) && line.n > 0)
		if (slice_take_prefix_nocase(&line, "message-id:"))
			id = slice_trim(line);
	(void)fprintf(options.log, "%u %llu %u %.*s\n", (unsigned)s->port,
	    (unsigned long long)s->size, s->rcpts, SLICE_ARGS(id));
}

static void
finish_message(struct session *s)
{
	options.stats->messages++;
	options.stats->octets += s->size;
	options.stats->last_us = (uint64_t)time_mono_us();
	if (options.log != NULL)
		log_message(s);
	buf_reset(&s->head);
	s->size = 0;
	s->rcpts = 0;
	s->state = COMMAND;
	say(s, "250 2.0.0 taken");
	if (options.delay_ms > 0 && !s->is_waiting) {
		s->is_waiting = true;
		s->due_ms = time_mono_ms() + options.delay_ms;
		TAILQ_INSERT_TAIL(&waiting, s, link);
	}
}

static void
take_content(struct session *s, struct slice content)
{
	s->size += content.n;
	if (options.log != NULL && s->head.n < HEAD_MAX)
		buf_add(&s->head, slice_head(content, HEAD_MAX - s->head.n));
}

/* Returns how much of `in` belongs to the message. */
static size_t
take_data(struct session *s, struct slice in)
{
	static const char end[] = "\r\n.\r\n";
	size_t i = 0;
	const char *cr;

	while (i < in.n) {
		if (s->matched == 0) {
			cr = memchr(in.p + i, '\r', in.n - i);
			if (cr == NULL) {
				i = in.n;
				break;
			}
			i = (size_t)(cr - in.p);
		}
		if (in.p[i] == end[s->matched])
			s->matched++;
		else
			s->matched = in.p[i] == '\r' ? 1 : 0;
		i++;
		if (s->matched == sizeof(end) - 1)
			break;
	}
	take_content(s, slice_head(in, i));
	if (s->matched == sizeof(end) - 1) {
		s->size -= 3;
		finish_message(s);
	}
	return i;
}

static size_t
take_bdat(struct session *s, struct slice in)
{
	size_t n = in.n < s->bdat_left ? in.n : (size_t)s->bdat_left;

	take_content(s, slice_head(in, n));
	s->bdat_left -= n;
	if (s->bdat_left == 0 && s->bdat_last) {
		finish_message(s);
	} else if (s->bdat_left == 0) {
		s->state = COMMAND;
		say(s, "250 2.0.0 go on");
	}
	return n;
}

static void
begin_bdat(struct session *s, struct slice args)
{
	struct slice size = slice_take_word(&args);

	if (!slice_to_u64(size, UINT64_MAX, &s->bdat_left)) {
		say(s, "501 5.5.4 how much?");
		return;
	}
	s->bdat_last = slice_is_nocase(slice_trim(args), "LAST");
	s->state = BDAT;
	if (s->bdat_left == 0)
		(void)take_bdat(s, SLICE_NONE);
}

static void
do_command(struct session *s, struct slice line)
{
	struct slice verb = slice_take_word(&line);

	if (slice_is_nocase(verb, "MAIL")) {
		say(s, "250 2.1.0 ok");
	} else if (slice_is_nocase(verb, "RCPT")) {
		s->rcpts++;
		say(s,
		    options.rcpt_reply == NULL ? "250 2.1.5 ok"
					       : options.rcpt_reply);
	} else if (slice_is_nocase(verb, "DATA")) {
		say(s, "354 go ahead");
		s->state = DATA;
		s->matched = 2; /* the line before ended with CRLF */
	} else if (slice_is_nocase(verb, "BDAT")) {
		begin_bdat(s, line);
	} else if (slice_is_nocase(verb, "EHLO") ||
	    slice_is_nocase(verb, "LHLO")) {
		say_hello(s);
	} else if (slice_is_nocase(verb, "QUIT")) {
		say(s, "221 2.0.0 bye");
		s->leaves = true;
	} else if (slice_is_nocase(verb, "HELO") ||
	    slice_is_nocase(verb, "RSET") || slice_is_nocase(verb, "NOOP")) {
		say(s, "250 2.0.0 ok");
	} else {
		say(s, "500 5.5.2 what?");
	}
}

/* A line may come in pieces: those gather in the session. */
static size_t
take_command(struct session *s, struct slice in)
{
	size_t n = slice_find(in, '\n');
	bool whole = n < in.n;

	if (whole)
		n++;
	if (n > LINE_SIZE - s->line_n) {
		s->leaves = true;
		return in.n;
	}
	if (whole && s->line_n == 0) {
		do_command(s, slice_trim(slice_head(in, n)));
		return n;
	}
	memcpy(s->line + s->line_n, in.p, n);
	s->line_n += n;
	if (whole) {
		do_command(s, slice_trim(slice_from(s->line, s->line_n)));
		s->line_n = 0;
	}
	return n;
}

static void
session_free(struct session *s)
{
	if (s->is_waiting)
		TAILQ_REMOVE(&waiting, s, link);
	options.stats->open--;
	(void)close(s->fd);
	buf_done(&s->out);
	buf_done(&s->head);
	mem_free(s);
}

/* False if the session is over. What it says always fits the socket. */
static bool
flush(struct session *s)
{
	ssize_t n;

	if (s->is_waiting)
		return true;
	if (s->out.n > 0) {
		n = send(s->fd, s->out.p, s->out.n, MSG_NOSIGNAL);
		if (n != (ssize_t)s->out.n)
			return false;
		buf_reset(&s->out);
	}
	return !s->leaves;
}

static void
on_readable(struct session *s)
{
	static char bytes[READ_SIZE];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), 0);
	struct slice in;
	size_t took;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			session_free(s);
		return;
	}
	in = slice_from(bytes, (size_t)n);
	while (in.n > 0 && !s->leaves) {
		took = s->state == DATA ? take_data(s, in)
		    : s->state == BDAT  ? take_bdat(s, in)
					: take_command(s, in);
		in = slice_skip(in, took);
	}
	if (!flush(s))
		session_free(s);
}

static void
on_client(int listen_fd, uint16_t port)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct session *s;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return;
	s = mem_zero(sizeof(*s));
	s->fd = fd;
	s->port = port;
	buf_init(&s->out, OUTPUT_MAX);
	buf_init(&s->head, HEAD_MAX);
	event.data.ptr = s;
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
	options.stats->open++;
	options.stats->connections++;
	say(s, "220 sink ESMTP");
	if (!flush(s))
		session_free(s);
}

/* A listener in the events: told apart from a session by its kind. */
struct listener {
	int fd;
	uint16_t port;
};
static struct listener *listeners;
static size_t listener_count;

static void
listen_on(struct listener *l, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = l };
	const int on = 1;
	uint32_t port;

	must(slice_to_u32(slice_of(text), UINT16_MAX, &port));
	l->port = (uint16_t)port;
	in.sin_port = htons(l->port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	must(l->fd != -1);
	must(setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
	must(setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	must(bind(l->fd, (struct sockaddr *)&in, sizeof(in)) == 0);
	must(listen(l->fd, SOMAXCONN) == 0);
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, l->fd, &event) == 0);
}

static void
answer_those_that_waited(void)
{
	int64_t now = time_mono_ms();
	struct session *s;

	while ((s = TAILQ_FIRST(&waiting)) != NULL && s->due_ms <= now) {
		TAILQ_REMOVE(&waiting, s, link);
		s->is_waiting = false;
		if (!flush(s))
			session_free(s);
	}
}

static int
wait_ms(void)
{
	const struct session *first = TAILQ_FIRST(&waiting);
	int64_t left;

	if (first == NULL)
		return 1000;
	left = first->due_ms - time_mono_ms();
	return left < 0 ? 0 : (int)left;
}

static void
run(void)
{
	struct epoll_event events[EVENTS];
	struct listener *l;
	int n;

	while (!stopped) {
		n = epoll_wait(epoll_fd, events, EVENTS, wait_ms());
		for (int i = 0; i < n; i++) {
			l = events[i].data.ptr;
			if (l >= listeners && l < listeners + listener_count)
				on_client(l->fd, l->port);
			else
				on_readable(events[i].data.ptr);
		}
		answer_those_that_waited();
		if (options.log != NULL && n < 1)
			(void)fflush(options.log);
	}
}

static struct stats *
map_stats(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	void *p;

	must(fd != -1 && ftruncate(fd, sizeof(struct stats)) == 0);
	p = mmap(NULL, sizeof(struct stats), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	must(p != MAP_FAILED);
	(void)close(fd);
	return p;
}

static void
take_option(int option, const char *value)
{
	uint32_t ms;

	switch (option) {
	case 'd':
		must(slice_to_u32(slice_of(value), UINT32_MAX, &ms));
		options.delay_ms = ms;
		break;
	case 'r':
		options.rcpt_reply = value;
		break;
	case 'x':
		must(options.without_n < KEYWORDS_MAX);
		options.without[options.without_n++] = value;
		break;
	case 'l':
		options.log = fopen(value, "w");
		must(options.log != NULL);
		break;
	case 's':
		options.stats = map_stats(value);
		break;
	default:
		(void)fprintf(stderr,
		    "bench_sink: see the top of its source\n");
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	int option;

	options.stats = &own_stats;
	while ((option = getopt(argc, argv, "d:r:x:l:s:")) != -1)
		take_option(option, optarg);
	must(optind < argc);
	must(sigaction(SIGTERM, &action, NULL) == 0);
	must(sigaction(SIGINT, &action, NULL) == 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	must(epoll_fd != -1);
	listener_count = (size_t)(argc - optind);
	listeners = mem_array(listener_count, sizeof(*listeners));
	for (size_t i = 0; i < listener_count; i++)
		listen_on(&listeners[i], argv[(size_t)optind + i]);
	(void)printf("ready\n");
	(void)fflush(stdout);
	run();
	(void)printf("connections %llu messages %llu octets %llu\n",
	    (unsigned long long)options.stats->connections,
	    (unsigned long long)options.stats->messages,
	    (unsigned long long)options.stats->octets);
	if (options.log != NULL)
		(void)fclose(options.log);
	return 0;
}
