/*
 * verify/dkim_key.h - a private key that signs, parsed once.
 *
 * RSA (RFC 6376, 3.3) or Ed25519 (RFC 8463), from PEM as openssl genpkey or
 * opendkim-genkey write it, without a pass phrase.
 */
#ifndef VERIFY_DKIM_KEY_H
#define VERIFY_DKIM_KEY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "verify/dkim_hash.h"
#include "verify/dkim_record.h"

struct dkim_key;

/* NULL and `why`: no such key, or one that receivers do not accept. */
struct dkim_key *dkim_key_new(struct slice pem, struct why *) MUST_USE;
/* A new one, of 2048 bits if RSA. */
struct dkim_key *dkim_key_generate(enum dkim_key_type) MUST_USE;
void dkim_key_free(struct dkim_key **);

enum dkim_key_type dkim_key_type(const struct dkim_key *);
unsigned dkim_key_bits(const struct dkim_key *);
/* As a= writes it: "rsa-sha256", "ed25519-sha256". */
const char *dkim_key_algorithm(const struct dkim_key *);

/* Adds the signature of the hash, in base64. */
void dkim_key_sign(const struct dkim_key *,
    const unsigned char hash[DKIM_HASH_SIZE], struct buf *);
/* Adds the private key as PEM (PKCS #8); a secret. */
void dkim_key_write(const struct dkim_key *, struct buf *);
/* Adds what the DNS must say: "v=DKIM1; k=rsa; p=...". */
void dkim_key_record(const struct dkim_key *, struct buf *);
/* Is that the record of this key? */
bool dkim_key_matches(const struct dkim_key *, const struct dkim_record *);

/* sub-domain *( "." sub-domain ), of 63 octets each (RFC 6376, 3.1). */
bool dkim_selector_is_good(struct slice);

#endif
