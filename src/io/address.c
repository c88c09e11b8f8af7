/*
 * io/address.c - between our addresses and the kernel's. It resolves no names.
 */
#include "io/address.h"

#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static int
bind_source(int fd, const struct ip *source)
{
	const struct conn_address from = { .ip = *source };
	struct sockaddr_storage ss;
	const int on = 1;
	socklen_t size;

	must(address_to_socket(&from, &ss, &size) == 0);
	/* The port is chosen at connect, when more are free. */
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
	    sizeof(on));
	return bind(fd, (struct sockaddr *)&ss, size) == -1 ? -errno : 0;
}

static int
start_connect(int fd, const struct conn_address *to, const struct ip *source)
{
	struct sockaddr_storage ss;
	const int on = 1;
	socklen_t size;
	int rc = 0;

	if (to->ip.version != 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (to->ip.version != 0 && source != NULL &&
	    source->version == to->ip.version)
		rc = bind_source(fd, source);
	if (rc == 0)
		rc = address_to_socket(to, &ss, &size);
	if (rc == 0 && connect(fd, (struct sockaddr *)&ss, size) == -1 &&
	    errno != EINPROGRESS)
		rc = -errno;
	return rc;
}

int
address_connect(const struct conn_address *to, const struct ip *source)
{
	int family = to->ip.version == 6 ? AF_INET6
	    : to->ip.version == 4        ? AF_INET
					 : AF_UNIX;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd == -1)
		return -errno;
	rc = start_connect(fd, to, source);
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

void
address_of_peer(int fd, struct conn_address *peer)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t size = sizeof(ss);

	*peer = (struct conn_address){ 0 };
	if (getpeername(fd, (struct sockaddr *)&ss, &size) == 0)
		address_from_socket(&ss, peer);
}

void
address_of_self(int fd, struct conn_address *self)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t size = sizeof(ss);

	*self = (struct conn_address){ 0 };
	if (getsockname(fd, (struct sockaddr *)&ss, &size) == 0)
		address_from_socket(&ss, self);
}
