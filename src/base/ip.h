/*
 * base/ip.h - IP addresses and networks as values.
 *
 * IPv4-mapped IPv6 addresses become IPv4 when parsed or taken from a socket.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum { IP_TEXT_SIZE = 46 };

struct ip {
	uint8_t version;   /* 4, 6, or 0: none */
	uint8_t bytes[16]; /* network order; the first four for IPv4 */
};

struct ip_net {
	struct ip ip;
	uint8_t bits;
};

bool ip_parse(struct slice, struct ip *) MUST_USE;
void ip_text(const struct ip *, char out[IP_TEXT_SIZE]);
bool ip_eq(const struct ip *, const struct ip *);
/* 127.0.0.0/8 or ::1. */
bool ip_is_loopback(const struct ip *);
/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32"; bits past the mask must be 0.
 */
bool ip_net_parse(struct slice, struct ip_net *) MUST_USE;
bool ip_net_has(const struct ip_net *, const struct ip *);

#endif
