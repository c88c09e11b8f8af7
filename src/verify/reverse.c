/*
 * verify/reverse.c - see reverse.h; pure.
 */
#include "verify/reverse.h"

#include <stdio.h>

enum { NIBBLES_SIZE = 16 * 4 + 1 };

bool
reverse_name(const struct ip *ip, struct slice zone, char out[DNS_NAME_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char nibbles[NIBBLES_SIZE], *p = nibbles;
	int n;

	for (size_t i = 16; i-- > 0;) {
		*p++ = digits[ip->bytes[i] & 15];
		*p++ = '.';
		*p++ = digits[ip->bytes[i] >> 4];
		*p++ = '.';
	}
	*p = '\0';
	if (ip->version == 4)
		(void)snprintf(nibbles, sizeof(nibbles), "%u.%u.%u.%u.",
		    ip->bytes[3], ip->bytes[2], ip->bytes[1], ip->bytes[0]);
	n = snprintf(out, DNS_NAME_SIZE, "%s%.*s", nibbles, SLICE_ARGS(zone));
	return n <= DNS_NAME_MAX;
}

void
reverse_arpa(const struct ip *ip, char out[DNS_NAME_SIZE])
{
	must(reverse_name(ip,
	    ip->version == 4 ? SLICE("in-addr.arpa") : SLICE("ip6.arpa"), out));
}
