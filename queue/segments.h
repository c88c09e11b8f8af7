/*
 * queue/segments.h - what the store knows of each segment file.
 *
 * Up to `adopted_to` every record of a segment is in the table of live
 * messages or done with. Beyond it stand records that a scan must look at, but
 * for those known to be done already (skips).
 */
#ifndef QUEUE_SEGMENTS_H
#define QUEUE_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "queue/place.h"

enum segment_state {
	SEGMENT_GROWING, /* its writer may append */
	SEGMENT_CLOSED,
	SEGMENT_EMPTYING, /* nothing in it is live: its octets go now */
	SEGMENT_FREE,     /* closed, and nothing in it is live: for reuse */
	SEGMENT_GIVEN,    /* free, and promised to a writer or the unlinker */
};

struct segment_skip {
	uint32_t offset;
	uint32_t length;
};

struct segment {
	uint64_t number; /* 0: the slot is free */
	enum segment_state state;
	bool wants_scan;
	bool missing;    /* there is no such file */
	bool unreadable; /* a scan failed: nobody knows what is in it */
	bool emptied;    /* dead, and its octets were given back */
	uint32_t adopted_to;
	uint32_t live; /* messages */
	uint64_t live_octets;
	uint64_t changed; /* sequence of the change that removed the last one */
	struct segment_skip *skips; /* owned */
	uint32_t skip_count;
	uint32_t skip_size;
	bool skips_sorted;
};

struct segments;

struct segments *segments_new(void);
void segments_free(struct segments **);
/* Slots are below this; some are free. */
uint32_t segments_slots(const struct segments *);
uint32_t segments_count(const struct segments *);
struct segment *segments_at(const struct segments *, uint32_t slot);
/* MAP_NONE if it is not known. */
uint32_t segments_find(const struct segments *, uint64_t number);
/* Known or not: its slot. A fresh one is GROWING, nothing adopted. */
uint32_t segments_get(struct segments *, uint64_t number);
void segments_forget(struct segments *, uint32_t slot);
/* The highest number of this writer, 0 if there is none. */
uint64_t segments_newest(const struct segments *, uint8_t writer);

/* A message at this place begins, or ends, to be live. */
void segment_hold(struct segment *, const struct place *);
void segment_drop(struct segment *, const struct place *);
/* The record there is done; a scan passes over it. */
void segment_skip(struct segment *, uint32_t offset, uint32_t length);
/* Its length if there is a skip at that offset, else 0. */
uint32_t segment_skip_at(struct segment *, uint32_t offset);
void segment_forget_skips(struct segment *);

#endif
