/*
 * smtp/timing.h - what MAIL may say of time and urgency: HOLDFOR and HOLDUNTIL
 * (RFC 4865), BY (RFC 2852), MT-PRIORITY (RFC 6710).
 *
 * The values alone, without a clock: whether one is wanted, allowed or in the
 * past is the caller's to say. On failure *out is untouched.
 */
#ifndef SMTP_TIMING_H
#define SMTP_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mail/envelope.h"

enum {
	TIMING_SECONDS_MAX = 999999999, /* nine digits, in both RFCs */
	TIMING_DATE_SIZE = 24,
};

struct timing_by {
	int32_t seconds; /* from now on; with BY_NOTIFY 0 and less, too */
	enum envelope_by mode;
	bool trace;
};

/* 1*9DIGIT */
bool timing_seconds(struct slice, uint32_t *out);
/* date-time of RFC 3339, with any offset; without a leap second. */
bool timing_date(struct slice, int64_t *wall_ms);
/* [ "-" / "+" ] 1*9DIGIT ";" ( "N" / "R" ) [ "T" ] */
bool timing_by(struct slice, struct timing_by *out);
/* -9 to 9 */
bool timing_priority(struct slice, int8_t *out);

/* "2026-12-24T18:00:00Z" */
void timing_write_date(int64_t wall_ms, char out[TIMING_DATE_SIZE]);
/* "BY=120;R", as it is `now`; nothing without a mode. */
void timing_write_by(const struct envelope *, int64_t now, struct buf *);

#endif
