/*
 * io/wire.h - a descriptor that is read and written, plain or through TLS, and
 * what has to happen before it can go on. Only conn.c uses it.
 */
#ifndef IO_WIRE_H
#define IO_WIRE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "io/tls_stream.h"

struct wire {
	int fd;                 /* owned */
	struct tls_stream *tls; /* owned; NULL: plain */
	bool secured;          /* the handshake is done: all goes through tls */
	bool blocked;          /* writing waits for room */
	bool write_wants_read; /* ... or, with TLS, for input */
	bool read_wants_write;
	bool has_more; /* OpenSSL may hold input that no event will tell */
};

void wire_done(struct wire *);
/* Bytes, 0 at the end, -EAGAIN, or a code. */
ssize_t wire_read(struct wire *, char *to, size_t room) MUST_USE;
/* What of it went out at once, -EAGAIN, or a code. */
ssize_t wire_write(struct wire *, struct slice) MUST_USE;
/*
 * The same from a file, without a copy, on a plain wire. Other codes: not this
 * way; whoever reads and writes instead learns what is wrong.
 */
int64_t wire_send_file(struct wire *, int fd, uint64_t at, size_t n) MUST_USE;
/* 0, -EAGAIN or ERR_TLS. */
int wire_handshake(struct wire *) MUST_USE;

#endif
