/*
 * bounce/show.h - addresses and times as a report shows them.
 */
#ifndef BOUNCE_SHOW_H
#define BOUNCE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * An address. Unless `utf8`, a character beyond ASCII stands as \x{HEX} (RFC
 * 6533, 3). Control characters become "?".
 */
void show_address(struct buf *, struct slice, bool utf8);
/* "3 days", "5 hours", "1 minute": the largest unit that fits twice. */
void show_duration(struct buf *, int64_t ms);
/* "Name: Tue, 24 Nov 2026 03:00:00 +0000" and CRLF. */
void show_date_field(struct buf *, const char *name, int64_t wall_ms);

#endif
