/*
 * schedule/rewrite.h - the sender that a next hop is told, where it is not the
 * message's own.
 */
#ifndef SCHEDULE_REWRITE_H
#define SCHEDULE_REWRITE_H

#include "base/buf.h"
#include "base/slice.h"
#include "schedule/round.h"

/* Of the load's round, whose envelope is read; in `out` where it is another. */
struct slice rewrite_sender(const struct conf *, const struct load *,
    int64_t wall_ms, struct buf *out);

#endif
