/*
 * receive/trace.h - the header fields that we put before a message: Received,
 * and on submission Date and Message-ID where they are missing (RFC 6409, 8).
 */
#ifndef RECEIVE_TRACE_H
#define RECEIVE_TRACE_H

#include "base/buf.h"
#include "receive/verbs.h"

/* Date and Message-ID, if the header section lacks them. */
void trace_missing_fields(const struct head *, const char *hostname,
    uint64_t id, int64_t arrived_ms, struct buf *out);
/*
 * All that goes before the content of the session's transaction: what was
 * found about it, Received, and those fields. Signatures stand below Received:
 * a relay may add above them.
 */
void trace_write(const struct smtp_server *, const struct smtp_findings *,
    struct buf *out);

#endif
