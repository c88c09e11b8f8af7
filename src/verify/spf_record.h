/*
 * verify/spf_record.h - the terms of an SPF record (RFC 7208, 4.6 and 12).
 *
 * Pure; slices point into the record. A record is checked as a whole before any
 * of its terms counts: spf_record_check(), then spf_record_take() in order.
 */
#ifndef VERIFY_SPF_RECORD_H
#define VERIFY_SPF_RECORD_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"

enum spf_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_EXP,
	SPF_UNKNOWN_MODIFIER,
};

struct spf_term {
	enum spf_kind kind;
	char qualifier;       /* '+', '-', '?' or '~' */
	struct slice text;    /* the whole term */
	struct slice domain;  /* domain-spec; empty: none was given */
	struct ip_net net;    /* IP4, IP6 */
	uint8_t bits4, bits6; /* A, MX: the prefix lengths */
};

struct spf_record {
	struct slice terms; /* for spf_record_take() */
	bool has_all;
	struct slice redirect; /* domain-spec, or empty */
	struct slice exp;      /* domain-spec, or empty */
};

/* "v=spf1", alone or with a space behind: is this text an SPF record? */
bool spf_record_is(struct slice text);
/* False: the term is malformed, *bad_term; or a modifier stands twice. */
bool spf_record_check(struct slice text, struct spf_record *out,
    struct slice *bad_term) MUST_USE;
/* The next term of checked ones; false at the end. */
bool spf_record_take(struct slice *terms, struct spf_term *out);

#endif
