/*
 * verify/key_record.h - a public key as the DNS publishes it (RFC 6376, 3.6.1;
 * RFC 8463), and what a signature over a SHA-256 hash is worth under it.
 */
#ifndef VERIFY_KEY_RECORD_H
#define VERIFY_KEY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dns/answers.h"

enum key_algorithm { KEY_UNKNOWN, KEY_RSA_SHA256, KEY_ED25519_SHA256 };

enum key_verdict {
	KEY_AGAIN,   /* the answer is missing */
	KEY_GOOD,    /* signed by it */
	KEY_BAD,     /* not signed by it */
	KEY_NONE,    /* no key at that name */
	KEY_REVOKED, /* its p= is empty */
	KEY_UNFIT,   /* malformed, too short, too long, or for something else */
	KEY_TEMPORARY, /* DNS trouble */
};

/* "rsa-sha256", "ed25519-sha256"; all else is unknown, rsa-sha1 included. */
enum key_algorithm key_algorithm_of(struct slice a_tag);

/* Asks for the key; true: the answer is not there yet. */
bool key_is_missing(struct answers *, struct slice selector,
    struct slice domain);
/* Judges by the key at SELECTOR._domainkey.DOMAIN. */
enum key_verdict key_verify(struct answers *, struct slice selector,
    struct slice domain, enum key_algorithm, const uint8_t hash[32],
    struct slice signature);

#endif
