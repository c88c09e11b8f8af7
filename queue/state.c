/*
 * queue/state.c - applying changes.
 */
#include "queue/state.h"

#include "queue/spool.h"
#include "queue/store.h"

void
state_init(struct state *s)
{
	s->live = live_new();
	s->segments = segments_new();
}

void
state_done(struct state *s)
{
	live_free(&s->live);
	segments_free(&s->segments);
}

struct segment *
state_segment(const struct state *s, const struct queue_entry *e)
{
	return segments_at(s->segments, e->segment);
}

struct place
state_place(const struct state *s, const struct queue_entry *e)
{
	return (
	    struct place){ state_segment(s, e)->number, e->offset, e->length };
}

static void
settle(struct state *s, struct queue_entry *e, const struct place *p)
{
	e->segment = segments_get(s->segments, p->segment);
	e->offset = p->offset;
	e->length = p->length;
	segment_hold(state_segment(s, e), p);
	/* What the mover wrote is never scanned: this is only its length. */
	if (queue_writer_of(p->segment) == QUEUE_WRITER_MOVER &&
	    state_segment(s, e)->adopted_to < p->offset + p->length)
		state_segment(s, e)->adopted_to = p->offset + p->length;
}

/* The entry leaves its place; a later scan must not find it there. */
static void
unsettle(struct state *s, struct queue_entry *e, uint64_t sequence)
{
	struct segment *seg = state_segment(s, e);
	struct place p = state_place(s, e);

	segment_drop(seg, &p);
	seg->changed = sequence;
	if (p.offset >= seg->adopted_to)
		segment_skip(seg, p.offset, p.length);
}

void
state_pass(struct state *s, const struct place *p)
{
	struct segment *seg =
	    segments_at(s->segments, segments_get(s->segments, p->segment));

	if (p->offset == seg->adopted_to)
		seg->adopted_to += p->length;
}

struct queue_entry *
state_add(struct state *s, uint64_t id, const struct place *p, uint32_t count)
{
	struct queue_entry *e = live_add(s->live, id, count);

	settle(s, e, p);
	state_pass(s, p);
	return e;
}

static bool
adopted(struct state *s, const struct change *c)
{
	struct slice list = c->list;
	struct slice domain;
	struct queue_entry *e;

	if (c->id == 0 || live_find(s->live, c->id) != NULL)
		return false;
	e = state_add(s, c->id, &c->place, c->count);
	live_set_size(s->live, e, c->size);
	e->flags = (uint8_t)((c->flags & (ENTRY_NULL_SENDER | ENTRY_LARGE)) |
	    ENTRY_JOURNALED);
	/* The list keeps its checksum; were it short, domains stay unknown. */
	if (change_take_domain(&list, &domain))
		live_set_sender_domain(s->live, e, domain);
	for (uint32_t i = 0; i < c->count; i++)
		if (change_take_domain(&list, &domain))
			live_set_domain(s->live, e, i, domain);
	return true;
}

static bool
removed(struct state *s, const struct change *c, uint64_t sequence)
{
	struct queue_entry *e = live_find(s->live, c->id);
	struct segment *seg;

	if (e != NULL) {
		unsettle(s, e, sequence);
		live_remove(s->live, e);
		return true;
	}
	seg = segments_at(s->segments,
	    segments_get(s->segments, c->place.segment));
	if (c->place.offset == seg->adopted_to)
		seg->adopted_to += c->place.length;
	else if (c->place.offset > seg->adopted_to)
		segment_skip(seg, c->place.offset, c->place.length);
	return true;
}

static void
segment_known(struct state *s, const struct change *c)
{
	struct segment *seg =
	    segments_at(s->segments, segments_get(s->segments, c->id));

	seg->adopted_to = c->place.offset;
	if ((c->flags & SEGMENT_IS_FREE) != 0)
		seg->state = SEGMENT_FREE;
	else if ((c->flags & SEGMENT_IS_CLOSED) != 0)
		seg->state = SEGMENT_CLOSED;
}

/* Changes of an entry that is there. */
static bool
changed(struct state *s, struct queue_entry *e, const struct change *c,
    uint64_t sequence)
{
	switch (c->kind) {
	case CHANGE_RESULT:
		if (c->index >= e->recipient_count)
			return false;
		live_set_result(s->live, e, c->index, &c->result, c->reply,
		    c->host);
		return true;
	case CHANGE_DEFERRED:
		e->next_ms = c->next_ms;
		if (e->state != QUEUE_HELD)
			live_set_state(s->live, e, QUEUE_DEFERRED);
		return true;
	case CHANGE_HELD:
		live_set_state(s->live, e, QUEUE_HELD);
		return true;
	case CHANGE_RELEASED:
		live_set_state(s->live, e, QUEUE_ACTIVE);
		e->flags |= ENTRY_RELEASED;
		return true;
	case CHANGE_WARNED:
		e->flags |= ENTRY_WARNED;
		return true;
	case CHANGE_EXPANDED:
		/* Another count: it was applied already. */
		return c->count == e->recipient_count &&
		    live_expand(s->live, e, c->index, c->list);
	case CHANGE_MOVED:
		unsettle(s, e, sequence);
		settle(s, e, &c->place);
		return true;
	case CHANGE_ADOPTED:
	case CHANGE_REMOVED:
	case CHANGE_SEGMENT:
	case CHANGE_TEXT:
	case CHANGE_MESSAGE:
	case CHANGE_EXPANSION:
	case CHANGE_BATCH:
	case CHANGE_END:
	case CHANGE_KINDS:
		break;
	}
	return false;
}

bool
state_apply(struct state *s, const struct change *c, uint64_t sequence)
{
	struct queue_entry *e;

	if ((c->kind == CHANGE_ADOPTED || c->kind == CHANGE_REMOVED ||
		c->kind == CHANGE_MOVED) &&
	    c->place.segment == 0)
		return false;
	if (c->kind == CHANGE_ADOPTED)
		return adopted(s, c);
	if (c->kind == CHANGE_REMOVED)
		return removed(s, c, sequence);
	if (c->kind == CHANGE_SEGMENT) {
		if (c->id == 0)
			return false;
		segment_known(s, c);
		return true;
	}
	e = live_find(s->live, c->id);
	return e != NULL && changed(s, e, c, sequence);
}

void
state_describe(const struct state *s, const struct queue_entry *e,
    struct buf *list, struct change *out)
{
	const struct texts *texts = live_texts_const(s->live);
	struct slice more = live_expansion(s->live, e);

	/* An expansion is told of by changes of its own, behind this one. */
	must(more.n == 0);
	buf_reset(list);
	change_add_domain(list, texts_get(texts, e->sender_domain));
	for (uint32_t i = 0; i < e->recipient_count; i++)
		change_add_domain(list,
		    texts_get(texts, entry_recipient_const(e, i)->domain));
	*out = (struct change){ .kind = CHANGE_ADOPTED,
		.id = e->id,
		.place = state_place(s, e),
		.size = e->size,
		.count = e->recipient_count,
		.flags = e->flags,
		.list = buf_slice(list) };
}
