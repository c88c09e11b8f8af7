/*
 * schedule/warmup.h - how many messages a warm-up allows on a day. Pure; days
 * are those of UTC.
 */
#ifndef SCHEDULE_WARMUP_H
#define SCHEDULE_WARMUP_H

#include <stdint.h>

#include "conf/conf.h"

/* Days since 1970. */
int64_t warmup_day(int64_t wall_ms);
/* When the next one begins. */
int64_t warmup_next_day_ms(int64_t wall_ms);
/*
 * UINT64_MAX: no limit (any more). Before the first day its number holds: a
 * date that is too late must not let everything go.
 */
uint64_t warmup_allowance(const struct shaping_conf *, int64_t wall_ms);

#endif
