/*
 * mail/from_header.h - whose domains a message's From fields name (RFC 5322,
 * 3.6.2, with the obsolete forms of 4.4, groups, and UTF-8 of RFC 6532).
 *
 * For checks of the author's domain, so nothing that a reader's program might
 * show is overlooked: what is malformed is searched for domains all the same,
 * and several fields count together. Bounded whatever the field holds.
 */
#ifndef MAIL_FROM_HEADER_H
#define MAIL_FROM_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "mail/address.h"

enum { FROM_DOMAINS_MAX = 8 };

enum from_result {
	FROM_GOOD,      /* at least one address, all of them well-formed */
	FROM_MISSING,   /* no such field */
	FROM_EMPTY,     /* no address in it (a group without members) */
	FROM_MALFORMED, /* the domains are those that could be made out */
};

struct from_header {
	enum from_result result;
	size_t field_count;
	size_t address_count; /* well-formed ones */
	size_t domain_count;
	bool has_more; /* distinct domains beyond the maximum */
	/* Each once, in lower case as far as ASCII, "[literal]" included. */
	char domain[FROM_DOMAINS_MAX][DOMAIN_MAX + 1];
};

/* All From fields of a header section. */
void from_header_read(struct slice header, struct from_header *out);
/* The body of one; folded, as it is. */
void from_header_parse(struct slice body, struct from_header *out);

#endif
