/*
 * base/time.h - the only clock, and dates as mail writes them.
 *
 * Times are int64_t milliseconds: wall time since 1970 UTC (dates, ids, what
 * is on disk) or monotonic time (timers, durations). Never mix them.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stddef.h>
#include <stdint.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	TIME_RFC5322_SIZE = 96,
	TIME_RFC3339_SIZE = 96,
};
#define DAY ((int64_t)24 * HOUR)

int64_t time_wall_ms(void);
int64_t time_mono_ms(void);
int64_t time_mono_us(void);
/* What this thread has used of a processor. */
int64_t time_thread_us(void);

/* "Tue, 24 Nov 2026 03:00:00 +0000" in the local zone (RFC 5322, 3.3). */
void time_rfc5322(int64_t wall_ms, char out[TIME_RFC5322_SIZE]);
/* "2026-11-24T03:00:00.123Z" in UTC (RFC 3339). */
void time_rfc3339(int64_t wall_ms, char out[TIME_RFC3339_SIZE]);
/* Loads the time zone, before a chroot hides it. */
void time_warm(void);

#endif
