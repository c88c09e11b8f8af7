/*
 * verify/dkim_hash.h - SHA-256 over what DKIM and ARC sign, in the relaxed form
 * (RFC 6376, 3.4.2 and 3.4.4), while it streams by.
 *
 * Bytes go in in runs of any size; only CRLF ends a line. A hash takes either
 * fields and text, or one body.
 */
#ifndef VERIFY_DKIM_HASH_H
#define VERIFY_DKIM_HASH_H

#include "base/must.h"
#include "base/slice.h"
#include "mail/header.h"

enum { DKIM_HASH_SIZE = 32 };

struct dkim_hash;

struct dkim_hash *dkim_hash_new(void) MUST_USE;
/* Of a body in the simple form (3.4.3). */
struct dkim_hash *dkim_hash_new_simple(void) MUST_USE;
/* One that goes on from where the other is now. */
struct dkim_hash *dkim_hash_copy(struct dkim_hash *) MUST_USE;
void dkim_hash_free(struct dkim_hash **);

/* As it is. */
void dkim_hash_text(struct dkim_hash *, struct slice);
/* The field without its line end, in the relaxed form. */
void dkim_hash_field(struct dkim_hash *, const struct header_field *);
/* A run of the body; dkim_hash_end() closes it. */
void dkim_hash_body(struct dkim_hash *, struct slice run);
/* Once. */
void dkim_hash_end(struct dkim_hash *, unsigned char out[DKIM_HASH_SIZE]);

#endif
