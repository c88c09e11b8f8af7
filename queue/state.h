/*
 * queue/state.h - messages and segments together, and what a change does.
 *
 * The same code serves an operation now and its replay after a crash, so the
 * two cannot differ. Touches no file.
 */
#ifndef QUEUE_STATE_H
#define QUEUE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/change.h"
#include "queue/live.h"
#include "queue/segments.h"

struct state {
	struct live *live;         /* owned */
	struct segments *segments; /* owned */
};

void state_init(struct state *);
void state_done(struct state *);

struct place state_place(const struct state *, const struct queue_entry *);
struct segment *state_segment(const struct state *, const struct queue_entry *);
/*
 * Applies a change of a journal (or CHANGE_SEGMENT) with its sequence number.
 * False: it fits nothing, as when its message is gone; no harm is done.
 */
bool state_apply(struct state *, const struct change *, uint64_t sequence);
/* A new entry of `count` recipients whose record lies at `place`. */
struct queue_entry *state_add(struct state *, uint64_t id, const struct place *,
    uint32_t count);
/* The record at `place` needs no scan any more. */
void state_pass(struct state *, const struct place *);
/* The change that lets a journal reader build the entry by itself. */
void state_describe(const struct state *, const struct queue_entry *,
    struct buf *list, struct change *out);

#endif
