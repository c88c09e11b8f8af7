/*
 * verify/reverse.h - an address as the DNS turns it round (RFC 1035, 3.5; RFC
 * 3596, 2.5), under any zone.
 */
#ifndef VERIFY_REVERSE_H
#define VERIFY_REVERSE_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "dns/packet.h"

/* "7.2.0.192.ZONE", or 32 nibbles. False: too long for a name. */
bool reverse_name(const struct ip *, struct slice zone,
    char out[DNS_NAME_SIZE]) MUST_USE;
/* Under in-addr.arpa or ip6.arpa, where PTR records are. */
void reverse_arpa(const struct ip *, char out[DNS_NAME_SIZE]);

#endif
