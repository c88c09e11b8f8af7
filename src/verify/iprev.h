/*
 * verify/iprev.h - does a client's address have a name that has the address
 * (RFC 8601, 3). Pure over a set of DNS answers.
 */
#ifndef VERIFY_IPREV_H
#define VERIFY_IPREV_H

#include "base/ip.h"
#include "dns/answers.h"

enum { IPREV_NAMES_MAX = 10 };

enum iprev_result {
	IPREV_AGAIN,
	IPREV_PASS,
	IPREV_FAIL,      /* no name of it has the address */
	IPREV_TEMPERROR, /* DNS trouble, and no name is proved */
	IPREV_PERMERROR, /* it has no name at all */
};

struct iprev_verdict {
	enum iprev_result result;
	char name[DNS_NAME_SIZE]; /* the first that is proved; or "" */
};

void iprev_evaluate(const struct ip *client, struct answers *,
    struct iprev_verdict *out);

#endif
