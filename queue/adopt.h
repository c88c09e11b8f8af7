/*
 * queue/adopt.h - entries made from envelopes.
 */
#ifndef QUEUE_ADOPT_H
#define QUEUE_ADOPT_H

#include "base/arena.h"
#include "queue/reader.h"
#include "queue/state.h"

/* An arena that decodes any envelope that the queue takes. */
struct arena *adopt_arena_new(void) MUST_USE;
/* NULL if the envelope is malformed. The message must not be known yet. */
struct queue_entry *adopt_envelope(struct state *, uint64_t id,
    const struct place *, struct slice envelope, struct arena *) MUST_USE;
/* The same, read from disk; NULL also if it is not there whole. */
struct queue_entry *adopt_place(struct state *, struct queue_reader *,
    const struct place *, struct arena *) MUST_USE;

#endif
