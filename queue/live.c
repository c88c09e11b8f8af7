/*
 * queue/live.c - entries in slabs, found by id, counted.
 */
#include "queue/live.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/hash.h"
#include "mail/envelope.h"
#include "queue/map.h"
#include "queue/store.h"

enum {
	SLAB = 1024, /* entries */
	EXPANSION_MAX = 8 << 20,
	EXPANSION_ARENA = 64 << 20,
};

struct expansion {
	uint64_t id;
	struct buf list;
	UT_hash_handle hh;
};

struct live {
	struct queue_entry **slabs; /* owned */
	uint32_t slab_count;
	uint32_t used;       /* slots that were ever used */
	uint32_t free_first; /* slot + 1 of a free one; the next in ->segment */
	struct map map;
	struct texts *texts;          /* owned */
	struct expansion *expansions; /* owned, by id */
	struct live_counts counts;
	uint64_t more_memory; /* arrays of recipients and expansions */
};

static struct queue_entry *
entry_at(const struct live *l, uint32_t slot)
{
	return &l->slabs[slot / SLAB][slot % SLAB];
}

static uint64_t
key_of(const void *owner, uint32_t slot)
{
	return entry_at(owner, slot)->id;
}

struct live *
live_new(void)
{
	struct live *l = mem_zero(sizeof(*l));

	map_init(&l->map, key_of, l);
	l->texts = texts_new();
	return l;
}

static void
free_expansion(struct live *l, const struct queue_entry *e)
{
	struct expansion *x;

	HASH_FIND(hh, l->expansions, &e->id, sizeof(e->id), x);
	if (x == NULL)
		return;
	HASH_DEL(l->expansions, x);
	l->more_memory -= x->list.size;
	buf_done(&x->list);
	mem_free(x);
}

static void
free_inside(struct live *l, struct queue_entry *e)
{
	if ((e->flags & ENTRY_EXPANDED) != 0)
		free_expansion(l, e);
	if (e->recipient_count > 1) {
		l->more_memory -=
		    e->recipient_count * sizeof(*e->recipients.many);
		mem_free(e->recipients.many);
	}
}

void
live_free(struct live **live)
{
	struct live *l = *live;
	uint64_t cursor = 0;
	struct queue_entry *e;

	if (l == NULL)
		return;
	while ((e = live_each(l, &cursor)) != NULL)
		free_inside(l, e);
	for (uint32_t i = 0; i < l->slab_count; i++)
		mem_free(l->slabs[i]);
	mem_free(l->slabs);
	map_done(&l->map);
	texts_free(&l->texts);
	mem_free(l);
	*live = NULL;
}

struct texts *
live_texts(struct live *l)
{
	return l->texts;
}

const struct texts *
live_texts_const(const struct live *l)
{
	return l->texts;
}

static uint32_t
new_slot(struct live *l)
{
	uint32_t slot;

	if (l->free_first != 0) {
		slot = l->free_first - 1;
		l->free_first = entry_at(l, slot)->segment;
		return slot;
	}
	if (l->used == l->slab_count * SLAB) {
		l->slabs = mem_resize(l->slabs, l->slab_count + 1,
		    sizeof(struct queue_entry *));
		l->slabs[l->slab_count++] =
		    mem_array(SLAB, sizeof(struct queue_entry));
	}
	return l->used++;
}

struct queue_entry *
live_add(struct live *l, uint64_t id, uint32_t count)
{
	uint32_t slot = new_slot(l);
	struct queue_entry *e = entry_at(l, slot);

	must(id != 0);
	*e = (struct queue_entry){ .id = id, .state = QUEUE_ACTIVE };
	e->recipient_count = count;
	e->open_count = count;
	if (count > 1) {
		e->recipients.many =
		    mem_array(count, sizeof(*e->recipients.many));
		l->more_memory += count * sizeof(*e->recipients.many);
	}
	map_add(&l->map, slot);
	l->counts.messages[QUEUE_ACTIVE]++;
	l->counts.recipients += count;
	return e;
}

static void
drop_texts(struct live *l, struct queue_entry *e)
{
	texts_drop(l->texts, e->sender_domain);
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		struct queue_recipient *r = entry_recipient(e, i);

		texts_drop(l->texts, r->domain);
		texts_drop(l->texts, r->reply);
		texts_drop(l->texts, r->host);
	}
}

void
live_remove(struct live *l, struct queue_entry *e)
{
	uint32_t slot = map_find(&l->map, e->id);

	must(slot != MAP_NONE && entry_at(l, slot) == e);
	l->counts.messages[e->state]--;
	l->counts.recipients -= e->open_count;
	l->counts.octets -= e->size;
	drop_texts(l, e);
	free_inside(l, e);
	map_remove(&l->map, slot);
	*e = (struct queue_entry){ .segment = l->free_first };
	l->free_first = slot + 1;
}

struct queue_entry *
live_find(const struct live *l, uint64_t id)
{
	uint32_t slot = map_find(&l->map, id);

	return slot == MAP_NONE ? NULL : entry_at(l, slot);
}

struct queue_entry *
live_each(const struct live *l, uint64_t *cursor)
{
	while (*cursor < l->used) {
		struct queue_entry *e = entry_at(l, (uint32_t)(*cursor)++);

		if (e->id != 0)
			return e;
	}
	return NULL;
}

void
live_set_state(struct live *l, struct queue_entry *e, enum queue_state state)
{
	l->counts.messages[e->state]--;
	l->counts.messages[state]++;
	e->state = (uint8_t)state;
}

void
live_set_size(struct live *l, struct queue_entry *e, uint32_t size)
{
	l->counts.octets += size;
	l->counts.octets -= e->size;
	e->size = size;
}

static void
set_text(struct live *l, uint32_t *text, struct slice s)
{
	uint32_t fresh = texts_take(l->texts, s);

	texts_drop(l->texts, *text);
	*text = fresh;
}

void
live_set_sender_domain(struct live *l, struct queue_entry *e, struct slice s)
{
	set_text(l, &e->sender_domain, s);
}

void
live_set_domain(struct live *l, struct queue_entry *e, uint32_t index,
    struct slice s)
{
	set_text(l, &entry_recipient(e, index)->domain, s);
}

/* Around each change of a recipient's kind. */
static void
count_recipient(struct live *l, struct queue_entry *e,
    const struct queue_recipient *r, bool comes)
{
	if (!recipient_is_open(r))
		return;
	if (comes) {
		e->open_count++;
		l->counts.recipients++;
	} else {
		e->open_count--;
		l->counts.recipients--;
	}
}

void
live_set_result(struct live *l, struct queue_entry *e, uint32_t index,
    const struct queue_recipient *like, struct slice reply, struct slice host)
{
	struct queue_recipient *r = entry_recipient(e, index);

	count_recipient(l, e, r, false);
	r->kind = like->kind;
	r->attempts = like->attempts;
	r->smtp_code = like->smtp_code;
	r->class = like->class;
	r->subject = like->subject;
	r->detail = like->detail;
	r->ours = like->ours;
	set_text(l, &r->reply, reply);
	set_text(l, &r->host, host);
	count_recipient(l, e, r, true);
}

static void
add_recipients(struct live *l, struct queue_entry *e,
    const struct recipient *fresh, uint32_t count)
{
	uint32_t old = e->recipient_count;
	struct queue_recipient *many = old > 1 ? e->recipients.many : NULL;
	struct queue_recipient one = e->recipients.one;
	char domain[LIVE_DOMAIN_MAX];

	many = mem_resize(many, (size_t)old + count, sizeof(*many));
	if (old == 1)
		many[0] = one;
	memset(many + old, 0, count * sizeof(*many));
	l->more_memory +=
	    (old > 1 ? count : (uint64_t)old + count) * sizeof(*many);
	if (old + count == 1) { /* of none, one: it stands inside */
		e->recipients.one = many[0];
		l->more_memory -= sizeof(*many);
		mem_free(many);
	} else {
		e->recipients.many = many;
	}
	e->recipient_count = old + count;
	e->open_count += count;
	l->counts.recipients += count;
	for (uint32_t i = 0; i < count; i++)
		live_set_domain(l, e, old + i,
		    live_domain(fresh[i].address, domain));
}

static struct expansion *
get_expansion(struct live *l, struct queue_entry *e)
{
	struct expansion *x;

	HASH_FIND(hh, l->expansions, &e->id, sizeof(e->id), x);
	if (x == NULL) {
		x = mem_zero(sizeof(*x));
		x->id = e->id;
		buf_init(&x->list, EXPANSION_MAX);
		HASH_ADD(hh, l->expansions, id, sizeof(x->id), x);
		e->flags |= ENTRY_EXPANDED;
	}
	return x;
}

bool
live_expand(struct live *l, struct queue_entry *e, uint32_t index,
    struct slice list)
{
	struct slice old = live_expansion(l, e);
	struct arena *arena;
	struct envelope envelope;
	bool good = false;

	if (list.n > EXPANSION_MAX - old.n ||
	    (index != QUEUE_NO_RECIPIENT && index >= e->recipient_count))
		return false;
	arena = arena_new(EXPANSION_ARENA);
	if (envelope_decode(list, arena, &envelope) == 0 &&
	    envelope.recipient_count <=
		QUEUE_RECIPIENTS_MAX - e->recipient_count) {
		if (index != QUEUE_NO_RECIPIENT) {
			struct queue_recipient *r = entry_recipient(e, index);

			count_recipient(l, e, r, false);
			r->kind = FATE_EXPANDED;
		}
		if (envelope.recipient_count > 0) {
			live_set_expansion(l, e, list);
			add_recipients(l, e, envelope.recipients,
			    envelope.recipient_count);
		}
		good = true;
	}
	arena_free(&arena);
	return good;
}

struct slice
live_expansion(const struct live *l, const struct queue_entry *e)
{
	struct expansion *x = NULL;

	if ((e->flags & ENTRY_EXPANDED) != 0)
		HASH_FIND(hh, l->expansions, &e->id, sizeof(e->id), x);
	return x == NULL ? SLICE_NONE : buf_slice(&x->list);
}

void
live_set_expansion(struct live *l, struct queue_entry *e, struct slice list)
{
	struct expansion *x = get_expansion(l, e);

	l->more_memory -= x->list.size;
	buf_add(&x->list, list);
	l->more_memory += x->list.size;
}

void
live_count(const struct live *l, struct live_counts *out)
{
	*out = l->counts;
}

uint64_t
live_memory(const struct live *l)
{
	return (uint64_t)l->slab_count * SLAB * sizeof(struct queue_entry) +
	    map_memory(&l->map) + texts_memory(l->texts) + l->more_memory;
}

struct slice
live_domain(struct slice address, char out[LIVE_DOMAIN_MAX])
{
	struct slice domain =
	    slice_skip(address, slice_find_last(address, '@') + 1);

	if (domain.n > LIVE_DOMAIN_MAX)
		domain.n = LIVE_DOMAIN_MAX;
	for (size_t i = 0; i < domain.n; i++)
		out[i] = ascii_lower(domain.p[i]);
	return (struct slice){ out, domain.n };
}
