/*
 * verify/reverse.h - an address as a name: "1.2.0.192.in-addr.arpa", or below
 * any other zone (RFC 1035, 3.5; RFC 3596, 2.5; RFC 5782, 2).
 */
#ifndef VERIFY_REVERSE_H
#define VERIFY_REVERSE_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "dns/packet.h"

enum { REVERSE_NAME_SIZE = DNS_NAME_SIZE };

/* False: the name would be too long, or it is no address. */
bool reverse_name(const struct ip *, struct slice zone,
    char out[REVERSE_NAME_SIZE]) MUST_USE;
/* Below in-addr.arpa or ip6.arpa. */
bool reverse_arpa(const struct ip *, char out[REVERSE_NAME_SIZE]) MUST_USE;

#endif
