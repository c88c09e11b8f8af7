/*
 * io/http_server.c - libevent's HTTP server, bounded, answering late.
 *
 * While a request is being worked on its connection is not read, so libevent
 * keeps the request until we answer, or until the whole server is freed: then
 * the request here is cut loose from libevent's.
 */
#include "io/http.h"

#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "base/alloc.h"

enum { IDLE_SECONDS = 60 };

struct http_request {
	LIST_ENTRY(http_request) link;
	struct evhttp_request *req; /* libevent's; NULL: the server is gone */
	struct evkeyvalq query;     /* owned */
	char *path;                 /* owned */
	struct slice body;          /* owned: the copy of its bytes */
	const char *method;         /* static */
	char *body_bytes;           /* owned */
};

struct http_server {
	struct evhttp *http; /* owned */
	http_fn *fn;
	void *arg;
	LIST_HEAD(, http_request) requests;
};

static const char *
method_name(enum evhttp_cmd_type type)
{
	/* The others are not in allowed_methods. */
	return type == EVHTTP_REQ_GET ? "GET"
	    : type == EVHTTP_REQ_POST ? "POST"
	    : type == EVHTTP_REQ_PUT  ? "PUT"
	    : type == EVHTTP_REQ_HEAD ? "HEAD"
				      : "DELETE";
}

static struct http_request *
request_new(struct http_server *s, struct evhttp_request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	struct evbuffer *input = evhttp_request_get_input_buffer(req);
	struct http_request *r = mem_zero(sizeof(*r));
	const char *path = evhttp_uri_get_path(uri);
	const char *query = evhttp_uri_get_query(uri);
	size_t n = evbuffer_get_length(input);

	r->req = req;
	r->method = method_name(evhttp_request_get_command(req));
	r->path = mem_cstr(slice_of(path));
	TAILQ_INIT(&r->query);
	if (query != NULL)
		(void)evhttp_parse_query_str(query, &r->query);
	r->body_bytes = mem_new(n + 1);
	(void)evbuffer_copyout(input, r->body_bytes, n);
	r->body_bytes[n] = '\0';
	r->body = slice_from(r->body_bytes, n);
	LIST_INSERT_HEAD(&s->requests, r, link);
	return r;
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct http_server *s = arg;

	s->fn(request_new(s, req), s->arg);
}

struct http_server *
http_server_new(struct loop *loop, int fd, http_fn *fn, void *arg)
{
	struct http_server *s = mem_zero(sizeof(*s));

	s->fn = fn;
	s->arg = arg;
	LIST_INIT(&s->requests);
	s->http = evhttp_new(loop_base(loop));
	must(s->http != NULL);
	evhttp_set_max_headers_size(s->http, HTTP_HEADER_MAX);
	evhttp_set_max_body_size(s->http, HTTP_BODY_MAX);
	evhttp_set_timeout(s->http, IDLE_SECONDS);
	evhttp_set_allowed_methods(s->http,
	    EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
		EVHTTP_REQ_HEAD | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(s->http, on_request, s);
	must(evutil_make_socket_nonblocking(fd) == 0);
	must(evhttp_accept_socket(s->http, fd) == 0);
	return s;
}

void
http_server_free(struct http_server **sp)
{
	struct http_server *s = *sp;
	struct http_request *r;

	if (s == NULL)
		return;
	while ((r = LIST_FIRST(&s->requests)) != NULL) {
		LIST_REMOVE(r, link);
		r->req = NULL;
	}
	evhttp_free(s->http);
	mem_free(s);
	*sp = NULL;
}

const char *
http_method(const struct http_request *r)
{
	return r->method;
}

const char *
http_path(const struct http_request *r)
{
	return r->path;
}

const char *
http_query(const struct http_request *r, const char *name)
{
	return http_query_at(r, name, 0);
}

const char *
http_query_at(const struct http_request *r, const char *name, unsigned i)
{
	const struct evkeyval *kv;

	TAILQ_FOREACH (kv, &r->query, next)
		if (strcmp(kv->key, name) == 0 && i-- == 0)
			return kv->value;
	return NULL;
}

const char *
http_header(const struct http_request *r, const char *name)
{
	return r->req == NULL
	    ? NULL
	    : evhttp_find_header(evhttp_request_get_input_headers(r->req),
		  name);
}

struct slice
http_body(const struct http_request *r)
{
	return r->body;
}

void
http_set_header(struct http_request *r, const char *name, const char *value)
{
	if (r->req != NULL)
		must(
		    evhttp_add_header(evhttp_request_get_output_headers(r->req),
			name, value) == 0);
}

static const char *
reason(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 202:
		return "Accepted";
	case 204:
		return "No Content";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 503:
		return "Service Unavailable";
	default:
		return code < 400 ? "Done" : code < 500 ? "Refused" : "Failed";
	}
}

void
http_answer(struct http_request *r, int code, const char *content_type,
    struct slice body)
{
	struct evbuffer *out;

	if (r->req != NULL) {
		LIST_REMOVE(r, link);
		http_set_header(r, "Content-Type", content_type);
		http_set_header(r, "X-Content-Type-Options", "nosniff");
		out = evbuffer_new();
		must(out != NULL && evbuffer_add(out, body.p, body.n) == 0);
		evhttp_send_reply(r->req, code, reason(code), out);
		evbuffer_free(out);
	}
	evhttp_clear_headers(&r->query);
	mem_free(r->path);
	mem_free(r->body_bytes);
	mem_free(r);
}
