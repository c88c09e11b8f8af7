/*
 * verify/dmarc.h - does the author's domain stand behind this message, and
 * what does it wish if not (RFC 9989).
 *
 * Pure over a set of DNS answers: DMARC_AGAIN until all are there. Several
 * author domains are each judged, and the strictest verdict is the message's.
 *
 * DMARC_TEMPERROR: some answer that matters could not be had, now. RFC 9989
 * leaves the choice to the receiver; `retry` says when a 451 is right: the
 * domain's policy is not known to be none, and the message has not passed.
 * Trouble with an identifier that could not be aligned anyway is no temperror,
 * else a sender could choose a broken domain to escape.
 */
#ifndef VERIFY_DMARC_H
#define VERIFY_DMARC_H

#include <stdbool.h>
#include <stddef.h>

#include "dns/answers.h"
#include "mail/from_header.h"
#include "verify/dmarc_record.h"

enum {
	DMARC_QUERIES_MAX = 8, /* of one tree walk: RFC 9989, 4.10 */
	DMARC_AUTHORS_MAX = 4, /* our limit; more is DMARC_PERMERROR */
	DMARC_REASON_SIZE = 160,
};

/* What SPF or a DKIM signature says about the domain that it is for. */
enum dmarc_auth { DMARC_AUTH_OTHER, DMARC_AUTH_PASS, DMARC_AUTH_TEMPERROR };

struct dmarc_identifier {
	enum dmarc_auth auth;
	struct slice domain;
};

struct dmarc_input {
	const struct from_header *from;
	/* MAIL FROM's domain, or HELO's when that is null (RFC 7208, 2.4). */
	struct dmarc_identifier spf;
	const struct dmarc_identifier *dkim; /* d= of each signature */
	size_t dkim_count;
};

enum dmarc_result {
	DMARC_AGAIN, /* answers are missing */
	DMARC_PASS,
	DMARC_FAIL,
	DMARC_NONE,      /* no policy is published */
	DMARC_TEMPERROR, /* see above */
	DMARC_PERMERROR, /* no usable From, or no usable record */
};

/* What the record said, for reports. */
struct dmarc_published {
	enum dmarc_policy p, sp, np;
	enum dmarc_psd psd;
	bool testing, adkim_strict, aspf_strict;
};

struct dmarc_verdict {
	enum dmarc_result result;
	enum dmarc_policy policy;  /* p, sp or np: what holds for the author */
	enum dmarc_policy applied; /* NONE unless FAIL; and with t=y */
	bool retry;                /* 451 4.7.1 is right */
	bool spf_aligned;          /* passed and aligned */
	bool dkim_aligned;
	size_t dkim_index;             /* of the first such signature */
	char author[DNS_NAME_SIZE];    /* A-labels; or "" */
	char policy_at[DNS_NAME_SIZE]; /* where the record is; or "" */
	char organization[DNS_NAME_SIZE];
	struct dmarc_published published;
	char reason[DMARC_REASON_SIZE]; /* for people, ASCII; may be "" */
};

/* *out is whole unless it says DMARC_AGAIN. */
void dmarc_evaluate(const struct dmarc_input *, struct answers *,
    struct dmarc_verdict *out);

/*
 * The record of policy_at again, for its rua: false when it is not there any
 * more. It points into the answers.
 */
bool dmarc_find_record(struct answers *, struct slice domain,
    struct dmarc_record *out) MUST_USE;

enum dmarc_found { DMARC_FOUND, DMARC_FOUND_NONE, DMARC_FOUND_LATER };

/*
 * The organizational domain of a name, A-labels. NONE: that is no domain name,
 * or it can't be found out now; LATER: answers are missing.
 */
enum dmarc_found dmarc_organization(struct answers *, struct slice name,
    char out[DNS_NAME_SIZE]) MUST_USE;

/* "pass", "fail" ... as Authentication-Results says it; AGAIN: "none". */
const char *dmarc_result_name(enum dmarc_result);

#endif
