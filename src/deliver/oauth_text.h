/*
 * deliver/oauth_text.h - what is said to a token endpoint, and what it answers
 * (RFC 6749, 4.4, 5 and 6).
 *
 * Pure. The answer is of foreign bytes: everything in it has a limit, and what
 * may come into a log or a reply is printable.
 */
#ifndef DELIVER_OAUTH_TEXT_H
#define DELIVER_OAUTH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum {
	OAUTH_TOKEN_SIZE = 8192,
	OAUTH_ERROR_SIZE = 256,
	OAUTH_ANSWER_MAX = 64 * 1024,
	OAUTH_LIFE_UNSAID = 300, /* seconds, where the answer has none */
	OAUTH_LIFE_MAX = 365 * 24 * 3600,
};

struct oauth_wish {
	struct slice refresh_token; /* empty: client credentials */
	struct slice client_id;
	struct slice client_secret; /* or empty */
	struct slice scope;         /* or empty */
};

/* The body of the POST: application/x-www-form-urlencoded. */
void oauth_write_request(const struct oauth_wish *, struct buf *body);

enum oauth_answer_kind {
	OAUTH_TOKEN,
	OAUTH_REFUSED, /* `error` says why, in its words */
	OAUTH_NONSENSE /* `error` says why, in ours */
};

struct oauth_answer {
	char access[OAUTH_TOKEN_SIZE];
	char refresh[OAUTH_TOKEN_SIZE]; /* a new one; or "" */
	uint32_t life_seconds;
	char error[OAUTH_ERROR_SIZE];
};

enum oauth_answer_kind oauth_answer_parse(struct slice json,
    struct oauth_answer *out) MUST_USE;

#endif
