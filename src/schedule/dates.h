/*
 * schedule/dates.h - the dates of one message: when it may go, when its time is
 * over, when its sender hears of a delay.
 *
 * Pure. The retry list counts from the message's release, not from its
 * arrival (RFC 4865); DELIVERBY (RFC 2852) can only shorten what it says.
 */
#ifndef SCHEDULE_DATES_H
#define SCHEDULE_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "mail/envelope.h"
#include "queue/entry.h"

/* It waits for its release, and nobody has let it go before. */
bool dates_waits(const struct queue_entry *, const struct envelope *,
    int64_t wall_ms);
/* From here on its age counts. */
int64_t dates_begin(const struct envelope *);
/* What is left of it comes back then. */
int64_t dates_end(const struct delivery_conf *, const struct envelope *);
/* Its own time is over, so that not even one more attempt is made. */
bool dates_is_over(const struct envelope *, int64_t wall_ms);
/* After `attempts`: the next one. */
int64_t dates_next(const struct delivery_conf *, const struct envelope *,
    uint32_t attempts, int64_t wall_ms, uint32_t dice);
/* It may not go before `next`; but its end, or its deadline, comes in time. */
int64_t dates_no_later(const struct delivery_conf *, const struct envelope *,
    int64_t next, int64_t wall_ms);
/* Time to tell its sender that it is not there yet. */
bool dates_is_late(const struct delivery_conf *, const struct envelope *,
    int64_t wall_ms);

#endif
