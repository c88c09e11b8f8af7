/*
 * schedule/retry.h - when a message is tried again, and when no more.
 *
 * Pure: the settings, the message's age and a random number come in.
 */
#ifndef SCHEDULE_RETRY_H
#define SCHEDULE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

/*
 * The time after `attempts` (1 and up) of a message that came at `arrived`:
 * the list's step, its last one for ever, +-10 %; but never past the expiry,
 * at which one last attempt is made.
 */
int64_t retry_next(const struct delivery_conf *, uint32_t attempts,
    int64_t arrived_ms, bool is_bounce, int64_t now_ms, uint32_t dice);
int64_t retry_expires(const struct delivery_conf *, int64_t arrived_ms,
    bool is_bounce);
/*
 * How long a site rests after 1, 2 ... failures in a row: a little less than
 * the messages' own steps, so that mail deferred with it finds it probed; at
 * most a quarter of an hour. Fills up to `max`, returns how many.
 */
size_t retry_rests(const struct delivery_conf *, int64_t *ms, size_t max);

#endif
