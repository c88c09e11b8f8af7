/*
 * smtp/ehlo.h - what a server offers in its reply to EHLO, read by the client.
 *
 * Unknown keywords are skipped, malformed values count as not given: what a
 * server says can only narrow what we do with it.
 */
#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum ehlo_extension {
	EHLO_PIPELINING = 1 << 0,          /* RFC 2920 */
	EHLO_8BITMIME = 1 << 1,            /* RFC 6152 */
	EHLO_SMTPUTF8 = 1 << 2,            /* RFC 6531 */
	EHLO_SIZE = 1 << 3,                /* RFC 1870 */
	EHLO_DSN = 1 << 4,                 /* RFC 3461 */
	EHLO_STARTTLS = 1 << 5,            /* RFC 3207 */
	EHLO_AUTH = 1 << 6,                /* RFC 4954 */
	EHLO_CHUNKING = 1 << 7,            /* RFC 3030 */
	EHLO_BINARYMIME = 1 << 8,          /* RFC 3030 */
	EHLO_ENHANCEDSTATUSCODES = 1 << 9, /* RFC 2034 */
	EHLO_REQUIRETLS = 1 << 10,         /* RFC 8689 */
	EHLO_LIMITS = 1 << 11,             /* RFC 9422 */
	EHLO_DELIVERBY = 1 << 12,          /* RFC 2852 */
	EHLO_PRIORITY = 1 << 13,           /* RFC 6710 */
};

enum { EHLO_AUTH_MAX = 256 };

struct ehlo {
	unsigned offers;          /* enum ehlo_extension */
	uint64_t size;            /* largest message; 0: it does not say */
	uint32_t by_least;        /* DELIVERBY: seconds; 0: any */
	uint32_t mail_max;        /* LIMITS MAILMAX: transactions; 0: none */
	uint32_t rcpt_max;        /* LIMITS RCPTMAX; 0: none */
	uint32_t rcpt_domain_max; /* LIMITS RCPTDOMAINMAX; 0: none */
	char auth[EHLO_AUTH_MAX]; /* mechanisms with a space before each */
};

void ehlo_init(struct ehlo *);
/* The text of one line of the reply, the first (the greeting) left out. */
void ehlo_add_line(struct ehlo *, struct slice text);
bool ehlo_offers(const struct ehlo *, enum ehlo_extension);
bool ehlo_offers_auth(const struct ehlo *, const char *mechanism);

#endif
