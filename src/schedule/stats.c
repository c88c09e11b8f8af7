/*
 * schedule/stats.c - counters with one minute of memory.
 */
#include "schedule/stats.h"

#include <string.h>

#include "base/time.h"

static void
stats_turn(struct stats *s, int64_t now_ms)
{
	int64_t passed = now_ms - s->minute_began_ms;

	if (passed < MINUTE)
		return;
	memcpy(s->rates, s->minute, sizeof(s->rates));
	if (passed >= 2 * MINUTE)
		memset(s->rates, 0, sizeof(s->rates));
	memset(s->minute, 0, sizeof(s->minute));
	s->minute_began_ms = now_ms - passed % MINUTE;
}

void
stats_count(struct stats *s, enum tally what, int64_t now_ms)
{
	stats_turn(s, now_ms);
	s->totals[what]++;
	s->minute[what]++;
}

uint64_t
stats_rate(struct stats *s, enum tally what, int64_t now_ms)
{
	stats_turn(s, now_ms);
	return s->rates[what];
}
