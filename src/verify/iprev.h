/*
 * verify/iprev.h - does the client's address lead to a name that leads back to
 * it (RFC 8601, 3)? Pure over a set of DNS answers.
 */
#ifndef VERIFY_IPREV_H
#define VERIFY_IPREV_H

#include "base/ip.h"
#include "base/slice.h"
#include "dns/answers.h"

enum { IPREV_NAMES_MAX = 10 };

enum iprev_result {
	IPREV_AGAIN,
	IPREV_PASS,
	IPREV_FAIL, /* names there are, but none leads back */
	IPREV_TEMPERROR,
	IPREV_PERMERROR, /* no name */
};

/* PASS: *name is the answers'. */
enum iprev_result iprev_check(const struct ip *, struct answers *,
    struct slice *name);

#endif
