/*
 * verify/auth_results.h - the Authentication-Results field (RFC 8601): ours,
 * written, and those of others, looked through.
 *
 * Whatever the texts of strangers hold, one field comes out. Reading allows
 * comments, folds and quotes wherever the RFC does.
 */
#ifndef VERIFY_AUTH_RESULTS_H
#define VERIFY_AUTH_RESULTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mail/header.h"
#include "verify/verdicts.h"

/* The whole field with its CRLF; "id; none" when nothing was checked. */
void auth_results_write(const struct verdicts *, struct slice authserv_id,
    bool utf8, struct buf *out);

/*
 * Is it an Authentication-Results field in our name? Then it has to go, since
 * it did not come from us (5). A malformed one is if our name is in it at all.
 */
bool auth_results_claims(const struct header_field *, struct slice authserv_id);

/* "i=N;" off the front of an ARC-Authentication-Results (RFC 8617, 4.1.1). */
bool auth_results_take_instance(struct slice *body, struct slice *number);
/* Does any method of that name have that result, behind the authserv-id? */
bool auth_results_has(struct slice body, const char *method,
    const char *result);

#endif
