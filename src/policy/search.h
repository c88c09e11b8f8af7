/*
 * policy/search.h - the TLS policy of each of a domain's hosts: asks for what
 * has to be known, and decides.
 */
#ifndef POLICY_SEARCH_H
#define POLICY_SEARCH_H

#include <stdint.h>

#include "base/must.h"
#include "conf/target.h"
#include "dns/hosts.h"
#include "policy/dane.h"
#include "policy/sts.h"
#include "policy/tls_policy.h"

/* Who is asked; borrowed. */
struct policy_sources {
	struct loop *loop;
	struct resolver *resolver;
	struct sts *sts;
};

struct policy_question {
	enum tls_level level;
	enum target_kind kind;
	uint16_t port;
	bool sender_requires, sender_waives; /* RFC 8689 */
};

struct host_policy {
	struct tls_policy policy;
	struct dane dane; /* as long as the search */
	/* Names that DANE-TA takes beside dane.base. */
	const char *other_names[3];
	size_t other_name_count;
};

struct policy_search;
/*
 * From the loop; one policy a host, in the hosts' order. They are valid until
 * policy_search_free(), which must come.
 */
typedef void policy_fn(const struct host_policy *, void *arg);

/* The hosts are copied. */
struct policy_search *policy_find(const struct policy_sources *,
    const struct hosts *, const struct policy_question *, policy_fn *,
    void *arg) MUST_USE;
/* Before the call too. NULL is fine. */
void policy_search_free(struct policy_search **);

/* The one that MTA-STS was asked of; "": no domain's own hosts. */
const char *policy_search_domain(const struct policy_search *);
/* As in the call. */
const struct host_policy *policy_search_answers(const struct policy_search *);
/* What MTA-STS says of the domain, after the call; for reports. */
const struct sts_answer *policy_search_sts(const struct policy_search *);

#endif
