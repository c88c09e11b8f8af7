/*
 * deliver/tls_result.h - what became of each attempt to speak TLS, as TLSRPT
 * counts it (RFC 8460, 4.3 and 4.4): told to the scheduler, who keeps the
 * numbers.
 */
#ifndef DELIVER_TLS_RESULT_H
#define DELIVER_TLS_RESULT_H

#include "base/slice.h"
#include "deliver/job.h"
#include "policy/search.h"

/* An attempt: one connection to one host, or none because of the policy. */
struct tls_attempt {
	const char *domain; /* the policy's */
	const struct host_policy *policy;
	const struct sts_answer *sts;
	struct slice host, address;
	struct slice tls;     /* as in JOB_DONE; empty: no TLS */
	bool broke_tls;       /* it failed in the handshake */
	bool refused;         /* the policy does not let us try */
	struct slice failure; /* our own words for it */
};

/* The result type, "" for success; NULL: it says nothing of TLS. Pure. */
const char *tls_result_of(const struct tls_attempt *);
void tls_result_note(struct tools *, const struct tls_attempt *);

#endif
