/*
 * queue/mover.h - compaction: the few messages that keep a segment alive are
 * copied to another.
 *
 * A copy means nothing until the journal says CHANGE_MOVED; if it never does,
 * it is passed over for ever.
 */
#ifndef QUEUE_MOVER_H
#define QUEUE_MOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "queue/state.h"
#include "queue/vfs.h"
#include "queue/work.h"

struct mover;

/* The entry lies at `place` too, durably: say so in the journal. */
typedef void mover_moved_fn(struct queue_entry *, const struct place *,
    void *arg);

/* Borrows all but `arg`. */
struct mover *mover_new(struct vfs *, struct state *, struct id_maker *,
    mover_moved_fn *, void *arg);
void mover_free(struct mover **);
/* Whatever is sparse, even if little is wasted by it. */
void mover_urge(struct mover *);
/* A bounded slice of looking for what to move; false: nothing to look for. */
bool mover_step(struct mover *, int64_t wall_ms);
struct queue_work *mover_take(struct mover *, int lane, int64_t wall_ms);
/* No copies are under way. */
bool mover_is_idle(const struct mover *);

#endif
