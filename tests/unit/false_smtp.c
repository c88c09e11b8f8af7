/* unit/false_smtp.c - listens, answers by verb, keeps what it heard. */
#include "tests/unit/false_smtp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "io/conn.h"

enum { CONTENT_MAX = 16 << 20, COMMANDS_MAX = 1 << 20 };

/* One connection. */
struct false_talk {
	struct false_talk *next;
	struct false_smtp *server;
	struct conn *conn; /* NULL when it is over */
	bool in_data;
	unsigned mails, rcpts;
	uint64_t bdat_left;
};

static void
say(struct false_talk *t, const char *words, const char *yes)
{
	struct slice rest = slice_of(words == NULL ? yes : words);

	while (rest.n > 0) {
		conn_write(t->conn, slice_take_until(&rest, '\n'));
		conn_write(t->conn, SLICE("\r\n"));
	}
}

static void
hang_up(struct false_talk *t)
{
	conn_close_later(t->conn);
	t->conn = NULL;
}

static void
got_message(struct false_talk *t)
{
	t->server->messages++;
	if (t->server->words->trick == TRICK_CLOSE_AFTER_BODY) {
		hang_up(t);
		return;
	}
	say(t, t->server->words->body, "250 2.0.0 kept");
}

static void
do_starttls(struct false_talk *t)
{
	struct false_smtp *s = t->server;

	say(t, NULL, "220 go");
	if (s->words->trick == TRICK_CLOSE_AT_STARTTLS)
		hang_up(t);
	else if (s->words->trick == TRICK_GARBAGE_AT_STARTTLS)
		say(t, NULL, "this is no handshake at all, by no means");
	else
		conn_start_tls_server(t->conn, s->tls);
}

/* False: stop reading lines for now. */
static bool
got_line(struct false_talk *t, struct slice line)
{
	struct false_smtp *s = t->server;
	const struct false_words *w = s->words;
	struct slice verb = slice_take_word(&line);

	if (slice_is(verb, "EHLO") || slice_is(verb, "LHLO")) {
		say(t,
		    conn_is_secured(t->conn) && w->ehlo_secured != NULL
			? w->ehlo_secured
			: w->ehlo,
		    "250-false\n250 PIPELINING");
	} else if (slice_is(verb, "STARTTLS")) {
		do_starttls(t);
		return false;
	} else if (slice_is(verb, "AUTH")) {
		say(t, w->auth, "235 in");
	} else if (slice_is(verb, "MAIL")) {
		if (t->mails++ > 0 && w->trick == TRICK_CLOSE_WHEN_IDLE) {
			hang_up(t);
			return false;
		}
		say(t, w->mail, "250 sender");
	} else if (slice_is(verb, "RCPT")) {
		say(t, w->rcpt, "250 recipient");
	} else if (slice_is(verb, "DATA")) {
		say(t, w->data, "354 go");
		t->in_data = w->data == NULL;
		buf_reset(&s->content);
	} else if (slice_is(verb, "BDAT")) {
		(void)slice_to_u64(slice_take_word(&line), UINT64_MAX,
		    &t->bdat_left);
		buf_reset(&s->content);
	} else if (slice_is(verb, "QUIT")) {
		s->quits++;
		say(t, NULL, "221 bye");
		hang_up(t);
		return false;
	} else {
		say(t, NULL, "250 ok");
	}
	return true;
}

static bool
take_content(struct false_talk *t, struct slice in)
{
	static const char end[] = "\r\n.\r\n";
	struct buf *content = &t->server->content;
	size_t n = in.n;

	if (t->bdat_left > 0) {
		n = t->bdat_left < n ? (size_t)t->bdat_left : n;
		buf_add(content, slice_head(in, n));
		t->bdat_left -= n;
		conn_consume(t->conn, n);
		if (t->bdat_left == 0)
			got_message(t);
		return t->conn != NULL;
	}
	buf_add(content, in);
	conn_consume(t->conn, in.n);
	if (!slice_is(buf_slice(content), ".\r\n") &&
	    (content->n < 5 ||
		memcmp(content->p + content->n - 5, end, 5) != 0))
		return true;
	t->in_data = false;
	got_message(t);
	return t->conn != NULL;
}

static void
on_readable(struct conn *conn, void *arg)
{
	struct false_talk *t = arg;
	struct slice in;

	while ((in = conn_input(conn, 65536)).n > 0) {
		size_t end = slice_find(in, '\n');
		char line[2048];

		if (t->in_data || t->bdat_left > 0) {
			if (!take_content(t, in))
				return;
			continue;
		}
		if (end == in.n)
			return;
		buf_add(&t->server->commands, slice_trim(slice_head(in, end)));
		buf_add_char(&t->server->commands, '\n');
		must(slice_to_cstr(slice_trim(slice_head(in, end)), line,
		    sizeof(line)));
		conn_consume(conn, end + 1);
		if (!got_line(t, slice_of(line)))
			return;
	}
}

static void
on_secured(struct conn *conn, int rc, void *arg)
{
	struct false_talk *t = arg;

	(void)conn;
	if (rc != 0)
		return;
	t->server->tls_handshakes++;
	if (t->server->words->trick == TRICK_IMPLICIT_TLS)
		say(t, t->server->words->greeting, "220 false");
}

static void
on_ended(struct conn *conn, int rc, void *arg)
{
	struct false_talk *t = arg;

	(void)rc;
	conn_abort_later(conn);
	t->conn = NULL;
}

static const struct conn_events events = { .readable = on_readable,
	.secured = on_secured,
	.ended = on_ended };

static void
on_accept(int fd, const struct conn_address *peer, void *arg)
{
	struct false_smtp *s = arg;
	struct false_talk *t = mem_zero(sizeof(*t));

	(void)peer;
	s->connections++;
	t->server = s;
	t->next = s->talks;
	s->talks = t;
	t->conn = conn_accept(s->loop, fd, &events, t);
	conn_resume(t->conn);
	if (s->words->trick == TRICK_IMPLICIT_TLS)
		conn_start_tls_server(t->conn, s->tls);
	else
		say(t, s->words->greeting, "220 false");
}

static void
init(struct false_smtp *s, struct loop *loop, int fd,
    const struct false_words *words)
{
	struct sockaddr_in at = { 0 };
	socklen_t n = sizeof(at);

	must(fd >= 0);
	*s = (struct false_smtp){ .loop = loop, .words = words };
	if (getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
	    at.sin_family == AF_INET)
		s->port = ntohs(at.sin_port);
	buf_init(&s->commands, COMMANDS_MAX);
	buf_init(&s->content, CONTENT_MAX);
	s->listener = listener_new(loop, fd, on_accept, s);
}

void
false_smtp_init(struct false_smtp *s, struct loop *loop, unsigned last,
    uint16_t port, const struct false_words *words)
{
	struct ip ip = { .version = 4, .bytes = { 127, 0, 0, (uint8_t)last } };

	init(s, loop, listener_bind(&ip, port, 16), words);
}

void
false_smtp_init_unix(struct false_smtp *s, struct loop *loop, const char *path,
    const struct false_words *words)
{
	init(s, loop, listener_bind_unix(path, 0600), words);
}

void
false_smtp_done(struct false_smtp *s)
{
	listener_free(&s->listener);
	while (s->talks != NULL) {
		struct false_talk *t = s->talks;

		s->talks = t->next;
		if (t->conn != NULL)
			conn_abort_later(t->conn);
		mem_free(t);
	}
	buf_done(&s->commands);
	buf_done(&s->content);
}
