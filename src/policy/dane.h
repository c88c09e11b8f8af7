/*
 * policy/dane.h - the TLSA records of a host (RFC 7672, 2.2), and whether they
 * bind. The answer comes from the loop.
 */
#ifndef POLICY_DANE_H
#define POLICY_DANE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/must.h"
#include "dns/hosts.h"
#include "dns/resolver.h"
#include "io/loop.h"
#include "policy/tls_policy.h"

enum { DANE_RECORDS_MAX = 16 }; /* usable ones; more are passed over */

struct dane {
	enum dane_outcome outcome;
	/* With DANE_USABLE, all of it the arena's: */
	const char *base; /* the name that SNI shows */
	const struct tls_tlsa *tlsa;
	size_t tlsa_count;
};

struct dane_search;
/* The search is gone then; its answer is the arena's. */
typedef void dane_fn(const struct dane *, void *arg);

/* The host is borrowed until the call. */
struct dane_search *dane_find(struct resolver *, struct loop *, struct arena *,
    const struct host *, uint16_t port, dane_fn *, void *arg) MUST_USE;
/* No call will come. NULL is fine. */
void dane_cancel(struct dane_search **);

/* One record's rdata, as in the DNS; its data points into it. Pure. */
bool dane_tlsa_parse(struct slice rdata, struct tls_tlsa *) MUST_USE;
/*
 * What an answer to a question for TLSA comes to: pure. DANE_ABSENT when it
 * has none, or is not proved.
 */
void dane_judge(const struct dns_answer *, struct arena *, struct dane *);

#endif
