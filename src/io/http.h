/*
 * io/http.h - a small HTTP server (libevent's) on a listening socket, and a
 * blocking client for programs (libcurl) that talk to it.
 *
 * For control.sock, /metrics and the dashboard: trusted or read-only.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "io/loop.h"

enum { HTTP_BODY_MAX = 4 << 20, HTTP_HEADER_MAX = 16 << 10 };

struct http_server;
struct http_request; /* lives until http_answer() */

/*
 * The answer may come later, from another event, and must come; also after
 * http_server_free(), when it goes nowhere. Texts live until then.
 */
typedef void http_fn(struct http_request *, void *arg);

/* Takes the descriptor. */
struct http_server *http_server_new(struct loop *, int fd, http_fn *,
    void *arg) MUST_USE;
void http_server_free(struct http_server **);
const char *http_method(const struct http_request *);
const char *http_path(const struct http_request *); /* without the query */
/* A query parameter, decoded, or NULL. */
const char *http_query(const struct http_request *, const char *name);
/* Its i-th value, for parameters given more than once. */
const char *http_query_at(const struct http_request *, const char *name,
    unsigned i);
/* A header of the request, or NULL. */
const char *http_header(const struct http_request *, const char *name);
struct slice http_body(const struct http_request *);
/* A header of the answer, before http_answer(). */
void http_set_header(struct http_request *, const char *name,
    const char *value);
void http_answer(struct http_request *, int code, const char *content_type,
    struct slice body);

/*
 * One request to a Unix socket; 0 and the answer's code and body, -ENOENT or
 * -ECONNREFUSED when nobody listens, or another -errno.
 */
int http_call(const char *socket_path, const char *method, const char *target,
    struct slice body, int *code, struct buf *answer, struct why *) MUST_USE;

#endif
