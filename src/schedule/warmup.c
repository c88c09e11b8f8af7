/*
 * schedule/warmup.c - the arithmetic of warm-ups. Who counts is sources.c.
 */
#include "schedule/warmup.h"

#include "base/must.h"
#include "base/time.h"

int64_t
warmup_day(int64_t wall_ms)
{
	must(wall_ms >= 0);
	return wall_ms / DAY;
}

int64_t
warmup_next_day_ms(int64_t wall_ms)
{
	return (warmup_day(wall_ms) + 1) * DAY;
}

uint64_t
warmup_allowance(const struct shaping_conf *shaping, int64_t wall_ms)
{
	int64_t day = warmup_day(wall_ms) - warmup_day(shaping->since_ms);

	if (shaping->warmup_count == 0)
		return UINT64_MAX;
	if (day < 0)
		day = 0;
	return (uint64_t)day < shaping->warmup_count ? shaping->warmup[day]
						     : UINT64_MAX;
}
