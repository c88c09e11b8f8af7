/*
 * verify/dkim_sign.h - signs a message while it streams by (RFC 6376, 5).
 *
 * relaxed/relaxed, one DKIM-Signature field for each key of the signer. The
 * fields to sign are read once, the body is hashed once for all keys; nothing
 * of either is kept. What a relay adds or changes on the way is never signed.
 */
#ifndef VERIFY_DKIM_SIGN_H
#define VERIFY_DKIM_SIGN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "verify/dkim_signers.h"

enum {
	DKIM_SIGNED_FIELDS_MAX = 128, /* of one message */
	/* What dkim_sign_end() adds for one key, at most */
	DKIM_SIGNATURE_MAX = 6 * 1024,
};

struct dkim_sign;

/* `header` is the whole section; it is not needed later. Borrows the signer. */
struct dkim_sign *dkim_sign_new(const struct dkim_signer *,
    struct slice header) MUST_USE;
void dkim_sign_free(struct dkim_sign **);
/* What follows the empty line, in runs of any size. */
void dkim_sign_body(struct dkim_sign *, struct slice run);
/*
 * Adds the fields, to be put in front of the message, each with its CRLF. Once.
 * 0, or ERR_LIMIT: too many fields would have to be signed, or no room in the
 * buf; then nothing was added.
 */
int dkim_sign_end(struct dkim_sign *, int64_t wall_ms, struct buf *) MUST_USE;

#endif
