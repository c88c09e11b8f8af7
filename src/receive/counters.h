/*
 * receive/counters.h - what all receivers count together: connections open,
 * messages per minute, recipients per hour.
 *
 * They lie in memory that the master hands to every receiver. The size is
 * fixed; when a table is full the newest keys are not counted, so an attack
 * from very many addresses makes limits loose, never memory large. Connections
 * are kept per receiver: one that crashed takes its own along.
 */
#ifndef RECEIVE_COUNTERS_H
#define RECEIVE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"

struct counters;

/*
 * `fd` (taken) is the shared memory, sized by whoever comes first; -1: memory
 * of our own. `number` of `receivers` is ours. Its connections begin at none.
 */
int counters_open(int fd, unsigned number, unsigned receivers,
    struct counters **out) MUST_USE;
void counters_close(struct counters **);

/* A key: what is counted, and for whom. IPv6 clients count by their /64. */
uint64_t counters_client(const char *what, const struct ip *);
uint64_t counters_name(const char *what, struct slice name);

/* Open now, in all receivers. */
uint32_t counters_get(const struct counters *, uint64_t key);
void counters_up(struct counters *, uint64_t key);
void counters_down(struct counters *, uint64_t key);

/*
 * Counts one event in the window of `window_ms` that `wall_ms` lies in, if
 * fewer than `limit` have been; false if not.
 */
bool counters_take(struct counters *, uint64_t key, int64_t wall_ms,
    int64_t window_ms, uint32_t limit) MUST_USE;

#endif
