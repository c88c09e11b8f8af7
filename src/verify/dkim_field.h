/*
 * verify/dkim_field.h - what a DKIM-Signature field says (RFC 6376, 3.5), and
 * all that can be held against it before its key is known (6.1.1).
 */
#ifndef VERIFY_DKIM_FIELD_H
#define VERIFY_DKIM_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "dns/packet.h"
#include "verify/dkim_record.h"

/* RFC 8601, 2.7.1. */
enum dkim_result {
	DKIM_RESULT_NONE, /* not signed */
	DKIM_RESULT_PASS,
	DKIM_RESULT_FAIL,    /* the message is not what was signed */
	DKIM_RESULT_POLICY,  /* it may be, but we do not accept how */
	DKIM_RESULT_NEUTRAL, /* not understood; or a test that failed (t=y) */
	DKIM_RESULT_TEMPERROR,
	DKIM_RESULT_PERMERROR,
};

enum {
	DKIM_IDENTITY_SIZE = 512,
	DKIM_ALGORITHM_SIZE = 32,
	DKIM_B_SIZE = 9, /* RFC 6008: at least eight characters */
	DKIM_SIGNED_MAX =
	    250 /* names in h=; the library stops at 4095 octets */
};

struct dkim_field {
	/* PASS: nothing against it yet; else the verdict, with its reason */
	enum dkim_result result;
	const char *reason;
	enum dkim_key_type type;
	char domain[DNS_NAME_SIZE]; /* d=, "" when unknown; so with all these */
	char selector[DNS_NAME_SIZE];
	char identity[DKIM_IDENTITY_SIZE]; /* i=, or "@" and d= */
	char algorithm[DKIM_ALGORITHM_SIZE];
	char b[DKIM_B_SIZE];
	char key_name[DNS_NAME_SIZE]; /* where its key is */
	size_t signed_names;          /* in h= */
	uint64_t length;              /* l=; UINT64_MAX: the whole body */
	bool relaxed;                 /* the body, by c= */
};

/* `body` is what follows the colon. Any bytes. */
void dkim_field_parse(struct slice body, struct dkim_field *out);
/* Is the domain of i= the very one of d=? */
bool dkim_field_is_exact(const struct dkim_field *);

/* "pass", ... */
const char *dkim_result_name(enum dkim_result);

#endif
