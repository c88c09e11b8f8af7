/*
 * verify/arc_hash.h - fields into the hash that an ARC seal or signature is
 * over (RFC 8617, 4.1; RFC 6376, 3.4 and 3.7).
 */
#ifndef VERIFY_ARC_HASH_H
#define VERIFY_ARC_HASH_H

#include <stdbool.h>

#include "mail/header.h"
#include "verify/dkim_hash.h"

/* A field that is signed, with its line end. */
void arc_hash_field(struct dkim_hash *, const struct header_field *,
    bool relaxed);
/* The signing field itself, last: without b= (3.5), without its line end. */
void arc_hash_signer(struct dkim_hash *, const struct header_field *,
    bool relaxed);

#endif
