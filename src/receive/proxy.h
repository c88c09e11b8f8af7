/*
 * receive/proxy.h - the PROXY protocol header, versions 1 and 2: whom a load
 * balancer speaks for.
 *
 * It is taken only from addresses that the listener trusts for it, and from
 * those it must come.
 */
#ifndef RECEIVE_PROXY_H
#define RECEIVE_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"

/* More than any header that we take: v1 has 107 octets, v2 16 and `length`. */
enum { PROXY_HEADER_MAX = 1024 };

enum proxy_progress { PROXY_MORE, PROXY_WHOLE, PROXY_MALFORMED };

struct proxy_header {
	bool has_client; /* no: the proxy speaks for itself */
	struct ip client;
	uint16_t port;
	size_t length; /* of the header */
};

/* Looks at the front of `in`; *out is set when it is whole. */
enum proxy_progress proxy_parse(struct slice in,
    struct proxy_header *out) MUST_USE;

#endif
