/* unit/pair.c - see pair.h. */
#include "tests/unit/pair.h"

#include <string.h>

#include <sys/socket.h>

struct loop *loop;
struct side client, server;
static struct listener *listener;

static char
pattern_at(size_t i)
{
	return (char)(i * 7 + i / 251);
}

bool
is_pattern(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != pattern_at(i))
			return false;
	return true;
}

void
side_pump(struct side *s)
{
	char piece[20000];
	size_t n;

	while (s->to_send > 0 && conn_output_size(s->conn) < 200000) {
		n = s->to_send < sizeof(piece) ? s->to_send : sizeof(piece);
		for (size_t i = 0; i < n; i++)
			piece[i] = pattern_at(s->sent + i);
		conn_write(s->conn, slice_from(piece, n));
		s->to_send -= n;
		s->sent += n;
	}
	if (s->to_send == 0 && s->closes_when_sent) {
		conn_close_later(s->conn);
		s->conn = NULL;
	}
}

static void
event(struct side *s)
{
	ck_assert(!client.is_inside && !server.is_inside);
	if (s->then != NULL)
		s->then(s);
}

static void
on_connected(struct conn *c, void *arg)
{
	struct side *s = arg;

	(void)c;
	s->connected++;
	event(s);
}

static void
on_readable(struct conn *c, void *arg)
{
	struct side *s = arg;
	struct slice in = conn_input(c, SIZE_MAX);

	ck_assert_uint_gt(in.n, 0);
	ck_assert_uint_eq(in.n, conn_input_size(c));
	if (in.n > s->most_input)
		s->most_input = in.n;
	if (!s->leaves_input) {
		buf_add(&s->got, in);
		conn_consume(c, in.n);
	}
	event(s);
}

static void
on_drained(struct conn *c, void *arg)
{
	struct side *s = arg;

	(void)c;
	s->drained++;
	if (s->to_send > 0)
		side_pump(s);
	event(s);
}

static void
on_secured(struct conn *c, int rc, void *arg)
{
	struct side *s = arg;

	(void)c;
	s->secured++;
	s->secured_rc = rc;
	event(s);
}

static void
on_ended(struct conn *c, int rc, void *arg)
{
	struct side *s = arg;

	(void)c;
	s->ended++;
	s->ended_rc = rc;
	event(s);
}

const struct conn_events side_events = { on_connected, on_readable, on_drained,
	on_secured, on_ended };

static void
on_client(int fd, const struct conn_address *peer, void *arg)
{
	(void)arg;
	ck_assert_int_eq(peer->ip.version, 4);
	ck_assert_uint_ne(peer->port, 0);
	server.conn = conn_accept(loop, fd, &side_events, &server);
	conn_set_peer(server.conn, peer);
	conn_resume(server.conn);
	server.connected++;
	event(&server);
}

static void
on_hang(void *arg)
{
	(void)arg;
	ck_abort_msg("the test hangs");
}

void
pair_run(void)
{
	struct timer *t = timer_new(loop, on_hang, NULL);

	timer_set(t, 10000);
	loop_run(loop);
	timer_free(&t);
}

static void
side_init(struct side *s)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->got, 64 << 20);
}

void
pair_open(void)
{
	struct ip ip = { 4, { 127, 0, 0, 1 } };
	struct conn_address to = { .ip = ip };
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);
	int fd;

	loop = loop_new();
	side_init(&client);
	side_init(&server);
	fd = listener_bind(&ip, 0, 10);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&ss, &size), 0);
	address_from_socket(&ss, &to);
	listener = listener_new(loop, fd, on_client, NULL);
	client.is_inside = true;
	client.conn =
	    conn_connect(loop, &to, NULL, 5000, &side_events, &client);
	client.is_inside = false;
	conn_resume(client.conn);
}

static void
stop_when_both_are_there(struct side *s)
{
	(void)s;
	if (client.connected > 0 && server.connected > 0) {
		client.then = server.then = NULL;
		loop_stop(loop);
	}
}

void
pair_connect(void)
{
	client.then = server.then = stop_when_both_are_there;
	pair_run();
}

void
pair_close(void)
{
	listener_free(&listener);
	if (client.conn != NULL)
		conn_abort_later(client.conn);
	if (server.conn != NULL)
		conn_abort_later(server.conn);
	buf_done(&client.got);
	buf_done(&server.got);
	loop_free(&loop);
}

void
side_write(struct side *s, const char *text)
{
	s->is_inside = true;
	conn_write(s->conn, slice_of(text));
	s->is_inside = false;
}
