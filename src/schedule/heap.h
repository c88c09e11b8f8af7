/*
 * schedule/heap.h - what is due when: a heap of places in their owners.
 *
 * An owner lends a uint32_t (0 at first: in no heap); the heap writes there
 * where it stands, and gives its address back as the owner's name. The times
 * lie in the heap itself: 16 octets a node, few cache lines a step.
 */
#ifndef SCHEDULE_HEAP_H
#define SCHEDULE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

struct heap_slot {
	int64_t when;
	uint32_t *node; /* borrowed: its owner */
};

struct heap {
	struct heap_slot *slots; /* owned */
	uint32_t count;
	uint32_t size;
};

void heap_init(struct heap *);
/* The nodes that are left are forgotten, not touched. */
void heap_done(struct heap *);
/* Puts it in, or moves it when it is there. */
void heap_set(struct heap *, uint32_t *node, int64_t when);
/* Nothing happens if it is in no heap. */
void heap_remove(struct heap *, uint32_t *node);
/* The earliest, or NULL. */
uint32_t *heap_first(const struct heap *);
/* Its time; INT64_MAX when the heap is empty. */
int64_t heap_first_when(const struct heap *);

#endif
