/*
 * io/tls_stream.h - one TLS connection over a descriptor, for conn.c alone.
 *
 * Each call either makes progress, or says -EAGAIN and in `*wants_write`
 * whether it waits for room to write rather than for input.
 */
#ifndef IO_TLS_STREAM_H
#define IO_TLS_STREAM_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "io/tls.h"

struct tls_stream;

/* The descriptor is borrowed. */
struct tls_stream *tls_stream_new_server(struct tls_server *, int fd) MUST_USE;
struct tls_stream *tls_stream_new_client(struct tls_client *,
    const struct tls_client_policy *, int fd) MUST_USE;
/* Frees without a word to the peer. */
void tls_stream_free(struct tls_stream **);
/* 0, -EAGAIN or ERR_TLS (also when the peer hangs up). */
int tls_stream_handshake(struct tls_stream *, bool *wants_write) MUST_USE;
/* Bytes, 0 at the end, -EAGAIN, ERR_TLS or -errno. */
ssize_t tls_stream_read(struct tls_stream *, void *, size_t,
    bool *wants_write) MUST_USE;
ssize_t tls_stream_write(struct tls_stream *, const void *, size_t,
    bool *wants_write) MUST_USE;
/* Says goodbye, as far as the socket takes it; sessions stay resumable. */
void tls_stream_shutdown(struct tls_stream *);
/* Why it failed: static, or valid as long as the stream. */
const char *tls_stream_error(const struct tls_stream *);
void tls_stream_facts(const struct tls_stream *, struct tls_facts *);
/* The certificates that a server showed, one a line, its own first. */
void tls_stream_chain(const struct tls_stream *, struct buf *);
bool tls_stream_exporter(const struct tls_stream *, uint8_t out[32]);
/* The octets of tls-unique; 0: there is none to be trusted. */
size_t tls_stream_unique(const struct tls_stream *, uint8_t *out, size_t size);

#endif
