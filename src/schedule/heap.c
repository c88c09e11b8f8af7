/*
 * schedule/heap.c - a four-way heap: shallower than a binary one.
 */
#include "schedule/heap.h"

#include <stddef.h>

#include "base/alloc.h"

enum { WAYS = 4, SIZE_FIRST = 64 };

void
heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void
heap_done(struct heap *h)
{
	mem_free(h->slots);
	heap_init(h);
}

static void
place(struct heap *h, uint32_t at, struct heap_slot slot)
{
	h->slots[at] = slot;
	*slot.node = at + 1;
}

static void
sift_up(struct heap *h, uint32_t at, struct heap_slot slot)
{
	while (at > 0) {
		uint32_t parent = (at - 1) / WAYS;

		if (h->slots[parent].when <= slot.when)
			break;
		place(h, at, h->slots[parent]);
		at = parent;
	}
	place(h, at, slot);
}

static void
sift_down(struct heap *h, uint32_t at, struct heap_slot slot)
{
	for (;;) {
		uint64_t child = (uint64_t)at * WAYS + 1;
		uint32_t least;

		if (child >= h->count)
			break;
		least = (uint32_t)child;
		for (uint32_t i = 1; i < WAYS && child + i < h->count; i++)
			if (h->slots[child + i].when < h->slots[least].when)
				least = (uint32_t)(child + i);
		if (h->slots[least].when >= slot.when)
			break;
		place(h, at, h->slots[least]);
		at = least;
	}
	place(h, at, slot);
}

static void
sift(struct heap *h, uint32_t at, int64_t before, struct heap_slot slot)
{
	if (slot.when < before)
		sift_up(h, at, slot);
	else
		sift_down(h, at, slot);
}

void
heap_set(struct heap *h, uint32_t *node, int64_t when)
{
	struct heap_slot slot = { when, node };

	if (*node == 0) {
		if (h->count == h->size) {
			must(h->size <= UINT32_MAX / 2);
			h->size = h->size == 0 ? SIZE_FIRST : h->size * 2;
			h->slots =
			    mem_resize(h->slots, h->size, sizeof(*h->slots));
		}
		sift_up(h, h->count++, slot);
		return;
	}
	must(*node <= h->count && h->slots[*node - 1].node == node);
	sift(h, *node - 1, h->slots[*node - 1].when, slot);
}

void
heap_remove(struct heap *h, uint32_t *node)
{
	uint32_t at = *node;
	struct heap_slot last;

	if (at == 0)
		return;
	at--;
	must(at < h->count && h->slots[at].node == node);
	*node = 0;
	last = h->slots[--h->count];
	if (last.node != node)
		sift(h, at, h->slots[at].when, last);
}

uint32_t *
heap_first(const struct heap *h)
{
	return h->count > 0 ? h->slots[0].node : NULL;
}

int64_t
heap_first_when(const struct heap *h)
{
	return h->count > 0 ? h->slots[0].when : INT64_MAX;
}
