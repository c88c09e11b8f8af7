/*
 * base/arena.h - memory that goes all at once, with a maximum given at birth.
 *
 * For what lives as long as one transaction. Past the maximum an allocation
 * returns NULL (or a copy with p == NULL), which the caller must answer (452).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"

struct arena;

struct arena *arena_new(size_t max_bytes) MUST_USE;
void arena_free(struct arena **);
/* Everything allocated from it is gone; the first block is kept for reuse. */
void arena_reset(struct arena *);
/* Zeroed and aligned for any type; NULL when the maximum is reached. */
void *arena_alloc(struct arena *, size_t count, size_t size) MUST_USE;
/* A copy with a NUL behind it (not counted); .p is NULL past the maximum. */
struct slice arena_copy(struct arena *, struct slice) MUST_USE;
size_t arena_used(const struct arena *);

#endif
