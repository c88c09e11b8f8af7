/*
 * base/time.c - reading the clocks and writing dates.
 */
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static int64_t
clock_us(clockid_t which)
{
	struct timespec ts;

	(void)clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
time_wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t
time_mono_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
time_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t
time_thread_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

void
time_rfc5322(int64_t wall_ms, char out[TIME_RFC5322_SIZE])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };
	long minutes;

	(void)localtime_r(&t, &tm);
	minutes = labs(tm.tm_gmtoff) / 60;
	(void)snprintf(out, TIME_RFC5322_SIZE,
	    "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld", days[tm.tm_wday % 7],
	    tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60,
	    minutes % 60);
}

void
time_rfc3339(int64_t wall_ms, char out[TIME_RFC3339_SIZE])
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };

	(void)gmtime_r(&t, &tm);
	(void)snprintf(out, TIME_RFC3339_SIZE,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(wall_ms % 1000));
}

void
time_warm(void)
{
	tzset();
}
