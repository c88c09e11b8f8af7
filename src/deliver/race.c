/*
 * deliver/race.c - arithmetic alone; the connections are deliver/dial.c's.
 */
#include "deliver/race.h"

void
race_init(struct race *r, size_t count)
{
	must(count > 0 && count <= RACE_MAX);
	*r = (struct race){ .count = count, .next_ms = INT64_MIN };
}

size_t
race_begin(struct race *r, int64_t now)
{
	if (r->begun == r->count || now < r->next_ms)
		return r->count;
	r->next_ms = now + RACE_DELAY;
	return r->begun++;
}

int64_t
race_wait(const struct race *r, int64_t now)
{
	if (r->begun == r->count)
		return -1;
	return now < r->next_ms ? r->next_ms - now : 0;
}

bool
race_fail(struct race *r, int64_t now)
{
	must(r->failed < r->begun);
	r->failed++;
	r->next_ms = now;
	return r->failed == r->count;
}

/* The first at or behind `from` that is of that family, or is not; or n. */
static size_t
next_of(const uint8_t *version, size_t n, size_t from, uint8_t family,
    bool same)
{
	while (from < n && (version[from] == family) != same)
		from++;
	return from;
}

void
race_order(const uint8_t *version, size_t n, size_t *order)
{
	uint8_t family = n > 0 ? version[0] : 0;
	size_t ours = next_of(version, n, 0, family, true);
	size_t theirs = next_of(version, n, 0, family, false);

	for (size_t i = 0; i < n; i++) {
		bool is_ours = theirs == n || (ours < n && i % 2 == 0);

		if (is_ours) {
			order[i] = ours;
			ours = next_of(version, n, ours + 1, family, true);
		} else {
			order[i] = theirs;
			theirs = next_of(version, n, theirs + 1, family, false);
		}
	}
}

size_t
race_field(const uint8_t *version, const size_t *host, size_t n)
{
	bool both = false;
	size_t i = 0;

	for (; i < n && i < RACE_MAX && host[i] == host[0]; i++)
		both = both || version[i] != version[0];
	return both ? i : 1;
}
