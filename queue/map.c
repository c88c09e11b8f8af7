/*
 * queue/map.c - open addressing with linear probing, no tombstones.
 */
#include "queue/map.h"

#include "base/alloc.h"
#include "base/must.h"

enum { FIRST_SIZE = 64 };

/* Fibonacci hashing: ids differ in their low bits mostly. */
static uint32_t
home(const struct map *m, uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (m->size - 1);
}

void
map_init(struct map *m, map_key_fn *key, const void *owner)
{
	*m = (struct map){ .key = key, .owner = owner };
}

void
map_done(struct map *m)
{
	mem_free(m->places);
	*m = (struct map){ 0 };
}

uint32_t
map_find(const struct map *m, uint64_t key)
{
	if (m->size == 0)
		return MAP_NONE;
	for (uint32_t i = home(m, key); m->places[i] != 0;
	     i = (i + 1) & (m->size - 1))
		if (m->key(m->owner, m->places[i] - 1) == key)
			return m->places[i] - 1;
	return MAP_NONE;
}

static void
put(struct map *m, uint32_t slot)
{
	uint32_t i = home(m, m->key(m->owner, slot));

	while (m->places[i] != 0)
		i = (i + 1) & (m->size - 1);
	m->places[i] = slot + 1;
}

static void
grow(struct map *m)
{
	uint32_t *old = m->places;
	uint32_t old_size = m->size;

	must(old_size <= UINT32_MAX / 4);
	m->size = old_size == 0 ? FIRST_SIZE : old_size * 2;
	m->places = mem_array(m->size, sizeof(*m->places));
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i] != 0)
			put(m, old[i] - 1);
	mem_free(old);
}

void
map_add(struct map *m, uint32_t slot)
{
	if (m->used >= m->size / 4 * 3)
		grow(m);
	put(m, slot);
	m->used++;
}

void
map_remove(struct map *m, uint32_t slot)
{
	uint32_t mask = m->size - 1;
	uint32_t hole = home(m, m->key(m->owner, slot));

	while (m->places[hole] != slot + 1) {
		must(m->places[hole] != 0);
		hole = (hole + 1) & mask;
	}
	/* Close the gap: whoever may stand in the hole, moves there. */
	for (uint32_t i = (hole + 1) & mask; m->places[i] != 0;
	     i = (i + 1) & mask) {
		uint32_t want = home(m, m->key(m->owner, m->places[i] - 1));

		if (((i - want) & mask) >= ((i - hole) & mask)) {
			m->places[hole] = m->places[i];
			hole = i;
		}
	}
	m->places[hole] = 0;
	m->used--;
}

size_t
map_memory(const struct map *m)
{
	return (size_t)m->size * sizeof(*m->places);
}
