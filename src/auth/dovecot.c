/*
 * auth/dovecot.c - see dovecot.h. It keeps no session: the ids are its
 * owner's.
 */
#include "auth/dovecot.h"

#include <string.h>
#include <unistd.h>

#include "auth/dovecot_line.h"
#include "auth/sasl_text.h"
#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "io/conn.h"

enum {
	CONNECT_MS = 5 * SECOND,
	LINE_MAX_BYTES = 8192, /* AUTH_REQUEST_MAX of Dovecot */
	WAITING_MAX = 1 << 20,
	PROTOCOL_MAJOR = 1,
};

struct dovecot {
	struct loop *loop; /* borrowed */
	const char *path;  /* borrowed: conf */
	const struct dovecot_events *events;
	void *arg;
	struct conn *conn;  /* owned, or NULL */
	struct buf waiting; /* lines for after the handshake */
	bool is_shaken;
};

static void
lose(struct dovecot *d)
{
	d->conn = NULL;
	d->is_shaken = false;
	buf_reset(&d->waiting);
	d->events->lost(d->arg);
}

static void
give_up(struct dovecot *d, const char *why)
{
	log_error("auth dovecot-failed path=%s error=\"%s\"", d->path, why);
	conn_abort_later(d->conn);
	lose(d);
}

static void
done(struct dovecot *d, const struct dovecot_line *line,
    enum auth_verdict verdict)
{
	struct buf login, additional;

	buf_init(&login, LOGIN_MAX);
	buf_init(&additional, LINE_MAX_BYTES);
	dovecot_unescape(line->user, &login);
	if (buf_failed(&login) || !base64_decode(line->resp, &additional))
		verdict = AUTH_TEMPORARY;
	d->events->done(line->id, verdict, buf_slice(&login),
	    buf_slice(&additional), d->arg);
	buf_done(&login);
	buf_done(&additional);
}

static void
challenge(struct dovecot *d, const struct dovecot_line *line)
{
	struct buf text;

	buf_init(&text, LINE_MAX_BYTES);
	if (base64_decode(line->resp, &text))
		d->events->challenge(line->id, buf_slice(&text), d->arg);
	else
		done(d, line, AUTH_TEMPORARY);
	buf_done(&text);
}

static void
finish_handshake(struct dovecot *d)
{
	d->is_shaken = true;
	conn_set_timeout(d->conn, 0);
	conn_write(d->conn, buf_slice(&d->waiting));
	buf_reset(&d->waiting);
}

static void
take_line(struct dovecot *d, struct slice text)
{
	struct dovecot_line line;

	dovecot_line_parse(text, &line);
	switch (line.verb) {
	case DOVECOT_OTHER:
		break;
	case DOVECOT_VERSION:
		if (line.id != PROTOCOL_MAJOR)
			give_up(d, "it speaks another version");
		break;
	case DOVECOT_DONE:
		finish_handshake(d);
		break;
	case DOVECOT_OK:
		done(d, &line, AUTH_OK);
		break;
	case DOVECOT_CONT:
		challenge(d, &line);
		break;
	case DOVECOT_FAIL:
		done(d, &line, line.temporary ? AUTH_TEMPORARY : AUTH_FAILED);
		break;
	case DOVECOT_MALFORMED:
		give_up(d, "it sent a malformed line");
		break;
	}
}

static void
on_readable(struct conn *conn, void *arg)
{
	struct dovecot *d = arg;

	while (d->conn == conn) {
		struct slice in = conn_input(conn, LINE_MAX_BYTES);
		size_t end = slice_find(in, '\n');

		if (end == in.n) {
			if (in.n >= LINE_MAX_BYTES)
				give_up(d, "it sent an over-long line");
			return;
		}
		take_line(d, slice_head(in, end));
		if (d->conn == conn)
			conn_consume(conn, end + 1);
	}
}

static void
on_connected(struct conn *conn, void *arg)
{
	(void)arg;
	conn_resume(conn);
}

static void
on_ended(struct conn *conn, int rc, void *arg)
{
	struct dovecot *d = arg;

	if (d->conn != conn)
		return;
	log_error("auth dovecot-lost path=%s error=\"%s\"", d->path,
	    rc == 0 ? "it closed the connection" : err_text(rc));
	conn_abort_later(conn);
	lose(d);
}

static const struct conn_events events = {
	.connected = on_connected,
	.readable = on_readable,
	.ended = on_ended,
};

static void
connect_to_it(struct dovecot *d)
{
	const struct conn_address to = { .path = d->path };
	struct buf hello;

	d->conn = conn_connect(d->loop, &to, NULL, CONNECT_MS, &events, d);
	conn_set_input_limit(d->conn, 2 * LINE_MAX_BYTES);
	buf_init(&hello, 64);
	buf_addf(&hello, "VERSION\t%d\t1\nCPID\t%ld\n", PROTOCOL_MAJOR,
	    (long)getpid());
	conn_write(d->conn, buf_slice(&hello));
	buf_done(&hello);
	conn_resume(d->conn);
}

static void
on_overflow(void *arg)
{
	struct dovecot *d = arg;

	if (d->conn != NULL && buf_failed(&d->waiting))
		give_up(d, "it does not answer");
}

static void
send_line(struct dovecot *d, const struct buf *line)
{
	if (d->conn == NULL)
		connect_to_it(d);
	if (d->is_shaken)
		conn_write(d->conn, buf_slice(line));
	else
		buf_add(&d->waiting, buf_slice(line));
	if (buf_failed(&d->waiting))
		loop_post(d->loop, on_overflow, d);
}

struct dovecot *
dovecot_new(struct loop *loop, const char *path,
    const struct dovecot_events *its_events, void *arg)
{
	struct dovecot *d = mem_zero(sizeof(*d));

	d->loop = loop;
	d->path = path;
	d->events = its_events;
	d->arg = arg;
	buf_init(&d->waiting, WAITING_MAX);
	return d;
}

void
dovecot_free(struct dovecot **d)
{
	if (*d == NULL)
		return;
	loop_unpost((*d)->loop, *d);
	if ((*d)->conn != NULL)
		conn_abort_later((*d)->conn);
	buf_done(&(*d)->waiting);
	mem_free(*d);
	*d = NULL;
}

void
dovecot_start(struct dovecot *d, uint32_t id, struct slice mechanism,
    struct slice client, const struct slice *initial)
{
	struct buf line;

	buf_init(&line, 2 * LINE_MAX_BYTES);
	/* Failures are delayed and limited by us, for all backends alike. */
	buf_addf(&line,
	    "AUTH\t%u\t%.*s\tservice=smtp\tsecured\tno-penalty\t"
	    "final-resp-ok",
	    id, SLICE_ARGS(mechanism));
	if (client.n > 0) {
		buf_add_cstr(&line, "\trip=");
		dovecot_escape(client, &line);
	}
	if (initial != NULL) { /* it has to be the last */
		buf_add_cstr(&line, "\tresp=");
		base64_encode(*initial, &line);
	}
	buf_add_char(&line, '\n');
	send_line(d, &line);
	buf_wipe(&line);
}

void
dovecot_respond(struct dovecot *d, uint32_t id, struct slice response)
{
	struct buf line;

	buf_init(&line, 2 * LINE_MAX_BYTES);
	buf_addf(&line, "CONT\t%u\t", id);
	base64_encode(response, &line);
	buf_add_char(&line, '\n');
	send_line(d, &line);
	buf_wipe(&line);
}

void
dovecot_cancel(struct dovecot *d, uint32_t id)
{
	struct buf line;

	if (d->conn == NULL)
		return;
	buf_init(&line, 64);
	buf_addf(&line, "CANCEL\t%u\n", id);
	send_line(d, &line);
	buf_done(&line);
}
