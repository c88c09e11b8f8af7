/*
 * queue/segments.c - the table of segments.
 */
#include "queue/segments.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "queue/map.h"
#include "queue/record.h"
#include "queue/spool.h"

struct segments {
	struct segment *of; /* owned */
	uint32_t n;
	uint32_t size;
	struct map map;
};

static uint64_t
key_of(const void *owner, uint32_t slot)
{
	return ((const struct segments *)owner)->of[slot].number;
}

struct segments *
segments_new(void)
{
	struct segments *s = mem_zero(sizeof(*s));

	map_init(&s->map, key_of, s);
	return s;
}

void
segments_free(struct segments **segments)
{
	struct segments *s = *segments;

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		mem_free(s->of[i].skips);
	mem_free(s->of);
	map_done(&s->map);
	mem_free(s);
	*segments = NULL;
}

uint32_t
segments_slots(const struct segments *s)
{
	return s->n;
}

uint32_t
segments_count(const struct segments *s)
{
	return s->map.used;
}

struct segment *
segments_at(const struct segments *s, uint32_t slot)
{
	must(slot < s->n);
	return &s->of[slot];
}

uint32_t
segments_find(const struct segments *s, uint64_t number)
{
	return map_find(&s->map, number);
}

static uint32_t
free_slot(struct segments *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->of[i].number == 0)
			return i;
	if (s->n == s->size) {
		s->size = s->size == 0 ? 16 : s->size * 2;
		s->of = mem_resize(s->of, s->size, sizeof(*s->of));
	}
	return s->n++;
}

uint32_t
segments_get(struct segments *s, uint64_t number)
{
	uint32_t slot = map_find(&s->map, number);

	must(number != 0);
	if (slot != MAP_NONE)
		return slot;
	slot = free_slot(s);
	s->of[slot] = (struct segment){ .number = number,
		.adopted_to = SEGMENT_HEADER_SIZE };
	map_add(&s->map, slot);
	return slot;
}

void
segments_forget(struct segments *s, uint32_t slot)
{
	struct segment *seg = segments_at(s, slot);

	must(seg->number != 0 && seg->live == 0);
	map_remove(&s->map, slot);
	mem_free(seg->skips);
	*seg = (struct segment){ 0 };
}

uint64_t
segments_newest(const struct segments *s, uint8_t writer)
{
	uint64_t newest = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->of[i].number > newest &&
		    queue_writer_of(s->of[i].number) == writer)
			newest = s->of[i].number;
	return newest;
}

void
segment_hold(struct segment *s, const struct place *p)
{
	s->live++;
	s->live_octets += p->length;
}

void
segment_drop(struct segment *s, const struct place *p)
{
	must(s->live > 0 && s->live_octets >= p->length);
	s->live--;
	s->live_octets -= p->length;
}

void
segment_skip(struct segment *s, uint32_t offset, uint32_t length)
{
	if (s->skip_count == s->skip_size) {
		s->skip_size = s->skip_size == 0 ? 16 : s->skip_size * 2;
		s->skips =
		    mem_resize(s->skips, s->skip_size, sizeof(*s->skips));
	}
	s->skips_sorted = s->skip_count == 0 ||
	    (s->skips_sorted && s->skips[s->skip_count - 1].offset < offset);
	s->skips[s->skip_count++] = (struct segment_skip){ offset, length };
}

static int
by_offset(const void *a, const void *b)
{
	const struct segment_skip *x = a;
	const struct segment_skip *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

uint32_t
segment_skip_at(struct segment *s, uint32_t offset)
{
	struct segment_skip key = { offset, 0 };
	const struct segment_skip *found;

	if (s->skip_count == 0)
		return 0;
	if (!s->skips_sorted)
		qsort(s->skips, s->skip_count, sizeof(*s->skips), by_offset);
	s->skips_sorted = true;
	found = bsearch(&key, s->skips, s->skip_count, sizeof(*s->skips),
	    by_offset);
	return found == NULL ? 0 : found->length;
}

void
segment_forget_skips(struct segment *s)
{
	mem_free(s->skips);
	s->skips = NULL;
	s->skip_count = 0;
	s->skip_size = 0;
}
