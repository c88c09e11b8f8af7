/*
 * verify/dkim_record.h - a public key in the DNS (RFC 6376, 3.6.1; RFC 8463).
 *
 * A record is judged alone, before any signature is: what it may be used for,
 * and whether the key in it is one that we would trust. That also keeps from
 * the library what would cost it too much time (a key of strange size).
 */
#ifndef VERIFY_DKIM_RECORD_H
#define VERIFY_DKIM_RECORD_H

#include <stdbool.h>

#include "base/must.h"
#include "base/slice.h"
#include "dns/packet.h"

enum dkim_key_type { DKIM_KEY_RSA, DKIM_KEY_ED25519 };

enum {
	/* RFC 8301, 3.2: none shorter is valid; none longer fits 1000 octets */
	DKIM_RSA_BITS_MIN = 1024,
	DKIM_RSA_BITS_MAX = 5120,
	DKIM_RECORD_KEY_SIZE = 1001, /* base64, with a NUL */
};

enum dkim_record_state {
	DKIM_RECORD_GOOD,
	DKIM_RECORD_BAD,     /* not a record, or not one for this use */
	DKIM_RECORD_REVOKED, /* p= is empty */
	DKIM_RECORD_SHORT,   /* an RSA key of less than 1024 bits */
	DKIM_RECORD_MISSING, /* no such name, or no TXT record */
	DKIM_RECORD_LATER,   /* the DNS could not say */
};

struct dkim_record {
	enum dkim_record_state state;
	const char *reason; /* in words, unless it is good */
	enum dkim_key_type type;
	unsigned bits;                  /* of an RSA key; 256 for Ed25519 */
	bool testing;                   /* t=y */
	bool strict;                    /* t=s: i= has the very domain of d= */
	char key[DKIM_RECORD_KEY_SIZE]; /* p= without white space */
};

/* Any bytes. Tells by out->state how it is. */
void dkim_record_parse(struct slice text, struct dkim_record *out);
/*
 * The record of an answer. TXT records that hold no key stand beside it in
 * some zones and are passed over; two with keys are an error (3.6.2.2 leaves
 * the choice to us: a signer who has two can't know which one we take).
 */
void dkim_record_choose(const struct dns_answer *, struct dkim_record *out);

/* SELECTOR._domainkey.DOMAIN; false if that is no name in the DNS. */
bool dkim_record_name(struct slice selector, struct slice domain,
    char out[DNS_NAME_SIZE]) MUST_USE;

#endif
