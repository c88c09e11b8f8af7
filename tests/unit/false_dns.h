/*
 * unit/false_dns.h - a name server of a few lines, on a port of 127.0.0.1, in
 * the test's own loop.
 */
#ifndef UNIT_FALSE_DNS_H
#define UNIT_FALSE_DNS_H

#include <stdint.h>

#include "io/loop.h"

/*
 * One record: "A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 mx.test", "MX 0 .",
 * "TXT words", "CNAME b.test"; or, for all types of a name, "SERVFAIL",
 * "SILENCE". A name that is not in the table does not exist.
 */
struct false_record {
	const char *name;
	const char *data;
};

struct false_dns;

/* The table ends with a NULL name and is borrowed. */
struct false_dns *false_dns_new(struct loop *, const struct false_record *);
void false_dns_free(struct false_dns **);
/* "127.0.0.1@PORT". */
const char *false_dns_server(const struct false_dns *);
unsigned false_dns_questions(const struct false_dns *);

#endif
