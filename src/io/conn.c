/*
 * io/conn.c - stream connections straight on read(2), write(2) and OpenSSL.
 *
 * Bufferevents were measured and not taken: they cost an ioctl per read and two
 * epoll_ctl and a turn of the loop per reply. Here a round trip of a session is
 * one read and one write. Bytes are read into a buffer that all connections of
 * a loop share; only what the owner leaves unread moves to memory of the
 * connection's own, so that an idle one holds no buffer.
 *
 * Two lists per loop: `news`, owners that are to be called (by a post), and
 * `flush`, connections with something to send, end or free (at the turn's end).
 */
#include "io/conn.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>

#include "base/alloc.h"
#include "base/err.h"
#include "io/inbox.h"
#include "io/outbox.h"
#include "io/wire.h"

enum {
	CLOSE_MS = 5000,  /* to send the rest */
	LINGER_MS = 2000, /* to let the peer read our last words */
	LINGER_MAX = 1 << 20,
	DIRECT_WRITE = 16 << 10, /* so much is not copied if it can go now */
	CONN_MAGIC = 0x636f6e6e,
};

enum phase {
	PHASE_CONNECTING,
	PHASE_OPEN,
	PHASE_TLS_DUE, /* the handshake begins when the output is sent */
	PHASE_HANDSHAKE,
	PHASE_ENDED,   /* `ended` is posted or was called */
	PHASE_CLOSING, /* the owner has left; the output is still sent */
	PHASE_LINGER,  /* all is sent; input is thrown away until the end */
	PHASE_DEAD,    /* to be freed at the turn's end */
};

/* What the owner is to be told, in this order. */
enum news {
	NEWS_CONNECTED = 1 << 0,
	NEWS_SECURED = 1 << 1,
	NEWS_READABLE = 1 << 2,
	NEWS_READ_MORE = 1 << 3, /* for ourselves: OpenSSL holds input */
	NEWS_DRAINED = 1 << 4,
	NEWS_ENDED = 1 << 5,
	NEWS_BEFORE_INPUT = NEWS_CONNECTED | NEWS_SECURED,
};

struct shelf;

struct conn {
	uint32_t magic;
	enum phase phase;
	LIST_ENTRY(conn) all;
	TAILQ_ENTRY(conn) in_news;
	TAILQ_ENTRY(conn) in_flush;
	struct shelf *shelf;              /* borrowed: the loop's */
	const struct conn_events *events; /* borrowed: owner */
	void *arg;                        /* borrowed: owner */
	struct watch *watch;              /* owned */
	struct timer *timer;              /* owned; NULL until needed */
	struct conn_address peer;
	struct wire wire;
	struct inbox in;
	struct outbox out;
	int secured_rc;
	int end_rc;
	unsigned news;
	bool in_news_list;
	bool in_flush_list;
	bool paused;
	bool vain; /* the watch fired, but there is no wish to read now */
	size_t lingered;
};

struct shelf {
	struct loop *loop; /* borrowed */
	LIST_HEAD(, conn) all;
	TAILQ_HEAD(conn_list, conn) news;
	struct conn_list flush;
	bool news_posted;
	bool flush_posted;
	char buffer[CONN_INPUT_LIMIT_MAX]; /* where all read into */
};

static const char shelf_key;

static struct conn *
conn_from(void *arg)
{
	struct conn *c = arg;

	must(c->magic == CONN_MAGIC);
	return c;
}

static bool
owner_is_there(const struct conn *c)
{
	return c->phase < PHASE_CLOSING;
}

static void
destroy(struct conn *c)
{
	LIST_REMOVE(c, all);
	if (c->in_news_list)
		TAILQ_REMOVE(&c->shelf->news, c, in_news);
	if (c->in_flush_list)
		TAILQ_REMOVE(&c->shelf->flush, c, in_flush);
	watch_free(&c->watch);
	timer_free(&c->timer);
	wire_done(&c->wire);
	inbox_done(&c->in);
	outbox_done(&c->out);
	c->magic = 0;
	mem_free(c);
}

static void
shelf_free(void *arg)
{
	struct shelf *s = arg;
	struct conn *c;

	while ((c = LIST_FIRST(&s->all)) != NULL)
		destroy(c);
	mem_free(s);
}

static void *
shelf_new(struct loop *loop)
{
	struct shelf *s = mem_new(sizeof(*s));

	s->loop = loop;
	s->news_posted = s->flush_posted = false;
	LIST_INIT(&s->all);
	TAILQ_INIT(&s->news);
	TAILQ_INIT(&s->flush);
	return s;
}

static void on_news(void *arg);
static void on_flush(void *arg);

static void
add_news(struct conn *c, enum news news)
{
	struct shelf *s = c->shelf;

	c->news |= news;
	if (!c->in_news_list) {
		c->in_news_list = true;
		TAILQ_INSERT_TAIL(&s->news, c, in_news);
	}
	if (!s->news_posted) {
		s->news_posted = true;
		loop_post(s->loop, on_news, s);
	}
}

static void
need_flush(struct conn *c)
{
	struct shelf *s = c->shelf;

	if (!c->in_flush_list) {
		c->in_flush_list = true;
		TAILQ_INSERT_TAIL(&s->flush, c, in_flush);
	}
	if (!s->flush_posted) {
		s->flush_posted = true;
		loop_post_last(s->loop, on_flush, s);
	}
}

/*
 * The wish to read follows from the state. A pause alone does not stop the
 * watch: most pauses end before the peer sends anything, and two system calls
 * are saved. The watch is stopped once it has fired in vain.
 */
static void
watch_more(struct conn *c)
{
	bool read = false, write = c->wire.blocked;

	switch (c->phase) {
	case PHASE_CONNECTING:
		write = true;
		break;
	case PHASE_OPEN:
		read = !c->vain || c->wire.write_wants_read;
		write = write || c->wire.read_wants_write;
		break;
	case PHASE_HANDSHAKE:
		read = !c->wire.read_wants_write;
		write = c->wire.read_wants_write;
		break;
	case PHASE_CLOSING:
		read = c->wire.write_wants_read;
		break;
	case PHASE_LINGER:
		read = true;
		write = false;
		break;
	case PHASE_TLS_DUE:
		break;
	case PHASE_ENDED:
	case PHASE_DEAD:
		write = false;
		break;
	}
	watch_set(c->watch, read, write);
}

/* The end as the owner sees it. Nothing is read or written any more. */
static void
end(struct conn *c, int rc)
{
	if (!owner_is_there(c)) {
		c->phase = PHASE_DEAD;
		need_flush(c);
		return;
	}
	if (c->phase == PHASE_ENDED)
		return;
	c->phase = PHASE_ENDED;
	c->end_rc = rc;
	c->news &= ~(unsigned)(NEWS_CONNECTED | NEWS_DRAINED);
	watch_more(c);
	add_news(c, NEWS_ENDED);
}

static void
on_timeout(void *arg)
{
	end(conn_from(arg), ERR_TIMEOUT);
}

static void
set_timer(struct conn *c, int64_t ms)
{
	if (c->timer == NULL)
		c->timer = timer_new(c->shelf->loop, on_timeout, c);
	timer_set(c->timer, ms);
}

/* --- input --- */

static void
tell_readable(struct conn *c)
{
	c->news &= ~(unsigned)NEWS_READABLE;
	if (c->in.n > 0 && !c->paused && owner_is_there(c))
		c->events->readable(c, c->arg);
}

static void
do_read(struct conn *c)
{
	size_t room = inbox_room(&c->in);
	ssize_t n;

	/* The owner hears of that first; what can be read stays so. */
	if ((c->news & NEWS_BEFORE_INPUT) != 0)
		return;
	if (c->phase != PHASE_OPEN || c->paused || room == 0) {
		c->vain = true;
		watch_more(c);
		return;
	}
	n = wire_read(&c->wire, c->shelf->buffer + c->in.n, room);
	if (n > 0) {
		inbox_gather(&c->in, c->shelf->buffer, (size_t)n);
		tell_readable(c);
		inbox_settle(&c->in);
		if (c->wire.has_more && c->phase == PHASE_OPEN)
			add_news(c, NEWS_READ_MORE);
	} else if (n != -EAGAIN && n != -EINTR) {
		end(c, n == -ECONNRESET ? 0 : (int)n);
		return;
	}
	watch_more(c);
}

/* There may be room, and the wish to read, where there was none. */
static void
read_again(struct conn *c)
{
	if (inbox_room(&c->in) == 0 || !owner_is_there(c))
		return;
	if (c->vain) {
		c->vain = false;
		watch_more(c);
	}
	if (c->wire.has_more && !c->in.is_shared && c->phase == PHASE_OPEN)
		add_news(c, NEWS_READ_MORE);
}

struct slice
conn_input(struct conn *c, size_t max)
{
	return inbox_view(&c->in, max);
}

size_t
conn_input_size(const struct conn *c)
{
	return c->in.n;
}

void
conn_consume(struct conn *c, size_t n)
{
	inbox_consume(&c->in, n);
	if (n > 0 && !c->paused)
		read_again(c);
}

void
conn_set_input_limit(struct conn *c, size_t bytes)
{
	must(bytes > 0 && bytes <= CONN_INPUT_LIMIT_MAX);
	c->in.limit = bytes;
	if (!c->paused)
		read_again(c);
}

void
conn_pause(struct conn *c)
{
	c->paused = true;
}

void
conn_resume(struct conn *c)
{
	c->paused = false;
	if (c->phase == PHASE_OPEN && c->in.n > 0)
		add_news(c, NEWS_READABLE);
	read_again(c);
}

/* --- output --- */

/* Sends what is there. False if it did not all go, now or ever. */
static bool
send_output(struct conn *c)
{
	struct slice s;
	ssize_t n;

	if (outbox_view(&c->out).n == 0)
		c->wire.blocked = false; /* a file waited, not these */
	while ((s = outbox_view(&c->out)).n > 0) {
		n = wire_write(&c->wire, s);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return false;
		if (n < 0) {
			outbox_clear(&c->out);
			end(c, (int)n);
			return false;
		}
		outbox_sent(&c->out, (size_t)n);
	}
	return true;
}

static void
tell_drained(struct conn *c)
{
	if (outbox_take_drained(&c->out) && owner_is_there(c) &&
	    c->events->drained != NULL)
		add_news(c, NEWS_DRAINED);
}

/*
 * A large piece with nothing before it goes to the socket from where it lies.
 * Returns what is left of it; a failure is found again by the flush.
 */
static struct slice
write_direct(struct conn *c, struct slice s)
{
	ssize_t n;

	if (s.n < DIRECT_WRITE || outbox_view(&c->out).n > 0 ||
	    c->wire.secured || c->phase != PHASE_OPEN)
		return s;
	n = wire_write(&c->wire, s);
	return n > 0 ? slice_skip(s, (size_t)n) : s;
}

void
conn_write(struct conn *c, struct slice s)
{
	if (c->phase != PHASE_OPEN && c->phase != PHASE_CONNECTING)
		return;
	/* Also what goes directly is told as drained, when the turn ends. */
	if (s.n > c->out.low_mark)
		c->out.was_above = true;
	if (!outbox_add(&c->out, write_direct(c, s)))
		end(c, ERR_LIMIT);
	else if (c->wire.blocked)
		watch_more(c);
	else
		need_flush(c);
}

int64_t
conn_send_file(struct conn *c, int fd, uint64_t at, size_t n)
{
	int64_t sent = -EAGAIN;

	if (c->phase == PHASE_ENDED)
		return 0;
	if (c->phase != PHASE_OPEN || c->wire.secured)
		return -ENOTSUP;
	if (send_output(c))
		sent = wire_send_file(&c->wire, fd, at, n);
	if (c->phase != PHASE_OPEN)
		return 0;
	if (sent > 0)
		return sent;
	if (sent != -EAGAIN && sent != -EINTR)
		return -ENOTSUP;
	c->out.was_above = true;
	if (c->wire.blocked)
		watch_more(c);
	else
		need_flush(c);
	return 0;
}

size_t
conn_output_size(const struct conn *c)
{
	return outbox_view(&c->out).n;
}

void
conn_set_low_mark(struct conn *c, size_t bytes)
{
	c->out.low_mark = bytes;
}

/* --- TLS --- */

static void
do_handshake(struct conn *c)
{
	int rc = wire_handshake(&c->wire);

	if (rc == -EAGAIN) {
		watch_more(c);
		return;
	}
	c->secured_rc = rc;
	add_news(c, NEWS_SECURED);
	if (rc != 0) {
		end(c, rc);
		return;
	}
	c->phase = PHASE_OPEN;
	if (!c->paused)
		add_news(c, NEWS_READ_MORE);
	watch_more(c);
}

static void
start_tls(struct conn *c, struct tls_stream *tls)
{
	must(c->wire.tls == NULL && c->in.n == 0 && c->phase == PHASE_OPEN);
	c->wire.tls = tls;
	c->phase = PHASE_TLS_DUE;
	need_flush(c);
}

void
conn_start_tls_server(struct conn *c, struct tls_server *server)
{
	if (c->phase == PHASE_OPEN)
		start_tls(c, tls_stream_new_server(server, c->wire.fd));
}

void
conn_start_tls_client(struct conn *c, struct tls_client *client,
    const struct tls_client_policy *policy)
{
	if (c->phase == PHASE_OPEN)
		start_tls(c, tls_stream_new_client(client, policy, c->wire.fd));
}

bool
conn_is_secured(const struct conn *c)
{
	return c->wire.secured;
}

bool
conn_tls_facts(const struct conn *c, struct tls_facts *facts)
{
	if (!c->wire.secured)
		return false;
	tls_stream_facts(c->wire.tls, facts);
	return true;
}

const char *
conn_tls_error(const struct conn *c)
{
	return c->wire.tls == NULL ? "" : tls_stream_error(c->wire.tls);
}

void
conn_tls_chain(const struct conn *c, struct buf *out)
{
	if (c->wire.secured)
		tls_stream_chain(c->wire.tls, out);
}

bool
conn_tls_exporter(const struct conn *c, uint8_t out[32])
{
	return c->wire.secured && tls_stream_exporter(c->wire.tls, out);
}

size_t
conn_tls_unique(const struct conn *c, uint8_t *out, size_t size)
{
	return c->wire.secured ? tls_stream_unique(c->wire.tls, out, size) : 0;
}

/* --- the end --- */

/*
 * All is sent. If the peer's bytes lie unread, close(2) would send a reset,
 * which may overtake our last words: so those bytes are read away first.
 */
static void
hang_up(struct conn *c)
{
	if (c->wire.secured)
		tls_stream_shutdown(c->wire.tls);
	if (c->in.n == 0 && !c->vain && !c->wire.has_more) {
		destroy(c);
		return;
	}
	c->phase = PHASE_LINGER;
	(void)shutdown(c->wire.fd, SHUT_WR);
	set_timer(c, LINGER_MS);
	watch_more(c);
}

static void
linger(struct conn *c)
{
	ssize_t n =
	    recv(c->wire.fd, c->shelf->buffer, sizeof(c->shelf->buffer), 0);

	if (n > 0)
		c->lingered += (size_t)n;
	if (n == 0 || (n == -1 && errno != EAGAIN) ||
	    c->lingered > LINGER_MAX) {
		c->phase = PHASE_DEAD;
		need_flush(c);
	}
}

static void
flush_one(struct conn *c)
{
	bool all;

	if (c->phase == PHASE_DEAD) {
		destroy(c);
		return;
	}
	if (c->phase == PHASE_LINGER || c->phase == PHASE_CONNECTING)
		return;
	all = send_output(c);
	tell_drained(c);
	if (all && c->phase == PHASE_TLS_DUE) {
		c->phase = PHASE_HANDSHAKE;
		do_handshake(c);
	} else if (all && c->phase == PHASE_CLOSING) {
		hang_up(c);
		return;
	}
	watch_more(c);
}

static void
on_flush(void *arg)
{
	struct shelf *s = arg;
	struct conn *c;

	s->flush_posted = false;
	while ((c = TAILQ_FIRST(&s->flush)) != NULL) {
		TAILQ_REMOVE(&s->flush, c, in_flush);
		c->in_flush_list = false;
		flush_one(c);
	}
}

static void
leave(struct conn *c, enum phase phase)
{
	must(owner_is_there(c));
	c->news = 0;
	c->events = NULL;
	c->phase = phase;
	need_flush(c);
}

void
conn_close_later(struct conn *c)
{
	enum phase phase = PHASE_CLOSING;

	if (c->phase == PHASE_ENDED && c->end_rc != 0)
		phase = PHASE_DEAD;
	if (c->phase == PHASE_CONNECTING || c->phase == PHASE_HANDSHAKE ||
	    c->phase == PHASE_TLS_DUE)
		phase = PHASE_DEAD;
	leave(c, phase);
	if (phase == PHASE_CLOSING)
		set_timer(c, CLOSE_MS);
}

void
conn_abort_later(struct conn *c)
{
	leave(c, PHASE_DEAD);
}

/* --- events --- */

static void
tell_news(struct conn *c)
{
	unsigned news = c->news;

	c->news = 0;
	/* A callback may close the conn: then nothing more is told. */
	if ((news & NEWS_CONNECTED) != 0 && owner_is_there(c))
		c->events->connected(c, c->arg);
	if ((news & NEWS_SECURED) != 0 && owner_is_there(c))
		c->events->secured(c, c->secured_rc, c->arg);
	if ((news & NEWS_DRAINED) != 0 && owner_is_there(c))
		c->events->drained(c, c->arg);
	if ((news & NEWS_READABLE) != 0 && c->phase == PHASE_OPEN)
		tell_readable(c);
	if ((news & NEWS_READ_MORE) != 0 && c->phase == PHASE_OPEN &&
	    c->wire.has_more)
		do_read(c);
	if ((news & NEWS_ENDED) != 0 && owner_is_there(c))
		c->events->ended(c, c->end_rc, c->arg);
}

static void
on_news(void *arg)
{
	struct shelf *s = arg;
	struct conn_list list = TAILQ_HEAD_INITIALIZER(list);
	struct conn *c;

	s->news_posted = false;
	/*
	 * What becomes news meanwhile waits for the next post. Nothing is freed
	 * here, so the list of this time stays whole.
	 */
	TAILQ_CONCAT(&list, &s->news, in_news);
	while ((c = TAILQ_FIRST(&list)) != NULL) {
		TAILQ_REMOVE(&list, c, in_news);
		c->in_news_list = false;
		tell_news(c);
	}
}

static void
do_connect(struct conn *c)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(c->wire.fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		error = errno;
	if (error != 0) {
		end(c, -error);
		return;
	}
	timer_cancel(c->timer);
	c->phase = PHASE_OPEN;
	add_news(c, NEWS_CONNECTED);
	if (outbox_view(&c->out).n > 0)
		need_flush(c);
	watch_more(c);
}

static void
on_socket(int fd, bool readable, bool writable, void *arg)
{
	struct conn *c = conn_from(arg);

	(void)fd;
	switch (c->phase) {
	case PHASE_CONNECTING:
		do_connect(c);
		return;
	case PHASE_HANDSHAKE:
		do_handshake(c);
		return;
	case PHASE_LINGER:
		linger(c);
		return;
	case PHASE_OPEN:
	case PHASE_CLOSING:
	case PHASE_TLS_DUE:
		if ((writable && c->wire.blocked) ||
		    (readable && c->wire.write_wants_read))
			need_flush(c);
		if (readable || (writable && c->wire.read_wants_write))
			do_read(c);
		return;
	case PHASE_ENDED:
	case PHASE_DEAD:
		watch_more(c);
		return;
	}
}

static struct conn *
conn_new(struct loop *loop, int fd, enum phase phase,
    const struct conn_events *events, void *arg)
{
	struct conn *c = mem_zero(sizeof(*c));

	c->magic = CONN_MAGIC;
	c->phase = phase;
	c->shelf = loop_keep(loop, &shelf_key, shelf_new, shelf_free);
	c->events = events;
	c->arg = arg;
	c->wire.fd = fd;
	inbox_init(&c->in, CONN_INPUT_LIMIT);
	outbox_init(&c->out, CONN_OUTPUT_MAX, CONN_LOW_MARK);
	c->paused = c->vain = true;
	c->watch = watch_new(loop, fd, on_socket, c);
	LIST_INSERT_HEAD(&c->shelf->all, c, all);
	return c;
}

struct conn *
conn_accept(struct loop *loop, int fd, const struct conn_events *events,
    void *arg)
{
	return conn_new(loop, fd, PHASE_OPEN, events, arg);
}

struct conn *
conn_connect(struct loop *loop, const struct conn_address *to,
    const struct ip *source, int64_t timeout_ms,
    const struct conn_events *events, void *arg)
{
	int fd = address_connect(to, source);
	struct conn *c =
	    conn_new(loop, fd < 0 ? -1 : fd, PHASE_CONNECTING, events, arg);

	c->peer = *to;
	c->peer.path = NULL;
	set_timer(c, timeout_ms);
	if (fd < 0)
		end(c, fd);
	else
		watch_more(c);
	return c;
}

void
conn_set_timeout(struct conn *c, int64_t ms)
{
	if (!owner_is_there(c))
		return;
	if (ms > 0)
		set_timer(c, ms);
	else if (c->timer != NULL)
		timer_cancel(c->timer);
}

void
conn_set_peer(struct conn *c, const struct conn_address *peer)
{
	c->peer = *peer;
	c->peer.path = NULL;
}

void
conn_peer(const struct conn *c, struct conn_address *peer)
{
	*peer = c->peer;
	if (peer->ip.version == 0)
		address_of_peer(c->wire.fd, peer);
}

void
conn_self(const struct conn *c, struct conn_address *self)
{
	address_of_self(c->wire.fd, self);
}
