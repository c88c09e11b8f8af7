/*
 * smtp/timing.c - digits, dates and letters; no decision is made here.
 */
#include "smtp/timing.h"

#include <string.h>

#include "base/ascii.h"
#include "base/must.h"
#include "base/time.h"

enum { DIGITS_MAX = 9, PRIORITY_MAX = 9, YEAR_DIGITS = 4 };

static bool
is_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

bool
timing_seconds(struct slice s, uint32_t *out)
{
	return s.n <= DIGITS_MAX && is_digits(s) &&
	    slice_to_u32(s, TIMING_SECONDS_MAX, out);
}

/* --- dates --- */

static bool
take_digits(struct slice *s, size_t digits, uint32_t low, uint32_t high,
    uint32_t *out)
{
	struct slice head = slice_head(*s, digits);
	uint32_t value;

	if (head.n < digits || !is_digits(head) ||
	    !slice_to_u32(head, high, &value) || value < low)
		return false;
	*s = slice_skip(*s, digits);
	*out = value;
	return true;
}

static bool
is_leap(uint32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t
days_in(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static int64_t
days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
	int64_t days = day - 1;

	for (uint32_t y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (uint32_t m = 1; m < month; m++)
		days += days_in(year, m);
	return days;
}

/* full-date = 4DIGIT "-" 2DIGIT "-" 2DIGIT */
static bool
take_day(struct slice *s, int64_t *days)
{
	uint32_t year, month, day;

	if (!take_digits(s, YEAR_DIGITS, 1970, 9999, &year) ||
	    !slice_take_char(s, '-') || !take_digits(s, 2, 1, 12, &month) ||
	    !slice_take_char(s, '-') || !take_digits(s, 2, 1, 31, &day) ||
	    day > days_in(year, month))
		return false;
	*days = days_since_1970(year, month, day);
	return true;
}

/* partial-time = 2DIGIT ":" 2DIGIT ":" 2DIGIT [ "." 1*DIGIT ] */
static bool
take_time(struct slice *s, int64_t *ms)
{
	uint32_t hour, minute, second;
	bool some = false;

	if (!take_digits(s, 2, 0, 23, &hour) || !slice_take_char(s, ':') ||
	    !take_digits(s, 2, 0, 59, &minute) || !slice_take_char(s, ':') ||
	    !take_digits(s, 2, 0, 59, &second))
		return false;
	*ms = (int64_t)hour * HOUR + (int64_t)minute * MINUTE +
	    (int64_t)second * SECOND;
	if (!slice_take_char(s, '.'))
		return true;
	/* A part of a second is nothing that a queue could keep to. */
	for (; s->n > 0 && ascii_is_digit(s->p[0]); *s = slice_skip(*s, 1))
		some = true;
	return some;
}

/* time-offset = "Z" / ( "+" / "-" ) 2DIGIT ":" 2DIGIT */
static bool
take_offset(struct slice *s, int64_t *ms)
{
	uint32_t hour, minute;
	int sign = 1;

	*ms = 0;
	if (slice_take_char(s, 'Z') || slice_take_char(s, 'z'))
		return true;
	if (slice_take_char(s, '-'))
		sign = -1;
	else if (!slice_take_char(s, '+'))
		return false;
	if (!take_digits(s, 2, 0, 23, &hour) || !slice_take_char(s, ':') ||
	    !take_digits(s, 2, 0, 59, &minute))
		return false;
	*ms = sign * ((int64_t)hour * HOUR + (int64_t)minute * MINUTE);
	return true;
}

bool
timing_date(struct slice s, int64_t *wall_ms)
{
	int64_t days, time, offset;

	if (!take_day(&s, &days) ||
	    !(slice_take_char(&s, 'T') || slice_take_char(&s, 't')) ||
	    !take_time(&s, &time) || !take_offset(&s, &offset) || s.n > 0)
		return false;
	*wall_ms = days * DAY + time - offset;
	return true;
}

void
timing_write_date(int64_t wall_ms, char out[TIMING_DATE_SIZE])
{
	enum { SECONDS_LENGTH = 19 };
	char whole[TIME_RFC3339_SIZE];

	time_rfc3339(wall_ms, whole);
	must(strlen(whole) > SECONDS_LENGTH);
	memcpy(out, whole, SECONDS_LENGTH);
	out[SECONDS_LENGTH] = 'Z';
	out[SECONDS_LENGTH + 1] = '\0';
}

/* --- by when, and how urgent --- */

/* A number with a sign that may be left out. */
static bool
signed_number(struct slice s, uint32_t max, bool plus, int32_t *out)
{
	bool negative = slice_take_char(&s, '-');
	uint32_t value;

	if (!negative && plus)
		(void)slice_take_char(&s, '+');
	if (!timing_seconds(s, &value) || value > max)
		return false;
	*out = negative ? -(int32_t)value : (int32_t)value;
	return true;
}

bool
timing_by(struct slice s, struct timing_by *out)
{
	struct slice seconds = slice_take_until(&s, ';');
	struct timing_by by = { .mode = BY_NONE };

	if (!signed_number(seconds, TIMING_SECONDS_MAX, true, &by.seconds))
		return false;
	if (slice_take_char(&s, 'N') || slice_take_char(&s, 'n'))
		by.mode = BY_NOTIFY;
	else if (slice_take_char(&s, 'R') || slice_take_char(&s, 'r'))
		by.mode = BY_RETURN;
	by.trace = slice_take_char(&s, 'T') || slice_take_char(&s, 't');
	/* RFC 2852, 4: it can't be returned before it has come. */
	if (s.n > 0 || by.mode == BY_NONE ||
	    (by.mode == BY_RETURN && by.seconds <= 0))
		return false;
	*out = by;
	return true;
}

bool
timing_priority(struct slice s, int8_t *out)
{
	int32_t value;

	/* "-0" is not in the RFC's grammar, nor is a second digit. */
	if (s.n > 2 || slice_is(s, "-0") ||
	    !signed_number(s, PRIORITY_MAX, false, &value))
		return false;
	if (s.n == 2 && s.p[0] != '-')
		return false;
	*out = (int8_t)value;
	return true;
}

void
timing_write_by(const struct envelope *e, int64_t now, struct buf *out)
{
	int64_t seconds = (e->by_ms - now) / SECOND;

	if (e->by == BY_NONE)
		return;
	if (seconds > TIMING_SECONDS_MAX)
		seconds = TIMING_SECONDS_MAX;
	if (seconds < -TIMING_SECONDS_MAX)
		seconds = -TIMING_SECONDS_MAX;
	buf_addf(out, "BY=%lld;%c%s", (long long)seconds,
	    e->by == BY_RETURN ? 'R' : 'N', e->by_trace ? "T" : "");
}
