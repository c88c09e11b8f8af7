/*
 * deliver/bearer.h - what an OAuth 2 token looks like in an AUTH exchange.
 *
 * Pure. The client speaks once; a server that refuses says why in a challenge
 * (JSON), which wants an answer of no meaning before the 535 comes.
 */
#ifndef DELIVER_BEARER_H
#define DELIVER_BEARER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

struct bearer {
	const char *user;
	const char *token;
	const char *host; /* the next hop's name and port */
	uint16_t port;
};

/* RFC 7628, 3.1. Both as plain octets: base64 is the caller's. */
void bearer_oauthbearer(const struct bearer *, struct buf *out);
/* As Google and Microsoft describe it. */
void bearer_xoauth2(const struct bearer *, struct buf *out);
/* After a refusal (RFC 7628, 3.2.3; XOAUTH2: an empty line). */
struct slice bearer_farewell(bool oauthbearer);

#endif
