/*
 * conf/value.c - durations, sizes and rates, read and written. Pure.
 */
#include "conf/value.h"

#include <inttypes.h>
#include <time.h>

#include "base/ascii.h"
#include "base/time.h"

/* clang-format off */
static const struct unit {
	const char *name;
	int64_t ms;
} durations[] = {
	{ "w",	7 * DAY },
	{ "d",	DAY },
	{ "h",	HOUR },
	{ "ms", 1 },		/* before m, of which it is no case */
	{ "m",	MINUTE },
	{ "s",	SECOND },
};

static const struct {
	const char *name;
	uint64_t bytes;
} sizes[] = {
	{ "GB", (uint64_t)1 << 30 },
	{ "MB", (uint64_t)1 << 20 },
	{ "KB", (uint64_t)1 << 10 },
	{ "B",	1 },
};
/* clang-format on */

enum {
	DURATION_COUNT = sizeof(durations) / sizeof(durations[0]),
	SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]),
};

/* A hundred years: beyond it sums of times could overflow. */
#define DURATION_MAX (36525 * DAY)
#define SIZE_VALUE_MAX ((uint64_t)1 << 50)

static bool
take_digits(struct slice *s, uint64_t *out)
{
	size_t n = 0;

	while (n < s->n && ascii_is_digit(s->p[n]))
		n++;
	if (!slice_to_u64(slice_head(*s, n), SIZE_VALUE_MAX, out))
		return false;
	*s = slice_skip(*s, n);
	return true;
}

static bool
take_duration_unit(struct slice *s, int64_t *ms)
{
	for (size_t i = 0; i < DURATION_COUNT; i++)
		if (slice_take_prefix(s, durations[i].name)) {
			*ms = durations[i].ms;
			return true;
		}
	return false;
}

bool
value_duration(struct slice s, int64_t *ms)
{
	int64_t sum = 0;
	int64_t last = DURATION_MAX;

	if (slice_is(s, "0")) {
		*ms = 0;
		return true;
	}
	if (s.n == 0)
		return false;
	while (s.n > 0) {
		uint64_t count;
		int64_t unit, part;

		/* Large units come first: "30m1h" is a slip. */
		if (!take_digits(&s, &count) ||
		    !take_duration_unit(&s, &unit) || unit >= last ||
		    __builtin_mul_overflow(count, unit, &part) ||
		    part > DURATION_MAX - sum)
			return false;
		sum += part;
		last = unit;
	}
	*ms = sum;
	return true;
}

bool
value_size(struct slice s, uint64_t *bytes)
{
	uint64_t count, product;

	if (!take_digits(&s, &count))
		return false;
	if (s.n == 0) {
		*bytes = count;
		return true;
	}
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		if (!slice_is_nocase(s, sizes[i].name))
			continue;
		if (__builtin_mul_overflow(count, sizes[i].bytes, &product) ||
		    product > SIZE_VALUE_MAX)
			return false;
		*bytes = product;
		return true;
	}
	return false;
}

bool
value_rate(struct slice s, double *per_second)
{
	uint64_t count;
	int64_t unit;

	if (s.n == 0) {
		*per_second = 0;
		return true;
	}
	if (!take_digits(&s, &count) || count == 0 ||
	    !slice_take_char(&s, '/') || !take_duration_unit(&s, &unit) ||
	    unit < SECOND || s.n > 0)
		return false;
	*per_second = (double)count * SECOND / (double)unit;
	return true;
}

bool
value_daily(struct slice s, uint64_t *count)
{
	struct slice unit = s;

	return slice_to_u64(slice_take_until(&unit, '/'), INT64_MAX, count) &&
	    slice_is(unit, "d") && *count > 0;
}

bool
value_date(struct slice s, int64_t *wall_ms)
{
	uint32_t year, month, day;
	struct tm tm;
	time_t t;

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' ||
	    !slice_to_u32(slice_head(s, 4), 9999, &year) || year < 1970 ||
	    !slice_to_u32(slice_head(slice_skip(s, 5), 2), 12, &month) ||
	    !slice_to_u32(slice_skip(s, 8), 31, &day) || month == 0 || day == 0)
		return false;
	tm = (struct tm){ .tm_year = (int)year - 1900,
		.tm_mon = (int)month - 1,
		.tm_mday = (int)day };
	t = timegm(&tm);
	/* A day that the month does not have is one of the next month. */
	if (tm.tm_mday != (int)day)
		return false;
	*wall_ms = (int64_t)t * SECOND;
	return true;
}

bool
value_bool(struct slice s, bool *out)
{
	*out = slice_is(s, "true") || slice_is(s, "yes") || slice_is(s, "on");
	return *out || slice_is(s, "false") || slice_is(s, "no") ||
	    slice_is(s, "off");
}

void
value_write_duration(int64_t ms, struct buf *out)
{
	static const char *const order[] = { "w", "d", "h", "m", "s", "ms" };

	if (ms == 0)
		buf_add_cstr(out, "0s");
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct slice name = slice_of(order[i]);
		int64_t unit = 1;

		must(take_duration_unit(&name, &unit));
		if (ms / unit > 0)
			buf_addf(out, "%" PRId64 "%s", ms / unit, order[i]);
		ms %= unit;
	}
}

void
value_write_size(uint64_t bytes, struct buf *out)
{
	for (size_t i = 0; i < SIZE_COUNT - 1; i++)
		if (bytes >= sizes[i].bytes && bytes % sizes[i].bytes == 0) {
			buf_addf(out, "%" PRIu64 "%s", bytes / sizes[i].bytes,
			    sizes[i].name);
			return;
		}
	buf_addf(out, "%" PRIu64, bytes);
}
