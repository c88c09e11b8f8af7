/*
 * deliver/memory.c - a hash of texts; uthash keeps the order of arrival.
 */
#include "deliver/memory.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/slice.h"

struct item {
	int64_t until;
	UT_hash_handle hh;
	char key[]; /* with its NUL */
};

struct memory {
	struct item *items; /* owned */
	size_t max;
};

struct memory *
memory_new(size_t max)
{
	struct memory *m = mem_zero(sizeof(*m));

	m->max = max;
	return m;
}

static void
drop(struct memory *m, struct item *item)
{
	HASH_DEL(m->items, item);
	mem_free(item);
}

void
memory_free(struct memory **memory)
{
	struct memory *m = *memory;

	if (m == NULL)
		return;
	while (m->items != NULL)
		drop(m, m->items);
	mem_free(m);
	*memory = NULL;
}

static struct item *
find(struct memory *m, const char *key)
{
	struct item *item = NULL;

	HASH_FIND(hh, m->items, key, strlen(key), item);
	return item;
}

void
memory_note(struct memory *m, const char *key, int64_t until)
{
	size_t n = strlen(key);
	struct item *item;

	memory_forget(m, key);
	if (n >= MEMORY_KEY_SIZE)
		return;
	if (HASH_COUNT(m->items) >= m->max)
		drop(m, m->items);
	item = mem_zero(sizeof(*item) + n + 1);
	item->until = until;
	memcpy(item->key, key, n);
	HASH_ADD(hh, m->items, key[0], n, item);
}

void
memory_forget(struct memory *m, const char *key)
{
	struct item *item = find(m, key);

	if (item != NULL)
		drop(m, item);
}

bool
memory_has(struct memory *m, const char *key, int64_t now)
{
	struct item *item = m->items == NULL ? NULL : find(m, key);

	if (item == NULL)
		return false;
	if (item->until > now)
		return true;
	drop(m, item);
	return false;
}
