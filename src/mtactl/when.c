/*
 * mtactl/when.c - reading RFC 3339 times and saying spans. Pure.
 */
#include "mtactl/when.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/time.h"

/* Days from 1970-01-01 in the Gregorian calendar; months from 1. */
static int64_t
days_since_1970(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
		273, 304, 334 };
	int64_t y = month > 2 ? year : year - 1; /* its leap day is past */

	return (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) -
	    (1969 / 4 - 1969 / 100 + 1969 / 400) + before[month - 1] + day - 1;
}

static bool
take_number(struct slice *s, size_t digits, uint64_t low, uint64_t high,
    int64_t *out)
{
	uint64_t value;

	if (s->n < digits ||
	    !slice_to_u64(slice_head(*s, digits), high, &value) || value < low)
		return false;
	*s = slice_skip(*s, digits);
	*out = (int64_t)value;
	return true;
}

bool
when_parse(struct slice s, int64_t *wall_ms)
{
	int64_t year, month, day, hour, minute, second;
	int64_t ms = 0;

	if (!take_number(&s, 4, 1970, 9999, &year) ||
	    !slice_take_char(&s, '-') || !take_number(&s, 2, 1, 12, &month) ||
	    !slice_take_char(&s, '-') || !take_number(&s, 2, 1, 31, &day) ||
	    !slice_take_char(&s, 'T') || !take_number(&s, 2, 0, 23, &hour) ||
	    !slice_take_char(&s, ':') || !take_number(&s, 2, 0, 59, &minute) ||
	    !slice_take_char(&s, ':') || !take_number(&s, 2, 0, 60, &second))
		return false;
	if (slice_take_char(&s, '.') && !take_number(&s, 3, 0, 999, &ms))
		return false;
	if (!slice_is(s, "Z"))
		return false;
	*wall_ms = days_since_1970(year, month, day) * DAY + hour * HOUR +
	    minute * MINUTE + second * SECOND + ms;
	return true;
}

void
when_span(int64_t ms, char out[WHEN_SIZE])
{
	static const struct {
		int64_t ms;
		char name;
	} units[] = { { DAY, 'd' }, { HOUR, 'h' }, { MINUTE, 'm' } };
	int64_t unit = SECOND;
	char name = 's';

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ms >= units[i].ms) {
			unit = units[i].ms;
			name = units[i].name;
			break;
		}
	(void)snprintf(out, WHEN_SIZE, "%" PRId64 "%c", ms < 0 ? 0 : ms / unit,
	    name);
}

void
when_text(struct slice time, int64_t now_ms, char out[WHEN_SIZE])
{
	char span[WHEN_SIZE];
	int64_t at;

	if (!when_parse(time, &at)) {
		(void)snprintf(out, WHEN_SIZE, "-");
		return;
	}
	if (at <= now_ms) {
		when_span(now_ms - at, out);
		return;
	}
	when_span(at - now_ms, span);
	(void)snprintf(out, WHEN_SIZE, "in %.20s", span);
}
