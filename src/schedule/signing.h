/*
 * schedule/signing.h - DKIM signatures of what mtad itself writes: reports of
 * delivery, and those of TLS and DMARC.
 *
 * The content is shown piece by piece, as it goes to the disk.
 */
#ifndef SCHEDULE_SIGNING_H
#define SCHEDULE_SIGNING_H

#include "base/buf.h"
#include "base/must.h"
#include "verify/dkim_signers.h"

struct signing;

/* Borrows the signers; NULL: nothing will be signed. */
struct signing *signing_new(const struct dkim_signers *) MUST_USE;
void signing_free(struct signing **);
void signing_add(struct signing *, struct slice piece);
/*
 * Adds the fields to stand before it, or nothing if no key is the author's. 0,
 * or ERR_LIMIT.
 */
int signing_end(struct signing *, int64_t wall_ms, struct buf *) MUST_USE;

#endif
