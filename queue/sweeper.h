/*
 * queue/sweeper.h - removes files that nothing needs: content under large/ of
 * messages that are done, and segments beyond those kept for reuse.
 */
#ifndef QUEUE_SWEEPER_H
#define QUEUE_SWEEPER_H

#include <stdint.h>

#include "queue/segments.h"
#include "queue/vfs.h"
#include "queue/work.h"

struct sweeper;

/* Borrows both. */
struct sweeper *sweeper_new(struct vfs *, struct segments *);
void sweeper_free(struct sweeper **);
/* large/ID may go when the change of this number is on disk. */
void sweeper_add_large(struct sweeper *, uint64_t id, uint64_t sequence);
/* Finds segments that have become free, now that so much is on disk. */
void sweeper_look(struct sweeper *, uint64_t durable);
/* One for a writer to take over; 0: none, or the disk wants it back. */
uint64_t sweeper_give(struct sweeper *);
struct queue_work *sweeper_take(struct sweeper *, int lane, uint64_t durable);

#endif
