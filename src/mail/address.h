/*
 * mail/address.h - mailbox addresses as SMTP writes them (RFC 5321, 4.1.2;
 * RFC 6531 for UTF-8).
 *
 * Parsing copies nothing: the halves point into the caller's bytes. The null
 * sender is the address whose two halves are empty. A mailbox without a domain
 * (RFC 5321 allows "postmaster") has an empty domain.
 */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

/*
 * RFC 5321, 4.5.3.1; ADDRESS_MAX is the path of 256 without its brackets. The
 * local part's 64 is not enforced: it is what everyone must take, and VERP and
 * SRS senders need more.
 */
enum { DOMAIN_MAX = 255, ADDRESS_MAX = 254 };

enum parse {
	PARSE_OK,
	PARSE_SYNTAX,   /* not of that form */
	PARSE_TOO_LONG, /* of that form, over a limit */
	PARSE_UTF8,     /* of that form, with UTF-8 not allowed; or malformed */
};

struct address {
	struct slice local;  /* as written, quotes included */
	struct slice domain; /* name, A- or U-label, or "[address literal]" */
};

/*
 * "<" [ source-route ":" ] mailbox ">" off the front of *in. A source route is
 * taken and *routed set: the caller decides. `utf8` allows U-labels and UTF-8
 * local parts. On failure *in and the outputs are untouched.
 */
enum parse path_take(struct slice *in, bool utf8, struct address *out,
    bool *routed) MUST_USE;
/* local "@" domain, the whole slice; or a local part alone; or "": null. */
enum parse address_parse(struct slice, bool utf8, struct address *) MUST_USE;

bool address_is_null(const struct address *);
bool address_is_literal(const struct address *); /* domain is "[...]" */
bool address_is_ascii(const struct address *);
/* Same mailbox: domains without case, local parts without case (our choice). */
bool address_eq(const struct address *, const struct address *);
/* Adds local@domain ("" for the null sender). */
void address_write(const struct address *, struct buf *);
/*
 * The meaning of the local part: without quotes and backslashes. What is left
 * may hold any byte; with `@`, `!` or `%` in it, it is a relay trick to us.
 */
void address_local_unquote(const struct address *, struct buf *);

/* Domain = sub-domain *("." sub-domain); LDH labels, or UTF-8 where allowed. */
bool domain_is_valid(struct slice, bool utf8);

#endif
