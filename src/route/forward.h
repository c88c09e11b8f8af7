/*
 * route/forward.h - mail that we forward, by the conf's srs section: what its
 * sender is told as, and where an address that was made so leads back to.
 */
#ifndef ROUTE_FORWARD_H
#define ROUTE_FORWARD_H

#include "base/buf.h"
#include "conf/conf.h"
#include "mail/srs.h"

/*
 * In `out` if it is rewritten, else the sender itself: it is ours, or null,
 * or there is no srs section.
 */
struct slice forward_sender(const struct conf *, struct slice sender,
    int64_t wall_ms, struct buf *out);
/* As srs_reverse(); SRS_OTHER without a section. */
enum srs_verdict forward_back(const struct conf *, struct slice recipient,
    int64_t wall_ms, struct buf *out) MUST_USE;

#endif
