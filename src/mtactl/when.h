/*
 * mtactl/when.h - times of the API, for people: "5m", "2h", "3d".
 */
#ifndef MTACTL_WHEN_H
#define MTACTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum { WHEN_SIZE = 32 };

/* RFC 3339 in UTC, as mtad writes it: milliseconds since 1970. */
bool when_parse(struct slice, int64_t *wall_ms) MUST_USE;
/* The largest unit that fits, one number: "0s", "59s", "3h". */
void when_span(int64_t ms, char out[WHEN_SIZE]);
/* How long ago, or "in 5m" when it is to come; "-" for what is no time. */
void when_text(struct slice time, int64_t now_ms, char out[WHEN_SIZE]);

#endif
