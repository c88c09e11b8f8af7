/*
 * io/address.h - the two ends of a connection, as values.
 */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"

struct conn_address {
	struct ip ip; /* version 0: a Unix socket */
	uint16_t port;
	const char *path; /* borrowed, Unix sockets; else NULL */
};

enum { ADDRESS_TEXT_SIZE = IP_TEXT_SIZE + 8 };

/* "192.0.2.1:25", "[2001:db8::1]:25" or "unix". */
void address_text(const struct conn_address *, char out[ADDRESS_TEXT_SIZE]);
/* IPv4-mapped IPv6 becomes IPv4; a Unix peer has no path. */
void address_from_socket(const struct sockaddr_storage *,
    struct conn_address *);
/* 0 or -ENAMETOOLONG. */
int address_to_socket(const struct conn_address *, struct sockaddr_storage *,
    socklen_t *) MUST_USE;

/*
 * Begins to connect a new non-blocking socket; the descriptor or -errno.
 * `source` is a local address or NULL; one of another family is not used.
 */
int address_connect(const struct conn_address *to,
    const struct ip *source) MUST_USE;
/* The ends of a socket; version 0 if it has none. */
void address_of_peer(int fd, struct conn_address *);
void address_of_self(int fd, struct conn_address *);

#endif
