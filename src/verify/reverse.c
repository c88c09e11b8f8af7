/*
 * verify/reverse.c - octets, or nibbles, in the order of the DNS.
 */
#include "verify/reverse.h"

#include <stdio.h>

enum { OCTETS_6 = 16, PREFIX_SIZE = 72 };

bool
reverse_name(const struct ip *ip, struct slice zone,
    char out[REVERSE_NAME_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char prefix[PREFIX_SIZE];
	size_t n = 0;
	int length;

	if (ip->version == 4) {
		n = (size_t)snprintf(prefix, sizeof(prefix), "%u.%u.%u.%u.",
		    ip->bytes[3], ip->bytes[2], ip->bytes[1], ip->bytes[0]);
	} else if (ip->version == 6) {
		for (size_t i = OCTETS_6; i-- > 0;) {
			prefix[n++] = hex[ip->bytes[i] & 15];
			prefix[n++] = '.';
			prefix[n++] = hex[ip->bytes[i] >> 4];
			prefix[n++] = '.';
		}
	} else {
		return false;
	}
	if (zone.n > DNS_NAME_MAX - n)
		return false;
	length = snprintf(out, REVERSE_NAME_SIZE, "%.*s%.*s", (int)n, prefix,
	    SLICE_ARGS(zone));
	return length > 0 && length <= DNS_NAME_MAX;
}

bool
reverse_arpa(const struct ip *ip, char out[REVERSE_NAME_SIZE])
{
	return reverse_name(ip,
	    ip->version == 4 ? SLICE("in-addr.arpa") : SLICE("ip6.arpa"), out);
}
