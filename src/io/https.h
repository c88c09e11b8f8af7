/*
 * io/https.h - one HTTPS request, in the event loop, by libcurl.
 *
 * The peer's certificate has to be valid for its name. No names are looked up
 * (the addresses are given), no file is read after https_new(), no redirect is
 * followed, no proxy used, nothing kept between requests. TLS 1.2 at least.
 */
#ifndef IO_HTTPS_H
#define IO_HTTPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "io/loop.h"
#include "io/tls.h"

enum { HTTPS_ADDRESSES_MAX = 16 };

struct https;

struct https_request {
	const char *host; /* a name; the path, from "/" on */
	const char *path;
	uint16_t port;
	const struct ip *addresses;
	size_t address_count;
	const char *content_type; /* NULL: GET; else POST of the body */
	struct slice body;        /* copied */
	size_t answer_max;        /* a longer one is an error */
	int64_t timeout_ms;       /* for all of it */
};

struct https_answer {
	int rc;          /* 0, or ERR_TIMEOUT, ERR_TLS, ERR_LIMIT, -EIO */
	const char *why; /* with an rc: static, or valid in the call */
	long status;     /* 200, with rc 0 */
	const char *content_type; /* never NULL */
	struct slice body;
};

struct https_call;
/* From the loop. The call is gone then, the answer valid during this one. */
typedef void https_fn(const struct https_answer *, void *arg);

/* The CA store is the client's, whom it borrows. */
struct https *https_new(struct loop *, struct tls_client *) MUST_USE;
/* Calls under way are dropped. */
void https_free(struct https **);
struct https_call *https_start(struct https *, const struct https_request *,
    https_fn *, void *arg) MUST_USE;
void https_cancel(struct https_call **);

#endif
