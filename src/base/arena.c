/*
 * base/arena.c - a chain of blocks that is freed in one stroke.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"

enum { BLOCK_FIRST = 2048, BLOCK_LARGEST = 65536 };

struct block {
	struct block *next; /* owned */
	size_t size;
	size_t used;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *blocks; /* owned; the newest first */
	size_t max;
	size_t used;
	size_t next_size;
};

static size_t
aligned(size_t n)
{
	return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static void
add_block(struct arena *a, size_t at_least)
{
	size_t size = at_least > a->next_size ? at_least : a->next_size;
	struct block *b = mem_new(sizeof(*b) + size);

	b->next = a->blocks;
	b->size = size;
	b->used = 0;
	a->blocks = b;
	if (a->next_size < BLOCK_LARGEST)
		a->next_size *= 2;
}

struct arena *
arena_new(size_t max_bytes)
{
	struct arena *a = mem_zero(sizeof(*a));

	a->max = max_bytes;
	a->next_size = BLOCK_FIRST;
	return a;
}

void
arena_free(struct arena **arena)
{
	struct arena *a = *arena;

	if (a == NULL)
		return;
	while (a->blocks != NULL) {
		struct block *next = a->blocks->next;

		mem_free(a->blocks);
		a->blocks = next;
	}
	mem_free(a);
	*arena = NULL;
}

void
arena_reset(struct arena *a)
{
	while (a->blocks != NULL && a->blocks->next != NULL) {
		struct block *next = a->blocks->next;

		mem_free(a->blocks);
		a->blocks = next;
	}
	if (a->blocks != NULL)
		a->blocks->used = 0;
	a->used = 0;
	a->next_size = BLOCK_FIRST;
}

void *
arena_alloc(struct arena *a, size_t count, size_t size)
{
	size_t n;
	char *p;

	if (__builtin_mul_overflow(count, size, &n) || n > a->max)
		return NULL;
	n = aligned(n == 0 ? 1 : n);
	if (a->used > a->max || n > a->max - a->used)
		return NULL;
	if (a->blocks == NULL || n > a->blocks->size - a->blocks->used)
		add_block(a, n);
	p = a->blocks->bytes + a->blocks->used;
	a->blocks->used += n;
	a->used += n;
	memset(p, 0, n);
	return p;
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	char *p = s.n == SIZE_MAX ? NULL : arena_alloc(a, s.n + 1, 1);

	if (p == NULL)
		return (struct slice){ NULL, 0 };
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct slice){ p, s.n };
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
