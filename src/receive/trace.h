/*
 * receive/trace.h - the header fields that we put before a message: Received,
 * and on submission Date and Message-ID where they are missing (RFC 6409, 8).
 */
#ifndef RECEIVE_TRACE_H
#define RECEIVE_TRACE_H

#include "base/buf.h"
#include "receive/verbs.h"

/* For the transaction of the session, whose content is whole. */
void trace_write(const struct smtp_server *, struct buf *out);

#endif
