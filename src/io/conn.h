/*
 * io/conn.h - a stream connection: buffered bytes both ways, TLS, time-outs.
 *
 * The owner is told of input, of output drained, and of the end, always from
 * the loop and never inside a call of its own. It consumes input from a
 * contiguous view. What is written during a turn goes out in one write at the
 * turn's end. conn_close_later() frees from the loop, never under the caller's
 * feet; after it no callback comes.
 */
#ifndef IO_CONN_H
#define IO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/tls.h"

struct conn;

enum {
	CONN_INPUT_LIMIT = 64 << 10, /* unless conn_set_input_limit() */
	CONN_INPUT_LIMIT_MAX = 256 << 10,
	CONN_LOW_MARK = 16 << 10, /* unless conn_set_low_mark() */
	CONN_OUTPUT_MAX = 64 << 20,
};

/* `connected` and `secured` may be NULL where they cannot come. */
struct conn_events {
	/* Connected (with conn_connect). */
	void (*connected)(struct conn *, void *arg);
	/* There is input to take. Called again only after new bytes, or resume.
	 */
	void (*readable)(struct conn *, void *arg);
	/* The output buffer was over its low mark and no longer is. Or NULL. */
	void (*drained)(struct conn *, void *arg);
	/* The TLS handshake is done: rc 0 or ERR_TLS (then `ended` follows). */
	void (*secured)(struct conn *, int rc, void *arg);
	/*
	 * End: 0 peer closed, ERR_TIMEOUT, ERR_TLS, ERR_LIMIT (output), or
	 * -errno. No callback comes after it. The owner closes the conn, here
	 * or later.
	 */
	void (*ended)(struct conn *, int rc, void *arg);
};

/* Takes the accepted descriptor. Reading begins with conn_resume(). */
struct conn *conn_accept(struct loop *, int fd, const struct conn_events *,
    void *arg) MUST_USE;
/*
 * `source`: local address or NULL. The outcome comes by events, always:
 * `connected`, or `ended` also when it takes longer than timeout_ms.
 */
struct conn *conn_connect(struct loop *, const struct conn_address *to,
    const struct ip *source, int64_t timeout_ms, const struct conn_events *,
    void *arg) MUST_USE;
/* After the output is sent (or 5 s), TLS shutdown, close, free: later. */
void conn_close_later(struct conn *);
/* At once and without a word; frees later. */
void conn_abort_later(struct conn *);

/*
 * Up to `max` bytes of input in one piece (all there is, if less). Valid until
 * the end of the callback, or the next conn_consume().
 */
struct slice conn_input(struct conn *, size_t max);
size_t conn_input_size(const struct conn *);
void conn_consume(struct conn *, size_t n);
/* The input buffer holds at most this; beyond it the socket is not read. */
void conn_set_input_limit(struct conn *, size_t bytes);

void conn_write(struct conn *, struct slice); /* copies */
/*
 * Sends up to `n` octets of a file after what was written, and copies nothing:
 * what is not overwritten until the peer has it all may go so. How many went;
 * 0: none now, `drained` or `ended` follows; -ENOTSUP: not this way (TLS, or a
 * trouble that reading and writing tells better).
 */
int64_t conn_send_file(struct conn *, int fd, uint64_t at, size_t n) MUST_USE;
size_t conn_output_size(const struct conn *);
void conn_set_low_mark(struct conn *, size_t bytes);

/* No more `readable` until resume (input may still be buffered). */
void conn_pause(struct conn *);
/* `readable` comes, posted, if there is input already. */
void conn_resume(struct conn *);
/*
 * Ended with ERR_TIMEOUT when that much passes without conn_set_timeout(). 0:
 * never. Bytes that arrive do not move it.
 */
void conn_set_timeout(struct conn *, int64_t ms);

/*
 * TLS on a plain connection, as server or client, after what was written is
 * sent. Input that is still unread must not be: conn_input_size() is 0, or the
 * caller has refused. `secured` comes whether paused or not.
 */
void conn_start_tls_server(struct conn *, struct tls_server *);
void conn_start_tls_client(struct conn *, struct tls_client *,
    const struct tls_client_policy *);
bool conn_is_secured(const struct conn *);
bool conn_tls_facts(const struct conn *, struct tls_facts *);
/* Why the handshake failed, in words for people. */
const char *conn_tls_error(const struct conn *);
/* The certificates that the server showed, one a line; none without TLS. */
void conn_tls_chain(const struct conn *, struct buf *);
/* tls-exporter channel binding (RFC 9266), 32 bytes; false without TLS 1.3. */
bool conn_tls_exporter(const struct conn *, uint8_t out[32]);
/* tls-unique (RFC 5929) of TLS 1.2, up to `size` octets; 0: none. */
size_t conn_tls_unique(const struct conn *, uint8_t *out, size_t size);

/* Peer and own address. */
void conn_peer(const struct conn *, struct conn_address *);
void conn_self(const struct conn *, struct conn_address *);
/* The peer as the listener gave it, or as a PROXY header says. */
void conn_set_peer(struct conn *, const struct conn_address *);

/* --- listening --- */
struct listener;
typedef void listener_fn(int fd, const struct conn_address *peer, void *arg);
/* Takes a listening descriptor. Accepts until freed. */
struct listener *listener_new(struct loop *, int fd, listener_fn *,
    void *arg) MUST_USE;
void listener_free(struct listener **); /* closes the descriptor */
void listener_pause(struct listener *, bool paused);
/* Binds and listens; the descriptor or -errno. IPV6_V6ONLY for IPv6. */
int listener_bind(const struct ip *, uint16_t port, int backlog) MUST_USE;
/* An old socket at `path` is replaced. */
int listener_bind_unix(const char *path, unsigned mode) MUST_USE;

#endif
