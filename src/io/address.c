/*
 * io/address.c - between our addresses and the kernel's. It resolves no names.
 */
#include "io/address.h"

#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void
address_text(const struct conn_address *a, char out[ADDRESS_TEXT_SIZE])
{
	char ip[IP_TEXT_SIZE];

	if (a->ip.version == 0) {
		(void)snprintf(out, ADDRESS_TEXT_SIZE, "unix");
		return;
	}
	ip_text(&a->ip, ip);
	(void)snprintf(out, ADDRESS_TEXT_SIZE,
	    a->ip.version == 6 ? "[%s]:%u" : "%s:%u", ip, (unsigned)a->port);
}

static bool
is_mapped_ipv4(const struct in6_addr *in6)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(in6->s6_addr, prefix, sizeof(prefix)) == 0;
}

void
address_from_socket(const struct sockaddr_storage *ss, struct conn_address *a)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*a = (struct conn_address){ 0 };
	if (ss->ss_family == AF_INET) {
		memcpy(&in, ss, sizeof(in));
		a->ip.version = 4;
		memcpy(a->ip.bytes, &in.sin_addr, 4);
		a->port = ntohs(in.sin_port);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(&in6, ss, sizeof(in6));
		a->port = ntohs(in6.sin6_port);
		if (is_mapped_ipv4(&in6.sin6_addr)) {
			a->ip.version = 4;
			memcpy(a->ip.bytes, in6.sin6_addr.s6_addr + 12, 4);
		} else {
			a->ip.version = 6;
			memcpy(a->ip.bytes, in6.sin6_addr.s6_addr, 16);
		}
	}
}

int
address_to_socket(const struct conn_address *a, struct sockaddr_storage *ss,
    socklen_t *size)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (a->ip.version == 4) {
		memcpy(&in.sin_addr, a->ip.bytes, 4);
		in.sin_port = htons(a->port);
		memcpy(ss, &in, *size = sizeof(in));
	} else if (a->ip.version == 6) {
		memcpy(&in6.sin6_addr, a->ip.bytes, 16);
		in6.sin6_port = htons(a->port);
		memcpy(ss, &in6, *size = sizeof(in6));
	} else {
		must(a->path != NULL);
		if (strlen(a->path) >= sizeof(un.sun_path))
			return -ENAMETOOLONG;
		memcpy(un.sun_path, a->path, strlen(a->path) + 1);
		memcpy(ss, &un, *size = sizeof(un));
	}
	return 0;
}
