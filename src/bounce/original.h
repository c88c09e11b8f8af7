/*
 * bounce/original.h - the part of the original message that a report gives
 * back: the whole, or its header.
 */
#ifndef BOUNCE_ORIGINAL_H
#define BOUNCE_ORIGINAL_H

#include "base/buf.h"
#include "base/must.h"
#include "bounce/bounce.h"

struct original {
	struct buf bytes;    /* owned: what was read */
	struct slice header; /* without the empty line behind it */
	struct slice given;  /* what goes into the report */
	bool whole;          /* else the header alone */
	bool utf8_header;    /* internationalised (RFC 6532) */
	bool eight_bit;      /* `given` has bytes over 127 */
};

/* 0, or what the read callback gave. original_done() in both cases. */
int original_read(struct original *, const struct bounce *) MUST_USE;
void original_done(struct original *);

#endif
