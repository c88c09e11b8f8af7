/*
 * verify/dnsbl.h - is a client on a list that the operator trusts (RFC 5782).
 *
 * Pure over a set of DNS answers; all lists are asked at once. What can't be
 * answered counts as not listed: a dead list never blocks mail.
 */
#ifndef VERIFY_DNSBL_H
#define VERIFY_DNSBL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "dns/answers.h"

enum { DNSBL_TEXT_SIZE = 256 };

enum dnsbl_result { DNSBL_AGAIN, DNSBL_NOT_LISTED, DNSBL_LISTED };

/* "zen.example", or "list.example=127.0.0.2": that answer alone counts. */
struct dnsbl_list {
	struct slice zone;
	struct ip only; /* version 0: any of 127.0.0.0/8 */
};

struct dnsbl_verdict {
	enum dnsbl_result result;
	size_t list;                /* index of the first that lists it */
	char text[DNSBL_TEXT_SIZE]; /* its TXT, printable ASCII; or "" */
};

bool dnsbl_list_parse(struct slice, struct dnsbl_list *out) MUST_USE;
void dnsbl_evaluate(const struct ip *client, const struct dnsbl_list *lists,
    size_t count, struct answers *, struct dnsbl_verdict *out);

/* The text behind "550 5.7.1 ": who lists it, and why. */
void dnsbl_reply(const struct ip *client, const struct dnsbl_list *,
    const struct dnsbl_verdict *, struct buf *out);

#endif
