/*
 * policy/tlsrpt_text.h - where a domain wants its TLS reports (RFC 8460, 3):
 * the TXT record of _smtp._tls.DOMAIN. Pure.
 */
#ifndef POLICY_TLSRPT_TEXT_H
#define POLICY_TLSRPT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "dns/packet.h"

enum { TLSRPT_PATH_SIZE = 512 };

enum rua_kind { RUA_MAIL, RUA_HTTPS };

struct rua {
	enum rua_kind kind;
	struct slice address; /* RUA_MAIL; into the record */
	/* RUA_HTTPS: */
	char host[DNS_NAME_SIZE];
	uint16_t port;
	char path[TLSRPT_PATH_SIZE];
};

/* Is that TXT string a TLSRPT record, be it malformed? */
bool tlsrpt_is_ours(struct slice txt);
/* The first of its addresses that we can serve. */
bool tlsrpt_parse(struct slice txt, struct rua *) MUST_USE;

#endif
