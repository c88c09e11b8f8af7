/*
 * queue/tails.h - finds the messages that nobody has announced, by scanning
 * the ends of segments.
 */
#ifndef QUEUE_TAILS_H
#define QUEUE_TAILS_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/damage.h"
#include "queue/state.h"
#include "queue/vfs.h"

struct tails;
typedef void tails_found_fn(struct queue_entry *, void *arg);

/* Borrows everything. */
struct tails *tails_new(struct vfs *, struct state *, struct damage *,
    tails_found_fn *, void *arg);
void tails_free(struct tails **);
/* What it finds is synced before the step ends: for one that writes journals.
 */
void tails_set_sync(struct tails *);
/* The state is lost: what compaction moved is live, too, for all we know. */
void tails_take_copies(struct tails *);
/* A bounded slice of the segments that wants_scan. False: there are none. */
bool tails_step(struct tails *);
/*
 * The first segment of this writer's present life, as far as seen: nobody
 * works on messages with lower ids any more. 0: unknown.
 */
uint64_t tails_life(const struct tails *, uint8_t writer);

#endif
