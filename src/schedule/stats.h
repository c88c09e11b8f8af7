/*
 * schedule/stats.h - how many messages came and went, and in the last minute.
 */
#ifndef SCHEDULE_STATS_H
#define SCHEDULE_STATS_H

#include <stdint.h>

enum tally {
	TALLY_RECEIVED,
	TALLY_DELIVERED,
	TALLY_DEFERRED,
	TALLY_BOUNCED,
	TALLY_EXPIRED,
	TALLY_COUNT
};

struct stats {
	uint64_t totals[TALLY_COUNT];
	uint64_t minute[TALLY_COUNT]; /* so far */
	uint64_t rates[TALLY_COUNT];  /* of the last full one */
	int64_t minute_began_ms;
};

/* One recipient (received: one message). Times are monotonic. */
void stats_count(struct stats *, enum tally, int64_t now_ms);
uint64_t stats_rate(struct stats *, enum tally, int64_t now_ms);

#endif
