/*
 * mail/received.h - the trace field that we put before a message (RFC 5321,
 * 4.4; RFC 3848; RFC 6531, 3.7.3; RFC 6710).
 *
 * Writes only; who counts the hops uses header_count(). Nothing that the client
 * says can make it more than one field.
 */
#ifndef MAIL_RECEIVED_H
#define MAIL_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/slice.h"

struct received {
	struct slice helo;        /* what the client says it is; or empty */
	struct slice client_name; /* its verified reverse name; or empty */
	struct ip client;         /* version 0: on this machine, no network */
	struct slice hostname;    /* ours */
	uint64_t id;
	int64_t wall_ms;
	bool esmtp;    /* EHLO, not HELO */
	bool smtputf8; /* the transaction's */
	bool authenticated;
	struct slice tls;       /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; or empty */
	int8_t priority;        /* RFC 6710; 0: not said */
	struct slice recipient; /* the only one; empty if there are more */
};

/* "Received: ...", with its CRLF. */
void received_write(const struct received *, struct buf *);
/* "ESMTPSA" and the like. */
const char *received_protocol(const struct received *);

#endif
