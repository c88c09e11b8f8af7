/*
 * queue/mend.h - writing over damaged places of a segment that hold nothing.
 */
#ifndef QUEUE_MEND_H
#define QUEUE_MEND_H

#include <stdint.h>

#include "base/must.h"
#include "queue/damage.h"
#include "queue/vfs.h"

/*
 * Puts a copy of each damaged place into quarantine, and records of nothing
 * in its stead; a bad header is written anew. Nothing live may be there, and
 * nobody may write the segment. Adds to `mended`.
 */
int mend_segment(struct vfs *, uint64_t segment, struct damage *,
    uint64_t *mended) MUST_USE;

#endif
