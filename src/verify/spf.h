/*
 * verify/spf.h - may this host send for this domain (RFC 7208)?
 *
 * Pure over a set of DNS answers: SPF_AGAIN until all are there, which may take
 * several rounds, since one record names the next. At most ten terms that ask
 * the DNS, ten hosts of an mx or ptr, two questions without an answer.
 */
#ifndef VERIFY_SPF_H
#define VERIFY_SPF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/slice.h"
#include "dns/answers.h"

enum {
	SPF_TERMS_MAX = 10, /* RFC 7208, 4.6.4 */
	SPF_HOSTS_MAX = 10,
	SPF_VOIDS_MAX = 2,
	SPF_EXPLANATION_SIZE = 400,
	SPF_REASON_SIZE = 160,
};

enum spf_result {
	SPF_AGAIN, /* answers are missing */
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};

/*
 * One step of an evaluation, for people: the term, in the record of `domain`,
 * and what came of it ("match", "no match", "temperror" ...). Told again in
 * each round.
 */
typedef void spf_trace_fn(unsigned depth, struct slice domain,
    struct slice term, const char *outcome, void *arg);

struct spf_query {
	struct ip client;
	struct slice local;  /* of MAIL FROM; empty: "postmaster" */
	struct slice domain; /* of MAIL FROM, or the HELO name */
	struct slice helo;
	struct slice receiver; /* our own name */
	int64_t wall_ms;
	spf_trace_fn *trace; /* or NULL */
	void *trace_arg;
};

struct spf_outcome {
	enum spf_result result;
	/* FAIL: what the domain's owner says about it; printable ASCII, or ""
	 */
	char explanation[SPF_EXPLANATION_SIZE];
	char reason[SPF_REASON_SIZE]; /* which term decided, or what is wrong */
};

/* *out is whole unless it says SPF_AGAIN. */
void spf_check(const struct spf_query *, struct answers *,
    struct spf_outcome *out);

/* "pass", "softfail" ... as RFC 8601 spells it; AGAIN: "none". */
const char *spf_result_name(enum spf_result);

#endif
