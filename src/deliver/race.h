/*
 * deliver/race.h - happy eyeballs (RFC 8305): the order of a host's addresses,
 * and when the attempt at the next one begins.
 *
 * Pure: time is a parameter. One attempt is begun, then the next each 250 ms,
 * or as soon as one has failed. The first that connects ends it.
 */
#ifndef DELIVER_RACE_H
#define DELIVER_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum {
	RACE_MAX = 4,
	RACE_DELAY = 250, /* ms; RFC 8305, 5: the Connection Attempt Delay */
};

struct race {
	size_t count;
	size_t begun;
	size_t failed;
	int64_t next_ms; /* when the next may begin */
};

void race_init(struct race *, size_t count);
/* The attempt that begins now; `count`: none does. */
size_t race_begin(struct race *, int64_t now) MUST_USE;
/* How long until one may; -1: there is none left. */
int64_t race_wait(const struct race *, int64_t now);
/* An attempt that was begun has failed. True: so have all. */
bool race_fail(struct race *, int64_t now) MUST_USE;

/*
 * Changes the order of a host's addresses so that the families take turns,
 * beginning with the first's; else it stays (RFC 8305, 4). `version` are the
 * families, order[i] is the index of what comes i-th.
 */
void race_order(const uint8_t *version, size_t n, size_t *order);
/*
 * How many of the next addresses run against each other: of one host, up to
 * RACE_MAX, if both families are there; else it is one. The arrays begin with
 * the address that is next.
 */
size_t race_field(const uint8_t *version, const size_t *host, size_t n);

#endif
