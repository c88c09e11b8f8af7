/*
 * verify/dnsbl.h - is a client on one of the block lists (RFC 5782)?
 *
 * Pure over a set of DNS answers. A list that does not answer lists nobody.
 */
#ifndef VERIFY_DNSBL_H
#define VERIFY_DNSBL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "dns/answers.h"

enum { DNSBL_REPLY_SIZE = 400 };

enum dnsbl_result { DNSBL_AGAIN, DNSBL_CLEAR, DNSBL_LISTED };

struct dnsbl_verdict {
	enum dnsbl_result result;
	struct slice zone;            /* LISTED: whose list; borrowed */
	char reply[DNSBL_REPLY_SIZE]; /* LISTED: "550 5.7.1 ..." */
};

/* "zen.example", or "list.example=127.0.0.2": that answer alone counts. */
bool dnsbl_list_is_valid(struct slice) MUST_USE;
/* The first of the lists that has the client decides. */
void dnsbl_check(const struct ip *, char *const *lists, size_t count,
    struct answers *, struct dnsbl_verdict *out);

#endif
