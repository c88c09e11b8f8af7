/*
 * io/https.c - libcurl's multi interface on our loop: curl says which sockets
 * and which timer it waits for, and is told when they are ready.
 */
#include "io/https.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	URL_MAX = 2048,
	RESOLVE_MAX = 2048,
	HEADER_MAX = 256,
	LINE_MAX_OCTETS = 16384, /* of a header: curl's own limit is 100 KB */
};

struct https_call {
	struct https *https; /* borrowed */
	LIST_ENTRY(https_call) in_https;
	CURL *curl;                 /* owned */
	struct curl_slist *resolve; /* owned */
	struct curl_slist *headers; /* owned */
	struct buf answer;
	bool too_long;
	char error[CURL_ERROR_SIZE];
	CURLcode result;
	https_fn *fn;
	void *arg; /* borrowed */
};

struct https {
	struct loop *loop;      /* borrowed */
	struct tls_client *tls; /* borrowed */
	CURLM *multi;           /* owned */
	struct timer *timer;    /* owned */
	LIST_HEAD(, https_call) calls;
};

/* --- what curl waits for --- */

static void
free_call(struct https_call *call)
{
	LIST_REMOVE(call, in_https);
	loop_unpost(call->https->loop, call);
	(void)curl_multi_remove_handle(call->https->multi, call->curl);
	curl_easy_cleanup(call->curl);
	curl_slist_free_all(call->resolve);
	curl_slist_free_all(call->headers);
	buf_done(&call->answer);
	mem_free(call);
}

static int
rc_of(const struct https_call *call)
{
	CURLcode result = call->result;

	if (result == CURLE_OK)
		return 0;
	if (call->too_long)
		return ERR_LIMIT;
	if (result == CURLE_OPERATION_TIMEDOUT)
		return ERR_TIMEOUT;
	return result == CURLE_PEER_FAILED_VERIFICATION ||
		result == CURLE_SSL_CONNECT_ERROR
	    ? ERR_TLS
	    : -EIO;
}

static void
tell(void *arg)
{
	struct https_call *call = arg;
	struct https_answer answer = { .rc = rc_of(call),
		.content_type = NULL,
		.why = call->too_long        ? "the answer is too long"
		    : call->error[0] != '\0' ? call->error
					     : curl_easy_strerror(call->result),
		.body = buf_slice(&call->answer) };
	char *type = NULL;

	(void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE,
	    &answer.status);
	(void)curl_easy_getinfo(call->curl, CURLINFO_CONTENT_TYPE, &type);
	answer.content_type = type == NULL ? "" : type;
	call->fn(&answer, call->arg);
	free_call(call);
}

static void
reap(struct https *h)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct https_call *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    (char **)&call);
		call->result = message->data.result;
		loop_post(h->loop, tell, call);
	}
}

static void
on_ready(int fd, bool readable, bool writable, void *arg)
{
	struct https *h = arg;
	int running;

	(void)curl_multi_socket_action(h->multi, fd,
	    (readable ? CURL_CSELECT_IN : 0) |
		(writable ? CURL_CSELECT_OUT : 0),
	    &running);
	reap(h);
}

static void
on_timer(void *arg)
{
	struct https *h = arg;
	int running;

	(void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	reap(h);
}

static int
on_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct https *h = arg;
	struct watch *watch = socket_arg;

	(void)curl;
	if (what == CURL_POLL_REMOVE) {
		(void)curl_multi_assign(h->multi, fd, NULL);
		if (watch != NULL)
			watch_free(&watch);
		return 0;
	}
	if (watch == NULL) {
		watch = watch_new(h->loop, fd, on_ready, h);
		(void)curl_multi_assign(h->multi, fd, watch);
	}
	watch_set(watch, (what & CURL_POLL_IN) != 0,
	    (what & CURL_POLL_OUT) != 0);
	return 0;
}

static int
on_timer_wish(CURLM *multi, long ms, void *arg)
{
	struct https *h = arg;

	(void)multi;
	if (ms < 0)
		timer_cancel(h->timer);
	else
		timer_set(h->timer, ms);
	return 0;
}

/* --- a request --- */

static size_t
on_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct https_call *call = arg;

	buf_add(&call->answer, slice_from(p, size * count));
	call->too_long = buf_failed(&call->answer);
	return call->too_long ? 0 : size * count;
}

static size_t
on_header(char *p, size_t size, size_t count, void *arg)
{
	(void)p;
	(void)arg;
	return size * count > LINE_MAX_OCTETS ? 0 : size * count;
}

/* curl would load the system's store anew, for each request, from files. */
static CURLcode
on_context(CURL *curl, void *ctx, void *arg)
{
	struct https *h = arg;

	(void)curl;
	tls_client_lend_store(h->tls, ctx);
	return CURLE_OK;
}

/* "HOST:PORT:ADDRESS,ADDRESS". */
static struct curl_slist *
make_resolve(const struct https_request *r)
{
	struct curl_slist *list;
	struct buf text;

	buf_init(&text, RESOLVE_MAX);
	buf_addf(&text, "%s:%u:", r->host, (unsigned)r->port);
	for (size_t i = 0; i < r->address_count && i < HTTPS_ADDRESSES_MAX;
	     i++) {
		char ip[IP_TEXT_SIZE];

		ip_text(&r->addresses[i], ip);
		buf_addf(&text,
		    r->addresses[i].version == 6 ? "%s[%s]" : "%s%s",
		    i == 0 ? "" : ",", ip);
	}
	list = curl_slist_append(NULL, buf_cstr(&text));
	must(list != NULL && !buf_failed(&text));
	buf_done(&text);
	return list;
}

static void
set_up(struct https_call *call, const struct https_request *r)
{
	char url[URL_MAX], type[HEADER_MAX];
	CURL *curl = call->curl;
	CURLcode rc = CURLE_OK;

	(void)snprintf(url, sizeof(url), "https://%s:%u%s", r->host,
	    (unsigned)r->port, r->path);
	call->resolve = make_resolve(r);
#define SET(option, value)       \
	rc = rc != CURLE_OK ? rc \
			    : curl_easy_setopt(curl, CURLOPT_##option, value)
	SET(PRIVATE, call);
	SET(ERRORBUFFER, call->error);
	SET(URL, url);
	SET(PROTOCOLS_STR, "https");
	SET(RESOLVE, call->resolve);
	SET(PROXY, "");
	SET(NOSIGNAL, 1L);
	SET(FOLLOWLOCATION, 0L);
	SET(FRESH_CONNECT, 1L);
	SET(FORBID_REUSE, 1L);
	SET(TIMEOUT_MS, (long)r->timeout_ms);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(CAINFO, NULL);
	SET(CAPATH, NULL);
	SET(SSL_CTX_FUNCTION, on_context);
	SET(SSL_CTX_DATA, call->https);
	SET(WRITEFUNCTION, on_bytes);
	SET(WRITEDATA, call);
	SET(HEADERFUNCTION, on_header);
	SET(USERAGENT, "mtad");
	if (r->content_type != NULL) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s",
		    r->content_type);
		call->headers = curl_slist_append(NULL, type);
		SET(HTTPHEADER, call->headers);
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
		SET(COPYPOSTFIELDS, r->body.n == 0 ? "" : r->body.p);
	}
#undef SET
	must(rc == CURLE_OK);
}

struct https *
https_new(struct loop *loop, struct tls_client *tls)
{
	struct https *h = mem_zero(sizeof(*h));

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	h->loop = loop;
	h->tls = tls;
	h->timer = timer_new(loop, on_timer, h);
	h->multi = curl_multi_init();
	must(h->multi != NULL);
	LIST_INIT(&h->calls);
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION,
	    on_timer_wish);
	(void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	return h;
}

void
https_free(struct https **https)
{
	struct https *h = *https;

	if (h == NULL)
		return;
	while (!LIST_EMPTY(&h->calls))
		free_call(LIST_FIRST(&h->calls));
	(void)curl_multi_cleanup(h->multi);
	timer_free(&h->timer);
	mem_free(h);
	*https = NULL;
}

struct https_call *
https_start(struct https *h, const struct https_request *request, https_fn *fn,
    void *arg)
{
	struct https_call *call = mem_zero(sizeof(*call));

	call->https = h;
	call->fn = fn;
	call->arg = arg;
	buf_init(&call->answer, request->answer_max);
	call->curl = curl_easy_init();
	must(call->curl != NULL);
	set_up(call, request);
	LIST_INSERT_HEAD(&h->calls, call, in_https);
	must(curl_multi_add_handle(h->multi, call->curl) == CURLM_OK);
	return call;
}

void
https_cancel(struct https_call **call)
{
	if (*call == NULL)
		return;
	free_call(*call);
	*call = NULL;
}
