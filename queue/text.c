/*
 * queue/text.c - interned texts: an array of them, and chains by hash.
 */
#include "queue/text.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/must.h"

struct text {
	char *p; /* owned; NULL: free */
	uint32_t n;
	uint32_t hash;
	uint32_t count; /* references */
	uint32_t next;  /* in its chain, or in the free list; 0: none */
	uint32_t mark;
	uint32_t mark_round; /* the mark holds in this round alone */
};

struct texts {
	struct text *of; /* owned; 0 is never used */
	uint32_t n;
	uint32_t size;
	uint32_t free_first;
	uint32_t *chains; /* owned; as many as `size` */
	uint32_t round;
	uint64_t octets;
};

enum { FIRST_SIZE = 64 };

static void
resize(struct texts *t, uint32_t size)
{
	t->of = mem_resize(t->of, size, sizeof(*t->of));
	t->chains = mem_resize(t->chains, size, sizeof(*t->chains));
	memset(t->chains, 0, size * sizeof(*t->chains));
	t->size = size;
	for (uint32_t i = 1; i < t->n; i++) {
		struct text *x = &t->of[i];

		if (x->p == NULL)
			continue;
		x->next = t->chains[x->hash & (size - 1)];
		t->chains[x->hash & (size - 1)] = i;
	}
}

struct texts *
texts_new(void)
{
	struct texts *t = mem_zero(sizeof(*t));

	t->n = 1;
	t->round = 1;
	resize(t, FIRST_SIZE);
	t->of[0] = (struct text){ 0 };
	return t;
}

void
texts_free(struct texts **texts)
{
	struct texts *t = *texts;

	if (t == NULL)
		return;
	for (uint32_t i = 1; i < t->n; i++)
		mem_free(t->of[i].p);
	mem_free(t->of);
	mem_free(t->chains);
	mem_free(t);
	*texts = NULL;
}

static uint32_t
find(const struct texts *t, struct slice s, uint32_t hash)
{
	uint32_t i = t->chains[hash & (t->size - 1)];

	while (i != 0 &&
	    (t->of[i].hash != hash ||
		!slice_eq((struct slice){ t->of[i].p, t->of[i].n }, s)))
		i = t->of[i].next;
	return i;
}

static uint32_t
new_number(struct texts *t)
{
	uint32_t i = t->free_first;

	if (i != 0) {
		t->free_first = t->of[i].next;
		return i;
	}
	must(t->size <= UINT32_MAX / 4);
	if (t->n == t->size)
		resize(t, t->size * 2);
	return t->n++;
}

uint32_t
texts_take(struct texts *t, struct slice s)
{
	uint32_t hash;
	uint32_t i;

	s = slice_head(s, TEXT_MAX);
	if (s.n == 0)
		return 0;
	hash = crc32c(0, s.p, s.n);
	i = find(t, s, hash);
	if (i == 0) {
		i = new_number(t);
		t->of[i] = (struct text){ mem_cstr(s), (uint32_t)s.n, hash, 0,
			t->chains[hash & (t->size - 1)], 0, 0 };
		t->chains[hash & (t->size - 1)] = i;
		t->octets += s.n + 1;
	}
	t->of[i].count++;
	return i;
}

void
texts_hold(struct texts *t, uint32_t text)
{
	must(text < t->n);
	if (text != 0)
		t->of[text].count++;
}

void
texts_drop(struct texts *t, uint32_t text)
{
	struct text *x = &t->of[text];
	uint32_t *link;

	if (text == 0)
		return;
	must(text < t->n && x->count > 0);
	if (--x->count > 0)
		return;
	link = &t->chains[x->hash & (t->size - 1)];
	while (*link != text)
		link = &t->of[*link].next;
	*link = x->next;
	t->octets -= x->n + 1;
	mem_free(x->p);
	*x = (struct text){ .next = t->free_first };
	t->free_first = text;
}

uint32_t
texts_find(const struct texts *t, struct slice s)
{
	s = slice_head(s, TEXT_MAX);
	return s.n == 0 ? 0 : find(t, s, crc32c(0, s.p, s.n));
}

struct slice
texts_get(const struct texts *t, uint32_t text)
{
	must(text < t->n);
	return text == 0 ? SLICE_NONE
			 : (struct slice){ t->of[text].p, t->of[text].n };
}

uint64_t
texts_memory(const struct texts *t)
{
	return t->octets +
	    (uint64_t)t->size * (sizeof(*t->of) + sizeof(*t->chains));
}

uint32_t
texts_mark(const struct texts *t, uint32_t text)
{
	must(text < t->n);
	return t->of[text].mark_round == t->round ? t->of[text].mark : 0;
}

void
texts_set_mark(struct texts *t, uint32_t text, uint32_t mark)
{
	must(text != 0 && text < t->n);
	t->of[text].mark = mark;
	t->of[text].mark_round = t->round;
}

void
texts_forget_marks(struct texts *t)
{
	t->round++;
}
