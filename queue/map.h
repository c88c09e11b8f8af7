/*
 * queue/map.h - finds slots by their 64-bit keys, at 4 to 11 octets a slot.
 *
 * Holds slot numbers alone; the key stands in what the owner keeps there.
 */
#ifndef QUEUE_MAP_H
#define QUEUE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t map_key_fn(const void *owner, uint32_t slot);

struct map {
	uint32_t *places; /* owned; slot + 1, or 0 */
	uint32_t size;    /* a power of two, or 0 */
	uint32_t used;
	map_key_fn *key;
	const void *owner; /* borrowed */
};

#define MAP_NONE UINT32_MAX

void map_init(struct map *, map_key_fn *, const void *owner);
void map_done(struct map *);
/* The slot with that key, or MAP_NONE. */
uint32_t map_find(const struct map *, uint64_t key);
/* The slot's key must not be there yet. */
void map_add(struct map *, uint32_t slot);
/* The slot must be there, its key unchanged. */
void map_remove(struct map *, uint32_t slot);
size_t map_memory(const struct map *);

#endif
