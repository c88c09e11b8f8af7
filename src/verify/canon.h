/*
 * verify/canon.h - the canonical forms over which DKIM and ARC sign (RFC 6376,
 * 3.4), and the hash of a body as it streams by.
 */
#ifndef VERIFY_CANON_H
#define VERIFY_CANON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "mail/header.h"

enum { CANON_HASH_SIZE = 32 }; /* SHA-256 */

/* Adds "name:body" in its relaxed form, without CRLF (3.4.2). */
void canon_header_relaxed(const struct header_field *, struct buf *out);
/*
 * The field with the value of its b= tag taken out (3.5); the rest is as it
 * was. The new field is added to `out` as a whole.
 */
void canon_without_signature(const struct header_field *, struct buf *out);

struct body_hash;

struct body_hash *body_hash_new(bool relaxed) MUST_USE;
void body_hash_free(struct body_hash **);
/* Any piece of the body; only CRLF ends a line. */
void body_hash_add(struct body_hash *, struct slice);
/* The end of the body; once. */
void body_hash_end(struct body_hash *, uint8_t out[CANON_HASH_SIZE]);

#endif
