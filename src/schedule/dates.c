/*
 * schedule/dates.c - arithmetic on top of the retry list.
 */
#include "schedule/dates.h"

#include "schedule/retry.h"

bool
dates_waits(const struct queue_entry *entry, const struct envelope *e,
    int64_t wall_ms)
{
	return e->release_ms > wall_ms && (entry->flags & ENTRY_RELEASED) == 0;
}

/* A message let go early may be far from its date: it is as old as it is. */
int64_t
dates_begin(const struct envelope *e)
{
	return e->release_ms > e->arrived_ms ? e->release_ms : e->arrived_ms;
}

int64_t
dates_end(const struct delivery_conf *d, const struct envelope *e)
{
	int64_t end = retry_expires(d, dates_begin(e), e->sender.n == 0);

	return e->by == BY_RETURN && e->by_ms < end ? e->by_ms : end;
}

bool
dates_is_over(const struct envelope *e, int64_t wall_ms)
{
	return e->by == BY_RETURN && wall_ms >= e->by_ms;
}

/* There is something to tell then, or to send back. */
static int64_t
sooner_by_deadline(const struct envelope *e, int64_t next, int64_t wall_ms)
{
	return e->by != BY_NONE && e->by_ms > wall_ms && e->by_ms < next
	    ? e->by_ms
	    : next;
}

int64_t
dates_no_later(const struct delivery_conf *d, const struct envelope *e,
    int64_t next, int64_t wall_ms)
{
	int64_t end = dates_end(d, e);

	return sooner_by_deadline(e, next < end ? next : end, wall_ms);
}

int64_t
dates_next(const struct delivery_conf *d, const struct envelope *e,
    uint32_t attempts, int64_t wall_ms, uint32_t dice)
{
	int64_t next = retry_next(d, attempts, dates_begin(e), e->sender.n == 0,
	    wall_ms, dice);

	return sooner_by_deadline(e, next, wall_ms);
}

bool
dates_is_late(const struct delivery_conf *d, const struct envelope *e,
    int64_t wall_ms)
{
	if (e->by == BY_NOTIFY)
		return !e->by_told && wall_ms >= e->by_ms;
	return d->warn_after_ms > 0 &&
	    wall_ms - dates_begin(e) >= d->warn_after_ms;
}
